//! Where accounts and units hang in the organization: `list-parents`, `list-children`,
//! `list-organizational-units-for-parent`, `describe-organizational-unit`, `list-roots`; `list-accounts-for-parent` is told
//! from `list-accounts` by the parent that its file is called after.
//!
//! No answer names whom it was asked about; its file does (`parents-111122223333.json`), or a member added to it.

use serde::Deserialize;

use super::content::Content;
use super::fault::Fault;
use super::object::{Object, Reading};
use super::wire::{Text, list};
use kagimori_id::AccountId;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireId {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireParents {
    child_id: Option<String>,
    #[serde(default, deserialize_with = "list")]
    parents: Vec<WireId>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireChildren<'a> {
    parent_id: Option<String>,
    #[serde(default, deserialize_with = "list", alias = "OrganizationalUnits")]
    children: Vec<WireId>,
    #[serde(borrow)]
    next_token: Option<Text<'a>>,
}

/// Reads `list-parents`: a child has one parent.
pub(super) fn read_parents(object: &Object<'_>) -> Result<Reading, Fault> {
    let wire: WireParents = object.parse()?;
    let Some(child) = wire.child_id.or_else(|| named(object)) else {
        return Err(Fault::new("the answer does not name the account or unit whose parent it tells")
            .hint("name the file after it, as in `parents-111122223333.json`"));
    };
    let edges = wire.parents.into_iter().map(|parent| (child.clone(), parent.id)).collect();
    Ok(Reading::whole(Content::OrganizationTree(edges)))
}

/// Reads `list-children`.
pub(super) fn read_children(object: &Object<'_>) -> Result<Reading, Fault> {
    let wire: WireChildren<'_> = object.parse()?;
    let Some(parent) = wire.parent_id.or_else(|| named(object)) else {
        return Err(Fault::new("the answer does not name the root or unit whose children it lists")
            .hint("name the file after it, as in `children-ou-ab12-11111111.json`"));
    };
    let edges = wire.children.into_iter().map(|child| (child.id, parent.clone())).collect();
    Ok(Reading::page(Content::OrganizationTree(edges), wire.next_token.is_some()))
}

/// Reads `list-organizational-units-for-parent`.
pub(super) fn read_units(object: &Object<'_>) -> Result<Reading, Fault> {
    read_children(object)
}

/// Reads `list-roots` and `describe-organizational-unit`, which tell that something exists and not where.
pub(super) fn read_alone(_: &Object<'_>) -> Result<Reading, Fault> {
    Ok(Reading::whole(Content::OrganizationTree(Vec::new())))
}

/// The root, unit or account that a file is called after.
pub(super) fn named(object: &Object<'_>) -> Option<String> {
    let (stem, _) = object.named_after();
    let stem = stem.to_ascii_lowercase();
    stem.match_indices(|_: char| true).map(|(at, _)| at).find_map(|at| id_at(&stem, at))
}

/// The root or unit that a file is called after.
pub(super) fn parent_named(object: &Object<'_>) -> Option<String> {
    named(object).filter(|id| id.starts_with("ou-") || id.starts_with("r-"))
}

/// An id that stands in a name as a word: `r-` with at least 4 characters, `ou-` with 4 and 8, or twelve digits
/// (Organizations API reference, `Parent`).
fn id_at(stem: &str, at: usize) -> Option<String> {
    let (before, rest) = stem.split_at_checked(at)?;
    if before.ends_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    let word = |text: &str, least: usize| -> Option<String> {
        let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
        text.get(..end).filter(|word| word.len() >= least).map(str::to_owned)
    };
    if let Some(rest) = rest.strip_prefix("ou-") {
        let root = word(rest, 4)?;
        let unit = word(rest.strip_prefix(&root)?.strip_prefix('-')?, 8)?;
        return Some(format!("ou-{root}-{unit}"));
    }
    if let Some(rest) = rest.strip_prefix("r-") {
        return word(rest, 4).map(|root| format!("r-{root}"));
    }
    AccountId::parse(&word(rest, 12)?).ok().map(|account| account.to_string())
}
