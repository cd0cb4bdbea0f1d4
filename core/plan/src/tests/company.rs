//! The fictional company's planted faults, as its README tells them.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use kagimori_estate::Estate;
use kagimori_estate::fact::Dataset;
use kagimori_estate::model::{Problem, ProblemKind};
use kagimori_testkit::Options;
use kagimori_trail::Usage;

use super::{estate, everything, is_whole, now, outcome, settings, usage};
use crate::check::catalogue;
use crate::sentence::{Language, sentence};
use crate::verdict::Outcome;
use crate::{Groundwork, Review, Settings, review, review_on};

/// The company, read once.
struct Company {
    options: Options,
    estate: Estate,
    trail: Usage,
    settings: Settings,
}

/// Everybody with a name and a story over the whole time; with `KAGIMORI_MATRIX=all`, the committed company.
static COMPANY: LazyLock<Company> = LazyLock::new(|| {
    let options =
        if is_whole() { Options::default() } else { Options { users: 0, roles: 0, ..Options::default() } };
    let files = kagimori_testkit::generate(&options);
    Company { estate: estate(&files), trail: usage(&files), settings: settings(&files), options }
});

#[test]
fn the_stories_are_told() {
    let Company { estate, trail, settings, .. } = &*COMPANY;
    let everything = everything(estate, Some(trail), settings);
    let fails = [
        ("root-access-key", "<root_account>"),
        ("key-noise-only", "svc-old-poller"),
        ("key-noise-only", "svc-heartbeat"),
        ("key-shared", "svc-tide-api"),
        ("key-for-aws-workload", "svc-tide-api"),
        ("key-unexpected-origin", "svc-ferry-web"),
        ("threat-heuristics", "svc-ferry-web"),
        ("key-unused", "svc-mail-trial"),
        ("service-user-with-password", "jenkins"),
        ("mfa-console-user", "mei.kondo"),
        ("mfa-privileged-user", "tsubasa.ogawa"),
        ("mfa-deny-unless", "deny-unless-mfa"),
        ("mfa-trust-missing", "DBOperator"),
        ("trust-external-no-extid", "kazami-weather"),
        ("trust-any", "open-house"),
        ("oidc-sub-wide", "github-preview"),
        ("admin-unattached", "old-everything"),
    ];
    for (check, name) in fails {
        let any = everything.outcomes.iter().any(|((id, resource), outcome)| {
            *id == check && resource.name == name && *outcome == Outcome::Fail
        });
        let expected = check != "admin-unattached";
        assert_eq!(any, expected, "{check} {name}");
    }
    // an administrator on paper, capped to looking by a boundary, is not in population C
    assert_eq!(outcome(&everything, "mfa-privileged-user", "aoi.takahashi"), Outcome::Pass);
    // the monitoring vendor asks for an external id
    assert_eq!(outcome(&everything, "trust-external-no-extid", "umineko-monitoring"), Outcome::Pass);
    assert_eq!(outcome(&everything, "key-low-frequency", "ci-release"), Outcome::Info);
}

/// A trail of which nobody looked where its calls come from says nothing about that.
#[test]
fn what_was_not_looked_at_is_unknown() {
    let Company { estate, trail, settings, .. } = &*COMPANY;
    let trail = Usage { history: None, ..trail.clone() };
    let everything = everything(estate, Some(&trail), settings);
    for check in ["key-unexpected-origin", "key-shared", "threat-heuristics", "permission-unused"] {
        let of_check = everything.outcomes.iter().filter(|((id, _), _)| *id == check);
        let outcomes: BTreeSet<Outcome> = of_check.map(|(_, outcome)| *outcome).collect();
        assert!(outcomes.contains(&Outcome::Unknown), "{check}: {outcomes:?}");
        let told = [Outcome::Pass, Outcome::Fail, Outcome::Info];
        assert!(told.iter().all(|told| !outcomes.contains(told)), "{check}: {outcomes:?}");
    }
}

#[test]
fn every_sentence_is_complete_in_both_languages() {
    let Company { estate, trail, settings, .. } = &*COMPANY;
    let everything = everything(estate, Some(trail), settings);
    let mut said = BTreeSet::new();
    for verdict in everything.verdicts.iter().filter(|verdict| verdict.gap.is_none()) {
        let check = crate::check::find(verdict.check).unwrap();
        for (name, _) in &verdict.facts {
            assert!(
                check.finding.contains(&format!("{{{name}}}")),
                "{}: the fact `{name}` is not said",
                verdict.check
            );
        }
        for part in check.finding.split('{').skip(1) {
            let name = part.split('}').next().unwrap();
            assert!(
                verdict.facts.iter().any(|(fact, _)| *fact == name),
                "{}: `{name}` has no fact",
                verdict.check
            );
        }
        for language in [Language::En, Language::Ja] {
            let text = sentence(verdict, language);
            assert!(!text.is_empty() && !text.contains('{'), "{}: {text}", verdict.check);
        }
        said.insert(verdict.check);
    }
    assert!(
        said.len() >= 60,
        "the company gives {} of {} checks something to say",
        said.len(),
        catalogue().len()
    );
}

#[test]
fn a_review_adds_up() {
    let Company { estate, trail, settings, .. } = &*COMPANY;
    let review = review(estate, Some(trail), settings, now());
    let failing = review.verdicts.iter().filter(|verdict| verdict.outcome == Outcome::Fail).count();
    let tallied: usize = review.tallies.values().map(|tally| tally.fail).sum();
    let by_account: usize = review.accounts.iter().flat_map(|row| row.failures.values()).sum();
    assert_eq!((failing, failing), (tallied, by_account));
    let uids: BTreeSet<String> = review.verdicts.iter().map(|verdict| verdict.uid()).collect();
    assert_eq!(uids.len(), review.verdicts.len(), "two findings share a uid");
    assert!(review.verdicts.is_sorted_by_key(|verdict| (verdict.outcome, verdict.severity(), verdict.check)));
    let skipped =
        review.accounts.iter().filter(|row| row.state == crate::review::AccountState::Skipped).count();
    assert_eq!(skipped, 1, "the closed account is listed and not reviewed");
    assert!(review.verdicts.iter().any(|verdict| verdict.check == "waiver-expired"));
    assert!(!review.waived.is_empty());
}

/// What the estate alone tells may be worked out while the trail is read, whose problems come later.
#[test]
fn groundwork_does_not_wait_for_the_trail() {
    let Company { estate, trail, settings, .. } = &*COMPANY;
    let account = *estate.accounts.keys().next().unwrap();
    let torn = Problem {
        file: "trail/torn.json.gz".to_owned(),
        account: Some(account),
        dataset: Some(Dataset::Trail),
        kind: ProblemKind::Partial,
        message: "it ends early".to_owned(),
        hint: "fetch it again".to_owned(),
    };
    let whole = estate.with_problems([torn.clone()]);
    assert_eq!(whole.problems.iter().filter(|problem| **problem == torn).count(), 1);
    let at_once = review(&whole, Some(trail), settings, now());
    let on = review_on(Groundwork::of(estate, now()), &whole, Some(trail), settings);
    assert_eq!(format!("{at_once:?}"), format!("{on:?}"));
    let state = |review: &Review| review.accounts.iter().find(|row| row.id == account).unwrap().state;
    assert_ne!(state(&on), state(&review(estate, Some(trail), settings, now())));
}

#[test]
fn everything_that_was_planted_is_found() {
    let Company { estate, trail, settings, options } = &*COMPANY;
    let review = review(estate, Some(trail), settings, now());
    let said: Vec<_> = review
        .verdicts
        .iter()
        .chain(review.waived.iter().map(|(verdict, _)| verdict))
        .filter(|verdict| matches!(verdict.outcome, Outcome::Fail | Outcome::Info))
        .collect();
    let found = |fault: &kagimori_testkit::Planted| {
        said.iter().any(|verdict| {
            let resource = &verdict.resource;
            verdict.check == fault.check
                && resource.account.to_string() == fault.account
                && resource.arn == fault.arn
                && (fault.key.is_none() || resource.key == fault.key)
        })
    };
    let planted = kagimori_testkit::planted(options);
    let missed: Vec<_> = planted.iter().filter(|fault| !found(fault)).collect();
    assert!(
        planted.len() > 100 && missed.is_empty(),
        "{} of {} missed: {missed:#?}",
        missed.len(),
        planted.len()
    );
}
