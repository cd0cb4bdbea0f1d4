//! A column of texts, a row's text by its place among the different ones: what a text means is found out once.
//!
//! Pages are taken apart here, not by the library's column reader: that hands out every row's text by itself, and to count
//! who holds it costs more than to read it.

use bytes::Bytes;
use parquet::basic::Encoding;
use parquet::column::page::{Page, PageReader};
use parquet::errors::ParquetError;

use super::library::short;
use super::runs::{Runs, bits_of};
use super::wanted::Wanted;

/// A column of texts.
#[derive(Debug)]
pub(crate) struct Texts {
    /// The different texts, one behind the other; the first is absence, and empty.
    text: String,
    /// Where each text ends.
    text_ends: Vec<usize>,
    /// The place of each wanted row's text; none when all rows have the last text.
    rows: Vec<u32>,
}

/// A column of lists of texts.
#[derive(Debug)]
pub(crate) struct Lists {
    /// Its rows are the entries of all lists.
    texts: Texts,
    /// Where the entries of each wanted row end.
    ends: Vec<usize>,
}

impl Texts {
    /// In no row is there any.
    pub(super) fn absent() -> Self {
        Self { text: String::new(), text_ends: vec![0], rows: Vec::new() }
    }

    /// The same in all rows.
    pub(super) fn same(text: &[u8]) -> Result<Self, ParquetError> {
        let mut texts = Self::absent();
        texts.add(text)?;
        Ok(texts)
    }

    /// The wanted rows of a column.
    pub(super) fn read(
        pages: &mut dyn PageReader,
        is_required: bool,
        mut wanted: Wanted<'_>,
    ) -> Result<Self, ParquetError> {
        let mut texts = Self::absent();
        while let Some(page) = pages.peek_next_page()? {
            if !page.is_dict && page.num_levels.is_some_and(|rows| wanted.pass(rows)) {
                pages.skip_next_page()?;
                continue;
            }
            match pages.get_next_page()? {
                Some(Page::DictionaryPage { buf, .. }) => texts.add_plain(&buf)?,
                Some(Page::DataPage { mut buf, num_values, encoding, .. }) => {
                    let levels = if is_required { None } else { Some(levels(&mut buf)?) };
                    let there = levels.as_deref().map(|levels| Runs::new(levels, 1));
                    let values = texts.values(buf, encoding)?;
                    texts.read_rows(num_values as usize, there, &values, &mut wanted).ok_or_else(short)?;
                }
                _ => return Err(unknown_page()),
            }
        }
        Ok(texts)
    }

    /// How many rows there are; `None`: as many as one likes.
    pub(super) fn len(&self) -> Option<usize> {
        Some(self.rows.len()).filter(|rows| *rows > 0)
    }

    /// The place of a wanted row's text; 0 when it is absent.
    pub(crate) fn row(&self, row: usize) -> usize {
        if self.rows.is_empty() {
            return self.text_ends.len() - 1;
        }
        self.rows.get(row).map_or(0, |place| *place as usize)
    }

    /// The text at a place; `None` when it is absent.
    pub(crate) fn text(&self, place: usize) -> Option<&str> {
        let begin = *self.text_ends.get(place.checked_sub(1)?)?;
        self.text.get(begin..*self.text_ends.get(place)?).filter(|text| !text.is_empty())
    }

    fn add(&mut self, text: &[u8]) -> Result<(), ParquetError> {
        let wrong = |_| ParquetError::General("a text is not UTF-8".to_owned());
        self.text.push_str(std::str::from_utf8(text).map_err(wrong)?);
        self.text_ends.push(self.text.len());
        Ok(())
    }

    /// Texts as they lie in a page: the length, then the bytes.
    fn add_plain(&mut self, mut page: &[u8]) -> Result<(), ParquetError> {
        while let Some((length, rest)) = page.split_first_chunk() {
            let length = u32::from_le_bytes(*length) as usize;
            let (text, rest) = rest.split_at_checked(length).ok_or_else(short)?;
            self.add(text)?;
            page = rest;
        }
        Ok(())
    }

    fn values(&mut self, page: Bytes, encoding: Encoding) -> Result<Values, ParquetError> {
        match encoding {
            Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY => Ok(Values::Places(page)),
            // The dictionary became too large.
            Encoding::PLAIN => {
                let first = self.text_ends.len() as u32;
                self.add_plain(&page)?;
                Ok(Values::From(first))
            }
            other => Err(ParquetError::NYI(format!("texts as {other}"))),
        }
    }

    fn read_rows(
        &mut self,
        rows: usize,
        mut there: Option<Runs<'_>>,
        values: &Values,
        wanted: &mut Wanted<'_>,
    ) -> Option<()> {
        let mut places = values.places()?;
        let mut left = rows;
        while left > 0 {
            let (rows, is_wanted) = wanted.step(left);
            left -= rows;
            if !is_wanted {
                let values = match &mut there {
                    Some(there) => there.sum(rows)?,
                    None => rows,
                };
                places.skip(values)?;
                continue;
            }
            for _ in 0..rows {
                let is_there = match &mut there {
                    Some(there) => there.next()? == 1,
                    None => true,
                };
                self.rows.push(if is_there { places.next()? } else { 0 });
            }
        }
        Some(())
    }
}

/// The values of a data page.
enum Values {
    /// Places in the dictionary, packed.
    Places(Bytes),
    /// One after another, from this place on.
    From(u32),
}

enum Places<'p> {
    Packed(Runs<'p>),
    Next(u32),
}

impl Values {
    fn places(&self) -> Option<Places<'_>> {
        Some(match self {
            Self::Places(page) => {
                let (width, places) = page.split_first()?;
                Places::Packed(Runs::new(places, bits_of(*width)?))
            }
            Self::From(first) => Places::Next(*first),
        })
    }
}

impl Places<'_> {
    /// The place of the next text; the first text is absence.
    #[inline]
    fn next(&mut self) -> Option<u32> {
        match self {
            Self::Packed(places) => places.next()?.checked_add(1),
            Self::Next(place) => {
                *place += 1;
                Some(*place - 1)
            }
        }
    }

    fn skip(&mut self, values: usize) -> Option<()> {
        match self {
            Self::Packed(places) => places.skip(values),
            Self::Next(place) => {
                *place = place.checked_add(u32::try_from(values).ok()?)?;
                Some(())
            }
        }
    }
}

/// Takes the levels from the front of a page: their length, then they.
fn levels(page: &mut Bytes) -> Result<Bytes, ParquetError> {
    let length = page.first_chunk().map_or(u32::MAX, |length| u32::from_le_bytes(*length)) as usize;
    if length.saturating_add(4) > page.len() {
        return Err(short());
    }
    let levels = page.slice(4..4 + length);
    *page = page.slice(4 + length..);
    Ok(levels)
}

fn unknown_page() -> ParquetError {
    ParquetError::NYI("a page that kagimori does not write".to_owned())
}

impl Lists {
    /// The wanted rows of a column.
    pub(super) fn read(pages: &mut dyn PageReader, mut wanted: Wanted<'_>) -> Result<Self, ParquetError> {
        let mut lists = Self { texts: Texts::absent(), ends: Vec::new() };
        let mut is_wanted = false;
        while let Some(page) = pages.get_next_page()? {
            match page {
                Page::DictionaryPage { buf, .. } => lists.texts.add_plain(&buf)?,
                Page::DataPage { mut buf, num_values, encoding, .. } => {
                    let repetitions = levels(&mut buf)?;
                    let there = levels(&mut buf)?;
                    let values = lists.texts.values(buf, encoding)?;
                    let levels = (Runs::new(&repetitions, 1), Runs::new(&there, 2));
                    let read = lists.read_levels(num_values, levels, &values, &mut wanted, &mut is_wanted);
                    read.ok_or_else(short)?;
                }
                Page::DataPageV2 { .. } => return Err(unknown_page()),
            }
        }
        Ok(lists)
    }

    /// An entry for each level; an empty list has one level and no value.
    fn read_levels(
        &mut self,
        levels: u32,
        (mut repetitions, mut there): (Runs<'_>, Runs<'_>),
        values: &Values,
        wanted: &mut Wanted<'_>,
        is_wanted: &mut bool,
    ) -> Option<()> {
        let mut places = values.places()?;
        for _ in 0..levels {
            if repetitions.next()? == 0 {
                *is_wanted = wanted.step(1).1;
                if *is_wanted {
                    self.ends.push(self.texts.rows.len());
                }
            }
            if there.next()? < 2 {
                continue;
            }
            let place = places.next()?;
            if *is_wanted {
                self.texts.rows.push(place);
                *self.ends.last_mut()? = self.texts.rows.len();
            }
        }
        Some(())
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The places of the entries of a wanted row.
    pub(crate) fn row(&self, row: usize) -> &[u32] {
        let end = |row: usize| self.ends.get(row).copied().unwrap_or_default();
        let begin = row.checked_sub(1).map_or(0, end);
        self.texts.rows.get(begin..end(row)).unwrap_or_default()
    }

    /// The text at a place.
    pub(crate) fn text(&self, place: u32) -> &str {
        self.texts.text(place as usize).unwrap_or_default()
    }
}
