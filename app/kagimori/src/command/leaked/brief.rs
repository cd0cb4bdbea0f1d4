//! What the engines say of a key, in a few lines: for an answer that is about many.

use kagimori_estate::access::May;

use super::gather::{Case, blind};
use crate::show::numbers::{counted, day, thousands};

/// Actions of a kind that are named.
const NAMED: usize = 4;

/// Lines with their beginnings: could, did, used by, without it, instead, not known.
pub(crate) fn brief(case: &Case) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    lines.extend(could(case).map(|line| ("could", line)));
    lines.push(("did", did(case)));
    lines.extend(used(case).map(|line| ("used by", line)));
    if let Some(replayed) = &case.breaks {
        let totals = &replayed.evidence.totals;
        let (denied, open, total) =
            (thousands(totals.newly_denied), thousands(totals.cannot_tell), thousands(totals.total()));
        let days = case.days;
        let line = if totals.total() == 0 {
            format!("its user made no call in the last {days} days")
        } else {
            format!(
                "without it {denied} of {total} calls of the last {days} days are denied, {open} cannot be told"
            )
        };
        lines.push(("breaks", line));
    }
    if case.owner.is_some() {
        lines.push(("instead", instead(case)));
    }
    lines.extend(blind(case).into_iter().map(|(english, _)| ("unknown", english)));
    lines
}

fn could(case: &Case) -> Option<String> {
    let could = case.could.as_ref()?;
    let administrator = match could.administrator {
        Some((May::Surely, 0)) => "an administrator; ".to_owned(),
        Some((May::Surely, steps)) => format!("can become an administrator in {}; ", counted(steps, "step")),
        Some(_) => "may become an administrator; ".to_owned(),
        None => String::new(),
    };
    let Some((worst, actions)) = could.levels.iter().next() else {
        return Some(format!("{administrator}no action that is known"));
    };
    let named: Vec<&str> = actions.iter().take(NAMED).map(String::as_str).collect();
    let more = actions.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let conditional = match could.conditional {
        0 => String::new(),
        open => format!(", {open} more under conditions"),
    };
    Some(format!(
        "{administrator}{}{conditional}; {}: {}{more}",
        counted(could.allowed, "action"),
        worst.words().0,
        named.join(", ")
    ))
}

fn did(case: &Case) -> String {
    let Some(did) = &case.did else { return "the trail holds no call with it".to_owned() };
    let (calls, writes) = (thousands(did.calls), thousands(did.writes));
    let (first, last) = (day(did.first.as_second()), day(did.last.as_second()));
    let since = match (did.since, case.since()) {
        (Some((calls, writes)), Some(since)) => {
            format!(
                "; {} calls, {} writes since it lies in a commit ({})",
                thousands(calls),
                thousands(writes),
                day(since)
            )
        }
        _ => String::new(),
    };
    let worst: Vec<&str> = did
        .actions
        .iter()
        .filter(|(_, _, _, succeeded, _)| *succeeded > 0)
        .take(NAMED)
        .map(|(_, name, ..)| name.as_str())
        .collect();
    let worst = if worst.is_empty() { String::new() } else { format!("; worst: {}", worst.join(", ")) };
    format!("{calls} calls, {writes} writes, {first} to {last}{since}{worst}")
}

fn used(case: &Case) -> Option<String> {
    let did = case.did.as_ref()?;
    let mut origins: Vec<_> = did.origins.iter().collect();
    origins.sort_by(|a, b| {
        (std::cmp::Reverse(a.judgement), &a.id).cmp(&(std::cmp::Reverse(b.judgement), &b.id))
    });
    let named: Vec<String> = origins
        .iter()
        .take(NAMED)
        .map(|origin| format!("{} ({})", origin.id, origin.judgement.words().0))
        .collect();
    let more = origins.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {}", counted(more, "more origin")) } else { String::new() };
    let warning = if case.is_suspected() { "somebody else's hand was seen: " } else { "" };
    let callers: Vec<&str> = did.workloads.iter().copied().collect();
    let callers = if callers.is_empty() { String::new() } else { format!("; {}", callers.join(", ")) };
    (!origins.is_empty()).then(|| format!("{warning}{}{more}{callers}", named.join(", ")))
}

fn instead(case: &Case) -> String {
    match &case.replacement {
        Ok(replacement) => {
            let proved = if replacement.is_proved { "proved to grant nothing new" } else { "not proved" };
            let policies = counted(replacement.policies.len(), "policy document");
            format!(
                "a role with {policies} drawn from its calls, {proved}: `kagimori leaked {} --dir {}`",
                case.key, case.dir
            )
        }
        Err(why) => format!("no policy is proposed: {why}"),
    }
}
