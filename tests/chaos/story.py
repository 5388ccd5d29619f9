"""One incident from its declaration to its end, however often the bot dies on the way."""

import atexit
import functools
import os
import subprocess
import tempfile
import threading

from house import House, HouseError, program, until
from people import People, WAR_ROOM, all_messages, direct_message, key_of, room_of, wait_direct

SPEED = 40  # a minute of the ladder in a second and a half
PLAN = "tests/chaos/plan.yaml"
ENV = {"CHAOS_ALERT_TOKEN": "alert-token-of-the-chaos-tests"}


@functools.cache
def manifest():
    """The app's own manifest, so that a scope which it lacks is missing here, too."""
    fd, path = tempfile.mkstemp(prefix="tocsin-manifest-", suffix=".json")
    atexit.register(os.unlink, path)
    with open(fd, "wb") as f:
        subprocess.run([program("tocsin"), "manifest"], stdout=f, check=True)
    return path


def new_house(**options):
    options.setdefault("plan", PLAN)
    h = House(fake_args=("--manifest", manifest()), **options)
    h.talkative = False
    # An answer may take its time on a busy machine; a lost event comes again soon.
    h.slack.call("/admin/config", {"ack_ms": 8000, "trigger_ms": 20000,
                                   "retry_ms": [500, 2000, 10000]})
    return h


def new_bot(h, name, **options):
    options.setdefault("speed", SPEED)
    options["env"] = {**ENV, **options.get("env", {})}
    return h.bot(name, **options)


class Keeper(threading.Thread):
    """Starts a bot again when it was killed, as systemd would."""

    def __init__(self, house, name, **options):
        super().__init__(daemon=True)
        self.house, self.name_, self.options = house, name, options
        self.deaths, self.failure, self.over = 0, None, False
        self.bot = new_bot(house, name, **options)
        self.start()

    def run(self):
        while True:
            code = self.bot.process.child.wait()
            if self.over or self.bot.process.stopping:
                return
            if code != -9:
                self.failure = f"{self.bot.name} ended by itself with {code}:\n{self.bot.process.tail()}"
                return
            self.deaths += 1
            self.options.pop("fault", None)
            self.house.bots.remove(self.bot)
            self.house.gone.append(self.bot)
            self.bot = new_bot(self.house, f"{self.name_}-{self.deaths}", **self.options)

    def check(self):
        if self.failure:
            raise HouseError(self.failure)

    def http(self, path, body=None, headers=None):
        """(status, text) of the bot that is up; (0, "") when it died meanwhile."""
        try:
            return self.bot.wait_ready().ask(path, body, headers)
        except (HouseError, OSError):
            self.check()
            return 0, ""

    def alert(self, people, key, firing=True):
        """As monitoring does: again and again until it is told that all is recorded."""
        mark = people.record.mark()
        body = {"id": key, "title": f"Disk full {mark}", "severity": "error",
                "status": "firing" if firing else "resolved"}

        def once():
            return self.http("/alerts/monitor", body, {
                "Authorization": f"Bearer {ENV['CHAOS_ALERT_TOKEN']}"})[0] == 200
        until(f"the alert {key} is recorded", once, pause_s=0.2)
        if firing:
            people.record.alerts[mark] = key

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.over = True


def play(h, people, check=lambda: None, keeper=None):
    """Declared, paged up the ladder, acknowledged, talked about, resolved. Returns the incident."""
    ident = people.declare()
    check()
    if keeper:
        keeper.alert(people, "disk-1")
    room = room_of(h, ident)
    people.say("U0BEN", room)
    people.insist("U0BEN", f"/incident note {ident} I saw it at ten %")
    wait_direct(h, "U0BEN", f"{ident}:")
    check()
    people.say("U0MIA", room, "Users tell us, too %")
    channel, page = wait_direct(h, "U0CHLOE", f"{ident}:")
    wait_direct(h, "U0DEV", f"{ident}:")
    check()

    def acknowledged():
        h.slack.wait_socket()
        h.slack.press("U0CHLOE", channel, page["ts"], "Acknowledge")
        return acked(h, ident)
    until(f"{ident} is acknowledged", acknowledged, pause_s=0.2)
    check()
    people.insist("U0CHLOE", f"/incident update {ident} It gets better %")
    people.say("U0DEV", room, "The new build is out %")
    people.insist("U0CHLOE", f"/incident resolve {ident} Rolled back %")
    check()
    return ident


def acked(h, ident):
    doc = h.document(f"incident:{ident}")
    return doc and doc["paging"]["state"] == "acked"


def end_all(h, people):
    """What else was declared on the way (a command whose answer was lost) is called off."""
    for key in h.store.command("KEYS", "tocsin:{main}:doc:incident:*"):
        ident = key.rsplit(":", 1)[-1]
        if h.document(f"incident:{ident}")["status"] in ("investigating", "identified", "monitoring"):
            people.insist("U0DEV", f"/incident cancel {ident} twice, sorry %")
