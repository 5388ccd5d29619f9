"""People at work: what they type, and what they were told about it.

Every command and message carries a mark of its own, so that the record can be held against it.
"""

import itertools
import json
import re
import threading

from house import HouseError, until

WAR_ROOM = "C0WARROOM"
NOT_RECORDED = re.compile(r"[Nn]othing was recorded")
UNSURE = re.compile(r"may or may not")


def told(answer):
    """The words of an answer, blocks and all."""
    return json.dumps(answer.get("response") or {}, ensure_ascii=False)


class Record:
    """What people were told, to be held against what is there in the end."""

    def __init__(self):
        self.lock = threading.Lock()
        self.marks = itertools.count(1)
        self.acked, self.refused, self.unsure = {}, {}, {}
        self.messages, self.alerts = {}, {}

    def mark(self):
        with self.lock:
            return f"mark-{next(self.marks)}-"

    def note(self, mark, line, answer):
        """True when the person was told that it is done."""
        text = told(answer)
        with self.lock:
            if not answer.get("acked") or UNSURE.search(text):
                self.unsure[mark] = line
            elif NOT_RECORDED.search(text):
                self.refused[mark] = line
            else:
                self.acked[mark] = line
                return True
        return False


class People:
    def __init__(self, house):
        self.house = house
        self.record = Record()

    def type(self, user, line, channel=WAR_ROOM):
        """Once; "%" in the line becomes the mark. The answer, {} when there was none."""
        mark = self.record.mark()
        line = line.replace("%", mark)
        answer = self.house.slack.slash(user, channel, line)
        return answer if self.record.note(mark, line, answer) else {}

    def insist(self, user, line, channel=WAR_ROOM):
        """As people do: again and again until it is done."""
        def once():
            self.house.slack.wait_socket()
            return self.type(user, line, channel)
        return until(f"{user} types {line}", once)

    def declare(self, user="U0ADA", line="/incident P0 Checkout fails %"):
        found = re.search(r"INC-\d+", told(self.insist(user, line)))
        if not found:
            raise HouseError(f"no incident in the answer to {line}")
        return found.group(0)

    def say(self, user, channel, text="I look at %", thread_ts=None):
        """A message where the incident lives: must be in the record exactly once."""
        mark = self.record.mark()
        self.house.slack.say(user, channel, text.replace("%", mark), thread_ts)
        self.record.messages[mark] = text


# --- what people see -----------------------------------------------------------------------


def all_messages(house):
    for c in house.slack.state()["channels"]:
        for m in c.get("messages", []):
            yield c, m


def key_of(message):
    return ((message.get("metadata") or {}).get("event_payload") or {}).get("key", "")


def find_key(house, key):
    """(channel, message) with this idempotency key, or None."""
    for c, m in all_messages(house):
        if key_of(m) == key:
            return c, m
    return None


def direct_message(house, user, contains):
    for c, m in all_messages(house):
        if c.get("is_im") and c.get("user") == user and contains in json.dumps(m, ensure_ascii=False):
            return c["id"], m
    return None


def wait_direct(house, user, contains):
    return until(f"a message to {user} about {contains}",
                 lambda: direct_message(house, user, contains), pause_s=0.1)


def room_of(house, incident):
    """The channel that was made for it, once somebody can be heard there."""
    def look():
        doc = house.document(f"incident:{incident}")
        return doc and doc["home"].get("room")
    return until(f"{incident} has its room", look, pause_s=0.05)
