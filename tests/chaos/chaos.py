"""Chaos: the bot, Redis and the network are broken on purpose while people work.

Usage: chaos.py [usual|long] [WORDS...]   only the tests whose name holds all the words

Each test says which promises of docs/architecture.md it tries to break. What must hold in the end
is in judge.py.
"""

import concurrent.futures
import os
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "support")]
from house import HouseError  # noqa: E402
import bad_input  # noqa: E402
import kills  # noqa: E402
import outages  # noqa: E402
import several  # noqa: E402
import slack_trouble  # noqa: E402
import surroundings  # noqa: E402

AT_ONCE = int(os.environ.get("CHAOS_AT_ONCE", "10"))  # most of a test is waiting


def collect(form):
    for module in (kills, outages, slack_trouble, several, bad_input, surroundings):
        yield from module.scenarios(form)


def run(name, promises, test):
    began = time.monotonic()
    print(f"  ...    {name}", flush=True) if os.environ.get("CHAOS_TALK") else None
    try:
        test()
        fault = None
    except HouseError as e:
        fault = str(e)
    except Exception:
        fault = traceback.format_exc()
    took = time.monotonic() - began
    tries = ", ".join(str(p) for p in promises)
    print(f"  {'FAILED' if fault else 'ok    '} {name} (tries to break promise {tries}; {took:.0f} s)"
          + (f"\n    {fault}" if fault else ""), flush=True)
    return fault is None


def main():
    form = sys.argv[1] if len(sys.argv) > 1 else "usual"
    if form not in ("usual", "long"):
        print(__doc__, file=sys.stderr)
        return 2
    words = sys.argv[2:]
    tests = [t for t in collect(form) if all(w in t[0] for w in words)]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(lambda t: run(*t), tests))
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if tests and all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
