//! What `notify test`, `status` and `deliver` print: for people, and as JSON (schemas `kagimori.notify_test`, `kagimori.notify_status` and
//! `kagimori.notify_delivered`, version 1).

use std::fmt::Write;

use jiff::Timestamp;
use kagimori_journal::{Closed, Letter};
use kagimori_notice::{Cause, Language, LetterId, Notice, Outcome, Payload, Round, Standing, Why, tamed};
use kagimori_notify::Notifier;
use kagimori_terminal::schema::Schema;
use kagimori_terminal::style::{DIM, GREEN_BOLD as GREEN, RED_BOLD as RED, YELLOW_BOLD as YELLOW};
use serde::Serialize;
use serde_json::{Value, json};

use super::deliver::id_of;
use crate::show::numbers::counted;

/// The longest name of a channel or a kind that is shown.
const NAME_MOST: usize = 40;

/// What to do about a letter that was not taken.
pub(super) fn hint(cause: Cause) -> &'static str {
    match cause {
        Cause::Letter => {
            "this is a defect of the program's message: please report it with the words of the channel"
        }
        Cause::Channel => {
            "look at the channel's table in kagimori.toml, at the secret it names, and at the rights of whoever's it is"
        }
        Cause::Busy(_) => "try it again in a while; if it stays so, look at the address and at the way there",
        Cause::Unknown => "look whether it arrived; a letter of the outbox is sent again, with the same id",
        Cause::Gone => "the receiver wants no more: give the channel another address, then test it again",
    }
}

pub(super) fn tested(channel: &str, outcome: &Outcome, opened: bool) -> String {
    let Outcome::Taken(receipt) = outcome else { return String::new() };
    let receipt = receipt.as_deref().map(|receipt| format!(" ({receipt})")).unwrap_or_default();
    let opened =
        if opened { "; it is open again, and `kagimori notify deliver` sends what waits" } else { "" };
    format!("{GREEN}taken{GREEN:#}: the channel `{channel}` took the test{receipt}{opened}\n")
}

pub(super) fn tested_json(channel: &str, id: &LetterId, outcome: &Outcome, opened: bool) -> Value {
    let (taken, receipt, why) = match outcome {
        Outcome::Taken(receipt) => (true, receipt.as_deref(), None),
        Outcome::Failed { why, .. } => (false, None, Some(why.as_str())),
    };
    json!({
        "schema": Schema { name: "kagimori.notify_test", version: 1 },
        "channel": channel, "id": id.as_str(), "taken": taken, "receipt": receipt, "why": why, "opened": opened,
    })
}

/// What would be sent, without any secret: there is none in it.
pub(super) fn payload(payload: &Payload) -> String {
    match payload {
        Payload::Json(body) => format!("{}\n", indented(body)),
        Payload::Issue(issue) => format!("{}\n\n{}", issue.summary, issue.description),
        Payload::Mail(mail) => format!("Subject: {}\n\n{}", mail.subject, mail.body),
    }
}

pub(super) fn payload_json(channel: &str, id: &LetterId, payload: &Payload) -> Value {
    let payload = match payload {
        Payload::Json(body) => serde_json::from_str(body).unwrap_or_default(),
        Payload::Issue(issue) => json!({ "summary": issue.summary, "description": issue.description }),
        Payload::Mail(mail) => json!({ "subject": mail.subject, "body": mail.body }),
    };
    json!({
        "schema": Schema { name: "kagimori.notify_test", version: 1 },
        "channel": channel, "id": id.as_str(), "taken": null, "payload": payload,
    })
}

fn indented(body: &str) -> String {
    let value: Option<Value> = serde_json::from_str(body).ok();
    value.and_then(|value| serde_json::to_string_pretty(&value).ok()).unwrap_or_else(|| body.to_owned())
}

/// What `status` says.
#[derive(Debug, Serialize)]
pub(super) struct Status {
    schema: Schema,
    now: Timestamp,
    channels: Vec<ChannelRow>,
    letters: Vec<LetterRow>,
}

#[derive(Debug, Serialize)]
struct ChannelRow {
    name: String,
    kind: &'static str,
    place: String,
    language: &'static str,
    waiting: usize,
    closed_since: Option<Timestamp>,
    closed_why: Option<String>,
}

#[derive(Debug, Serialize)]
struct LetterRow {
    number: i64,
    id: String,
    channel: String,
    /// Whether the settings have such a channel.
    is_known: bool,
    kind: String,
    entry: u64,
    attempts: u32,
    tried: Option<Timestamp>,
    /// When it is due; `null`: it was given up.
    next: Option<Timestamp>,
    error: Option<String>,
}

impl Status {
    pub(super) fn of(notifier: &Notifier, letters: &[Letter], closed: &[Closed], now: Timestamp) -> Self {
        let channels = notifier.channels().iter().map(|(name, channel)| {
            let shut = closed.iter().find(|closed| closed.channel == *name);
            ChannelRow {
                name: name.clone(),
                kind: channel.way.kind(),
                place: channel.way.place(),
                language: if channel.language == Language::Ja { "ja" } else { "en" },
                waiting: letters.iter().filter(|letter| letter.channel == *name).count(),
                closed_since: shut.map(|closed| closed.since),
                closed_why: shut.map(|closed| closed.why.clone()),
            }
        });
        let letters = letters.iter().map(|letter| LetterRow {
            number: letter.id,
            id: id_of(letter).to_string(),
            channel: tamed(&letter.channel, NAME_MOST),
            is_known: notifier.channels().contains_key(&letter.channel),
            kind: Notice::read(&letter.body).kind,
            entry: letter.leaf,
            attempts: letter.attempts,
            tried: letter.tried,
            next: letter.next,
            error: letter.error.clone(),
        });
        Self {
            schema: Schema { name: "kagimori.notify_status", version: 1 },
            now,
            channels: channels.collect(),
            letters: letters.collect(),
        }
    }

    /// Whether nothing failed: letters that wait for their first attempt are no failure.
    pub(super) fn is_clean(&self) -> bool {
        self.channels.iter().all(|channel| channel.closed_since.is_none())
            && self.letters.iter().all(|letter| letter.error.is_none() && letter.is_known)
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        if self.channels.is_empty() {
            text.push_str("kagimori.toml has no channels\n");
        }
        let width = self.channels.iter().map(|channel| channel.name.len()).max().unwrap_or_default();
        for channel in &self.channels {
            let ChannelRow { name, kind, place, language, .. } = channel;
            let waits = if channel.waiting > 0 {
                format!("  {}", counted(channel.waiting, "letter"))
            } else {
                String::new()
            };
            let _ = writeln!(text, "{name:<width$}  {kind:<9}  {language}  {place}{waits}");
            if let (Some(since), Some(why)) = (channel.closed_since, &channel.closed_why) {
                let _ = writeln!(
                    text,
                    "  {RED}closed{RED:#} since {since}: {why}; once its address is right, `kagimori notify test {name}` opens it"
                );
            }
        }
        for letter in &self.letters {
            let _ = writeln!(text, "{}", letter.line(self.now));
        }
        if self.letters.is_empty() {
            text.push_str("no letter waits\n");
        } else if self.letters.iter().any(|letter| letter.next.is_none()) {
            text.push_str("`kagimori notify deliver --all` tries everything again\n");
        }
        text
    }
}

impl LetterRow {
    fn line(&self, now: Timestamp) -> String {
        let Self { number, channel, kind, entry, .. } = self;
        let kind = if kind.is_empty() { "(cannot be read)" } else { kind };
        let attempts = counted(self.attempts, "attempt");
        let how = match (self.next, &self.error) {
            (None, Some(why)) => format!("{RED}given up{RED:#} after {attempts}: {why}"),
            (None, None) => format!("{RED}given up{RED:#} after {attempts}"),
            (Some(next), Some(why)) => {
                let when = if next > now { format!("again at {next}") } else { "due again".to_owned() };
                format!("{YELLOW}not taken{YELLOW:#}, {attempts}, {when}: {why}")
            }
            (Some(next), None) if self.attempts > 0 && next > now => {
                format!("under way, due again at {next}")
            }
            (Some(_), None) if self.attempts > 0 => {
                format!("{attempts}, nobody knows whether it was taken; due")
            }
            (Some(next), None) if next > now => format!("waits until {next}"),
            (Some(_), None) => "due".to_owned(),
        };
        let is_told = self.is_known || self.error.is_some();
        let unknown = if is_told { "" } else { "; kagimori.toml has no such channel" };
        format!("letter {number}  {channel}  {kind}  {DIM}entry {entry}{DIM:#}  {how}{unknown}")
    }
}

/// What `deliver` did.
#[derive(Debug, Serialize)]
pub(crate) struct Delivered {
    schema: Schema,
    now: Timestamp,
    letters: Vec<DeliveredRow>,
}

#[derive(Debug, Serialize)]
struct DeliveredRow {
    number: i64,
    id: String,
    channel: String,
    kind: String,
    /// `sent`, `again`, `given_up`, `left`.
    standing: &'static str,
    receipt: Option<String>,
    next: Option<Timestamp>,
    why: Option<String>,
}

impl Delivered {
    pub(super) fn nothing(now: Timestamp) -> Self {
        Self { schema: Schema { name: "kagimori.notify_delivered", version: 1 }, now, letters: Vec::new() }
    }

    pub(super) fn of(now: Timestamp, due: &[Letter], round: &Round) -> Self {
        let rows = due
            .iter()
            .zip(round.standings())
            .map(|(letter, (_, standing))| DeliveredRow::of(letter, standing));
        Self { letters: rows.collect(), ..Self::nothing(now) }
    }

    /// Whether everything that was due was taken; what somebody else delivers is.
    pub(crate) fn is_clean(&self) -> bool {
        let is_fine =
            |row: &DeliveredRow| row.standing == "sent" || row.why.as_deref() == Some(why_left(Why::Taken));
        self.letters.iter().all(is_fine)
    }

    pub(crate) fn text(&self) -> String {
        if self.letters.is_empty() {
            return "nothing is due\n".to_owned();
        }
        self.letters.iter().map(DeliveredRow::line).collect()
    }
}

impl DeliveredRow {
    fn of(letter: &Letter, standing: &Standing) -> Self {
        let (word, receipt, next, why) = match standing {
            Standing::Sent(receipt) => ("sent", receipt.clone(), None, None),
            Standing::Again { at, why } => ("again", None, Some(*at), Some(why.clone())),
            Standing::GivenUp { why } => ("given_up", None, None, Some(why.clone())),
            Standing::Left(why) => ("left", None, letter.next, Some(why_left(*why).to_owned())),
        };
        Self {
            number: letter.id,
            id: id_of(letter).to_string(),
            channel: tamed(&letter.channel, NAME_MOST),
            kind: Notice::read(&letter.body).kind,
            standing: word,
            receipt,
            next,
            why,
        }
    }

    fn line(&self) -> String {
        let Self { number, channel, kind, .. } = self;
        let why = self.why.as_deref().unwrap_or_default();
        let how = match (self.standing, self.next) {
            ("sent", _) => {
                let receipt =
                    self.receipt.as_deref().map(|receipt| format!(" ({receipt})")).unwrap_or_default();
                format!("{GREEN}sent{GREEN:#}{receipt}")
            }
            ("again", Some(next)) => format!("{YELLOW}not taken{YELLOW:#}, again at {next}: {why}"),
            ("given_up", _) => format!("{RED}given up{RED:#}, and kept: {why}"),
            _ => format!("{YELLOW}left{YELLOW:#}: {why}"),
        };
        format!("letter {number}  {channel}  {kind}  {how}\n")
    }
}

fn why_left(why: Why) -> &'static str {
    match why {
        Why::Closed => "its channel is closed: the receiver wanted no more",
        Why::Failing => "another letter of its channel was not taken in this round",
        Why::NoTime => "the round had no time left",
        Why::Taken => "somebody else delivers it",
    }
}
