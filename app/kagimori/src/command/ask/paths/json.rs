//! Routes as JSON, schema `kagimori.paths`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kagimori_estate::access::May;
use kagimori_plan::escalation::catalogue::Category;
use kagimori_plan::escalation::{Because, Found, Goal, Graph, Step, Witness};
use kagimori_terminal::printer;
use kagimori_terminal::schema::Schema;
use serde::Serialize;

use super::word;
use crate::error::AppError;

#[derive(Serialize)]
struct Output<'a> {
    schema: Schema,
    now: Timestamp,
    /// `administrator`, or the ARN to be reached.
    goal: &'a str,
    asked: usize,
    counts: Counts,
    /// Who is an administrator (of the goal's account) already.
    administrators: Vec<Administrator<'a>>,
    assumptions: Vec<&'a str>,
    routes: Vec<RouteOut<'a>>,
}

#[derive(Serialize)]
struct Counts {
    sure: usize,
    conditional: usize,
    unknown: usize,
}

#[derive(Serialize)]
struct Administrator<'a> {
    principal: &'a str,
    certainty: &'static str,
    /// What it hangs on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    conditions: Vec<String>,
}

#[derive(Serialize)]
struct RouteOut<'a> {
    source: &'a str,
    certainty: &'static str,
    steps: Vec<StepOut>,
    /// Policies that were not given, where the source may be an administrator already.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<String>,
}

#[derive(Serialize)]
struct StepOut {
    /// The id of the path; `None`: what an administrator may do anyway.
    path: Option<&'static str>,
    category: Option<Category>,
    from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    member_of: Option<String>,
    /// How else it is another than the snapshot says.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<String>,
    victim: String,
    to: String,
    any_permission: bool,
    /// How else it is another after the step.
    #[serde(skip_serializing_if = "Option::is_none")]
    becomes: Option<String>,
    conditions: Vec<String>,
    witnesses: Vec<WitnessOut>,
}

#[derive(Serialize)]
struct WitnessOut {
    principal: String,
    action: String,
    resource: String,
    /// A value, or null where the key is absent.
    context: BTreeMap<String, Option<String>>,
    answer: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_if: Option<String>,
    because: Vec<BecauseOut>,
}

#[derive(Serialize)]
struct BecauseOut {
    policy: String,
    file: Option<String>,
    number: usize,
    statement: serde_json::Value,
    /// Without it the step is gone.
    needed: bool,
}

pub(super) fn print(graph: &Graph<'_>, goal: &Goal, found: &Found, now: Timestamp) -> Result<(), AppError> {
    let count = |wanted: May| found.routes.iter().filter(|route| route.certainty() == wanted).count();
    let mut routes = Vec::new();
    for route in &found.routes {
        let steps = graph.steps(route).into_iter().map(step).collect::<Result<Vec<_>, _>>()?;
        let missing = if steps.is_empty() { graph.missing(route) } else { Vec::new() };
        let certainty = word(route.certainty());
        routes.push(RouteOut { source: graph.source(route), certainty, steps, missing });
    }
    let administrators = found.there.iter();
    Ok(printer::json(&Output {
        schema: Schema { name: "kagimori.paths", version: 1 },
        now,
        goal: match goal {
            Goal::Administrator => "administrator",
            Goal::Principal(arn) => arn,
        },
        asked: found.asked,
        counts: Counts {
            sure: count(May::Surely),
            conditional: count(May::If),
            unknown: count(May::Unknown),
        },
        administrators: administrators
            .map(|(principal, may)| Administrator {
                principal,
                certainty: word(*may),
                conditions: graph.administrator_if(principal),
            })
            .collect(),
        assumptions: graph.access().assumptions(),
        routes,
    })?)
}

fn step(step: Step) -> Result<StepOut, AppError> {
    Ok(StepOut {
        path: step.path.map(|path| path.id.as_str()),
        category: step.path.map(|path| path.kind),
        from: step.from,
        member_of: step.member_of,
        changed: step.changed,
        victim: step.victim,
        to: step.to,
        any_permission: step.any_permission,
        becomes: step.becomes,
        conditions: step.conditions,
        witnesses: step.witnesses.into_iter().map(witness).collect::<Result<_, _>>()?,
    })
}

fn witness(witness: Witness) -> Result<WitnessOut, AppError> {
    Ok(WitnessOut {
        principal: witness.principal,
        action: witness.action,
        resource: witness.resource,
        context: witness.context.into_iter().collect(),
        answer: if witness.is_sure { "allowed" } else { "depends" },
        allowed_if: witness.allowed_if,
        because: witness.because.into_iter().map(because).collect::<Result<_, _>>()?,
    })
}

fn because(because: Because) -> Result<BecauseOut, AppError> {
    Ok(BecauseOut {
        policy: because.policy,
        file: because.file,
        number: because.number,
        statement: serde_json::from_str(&because.statement).map_err(AppError::Encode)?,
        needed: because.is_needed,
    })
}
