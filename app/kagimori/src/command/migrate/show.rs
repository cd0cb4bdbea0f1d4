//! What `migrate` prints: for people, and as JSON (schema `kagimori.migrate`, version 1).

use std::collections::BTreeMap;
use std::fmt::Write;

use kagimori_migrate::{Certainty, Class, Home, Judged, Piece, Proposal, Sort, Workload, question};
use kagimori_plan::sentence::Language;
use kagimori_policy::compare::Inclusion;
use kagimori_policy::print::{print, print_pretty};
use kagimori_terminal::schema::Schema;
use kagimori_terminal::style::{BOLD, DIM, GREEN_BOLD as GREEN, YELLOW_BOLD as YELLOW};
use kagimori_terminal::width::{cut, pad};
use serde_json::{Value, json};

use super::gather::{Outcome, Row};
use super::road::Road;
use crate::args;
use crate::show::numbers::{calls, counted, instant, thousands};
use crate::show::silence;

/// Columns of a name.
const NAME: usize = 28;
/// Evidence that a line of the table has.
const PIECES_MAX: usize = 2;

pub(super) fn text(outcome: &Outcome, args: &args::Migrate) -> String {
    let language = Language::from(args.language);
    let mut text = String::new();
    if args.is_whole() {
        table(outcome, language, &mut text);
    } else {
        for (place, row) in outcome.rows.iter().enumerate() {
            one(row, outcome, language, &mut text);
            if let Some(road) = outcome.roads.get(&place) {
                one_road(road, language, &mut text);
            }
        }
    }
    for user in &outcome.without_keys {
        let line = either(
            language,
            format!(
                "{user}: which keys it has is not known: `list-access-keys` or the credential report was not given"
            ),
            format!(
                "{user}：アクセスキーの一覧（list-access-keys または認証情報レポート）が提供されていません"
            ),
        );
        let _ = writeln!(text, "{YELLOW}!{YELLOW:#} {line}");
    }
    let silent = silence::lines(&outcome.silent);
    if !silent.is_empty() {
        let _ = writeln!(text, "\n{}", either(language, silence::HEADING.0, silence::HEADING.1));
        for (english, japanese) in silent {
            let _ = writeln!(text, "  {}", either(language, english, japanese));
        }
    }
    text
}

fn table(outcome: &Outcome, language: Language, text: &mut String) {
    let mut account = None;
    for row in &outcome.rows {
        if account != Some(row.account) {
            account = Some(row.account);
            let _ = writeln!(text, "{BOLD}{}{BOLD:#}", outcome.names.account_with_id(row.account));
        }
        let certainty =
            row.judged.home.certainty().map_or("", |certainty| choose(language, certainty.words()));
        let _ = writeln!(
            text,
            "  {} {} {} {} {}",
            pad(&cut(row.user.name(), NAME), NAME),
            pad(row.credential.as_str(), 20),
            coloured(&row.judged.home, 15),
            pad(certainty, 8),
            because(row, language)
        );
        if let Some((english, japanese)) = question(&row.judged).filter(|_| is_open(&row.judged)) {
            let whom = row.owner.clone().unwrap_or_else(|| {
                let account = outcome.names.account(row.account);
                either(language, format!("whoever answers for {account}"), format!("{account} の管理者"))
            });
            let asked =
                either(language, format!("ask {whom}: {english}"), format!("{whom} に確認：{japanese}"));
            let _ = writeln!(text, "    {DIM}{asked}{DIM:#}");
        }
    }
    summary(outcome, language, text);
}

/// Whether somebody has to answer before it goes on.
fn is_open(judged: &Judged) -> bool {
    !matches!(judged.home, Home::Noise(_) | Home::One(..))
}

fn summary(outcome: &Outcome, language: Language, text: &mut String) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &outcome.rows {
        *counts.entry(row.judged.home.as_str()).or_default() += 1;
    }
    let certain =
        outcome.rows.iter().filter(|row| row.judged.home.certainty() == Some(Certainty::Certain)).count();
    let told = outcome.rows.iter().filter(|row| row.judged.home.class().is_some()).count();
    let open = outcome.rows.iter().filter(|row| is_open(&row.judged)).count();
    let noise = outcome.rows.len().saturating_sub(told).saturating_sub(open);
    let list: Vec<String> = counts.iter().map(|(class, count)| format!("{class} {count}")).collect();
    let _ = writeln!(text, "\n{}", list.join(", "));
    let total = outcome.rows.len();
    let _ = writeln!(
        text,
        "{}",
        either(
            language,
            format!(
                "{}: {told} have a home ({certain} certain), {open} need an answer or have to be split, {noise} are noise: `kagimori retire`; {} days of trail",
                counted(total, "credential"),
                outcome.span()
            ),
            format!(
                "認証情報 {total} 件：移行先が分かるもの {told} 件（うち確実 {certain} 件）、確認または分割が必要なもの {open} 件、実際の利用がないもの {noise} 件（`kagimori retire` で廃止）。証跡 {} 日分",
                outcome.span()
            ),
        )
    );
    if outcome.inactive > 0 {
        let inactive = outcome.inactive;
        let _ = writeln!(
            text,
            "{}",
            either(
                language,
                format!("{} without a call: left out", counted(inactive, "inactive key")),
                format!("呼び出しのない無効なキー {inactive} 件は除いています"),
            )
        );
    }
}

fn coloured(home: &Home, width: usize) -> String {
    let word = pad(home.as_str(), width);
    match home {
        Home::One(_, Certainty::Certain) => format!("{GREEN}{word}{GREEN:#}"),
        Home::One(..) => word,
        Home::Noise(_) => format!("{DIM}{word}{DIM:#}"),
        Home::Shared | Home::Unknown(_) => format!("{YELLOW}{word}{YELLOW:#}"),
    }
}

/// The evidence in a line.
fn because(row: &Row, language: Language) -> String {
    let judged = &row.judged;
    match &judged.home {
        Home::Shared => {
            let names: Vec<&str> =
                judged.workloads.iter().map(|(class, _)| class.map_or("?", Class::as_str)).collect();
            names.join(" + ")
        }
        Home::One(..) => {
            let pieces =
                judged.workloads.first().map(|(_, workload)| workload.pieces.as_slice()).unwrap_or_default();
            let told = pieces.iter().filter(|piece| piece.sort != Sort::Source).take(PIECES_MAX);
            told.map(|piece| piece_words(piece, language)).collect::<Vec<_>>().join("; ")
        }
        home => {
            let (english, japanese) = home.words();
            either(language, english, japanese)
        }
    }
}

fn piece_words(piece: &Piece, language: Language) -> String {
    format!("{} {}", choose(language, piece.sort.words()), piece.says)
}

fn one(row: &Row, outcome: &Outcome, language: Language, text: &mut String) {
    let judged = &row.judged;
    let (english, japanese) = judged.home.words();
    let certainty = judged
        .home
        .certainty()
        .map_or(String::new(), |certainty| format!(", {}", choose(language, certainty.words())));
    let _ = writeln!(
        text,
        "{BOLD}{}{BOLD:#}  {}\n  {}{certainty}: {}",
        row.credential.as_str(),
        row.user,
        coloured(&judged.home, 0),
        either(language, english, japanese)
    );
    for (class, workload) in &judged.workloads {
        one_workload(*class, workload, language, text);
    }
    for (count, english, japanese) in [
        (judged.refused, "refused, and no work", "拒否された呼び出し（利用とみなしません）"),
        (
            judged.probes,
            "only ask who it is or what there is, and no work",
            "本人確認や一覧だけの呼び出し（利用とみなしません）",
        ),
        (
            judged.suspected,
            "may be an intruder's: `kagimori trail key` shows them",
            "不審な呼び出し（`kagimori trail key` で確認）",
        ),
    ] {
        if count > 0 {
            let line = either(
                language,
                format!("{} {english}", calls(count)),
                format!("{japanese}：{}", thousands(count)),
            );
            let _ = writeln!(text, "  {line}");
        }
    }
    if let Some((english, japanese)) = question(judged) {
        let whom = row.owner.clone().unwrap_or_else(|| outcome.names.account(row.account));
        let _ = writeln!(
            text,
            "  {YELLOW}?{YELLOW:#} {}",
            either(language, format!("ask {whom}: {english}"), format!("{whom} に確認：{japanese}"))
        );
    }
}

fn one_road(road: &Road, language: Language, text: &mut String) {
    let (english, japanese) = road.words();
    let _ =
        writeln!(text, "  {} {}", either(language, "role", "ロール"), either(language, english, japanese));
    let Road::Role(proposal, plan) = road else { return };
    for (english, japanese) in proofs(proposal) {
        let _ = writeln!(text, "    {}", either(language, english, japanese));
    }
    let policies = std::iter::once(&proposal.trust.document).chain(&proposal.policies);
    for line in
        policies.flat_map(|document| print_pretty(document).lines().map(str::to_owned).collect::<Vec<_>>())
    {
        let _ = writeln!(text, "    {DIM}{line}{DIM:#}");
    }
    for named in &proposal.named {
        let line = format!("{}: {}", named.place, choose(language, named.naming.advice()));
        let _ = writeln!(text, "    {YELLOW}!{YELLOW:#} {line}");
    }
    for step in &plan.changes {
        let _ = writeln!(text, "    {}", either(language, step.sentence.clone(), step.change.japanese()));
    }
}

/// What is proved of a role, and what is not.
pub(super) fn proofs(proposal: &Proposal) -> Vec<(String, String)> {
    let trust = &proposal.trust;
    let verified = &proposal.verified;
    let mut lines = vec![(
        format!(
            "trust: lets in {}; refuses {}, by both evaluators",
            counted(trust.allowed.len(), "caller"),
            counted(trust.denied.len(), "stranger")
        ),
        format!(
            "信頼ポリシー：想定する呼び出し元 {} 件を許可し、それ以外 {} 件を拒否（2 つの評価器で確認）",
            trust.allowed.len(),
            trust.denied.len()
        ),
    )];
    lines.push(match &proposal.soundness {
        Inclusion::Proved => (
            "permissions: none that the user's policies do not give, proved over all requests".to_owned(),
            "許可：ユーザーのポリシーを超えないことを全リクエストについて証明済み".to_owned(),
        ),
        _ => (
            "permissions: NOT PROVED to be within the user's".to_owned(),
            "許可：ユーザーのポリシーを超えないことを証明できません".to_owned(),
        ),
    });
    lines.push((
        format!(
            "replay as the role's session: {} of {} stay allowed{}",
            thousands(verified.allowed.saturating_add(verified.assumed)),
            calls(verified.calls),
            if verified.unexplained > 0 {
                format!(", {} the policies of the snapshot do not explain", thousands(verified.unexplained))
            } else {
                String::new()
            }
        ),
        format!(
            "ロールのセッションとしての再生：{} 件中 {} 件が引き続き許可{}",
            thousands(verified.calls),
            thousands(verified.allowed.saturating_add(verified.assumed)),
            if verified.unexplained > 0 {
                format!(
                    "、{} 件はスナップショットのポリシーでは説明できません",
                    thousands(verified.unexplained)
                )
            } else {
                String::new()
            }
        ),
    ));
    for failing in &verified.failing {
        let what = format!("{} {}", failing.action, failing.resource.as_deref().unwrap_or("?"));
        let event = failing.first.event_id.as_deref().unwrap_or_default();
        lines.push((
            format!(
                "{}: {what}, {} ({event}): {}",
                if failing.is_denied { "WOULD BE DENIED" } else { "cannot tell" },
                calls(failing.calls),
                failing.why
            ),
            format!(
                "{}：{what}、{} 件（{event}）",
                if failing.is_denied { "拒否される見込み" } else { "判断できません" },
                thousands(failing.calls)
            ),
        ));
    }
    lines
}

fn one_workload(class: Option<Class>, workload: &Workload, language: Language, text: &mut String) {
    let tally = &workload.tally;
    let name = class.map_or("?", Class::as_str);
    let _ = writeln!(
        text,
        "  {name}  {}",
        either(language, calls(tally.calls), format!("{} 件", thousands(tally.calls)))
    );
    for piece in &workload.pieces {
        let event = piece.event.as_deref().map_or(String::new(), |event| format!("  {DIM}{event}{DIM:#}"));
        let _ = writeln!(
            text,
            "    {} {} {}{event}",
            pad(choose(language, piece.sort.words()), 18),
            pad(strength(piece), 8),
            piece.says
        );
    }
    let told: Vec<String> = workload
        .sources
        .iter()
        .filter_map(|(source, count)| Some(format!("{} ({})", source.as_ref()?.as_str(), thousands(*count))))
        .collect();
    let told = if told.is_empty() {
        either(
            language,
            "its clients do not tell how it reaches them".to_owned(),
            "渡し方は分かりません".to_owned(),
        )
    } else {
        told.join(", ")
    };
    let _ = writeln!(text, "    {} {told}", pad(choose(language, Sort::Source.words()), 18));
}

fn strength(piece: &Piece) -> &'static str {
    match piece.strength {
        kagimori_migrate::Strength::Certain => "certain",
        kagimori_migrate::Strength::Strong => "strong",
        kagimori_migrate::Strength::Medium => "medium",
        kagimori_migrate::Strength::Weak => "weak",
    }
}

fn choose(language: Language, (english, japanese): (&'static str, &'static str)) -> &'static str {
    either(language, english, japanese)
}

fn either<T>(language: Language, english: T, japanese: T) -> T {
    match language {
        Language::Ja => japanese,
        Language::En => english,
    }
}

pub(super) fn json(outcome: &Outcome) -> Value {
    json!({
        "schema": Schema { name: "kagimori.migrate", version: 1 },
        "now": outcome.now.to_string(),
        "days": outcome.days,
        "from": instant(outcome.window.from),
        "until": instant(outcome.window.until),
        "inactive": outcome.inactive,
        "keys_not_known": outcome.without_keys,
        "silent": silence::lines(&outcome.silent).into_iter().map(|(english, _)| english).collect::<Vec<_>>(),
        "credentials": outcome.rows.iter().enumerate().map(|(place, row)| credential(row, outcome.roads.get(&place), outcome)).collect::<Vec<_>>(),
    })
}

fn credential(row: &Row, road: Option<&Road>, outcome: &Outcome) -> Value {
    let judged = &row.judged;
    let (english, japanese) = judged.home.words();
    let why = match &judged.home {
        Home::Unknown(untold) => Some(untold.as_str()),
        _ => None,
    };
    let ask = question(judged).map(|(english, japanese)| {
        json!({"whom": row.owner, "account": outcome.names.account(row.account), "question": english, "question_ja": japanese})
    });
    json!({
        "account": row.account,
        "user": row.user,
        "credential": row.credential.as_str(),
        "active": row.is_active,
        "last_used": row.last_used.map(|at| at.map_or_else(|| "never".to_owned(), instant)),
        "owner": row.owner,
        "purpose": row.purpose,
        "class": judged.home.as_str(),
        "certainty": judged.home.certainty(),
        "why": why,
        "words": english,
        "words_ja": japanese,
        "also": judged.also,
        "calls": judged.calls,
        "refused": judged.refused,
        "probes": judged.probes,
        "suspected": judged.suspected,
        "ask": ask,
        "road": road.map(road_json),
        "workloads": judged.workloads.iter().map(|(class, workload)| workload_json(*class, workload)).collect::<Vec<_>>(),
    })
}

fn road_json(road: &Road) -> Value {
    let (english, japanese) = road.words();
    let Road::Role(proposal, plan) = road else {
        return json!({"role": null, "words": english, "words_ja": japanese});
    };
    let document = |document| serde_json::from_str::<Value>(&print(document)).unwrap_or_default();
    json!({
        "role": proposal.role,
        "words": english,
        "words_ja": japanese,
        "proved": proposal.is_proved(),
        "plan": plan.id,
        "trust": document(&proposal.trust.document),
        "allowed": proposal.trust.allowed,
        "refused": proposal.trust.denied,
        "policies": proposal.policies.iter().map(document).collect::<Vec<_>>(),
        "within_user": proposal.soundness == Inclusion::Proved,
        "verified": proposal.verified,
        "named": proposal.named,
        "session_seconds": proposal.session_seconds,
    })
}

fn workload_json(class: Option<Class>, workload: &Workload) -> Value {
    let tally = &workload.tally;
    let sources: BTreeMap<&str, u64> = workload
        .sources
        .iter()
        .map(|(source, count)| (source.as_ref().map_or("not-told", |source| source.as_str()), *count))
        .collect();
    json!({
        "class": class,
        "calls": tally.calls,
        "first": instant(tally.first.0),
        "last": instant(tally.last),
        "event": tally.first.1,
        "agents": workload.agents.iter().map(|agent| &**agent).collect::<Vec<_>>(),
        "addresses": tally.addresses.len(),
        "applications": workload.apps,
        "credentials_from": sources,
        "evidence": workload.pieces,
    })
}
