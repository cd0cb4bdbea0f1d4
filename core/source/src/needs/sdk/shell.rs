//! The AWS CLI: `aws SERVICE OPERATION --parameter value …`, and its commands that are no operation.

mod commands;
mod s3;

use std::rc::Rc;

use super::{Made, Outcome};
use crate::needs::flow::{Flow, VALUES_MAX, none, one};
use crate::needs::table::{Sdk, ServiceId};
use crate::needs::value::{Fields, Part, Site, Value, Values, Why};

/// Options of `aws` itself that take a value (AWS CLI reference, *global options*).
const GLOBAL: [&str; 10] = [
    "--profile",
    "--region",
    "--endpoint-url",
    "--output",
    "--query",
    "--color",
    "--cli-read-timeout",
    "--cli-connect-timeout",
    "--ca-bundle",
    "--cli-binary-format",
];
/// Operations whose answer goes into a file that is named last.
const OUTFILE: [&str; 12] = [
    "get-object",
    "get-object-torrent",
    "select-object-content",
    "invoke",
    "synthesize-speech",
    "get-job-output",
    "get-export",
    "get-sdk",
    "get-media",
    "get-clip",
    "get-thing-shadow",
    "update-thing-shadow",
];
/// A word is not longer than that.
const JSON_BYTES_MAX: usize = 64 << 10;

/// A command: its words, each with all that it may be.
type Words = Vec<Values>;

/// A command taken apart.
#[derive(Clone, Debug, Default)]
struct Command {
    /// Words that are no options.
    words: Words,
    /// Options with what follows them.
    options: Vec<(String, Vec<Values>)>,
}

impl Command {
    fn option(&self, name: &str) -> Option<&Vec<Values>> {
        self.options.iter().find(|(known, _)| known == name).map(|(_, values)| values)
    }

    /// An option's own value.
    fn value(&self, name: &str) -> Option<Values> {
        self.option(name)?.first().cloned()
    }
}

/// A variable that nothing in the file sets: `$1` of a script, or of the environment.
pub(super) fn variable(flow: &Flow<'_>, site: Site, name: &str) -> Values {
    let plain = name.trim_start_matches('$');
    if plain.chars().all(|letter| letter.is_ascii_digit() || matches!(letter, '@' | '*' | '#' | '?' | '!')) {
        let why = Why::Argument { argument: name.to_owned(), function: "the script".to_owned() };
        return flow.unknown(site, why);
    }
    flow.environment(site, plain, None)
}

/// `${NAME:-default}`.
pub(super) fn give(flow: &Flow<'_>, path: &str, site: Site) -> Option<Values> {
    if path != "${:-}" {
        return Some(flow.unknown(site, Why::Answer(path.to_owned())));
    }
    let values = flow.argument(site, 0, "")?;
    let told: Vec<Value> =
        values.iter().filter(|value| !matches!(value, Value::Unknown(_))).cloned().collect();
    if told.is_empty() { flow.argument(site, 1, "") } else { Some(told.into()) }
}

/// What a command calls; nothing where it is none of the CLI.
pub(crate) fn external_calls(flow: &Flow<'_>, path: &str, site: Site) -> Outcome {
    if !matches!(path, "aws" | "command aws") {
        return Outcome::nothing();
    }
    run(flow, &[], site)
}

/// A command whose name is in a variable: `AWS="aws --profile x"`.
pub(crate) fn by_variable(flow: &Flow<'_>, value: &Value, site: Site) -> Outcome {
    let text = value.known().unwrap_or_default();
    let mut words = text.split_whitespace();
    let is_aws = words.next().is_some_and(|first| first.rsplit('/').next() == Some("aws"));
    if !is_aws {
        return Outcome::nothing();
    }
    let before: Words = words.map(|word| one(Value::text(word))).collect();
    run(flow, &before, site)
}

fn run(flow: &Flow<'_>, before: &[Values], site: Site) -> Outcome {
    let mut all = Outcome::nothing();
    for words in commands_of(flow, site) {
        let words = before.iter().cloned().chain(words).collect();
        let found = command(flow, words, site);
        all.calls.extend(found.calls);
        all.untold = all.untold.or(found.untold);
    }
    all
}

/// The words of a command; once for each caller that hands on its own.
fn commands_of(flow: &Flow<'_>, site: Site) -> Vec<Words> {
    let mut ways: Vec<Words> = vec![Vec::new()];
    for argument in flow.arguments(site) {
        let values = flow.beside(site, argument.value);
        let expanded: Vec<Words> = match argument.is_spread {
            false => vec![split(values)],
            true => match values.first() {
                Some(Value::List(items)) => vec![items.to_vec()],
                // `"$@"`: what the callers of the function give.
                Some(Value::Unknown(reason)) if matches!(reason.why, Why::Argument { .. }) => {
                    let callers = flow.callers_around(site);
                    let of = |caller: &Site| {
                        let given = flow.arguments(*caller).iter();
                        given.map(|argument| flow.beside(*caller, argument.value)).collect::<Words>()
                    };
                    let found: Vec<Words> = callers.iter().take(VALUES_MAX).map(of).collect();
                    if found.is_empty() { vec![vec![values]] } else { found }
                }
                _ => vec![vec![values]],
            },
        };
        let several = ways.len().saturating_mul(expanded.len()) > VALUES_MAX;
        let expanded = if several { expanded.into_iter().take(1).collect() } else { expanded };
        ways = ways
            .iter()
            .flat_map(|way| expanded.iter().map(|more| way.iter().chain(more).cloned().collect::<Words>()))
            .collect();
    }
    ways
}

/// An unquoted variable may hold several options.
fn split(values: Values) -> Words {
    let known =
        values.first().and_then(Value::known).filter(|text| text.starts_with("--") && text.contains(' '));
    match known {
        Some(text) => text.split_whitespace().map(|word| one(Value::text(word))).collect(),
        None => vec![values],
    }
}

fn text(values: Option<&Values>) -> Option<String> {
    values?.first()?.known()
}

fn command(flow: &Flow<'_>, words: Words, site: Site) -> Outcome {
    let untold = |why: Why| Outcome::untold(flow.reason(site, why));
    let Some(command) = taken_apart(words) else {
        return untold(Why::Name("the words of the command".to_owned()));
    };
    let endpoint = text(command.value("--endpoint-url").as_ref());
    let is_silent =
        ["--no-sign-request", "--generate-cli-skeleton", "--version", "--dry-run"].iter().any(|name| {
            command.option(name).is_some()
                && (*name != "--dry-run" || text(command.words.first()).as_deref() == Some("s3"))
        });
    if is_silent || endpoint.is_some_and(|url| super::is_local(&url)) {
        return Outcome::nothing();
    }
    let Some(first) = command.words.first() else { return Outcome::nothing() };
    let Some(service_name) = text(Some(first)) else { return untold(unknown(first, "the service")) };
    let Some(second) = command.words.get(1) else {
        return Outcome::nothing();
    };
    let Some(name) = text(Some(second)) else { return untold(unknown(second, "the operation")) };
    if name == "help" || commands::is_of_the_machine(&service_name, &name) {
        return Outcome::nothing();
    }
    if service_name == "s3" {
        return s3::outcome(flow, &name, &command, site);
    }
    let Some(service) = service_of(&service_name) else { return untold(Why::Name(service_name)) };
    let mut command = command;
    if OUTFILE.contains(&name.as_str())
        && let Some((_, values)) = command.options.iter_mut().rfind(|(_, values)| values.len() > 1)
    {
        values.pop();
    }
    let fields = fields(flow, &command, site);
    if name == "wait" {
        let waiter = text(command.words.get(2)).and_then(|waiter| Sdk::get().of(service).waiter(&waiter));
        return match waiter {
            Some(operation) => {
                let made = Made::new(service, operation, fields).because("a waiter asks until it is so");
                Outcome::calls(vec![made], none())
            }
            None => untold(Why::Name("the waiter".to_owned())),
        };
    }
    if let Some(calls) = commands::of(&service_name, &name, &command, &fields) {
        return Outcome::calls(calls, none());
    }
    match Sdk::get().operation(service, &name) {
        Some(operation) => Outcome::calls(vec![Made::new(service, operation.name, fields)], none()),
        None => untold(Why::Name(format!("{service_name} {name}"))),
    }
}

/// The service of a command's first word; three are not called as their models are (AWS CLI, `customizations`).
fn service_of(name: &str) -> Option<ServiceId> {
    let name = match name {
        "s3api" => "s3",
        "deploy" => "codedeploy",
        "configservice" => "config",
        "ddb" => "dynamodb",
        other => other,
    };
    Sdk::get().service(name)
}

fn unknown(values: &Values, what: &str) -> Why {
    match values.first() {
        Some(Value::Unknown(reason)) => reason.why.clone(),
        _ => Why::Name(what.to_owned()),
    }
}

/// Options and other words. `None` where a word that is not known may be an option.
fn taken_apart(words: Words) -> Option<Command> {
    let mut command = Command::default();
    let mut rest = words.into_iter().peekable();
    while let Some(values) = rest.next() {
        let word = text(Some(&values));
        let head = match values.first() {
            Some(Value::Text(parts)) => match parts.first() {
                Some(Part::Known(text)) => text.to_string(),
                _ => String::new(),
            },
            _ => String::new(),
        };
        if !head.starts_with("--") {
            command.words.push(values);
            continue;
        }
        // `--name=value`, the value with its holes.
        if let Some((name, _)) = head.split_once('=') {
            let inner = values.iter().filter_map(|value| after(value, name.len().saturating_add(1)));
            command.options.push((name.to_owned(), vec![inner.collect()]));
            continue;
        }
        let name = word?;
        let is_one = GLOBAL.contains(&name.as_str());
        let mut given = Vec::new();
        while let Some(next) = rest.peek() {
            let is_option = matches!(next.first(), Some(Value::Text(parts)) if
                matches!(parts.first(), Some(Part::Known(text)) if text.starts_with("--")));
            // Before the operation is named, options are those of `aws` itself.
            let is_flag = !is_one && command.words.len() < 2;
            if is_option || is_one && !given.is_empty() || is_flag {
                break;
            }
            given.extend(rest.next());
        }
        // Paths of `s3` may stand behind its flags.
        let is_s3 = text(command.words.first()).as_deref() == Some("s3");
        if is_s3 && s3::is_flag(&name) {
            command.words.append(&mut given);
        } else if is_s3 && given.len() > 1 {
            let more = given.split_off(1);
            command.words.extend(more);
        }
        command.options.push((name, given));
    }
    Some(command)
}

/// A text without its first letters.
fn after(value: &Value, length: usize) -> Option<Value> {
    let Value::Text(parts) = value else { return None };
    let mut parts: Vec<Part> = parts.to_vec();
    if let Some(Part::Known(first)) = parts.first_mut() {
        *first = first.get(length..).unwrap_or_default().into();
    }
    Some(Value::Text(parts.into()))
}

/// The options of an operation as its parameters.
fn fields(flow: &Flow<'_>, command: &Command, site: Site) -> Fields {
    let mut fields = Fields::default();
    for (name, values) in &command.options {
        if GLOBAL.contains(&name.as_str()) {
            continue;
        }
        if matches!(name.as_str(), "--cli-input-json" | "--cli-input-yaml") {
            fields.open = Some(flow.reason(site, Why::Spread));
            continue;
        }
        let key = name.trim_start_matches("--").trim_start_matches("no-");
        let values: Values = match values.as_slice() {
            [] => one(Value::text("true")),
            [single] => single.iter().map(parsed).collect(),
            several => one(Value::List(several.to_vec().into())),
        };
        fields.entries.push((key.into(), values));
    }
    fields
}

/// A word that is JSON is what it says.
fn parsed(value: &Value) -> Value {
    let known = value.known().filter(|text| {
        text.len() <= JSON_BYTES_MAX
            && (text.trim_start().starts_with('{') || text.trim_start().starts_with('['))
    });
    let json = known.and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
    json.map_or_else(|| value.clone(), |json| of_json(&json))
}

fn of_json(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Object(map) => {
            let entries = map.iter().map(|(key, value)| (key.as_str().into(), one(of_json(value))));
            Value::Map(Rc::new(Fields { entries: entries.collect(), open: None }))
        }
        serde_json::Value::Array(items) => Value::List(items.iter().map(|item| one(of_json(item))).collect()),
        serde_json::Value::String(text) => Value::text(text),
        other => Value::text(&other.to_string()),
    }
}
