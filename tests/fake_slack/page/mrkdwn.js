// mrkdwn.js - Slack's text markup and rich_text as elements. Never as HTML text.
import { emoji, h } from './dom.js';

function unescape(text) {
	return text.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');
}

function dateText(seconds, format, fallback) {
	const date = new Date(seconds * 1000);
	if (Number.isNaN(date.getTime())) return fallback;
	const on = (options) => date.toLocaleDateString([], options);
	const day = (d) => d.toDateString();
	const near = (plain) => {
		const now = new Date(), off = (n) => new Date(now.getTime() + n * 864e5);
		if (day(date) === day(now)) return 'today';
		if (day(date) === day(off(-1))) return 'yesterday';
		if (day(date) === day(off(1))) return 'tomorrow';
		return plain;
	};
	const short = () => on({ month: 'short', day: 'numeric', year: 'numeric' });
	const long = () => on({ weekday: 'long', month: 'long', day: 'numeric', year: 'numeric' });
	const plain = () => on({ month: 'long', day: 'numeric', year: 'numeric' });
	const minutes = Math.round((date.getTime() - Date.now()) / 6e4);
	const tokens = {
		date_num: () => date.toISOString().slice(0, 10), date: plain, date_short: short, date_long: long,
		date_pretty: () => near(plain()), date_short_pretty: () => near(short()), date_long_pretty: () => near(long()),
		time: () => date.toLocaleTimeString([], { hour: 'numeric', minute: '2-digit' }),
		time_secs: () => date.toLocaleTimeString(),
		ago: () => new Intl.RelativeTimeFormat().format(Math.abs(minutes) < 90 ? minutes : Math.round(minutes / 60),
			Math.abs(minutes) < 90 ? 'minute' : 'hour'),
	};
	return format.replace(/\{(\w+)\}/g, (all, name) => (tokens[name] ? tokens[name]() : all));
}

function link(url, text) {
	if (!/^(https?:|mailto:)/.test(url)) return document.createTextNode(text || url);
	// The app may know this workspace by another host name than the visitor does.
	const own = /^https?:\/\/[^/]+(\/archives\/\w+\/p\d{16}.*)$/.exec(url);
	if (own) return h('a', { href: own[1] }, text || 'a message');
	return h('a', { href: url, target: '_blank', rel: 'noreferrer' }, text || url.replace(/^mailto:/, ''));
}

export function mention(kind, id, state) {
	if (kind === 'user') {
		const me = id === state.user;
		return h(me ? 'span.mention.you' : 'span.mention', {}, `@${state.users[id]?.real_name || state.users[id]?.name || id}`);
	}
	if (kind === 'channel') {
		const found = state.channels.find((c) => c.id === id);
		return h('span.mention', {}, `#${found ? found.name : id}`);
	}
	if (kind === 'usergroup') return h('span.mention', {}, `@${state.usergroups[id]?.handle || id}`);
	return h('span.mention.you', {}, `@${id}`);
}

// <...>: a mention, a link, a date.
function token(inside, state) {
	const [body, label] = inside.split(/\|(.*)/s);
	if (body.startsWith('@')) return mention('user', body.slice(1), state);
	if (body.startsWith('#')) return mention('channel', body.slice(1), state);
	if (body.startsWith('!subteam^')) return mention('usergroup', body.slice(9), state);
	if (body.startsWith('!date^')) {
		const [, seconds, format, url] = body.split('^');
		const text = dateText(Number(seconds), format || '', unescape(label || ''));
		return url ? link(url, text) : h('time', { title: unescape(label || '') }, text);
	}
	if (body.startsWith('!')) return mention('broadcast', body.slice(1), state);
	return link(unescape(body), label && unescape(label));
}

const INLINE = /`([^`\n]+)`|<([^<>\n]+)>|(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])|(?<![\w_])_(?=\S)([^_\n]+?)(?<=\S)_(?![\w_])|(?<![\w~])~(?=\S)([^~\n]+?)(?<=\S)~(?![\w~])|:([a-z0-9_+-]+(?:::[a-z0-9-]+)?):/g;

function inline(text, state) {
	const out = [];
	let from = 0;
	for (const m of text.matchAll(INLINE)) {
		if (m.index > from) out.push(unescape(text.slice(from, m.index)));
		from = m.index + m[0].length;
		if (m[1] !== undefined) out.push(h('code', {}, unescape(m[1])));
		else if (m[2] !== undefined) out.push(token(m[2], state));
		else if (m[3] !== undefined) out.push(h('strong', {}, inline(m[3], state)));
		else if (m[4] !== undefined) out.push(h('em', {}, inline(m[4], state)));
		else if (m[5] !== undefined) out.push(h('s', {}, inline(m[5], state)));
		else out.push(emoji(m[6]));
	}
	if (from < text.length) out.push(unescape(text.slice(from)));
	return out;
}

function lines(text, state) {
	const out = [];
	let quote = null;
	for (const [i, line] of text.split('\n').entries()) {
		if (line.startsWith('&gt;') || line.startsWith('>')) {
			if (!quote) out.push((quote = h('blockquote')));
			else quote.append('\n');
			quote.append(...inline(line.replace(/^(&gt;|>) ?/, ''), state));
			continue;
		}
		if (i && !quote) out.push('\n');
		quote = null;
		out.push(...inline(line, state));
	}
	return out;
}

export function mrkdwn(text, state) {
	const out = [];
	for (const [i, part] of (text || '').split('```').entries()) {
		if (i % 2) out.push(h('pre', {}, unescape(part.replace(/^\n|\n$/g, ''))));
		else out.push(...lines(part, state));
	}
	return out;
}

// A text object: plain text is shown as it is, but for its emoji.
export function textOf(object, state) {
	if (!object) return [];
	if (object.type === 'mrkdwn') return mrkdwn(object.text, state);
	return [unescape(object.text || '').replace(/:([a-z0-9_+-]+):/g, (all, name) => emoji(name))];
}

function styled(node, style) {
	let out = node;
	for (const [key, tag] of [['code', 'code'], ['bold', 'strong'], ['italic', 'em'], ['strike', 's']])
		if (style?.[key]) out = h(tag, {}, out);
	return out;
}

function richInline(e, state) {
	switch (e.type) {
	case 'text': return styled(e.text, e.style);
	case 'link': return styled(link(e.url, e.text), e.style);
	case 'user': return mention('user', e.user_id, state);
	case 'channel': return mention('channel', e.channel_id, state);
	case 'usergroup': return mention('usergroup', e.usergroup_id, state);
	case 'broadcast': return mention('broadcast', e.range, state);
	case 'emoji': return emoji(e.name);
	case 'date': return h('time', {}, dateText(e.timestamp, e.format, e.fallback));
	default: return '';
	}
}

export function rich(block, state) {
	const inner = (e) => (e.elements || []).map((x) => richInline(x, state));
	return (block.elements || []).map((e) => {
		if (e.type === 'rich_text_list')
			return h(e.style === 'ordered' ? 'ol' : 'ul', {}, e.elements.map((item) => h('li', {}, inner(item))));
		if (e.type === 'rich_text_preformatted') return h('pre', {}, inner(e));
		if (e.type === 'rich_text_quote') return h('blockquote', {}, inner(e));
		return h('div.text', {}, inner(e));
	});
}
