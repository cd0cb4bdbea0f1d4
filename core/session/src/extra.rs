//! `read_only_extra`: what a read-only session may do beside reading, named action by action. Terraform's `plan` takes a lock
//! in its state, and a lock is something written.

use std::fmt;

use crate::value::{Refused, shown};

/// STS AssumeRole: the characters of all session policies.
const MOST_CHARACTERS: usize = 2048;
/// More than reading of these is another identity, or the way to one.
const IDENTITIES: [&str; 3] = ["iam", "sts", "organizations"];

/// Actions on one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extra {
    /// The resource's ARN.
    pub resource: String,
    /// `s3:PutObject` …
    pub actions: Vec<String>,
}

/// Reads lines of `ARN = action, action`: nested settings, as botocore reads them too.
pub fn extras(text: &str) -> Result<Vec<Extra>, Refused> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(extra).collect()
}

/// The session policy, which AWS counts together with the managed ones; none where nothing is named.
pub fn policy_beside(extras: &[Extra], arns: &[String]) -> Result<Option<String>, Refused> {
    if extras.is_empty() {
        return Ok(None);
    }
    let policy = policy(extras);
    let length = policy.len() + arns.iter().map(String::len).sum::<usize>();
    if length <= MOST_CHARACTERS {
        return Ok(Some(policy));
    }
    Err(Refused::new(
        format!(
            "`read_only_extra` makes session policies of {length} characters, and AWS takes {MOST_CHARACTERS}"
        ),
        "name fewer actions and resources",
    ))
}
fn extra(line: &str) -> Result<Extra, Refused> {
    // Keys of S3 objects may hold `=`, names of actions do not.
    let Some((resource, actions)) = line.rsplit_once('=') else {
        return Err(Refused::new(
            format!("`{}` in `read_only_extra` is not a resource with its actions", shown(line)),
            "write a line of its own for each: `arn:aws:s3:::acme-state/*.tflock = s3:PutObject, s3:DeleteObject`",
        ));
    };
    let resource = resource.trim();
    let service = service_of(resource)?;
    let actions: Vec<_> = actions.split(',').map(|action| action.trim().to_owned()).collect();
    actions.iter().try_for_each(|action| check_action(action, service, resource))?;
    Ok(Extra { resource: resource.to_owned(), actions })
}

/// The service of an ARN that names one thing; of S3 it may name objects by a pattern.
fn service_of(resource: &str) -> Result<&str, Refused> {
    let refused = |hint: &str| {
        Refused::new(format!("`{}` in `read_only_extra` does not name a resource", shown(resource)), hint)
    };
    const FORM: &str = "it looks like `arn:aws:dynamodb:ap-northeast-1:222233334444:table/locks`";
    let parts: Vec<_> = resource.splitn(6, ':').collect();
    let ["arn", partition, service, region, account, name] = parts.as_slice() else {
        return Err(refused(FORM));
    };
    let is_plain = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    let is_account =
        account.is_empty() || account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let is_name =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\$".contains(&byte));
    if !partition.starts_with("aws")
        || service.is_empty()
        || ![partition, service, region].into_iter().all(|part| is_plain(part))
        || !is_account
        || !is_name
    {
        return Err(refused(FORM));
    }
    if let Some(wild) = name.find(['*', '?']) {
        let before = name.get(..wild).unwrap_or_default();
        let is_in_a_bucket = *service == "s3" && before.find('/').is_some_and(|slash| slash > 0);
        if !is_in_a_bucket {
            return Err(refused(
                "`*` and `?` are taken in keys of S3 objects only: `arn:aws:s3:::acme-state/*.tflock`",
            ));
        }
    }
    Ok(service)
}

fn check_action(action: &str, service: &str, resource: &str) -> Result<(), Refused> {
    let refused = |hint: String| {
        Err(Refused::new(format!("`{}` in `read_only_extra` cannot be allowed", shown(action)), hint))
    };
    let Some((of, name)) = action.split_once(':') else {
        return refused("write an action with its service: `s3:PutObject`".to_owned());
    };
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return refused("name each action in full, without `*`: `s3:PutObject`".to_owned());
    }
    if of != service {
        return refused(format!(
            "`{}` is of another service: give the action a line of its own",
            shown(resource)
        ));
    }
    if IDENTITIES.contains(&of) {
        return refused("what leads to other identities is asked for with `--elevate --reason`".to_owned());
    }
    Ok(())
}

/// Nothing in them needs an escape: `service_of` and `check_action` let none through.
pub(crate) fn policy(extras: &[Extra]) -> String {
    let statement = |extra: &Extra| {
        let actions: Vec<_> = extra.actions.iter().map(|action| format!("\"{action}\"")).collect();
        format!(
            "{{\"Effect\":\"Allow\",\"Action\":[{}],\"Resource\":\"{}\"}}",
            actions.join(","),
            extra.resource
        )
    };
    let statements: Vec<_> = extras.iter().map(statement).collect();
    format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{}]}}", statements.join(","))
}

impl Extra {
    /// Whether the resource is of this service.
    pub(crate) fn is_of(&self, service: &str) -> bool {
        self.resource.split(':').nth(2) == Some(service)
    }
}

impl fmt::Display for Extra {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} on {}", self.actions.join(", "), self.resource)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCKS: &str = "\n  arn:aws:s3:::acme-state/env=dev/*.tflock = s3:PutObject, s3:DeleteObject\n  \
                         arn:aws:dynamodb:ap-northeast-1:222233334444:table/locks = dynamodb:PutItem";

    #[test]
    fn only_what_is_named_is_allowed() {
        let extras = extras(LOCKS).unwrap();
        assert_eq!(
            policy(&extras),
            "{\"Version\":\"2012-10-17\",\"Statement\":[\
             {\"Effect\":\"Allow\",\"Action\":[\"s3:PutObject\",\"s3:DeleteObject\"],\"Resource\":\"arn:aws:s3:::acme-state/env=dev/*.tflock\"},\
             {\"Effect\":\"Allow\",\"Action\":[\"dynamodb:PutItem\"],\"Resource\":\"arn:aws:dynamodb:ap-northeast-1:222233334444:table/locks\"}]}"
        );
        assert_eq!(
            extras[1].to_string(),
            "dynamodb:PutItem on arn:aws:dynamodb:ap-northeast-1:222233334444:table/locks"
        );
        assert_eq!(policy_beside(&[], &[]), Ok(None));
        let length = policy(&extras).len();
        let arns = |length: usize| [String::from_utf8(vec![b'a'; length]).unwrap()];
        assert!(policy_beside(&extras, &arns(2048 - length)).is_ok());
        assert!(policy_beside(&extras, &arns(2049 - length)).is_err());
    }

    #[test]
    fn what_is_not_named_is_refused() {
        for (text, says) in [
            ("s3:PutObject", "not a resource with its actions"),
            ("* = s3:PutObject", "does not name a resource"),
            ("arn:aws:s3:::* = s3:PutObject", "does not name a resource"),
            ("arn:aws:s3:::acme* = s3:PutObject", "does not name a resource"),
            ("arn:aws:s3:::/* = s3:PutObject", "does not name a resource"),
            ("arn:aws:s3:::a/${aws:username} = s3:PutObject", "does not name a resource"),
            ("arn:aws:s3:::a/\" = s3:PutObject", "does not name a resource"),
            ("arn:aws:*:::a/b = s3:PutObject", "does not name a resource"),
            ("arn:aws:dynamodb:x:222233334444:table/* = dynamodb:PutItem", "does not name a resource"),
            ("arn:aws:dynamodb:x:*:table/locks = dynamodb:PutItem", "does not name a resource"),
            ("arn:aws:s3:::acme/x = s3:*", "cannot be allowed"),
            ("arn:aws:s3:::acme/x = s3:Put*", "cannot be allowed"),
            ("arn:aws:s3:::acme/x = *", "cannot be allowed"),
            ("arn:aws:s3:::acme/x =", "cannot be allowed"),
            ("arn:aws:s3:::acme/x = s3:PutObject,", "cannot be allowed"),
            ("arn:aws:s3:::acme/x = dynamodb:PutItem", "cannot be allowed"),
            ("arn:aws:iam::222233334444:role/x = iam:PassRole", "cannot be allowed"),
        ] {
            let refused = extras(text).unwrap_err();
            assert!(refused.to_string().contains(says) && !refused.hint.is_empty(), "{text}: {refused}");
        }
    }
}
