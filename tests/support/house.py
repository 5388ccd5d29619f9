"""A house to test in: fake Slack, Redis and any number of bots, started for real.

Standard library only. Nothing here sleeps to let something happen: waiting is done by the fake
Slack's long poll, or by asking again until a condition holds, with a deadline that only a broken
house ever reaches.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BOT_TOKEN = "xoxb-fake-bot-token"
APP_TOKEN = "xapp-1-A0TOCSIN-fake"
PATIENCE_S = 120  # a deadline for broken houses, not a measure


class HouseError(AssertionError):
    pass


def build_dir():
    return os.environ.get("TOCSIN_BUILD", os.path.join(ROOT, "build", "asan"))


def program(name):
    for path in (os.path.join(build_dir(), name), os.path.join(build_dir(), "tests", name)):
        if os.access(path, os.X_OK):
            return path
    raise HouseError(f"{name} is not built in {build_dir()}")


def until(what, condition, patience_s=PATIENCE_S, pause_s=0.01):
    """Asks again until condition() is true-ish; its value is returned."""
    deadline = time.monotonic() + patience_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise HouseError(f"never happened: {what}")
        time.sleep(pause_s)


class Process:
    """A child whose output goes to a file. apart: Ctrl-C in the terminal does not reach it."""

    def __init__(self, name, argv, folder, env=None, apart=False):
        self.name = name
        self.stopping = False
        self.log_path = os.path.join(folder, f"{name}.log")
        full = dict(os.environ)
        full.update(env or {})
        with open(self.log_path, "ab") as log:
            self.child = subprocess.Popen(argv, stdout=log, stderr=subprocess.STDOUT, env=full,
                                          start_new_session=apart)

    def alive(self):
        return self.child.poll() is None

    def kill(self):
        self.stopping = True
        if self.alive():
            self.child.kill()
        return self.child.wait(PATIENCE_S)

    def stop(self):
        self.stopping = True
        if self.alive():
            self.child.send_signal(signal.SIGTERM)
        try:
            return self.child.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            raise HouseError(f"{self.name} did not stop; its log ends:\n{self.tail()}")

    def tail(self, lines=30):
        with open(self.log_path, errors="replace") as f:
            return "".join(f.readlines()[-lines:])


class FakeSlack:
    def __init__(self, folder, *extra, port=0, apart=False):
        self.ready = os.path.join(folder, "fake.ready")
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.ready)
        self.process = Process("fake", [program("fake_slack"), "--port", str(port),
                                        "--ready-file", self.ready, *extra], folder, apart=apart)
        until("fake Slack is ready", lambda: self.ready_port())
        self.url = f"http://127.0.0.1:{self.ready_port()}"

    def ready_port(self):
        if not self.process.alive():
            raise HouseError(f"fake Slack ended:\n{self.process.tail()}")
        try:
            with open(self.ready) as f:
                text = f.read().strip()
        except FileNotFoundError:
            return None
        return int(text.rsplit(":", 1)[-1].strip("/")) if text else None

    def call(self, path, body=None, timeout=PATIENCE_S):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data,
                                         headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as e:
            raise HouseError(f"{path}: {e.code} {e.read().decode(errors='replace')}")

    def slash(self, user, channel, line):
        command, _, text = line.partition(" ")
        return self.call("/admin/slash", {"user": user, "channel": channel, "command": command,
                                          "text": text})

    def press(self, user, channel, ts, text):
        return self.call("/admin/press", {"user": user, "channel": channel, "ts": ts, "text": text})

    def say(self, user, channel, text, thread_ts=None):
        body = {"user": user, "channel": channel, "text": text}
        if thread_ts:
            body["thread_ts"] = thread_ts
        return self.call("/admin/message", body)

    def fault(self, **what):
        return self.call("/admin/fault", what)

    def state(self):
        return self.call("/admin/state")

    def messages(self, channel, thread_ts=None):
        query = {"channel": channel}
        if thread_ts:
            query["thread_ts"] = thread_ts
        return self.call("/admin/messages?" + urllib.parse.urlencode(query))["messages"]

    def complaints(self):
        return self.call("/admin/complaints")["complaints"]

    def sockets(self):
        return self.state().get("sockets", [])

    def wait(self, **what):
        """The fake's long poll: {found, count, items}."""
        return self.call("/admin/wait", what)

    def wait_socket(self):
        return self.wait(what="sockets", count=1, timeout_ms=PATIENCE_S * 1000)["found"]


class RedisLine:
    """Commands to a Redis behind a Unix socket: also the one that a bot has started for itself."""

    def __init__(self, path):
        self.socket = path

    def command(self, *words):
        """One command over a fresh connection; None when Redis cannot be reached."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
                s.settimeout(PATIENCE_S)
                s.connect(self.socket)
                out = b"*%d\r\n" % len(words)
                for w in words:
                    w = str(w).encode()
                    out += b"$%d\r\n%s\r\n" % (len(w), w)
                s.sendall(out)
                return _read_reply(s.makefile("rb"))
        except (ConnectionError, FileNotFoundError, socket.timeout):
            return None


class Redis(RedisLine):
    """A redis-server of our own that can be killed without the bots."""

    def __init__(self, folder, fsync="always", args=()):
        self.folder = os.path.join(folder, "redis")
        os.makedirs(self.folder, exist_ok=True)
        self.socket = os.path.join(self.folder, "s")
        self.fsync = fsync
        self.args = list(args)
        self.url = f"unix://{self.socket}"
        self.start()

    def start(self):
        self.process = Process("redis", [
            "redis-server", "--port", "0", "--unixsocket", self.socket, "--dir", self.folder,
            "--appendonly", "yes", "--appendfsync", self.fsync, "--save", "",
            "--maxmemory-policy", "noeviction", *self.args], os.path.dirname(self.folder))
        until("Redis answers", lambda: self.command("PING") == "PONG")

    def kill(self):
        self.process.kill()


def _read_reply(f):
    line = f.readline()
    if not line:
        raise ConnectionError
    kind, rest = line[:1], line[1:-2]
    if kind == b"+":
        return rest.decode()
    if kind == b"-":
        raise ConnectionError(rest.decode())
    if kind == b":":
        return int(rest)
    if kind == b"$":
        n = int(rest)
        if n < 0:
            return None
        data = f.read(n + 2)
        if len(data) < n + 2:
            raise ConnectionError
        data = data[:-2]
        return data.decode(errors="replace")
    n = int(rest)
    return [_read_reply(f) for _ in range(max(n, 0))]


class Bot:
    """args: further options of `tocsin run`; env: what differs, None takes a variable away."""

    def __init__(self, house, name="bot", fault=None, speed=1, env=None, plan=None, args=(),
                 log_level="debug", listen="127.0.0.1:0"):
        self.house, self.name = house, name
        self.ready = os.path.join(house.folder, f"{name}.ready")
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.ready)
        argv = [program("tocsin"), "run", "--plan", plan or house.plan, "--listen", listen,
                "--ready-file", self.ready, "--data", house.data, "--log-level", log_level]
        if speed != 1:
            # One clock for all bots of a house: a successor must not live in the past.
            argv += ["--clock-speed", str(speed), "--clock-start", f"{house.clock_s(speed):.3f}"]
        argv += args
        full = {"SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_APP_TOKEN": APP_TOKEN,
                "SLACK_API_URL": house.slack.url + "/api/"}
        if house.redis:
            full["REDIS_URL"] = house.redis.url
        if fault:
            full["TOCSIN_FAULT"] = fault
        full.update(env or {})
        self.process = Process(name, argv, house.folder,
                               {k: v for k, v in full.items() if v is not None}, house.apart)

    def wait_ready(self):
        def ready():
            if not self.process.alive():
                raise HouseError(f"{self.name} ended:\n{self.process.tail()}")
            return os.path.exists(self.ready)
        until(f"{self.name} is ready", ready)
        with open(self.ready) as f:
            self.http = f"http://127.0.0.1:{f.read().strip()}"
        return self

    def ask(self, path, body=None, headers=None):
        """(status, text); body is sent as JSON, or as it is when it is bytes."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.http + path, data=data, headers={
            "Content-Type": "application/json", **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return answer.status, answer.read().decode(errors="replace")
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode(errors="replace")

    def get(self, path):
        with urllib.request.urlopen(self.http + path, timeout=PATIENCE_S) as answer:
            return answer.read().decode()


class House:
    """with House() as h: h.bot() ... everything is stopped and removed at the end."""

    def __init__(self, plan="docker/demo-plan.yaml", redis=True, fake_args=(), keep=False,
                 redis_args=(), apart=False):
        self.folder = tempfile.mkdtemp(prefix="tocsin-house-")
        self.data = os.path.join(self.folder, "data")
        self.born = time.time()
        self.plan = os.path.join(ROOT, plan)
        self.bots = []
        self.gone = []  # bots that were killed
        self.keep = keep
        self.talkative = True  # shows the bots' logs when something went wrong
        self.apart = apart
        try:
            self.slack = FakeSlack(self.folder, *fake_args, apart=apart)
            self.redis = Redis(self.folder, args=redis_args) if redis else None
        except HouseError:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        self.store = self.redis or RedisLine(os.path.join(self.data, "redis.sock"))

    def clock_s(self, speed):
        """The house clock now, in seconds since the epoch."""
        return self.born + (time.time() - self.born) * speed

    def bot(self, name=None, **options):
        b = Bot(self, name or f"bot{len(self.bots)}", **options)
        self.bots.append(b)
        return b

    def document(self, ident):
        """A stored document, decoded; None when there is none (yet)."""
        text = self.store.command("HGET", f"tocsin:{{main}}:doc:{ident}", "d")
        return json.loads(text) if text else None

    def audit(self):
        where = ["--redis", self.redis.url] if self.redis else ["--data", self.data]
        return subprocess.run([program("tocsin"), "audit", *where], capture_output=True, text=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        bad = []
        for b in self.bots:
            if b.process.alive():
                code = b.process.stop()
                if code != 0 and kind is None:
                    bad.append(f"{b.name} ended with {code}:\n{b.process.tail()}")
        if self.redis:
            self.redis.kill()
        self.slack.process.stop()
        if kind is not None or bad:
            for b in self.bots if self.talkative else []:
                print(f"--- {b.name} ---\n{b.process.tail(60)}")
            self.keep = True
        if self.keep:
            print(f"kept: {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
        if bad:
            raise HouseError("\n".join(bad))
