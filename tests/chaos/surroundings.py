"""What an operator, a disk, a Redis or a stranger on the network does wrong: the program says what it
is and how to mend it, keeps what it has, and goes on, or refuses to start at all."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess

from house import APP_TOKEN, BOT_TOKEN, HouseError, ROOT, Redis, program, until
from judge import Verdict, documents, judge, outbox_left
from people import NOT_RECORDED, UNSURE, People, WAR_ROOM, find_key, told
from story import ENV, PLAN, Keeper, end_all, new_bot, new_house, play

LIMITS = (r"^limit ",)


def raise_faults(v):
    if v.faults:
        raise HouseError("\n    ".join(["not as it should be:", *v.faults[:20]]))


def log_of(bot):
    with open(bot.process.log_path, errors="replace") as f:
        return f.read()


def says(bot, pattern):
    return re.search(pattern, log_of(bot))


def wait_says(bot, pattern):
    until(f"the log says {pattern}", lambda: says(bot, pattern), pause_s=0.05)


def finish(h, people, keeper, errors=(), complaints=()):
    """It all works (again): a whole incident goes its way."""
    play(h, people, keeper.check, keeper)
    end_all(h, people)
    judge(h, people.record, complaints=(*LIMITS, *complaints), errors=errors)
    keeper.check()


# --- it does not start, and says why -------------------------------------------------------


def never_starts(v, h, name, pattern, code=(1, 2), **options):
    bot = new_bot(h, re.sub(r"\W+", "-", name), **options)
    h.bots.remove(bot)
    got = bot.process.child.wait(60)
    v.expect(got in code, f"{name}: ended with {got}")
    v.expect(says(bot, pattern), f"{name}: the log does not say {pattern}: {bot.process.tail(8)}")


def refusals():
    v = Verdict()
    with new_house() as h:
        def no(name, pattern, **options):
            never_starts(v, h, name, pattern, **options)
        no("no bot token", r"SLACK_BOT_TOKEN is missing.*xoxb-", env={"SLACK_BOT_TOKEN": None})
        no("no app token", r"SLACK_APP_TOKEN.*missing", env={"SLACK_APP_TOKEN": None})
        no("nothing at all", r"(?s)SLACK_BOT_TOKEN.*SLACK_APP_TOKEN",
           env={"SLACK_APP_TOKEN": None, "SLACK_BOT_TOKEN": None})
        no("tokens swapped", r"swapped", env={"SLACK_APP_TOKEN": BOT_TOKEN, "SLACK_BOT_TOKEN": APP_TOKEN})
        no("a user token", r"no bot token", env={"SLACK_BOT_TOKEN": "xoxp-1-2"})
        no("the bot token twice", r"no app-level token", env={"SLACK_APP_TOKEN": BOT_TOKEN})
        no("a token file that is not there", r"SLACK_BOT_TOKEN",
           env={"SLACK_BOT_TOKEN": None, "SLACK_BOT_TOKEN_FILE": "/nonexistent"})
        no("no plan", r"nonexistent", plan="/nonexistent/plan.yaml")
        no("a bad Redis address", r"(?i)redis", env={"REDIS_URL": "http://localhost"})
        no("TLS that this hiredis has not", r"rediss", env={"REDIS_URL": "rediss://localhost"})
        no("a bad listen address", r"not an address to listen on", args=("--listen", "here:http"))
        no("a bad workspace", r"workspace", args=("--workspace", "a b"))
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            no("a port in use", rf"cannot listen on 127.0.0.1:{port}.*in use",
               args=("--listen", f"127.0.0.1:{port}"))
        no("a drill against a real workspace", r"drills",
           env={"SLACK_API_URL": "https://slack.invalid/api/"})
    raise_faults(v)


# --- the plan ---------------------------------------------------------------------------------


FAULTS = (  # what is put in, what the log must say
    ("tocsin: 1", "tocsin: 7", r"version|tocsin"),
    ("slack: C0WARROOM", "slack: war-room", r"war-room"),
    ("ladder: none", "ladder: nowhere", r"nowhere"),
    ("{after: 2m, page: production.backup}", "{after: soon, page: production.backup}", r"soon"),
    ("leads: [dev, chloe]", "leads: [dev, zorro]", r"zorro"),
    ("key_event: pushpin", "key_event: [pushpin]\n  colour: blue", r"colour"),
)


def broken_plan(h, faults=FAULTS, name="broken.yaml"):
    with open(os.path.join(ROOT, PLAN)) as f:
        text = f.read()
    for good, bad, _pattern in faults:
        if good not in text:
            raise HouseError(f"{PLAN} has no {good!r} any more")
        text = text.replace(good, bad)
    path = os.path.join(h.folder, name)
    with open(path, "w") as f:
        f.write(text)
    return path


NO_YAML = "people: [ada\n  - : {{{\n\t%"


def plans():
    """With faults at start: refused, all told at once. At SIGHUP: the same, and the old one goes on."""
    v = Verdict()
    with new_house() as h:
        broken = broken_plan(h)
        bot = new_bot(h, "faulty", plan=broken)
        h.bots.remove(bot)
        v.expect(bot.process.child.wait(60) == 1, "a plan with faults was taken")
        for _good, bad, pattern in FAULTS:
            v.expect(says(bot, rf"level=error area=plan.*(?:{pattern}).*broken\.yaml:\d+:\d+"),
                     f"the fault {bad!r} is not told with file, line and column")
        plan = os.path.join(h.folder, "plan.yaml")
        shutil.copy(os.path.join(ROOT, PLAN), plan)
        with Keeper(h, "bot", plan=plan) as keeper:
            people = People(h)
            bot = keeper.bot.wait_ready()
            people.declare("U0ADA", "/incident P2 Before %")

            def reload(path=None, text=None):
                before = len(re.findall("the old one goes on|the plan is in force", log_of(bot)))
                if path:
                    shutil.copy(path, plan)
                else:
                    with open(plan, "w") as f:
                        f.write(text)
                os.kill(bot.process.child.pid, signal.SIGHUP)
                until("the plan was read again", lambda: len(re.findall(
                    "the old one goes on|the plan is in force", log_of(bot))) > before)

            reload(broken)
            v.expect(says(bot, "the new plan is refused, the old one goes on"), "the plan was taken")
            for _good, bad, pattern in FAULTS:
                v.expect(says(bot, rf"level=error area=plan.*(?:{pattern}).*plan\.yaml:\d+:\d+"),
                         f"at SIGHUP the fault {bad!r} is not told with file, line and column")
            people.declare("U0ADA", "/incident P2 With the old plan %")
            reload(text=NO_YAML)
            reload(text="")
            reload(text="\x00\xff" * 1000 if False else "a: &a [*a, *a]\n" * 10)
            reload(text="[" * 100000)
            os.remove(plan)
            os.mkdir(plan)
            os.kill(bot.process.child.pid, signal.SIGHUP)
            people.declare("U0ADA", "/incident P2 Still with the old plan %")
            os.rmdir(plan)
            reload(os.path.join(ROOT, PLAN))
            v.expect(log_of(bot).count("the plan is in force") == 2, "the good plan was not taken")
            finish(h, people, keeper, errors=(r"area=plan",))
    raise_faults(v)


def templates():
    """Overrides with faults are refused with the plan that names them."""
    v = Verdict()
    with new_house() as h:
        words = os.path.join(h.folder, "words")
        os.makedirs(os.path.join(words, "incident"))
        override = os.path.join(words, "incident", "root.md")
        plan = broken_plan(h, (("timezone: UTC", "timezone: UTC\ntemplates: words", ""),), "plan.yaml")

        def write(text):
            with open(override, "w") as f:
                f.write(text)
        good = "# {{id}}: {{title}} (our own words)\n\n{{#open}}\n[Acknowledge](<action:incident ack {{id}}>)\n{{/open}}\n"
        write("# {{id}\n\n{{#open}}never closed")
        never_starts(v, h, "a template with faults", r"incident/root", plan=plan, code=(1,))
        write(good)
        with Keeper(h, "bot", plan=plan) as keeper:
            people = People(h)
            bot = keeper.bot.wait_ready()
            first = people.declare("U0ADA", "/incident P2 Before %")
            for bad in ("{{#open}}never closed", "{{> incident/nowhere}}", "{{/open}}", "{{=<% %>"):
                write(bad)
                before = log_of(bot).count("the old one goes on")
                os.kill(bot.process.child.pid, signal.SIGHUP)
                until(f"{bad!r} is refused", lambda: log_of(bot).count("the old one goes on") > before)
            ident = people.declare("U0ADA", "/incident P2 After %")
            for i in (first, ident):
                until("our own words are there", lambda: find_key(h, f"{i}/root"), pause_s=0.05)
                v.expect("our own words" in json.dumps(find_key(h, f"{i}/root")[1]),
                         f"{i} has other words")
            write(good)
            finish(h, people, keeper, errors=(r"area=plan", r"templates have faults"))
    raise_faults(v)


# --- Redis ----------------------------------------------------------------------------------------


def told_nothing_recorded(h, people, why):
    """Whoever asks hears that nothing was recorded."""
    def once():
        h.slack.wait_socket()
        people.type("U0DEV", "/incident P2 Not now %")
        return people.record.refused
    people.record.refused.clear()
    until(f"somebody hears that nothing was recorded while {why}", once, pause_s=0.1)


def redis_says_no():
    """Out of memory, then a replica, then a password, and back each time."""
    with new_house() as h, Keeper(h, "bot") as keeper:
        people = People(h)
        bot = keeper.bot.wait_ready()
        ident = people.declare()
        back = f"/incident note {ident} back %"
        h.redis.command("CONFIG", "SET", "maxmemory", "1")
        told_nothing_recorded(h, people, "Redis has no memory")
        wait_says(bot, "Redis has no memory left")
        h.redis.command("CONFIG", "SET", "maxmemory", "0")
        people.insist("U0ADA", back)
        other = Redis(os.path.join(h.folder, "other"))
        try:
            h.redis.command("REPLICAOF", "127.0.0.1", "1")
            told_nothing_recorded(h, people, "Redis is a replica")
            wait_says(bot, "replica")
            status, text = keeper.http("/readyz")
            if status != 503 or "Redis" not in text:
                raise HouseError(f"/readyz with a replica: {status} {text}")
            h.redis.command("REPLICAOF", "NO", "ONE")
            people.insist("U0ADA", back)
        finally:
            other.kill()
        finish(h, people, keeper, errors=(r"area=store", r"Redis refused a commit"))


def wrong_password():
    """It says so, stays up, and goes on when the password is right."""
    v = Verdict()
    with new_house() as h:
        h.redis.command("CONFIG", "SET", "requirepass", "the-right-one")
        url = f"unix://:the-wrong-one@{h.redis.socket}"
        with Keeper(h, "bot", env={"REDIS_URL": url}) as keeper:
            people = People(h)
            bot = keeper.bot
            wait_says(bot, r"(?i)WRONGPASS|password")
            v.expect("the-wrong-one" not in log_of(bot), "the password is in the log")
            h.slack.wait_socket()
            told_nothing_recorded(h, people, "the password is wrong")
            v.expect(bot.process.alive(), "the bot is gone")
            line = h.redis.command  # with the password from now on
            h.redis.command = lambda *words: authenticated(h.redis.socket, "the-right-one", words)
            h.redis.command("CONFIG", "SET", "requirepass", "the-wrong-one")
            h.redis.command = lambda *words: authenticated(h.redis.socket, "the-wrong-one", words)
            people.insist("U0ADA", "/incident P2 Now %")
            h.redis.command("CONFIG", "SET", "requirepass", "")
            h.redis.command = line
            finish(h, people, keeper, errors=(r"area=store",))
    raise_faults(v)


def authenticated(path, password, words):
    """AUTH and one command."""
    from house import _read_reply
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        f = s.makefile("rb")
        for line in (("AUTH", password), words):
            s.sendall(b"*%d\r\n" % len(line) + b"".join(
                b"$%d\r\n%s\r\n" % (len(w.encode()), w.encode()) for w in line))
            reply = _read_reply(f)
        return reply


@contextlib.contextmanager
def small_disk(h, size):
    """A file system of its own, or None where we may not make one."""
    folder = h.data
    os.makedirs(folder)
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder],
                          capture_output=True).returncode == 0
    try:
        yield made
    finally:
        if made:
            subprocess.run(["umount", "-l", folder], check=False)


def full_disk():
    """The embedded Redis finds its disk nearly full, then full to the last byte, then free again."""
    with new_house(redis=False) as h, small_disk(h, "48m") as made:
        if not made:
            print("         (no right to mount a small disk: left out)")
            return
        filler = os.path.join(h.data, "filler")

        def fill(leave):
            with open(filler, "wb") as f, contextlib.suppress(OSError):
                space = os.statvfs(h.data)
                f.write(b"x" * max(0, space.f_bavail * space.f_frsize - leave))
                f.flush()
        with Keeper(h, "bot") as keeper:
            people = People(h)
            bot = keeper.bot.wait_ready()
            ident = people.declare()
            back = f"/incident note {ident} back %"
            fill(8 << 20)
            wait_says(bot, "disk nearly full")
            told_nothing_recorded(h, people, "the disk is nearly full")
            if "disk" not in keeper.http("/healthz")[1]:
                raise HouseError("/healthz does not speak of the disk")
            os.remove(filler)
            people.insist("U0ADA", back)
            fill(0)
            told_nothing_recorded(h, people, "the disk is full")
            os.remove(filler)
            people.insist("U0ADA", back)
            finish(h, people, keeper, errors=(r"area=redis", r"area=store", r"Redis refused"))
        for b in h.bots:
            b.process.stop()


def embedded_killed():
    """Its own redis-server is killed under it, again and again."""
    with new_house(redis=False) as h, Keeper(h, "bot") as keeper:
        people = People(h)
        bot = keeper.bot.wait_ready()
        ident = people.declare()
        for n in range(3):
            people.insist("U0BEN", f"/incident note {ident} before %")
            pid = int(re.findall(r'embedded Redis is ready" pid=(\d+)', log_of(bot))[-1])
            os.kill(pid, signal.SIGKILL)
            until("it is started again", lambda: len(re.findall(
                "embedded Redis is ready", log_of(bot))) > n + 1, pause_s=0.05)
            people.insist("U0BEN", f"/incident note {ident} after %")
        finish(h, people, keeper, errors=(r"area=redis", r"area=store"))


def bot_and_redis_killed():
    """Everything dies at once, as when the machine does; what was acknowledged is there again."""
    with new_house(redis=False) as h, Keeper(h, "bot") as keeper:
        people = People(h)
        keeper.bot.wait_ready()
        ident = people.declare()
        for n in range(3):
            bot = keeper.bot.wait_ready()
            pid = int(re.findall(r'embedded Redis is ready" pid=(\d+)', log_of(bot))[-1])
            people.insist("U0BEN", f"/incident note {ident} before %")
            os.kill(pid, signal.SIGKILL)
            os.kill(bot.process.child.pid, signal.SIGKILL)
            until("it is noticed", lambda: keeper.deaths > n, pause_s=0.05)
            people.insist("U0BEN", f"/incident note {ident} after %")
        finish(h, people, keeper, errors=(r"area=redis", r"area=store"))


def one_folder_two_bots():
    v = Verdict()
    with new_house(redis=False) as h, Keeper(h, "bot") as keeper:
        people = People(h)
        keeper.bot.wait_ready()
        people.declare("U0ADA", "/incident P2 Before %")
        never_starts(v, h, "second", r"in use by another tocsin \(process \d+\)", code=(1,))
        people.declare("U0ADA", "/incident P2 After %")
        finish(h, people, keeper)
    raise_faults(v)


# --- HTTP --------------------------------------------------------------------------------------------


def exchange(port, data, wait=True):
    """Sends bytes and reads until the end; b"" when the connection was reset."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as s:
        out = b""
        with contextlib.suppress(ConnectionError):
            s.sendall(data)
            if wait:
                s.shutdown(socket.SHUT_WR)
            while True:
                piece = s.recv(65536)
                if not piece:
                    break
                out += piece
    return out


def strangers():
    v = Verdict()
    with new_house() as h, Keeper(h, "bot") as keeper:
        people = People(h)
        bot = keeper.bot.wait_ready()
        port = int(bot.http.rsplit(":", 1)[1])
        token = f"Authorization: Bearer {ENV['CHAOS_ALERT_TOKEN']}\r\n"
        alert = "POST /alerts/monitor HTTP/1.1\r\nHost: x\r\n" + token
        cases = (
            ("garbage", b"\x00\xff\x16\x03\x01 garbage\r\n\r\n", rb"^HTTP/1.1 400|^$"),
            ("no request", b"\r\n\r\n\r\n", rb"^HTTP/1.1 400|^$"),
            ("an unknown path", b"GET /admin HTTP/1.1\r\nHost: x\r\n\r\n", rb"^HTTP/1.1 404"),
            ("a path that climbs", b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", rb"^HTTP/1.1 40[04]"),
            ("a wrong method", b"DELETE /healthz HTTP/1.1\r\nHost: x\r\n\r\n", rb"^HTTP/1.1 405"),
            ("an endless head", b"GET / HTTP/1.1\r\nX: " + b"a" * 200000 + b"\r\n\r\n", rb"^HTTP/1.1 4(31|14|00)|^$"),
            ("a thousand headers", b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 1000 + b"\r\n", rb"^HTTP/1.1 4(31|00)|^$"),
            ("an endless path", b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n", rb"^HTTP/1.1 4(14|31|00)|^$"),
            ("two lengths", b"POST /alerts/monitor HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
             b"Content-Length: 9\r\n\r\n{", rb"^HTTP/1.1 400"),
            ("a length that is none", b"POST /alerts/monitor HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
             rb"^HTTP/1.1 400"),
            ("a body too large", (alert + "Content-Length: 900000000\r\n\r\n").encode() + b"x" * 1000,
             rb"^HTTP/1.1 413"),
            ("no token", b"POST /alerts/monitor HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
             rb"^HTTP/1.1 401"),
            ("a wrong token", b"POST /alerts/monitor HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer no\r\n"
             b"Content-Length: 2\r\n\r\n{}", rb"^HTTP/1.1 403"),
            ("an unknown source", (alert.replace("monitor", "nowhere") + "Content-Length: 2\r\n\r\n{}").encode(),
             rb"^HTTP/1.1 404"),
            ("no JSON", (alert + "Content-Length: 5\r\n\r\nhello").encode(), rb"^HTTP/1.1 400"),
            ("deep JSON", (alert + "Content-Length: 100000\r\n\r\n").encode() + b"[" * 100000, rb"^HTTP/1.1 4(00|13)"),
            ("JSON without sense", (alert + "Content-Length: 16\r\n\r\n" + '{"id":["a"]}    ').encode(),
             rb"^HTTP/1.1 400"),
            ("half a body", (alert + "Content-Length: 500\r\n\r\n{").encode(), rb"^HTTP/1.1 4|^$"),
            ("Slack's door in Socket Mode", b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
             rb"^HTTP/1.1 40[134]"),
            ("a link that nobody signed", b"GET /ack/AAAA HTTP/1.1\r\nHost: x\r\n\r\n", rb"^HTTP/1.1 4"),
        )
        for name, data, want in cases:
            got = exchange(port, data)
            v.expect(re.search(want, got), f"{name}: {got[:120]!r}")
        # Many who never come to the point: others are answered all the same.
        slow = []
        for i in range(400):
            s = socket.create_connection(("127.0.0.1", port), timeout=30)
            s.sendall(b"POST /alerts/monitor HTTP/1.1\r\nX: " + b"a" * (i % 40))
            slow.append(s)
        got = keeper.http("/healthz")
        v.expect(got[0] == 200, f"/healthz is not answered: {got}")
        keeper.alert(people, "disk-slow")
        for s in slow:
            s.close()
        finish(h, people, keeper)
    raise_faults(v)


# --- the end -----------------------------------------------------------------------------------------


def stopped_at_work():
    """SIGTERM with commands, posts and pages under way: exit code 0, nothing leaks (ASan), what was
    promised goes out when it is started again."""
    v = Verdict()
    with new_house() as h:
        people = People(h)
        ident = None
        for n in range(4):
            bot = new_bot(h, f"bot-{n}").wait_ready()
            if ident is None:
                ident = people.declare()
            h.slack.fault(method="chat.postMessage", kind="delay", delay_ms=500, count=2)
            people.insist("U0ADA", "/incident P1 One more %")
            people.insist("U0BEN", f"/incident update {ident} Stop me now %")
            code = bot.process.stop()
            h.bots.remove(bot)
            h.gone.append(bot)
            v.expect(code == 0, f"it ended with {code}: {bot.process.tail(12)}")
            v.expect("Sanitizer" not in log_of(bot), f"it leaks: {bot.process.tail(40)}")
            v.expect("the loop did not end empty" not in log_of(bot), "the loop did not end empty")
        v.expect(outbox_left(h) > 0, "nothing was left to do: the test is too slow")
        with Keeper(h, "last") as keeper:
            finish(h, people, keeper)
    raise_faults(v)


def token_revoked():
    """Slack refuses the token for a while: it stays up, says so, and keeps what it promised."""
    with new_house() as h, Keeper(h, "bot") as keeper:
        people = People(h)
        bot = keeper.bot.wait_ready()
        ident = people.declare("U0ADA", "/incident P2 Before %")
        h.slack.fault(method="chat.postMessage", kind="error", error="token_revoked", count=1)
        people.insist("U0BEN", f"/incident update {ident} Nobody sees this yet %")
        wait_says(bot, "refuses the bot token")
        until("and takes it again", lambda: says(bot, "takes the bot token again"), pause_s=0.2)
        finish(h, people, keeper, errors=(r"refuses the bot token",))


def scenarios(form):
    yield "starts that are refused", (12,), refusals
    yield "plans with faults, at start and at SIGHUP", (12,), plans
    yield "templates with faults", (12,), templates
    yield "Redis out of memory, and as a replica", (1, 2), redis_says_no
    yield "a wrong Redis password", (2, 12), wrong_password
    yield "a full disk under the embedded Redis", (1, 2), full_disk
    yield "the embedded Redis is killed", (1, 2, 4), embedded_killed
    yield "bot and embedded Redis are killed", (1, 3, 4, 5), bot_and_redis_killed
    yield "two bots with one data folder", (9, 12), one_folder_two_bots
    yield "strangers at the web port", (12,), strangers
    yield "SIGTERM with work under way", (1, 4, 5), stopped_at_work
    yield "a token that is refused for a while", (5,), token_revoked
