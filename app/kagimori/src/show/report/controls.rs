//! The controls of CIS, Security Hub and AWS Config by account: `controls.csv` for an auditor to tick off, and the same for the page
//! and the JSON.

use std::io::{self, Write};

use kagimori_id::AccountId;
use kagimori_plan::framework::{self, Control, ControlRow, Status};
use kagimori_plan::review::Tally;
use serde::Serialize;

use super::ReportInput;
use super::csv::word;
use crate::show::csv::Table;

/// A control with what the review says of it in each account.
#[derive(Serialize)]
pub(super) struct Assessed {
    framework: &'static str,
    control: String,
    checks: Vec<&'static str>,
    /// What it would need to be decided, in English and Japanese.
    #[serde(skip_serializing_if = "Option::is_none")]
    needs: Option<(&'static str, &'static str)>,
    /// The worst of the accounts.
    status: Status,
    accounts: Vec<InAccount>,
}

#[derive(Serialize)]
struct InAccount {
    account: AccountId,
    status: Status,
    #[serde(flatten)]
    tally: Tally,
}

/// Every control of every framework.
pub(super) fn assessed(input: &ReportInput<'_>) -> Vec<Assessed> {
    let controls = framework::controls();
    let mut assessed: Vec<Assessed> = controls.iter().map(empty).collect();
    for row in framework::assess(input.review, &controls) {
        if let Some(control) = assessed.get_mut(row.control) {
            control.status = control.status.min(row.status);
            control.accounts.push(in_account(&row));
        }
    }
    assessed
}

fn empty(control: &Control) -> Assessed {
    Assessed {
        framework: control.framework.name(),
        control: control.id.clone(),
        checks: control.checks.iter().map(|check| check.id.as_str()).collect(),
        needs: control.needs(),
        status: Status::NotAssessed,
        accounts: Vec::new(),
    }
}

fn in_account(row: &ControlRow) -> InAccount {
    InAccount { account: row.account, status: row.status, tally: row.tally }
}

const HEADER: [&str; 15] = [
    "framework",
    "control",
    "account_id",
    "account_name",
    "status",
    "checks",
    "fail",
    "unknown",
    "waived",
    "pass",
    "not_applicable",
    "needs",
    "confirmed_by",
    "confirmed_on",
    "note",
];

/// One row per control and account; the last three columns are the auditor's.
pub(super) fn csv(input: &ReportInput<'_>, bom: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::begin(out, bom, &HEADER)?;
    for control in assessed(input) {
        for of in &control.accounts {
            table.row(&row(input, &control, of))?;
        }
    }
    table.end()
}

fn row(input: &ReportInput<'_>, control: &Assessed, of: &InAccount) -> [String; 15] {
    let blank = String::new;
    let needs = control.needs.map(|(english, _)| english.to_owned());
    [
        control.framework.to_owned(),
        control.control.clone(),
        of.account.to_string(),
        input.account_name(of.account).unwrap_or_default().to_owned(),
        word(&of.status),
        control.checks.join(" "),
        of.tally.fail.to_string(),
        of.tally.unknown.to_string(),
        of.tally.waived.to_string(),
        of.tally.pass.to_string(),
        of.tally.not_applicable.to_string(),
        needs.unwrap_or_default(),
        blank(),
        blank(),
        blank(),
    ]
}
