// modal.js - modals with their inputs, and the little "are you sure" dialog.
import { block, select } from './blocks.js';
import { h } from './dom.js';
import { textOf } from './mrkdwn.js';

// Reads and draws one input element; `typed` is what was there before a redraw.
function control(e, state, value) {
	const current = value?.value ?? value?.selected_option?.value ?? value?.selected_user ?? value?.selected_channel ??
		value?.selected_conversation ?? value?.selected_date ?? value?.selected_time ??
		(value?.selected_options || []).map((o) => o.value);
	const text = (type) => h('input', { type, value: Array.isArray(current) ? '' : current ?? '', placeholder: e.placeholder?.text });
	let node, read;
	switch (e.type) {
	case 'plain_text_input':
		node = e.multiline ? h('textarea', { rows: 4, value: Array.isArray(current) ? '' : current ?? '', placeholder: e.placeholder?.text }) : text('text');
		if (e.max_length) node.maxLength = e.max_length;
		break;
	case 'email_text_input': node = text('email'); break;
	case 'url_text_input': node = text('url'); break;
	case 'number_input': node = text('number'); break;
	case 'datepicker': node = text('date'); break;
	case 'timepicker': node = text('time'); break;
	case 'checkboxes': case 'radio_buttons': {
		const radio = e.type === 'radio_buttons', name = `i${Math.random()}`, on = new Set([current].flat());
		node = h('div.choices', { role: radio ? 'radiogroup' : 'group', tabindex: -1 }, e.options.map((o) => h('label', {},
			h('input', { type: radio ? 'radio' : 'checkbox', name, value: o.value, checked: on.has(o.value) }),
			h('span', {}, textOf(o.text, state), o.description && h('small', {}, textOf(o.description, state))))));
		read = () => {
			const values = [...node.querySelectorAll(':checked')].map((x) => x.value);
			return radio ? values[0] ?? null : values;
		};
		break;
	}
	default:
		node = select(e, state, current);
		node.removeAttribute('aria-label'); // the label of the block names it
		read = () => (node.multiple ? [...node.selectedOptions].map((o) => o.value) : node.value || null);
	}
	return { node, read: read || (() => node.value || null) };
}

export function makeModal(dialog, api) {
	let shown = '', readers = {};

	const inputs = () => {
		const out = {};
		for (const [key, read] of Object.entries(readers)) {
			const [b, a] = key.split('\u0000');
			(out[b] ??= {})[a] = read();
		}
		return out;
	};

	function errorsShow(errors) {
		for (const node of dialog.querySelectorAll('.field-error')) {
			node.textContent = errors?.[node.dataset.block] || '';
			const field = node.closest('.field').querySelector('input, textarea, select');
			field?.setAttribute('aria-invalid', node.textContent ? 'true' : 'false');
		}
		dialog.querySelector('[aria-invalid="true"]')?.focus();
	}

	function field(b, view, state) {
		const id = `f-${b.block_id}`;
		const { node, read } = control(b.element, state, view.state.values[b.block_id]?.[b.element.action_id]);
		readers[`${b.block_id}\u0000${b.element.action_id}`] = read;
		const error = h('p.field-error', { role: 'alert' });
		error.dataset.block = b.block_id;
		node.id = id;
		if (b.dispatch_action)
			node.addEventListener('change', () => api.press({ view_id: view.id, action_id: b.element.action_id,
				[Array.isArray(read()) ? 'values' : 'option']: read(), inputs: inputs() }));
		return h('div.field', {}, h('label', { htmlFor: id }, textOf(b.label, state), b.optional && h('span.optional', {}, ' (optional)')),
			node, b.hint && h('p.field-hint', {}, textOf(b.hint, state)), error);
	}

	function draw(view, state) {
		readers = {};
		const act = (b, e, choice) => api.press({ view_id: view.id, action_id: e.action_id, ...choice, inputs: inputs() }, e.confirm);
		const form = h('form', { method: 'dialog', noValidate: true, onsubmit: async (event) => {
			event.preventDefault();
			const button = form.querySelector('.primary');
			if (button) button.disabled = true;
			const answer = await api.submit({ view_id: view.id, values: inputs() });
			if (button) button.disabled = false;
			errorsShow(answer.errors);
			if (answer.error) form.querySelector('.modal-note').textContent = 'We had some trouble connecting. Try again?';
		} },
		h('header', {}, h('h2', { id: 'modal-title' }, textOf(view.title, state)),
			h('button.icon-button', { type: 'button', 'aria-label': 'Close', onclick: () => api.close(view.id, true) }, '✕')),
		h('div.modal-body', {}, view.blocks.map((b) => (b.type === 'input' ? field(b, view, state) : block(b, state, act)))),
		h('p.modal-note', { role: 'alert' }),
		h('footer', {}, h('button.bk-button', { type: 'button', onclick: () => api.close(view.id) }, view.close ? textOf(view.close, state) : 'Close'),
			view.submit && h('button.bk-button.primary', { type: 'submit' }, textOf(view.submit, state))));
		dialog.replaceChildren(form);
	}

	dialog.addEventListener('cancel', (event) => {
		event.preventDefault();
		api.close(shown.split(' ')[0]);
	});

	return function show(view, state) {
		if (!view) {
			shown = '';
			if (dialog.open) dialog.close();
			return;
		}
		const key = `${view.id} ${view.hash}`;
		if (key !== shown) {
			draw(view, state);
			shown = key;
		}
		if (!dialog.open) dialog.showModal();
	};
}

// Resolves to true when the person means it.
export function confirmDialog(dialog, confirm, state) {
	return new Promise((resolve) => {
		const done = (yes) => {
			dialog.close();
			resolve(yes);
		};
		dialog.replaceChildren(h('form', { method: 'dialog' },
			h('header', {}, h('h2', { id: 'confirm-title' }, textOf(confirm.title, state))),
			h('div.modal-body.text', {}, textOf(confirm.text, state)),
			h('footer', {}, h('button.bk-button', { type: 'button', onclick: () => done(false) }, textOf(confirm.deny, state)),
				h(`button.bk-button.${confirm.style || 'primary'}`, { type: 'button', onclick: () => done(true) }, textOf(confirm.confirm, state)))));
		dialog.oncancel = () => resolve(false);
		dialog.showModal();
	});
}
