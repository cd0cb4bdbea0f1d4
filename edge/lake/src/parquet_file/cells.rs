//! The cells of a column, and the column chunk they become.
//!
//! Rows know their texts by number, and that is what a dictionary page with its indices is: so texts are encoded here, by
//! numbers, and only what is written once (a dictionary, ids, bodies) is touched as text. The container around the pages is
//! the `parquet` crate's.

use std::io;

use bytes::Bytes;
use parquet::basic::Encoding;
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::{ByteArray, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedPageWriter, SerializedRowGroupWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

use super::encode::{hybrid, levels, plain_text, width};
use crate::numbers::Numbers;
use crate::schema::{Column, Kind, ZSTD_LEVEL, compression, has_statistics};

/// Plain bytes of a page, about.
const PAGE_BYTES: usize = 1 << 20;
/// The longest text that is told as the smallest or largest of a column chunk.
const STATISTIC_BYTES_MAX: usize = 256;

/// Cells of one column, row by row; which method they are pushed by is the column's kind. Used column after column, so
/// that its memory is, too.
pub(crate) struct Cells {
    /// No text may be absent: a missing one is written as an empty one.
    required: bool,
    /// Numbers and times.
    numbers: Vec<i64>,
    /// For each cell or entry of a list whether it is there.
    definitions: Vec<u8>,
    /// For each entry of a list whether it goes on with it.
    repetitions: Vec<u8>,
    /// For each text its place in the dictionary.
    indices: Vec<u32>,
    /// The numbers of the dictionary's texts.
    dictionary: Vec<u32>,
    /// For each number of a text one more than its place in the dictionary; 0 is not in it.
    places: Vec<u32>,
    /// Values that are written plainly.
    plain: Vec<u8>,
    flags: Vec<bool>,
    /// Where a page of plain values ends: in the definitions and in `plain`.
    pages: Vec<(usize, usize)>,
    page: Vec<u8>,
    compressor: zstd::bulk::Compressor<'static>,
}

impl Cells {
    pub(crate) fn new() -> io::Result<Self> {
        let mut compressor = zstd::bulk::Compressor::new(ZSTD_LEVEL)?;
        // A page that a disk changed is told by its checksum, and not taken apart.
        compressor.include_checksum(true)?;
        Ok(Self {
            required: false,
            numbers: Vec::new(),
            definitions: Vec::new(),
            repetitions: Vec::new(),
            indices: Vec::new(),
            dictionary: Vec::new(),
            places: Vec::new(),
            plain: Vec::new(),
            flags: Vec::new(),
            pages: Vec::new(),
            page: Vec::new(),
            compressor,
        })
    }

    /// Gets ready for a column.
    pub(super) fn begin(&mut self, column: &Column) {
        self.clear();
        self.required = column.required;
    }

    /// A number, or a time.
    pub(crate) fn number(&mut self, number: i64) {
        self.numbers.push(number);
    }

    /// A truth value, or none.
    pub(crate) fn flag(&mut self, flag: Option<bool>) {
        self.definitions.push(u8::from(flag.is_some()));
        self.flags.extend(flag);
    }

    /// A text by its number; 0 is none.
    pub(crate) fn text(&mut self, number: u32) {
        self.definitions.push(u8::from(number != 0));
        if number != 0 || self.required {
            self.index(number);
        }
    }

    /// A list of texts by their numbers. An empty list is written as an empty list, never as absent.
    pub(crate) fn list(&mut self, numbers: &[u32]) {
        if numbers.is_empty() {
            self.definitions.push(1);
            self.repetitions.push(0);
        }
        for (at, number) in numbers.iter().enumerate() {
            self.definitions.push(2);
            self.repetitions.push(u8::from(at > 0));
            self.index(*number);
        }
    }

    /// A text that hardly ever comes twice; an empty one is none.
    pub(crate) fn own_text(&mut self, text: &[u8]) {
        self.definitions.push(u8::from(!text.is_empty()));
        if !text.is_empty() {
            plain_text(text, &mut self.plain);
        }
        let begin = self.pages.last().map_or(0, |(_, plain)| *plain);
        if self.plain.len() - begin >= PAGE_BYTES {
            self.pages.push((self.definitions.len(), self.plain.len()));
        }
    }

    fn index(&mut self, number: u32) {
        if self.places.len() <= number as usize {
            self.places.resize((number as usize + 1).next_power_of_two(), 0);
        }
        if let Some(place) = self.places.get_mut(number as usize) {
            if *place == 0 {
                self.dictionary.push(number);
                *place = self.dictionary.len() as u32;
            }
            self.indices.push(*place - 1);
        }
    }

    /// Writes the cells as the next column chunk of a row group. `texts` has the texts of the numbers.
    pub(super) fn write<W: io::Write + Send>(
        &mut self,
        column: &Column,
        descriptor: &ColumnDescPtr,
        texts: &Numbers<u8>,
        group: &mut SerializedRowGroupWriter<'_, W>,
    ) -> Result<(), ParquetError> {
        match column.kind {
            Kind::Time | Kind::Number => {
                let Some(mut writer) = group.next_column()? else { return Ok(()) };
                writer.typed::<Int64Type>().write_batch(&self.numbers, None, None)?;
                writer.close()?;
            }
            Kind::Text | Kind::Flag | Kind::List => {
                let (bytes, close) = self.chunk(column, descriptor, texts)?;
                group.append_column(&bytes, close)?;
            }
        }
        Ok(())
    }

    fn clear(&mut self) {
        for number in self.dictionary.drain(..) {
            if let Some(place) = self.places.get_mut(number as usize) {
                *place = 0;
            }
        }
        self.numbers.clear();
        self.definitions.clear();
        self.repetitions.clear();
        self.indices.clear();
        self.plain.clear();
        self.flags.clear();
        self.pages.clear();
    }

    fn chunk(
        &mut self,
        column: &Column,
        descriptor: &ColumnDescPtr,
        texts: &Numbers<u8>,
    ) -> Result<(Bytes, ColumnCloseResult), ParquetError> {
        let mut sink = TrackedWrite::new(Vec::new());
        let mut pages = Pages { writer: SerializedPageWriter::new(&mut sink), stored: 0, raw: 0 };
        if !self.dictionary.is_empty() {
            self.page.clear();
            self.dictionary.iter().for_each(|number| plain_text(texts.get(*number), &mut self.page));
            pages.dictionary(&mut self.compressor, &self.page, self.dictionary.len())?;
        }
        let data_at = pages.stored;
        self.data(column, &mut pages)?;
        let Pages { stored, raw, .. } = pages;
        let mut metadata = ColumnChunkMetaData::builder(descriptor.clone())
            .set_compression(compression()?)
            .set_encodings(vec![Encoding::RLE, Encoding::PLAIN, self.encoding()])
            .set_num_values(self.definitions.len() as i64)
            .set_total_compressed_size(stored as i64)
            .set_total_uncompressed_size(raw as i64)
            .set_data_page_offset(data_at as i64)
            .set_dictionary_page_offset((!self.dictionary.is_empty()).then_some(0));
        if has_statistics(column)
            && let Some(statistics) = self.statistics(texts)
        {
            metadata = metadata.set_statistics(statistics);
        }
        let rows = match column.kind {
            Kind::List => self.repetitions.iter().filter(|repetition| **repetition == 0).count(),
            _ => self.definitions.len(),
        };
        let close = ColumnCloseResult {
            bytes_written: stored as u64,
            rows_written: rows as u64,
            metadata: metadata.build()?,
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        Ok((Bytes::from(sink.into_inner()?), close))
    }

    /// How the data pages are encoded. Without any text there is no dictionary, and there are no indices.
    fn encoding(&self) -> Encoding {
        if self.dictionary.is_empty() { Encoding::PLAIN } else { Encoding::RLE_DICTIONARY }
    }

    /// The data pages: one, but for plain texts.
    fn data(&mut self, column: &Column, pages: &mut Pages<'_>) -> Result<(), ParquetError> {
        let encoding = self.encoding();
        let mut begin = (0, 0);
        let all = (self.definitions.len(), self.plain.len());
        if self.pages.last() != Some(&all) {
            self.pages.push(all);
        }
        for end in self.pages.iter().copied() {
            self.page.clear();
            if column.kind == Kind::List {
                levels(&self.repetitions, 1, &mut self.page);
                levels(&self.definitions, 2, &mut self.page);
            } else if !column.required {
                let definitions = self.definitions.get(begin.0..end.0).unwrap_or_default();
                levels(definitions, 1, &mut self.page);
            }
            if column.kind == Kind::Flag {
                pack_flags(&self.flags, &mut self.page);
            } else if self.dictionary.is_empty() {
                self.page.extend_from_slice(self.plain.get(begin.1..end.1).unwrap_or_default());
            } else {
                let width = width(self.dictionary.len() as u32 - 1);
                self.page.push(width as u8);
                hybrid(&self.indices, width, &mut self.page);
            }
            pages.data(&mut self.compressor, &self.page, end.0 - begin.0, encoding)?;
            begin = end;
        }
        Ok(())
    }

    /// The smallest and the largest text, and how many are absent.
    fn statistics(&self, texts: &Numbers<u8>) -> Option<Statistics> {
        let all = || self.dictionary.iter().map(|number| texts.get(*number));
        let absent = self.definitions.iter().filter(|definition| **definition == 0).count() as u64;
        let (min, max) = (all().min(), all().max());
        if max.into_iter().chain(min).any(|text| text.len() > STATISTIC_BYTES_MAX) {
            return None;
        }
        let own = |text: Option<&[u8]>| text.map(|text| ByteArray::from(text.to_vec()));
        Some(Statistics::byte_array(own(min), own(max), None, Some(absent), false))
    }
}

/// The pages of a column chunk.
struct Pages<'s> {
    writer: SerializedPageWriter<'s, Vec<u8>>,
    /// Bytes so far, as written and uncompressed.
    stored: usize,
    raw: usize,
}

impl Pages<'_> {
    fn dictionary(
        &mut self,
        compressor: &mut zstd::bulk::Compressor<'_>,
        page: &[u8],
        count: usize,
    ) -> Result<(), ParquetError> {
        let buf = Bytes::from(compressor.compress(page)?);
        let (num_values, encoding) = (count as u32, Encoding::PLAIN);
        self.add(Page::DictionaryPage { buf, num_values, encoding, is_sorted: false }, page.len())
    }

    fn data(
        &mut self,
        compressor: &mut zstd::bulk::Compressor<'_>,
        page: &[u8],
        count: usize,
        encoding: Encoding,
    ) -> Result<(), ParquetError> {
        let data = Page::DataPage {
            buf: Bytes::from(compressor.compress(page)?),
            num_values: count as u32,
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        self.add(data, page.len())
    }

    fn add(&mut self, page: Page, bytes: usize) -> Result<(), ParquetError> {
        let written = self.writer.write_page(CompressedPage::new(page, bytes))?;
        self.stored += written.compressed_size;
        self.raw += written.uncompressed_size;
        Ok(())
    }
}

/// Truth values as bits, the first one the lowest.
fn pack_flags(flags: &[bool], out: &mut Vec<u8>) {
    let byte =
        |eight: &[bool]| eight.iter().enumerate().map(|(bit, flag)| u8::from(*flag) << bit).sum::<u8>();
    out.extend(flags.chunks(8).map(byte));
}
