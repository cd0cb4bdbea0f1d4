//! Shorter policies with the same meaning.
//!
//! The same meaning is more than "allows the same": policies stand beside others, so what they deny stays denied, whoever
//! else allows it. Each rewriting is proved by [`compare`](crate::compare) before it is kept, and the result against what
//! was given; what is not proved is not done.
//!
//! A wildcard that was not there may name actions that AWS adds later. By default none is introduced; with
//! [`Options::wildcards`] they are, and the result is the same for the actions of the service reference.

mod merge;
mod pack;
mod redundant;
mod wildcard;

use crate::catalogue::Catalogue;
use crate::compare::{Inclusion, Scope, included_within, is_proved};
use crate::document::{Document, Effect, Statement, Version};
use crate::print::print;
use crate::quota;

/// What may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct Options {
    /// Introduce wildcards that name no other action of today's service reference. AWS may add one that they name.
    pub wildcards: bool,
    /// Keep the Sids, joined where statements are merged.
    pub sids: bool,
    /// Most characters of one document.
    pub document_size: usize,
    /// Most documents.
    pub documents_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            wildcards: false,
            sids: true,
            document_size: quota::MANAGED.most,
            documents_max: quota::ATTACHED.most,
        }
    }
}

/// The policies, shorter.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Minimised {
    /// The documents; those given where nothing shorter was proved to be the same.
    pub documents: Vec<Document>,
    /// How they are known to be the same.
    pub sameness: Sameness,
    /// Statements and characters of what was given.
    pub before: Size,
    /// Statements and characters of the result.
    pub after: Size,
    /// Whether every document is within its limit, and their number too.
    pub fits: bool,
}

/// How large policies are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Size {
    /// Documents.
    pub documents: usize,
    /// Statements.
    pub statements: usize,
    /// Characters of the shortest JSON.
    pub characters: usize,
}

/// For which actions two sets of policies mean the same.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a caller must say each of them")]
pub enum Sameness {
    /// For every action, also those that AWS may add.
    EveryAction,
    /// For the actions of the service reference of this version.
    KnownActions(String),
    /// Nothing was changed: this could not be proved.
    Unchanged(String),
}

/// A statement, with the version its text is read in.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Held {
    statement: Statement,
    version: Option<Version>,
}

/// One kind of rewriting; hears how many statements it has looked at.
type Step<'s> = &'s dyn Fn(&mut Vec<Held>, &dyn Fn(usize));

/// Rewrites identity policies to shorter ones with the same meaning.
pub fn minimise(documents: &[Document], options: Options) -> Minimised {
    minimise_telling(documents, options, &|_, _| {})
}

/// The same, and `tell` hears at each statement how many have been looked at, and how many there are to look at: each once for
/// each kind of rewriting.
pub fn minimise_telling(documents: &[Document], options: Options, tell: &dyn Fn(usize, usize)) -> Minimised {
    let scope = if options.wildcards { Scope::KnownActions } else { Scope::AnyAction };
    let original = held(documents);
    let before = size(documents);
    if let Some(why) = has_principal(documents) {
        return unchanged(documents, before, options, why);
    }
    let mut current = original.clone();
    let steps: [Step<'_>; 5] = [
        &|held, _| merge::merge(held, options.sids),
        &redundant::remove,
        &|held, _| merge::merge(held, options.sids),
        &|held, _| {
            if options.wildcards {
                wildcard::introduce(held);
            }
        },
        &redundant::remove,
    ];
    let total = original.len().saturating_mul(steps.len());
    for (number, step) in steps.iter().enumerate() {
        let before_it = original.len().saturating_mul(number);
        tell(before_it, total);
        let mut next = current.clone();
        step(&mut next, &|looked_at| tell(before_it.saturating_add(looked_at), total));
        if next != current && is_same(&original, &next, scope) {
            current = next;
        }
    }
    let packed = pack::pack(&current, options);
    let is_shorter = size(&packed).characters < before.characters || !fits(documents, options);
    if !is_same(&original, &held(&packed), scope) {
        let why = differs(&original, &held(&packed), scope).unwrap_or_default();
        return unchanged(documents, before, options, why);
    }
    let result = if is_shorter { packed } else { documents.to_vec() };
    let sameness = if scope == Scope::AnyAction || is_same(&original, &held(&result), Scope::AnyAction) {
        Sameness::EveryAction
    } else {
        Sameness::KnownActions(Catalogue::embedded().version().to_owned())
    };
    Minimised { after: size(&result), fits: fits(&result, options), documents: result, sameness, before }
}

fn unchanged(documents: &[Document], before: Size, options: Options, why: String) -> Minimised {
    Minimised {
        documents: documents.to_vec(),
        sameness: Sameness::Unchanged(why),
        before,
        after: before,
        fits: fits(documents, options),
    }
}

fn has_principal(documents: &[Document]) -> Option<String> {
    let mut statements = documents.iter().flat_map(|document| &document.statements);
    statements
        .any(|statement| statement.principal.is_some())
        .then(|| "a statement has a `Principal`: only identity policies are rewritten".to_owned())
}

fn fits(documents: &[Document], options: Options) -> bool {
    documents.len() <= options.documents_max
        && documents.iter().all(|document| characters(document) <= options.document_size)
}

/// The size of documents, each as the shortest JSON.
pub fn size(documents: &[Document]) -> Size {
    Size {
        documents: documents.len(),
        statements: documents.iter().map(|document| document.statements.len()).sum(),
        characters: documents.iter().map(characters).sum(),
    }
}

fn characters(document: &Document) -> usize {
    print(document).chars().count()
}

fn held(documents: &[Document]) -> Vec<Held> {
    let of = |document: &Document| {
        let version = document.version;
        document.statements.iter().map(move |it| Held { statement: it.clone(), version }).collect::<Vec<_>>()
    };
    documents.iter().flat_map(of).collect()
}

impl Held {
    fn document(&self) -> Document {
        Document { version: self.version, id: None, statements: vec![self.statement.clone()] }
    }

    /// The same as a grant: where a statement applies does not depend on its effect.
    fn grant(&self) -> Document {
        let statement = Statement { effect: Effect::Allow, ..self.statement.clone() };
        Document { version: self.version, id: None, statements: vec![statement] }
    }

    fn is_deny(&self) -> bool {
        self.statement.effect == Effect::Deny
    }
}

fn all(held: &[Held]) -> Vec<Document> {
    held.iter().map(Held::document).collect()
}

/// What is denied, as grants, so that it can be compared.
fn denied(held: &[Held]) -> Vec<Document> {
    held.iter().filter(|held| held.is_deny()).map(Held::grant).collect()
}

/// Whether it is proved that two sets allow the same and deny the same.
fn is_same(a: &[Held], b: &[Held], scope: Scope) -> bool {
    [(all(a), all(b)), (denied(a), denied(b))]
        .iter()
        .all(|(a, b)| is_proved(a, b, scope) && is_proved(b, a, scope))
}

/// Why it is not proved that two sets allow the same and deny the same.
fn differs(a: &[Held], b: &[Held], scope: Scope) -> Option<String> {
    for (a, b) in [(all(a), all(b)), (denied(a), denied(b))] {
        for (inner, outer) in [(&a, &b), (&b, &a)] {
            match included_within(inner, outer, scope) {
                Inclusion::Proved => {}
                Inclusion::NotProved(why) => return Some(why),
                Inclusion::Refuted(request) => {
                    return Some(format!(
                        "{} on {} would be decided otherwise",
                        request.action, request.resource
                    ));
                }
            }
        }
    }
    None
}

/// Whether the one statement applies wherever the other does.
fn lies_in(inner: &[Document], outer: &[Document]) -> bool {
    is_proved(inner, outer, Scope::AnyAction)
}

#[cfg(test)]
mod tests;
