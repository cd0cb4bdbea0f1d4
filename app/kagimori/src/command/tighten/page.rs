//! The reviewer's page of `tighten`: before and after, the evidence of each element, what goes, and the holdout.

use std::collections::{BTreeMap, BTreeSet};

use kagimori_id::{AccountId, Arn};
use kagimori_plan::replay::Why;
use kagimori_plan::tighten::{Denied, Element, ElementKind, Failing, Rare, Tightened, Verified};
use kagimori_policy::compare::Inclusion;
use kagimori_policy::print;
use kagimori_trail::origin::Judgement;

use super::show::{Extent, Sums, as_far, beyond, denied_share, held_out, rare, size, soundness};
use super::{Outcome, Proposal};
use crate::args;
use crate::show::filters::{filters, found};
use crate::show::html::{
    Document, Html, bar, both, card, code, details, event, few, grouped, html, id, json, spoken, table,
    unbroken,
};
use crate::show::names::Names;
use crate::show::numbers::{counted, day, span, thousands};
use crate::show::unfolding::{Item, Unfolding};
use crate::show::{origins, silence};

/// Elements of a list that are shown before a click.
const FEW: usize = 3;

pub(super) fn page(outcome: &Outcome, args: &args::Tighten, unfolding: &Unfolding<'_>) -> Document {
    let as_of = span(outcome.window.from, outcome.window.until);
    let mut body = card(("What is proposed", "提案の要約"), &summary(outcome, args));
    body.push(&proposals(outcome, unfolding));
    if !outcome.refused.is_empty() {
        body.push(&card(("Nothing is proposed for these", "提案のないもの"), &refused(outcome, unfolding)));
    }
    let title = ("Kagimori — least privilege from real use", "鍵守 — 実際の利用に基づく最小権限");
    Document { title, as_of, body }
}

/// All of them, by account; those that want a look first.
fn proposals(outcome: &Outcome, unfolding: &Unfolding<'_>) -> Html {
    let mut accounts: BTreeMap<Option<AccountId>, Vec<&Proposal>> = BTreeMap::new();
    for proposal in &outcome.proposals {
        accounts.entry(proposal.tightened.principal.account()).or_default().push(proposal);
    }
    let is_only = outcome.proposals.len() == 1;
    let mut list = Html::default();
    if outcome.proposals.len() > 1 {
        let ids = accounts.keys().copied().flatten().collect();
        list.push(&filters(&ids, &STATES, &outcome.names));
    }
    for (account, mut all) in accounts {
        all.sort_by_key(|one| (!one.wants_a_look(), one.tightened.principal.name().to_lowercase()));
        let name = account.map(|id| outcome.names.account_with_id(id)).unwrap_or_default();
        let look = all.iter().filter(|one| one.wants_a_look()).count();
        let count = both(
            &format!("{}, {look} to look at", counted(all.len(), "proposal")),
            &format!("提案 {} 件、うち要確認 {look} 件", all.len()),
        );
        let each = all.iter().map(|one| self::one(one, &outcome.names, is_only, unfolding)).collect();
        list.push(&html!(
            "<section class=\"account\"><h3>{} <span class=\"soft\">{}</span></h3>{}</section>",
            name,
            count,
            unfolding.list(each)
        ));
    }
    if outcome.proposals.is_empty() { Html::default() } else { card(("Proposals", "提案"), &list) }
}

/// What becomes of a proposal, for the box that chooses.
const STATES: [(&str, (&str, &str)); 2] =
    [("look", ("to look at", "要確認")), ("proved", ("proved", "証明済み"))];

/// Those without a proposal, by the reason.
fn refused(outcome: &Outcome, unfolding: &Unfolding<'_>) -> Html {
    let mut reasons: BTreeMap<(String, String), Vec<&Arn>> = BTreeMap::new();
    for (arn, why) in &outcome.refused {
        reasons.entry((why.sentence(), why.japanese())).or_default().push(arn);
    }
    let names = &outcome.names;
    let one = |((english, japanese), who): (&(String, String), &Vec<&Arn>)| {
        let mut accounts: BTreeMap<Option<AccountId>, Vec<&Arn>> = BTreeMap::new();
        for arn in who {
            accounts.entry(arn.account()).or_default().push(arn);
        }
        let named = accounts.iter().map(|(account, all)| {
            let account = account.map(|id| names.account_with_id(id)).unwrap_or_default();
            let all = all.iter().map(|arn| without_proposal(arn, outcome).into()).collect();
            let all = unfolding.list(all);
            html!("<div class=\"reason names\"><span class=\"soft\">{}</span>{}</div>", account, all)
        });
        let watched = who.iter().filter_map(|arn| {
            let all = outcome.refused_origins.get(*arn)?;
            let is_told = all.iter().any(|origin| !origin.judgement.is_learnt());
            let told = || html!("<h3>{}</h3>{}", names.principal(arn.as_str()), origins::html(all, None));
            is_told.then(|| told().into())
        });
        let watched = unfolding.list(watched.collect());
        let summary = html!(
            "<span class=\"who\">{}</span><span class=\"figures\">{}</span>",
            names.sentences(english, japanese),
            who.len()
        );
        let inside = html!("<div class=\"inside\">{}{}</div>", named.collect::<Html>(), watched);
        html!("<div class=\"reason\">{}</div>", details("one", who.len() == 1, &summary, &inside))
    };
    reasons.iter().map(one).collect()
}

fn summary(outcome: &Outcome, args: &args::Tighten) -> Html {
    let (all, sums) = (outcome.proposals.len(), Sums::of(&outcome.proposals));
    let mut tiles = Html::default();
    let mut tile = |value: String, english: &str, japanese: &str| {
        tiles.push(&html!("<div class=\"tile\"><b>{}</b>{}</div>", value, both(english, japanese)));
    };
    tile(all.to_string(), "proposals", "提案");
    tile(format!("{} / {all}", sums.proved), "proved to grant nothing new", "新たな許可がないことを証明済み");
    tile(
        format!("{} / {}", thousands(sums.allowed.saturating_add(sums.assumed)), thousands(sums.calls)),
        "of the calls allowed",
        "許可される呼び出し",
    );
    tile(
        format!("{} / {}", thousands(sums.necessary as u64), thousands(sums.tested as u64)),
        "elements are necessary",
        "必要な要素",
    );
    if args.holdout > 0 {
        tile(
            format!("{} / {}", thousands(sums.denied_later), thousands(sums.calls_later)),
            "calls of the holdout denied or open",
            "検証期間に拒否または不明の呼び出し",
        );
    }
    let mut text = html!("<div class=\"tiles\">{}</div>", tiles);
    if !outcome.silent.is_empty() {
        let (en, ja) = silence::HEADING;
        text.push(&html!("<p class=\"hint\">{}</p>{}", both(en, ja), silence::html(&outcome.silent)));
    }
    if !outcome.has_last_accessed {
        text.push(&html!(
            "<p class=\"hint\">{}</p>",
            both(
                "No service-last-accessed data were given: a service that only such data would show is not known.",
                "サービスの最終アクセス情報がないため、それでしか分からない利用は考慮されていません。"
            )
        ));
    }
    text
}

/// One of them, with what is concluded of its origins when that is bad.
fn without_proposal(arn: &Arn, outcome: &Outcome) -> Html {
    let all = outcome.refused_origins.get(arn).map_or(&[][..], Vec::as_slice);
    let worst = all.iter().map(|origin| origin.judgement).max();
    let worst = worst.filter(|worst| !worst.is_learnt()).map(origins::judgement).unwrap_or_default();
    let name = html!("{} {}", outcome.names.of_account(arn), worst);
    found(&[arn.as_str()], [], "", &outcome.names, &name)
}

fn one(proposal: &Proposal, names: &Names, is_only: bool, unfolding: &Unfolding<'_>) -> Item {
    let held = &proposal.tightened;
    let wants_a_look = proposal.wants_a_look();
    let chip = if wants_a_look {
        html!("<span class=\"chip medium\">{}</span>", both("look", "要確認"))
    } else {
        html!("<span class=\"chip good\">{}</span>", both("proved", "証明済み"))
    };
    let (before, after) = (held.dropped.actions_before, held.dropped.actions_after);
    let reasons = looks(proposal).into_iter().map(|(english, japanese)| both(english, japanese));
    let (kept, gone) = (after as u64, before.saturating_sub(after) as u64);
    let headline = html!(
        "{}{}<span class=\"figures warn\">{}</span>{}<span class=\"figures wide\">{} → {} {}</span>",
        chip,
        names.principal(held.principal.as_str()),
        Html::join(reasons, " · "),
        bar(&[("kept", kept), ("other", gone)]),
        thousands(before as u64),
        thousands(after as u64),
        both("actions", "アクション"),
    );
    let body: Html = [
        facts(proposal, names),
        html!(
            "{}{}",
            heading("Where its calls come from", "呼び出し元"),
            origins::html(&proposal.origins, Some(&proposal.learnt))
        ),
        failing(
            "Denied or open on the holdout",
            "検証期間で拒否または不明",
            proposal.holdout.as_ref(),
            held,
            names,
        ),
        failing("Not sufficient", "不足", Some(&proposal.verified), held, names),
        sides(proposal, names, is_only),
        stay(proposal, names),
        heading("Evidence", "根拠"),
        evidence(held, names),
        remarks(proposal, names),
        plan(proposal, names),
    ]
    .into_iter()
    .collect();
    let actions = held.elements.iter().filter(|element| element.part == "action");
    let actions = actions.map(|element| element.text.as_str());
    let state = if wants_a_look { "look" } else { "proved" };
    unfolding.item(&body, |inside| {
        let one = details("one", is_only, &headline, inside);
        found(&[held.principal.as_str()], actions, state, names, &one)
    })
}

/// Why a person should look at it: one for each part of [`Proposal::wants_a_look`].
fn looks(proposal: &Proposal) -> Vec<(&'static str, &'static str)> {
    let is_suspected = proposal.origins.iter().any(|origin| origin.judgement == Judgement::Suspected);
    let is_open = proposal.holdout.as_ref().is_some_and(|holdout| !holdout.failing.is_empty());
    let all = [
        (proposal.tightened.soundness != Inclusion::Proved, ("not proved", "証明できず")),
        (is_suspected, ("suspected origin", "不審な呼び出し元")),
        (!proposal.tightened.unexplained.is_empty(), ("unexplained calls", "説明できない呼び出し")),
        (!proposal.verified.failing.is_empty(), ("not sufficient", "実績に不足")),
        (is_open, ("denied or open on the holdout", "検証期間に拒否・不明")),
    ];
    all.into_iter().filter_map(|(is, words)| is.then_some(words)).collect()
}

/// The policies before and after, side by side.
fn sides(proposal: &Proposal, names: &Names, is_only: bool) -> Html {
    let held = &proposal.tightened;
    let before = held
        .old
        .iter()
        .map(|(name, old)| details("fine", is_only, &policy(name, names), &json(&print::print_pretty(old))));
    let after = if held.new.is_empty() {
        html!(
            "<p>{}</p>",
            both(
                "No policy: nothing it did needs a permission.",
                "ポリシーは不要です。許可を要する操作がありませんでした。"
            )
        )
    } else {
        held.new.iter().map(|new| json(&print::print_pretty(new))).collect()
    };
    html!(
        "<div class=\"sides\"><div>{}{}</div><div>{}{}</div></div>",
        heading("Before", "変更前"),
        before.collect::<Html>(),
        heading("After", "変更後"),
        after
    )
}

/// An old policy as the estate names it: an ARN, or an inline policy with whose it is.
fn policy(name: &str, names: &Names) -> Html {
    match name.strip_prefix("inline policy `").and_then(|rest| rest.split_once("` of ")) {
        Some((policy, owner)) => names.sentences(name, &format!("{owner} のインラインポリシー「{policy}」")),
        None => names.sentence(name),
    }
}

/// What is not written anew: of groups, of a quarantine, of a boundary, or what could not be without a finding.
fn stay(proposal: &Proposal, names: &Names) -> Html {
    let stay = &proposal.tightened.stay;
    if stay.is_empty() {
        return Html::default();
    }
    let items: Html = stay.iter().map(|name| html!("<li>{}</li>", policy(name, names))).collect();
    let why = both(
        "What these grant is not asked for again in the new policies.",
        "これらで許可されているものは、新しいポリシーに重ねて含めていません。",
    );
    html!(
        "{}<ul>{}</ul><p class=\"soft\">{}</p>",
        heading("Stays as it is", "変更せずに残るポリシー"),
        items,
        why
    )
}

fn heading(english: &str, japanese: &str) -> Html {
    html!("<h3>{}</h3>", both(english, japanese))
}

fn facts(proposal: &Proposal, names: &Names) -> Html {
    let held = &proposal.tightened;
    let sound = match held.soundness {
        Inclusion::Proved => both(&soundness(&held.soundness), "証明済み：以前になかった許可は含まれない"),
        _ => html!(
            "<span class=\"warn\">{}</span>",
            both(&soundness(&held.soundness), &japanese_soundness(&held.soundness))
        ),
    };
    let verified = &proposal.verified;
    let account = held.principal.account().map(|id| names.account_with_id(id)).unwrap_or_default();
    let mut rows = vec![
        ("ARN".into(), code(held.principal.as_str())),
        (both("Account", "アカウント"), account.into()),
        (both("Sound", "権限の追加なし"), sound),
        (
            both("Sufficient", "実績を網羅"),
            html!(
                "{} / {}{}",
                thousands(verified.allowed.saturating_add(verified.assumed)),
                thousands(verified.calls),
                both(&as_far(held).0, &as_far(held).1)
            ),
        ),
        (both("Minimal", "過剰なし"), html!("{} / {}", held.necessity.1, held.necessity.0)),
        (both("Size", "大きさ"), both(&size(proposal), &japanese_size(proposal))),
    ];
    if let Some(holdout) = &proposal.holdout {
        rows.push((both("Holdout", "検証期間"), both(&held_out(holdout), &japanese_held_out(holdout))));
    }
    let rows = rows.iter().map(|(term, what)| html!("<dt>{}</dt><dd>{}</dd>", term, what));
    html!("<dl>{}</dl>", rows.collect::<Html>())
}

fn japanese_soundness(inclusion: &Inclusion) -> String {
    match inclusion {
        Inclusion::Proved => "証明済み".to_owned(),
        Inclusion::Refuted(request) => format!(
            "反証あり：{} に対する {} が新たに許可される（不具合です。ご報告ください）",
            request.resource, request.action
        ),
        Inclusion::NotProved(why) => format!("証明できず（{why}）"),
    }
}

fn japanese_rare(rare: &Rare) -> String {
    let every = rare.every_days.map(|every| format!("、約 {every} 日ごと")).unwrap_or_default();
    format!("{}  {} 日で利用{every}、最後は {}", rare.action, rare.days, day(rare.last))
}

fn japanese_size(proposal: &Proposal) -> String {
    let extent = Extent::of(proposal);
    let what = match (extent.documents, extent.is_inline, extent.versions) {
        (0, _, _) => return "ポリシーなし".to_owned(),
        _ if extent.is_boundary => "許可の境界 1 個（グループはそのまま）".to_owned(),
        (1, true, _) => "インラインポリシー 1 個".to_owned(),
        (1, false, 1) => "既存ポリシーの次のバージョン".to_owned(),
        (1, false, _) => "管理ポリシー 1 個".to_owned(),
        (count, _, 0) => format!("ポリシー {count} 個"),
        (count, _, versions) => {
            format!("ポリシー {count} 個（うち既存ポリシーの新バージョン {versions} 個）")
        }
    };
    format!("{what}、ステートメント {} 個、{} 文字", extent.statements, extent.characters)
}

fn japanese_held_out(holdout: &Verified) -> String {
    if holdout.calls == 0 {
        return "この期間の呼び出しはありません".to_owned();
    }
    let (denied, interval) = denied_share(holdout);
    format!(
        "呼び出し {} 件のうち {} 件が拒否または不明{interval}",
        thousands(holdout.calls),
        thousands(denied)
    )
}

/// What stands in the new policies, by statement.
fn evidence(held: &Tightened, names: &Names) -> Html {
    let mut statements: Vec<(&str, Vec<&Element>)> = Vec::new();
    for element in &held.elements {
        match statements.iter_mut().find(|(sid, _)| *sid == element.sid) {
            Some((_, all)) => all.push(element),
            None => statements.push((&element.sid, vec![element])),
        }
    }
    let group = |(sid, all): (&str, Vec<&Element>)| {
        // What is true of all of a statement is told once.
        let common = all
            .first()
            .map(|element| element.kind)
            .filter(|kind| *kind != ElementKind::Needed && all.iter().all(|element| element.kind == *kind));
        let row = |element: &&Element| {
            let is_counted = element.kind == ElementKind::Needed && element.support.is_some();
            let is_said = is_counted || common.is_some();
            element_row(element, held.principal.as_str(), names, is_said)
        };
        (html!("<b>{}</b> {}", sid, common.map(kind).unwrap_or_default()), all.iter().map(row).collect())
    };
    let groups: Vec<(Html, Vec<Vec<Html>>)> = statements.into_iter().map(group).collect();
    let headings = [
        ("Part", "要素"),
        ("What", "内容"),
        ("#Calls", "回数"),
        ("First", "最初"),
        ("Last", "最後"),
        ("Why", "理由"),
    ];
    grouped(&headings, &groups)
}

/// An element with its evidence. Why it is there is said unless that is said above; that calls needed it shows in their number.
fn element_row(element: &Element, of: &str, names: &Names, is_said: bool) -> Vec<Html> {
    let what =
        if element.part == "resource" { names.resource(&element.text, of) } else { code(&element.text) };
    let mut row = vec![part(element.part), what];
    let mut why = Vec::new();
    if !is_said {
        why.push(kind(element.kind));
    }
    match &element.support {
        Some(support) => {
            row.extend([
                thousands(support.calls).into(),
                event(&support.first),
                unbroken(&day(support.last)),
            ]);
            if support.names > 1 {
                let count = support.names;
                why.push(both(
                    &format!("stands for {count} names"),
                    &format!("{count} 個の名前を含むパターン"),
                ));
            }
        }
        None => row.extend(vec![Html::default(); 3]),
    }
    row.push(Html::join(why, "<br>"));
    row
}

fn part(part: &str) -> Html {
    match part {
        "action" => both("action", "アクション"),
        "resource" => both("resource", "リソース"),
        _ => both("condition", "条件"),
    }
}

fn kind(kind: ElementKind) -> Html {
    let japanese = match kind {
        ElementKind::Needed => "呼び出しに必要",
        ElementKind::Possible => "必要と確認できていないが、呼び出しに必要だった可能性がある",
        ElementKind::Kept => "指定により維持",
        ElementKind::Unseen => "証跡に現れないため維持",
    };
    both(super::show::kind(kind), japanese)
}

/// Calls that would be denied, or of which it is not known: by the reason, then by action.
fn failing(
    english: &str,
    japanese: &str,
    verified: Option<&Verified>,
    held: &Tightened,
    names: &Names,
) -> Html {
    let Some(verified) = verified.filter(|verified| !verified.failing.is_empty()) else {
        return Html::default();
    };
    let mut reasons: BTreeMap<&Why, BTreeMap<&str, Vec<&Failing>>> = BTreeMap::new();
    for failing in &verified.failing {
        reasons.entry(&failing.why).or_default().entry(&failing.action).or_default().push(failing);
    }
    let row = |(action, all): (&&str, &Vec<&Failing>)| {
        let on: BTreeSet<&str> = all.iter().filter_map(|failing| failing.resource.as_deref()).collect();
        let on = on.into_iter().map(|on| names.resource(on, held.principal.as_str()));
        let first = all.iter().map(|failing| &failing.first).min();
        vec![
            code(action),
            few(on.collect(), FEW),
            thousands(all.iter().map(|failing| failing.calls).sum()).into(),
            first.map(event).unwrap_or_default(),
            all.iter().map(|failing| failing.last).max().map(|last| unbroken(&day(last))).unwrap_or_default(),
        ]
    };
    let groups: Vec<(Html, Vec<Vec<Html>>)> = reasons
        .iter()
        .map(|(why, actions)| (spoken(&why.to_string(), &why.japanese()), actions.iter().map(row).collect()))
        .collect();
    html!("{}{}", heading(english, japanese), grouped(&CALLS, &groups))
}

/// The headings of calls by action.
const CALLS: [(&str, &str); 5] =
    [("Action", "アクション"), ("On", "リソース"), ("#Calls", "回数"), ("First", "最初"), ("Last", "最後")];

/// Calls that were denied, by action.
fn denied(held: &Tightened, names: &Names) -> Html {
    let mut actions: BTreeMap<&str, Vec<&Denied>> = BTreeMap::new();
    for denied in &held.denied {
        actions.entry(&denied.action).or_default().push(denied);
    }
    if actions.is_empty() {
        return Html::default();
    }
    let row = |(action, all): (&&str, &Vec<&Denied>)| {
        let on: BTreeSet<&str> = all.iter().filter_map(|denied| denied.resource.as_deref()).collect();
        let on = on.into_iter().map(|on| names.resource(on, held.principal.as_str()));
        let first = all.iter().map(|denied| &denied.first).min();
        vec![
            code(action),
            few(on.collect(), FEW),
            thousands(all.iter().map(|denied| denied.calls).sum()).into(),
            first.map(event).unwrap_or_default(),
            all.iter().map(|denied| denied.last).max().map(|last| unbroken(&day(last))).unwrap_or_default(),
        ]
    };
    let rows = actions.iter().map(row).collect();
    html!(
        "{}{}",
        heading("Was denied, and may be wanted", "拒否されたが必要かもしれないもの"),
        table(&CALLS, rows)
    )
}

fn remarks(proposal: &Proposal, names: &Names) -> Html {
    let held = &proposal.tightened;
    let mut text = Html::default();
    if !held.dropped.by_service.is_empty() {
        text.push(&heading("No longer granted", "許可されなくなるもの"));
        let mut services: Vec<(&String, &usize)> = held.dropped.by_service.iter().collect();
        services.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        let named = services.iter().take(40).map(|(service, count)| html!("{} {}", code(service), count));
        let more = services.len().saturating_sub(40);
        let more = if more > 0 {
            both(&format!(" and {}", counted(more, "more service")), &format!(" ほか {more} サービス"))
        } else {
            Html::default()
        };
        text.push(&html!("<p>{}{}</p>", Html::join(named, ", "), more));
    }
    text.push(&denied(held, names));
    let mut section = |english: &str, japanese: &str, items: Vec<Html>| {
        if !items.is_empty() {
            let items: Html = items.iter().map(|item| html!("<li>{}</li>", item)).collect();
            text.push(&html!("{}<ul>{}</ul>", heading(english, japanese), items));
        }
    };
    section(
        "Used seldom: other seasons may need more",
        "利用がまれなもの：他の時期に必要となる可能性",
        held.rare.iter().map(|one| spoken(&rare(one), &japanese_rare(one))).collect(),
    );
    section(
        "Not shown by this trail",
        "証跡に現れないもの",
        held.unseen
            .iter()
            .map(|unseen| {
                let (english, japanese) =
                    if unseen.is_kept { ("kept", "維持") } else { ("left out", "除外") };
                html!(
                    "{} {}: {} ({}) {}",
                    code(&unseen.service),
                    both(english, japanese),
                    both(unseen.why.words().0, unseen.why.words().1),
                    both(&unseen.not_shown.words().0, &unseen.not_shown.words().1),
                    details(
                        "fine",
                        false,
                        &both(
                            &counted(unseen.actions.len(), "action"),
                            &format!("アクション {} 個", unseen.actions.len())
                        ),
                        &Html::join(unseen.actions.iter().map(|action| code(action)), ", ")
                    )
                )
            })
            .chain(beyond(held).map(|(english, japanese)| spoken(&english, &japanese)))
            .collect(),
    );
    section(
        "Succeeded, though the policies of the snapshot deny it",
        "スナップショットのポリシーでは説明できない成功",
        held.unexplained
            .iter()
            .map(|(action, count)| html!("{} × {}", code(action), thousands(*count)))
            .collect(),
    );
    text
}

fn plan(proposal: &Proposal, names: &Names) -> Html {
    html!(
        "{}{}{}<p class=\"soft\">{}</p>",
        heading("Plan", "計画"),
        names.steps(&proposal.plan.changes),
        details("fine", false, &both("The way back", "元に戻す手順"), &names.steps(&proposal.plan.way_back)),
        id(&proposal.plan.id),
    )
}
