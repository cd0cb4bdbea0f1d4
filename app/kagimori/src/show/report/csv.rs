//! `findings.csv` and `credentials.csv`: RFC 4180, comma, LF.
//!
//! A cell that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, "CSV injection").

use std::io::{self, Write};

use jiff::Timestamp;
use kagimori_plan::review::{CredentialRow, KeyCells};
use kagimori_plan::sentence::{Language, sentence};
use kagimori_plan::verdict::Verdict;

use super::ReportInput;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

const FINDINGS: [&str; 12] = [
    "account_id",
    "account_name",
    "check",
    "severity",
    "outcome",
    "resource_kind",
    "resource_name",
    "resource_arn",
    "key",
    "finding",
    "finding_ja",
    "uid",
];

/// One row per finding.
pub(crate) fn findings(input: &ReportInput<'_>, bom: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::begin(out, bom, &FINDINGS)?;
    for verdict in &input.review.verdicts {
        table.row(&finding(input, verdict))?;
    }
    table.end()
}

fn finding(input: &ReportInput<'_>, verdict: &Verdict) -> [String; 12] {
    let resource = &verdict.resource;
    [
        resource.account.to_string(),
        input.account_name(resource.account).unwrap_or_default().to_owned(),
        verdict.check.to_owned(),
        word(&verdict.severity()),
        word(&verdict.outcome),
        word(&resource.kind),
        resource.name.clone(),
        resource.arn.clone(),
        resource.key.clone().unwrap_or_default(),
        sentence(verdict, Language::En),
        sentence(verdict, Language::Ja),
        verdict.uid(),
    ]
}

/// The name an enum has in JSON.
pub(crate) fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

const CREDENTIALS: [&str; 28] = [
    "account_id",
    "account_name",
    "user",
    "arn",
    "owner",
    "user_created",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "mfa_active",
    "privileged",
    "key_id",
    "key_slot",
    "key_active",
    "key_created",
    "key_last_used",
    "key_last_used_service",
    "use_class",
    "first_event",
    "last_event",
    "calls",
    "succeeded",
    "success_percent",
    "callers",
    "addresses",
    "address_count",
    "services",
    "key_age_days",
];

/// One row per user and key, root included. Empty: unknown, or there is none; `never` is said.
pub(crate) fn credentials(input: &ReportInput<'_>, bom: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::begin(out, bom, &CREDENTIALS)?;
    for row in &input.review.credentials {
        let mut cells = user(row).to_vec();
        cells.extend(key(row.key.as_ref(), input.review.now));
        table.row(&cells)?;
    }
    table.end()
}

fn user(row: &CredentialRow) -> [String; 11] {
    [
        row.account.to_string(),
        row.account_name.clone().unwrap_or_default(),
        row.user.clone(),
        row.arn.to_string(),
        row.owner.clone().unwrap_or_default(),
        instant(row.created),
        yes_no(row.password_enabled),
        last(row.password_last_used),
        instant(row.password_last_changed),
        yes_no(row.mfa_active),
        yes_no(row.privileged),
    ]
}

fn key(key: Option<&KeyCells>, now: Timestamp) -> [String; 17] {
    let Some(key) = key else { return Default::default() };
    let usage = key.usage.as_ref();
    let age = key.created.map(|created| (now.as_second() - created.as_second()).div_euclid(86_400));
    [
        key.id.as_ref().map(ToString::to_string).unwrap_or_default(),
        key.slot.map(|slot| slot.to_string()).unwrap_or_default(),
        yes_no(key.active),
        instant(key.created),
        last(key.last_used),
        key.last_used_service.clone().unwrap_or_default(),
        usage.map(|usage| word(&usage.class)).unwrap_or_default(),
        instant(usage.map(|usage| usage.first)),
        instant(usage.map(|usage| usage.last)),
        usage.map(|usage| usage.calls.to_string()).unwrap_or_default(),
        usage.map(|usage| usage.succeeded.to_string()).unwrap_or_default(),
        usage.map(|usage| percent(usage.succeeded, usage.calls)).unwrap_or_default(),
        usage
            .map(|usage| counts(usage.callers.iter().map(|(kind, n)| (kind.as_str(), *n))))
            .unwrap_or_default(),
        usage.map(|usage| counts(usage.addresses.iter().map(|(a, n)| (a.as_str(), *n)))).unwrap_or_default(),
        usage.map(|usage| usage.address_count.to_string()).unwrap_or_default(),
        usage.map(|usage| counts(usage.services.iter().map(|(s, n)| (s.as_str(), *n)))).unwrap_or_default(),
        age.map(|age| age.to_string()).unwrap_or_default(),
    ]
}

fn counts<'a>(counts: impl Iterator<Item = (&'a str, u64)>) -> String {
    counts.map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join("; ")
}

fn percent(part: u64, whole: u64) -> String {
    part.saturating_mul(100).checked_div(whole).map(|percent| percent.to_string()).unwrap_or_default()
}

fn yes_no(known: Option<bool>) -> String {
    known.map(|yes| if yes { "yes" } else { "no" }).unwrap_or_default().to_owned()
}

fn instant(at: Option<Timestamp>) -> String {
    at.map(|at| at.to_string()).unwrap_or_default()
}

fn last(known: Option<Option<Timestamp>>) -> String {
    known.map(|at| at.map_or("never".to_owned(), |at| at.to_string())).unwrap_or_default()
}

/// A CSV file being written.
struct Table<'a>(csv::Writer<&'a mut dyn Write>);

impl<'a> Table<'a> {
    fn begin(out: &'a mut dyn Write, bom: bool, header: &[&str]) -> io::Result<Self> {
        if bom {
            out.write_all(BYTE_ORDER_MARK)?;
        }
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(header)?;
        Ok(Self(writer))
    }

    fn row(&mut self, cells: &[String]) -> io::Result<()> {
        Ok(self.0.write_record(cells.iter().map(|cell| harmless(cell)))?)
    }

    fn end(mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{harmless, percent};

    #[test]
    fn formulas_are_defused() {
        assert_eq!(harmless("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
        assert_eq!(harmless("-1+1"), "'-1+1");
        assert_eq!(harmless("鍵守"), "鍵守");
    }

    #[test]
    fn percent_of_nothing_is_nothing() {
        assert_eq!(percent(1, 0), "");
        assert_eq!(percent(1, 3), "33");
    }
}
