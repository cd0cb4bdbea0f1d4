//! Ceremonies: a seed comes, is replaced, or goes.

use std::collections::BTreeSet;

use super::{Judged, Turn, must, must_be_text};
use crate::ask::{Ceremony, Matter};
use crate::digest::Digest;
use crate::effect::{Effect, News};
use crate::event::{Exposure, Outcome};
use crate::guard::Guard;
use crate::name::{PersonId, RequestId, SeedId};
use crate::refusal::Refusal;
use crate::request::{How, Request, Stage};
use crate::state::HeldSeed;

impl Turn<'_> {
    /// A ceremony begins with its claim.
    pub(super) fn begin(&mut self, request: &Request, by: &PersonId) -> Judged {
        let Matter::Custody { seed, ceremony, .. } = &request.ask.matter else { return Ok(()) };
        self.must_be_ready(seed, *ceremony)?;
        let request = request.ask.id.clone();
        self.effects.push(Effect::Begin { request, seed: seed.clone(), ceremony: *ceremony, by: by.clone() });
        Ok(())
    }

    pub(super) fn settle(&mut self, id: &RequestId, by: &PersonId, outcome: &Outcome) -> Judged {
        let mut request = self.in_time(id)?;
        let Matter::Custody { seed, ceremony, .. } = request.ask.matter.clone() else {
            return Err(Refusal::NotThisKind);
        };
        must(Guard::ApprovedFirst, request.stage == Stage::Armed, || Refusal::NotNow(request.word()))?;
        must(Guard::SameOperator, request.operator() == Some(by), || Refusal::NotTheirs(by.clone()))?;
        match (outcome, ceremony) {
            (Outcome::Failed { why }, _) => {
                must_be_text("reason", why, 2000)?;
                request.outcome = Some(outcome.clone());
                self.tell_those_of(&request, News::CeremonyFailed(seed));
                self.state.put(request);
                return Ok(());
            }
            (Outcome::Held { fingerprint, last_step, exposure }, Ceremony::Enrol | Ceremony::Rotate) => {
                self.must_be_ready(&seed, ceremony)?;
                // A step far ahead would lock the seed until then.
                let period = self.policy.seed(&seed).map_or(30, |seed| seed.period);
                if *last_step > super::step_of(self.now, period.into()).saturating_add(1) {
                    return Err(Refusal::Clock("the step of the last code is ahead of now"));
                }
                self.hold(&seed, *fingerprint, *last_step, exposure)?;
            }
            (Outcome::Gone {}, Ceremony::Retire) => {
                self.must_be_ready(&seed, ceremony)?;
                self.let_go(&seed);
            }
            _ => return Err(Refusal::NotThisKind),
        }
        request.outcome = Some(outcome.clone());
        self.end(request, How::Closed, Some(by), None);
        Ok(())
    }

    fn hold(&mut self, seed: &SeedId, fingerprint: Digest, last_step: u64, exposure: &Exposure) -> Judged {
        let is_known = self.state.seeds().any(|(_, held)| held.fingerprints.contains(&fingerprint));
        must(Guard::SeedOnce, !is_known, || Refusal::SeedKnown)?;
        for person in exposure.seed.iter().chain(&exposure.password) {
            self.must_be_known(person)?;
        }
        let saw_seed: BTreeSet<&PersonId> = exposure.seed.iter().collect();
        let must_rotate: BTreeSet<PersonId> =
            exposure.password.iter().filter(|person| saw_seed.contains(person)).cloned().collect();
        let before = self.state.seed(seed);
        let mut fingerprints = before.map(|held| held.fingerprints.clone()).unwrap_or_default();
        fingerprints.push(fingerprint);
        let held = HeldSeed {
            is_held: true,
            generation: before.map_or(1, |held| held.generation.saturating_add(1)),
            fingerprints,
            // Never back, not even with another seed under the name.
            last_step: before.map_or(last_step, |held| held.last_step.max(last_step)),
            last_clock: before.and_then(|held| held.last_clock.clone()),
            exposure: exposure.clone(),
            must_rotate,
            since: self.now,
        };
        let is_exposed = !held.must_rotate.is_empty();
        self.state.seeds.insert(seed.clone(), held);
        self.tell_all(News::SeedHeld(seed.clone()), None);
        if is_exposed {
            self.tell_all(News::MustRotate(seed.clone()), None);
        }
        Ok(())
    }

    fn let_go(&mut self, seed: &SeedId) {
        if let Some(held) = self.state.seeds.get_mut(seed) {
            held.is_held = false;
        }
        self.tell_all(News::SeedGone(seed.clone()), None);
    }
}
