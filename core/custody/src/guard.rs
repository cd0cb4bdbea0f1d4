//! The conditions that the desk must not lose. Each has a name, so that the tests can take one away at a time and see that the explorer
//! notices.

/// A condition before something that can hurt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// Time goes on.
    TimeForward,
    /// The policy is that of the log.
    PolicyOfLog,
    /// A name of a request is used once.
    IdOnce,
    /// Who asks may ask.
    Eligible,
    /// The window is within the rule's.
    WindowBound,
    /// Nobody floods the desk.
    Quota,
    /// The seed is there.
    SeedHeld,
    /// While it is sealed nothing is asked for but the unsealing.
    SealedAsks,
    /// Who approves may approve.
    Approver,
    /// And did not ask.
    NotSelf,
    /// The requester's own voice is not counted, whatever happened before.
    SelfNotCounted,
    /// With a key that counts.
    KeyLive,
    /// Once.
    FirstVote,
    /// A share travels with the approval.
    ShareTravels,
    /// Who carries it out does not approve it meanwhile.
    ApproverNotOperator,
    /// Enough approved it.
    QuorumFirst,
    /// What is over by the clock is over.
    InTime,
    /// What is over stays over.
    Over,
    /// A late no counts.
    LateNo,
    /// Only who may say no says it.
    MayDeny,
    /// Who carries it out may.
    Operator,
    /// And did not ask.
    OperatorNotRequester,
    /// Nor approve.
    OperatorNotApprover,
    /// And comes from a named network.
    OperatorNetwork,
    /// Only what is approved is carried out.
    ApprovedFirst,
    /// Enough stand behind it when it is claimed.
    QuorumAtClaim,
    /// A PIN is made once.
    PinOnce,
    /// It is the requester's.
    PinMatches,
    /// Three wrong ones are enough.
    PinTries,
    /// Without the PIN no code.
    PinFirst,
    /// Only who claimed it goes on with it.
    SameOperator,
    /// Enough still stand behind it when a code is made.
    QuorumLive,
    /// The key of an approval still counts.
    KeyStill,
    /// An approval is not too old.
    VoteFresh,
    /// Every group, by different people.
    EveryGroup,
    /// Whoever asked may still ask.
    RequesterStill,
    /// So many codes and no more.
    MaxCodes,
    /// A step is used once, and never an earlier one.
    StepFresh,
    /// It is the step of now.
    StepNow,
    /// And the machine's own clock agrees.
    StepBoot,
    /// The clock is right by others.
    ClockAgrees,
    /// A code goes to the one page that may show it.
    RightViewer,
    /// No code while it is sealed.
    NoCodeSealed,
    /// A seal stops what is under way.
    SealHolds,
    /// What is approved comes into force, and nothing else.
    QuorumAtApply,
    /// A seed comes once.
    SeedOnce,
    /// Nobody is replaced under their name.
    SameSubject,
    /// Only who may seal seals.
    MaySeal,
    /// Only who may revoke revokes.
    MayRevoke,
    /// Who reviews may.
    Reviewer,
    /// And had no part.
    ReviewerApart,
    /// What is to be reviewed is reviewed once.
    ReviewOwed,
    /// Nothing ends by the clock before its time.
    NotEarly,
}

/// Whether a condition holds.
#[cfg(not(test))]
pub(crate) fn holds(_: Guard, condition: bool) -> bool {
    condition
}

#[cfg(test)]
pub(crate) use mutants::holds;

#[cfg(test)]
pub(crate) mod mutants {
    //! One guard lost at a time.

    use std::cell::RefCell;

    use super::Guard;

    thread_local! {
        static LOST: RefCell<Vec<Guard>> = const { RefCell::new(Vec::new()) };
    }

    /// Loses these, and no others.
    pub(crate) fn lose(guards: &[Guard]) {
        LOST.with_borrow_mut(|lost| guards.clone_into(lost));
    }

    /// Every guard allows something: lost, it always does.
    pub(crate) fn holds(guard: Guard, condition: bool) -> bool {
        condition || LOST.with_borrow(|lost| lost.contains(&guard))
    }
}
