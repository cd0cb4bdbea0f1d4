//! Sessions of Identity Center with less: GetScopedCredentials keeps the identity and takes a policy, a shorter life, or both
//! (STS API Reference, November 2026). It is the only way to narrow what GetRoleCredentials hands out, which takes no policy.

use serde_json::Value;

use crate::extra::{self, Extra};
use crate::key::CacheKey;

/// Reading by a policy of at most 2,048 characters: AWS's `ReadOnlyAccess` does not fit, and GetScopedCredentials takes no
/// ARNs. Listing and reading of the usual services; nothing that is a secret or another identity.
pub const READ_ONLY: &str = include_str!("read-only.json");

/// STS GetScopedCredentials, Policy.
const MOST_CHARACTERS: usize = 2048;

/// What gives way to `read_only_extra`, the least missed first. What people look at all day stays.
const GIVES_WAY: [&str; 28] = [
    "health",
    "xray",
    "servicequotas",
    "scheduler",
    "wafv2",
    "tag",
    "cognito-idp",
    "redshift",
    "es",
    "kinesis",
    "sagemaker",
    "guardduty",
    "securityhub",
    "access-analyzer",
    "bedrock",
    "batch",
    "backup",
    "athena",
    "glue",
    "codepipeline",
    "codebuild",
    "elasticfilesystem",
    "elasticache",
    "apigateway",
    "states",
    "events",
    "config",
    "ce",
];

/// The parameters of GetScopedCredentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scoped {
    /// Policy
    pub policy: Option<String>,
    /// DurationSeconds: at most what is left of the session; its own end otherwise.
    pub seconds: Option<u32>,
    /// ScopedSessionDescription, which CloudTrail keeps.
    pub description: Option<String>,
}

impl Scoped {
    /// Reading only, as long as the session lasts.
    #[must_use]
    pub fn reading() -> Self {
        Self { policy: Some(READ_ONLY.trim().to_owned()), seconds: None, description: None }
    }

    /// Reading, and these; with what had to give way to them. None when there is no room for them at all.
    #[must_use]
    pub fn reading_and(extras: &[Extra]) -> Option<(Self, Vec<&'static str>)> {
        let mut policy: Value = serde_json::from_str(READ_ONLY).ok()?;
        let beside: Value = serde_json::from_str(&extra::policy(extras)).ok()?;
        let added = beside.get("Statement")?.as_array()?.clone();
        policy.get_mut("Statement")?.as_array_mut()?.extend(added);
        let mut gone = Vec::new();
        let needed = |service: &&&str| !extras.iter().any(|extra| extra.is_of(service));
        let mut gives_way = GIVES_WAY.iter().filter(needed);
        while policy.to_string().len() > MOST_CHARACTERS {
            let service = gives_way.next()?;
            let is_of =
                |action: &Value| action.as_str().is_some_and(|it| it.split(':').next() == Some(service));
            let reading = policy.get_mut("Statement")?.get_mut(0)?.get_mut("Action")?.as_array_mut()?;
            reading.retain(|action| !is_of(action));
            gone.push(*service);
        }
        Some((Self { policy: Some(policy.to_string()), seconds: None, description: None }, gone))
    }

    /// Everything, for a short time; the reason if AWS shall know it.
    #[must_use]
    pub fn elevated(seconds: u32, reason: Option<&str>) -> Self {
        Self { policy: None, seconds: Some(seconds), description: reason.map(description_from) }
    }

    /// The key of the answer.
    pub(crate) fn key(&self, parent: CacheKey, reason: Option<&str>) -> CacheKey {
        let seconds = self.seconds.map(|seconds| seconds.to_string()).unwrap_or_default();
        let policy = self.policy.as_deref().unwrap_or_default();
        CacheKey::of("scoped 1", &[&parent.hex(), policy, &seconds, reason.unwrap_or_default()])
    }
}

/// Makes a description of any text: 2 to 256 of `[\t\n\r\u0020-\u007E\u00A1-\u00FF]`.
fn description_from(text: &str) -> String {
    let allowed = |letter: char| matches!(letter, ' '..='~' | '\u{a1}'..='\u{ff}');
    let mut out: String =
        text.chars().take(256).map(|letter| if allowed(letter) { letter } else { '-' }).collect();
    while out.chars().count() < 2 {
        out.push('-');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_rarely_read_gives_way_to_what_is_named() {
        let extras = |text: &str| extra::extras(text).unwrap();
        let lock = "arn:aws:s3:::acme-state/dev/*.tflock = s3:PutObject, s3:DeleteObject";
        let (scoped, gone) = Scoped::reading_and(&extras(lock)).unwrap();
        let policy: Value = serde_json::from_str(&scoped.policy.clone().unwrap()).unwrap();
        assert!(scoped.policy.unwrap().len() <= MOST_CHARACTERS);
        assert_eq!(policy["Statement"][1]["Action"], serde_json::json!(["s3:PutObject", "s3:DeleteObject"]));
        assert_eq!(gone, ["health", "xray", "servicequotas", "scheduler"]);
        let reading = policy["Statement"][0]["Action"].to_string();
        assert!(!reading.contains("\"xray:") && reading.contains("ec2:Describe*"), "{reading}");
        // No more goes than has to, and nothing of a service that is named.
        let longer = "arn:aws:scheduler:ap-northeast-1:222233334444:schedule/default/nightly = scheduler:UpdateSchedule";
        let (_, gone) = Scoped::reading_and(&extras(&format!("{lock}\n{longer}"))).unwrap();
        assert!(gone.len() > 4 && !gone.contains(&"scheduler"), "{gone:?}");
        let all: Vec<&str> = GIVES_WAY.to_vec();
        assert!(all.iter().all(|service| READ_ONLY.contains(&format!("\"{service}:"))));
        let long = format!("arn:aws:s3:::acme/{} = s3:PutObject\n", "a".repeat(900));
        assert!(Scoped::reading_and(&extras(&long.repeat(2))).is_none());
    }

    #[test]
    fn a_reason_becomes_a_description() {
        assert_eq!(description_from("restart, INC-42"), "restart, INC-42");
        assert_eq!(description_from("鍵\n"), "--");
        assert_eq!(description_from(&"é".repeat(300)).chars().count(), 256);
        assert!(
            Scoped::reading().policy.is_some_and(|policy| policy.len() <= 2048 && !policy.ends_with('\n'))
        );
    }
}
