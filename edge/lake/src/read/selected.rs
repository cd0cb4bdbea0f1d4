//! Which row groups and which rows of them a question wants, by statistics and by the columns that it looks at.

use std::ops::Range;

use kagimori_trail::event::SIGN_INS;
use kagimori_trail::selection::{Only, Selection, Who};
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::RowGroupReader;
use parquet::file::statistics::Statistics;

use super::CHUNK_ROWS;
use super::library::TextColumn;
use crate::schema::Text;

/// Whether the statistics of a column leave it possible that any row has it. Parts of earlier versions lack the last columns.
pub(super) fn has_any(group: &RowGroupMetaData, column: usize) -> bool {
    if column >= group.num_columns() {
        return false;
    }
    let nulls = group.columns().get(column).and_then(|column| column.statistics()?.null_count_opt());
    nulls.is_none_or(|nulls| nulls < u64::try_from(group.num_rows()).unwrap_or_default())
}

/// Whether the statistics of a row group leave it possible that it holds what is asked for.
pub(super) fn may_hold(group: &RowGroupMetaData, selection: &Selection) -> bool {
    let bounds = |column: usize| -> Option<(Vec<u8>, Vec<u8>)> {
        let statistics = group.columns().get(column)?.statistics()?;
        Some((statistics.min_bytes_opt()?.to_vec(), statistics.max_bytes_opt()?.to_vec()))
    };
    let holds = |text: Text, wanted: &str| {
        bounds(text.column())
            .is_none_or(|(min, max)| *min <= *wanted.as_bytes() && *wanted.as_bytes() <= *max)
    };
    let times = match group.columns().first().and_then(|column| column.statistics()) {
        Some(Statistics::Int64(times)) => times.min_opt().copied().zip(times.max_opt().copied()),
        _ => None,
    };
    let in_time = times.is_none_or(|(first, last)| {
        selection.since.is_none_or(|since| last.div_euclid(1_000_000) >= since)
            && selection.until.is_none_or(|until| first.div_euclid(1_000_000) < until)
    });
    let principal = match &selection.who {
        Some(Who::Exactly(principal)) => holds(Text::Principal, principal),
        Some(Who::AnyOf(principals)) => principals.iter().any(|principal| holds(Text::Principal, principal)),
        _ => true,
    };
    let key = selection.access_key.as_deref().is_none_or(|key| holds(Text::AccessKey, key));
    let only = match selection.only {
        Only::Denied => has_any(group, Text::Error.column()),
        Only::SignIns => SIGN_INS.iter().any(|name| holds(Text::Name, name)),
        Only::All | Only::Root => true,
    };
    in_time && principal && key && only
}

/// The rows that a question wants, by the columns that it looks at. Times are looked at later, row by row.
pub(super) fn wanted(
    group: &dyn RowGroupReader,
    selection: &Selection,
    rows: usize,
) -> Result<Vec<Range<usize>>, ParquetError> {
    let whole = Range { start: 0, end: rows };
    let mut ranges = vec![whole];
    let mut narrow = |text: Text, test: &dyn Fn(&str) -> bool| -> Result<(), ParquetError> {
        ranges = matching(group, text, &ranges, test)?;
        Ok(())
    };
    if selection.who.is_some() || selection.only == Only::Root {
        narrow(Text::Principal, &|text| selection.wants_principal(some(text)))?;
    }
    if selection.access_key.is_some() {
        narrow(Text::AccessKey, &|text| selection.wants_key(some(text)))?;
    }
    if selection.only == Only::SignIns {
        narrow(Text::Name, &|text| selection.only.wants_name(text))?;
    }
    if selection.only == Only::Denied {
        narrow(Text::Error, &|text| selection.only.wants_error(some(text)))?;
    }
    // Where the recipient is not told, the caller's account counts: such rows are looked at later.
    if selection.account.is_some() {
        narrow(Text::Account, &|text| text.is_empty() || selection.wants_account(some(text)))?;
    }
    Ok(ranges)
}

pub(super) fn some(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// The rows within `ranges` whose text passes a test.
pub(super) fn matching(
    group: &dyn RowGroupReader,
    text: Text,
    ranges: &[Range<usize>],
    test: &dyn Fn(&str) -> bool,
) -> Result<Vec<Range<usize>>, ParquetError> {
    let mut found: Vec<Range<usize>> = Vec::new();
    if ranges.is_empty() {
        return Ok(found);
    }
    let mut column = TextColumn::open(group, text.column())?;
    let mut at = 0;
    for range in ranges {
        column.skip(range.start - at)?;
        at = range.start;
        while at < range.end {
            let chunk = CHUNK_ROWS.min(range.end - at);
            column.read(chunk)?;
            let mut cursor = column.cursor();
            let (mut last, mut answer) = (None::<&str>, false);
            for row in at..at + chunk {
                let text = cursor.next()?;
                if !last.is_some_and(|last| std::ptr::eq(last, text)) {
                    (last, answer) = (Some(text), test(text));
                }
                match found.last_mut() {
                    Some(range) if answer && range.end == row => range.end += 1,
                    _ if answer => found.push(Range { start: row, end: row + 1 }),
                    _ => {}
                }
            }
            at += chunk;
        }
    }
    Ok(found)
}
