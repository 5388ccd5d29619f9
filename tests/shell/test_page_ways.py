#!/usr/bin/env python3
"""Pages by mail, PagerDuty and signed webhook, from the real bot to real receivers.

The mail goes through a real SMTP server; its link shows a page that changes nothing, and the button
on it acknowledges as the person paged. The pager and the webhook are Python's own HTTP server, which
checks the signature by itself. A mail server that is down moves the page on to the next way at once.
Skipped where aiosmtpd is not installed, unless CI is set.
"""

import base64
import email
import email.policy
import hashlib
import hmac
import html
import http.server
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import house  # noqa: E402

PYTHON = "/usr/bin/python3"
WAR_ROOM = "C0WARROOM"
KEY = base64.b64encode(bytes(range(32))).decode()
ROUTING_KEY = "0123456789abcdef0123456789abcdef"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Receiver:
    """Takes PagerDuty events at /pager and webhooks at /hook."""

    def __init__(self):
        receiver = self
        self.events, self.hooks, self.bad = [], [], []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.take(self.path, self.headers, body)
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, path, headers, body):
        if path == "/pager":
            self.events.append(json.loads(body))
            return
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        want = base64.b64encode(hmac.new(base64.b64decode(KEY), signed, hashlib.sha256).digest())
        if headers["webhook-signature"] != "v1," + want.decode() or \
                abs(int(headers["webhook-timestamp"]) - time.time()) > 300:
            self.bad.append(dict(headers))
        self.hooks.append((headers["webhook-id"], json.loads(body)))


class MailServer:
    def __init__(self, folder, port):
        self.process = house.Process("mail", [PYTHON, "-u", "-m", "aiosmtpd", "-n", "-l",
                                              f"127.0.0.1:{port}"], folder)
        house.until("the mail server is ready", lambda: self.answers(port))

    @staticmethod
    def answers(port):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) == 0

    def mails(self):
        """aiosmtpd prints each mail between two lines; a header of its own comes along."""
        with open(self.process.log_path, errors="replace") as f:
            parts = re.findall(r"-+ MESSAGE FOLLOWS -+\n(.*?)\n-+ END MESSAGE -+", f.read(), re.S)
        return [email.message_from_string(p, policy=email.policy.default) for p in parts]


def plan(folder, receiver, smtp_port):
    """The demo's plan, with other ways to reach people."""
    with open(os.path.join(house.ROOT, "docker", "demo-plan.yaml"), encoding="utf-8") as f:
        text = f.read()
    text = text.replace("urgent: [{via: chat}]",
                        "urgent: [{via: mail}, {via: bridge, after: 2m}, {via: pager, after: 2m}]")
    text = text.replace("demo-alert-token", os.path.join(house.ROOT, "docker", "demo-alert-token"))
    text += f"""
public_url: https://tocsin.example.com/bot
connections:
  mail:   {{kind: smtp, url: "smtp://127.0.0.1:{smtp_port}", from: tocsin@example.com}}
  bridge: {{kind: webhook, url: "{receiver.url}/hook", secret: "${{BRIDGE_SECRET}}"}}
  pager:  {{kind: pagerduty, url: "{receiver.url}/pager", routing_key: "${{PAGER_KEY}}"}}
"""
    path = os.path.join(folder, "plan.yaml")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


ENV = {"BRIDGE_SECRET": "whsec_" + KEY, "PAGER_KEY": ROUTING_KEY}


def thread_text(h):
    texts = []
    for channel in h.slack.state()["channels"]:
        for m in h.slack.messages(channel["id"]):
            texts.append(json.dumps(m, ensure_ascii=False))
            texts += [json.dumps(r, ensure_ascii=False)
                      for r in h.slack.messages(channel["id"], m["ts"])]
    return "\n".join(texts)


def fetch(url, form=None):
    data = urllib.parse.urlencode(form).encode() if form else None
    try:
        with urllib.request.urlopen(url, data=data, timeout=house.PATIENCE_S) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()


def the_form(page):
    return {name: html.unescape(value)
            for name, value in re.findall(r'<input type="hidden" name="(\w)" value="([^"]*)">', page)}


def test_link_in_the_mail(h, bot, mail):
    h.slack.slash("U0BEN", WAR_ROOM, "/incident P1 Checkout returns <b>500s</b>")
    house.until("Ada has mail", lambda: mail.mails())
    message = mail.mails()[0]
    assert message["To"].addresses[0].addr_spec == "ada@example.com", message["To"]
    assert message["Subject"] == "P1 INC-1: Checkout returns <b>500s</b>", message["Subject"]
    text = message.get_body(("plain",)).get_content()
    token = re.search(r"https://tocsin\.example\.com/bot/ack\?t=([\w.-]+)", text).group(1)
    assert "<b>" not in message.get_body(("html",)).get_content()
    # Looking, as mail scanners do, changes nothing.
    for _ in range(3):
        status, page = fetch(f"{bot.http}/ack?t={token}")
        assert status == 200 and "Acknowledge INC-1?" in page and "Ada Park" in page, page
    assert "Acknowledged: nobody yet" in thread_text(h), "a look acknowledged"
    assert fetch(f"{bot.http}/ack?t={token[:-4]}AAAA")[0] == 400
    # The button does, once.
    status, done = fetch(bot.http + "/ack", the_form(page))
    assert status == 200, done
    house.until("the thread says who has it", lambda: "Acknowledged: Ada Park" in thread_text(h)
                and "@Ada Park has it" in thread_text(h))
    # Pressed again it says the same again, or that Ada has it already.
    status, again = fetch(bot.http + "/ack", the_form(page))
    assert status == 200 and "INC-1" in again, again


def test_failing_way_moves_on(h, receiver):
    """Nobody listens at the mail server's port: the webhook is called at once, not in two minutes."""
    h.slack.slash("U0BEN", WAR_ROOM, "/incident P1 Search is slow")
    house.until("the webhook was called", lambda: receiver.hooks)
    hook_id, body = receiver.hooks[0]
    assert body["type"] == "incident.page", body
    assert body["data"]["id"] == "INC-2", body
    assert "Search is slow" in body["data"]["text"], body
    house.until("the thread tells that mail failed", lambda: re.search(r"mail[^\n]{0,80}failed", thread_text(h)))
    return hook_id


def test_pager(h, receiver):
    """Two minutes later by the house clock; it hears of the acknowledgement and of the end."""
    house.until("the pager was triggered", lambda: [e for e in receiver.events if e["event_action"] == "trigger"])
    event = [e for e in receiver.events if e["event_action"] == "trigger"][0]
    assert event["routing_key"] == ROUTING_KEY
    assert event["dedup_key"] == "INC-2", event
    assert event["payload"]["summary"] == "P1 INC-2: Search is slow", event
    h.slack.slash("U0BEN", WAR_ROOM, "/incident ack INC-2")
    house.until("the pager heard of the acknowledgement",
                lambda: [e for e in receiver.events if e["event_action"] == "acknowledge"])
    h.slack.slash("U0BEN", WAR_ROOM, "/incident resolve INC-2 an index was rebuilt")
    house.until("the pager heard of the end",
                lambda: [e for e in receiver.events if e["event_action"] == "resolve"])
    assert {e["dedup_key"] for e in receiver.events} == {"INC-2"}, receiver.events


def main():
    if subprocess.run([PYTHON, "-c", "import aiosmtpd"], stderr=subprocess.DEVNULL, check=False).returncode:
        if os.environ.get("CI"):
            sys.exit("aiosmtpd is missing: install the package python3-aiosmtpd")
        print("skipped: aiosmtpd is not installed")
        sys.exit(77)
    receiver, port = Receiver(), free_port()
    with house.House() as h:
        h.plan = plan(h.folder, receiver, port)
        mail = MailServer(h.folder, port)
        try:
            bot = h.bot(env=ENV, speed=60).wait_ready()
            test_link_in_the_mail(h, bot, mail)
        finally:
            mail.process.stop()
        test_failing_way_moves_on(h, receiver)
        test_pager(h, receiver)
        assert not receiver.bad, receiver.bad
        assert not h.slack.complaints(), h.slack.complaints()
        assert h.audit().returncode == 0
        with open(bot.process.log_path, errors="replace") as f:
            log = f.read()
        for secret in (ROUTING_KEY, KEY, house.BOT_TOKEN, house.APP_TOKEN):
            assert secret not in log, "a secret is in the log"
    print("ok")


if __name__ == "__main__":
    main()
