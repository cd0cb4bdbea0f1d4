//! CloudTrail files read once into Parquet, and answers from it.
//!
//! * [`ingest`]: files → the lake, incremental, whole wherever it is cut off ([`ingest()`](ingest::ingest)).
//! * [`Lake`]: usage and calls out of it, reading only what a question needs.
//! * [`read_trail`]: the same usage from the files themselves.
//! * [`care`]: whether a lake is what was written, and mending what is not.
//!
//! The files are laid out and named so that DuckDB, Spark, Athena and Trino read them as they are: `docs/lake.md`.

mod bodies;
mod calls;
pub mod care;
mod checks;
mod compact;
mod coverage;
mod digest;
mod error;
mod files;
mod ids;
pub mod ingest;
mod lake;
mod manifest;
mod numbers;
mod parquet_file;
mod parts;
pub mod private;
mod raw;
mod read;
pub mod regular;
mod remote;
mod rollup;
mod roots;
mod rows;
#[cfg(feature = "s3")]
mod s3;
mod schema;
pub mod unread;
mod walk;

pub use coverage::{Coverage, Hole, RegionCoverage};
pub use digest::{Validation, delivered};
pub use error::LakeError;
pub use files::{ALL_OF_IT, Progress};
pub use lake::{Lake, Unread};
pub use manifest::Counts;
pub use raw::{CallReading, TrailReading, read_calls, read_trail, read_trail_with_history};
pub use remote::{S3, S3Credentials};
pub use rollup::Names;
pub use roots::{RootReading, read_roots};
pub use schema::{Column, Kind, SCHEMA_KEY, SCHEMA_VERSION, TABLES, Table};
