#!/usr/bin/env python3
"""Random rules of repetition, beside python-dateutil and zoneinfo: no difference.

Skipped where python-dateutil is not installed. TOCSIN_SEED chooses other rules.
"""

import os
import random
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

try:
    from dateutil.rrule import rrulestr
except ImportError:
    print("skipped: python-dateutil is not installed")
    sys.exit(77)

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
BUILD = os.environ.get("TOCSIN_BUILD", os.path.join(ROOT, "build", "dev"))
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
ZONES = ["Europe/Berlin", "America/New_York", "Asia/Tokyo", "Australia/Lord_Howe"]
PAIRS = 4000


def random_rule(rng):
    freq = rng.choice(["DAILY", "WEEKLY", "WEEKLY", "MONTHLY", "YEARLY"])
    rule, interval = f"FREQ={freq}", rng.choice([1, 1, 2, 3, 5])
    if freq == "DAILY" and rng.random() < .3:
        rule, interval = rule + ";BYDAY=MO,TU,WE,TH,FR", 1
    if freq == "WEEKLY" and rng.random() < .6:
        rule += ";BYDAY=" + ",".join(sorted(rng.sample(DAYS, rng.randint(1, 4)), key=DAYS.index))
        if rng.random() < .5:
            rule += ";WKST=" + rng.choice(["MO", "SU"])
    if freq == "MONTHLY":
        kind = rng.random()
        if kind < .3:
            rule += f";BYDAY={rng.choice([-2, -1, 1, 2, 3, 5])}{rng.choice(DAYS)}"
        elif kind < .6:
            rule += f";BYMONTHDAY={rng.choice([-3, -1, 1, 15, 29, 31])}"
    if interval > 1:
        rule += f";INTERVAL={interval}"
    if rng.random() < .3:
        rule += f";COUNT={rng.randint(1, 60)}"
    return rule


def unix(local, zone):
    return int(local.replace(tzinfo=zone).timestamp())


def main():
    rng = random.Random(int(os.environ.get("TOCSIN_SEED", "7")))
    lines, wanted = [], []
    for _ in range(PAIRS):
        name, rule = rng.choice(ZONES), random_rule(rng)
        zone = ZoneInfo(name)
        start = datetime(rng.randint(2015, 2030), rng.randint(1, 12), rng.randint(1, 28),
                         rng.choice([0, 2, 9, 13, 17]), rng.choice([0, 30]))
        begin = start + timedelta(days=rng.randint(-100, 3000))
        end = begin + timedelta(days=rng.randint(1, 200))
        span = unix(begin, timezone.utc), unix(end, timezone.utc)
        found = []
        for local in rrulestr(rule, dtstart=start).between(begin - timedelta(days=3), end + timedelta(days=3), inc=True):
            first, last = unix(local, zone), unix(local + timedelta(hours=1), zone)
            if first < span[1] and last > span[0] and last > first:
                found.append(first)
        lines.append(f"{name} {start:%Y%m%dT%H%M%S} {rule} {span[0]} {span[1]}")
        wanted.append(found)
    answers = subprocess.run([os.path.join(BUILD, "tests", "calendar_span")], input="\n".join(lines) + "\n",
                             capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(answers) == PAIRS, f"{len(answers)} answers"
    for line, want, got in zip(lines, wanted, answers):
        assert got == "".join(f"{t} " for t in want), f"{line}\nwanted {want}\ngot    {got}"
    total = sum(len(w) for w in wanted)
    assert total > PAIRS
    print(f"ok: {PAIRS} rules, {total} occurrences")


if __name__ == "__main__":
    main()
