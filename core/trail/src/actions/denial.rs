//! What the message of a refusal says: AWS's own word on which permission was refused, on what, and by which policies.

use super::resource::arn_or_pattern;
use crate::call::CheckedResource;

/// What the message of a refusal tells: `User: … is not authorized to perform: A on resource: R because …`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Denial<'a> {
    /// The ARN after `User:`.
    pub principal: Option<&'a str>,
    /// The action that was refused, as the message writes it.
    pub action: &'a str,
    /// The resource, when it says one: an ARN, `user bob` (IAM), a bare name, or `*`.
    pub resource: Option<&'a str>,
    /// Which policies refused it, when it says so.
    pub layer: Option<DenialLayer>,
    /// The policy with the Deny: an ARN, or the name of an inline policy. Since January 2026, within an account or organization.
    pub policy: Option<&'a str>,
    /// A statement denied it; `false`: no policy allowed it.
    pub is_explicit: bool,
}

/// Which policies refused a call (IAM User Guide, `troubleshoot_access-denied`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DenialLayer {
    /// A service control policy.
    ServiceControl,
    /// A resource control policy.
    ResourceControl,
    /// A permissions boundary.
    Boundary,
    /// A session policy.
    Session,
    /// A resource-based policy.
    Resource,
    /// The policy of a VPC endpoint.
    VpcEndpoint,
    /// A role's trust policy.
    Trust,
    /// An identity-based policy.
    Identity,
}

/// What ends the resource in a message.
const ENDS: [&str; 6] =
    [" because ", " with an explicit deny", " as no ", ". ", " (", " Encoded authorization"];

impl<'a> Denial<'a> {
    /// Reads an `errorMessage`; `None` when it does not name an action.
    pub fn read(message: &'a str) -> Option<Self> {
        // EC2 begins with "You are not authorized to perform this operation."
        let mut left = message;
        let (at, (action, rest)) = loop {
            let (_, after) = split_words(left, &["authorized", "to", "perform"])?;
            if let Some(found) = action(after) {
                break (message.len().checked_sub(after.len())?, found);
            }
            left = after;
        };
        let (layer, behind) = DenialLayer::read(rest).unzip();
        Some(Self {
            principal: message.get(..at)?.split_whitespace().rfind(|word| word.starts_with("arn:")).map(bare),
            action,
            resource: resource(rest),
            layer,
            policy: behind.and_then(policy),
            is_explicit: split_words(rest, &["explicit", "deny"]).is_some(),
        })
    }

    /// What the permission was checked on, when the message says so in a form that is an ARN's.
    pub(super) fn checked(&self, partition: &str, account: Option<&str>) -> Option<CheckedResource> {
        let resource = self.resource?;
        if resource == "*" {
            return Some(CheckedResource::None);
        }
        if let Some(at) = resource.find("arn:") {
            // `policy arn:… version v2` of IAM; an object of S3 may have blanks of its own.
            let arn = resource.get(at..)?;
            let arn = if at == 0 { arn } else { arn.split(' ').next()? };
            return (arn.splitn(6, ':').count() == 6).then(|| arn_or_pattern(arn.to_owned()));
        }
        let (kind, name) = resource.split_once(' ')?;
        if !IAM_KINDS.contains(&kind) || name.is_empty() || name.contains(char::is_whitespace) {
            return None;
        }
        // IAM names it without its path.
        let account = account.unwrap_or("*");
        Some(CheckedResource::Pattern(format!("arn:{partition}:iam::{account}:{kind}/*{name}").into()))
    }
}

/// The action at the beginning of a text, and what stands behind it.
fn action(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches([':', ' ', '\n', '\t']);
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (action, rest) = text.split_at_checked(end)?;
    let (service, name) = bare(action).split_once(':')?;
    (!service.is_empty() && !name.is_empty()).then(|| (bare(action), rest))
}

/// What IAM's refusals call by kind and name: `on resource: user bob`.
const IAM_KINDS: [&str; 6] = ["user", "role", "group", "policy", "instance-profile", "server-certificate"];

impl DenialLayer {
    /// All of them, in the words of the messages.
    const ALL: [(Self, &'static [&'static str]); 9] = [
        (Self::ServiceControl, &["service", "control", "policy"]),
        (Self::ResourceControl, &["resource", "control", "policy"]),
        (Self::Boundary, &["permissions", "boundary"]),
        (Self::Session, &["session", "policy"]),
        (Self::VpcEndpoint, &["VPC", "endpoint", "policy"]),
        (Self::Trust, &["role", "trust", "policy"]),
        (Self::Trust, &["trust", "policy"]),
        (Self::Resource, &["resource-based", "policy"]),
        (Self::Identity, &["identity-based", "policy"]),
    ];

    /// In AWS's words.
    pub fn words(self) -> &'static str {
        match self {
            Self::ServiceControl => "service control policy",
            Self::ResourceControl => "resource control policy",
            Self::Boundary => "permissions boundary",
            Self::Session => "session policy",
            Self::Resource => "resource-based policy",
            Self::VpcEndpoint => "VPC endpoint policy",
            Self::Trust => "trust policy",
            Self::Identity => "identity-based policy",
        }
    }

    /// The layer that a message names, and what stands behind it.
    fn read(text: &str) -> Option<(Self, &str)> {
        let found = |(layer, words): &(Self, &'static [&'static str])| {
            split_words(text, words).map(|(_, behind)| (*layer, behind))
        };
        Self::ALL.iter().find_map(found)
    }
}

/// The policy behind the layer: `: arn:aws:iam::111122223333:policy/deny`, also without the colon.
fn policy(behind: &str) -> Option<&str> {
    let named = behind.strip_prefix(':');
    let word = bare(named.unwrap_or(behind).split_whitespace().next()?);
    let is_one = word.starts_with("arn:") || named.is_some() && !word.is_empty();
    is_one.then_some(word)
}

/// The resource: what stands behind `on resource:`, in quotes or up to the reason.
fn resource(text: &str) -> Option<&str> {
    let (_, after) =
        split_words(text, &["on", "resource"]).or_else(|| split_words(text, &["on", "resources"]))?;
    let after = after.strip_prefix('(').map_or(after, |after| after.strip_prefix("s)").unwrap_or(after));
    let after = after.trim_start_matches([':', ' ', '\n', '\t']);
    if let Some(quoted) = after.strip_prefix(['"', '\'']) {
        return quoted.find(['"', '\'']).and_then(|end| quoted.get(..end)).filter(|text| !text.is_empty());
    }
    // A line of a wrapped message ends where a word does.
    let ends = ENDS.iter().filter_map(|end| split_words(after, &end.split_whitespace().collect::<Vec<_>>()));
    let dot = after.find(". ").and_then(|at| after.get(..at));
    let shortest = ends.map(|(text, _)| text).chain(dot).min_by_key(|text| text.len());
    let text = bare(shortest.unwrap_or(after));
    // A kind of IAM without a name tells nothing.
    let is_bare_kind = IAM_KINDS.contains(&text) || text == "because" || text == "with";
    Some(text).filter(|text| !text.is_empty() && !is_bare_kind)
}

/// A word without the marks around it.
fn bare(word: &str) -> &str {
    word.trim().trim_end_matches(['.', ',', ';', ':']).trim_matches(['"', '\'', '[', ']', '`', ','])
}

/// What stands before and behind words in a row, whatever blanks are between them, in any case.
fn split_words<'a>(text: &'a str, words: &[&str]) -> Option<(&'a str, &'a str)> {
    let (first, others) = words.split_first()?;
    let starts = text.char_indices().filter(|(at, _)| {
        *at == 0
            || text.get(..*at).is_some_and(|before| before.ends_with(|c: char| c.is_whitespace() || c == '('))
    });
    starts.map(|(at, _)| at).find_map(|at| {
        let mut rest = without_word(text.get(at..)?, first)?;
        for word in others {
            let next = rest.trim_start();
            if next.len() == rest.len() {
                return None;
            }
            rest = without_word(next, word)?;
        }
        Some((text.get(..at)?, rest))
    })
}

/// A text behind a word it begins with; the word ends there.
fn without_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(word.len())?;
    let is_end = !rest.starts_with(|next: char| next.is_alphanumeric() || next == '-' || next == '_');
    (head.eq_ignore_ascii_case(word) && is_end).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCP: &str =
        "arn:aws:organizations::444455556666:policy/o-a1b2c3d4e5/service_control_policy/p-2kgnabcd";

    /// The forms of IAM User Guide, `troubleshoot_access-denied`; AWS Security Blog of January 2026 (the policy's ARN); and of
    /// refusals as people quote them.
    #[test]
    fn what_a_refusal_says() {
        use DenialLayer as L;
        let policy = "arn:aws:iam::111122223333:policy/deny";
        let rows = [
            (
                "on resource: arn:aws:iam::1:user/bob because no identity-based policy allows the s3:X action",
                Some("arn:aws:iam::1:user/bob"),
                Some(L::Identity),
                None,
                false,
            ),
            (
                "on resource: user bob because no identity-based policy allows the s3:X action",
                Some("user bob"),
                Some(L::Identity),
                None,
                false,
            ),
            (
                "on resource: user  because no identity-based policy allows the s3:X action",
                None,
                Some(L::Identity),
                None,
                false,
            ),
            (
                "on resource: \"arn:aws:s3:::b/a b.csv\" with an explicit deny in a resource-based policy",
                Some("arn:aws:s3:::b/a b.csv"),
                Some(L::Resource),
                None,
                true,
            ),
            (
                "on resource: arn:aws:s3:::b/a b.csv because no session policy allows the s3:X action",
                Some("arn:aws:s3:::b/a b.csv"),
                Some(L::Session),
                None,
                false,
            ),
            (
                "on resource: * with an explicit deny in a service control policy",
                Some("*"),
                Some(L::ServiceControl),
                None,
                true,
            ),
            (
                "on resource: arn:x with an explicit deny in a service control policy: SCP",
                Some("arn:x"),
                Some(L::ServiceControl),
                Some(SCP),
                true,
            ),
            (
                "on resource: arn:x with an explicit deny in a service control policy SCP",
                Some("arn:x"),
                Some(L::ServiceControl),
                Some(SCP),
                true,
            ),
            (
                "on resource: role r with an explicit deny in an identity-based policy: POLICY. Encoded authorization failure message: abc",
                Some("role r"),
                Some(L::Identity),
                Some(policy),
                true,
            ),
            (
                "with an explicit deny in an identity-based policy: inline-name",
                None,
                Some(L::Identity),
                Some("inline-name"),
                true,
            ),
            (
                "on resource: arn:x with an explicit deny in a resource control policy",
                Some("arn:x"),
                Some(L::ResourceControl),
                None,
                true,
            ),
            (
                "on resource: arn:x because no permissions boundary allows the s3:X action",
                Some("arn:x"),
                Some(L::Boundary),
                None,
                false,
            ),
            (
                "on resource: arn:x with an explicit deny in a permissions boundary: POLICY",
                Some("arn:x"),
                Some(L::Boundary),
                Some(policy),
                true,
            ),
            (
                "on resource: arn:x with an explicit deny in a VPC endpoint policy",
                Some("arn:x"),
                Some(L::VpcEndpoint),
                None,
                true,
            ),
            (
                "on resource: arn:x because no VPC endpoint policy allows the s3:X action",
                Some("arn:x"),
                Some(L::VpcEndpoint),
                None,
                false,
            ),
            (
                "on resource: arn:x because no role trust policy allows the s3:X action",
                Some("arn:x"),
                Some(L::Trust),
                None,
                false,
            ),
            ("with an explicit deny", None, None, None, true),
            ("on resource: arn:x", Some("arn:x"), None, None, false),
            ("", None, None, None, false),
            (
                "\non resource: arn:x\nwith an explicit deny in a\nservice control policy:\nSCP",
                Some("arn:x"),
                Some(L::ServiceControl),
                Some(SCP),
                true,
            ),
        ];
        for (words, resource, layer, denied_by, is_explicit) in rows {
            let words = words.replace("SCP", SCP).replace("POLICY", policy);
            let message = format!("User: arn:aws:iam::1:user/ann is not authorized to perform: s3:X {words}");
            let denial = Denial::read(&message).unwrap();
            assert_eq!(
                (denial.action, denial.principal),
                ("s3:X", Some("arn:aws:iam::1:user/ann")),
                "{words}"
            );
            assert_eq!((denial.resource, denial.layer), (resource, layer), "{words}");
            assert_eq!((denial.policy, denial.is_explicit), (denied_by, is_explicit), "{words}");
        }
        let ec2 = "You are not authorized to perform this operation. User: arn:aws:iam::1:user/ann is not authorized to perform: \
            ec2:CreateVpc on resource: arn:aws:ec2:us-east-1:1:vpc/* because no identity-based policy allows the ec2:CreateVpc action";
        assert_eq!(Denial::read(ec2).map(|denial| denial.action), Some("ec2:CreateVpc"));
        for other in [
            "",
            "Access Denied",
            "IAM user access not activated",
            "Cross-account pass role is not allowed.",
            "You are not authorized to perform this operation. Encoded authorization failure message: a:b",
            "is not authorized to perform: ",
            "is not authorized to perform: this",
        ] {
            assert_eq!(Denial::read(other), None, "{other}");
        }
    }

    #[test]
    fn resources_of_messages() {
        let rows = [
            ("user bob", Some("~arn:aws:iam::111122223333:user/*bob")),
            (
                "policy arn:aws:iam::111122223333:policy/p version v2",
                Some("arn:aws:iam::111122223333:policy/p"),
            ),
            ("arn:aws:ec2:us-east-1:111122223333:vpc/*", Some("~arn:aws:ec2:us-east-1:111122223333:vpc/*")),
            ("arn:aws:s3:::b/a b.csv", Some("arn:aws:s3:::b/a b.csv")),
            ("*", Some("-")),
            ("my-secret", None),
            ("arn:x", None),
            ("a b c", None),
        ];
        for (resource, expected) in rows {
            let denial = Denial {
                principal: None,
                action: "a:B",
                resource: Some(resource),
                layer: None,
                policy: None,
                is_explicit: false,
            };
            let found = denial.checked("aws", Some("111122223333")).map(|checked| match checked {
                CheckedResource::Arn(arn) => arn.to_string(),
                CheckedResource::Pattern(arn) => format!("~{arn}"),
                CheckedResource::None => "-".to_owned(),
                CheckedResource::Unknown => "?".to_owned(),
            });
            assert_eq!(found.as_deref(), expected, "{resource}");
        }
    }
}
