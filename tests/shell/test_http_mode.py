#!/usr/bin/env python3
"""Signed HTTP requests instead of sockets: Slack posts to the bot, the bot answers and acts."""

import hashlib
import hmac
import os
import socket
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import house  # noqa: E402

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
WAR_ROOM = "C0WARROOM"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def post(bot, path, body, secret=SECRET, at=None, signature=None):
    at = str(int(time.time()) if at is None else at)
    if signature is None:
        signature = "v0=" + hmac.new(secret.encode(), f"v0:{at}:{body}".encode(), hashlib.sha256).hexdigest()
    request = urllib.request.Request(bot.http + path, data=body.encode(), headers={
        "Content-Type": "application/x-www-form-urlencoded", "X-Slack-Request-Timestamp": at,
        "X-Slack-Signature": signature})
    try:
        with urllib.request.urlopen(request, timeout=house.PATIENCE_S) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()


def said(h, *words):
    return any(all(w in m.get("text", "") for w in words) for m in h.slack.messages(WAR_ROOM))


def test_commands_and_buttons(h):
    h.slack.slash("U0BEN", WAR_ROOM, "/incident P2 Search is slow")
    house.until("the incident is in the war room", lambda: said(h, "INC-1", "Search is slow"))
    h.slack.slash("U0CHLOE", WAR_ROOM, "/incident ack INC-1")
    house.until("the root says who has it", lambda: said(h, "INC-1", "Acknowledged: Chloé Roy"))


def test_mentions(h):
    """Events come as JSON: what people write in the thread is kept."""
    root = [m for m in h.slack.messages(WAR_ROOM) if "INC-1" in m.get("text", "")][0]
    h.slack.say("U0BEN", WAR_ROOM, "<@U0TOCSIN> update an index is being rebuilt", root["ts"])
    house.until("the update is in the thread", lambda: any(
        "an index is being rebuilt" in m.get("text", "") and m.get("user") != "U0BEN"
        for m in h.slack.messages(WAR_ROOM, root["ts"])))


def test_strangers(bot):
    body = urllib.parse.urlencode({"command": "/incident", "text": "P0 forged", "user_id": "U0BEN",
                                   "channel_id": WAR_ROOM, "team_id": "T0", "trigger_id": "1.2",
                                   "response_url": "http://127.0.0.1:1/x"})
    for path in ("/slack/events", "/slack/commands", "/slack/interactivity"):
        assert post(bot, path, body, secret="wrong")[0] in (401, 403), path
        assert post(bot, path, body, at=int(time.time()) - 600)[0] in (401, 403), path
        assert post(bot, path, body, signature="v0=")[0] in (401, 403), path
    assert post(bot, "/slack/commands", "not=a&command=at+all")[0] < 500
    assert post(bot, "/slack/events", "{" * 20000)[0] < 500
    assert bot.get("/healthz").startswith("ok")


def main():
    port = free_port()
    with house.House(fake_args=("--events-url", f"http://127.0.0.1:{port}/slack/events",
                                "--commands-url", f"http://127.0.0.1:{port}/slack/commands",
                                "--actions-url", f"http://127.0.0.1:{port}/slack/interactivity",
                                "--signing-secret", SECRET)) as h:
        bot = h.bot(listen=f"127.0.0.1:{port}",
                    env={"SLACK_APP_TOKEN": "", "SLACK_SIGNING_SECRET": SECRET}).wait_ready()
        house.until("the bot is ready", lambda: bot.get("/readyz") == "ready\n")
        test_commands_and_buttons(h)
        test_mentions(h)
        test_strangers(bot)
        assert not said(h, "forged")
        assert not [c for c in h.slack.complaints() if c.get("kind") != "refused"], h.slack.complaints()
        assert h.audit().returncode == 0
    print("ok")


if __name__ == "__main__":
    main()
