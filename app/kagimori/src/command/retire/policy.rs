//! The IAM policy of whoever ticks: what the rounds call, and nothing of those whose users carry the tag that protects them.

use serde_json::{Value, json};

/// The policy, with the tags that protect (`KEY` or `KEY=VALUE`, with wildcards in values), and whether units do.
///
/// IAM knows no tags of access keys; `aws:ResourceTag` of the operations below is that of the user (*Actions, resources, and condition
/// keys for AWS Identity and Access Management (IAM)*). `Null` would not do: it takes a tag without a value for none. A key of a
/// condition has no wildcards: a tag whose own name has one is looked at by the program alone.
pub(super) fn executor(tags: &[String], has_units: bool) -> Value {
    let users = "arn:*:iam::*:user/*";
    let changes = ["iam:UpdateAccessKey", "iam:DeleteAccessKey"];
    let mut statements = vec![
        json!({
            "Sid": "LookAtKeysAndTags",
            "Effect": "Allow",
            "Action": ["iam:ListAccessKeys", "iam:ListUserTags"],
            "Resource": users
        }),
        json!({ "Sid": "SwitchKeysOffAndOn", "Effect": "Allow", "Action": changes, "Resource": users }),
        // A key has no name of its own to be allowed by: whose it is is what is asked.
        json!({
            "Sid": "LookWhoseItIsAndWhenItWasUsed",
            "Effect": "Allow",
            "Action": "iam:GetAccessKeyLastUsed",
            "Resource": "*"
        }),
        json!({
            "Sid": "LookWhoseAccountItIs",
            "Effect": "Allow",
            "Action": "iam:ListAccountAliases",
            "Resource": "*"
        }),
    ];
    if has_units {
        statements.push(json!({
            "Sid": "LookWhereItLies",
            "Effect": "Allow",
            "Action": ["organizations:DescribeOrganization", "organizations:ListParents"],
            "Resource": "*"
        }));
    }
    let plain = tags.iter().map(|tag| tag.split_once('=').unwrap_or((tag, "*")));
    let plain = plain.filter(|(key, _)| !key.contains(['*', '?']));
    statements.extend(plain.enumerate().map(|(number, (key, value))| {
        json!({
            "Sid": format!("NeverTheProtected{}", number.saturating_add(1)),
            "Effect": "Deny",
            "Action": changes,
            "Resource": "*",
            "Condition": { "StringLike": { format!("aws:ResourceTag/{key}"): value } }
        })
    }));
    statements.push(json!({
        "Sid": "NothingElseOfKeys",
        "Effect": "Deny",
        "Action": ["iam:CreateAccessKey", "iam:TagUser", "iam:UntagUser"],
        "Resource": "*"
    }));
    json!({ "Version": "2012-10-17", "Statement": statements })
}

#[cfg(test)]
mod tests;
