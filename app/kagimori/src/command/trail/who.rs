//! `kagimori trail who ROLE`: the people and workloads behind a role's sessions.

use std::fmt::Write;

use jiff::Timestamp;
use kagimori_estate::Estate;
use kagimori_estate::center::{Comers, IdentityCenter, set_of_role};
use kagimori_id::{AccountId, nearest};
use kagimori_trail::selection::Selection;
use kagimori_trail::sessions::{Behind, RoleName, Sessions, Who};
use serde_json::{Value, json};

use super::table::Table;
use crate::args::{TableFormat, TrailWho};
use crate::error::AppError;
use crate::exit::Exit;

/// The longest session of STS (`DurationSeconds` of *AssumeRole*): what is used in the days that were asked for may have been
/// handed out so long before them.
const SESSION_SECONDS_MAX: i64 = 12 * 60 * 60;

/// Runs the question.
pub(super) fn run(command: &TrailWho) -> Result<Exit, AppError> {
    let asked = super::place(&command.from)?;
    let (directory, source) = super::open(&command.from)?;
    // The calls that hand sessions out are other accounts', and other principals'.
    let selection = Selection {
        since: asked.since.map(|since| since.saturating_sub(SESSION_SECONDS_MAX)),
        until: asked.until,
        ..Selection::default()
    };
    let make = || Sessions::since(asked.since.unwrap_or(i64::MIN));
    let reading = source.calls(&directory, &selection, make, Sessions::add)?;
    let mut sessions = make();
    reading.states.into_iter().for_each(|part| sessions.merge(part));
    let roles = wanted(&command.role, asked.account, &sessions)?;
    // Only of roles of Identity Center does the estate tell who could come.
    let estate = match roles.iter().any(|role| set_of_role(&role.name).is_some()) {
        true => Some(directory.estate(None)?).filter(|estate| estate.identity_center.is_given()),
        false => None,
    };
    let mut table = table(&sessions, &roles, estate.as_ref());
    if command.from.format == TableFormat::Csv {
        add_refused(&mut table, &sessions, &roles);
    }
    super::answer(&table, (&directory, &command.from), &source, reading.problems.len())
}

/// The roles that were meant; a name may be that of roles of several accounts.
fn wanted(text: &str, account: Option<AccountId>, sessions: &Sessions) -> Result<Vec<RoleName>, AppError> {
    let of_arn = RoleName::of(text);
    let root =
        text.strip_suffix(":root").and_then(|account| AccountId::parse(account).ok()).map(RoleName::root);
    let of_arn = of_arn.or(root);
    let (told, name) = match (&of_arn, text.split_once('/')) {
        (Some(role), _) => (Some(role.account), &*role.name),
        (None, Some((account, name))) => (AccountId::parse(account).ok(), name),
        (None, None) => (None, text),
    };
    let is_wanted = |role: &&RoleName| {
        *role.name == *name && [account, told].into_iter().flatten().all(|account| account == role.account)
    };
    let roles = sessions.roles();
    let found: Vec<RoleName> = roles.iter().copied().filter(is_wanted).cloned().collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let hint = match nearest(name, roles.iter().map(|role| &*role.name)) {
        Some(known) if known != name => format!("did you mean `{known}`? `kagimori trail usage` lists the roles that did anything"),
        _ => "give a role's name, `ACCOUNT/NAME` or its ARN; `kagimori trail usage` lists the roles that did anything".to_owned(),
    };
    Err(AppError::Argument {
        message: format!("the trail holds no session of a role `{text}`, and no attempt to get one"),
        hint,
    })
}

fn table(sessions: &Sessions, roles: &[RoleName], estate: Option<&Estate>) -> Table {
    let center = estate.map(|estate| &estate.identity_center);
    let rows = roles
        .iter()
        .flat_map(|role| sessions.behind(role).into_iter().map(|behind| row(role, &behind, center)));
    let rows: Vec<Vec<Value>> = rows.collect();
    let refused: Vec<(String, Value)> = roles.iter().flat_map(|role| refused(sessions, role)).collect();
    let could: Vec<(String, Value)> = roles
        .iter()
        .filter_map(|role| Some(could_come(role, &estate?.comers(role.account, &role.name)?)))
        .collect();
    let lines = refused.iter().chain(&could);
    let text = lines.fold(String::new(), |text, (line, _)| text + line + "\n");
    let text = if text.is_empty() || rows.is_empty() { text } else { text + "\n" };
    let is_told = !refused.is_empty() || !could.is_empty();
    let refused: Vec<Value> = refused.into_iter().map(|(_, value)| value).collect();
    let could: Vec<Value> = could.into_iter().map(|(_, value)| value).collect();
    let summary = match could.is_empty() {
        true => json!({ "refused": refused }),
        false => json!({ "refused": refused, "could_come": could }),
    };
    Table {
        question: "who",
        columns: vec![
            "who",
            "role",
            "how",
            "through",
            "mfa",
            "sessions",
            "calls",
            "days",
            "first",
            "last",
            "source_identity",
            "on_behalf_of",
            "named",
            "from",
        ],
        rows,
        summary: is_told.then_some((text, summary)),
        nothing: "nobody was handed a session of it, and none was used",
    }
}

/// A spreadsheet has rows alone: what the others tell beside them, the attempts that were refused, are rows of it.
fn add_refused(table: &mut Table, sessions: &Sessions, roles: &[RoleName]) {
    table.columns.push("refused");
    table.rows.iter_mut().for_each(|row| row.push(Value::from(0)));
    for (role, (who, refused)) in
        roles.iter().flat_map(|role| sessions.refused(role).map(move |one| (role, one)))
    {
        let cell = |column: &&'static str| match *column {
            "who" => Value::from(named(who)),
            "role" => Value::from(label(role)),
            "how" => Value::from("refused"),
            "sessions" | "calls" | "days" => Value::from(0),
            "last" => instant(refused.last),
            "refused" => Value::from(refused.calls),
            _ => Value::Null,
        };
        table.rows.push(table.columns.iter().map(cell).collect());
    }
}

/// Whose attempt it was.
fn named(who: &str) -> &str {
    if who.is_empty() { "somebody the event does not tell" } else { who }
}

/// Whom Identity Center lets into a role, whether or not they came.
fn could_come(role: &RoleName, comers: &Comers) -> (String, Value) {
    let label = label(role);
    let mut line = format!("could come to {label} through Identity Center: ");
    let words = comers.words();
    line.push_str(&if words.is_empty() { "nobody".to_owned() } else { words.join("; ") });
    let people = comers.people.iter().map(|(id, comer)| {
        json!({ "user_id": id, "name": comer.name, "is_enabled": comer.is_enabled, "is_direct": comer.is_direct, "groups": comer.groups })
    });
    let people: Vec<Value> = people.collect();
    let gaps: Vec<String> = comers.gaps.iter().map(ToString::to_string).collect();
    let value = json!({ "role": label, "permission_set": comers.set, "people": people, "not_known": gaps });
    (line, value)
}

fn row(role: &RoleName, behind: &Behind, center: Option<&IdentityCenter>) -> Vec<Value> {
    let most_first = |counts: Vec<(String, u64)>| {
        let mut counts = counts;
        counts.sort_by(|(one, m), (other, n)| n.cmp(m).then_with(|| one.cmp(other)));
        Value::from(counts.into_iter().map(|(text, _)| text).collect::<Vec<_>>())
    };
    let named = behind.named.iter().map(|(name, sessions)| (name.clone(), *sessions));
    let origins = behind.origins.iter();
    let origins =
        origins.map(|((nature, network), calls)| (format!("{network} ({})", nature.words().0), *calls));
    let list = |texts: &mut dyn Iterator<Item = String>| Value::from(texts.collect::<Vec<_>>());
    vec![
        Value::from(words(&behind.who, center)),
        Value::from(label(role)),
        Value::from(behind.how.words()),
        list(&mut behind.through.iter().map(label)),
        Value::from(mfa(behind.mfa)),
        Value::from(behind.sessions),
        Value::from(behind.calls),
        Value::from(behind.days.len()),
        instant(behind.first),
        instant(behind.last),
        list(&mut behind.source_identities.iter().cloned()),
        list(&mut behind.on_behalf_of.iter().cloned()),
        most_first(named.collect()),
        most_first(origins.collect()),
    ]
}

fn refused<'s>(sessions: &'s Sessions, role: &'s RoleName) -> impl Iterator<Item = (String, Value)> {
    sessions.refused(role).map(|(who, refused)| {
        let who = named(who);
        let (last, label) = (instant(refused.last), label(role));
        let times = if refused.calls == 1 { "once".to_owned() } else { format!("{} times", refused.calls) };
        let mut line = String::new();
        let _ = write!(
            line,
            "refused: {who} tried to assume {label} {times}, last {}",
            last.as_str().unwrap_or_default()
        );
        (line, json!({ "role": label, "who": who, "attempts": refused.calls, "last": last }))
    })
}

fn label(role: &RoleName) -> String {
    if role.is_root() {
        return format!("{}:root", role.account);
    }
    format!("{}/{}", role.account, role.name)
}

fn words(who: &Who, center: Option<&IdentityCenter>) -> String {
    match who {
        Who::Caller(caller) => caller.clone(),
        Who::SourceIdentity(name) => format!("source identity {name}"),
        Who::IdentityCenterUser(id) => match center.and_then(|center| center.name_of(id)) {
            Some(name) => format!("Identity Center user {name} ({id})"),
            None => format!("Identity Center user {id}"),
        },
        Who::IdentityCenterName(name) => format!("Identity Center user named {name}"),
        Who::Delegate(account) => format!("delegate of account {account}"),
        Who::Instance(id) => format!("instance {id}"),
        Who::NotTold => "not told".to_owned(),
    }
}

/// Whether those who got the sessions had used MFA.
fn mfa([with, without, not_told]: [u64; 3]) -> String {
    let words = [(with, "yes"), (without, "no"), (not_told, "not told")];
    let told: Vec<(u64, &str)> = words.into_iter().filter(|(sessions, _)| *sessions > 0).collect();
    match told.as_slice() {
        [(_, word)] => (*word).to_owned(),
        several => {
            several.iter().map(|(sessions, word)| format!("{sessions} {word}")).collect::<Vec<_>>().join(", ")
        }
    }
}

fn instant(seconds: i64) -> Value {
    Timestamp::from_second(seconds).map_or(Value::Null, |time| Value::from(time.to_string()))
}
