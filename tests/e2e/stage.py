"""A workspace with the real bot in it, and what a person can do and see there.

Everything is asked for by what is read on the screen: names, buttons, words. Waiting is asking
again until it is there (house.until), never a pause of a fixed length.
"""

import os
import re
import sys
import unittest
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import seen  # noqa: E402
from house import House, HouseError, until  # noqa: E402

ADA, BEN, CHLOE, DEV, EVE, MIA = "U0ADA", "U0BEN", "U0CHLOE", "U0DEV", "U0EVE", "U0MIA"
WAR_ROOM, PAYMENTS, RANDOM = "C0WARROOM", "C0PAYMENTS", "C0RANDOM"


class Message:
    """A message as somebody reads it."""

    def __init__(self, stage, raw, channel=None):
        self.stage, self.raw = stage, raw
        self.channel = channel or raw.get("channel")
        self.ts = raw.get("ts")
        self.lines = seen.lines(raw, stage.channel_names())
        self.text = "\n".join(self.lines)
        self.buttons = seen.buttons(raw)
        self.mentions = seen.mentions(raw)

    def press(self, user, label):
        return self.stage.press(user, self.channel, self.ts, label)

    def value(self, name):
        """What stands behind "Name: ..." in a field list."""
        for line in self.lines:
            if line.startswith(name + ": "):
                return line[len(name) + 2:]
        return None

    def __str__(self):
        return self.text


class Stage(House):
    def __init__(self, speed=1, plan="docker/demo-plan.yaml", env=None, **more):
        more.setdefault("fake_args", ("--rate-limits", "off"))
        more.setdefault("redis", False)
        self.speed, self.env = speed, env
        super().__init__(plan=plan, **more)
        try:
            self.tocsin = self.bot("tocsin", speed=speed, env=env).wait_ready()
        except BaseException as e:
            self.__exit__(type(e), e, None)
            raise

    def restart(self):
        """The bot again, on the same data, after it was killed."""
        self.bots.remove(self.tocsin)
        self.tocsin = self.bot("tocsin-again", speed=self.speed, env=self.env).wait_ready()

    # --- looking ---------------------------------------------------------------------------
    def channels(self):
        return self.slack.state()["channels"]

    def channel_names(self):
        return {c["id"]: c.get("name") or "" for c in self.channels()}

    def read(self, channel, thread=None):
        """What stands in a channel, or in a thread of it, oldest first; system lines left out."""
        out = []
        for raw in self.slack.messages(channel, thread):
            in_thread = raw.get("thread_ts") not in (None, raw["ts"])
            if raw.get("subtype") not in (None, "bot_message", "thread_broadcast"):
                continue
            if not thread and in_thread and raw.get("subtype") != "thread_broadcast":
                continue
            out.append(Message(self, raw, channel))
        return out

    def find(self, channel, pattern, thread=None, last=False):
        """The first (or last) message of the bot in which the pattern stands; waits for it."""
        def look():
            found = [m for m in self.read(channel, thread)
                     if m.raw.get("user") == "U0TOCSIN" and re.search(pattern, m.text, re.S)]
            return found[-1 if last else 0] if found else None
        return self.wait(f"{pattern!r} in {channel}", look, lambda: self.read(channel, thread))

    def wait(self, what, look, around):
        """until(), and where it never comes, what was there instead."""
        try:
            return until(what, look)
        except HouseError as e:
            there = "\n---\n".join(m.text for m in around())
            raise HouseError(f"{e}; what is there:\n{there}") from None

    def absent(self, channel, pattern, thread=None):
        """That it is not there now. Only meaningful after something later has been seen."""
        return not [m for m in self.read(channel, thread) if re.search(pattern, m.text, re.S)]

    def dm_of(self, user):
        for c in self.channels():
            if c.get("is_im") and c.get("user") == user:
                return c["id"]
        return None

    def dm(self, user, pattern, last=False):
        def look():
            channel = self.dm_of(user)
            found = [m for m in self.read(channel) if re.search(pattern, m.text, re.S)] if channel else []
            return found[-1 if last else 0] if found else None
        return self.wait(f"{pattern!r} to {seen.PEOPLE[user]}", look, lambda: self.dms(user))

    def dms(self, user):
        channel = self.dm_of(user)
        return self.read(channel) if channel else []

    def private(self, user, pattern):
        """What only that person sees in a channel."""
        def look():
            answer = self.slack.call(f"/admin/ephemerals?user={user}")
            found = [Message(self, raw) for raw in answer["messages"]]
            found = [m for m in found if re.search(pattern, m.text, re.S)]
            return found[-1] if found else None
        return until(f"{pattern!r} to {seen.PEOPLE[user]} alone", look)

    def room(self, incident):
        """The channel of its own, once it is furnished."""
        def look():
            for c in self.channels():
                if re.search(rf"(^|-){incident.lower()}(-|$)", c.get("name") or "") and c["topic"]["value"]:
                    return c
            return None
        return until(f"the channel of {incident}", look)

    def root(self, incident="INC-1", channel=WAR_ROOM):
        return self.find(channel, rf"^(DRILL · )?(P\d )?{incident}: ")

    def modal(self, user):
        def look():
            for view in self.slack.call("/admin/views")["views"]:
                if view["user"] == user and view["type"] == "modal":
                    return view
            return None
        return until(f"a form for {seen.PEOPLE[user]}", look)

    # --- doing -----------------------------------------------------------------------------
    def type(self, user, channel, line):
        """A slash command; the answer that only this person sees, None when there is none (a form)."""
        answer = self.slack.slash(user, channel, line)
        if not answer.get("acked") or answer.get("error"):
            raise AssertionError(f"no answer to {line}: {answer}")
        if not answer.get("response"):
            return None
        shown = self.slack.call(f"/admin/ephemerals?user={user}")["messages"][-1]
        return Message(self, shown, channel)

    def press(self, user, channel, ts, label):
        answer = self.slack.press(user, channel, ts, label)
        if not answer.get("acked") or answer.get("error"):
            raise AssertionError(f"no answer to the button {label}: {answer}")
        return answer

    def say(self, user, channel, text, thread=None):
        return self.slack.say(user, channel, text, thread)["ts"]

    def submit(self, user, values, force=False):
        return self.slack.call("/admin/submit", {"user": user, "values": values, "force": force})

    def react(self, user, channel, ts, name):
        self.slack.call("/admin/react", {"user": user, "channel": channel, "ts": ts, "name": name})

    def timeline(self, incident="INC-1", user=ADA):
        return self.type(user, WAR_ROOM, f"/incident timeline {incident}")

    def timeline_has(self, pattern, incident="INC-1"):
        """Asks for the timeline until something is in it."""
        def look():
            t = self.timeline(incident)
            return t if re.search(pattern, t.text, re.S) else None
        return until(f"{pattern!r} in the timeline of {incident}", look)

    # --- the door for alerts and links -----------------------------------------------------
    def http(self, path, body=None, headers=None):
        """(status, text) of a request to the bot."""
        url = path if path.startswith("http") else self.tocsin.http + path
        request = urllib.request.Request(url, data=body, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode(errors="replace")


class Scene(unittest.TestCase):
    """One workspace for each test. At the end a real Slack must have had nothing to refuse."""

    speed = 1
    plan = "docker/demo-plan.yaml"
    env = None
    refused = None  # a pattern: what a real Slack is expected to refuse here

    def setUp(self):
        self.stage = s = Stage(speed=self.speed, plan=self.plan, env=self.env)
        self.failed = False
        self.addCleanup(self.leave)
        self.s = s

    def leave(self):
        failed = any(error for _, error in self._outcome.errors) if hasattr(self._outcome, "errors") \
            else not self._outcome.success
        complaints = [] if failed else [c for c in self.stage.slack.complaints()
                                        if not self.refused or not re.search(self.refused, str(c))]
        self.stage.__exit__(AssertionError if failed else None, None, None)
        self.assertEqual(complaints, [], "a real Slack would have refused something")

    def shows(self, message, *patterns):
        for p in patterns:
            self.assertRegex(message.text if hasattr(message, "text") else message, re.compile(p, re.S))

    def hides(self, message, *patterns):
        for p in patterns:
            self.assertNotRegex(message.text if hasattr(message, "text") else message, re.compile(p, re.S))
