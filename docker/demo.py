"""Starts the bot and the fake Slack, prints the page's address, waits for Ctrl-C."""

import argparse
import os
import signal
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "support"))
from house import House  # noqa: E402


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--port", type=int, default=8055)
    p.add_argument("--speed", type=float, default=30)
    o = p.parse_args()

    over = threading.Event()
    for s in (signal.SIGINT, signal.SIGTERM):
        signal.signal(s, lambda *_: over.set())
    with House(plan="docker/demo-plan.yaml", redis=False, fake_args=("--port", str(o.port))) as h:
        bot = h.bot("tocsin", speed=o.speed).wait_ready()
        print(f"""
tocsin is in the workspace:  {h.slack.url}
its health and metrics:      {bot.http}/healthz  {bot.http}/metrics

Open the first address, choose who you are, and type in #war-room:

    /incident P0 Checkout returns 500s

The clock runs {o.speed:g} times as fast: the backup is paged after {600 / o.speed:.0f} seconds, the leads
after {1200 / o.speed:.0f}. Press Acknowledge as one of them. Ctrl-C ends it.
""", flush=True)
        over.wait()
    print("Stopped; nothing is left behind.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
