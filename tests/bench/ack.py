#!/usr/bin/env python3
"""Slash command to acknowledgement, the whole commit before it: tocsin beside Bolt + ioredis.

Usage: tests/bench/ack.py [--commands N] [--rounds N] [--in-flight N,N,...] [--fsync MODE,...]
Each has its own fake Slack and its own Redis, with the same settings; they are measured in turns,
and the median of the rounds counts. Look at the ratios; the figures belong to the machine.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from house import Bot, FakeSlack, Process, Redis, ROOT, until  # noqa: E402

os.environ.setdefault("TOCSIN_BUILD", os.path.join(ROOT, "build", "release"))
HERE = os.path.dirname(os.path.abspath(__file__))
USERS = [f"U0{n}" for n in ("ADA", "BEN", "CHLOE", "DEV", "EVE")]
BODY = {"command": "/incident", "channel": "C0WARROOM", "users": USERS, "text": "P3 Button is grey"}


def packages():
    """What we compare with, fetched once."""
    if not os.path.isdir(os.path.join(HERE, "node_modules", "@slack", "bolt")):
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock"], cwd=HERE, check=True,
                       stdout=subprocess.DEVNULL)


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
        self.apart = False
        self.redis = Redis(self.folder, fsync)
        self.slack = FakeSlack(self.folder, "--rate-limits", "off", "--quiet")

    def start(self, kind):
        if kind == "tocsin":
            return Bot(self, "tocsin", log_level="warn").wait_ready().process
        packages()
        node = Process("bolt", ["node", os.path.join(HERE, "bolt_app.mjs")], self.folder,
                       {"REDIS_SOCKET": self.redis.socket, "SLACK_API_URL": self.slack.url + "/api/"})
        until("bolt is ready", lambda: "ready" in node.tail() or not node.alive())
        return node

    def stop(self):
        self.slack.process.stop()
        self.redis.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Side:
    def __init__(self, kind, fsync):
        self.kind = kind
        self.fixture = Fixture(fsync)
        self.process = None
        try:
            self.process = self.fixture.start(kind)
        except BaseException:
            self.stop()
            raise

    def burst(self, n, in_flight):
        r = self.fixture.slack.call("/admin/burst", dict(BODY, n=n, concurrency=in_flight), 600)
        if r["acked"] != n:
            raise SystemExit(f"{self.kind}: {r}\n{self.process.tail()}")
        return r

    def measure(self, n, in_flight):
        pids = self.process.child.pid, self.fixture.redis.process.child.pid
        before = [usage_of(p)[0] for p in pids]
        r = self.burst(n, in_flight)
        after = [usage_of(p)[0] for p in pids]
        return dict(rate=r["per_second"], p50=r["p50_us"] / 1000, p99=r["p99_us"] / 1000,
                    cpu=(after[0] - before[0]) / n * 1e6, redis=(after[1] - before[1]) / n * 1e6,
                    rss=usage_of(pids[0])[1])

    def stop(self):
        if self.process:
            self.process.kill()
        self.fixture.stop()


def median(rows, key):
    return statistics.median(r[key] for r in rows)


def line(fsync, k, a, b):
    """Ratios are of rounds, so that each compares what ran at about the same time."""
    ratio = {key: statistics.median(x[key] / max(y[key], 1e-9) for x, y in zip(a, b)) for key in ("rate", "p99", "cpu")}
    cells = [fsync, str(k)]
    for rows in (a, b):
        cells += [f"{median(rows, 'rate'):.0f}", f"{median(rows, 'p50'):.2f}", f"{median(rows, 'p99'):.2f}",
                  f"{median(rows, 'cpu'):.0f} + {median(rows, 'redis'):.0f}", f"{median(rows, 'rss'):.1f}"]
    cells += [f"{ratio['rate']:.2f}", f"{ratio['p99']:.2f}", f"{ratio['cpu']:.2f}"]
    print("| " + " | ".join(cells) + " |", flush=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--commands", type=int, default=5000, help="of one round")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--in-flight", default="1,16,64,256")
    p.add_argument("--fsync", default="everysec,always")
    o = p.parse_args()
    head = ["fsync", "in flight", "tocsin/s", "p50 ms", "p99 ms", "CPU µs, own + Redis", "MiB", "Bolt/s", "p50 ms", "p99 ms",
            "CPU µs, own + Redis", "MiB", "rate", "p99", "CPU"]
    print("| " + " | ".join(head) + " |\n" + "| --- " * len(head) + "|", flush=True)
    for fsync in o.fsync.split(","):
        sides = []
        try:
            for kind in ("tocsin", "bolt"):
                sides.append(Side(kind, fsync))
            for s in sides:
                s.burst(2000, 64)  # warm: the optimiser of the other side, caches of ours
            for k in [int(k) for k in o.in_flight.split(",")]:
                n = o.commands if k > 1 else max(o.commands // 3, 300)
                rows = [[s.measure(n, k) for s in sides] for _ in range(o.rounds)]
                line(fsync, k, [r[0] for r in rows], [r[1] for r in rows])
        finally:
            for s in sides:
                s.stop()


if __name__ == "__main__":
    main()
