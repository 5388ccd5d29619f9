// rota.test.mjs - random rotations and moments: our answers against an implementation of its own
// that walks turn by turn from the begin, with luxon's time zones.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { IANAZone } from 'luxon';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const ROTATIONS = Number(process.env.ROTA_ROTATIONS || 600);
const TIMES = 60;
const MINUTE = 60e3, HOUR = 3600e3, DAY = 24 * HOUR;
const ZONES = ['America/New_York', 'Europe/Berlin', 'Australia/Lord_Howe', 'UTC', 'Asia/Kolkata',
	'America/Phoenix', 'Pacific/Chatham', 'America/Santiago', 'Europe/London', 'Asia/Tokyo'];

function tool() {
	const found = ['asan', 'release', 'dev', 'debug'].map((b) => join(root, 'build', b, 'tests', 'oncall_ask'))
		.filter((p) => existsSync(p)).sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
	if (!found.length) throw new Error('oncall_ask is not built');
	return found[0];
}

// A seed that is told, so that a failure can be played again.
let seed = Number(process.env.ROTA_SEED || Date.now() % 2 ** 31);
const first = seed;
function random(n) {
	seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
	return Math.floor(seed / 2 ** 32 * n);
}

// --- the other implementation -------------------------------------------------------------------

const offsets = new Map();
function offset(zone, ms) {
	const bucket = Math.floor(ms / (15 * MINUTE));
	const key = zone + bucket;
	let minutes = offsets.get(key);
	if (minutes === undefined) {
		minutes = IANAZone.create(zone).offset(bucket * 15 * MINUTE);
		offsets.set(key, minutes);
	}
	return minutes * MINUTE;
}

// The first instant that shows this local time; where none does, as before the change of the clock.
function instant(zone, local) {
	const tried = [...new Set([offset(zone, local - DAY), offset(zone, local + DAY)])].map((o) => local - o)
		.filter((t) => t + offset(zone, t) === local);
	return tried.length ? Math.min(...tried) : local - offset(zone, local - DAY);
}

function begins(q) {
	const from = q.from ?? Date.UTC(2024, 0, 1);
	let day = Math.floor((from + offset(q.zone, from)) / DAY) + 1;
	while (instant(q.zone, day * DAY + q.minute * MINUTE) > from ||
		(q.weekday >= 0 && new Date(day * DAY).getUTCDay() !== q.weekday)) day--;
	return { from, local: day * DAY + q.minute * MINUTE };
}

// All hand-offs from two turns before the first question to behind the last one, walked.
function walk(q, low, high) {
	const { from, local } = begins(q);
	const turns = [];
	let zero = null;
	for (let k = 0, l = local; ; k++, l += q.every_s * 1000) {
		const at = instant(q.zone, l);
		turns.push({ k, at });
		if (at > Math.max(high, from) + 3 * DAY + q.every_s * 1000) break;
	}
	for (let k = -1, l = local - q.every_s * 1000; turns[0].at > Math.min(low, from); k--, l -= q.every_s * 1000)
		turns.unshift({ k, at: instant(q.zone, l) });
	for (const t of turns) if (t.at <= from) zero = t.k;
	return { turns, zero };
}

function open(q, at) {
	if (!q.days) return true;
	const today = Math.floor((at + offset(q.zone, at)) / DAY);
	for (let day = today - 2; day <= today + 1; day++) {
		if (!(q.days >> new Date(day * DAY).getUTCDay() & 1)) continue;
		const last = q.close > q.open ? day : day + 1;
		if (instant(q.zone, day * DAY + q.open * MINUTE) <= at && at < instant(q.zone, last * DAY + q.close * MINUTE))
			return true;
	}
	return false;
}

function answers(q) {
	const { turns, zero } = walk(q, Math.min(...q.at), Math.max(...q.at));
	return q.at.map((at) => {
		let low = 0, high = turns.length;
		while (high - low > 1) {
			const mid = (low + high) >> 1;
			if (turns[mid].at <= at) low = mid; else high = mid;
		}
		const there = (q.from === null || at >= q.from) && (q.to === null || at < q.to) && open(q, at);
		const who = (((turns[low].k - zero) % q.people) + q.people) % q.people;
		return [there ? who : -1, turns[low + 1].at];
	});
}

// --- questions ------------------------------------------------------------------------------------

// Changes of the clock in these years, to the quarter of an hour.
const changes = new Map();
function clockChanges(zone) {
	if (changes.has(zone)) return changes.get(zone);
	const found = [];
	for (let at = Date.UTC(2019, 0, 1); at < Date.UTC(2036, 0, 1); at += 7 * DAY) {
		if (offset(zone, at) === offset(zone, at + 7 * DAY)) continue;
		let low = at, high = at + 7 * DAY;
		while (high - low > 15 * MINUTE) {
			const mid = low + Math.floor((high - low) / 2 / (15 * MINUTE)) * 15 * MINUTE;
			if (offset(zone, mid) === offset(zone, low)) low = mid; else high = mid;
		}
		found.push(high);
	}
	changes.set(zone, found);
	return found;
}

function question() {
	const zone = ZONES[random(ZONES.length)];
	const hours = [1, 2, 5, 6, 8, 12, 24, 24, 24, 48, 72, 168, 168, 168, 336][random(15)];
	const q = { zone, every_s: hours * 3600, people: 1 + random(12), weekday: -1,
		minute: random(3) ? 15 * random(96) : 2 * 60 + 15 * random(4), days: 0, open: 0, close: 0, from: null, to: null };
	if (hours % 168 === 0) q.weekday = random(7);
	if (random(4)) q.from = Date.UTC(2019, random(12), 1 + random(28), random(24), 15 * random(4));
	if (q.from !== null && !random(4)) q.to = q.from + (1 + random(3000)) * DAY;
	if (!random(3)) Object.assign(q, { days: 1 + random(127), open: 15 * random(96), close: 15 * random(96) });
	const span = hours < 24 ? 2 : 15, base = q.from ?? Date.UTC(2023, 6, 1);
	const near = clockChanges(zone).filter((c) => c < base + span * 365 * DAY && c > base - 200 * DAY);
	q.at = Array.from({ length: TIMES }, () => {
		if (near.length && random(2)) return near[random(near.length)] + (random(2) ? random(61) - 30 : random(6000) - 3000) * MINUTE + random(2) * 500;
		return base - 100 * DAY + Math.floor(random(span * 365 * 24 * 60) * MINUTE);
	});
	return q;
}

test('random rotations and moments', () => {
	const questions = Array.from({ length: ROTATIONS }, question);
	const ran = spawnSync(tool(), [], { input: JSON.stringify(questions), maxBuffer: 1 << 28, encoding: 'utf8' });
	assert.equal(ran.status, 0, ran.stderr);
	const ours = JSON.parse(ran.stdout);
	let pairs = 0, people = 0;
	questions.forEach((q, i) => {
		const theirs = answers(q);
		theirs.forEach((t, k) => {
			assert.deepEqual(ours[i][k], t, `seed ${first}, ${JSON.stringify({ ...q, at: new Date(q.at[k]).toISOString() })}`);
			pairs++;
			people += t[0] >= 0;
		});
	});
	assert.equal(pairs, ROTATIONS * TIMES);
	assert.ok(people > pairs / 4);
	console.log(`# ${pairs} pairs, seed ${first}`);
});
