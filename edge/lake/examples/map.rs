//! The permissions of events: CloudTrail records from the standard input, one line of JSON each to the standard output.
//!
//! `scripts/sweep-map` feeds it a made-up record for every operation of AWS's APIs.

use std::io::{Read, Write};

use kagimori_trail::call::{Call, Certainty, CheckedResource};
use kagimori_trail::event::{Identity, read};

fn main() -> std::io::Result<()> {
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes)?;
    let mut lines = Vec::new();
    read(&bytes, |event| {
        let identity = event.identity.as_deref().map(Identity::parse).unwrap_or_default();
        let call = Call::of(&event, &identity);
        lines.push(serde_json::json!({
            "id": call.event_id,
            "gap": call.gap.map(|gap| format!("{gap:?}")),
            "checks": call.checks.iter().map(check).collect::<Vec<_>>(),
        }));
    });
    let mut out = std::io::stdout().lock();
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))
}

fn check(check: &kagimori_trail::call::Check) -> serde_json::Value {
    let (form, resource) = match &check.resource {
        CheckedResource::Arn(arn) => ("arn", &**arn),
        CheckedResource::Pattern(pattern) => ("pattern", &**pattern),
        CheckedResource::None => ("none", "*"),
        CheckedResource::Unknown => ("unknown", ""),
    };
    let is_certain = check.certainty == Certainty::Certain;
    serde_json::json!({ "action": check.action, "form": form, "resource": resource, "certain": is_certain })
}
