//! The HTTP frame: who asks, from where, in which language, and whether a form is one of this desk's own pages.

pub(crate) mod address;
pub(crate) mod challenge;
pub(crate) mod connections;
pub(crate) mod cookie;
pub(crate) mod entrance;
pub(crate) mod form;
pub(crate) mod headers;
pub(crate) mod limit;
pub(crate) mod rejected;
pub(crate) mod session;
pub(crate) mod signature;
pub(crate) mod visitor;
