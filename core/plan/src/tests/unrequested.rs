//! Root beside the log of a desk.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kagimori_custody::{Grants, RootLogin, RootTrail, Span, Told};
use kagimori_id::AccountId;

use super::truth_table::{LONG_AGO, NO_KEY, TODAY, report, row};
use super::{Files, estate, now};
use crate::check::{Beside, Context, run};
use crate::review::review_beside;
use crate::verdict::Outcome;
use crate::{Groundwork, Settings};

const CHECK: &str = "root-login-unrequested";

fn account() -> AccountId {
    AccountId::parse("111122223333").unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn files() -> Files {
    report(&[row("u", ("true", TODAY, LONG_AGO), "true", [NO_KEY, NO_KEY])])
}

/// A desk that looks after the account, and has released nothing.
fn grants() -> Grants {
    let accounts = BTreeMap::from([(account(), Vec::new())]);
    Grants { founded: Some(at("2026-01-01T00:00:00Z")), accounts, ..Grants::default() }
}

fn told(gaps: Vec<(Timestamp, Timestamp)>) -> Told {
    let span = Span { from: at("2026-01-01T00:00:00Z"), until: at("2026-06-01T00:00:00Z"), gaps };
    Told::of([(account(), span)])
}

fn login(when: &str) -> RootLogin {
    let (id, address) = ("l".to_owned(), Some("198.51.100.1".to_owned()));
    RootLogin { id, account: account(), at: at(when), succeeded: true, mfa: Some(true), address }
}

/// What the check says of the account's root; `None`: it was not asked.
fn says(desk: Option<&Beside>) -> Option<Outcome> {
    let estate = estate(&files());
    let settings = Settings::default();
    let mut context = Context::new(&estate, None, &settings, now());
    context.desk = desk;
    let mut everything = super::Everything::default();
    run(&context, &estate.accounts.values().collect::<Vec<_>>(), &mut everything);
    let mut found = everything.outcomes.into_iter().filter(|((check, _), _)| *check == CHECK);
    found.next().map(|(_, outcome)| outcome)
}

#[test]
fn nothing_is_said_without_a_log_and_nothing_passes_on_blindness() {
    assert_eq!(says(None), None);
    let with = |trail: Option<RootTrail>| says(Some(&Beside::of(grants(), trail)));
    assert_eq!(with(None), Some(Outcome::Unknown));
    assert_eq!(with(Some(RootTrail::default())), Some(Outcome::Unknown));
    let whole = RootTrail { told: told(Vec::new()), ..RootTrail::default() };
    assert_eq!(with(Some(whole.clone())), Some(Outcome::Pass));
    let gap = (at("2026-02-01T00:00:00Z"), at("2026-02-09T00:00:00Z"));
    assert_eq!(with(Some(RootTrail { told: told(vec![gap]), ..whole.clone() })), Some(Outcome::Unknown));
    let logins = vec![login("2026-03-01T00:00:00Z")];
    assert_eq!(with(Some(RootTrail { logins: logins.clone(), ..whole })), Some(Outcome::Fail));
    // What is there is there, however blind the trail is otherwise.
    assert_eq!(with(Some(RootTrail { logins, ..RootTrail::default() })), Some(Outcome::Fail));
}

/// Who leaves the log out does not close a finding: it is lost from sight.
#[test]
fn a_finding_is_not_fixed_by_asking_no_more() {
    let estate = estate(&files());
    let settings = Settings::default();
    let logins = vec![login("2026-03-01T00:00:00Z")];
    let trail = RootTrail { logins, told: told(Vec::new()), ..RootTrail::default() };
    let beside = Beside::of(grants(), Some(trail));
    let of = |desk| review_beside(Groundwork::of(&estate, now()), &estate, None, desk, &settings);
    let (with, without) = (of(Some(&beside)), of(None));
    let failed: Vec<_> = with.verdicts.iter().filter(|verdict| verdict.check == CHECK).collect();
    assert_eq!(failed.len(), 1);
    let json = serde_json::json!({
        "uid": failed[0].uid(), "check": CHECK, "outcome": failed[0].outcome, "resource": *failed[0].resource,
    });
    let earlier = serde_json::from_value(json).unwrap();
    let compared = crate::review::compared::compare(&without, &estate, &[earlier]);
    assert_eq!((compared.lost.len(), compared.fixed.len()), (1, 0));
}
