//! `kagi explain`: the plan, and why.

use std::process::ExitCode;

use kagimori_session::plan::{Call, Start, Step};
use kagimori_session::route::{Misread, Source, misread, rfc3339};
use kagimori_session::value::{shown_within, words};
use kagimori_terminal::printer;
use kagimori_terminal::schema::Schema;
use serde::Serialize;

use super::served;
use super::target::with_broker;
use crate::args::{self, Format};
use crate::broker::{Broker, Origin, SET_BACK};
use crate::context::Caller;
use crate::error::KagiError;

#[derive(Debug, Serialize)]
struct Explanation {
    schema: Schema,
    now: String,
    profile: String,
    key: String,
    access_key_id: String,
    user: String,
    endpoint: String,
    endpoint_from: String,
    read_only: bool,
    /// What a read-only session may do beside reading.
    read_only_extra: Vec<String>,
    elevated: bool,
    outcome: String,
    /// How long what is handed out can be used, and what then.
    lasts: String,
    asks_for_code: bool,
    served_to_sdks: bool,
    /// What SDKs do with the profile, in words.
    #[serde(skip)]
    sdks: String,
    /// What the credentials may do, in words.
    #[serde(skip)]
    access: String,
    steps: Vec<StepRow>,
    settings: Vec<SettingRow>,
    notes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct StepRow {
    call: String,
    mfa_serial: Option<String>,
    /// None: as long as the permission set's sessions.
    lasts_seconds: Option<u32>,
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
            Format::Human => printer::plain(&text(&explanation))?,
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
        let call = match &step.call {
            Call::GetSessionToken { .. } => "GetSessionToken".to_owned(),
            Call::AssumeRole(role) => format!("AssumeRole {} as {}", role.role, role.session_name),
            Call::AssumeRoleWithWebIdentity(role) => {
                format!("AssumeRoleWithWebIdentity {} as {}", role.role, role.session_name)
            }
            Call::GetEntitledCredentials(entitled) => {
                format!("GetRoleCredentials {} (account access)", entitled.role.as_str())
            }
            Call::GetRoleCredentials { account, role } => format!("GetRoleCredentials {role} in {account}"),
            Call::GetScopedCredentials(scoped) if scoped.policy.is_some() => {
                "GetScopedCredentials, reading only".to_owned()
            }
            Call::GetScopedCredentials(_) => "GetScopedCredentials, a shorter life".to_owned(),
        };
        let lasts_seconds = step.call.seconds();
        let cached_seconds_left = broker.left(index).filter(|left| *left > 0);
        StepRow { call, mfa_serial: step.mfa_serial.clone(), lasts_seconds, cached_seconds_left }
    });
    let whose = whose(broker);
    Explanation {
        schema: Schema { name: "kagi.explain", version: 1 },
        now: rfc3339(broker.now()),
        profile: broker.route.name.clone(),
        key: broker.route.key_profile.clone(),
        access_key_id: whose.0,
        user: whose.1,
        endpoint: broker.sts.url.clone(),
        endpoint_from: broker.sts.from.clone(),
        read_only: broker.route.narrowed,
        read_only_extra: broker.route.extras.iter().map(ToString::to_string).collect(),
        elevated: plan.elevated,
        outcome: outcome(broker, start, asks),
        lasts: lasts(broker),
        asks_for_code: asks.is_some(),
        served_to_sdks: served::is_served(broker),
        sdks: served::sentence(broker),
        access: access(broker),
        steps: steps.collect(),
        settings: broker.route.found.iter().map(setting).collect(),
        notes: broker.route.notes.iter().chain(&plan.notes).cloned().chain(notes(broker)).collect(),
    }
}

/// What else a person should know: of lines that are not read, of the clock, of partitions.
fn notes(broker: &Broker<'_, '_>) -> Vec<String> {
    let route = &broker.route;
    let concerns = |it: &Misread| {
        it.profile
            .as_ref()
            .is_none_or(|of| *of == route.name || *of == route.key_profile || *of == route.settings_of)
    };
    let told = |it: Misread| format!("{}: {}; {}", it.place, it.refused.message, it.refused.hint);
    let mut notes: Vec<_> = misread(&broker.context.files).into_iter().filter(concerns).map(told).collect();
    if broker.clock_was_set_back() {
        notes.push(SET_BACK.to_owned());
    }
    let of_key = match &broker.origin {
        Origin::Key(key) => key.user_arn.strip_prefix("arn:").and_then(|rest| rest.split(':').next()),
        _ => None,
    };
    let other = |partition: &&str| route.hops.iter().any(|hop| hop.role.partition() != *partition);
    if let Some(partition) = of_key.filter(other) {
        notes.push(format!(
            "the key is of the partition `{partition}` and a role is of another: AWS lets nobody assume a role across \
             partitions, so take a key of the role's"
        ));
    }
    notes
}

/// What the credentials may do: of a role, of a permission set, or of the user.
fn access(broker: &Broker<'_, '_>) -> String {
    let (route, plan) = (&broker.route, &broker.plan);
    if route.narrowed {
        let scopes = |step: &Step| matches!(step.call, Call::GetScopedCredentials(_));
        return match route.hops.is_empty() {
            false => "read-only (the role narrowed by ReadOnlyAccess)",
            true if plan.steps.iter().any(scopes) => "read-only (the session narrowed by kagi's policy)",
            true => "read-only (the permission set of `read_only_role`)",
        }
        .to_owned();
    }
    let what = match (route.hops.last(), &route.source, &broker.origin) {
        (Some(hop), ..) if !hop.policy_arns.is_empty() => "what both the role and `policy_arns` allow",
        (Some(_), ..) => "everything the role may do",
        (None, Source::Sso { role, .. }, _) if role.entitled.is_some() => "everything the role may do",
        (None, Source::Sso { .. }, _) => "everything the permission set may do",
        (None, _, Origin::Foreign(_)) => "everything that whoever it is of may do",
        (None, ..) => "everything the user may do (GetSessionToken takes no policy)",
    };
    if plan.elevated { format!("elevated: {what}, not renewed") } else { what.to_owned() }
}

fn setting(origin: &kagimori_session::route::Origin) -> SettingRow {
    SettingRow { name: origin.name.clone(), value: origin.value.clone(), from: origin.from.clone() }
}

/// The key and its user; of a sign-in the person and the portal.
fn whose(broker: &Broker<'_, '_>) -> (String, String) {
    match &broker.origin {
        Origin::Key(key) => (key.access_key_id.clone(), key.user_arn.clone()),
        Origin::Foreign(source) => ("credentials".to_owned(), source.sentence()),
        Origin::Sso(center, login) => {
            let user = login.as_ref().and_then(|login| login.user.clone());
            let user = user.unwrap_or_else(|| "somebody".to_owned());
            (String::new(), format!("{user} at {}", center.portal.start_url))
        }
    }
}

/// What would happen now, in one sentence.
fn outcome(broker: &Broker<'_, '_>, start: Start, asks: Option<&str>) -> String {
    let left = |step: usize| broker.left(step).filter(|left| *left > 0).map(words);
    let last = broker.plan.steps.len().saturating_sub(1);
    match (start, asks) {
        _ if broker.plan.steps.is_empty() => match &broker.origin {
            Origin::Foreign(source) if source.is_login() => {
                "hands on the session of the console sign-in".to_owned()
            }
            Origin::Foreign(_) => "hands on what the other tool prints".to_owned(),
            _ => "hands out the key itself".to_owned(),
        },
        (Start::Serve, _) => {
            format!("served from the cache, {} left", left(last).unwrap_or_default())
        }
        (Start::From(0), None) if broker.signed_out().is_some() => {
            format!("fails: {}", broker.signed_out().map(|error| error.to_string()).unwrap_or_default())
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
    let seconds = |step: &Step| step.call.seconds().unwrap_or_default();
    let steps = &broker.plan.steps;
    let own = match steps.last().and_then(|step| step.call.seconds()) {
        Some(seconds) => words(i64::from(seconds)),
        None => "as long as the permission set's sessions".to_owned(),
    };
    let mfa = steps.iter().position(|step| step.mfa_serial.is_some());
    match mfa.and_then(|index| Some((index, steps.get(index)?))) {
        _ if steps.is_empty() => match &broker.origin {
            Origin::Foreign(source) if source.is_login() => {
                "15m at a time, until the sign-in ends".to_owned()
            }
            Origin::Foreign(_) => "as long as the other tool says".to_owned(),
            _ => "without end".to_owned(),
        },
        _ if broker.plan.elevated => format!("{own}, not renewed"),
        None if matches!(broker.origin, Origin::Sso(..)) => {
            format!("{own} at a time, renewed silently until the sign-in ends")
        }
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
    let key = match explanation.access_key_id.as_str() {
        "" => format!("sign-in  of `{}`, {}", explanation.key, explanation.user),
        id => format!("key      {id} of `{}`, {}", explanation.key, explanation.user),
    };
    let beside = |extra: &String| format!("\n         and {}", shown_within(extra, 400));
    let beside: String = explanation.read_only_extra.iter().map(beside).collect();
    out.push_str(&format!(
        "{key}\nendpoint {}{from}\naccess   {}{beside}\nlasts    {}\nSDKs     {}\n\n",
        explanation.endpoint, explanation.access, explanation.lasts, explanation.sdks,
    ));
    for (index, step) in explanation.steps.iter().enumerate() {
        let mfa =
            step.mfa_serial.as_deref().map(|serial| format!(", with a code of {serial}")).unwrap_or_default();
        let cached = match step.cached_seconds_left {
            Some(left) => format!("cached, {} left", words(left)),
            None => "not cached".to_owned(),
        };
        let lasts = step.lasts_seconds.map(|it| format!(" for {}", words(i64::from(it)))).unwrap_or_default();
        out.push_str(&format!("{}. {}{lasts}{mfa}: {cached}\n", index + 1, step.call));
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
