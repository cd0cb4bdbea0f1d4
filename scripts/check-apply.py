"""The other side of check-apply: moto in this process behind a proxy that kills, estates, plans, and what must hold.

Arguments: the program, a directory to work in; `--plans N` random plans, `--seed N`, `--step N` every how manieth kill point.
"""

import argparse
import hashlib
import http.client
import json
import logging
import os
import random
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

arguments = argparse.ArgumentParser()
arguments.add_argument("program")
arguments.add_argument("work")
arguments.add_argument("--plans", type=int, default=50)
arguments.add_argument("--seed", type=int, default=1)
arguments.add_argument("--step", type=int, default=1)
given = arguments.parse_args()
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
# AWS's documented example.
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
os.environ.update(KEYS, AWS_REGION="us-east-1", AWS_DEFAULT_REGION="us-east-1", AWS_EC2_METADATA_DISABLED="true", HOME=given.work)

import boto3
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
ACCOUNT = "123456789012"
MOTO = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
MOTO.start()
HOST, PORT = MOTO.get_host_and_port()
iam = boto3.client("iam", endpoint_url=f"http://127.0.0.1:{PORT}")
organizations = boto3.client("organizations", endpoint_url=f"http://127.0.0.1:{PORT}")


NO_CREDENTIALS = (
    b'<ListServiceSpecificCredentialsResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListServiceSpecificCredentialsResult>'
    b"<ServiceSpecificCredentials/></ListServiceSpecificCredentialsResult></ListServiceSpecificCredentialsResponse>"
)


class Proxy(BaseHTTPRequestHandler):
    """Passes requests on; at one of them the program is killed, before AWS has it or before the answer is given."""

    count, at, how, process = 0, None, None, None
    lock = threading.Lock()

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with Proxy.lock:
            number, Proxy.count = Proxy.count, Proxy.count + 1
        if b"Action=ListServiceSpecificCredentials" in body:
            # moto has no service-specific credentials, nor the operation that would say so.
            self.answered(200, [("Content-Type", "text/xml")], NO_CREDENTIALS)
            return
        if number == Proxy.at and Proxy.how == "before":
            Proxy.process.kill()
            self.close_connection = True
            return
        to = http.client.HTTPConnection("127.0.0.1", PORT)
        to.request("POST", self.path, body, {name: value for name, value in self.headers.items() if name != "Host"} | {"Host": "x"})
        answer = to.getresponse()
        text = answer.read()
        if number == Proxy.at and Proxy.how in ("after", "lost"):
            if Proxy.how == "after":
                Proxy.process.kill()
            self.close_connection = True
            return
        self.answered(answer.status, answer.getheaders(), text)

    def answered(self, status, headers, text):
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("transfer-encoding", "connection", "content-length", "server", "date"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


PROXY = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
threading.Thread(target=PROXY.serve_forever, daemon=True).start()


def allow(action):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}


def trust(principal):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}]}


def arn(resource):
    return f"arn:aws:iam::{ACCOUNT}:{resource}"


def post(path):
    to = http.client.HTTPConnection("127.0.0.1", PORT)
    to.request("POST", path)
    to.getresponse().read()


class Estate:
    """An estate in moto, and what is known of it for making plans."""

    def __init__(self, dice):
        post("/moto-api/reset")
        # The same estate has the same ids.
        post("/moto-api/seed?a=7")
        self.dice, self.model, self.named = dice, {}, 0
        self.users = [f"u{number}" for number in range(dice.randint(1, 3))]
        self.roles = [f"r{number}" for number in range(dice.randint(1, 2))]
        self.groups = [f"g{number}" for number in range(2)]
        self.policies, self.keys = [], []
        for number in range(3):
            path = dice.choice(["/", "/team/"])
            made = iam.create_policy(PolicyName=f"p{number}", Path=path, PolicyDocument=json.dumps(self.text()))["Policy"]["Arn"]
            for _ in range(dice.randint(0, 3)):
                iam.create_policy_version(PolicyArn=made, PolicyDocument=json.dumps(self.text()), SetAsDefault=True)
            self.policies.append(made)
        for name in self.groups:
            iam.create_group(GroupName=name)
        for name in self.users:
            iam.create_user(UserName=name)
            self.keys.append((name, iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]))
            for number in range(dice.randint(1, 3)):
                iam.put_user_policy(UserName=name, PolicyName=f"i{number}", PolicyDocument=json.dumps(self.text()))
            for policy in dice.sample(self.policies, dice.randint(1, 2)):
                iam.attach_user_policy(UserName=name, PolicyArn=policy)
            iam.add_user_to_group(UserName=name, GroupName=dice.choice(self.groups))
            iam.tag_user(UserName=name, Tags=[{"Key": "Team", "Value": "sea"}, {"Key": "owner", "Value": "海運"}])
        for name in self.roles:
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust(ACCOUNT)))
            iam.tag_role(RoleName=name, Tags=[{"Key": "Team", "Value": "land"}])
        iam.create_open_id_connect_provider(Url="https://gitlab.com", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["a" * 40])
        # An instance profile holds one role.
        self.spare = ["spare"]
        iam.create_instance_profile(InstanceProfileName="spare")
        iam.create_instance_profile(InstanceProfileName="web")
        iam.create_user(UserName="gone", Tags=[{"Key": "Team", "Value": "sea"}])
        iam.create_group(GroupName="gone")
        iam.create_role(RoleName="gone", Path="/team/", Description="of last year", MaxSessionDuration=7200,
                        AssumeRolePolicyDocument=json.dumps(trust(ACCOUNT)), PermissionsBoundary=self.policies[0])
        iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="gone")
        for call, name in ((iam.put_user_policy, "UserName"), (iam.put_group_policy, "GroupName"), (iam.put_role_policy, "RoleName")):
            call(**{name: "gone"}, PolicyName="own", PolicyDocument=json.dumps(self.text()))
        iam.attach_user_policy(UserName="gone", PolicyArn=self.policies[0])
        iam.add_user_to_group(UserName="gone", GroupName=self.groups[0])
        iam.add_user_to_group(UserName=self.users[0], GroupName="gone")
        iam.create_account_alias(AccountAlias="shiosai-staging")
        organizations.create_organization(FeatureSet="ALL")
        self.root = organizations.list_roots()["Roots"][0]["Id"]
        organizations.enable_policy_type(RootId=self.root, PolicyType="SERVICE_CONTROL_POLICY")

    def text(self):
        return allow(self.dice.choice(["s3", "sqs", "ec2", "sns"]) + ":" + self.dice.choice(["*", "Get*", "List*"]) )

    def other(self, text):
        """Another text."""
        self.named += 1
        return allow(f"kms:Other{self.named}")


def document(text):
    return text if isinstance(text, dict) else json.loads(text)


def entity(identity):
    kind, name = identity.split(":")[5].split("/", 1)
    return kind, {kind.capitalize() + "Name": name.split("/")[-1]}


def of(verb, noun, identity):
    kind, name = entity(identity)
    return getattr(iam, f"{verb}_{kind}_{noun}"), name


# Every kind: from what there is, a change and what undoes it.
def key_status(estate):
    user, key = estate.dice.choice(estate.keys)
    change = {"user": arn(f"user/{user}"), "key": key, "active": False}
    return {"set_access_key_status": change}, {"set_access_key_status": change | {"active": True}}, ("key", key)


def put_inline(estate):
    user = estate.dice.choice(estate.users)
    names = iam.list_user_policies(UserName=user)["PolicyNames"]
    identity, name = arn(f"user/{user}"), estate.dice.choice([*names, "new"])
    made = {"put_inline_policy": {"identity": identity, "name": name, "document": estate.other(None)}}
    if name not in names:
        return made, {"delete_inline_policy": {"identity": identity, "name": name}}, ("inline", user, name)
    was = document(iam.get_user_policy(UserName=user, PolicyName=name)["PolicyDocument"])
    return made, {"put_inline_policy": {"identity": identity, "name": name, "document": was}}, ("inline", user, name)


def delete_inline(estate):
    user = estate.dice.choice(estate.users)
    name = estate.dice.choice(iam.list_user_policies(UserName=user)["PolicyNames"])
    identity = arn(f"user/{user}")
    was = document(iam.get_user_policy(UserName=user, PolicyName=name)["PolicyDocument"])
    back = {"put_inline_policy": {"identity": identity, "name": name, "document": was, "position": 0}}
    return {"delete_inline_policy": {"identity": identity, "name": name}}, back, ("inline", user, name)


def attachment(estate):
    identity = estate.dice.choice([arn(f"user/{name}") for name in estate.users] + [arn(f"role/{name}") for name in estate.roles])
    call, name = of("list_attached", "policies", identity)
    held = {policy["PolicyArn"] for policy in call(**name)["AttachedPolicies"]}
    policy = estate.dice.choice(estate.policies)
    there, gone = {"attach_policy": {"identity": identity, "policy": policy}}, {"detach_policy": {"identity": identity, "policy": policy}}
    return (*((gone, there) if policy in held else (there, gone)), ("attached", identity, policy))


def boundary(estate):
    identity = arn(f"role/{estate.dice.choice(estate.roles)}")
    made = {"set_boundary": {"identity": identity, "policy": estate.dice.choice(estate.policies)}}
    return made, {"remove_boundary": {"identity": identity}}, ("boundary", identity)


def trusted(estate):
    name = estate.dice.choice(estate.roles)
    made = {"set_trust_policy": {"role": arn(f"role/{name}"), "document": trust(arn("root").replace(ACCOUNT, "444455556666"))}}
    return made, {"set_trust_policy": {"role": arn(f"role/{name}"), "document": trust(ACCOUNT)}}, ("trust", name)


def quarantined(estate):
    identity = estate.dice.choice([arn(f"user/{name}") for name in estate.users] + [arn(f"role/{name}") for name in estate.roles])
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    about = {"identity": identity, "name": "KagimoriQuarantine"}
    return {"put_inline_policy": about | {"document": everything}}, {"delete_inline_policy": about}, ("inline", identity, "quarantine")


def tag(estate):
    identity = estate.dice.choice([arn(f"user/{name}") for name in estate.users] + [arn(f"role/{name}") for name in estate.roles])
    kind, name = entity(identity)
    held = {tag["Key"]: tag["Value"] for tag in getattr(iam, f"list_{kind}_tags")(**name)["Tags"]}
    about = {"identity": identity, "key": estate.dice.choice(["Team", "部署"])}
    gone, set_to = {"remove_tag": about}, lambda value: {"set_tag": about | {"value": value}}
    was = held.get(about["key"])
    if was is None:
        return set_to(""), gone, ("tag", identity, about["key"])
    return estate.dice.choice([gone, set_to("東京 1")]), set_to(was), ("tag", identity, about["key"])


def held(estate, identity):
    """What a user, role or group holds, as a plan writes it; without what nothing brings back."""
    kind, name = entity(identity)
    inline = getattr(iam, f"list_{kind}_policies")(**name)["PolicyNames"]
    read = getattr(iam, f"get_{kind}_policy")
    texts = [{"name": one, "document": document(read(**name, PolicyName=one)["PolicyDocument"])} for one in inline]
    attached = getattr(iam, f"list_attached_{kind}_policies")(**name)["AttachedPolicies"]
    holds = {"inline": texts, "attached": [policy["PolicyArn"] for policy in attached]}
    if kind == "user":
        holds["groups"] = [group["GroupName"] for group in iam.list_groups_for_user(**name)["Groups"]]
    if kind == "group":
        holds["members"] = [user["UserName"] for user in iam.get_group(**name)["Users"]]
    if kind != "group":
        holds["tags"] = {tag["Key"]: tag["Value"] for tag in getattr(iam, f"list_{kind}_tags")(**name)["Tags"]}
    if kind == "role":
        role = iam.get_role(**name)["Role"]
        holds["trust"] = document(role["AssumeRolePolicyDocument"])
        holds["boundary"] = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        holds["description"], holds["max_session_seconds"] = role.get("Description"), role["MaxSessionDuration"]
        profiles = iam.list_instance_profiles_for_role(**name)["InstanceProfiles"]
        holds["instance_profiles"] = [profile["InstanceProfileName"] for profile in profiles]
    return ordered(holds)


def ordered(holds):
    """As the program writes it: a plan's id is the hash of its text."""
    names = ("inline", "attached", "boundary", "tags", "groups", "members", "trust", "description", "max_session_seconds", "instance_profiles")
    return {name: holds[name] for name in names if holds.get(name)}


def made_identity(estate):
    estate.named += 1
    tags = {"Team": "海運"}
    inline = [{"name": "own", "document": allow("sqs:*")}]
    kind, holds = estate.dice.choice([
        ("user/team/", {"inline": inline, "attached": estate.policies[:1], "tags": tags, "groups": estate.groups[:1]}),
        ("role/", {"inline": inline, "boundary": estate.policies[0], "tags": tags, "trust": trust(ACCOUNT), "description": "new",
                   "max_session_seconds": 7200} | ({"instance_profiles": [estate.spare.pop()]} if estate.spare else {})),
        ("group/", {"inline": inline, "members": estate.users}),
    ])
    about = {"identity": arn(f"{kind}made{estate.named}"), "holds": ordered(holds)}
    return {"create_identity": about}, {"delete_identity": about}, ("identity", about["identity"])


def deleted_identity(estate):
    """One that no other step is about, and without credentials: all of it comes back but its id."""
    identity = arn(estate.dice.choice(["user/gone", "role/team/gone", "group/gone"]))
    about = {"identity": identity, "holds": held(estate, identity)}
    return {"delete_identity": about}, {"create_identity": about}, ("identity", identity)


def policy_tag(estate):
    about = {"identity": estate.dice.choice(estate.policies), "key": "Team"}
    return {"set_tag": about | {"value": "海運"}}, {"remove_tag": about | {"was": "海運"}}, ("tag", about["identity"])


def provider(estate):
    """One that is there and no other step is about, or another."""
    estate.named += 1
    there, new = arn("oidc-provider/gitlab.com"), arn(f"oidc-provider/example.com/p{estate.named}")
    takes = {"audiences": ["sts.amazonaws.com"], "thumbprints": ["a" * 40]}
    made, gone = {"create_oidc_provider": {"provider": new, "takes": takes}}, {"delete_oidc_provider": {"provider": new, "takes": takes}}
    old = {"audiences": ["sts.amazonaws.com"], "thumbprints": ["a" * 40]}
    prints = lambda now, was: {"set_thumbprints": {"provider": there, "thumbprints": [now * 40], "was": [was * 40]}}
    return [
        (made, gone, ("provider", new)),
        estate.dice.choice([
            # moto cannot add or remove an audience.
            ({"delete_oidc_provider": {"provider": there, "takes": old}}, {"create_oidc_provider": {"provider": there, "takes": old}}, ("provider", there)),
            (prints("b", "a"), prints("a", "b"), ("provider", there)),
        ]),
    ]


def membership(estate):
    user, group = estate.dice.choice(estate.users), estate.dice.choice(estate.groups)
    held = {held["GroupName"] for held in iam.list_groups_for_user(UserName=user)["Groups"]}
    about = {"user": arn(f"user/{user}"), "group": group}
    there, gone = {"add_to_group": about}, {"remove_from_group": about}
    return (*((gone, there) if group in held else (there, gone)), ("group", user, group))


def new_policy(estate):
    estate.named += 1
    made = arn(f"policy/made/n{estate.named}")
    return {"create_policy": {"policy": made, "document": allow("sts:*")}}, {"delete_policy": {"policy": made}}, ("policy", made)


def new_version(estate):
    policy = estate.dice.choice(estate.policies)
    version = iam.get_policy(PolicyArn=policy)["Policy"]["DefaultVersionId"]
    was = document(iam.get_policy_version(PolicyArn=policy, VersionId=version)["PolicyVersion"]["Document"])
    # The number that a plan gives is a guess: AWS counts on.
    made = {"create_policy_version": {"policy": policy, "version": "v9", "document": estate.other(was)}}
    back = {"restore_policy_version": {"policy": policy, "version": version, "document": was, "delete": "v9"}}
    return made, back, ("version", policy)


def new_scp(estate):
    estate.named += 1
    about = {"id": f"p-planned{estate.named}"}
    made = about | {"name": f"scp{estate.named}", "kind": "SERVICE_CONTROL_POLICY", "document": allow("s3:*")}
    there = {"attach_organization_policy": about | {"target": estate.root}}
    gone = {"detach_organization_policy": about | {"target": estate.root}}
    pair = ({"create_organization_policy": made}, {"delete_organization_policy": about})
    return [(*pair, ("scp", made["name"])), (there, gone, ("target", made["name"]))]


KINDS = [
    key_status, put_inline, delete_inline, attachment, boundary, trusted, membership, new_policy, new_version, new_scp,
    quarantined, tag, made_identity, deleted_identity, policy_tag, provider,
]


def steps(estate, kinds):
    """Changes of these kinds; no two of the same thing."""
    found, seen = [], set()
    for kind in kinds:
        made = kind(estate)
        for change, back, about in made if isinstance(made, list) else [made]:
            if about not in seen:
                seen.add(about)
                found.append((change, back))
    return found


def store(directory, made):
    compact = lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    step = lambda change: {"sentence": next(iter(change)).replace("_", " "), "change": change}
    content = {
        "schema": {"name": "kagimori.plan", "version": 1}, "title": "check", "made_from": "",
        "changes": [step(change) for change, _ in made], "way_back": [step(back) for _, back in reversed(made)], "evidence": None,
    }
    name = hashlib.sha256(compact(content).encode()).hexdigest()
    os.makedirs(f"{directory}/plans", exist_ok=True)
    with open(f"{directory}/plans/{name}.json", "w", encoding="utf-8") as file:
        json.dump({"schema": content["schema"], "id": name} | content, file)
    return name


def picture():
    """All that the plans change, without dates, ids that AWS gives anew, and the order of lists."""
    def plain(value, key=""):
        if isinstance(value, dict):
            gone = ("CreateDate", "UpdateDate", "RoleLastUsed", "PolicyId", "UserId", "GroupId", "RoleId", "InstanceProfileId", "AttachmentCount", "PermissionsBoundaryUsageCount")
            return {name: plain(held, name) for name, held in value.items() if name not in gone}
        if isinstance(value, list):
            return sorted((plain(held) for held in value), key=lambda held: json.dumps(held, sort_keys=True, default=str))
        return value
    details = iam.get_account_authorization_details(Filter=["User", "Role", "Group", "LocalManagedPolicy"])
    details.pop("ResponseMetadata")
    details["keys"] = [
        (user["UserName"], key["AccessKeyId"], key["Status"]) for user in details["UserDetailList"]
        for key in iam.list_access_keys(UserName=user["UserName"])["AccessKeyMetadata"]
    ]
    details["boundaries"] = [
        (role["RoleName"], iam.get_role(RoleName=role["RoleName"])["Role"].get("PermissionsBoundary")) for role in details["RoleDetailList"]
    ]
    details["tags"] = [
        *([user["UserName"], iam.list_user_tags(UserName=user["UserName"])["Tags"]] for user in details["UserDetailList"]),
        *([role["RoleName"], iam.list_role_tags(RoleName=role["RoleName"])["Tags"]] for role in details["RoleDetailList"]),
    ]
    details["policy tags"] = [
        [policy["Arn"], iam.list_policy_tags(PolicyArn=policy["Arn"])["Tags"]] for policy in details["Policies"]
    ]
    details["providers"] = [
        [one["Arn"], [iam.get_open_id_connect_provider(OpenIDConnectProviderArn=one["Arn"])[name] for name in ("ClientIDList", "ThumbprintList")]]
        for one in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    ]
    held = organizations.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]
    details["organization"] = [
        (policy["Name"], organizations.describe_policy(PolicyId=policy["Id"])["Policy"]["Content"],
         sorted(target["TargetId"] for target in organizations.list_targets_for_policy(PolicyId=policy["Id"])["Targets"]))
        for policy in held
    ]
    return json.dumps(plain(details), sort_keys=True, default=str)


def run(directory, *words, at=None, how=None):
    """Runs the program; the process is killed, or an answer lost, at one of its requests."""
    environment = os.environ | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{PROXY.server_address[1]}", "AWS_MAX_ATTEMPTS": "1"}
    Proxy.count, Proxy.at, Proxy.how = 0, at, how
    more = ["--irreversible"] if words[0] == "apply" else []
    command = [given.program, *words, *more, "--dir", directory]
    Proxy.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, err = Proxy.process.communicate(timeout=120)
    return Proxy.process.returncode, out, err


def must(directory, *words, **fault):
    code, out, err = run(directory, *words, **fault)
    if code != 0:
        raise SystemExit(f"FAILED {' '.join(words)} {fault}: exit {code}\n{out}\n{err}")
    return out


PATIENCE = ("--patience", "0")
failures = checks = 0


def equal(what, found, expected):
    global failures, checks
    checks += 1
    if found != expected:
        failures += 1
        print(f"DIFFERS {what}\n  {found}\n  {expected}")


def verified(directory, what):
    code, out, err = run(directory, "journal", "verify")
    equal(f"{what}: the journal", code, 0)


def killed():
    """A plan of every kind, killed at every request, there and back."""
    def fresh(number):
        estate = Estate(random.Random(given.seed))
        directory = f"{given.work}/k{number}"
        os.makedirs(directory)
        return directory, store(directory, steps(estate, KINDS))
    directory, name = fresh("whole")
    before = picture()
    must(directory, "apply", name, *PATIENCE)
    there, after = Proxy.count, picture()
    must(directory, "undo", name, *PATIENCE)
    back = Proxy.count
    equal("the way back", picture(), before)
    assert before != after
    points, number = 0, 0
    for verb, requests in (("apply", there), ("undo", back)):
        for at in range(0, requests, given.step):
            for how in ("before", "after", "lost"):
                number += 1
                directory, name = fresh(number)
                if verb == "undo":
                    must(directory, "apply", name, *PATIENCE)
                code, _, _ = run(directory, verb, name, *PATIENCE, at=at, how=how)
                what = f"{verb} {how} request {at}"
                points += 1
                # Half of the time it is taken up, half of the time it is taken the other way.
                if number % 2:
                    if code != 0:
                        must(directory, verb, name, *PATIENCE)
                    equal(what, picture(), after if verb == "apply" else before)
                elif verb == "undo":
                    # Half taken back, and applied again from there.
                    must(directory, "apply", name, *PATIENCE)
                must(directory, "undo", name, *PATIENCE)
                equal(f"{what}, then undone", picture(), before)
                verified(directory, what)
                if points % 25 == 0:
                    print(f"{points} points, {checks} checks, {failures} differ", flush=True)
    print(f"{points} points of kills and lost answers: {there} requests there, {back} back")


def random_plans():
    for number in range(given.plans):
        dice = random.Random(given.seed * 1000 + number)
        estate = Estate(dice)
        directory = f"{given.work}/p{number}"
        os.makedirs(directory)
        made = steps(estate, [dice.choice(KINDS) for _ in range(dice.randint(1, 12))])
        name, before = store(directory, made), picture()
        must(directory, "apply", name[:12], "--dry-run")
        equal(f"plan {number}: a dry run", picture(), before)
        must(directory, "apply", name[:12], *PATIENCE)
        after = picture()
        equal(f"plan {number}: changes something", after != before, True)
        must(directory, "undo", name[:12], *PATIENCE)
        equal(f"plan {number}: the way back", picture(), before)
        must(directory, "apply", name[:12], *PATIENCE)
        equal(f"plan {number}: once more", picture() != before, True)
        verified(directory, f"plan {number}")
    print(f"{given.plans} random plans")


def two_accounts():
    """A plan over two accounts, of which the second is entered through a role; without the role nothing is changed in either."""
    estate = Estate(random.Random(given.seed))
    directory = f"{given.work}/accounts"
    os.makedirs(directory)
    other = organizations.create_account(AccountName="other", Email="other@example.com")["CreateAccountStatus"]["AccountId"]
    sts = boto3.client("sts", endpoint_url=f"http://127.0.0.1:{PORT}")
    role = sts.assume_role(RoleArn=f"arn:aws:iam::{other}:role/OrganizationAccountAccessRole", RoleSessionName="check")["Credentials"]
    there = boto3.client(
        "iam", endpoint_url=f"http://127.0.0.1:{PORT}", aws_access_key_id=role["AccessKeyId"],
        aws_secret_access_key=role["SecretAccessKey"], aws_session_token=role["SessionToken"],
    )
    there.create_user(UserName="far")
    there.create_account_alias(AccountAlias="shiosai-other")
    near, far = arn(f"user/{estate.users[0]}"), f"arn:aws:iam::{other}:user/far"
    pair = lambda identity: (
        {"put_inline_policy": {"identity": identity, "name": "new", "document": allow("s3:*")}},
        {"delete_inline_policy": {"identity": identity, "name": "new"}},
    )
    made = [pair(near), pair(far), ({"set_tag": {"identity": far, "key": "Team", "value": "sea"}}, {"remove_tag": {"identity": far, "key": "Team"}})]
    name, before = store(directory, made), picture()
    policies = lambda: (there.list_user_policies(UserName="far")["PolicyNames"], there.list_user_tags(UserName="far")["Tags"])
    code, _, err = run(directory, "apply", name, *PATIENCE)
    equal("two accounts without a role", (code, f"the plan is about the account {other}" in err, picture() == before), (2, True, True))
    code, _, err = run(directory, "apply", name, *PATIENCE, "--role", "OrganizationAccountAccessRole")
    equal(f"two accounts {err}", (code, policies()), (0, (["new"], [{"Key": "Team", "Value": "sea"}])))
    for at in range(0, Proxy.count, 3):
        # Killed on the way back, in either account, and taken up.
        run(directory, "undo", name, *PATIENCE, "--role", "OrganizationAccountAccessRole", at=at, how="after")
        must(directory, "undo", name, *PATIENCE, "--role", "OrganizationAccountAccessRole")
        equal(f"two accounts back, killed at {at}", (picture(), policies()), (before, ([], [])))
        must(directory, "apply", name, *PATIENCE, "--role", "OrganizationAccountAccessRole")
    must(directory, "undo", name, *PATIENCE, "--role", "OrganizationAccountAccessRole")
    # What is protected by a tag asks for the alias of its account.
    there.tag_user(UserName="far", Tags=[{"Key": "kagimori:protected", "Value": "yes"}])
    code, _, err = run(directory, "apply", name, *PATIENCE, "--role", "OrganizationAccountAccessRole")
    equal(f"protected by a tag {err}", (code, "has to be named" in err, picture() == before), (2, True, True))
    must(directory, "apply", name, *PATIENCE, "--role", "OrganizationAccountAccessRole", "--alias", "shiosai-other")
    verified(directory, "two accounts")
    print("two accounts")


two_accounts()
random_plans()
killed()
print(f"{checks} checks, {failures} differ")
MOTO.stop()
raise SystemExit(1 if failures else 0)
