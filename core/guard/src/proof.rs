//! All that is proved of a guard.

use kagimori_estate::Estate;
use kagimori_policy::compare::{Inclusion, included};
use kagimori_policy::document::{
    ActionElement, Condition, ConditionValue, ConditionValues, Document, Effect, OneOrMany, ResourceElement,
    Statement, Version,
};

use crate::cast::Cast;
use crate::fill::Guard;
use crate::obligation::{Court, Obligation};
use crate::parameter::GuardError;
use crate::policies::{Bench, Open};
use crate::template::Kind;

/// All that was proved of a guard, or not.
#[derive(Debug)]
#[non_exhaustive]
pub struct Proof {
    /// What became of each obligation.
    pub obligations: Vec<Obligation>,
    /// What was asked over all requests.
    pub everywhere: Vec<Everywhere>,
}

/// A question over all requests.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "whoever tells of them has a sentence for each")]
pub enum Everywhere {
    /// Whether it denies nothing but these actions.
    TouchesOnly(Vec<String>, Inclusion),
    /// Whether those whom this parameter names lose nothing.
    Exempt(String, Inclusion),
}

impl Everywhere {
    /// What came of it.
    pub fn inclusion(&self) -> &Inclusion {
        match self {
            Self::TouchesOnly(_, inclusion) | Self::Exempt(_, inclusion) => inclusion,
        }
    }
}

impl Proof {
    /// Whether every obligation is kept, and everything that was asked over all requests is proved.
    pub fn is_whole(&self) -> bool {
        let is_kept = self.obligations.iter().all(Obligation::is_kept);
        is_kept && self.everywhere.iter().all(|asked| *asked.inclusion() == Inclusion::Proved)
    }

    /// Whether something is broken, and not only unproved.
    pub fn is_broken(&self) -> bool {
        let is_refuted = |asked: &Everywhere| matches!(asked.inclusion(), Inclusion::Refuted(_));
        !self.obligations.iter().all(Obligation::is_kept) || self.everywhere.iter().any(is_refuted)
    }
}

/// Proves a guard on an estate's own principals.
///
/// # Errors
/// When the evaluators disagree, which is a fault of this program.
pub fn prove(guard: &Guard, estate: &Estate) -> Result<Proof, GuardError> {
    let cast = Cast::of(guard, estate);
    let open = Open::new()?;
    let bench = Bench::new(&guard.document, guard.template.kind, &open);
    let court = Court { guard, cast: &cast, bench: &bench };
    let mut obligations = Vec::new();
    for case in &guard.template.cases {
        obligations.extend(court.decide(case)?);
    }
    Ok(Proof { obligations, everywhere: everywhere(guard, &open) })
}

/// Whether a guard is proved whole on an empty estate; the first thing that is not ends it.
#[cfg(test)]
pub(crate) fn is_proved(guard: &Guard) -> bool {
    let (estate, open) = (Estate::empty(), Open::new().unwrap());
    let cast = Cast::of(guard, &estate);
    let bench = Bench::new(&guard.document, guard.template.kind, &open);
    let court = Court { guard, cast: &cast, bench: &bench };
    let is_kept = |case| court.decide(case).unwrap().is_none_or(|obligation| obligation.is_kept());
    guard.template.cases.iter().all(is_kept)
        && everywhere(guard, &open).iter().all(|asked| *asked.inclusion() == Inclusion::Proved)
}

/// What is asked over all requests. A boundary allows, and does not only deny: it is told by its cases alone.
fn everywhere(guard: &Guard, open: &Open) -> Vec<Everywhere> {
    if guard.template.kind == Kind::Boundary {
        return Vec::new();
    }
    let guarded = [open.everything.clone(), without_principals(&guard.document)];
    let lets_be = |statement: Statement| {
        let document = Document { version: Some(Version::V2012), id: None, statements: vec![statement] };
        included(&[document], &guarded)
    };
    let mut asked = Vec::new();
    let touches = &guard.template.touches;
    if !touches.iter().any(|pattern| pattern == "*") {
        let action = ActionElement::NotAction(OneOrMany::Many(touches.clone()));
        asked.push(Everywhere::TouchesOnly(touches.clone(), lets_be(allow(action, Vec::new()))));
    }
    for name in guard.template.exempting() {
        let values = guard.values.get(name).cloned().unwrap_or_default();
        let action = ActionElement::Action(OneOrMany::One("*".to_owned()));
        let inclusion = lets_be(allow(action, vec![is_one_of(values)]));
        asked.push(Everywhere::Exempt(name.to_owned(), inclusion));
    }
    asked
}

fn allow(action: ActionElement, conditions: Vec<Condition>) -> Statement {
    Statement {
        sid: None,
        effect: Effect::Allow,
        principal: None,
        action,
        resource: Some(ResourceElement::Resource(OneOrMany::One("*".to_owned()))),
        conditions,
    }
}

fn is_one_of(patterns: Vec<String>) -> Condition {
    Condition {
        operator: "ArnLike".to_owned(),
        key: "aws:PrincipalArn".to_owned(),
        values: ConditionValues::Many(patterns.into_iter().map(ConditionValue::Text).collect()),
    }
}

/// An RCP is about everybody (`Principal: "*"`, the only one that it may have); without it it compares as an identity's does.
fn without_principals(document: &Document) -> Document {
    let statements =
        document.statements.iter().cloned().map(|statement| Statement { principal: None, ..statement });
    Document { statements: statements.collect(), ..document.clone() }
}
