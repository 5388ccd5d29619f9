// The official framework doing the work of `/incident P3 TITLE`: one Lua commit in Redis (number, document,
// log, index, outbox, remembered answer), then the acknowledgement with a text.
import bolt from '@slack/bolt';
import Redis from 'ioredis';

const script = `
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', 90000000) == false then return {0, redis.call('GET', KEYS[1])} end
local n = redis.call('INCR', KEYS[2])
local id = 'INC-' .. n
redis.call('HSET', KEYS[3] .. id, 'v', 1, 'doc', ARGV[2])
redis.call('XADD', KEYS[4] .. id, '*', 'e', ARGV[3], 'h', ARGV[5])
redis.call('ZADD', KEYS[5], ARGV[4], id)
redis.call('ZADD', KEYS[6], ARGV[4] + 60000, 'remind:' .. id)
redis.call('XADD', KEYS[7], '*', 'to', ARGV[6], 'data', ARGV[2])
redis.call('XADD', KEYS[7], '*', 'to', ARGV[6], 'data', ARGV[2])
return {1, id}`;

const redis = new Redis(process.env.REDIS_SOCKET, { enableAutoPipelining: true });
redis.defineCommand('commit', { numberOfKeys: 7, lua: script });

const app = new bolt.App({
  token: 'xoxb-fake-bot-token', appToken: 'xapp-1-A0TOCSIN-fake', socketMode: true,
  clientOptions: { slackApiUrl: process.env.SLACK_API_URL }, logLevel: 'error',
});
const p = 'b:{bench}:';
app.command('/incident', async ({ command, ack, body }) => {
  const now = Date.now();
  const doc = JSON.stringify({ title: command.text, severity: 'P3', status: 'investigating', at: now,
    by: command.user_id, channel: command.channel_id, roles: [], answers: [], paging: { state: 'idle' } });
  const entry = JSON.stringify({ t: now, what: 'declared', by: command.user_id, text: command.text });
  const [, id] = await redis.commit(p + 'd:' + body.trigger_id, p + 'n', p + 'doc:', p + 'log:', p + 'open', p + 'timers',
    p + 'outbox', 'answer', doc, entry, now, '0'.repeat(64), 'C0WARROOM');
  await ack({ text: `${id} is declared`, response_type: 'ephemeral' });
});
await app.start();
console.log('ready');
