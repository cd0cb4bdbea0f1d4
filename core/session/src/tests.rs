//! The walk profile files → route → plan → where to begin.

mod plain_reader;
mod planning;
mod readings;
mod routing;
