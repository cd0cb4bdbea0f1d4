"""The clients' side of check-kagi-sso: what awscli, boto3 and kagi make of one config file and one Identity Center.

Arguments: what the fake AWS printed at its start, the aws program, the kagi program, a directory for a HOME of its own.
"""

import datetime
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request

import boto3
import botocore.session
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

STARTED = json.load(open(sys.argv[1]))
ENDPOINT = STARTED["endpoint"]
AWS, KAGI, HOME = sys.argv[2], os.path.abspath(sys.argv[3]), sys.argv[4]
START, REGION = STARTED["start_url"], STARTED["sso_region"]
CONFIG = f"""[sso-session corp]
sso_start_url = {START}
sso_region = {REGION}
sso_registration_scopes = sso:account:access

[profile power]
sso_session = corp
sso_account_id = 222233334444
sso_role_name = PowerUser
region = {REGION}

[profile legacy]
sso_start_url = {START}
sso_region = {REGION}
sso_account_id = 222233334444
sso_role_name = PowerUser
region = {REGION}
"""
PATH = f"{HOME}/config"
failed = passed = 0
os.environ.update({
    "HOME": HOME, "AWS_CONFIG_FILE": PATH, "AWS_SHARED_CREDENTIALS_FILE": f"{HOME}/credentials",
    "AWS_ENDPOINT_URL": ENDPOINT, "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": "", "AWS_MAX_ATTEMPTS": "1",
    "KAGI_HOME": f"{HOME}/kagi", "KAGI_TTY": "0", "KAGI_UNLOCK": "runtime-dir", "XDG_RUNTIME_DIR": f"{HOME}/run",
    "KAGI_PASSPHRASE_PROGRAM": "echo correct-horse-battery",
})
os.makedirs(f"{HOME}/run", mode=0o700)
open(PATH, "w").write(CONFIG)


def check(name, is_right, seen=""):
    global failed, passed
    passed, failed = passed + bool(is_right), failed + (not is_right)
    if not is_right:
        print(f"DIFFERS {name}: {seen}")


def control(path, **body):
    data = None if path in ("counters", "log") else json.dumps(body).encode()
    return json.load(urllib.request.urlopen(urllib.request.Request(f"{ENDPOINT}/control/{path}", data=data)))


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr


def count(operation):
    return sum(entry["operation"] == operation for entry in control("log"))


def arn(*words):
    code, out, err = run(*words)
    return json.loads(out)["Arn"] if code == 0 else err


def caller(*before, profile=None):
    chosen = ["--profile", profile] if profile else []
    return arn(*before, AWS, "sts", "get-caller-identity", "--output", "json", *chosen)


def sign_in_as_the_cli():
    """What `aws sso login --use-device-code` of the AWS CLI v2 does, and the file it leaves (botocore reads it)."""
    oidc = boto3.client("sso-oidc", region_name=REGION, config=Config(signature_version=UNSIGNED))
    client = oidc.register_client(clientName="botocore-client", clientType="public", scopes=["sso:account:access"])
    keys = {"clientId": client["clientId"], "clientSecret": client["clientSecret"]}
    device = oidc.start_device_authorization(startUrl=START, **keys)
    grant = {"grantType": "urn:ietf:params:oauth:grant-type:device_code", "deviceCode": device["deviceCode"]}
    for error in ("AuthorizationPendingException", "SlowDownException"):
        try:
            oidc.create_token(**keys, **grant)
        except ClientError as refused:
            check(f"{error} as boto3 reads it", refused.response["Error"]["Code"] == error, refused)
    urllib.request.urlopen(device["verificationUriComplete"])
    time.sleep(6.5)
    token = oidc.create_token(**keys, **grant)
    written = {
        "startUrl": START, "region": REGION, "accessToken": token["accessToken"], "refreshToken": token["refreshToken"],
        "expiresAt": (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=token["expiresIn"])).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "registrationExpiresAt": datetime.datetime.fromtimestamp(client["clientSecretExpiresAt"], datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        **keys,
    }
    os.makedirs(f"{HOME}/.aws/sso/cache", exist_ok=True)
    for name in ("corp", START):
        with open(f"{HOME}/.aws/sso/cache/{hashlib.sha1(name.encode()).hexdigest()}.json", "w") as file:
            json.dump(written, file)
    return written


def sign_in_with_kagi(*words):
    child = subprocess.Popen([KAGI, "login", "--device", *words], stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
    seen = ""
    for line in child.stderr:
        seen += line
        if line.strip().startswith("http://"):
            urllib.request.urlopen(line.strip())
    check("kagi signs in by the device code", child.wait() == 0, seen)


token = sign_in_as_the_cli()
sign_in_with_kagi("power")

# The same file, the same person in the same role, whichever program reads it.
aws = caller(profile="power")
check("awscli is in the permission set", re.search(r":assumed-role/AWSReservedSSO_PowerUser_[0-9a-f]{16}/alice@", aws), aws)
check("awscli, the other form", caller(profile="legacy") == aws)
check("kagi is the same, read-only", caller(KAGI, "exec", "power", "--") == aws)
check("kagi is the same, the other form", caller(KAGI, "exec", "legacy", "--") == aws)
elevated = [KAGI, "exec", "--elevate", "--reason", "a check", "power", "--"]
check("kagi is the same, elevated", caller(*elevated) == aws)
topics = [AWS, "sns", "create-topic", "--name"]
check("read-only may not write", run(KAGI, "exec", "power", "--", *topics, "a")[0] != 0)
check("elevated may", run(*elevated, *topics, "b")[0] == 0, run(*elevated, *topics, "b"))

# botocore's own words for GetScopedCredentials.
session = boto3.Session(profile_name="power")
scoped = session.client("sts", region_name=REGION).get_scoped_credentials(DurationSeconds=900)
check("boto3 reads GetScopedCredentials", scoped["SessionInfo"]["Arn"] == aws and scoped["ScopedPoliciesCount"] == 0, scoped)

# The same assignments.
sso = boto3.client("sso", region_name=REGION, config=Config(signature_version=UNSIGNED))
pairs = set()
for page in sso.get_paginator("list_accounts").paginate(accessToken=token["accessToken"]):
    for account in page["accountList"]:
        for roles in sso.get_paginator("list_account_roles").paginate(accessToken=token["accessToken"], accountId=account["accountId"]):
            pairs |= {(account["accountId"], role["roleName"]) for role in roles["roleList"]}
code, listed, err = run(KAGI, "sso", "profiles", "--names", "{account_id}.{role}", "--region", REGION)
profiles = botocore.session.Session().full_config["profiles"]
written = {tuple(name.split(".")) for name in profiles if "." in name}
check("kagi writes a profile for each", written | {("222233334444", "PowerUser")} == pairs, (written, pairs, err))
for account, role in sorted(written):
    seen = caller(profile=f"{account}.{role}")
    check(f"awscli is served {role} of {account}", f"::{account}:assumed-role/AWSReservedSSO_{role}_" in seen, seen)

# botocore prefers sso_* to credential_process in one profile; `kagi add` leaves it no choice, `kagi restore` gives it back.
shutil.copy(PATH, f"{HOME}/before")
both = open(PATH).read().replace("[profile power]\n", f"[profile power]\ncredential_process = {KAGI} credentials power\n")
open(PATH, "w").write(both)
check("botocore takes sso of both", boto3.Session(profile_name="power").get_credentials().method == "sso")
shutil.copy(f"{HOME}/before", PATH)
run(KAGI, "add", "power")
check("after kagi add botocore takes the process", boto3.Session(profile_name="power").get_credentials().method == "custom-process")
shutil.move(f"{HOME}/.aws/sso", f"{HOME}/.aws/sso-away")
check("awscli is served by kagi, without a token in plaintext", caller(profile="power") == aws, caller(profile="power"))
check("the other form has none now", "Error loading SSO Token" in caller(profile="legacy"), caller(profile="legacy"))
shutil.move(f"{HOME}/.aws/sso-away", f"{HOME}/.aws/sso")
backups = sorted(run(KAGI, "restore")[1].split())
run(KAGI, "restore", backups[-1])
check("kagi restore puts it back", open(PATH).read() == open(f"{HOME}/before").read(), backups)
check("botocore takes sso again", boto3.Session(profile_name="power").get_credentials().method == "sso")

# Tokens near their end: botocore and kagi refresh each their own, once, and go on.
control("settings", access_token_seconds=30)
before = count("CreateToken")
for path in os.listdir(f"{HOME}/.aws/sso/cache"):
    file = f"{HOME}/.aws/sso/cache/{path}"
    near = json.load(open(file)) | {"expiresAt": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")}
    json.dump(near, open(file, "w"))
check("awscli after a refresh", caller(profile="power") == aws)
check("botocore refreshed", count("CreateToken") == before + 1, count("CreateToken") - before)
control("clock", advance_seconds=3601)
run(KAGI, "forget", "--sessions")
refreshed = count("CreateToken")
check("kagi after a refresh", caller(KAGI, "exec", "power", "--") == aws)
check("kagi refreshed once", count("CreateToken") == refreshed + 1, count("CreateToken") - refreshed)

# What an administrator ends is over for both, and each says what to do.
control("settings", access_token_seconds=3600)
sign_in_with_kagi("--fresh", "power")
token = sign_in_as_the_cli()
control("identity-center", end_sessions_of="alice@shiosai.example")
run(KAGI, "forget", "--sessions")
seen = caller(profile="power")
check("awscli says what to do", "expired" in seen or "invalid" in seen, seen)
code, _, err = run(KAGI, "credentials", "power")
check("kagi says what to do, revoked", code == 2 and "administrator ended it" in err and "kagi login power" in err, err)

# `aws login`: one file, read and renewed by both. The AWS CLI v1 cannot sign in, so the file is what v2 leaves.
ALICE = "arn:aws:iam::111122223333:user/alice"
LOGIN = f"{HOME}/.aws/login/cache/{hashlib.sha256(ALICE.encode()).hexdigest()}.json"
os.makedirs(os.path.dirname(LOGIN))
open(PATH, "a").write(f"""
[profile console]
login_session = {ALICE}
region = us-east-1

[profile behind]
role_arn = arn:aws:iam::222233334444:role/Power
source_profile = console
region = us-east-1
""")


def left(seconds):
    """What `aws login` left, with so many seconds until the next renewal."""
    file = control("login", arn=ALICE, with_mfa=True) if not os.path.exists(LOGIN) else json.load(open(LOGIN))
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    file["accessToken"]["expiresAt"] = end.strftime("%Y-%m-%dT%H:%M:%SZ")
    json.dump(file, open(LOGIN, "w"))


left(900)
check("boto3 takes the console's sign-in", boto3.Session(profile_name="console").get_credentials().method == "login")
check("awscli is who signed in", caller(profile="console") == ALICE, caller(profile="console"))
check("kagi is the same", caller(KAGI, "exec", "console", "--") == ALICE, caller(KAGI, "exec", "console", "--"))
check("awscli is in the role behind", ":assumed-role/Power/" in caller(profile="behind"), caller(profile="behind"))
check("kagi is in the role behind", caller(KAGI, "exec", "behind", "--").endswith(":assumed-role/Power/alice"), "")
for first, second in (((), (KAGI, "exec", "console", "--")), ((KAGI, "exec", "console", "--"), ())):
    left(60)
    before, text = count("CreateOAuth2Token"), open(LOGIN).read()
    seen = caller(*first, profile=None if first else "console")
    check("renewed by one", seen == ALICE and count("CreateOAuth2Token") == before + 1, (first, seen))
    check("its file is written back", open(LOGIN).read() != text)
    seen = caller(*second, profile=None if second else "console")
    check("the other goes on from it", seen == ALICE and count("CreateOAuth2Token") == before + 1, (second, seen))
run(KAGI, "add", "console")
check("after kagi add botocore takes the process of `aws login`'s profile",
      boto3.Session(profile_name="console").get_credentials().method == "custom-process")
check("awscli is served by kagi from the sign-in", caller(profile="console") == ALICE, caller(profile="console"))

# Account access manager: botocore's own client with the token it kept, and kagi's profiles.
scoped = open(PATH).read().replace(
    "sso_registration_scopes = sso:account:access",
    "sso_registration_scopes = sso:account:access, account_access:read_only, account_access:assume")
open(PATH, "w").write(scoped)
sign_in_with_kagi("--fresh", "--sso-session", "corp")
oidc = boto3.client("sso-oidc", region_name=REGION, config=Config(signature_version=UNSIGNED))
scopes = ["sso:account:access", "account_access:read_only", "account_access:assume"]
registered = oidc.register_client(clientName="botocore-client", clientType="public", scopes=scopes)
keys = {"clientId": registered["clientId"], "clientSecret": registered["clientSecret"]}
device = oidc.start_device_authorization(startUrl=START, **keys)
urllib.request.urlopen(device["verificationUriComplete"])
bearer = oidc.create_token(**keys, grantType="urn:ietf:params:oauth:grant-type:device_code", deviceCode=device["deviceCode"])
# botocore signs bearer calls over TLS only, which the loopback has not: its model writes and reads them all the same.
runtime = boto3.client("account-access-runtime", region_name=REGION, config=Config(signature_version=UNSIGNED))
runtime.meta.events.register(
    "before-call.account-access-runtime",
    lambda params, **_: params["headers"].update({"Authorization": f"Bearer {bearer['accessToken']}"}))
roles, more = [], {}
while True:
    page = runtime.list_roles(tenantId=STARTED["tenant"], **more)
    roles += [role["roleArn"] for role in page["roles"]]
    if not page.get("nextToken"):
        break
    more = {"nextToken": page["nextToken"]}
given = runtime.get_role_credentials(tenantId=STARTED["tenant"], roleArn=roles[0], accessType="PROGRAMMATIC_ACCESS")
given = given["credentialsDetails"]["programmaticAccess"]
check("botocore reads the end of an entitled role", given["expiresAt"].timestamp() > time.time(), given)
code, listed, err = run(KAGI, "sso", "profiles", "--tenant", STARTED["tenant"], "--names", "{account_id}.{role}.aa", "--region", REGION)
text = open(PATH).read()
check("kagi writes a profile for each entitled role", all(f"account_access_role = {role}\n" in text for role in roles), (code, listed, err))
for role in roles:
    name = f"{role.split(':')[4]}.{role.split('/')[-1]}.aa"
    their = boto3.client("sts", region_name=REGION, aws_access_key_id=given["accessKeyId"],
                         aws_secret_access_key=given["secretAccessKey"], aws_session_token=given["sessionToken"])
    seen = caller(profile=name)
    check(f"awscli is served {role}", f"::{role.split(':')[4]}:assumed-role/{role.split('/')[-1]}/" in seen, seen)
    if role == roles[0]:
        check("and is whom botocore's own client gets", their.get_caller_identity()["Arn"] == seen, seen)

# What is over is over for both, and each says what to do.
code, _, err = run(KAGI, "logout", "power")
code, _, err = run(KAGI, "credentials", "power")
check("kagi says what to do", code == 2 and "kagi login" in err, err)
print(f"{passed} hold, {failed} differ")
sys.exit(failed > 0)
