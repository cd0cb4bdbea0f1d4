//! The estate as it would be.

use super::{Change, ChangeError};
use crate::model::Estate;

/// The estate after a change.
///
/// # Errors
/// [`ChangeError`] when the estate does not hold what the change is about, when nothing would change, or when AWS would refuse.
pub fn apply(estate: &Estate, change: &Change) -> Result<Estate, ChangeError> {
    let mut after = estate.clone();
    change.apply_to(&mut after)?;
    Ok(after)
}

/// The estate after several changes, in order.
///
/// # Errors
/// The place of the first change that cannot be made, and why.
pub fn apply_all(estate: &Estate, changes: &[Change]) -> Result<Estate, (usize, ChangeError)> {
    let mut after = estate.clone();
    for (place, change) in changes.iter().enumerate() {
        change.apply_to(&mut after).map_err(|error| (place, error))?;
    }
    Ok(after)
}
