"""The other side of check-identity-center. Arguments: kagimori, aws, a directory to work in.

moto knows no Regions of an account: the proxy before it answers that, and refuses what it is told to.
"""

import argparse
import gzip
import http.client
import json
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

arguments = argparse.ArgumentParser()
arguments.add_argument("program")
arguments.add_argument("aws")
arguments.add_argument("work")
given = arguments.parse_args()
PROGRAM, AWS = os.path.abspath(given.program), os.path.abspath(given.aws)
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
# AWS's documented example.
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
os.environ.update(KEYS, AWS_REGION="us-east-1", AWS_DEFAULT_REGION="us-east-1", AWS_EC2_METADATA_DISABLED="true", HOME=given.work)
# Times as the AWS CLI of today prints them.
os.environ["AWS_CONFIG_FILE"] = os.path.join(given.work, "config")
with open(os.environ["AWS_CONFIG_FILE"], "w", encoding="utf-8") as config:
    config.write("[default]\ncli_timestamp_format = iso8601\n")

import logging

import boto3
from moto.server import ThreadedMotoServer

logging.disable(logging.CRITICAL)
ACCOUNT = "123456789012"
MOTO = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
MOTO.start()
_, PORT = MOTO.get_host_and_port()
passed = failed = 0


def check(what, is_so, seen=None):
    global passed, failed
    passed, failed = passed + bool(is_so), failed + (not is_so)
    if not is_so:
        print(f"FAILED {what}: {str(seen)[-3000:]}", flush=True)


class Proxy(BaseHTTPRequestHandler):
    """Passes requests on; an operation may be refused."""

    denied = set()
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        operation = (self.headers.get("X-Amz-Target") or self.path).rsplit(".", 1)[-1]
        if self.path == "/listRegions":
            return self.answered(200, json.dumps({"Regions": [{"RegionName": "us-east-1"}]}).encode())
        if operation in Proxy.denied:
            return self.answered(400, json.dumps({"__type": "AccessDeniedException", "message": "no"}).encode())
        to = http.client.HTTPConnection("127.0.0.1", PORT)
        to.request("POST", self.path, body, {name: value for name, value in self.headers.items() if name != "Host"} | {"Host": self.headers["Host"]})
        answer = to.getresponse()
        text = answer.read()
        self.answered(answer.status, text, answer.getheader("Content-Type"))

    def answered(self, status, text, kind="application/x-amz-json-1.1"):
        self.send_response(status)
        self.send_header("Content-Type", kind or "text/xml")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


PROXY = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
threading.Thread(target=PROXY.serve_forever, daemon=True).start()
ENDPOINT = f"http://127.0.0.1:{PROXY.server_port}"
sso = boto3.client("sso-admin", endpoint_url=f"http://127.0.0.1:{PORT}")
store = boto3.client("identitystore", endpoint_url=f"http://127.0.0.1:{PORT}")
organizations = boto3.client("organizations", endpoint_url=f"http://127.0.0.1:{PORT}")


def kagimori(*command, directory, exit_codes=(0,)):
    done = subprocess.run([PROGRAM, *command, "--dir", directory], capture_output=True, text=True,
                          env={**os.environ, "AWS_ENDPOINT_URL": ENDPOINT})
    check(f"kagimori {' '.join(command)[:60]} ends with {exit_codes}", done.returncode in exit_codes,
          (done.returncode, done.stdout[-2000:], done.stderr[-2000:]))
    return done.stdout, done.stderr


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


organizations.create_organization(FeatureSet="ALL")
INSTANCE = sso.list_instances()["Instances"][0]
ARN, STORE = INSTANCE["InstanceArn"], INSTANCE["IdentityStoreId"]


def allow(action):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}


def people():
    users = {name: store.create_user(IdentityStoreId=STORE, UserName=name, DisplayName=name, Name={"GivenName": name, "FamilyName": "x"},
                                     Emails=[{"Value": f"{name}@example.com", "Primary": True}])["UserId"] for name in ("ann", "bob", "eve")}
    groups = {name: store.create_group(IdentityStoreId=STORE, DisplayName=name, Description=name)["GroupId"] for name in ("sre", "empty")}
    for name in ("ann", "eve"):
        store.create_group_membership(IdentityStoreId=STORE, GroupId=groups["sre"], MemberId={"UserId": users[name]})
    return users, groups


def permission_sets(users, groups):
    made = {}
    for name, more in (("Admin", {"SessionDuration": "PT1H"}), ("Reader", {"SessionDuration": "PT4H", "Description": "reads 読む", "RelayState": "https://example.com/"})):
        tags = [{"Key": "Team", "Value": "sea"}]
        made[name] = sso.create_permission_set(InstanceArn=ARN, Name=name, Tags=tags, **more)["PermissionSet"]["PermissionSetArn"]
    sso.attach_managed_policy_to_permission_set(InstanceArn=ARN, PermissionSetArn=made["Admin"], ManagedPolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    sso.attach_customer_managed_policy_reference_to_permission_set(InstanceArn=ARN, PermissionSetArn=made["Reader"],
                                                                   CustomerManagedPolicyReference={"Name": "team", "Path": "/sea/"})
    sso.put_inline_policy_to_permission_set(InstanceArn=ARN, PermissionSetArn=made["Reader"], InlinePolicy=json.dumps(allow("s3:Get*")))
    for principal, kind in ((groups["sre"], "GROUP"), (users["bob"], "USER")):
        sso.create_account_assignment(InstanceArn=ARN, TargetId=ACCOUNT, TargetType="AWS_ACCOUNT", PermissionSetArn=made["Admin"],
                                      PrincipalType=kind, PrincipalId=principal)
    # AWS does this with the assignment.
    sso.provision_permission_set(InstanceArn=ARN, PermissionSetArn=made["Admin"], TargetId=ACCOUNT, TargetType="AWS_ACCOUNT")
    return made


USERS, GROUPS = people()
SETS = permission_sets(USERS, GROUPS)
ROLE = "AWSReservedSSO_Admin_0123456789abcdef"


def cli(*command):
    done = subprocess.run([AWS, "--endpoint-url", ENDPOINT, *command], capture_output=True, text=True)
    return json.loads(done.stdout) if done.returncode == 0 and done.stdout.strip() else {"failed": done.stderr.strip()}


def collected(directory):
    os.makedirs(directory, exist_ok=True)
    # The only gap is what moto does not have: service-specific credentials and features of centralised root access.
    kagimori("collect", "--organization", directory=directory, exit_codes=(0, 3))
    return os.path.join(directory, "snapshots", "organization")


def same_as_the_cli(folder):
    of = ["--instance-arn", ARN, "--permission-set-arn"]
    wanted = {
        "sso-instances.json": ["sso-admin", "list-instances"],
        "permission-sets.json": ["sso-admin", "list-permission-sets", "--instance-arn", ARN],
        "identity-store-users.json": ["identitystore", "list-users", "--identity-store-id", STORE],
        "identity-store-groups.json": ["identitystore", "list-groups", "--identity-store-id", STORE],
    }
    for group in GROUPS.values():
        wanted[f"group-memberships/{group}.json"] = ["identitystore", "list-group-memberships", "--identity-store-id", STORE, "--group-id", group]
    for arn in SETS.values():
        at = f"permission-set/{arn.rsplit('/', 1)[1]}"
        wanted |= {
            f"{at}/description.json": ["sso-admin", "describe-permission-set", *of, arn],
            f"{at}/inline-policy.json": ["sso-admin", "get-inline-policy-for-permission-set", *of, arn],
            f"{at}/managed-policies.json": ["sso-admin", "list-managed-policies-in-permission-set", *of, arn],
            f"{at}/customer-managed-policies.json": ["sso-admin", "list-customer-managed-policy-references-in-permission-set", *of, arn],
            f"{at}/accounts.json": ["sso-admin", "list-accounts-for-provisioned-permission-set", *of, arn],
            f"{at}/tags.json": ["sso-admin", "list-tags-for-resource", "--instance-arn", ARN, "--resource-arn", arn],
        }
    wanted[f"account-assignments/{SETS['Admin'].rsplit('/', 1)[1]}/{ACCOUNT}.json"] = [
        "sso-admin", "list-account-assignments", "--account-id", ACCOUNT, *of, SETS["Admin"]]
    for name, command in wanted.items():
        path, printed = os.path.join(folder, name), cli(*command)
        if "failed" in printed:
            text = open(path, encoding="utf-8").read() if os.path.exists(path) else "none"
            check(f"{name} holds the refusal as the CLI tells it", "An error occurred" in text or "endpoint" in text, (printed, text))
            continue
        check(f"{name} is what the AWS CLI prints", os.path.exists(path) and read(path) == printed, (printed, os.path.exists(path) and read(path)))
    return len(wanted)


def who(directory):
    """A trail in which bob alone came, by the role of the set."""
    trail = os.path.join(directory, "trail")
    os.makedirs(trail, exist_ok=True)
    event = {
        "eventVersion": "1.11", "eventTime": "2026-11-30T10:00:00Z", "eventSource": "s3.amazonaws.com", "eventName": "ListBuckets",
        "awsRegion": "us-east-1", "sourceIPAddress": "192.0.2.1", "userAgent": "aws-cli", "eventID": "1", "eventType": "AwsApiCall",
        "managementEvent": True, "recipientAccountId": ACCOUNT, "requestParameters": None, "responseElements": None,
        "userIdentity": {
            "type": "AssumedRole", "principalId": "AROAEXAMPLEEXAMPLE01:bob", "accountId": ACCOUNT, "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{ROLE}/bob", "onBehalfOf": {"userId": USERS["bob"], "identityStoreArn": "x"},
            "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": "AROAEXAMPLEEXAMPLE01", "userName": ROLE, "accountId": ACCOUNT,
                                                 "arn": f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/{ROLE}"},
                               "attributes": {"creationDate": "2026-11-30T09:00:00Z", "mfaAuthenticated": "false"}},
        },
    }
    with gzip.open(os.path.join(trail, "a.json.gz"), "wt", encoding="utf-8") as file:
        json.dump({"Records": [event]}, file)
    told = json.loads(kagimori("trail", "who", ROLE, "--format", "json", directory=directory)[0])
    check("who came is named", told["rows"][0]["who"] == f"Identity Center user bob ({USERS['bob']})", told["rows"])
    could = told["summary"]["could_come"][0]
    check("all who could come are named", sorted(one["name"] for one in could["people"]) == ["ann", "bob", "eve"], could)
    check("nothing hides anybody", could["not_known"] == [], could)
    # Refused, somebody may hide, and that is told.
    Proxy.denied = {"ListGroupMemberships"}
    collected(directory)
    Proxy.denied = set()
    told = json.loads(kagimori("trail", "who", ROLE, "--format", "json", directory=directory)[0])
    could = told["summary"]["could_come"][0]
    check("a refused list of members is told", could["not_known"] and [one["name"] for one in could["people"]] == ["bob"], could)
    collected(directory)


directory = os.path.join(given.work, "collected")
folder = collected(directory)
count = same_as_the_cli(folder)
print(f"{count} files beside what the AWS CLI prints", flush=True)
who(directory)
print(f"{passed} checks passed, {failed} failed")
raise SystemExit(1 if failed else 0)
