//! A lake, read: usage by the same fold as from the files, and calls for replay.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use kagimori_estate::id::{AccessKeyId, AccountId};
use kagimori_estate::model::Problem;
use kagimori_trail::Usage;
use kagimori_trail::call::{Call, Caller};
use kagimori_trail::event::{Bodies, Event, Identity, SignIn};
use kagimori_trail::selection::Selection;
use kagimori_trail::usage::{Fold, Totals};
use rayon::prelude::*;
use serde_json::{Map, Value};

use crate::checks;
use crate::coverage::{Cover, Coverage, by_account, coverage, in_days};
use crate::error::LakeError;
use crate::files::Listing;
use crate::manifest::{Counts, Manifest, file_key};
use crate::parts::Part;
use crate::read::{Columns, RowView, scan, scan_told};
use crate::rollup;
use crate::schema::{Flag, List, Text};

/// A lake that was opened: what it holds is what its manifest listed then.
#[derive(Debug)]
pub struct Lake {
    root: PathBuf,
    manifest: Manifest,
}

impl Lake {
    /// Opens the lake in a folder; `None` when nothing was ever read into one there.
    pub fn open(root: &Path) -> Result<Option<Self>, LakeError> {
        let manifest = Manifest::open(root)?;
        Ok(Some(Self { root: root.to_owned(), manifest }).filter(|lake| !lake.manifest.is_empty()))
    }

    /// What was counted when it was filled.
    pub fn counts(&self) -> Counts {
        self.manifest.counts()
    }

    /// Which accounts, regions and days it covers.
    pub fn coverage(&self) -> Coverage {
        coverage(self.cover())
    }

    /// The coverage of the accounts and days that a question is about.
    pub fn coverage_of(&self, selection: &Selection) -> Coverage {
        coverage(self.cover().filter(|cover| cover.is_of(selection)))
    }

    fn cover(&self) -> impl Iterator<Item = &Cover> {
        self.manifest.done.values().flat_map(|done| &done.cover)
    }

    /// Files that were damaged or set aside when it was filled.
    pub fn problems(&self) -> Result<Vec<Problem>, LakeError> {
        self.manifest.problems()
    }

    /// Whether the last ingest was cut off: what its plans name is not all in the lake.
    pub fn is_unfinished(&self) -> bool {
        !self.manifest.unfinished.is_empty()
    }

    /// How many files below a folder are not in the lake yet, by name and version.
    pub fn unread(&self, folder: &Path, relative_to: &Path) -> Result<usize, LakeError> {
        let absolute =
            |path: &Path| std::fs::canonicalize(path).map_err(|error| LakeError::read(path, error));
        let mut listing = Listing::default();
        listing.walk(&absolute(folder)?, &absolute(relative_to)?);
        let seen = self.manifest.seen()?;
        Ok(listing.files.iter().filter(|file| !seen.contains(&file_key(file))).count())
    }

    /// The usage of the events that a question is about: the same as from the files.
    pub fn usage(&self, selection: &Selection) -> Result<Usage, LakeError> {
        let rolled_up = if selection.is_all() { self.rolled_up()? } else { None };
        let mut whole = match rolled_up {
            Some(whole) => whole,
            None => {
                let folds = self.scan(selection, Columns::Events, EventFold::default, EventFold::add)?;
                merged(folds.into_iter().map(|fold| fold.fold))
            }
        };
        whole.add_totals(&self.manifest.counts().totals());
        let mut usage = whole.finish();
        usage.coverage = by_account(self.cover());
        Ok(usage)
    }

    /// All events by the roll-ups; `None` when an earlier version wrote some of them.
    fn rolled_up(&self) -> Result<Option<Fold>, LakeError> {
        // One fold for many parts: agents and callers are the same in all of them.
        let fold = |parts: &[&Part]| -> Result<Option<Fold>, LakeError> {
            let mut told = EventFold::default();
            for part in parts {
                let path = self.root.join(&part.file);
                let is_whole = match part.file.split('/').next() {
                    Some("daily_actions") => rollup::add_actions(&path, &mut told.fold)?,
                    Some("daily_places") => rollup::add_places(&path, &mut told.fold)?,
                    Some("events") => scan_told(&path, |row| told.add_told(row)).map(|()| true)?,
                    _ => true,
                };
                if !is_whole {
                    return Ok(None);
                }
            }
            Ok(Some(told.fold))
        };
        let parts = self.manifest.parts();
        let share = parts.len().div_ceil(4 * rayon::current_num_threads()).max(1);
        let folds: Vec<Option<Fold>> = parts.par_chunks(share).map(fold).collect::<Result<_, _>>()?;
        let folds: Option<Vec<Fold>> = folds.into_iter().collect();
        let updates = Totals { updates: self.manifest.counts().updates, ..Totals::default() };
        Ok(folds.map(|folds| {
            let mut whole = merged(folds.into_iter());
            whole.add_totals(&updates);
            whole
        }))
    }

    /// Hands every call that a question is about to `each`, several threads at once, each with a state that `make` made;
    /// the states come back in the order of the lake's parts.
    ///
    /// Events that repeat others (`UPDATED_DATA`) are left out, and of a call that several accounts got a copy of
    /// (`sharedEventID`) the copies beside its caller's, when the lake holds events of the caller's account.
    pub fn calls<T: Send>(
        &self,
        selection: &Selection,
        make: impl Fn() -> T + Sync + Send,
        each: impl Fn(&mut T, &Call) + Sync + Send,
    ) -> Result<Vec<T>, LakeError> {
        let accounts: BTreeSet<&str> = self.cover().map(|cover| cover.account.as_str()).collect();
        self.scan(selection, Columns::Calls, make, |state, row| {
            let caller = row.text(Text::CallerAccount);
            let is_copy = row.text(Text::SharedId).is_some()
                && row.text(Text::Account).is_some_and(|account| Some(account) != caller)
                && caller.is_some_and(|caller| accounts.contains(caller));
            if !is_copy && row.flag(Flag::IsUpdate) != Some(true) {
                each(state, &call(row));
            }
        })
    }

    /// Reads the parts that may hold what is asked for, several at once.
    fn scan<T: Send>(
        &self,
        selection: &Selection,
        columns: Columns,
        make: impl Fn() -> T + Sync + Send,
        each: impl Fn(&mut T, &RowView<'_>) + Sync + Send,
    ) -> Result<Vec<T>, LakeError> {
        let parts: Vec<&Part> = self
            .manifest
            .parts()
            .into_iter()
            .filter(|part| part.is_of("events") && in_days(part.day, selection))
            .collect();
        let all = selection.is_all();
        parts
            .into_par_iter()
            .with_max_len(1)
            .map(|part| {
                let mut state = make();
                scan(&self.root.join(&part.file), selection, columns, |row| {
                    if all || wants(selection, row) {
                        each(&mut state, row);
                    }
                })?;
                Ok(state)
            })
            .collect()
    }
}

fn merged(folds: impl Iterator<Item = Fold>) -> Fold {
    let mut whole = Fold::default();
    folds.for_each(|fold| whole.merge(fold));
    whole
}

fn wants(selection: &Selection, row: &RowView<'_>) -> bool {
    selection.wants(&kagimori_trail::selection::Facts {
        time: row.time,
        account: row.text(Text::Account).or(row.text(Text::CallerAccount)),
        principal: row.text(Text::Principal),
        access_key: row.text(Text::AccessKey),
        name: row.text(Text::Name).unwrap_or_default(),
        error: row.text(Text::Error),
    })
}

/// A fold over rows.
#[derive(Default)]
struct EventFold {
    fold: Fold,
    /// The identity of the row before: rows are sorted by principal, so it mostly comes again.
    identity: String,
    told: Vec<Option<String>>,
}

/// What of a row makes its identity.
const IDENTITY: [(Text, &str); 9] = [
    (Text::IdType, "type"),
    (Text::PrincipalId, "principalId"),
    (Text::Arn, "arn"),
    (Text::CallerAccount, "accountId"),
    (Text::AccessKey, "accessKeyId"),
    (Text::UserName, "userName"),
    (Text::InvokedBy, "invokedBy"),
    (Text::Provider, "identityProvider"),
    (Text::Issuer, "sessionIssuer"),
];

impl EventFold {
    fn add(&mut self, row: &RowView<'_>) {
        self.identity_of(row);
        let mut event = event(row);
        event.identity = Some(Cow::Borrowed(&self.identity));
        self.fold.add(&event, true);
    }

    /// What the roll-ups do not tell of a row.
    fn add_told(&mut self, row: &RowView<'_>) {
        self.identity_of(row);
        let mut event = event(row);
        event.identity = Some(Cow::Borrowed(&self.identity));
        self.fold.add_told(&event);
    }

    /// `userIdentity` as the fold wants it, made anew only when it differs from the row before.
    fn identity_of(&mut self, row: &RowView<'_>) {
        let mfa = row.flag(Flag::Mfa).map(|mfa| if mfa { "true" } else { "false" });
        let told = || IDENTITY.iter().map(|(text, _)| row.text(*text)).chain([mfa]);
        let same = self.told.len() == IDENTITY.len() + 1
            && told().zip(&self.told).all(|(now, before)| now == before.as_deref());
        if !same {
            self.told = told().map(|text| text.map(str::to_owned)).collect();
            self.identity = identity_json(row, mfa);
        }
    }
}

fn identity_json(row: &RowView<'_>, mfa: Option<&str>) -> String {
    let mut object = Map::new();
    let mut session = Map::new();
    for (text, name) in IDENTITY {
        let Some(value) = row.text(text) else { continue };
        if text == Text::Issuer {
            session.insert("sessionIssuer".to_owned(), serde_json::json!({ "arn": value }));
        } else {
            object.insert(name.to_owned(), Value::from(value));
        }
    }
    if let Some(mfa) = mfa {
        session.insert("attributes".to_owned(), serde_json::json!({ "mfaAuthenticated": mfa }));
    }
    if !session.is_empty() {
        object.insert("sessionContext".to_owned(), Value::Object(session));
    }
    Value::Object(object).to_string()
}

/// The event of a row, without its identity and its bodies.
fn event<'a>(row: &RowView<'a>) -> Event<'a> {
    let text = |text| row.text(text).map(Cow::Borrowed);
    Event {
        time: row.time,
        source: text(Text::Source).unwrap_or_default(),
        name: text(Text::Name).unwrap_or_default(),
        id: Some(row.id).filter(|id| !id.is_empty()).map(Cow::Borrowed),
        event_type: text(Text::EventType),
        category: text(Text::Category),
        region: text(Text::Region),
        address: text(Text::Address),
        agent: text(Text::Agent),
        vpc_endpoint: text(Text::VpcEndpoint),
        error: text(Text::Error),
        message: text(Text::Message),
        read_only: row.flag(Flag::ReadOnly),
        recipient: text(Text::Account),
        shared_id: text(Text::SharedId),
        from_console: row.flag(Flag::FromConsole) == Some(true),
        updates_earlier: row.flag(Flag::IsUpdate) == Some(true),
        updated_id: text(Text::UpdatedId),
        identity: None,
        sign_in: row
            .flag(Flag::SignedIn)
            .map(|succeeded| SignIn { succeeded, mfa: row.flag(Flag::SignInMfa) }),
        bodies: Bodies::default(),
    }
}

fn identity<'a>(row: &RowView<'a>) -> Identity<'a> {
    let text = |text| row.text(text).map(Cow::Borrowed);
    Identity {
        kind: text(Text::IdType),
        principal_id: text(Text::PrincipalId),
        arn: text(Text::Arn),
        account: text(Text::CallerAccount),
        access_key: text(Text::AccessKey),
        user_name: text(Text::UserName),
        invoked_by: text(Text::InvokedBy),
        provider: text(Text::Provider),
        issuer: text(Text::Issuer),
        mfa: row.flag(Flag::Mfa),
        odd_types: 0,
    }
}

/// The call of a row.
fn call(row: &RowView<'_>) -> Call {
    let own = |text| row.text(text).map(Box::from);
    let identity = identity(row);
    let lists = row
        .list(List::Actions)
        .zip(row.list(List::CheckedResources))
        .zip(row.list(List::Forms))
        .zip(row.list(List::ResourceAccounts))
        .zip(row.list(List::Contexts));
    Call {
        time: row.time,
        event_id: Some(row.id).filter(|id| !id.is_empty()).map(Box::from),
        source: row.text(Text::Source).unwrap_or_default().into(),
        name: row.text(Text::Name).unwrap_or_default().into(),
        account: row.text(Text::Account).and_then(|account| AccountId::parse(account).ok()),
        region: own(Text::Region),
        caller: Caller {
            principal: identity.principal(),
            arn: own(Text::Arn),
            account: identity.account_id(),
            access_key: identity.access_key.as_deref().and_then(|key| AccessKeyId::parse(key).ok()),
            mfa: identity.mfa,
            address: own(Text::Address),
            agent: own(Text::Agent),
            vpc_endpoint: own(Text::VpcEndpoint),
            invoked_by: own(Text::InvokedBy),
        },
        outcome: checks::outcome_of(row.text(Text::Outcome).unwrap_or_default()),
        error: own(Text::Error),
        checks: lists
            .map(|((((action, resource), form), account), context)| {
                checks::check_of(action, resource, form, account, context)
            })
            .collect(),
        gap: checks::gap_of(row.text(Text::Gap).unwrap_or_default()),
        issued: row.text(Text::Issued).and_then(|key| AccessKeyId::parse(key).ok()),
    }
}
