//! What both programs print, and how: stdout is data, stderr is for people ([`printer`]), a name never leads the
//! terminal ([`tame`]), a JSON answer says what it is ([`schema`]), and is whole or not there ([`turn`]), a column has a width ([`width`]).
//!
//! It leaves to the programs what they say, and their progress bars: `kagi` answers within two milliseconds and draws none.

pub mod printer;
pub mod schema;
pub mod style;
pub mod tame;
pub mod turn;
pub mod width;
