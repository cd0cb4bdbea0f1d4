//! Statements into documents, each within its limit.

use std::collections::BTreeSet;

use crate::document::{ActionElement, Document, ResourceElement, Statement, Version};

use super::merge::listed;
use super::{Held, Options, characters};

/// In order while one document holds them; beyond that the largest first, each where it fits.
pub(super) fn pack(held: &[Held], options: Options) -> Vec<Document> {
    let mut pieces: Vec<Held> = held.iter().flat_map(|held| cut(held, options.document_size)).collect();
    let versions: BTreeSet<Option<Version>> = pieces.iter().map(|held| held.version).collect();
    let mut documents = Vec::new();
    for version in versions {
        let of_version = |held: &&Held| held.version == version;
        let together = document(version, pieces.iter().filter(of_version));
        if characters(&together) <= options.document_size {
            documents.push(together);
        } else {
            pieces.sort_by_key(|held| std::cmp::Reverse(characters(&held.document())));
            documents.extend(spread(version, pieces.iter().filter(of_version), options.document_size));
        }
    }
    documents.iter_mut().for_each(number_sids);
    documents
}

fn document<'a>(version: Option<Version>, held: impl Iterator<Item = &'a Held>) -> Document {
    Document { version, id: None, statements: held.map(|held| held.statement.clone()).collect() }
}

fn spread<'a>(version: Option<Version>, held: impl Iterator<Item = &'a Held>, most: usize) -> Vec<Document> {
    let mut documents: Vec<Document> = Vec::new();
    for held in held {
        let mut is_placed = false;
        for document in &mut documents {
            document.statements.push(held.statement.clone());
            // A Sid may grow by a number.
            if characters(document).saturating_add(2 * document.statements.len()) <= most {
                is_placed = true;
                break;
            }
            document.statements.pop();
        }
        if !is_placed {
            documents.push(document(version, std::iter::once(held)));
        }
    }
    documents
}

/// A statement that no document holds is halved: its actions, or else its resources.
fn cut(held: &Held, most: usize) -> Vec<Held> {
    if characters(&held.document()) <= most {
        return vec![held.clone()];
    }
    let with = |statement: Statement| Held { statement, version: held.version };
    let halves = |list: &[String]| {
        let middle = list.len() / 2;
        let (first, second) = (list.iter().take(middle), list.iter().skip(middle));
        [first.cloned().collect::<Vec<_>>(), second.cloned().collect()]
    };
    let length = |list: &[String]| list.iter().map(String::len).sum::<usize>();
    let actions = match &held.statement.action {
        ActionElement::Action(list) if list.as_slice().len() > 1 => Some(list.as_slice()),
        _ => None,
    };
    let resources = match &held.statement.resource {
        Some(ResourceElement::Resource(list)) if list.as_slice().len() > 1 => Some(list.as_slice()),
        _ => None,
    };
    let by_actions = match (actions, resources) {
        (Some(actions), Some(resources)) => length(actions) >= length(resources),
        (actions, _) => actions.is_some(),
    };
    let pieces: Vec<Held> = if by_actions {
        let of = |list| Statement { action: ActionElement::Action(listed(list)), ..held.statement.clone() };
        halves(actions.unwrap_or_default()).map(of).map(with).into()
    } else if let Some(resources) = resources {
        let of = |list| {
            let resource = Some(ResourceElement::Resource(listed(list)));
            Statement { resource, ..held.statement.clone() }
        };
        halves(resources).map(of).map(with).into()
    } else {
        return vec![held.clone()];
    };
    pieces.iter().flat_map(|piece| cut(piece, most)).collect()
}

/// Sids are unique within a document.
fn number_sids(document: &mut Document) {
    let mut seen = BTreeSet::new();
    for statement in &mut document.statements {
        let Some(sid) = &mut statement.sid else { continue };
        let mut number = 2_usize;
        let plain = sid.clone();
        while !seen.insert(sid.clone()) {
            *sid = format!("{plain}{number}");
            number = number.saturating_add(1);
        }
    }
}
