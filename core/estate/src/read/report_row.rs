//! The cells of one row of the credential report.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::credential_report::COLUMNS;
use super::fault::{Fault, quote};
use super::wire::instant;
use crate::fact::{Dataset, Gap, GapReason, Known, SourceId};
use crate::model::{CertificateSlot, CredentialReportRow, KeySlot, LastUse};
use kagimori_id::Arn;

/// The values of a row by column.
pub(super) type Values<'a> = BTreeMap<&'a str, &'a str>;

/// What was wrong with cells, by column: an Excel that rewrote all dates is one problem, not a thousand.
#[derive(Debug, Default)]
pub(super) struct Cells {
    wrong: BTreeMap<String, Wrong>,
}

#[derive(Debug)]
struct Wrong {
    value: String,
    line: u64,
    expected: &'static str,
    more: usize,
}

impl Cells {
    pub(super) fn faults(&self) -> Vec<Fault> {
        let fault = |(column, wrong): (&String, &Wrong)| {
            let more = match wrong.more {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            let value = quote(&wrong.value);
            let message =
                format!("{value} in column `{column}` is not {} (line {}{more})", wrong.expected, wrong.line);
            Fault::new(message).hint(
                "these cells are not used; do not save the report with a spreadsheet, generate it again",
            )
        };
        self.wrong.iter().map(fault).collect()
    }

    fn wrong<T>(&mut self, column: &str, value: &str, line: u64, expected: &'static str) -> Known<T> {
        match self.wrong.get_mut(column) {
            Some(wrong) => wrong.more += 1,
            None => {
                let wrong = Wrong { value: value.to_owned(), line, expected, more: 0 };
                self.wrong.insert(column.to_owned(), wrong);
            }
        }
        Known::Unknown(Gap { dataset: Dataset::CredentialReport, reason: GapReason::Damaged })
    }
}

/// Reads a row whose fields fit its columns.
pub(super) fn row(values: &Values<'_>, arn: Arn, line: u64, cells: &mut Cells) -> CredentialReportRow {
    let mut row = Row { values, line, cells };
    CredentialReportRow {
        arn,
        created: row.created(),
        password_enabled: row.truth("password_enabled", None),
        password_last_used: row.last_used("password_last_used", "", ""),
        password_last_changed: row.date("password_last_changed"),
        mfa_active: row.truth("mfa_active", None),
        keys: [
            KeySlot {
                active: row.truth("access_key_1_active", Some(false)),
                last_rotated: row.date("access_key_1_last_rotated"),
                last_used: row.last_used(
                    "access_key_1_last_used_date",
                    "access_key_1_last_used_region",
                    "access_key_1_last_used_service",
                ),
            },
            KeySlot {
                active: row.truth("access_key_2_active", Some(false)),
                last_rotated: row.date("access_key_2_last_rotated"),
                last_used: row.last_used(
                    "access_key_2_last_used_date",
                    "access_key_2_last_used_region",
                    "access_key_2_last_used_service",
                ),
            },
        ],
        certificates: [
            CertificateSlot {
                active: row.truth("cert_1_active", Some(false)),
                last_rotated: row.date("cert_1_last_rotated"),
            },
            CertificateSlot {
                active: row.truth("cert_2_active", Some(false)),
                last_rotated: row.date("cert_2_last_rotated"),
            },
        ],
        additional: row.told("additional_credentials_info"),
        other_columns: other_columns(values),
    }
}

/// Says which source a row came from, once that has its number.
pub(super) fn place(row: &mut CredentialReportRow, source: SourceId) {
    row.created.place(source);
    row.password_enabled.place(source);
    row.password_last_used.place(source);
    row.password_last_changed.place(source);
    row.mfa_active.place(source);
    for key in &mut row.keys {
        key.active.place(source);
        key.last_rotated.place(source);
        key.last_used.place(source);
    }
    for certificate in &mut row.certificates {
        certificate.active.place(source);
        certificate.last_rotated.place(source);
    }
}

/// Everything that is kept only as written: what this program does not know, and the next rotation.
fn other_columns(values: &Values<'_>) -> BTreeMap<String, String> {
    let typed = |column: &str| {
        column == "additional_credentials_info"
            || COLUMNS.contains(&column) && column != "password_next_rotation"
    };
    let written = values.iter().filter(|(column, _)| !typed(column));
    written.map(|(column, value)| ((*column).to_owned(), (*value).to_owned())).collect()
}

struct Row<'r> {
    values: &'r Values<'r>,
    line: u64,
    cells: &'r mut Cells,
}

impl Row<'_> {
    /// A truth value. `none` is what `N/A` means: a slot without a credential is not active.
    fn truth(&mut self, column: &str, none: Option<bool>) -> Known<bool> {
        match self.values.get(column).copied() {
            Some(value) if value.eq_ignore_ascii_case("true") => known(true),
            Some(value) if value.eq_ignore_ascii_case("false") => known(false),
            Some("N/A") => none.map_or_else(|| absent(column), known),
            None | Some("not_supported" | "no_information") => absent(column),
            Some(value) => self.cells.wrong(column, value, self.line, "`true` or `false`"),
        }
    }

    /// A date, or `N/A` for none.
    fn date(&mut self, column: &str) -> Known<Option<Timestamp>> {
        match self.values.get(column).copied() {
            Some("N/A") => known(None),
            None | Some("not_supported" | "no_information") => absent(column),
            Some(value) => self.instant(column, value).map(|at| Some(*at)),
        }
    }

    fn created(&mut self) -> Known<Timestamp> {
        let column = "user_creation_time";
        match self.values.get(column).copied() {
            None | Some("N/A" | "not_supported" | "no_information") => absent(column),
            Some(value) => self.instant(column, value),
        }
    }

    fn last_used(&mut self, column: &str, region: &str, service: &str) -> Known<LastUse> {
        match self.values.get(column).copied() {
            Some("N/A" | "no_information") => known(LastUse::Never),
            None | Some("not_supported") => absent(column),
            Some(value) => {
                let (region, service) = (self.told(region), self.told(service));
                self.instant(column, value).map(|at| LastUse::At { at: *at, region, service })
            }
        }
    }

    fn told(&self, column: &str) -> Option<String> {
        let value = self.values.get(column).copied();
        value
            .filter(|value| !matches!(*value, "" | "0" | "N/A" | "none" | "not_supported" | "no_information"))
            .map(str::to_owned)
    }

    fn instant(&mut self, column: &str, value: &str) -> Known<Timestamp> {
        match instant(value) {
            Some(at) => known(at),
            None => self.cells.wrong(
                column,
                value,
                self.line,
                "a time with an offset such as `2026-01-31T09:00:00Z`",
            ),
        }
    }
}

fn known<T>(value: T) -> Known<T> {
    Known::new(value, SourceId::UNPLACED)
}

fn absent<T>(column: &str) -> Known<T> {
    Known::field_absent(Dataset::CredentialReport, column)
}
