"""The clients' side of check-fake-aws: what awscli and boto3 make of the answers of the fake AWS.

Arguments: what the server printed at its start, the aws program, a directory for a HOME of its own.
"""

import base64
import concurrent.futures
import json
import os
import subprocess
import sys
import urllib.parse
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

started = json.load(open(sys.argv[1]))
AWS, HOME = sys.argv[2], sys.argv[3]
ENDPOINT, SERIAL = started["endpoint"], started["mfa_serial"]
USERS = {user["arn"].rsplit("/")[-1]: (user["access_key_id"], user["secret_access_key"], None) for user in started["users"]}
ALICE, CAROL, BOB = USERS["alice"], USERS["carol"], USERS["bob"]
POWER = "arn:aws:iam::222233334444:role/Power"
LONG_JOB = "arn:aws:iam::222233334444:role/LongJob"
DEPLOY = "arn:aws:iam::333344445555:role/delivery/Deploy"
PREFIX = "An error occurred ({}) when calling the {} operation: {}"
failed = passed = 0


def control(path, **body):
    data = None if path in ("counters", "log", "keys") else json.dumps(body).encode()
    return json.load(urllib.request.urlopen(urllib.request.Request(f"{ENDPOINT}/control/{path}", data=data)))


def code(serial=SERIAL):
    """A code that was not used yet: of the next step."""
    control("clock", advance_seconds=30)
    return control("totp", serial=serial)["code"]


def client(service, keys, **config):
    return boto3.client(
        service, region_name="us-east-1", endpoint_url=ENDPOINT, aws_access_key_id=keys[0],
        aws_secret_access_key=keys[1], aws_session_token=keys[2],
        config=Config(retries={"total_max_attempts": 1}, **config),
    )


def keys(answer):
    found = answer["Credentials"]
    return found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"]


def check(name, is_right, seen=""):
    global failed, passed
    passed, failed = passed + bool(is_right), failed + (not is_right)
    if not is_right:
        print(f"DIFFERS {name}: {seen}")


def fails(name, call, status, error, message, **parameters):
    """The error as a program sees it: status, code and text."""
    try:
        check(name, False, call(**parameters))
    except ClientError as fault:
        details = fault.response["Error"]
        seen = (fault.response["ResponseMetadata"]["HTTPStatusCode"], details["Code"], details["Message"])
        check(name, seen == (status, error, message), seen)


def command(credentials, *arguments):
    """One run of awscli in a home of its own; exit code, standard output, standard error."""
    environment = {
        "PATH": os.environ["PATH"], "HOME": HOME, "AWS_ENDPOINT_URL": ENDPOINT, "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": f"{HOME}/config", "AWS_SHARED_CREDENTIALS_FILE": f"{HOME}/credentials",
        "AWS_MAX_ATTEMPTS": "1", "AWS_PAGER": "", "AWS_DEFAULT_REGION": "us-east-1", "AWS_DEFAULT_OUTPUT": "json",
    }
    if credentials:
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        environment.update({name: value for name, value in zip(names, credentials) if value})
    run = subprocess.run([AWS, *arguments], env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return run.returncode, run.stdout, run.stderr.strip()


def succeeds(name, credentials, *arguments):
    status, out, err = command(credentials, *arguments)
    check(name, status == 0, err)
    return json.loads(out) if status == 0 and out.strip() else {}


def boto():
    sts, iam = client("sts", ALICE), client("iam", ALICE)
    identity = sts.get_caller_identity()
    check("caller identity", identity["Arn"].endswith(":user/alice") and identity["UserId"].startswith("AIDA"), identity)
    check("MFA devices", [d["SerialNumber"] for d in iam.list_mfa_devices()["MFADevices"]] == [SERIAL])
    not_authorised = f"User: {identity['Arn']} is not authorized to perform: sts:AssumeRole on resource: {POWER} "
    fails("without MFA", sts.assume_role, 403, "AccessDenied",
          not_authorised + "because no role trust policy allows the sts:AssumeRole action", RoleArn=POWER, RoleSessionName="alice")
    used = code()
    answer = sts.get_session_token(SerialNumber=SERIAL, TokenCode=used)
    session = keys(answer)
    check("temporary key", session[0].startswith("ASIA") and answer["Credentials"]["Expiration"].tzinfo is not None)
    mfa = client("sts", session)
    answer = mfa.assume_role(RoleArn=POWER, RoleSessionName="alice", SourceIdentity="alice",
                             Tags=[{"Key": "reason", "Value": "INC-7"}], TransitiveTagKeys=["reason"])
    power = keys(answer)
    check("assumed", answer["AssumedRoleUser"]["Arn"] == "arn:aws:sts::222233334444:assumed-role/Power/alice", answer)
    check("source identity", answer["SourceIdentity"] == "alice" and answer["PackedPolicySize"] > 0, answer)
    check("role identity", client("sts", power).get_caller_identity()["Account"] == "222233334444")
    roles = client("iam", power).list_roles()["Roles"]
    check("roles", {r["RoleName"] for r in roles} >= {"Power", "Admin"} and
          isinstance(roles[0]["AssumeRolePolicyDocument"], dict), roles)
    check("second hop", client("sts", power).assume_role(RoleArn=DEPLOY, RoleSessionName="alice")["SourceIdentity"] == "alice")
    topics = client("sns", power)
    check("a write", topics.create_topic(Name="shipments")["TopicArn"].endswith(":shipments"))
    narrowed = mfa.assume_role(RoleArn=POWER, RoleSessionName="alice",
                               PolicyArns=[{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}])
    check("a read, narrowed", len(client("sns", keys(narrowed)).list_topics()["Topics"]) == 1)
    fails("a write, narrowed", client("sns", keys(narrowed)).create_topic, 403, "AccessDenied",
          "User: arn:aws:sts::222233334444:assumed-role/Power/alice is not authorized to perform: sns:CreateTopic on resource: "
          "arn:aws:sns:us-east-1:222233334444:x because no session policy allows the sns:CreateTopic action", Name="x")
    refusals(sts, mfa, power, session, used)
    return session, power


def refusals(sts, mfa, power, session, used):
    denied = "AccessDenied"
    wrong_code = "MultiFactorAuthentication failed with invalid MFA one time pass code."
    fails("a used code", sts.get_session_token, 403, denied, wrong_code, SerialNumber=SERIAL, TokenCode=used)
    fails("a used code, AssumeRole", sts.assume_role, 403, denied, wrong_code, RoleArn=POWER, RoleSessionName="alice",
          SerialNumber=SERIAL, TokenCode=used)
    fails("a user's ARN as serial", sts.get_session_token, 403, denied,
          "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and "
          "associated with this user.", SerialNumber=SERIAL.replace(":mfa/", ":user/"), TokenCode=code())
    fails("no code", sts.get_session_token, 403, denied,
          "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.", SerialNumber=SERIAL)
    at = "1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: Member must "
    fails("a long code", sts.get_session_token, 400, "ValidationError",
          at.format("1234567", "tokenCode") + "have length less than or equal to 6", SerialNumber=SERIAL, TokenCode="1234567")
    fails("too long", sts.get_session_token, 400, "ValidationError",
          at.format("129601", "durationSeconds") + "have value less than or equal to 129600", DurationSeconds=129601)
    fails("chained too long", mfa.assume_role, 400, "ValidationError",
          "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
          RoleArn=LONG_JOB, RoleSessionName="alice", DurationSeconds=3601)
    carol, of_carol = client("sts", CAROL), SERIAL.replace("alice", "carol")
    answer = carol.assume_role(RoleArn=LONG_JOB, RoleSessionName="carol", DurationSeconds=43200, SerialNumber=of_carol,
                               TokenCode=code(of_carol))
    check("twelve hours directly", keys(answer)[0].startswith("ASIA"))
    fails("above the maximum", carol.assume_role, 400, "ValidationError",
          "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.", RoleArn=POWER,
          RoleSessionName="carol", DurationSeconds=7200, SerialNumber=of_carol, TokenCode=code(of_carol))
    for name, credentials in (("session", session), ("role", power)):
        fails(f"GetSessionToken, {name}", client("sts", credentials).get_session_token, 403, denied,
              "Cannot call GetSessionToken with session credentials")
        fails(f"GetFederationToken, {name}", client("sts", credentials).get_federation_token, 403, denied,
              "Cannot call GetFederationToken with session credentials", Name="ci")
    invalid = (403, "InvalidClientTokenId", "The security token included in the request is invalid")
    plain = keys(sts.get_session_token())
    fails("IAM without MFA", client("iam", plain).list_mfa_devices, *invalid)
    fails("unknown key", client("sts", ("AKIAIOSFODNN7EXAMPLE", "x", None)).get_caller_identity, *invalid)
    fails("no token", client("sts", (session[0], session[1], None)).get_caller_identity, *invalid)
    fails("wrong secret", client("sts", (ALICE[0], "x", None)).get_caller_identity, 403, "SignatureDoesNotMatch",
          "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
          "and signing method. Consult the service documentation for details.")
    large = "x" * 250
    fails("large tags", mfa.assume_role, 400, "PackedPolicyTooLarge",
          "Packed size of session tags consumes 567% of allotted space.", RoleArn=POWER, RoleSessionName="alice",
          Tags=[{"Key": f"k{n}", "Value": large} for n in range(9)])


def rotation():
    iam = client("iam", ALICE)
    made = iam.create_access_key()["AccessKey"]
    new = (made["AccessKeyId"], made["SecretAccessKey"], None)
    check("verify the new key", client("sts", new).get_caller_identity()["Arn"].endswith("/alice"))
    fails("a third key", iam.create_access_key, 409, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")
    iam.update_access_key(AccessKeyId=new[0], Status="Inactive")
    fails("inactive", client("sts", new).get_caller_identity, 403, "InvalidClientTokenId",
          "The security token included in the request is invalid")
    statuses = [key["Status"] for key in iam.list_access_keys()["AccessKeyMetadata"]]
    check("statuses", statuses == ["Active", "Inactive"], statuses)
    check("last used", iam.get_access_key_last_used(AccessKeyId=new[0])["AccessKeyLastUsed"]["ServiceName"] == "sts")
    iam.delete_access_key(AccessKeyId=new[0])
    fails("deleted", iam.delete_access_key, 404, "NoSuchEntity",
          f"The Access Key with id {new[0]} cannot be found.", AccessKeyId=new[0])


def enrolment():
    iam = client("iam", BOB)
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="bob")["VirtualMFADevice"]
    check("a seed", len(device["Base32StringSeed"]) == 64 and base64.b32decode(device["Base32StringSeed"]))
    check("a picture", device["QRCodePNG"].startswith(b"\x89PNG\r\n\x1a\n"))
    serial = device["SerialNumber"]
    first, second = code(serial), code(serial)
    fails("wrong order", iam.enable_mfa_device, 403, "InvalidAuthenticationCode", "Authentication code for device is not valid.",
          UserName="bob", SerialNumber=serial, AuthenticationCode1=second, AuthenticationCode2=first)
    iam.enable_mfa_device(UserName="bob", SerialNumber=serial, AuthenticationCode1=first, AuthenticationCode2=second)
    bob = client("sts", BOB)
    session = keys(bob.get_session_token(SerialNumber=serial, TokenCode=code(serial)))
    check("bob may now", client("sts", session).assume_role(RoleArn=POWER, RoleSessionName="bob"))


def awscli():
    """The same flow as a person types it, and the profile that does it by itself."""
    devices = succeeds("aws iam list-mfa-devices", ALICE, "iam", "list-mfa-devices")
    check("serial", devices.get("MFADevices", [{}])[0].get("SerialNumber") == SERIAL)
    session = succeeds("aws sts get-session-token", ALICE, "sts", "get-session-token", "--serial-number", SERIAL,
                       "--token-code", code())
    role = succeeds("aws sts assume-role", keys(session), "sts", "assume-role", "--role-arn", POWER,
                    "--role-session-name", "alice")
    identity = succeeds("aws sts get-caller-identity", keys(role), "sts", "get-caller-identity")
    check("who", identity.get("Arn", "").endswith("assumed-role/Power/alice"), identity)
    made = succeeds("aws iam create-access-key", ALICE, "iam", "create-access-key")["AccessKey"]["AccessKeyId"]
    succeeds("aws iam update-access-key", ALICE, "iam", "update-access-key", "--access-key-id", made, "--status", "Inactive")
    succeeds("aws iam delete-access-key", ALICE, "iam", "delete-access-key", "--access-key-id", made)
    status, _, err = command(ALICE, "sts", "assume-role", "--role-arn", POWER, "--role-session-name", "alice")
    expected = PREFIX.format("AccessDenied", "AssumeRole", "User: arn:aws:iam::111122223333:user/alice is not authorized")
    check("awscli's message", status == 255 or status == 254, (status, err))
    check("awscli's text", expected in err, err)
    with open(f"{HOME}/credentials", "w") as file:
        token = keys(session)
        file.write(f"[mfa]\naws_access_key_id={token[0]}\naws_secret_access_key={token[1]}\naws_session_token={token[2]}\n")
    with open(f"{HOME}/config", "w") as file:
        file.write(f"[profile power]\nrole_arn={POWER}\nsource_profile=mfa\nrole_session_name=alice\n")
    identity = succeeds("a role profile", None, "--profile", "power", "sts", "get-caller-identity")
    check("who by profile", identity.get("Arn", "").endswith("assumed-role/Power/alice"), identity)


def console(power):
    session = json.dumps({"sessionId": power[0], "sessionKey": power[1], "sessionToken": power[2]})
    form = urllib.parse.urlencode({"Action": "getSigninToken", "Session": session}).encode()
    answer = json.load(urllib.request.urlopen(f"{ENDPOINT}/federation", data=form))
    check("sign-in token", len(answer["SigninToken"]) > 100)


def troubles():
    control("trouble", operation="GetSessionToken", times=1, kind="lose_reply")
    sts, lost = client("sts", ALICE), code()
    try:
        check("a lost reply", False, sts.get_session_token(SerialNumber=SERIAL, TokenCode=lost))
    except ConnectionClosedError:
        check("a lost reply", True)
    fails("the code is used", sts.get_session_token, 403, "AccessDenied",
          "MultiFactorAuthentication failed with invalid MFA one time pass code.", SerialNumber=SERIAL, TokenCode=lost)
    control("trouble", operation="GetCallerIdentity", times=1, kind="throttle")
    fails("throttled", sts.get_caller_identity, 400, "Throttling", "Rate exceeded")
    control("settings", large_tokens=True)
    large = keys(sts.get_session_token(SerialNumber=SERIAL, TokenCode=code()))
    check("8 KiB", len(large[2]) == 8192 and client("sts", large).get_caller_identity()["Account"] == "111122223333")
    control("settings", large_tokens=False, date_skew_seconds=3600)
    try:
        check("skew", False, sts.get_caller_identity())
    except ClientError as fault:
        check("skew", fault.response["Error"]["Code"] == "SignatureDoesNotMatch" and
              fault.response["Error"]["Message"].startswith("Signature expired: "), fault)
    control("settings", date_skew_seconds=0)


def herd():
    once, arn = code(), "arn:aws:iam::111122223333:user/alice"
    before = control("counters")["GetSessionToken"][arn]
    sts = client("sts", ALICE, max_pool_connections=50)

    def ask(_):
        try:
            return bool(sts.get_session_token(SerialNumber=SERIAL, TokenCode=once))
        except ClientError as fault:
            return "one time pass code" not in str(fault) and str(fault)

    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(ask, range(50)))
    after = control("counters")["GetSessionToken"][arn]
    check("one of fifty", answers.count(True) == 1 and answers.count(False) == 49, answers)
    check("counted", after["succeeded"] - before["succeeded"] == 1 and after["failed"] - before["failed"] == 49)


def expiry(session):
    control("clock", advance_seconds=43200)
    fails("expired", client("sts", session).get_caller_identity, 403, "ExpiredToken",
          "The security token included in the request is expired")
    _, _, err = command(session, "sts", "get-caller-identity")
    check("awscli, expired", PREFIX.format("ExpiredToken", "GetCallerIdentity",
          "The security token included in the request is expired") in err, err)


mfa_session, role = boto()
rotation()
enrolment()
awscli()
console(role)
troubles()
herd()
expiry(mfa_session)
written = json.dumps(control("log"))
check("no secret in the log", "fictional/" not in written and "FictionalSessionToken" not in written)
print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
