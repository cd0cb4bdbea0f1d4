//! Findings for people: by policy, the place first so that editors and terminals can jump there.

use std::fmt::Write;

use kagimori_policy::lint::rule::{Level, Rule, RuleId};
use kagimori_policy::lint::{Place, Witness, printable};
use kagimori_policy::request::{Fact, Principal};
use kagimori_policy::validate::PolicyKind;
use kagimori_terminal::style::{self, BOLD as TITLE, DIM as FAINT, Style};
use kagimori_trail::redact;

use super::kind_word;
use super::outcome::{Judged, Outcome};

pub(super) fn text(outcome: &Outcome) -> String {
    let mut text = String::new();
    for policy in &outcome.policies {
        if policy.findings.is_empty() && policy.waived.is_empty() {
            continue;
        }
        let _ = writeln!(text, "{TITLE}{}{TITLE:#}", title(policy));
        for finding in &policy.findings {
            line(
                &mut text,
                &policy.file,
                finding.place,
                finding.level,
                finding.rule.rule(),
                &finding.message,
            );
            if let Some(witness) = &finding.witness {
                let _ = writeln!(text, "    {FAINT}allowed:{FAINT:#} {}", request(witness, policy.kind));
            }
            let _ = writeln!(text, "    {FAINT}fix:{FAINT:#} {}", finding.fix());
        }
        for (finding, place) in &policy.waived {
            let Some(waiver) = outcome.waivers.get(*place) else { continue };
            let _ = writeln!(
                text,
                "  {FAINT}{}:{}:{}  waived by {} until {}: {}{FAINT:#}  {}",
                policy.file,
                finding.place.line,
                finding.place.column,
                waiver.owner,
                waiver.expires,
                waiver.reason,
                finding.rule.rule().id
            );
        }
        text.push('\n');
    }
    for about in &outcome.about_waivers {
        line(&mut text, &about.file, about.place, about.level, about.rule.rule(), &about.message);
        let _ = writeln!(text, "    {FAINT}fix:{FAINT:#} {}", about.rule.rule().fix);
    }
    text
}

/// `admin.json: app / inline  (identity policy, a guess)`.
fn title(policy: &Judged) -> String {
    let name = if policy.name.is_empty() { String::new() } else { format!(": {}", printable(&policy.name)) };
    if policy.findings.iter().any(|finding| finding.rule == RuleId::JsonSyntax) {
        return policy.file.clone();
    }
    let guess = if policy.is_guess { ", a guess" } else { "" };
    format!("{}{name} ({} policy{guess})", policy.file, kind_word(policy.kind))
}

fn line(text: &mut String, file: &str, place: Place, level: Level, rule: &Rule, message: &str) {
    let colour = colour(level);
    let Place { line, column, .. } = place;
    let _ =
        writeln!(text, "  {file}:{line}:{column}  {colour}{level}{colour:#}  {TITLE}{}{TITLE:#}", rule.id);
    let _ = writeln!(text, "    {message}");
}

pub(super) fn colour(level: Level) -> Style {
    match level {
        Level::Error | Level::Security => style::RED_BOLD,
        Level::Warning => style::YELLOW_BOLD,
        Level::Suggestion | Level::Off => style::CYAN,
    }
}

/// `s3:GetObject on arn:… by anybody, with aws:referer = x`. The caller of a policy about its owner is its owner.
fn request(witness: &Witness, kind: PolicyKind) -> String {
    let request = &witness.request;
    let who = if kind.is_of_identity() { String::new() } else { format!(" by {}", who(&request.principal)) };
    let keys: Vec<String> = request
        .context
        .iter()
        .filter(|(_, fact)| **fact != Fact::Absent)
        .map(|(key, fact)| format!("{key} = {}", shown(fact)))
        .collect();
    let with = if keys.is_empty() { String::new() } else { format!(", with {}", keys.join(", ")) };
    printable(&redact::policy(&format!("{} on {}{who}{with}", request.action, request.resource)))
}

pub(super) fn who(principal: &Principal) -> String {
    match principal {
        Principal::Anonymous => "anybody".to_owned(),
        Principal::Service { name } => name.clone(),
        Principal::Federated { provider } => provider.clone(),
        other => other.arn().unwrap_or_default().to_owned(),
    }
}

fn shown(fact: &Fact) -> String {
    match fact {
        Fact::One(value) => value.clone(),
        Fact::Many(values) => format!("[{}]", values.join(", ")),
        Fact::Absent => "(absent)".to_owned(),
        Fact::Present | Fact::Unknown => "(any)".to_owned(),
    }
}
