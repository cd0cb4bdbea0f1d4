//! What is told: a kind and its facts, as they stand in a letter of the outbox.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::channel::Language;
use crate::identity::thread_id;
use crate::tame::{TEXT_MOST, tamed};
use crate::texts::{is_known, is_sentence, words};

/// The kind of what `kagimori notify test` sends.
pub const TEST_KIND: &str = "test";
/// What a letter calls itself.
const SCHEMA: &str = "kagimori.notice";
/// The version that this program knows.
const VERSION: u64 = 1;
/// The longest fact that is a sentence of its own.
const SENTENCE_MOST: usize = 600;
/// Facts of one notice that are shown.
pub(crate) const FACTS_MOST: usize = 20;

/// How something is told, where colours are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Tone {
    /// It went well.
    Good,
    /// It happened.
    Plain,
    /// Somebody may have to do something.
    Warning,
    /// Somebody has to look.
    Attention,
}

/// What is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// `retire.before_off`; empty: the letter cannot be read.
    pub kind: String,
    /// Facts by name. They are tame: on one line, and not too long.
    pub facts: BTreeMap<String, String>,
    /// Facts that there was no room for.
    pub left_out: usize,
}

impl Notice {
    /// Reads the body of a letter. Whatever it is, it becomes a notice: one that cannot be read is told with its text, for a letter that
    /// nobody delivers is lost.
    #[must_use]
    pub fn read(body: &str) -> Self {
        Self::known(body).unwrap_or_else(|| {
            let facts = BTreeMap::from([("text".to_owned(), tamed(body, TEXT_MOST))]);
            Self { kind: String::new(), facts, left_out: 0 }
        })
    }

    fn known(body: &str) -> Option<Self> {
        let Ok(Value::Object(members)) = serde_json::from_str(body) else { return None };
        let is = |name: &str, value: Value| members.get(name) == Some(&value);
        if !is("schema", SCHEMA.into()) || !is("version", VERSION.into()) {
            return None;
        }
        let kind = members.get("kind")?.as_str().filter(|kind| !kind.is_empty())?;
        let given =
            members.iter().filter(|(name, _)| !["schema", "version", "kind"].contains(&name.as_str()));
        let mut facts = BTreeMap::new();
        let mut left_out = 0;
        for (name, value) in given {
            let Some(text) = text(value) else { continue };
            if facts.len() < FACTS_MOST {
                let most = if is_sentence(name) { SENTENCE_MOST } else { TEXT_MOST };
                facts.insert(tamed(name, 40), tamed(&text, most));
            } else {
                left_out += 1;
            }
        }
        Some(Self { kind: tamed(kind, 60), facts, left_out })
    }

    /// Whether its kind has a text of its own.
    #[must_use]
    pub fn has_text(&self) -> bool {
        is_known(&self.kind)
    }

    /// Its title and its text in a language, for pages.
    #[must_use]
    pub fn told(&self, language: Language) -> (String, String) {
        let words = words(self, language);
        (words.title, words.text)
    }

    /// A notice, as a letter's body.
    #[must_use]
    pub fn body(kind: &str, facts: &BTreeMap<&str, String>) -> String {
        let head = [("schema", SCHEMA.into()), ("version", VERSION.into()), ("kind", Value::from(kind))];
        let facts = facts.iter().map(|(name, value)| (*name, Value::from(value.as_str())));
        let members = facts.chain(head).map(|(name, value)| (name.to_owned(), value));
        Value::Object(members.collect()).to_string()
    }

    /// Whether what it is about is over with it: nothing more will be told of it.
    #[must_use]
    pub fn ends(&self) -> bool {
        self.facts.contains_key("ends")
    }

    /// What several notices are about, for channels that keep them together; `None`: this one alone.
    #[must_use]
    pub fn thread(&self) -> Option<String> {
        let family = self.kind.split('.').next().unwrap_or_default();
        let subject =
            ["key", "credential", "request", "plan"].into_iter().find_map(|name| self.facts.get(name))?;
        let account = self.facts.get("account").map_or("", String::as_str);
        Some(thread_id(&[family, account, subject]))
    }
}

/// A fact in words; `None`: it says nothing.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(words) if words.is_empty() => None,
        Value::Array(values) => {
            let words: Vec<String> = values.iter().filter_map(text).collect();
            (!words.is_empty()).then(|| words.join(", "))
        }
        Value::String(words) => Some(words.clone()),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_read() {
        let facts = BTreeMap::from([
            ("credential", "AKIAIOSFODNN7EXAMPLE".to_owned()),
            ("account", "111122223333".to_owned()),
        ]);
        let body = Notice::body("retire.off", &facts);
        let notice = Notice::read(&body);
        assert_eq!(notice.kind, "retire.off");
        assert_eq!(notice.facts.len(), 2);
        assert_eq!(notice.facts["credential"], "AKIAIOSFODNN7EXAMPLE");
        let odd = Notice::read(
            r#"{"schema":"kagimori.notice","version":1,"kind":"watch.new","count":3,"list":["a","b"],"none":[],"no":null,"empty":""}"#,
        );
        assert_eq!(
            odd.facts,
            BTreeMap::from([("count".to_owned(), "3".to_owned()), ("list".to_owned(), "a, b".to_owned())])
        );
    }

    /// Nothing that was to be told is dropped because this program does not know it.
    #[test]
    fn what_cannot_be_read_is_told_as_it_is() {
        for body in [
            "",
            "text",
            "[1]",
            "{\"kind\":\"retire.off\"}",
            r#"{"schema":"kagimori.notice","version":2,"kind":"retire.off"}"#,
            r#"{"schema":"kagimori.notice","version":1}"#,
            r#"{"schema":"kagimori.notice","version":1,"kind":""}"#,
        ] {
            let notice = Notice::read(body);
            assert_eq!((notice.kind.as_str(), notice.facts["text"].as_str()), ("", body));
        }
    }

    #[test]
    fn facts_are_tame_and_few() {
        let mut members = serde_json::json!({ "schema": "kagimori.notice", "version": 1, "kind": "a.b" });
        for number in 10..40 {
            members[format!("fact{number}")] = "x\ny".repeat(200).into();
        }
        let notice = Notice::read(&members.to_string());
        assert_eq!((notice.facts.len(), notice.left_out), (FACTS_MOST, 10));
        assert!(notice.facts.values().all(|fact| fact.chars().count() == TEXT_MOST && !fact.contains('\n')));
    }

    #[test]
    fn notices_of_one_credential_are_one_thread() {
        let of = |kind: &str, credential: &str, account: &str| {
            let facts =
                BTreeMap::from([("credential", credential.to_owned()), ("account", account.to_owned())]);
            Notice::read(&Notice::body(kind, &facts)).thread()
        };
        assert_eq!(of("retire.off", "a", "1"), of("retire.on", "a", "1"));
        assert_ne!(of("retire.off", "a", "1"), of("retire.off", "b", "1"));
        assert_ne!(of("retire.off", "a", "1"), of("retire.off", "a", "2"));
        assert_ne!(of("retire.off", "a", "1"), of("watch.off", "a", "1"));
        assert_eq!(Notice::read("x").thread(), None);
    }
}
