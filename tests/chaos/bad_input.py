"""What people, Slack and strangers send that is wrong, on the real program: each gets a clear answer,
nothing is lost, the process stays up, and what was typed never becomes anything but text."""

import base64
import functools
import json
import os
import re

from house import HouseError, ROOT, until
from judge import Verdict, documents, judge, settle
from people import People, WAR_ROOM, all_messages, room_of, told
from story import Keeper, acked, end_all, new_house, play

LIMITS = (r"^limit ",)


def house_with_bot(test):
    """One house and one bot; afterwards a whole incident must still go its way."""
    with new_house() as h, Keeper(h, "bot", speed=20) as keeper:
        people = People(h)
        keeper.bot.wait_ready()
        v = Verdict()
        complaints = test(h, people, v) or ()
        keeper.check()
        v.expect(keeper.bot.process.alive(), "the bot is gone")
        play(h, people, keeper.check)
        end_all(h, people)
        judge(h, people.record, complaints=(*LIMITS, *complaints), errors=(r"area=slack",))
        if v.faults:
            raise HouseError("\n    ".join(["not as it should be:", *v.faults[:20]]))


# --- frames on the socket --------------------------------------------------------------------


def envelope(**more):
    return json.dumps({"envelope_id": "11111111-2222-4333-8444-555555555555", "type": "slash_commands",
                       "accepts_response_payload": True, **more})


def b64(data):
    return base64.b64encode(data).decode()


FRAMES = {
    "nothing": {"text": ""},
    "no JSON": {"text": "hello"},
    "half of JSON": {"text": '{"envelope_id":"1", "type":'},
    "an array": {"text": "[1,2,3]"},
    "a number": {"text": "7"},
    "no type": {"text": "{}"},
    "type of a wrong type": {"text": '{"type":{"type":"hello"},"envelope_id":[1]}'},
    "unknown type": {"text": envelope(type="carrier_pigeon", payload={"coo": 1})},
    "unknown event": {"text": envelope(type="events_api", payload={"event": {"type": "moon_rose"}})},
    "a command without anything": {"text": envelope(payload={})},
    "a command whose fields are of wrong types": {"text": envelope(payload={
        "command": ["/incident"], "text": {"a": 1}, "user_id": 7, "channel_id": None, "trigger_id": []})},
    "a payload that is text": {"text": envelope(payload="command=/incident")},
    "a form that nobody made": {"text": envelope(type="interactive", payload={
        "type": "view_submission", "view": {"callback_id": "\u202e{{id}}", "state": {"values": "none"},
                                            "private_metadata": "[[[["}})},
    "a button that nobody made": {"text": envelope(type="interactive", payload={
        "type": "block_actions", "user": {"id": "U0MIA"}, "trigger_id": "t.1", "channel": {"id": WAR_ROOM},
        "actions": [{"action_id": "do", "block_id": "b", "value": "launch missiles"}]})},
    "an empty list of actions": {"text": envelope(type="interactive", payload={
        "type": "block_actions", "actions": []})},
    "an unknown command": {"text": envelope(payload={
        "command": "/nuke", "text": "now", "user_id": "U0ADA", "channel_id": WAR_ROOM,
        "trigger_id": "9.9.9"})},
    "text that is no UTF-8": {"base64": b64(b'{"type":"\xff\xfe","envelope_id":"1"}')},
    "a command that is no UTF-8": {"base64": b64(
        b'{"envelope_id":"e1","type":"slash_commands","payload":{"command":"/incident","text":"\xc3\x28",'
        b'"user_id":"U0ADA","channel_id":"C0WARROOM","trigger_id":"8.8"}}')},
    "a NUL": {"text": envelope(payload={"command": "/incident", "text": "a\u0000b"})},
    "a binary frame": {"kind": "binary", "base64": b64(bytes(range(256)))},
    "a binary envelope": {"kind": "binary", "text": envelope(payload={})},
    "a ping": {"kind": "ping", "text": "are you there"},
    "5 MB": {"repeat": "x", "count": 5 * 1024 * 1024},
    "5 MB of JSON": {"repeat": '{"type":"hello","a":"aaaaaaaaaaaaaa"}', "count": 5 * 1024 * 1024 // 37},
    "deep arrays": {"repeat": "[", "count": 200000},
    "deep objects": {"repeat": '{"a":', "count": 100000},
    "the same key twice": {"text": '{"type":"hello","type":"disconnect","envelope_id":"1"}'},
    "bytes past the framing": {"kind": "wire", "base64": b64(b"\xff\xff\xff\xff garbage \x00\x01")},
    "a frame longer than any": {"kind": "wire", "base64": b64(b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff")},
    "a disconnect of no reason": {"text": '{"type":"disconnect"}'},
}


def frames():
    def test(h, people, v):
        for name, frame in FRAMES.items():
            h.slack.wait_socket()
            h.slack.call("/admin/raw_frame", {"socket": 0, **frame})
            answer = until(f"somebody is answered after {name}", lambda: listed(h), pause_s=0.05)
            v.expect("INC-" in told(answer) or "no open incident" in told(answer).lower()
                     or answer.get("response"), f"after {name}: {told(answer)}")
        # Complaints about envelopes that the fake never sent are the frames above.
        return (r"unknown_ack", r"double_ack", r"ack", r"socket")
    house_with_bot(test)


def listed(h):
    h.slack.wait_socket()
    answer = h.slack.slash("U0ADA", WAR_ROOM, "/incident list")
    return answer if answer.get("acked") and answer.get("response") else None


# --- what was typed is data ----------------------------------------------------------------


EVIL = "https://evil.example.com/x"
FORGED = {
    "a broadcast": "<!channel> <!here> <!everyone>",
    "an escaped broadcast": "&lt;!channel&gt; &lt;!here&gt;",
    "a mention": "<@U0MIA> and <@U0MIA|Ada Park>",
    "a group": "<!subteam^S0ONCALL>",
    "a channel": "<#C0COMMUNITY|war-room>",
    "a link with another face": f"<{EVIL}|https://status.example.com>",
    "a Markdown link": f"[Runbook]({EVIL})",
    "a bare link": f"{EVIL} www.evil.example.com mailto:ada@evil.example.com",
    "our own buttons": '[Acknowledge](action:incident&#32;ack "primary") [Pay](<action:incident close INC-1>)',
    "our own mentions": "[@x](person:eve) [x](user:U0MIA) [c](channel:community) [t](time:1)",
    "our own fields": "| Severity | P9 |\n|---|---|\n| Status | resolved |",
    "template tags": "{{id}} {{{title}}} {{#who}}x{{/who}} {{> incident/root}} {{=<% %>=}}",
    "a heading": "# Resolved\n---\n> by Ada Park",
    "markup": "*bold* _it_ ~no~ `code` ```fence\n``` **b** __i__",
    "HTML": "<script>alert(1)</script><img src=x onerror=y>",
    "a date": "<!date^0^{date}^https://evil.example.com|now>",
    "an emoji and a turned text": ":rotating_light: \u202egnissap\u202c \u2066x\u2069 \u200b\ufeff",
    "a log line": "x\nts=2026-01-01T00:00:00Z level=error area=app msg=\"all is lost\"\r\nid=1",
    "quotes": "\" ' \\ \\\" \\n %s %n ${IFS} $(reboot) `reboot`",
}
ALLOWED_TOKENS = re.compile(
    r"<(?:@U0(?:ADA|BEN|CHLOE|DEV|EVE|TOCSIN)(?:\|[^<>]*)?|#C0[A-Z0-9]+(?:\|[^<>]*)?|!date\^\d+\^[^<>|]*\|[^<>]*"
    r"|https://(?:grafana|docs)\.example\.com/[^<>|]*\|[^<>]*)>")
# Mia, who types all this, is no person of the plan: where we say who wrote something she is mentioned.
AUTHOR = re.compile(r"\*<@U0MIA>\*|[Bb]y <@U0MIA>")
# A link that shows where it leads is the person's own, as in a message: that is no forgery.
HONEST_LINK = re.compile(r"<(https?://[^<>|]+)\|\1>")


@functools.cache
def labels():
    """What a template of ours calls a button, as a pattern; values stand for anything short."""
    found = set()
    for folder, _dirs, files in os.walk(os.path.join(ROOT, "templates")):
        for name in files:
            with open(os.path.join(folder, name)) as f:
                found |= set(re.findall(r"\[([^][]+)\]\(<?action:", f.read()))
    return re.compile("|".join(re.sub(r"\\\{\\\{.*?\\\}\\\}", ".{0,80}", re.escape(x)) for x in found))


def texts_of(block):
    """Every text object of a block: (type, text)."""
    if isinstance(block, dict):
        if block.get("type") in ("mrkdwn", "plain_text") and isinstance(block.get("text"), str):
            yield block["type"], block["text"]
        for value in block.values():
            yield from texts_of(value)
    elif isinstance(block, list):
        for one in block:
            yield from texts_of(one)


def things_of(block, key):
    if isinstance(block, dict):
        if key in block:
            yield block[key]
        for value in block.values():
            yield from things_of(value, key)
    elif isinstance(block, list):
        for one in block:
            yield from things_of(one, key)


def judge_message(v, what, message):
    """Nothing in it but what a template of ours has put there."""
    for kind, text in texts_of(message.get("blocks") or []):
        if kind == "mrkdwn":
            rest = HONEST_LINK.sub("", ALLOWED_TOKENS.sub("", AUTHOR.sub("", text)))
            v.expect("<" not in rest, f"{what}: a token was forged: {text!r}")
        v.expect(not re.search("[\u202a-\u202e\u2066-\u2069]", text), f"{what}: turned text: {text!r}")
    rest = HONEST_LINK.sub("", ALLOWED_TOKENS.sub("", AUTHOR.sub("", message.get("text") or "")))
    v.expect("<" not in rest, f"{what}: a token was forged in the fallback: {message.get('text')!r}")
    for url in things_of(message.get("blocks") or [], "url"):
        v.expect("evil" not in json.dumps(url), f"{what}: a link was forged: {url}")
    for element in things_of(message.get("blocks") or [], "elements"):
        for one in element:
            if one.get("type") != "button":
                continue
            label, value = one["text"]["text"], str(one.get("value"))
            v.expect(labels().fullmatch(label), f"{what}: a button was forged: {label!r}")
            # Where a form could not be opened in time, a button types again what the person typed.
            again = what == "in private" and value.startswith("incident ")
            v.expect(again or re.fullmatch(r"incident [a-z]+( INC-\d+)?( [\w-]+)*", value),
                     f"{what}: a button does {value!r}")


def judge_all_messages(v, h):
    for c, m in all_messages(h):
        if m.get("user") == "U0TOCSIN" and m.get("blocks"):
            judge_message(v, f"in {c.get('name') or c['id']}", m)
    for m in h.slack.state()["ephemerals"]:
        judge_message(v, "in private", m.get("message") or m)


def forged():
    """As title, note, update, answer to the form, reason, summary, message; raw as Slack sends it, and
    as typed."""
    def test(h, people, v):
        # Several in one title: each incident's posts take the channel a few seconds.
        names = sorted(FORGED)
        for i in range(0, len(names), 5):
            text = " / ".join(FORGED[n] for n in names[i:i + 5])
            answer = h.slack.call("/admin/slash", {"user": "U0ADA", "channel": WAR_ROOM, "raw": i % 2 == 0,
                                                   "command": "/incident", "text": f"P2 {text}"})
            v.expect(answer.get("acked") and "INC-" in told(answer), f"no answer to {text}")
            judge_message(v, f"answer to {text}", answer.get("response") or {})
        first = people.declare("U0ADA", "/incident P0 Everything else %")
        room = room_of(h, first)
        for name, text in FORGED.items():
            for line in (f"note {first} {text}", f"update {first} {text}", f"page {first} {text}",
                         f"role {first} {text}", f"sev {first} P0 {text}", f"{text} ack", text):
                answer = h.slack.call("/admin/slash", {"user": "U0BEN", "channel": "C0PAYMENTS",
                                                       "raw": True, "command": "/incident", "text": line})
                v.expect(answer.get("acked"), f"{name}: no answer to {line!r}")
                judge_message(v, f"answer to {line!r}", answer.get("response") or {})
                views = h.slack.call("/admin/views")["views"]
                for view in views:
                    judge_message(v, f"form after {line!r}", {"blocks": view.get("blocks")})
                if views:  # several may be open by now: one call closes them all
                    h.slack.call("/admin/close_view", {"user": "U0BEN", "clear": True})
            h.slack.say("U0MIA", room, text)
        answer = h.slack.call("/admin/slash", {"user": "U0ADA", "channel": WAR_ROOM,
                                               "command": "/incident", "text": f"timeline {first}"})
        judge_message(v, "the timeline", answer["response"])
        answer = h.slack.call("/admin/slash", {
            "user": "U0BEN", "channel": "C0PAYMENTS", "raw": True, "command": "/incident",
            "text": f"resolve {first} " + " ".join(FORGED.values())})
        judge_message(v, "the end", answer.get("response") or {})
        end_all(h, people)
        settle(h, people.record)
        judge_all_messages(v, h)
        with open(h.bots[0].process.log_path, errors="replace") as f:
            for line in f:
                v.expect(line.startswith("ts=2") and "all is lost" not in line.split("msg=")[1][:20],
                         f"a log line was forged: {line!r}")
        return (r"push_limit_reached",)  # one form after another, faster than they can be closed
    house_with_bot(test)


def long_texts():
    def test(h, people, v):
        long = "Checkout is slow " * 6000  # 100 kB
        for text in (f"P0 {long}", f"P1 {'x' * 100000}", f"P2 {'🔥' * 25000}", f"P2 {'<&>' * 30000}"):
            answer = h.slack.slash("U0ADA", WAR_ROOM, f"/incident {text}")
            v.expect("INC-" in told(answer), f"a title of {len(text)} characters: {told(answer)[:200]}")
        for verb in ("note", "update", "resolve"):
            answer = h.slack.slash("U0BEN", WAR_ROOM, f"/incident {verb} INC-1 {long}")
            v.expect(answer.get("acked") and "broke" not in told(answer), f"{verb}: {told(answer)[:200]}")
        answer = h.slack.slash("U0ADA", WAR_ROOM, "/incident timeline INC-1")
        v.expect("Checkout is slow" in told(answer), f"the timeline: {told(answer)[:300]}")
        answer = h.slack.slash("U0ADA", WAR_ROOM, "/incident list")
        v.expect("INC-2" in told(answer), f"the list: {told(answer)[:300]}")
        h.slack.say("U0MIA", WAR_ROOM, long)
    house_with_bot(test)


# --- what cannot be done -----------------------------------------------------------------------


def refused_commands():
    """Each is answered with what was wrong and what to do, and changes nothing."""
    def test(h, people, v):
        ident = people.declare("U0ADA", "/incident P1 Something %")
        cases = (
            ("U0ADA", "show INC-99", r"no incident INC-99"),
            ("U0ADA", "ack INC-99", r"no incident INC-99"),
            ("U0ADA", "resovle now", r"Did you mean `/incident resolve`"),
            ("U0ADA", f"page {ident} zorro", r"knows nobody called \W*zorro"),
            ("U0ADA", f"page {ident} <@U0MIA>", r"plan|Mia"),
            ("U0ADA", f"role {ident} coordinator zorro", r"zorro"),
            ("U0ADA", f"role {ident} juggler @ben", r"juggler"),
            ("U0ADA", f"sev {ident} P7", r"P7"),
            ("U0ADA", f"status {ident} happy", r"happy"),
            ("U0MIA", f"ack {ident}", r"not for you to do"),
            ("U0MIA", f"cancel {ident} no", r"not for you to do"),
            ("U0BEN", f"cancel {ident} no", r"not for you to do"),
            ("U0MIA", f"update {ident} I take over", r"not for you to do"),
            ("U0ADA", f"done {ident} 99", r"."),
            ("U0ADA", f"close {ident}", r"resolve"),
            ("U0ADA", f"reopen {ident}", r"open"),
            ("U0ADA", "help nonsense", r"nonsense|/incident help"),
            ("U0ADA", "note", r"note"),
        )
        until("the incident is calm", lambda: h.slack.wait(what="quiet", timeout_ms=1000)["found"])
        before = {k: (d["status"], d["severity"], d["roles"], d.get("update_text"), acked(h, k))
                  for k, d in documents(h).items()}
        for user, line, words in cases:
            answer = h.slack.call("/admin/slash", {"user": user, "channel": "C0PAYMENTS", "raw": True,
                                                   "command": "/incident", "text": line})
            v.expect(re.search(words, told(answer)), f"{line!r}: {told(answer)[:300]}")
        after = {k: (d["status"], d["severity"], d["roles"], d.get("update_text"), acked(h, k))
                 for k, d in documents(h).items()}
        v.expect(before == after, f"something changed: {before} {after}")
    house_with_bot(test)


def forms():
    """Answers out of range keep the form open, each fault beside its question."""
    def test(h, people, v):
        def opened():
            h.slack.slash("U0ADA", WAR_ROOM, "/incident new")
            return until("the form is open", lambda: next(
                (x for x in h.slack.call("/admin/views")["views"] if x.get("user") == "U0ADA"), None))

        def submit(values, **more):
            return h.slack.call("/admin/submit", {"user": "U0ADA", "values": values, "force": True, **more})
        bad = (
            ({}, "nothing at all"),
            ({"title": "", "severity": "P0", "q.impact": "many"}, "no title"),
            ({"title": "  \u202e \t ", "severity": "P0", "q.impact": "many"}, "an invisible title"),
            ({"title": "x", "severity": "P99", "q.impact": "many"}, "no such severity"),
            ({"title": "x", "severity": "<!channel>", "q.impact": "many"}, "a forged severity"),
            ({"title": "x", "severity": "P0", "q.impact": ""}, "a required answer left out"),
        )
        count = len(documents(h))
        opened()
        for values, name in bad:
            answer = submit(values)
            v.expect(answer.get("acked"), f"{name}: no answer: {answer}")
            v.expect(answer.get("response_action") == "errors" or answer.get("errors"),
                     f"{name}: {json.dumps(answer)[:300]}")
            v.expect(len(documents(h)) == count, f"{name}: something was declared")
        answer = submit({"title": "y" * 5000, "severity": "P2", "q.impact": "z" * 50000})
        v.expect(answer.get("acked"), f"long answers: {json.dumps(answer)[:300]}")
    house_with_bot(test)


def scenarios(form):
    yield "frames that Slack would never send", (3, 12), frames
    yield "forged mentions, buttons, links, tags, log lines", (11,), forged
    yield "texts of 100 kB", (12,), long_texts
    yield "commands that cannot be carried out", (12,), refused_commands
    yield "forms filled in wrongly", (12,), forms
