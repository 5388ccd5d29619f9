// app.js - the workspace: who you are, where you look, what you type.
import { PICKER, avatar, clock, emoji, h } from './dom.js';
import { blocks } from './blocks.js';
import { confirmDialog, makeModal } from './modal.js';
import { mrkdwn } from './mrkdwn.js';

const $ = (id) => document.getElementById(id);
const saved = JSON.parse(sessionStorage.getItem('fake-slack') || '{}');
const here = { user: saved.user || 'U0ADA', channel: saved.channel || 'C0WARROOM', thread: '', panel: '', home: false };
const read = saved.read || {}; // "user channel" -> last ts seen
let state = null, asked = 0, hintOpen = saved.hint !== false;

const HINTS = [
	['/incident P0 Checkout returns 500s', 'declare an incident'],
	['/incident', 'a form asks'],
	['/incident list', 'what is open'],
	['/incident help', 'all it can do'],
];

function remember() {
	sessionStorage.setItem('fake-slack', JSON.stringify({ user: here.user, channel: here.channel, read, hint: hintOpen }));
}

async function post(name, body) {
	const response = await fetch(`/admin/${name}`, { method: 'POST', body: JSON.stringify({ user: here.user, ...body }) });
	return response.json();
}

async function press(body, confirm) {
	if (confirm && !(await confirmDialog($('confirm'), confirm, state))) return null;
	return post('press', body);
}

const showModal = makeModal($('modal'), {
	press,
	submit: (body) => post('submit', body),
	close: (id, clear) => post('close_view', { view_id: id, clear }),
});

async function load() {
	const mine = ++asked;
	const query = new URLSearchParams({ user: here.user, channel: here.channel, thread: here.thread });
	const response = await fetch(`/page/view?${query}`);
	const fresh = await response.json();
	if (mine !== asked) return; // a newer question is under way
	if (!fresh.ok) {
		here.user = 'U0ADA';
		here.channel = 'C0WARROOM';
		return;
	}
	state = fresh;
	if (!state.channels.some((c) => c.id === here.channel)) {
		here.channel = state.channels[0].id;
		load();
		return;
	}
	draw();
}

// Many changes at once are one look; a steady stream of them must not keep us from looking.
let timer = 0;
function soon() {
	timer ||= setTimeout(() => {
		timer = 0;
		load();
	}, 50);
}

// ---- drawing ----------------------------------------------------------------

const current = () => state.channels.find((c) => c.id === here.channel);
const nameOf = (id) => state.users[id]?.real_name || state.users[id]?.name || id;

function channelItem(c) {
	const key = `${here.user} ${c.id}`, active = c.id === here.channel;
	if (active && c.last_ts && document.visibilityState === 'visible') read[key] = c.last_ts;
	const unread = !active && c.last_ts && c.last_ts > (read[key] || '');
	const label = c.is_im ? state.users[state.bot_user].real_name : c.name;
	const classes = `channel${active ? '.active' : ''}${unread ? '.unread' : ''}${c.is_archived ? '.archived' : ''}`;
	return h('li', {}, h(`button.${classes}`, { type: 'button', 'aria-current': active ? 'page' : null, 'data-channel': c.id,
		onclick: () => go({ channel: c.id, thread: '', panel: '', home: false }) },
	h('span.sigil', { 'aria-hidden': 'true' }, c.is_im ? '●' : c.is_private ? '◆' : '#'), h('span.name', {}, label),
	unread && h('span.dot', { title: 'unread' }, h('span.sr', {}, ' unread'))));
}

function drawSide() {
	$('team').textContent = state.team;
	$('label').textContent = state.label;
	$('me-name').textContent = nameOf(here.user);
	const people = Object.values(state.users).filter((u) => !u.is_bot);
	replace($('people'), people.map((u) => h(`button.person${u.id === here.user ? '.chosen' : ''}`, { type: 'button', role: 'radio',
		'aria-checked': u.id === here.user ? 'true' : 'false', 'aria-label': u.real_name, title: u.real_name, 'data-user': u.id,
		onclick: () => go({ user: u.id, thread: '', panel: '', home: false, channel: here.channel.startsWith('D') ? `D${u.id.slice(1)}` : here.channel }) },
	avatar(u, u.id))), people.map((u) => u.id + (u.id === here.user)).join());
	const rows = state.channels.map((c) => channelItem(c));
	const key = (list) => here.user + list.map((n) => n.firstChild.className + n.textContent).join();
	const channels = rows.filter((n, i) => !state.channels[i].is_im), ims = rows.filter((n, i) => state.channels[i].is_im);
	replace($('channels'), channels, key(channels));
	replace($('ims'), ims, key(ims));
	$('status').textContent = state.connected ? 'The bot is connected.' : 'No bot is connected.';
	$('status').classList.toggle('off', !state.connected);
}

// Only what changed is replaced: focus and selections stay where they are.
function replace(node, children, key) {
	if (node.dataset.key === key && key !== undefined) return;
	node.dataset.key = key;
	const focused = node.contains(document.activeElement) ? document.activeElement.dataset : null;
	node.replaceChildren(...children.flat(3));
	const again = focused && (focused.channel ? node.querySelector(`[data-channel="${focused.channel}"]`) :
		focused.user ? node.querySelector(`[data-user="${focused.user}"]`) : null);
	again?.focus();
}

function reactions(m) {
	return m.reactions?.length ? h('div.reactions', {}, m.reactions.map((r) => h(`button.reaction${r.users.includes(here.user) ? '.mine' : ''}`, {
		type: 'button', title: `${r.users.map(nameOf).join(', ')} reacted with :${r.name}:`, onclick: () => react(m, r.name) },
	`${emoji(r.name)} ${r.count}`))) : null;
}

const react = (m, name) => post('react', { channel: here.channel, ts: m.ts, name });

function tools(m) {
	const picker = h('div.picker', { hidden: true, role: 'group', 'aria-label': 'Choose a reaction' },
		PICKER.map((n) => h('button', { type: 'button', 'aria-label': n, onclick: () => { picker.hidden = true; react(m, n); } }, emoji(n))));
	return h('div.tools', {}, picker,
		h('button', { type: 'button', 'aria-label': 'Add a reaction', title: 'React', onclick: () => { picker.hidden = !picker.hidden; picker.querySelector('button').focus(); } }, '☺'),
		h('button', { type: 'button', 'aria-label': 'Reply in thread', title: 'Reply in thread',
			onclick: () => go({ thread: m.thread_ts || m.ts, panel: 'thread' }).then(() => $('reply-text').focus()) }, '↩'));
}

function content(m, act) {
	if (m.blocks?.length && !(m.blocks.length === 1 && m.blocks[0].type === 'rich_text' && !m.bot_id))
		return blocks(m.blocks, state, act);
	return h('div.text', {}, mrkdwn(m.text, state));
}

function files(m) {
	return m.files?.length ? h('div.files', {}, m.files.map((f) => h('span.file', {}, f.title || f.name))) : null;
}

function message(m, previous, inThread) {
	const ephemeral = m.is_ephemeral, from = ephemeral ? m.from : m.user, user = state.users[from];
	const failure = m.kind === 'failure';
	if (/^channel_/.test(m.subtype || ''))
		return h('div.system', { 'data-ts': m.ts }, avatar(user, from), h('span', {}, h('strong', {}, nameOf(from)), ' ',
			mrkdwn(m.text.replace(/^<@\w+> /, ''), state)), h('time', {}, clock(m.ts)));
	const act = async (b, e, choice, node) => {
		node?.classList?.add('busy');
		const answer = await press({ channel: here.channel, ts: m.ts, action_id: e.action_id, ...choice }, e.confirm);
		node?.classList?.remove('busy');
		if (answer && !answer.acked) node?.classList?.add('failed');
	};
	const joined = previous && !ephemeral && !previous.is_ephemeral && previous.user === m.user && !previous.subtype && !m.subtype &&
		!m.bot_id && Number(m.ts) - Number(previous.ts) < 300 && !previous.reply_count;
	const command = m.subtype === 'slash_command';
	const classes = `message${joined ? '.joined' : ''}${ephemeral ? '.ephemeral' : ''}${failure ? '.failure' : ''}`;
	return h(`article.${classes}`, { 'data-ts': m.ts, tabindex: -1 },
		joined ? h('time.gutter', {}, clock(m.ts)) : avatar(failure ? { name: '!' } : user, from),
		h('div.body', {},
			!joined && h('p.who', {}, h('strong', {}, failure ? 'Slackbot' : nameOf(from)), user?.is_bot && !failure && h('span.app', {}, 'APP'), h('time', {}, clock(m.ts))),
			m.pinned_to && h('p.pin-note', {}, 'Pinned'),
			m.subtype === 'thread_broadcast' && !inThread && h('p.pin-note', {}, 'replied to a thread'),
			command ? h('code.command', {}, m.text) : content(m, act),
			m.edited && h('small.edited', {}, '(edited)'), files(m),
			ephemeral && h('p.only', {}, 'Only visible to you'), !ephemeral && reactions(m),
			!inThread && m.reply_count > 0 && h('button.replies', { type: 'button', onclick: () => go({ thread: m.ts, panel: 'thread' }) },
				(m.reply_users || []).slice(0, 4).map((u) => avatar(state.users[u], u)), `${m.reply_count} ${m.reply_count === 1 ? 'reply' : 'replies'}`)),
		!ephemeral && tools(m));
}

// Messages are drawn once and kept while they do not change.
const drawn = new Map();

function list(node, messages, inThread) {
	const near = node.scrollHeight - node.scrollTop - node.clientHeight < 120, place = `${here.user} ${here.channel} ${inThread ? here.thread : ''}`;
	const moved = node.dataset.place !== place;
	const nodes = messages.map((m, i) => {
		const previous = messages[i - 1];
		const key = `${here.user}${inThread}${m.ts}`, text = JSON.stringify(m) + (previous ? previous.ts + previous.user + previous.reply_count + previous.subtype : '');
		const old = drawn.get(key);
		if (old?.text === text) return old.node;
		const fresh = message(m, previous, inThread);
		drawn.set(key, { text, node: fresh });
		return fresh;
	});
	const same = node.children.length === nodes.length && nodes.every((n, i) => node.children[i] === n);
	if (!same) {
		const keep = nodes.find((n) => n.contains(document.activeElement)) && document.activeElement;
		node.replaceChildren(...nodes);
		keep?.focus();
	}
	if (moved || near) node.scrollTop = node.scrollHeight;
	node.dataset.place = place;
}

function drawMain() {
	const c = current(), im = c.is_im;
	$('channel-name').textContent = im ? state.users[state.bot_user].real_name : `# ${c.name}`;
	replace($('topic'), im ? ['App'] : mrkdwn(c.topic.value || c.purpose.value || 'No topic yet', state), `${here.channel} ${c.topic?.value} ${c.purpose?.value}`);
	document.title = `${im ? state.users[state.bot_user].real_name : c.name} · ${state.team}`;
	replace($('tools'), [
		im && h(`button.tab${here.home ? '' : '.on'}`, { type: 'button', onclick: () => go({ home: false }) }, 'Messages'),
		im && h(`button.tab${here.home ? '.on' : ''}`, { type: 'button', onclick: () => { post('home', {}); go({ home: true }); } }, 'Home'),
		state.pins.length > 0 && h('button.tab', { type: 'button', onclick: () => go({ panel: 'pins', thread: '' }) }, `${state.pins.length} pinned`),
		!im && !c.joined && h('button.tab', { type: 'button', onclick: () => post('join', { channel: c.id }) }, 'Join'),
		h('button.tab', { type: 'button', 'aria-pressed': hintOpen ? 'true' : 'false', onclick: () => { hintOpen = !hintOpen; remember(); draw(); } }, 'What to try'),
	].filter(Boolean), `${here.channel} ${here.home} ${state.pins.length} ${c.joined} ${hintOpen}`);
	$('bookmarks').hidden = !state.bookmarks.length;
	replace($('bookmarks'), state.bookmarks.map((b) => h('a', { href: b.link, target: '_blank', rel: 'noreferrer' }, b.emoji ? `${emoji(b.emoji.replace(/:/g, ''))} ` : '↗ ', b.title)),
		JSON.stringify(state.bookmarks));
	const home = state.views.find((v) => v.type === 'home');
	$('home').hidden = !here.home;
	$('messages').hidden = here.home;
	if (here.home)
		replace($('home'), home ? blocks(home.blocks, state, (b, e, choice) => press({ view_id: home.id, action_id: e.action_id, ...choice }, e.confirm)) :
			[h('p.empty', {}, 'The app has not published a home tab yet.')], home ? home.hash : 'none');
	const ephemerals = state.ephemerals.filter((m) => !m.thread_ts);
	const all = [...state.messages, ...ephemerals].sort((a, b) => (a.ts < b.ts ? -1 : 1));
	list($('messages'), all, false);
	if (!all.length) $('messages').replaceChildren(h('p.empty', {}, `This is the very beginning of ${im ? 'your chat with the bot' : `#${c.name}`}.`));
	$('composer-text').placeholder = c.is_archived ? 'This channel is archived' : `Message ${im ? state.users[state.bot_user].real_name : `#${c.name}`}`;
	$('composer-text').disabled = Boolean(c.is_archived);
	$('composer').hidden = here.home;
	$('hint').hidden = !hintOpen || here.home;
	replace($('hint'), [h('strong', {}, 'Try: '), HINTS.map(([text, why]) => h('button', { type: 'button', title: why, onclick: () => {
		$('composer-text').value = text;
		grow($('composer-text'));
		$('composer-text').focus();
	} }, text)), h('span', {}, 'Then play another person above the channels and answer.')], 'hints');
}

function drawPanel() {
	const panel = $('panel'), thread = here.panel === 'thread';
	panel.hidden = !here.panel;
	$('app').classList.toggle('with-panel', Boolean(here.panel));
	if (!here.panel) return;
	panel.setAttribute('aria-label', thread ? 'Thread' : 'Pinned messages');
	$('panel-title').textContent = thread ? 'Thread' : 'Pinned';
	$('reply').hidden = !thread;
	const mine = state.ephemerals.filter((m) => thread && m.thread_ts === here.thread);
	list($('panel-body'), thread ? [...state.replies, ...mine].sort((a, b) => (a.ts < b.ts ? -1 : 1)) : state.pins, true);
}

function draw() {
	drawSide();
	drawMain();
	drawPanel();
	showModal(state.views.find((v) => v.type === 'modal'), state);
	remember();
}

function go(change) {
	Object.assign(here, change);
	$('sidebar').classList.remove('open');
	$('menu').setAttribute('aria-expanded', 'false');
	return load();
}

// ---- typing -----------------------------------------------------------------

function grow(area) {
	area.style.setProperty('height', 'auto');
	area.style.setProperty('height', `${Math.min(area.scrollHeight, 160)}px`);
}

async function say(area, thread) {
	const text = area.value.trim();
	if (!text) return;
	area.value = '';
	grow(area);
	$('suggest').hidden = true;
	const command = /^(\/[a-z0-9_-]+)\s*([\s\S]*)$/.exec(text);
	if (command && !thread) await post('slash', { channel: here.channel, command: command[1], text: command[2] });
	else await post('message', { channel: here.channel, text, thread_ts: thread || undefined });
	soon();
}

// What could be meant by the word at the cursor: [text, explanation] pairs.
function suggestions(word, first) {
	if (first && word.startsWith('/'))
		return Object.entries(state.commands).filter(([name]) => name.startsWith(word)).map(([name, c]) => [name, c.usage_hint || c.description || '']);
	if (word.startsWith('@'))
		return [...Object.values(state.users).map((u) => [`@${u.name}`, u.real_name]), ...Object.values(state.usergroups).map((g) => [`@${g.handle}`, g.name])]
			.filter(([name]) => name.startsWith(word.toLowerCase()));
	if (word.startsWith('#'))
		return state.channels.filter((c) => !c.is_im && `#${c.name}`.startsWith(word)).map((c) => [`#${c.name}`, c.purpose.value]);
	return [];
}

function suggest() {
	const area = $('composer-text'), before = area.value.slice(0, area.selectionStart), word = /\S*$/.exec(before)[0];
	const list = word.length > 0 ? suggestions(word, before === word).filter(([name]) => name !== word).slice(0, 7) : [];
	const box = $('suggest');
	box.hidden = !list.length;
	box.replaceChildren(...list.map(([name, why], i) => h(`button${i ? '' : '.on'}`, { type: 'button', role: 'option', 'aria-selected': i ? 'false' : 'true', onclick: () => {
		area.setRangeText(`${name} `, before.length - word.length, before.length, 'end');
		box.hidden = true;
		area.focus();
	} }, h('strong', {}, name), h('span', {}, why))));
}

function onKey(event, submit) {
	const box = $('suggest'), on = box.querySelector('.on');
	if (event.target.id === 'composer-text' && !box.hidden && on) {
		if (event.key === 'Tab') {
			event.preventDefault();
			on.click();
			return;
		}
		if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
			event.preventDefault();
			const next = event.key === 'ArrowDown' ? on.nextSibling || box.firstChild : on.previousSibling || box.lastChild;
			on.classList.remove('on');
			on.setAttribute('aria-selected', 'false');
			next.classList.add('on');
			next.setAttribute('aria-selected', 'true');
			return;
		}
		if (event.key === 'Escape') {
			box.hidden = true;
			return;
		}
	}
	if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
		event.preventDefault();
		submit();
	}
}

$('composer').addEventListener('submit', (event) => { event.preventDefault(); say($('composer-text'), ''); });
$('composer-text').addEventListener('input', () => { grow($('composer-text')); suggest(); });
$('composer-text').addEventListener('keydown', (event) => onKey(event, () => say($('composer-text'), '')));
$('reply').addEventListener('submit', (event) => { event.preventDefault(); say($('reply-text'), here.thread); });
$('reply-text').addEventListener('input', () => grow($('reply-text')));
$('reply-text').addEventListener('keydown', (event) => onKey(event, () => say($('reply-text'), here.thread)));
$('panel-close').addEventListener('click', () => go({ panel: '', thread: '' }));
$('menu').addEventListener('click', () => {
	const open = $('sidebar').classList.toggle('open');
	$('menu').setAttribute('aria-expanded', open ? 'true' : 'false');
	if (open) $('people').querySelector('.chosen').focus();
});
document.addEventListener('keydown', (event) => {
	if (event.key === 'Escape' && !document.querySelector('dialog[open]') && here.panel) go({ panel: '', thread: '' });
	if (event.key === 'Escape') $('sidebar').classList.remove('open');
});
document.addEventListener('visibilitychange', () => state && draw());

// A permalink: /archives/C0WARROOM/p1763650000123459?thread_ts=...
const link = /^\/archives\/(\w+)\/p(\d{10})(\d{6})/.exec(location.pathname);
if (link) {
	here.channel = link[1];
	here.thread = new URLSearchParams(location.search).get('thread_ts') || '';
	here.panel = here.thread ? 'thread' : '';
}

const stream = new EventSource('/page/events');
stream.onmessage = soon;
stream.onopen = soon;
load().then(() => {
	document.querySelector(`[data-ts="${link ? `${link[2]}.${link[3]}` : ''}"]`)?.scrollIntoView({ block: 'center' });
	if (matchMedia('(min-width: 800px)').matches) $('composer-text').focus();
});
