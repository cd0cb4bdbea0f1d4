//! What a log says of codes: which release happened when, for whom, by whom.

use jiff::Timestamp;
use kagimori_id::AccountId;
use serde::Serialize;

use crate::ask::{Matter, Mode};
use crate::event::Event;
use crate::lasting::Lasting;
use crate::leaf::Leaf;
use crate::name::{PersonId, RequestId, SeedId};
use crate::state::{FoldError, State};

/// A code of a root that was released.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "a row of a report")]
pub struct Released {
    /// The index of its leaf.
    pub leaf: u64,
    /// Of this account's root.
    pub account: AccountId,
    /// By this seed.
    pub seed: SeedId,
    /// Of this step.
    pub step: u64,
    /// When.
    pub at: Timestamp,
    /// When AWS takes the code no more: its step's end, and one step more, which AWS may still take.
    pub until: Timestamp,
    /// By this request.
    pub request: RequestId,
    /// How the code got to whoever asked.
    pub mode: Mode,
    /// Who asked.
    pub requester: PersonId,
    /// Who released it.
    pub operator: PersonId,
}

/// All codes of roots that a log released, in its order. Drills open nothing and are not among them. A leaf that no step would have taken
/// is an error: a log that was written by hand explains nothing.
///
/// # Errors
/// [`FoldError`].
pub fn releases<'a>(leaves: impl IntoIterator<Item = &'a Leaf>) -> Result<Vec<Released>, FoldError> {
    let mut state = State::default();
    let mut found = Vec::new();
    for leaf in leaves {
        let index = state.size();
        state.fold_one(leaf)?;
        found.extend(released(&state, index, leaf));
    }
    Ok(found)
}

fn released(state: &State, index: u64, leaf: &Leaf) -> Option<Released> {
    let Event::Release { request, by, step, .. } = &leaf.event else { return None };
    let asked = state.request(request)?;
    let Matter::RootCode { account, seed, mode } = &asked.ask.matter else { return None };
    let period = state.policy().and_then(|policy| policy.seed(seed).map(|seed| seed.period)).unwrap_or(30);
    let after = i64::try_from(step.saturating_add(2).saturating_mul(period.into())).unwrap_or(i64::MAX);
    Some(Released {
        leaf: index,
        account: account.id,
        seed: seed.clone(),
        step: *step,
        at: leaf.at,
        until: Timestamp::from_second(after).unwrap_or(Timestamp::MAX),
        request: request.clone(),
        mode: *mode,
        requester: asked.ask.by.clone(),
        operator: by.clone(),
    })
}

/// How long after its release a code may still explain a sign-in: AWS answers and writes its event some time after the code was typed.
pub const SIGN_IN_WITHIN: Lasting = Lasting::seconds(120);
