//! Usage from the roll-ups: the same as from all events, without reading them.

use std::path::Path;

use kagimori_trail::event::Identity;
use kagimori_trail::usage::{Called, CalledFrom, Fold, Tally};

use crate::error::LakeError;
use crate::read::{Cell, roll_up};
use crate::schema::{ACTIONS, Column, PLACES};

/// Takes in a part of `daily_actions/`; `false` when an earlier version wrote it.
pub(crate) fn add_actions(path: &Path, fold: &mut Fold) -> Result<bool, LakeError> {
    roll_up(path, &ACTIONS, |cells| {
        let row = Row { columns: &ACTIONS, cells };
        let called = Called {
            source: row.text("event_source").unwrap_or_default(),
            name: row.text("event_name").unwrap_or_default(),
            error: row.text("error_code"),
            read_only: row.flag("read_only"),
        };
        let is_service_event = row.text("event_type") == Some("AwsServiceEvent");
        fold.add_called(&row.tally(is_service_event), &called);
    })
}

/// Takes in a part of `daily_places/`; `false` when an earlier version wrote it.
pub(crate) fn add_places(path: &Path, fold: &mut Fold) -> Result<bool, LakeError> {
    roll_up(path, &PLACES, |cells| {
        let row = Row { columns: &PLACES, cells };
        let from = CalledFrom {
            region: row.text("region"),
            address: row.text("source_ip"),
            vpc_endpoint: row.text("vpce"),
            agent: row.text("user_agent"),
            is_console: row.flag("console") == Some(true),
            is_instance_session: row.flag("instance_session") == Some(true),
        };
        fold.add_from(&row.tally(row.flag("service_event") == Some(true)), &from);
    })
}

/// A row of a roll-up.
struct Row<'r, 'a> {
    columns: &'r [Column],
    cells: &'r [Cell<'a>],
}

impl<'a> Row<'_, 'a> {
    fn cell(&self, name: &str) -> Option<Cell<'a>> {
        let at = self.columns.iter().position(|column| column.name == name)?;
        self.cells.get(at).copied()
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        match self.cell(name)? {
            Cell::Text(text) => Some(text).filter(|text| !text.is_empty()),
            Cell::Flag(_) | Cell::Number(_) => None,
        }
    }

    fn flag(&self, name: &str) -> Option<bool> {
        if let Cell::Flag(flag) = self.cell(name)? { flag } else { None }
    }

    fn number(&self, name: &str) -> i64 {
        if let Some(Cell::Number(number)) = self.cell(name) { number } else { 0 }
    }

    /// Whose calls and how many. The principal is an ARN, or what a sign-in tells (`ACCOUNT:user/NAME`).
    fn tally(&self, is_service_event: bool) -> Tally<'a> {
        let text = |name: &str| self.text(name).map(Into::into);
        let name = self.text("principal").filter(|principal| !principal.starts_with("arn:"));
        let name = name.and_then(|name| Some(name.split_once(":user/")?.1));
        let seconds = |name: &str| self.number(name).div_euclid(1_000_000);
        Tally {
            identity: Identity {
                kind: text("id_type"),
                arn: text("principal"),
                account: text("caller_account"),
                access_key: text("access_key_id"),
                user_name: name.map(Into::into),
                invoked_by: text("invoked_by"),
                mfa: self.flag("mfa"),
                ..Identity::default()
            },
            calls: u64::try_from(self.number("n")).unwrap_or_default(),
            first: seconds("first"),
            last: seconds("last"),
            is_shared_copy: self.flag("shared_copy") == Some(true),
            is_service_event,
        }
    }
}
