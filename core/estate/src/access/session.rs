//! What a caller may give a session when it assumes a role: tags and a source identity. Both want a permission of their own, of
//! the caller and in the role's trust policy (IAM User Guide, `id_session-tags`, "Permissions required to add session tags", and
//! `id_credentials_temp_control-access_monitor`, "Permissions required to set source identity"). Who lacks it cannot send them:
//! then a condition that asks for them is not open, but not met. In a chain of roles that holds for what was handed on, too.

use kagimori_policy::request::{Context, Fact};

use super::{Access, May, Question, Subject};

/// The permissions, each with the condition keys that a request only has by it; a key that ends in `/` is a beginning.
const GIVEN: [(&str, &[&str]); 2] = [
    ("sts:TagSession", &["aws:requesttag/", "aws:tagkeys", "sts:transitivetagkeys"]),
    ("sts:SetSourceIdentity", &["sts:sourceidentity"]),
];

/// Whether an action makes a session of a role.
pub(super) fn assumes(action: &str) -> bool {
    let beginning = "sts:AssumeRole";
    action.get(..beginning.len()).is_some_and(|head| head.eq_ignore_ascii_case(beginning))
}

impl Access<'_> {
    /// The permissions, in lower case, that an answer about an action hangs on beside its own.
    pub(super) fn besides(&self, action: &str) -> impl Iterator<Item = &'static str> {
        let is_it = action.eq_ignore_ascii_case("sts:AssumeRole");
        GIVEN.iter().filter(move |(_, keys)| is_it && self.asks_for(keys)).map(|(permission, _)| {
            if permission.ends_with("TagSession") { "sts:tagsession" } else { "sts:setsourceidentity" }
        })
    }

    /// Whether what a caller may give a session has a say in a question.
    pub(super) fn limits_session(&self, question: &Question) -> bool {
        self.besides(&question.action).next().is_some()
    }

    /// Says of the keys that the caller of `sts:AssumeRole` cannot send that they are absent.
    pub(super) fn limit_session(&self, subject: &Subject, question: &Question, context: &mut Context) {
        if !question.action.eq_ignore_ascii_case("sts:AssumeRole") {
            return;
        }
        for (permission, keys) in GIVEN.iter().filter(|(_, keys)| self.asks_for(keys)) {
            let asked = Question { action: (*permission).to_owned(), ..question.clone() };
            if self.may(subject, &asked) > May::No {
                continue;
            }
            for key in *keys {
                match key.ends_with('/') {
                    true => context.close(key),
                    false if !context.lists(key) => drop(context.set(key, Fact::Absent)),
                    false => {}
                }
            }
        }
    }

    /// Whether some policy asks for one of these keys.
    fn asks_for(&self, keys: &[&str]) -> bool {
        let asked = self.asked_keys.get_or_init(|| self.condition_keys());
        let is_asked = |key: &&str| match key.ends_with('/') {
            true => asked.range((*key).to_owned()..).next().is_some_and(|found| found.starts_with(key)),
            false => asked.contains(*key),
        };
        keys.iter().any(is_asked)
    }
}
