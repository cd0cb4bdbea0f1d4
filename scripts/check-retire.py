"""The other side of check-retire: ministack behind a proxy that kills, users with two keys each, short ladders, and what must hold.

Arguments: the program, a directory to work in, ministack; `--first N` and `--step N`: from which kill point on, and every how manieth.
"""

import argparse
import atexit
import datetime
import http.client
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

arguments = argparse.ArgumentParser()
arguments.add_argument("program")
arguments.add_argument("work")
arguments.add_argument("ministack")
arguments.add_argument("--first", type=int, default=0)
arguments.add_argument("--step", type=int, default=1)
given = arguments.parse_args()
given.program, given.ministack = os.path.abspath(given.program), os.path.abspath(given.ministack)
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ.update(AWS_REGION="us-east-1", AWS_DEFAULT_REGION="us-east-1", AWS_EC2_METADATA_DISABLED="true", HOME=given.work)

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ACCOUNT = "000000000000"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


PORT = free_port()
SERVER = subprocess.Popen(
    [given.ministack], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=given.work,
    env=os.environ | {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(PORT), "AUTH": "true"},
)
atexit.register(SERVER.kill)
for _ in range(600):
    try:
        to = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
        to.request("GET", "/_ministack/health")
        if to.getresponse().status == 200:
            break
    except OSError:
        time.sleep(0.1)
else:
    raise SystemExit("ministack does not start")


def client(service, key="test", secret="test"):
    config = Config(retries={"max_attempts": 0})
    return boto3.client(service, endpoint_url=f"http://127.0.0.1:{PORT}", aws_access_key_id=key, aws_secret_access_key=secret, config=config)


iam = client("iam")


class Proxy(BaseHTTPRequestHandler):
    """Passes requests on; at one of them the program is killed, before AWS has it or before the answer is given."""

    protocol_version = "HTTP/1.1"
    count, at, how, process = 0, None, None, None
    refuse = None
    lost = None
    account = ACCOUNT.encode()
    touched = []
    lock = threading.Lock()

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with Proxy.lock:
            number, Proxy.count = Proxy.count, Proxy.count + 1
        if b"Action=UpdateAccessKey" in body or b"Action=DeleteAccessKey" in body:
            Proxy.touched.append(body.decode())
        if Proxy.refuse and Proxy.refuse in body:
            return self.reply(403, b"<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error><RequestId>r</RequestId></ErrorResponse>", [])
        if number == Proxy.at and Proxy.how == "before":
            Proxy.process.kill()
            self.close_connection = True
            return
        try:
            to = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
            to.request("POST", self.path, body, dict(self.headers.items()))
            answer = to.getresponse()
            text = answer.read()
        except OSError as error:
            print(f"NOTE ministack did not answer request {number}: {error!r}", flush=True)
            self.close_connection = True
            return
        if b"Action=GetCallerIdentity" in body:
            text = text.replace(ACCOUNT.encode(), Proxy.account)
        if number == Proxy.at and Proxy.how in ("after", "lost"):
            Proxy.lost = body
            if Proxy.how == "after":
                Proxy.process.kill()
            self.close_connection = True
            return
        self.reply(answer.status, text, answer.getheaders())

    def reply(self, status, text, headers):
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("transfer-encoding", "connection", "content-length", "server", "date"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        try:
            self.wfile.write(text)
        except OSError:
            pass

    def log_message(self, *_):
        pass


PROXY = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
threading.Thread(target=PROXY.serve_forever, daemon=True).start()
STRACE = shutil.which("strace")
EXECUTOR = {}


def environment():
    return os.environ | EXECUTOR | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{PROXY.server_address[1]}", "AWS_MAX_ATTEMPTS": "1", "USER": "mika"}


def run(directory, *words, at=None, how=None, sync=None, program=None):
    """Runs the program; it is killed, or an answer lost, at one of its requests or at one of its writes to the disk."""
    Proxy.count, Proxy.at, Proxy.how = 0, at, how
    command = [program or given.program, *words, "--dir", directory]
    if sync is not None:
        inject = f"inject=fsync,fdatasync:signal=SIGKILL:when={sync}"
        command = [STRACE, "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e", inject, *command]
    Proxy.process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, err = Proxy.process.communicate(timeout=120)
    return Proxy.process.returncode, out, err


failures = checks = 0


def equal(what, found, expected):
    global failures, checks
    checks += 1
    if found != expected:
        failures += 1
        print(f"DIFFERS {what}\n  {found}\n  {expected}", flush=True)


def holds(what, condition, seen=""):
    equal(what, (bool(condition), seen if not condition else ""), (True, ""))


AT = ""


def must(directory, *words, code=0, **fault):
    found, out, err = run(directory, *words, **fault)
    equal(f"{AT}: exit of {' '.join(words)}", (found, err if found != code else ""), (code, ""))
    return out


def works(key):
    """Whether AWS lets somebody in with it."""
    try:
        client("sts", *key).get_caller_identity()
        return True
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("InvalidClientTokenId", "InvalidAccessKeyId", "UnrecognizedClientException"):
            raise
        return False


def statuses(user):
    return {key["AccessKeyId"]: key["Status"] for key in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]}


def made(user):
    key = iam.create_access_key(UserName=user)["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


QUICK = """
[owners]
owner_tags = ["Owner"]
[retire]
ladder = [{ off = "OFF1", wait = "1s" }, { off = "OFF2", wait = "1s" }, { off = "OFF3" }]
notice = "1s"
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
hours = "00:00-24:00"
channels = ["sre"]
protected = ["svc-payments"]
[channels.sre]
kind = "slack"
address = "env:NOBODY_HAS_SET_THIS"
"""
PATIENCE = ("--patience", "0")


class Case:
    """A user with two keys, and a directory that knows of them."""

    number = 0

    def __init__(self, offs=("2s", "3s", "4s"), tags=None):
        Case.number += 1
        self.user = f"svc-{Case.number}"
        iam.create_user(UserName=self.user, Tags=[{"Key": "Owner", "Value": "web"}] if tags is None else tags)
        self.key, self.sibling = made(self.user), made(self.user)
        self.directory = f"{given.work}/{Case.number}"
        os.makedirs(f"{self.directory}/snapshots/{ACCOUNT}")
        os.makedirs(f"{self.directory}/trail")
        toml = QUICK
        if len(offs) == 1:
            toml = toml.replace('{ off = "OFF1", wait = "1s" }, { off = "OFF2", wait = "1s" }, ', "").replace("OFF3", offs[0])
        for number, off in enumerate(offs):
            toml = toml.replace(f"OFF{number + 1}", off)
        with open(f"{self.directory}/kagimori.toml", "w", encoding="utf-8") as file:
            file.write(toml)
        self.snapshot()

    def snapshot(self):
        folder = f"{self.directory}/snapshots/{ACCOUNT}"
        user = iam.get_user(UserName=self.user)["User"]
        arn = f"arn:aws:iam::{ACCOUNT}:user/{self.user}"
        details = {
            "UserDetailList": [{
                "Path": "/", "UserName": self.user, "UserId": user["UserId"], "Arn": arn, "CreateDate": "2020-01-01T00:00:00+00:00",
                "GroupList": [], "AttachedManagedPolicies": [], "UserPolicyList": [],
                "Tags": iam.list_user_tags(UserName=self.user)["Tags"],
            }],
            "GroupDetailList": [], "RoleDetailList": [], "Policies": [],
        }
        keys = [
            {"UserName": self.user, "AccessKeyId": key, "Status": status, "CreateDate": "2020-01-01T00:00:00+00:00"}
            for key, status in statuses(self.user).items()
        ]
        write(f"{folder}/authorization-details.json", details)
        write(f"{folder}/access-keys-{self.user}.json", {"AccessKeyMetadata": keys})
        for key in keys:
            used = {"UserName": self.user, "AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"}}
            write(f"{folder}/last-used-{key['AccessKeyId']}.json", used | {"AccessKeyId": key["AccessKeyId"]})

    def start(self, *words, code=0):
        return must(self.directory, "retire", "start", self.key[0], "--yes", "--reason", "the check", *words, code=code)

    def tick(self, *words, code=0, **fault):
        return must(self.directory, "retire", "tick", *PATIENCE, *words, code=code, **fault)

    def phase(self):
        out = must_any(self.directory, "retire", "status", "--format", "json")
        return [row["phase"] for row in json.loads(out)["retirements"]][-1]

    def off(self):
        """To where it is off for the first time."""
        self.start()
        self.tick()
        time.sleep(1.1)
        self.tick()

    def is_on(self, what, on=True):
        found = statuses(self.user)
        equal(f"{what}: the key", found.get(self.key[0]), "Active" if on else "Inactive")
        equal(f"{what}: its sibling", found.get(self.sibling[0]), "Active")

    def verified(self, what):
        code, _, err = run(self.directory, "journal", "verify")
        equal(f"{what}: the journal", (code, err if code else ""), (0, ""))

    def notices(self):
        with sqlite3.connect(f"file:{self.directory}/journal.db?mode=ro", uri=True) as journal:
            return [json.loads(body) for (body,) in journal.execute("SELECT body FROM outbox ORDER BY id")]


def must_any(directory, *words):
    code, out, err = run(directory, *words)
    holds(f"{' '.join(words)} ends well", code in (0, 1), err)
    return out


def write(path, value):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, default=str)


def executor():
    """A user that has the policy the program prints, and nothing else."""
    first = Case()
    policy = must(first.directory, "retire", "tick", "--print-policy")
    iam.create_user(UserName="kagimori-executor")
    iam.put_user_policy(UserName="kagimori-executor", PolicyName="retire", PolicyDocument=policy)
    key = made("kagimori-executor")
    EXECUTOR.update(AWS_ACCESS_KEY_ID=key[0], AWS_SECRET_ACCESS_KEY=key[1])


def up_the_ladder():
    case = Case()
    iam.update_access_key(UserName=case.user, AccessKeyId=case.sibling[0], Status="Inactive")
    holds("ministack refuses an inactive key", not works(case.sibling))
    iam.update_access_key(UserName=case.user, AccessKeyId=case.sibling[0], Status="Active")
    holds("the key works", works(case.key))
    case.start()
    equal("begun", case.phase(), "planned")
    holds("nothing was changed", works(case.key))
    case.tick()
    equal("told", case.phase(), "notified")
    case.tick()
    equal("not before its time", case.phase(), "notified")
    time.sleep(1.1)
    for rung in (1, 2, 3):
        case.tick()
        equal(f"rung {rung}", case.phase(), "off")
        holds(f"rung {rung}: the key is refused", not works(case.key))
        holds(f"rung {rung}: its sibling works", works(case.sibling))
        case.tick()
        equal(f"rung {rung}: a second tick changes nothing", case.phase(), "off")
        time.sleep(rung + 1.1)
        if rung == 3:
            break
        equal("status says what is overdue", run(case.directory, "retire", "status")[0], 1)
        case.tick()
        equal(f"rung {rung}, over", case.phase(), "on")
        holds(f"rung {rung}: the key works again", works(case.key))
        time.sleep(1.1)
        case.tick()
        equal(f"after rung {rung}", case.phase(), "notified")
        time.sleep(1.1)
    case.tick()
    equal("it may go", case.phase(), "delete_due")
    case.tick()
    equal("not without leave", case.phase(), "delete_due")
    case.tick("--irreversible")
    equal("gone", case.phase(), "deleted")
    equal("the keys that are left", list(statuses(case.user)), [case.sibling[0]])
    holds("its sibling works", works(case.sibling))
    kinds = [notice["kind"] for notice in case.notices()]
    equal("what people were told", kinds, ["retire.before_off", "retire.off", "retire.on"] * 2 + ["retire.before_off", "retire.off", "retire.delete_due", "retire.deleted"])
    holds("each notice says what to do", all(notice["schema"] == "kagimori.notice" and notice["if_it_hurts"] for notice in case.notices()))
    case.verified("the ladder")


def complaint():
    case = Case()
    case.off()
    holds("off", not works(case.key))
    must(case.directory, "retire", "stop", case.key[0], "--needed", "the nightly batch", *PATIENCE)
    holds("a complaint brings it on", works(case.key))
    equal("and ends it", case.phase(), "aborted")
    must(case.directory, "retire", "stop", case.key[0], *PATIENCE, code=2)
    case.tick()
    case.is_on("after the complaint")
    # It can be begun anew.
    case.start()
    equal("begun anew", case.phase(), "planned")
    case.verified("the complaint")


def panic():
    case = Case(offs=("1h", "2h", "3h"))
    case.off()
    holds("off", not works(case.key))
    # The journal alone: no plans, no snapshots, settings that nobody can read.
    shutil.rmtree(f"{case.directory}/plans")
    shutil.rmtree(f"{case.directory}/snapshots")
    with open(f"{case.directory}/kagimori.toml", "w", encoding="utf-8") as file:
        file.write("what = is this")
    must(case.directory, "retire", "panic", *PATIENCE)
    holds("panic brings it on", works(case.key))
    equal("and ends it", case.phase(), "aborted")
    must(case.directory, "retire", "panic", *PATIENCE)
    case.verified("panic")
    # What is overdue comes on whatever the settings say.
    case = Case()
    case.off()
    with open(f"{case.directory}/kagimori.toml", "w", encoding="utf-8") as file:
        file.write("what = is this")
    time.sleep(2.1)
    case.tick(code=2)
    case.is_on("overdue, with settings that nobody can read")


def drift():
    # Somebody (Terraform) switches it on.
    case = Case(offs=("1h", "2h", "3h"))
    case.off()
    iam.update_access_key(UserName=case.user, AccessKeyId=case.key[0], Status="Active")
    touched = len(Proxy.touched)
    case.tick(code=1)
    equal("switched on by somebody else", case.phase(), "drifted")
    case.tick()
    equal("and left alone", len(Proxy.touched), touched)
    # Somebody deletes it.
    case = Case(offs=("1h", "2h", "3h"))
    case.off()
    iam.delete_access_key(UserName=case.user, AccessKeyId=case.key[0])
    case.tick(code=1)
    equal("deleted by somebody else", case.phase(), "drifted")
    # The user gets another key.
    case = Case(offs=("1h", "2h", "3h"))
    case.off()
    iam.delete_access_key(UserName=case.user, AccessKeyId=case.sibling[0])
    case.sibling = made(case.user)
    case.tick(code=1)
    equal("another key of the user", case.phase(), "drifted")
    case.is_on("another key of the user")
    # Somebody switches it off before we do.
    case = Case()
    case.start()
    case.tick()
    iam.update_access_key(UserName=case.user, AccessKeyId=case.key[0], Status="Inactive")
    time.sleep(1.1)
    case.tick(code=1)
    equal("switched off by somebody else", case.phase(), "drifted")
    must(case.directory, "retire", "panic", *PATIENCE)
    case.is_on("what somebody else switched off", on=False)
    # And on before it is deleted.
    case = Case(offs=("1s",))
    case.off()
    time.sleep(1.1)
    case.tick()
    equal("it may go", case.phase(), "delete_due")
    iam.update_access_key(UserName=case.user, AccessKeyId=case.key[0], Status="Active")
    case.tick("--irreversible", code=1)
    equal("switched on before it is deleted", case.phase(), "drifted")
    case.is_on("switched on before it is deleted")


def protected():
    case = Case()
    with open(f"{case.directory}/kagimori.toml", "a", encoding="utf-8") as file:
        file.write(f'protected = ["{case.user}"]\n'.replace("protected =", "[apply]\nprotected ="))
    case.start(code=2)
    # By the tag that its user gets meanwhile: the executor refuses, and so does IAM.
    case = Case()
    case.start()
    case.tick()
    iam.tag_user(UserName=case.user, Tags=[{"Key": "kagimori:protected", "Value": "yes"}])
    time.sleep(1.1)
    case.tick(code=1)
    equal("protected by a tag", case.phase(), "protected")
    case.is_on("protected by a tag")
    try:
        client("iam", EXECUTOR["AWS_ACCESS_KEY_ID"], EXECUTOR["AWS_SECRET_ACCESS_KEY"]).update_access_key(
            UserName=case.user, AccessKeyId=case.key[0], Status="Inactive")
        print("NOTE ministack does not evaluate aws:ResourceTag of users: the policy is proved by our engine alone")
        iam.update_access_key(UserName=case.user, AccessKeyId=case.key[0], Status="Active")
    except ClientError:
        pass
    # By the settings, while it is off.
    case = Case(offs=("1h", "2h", "3h"))
    case.off()
    with open(f"{case.directory}/kagimori.toml", "a", encoding="utf-8") as file:
        file.write(f'[apply]\nprotected = ["{case.key[0]}"]\n')
    case.tick(code=1)
    equal("protected while it is off", case.phase(), "protected")
    case.is_on("protected while it is off")


def refusals():
    # Unknown owner, unknown key, secret in place of a key, begun twice, gone.
    case = Case(tags=[])
    case.start(code=1)
    holds("an unknown owner is told", "nobody knows whose" in run(case.directory, "retire", "start", case.key[0], "--yes", "--reason", "x")[2])
    case.start("--owner", "web")
    case.start("--owner", "web", code=2)
    must(case.directory, "retire", "start", "AKIAIOSFODNN7EXAMPLE", "--yes", code=2)
    must(case.directory, "retire", "start", "not-a-key", "--yes", code=2)
    must(case.directory, "retire", "stop", case.sibling[0], code=2)
    must(case.directory, "retire", "status", case.sibling[0], code=2)
    # Something speaks against it, and no reason is given: the trail holds nothing of its account.
    case = Case()
    must(case.directory, "retire", "start", case.key[0], "--yes", code=1)
    # Nobody is there to be asked.
    code, _, err = run(case.directory, "retire", "start", case.key[0], "--reason", "x")
    equal("nobody is asked", (code, "--yes" in err), (2, True))
    # The role that ticks may not switch it on: it does not go off.
    case = Case()
    case.start()
    case.tick()
    time.sleep(1.1)
    Proxy.refuse = b"Action=UpdateAccessKey"
    case.tick(code=2)
    equal("the way on is not shown", case.phase(), "notified")
    case.is_on("the way on is not shown")
    Proxy.refuse = None
    case.tick()
    equal("it is, later", case.phase(), "off")
    # It cannot be switched on: told, and tried again.
    time.sleep(2.1)
    Proxy.refuse = b"Action=UpdateAccessKey"
    case.tick(code=2)
    equal("it cannot be switched on", case.phase(), "on_due")
    holds("that is told", case.notices()[-1]["kind"] == "retire.on_failed" and "aws iam update-access-key" in case.notices()[-1]["if_it_hurts"])
    Proxy.refuse = None
    case.tick()
    case.is_on("the next tick")
    # No credentials at all.
    time.sleep(1.1)
    case.tick()
    time.sleep(1.1)
    kept = dict(EXECUTOR)
    EXECUTOR.clear()
    case.tick(code=2)
    EXECUTOR.update(kept)
    case.is_on("without credentials")


def journals():
    # A plan's text that somebody edited in the journal; an entry; a journal of another estate.
    case = Case()
    case.off()
    shutil.copytree(case.directory, f"{case.directory}-other")
    with sqlite3.connect(f"{case.directory}/journal.db") as journal:
        journal.execute("DROP TRIGGER document_stays")
        journal.execute("UPDATE document SET bytes = CAST(replace(CAST(bytes AS TEXT), ?, ?) AS BLOB)", (case.key[0], case.sibling[0]))
    time.sleep(2.1)
    code, _, err = run(case.directory, "retire", "tick", *PATIENCE)
    equal("an edited plan", (code, "damaged" in err), (2, True))
    equal("its sibling", statuses(case.user)[case.sibling[0]], "Active")
    # The copy of before is the good one.
    must(f"{case.directory}-other", "retire", "tick", *PATIENCE)
    case.is_on("the good copy")
    # The credentials of another account.
    case = Case()
    case.off()
    time.sleep(2.1)
    Proxy.account = b"111122223333"
    code, _, err = run(case.directory, "retire", "tick", *PATIENCE)
    equal("credentials of another account", (code, "111122223333" in err), (2, True))
    Proxy.account = ACCOUNT.encode()
    case.tick()
    case.is_on("the right credentials")
    # A plan file that somebody edited says nothing: the journal's text counts.
    case = Case()
    case.start()
    for name in os.listdir(f"{case.directory}/plans"):
        with open(f"{case.directory}/plans/{name}", "w", encoding="utf-8") as file:
            file.write("{}")
    case.tick()
    time.sleep(1.1)
    case.tick()
    case.is_on("an edited plan file", on=False)
    time.sleep(2.1)
    # Two at once: the second is refused, with who holds it.
    Proxy.count, Proxy.at = 0, None
    first = subprocess.Popen([given.program, "retire", "tick", "--dir", case.directory], env=environment() | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{SLOW.server_address[1]}"}, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    SLOW_SEEN.wait(30)
    code, _, err = run(case.directory, "retire", "tick", *PATIENCE)
    equal("two ticks at once", (code, "held by mika (kagimori retire tick" in err), (2, True))
    SLOW_GO.set()
    first.wait(60)
    equal("the first goes on", first.returncode, 0)
    case.is_on("two ticks at once")
    # A full disk: nothing goes off without the journal.
    case = Case()
    case.start()
    case.tick()
    time.sleep(1.1)
    full = ["bash", "-c", "ulimit -f 1; exec \"$0\" \"$@\""]
    touched = len(Proxy.touched)
    done = subprocess.run([*full, given.program, "retire", "tick", *PATIENCE, "--dir", case.directory], env=environment(), capture_output=True, text=True)
    holds("a disk without room", done.returncode != 0, done.stderr)
    case.is_on("a disk without room")
    holds("nothing was switched off", all("Status=Inactive" not in body for body in Proxy.touched[touched:]))
    case.tick()
    equal("room again", case.phase(), "off")


SLOW_SEEN, SLOW_GO = threading.Event(), threading.Event()


class Slow(Proxy):
    """Keeps the first request until somebody has looked."""

    def do_POST(self):
        SLOW_SEEN.set()
        SLOW_GO.wait(30)
        super().do_POST()


SLOW = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
threading.Thread(target=SLOW.serve_forever, daemon=True).start()


def stage(verb):
    """A case right before a command, and the command."""
    tick = ("retire", "tick", *PATIENCE)
    if verb == "off":
        case = Case()
        case.start()
        case.tick()
        time.sleep(1.1)
        return case, tick
    if verb == "delete":
        case = Case(offs=("1s",))
        case.off()
        time.sleep(1.1)
        case.tick()
        return case, (*tick, "--irreversible")
    case = Case() if verb == "on" else Case(offs=("1h", "2h", "3h"))
    case.off()
    if verb == "on":
        time.sleep(2.1)
        return case, tick
    word = ("stop", case.key[0]) if verb == "stop" else ("panic",)
    return case, ("retire", *word, *PATIENCE)


def right(case, verb, command, what):
    """After a kill: what the next run must put right."""
    global AT
    AT = what
    if verb == "off":
        # Killed on its way off: the next tick goes on or takes it back; after its time it is on, whatever happened.
        case.tick()
        time.sleep(2.1)
        case.tick()
        if case.phase() in ("notified", "planned"):
            case.is_on(what)
        else:
            equal(f"{what}: the ladder", case.phase(), "on")
            case.is_on(what)
    elif verb == "delete":
        must(case.directory, *command)
        equal(f"{what}: the ladder", case.phase(), "deleted")
        equal(f"{what}: the keys that are left", list(statuses(case.user)), [case.sibling[0]])
    else:
        code, _, err = run(case.directory, *command)
        # It may have been done to its end before it was killed.
        done = verb in ("stop", "on") and code in (0, 2) or code == 0
        holds(f"{what}: again", done, err)
        case.is_on(what)
        equal(f"{what}: the ladder", case.phase(), "on" if verb == "on" else "aborted")
    case.verified(what)
    wrong = [body for body in Proxy.touched if case.sibling[0] in body]
    equal(f"{what}: calls about its sibling", wrong, [])


def killed():
    points = 0
    for verb in ("off", "on", "stop", "panic", "delete"):
        case, command = stage(verb)
        must(case.directory, *command)
        requests = Proxy.count
        kills = [("request", at, how) for at in range(requests) for how in ("before", "after", "lost")]
        syncs = 0
        if STRACE:
            case, command = stage(verb)
            log = f"{given.work}/syncs"
            subprocess.run([STRACE, "-f", "-qq", "-o", log, "-e", "trace=fsync,fdatasync", given.program, *command, "--dir", case.directory], env=environment(), capture_output=True)
            with open(log, encoding="utf-8") as lines:
                syncs = sum("sync(" in line for line in lines)
            kills += [("sync", at + 1, None) for at in range(syncs)]
        for kind, at, how in kills[given.first :: given.step]:
            case, command = stage(verb)
            fault = {"at": at, "how": how} if kind == "request" else {"sync": at}
            run(case.directory, *command, **fault)
            right(case, verb, command, f"{verb}, {how or 'killed at'} {kind} {at}")
            points += 1
        print(f"{verb}: {requests} requests, {syncs} writes to the disk; {points} points, {checks} checks, {failures} differ", flush=True)
    print(f"{points} points of kills and lost answers")


signal.signal(signal.SIGTERM, lambda *_: exit(1))
started = datetime.datetime.now()
executor()
for part in (up_the_ladder, complaint, panic, drift, protected, refusals, journals):
    part()
    print(f"{part.__name__.replace('_', ' ')}: {checks} checks, {failures} differ", flush=True)
killed()
print(f"{checks} checks, {failures} differ, {(datetime.datetime.now() - started).seconds} s")
raise SystemExit(1 if failures else 0)
