//! Somebody carries a request out: the PIN, the claim, the codes.

use std::net::IpAddr;

use jiff::Timestamp;

use super::{Judged, Turn, must, must_be_text};
use crate::ask::{Kind, Mode};
use crate::effect::{Effect, News};
use crate::event::{Clock, Mac, Proof, Viewer};
use crate::guard::{Guard, holds};
use crate::name::{PersonId, RequestId, SeedId};
use crate::refusal::Refusal;
use crate::request::{Claim, How, Pin, Release, Request, Stage};

/// So many wrong PINs end a request. With eight digits, 3 of 10⁸ (desk.md T10).
pub const PIN_TRIES: u8 = 3;

/// The clock may be so far from what others say.
pub const MOST_OFFSET_MS: u64 = 2000;

/// So many others have to say it.
pub const LEAST_SOURCES: usize = 2;

impl Turn<'_> {
    pub(super) fn set_pin(&mut self, id: &RequestId, mac: Mac, epoch: u64) -> Judged {
        let mut request = self.in_time(id)?;
        if !request.ask.kind().has_codes() {
            return Err(Refusal::NotThisKind);
        }
        must(Guard::ApprovedFirst, request.stage != Stage::Pending, || Refusal::NotNow("pending"))?;
        // A vault that was started again has forgotten the key of the PIN before. The wrong tries stay counted.
        let is_new = request.pin.is_none_or(|pin| pin.epoch < epoch);
        must(Guard::PinOnce, is_new, || Refusal::NotNow("waiting for its PIN"))?;
        request.pin = Some(Pin { mac, epoch });
        request.is_verified = false;
        self.state.put(request);
        Ok(())
    }

    pub(super) fn ready(&mut self, id: &RequestId, by: &PersonId, viewer: &Viewer) -> Judged {
        let mut request = self.in_time(id)?;
        if !request.ask.kind().has_codes() {
            return Err(Refusal::NotThisKind);
        }
        must(Guard::RightViewer, request.ask.by == *by, || Refusal::NotTheirs(by.clone()))?;
        must_be_text("key of the page", &viewer.0, 200)?;
        request.viewer = Some(viewer.clone());
        self.state.put(request);
        Ok(())
    }

    pub(super) fn claim(
        &mut self,
        id: &RequestId,
        by: &PersonId,
        from: Option<IpAddr>,
        proof: &Proof,
        viewer: Option<&Viewer>,
    ) -> Judged {
        let mut request = self.in_time(id)?;
        if request.ask.kind() == Kind::Govern {
            return Err(Refusal::NotThisKind);
        }
        must(Guard::ApprovedFirst, request.stage == Stage::Approved, || Refusal::NotNow(request.word()))?;
        let operates = self.policy.is_in_any(by, &self.rule(&request)?.operators);
        must(Guard::Operator, operates, || Refusal::NotOperator(by.clone()))?;
        must(Guard::OperatorNotRequester, request.ask.by != *by, || Refusal::TookPart(by.clone()))?;
        must(Guard::OperatorNotApprover, !request.approvals.contains_key(by), || {
            Refusal::TookPart(by.clone())
        })?;
        self.must_be_at_desk(from)?;
        self.must_be_proof(by, proof)?;
        viewer.map_or(Ok(()), |viewer| must_be_text("key of the page", &viewer.0, 200))?;
        let is_enough = request.has_quorum(self.state, self.policy, self.now);
        must(Guard::QuorumAtClaim, is_enough, || Refusal::NoQuorum)?;
        let claim = Claim { by: by.clone(), at: self.now, proof: proof.clone(), viewer: viewer.cloned() };
        (request.stage, request.claim) = (Stage::Armed, Some(claim));
        self.tell_those_of(&request, News::Claimed(by.clone()));
        self.begin(&request, by)?;
        self.state.put(request);
        Ok(())
    }

    fn must_be_at_desk(&self, from: Option<IpAddr>) -> Judged {
        let is_there = self.policy.is_allowed_from(|networks| &networks.operators, from);
        must(Guard::OperatorNetwork, is_there, || Refusal::Place)
    }

    pub(super) fn try_pin(&mut self, id: &RequestId, by: &PersonId, mac: Mac) -> Judged {
        let mut request = self.in_time(id)?;
        must(Guard::ApprovedFirst, request.stage == Stage::Armed, || Refusal::NotNow(request.word()))?;
        must(Guard::SameOperator, request.operator() == Some(by), || Refusal::NotTheirs(by.clone()))?;
        if request.is_verified {
            return Err(Refusal::NotNow("verified"));
        }
        let pin = request.pin.ok_or(Refusal::NoPin)?;
        must(Guard::PinTries, request.wrong_pins < PIN_TRIES, || Refusal::Over("locked"))?;
        if holds(Guard::PinMatches, is_same(pin.mac, mac)) {
            request.is_verified = true;
            self.state.put(request);
            return Ok(());
        }
        request.wrong_pins = request.wrong_pins.saturating_add(1);
        let left = PIN_TRIES.saturating_sub(request.wrong_pins);
        self.tell_those_of(&request, News::WrongPin(left));
        if holds(Guard::PinTries, left > 0) {
            self.state.put(request);
        } else {
            self.end(request, How::Locked, None, None);
        }
        Ok(())
    }

    pub(super) fn release(
        &mut self,
        id: &RequestId,
        by: &PersonId,
        from: Option<IpAddr>,
        step: u64,
        clock: &Clock,
    ) -> Judged {
        let mut request = self.in_time(id)?;
        must(Guard::ApprovedFirst, request.stage == Stage::Armed, || Refusal::NotNow(request.word()))?;
        must(Guard::SameOperator, request.operator() == Some(by), || Refusal::NotTheirs(by.clone()))?;
        must(Guard::PinFirst, request.is_verified, || Refusal::NoPin)?;
        must(Guard::NoCodeSealed, self.state.sealed().is_none(), || Refusal::Sealed)?;
        must(Guard::MaxCodes, request.releases.len() < request.ask.codes.into(), || Refusal::NoMoreCodes)?;
        self.must_be_at_desk(from)?;
        self.must_still_stand(&request, by)?;
        let (mode, seed) = mode_and_seed(&request)?;
        let viewer = viewer(&request, mode).ok_or(Refusal::NoViewer)?;
        self.must_be_held(&seed)?;
        self.must_be_step(&seed, step, clock)?;
        self.spend(&seed, step, clock);
        let leaf = self.state.size();
        let release = Release { leaf, step, at: self.now, viewer: viewer.clone(), shown: None };
        request.releases.push(release);
        self.effects.push(Effect::Code { request: id.clone(), seed, step, leaf, mode, viewer });
        self.tell_those_of(&request, News::Released(request.releases.len()));
        if request.releases.len() < request.ask.codes.into() {
            self.state.put(request);
        } else {
            self.end(request, How::Closed, Some(by), None);
        }
        Ok(())
    }

    /// What held when it was approved and claimed must hold now.
    fn must_still_stand(&self, request: &Request, operator: &PersonId) -> Judged {
        let rule = self.rule(request)?;
        let operates = self.policy.is_in_any(operator, &rule.operators);
        must(Guard::Operator, operates, || Refusal::NotOperator(operator.clone()))?;
        if let Some(claim) = &request.claim {
            self.must_have_key(operator, &claim.proof.key)?;
        }
        let asks = self.policy.is_in_any(&request.ask.by, &rule.requesters);
        must(Guard::RequesterStill, asks, || Refusal::RequesterGone(request.ask.by.clone()))?;
        let is_enough = request.has_quorum(self.state, self.policy, self.now);
        must(Guard::QuorumLive, is_enough, || Refusal::NoQuorum)
    }

    fn must_be_step(&self, seed: &SeedId, step: u64, clock: &Clock) -> Judged {
        let wrong = |what| Refusal::Clock(what);
        if clock.boot.len() > 100 || clock.offsets_ms.len() > 16 {
            return Err(wrong("what it says of itself is too long"));
        }
        let good = clock.offsets_ms.iter().filter(|offset| offset.unsigned_abs() <= MOST_OFFSET_MS).count();
        let agrees = good >= LEAST_SOURCES && good == clock.offsets_ms.len();
        must(Guard::ClockAgrees, agrees, || {
            wrong("it is more than 2 s from another clock, or too few were asked")
        })?;
        let period = self.policy.seed(seed).map_or(30, |seed| u64::from(seed.period)).max(1);
        must(Guard::StepNow, step == step_of(self.now, period), || wrong("the step is not that of now"))?;
        let Some(held) = self.state.seed(seed) else { return Ok(()) };
        must(Guard::StepFresh, step > held.last_step, || Refusal::StepUsed(held.last_step))?;
        // Within one start of the machine the wall clock cannot have gone further than the machine was up.
        let Some((boot, up)) = held.last_clock.as_ref().filter(|(boot, _)| *boot == clock.boot) else {
            return Ok(());
        };
        let most = clock
            .up_seconds
            .checked_sub(*up)
            .map(|up| held.last_step.saturating_add(up / period).saturating_add(1));
        must(Guard::StepBoot, most.is_some_and(|most| step <= most), || {
            wrong(if boot.is_empty() {
                "nobody knows which start this is"
            } else {
                "it went further than this machine was up"
            })
        })
    }

    fn spend(&mut self, seed: &SeedId, step: u64, clock: &Clock) {
        if let Some(held) = self.state.seeds.get_mut(seed) {
            held.last_step = step;
            held.last_clock = Some((clock.boot.clone(), clock.up_seconds));
        }
    }

    pub(super) fn shown(&mut self, id: &RequestId, step: u64) -> Judged {
        let mut request = self.request(id)?;
        let now = self.now;
        let release =
            request.releases.iter_mut().find(|release| release.step == step && release.shown.is_none());
        release.ok_or(Refusal::NotThisKind)?.shown = Some(now);
        self.state.put(request);
        Ok(())
    }

    pub(super) fn finish(&mut self, id: &RequestId, by: &PersonId) -> Judged {
        let request = self.live(id)?;
        let may = request.ask.by == *by || request.operator() == Some(by);
        must(Guard::MayDeny, may, || Refusal::NotTheirs(by.clone()))?;
        if request.releases.is_empty() {
            return Err(Refusal::NotNow(request.word()));
        }
        self.end(request, How::Closed, Some(by), None);
        Ok(())
    }
}

/// The step of TOTP of an instant (RFC 6238 §4.2).
pub fn step_of(now: Timestamp, period: u64) -> u64 {
    u64::try_from(now.as_second()).unwrap_or(0) / period.max(1)
}

fn mode_and_seed(request: &Request) -> Result<(Mode, SeedId), Refusal> {
    let matter = &request.ask.matter;
    matter.mode().zip(matter.seed().cloned()).ok_or(Refusal::NotThisKind)
}

/// The one page that a code may be shown on.
fn viewer(request: &Request, mode: Mode) -> Option<Viewer> {
    match mode {
        Mode::Direct => request.viewer.clone(),
        Mode::Phone => request.claim.as_ref()?.viewer.clone(),
    }
}

/// In the same time whatever they are.
fn is_same(one: Mac, other: Mac) -> bool {
    let pairs = one.0.bytes().iter().zip(other.0.bytes());
    std::hint::black_box(pairs.fold(0, |differs, (one, other)| differs | (one ^ other))) == 0
}
