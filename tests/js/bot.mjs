// bot.mjs - starts the real bot beside a fake Slack, with a Redis of its own, for a test.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { APP_TOKEN, BOT_TOKEN } from './fake.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

// TOCSIN names the program; else the one that was built last.
function binary() {
	if (process.env.TOCSIN) return process.env.TOCSIN;
	const found = ['asan', 'release', 'dev'].map((b) => join(root, 'build', b, 'tocsin')).filter((p) => existsSync(p))
		.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
	if (!found.length) throw new Error('tocsin is not built; set TOCSIN to its path');
	return found[0];
}

// fake: of startFake(). plan: YAML. options: more of the command line. Resolves when the bot is ready.
export async function startBot(fake, plan, env = {}, options = []) {
	const folder = mkdtempSync(join(tmpdir(), 'tocsin-js-'));
	const ready = join(folder, 'ready');
	writeFileSync(join(folder, 'plan.yaml'), plan);
	const child = spawn(binary(), ['run', '--plan', join(folder, 'plan.yaml'), '--listen', '127.0.0.1:0',
		'--data', join(folder, 'data'), '--ready-file', ready, ...options], {
		stdio: ['ignore', 'ignore', 'inherit'],
		env: { ...process.env, SLACK_BOT_TOKEN: BOT_TOKEN, SLACK_APP_TOKEN: APP_TOKEN, SLACK_API_URL: `${fake.url}/api/`, ...env },
	});
	let ended = null;
	child.once('exit', (code) => { ended = code ?? -1; });
	for (let i = 0; !existsSync(ready); i++) {
		if (ended !== null || i > 3000) throw new Error(`the bot did not become ready (${ended})`);
		await new Promise((resolve) => setTimeout(resolve, 10));
	}
	return {
		url: `http://127.0.0.1:${readFileSync(ready, 'utf8').trim()}`,
		// Ends the bot; resolves to its exit code, which tells of leaks.
		async stop() {
			const code = ended ?? await new Promise((resolve) => {
				child.once('exit', resolve);
				child.kill('SIGTERM');
			});
			rmSync(folder, { recursive: true, force: true });
			return code;
		},
	};
}

// The plan of the demo, wherever it is written to.
export const demoPlan = () => readFileSync(join(root, 'docker', 'demo-plan.yaml'), 'utf8').replaceAll('file:demo-alert-token', `file:${join(root, 'docker', 'demo-alert-token')}`);

// One person, one severity, paged at once by `way`.
export const smallPlan = (way, more = '') => `tocsin: 1
name: Small
timezone: UTC
channels: {war-room: {slack: C0WARROOM}}
people:
  ada: {name: Ada Park, slack: U0ADA, mail: ada@example.com, reach: [{via: ${way}}]}
  ben: {name: Ben Ortiz, slack: U0BEN}
severities: {P0: {means: It is down, ack: 5m, ladder: all}}
ladders: {all: [{page: ada}]}
incident: {id: "INC-{n}", notify: {channel: war-room}}
${more}`;
