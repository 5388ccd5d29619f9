#!/usr/bin/env python3
"""tocsin doctor: for each thing that can be wrong, whether it is found and told how to mend it."""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import house  # noqa: E402


def doctor(h, *args, plan=None, **env):
    full = {k: v for k, v in os.environ.items() if not k.startswith(("SLACK_", "TOCSIN_", "REDIS_"))}
    full.update(SLACK_BOT_TOKEN=house.BOT_TOKEN, SLACK_APP_TOKEN=house.APP_TOKEN,
                SLACK_API_URL=h.slack.url + "/api/", REDIS_URL=h.redis.url)
    full.update(env)
    full = {k: v for k, v in full.items() if v is not None}
    done = subprocess.run([house.program("tocsin"), "doctor", "--plan", plan or h.plan,
                           "--listen", "127.0.0.1:0", *args], env=full, capture_output=True, text=True,
                          timeout=house.PATIENCE_S, check=False)
    for secret in ("fake-bot-token", "-fake", "geheim"):
        assert secret not in done.stdout + done.stderr, f"a secret is shown:\n{done.stdout}"
    return done.returncode, done.stdout + done.stderr


def expect(answer, code, *texts):
    got, text = answer
    assert got == code, f"exit code {got}, wanted {code}:\n{text}"
    for t in texts:
        assert t in text, f"no \"{t}\" in:\n{text}"


def write_plan(h, name, old, new):
    with open(h.plan, encoding="utf-8") as f:
        text = f.read()
    assert old in text, old
    text = text.replace(old, new)
    text = text.replace("demo-alert-token", os.path.join(house.ROOT, "docker", "demo-alert-token"))
    path = os.path.join(h.folder, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def test_all_is_well(h):
    expect(doctor(h), 0, "ok    plan", "ok    words    every template renders", "ok    redis",
           "we are @tocsin in", "the bot token has every scope", "the app-level token opens sockets",
           "the bot is in the channel war-room", "Slack knows 5 of 5 people", " 0 failing")


def test_tokens(h):
    expect(doctor(h, SLACK_BOT_TOKEN=None), 1, "there is no bot token", "OAuth & Permissions")
    expect(doctor(h, SLACK_BOT_TOKEN=house.APP_TOKEN), 1, "belongs into SLACK_APP_TOKEN")
    expect(doctor(h, SLACK_APP_TOKEN=house.BOT_TOKEN), 1, "belongs into SLACK_BOT_TOKEN")
    expect(doctor(h, SLACK_BOT_TOKEN="xoxp-geheim"), 1, "a user's token")
    expect(doctor(h, SLACK_BOT_TOKEN="xoxb-geheim"), 1, "Slack does not take the bot token: invalid_auth",
           "copy it again")
    expect(doctor(h, SLACK_APP_TOKEN="xapp-geheim"), 1, "Slack opens no socket: invalid_auth")
    expect(doctor(h, SLACK_APP_TOKEN=None), 1, "Slack has no way to reach tocsin")
    expect(doctor(h, SLACK_APP_TOKEN=None, SLACK_SIGNING_SECRET="geheim"), 0, "we are @tocsin")
    expect(doctor(h, SLACK_API_URL="http://127.0.0.1:1/api/"), 1, "Slack does not take the bot token: not_sent")
    both = os.path.join(h.folder, "token")
    with open(both, "w", encoding="utf-8") as f:
        f.write("xoxb-geheim\n")
    expect(doctor(h, SLACK_BOT_TOKEN_FILE=both), 1, "both SLACK_BOT_TOKEN and SLACK_BOT_TOKEN_FILE are set")


def test_plans(h):
    expect(doctor(h, plan="/nowhere/plan.yaml"), 1, "FAIL  plan", "/nowhere/plan.yaml")
    expect(doctor(h, plan=write_plan(h, "faulty.yaml", "ladder: triage", "ladder: nowhere")), 1, "FAIL  plan",
           "nowhere")
    expect(doctor(h, plan=write_plan(h, "channel.yaml", "C0PAYMENTS", "C0GONE")), 1,
           "the bot cannot see the channel payments (C0GONE)", "/invite @tocsin")
    expect(doctor(h, plan=write_plan(h, "person.yaml", "U0EVE", "U0GONE")), 1, "eve (U0GONE): user_not_found",
           "copy the member id", "Slack knows 4 of 5 people")
    expect(doctor(h, "--offline", plan=write_plan(h, "ways.yaml", "incident:\n", """public_url: http://127.0.0.1:1
connections:
  mail:   {kind: smtp, url: "smtp://127.0.0.1:1", from: tocsin@example.com}
  bridge: {kind: webhook, url: "http://127.0.0.1:1/hook"}
incident:
""")), 0, "public_url http://127.0.0.1:1 is not encrypted", "calls are not signed")
    expect(doctor(h, plan=os.path.join(h.folder, "ways.yaml")), 1, "FAIL  mail", "FAIL  webhook",
           "cannot be reached from here")


def test_redis(h):
    expect(doctor(h, REDIS_URL="redis://bot:geheim@127.0.0.1:1/0"), 1, "FAIL  redis", "127.0.0.1:1",
           "Connection refused")
    expect(doctor(h, REDIS_URL="ftp://geheim"), 1, "FAIL  redis")
    h.redis.command("CONFIG", "SET", "appendonly", "no")
    expect(doctor(h), 0, "warn  redis    Redis keeps nothing on disk", "appendonly yes")
    h.redis.command("CONFIG", "SET", "appendonly", "yes")
    data = os.path.join(h.folder, "not", "there", "yet")
    expect(doctor(h, "--data", data, REDIS_URL=None), 0, f"the embedded Redis keeps its data in {data}")
    assert not os.path.exists(data), "doctor made the data folder"
    expect(doctor(h, REDIS_URL=None, PATH="/nowhere"), 1, "apt install redis-server")


def test_listening(h):
    bot = h.bot().wait_ready()
    expect(doctor(h, "--listen", bot.http[7:]), 0, "somebody listens on")
    expect(doctor(h, "--listen", "example.com:80"), 1, "FAIL  http", "127.0.0.1:8080")
    expect(doctor(h, "--listen", "192.0.2.1:8080"), 1, "cannot listen on 192.0.2.1:8080")


def test_command_line(h):
    expect(doctor(h, "--help"), 0, "Usage: tocsin doctor", "Exit codes:")
    expect(doctor(h, "--nonsense"), 2, "tocsin doctor --help")
    expect(doctor(h, "plan.yaml", "more"), 2, "further words")


def start_with_manifest(h, manifest):
    h.slack.process.stop()
    path = os.path.join(h.folder, "manifest.json")
    with open(path, "wb") as f:
        f.write(manifest)
    h.slack = house.FakeSlack(h.folder, "--manifest", path)


def main():
    manifest = subprocess.run([house.program("tocsin"), "manifest"], capture_output=True, check=True).stdout
    # An app whose manifest lacks a scope, as after an update without a new installation.
    lacking = json.loads(manifest)
    lacking["oauth_config"]["scopes"]["bot"].remove("pins:write")
    with house.House() as h:
        start_with_manifest(h, json.dumps(lacking).encode())
        expect(doctor(h), 1, "FAIL  slack    the scope pins:write is missing", "reinstall the app")
    with house.House() as h:
        start_with_manifest(h, manifest)
        for test in (test_all_is_well, test_tokens, test_plans, test_redis, test_listening, test_command_line):
            test(h)
        asked = {c["where"] for c in h.slack.complaints()}  # what we provoked, and nothing that writes
        assert asked == {"auth.test", "apps.connections.open", "conversations.info", "users.info"}, asked
    print("ok")


if __name__ == "__main__":
    main()
