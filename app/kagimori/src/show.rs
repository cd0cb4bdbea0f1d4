//! What answers look like, whatever command they come from.

pub(crate) mod html;
pub(crate) mod numbers;
pub(crate) mod report;
pub(crate) mod sarif;
pub(crate) mod silence;
