//! `watch`: CloudTrail beside the log. A sign-in of a root without a request is an alarm; a code without a sign-in is a question; of what
//! the trail does not tell, nothing is said.

use kagimori_custody::{
    Alarm, Lasting, Question, RootDeed, RootLogin, TOLERANCE, Tolerance, Untold, Watched, watch,
};
use kagimori_terminal::printer;
use kagimori_terminal::schema::Schema;
use kagimori_terminal::tame::tame_line;
use serde::Serialize;

use super::seen::Seen;
use super::{Exit, told};
use crate::args::{Format, WatchArgs};
use crate::language::Language;

/// So many calls of a list are shown.
const SHOWN: usize = 5;

/// Compares and tells.
///
/// # Errors
/// What is wrong, and what to do.
pub(crate) fn run(args: &WatchArgs) -> Result<Exit, (String, String)> {
    let mut seen = Seen::read(&args.seen)?;
    if let Some(since) = args.since {
        seen.grants = seen.grants.since(since);
    }
    let tolerance = Tolerance { skew: Lasting::seconds(args.skew), ..TOLERANCE };
    let found = watch(&seen.grants, &seen.trail, tolerance);
    let answer = args.seen.answer;
    let printed = match answer.format {
        Format::Json => printer::json(&Answer::of(&seen, &found)),
        Format::Human => printer::text(&text(answer.language(), &seen, &found)),
    };
    printed.map_err(|error| told(error, "look at where it is printed to"))?;
    Ok(exit(&seen, &found))
}

fn exit(seen: &Seen, found: &Watched) -> Exit {
    if seen.is_incomplete {
        Exit::Incomplete
    } else if !found.alarms.is_empty() {
        Exit::Findings
    } else if found.is_blind() {
        Exit::Untold
    } else {
        Exit::Clean
    }
}

#[derive(Serialize)]
struct Answer<'a> {
    schema: Schema,
    log: &'a str,
    entries: u64,
    grants: &'a kagimori_custody::Grants,
    trail: &'a kagimori_custody::RootTrail,
    found: &'a Watched,
    is_blind: bool,
    is_incomplete: bool,
}

impl<'a> Answer<'a> {
    fn of(seen: &'a Seen, found: &'a Watched) -> Self {
        Self {
            schema: Schema { name: "kagimori.desk.watch", version: 1 },
            log: &seen.origin,
            entries: seen.head.size,
            grants: &seen.grants,
            trail: &seen.trail,
            found,
            is_blind: found.is_blind(),
            is_incomplete: seen.is_incomplete,
        }
    }
}

pub(crate) fn text(l: Language, seen: &Seen, found: &Watched) -> String {
    let mut out = String::new();
    let mut line = |text: &str| out += &(tame_line(text) + "\n");
    let (origin, size) = (&seen.origin, seen.head.size);
    line(&l.of(
        format!(
            "{origin}: {size} entries, verified. Sign-ins of roots in CloudTrail: {}.",
            seen.trail.logins.len()
        ),
        format!(
            "{origin}: {size} 件の記録を検証しました。CloudTrail の root サインイン: {} 件。",
            seen.trail.logins.len()
        ),
    ));
    for alarm in &found.alarms {
        line(&format!("{}  {}", l.of("ALARM   ", "警報  "), alarm_words(l, seen, alarm)));
    }
    for question in &found.questions {
        line(&format!("{}  {}", l.of("QUESTION", "要確認"), question_words(l, seen, question)));
    }
    for words in untold_words(l, seen, found) {
        line(&format!("{}  {words}", l.of("UNTOLD  ", "不明  ")));
    }
    for (login, release) in &found.explained.pairs {
        let Some((login, release)) = seen.trail.logins.get(*login).zip(seen.grants.releases.get(*release))
        else {
            continue;
        };
        let (request, requester, operator) =
            (&release.request, seen.person(&release.requester), seen.person(&release.operator));
        line(&l.of(
            format!(
                "well      {}: request {request}, asked by {requester}, released by {operator}",
                login_words(l, seen, login)
            ),
            format!(
                "説明済  {}: 申請 {request}（申請者 {requester}、発行者 {operator}）",
                login_words(l, seen, login)
            ),
        ));
    }
    for (login, ceremony) in &found.ceremonies {
        let Some((login, opened)) = seen.trail.logins.get(*login).zip(seen.grants.ceremonies.get(*ceremony))
        else {
            continue;
        };
        line(&l.of(
            format!(
                "well      {}: while the ceremony of {} was under way",
                login_words(l, seen, login),
                opened.request
            ),
            format!("説明済  {}: 申請 {} のセレモニー中", login_words(l, seen, login), opened.request),
        ));
    }
    let open = found.explained.open.len();
    if open > 0 {
        line(&l.of(
            format!("wait      {open} releases are so new that the trail does not tell of them yet"),
            format!("待ち    {open} 件の発行は新しく、CloudTrail にまだ現れていません"),
        ));
    }
    if found.is_clean() {
        line(l.of(
            "Every sign-in of a root is explained by a request.",
            "root のサインインはすべて申請で説明できます。",
        ));
    } else if !found.alarms.is_empty() {
        line(l.of(
            "Somebody was root without a request: see docs/desk.md, \"What to do when …\".",
            "申請なしに root が使われています。docs/desk.ja.md の「こんなときは」を参照してください。",
        ));
    }
    out
}

fn login_words(l: Language, seen: &Seen, login: &RootLogin) -> String {
    let (account, at) = (seen.account(login.account), login.at);
    let from = login.address.as_deref().unwrap_or("?");
    let without = match login.mfa {
        Some(false) => l.of(", without MFA", "、MFA なし"),
        _ => "",
    };
    l.of(
        format!("{at} root of {account} signed in from {from}{without}"),
        format!("{at} {account} の root が {from} からサインイン{without}"),
    )
}

/// How many, and the first of them.
fn deeds_words(l: Language, seen: &Seen, deeds: &[usize]) -> String {
    let all: Vec<&RootDeed> = deeds.iter().filter_map(|index| seen.trail.deeds.get(*index)).collect();
    let mut names: Vec<&str> = Vec::new();
    for deed in &all {
        if !names.contains(&deed.call.as_str()) {
            names.push(&deed.call);
        }
    }
    let more = if names.len() > SHOWN { " …" } else { "" };
    let shown = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    match all.len() {
        0 => l.of("no call followed".to_owned(), "その後の API 呼び出しなし".to_owned()),
        count => {
            l.of(format!("{count} calls: {shown}{more}"), format!("API 呼び出し {count} 件: {shown}{more}"))
        }
    }
}

fn alarm_words(l: Language, seen: &Seen, alarm: &Alarm) -> String {
    match alarm {
        Alarm::SignIn { login, deeds } => {
            let Some(login) = seen.trail.logins.get(*login) else { return String::new() };
            let (login, deeds) = (login_words(l, seen, login), deeds_words(l, seen, deeds));
            l.of(
                format!("{login}, without a request; {deeds}"),
                format!("{login}、対応する申請なし。{deeds}"),
            )
        }
        Alarm::Key { account, key, deeds } => {
            let (account, deeds) = (seen.account(*account), deeds_words(l, seen, deeds));
            l.of(
                format!("the access key {key} of the root of {account} was used, and no request gives one; {deeds}"),
                format!("{account} の root のアクセスキー {key} が使われました（申請で認められることはありません）。{deeds}"),
            )
        }
        Alarm::Outside { account, deeds } => {
            let (account, deeds) = (seen.account(*account), deeds_words(l, seen, deeds));
            l.of(
                format!("the root of {account} did something in no session that a sign-in began; {deeds}"),
                format!("{account} の root が、サインインのないセッションで操作しました。{deeds}"),
            )
        }
        Alarm::Recovered { recovery } => {
            let Some(step) = seen.trail.recoveries.get(*recovery) else { return String::new() };
            let (account, at, from) =
                (seen.account(step.account), step.at, step.address.as_deref().unwrap_or("?"));
            l.of(
                format!("{at} the root of {account} got another password by its mailbox, from {from}"),
                format!("{at} {account} の root のパスワードがメール経由で再設定されました（{from} から）"),
            )
        }
    }
}

fn question_words(l: Language, seen: &Seen, question: &Question) -> String {
    match question {
        Question::Unused { release } => {
            let Some(release) = seen.grants.releases.get(*release) else { return String::new() };
            let (account, at, request) = (seen.account(release.account), release.at, &release.request);
            let requester = seen.person(&release.requester);
            l.of(
                format!("{at} a code for {account} was released to {requester} (request {request}), and nobody signed in: what was it for?"),
                format!("{at} 申請 {request} で {requester} に {account} のコードが発行されましたが、サインインがありません。用途を確認してください"),
            )
        }
        Question::Elsewhere { login } => {
            let Some(login) = seen.trail.logins.get(*login) else { return String::new() };
            let login = login_words(l, seen, login);
            l.of(
                format!("{login}, which is none of the policy's networks for requesters"),
                format!("{login}（規則が申請者に認めるネットワークの外）"),
            )
        }
        Question::Recovering { recovery } => {
            let Some(step) = seen.trail.recoveries.get(*recovery) else { return String::new() };
            let (account, at, from) =
                (seen.account(step.account), step.at, step.address.as_deref().unwrap_or("?"));
            l.of(
                format!("{at} somebody at {from} asked for another password of the root of {account}"),
                format!("{at} {from} から {account} の root のパスワード再設定が要求されました"),
            )
        }
        Question::Assumed { session } => {
            let Some(session) = seen.trail.assumed.get(*session) else { return String::new() };
            let (account, at, by) = (seen.account(session.account), session.at, &session.by);
            l.of(
                format!("{at} a session of centralised root access to {account} by {by}: the desk has no requests for these"),
                format!("{at} {by} による {account} への root 一元管理セッション（デスクの申請対象外）"),
            )
        }
    }
}

fn untold_words(l: Language, seen: &Seen, found: &Watched) -> Vec<String> {
    let mut words = Vec::new();
    for (account, untold) in &found.untold {
        let account = seen.account(*account);
        words.push(match untold {
            Untold::NoEvents => l.of(
                format!("the trail has no event of {account} in us-east-1, where sign-ins of roots are written: nothing is known of it"),
                format!("{account} の us-east-1（root のサインインが記録されるリージョン）のイベントがなく、判定できません"),
            ),
            Untold::Gaps { gaps } => {
                let gaps: Vec<String> = gaps.iter().map(|(from, until)| format!("{from} – {until}")).collect();
                let gaps = gaps.join(", ");
                l.of(
                    format!("of {account} the trail does not tell these times: {gaps}"),
                    format!("{account} の次の期間は CloudTrail の記録が欠けています: {gaps}"),
                )
            }
        });
    }
    let hidden = found.explained.hidden.len();
    if hidden > 0 {
        words.push(l.of(
            format!("{hidden} releases lie where the trail does not tell whether somebody signed in; `--since` leaves older ones out"),
            format!("{hidden} 件の発行は記録が欠けている期間にあり、サインインの有無を判定できません（`--since` で古いものを除けます）"),
        ));
    }
    if !found.begun_before.is_empty() {
        words.push(l.of(
            format!(
                "{}; the sign-in may lie before the trail begins, or in a gap",
                deeds_words(l, seen, &found.begun_before)
            ),
            format!(
                "{}（サインインは記録の開始前か欠落期間にある可能性があります）",
                deeds_words(l, seen, &found.begun_before)
            ),
        ));
    }
    words
}
