// bolt.test.mjs - the official SDK, unchanged, works against the fake Slack.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import bolt from '@slack/bolt';
import { APP_TOKEN, BOT_TOKEN, startFake } from './fake.mjs';

const { App, LogLevel } = bolt;
let fake, app;

const modal = {
	type: 'modal', callback_id: 'declare', notify_on_close: true,
	title: { type: 'plain_text', text: 'Declare' }, submit: { type: 'plain_text', text: 'Go' },
	blocks: [
		{ type: 'input', block_id: 'title_b', label: { type: 'plain_text', text: 'Title' },
			element: { type: 'plain_text_input', action_id: 'title_a' } },
		{ type: 'input', block_id: 'sev_b', label: { type: 'plain_text', text: 'Severity' },
			element: { type: 'static_select', action_id: 'sev_a', options: ['P0', 'P1'].map((s) =>
				({ text: { type: 'plain_text', text: s }, value: s })) } },
	],
};

function listen() {
	app.command('/incident', async ({ command, ack, client, respond }) => {
		if (command.text === 'form') {
			await ack();
			await client.views.open({ trigger_id: command.trigger_id, view: modal });
			return;
		}
		await ack({ text: `heard ${command.text}` });
		await respond({ response_type: 'in_channel', text: `said by <@${command.user_id}>` });
		await client.chat.postMessage({
			channel: command.channel_id, text: 'INC-1',
			metadata: { event_type: 'incident', event_payload: { key: 'inc-1' } },
			blocks: [{ type: 'section', text: { type: 'mrkdwn', text: '*INC-1* open' } },
				{ type: 'actions', elements: [{ type: 'button', action_id: 'ack', value: 'INC-1',
					text: { type: 'plain_text', text: 'Acknowledge' } }] }],
		});
	});
	app.action('ack', async ({ ack, body, client }) => {
		await ack();
		await client.chat.update({ channel: body.channel.id, ts: body.message.ts,
			text: `acknowledged by <@${body.user.id}>` });
	});
	app.view('declare', async ({ ack, view, body, client }) => {
		const title = view.state.values.title_b.title_a.value;
		if (title === 'bad') {
			await ack({ response_action: 'errors', errors: { title_b: 'Not that one' } });
			return;
		}
		await ack();
		await client.chat.postMessage({ channel: body.user.id,
			text: `${title} ${view.state.values.sev_b.sev_a.selected_option.value}` });
	});
	app.view({ callback_id: 'declare', type: 'view_closed' }, async ({ ack, body, client }) => {
		await ack();
		await client.chat.postMessage({ channel: body.user.id, text: 'never mind' });
	});
	app.event('app_mention', async ({ event, client }) => {
		await client.chat.postMessage({ channel: event.channel, thread_ts: event.ts, text: 'you called?' });
	});
	app.event('reaction_added', async ({ event, client }) => {
		await client.reactions.add({ channel: event.item.channel, timestamp: event.item.ts, name: 'eyes' });
	});
	app.event('app_home_opened', async ({ event, client }) => {
		await client.views.publish({ user_id: event.user, view: { type: 'home',
			blocks: [{ type: 'header', text: { type: 'plain_text', text: 'All quiet' } }] } });
	});
	app.event('member_joined_channel', async ({ event, client }) => {
		await client.chat.postEphemeral({ channel: event.channel, user: event.user, text: 'welcome' });
	});
}

before(async () => {
	fake = await startFake('--rate-limits', 'off');
	app = new App({ token: BOT_TOKEN, appToken: APP_TOKEN, socketMode: true, logLevel: LogLevel.ERROR,
		clientOptions: { slackApiUrl: `${fake.url}/api/` } });
	listen();
	await app.start();
	await fake.wait({ what: 'sockets' });
});

after(async () => {
	await app.stop();
	assert.equal(await fake.stop(), 0);
});

test('a slash command is answered in its acknowledgement, by response_url and by the Web API', async () => {
	const answer = await fake.admin('slash',
		{ user: 'U0ADA', channel: 'C0WARROOM', command: '/incident', text: 'checkout & cart @ben' });
	assert.equal(answer.acked, true);
	assert.equal(answer.response.text, 'heard checkout &amp; cart <@U0BEN>');
	await fake.wait({ channel: 'C0WARROOM', contains: 'said by <@U0ADA>' });
	await fake.wait({ channel: 'C0WARROOM', contains: 'INC-1', from: 'bot' });
	await fake.wait({ what: 'ephemeral', user: 'U0ADA', contains: 'heard' });
});

test('a pressed button changes its message; metadata can be read back and outlives the change', async () => {
	const [message] = await fake.wait({ channel: 'C0WARROOM', contains: '*INC-1* open' });
	const pressed = await fake.admin('press',
		{ user: 'U0BEN', channel: 'C0WARROOM', ts: message.ts, text: 'Acknowledge' });
	assert.equal(pressed.acked, true);
	await fake.wait({ channel: 'C0WARROOM', ts: message.ts, contains: 'acknowledged by <@U0BEN>' });
	const history = async (all) => (await app.client.conversations.history({ channel: 'C0WARROOM',
		limit: 200, include_all_metadata: all })).messages.find((m) => m.ts === message.ts);
	assert.equal((await history(true)).metadata.event_payload.key, 'inc-1');
	assert.equal((await history(false)).metadata.event_payload, undefined);
	assert.equal((await history(true)).blocks, undefined);
});

test('a modal opens, shows errors, is submitted', async () => {
	await fake.admin('slash', { user: 'U0ADA', channel: 'C0WARROOM', command: '/incident', text: 'form' });
	await fake.wait({ what: 'view', user: 'U0ADA', callback_id: 'declare' });
	const empty = await fake.admin('submit', { user: 'U0ADA', values: { title_b: '' } });
	assert.equal(empty.submitted, false);
	assert.ok(empty.errors.title_b && empty.errors.sev_b);
	const bad = await fake.admin('submit', { user: 'U0ADA', values: { title_b: 'bad', sev_b: 'P0' } });
	assert.equal(bad.response_action, 'errors');
	assert.equal(bad.errors.title_b, 'Not that one');
	const good = await fake.admin('submit', { user: 'U0ADA', values: { title_b: 'Cart down', sev_b: 'P1' } });
	assert.equal(good.open_view, null);
	await fake.wait({ channel: 'D0ADA', contains: 'Cart down P1' });
});

test('a closed modal is told', async () => {
	await fake.admin('slash', { user: 'U0EVE', channel: 'C0WARROOM', command: '/incident', text: 'form' });
	await fake.wait({ what: 'view', user: 'U0EVE' });
	assert.equal((await fake.admin('close_view', { user: 'U0EVE' })).told, true);
	await fake.wait({ channel: 'D0EVE', contains: 'never mind' });
});

test('mentions, reactions, joins and the home tab arrive as events', async () => {
	const said = await fake.admin('message', { user: 'U0CHLOE', channel: 'payments', text: '@tocsin hello' });
	const [reply] = await fake.wait({ channel: 'payments', contains: 'you called?' });
	assert.equal(reply.thread_ts, said.ts);
	await fake.admin('react', { user: 'U0CHLOE', channel: 'payments', ts: said.ts, name: 'fire' });
	await fake.wait({ what: 'call', method: 'reactions.add' });
	await fake.admin('leave', { user: 'U0MIA', channel: 'payments' });
	await fake.admin('join', { user: 'U0MIA', channel: 'payments' });
	await fake.wait({ what: 'ephemeral', user: 'U0MIA', contains: 'welcome' });
	await fake.admin('home', { user: 'U0DEV' });
	await fake.wait({ what: 'view', type: 'home', user: 'U0DEV', contains: 'All quiet' });
});

test('the furniture of an incident channel', async () => {
	const { channel } = await app.client.conversations.create({ name: 'inc-1-checkout' });
	await app.client.conversations.setTopic({ channel: channel.id, topic: 'P0' });
	await app.client.conversations.invite({ channel: channel.id, users: 'U0ADA,U0BEN' });
	const { ts } = await app.client.chat.postMessage({ channel: channel.id, text: 'start here' });
	await app.client.pins.add({ channel: channel.id, timestamp: ts });
	await assert.rejects(app.client.pins.add({ channel: channel.id, timestamp: ts }), /already_pinned/);
	await app.client.bookmarks.add({ channel_id: channel.id, title: 'Dashboard', type: 'link',
		link: 'https://example.com/' });
	await assert.rejects(app.client.conversations.create({ name: 'inc-1-checkout' }), /name_taken/);
	const { channel: seen } = await app.client.conversations.info({ channel: channel.id });
	assert.equal(seen.topic.value, 'P0');
	await app.client.filesUploadV2({ channel_id: channel.id, filename: 'log.txt', content: 'hello' });
	await fake.wait({ channel: channel.id, subtype: 'file_share' });
	const users = await app.client.users.list({ limit: 2 });
	assert.equal(users.members.length, 2);
	assert.ok(users.response_metadata.next_cursor);
});

test('what Slack would refuse is refused, and noted', async () => {
	assert.deepEqual((await fake.admin('complaints')).complaints, []);
	await assert.rejects(app.client.chat.postMessage({ channel: 'C0WARROOM', text: 'x', blocks: [
		{ type: 'header', text: { type: 'plain_text', text: 'x'.repeat(151) } }] }), (error) => {
		assert.equal(error.data.error, 'invalid_blocks');
		assert.deepEqual(error.data.response_metadata.messages,
			['[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]']);
		return true;
	});
	assert.equal((await fake.admin('complaints?clear=1')).count, 1);
});

test('a disconnect frame and a cut socket are survived', async () => {
	await fake.admin('fault', { kind: 'disconnect', reason: 'refresh_requested', close_ms: 200 });
	await fake.wait({ what: 'sockets', count: 1, gone: true, timeout_ms: 20000 });
	await fake.wait({ what: 'sockets', count: 1, timeout_ms: 20000 });
	const answer = await fake.admin('slash',
		{ user: 'U0ADA', channel: 'C0WARROOM', command: '/incident', text: 'again' });
	assert.equal(answer.acked, true);
});
