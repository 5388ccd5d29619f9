"""Starts the bot and the fake Slack, prints the page's address, waits for Ctrl-C."""

import argparse
import os
import signal
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "support"))
from house import House, HouseError  # noqa: E402


def port_is_free(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def serve(o, over):
    fake = ("--port", str(o.port), "--page-label", f"a demo; the clock runs {o.speed:g} times as fast")
    with House(plan="docker/demo-plan.yaml", redis=False, fake_args=fake, apart=True) as h:
        bot = h.bot("tocsin", speed=o.speed).wait_ready()
        print(f"""
Open  {h.slack.url}  and type in #war-room:

    /incident P0 Checkout returns 500s

Then do nothing: Ada is paged at once, the backup {600 / o.speed:.0f} seconds later, the leads after {1200 / o.speed:.0f}
(the clock runs {o.speed:g} times as fast). Play one of them with the initials at the top left, look
into the direct messages of tocsin, and press Acknowledge.

The bot's own page is {bot.http}/metrics. Ctrl-C ends it all.
""", flush=True)
        over.wait()
        print("\nEnding it …", flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--port", type=int, default=8055)
    p.add_argument("--speed", type=float, default=30)
    o = p.parse_args()

    over = threading.Event()
    for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(s, lambda *_: over.set())
    if not port_is_free(o.port):
        print(f"Port {o.port} is taken, perhaps by another demo. Choose another one: docker/demo --port {o.port + 1}\n"
              "(--port 0 takes any that is free).", file=sys.stderr)
        return 1
    try:
        serve(o, over)
    except HouseError as e:
        print(f"The demo failed: {e}", file=sys.stderr)
        return 1
    print("Stopped; nothing is left behind.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
