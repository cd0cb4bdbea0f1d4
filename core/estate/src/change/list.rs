//! Lists of an estate, whose order AWS's answers tell.

use super::ChangeError;

pub(super) fn must_differ(is_same: bool, why: impl FnOnce() -> String) -> Result<(), ChangeError> {
    if is_same { Err(ChangeError::NothingToDo(why())) } else { Ok(()) }
}

pub(super) fn insert<T>(list: &mut Vec<T>, position: Option<usize>, value: T) {
    list.insert(position.unwrap_or(list.len()).min(list.len()), value);
}

pub(super) fn remove<T>(
    list: &mut Vec<T>,
    is_it: impl Fn(&T) -> bool,
    kind: &'static str,
    name: &str,
) -> Result<(), ChangeError> {
    let Some(place) = list.iter().position(is_it) else {
        return Err(ChangeError::NotThere { kind, name: name.to_owned() });
    };
    list.remove(place);
    Ok(())
}

/// The entry, and its place unless that is the end.
pub(super) fn find<'a, T>(
    list: &'a [T],
    is_it: impl Fn(&T) -> bool,
    kind: &'static str,
    name: &str,
) -> Result<(Option<usize>, &'a T), ChangeError> {
    let found = list.iter().enumerate().find(|(_, held)| is_it(held));
    let (place, held) = found.ok_or_else(|| ChangeError::NotThere { kind, name: name.to_owned() })?;
    let is_last = place.saturating_add(1) == list.len();
    Ok(((!is_last).then_some(place), held))
}
