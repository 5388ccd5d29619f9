"""Slack answers 429, 500, nonsense, late or never; says "no" and has done it; loses, repeats and
reverses envelopes; takes its sockets away."""

from judge import judge
from people import People
from story import Keeper, end_all, new_house, play

LIMITS = (r"^limit ",)

# What the Web API may do wrong. "done": the work is done, and the answer says otherwise.
KINDS = {
    "answers 500": {"kind": "status", "status": 500},
    "answers 429": {"kind": "status", "status": 429, "retry_after": 2},
    "says internal_error": {"kind": "error", "error": "internal_error"},
    "never answers": {"kind": "hang"},
    "resets before the work": {"kind": "cut_early"},
    "is late": {"kind": "delay", "delay_ms": 2500},
    "breaks off its answer": {"kind": "cut"},
    "answers nonsense": {"kind": "malformed"},
    "does it and answers 503": {"kind": "done_status"},
    "does it and never answers": {"kind": "done_hang"},
    "does it and resets": {"kind": "done_cut"},
}
# Where a promise goes through, and how often in one incident.
METHODS = ("chat.postMessage", "chat.update", "conversations.create", "bookmarks.add",
           "conversations.setPurpose", "pins.add", "conversations.invite", "conversations.setTopic")
LOOKING = ("conversations.history", "conversations.replies", "conversations.list", "conversations.open",
           "bookmarks.list")


def spoiled(fault, methods):
    """The first, the fourth and the seventh call of each of these methods go wrong; where each
    costs a time-out, only two methods, once."""
    with new_house() as h, Keeper(h, "bot") as keeper:
        people = People(h)
        keeper.bot.wait_ready()
        slow = "hang" in fault["kind"]
        for method in methods[:3:2] if slow else methods:
            for skip in (0,) if slow else (0, 2, 4):
                h.slack.fault(method=method, count=1, skip=skip, **fault)
        play(h, people, keeper.check)
        end_all(h, people)
        judge(h, people.record, complaints=LIMITS)
        keeper.check()


def half_blind(fault):
    """A post's fate is unknown, and looking for it fails, too, at first."""
    with new_house() as h, Keeper(h, "bot") as keeper:
        people = People(h)
        keeper.bot.wait_ready()
        for skip in (0, 2):
            h.slack.fault(method="chat.postMessage", count=1, skip=skip, kind="done_status")
        h.slack.fault(method="conversations.create", count=1, kind="done_status")
        for method in LOOKING:
            h.slack.fault(method=method, count=1, **{**fault, "retry_after": 1})
        play(h, people, keeper.check)
        end_all(h, people)
        judge(h, people.record, complaints=LIMITS)
        keeper.check()


def envelopes(**fault):
    """Again and again in a whole incident. Few at a time: what is held back waits for the rest."""
    with new_house() as h, Keeper(h, "bot") as keeper:
        people = People(h)
        keeper.bot.wait_ready()
        h.slack.wait(what="sockets", count=2)

        def again():
            keeper.check()
            h.slack.fault(count=8, **fault)
        again()
        play(h, people, again)
        end_all(h, people)
        h.slack.fault(kind="clear")
        judge(h, people.record, complaints=LIMITS)
        keeper.check()


def sockets(**fault):
    """Again and again while the incident goes on."""
    with new_house() as h, Keeper(h, "bot") as keeper:
        people = People(h)
        keeper.bot.wait_ready()

        def again():
            keeper.check()
            h.slack.fault(**fault)
            people.insist("U0EVE", "/incident note INC-1 still here %")
        play(h, people, again)
        end_all(h, people)
        judge(h, people.record, complaints=LIMITS)
        keeper.check()


def scenarios(form):
    for name, fault in KINDS.items():
        yield (f"Slack {name}", (5, 6, 7), lambda fault=fault: spoiled(fault, METHODS))
    for name in ("answers 500", "answers 429") if form == "usual" else KINDS:
        yield (f"Slack {name} when asked whether it was posted", (5,),
               lambda fault=KINDS[name]: half_blind(fault))
    yield "every envelope comes twice", (3,), lambda: envelopes(kind="duplicate_envelope")
    yield "envelopes come late and in reverse", (3,), lambda: envelopes(kind="out_of_order")
    for name, fault in (("cut", {"kind": "drop_socket", "how": "cut"}),
                        ("closed", {"kind": "drop_socket", "how": "close"}),
                        ("to be replaced", {"kind": "disconnect", "reason": "refresh_requested",
                                            "close_ms": 1000}),
                        ("playing dead", {"kind": "drop_socket", "how": "silent", "socket": 0})):
        yield f"sockets {name}", (3,), lambda fault=fault: sockets(**fault)
