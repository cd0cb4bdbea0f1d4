//! From a check to a question.

use kagimori_estate::access::Question;
use kagimori_id::AccountId;
use kagimori_trail::call::{Call, Check, CheckedResource};

use super::facts;

/// The question of a check. A resource that is not told is asked as a pattern: the answer is then "allowed" when some
/// resource of that form is.
pub fn question(call: &Call, check: &Check, caller_account: Option<AccountId>) -> Question {
    let (resource, wildcard_only) = match &check.resource {
        CheckedResource::Arn(arn) | CheckedResource::Pattern(arn) => (arn.to_string(), false),
        CheckedResource::None => ("*".to_owned(), true),
        CheckedResource::Unknown => ("*".to_owned(), false),
    };
    Question {
        action: check.action.to_string(),
        resource_account: check.resource_account.or(call.account).or(caller_account),
        resource,
        wildcard_only,
        context: facts(call, check),
        strict: false,
    }
}

/// Whether the event does not tell the resource, or not all of its name.
pub fn is_untold(check: &Check) -> bool {
    matches!(check.resource, CheckedResource::Pattern(_) | CheckedResource::Unknown)
}
