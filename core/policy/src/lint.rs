//! What is doubtful in a policy document: the linter.
//!
//! [`check`] takes the text of a file, finds the documents in it, and says of each what AWS would refuse, what grants more
//! than it seems to, what does not do what was meant, and what could go. [`rule`] has the catalogue. Where it makes a
//! difference a rule decides by evaluation, not by the look of the text: a finding about a grant carries a request that the
//! evaluator allows ([`Witness`]), redundancy is inclusion of sets, and a resource that does not fit an action is an
//! empty intersection of patterns.

mod action;
mod arn;
mod condition;
mod condition_value;
mod element;
mod fail_open;
mod finding;
mod grammar;
mod grant;
mod guardrail;
mod key;
mod kind;
mod network;
mod options;
mod parties;
mod place;
mod principal;
mod redundancy;
mod reference_date;
mod required;
mod resource;
pub mod rule;
mod sample;
mod service_principal;
mod size;
mod source;
mod spans;
mod stranger;
mod subject;
mod table;
mod tag;
mod trust;
mod typo;
mod variable;
pub mod waiver;
mod witness;

pub use finding::{Checked, Finding, Policy};
pub use kind::guess;
pub use options::Options;
pub use place::Place;
pub use reference_date::data_date;
pub use resource::works_on;
pub use subject::printable;
pub use witness::Witness;

use rule::RuleId;
use source::{Documents, Found, Holder};
use spans::Node;
use subject::{Sink, Subject};

use crate::validate::PolicyKind;

/// Lints every document of a text; `name` is its file's, from which a kind may be guessed.
pub fn check(text: &str, name: &str, options: &Options) -> Checked {
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        return Checked::of(vec![Policy::unreadable(text, &error, options)]);
    }
    // Deep nesting is no policy, and would exhaust the stack of whoever walks it.
    if let Some(place) = spans::too_deep(text) {
        return Checked::of(vec![Policy::too_deep(text, place, options)]);
    }
    let Some(root) = spans::read(text) else {
        // Half of a surrogate pair, for one, is only seen by whoever reads the texts.
        let why = serde_json::from_str::<serde_json::Value>(text).err();
        return why.map_or_else(Checked::default, |error| {
            Checked::of(vec![Policy::unreadable(text, &error, options)])
        });
    };
    let Documents { mut found, of_aws } = source::documents(&root, text);
    if found.is_empty() && of_aws == 0 && has_element(&root) {
        found.push(Found { name: String::new(), kind: None, holder: Holder::Node(&root) });
    }
    let lines = place::Lines::new(text);
    let policies = found.iter().map(|found| match &found.holder {
        Holder::Node(node) => {
            let (kind, drafts, is_guess) = judge(node, text, found, name, options);
            Policy::new(found, kind, is_guess, drafts, node, &lines, None)
        }
        Holder::Inner(inner, places) => {
            let Some(node) = spans::read(inner) else {
                return match spans::too_deep(inner) {
                    Some(place) => {
                        Policy { name: found.name.clone(), ..Policy::too_deep(inner, place, options) }
                    }
                    None => Policy::new_empty(found),
                };
            };
            let (kind, drafts, is_guess) = judge(&node, inner, found, name, options);
            Policy::new(found, kind, is_guess, drafts, &node, &lines, Some(places))
        }
    });
    Checked { policies: policies.collect(), of_aws, is_policy: true }.settled()
}

/// The findings of one document of a known kind.
pub fn lint(text: &str, kind: PolicyKind, options: &Options) -> Vec<Finding> {
    let options = Options { kind: Some(kind), ..options.clone() };
    check(text, "", &options).policies.into_iter().flat_map(|policy| policy.findings).collect()
}

/// Whether an object without `Statement` was meant as a document.
fn has_element(root: &Node<'_>) -> bool {
    let elements = ["Version", "Statement", "statement", "Statements", "Effect", "Action", "Resource"];
    elements.iter().any(|element| root.get(element).is_some())
}

fn judge(
    node: &Node<'_>,
    text: &str,
    found: &Found<'_>,
    name: &str,
    options: &Options,
) -> (PolicyKind, Vec<subject::Draft>, bool) {
    let mut sink = Sink::new(options);
    let parsed = grammar::document(node, text, &mut sink);
    let known = options.kind.or(found.kind);
    let kind = known.unwrap_or_else(|| guess(&parsed.document, name));
    let subject = Subject::new(&parsed.document, kind, &parsed.numbers);
    let slice = text.get(node.span.start..node.span.end).unwrap_or_default();
    size::check(slice, kind, &mut sink);
    for rule in RULES {
        rule(&subject, &mut sink);
    }
    (kind, sink.drafts, known.is_none())
}

/// A family's function: looks at a document, puts what it finds into the sink.
type RuleFunction = fn(&Subject<'_>, &mut Sink<'_>);

const RULES: &[RuleFunction] = &[
    element::check,
    action::check,
    arn::check,
    resource::check,
    required::check,
    principal::check,
    service_principal::check,
    condition::check,
    condition_value::check,
    network::check,
    fail_open::check,
    tag::check,
    variable::check,
    guardrail::check,
    trust::check,
    grant::check,
    redundancy::check,
];

/// A finding that the rule functions did not make: the text is no JSON.
pub(crate) const UNREADABLE: RuleId = RuleId::JsonSyntax;
