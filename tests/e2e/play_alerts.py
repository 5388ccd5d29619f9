"""Alerts come in over HTTP: one incident for each fingerprint, and its end is told."""

import json
import os
import unittest

from stage import ADA, WAR_ROOM, Scene
from house import ROOT


def token():
    with open(os.path.join(ROOT, "docker", "demo-alert-token")) as f:
        return f.read().strip()


class Alerts(Scene):
    def post(self, source, body, bearer=None):
        return self.s.http(f"/alerts/{source}", json.dumps(body).encode(),
                           {"Content-Type": "application/json", "Authorization": f"Bearer {bearer or token()}"})

    def prometheus(self, status="firing", name="CheckoutErrors", severity="critical", fingerprint="c0ffee01"):
        alert = {"status": status, "labels": {"alertname": name, "severity": severity, "service": "checkout"},
                 "annotations": {"summary": "Checkout answers with errors", "description": "23 of 100 requests fail"},
                 "startsAt": "2026-01-28T16:00:00Z", "endsAt": "2026-01-28T16:30:00Z" if status == "resolved" else "0001-01-01T00:00:00Z",
                 "generatorURL": "https://prometheus.example.com/graph", "fingerprint": fingerprint}
        return {"version": "4", "groupKey": "{}:{alertname=\"" + name + "\"}", "truncatedAlerts": 0, "status": status,
                "receiver": "tocsin", "groupLabels": {"alertname": name}, "commonLabels": alert["labels"],
                "commonAnnotations": alert["annotations"], "externalURL": "https://alertmanager.example.com", "alerts": [alert]}

    def test_an_alert_opens_an_incident_once_and_says_when_it_is_over(self):
        code, _ = self.post("prometheus", self.prometheus(severity="warning"))
        self.assertEqual(code, 200)
        root = self.s.root()
        self.shows(root, r"^P2 INC-1: Checkout answers with errors", r"from an alert of prometheus", r"The alert \(https://prometheus")
        self.shows(self.s.find(WAR_ROOM, r"Alerts: 1 of 1 firing", root.ts), r"Checkout answers with errors", r"23 of 100 requests fail")
        self.post("prometheus", self.prometheus(severity="warning"))
        self.post("prometheus", self.prometheus("resolved", severity="warning"))
        over = self.s.find(WAR_ROOM, r"No alert of this incident fires any more", root.ts)
        self.shows(over, r"Is it over for the users too\?")
        self.assertTrue(self.s.absent(WAR_ROOM, r"INC-2"))
        over.press(ADA, "Resolve")
        self.s.submit(ADA, {"summary": "The node was replaced"})
        self.s.find(WAR_ROOM, r"INC-1 is resolved, says Ada Park", root.ts)

    def test_worse_and_back_and_a_generic_one(self):
        generic = {"id": "search-7", "status": "firing", "severity": "warning", "title": "Search is slow", "service": "search"}
        self.assertEqual(self.post("monitor", generic)[0], 200)
        root = self.s.root()
        self.shows(root, r"^P2 INC-1: Search is slow")
        self.assertEqual(self.post("monitor", dict(generic, severity="error"))[0], 200)
        worse = self.s.find(WAR_ROOM, r"P2 → P1", root.ts)
        self.shows(worse, r"because of the alert Search is slow")
        self.s.dm(ADA, r"You are paged")
        # It goes and comes back; this sender does not say since when.
        self.post("monitor", dict(generic, status="resolved", severity="error"))
        self.s.find(WAR_ROOM, r"No alert of this incident fires any more", root.ts)
        self.post("monitor", dict(generic, severity="error"))
        self.s.find(WAR_ROOM, r"The alert is back: Search is slow", root.ts)
        # Resolved by hand: the next time is an incident of its own.
        self.post("monitor", dict(generic, status="resolved", severity="error"))
        self.s.type(ADA, WAR_ROOM, "/incident resolve restarted")
        self.post("monitor", dict(generic, severity="error"))
        self.shows(self.s.root("INC-2"), r"^P1 INC-2: Search is slow")

    def test_who_is_not_let_in(self):
        code, said = self.post("prometheus", self.prometheus(), bearer="wrong")
        self.assertIn(code, (401, 403))
        code, said = self.post("nowhere", self.prometheus())
        self.assertIn(code, (401, 404))
        code, said = self.s.http("/alerts/prometheus", b"{", {"Authorization": f"Bearer {token()}"})
        self.assertEqual(code, 400)
        self.shows(said, r"JSON")
        code, said = self.post("prometheus", self.prometheus(severity="info"))
        self.assertEqual(code, 200)
        self.shows(self.s.type(ADA, WAR_ROOM, "/incident list"), r"No incident is open")


if __name__ == "__main__":
    unittest.main()
