//! A trail and an estate of whoever keeps secrets where they do not belong.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::secret::{Form, Secrets, forms, gzip};

const ACCOUNT: &str = "111122223333";
const KEY: &str = "AKIAIOSFODNN7EXAMPLE";

/// A call: source, name, the members that matter.
type Place = (&'static str, &'static str, Value);

/// Where a text may stand that looks like a secret.
fn places(s: &str) -> Vec<Place> {
    let role = format!("arn:aws:iam::{ACCOUNT}:role/app");
    let request = |value: Value| json!({ "requestParameters": value });
    let denied = |message: String| json!({"errorCode": "AccessDenied", "errorMessage": message});
    let session = |name: &str, source: &str| {
        json!({"userIdentity": {"type": "AssumedRole", "principalId": format!("AROAIOSFODNN7EXAMPLE:{name}"),
            "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/app/{name}"), "accountId": ACCOUNT,
            "accessKeyId": "ASIAIOSFODNN7EXAMPLE", "sessionContext": {"sessionIssuer": {"type": "Role", "arn": role,
            "userName": "app", "accountId": ACCOUNT}, "sourceIdentity": source, "attributes": {"mfaAuthenticated": "false"}}}})
    };
    let who = format!("User: arn:aws:iam::{ACCOUNT}:user/ann is not authorized to perform:");
    vec![
        ("s3", "ListBuckets", json!({"userAgent": format!("aws-cli/2.15 {s}")})),
        ("s3", "ListBuckets", json!({"userAgent": format!("[{s}]")})),
        ("sts", "GetCallerIdentity", session(s, "ann")),
        ("sts", "GetCallerIdentity", session("s", s)),
        ("iam", "GetUser", denied(format!("{who} iam:GetUser on resource: user {s}"))),
        (
            "s3",
            "GetObject",
            denied(format!(
                "{who} s3:GetObject on resource: \"arn:aws:s3:::b/{s}\" because no identity-based policy allows the s3:GetObject action"
            )),
        ),
        (
            "ec2",
            "RunInstances",
            json!({"errorCode": "Client.InvalidParameterValue", "errorMessage": format!("Value ({s}) is bad")}),
        ),
        ("ec2", "RunInstances", json!({"errorCode": s, "errorMessage": s})),
        ("s3", "ListObjects", request(json!({"bucketName": "b", "prefix": s}))),
        ("s3", "GetObject", request(json!({"bucketName": "b", "key": format!("backup/{s}")}))),
        (
            "s3",
            "PutObject",
            request(json!({"bucketName": "b", "key": "k", "x-amz-tagging": format!("a={s}")})),
        ),
        ("iam", "CreateUser", request(json!({"userName": "new", "tags": [{"key": "Note", "value": s}]}))),
        ("iam", "TagUser", request(json!({"userName": "new", "tags": [{"key": s, "value": "x"}]}))),
        ("iam", "TagUser", request(json!({"userName": "new", "tags": {"Note": s}}))),
        (
            "ec2",
            "RunInstances",
            request(
                json!({"userData": s, "instancesSet": {"items": [{"imageId": "ami-1"}]}, "tagSpecificationSet":
            {"items": [{"resourceType": "instance", "tags": [{"key": "Note", "value": s}]}]}}),
            ),
        ),
        (
            "kms",
            "Decrypt",
            request(
                json!({"keyId": format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab", ),
            "encryptionContext": {"app": s}}),
            ),
        ),
        ("kms", "Encrypt", request(json!({"keyId": "alias/a", "encryptionContext": {s: "x"}}))),
        ("sts", "AssumeRole", request(json!({"roleArn": role, "roleSessionName": "s", "externalId": s}))),
        (
            "sts",
            "AssumeRole",
            request(
                json!({"roleArn": role, "roleSessionName": s, "sourceIdentity": s, "tags": [{"key": "t", "value": s}]}),
            ),
        ),
        ("ssm", "GetParameter", request(json!({"name": format!("/prod/{s}"), "withDecryption": true}))),
        (
            "ssm",
            "SendCommand",
            request(
                json!({"documentName": "AWS-RunShellScript", "parameters": {"commands": [format!("x --with {s}")]}}),
            ),
        ),
        (
            "ecs",
            "RegisterTaskDefinition",
            request(json!({"family": "f", "containerDefinitions": [{"name": "c",
            "command": ["run", s], "environment": [{"name": "SETTING", "value": s}]}]})),
        ),
        (
            "ecs",
            "RunTask",
            request(
                json!({"taskDefinition": "f:1", "overrides": {"containerOverrides": [{"command": [s]}]}}),
            ),
        ),
        (
            "lambda",
            "CreateFunction20150331",
            request(json!({"functionName": "f", "environment": {"variables": {"A": s}}})),
        ),
        ("secretsmanager", "GetSecretValue", request(json!({"secretId": s}))),
        (
            "cloudformation",
            "CreateStack",
            request(json!({"stackName": "s", "parameters": [{"parameterKey": "a", "parameterValue": s}],
            "templateBody": format!("Parameters:\n  A: {s}\n")})),
        ),
        (
            "iam",
            "PutUserPolicy",
            request(json!({"userName": "ann", "policyName": "p", "policyDocument":
            json!({"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": format!("arn:aws:s3:::b/{s}")}]}).to_string()})),
        ),
        (
            "sqs",
            "SendMessage",
            request(json!({"queueUrl": format!("https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/{s}")})),
        ),
        ("dynamodb", "GetItem", request(json!({"tableName": "t", "key": {"id": s}}))),
        (
            "s3",
            "GetObject",
            json!({"resources": [{"type": "AWS::S3::Object", "ARN": format!("arn:aws:s3:::b/{s}")}]}),
        ),
        (
            "s3",
            "GetObject",
            json!({"additionalEventData": {"x-amz-id-2": "x", "note": s}, "responseElements": {"note": s}}),
        ),
        (
            "sts",
            "AssumeRole",
            json!({"requestParameters": {"roleArn": role, "roleSessionName": "s"}, "responseElements":
            {"credentials": {"accessKeyId": "ASIAIOSFODNN7EXAMPLE", "sessionToken": s}}}),
        ),
        (
            "iam",
            "CreateAccessKey",
            json!({"requestParameters": {"userName": "ann"}, "responseElements":
            {"accessKey": {"accessKeyId": KEY, "secretAccessKey": s, "userName": "ann", "status": "Active"}}}),
        ),
    ]
}

/// Where only a name tells that it is one.
fn named(word: &str) -> Vec<Place> {
    let request = |value: Value| json!({ "requestParameters": value });
    let fields = |names: &[&str]| -> Value {
        Value::Object(names.iter().map(|name| ((*name).to_owned(), Value::from(word))).collect())
    };
    vec![
        (
            "rds",
            "CreateDBInstance",
            request(fields(&["masterUserPassword", "pass", "passphrase", "pwd", "api_key", "pin"])),
        ),
        (
            "iam",
            "EnableMFADevice",
            request(fields(&["authenticationCode1", "authenticationCode2", "base32StringSeed"])),
        ),
        (
            "cloudformation",
            "CreateStack",
            request(json!({"parameters": [{"parameterKey": "DbPassword", "parameterValue": word}]})),
        ),
        ("ssm", "PutParameter", request(json!({"name": "/a", "type": "SecureString", "value": word}))),
        ("secretsmanager", "CreateSecret", request(json!({"name": "a", "secretString": word}))),
        (
            "ecs",
            "RegisterTaskDefinition",
            request(json!({"family": "f", "containerDefinitions": [{"environment":
            [{"name": "DB_PASSWORD", "value": word}], "command": ["run", "--password", word, format!("--token={word}")]}]})),
        ),
        (
            "lambda",
            "CreateFunction20150331",
            request(json!({"environment": {"variables": {"DB_PASS": word}}})),
        ),
        ("iam", "TagUser", request(json!({"userName": "ann", "tags": [{"key": "Password", "value": word}]}))),
        (
            "ec2",
            "CreateTags",
            request(
                json!({"resourcesSet": {"items": [{"resourceId": "i-1"}]}, "tagSet": {"items": [{"key": "password", "value": word}]}}),
            ),
        ),
        ("kms", "Decrypt", request(json!({"keyId": "alias/a", "encryptionContext": {"password": word}}))),
        ("s3", "GetObject", request(json!({"bucketName": "b", "key": "k", "X-Amz-Security-Token": word}))),
        ("s3", "ListBuckets", json!({"userAgent": format!("loader password={word}")})),
        ("s3", "ListBuckets", json!({"userAgent": format!("loader https://ann:{word}@db.example.com/x")})),
        (
            "ec2",
            "RunInstances",
            json!({"errorCode": "Client.Bad", "errorMessage": format!("bad: password={word}")}),
        ),
        ("s3", "GetObject", request(json!({"bucketName": "b", "key": format!("x?password={word}")}))),
        (
            "ec2",
            "RunInstances",
            request(
                json!({"userData": format!("#!/bin/sh\nexport DB_PASSWORD={word}\nexport TOKEN: {word}\n")}),
            ),
        ),
        (
            "ssm",
            "SendCommand",
            request(
                json!({"parameters": {"commands": [format!("mysql --password {word}"), format!("{{\"pwd\":\"{word}\"}}"),
            format!("curl -u ann:{word} https://x.example.com"), format!("curl -H 'Authorization: Bearer {word}'")]}}),
            ),
        ),
    ]
}

/// An event as JSON text.
fn event(number: usize, (source, name, members): Place) -> Value {
    let mut event = json!({
        "eventVersion": "1.11", "eventTime": format!("2026-10-{:02}T{:02}:{:02}:00Z", 1 + number % 28, number % 24, number % 60),
        "awsRegion": "us-east-1", "eventSource": format!("{source}.amazonaws.com"), "eventName": name,
        "eventID": format!("{number:08x}-0000-4000-8000-000000000000"), "eventType": "AwsApiCall", "recipientAccountId": ACCOUNT,
        "readOnly": true, "eventCategory": if ["GetObject", "PutObject"].contains(&name) { "Data" } else { "Management" },
        "sourceIPAddress": "203.0.113.9", "userAgent": "aws-cli/2.15", "requestParameters": null,
        "userIdentity": {"type": "IAMUser", "arn": format!("arn:aws:iam::{ACCOUNT}:user/ann"), "accountId": ACCOUNT,
            "accessKeyId": KEY, "userName": "ann"},
    });
    let held = event.as_object_mut().unwrap();
    held.extend(members.as_object().unwrap().clone());
    event
}

fn written(event: &Value, form: &Form) -> String {
    let text = event.to_string();
    if !form.is_escaped {
        return text;
    }
    let escaped: String = form.text.chars().map(|one| format!("\\u{:04x}", u32::from(one))).collect();
    text.replace(&form.text, &escaped)
}

/// A kagimori directory with the secrets wherever they may be.
pub(crate) fn write(directory: &Path, secrets: &Secrets) {
    let _ = fs::remove_dir_all(directory);
    let trail = directory.join("trail");
    fs::create_dir_all(&trail).unwrap();
    let mut events = Vec::new();
    for form in forms(&secrets.key) {
        for place in places(&form.text) {
            events.push(written(&event(events.len(), place), &form));
        }
    }
    for form in forms(&secrets.word) {
        // What is joined to a word is not known to be a part of it.
        if !form.name.starts_with("joined") {
            for place in named(&form.text) {
                events.push(written(&event(events.len(), place), &form));
            }
        }
    }
    let records = format!("{{\"Records\":[{}]}}", events.join(","));
    fs::write(trail.join("1.json.gz"), gzip(records.as_bytes())).unwrap();
    estate(directory, secrets);
}

/// One user and one role of each form.
fn estate(directory: &Path, secrets: &Secrets) {
    let account = directory.join("snapshots").join(ACCOUNT);
    fs::create_dir_all(&account).unwrap();
    let made = "2025-01-01T00:00:00+00:00";
    let mut users = vec![user("ann", "note", secrets)];
    let mut roles = vec![role("app", "note", secrets)];
    for (at, form) in forms(&secrets.key).iter().enumerate() {
        users.push(user(&format!("u{at}"), &form.text, secrets));
        roles.push(role(&format!("r{at}"), &form.text, secrets));
    }
    let details = json!({"UserDetailList": users, "GroupDetailList": [], "RoleDetailList": roles, "Policies": [], "IsTruncated": false});
    fs::write(account.join("authorization-details.json"), details.to_string()).unwrap();
    let keys = json!({"AccessKeyMetadata": [{"UserName": "ann", "AccessKeyId": KEY, "Status": "Active", "CreateDate": made}], "IsTruncated": false});
    fs::write(account.join("access-keys.json"), keys.to_string()).unwrap();
    fs::write(directory.join("kagimori.toml"), "as_of = \"2026-11-01T00:00:00Z\"\n").unwrap();
}

fn policy(s: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]},
        {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringLike": {"aws:UserAgent": s}}}]})
}

/// A case of each form, with an answer that it does not get.
fn cases(secrets: &Secrets) -> Value {
    let case = |form: &Form| {
        json!({"name": form.name, "identityPolicies": [policy(&form.text)], "must_deny": [{"action": "iam:CreateUser",
            "resource": {"resource": "*", "accountId": ACCOUNT}, "principal": format!("arn:aws:iam::{ACCOUNT}:user/ann"),
            "context": {"aws:UserAgent": form.text}}]})
    };
    forms(&secrets.key).iter().map(case).collect()
}

fn tags(s: &str, secrets: &Secrets) -> Value {
    json!([{"Key": "Owner", "Value": "team"}, {"Key": "Note", "Value": s}, {"Key": "DbPassword", "Value": secrets.word}])
}

fn user(name: &str, s: &str, secrets: &Secrets) -> Value {
    json!({"Path": "/", "UserName": name, "UserId": format!("AIDA{:0>16}", name.to_uppercase()), "Arn": format!("arn:aws:iam::{ACCOUNT}:user/{name}"),
        "CreateDate": "2025-01-01T00:00:00+00:00", "GroupList": [], "AttachedManagedPolicies": [], "Tags": tags(s, secrets),
        "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": policy(s)}]})
}

fn role(name: &str, s: &str, secrets: &Secrets) -> Value {
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999988887777:root"},
        "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"sts:ExternalId": s}}}]});
    json!({"Path": "/", "RoleName": name, "RoleId": format!("AROA{:0>16}", name.to_uppercase()), "Arn": format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
        "CreateDate": "2025-01-01T00:00:00+00:00", "AssumeRolePolicyDocument": trust, "InstanceProfileList": [], "Tags": tags(s, secrets),
        "AttachedManagedPolicies": [], "RoleLastUsed": {}, "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": policy(s)}]})
}

/// Files beside the directory that commands are given.
pub(crate) fn beside(directory: &Path, secrets: &Secrets) -> PathBuf {
    let path = directory.join("given");
    fs::create_dir_all(&path).unwrap();
    fs::create_dir_all(path.join("odd")).unwrap();
    for (at, form) in forms(&secrets.key).iter().enumerate() {
        fs::write(path.join(format!("odd/{at}.json")), policy(&form.text).to_string()).unwrap();
    }
    fs::write(path.join("cases.json"), cases(secrets).to_string()).unwrap();
    let small = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}]});
    fs::write(path.join("small.json"), small.to_string()).unwrap();
    let bastion = "[bastion]\naccount = \"111122223333\"\ngroup = \"people\"\nusers = [\"ann\"]\n\n[[role]]\nname = \"app\"\n\
                   accounts = [\"444455556666\"]\npolicies = [\"arn:aws:iam::aws:policy/ReadOnlyAccess\"]\n";
    fs::write(path.join("bastion.toml"), bastion).unwrap();
    path
}
