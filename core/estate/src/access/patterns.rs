//! Questions as people ask them: about one resource or a pattern of them, of a user with the credentials that IAM takes.
//!
//! A pattern has one answer only where the policies tell none of its resources apart. So they are parted by the patterns of
//! every statement that names the action, and one resource of each part is decided.

use std::borrow::Cow;
use std::collections::BTreeSet;

use kagimori_policy::compare::{Part, parts};
use kagimori_policy::decision::Answer;
use kagimori_policy::document::{Document, Version};
use kagimori_policy::glob::{LITERAL_STAR, patterns_overlap};
use kagimori_policy::reference;
use kagimori_policy::request::{Context, Fact, Principal};
use kagimori_policy::variable::{Piece as Variable, pieces};

use super::{Access, Answered, Question, Subject};

/// The answer to a question, piece by piece.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Asked {
    /// How much of what was asked is allowed.
    pub extent: Extent,
    /// The pieces that differ; one where the question is about one resource, or none of its resources differ.
    pub pieces: Vec<Piece>,
}

/// Some resources of a question, and the answer for each of them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Piece {
    /// The patterns of policies that they are of.
    pub within: Vec<String>,
    /// Those that they are not of, though others of the question are.
    pub outside: Vec<String>,
    /// The answer for one of them, which its request names.
    pub answered: Answered,
}

/// How much of what was asked is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "all, some, none, or not known")]
pub enum Extent {
    /// Every resource.
    All,
    /// Some, and some not.
    Some,
    /// None.
    None,
    /// It depends on what is not known.
    Open,
}

impl Extent {
    /// Of the answers for each piece.
    pub fn of(answers: impl IntoIterator<Item = Answer>) -> Self {
        let (mut is_allowed, mut is_denied, mut is_open) = (false, false, false);
        for answer in answers {
            match answer {
                Answer::Allowed => is_allowed = true,
                Answer::ImplicitlyDenied(_) | Answer::ExplicitlyDenied(_) => is_denied = true,
                Answer::Indeterminate => is_open = true,
            }
        }
        match (is_allowed, is_denied, is_open) {
            (true, true, _) => Self::Some,
            (true, false, false) => Self::All,
            (false, true, false) => Self::None,
            _ => Self::Open,
        }
    }
}

/// What is taken for granted of a user's credentials: `id_credentials_temp_request`.
const OWN_CREDENTIALS: &str = "the user calls with an access key or password of its own, or with MFA: IAM and STS refuse its other sessions";

impl Question {
    /// The question to a subject as a person means it: a user calls IAM and STS with long-term credentials.
    pub fn to(&self, subject: &Subject) -> Cow<'_, Self> {
        let service = self.action.split(':').next().unwrap_or_default();
        let is_asked = ["iam", "sts"].iter().any(|known| known.eq_ignore_ascii_case(service));
        let is_told = self.context.iter().any(|(key, _)| key.eq_ignore_ascii_case("aws:TokenIssueTime"));
        if !is_asked || is_told || self.strict || !matches!(subject.principal, Principal::User { .. }) {
            return Cow::Borrowed(self);
        }
        let mut question = self.clone();
        question.context.push(("aws:TokenIssueTime".to_owned(), Fact::Absent));
        Cow::Owned(question)
    }

    /// Whether it is about several resources.
    fn is_about_several(&self) -> bool {
        !self.wildcard_only && self.resource.replace(LITERAL_STAR, "").contains('*')
    }
}

impl Access<'_> {
    /// The answer to a question, for every resource that it names.
    pub fn answer(&self, subject: &Subject, question: &Question) -> Asked {
        let asked = question.to(subject);
        let mut pieces = self.pieces(subject, &asked);
        if matches!(asked, Cow::Owned(_)) {
            for piece in &mut pieces {
                piece.answered.assumptions.push(OWN_CREDENTIALS.to_owned());
            }
        }
        Asked { extent: Extent::of(pieces.iter().map(|piece| piece.answered.decision.answer)), pieces }
    }

    /// Everyone who can, or may be able to, for some resource of the question.
    pub fn who_can(&self, question: &Question) -> Vec<(&Subject, Asked)> {
        self.who_can_telling(question, &|_| {})
    }

    /// The same, and `tell` hears at each user and role how many have been looked at.
    pub fn who_can_telling(&self, question: &Question, tell: &dyn Fn(usize)) -> Vec<(&Subject, Asked)> {
        let subjects = self.subjects.iter().enumerate().map(|(place, subject)| {
            tell(place);
            subject
        });
        let candidates = subjects.filter(|subject| self.is_candidate(subject, question));
        // An Allow that reaches some resource counts here, a Deny that does not reach all of them does not.
        let perhaps = candidates.filter(|subject| {
            let answer = self.decide(subject, &question.to(subject));
            matches!(answer, Answer::Allowed | Answer::Indeterminate)
        });
        let asked = perhaps.map(|subject| (subject, self.answer(subject, question)));
        asked.filter(|(_, asked)| asked.extent != Extent::None).collect()
    }

    fn pieces(&self, subject: &Subject, question: &Question) -> Vec<Piece> {
        let whole = || vec![Piece::whole(self.ask(subject, question))];
        // Who may assume a role is said by each role's own policy.
        let is_assumption = question.action.to_ascii_lowercase().starts_with("sts:assumerole");
        if !question.is_about_several() || is_assumption {
            return whole();
        }
        let patterns = self.telling_apart(subject, question);
        let Some(found) = parts(&question.resource, &patterns) else {
            let mut pieces = whole();
            for piece in &mut pieces {
                piece.answered.leave_open();
            }
            return pieces;
        };
        found.into_iter().map(|part| self.piece(subject, question, part, &patterns)).collect()
    }

    fn piece(&self, subject: &Subject, question: &Question, part: Part, patterns: &[String]) -> Piece {
        let texts =
            |places: &[usize]| places.iter().filter_map(|place| patterns.get(*place)).cloned().collect();
        let (within, outside) = (texts(&part.within), texts(&part.outside));
        let one = Question { resource: part.example, ..question.clone() };
        Piece { within, outside, answered: self.ask(subject, &one) }
    }

    /// The patterns by which the resources of a question are told apart.
    fn telling_apart(&self, subject: &Subject, question: &Question) -> Vec<String> {
        let action = question.action.to_ascii_lowercase();
        let context = self.request(subject, question).context;
        let mut patterns: BTreeSet<String> = reference::protected_resources(&action).collect();
        let owner = self.scope(subject, question).owner.unwrap_or(subject.account);
        let own = self.documents_in_effect(subject, owner);
        for id in own.into_iter().chain(self.resource_policies.values().copied().flatten()) {
            let Some(held) = self.held(id) else { continue };
            for place in held.compiled.statements_naming(&action) {
                patterns.extend(resolved(&held.document, place, &context));
            }
        }
        for resource in self.resource_policies.keys() {
            patterns.extend([resource.clone(), format!("{resource}/*")]);
        }
        if action.starts_with("kms:") {
            patterns.insert("arn:*:kms:*:*:key/*".to_owned());
        }
        let tells_apart = |text: &String| text != "*" && patterns_overlap(text, &question.resource);
        patterns.into_iter().filter(tells_apart).collect()
    }
}

impl Piece {
    fn whole(answered: Answered) -> Self {
        Self { within: Vec::new(), outside: Vec::new(), answered }
    }
}

impl Answered {
    /// There was more to tell apart than was looked at.
    fn leave_open(&mut self) {
        if self.decision.answer == Answer::Allowed {
            self.decision.answer = Answer::Indeterminate;
        }
        self.assumptions.push(
            "the policies tell too many resources apart to look at them all: ask about fewer".to_owned(),
        );
    }
}

/// The resource patterns of a statement with their variables replaced: by what is known, else by `*`.
fn resolved(document: &Document, place: usize, context: &Context) -> Vec<String> {
    let resource = document.statements.get(place).and_then(|statement| statement.resource.as_ref());
    let texts = resource.map(|resource| resource.patterns().0).unwrap_or_default();
    texts.iter().filter_map(|text| without_variables(text, document.version, context)).collect()
}

/// `None`: a variable has no value, and the pattern matches nothing.
fn without_variables(text: &str, version: Option<Version>, context: &Context) -> Option<String> {
    let mut parts: Vec<&str> = text.splitn(6, ':').collect();
    let Some(last) = parts.pop().filter(|_| parts.len() == 5 && text.contains("${")) else {
        return Some(text.to_owned());
    };
    let mut resource = String::new();
    for piece in pieces(last, version) {
        match piece {
            Variable::Token(token) => resource.push_str(&token.text()),
            Variable::Variable { key, default } => match (context.get(&key), default) {
                (Fact::One(value), _) => resource.push_str(&literal(value)),
                (Fact::Absent, Some(default)) => resource.push_str(&literal(&default)),
                (Fact::Absent | Fact::Many(_), _) => return None,
                (Fact::Present | Fact::Unknown, _) => resource.push('*'),
            },
        }
    }
    parts.push(&resource);
    Some(parts.join(":"))
}

/// A text in which nothing is a wildcard, as policies write it.
fn literal(text: &str) -> String {
    text.chars().map(|c| kagimori_policy::glob::Token::Char(c).text()).collect()
}
