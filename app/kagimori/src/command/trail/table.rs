//! An answer as a table: for people, for spreadsheets, as JSON. The three hold the same rows.

use std::fmt::Write;

use jiff::Timestamp;
use kagimori_terminal::printer::{self, Unprinted};
use kagimori_terminal::tame::tame_line;
use kagimori_terminal::width::{cut, width};
use serde_json::{Map, Value};

use crate::args::TableFormat;
use crate::show::csv;
use crate::show::numbers::thousands;

/// The widest a column of the table for people gets; CSV and JSON have it all.
const WIDTH_MAX: usize = 72;
/// The widest a line of it gets.
const LINE_MAX: usize = 100;
/// Between columns.
const GAP: usize = 2;
/// Before what is told below a row.
const INDENT: &str = "    ";

/// An answer.
pub(super) struct Table {
    /// What it answers, in the JSON: `usage`.
    pub(super) question: &'static str,
    pub(super) columns: Vec<&'static str>,
    /// Texts, numbers, lists of texts, counts by name, or `null` for what is not known.
    pub(super) rows: Vec<Vec<Value>>,
    /// What belongs to all rows together, as lines of text for people and as a value for programs.
    pub(super) summary: Option<(String, Value)>,
    /// What to say when there are no rows.
    pub(super) nothing: &'static str,
}

impl Table {
    pub(super) fn print(&self, format: TableFormat, source: &str, now: Timestamp) -> Result<(), Unprinted> {
        match format {
            TableFormat::Table => printer::text(&self.text()),
            TableFormat::Csv => printer::stream(|out| {
                let mut table = csv::Table::begin(out, false, &self.columns)?;
                for row in &self.rows {
                    table.row(&row.iter().map(plain).collect::<Vec<_>>())?;
                }
                table.end()
            }),
            TableFormat::Json => printer::json(&self.json(source, now)),
        }
    }

    fn json(&self, source: &str, now: Timestamp) -> Value {
        let rows = self.rows.iter().map(|row| {
            let cells = self.columns.iter().zip(row);
            Value::Object(cells.map(|(name, cell)| ((*name).to_owned(), cell.clone())).collect())
        });
        let rows = Value::Array(rows.collect());
        let mut object = Map::new();
        let schema = serde_json::json!({ "name": format!("kagimori.trail.{}", self.question), "version": 1 });
        object.insert("schema".to_owned(), schema);
        object.insert("now".to_owned(), Value::from(now.to_string()));
        object.insert("source".to_owned(), Value::from(source));
        if let Some((_, summary)) = &self.summary {
            object.insert("summary".to_owned(), summary.clone());
        }
        object.insert("rows".to_owned(), rows);
        Value::Object(object)
    }

    /// Lists that are empty in every row tell people nothing.
    fn is_shown(&self, column: usize) -> bool {
        let is_empty = |cell: &Value| match cell {
            Value::Array(list) => list.is_empty(),
            Value::Object(counts) => counts.is_empty(),
            _ => false,
        };
        !self.rows.iter().all(|row| row.get(column).is_some_and(is_empty))
    }

    fn text(&self) -> String {
        let mut text = self.summary.as_ref().map(|(text, _)| text.clone()).unwrap_or_default();
        if self.rows.is_empty() {
            text.push_str(self.nothing);
            text.push('\n');
            return text;
        }
        let shown = self.columns.iter().enumerate().filter(|(place, _)| self.is_shown(*place));
        let columns = shown.map(|(place, name)| Column::of(place, name, &self.rows)).collect();
        let (beside, below) = fitted(columns);
        text.push_str(&line(beside.iter().map(|column| (column.name, column.width, false))));
        for row in 0..self.rows.len() {
            text.push_str(&line(
                beside.iter().map(|column| (column.cell(row), column.width, column.is_of_numbers)),
            ));
            details(&below, row, &mut text);
        }
        text
    }
}

/// A column of the table for people.
struct Column<'t> {
    place: usize,
    name: &'t str,
    cells: Vec<String>,
    width: usize,
    is_of_numbers: bool,
}

impl<'t> Column<'t> {
    fn of(place: usize, name: &'t str, rows: &[Vec<Value>]) -> Self {
        let values = || rows.iter().map(|row| row.get(place).unwrap_or(&Value::Null));
        let cells: Vec<String> = values().map(|cell| cut(&for_people(cell), WIDTH_MAX)).collect();
        let widest = cells.iter().map(|cell| width(cell)).max().unwrap_or_default();
        let is_of_numbers = values().any(Value::is_number);
        Self { place, name, width: widest.max(width(name)), cells, is_of_numbers }
    }

    fn cell(&self, row: usize) -> &str {
        self.cells.get(row).map_or("", String::as_str)
    }
}

/// The columns that stand beside each other, and those that are told below each row: together they would be wider than [`LINE_MAX`].
/// The widest go first; the first column, which says what a row is of, stays.
fn fitted(mut beside: Vec<Column<'_>>) -> (Vec<Column<'_>>, Vec<Column<'_>>) {
    let mut below = Vec::new();
    let is_too_wide = |columns: &[Column<'_>]| {
        columns.iter().map(|column| column.width + GAP).sum::<usize>() > LINE_MAX + GAP
    };
    while is_too_wide(&beside) {
        let widest = beside.iter().enumerate().skip(1).max_by_key(|(_, column)| column.width);
        let Some((place, _)) = widest else { break };
        below.push(beside.remove(place));
    }
    below.sort_by_key(|column| column.place);
    (beside, below)
}

/// What is told below a row, as many in a line as it holds.
fn details(below: &[Column<'_>], row: usize, text: &mut String) {
    let told = below.iter().filter(|column| !column.cell(row).is_empty());
    let mut line = String::new();
    for detail in told.map(|column| format!("{}: {}", column.name, column.cell(row))) {
        if !line.is_empty() && width(&line) + GAP + width(&detail) > LINE_MAX {
            let _ = writeln!(text, "{line}");
            line.clear();
        }
        line.push_str(if line.is_empty() { INDENT } else { "  " });
        line.push_str(&detail);
    }
    if !line.is_empty() {
        let _ = writeln!(text, "{line}");
    }
}

fn line<'c>(cells: impl Iterator<Item = (&'c str, usize, bool)>) -> String {
    let mut line = String::new();
    for (cell, columns, right) in cells {
        let pad = " ".repeat(columns.saturating_sub(width(cell)));
        let _ = if right { write!(line, "{pad}{cell}  ") } else { write!(line, "{cell}{pad}  ") };
    }
    format!("{}\n", line.trim_end())
}

/// A cell as people read it: numbers in groups of three.
fn for_people(cell: &Value) -> String {
    cell.as_u64().map_or_else(|| plain(cell), thousands)
}

/// A cell as text. Control characters are callers' (user agents, session names), and terminals obey them.
fn plain(cell: &Value) -> String {
    match cell {
        Value::Null => String::new(),
        Value::String(text) => tame_line(text),
        Value::Array(cells) => cells.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(counts) => {
            let counted = |(what, count): (&String, &Value)| format!("{} {}", tame_line(what), plain(count));
            counts.iter().map(counted).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_aligned_cut_and_safe() {
        let table = Table {
            question: "usage",
            columns: vec!["name", "calls", "empty"],
            rows: vec![
                vec![Value::from("a\u{1b}[31m"), Value::from(7), Value::Array(Vec::new())],
                vec![Value::from("日本"), Value::from(123), Value::Array(Vec::new())],
                vec![Value::from("x".repeat(100)), Value::Null, Value::Array(Vec::new())],
            ],
            summary: None,
            nothing: "nothing",
        };
        let text = table.text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0].trim_end(), format!("name{}  calls", " ".repeat(68)));
        assert!(lines[1].starts_with(r"a\u{1b}[31m ") && lines[1].ends_with("    7"));
        assert!(lines[2].starts_with("日本 ") && lines[2].ends_with("  123"));
        assert!(lines[3].ends_with('…'));
        assert_eq!(table.json("lake", Timestamp::UNIX_EPOCH)["rows"][1]["calls"], 123);
        let wide = |name: &str| Value::from(format!("{name}{}", "-".repeat(40)));
        let table = Table {
            question: "denied",
            columns: vec!["who", "calls", "layer", "event"],
            rows: vec![vec![wide("a"), Value::from(1_234_567), wide("b"), wide("c")]],
            summary: None,
            nothing: "nothing",
        };
        let text = table.text();
        assert!(text.lines().all(|line| width(line) <= LINE_MAX), "{text}");
        assert!(text.contains("1,234,567") && text.contains("\n    event: c---"), "{text}");
    }
}
