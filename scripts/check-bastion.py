"""The other side of check-bastion. Arguments: kagimori, kagi, fake-aws, a directory to work in.

In moto: collect, plan, apply, check, undo. In the fake AWS, on what moto held after apply: who may do what, with MFA and without.
"""

import glob
import http.client
import json
import logging
import os
import shutil
import subprocess
import sys
import urllib.request
import warnings

PROGRAM, KAGI, FAKE, WORK = [os.path.abspath(path) for path in sys.argv[1:5]]
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
# AWS's documented example.
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
os.environ.update(KEYS, AWS_REGION="us-east-1", AWS_DEFAULT_REGION="us-east-1", AWS_EC2_METADATA_DISABLED="true", HOME=WORK, MOTO_IAM_LOAD_MANAGED_POLICIES="true")

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

# What moto has not is told by whoever asks.
logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")
BASTION, WORKLOADS = "123456789012", ["444455556666", "777788889999"]
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
passed, failed = 0, 0


def check(what, is_so, seen=None):
    global passed, failed
    passed, failed = passed + bool(is_so), failed + (not is_so)
    if not is_so:
        print(f"FAILED {what}: {seen}", flush=True)


def kagimori(*arguments, directory, endpoint, exit_code=0):
    """stdout; the exit code must be this."""
    done = subprocess.run([PROGRAM, *arguments, "--dir", directory], capture_output=True, text=True,
                          env={**os.environ, "AWS_ENDPOINT_URL": endpoint})
    check(f"kagimori {' '.join(arguments[:2])} ends with {exit_code}", done.returncode == exit_code,
          (done.returncode, done.stdout[-3000:], done.stderr[-2000:]))
    return done.stdout


def moto_part():
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    iam = boto3.client("iam", endpoint_url=endpoint)
    for name, path in (("ann", "/"), ("ben", "/people/"), ("svc", "/")):
        iam.create_user(UserName=name, Path=path)
    sts = boto3.client("sts", endpoint_url=endpoint)
    for account in WORKLOADS:
        made = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/setup", RoleSessionName="setup")["Credentials"]
        there = boto3.client("iam", endpoint_url=endpoint, aws_access_key_id=made["AccessKeyId"],
                             aws_secret_access_key=made["SecretAccessKey"], aws_session_token=made["SessionToken"])
        if account == WORKLOADS[1]:
            # One that is there, and wrong: everybody of the bastion account, without MFA, an administrator.
            trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": BASTION}, "Action": "sts:AssumeRole"}]}
            there.create_role(RoleName="developer", AssumeRolePolicyDocument=json.dumps(trust))
            there.attach_role_policy(RoleName="developer", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    directory = f"{WORK}/company"
    os.makedirs(directory)
    with open(f"{WORK}/bastion.toml", "w") as file:
        file.write(f"""
[bastion]
account = "{BASTION}"
group = "people"
users = ["ann", "ben"]

[[role]]
name = "developer"
accounts = {json.dumps(WORKLOADS)}
policies = ["{READ_ONLY}"]
""")
    toml = f"{WORK}/bastion.toml"

    def collect(into):
        os.makedirs(into, exist_ok=True)
        # moto has no service-specific credentials, nor some reports: what is missing is told, and is none of what is needed here.
        done = subprocess.run([PROGRAM, "collect", "--account", BASTION, *WORKLOADS, "--role", "audit", "--dir", into],
                              capture_output=True, text=True, env={**os.environ, "AWS_ENDPOINT_URL": endpoint})
        there = sorted(glob.glob(f"{into}/snapshots/*/authorization-details.json"))
        check("three accounts are collected", len(there) == 3, (done.returncode, done.stdout, done.stderr[-2000:]))
        for account in [BASTION, *WORKLOADS]:
            # What moto refuses to answer would make every answer incomplete.
            for path in glob.glob(f"{into}/snapshots/{account}/*"):
                if os.path.basename(path) not in ("authorization-details.json", "roles.json"):
                    shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)

    def told(verb, into, exit_code):
        return json.loads(kagimori("bastion", verb, toml, "--format", "json", directory=into, endpoint=endpoint, exit_code=exit_code))

    collect(directory)
    before = told("check", directory, 1)
    check("before, the wrong role is seen", any(b["held"] == "broken" for b in before["promises"]), before["promises"])
    plan = told("plan", directory, 0)
    check("all promises are proved of what is planned", all(p["held"] == "proved" for p in plan["promises"]), plan["promises"])
    kagimori("apply", plan["plan"], "--role", "setup", directory=directory, endpoint=endpoint)
    after = f"{WORK}/after"
    collect(after)
    now = told("check", after, 0)
    check("after, nothing differs", now["differences"] == [] and now["unknown"] == [], (now["differences"], now["unknown"]))
    check("after, all promises are proved", all(p["held"] == "proved" for p in now["promises"]), now["promises"])
    again = told("plan", after, 0)
    check("a second plan has nothing to do", again["plan"] is None and again["differences"] == [], again)
    # And the way back.
    kagimori("undo", plan["plan"], "--role", "setup", directory=directory, endpoint=endpoint)
    undone = f"{WORK}/undone"
    collect(undone)
    check("after undo it is as before", told("check", undone, 1)["differences"] == before["differences"])
    templates(endpoint, host, port, toml, directory, collect, told)
    moto.stop()
    return after


def templates(endpoint, host, port, toml, directory, collect, told):
    """The same from CloudFormation, into accounts that have the users alone."""
    there = http.client.HTTPConnection(host, port)
    there.request("POST", "/moto-api/reset")
    there.getresponse().read()
    for name, path in (("ann", "/"), ("ben", "/people/"), ("svc", "/")):
        boto3.client("iam", endpoint_url=endpoint).create_user(UserName=name, Path=path)
    fresh = f"{WORK}/fresh"
    collect(fresh)
    kagimori("bastion", "plan", toml, "--terraform", f"{WORK}/tf", "--cloudformation", f"{WORK}/cfn", directory=fresh, endpoint=endpoint)
    check("Terraform for each account", len(glob.glob(f"{WORK}/tf/*/bastion.tf")) == 3, glob.glob(f"{WORK}/tf/**", recursive=True))
    sts = boto3.client("sts", endpoint_url=endpoint)
    for account in [*WORKLOADS, BASTION]:
        keys = {}
        if account != BASTION:
            made = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/setup", RoleSessionName="setup")["Credentials"]
            keys = dict(aws_access_key_id=made["AccessKeyId"], aws_secret_access_key=made["SecretAccessKey"],
                        aws_session_token=made["SessionToken"])
        with open(f"{WORK}/cfn/{account}/bastion.template.json") as file:
            boto3.client("cloudformation", endpoint_url=endpoint, **keys).create_stack(
                StackName="bastion", TemplateBody=file.read(), Capabilities=["CAPABILITY_NAMED_IAM"])
    stacked = f"{WORK}/stacked"
    collect(stacked)
    # moto's CloudFormation knows neither groups nor the policies of a role; what it does make is as the file says.
    now = told("check", stacked, 1)
    differs = {difference["what"] for difference in now["differences"]}
    check("after CloudFormation nothing differs but what moto leaves out",
          differs == {f"the role `developer` has not {READ_ONLY}", "there is no group `people`"} and now["unknown"] == [],
          (differs, now["unknown"]))


def client(service, endpoint, keys):
    return boto3.client(service, endpoint_url=endpoint, aws_access_key_id=keys[0], aws_secret_access_key=keys[1],
                        aws_session_token=keys[2] if len(keys) > 2 else None, config=Config(retries={"max_attempts": 1}))


def refused(what, call, **arguments):
    try:
        check(what, False, call(**arguments))
    except ClientError as fault:
        check(what, fault.response["Error"]["Code"] == "AccessDenied", fault)


def fake_part(snapshots):
    process = subprocess.Popen([FAKE, "--snapshots", snapshots], stdout=subprocess.PIPE, text=True)
    try:
        lived_through(json.loads(process.stdout.readline()))
    finally:
        process.kill()


def lived_through(aws):
    endpoint = aws["endpoint"]
    users = {user["arn"].rsplit("/", 1)[1]: (user["access_key_id"], user["secret_access_key"]) for user in aws["users"]}

    def code(serial):
        request = json.dumps({"serial": serial}).encode()
        shown = json.load(urllib.request.urlopen(f"{endpoint}/control/totp", request))["code"]
        urllib.request.urlopen(f"{endpoint}/control/clock", json.dumps({"advance_seconds": 30}).encode()).read()
        return shown

    role = [f"arn:aws:iam::{account}:role/developer" for account in WORKLOADS]
    for name in ("ann", "ben"):
        iam, sts = client("iam", endpoint, users[name]), client("sts", endpoint, users[name])
        # Without MFA: enrolment and nothing else.
        refused(f"{name} without MFA: no role", sts.assume_role, RoleArn=role[0], RoleSessionName=name)
        refused(f"{name} without MFA: no key", iam.create_access_key)
        refused(f"{name} without MFA: no list of keys", iam.list_access_keys)
        other = "ben" if name == "ann" else "ann"
        refused(f"{name}: no device of another name", iam.create_virtual_mfa_device, VirtualMFADeviceName=f"{other}-2")
        refused(f"{name}: not another's devices", iam.list_mfa_devices, UserName=other)
        serial = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]["SerialNumber"]
        iam.enable_mfa_device(UserName=name, SerialNumber=serial, AuthenticationCode1=code(serial), AuthenticationCode2=code(serial))
        check(f"{name} enrols without MFA", [d["SerialNumber"] for d in iam.list_mfa_devices()["MFADevices"]] == [serial])
        refused(f"{name} without MFA: the device stays", iam.deactivate_mfa_device, UserName=name, SerialNumber=serial)
        refused(f"{name} without MFA, enrolled: no role", sts.assume_role, RoleArn=role[0], RoleSessionName=name)
        bare = sts.get_session_token()["Credentials"]
        session = client("sts", endpoint, (bare["AccessKeyId"], bare["SecretAccessKey"], bare["SessionToken"]))
        refused(f"{name} in a session without MFA: no role", session.assume_role, RoleArn=role[0], RoleSessionName=name)
        # With it: the roles and oneself.
        made = sts.get_session_token(SerialNumber=serial, TokenCode=code(serial))["Credentials"]
        keys = (made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
        for arn in role:
            check(f"{name} with MFA: {arn}", client("sts", endpoint, keys).assume_role(RoleArn=arn, RoleSessionName=name))
        own = client("iam", endpoint, keys)
        check(f"{name} with MFA: a key", own.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"])
        refused(f"{name} with MFA: no key of another", own.create_access_key, UserName=other)
        refused(f"{name} with MFA: nobody else's role", client("sts", endpoint, keys).assume_role,
                RoleArn=f"arn:aws:iam::{BASTION}:role/any", RoleSessionName=name)
    # Who is not in the file comes to no role.
    svc = client("sts", endpoint, users["svc"])
    refused("svc: no role", svc.assume_role, RoleArn=role[0], RoleSessionName="svc")
    # The role is below IAM, whatever its policies say (ReadOnlyAccess reads IAM).
    taken = client("sts", endpoint, keys).assume_role(RoleArn=role[0], RoleSessionName="ben")["Credentials"]
    inside = (taken["AccessKeyId"], taken["SecretAccessKey"], taken["SessionToken"])
    check("who", client("sts", endpoint, inside).get_caller_identity()["Arn"].endswith("assumed-role/developer/ben"))
    refused("the role: no IAM", client("iam", endpoint, inside).list_mfa_devices, UserName="ann")
    refused("the role: no further role", client("sts", endpoint, inside).assume_role, RoleArn=role[1], RoleSessionName="on")
    kagi_part(endpoint, users["ann"], f"arn:aws:iam::{BASTION}:mfa/ann", role[0])


def kagi_part(endpoint, key, serial, role):
    """The same as a person has it: a profile, one code, one command."""
    home = f"{WORK}/home"
    os.makedirs(f"{home}/run", mode=0o700)

    def write(name, text, mode=0o600):
        with open(f"{home}/{name}", "w") as file:
            file.write(text)
        os.chmod(f"{home}/{name}", mode)

    write("credentials", f"[bastion]\naws_access_key_id = {key[0]}\naws_secret_access_key = {key[1]}\n")
    write("config", f"[profile bastion]\nregion = us-east-1\n\n[profile dev]\nregion = us-east-1\nrole_arn = {role}\n"
          f"source_profile = bastion\n")
    write("passphrase", "#!/bin/sh\necho 'correct horse battery'\n", 0o755)
    write("prompt", f"#!{sys.executable}\nimport json, urllib.request\nopen('{home}/prompts', 'a').write('x')\n"
          f"body = json.dumps({{'serial': '{serial}'}}).encode()\n"
          f"print(json.load(urllib.request.urlopen('{endpoint}/control/totp', body))['code'])\n", 0o755)
    environment = {
        "PATH": os.environ["PATH"], "HOME": home, "KAGI_HOME": f"{home}/kagi", "KAGI_TTY": "0", "KAGI_UNLOCK": "runtime-dir",
        "KAGI_PROMPT_PROGRAM": f"{home}/prompt", "KAGI_PASSPHRASE_PROGRAM": f"{home}/passphrase", "XDG_RUNTIME_DIR": f"{home}/run",
        "AWS_CONFIG_FILE": f"{home}/config", "AWS_SHARED_CREDENTIALS_FILE": f"{home}/credentials", "AWS_ENDPOINT_URL": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1",
    }
    urllib.request.urlopen(f"{endpoint}/control/clock", json.dumps({"advance_seconds": 60}).encode()).read()

    def kagi(*arguments):
        done = subprocess.run([KAGI, *arguments], env=environment, capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    for profile in ("bastion", "dev"):
        status, out, err = kagi("add", profile)
        check(f"kagi add {profile}", status == 0, (out, err))
    status, out, err = kagi("credentials", "dev")
    shown = json.loads(out) if status == 0 else {}
    keys = (shown.get("AccessKeyId"), shown.get("SecretAccessKey"), shown.get("SessionToken"))
    check("kagi goes through the bastion with MFA", status == 0 and keys[0], (status, err))
    if status == 0:
        arn = client("sts", endpoint, keys).get_caller_identity()["Arn"]
        check("kagi's role", "assumed-role/developer/" in arn, arn)
        status, _, err = kagi("credentials", "dev")
        asked = os.path.getsize(f"{home}/prompts")
        check("one code for all of it", status == 0 and asked == 1, (status, asked, err))
    # Nobody answers the prompt: no code, no role.
    write("prompt", "#!/bin/sh\nexit 1\n", 0o755)
    check("kagi forgets its sessions", kagi("forget", "--sessions")[0] == 0)
    status, out, err = kagi("credentials", "dev")
    check("kagi without a code gets nothing", status != 0 and "SecretAccessKey" not in out, (status, out, err))


fake_part(f"{moto_part()}/snapshots")
print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
