//! What follows: a state, what happened, the policy and the instant in, the next state and what is to be done out.
//!
//! Each event is judged by one function of `step/`. It checks everything first and writes last, so that a refusal changes nothing; what it
//! took is one leaf.

mod custody;
mod govern;
mod operate;
mod submit;
mod vote;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use crate::effect::{Effect, Host, News, Notice};
use crate::event::{Event, Proof};
use crate::guard::{Guard, holds};
use crate::leaf::Leaf;
use crate::name::{KeyName, PersonId, RequestId};
use crate::policy::{Policy, Rule};
use crate::refusal::Refusal;
use crate::request::{End, How, Request, Stage};
use crate::state::State;

/// What follows. The policy is the one in force ([`State::policy`]); of an empty log, the one that it is founded with.
///
/// # Errors
/// [`Refusal`]: nothing has happened.
pub fn step(
    state: &State,
    event: &Event,
    policy: &Policy,
    now: Timestamp,
) -> Result<(State, Vec<Effect>), Refusal> {
    let mut next = state.clone();
    let effects = next.take(event, policy, now)?;
    Ok((next, effects))
}

impl State {
    /// The same in place, for states that are large: a refusal leaves it as it was.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn take(&mut self, event: &Event, policy: &Policy, now: Timestamp) -> Result<Vec<Effect>, Refusal> {
        self.must_be_in_order(event, policy, now)?;
        let needed = self.needs_host();
        let mut turn = Turn { state: self, policy, now, effects: Vec::new() };
        turn.judge(event)?;
        let mut effects = vec![Effect::Append(Leaf::new(event.clone(), now))];
        effects.append(&mut turn.effects);
        self.size = self.size.saturating_add(1);
        self.at = Some(now);
        match (needed, self.needs_host()) {
            (false, true) => effects.push(Effect::Host(Host::Needed)),
            (true, false) => effects.push(Effect::Host(Host::Idle)),
            _ => {}
        }
        Ok(effects)
    }

    fn must_be_in_order(&self, event: &Event, policy: &Policy, now: Timestamp) -> Result<(), Refusal> {
        match (&self.policy, event) {
            (None, Event::Found { policy: file }) => {
                must(Guard::PolicyOfLog, file.version() == policy.version(), || Refusal::OtherPolicy)?
            }
            (None, _) => return Err(Refusal::NotFounded),
            (Some(_), Event::Found { .. }) => return Err(Refusal::Founded),
            (Some(own), _) => {
                must(Guard::PolicyOfLog, own.version() == policy.version(), || Refusal::OtherPolicy)?;
            }
        }
        let last = self.at.unwrap_or(Timestamp::MIN);
        must(Guard::TimeForward, last <= now, || Refusal::TimeBack(last))
    }
}

/// A passkey's answer is a few hundred bytes, packed as text.
const MOST_PROOF: usize = 16_384;

/// One event being judged.
struct Turn<'a> {
    state: &'a mut State,
    policy: &'a Policy,
    now: Timestamp,
    effects: Vec<Effect>,
}

pub use operate::{LEAST_SOURCES, MOST_OFFSET_MS, PIN_TRIES, step_of};

type Judged = Result<(), Refusal>;

fn must(guard: Guard, condition: bool, refusal: impl FnOnce() -> Refusal) -> Judged {
    if holds(guard, condition) { Ok(()) } else { Err(refusal()) }
}

/// Letters that do not show, or that make a text show as another (directional overrides, Unicode TR36 §2.4).
pub(crate) fn is_odd(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{061c}' | '\u{feff}')
}

/// Text that people typed: not empty, not endless, and nothing that shows as something else. Lines may end.
fn must_be_text(what: &'static str, text: &str, most: usize) -> Judged {
    match text {
        text if text.trim().is_empty() => Err(Refusal::Empty(what)),
        text if text.len() > most || text.contains(|letter| is_odd(letter) && letter != '\n') => {
            Err(Refusal::Text(what))
        }
        _ => Ok(()),
    }
}

impl Turn<'_> {
    fn judge(&mut self, event: &Event) -> Judged {
        match event {
            Event::Found { .. } => {
                self.state.policy = Some(Arc::new(self.policy.clone()));
                Ok(())
            }
            Event::Submit { by, from, through, draft } => self.submit(by, *from, through.as_ref(), draft),
            Event::Approve { request, by, from, proof, share } => {
                self.approve(request, by, *from, proof, *share)
            }
            Event::Deny { request, by, reason } => self.deny(request, by, reason),
            Event::Cancel { request, by } => self.cancel(request, by),
            Event::Kill { request, by, reason } => self.kill(request, by, reason),
            Event::Expire { request } => self.expire(request),
            Event::SetPin { request, mac, epoch } => self.set_pin(request, *mac, *epoch),
            Event::Ready { request, by, viewer } => self.ready(request, by, viewer),
            Event::Claim { request, by, from, proof, viewer } => {
                self.claim(request, by, *from, proof, viewer.as_ref())
            }
            Event::TryPin { request, by, mac } => self.try_pin(request, by, *mac),
            Event::Release { request, by, from, step, clock } => {
                self.release(request, by, *from, *step, clock)
            }
            Event::Shown { request, step } => self.shown(request, *step),
            Event::Finish { request, by } => self.finish(request, by),
            Event::Settle { request, by, outcome } => self.settle(request, by, outcome),
            Event::Apply { request, by } => self.apply(request, by),
            Event::BeginEpoch { request, by, rollback } => self.begin_epoch(request, by, rollback),
            Event::Review { request, by, from, proof, evidence, finding } => {
                self.review(request, by, *from, (proof, *evidence, finding))
            }
            Event::Seal { by, reason } => self.seal(by, reason),
            Event::RevokeKey { by, person, key, .. } => self.revoke(by, person, key),
        }
    }

    /// A request, to be changed and put back.
    fn request(&self, id: &RequestId) -> Result<Request, Refusal> {
        self.state.request(id).cloned().ok_or_else(|| Refusal::NoRequest(id.clone()))
    }

    /// One that is not over.
    fn live(&self, id: &RequestId) -> Result<Request, Refusal> {
        let request = self.request(id)?;
        must(Guard::Over, request.is_live(), || Refusal::Over(request.word()))?;
        Ok(request)
    }

    /// One whose time is not over either: whoever was to say so may be late.
    fn in_time(&self, id: &RequestId) -> Result<Request, Refusal> {
        let request = self.live(id)?;
        let deadline = request.deadline().unwrap_or(Timestamp::MAX);
        must(Guard::InTime, self.now < deadline, || Refusal::TimeOver(deadline))?;
        Ok(request)
    }

    fn must_be_known(&self, person: &PersonId) -> Judged {
        self.policy.person(person).map(drop).ok_or_else(|| Refusal::NoPerson(person.clone()))
    }

    /// A proof is verified elsewhere; here it has to be of a key that counts, and not endless.
    fn must_be_proof(&self, person: &PersonId, proof: &Proof) -> Judged {
        if proof.bytes.is_empty() || proof.bytes.len() > MOST_PROOF {
            return Err(Refusal::Text("signature"));
        }
        self.must_have_key(person, &proof.key)
    }

    fn must_have_key(&self, person: &PersonId, key: &KeyName) -> Judged {
        let counts = self.policy.key(person, key).is_some() && !self.state.is_revoked(key);
        must(Guard::KeyLive, counts, || Refusal::Key(key.clone()))
    }

    /// The rule that a request stands under now.
    fn rule(&self, request: &Request) -> Result<&Rule, Refusal> {
        let kind = request.ask.kind();
        let rule = self.policy.rule(kind, request.ask.matter.account());
        rule.map(|(_, rule)| rule).ok_or(Refusal::NoRule(kind))
    }

    /// Who may look at a request afterwards: those of its rule; when the rule is gone the auditors, so that nothing waits for ever.
    fn reviewers(&self, request: &Request) -> BTreeSet<PersonId> {
        let of_rule = self.rule(request).map(|rule| self.policy.members(&rule.reviewers));
        of_rule.unwrap_or_else(|_| self.policy.members(&self.policy.file().roles.auditors))
    }

    /// Whether somebody approves this request: by what was asked for then, or by the rule as it is now.
    fn approves(&self, request: &Request, person: &PersonId) -> bool {
        let now = self.rule(request).map(|rule| rule.approvals.as_slice()).unwrap_or_default();
        let mut groups = request.ask.needs.iter().chain(now).map(|need| &need.group);
        groups.any(|group| self.policy.is_in(person, group))
    }

    fn end(&mut self, mut request: Request, how: How, by: Option<&PersonId>, reason: Option<&str>) {
        let was_under_way = request.stage == Stage::Armed && request.ask.kind() == crate::Kind::Custody;
        request.stage = Stage::Over;
        request.end = Some(End { how, by: by.cloned(), reason: reason.map(str::to_owned), at: self.now });
        let (id, seed) = (request.ask.id.clone(), request.ask.matter.seed().cloned());
        self.tell_those_of(&request, News::Over);
        if was_under_way && how != How::Closed {
            self.effects.push(Effect::Abandon { request: id });
            if let Some(seed) = seed {
                self.tell_those_of(&request, News::CeremonyCutOff(seed));
            }
        }
        if request.owes_review() {
            self.tell_reviewers(&request);
        }
        self.state.put(request);
    }

    fn tell(&mut self, what: News, request: Option<&RequestId>, people: BTreeSet<PersonId>) {
        self.effects.push(Effect::Tell(Notice { what, request: request.cloned(), people }));
    }

    /// Whoever has a part in it.
    fn tell_those_of(&mut self, request: &Request, what: News) {
        let mut people: BTreeSet<PersonId> = request.approvals.keys().cloned().collect();
        people.insert(request.ask.by.clone());
        people.extend(request.operator().cloned());
        self.tell(what, Some(&request.ask.id), people);
    }

    /// Whoever could approve it and has not.
    fn tell_approvers(&mut self, request: &Request, what: News) {
        let mut people = self.policy.members(request.ask.needs.iter().map(|need| &need.group));
        people.retain(|person| *person != request.ask.by && !request.approvals.contains_key(person));
        self.tell(what, Some(&request.ask.id), people);
    }

    /// Whoever could carry it out.
    fn tell_operators(&mut self, request: &Request, what: News) {
        let Ok(rule) = self.rule(request) else { return };
        let mut people = self.policy.members(&rule.operators);
        people.retain(|person| !request.took_part(person));
        people.insert(request.ask.by.clone());
        self.tell(what, Some(&request.ask.id), people);
    }

    /// Whoever could review it.
    fn tell_reviewers(&mut self, request: &Request) {
        let mut people = self.reviewers(request);
        people.retain(|person| !request.took_part(person));
        self.tell(News::ReviewDue, Some(&request.ask.id), people);
    }

    /// Everybody of the desk.
    fn tell_all(&mut self, what: News, request: Option<&RequestId>) {
        let people = self.policy.people().keys().cloned().collect();
        self.tell(what, request, people);
    }
}
