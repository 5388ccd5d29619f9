#!/usr/bin/env python3
"""The real Alertmanager posts to the real bot: what people see in the war room.

Firing opens an incident and pages once; the same alert sent again changes nothing; resolved says so
in the thread; what Redis could not take is sent again by Alertmanager itself; a wrong token is
final. Skipped where prometheus-alertmanager is not installed, unless CI is set.
"""

import datetime
import json
import os
import shutil
import socket
import sys
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import house  # noqa: E402

TOKEN = "demo-only-not-a-secret"
WAR_ROOM = "C0WARROOM"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Alertmanager:
    def __init__(self, folder, url, token):
        self.url = f"http://127.0.0.1:{free_port()}"
        config = os.path.join(folder, "alertmanager.json")  # JSON is YAML
        with open(config, "w") as f:
            json.dump({
                "route": {"receiver": "tocsin", "group_by": ["alertname"], "group_wait": "1s",
                          "group_interval": "1s", "repeat_interval": "2s"},
                "receivers": [{"name": "tocsin", "webhook_configs": [{
                    "url": url, "http_config": {"authorization": {"credentials": token}}}]}],
            }, f)
        self.process = house.Process("alertmanager", [
            "prometheus-alertmanager", f"--config.file={config}",
            f"--storage.path={folder}/alertmanager", "--cluster.listen-address=",
            f"--web.listen-address={self.url[7:]}"], folder)
        house.until("Alertmanager is ready", self.ready)

    def ready(self):
        if not self.process.alive():
            raise house.HouseError(f"Alertmanager ended:\n{self.process.tail()}")
        try:
            with urllib.request.urlopen(self.url + "/-/ready", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, ConnectionError):
            return False

    def alert(self, name, severity, summary, resolved=False):
        now = datetime.datetime.now(datetime.timezone.utc)
        body = {"labels": {"alertname": name, "severity": severity, "service": "checkout"},
                "annotations": {"summary": summary},
                "generatorURL": "https://prometheus.example.com/graph?g0.expr=up"}
        if resolved:
            body["endsAt"] = (now - datetime.timedelta(seconds=1)).isoformat()
        request = urllib.request.Request(self.url + "/api/v2/alerts",
                                         data=json.dumps([body]).encode(),
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200, answer.status


def metric(bot, series):
    for line in bot.get("/metrics").splitlines():
        if line.startswith(series + " "):
            return float(line.rsplit(" ", 1)[1])
    raise AssertionError(f"no series {series}")


def everything_said(h):
    """The text of every message of every channel, threads included."""
    texts = []
    for channel in h.slack.state()["channels"]:
        for m in h.slack.messages(channel["id"]):
            texts.append(json.dumps(m, ensure_ascii=False))
            if m.get("ts"):
                texts += [json.dumps(r, ensure_ascii=False)
                          for r in h.slack.messages(channel["id"], m["ts"])]
    return texts


def said(h, *words):
    return any(all(w in t for w in words) for t in everything_said(h))


def roots(h):
    """Incidents as the war room shows them."""
    return [m for m in h.slack.messages(WAR_ROOM) if "INC-" in m.get("text", "") and
            m.get("thread_ts", m.get("ts")) == m.get("ts")]


def requests_answered(bot):
    return metric(bot, 'tocsin_http_requests_total{route="alerts",code="2xx"}')


def test_the_course_of_an_alert(h, bot, manager):
    manager.alert("HighErrorRate", "warning", "Error rate above 10% on checkout")
    house.until("the incident is in the war room", lambda: said(h, "INC-1", "Error rate above 10%"))
    # Alertmanager repeats what still fires every two seconds.
    before = requests_answered(bot)
    house.until("Alertmanager has repeated itself", lambda: requests_answered(bot) >= before + 2)
    assert not said(h, "INC-2"), "a repeated alert opened another incident"
    pages = metric(bot, 'tocsin_alerts_total{state="firing"}')
    assert pages >= 3, pages
    manager.alert("HighErrorRate", "warning", "Error rate above 10% on checkout", resolved=True)
    house.until("the thread hears that it is over",
                lambda: metric(bot, 'tocsin_alerts_total{state="resolved"}') >= 1
                and said(h, "0 of 1 firing"))


def test_redis_is_away(h, bot, manager):
    h.redis.kill()
    house.until("the bot knows it", lambda: "Redis is not connected" in ready_text(bot))
    manager.alert("DiskFull", "info", "This one is only counted")
    manager.alert("QueueGrows", "warning", "The queue grows <!channel> *and* `grows`")
    house.until("Alertmanager was asked to come again", lambda: metric(
        bot, 'tocsin_alert_posts_rejected_total{reason="unavailable"}') >= 1)
    h.redis.start()
    house.until("it came again, and the incident is there", lambda: said(h, "The queue grows"))
    for text in everything_said(h):
        assert "<!channel>" not in text, f"a label became a mention: {text}"


def ready_text(bot):
    try:
        return bot.get("/readyz")
    except urllib.error.HTTPError as e:
        assert e.code == 503, e.code
        return e.read().decode()


def test_wrong_token_is_final(h, bot, folder):
    stranger = Alertmanager(os.path.join(folder, "stranger"), bot.http + "/alerts/prometheus", "wrong")
    try:
        stranger.alert("Forged", "critical", "Forged alert")
        house.until("the stranger was refused", lambda: metric(
            bot, 'tocsin_alert_posts_rejected_total{reason="unauthorized"}') >= 1)
        assert not said(h, "Forged alert")
    finally:
        stranger.process.stop()


def main():
    if not shutil.which("prometheus-alertmanager"):
        if os.environ.get("CI"):
            sys.exit("prometheus-alertmanager is missing: install the package of that name")
        print("skipped: prometheus-alertmanager is not installed")
        sys.exit(77)
    with house.House() as h:
        bot = h.bot().wait_ready()
        os.makedirs(os.path.join(h.folder, "stranger"))
        manager = Alertmanager(h.folder, bot.http + "/alerts/prometheus", TOKEN)
        try:
            test_the_course_of_an_alert(h, bot, manager)
            test_redis_is_away(h, bot, manager)
            test_wrong_token_is_final(h, bot, h.folder)
            assert not h.slack.complaints(), h.slack.complaints()
            assert h.audit().returncode == 0
        finally:
            manager.process.stop()
    print("ok")


if __name__ == "__main__":
    main()
