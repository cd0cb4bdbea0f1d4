//! Usage from the roll-ups: the same as from all events, without reading them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use kagimori_id::{AccessKeyId, AccountId};
use kagimori_trail::Usage;
use kagimori_trail::call::Check;
use kagimori_trail::event::{ASSUMED_ROOT, Identity, Principal, is_console};
use kagimori_trail::history::{self, Made};
use kagimori_trail::usage::{Activity, Called, CalledFrom, Fold, Tally, Who};
use parquet::errors::ParquetError;
use rustc_hash::FxHashMap;

use crate::checks::checks_of_work;
use crate::error::LakeError;
use crate::read::{Flags, Group, Texts, roll_up};
use crate::schema::{ACTIONS, ORIGINS, PLACES};

/// Takes in a part of `daily_actions/`; `false` when an earlier version wrote it.
pub(crate) fn add_actions(path: &Path, fold: &mut Fold) -> Result<bool, LakeError> {
    roll_up(path, &ACTIONS, |group| add_group_of_actions(group, fold))
}

/// Takes in a part of `daily_places/`; `false` when an earlier version wrote it.
pub(crate) fn add_places(path: &Path, fold: &mut Fold) -> Result<bool, LakeError> {
    roll_up(path, &PLACES, |group| add_group_of_places(group, fold))
}

/// Takes in a part of `daily_origins/`, but for copies of calls; `false` when an earlier version wrote it.
pub(crate) fn add_origins(path: &Path, seen: &mut history::Seen) -> Result<bool, LakeError> {
    roll_up(path, &ORIGINS, |group| add_group_of_origins(group, seen))
}

fn add_group_of_origins(group: &Group<'_>, seen: &mut history::Seen) -> Result<(), ParquetError> {
    let texts = |name| group.texts(name);
    let (principals, kinds) = (texts("principal")?, texts("id_type")?);
    let (accounts, callers) = (texts("account")?, texts("caller_account")?);
    let (keys, invokers, regions) = (texts("access_key_id")?, texts("invoked_by")?, texts("region")?);
    let (sources, names, works) = (texts("event_source")?, texts("event_name")?, texts("work")?);
    let (addresses, endpoints, agents) = (texts("source_ip")?, texts("vpce")?, texts("user_agent")?);
    let flags = |name| group.flags(name);
    let (denied, data, read_only) = (flags("denied")?, flags("data")?, flags("read_only")?);
    let (instances, console) = (flags("instance_session")?, flags("console")?);
    let tallies = Tallies::of(group)?;
    let mut known_checks: FxHashMap<usize, Vec<Check>> = FxHashMap::default();
    let mut last: Option<((usize, usize), Principal)> = None;
    for row in 0..group.rows() {
        let tally = tallies.row(row, false);
        if tally.is_shared_copy {
            continue;
        }
        let places = (principals.row(row), kinds.row(row));
        let same = last.take().filter(|(known, _)| *known == places);
        let (_, principal) = last.insert(same.unwrap_or_else(|| {
            let kind = kinds.text(places.1);
            let principal = principals.text(places.0).map(|text| Principal::from_text(text, kind));
            (places, principal.unwrap_or(Principal::Other))
        }));
        let of = |texts: &Texts| texts.text(texts.row(row)).and_then(|text| AccountId::parse(text).ok());
        let key = keys.text(keys.row(row)).and_then(|key| AccessKeyId::parse(key).ok());
        let invoker = invokers.text(invokers.row(row));
        let through_console = invoker.is_some_and(is_console);
        let work = works.row(row);
        let checks = known_checks
            .entry(work)
            .or_insert_with(|| works.text(work).map(checks_of_work).unwrap_or_default());
        seen.add_made(&Made {
            principal,
            account: of(&accounts).or(of(&callers)),
            access_key: key.as_ref(),
            address: addresses.text(addresses.row(row)),
            agent: agents.text(agents.row(row)),
            vpc_endpoint: endpoints.text(endpoints.row(row)),
            is_by_service: invoker.is_some() && !through_console,
            is_from_console: console.row(row) == Some(true) || through_console,
            is_instance_session: instances.row(row) == Some(true),
            region: regions.text(regions.row(row)),
            source: sources.text(sources.row(row)).unwrap_or_default(),
            name: names.text(names.row(row)).unwrap_or_default(),
            is_denied: denied.row(row) == Some(true),
            is_data: data.row(row) == Some(true),
            read_only: read_only.row(row),
            checks,
            calls: tally.calls,
            first: tally.first,
            last: tally.last,
        });
    }
    Ok(())
}

/// When the principals and long-term keys of a trail were seen, first and last, in seconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "two lists of names")]
pub struct Names {
    /// By ARN.
    pub principals: BTreeMap<String, (i64, i64)>,
    /// By id.
    pub keys: BTreeMap<String, (i64, i64)>,
}

impl Names {
    /// The users, roles, roots and long-term keys whose use was counted: the same from files and from a lake.
    pub fn of(usage: &Usage) -> Self {
        let seen = |did: &Activity| (did.first.as_second(), did.last.as_second());
        let named = usage.users.iter().chain(&usage.roles).map(|(arn, did)| (arn.to_string(), seen(did)));
        let roots = usage.roots.iter().map(|(account, did)| (Usage::root_arn(*account, did), seen(did)));
        let keys = usage.keys.iter().map(|(key, used)| (key.to_string(), seen(&used.activity)));
        Self { principals: named.chain(roots).collect(), keys: keys.collect() }
    }
}

fn add_group_of_actions(group: &Group<'_>, fold: &mut Fold) -> Result<(), ParquetError> {
    fold.tidy();
    let mut callers = Callers::of(group, None)?;
    let mut sources = Named::of(group, "event_source")?;
    let mut names = Named::of(group, "event_name")?;
    let mut errors = Named::of(group, "error_code")?;
    let (types, read_only) = (group.texts("event_type")?, group.flags("read_only")?);
    let tallies = Tallies::of(group)?;
    for row in 0..group.rows() {
        let called = Called {
            source: sources.row(row, |text| fold.name(text)).unwrap_or_else(|| fold.name("")),
            name: names.row(row, |text| fold.name(text)).unwrap_or_else(|| fold.name("")),
            error: errors.row(row, |text| fold.name(text)),
            read_only: read_only.row(row),
        };
        let is_service_event = types.text(types.row(row)) == Some("AwsServiceEvent");
        let tally = tallies.row(row, is_service_event);
        let who = callers.row(row, fold);
        fold.add_called(who, &tally, &called);
    }
    Ok(())
}

fn add_group_of_places(group: &Group<'_>, fold: &mut Fold) -> Result<(), ParquetError> {
    fold.tidy();
    let mut callers = Callers::of(group, Some("mfa"))?;
    let mut regions = Named::of(group, "region")?;
    let mut addresses = Named::of(group, "source_ip")?;
    let mut endpoints = Named::of(group, "vpce")?;
    let mut agents = Named::of(group, "user_agent")?;
    let flags = |name| group.flags(name);
    let (console, instances, services) =
        (flags("console")?, flags("instance_session")?, flags("service_event")?);
    let tallies = Tallies::of(group)?;
    for row in 0..group.rows() {
        let from = CalledFrom {
            region: regions.row(row, |text| fold.name(text)),
            address: addresses.row(row, |text| fold.name(text)),
            vpc_endpoint: endpoints.row(row, |text| fold.name(text)),
            agent: agents.row(row, |text| fold.agent(text)),
            is_console: console.row(row) == Some(true),
            is_instance_session: instances.row(row) == Some(true),
        };
        let tally = tallies.row(row, services.row(row) == Some(true));
        let who = callers.row(row, fold);
        fold.add_from(who, &tally, &from);
    }
    Ok(())
}

/// A column of texts, each made a name of the fold when it first comes.
struct Named<N> {
    texts: Texts,
    names: Vec<Option<N>>,
}

impl<N: Copy> Named<N> {
    fn of(group: &Group<'_>, column: &str) -> Result<Self, ParquetError> {
        Ok(Self { texts: group.texts(column)?, names: Vec::new() })
    }

    /// The name of a row's text.
    fn row(&mut self, row: usize, name: impl FnOnce(&str) -> N) -> Option<N> {
        let place = self.texts.row(row);
        if let Some(Some(name)) = self.names.get(place) {
            return Some(*name);
        }
        let name = name(self.texts.text(place)?);
        if self.names.len() <= place {
            self.names.resize(place + 1, None);
        }
        if let Some(known) = self.names.get_mut(place) {
            *known = Some(name);
        }
        Some(name)
    }
}

/// How often and when.
struct Tallies {
    calls: Vec<i64>,
    first: Vec<i64>,
    last: Vec<i64>,
    copies: Flags,
}

impl Tallies {
    fn of(group: &Group<'_>) -> Result<Self, ParquetError> {
        let copies = group.flags("shared_copy")?;
        let numbers = |name| group.numbers(name);
        Ok(Self { calls: numbers("n")?, first: numbers("first")?, last: numbers("last")?, copies })
    }

    fn row(&self, row: usize, is_service_event: bool) -> Tally {
        let number = |column: &Vec<i64>| column.get(row).copied().unwrap_or_default();
        Tally {
            calls: u64::try_from(number(&self.calls)).unwrap_or_default(),
            first: number(&self.first).div_euclid(1_000_000),
            last: number(&self.last).div_euclid(1_000_000),
            is_shared_copy: self.copies.row(row) == Some(true),
            is_service_event,
        }
    }
}

/// What makes a caller.
const CALLER: [&str; 5] = ["principal", "access_key_id", "caller_account", "id_type", "invoked_by"];

/// Whose calls they are. Rows are sorted by principal: the caller of the row before mostly comes again.
struct Callers {
    texts: [Texts; CALLER.len()],
    mfa: Flags,
    last: Option<([usize; CALLER.len()], Option<bool>, Who)>,
}

impl Callers {
    fn of(group: &Group<'_>, mfa: Option<&str>) -> Result<Self, ParquetError> {
        let [principal, key, account, kind, service] = CALLER.map(|name| group.texts(name));
        let mfa = mfa.map_or(Ok(Flags::Same(None)), |name| group.flags(name))?;
        Ok(Self { texts: [principal?, key?, account?, kind?, service?], mfa, last: None })
    }

    fn row(&mut self, row: usize, fold: &mut Fold) -> &Who {
        let (places, mfa) = (self.texts.each_ref().map(|texts| texts.row(row)), self.mfa.row(row));
        let same = self.last.take().filter(|(known, known_mfa, _)| *known == places && *known_mfa == mfa);
        let who = same.map_or_else(|| fold.who(&self.identity(places, mfa)), |(_, _, who)| who);
        &self.last.insert((places, mfa, who)).2
    }

    /// The principal is an ARN, or what a sign-in tells (`ACCOUNT:user/NAME`).
    fn identity(&self, places: [usize; CALLER.len()], mfa: Option<bool>) -> Identity<'_> {
        let mut texts = self.texts.iter().zip(places).map(|(texts, place)| texts.text(place));
        let mut next = || texts.next().flatten();
        let (principal, key, account, kind, service) = (next(), next(), next(), next(), next());
        let name = principal.filter(|principal| !principal.starts_with("arn:"));
        // Where only the unique id is told, the principal is `ACCOUNT:AIDA…`.
        let unique_id = name.and_then(|name| Some(name.split_once(':')?.1));
        let assumed_root = name.is_some_and(|name| name.ends_with(ASSUMED_ROOT));
        let name = name.and_then(|name| Some(name.split_once(":user/")?.1));
        Identity {
            kind: kind.map(Cow::Borrowed),
            arn: principal.map(Cow::Borrowed),
            principal_id: unique_id.map(Cow::Borrowed),
            assumed_root,
            account: account.map(Cow::Borrowed),
            access_key: key.map(Cow::Borrowed),
            user_name: name.map(Cow::Borrowed),
            invoked_by: service.map(Cow::Borrowed),
            mfa,
            ..Identity::default()
        }
    }
}
