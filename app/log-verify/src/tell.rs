//! What is said of a verdict: for people, and for programs.

use kagimori_ledger::Evidence;
use kagimori_ledger::audit::Verdict;
use kagimori_ledger::evidence::EvidenceError;
use kagimori_ledger::trust::Trusted;
use serde_json::json;

/// Of the JSON.
const SCHEMA: &str = "kagimori/log-verify/1";

pub(crate) fn people(verdict: &Verdict, kept: usize) -> String {
    let mut text = String::new();
    match &verdict.published {
        Some(trusted) => {
            let (origin, size) = (trusted.checkpoint.origin(), trusted.checkpoint.size());
            text.push_str(&format!("log         {origin}\nentries     {} of {size}\n", verdict.head.size));
        }
        None => text.push_str(&format!(
            "log         its checkpoint is not believed\nentries     {}\n",
            verdict.head.size
        )),
    }
    text.push_str(&format!("root        {}\n", verdict.head.root));
    let seen = verdict.published.as_ref().map(witnesses).filter(|seen| !seen.is_empty());
    text.push_str(&format!("witnesses   {}\n", seen.unwrap_or_else(|| "none".to_owned())));
    text.push_str(&format!("kept        {} of {kept} checkpoints fit\n", verdict.fitting));
    for epoch in &verdict.epochs {
        let lost = epoch.seen.size.saturating_sub(epoch.kept.size);
        text.push_str(&format!(
            "restored    epoch {} kept {} entries; {lost} that were seen are lost\n",
            epoch.number, epoch.kept.size
        ));
    }
    text.push('\n');
    for finding in &verdict.findings {
        text.push_str(&format!("{}\n  next: {}\n", finding, finding.hint()));
    }
    if verdict.is_clean() {
        text.push_str("nothing is wrong\n");
    }
    tamed(&text)
}

pub(crate) fn json(verdict: &Verdict, kept: usize) -> String {
    let findings: Vec<_> = verdict
        .findings
        .iter()
        .map(|finding| json!({ "kind": finding.name(), "message": tamed(&finding.to_string()), "next": finding.hint() }))
        .collect();
    let epochs: Vec<_> = verdict
        .epochs
        .iter()
        .map(|epoch| json!({ "number": epoch.number, "kept": epoch.kept.size, "seen": epoch.seen.size }))
        .collect();
    let published = verdict.published.as_ref();
    let value = json!({
        "schema": SCHEMA,
        "clean": verdict.is_clean(),
        "log": published.map(|trusted| trusted.checkpoint.origin()),
        "entries": verdict.head.size,
        "root": verdict.head.root.to_string(),
        "size": published.map(|trusted| trusted.checkpoint.size()),
        "witnesses": published.map(|trusted| trusted.seen_by.iter().map(|(name, time)| json!({ "name": name, "unix_seconds": time })).collect::<Vec<_>>()),
        "kept": { "given": kept, "fitting": verdict.fitting },
        "epochs": epochs,
        "findings": findings,
    });
    format!("{value:#}\n")
}

pub(crate) fn proof(
    evidence: &Evidence,
    verified: Result<&Trusted, &EvidenceError>,
    is_json: bool,
) -> String {
    if is_json {
        let value = json!({
            "schema": SCHEMA,
            "clean": verified.is_ok(),
            "index": evidence.index,
            "log": verified.ok().map(|trusted| trusted.checkpoint.origin()),
            "finding": verified.err().map(|error| tamed(&error.to_string())),
            "next": verified.err().map(EvidenceError::hint),
        });
        return format!("{value:#}\n");
    }
    let index = evidence.index;
    tamed(&match verified {
        Ok(trusted) => {
            let (origin, size) = (trusted.checkpoint.origin(), trusted.checkpoint.size());
            format!(
                "it is entry {index} of `{origin}`, which had {size} entries then\nwitnesses   {}\n",
                witnesses(trusted)
            )
        }
        Err(error) => format!("nothing is proved of entry {index}: {error}\n  next: {}\n", error.hint()),
    })
}

fn witnesses(trusted: &Trusted) -> String {
    let named = trusted.seen_by.iter().map(|(name, time)| format!("{name} (unix {time})"));
    named.collect::<Vec<String>>().join(", ")
}

/// Names in a log are others': none of them leads a terminal.
fn tamed(text: &str) -> String {
    let is_odd = |letter: char| {
        (letter.is_control() && letter != '\n')
            || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{061c}')
    };
    text.chars().map(|letter| if is_odd(letter) { '\u{fffd}' } else { letter }).collect()
}
