// blocks.js - Block Kit as elements. `act` is called when somebody presses or chooses something.
import { h } from './dom.js';
import { mrkdwn, rich, textOf } from './mrkdwn.js';

function option(o, state, selected) {
	return h('option', { value: o.value, selected }, textOf(o.text, state));
}

// A drop-down of whatever kind; the values are option values or ids.
export function select(e, state, current) {
	const node = h('select', { 'aria-label': e.placeholder?.text || e.action_id, multiple: e.type.startsWith('multi_') });
	const chosen = new Set([current].flat().filter(Boolean));
	if (!node.multiple) node.append(h('option', { value: '' }, e.placeholder ? textOf(e.placeholder, state) : 'Choose…'));
	const add = (list, where) => list.forEach((o) => where.append(option(o, state, chosen.has(o.value))));
	if (e.option_groups) {
		for (const g of e.option_groups) {
			const group = h('optgroup', { label: g.label.text });
			add(g.options, group);
			node.append(group);
		}
	} else if (e.type.includes('users_select')) {
		add(Object.values(state.users).map((u) => ({ value: u.id, text: { type: 'plain_text', text: u.real_name } })), node);
	} else if (e.type.includes('channels_select') || e.type.includes('conversations_select')) {
		add(state.channels.filter((c) => !c.is_im).map((c) => ({ value: c.id, text: { type: 'plain_text', text: `#${c.name}` } })), node);
	} else {
		add(e.options || [], node);
	}
	return node;
}

export function element(e, state, act) {
	switch (e.type) {
	case 'button': {
		const style = e.style ? `button.bk-button.${e.style}` : 'button.bk-button';
		const node = h(style, { type: 'button', 'aria-label': e.accessibility_label,
			onclick: () => act(e, e.value === undefined ? {} : { value: e.value }, node) }, textOf(e.text, state));
		if (e.url && /^https?:/.test(e.url)) node.append(' ↗');
		return node;
	}
	case 'static_select': case 'users_select': case 'channels_select': case 'conversations_select': case 'external_select':
	case 'multi_static_select': case 'multi_users_select': case 'multi_channels_select': case 'multi_conversations_select': {
		const node = select(e, state, e.initial_option?.value || e.initial_user || e.initial_channel || e.initial_conversation);
		node.addEventListener('change', () => act(e, node.multiple ?
			{ values: [...node.selectedOptions].map((o) => o.value) } : { option: node.value }, node));
		return node;
	}
	case 'overflow': {
		const node = select({ ...e, placeholder: { type: 'plain_text', text: '⋯' } }, state);
		node.classList.add('overflow');
		node.addEventListener('change', () => act(e, { option: node.value }, node));
		return node;
	}
	case 'datepicker': case 'timepicker': {
		const node = h('input', { type: e.type === 'datepicker' ? 'date' : 'time', value: e.initial_date || e.initial_time || '',
			onchange: () => act(e, { option: node.value }, node) });
		return node;
	}
	case 'radio_buttons': case 'checkboxes': {
		const radio = e.type === 'radio_buttons', name = `x${Math.random()}`;
		const initial = new Set((e.initial_options || [e.initial_option]).filter(Boolean).map((o) => o.value));
		const node = h('div.choices', {}, e.options.map((o) => h('label', {}, h('input', { type: radio ? 'radio' : 'checkbox', name,
			value: o.value, checked: initial.has(o.value), onchange: () => {
				const on = [...node.querySelectorAll(':checked')].map((x) => x.value);
				act(e, radio ? { option: on[0] } : { values: on }, node);
			} }), h('span', {}, textOf(o.text, state)))));
		return node;
	}
	case 'image':
		return h('img.bk-image', { src: e.image_url, alt: e.alt_text || '' });
	default:
		return h('span.unknown', {}, `[${e.type}]`);
	}
}

export function block(b, state, act) {
	const doing = (e, choice, node) => act(b, e, choice, node);
	switch (b.type) {
	case 'header': return h('h3.bk-header', {}, textOf(b.text, state));
	case 'divider': return h('hr');
	case 'section': return h('div.bk-section', {},
		h('div.bk-section-text', {}, b.text && h('div.text', {}, textOf(b.text, state)),
			b.fields && h('div.bk-fields', {}, b.fields.map((f) => h('div.text', {}, textOf(f, state))))),
		b.accessory && h('div.bk-accessory', {}, element(b.accessory, state, doing)));
	case 'context': return h('div.bk-context', {}, b.elements.map((e) => (e.type === 'image' ?
		h('img', { src: e.image_url, alt: e.alt_text || '' }) : h('span.text', {}, textOf(e, state)))));
	case 'actions': return h('div.bk-actions', {}, b.elements.map((e) => element(e, state, doing)));
	case 'image': return h('figure', {}, b.title && h('figcaption', {}, textOf(b.title, state)),
		h('img.bk-image', { src: b.image_url, alt: b.alt_text || '' }));
	case 'rich_text': return h('div.bk-rich', {}, rich(b, state));
	case 'markdown': return h('div.text', {}, mrkdwn(b.text, state));
	case 'input': return null; // modal.js
	default: return h('div.unknown', {}, `[${b.type}]`);
	}
}

export function blocks(list, state, act) {
	return (list || []).map((b) => block(b, state, act));
}
