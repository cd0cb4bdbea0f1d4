//! The walk profile files → route → plan → where to begin.

mod planning;
mod routing;
