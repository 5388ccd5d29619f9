"""Slash command to acknowledgement, the whole commit before it: tocsin beside Bolt + ioredis.

Usage: tests/bench/ack.py [COMMANDS_PER_RUN]
Same fake Slack, same Redis settings, one after the other in one run. Look at the ratios; the
figures themselves belong to the machine.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import house  # noqa: E402
from house import Bot, FakeSlack, Process, Redis, ROOT, until  # noqa: E402

os.environ.setdefault("TOCSIN_BUILD", os.path.join(ROOT, "build", "release"))
HERE = os.path.dirname(os.path.abspath(__file__))
USERS = [f"U0{n}" for n in ("ADA", "BEN", "CHLOE", "DEV", "EVE")]


def usage_of(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    with open(f"/proc/{pid}/status") as f:
        rss = next(int(line.split()[1]) for line in f if line.startswith("VmRSS")) / 1024
    return cpu, rss


class Fixture:
    def __init__(self, fsync):
        self.folder = tempfile.mkdtemp(prefix="tocsin-bench-")
        self.plan = os.path.join(ROOT, "docker", "demo-plan.yaml")
        self.data = os.path.join(self.folder, "data")
        self.redis = Redis(self.folder, fsync)
        self.slack = FakeSlack(self.folder, "--rate-limits", "off", "--quiet")

    def start(self, kind):
        if kind == "tocsin":
            return Bot(self, "tocsin", log_level="warn").wait_ready().process
        node = Process("bolt", ["node", os.path.join(HERE, "bolt_app.mjs")], self.folder,
                       {"REDIS_SOCKET": self.redis.socket, "SLACK_API_URL": self.slack.url + "/api/"})
        until("bolt is ready", lambda: "ready" in node.tail() or not node.alive())
        return node

    def stop(self):
        self.slack.process.stop()
        self.redis.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def measure(kind, fsync, n, in_flight_list):
    f = Fixture(fsync)
    rows = {}
    try:
        p = f.start(kind)
        pid = p.child.pid
        idle = usage_of(pid)[1]
        body = {"command": "/incident", "channel": "C0WARROOM", "users": USERS}
        for in_flight in in_flight_list:
            count = n if in_flight > 1 else max(n // 5, 500)
            f.slack.call("/admin/burst", dict(body, text="P3 warm up", n=max(count // 10, 100),
                                              concurrency=in_flight), 600)
            before = usage_of(pid)[0]
            r = f.slack.call("/admin/burst", dict(body, text="P3 Button is grey", n=count,
                                                  concurrency=in_flight), 600)
            after, rss = usage_of(pid)
            if r["acked"] != count:
                raise SystemExit(f"{kind}: {r} — {p.tail()}")
            rows[in_flight] = dict(rate=r["per_second"], p50=r["p50_us"] / 1000, p99=r["p99_us"] / 1000,
                                   cpu_us=(after - before) / count * 1e6, rss=rss, idle=idle)
        p.kill()
    finally:
        f.stop()
    return rows


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
    flights = [1, 16, 64, 256]
    print("| fsync | in flight | tocsin/s | p50 ms | p99 ms | µs CPU | MiB | Bolt/s | p50 ms | p99 ms | µs CPU | MiB | rate | p99 | CPU |")
    print("| --- " * 15 + "|")
    for fsync in ("everysec", "always"):
        ours = measure("tocsin", fsync, n, flights)
        bolt = measure("bolt", fsync, n, flights)
        for k in flights:
            a, b = ours[k], bolt[k]
            print(f"| {fsync} | {k} | {a['rate']:.0f} | {a['p50']:.2f} | {a['p99']:.2f} | {a['cpu_us']:.0f} | {a['rss']:.1f} "
                  f"| {b['rate']:.0f} | {b['p50']:.2f} | {b['p99']:.2f} | {b['cpu_us']:.0f} | {b['rss']:.1f} "
                  f"| {a['rate'] / b['rate']:.2f} × | {a['p99'] / b['p99']:.2f} × | {a['cpu_us'] / b['cpu_us']:.2f} × |", flush=True)


if __name__ == "__main__":
    main()
