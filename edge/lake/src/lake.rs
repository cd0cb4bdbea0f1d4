//! A lake, read: usage by the same fold as from the files, and calls for replay.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use kagimori_estate::model::Problem;
use kagimori_trail::Usage;
use kagimori_trail::call::Call;
use kagimori_trail::copies::{Copies, is_anothers};
use kagimori_trail::event::{Bodies, Event, SignIn};
use kagimori_trail::history;
use kagimori_trail::selection::Selection;
use kagimori_trail::usage::{Fold, Totals, Who};

use crate::calls::{CallAtHand, identity};
use crate::coverage::{Cover, Coverage, by_account, coverage, in_days, is_whole_day};
use crate::error::LakeError;
use crate::files::{Known, Listing};
use crate::manifest::{Counts, Manifest};
use crate::parts::{Part, written_with};
use crate::raw::with_copies;
use crate::read::{
    Columns, RowView, Want, scan, scan_columns, scan_columns_of_copies, scan_copies, scan_told,
};
use crate::rollup::{self, Names};
use crate::schema::{Flag, Text};

/// How many files of a trail are not in a lake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "an ingest reads them, or it does not")]
pub struct Unread {
    /// The next ingest reads them.
    pub new: usize,
    /// Their names are no UTF-8: no ingest reads them.
    pub nameless: usize,
}

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
        coverage(self.cover(), &Selection::default())
    }

    /// The coverage of the accounts and days that a question is about.
    pub fn coverage_of(&self, selection: &Selection) -> Coverage {
        coverage(self.cover(), selection)
    }

    fn cover(&self) -> impl Iterator<Item = &Cover> {
        self.manifest.cover()
    }

    /// Files that were damaged or set aside when it was filled.
    pub fn problems(&self) -> Result<Vec<Problem>, LakeError> {
        self.manifest.problems()
    }

    /// Whether the last ingest was cut off: what its plans name is not all in the lake.
    pub fn is_unfinished(&self) -> bool {
        !self.manifest.unfinished.is_empty()
    }

    /// The files below a folder that are not in the lake yet, by name and version.
    pub fn unread(&self, folder: &Path, relative_to: &Path) -> Result<Unread, LakeError> {
        let absolute =
            |path: &Path| std::fs::canonicalize(path).map_err(|error| LakeError::read(path, error));
        let known = Known { done: self.manifest.seen()?, ..Known::default() };
        let mut listing = Listing { known, ..Listing::default() };
        listing.walk(&absolute(folder)?, &absolute(relative_to)?);
        let nameless = listing.files.iter().filter(|file| file.is_nameless()).count();
        Ok(Unread { new: listing.files.len().saturating_sub(nameless), nameless })
    }

    /// Asks what the lake held when it was opened; where a part went away since, because an ingest replaced it, what the lake
    /// holds now.
    fn ask<T>(&self, ask: impl Fn(&Parts<'_>) -> Result<T, LakeError>) -> Result<T, LakeError> {
        let mut answer = ask(&Parts { root: &self.root, manifest: &self.manifest });
        for _ in 0..ASKED_AGAIN_MAX {
            let Err(LakeError::Gone(path)) = &answer else { break };
            let now = Manifest::open(&self.root)?;
            // What went away otherwise is lost: a lake that is being moved or taken away holds nothing, and did.
            if !now.has_replaced(path) {
                break;
            }
            answer = ask(&Parts { root: &self.root, manifest: &now });
        }
        answer
    }

    /// The usage of the events that a question is about: the same as from the files.
    pub fn usage(&self, selection: &Selection) -> Result<Usage, LakeError> {
        self.ask(|parts| parts.usage(selection))
    }

    /// What the trail of a window shows, and where its calls come from: the same as from the files.
    pub fn history(&self, selection: &Selection) -> Result<history::Seen, LakeError> {
        self.ask(|parts| parts.history(selection))
    }

    /// The users, roles, roots and long-term keys that were seen: of a question that nothing answers, they tell what is there
    /// instead.
    pub fn names(&self) -> Result<Names, LakeError> {
        Ok(Names::of(&self.usage(&Selection::default())?))
    }

    /// Hands every call that a question is about to `each`, several threads at once, each with a state that `make` made. (Where
    /// a part went away meanwhile, all is read once more into new states.)
    ///
    /// Events that repeat others (`UPDATED_DATA`) are left out; of a call that several accounts got a copy of one counts
    /// ([`Copies`]), whatever of them the question is about.
    pub fn calls<T: Send>(
        &self,
        selection: &Selection,
        make: impl Fn() -> T + Sync + Send,
        each: impl Fn(&mut T, &Call) + Sync + Send,
    ) -> Result<Vec<T>, LakeError> {
        self.ask(|parts| parts.calls(selection, &make, &each))
    }
}

/// How often a question is asked again because parts went away: each time an ingest ended meanwhile.
const ASKED_AGAIN_MAX: usize = 20;

/// The parts of a lake, as its manifest lists them.
struct Parts<'l> {
    root: &'l Path,
    manifest: &'l Manifest,
}

impl Parts<'_> {
    fn usage(&self, selection: &Selection) -> Result<Usage, LakeError> {
        let rolled_up = if selection.is_all() { self.rolled_up()? } else { None };
        let mut whole = match rolled_up {
            Some(whole) => whole,
            None => {
                let folds = self.scan(selection, Want::Events, EventFold::default, EventFold::add)?;
                merged(folds.into_iter().map(|fold| fold.fold))
            }
        };
        whole.add_totals(&self.manifest.counts().totals());
        let mut usage = whole.finish();
        usage.coverage = by_account(self.manifest.cover());
        Ok(usage)
    }

    /// All events by the roll-ups; `None` when an earlier version wrote some of them.
    fn rolled_up(&self) -> Result<Option<Fold>, LakeError> {
        let is_whole = AtomicBool::new(true);
        let folds = deal(&self.manifest.parts(), EventFold::default, |told, part| {
            if is_whole.load(Ordering::Relaxed) && !self.roll_up(part, told)? {
                is_whole.store(false, Ordering::Relaxed);
            }
            Ok(())
        })?;
        if !is_whole.into_inner() {
            return Ok(None);
        }
        let updates = Totals { updates: self.manifest.counts().updates, ..Totals::default() };
        let mut whole = merged(folds.into_iter().map(|told| told.fold));
        whole.add_totals(&updates);
        Ok(Some(whole))
    }

    /// Takes in a part; `false` when an earlier version wrote it.
    fn roll_up(&self, part: &Part, told: &mut EventFold) -> Result<bool, LakeError> {
        let path = self.root.join(&part.file);
        match part.file.split('/').next() {
            Some("daily_actions") => rollup::add_actions(&path, &mut told.fold),
            Some("daily_places") => rollup::add_places(&path, &mut told.fold),
            Some("events") => scan_told(&path, |row| told.add_told(row)).map(|()| true),
            _ => Ok(true),
        }
    }

    /// Of days that are all asked for from their roll-ups, of the others, and where an earlier version wrote none, from the events.
    fn history(&self, selection: &Selection) -> Result<history::Seen, LakeError> {
        let listed: BTreeSet<&str> = self.manifest.parts().iter().map(|part| &*part.file).collect();
        let make = <(history::Seen, Copies<Call>)>::default;
        let mut hands = self.each_part_listed(selection, make, |(seen, copies), part| {
            let path = self.root.join(&part.file);
            let [_, _, _, origins] = written_with(&part.file);
            let is_whole = is_whole_day(part.day, selection) && listed.contains(&*origins);
            if is_whole && rollup::add_origins(&self.root.join(&origins), seen)? {
                return scan_columns_of_copies(&path, |columns| {
                    // Callers' own are in the roll-up.
                    let nothing = |_: &mut history::Seen, _: &Call| ();
                    take_rows(columns, &Selection::default(), seen, copies, nothing);
                });
            }
            scan_columns(&path, selection, |columns| {
                take_rows(columns, selection, seen, copies, history::Seen::add);
            })
        })?;
        if !selection.is_all() && hands.iter().any(|(_, copies)| copies.is_waiting()) {
            self.see_copies(selection, &mut hands)?;
        }
        Ok(history::Seen::merged(with_copies(hands, history::Seen::add)))
    }

    fn calls<T: Send>(
        &self,
        selection: &Selection,
        make: impl Fn() -> T + Sync + Send,
        each: impl Fn(&mut T, &Call) + Sync + Send,
    ) -> Result<Vec<T>, LakeError> {
        let made = || (make(), Copies::default());
        let mut hands = self.each_part(selection, made, |(state, copies), path| {
            scan_columns(path, selection, |columns| take_rows(columns, selection, state, copies, &each))
        })?;
        if !selection.is_all() && hands.iter().any(|(_, copies)| copies.is_waiting()) {
            self.see_copies(selection, &mut hands)?;
        }
        Ok(with_copies(hands, each))
    }

    /// Takes note of the copies that a question is not about: whether a copy counts does not hang on who asks.
    fn see_copies<T>(&self, selection: &Selection, hands: &mut [(T, Copies<Call>)]) -> Result<(), LakeError> {
        let seen =
            self.each_part(&Selection::default(), Copies::default, |copies: &mut Copies<Call>, path| {
                scan_copies(path, |row| {
                    if !wants(selection, row) && row.flag(Flag::IsUpdate) != Some(true) {
                        note(row, copies);
                    }
                })
            })?;
        if let Some((_, copies)) = hands.first_mut() {
            seen.into_iter().for_each(|seen| copies.merge(seen));
        }
        Ok(())
    }

    /// Reads the parts that may hold what is asked for, several at once.
    fn scan<T: Send>(
        &self,
        selection: &Selection,
        want: Want,
        make: impl Fn() -> T + Sync + Send,
        each: impl Fn(&mut T, &RowView<'_>) + Sync + Send,
    ) -> Result<Vec<T>, LakeError> {
        let all = selection.is_all();
        self.each_part(selection, make, |state, path| {
            scan(path, selection, want, |row| {
                if all || wants(selection, row) {
                    each(state, row);
                }
            })
        })
    }

    /// Hands out the parts that may hold what is asked for, with one state a thread.
    fn each_part<T: Send>(
        &self,
        selection: &Selection,
        make: impl Fn() -> T + Sync + Send,
        each: impl Fn(&mut T, &Path) -> Result<(), LakeError> + Sync + Send,
    ) -> Result<Vec<T>, LakeError> {
        self.each_part_listed(selection, make, |state, part| each(state, &self.root.join(&part.file)))
    }

    fn each_part_listed<T: Send>(
        &self,
        selection: &Selection,
        make: impl Fn() -> T + Sync + Send,
        each: impl Fn(&mut T, &Part) -> Result<(), LakeError> + Sync + Send,
    ) -> Result<Vec<T>, LakeError> {
        let parts = self.manifest.parts().into_iter();
        let parts: Vec<&Part> =
            parts.filter(|part| part.is_of("events") && in_days(part.day, selection)).collect();
        deal(&parts, make, each)
    }
}

/// Deals parts out to the threads, each with a state of its own: what comes again from part to part is held once.
fn deal<T: Send>(
    parts: &[&Part],
    make: impl Fn() -> T + Sync + Send,
    each: impl Fn(&mut T, &Part) -> Result<(), LakeError> + Sync + Send,
) -> Result<Vec<T>, LakeError> {
    let next = AtomicUsize::new(0);
    let states = rayon::broadcast(|_| {
        let mut state = make();
        while let Some(part) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
            each(&mut state, part)?;
        }
        Ok(state)
    });
    states.into_iter().collect()
}

/// Hands on the calls of the rows that a question is about; copies wait.
fn take_rows<T>(
    columns: &Columns,
    selection: &Selection,
    state: &mut T,
    copies: &mut Copies<Call>,
    each: impl Fn(&mut T, &Call),
) {
    let is_of_time_alone = Selection { since: None, until: None, ..selection.clone() }.is_all();
    let mut at_hand = CallAtHand::new(columns);
    for row in 0..columns.rows() {
        let is_wanted = selection.wants_time(columns.time(row))
            && (is_of_time_alone || selection.wants(&columns.facts(row)));
        if is_wanted && columns.flag(Flag::IsUpdate, row) != Some(true) {
            let call = at_hand.of(row);
            if !waits(columns, row, copies, || Some(call.clone())) {
                each(state, call);
            }
        }
    }
}

/// Whether a row is another's copy of a call, and waits.
fn waits(
    columns: &Columns,
    row: usize,
    copies: &mut Copies<Call>,
    call: impl FnOnce() -> Option<Call>,
) -> bool {
    let Some(shared_id) = columns.text(Text::SharedId, row) else { return false };
    let recipient = columns.text(Text::Account, row);
    if is_anothers(true, recipient, columns.text(Text::CallerAccount, row)) {
        copies.wait(shared_id, (recipient, columns.id(row), columns.content(row)), call);
        return true;
    }
    copies.saw_callers(shared_id);
    false
}

/// Takes note of a copy that is not asked for.
fn note(row: &RowView<'_>, copies: &mut Copies<Call>) {
    let Some(shared_id) = row.text(Text::SharedId) else { return };
    let recipient = row.text(Text::Account);
    if is_anothers(true, recipient, row.text(Text::CallerAccount)) {
        let id = Some(row.id).filter(|id| !id.is_empty());
        copies.wait(shared_id, (recipient, id, row.content), || None);
    } else {
        copies.saw_callers(shared_id);
    }
}

fn merged(folds: impl Iterator<Item = Fold>) -> Fold {
    let both = |mut whole: Fold, fold| {
        whole.merge(fold);
        whole
    };
    folds.reduce(both).unwrap_or_default()
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
    /// Whose the row before was, and what told it: rows are sorted by principal, so it mostly comes again.
    last: Option<(Vec<Option<String>>, Option<bool>, Who)>,
}

/// What of a row makes its identity.
const IDENTITY: [Text; 11] = [
    Text::IdType,
    Text::PrincipalId,
    Text::Principal,
    Text::Arn,
    Text::CallerAccount,
    Text::AccessKey,
    Text::UserName,
    Text::InvokedBy,
    Text::Provider,
    Text::Issuer,
    Text::OnBehalfOf,
];

impl EventFold {
    fn add(&mut self, row: &RowView<'_>) {
        if row.flag(Flag::IsUpdate) == Some(true) {
            return self.fold.add_update();
        }
        let who = self.who(row);
        self.fold.add_of(&event(row), &who, row.content);
    }

    /// What the roll-ups do not tell of a row.
    fn add_told(&mut self, row: &RowView<'_>) {
        if row.flag(Flag::IsUpdate) == Some(true) {
            return;
        }
        let who = self.who(row);
        self.fold.add_told(&event(row), &who, row.content);
    }

    /// Whose a row is, understood only when that differs from the row before.
    fn who(&mut self, row: &RowView<'_>) -> Who {
        let (told, mfa) = (|| IDENTITY.iter().map(|text| row.text(*text)), row.flag(Flag::Mfa));
        let last = self.last.as_ref().filter(|(known, known_mfa, _)| {
            *known_mfa == mfa && told().zip(known).all(|(now, before)| now == before.as_deref())
        });
        if let Some((.., who)) = last {
            return who.clone();
        }
        let who = self.fold.who(&identity(|text| row.text(text), mfa));
        self.last = Some((told().map(|text| text.map(str::to_owned)).collect(), mfa, who.clone()));
        who
    }
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
