//! The review by framework: which control holds where, so that an auditor can tick it off.
//!
//! Controls are named by their ids; what they ask is in the frameworks themselves, whose texts are not ours to copy. A control that
//! no check decides is listed, with what it would need.

use std::collections::BTreeMap;

use kagimori_id::AccountId;
use serde::Serialize;

use crate::check::{self, Check};
use crate::review::{AccountState, Review, Tally};

/// A framework, or a version of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "each has its list of controls")]
pub enum Framework {
    /// CIS AWS Foundations Benchmark 7.0, section 2.
    Cis7,
    /// CIS AWS Foundations Benchmark 6.0, section 2.
    Cis6,
    /// CIS AWS Foundations Benchmark 5.0, section 1.
    Cis5,
    /// CIS AWS Foundations Benchmark 3.0, section 1 (4.0 numbers likewise).
    Cis3,
    /// AWS Security Hub CSPM, controls IAM.1 to IAM.28 and those of KMS about IAM policies (FSBP and its siblings).
    SecurityHub,
    /// Managed rules of AWS Config about IAM.
    Config,
}

/// What the review says of a control in an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(clippy::exhaustive_enums, reason = "what an auditor can tick")]
pub enum Status {
    /// A check of the control fails.
    Fail,
    /// Nothing fails, and something could not be told.
    Unknown,
    /// All that fails is covered by waivers.
    Waived,
    /// Everything was looked at, and is right.
    Pass,
    /// There is nothing in the account that the control is about.
    NotApplicable,
    /// No check decides it.
    NotAssessed,
}

/// One control.
#[derive(Clone, Debug)]
pub struct Control {
    /// The framework.
    pub framework: Framework,
    /// Its id there: `2.10`, `IAM.5`, `iam-user-mfa-enabled`.
    pub id: String,
    /// The checks that decide it; none: see [`Control::needs`].
    pub checks: Vec<&'static Check>,
}

/// One control in one account.
#[derive(Clone, Debug)]
pub struct ControlRow {
    /// Index of the control in [`controls`].
    pub control: usize,
    /// The account.
    pub account: AccountId,
    /// What is said.
    pub status: Status,
    /// The verdicts of its checks.
    pub tally: Tally,
}

impl Framework {
    /// Every framework, in the order in which they are shown.
    pub const ALL: [Self; 6] =
        [Self::Cis7, Self::Cis6, Self::Cis5, Self::Cis3, Self::SecurityHub, Self::Config];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cis7 => "CIS AWS Foundations 7.0",
            Self::Cis6 => "CIS AWS Foundations 6.0",
            Self::Cis5 => "CIS AWS Foundations 5.0",
            Self::Cis3 => "CIS AWS Foundations 3.0",
            Self::SecurityHub => "Security Hub CSPM (FSBP), IAM",
            Self::Config => "AWS Config managed rules",
        }
    }

    /// What `checks.toml` calls it, and what stands before an id there.
    fn mapped_as(self) -> (&'static str, &'static str) {
        match self {
            Self::Cis7 => ("cis", "7.0:"),
            Self::Cis6 => ("cis", "6.0:"),
            Self::Cis5 => ("cis", "5.0:"),
            Self::Cis3 => ("cis", "3.0:"),
            Self::SecurityHub => ("securityhub", ""),
            Self::Config => ("config", ""),
        }
    }

    /// The controls of its part about IAM, by number; those that checks map to beside.
    fn numbered(self) -> Vec<String> {
        let section = |section: u32, last: u32| (1..=last).map(|n| format!("{section}.{n}")).collect();
        match self {
            Self::Cis7 => {
                let structure = (1..=6).map(|n| format!("2.1.{n}"));
                structure.chain((2..=21).map(|n| format!("2.{n}"))).collect()
            }
            Self::Cis6 => section(2, 21),
            Self::Cis5 => section(1, 21),
            Self::Cis3 => section(1, 22),
            Self::SecurityHub => (1..=28).map(|n| format!("IAM.{n}")).collect(),
            Self::Config => Vec::new(),
        }
    }
}

impl Control {
    /// What it would need to be decided, in English and Japanese; `None` when a check decides it.
    pub fn needs(&self) -> Option<(&'static str, &'static str)> {
        const CONTACTS: (&str, &str) = (
            "the account's contacts (account:GetContactInformation)",
            "アカウントの連絡先（account:GetContactInformation）",
        );
        const QUESTIONS: (&str, &str) = ("a look at the console by hand", "コンソールでの目視確認");
        const ANALYZER: (&str, &str) = (
            "the analyzers of every Region (access-analyzer:ListAnalyzers)",
            "全リージョンのアナライザー（access-analyzer:ListAnalyzers）",
        );
        const STRUCTURE: (&str, &str) =
            ("the organization's tree and delegated administrators", "組織のツリーと委任管理者");
        const OTHER: (&str, &str) = ("data that is not read yet", "まだ読み取っていないデータ");
        if !self.checks.is_empty() {
            return None;
        }
        Some(match (self.framework, self.id.as_str()) {
            (Framework::Cis3 | Framework::Cis5, "1.1" | "1.2")
            | (Framework::Cis6, "2.1" | "2.2")
            | (Framework::Cis7, "2.2" | "2.3") => CONTACTS,
            (Framework::Cis3, "1.3") => QUESTIONS,
            (Framework::Cis3, "1.20")
            | (Framework::Cis5, "1.19")
            | (Framework::Cis6, "2.19")
            | (Framework::Cis7, "2.18")
            | (Framework::SecurityHub, "IAM.23" | "IAM.28") => ANALYZER,
            (Framework::Cis7, id) if id.starts_with("2.1.") => STRUCTURE,
            _ => OTHER,
        })
    }
}

/// Every control of every framework, in order.
pub fn controls() -> Vec<Control> {
    Framework::ALL.into_iter().flat_map(of_framework).collect()
}

fn of_framework(framework: Framework) -> Vec<Control> {
    let (name, prefix) = framework.mapped_as();
    let mut found: BTreeMap<String, Vec<&'static Check>> =
        framework.numbered().into_iter().map(|id| (id, Vec::new())).collect();
    for check in check::catalogue() {
        let ids = check.maps.get(name).into_iter().flatten();
        for id in ids.filter_map(|id| id.strip_prefix(prefix)) {
            found.entry(id.to_owned()).or_default().push(check);
        }
    }
    let mut controls: Vec<Control> =
        found.into_iter().map(|(id, checks)| Control { framework, id, checks }).collect();
    controls.sort_by_cached_key(|control| numbers(&control.id));
    controls
}

/// `2.10` stands behind `2.9`.
fn numbers(id: &str) -> (Vec<u32>, String) {
    let parts = id.split(|letter: char| !letter.is_ascii_digit()).filter_map(|part| part.parse().ok());
    (parts.collect(), id.to_owned())
}

/// Every control in every account that should have been reviewed.
pub fn assess(review: &Review, controls: &[Control]) -> Vec<ControlRow> {
    let accounts = review.accounts.iter().filter(|row| row.state != AccountState::Skipped);
    let accounts: Vec<_> = accounts.collect();
    let mut rows = Vec::new();
    for (index, control) in controls.iter().enumerate() {
        for account in &accounts {
            let tally = tally(review, control, account.id);
            let status = if control.checks.is_empty() {
                Status::NotAssessed
            } else if account.state == AccountState::NotGiven {
                Status::Unknown
            } else {
                status(tally)
            };
            rows.push(ControlRow { control: index, account: account.id, status, tally });
        }
    }
    rows
}

fn tally(review: &Review, control: &Control, account: AccountId) -> Tally {
    let of = |check: &&'static Check| review.tallies.get(&(check.id.as_str(), account)).copied();
    control.checks.iter().filter_map(of).fold(Tally::default(), |sum, one| sum + one)
}

fn status(tally: Tally) -> Status {
    match tally {
        Tally { fail: 1.., .. } => Status::Fail,
        Tally { unknown: 1.., .. } => Status::Unknown,
        Tally { waived: 1.., .. } => Status::Waived,
        Tally { pass: 1.., .. } | Tally { info: 1.., .. } => Status::Pass,
        _ => Status::NotApplicable,
    }
}

#[cfg(test)]
mod tests {
    use super::{Framework, Status, controls, status};
    use crate::review::Tally;

    #[test]
    fn every_control_has_checks_or_says_what_it_needs() {
        let controls = controls();
        for control in &controls {
            assert_eq!(control.checks.is_empty(), control.needs().is_some(), "{control:?}");
        }
        let of = |framework| controls.iter().filter(|control| control.framework == framework).count();
        assert_eq!(
            Framework::ALL.map(of)[..5],
            [26, 21, 21, 22, 30],
            "CIS 7.0, 6.0, 5.0, 3.0, and Security Hub's 28 of IAM and 2 of KMS"
        );
        let undecided = controls.iter().filter(|control| control.checks.is_empty()).count();
        assert!(undecided < 24, "{undecided} controls are decided by nothing");
        let ids: Vec<&str> = controls.iter().take(8).map(|control| control.id.as_str()).collect();
        assert_eq!(ids, ["2.1.1", "2.1.2", "2.1.3", "2.1.4", "2.1.5", "2.1.6", "2.2", "2.3"]);
    }

    #[test]
    fn a_control_is_as_good_as_its_worst_verdict() {
        let none = Tally::default();
        for (tally, expected) in [
            (none, Status::NotApplicable),
            (Tally { not_applicable: 3, ..none }, Status::NotApplicable),
            (Tally { pass: 3, ..none }, Status::Pass),
            (Tally { pass: 3, waived: 1, ..none }, Status::Waived),
            (Tally { pass: 3, waived: 1, unknown: 1, ..none }, Status::Unknown),
            (Tally { pass: 3, unknown: 1, fail: 1, ..none }, Status::Fail),
        ] {
            assert_eq!(status(tally), expected, "{tally:?}");
        }
    }
}
