"""An incident begins: typed in one line or in a form, from wherever somebody is."""

import unittest

from stage import ADA, BEN, CHLOE, MIA, PAYMENTS, RANDOM, WAR_ROOM, Scene


class Declare(Scene):
    def test_one_line_opens_a_thread(self):
        answer = self.s.type(BEN, WAR_ROOM, "/incident P1 Login is slow")
        self.shows(answer, r"INC-1 is declared as P1: Login is slow", r"thread")
        self.assertIn("Answer the plan's questions", answer.buttons)
        root = self.s.root()
        self.shows(root, r"^P1 INC-1: Login is slow", r"Severity: P1: Core functionality is broken",
                   r"Status: investigating", r"Acknowledged: nobody yet", r"Next update: \d{4}",
                   r"Coordinator: Chloé Roy", r"Tech lead: Ben Ortiz", r"Runbook \(https://",
                   r"Declared by Ben Ortiz")
        self.assertEqual(root.buttons, ["Acknowledge", "Update", "Resolve", "Timeline"])
        first = self.s.find(WAR_ROOM, r"We are looking into it: Login is slow", root.ts)
        self.shows(first, r"Not known yet: How does this affect users\? · Error type",
                   r"Told: @Ada Park, @Chloé Roy", r"Coordinator: @Chloé Roy",
                   r"Scribe: nobody yet; take it with `/incident role scribe me`",
                   r"Acknowledge by: .*people are paged", r"Update by: ", r"Fix by: ", r":pushpin: marks a key event")
        self.assertEqual(first.mentions, ["Ada Park", "Chloé Roy", "Ben Ortiz"])

    def test_as_people_type_it(self):
        for line, want in (
                ("/incident SEV1 “Checkout” isn’t working", "P0 INC-1: “Checkout” isn’t working"),
                ("/incident p2 - search #payments is slow, ask @ben & <b>", "P2 INC-2: search #payments is slow, ask @Ben Ortiz & <b>"),
                ("/incident new p3: Typo on the page", "P3 INC-3: Typo on the page")):
            self.s.type(ADA, WAR_ROOM, line)
            self.assertEqual(self.s.root(want.split()[1].rstrip(":")).lines[0], want)
        # The severity of a new one, or of one that is open here? It asks.
        asked = self.s.type(ADA, WAR_ROOM, "/incident Sev 3 — Menu is off")
        self.shows(asked, r"new incident, or the severity of the one")
        asked.press(ADA, "Declare it as P2")
        self.assertEqual(self.s.root("INC-4").lines[0], "P2 INC-4: Menu is off")

    def test_typed_in_another_channel(self):
        answer = self.s.type(BEN, PAYMENTS, "/incident P1 Refunds fail")
        self.shows(answer, r"#war-room")
        self.s.root()
        self.shows(self.s.type(BEN, PAYMENTS, "/incident ack"), r"You have INC-1 now")

    def test_where_nothing_is_open(self):
        for verb in ("ack", "update x", "resolve", "role", "page @ada", "cancel"):
            self.shows(self.s.type(ADA, RANDOM, f"/incident {verb}"), r"No incident is open", r"/incident P1 TITLE")
        self.shows(self.s.type(MIA, RANDOM, "/incident list"), r"No incident is open", r"/incident P1 TITLE")

    def test_form_and_its_faults(self):
        self.assertIsNone(self.s.type(ADA, WAR_ROOM, "/incident"))
        view = self.s.modal(ADA)
        self.assertEqual(view["title"]["text"], "Declare an incident")
        labels = [b["label"]["text"] for b in view["blocks"] if b["type"] == "input"]
        self.assertEqual(labels, ["What is wrong?", "How bad is it?", "How does this affect users?",
                                  "Error type", "Which systems are involved?", "Since when?"])
        refused = self.s.submit(ADA, {"title": "  ", "severity": "P2", "q.impact": " "}, force=True)
        self.assertEqual(refused["response_action"], "errors")
        self.shows(refused["errors"]["title"], r"in a few words")
        self.shows(refused["errors"]["q.impact"], r"A guess will do")
        done = self.s.submit(ADA, {"title": "Cart is broken", "severity": "P2",
                                   "q.impact": "Nobody can pay", "q.errors": "500s"})
        self.assertEqual(done["errors"], None)
        root = self.s.root()
        self.shows(root, r"^P2 INC-1: Cart is broken")
        first = self.s.find(WAR_ROOM, r"We are looking into it", root.ts)
        self.shows(first, r"How does this affect users\? Nobody can pay.*Not known yet: Which systems.* · Since when\?")
        self.shows(self.s.private(ADA, r"INC-1 is declared"), r"thread")

    def test_form_offered_in_the_thread(self):
        self.s.type(CHLOE, WAR_ROOM, "/incident P1 Login is slow")
        root = self.s.root()
        first = self.s.find(WAR_ROOM, r"We are looking into it", root.ts)
        first.press(ADA, "Fill in what is missing")
        self.assertEqual(self.s.modal(ADA)["title"]["text"], "What is known of INC-1")
        self.s.submit(ADA, {"q.impact": "One in ten logins fails"})
        self.shows(self.s.find(WAR_ROOM, r"What is known of INC-1", root.ts), r"from Ada Park",
                   r"How does this affect users\? One in ten logins fails")

    def test_severity_alone_asks_for_the_rest(self):
        self.assertIsNone(self.s.type(ADA, WAR_ROOM, "/incident P1"))
        self.assertEqual(self.s.modal(ADA)["title"]["text"], "Declare an incident")
        self.assertEqual([b["element"].get("initial_option", {}).get("value") for b in self.s.modal(ADA)["blocks"]
                          if b["block_id"] == "severity"], ["P1"])

    def test_misspelt(self):
        self.shows(self.s.type(ADA, WAR_ROOM, "/incident resolv it"), r"do not know .*resolv", r"Did you mean .*resolve")
        self.shows(self.s.type(ADA, WAR_ROOM, "/incident ack INC-99"), r"no incident INC-99", r"/incident list")

    def test_help(self):
        text = self.s.type(MIA, RANDOM, "/incident help")
        for verb in ("list", "show", "timeline", "ack", "update", "sev", "role", "page", "note", "resolve",
                     "reopen", "close", "cancel", "drill"):
            self.shows(text, rf"/incident {verb}\b")
        self.shows(self.s.type(MIA, RANDOM, "/incident help sev"), r"Change the severity", r"For example")


if __name__ == "__main__":
    unittest.main()
