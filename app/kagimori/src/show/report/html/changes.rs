//! What became of the findings of an earlier review, as the page's script reads it.

use jiff::Timestamp;
use kagimori_estate::fact::Gap;
use kagimori_id::AccountId;
use kagimori_plan::review::compared::{Earlier, Reason};
use kagimori_plan::sentence::{Language, gap, sentence};
use kagimori_plan::verdict::Verdict;
use serde::Serialize;

use crate::show::report::{Comparison, ReportInput};

#[derive(Serialize)]
pub(super) struct Against<'a> {
    now: Timestamp,
    new: Vec<Change<'a>>,
    fixed: Vec<Change<'a>>,
    changed: Vec<Change<'a>>,
    lost: Vec<Change<'a>>,
    stayed: usize,
}

#[derive(Serialize)]
struct Change<'a> {
    check: &'a str,
    account: AccountId,
    name: &'a str,
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    en: String,
    ja: String,
}

pub(super) fn against<'a>(input: &ReportInput<'a>, comparison: &'a Comparison) -> Against<'a> {
    let compared = &comparison.compared;
    let now = |index: &usize| input.review.verdicts.get(*index).map(of_verdict);
    let earlier = |index: usize| comparison.earlier.get(index);
    let fixed = |(index, reason): &(usize, Reason)| Some(of_earlier(earlier(*index)?, Some(*reason), None));
    let lost =
        |(index, missing): &(usize, Option<Gap>)| Some(of_earlier(earlier(*index)?, None, missing.as_ref()));
    Against {
        now: comparison.now,
        new: compared.new.iter().filter_map(now).collect(),
        fixed: compared.fixed.iter().filter_map(fixed).collect(),
        changed: compared.changed.iter().filter_map(|(_, index)| now(index)).collect(),
        lost: compared.lost.iter().filter_map(lost).collect(),
        stayed: compared.stayed,
    }
}

fn of_verdict(verdict: &Verdict) -> Change<'_> {
    let resource = &verdict.resource;
    Change {
        check: verdict.check,
        account: resource.account,
        name: &resource.name,
        key: resource.key.as_deref(),
        reason: None,
        en: sentence(verdict, Language::En),
        ja: sentence(verdict, Language::Ja),
    }
}

fn of_earlier<'a>(earlier: &'a Earlier, reason: Option<Reason>, missing: Option<&Gap>) -> Change<'a> {
    let resource = &earlier.resource;
    let text = |language| missing.map(|missing| gap(missing, language)).unwrap_or_default();
    Change {
        check: &earlier.check,
        account: resource.account,
        name: &resource.name,
        key: resource.key.as_deref(),
        reason,
        en: text(Language::En),
        ja: text(Language::Ja),
    }
}
