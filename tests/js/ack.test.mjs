// ack.test.mjs - the link in a mail, opened in a real browser: a look changes nothing, the button does.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { chromium } from 'playwright-core';
import { smallPlan, startBot } from './bot.mjs';
import { startFake } from './fake.mjs';

const SECRET = 'a secret of this test, long enough';

// The token as docs/operating.md describes it, made without any of the bot's code.
function token(command, person) {
	const payload = Buffer.from(JSON.stringify({ cmd: command, person, exp: Math.floor(Date.now() / 1000) + 600 }));
	const key = createHmac('sha256', SECRET).update('tocsin acknowledgement link v1').digest();
	return `${payload.toString('base64url')}.${createHmac('sha256', key).update(payload).digest('base64url')}`;
}

test('the page of a signed link', async () => {
	const fake = await startFake();
	const bot = await startBot(fake, smallPlan('chat'), { TOCSIN_SECRET: SECRET });
	const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
	const room = async () => JSON.stringify(await fake.admin('messages?channel=C0WARROOM'));
	try {
		const page = await browser.newPage();
		const faults = [];
		page.on('console', (line) => faults.push(line.text()));
		page.on('pageerror', (error) => faults.push(String(error)));
		await fake.admin('slash', { user: 'U0BEN', channel: 'C0WARROOM', command: '/incident', text: 'P0 Checkout returns 500s' });
		while (!(await room()).includes('Acknowledged: nobody yet')) await new Promise((r) => setTimeout(r, 10));

		await page.goto(`${bot.url}/ack?t=${token('incident ack INC-1', 'ada')}`);
		assert.equal(await page.textContent('h1'), 'Acknowledge INC-1?');
		assert.match(await page.textContent('main'), /as Ada Park/);
		// The style was allowed by the page's policy: its nonce is right.
		assert.equal(await page.$eval('button', (b) => getComputedStyle(b).backgroundColor), 'rgb(0, 122, 90)');
		assert.ok((await room()).includes('Acknowledged: nobody yet'), 'a look acknowledged');
		if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/ack.png` });

		await Promise.all([page.waitForURL(`${bot.url}/ack`), page.click('button')]);
		assert.equal(await page.textContent('h1'), 'Done');
		while (!(await room()).includes('Acknowledged: Ada Park')) await new Promise((r) => setTimeout(r, 10));
		if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/ack-done.png` });

		await page.goto(`${bot.url}/ack?t=${token('incident ack INC-1', 'ada').replace(/.$/, '')}`);
		assert.equal(await page.textContent('h1'), 'This link does not work');
		assert.deepEqual(faults.filter((f) => !f.includes('400') && !f.includes('favicon')), []);
	} finally {
		await browser.close();
		assert.equal(await bot.stop(), 0);
		await fake.stop();
	}
});
