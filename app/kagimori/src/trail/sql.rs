//! `--sql`: a question as SQL over the lake's files, for other engines. Tables and columns are those of `docs/lake.md`.

use std::fmt::Write;
use std::path::Path;

use kagimori_trail::selection::{Only, Selection, Who};

use super::{Question, View};
use crate::args::SqlEngine;

/// The SQL of a question.
pub(super) fn text(engine: SqlEngine, question: &Question, directory: &Path) -> String {
    let from = |set: &str| table(engine, directory, set);
    let place = conditions(&question.selection);
    match question.view {
        View::Principals => format!(
            "SELECT principal, sum(n) AS calls, sum(CASE WHEN error_code IS NULL THEN 0 ELSE n END) AS failed,\n  \
             count(DISTINCT event_source || ':' || event_name) AS actions, min(\"first\") AS first_call, max(\"last\") AS last_call\n\
             FROM {}\nWHERE shared_copy = false{place}\nGROUP BY principal\nORDER BY calls DESC, principal\n",
            from("daily_actions")
        ),
        View::Actions => format!(
            "SELECT principal, event_source, event_name, count(*) AS calls,\n  \
             sum(CASE WHEN error_code IS NULL THEN 1 ELSE 0 END) AS succeeded, min(event_time) AS first_call,\n  \
             max(event_time) AS last_call\nFROM {}\nWHERE is_update = false{place}\n\
             GROUP BY principal, event_source, event_name\nORDER BY principal, event_source, event_name\n",
            from("events")
        ),
        View::Denied => format!(
            "SELECT principal, event_source, event_name, error_code, count(*) AS calls, min(event_time) AS first_call,\n  \
             max(event_time) AS last_call\nFROM {}\nWHERE is_update = false{place}\n\
             GROUP BY principal, event_source, event_name, error_code\nORDER BY calls DESC, principal\n",
            from("events")
        ),
        View::Console => format!(
            "SELECT principal, sum(CASE WHEN signed_in THEN 1 ELSE 0 END) AS succeeded,\n  \
             sum(CASE WHEN signed_in AND sign_in_mfa = false THEN 1 ELSE 0 END) AS without_mfa,\n  \
             sum(CASE WHEN signed_in = false THEN 1 ELSE 0 END) AS failed, max(event_time) AS last_sign_in\n\
             FROM {}\nWHERE is_update = false{place}\nGROUP BY principal\nORDER BY principal\n",
            from("events")
        ),
        View::Coverage => format!(
            "SELECT account, region, min(day) AS first_day, max(day) AS last_day, count(DISTINCT day) AS days, count(*) AS events\n\
             FROM {}\nWHERE is_update = false{place}\nGROUP BY account, region\nORDER BY account, region\n",
            from("events")
        ),
    }
}

fn table(engine: SqlEngine, directory: &Path, set: &str) -> String {
    match engine {
        SqlEngine::Duckdb => {
            let files = directory.join("lake").join(set).join("*").join("*.parquet");
            let files = files.to_string_lossy().replace('\'', "''");
            format!("read_parquet('{files}', hive_partitioning = true, hive_types = {{'day': VARCHAR}})")
        }
        SqlEngine::Athena | SqlEngine::Trino => format!("kagimori_{set}"),
    }
}

/// ` AND …` for each condition.
fn conditions(selection: &Selection) -> String {
    let mut text = String::new();
    let quoted = |value: &str| format!("'{}'", value.replace('\'', "''"));
    let mut and = |condition: String| {
        let _ = write!(text, "\n  AND {condition}");
    };
    match &selection.who {
        None => {}
        Some(Who::Exactly(principal)) => and(format!("principal = {}", quoted(principal))),
        Some(Who::Named(name)) => and(format!("principal LIKE {} ESCAPE '\\'", like(name, ""))),
        Some(Who::Role(name)) => and(format!("principal LIKE {} ESCAPE '\\'", like(name, ":%role/"))),
    }
    if let Some(key) = &selection.access_key {
        and(format!("access_key_id = {}", quoted(key)));
    }
    if let Some(account) = &selection.account {
        and(format!("account = {}", quoted(&account.to_string())));
    }
    match selection.only {
        Only::All => {}
        Only::Denied => and("outcome = 'denied'".to_owned()),
        Only::SignIns => and("event_name = 'ConsoleLogin'".to_owned()),
        Only::Root => and("principal LIKE 'arn:%:root'".to_owned()),
    }
    // Days are folders: what lies outside is not opened.
    let day = |seconds: i64| {
        let instant = jiff::Timestamp::from_second(seconds).unwrap_or_default().to_string();
        instant.get(..10).unwrap_or_default().to_owned()
    };
    if let Some(since) = selection.since {
        and(format!("day >= '{}'", day(since)));
    }
    if let Some(until) = selection.until {
        and(format!("day <= '{}'", day(until - 1)));
    }
    text
}

/// `'%/NAME'` with the wildcards of LIKE escaped.
fn like(name: &str, before: &str) -> String {
    let name = name.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_").replace('\'', "''");
    if before.is_empty() { format!("'%/{name}'") } else { format!("'%{before}%{name}'") }
}
