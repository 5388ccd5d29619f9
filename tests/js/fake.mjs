// fake.mjs - starts the fake Slack for a test and speaks its admin API.
import { spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');

export const BOT_TOKEN = 'xoxb-fake-bot-token';
export const APP_TOKEN = 'xapp-1-A0TOCSIN-fake';

// FAKE_SLACK names the binary; else the one that was built last.
function binary() {
	if (process.env.FAKE_SLACK) return process.env.FAKE_SLACK;
	const found = ['build', ...['asan', 'release', 'dev', 'debug', 'fake'].map((b) => join('build', b))]
		.map((b) => join(root, b, 'tests', 'fake_slack')).filter((p) => existsSync(p))
		.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
	if (!found.length) throw new Error('fake_slack is not built; set FAKE_SLACK to its path');
	return found[0];
}

export async function startFake(...options) {
	const child = spawn(binary(), ['--port', '0', '--quiet', ...options],
		{ stdio: ['ignore', 'pipe', 'inherit'] });
	const url = await new Promise((resolve, reject) => {
		let text = '';
		child.stdout.on('data', (data) => {
			text += data;
			const match = /listening on (http:\S+)/.exec(text);
			if (match) resolve(match[1]);
		});
		child.once('exit', (code) => reject(new Error(`fake_slack ended with ${code}`)));
	});
	const call = async (name, body) => {
		const response = await fetch(`${url}/admin/${name}`, body === undefined ? {} :
			{ method: 'POST', body: JSON.stringify(body) });
		return response.json();
	};
	return {
		url,
		admin: call,
		// Waits for a condition; fails the test when it does not come.
		async wait(filter) {
			const answer = await call('wait', { timeout_ms: 10000, ...filter });
			if (!answer.found) throw new Error(`never came: ${JSON.stringify(filter)}`);
			return answer.items;
		},
		// Ends the fake; resolves to its exit code, which tells of leaks.
		stop() {
			return new Promise((resolve) => {
				child.once('exit', resolve);
				child.kill('SIGTERM');
			});
		},
	};
}
