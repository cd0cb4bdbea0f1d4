//! What people, machines and enemies get wrong: each with its message and its hint.

use crate::support::Machine;

#[test]
fn placeholder() {
    let _ = Machine::empty();
}
