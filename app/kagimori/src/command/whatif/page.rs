//! The page of `whatif`.

use std::collections::{BTreeMap, BTreeSet};

use kagimori_id::Arn;
use kagimori_plan::replay::{About, Counts, Evidence, Finding, Verdict, Why};
use kagimori_trail::origin::Origin;

use super::{Shown, losses};
use crate::show::filters::{filters, found};
use crate::show::html::{
    Document, Html, bar, both, card, code, details, event, few, grouped, html, id, spoken, unbroken,
};
use crate::show::numbers::{calls, counted, day, span, thousands};
use crate::show::unfolding::Unfolding;
use crate::show::{origins, silence};

/// Up to so many principals stand open.
const OPEN_MAX: usize = 5;
/// Resources of a finding that are shown before a click.
const RESOURCES_MAX: usize = 3;

pub(super) fn page(shown: &Shown<'_>, unfolding: &Unfolding<'_>) -> Document {
    let as_of = span(shown.window.from, shown.window.until);
    let mut body = card(("What would have broken", "この変更で動かなくなる処理"), &summary(shown));
    body.push(&card(("Changes", "変更"), &changes(shown)));
    if is_long(shown) {
        let of = shown.evidence.principals.iter().filter(|(_, held)| !held.findings.is_empty());
        let lost = shown.losses.iter().flat_map(|loss| &loss.principals).filter_map(Arn::account);
        let accounts = of.filter_map(|(who, _)| Arn::parse(who).ok()?.account()).chain(lost).collect();
        body.push(&html!("<section class=\"card\">{}</section>", filters(&accounts, &[], &shown.names)));
    }
    let mut told = BTreeSet::new();
    for (verdict, heading) in SECTIONS {
        let findings = shown.evidence.findings(verdict);
        if !findings.is_empty() {
            body.push(&card(heading, &by_principal(shown, shown.evidence, findings, &mut told, unfolding)));
        }
    }
    let uncounted = shown.suspected.findings(Verdict::NewlyDenied);
    if !uncounted.is_empty() {
        let heading = (
            "Would end as well, and is not counted: calls that may be an intruder's, or of origins that were not asked for",
            "集計対象外で拒否されることになる呼び出し：不審な呼び出し元、または対象に指定されていない呼び出し元",
        );
        body.push(&card(heading, &by_principal(shown, shown.suspected, uncounted, &mut told, unfolding)));
    }
    if !shown.losses.is_empty() {
        body.push(&card(losses::HEADING, &losses::html(shown, unfolding)));
    }
    if shown.origins.keys().any(|who| !told.contains(who.as_str())) {
        body.push(&card(
            ("Where other calls come from", "その他の呼び出し元"),
            &other_origins(shown, &told, unfolding),
        ));
    }
    if !shown.silent.is_empty() {
        body.push(&card(silence::HEADING, &silence::html(shown.silent)));
    }
    Document { title: ("Kagimori — what if", "鍵守 — 変更の影響"), as_of, body }
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
    } else if shown.is_untold() {
        ("incomplete", "It cannot be told", "判定できません")
    } else if shown.losses.is_empty() {
        ("clean", "It breaks nothing", "動かなくなるものはありません")
    } else {
        (
            "clean",
            "It breaks nothing that this trail would have shown",
            "証跡に現れる範囲では、動かなくなるものはありません",
        )
    };
    let tile = |verdict: Verdict| {
        let (count, words) = (totals.get(verdict), both(verdict.words(), japanese_words(verdict)));
        let class = if count == 0 { "tile none" } else { "tile" };
        html!("<div class=\"{}\"><b>{}</b>{}</div>", class, thousands(count), words)
    };
    let (replayed_english, replayed_japanese) = replayed(shown);
    html!(
        "<p class=\"verdict {}\">{}</p><div class=\"tiles\">{}</div>{}<p class=\"hint\">{}</p>",
        class,
        both(english, japanese),
        Verdict::ALL.into_iter().map(tile).collect::<Html>(),
        bar(&weights(totals)),
        both(&replayed_english, &replayed_japanese),
    )
}

/// Of which calls it was, in both languages.
fn replayed(shown: &Shown<'_>) -> (String, String) {
    let (count, days) = (shown.evidence.totals.total(), shown.days_held());
    let mut english = format!("Replayed: {} of the last {}.", calls(count), counted(days, "day"));
    let mut japanese = format!("直近 {days} 日間の呼び出し {} 件をリプレイしました。", thousands(count));
    if let Some(begins) = shown.begins.map(day) {
        let asked = counted(shown.days, "day");
        english.push_str(&format!(
            " The trail begins on {begins}, and {asked} were asked for: of the time before nothing is known."
        ));
        japanese.push_str(&format!(
            "証跡は {begins} から始まっています。指定された {} 日間のうち、それより前のことは分かりません。",
            shown.days
        ));
    }
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
    let warning = |text: Html| html!("<p class=\"warn\">{}</p>", text);
    let one_way = match (shown.plan.way_back.is_empty(), shown.plan.one_way().count()) {
        (true, _) => warning(both("There is no way back.", "元に戻す方法はありません。")),
        (false, 0) => Html::default(),
        (false, _) => warning(both(
            "Not every step can be undone; these can:",
            "元に戻せない手順があります。戻せるのは次の手順です。",
        )),
    };
    let steps = (!shown.plan.way_back.is_empty()).then(|| shown.names.steps(&shown.plan.way_back));
    let back = html!("{}{}", one_way, steps.unwrap_or_default());
    html!(
        "{}{}<p class=\"soft\">{} {}</p>",
        shown.names.steps(&shown.plan.changes),
        details("fine", false, &both("The way back", "元に戻す手順"), &back),
        both("Plan", "計画"),
        id(&shown.plan.id),
    )
}

/// Whether there are more principals than one looks over.
fn is_long(shown: &Shown<'_>) -> bool {
    let with_findings = shown.evidence.principals.iter().filter(|(_, held)| !held.findings.is_empty());
    let mut all: BTreeSet<&str> = with_findings.map(|(who, _)| who.as_str()).collect();
    all.extend(shown.losses.iter().flat_map(|loss| &loss.principals).map(Arn::as_str));
    all.len() > OPEN_MAX
}

/// Findings with the same principal, under it; those with most calls first.
fn by_principal<'s>(
    shown: &'s Shown<'_>,
    evidence: &Evidence,
    findings: Vec<(&'s str, &'s About, &'s Finding)>,
    told: &mut BTreeSet<&'s str>,
    unfolding: &Unfolding<'_>,
) -> Html {
    let mut all: BTreeMap<&str, Vec<(&About, &Finding)>> = BTreeMap::new();
    for (who, about, finding) in findings {
        all.entry(who).or_default().push((about, finding));
    }
    let sum = |held: &[(&About, &Finding)]| held.iter().map(|(_, finding)| finding.count).sum::<u64>();
    let mut all: Vec<_> = all.into_iter().map(|(who, held)| (sum(&held), who, held)).collect();
    all.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    let is_open = all.len() <= OPEN_MAX;
    let one = |(count, who, held): &(u64, &'s str, Vec<(&About, &Finding)>)| {
        let counts = evidence.principals.get(*who).map(|held| held.counts).unwrap_or_default();
        let last = held.iter().map(|(_, finding)| finding.last).max().unwrap_or_default();
        let summary = html!(
            "{}{}<span class=\"figures wide\">{}</span><span class=\"figures\">{} {}</span>",
            shown.names.principal(who),
            bar(&weights(&counts)),
            both(&calls(*count), &format!("{} 件", thousands(*count))),
            both("last", "最後"),
            day(last),
        );
        let inside = html!(
            "<p class=\"soft\">{}</p>{}{}",
            code(who),
            // Once is enough, however many sections a principal stands in.
            if told.insert(*who) { whence(shown, who) } else { Html::default() },
            actions(shown, who, held),
        );
        let actions = held.iter().map(|(about, _)| about.action.as_str());
        unfolding.item(&inside, |inside| {
            found(&[who], actions, "", &shown.names, &details("one", is_open, &summary, inside))
        })
    };
    unfolding.list(all.iter().map(one).collect())
}

/// Where the calls of one come from.
fn whence(shown: &Shown<'_>, who: &str) -> Html {
    let found = shown.origins.iter().find(|(arn, _)| arn.as_str() == who);
    let Some((_, all)) = found else { return Html::default() };
    let heading = both("Where its calls come from", "呼び出し元");
    let (one, other) = (both("Actions", "アクション"), origins::html(all, None));
    html!("<h3>{}</h3>{}<h3>{}</h3>", heading, other, one)
}

/// What one did, under the reason for the verdict: most have one reason for all.
fn actions(shown: &Shown<'_>, who: &str, held: &[(&About, &Finding)]) -> Html {
    let mut reasons: Vec<(&Why, Vec<Vec<Html>>)> = Vec::new();
    for (about, finding) in held {
        let row = vec![
            code(&about.action),
            thousands(finding.count).into(),
            resources(shown, who, finding),
            event(&finding.first),
            unbroken(&day(finding.last)),
        ];
        match reasons.iter_mut().find(|(why, _)| **why == about.why) {
            Some((_, rows)) => rows.push(row),
            None => reasons.push((&about.why, vec![row])),
        }
    }
    let common = |why: &Why| spoken(&why.to_string(), &why.japanese());
    let groups: Vec<(Html, Vec<Vec<Html>>)> =
        reasons.into_iter().map(|(why, rows)| (common(why), rows)).collect();
    let headings = [
        ("Action", "アクション"),
        ("#Calls", "回数"),
        ("On", "リソース"),
        ("First", "最初"),
        ("Last", "最後"),
    ];
    grouped(&headings, &groups)
}

fn resources(shown: &Shown<'_>, who: &str, finding: &Finding) -> Html {
    let mut text: Vec<Html> =
        finding.resources.iter().map(|resource| shown.names.resource(resource, who)).collect();
    if finding.has_more_resources {
        text.push(both("and more", "ほか"));
    }
    few(text, RESOURCES_MAX)
}

/// Origins of those who have no finding.
fn other_origins(shown: &Shown<'_>, told: &BTreeSet<&str>, unfolding: &Unfolding<'_>) -> Html {
    let others = shown.origins.iter().filter(|(who, _)| !told.contains(who.as_str()));
    let one = |(who, all): (&Arn, &Vec<Origin>)| {
        let worst = all.iter().map(|origin| origin.judgement).max();
        let summary = html!(
            "{}{}",
            shown.names.principal(who.as_str()),
            worst.map(origins::judgement).unwrap_or_default()
        );
        let inside = html!("<p class=\"soft\">{}</p>{}", code(who.as_str()), origins::html(all, None));
        unfolding.item(&inside, |inside| details("one", false, &summary, inside))
    };
    unfolding.list(others.map(one).collect())
}

/// Calls by what would become of them, as a bar shows them: what nobody asks of a policy is left out.
fn weights(counts: &Counts) -> [(&'static str, u64); 5] {
    let other = counts.still_allowed.saturating_add(counts.allowed_assuming);
    [
        ("fail", counts.newly_denied),
        ("open", counts.cannot_tell),
        ("unknown", counts.unexplained),
        ("good", other.saturating_add(counts.newly_allowed)),
        ("other", counts.already_denied),
    ]
}
