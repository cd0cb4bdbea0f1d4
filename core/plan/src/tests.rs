//! Tests over whole reviews: of the fictional company, and of small files written for one case.

mod beside;
mod collected;
mod company;
mod compared;
mod deny_matrix;
mod fail_open;
mod mappings;
mod nowhere;
mod seen;
mod subjects;
mod trust;
mod truth_table;
mod unrequested;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use jiff::Timestamp;
use kagimori_estate::Estate;
use kagimori_estate::read::{Assembler, File, read};
use kagimori_id::AccountId;
use kagimori_trail::call::Call;
use kagimori_trail::event::{self, Event, Identity};
use kagimori_trail::usage::{EventIds, Fold, event_key};
use kagimori_trail::{Usage, history};

use crate::Settings;
use crate::check::{Context, Named, Sink, run};
use crate::verdict::{Outcome, Resource, Verdict};

/// A directory of files in memory.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// Whether tests over many cells run all of them, and not a part that stands for the rest: `KAGIMORI_MATRIX=all`.
#[expect(clippy::disallowed_methods, reason = "how long the tests may take is said by who runs them")]
pub(crate) fn is_whole() -> bool {
    std::env::var("KAGIMORI_MATRIX").is_ok_and(|what| !what.is_empty())
}

const NOW: &str = "2026-11-01T00:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn shiosai() -> Files {
    kagimori_testkit::generate(&kagimori_testkit::Options {
        days: 12,
        users: 70,
        roles: 60,
        ..Default::default()
    })
}

/// Accounts that have no kind of file which the other three have not.
const LEFT_OUT: [&str; 3] = ["555566667777", "666677778888", "777788889999"];

/// Half the company's people and machines with a name and a story, and two days of their trail.
fn half() -> Files {
    let options = kagimori_testkit::Options { days: 2, users: 0, roles: 0, ..Default::default() };
    let is_kept =
        |path: &str| !LEFT_OUT.iter().any(|account| path.starts_with(&format!("snapshots/{account}/")));
    kagimori_testkit::generate(&options).into_iter().filter(|(path, _)| is_kept(path)).collect()
}

pub(crate) fn estate(files: &Files) -> Estate {
    estate_as_of(files, now())
}

fn estate_as_of(files: &Files, as_of: Timestamp) -> Estate {
    let mut assembler = Assembler::default();
    for (path, bytes) in files.iter().filter(|(path, _)| !path.starts_with("trail/") && path.contains('/')) {
        let account = path.split('/').nth(1).and_then(|folder| AccountId::parse(folder).ok());
        assembler.add(read(File { path, account, bytes }));
    }
    assembler.finish(Some(as_of))
}

fn usage(files: &Files) -> Usage {
    let (mut fold, mut seen, mut history) = (Fold::default(), EventIds::default(), history::Seen::default());
    for (_, bytes) in files.iter().filter(|(path, _)| path.starts_with("trail/")) {
        let mut text = Vec::new();
        flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut text).unwrap();
        let reading = event::read(&text, |event: Event<'_>| {
            let fresh = event_key(&event).is_none_or(|key| seen.insert(key).counts());
            fold.add(&event, fresh);
            if fresh && !event.updates_earlier {
                let identity = event.identity.as_deref().map(Identity::parse).unwrap_or_default();
                history.add(&Call::of(&event, &identity));
            }
        });
        fold.add_file(text.len() as u64, &reading);
    }
    Usage { history: Some(history), ..fold.finish() }
}

fn settings(files: &Files) -> Settings {
    files
        .get("kagimori.toml")
        .map_or_else(Settings::default, |text| Settings::parse(std::str::from_utf8(text).unwrap()).unwrap())
}

/// Every verdict, passes too, by check and resource.
#[derive(Default)]
struct Everything {
    outcomes: BTreeMap<(&'static str, Resource), Outcome>,
    verdicts: Vec<Verdict>,
    /// The users whom only the credential report names.
    only_reported: BTreeSet<String>,
}

impl Sink for Everything {
    fn take(&mut self, verdict: Verdict) {
        self.outcomes.insert((verdict.check, (*verdict.resource).clone()), verdict.outcome);
        self.verdicts.push(verdict);
    }

    fn count(&mut self, check: &'static str, outcome: Outcome, named: &Named<'_>, _: AccountId) {
        self.outcomes.insert((check, named.resource()), outcome);
    }
}

fn everything(estate: &Estate, usage: Option<&Usage>, settings: &Settings) -> Everything {
    let context = Context::new(estate, usage, settings, now());
    let accounts: Vec<_> = estate.accounts.values().collect();
    let mut everything = Everything::default();
    run(&context, &accounts, &mut everything);
    let reported = accounts
        .iter()
        .flat_map(|account| account.deleted_users.iter().filter_map(|name| account.users.get(name)));
    everything.only_reported = reported.map(|user| user.arn.to_string()).collect();
    everything
}

fn review_of(files: &Files, settings: &Settings) -> crate::Review {
    crate::review(&estate(files), None, settings, now())
}

/// What a check says of the resource with this name (and key, if it names one).
fn outcome(everything: &Everything, check: &str, name: &str) -> Outcome {
    let found: BTreeSet<Outcome> = everything
        .outcomes
        .iter()
        .filter(|((id, resource), _)| {
            *id == check && (resource.name == name || resource.key.as_deref() == Some(name))
        })
        .map(|(_, outcome)| *outcome)
        .collect();
    assert_eq!(found.len(), 1, "{check} of {name}: {found:?}");
    found.into_iter().next().unwrap()
}
