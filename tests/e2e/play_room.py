"""A severity with a channel of its own: it is furnished, the talk is there, nobody loses sight of it."""

import unittest

from stage import ADA, BEN, CHLOE, DEV, EVE, MIA, PAYMENTS, WAR_ROOM, Scene
from house import until


class Room(Scene):
    def test_the_channel_and_what_is_in_it(self):
        answer = self.s.type(BEN, PAYMENTS, "/incident P0 Checkout returns 500s")
        self.shows(answer, r"INC-1 is declared as P0", r"channel of its own")
        room = self.s.room("INC-1")
        self.assertEqual(room["name"], "inc-1-checkout-returns-500s")
        self.assertEqual(room["topic"]["value"], "P0 INC-1 · investigating · Checkout returns 500s")
        first = self.s.find(room["id"], r"We are looking into it: Checkout returns 500s")
        self.shows(first, r"Told: @Ada Park, @Chloé Roy · for information: Dev Rao, Eve Stone")
        self.shows(self.s.find(room["id"], r"^Pages"), r"Ada Park, chat")
        self.s.find(WAR_ROOM, r"The talk is in #inc-1-checkout-returns-500s")
        until("everybody is invited", lambda: {ADA, BEN, CHLOE} <= set(self.s.room("INC-1")["members"]))
        room = self.s.room("INC-1")
        self.assertEqual([b["title"] for b in room["bookmarks"]], ["Checkout dashboard", "Runbook"])
        root = self.s.root(channel=room["id"])
        self.hides(root, r"The talk is in")
        self.assertEqual(room["pins"], [root.ts])
        self.shows(room["purpose"]["value"], r"INC-1", r"Checkout returns 500s")
        self.shows(self.s.find(WAR_ROOM, r"The talk about INC-1 goes on in", self.s.root().ts), r"#inc-1-checkout")

        # What happens there is shown in both places; the topic follows.
        self.s.type(CHLOE, room["id"], "/incident ack")
        self.s.find(room["id"], r"@Chloé Roy has it")
        self.s.find(room["id"], r"^Pages · Chloé Roy has it")
        self.s.type(CHLOE, room["id"], "/incident update monitoring: errors are falling")
        self.s.find(room["id"], r"Update on INC-1 by Chloé Roy · monitoring.*errors are falling")
        self.s.find(WAR_ROOM, r"Update on INC-1 by Chloé Roy · monitoring.*errors are falling")
        until("the topic follows", lambda: "monitoring" in self.s.room("INC-1")["topic"]["value"])
        said = self.s.say(BEN, room["id"], "Gateway is back on build 41")
        self.s.timeline_has(r"Ben Ortiz wrote: Gateway is back")
        self.s.react(CHLOE, room["id"], said, "pushpin")
        self.s.timeline_has(r"📌 .*Gateway is back")
        self.s.say(DEV, room["id"], "@tocsin role scribe @eve")
        self.s.find(room["id"], r"@Eve Stone has the role scribe")
        until("the scribe is invited", lambda: EVE in self.s.room("INC-1")["members"])
        self.s.type(CHLOE, room["id"], "/incident resolve gateway rolled back")
        self.s.find(room["id"], r"INC-1 is resolved, says Chloé Roy")
        self.s.find(WAR_ROOM, r"Status: resolved.*How it ended: gateway rolled back")
        ended = self.s.find(room["id"], r"^P0 INC-1: .*Status: resolved")
        self.assertEqual(ended.buttons, ["Close", "Reopen", "Timeline"])

    def test_a_raised_severity_gets_its_channel(self):
        self.s.type(ADA, WAR_ROOM, "/incident P1 Login is slow")
        self.s.find(WAR_ROOM, r"We are looking into it", self.s.root().ts)
        self.s.type(ADA, WAR_ROOM, "/incident sev P0 nobody gets in")
        room = self.s.room("INC-1")
        self.s.find(room["id"], r"We are looking into it: Login is slow")
        self.s.find(WAR_ROOM, r"INC-1 is P0 now, it was P1, says Ada Park: nobody gets in")

    def test_a_channel_that_cannot_be_made_is_told_and_the_thread_serves(self):
        self.refused = "restricted_action"
        self.s.slack.fault(kind="error", method="conversations.create", error="restricted_action")
        self.s.type(ADA, WAR_ROOM, "/incident P0 Checkout returns 500s")
        ts = self.s.root().ts
        self.shows(self.s.find(WAR_ROOM, r"channel of its own could not be made", ts), r"the talk stays in this thread")
        self.s.find(WAR_ROOM, r"We are looking into it", ts)

    def test_a_drill_says_so_everywhere(self):
        answer = self.s.type(EVE, WAR_ROOM, "/incident drill P0 Checkout returns 500s")
        self.shows(answer, r"^DRILL")
        room = self.s.room("INC-1")
        self.assertTrue(room["name"].startswith("drill-"))
        self.assertTrue(room["topic"]["value"].startswith("DRILL"))
        self.s.find(room["id"], r"^DRILL · We are looking into it")
        self.shows(self.s.dm(ADA, r"You are paged"), r"^DRILL · P0 INC-1", r"This is a drill: nothing is broken")
        self.shows(self.s.dm(DEV, r"For your information"), r"^DRILL")
        self.s.type(ADA, room["id"], "/incident update all well")
        self.s.type(ADA, room["id"], "/incident resolve practised")
        self.s.find(room["id"], r"INC-1 is resolved")
        for channel in (room["id"], WAR_ROOM):
            for m in self.s.read(channel) + self.s.read(WAR_ROOM, self.s.root().ts):
                if m.raw.get("user") == "U0TOCSIN":
                    self.shows(m, r"DRILL")


class Pick(Scene):
    def test_two_are_open_here(self):
        self.s.type(ADA, WAR_ROOM, "/incident P2 Search is slow")
        self.s.type(ADA, WAR_ROOM, "/incident P2 Menu is slow")
        self.s.root("INC-2")
        asked = self.s.type(BEN, WAR_ROOM, "/incident update the index is rebuilt")
        self.shows(asked, r"Several incidents are open here", r"INC-1 P2, investigating: Search is slow", r"INC-2 .*Menu is slow",
                   r"Nothing was changed")
        self.assertEqual(asked.buttons, ["INC-1", "INC-2"])
        asked.press(BEN, "INC-1")
        said = self.s.find(WAR_ROOM, r"Update on INC-1 by Ben Ortiz.*the index is rebuilt", self.s.root("INC-1").ts)
        self.assertEqual(said.raw["thread_ts"], self.s.root("INC-1").ts)
        # In a thread it is clear which is meant, with an id everywhere.
        self.s.say(CHLOE, WAR_ROOM, "@tocsin ack", self.s.root("INC-2").ts)
        self.s.find(WAR_ROOM, r"@Chloé Roy has it", self.s.root("INC-2").ts)
        self.shows(self.s.type(CHLOE, PAYMENTS, "/incident ack 1"), r"You have INC-1 now")
        listed = self.s.type(MIA, PAYMENTS, "/incident list")
        self.shows(listed, r"Open incidents \(2\), newest first\n.*INC-2 P2, investigating, Chloé Roy has it: Menu is slow.*\n.*INC-1")
        elsewhere = self.s.type(CHLOE, PAYMENTS, "/incident resolve")
        self.shows(elsewhere, r"No incident belongs to this place", r"INC-1", r"INC-2")
        self.assertEqual(sorted(elsewhere.buttons), ["INC-1", "INC-2"])
        elsewhere.press(CHLOE, "INC-2")


if __name__ == "__main__":
    unittest.main()
