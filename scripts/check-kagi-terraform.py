"""Terraform itself under kagi: a state in S3 with a lock, by file and by table, with read-only credentials; loaded by check-kagi.

Terraform is not in a registry that this project installs from: where the program is not here it is said. Its backend "s3" is part of it, and
needs no provider. S3 and DynamoDB stand in here (path style, what the backend calls and no more) and ask the fake AWS for each request
whether the key that signed it may do that to that resource; they check no signature.
"""

import http.server
import json
import os
import re
import shutil
import subprocess
import threading
import urllib.parse
import urllib.request

STATE = """terraform {{
  backend "s3" {{
    bucket         = "acme-state"
    key            = "dev/terraform.tfstate"
    region         = "ap-northeast-1"
    use_path_style = true
    endpoints      = {{ s3 = "{here}", dynamodb = "{here}" }}
    skip_requesting_account_id = true
    {lock}
  }}
}}
variable "word" {{ default = "one" }}
resource "terraform_data" "it" {{ input = var.word }}
"""
TWO = """terraform {{
  backend "s3" {{
    bucket         = "acme-state"
    key            = "dev/terraform.tfstate"
    region         = "ap-northeast-1"
    use_path_style = true
    profile        = "dev"
    endpoints      = {{ s3 = "{here}" }}
    skip_requesting_account_id = true
  }}
}}
data "terraform_remote_state" "other" {{
  backend = "s3"
  config = {{
    bucket         = "other-state"
    key            = "prod/terraform.tfstate"
    region         = "ap-northeast-1"
    use_path_style = true
    profile        = "prod"
    endpoints      = {{ s3 = "{here}" }}
    skip_requesting_account_id = true
  }}
}}
output "seen" {{ value = data.terraform_remote_state.other.outputs.word }}
"""
# The lines of docs/kagi.md, "Read-only until asked for more".
EXTRA = """
[kagi dev]
read_only_extra =
  arn:aws:s3:::acme-state/dev/*.tflock = s3:PutObject, s3:DeleteObject
  arn:aws:dynamodb:ap-northeast-1:222233334444:table/locks = dynamodb:PutItem, dynamodb:DeleteItem
"""


class Store(http.server.BaseHTTPRequestHandler):
    """S3 and a table, authorised by the fake AWS."""

    protocol_version = "HTTP/1.1"
    objects, items, asked, endpoint = {}, {}, [], ""

    def handle_request(self):
        length = self.headers.get("Content-Length")
        body = self.rfile.read(int(length)) if length else b""
        key = re.search(r"Credential=([^/]+)", self.headers.get("Authorization", ""))
        self.key = key.group(1) if key else ""
        target = self.headers.get("X-Amz-Target")
        return self.table(target.split(".")[1], json.loads(body)) if target else self.s3(body)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_request

    def may(self, action, resource):
        body = json.dumps({"access_key_id": self.key, "action": action, "resource": resource}).encode()
        allowed = json.load(urllib.request.urlopen(self.endpoint + "/control/may", body))["may"]
        self.asked.append((self.key, action, resource, allowed))
        return allowed

    def answer(self, status, body=b"", kind="application/xml", **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status, code):
        self.answer(status, f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode())

    def s3(self, body):
        url = urllib.parse.urlparse(self.path)
        bucket, _, name = urllib.parse.unquote(url.path.lstrip("/")).partition("/")
        if not name:
            if not self.may("s3:ListBucket", f"arn:aws:s3:::{bucket}"):
                return self.refuse(403, "AccessDenied")
            keys = "".join(f"<Contents><Key>{at[1]}</Key></Contents>" for at in sorted(self.objects) if at[0] == bucket)
            return self.answer(200, f"<ListBucketResult><Name>{bucket}</Name><IsTruncated>false</IsTruncated>{keys}</ListBucketResult>".encode())
        action = {"PUT": "s3:PutObject", "DELETE": "s3:DeleteObject"}.get(self.command, "s3:GetObject")
        if not self.may(action, f"arn:aws:s3:::{bucket}/{name}"):
            return self.refuse(403, "AccessDenied")
        at = (bucket, name)
        if self.command == "PUT":
            if self.headers.get("If-None-Match") == "*" and at in self.objects:
                return self.refuse(412, "PreconditionFailed")
            if "aws-chunked" in self.headers.get("Content-Encoding", ""):
                body = unchunked(body)
            self.objects[at] = body
            return self.answer(200, ETag='"x"')
        if self.command == "DELETE":
            self.objects.pop(at, None)
            return self.answer(204)
        if at not in self.objects:
            return self.refuse(404, "NoSuchKey")
        self.answer(200, self.objects[at], "application/json", ETag='"x"')

    def table(self, operation, body):
        name = "LockID"
        if not self.may(f"dynamodb:{operation}", f"arn:aws:dynamodb:ap-northeast-1:222233334444:table/{body['TableName']}"):
            return self.json(400, {"__type": "AccessDeniedException", "message": operation})
        if operation == "PutItem":
            at = body["Item"][name]["S"]
            if at in self.items and "ConditionExpression" in body:
                return self.json(400, {"__type": "ConditionalCheckFailedException", "message": "it is there"})
            self.items[at] = body["Item"]
            return self.json(200, {})
        at = body["Key"][name]["S"]
        if operation == "GetItem":
            return self.json(200, {"Item": self.items[at]} if at in self.items else {})
        self.items.pop(at, None)
        self.json(200, {})

    def json(self, status, value):
        self.answer(status, json.dumps(value).encode(), "application/x-amz-json-1.0")

    def log_message(self, *_):
        pass


def unchunked(body):
    """The body of `aws-chunked` (S3, "Signature calculations: transferring payload in multiple chunks")."""
    out, rest = b"", body
    while rest:
        head, _, rest = rest.partition(b"\r\n")
        size = int(head.split(b";")[0], 16)
        if size == 0:
            break
        out, rest = out + rest[:size], rest[size + 2:]
    return out


def terraform(machine, kagi, check):
    program = shutil.which("terraform")
    if not program:
        print("--     terraform is not here: not checked")
        return
    Store.endpoint = machine.aws["endpoint"]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Store)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here = f"http://127.0.0.1:{server.server_port}"
    good = machine.read("config")
    try:
        run(machine, kagi, program, here, good, check)
    finally:
        machine.write("config", good)
        server.shutdown()


def run(machine, kagi, program, here, good, check):
    quiet = {"TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
    folder = f"{machine.home}/terraform"
    os.makedirs(folder, exist_ok=True)

    def write(text):
        shutil.rmtree(f"{folder}/.terraform", ignore_errors=True)
        with open(f"{folder}/main.tf", "w") as file:
            file.write(text)

    def under(*before):
        return lambda *words: machine.run(*before, program, f"-chdir={folder}", *words, **quiet)

    everyday = under(kagi, "exec", "dev", "--")
    elevated = under(kagi, "exec", "--elevate", "--reason", "apply it", "dev", "--")
    plan = ("plan", "-input=false", "-no-color", "-lock-timeout=0s")
    for lock, how in (("use_lockfile = true", "a lock file"), ('dynamodb_table = "locks"', "a table")):
        Store.objects.clear(), Store.items.clear(), Store.asked.clear()
        write(STATE.format(here=here, lock=lock))
        machine.write("config", good)
        seen = everyday("init", "-input=false", "-no-color")
        check(f"terraform, {how}: init by everyday credentials", seen.returncode == 0, seen)
        seen = everyday(*plan)
        refused = any(not allowed for *_, allowed in Store.asked)
        check(f"terraform, {how}: plan without `read_only_extra` is refused its lock", seen.returncode != 0 and refused and "lock" in seen.stderr, seen)
        machine.write("config", good.replace("[kagi dev]\n", EXTRA.lstrip("\n")))
        Store.asked.clear()
        seen = everyday(*plan)
        check(f"terraform, {how}: plan is README's own command, and takes its lock", seen.returncode == 0 and "1 to add" in seen.stdout, seen)
        writes = {(action, resource) for _, action, resource, _ in Store.asked if action.endswith(("PutObject", "PutItem"))}
        check(f"terraform, {how}: what it wrote is the lock alone", len(writes) >= 1 and all("lock" in resource for _, resource in writes), writes)
        check(f"terraform, {how}: no lock is left", not Store.items and not Store.objects, (Store.items, Store.objects))
        seen = everyday("apply", "-auto-approve", "-input=false", "-no-color")
        check(f"terraform, {how}: apply by everyday credentials is refused the state", seen.returncode != 0 and "AccessDenied" in seen.stderr, seen)
        Store.objects.clear(), Store.items.clear()
        os.path.exists(f"{folder}/errored.tfstate") and os.remove(f"{folder}/errored.tfstate")
        seen = elevated("apply", "-auto-approve", "-input=false", "-no-color")
        check(f"terraform, {how}: apply elevated", seen.returncode == 0 and ("acme-state", "dev/terraform.tfstate") in Store.objects, seen)
        for name, way in (("serve", under(kagi, "serve", "dev", "--")), ("exec --env-keys", under(kagi, "exec", "--env-keys", "dev", "--"))):
            seen = way(*plan)
            check(f"terraform, {how}: plan under kagi {name}", seen.returncode == 0 and "No changes" in seen.stdout, seen)
        seen = machine.run(program, f"-chdir={folder}", *plan, AWS_PROFILE="dev", **quiet)
        check(f"terraform, {how}: plan by the profile's credential_process", seen.returncode == 0 and "No changes" in seen.stdout, seen)
    Store.objects[("other-state", "prod/terraform.tfstate")] = json.dumps({
        "version": 4, "terraform_version": "1.0.0", "serial": 1, "lineage": "x", "outputs": {"word": {"value": "of prod", "type": "string"}},
        "resources": []}).encode()
    Store.objects.pop(("acme-state", "dev/terraform.tfstate"), None)
    write(TWO.format(here=here))
    several = under(kagi, "exec", "--with", "prod", "dev", "--")
    several("init", "-input=false", "-no-color")
    Store.asked.clear()
    seen = several("plan", "-input=false", "-no-color", "-lock=false")
    check("terraform, two accounts in one exec: plan", seen.returncode == 0 and "of prod" in seen.stdout, seen)
    by_bucket = {resource.split(":::")[1].split("/")[0]: key for key, _, resource, _ in Store.asked}
    check("terraform, two accounts in one exec: each state by its own role's key", len(set(by_bucket.values())) == 2, by_bucket)
