//! Each guard taken away alone: the explorer notices, or nobody would.

use super::explorer::{World, worlds};
use crate::guard::Guard;
use crate::guard::mutants::lose;

/// Those that the explorer has to notice.
const NOTICED: &[Guard] = &[
    Guard::TimeForward,
    Guard::PolicyOfLog,
    Guard::IdOnce,
    Guard::Eligible,
    Guard::WindowBound,
    Guard::Quota,
    Guard::SealedAsks,
    Guard::Approver,
    Guard::NotSelf,
    Guard::KeyLive,
    Guard::FirstVote,
    Guard::ShareTravels,
    Guard::ApproverNotOperator,
    Guard::QuorumFirst,
    Guard::InTime,
    Guard::Over,
    Guard::LateNo,
    Guard::MayDeny,
    Guard::Operator,
    Guard::OperatorNotRequester,
    Guard::OperatorNotApprover,
    Guard::OperatorNetwork,
    Guard::ApprovedFirst,
    Guard::QuorumAtClaim,
    Guard::PinOnce,
    Guard::PinMatches,
    Guard::PinTries,
    Guard::PinFirst,
    Guard::SameOperator,
    Guard::QuorumLive,
    Guard::KeyStill,
    Guard::VoteFresh,
    Guard::EveryGroup,
    Guard::RequesterStill,
    Guard::StepFresh,
    Guard::StepNow,
    Guard::StepBoot,
    Guard::ClockAgrees,
    Guard::RightViewer,
    Guard::SealHolds,
    Guard::QuorumAtApply,
    Guard::SeedOnce,
    Guard::SameSubject,
    Guard::MaySeal,
    Guard::MayRevoke,
    Guard::Reviewer,
    Guard::ReviewerApart,
    Guard::ReviewOwed,
    Guard::NotEarly,
];

/// The world that is asked first, where others would take long to say nothing.
fn first(guard: Guard) -> &'static str {
    match guard {
        Guard::ApproverNotOperator | Guard::OperatorNotRequester | Guard::QuorumAtClaim => {
            "a code for an operator who asks"
        }
        Guard::VoteFresh | Guard::QuorumAtApply | Guard::Reviewer => "a desk is unsealed",
        Guard::RequesterStill => "people leave",
        _ => "a PIN is typed",
    }
}

fn noticed(worlds: &mut [World], guard: Guard) -> Option<String> {
    lose(&[guard]);
    worlds.sort_by_key(|world| world.name != first(guard));
    let noticed =
        worlds.iter().find_map(|world| world.explore().err().map(|what| format!("{}: {what}", world.name)));
    lose(&[]);
    noticed
}

#[test]
fn a_lost_guard_is_noticed() {
    let mut worlds = worlds();
    let mut survivors = Vec::new();
    for guard in NOTICED {
        let noticed = noticed(&mut worlds, *guard);
        println!("{guard:?}: {}", noticed.as_deref().unwrap_or("not noticed"));
        if noticed.is_none() {
            survivors.push(*guard);
        }
    }
    println!("{} of {} noticed", NOTICED.len() - survivors.len(), NOTICED.len());
    assert!(survivors.is_empty(), "{survivors:?}");
}
