// The official framework doing the work of `/incident P3 TITLE`: one Lua commit in Redis with the same reads and
// writes, of the same size, as tocsin's (number, document, log entry, two indexes, three promises, remembered
// answer), then the acknowledgement with the same text and button.
import bolt from '@slack/bolt';
import Redis from 'ioredis';

// Like tocsin, it gives numbers out itself and the commit checks them.
const script = `
local used = redis.call('HGET', KEYS[2], 'incident')
if used and used + 0 >= ARGV[9] + 0 then return {2, used} end
if redis.call('HGET', KEYS[3], 'v') then return {2, ''} end
local reply = redis.call('SET', KEYS[1], ARGV[1], 'NX', 'GET', 'PX', 90000000)
if reply then return {1, reply} end
redis.call('HSET', KEYS[2], 'incident', ARGV[9])
redis.call('HSET', KEYS[3], 'v', '1:1', 'd', ARGV[2], 'g', 'e1', 'h', ARGV[3])
redis.call('RPUSH', KEYS[4], ARGV[4])
redis.call('ZADD', KEYS[5], ARGV[5], KEYS[3])
redis.call('ZADD', KEYS[6], ARGV[5], KEYS[3])
redis.call('XADD', KEYS[7], '*', 'e', ARGV[6])
redis.call('XADD', KEYS[7], '*', 'e', ARGV[7])
redis.call('XADD', KEYS[7], '*', 'e', ARGV[8])
return 0`;

const redis = new Redis(process.env.REDIS_SOCKET, { enableAutoPipelining: true });
redis.defineCommand('commit', { numberOfKeys: 7, lua: script });

const app = new bolt.App({
  token: 'xoxb-fake-bot-token', appToken: 'xapp-1-A0TOCSIN-fake', socketMode: true,
  clientOptions: { slackApiUrl: process.env.SLACK_API_URL }, logLevel: 'error',
});
const names = { U0ADA: ['ada', 'Ada Park'], U0BEN: ['ben', 'Ben Ortiz'], U0CHLOE: ['chloe', 'Chloé Roy'],
  U0DEV: ['dev', 'Dev Rao'], U0EVE: ['eve', 'Eve Stone'] };
const links = [{ title: 'Checkout dashboard', url: 'https://grafana.example.com/d/checkout' },
  { title: 'Runbook', url: 'https://docs.example.com/runbooks/checkout' }];
const asks = ['How does this affect users?', 'Error type', 'Which systems are involved?', 'Since when?'];
const p = 'b:{bench}:';

let last = 0;

function work(command, now) {
  const number = ++last;
  const id = `INC-${number}`;
  const [person, name] = names[command.user_id];
  const [, severity, title] = /^(P\d) (.*)$/.exec(command.text);
  const by = { person, user: command.user_id, name };
  const roles = [{ role: 'coordinator', who: { person: 'chloe', user: 'U0CHLOE', name: 'Chloé Roy' }, at: now },
    { role: 'tech-lead', who: { person: 'ada', user: 'U0ADA', name: 'Ada Park' }, at: now }];
  const place = { platform: 1, channel: command.channel_id };
  const doc = { id, number, title, severity, status: 'investigating', declared: now, declared_by: by,
    activity: now, roles, answers: [], items: [], home: place, origin: place, seq: 1,
    paging: { state: 'idle', epoch: 1, started: now, base: now }, reminders: {} };
  const root = { id, title, severity, status: 'investigating', investigating: true, open: true, drill: false,
    channel: command.channel_id, means: 'Cosmetic, or a request', declared: Math.floor(now / 1000),
    declared_by: { name, person }, roles: roles.map((r) => ({ role: r.role, who: { name: r.who.name, person: r.who.person } })),
    vacant: [{ role: 'scribe' }], vacancies: true, unacked: true, links, linked: true };
  const first = { ...root, answers: [], missing: asks.map((ask, i) => ({ ask, next: i > 0 })), known: false, lacking: true,
    mentions: [{ name: 'Ada Park', person: 'ada', next: false }, { name: 'Chloé Roy', person: 'chloe', next: true }],
    told: true, informed: [], informs: false, pages: false };
  const promise = (op, key, data) => JSON.stringify({ op, key: `${id}/${key}`, entity: `incident:${id}`,
    channel: command.channel_id, ref: `${id}/root`, template: `incident/${key}`, data, created: now });
  const text = `*${id} is declared* as ${severity}: ${title}\n\nThe talk is in its thread.`;
  const reply = { response_type: 'ephemeral', text, blocks: [
    { type: 'section', text: { type: 'mrkdwn', text, verbatim: true } },
    { type: 'actions', elements: [{ type: 'button', action_id: 'do',
      text: { type: 'plain_text', text: "Answer the plan's questions" }, value: `incident form ${id}` }] }] };
  const entry = { t: now, what: 'declared', by, text: title, severity };
  return { id, reply, args: [JSON.stringify(reply), JSON.stringify(doc), '0'.repeat(64),
    `1 ${now} ${'0'.repeat(64)} ${JSON.stringify(entry)}`, now, promise('chat.post', 'root', root),
    promise('chat.pin', 'pin', undefined), promise('chat.post', 'first', first), number] };
}

app.command('/incident', async ({ command, ack, body }) => {
  const { id, reply, args } = work(command, Date.now());
  const done = await redis.commit(p + 'seen:' + body.trigger_id, p + 'counts', p + 'doc:' + id, p + 'log:' + id, p + 'open',
    p + 'place:' + command.channel_id, p + 'outbox', ...args);
  await ack(done === 0 ? reply : 'not recorded');
});
await app.start();
console.log('ready');
