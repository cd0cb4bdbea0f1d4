"""Letters delivered to real servers, and delivery killed at any moment; see check-notify."""

import argparse
import base64
import collections
import email
import email.policy
import http.server
import json
import logging
import os
import pathlib
import random
import re
import secrets
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse
import warnings

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

arguments = argparse.ArgumentParser()
arguments.add_argument("program")
arguments.add_argument("letters")
arguments.add_argument("work", type=pathlib.Path)
arguments.add_argument("--kills", type=int, default=120)
arguments.add_argument("--seed", type=int, default=1)
given = arguments.parse_args()
# aiosmtpd warns of what is asked of it here, a server without TLS, and tells of clients that hang up.
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
program, letters = os.path.abspath(given.program), os.path.abspath(given.letters)
chance = random.Random(given.seed)
failures = []


def check(what, holds, more=""):
    if not holds:
        failures.append(what)
    print(f"{'ok  ' if holds else 'BAD '} {what}{' ' + str(more) if more and not holds else ''}", flush=True)


# Secrets are made here; none may be seen in what is printed or kept.
SECRETS = {
    "PASSWORD": secrets.token_urlsafe(24),
    "TOKEN": secrets.token_urlsafe(24),
    "KEY": secrets.token_urlsafe(24),
    "NEW": "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode(),
    "OLD": "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode(),
    "PATH_OF_URL": secrets.token_urlsafe(24),
}

authority = trustme.CA()
certificate = authority.issue_cert("localhost")
ca = given.work / "ca.pem"
authority.cert_pem.write_to_path(ca)
stranger = given.work / "stranger.pem"
trustme.CA().cert_pem.write_to_path(stranger)


def tls():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


# --- receivers by HTTP

got = collections.defaultdict(list)  # by kind: (headers, body)
lock = threading.Lock()


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.backlog("GET", "")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        time.sleep(chance.random() * 0.05)
        if self.path.startswith("/services/"):
            return self.slack(body)
        if self.path == "/api/chat.postMessage":
            return self.bot(body)
        if self.path == "/hook":
            with lock:
                got["webhook"].append((dict(self.headers), body))
            return self.answer(204)
        if self.path.startswith("/workflows/"):
            card = json.loads(body)["attachments"][0]
            right = card["contentType"] == "application/vnd.microsoft.card.adaptive" and card["content"]["type"] == "AdaptiveCard"
            if right:
                with lock:
                    got["teams"].append((dict(self.headers), body))
            return self.answer(202 if right else 400)
        return self.backlog("POST", body)

    def slack(self, body):
        message = json.loads(body)
        if self.path != "/services/" + SECRETS["PATH_OF_URL"]:
            return self.answer(403, b"invalid_token")
        if not message.get("text") or not blocks_are_right(message["blocks"]):
            return self.answer(400, b"invalid_blocks")
        with lock:
            got["slack"].append((dict(self.headers), body))
        return self.answer(200, b"ok")

    def bot(self, body):
        if self.headers["Authorization"] != "Bearer " + SECRETS["TOKEN"]:
            return self.answer(200, b'{"ok":false,"error":"invalid_auth"}')
        if not blocks_are_right(json.loads(body)["blocks"]):
            return self.answer(200, b'{"ok":false,"error":"invalid_blocks"}')
        with lock:
            got["slack-bot"].append((dict(self.headers), body))
        return self.answer(200, b'{"ok":true,"channel":"C1","ts":"1503435956.000247"}')

    def backlog(self, method, body):
        url = urllib.parse.urlsplit(self.path)
        query, form = dict(urllib.parse.parse_qsl(url.query)), dict(urllib.parse.parse_qsl(body))
        if query.get("apiKey") != SECRETS["KEY"]:
            return self.answer(401, b'{"errors":[{"message":"Authentication failure.","code":11,"moreInfo":""}]}')
        place = url.path.removeprefix("/api/v2/")
        with lock:
            answer = space.answer(method, place, query, form)
        if answer is None:
            return self.answer(404, b'{"errors":[{"message":"No such resource.","code":6,"moreInfo":""}]}')
        return self.answer(201 if method == "POST" else 200, json.dumps(answer).encode())

    def log_message(self, *_):
        pass


def blocks_are_right(blocks):
    """Slack's limits of blocks (docs.slack.dev, "Blocks"), and its rule of escaping."""
    texts = []
    for block in blocks:
        texts += [(text, 2000) for text in block.get("fields", [])] + [(text, 3000) for text in block.get("elements", [])]
        texts += [(block["text"], 3000)] if "text" in block else []
        if len(block.get("fields", [])) > 10:
            return False
    plain = all(not re.search(r"[<>]|&(?!amp;|lt;|gt;)", text["text"]) for text, _ in texts)
    return 0 < len(blocks) <= 50 and plain and all(0 < len(text["text"]) <= most for text, most in texts)


class Space:
    """A Backlog space with one project."""

    def __init__(self):
        self.issues, self.comments = [], collections.defaultdict(list)

    def answer(self, method, place, query, form):
        match method, place.split("/"):
            case "GET", ["projects", "SEC"]:
                return {"id": 9}
            case "GET", ["projects", "SEC", "issueTypes"]:
                return [{"id": 1, "name": "タスク"}]
            case "GET", ["priorities"]:
                return [{"id": 3, "name": "中"}]
            case "GET", ["issues"]:
                return [issue for issue in reversed(self.issues) if query.get("keyword", "") in issue["description"]][:100]
            case "POST", ["issues"]:
                issue = {"id": 1, "issueKey": f"SEC-{len(self.issues) + 1}", "status": {"id": 1}, **form}
                self.issues.append(issue)
                return issue
            case "GET", ["issues", key, "comments"]:
                return [{"content": content} for content in reversed(self.comments[key])]
            case "POST", ["issues", key, "comments"]:
                self.comments[key].append(form["content"])
                return {"id": 1}
        return None

    def all(self):
        return [issue["description"] for issue in self.issues] + [one for some in self.comments.values() for one in some]


space = Space()


def serve(context=None):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    # Whoever is killed hangs up.
    server.handle_error = lambda *_: None
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


# --- mail servers

mails = collections.defaultdict(list)


class Postman:
    def __init__(self, name):
        self.name = name

    async def handle_DATA(self, _server, _session, envelope):
        with lock:
            mails[self.name].append((envelope.mail_from, list(envelope.rcpt_tos), envelope.content))
        return "250 2.0.0 taken"


def who(_server, _session, _envelope, _mechanism, login):
    is_known = login.login == b"kagimori" and login.password == SECRETS["PASSWORD"].encode()
    # Not handled: the server says 535 itself.
    return AuthResult(success=is_known, handled=False)


def free():
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def mail_server(name, **more):
    port = free()
    controller = Controller(
        Postman(name), hostname="127.0.0.1", port=port, authenticator=who, auth_required=True, **more
    )
    controller.start()
    return port


PORTS = {
    "plain": mail_server("plain", auth_require_tls=False),
    "starttls": mail_server("starttls", tls_context=tls(), require_starttls=True),
    "smtps": mail_server("smtps", ssl_context=tls(), auth_require_tls=False),
}
HTTP, HTTPS = serve(), serve(tls())

MAIL = "user = 'kagimori'\npassword = 'env:PASSWORD'\nfrom = '鍵守 <kagimori@example.com>'\nto = ['sre@example.com', '運用 <ops@example.com>']\nlanguage = 'ja'\n"
CHANNELS = {
    "slack": "kind = 'slack'\naddress = 'env:SLACK'\n",
    "slack-bot": f"kind = 'slack-bot'\naddress = 'http://127.0.0.1:{HTTP}/api'\ntoken = 'env:TOKEN'\nto = 'C1'\n",
    "backlog": f"kind = 'backlog'\naddress = 'http://127.0.0.1:{HTTP}'\nkey = 'env:KEY'\nproject = 'SEC'\nlanguage = 'ja'\n",
    "webhook": f"kind = 'webhook'\naddress = 'https://localhost:{HTTPS}/hook'\nsecret = ['env:NEW', 'env:OLD']\ncertificates = '{ca}'\n",
    "teams": "kind = 'teams'\naddress = 'env:TEAMS'\nlanguage = 'ja'\n",
    "mail-plain": f"kind = 'mail'\naddress = 'smtp://127.0.0.1:{PORTS['plain']}'\ntls = 'none'\n{MAIL}",
    "mail-starttls": f"kind = 'mail'\naddress = 'smtp://localhost:{PORTS['starttls']}'\ncertificates = '{ca}'\n{MAIL}",
    "mail-smtps": f"kind = 'mail'\naddress = 'smtps://localhost:{PORTS['smtps']}'\ncertificates = '{ca}'\n{MAIL}",
}
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if "proxy" not in name.lower()},
    **SECRETS,
    "SLACK": f"http://127.0.0.1:{HTTP}/services/{SECRETS['PATH_OF_URL']}",
    "TEAMS": f"http://127.0.0.1:{HTTP}/workflows/{SECRETS['PATH_OF_URL']}",
    "NO_COLOR": "1",
}


def directory(name, channels):
    folder = given.work / name
    folder.mkdir()
    text = "".join(f"[channels.{name}]\n{table}\n" for name, table in channels.items())
    (folder / "kagimori.toml").write_text(text)
    return folder


def run(folder, *words):
    done = subprocess.run(
        [program, "notify", *words, "--dir", folder], env=ENVIRONMENT, capture_output=True, text=True, timeout=120
    )
    told = done.stdout + done.stderr
    for name, secret in SECRETS.items():
        if secret in told or secret.removeprefix("whsec_") in told:
            check(f"{name} is printed by {words}", False)
    return done.returncode, done.stdout, done.stderr


def write(folder, channel, number, credential):
    body = {"schema": "kagimori.notice", "version": 1, "kind": "retire.off", "key": credential, "account": "111122223333"}
    subprocess.run([letters, folder / "journal.db", channel, json.dumps({**body, "number": str(number)})], check=True)


def waiting(folder):
    code, out, err = run(folder, "status", "--format", "json")
    return json.loads(out)["letters"] if out else [err]


# --- every kind once

HOSTILE = "svc-支払い\r\nBcc: all@example.com\r\n\r\n<!channel> & <@U1>"
folder = directory("kinds", CHANNELS)
for channel in CHANNELS:
    code, out, err = run(folder, "test", channel)
    check(f"{channel} takes a test", code == 0, err)
    write(folder, channel, 1, HOSTILE)
code, out, err = run(folder, "deliver", "--format", "json")
ids = {letter["channel"]: letter["id"] for letter in json.loads(out)["letters"]}
check("a letter of every kind is delivered", code == 0 and len(ids) == len(CHANNELS), out + err)

for headers, body in got["webhook"]:
    for name in ["NEW", "OLD"]:
        try:
            Webhook(SECRETS[name]).verify(body, headers)
            check(f"the reference implementation verifies it by {name}", True)
        except WebhookVerificationError as error:
            check(f"the reference implementation verifies it by {name}", False, error)
    for what, secret, text in [
        ("another secret", "whsec_" + base64.b64encode(bytes(32)).decode(), body),
        ("another body", SECRETS["NEW"], body.replace("svc", "svd") + " "),
    ]:
        try:
            Webhook(secret).verify(text, headers)
            check(f"it does not verify with {what}", False)
        except WebhookVerificationError:
            check(f"it does not verify with {what}", True)
check("the webhook's id is the letter's", got["webhook"][-1][0]["webhook-id"] == ids["webhook"])

for name in ["plain", "starttls", "smtps"]:
    sender, receivers, content = mails[name][-1]
    check(f"{name}: the envelope", (sender, receivers) == ("kagimori@example.com", ["sre@example.com", "ops@example.com"]), receivers)
    mail = email.message_from_bytes(content, policy=email.policy.default)
    check(f"{name}: no head is forged", mail["Bcc"] is None and len(mail.get_all("To")) == 1 and "all@example.com" not in str(mail["To"]))
    check(f"{name}: the subject", mail["Subject"] == "[Kagimori] svc-支払い  Bcc: all@example.com    <!channel> & <@U1> を無効化しました", mail["Subject"])
    text = mail.get_content().replace("\r\n", "\n")
    check(f"{name}: the body", "svc-支払い" in text and f"-- \nKagimori · {ids['mail-' + name]}" in text, text)
    check(f"{name}: the names", str(mail["From"].addresses[0].display_name) == "鍵守" and mail["To"].addresses[1].display_name == "運用")
    check(f"{name}: the id", mail["Message-ID"] == f"<{ids['mail-' + name]}@example.com>", mail["Message-ID"])
    check(f"{name}: lines are short and of ASCII", all(len(line) <= 998 and line.isascii() for line in content.splitlines()))

# --- whom nobody vouches for

before = {name: len(some) for name, some in mails.items()}
hooks = len(got["webhook"])
untrusted = {}
for name in ["webhook", "mail-starttls", "mail-smtps"]:
    public = "".join(line + "\n" for line in CHANNELS[name].splitlines() if not line.startswith("certificates"))
    untrusted[name + "-unknown"] = public
    untrusted[name + "-stranger"] = CHANNELS[name].replace(str(ca), str(stranger))
    untrusted[name + "-other-name"] = CHANNELS[name].replace("localhost", "127.0.0.1")
untrusted["mail-no-tls"] = CHANNELS["mail-plain"].replace("tls = 'none'\n", "")
untrusted["mail-wrong-tls"] = CHANNELS["mail-plain"].replace("tls = 'none'\n", "").replace("smtp://", "smtps://")
folder = directory("untrusted", untrusted)
for channel in untrusted:
    code, out, err = run(folder, "test", channel)
    check(f"{channel} gets nothing", code == 2 and "hint" in err, err)
    if "unknown" in channel or "stranger" in channel or "other" in channel:
        check(f"{channel} is told why", "certificate" in err, err)
check("they got nothing", before == {name: len(some) for name, some in mails.items()} and hooks == len(got["webhook"]))
wrong = {**ENVIRONMENT, "PASSWORD": "another"}
done = subprocess.run(
    [program, "notify", "test", "mail-smtps", "--dir", given.work / "kinds"], env=wrong, capture_output=True, text=True
)
check("a wrong password is told", done.returncode == 2 and "535" in done.stderr, done.stderr)

# --- killed at any moment

got.clear()
mails.clear()
space = Space()
folders, kills, deaths = [], 0, 0
expected = set()
while kills < given.kills:
    folder = directory(f"killed-{len(folders)}", CHANNELS)
    folders.append(folder)
    for channel in CHANNELS:
        for number in range(2):
            write(folder, channel, number, f"svc-{len(folders)}-{channel}")
    expected |= {letter["id"] for letter in waiting(folder)}
    while kills < given.kills and any(letter["attempts"] == 0 for letter in waiting(folder)):
        process = subprocess.Popen(
            [program, "notify", "deliver", "--each", "1", "--dir", folder],
            env=ENVIRONMENT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(chance.random() * 0.25)
        process.kill()
        deaths += process.wait() != 0
        kills += 1
check(f"{kills} runs were killed, {deaths} before their end", deaths > kills / 2)
left = [letter for folder in folders for letter in waiting(folder)]
print(f"     {len(left)} of {len(expected)} letters wait after that", flush=True)
time.sleep(17)
for folder in folders:
    for _ in range(3):
        code, out, err = run(folder, "deliver", "--all")
        if code == 0:
            break
    check(f"{folder.name}: nothing waits", code == 0 and waiting(folder) == [], out + err)
    # Without letters it recomputes the journal.
    check(f"{folder.name}: the journal is what was written", subprocess.run([letters, folder / "journal.db", "none"]).returncode == 0)

received = collections.Counter()
marks = re.compile(r"kgm_[0-9a-f]{32}")
for kind in ["slack", "slack-bot", "webhook", "teams"]:
    for _, body in got[kind]:
        received.update(set(marks.findall(body)))
for some in mails.values():
    for _, _, content in some:
        mail = email.message_from_bytes(content, policy=email.policy.default)
        received.update(set(marks.findall(mail["Message-ID"])))
tickets = collections.Counter(mark for text in space.all() for mark in set(marks.findall(text)))
received.update(tickets)
check("every letter was received", set(received) == expected, f"{len(expected - set(received))} are missing")
twice = sum(1 for count in received.values() if count > 1)
check("the tracker has nothing twice", all(count == 1 for count in tickets.values()), tickets.most_common(3))
print(f"     {len(expected)} letters, {kills} kills, {twice} came twice and were recognised by their id", flush=True)

# --- no secret is kept

kept = [path for path in given.work.rglob("*") if path.is_file() and path.suffix != ".pem"]
for name, secret in SECRETS.items():
    forms = [secret.encode(), secret.removeprefix("whsec_").encode(), base64.b64encode(secret.encode())]
    seen = [path for path in kept for form in forms if form in path.read_bytes()]
    check(f"{name} is in no file of {len(kept)}", not seen, seen)

print(f"{len(failures)} things are not as they should be" if failures else "all is as it should be")
sys.exit(1 if failures else 0)
