//! The IAM policy of whoever ticks: what the rounds call, and nothing of those whose users carry the tag that protects them.

use serde_json::{Value, json};

/// The policy, with the key of the tag.
///
/// IAM knows no tags of access keys; `aws:ResourceTag` of the operations below is that of the user (*Actions, resources, and condition
/// keys for AWS Identity and Access Management (IAM)*). `Null` would not do: it takes a tag without a value for none.
pub(super) fn executor(tag: &str) -> Value {
    let users = "arn:*:iam::*:user/*";
    let changes = ["iam:UpdateAccessKey", "iam:DeleteAccessKey"];
    json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "LookAtKeysAndTags",
                "Effect": "Allow",
                "Action": ["iam:ListAccessKeys", "iam:ListUserTags"],
                "Resource": users
            },
            { "Sid": "SwitchKeysOffAndOn", "Effect": "Allow", "Action": changes, "Resource": users },
            { "Sid": "LookWhoseAccountItIs", "Effect": "Allow", "Action": "iam:ListAccountAliases", "Resource": "*" },
            {
                "Sid": "NeverTheProtected",
                "Effect": "Deny",
                "Action": changes,
                "Resource": "*",
                "Condition": { "StringLike": { format!("aws:ResourceTag/{tag}"): "*" } }
            },
            {
                "Sid": "NothingElseOfKeys",
                "Effect": "Deny",
                "Action": ["iam:CreateAccessKey", "iam:TagUser", "iam:UntagUser"],
                "Resource": "*"
            }
        ]
    })
}

#[cfg(test)]
mod tests;
