//! The conditions that the ladder must not lose. Each has a name, so that the tests can take one away at a time and see that the explorer
//! notices.

/// A condition before something that can hurt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// People were told long enough before.
    NoticeFirst,
    /// And not so long before that they have forgotten.
    NoticeFresh,
    /// The window is open.
    Window,
    /// The way on was shown, lately.
    WayShown,
    /// For this off, not for the one before.
    ShownForThis,
    /// Nothing protected goes off.
    NotProtected,
    /// Whoever carries the tag does not, either.
    TagProtects,
    /// What is protected while it is off comes on.
    ProtectedComesOn,
    /// Also what the tag protects.
    TagComesOn,
    /// One of an owner at a time.
    OwnerAlone,
    /// An off ends.
    OffEnds,
    /// Also one of which nobody knows whether it began.
    DoubtEnds,
    /// What was begun before a crash goes on only if it may still begin.
    BegunAgain,
    /// An off that lies in the future ends at once: the clock was set back.
    FutureEnds,
    /// The next rung waits.
    Waits,
    /// Nothing is deleted before the last off is over.
    RestsBeforeDelete,
    /// Nor without leave.
    LeaveToDelete,
    /// Nor what was used meanwhile.
    UnusedBeforeDelete,
    /// Nor what nobody has looked at.
    LookBeforeDelete,
    /// A complaint brings it on.
    ComplaintComesOn,
    /// A stop does.
    StopComesOn,
    /// Panic does.
    PanicComesOn,
    /// An on that AWS refused is tried again.
    OnAgain,
    /// What somebody else switched on is left alone.
    OnByOthers,
    /// And what is found so when it should come on.
    FoundByOthers,
    /// What somebody else switched off is left alone.
    OffByOthers,
    /// Another key of the user ends it.
    Rotated,
    /// What drifted before its off does not go off.
    DriftBeforeOff,
    /// What is over stays over.
    Over,
    /// What is overdue comes on before anything else.
    OverdueFirst,
    /// What is decided is written down before it is done.
    JournalFirst,
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

    use std::cell::Cell;

    use super::Guard;

    thread_local! {
        static LOST: Cell<Option<Guard>> = const { Cell::new(None) };
    }

    /// What each becomes when it is lost: `true` where it allows something, `false` where it brings something about.
    const ALL: [(Guard, bool); 31] = [
        (Guard::NoticeFirst, true),
        (Guard::NoticeFresh, true),
        (Guard::Window, true),
        (Guard::WayShown, true),
        (Guard::ShownForThis, false),
        (Guard::NotProtected, true),
        (Guard::TagProtects, false),
        (Guard::ProtectedComesOn, false),
        (Guard::TagComesOn, false),
        (Guard::OwnerAlone, true),
        (Guard::OffEnds, false),
        (Guard::DoubtEnds, false),
        (Guard::BegunAgain, true),
        (Guard::FutureEnds, false),
        (Guard::Waits, true),
        (Guard::RestsBeforeDelete, true),
        (Guard::LeaveToDelete, true),
        (Guard::UnusedBeforeDelete, false),
        (Guard::LookBeforeDelete, false),
        (Guard::ComplaintComesOn, false),
        (Guard::StopComesOn, false),
        (Guard::PanicComesOn, false),
        (Guard::OnAgain, false),
        (Guard::OnByOthers, false),
        (Guard::FoundByOthers, false),
        (Guard::OffByOthers, false),
        (Guard::Rotated, false),
        (Guard::DriftBeforeOff, false),
        (Guard::Over, false),
        (Guard::OverdueFirst, false),
        (Guard::JournalFirst, false),
    ];

    pub(crate) fn all() -> impl Iterator<Item = Guard> {
        ALL.into_iter().map(|(guard, _)| guard)
    }

    pub(crate) fn lose(guard: Option<Guard>) {
        LOST.set(guard);
    }

    pub(crate) fn holds(guard: Guard, condition: bool) -> bool {
        let lost = ALL.iter().find(|(known, _)| *known == guard && LOST.get() == Some(guard));
        lost.map_or(condition, |(_, instead)| *instead)
    }
}
