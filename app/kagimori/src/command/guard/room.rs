//! `guard budget`.

use std::fmt::Write;

use kagimori_guard::{Attached, Node, budget};
use kagimori_policy::print::print;
use kagimori_terminal::printer;
use kagimori_terminal::schema::Schema;
use kagimori_terminal::style::{BOLD, DIM, RED_BOLD as RED, YELLOW_BOLD as YELLOW};
use serde::Serialize;

use super::{estate, exit};
use crate::args::{Format, GuardBudget};
use crate::error::AppError;
use crate::exit::Exit;
use crate::show::numbers::thousands;

pub(super) fn run(args: &GuardBudget) -> Result<Exit, AppError> {
    let (_, estate) = estate(&args.dir)?;
    let Some(nodes) = budget(&estate) else {
        printer::failure(
            &"the policies of the organization are not known",
            "`kagimori collect --organization` brings them; or put what `aws organizations list-policies`, `describe-policy` and `list-targets-for-policy` print into snapshots/organization",
        );
        return Ok(Exit::Failed);
    };
    match args.format {
        Format::Human => printer::text(&text(&nodes))?,
        Format::Json => printer::json(&json(&nodes))?,
    }
    let is_over = nodes.iter().flat_map(|node| &node.attached).any(is_over);
    let is_untold = nodes.iter().any(|node| !node.untold.is_empty());
    let verdict = match (is_over, is_untold) {
        (true, _) => Exit::Findings,
        (false, true) => Exit::Failed,
        (false, false) => Exit::Clean,
    };
    Ok(exit(&estate, verdict))
}

fn is_over(policy: &Attached) -> bool {
    policy.characters.is_some_and(|characters| characters > policy.most)
}

fn text(nodes: &[Node]) -> String {
    let mut text = String::new();
    if nodes.is_empty() {
        text.push_str("no SCP and no RCP is attached anywhere\n");
    }
    for node in nodes {
        let used = node.attached.len();
        let _ = writeln!(
            text,
            "{BOLD}{}{BOLD:#}  {}s: {used} of {}, room for {}",
            node.id,
            node.kind.short(),
            used.saturating_add(node.free),
            node.free
        );
        node.attached.iter().for_each(|policy| attached(policy, &mut text));
        for name in &node.untold {
            let _ = writeln!(
                text,
                "  {YELLOW}unknown{YELLOW:#}  `{name}` may be attached here, too: its targets were not given"
            );
        }
        for merge in &node.merges {
            let _ = writeln!(
                text,
                "  {DIM}{} could be one policy of {} characters, which is proved to mean the same; `--format json` has it{DIM:#}",
                merge.ids.join(", "),
                thousands(merge.characters as u64),
            );
        }
    }
    text
}

fn attached(policy: &Attached, text: &mut String) {
    let size = match policy.characters {
        Some(characters) => {
            format!("{} of {} characters", thousands(characters as u64), thousands(policy.most as u64))
        }
        None => "its text was not given".to_owned(),
    };
    let over = if is_over(policy) { format!("  {RED}over{RED:#}") } else { String::new() };
    let _ = writeln!(text, "  {}  {}  {size}{over}", policy.id, policy.name);
}

#[derive(Serialize)]
struct Output<'a> {
    schema: Schema,
    nodes: Vec<NodeOut<'a>>,
}

#[derive(Serialize)]
struct NodeOut<'a> {
    id: &'a str,
    kind: &'a str,
    free: usize,
    attached: Vec<AttachedOut<'a>>,
    untold: &'a [String],
    merges: Vec<MergeOut<'a>>,
}

#[derive(Serialize)]
struct AttachedOut<'a> {
    id: &'a str,
    name: &'a str,
    characters: Option<usize>,
    most: usize,
}

#[derive(Serialize)]
struct MergeOut<'a> {
    ids: &'a [String],
    characters: usize,
    policy: serde_json::Value,
}

fn json(nodes: &[Node]) -> Output<'_> {
    let nodes = nodes.iter().map(|node| NodeOut {
        id: &node.id,
        kind: node.kind.short(),
        free: node.free,
        attached: node
            .attached
            .iter()
            .map(|policy| AttachedOut {
                id: &policy.id,
                name: &policy.name,
                characters: policy.characters,
                most: policy.most,
            })
            .collect(),
        untold: &node.untold,
        merges: node
            .merges
            .iter()
            .map(|merge| MergeOut {
                ids: &merge.ids,
                characters: merge.characters,
                policy: serde_json::from_str(&print(&merge.document)).unwrap_or(serde_json::Value::Null),
            })
            .collect(),
    });
    Output { schema: Schema { name: "kagimori.guard-budget", version: 1 }, nodes: nodes.collect() }
}
