//! Does one set of identity policies grant anything that another does not?
//!
//! An answer is a proof, a witness, or neither. A proof is by inclusion: each grant of the new policies lies inside one
//! grant of the old, and each Deny of the old inside one of the new. A witness is a request found among candidates that
//! the patterns and conditions of both sides suggest; the evaluator allows it under the new policies and not under the
//! old. Where neither is found, the answer is "not proved", never a guess.

mod candidates;
mod inclusion;

pub(crate) use inclusion::is_statement_inside;

use crate::decision::Answer;
use crate::document::Document;
use crate::engine::{Compiled, Compiler, Stack};
use crate::policies::Policies;
use crate::reference;
use crate::request::Request;

/// How two sets of policies stand to each other.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Comparison {
    /// Is everything the new policies allow also allowed by the old?
    pub new_in_old: Inclusion,
    /// Is everything the old policies allow also allowed by the new?
    pub old_in_new: Inclusion,
}

/// Whether one side lies inside the other.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "proved, refuted, or neither")]
pub enum Inclusion {
    /// For every request.
    Proved,
    /// Not for this request; the evaluator has said so.
    Refuted(Box<Request>),
    /// Neither a proof nor a witness was found, because of this.
    NotProved(String),
}

/// The comparison in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "sets stand in one of these relations, or it is not known")]
pub enum Verdict {
    /// Both allow the same.
    Equal,
    /// The new policies allow less.
    Narrower,
    /// The new policies allow more.
    Wider,
    /// Each allows something the other does not.
    Incomparable,
    /// The new policies allow nothing new; whether they allow less is not proved.
    NotWider,
    /// Not known.
    NotProved,
}

/// Compares two sets of identity policies.
pub fn compare(old: &[Document], new: &[Document]) -> Comparison {
    Comparison { new_in_old: included(new, old), old_in_new: included(old, new) }
}

/// Whether every request that `inner` allows is allowed by `outer`.
pub fn included(inner: &[Document], outer: &[Document]) -> Inclusion {
    let gap = match inclusion::prove(inner, outer) {
        Ok(()) => return Inclusion::Proved,
        Err(gap) => gap,
    };
    let (mut compiler, mut sides) = (Compiler::default(), Vec::new());
    for documents in [inner, outer] {
        sides.push(documents.iter().map(|document| compiler.compile(document)).collect::<Vec<Compiled>>());
    }
    let sides: Vec<Vec<&Compiled>> = sides.iter().map(|side| side.iter().collect()).collect();
    let tells_apart = |request: &Request| {
        let bound = compiler.bind(request);
        let mut allowed = sides.iter().map(|side| {
            let stack = Stack { identity: side, ..Stack::default() };
            stack.decide(&bound) == Answer::Allowed
        });
        allowed.next() == Some(true) && allowed.next() == Some(false)
    };
    // The compiled engine searches, the plain evaluator has the last word.
    let is_witness =
        |request: &Request| tells_apart(request) && allows(inner, request) && !allows(outer, request);
    let witness = candidates::requests(inner, outer).find(is_witness);
    witness.map_or(Inclusion::NotProved(gap), |request| Inclusion::Refuted(Box::new(request)))
}

fn allows(documents: &[Document], request: &Request) -> bool {
    let policies = Policies { identity: documents.to_vec(), ..Policies::default() };
    reference::decide(request, &policies).answer == Answer::Allowed
}

impl Comparison {
    /// The comparison in one word.
    pub fn verdict(&self) -> Verdict {
        match (&self.new_in_old, &self.old_in_new) {
            (Inclusion::Proved, Inclusion::Proved) => Verdict::Equal,
            (Inclusion::Proved, Inclusion::Refuted(_)) => Verdict::Narrower,
            (Inclusion::Proved, Inclusion::NotProved(_)) => Verdict::NotWider,
            (Inclusion::Refuted(_), Inclusion::Refuted(_)) => Verdict::Incomparable,
            (Inclusion::Refuted(_), Inclusion::Proved | Inclusion::NotProved(_)) => Verdict::Wider,
            (Inclusion::NotProved(_), _) => Verdict::NotProved,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Inclusion, Verdict, allows, candidates, compare, included};
    use crate::document::Document;
    use crate::parse::{Strictness, parse};

    fn policy(statements: &str) -> Vec<Document> {
        vec![
            parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#), Strictness::Strict)
                .unwrap(),
        ]
    }

    const ALLOW: &str = r#""Effect":"Allow""#;

    fn allow(rest: &str) -> String {
        format!("{{{ALLOW},{rest}}}")
    }

    #[test]
    fn pairs() {
        let get = allow(r#""Action":"s3:GetObject","Resource":"*""#);
        let get_all = allow(r#""Action":"s3:Get*","Resource":"*""#);
        let bucket = allow(r#""Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*""#);
        let with = |condition: &str| {
            allow(&format!(r#""Action":"s3:GetObject","Resource":"*","Condition":{condition}"#))
        };
        let mfa = with(r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#);
        let mfa_if = with(r#"{"BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}}"#);
        let red = with(r#"{"StringEquals":{"aws:PrincipalTag/team":"red"}}"#);
        let red_blue = with(r#"{"StringEquals":{"aws:PrincipalTag/team":["red","blue"]}}"#);
        let near = with(r#"{"IpAddress":{"aws:SourceIp":"10.1.0.0/16"}}"#);
        let far = with(r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#);
        let not_iam = allow(r#""NotAction":"iam:*","Resource":"*""#);
        let all = allow(r#""Action":"*","Resource":"*""#);
        let deny = r#"{"Effect":"Deny","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}"#;
        let guarded = format!("{get},{deny}");
        for (old, new, expected) in [
            (&get, &get, Verdict::Equal),
            (&get, &get_all, Verdict::Wider),
            (&get_all, &get, Verdict::Narrower),
            (&get, &bucket, Verdict::Narrower),
            (&get, &mfa, Verdict::Narrower),
            (&mfa, &get, Verdict::Wider),
            (&mfa, &mfa_if, Verdict::Wider),
            (&mfa_if, &mfa, Verdict::Narrower),
            (&red_blue, &red, Verdict::Narrower),
            (&red, &red_blue, Verdict::Wider),
            (&far, &near, Verdict::Narrower),
            (&near, &far, Verdict::Wider),
            (&red, &mfa, Verdict::Incomparable),
            (&all, &not_iam, Verdict::Narrower),
            (&get, &guarded, Verdict::Narrower),
            (&guarded, &get, Verdict::Wider),
            (&bucket, &red, Verdict::Incomparable),
        ] {
            let comparison = compare(&policy(old), &policy(new));
            assert_eq!(comparison.verdict(), expected, "{old}\n{new}\n{comparison:#?}");
        }
    }

    fn statement() -> impl Strategy<Value = String> {
        let condition = prop_oneof![
            3 => Just(String::new()),
            1 => prop_oneof![
                Just(r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#),
                Just(r#"{"BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}}"#),
                Just(r#"{"StringLike":{"aws:PrincipalTag/team":["r*","b"]}}"#),
                Just(r#"{"StringNotEquals":{"aws:PrincipalTag/team":"red"}}"#),
                Just(r#"{"Null":{"aws:PrincipalTag/team":"true"}}"#),
                Just(r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#),
            ]
            .prop_map(|condition| format!(r#","Condition":{condition}"#)),
        ];
        let action =
            prop_oneof![Just("s3:GetObject"), Just("s3:Get*"), Just("s3:*"), Just("*"), Just("ec2:*")];
        let resource = prop_oneof![
            Just("*"),
            Just("arn:aws:s3:::b/*"),
            Just("arn:aws:s3:::b/k"),
            Just("arn:aws:s3:::*")
        ];
        (
            prop_oneof![3 => Just("Allow"), 1 => Just("Deny")],
            prop_oneof![5 => Just(""), 1 => Just("Not")],
            action,
            resource,
            condition,
        )
            .prop_map(|(effect, not, action, resource, condition)| {
                format!(
                    r#"{{"Effect":"{effect}","{not}Action":"{action}","Resource":"{resource}"{condition}}}"#
                )
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn nothing_speaks_against_an_answer(
            a in proptest::collection::vec(statement(), 1..4),
            b in proptest::collection::vec(statement(), 1..4),
        ) {
            let (a, b) = (policy(&a.join(",")), policy(&b.join(",")));
            match included(&a, &b) {
                Inclusion::Refuted(request) => prop_assert!(allows(&a, &request) && !allows(&b, &request)),
                Inclusion::Proved => {
                    for request in candidates::requests(&a, &b).take(120) {
                        prop_assert!(!allows(&a, &request) || allows(&b, &request), "{request:?}");
                    }
                }
                Inclusion::NotProved(_) => {}
            }
        }
    }
}
