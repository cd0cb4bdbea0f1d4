//! How `kagimori policy check` lints: levels of rules, and waivers, from `kagimori.toml` or from a `NAME.waivers.toml` beside the
//! policy.

use std::collections::BTreeMap;

use kagimori_policy::lint::rule::{Level, Rule, RuleId};
use kagimori_policy::lint::waiver::Waiver;
use serde::Deserialize;
use toml::Spanned;

use super::{SettingsError, day};

/// How policies are linted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicySettings {
    /// Levels other than the rules' own.
    pub levels: BTreeMap<RuleId, Level>,
    /// Findings that are accepted for a while; `written` names no file yet.
    pub waivers: Vec<Waiver>,
}

/// Reads a `NAME.waivers.toml`; its waivers are about the policy in `file`, and stand in `written`.
///
/// # Errors
/// [`SettingsError`] when the text is not TOML, has a key this program does not know, a rule that does not exist, or a date
/// that is none.
pub fn sidecar(text: &str, file: &str, written: &str) -> Result<Vec<Waiver>, SettingsError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sidecar {
        #[serde(default)]
        waiver: Vec<WireWaiver>,
    }
    let wire: Sidecar = toml::from_str(text).map_err(|error| SettingsError::toml(&error, text))?;
    let read = |waiver: WireWaiver| {
        let waiver = WireWaiver { file: Some(file.to_owned()), ..waiver };
        waiver.read(text, written)
    };
    wire.waiver.into_iter().map(read).collect()
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct WirePolicy {
    severity: BTreeMap<String, Level>,
    waiver: Vec<WireWaiver>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireWaiver {
    rule: Spanned<String>,
    file: Option<String>,
    at: Option<String>,
    owner: String,
    reason: String,
    expires: String,
}

impl WirePolicy {
    pub(super) fn read(self, text: &str) -> Result<PolicySettings, SettingsError> {
        let levels = self.severity.into_iter().map(|(id, level)| Ok((rule(&id)?, level)));
        Ok(PolicySettings {
            levels: levels.collect::<Result<_, SettingsError>>()?,
            waivers: self.waiver.into_iter().map(|waiver| waiver.read(text, "")).collect::<Result<_, _>>()?,
        })
    }
}

impl WireWaiver {
    fn read(self, text: &str, written: &str) -> Result<Waiver, SettingsError> {
        let id = self.rule.get_ref();
        for (key, value) in [("owner", &self.owner), ("reason", &self.reason)] {
            if value.trim().is_empty() {
                let message = format!("the waiver for `{id}` has an empty `{key}`");
                return Err(SettingsError::new(message, "a waiver needs an owner, a reason and a last day"));
            }
        }
        let before = text.get(..self.rule.span().start).unwrap_or_default();
        Ok(Waiver {
            rule: rule(id)?,
            file: self.file.unwrap_or_else(|| "*".to_owned()),
            at: self.at.unwrap_or_else(|| "*".to_owned()),
            expires: day(id, &self.expires)?,
            owner: self.owner,
            reason: self.reason,
            written: (written.to_owned(), before.matches('\n').count() + 1),
        })
    }
}

fn rule(id: &str) -> Result<RuleId, SettingsError> {
    Rule::find(id).ok_or_else(|| {
        let hint = match Rule::nearest(id) {
            Some(nearest) => {
                format!("did you mean `{nearest}`? `kagimori policy check --list-rules` lists them all")
            }
            None => "`kagimori policy check --list-rules` lists them all".to_owned(),
        };
        SettingsError::new(format!("there is no rule `{id}`"), &hint)
    })
}

#[cfg(test)]
mod tests {
    use kagimori_policy::lint::rule::{Level, RuleId};

    use super::super::Settings;
    use super::sidecar;

    const WAIVER: &str = "rule = \"full-access\"\nat = \"BreakGlass\"\nowner = \"sre\"\nreason = \"r\"\nexpires = \"2027-03-31\"\n";

    #[test]
    fn levels_and_waivers() {
        let text = format!(
            "[policy.severity]\nresource-star = \"off\"\n[[policy.waiver]]\nfile = \"a/*.json\"\n{WAIVER}"
        );
        let policy = Settings::parse(&text).unwrap().policy;
        assert_eq!(policy.levels.get(&RuleId::ResourceStar), Some(&Level::Off));
        let [waiver] = policy.waivers.as_slice() else { panic!("{policy:?}") };
        assert_eq!(
            (waiver.file.as_str(), waiver.at.as_str(), waiver.written.1),
            ("a/*.json", "BreakGlass", 5)
        );
        let [waiver] = sidecar(&format!("[[waiver]]\n{WAIVER}"), "b.json", "b.waivers.toml")
            .unwrap()
            .try_into()
            .unwrap();
        assert_eq!((waiver.file.as_str(), waiver.written), ("b.json", ("b.waivers.toml".to_owned(), 2)));
    }

    #[test]
    fn faults_are_named() {
        for (text, message) in [
            ("[policy.severity]\nresource-sta = \"off\"", "there is no rule `resource-sta`"),
            (
                "[policy.severity]\nresource-star = \"bad\"",
                "line 2: unknown variant `bad`, expected one of `error`, `security`, `warning`, `suggestion`, `off`",
            ),
            (
                "[[policy.waiver]]\nrule = \"full-access\"\nowner = \"\"\nreason = \"r\"\nexpires = \"2027-03-31\"",
                "the waiver for `full-access` has an empty `owner`",
            ),
            (
                "[[policy.waiver]]\nrule = \"full-access\"\nowner = \"a\"\nreason = \"r\"\nexpires = \"soon\"",
                "the waiver for `full-access` expires on `soon`, which is no date",
            ),
        ] {
            let error = Settings::parse(text).unwrap_err();
            assert_eq!(error.to_string(), message);
            assert!(!error.hint().is_empty());
        }
    }
}
