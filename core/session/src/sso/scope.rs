//! Sessions of Identity Center with less: GetScopedCredentials keeps the identity and takes a policy, a shorter life, or both
//! (STS API Reference, November 2026). It is the only way to narrow what GetRoleCredentials hands out, which takes no policy.

use crate::key::CacheKey;

/// Reading by a policy of at most 2,048 characters: AWS's `ReadOnlyAccess` does not fit, and GetScopedCredentials takes no
/// ARNs. Listing and reading of the usual services; nothing that is a secret or another identity.
pub const READ_ONLY: &str = include_str!("read-only.json");

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
    fn a_reason_becomes_a_description() {
        assert_eq!(description_from("restart, INC-42"), "restart, INC-42");
        assert_eq!(description_from("鍵\n"), "--");
        assert_eq!(description_from(&"é".repeat(300)).chars().count(), 256);
        assert!(
            Scoped::reading().policy.is_some_and(|policy| policy.len() <= 2048 && !policy.ends_with('\n'))
        );
    }
}
