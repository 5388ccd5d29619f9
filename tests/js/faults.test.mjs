// faults.test.mjs - the fake Slack's own promises: what it refuses, and what it breaks on demand.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import WebSocket from 'ws';
import { APP_TOKEN, BOT_TOKEN, startFake } from './fake.mjs';

let fake;
const open = new Set();

// A bare Socket Mode client: keeps every frame, acknowledges when told to.
async function connect({ ack = true } = {}) {
	const ticket = await api('apps.connections.open', {}, APP_TOKEN);
	const socket = new WebSocket(ticket.url);
	const client = { socket, frames: [], binary: 0, closed: null, payload: undefined, url: ticket.url };
	const waiting = [];
	socket.on('message', (data, isBinary) => {
		if (isBinary) client.binary++;
		let frame;
		try {
			frame = JSON.parse(data.toString());
		} catch {
			frame = { type: 'unreadable', bytes: data.length };
		}
		client.frames.push(frame);
		if (frame.envelope_id && ack) client.ack(frame);
		for (const look of [...waiting]) look();
	});
	client.ack = (frame) => socket.send(JSON.stringify({ envelope_id: frame.envelope_id, ...(frame.accepts_response_payload && client.payload ? { payload: client.payload } : {}) }));
	client.until = (want) => new Promise((resolve) => {
		const look = () => {
			const found = client.frames.filter((f) => want(f));
			if (!found.length) return;
			waiting.splice(waiting.indexOf(look), 1);
			resolve(found);
		};
		waiting.push(look);
		look();
	});
	client.ended = new Promise((resolve) => {
		socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
		socket.on('error', (error) => resolve({ error: error.message }));
		socket.on('unexpected-response', (request, response) => { resolve({ status: response.statusCode }); request.destroy(); });
	});
	open.add(socket);
	return client;
}

async function live(options) {
	const client = await connect(options);
	await client.until((f) => f.type === 'hello');
	return client;
}

async function raw(method, body, token = BOT_TOKEN, extra = {}) {
	return fetch(`${fake.url}/api/${method}`, { method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json; charset=utf-8', ...extra },
		body: typeof body === 'string' ? body : JSON.stringify(body) });
}

async function api(method, body, token) {
	return (await raw(method, body, token)).json();
}

const form = async (method, body) => (await fetch(`${fake.url}/api/${method}`, { method: 'POST', headers: { authorization: `Bearer ${BOT_TOKEN}` }, body: new URLSearchParams(body) })).json();
const post = (text, more = {}) => api('chat.postMessage', { channel: 'C0WARROOM', text, ...more });
const error = async (promise) => (await promise).error;
const slash = (more = {}) => fake.admin('slash', { user: 'U0ADA', channel: 'C0WARROOM', command: '/incident', text: '', ...more });

before(async () => { fake = await startFake('--rate-limits', 'off'); });
beforeEach(async () => {
	for (const socket of open) socket.terminate();
	open.clear();
	await fake.admin('reset', {});
	await fake.wait({ what: 'sockets', gone: true });
});
after(async () => {
	for (const socket of open) socket.terminate();
	assert.equal(await fake.stop(), 0);
});

test('tokens, scopes, arguments', async () => {
	assert.equal(await error(api('auth.test', {}, 'nonsense')), 'invalid_auth');
	assert.equal(await error(api('auth.test', {}, APP_TOKEN)), 'not_allowed_token_type');
	assert.equal(await error(api('apps.connections.open', {})), 'not_allowed_token_type');
	assert.equal(await error(api('chat.postMessage', '{"channel":')), 'invalid_json');
	assert.equal(await error(api('chat.postMessage', '[]')), 'json_not_object');
	assert.equal(await error(post('')), 'no_text');
	assert.equal(await error(post('x', { blocks: {} })), 'invalid_blocks_format');
	assert.equal(await error(api('chat.postMessage', { text: 'x' })), 'channel_not_found');
	assert.equal(await error(api('users.info', { user: 'U0ADA' })), 'invalid_arguments');
	assert.equal((await form('users.info', { user: 'U0ADA' })).user.name, 'ada');
	await post('x', { colour: 'red' });
	const kinds = (await fake.admin('complaints')).complaints.map((c) => c.error);
	assert.ok(kinds.includes('unknown_argument') && kinds.includes('json_to_form_method'));
	const answer = await raw('auth.test', {});
	assert.match(answer.headers.get('x-oauth-scopes'), /chat:write/);
});

test('membership', async () => {
	assert.equal(await error(api('chat.postMessage', { channel: 'C0RANDOM', text: 'public' })), undefined);
	assert.equal(await error(api('conversations.history', { channel: 'C0RANDOM' })), 'not_in_channel');
	await api('conversations.join', { channel: 'C0RANDOM' });
	assert.equal(await error(api('conversations.history', { channel: 'C0RANDOM' })), undefined);
	await api('conversations.archive', { channel: 'C0RANDOM' });
	assert.equal(await error(api('chat.postMessage', { channel: 'C0RANDOM', text: 'x' })), 'is_archived');
	assert.equal(await error(api('conversations.archive', { channel: 'C0RANDOM' })), 'already_archived');
});

test('Block Kit limits', async () => {
	const section = (text) => ({ type: 'section', text: { type: 'mrkdwn', text } });
	const button = (more) => ({ type: 'actions', elements: [{ type: 'button', text: { type: 'plain_text', text: 'x' }, ...more }] });
	const wrong = async (blocks) => (await post('x', { blocks })).response_metadata?.messages?.[0];
	assert.match(await wrong([section('x'.repeat(3001))]), /less than 3001 characters \[json-pointer:\/blocks\/0\/text\/text\]/);
	assert.match(await wrong([button({ value: 'x'.repeat(2001) })]), /less than 2001/);
	assert.match(await wrong(Array(51).fill({ type: 'divider' })), /no more than 50 items/);
	assert.match(await wrong([{ type: 'divider', block_id: 'a' }, { type: 'divider', block_id: 'a' }]), /already exists/);
	assert.match(await wrong([{ type: 'actions', elements: [button({ action_id: 'a' }).elements[0], button({ action_id: 'a' }).elements[0]] }]), /action_id.*already exists/);
	assert.match(await wrong([{ type: 'divider', colour: 'red' }]), /additional property: colour/);
	assert.match(await wrong([{ type: 'section', text: { type: 'mrkdwn', text: '' } }]), /more than 0/);
	assert.match(await wrong([{ type: 'context', elements: [button({}).elements[0]] }]), /unsupported type/);
	assert.equal(await error(post('x', { blocks: Array(5).fill(section('x'.repeat(2500))) })), 'msg_blocks_too_long');
	assert.equal(await error(post('x', { metadata: { event_type: 'a b', event_payload: {} } })), 'invalid_metadata_format');
	const { ts } = await post('x');
	assert.equal(await error(api('chat.update', { channel: 'C0WARROOM', ts, text: 'x'.repeat(4001) })), 'msg_too_long');
});

test('rate limits: one message a second and channel, with a burst', async () => {
	await fake.admin('config', { rate_limits: true, post_burst: 3 });
	for (let i = 0; i < 3; i++) assert.equal((await raw('chat.postMessage', { channel: 'C0WARROOM', text: 'x' })).status, 200);
	const refused = await raw('chat.postMessage', { channel: 'C0WARROOM', text: 'x' });
	assert.equal(refused.status, 429);
	assert.equal(refused.headers.get('retry-after'), '1');
	assert.deepEqual(await refused.json(), { ok: false, error: 'ratelimited' });
	assert.equal((await raw('chat.postMessage', { channel: 'C0PAYMENTS', text: 'x' })).status, 200);
	await fake.admin('config', { rate_limits: false });
});

test('answers that fail: nothing done, or done all the same', async () => {
	const count = async () => (await fake.admin('messages?channel=C0WARROOM')).messages.length;
	const fault = (kind, more) => fake.admin('fault', { kind, method: 'chat.postMessage', ...more });
	await fault('status', { status: 429, retry_after: 7 });
	assert.equal((await raw('chat.postMessage', { channel: 'C0WARROOM', text: 'x' })).headers.get('retry-after'), '7');
	await fault('status', { status: 500 });
	assert.equal((await raw('chat.postMessage', { channel: 'C0WARROOM', text: 'x' })).status, 500);
	await fault('error', { error: 'fatal_error' });
	assert.equal(await error(post('x')), 'fatal_error');
	await fault('cut_early');
	await assert.rejects(post('x'));
	assert.equal(await count(), 0);
	await fault('cut');
	await assert.rejects(post('x'));
	assert.equal(await count(), 1);
	await fault('malformed');
	await assert.rejects(post('x'), SyntaxError);
	await fault('done_status', { skip: 1 });
	assert.equal((await post('x')).ok, true);
	assert.equal((await raw('chat.postMessage', { channel: 'C0WARROOM', text: 'x' })).status, 503);
	await fault('done_cut');
	await assert.rejects(post('x'));
	assert.equal(await count(), 5);
	for (const kind of ['hang', 'done_hang']) {
		await fault(kind);
		await assert.rejects(fetch(`${fake.url}/api/chat.postMessage`, { method: 'POST', signal: AbortSignal.timeout(100), headers: { authorization: `Bearer ${BOT_TOKEN}` },
			body: new URLSearchParams({ channel: 'C0WARROOM', text: 'hung' }) }));
	}
	assert.equal(await count(), 6);
	await fault('delay', { delay_ms: 120 });
	const from = performance.now();
	await post('x');
	assert.ok(performance.now() - from >= 110);
});

test('acknowledgements: with an answer, late, never, to nothing', async () => {
	assert.equal((await slash()).error, 'dispatch_failed');
	const quick = await live();
	quick.payload = { response_type: 'in_channel', text: 'here' };
	assert.equal((await slash()).response.text, 'here');
	await fake.wait({ channel: 'C0WARROOM', contains: 'here' });
	quick.socket.terminate();
	await fake.wait({ what: 'sockets', gone: true });
	await fake.admin('config', { ack_ms: 60 });
	const slow = await live({ ack: false });
	assert.equal((await slash()).error, 'operation_timeout');
	slow.ack(slow.frames.find((f) => f.type === 'slash_commands'));
	slow.socket.send('{"envelope_id":"never-sent"}');
	slow.socket.send('not json');
	await fake.wait({ what: 'complaint', count: 3 });
	const seen = (await fake.admin('complaints')).complaints.map((c) => c.error);
	assert.deepEqual(seen, ['late', 'unknown_envelope', 'not_an_ack']);
	assert.equal((await fake.admin('counters')).late, 1);
});

test('events are sent again, and wait for a socket', async () => {
	await fake.admin('config', { ack_ms: 50, retry_ms: [20, 20, 60000] });
	const say = (text) => fake.admin('message', { user: 'U0ADA', channel: 'C0WARROOM', text });
	await say('nobody is there');
	const client = await live({ ack: false });
	const [missed] = await client.until((f) => f.payload?.event?.text === 'nobody is there');
	assert.ok(missed.retry_attempt > 0);
	client.ack(missed);
	await say('listen');
	const tries = (await client.until((f) => f.payload?.event?.text === 'listen' && f.retry_attempt === 2)) &&
		client.frames.filter((f) => f.payload?.event?.text === 'listen');
	assert.deepEqual(tries.map((f) => f.retry_attempt), [0, 1, 2]);
	assert.deepEqual(tries.map((f) => f.retry_reason), ['', 'timeout', 'timeout']);
	assert.equal(new Set(tries.map((f) => f.payload.event_id)).size, 1);
});

test('envelopes twice, in the wrong order, over several sockets in turn', async () => {
	const a = await live(), b = await live();
	await fake.admin('fault', { kind: 'duplicate_envelope' });
	await slash({ text: 'twice' });
	const twice = (f) => f.payload?.text === 'twice';
	await Promise.all([a.until(twice), b.until(twice)]);
	await fake.admin('fault', { kind: 'out_of_order', count: 2 });
	await Promise.all([slash({ text: 'one' }), slash({ text: 'two' })]);
	const order = [...a.frames, ...b.frames].filter((f) => ['one', 'two'].includes(f.payload?.text));
	assert.equal(order.length, 2);
	await slash({ text: 'three' });
	await slash({ text: 'four' });
	const has = (c, t) => c.frames.some((f) => f.payload?.text === t);
	assert.notEqual(has(a, 'three'), has(a, 'four'));
});

test('sockets: tickets once, ten at most, disconnect frames, silence, cuts, refusals', async () => {
	const first = await live();
	assert.equal(first.frames[0].num_connections, 1);
	const again = new WebSocket(first.url);
	assert.equal(await new Promise((resolve) => again.on('unexpected-response', (q, r) => { resolve(r.statusCode); q.destroy(); }).on('error', () => {})), 403);
	const others = [];
	for (let i = 1; i < 10; i++) others.push(await live());
	const eleventh = await connect();
	const [refused] = await eleventh.until((f) => f.type === 'disconnect');
	assert.equal(refused.reason, 'too_many_websockets');
	await fake.admin('fault', { kind: 'disconnect', socket: 0, reason: 'warning', close_ms: 30 });
	await first.until((f) => f.type === 'disconnect' && f.reason === 'warning');
	assert.equal((await first.ended).code, 1001);
	await fake.admin('fault', { kind: 'drop_socket', socket: 0, how: 'cut' });
	assert.ok((await others[0].ended).code === 1006 || (await others[0].ended).error);
	await fake.admin('fault', { kind: 'drop_socket', socket: 0, how: 'silent' });
	await fake.admin('fault', { kind: 'refuse_sockets', status: 503, count: 1 });
	assert.equal((await (await connect()).ended).status, 503);
	await live();
});

test('frames that nobody should send', async () => {
	const client = await live();
	await fake.admin('raw_frame', { text: '{"type":"from_the_future","x":1}' });
	await client.until((f) => f.type === 'from_the_future');
	await fake.admin('raw_frame', { kind: 'binary', base64: 'AAECAw==' });
	await fake.admin('raw_frame', { repeat: 'x', count: 3000000 });
	await client.until((f) => f.type === 'unreadable' && f.bytes === 3000000);
	assert.equal(client.binary, 1);
	await fake.admin('raw_frame', { kind: 'wire', base64: Buffer.from([0xc1, 2, 0x68, 0x69]).toString('base64') });
	assert.ok(await client.ended);
});

test('trigger ids: once and for three seconds; response_urls: five times', async () => {
	await live();
	const view = { type: 'modal', title: { type: 'plain_text', text: 'x' }, blocks: [{ type: 'divider' }] };
	const { trigger_id, response_url } = await slash();
	assert.equal((await api('views.open', { trigger_id, view })).ok, true);
	assert.equal(await error(api('views.open', { trigger_id, view })), 'exchanged_trigger_id');
	await fake.admin('config', { trigger_ms: 0 });
	assert.equal(await error(api('views.open', { trigger_id: (await slash()).trigger_id, view })), 'expired_trigger_id');
	assert.equal(await error(api('views.open', { trigger_id: 'x', view })), 'invalid_trigger_id');
	const answer = () => fetch(response_url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"text":"more"}' });
	for (let i = 0; i < 5; i++) assert.equal((await answer()).status, 200);
	const expired = await answer();
	assert.equal(expired.status, 404);
	assert.equal((await expired.json()).error, 'Expired url');
});

test('a burst is acknowledged, measured, and survives the loss of a socket', async () => {
	const a = await live();
	await live();
	const quick = await fake.admin('burst', { command: '/incident', text: 'load', n: 500, concurrency: 20, users: ['U0ADA', 'U0BEN'] });
	assert.equal(quick.acked, 500);
	assert.ok(quick.p50_us > 0 && quick.max_us >= quick.p99_us && quick.per_second > 0);
	const ids = a.frames.filter((f) => f.payload?.text === 'load');
	assert.equal(new Set(ids.map((f) => f.envelope_id)).size, ids.length);
	assert.equal(new Set(ids.map((f) => f.payload.trigger_id)).size, ids.length);
	await fake.admin('config', { ack_ms: 200 });
	const running = fake.admin('burst', { command: '/incident', text: 'load', n: 20000, concurrency: 50 });
	await a.until((f) => f.payload?.text === 'load' && a.frames.length > ids.length + 100);
	a.socket.terminate();
	const done = await running;
	assert.equal(done.acked + done.lost, 20000);
});
