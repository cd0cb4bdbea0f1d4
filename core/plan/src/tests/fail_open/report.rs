//! The credential report as AWS gives it: a table of text.

use super::super::{Files, is_whole};

/// What becomes of a column.
#[derive(Clone, Copy, Debug)]
enum Column {
    Absent,
    /// Its cells hold nothing.
    Empty,
    /// Its cells hold a word that AWS does not write.
    Odd,
}

/// What becomes of the rows.
#[derive(Clone, Copy, Debug)]
enum Rows {
    /// The header alone.
    Empty,
    Truncated,
    /// The last row ends in its middle.
    Torn,
    Doubled,
    /// Each row a second time, with every yes a no.
    Contradicting,
}

const ALL: [Rows; 5] = [Rows::Empty, Rows::Truncated, Rows::Torn, Rows::Doubled, Rows::Contradicting];

/// The files with one thing about the reports altered, by what that is.
pub(super) fn cells(files: &Files, accounts: Option<&str>) -> Vec<(String, Files)> {
    let is_it = |path: &str| {
        path.ends_with("credential-report.csv") && accounts.is_none_or(|account| path.contains(account))
    };
    let with = |change: &dyn Fn(&[Vec<String>]) -> String| {
        let mut changed = files.clone();
        for (_, bytes) in changed.iter_mut().filter(|(path, _)| is_it(path)) {
            *bytes = change(&table(bytes)).into_bytes();
        }
        assert_ne!(&changed, files);
        changed
    };
    let header =
        files.iter().find(|(path, _)| is_it(path)).map(|(_, bytes)| table(bytes)[0].clone()).unwrap();
    let mut cells: Vec<_> =
        ALL.iter().map(|how| (format!("report {how:?}"), with(&|rows| rows_with(rows, *how)))).collect();
    for (place, name) in header.iter().enumerate() {
        let hows: &[Column] =
            if is_whole() || place % 5 == 2 { &[Column::Absent, Column::Empty, Column::Odd] } else { &[] };
        for how in hows {
            let changed = with(&|rows| column_with(rows, place, *how));
            cells.push((format!("report.{name} {how:?}"), changed));
        }
    }
    cells
}

/// Cells as they stand, quotes and all.
fn table(bytes: &[u8]) -> Vec<Vec<String>> {
    let cells = |line: &str| {
        let mut cells = vec![String::new()];
        let mut is_quoted = false;
        for letter in line.chars() {
            is_quoted ^= letter == '"';
            match cells.last_mut() {
                Some(cell) if letter != ',' || is_quoted => cell.push(letter),
                _ => cells.push(String::new()),
            }
        }
        cells
    };
    std::str::from_utf8(bytes).unwrap().lines().map(cells).collect()
}

fn written<'r>(rows: impl Iterator<Item = &'r Vec<String>>) -> String {
    rows.map(|row| row.join(",") + "\n").collect()
}

fn rows_with(rows: &[Vec<String>], how: Rows) -> String {
    let (header, users) = rows.split_at(1);
    match how {
        Rows::Empty => written(header.iter()),
        Rows::Truncated => written(rows[..rows.len() / 2].iter()),
        Rows::Torn => {
            let whole = written(rows[..rows.len() / 2].iter());
            let half = whole.lines().last().unwrap().len() / 2;
            whole.get(..whole.len() - half).unwrap().to_owned()
        }
        Rows::Doubled => written(rows.iter().chain(users)),
        Rows::Contradicting => {
            let otherwise = |cell: &String| match cell.as_str() {
                "true" => "false".to_owned(),
                "false" => "true".to_owned(),
                _ => cell.clone(),
            };
            let others: Vec<Vec<String>> =
                users.iter().map(|row| row.iter().map(otherwise).collect()).collect();
            written(rows.iter().chain(&others))
        }
    }
}

fn column_with(rows: &[Vec<String>], place: usize, how: Column) -> String {
    let mut rows = rows.to_vec();
    for (number, row) in rows.iter_mut().enumerate() {
        match how {
            Column::Absent => {
                row.remove(place);
            }
            Column::Empty if number > 0 => row[place].clear(),
            Column::Odd if number > 0 => row[place] = "perhaps".to_owned(),
            Column::Empty | Column::Odd => {}
        }
    }
    written(rows.iter())
}
