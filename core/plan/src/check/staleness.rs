//! How old a source is, and what its age leaves of what it says.
//!
//! A last use holds until the instant that its source speaks of: the `GeneratedTime` of a credential report, else the
//! snapshot's. What happened since, nobody knows.

use jiff::Timestamp;
use kagimori_estate::fact::{Gap, GapReason, SOURCE_DAYS_MAX, SourceId};

use super::{Context, Missing};

/// Whether a source still tells that something has been idle since an instant, for so many days: it told so when it was made,
/// and that was not long ago.
pub(super) fn still_idle(
    context: &Context<'_>,
    source: SourceId,
    since: Timestamp,
    limit: i64,
) -> Result<(), Missing> {
    let Some((age, as_of)) = age(context, source) else { return Ok(()) };
    let idle_then = (as_of.as_second() - since.as_second()).div_euclid(86_400);
    // AWS hands out the same report for four hours, and tracks use by minutes: a day is no difference
    let holds = age <= 1 || (age <= SOURCE_DAYS_MAX && idle_then >= limit);
    if holds { Ok(()) } else { Err(gap(context, source, age)) }
}

/// Whether a source is young enough to say that something was not used of late.
pub(super) fn is_recent(context: &Context<'_>, source: SourceId) -> Result<(), Missing> {
    match age(context, source) {
        Some((age, _)) if age > SOURCE_DAYS_MAX => Err(gap(context, source, age)),
        _ => Ok(()),
    }
}

fn age(context: &Context<'_>, source: SourceId) -> Option<(i64, Timestamp)> {
    let as_of = source.of(&context.estate.sources)?.as_of?;
    Some((context.days(as_of), as_of))
}

fn gap(context: &Context<'_>, source: SourceId, age: i64) -> Missing {
    let dataset = source.of(&context.estate.sources).map(|source| source.dataset);
    let dataset = dataset.unwrap_or(kagimori_estate::Dataset::CredentialReport);
    Missing(Gap { dataset, reason: GapReason::TooOld(age) })
}
