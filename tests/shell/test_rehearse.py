#!/usr/bin/env python3
"""`tocsin rehearse` and `tocsin oncall`: what docs/plans/README.md shows is what they print, and bad
command lines are answered."""

import os
import shlex
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PLANS = os.path.join(ROOT, "docs", "plans")
TOCSIN = os.path.join(os.path.abspath(os.environ.get("TOCSIN_BUILD", os.path.join(ROOT, "build", "asan"))), "tocsin")

FAULTS = [
    ("rehearse", 2, "the plan is missing"),
    ("rehearse launch-day.yaml", 2, "--severity is missing"),
    ("rehearse launch-day.yaml --severity P9", 2, "it has: P0, P1, P2, P3"),
    ("rehearse launch-day.yaml --severity P0 --at 2026-02-30", 2, "--at:"),
    ("rehearse launch-day.yaml --severity P0 --until acked-by nobody at +5m", 2, "has no person nobody"),
    ("rehearse launch-day.yaml --severity P0 --until later", 2, "--until is:"),
    ("rehearse launch-day.yaml --severity P0 --until acked-by ada at soon", 2, "not a duration"),
    ("rehearse launch-day.yaml --severity P0 --wrong x", 2, "there is no option"),
    ("rehearse no-such-plan.yaml --severity P0", 1, "no-such-plan.yaml"),
    ("oncall", 2, "the plan is missing"),
    ("oncall launch-day.yaml --from 2026-01-28", 2, "--from TIME and --to TIME"),
    ("oncall launch-day.yaml --from 2026-01-29 --to 2026-01-28", 2, "must be later"),
    ("oncall launch-day.yaml --at noon", 2, "noon"),
    ("oncall launch-day.yaml --schedule nothing", 2, "has no schedule"),
    ("oncall no-such-plan.yaml", 1, "no-such-plan.yaml"),
]


def run(line):
    return subprocess.run([TOCSIN] + shlex.split(line), cwd=PLANS, capture_output=True, text=True, timeout=120)


def documented():
    """The blocks of the page that begin with a command: (command, what is printed)."""
    with open(os.path.join(PLANS, "README.md"), encoding="utf-8") as f:
        blocks = f.read().split("```\n")[1::2]
    for block in blocks:
        first, _, rest = block.partition("\n")
        assert first.startswith("$ tocsin "), first
        yield first[len("$ tocsin "):], rest


def main():
    faults, played = [], 0
    for line, expected in documented():
        result = run(line)
        played += 1
        if result.returncode != 0 or result.stdout != expected:
            faults.append(f"tocsin {line}\n--- expected\n{expected}--- printed\n{result.stdout}{result.stderr}")
    for line, code, words in FAULTS:
        result = run(line)
        if result.returncode != code or words not in result.stderr:
            faults.append(f"tocsin {line}: exit {result.returncode}, {result.stderr}")
    for line in ("rehearse --help", "oncall --help"):
        result = run(line)
        if result.returncode != 0 or "usage:" not in result.stdout:
            faults.append(f"tocsin {line}: exit {result.returncode}")
    assert played >= 12, played
    print("\n".join(faults) or f"{played} documented runs, {len(FAULTS)} faults: all as expected")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
