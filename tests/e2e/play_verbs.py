"""The life of an incident in a thread: every verb as a command, as a button and as a mention."""

import unittest

from stage import ADA, BEN, CHLOE, DEV, EVE, MIA, RANDOM, WAR_ROOM, Scene


class Verbs(Scene):
    def setUp(self):
        super().setUp()
        self.s.type(BEN, WAR_ROOM, "/incident P1 Login is slow")
        self.root = self.s.root()
        self.ts = self.root.ts
        self.s.find(WAR_ROOM, r"We are looking into it", self.ts)

    def thread(self, pattern):
        return self.s.find(WAR_ROOM, pattern, self.ts)

    def root_shows(self, *patterns):
        for p in patterns:
            self.s.find(WAR_ROOM, rf"^(DRILL · )?P\d INC-1: .*{p}")
        return self.s.root()

    def test_acknowledge_by_command(self):
        answer = self.s.type(CHLOE, WAR_ROOM, "/incident ack")
        self.shows(answer, r"You have INC-1 now; nobody else is paged", r"next update is due", r"/incident update INC-1 TEXT",
                   r"paged again at")
        said = self.thread(r"has it\.")
        self.shows(said, r"@Chloé Roy has it", r"Nobody else is paged")
        self.assertEqual(said.mentions, ["Chloé Roy"])
        self.assertNotIn("Acknowledge", self.root_shows(r"Acknowledged: Chloé Roy since").buttons)
        self.shows(self.thread(r"^Pages"), r"Chloé Roy has it", r"Ada Park, chat, .*accepted, no answer")
        self.shows(self.s.dm(ADA, r"Chloé Roy has it"), r"Nothing is expected of you")
        self.shows(self.s.type(CHLOE, WAR_ROOM, "/incident ack"), r"You have had INC-1 since .*Nothing was changed")
        again = self.s.type(DEV, WAR_ROOM, "/incident ack")
        self.shows(again, r"Chloé Roy has had INC-1 since .*Nothing was changed")
        again.press(DEV, "Take it over")
        self.shows(self.thread(r"@Dev Rao has it"), r"It was with Chloé Roy before")

    def test_acknowledge_by_button_in_the_page(self):
        page = self.s.dm(ADA, r"You are paged")
        self.shows(page, r"^P1 INC-1: Login is slow", r"Core functionality is broken", r"Declared by Ben Ortiz at",
                   r"You are paged for production.primary", r"#war-room")
        self.assertEqual(page.buttons, ["Acknowledge", "Show it"])
        page.press(ADA, "Acknowledge")
        done = self.s.dm(ADA, r"You have it")
        self.assertEqual((done.ts, done.buttons), (page.ts, []))
        self.shows(self.thread(r"^Pages"), r"✅ Ada Park, chat, .*acknowledged")

    def test_an_answer_to_the_page_from_a_lock_screen(self):
        page = self.s.dm(ADA, r"You are paged")
        self.s.say(ADA, page.channel, "on my way", page.ts)
        self.shows(self.s.private(ADA, r"on my way"), r"do not know what to do with \"on my way\"", r"help")
        self.s.say(ADA, page.channel, "ack", page.ts)
        self.thread(r"@Ada Park has it")
        self.s.private(ADA, r"You have INC-1 now")
        # Outside the thread it asks, with a button for each.
        self.s.say(BEN, "dm", "resolve the cache is warm")
        asked = self.s.private(BEN, r"Open elsewhere.*INC-1")
        self.assertEqual(asked.buttons, ["INC-1"])
        asked.press(BEN, "INC-1")
        self.thread(r"INC-1 is resolved, says Ben Ortiz.*the cache is warm")

    def test_a_stranger_may_look_and_not_touch(self):
        for line in ("ack", "update x", "resolve", "sev P0", "page @ada", "role scribe me"):
            self.shows(self.s.type(MIA, WAR_ROOM, f"/incident {line}"), r"not for you to do", r"Who may: Ada Park, Ben Ortiz",
                       r"can add you")
        self.shows(self.s.type(MIA, WAR_ROOM, "/incident show"), r"INC-1: Login is slow", r"Status: investigating")
        self.shows(self.s.type(MIA, WAR_ROOM, "/incident note I see it from Lisbon too"), r"Noted")
        self.root.press(MIA, "Acknowledge")
        self.s.private(MIA, r"not for you to do")

    def test_a_stranger_who_declared_it_may_say_what_is_known(self):
        answer = self.s.type(MIA, RANDOM, "/incident P2 Refunds are slow")
        self.shows(self.s.root("INC-2"), r"Declared by @Mia Novak")
        answer.press(MIA, "Answer the plan's questions")
        self.s.submit(MIA, {"q.impact": "They take a day"})
        root = self.s.find(WAR_ROOM, r"INC-2: .*How does this affect users\? They take a day")
        self.s.say(MIA, WAR_ROOM, "It began this morning", root.ts)
        self.shows(self.s.timeline_has(r"It began", "INC-2"), r"@Mia Novak declared it.*@Mia Novak answered the plan's questions"
                   r".*@Mia Novak wrote: It began this morning")

    def test_updates(self):
        answer = self.s.type(BEN, WAR_ROOM, "/incident update identified: an index is missing, see https://docs.example.com/i")
        self.shows(answer, r"update on INC-1 is posted", r"next one is due")
        said = self.thread(r"Update on INC-1 by Ben Ortiz")
        self.shows(said, r"identified", r"an index is missing", r"Next update by")
        self.assertEqual(said.raw.get("subtype"), "thread_broadcast")
        self.root_shows(r"Status: identified", r"Last update, .*Ben Ortiz: an index is missing")
        # By the button: a form, with the present status chosen.
        self.root.press(CHLOE, "Update")
        view = self.s.modal(CHLOE)
        self.assertEqual(view["title"]["text"], "Update on INC-1")
        empty = self.s.submit(CHLOE, {"text": "  ", "status": "monitoring"}, force=True)
        self.shows(empty["errors"]["text"], r"Say what is new")
        self.s.submit(CHLOE, {"text": "Index built\nwatching", "status": "monitoring"})
        self.thread(r"Update on INC-1 by Chloé Roy · monitoring.*Index built\nwatching")
        # By a mention in the thread.
        self.s.say(DEV, WAR_ROOM, "@tocsin update still quiet", self.ts)
        self.thread(r"Update on INC-1 by Dev Rao.*still quiet")
        self.s.private(DEV, r"is posted")
        self.assertIsNone(self.s.type(BEN, WAR_ROOM, "/incident update"))
        self.assertEqual(self.s.modal(BEN)["title"]["text"], "Update on INC-1")

    def test_severity(self):
        self.shows(self.s.type(BEN, WAR_ROOM, "/incident sev"), r"P1", r"Say which it is to be", r"P0.*P1.*P2.*P3")
        self.shows(self.s.type(BEN, WAR_ROOM, "/incident sev P9"), r"no severity \"P9\"", r"Nothing was changed")
        self.shows(self.s.type(BEN, WAR_ROOM, "/incident sev p1"), r"P1 already")
        self.shows(self.s.type(BEN, WAR_ROOM, "/incident sev 3 there is a workaround"), r"new incident, or the severity")
        self.shows(self.s.type(BEN, WAR_ROOM, "/incident sev P2 there is a workaround"), r"INC-1 is P2 now")
        self.shows(self.thread(r"INC-1 is P2 now"), r"it was P1, says Ben Ortiz: there is a workaround", r"There is a workaround")
        self.root_shows(r"Severity: P2")

    def test_roles_and_their_backups(self):
        self.shows(self.s.type(BEN, WAR_ROOM, "/incident role"), r"coordinator: Chloé Roy", r"tech-lead: Ben Ortiz", r"scribe: nobody")
        self.shows(self.s.type(BEN, WAR_ROOM, "/incident role coordinator"), r"Dev Rao has the role coordinator of INC-1 now")
        said = self.thread(r"Dev Rao has the role coordinator")
        self.shows(said, r"after Chloé Roy", r"Handed out by Ben Ortiz")
        self.assertEqual(said.mentions, ["Dev Rao"])
        self.shows(self.s.type(BEN, WAR_ROOM, "/incident role coordinator"), r"no further backup")
        self.shows(self.s.type(BEN, WAR_ROOM, "/incident role tech lead @ada"), r"Ada Park has the role tech-lead")
        self.shows(self.s.type(BEN, WAR_ROOM, "/incident role chef @ada"), r"no role \"chef", r"coordinator.*tech-lead.*scribe")
        self.shows(self.s.type(BEN, WAR_ROOM, "/incident role scribe Zoe"), r"Zoe")
        self.s.say(EVE, WAR_ROOM, "@tocsin role scribe me", self.ts)
        self.thread(r"@Eve Stone has the role scribe")
        self.shows(self.s.type(BEN, WAR_ROOM, "/incident role scribe nobody"), r"Nobody has the role scribe")
        self.root_shows(r"Coordinator: Dev Rao", r"Tech lead: Ada Park")

    def test_page_by_hand(self):
        self.shows(self.s.type(BEN, WAR_ROOM, "/incident page"), r"Whom shall I page", r"eng-manager")
        self.shows(self.s.type(BEN, WAR_ROOM, "/incident page bob"), r"Nobody was paged", r"nobody called \"bob\"")
        self.shows(self.s.type(BEN, WAR_ROOM, "/incident page @mia"), r"Nobody was paged")
        self.shows(self.s.type(BEN, WAR_ROOM, "/incident page @dev the database is his"), r"Dev Rao is being paged for INC-1")
        page = self.s.dm(DEV, r"Ben Ortiz asks for you: the database is his")
        self.assertIn("Acknowledge", page.buttons)
        self.thread(r"^Pages.*Dev Rao, chat, .*accepted")
        self.shows(self.s.type(BEN, WAR_ROOM, "/incident page ceo please decide"), r"ceo is being paged")
        self.s.dm(EVE, r"asks for you: please decide")
        self.shows(self.s.timeline(), r"Ben Ortiz asked to page Dev Rao: the database is his\n.*paged Dev Rao by chat")

    def test_resolve_reopen_close(self):
        self.shows(self.s.type(BEN, WAR_ROOM, "/incident close"), r"not resolved yet", r"/incident resolve INC-1")
        self.shows(self.s.type(BEN, WAR_ROOM, "/incident resolve index built; all is well"), r"INC-1 is resolved", r"/incident close")
        said = self.thread(r"INC-1 is resolved, says Ben Ortiz")
        self.shows(said, r"index built; all is well", r"close checklist", r"post-mortem, due")
        root = self.root_shows(r"Status: resolved", r"How it ended: index built")
        self.assertEqual(root.buttons, ["Close", "Reopen", "Timeline"])
        self.shows(self.s.type(CHLOE, WAR_ROOM, "/incident resolve"), r"resolved already, by Ben Ortiz", r"/incident reopen")
        self.shows(self.s.type(CHLOE, WAR_ROOM, "/incident ack"), r"resolved already")
        self.shows(self.s.type(ADA, WAR_ROOM, "/incident reopen errors are back"), r"INC-1 is open again")
        again = self.thread(r"INC-1 is open again, says Ada Park")
        self.shows(again, r"errors are back")
        self.s.dm(ADA, r"You are paged", last=True)
        again.press(ADA, "Acknowledge")
        self.thread(r"@Ada Park has it")
        # This time with the button, which asks how it ended.
        self.root_shows(r"Acknowledged: Ada Park").press(ADA, "Resolve")
        self.assertEqual(self.s.modal(ADA)["title"]["text"], "Resolve INC-1")
        self.s.submit(ADA, {"summary": "Index rebuilt"})
        self.root_shows(r"How it ended: Index rebuilt")
        self.shows(self.s.type(ADA, WAR_ROOM, "/incident close"), r"checklist of INC-1 is in its thread: 3 items")
        list_ = self.thread(r"Before INC-1 is closed")
        self.shows(list_, r"⬜ 1. Remove maintenance windows.*⬜ 3. Schedule the post-mortem")
        list_.press(ADA, "Done: 1")
        self.thread(r"✅ 1. Remove maintenance windows \(Ada Park\)")
        self.shows(self.s.type(BEN, WAR_ROOM, "/incident done 2"), r"Tell the groups.*1 of 3 are left")
        self.shows(self.s.type(BEN, WAR_ROOM, "/incident close"), r"1 of 3 items are left", r"close INC-1 anyway REASON")
        self.shows(self.s.type(BEN, WAR_ROOM, "/incident done 3"), r"All are done", r"/incident close INC-1")
        self.thread(r"✅ 3.").press(BEN, "Close INC-1")
        self.shows(self.thread(r"^INC-1 is closed"), r"by Ben Ortiz", r"post-mortem is due")
        self.assertEqual(self.root_shows(r"Status: closed").buttons, ["Timeline"])
        self.shows(self.s.type(BEN, WAR_ROOM, "/incident postmortem INC-1 done https://docs.example.com/pm-1"), r"post-mortem of INC-1 is noted")
        self.shows(self.thread(r"post-mortem of INC-1 is written"), r"https://docs.example.com/pm-1")
        self.shows(self.s.type(BEN, WAR_ROOM, "/incident list closed"), r"INC-1.*closed.*Login is slow")
        told = self.s.timeline()
        self.shows(told, r"Ben Ortiz declared it as P1.*Ben Ortiz resolved it: index built.*Ada Park opened it again: errors are back"
                   r".*Ada Park acknowledged.*Ada Park resolved it: Index rebuilt.*done: Remove maintenance windows.*closed it")

    def test_close_with_open_items_wants_a_reason(self):
        self.s.type(BEN, WAR_ROOM, "/incident resolve done")
        self.s.type(BEN, WAR_ROOM, "/incident close")
        self.shows(self.s.type(BEN, WAR_ROOM, "/incident close anyway"), r"Say why")
        self.shows(self.s.type(BEN, WAR_ROOM, "/incident close anyway nothing to clean up"), r"INC-1 is closed")
        self.shows(self.thread(r"INC-1 is closed by Ben Ortiz"), r"Items were left: nothing to clean up")

    def test_cancel(self):
        self.shows(self.s.type(BEN, WAR_ROOM, "/incident cancel"), r"not for you to do", r"Who may: ")
        self.shows(self.s.type(CHLOE, WAR_ROOM, "/incident cancel wrong dashboard"), r"INC-1 is called off; nobody is paged")
        self.shows(self.thread(r"INC-1 is called off"), r"by Chloé Roy", r"wrong dashboard", r"Nobody is paged any more")
        self.shows(self.s.dm(ADA, r"It is over"), r"nothing is expected of you")
        self.assertEqual(self.root_shows(r"Status: cancelled").buttons, [])

    def test_mentions_in_the_thread(self):
        for text, want in (("@tocsin ack", r"@Chloé Roy has it"), ("@tocsin sev p2 calmer", r"INC-1 is P2 now.*calmer"),
                           ("@tocsin resolve all good", r"INC-1 is resolved, says Chloé Roy")):
            self.s.say(CHLOE, WAR_ROOM, text, self.ts)
            self.thread(want)
        self.s.say(CHLOE, WAR_ROOM, "@tocsin dance", self.ts)
        self.shows(self.s.private(CHLOE, r"do not know"), r"dance", r"help")
        self.s.say(CHLOE, WAR_ROOM, "@tocsin", self.ts)
        self.s.private(CHLOE, r"/incident update")

    def test_words_in_the_thread_are_kept_and_marked(self):
        said = self.s.say(ADA, WAR_ROOM, "It began with 1.4.2, cc @ben <x>", self.ts)
        self.shows(self.s.timeline_has(r"It began"), r"Ada Park wrote: It began with 1.4.2, cc @Ben Ortiz <x>")
        self.s.react(BEN, WAR_ROOM, said, "pushpin")
        self.shows(self.s.timeline_has(r"📌"), r"📌 .*Ada Park wrote: It began", r"Ben Ortiz marked a key event")
        self.s.say(DEV, WAR_ROOM, "this is elsewhere")
        self.s.type(BEN, WAR_ROOM, "/incident note deploy at 10:02")
        told = self.s.timeline_has(r"Ben Ortiz note: deploy at 10:02")
        self.hides(told, r"elsewhere")
        self.shows(self.s.type(BEN, WAR_ROOM, "/incident show"), r"1 messages? in the timeline, 1 marked")


if __name__ == "__main__":
    unittest.main()
