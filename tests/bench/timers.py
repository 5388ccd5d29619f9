#!/usr/bin/env python3
"""Due timers, each with its full commit: tocsin's store, tasks and timers beside BullMQ.

Usage: tests/bench/timers.py [--pending N] [--due N] [--rounds N] [--no-bullmq]
A round is ours, then BullMQ's, on a fresh Redis with the same settings. Look at the ratios; the
figures themselves belong to the machine.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import house  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
os.environ.setdefault("TOCSIN_BUILD", os.path.join(house.ROOT, "build", "release"))


def packages():
    """What we compare with, fetched once."""
    if not os.path.isdir(os.path.join(HERE, "node_modules", "bullmq")):
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock"], cwd=HERE,
                       check=True, stdout=subprocess.DEVNULL)


def run(kind, fsync, *what):
    folder = tempfile.mkdtemp(prefix="tocsin-bench-")
    redis = house.Redis(folder, fsync)
    try:
        if kind == "tocsin":
            argv = [house.program("bench_timers"), redis.url]
        else:
            argv = ["node", os.path.join(HERE, "bullmq_timers.mjs"), redis.socket]
        out = subprocess.run(argv + [str(w) for w in what], check=True, stdout=subprocess.PIPE).stdout
        return json.loads(out)
    finally:
        redis.kill()
        shutil.rmtree(folder, ignore_errors=True)


def table(title, key, kinds, rows):
    print(f"\n{title}\n")
    print("| round | " + " | ".join(kinds) + (" | ratio |" if len(kinds) == 2 else " |"))
    print("| --- " * (len(kinds) + len(kinds)) + "|")
    for n, row in enumerate(rows, 1):
        cells = [f"{row[k][key]:.0f}" for k in kinds]
        if len(kinds) == 2:
            cells.append(f"{row[kinds[0]][key] / max(row[kinds[1]][key], 0.1):.2f}")
        print(f"| {n} | " + " | ".join(cells) + " |")
    if len(kinds) == 2:
        ratio = statistics.median(r[kinds[0]][key] / max(r[kinds[1]][key], 0.1) for r in rows)
        print(f"\nmedian ratio {ratio:.2f}", flush=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--pending", type=int, default=1000000)
    p.add_argument("--pending-bullmq", type=int, help="fewer for BullMQ, whose seeding takes minutes")
    p.add_argument("--due", type=int, default=100000)
    p.add_argument("--per-second", type=int, default=1000)
    p.add_argument("--seconds", type=int, default=10)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--fsync", default="everysec")
    p.add_argument("--no-bullmq", action="store_true")
    o = p.parse_args()
    kinds = ["tocsin"] if o.no_bullmq else ["tocsin", "BullMQ"]
    if not o.no_bullmq:
        packages()
    pending = {"tocsin": o.pending, "BullMQ": o.pending_bullmq or o.pending}
    drains, rates = [], []
    for _ in range(o.rounds):
        drains.append({k: run(k, o.fsync, "drain", pending[k], o.due) for k in kinds})
        rates.append({k: run(k, o.fsync, "rate", o.per_second, o.per_second * o.seconds) for k in kinds})
    table(f"Timers a second: {o.due} due at once among {pending}, fsync {o.fsync}", "per_second", kinds, drains)
    table(f"Late by, p50 in ms: {o.per_second} due a second", "late_p50_ms", kinds, rates)
    table(f"Late by, p99 in ms: {o.per_second} due a second", "late_p99_ms", kinds, rates)


if __name__ == "__main__":
    main()
