// Due jobs of BullMQ, each doing what a reminder does: its document is read, then one Lua commit
// (document, log entry, next date, promise, remembered request).
//
//   node bullmq_timers.mjs SOCKET drain PENDING DUE   DUE jobs at one moment among PENDING others
//   node bullmq_timers.mjs SOCKET rate PER_SECOND N   N jobs spread over time: how late are they?
import { Queue, Worker } from 'bullmq';
import Redis from 'ioredis';

const [socket, mode, a, b] = process.argv.slice(2);
const drain = mode === 'drain';
const pending = drain ? Number(a) : 0;
const want = Number(b);
const concurrency = Number(process.env.CONCURRENCY || 100);
const batch = 1000;

const commit = `
local seen = redis.call('SET', KEYS[1], '', 'NX', 'GET', 'PX', 90000000)
if seen then return 1 end
if (redis.call('HGET', KEYS[2], 'v') or '') ~= ARGV[1] then return 2 end
redis.call('HSET', KEYS[2], 'v', ARGV[2], 'd', ARGV[3], 'h', ARGV[4])
redis.call('RPUSH', KEYS[3], ARGV[5])
redis.call('ZADD', KEYS[4], ARGV[6], ARGV[7])
redis.call('XADD', KEYS[5], '*', 'e', ARGV[8])
return 0`;
const connection = () => new Redis(socket, { maxRetriesPerRequest: null });
const redis = new Redis(socket, { enableAutoPipelining: true });
redis.defineCommand('commit', { numberOfKeys: 5, lua: commit });
const doc = JSON.stringify({ title: 'Checkout returns 500s', severity: 'P3', reminded: 1 });
const p = 'b:{bench}:';

const queue = new Queue('timers', { connection: connection(), defaultJobOptions: { removeOnComplete: true } });
const now = Date.now();
const far = 864000000;
for (let at = 0; at < pending; at += batch)
  await queue.addBulk(Array.from({ length: Math.min(batch, pending - at) }, (_, i) => ({ name: 't', data: at + i,
    opts: { delay: far + at + i } })));
const seeding = drain ? Math.max(5000, want / 3) : Math.max(3000, want / 2);
const due = Date.now() + seeding;
const spread = drain ? 0 : 1000 / Number(a);
for (let at = 0; at < want; at += batch)
  await queue.addBulk(Array.from({ length: Math.min(batch, want - at) }, (_, i) => {
    const when = due + (at + i) * spread;
    return { name: 't', data: pending + at + i, opts: { delay: Math.max(Math.round(when - Date.now()), 1) } };
  }));
if (drain && Date.now() > due)
  console.error('seeding took longer than thought: some were due before others');
if (drain)
  await new Promise((r) => setTimeout(r, Math.max(due - Date.now(), 0) + 1100));

const late = [];
let finished;
const done = new Promise((r) => { finished = r; });
const start = process.hrtime.bigint();
const worker = new Worker('timers', async (job) => {
  const id = `bench:${job.data}`;
  late.push(Date.now() - (job.timestamp + job.opts.delay));
  const [v] = await redis.hmget(`${p}doc:${id}`, 'v', 'd', 'g', 'h');
  const version = Number((v || '0').split(':')[0]);
  const r = await redis.commit(`${p}seen:${id}`, `${p}doc:${id}`, `${p}log:${id}`, `${p}next`, `${p}out`, v || '',
    `${version + 1}:${version + 1}`, doc, '0'.repeat(64), `1 ${now} ${'0'.repeat(64)} {"what":"reminded"}`, now + 3600000,
    `n:${id}`, `{"op":"bench","entity":"${id}","data":${doc}}`);
  if (r !== 0)
    throw new Error(`commit: ${r}`);
}, { connection: connection(), concurrency, removeOnComplete: { count: 0 } });
let completed = 0;
worker.on('completed', () => { if (++completed === want) finished(); });
worker.on('failed', (job, e) => { console.error(String(e)); process.exit(1); });
worker.on('error', (e) => { console.error(String(e)); process.exit(1); });
await done;
const seconds = Number(process.hrtime.bigint() - start) / 1e9;
late.sort((x, y) => x - y);
console.log(JSON.stringify({ timers: want, seconds, per_second: want / seconds,
  late_p50_ms: late[Math.floor(want / 2)], late_p99_ms: late[Math.floor(want * 0.99)] }));
process.exit(0);
