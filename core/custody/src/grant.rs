//! What the vault asks before it makes a code: of the state that it has folded itself, at the checkpoint that the witness has cosigned.

use jiff::Timestamp;

use crate::ask::Mode;
use crate::event::Viewer;
use crate::name::{PersonId, RequestId, SeedId};
use crate::refusal::Refusal;
use crate::request::How;
use crate::state::State;

/// That one code may be made, once.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Grant {
    /// Of this request.
    pub request: RequestId,
    /// By this seed.
    pub seed: SeedId,
    /// Which one under that name.
    pub generation: u32,
    /// Of this step.
    pub step: u64,
    /// The index of the leaf that says so.
    pub leaf: u64,
    /// How it gets to whoever asked.
    pub mode: Mode,
    /// Sealed to this page.
    pub viewer: Viewer,
    /// The approvers whose shares may open the seed, and the digests of those shares.
    pub approvers: Vec<(PersonId, Option<crate::Digest>)>,
    /// When it was released.
    pub at: Timestamp,
}

impl State {
    /// The code of a release that may be made now: of the last release of its seed, while nobody has said no since. A release whose
    /// leaf is followed by a denial, a kill or a seal gives none.
    ///
    /// # Errors
    /// [`Refusal`]: why not.
    pub fn grant(&self, id: &RequestId, leaf: u64) -> Result<Grant, Refusal> {
        let request = self.request(id).ok_or_else(|| Refusal::NoRequest(id.clone()))?;
        let release =
            request.releases.iter().find(|release| release.leaf == leaf).ok_or(Refusal::NotThisKind)?;
        if self.sealed().is_some() {
            return Err(Refusal::Sealed);
        }
        if request.end.as_ref().is_some_and(|end| end.how != How::Closed) {
            return Err(Refusal::Over(request.word()));
        }
        let (seed, mode) =
            request.ask.matter.seed().zip(request.ask.matter.mode()).ok_or(Refusal::NotThisKind)?;
        let held = self.seed(seed).filter(|held| held.is_held);
        let held = held.ok_or_else(|| Refusal::Seed(seed.clone(), "is not in custody"))?;
        if held.last_step != release.step || release.shown.is_some() {
            return Err(Refusal::StepUsed(held.last_step));
        }
        let share = |(person, approval): (&PersonId, &crate::Approval)| (person.clone(), approval.share);
        Ok(Grant {
            request: id.clone(),
            seed: seed.clone(),
            generation: held.generation,
            step: release.step,
            leaf,
            mode,
            viewer: release.viewer.clone(),
            approvers: request.approvals.iter().map(share).collect(),
            at: release.at,
        })
    }
}
