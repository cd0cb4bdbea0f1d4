//! What goes wrong on purpose, and the settings of a world.

use serde::{Deserialize, Serialize};

use crate::fault::Fault;

/// Something that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
#[expect(clippy::exhaustive_enums, reason = "made by hand")]
pub enum Trouble {
    /// The reply is held back.
    Delay {
        /// For how long.
        milliseconds: u64,
    },
    /// The call is carried out and the connection breaks. Calls that fail do not use it up.
    LoseReply,
    /// `Throttling`.
    Throttle,
    /// An error.
    Fail {
        /// The HTTP status.
        status: u16,
        /// The error code.
        code: String,
        /// The message.
        message: String,
    },
}

/// A trouble, when it comes, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Planned {
    /// `None`: whatever the operation.
    pub(crate) operation: Option<String>,
    /// `None`: for ever.
    pub(crate) times: Option<u32>,
    pub(crate) trouble: Trouble,
}

/// How a world behaves where AWS's behaviour can vary or is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "set by hand")]
pub struct Settings {
    /// On a direct AssumeRole with a code the caller's own policies see MFA too, not only the trust policy.
    pub identity_sees_code: bool,
    /// How many steps before and after the current one are accepted. AWS's own width is not published.
    pub window_steps: i64,
    /// Session tokens of 8 KiB: AWS promises no maximum.
    pub large_tokens: bool,
    /// How far the `Date` header and the clock that signatures are checked by are ahead.
    pub date_skew_seconds: i64,
    /// Refusals say which kind of policy is at fault.
    pub denial_reasons: bool,
    /// Signatures must be dated by the world's clock and not by the real one: for clients whose own clock is moved.
    pub signed_by_virtual_clock: bool,
    /// How long an access token of Identity Center lasts.
    pub access_token_seconds: i64,
    /// How often a device code may be asked about.
    pub device_interval_seconds: i64,
    /// Whether STS has GetScopedCredentials here, which came in November 2026.
    pub has_scoped_credentials: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            identity_sees_code: false,
            window_steps: 1,
            large_tokens: false,
            date_skew_seconds: 0,
            denial_reasons: true,
            signed_by_virtual_clock: false,
            access_token_seconds: 3600,
            device_interval_seconds: 1,
            has_scoped_credentials: true,
        }
    }
}

impl Settings {
    /// The window within reason: each step of it costs two codes.
    pub(crate) fn window(&self) -> i64 {
        self.window_steps.clamp(0, 1000)
    }
}

/// What happens to a call before it is looked at.
#[derive(Debug, Default)]
pub(super) struct Beforehand {
    pub(super) delay_milliseconds: u64,
    pub(super) fault: Option<Fault>,
}

/// The troubles that come before a call is looked at; each is used up by one.
pub(super) fn before(planned: &mut Vec<Planned>, operation: &str) -> Beforehand {
    let mut all = Beforehand::default();
    each(planned, operation, |trouble| match trouble {
        Trouble::Delay { milliseconds } => {
            all.delay_milliseconds += milliseconds;
            true
        }
        Trouble::Throttle if all.fault.is_none() => {
            all.fault = Some(Fault::throttled());
            true
        }
        Trouble::Fail { status, code, message } if all.fault.is_none() => {
            all.fault = Some(Fault::new(*status, code, message.clone()));
            true
        }
        Trouble::LoseReply | Trouble::Throttle | Trouble::Fail { .. } => false,
    });
    all
}

/// Whether the reply to a call that was carried out is lost.
pub(super) fn loses_reply(planned: &mut Vec<Planned>, operation: &str) -> bool {
    let mut is_lost = false;
    each(planned, operation, |trouble| {
        let takes = !is_lost && *trouble == Trouble::LoseReply;
        is_lost |= takes;
        takes
    });
    is_lost
}

/// Offers the troubles of an operation; those taken are used up by one.
fn each(planned: &mut Vec<Planned>, operation: &str, mut take: impl FnMut(&Trouble) -> bool) {
    for plan in planned.iter_mut() {
        let is_meant = plan.operation.as_deref().is_none_or(|meant| meant == operation);
        if is_meant && plan.times != Some(0) && take(&plan.trouble) {
            plan.times = plan.times.map(|times| times - 1);
        }
    }
    planned.retain(|plan| plan.times != Some(0));
}
