"""A scripted incident on the real bot, from the declaration to the timeline. Prints what people see.

Every line below a name or a channel was read back from the workspace; where something does not
come, the tour says so and ends with 1.
"""

import argparse
import os
import re
import sys
import textwrap
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "support"))
import seen  # noqa: E402
from house import House, HouseError, until  # noqa: E402

ADA, BEN, CHLOE = "U0ADA", "U0BEN", "U0CHLOE"
WAR_ROOM = "C0WARROOM"
BOT = "U0TOCSIN"
WIDTH = 96


class Tour:
    def __init__(self, house):
        self.h = house
        self.shown = 0

    def channels(self):
        return {c["id"]: c for c in self.h.slack.state()["channels"]}

    def name(self, channel):
        return "#" + (self.channels()[channel].get("name") or channel)

    # --- telling ---------------------------------------------------------------------------
    def scene(self, title):
        print(f"\n{title}\n{'─' * len(title)}", flush=True)

    def show(self, where, message, until_line=None):
        """A message; until_line: a pattern after which the rest is left out."""
        self.shown += 1
        names = {c: d.get("name") or "" for c, d in self.channels().items()}
        print(f"  {where}")
        for line in seen.lines(message, names, clock_only=True):
            indent = "      " if line.startswith("•") else "    "
            for part in textwrap.wrap(line, WIDTH, subsequent_indent=indent[4:]) or [""]:
                print(f"    │ {part}")
            if until_line and re.search(until_line, line):
                print("    │ …")
                break
        sys.stdout.flush()

    # --- doing -----------------------------------------------------------------------------
    def type(self, user, channel, line):
        print(f"  {seen.PEOPLE[user]} types in {self.name(channel)}:  {line}", flush=True)
        answer = self.h.slack.slash(user, channel, line)
        if not answer.get("acked") or answer.get("error"):
            raise HouseError(f"no answer to {line}: {answer.get('error')}")
        return answer.get("response")

    def press(self, user, channel, message, label):
        print(f"  {seen.PEOPLE[user]} presses [ {label} ]", flush=True)
        self.h.slack.press(user, channel, message["ts"], label)

    # --- waiting ---------------------------------------------------------------------------
    def find(self, what, channel, pattern, thread=None):
        """The newest message of the bot in which the pattern stands."""
        def look():
            names = {c: d.get("name") or "" for c, d in self.channels().items()}
            for m in reversed(self.h.slack.messages(channel, thread)):
                if m.get("user") == BOT and re.search(pattern, seen.seen(m, names), re.S):
                    return m
            return None
        return until(what, look)

    def dm(self, user, pattern):
        def look():
            for c in self.channels().values():
                if c.get("is_im") and c.get("user") == user:
                    for m in reversed(self.h.slack.messages(c["id"])):
                        if re.search(pattern, seen.seen(m), re.S):
                            return c["id"], m
            return None
        return until(f"a message to {seen.PEOPLE[user]}", look)

    def room(self):
        def look():
            return next((c["id"] for c in self.channels().values()
                         if (c.get("name") or "").startswith("inc-1-") and c["topic"]["value"]), None)
        return until("the incident's own channel", look)


def play(t):
    t.scene("Ada declares an incident")
    answer = t.type(ADA, WAR_ROOM, "/incident P0 Checkout returns 500s")
    t.show("she alone reads", answer)
    root = t.find("the root message", WAR_ROOM, r"INC-1: Checkout returns 500s.*The talk is in #inc-1")
    t.show("everybody in #war-room reads, and it stays up to date", root)
    room = t.room()
    t.show(f"a P0 opens a channel of its own; its first message in {t.name(room)}",
           t.find("the first reaction", room, r"We are looking into it"))

    t.scene("Nobody answers: the ladder goes on until somebody does")
    t.show("at once, to Ada Park, who is on call", t.dm(ADA, r"You are paged")[1])
    t.show("ten minutes later, to the backup, Ben Ortiz", t.dm(BEN, r"You are paged")[1], r"You are paged")
    channel, page = t.dm(CHLOE, r"You are paged")
    t.show("another ten minutes later, to the leads, Dev Rao and Chloé Roy", page, r"You are paged")

    t.scene("Chloé has it")
    t.press(CHLOE, channel, page, "Acknowledge")
    t.show(f"in {t.name(room)}", t.find("who has it", room, r"Chloé Roy has it\. "))

    t.scene("Work goes on")
    print(f"  Ben Ortiz writes in {t.name(room)}:  Rolled the payment gateway back to yesterday's build.")
    t.h.slack.say(BEN, room, "Rolled the payment gateway back to yesterday's build.")
    t.type(CHLOE, room, "/incident update monitoring: error rate is falling, watching for ten minutes")
    t.show("there, and in #war-room", t.find("the update", WAR_ROOM, r"Update on INC-1.*error rate is falling"))
    t.show(f"meanwhile, the list of pages in {t.name(room)}", t.find("the pages", room, r"^Pages · Chloé Roy has it"))
    t.show("and Ben's page, which no longer asks", t.dm(BEN, r"Chloé Roy has it")[1], r"has it")
    t.type(CHLOE, room, "/incident resolve Gateway rolled back, checkout works")
    t.show("#war-room", t.find("the end", WAR_ROOM, r"INC-1 is resolved"))

    t.scene("The timeline")
    told = t.type(ADA, WAR_ROOM, "/incident timeline INC-1")
    t.show("she alone reads", told)
    for what in (r"declared it as P0", r"paged Ada Park", r"paged Ben Ortiz", r"paged Chloé Roy", r"Chloé Roy acknowledged",
                 r"Ben Ortiz wrote: Rolled", r"update: error rate", r"resolved it: Gateway"):
        if not re.search(what, seen.seen(told)):
            raise HouseError(f"the timeline lacks: {what}")


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--speed", type=float, default=30)
    o = p.parse_args()
    began = time.monotonic()
    # The tour need not wait as a visitor does: its clock runs faster than the demo's.
    with House(plan="docker/demo-plan.yaml", redis=False) as h:
        h.bot("tocsin", speed=max(o.speed, 200)).wait_ready()
        t = Tour(h)
        play(t)
        complaints = h.slack.complaints()
        if complaints:
            raise HouseError(f"a real Slack would have refused: {complaints}")
        code = h.bots[0].process.stop()
        if code != 0:
            raise HouseError(f"the bot ended with {code}")
    print(f"\nAll of it happened: {t.shown} messages, {time.monotonic() - began:.0f} seconds; "
          "a real Slack would have refused none of it.")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except HouseError as e:
        print(f"\nThe tour failed: {e}", file=sys.stderr)
        sys.exit(1)
