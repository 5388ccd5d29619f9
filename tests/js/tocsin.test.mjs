// tocsin.test.mjs - a visitor of the demo plays an incident in a real browser, with the real bot
// behind the page: declared, nobody answers, the backup and the leads are paged, one of them
// acknowledges, an update, the end, the timeline. The clock is fast, as in the demo.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { demoPlan, startBot } from './bot.mjs';
import { startFake } from './fake.mjs';

const SHOTS = process.env.PAGE_SHOTS; // a folder: screenshots are kept there
let fake, bot, browser, page;
const faults = [];
const shot = (name) => (SHOTS ? page.screenshot({ path: `${SHOTS}/${name}.png` }) : null);

before(async () => {
	fake = await startFake();
	bot = await startBot(fake, demoPlan(), {}, ['--clock-speed', '120', '--log-level', 'error']);
	browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic',
		'--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
	page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
	page.setDefaultTimeout(30000);
	page.on('pageerror', (error) => faults.push(String(error)));
	page.on('console', (line) => { if (line.type() === 'error') faults.push(line.text()); });
	await page.goto(fake.url);
	await page.getByRole('heading', { name: '# war-room' }).waitFor();
});

after(async () => {
	await browser?.close();
	const code = await bot?.stop();
	const { complaints } = await fake.admin('complaints');
	assert.equal(await fake.stop(), 0);
	assert.equal(code, 0);
	assert.deepEqual(faults, []);
	assert.deepEqual(complaints, []);
});

async function type(text) {
	await page.getByLabel('Message', { exact: true }).fill(text);
	await page.getByLabel('Message', { exact: true }).press('Enter');
}

const be = (name) => page.getByRole('radio', { name }).click();
const messages = () => page.locator('#messages');
const says = (words) => messages().getByText(words).first().waitFor();
const toTocsin = () => page.locator('#ims button').first().click();

test('somebody declares a P0: the pinned message, the private answer, a channel of its own', async () => {
	await type('/incident P0 Checkout returns 500s');
	await says('INC-1 is declared');
	await messages().getByRole('heading', { name: 'P0 INC-1: Checkout returns 500s' }).waitFor();
	await says('nobody yet');
	await page.getByRole('button', { name: '1 pinned' }).waitFor();
	await page.locator('#sidebar', { hasText: 'inc-1-checkout-returns-500s' }).waitFor();
	await shot('1-declared');
	await page.getByRole('button', { name: /\d repl/ }).first().click();
	await page.getByRole('complementary', { name: 'Thread' }).getByText('The talk about INC-1 goes on').waitFor();
	await shot('2-thread');
	await page.locator('#panel-close').click();
	await page.locator('#sidebar').getByText('inc-1-checkout-returns-500s').click();
	await page.locator('#topic', { hasText: 'P0 INC-1' }).waitFor();
	await says('We are looking into it: Checkout returns 500s');
	await says('What is missing');
	await page.getByRole('link', { name: /Checkout dashboard/ }).first().waitFor();
	await shot('3-room');
});

test('nobody answers: who is on call, the backup, the leads are paged in turn', async () => {
	for (const name of ['Ada Park', 'Ben Ortiz', 'Chloé Roy']) {
		await be(name);
		await toTocsin();
		await says('You are paged');
		await messages().getByRole('button', { name: 'Acknowledge' }).first().waitFor();
		await shot(`4-page-${name.split(' ')[0]}`);
	}
});

test('a lead presses Acknowledge: the page, the pinned message and the channel say who has it', async () => {
	await messages().getByRole('button', { name: 'Acknowledge' }).first().click();
	await says('You have it.');
	assert.equal(await messages().getByRole('button', { name: 'Acknowledge' }).count(), 0);
	await shot('5-acknowledged');
	await be('Ada Park');
	await toTocsin();
	await says('Chloé Roy has it.');
	await page.locator('#sidebar').getByText('inc-1-checkout-returns-500s').click();
	await says('@Chloé Roy has it.');
	await shot('6-room-acknowledged');
});

test('an update by form and one by word, people talk, it is resolved', async () => {
	await be('Chloé Roy');
	await messages().getByRole('button', { name: 'Update' }).first().click();
	const dialog = page.getByRole('dialog');
	await dialog.getByRole('heading', { name: 'Update on INC-1' }).waitFor();
	await shot('7-update-form');
	await dialog.getByLabel('What is new?').fill('The payment gateway refuses every card since the 18:00 deploy.');
	await dialog.getByLabel('Status').selectOption('identified');
	await dialog.getByRole('button', { name: 'Post' }).click();
	await says('The payment gateway refuses every card');
	await be('Ben Ortiz');
	await type('Rolled the gateway back, the error rate is falling');
	await be('Chloé Roy');
	await type('/incident update monitoring: errors are gone for five minutes');
	await says('errors are gone for five minutes');
	await type('/incident resolve Gateway rolled back, checkout works again');
	await says('INC-1 is resolved');
	await shot('8-resolved');
	await page.locator('[data-channel=C0WARROOM]').click();
	await says('How it ended:');
	assert.equal(await messages().getByRole('button', { name: 'Acknowledge' }).count(), 0);
	await shot('9-war-room');
});

test('the timeline tells it in order', async () => {
	await type('/incident timeline INC-1');
	await says('Timeline of INC-1');
	const told = await messages().locator('article', { hasText: 'Timeline of INC-1' }).last().innerText();
	const order = ['Ada Park declared it as P0: Checkout returns 500s', 'paged Ada Park by chat', 'paged Ben Ortiz by chat', 'paged Chloé Roy by chat',
		'Chloé Roy acknowledged', 'update: The payment gateway', 'Ben Ortiz wrote: Rolled the gateway back', 'Chloé Roy resolved it: Gateway rolled back'];
	const at = order.map((words) => told.indexOf(words));
	assert.ok(at.every((n, i) => n >= 0 && (i === 0 || n > at[i - 1])), `${JSON.stringify(at)} in ${told}`);
	await shot('10-timeline');
});
