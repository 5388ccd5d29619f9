// webhook.test.mjs - our signed webhooks, taken by the reference library of Standard Webhooks.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { smallPlan, startBot } from './bot.mjs';
import { startFake } from './fake.mjs';

test('the reference library accepts what the bot sends, and the same message twice after a 503', async () => {
	const secret = `whsec_${randomBytes(32).toString('base64')}`;
	const taken = [];
	let arrived;
	const server = createServer((request, response) => {
		let body = '';
		request.on('data', (data) => { body += data; });
		request.on('end', () => {
			taken.push({ headers: request.headers, body });
			response.statusCode = taken.length === 1 ? 503 : 204;
			response.end();
			if (taken.length === 2) arrived();
		});
	});
	const twice = new Promise((resolve) => { arrived = resolve; });
	await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
	const fake = await startFake();
	const bot = await startBot(fake, smallPlan('bridge',
		`connections: {bridge: {kind: webhook, url: "http://127.0.0.1:${server.address().port}/in", secret: "\${BRIDGE}"}}`),
	{ BRIDGE: secret });
	try {
		await fake.admin('slash', { user: 'U0BEN', channel: 'C0WARROOM', command: '/incident', text: 'P0 Café “down” 🔥' });
		await twice;
		for (const { headers, body } of taken) {
			const event = new Webhook(secret).verify(body, headers);
			assert.equal(event.type, 'incident.page');
			assert.equal(event.data.id, 'INC-1');
			assert.equal(event.data.title, 'Café “down” 🔥');
			assert.ok(event.data.text.includes('Café “down” 🔥'));
			assert.ok(!Number.isNaN(Date.parse(event.timestamp)));
			assert.throws(() => new Webhook(secret).verify(`${body} `, headers));
			assert.throws(() => new Webhook(`whsec_${randomBytes(32).toString('base64')}`).verify(body, headers));
		}
		assert.equal(taken[0].headers['webhook-id'], taken[1].headers['webhook-id']);
	} finally {
		assert.equal(await bot.stop(), 0);
		await fake.stop();
		server.close();
	}
});
