//! The reviewer's page of `tighten`: before and after, the evidence of each element, what goes, and the holdout.

use std::collections::BTreeSet;

use kagimori_id::Arn;
use kagimori_plan::tighten::{Element, ElementKind, Failing, Rare, Verified};
use kagimori_policy::compare::Inclusion;
use kagimori_policy::print;
use kagimori_trail::origin::{Judgement, Origin};

use super::propose::Refused;
use super::show::{Extent, Sums, denied_share, held_out, rare, size, soundness};
use super::{Outcome, Proposal};
use crate::args;
use crate::show::html::{Html, both, card, code, document, html, steps, table, unbroken};
use crate::show::numbers::counted;
use crate::show::numbers::{day, instant, thousands};
use crate::show::silence;

pub(super) fn page(outcome: &Outcome, args: &args::Tighten) -> String {
    let as_of = format!("{} – {}", instant(outcome.window.from), instant(outcome.window.until));
    let mut body = card(("What is proposed", "提案の要約"), &summary(outcome, args));
    for proposal in &outcome.proposals {
        body.push(&one(proposal, outcome.proposals.len() == 1));
    }
    if !outcome.refused.is_empty() {
        let row =
            |(arn, why): &(Arn, Refused)| vec![code(arn.as_str()), both(&why.sentence(), &why.japanese())];
        let rows: Vec<Vec<Html>> = outcome.refused.iter().map(row).collect();
        let list = table(&[("Principal", "プリンシパル"), ("Why", "理由")], &rows);
        body.push(&card(("Nothing is proposed for these", "提案のないもの"), &list));
    }
    document(("Kagimori — least privilege from real use", "鍵守 — 実際の利用に基づく最小権限"), &as_of, &body)
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
    tile(format!("{} / {}", sums.necessary, sums.tested), "elements are necessary", "必要な要素");
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

fn one(proposal: &Proposal, is_only: bool) -> Html {
    let held = &proposal.tightened;
    let chip = if proposal.wants_a_look() {
        html!("<span class=\"chip medium\">{}</span>", both("look", "要確認"))
    } else {
        html!("<span class=\"chip good\">{}</span>", both("proved", "証明済み"))
    };
    let headline = html!(
        "{} {} {} → {}",
        chip,
        code(held.principal.as_str()),
        held.dropped.actions_before,
        held.dropped.actions_after
    );
    let body: Html = [
        facts(proposal),
        sides(proposal, is_only),
        origins(&proposal.origins, &proposal.learnt),
        heading("Evidence", "根拠"),
        evidence(&held.elements),
        failing("Denied or open on the holdout", "検証期間で拒否または不明", proposal.holdout.as_ref()),
        failing("Not sufficient", "不足", Some(&proposal.verified)),
        remarks(proposal),
        plan(proposal),
    ]
    .into_iter()
    .collect();
    html!(
        "<section class=\"card\">{}</section>",
        details(is_only || proposal.wants_a_look(), &headline, &body)
    )
}

/// Something that unfolds.
fn details(is_open: bool, summary: &Html, body: &Html) -> Html {
    let open = if is_open { " open" } else { "" };
    html!("<details{}><summary>{}</summary>{}</details>", open, summary, body)
}

/// The policies before and after, side by side.
fn sides(proposal: &Proposal, is_only: bool) -> Html {
    let held = &proposal.tightened;
    let document = |text: String| html!("<pre>{}</pre>", text);
    let before = held
        .old
        .iter()
        .map(|(name, old)| details(is_only, &policy(name), &document(print::print_pretty(old))));
    let after = if held.new.is_empty() {
        html!(
            "<p>{}</p>",
            both(
                "No policy: nothing it did needs a permission.",
                "ポリシーは不要です。許可を要する操作がありませんでした。"
            )
        )
    } else {
        held.new.iter().map(|new| document(print::print_pretty(new))).collect()
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
fn policy(name: &str) -> Html {
    match name.strip_prefix("inline policy `").and_then(|rest| rest.split_once("` of ")) {
        Some((policy, owner)) => both(name, &format!("{owner} のインラインポリシー「{policy}」")),
        None => name.into(),
    }
}

/// Where the calls come from.
fn origins(origins: &[Origin], learnt: &BTreeSet<String>) -> Html {
    let row = |origin: &Origin| {
        let (english, japanese) = origin.judgement.words();
        let chip = match origin.judgement {
            Judgement::Suspected => "high",
            Judgement::AnotherPerson => "medium",
            Judgement::Expected | Judgement::AnotherProgram => "good",
        };
        let signs: Vec<Html> = origin.signs.iter().map(|sign| both(sign.words().0, sign.words().1)).collect();
        let clients: Vec<&str> = origin.clients.iter().map(|client| client.as_str()).collect();
        let actions =
            origin.actions.iter().map(|(action, count)| html!("{} {}", code(action), thousands(*count)));
        let is_learnt =
            if learnt.contains(&origin.id) { both("yes", "はい") } else { both("no", "いいえ") };
        vec![
            html!("<span class=\"chip {}\">{}</span>", chip, both(english, japanese)),
            both(origin.nature.words().0, origin.nature.words().1),
            code(&origin.network),
            clients.join(", ").into(),
            thousands(origin.calls).into(),
            origin.days.to_string().into(),
            unbroken(&day(origin.last)),
            Html::join(actions, "<br>"),
            is_learnt,
            Html::join(signs, "<br>"),
        ]
    };
    let headings = [
        ("Judgement", "判定"),
        ("Who", "呼び出し元"),
        ("Network", "ネットワーク"),
        ("Clients", "クライアント"),
        ("#Calls", "回数"),
        ("#Days", "日数"),
        ("Last", "最後"),
        ("What for", "用途"),
        ("Learnt from", "学習対象"),
        ("Why", "理由"),
    ];
    let rows: Vec<Vec<Html>> = origins.iter().map(row).collect();
    html!("{}{}", heading("Where its calls come from", "呼び出し元"), table(&headings, &rows))
}

fn heading(english: &str, japanese: &str) -> Html {
    html!("<h3>{}</h3>", both(english, japanese))
}

fn facts(proposal: &Proposal) -> Html {
    let held = &proposal.tightened;
    let sound = match held.soundness {
        Inclusion::Proved => both(&soundness(&held.soundness), "証明済み：以前になかった許可は含まれない"),
        _ => html!(
            "<span class=\"warn\">{}</span>",
            both(&soundness(&held.soundness), &japanese_soundness(&held.soundness))
        ),
    };
    let verified = &proposal.verified;
    let mut rows = vec![
        (both("Sound", "権限の追加なし"), sound),
        (
            both("Sufficient", "実績を網羅"),
            html!(
                "{} / {}",
                thousands(verified.allowed.saturating_add(verified.assumed)),
                thousands(verified.calls)
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

fn evidence(elements: &[Element]) -> Html {
    let row = |element: &Element| {
        let mut row =
            vec![element.sid.as_str().into(), part(element.part), code(&element.text), kind(element.kind)];
        match &element.support {
            Some(support) => row.extend([
                thousands(support.calls).into(),
                if support.names > 1 { support.names.to_string().into() } else { Html::default() },
                unbroken(&day(support.last)),
                code(support.first.event_id.as_deref().unwrap_or("–")),
            ]),
            None => row.extend(vec![Html::default(); 4]),
        }
        row
    };
    table(
        &[
            ("Statement", "ステートメント"),
            ("Part", "要素"),
            ("What", "内容"),
            ("Why", "理由"),
            ("#Calls", "回数"),
            ("#Names", "パターンに含まれる名前の数"),
            ("Last", "最後"),
            ("First event", "最初のイベント"),
        ],
        &elements.iter().map(row).collect::<Vec<_>>(),
    )
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

fn failing(english: &str, japanese: &str, verified: Option<&Verified>) -> Html {
    let Some(verified) = verified.filter(|verified| !verified.failing.is_empty()) else {
        return Html::default();
    };
    let row = |failing: &Failing| {
        vec![
            code(&failing.action),
            failing.resource.as_deref().map(code).unwrap_or_default(),
            thousands(failing.calls).into(),
            unbroken(&day(failing.last)),
            both(&failing.why.to_string(), &failing.why.japanese()),
            code(failing.first.event_id.as_deref().unwrap_or("–")),
        ]
    };
    let rows: Vec<Vec<Html>> = verified.failing.iter().map(row).collect();
    let headings = [
        ("Action", "アクション"),
        ("On", "リソース"),
        ("#Calls", "回数"),
        ("Last", "最後"),
        ("Why", "理由"),
        ("First event", "最初のイベント"),
    ];
    html!("{}{}", heading(english, japanese), table(&headings, &rows))
}

fn remarks(proposal: &Proposal) -> Html {
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
    let mut section = |english: &str, japanese: &str, items: Vec<Html>| {
        if !items.is_empty() {
            let items: Html = items.iter().map(|item| html!("<li>{}</li>", item)).collect();
            text.push(&html!("{}<ul>{}</ul>", heading(english, japanese), items));
        }
    };
    section(
        "Was denied, and may be wanted",
        "拒否されたが必要かもしれないもの",
        held.denied
            .iter()
            .map(|denied| {
                let on = denied.resource.as_deref().map(code).unwrap_or_default();
                html!("{} {} × {}, {}", code(&denied.action), on, thousands(denied.calls), day(denied.last))
            })
            .collect(),
    );
    section(
        "Used seldom: other seasons may need more",
        "利用がまれなもの：他の時期に必要となる可能性",
        held.rare.iter().map(|one| both(&rare(one), &japanese_rare(one))).collect(),
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
                        false,
                        &unseen.actions.len().to_string().into(),
                        &Html::join(unseen.actions.iter().map(|action| code(action)), ", ")
                    )
                )
            })
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

fn plan(proposal: &Proposal) -> Html {
    html!(
        "{}<p>{}</p>{}{}",
        heading("Plan", "計画"),
        code(&proposal.plan.id),
        steps(&proposal.plan.changes),
        details(false, &both("The way back", "元に戻す手順"), &steps(&proposal.plan.way_back)),
    )
}
