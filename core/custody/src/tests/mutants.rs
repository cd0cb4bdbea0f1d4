//! Each guard taken away alone.

use super::{Desk, root};
use crate::guard::{Guard, mutants::lose};
use crate::{Mode, Refusal};

#[test]
fn a_lost_guard_lets_through_what_it_guards() {
    let mut desk = Desk::ready();
    desk.submit("r1", "aoi", root(Mode::Direct), "1h");
    assert_eq!(desk.approve("r1", "aoi"), Err(Refusal::OwnRequest));
    lose(Some(Guard::NotSelf));
    assert_ne!(desk.approve("r1", "aoi"), Err(Refusal::OwnRequest));
    lose(None);
}
