//! The access keys of one user: `list-access-keys` names them, the credential report has two slots without names.
//!
//! Slots follow ascending key id (captured from AWS; estate reference), never the dates: two keys may be made in one
//! second. When the two disagree, what hangs on the match is unknown.

use std::collections::BTreeMap;

use super::access_keys::ListedKey;
use crate::fact::{Dataset, Gap, GapReason, Known};
use crate::model::{AccessKey, CredentialReportRow, KeySlot, LastUse};
use kagimori_id::AccessKeyId;

/// What is known of the keys of one user.
#[derive(Debug)]
pub(super) struct Keys<'k> {
    pub(super) listed: &'k Known<Vec<ListedKey>>,
    pub(super) report: &'k Known<CredentialReportRow>,
    pub(super) uses: &'k BTreeMap<AccessKeyId, Known<LastUse>>,
    /// Whether the keys are known to have been listed after the report was made.
    pub(super) listed_later: bool,
}

/// The keys, in order of id or slot.
pub(super) fn keys(given: &Keys<'_>) -> Known<Vec<AccessKey>> {
    let Known::Known(listed) = given.listed else { return of_report(given.report) };
    let mut by_id: BTreeMap<&AccessKeyId, Vec<&ListedKey>> = BTreeMap::new();
    for key in &listed.value {
        by_id.entry(&key.id).or_default().push(key);
    }
    let has_more = given.report.value().is_some_and(CredentialReportRow::has_more_keys);
    if has_more && by_id.len() <= 2 && !given.listed_later {
        return Known::Unknown(contradiction("the number of access keys"));
    }
    let slots = slots(given.report, by_id.len());
    if let (true, Ok(_), Some(slot)) =
        (by_id.is_empty(), given.report.known(), occupied(given.report).first())
        && !given.listed_later
    {
        return Known::Unknown(contradiction(&format!("the key in slot {}", slot.0)));
    }
    let keys = by_id.values().enumerate().filter_map(|(index, told)| {
        let slot = slots.as_ref().map(|slots| slots.get(index).copied());
        let (first, others) = told.split_first()?;
        let mut key = access_key(first, slot, listed.source, given);
        if others.iter().any(|other| other.active != first.active) {
            key.active = Known::Unknown(twice("whether an access key is active"));
        }
        if others.iter().any(|other| other.created != first.created) {
            key.created = Known::Unknown(twice("when an access key was created"));
        }
        Some(key)
    });
    let dates: Vec<Option<i64>> =
        by_id.values().flatten().map(|key| key.created.map(|at| at.as_second())).collect();
    let keys: Vec<AccessKey> = keys.chain(unlisted(given.report, by_id.len(), &dates)).collect();
    Known::new(keys, listed.source)
}

/// Keys that the report has and the list has not: deleted since, perhaps, or the list is not whole. Of the slots those are meant
/// whose date no listed key has.
fn unlisted(report: &Known<CredentialReportRow>, listed: usize, dates: &[Option<i64>]) -> Vec<AccessKey> {
    let slots = occupied(report);
    let count = slots.len().saturating_sub(listed);
    let date = |slot: &KeySlot| slot.last_rotated.value().copied().flatten().map(|at| at.as_second());
    let is_listed = |slot: &KeySlot| date(slot).is_some_and(|date| dates.contains(&Some(date)));
    let (others, own): (Vec<_>, Vec<_>) = slots.into_iter().partition(|(_, slot)| !is_listed(slot));
    let one = |(number, slot): (u8, &KeySlot)| AccessKey {
        active: Known::Unknown(contradiction(&format!("the key in slot {number}"))),
        ..of_slot((number, slot))
    };
    others.into_iter().chain(own.into_iter().rev()).take(count).map(one).collect()
}

/// The slot of each listed key, or why the slots cannot be told.
fn slots(report: &Known<CredentialReportRow>, listed: usize) -> Result<Vec<(u8, &KeySlot)>, Gap> {
    report.known().map_err(Gap::clone)?;
    let slots = occupied(report);
    if slots.len() == listed || (listed > 2 && slots.len() == 2) {
        Ok(slots)
    } else {
        Err(contradiction("the number of access keys"))
    }
}

fn access_key(
    key: &ListedKey,
    slot: Result<Option<(u8, &KeySlot)>, &Gap>,
    source: crate::SourceId,
    given: &Keys<'_>,
) -> AccessKey {
    let slot = slot.map_err(Gap::clone).and_then(|slot| match slot {
        Some((_, slot)) if !same_date(key, slot) => Err(contradiction("when an access key was created")),
        Some(slot) => Ok(slot),
        // the report has room for two keys only
        None => Err(Gap {
            dataset: Dataset::CredentialReport,
            reason: GapReason::FieldAbsent("access_key_3_last_used_date".to_owned()),
        }),
    });
    let reported = match &slot {
        Ok((_, slot)) => slot.last_used.clone(),
        Err(gap) => Known::Unknown(gap.clone()),
    };
    let contradicted =
        slot.as_ref().is_ok_and(|(_, slot)| slot.active.value().is_some_and(|on| *on != key.active));
    let active = if contradicted && !given.listed_later {
        Known::Unknown(contradiction("whether an access key is active"))
    } else {
        Known::new(key.active, source)
    };
    AccessKey {
        id: Some(key.id.clone()),
        slot: slot.ok().map(|(number, _)| number),
        active,
        created: match key.created {
            Some(created) => Known::new(created, source),
            None => Known::field_absent(Dataset::AccessKeys, "CreateDate"),
        },
        last_used: fresher(given.uses.get(&key.id), reported),
    }
}

/// The report's date of a slot is when its key was created; AWS's dates have whole seconds.
fn same_date(key: &ListedKey, slot: &KeySlot) -> bool {
    let reported = slot.last_rotated.value().copied().flatten();
    reported.zip(key.created).is_none_or(|(reported, created)| reported.as_second() == created.as_second())
}

fn fresher(live: Option<&Known<LastUse>>, reported: Known<LastUse>) -> Known<LastUse> {
    let Some(live) = live else { return reported };
    let at = |last_use: &Known<LastUse>| match last_use.value() {
        Some(LastUse::At { at, .. }) => Some(*at),
        _ => None,
    };
    if at(&reported) > at(live) { reported } else { live.clone() }
}

/// The slots that hold a key, with their numbers. An inactive key keeps its date.
fn occupied(report: &Known<CredentialReportRow>) -> Vec<(u8, &KeySlot)> {
    let slots = report.value().map(|row| &row.keys).into_iter().flatten();
    let holds = |slot: &KeySlot| {
        slot.active.value() == Some(&true) || slot.last_rotated.value().is_some_and(Option::is_some)
    };
    (1..).zip(slots).filter(|(_, slot)| holds(slot)).collect()
}

/// The keys as far as the report alone tells: no ids.
fn of_report(report: &Known<CredentialReportRow>) -> Known<Vec<AccessKey>> {
    let fact = match report {
        Known::Known(fact) => fact,
        Known::Unknown(gap) => return Known::Unknown(gap.clone()),
    };
    // a slot of which neither is known may hold a key or not
    let untold = fact.value.keys.iter().find_map(|slot| match (slot.active.value(), &slot.last_rotated) {
        (Some(true), _) | (_, Known::Known(_)) => None,
        (_, Known::Unknown(gap)) => Some(gap),
    });
    if let Some(gap) = untold {
        return Known::Unknown(gap.clone());
    }
    let more = fact.value.has_more_keys().then(further_key);
    Known::new(occupied(report).into_iter().map(of_slot).chain(more).collect(), fact.source)
}

/// In place of the keys for which the report has no room: it says that they are there, and no more.
fn further_key() -> AccessKey {
    let gap = |field: &str| {
        let reason = GapReason::FieldAbsent(format!("access_key_3_{field}"));
        Gap { dataset: Dataset::CredentialReport, reason }
    };
    AccessKey {
        id: None,
        slot: Some(3),
        active: Known::Unknown(gap("active")),
        created: Known::Unknown(gap("last_rotated")),
        last_used: Known::Unknown(gap("last_used_date")),
    }
}

/// A key of which only the report tells: no id.
fn of_slot((number, slot): (u8, &KeySlot)) -> AccessKey {
    AccessKey {
        id: None,
        slot: Some(number),
        active: slot.active.clone(),
        created: match &slot.last_rotated {
            Known::Known(fact) => match fact.value {
                Some(at) => Known::new(at, fact.source),
                None => Known::field_absent(Dataset::CredentialReport, "access_key_last_rotated"),
            },
            Known::Unknown(gap) => Known::Unknown(gap.clone()),
        },
        last_used: slot.last_used.clone(),
    }
}

/// The list says two things of one key.
fn twice(about: &str) -> Gap {
    Gap { dataset: Dataset::AccessKeys, reason: GapReason::Contradiction(about.to_owned()) }
}

fn contradiction(about: &str) -> Gap {
    Gap { dataset: Dataset::CredentialReport, reason: GapReason::Contradiction(about.to_owned()) }
}
