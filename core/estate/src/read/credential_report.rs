//! `iam get-credential-report`: the CSV, and the JSON that carries it in base64.
//!
//! Columns are found by their names (IAM User Guide, "Getting credential reports for your AWS account"). `N/A` means
//! no such credential, or never used; `no_information` a password never used; `not_supported` that the report does
//! not tell. AWS leaves user names with commas unquoted in places; such a row is put right by its ARN, and a row that
//! cannot be put right is said to be unknown, never dropped. Root's row is known by its ARN or by its name, which no user can have
//! (*IAM name requirements*: no `<`); where an export left its ARN out, the account is that of the other rows, else of the folder.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Deserialize;

use super::content::Content;
use super::fault::{Fault, names, quote};
use super::object::{Object, Reading};
use super::report_row::{Cells, Values, row};
use super::text;
use super::wire::{Instant, Text};
use crate::model::CredentialReportRow;
use kagimori_id::{AccountId, Arn};

/// The name of the root user's row.
pub(super) const ROOT: &str = "<root_account>";

/// The columns of the report, in AWS's order.
pub(super) const COLUMNS: [&str; 22] = [
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    "access_key_1_active",
    "access_key_1_last_rotated",
    "access_key_1_last_used_date",
    "access_key_1_last_used_region",
    "access_key_1_last_used_service",
    "access_key_2_active",
    "access_key_2_last_rotated",
    "access_key_2_last_used_date",
    "access_key_2_last_used_region",
    "access_key_2_last_used_service",
    "cert_1_active",
    "cert_1_last_rotated",
    "cert_2_active",
    "cert_2_last_rotated",
];

/// A report. The sources of its facts are unplaced until the files are in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Report {
    /// `GeneratedTime`, which only the JSON tells.
    pub(super) generated: Option<Timestamp>,
    /// The root user's row.
    pub(super) root: Option<Row>,
    /// The users' rows, by name.
    pub(super) users: BTreeMap<String, Row>,
    /// What is wrong with rows and cells.
    pub(super) faults: Vec<Fault>,
    /// Root's row without an ARN, until it is known whose root that is.
    nameless_root: Option<Box<(CredentialReportRow, u64)>>,
}

/// One user's row.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "damaged rows are rare")]
pub(super) enum Row {
    /// Understood.
    Sound(CredentialReportRow),
    /// Could not be put right; the problem is listed. The ARN, when at least that can be told.
    Damaged(Option<Arn>),
    /// Two rows that do not say the same.
    Contradicting(Option<Arn>),
}

impl Row {
    /// The user's ARN.
    pub(super) fn arn(&self) -> Option<&Arn> {
        match self {
            Self::Sound(row) => Some(&row.arn),
            Self::Damaged(arn) | Self::Contradicting(arn) => arn.as_ref(),
        }
    }
}

impl Report {
    /// The ARNs of the rows, for the account they are of.
    pub(super) fn arns(&self) -> impl Iterator<Item = &Arn> {
        self.root.iter().chain(self.users.values()).filter_map(Row::arn)
    }

    /// What it says of one account.
    pub(super) fn of(&self, account: AccountId) -> Self {
        let is_own = |row: &Row| row.arn().is_none_or(|arn| arn.account() == Some(account));
        let users = self.users.iter().filter(|(_, row)| is_own(row));
        Self {
            generated: self.generated,
            root: self.root.clone().filter(is_own),
            users: users.map(|(name, row)| (name.clone(), row.clone())).collect(),
            faults: self.faults.clone(),
            nameless_root: None,
        }
    }

    /// Tells a root row without an ARN whose root it is: of the account of the other rows, else of the folder that the report lies in.
    pub(super) fn name_root(&mut self, folder: Option<AccountId>) {
        let Some((row, line)) = self.nameless_root.take().map(|row| *row) else { return };
        let mut accounts = self.accounts().into_iter();
        let only = accounts.next().filter(|_| accounts.next().is_none());
        let partition = self.arns().next().map_or("aws", Arn::partition).to_owned();
        let arn = only.or(folder).and_then(|account| root_arn(&partition, account));
        let row = match arn {
            Some(arn) => Row::Sound(CredentialReportRow { arn, ..row }),
            None => {
                self.faults.push(
                    Fault::new(format!("the row of {} has no ARN (line {line})", quote(ROOT)))
                        .hint("put the report into the folder of its account: `snapshots/<account>/`"),
                );
                Row::Damaged(None)
            }
        };
        if !self.take(ROOT, row) {
            self.faults.push(contradicting_fault(ROOT, line));
        }
    }
}

fn root_arn(partition: &str, account: AccountId) -> Option<Arn> {
    Arn::parse(&format!("arn:{partition}:iam::{account}:root")).ok()
}

/// Reads a text that is a report: the CSV, or its base64 (`--query Content --output text`). `None`: it is none.
pub(super) fn read_text(text: &str) -> Option<Result<Report, Fault>> {
    const BASE64_OF_USER_ARN: &str = "dXNlcixhcm4s";
    if is_report(text) {
        return Some(read_csv(text));
    }
    let text = text.trim_start();
    text.starts_with(BASE64_OF_USER_ARN).then(|| read_base64(text))
}

/// Whether a text begins as a credential report: a header with at least two of its columns.
pub(super) fn is_report(text: &str) -> bool {
    let header = text.trim_start().lines().next().unwrap_or_default();
    // a header that has columns of the report stands in its first kilobytes
    let header = header.get(..header.floor_char_boundary(4096)).unwrap_or_default();
    let is_column = |name: &&str| COLUMNS.contains(&name.trim_matches(['"', ' ', '\r']));
    header.split([',', ';', '\t']).filter(is_column).count() >= 2
}

/// What stands between the cells: spreadsheets of some countries write semicolons or tabs.
fn separator(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or(text);
    let more = |one: char, other: char| header.matches(one).count() > header.matches(other).count();
    match (more(';', ','), more('\t', ',')) {
        (true, _) => b';',
        (_, true) => b'\t',
        _ => b',',
    }
}

/// Reads the JSON that `aws iam get-credential-report` prints.
pub(super) fn read_answer(object: &Object<'_>) -> Result<Reading, Fault> {
    let wire: WireReport<'_> = object.parse()?;
    if let Some(format) = wire.report_format.filter(|format| format.0 != "text/csv") {
        return Err(Fault::new(format!("`ReportFormat` is {}, not `text/csv`", quote(&format.0))));
    }
    let mut report = read_base64(&wire.content.0)?;
    report.generated = wire.generated_time.map(|at| at.0);
    Ok(Reading::whole(Content::Report(Box::new(report))))
}

fn read_base64(content: &str) -> Result<Report, Fault> {
    let base64: String = content.split_ascii_whitespace().collect();
    let bytes = STANDARD.decode(base64).map_err(|_| Fault::new("`Content` is damaged base64"))?;
    let within = |fault: Fault| Fault { message: format!("in `Content`: {}", fault.message), ..fault };
    let csv = text::decode(&bytes).map_err(within)?;
    let mut report = read_csv(&csv).map_err(within)?;
    report.faults = report.faults.into_iter().map(within).collect();
    Ok(report)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireReport<'a> {
    #[serde(borrow)]
    content: Text<'a>,
    #[serde(borrow)]
    report_format: Option<Text<'a>>,
    generated_time: Option<Instant>,
}

/// Reads the CSV, and says what is wrong with rows and cells.
fn read_csv(text: &str) -> Result<Report, Fault> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .delimiter(separator(text.trim_start()))
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| csv_fault(&error))?.clone();
    let columns = columns(&header)?;
    let mut report = Report::default();
    let mut cells = Cells::default();
    let mut unrepaired = Vec::new();
    let mut contradicting = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| csv_fault(&error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let fields: Vec<&str> = record.iter().map(str::trim).collect();
        let (name, read) = match repaired(&fields, &columns) {
            Some(fields) => {
                let values: Values<'_> =
                    columns.iter().copied().zip(fields.iter().map(String::as_str)).collect();
                let name = values.get("user").copied().unwrap_or_default();
                let arn = Arn::parse(values.get("arn").copied().unwrap_or_default()).ok();
                let name = if is_root(name, arn.as_ref()) { ROOT } else { name };
                (name.to_owned(), arn.map(|arn| row(&values, arn, line, &mut cells)))
            }
            None if let Some(root) = nameless_root(&fields, &columns, line, &mut cells) => {
                report.nameless_root = Some(Box::new((root, line)));
                continue;
            }
            None => (name_of(&fields, &columns), None),
        };
        if read.is_none() {
            unrepaired.push((name.clone(), line));
        }
        let read = read.map_or_else(|| Row::Damaged(arn_of(&fields, &name)), Row::Sound);
        if !report.take(&name, read) {
            contradicting.push((name, line));
        }
    }
    let mut faults = cells.faults();
    faults.extend(unrepaired.iter().map(|(name, line)| unrepaired_fault(name, *line, columns.len())));
    faults.extend(contradicting.iter().map(|(name, line)| contradicting_fault(name, *line)));
    report.faults = faults;
    Ok(report)
}

fn contradicting_fault(name: &str, line: u64) -> Fault {
    Fault::new(format!("{} stands in two rows that say different things (line {line})", quote(name)))
        .hint("the row is not used; generate the report again")
}

/// Root's row where an export left its ARN out.
fn nameless_root(
    fields: &[&str],
    columns: &[&str],
    line: u64,
    cells: &mut Cells,
) -> Option<CredentialReportRow> {
    let values: Values<'_> = columns.iter().copied().zip(fields.iter().copied()).collect();
    let is_nameless = matches!(values.get("arn").copied(), None | Some("" | "N/A" | "not_supported"));
    let is_root = fields.len() == columns.len() && is_nameless && is_root(values.get("user").copied()?, None);
    // Until it is known whose root it is.
    let nobody = Arn::parse("arn:aws:iam::000000000000:root").ok()?;
    is_root.then(|| row(&values, nobody, line, cells))
}

/// Whether a row is root's: by its ARN, else by its name, `<root_account>` in AWS's own report.
fn is_root(name: &str, arn: Option<&Arn>) -> bool {
    let is_called_so = || {
        let name = name.replace("&lt;", "<").to_ascii_lowercase();
        name.starts_with("<root")
    };
    arn.map_or_else(is_called_so, |arn| arn.resource() == "root")
}

impl Report {
    /// Takes in a row; false when another one of the same name says something else.
    fn take(&mut self, name: &str, row: Row) -> bool {
        let before = if name == ROOT { self.root.as_ref() } else { self.users.get(name) };
        let contradicts = before.is_some_and(|before| *before != row);
        let row = if contradicts { Row::Contradicting(row.arn().cloned()) } else { row };
        if name == ROOT {
            self.root = Some(row);
        } else {
            self.users.insert(name.to_owned(), row);
        }
        !contradicts
    }

    /// The accounts that its rows speak of.
    pub(super) fn accounts(&self) -> BTreeSet<AccountId> {
        self.arns().filter_map(Arn::account).collect()
    }
}

/// The header's names. Without user and ARN no row can be told; a column twice would be believed twice.
fn columns(header: &csv::StringRecord) -> Result<Vec<&str>, Fault> {
    let columns: Vec<&str> = header.iter().map(str::trim).collect();
    let missing: Vec<&str> = ["user", "arn"].into_iter().filter(|name| !columns.contains(name)).collect();
    if !missing.is_empty() {
        return Err(Fault::new(format!("the header has no column {} (line 1)", names(missing))));
    }
    let mut seen = BTreeSet::new();
    match columns.iter().find(|name| !seen.insert(**name)) {
        Some(twice) => {
            Err(Fault::new(format!("the header holds the column {} twice (line 1)", quote(twice))))
        }
        None => Ok(columns),
    }
}

fn csv_fault(error: &csv::Error) -> Fault {
    let line = error.position().map_or(1, csv::Position::line);
    Fault::new(format!("the text is not CSV (line {line})"))
}

fn unrepaired_fault(name: &str, line: u64, columns: usize) -> Fault {
    let message =
        format!("the row of {} does not fit the {columns} columns of the header (line {line})", quote(name));
    Fault::new(message).hint("the other rows are used; generate the report again")
}

/// The fields of a row, one for each column, when its ARN says how to cut them.
///
/// A user name with `k` commas adds `k` fields in its own column and `k` in that of the ARN, which ends with the name.
fn repaired(fields: &[&str], columns: &[&str]) -> Option<Vec<String>> {
    if let Some(user) = position(columns, "user").and_then(|at| fields.get(at))
        && let Some(arn) = position(columns, "arn").and_then(|at| fields.get(at))
        && fields.len() == columns.len()
        && names_user(arn, user)
    {
        return Some(fields.iter().map(ToString::to_string).collect());
    }
    if !columns.starts_with(&["user", "arn"]) {
        return None;
    }
    let arn_at = fields.iter().position(|field| field.starts_with("arn:"))?;
    let commas = arn_at.checked_sub(1)?;
    if fields.len() != columns.len() + 2 * commas {
        return None;
    }
    let user = fields.get(..arn_at)?.join(",");
    let arn = fields.get(arn_at..=arn_at + commas)?.join(",");
    let rest = fields.get(arn_at + commas + 1..)?.iter().map(ToString::to_string);
    names_user(&arn, &user).then(|| [user, arn].into_iter().chain(rest).collect())
}

fn position(columns: &[&str], name: &str) -> Option<usize> {
    columns.iter().position(|column| *column == name)
}

/// Whether an ARN is that of a user of this name.
fn names_user(arn: &str, user: &str) -> bool {
    let Ok(arn) = Arn::parse(arn) else { return false };
    is_root(user, Some(&arn)) || arn.resource().starts_with("user/") && arn.name() == user
}

/// The user of a row that cannot be put right: in AWS's order of columns, all that stands before the ARN.
fn name_of(fields: &[&str], columns: &[&str]) -> String {
    let user_at = position(columns, "user").unwrap_or_default();
    let arn_at = fields.iter().position(|field| field.starts_with("arn:")).filter(|at| *at > user_at);
    fields.get(user_at..arn_at.unwrap_or(user_at + 1)).map(|name| name.join(",")).unwrap_or_default()
}

/// The ARN of a row that cannot be put right, when it is this user's.
fn arn_of(fields: &[&str], name: &str) -> Option<Arn> {
    let arn = fields.iter().find(|field| field.starts_with("arn:") && names_user(field, name))?;
    Arn::parse(arn).ok()
}
