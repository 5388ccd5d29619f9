"""Nobody has to remember: the bot says when something is due, to the right person, once."""

import re
import unittest

from stage import ADA, BEN, CHLOE, WAR_ROOM, Scene


class Reminders(Scene):
    speed = 600  # ten minutes in a second
    plan = "tests/e2e/reminder-plan.yaml"

    def all_of(self, pattern, ts):
        return [m for m in self.s.read(WAR_ROOM, ts) if re.search(pattern, m.text)]

    def test_a_missing_update_goes_round_and_its_button_answers_it(self):
        self.s.type(BEN, WAR_ROOM, "/incident P1 Login is slow")
        ts = self.s.root().ts
        self.s.type(BEN, WAR_ROOM, "/incident ack")
        first = self.s.find(WAR_ROOM, r"An update is due", ts)
        self.shows(first, r"@Chloé Roy: An update is due since")
        self.assertEqual(first.mentions, ["Chloé Roy"])
        # Ignored: the next person hears.
        second = self.s.find(WAR_ROOM, r"@Dev Rao: An update is due .*the one before you has not answered", ts)
        self.assertGreater(second.ts, first.ts)
        second.press(BEN, "Update")
        self.s.submit(BEN, {"text": "Still looking, the cache is cold"})
        self.s.find(WAR_ROOM, r"Update on INC-1 by Ben Ortiz", ts)
        self.shows(self.s.timeline_has("reminded Dev Rao"), r"reminded Chloé Roy: an update is due.*reminded Dev Rao: an update is due"
                   r".*Ben Ortiz update: Still looking")

    def test_the_time_to_fix_and_what_is_left_afterwards(self):
        self.s.type(BEN, WAR_ROOM, "/incident P1 Login is slow")
        ts = self.s.root().ts
        near = self.s.find(WAR_ROOM, r"is to be fixed by", ts)
        self.shows(near, r"@Ben Ortiz: P1 is to be fixed by .*Will it hold")
        over = self.s.find(WAR_ROOM, r"should have been fixed by", ts)
        self.shows(over, r"Is this still the right severity, and who else is needed")
        self.assertEqual(over.raw.get("subtype"), "thread_broadcast")
        self.s.type(BEN, WAR_ROOM, "/incident resolve done at last")
        list_ = self.s.find(WAR_ROOM, r"what is left is the close checklist", ts)
        self.assertEqual(list_.mentions, ["Ben Ortiz"])
        list_.press(BEN, "Checklist")
        self.s.find(WAR_ROOM, r"Before INC-1 is closed", ts)
        due = self.s.find(WAR_ROOM, r"post-mortem is due", ts)
        self.shows(due, r"/incident postmortem done")

    def test_nobody_coordinates(self):
        self.s.type(CHLOE, WAR_ROOM, "/incident P1 Login is slow")
        ts = self.s.root().ts
        self.s.type(CHLOE, WAR_ROOM, "/incident role coordinator nobody")
        asked = self.s.find(WAR_ROOM, r"Nobody coordinates this incident", ts)
        asked.press(ADA, "I coordinate")
        self.s.find(WAR_ROOM, r"@Ada Park has the role coordinator", ts)

    def test_they_survive_a_restart_and_come_once(self):
        self.s.type(BEN, WAR_ROOM, "/incident P1 Login is slow")
        ts = self.s.root().ts
        self.s.type(BEN, WAR_ROOM, "/incident ack")
        self.s.find(WAR_ROOM, r"has it", ts)
        self.s.tocsin.process.kill()
        before = len(self.s.read(WAR_ROOM, ts))
        self.s.restart()
        self.s.find(WAR_ROOM, r"An update is due|nothing was heard", ts)
        self.assertGreater(len(self.s.read(WAR_ROOM, ts)), before)
        texts = [m.text for m in self.all_of(r"An update is due", ts)]
        self.assertEqual(len(texts), len(set(texts)), texts)


if __name__ == "__main__":
    unittest.main()
