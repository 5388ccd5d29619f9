#!/usr/bin/env python3
"""Telephone, text message, PagerDuty and a ticket, from the real bot to receivers that answer back.

Nobody picks up: the text message goes out at once. Its answer acknowledges, and so do a key pressed
in a call and an acknowledgement in PagerDuty, which is not echoed. Signatures are computed here, by
Python's own library, over the public address.
"""

import base64
import hashlib
import hmac
import http.server
import json
import os
import re
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import house  # noqa: E402

WAR_ROOM = "C0WARROOM"
PUBLIC = "https://tocsin.example.com/bot"
ACCOUNT = "AC" + "0" * 32
TOKEN = "an-auth-token-of-this-test"
HOOK_SECRET = "a-webhook-secret-of-this-test"
ROUTING_KEY = "0123456789abcdef0123456789abcdef"
ENV = {"TEST_TWILIO": TOKEN, "TEST_PAGER": ROUTING_KEY, "TEST_HOOK": HOOK_SECRET, "TEST_GITHUB": "a-github-token"}


class Receiver:
    """Twilio, PagerDuty and GitHub."""

    def __init__(self):
        receiver = self
        self.calls, self.texts, self.events, self.issues, self.searches = [], [], [], [], 0

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, status, body):
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self):
                receiver.searches += 1
                self.answer(200, {"total_count": 0, "items": []})

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self.answer(*receiver.take(self.path, body))

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, path, body):
        if path == f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json":
            self.calls.append(dict(urllib.parse.parse_qsl(body)))
            return 201, {"sid": f"CA{len(self.calls):032}", "status": "queued"}
        if path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json":
            self.texts.append(dict(urllib.parse.parse_qsl(body)))
            return 201, {"sid": f"SM{len(self.texts):032}", "status": "queued"}
        if path == "/pager":
            self.events.append(json.loads(body))
            return 202, {"status": "success"}
        if path == "/repos/example/ops/issues":
            self.issues.append(json.loads(body))
            return 201, {"number": 7, "html_url": "https://github.com/example/ops/issues/7"}
        return 404, {}


def plan(folder, receiver):
    with open(os.path.join(house.ROOT, "docker", "demo-plan.yaml"), encoding="utf-8") as f:
        text = f.read()
    text = text.replace("urgent: [{via: chat}]", "urgent: [{via: phone}, {via: sms, after: 2h}, {via: pager, after: 2h}]")
    text = text.replace("slack: U0ADA,", 'slack: U0ADA, phone: "+15550100001",')
    text = text.replace("    - {page: production.primary}\n", "    - {page: production.primary}\n"
                        "    - {after: 5m, only: [P0], ticket: tracker}\n", 1)
    text = text.replace("demo-alert-token", os.path.join(house.ROOT, "docker", "demo-alert-token"))
    text += f"""
public_url: {PUBLIC}
connections:
  phone:   {{kind: twilio, url: "{receiver.url}", account: {ACCOUNT}, token: "${{TEST_TWILIO}}", from: "+15550100100"}}
  pager:   {{kind: pagerduty, url: "{receiver.url}/pager", routing_key: "${{TEST_PAGER}}", webhook_secret: "${{TEST_HOOK}}"}}
  tracker: {{kind: github-issue, url: "{receiver.url}", repo: example/ops, token: "${{TEST_GITHUB}}"}}
"""
    path = os.path.join(folder, "plan.yaml")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def post(url, body, headers):
    request = urllib.request.Request(url, data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=house.PATIENCE_S) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()


def twilio(bot, url, token=TOKEN, **form):
    """Calls back as Twilio does: signed over the public address, arriving at the bot's own."""
    assert url.startswith(PUBLIC), url
    signed = url + "".join(k + form[k] for k in sorted(form))
    signature = base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()
    return post(bot.http + url[len(PUBLIC):], urllib.parse.urlencode(form).encode(),
                {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"})


def pagerduty(bot, event_id, what, key, name):
    body = json.dumps({"event": {
        "id": event_id, "event_type": f"incident.{what}", "resource_type": "incident",
        "occurred_at": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
        "agent": {"id": "PUSER02", "type": "user_reference", "summary": name} if name else None,
        "client": None, "data": {"id": "Q1", "type": "incident", "incident_key": key}}}).encode()
    signature = hmac.new(HOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()
    return post(bot.http + "/pagerduty/pager", body,
                {"X-PagerDuty-Signature": f"v1={'0' * 64},v1={signature}", "X-Webhook-Id": event_id})[0]


def thread_text(h):
    texts = []
    for channel in h.slack.state()["channels"]:
        for m in h.slack.messages(channel["id"]):
            texts.append(json.dumps(m, ensure_ascii=False))
            texts += [json.dumps(r, ensure_ascii=False) for r in h.slack.messages(channel["id"], m["ts"])]
    return "\n".join(texts)


def acked_by(h, incident):
    doc = h.document(f"incident:{incident}")
    return (doc or {}).get("ack_by", {}).get("name")


def test_nobody_picks_up(h, bot, receiver):
    h.slack.slash("U0BEN", WAR_ROOM, "/incident P1 Checkout <b>returns</b> 500s")
    house.until("Ada is called", lambda: receiver.calls)
    call = receiver.calls[0]
    assert call["To"] == "+15550100001" and call["From"] == "+15550100100", call
    assert "Checkout &lt;b&gt;returns&lt;/b&gt; 500s" in call["Twiml"], call
    assert not receiver.texts
    ended = {"CallSid": "CA1", "CallStatus": "no-answer", "To": "+15550100001"}
    assert twilio(bot, call["StatusCallback"], token="forged", **ended)[0] == 403
    assert not receiver.texts
    assert twilio(bot, call["StatusCallback"], **ended)[0] == 204
    # At once, not in two hours.
    house.until("the text message goes out", lambda: receiver.texts)
    assert "Reply ACK INC-1" in receiver.texts[0]["Body"], receiver.texts
    house.until("the thread says why", lambda: re.search(r"phone[^\n]{0,80}failed: no-answer", thread_text(h)))
    # Told twice, Twilio's way: nothing happens twice.
    assert twilio(bot, call["StatusCallback"], **ended)[0] == 204
    status, answer = twilio(bot, PUBLIC + "/twilio/phone/sms", MessageSid="SM1", From="+15550100001", Body="Ack!")
    assert status == 200 and "<Message>You have INC-1 now" in answer, answer
    house.until("Ada has it", lambda: acked_by(h, "INC-1") == "Ada Park")
    assert len(receiver.texts) == 1 and len(receiver.calls) == 1


def test_key(h, bot, receiver):
    h.slack.slash("U0BEN", WAR_ROOM, "/incident P1 Search is slow")
    house.until("Ada is called again", lambda: len(receiver.calls) == 2)
    call = receiver.calls[1]
    action = re.search(r'action="([^"]+)"', call["Twiml"]).group(1).replace("&amp;", "&")
    # A mailbox says nothing; it is asked again, and that is all.
    status, answer = twilio(bot, action, CallSid="CA2", Digits="", CallStatus="in-progress")
    assert status == 200 and "<Gather" in answer and acked_by(h, "INC-2") in (None, ""), answer
    status, answer = twilio(bot, action, CallSid="CA2", Digits="1", CallStatus="in-progress")
    assert status == 200 and "<Say>You have INC-2 now" in answer, answer
    house.until("Ada has it", lambda: acked_by(h, "INC-2") == "Ada Park")
    assert twilio(bot, call["StatusCallback"], CallSid="CA2", CallStatus="completed")[0] == 204
    assert len(receiver.texts) == 1, "a call that was acknowledged counted as failed"


def test_pagerduty(h, bot, receiver):
    h.slack.slash("U0BEN", WAR_ROOM, "/incident P1 Mails are late")
    house.until("Ada is called a third time", lambda: len(receiver.calls) == 3)
    twilio(bot, receiver.calls[2]["StatusCallback"], CallSid="CA3", CallStatus="busy")
    house.until("a text message", lambda: len(receiver.texts) == 2)
    twilio(bot, receiver.texts[1]["StatusCallback"], MessageSid="SM2", MessageStatus="undelivered", ErrorCode="30003")
    house.until("the pager rings", lambda: receiver.events)
    assert receiver.events[0]["dedup_key"] == "INC-3", receiver.events
    assert pagerduty(bot, "E0", "acknowledged", "INC-3", None) == 202  # a machine did that
    assert acked_by(h, "INC-3") in (None, "")
    assert pagerduty(bot, "E1", "acknowledged", "INC-3", "chloé roy") == 200
    assert acked_by(h, "INC-3") == "Chloé Roy"
    assert pagerduty(bot, "E1", "acknowledged", "INC-3", "chloé roy") == 200  # repeated
    assert pagerduty(bot, "E2", "acknowledged", "INC-3", "Sam Example") == 200
    assert acked_by(h, "INC-3") == "Chloé Roy", "taken away by a second acknowledgement"
    assert pagerduty(bot, "E3", "resolved", "INC-3", "Sam Example") == 200
    house.until("it is resolved", lambda: h.document("incident:INC-3").get("status") == "resolved")
    house.until("the thread names who did it", lambda: "Sam Example" in thread_text(h))


def test_ticket(h, receiver):
    h.slack.slash("U0BEN", WAR_ROOM, "/incident P0 Orders are lost")
    house.until("an issue is opened", lambda: receiver.issues)
    assert receiver.searches == 1
    issue = receiver.issues[0]
    assert issue["title"] == "P0 INC-4: Orders are lost", issue
    assert issue["body"].startswith("<!-- tocsin-inc-4 -->\n"), issue
    house.until("the thread links it", lambda: "https://github.com/example/ops/issues/7" in thread_text(h))
    h.slack.slash("U0BEN", WAR_ROOM, "/incident ack INC-4")


def main():
    receiver = Receiver()
    with house.House() as h:
        h.plan = plan(h.folder, receiver)
        bot = h.bot(env=ENV, speed=60).wait_ready()
        test_nobody_picks_up(h, bot, receiver)
        test_key(h, bot, receiver)
        test_pagerduty(h, bot, receiver)
        test_ticket(h, receiver)
        assert [e["event_action"] for e in receiver.events] == ["trigger"], f"an echo: {receiver.events}"
        assert not h.slack.complaints(), h.slack.complaints()
        assert h.audit().returncode == 0
        with open(bot.process.log_path, errors="replace") as f:
            log = f.read()
        for secret in ENV.values():
            assert secret not in log, "a secret is in the log"
    print("ok")


if __name__ == "__main__":
    main()
