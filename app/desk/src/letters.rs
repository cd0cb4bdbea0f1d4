//! What people are told of an event: letters for the outbox, written in one transaction with its leaf. Never a code, and never a PIN.

use std::collections::BTreeMap;

use kagimori_custody::{Effect, Host, How, Kind, News, Notice, PersonId, State};
use kagimori_notice::{Notice as Letter, Way};

use crate::desk::Desk;

/// The channel of `dev`: nothing is sent, and the page of notifications shows what would have been.
pub(crate) const NOWHERE: &str = "everybody";

/// The letters of what just happened: channel and body.
pub(crate) fn of(desk: &Desk, state: &State, effects: &[Effect]) -> Vec<(String, String)> {
    let mut letters = Vec::new();
    for effect in effects {
        let (kind, facts, is_for_hosts) = match effect {
            Effect::Tell(notice) => (kind(&notice.what), facts(desk, state, notice), false),
            Effect::Host(host) => {
                (host_kind(*host), BTreeMap::from([("link", desk.settings.origin.clone())]), true)
            }
            _ => continue,
        };
        let body = Letter::body(kind, &facts);
        letters.extend(channels(desk, is_for_hosts).map(|channel| (channel, body.clone())));
    }
    letters
}

/// Everything goes to every channel; what starts and stops a host, to webhooks alone.
fn channels(desk: &Desk, is_for_hosts: bool) -> impl Iterator<Item = String> {
    let named = desk
        .settings
        .channels
        .iter()
        .filter(move |(_, channel)| !is_for_hosts || matches!(channel.way, Way::Webhook { .. }));
    let nowhere = desk.dev.is_some().then(|| NOWHERE.to_owned());
    named.map(|(name, _)| name.clone()).chain(nowhere)
}

fn host_kind(host: Host) -> &'static str {
    match host {
        Host::Needed => "custody.needed",
        Host::Idle => "custody.idle",
    }
}

fn kind(news: &News) -> &'static str {
    match news {
        News::Submitted => "desk.submitted",
        News::ApprovedBy(_) => "desk.approved_by",
        News::Approved => "desk.approved",
        News::Claimed(_) => "desk.claimed",
        News::WrongPin(_) => "desk.wrong_pin",
        News::Released(_) => "desk.released",
        News::Over => "desk.over",
        News::ReviewDue => "desk.review_due",
        News::Reviewed => "desk.reviewed",
        News::Concern => "desk.concern",
        News::Sealed(_) => "desk.sealed",
        News::Unsealed => "desk.unsealed",
        News::PolicyChanged => "desk.policy_changed",
        News::LogKeyChanged => "desk.log_key_changed",
        News::EpochBegun(_) => "desk.epoch_begun",
        News::KeyRevoked { .. } => "desk.key_revoked",
        News::SeedHeld(_) => "desk.seed_held",
        News::SeedGone(_) => "desk.seed_gone",
        News::CeremonyFailed(_) => "desk.ceremony_failed",
        News::CeremonyCutOff(_) => "desk.ceremony_cut_off",
        News::MustRotate(_) => "desk.must_rotate",
    }
}

/// Fixed words: `notices.toml` has them in Japanese.
fn asked_for(kind: Kind) -> &'static str {
    match kind {
        Kind::RootCode => "root code",
        Kind::Custody => "seed ceremony",
        Kind::Drill => "drill",
        _ => "change of the desk",
    }
}

fn ended(how: How) -> &'static str {
    match how {
        How::Closed => "done",
        How::Denied => "denied",
        How::Cancelled => "taken back",
        How::Killed => "stopped",
        How::Expired => "expired",
        How::Locked => "locked by wrong PINs",
        How::SealedHold => "stopped by a seal",
        How::RolledBack => "ended by a roll-back",
    }
}

fn facts(desk: &Desk, state: &State, notice: &Notice) -> BTreeMap<&'static str, String> {
    let name = |person: &PersonId| {
        let found = state.policy().and_then(|policy| policy.person(person));
        found.map_or_else(|| person.to_string(), |found| found.name.clone())
    };
    let mut facts = BTreeMap::new();
    let origin = &desk.settings.origin;
    if let Some(request) = notice.request.as_ref().and_then(|id| state.request(id)) {
        let ask = &request.ask;
        facts.insert("request", ask.id.to_string());
        facts.insert("asked_for", asked_for(ask.kind()).to_owned());
        facts.insert("requester", name(&ask.by));
        facts.insert("reason", ask.reason.clone());
        facts.insert("link", format!("{origin}/requests/{}", ask.id));
        // Nothing more will be told of it: what keeps a request's letters together can close.
        let is_last = matches!(notice.what, News::Over | News::Reviewed | News::Concern);
        if is_last && request.is_final() {
            facts.insert("ends", "yes".to_owned());
        }
        if let Some(end) = &request.end {
            facts.insert("ended", ended(end.how).to_owned());
        }
        if let Some(account) = ask.matter.account().and_then(|id| state.policy()?.account(id)) {
            facts.insert("account_name", account.name.clone());
        }
        if let Some(ticket) = &ask.ticket {
            facts.insert("ticket", ticket.clone());
        }
        if let Some(account) = ask.matter.account() {
            facts.insert("account", account.to_string());
        }
    } else {
        facts.insert("link", origin.clone());
    }
    match &notice.what {
        News::ApprovedBy(by) | News::Claimed(by) | News::Sealed(by) => {
            facts.insert("by", name(by));
        }
        News::WrongPin(left) => {
            facts.insert("left", left.to_string());
        }
        News::Released(count) => {
            facts.insert("count", count.to_string());
        }
        News::KeyRevoked { person, key } => {
            facts.insert("key_of", name(person));
            facts.insert("key_name", key.to_string());
        }
        News::SeedHeld(seed)
        | News::SeedGone(seed)
        | News::CeremonyFailed(seed)
        | News::CeremonyCutOff(seed)
        | News::MustRotate(seed) => {
            facts.insert("seed", seed.to_string());
        }
        _ => {}
    }
    if !notice.people.is_empty() {
        let people: Vec<String> = notice.people.iter().map(name).collect();
        facts.insert("people", people.join(", "));
    }
    facts
}
