//! What a round wants, done: entries and notices into the journal, looks and plans at AWS.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kagimori_id::AccessKeyId;
use kagimori_journal::{Append, Held, Message};
use kagimori_plan::Plan;
use kagimori_plan::apply::{Call, Direction, Ended, Outcome, Report, Run, Side, Terms};
use kagimori_plan::settings::apply::Apply;
use kagimori_policy::pattern::matches_ignoring_case;
use kagimori_retire::{
    Answer, Circumstances, Entry, Event, How, Lasting, Notice, PlanRef, Round, Shown, Sight, State, Turn,
    Wanted, Windows,
};
use kagimori_terminal::printer;
use serde_json::{Value, json};

use super::super::apply::aws::{Accounts, Who};
use super::super::apply::drive::Driver;
use super::super::apply::{history_of, show};
use super::super::journal::bytes;
use super::panicking;
use crate::args::Way;
use crate::error::AppError;

/// Whoever drives a round.
pub(super) struct Hands<'a> {
    pub(super) held: Held,
    /// The kagimori directory.
    pub(super) dir: PathBuf,
    pub(super) way: &'a Way,
    pub(super) who: Who,
    /// Found when the first call is made: a round without calls needs no credentials.
    pub(super) accounts: Option<Result<Accounts, String>>,
    /// The channels that get the notices.
    pub(super) channels: Vec<String>,
    /// Tags that protect a user: `KEY` or `KEY=VALUE`.
    pub(super) protected_tags: Vec<String>,
    /// Roots and organizational units whose accounts are protected.
    pub(super) protected_units: Vec<String>,
    /// What was written down.
    pub(super) done: Vec<Written>,
}

/// An entry of this run, and the state it led to.
pub(super) struct Written {
    pub(super) at: Timestamp,
    pub(super) state: State,
    pub(super) kinds: Vec<&'static str>,
}

/// The keys of a user, and whether each is active.
type Keys = Vec<(String, bool)>;

impl Hands<'_> {
    /// Drives a round to its end; the journal is then as far as the round is.
    pub(super) fn drive(
        &mut self,
        states: Vec<State>,
        happened: &[(AccessKeyId, Event)],
        circumstances: &Circumstances,
    ) -> Result<Vec<State>, AppError> {
        let mut round = Round::new(states, happened, circumstances, Timestamp::now());
        loop {
            let now = Timestamp::now();
            let answer = match round.wanted(now) {
                Wanted::Journal(entry, notices) => {
                    self.journal(&entry, &notices, round.states(), now)?;
                    Answer::Journalled
                }
                Wanted::Try(state) => Answer::Tried(match panicking::asked(&panicking::path_in(&self.dir)) {
                    Some(why) => Shown::Closed(why),
                    None => {
                        self.limit(KEY_SECONDS);
                        self.tried(state)
                    }
                }),
                Wanted::Look(state) => {
                    self.limit(KEY_SECONDS);
                    Answer::Seen(self.seen(state))
                }
                Wanted::Follow(state, turn) => {
                    self.limit(KEY_SECONDS);
                    Answer::Turned(self.follow(state, turn, &circumstances.windows)?)
                }
                Wanted::Nothing => return Ok(round.states().to_vec()),
            };
            round.take(answer, circumstances, now);
        }
    }

    /// Once this returns it is on the disk; when it fails nothing more is done.
    fn journal(
        &mut self,
        entry: &Entry,
        notices: &[Notice],
        states: &[State],
        now: Timestamp,
    ) -> Result<(), AppError> {
        let text = entry.text().map_err(AppError::Encode)?;
        let bodies: Vec<String> =
            notices.iter().map(serde_json::to_string).collect::<Result<_, _>>().map_err(AppError::Encode)?;
        let to = |body| self.channels.iter().map(move |channel| Message { channel, body });
        let messages: Vec<Message<'_>> = bodies.iter().flat_map(|body| to(body)).collect();
        self.held.append(&Append { entry: text.as_bytes(), documents: &[], messages: &messages }, now)?;
        let state = states
            .iter()
            .find(|state| *state.key() == entry.key)
            .map(|state| State { start: state.start.clone(), standing: entry.standing.clone() });
        let kinds = notices.iter().map(|notice| notice.kind).collect();
        self.done.extend(state.map(|state| Written { at: now, state, kinds }));
        Ok(())
    }

    /// Follows a plan whose text the journal holds.
    fn follow(&mut self, state: &State, turn: Turn, windows: &Windows) -> Result<How, AppError> {
        let named = if turn == Turn::Delete { Some(&state.start.delete) } else { state.plan() };
        let plan = match named.map(|named| self.plan(named)) {
            Some(Ok(plan)) => plan,
            Some(Err(why)) => return Ok(How::Refused(why)),
            None => return Ok(How::Refused("it has no plan for this rung".to_owned())),
        };
        printer::note(&format!("{}: {}", state.key(), plan.title));
        let history = history_of(&self.held, &plan)?;
        let terms = Terms {
            by: format!("{}@{}", self.who.person, self.who.host),
            // The ladder asks for it only where whoever ticks allows it, or where the key is gone.
            irreversible: turn == Turn::Delete,
            dry_run: false,
            // What may go off was asked when it was begun; on it comes unasked.
            care: Apply::asking_nothing(),
        };
        let direction = if turn == Turn::On { Direction::Undo } else { Direction::Apply };
        // What nothing was done of by our hand is not switched on without a look.
        let is_ours = (0..plan.changes.len()).any(|step| history.side(step) != Side::Before);
        let run = Run::new(&plan, direction, terms, history);
        let wish = panicking::path_in(&self.dir);
        // Looks may have taken long: the hours are looked at right before the call, too.
        let is_late =
            || (turn == Turn::Off).then(|| closed(windows, state.off(), Timestamp::now())).flatten();
        let halt = || panicking::asked(&wish).or_else(is_late);
        self.find();
        let accounts = match &mut self.accounts {
            Some(Ok(accounts)) => accounts,
            Some(Err(why)) => return Ok(How::Refused(why.clone())),
            None => return Ok(How::Refused("there are no credentials".to_owned())),
        };
        let mut driver = Driver {
            plan: &plan,
            accounts,
            held: Some(&mut self.held),
            words: Vec::new(),
            patience: self.way.patience.min(PATIENCE_MAX),
            step: None,
            told: None,
            halt: (turn != Turn::On).then_some(&halt),
            acted: false,
        };
        let report = driver.follow(run)?;
        let acted = driver.acted;
        let how = match how(&plan, &report) {
            How::Moved(what) => self.moved(state, turn, what),
            // Of a user that was renamed AWS says that there is none.
            How::Refused(what) if turn == Turn::On => self.moved(state, turn, what),
            how => how,
        };
        Ok(match how {
            How::Refused(why) | How::Doubtful(why) if turn == Turn::On && is_ours && !acted => {
                self.blindly(state, &why)
            }
            how => how,
        })
    }

    /// Switches on what could not be looked at: of a key that is on the call changes nothing, and the journal says who switched it off.
    fn blindly(&mut self, state: &State, why_not: &str) -> How {
        self.limit(BLIND_SECONDS);
        match self.switched_on(state) {
            Outcome::Answer(_) => {
                printer::warning(&format!(
                    "{} was switched on without a look at it, which failed: {why_not}",
                    state.key()
                ));
                How::Done
            }
            other => How::Refused(format!("{why_not}; switching it on without a look: {}", why(&other))),
        }
    }

    /// The call that switches it on.
    fn switched_on(&mut self, state: &State) -> Outcome {
        let credential = &state.start.credential;
        let input =
            json!({ "UserName": credential.user.name(), "AccessKeyId": credential.key, "Status": "Active" });
        self.call(state, "UpdateAccessKey", input)
    }

    /// A key whose calls hang must not keep the others waiting.
    fn limit(&mut self, seconds: u64) {
        self.find();
        if let Some(Ok(accounts)) = &mut self.accounts {
            accounts.until = Some(Instant::now() + Duration::from_secs(seconds));
        }
    }

    /// A plan that does not fit is somebody else's doing only where that is seen: a look that failed is told in the same way.
    fn moved(&mut self, state: &State, turn: Turn, what: String) -> How {
        let keys = match self.keys(state) {
            Ok(keys) => keys,
            Err(why) => return How::Refused(why),
        };
        let held = keys.iter().flatten().find(|(id, _)| id == state.key().as_str());
        match held {
            Some((_, is_active)) if *is_active == (turn == Turn::Off) => How::Refused(what),
            Some(_) => How::Moved(what),
            None => match self.renamed(state, keys.is_some()) {
                Ok(None) => How::Moved(what),
                Ok(Some(name)) => self.follow_to(state, turn, &name),
                Err(why) if turn == Turn::Off => How::Doubtful(why),
                Err(why) => How::Refused(why),
            },
        }
    }

    /// The user was renamed: on it comes under the new name, by a call of its own; the plan knows only the old one.
    fn follow_to(&mut self, state: &State, turn: Turn, name: &str) -> How {
        let what = format!("its user is named {name} since it was begun");
        match turn {
            // Whether an earlier call has switched it off nobody knows: it comes on when its time is over.
            Turn::Off => return How::Doubtful(what),
            Turn::Delete => return How::Refused(what),
            Turn::On => {}
        }
        let input = json!({ "UserName": name, "AccessKeyId": state.key(), "Status": "Active" });
        match self.call(state, "UpdateAccessKey", input) {
            Outcome::Answer(_) => How::Done,
            other => How::Refused(format!(
                "{what}, and it could not be switched on there: {}; by hand: `{}`",
                why(&other),
                by_hand(name, state)
            )),
        }
    }

    /// The other name of its user, where its own lists it no more; `None`: it is deleted. AWS keeps whose a key is by its id.
    fn renamed(&mut self, state: &State, has_user: bool) -> Result<Option<String>, String> {
        let user = state.start.credential.user.name();
        let told = match self.call(state, "GetAccessKeyLastUsed", json!({ "AccessKeyId": state.key() })) {
            Outcome::Answer(answer) => match answer.get("UserName").and_then(Value::as_str) {
                Some(name) if name != user => return Ok(Some(name.to_owned())),
                Some(_) => "AWS names the same user as before".to_owned(),
                None => "AWS does not say whose it is".to_owned(),
            },
            Outcome::Refused { code, .. } if code == "NoSuchEntity" => return Ok(None),
            // So AWS answers of a key that it does not have. Where the user is gone, too, it may have another name.
            Outcome::Refused { code, .. } if code == "AccessDenied" && has_user => return Ok(None),
            other => why(&other),
        };
        Err(format!(
            "{user} has it no more, and whether it is deleted is not known ({told}): it may be off under another name of its user. \
             Somebody has to look, and to switch it on: `{}`",
            by_hand("USER", state)
        ))
    }

    /// A plan out of the journal: its id is the hash of all of it.
    fn plan(&self, named: &PlanRef) -> Result<Plan, String> {
        let lost = || format!("the journal does not hold the plan {}", named.id);
        let hash = bytes(&named.text).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let text = self.held.document(&hash.ok_or_else(lost)?).map_err(|error| error.to_string())?;
        let text = String::from_utf8(text.ok_or_else(lost)?).map_err(|error| error.to_string())?;
        let plan = Plan::read(&text).map_err(|error| error.to_string())?;
        if plan.id == named.id { Ok(plan) } else { Err(lost()) }
    }

    /// The call that will switch it on, made while it is on. IAM's permission to switch off is the one to switch on, but that something
    /// refuses it shows only when it is asked; of a key that is active the call changes nothing.
    fn tried(&mut self, state: &State) -> Shown {
        let credential = &state.start.credential;
        if let Some(Ok(accounts)) = self.find()
            && accounts.own_arn() == credential.user.as_str()
        {
            return Shown::Protected(
                "its user is the one that runs this, and could not switch it on".to_owned(),
            );
        }
        let keys = match self.keys(state) {
            Ok(Some(keys)) => keys,
            Ok(None) => return self.lost(state, false),
            Err(why) => return Shown::Closed(why),
        };
        match keys.iter().find(|(id, _)| id == credential.key.as_str()) {
            None => return self.lost(state, true),
            Some((_, false)) => return Shown::Drifted("somebody else has switched it off".to_owned()),
            Some((_, true)) => {}
        }
        if let Some(other) = other(&keys, state) {
            return Shown::Drifted(format!("its user has another key, {other}, since it was begun"));
        }
        match self.protection(state) {
            Ok(Some(why)) => return Shown::Protected(why),
            Ok(None) => {}
            Err(why) => return Shown::Closed(why),
        }
        match self.switched_on(state) {
            Outcome::Answer(_) => Shown::Open,
            other => Shown::Closed(format!("it could not be switched on again: {}", why(&other))),
        }
    }

    /// What its user does not list while it should be on.
    fn lost(&mut self, state: &State, has_user: bool) -> Shown {
        match self.renamed(state, has_user) {
            Ok(None) if has_user => Shown::Drifted("somebody else has deleted it".to_owned()),
            Ok(None) => Shown::Drifted("its user is gone".to_owned()),
            Ok(Some(name)) => Shown::Drifted(format!("its user is named {name} since it was begun")),
            Err(why) => Shown::Closed(why),
        }
    }

    fn seen(&mut self, state: &State) -> Sight {
        let keys = match self.keys(state) {
            Ok(keys) => keys,
            Err(why) => return Sight::Unknown(why),
        };
        let held = keys.iter().flatten().find(|(id, _)| id == state.key().as_str());
        match held {
            None => match self.renamed(state, keys.is_some()) {
                Ok(None) => Sight::Gone,
                Ok(Some(name)) => Sight::Renamed(name),
                Err(why) => Sight::Unknown(why),
            },
            Some((_, true)) => Sight::On,
            Some((_, false)) => match keys.as_ref().and_then(|keys| other(keys, state)) {
                Some(other) => Sight::Rotated(other),
                None => self.unprotected(state),
            },
        }
    }

    /// What is off is asked for its protection at every look: the tag may have come since.
    fn unprotected(&mut self, state: &State) -> Sight {
        match self.protection(state) {
            Ok(Some(why)) => Sight::Protected(why),
            Ok(None) => self.unused(state),
            Err(why) => Sight::Unknown(format!("whether it is protected is not known: {why}")),
        }
    }

    /// Two looks do not tell that it was off between them: before a deletion AWS is asked when it was used.
    fn unused(&mut self, state: &State) -> Sight {
        let Some(since) = state.rests_since() else { return Sight::Off };
        let unknown = |why: String| Sight::Unknown(format!("when it was last used is not known: {why}"));
        let answer = match self.call(state, "GetAccessKeyLastUsed", json!({ "AccessKeyId": state.key() })) {
            Outcome::Answer(answer) => answer,
            other => return unknown(why(&other)),
        };
        let Some(used) = answer.get("AccessKeyLastUsed") else {
            return unknown("AWS's answer does not say it".to_owned());
        };
        let at = match used.get("LastUsedDate") {
            None => return Sight::Off,
            Some(date) if date == "N/A" => return Sight::Off,
            Some(date) => match date.as_str().map(str::parse::<Timestamp>) {
                Some(Ok(at)) => at,
                _ => return unknown(format!("AWS says `{date}`")),
            },
        };
        if at.as_second() <= since.as_second().saturating_add(OFF_TAKES_SECONDS) {
            return Sight::Off;
        }
        Sight::Used(format!("it was used on {at}, and was to be off since {since}"))
    }

    /// The keys of its user; `None`: there is no such user.
    fn keys(&mut self, state: &State) -> Result<Option<Keys>, String> {
        let Some(held) = self.pages(state, "ListAccessKeys", "AccessKeyMetadata")? else { return Ok(None) };
        let text = |held: &Value, name: &str| held.get(name).and_then(Value::as_str).map(str::to_owned);
        let key = |held: &Value| {
            let status = text(held, "Status").ok_or("AWS does not say the status of a key")?;
            let id = text(held, "AccessKeyId").ok_or("AWS does not say the id of a key")?;
            Ok((id, status == "Active"))
        };
        held.iter().map(key).collect::<Result<Keys, &str>>().map(Some).map_err(str::to_owned)
    }

    /// What protects it in AWS: a tag of its user, or where its account lies. What cannot be told protects.
    fn protection(&mut self, state: &State) -> Result<Option<String>, String> {
        let tags = self.pages(state, "ListUserTags", "Tags")?.ok_or("its user is gone")?;
        let text =
            |tag: &Value, name: &str| tag.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        for tag in &tags {
            if let Some(pattern) = tag_protects(&self.protected_tags, &text(tag, "Key"), &text(tag, "Value"))
            {
                return Ok(Some(format!("its user has the tag `{pattern}`")));
            }
        }
        let unit = self.unit(state)?;
        Ok(unit.map(|unit| format!("its account lies in `{unit}`")))
    }

    /// The protected unit that its account lies in.
    fn unit(&mut self, state: &State) -> Result<Option<String>, String> {
        let account = state.start.credential.user.account().map(|account| account.to_string());
        let Some(mut child) = account.filter(|_| !self.protected_units.is_empty()) else { return Ok(None) };
        for _ in 0..UNITS_DEPTH_MAX {
            let input = json!({ "ChildId": child });
            let call =
                Call { account: None, service: "organizations", operation: "ListParents".to_owned(), input };
            self.find();
            let outcome = match &mut self.accounts {
                Some(Ok(accounts)) => accounts.call(&call),
                Some(Err(why)) => Outcome::NotSent { why: why.clone() },
                None => Outcome::NotSent { why: "there are no credentials".to_owned() },
            };
            let Outcome::Answer(answer) = outcome else {
                return Err(format!("where its account lies is not known: {}", why(&outcome)));
            };
            let Some(parent) = answer.pointer("/Parents/0/Id").and_then(Value::as_str) else {
                return Err("where its account lies is not known: AWS tells no parent of it".to_owned());
            };
            if self.protected_units.iter().any(|unit| unit == parent) {
                return Ok(Some(parent.to_owned()));
            }
            if parent.starts_with("r-") {
                return Ok(None);
            }
            parent.clone_into(&mut child);
        }
        Err("where its account lies is not known: its units have no end".to_owned())
    }

    /// All members of a list about its user; `None`: there is no such user.
    fn pages(&mut self, state: &State, operation: &str, list: &str) -> Result<Option<Vec<Value>>, String> {
        let (mut all, mut marker) = (Vec::new(), None);
        loop {
            let mut input = json!({ "UserName": state.start.credential.user.name() });
            if let (Some(input), Some(marker)) = (input.as_object_mut(), marker.take()) {
                input.insert("Marker".to_owned(), marker);
            }
            let mut answer = match self.call(state, operation, input) {
                Outcome::Answer(answer) => answer,
                Outcome::Refused { code, .. } if code == "NoSuchEntity" => return Ok(None),
                other => return Err(why(&other)),
            };
            let Some(Value::Array(page)) = answer.get_mut(list).map(Value::take) else {
                return Err(format!("AWS's answer to {operation} has no {list}"));
            };
            all.extend(page);
            if answer.get("IsTruncated") != Some(&Value::Bool(true)) {
                return Ok(Some(all));
            }
            marker = answer.get("Marker").cloned();
        }
    }

    fn call(&mut self, state: &State, operation: &str, input: Value) -> Outcome {
        let account = state.start.credential.user.account();
        let call = Call { account, service: "iam", operation: operation.to_owned(), input };
        self.find();
        match &mut self.accounts {
            Some(Ok(accounts)) => accounts.call(&call),
            Some(Err(why)) => Outcome::NotSent { why: why.clone() },
            None => Outcome::NotSent { why: "there are no credentials".to_owned() },
        }
    }

    /// The way to the accounts, once.
    fn find(&mut self) -> Option<&Result<Accounts, String>> {
        if self.accounts.is_none() {
            let found = Accounts::find(self.way, &self.who).map_err(|error| error.to_string());
            self.accounts = Some(found);
        }
        self.accounts.as_ref()
    }
}

/// From the decision on, the way off takes so long at most: retries, and AWS's own copies. A use within it was before the off.
const OFF_TAKES_SECONDS: i64 = 300;
/// What the calls of one key may take, all together.
const KEY_SECONDS: u64 = 20;
/// What switching on without a look may take then.
const BLIND_SECONDS: u64 = 10;
/// Waits for AWS to show a change end with the time of the key.
const PATIENCE_MAX: u32 = 15;

/// Units lie five deep at most (*Quotas for AWS Organizations*).
const UNITS_DEPTH_MAX: usize = 8;

/// The pattern, `KEY` or `KEY=VALUE`, that protects whoever has a tag.
pub(super) fn tag_protects<'p>(patterns: &'p [String], key: &str, value: &str) -> Option<&'p String> {
    patterns.iter().find(|pattern| match pattern.split_once('=') {
        Some((named, valued)) => matches_ignoring_case(named, key) && matches_ignoring_case(valued, value),
        None => matches_ignoring_case(pattern, key),
    })
}

/// What switches it on without this program.
fn by_hand(user: &str, state: &State) -> String {
    format!("aws iam update-access-key --user-name {user} --access-key-id {} --status Active", state.key())
}

/// A key of the user that was not there when the retirement was begun.
fn other(keys: &Keys, state: &State) -> Option<String> {
    let credential = &state.start.credential;
    let is_known = |id: &str| {
        id == credential.key.as_str() || credential.siblings.iter().any(|sibling| sibling.as_str() == id)
    };
    keys.iter().map(|(id, _)| id).find(|id| !is_known(id)).cloned()
}

fn why(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Answer(_) => String::new(),
        Outcome::Refused { code, message } => format!("AWS refused it: {code}: {message}"),
        Outcome::Unknown { why } | Outcome::NotSent { why } => why.clone(),
    }
}

/// What a report means for the ladder.
fn how(plan: &Plan, report: &Report) -> How {
    let told = || show::why(plan, &report.ended);
    match &report.ended {
        Ended::Done | Ended::NothingToDo if !report.one_way.is_empty() => {
            How::Moved("it is gone, and nothing brings it back".to_owned())
        }
        Ended::Done | Ended::NothingToDo if report.found.is_empty() => How::Done,
        Ended::Done | Ended::NothingToDo => How::Found,
        Ended::Moved(moved) => How::Moved(moved.first().map_or_else(told, |moved| moved.what.clone())),
        Ended::Stopped { in_doubt: true, why, .. } => How::Doubtful(why.clone()),
        Ended::Stopped { in_doubt: false, why, .. } => How::Refused(why.clone()),
        Ended::WouldDo(_)
        | Ended::Unusable(_)
        | Ended::OneWay(_)
        | Ended::NotConfirmed
        | Ended::OtherAccount(_)
        | Ended::OtherRegion(_) => How::Refused(told()),
    }
}

/// Why an off of this length may not begin at this instant.
fn closed(windows: &Windows, off: Lasting, now: Timestamp) -> Option<String> {
    (!windows.is_open(now, off))
        .then(|| "the hours in which it may go off ended before the call was made".to_owned())
}

#[cfg(test)]
mod tests {
    use kagimori_retire::Settings;

    use super::*;

    #[test]
    fn the_hours_are_looked_at_before_the_call() {
        let windows = Settings::default().windows(jiff::tz::TimeZone::UTC);
        let ten: Lasting = "10min".parse().unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        // Monday, from nine to five.
        assert_eq!(closed(&windows, ten, at("2026-11-02T16:50:00Z")), None);
        assert!(closed(&windows, ten, at("2026-11-02T16:50:01Z")).is_some());
    }
}
