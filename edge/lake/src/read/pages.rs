//! The pages of a part's columns: each column read from the file at once, and all of a thread decompressed by one context.
//!
//! The library makes a context for compressing and one for decompressing for each column that it reads, and reads the header
//! of each page by itself: where parts are small, that costs more than all else. So it is told that nothing is compressed, and
//! what it hands out is decompressed here.

use std::cell::RefCell;
use std::sync::Arc;

use bytes::Buf;
use bytes::Bytes;
use bytes::buf::Reader;
use parquet::basic::Compression;
use parquet::bloom_filter::Sbbf;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::reader::{ChunkReader, Length, RowGroupReader};
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::record::reader::RowIter;
use parquet::schema::types::Type;
use zstd::bulk::Decompressor;

/// The largest page that is decompressed. Ours are about a megabyte: a larger one is damage.
const PAGE_BYTES_MAX: usize = 256 << 20;

thread_local! {
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// A part that is open.
pub(super) struct PartFile<R> {
    file: R,
    metadata: ParquetMetaData,
}

/// A row group of it.
struct Group<'p, R> {
    file: &'p R,
    metadata: &'p RowGroupMetaData,
}

impl<R: ChunkReader> PartFile<R> {
    pub(super) fn open(file: R) -> Result<Self, ParquetError> {
        let metadata = ParquetMetaDataReader::new().parse_and_finish(&file)?;
        Ok(Self { file, metadata })
    }

    pub(super) fn metadata(&self) -> &ParquetMetaData {
        &self.metadata
    }

    pub(super) fn groups(&self) -> impl Iterator<Item = impl RowGroupReader + '_> {
        self.metadata.row_groups().iter().map(|metadata| Group { file: &self.file, metadata })
    }
}

impl<R: ChunkReader> RowGroupReader for Group<'_, R> {
    fn metadata(&self) -> &RowGroupMetaData {
        self.metadata
    }

    fn num_columns(&self) -> usize {
        self.metadata.num_columns()
    }

    fn get_column_page_reader(&self, column: usize) -> Result<Box<dyn PageReader>, ParquetError> {
        let missing = || ParquetError::General("a column is not there".to_owned());
        let metadata = self.metadata.columns().get(column).ok_or_else(missing)?;
        let (begin, length) = metadata.byte_range();
        let bytes = self.file.get_bytes(begin, usize::try_from(length)?)?;
        let chunk = Arc::new(Chunk { begin, bytes });
        let rows = usize::try_from(self.metadata.num_rows())?;
        if !matches!(metadata.compression(), Compression::ZSTD(_)) {
            return Ok(Box::new(SerializedPageReader::new(chunk, metadata, rows, None)?));
        }
        let as_it_is = metadata.clone().into_builder().set_compression(Compression::UNCOMPRESSED).build()?;
        Ok(Box::new(Pages(SerializedPageReader::new(chunk, &as_it_is, rows, None)?)))
    }

    fn get_column_bloom_filter(&self, _: usize) -> Option<&Sbbf> {
        None
    }

    fn get_row_iter(&self, _: Option<Type>) -> Result<RowIter<'_>, ParquetError> {
        Err(ParquetError::NYI("rows as records".to_owned()))
    }
}

/// The bytes of one column, at their place in the file.
struct Chunk {
    begin: u64,
    bytes: Bytes,
}

impl Chunk {
    fn from(&self, at: u64) -> Result<Bytes, ParquetError> {
        let at = at.checked_sub(self.begin).and_then(|at| usize::try_from(at).ok());
        let at = at.filter(|at| *at <= self.bytes.len()).ok_or_else(super::short)?;
        Ok(self.bytes.slice(at..))
    }
}

impl Length for Chunk {
    fn len(&self) -> u64 {
        self.begin + self.bytes.len() as u64
    }
}

impl ChunkReader for Chunk {
    type T = Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(self.from(start)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let bytes = self.from(start)?;
        if length > bytes.len() { Err(super::short()) } else { Ok(bytes.slice(..length)) }
    }
}

/// The pages of a column, decompressed.
struct Pages(SerializedPageReader<Chunk>);

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Result<Option<Page>, ParquetError> {
        self.0.get_next_page()?.map(decompressed).transpose()
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>, ParquetError> {
        self.0.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<(), ParquetError> {
        self.0.skip_next_page()
    }

    fn supports_deferred_dictionary(&self) -> bool {
        self.0.supports_deferred_dictionary()
    }

    fn take_deferred_dictionary(&mut self) -> Result<Option<Page>, ParquetError> {
        self.0.take_deferred_dictionary()?.map(decompressed).transpose()
    }

    fn at_record_boundary(&mut self) -> Result<bool, ParquetError> {
        self.0.at_record_boundary()
    }
}

impl Iterator for Pages {
    type Item = Result<Page, ParquetError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

fn decompressed(mut page: Page) -> Result<Page, ParquetError> {
    match &mut page {
        Page::DataPage { buf, .. } | Page::DictionaryPage { buf, .. } => *buf = decompress(buf)?,
        Page::DataPageV2 { .. } => {
            return Err(ParquetError::NYI("a page that kagimori does not write".to_owned()));
        }
    }
    Ok(page)
}

fn decompress(bytes: &Bytes) -> Result<Bytes, ParquetError> {
    if bytes.is_empty() {
        return Ok(Bytes::new());
    }
    let size = zstd::zstd_safe::get_frame_content_size(bytes).ok().flatten();
    let size = size.and_then(|size| usize::try_from(size).ok()).filter(|size| *size <= PAGE_BYTES_MAX);
    let size = size.ok_or_else(|| ParquetError::General("a page does not tell its size".to_owned()))?;
    let failed = |error: std::io::Error| ParquetError::General(error.to_string());
    DECOMPRESSOR.with_borrow_mut(|held| {
        let decompressor = match held {
            Some(decompressor) => decompressor,
            None => held.insert(Decompressor::new().map_err(failed)?),
        };
        let text = decompressor.decompress(bytes, size).map_err(failed)?;
        if text.len() == size { Ok(text.into()) } else { Err(super::short()) }
    })
}
