//! What the trail of a directory would have shown, and where its calls come from: one read for both.

use kagimori_estate::Estate;
use kagimori_estate::change::{Change, CredentialChange};
use kagimori_estate::fact::Known;
use kagimori_estate::model::{AccessKey, LastUse};
use kagimori_plan::blind;
use kagimori_plan::origins::Choice;
use kagimori_trail::history::Seen;
use kagimori_trail::origin::Judged;
use kagimori_trail::sight::Sight;

use crate::company::{Company, Window, tell};
use crate::error::AppError;

/// What is asked of a history.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    /// Kinds of data events that the trail logs of every resource.
    pub(crate) logged: &'a [String],
    /// Only these origins count.
    pub(crate) origins: &'a [String],
    /// What is suspected counts, too.
    pub(crate) include_suspected: bool,
}

/// Sight and judged origins.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) sight: Sight,
    pub(crate) choice: Choice,
}

impl History {
    /// The history, with what the estate and the user say of it.
    pub(crate) fn of(
        seen: Seen,
        company: &Company,
        window: Window,
        wanted: Wanted<'_>,
    ) -> Result<Self, AppError> {
        let mut sight = seen.sight;
        blind::tell_regions(&mut sight, &company.estate);
        wanted.logged.iter().for_each(|kind| sight.tell(kind));
        company.tell_delivered(&mut sight, window);
        blind::tell_trails(&mut sight, &company.estate);
        tell(&blind::contradictions(&sight, &company.estate));
        let recent_days = company.directory.settings()?.limits.new_origin;
        let choice = Choice {
            judged: Judged::of(&seen.origins, recent_days),
            include_suspected: wanted.include_suspected,
            only: wanted.origins.iter().cloned().collect(),
        };
        let has =
            |id: &String| choice.judged.principals().any(|(_, all)| all.iter().any(|one| one.id == *id));
        if let Some(unknown) = choice.only.iter().find(|id| !has(id)) {
            return Err(AppError::Argument {
                message: format!("no call comes from the origin `{unknown}`"),
                hint: "run it without `--origin`: the output names the origins, such as `program@203.0.113.0/24`"
                    .to_owned(),
            });
        }
        Ok(Self { sight, choice })
    }
}

/// Whether the key or the password that a change takes away was not used since then, as AWS tracks it: data events, too.
pub(crate) fn is_idle(estate: &Estate, change: &Change, since: i64) -> bool {
    let Change::Credential(credential) = change else { return false };
    let user = credential.user();
    let account = user.account().and_then(|account| estate.accounts.get(&account));
    let Some(held) = account.and_then(|account| account.users.get(user.name())) else { return false };
    let last = match credential {
        CredentialChange::SetAccessKeyStatus { key, .. } | CredentialChange::DeleteAccessKey { key, .. } => {
            let keys = held.access_keys.known().map_or(&[][..], Vec::as_slice);
            let is_it = |held: &&AccessKey| held.id.as_ref() == Some(key);
            keys.iter().find(is_it).map(|key| &key.last_used)
        }
        CredentialChange::SetConsoleLogin { .. } => held.report.value().map(|row| &row.password_last_used),
    };
    match last.and_then(Known::value) {
        Some(LastUse::Never) => true,
        Some(LastUse::At { at, .. }) => at.as_second() < since,
        _ => false,
    }
}
