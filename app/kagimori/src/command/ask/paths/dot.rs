//! Routes as a graph in the language of Graphviz: `kagimori ask paths --format dot | dot -Tsvg > paths.svg`.
//!
//! Sources with the same policies and the same way are one node. Dashed: under conditions; dotted: could not be told.

use std::collections::BTreeMap;
use std::fmt::Write;

use kagimori_estate::access::May;
use kagimori_plan::escalation::catalogue::PathKind;
use kagimori_plan::escalation::{Found, Goal, Graph, Step};

use super::{alike, short};

/// How many sources of one node are named.
const NAMES_MAX: usize = 3;

pub(super) fn dot(graph: &Graph<'_>, goal: &Goal, found: &Found) -> String {
    let mut drawing = Drawing { goal: goal.clone(), ..Drawing::default() };
    for routes in alike(graph, found) {
        let Some(first) = routes.first() else { continue };
        let sources: Vec<&str> = routes.iter().map(|route| graph.source(route)).collect();
        drawing.route(&sources, first.certainty(), &graph.steps(first));
    }
    drawing.text()
}

struct Drawing {
    goal: Goal,
    /// Nodes by id: label and attributes.
    nodes: BTreeMap<String, (String, &'static str)>,
    /// Edges: from, to, label; with how surely the surest route over it holds.
    edges: BTreeMap<(String, String, String), May>,
}

impl Default for Drawing {
    fn default() -> Self {
        Self { goal: Goal::Administrator, nodes: BTreeMap::new(), edges: BTreeMap::new() }
    }
}

impl Drawing {
    fn route(&mut self, sources: &[&str], certainty: May, steps: &[Step]) {
        let Some((first, last)) = steps.first().zip(steps.last()) else { return };
        let mut at = self.source(sources, first);
        for step in steps {
            let to = self.target(step, std::ptr::eq(step, last));
            let label = step.path.map_or_else(|| "administrator".to_owned(), labelled);
            let edge = self.edges.entry((at, to.clone(), label)).or_insert(certainty);
            *edge = (*edge).max(certainty);
            at = to;
        }
    }

    /// One source is itself; several are a node of their own.
    fn source(&mut self, sources: &[&str], first: &Step) -> String {
        let [_, _, ..] = sources else {
            self.nodes.entry(first.from.clone()).or_insert_with(|| (label(&first.from), ""));
            return first.from.clone();
        };
        let mut lines: Vec<String> = sources.iter().take(NAMES_MAX).map(|arn| resource(arn)).collect();
        if sources.len() > NAMES_MAX {
            lines.push(format!("… {} in all", sources.len()));
        }
        // Who has the same policies is in the same account.
        lines.push(account(&first.from));
        let text = lines.join("\\n");
        let id = format!("like {}", first.from);
        self.nodes.insert(id.clone(), (text, "shape=box3d"));
        id
    }

    fn target(&mut self, step: &Step, is_last: bool) -> String {
        if step.any_permission {
            let account = step.from.split(':').nth(4).unwrap_or_default();
            let id = format!("any permission in {account}");
            self.nodes.insert(id.clone(), (id.clone().replace(" in ", "\\n"), ADMINISTRATOR));
            return id;
        }
        if step.to == step.from {
            let id = format!("{} in {}", step.to, step.victim);
            let text = format!("{}\\nin {}", label(&step.to), label(&step.victim));
            self.nodes.entry(id.clone()).or_insert((text, if is_last { ADMINISTRATOR } else { "" }));
            return id;
        }
        let attributes = if is_last { ADMINISTRATOR } else { "" };
        let node = self.nodes.entry(step.to.clone()).or_insert_with(|| (label(&step.to), attributes));
        if is_last {
            node.1 = attributes;
        }
        step.to.clone()
    }

    fn text(&self) -> String {
        let mut text = String::from(
            "digraph paths {\n  rankdir=LR\n  node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"sans-serif\", fontsize=10]\n  edge [fontname=\"sans-serif\", fontsize=9]\n",
        );
        if let Goal::Principal(arn) = &self.goal {
            let _ = writeln!(text, "  label={}", quoted(&format!("who can act as {}", short(arn))));
        }
        for (id, (label, attributes)) in &self.nodes {
            let comma = if attributes.is_empty() { "" } else { ", " };
            let _ = writeln!(text, "  {} [label={}{comma}{attributes}]", quoted(id), quoted(label));
        }
        for ((from, to, label), certainty) in &self.edges {
            let style = match certainty {
                May::Surely => "color=\"#b00020\"",
                May::If => "style=dashed",
                May::Unknown | May::No => "style=dotted, color=gray50, fontcolor=gray50",
            };
            let _ = writeln!(text, "  {} -> {} [label={}, {style}]", quoted(from), quoted(to), quoted(label));
        }
        text.push_str("}\n");
        text
    }
}

const ADMINISTRATOR: &str = "fillcolor=\"#ffd9d9\", penwidth=2";

/// The id of a path, and its actions below.
fn labelled(path: &PathKind) -> String {
    let actions: Vec<&str> = path.needs.iter().map(|need| need.action.as_str()).collect();
    format!("{}\\n{}", path.id, actions.join("\\n"))
}

/// `user/taro`, and its account below.
fn label(arn: &str) -> String {
    format!("{}\\n{}", resource(arn), account(arn))
}

fn resource(arn: &str) -> String {
    arn.splitn(6, ':').nth(5).unwrap_or(arn).to_owned()
}

fn account(arn: &str) -> String {
    arn.split(':').nth(4).unwrap_or_default().to_owned()
}

/// A string of Graphviz; `\n` in it is a new line.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\\\""))
}
