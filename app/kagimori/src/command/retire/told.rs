//! A retirement in words: where it stands, what comes next, its time line.

use std::fmt::Write;

use jiff::Timestamp;
use kagimori_retire::{Evidence, Expected, Lasting, Phase, State, Verdict};

use crate::show::numbers::counted;

/// `2026-11-30 10:10 UTC`
pub(super) fn minute(at: Timestamp) -> String {
    format!("{} UTC", at.to_string().chars().take(16).collect::<String>().replace('T', " "))
}

/// How far away an instant is: `in 7 minutes`, `3 days ago`.
pub(super) fn distance(at: Timestamp, now: Timestamp) -> String {
    let seconds = at.as_second().saturating_sub(now.as_second());
    let units = [("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)];
    let length = seconds.unsigned_abs();
    // Of two units the greater, once there are two of it.
    let unit = units.into_iter().find(|(_, one)| length >= 2 * one).unwrap_or(("second", 1));
    let told = counted(length / unit.1, unit.0);
    match seconds {
        0 => "just now".to_owned(),
        ahead if ahead > 0 => format!("in {told}"),
        _ => format!("{told} ago"),
    }
}

fn when(at: Timestamp, now: Timestamp) -> String {
    format!("{} ({})", minute(at), distance(at, now))
}

/// Where it stands.
pub(super) fn stands(state: &State, now: Timestamp) -> String {
    let (rung, rungs) = (state.standing.rung.saturating_add(1), state.start.ladder.rungs().len());
    let on = |what: String| format!("rung {rung} of {rungs}, {what}");
    match &state.standing.phase {
        Phase::Planned { .. } if state.standing.rung == 0 => on("waits for its turn".to_owned()),
        Phase::Planned { .. } => on("on, waits for its window".to_owned()),
        Phase::Notified { at, .. } => on(format!("a notice was written {}", distance(*at, now))),
        Phase::GoingOff { .. } => on("about to go off".to_owned()),
        Phase::Off { since, .. } => on(format!("off since {}", when(*since, now))),
        Phase::OnDue { because } => on(format!("has to come on: {because}")),
        Phase::On { since, .. } => on(format!("on again since {}", when(*since, now))),
        Phase::DeleteDue { since } => format!("off, and may be deleted since {}", when(*since, now)),
        Phase::Deleting { .. } => "about to be deleted".to_owned(),
        Phase::Deleted { at } => format!("deleted on {}", when(*at, now)),
        Phase::Aborted { because, at } => format!("ended {}, on: {because}", distance(*at, now)),
        Phase::Protected { why, at } => format!("protected, on: {why} ({})", distance(*at, now)),
        Phase::Drifted { what, at } => format!("left alone: {what} ({})", distance(*at, now)),
    }
}

/// What switches it on where the program cannot, in words around AWS's own command.
pub(super) fn by_hand(state: &State) -> String {
    let credential = &state.start.credential;
    let account = credential.user.account().map(|account| account.to_string()).unwrap_or_default();
    format!("with credentials of {account}: {}", command(credential.user.name(), credential.key.as_str()))
}

/// AWS's command: without the name of the user it would be about the caller's own keys.
pub(super) fn command(user: &str, key: &str) -> String {
    format!("aws iam update-access-key --user-name {user} --access-key-id {key} --status Active")
}

/// What comes next; empty: nothing.
pub(super) fn next(state: &State, now: Timestamp) -> String {
    let off = state.off();
    let overdue = |at: Timestamp, what: &str| {
        if at <= now {
            format!("{what}: due since {}", when(at, now))
        } else {
            format!("{what} at {}", when(at, now))
        }
    };
    match &state.standing.phase {
        Phase::Planned { from } => format!("a notice at the next tick after {}", minute(*from)),
        Phase::Notified { off: at, .. } => overdue(*at, &format!("off for {off}")),
        Phase::Off { until, .. } if state.start.ladder.is_last(state.standing.rung) => {
            overdue(*until, "may be deleted")
        }
        Phase::GoingOff { until, .. } | Phase::Off { until, .. } => overdue(*until, "on again"),
        Phase::OnDue { .. } => "on, at the next tick or by `kagimori retire panic`".to_owned(),
        Phase::On { until, .. } => overdue(*until, "the next rung"),
        Phase::DeleteDue { .. } | Phase::Deleting { .. } => {
            "`kagimori retire tick --irreversible` deletes it".to_owned()
        }
        _ => String::new(),
    }
}

/// Rungs with what they told, the one at hand in brackets: `10min inconclusive ─ 3d ─ [1d off] ─ 3d ─ 30d ─ delete`.
pub(super) fn line(state: &State) -> String {
    let mut text = String::new();
    let at = state.standing.rung;
    for (place, rung) in state.start.ladder.rungs().iter().enumerate() {
        let verdict = state.standing.verdicts.get(place).map(|verdict| verdict.word());
        let here = (place == at && !state.is_over()).then(|| state.standing.phase.word().replace('_', " "));
        let _ = match (here, verdict) {
            (Some(here), _) => write!(text, "[{} {here}]", rung.off),
            (None, Some(verdict)) => write!(text, "{} {verdict}", rung.off),
            (None, None) => write!(text, "{}", rung.off),
        };
        if let Some(wait) = rung.wait {
            let _ = write!(text, " ─ {wait} ─ ");
        }
    }
    let end = match &state.standing.phase {
        Phase::Deleted { .. } => "deleted",
        _ if state.is_over() => "✗ not deleted",
        _ => "delete",
    };
    let _ = write!(text, " ─ {end}");
    text
}

/// What a rung can tell, plainly.
pub(super) fn power(off: Lasting, expected: &Expected, evidence: &Evidence, verdict: Verdict) -> String {
    if evidence.is_too_short(off) {
        let days = evidence.until.as_second().saturating_sub(evidence.from.as_second()).div_euclid(86_400);
        let days = counted(days.max(0), "day");
        return format!("inconclusive: the trail is too short: {days} of it say nothing of {}", length(off));
    }
    let calls = if expected.calls.to_string() == "1" { "call" } else { "calls" };
    let told = format!("expected {} {calls} in {}", expected.calls, length(off));
    match verdict {
        Verdict::Quiet => format!("can tell: {told}, {} of such offs would meet one", percent(expected)),
        Verdict::Needed | Verdict::Inconclusive => {
            format!("inconclusive: {told}, {} of such offs would meet one", percent(expected))
        }
    }
}

fn percent(expected: &Expected) -> String {
    format!("{}%", expected.power.thousandths() / 10)
}

/// `10 minutes`
pub(super) fn length(lasting: Lasting) -> String {
    let text = lasting.to_string();
    let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits).unwrap_or((&text, ""));
    let unit = match unit {
        "d" => "day",
        "h" => "hour",
        "min" => "minute",
        _ => "second",
    };
    counted(number, unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_told_in_one_unit() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2026-11-30T10:00:00Z");
        for (instant, told) in [
            ("2026-11-30T10:00:00Z", "just now"),
            ("2026-11-30T10:07:00Z", "in 7 minutes"),
            ("2026-11-30T10:01:59Z", "in 119 seconds"),
            ("2026-11-29T09:00:00Z", "25 hours ago"),
            ("2026-11-28T09:00:00Z", "2 days ago"),
            ("2026-11-30T09:59:59Z", "1 second ago"),
        ] {
            assert_eq!(distance(at(instant), now), told);
        }
        assert_eq!(length("10min".parse().unwrap()), "10 minutes");
        assert_eq!(length("1d".parse().unwrap()), "1 day");
    }
}
