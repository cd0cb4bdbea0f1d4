//! The condition keys that an event tells of its call.

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::Arc;

use kagimori_estate::access::Question;
use kagimori_id::AccountId;
use kagimori_policy::request::{Fact, Listed};
use kagimori_trail::call::{Call, Check, CheckedResource};

/// A call with the condition keys that its event tells, whatever the check. What is not listed is not known.
#[derive(Clone, Debug)]
pub struct Told<'c> {
    call: &'c Call,
    facts: Arc<Listed>,
    /// The same after the changes, where these make the caller another.
    later: Option<Arc<Listed>>,
}

impl<'c> Told<'c> {
    /// What the event of a call tells.
    pub fn of(call: &'c Call) -> Self {
        Self { call, facts: facts(call), later: None }
    }

    /// With what another call would tell in its place, once the changes are made.
    #[must_use]
    pub(super) fn becoming(self, later: &Call) -> Self {
        Self { later: Some(facts(later)), ..self }
    }

    /// A question of this call as it would be asked once the changes are made.
    pub(super) fn later<'q>(&self, question: &'q Question) -> Cow<'q, Question> {
        match &self.later {
            Some(later) => Cow::Owned(Question { common: Some(Arc::clone(later)), ..question.clone() }),
            None => Cow::Borrowed(question),
        }
    }

    /// The question of a check. A resource that is not told is asked as a pattern: the answer is then "allowed" when some
    /// resource of that form is.
    pub fn question(&self, check: &Check, caller_account: Option<AccountId>) -> Question {
        let (resource, wildcard_only) = match &check.resource {
            CheckedResource::Arn(arn) | CheckedResource::Pattern(arn) => (arn.to_string(), false),
            CheckedResource::None => ("*".to_owned(), true),
            CheckedResource::Unknown => ("*".to_owned(), false),
        };
        Question {
            action: check.action.to_string(),
            resource_account: check.resource_account.or(self.call.account).or(caller_account),
            resource,
            wildcard_only,
            common: Some(Arc::clone(&self.facts)),
            context: check.context.iter().map(|(key, fact)| (key.to_string(), fact.clone())).collect(),
            strict: false,
        }
    }
}

/// The condition keys that an event tells, whatever the check.
fn facts(call: &Call) -> Arc<Listed> {
    let mut context = call.context();
    // A call through an endpoint says so (`vpcEndpointId`): one from an address that does not came through none.
    if call.caller.vpc_endpoint.is_none() && is_from_address(call) {
        for key in ["aws:sourcevpce", "aws:sourcevpc", "aws:vpcsourceip"] {
            context.set(key, Fact::Absent);
        }
    }
    Arc::new(context.into_listed())
}

impl Deref for Told<'_> {
    type Target = Call;

    fn deref(&self) -> &Call {
        self.call
    }
}

/// Whether the place is told by its address. A service's name stands there when AWS made the call.
pub(super) fn is_from_address(call: &Call) -> bool {
    call.caller.address.as_deref().is_some_and(|address| address.parse::<std::net::IpAddr>().is_ok())
}

/// Whether the event does not tell the resource, or not all of its name.
pub fn is_untold(check: &Check) -> bool {
    matches!(check.resource, CheckedResource::Pattern(_) | CheckedResource::Unknown)
}
