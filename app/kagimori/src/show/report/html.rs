//! `index.html`: one self-contained page. Data goes in as JSON with every `<`, `>` and `&` escaped, so that no name from an
//! account can end the script element; the script puts it on the page as text, never as markup.

use std::io::{self, Write};

use jiff::Timestamp;
use kagimori_estate::fact::{Dataset, Source, SourceId};
use kagimori_estate::id::AccountId;
use kagimori_estate::model::Problem;
use kagimori_plan::check::{self, Check};
use kagimori_plan::review::{AccountRow, AccountState, CredentialRow, KeyCells, RoleRow};
use kagimori_plan::sentence::{Language, sentence};
use kagimori_plan::verdict::{Outcome, Severity, Verdict};
use kagimori_trail::classify::UseClass;
use serde::Serialize;

use super::{ReportInput, charts};

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");
const TEXTS: &str = include_str!("page/texts.json");

#[derive(Serialize)]
struct Data<'a> {
    now: Timestamp,
    accounts: Vec<Account<'a>>,
    credentials: Vec<Credential<'a>>,
    roles: Vec<Role<'a>>,
    findings: Vec<Finding<'a>>,
    waived: usize,
    checks: Vec<&'static Check>,
    sources: &'a [Source],
    problems: &'a [Problem],
    not_given: Vec<NotGiven>,
    has_trail: bool,
}

#[derive(Serialize)]
struct Account<'a> {
    id: AccountId,
    name: Option<&'a str>,
    state: AccountState,
    failures: [usize; 5],
    users: Option<usize>,
    keys: Option<usize>,
    roles: Option<usize>,
    mfa: [Option<usize>; 3],
    events: Option<u64>,
}

#[derive(Serialize)]
struct Credential<'a> {
    account: AccountId,
    user: &'a str,
    arn: &'a str,
    owner: Option<&'a str>,
    password: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password_used: Option<Option<Timestamp>>,
    mfa: Option<bool>,
    privileged: Option<bool>,
    key: Option<Key<'a>>,
}

#[derive(Serialize)]
struct Key<'a> {
    id: Option<&'a str>,
    slot: Option<u8>,
    active: Option<bool>,
    age: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    used: Option<Option<Timestamp>>,
    class: Option<UseClass>,
    calls: Option<u64>,
    succeeded: Option<u64>,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    callers: Vec<(&'a str, u64)>,
    addresses: &'a [(String, u64)],
    address_count: usize,
    services: &'a [(String, u64)],
    daily: &'a [u32],
}

#[derive(Serialize)]
struct Role<'a> {
    account: AccountId,
    name: &'a str,
    arn: &'a str,
    owner: Option<&'a str>,
    age: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    used: Option<Option<Timestamp>>,
    trusted: &'a [String],
    privileged: Option<bool>,
    calls: Option<u64>,
}

#[derive(Serialize)]
struct Finding<'a> {
    check: &'a str,
    severity: Severity,
    outcome: Outcome,
    account: AccountId,
    name: &'a str,
    arn: &'a str,
    key: Option<&'a str>,
    en: String,
    ja: String,
    evidence: &'a [SourceId],
}

#[derive(Serialize)]
struct NotGiven {
    api: &'static str,
    command: &'static str,
    accounts: usize,
}

/// Writes the page.
pub(super) fn write(input: &ReportInput<'_>, out: &mut dyn Write) -> io::Result<()> {
    let data = escaped(&serde_json::to_string(&data(input))?);
    let mut rest = PAGE;
    for (mark, content) in [
        ("/*style*/", STYLE),
        ("/*charts*/", &charts::markup(input)),
        ("/*texts*/", &escaped(TEXTS)),
        ("/*data*/", &data),
        ("/*script*/", SCRIPT),
    ] {
        let Some((before, after)) = rest.split_once(mark) else {
            return Err(io::Error::other("the page lacks a mark"));
        };
        out.write_all(before.as_bytes())?;
        out.write_all(content.as_bytes())?;
        rest = after;
    }
    out.write_all(rest.as_bytes())
}

/// JSON that cannot end a script element (HTML standard, "Restrictions for contents of script elements").
fn escaped(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for letter in json.chars() {
        match letter {
            '<' => safe.push_str("\\u003c"),
            '>' => safe.push_str("\\u003e"),
            '&' => safe.push_str("\\u0026"),
            '\u{2028}' => safe.push_str("\\u2028"),
            '\u{2029}' => safe.push_str("\\u2029"),
            _ => safe.push(letter),
        }
    }
    safe
}

fn data<'a>(input: &ReportInput<'a>) -> Data<'a> {
    let review = input.review;
    let used = |check: &&Check| review.verdicts.iter().any(|verdict| verdict.check == check.id);
    let not_given = |(dataset, accounts): (&Dataset, &usize)| NotGiven {
        api: dataset.api(),
        command: dataset.command(),
        accounts: *accounts,
    };
    Data {
        now: review.now,
        accounts: review.accounts.iter().map(account).collect(),
        credentials: review.credentials.iter().map(|row| credential(row, review.now)).collect(),
        roles: review.roles.iter().map(|row| role(row, review.now)).collect(),
        findings: review.verdicts.iter().map(finding).collect(),
        waived: review.waived.len(),
        checks: check::catalogue().iter().filter(used).collect(),
        sources: &input.estate.sources,
        problems: &input.estate.problems,
        not_given: review.not_given.iter().map(not_given).collect(),
        has_trail: input.usage.is_some(),
    }
}

fn account(row: &AccountRow) -> Account<'_> {
    let levels =
        [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Informational];
    Account {
        id: row.id,
        name: row.name.as_deref(),
        state: row.state,
        failures: levels.map(|level| row.failures.get(&level).copied().unwrap_or_default()),
        users: row.users,
        keys: row.active_keys,
        roles: row.roles,
        mfa: row.mfa_missing,
        events: row.events,
    }
}

fn days(since: Option<Timestamp>, now: Timestamp) -> Option<i64> {
    since.map(|since| (now.as_second() - since.as_second()).div_euclid(86_400))
}

fn credential(row: &CredentialRow, now: Timestamp) -> Credential<'_> {
    Credential {
        account: row.account,
        user: &row.user,
        arn: row.arn.as_str(),
        owner: row.owner.as_deref(),
        password: row.password_enabled,
        password_used: row.password_last_used,
        mfa: row.mfa_active,
        privileged: row.privileged,
        key: row.key.as_ref().map(|cells| key(cells, now)),
    }
}

fn key(cells: &KeyCells, now: Timestamp) -> Key<'_> {
    let usage = cells.usage.as_ref();
    Key {
        id: cells.id.as_ref().map(|id| id.as_str()),
        slot: cells.slot,
        active: cells.active,
        age: days(cells.created, now),
        used: cells.last_used,
        class: usage.map(|usage| usage.class),
        calls: usage.map(|usage| usage.calls),
        succeeded: usage.map(|usage| usage.succeeded),
        first: usage.map(|usage| usage.first),
        last: usage.map(|usage| usage.last),
        callers: usage
            .map(|usage| usage.callers.iter().map(|(kind, n)| (kind.as_str(), *n)).collect())
            .unwrap_or_default(),
        addresses: usage.map(|usage| usage.addresses.as_slice()).unwrap_or_default(),
        address_count: usage.map(|usage| usage.address_count).unwrap_or_default(),
        services: usage.map(|usage| usage.services.as_slice()).unwrap_or_default(),
        daily: usage.map(|usage| usage.daily.as_slice()).unwrap_or_default(),
    }
}

fn role(row: &RoleRow, now: Timestamp) -> Role<'_> {
    Role {
        account: row.account,
        name: &row.name,
        arn: row.arn.as_str(),
        owner: row.owner.as_deref(),
        age: days(row.created, now),
        used: row.last_used,
        trusted: &row.trusted,
        privileged: row.privileged,
        calls: row.calls,
    }
}

fn finding(verdict: &Verdict) -> Finding<'_> {
    Finding {
        check: verdict.check,
        severity: verdict.severity(),
        outcome: verdict.outcome,
        account: verdict.resource.account,
        name: &verdict.resource.name,
        arn: &verdict.resource.arn,
        key: verdict.resource.key.as_deref(),
        en: sentence(verdict, Language::En),
        ja: sentence(verdict, Language::Ja),
        evidence: &verdict.evidence,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::{PAGE, SCRIPT, STYLE, TEXTS, escaped};

    fn texts() -> BTreeMap<String, [String; 2]> {
        serde_json::from_str(TEXTS).unwrap()
    }

    /// The keys between `opening` and `closing`, letters, digits, `-` and `_` only.
    fn keys_between(text: &str, opening: &str, closing: char) -> BTreeSet<String> {
        text.split(opening)
            .skip(1)
            .filter_map(|rest| rest.split_once(closing).map(|(key, _)| key.to_owned()))
            .filter(|key| {
                !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
            })
            .collect()
    }

    #[test]
    fn nothing_ends_the_script_element() {
        let hostile = serde_json::to_string("</script><img src=x onerror=alert(1)>\u{2028}&").unwrap();
        let safe = escaped(&hostile);
        assert!(
            !safe.contains('<') && !safe.contains('>') && !safe.contains('&') && !safe.contains('\u{2028}')
        );
        assert_eq!(
            serde_json::from_str::<String>(&safe).unwrap(),
            serde_json::from_str::<String>(&hostile).unwrap()
        );
    }

    #[test]
    fn every_text_has_both_languages_and_is_used() {
        let texts = texts();
        let mut used = keys_between(SCRIPT, "t('", '\'');
        used.extend(keys_between(PAGE, "data-t=\"", '"'));
        for (key, [english, japanese]) in &texts {
            assert!(!english.is_empty() && !japanese.is_empty(), "{key}");
            let built = ["severity-", "outcome-", "state-", "class-", "caller-"]
                .iter()
                .any(|prefix| key.starts_with(prefix));
            let tab = SCRIPT.contains(&format!("{key}: {{ view"));
            assert!(built || tab || used.contains(key), "the text `{key}` is used nowhere");
        }
        for key in &used {
            assert!(texts.contains_key(key) || key.ends_with('-'), "the text `{key}` does not exist");
        }
    }

    /// Relative luminance (WCAG 2.2).
    fn luminance(color: &str) -> f64 {
        let digits: String = match color.len() {
            3 => color.chars().flat_map(|digit| [digit, digit]).collect(),
            _ => color.to_owned(),
        };
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(digits.get(at..at + 2).unwrap(), 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4)
    }

    /// Text has 4.5 : 1 against what it stands on, pictures 3 : 1 (WCAG 2.2, 1.4.3 and 1.4.11).
    #[test]
    fn colours_can_be_told_from_the_ground_by_day_and_by_night() {
        let schemes: Vec<&str> = STYLE.split(":root{").skip(1).collect();
        assert_eq!(schemes.len(), 2);
        for scheme in schemes {
            let (colors, _) = scheme.split_once('}').unwrap();
            let colors: BTreeMap<&str, &str> =
                colors.split(';').filter_map(|one| one.trim().strip_prefix("--")?.split_once(":#")).collect();
            let contrast = |name: &str, ground: &str| {
                let (one, other) = (luminance(colors[name]), luminance(colors[ground]));
                (one.max(other) + 0.05) / (one.min(other) + 0.05)
            };
            for name in ["ink", "soft", "accent", "critical", "high", "medium", "low", "good", "unknown"] {
                for ground in ["paper", "ground"] {
                    let contrast = contrast(name, ground);
                    assert!(contrast >= 4.5, "{name} on {ground}: {contrast:.2}");
                }
            }
            assert!(contrast("info", "paper") >= 3.0, "{:.2}", contrast("info", "paper"));
        }
    }

    #[test]
    fn every_word_of_the_data_has_a_text() {
        let texts = texts();
        let words = [
            ("severity-", vec!["critical", "high", "medium", "low", "informational"]),
            ("outcome-", vec!["FAIL", "UNKNOWN", "INFO"]),
            ("state-", vec!["ok", "partial", "failed", "skipped", "not_given"]),
            ("class-", vec!["active", "noise", "rare", "shared", "unseen"]),
        ];
        for (prefix, words) in words {
            for word in words {
                assert!(texts.contains_key(&format!("{prefix}{word}")), "{prefix}{word}");
            }
        }
    }
}
