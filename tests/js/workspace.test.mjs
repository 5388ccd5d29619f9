// workspace.test.mjs - channels, threads, views, groups, and workspaces of one's own.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { APP_TOKEN, BOT_TOKEN, startFake } from './fake.mjs';

let fake, socket;

async function call(where, method, body, token = BOT_TOKEN) {
	const response = await fetch(`${where.url}/api/${method}`, { method: 'POST', headers: { authorization: `Bearer ${token}` },
		body: new URLSearchParams(Object.fromEntries(Object.entries(body).map(([k, v]) => [k, typeof v === 'object' ? JSON.stringify(v) : String(v)]))) });
	return response.json();
}

const api = (method, body = {}, token) => call(fake, method, body, token);
const plain = (text) => ({ type: 'plain_text', text });
const modal = (title, more = {}) => ({ type: 'modal', title: plain(title), submit: plain('Go'), blocks: [{ type: 'input', block_id: 'b', label: plain('x'),
	element: { type: 'plain_text_input', action_id: 'a' } }, { type: 'actions', elements: [{ type: 'button', action_id: 'next', text: plain('Next') }] }], ...more });

before(async () => {
	fake = await startFake('--rate-limits', 'off');
	socket = new WebSocket((await api('apps.connections.open', {}, APP_TOKEN)).url);
	socket.on('message', (data) => {
		const { envelope_id: id } = JSON.parse(data.toString());
		if (id) socket.send(JSON.stringify({ envelope_id: id }));
	});
	await fake.wait({ what: 'sockets' });
});

after(async () => {
	socket.terminate();
	assert.equal(await fake.stop(), 0);
});

test('threads: replies are in the thread only, oldest first; the parent counts them; pages end', async () => {
	const { ts } = await api('chat.postMessage', { channel: 'C0PAYMENTS', text: 'parent' });
	const replies = [];
	for (let i = 0; i < 5; i++) replies.push((await api('chat.postMessage', { channel: 'C0PAYMENTS', text: `reply ${i}`, thread_ts: ts })).ts);
	const history = await api('conversations.history', { channel: 'C0PAYMENTS' });
	assert.deepEqual(history.messages.map((m) => m.text), ['parent']);
	assert.equal(history.messages[0].reply_count, 5);
	const texts = [];
	let cursor = '', pages = 0;
	do {
		const page = await api('conversations.replies', { channel: 'C0PAYMENTS', ts, limit: 4, cursor });
		texts.push(...page.messages.map((m) => m.text));
		cursor = page.response_metadata.next_cursor;
		assert.equal(page.has_more, cursor !== '');
		pages++;
	} while (cursor);
	assert.equal(pages, 2);
	assert.deepEqual(texts, ['parent', 'reply 0', 'reply 1', 'reply 2', 'reply 3', 'reply 4']);
	const within = await api('conversations.replies', { channel: 'C0PAYMENTS', ts, oldest: replies[1], inclusive: true, latest: replies[2] });
	assert.deepEqual(within.messages.map((m) => m.text), ['parent', 'reply 1', 'reply 2']);
	await api('chat.postMessage', { channel: 'C0PAYMENTS', text: 'to a reply', thread_ts: replies[0] });
	assert.equal((await fake.admin('complaints?clear=1')).complaints[0].error, 'thread_ts_of_reply');
	assert.equal((await api('chat.postMessage', { channel: 'C0PAYMENTS', text: 'x', thread_ts: '1.000001' })).error, 'cannot_reply_to_message');
	await api('chat.delete', { channel: 'C0PAYMENTS', ts: replies[4] });
	const [parent] = await fake.wait({ channel: 'C0PAYMENTS', ts });
	assert.equal(parent.reply_count, 5);
	assert.match((await api('chat.getPermalink', { channel: 'C0PAYMENTS', message_ts: replies[0] })).permalink, /thread_ts=/);
});

test('views: a stack of three, updates by hash, values that stay', async () => {
	const press = () => fake.admin('press', { user: 'U0ADA', view_id: top, action_id: 'next', inputs: { b: { a: 'typed' } } });
	let { trigger_id } = await fake.admin('slash', { user: 'U0ADA', channel: 'C0WARROOM', command: '/incident', text: '' });
	const first = (await api('views.open', { trigger_id, view: modal('one', { external_id: 'mine' }) })).view;
	let top = first.id;
	({ trigger_id } = await press());
	assert.equal((await api('views.push', { trigger_id, view: modal('two', { external_id: 'mine' }) })).error, 'duplicate_external_id');
	const second = (await api('views.push', { trigger_id, view: modal('two') })).view;
	assert.equal(second.root_view_id, first.id);
	assert.equal(second.previous_view_id, first.id);
	top = second.id;
	({ trigger_id } = await press());
	top = (await api('views.push', { trigger_id, view: modal('three') })).view.id;
	({ trigger_id } = await press());
	assert.equal((await api('views.push', { trigger_id, view: modal('four') })).error, 'push_limit_reached');
	assert.equal((await api('views.update', { external_id: 'mine', hash: 'old', view: modal('new') })).error, 'hash_conflict');
	const changed = (await api('views.update', { external_id: 'mine', view: modal('new', { external_id: 'mine' }) })).view;
	assert.equal(changed.state.values.b.a.value, 'typed');
	assert.notEqual(changed.hash, first.hash);
	assert.equal((await api('views.update', { view_id: first.id, view: modal('x'.repeat(25)) })).response_metadata.messages[0],
		'[ERROR] must be less than 25 characters [json-pointer:/view/title/text]');
	assert.equal((await api('views.update', { view_id: first.id, view: modal('x', { submit: undefined }) })).error, 'invalid_arguments');
	await fake.admin('close_view', { user: 'U0ADA', clear: true });
	await fake.wait({ what: 'view', user: 'U0ADA', gone: true });
	await fake.admin('complaints?clear=1');
});

test('channels and groups', async () => {
	assert.equal((await api('conversations.create', { name: 'Bad Name' })).error, 'invalid_name_specials');
	assert.equal((await api('conversations.create', { name: 'x'.repeat(81) })).error, 'invalid_name_maxlength');
	const { channel } = await api('conversations.create', { name: 'quiet', is_private: true });
	assert.equal(channel.is_private, true);
	assert.equal((await api('conversations.list', { types: 'public_channel', limit: 200 })).channels.some((c) => c.id === channel.id), false);
	assert.equal((await api('conversations.list', { types: 'private_channel', limit: 200 })).channels.some((c) => c.id === channel.id), true);
	const invited = await api('conversations.invite', { channel: channel.id, users: 'U0ADA,U0NOBODY' });
	assert.equal(invited.error, 'user_not_found');
	assert.deepEqual(invited.errors, [{ ok: false, error: 'user_not_found', user: 'U0NOBODY' }]);
	assert.equal((await api('conversations.invite', { channel: channel.id, users: 'U0ADA,U0NOBODY', force: true })).ok, true);
	assert.deepEqual((await api('conversations.members', { channel: channel.id })).members, ['U0TOCSIN', 'U0ADA']);
	assert.equal((await api('conversations.rename', { channel: channel.id, name: 'war-room' })).error, 'name_taken');
	assert.equal((await api('conversations.setTopic', { channel: channel.id, topic: 'x'.repeat(251) })).error, 'too_long');
	assert.equal((await api('usergroups.users.update', { usergroup: 'S0ONCALL', users: '' })).error, 'no_users_provided');
	assert.equal((await api('usergroups.users.update', { usergroup: 'S0ONCALL', users: 'U0BEN,U0CHLOE' })).ok, true);
	assert.deepEqual((await api('usergroups.users.list', { usergroup: 'S0ONCALL' })).users, ['U0BEN', 'U0CHLOE']);
	const typed = await fake.admin('slash', { user: 'U0ADA', channel: 'C0WARROOM', command: '/oncall', text: 'swap @oncall #payments @nobody a@b.c' });
	assert.equal(typed.acked, true);
	assert.equal((await api('users.lookupByEmail', { email: 'chloe@example.com' })).user.id, 'U0CHLOE');
});

test('a workspace of one\'s own, with fewer scopes', async () => {
	const folder = mkdtempSync(join(tmpdir(), 'fake-slack-'));
	const file = join(folder, 'workspace.json');
	writeFileSync(file, JSON.stringify({ users: [{ id: 'U1', name: 'kim', real_name: 'Kim Ito' }], channels: [{ id: 'C1', name: 'closed', private: true, bot: false }, { id: 'C2', name: 'open', bot: false }],
		bot_token: 'xoxb-own', bot_scopes: ['chat:write', 'users:read'] }));
	const own = await startFake('--workspace', file);
	try {
		assert.equal((await call(own, 'auth.test', {})).error, 'invalid_auth');
		const refused = await call(own, 'conversations.create', { name: 'x' }, 'xoxb-own');
		assert.deepEqual(refused, { ok: false, error: 'missing_scope', needed: 'channels:manage', provided: 'chat:write,users:read' });
		assert.equal((await call(own, 'chat.postMessage', { channel: 'C1', text: 'x' }, 'xoxb-own')).error, 'channel_not_found');
		assert.equal((await call(own, 'chat.postMessage', { channel: 'C2', text: 'x' }, 'xoxb-own')).error, 'not_in_channel');
		assert.equal((await call(own, 'users.info', { user: 'U1' }, 'xoxb-own')).user.profile.email, undefined);
	} finally {
		assert.equal(await own.stop(), 0);
		rmSync(folder, { recursive: true });
	}
});

test('the app\'s own manifest decides about scopes, events and commands', async () => {
	const folder = mkdtempSync(join(tmpdir(), 'fake-slack-'));
	const file = join(folder, 'manifest.json');
	writeFileSync(file, JSON.stringify({ features: { slash_commands: [{ command: '/raw', description: 'x' }] },
		oauth_config: { scopes: { bot: ['chat:write'] } }, settings: { event_subscriptions: { bot_events: ['app_mention'] } } }));
	const own = await startFake('--manifest', file);
	try {
		assert.equal((await call(own, 'pins.add', { channel: 'C0WARROOM', timestamp: '1.1' })).error, 'missing_scope');
		assert.equal((await own.admin('slash', { user: 'U0ADA', channel: 'C0WARROOM', command: '/incident', text: '' })).error, 'invalid_command');
		const said = await own.admin('slash', { user: 'U0ADA', channel: 'C0WARROOM', command: '/raw', text: '@ben & co' });
		assert.equal(said.error, 'dispatch_failed');
	} finally {
		assert.equal(await own.stop(), 0);
		rmSync(folder, { recursive: true });
	}
});
