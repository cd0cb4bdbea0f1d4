//! x
/// x
#[derive(Debug)]
pub enum Logging {}
/// x
pub fn logging(_: &str) {}
