#!/usr/bin/env python3
"""How much memory, how long from start to connected, and whether what is stored makes commands dearer.

Usage: tests/bench/size.py [--stored N,N,...] [--open N] [--commands N] [--starts N]
Stored incidents are copies of a real one, made inside Redis. Cost is processor time, of the bot and
of Redis, which says more than a rate on a machine with other work.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import house  # noqa: E402

os.environ.setdefault("TOCSIN_BUILD", os.path.join(house.ROOT, "build", "release"))
USERS = ["U0ADA", "U0BEN", "U0CHLOE", "U0DEV", "U0EVE"]

# Copies of the incident ARGV[1], numbers ARGV[2]..ARGV[3], with all that belongs to one.
COPY = """
local p = KEYS[1]
local doc = redis.call('HGETALL', p .. 'doc:incident:' .. ARGV[1])
local log = redis.call('LRANGE', p .. 'log:incident:' .. ARGV[1], 0, -1)
local score = redis.call('ZSCORE', p .. 'index:incident:open', ARGV[1])
for n = ARGV[2] + 0, ARGV[3] + 0 do
  local id = 'INC-' .. n
  for i = 2, #doc, 2 do
    if doc[i - 1] == 'd' then
      doc[i] = doc[i]:gsub('"id":"INC%-%d+","number":%d+', '"id":"' .. id .. '","number":' .. n, 1)
    end
  end
  redis.call('HSET', p .. 'doc:incident:' .. id, unpack(doc))
  redis.call('RPUSH', p .. 'log:incident:' .. id, unpack(log))
  redis.call('ZADD', p .. 'index:incident:open', score, id)
  redis.call('ZADD', p .. 'index:incident:place:C0WARROOM', score, id)
  redis.call('ZADD', p .. 'timers', score + 864000000 + n, 'incident:' .. id .. ':update')
  redis.call('HSET', p .. 'links', 'thread:slack:C0WARROOM:' .. n .. '.5', 'incident:' .. id)
  redis.call('HSET', p .. 'refs', 'r:' .. id .. '/root', 'C0WARROOM\\n' .. n .. '.5')
end
redis.call('HSET', p .. 'counts', 'incident', ARGV[3])
return ARGV[3]
"""


def cpu_s(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid):
    """MiB: resident, of which our own (not mapped from files)."""
    with open(f"/proc/{pid}/status") as f:
        kib = {k: int(v.split()[0]) for k, v in (line.split(":", 1) for line in f) if k in ("VmRSS", "RssAnon")}
    return kib["VmRSS"] / 1024, kib["RssAnon"] / 1024


class Bench:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="tocsin-bench-")
        self.plan = os.path.join(house.ROOT, "docker", "demo-plan.yaml")
        self.data = os.path.join(self.folder, "data")
        self.apart = False
        self.redis = house.Redis(self.folder, "everysec")
        self.slack = house.FakeSlack(self.folder, "--rate-limits", "off", "--quiet")
        self.process = None

    def bot(self):
        bot = house.Bot(self, "tocsin", log_level="warn")
        self.process = bot.process
        return bot

    def burst(self, text, n, concurrency):
        r = self.slack.call("/admin/burst", {"command": "/incident", "channel": "C0WARROOM", "users": USERS,
                                             "text": text, "n": n, "concurrency": concurrency}, 600)
        assert r["acked"] == n, r
        return r

    def declare(self):
        self.slack.slash("U0ADA", "C0WARROOM", "/incident P3 Button is grey")

    def store(self, first, last, batch=5000):
        """Redis writes no log meanwhile, and a whole one afterwards."""
        self.redis.command("CONFIG", "SET", "appendonly", "no")
        for at in range(first, last + 1, batch):
            done = self.redis.command("EVAL", COPY, 1, "tocsin:{main}:", "INC-1", at, min(at + batch - 1, last))
            assert done is not None
        self.redis.command("CONFIG", "SET", "appendonly", "yes")
        house.until("the log is written", lambda: "aof_rewrite_in_progress:0" in self.redis.command("INFO", "persistence")
                    and "aof_rewrite_scheduled:0" in self.redis.command("INFO", "persistence"), 600)

    def cost(self, text, n):
        """Microseconds of bot and of Redis per command; the best of three runs."""
        pids = self.process.child.pid, self.redis.process.child.pid
        rows = []
        for _ in range(3):
            before = [cpu_s(p) for p in pids]
            self.burst(text, n, 16)
            rows.append([(cpu_s(p) - b) / n * 1e6 for p, b in zip(pids, before)])
        return [min(r[i] for r in rows) for i in range(2)]

    def close(self):
        if self.process:
            self.process.kill()
        self.slack.process.stop()
        self.redis.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def start_times(b, n):
    times = []
    for _ in range(n):
        heard = []

        def wait():
            b.slack.call("/admin/wait", {"what": "sockets", "count": 1, "timeout_ms": 20000})
            heard.append(time.monotonic())
        waiter = threading.Thread(target=wait)
        waiter.start()
        time.sleep(0.05)  # the question must be there before the answer
        begin = time.monotonic()
        bot = b.bot()
        waiter.join()
        times.append((heard[0] - begin) * 1000)
        bot.wait_ready().process.stop()
        house.until("no socket is left", lambda: not b.slack.sockets())
    return times


def measure_starts(n):
    b = Bench()
    try:
        times = start_times(b, n)
        print(f"start to connected: median {statistics.median(times):.0f} ms, best {min(times):.0f} ms, of {len(times)}",
              flush=True)
    finally:
        b.close()


def measure_memory(commands):
    b = Bench()
    try:
        b.process = b.bot().wait_ready().process
        pid = b.process.child.pid
        print("memory in MiB, resident and (own):")
        print("  at rest                          %5.1f (%4.1f)" % memory(pid))
        for concurrency in (1, 16, 64, 256):
            b.burst("P3 Button is grey", commands, concurrency)
            print("  after %6d commands, %3d at once %5.1f (%4.1f)" % ((commands, concurrency) + memory(pid)), flush=True)
        b.process.kill()
    finally:
        b.close()


def measure_stored(stored, commands):
    """Two lists: (bot, Redis) microseconds of a declaration and of an update."""
    b = Bench()
    try:
        b.process = b.bot().wait_ready().process
        b.declare()
        b.process.kill()  # a bot gives numbers out itself: it must see those that we make
        b.store(2, stored)
        b.process = b.bot().wait_ready().process
        at_rest = memory(b.process.child.pid)
        b.burst("P3 Button is grey", 1000, 16)
        costs = [b.cost("P3 Button is grey", commands), b.cost("update INC-1 It is grey again", commands)]
        b.process.kill()
        print(f"  {stored:>8} stored: " + "; ".join(f"{what} {bot:.0f} + {redis:.0f}" for what, (bot, redis) in
              zip(("declare", "update"), costs)) + "; memory at rest %.1f (%.1f)" % at_rest, flush=True)
        return costs
    finally:
        b.close()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--stored", default="10,100000", help="numbers of stored incidents that are still open")
    p.add_argument("--commands", type=int, default=5000)
    p.add_argument("--starts", type=int, default=11)
    o = p.parse_args()
    measure_starts(o.starts)
    measure_memory(o.commands)
    print("microseconds of processor time per command, bot + Redis:")
    costs = [measure_stored(int(n), o.commands) for n in o.stored.split(",")]
    print("  last to first: " + ", ".join(f"{what} {sum(z) / sum(a):.2f} ×" for what, a, z in
          zip(("declare", "update"), costs[0], costs[-1])))


if __name__ == "__main__":
    main()
