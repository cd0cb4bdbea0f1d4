//! From a check to a question, and from a resource that is not told to resources it may have been.

use kagimori_estate::access::Question;
use kagimori_estate::id::AccountId;
use kagimori_policy::catalogue::Catalogue;
use kagimori_trail::call::{Call, Check, CheckedResource};

use super::facts;

/// What stands in the place of a name that the event does not tell. No policy names it.
const SOME_NAME: &str = "kagimori-some-name";

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

/// Resources that stand for every one a check may have been about: names that no policy holds in the places the event does
/// not tell. Empty when the resource is told.
pub fn instances(call: &Call, check: &Check) -> Vec<String> {
    match &check.resource {
        CheckedResource::Arn(_) | CheckedResource::None => Vec::new(),
        CheckedResource::Pattern(pattern) => vec![pattern.replace('*', SOME_NAME)],
        CheckedResource::Unknown => of_types(call, check),
    }
}

fn of_types(call: &Call, check: &Check) -> Vec<String> {
    let catalogue = Catalogue::embedded();
    let Some(id) = catalogue.action(&check.action) else { return vec![SOME_NAME.to_owned()] };
    let account = check.resource_account.or(call.account).map(|account| account.to_string());
    let types = catalogue.resource_types(id);
    types.iter().map(|kind| fill(kind.arn, call.region.as_deref(), account.as_deref())).collect()
}

/// An ARN of the service reference with something in each placeholder.
fn fill(template: &str, region: Option<&str>, account: Option<&str>) -> String {
    let mut text = String::new();
    for (number, piece) in template.split("${").enumerate() {
        if number == 0 {
            text.push_str(piece);
            continue;
        }
        let (name, rest) = piece.split_once('}').unwrap_or((piece, ""));
        text.push_str(match name {
            "Partition" => "aws",
            "Region" => region.unwrap_or(SOME_NAME),
            "Account" => account.unwrap_or(SOME_NAME),
            _ => SOME_NAME,
        });
        text.push_str(rest);
    }
    text
}
