//! CloudTrail files read once into Parquet, and answers from it.

mod checks;
mod files;
mod raw;
pub mod redact;
mod rows;
mod schema;

pub use files::Progress;
pub use raw::{TrailReading, read_trail};
pub use schema::{SCHEMA_KEY, SCHEMA_VERSION};
