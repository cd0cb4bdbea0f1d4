//! The credential report of an account, of one or several files.

use std::collections::BTreeMap;

use super::content::Content;
use super::credential_report::{Report, Row};
use super::given::Given;
use super::report_row::place;
use crate::fact::{Dataset, Gap, GapReason, Known, Source, SourceId};
use crate::model::CredentialReportRow;

/// The users' rows, root's, and the file they are of.
pub(super) type Rows = (BTreeMap<String, Row>, Option<Row>, Option<SourceId>);

/// The rows. Of several reports the one that was generated last holds, when all tell their instant; otherwise only what all
/// say alike.
pub(super) fn report(given: &mut Given, sources: &[Source]) -> Rows {
    let dataset = Dataset::CredentialReport;
    let mut reports: Vec<(SourceId, Report)> = Vec::new();
    for answer in given.take(dataset) {
        let Content::Report(report) = answer.content else { continue };
        reports.push((answer.source, *report));
    }
    let are_dated = reports.iter().all(|(_, report)| report.generated.is_some());
    if are_dated {
        reports.sort_by_key(|(_, report)| report.generated);
    }
    let Some((source, mut report)) = reports.pop() else { return (BTreeMap::new(), None, None) };
    let files: std::collections::BTreeSet<SourceId> =
        reports.iter().map(|(source, _)| *source).chain([source]).collect();
    let is_later = are_dated && reports.last().is_none_or(|(_, other)| other.generated < report.generated);
    let mut differ = false;
    for (_, other) in reports {
        differ |= other.users != report.users || other.root != report.root;
        if !is_later {
            report.weaken(other);
        }
    }
    if differ {
        given.contradicts(dataset, files, dataset.thing());
    }
    for row in report.users.values_mut().chain(&mut report.root) {
        if let Row::Sound(row) = row {
            place(row, source);
        }
    }
    debug_assert!(source.of(sources).is_some(), "every answer has a source");
    (report.users, report.root, Some(source))
}

impl Report {
    /// What two reports say alike; a row of one alone, too, may be wrong by now.
    fn weaken(&mut self, mut other: Self) {
        for (name, row) in &mut self.users {
            if other.users.remove(name).as_ref() != Some(row) {
                *row = Row::Contradicting(row.arn().cloned());
            }
        }
        let others = other.users.into_iter();
        self.users.extend(others.map(|(name, row)| (name, Row::Contradicting(row.arn().cloned()))));
        if self.root != other.root {
            let arn = self.root.as_ref().or(other.root.as_ref()).and_then(Row::arn).cloned();
            self.root = Some(Row::Contradicting(arn));
        }
    }
}

/// A row, or why it is not known.
pub(super) fn known_row(row: Option<Row>, report: &Known<()>, gap: &Gap) -> Known<CredentialReportRow> {
    let Some(source) = report.fact().map(|fact| fact.source) else { return Known::Unknown(gap.clone()) };
    let dataset = Dataset::CredentialReport;
    match row {
        Some(Row::Sound(row)) => {
            let own = row.mfa_active.fact().map(|fact| fact.source);
            Known::new(row, own.unwrap_or(source))
        }
        Some(Row::Damaged(_)) => Known::Unknown(Gap { dataset, reason: GapReason::Damaged }),
        Some(Row::Contradicting(_)) => {
            let reason = GapReason::Contradiction("the user".to_owned());
            Known::Unknown(Gap { dataset, reason })
        }
        None => Known::field_absent(dataset, "user"),
    }
}
