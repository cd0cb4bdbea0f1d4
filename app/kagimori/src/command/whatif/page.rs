//! The page of `whatif`.

use std::collections::BTreeSet;

use kagimori_plan::blind::Loss;
use kagimori_plan::replay::{Finding, Verdict};

use super::Shown;
use crate::show::html::{Html, both, card, code, document, html, steps, table, unbroken};
use crate::show::numbers::{calls, counted, day, instant, thousands};
use crate::show::silence;

pub(super) fn page(shown: &Shown<'_>) -> String {
    let as_of = format!("{} – {}", instant(shown.window.from), instant(shown.window.until));
    let mut body = card(("What would have broken", "この変更で動かなくなる処理"), &summary(shown));
    body.push(&card(("Changes", "変更"), &changes(shown)));
    for (verdict, heading) in SECTIONS {
        let findings = shown.evidence.findings(verdict);
        if !findings.is_empty() {
            body.push(&card(heading, &rows(&findings)));
        }
    }
    if !shown.losses.is_empty() {
        let heading = (
            "Taken away, and this trail would not have shown its use",
            "利用の有無が証跡に現れない権限の削除",
        );
        body.push(&card(heading, &losses(shown)));
    }
    if !shown.silent.is_empty() {
        body.push(&card(silence::HEADING, &silence::html(shown.silent)));
    }
    document(("Kagimori — what if", "鍵守 — 変更の影響"), &as_of, &body)
}

const SECTIONS: [(Verdict, (&str, &str)); 5] = [
    (Verdict::NewlyDenied, ("Would have broken", "拒否されることになる呼び出し")),
    (Verdict::CannotTell, ("Cannot tell", "判定できない呼び出し")),
    (
        Verdict::Unexplained,
        (
            "Unexplained: succeeded, though the policies of the snapshot deny it",
            "説明できない呼び出し：スナップショットのポリシーでは拒否されるのに成功している",
        ),
    ),
    (Verdict::NewlyAllowed, ("Newly allowed: was denied", "新たに許可される呼び出し")),
    (
        Verdict::AllowedAssuming,
        (
            "Allowed if keys that CloudTrail does not record were absent",
            "CloudTrail に記録されないキーが無いと仮定すれば許可",
        ),
    ),
];

fn summary(shown: &Shown<'_>) -> Html {
    let totals = &shown.evidence.totals;
    let (class, english, japanese) = if totals.newly_denied > 0 {
        ("fail", "It would have broken something", "動かなくなるものがあります")
    } else if totals.cannot_tell > 0 || shown.is_empty() || !shown.losses.is_empty() {
        ("incomplete", "It cannot be told", "判定できません")
    } else {
        ("clean", "It breaks nothing", "動かなくなるものはありません")
    };
    let tile = |verdict: Verdict| {
        let words = both(verdict.words(), japanese_words(verdict));
        html!("<div class=\"tile\"><b>{}</b>{}</div>", thousands(totals.get(verdict)), words)
    };
    let (replayed_english, replayed_japanese) = replayed(shown);
    html!(
        "<p class=\"verdict {}\">{}</p><div class=\"tiles\">{}</div><p class=\"hint\">{}</p>",
        class,
        both(english, japanese),
        Verdict::ALL.into_iter().map(tile).collect::<Html>(),
        both(&replayed_english, &replayed_japanese),
    )
}

/// Of which calls it was, in both languages.
fn replayed(shown: &Shown<'_>) -> (String, String) {
    let (count, days) = (shown.evidence.totals.total(), shown.days);
    let english = format!("Replayed: {} of the last {}.", calls(count), counted(days, "day"));
    let japanese = format!("直近 {days} 日間の呼び出し {} 件をリプレイしました。", thousands(count));
    match shown.touched.map(BTreeSet::len) {
        None => (english, japanese),
        Some(_) if count == 0 => (
            format!(
                "Nobody whom the changes touch made any of the {} of the last {}.",
                calls(shown.others),
                counted(days, "day")
            ),
            format!(
                "直近 {days} 日間の呼び出し {} 件に、変更の対象となるプリンシパルによるものはありません。",
                thousands(shown.others)
            ),
        ),
        Some(touched) => (
            format!(
                "{english} They are those of the {} whom the changes touch.",
                counted(touched as u64, "principal")
            ),
            format!("{japanese}変更の対象となるプリンシパル {touched} 個の呼び出しです。"),
        ),
    }
}

fn japanese_words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::NewlyDenied => "拒否に変わる",
        Verdict::CannotTell => "判定できない",
        Verdict::Unexplained => "説明できない",
        Verdict::NewlyAllowed => "許可に変わる",
        Verdict::AllowedAssuming => "前提つきで許可",
        Verdict::StillAllowed => "許可のまま",
        Verdict::AlreadyDenied => "以前から拒否",
        Verdict::NotAsked => "対象外",
    }
}

fn changes(shown: &Shown<'_>) -> Html {
    let back = if shown.plan.way_back.is_empty() {
        html!("<p class=\"warn\">{}</p>", both("There is no way back.", "元に戻す方法はありません。"))
    } else {
        steps(&shown.plan.way_back)
    };
    html!(
        "<p>{} {}</p>{}<details><summary>{}</summary>{}</details>",
        both("Plan", "計画"),
        code(&shown.plan.id),
        steps(&shown.plan.changes),
        both("The way back", "元に戻す手順"),
        back,
    )
}

fn rows(findings: &[(&str, &kagimori_plan::replay::About, &Finding)]) -> Html {
    let rows: Vec<Vec<Html>> = findings
        .iter()
        .map(|(who, about, finding)| {
            vec![
                code(who),
                code(&about.action),
                thousands(finding.count).into(),
                unbroken(&day(finding.last)),
                both(&about.why.to_string(), &about.why.japanese()),
                resources(finding),
                html!(
                    "{}<br>{}",
                    code(finding.first.event_id.as_deref().unwrap_or("–")),
                    instant(finding.first.time)
                ),
            ]
        })
        .collect();
    table(
        &[
            ("Principal", "プリンシパル"),
            ("Action", "アクション"),
            ("#Calls", "回数"),
            ("Last", "最後"),
            ("Why", "理由"),
            ("On", "リソース"),
            ("First event", "最初のイベント"),
        ],
        &rows,
    )
}

/// What goes without anybody knowing whether it is used.
fn losses(shown: &Shown<'_>) -> Html {
    let list = |names: &BTreeSet<String>| Html::join(names.iter().map(|name| code(name)), "<br>");
    let row = |loss: &Loss| {
        let (english, japanese) = loss.blind.words();
        vec![
            code(loss.principal.as_str()),
            list(&loss.actions),
            list(&loss.resources),
            both(&english, &japanese),
        ]
    };
    let rows: Vec<Vec<Html>> = shown.losses.iter().map(row).collect();
    let headings = [
        ("Principal", "プリンシパル"),
        ("Actions", "アクション"),
        ("On", "リソース"),
        ("Why not", "現れない理由"),
    ];
    table(&headings, &rows)
}

fn resources(finding: &Finding) -> Html {
    let mut text: Vec<Html> = finding.resources.iter().map(|resource| code(resource)).collect();
    if finding.has_more_resources {
        text.push(both("and more", "ほか"));
    }
    Html::join(text, "<br>")
}
