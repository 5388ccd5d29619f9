// dom.js - making elements, and the few faces and symbols that the page knows.

// h('p.note', {title: 'x', onclick: fn}, 'text', child, ...)
export function h(spec, props, ...children) {
	const [tag, ...classes] = spec.split('.');
	const node = document.createElement(tag || 'div');
	if (classes.length) node.className = classes.join(' ');
	for (const [key, value] of Object.entries(props || {})) {
		if (value === undefined || value === null || value === false) continue;
		if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
		else if (key in node && key !== 'list' && key !== 'form' && !key.startsWith('aria')) node[key] = value;
		else node.setAttribute(key, value === true ? '' : value);
	}
	node.append(...children.flat(9).filter((c) => c !== null && c !== undefined && c !== false));
	return node;
}

const EMOJI = {
	'+1': '👍', thumbsup: '👍', '-1': '👎', eyes: '👀', white_check_mark: '✅', heavy_check_mark: '✔️', x: '❌',
	fire: '🔥', rotating_light: '🚨', warning: '⚠️', tada: '🎉', rocket: '🚀', bell: '🔔', pushpin: '📌', memo: '📝',
	question: '❓', exclamation: '❗', heart: '❤️', pray: '🙏', clap: '👏', smile: '😄', thinking_face: '🤔', wave: '👋',
	hourglass_flowing_sand: '⏳', stopwatch: '⏱️', calendar: '📅', phone: '☎️', telephone_receiver: '📞', link: '🔗',
	chart_with_upwards_trend: '📈', red_circle: '🔴', large_orange_circle: '🟠', large_yellow_circle: '🟡', large_green_circle: '🟢',
	large_blue_circle: '🔵', white_circle: '⚪', hammer_and_wrench: '🛠️', lock: '🔒', speech_balloon: '💬', mega: '📣',
	information_source: 'ℹ️', no_entry: '⛔', raised_hands: '🙌', bulb: '💡', wrench: '🔧', point_right: '👉', muscle: '💪',
};

export const PICKER = ['+1', 'eyes', 'white_check_mark', 'fire', 'tada', 'pray', 'heart', 'x'];

export function emoji(name) {
	return EMOJI[name.split('::')[0]] || `:${name}:`;
}

export function avatar(user, id) {
	const name = user?.real_name || user?.name || id || '?';
	const initials = user?.is_bot ? '' : name.split(/\s+/).map((w) => w[0]).slice(0, 2).join('');
	let sum = 0;
	for (const c of id || name) sum = (sum * 31 + c.charCodeAt(0)) % 89;
	sum %= 8;
	const node = h(`span.avatar.hue-${sum}`, { 'aria-hidden': 'true' }, initials);
	if (user?.is_bot) {
		node.classList.add('bot');
		node.append(h('img', { src: '/page/icon.svg', alt: '', width: 36, height: 36 }));
	}
	return node;
}

export function clock(ts) {
	return new Date(Number.parseFloat(ts) * 1000)
		.toLocaleTimeString([], { hour: 'numeric', minute: '2-digit' });
}
