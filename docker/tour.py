"""A scripted incident, from the declaration to the timeline. Prints what people would see."""

import argparse
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "support"))
from house import House, HouseError, until  # noqa: E402

PEOPLE = {"U0ADA": "Ada Park", "U0BEN": "Ben Ortiz", "U0CHLOE": "Chloé Roy", "U0DEV": "Dev Rao",
          "U0EVE": "Eve Stone", "U0MIA": "Mia Novak"}
WAR_ROOM = "C0WARROOM"


def readable(text):
    text = re.sub(r"<!date\^\d+\^[^|>]*\|([^>]*)>", r"\1", text)
    text = re.sub(r"<@(\w+)(\|[^>]*)?>", lambda m: "@" + PEOPLE.get(m[1], m[1]), text)
    text = re.sub(r"<#(\w+)(\|([^>]*))?>", lambda m: "#" + (m[3] or m[1]), text)
    text = re.sub(r"<(https?://[^|>]+)\|([^>]+)>", r"\2 (\1)", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def words(message):
    """All that a message says, line by line."""
    out = []
    for b in message.get("blocks") or []:
        if b["type"] in ("header", "section"):
            if b.get("text"):
                out += b["text"]["text"].split("\n")
            for f in b.get("fields", []):
                out.append(f["text"].replace("\n", " "))
        elif b["type"] == "context":
            out += [e.get("text", "") for e in b["elements"]]
        elif b["type"] == "actions":
            out.append("  ".join(f"[ {e['text']['text']} ]" for e in b["elements"] if "text" in e))
    return [readable(line) for line in (out or message.get("text", "").split("\n")) if line.strip()]


class Tour:
    def __init__(self, house):
        self.h = house
        self.shown = 0

    def scene(self, title):
        print(f"\n── {title} " + "─" * max(0, 76 - len(title)))

    def show(self, where, message):
        self.shown += 1
        print(f"  {where}")
        for line in words(message):
            print(f"    │ {line}")

    def type(self, user, channel, line):
        print(f"  {PEOPLE[user]} types: {line}")
        answer = self.h.slack.slash(user, channel, line)
        if not answer.get("acked"):
            raise HouseError(f"no answer to {line}: {answer}")
        if answer.get("response"):
            self.show("only they see", answer["response"])

    def find(self, what, channel, pattern, thread_ts=None):
        def look():
            for m in self.h.slack.messages(channel, thread_ts):
                if re.search(pattern, " ".join(words(m))):
                    return m
            return None
        return until(what, look)

    def dm(self, user, pattern):
        """A direct message of the bot to a person."""
        def look():
            for c in self.h.slack.state()["channels"]:
                if c.get("is_im") and user in (c.get("user"), *c.get("members", [])):
                    for m in self.h.slack.messages(c["id"]):
                        if re.search(pattern, " ".join(words(m))):
                            return c["id"], m
            return None
        return until(f"a message to {PEOPLE[user]}", look)


def play(t):
    t.scene("Ada declares an incident")
    t.type("U0ADA", WAR_ROOM, "/incident P0 Checkout returns 500s")
    root = t.find("the root message", WAR_ROOM, r"INC-1\b.*Checkout returns 500s|Checkout returns 500s.*INC-1\b")
    t.show("#war-room", root)
    ts = root["ts"]
    first = t.find("the first reaction", WAR_ROOM, r"(?i)update", ts)
    t.show("in its thread", first)

    t.scene("Nobody answers: the ladder runs")
    t.show("to Ada Park, who is on call", t.dm("U0ADA", r"INC-1\b")[1])
    t.show("ten minutes later, to the backup, Ben Ortiz", t.dm("U0BEN", r"INC-1\b")[1])
    channel, page = t.dm("U0CHLOE", r"INC-1\b")
    t.show("twenty minutes in, to the leads", page)

    t.scene("Chloé presses Acknowledge in her message")
    t.h.slack.press("U0CHLOE", channel, page["ts"], "Acknowledge")
    t.show("in the thread", t.find("who has it", WAR_ROOM, r"Chlo.* has it|acknowledged", ts))

    t.scene("Work goes on")
    t.h.slack.say("U0BEN", WAR_ROOM, "Rolled the payment gateway back to yesterday's build.", ts)
    t.type("U0CHLOE", WAR_ROOM, "/incident update Error rate is falling, watching for ten minutes")
    t.show("in the thread", t.find("the update", WAR_ROOM, r"Error rate is falling", ts))
    t.type("U0CHLOE", WAR_ROOM, "/incident resolve Gateway rolled back, checkout works")

    def resolved():
        m = next(m for m in t.h.slack.messages(WAR_ROOM) if m["ts"] == ts)
        return m if re.search(r"(?i)resolved", " ".join(words(m))) else None
    t.show("#war-room, the pinned message", until("the root says resolved", resolved))

    t.scene("The timeline")
    t.type("U0ADA", WAR_ROOM, "/incident timeline INC-1")


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--speed", type=float, default=30)
    o = p.parse_args()
    # The tour need not wait: its clock runs faster than a visitor's.
    with House(plan="docker/demo-plan.yaml", redis=False) as h:
        h.bot("tocsin", speed=max(o.speed, 120)).wait_ready()
        t = Tour(h)
        play(t)
        complaints = h.slack.complaints()
        if complaints:
            raise HouseError(f"a real Slack would have refused: {complaints}")
        h.bots[0].process.stop()
        print(f"\n{t.shown} messages shown; the fake Slack has no complaint.")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except HouseError as e:
        print(f"\nThe tour failed: {e}", file=sys.stderr)
        sys.exit(1)
