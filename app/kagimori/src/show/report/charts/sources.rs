//! Credentials in sources as a picture: which credential lies in which system. A full square lies there now, an empty one only in the history.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::{card, heading, table, told};
use crate::show::html::{Html, both, code, html};
use crate::show::numbers::{counted, day, thousands};

/// What of a scan's answer the page shows.
#[derive(Deserialize)]
pub(crate) struct Sources {
    now: Timestamp,
    complete: bool,
    systems: Vec<String>,
    findings: Vec<Finding>,
    found_nowhere: Vec<Nowhere>,
}

#[derive(Deserialize)]
struct Finding {
    kind: String,
    name: String,
    verdict: String,
    severity: String,
    owner: Option<Owner>,
    systems: Vec<String>,
    places: Vec<Place>,
}

#[derive(Deserialize)]
struct Owner {
    user: String,
    active: Option<bool>,
}

#[derive(Deserialize)]
struct Place {
    system: String,
    #[serde(rename = "in")]
    at: String,
    at_head: Option<bool>,
    committed: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Nowhere {
    active: Option<bool>,
}

/// Rows and columns of the picture; of the others it is told how many there are.
const ROWS_MAX: usize = 40;
const SYSTEMS_MAX: usize = 16;

/// How a credential lies in a system.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Lies {
    History,
    Now,
}

impl Place {
    fn lies(&self) -> Lies {
        let is_now = matches!(self.at.as_str(), "file" | "link" | "index" | "git-folder")
            || self.at_head == Some(true);
        if is_now { Lies::Now } else { Lies::History }
    }
}

impl Sources {
    /// The card.
    pub(in crate::show::report) fn card(&self) -> Html {
        let title = ("Credentials in sources", "ソースコード中の認証情報");
        if self.findings.is_empty() {
            let none = ("The scan found no credential.", "スキャンで認証情報は見つかりませんでした。");
            return card(title, &html!("{}<p>{}</p>", self.incomplete(), told(none)));
        }
        let shown: Vec<&String> = self.by_credentials().into_iter().take(SYSTEMS_MAX).collect();
        let headings = [
            vec![(heading(("Credential", "認証情報")), "name"), (heading(("State", "状態")), "")],
            shown.iter().map(|system| (tail(system), "system")).collect(),
            vec![
                (heading(("Since", "最初のコミット")), "id"),
                (heading(("Systems", "システム数")), "number"),
            ],
        ]
        .concat();
        let rows: Vec<Vec<Html>> =
            self.findings.iter().take(ROWS_MAX).map(|finding| finding.cells(&shown)).collect();
        let caption = ("Credentials by system", "認証情報とシステム");
        let body = [
            self.incomplete(),
            table(caption, &headings, &rows),
            self.rest(shown.len()),
            self.nowhere(),
            key(),
        ];
        card(title, &body.into_iter().collect())
    }

    fn incomplete(&self) -> Html {
        if self.complete {
            return Html::default();
        }
        let words = (
            "The scan could not read all that it was given: what is not shown here may lie there all the same.",
            "スキャンは対象のすべてを読めませんでした。ここに示されていない認証情報が存在する可能性があります。",
        );
        html!("<p class=\"notice\">{}</p>", both(words.0, words.1))
    }

    /// The systems, those with most credentials first.
    fn by_credentials(&self) -> Vec<&String> {
        let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
        for system in self.findings.iter().flat_map(|finding| &finding.systems) {
            *counts.entry(system).or_default() += 1;
        }
        let mut systems: Vec<&String> =
            self.systems.iter().filter(|system| counts.contains_key(system)).collect();
        systems.sort_by_key(|system| std::cmp::Reverse(counts.get(system).copied()));
        systems
    }

    fn rest(&self, shown: usize) -> Html {
        let (rows, systems) =
            (self.findings.len().saturating_sub(ROWS_MAX), self.by_credentials().len().saturating_sub(shown));
        if rows == 0 && systems == 0 {
            return Html::default();
        }
        let english = format!(
            "{} and {} are not drawn; the scan's answer has them.",
            counted(rows, "more credential"),
            counted(systems, "more system")
        );
        let japanese = format!(
            "ほか {rows} 件の認証情報と {systems} 件のシステムは図にありません（スキャンの出力にあります）。"
        );
        html!("<p>{}</p>", both(&english, &japanese))
    }

    fn nowhere(&self) -> Html {
        let keys = self.found_nowhere.iter().filter(|key| key.active != Some(false)).count();
        let number = thousands(u64::try_from(keys).unwrap_or(u64::MAX));
        let english =
            format!("{number} keys of the company that are not inactive were found in none of the systems.");
        let japanese =
            format!("会社の（無効でない）キーのうち {number} 本は、どのシステムにも見つかりませんでした。");
        html!(
            "<p>{} <span class=\"soft day\">{}</span></p>",
            both(&english, &japanese),
            day(self.now.as_second())
        )
    }
}

impl Finding {
    fn cells(&self, systems: &[&String]) -> Vec<Html> {
        let mut lies: BTreeMap<&str, Lies> = BTreeMap::new();
        for place in &self.places {
            let known = lies.entry(&place.system).or_insert(Lies::History);
            *known = (*known).max(place.lies());
        }
        let since = self.places.iter().filter_map(|place| place.committed).min();
        let mut cells = vec![self.named(), self.state()];
        cells.extend(systems.iter().map(|system| mark(lies.get(system.as_str()).copied())));
        cells.push(since.map_or_else(Html::default, |at| day(at.as_second()).into()));
        cells.push(thousands(u64::try_from(self.systems.len()).unwrap_or(u64::MAX)).into());
        cells
    }

    fn named(&self) -> Html {
        let name = if self.name.is_empty() { &self.kind } else { &self.name };
        let user = self.owner.as_ref().map(|owner| owner.user.as_str()).unwrap_or(&self.kind);
        html!("{}<br><span class=\"soft of\">{}</span>", code(name), user)
    }

    fn state(&self) -> Html {
        let (english, japanese) = match self.verdict.as_str() {
            "active" => ("active", "有効"),
            "listed" => ("listed", "存在（状態は不明）"),
            "ours" | "ours-unknown" => ("the company's", "自社のもの"),
            "anothers" => ("another's", "他社のもの"),
            "inactive" => ("inactive", "無効"),
            "deleted" => ("deleted", "削除済み"),
            "expired" => ("expired", "期限切れ"),
            "canary" => ("bait", "おとり"),
            _ => ("unknown", "不明"),
        };
        let is_bad = matches!(self.severity.as_str(), "critical" | "high")
            && self.owner.as_ref().is_none_or(|owner| owner.active != Some(false));
        if is_bad {
            html!("<span class=\"chip no-good\">{}</span>", both(english, japanese))
        } else {
            both(english, japanese)
        }
    }
}

/// A square; the words are for those who do not see it.
fn mark(lies: Option<Lies>) -> Html {
    match lies {
        Some(Lies::Now) => html!(
            "<svg class=\"spot\" viewBox=\"0 0 12 12\" aria-hidden=\"true\"><rect x=\"1\" y=\"1\" width=\"10\" height=\"10\"/></svg><span class=\"told\">{}</span>",
            both("lies there", "あり")
        ),
        Some(Lies::History) => html!(
            "<svg class=\"spot past\" viewBox=\"0 0 12 12\" aria-hidden=\"true\"><rect x=\"2\" y=\"2\" width=\"8\" height=\"8\"/></svg><span class=\"told\">{}</span>",
            both("in the history", "履歴のみ")
        ),
        None => Html::default(),
    }
}

/// What the squares mean.
fn key() -> Html {
    let legend = html!(
        "<p class=\"legend\">{} {} &nbsp; {} {}</p>",
        mark(Some(Lies::Now)),
        both("lies there now", "現在ある"),
        mark(Some(Lies::History)),
        both("only in the history", "履歴にのみある")
    );
    let shared = both(
        "A row with several squares is one credential in several systems: each has to change before it can go.",
        "四角が複数ある行は、複数のシステムで共用されている認証情報です。無効にする前に、すべてのシステムを変更してください。",
    );
    let asked = both("tells what a key could do and did.", "でキーごとの詳細を確認できます。");
    let hint = html!("<p class=\"hint\">{} {} {}</p>", shared, code("kagimori leaked KEY"), asked);
    [legend, hint].into_iter().collect()
}

/// The end of a path, where systems differ.
fn tail(system: &str) -> Html {
    let name = system.trim_end_matches('/').rsplit('/').next().unwrap_or(system);
    html!("<span title=\"{}\">{}</span>", system, name)
}
