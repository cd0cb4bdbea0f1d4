//! What a JSON document calls itself.

use serde::Serialize;

/// The name and version of a JSON document.
#[derive(Serialize)]
pub(crate) struct Schema {
    pub(crate) name: &'static str,
    pub(crate) version: u32,
}
