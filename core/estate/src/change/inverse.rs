//! The way back.

use super::part::part;
use super::{Change, ChangeError};
use crate::model::Estate;

/// The change that undoes a change made to this estate.
///
/// # Errors
/// [`ChangeError`] when the change cannot be made, when what it replaces is not known, or when nothing undoes it.
pub fn inverse(estate: &Estate, change: &Change) -> Result<Change, ChangeError> {
    let mut part = part(estate, std::slice::from_ref(change));
    let undo = change.inverse(&part);
    change.apply_to(&mut part)?;
    undo
}

/// The changes that undo several, last first.
///
/// # Errors
/// The place of the first change that cannot be made or undone, and why.
pub fn inverse_all(estate: &Estate, changes: &[Change]) -> Result<Vec<Change>, (usize, ChangeError)> {
    let each = inverse_each(estate, changes)?;
    let whole =
        each.into_iter().enumerate().map(|(place, undo)| undo.ok_or((place, ChangeError::Irreversible)));
    let mut back = whole.collect::<Result<Vec<_>, _>>()?;
    back.reverse();
    Ok(back)
}

/// For each of several changes made in order, the change that undoes it; `None`: nothing does.
///
/// # Errors
/// The place of the first change that cannot be made, or of which it is not known what it replaces, and why.
pub fn inverse_each(
    estate: &Estate,
    changes: &[Change],
) -> Result<Vec<Option<Change>>, (usize, ChangeError)> {
    let mut current = part(estate, changes);
    let mut back = Vec::new();
    for (place, change) in changes.iter().enumerate() {
        let undo = match change.inverse(&current) {
            Err(ChangeError::Irreversible) => Ok(None),
            undo => undo.map(Some),
        };
        change.apply_to(&mut current).map_err(|error| (place, error))?;
        back.push(undo.map_err(|error| (place, error))?);
    }
    Ok(back)
}
