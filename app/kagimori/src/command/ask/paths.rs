//! `kagimori ask paths`: who can become an administrator, or act as somebody, and how.

mod dot;
mod json;
mod text;

use std::collections::BTreeMap;

use kagimori_estate::access::May;
use kagimori_plan::escalation::{Found, Goal, Graph, Route};
use kagimori_terminal::printer;

use super::question;
use crate::args::{Paths, PathsFormat};
use crate::error::AppError;
use crate::exit::Exit;
use crate::progress::Steps;

pub(super) fn run(args: &Paths) -> Result<Exit, AppError> {
    let (estate, now) = super::estate(&args.dir)?;
    let steps = Steps::new("principal");
    let graph = Graph::of_telling(&estate, now, &|done, total| steps.reach(done, total));
    drop(steps);
    let goal = match args.to.as_str() {
        "admin" => Goal::Administrator,
        name => Goal::Principal(question::subject(graph.access(), name)?.arn.to_string()),
    };
    let from = match &args.from {
        Some(name) => Some(question::subject(graph.access(), name)?.arn.to_string()),
        None => None,
    };
    let Some(found) = graph.find(&goal, from.as_deref()) else {
        return Err(AppError::UnknownPrincipal(args.to.clone()));
    };
    match args.format {
        PathsFormat::Human => printer::text(&text::text(&graph, &goal, &found, from.as_deref()))?,
        PathsFormat::Json => json::print(&graph, &goal, &found, now)?,
        PathsFormat::Dot => printer::data(&dot::dot(&graph, &goal, &found))?,
    }
    let count = |wanted: fn(May) -> bool| found.routes.iter().any(|route| wanted(route.certainty()));
    let exit = if count(|may| may >= May::If) {
        Exit::Findings
    } else if count(|may| may == May::Unknown) {
        Exit::Failed
    } else {
        Exit::Clean
    };
    Ok(super::exit_of_all(&estate, exit))
}

/// Routes that people read as one, the surest and shortest first.
fn alike<'r>(graph: &Graph<'_>, found: &'r Found) -> Vec<Vec<&'r Route>> {
    let mut groups: BTreeMap<_, Vec<&Route>> = BTreeMap::new();
    for route in &found.routes {
        groups.entry(graph.likeness(route)).or_default().push(route);
    }
    let mut groups: Vec<Vec<&Route>> = groups.into_values().collect();
    groups.sort_by_key(|routes| {
        routes
            .first()
            .map(|route| (std::cmp::Reverse(route.certainty()), route.len(), std::cmp::Reverse(routes.len())))
    });
    groups
}

/// How surely, in one word, the same in every format.
fn word(may: May) -> &'static str {
    match may {
        May::Surely => "sure",
        May::If => "conditional",
        May::Unknown | May::No => "unknown",
    }
}

/// `user/taro`, with the account where it is another than `home`.
fn nearby(arn: &str, home: &str) -> String {
    let account = |arn: &str| arn.split(':').nth(4).map(str::to_owned);
    match arn.splitn(6, ':').nth(5) {
        Some(resource) if account(arn) == account(home) => resource.to_owned(),
        _ => short(arn),
    }
}

/// `user/taro (111122223333)`
fn short(arn: &str) -> String {
    let mut parts = arn.splitn(6, ':').skip(4);
    match (parts.next(), parts.next()) {
        (Some(account), Some(resource)) => format!("{resource} ({account})"),
        _ => arn.to_owned(),
    }
}
