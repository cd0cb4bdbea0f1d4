//! What the policy of whoever ticks allows, by our own engine.

use kagimori_policy::scenario;
use serde_json::{Value, json};

use super::executor;

fn policy() -> Value {
    executor(&["kagimori:protected".to_owned(), "tier=gold*".to_owned(), "odd*".to_owned()], false)
}

fn request(action: &str, tags: &[(&str, &str)]) -> Value {
    let context: serde_json::Map<String, Value> =
        tags.iter().map(|(key, value)| (format!("aws:ResourceTag/{key}"), json!(value))).collect();
    json!({
        "action": action,
        "resource": { "resource": "arn:aws:iam::111122223333:user/machine/svc-batch", "accountId": "111122223333" },
        "principal": "arn:aws:iam::111122223333:user/kagimori-executor",
        "context": context,
    })
}

fn must(what: &str, requests: &[Value]) -> Vec<(String, bool)> {
    let all = requests.iter().map(|request| {
        let name = request.to_string();
        let case = json!([{ "name": name, "identityPolicies": [policy()], what: [request] }]);
        let cases = scenario::read(&case.to_string(), &|name| Err(name.to_owned())).unwrap();
        (name, cases.iter().all(|case| scenario::run(case).ok))
    });
    all.collect()
}

#[test]
fn it_allows_what_a_tick_calls() {
    let mut requests = Vec::new();
    for action in [
        "iam:ListAccessKeys",
        "iam:ListUserTags",
        "iam:GetAccessKeyLastUsed",
        "iam:UpdateAccessKey",
        "iam:DeleteAccessKey",
    ] {
        requests.push(request(action, &[]));
        requests.push(request(action, &[("Owner", "web"), ("kagimori", "protected"), ("tier", "silver")]));
    }
    let failed: Vec<_> = must("must_allow", &requests).into_iter().filter(|(_, ok)| !ok).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn it_denies_what_is_protected_whatever_the_tag_says() {
    let mut requests = Vec::new();
    for value in ["yes", "no", "", "false"] {
        for action in ["iam:UpdateAccessKey", "iam:DeleteAccessKey"] {
            requests.push(request(action, &[("kagimori:protected", value)]));
        }
    }
    requests.push(request("iam:UpdateAccessKey", &[("tier", "gold-1")]));
    for action in [
        "iam:CreateAccessKey",
        "iam:TagUser",
        "iam:UntagUser",
        "iam:DeleteUser",
        "iam:PutUserPolicy",
        "iam:AttachUserPolicy",
        "iam:DeleteLoginProfile",
        "sts:AssumeRole",
        "s3:GetObject",
    ] {
        requests.push(request(action, &[]));
    }
    let failed: Vec<_> = must("must_deny", &requests).into_iter().filter(|(_, ok)| !ok).collect();
    assert!(failed.is_empty(), "{failed:?}");
    let text = policy().to_string();
    assert!(
        !text.contains("odd*") && !text.contains("organizations:"),
        "no condition key has a wildcard: {text}"
    );
    assert!(executor(&[], true).to_string().contains("organizations:ListParents"));
}
