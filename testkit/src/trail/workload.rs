//! What a task role does all day: calls that its own policy allows, on the resources that the policy names.
//!
//! Calls on objects, items and messages are data events, and only the lake's account records those.

use serde_json::{Value, json};

use super::event::{Call, Caller};
use crate::cast::DATA;
use crate::model::{Account, Role};
use crate::random::Random;

/// One allowed action with one of its resources.
pub(super) type Able = (String, String);

/// A call that is yet to be made by somebody at some time.
pub(super) struct Does {
    service: &'static str,
    name: String,
    request: Value,
    is_data: bool,
}

impl Does {
    /// The call, made.
    pub(super) fn at(self, at: i64, caller: Caller) -> Call {
        let mut call = Call::new(at, caller, self.service, &self.name).asking(self.request);
        call.data = self.is_data;
        call
    }
}

/// The pairs of action and resource that the policy of a task role allows.
pub(super) fn of(account: &Account, role: &Role) -> Vec<Able> {
    if role.path != "/task/" {
        return Vec::new();
    }
    let inline = role.grants.inline.iter().map(|(_, document)| document);
    let attached = account.policies.iter().filter(|policy| policy.name == role.name);
    let documents = inline.chain(attached.filter_map(|policy| policy.versions.last()));
    let mut able = Vec::new();
    for document in documents {
        let document: Value = serde_json::to_value(document).unwrap_or_default();
        for statement in document.get("Statement").and_then(Value::as_array).into_iter().flatten() {
            for action in texts(statement.get("Action")) {
                able.extend(texts(statement.get("Resource")).map(|resource| (action.clone(), resource)));
            }
        }
    }
    able
}

fn texts(value: Option<&Value>) -> impl Iterator<Item = String> {
    let all = match value {
        Some(Value::Array(all)) => all.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    };
    all.into_iter().filter_map(|one| one.as_str().map(str::to_owned)).collect::<Vec<_>>().into_iter()
}

/// One of the calls; `None` when the account would not record the one that came up.
pub(super) fn call(able: &[Able], account: &Account, random: &mut Random) -> Option<Does> {
    let (action, resource) = random.pick(able)?;
    let (service, name) = action.split_once(':')?;
    let last = resource.rsplit(['/', ':']).next()?.to_owned();
    let records_data = account.id == DATA;
    let (service, request, is_data) = match (service, name) {
        ("dynamodb", "DescribeTable") => ("dynamodb", json!({"tableName": last}), false),
        ("dynamodb", _) => ("dynamodb", json!({"tableName": last, "key": {"id": {}}}), true),
        ("sqs", _) => {
            let url = format!("https://sqs.ap-northeast-1.amazonaws.com/{}/{last}", account.id);
            ("sqs", json!({"queueUrl": url}), name != "GetQueueAttributes")
        }
        ("s3", _) => {
            let bucket = resource.rsplit(':').next()?.split('/').next()?.to_owned();
            let key = format!("{}/{:04}.json", random.word(&["in", "out"]), random.between(0, 400));
            ("s3", json!({"bucketName": bucket, "key": key}), true)
        }
        ("ssm", _) => {
            let path = resource.split(":parameter").nth(1)?.trim_end_matches('*');
            let request = if name == "GetParameter" {
                let parameter = random.word(&["endpoint", "token", "limits"]);
                json!({"name": format!("{path}{parameter}"), "withDecryption": true})
            } else {
                json!({"path": path.trim_end_matches('/'), "recursive": true})
            };
            ("ssm", request, false)
        }
        ("logs", _) => {
            let group = resource.split(":log-group:").nth(1)?.trim_end_matches(":*");
            let stream = format!("2026/{:02}/{:02}/main", random.between(8, 11), random.between(1, 28));
            ("logs", json!({"logGroupName": group, "logStreamName": stream}), name == "PutLogEvents")
        }
        _ => return None,
    };
    (records_data || !is_data).then(|| Does { service, name: name.to_owned(), request, is_data })
}
