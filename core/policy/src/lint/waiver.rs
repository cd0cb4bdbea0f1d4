//! Findings that are accepted for a while: JSON has no comments, so waivers stand beside the policy.

use jiff::civil::Date;

use super::finding::Finding;
use super::rule::RuleId;
use crate::pattern::matches;

/// A finding that somebody answers for until a day.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct Waiver {
    /// The rule.
    pub rule: RuleId,
    /// The file, as a pattern; `*` for any.
    pub file: String,
    /// The policy's name within the file, the Sid, or the JSON pointer of the element, as a pattern; `*` for any.
    pub at: String,
    /// Who answers for it.
    pub owner: String,
    /// Why it is accepted.
    pub reason: String,
    /// The last day (UTC) on which it holds.
    pub expires: Date,
    /// Where the waiver itself stands: file and line.
    pub written: (String, usize),
}

/// What became of findings and waivers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// The findings that still count.
    pub kept: Vec<Finding>,
    /// Those that do not, with the waiver's place in the list.
    pub waived: Vec<(Finding, usize)>,
    /// Waivers whose day has passed and that would have waived something.
    pub expired: Vec<usize>,
}

/// Sets waivers against the findings of one policy.
pub fn apply(findings: Vec<Finding>, waivers: &[Waiver], file: &str, policy: &str, today: Date) -> Applied {
    let mut applied = Applied::default();
    for finding in findings {
        let mut about =
            waivers.iter().enumerate().filter(|(_, waiver)| waiver.is_about(&finding, file, policy));
        let holding = about.clone().find(|(_, waiver)| waiver.expires >= today);
        match holding {
            Some((place, _)) => applied.waived.push((finding, place)),
            None => {
                applied.expired.extend(about.next().map(|(place, _)| place));
                applied.kept.push(finding);
            }
        }
    }
    applied.expired.sort_unstable();
    applied.expired.dedup();
    applied
}

impl Waiver {
    fn is_about(&self, finding: &Finding, file: &str, policy: &str) -> bool {
        let is_there = |name: &str| !name.is_empty() && matches(&self.at, name);
        let at_element = self.at.starts_with('/')
            && (matches(&self.at, &finding.pointer) || matches(&format!("{}/*", self.at), &finding.pointer));
        self.rule == finding.rule
            && matches(&self.file, file)
            && (self.at == "*"
                || is_there(policy)
                || finding.sid.as_deref().is_some_and(is_there)
                || at_element)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{Waiver, apply};
    use crate::lint::rule::RuleId;
    use crate::lint::{Options, check};

    fn waiver(at: &str, day: i8) -> Waiver {
        Waiver {
            rule: RuleId::FullAccess,
            file: "*admin.json".to_owned(),
            at: at.to_owned(),
            owner: "sre".to_owned(),
            reason: "break glass".to_owned(),
            expires: date(2026, 11, day),
            written: ("admin.waivers.toml".to_owned(), 1),
        }
    }

    #[test]
    fn a_waiver_holds_for_its_place_and_until_its_day() {
        let text = r#"{"Version":"2012-10-17","Statement":[{"Sid":"All","Effect":"Allow","Action":"*","Resource":"*"}]}"#;
        let options = Options { only: [RuleId::FullAccess].into(), ..Options::default() };
        let findings = || check(text, "admin.json", &options).policies.remove(0).findings;
        let today = date(2026, 11, 25);
        for (file, at, day, waived, expired) in [
            ("x/admin.json", "All", 25, 1, 0),
            ("x/admin.json", "*", 30, 1, 0),
            ("x/admin.json", "/Statement/0", 30, 1, 0),
            ("x/admin.json", "/Statement/0/Action", 30, 1, 0),
            ("x/admin.json", "/Statement/1", 30, 0, 0),
            ("x/admin.json", "Other", 30, 0, 0),
            ("x/other.json", "All", 30, 0, 0),
            ("x/admin.json", "All", 24, 0, 1),
        ] {
            let applied = apply(findings(), &[waiver(at, day)], file, "", today);
            assert_eq!((applied.waived.len(), applied.expired.len()), (waived, expired), "{file} {at} {day}");
            assert_eq!(applied.kept.len(), 1 - waived);
        }
    }
}
