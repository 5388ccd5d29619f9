"""Somebody is called until somebody has it. The clock runs fast; what counts is who, and in which order."""

import re
import unittest
import urllib.parse

from stage import ADA, BEN, CHLOE, DEV, EVE, WAR_ROOM, Scene
from house import until


def paged(status):
    """The people of the list of pages, in order."""
    return re.findall(r"^\W* ?([A-ZÉ]\w+ \w+), (?:chat|mail)", status.text, re.M)


class Ladder(Scene):
    speed = 600  # ten minutes in a second

    def test_backup_then_leads_then_the_end_then_again(self):
        self.s.type(ADA, WAR_ROOM, "/incident P1 Login is slow")
        ts = self.s.root().ts
        self.s.dm(ADA, r"You are paged for production.primary")
        self.s.dm(BEN, r"You are paged for production.backup")
        self.s.dm(DEV, r"You are paged for eng-manager")
        self.s.dm(CHLOE, r"You are paged for product-manager")
        # P1 has no third step; the ladder goes round from its first one.
        until("Ada is paged once more", lambda: len([m for m in self.s.dms(ADA) if "You are paged" in m.text]) > 2)
        self.assertEqual(self.s.dms(EVE), [])
        status = self.s.find(WAR_ROOM, r"^Pages", ts)
        self.assertEqual(paged(status)[:2], ["Ada Park", "Ben Ortiz"])
        self.assertEqual(sorted(paged(status)[2:5]), ["Ada Park", "Chloé Roy", "Dev Rao"])
        over = self.s.find(WAR_ROOM, r"Nobody has acknowledged INC-1, and everybody", ts)
        self.shows(over, r"@Ada Park.*@Ben Ortiz", r"/incident page @name")
        self.assertEqual(over.raw.get("subtype"), "thread_broadcast")
        self.assertIn("Ben Ortiz", over.mentions)
        over.press(BEN, "I have it")
        self.s.find(WAR_ROOM, r"@Ben Ortiz has it", ts)

    def test_acknowledging_stops_what_was_to_come(self):
        self.s.type(ADA, WAR_ROOM, "/incident P1 Login is slow")
        ts = self.s.root().ts
        self.s.dm(BEN, r"You are paged").press(BEN, "Acknowledge")
        status = self.s.find(WAR_ROOM, r"^Pages · Ben Ortiz has it", ts)
        self.shows(status, r"✅ Ben Ortiz, chat, .*: acknowledged", r"📨 Ada Park, chat, .*: accepted, no answer")
        # Long after the leads' turn something else is due, and nobody was paged in between.
        self.s.find(WAR_ROOM, r"An update is due", ts)
        self.assertEqual((self.s.dms(DEV), self.s.dms(CHLOE)), ([], []))
        self.shows(self.s.dm(ADA, r"Ben Ortiz has it"), r"Nothing is expected of you")

    def test_an_acknowledgement_without_activity_expires(self):
        self.s.type(ADA, WAR_ROOM, "/incident P1 Login is slow")
        ts = self.s.root().ts
        self.s.type(BEN, WAR_ROOM, "/incident ack")
        gone = self.s.find(WAR_ROOM, r"Ben Ortiz had it, but nothing was heard for too long", ts)
        self.shows(gone, r"People are paged again")
        self.assertEqual(gone.mentions, ["Ben Ortiz"])
        until("Ada is paged anew", lambda: len(self.s.dms(ADA)) > 1)
        self.s.find(WAR_ROOM, r"Acknowledged: nobody yet")
        self.shows(self.s.timeline_has("ran out"), r"the acknowledgement of Ben Ortiz ran out")

    def test_a_workaround_pages_support_and_cosmetics_nobody(self):
        self.s.type(ADA, WAR_ROOM, "/incident P3 Typo on the page")
        self.shows(self.s.root("INC-1"), r"P3: Cosmetic", r"Acknowledged: nobody yet")
        self.s.type(ADA, WAR_ROOM, "/incident P2 Search is slow")
        self.shows(self.s.dm(CHLOE, r"You are paged for support"), r"P2 INC-2")
        self.assertEqual([m for m in self.s.dms(CHLOE) if "INC-1" in m.text], [])


class Ways(Scene):
    """Chat fails for one person: mail is next, and the thread says so."""

    plan = "tests/e2e/mail-plan.yaml"
    refused = "U0GONE|channel_not_found|user_not_found"

    def setUp(self):
        from sink import Sink
        self.sink = Sink()
        self.addCleanup(self.sink.close)
        self.env = {"SMTP_URL": f"smtp://127.0.0.1:{self.sink.port}"}
        super().setUp()

    def test_mail_by_its_link_acknowledges(self):
        self.s.type(CHLOE, WAR_ROOM, "/incident drill P0 Checkout <b>returns</b> 500s")
        ts = self.s.root().ts
        mail = self.sink.wait()
        self.assertEqual(mail["to"], ["gus@example.com"])
        self.assertIn("DRILL · P0 INC-1: Checkout <b>returns</b> 500s", mail["subject"])
        self.shows(mail["text"], r"Gus Lind,", r"this is a drill: nothing is broken", r"Declared by Chloé Roy",
                   r"you are paged\. Nobody has acknowledged", r"https://tocsin.example.com/ack")
        self.assertIn("Checkout &lt;b&gt;returns&lt;/b&gt; 500s", mail["html"])
        status = self.s.find(WAR_ROOM, r"^DRILL · Pages.*mail.*accepted", ts)
        self.shows(status, r"❌ Gus Lind, chat, .*failed: .*then mail", r"📨 Gus Lind, mail")
        path = re.search(r"https://tocsin\.example\.com(/ack\S*)", mail["text"])[1]
        code, page = self.s.http(path)
        self.assertEqual(code, 200)
        self.shows(page, r"Acknowledge INC-1\?", r"as <strong>Gus Lind", r"Nothing has happened yet")
        self.s.find(WAR_ROOM, r"^DRILL · Pages · waiting", ts)
        fields = dict(re.findall(r'name="(\w)" value="([^"]*)"', page))
        code, page = self.s.http(path.split("?")[0], urllib.parse.urlencode(fields).encode(),
                                 {"Content-Type": "application/x-www-form-urlencoded"})
        self.assertEqual(code, 200)
        self.shows(page, r"You have INC-1 now")
        self.shows(self.s.find(WAR_ROOM, r"Gus Lind has it", ts), r"^DRILL")
        self.shows(self.s.find(WAR_ROOM, r"^DRILL · Pages · Gus Lind has it", ts), r"✅ Gus Lind, mail")
        code, page = self.s.http(path[:-4] + "AAAA")
        self.assertNotEqual(code, 200)
        self.shows(page, r"does not work")


class Storm(Scene):
    """Slack takes one message a second in a direct message."""

    def test_pages_to_one_person_delay_nobody_else(self):
        slack = self.s.slack
        slack.call("/admin/burst", {"command": "/incident", "text": "P1 Something is broken", "n": 300,
                                    "concurrency": 32, "channel": WAR_ROOM, "users": [ADA, BEN]})
        self.s.type(CHLOE, WAR_ROOM, "/incident page INC-300 @eve you know this one")
        self.s.dm(EVE, r"you know this one")
        # Her turn does not come after three hundred of Ada's, and none of those was given up.
        self.assertIn('tocsin_sends_given_up_total{lane="page"} 0', self.s.tocsin.get("/metrics"))


if __name__ == "__main__":
    unittest.main()
