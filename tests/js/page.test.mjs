// page.test.mjs - a visitor plays the workspace in a real browser, with a small app behind it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import bolt from '@slack/bolt';
import { chromium } from 'playwright-core';
import { APP_TOKEN, BOT_TOKEN, startFake } from './fake.mjs';

const { App, LogLevel } = bolt;
const plain = (text) => ({ type: 'plain_text', text });
let fake, app, browser, page;
const faults = [];

const modal = {
	type: 'modal', callback_id: 'hotfix', notify_on_close: true, title: plain('Request a hotfix'), submit: plain('Request'), close: plain('Not now'),
	blocks: [
		{ type: 'section', text: { type: 'mrkdwn', text: 'Tell the leads *what* and *why*.' } },
		{ type: 'input', block_id: 'what', label: plain('What is to be changed?'), element: { type: 'plain_text_input', action_id: 'v', max_length: 60, placeholder: plain('one line') } },
		{ type: 'input', block_id: 'why', optional: true, label: plain('Why now?'), hint: plain('Who is hurt by waiting'), element: { type: 'plain_text_input', action_id: 'v', multiline: true } },
		{ type: 'input', block_id: 'sev', label: plain('Severity'), element: { type: 'static_select', action_id: 'v', options: ['P0', 'P1', 'P2'].map((s) => ({ text: plain(s), value: s })) } },
		{ type: 'input', block_id: 'owner', label: plain('Owner'), element: { type: 'users_select', action_id: 'v' } },
		{ type: 'input', block_id: 'checks', optional: true, label: plain('Done so far'), element: { type: 'checkboxes', action_id: 'v', options: ['Tested', 'Reviewed'].map((s) => ({ text: plain(s), value: s })) } },
		{ type: 'input', block_id: 'day', optional: true, label: plain('Day'), element: { type: 'datepicker', action_id: 'v' } },
	],
};

function incident(text, user, acked) {
	return { text: `P0 ${text}`, blocks: [
		{ type: 'header', text: plain(`P0 ${text}`) },
		{ type: 'section', fields: [`*Declared by*\n<@${user}>`, '*Severity*\nP0', '*On call*\n<@U0BEN>', '*Started*\n<!date^1763650000^{time}|14:46 UTC>'].map((t) => ({ type: 'mrkdwn', text: t })) },
		{ type: 'divider' },
		...(acked ? [{ type: 'section', text: { type: 'mrkdwn', text: `:white_check_mark: Acknowledged by <@${acked}>` } }] : [{ type: 'actions', elements: [
			{ type: 'button', action_id: 'ack', style: 'primary', value: '1', text: plain('Acknowledge') },
			{ type: 'button', action_id: 'stop', style: 'danger', value: '1', text: plain('Close'), confirm: { title: plain('Close it?'), text: plain('Nobody will be paged any more.'), confirm: plain('Close it'), deny: plain('Keep open') } }] }]),
		{ type: 'context', elements: [{ type: 'mrkdwn', text: 'INC-1 · paging <@U0BEN> by phone in 5 minutes · `tocsin`' }] } ] };
}

function listen() {
	app.command('/incident', async ({ command, ack, client }) => {
		await ack({ text: 'Declared. I am paging the people on call.' });
		const { ts } = await client.chat.postMessage({ channel: command.channel_id, ...incident(command.text, command.user_id) });
		await client.pins.add({ channel: command.channel_id, timestamp: ts });
		await client.conversations.setTopic({ channel: command.channel_id, topic: 'P0 open: checkout' });
		await client.bookmarks.add({ channel_id: command.channel_id, title: 'Checkout dashboard', type: 'link', link: 'https://example.com/' });
		await client.chat.postMessage({ channel: command.channel_id, thread_ts: ts, text: 'What is the impact? Answer here, <@U0ADA>.' });
	});
	app.command('/hotfix', async ({ command, ack, client }) => {
		await ack();
		await client.views.open({ trigger_id: command.trigger_id, view: modal });
	});
	app.action('ack', async ({ ack, body, client }) => {
		await ack();
		await client.chat.update({ channel: body.channel.id, ts: body.message.ts, ...incident('Checkout returns 500s', 'U0ADA', body.user.id) });
	});
	app.action('stop', async ({ ack, respond }) => {
		await ack();
		await respond({ replace_original: true, text: 'closed' });
	});
	app.view('hotfix', async ({ ack, view, body, client }) => {
		const v = view.state.values;
		if (v.what.v.value === 'everything') {
			await ack({ response_action: 'errors', errors: { what: 'Too much at once' } });
			return;
		}
		await ack();
		await client.chat.postMessage({ channel: 'C0PAYMENTS', text: `Hotfix ${v.sev.v.selected_option.value}: ${v.what.v.value}, <@${v.owner.v.selected_user}>, ` +
			`${v.checks.v.selected_options.map((o) => o.value).join('+')} ${v.day.v.selected_date} asked by <@${body.user.id}>` });
	});
	app.event('app_home_opened', async ({ event, client }) => {
		await client.views.publish({ user_id: event.user, view: { type: 'home', blocks: [{ type: 'header', text: plain('You are on call until 18:00') }] } });
	});
}

const SHOTS = process.env.PAGE_SHOTS; // a folder: screenshots are kept there
const shot = (name) => (SHOTS ? page.screenshot({ path: `${SHOTS}/${name}.png` }) : null);

before(async () => {
	fake = await startFake('--rate-limits', 'off');
	app = new App({ token: BOT_TOKEN, appToken: APP_TOKEN, socketMode: true, logLevel: LogLevel.ERROR, clientOptions: { slackApiUrl: `${fake.url}/api/` } });
	listen();
	await app.start();
	await fake.wait({ what: 'sockets' });
	browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic',
		'--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
	page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
	page.setDefaultTimeout(10000);
	page.on('pageerror', (error) => faults.push(String(error)));
	page.on('console', (line) => { if (line.type() === 'error') faults.push(line.text()); });
	await page.goto(fake.url);
	await page.getByRole('heading', { name: '# war-room' }).waitFor();
});

after(async () => {
	await browser?.close();
	await app?.stop();
	assert.equal(await fake.stop(), 0);
	assert.deepEqual(faults, []);
});

async function type(text) {
	await page.getByLabel('Message', { exact: true }).fill(text);
	await page.getByLabel('Message', { exact: true }).press('Enter');
}

const be = (name) => page.getByRole('radio', { name }).click();

test('a slash command is answered: privately, in the channel, in a thread, in the furniture', async () => {
	assert.match(await page.title(), /war-room/);
	await type('/incident Checkout returns 500s');
	await page.getByText('Declared. I am paging').waitFor();
	await page.getByText('Only visible to you').waitFor();
	await page.getByRole('heading', { name: 'P0 Checkout returns 500s' }).waitFor();
	await page.locator('#topic', { hasText: 'P0 open: checkout' }).waitFor();
	await page.getByRole('link', { name: /Checkout dashboard/ }).waitFor();
	await page.getByRole('button', { name: '1 pinned' }).waitFor();
	await page.getByRole('button', { name: '1 reply' }).click();
	await page.getByRole('complementary', { name: 'Thread' }).getByText('What is the impact?').waitFor();
	await page.getByLabel('Reply in thread', { exact: true }).and(page.locator('textarea')).fill('All card payments fail in the EU');
	await page.keyboard.press('Enter');
	await page.getByRole('button', { name: '2 replies' }).waitFor();
	await shot('incident');
	await page.getByRole('button', { name: 'Close', exact: true }).and(page.locator('#panel-close')).click();
});

test('somebody else sees what is not private, is asked before a dangerous button, and acknowledges', async () => {
	await be('Ben Ortiz');
	await page.getByText('You are Ben Ortiz').waitFor();
	await page.getByText('Declared. I am paging').waitFor({ state: 'detached' });
	await page.locator('#messages').getByRole('button', { name: 'Close', exact: true }).click();
	await page.getByRole('heading', { name: 'Close it?' }).waitFor();
	await shot('confirm');
	await page.getByRole('button', { name: 'Keep open' }).click();
	await page.getByRole('button', { name: 'Acknowledge' }).click();
	await page.locator('#messages').getByText('Acknowledged by').waitFor();
	assert.equal(await page.getByRole('button', { name: 'Acknowledge' }).count(), 0);
});

test('a modal checks its inputs, shows the errors of the app, and is submitted', async () => {
	await page.locator('[data-channel=C0PAYMENTS]').click();
	await type('/hotfix');
	const dialog = page.getByRole('dialog');
	await dialog.getByRole('heading', { name: 'Request a hotfix' }).waitFor();
	await dialog.getByRole('button', { name: 'Request', exact: true }).click();
	await dialog.getByText('Please complete this required field.').first().waitFor();
	await dialog.getByLabel('What is to be changed?').fill('everything');
	await dialog.getByLabel('Severity').selectOption('P1');
	await dialog.getByLabel('Owner').selectOption('U0CHLOE');
	await dialog.getByLabel('Tested').check();
	await dialog.getByLabel('Day').fill('2026-01-28');
	await dialog.getByRole('button', { name: 'Request', exact: true }).click();
	await dialog.getByText('Too much at once').waitFor();
	await shot('modal');
	await dialog.getByLabel('What is to be changed?').fill('the retry limit');
	await dialog.getByRole('button', { name: 'Request', exact: true }).click();
	await dialog.waitFor({ state: 'detached' }).catch(() => dialog.waitFor({ state: 'hidden' }));
	await page.locator('#messages').getByText('Hotfix P1: the retry limit').waitFor();
	assert.match(await page.locator('#messages').innerText(), /@Chloé Roy, Tested 2026-01-28 asked by @Ben Ortiz/);
});

test('messages, mentions and reactions of one person reach another; unread channels are marked', async () => {
	await be('Chloé Roy');
	await page.locator('[data-channel=C0WARROOM].unread').waitFor();
	await page.locator('[data-channel=C0COMMUNITY]').click();
	await page.getByLabel('Message', { exact: true }).pressSequentially('hello @be');
	await page.getByRole('option', { name: /@ben/ }).waitFor();
	await page.keyboard.press('Tab');
	await page.keyboard.type('look <b>here</b> & *there*');
	await page.keyboard.press('Enter');
	await page.locator('#messages').getByText('<b>here</b> &').waitFor();
	await page.locator('#messages strong', { hasText: 'there' }).waitFor();
	await page.locator('#messages article').last().hover();
	await page.getByRole('button', { name: 'Add a reaction' }).last().click();
	await page.getByRole('button', { name: 'eyes' }).last().click();
	await page.locator('.reaction.mine').waitFor();
	await be('Ben Ortiz');
	await page.locator('#messages .mention.you').waitFor();
	await page.locator('.reaction').waitFor();
	await shot('community');
});

test('an unknown command and an app that is away are told', async () => {
	await type('/nonsense');
	await page.getByText('/nonsense is not a valid command').waitFor();
	await fake.admin('config', { ack_ms: 200 });
	await type('/oncall');
	await page.getByText(/\/oncall failed with the error/).waitFor();
	await fake.admin('config', { ack_ms: 3000 });
});

test('the home tab', async () => {
	await page.locator('#ims button').click();
	await page.getByRole('button', { name: 'Messages' }).waitFor();
	await page.getByRole('button', { name: 'Home', exact: true }).click();
	await page.getByRole('heading', { name: 'You are on call until 18:00' }).waitFor();
	await shot('home');
});

test('it fits a telephone', async () => {
	await page.setViewportSize({ width: 390, height: 780 });
	await page.getByRole('button', { name: 'Channels' }).click();
	await page.locator('#sidebar.open').evaluate((node) => Promise.all(node.getAnimations().map((a) => a.finished)));
	await shot('drawer');
	await page.locator('[data-channel=C0WARROOM]').click();
	await page.getByRole('heading', { name: '# war-room' }).waitFor();
	assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
	await shot('phone');
});
