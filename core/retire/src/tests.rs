//! The ladder, its settings and its evidence; and everything that can happen to it, in every order.

mod evidence;
mod explorer;
mod ladder;
mod mutants;
mod story;
mod terraform;
mod world;

use std::collections::BTreeSet;

use jiff::Timestamp;
use kagimori_id::{AccessKeyId, Arn};

use crate::{
    Credential, Enough, Evidence, Expected, Ladder, Lasting, PlanRef, Rung, Start, State, Thousandths,
};

/// Ids of AWS's documented form, made here.
fn key(number: usize) -> AccessKeyId {
    AccessKeyId::parse(&format!("AKIAIOSFODNN7EXAMPL{}", ["A", "B", "C", "D"][number])).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn lasting(text: &str) -> Lasting {
    text.parse().unwrap()
}

fn rung(off: &str, wait: Option<&str>) -> Rung {
    Rung { off: lasting(off), wait: wait.map(lasting) }
}

fn plan(id: &str) -> PlanRef {
    PlanRef { id: id.to_owned(), text: id.to_owned() }
}

fn start(number: usize, owner: &str, ladder: Ladder, notice: &str, shown: &str) -> Start {
    let rungs = ladder.rungs().len();
    let expected = Expected { calls: Thousandths::whole(5), power: Thousandths::whole(1) };
    let (from, until) = (at("2026-08-01T00:00:00Z"), at("2026-11-01T00:00:00Z"));
    let user = format!("arn:aws:iam::111122223333:user/svc-{number}");
    Start {
        credential: Credential {
            key: key(number),
            user: Arn::parse(&user).unwrap(),
            siblings: BTreeSet::new(),
        },
        owner: owner.to_owned(),
        purpose: None,
        ladder,
        notice: lasting(notice),
        shown: lasting(shown),
        enough: Enough::default(),
        evidence: Evidence {
            from,
            until,
            calls: 1,
            last: None,
            last_write: None,
            rungs: vec![expected; rungs],
        },
        offs: (0..rungs).map(|rung| plan(&format!("off {number}/{rung}"))).collect(),
        delete: plan(&format!("delete {number}")),
        by: "mika".to_owned(),
        reason: None,
        against: Vec::new(),
    }
}

fn begun(start: Start, now: Timestamp) -> State {
    State::begun(start, now)
}
