// picture.mjs - makes the picture of the README: node picture.mjs ../../docs/images/workspace.png
import { chromium } from 'playwright-core';
import { demoPlan, startBot } from './bot.mjs';
import { startFake } from './fake.mjs';

const path = process.argv[2];
if (!path) throw new Error('usage: node picture.mjs FILE.png');
const fake = await startFake('--rate-limits', 'off', '--page-label', 'a demo of tocsin');
const bot = await startBot(fake, demoPlan(), {}, ['--clock-speed', '60', '--log-level', 'error']);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });

const say = (user, line, thread) => (line.startsWith('/')
	? fake.admin('slash', { user, channel: 'C0WARROOM', command: '/incident', text: line.replace('/incident ', '') })
	: fake.admin('message', { user, channel: 'C0WARROOM', text: line, thread_ts: thread }));
const seen = (contains) => fake.wait({ channel: 'C0WARROOM', contains, timeout_ms: 30000 });

try {
	await say('U0ADA', '/incident P1 Checkout returns 500s');
	const [root] = await seen('INC-1: Checkout returns 500s');
	await seen('We are looking into it');
	await seen('Ben Ortiz, chat');
	await fake.wait({ user: 'U0TOCSIN', contains: 'production.backup', timeout_ms: 30000 });
	const state = await fake.admin('state');
	const dm = state.channels.find((c) => c.is_im && c.user === 'U0BEN');
	const { messages } = await fake.admin(`messages?channel=${dm.id}`);
	await fake.admin('press', { user: 'U0BEN', channel: dm.id, ts: messages.at(-1).ts, text: 'Acknowledge' });
	await seen('Ben Ortiz has it');
	await say('U0BEN', 'Every card payment fails since the 14:00 deploy of the gateway.', root.ts);
	await say('U0BEN', '/incident update identified: the new gateway build refuses every card; rolling it back');
	await seen('Update on INC-1');
	await fake.wait({ what: 'quiet' });
	await page.goto(fake.url);
	await page.getByRole('heading', { name: '# war-room' }).waitFor();
	await page.getByRole('radio', { name: 'Chloé Roy' }).click();
	await page.getByRole('button', { name: 'What to try' }).click();
	await page.getByRole('button', { name: /\d repl/ }).first().click();
	await page.getByRole('complementary', { name: 'Thread' }).getByText('Update on INC-1').waitFor();
	await page.locator('#messages').getByText('Last update').waitFor();
	await page.locator('#messages').evaluate((node) => { node.scrollTop = 0; });
	await page.screenshot({ path });
} finally {
	await browser.close();
	await bot.stop();
	await fake.stop();
}
