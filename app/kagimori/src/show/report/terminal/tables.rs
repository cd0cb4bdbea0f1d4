//! The parts of the summary that count: accounts, MFA, keys, changes since the last review, what could not be told.

use std::collections::BTreeMap;

use kagimori_plan::review::KeyEvidence;
use kagimori_plan::review::compared::Reason;
use kagimori_plan::verdict::{Outcome, Severity};
use kagimori_terminal::width::{cut, pad};
use kagimori_trail::classify::UseClass;

use super::{BOLD, CYAN, DIM, PROBLEMS_MAX, Summary, YELLOW, resource, thousands_of};

/// How many accounts and kinds of data the terminal shows; the page has all.
const ACCOUNTS_MAX: usize = 60;
const NOT_GIVEN_MAX: usize = 6;
/// How many new findings.
const NEW_MAX: usize = 10;
/// How many columns the name of an account may take.
const NAME_MAX: usize = 24;

impl Summary<'_> {
    pub(super) fn accounts(&mut self) {
        let rows = &self.input.review.accounts;
        let heading = self.words.say("Accounts", "アカウント");
        let head = self.words.say(
            "  id           name                     state      critical  high  medium    low  users   keys  roles",
            "  ID           名前                     状態           緊急    高      中     低 ユーザー キー ロール",
        );
        self.line(&format!("\n{BOLD}{heading}{BOLD:#}\n{DIM}{head}{DIM:#}"));
        for row in rows.iter().take(ACCOUNTS_MAX) {
            let failures = |severity| row.failures.get(&severity).copied().unwrap_or_default();
            let name = pad(&cut(row.name.as_deref().unwrap_or_default(), NAME_MAX), NAME_MAX);
            let line = format!(
                "  {} {name} {} {:>8} {:>5} {:>7} {:>6} {:>6} {:>6} {:>6}",
                row.id,
                pad(self.words.state(row.state), 10),
                thousands_of(failures(Severity::Critical)),
                thousands_of(failures(Severity::High)),
                thousands_of(failures(Severity::Medium)),
                thousands_of(failures(Severity::Low)),
                known(row.users),
                known(row.active_keys),
                known(row.roles),
            );
            self.line(&line);
        }
        if let Some(more) = rows.len().checked_sub(ACCOUNTS_MAX).filter(|more| *more > 0) {
            let more = self.words.and_more(more);
            self.line(&format!("  {DIM}…{more}{DIM:#}"));
        }
    }

    pub(super) fn populations(&mut self) {
        let total = |index: usize| self.total(|row| row.mfa_missing.get(index).copied().flatten());
        let (a, b, c) = (total(0), total(1), total(2));
        let heading = self.words.say("Without MFA", "MFA 未設定");
        let labels = self.words.say("A console users", "A コンソールユーザー");
        let all = self.words.say("B all IAM users", "B 全 IAM ユーザー");
        let privileged = self.words.say("C privileged users", "C 特権ユーザー");
        let text = format!("\n{BOLD}{heading}{BOLD:#}\n  {labels}: {a}\n  {all}: {b}\n  {privileged}: {c}");
        self.line(&text);
    }

    pub(super) fn keys(&mut self) {
        let mut classes: BTreeMap<UseClass, usize> = BTreeMap::new();
        let mut unseen = 0_usize;
        // root's keys are a finding of their own, and have no id to look for in the trail
        let of_users = self.input.review.credentials.iter().filter(|row| row.arn.resource() != "root");
        let active = of_users.filter_map(|row| row.key.as_ref()).filter(|key| key.active == Some(true));
        for key in active {
            match &key.usage {
                Some(KeyEvidence { class, .. }) => *classes.entry(*class).or_default() += 1,
                None => unseen += 1,
            }
        }
        let heading = self.words.say("Active access keys", "有効なアクセスキー");
        let total = self.total(|row| row.active_keys);
        self.line(&format!("\n{BOLD}{heading}{BOLD:#}  {total}"));
        if self.input.usage.is_some() {
            let class = |class| thousands_of(classes.get(&class).copied().unwrap_or_default());
            let (active, rare) = (class(UseClass::Active), class(UseClass::Rare));
            let (shared, noise, unseen) =
                (class(UseClass::Shared), class(UseClass::Noise), thousands_of(unseen));
            let english = format!(
                "  by the trail: {active} active, {rare} rare, {shared} shared, {noise} only noise, {unseen} never seen"
            );
            let japanese = format!(
                "  証跡では: 利用中 {active}、低頻度 {rare}、共有 {shared}、ノイズのみ {noise}、観測なし {unseen}"
            );
            let line = self.words.say(&english, &japanese).to_owned();
            self.line(&line);
        }
    }

    /// What could not be told: sources nobody gave, with the command that gives them, and how many verdicts hang on them.
    pub(super) fn unknowns(&mut self) {
        let (unknown, not_given) = (self.count(Outcome::Unknown), &self.input.review.not_given);
        if unknown == 0 && not_given.is_empty() {
            return;
        }
        let heading = self.words.say("Could not be told", "判定不能");
        let n = thousands_of(unknown);
        let english =
            format!("{n} {}", if unknown == 1 { "verdict is UNKNOWN" } else { "verdicts are UNKNOWN" });
        let japanese = format!("{n} 件");
        let count = self.words.say(&english, &japanese).to_owned();
        self.line(&format!("\n{BOLD}{heading}{BOLD:#}  {count}"));
        let all = self.expected();
        let mut partly: Vec<_> = not_given.iter().collect();
        partly.sort_by_key(|(dataset, lacking)| (std::cmp::Reverse(**lacking), **dataset));
        for (dataset, lacking) in partly.iter().take(NOT_GIVEN_MAX) {
            let english = format!("not given ({lacking} of {all} accounts)");
            let japanese = format!("未提供（{all} アカウント中 {lacking}）");
            let how = self.words.say(&english, &japanese).to_owned();
            self.line(&format!("  {} {DIM}{how}{DIM:#}", pad(dataset.api(), 38)));
        }
        if let Some(more) = partly.len().checked_sub(NOT_GIVEN_MAX).filter(|more| *more > 0) {
            let more = self.words.and_more(more);
            self.line(&format!("  {DIM}…{more}{DIM:#}"));
        }
        if let Some((dataset, _)) = partly.first() {
            let hint = self.words.say(
                "the report has the command for each, the first:",
                "取得コマンドはレポートにあります。最初のもの:",
            );
            self.line(&format!("  {DIM}{hint}{DIM:#}\n    {CYAN}{}{CYAN:#}", dataset.command()));
        }
    }

    pub(super) fn problems(&mut self) {
        let problems = &self.input.estate.problems;
        if problems.is_empty() {
            return;
        }
        let heading = self.words.say("Could not be read, or does not fit", "読み取れない・整合しない情報");
        self.line(&format!("\n{BOLD}{heading}{BOLD:#}  {}", thousands_of(problems.len())));
        let hint = self.words.say("hint", "対応");
        for problem in problems.iter().take(PROBLEMS_MAX) {
            self.line(&format!(
                "  {YELLOW}{}{YELLOW:#}: {}\n    {CYAN}{hint}{CYAN:#}: {}",
                problem.file, problem.message, problem.hint
            ));
        }
        if let Some(more) = problems.len().checked_sub(PROBLEMS_MAX).filter(|more| *more > 0) {
            let more = self.words.and_more(more);
            self.line(&format!("  {DIM}…{more}{DIM:#}"));
        }
    }

    /// What became of the findings of the review it is compared with.
    pub(super) fn changes(&mut self) {
        let Some(comparison) = self.input.compared else { return };
        let compared = &comparison.compared;
        let heading = self.words.say("Since the review of", "前回のレビューから:");
        let day = comparison.now.to_string().chars().take(10).collect::<String>();
        let counts = [
            (self.words.say("new", "新規"), compared.new.len()),
            (self.words.say("fixed", "解消"), compared.fixed.len()),
            (self.words.say("changed", "変化"), compared.changed.len()),
            (self.words.say("lost sight of (not fixed)", "確認不能（解消ではない）"), compared.lost.len()),
            (self.words.say("as before", "変化なし"), compared.stayed),
        ];
        let counts = counts.map(|(label, count)| format!("{label} {}", thousands_of(count))).join("   ");
        self.line(&format!("\n{BOLD}{heading} {day}{BOLD:#}\n  {counts}"));
        let mut reasons: BTreeMap<Reason, usize> = BTreeMap::new();
        for (_, reason) in &compared.fixed {
            *reasons.entry(*reason).or_default() += 1;
        }
        for (reason, count) in reasons {
            let why = self.words.reason(reason);
            self.line(&format!("    {DIM}{}: {why}{DIM:#}", thousands_of(count)));
        }
        for index in compared.new.iter().take(NEW_MAX) {
            if let Some(verdict) = self.input.review.verdicts.get(*index) {
                self.line(&format!("  + {} {}", pad(verdict.check, 27), resource(verdict)));
            }
        }
        if let Some(more) = compared.new.len().checked_sub(NEW_MAX).filter(|more| *more > 0) {
            let more = self.words.and_more(more);
            self.line(&format!("  {DIM}…{more}{DIM:#}"));
        }
    }
}

fn known(count: Option<usize>) -> String {
    count.map_or("?".to_owned(), thousands_of)
}
