//! What the policies of an estate say of one check.

use kagimori_estate::access::{Access, Asking, Instead, Question, Subject};
use kagimori_policy::catalogue::Catalogue;
use kagimori_policy::compare::is_included;
use kagimori_policy::decision::Answer;
use kagimori_policy::document::{Document, Effect, OneOrMany, ResourceElement, Statement};
use kagimori_policy::formula::Formula;
use kagimori_policy::policies::Layer;
use kagimori_trail::call::{Check, CheckedResource};

use super::about::{about_request, everything};
use super::circumstances::is_untold;

/// What the policies say of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "three values")]
pub enum Said {
    /// Allowed; where the resource is not told, on some at least.
    Allowed,
    /// Denied: by which layer, and whether by a Deny.
    Denied(Layer, bool),
    /// Allowed if this holds.
    If(Formula),
}

/// What the policies of an estate say of a check.
pub(super) fn said(
    access: &Access<'_>,
    subject: &Subject,
    check: &Check,
    question: &Question,
    asking: &Asking<'_>,
) -> Said {
    match asking.decide() {
        Answer::Allowed | Answer::Indeterminate
            if is_denied_everywhere(access, subject, check, question, asking) =>
        {
            Said::Denied(Layer::Identity, true)
        }
        Answer::ImplicitlyDenied(layer) => Said::Denied(layer, false),
        Answer::ExplicitlyDenied(place) => Said::Denied(place.layer, true),
        Answer::Indeterminate => Said::If(asking.allowed_if(question)),
        Answer::Allowed => Said::Allowed,
    }
}

/// Whether there is no resource at all, of those that a check may have been about, on which a subject's policies leave it allowed.
///
/// The engine is asked of one request: where the resource is not told it says "perhaps" for each statement alone, and does not see that
/// every resource that one allows another denies.
pub(crate) fn is_denied_everywhere(
    access: &Access<'_>,
    subject: &Subject,
    check: &Check,
    question: &Question,
    asking: &Asking<'_>,
) -> bool {
    if !is_untold(check) || !access.is_denied_something(subject, &check.action) {
        return false;
    }
    let about = about_request(&access.in_effect(subject), &access.request(subject, question));
    let levels = about.service_control.iter().flat_map(|level| &level.policies);
    let limits = about.boundary.iter().chain(levels);
    let denying: Vec<Document> = limits.filter_map(denials).collect();
    // What lets it in without a policy of its own is not looked through.
    let nobody = Instead { compiler: access.compiler(), identity: &[] };
    let is_let_in =
        !matches!(asking.decide_instead(nobody), Answer::ImplicitlyDenied(_) | Answer::ExplicitlyDenied(_));
    let lacks = about.missing.iter().any(|document| document.layer == Layer::Identity);
    if is_let_in || lacks {
        return false;
    }
    let elsewhere = elsewhere(check, subject.arn.partition());
    let all: Vec<Document> = about.identity.into_iter().chain(denying).chain(elsewhere).collect();
    is_included(&all, &[])
}

/// What a document denies; `None`: nothing.
fn denials(document: &Document) -> Option<Document> {
    let denies = document.statements.iter().filter(|statement| statement.effect == Effect::Deny);
    let statements: Vec<Statement> = denies.cloned().collect();
    (!statements.is_empty()).then(|| Document { statements, ..document.clone() })
}

/// A Deny of every resource that a check cannot have been about: of another form than the event tells, or than the action works on.
fn elsewhere(check: &Check, partition: &str) -> Option<Document> {
    let forms = match &check.resource {
        CheckedResource::Pattern(pattern) => vec![pattern.to_string()],
        CheckedResource::Arn(_) | CheckedResource::None => return None,
        CheckedResource::Unknown => {
            let catalogue = Catalogue::embedded();
            let kinds = catalogue.resource_types(catalogue.action(&check.action)?);
            kinds.iter().map(|kind| with_stars(&kind.arn.replace("${Partition}", partition))).collect()
        }
    };
    let mut document = everything("*", &check.action);
    for statement in &mut document.statements {
        statement.effect = Effect::Deny;
        statement.resource = Some(ResourceElement::NotResource(OneOrMany::Many(forms.clone())));
    }
    (!forms.is_empty()).then_some(document)
}

/// An ARN of the service reference with `*` for each placeholder that is left.
fn with_stars(arn: &str) -> String {
    let mut parts = arn.split("${");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + "*" + part.split_once('}').map_or("", |(_, rest)| rest))
}
