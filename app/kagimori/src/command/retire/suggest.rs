//! `retire suggest`: active keys that nobody uses, the safest first; and what is known of a key, in words and as JSON.

use std::fmt::Write;

use jiff::Timestamp;
use kagimori_estate::model::{AccessKey, LastUse, User};
use kagimori_plan::Settings;
use kagimori_plan::replay::{Evidence as Replayed, Verdict};
use kagimori_retire::{Evidence, State};
use kagimori_terminal::printer;
use kagimori_terminal::schema::Schema;
use kagimori_terminal::style::{DIM, GREEN_BOLD as GREEN, YELLOW_BOLD as YELLOW};
use serde::Serialize;
use serde_json::{Value, json};

use super::known::{Facts, Look, is_used};
use super::show::Row;
use super::{book, terraform, told, zone};
use crate::args::{Format, RetireSuggest};
use crate::company::Company;
use crate::error::AppError;
use crate::exit::Exit;
use crate::show::numbers::{calls, counted, day};

/// Keys that are printed with everything; the JSON holds all.
const SHOWN_MAX: usize = 20;
/// Names in a line.
const NAMES_MAX: usize = 5;

/// How safe it is to let a key go, the safest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Safety {
    /// Never used, by AWS and by the trail.
    NeverUsed,
    /// Not used for long, by both.
    Unused,
    /// Not used for long, and something speaks against it.
    Doubtful,
}

/// Runs the command.
pub(super) fn run(args: &RetireSuggest) -> Result<Exit, AppError> {
    let company = Company::open(&args.from.dir, args.from.trail.as_ref())?;
    let settings = company.directory.settings()?;
    let windows = zone::windows(&settings)?;
    let managed = terraform::managed(&args.from.terraform_state)?;
    let unused = args.unused.unwrap_or(settings.retire.unused);
    let look = Look {
        company: &company,
        settings: &settings,
        windows: &windows,
        window: company.last_days(args.from.days),
        unused,
        managed: &managed,
    };
    let book = book(&args.from.dir)?;
    let mut active = active(&company);
    let asked = active.len();
    // What AWS saw used lately is no candidate, whatever the trail holds: its calls need not be kept.
    active.retain(|(_, key)| !is_used(key, unused, company.now));
    let mut found = Vec::new();
    let (mut protected, mut live) = (0_usize, 0_usize);
    for facts in look.at(&active)? {
        if !facts.is_unused(unused, company.now) {
            continue;
        }
        if facts.protected.is_some() {
            protected = protected.saturating_add(1);
        } else if book.live(&facts.credential.key).is_some() {
            live = live.saturating_add(1);
        } else {
            found.push((safety(&facts), facts));
        }
    }
    found.sort_by_key(|(safety, facts)| order(*safety, facts));
    let mut told = Vec::new();
    for (safety, facts) in found {
        let replayed = (facts.evidence.calls > 0).then(|| look.replayed(&facts.credential)).transpose()?;
        told.push((safety, facts, replayed));
    }
    match args.from.format {
        Format::Human => {
            let mut text: String = told
                .iter()
                .take(SHOWN_MAX)
                .map(|(_, facts, replayed)| known(facts, replayed.as_ref(), &settings))
                .collect();
            if told.len() > SHOWN_MAX {
                let _ = writeln!(text, "and {} more; `--format json` lists all", told.len() - SHOWN_MAX);
            }
            let _ = writeln!(
                text,
                "{} of {} could go: unused for {}{}{}",
                told.len(),
                counted(asked, "active key"),
                counted(unused, "day"),
                beside(protected, "is protected", "are protected"),
                beside(live, "is being retired", "are being retired"),
            );
            if let Some((_, facts, _)) = told.first() {
                let _ = writeln!(text, "begin with `kagimori retire start {}`", facts.credential.key);
            }
            printer::text(&text)?;
        }
        Format::Json => {
            let keys: Vec<Value> = told
                .iter()
                .map(|(safety, facts, replayed)| facts_json(*safety, facts, replayed.as_ref(), &settings))
                .collect();
            printer::json(&json!({
                "schema": Schema { name: "kagimori.retire-suggest", version: 1 },
                "now": company.now.to_string(),
                "unused_days": unused,
                "active": asked,
                "protected": protected,
                "being_retired": live,
                "keys": keys,
            }))?;
        }
    }
    Ok(company.exit(&[], Exit::Clean))
}

/// The active keys of the directory, and those of which it is not known.
fn active(company: &Company) -> Vec<(&User, &AccessKey)> {
    let users = company.estate.accounts.values().flat_map(|account| account.users.values());
    users
        .flat_map(|user| user.access_keys.value().into_iter().flatten().map(move |key| (user, key)))
        .filter(|(_, key)| key.id.is_some() && key.active.value() != Some(&false))
        .collect()
}

fn safety(facts: &Facts) -> Safety {
    let is_never = matches!(facts.last_used.value(), Some(LastUse::Never)) && facts.evidence.calls == 0;
    match (facts.against.is_empty(), is_never) {
        (false, _) => Safety::Doubtful,
        (true, true) => Safety::NeverUsed,
        (true, false) => Safety::Unused,
    }
}

/// The safest first; then what has an owner, then the oldest use.
fn order(safety: Safety, facts: &Facts) -> (Safety, bool, Option<Timestamp>, Option<Timestamp>, String) {
    let used = match facts.last_used.value() {
        Some(LastUse::At { at, .. }) => Some(*at),
        _ => None,
    };
    let key = facts.credential.key.to_string();
    (safety, facts.owner.is_none(), used.max(facts.evidence.last), facts.created, key)
}

fn beside(count: usize, one: &str, many: &str) -> String {
    match count {
        0 => String::new(),
        1 => format!("; 1 more {one}"),
        count => format!("; {count} more {many}"),
    }
}

/// What is known of a key, for people.
pub(super) fn known(facts: &Facts, replayed: Option<&Replayed>, settings: &Settings) -> String {
    let mut text = String::new();
    let user = facts.user();
    let account = user
        .account()
        .map(|id| settings.account_name(id).map_or_else(|| id.to_string(), |name| format!("{name} {id}")));
    let unknown = || format!("{YELLOW}unknown{YELLOW:#}");
    let _ = writeln!(
        text,
        "{}  {}  {DIM}{}{DIM:#}",
        facts.credential.key,
        user.name(),
        account.unwrap_or_default()
    );
    let mut line = |what: &str, told: &str| {
        let _ = writeln!(text, "  {what:<10} {told}");
    };
    line("owner", &facts.owner.clone().unwrap_or_else(unknown));
    line("purpose", &facts.purpose.clone().unwrap_or_else(unknown));
    if let Some(created) = facts.created {
        line("created", &day(created.as_second()));
    }
    line("last used", &format!("{} (as AWS tracks it)", facts.last_used_words()));
    line("trail", &facts.trail_words());
    if !facts.services.is_empty() {
        line("services", &names(&facts.services));
        line("from", &names(&facts.places));
    }
    line("replay", &breaks(replayed));
    let rungs = settings.retire.ladder.rungs().iter().zip(&facts.evidence.rungs);
    for (place, (rung, expected)) in rungs.enumerate() {
        let verdict = facts.evidence.judge(&settings.retire.enough, place, rung.off);
        line(&format!("off {}", rung.off), &told::power(rung.off, expected, &facts.evidence, verdict));
    }
    for against in &facts.against {
        line("against", &format!("{YELLOW}{against}{YELLOW:#}"));
    }
    text.push('\n');
    text
}

fn names(all: &[String]) -> String {
    let shown = all.iter().take(NAMES_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    match all.len().checked_sub(NAMES_MAX) {
        Some(more) if more > 0 => format!("{shown} and {more} more"),
        _ => shown,
    }
}

/// What would have broken.
fn breaks(replayed: Option<&Replayed>) -> String {
    let Some(replayed) = replayed else {
        return "the trail holds no call that it would have broken".to_owned();
    };
    let totals = &replayed.totals;
    let mut actions: Vec<(u64, &str)> = replayed
        .findings(Verdict::NewlyDenied)
        .into_iter()
        .map(|(_, about, finding)| (finding.count, about.action.as_str()))
        .collect();
    actions.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    actions.dedup_by(|a, b| a.1 == b.1);
    let actions: Vec<String> = actions.iter().map(|(_, action)| (*action).to_owned()).collect();
    let of = if actions.is_empty() { String::new() } else { format!(": {}", names(&actions)) };
    let open = match totals.cannot_tell {
        0 => String::new(),
        open => format!("; of {} it cannot be told", calls(open)),
    };
    format!("{} would have been denied{of}{open}", calls(totals.newly_denied))
}

/// The same as JSON.
fn facts_json(safety: Safety, facts: &Facts, replayed: Option<&Replayed>, settings: &Settings) -> Value {
    let Evidence { from, until, calls: count, last, last_write, rungs } = &facts.evidence;
    let ladder = settings.retire.ladder.rungs();
    let rungs: Vec<Value> = ladder
        .iter()
        .zip(rungs)
        .enumerate()
        .map(|(place, (rung, expected))| {
            json!({
                "off": rung.off,
                "expected_calls": expected.calls,
                "power": expected.power,
                "verdict": facts.evidence.judge(&settings.retire.enough, place, rung.off).word(),
            })
        })
        .collect();
    let managed: Vec<Value> = facts
        .managed
        .iter()
        .map(|(managed, file)| {
            json!({
                "file": file,
                "address": managed.address,
                "status": managed.status,
                "advice": managed.advice(),
            })
        })
        .collect();
    json!({
        "safety": safety,
        "key": facts.credential.key,
        "user": facts.user(),
        "owner": facts.owner,
        "purpose": facts.purpose,
        "created": facts.created.map(|at| at.to_string()),
        "last_used": facts.last_used_words(),
        "trail": {
            "from": from.to_string(),
            "until": until.to_string(),
            "calls": count,
            "days": facts.days,
            "last": last.map(|at| at.to_string()),
            "last_write": last_write.map(|at| at.to_string()),
            "services": facts.services,
            "places": facts.places,
        },
        "newly_denied": replayed.map_or(0, |replayed| replayed.totals.newly_denied),
        "cannot_tell": replayed.map_or(0, |replayed| replayed.totals.cannot_tell),
        "rungs": rungs,
        "terraform": managed,
        "against": facts.against,
    })
}

/// What was begun.
pub(super) fn begun(states: &[State], format: Format) -> Result<(), AppError> {
    let now = Timestamp::now();
    match format {
        Format::Human => {
            let line =
                |state: &State| format!("{GREEN}begun{GREEN:#}  {}  {}\n", state.key(), told::line(state));
            let mut text: String = states.iter().map(line).collect();
            text.push_str("`kagimori retire tick` goes on with it: let cron run it every few minutes\n");
            printer::text(&text)?;
        }
        Format::Json => {
            let rows: Vec<Row<'_>> = states.iter().map(|state| Row::of(state, now)).collect();
            printer::json(&json!({
                "schema": Schema { name: "kagimori.retire-start", version: 1 },
                "now": now.to_string(),
                "retirements": rows,
            }))?;
        }
    }
    Ok(())
}
