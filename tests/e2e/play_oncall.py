"""Who has the bell: shown, changed before witnesses, taken over, handed on by itself."""

import unittest

from stage import ADA, BEN, CHLOE, MIA, PAYMENTS, WAR_ROOM, Scene, until


class OnCall(Scene):
    def test_shown_to_anybody(self):
        shown = self.s.type(MIA, PAYMENTS, "/oncall")
        self.shows(shown, r"On call now", r"production", r"primary: Ada Park", r"backup: Ben Ortiz")
        week = self.s.type(MIA, PAYMENTS, "/oncall schedule production")
        self.shows(week, r"the next 7 days", r"Ada Park +█", r"Ben Ortiz +█", r"A block is four hours")
        self.shows(self.s.type(ADA, PAYMENTS, "/oncall me"), r"production, primary: now", r"urgent: chat")

    def test_an_override_is_seen_before_it_is_saved_and_pages_follow(self):
        preview = self.s.type(ADA, PAYMENTS, "/oncall override production @chloe now for 4h dentist")
        self.shows(preview, r"changes 1 shift", r"Ada Park → Chloé Roy", r"Nothing is saved yet")
        preview.press(ADA, "Save it")
        self.shows(self.s.find(WAR_ROOM, r"Chloé Roy is primary of production"), r"dentist", r"arranged by Ada Park")
        self.s.dm(CHLOE, r"Chloé Roy is primary of production")
        self.s.type(MIA, WAR_ROOM, "/incident P1 Login is slow")
        self.s.dm(CHLOE, r"P1 INC-1: Login is slow.*You are paged")
        self.s.type(ADA, PAYMENTS, "/oncall undo production 1")
        self.s.find(WAR_ROOM, r"Taken back by Ada Park")
        self.shows(self.s.type(MIA, PAYMENTS, "/oncall production"), r"primary: Ada Park")

    def test_cover_goes_to_the_first_who_presses(self):
        self.s.type(ADA, PAYMENTS, "/oncall cover me now for 2h")
        asked = self.s.find(WAR_ROOM, r"Who takes production for Ada Park")
        asked.press(CHLOE, "I take it")
        taken = self.s.find(WAR_ROOM, r"@Chloé Roy takes production for Ada Park")
        self.assertEqual((taken.ts, taken.buttons), (asked.ts, []))
        self.s.dm(ADA, r"takes production for Ada Park")
        self.shows(self.s.type(BEN, PAYMENTS, "/oncall take production ada now 1h"), r"Chloé Roy was faster")

    def test_a_page_outside_an_incident(self):
        self.shows(self.s.type(ADA, PAYMENTS, "/oncall page urgent ben the certificate runs out"),
                   r"Ben Ortiz is paged now, urgently")
        self.s.dm(BEN, r"the certificate runs out").press(BEN, "Acknowledge")
        self.s.find(PAYMENTS, r"INC-1: the certificate runs out.*Ben Ortiz has it")
        self.shows(self.s.type(MIA, WAR_ROOM, "/incident list"), r"No incident is open")


class HandOver(Scene):
    speed = 600  # an hour in six seconds
    plan = "tests/e2e/oncall-plan.yaml"

    def test_by_itself(self):
        said = self.s.find(WAR_ROOM, r"desk: @(Ada Park|Ben Ortiz) is primary")
        self.shows(said, r"thank you, (Ada Park|Ben Ortiz)", r"No incident is open")
        coming, leaving = (ADA, BEN) if "@Ada Park" in said.text else (BEN, ADA)
        self.s.dm(coming, r"You are on call for desk from")
        self.s.dm(leaving, r"Your shift of desk ends at")
        # The user group follows, and goes on following: each of the two has been in it alone.
        for user in (BEN, ADA):
            until(f"{user} in the user group", lambda u=user: self.group() == [u])

    def group(self):
        found = self.s.slack.state()["usergroups"]
        return (found["S0ONCALL"] if isinstance(found, dict) else [g for g in found if g["id"] == "S0ONCALL"][0])["users"]


if __name__ == "__main__":
    unittest.main()
