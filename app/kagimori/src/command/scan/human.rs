//! The answer for people: the worst first, each with its places.

use std::fmt::Write;

use kagimori_source::{Held, Kind, SecretState, Severity, Verdict, Why};
use kagimori_terminal::style::{self, BOLD, DIM, RED_BOLD, Style, YELLOW};
use kagimori_terminal::tame::tame_line;
use kagimori_tree::{Place, Where};

use super::answer::{Answer, Judged};
use crate::command::leaked::brief;
use crate::show::numbers::{counted, day, thousands};

/// Places of one credential that are listed; JSON and CSV have all.
const PLACES_MAX: usize = 8;
const PROBLEMS_MAX: usize = 10;
const NOWHERE_MAX: usize = 12;

/// The whole text.
pub(super) fn text(answer: &Answer<'_>) -> String {
    let mut text = String::new();
    head(&mut text, answer);
    for judged in &answer.findings {
        finding(&mut text, answer, judged);
    }
    shared(&mut text, answer);
    nowhere(&mut text, answer);
    beside(&mut text, answer);
    text
}

fn head(text: &mut String, answer: &Answer<'_>) {
    let (counts, findings) = (&answer.parts.counts, answer.findings.len());
    let live = answer.findings.iter().filter(|judged| judged.counts()).count();
    let _ = writeln!(
        text,
        "{BOLD}{}{BOLD:#} in {} ({}{}, {} KiB): {live} live",
        counted(findings, "credential"),
        counted(answer.parts.systems.len(), "system"),
        counted(thousands(counts.files.try_into().unwrap_or_default()), "file"),
        history(counts),
        thousands(counts.bytes.div_ceil(1024))
    );
    if answer.is_incomplete() {
        let _ = writeln!(text, "{RED_BOLD}incomplete{RED_BOLD:#}: part of what was given could not be read");
    }
}

fn history(counts: &kagimori_tree::Counts) -> String {
    if counts.blobs == 0 {
        return String::new();
    }
    format!(", {} of {}", counted(counts.blobs, "blob"), counted(counts.commits, "commit"))
}

fn finding(text: &mut String, answer: &Answer<'_>, judged: &Judged<'_>) {
    let finding = &judged.finding;
    let style = style_of(finding.severity);
    let _ = writeln!(
        text,
        "\n{style}{:<8}{style:#} {BOLD}{}{BOLD:#}  {}",
        finding.severity.word().to_uppercase(),
        tame_line(&name(judged)),
        whose(judged)
    );
    let _ = writeln!(text, "         {}", secret(&finding.secret, finding.kind));
    if let Some(end) = finding.expires {
        let _ = writeln!(text, "         ends {end}");
    }
    if let Some(waiver) = judged.waiver {
        let _ = writeln!(
            text,
            "         waived until {} by {}: {}",
            waiver.expires,
            tame_line(&waiver.owner),
            tame_line(&waiver.reason)
        );
    }
    if judged.is_known {
        let _ = writeln!(text, "         known: in the earlier answer");
    }
    for (what, line) in judged.case.iter().flat_map(brief) {
        let _ = writeln!(text, "         {DIM}{what:<8}{DIM:#} {}", tame_line(&line));
    }
    for (held, place) in finding.places.iter().take(PLACES_MAX) {
        let _ = writeln!(text, "         {}", shown(answer, held, place));
    }
    let more = finding.places.len().saturating_sub(PLACES_MAX);
    if more > 0 {
        let _ = writeln!(
            text,
            "         {DIM}and {}; `--format json` has all{DIM:#}",
            counted(more, "more place")
        );
    }
}

fn style_of(severity: Severity) -> Style {
    match severity {
        Severity::Critical => RED_BOLD,
        Severity::High => style::RED,
        Severity::Medium => YELLOW,
        _ => DIM,
    }
}

fn name(judged: &Judged<'_>) -> String {
    let finding = &judged.finding;
    if finding.name.is_empty() { finding.kind.word().to_owned() } else { finding.name.clone() }
}

/// Whose it is, and whether it lives.
fn whose(judged: &Judged<'_>) -> String {
    let finding = &judged.finding;
    let account = finding.account.map(|account| account.to_string()).unwrap_or_default();
    let said = match finding.verdict {
        Verdict::Active => "active",
        Verdict::Listed => "listed; whether it is active is not known",
        Verdict::OursUnknown => "of this company; its account's list of keys was not given or is not whole",
        Verdict::Ours => "of this company by the name beside it",
        Verdict::Anothers => "of an account that is not among the given ones",
        Verdict::Inactive => "inactive",
        Verdict::Deleted => "deleted: its account lists all its keys, and not this one",
        Verdict::Expired => "expired",
        Verdict::Canary => "bait (a canary's account): do not use it, whoever does is seen",
        _ => "does not tell whose it is",
    };
    match &finding.owner {
        Some(owner) => {
            let used =
                owner.last_used.map(|at| format!(", last used {}", day(at.as_second()))).unwrap_or_default();
            format!("{said}, {} of {account}{used}", tame_line(&owner.user))
        }
        None if account.is_empty() => format!("{}: {said}", finding.kind.word()),
        None => format!("{} of {account}: {said}", finding.kind.word()),
    }
}

fn secret(state: &SecretState, kind: Kind) -> String {
    match state {
        SecretState::Proved => "its secret is there, proved by a signature or an SMTP password".to_owned(),
        SecretState::Beside(why) => format!("its secret is there: {}", reason(*why)),
        SecretState::Possible(count) => {
            format!("one of {count} secrets beside it is its own; nothing tells which")
        }
        SecretState::Encrypted(by) => format!("its secret is encrypted by {by}"),
        SecretState::SmtpPassword => "an SMTP password of SES stands beside it".to_owned(),
        SecretState::Itself => "what stands there is secret by itself".to_owned(),
        _ if kind == Kind::SignedRequest => "it signed a request: a sign of use, no secret".to_owned(),
        _ => "no secret beside it: who reads this knows who uses the key".to_owned(),
    }
}

/// Why a secret is said to be an id's.
pub(super) fn reason(why: Why) -> &'static str {
    match why {
        Why::Proof => "proved",
        Why::Together => "they stand together",
        Why::Names => "their names say it",
        Why::InTurn => "ids and secrets follow each other",
        Why::OnlyOnes => "the only ones of the file",
        _ => "the nearest",
    }
}

/// `app/.env:3  base64  in the work tree`.
fn shown(answer: &Answer<'_>, held: &Held, place: &Place) -> String {
    let written: Vec<&str> = held.written.iter().map(|written| written.word()).collect();
    let written = if written.is_empty() { String::new() } else { format!("  {}", written.join(" > ")) };
    let link = stands(&place.at);
    let silenced = if held.silenced { "  (a comment asks scanners to be silent)" } else { "" };
    let system = if answer.parts.systems.len() > 1 && !place.path.starts_with(answer.system(place.system)) {
        format!("{}: ", tame_line(answer.system(place.system)))
    } else {
        String::new()
    };
    format!("{system}{}:{}:{}{written}{link}{silenced}", tame_line(&place.path), held.line, held.column)
}

/// Where in a system it stands, when that is no file as it lies there.
pub(super) fn stands(at: &Where) -> String {
    let since = |seconds: i64| if seconds > 0 { format!(" of {}", day(seconds)) } else { String::new() };
    let short = |commit: &str| commit.chars().take(12).collect::<String>();
    match at {
        Where::Link => "  target of a link".to_owned(),
        Where::Commit { commit, seconds, at_head } => {
            let still = if *at_head { ", still at HEAD" } else { ", not at HEAD" };
            format!("  since commit {}{}{still}", short(commit), since(*seconds))
        }
        Where::Index => "  staged".to_owned(),
        Where::Unreachable { commit, seconds } => {
            let of =
                commit.as_deref().map(|commit| format!(", commit {}", short(commit))).unwrap_or_default();
            format!(
                "  unreachable{of}{}: no reference leads there, whoever has the repository has it",
                since(*seconds)
            )
        }
        Where::CommitMessage { .. } => "  in the commit itself".to_owned(),
        Where::TagMessage => "  in an annotated tag".to_owned(),
        Where::GitFolder => "  in the repository's own files".to_owned(),
        _ => String::new(),
    }
}

/// The same in Japanese.
pub(super) fn stands_in_japanese(at: &Where) -> String {
    let short = |commit: &str| commit.chars().take(12).collect::<String>();
    let since = |seconds: i64| if seconds > 0 { format!("（{}）", day(seconds)) } else { String::new() };
    match at {
        Where::Link => "リンクの参照先".to_owned(),
        Where::Commit { commit, seconds, at_head } => {
            let still = if *at_head {
                "現在の HEAD にもあります"
            } else {
                "現在の HEAD にはありません"
            };
            format!("コミット {}{}から。{still}", short(commit), since(*seconds))
        }
        Where::Index => "ステージ済み".to_owned(),
        Where::Unreachable { commit, seconds } => {
            let of =
                commit.as_deref().map(|commit| format!("、コミット {}", short(commit))).unwrap_or_default();
            format!(
                "どの参照からもたどれないオブジェクト{of}{}。リポジトリを持つ人は取り出せます",
                since(*seconds)
            )
        }
        Where::CommitMessage { .. } => "コミット自体の中".to_owned(),
        Where::TagMessage => "注釈付きタグの中".to_owned(),
        Where::GitFolder => "リポジトリの管理ファイルの中".to_owned(),
        _ => String::new(),
    }
}

fn shared(text: &mut String, answer: &Answer<'_>) {
    let mut begun = false;
    for judged in answer.shared() {
        if !std::mem::replace(&mut begun, true) {
            let _ = writeln!(text, "\n{BOLD}In several systems{BOLD:#}");
        }
        let systems: Vec<String> =
            judged.systems().into_iter().map(|system| tame_line(answer.system(system))).collect();
        let _ = writeln!(text, "  {}  {}", tame_line(&name(judged)), systems.join(", "));
    }
}

fn nowhere(text: &mut String, answer: &Answer<'_>) {
    let active: Vec<_> = answer.nowhere.iter().filter(|(_, owner)| owner.active != Some(false)).collect();
    if !answer.has_company || active.is_empty() {
        return;
    }
    let _ = writeln!(
        text,
        "\n{BOLD}Found nowhere{BOLD:#}: {} of the company, not inactive",
        counted(active.len(), "key")
    );
    for (id, owner) in active.iter().take(NOWHERE_MAX) {
        let _ = writeln!(text, "  {id}  {} of {}", tame_line(&owner.user), owner.account);
    }
    let more = active.len().saturating_sub(NOWHERE_MAX);
    if more > 0 {
        let _ = writeln!(text, "  {DIM}and {more} more; `--format json` has all{DIM:#}");
    }
}

/// What was counted and is no finding; what was not read.
fn beside(text: &mut String, answer: &Answer<'_>) {
    let parts = &answer.parts;
    let mut notes = Vec::new();
    if parts.counts.examples > 0 {
        notes.push(format!("{} of AWS's documentation", counted(parts.counts.examples, "example id")));
    }
    for (kind, count) in &parts.sealed {
        notes.push(format!("{} sealed by {}: not looked into", counted(*count, "file"), sealed(*kind)));
    }
    if parts.counts.passed_over > 0 {
        notes.push(format!("{} passed over", counted(parts.counts.passed_over, "pipe, socket or device")));
    }
    if answer.unasked > 0 {
        let keys = format!("{} of the company", counted(answer.unasked, "key"));
        notes.push(format!(
            "{keys} without what the trail tells: `kagimori leaked KEY --dir DIR` asks it (a trail is needed)"
        ));
    }
    for note in notes {
        let _ = writeln!(text, "\nnote: {note}");
    }
    if !parts.repositories.is_empty() {
        let _ = writeln!(
            text,
            "\nnote: {} below these paths: what lies there was read, its history was not (`--git REPO` reads it)",
            counted(parts.repositories.len(), "git work tree")
        );
    }
    let problems = parts.problems.iter().map(|problem| (&problem.place, &problem.message, &problem.hint));
    let of_estate =
        answer.estate_problems.iter().map(|problem| (&problem.file, &problem.message, &problem.hint));
    let all: Vec<_> = problems.chain(of_estate).collect();
    for (place, message, hint) in all.iter().take(PROBLEMS_MAX) {
        let _ = writeln!(
            text,
            "\n{YELLOW}not read{YELLOW:#} {}: {} ({})",
            tame_line(place),
            tame_line(message),
            tame_line(hint)
        );
    }
    let more = all.len().saturating_sub(PROBLEMS_MAX);
    if more > 0 {
        let _ = writeln!(text, "{DIM}and {more} more; `--format json` has all{DIM:#}");
    }
}

/// The word for what a file is sealed with.
pub(super) fn sealed(kind: kagimori_source::Sealed) -> &'static str {
    match kind {
        kagimori_source::Sealed::Sops => "SOPS",
        kagimori_source::Sealed::AnsibleVault => "ansible-vault",
        kagimori_source::Sealed::GitCrypt => "git-crypt",
        kagimori_source::Sealed::Age => "age",
        kagimori_source::Sealed::Pgp => "OpenPGP",
        kagimori_source::Sealed::Openssl => "openssl",
        kagimori_source::Sealed::KeePass => "KeePass",
        _ => "something",
    }
}
