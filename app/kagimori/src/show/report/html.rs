//! `index.html`: one page that needs nothing but itself; the long lists of a large company stand in files beside it ([`lists`]).
//!
//! Data goes in as JSON with every `<`, `>` and `&` escaped, so that no name from an account can end the script element; the script
//! puts it on the page as text, never as markup.

mod changes;
mod lists;
mod rows;
mod summary;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use jiff::Timestamp;
use kagimori_estate::fact::{Dataset, Source};
use kagimori_estate::model::Problem;
use kagimori_lake::private::Edition;
use kagimori_plan::check::{self, Check};
use kagimori_plan::verdict::Outcome;
use serde::Serialize;

use self::changes::Against;
use self::lists::{List, Lists, Map};
use self::rows::{Account, NotGiven};
use self::summary::{Summary, Unknown};
use super::controls::{self, Assessed};
use super::{ReportInput, charts};
use crate::show::lists::Beside;

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");
const TEXTS: &str = include_str!("page/texts.json");

#[derive(Serialize)]
struct Data<'a> {
    now: Timestamp,
    time_zone: Option<&'a str>,
    summary: Summary,
    accounts: Vec<Account<'a>>,
    controls: Vec<Assessed>,
    unknown: Vec<Unknown<'a>>,
    against: Option<Against<'a>>,
    checks: Vec<&'static Check>,
    sources: &'a [Source],
    problems: &'a [Problem],
    not_given: Vec<NotGiven>,
    has_trail: bool,
    lists: Map<'a, Vec<String>>,
    sizes: BTreeMap<&'static str, usize>,
}

/// Writes the page, and the files beside it for which it has no room.
pub(super) fn write(input: &ReportInput<'_>, edition: &Edition, room: usize) -> io::Result<()> {
    let beside = Beside::of(edition, Path::new(super::PAGE));
    let lists = Lists::write(&beside, room, &long_lists(input))?;
    edition.write(super::PAGE, |out| page(input, &lists, out))
}

fn long_lists<'a>(input: &'a ReportInput<'_>) -> [List<'a>; 3] {
    let review = input.review;
    let findings = move || {
        let told = review.verdicts.iter().filter(|verdict| verdict.outcome != Outcome::Unknown);
        let told = told.map(|verdict| rows::finding(verdict, None));
        let waived = review.waived.iter();
        told.chain(waived.map(|(verdict, index)| rows::finding(verdict, input.settings.waivers.get(*index))))
    };
    [
        List::of("findings", findings),
        List::of("credentials", move || {
            review.credentials.iter().map(move |row| rows::credential(row, review.now))
        }),
        List::of("roles", move || review.roles.iter().map(move |row| rows::role(row, review.now))),
    ]
}

fn page(input: &ReportInput<'_>, lists: &Lists, out: &mut dyn Write) -> io::Result<()> {
    let own = serde_json::to_string(&data(input, lists))?;
    // the rows are JSON already: they go in before the object's last brace
    let own = own.strip_suffix('}').unwrap_or(&own);
    let data = escaped(&format!("{own}{}}}", lists.members));
    let mut rest = PAGE;
    for (mark, content) in [
        ("/*style*/", STYLE),
        ("/*charts*/", charts::markup(input).as_str()),
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
    let mut safe = String::with_capacity(json.len().saturating_add(16));
    let mut rest = json;
    while let Some(at) = rest.find(['<', '>', '&', '\u{2028}', '\u{2029}']) {
        let (before, behind) = rest.split_at(at);
        safe.push_str(before);
        let mut letters = behind.chars();
        safe.push_str(match letters.next() {
            Some('<') => "\\u003c",
            Some('>') => "\\u003e",
            Some('&') => "\\u0026",
            Some('\u{2028}') => "\\u2028",
            _ => "\\u2029",
        });
        rest = letters.as_str();
    }
    safe.push_str(rest);
    safe
}

fn data<'a>(input: &ReportInput<'a>, lists: &'a Lists) -> Data<'a> {
    let review = input.review;
    let not_given = |(dataset, accounts): (&Dataset, &usize)| NotGiven {
        api: dataset.api(),
        command: dataset.command(),
        accounts: *accounts,
    };
    Data {
        now: review.now,
        time_zone: input.settings.time_zone.as_deref(),
        summary: summary::summary(input),
        accounts: review.accounts.iter().map(rows::account).collect(),
        controls: controls::assessed(input),
        unknown: summary::unknowns(input),
        against: input.compared.map(|comparison| changes::against(input, comparison)),
        checks: check::catalogue().iter().collect(),
        sources: &input.estate.sources,
        problems: &input.estate.problems,
        not_given: review.not_given.iter().map(not_given).collect(),
        has_trail: input.usage.is_some(),
        lists: lists.files(),
        sizes: lists.sizes(),
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
        // `get('…')` and `closest('…')` ask for no text.
        let is_call = |(at, _): &(usize, &str)| !SCRIPT.split_at(*at).0.ends_with(char::is_alphanumeric);
        let calls: String = SCRIPT
            .match_indices("t('")
            .filter(is_call)
            .map(|(at, _)| SCRIPT.split_at(at).1.split_inclusive('\'').take(2).collect::<String>())
            .collect();
        let mut used = keys_between(&calls, "t('", '\'');
        used.extend(keys_between(PAGE, "data-t=\"", '"'));
        for (key, [english, japanese]) in &texts {
            assert!(!english.is_empty() && !japanese.is_empty(), "{key}");
            let built = ["severity-", "outcome-", "state-", "class-", "caller-", "status-", "reason-"]
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
            ("outcome-", vec!["FAIL", "UNKNOWN", "INFO", "WAIVED"]),
            ("status-", vec!["FAIL", "UNKNOWN", "WAIVED", "PASS", "NOT_APPLICABLE", "NOT_ASSESSED"]),
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
