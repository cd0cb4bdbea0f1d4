//! The walk profile files → route → plan → where to begin.

mod exploring_rotation;
mod plain_reader;
mod planning;
mod readings;
mod routing;
