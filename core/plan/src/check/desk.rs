//! Root beside the desk that lets people be root: was every use of it asked for?

use kagimori_custody::{Alarm, Grants, Question, RootTrail, TOLERANCE, Watched, watch};
use kagimori_estate::fact::{Dataset, Gap, GapReason};
use kagimori_estate::model::Account;
use kagimori_id::AccountId;

use super::{Context, Judged, Missing, Rule, Ruling};

pub(super) const RULES: &[(&str, Rule)] = &[("root-login-unrequested", Rule::Asked(unrequested))];

/// The log of a desk, found right, beside what a trail tells of roots.
#[derive(Clone, Debug)]
pub struct Beside {
    grants: Grants,
    /// `None`: no trail was given.
    trail: Option<(RootTrail, Watched)>,
}

impl Beside {
    /// Compares them.
    pub fn of(grants: Grants, trail: Option<RootTrail>) -> Self {
        let trail = trail.map(|trail| {
            let found = watch(&grants, &trail, TOLERANCE);
            (trail, found)
        });
        Self { grants, trail }
    }
}

fn unrequested(context: &Context<'_>, account: &Account) -> Judged {
    let Some(beside) = context.desk else { return Ok(Ruling::NotApplicable) };
    let missing = |reason| Missing(Gap { dataset: Dataset::Trail, reason });
    let (trail, found) = beside.trail.as_ref().ok_or_else(|| missing(GapReason::NotGiven))?;
    let alarms: Vec<String> =
        found.alarms.iter().filter_map(|alarm| alarm_of(trail, alarm, account.id)).collect();
    if !alarms.is_empty() {
        return Ok(Ruling::Fail(vec![("what", alarms.into())]));
    }
    let absent = |field: String| missing(GapReason::FieldAbsent(field));
    let span = trail.told.span(account.id);
    let span = span.ok_or_else(|| absent("ConsoleLogin (us-east-1)".to_owned()))?;
    if !span.gaps.is_empty() {
        let gaps: Vec<String> = span.gaps.iter().map(|(from, until)| format!("{from} – {until}")).collect();
        return Err(absent(format!("ConsoleLogin (us-east-1) {}", gaps.join(", "))));
    }
    let questions: Vec<String> =
        found.questions.iter().filter_map(|one| question_of(beside, trail, one, account.id)).collect();
    Ok(if questions.is_empty() { Ruling::Pass } else { Ruling::Info(vec![("what", questions.into())]) })
}

/// In AWS's words, so that it reads the same in every language.
fn alarm_of(trail: &RootTrail, alarm: &Alarm, of: AccountId) -> Option<String> {
    let (account, words) = match alarm {
        Alarm::SignIn { login, .. } => {
            let login = trail.logins.get(*login)?;
            (login.account, format!("ConsoleLogin {} {}", login.at, login.address.as_deref().unwrap_or("?")))
        }
        Alarm::Key { account, key, deeds } => (*account, format!("{key} ({})", deeds.len())),
        Alarm::Outside { account, deeds } => {
            let first = trail.deeds.get(*deeds.first()?)?;
            (*account, format!("{} {} ({})", first.call, first.at, deeds.len()))
        }
        Alarm::Recovered { recovery } => {
            let step = trail.recoveries.get(*recovery)?;
            (step.account, format!("PasswordRecoveryCompleted {}", step.at))
        }
    };
    (account == of).then_some(words)
}

fn question_of(beside: &Beside, trail: &RootTrail, question: &Question, of: AccountId) -> Option<String> {
    let (account, words) = match question {
        Question::Unused { release } => {
            let release = beside.grants.releases.get(*release)?;
            (release.account, format!("{} {}", release.request, release.at))
        }
        Question::Elsewhere { login } => {
            let login = trail.logins.get(*login)?;
            (login.account, format!("ConsoleLogin {} {}", login.at, login.address.as_deref().unwrap_or("?")))
        }
        Question::Recovering { recovery } => {
            let step = trail.recoveries.get(*recovery)?;
            (step.account, format!("PasswordRecoveryRequested {}", step.at))
        }
        Question::Assumed { session } => {
            let session = trail.assumed.get(*session)?;
            (session.account, format!("AssumeRoot {} {}", session.at, session.by))
        }
    };
    (account == of).then_some(words)
}
