//! What a rule is; [`super::table`] has them all.

use std::fmt;

use serde::{Deserialize, Serialize};

pub use super::table::{RULES, RuleId};

/// One rule.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Rule {
    /// Its id: `pass-role-with-star-in-resource`. Never changes its meaning.
    pub id: &'static str,
    /// What it is about.
    pub family: Family,
    /// How bad a finding is, unless the settings say otherwise.
    pub level: Level,
    /// IAM Access Analyzer's name of the same check, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aws: Option<&'static str>,
    /// What parliament calls it.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub parliament: &'static [&'static str],
    /// The AWS page behind it: a page of the IAM User Guide, or another guide's name and page.
    pub source: &'static str,
    /// When it speaks up, in one sentence.
    pub says: &'static str,
    /// What to do.
    pub fix: &'static str,
}

/// How bad a finding is; the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "Access Analyzer has these four, and a rule may be off")]
pub enum Level {
    /// AWS refuses the policy, or part of it never works.
    Error,
    /// It grants, or lets through, more than it seems to.
    Security,
    /// It probably does not do what was meant.
    Warning,
    /// It could be written better.
    Suggestion,
    /// Not looked at unless asked for.
    Off,
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "the table of rules is part of this crate")]
pub enum Family {
    /// JSON and the elements of the language.
    Grammar,
    /// Actions and services.
    Action,
    /// ARNs and resources.
    Arn,
    /// Principals.
    Principal,
    /// Condition operators, keys and values.
    Condition,
    /// Conditions that let through what they seem to stop.
    FailOpen,
    /// Policy variables.
    Variable,
    /// Service control policies and resource control policies.
    Guardrail,
    /// Trust policies of roles.
    Trust,
    /// Grants wider than they look.
    OverGrant,
    /// What can go without changing a decision, and sizes.
    Redundancy,
    /// Waivers.
    Waiver,
}

impl RuleId {
    /// The rule itself.
    pub fn rule(self) -> &'static Rule {
        #[expect(
            clippy::indexing_slicing,
            reason = "the table has one row for each variant, in order; a test counts"
        )]
        &RULES[self as usize]
    }
}

impl Rule {
    /// The rule of an id.
    pub fn find(id: &str) -> Option<RuleId> {
        RuleId::ALL.iter().copied().find(|rule| rule.rule().id == id)
    }

    /// The id that was probably meant.
    pub fn nearest(id: &str) -> Option<&'static str> {
        kagimori_id::nearest(id, RULES.iter().map(|rule| rule.id))
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Error => "error",
            Self::Security => "security",
            Self::Warning => "warning",
            Self::Suggestion => "suggestion",
            Self::Off => "off",
        })
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Grammar => "grammar",
            Self::Action => "action",
            Self::Arn => "arn",
            Self::Principal => "principal",
            Self::Condition => "condition",
            Self::FailOpen => "fail-open",
            Self::Variable => "variable",
            Self::Guardrail => "guardrail",
            Self::Trust => "trust",
            Self::OverGrant => "over-grant",
            Self::Redundancy => "redundancy",
            Self::Waiver => "waiver",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{RULES, Rule, RuleId};

    #[test]
    fn the_table_is_whole() {
        assert_eq!(RULES.len(), RuleId::ALL.len());
        let ids: BTreeSet<&str> = RULES.iter().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), RULES.len(), "an id stands twice");
        for id in RuleId::ALL {
            let rule = id.rule();
            assert_eq!(Rule::find(rule.id), Some(*id), "{}", rule.id);
            let is_kebab = rule.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            assert!(
                is_kebab && [rule.says, rule.fix].iter().all(|text| text.ends_with(['.', '…'])),
                "{}",
                rule.id
            );
        }
        assert_eq!(Rule::nearest("pass-role-with-star-in-resourse"), Some("pass-role-with-star-in-resource"));
    }

    /// parliament 1.6.4 (BSD-3-Clause) has these ids; each has its answer here.
    #[test]
    fn parliament_is_answered() {
        let ids = "EXCEPTION MALFORMED_JSON MALFORMED DUPLICATE_SID RESOURCE_POLICY_PRIVILEGE_ESCALATION UNKNOWN_PRINCIPAL \
            UNKNOWN_FEDERATION_SOURCE MISMATCHED_TYPE_OPERATION_TO_NULL MISMATCHED_TYPE_BUT_USABLE MISMATCHED_TYPE \
            UNKNOWN_ACTION UNKNOWN_PREFIX UNKNOWN_CONDITION_FOR_ACTION BAD_PATTERN_FOR_MFA INVALID_SID INVALID_ARN \
            NO_VERSION INVALID_VERSION OLD_VERSION RESOURCE_MISMATCH RESOURCE_STAR RESOURCE_EFFECTIVELY_STAR \
            UNKNOWN_OPERATOR";
        for id in ids.split_whitespace() {
            assert!(RULES.iter().any(|rule| rule.parliament.contains(&id)), "{id}");
        }
    }
}
