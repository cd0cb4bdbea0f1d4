//! `--scan`: the credentials that an earlier `kagimori scan --format json` found in sources.

use std::path::Path;

use serde::Deserialize;

use crate::error::AppError;
use crate::given;
use crate::show::report::Sources;

#[derive(Deserialize)]
struct Document {
    schema: Schema,
    #[serde(flatten)]
    sources: Sources,
}

#[derive(Deserialize)]
struct Schema {
    name: String,
    version: u32,
}

/// Reads the answer of a scan.
pub(crate) fn read(path: &Path) -> Result<Sources, AppError> {
    let bytes = given::bytes(path).map_err(|source| AppError::read(path, source))?;
    let refused = |message: String| AppError::Argument {
        message: format!("`{}` is no answer of `kagimori scan`: {message}", path.display()),
        hint: "write one: `kagimori scan PATH… --dir DIR --format json > FILE`".to_owned(),
    };
    let document: Document = serde_json::from_slice(&bytes).map_err(|error| refused(error.to_string()))?;
    if (document.schema.name.as_str(), document.schema.version) != ("kagimori.scan", 1) {
        return Err(refused(format!("its schema is {} {}", document.schema.name, document.schema.version)));
    }
    Ok(document.sources)
}
