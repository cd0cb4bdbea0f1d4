//! `kagi explain`: the plan, and why.

use std::process::ExitCode;

use kagimori_session::plan::{Call, Start, Step};
use kagimori_session::value::words;
use serde::Serialize;

use super::environment::is_served;
use super::target::with_broker;
use crate::args::{self, Format};
use crate::broker::Broker;
use crate::context::Caller;
use crate::error::KagiError;
use crate::printer::{self, Schema};

#[derive(Debug, Serialize)]
struct Explanation {
    schema: Schema,
    profile: String,
    key: String,
    access_key_id: String,
    user: String,
    endpoint: String,
    endpoint_from: String,
    read_only: bool,
    elevated: bool,
    outcome: String,
    /// How long what is handed out can be used, and what then.
    lasts: String,
    asks_for_code: bool,
    served_to_sdks: bool,
    steps: Vec<StepRow>,
    settings: Vec<SettingRow>,
    notes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct StepRow {
    call: String,
    mfa_serial: Option<String>,
    lasts_seconds: u32,
    cached_seconds_left: Option<i64>,
}

#[derive(Debug, Serialize)]
struct SettingRow {
    name: String,
    value: String,
    from: String,
}

/// `kagi explain`
pub(crate) fn run(arguments: &args::Explain) -> Result<ExitCode, KagiError> {
    with_broker(&arguments.target, Some(&arguments.elevation), Caller::Person, |broker| {
        let explanation = explain(broker);
        match arguments.format {
            Format::Json => printer::json(&explanation)?,
            Format::Human => printer::text(&text(&explanation))?,
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn explain(broker: &Broker<'_, '_>) -> Explanation {
    let plan = &broker.plan;
    let start = plan.start(|step| broker.left(step));
    let asks = match start {
        Start::Serve => None,
        Start::From(step) => plan.device_from(step),
    };
    let steps = plan.steps.iter().enumerate().map(|(index, step)| {
        let (call, lasts_seconds) = match &step.call {
            Call::GetSessionToken { seconds } => ("GetSessionToken".to_owned(), *seconds),
            Call::AssumeRole(role) => {
                (format!("AssumeRole {} as {}", role.role, role.session_name), role.seconds)
            }
        };
        let cached_seconds_left = broker.left(index).filter(|left| *left > 0);
        StepRow { call, mfa_serial: step.mfa_serial.clone(), lasts_seconds, cached_seconds_left }
    });
    Explanation {
        schema: Schema { name: "kagi.explain", version: 1 },
        profile: broker.route.name.clone(),
        key: broker.route.key_profile.clone(),
        access_key_id: broker.key.access_key_id.clone(),
        user: broker.key.user_arn.clone(),
        endpoint: broker.sts.url.clone(),
        endpoint_from: broker.sts.from.clone(),
        read_only: broker.route.narrowed,
        elevated: plan.elevated,
        outcome: outcome(broker, start, asks),
        lasts: lasts(broker),
        asks_for_code: asks.is_some(),
        served_to_sdks: is_served(broker),
        steps: steps.collect(),
        settings: broker.route.found.iter().map(setting).collect(),
        notes: broker.route.notes.iter().chain(&plan.notes).cloned().collect(),
    }
}

fn setting(origin: &kagimori_session::route::Origin) -> SettingRow {
    SettingRow { name: origin.name.clone(), value: origin.value.clone(), from: origin.from.clone() }
}

/// What would happen now, in one sentence.
fn outcome(broker: &Broker<'_, '_>, start: Start, asks: Option<&str>) -> String {
    let left = |step: usize| broker.left(step).filter(|left| *left > 0).map(words);
    let last = broker.plan.steps.len().saturating_sub(1);
    match (start, asks) {
        (Start::Serve, _) => {
            format!("served from the cache, {} left", left(last).unwrap_or_default())
        }
        (Start::From(step), None) => {
            format!("{} and no question", calls(broker.plan.steps.len() - step.min(broker.plan.steps.len())))
        }
        (Start::From(_), Some(serial)) => {
            let why =
                if broker.left(0).is_some() { "its session has ended" } else { "there is no session yet" };
            format!("asks for a code of {serial}: {why}")
        }
    }
}

/// The effective end: of a renewed role it is its MFA session's.
fn lasts(broker: &Broker<'_, '_>) -> String {
    let seconds = |step: &Step| match &step.call {
        Call::GetSessionToken { seconds } => *seconds,
        Call::AssumeRole(role) => role.seconds,
    };
    let steps = &broker.plan.steps;
    let last = steps.last().map_or(0, seconds);
    let own = words(i64::from(last));
    let mfa = steps.iter().position(|step| step.mfa_serial.is_some());
    match mfa.and_then(|index| Some((index, steps.get(index)?))) {
        _ if broker.plan.elevated => format!("{own}, not renewed"),
        None => format!("{own} at a time, renewed silently without end"),
        Some((index, _)) if index + 1 == steps.len() => format!("{own}, then a code is asked for"),
        Some((index, step)) => {
            let left =
                broker.left(index).filter(|left| *left > 0).unwrap_or_else(|| i64::from(seconds(step)));
            format!("{own} at a time, renewed silently for {}, then a code is asked for", words(left))
        }
    }
}

fn calls(count: usize) -> String {
    if count == 1 { "1 call".to_owned() } else { format!("{count} calls") }
}

fn text(explanation: &Explanation) -> String {
    let mut out = format!("{}: {}\n\n", explanation.profile, explanation.outcome);
    let from = match explanation.endpoint_from.as_str() {
        "" => String::new(),
        from => format!(" ({from})"),
    };
    out.push_str(&format!(
        "key      {} of `{}`, {}\nendpoint {}{from}\naccess   {}\nlasts    {}\nSDKs     {}\n\n",
        explanation.access_key_id,
        explanation.key,
        explanation.user,
        explanation.endpoint,
        match (explanation.elevated, explanation.read_only) {
            (true, _) => "elevated: everything the role may do, not renewed",
            (false, true) => "read-only (the role narrowed by ReadOnlyAccess)",
            (false, false) => "everything the role may do",
        },
        explanation.lasts,
        if explanation.served_to_sdks {
            "find kagi by the profile's `credential_process`"
        } else {
            "do not find kagi by this profile: use `kagi exec`, or `kagi add` it"
        },
    ));
    for (index, step) in explanation.steps.iter().enumerate() {
        let mfa =
            step.mfa_serial.as_deref().map(|serial| format!(", with a code of {serial}")).unwrap_or_default();
        let cached = match step.cached_seconds_left {
            Some(left) => format!("cached, {} left", words(left)),
            None => "not cached".to_owned(),
        };
        let lasts = words(i64::from(step.lasts_seconds));
        out.push_str(&format!("{}. {} for {lasts}{mfa}: {cached}\n", index + 1, step.call));
    }
    if !explanation.settings.is_empty() {
        out.push('\n');
    }
    for setting in &explanation.settings {
        out.push_str(&format!("{} = {}  ({})\n", setting.name, setting.value, setting.from));
    }
    for note in &explanation.notes {
        out.push_str(&format!("\nnote: {note}\n"));
    }
    out
}
