"""Chaos: the bot, Redis and the network are broken on purpose while people work.

After each round the same questions are asked of what people and receivers can see:
  - is every command that was acknowledged in the record exactly once?
  - was every page that was due delivered, and is no visible post there twice?
  - is nothing left in the outbox, and does `tocsin audit` find every chain whole?
"""

import collections
import json
import os
import random
import re
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from house import House, HouseError, until  # noqa: E402

WAR_ROOM = "C0WARROOM"
POINTS = ["REQUEST_ARRIVED", "FACTS_LOADED", "COMMIT_LEAVING", "COMMIT_DONE", "ANSWER_GIVEN",
          "TIMER_CLAIMED", "ENTRY_CLAIMED", "SEND_STARTING", "SEND_DONE", "ENTRY_FINISHED"]


class Record:
    """What people were told, to be held against what is there in the end."""

    def __init__(self):
        self.lock = threading.Lock()
        self.acked, self.unacked = [], []

    def note(self, line, answer):
        with self.lock:
            (self.acked if recorded(answer) else self.unacked).append(line)


def recorded(answer):
    """Acknowledged, and not with "nothing was recorded" or "may or may not"."""
    if not answer.get("acked"):
        return False
    text = json.dumps(answer.get("response") or {})
    return not re.search(r"Nothing was recorded|may or may not", text)


def slash(house, record, user, line):
    try:
        answer = house.slack.slash(user, WAR_ROOM, line)
    except HouseError:
        answer = {}
    record.note(line, answer)
    return recorded(answer)


def posts(house):
    """Every visible message of the bot, by its idempotency key."""
    seen = collections.Counter()
    for c in house.slack.state()["channels"]:
        for m in c.get("messages", []):
            payload = (m.get("metadata") or {}).get("event_payload") or {}
            if payload.get("key"):
                seen[payload["key"]] += 1
    return seen


def logs(house):
    """All log entries of all incidents, as JSON texts."""
    out = []
    cursor = "0"
    while True:
        cursor, keys = house.redis.command("SCAN", cursor, "MATCH", "*log:incident*", "COUNT", "1000")
        for k in keys:
            kind = house.redis.command("TYPE", k)
            if kind == "stream":
                for _id, fields in house.redis.command("XRANGE", k, "-", "+"):
                    out.append((k, " ".join(fields)))
            elif kind == "list":
                out += [(k, e) for e in house.redis.command("LRANGE", k, 0, -1)]
        if cursor == "0":
            return out


def outbox_left(house):
    left = 0
    cursor = "0"
    while True:
        cursor, keys = house.redis.command("SCAN", cursor, "MATCH", "*outbox*", "COUNT", "1000")
        for k in keys:
            if house.redis.command("TYPE", k) == "stream":
                left += house.redis.command("XLEN", k)
        if cursor == "0":
            return left


def judge(house, record, what):
    until(f"{what}: the outbox is empty", lambda: outbox_left(house) == 0)
    entries = logs(house)
    text = "\n".join(e for _k, e in entries)
    for line in record.acked:
        mark = re.search(r"mark-\d+", line).group(0)
        times = len(re.findall(re.escape(mark) + r"\b", text))
        if times != 1:
            raise HouseError(f"{what}: {line!r} was acknowledged and is in the record {times} times")
    for line in record.unacked:
        mark = re.search(r"mark-\d+", line).group(0)
        if len(re.findall(re.escape(mark) + r"\b", text)) > 1:
            raise HouseError(f"{what}: {line!r} is in the record more than once")
    doubled = {k: n for k, n in posts(house).items() if n > 1}
    if doubled:
        raise HouseError(f"{what}: posted more than once: {doubled}")
    complaints = house.slack.complaints()
    if complaints:
        raise HouseError(f"{what}: a real Slack would have refused: {complaints[:3]}")
    audit = house.audit()
    if audit.returncode != 0:
        raise HouseError(f"{what}: tocsin audit: {audit.stdout}{audit.stderr}")


def wait_page(house, user, what):
    """The person has a direct message about the incident."""
    def look():
        for c in house.slack.state()["channels"]:
            if c.get("is_im") and user in (c.get("user"), *c.get("members", [])):
                if any("INC-" in json.dumps(m) for m in c.get("messages", [])):
                    return True
        return False
    until(f"{what}: {user} was paged", look)


def killed_at(point, nth):
    """One incident with the bot killed at the nth passage of one point, and started again."""
    what = f"killed at {point}:{nth}"
    with House() as h:
        record = Record()
        bot = h.bot("first", fault=f"{point}:{nth}", speed=60)
        successor = None

        def still():
            nonlocal successor
            if not bot.process.alive() and successor is None:
                successor = h.bot("second", speed=60).wait_ready()
        try:
            bot.wait_ready()
        except HouseError:
            still()
        declared = False
        for i in range(1, 5):
            declared = slash(h, record, "U0ADA", f"/incident P0 Checkout fails mark-{i}")
            still()
            if declared:
                break
        if not declared:
            raise HouseError(f"{what}: nobody could declare an incident")
        # The ladder must reach the backup whatever happens to the bot.
        def paged():
            still()
            return any("INC-" in json.dumps(m) for c in h.slack.state()["channels"]
                       if c.get("is_im") and "U0BEN" in (c.get("user"), *c.get("members", []))
                       for m in c.get("messages", []))
        until(f"{what}: the backup was paged", paged)
        for i in range(5, 8):
            slash(h, record, "U0ADA", f"/incident note INC-1 seen mark-{i}")
            still()
        slash(h, record, "U0ADA", "/incident ack INC-1 mark-8")
        record.acked = [x for x in record.acked if "ack INC-1" not in x]
        record.unacked = [x for x in record.unacked if "ack INC-1" not in x]
        still()
        judge(h, record, what)
        happened = not bot.process.alive()
        if happened:
            h.bots.remove(bot)
    return happened


def at_random(seed, seconds_of_work):
    """Two bots and Redis killed at random while several people type."""
    what = f"random, seed {seed}"
    rng = random.Random(seed)
    with House() as h:
        record = Record()
        for name in ("a", "b"):
            h.bot(name, speed=30).wait_ready()
        counter = iter(range(1, 10000000))
        first = next(counter)
        until(f"{what}: declared", lambda: slash(h, record, "U0ADA", f"/incident P1 Slow mark-{first}"))
        over = threading.Event()

        def person(user):
            while not over.is_set():
                slash(h, record, user, f"/incident note INC-1 looking mark-{next(counter)}")
        people = [threading.Thread(target=person, args=(u,)) for u in ("U0ADA", "U0BEN", "U0CHLOE")]
        for p in people:
            p.start()
        try:
            for round_ in range(seconds_of_work):
                before = len(record.acked)
                victim = rng.choice(["bot", "bot", "redis", "slack429", "slack500", "sockets"])
                if victim == "bot":
                    b = rng.choice(h.bots)
                    b.process.kill()
                    h.bots.remove(b)
                    h.bot(f"{b.name.split('-')[0]}-{round_}", speed=30)
                elif victim == "redis":
                    h.redis.kill()
                    h.redis.start()
                elif victim == "slack429":
                    h.slack.fault(kind="status", status=429, retry_after=1, count=3)
                elif victim == "slack500":
                    h.slack.fault(kind="status", status=500, count=3)
                else:
                    h.slack.fault(kind="drop_socket", count=1)
                until(f"{what}: people get on after {victim}", lambda: len(record.acked) > before + 3)
        finally:
            over.set()
            for p in people:
                p.join()
        for b in h.bots:
            b.wait_ready()
        judge(h, record, what)
        print(f"  {what}: {len(record.acked)} commands acknowledged, {len(record.unacked)} told "
              f"otherwise, none lost, none doubled", flush=True)


def main():
    form = sys.argv[1] if len(sys.argv) > 1 else "usual"
    passed = failed = 0
    rounds = [(p, n) for p in POINTS for n in ((1, 3) if form == "usual" else (1, 2, 3, 5, 8, 13))]
    for point, nth in rounds:
        try:
            happened = killed_at(point, nth)
            print(f"  killed at {point}:{nth}: " + ("nothing lost, nothing doubled" if happened else
                                                   "the point was not passed so often"), flush=True)
            passed += 1
        except HouseError as e:
            print(f"  FAILED {e}", flush=True)
            failed += 1
    for seed in range(1 if form == "usual" else 20):
        try:
            at_random(seed, 6 if form == "usual" else 60)
            passed += 1
        except HouseError as e:
            print(f"  FAILED {e}", flush=True)
            failed += 1
    print(f"chaos: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
