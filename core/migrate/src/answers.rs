//! What people of the company answered, from `migrate.toml`; the edge reads the file, this is its meaning.

use std::collections::BTreeMap;

use kagimori_id::{AccessKeyId, AccountId, Arn, nearest};
use serde::Deserialize;

use crate::class::Class;
use crate::seen::Credential;
use crate::target::{Facts, facts_of};

/// All answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers(Vec<Answer>);

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    account: AccountId,
    user: String,
    key: Option<AccessKeyId>,
    /// The home of the credential; `None`: only facts were given.
    pub class: Option<Class>,
    /// What only the company knows of it.
    pub facts: Facts,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    #[serde(default)]
    answer: Vec<WireAnswer>,
}

#[derive(Deserialize)]
struct WireAnswer {
    account: String,
    user: String,
    key: Option<String>,
    class: Option<String>,
    #[serde(flatten)]
    facts: BTreeMap<String, String>,
}

/// Why answers cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "the hint differs")]
pub enum AnswersError {
    /// It is no TOML of this form.
    #[error("{0}")]
    Form(String),
    /// A value of an answer.
    #[error("the answer about `{user}`: {what}")]
    Value {
        /// About whom.
        user: String,
        /// What is wrong.
        what: String,
        /// What to do.
        hint: String,
    },
}

impl AnswersError {
    /// What to do next.
    pub fn hint(&self) -> &str {
        match self {
            Self::Form(_) => {
                "an answer is a table `[[answer]]` with `account`, `user`, perhaps `key` and `class`, and facts, each a text (docs/migrate.md)"
            }
            Self::Value { hint, .. } => hint,
        }
    }
}

impl Answers {
    /// Reads them.
    ///
    /// # Errors
    /// [`AnswersError`] of the first that says nothing.
    pub fn parse(text: &str) -> Result<Self, AnswersError> {
        let wire: Wire = toml::from_str(text)
            .map_err(|error| AnswersError::Form(error.to_string().trim().replace('\n', " ")))?;
        wire.answer.into_iter().map(Answer::of).collect::<Result<_, _>>().map(Self)
    }

    /// The answer about a credential: of its key before that of its user.
    pub fn about(&self, user: &Arn, credential: &Credential) -> Option<&Answer> {
        let of_user = |one: &&Answer| Some(one.account) == user.account() && one.user == user.name();
        let of_key =
            |one: &&Answer| one.key.as_ref().is_some_and(|key| *credential == Credential::Key(key.clone()));
        let all = || self.0.iter().filter(of_user);
        all()
            .find(of_key)
            .or_else(|| all().find(|one| one.key.is_none() && *credential != Credential::Password))
    }
}

impl Answer {
    fn of(wire: WireAnswer) -> Result<Self, AnswersError> {
        let user = wire.user;
        let wrong = |what: String, hint: String| AnswersError::Value { user: user.clone(), what, hint };
        let account = AccountId::parse(&wire.account).map_err(|error| {
            wrong(format!("`account`: {error}"), "an account id has 12 digits, as a text".to_owned())
        })?;
        let key = wire.key.map(|key| {
            AccessKeyId::parse(&key).map_err(|error| {
                wrong(
                    format!("`key`: {error}"),
                    "give the id of the key (`AKIA…`), never its secret".to_owned(),
                )
            })
        });
        let key = key.transpose()?;
        let class = wire.class.map(|text| {
            let near = nearest(&text, Class::ALL.map(Class::as_str));
            let hint = near.map_or_else(
                || format!("the classes are {}", Class::ALL.map(Class::as_str).join(", ")),
                |near| format!("do you mean `{near}`?"),
            );
            Class::parse(&text).ok_or_else(|| wrong(format!("there is no class `{text}`"), hint))
        });
        let class = class.transpose()?;
        if let Some(class) = class {
            let names: Vec<&str> = facts_of(class).iter().map(|fact| fact.name).collect();
            if let Some(unknown) = wire.facts.keys().find(|name| !names.contains(&name.as_str())) {
                let hint = match names.is_empty() {
                    true => format!("`{}` needs no facts", class.as_str()),
                    false => format!("the facts of `{}` are {}", class.as_str(), names.join(", ")),
                };
                return Err(wrong(format!("`{unknown}` is no fact of `{}`", class.as_str()), hint));
            }
        }
        Ok(Self { account, user: user.clone(), key, class, facts: wire.facts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_of_a_key_or_of_a_user() {
        let text = r#"
            [[answer]]
            account = "444455556666"
            user = "ci-release"
            class = "ci-github"
            repository = "octo-org/app"
            job = "environment:production"

            [[answer]]
            account = "444455556666"
            user = "ci-release"
            key = "AKIAIOSFODNN7EXAMPLE"
            class = "person-cli"
        "#;
        let answers = Answers::parse(text).unwrap();
        let user = Arn::parse("arn:aws:iam::444455556666:user/machine/ci-release").unwrap();
        let key = |id: &str| Credential::Key(AccessKeyId::parse(id).unwrap());
        let class =
            |credential: &Credential| answers.about(&user, credential).and_then(|answer| answer.class);
        assert_eq!(class(&key("AKIAIOSFODNN7EXAMPLE")), Some(Class::PersonCli));
        assert_eq!(class(&key("AKIAIOSFODNN7EXAMPLF")), Some(Class::CiGithub));
        assert_eq!(class(&Credential::Password), None);
        let other = Arn::parse("arn:aws:iam::111122223333:user/ci-release").unwrap();
        assert_eq!(answers.about(&other, &key("AKIAIOSFODNN7EXAMPLE")), None);
    }

    #[test]
    fn wrong_answers_are_told_with_a_hint() {
        let answer = |lines: &str| format!("[[answer]]\n{lines}\n");
        let base = "account = \"444455556666\"\nuser = \"u\"\n";
        for (text, told) in [
            ("answer = 1".to_owned(), "[[answer]]"),
            ("[[answers]]".to_owned(), "[[answer]]"),
            ("[[answer]".to_owned(), "[[answer]]"),
            (answer("user = \"u\""), "[[answer]]"),
            (answer(&base.replace("444455556666", "12")), "12 digits"),
            (answer(&format!("{base}key = \"AKIA\"")), "never its secret"),
            (answer(&format!("{base}class = \"aws-lamda\"")), "do you mean `aws-lambda`?"),
            (answer(&format!("{base}class = \"zzzzzzzzz\"")), "the classes are person-console"),
            (
                answer(&format!("{base}class = \"ci-github\"\nrepo = \"a/b\"")),
                "the facts of `ci-github` are repository, job",
            ),
            (answer(&format!("{base}class = \"aws-ec2\"\nrepository = \"a/b\"")), "needs no facts"),
            (answer(&format!("{base}class = \"ci-github\"\njob = 3")), "each a text"),
        ] {
            let error = Answers::parse(&text).unwrap_err();
            assert!(error.hint().contains(told), "{text}: {error}: {}", error.hint());
        }
    }
}
