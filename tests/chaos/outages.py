"""Redis is killed, the network is cut, slowed, swallowed, while people type and pages are due."""

import re
import threading

from house import HouseError, until
from judge import judge
from people import NOT_RECORDED, UNSURE, People, WAR_ROOM, told, wait_direct
from proxy import Proxy
from story import Keeper, end_all, new_house, play

LIMITS = (r"^limit ",)
# Said when Redis is away for longer than a moment; nothing is wrong with that.
REDIS_ERRORS = (r"area=store", r"area=server", r"Redis refused a commit")


class Typists:
    """Several people who type notes until they are told to stop."""

    def __init__(self, people, ident, users=("U0ADA", "U0BEN", "U0EVE")):
        self.people, self.ident, self.over = people, ident, threading.Event()
        self.threads = [threading.Thread(target=self._type, args=(u,), daemon=True) for u in users]
        self.fault = None

    def _type(self, user):
        try:
            while not self.over.is_set():
                self.people.house.slack.wait_socket()
                self.people.type(user, f"/incident note {self.ident} looking at it %")
        except Exception as e:
            self.fault = e

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, kind, value, trace):
        self.over.set()
        for t in self.threads:
            t.join()
        if self.fault and kind is None:
            raise self.fault

    def get_on(self, what):
        """Until several more of their notes were taken."""
        before = len(self.people.record.acked)
        until(f"people get on after {what}",
              lambda: self.fault or len(self.people.record.acked) >= before + 4, pause_s=0.05)


def redis_killed():
    with new_house() as h, Keeper(h, "bot") as keeper:
        people = People(h)
        keeper.bot.wait_ready()
        ident = people.declare()
        with Typists(people, ident) as typists:
            for n in range(3):
                typists.get_on(f"Redis was killed {n} times")
                h.redis.kill()
                # Promise 2: whoever asks meanwhile hears that nothing was recorded.
                until("somebody is told that nothing was recorded",
                      lambda: any(NOT_RECORDED.search(told(h.slack.slash(
                          "U0DEV", WAR_ROOM, f"/incident note {ident} lost"))) for _ in range(1)))
                h.redis.start()
            typists.get_on("the last restart")
        finish(h, people, keeper, errors=REDIS_ERRORS)


def finish(h, people, keeper, complaints=LIMITS, errors=()):
    """The house works again: a whole incident goes its way, and everything is accounted for."""
    play(h, people, keeper.check)
    end_all(h, people)
    judge(h, people.record, complaints=complaints, errors=errors)
    keeper.check()


def proxied_redis(h):
    proxy = Proxy(h.redis.socket)
    return proxy, {"REDIS_URL": f"redis://127.0.0.1:{proxy.port}"}


def redis_trouble(make_trouble):
    """make_trouble(proxy, typists) is called three times while people type."""
    with new_house() as h:
        proxy, env = proxied_redis(h)
        with Keeper(h, "bot", env=env) as keeper:
            people = People(h)
            keeper.bot.wait_ready()
            ident = people.declare()
            with Typists(people, ident) as typists:
                for _ in range(3):
                    typists.get_on("the trouble before")
                    make_trouble(proxy, people)
                    proxy.heal()
                typists.get_on("the last trouble")
            finish(h, people, keeper, errors=REDIS_ERRORS)


def cut(proxy, people):
    proxy.cut()


def answers_lost(proxy, people):
    """Commits arrive, their answers do not: they may have been applied, and they were."""
    before = proxy.lost
    proxy.deaf = True
    until("an answer of Redis is lost", lambda: proxy.lost > before)
    proxy.deaf = False
    proxy.cut()


def refused(proxy, people):
    count = len(people.record.refused)
    proxy.refuse = True
    proxy.cut()
    until("people are told that nothing was recorded", lambda: len(people.record.refused) > count + 2)


def swallowed(proxy, people):
    """Nothing comes back and nothing is closed, as behind a dead router."""
    count = len(people.record.refused) + len(people.record.unsure)
    proxy.swallow = True
    until("people are told", lambda: len(people.record.refused) + len(people.record.unsure) > count + 2)
    proxy.cut()


def slowed(proxy, people):
    count = len(people.record.acked)
    proxy.delay_s = 0.05
    until("people are answered all the same", lambda: len(people.record.acked) > count + 5)


def functions_flushed():
    """An operator empties the function library under the bot's feet."""
    with new_house() as h, Keeper(h, "bot") as keeper:
        people = People(h)
        keeper.bot.wait_ready()
        ident = people.declare()
        with Typists(people, ident) as typists:
            for _ in range(3):
                typists.get_on("the library went")
                h.redis.command("FUNCTION", "FLUSH")
            typists.get_on("the last time")
        if people.record.refused or people.record.unsure:
            raise HouseError(f"somebody was told otherwise: {people.record.refused}")
        finish(h, people, keeper)


# --- between bot and Slack -------------------------------------------------------------------


def slack_trouble(make_trouble):
    with new_house() as h:
        proxy = Proxy(("127.0.0.1", int(h.slack.url.rsplit(":", 1)[1])))
        env = {"SLACK_API_URL": f"http://127.0.0.1:{proxy.port}/api/"}
        with Keeper(h, "bot", env=env) as keeper:
            people = People(h)
            keeper.bot.wait_ready()
            ident = people.declare()
            # The ladder runs on while Slack cannot be reached: its pages must arrive all the same.
            for _ in range(2):
                make_trouble(h, proxy)
                proxy.heal()
                h.slack.wait_socket()
                people.insist("U0ADA", f"/incident note {ident} back again %")
            wait_direct(h, "U0BEN", f"{ident}:")
            wait_direct(h, "U0CHLOE", f"{ident}:")
            finish(h, people, keeper)


def sockets_gone(h):
    until("the bot's sockets are gone", lambda: not h.slack.sockets(), pause_s=0.05)


def slack_cut(h, proxy):
    proxy.cut()


def slack_refused(h, proxy):
    proxy.refuse = True
    proxy.cut()
    sockets_gone(h)


def slack_slow(h, proxy):
    proxy.delay_s = 0.3
    calls = h.slack.call("/admin/counters")["api_calls"]
    until("calls go through", lambda: h.slack.call("/admin/counters")["api_calls"] > calls + 3,
          pause_s=0.1)


def slack_answers_lost(h, proxy):
    """Posts arrive, their answers do not."""
    before = proxy.lost
    proxy.deaf = True
    until("an answer of Slack is lost", lambda: proxy.lost > before)
    proxy.deaf = False
    proxy.cut()


def scenarios(form):
    yield "Redis killed and started again", (1, 2, 3, 4), redis_killed
    for name, trouble in (("cut", cut), ("cut while answers are under way", answers_lost),
                          ("refused for a while", refused), ("swallowed", swallowed),
                          ("slow", slowed)):
        yield (f"connection to Redis {name}", (1, 2, 3),
               lambda trouble=trouble: redis_trouble(trouble))
    yield "Redis forgets its functions", (1, 2), functions_flushed
    for name, trouble in (("cut", slack_cut), ("refused for a while", slack_refused),
                          ("slow", slack_slow), ("cut while answers are under way", slack_answers_lost)):
        yield (f"connection to Slack {name}", (3, 5, 7),
               lambda trouble=trouble: slack_trouble(trouble))
