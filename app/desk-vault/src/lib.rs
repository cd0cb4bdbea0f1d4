//! The vault of the desk: a process of its own, on a Unix socket, without a network. It holds seeds of root's second factor, follows the
//! desk's log without believing the desk, and makes one code for what a quorum approved, an operator claimed and a witness has seen.
//!
//! * [`vault`]: calls in, answers out; [`disk`], [`keep`], [`used`]: its files; [`moment`]: its clocks.
//! * [`serve`]: the socket; [`walls`]: what the process gives up before it listens.
//! * [`offline`]: a code for the day on which there is no desk.

pub mod args;
pub mod disk;
pub mod keep;
pub mod moment;
#[cfg(feature = "offline")]
pub mod offline;
mod open;
pub mod serve;
#[cfg(test)]
mod tests;
pub mod used;
pub mod vault;
pub mod walls;
