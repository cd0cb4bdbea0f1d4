//! A notice in words: its kind's row of `data/notices.toml`, filled with its facts.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::channel::Language;
use crate::notice::{Notice, Tone};
use crate::tame::tamed;

/// The longest title, in characters.
const TITLE_MOST: usize = 150;

/// A notice in words of one language, for any channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) tone: Tone,
    pub(crate) title: String,
    pub(crate) text: String,
    /// Facts with what they are called.
    pub(crate) facts: Vec<(String, String)>,
    /// Facts that stand by themselves, as what to do: what each is called, and what it says.
    pub(crate) sentences: Vec<(String, String)>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Texts {
    notice: Vec<Row>,
    fact: Vec<Fact>,
    words: BTreeMap<String, BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    kind: String,
    tone: Tone,
    #[serde(default)]
    hide: Vec<String>,
    en: Template,
    ja: Template,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Template {
    title: String,
    text: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fact {
    name: String,
    en: String,
    ja: String,
    #[serde(default)]
    sentence: bool,
    /// Fixed words of this fact in Japanese.
    #[serde(default)]
    words_ja: BTreeMap<String, String>,
}

#[expect(clippy::expect_used, reason = "the data is compiled in, and a test reads it")]
static TEXTS: LazyLock<Texts> = LazyLock::new(|| {
    toml::from_str(include_str!("../data/notices.toml")).expect("data/notices.toml is read")
});

/// A notice in words.
pub(crate) fn words(notice: &Notice, language: Language) -> Words {
    let row = TEXTS.notice.iter().find(|row| row.kind == notice.kind);
    let (tone, title, text) = match row {
        Some(row) => {
            let template = match language {
                Language::En => &row.en,
                Language::Ja => &row.ja,
            };
            (row.tone, template.title.as_str(), template.text.as_str())
        }
        None if notice.kind.is_empty() => {
            (Tone::Warning, word(language, "unread_title"), word(language, "unread_text"))
        }
        None => (Tone::Plain, word(language, "unknown_title"), word(language, "unknown_text")),
    };
    let hidden = row.map_or(&[][..], |row| row.hide.as_slice());
    Words {
        tone,
        title: tamed(&filled(title, notice, language), TITLE_MOST),
        text: filled(text, notice, language),
        facts: facts(notice, hidden, language),
        sentences: named(notice, hidden, language, true).collect(),
    }
}

/// Whether a kind has a row.
pub(crate) fn is_known(kind: &str) -> bool {
    TEXTS.notice.iter().any(|row| row.kind == kind)
}

/// Whether a fact is a sentence of its own.
pub(crate) fn is_sentence(name: &str) -> bool {
    TEXTS.fact.iter().any(|fact| fact.name == name && fact.sentence)
}

fn word(language: Language, name: &str) -> &'static str {
    let language = match language {
        Language::En => "en",
        Language::Ja => "ja",
    };
    TEXTS.words.get(language).and_then(|words| words.get(name)).map_or("", String::as_str)
}

/// The facts with a name of ours in our order: those that are sentences, or those that are none.
fn named<'n>(
    notice: &'n Notice,
    hidden: &'n [String],
    language: Language,
    sentence: bool,
) -> impl Iterator<Item = (String, String)> + use<'n> {
    TEXTS
        .fact
        .iter()
        .filter(move |fact| fact.sentence == sentence && !hidden.contains(&fact.name))
        .filter_map(move |fact| {
            let label = match language {
                Language::En => &fact.en,
                Language::Ja => &fact.ja,
            };
            Some((label.clone(), said(&fact.name, notice.facts.get(&fact.name)?, language)))
        })
}

/// A fact in a language: where it is a list of fixed words, each has its translation.
fn said(name: &str, fact: &str, language: Language) -> String {
    let row = TEXTS.fact.iter().find(|row| row.name == name && !row.words_ja.is_empty());
    match (row, language) {
        (Some(row), Language::Ja) => {
            let word = |word| row.words_ja.get(word).map_or(word, String::as_str);
            fact.split(", ").map(word).collect::<Vec<_>>().join("、")
        }
        _ => fact.to_owned(),
    }
}

/// Those with a name of ours in our order, then the others by name.
fn facts(notice: &Notice, hidden: &[String], language: Language) -> Vec<(String, String)> {
    let is_other = |name: &str| TEXTS.fact.iter().all(|fact| fact.name != name);
    let others = notice.facts.iter().filter(|(name, _)| is_other(name) && !hidden.contains(name));
    let others = others.map(|(name, value)| (name.replace('_', " "), value.clone()));
    let mut facts: Vec<_> = named(notice, hidden, language, false).chain(others).collect();
    if notice.left_out > 0 {
        let more = word(language, "more_facts").replace("{number}", &notice.left_out.to_string());
        facts.push(("…".to_owned(), more));
    }
    facts
}

/// A template with its facts. What stands between `[` and `]` is left out where one of its facts is not there. Facts are put in as they
/// are: brackets and braces in them mean nothing.
fn filled(template: &str, notice: &Notice, language: Language) -> String {
    let mut text = String::with_capacity(template.len() * 2);
    for (index, part) in template.split('[').enumerate() {
        let (optional, rest) = match part.split_once(']') {
            Some((optional, rest)) if index > 0 => (Some(optional), rest),
            _ => (None, part),
        };
        if let Some(optional) = optional
            && let Some(words) = put(optional, notice, language, None)
        {
            text.push_str(&words);
        }
        // With a word for what is missing nothing is left out.
        text.push_str(&put(rest, notice, language, Some(word(language, "not_told"))).unwrap_or_default());
    }
    text
}

/// `{name}` → the fact; without one: `otherwise`, or nothing at all.
fn put(template: &str, notice: &Notice, language: Language, otherwise: Option<&str>) -> Option<String> {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, tail) = after.split_once('}')?;
        text.push_str(before);
        match (notice.facts.get(name), otherwise) {
            _ if name == "kind" => text.push_str(&notice.kind),
            (Some(fact), _) => text.push_str(&said(name, fact, language)),
            (None, Some(otherwise)) => text.push_str(otherwise),
            (None, None) => return None,
        }
        rest = tail;
    }
    text.push_str(rest);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(kind: &str, facts: &[(&str, &str)]) -> Notice {
        let facts = facts.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Notice { kind: kind.to_owned(), facts, left_out: 0 }
    }

    /// Templates hold no brace or bracket that is not closed, only facts that have a name, and both languages use the same.
    #[test]
    fn every_row_is_whole() {
        assert!(TEXTS.notice.len() >= 13);
        let names = |text: &str| -> Vec<String> {
            let mut names: Vec<_> =
                text.split('{').skip(1).map(|rest| rest.split_once('}').unwrap().0.to_owned()).collect();
            names.sort();
            names.dedup();
            names
        };
        let known: Vec<&str> = TEXTS.fact.iter().map(|fact| fact.name.as_str()).collect();
        for row in &TEXTS.notice {
            for (en, ja) in [(&row.en.title, &row.ja.title), (&row.en.text, &row.ja.text)] {
                assert_eq!(names(en), names(ja), "{}", row.kind);
                assert!(names(en).iter().all(|name| known.contains(&name.as_str())), "{}: {en}", row.kind);
                for text in [en, ja] {
                    assert_eq!(text.matches('[').count(), text.matches(']').count(), "{text}");
                    assert_eq!(text.matches('{').count(), text.matches('}').count(), "{text}");
                }
            }
        }
        let [en, ja] = ["en", "ja"].map(|language| TEXTS.words[language].keys().collect::<Vec<_>>());
        assert_eq!(en, ja);
    }

    #[test]
    fn what_is_not_known_is_left_out_or_said_to_be_unknown() {
        let facts = [("key", "AKIAIOSFODNN7EXAMPLE"), ("off_at", "2026-12-01T00:00:00Z")];
        let english = words(&notice("retire.before_off", &facts), Language::En);
        assert_eq!(english.title, "AKIAIOSFODNN7EXAMPLE will be switched off at 2026-12-01T00:00:00Z");
        assert_eq!(
            english.text,
            "The access key AKIAIOSFODNN7EXAMPLE will be switched off at 2026-12-01T00:00:00Z. It is not deleted, and can be \
             switched on again at any time."
        );
        let japanese = words(&notice("retire.before_off", &[("key", "x")]), Language::Ja);
        assert_eq!(japanese.title, "x は無効化されます");
        let nothing = words(&notice("retire.off", &[]), Language::En);
        assert_eq!(nothing.title, "(not told) is switched off");
    }

    #[test]
    fn what_helps_no_more_is_hidden() {
        let facts = [("key", "x"), ("if_it_hurts", "kagimori retire stop x")];
        assert_eq!(words(&notice("retire.off", &facts), Language::En).sentences.len(), 1);
        let gone = words(&notice("retire.deleted", &facts), Language::En);
        assert_eq!((gone.sentences.len(), gone.facts.len()), (0, 1));
    }

    #[test]
    fn facts_with_brackets_and_braces_are_put_in_as_they_are() {
        for odd in ["[x", "x]", "{key}", "{", "}", "[{at}]"] {
            let words = words(&notice("retire.on", &[("key", odd), ("user", odd)]), Language::En);
            assert_eq!(words.title, format!("{odd} is switched on again"));
            assert_eq!(words.text, format!("The access key {odd} of {odd} was switched on again."));
        }
    }

    #[test]
    fn a_kind_without_a_row_is_a_table() {
        let words = words(
            &notice(
                "watch.new_admin",
                &[("zone", "z"), ("who_it_is", "mika"), ("account", "1"), ("what_to_do", "look")],
            ),
            Language::Ja,
        );
        assert_eq!((words.title.as_str(), words.tone), ("watch.new_admin", Tone::Plain));
        let facts: Vec<_> = words.facts.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(facts, [("アカウント", "1"), ("who it is", "mika"), ("zone", "z")]);
        assert_eq!(words.sentences, [("対応".to_owned(), "look".to_owned())]);
    }
}
