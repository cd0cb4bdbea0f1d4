//! What somebody may do with a request now. Asked of the rules themselves, by trying: a page offers what would be taken, and nothing else.

use std::collections::BTreeSet;
use std::net::IpAddr;

use jiff::Timestamp;
use kagimori_custody::{
    Digest, Event, Finding, KeyName, Mac, PersonId, Policy, Proof, Request, State, Viewer, step,
};

use crate::desk::instant_of;

/// Something that can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Offer {
    Approve,
    Deny,
    Cancel,
    Kill,
    Claim,
    Ready,
    Pin,
    Finish,
    Apply,
    Review,
}

impl Offer {
    const ALL: [Self; 10] = [
        Self::Approve,
        Self::Deny,
        Self::Cancel,
        Self::Kill,
        Self::Claim,
        Self::Ready,
        Self::Pin,
        Self::Finish,
        Self::Apply,
        Self::Review,
    ];

    /// Whether it is this person's turn: what waits for them, and not only what they could do.
    pub(crate) fn is_a_turn(self) -> bool {
        matches!(self, Self::Approve | Self::Claim | Self::Pin | Self::Review | Self::Apply)
    }
}

/// All that this person could do with a request now, from where they are.
pub(crate) fn of(
    state: &State,
    request: &Request,
    person: &PersonId,
    from: IpAddr,
    now: Timestamp,
) -> BTreeSet<Offer> {
    let Some(policy) = state.policy() else { return BTreeSet::new() };
    // What can be done with one request hangs on no other.
    let state = &state.alone(&request.ask.id);
    let would = |offer: &Offer| {
        let event = event(*offer, state, request, person, from);
        event.is_some_and(|event| step(state, &event, policy, instant_of(&event, state, now)).is_ok())
    };
    Offer::ALL.into_iter().filter(would).collect()
}

/// The event of an offer, with something in place of what only the deed brings.
fn event(offer: Offer, state: &State, it: &Request, person: &PersonId, from: IpAddr) -> Option<Event> {
    let policy = state.policy()?;
    let (request, by, from) = (it.ask.id.clone(), person.clone(), Some(from));
    let proof = || Some(Proof { key: key(state, policy, person)?, bytes: "-".to_owned() });
    let reason = || "-".to_owned();
    let some = || Digest::of(b"");
    let viewer = || Viewer("-".to_owned());
    Some(match offer {
        Offer::Approve => Event::Approve { request, by, from, proof: proof()?, share: Some(some()) },
        Offer::Deny => Event::Deny { request, by, reason: reason() },
        Offer::Cancel => Event::Cancel { request, by },
        Offer::Kill => Event::Kill { request, by, reason: reason() },
        Offer::Claim => Event::Claim { request, by, from, proof: proof()?, viewer: Some(viewer()) },
        Offer::Ready => Event::Ready { request, by, viewer: viewer() },
        Offer::Pin => Event::TryPin { request, by, mac: Mac(some()) },
        Offer::Finish => Event::Finish { request, by },
        Offer::Apply => Event::Apply { request, by },
        Offer::Review => {
            let (evidence, finding) = (some(), Finding::Fine {});
            Event::Review { request, by, from, proof: proof()?, evidence, finding }
        }
    })
}

/// A key of theirs that counts.
fn key(state: &State, policy: &Policy, person: &PersonId) -> Option<KeyName> {
    let names = policy.person(person)?.keys.iter().map(|key| &key.name);
    names.into_iter().find(|key| !state.is_revoked(key)).cloned()
}
