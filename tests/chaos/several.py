"""Two bots on one Redis: they share the work, and neither does what the other has done."""

import os
import random
import signal

from house import HouseError, until
from judge import judge, outbox_left
from outages import REDIS_ERRORS, Typists
from people import People, WAR_ROOM, find_key
from story import Keeper, end_all, new_house, play

LIMITS = (r"^limit ",)  # two bots count their calls apart


def together():
    with new_house() as h, Keeper(h, "one") as one, Keeper(h, "two") as two:
        people = People(h)
        one.bot.wait_ready(), two.bot.wait_ready()
        ident = people.declare()
        with Typists(people, ident) as typists:
            play(h, people, lambda: typists.get_on("a while"))
        end_all(h, people)
        judge(h, people.record, complaints=LIMITS)
        one.check(), two.check()


def one_dies():
    """Killed again and again, the other one takes over what it held."""
    with new_house() as h, Keeper(h, "one") as one, Keeper(h, "two") as two:
        people = People(h)
        one.bot.wait_ready(), two.bot.wait_ready()
        ident = people.declare()
        with Typists(people, ident) as typists:
            for _ in range(4):
                typists.get_on("a death")
                deaths = one.deaths
                os.kill(one.bot.process.child.pid, signal.SIGKILL)
                until("it is noticed", lambda: one.deaths > deaths)
            typists.get_on("the last death")
            play(h, people, one.check)
        end_all(h, people)
        judge(h, people.record, complaints=LIMITS)
        one.check(), two.check()


def frozen():
    """A bot stands still for longer than its leases hold, with promises in its hands, and wakes
    up when another one has kept them."""
    with new_house() as h, Keeper(h, "one") as one:
        people = People(h)
        one.bot.wait_ready()
        # Slack wants it to wait: claimed, not sent.
        h.slack.fault(method="chat.postMessage", kind="status", status=429, retry_after=3, count=4)
        ident = people.declare()
        until("it was told to wait", lambda: h.slack.call("/admin/counters")["faults_played"] >= 2)
        pid = one.bot.process.child.pid
        os.kill(pid, signal.SIGSTOP)
        try:
            h.slack.fault(kind="clear")
            with Keeper(h, "two") as two:
                two.bot.wait_ready()
                until("the other one keeps the promises",
                      lambda: find_key(h, f"{ident}/root") and outbox_left(h) == 0, pause_s=0.1)
                os.kill(pid, signal.SIGCONT)
                play(h, people, one.check)
                end_all(h, people)
                judge(h, people.record, complaints=LIMITS)
                two.check()
        finally:
            os.kill(pid, signal.SIGCONT)
        one.check()


def at_random(seed, rounds):
    """Everything at once."""
    rng = random.Random(seed)
    with new_house() as h, Keeper(h, "one") as one, Keeper(h, "two") as two:
        people = People(h)
        one.bot.wait_ready(), two.bot.wait_ready()
        ident = people.declare()

        def kill_one():
            os.kill(rng.choice((one, two)).bot.process.child.pid, signal.SIGKILL)

        def kill_redis():
            h.redis.kill()
            h.redis.start()
        troubles = {
            "a bot was killed": kill_one,
            "Redis was killed": kill_redis,
            "429": lambda: h.slack.fault(kind="status", status=429, retry_after=1, count=3),
            "500": lambda: h.slack.fault(kind="status", status=500, count=3),
            "lost answers": lambda: h.slack.fault(kind="done_cut", method="chat.postMessage", count=2),
            "cut sockets": lambda: h.slack.fault(kind="drop_socket"),
            "repeated envelopes": lambda: h.slack.fault(kind="duplicate_envelope", count=10),
            "reversed envelopes": lambda: h.slack.fault(kind="out_of_order", count=6),
        }
        with Typists(people, ident) as typists:
            for _ in range(rounds):
                name = rng.choice(sorted(troubles))
                troubles[name]()
                typists.get_on(name)
        h.slack.fault(kind="clear")
        play(h, people, one.check)
        end_all(h, people)
        judge(h, people.record, complaints=LIMITS, errors=REDIS_ERRORS)
        one.check(), two.check()


def scenarios(form):
    yield "two bots share the work", (3, 5, 9), together
    yield "one of two bots dies again and again", (3, 4, 5, 9), one_dies
    yield "a bot is frozen past its leases", (5, 9), frozen
    for seed in range(2 if form == "usual" else 20):
        yield (f"everything at random, seed {seed}", (1, 2, 3, 4, 5, 9, 10),
               lambda seed=seed: at_random(seed, 8 if form == "usual" else 60))
