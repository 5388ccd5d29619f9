"""What must hold in the end, whatever was broken on the way.

Asked of what people and receivers can see, and of Redis as an operator could read it:
  - every command that was acknowledged is in the log exactly once, every other at most once;
  - every message in an incident's channel is in the log exactly once;
  - every page was delivered (or was overtaken by an acknowledgement), none is under way for ever;
  - no post is there twice, no room, pin or bookmark either;
  - the outbox is empty, each incident has the timers that its document speaks of and no others;
  - `tocsin audit` finds every chain whole;
  - the fake Slack has no complaint but those that the trouble explains, the bots' logs no error.
"""

import collections
import json
import re

from house import HouseError, until
from people import all_messages, key_of

LANES = ("page", "chat", "call")
ALWAYS_EXPLAINED = ("late_ack",)  # a busy machine; nothing here is timed


class Verdict:
    def __init__(self):
        self.faults = []

    def expect(self, condition, words):
        if not condition:
            self.faults.append(words)


def outbox_left(house):
    lengths = [house.store.command("XLEN", f"tocsin:{{main}}:out:{lane}") for lane in LANES]
    return None if None in lengths else sum(lengths)


def logs(house):
    """Log entries of all incidents, decoded, by incident."""
    out = {}
    for key in house.store.command("KEYS", "tocsin:{main}:log:*") or []:
        entries = house.store.command("LRANGE", key, 0, -1)
        out[key.rsplit(":", 1)[-1]] = [json.loads(e.split(" ", 3)[3]) for e in entries]
    return out


def documents(house):
    keys = house.store.command("KEYS", "tocsin:{main}:doc:incident:*") or []
    return {k.rsplit(":", 1)[-1]: json.loads(house.store.command("HGET", k, "d")) for k in keys}


def judge_record(v, record, entries):
    text = "\n".join(json.dumps(e) for log in entries.values() for e in log)
    count = collections.Counter(re.findall(r"mark-\d+-", text))
    for mark, line in record.acked.items():
        v.expect(count[mark] == 1, f"{line!r} was acknowledged and is in the record {count[mark]} times")
    for mark, line in record.messages.items():
        v.expect(count[mark] == 1, f"message {mark} is in the record {count[mark]} times")
    opened = [e.get("text", "") for log in entries.values() for e in log if e["what"] == "declared"]
    for mark, key in record.alerts.items():
        n = sum(mark in title for title in opened)
        v.expect(n == 1, f"the alert {key} was taken and has opened {n} incidents")
    for mark, line in record.refused.items():
        v.expect(count[mark] == 0, f"{line!r}: \"nothing was recorded\", and it was")
    for mark, line in record.unsure.items():
        v.expect(count[mark] <= 1, f"{line!r} is in the record {count[mark]} times")


def judge_posts(v, house):
    keys, rooms, furniture = collections.Counter(), collections.Counter(), collections.Counter()
    for c in house.slack.state()["channels"]:
        purpose = (c.get("purpose") or {}).get("value", "")
        if c.get("creator") and c["creator"].startswith("U0TOCSIN"):
            rooms[purpose] += 1
        for b in c.get("bookmarks", []):
            furniture[f"bookmark {b.get('link')} in {c['id']}"] += 1
        for m in c.get("messages", []):
            if key_of(m):
                keys[key_of(m)] += 1
    for what, counts in (("posted", keys), ("made", rooms), ("there", furniture)):
        doubled = {k: n for k, n in counts.items() if n > 1}
        v.expect(not doubled, f"{what} more than once: {doubled}")
    return keys


def judge_pages(v, docs, keys):
    for ident, doc in docs.items():
        for page in doc["paging"].get("pages", []):
            if page["via"] != "chat":
                continue
            key, state = f"{ident}/page/{page['n']}", page["state"]
            if state in ("accepted", "acked"):
                v.expect(keys[key] == 1, f"page {key} is {state} and visible {keys[key]} times")
            v.expect(state != "failed", f"page {key} failed: {page.get('error')}")
            v.expect(state != "sent", f"page {key} is neither delivered nor given up")


def timers_wanted(ident, doc):
    """What the document speaks of: timer id -> due time."""
    paging, want = doc["paging"], {}
    if paging.get("next"):
        want["ladder"] = paging["next"]
    for reach in paging.get("reaches", []):
        if reach.get("due"):
            want[f"reach:{reach['n']}"] = reach["due"]
    for kind, r in doc.get("reminders", {}).items():
        if isinstance(r, dict) and r.get("due"):
            want[f"remind:{kind}"] = r["due"]
    if paging["state"] == "acked" and doc.get("ack_expires"):
        want["ackexpiry"] = doc["ack_expires"]
    return {f"incident:{ident}:{k}": due for k, due in want.items()}


def timers_there(house):
    """Timer id -> the time it was set to; and the ids that are leased."""
    flat = house.store.command("ZRANGE", "tocsin:{main}:timers", 0, -1, "WITHSCORES")
    leases = house.store.command("HGETALL", "tocsin:{main}:leases")
    held = dict(zip(leases[::2], leases[1::2]))
    there = {}
    for ident, score in zip(flat[::2], flat[1::2]):
        lease = held.get(ident, "").split(" ")
        there[ident] = float(lease[1] if lease[0] == score else score)
    return there, held


def judge_timers(v, house):
    """Reads until document and timers were not changed in between."""
    def calm():
        before = documents(house)
        there, held = timers_there(house)
        return (before, there, held) if documents(house) == before else None
    docs, there, held = until("a quiet moment", calm)
    want = {}
    for ident, doc in docs.items():
        want.update(timers_wanted(ident, doc))
    for ident in set(want) | set(there):
        v.expect(want.get(ident) == there.get(ident),
                 f"timer {ident}: the document says {want.get(ident)}, set is {there.get(ident)}")
    stray = set(held) - set(there)
    v.expect(not stray, f"leases without timers: {sorted(stray)}")


def judge_complaints(v, house, explained):
    seen = collections.Counter()
    for c in house.slack.complaints():
        what = " ".join(str(c.get(k, "")) for k in ("kind", "where", "error"))
        words = f"{what} {c.get('detail', '')}"
        seen[what] += 1
        if seen[what] == 1 and not any(re.search(e, words) for e in (*ALWAYS_EXPLAINED, *explained)):
            v.expect(False, f"a real Slack would have complained: {words[:300]}")


def judge_bots(v, house, explained):
    for b in house.bots + house.gone:
        with open(b.process.log_path, errors="replace") as f:
            for line in f:
                bad = "level=error" in line or "Sanitizer" in line or "runtime error" in line
                if bad and not any(re.search(e, line) for e in explained):
                    v.expect(False, f"{b.name} said: {line.strip()[:500]}")


def settle(house, record):
    """Nothing is promised any more, and Slack has told again what was lost."""
    def heard():
        text = json.dumps(logs(house))
        return all(mark in text for mark in record.messages)
    until("every message is in the record", heard, pause_s=0.2)
    until("the outbox is empty", lambda: outbox_left(house) == 0, pause_s=0.1)


def judge(house, record, complaints=(), errors=()):
    """Raises HouseError with all that is wrong."""
    v = Verdict()
    settle(house, record)
    keys = judge_posts(v, house)
    judge_record(v, record, logs(house))
    judge_pages(v, documents(house), keys)
    judge_timers(v, house)
    judge_complaints(v, house, complaints)
    judge_bots(v, house, errors)
    audit = house.audit()
    v.expect(audit.returncode == 0, f"tocsin audit: {audit.stdout}{audit.stderr}")
    v.expect(any(b.process.alive() for b in house.bots), "no bot is up")
    if v.faults:
        raise HouseError("\n    ".join(["what was promised does not hold:", *v.faults[:20]]))
