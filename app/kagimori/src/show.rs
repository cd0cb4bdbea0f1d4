//! What answers look like, whatever command they come from.

pub(crate) mod csv;
pub(crate) mod filters;
pub(crate) mod html;
pub(crate) mod lists;
pub(crate) mod names;
pub(crate) mod numbers;
pub(crate) mod origins;
pub(crate) mod report;
pub(crate) mod sarif;
pub(crate) mod silence;
pub(crate) mod unfolding;
