//! The catalogue of checks: texts and mappings from `checks.toml`, and the rule behind each id.
//!
//! A rule is a small pure function over one thing (an account, a user, a key …). It returns a [`Ruling`], or the gap
//! that hid what it needed; `?` on a [`Known`](kagimori_estate::Known) is how it asks. Which things there are, and what
//! becomes of a gap, is [`run`]'s business, so that no rule can forget a resource or turn missing data into a pass.

mod admitted;
mod barred;
mod credential;
mod desk;
mod detection;
mod federation;
mod mfa;
mod organization;
mod password_policy;
mod people;
mod policy;
mod risk;
mod role;
mod root;
mod run;
mod staleness;
mod subject;
mod tag;
mod trust;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use kagimori_estate::fact::{Dataset, Gap};
use kagimori_estate::model::{AccessKey, Account, Group, ManagedPolicy, Role, User};
use serde::{Deserialize, Serialize};

use crate::verdict::{FactValue, Severity};

pub(crate) use admitted::trusted;
pub use desk::Beside;
pub(crate) use people::Bastions;
pub(crate) use run::{Context, Sink, is_aws_owned, run};
pub(crate) use subject::{Identity, Named, Placed, ROOT};
pub(crate) use tag::value as tag_value;

/// One check, as `checks.toml` describes it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Check {
    /// Its id: `mfa-console-user`. Never changes its meaning.
    pub id: String,
    /// How bad a failure is.
    pub severity: Severity,
    /// What it is called.
    pub title: String,
    /// The same in Japanese.
    pub title_ja: String,
    /// When it fails.
    pub rule: String,
    /// The same in Japanese.
    pub rule_ja: String,
    /// What a failure says, with `{placeholders}` for its facts.
    pub finding: String,
    /// The same in Japanese.
    pub finding_ja: String,
    /// What to do next.
    pub fix: String,
    /// The same in Japanese.
    pub fix_ja: String,
    /// The data it looks at.
    pub data: Vec<Dataset>,
    /// The settings of `kagimori.toml` that it goes by: `limits.unused`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<String>,
    /// The seed articles (S0–S4) that ask for it.
    #[serde(default)]
    pub seeds: Vec<String>,
    /// What others call it: framework → ids.
    #[serde(default)]
    pub maps: BTreeMap<String, Vec<String>>,
    /// How their meaning relates to ours: `framework:id` → `same`, `narrower` (ours finds less), `wider` (ours finds more).
    #[serde(default)]
    pub semantics: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Catalogue {
    check: Vec<Check>,
}

static CATALOGUE: LazyLock<Vec<Check>> = LazyLock::new(|| {
    let parsed: Result<Catalogue, _> = toml::from_str(include_str!("check/checks.toml"));
    #[expect(clippy::expect_used, reason = "the text is part of the program, and a test parses it")]
    let mut checks = parsed.expect("checks.toml is sound").check;
    checks.sort_by(|a, b| a.id.cmp(&b.id));
    checks
});

/// Every check, by id.
pub fn catalogue() -> &'static [Check] {
    &CATALOGUE
}

/// The check with this id.
pub fn find(id: &str) -> Option<&'static Check> {
    let index = CATALOGUE.binary_search_by(|check| check.id.as_str().cmp(id)).ok()?;
    CATALOGUE.get(index)
}

/// The id that was probably meant.
pub fn nearest(id: &str) -> Option<&'static str> {
    kagimori_id::nearest(id, CATALOGUE.iter().map(|check| check.id.as_str()))
}

/// The facts a sentence is made of.
pub(crate) type Facts = Vec<(&'static str, FactValue)>;

/// What a rule says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ruling {
    /// Looked at, and right.
    Pass,
    /// The question does not arise.
    NotApplicable,
    /// Something is wrong.
    Fail(Facts),
    /// Worth knowing.
    Info(Facts),
}

/// The gap that hid what a rule needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Missing(pub(crate) Gap);

impl From<&Gap> for Missing {
    fn from(gap: &Gap) -> Self {
        Self(gap.clone())
    }
}

/// What a rule returns.
pub(crate) type Judged = Result<Ruling, Missing>;

/// The shape of a rule: what it looks at, one at a time.
#[derive(Clone, Copy)]
pub(crate) enum Rule {
    /// An account as a whole.
    Account(fn(&Context<'_>, &Account) -> Judged),
    /// An account's root user.
    Root(fn(&Context<'_>, &Account) -> Judged),
    /// An account's root user, where the log of a desk was given: otherwise the question was not asked, and nothing is said.
    Asked(fn(&Context<'_>, &Account) -> Judged),
    /// An IAM user.
    User(fn(&Context<'_>, &Account, &User) -> Judged),
    /// A user's console password.
    Password(fn(&Context<'_>, &Account, &User) -> Judged),
    /// An access key of a user.
    Key(fn(&Context<'_>, &Account, &User, &AccessKey) -> Judged),
    /// A group.
    Group(fn(&Context<'_>, &Account, &Group) -> Judged),
    /// A role of the customer: service-linked and Identity Center's reserved ones cannot be edited.
    Role(fn(&Context<'_>, &Account, &Role) -> Judged),
    /// A managed policy of the customer.
    Policy(fn(&Context<'_>, &Account, &ManagedPolicy) -> Judged),
    /// A user, group or (customer's) role with the policies on it.
    Identity(fn(&Context<'_>, &Account, &Identity<'_>) -> Judged),
    /// A policy document of the customer: managed, or inline on an identity.
    Document(fn(&Context<'_>, &Account, &Placed<'_>) -> Judged),
    /// A rule that lists its own resources: devices, certificates.
    Listed(for<'a> fn(&Context<'_>, &'a Account) -> Result<Vec<Listed<'a>>, Missing>),
    /// The organization, judged once, in the management account.
    Organization(fn(&Context<'_>) -> Judged),
    /// The program's own: waivers.
    Settings,
}

/// A ruling of a rule that lists its own resources.
pub(crate) struct Listed<'a> {
    pub(crate) named: subject::Named<'a>,
    pub(crate) judged: Judged,
}

/// The rule of every check, by id. A test holds it to the catalogue.
pub(crate) fn rules() -> Vec<(&'static str, Rule)> {
    let mut rules = Vec::new();
    for family in [
        root::RULES,
        desk::RULES,
        mfa::RULES,
        credential::RULES,
        detection::RULES,
        password_policy::RULES,
        policy::RULES,
        risk::RULES,
        role::RULES,
        trust::RULES,
        federation::RULES,
        tag::RULES,
        organization::RULES,
    ] {
        rules.extend_from_slice(family);
    }
    rules.extend([("waiver-expired", Rule::Settings), ("waiver-unused", Rule::Settings)]);
    rules
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{catalogue, find, nearest, rules};

    #[test]
    fn every_check_has_a_rule_and_every_rule_a_check() {
        let checks: BTreeSet<&str> = catalogue().iter().map(|check| check.id.as_str()).collect();
        let ids: BTreeSet<&str> = rules().iter().map(|(id, _)| *id).collect();
        assert_eq!(checks, ids);
        assert_eq!(rules().len(), ids.len(), "an id stands twice");
        assert_eq!(catalogue().len(), checks.len(), "an id stands twice");
    }

    #[test]
    fn every_check_has_every_text_in_both_languages() {
        for check in catalogue() {
            for (english, japanese) in [
                (&check.title, &check.title_ja),
                (&check.rule, &check.rule_ja),
                (&check.finding, &check.finding_ja),
                (&check.fix, &check.fix_ja),
            ] {
                let japanese_letter = |c: char| {
                    ('\u{3040}'..='\u{30ff}').contains(&c) || ('\u{4e00}'..='\u{9fff}').contains(&c)
                };
                assert!(!english.is_empty() && !english.chars().any(japanese_letter), "{}", check.id);
                assert!(japanese.chars().any(japanese_letter), "{}: {japanese}", check.id);
            }
            assert!(!check.data.is_empty() || check.id.starts_with("waiver-"), "{}", check.id);
        }
    }

    #[test]
    fn both_languages_use_the_same_facts() {
        let placeholders = |text: &str| -> BTreeSet<String> {
            text.split('{')
                .skip(1)
                .filter_map(|rest| rest.split_once('}'))
                .map(|(name, _)| name.to_owned())
                .collect()
        };
        for check in catalogue() {
            assert_eq!(placeholders(&check.finding), placeholders(&check.finding_ja), "{}", check.id);
        }
    }

    #[test]
    fn semantics_speak_of_what_is_mapped() {
        for check in catalogue() {
            for (id, relation) in &check.semantics {
                assert!(
                    ["same", "narrower", "wider"].contains(&relation.as_str()),
                    "{}: {relation}",
                    check.id
                );
                let (framework, id) = id.split_once(':').unwrap();
                assert!(check.maps[framework].iter().any(|mapped| mapped == id), "{}: {id}", check.id);
            }
        }
    }

    /// A name that the settings do not know would be refused (`deny_unknown_fields`).
    #[test]
    fn the_settings_that_checks_name_exist() {
        for setting in catalogue().iter().flat_map(|check| &check.settings) {
            let text = match setting.split_once('.') {
                Some(("limits", key)) => format!("[limits]\n{key} = 3600"),
                Some((table, key)) => format!("[{table}]\n{key} = []"),
                None if setting == "bastion" => "bastion = \"111122223333\"".to_owned(),
                None => format!("[{setting}]"),
            };
            let refused = crate::Settings::parse(&text).err().map(|error| error.to_string());
            assert!(refused.is_none_or(|why| why.ends_with("which is no limit")), "{setting}");
        }
    }

    #[test]
    fn nearest_helps_with_typos_only() {
        assert_eq!(nearest("mfa-console-usr"), Some("mfa-console-user"));
        assert_eq!(nearest("KEY_UNUSED"), Some("key-unused"));
        assert_eq!(nearest("something else"), None);
        assert!(find("key-unused").is_some());
    }
}
