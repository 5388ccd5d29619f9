#!/usr/bin/env python3
"""The program as a service: what the service manager hears, reload with SIGHUP, end with SIGTERM."""

import os
import signal
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import house  # noqa: E402


class Manager:
    """Listens as systemd does."""

    def __init__(self, name):
        self.name = name
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(name.replace("@", "\0", 1))
        self.socket.settimeout(house.PATIENCE_S)
        self.heard = []

    def wait_for(self, *lines):
        while not any(all(line in message.split("\n") for line in lines) for message in self.heard):
            self.heard.append(self.socket.recv(4096).decode())
        self.heard.clear()


def copy_plan(h, old="", new=""):
    with open(os.path.join(house.ROOT, "docker", "demo-plan.yaml"), encoding="utf-8") as f:
        text = f.read().replace("demo-alert-token", os.path.join(house.ROOT, "docker", "demo-alert-token"))
    assert old in text
    with open(h.plan, "w", encoding="utf-8") as f:
        f.write(text.replace(old, new) if old else text)


def log_of(bot):
    with open(bot.process.log_path, errors="replace") as f:
        return f.read()


def test_ready_and_watchdog(h, manager, bot):
    manager.wait_for("READY=1")
    manager.wait_for("WATCHDOG=1")
    manager.wait_for("WATCHDOG=1")
    assert bot.get("/readyz") == "ready\n"


def test_reload(h, manager, bot):
    """A good plan is taken, a bad one refused as a whole: the old one goes on, and that is said."""
    copy_plan(h, "name: Checkout demo", "name: Renamed")
    bot.process.child.send_signal(signal.SIGHUP)
    manager.wait_for("RELOADING=1")
    manager.wait_for("READY=1")
    house.until("the new plan is in force", lambda: 'name=Renamed' in log_of(bot))
    copy_plan(h, "ladder: triage", "ladder: nowhere")
    bot.process.child.send_signal(signal.SIGHUP)
    manager.wait_for("RELOADING=1")
    manager.wait_for("READY=1")
    house.until("the bad plan is refused", lambda: "nowhere" in log_of(bot))
    house.until("it is said on the health page", lambda: "warning" in bot.get("/healthz"))
    assert bot.get("/readyz") == "ready\n", "a bad plan stopped the bot"
    h.slack.slash("U0BEN", "C0WARROOM", "/incident P2 Search is slow")
    house.until("the old plan still works", lambda: any(
        "Search is slow" in m.get("text", "") for m in h.slack.messages("C0WARROOM")))
    copy_plan(h)
    bot.process.child.send_signal(signal.SIGHUP)
    manager.wait_for("READY=1")
    house.until("the warning is gone", lambda: "warning" not in bot.get("/healthz"))


def test_end(manager, bot):
    bot.process.child.send_signal(signal.SIGTERM)
    manager.wait_for("STOPPING=1")
    assert bot.process.child.wait(house.PATIENCE_S) == 0, bot.process.tail()


def main():
    for name in ("path", "abstract"):
        with house.House() as h:
            where = os.path.join(h.folder, "notify") if name == "path" else f"@tocsin-test-{os.getpid()}"
            manager = Manager(where)
            h.plan = os.path.join(h.folder, "plan.yaml")
            copy_plan(h)
            bot = h.bot(env={"NOTIFY_SOCKET": where, "WATCHDOG_USEC": "1000000"}).wait_ready()
            test_ready_and_watchdog(h, manager, bot)
            if name == "path":
                test_reload(h, manager, bot)
            test_end(manager, bot)
            manager.socket.close()
    print("ok")


if __name__ == "__main__":
    main()
