//! Is a statement about the resource?
//!
//! `reference_policies_elements_resource` and `reference_policies_elements_notresource`. A pattern and the request's
//! resource are compared part by part, so a `*` does not reach over a colon into the next part of the ARN.

use crate::checked::{self, Unnamed};
use crate::document::{Effect, Statement, Version};
use crate::formula::{Atom, Formula};
use crate::glob::{Glob, Relation, Token};
use crate::policies::Layer;
use crate::request::{Context, Fact, Request};
use crate::variable::{Piece, pieces};
use kagimori_id::arn;

/// When the `Resource` or `NotResource` of a statement is about the request's resource.
pub(super) fn holds(
    request: &Request,
    version: Option<Version>,
    statement: &Statement,
    layer: Layer,
) -> Formula {
    // A trust policy has no Resource: it is about its role. So are the policies of some other resources.
    let Some(element) = &statement.resource else { return Formula::TRUE };
    let (patterns, negated) = element.patterns();
    if request.wildcard_only {
        let any = is_about_unnamed(request, version, statement, layer);
        return if negated { any.negate() } else { any };
    }
    // A request may be a pattern. An allow counts when it reaches some of it, a deny when it reaches all of it.
    let wanted = match (statement.effect, negated) {
        (Effect::Allow, false) | (Effect::Deny, true) => Wanted::Some,
        (Effect::Deny, false) | (Effect::Allow, true) => Wanted::All,
    };
    let reached = |text: &String| reaches(request, &request.resource, version, text, layer, wanted);
    let any = Formula::any(patterns.iter().map(reached));
    if negated { any.negate() } else { any }
}

/// When a pattern of the statement is about what AWS compares for a call that names no resource.
fn is_about_unnamed(
    request: &Request,
    version: Option<Version>,
    statement: &Statement,
    layer: Layer,
) -> Formula {
    let Some(element) = &statement.resource else { return Formula::TRUE };
    let (patterns, negated) = element.patterns();
    if patterns.iter().any(|pattern| pattern == "*") {
        return Formula::TRUE;
    }
    let is_grant = statement.effect == Effect::Allow && !negated;
    let unnamed = Unnamed::of(request);
    Formula::any(patterns.iter().map(|text| match &unnamed {
        Unnamed::Everything => Formula::FALSE,
        Unnamed::Arn(arn) => reaches(request, arn, version, text, layer, Wanted::ForSure),
        Unnamed::Undocumented { .. } => {
            if says_nothing(text, layer) || !unnamed.may_be(text, is_grant) {
                return Formula::FALSE;
            }
            let (action, pattern) = (request.action.clone(), text.clone());
            Formula::Atom(Atom::Undocumented { action, pattern })
        }
    }))
}

/// How much of a request's pattern a policy's pattern must reach.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Some,
    All,
    /// All; where it reaches some, that hangs on the Region.
    ForSure,
}

/// In the policies of resources and endpoints, less than an ARN and no wildcard.
fn says_nothing(text: &str, layer: Layer) -> bool {
    is_short(text) && matches!(layer, Layer::Resource | Layer::Endpoint) && !text.contains(['*', '?'])
}

fn reaches(
    request: &Request,
    resource: &str,
    version: Option<Version>,
    text: &str,
    layer: Layer,
    wanted: Wanted,
) -> Formula {
    if says_nothing(text, layer) {
        return Formula::FALSE;
    }
    let asked = arn::padded_parts(resource);
    let folds_case = is_user_name(text) && asked.get(2) == Some(&"iam");
    let held = arn::padded_parts(text);
    let mut missing = Vec::new();
    let mut fits = true;
    for (place, (held, asked)) in held.into_iter().zip(asked).enumerate() {
        // Variables stand in the resource part only (`reference_policies_variables`, "where you can use").
        let version = if place == 5 { version } else { None };
        let Some(mut pattern) = resolve(held, version, &request.context, &mut missing) else {
            fits = false;
            continue;
        };
        let mut asked = Glob::request(asked);
        if folds_case && place == 5 {
            (pattern, asked) = (pattern.lower_case(), asked.lower_case());
        }
        fits &= match pattern.relation(&asked) {
            Relation::Covers => true,
            Relation::Overlaps if wanted == Wanted::ForSure => {
                missing.push(checked::REGION_KEY.to_owned());
                true
            }
            Relation::Overlaps => wanted == Wanted::Some,
            Relation::Disjoint => false,
        };
    }
    match (fits, missing.is_empty()) {
        (false, _) => Formula::FALSE,
        (true, true) => Formula::TRUE,
        (true, false) => Formula::Atom(Atom::Resource { pattern: text.to_owned(), missing }),
    }
}

/// The pattern with its variables replaced; their values are literal. `None` when a variable has no value: the pattern
/// then matches nothing (`reference_policies_variables`, "policy variables with no value"). A variable that is not known
/// is replaced by `*`, and its key is added to `missing`.
fn resolve(
    text: &str,
    version: Option<Version>,
    context: &Context,
    missing: &mut Vec<String>,
) -> Option<Glob> {
    let mut glob = Glob::default();
    for piece in pieces(text, version) {
        match piece {
            Piece::Token(token) => glob.push(token),
            Piece::Variable { key, default } => match (context.get(&key), default) {
                (Fact::One(value), _) => glob.extend(&Glob::literal(value)),
                (Fact::Absent, Some(default)) => glob.extend(&Glob::literal(&default)),
                // A multivalued key is no variable.
                (Fact::Absent | Fact::Many(_), _) => return None,
                (Fact::Present | Fact::Unknown, _) => {
                    glob.push(Token::Many);
                    missing.push(key);
                }
            },
        }
    }
    Some(glob)
}

pub(super) fn is_short(text: &str) -> bool {
    text != "*" && text.splitn(6, ':').count() < 6
}

/// The Resource page compares IAM user names without case, unlike every other ARN.
pub(crate) fn is_user_name(pattern: &str) -> bool {
    let [_, _, service, _, _, resource] = arn::padded_parts(pattern);
    service == "iam" && resource.starts_with("user/")
}
