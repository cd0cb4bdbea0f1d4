//! What a log says of roots: which codes were released when, for whom, by whom; which ceremonies let somebody be root; whose roots there are.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kagimori_id::AccountId;
use serde::Serialize;

use crate::ask::{Matter, Mode};
use crate::event::Event;
use crate::lasting::Lasting;
use crate::leaf::Leaf;
use crate::name::{PersonId, RequestId, SeedId};
use crate::network::Network;
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

/// A ceremony with a seed of a root: whoever carries it out is root meanwhile, without a code of the desk.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "a row of a report")]
pub struct Opened {
    /// By this request.
    pub request: RequestId,
    /// Of this account's root.
    pub account: AccountId,
    /// From its claim on.
    pub from: Timestamp,
    /// Until its end, or until its window closes.
    pub until: Timestamp,
}

/// All that a log lets anybody be root by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "the parts of an account of a log")]
pub struct Grants {
    /// The codes, in the log's order.
    pub releases: Vec<Released>,
    /// The ceremonies, by the names of their requests.
    pub ceremonies: Vec<Opened>,
    /// When the desk was founded, or since when it is asked; `None`: the log is empty. Nobody can have asked before.
    pub founded: Option<Timestamp>,
    /// The accounts whose root the desk looks after now, and from where people ask: empty is from everywhere.
    pub accounts: BTreeMap<AccountId, Vec<Network>>,
}

impl Grants {
    /// Of a log. A leaf that no step would have taken is an error: a log that was written by hand explains nothing.
    ///
    /// # Errors
    /// [`FoldError`].
    pub fn of<'a>(leaves: impl IntoIterator<Item = &'a Leaf>) -> Result<(Self, State), FoldError> {
        let (mut state, mut found) = (State::default(), Self::default());
        for leaf in leaves {
            let index = state.size();
            state.fold_one(leaf)?;
            found.founded = found.founded.or(Some(leaf.at));
            found.releases.extend(released(&state, index, leaf));
        }
        found.ceremonies = ceremonies(&state);
        if let Some(policy) = state.policy() {
            let networks = &policy.file().networks.requesters;
            found.accounts =
                policy.file().accounts.keys().map(|account| (*account, networks.clone())).collect();
        }
        Ok((found, state))
    }
}

impl Grants {
    /// The same, where nothing before an instant is asked about.
    pub fn since(mut self, instant: Timestamp) -> Self {
        self.founded = self.founded.map(|founded| founded.max(instant));
        self
    }
}

/// All codes of roots that a log released, in its order. Drills open nothing and are not among them.
///
/// # Errors
/// [`FoldError`].
pub fn releases<'a>(leaves: impl IntoIterator<Item = &'a Leaf>) -> Result<Vec<Released>, FoldError> {
    Grants::of(leaves).map(|(grants, _)| grants.releases)
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

fn ceremonies(state: &State) -> Vec<Opened> {
    let opened = |request: &crate::Request| {
        let Matter::Custody { account: Some(account), .. } = &request.ask.matter else { return None };
        let from = request.claim.as_ref()?.at;
        let closes = request.ask.window.after(request.approved_at.unwrap_or(from));
        let until = request.end.as_ref().map_or(closes, |end| end.at);
        Some(Opened { request: request.ask.id.clone(), account: account.id, from, until })
    };
    state.requests().filter_map(opened).collect()
}

/// How long after its release a code may still explain a sign-in: AWS answers and writes its event some time after the code was typed.
pub const SIGN_IN_WITHIN: Lasting = Lasting::seconds(120);
