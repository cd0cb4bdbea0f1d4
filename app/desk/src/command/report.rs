//! `report`: what a request led to: who decided, which codes, which sign-ins, and all that root did in its window.

use kagimori_custody::{Request, RequestId, RootDeed, RootLogin, RootReport, TOLERANCE, explain, report};
use kagimori_terminal::printer;
use kagimori_terminal::schema::Schema;
use kagimori_terminal::tame::tame_line;
use serde::Serialize;

use super::seen::Seen;
use super::{Exit, told};
use crate::args::{Format, ReportArgs};
use crate::language::Language;
use crate::show;

/// Puts it together and tells it.
///
/// # Errors
/// What is wrong, and what to do.
pub(crate) fn run(args: &ReportArgs) -> Result<Exit, (String, String)> {
    let no_such = || {
        told(
            format!("there is no request `{}` in the log", args.request),
            "see the list of requests for its name",
        )
    };
    let id = RequestId::parse(&args.request).map_err(|_| no_such())?;
    let seen = Seen::read(&args.seen)?;
    let request = seen.state.request(&id).ok_or_else(no_such)?;
    if request.ask.matter.account().is_none() {
        return Err(told(
            "that request is about no account's root",
            "name one for a root code, or for a ceremony with its seed",
        ));
    }
    let explained = explain(&seen.grants.releases, &seen.trail.logins, TOLERANCE, &seen.trail.told);
    let lists = (seen.grants.releases.as_slice(), seen.trail.logins.as_slice(), &explained);
    let found = report(request, lists, &seen.trail.deeds, TOLERANCE, &seen.trail.told);
    let answer = args.seen.answer;
    let printed = match answer.format {
        Format::Json => printer::json(&Answer::of(&seen, request, &found)),
        Format::Human => printer::text(&text(answer.language(), &seen, request, &found)),
    };
    printed.map_err(|error| told(error, "look at where it is printed to"))?;
    Ok(match () {
        () if seen.is_incomplete => Exit::Incomplete,
        () if !found.is_complete => Exit::Untold,
        () => Exit::Clean,
    })
}

#[derive(Serialize)]
struct Answer<'a> {
    schema: Schema,
    log: &'a str,
    request: &'a Request,
    logins: Vec<&'a RootLogin>,
    within: Vec<&'a RootDeed>,
    after: Vec<&'a RootDeed>,
    before: Vec<&'a RootDeed>,
    is_unused: bool,
    is_complete: bool,
    is_blind: bool,
    is_incomplete: bool,
}

impl<'a> Answer<'a> {
    fn of(seen: &'a Seen, request: &'a Request, found: &RootReport) -> Self {
        Self {
            schema: Schema { name: "kagimori.desk.report", version: 1 },
            log: &seen.origin,
            request,
            logins: found.logins.iter().filter_map(|index| seen.trail.logins.get(*index)).collect(),
            within: deeds(seen, &found.within),
            after: deeds(seen, &found.after),
            before: deeds(seen, &found.before),
            is_unused: found.is_unused,
            is_complete: found.is_complete,
            is_blind: found.is_blind,
            is_incomplete: seen.is_incomplete,
        }
    }
}

fn deeds<'a>(seen: &'a Seen, indices: &[usize]) -> Vec<&'a RootDeed> {
    indices.iter().filter_map(|index| seen.trail.deeds.get(*index)).collect()
}

pub(crate) fn text(l: Language, seen: &Seen, request: &Request, found: &RootReport) -> String {
    let mut out = String::new();
    let mut line = |text: &str| out += &(tame_line(text) + "\n");
    let ask = &request.ask;
    line(&format!("{}  {}  {}", ask.id, show::matter(l, &ask.matter), show::state(l, request.word()).1));
    let requester = seen.person(&ask.by);
    line(&l.of(
        format!("asked by {requester} at {}: {}", ask.at, ask.reason),
        format!("申請: {requester}（{}） 理由: {}", ask.at, ask.reason),
    ));
    for (person, approval) in &request.approvals {
        let (person, at) = (seen.person(person), approval.at);
        line(&l.of(format!("approved by {person} at {at}"), format!("承認: {person}（{at}）")));
    }
    if let Some(claim) = &request.claim {
        let (person, at) = (seen.person(&claim.by), claim.at);
        line(&l.of(format!("carried out by {person} from {at}"), format!("対応: {person}（{at} から）")));
    }
    for release in &request.releases {
        line(&l.of(format!("a code was released at {}", release.at), format!("コード発行: {}", release.at)));
    }
    if let Some(review) = &request.review {
        let (person, at) = (seen.person(&review.by), review.at);
        line(&l.of(format!("reviewed by {person} at {at}"), format!("レビュー: {person}（{at}）")));
    }
    for login in found.logins.iter().filter_map(|index| seen.trail.logins.get(*index)) {
        let (at, from) = (login.at, login.address.as_deref().unwrap_or("?"));
        line(&l.of(
            format!("root signed in at {at} from {from}"),
            format!("root のサインイン: {at}（{from} から）"),
        ));
    }
    if found.is_unused {
        line(l.of(
            "No sign-in followed: what was the code for?",
            "サインインがありません。コードの用途を確認してください。",
        ));
    }
    let parts = [
        (&found.within, l.of("In its window", "申請の時間内の操作")),
        (
            &found.after,
            l.of(
                "After its window, while the session could go on",
                "時間終了後（セッション継続中の可能性）の操作",
            ),
        ),
        (&found.before, l.of("In its window, by another session", "時間内の、別セッションによる操作")),
    ];
    for (indices, title) in parts.into_iter().filter(|(indices, _)| !indices.is_empty()) {
        line(&format!("{title}: {}", indices.len()));
        for deed in deeds(seen, indices) {
            let failed = if deed.failed { l.of("  refused or failed", "  失敗") } else { "" };
            let from = deed.address.as_deref().unwrap_or("?");
            line(&format!("  {}  {}  {from}{failed}", deed.at, deed.call));
        }
    }
    if found.within.is_empty() && found.after.is_empty() && found.before.is_empty() {
        line(l.of("The trail shows nothing that root did.", "CloudTrail に root の操作は見当たりません。"));
    }
    match (found.is_complete, found.is_blind) {
        (true, _) => {
            line(l.of("The trail tells all of this time.", "この期間の CloudTrail はそろっています。"))
        }
        (false, false) => line(l.of(
            "More may come: the trail does not tell yet what a session may still do.",
            "まだ続きがあり得ます（セッション終了までの CloudTrail が届いていません）。",
        )),
        (false, true) => line(l.of(
            "This may not be all: the trail does not tell of some of this time.",
            "これがすべてとは限りません（この期間の CloudTrail に欠けがあります）。",
        )),
    }
    out
}
