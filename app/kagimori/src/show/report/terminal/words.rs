//! The words of the summary, in both languages, where they hang on a number.

use kagimori_plan::review::AccountState;
use kagimori_plan::review::compared::Reason;
use kagimori_plan::sentence::Language;
use kagimori_plan::verdict::Severity;

use super::thousands_of;
use crate::show::numbers::counted;

/// Says things in a language.
#[derive(Clone, Copy)]
pub(super) struct Words(pub(super) Language);

impl Words {
    pub(super) fn say<'w>(self, english: &'w str, japanese: &'w str) -> &'w str {
        match self.0 {
            Language::En => english,
            Language::Ja => japanese,
        }
    }

    fn either(self, english: impl FnOnce() -> String, japanese: impl FnOnce() -> String) -> String {
        match self.0 {
            Language::En => english(),
            Language::Ja => japanese(),
        }
    }

    pub(super) fn findings(self, count: usize) -> String {
        let n = thousands_of(count);
        self.either(|| counted(&n, "finding"), || format!("検出事項 {n} 件"))
    }

    /// Over how many accounts the review went.
    pub(super) fn over(self, reviewed: usize, expected: usize) -> String {
        match (self.0, reviewed == expected) {
            (Language::En, true) => format!("in {}", counted(reviewed, "account")),
            (Language::En, false) => format!("in {reviewed} of {}", counted(expected, "account")),
            (Language::Ja, true) => format!("（{reviewed} アカウント）"),
            (Language::Ja, false) => format!("（{expected} アカウント中 {reviewed} アカウント）"),
        }
    }

    /// In how many accounts a total is known.
    pub(super) fn of(self, known: usize, all: usize) -> String {
        self.either(
            || format!("in {known} of {}; unknown in {}", counted(all, "account"), all.saturating_sub(known)),
            || format!("{all} アカウント中 {known} アカウント。残り {} は不明", all.saturating_sub(known)),
        )
    }

    pub(super) fn more_checks(self, more: usize) -> String {
        self.either(
            || format!("… and {}, less severe", counted(more, "more check")),
            || format!("… ほか {more} チェック（重大度はこれ以下）"),
        )
    }

    pub(super) fn and_more(self, more: usize) -> String {
        let n = thousands_of(more);
        self.either(|| format!(" and {n} more"), || format!("、ほか {n} 件"))
    }

    pub(super) fn waived(self, count: usize) -> String {
        let n = thousands_of(count);
        self.either(
            || format!("{n} {} waived", if count == 1 { "finding is" } else { "findings are" }),
            || format!("例外承認済み: {n} 件"),
        )
    }

    pub(super) fn severity(self, severity: Severity) -> &'static str {
        let (english, japanese) = match severity {
            Severity::Critical => ("critical", "緊急"),
            Severity::High => ("high", "高"),
            Severity::Medium => ("medium", "中"),
            Severity::Low => ("low", "低"),
            Severity::Informational => ("info", "情報"),
        };
        self.say(english, japanese)
    }

    pub(super) fn reason(self, reason: Reason) -> &'static str {
        let (english, japanese) = match reason {
            Reason::Passes => ("looked at, and right now", "確認済み。問題なし"),
            Reason::DoesNotArise => ("the question does not arise any more", "対象外になった"),
            Reason::Waived => ("covered by a waiver now", "例外承認済み"),
            Reason::ResourceGone => {
                ("the resource is gone, by a complete listing", "リソースが削除された（一覧で確認）")
            }
            Reason::AccountLeft => ("the account left the organization", "アカウントが組織から外れた"),
            Reason::Superseded => ("goes on under the key's id", "キー ID の検出事項に引き継がれた"),
            Reason::CheckRetired => ("the check was retired", "チェックが廃止された"),
        };
        self.say(english, japanese)
    }

    pub(super) fn state(self, state: AccountState) -> &'static str {
        let (english, japanese) = match state {
            AccountState::Ok => ("ok", "取得済み"),
            AccountState::Partial => ("partial", "一部のみ"),
            AccountState::Failed => ("failed", "失敗"),
            AccountState::Skipped => ("skipped", "対象外"),
            AccountState::NotGiven => ("not given", "未提供"),
        };
        self.say(english, japanese)
    }
}
