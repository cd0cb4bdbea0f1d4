//! Why the desk did not take an event: what is so, and what to do. A refusal changes nothing and leaves no leaf.

use std::fmt;

use jiff::Timestamp;

use crate::ask::Kind;
use crate::lasting::Lasting;
use crate::name::{KeyName, PersonId, RequestId, RuleName, SeedId};
use crate::policy::Faults;

/// Why not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "each is told in its own words")]
pub enum Refusal {
    /// The log is empty.
    NotFounded,
    /// It is not.
    Founded,
    /// The policy that was given is not the one in force.
    OtherPolicy,
    /// The log has a later leaf.
    TimeBack(Timestamp),
    /// There is none of that name.
    NoRequest(RequestId),
    /// There is one of that name.
    IdUsed(RequestId),
    /// The policy does not know them.
    NoPerson(PersonId),
    /// A text is empty.
    Empty(&'static str),
    /// A text is too long, or has letters that show as something else.
    Text(&'static str),
    /// The desk is sealed.
    Sealed,
    /// It is not.
    NotSealed,
    /// No rule is for this.
    NoRule(Kind),
    /// They may not ask for this.
    NotRequester(PersonId, RuleName),
    /// A program files only for people.
    NotProgram(PersonId),
    /// The window is too long, or empty.
    Window(Lasting, Lasting),
    /// The rule does not allow this mode.
    Mode,
    /// Too many requests are undecided: theirs, or everybody's.
    TooMany(u16),
    /// A seed is not in a state for this.
    Seed(SeedId, &'static str),
    /// The policy that is proposed has faults.
    Faults(Faults),
    /// It has none, but cannot follow the present one.
    CannotFollow(String),
    /// They do not approve this.
    NotApprover(PersonId),
    /// Nobody approves their own request.
    OwnRequest,
    /// The key is not theirs, or counts no more.
    Key(KeyName),
    /// They have approved it.
    ApprovedAlready,
    /// The approval has no share, and the seed cannot be opened without.
    NoShare,
    /// It is over.
    Over(&'static str),
    /// It is not at that point.
    NotNow(&'static str),
    /// Its time was over then.
    TimeOver(Timestamp),
    /// Its time is not over until then.
    NotOver(Timestamp),
    /// They may not do that with this request.
    NotTheirs(PersonId),
    /// They do not carry this out.
    NotOperator(PersonId),
    /// They asked for it, or approved it.
    TookPart(PersonId),
    /// That is not allowed from there.
    Place,
    /// Too few stand behind it now.
    NoQuorum,
    /// There is no PIN, or it was not typed.
    NoPin,
    /// Whoever asked may ask for this no more.
    RequesterGone(PersonId),
    /// The clock cannot be trusted.
    Clock(&'static str),
    /// A code of this step, or of a later one, was made already.
    StepUsed(u64),
    /// No page is open that the code could be sealed to.
    NoViewer,
    /// No more codes come of it.
    NoMoreCodes,
    /// That is not how requests of this kind go.
    NotThisKind,
    /// The key counts no more already, or is not theirs.
    NoKey(KeyName),
    /// It owes no review.
    NoReview,
    /// The seed is known: it cannot come twice.
    SeedKnown,
    /// That is not how this log goes on.
    NotThisEpoch(&'static str),
}

impl Refusal {
    /// Its name, which does not change.
    pub fn word(&self) -> &'static str {
        match self {
            Self::NotFounded => "not_founded",
            Self::Founded => "founded",
            Self::OtherPolicy => "other_policy",
            Self::TimeBack(_) => "time_back",
            Self::NoRequest(_) => "no_request",
            Self::IdUsed(_) => "id_used",
            Self::NoPerson(_) => "no_person",
            Self::Empty(_) => "empty",
            Self::Text(_) => "text",
            Self::Sealed => "sealed",
            Self::NotSealed => "not_sealed",
            Self::NoRule(_) => "no_rule",
            Self::NotRequester(..) => "not_requester",
            Self::NotProgram(_) => "not_program",
            Self::Window(..) => "window",
            Self::Mode => "mode",
            Self::TooMany(_) => "too_many",
            Self::Seed(..) => "seed",
            Self::Faults(_) => "faults",
            Self::CannotFollow(_) => "cannot_follow",
            Self::NotApprover(_) => "not_approver",
            Self::OwnRequest => "own_request",
            Self::Key(_) => "key",
            Self::ApprovedAlready => "approved_already",
            Self::NoShare => "no_share",
            Self::Over(_) => "over",
            Self::NotNow(_) => "not_now",
            Self::TimeOver(_) => "time_over",
            Self::NotOver(_) => "not_over",
            Self::NotTheirs(_) => "not_theirs",
            Self::NotOperator(_) => "not_operator",
            Self::TookPart(_) => "took_part",
            Self::Place => "place",
            Self::NoQuorum => "no_quorum",
            Self::NoPin => "no_pin",
            Self::RequesterGone(_) => "requester_gone",
            Self::Clock(_) => "clock",
            Self::StepUsed(_) => "step_used",
            Self::NoViewer => "no_viewer",
            Self::NoMoreCodes => "no_more_codes",
            Self::NotThisKind => "not_this_kind",
            Self::NoKey(_) => "no_key",
            Self::NoReview => "no_review",
            Self::SeedKnown => "seed_known",
            Self::NotThisEpoch(_) => "not_this_epoch",
        }
    }

    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotFounded => "found the desk with a policy: `kagimori-desk init`",
            Self::Founded => "change the policy by a request of the kind `govern`",
            Self::OtherPolicy => "load the page again: the policy has changed meanwhile",
            Self::TimeBack(_) => {
                "set the clock right (chrony); nothing is taken until it is past the last entry"
            }
            Self::NoRequest(_) => "look at the list of requests for its name",
            Self::IdUsed(_) => "let the desk make the name of a request",
            Self::NoPerson(_) => "ask for a change of the policy that takes them in",
            Self::Empty(_) => "say in a few words what for: whoever approves and reviews reads it",
            Self::Text(_) => "write it shorter, and without control characters",
            Self::Sealed => "ask for the unsealing: a request of the kind `govern`",
            Self::NotSealed | Self::ApprovedAlready => "nothing is to be done",
            Self::NoRule(_) => "ask for a change of the policy that has a rule for it",
            Self::NotRequester(..) => "let somebody ask who may, or ask for a change of the policy",
            Self::NotProgram(_) => "let the program file it for the person who asks, by name",
            Self::Window(..) => "ask for a window that the rule allows",
            Self::Mode => "choose the other mode",
            Self::TooMany(_) => "take back what is not needed, or wait until something is decided",
            Self::Seed(..) => "look at the register of root accounts",
            Self::Faults(_) => "put right what is named, and propose it again",
            Self::CannotFollow(_) => "begin from the policy that is in force, and change what has to change",
            Self::NotApprover(_) => "let somebody of the groups approve that the request names",
            Self::OwnRequest => "let others approve it",
            Self::Key(_) => "sign with a key of yours that the policy names and nobody has revoked",
            Self::NoShare => "approve it on the page or with the command that holds your share",
            Self::Over(_) => "ask anew; the new request can name this one",
            Self::NotNow(_) => "load the page again: it shows what comes next",
            Self::TimeOver(_) => "ask anew",
            Self::NotOver(_) => "wait, or take it back",
            Self::NotTheirs(_) => "let an approver of it, an auditor or whoever asked do that",
            Self::NotOperator(_) => "let an operator of the rule carry it out",
            Self::TookPart(_) => "let somebody do it who had no part in it",
            Self::Place => "go where the policy allows it (`networks`)",
            Self::NoQuorum => {
                "get approvals of more people, or ask anew: approvals age, and people and keys go"
            }
            Self::NoPin => "let the operator type the PIN that the requester's page shows",
            Self::RequesterGone(_) => "let somebody ask who may",
            Self::Clock(_) => "set the clock right (chrony), and try again",
            Self::StepUsed(_) => "wait for the next step: at most as long as a code lasts",
            Self::NoViewer => "open the page that shows the code, and leave it open",
            Self::NoMoreCodes => "ask anew if another code is needed",
            Self::NotThisKind => "load the page again: it shows what can be done",
            Self::NoKey(_) => "look at the people page for the names of keys",
            Self::NoReview => "nothing is to be done",
            Self::SeedKnown => "make a new device in root's console, and enrol that",
            Self::NotThisEpoch(_) => {
                "run `kagimori-desk doctor`, which compares the log with what the witness has seen, and ask anew"
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFounded => f.write_str("this desk has no policy yet"),
            Self::Founded => f.write_str("this desk has a policy"),
            Self::OtherPolicy => f.write_str("another policy is in force"),
            Self::TimeBack(last) => write!(f, "the clock is before the last entry of the log ({last})"),
            Self::NoRequest(id) => write!(f, "there is no request `{id}`"),
            Self::IdUsed(id) => write!(f, "there is a request `{id}` already"),
            Self::NoPerson(person) => write!(f, "the policy knows no `{person}`"),
            Self::Empty(what) => write!(f, "the {what} is empty"),
            Self::Text(what) => write!(f, "the {what} is too long or has letters that do not show"),
            Self::Sealed => f.write_str("the desk is sealed"),
            Self::NotSealed => f.write_str("the desk is not sealed"),
            Self::NoRule(kind) => write!(f, "no rule of the policy is for `{}` of this", kind.word()),
            Self::NotRequester(person, rule) => write!(f, "`{person}` may not ask by the rule `{rule}`"),
            Self::NotProgram(person) => write!(f, "`{person}` cannot do this: programs file, and people ask"),
            Self::Window(asked, most) => {
                write!(f, "a window of {asked} was asked for, and the rule allows {most}")
            }
            Self::Mode => f.write_str("the rule does not allow this way of handing a code over"),
            Self::TooMany(most) => write!(f, "{most} requests wait for a decision already"),
            Self::Seed(seed, what) => write!(f, "the seed `{seed}` {what}"),
            Self::Faults(faults) => write!(f, "the policy cannot be loaded: {faults}"),
            Self::CannotFollow(what) => {
                write!(f, "the policy cannot take the place of the present one: {what}")
            }
            Self::NotApprover(person) => write!(f, "`{person}` is not among those who approve this"),
            Self::OwnRequest => f.write_str("nobody approves a request of their own"),
            Self::Key(key) => write!(f, "the key `{key}` is not theirs, or counts no more"),
            Self::ApprovedAlready => f.write_str("they have approved it already"),
            Self::NoShare => f.write_str("the approval came without its share of the seed's key"),
            Self::Over(how) => write!(f, "it is over ({how})"),
            Self::NotNow(stage) => write!(f, "it is {stage}, and that comes at another point"),
            Self::TimeOver(at) => write!(f, "its time was over at {at}"),
            Self::NotOver(at) => write!(f, "its time is not over before {at}"),
            Self::NotTheirs(person) => write!(f, "`{person}` may not do that with this request"),
            Self::NotOperator(person) => write!(f, "`{person}` does not carry this out"),
            Self::TookPart(person) => write!(f, "`{person}` had a part in it"),
            Self::Place => f.write_str("that is not allowed from this address"),
            Self::NoQuorum => f.write_str("too few approvals count now"),
            Self::NoPin => f.write_str("the PIN was not typed yet"),
            Self::RequesterGone(person) => write!(f, "`{person}` may ask for this no more"),
            Self::Clock(what) => write!(f, "the clock cannot be trusted: {what}"),
            Self::StepUsed(step) => write!(f, "a code of step {step} or a later one was made already"),
            Self::NoViewer => f.write_str("no page is open that the code could be shown on"),
            Self::NoMoreCodes => f.write_str("all codes that were approved are released"),
            Self::NotThisKind => f.write_str("requests of this kind go another way"),
            Self::NoKey(key) => write!(f, "there is no key `{key}` of theirs that counts"),
            Self::NoReview => f.write_str("it owes no review"),
            Self::SeedKnown => f.write_str("this seed was in custody before"),
            Self::NotThisEpoch(what) => write!(f, "the log does not go on so: {what}"),
        }
    }
}

impl std::error::Error for Refusal {}
