//! An answer as a table: for people, for spreadsheets, as JSON. The three hold the same rows.

use std::fmt::Write;

use jiff::Timestamp;
use kagimori_terminal::printer::{self, Unprinted};
use kagimori_terminal::tame::tame_line;
use kagimori_terminal::width::{cut, width};
use serde_json::{Map, Value};

use crate::args::TableFormat;

/// The widest a column of the table for people gets; CSV and JSON have it all.
const WIDTH_MAX: usize = 72;

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
                let mut writer = csv::Writer::from_writer(out);
                writer.write_record(&self.columns)?;
                for row in &self.rows {
                    writer.write_record(row.iter().map(|cell| spreadsheet_safe(plain(cell))))?;
                }
                writer.flush()
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
        let shown: Vec<usize> = (0..self.columns.len()).filter(|column| self.is_shown(*column)).collect();
        let values: Vec<Vec<&Value>> = self
            .rows
            .iter()
            .map(|row| shown.iter().filter_map(|column| row.get(*column)).collect())
            .collect();
        let columns: Vec<&str> =
            shown.iter().filter_map(|column| self.columns.get(*column).copied()).collect();
        let cells: Vec<Vec<String>> =
            values.iter().map(|row| row.iter().map(|cell| cut(&plain(cell), WIDTH_MAX)).collect()).collect();
        let widths: Vec<usize> = columns
            .iter()
            .enumerate()
            .map(|(at, name)| {
                let of = |row: &Vec<String>| row.get(at).map_or(0, |cell| width(cell));
                cells.iter().map(of).max().unwrap_or_default().max(width(name))
            })
            .collect();
        let names: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
        line(&mut text, &names, &widths, &vec![false; names.len()]);
        for (row, values) in cells.iter().zip(&values) {
            let right: Vec<bool> = values.iter().map(|value| value.is_number()).collect();
            line(&mut text, row, &widths, &right);
        }
        text
    }
}

fn line(text: &mut String, cells: &[String], widths: &[usize], right: &[bool]) {
    let mut line = String::new();
    for ((cell, columns), right) in cells.iter().zip(widths).zip(right) {
        let pad = " ".repeat(columns.saturating_sub(width(cell)));
        let _ = if *right { write!(line, "{pad}{cell}  ") } else { write!(line, "{cell}{pad}  ") };
    }
    text.push_str(line.trim_end());
    text.push('\n');
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

/// Spreadsheets run cells that begin like a formula (OWASP, "CSV Injection").
fn spreadsheet_safe(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
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
        assert_eq!(spreadsheet_safe("=1+1".to_owned()), "'=1+1");
        assert_eq!(table.json("lake", Timestamp::UNIX_EPOCH)["rows"][1]["calls"], 123);
    }
}
