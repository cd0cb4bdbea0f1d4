//! Resources whose policies may name identities: listed in each Region of the account, and each asked for its policy.

use serde_json::{Value, json};

/// A kind of resource, besides buckets: how it is listed, and how one is asked for its policy.
#[derive(Debug)]
pub(super) struct Kind {
    /// The service as the AWS CLI calls it.
    pub(super) service: &'static str,
    pub(super) list: &'static str,
    /// The input of the list, in JSON.
    list_input: &'static str,
    /// The member with the list, and of each entry the member that names it; empty where the entry is the name.
    members: (&'static str, &'static str),
    pub(super) get: &'static str,
    /// The member of the input that names the resource, and the other members, in JSON.
    input: (&'static str, &'static str),
}

/// AWS API references of each service; the inputs ask for the longest pages that there are.
pub(super) const KINDS: [Kind; 6] = [
    Kind {
        service: "sqs",
        list: "ListQueues",
        list_input: r#"{"MaxResults": 1000}"#,
        members: ("QueueUrls", ""),
        get: "GetQueueAttributes",
        input: ("QueueUrl", r#"{"AttributeNames": ["Policy", "QueueArn"]}"#),
    },
    Kind {
        service: "sns",
        list: "ListTopics",
        list_input: "{}",
        members: ("Topics", "TopicArn"),
        get: "GetTopicAttributes",
        input: ("TopicArn", "{}"),
    },
    Kind {
        service: "kms",
        list: "ListKeys",
        list_input: r#"{"Limit": 1000}"#,
        members: ("Keys", "KeyId"),
        get: "GetKeyPolicy",
        input: ("KeyId", r#"{"PolicyName": "default"}"#),
    },
    Kind {
        service: "lambda",
        list: "ListFunctions",
        list_input: "{}",
        members: ("Functions", "FunctionName"),
        get: "GetPolicy",
        input: ("FunctionName", "{}"),
    },
    Kind {
        service: "secretsmanager",
        list: "ListSecrets",
        list_input: r#"{"MaxResults": 100}"#,
        members: ("SecretList", "ARN"),
        get: "GetResourcePolicy",
        input: ("SecretId", "{}"),
    },
    Kind {
        service: "ecr",
        list: "DescribeRepositories",
        list_input: r#"{"maxResults": 1000}"#,
        members: ("repositories", "repositoryName"),
        get: "GetRepositoryPolicy",
        input: ("repositoryName", "{}"),
    },
];

/// What is allowed for all of it, beside what a review always needs.
pub(super) const ACTIONS: [&str; 15] = [
    "account:ListRegions",
    "ecr:DescribeRepositories",
    "ecr:GetRepositoryPolicy",
    "kms:GetKeyPolicy",
    "kms:ListKeys",
    "lambda:GetPolicy",
    "lambda:ListFunctions",
    "s3:GetBucketPolicy",
    "s3:ListAllMyBuckets",
    "secretsmanager:GetResourcePolicy",
    "secretsmanager:ListSecrets",
    "sns:GetTopicAttributes",
    "sns:ListTopics",
    "sqs:GetQueueAttributes",
    "sqs:ListQueues",
];

impl Kind {
    pub(super) fn list_input(&self) -> Value {
        serde_json::from_str(self.list_input).unwrap_or_default()
    }

    /// The inputs that ask for the policy of each entry of a list, and the file of each, in the folder of a Region.
    pub(super) fn asks<'a>(
        &'a self,
        list: &'a Value,
        region: &'a str,
    ) -> impl Iterator<Item = (Value, String)> + 'a {
        let (member, name) = self.members;
        let named =
            move |entry: &'a Value| if name.is_empty() { entry.as_str() } else { entry.get(name)?.as_str() };
        entries(list, member).filter_map(named).map(move |id| {
            let mut input: Value = serde_json::from_str(self.input.1).unwrap_or_default();
            if let Some(members) = input.as_object_mut() {
                members.insert(self.input.0.to_owned(), Value::from(id));
            }
            (input, format!("resource-policies/{}/{region}/{}.json", self.service, self.file(id)))
        })
    }

    /// What a resource is called in its ARN, as the name of a file: a secret's name may have slashes.
    fn file(&self, id: &str) -> String {
        let name = match self.service {
            "sqs" => id.rsplit('/').next(),
            "sns" => id.rsplit(':').next(),
            "secretsmanager" => id.split_once(":secret:").map(|(_, name)| name),
            _ => Some(id),
        };
        name.unwrap_or(id).replace('%', "%25").replace('/', "%2F")
    }
}

/// The buckets of a list, each with its Region.
pub(super) fn buckets(list: &Value) -> impl Iterator<Item = (String, Option<String>)> {
    entries(list, "Buckets").filter_map(|bucket| {
        let text = |name: &str| bucket.get(name)?.as_str().map(str::to_owned);
        Some((text("Name")?, text("BucketRegion")))
    })
}

/// The list tells the Region of each bucket only when something is asked of it (S3 API Reference, `ListBuckets`).
pub(super) fn buckets_input() -> Value {
    json!({ "MaxBuckets": 1000 })
}

/// The Regions that the account can use.
pub(super) fn regions_input() -> Value {
    json!({ "MaxResults": 50, "RegionOptStatusContains": ["ENABLED", "ENABLED_BY_DEFAULT"] })
}

pub(super) fn regions(list: &Value) -> impl Iterator<Item = String> {
    entries(list, "Regions").filter_map(|region| region.get("RegionName")?.as_str().map(str::to_owned))
}

fn entries<'v>(list: &'v Value, member: &str) -> impl Iterator<Item = &'v Value> {
    list.get(member).and_then(Value::as_array).into_iter().flatten()
}

/// Whether a refusal says that a resource has no policy, which is an answer.
pub(super) fn is_none(call: &str, code: &str) -> bool {
    matches!(
        (call, code),
        ("s3:GetBucketPolicy", "NoSuchBucketPolicy")
            | ("lambda:GetPolicy", "ResourceNotFoundException")
            | ("ecr:GetRepositoryPolicy", "RepositoryPolicyNotFoundException")
    )
}
