//! What came out, over all files: findings, waivers, what could not be read.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use kagimori_plan::settings::policy::sidecar;
use kagimori_policy::lint::rule::{Level, RuleId};
use kagimori_policy::lint::waiver::{self, Waiver};
use kagimori_policy::lint::{Finding, Options, Place, check};
use kagimori_policy::validate::PolicyKind;
use kagimori_terminal::printer;

use super::input::Text;
use crate::error::AppError;
use crate::exit::Exit;

/// One document and what was found in it.
pub(super) struct Judged {
    pub(super) file: String,
    pub(super) name: String,
    pub(super) kind: PolicyKind,
    pub(super) is_guess: bool,
    pub(super) findings: Vec<Finding>,
    /// With the waiver's place in [`Outcome::waivers`].
    pub(super) waived: Vec<(Finding, usize)>,
}

/// A waiver that says nothing any more.
pub(super) struct AboutWaiver {
    pub(super) rule: RuleId,
    pub(super) level: Level,
    pub(super) file: String,
    pub(super) place: Place,
    pub(super) message: String,
}

#[derive(Default)]
pub(super) struct Outcome {
    pub(super) policies: Vec<Judged>,
    pub(super) waivers: Vec<Waiver>,
    pub(super) about_waivers: Vec<AboutWaiver>,
    /// File and reason.
    pub(super) not_read: Vec<(String, String)>,
    /// Files of folders that hold no policy.
    without_policy: usize,
    of_aws: usize,
}

impl Outcome {
    pub(super) fn new(
        texts: Vec<Text>,
        options: &Options,
        waivers: &[Waiver],
        today: Date,
        shown: Level,
    ) -> Result<Self, AppError> {
        let mut outcome = Self { waivers: waivers.to_vec(), ..Self::default() };
        let (mut used, mut expired) = (BTreeSet::new(), BTreeSet::new());
        for text in texts {
            outcome.beside(&text)?;
            outcome.judge(text, options, today, &mut used, &mut expired);
        }
        outcome.judge_waivers(options, &used, &expired);
        for policy in &mut outcome.policies {
            policy.findings.retain(|finding| finding.level <= shown);
        }
        outcome.about_waivers.retain(|about| about.level <= shown);
        if outcome.policies.is_empty() && outcome.not_read.is_empty() && outcome.of_aws == 0 {
            let message = "found no policy document in what was given".to_owned();
            let hint = "a policy is a JSON object with `Statement`, or what the AWS CLI prints around one"
                .to_owned();
            return Err(AppError::Argument { message, hint });
        }
        Ok(outcome)
    }

    /// Takes in the waivers beside a file.
    fn beside(&mut self, text: &Text) -> Result<(), AppError> {
        let Some((content, path)) = &text.waivers else { return Ok(()) };
        let read = sidecar(content, &text.name, &path.display().to_string());
        let waivers = read.map_err(|source| AppError::Settings { path: path.clone(), source })?;
        self.waivers.extend(waivers);
        Ok(())
    }

    fn judge(
        &mut self,
        text: Text,
        options: &Options,
        today: Date,
        used: &mut BTreeSet<usize>,
        expired: &mut BTreeSet<usize>,
    ) {
        let content = match text.text {
            Ok(content) => content,
            Err(message) => return self.not_read.push((text.name, message)),
        };
        let checked = check(&content, &text.name, options);
        let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&content).is_ok();
        let is_foreign = text.is_found && !is_json && !content.contains("\"Statement\"");
        if !checked.is_policy || is_foreign {
            if text.is_found {
                self.without_policy += 1;
            } else {
                self.not_read.push((text.name, "it holds no policy document".to_owned()));
            }
            return;
        }
        self.of_aws += checked.of_aws;
        for policy in checked.policies {
            let applied = waiver::apply(policy.findings, &self.waivers, &text.name, &policy.name, today);
            used.extend(applied.waived.iter().map(|(_, place)| *place));
            expired.extend(applied.expired);
            self.policies.push(Judged {
                file: text.name.clone(),
                name: policy.name,
                kind: policy.kind,
                is_guess: policy.is_guess,
                findings: applied.kept,
                waived: applied.waived,
            });
        }
    }

    /// An expired waiver, and one that waives nothing, are findings themselves.
    fn judge_waivers(&mut self, options: &Options, used: &BTreeSet<usize>, expired: &BTreeSet<usize>) {
        for (number, waiver) in self.waivers.iter().enumerate() {
            let id = waiver.rule.rule().id;
            let (rule, message) = if expired.contains(&number) {
                let message = format!(
                    "the waiver of `{id}` by {} expired on {}: {}",
                    waiver.owner, waiver.expires, waiver.reason
                );
                (RuleId::WaiverExpired, message)
            } else if used.contains(&number) || options.level(waiver.rule) == Level::Off {
                continue;
            } else {
                (RuleId::WaiverUnused, format!("the waiver of `{id}` at `{}` waives nothing here", waiver.at))
            };
            let level = options.level(rule);
            let (file, line) = waiver.written.clone();
            if level != Level::Off {
                self.about_waivers.push(AboutWaiver { rule, level, file, place: Place::line(line), message });
            }
        }
    }

    /// Every level that is shown, the worst first.
    pub(super) fn levels(&self) -> BTreeMap<Level, usize> {
        let mut levels = BTreeMap::new();
        let of_policies =
            self.policies.iter().flat_map(|policy| &policy.findings).map(|finding| finding.level);
        for level in of_policies.chain(self.about_waivers.iter().map(|about| about.level)) {
            *levels.entry(level).or_default() += 1;
        }
        levels
    }

    /// The summary, for a person.
    pub(super) fn tell(&self) {
        for (file, message) in &self.not_read {
            printer::warning(&format!("`{file}` was left out: {message}"));
        }
        let levels = self.levels();
        let total: usize = levels.values().sum();
        let by_level: Vec<String> =
            levels.iter().map(|(level, count)| counted(*count, &level.to_string())).collect();
        let by_level =
            if by_level.is_empty() { String::new() } else { format!(" ({})", by_level.join(", ")) };
        let mut parts = vec![format!(
            "{} in {}{by_level}",
            counted(total, "finding"),
            counted(self.policies.len(), "policy")
        )];
        let waived: usize = self.policies.iter().map(|policy| policy.waived.len()).sum();
        let guesses = self.policies.iter().filter(|policy| policy.is_guess).count();
        for (count, what) in [
            (waived, "waived"),
            (self.of_aws, "of AWS's own managed policies left out"),
            (self.without_policy, "other JSON files passed over"),
            (self.not_read.len(), "not read"),
        ] {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        }
        printer::note(&parts.join("; "));
        if guesses > 0 {
            printer::note(&format!(
                "the kind of {} was guessed; say it with --kind",
                counted(guesses, "policy")
            ));
        }
    }

    pub(super) fn exit(&self, fail_on: Level) -> Exit {
        let has_findings = self.levels().keys().any(|level| *level <= fail_on);
        match (self.not_read.is_empty(), self.policies.is_empty()) {
            (false, true) => Exit::Failed,
            (false, false) => Exit::Incomplete,
            (true, _) if has_findings => Exit::Findings,
            (true, _) => Exit::Clean,
        }
    }
}

/// `1 finding`, `2 policies`; levels that are adjectives stay as they are.
fn counted(count: usize, word: &str) -> String {
    let plural = match word {
        "policy" => "policies".to_owned(),
        "security" => word.to_owned(),
        _ => format!("{word}s"),
    };
    if count == 1 { format!("1 {word}") } else { format!("{count} {plural}") }
}
