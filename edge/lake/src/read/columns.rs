//! The rows of `events/` that a question wants, column by column: of each text its place among the different ones.
//!
//! Calls come from here: most of a call is that of the row before, and places tell what is without looking at texts.

use std::ops::Range;
use std::path::Path;

use kagimori_trail::selection::{Facts, Selection};
use parquet::errors::ParquetError;
use parquet::file::reader::RowGroupReader;

use super::cells::{Flags, count, flags, numbers, texts};
use super::guard::{guarded, ours};
use super::library::short;
use super::selected::{has_any, may_hold, wanted};
use super::texts::{Lists, Texts};
use super::wanted::Wanted;
use super::{copies, open};
use crate::error::LakeError;
use crate::schema::{
    CONTENT_COLUMN, EVENTS, FLAG_COLUMNS, Flag, LIST_COLUMNS, LISTS, List, TEXT_COLUMNS, TEXTS, Text,
    content_of,
};

/// Texts and truth values that a call does not have; here they are absent.
pub(super) const NOT_IN_CALLS: [Text; 3] = [Text::EventType, Text::Provider, Text::UpdatedId];
pub(super) const FLAGS_OF_CALLS: [Flag; 6] =
    [Flag::Mfa, Flag::ReadOnly, Flag::FromConsole, Flag::SignedIn, Flag::SignInMfa, Flag::IsUpdate];

/// Rows of a row group.
pub(crate) struct Columns {
    rows: usize,
    times: Vec<i64>,
    ids: Texts,
    texts: Vec<Texts>,
    flags: Vec<Flags>,
    /// Absent where no event has copies.
    contents: Texts,
    /// From `iam_actions` on.
    lists: Vec<Lists>,
}

/// Hands out the rows of a part that a question wants, a row group at a time. Their times and accounts are looked at later, with
/// [`Columns::facts`].
pub(crate) fn scan_columns(
    path: &Path,
    selection: &Selection,
    mut each: impl FnMut(&Columns),
) -> Result<(), LakeError> {
    let damaged = |error: ParquetError| LakeError::damaged(path, &error);
    guarded(path, || {
        for group in open(path)?.groups() {
            if !may_hold(group.metadata(), selection) {
                continue;
            }
            let rows = usize::try_from(group.metadata().num_rows()).unwrap_or_default();
            let ranges = wanted(&group, selection, rows).map_err(damaged)?;
            if !ranges.is_empty() {
                let columns = Columns::read(&group, &ranges).map_err(damaged)?;
                ours(|| each(&columns));
            }
        }
        Ok(())
    })
}

/// Hands out the rows of a part of which several accounts got a copy.
pub(crate) fn scan_columns_of_copies(path: &Path, mut each: impl FnMut(&Columns)) -> Result<(), LakeError> {
    let damaged = |error: ParquetError| LakeError::damaged(path, &error);
    guarded(path, || {
        for group in open(path)?.groups() {
            let ranges = copies(&group).map_err(damaged)?;
            if !ranges.is_empty() {
                let columns = Columns::read(&group, &ranges).map_err(damaged)?;
                ours(|| each(&columns));
            }
        }
        Ok(())
    })
}

impl Columns {
    pub(super) fn read(group: &dyn RowGroupReader, ranges: &[Range<usize>]) -> Result<Self, ParquetError> {
        let text = |at: usize| {
            let is_in = NOT_IN_CALLS.iter().all(|text| text.column() != at) && at < group.num_columns();
            let column = EVENTS.get(at).filter(|_| is_in);
            column.map_or_else(|| Ok(Texts::absent()), |column| texts(group, at, column, ranges))
        };
        let list = |at: &usize| {
            let mut pages = group.get_column_page_reader(*at)?;
            let lists = Lists::read(&mut *pages, Wanted::of(ranges))?;
            if lists.len() == count(ranges) { Ok(lists) } else { Err(short()) }
        };
        let ids = text(1)?;
        let texts = TEXT_COLUMNS.into_iter().map(text).collect::<Result<_, _>>()?;
        let flag = |at| {
            let is_in = FLAGS_OF_CALLS.iter().any(|flag| flag.column() == at);
            if is_in { flags(group, at, ranges) } else { Ok(Flags::Same(None)) }
        };
        let flags = FLAG_COLUMNS.into_iter().map(flag).collect::<Result<_, _>>()?;
        let of_checks = LIST_COLUMNS.iter().skip(List::Actions as usize);
        let lists = of_checks.map(list).collect::<Result<_, ParquetError>>()?;
        let has_copies = has_any(group.metadata(), Text::SharedId.column());
        let is_there = has_copies && group.metadata().num_columns() > CONTENT_COLUMN;
        let contents = EVENTS.get(CONTENT_COLUMN).filter(|_| is_there);
        let contents = contents.map(|column| super::cells::texts(group, CONTENT_COLUMN, column, ranges));
        let contents = contents.transpose()?.unwrap_or_else(Texts::absent);
        Ok(Self {
            rows: count(ranges),
            times: numbers(group, 0, ranges)?,
            ids,
            texts,
            flags,
            contents,
            lists,
        })
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// In seconds.
    pub(crate) fn time(&self, row: usize) -> i64 {
        self.times.get(row).copied().unwrap_or_default().div_euclid(1_000_000)
    }

    pub(crate) fn id(&self, row: usize) -> Option<&str> {
        self.ids.text(self.ids.row(row))
    }

    /// The event's content in few bits, where events have copies; 0 where it is not told.
    pub(crate) fn content(&self, row: usize) -> u16 {
        let content = self.contents.text(self.contents.row(row)).unwrap_or_default();
        content_of(content)
    }

    /// The places of a row's texts.
    pub(crate) fn places(&self, row: usize) -> [usize; TEXTS] {
        let mut places = [0; TEXTS];
        places.iter_mut().zip(&self.texts).for_each(|(place, texts)| *place = texts.row(row));
        places
    }

    pub(crate) fn text(&self, text: Text, row: usize) -> Option<&str> {
        self.text_at(text as usize, row)
    }

    /// The text at a place.
    pub(super) fn text_at(&self, at: usize, row: usize) -> Option<&str> {
        let texts = self.texts.get(at)?;
        texts.text(texts.row(row))
    }

    pub(crate) fn flag(&self, flag: Flag, row: usize) -> Option<bool> {
        self.flags.get(flag as usize)?.row(row)
    }

    fn lists(&self, list: List) -> Option<&Lists> {
        self.lists.get((list as usize).checked_sub(List::Actions as usize)?)
    }

    /// The places of the entries of a row's list.
    pub(crate) fn list(&self, list: List, row: usize) -> &[u32] {
        self.lists(list).map_or(&[], |lists| lists.row(row))
    }

    /// The entry at a place.
    pub(crate) fn entry(&self, list: List, place: u32) -> &str {
        self.lists(list).map_or("", |lists| lists.text(place))
    }

    /// What a selection looks at.
    pub(crate) fn facts(&self, row: usize) -> Facts<'_> {
        Facts {
            time: self.time(row),
            account: self.text(Text::Account, row).or(self.text(Text::CallerAccount, row)),
            principal: self.text(Text::Principal, row),
            access_key: self.text(Text::AccessKey, row),
            name: self.text(Text::Name, row).unwrap_or_default(),
            error: self.text(Text::Error, row),
        }
    }
}

const _: () = assert!(List::Actions as usize + 5 == LISTS, "the lists of checks are the last five");
