//! Does the proposal suffice? Its calls, replayed under the whole stack.

use kagimori_estate::access::Access;
use kagimori_id::Arn;
use kagimori_trail::call::Outcome;
use serde::Serialize;

use crate::replay::{Class, Replay, Verdict, Why, Witness};

/// What a replay of one principal's calls showed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Verified {
    /// Calls that succeeded, or failed for another reason than a missing permission.
    pub calls: u64,
    /// Of these, allowed by what is proved.
    pub allowed: u64,
    /// Of these, allowed if condition keys that CloudTrail does not record were absent.
    pub assumed: u64,
    /// Of these, not explained by the policies of the snapshot, so that nothing can be said.
    pub unexplained: u64,
    /// What is neither.
    pub failing: Vec<Failing>,
}

/// Calls that would be denied, or of which it is not known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Failing {
    /// The action.
    pub action: String,
    /// On what.
    pub resource: Option<String>,
    /// Would be denied; otherwise it is not known.
    pub is_denied: bool,
    /// Why.
    pub why: Why,
    /// How many.
    pub calls: u64,
    /// The first.
    pub first: Witness,
    /// When the last was.
    pub last: i64,
}

/// Replays calls over the estate as it is and as it would be.
pub fn verify(before: &Access<'_>, after: &Access<'_>, calls: &[&Class]) -> Verified {
    verify_by(&Replay::new(before, after), calls)
}

/// The same where a user would be a role: the calls are the user's, and judged afterwards as those of a session of the role.
pub fn verify_becoming(
    before: &Access<'_>,
    after: &Access<'_>,
    calls: &[&Class],
    (user, role): (&Arn, &Arn),
) -> Verified {
    verify_by(&Replay::new(before, after).becoming(user.clone(), role.clone()), calls)
}

fn verify_by(replay: &Replay<'_>, calls: &[&Class]) -> Verified {
    let mut verified = Verified::default();
    for class in calls {
        let judgement = replay.judge(class);
        let slot = match judgement.verdict {
            Verdict::AlreadyDenied | Verdict::NotAsked | Verdict::NewlyAllowed => continue,
            // What was refused breaks nothing by staying so.
            Verdict::CannotTell if class.call.outcome == Outcome::Denied => continue,
            Verdict::StillAllowed => &mut verified.allowed,
            Verdict::AllowedAssuming => &mut verified.assumed,
            Verdict::Unexplained => &mut verified.unexplained,
            Verdict::NewlyDenied | Verdict::CannotTell => {
                let (action, resource) = judgement.about(&class.call);
                verified.failing.push(Failing {
                    action,
                    resource: resource.map(str::to_owned),
                    is_denied: judgement.verdict == Verdict::NewlyDenied,
                    why: judgement.why,
                    calls: class.count,
                    first: class.witness(),
                    last: class.last,
                });
                verified.calls = verified.calls.saturating_add(class.count);
                continue;
            }
        };
        *slot = slot.saturating_add(class.count);
        verified.calls = verified.calls.saturating_add(class.count);
    }
    verified.failing.sort();
    verified
}
