//! Does one set of policies grant anything that another does not?
//!
//! An answer is a proof, a witness, or neither. The question is decided: for each grant of the inner side, and each way in
//! which the outer side may not allow, `proof` asks `search` whether a request is left, and `search` asks `theory` which
//! values of the resource, the action and each condition key are possible. Where nothing is left, it is proved. Where
//! something is left, a request is made of it, and both evaluators must say that it tells the sides apart. What cannot be
//! reasoned about (a policy variable whose value matters, an operator that is not in the language) is taken as possible,
//! so that it never makes a proof; the answer is then "not proved", never a guess.
//!
//! A request here is about one resource, an ARN, or about none; condition keys are independent of each other and of the
//! principal; a key is absent, has one value, or a list. An action that the service reference does not know may be called
//! anything ([`Scope`]). The resource's own policy leaves the decision to the account.

mod difference;
mod proof;
mod rules;
mod search;
mod test;
mod text;
mod theory;
mod valuation;
mod witness;

use crate::decision::Decision;
use crate::document::{Document, Effect};
use crate::policies::{Layer, Policies};
use crate::request::Request;

pub use difference::{Difference, difference};
use proof::{End, Proof, Side};
use rules::{RuleId, Rules, Valuation};
use theory::Theory;

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

/// Which actions a comparison is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the actions of today, or those of tomorrow too")]
pub enum Scope {
    /// Those that the service reference knows, and any that AWS may add.
    AnyAction,
    /// Those that the service reference knows.
    KnownActions,
}

/// Compares two sets of identity policies.
pub fn compare(old: &[Document], new: &[Document]) -> Comparison {
    compare_within(old, new, Scope::AnyAction)
}

/// The same for some actions only.
pub fn compare_within(old: &[Document], new: &[Document], scope: Scope) -> Comparison {
    Comparison { new_in_old: included_within(new, old, scope), old_in_new: included_within(old, new, scope) }
}

/// Whether every request that `inner` allows is allowed by `outer`, two sets of identity policies.
pub fn included(inner: &[Document], outer: &[Document]) -> Inclusion {
    included_within(inner, outer, Scope::AnyAction)
}

/// The same for some actions only.
pub fn included_within(inner: &[Document], outer: &[Document], scope: Scope) -> Inclusion {
    let of = |identity: &[Document]| Policies { identity: identity.to_vec(), ..Policies::default() };
    if inner == outer {
        return Inclusion::Proved;
    }
    stacks_included(&of(inner), &of(outer), scope)
}

/// Whether it is proved that every request that `inner` allows is allowed by `outer`; looks for no witness.
pub(crate) fn is_proved(inner: &[Document], outer: &[Document], scope: Scope) -> bool {
    let of = |identity: &[Document]| Policies { identity: identity.to_vec(), ..Policies::default() };
    let (inner, outer) = (of(inner), of(outer));
    if not_comparable(&inner).or_else(|| not_comparable(&outer)).is_some() {
        return false;
    }
    let mut rules = Rules::new(&[]);
    let (inner, outer) = (side(&inner, &mut rules), side(&outer, &mut rules));
    Proof::new(Theory::new(rules), scope).run(&inner, &outer, &mut |_, _| true) == End::Proved
}

/// Whether every request that the one stack of policies allows is allowed by the other: identity policies within
/// boundary, session policy and the service control policies of each level.
///
/// Where two stacks share their limits, `included` over what they do not share is enough, and quicker.
pub fn stacks_included(inner: &Policies, outer: &Policies, scope: Scope) -> Inclusion {
    for policies in [inner, outer] {
        if let Some(why) = not_comparable(policies) {
            return Inclusion::NotProved(why);
        }
    }
    let first = attempt(inner, outer, scope, &[]);
    let (Inclusion::NotProved(why), variables) = first else { return first.0 };
    // A variable stands for whatever its key holds: with values given, the question is decided.
    for given in valuation::valuations(&variables, [inner, outer]) {
        if let (Inclusion::Refuted(request), _) = attempt(inner, outer, scope, &given) {
            return Inclusion::Refuted(request);
        }
    }
    Inclusion::NotProved(why)
}

/// How the policies of a side decide a request, with the statements that decided: why it is a witness, or why not.
///
/// The resource's own policy, if it must allow, leaves the decision to the account.
pub fn decide(request: &Request, identity: &[Document]) -> Decision {
    witness::decide(request, &Policies { identity: identity.to_vec(), ..Policies::default() })
}

fn not_comparable(policies: &Policies) -> Option<String> {
    let is_other = policies.resource.is_some()
        || !policies.endpoint.is_empty()
        || !policies.resource_control.is_empty()
        || !policies.missing.is_empty();
    let own = [Layer::Identity, Layer::Boundary, Layer::Session, Layer::ServiceControl];
    let mut statements = own.into_iter().flat_map(|layer| policies.documents(layer));
    let named =
        statements.any(|(_, _, document)| document.statements.iter().any(|it| it.principal.is_some()));
    if is_other {
        Some("policies of resources and endpoints are not compared".to_owned())
    } else {
        named.then(|| "a statement has a `Principal`: only policies without one are compared".to_owned())
    }
}

/// One attempt, with the values that some keys are taken to have; also gives the keys of the policy variables.
fn attempt(inner: &Policies, outer: &Policies, scope: Scope, given: &Valuation) -> (Inclusion, Vec<String>) {
    let mut rules = Rules::new(given);
    let (inner_side, outer_side) = (side(inner, &mut rules), side(outer, &mut rules));
    let variables = rules.variables.clone();
    let mut proof = Proof::new(Theory::new(rules), scope);
    let (mut found, mut why) = (None, None);
    let end = proof.run(&inner_side, &outer_side, &mut |theory, region| {
        found = witness::of(theory, region, given, inner, outer);
        if found.is_none() && why.is_none() {
            why = Some(gap(theory, region, &variables));
        }
        found.is_some()
    });
    let inclusion = match (end, found) {
        (_, Some(request)) => Inclusion::Refuted(Box::new(request)),
        (End::Proved, None) => Inclusion::Proved,
        (End::TooLong, None) => Inclusion::NotProved(
            why.unwrap_or_else(|| "the statements combine in too many ways to look at them all".to_owned()),
        ),
        (End::Left | End::Stopped, None) => Inclusion::NotProved(why.unwrap_or_default()),
    };
    (inclusion, variables)
}

/// Why a region that is left has shown no request.
fn gap(theory: &Theory<'_>, region: &proof::Region<'_>, variables: &[String]) -> String {
    if witness::has_opaque(theory, region) {
        return "a condition has an operator that is not in the language".to_owned();
    }
    if region.model.is_whole {
        return "what the search found, the evaluator does not confirm".to_owned();
    }
    match variables {
        [] => {
            "a condition compares one key in several ways, and no value was found for all of them".to_owned()
        }
        some => format!("it depends on what `${{{}}}` stands for", some.join("}`, `${")),
    }
}

/// The layers that must each allow, and every deny.
fn side<'a>(policies: &'a Policies, rules: &mut Rules<'a>) -> Side {
    let mut layers: Vec<Vec<&'a Document>> = vec![policies.identity.iter().collect()];
    if !policies.boundary.is_empty() {
        layers.push(policies.boundary.iter().collect());
    }
    layers.extend(policies.session.as_ref().map(|document| vec![document]));
    layers.extend(policies.service_control.iter().map(|level| level.policies.iter().collect()));
    let mut side = Side::default();
    for layer in layers {
        let mut grants: Vec<RuleId> = Vec::new();
        for document in layer {
            rules.add(document, Effect::Allow, &mut grants);
            rules.add(document, Effect::Deny, &mut side.denies);
        }
        side.layers.push(grants);
    }
    side
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
    use super::{Inclusion, Scope, Verdict, compare, included, included_within, stacks_included};
    use crate::document::Document;
    use crate::parse::{Strictness, parse};
    use crate::policies::{Level, Policies};

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

    #[test]
    fn what_lies_in_several_grants_together() {
        let on = |resource: &str| allow(&format!(r#""Action":"s3:GetObject","Resource":{resource}"#));
        let with = |condition: &str| {
            allow(&format!(r#""Action":"s3:GetObject","Resource":"*","Condition":{condition}"#))
        };
        let null = |is_null: bool| with(&format!(r#"{{"Null":{{"aws:SourceVpc":"{is_null}"}}}}"#));
        let all = on(r#""*""#);
        for (old, new, expected) in [
            // Actions, the parts of ARNs, ranges, numbers and absence: each half in one grant of the other side.
            (
                [
                    allow(r#""Action":"s3:Get*","Resource":"*""#),
                    allow(r#""Action":"s3:Put*","Resource":"*""#),
                ]
                .join(","),
                allow(r#""Action":["s3:Get*","s3:Put*"],"Resource":"*""#),
                Verdict::Equal,
            ),
            (
                format!(
                    "{},{}",
                    on(r#""arn:aws:s3:::b/?""#),
                    on(r#"["arn:aws:s3:::b/","arn:aws:s3:::b/??*"]"#)
                ),
                on(r#""arn:aws:s3:::b/*""#),
                Verdict::Equal,
            ),
            (
                format!(
                    "{},{}",
                    with(r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/9"}}"#),
                    with(r#"{"IpAddress":{"aws:SourceIp":"10.128.0.0/9"}}"#)
                ),
                with(r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#),
                Verdict::Equal,
            ),
            (
                format!(
                    "{},{}",
                    with(r#"{"NumericLessThan":{"s3:max-keys":"10"}}"#),
                    with(r#"{"NumericGreaterThanEquals":{"s3:max-keys":"10.0"}}"#)
                ),
                with(r#"{"NumericGreaterThan":{"s3:max-keys":"3"}}"#),
                Verdict::Narrower,
            ),
            (format!("{},{}", null(true), null(false)), all.clone(), Verdict::Equal),
            (
                format!(
                    "{},{}",
                    with(r#"{"StringEquals":{"aws:RequestTag/k":"v"}}"#),
                    with(r#"{"StringNotEquals":{"aws:RequestTag/k":"v"}}"#)
                ),
                all.clone(),
                // A list passes neither: a set operator is missing.
                Verdict::Wider,
            ),
            (
                with(r#"{"StringEqualsIfExists":{"aws:RequestTag/k":"v"}}"#),
                format!(
                    "{},{}",
                    with(r#"{"StringEquals":{"aws:RequestTag/k":"v"}}"#),
                    with(r#"{"Null":{"aws:RequestTag/k":"true"},"StringNotLike":{"aws:RequestTag/k":"*"}}"#)
                ),
                Verdict::Equal,
            ),
            (
                with(r#"{"ForAllValues:StringLike":{"aws:TagKeys":["a*","b"]}}"#),
                with(r#"{"ForAllValues:StringEquals":{"aws:TagKeys":["ab","b"]}}"#),
                Verdict::Narrower,
            ),
            (
                with(r#"{"ForAnyValue:StringEquals":{"aws:TagKeys":["a","b"]}}"#),
                with(r#"{"ForAllValues:StringEquals":{"aws:TagKeys":"a"},"Null":{"aws:TagKeys":"false"}}"#),
                Verdict::Narrower,
            ),
            (
                with(r#"{"DateLessThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"}}"#),
                with(r#"{"DateLessThanEquals":{"aws:CurrentTime":"2025-12-31T23:59:59Z"}}"#),
                Verdict::Narrower,
            ),
            (
                with(r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::1:role/*"}}"#),
                with(r#"{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::1:role/*"}}"#),
                Verdict::Equal,
            ),
            (
                with(r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/x"}}"#),
                with(r#"{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/x"}}"#),
                Verdict::Wider,
            ),
            (
                with(r#"{"Bool":{"aws:SecureTransport":"true"}}"#),
                with(r#"{"StringEquals":{"aws:SecureTransport":"true"}}"#),
                Verdict::Narrower,
            ),
            // A name of an action that AWS may add.
            (
                allow(r#""Action":"kms:*","Resource":"*""#),
                allow(r#""NotAction":["?*","kms:"],"Resource":"*""#),
                Verdict::Narrower,
            ),
        ] {
            let comparison = compare(&policy(&old), &policy(&new));
            assert_eq!(comparison.verdict(), expected, "{old}\n{new}\n{comparison:#?}");
        }
    }

    #[test]
    fn variables() {
        let on = |resource: &str| allow(&format!(r#""Action":"s3:GetObject","Resource":"{resource}""#));
        let home = on("arn:aws:s3:::b/${aws:username}/*");
        let tagged = |value: &str| {
            allow(&format!(
                r#""Action":"s3:GetObject","Resource":"*","Condition":{{"StringEquals":{{"s3:ExistingObjectTag/owner":"{value}"}}}}"#
            ))
        };
        let from = |operator: &str, value: &str| {
            allow(&format!(
                r#""Action":"s3:GetObject","Resource":"*","Condition":{{"{operator}":{{"ec2:SourceInstanceARN":"{value}"}}}}"#
            ))
        };
        for (old, new, expected) in [
            (&home, &home, Verdict::Equal),
            (&home, &on("arn:aws:s3:::b/${aws:username}/a*"), Verdict::Narrower),
            (&home, &on("arn:aws:s3:::b/alice/*"), Verdict::Incomparable),
            (&on("arn:aws:s3:::b/*"), &home, Verdict::Narrower),
            (&home, &on("arn:aws:s3:::b/${aws:userid}/*"), Verdict::Incomparable),
            (&tagged("${aws:username}"), &tagged("${aws:username}"), Verdict::Equal),
            (&tagged("${aws:username}"), &tagged("alice"), Verdict::Incomparable),
            (&tagged("*"), &tagged("${aws:username, 'x'}"), Verdict::Incomparable),
            (
                &from("StringLike", "*/${ec2:InstanceId}"),
                &from("ArnLike", "arn:aws:ec2:*:*:instance/${ec2:InstanceId}"),
                Verdict::Narrower,
            ),
            (
                &from("ArnLike", "arn:aws:ec2:*:${aws:PrincipalAccount}:instance/*"),
                &from("ArnLike", "arn:aws:ec2:*:1:instance/${ec2:InstanceId}"),
                Verdict::Incomparable,
            ),
        ] {
            let comparison = compare(&policy(old), &policy(new));
            assert_eq!(comparison.verdict(), expected, "{old}\n{new}\n{comparison:#?}");
        }
    }

    #[test]
    fn what_cannot_be_told_is_not_proved() {
        let odd = |operator: &str| {
            policy(&allow(&format!(
                r#""Action":"s3:GetObject","Resource":"*","Condition":{{"{operator}":{{"a:b":"c"}}}}"#
            )))
        };
        assert_eq!(included(&odd("StringResembles"), &odd("StringResembles")), Inclusion::Proved);
        let inclusion = included(&odd("StringResembles"), &odd("StringEquals"));
        assert!(matches!(&inclusion, Inclusion::NotProved(why) if why.contains("operator")), "{inclusion:?}");
        let principal = policy(r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}"#);
        assert!(matches!(included(&principal, &odd("StringEquals")), Inclusion::NotProved(_)));
    }

    #[test]
    fn one_text_is_not_one_thing_under_two_operators() {
        let with = |operator: &str, value: &str| {
            policy(&allow(&format!(
                r#""Action":"s3:GetObject","Resource":"*","Condition":{{"{operator}":{{"a:b":"{value}"}}}}"#
            )))
        };
        let arn = "arn:aws:iam::${aws:PrincipalAccount}:role/ß*";
        for (one, other) in [("ArnLike", "StringEqualsIgnoreCase"), ("StringEqualsIgnoreCase", "ArnLike")] {
            assert_ne!(included(&with(one, arn), &with(other, arn)), Inclusion::Proved, "{one} {other}");
        }
        assert_eq!(included(&with("ArnLike", arn), &with("ArnEquals", arn)), Inclusion::Proved);
    }

    #[test]
    fn actions_that_aws_may_add() {
        let listed = policy(&allow(r#""Action":["sts:Get*"],"Resource":"*""#));
        let names = crate::catalogue::Catalogue::embedded();
        let all: Vec<String> =
            names.expand("sts:Get*").iter().map(|id| format!("\"{}\"", names.name(id))).collect();
        let literal = policy(&allow(&format!(r#""Action":[{}],"Resource":"*""#, all.join(","))));
        assert_eq!(included_within(&listed, &literal, Scope::KnownActions), Inclusion::Proved);
        assert_eq!(included(&literal, &listed), Inclusion::Proved);
        let Inclusion::Refuted(request) = included(&listed, &literal) else { panic!("it names more") };
        assert!(names.action(&request.action).is_none(), "{}", request.action);
    }

    #[test]
    fn assuming_roles_and_using_keys() {
        // No identity policy alone allows these: the resource's own policy is taken to leave it to the account.
        let more = policy(&allow(r#""Action":["sts:AssumeRole","kms:Decrypt"],"Resource":"*""#));
        let less = policy(&allow(r#""Action":"kms:Decrypt","Resource":"arn:aws:kms:*:*:key/a""#));
        assert_eq!(compare(&less, &more).verdict(), Verdict::Wider);
        let users = policy(&allow(r#""Action":"sts:GetFederationToken","Resource":"*""#));
        assert_eq!(compare(&less, &users).verdict(), Verdict::Incomparable);
    }

    #[test]
    fn stacks() {
        let all = policy(&allow(r#""Action":"*","Resource":"*""#));
        let s3 = policy(&allow(r#""Action":"s3:*","Resource":"*""#));
        let mixed = policy(&allow(r#""Action":["s3:*","ec2:*"],"Resource":"*""#));
        let kms = policy(&allow(r#""Action":"kms:*","Resource":"*""#));
        let stack = |identity: &[Document], boundary: &[Document], level: &[Document]| Policies {
            identity: identity.to_vec(),
            boundary: boundary.to_vec(),
            service_control: vec![Level { id: "r".to_owned(), policies: level.to_vec() }],
            ..Policies::default()
        };
        let proved = |inner: &Policies, outer: &Policies| stacks_included(inner, outer, Scope::AnyAction);
        assert_eq!(proved(&stack(&all, &mixed, &s3), &stack(&s3, &all, &all)), Inclusion::Proved);
        assert_eq!(proved(&stack(&all, &kms, &s3), &stack(&s3, &s3, &kms)), Inclusion::Proved);
        let wider = proved(&stack(&all, &mixed, &all), &stack(&all, &s3, &all));
        assert!(matches!(wider, Inclusion::Refuted(_)), "{wider:?}");
    }
}
