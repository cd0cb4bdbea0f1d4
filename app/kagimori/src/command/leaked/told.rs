//! The answer as text, in English or Japanese, and as JSON.

use std::fmt::Write;

use kagimori_estate::access::May;
use kagimori_terminal::style::{BOLD, RED_BOLD};
use kagimori_terminal::tame::tame_line;
use serde_json::{Value, json};

use super::gather::{Case, blind};
use super::steps::steps;
use crate::args::LanguageArg;
use crate::show::numbers::{counted, day, thousands};

/// Actions of a level that are named.
const NAMED: usize = 8;
/// Lines of a list.
const LINES: usize = 15;

/// Lines below a heading; both languages, so that text and page say the same.
pub(super) struct Section {
    pub(super) heading: (&'static str, &'static str),
    pub(super) lines: Vec<(String, String)>,
    /// Texts that stand as they are: policies.
    pub(super) documents: Vec<String>,
    /// Its lines are steps, one after the other.
    pub(super) is_numbered: bool,
}

/// What begins a command in a line, in a line of its own.
pub(super) const COMMAND: &str = "\n     $ ";

fn section(heading: (&'static str, &'static str), lines: Vec<(String, String)>) -> Section {
    Section { heading, lines, documents: Vec::new(), is_numbered: false }
}

/// A line that is the same in both languages.
fn same(text: String) -> (String, String) {
    (text.clone(), text)
}

/// All sections.
pub(super) fn sections(case: &Case) -> Vec<Section> {
    let mut sections = vec![section(("Whose", "持ち主"), whose(case))];
    if case.could.is_some() {
        sections
            .push(section(("What it could do, worst first", "できること（危険なものから）"), could(case)));
    }
    sections.push(section(("What it did, worst first", "実際の操作（危険なものから）"), did(case)));
    if case.looked {
        sections.push(section(("Where it lies", "置かれている場所"), places(case)));
    }
    if case.breaks.is_some() {
        sections.push(section(("What breaks without it", "無効にしたときの影響"), breaks(case)));
    }
    if case.owner.is_some() {
        sections.push(replacement(case));
    }
    let blind = blind(case);
    if !blind.is_empty() {
        sections.push(section(("What cannot be known", "分からないこと"), blind));
    }
    let steps = steps(case);
    let lines = steps.iter().map(|step| {
        let command = step.command.as_ref().map(|command| format!("{COMMAND}{command}")).unwrap_or_default();
        (format!("{}{command}", step.english), format!("{}{command}", step.japanese))
    });
    let heading = ("What to do, in this order", "対応の手順（この順で）");
    sections.push(Section { is_numbered: true, ..section(heading, lines.collect()) });
    sections
}

fn whose(case: &Case) -> Vec<(String, String)> {
    let (english, japanese) = match case.verdict.word() {
        "active" => ("active", "有効"),
        "inactive" => ("inactive", "無効"),
        "listed" => ("listed; whether it is active is not known", "存在するが、有効かどうかは不明"),
        "deleted" => (
            "deleted: its account lists all its keys, and not this one",
            "削除済み（アカウントのキー一覧にありません）",
        ),
        "ours-unknown" => (
            "of an account of this directory whose keys are not all known",
            "このディレクトリのアカウントのもの（キー一覧が不完全）",
        ),
        "anothers" => {
            ("of an account that is not in this directory", "このディレクトリにないアカウントのもの")
        }
        "canary" => {
            ("bait: of an account whose keys are laid out to be used", "おとりのキー（使わないでください）")
        }
        _ => ("nothing tells whose it is", "持ち主は不明"),
    };
    let account = case.account.map(|account| account.to_string()).unwrap_or_default();
    let mut lines = vec![(format!("{} is {english}", case.key), format!("{}: {japanese}", case.key))];
    if let Some(owner) = &case.owner {
        let created = owner.created.map(|at| day(at.as_second())).unwrap_or_else(|| "?".to_owned());
        lines.push((
            format!("user {} of {account}, made {created}", owner.user),
            format!("アカウント {account} のユーザー {}（作成 {created}）", owner.user),
        ));
    } else if !account.is_empty() {
        lines.push((
            format!("account {account}, by the id itself"),
            format!("アカウント {account}（ID から判明）"),
        ));
    }
    lines
}

fn could(case: &Case) -> Vec<(String, String)> {
    let Some(could) = &case.could else { return Vec::new() };
    let (sure, open) = (could.allowed, could.conditional);
    let mut lines = vec![(
        format!("{sure} actions, {open} more under conditions"),
        format!("{sure} 個のアクション、条件付きでさらに {open} 個"),
    )];
    lines.push(match could.administrator {
        Some((May::Surely, 0)) => ("it is an administrator".to_owned(), "管理者です".to_owned()),
        Some((May::Surely, steps)) => (
            format!("it can become an administrator in {steps} steps"),
            format!("{steps} 手順で管理者になれます"),
        ),
        Some(_) => (
            "it may become an administrator: conditions, or what is not known, decide".to_owned(),
            "条件または不明な情報次第で管理者になれる可能性があります".to_owned(),
        ),
        None => {
            ("no way to an administrator is known".to_owned(), "管理者になる経路は見つかりません".to_owned())
        }
    });
    for (level, actions) in &could.levels {
        let named: Vec<&str> = actions.iter().take(NAMED).map(String::as_str).collect();
        let more = actions.len().saturating_sub(NAMED);
        let (english, japanese) = level.words();
        let (and, hoka) = if more > 0 {
            (format!(" and {more} more"), format!(" ほか {more} 個"))
        } else {
            Default::default()
        };
        let named = named.join(", ");
        lines.push((format!("{english}: {named}{and}"), format!("{japanese}: {named}{hoka}")));
    }
    lines
}

fn did(case: &Case) -> Vec<(String, String)> {
    let Some(did) = &case.did else {
        return vec![(
            "the trail holds no call with it".to_owned(),
            "証跡にこのキーの呼び出しはありません".to_owned(),
        )];
    };
    let (calls, failed, writes) = (thousands(did.calls), thousands(did.failed), thousands(did.writes));
    let (first, last) = (day(did.first.as_second()), day(did.last.as_second()));
    let mut lines = vec![(
        format!("{calls} calls, {failed} failed, {writes} writes, {first} to {last}"),
        format!("呼び出し {calls} 回（失敗 {failed}、書き込み {writes}）、{first} から {last}"),
    )];
    if let Some(since) = case.since() {
        let since = day(since);
        let (calls, writes) = did.since.unwrap_or_default();
        let (calls, writes) = (thousands(calls), thousands(writes));
        lines.push((
            format!("it lies in a commit since {since}; {calls} calls since then, {writes} writes"),
            format!("{since} からコミットに含まれています。以後の呼び出し {calls} 回（書き込み {writes}）"),
        ));
    }
    for (level, name, calls, succeeded, last) in did.actions.iter().take(LINES) {
        let (english, japanese) = level.words();
        let last = day(last.as_second());
        lines.push((
            format!(
                "{name}: {}, {succeeded} succeeded, last {last} ({english})",
                counted(thousands(*calls), "call")
            ),
            format!("{name}: {calls} 回（成功 {succeeded}）、最後 {last}（{japanese}）"),
        ));
    }
    let mut origins: Vec<_> = did.origins.iter().collect();
    origins.sort_by(|a, b| {
        (std::cmp::Reverse(a.judgement), &a.id).cmp(&(std::cmp::Reverse(b.judgement), &b.id))
    });
    for origin in origins {
        let (english, japanese) = origin.judgement.words();
        let (calls, last) = (thousands(origin.calls), day(origin.last));
        lines.push((
            format!("from {}: {calls} calls, last {last}: {english}", origin.id),
            format!("{} から {calls} 回、最後 {last}: {japanese}", origin.id),
        ));
    }
    lines
}

fn places(case: &Case) -> Vec<(String, String)> {
    if case.places.is_empty() {
        return vec![("in none of the given trees".to_owned(), "指定されたツリーにはありません".to_owned())];
    }
    let line = |place: &super::gather::Spot| {
        let (at, at_ja) = (&place.at.0, &place.at.1);
        let change = if place.is_now { ("change this line", "この行を変更") } else { ("", "") };
        let joined = |parts: [&str; 2], between: &str| {
            let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            let colon = if parts.is_empty() { "" } else { ": " };
            format!("{}:{}{colon}{}", place.place, place.line, parts.join(between))
        };
        (joined([at, change.0], "; "), joined([at_ja, change.1], "。"))
    };
    case.places.iter().map(line).collect()
}

fn breaks(case: &Case) -> Vec<(String, String)> {
    let Some(replayed) = &case.breaks else { return Vec::new() };
    let totals = &replayed.evidence.totals;
    let (denied, open, total) =
        (thousands(totals.newly_denied), thousands(totals.cannot_tell), thousands(totals.total()));
    let days = case.days;
    vec![
        (
            format!(
                "of {total} calls of the last {days} days {denied} would have been denied, {open} cannot be told"
            ),
            format!(
                "直近 {days} 日の呼び出し {total} 回のうち、{denied} 回が拒否され、{open} 回は判断できません"
            ),
        ),
        same(format!("$ kagimori whatif --key-off {} --days {days} --dir {}", case.key, case.dir)),
    ]
}

fn replacement(case: &Case) -> Section {
    let mut lines = Vec::new();
    let documents = match &case.replacement {
        Ok(replacement) => {
            let proved = if replacement.is_proved {
                ("proved to grant nothing new", "新たな権限を与えないことを証明済み")
            } else {
                (
                    "not proved to grant nothing new: read them",
                    "新たな権限を与えないことは未証明（内容を確認してください）",
                )
            };
            lines.push((
                format!("a role with these policies, drawn from what the user did: {}", proved.0),
                format!("実際の利用から作成した次のポリシーを付けたロール（{}）", proved.1),
            ));
            replacement.policies.clone()
        }
        Err(why) => {
            lines.push((format!("no policy is proposed: {why}"), format!("ポリシーは提案できません: {why}")));
            Vec::new()
        }
    };
    let workloads: Vec<&str> = case.did.iter().flat_map(|did| did.workloads.iter().copied()).collect();
    if !workloads.is_empty() {
        let workloads = workloads.join(", ");
        lines.push((format!("the calls come from: {workloads}"), format!("呼び出し元の種類: {workloads}")));
    }
    Section { heading: ("What replaces it", "置き換え"), lines, documents, is_numbered: false }
}

/// The answer for people.
pub(super) fn text(case: &Case, language: LanguageArg) -> String {
    let is_japanese = language == LanguageArg::Ja;
    let pick = |pair: &(String, String)| if is_japanese { pair.1.clone() } else { pair.0.clone() };
    let mut text = String::new();
    if case.is_suspected() {
        let warning =
            if is_japanese { "不審な利用があります" } else { "somebody else's hand was seen" };
        let _ = writeln!(text, "{RED_BOLD}{warning}{RED_BOLD:#}\n");
    }
    for section in sections(case) {
        let heading = if is_japanese { section.heading.1 } else { section.heading.0 };
        let _ = writeln!(text, "{BOLD}{heading}{BOLD:#}");
        for (at, line) in section.lines.iter().enumerate() {
            let number = if section.is_numbered { format!("{}. ", at + 1) } else { String::new() };
            for part in format!("{number}{}", pick(line)).split('\n') {
                let _ = writeln!(text, "  {}", tame_line(part));
            }
        }
        for document in &section.documents {
            for line in document.lines() {
                let _ = writeln!(text, "    {}", tame_line(line));
            }
        }
        text.push('\n');
    }
    text
}

/// The answer for programs.
pub(super) fn json(case: &Case) -> Value {
    let steps: Vec<Value> = steps(case)
        .iter()
        .map(|step| json!({ "what": step.english, "what_ja": step.japanese, "command": step.command }))
        .collect();
    let places: Vec<Value> = case
        .places
        .iter()
        .map(|place| json!({ "place": place.place, "line": place.line, "since": place.since.map(crate::show::numbers::instant), "now": place.is_now }))
        .collect();
    let mut answer = json!({
        "schema": { "name": "kagimori.leaked", "version": 1 },
        "now": case.now,
        "key": case.key,
        "account": case.account,
        "verdict": case.verdict.word(),
        "owner": case.owner,
        "places": places,
        "steps": steps,
        "not_read": case.unread,
    });
    if let (Value::Object(answer), Value::Object(parts)) = (&mut answer, parts(case)) {
        answer.extend(parts);
    }
    answer
}

/// What the engines say of a key: could, did, breaks, its replacement, and what cannot be known.
pub(crate) fn parts(case: &Case) -> Value {
    let could = case.could.as_ref().map(|could| {
        let levels: Vec<Value> =
            could.levels.iter().map(|(level, actions)| json!({ "level": level.words().0, "actions": actions })).collect();
        let administrator = could.administrator.map(|(may, steps)| json!({ "surely": may == May::Surely, "steps": steps }));
        json!({ "allowed": could.allowed, "conditional": could.conditional, "administrator": administrator, "levels": levels })
    });
    let did = case.did.as_ref().map(|did| {
        let actions: Vec<Value> = did
            .actions
            .iter()
            .map(|(level, name, calls, succeeded, last)| {
                json!({ "action": name, "level": level.words().0, "calls": calls, "succeeded": succeeded, "last": last })
            })
            .collect();
        json!({ "calls": did.calls, "failed": did.failed, "writes": did.writes, "first": did.first, "last": did.last,
                "actions": actions, "origins": did.origins, "callers": did.workloads,
                "since_commit": did.since.map(|(calls, writes)| json!({ "calls": calls, "writes": writes })) })
    });
    let replacement = match &case.replacement {
        Ok(replacement) => json!({ "policies": replacement.policies, "proved": replacement.is_proved }),
        Err(why) => json!({ "refused": why }),
    };
    let unknown: Vec<Value> = blind(case).iter().map(|(english, _)| json!(english)).collect();
    json!({
        "suspected": case.is_suspected(),
        "could": could,
        "did": did,
        "breaks": case.breaks.as_ref().map(|replayed| json!(replayed.evidence.totals)),
        "replacement": replacement,
        "unknown": unknown,
    })
}
