"""The bot is killed with SIGKILL at every point between arrival and delivery (bot/fault.h)."""

import os
import re

from house import HouseError, ROOT
from judge import judge
from people import People
from story import Keeper, end_all, new_house, play

# A successor does not know how much its predecessor has just posted.
EXPLAINED = (r"^limit ",)


def points():
    with open(os.path.join(ROOT, "bot", "fault.h")) as f:
        names = re.findall(r"^\s*X\((\w+)\)", f.read(), re.M)
    if len(names) < 10:
        raise HouseError("bot/fault.h does not name the points any more")
    return names


def killed_at(point, nth):
    with new_house() as h, Keeper(h, "bot", fault=f"{point}:{nth}") as keeper:
        people = People(h)
        play(h, people, keeper.check, keeper)
        end_all(h, people)
        judge(h, people.record, complaints=EXPLAINED)
        keeper.check()
        if keeper.deaths != 1:
            raise HouseError(f"{point} was not passed {nth} times: the bot was never killed")


def scenarios(form):
    usual, few = ((1, 5), (1, 2)) if form == "usual" else ((1, 2, 3, 5, 8, 13, 21), (1, 2, 3))
    for point in points():
        for nth in few if point == "TIMER_CLAIMED" else usual:
            yield (f"killed at {point}, passage {nth}", (1, 3, 4, 5, 10),
                   lambda point=point, nth=nth: killed_at(point, nth))
