// http.test.mjs - HTTP mode: the SDK's own receiver checks our signatures.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import bolt from '@slack/bolt';
import { BOT_TOKEN, startFake } from './fake.mjs';

const { App, LogLevel } = bolt;
const SECRET = '8f742231b10e8888abcd99yyyzzz85a5';
let fake, app, port;

function freePort() {
	return new Promise((resolve) => {
		const server = createServer().listen(0, '127.0.0.1', () => {
			const found = server.address().port;
			server.close(() => resolve(found));
		});
	});
}

before(async () => {
	port = await freePort();
	fake = await startFake('--rate-limits', 'off', '--events-url', `http://127.0.0.1:${port}/slack/events`,
		'--commands-url', `http://127.0.0.1:${port}/slack/commands`, '--signing-secret', SECRET);
	app = new App({ token: BOT_TOKEN, signingSecret: SECRET, endpoints: ['/slack/events', '/slack/commands'], logLevel: LogLevel.ERROR, clientOptions: { slackApiUrl: `${fake.url}/api/` } });
	app.command('/incident', async ({ command, ack, respond }) => {
		await ack({ response_type: 'in_channel', text: `heard ${command.text}` });
		await respond('and more');
	});
	app.event('app_mention', async ({ event, client }) => {
		await client.chat.postMessage({ channel: event.channel, text: 'pressed?', blocks: [{ type: 'actions', elements: [
			{ type: 'button', action_id: 'go', value: 'é &+1', text: { type: 'plain_text', text: 'Go' } }] }] });
	});
	app.action('go', async ({ ack, action, respond }) => {
		await ack();
		await respond({ replace_original: true, text: `got ${action.value.length}` });
	});
	await app.start(port);
});

after(async () => {
	await app.stop();
	assert.equal(await fake.stop(), 0);
});

test('the URL is verified; a wrong or old signature is refused', async () => {
	assert.deepEqual(JSON.parse((await fake.admin('http', {})).body), { challenge: 'fake-challenge' });
	assert.equal((await fake.admin('http', { secret: 'wrong' })).status, 401);
	assert.equal((await fake.admin('http', { timestamp: 1531420618 })).status, 401);
});

test('a command, an event, a button', async () => {
	const answer = await fake.admin('slash', { user: 'U0ADA', channel: 'C0WARROOM', command: '/incident', text: 'tea & é' });
	assert.equal(answer.response.text, 'heard tea &amp; é');
	await fake.wait({ what: 'ephemeral', contains: 'and more' });
	await fake.admin('message', { user: 'U0ADA', channel: 'C0WARROOM', text: '@tocsin hello' });
	const [message] = await fake.wait({ channel: 'C0WARROOM', contains: 'pressed?' });
	assert.equal((await fake.admin('press', { user: 'U0BEN', channel: 'C0WARROOM', ts: message.ts, text: 'Go' })).acked, true);
	await fake.wait({ channel: 'C0WARROOM', contains: 'got 5' });
});
