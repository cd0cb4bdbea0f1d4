//! Roles for web identities (OIDC): may a token of somebody else assume the role? The evaluator is asked with one.
//!
//! IAM User Guide, `id_roles_create_for-idp_oidc`.

use super::issuer::{claims, issuer, looked_at};
use super::{Provider, provider};
use crate::document::PrincipalKind;
use crate::lint::principal::named;
use crate::lint::rule::RuleId;
use crate::lint::subject::{Held, Sink, Subject, shortened};
use crate::lint::witness::{Ask, Keys, Witness, allowed, fixed};
use crate::operator::{Operator, Qualifier};
use crate::request::Principal;

const GITHUB: &str = "token.actions.githubusercontent.com";
/// The audience that everybody's tokens for AWS have.
const USUAL_AUDIENCE: &str = "sts.amazonaws.com";
const STRANGER: &str = "kagimori-stranger";

pub(super) fn check(subject: &Subject<'_>, held: &Held<'_>, sink: &mut Sink<'_>) {
    for (number, name) in named(held, &PrincipalKind::Federated).iter().enumerate() {
        let Some(Provider::Web(host)) = provider(name) else { continue };
        let path = held.at("Principal").key("Federated").item(number);
        let found = match issuer(host) {
            Some(issuer) => ask(subject, held, name, claims(held, host, issuer)),
            None => by_stranger(subject, held, name, host),
        };
        match found {
            Some(witness) if host == GITHUB && looked_at(held, host).next().is_some() => {
                let message = "a workflow of anybody's repository may assume the role".to_owned();
                sink.show(RuleId::MissingGithubRepo, path, message, witness);
            }
            Some(witness) => {
                let message = format!("any identity of `{}` may assume the role", shortened(host));
                sink.show(RuleId::MissingConditionKeyForOidc, path, message, witness);
            }
            None if host == GITHUB => github(subject, held, name, path, sink),
            None => {}
        }
    }
    audience(held, sink);
}

/// Of a provider that is the company's own, as that of a cluster: with a token of another audience and subject; or, where the
/// audience is the usual one, of another subject.
fn by_stranger(subject: &Subject<'_>, held: &Held<'_>, name: &str, host: &str) -> Option<Witness> {
    let claim = |claim: &str, value: &str| fixed(&format!("{host}:{claim}"), value);
    let other_audience = vec![claim("aud", STRANGER), claim("sub", STRANGER)];
    ask(subject, held, name, other_audience).or_else(|| {
        let keys = others(held, host).into_iter();
        let keys = keys.chain([claim("sub", STRANGER), claim("aud", USUAL_AUDIENCE)]);
        ask(subject, held, name, keys.collect())
    })
}

/// The other claims that the statement looks at, with a stranger's value.
fn others(held: &Held<'_>, host: &str) -> Keys {
    let is_other = |claim: &String| !matches!(claim.as_str(), "aud" | "sub");
    looked_at(held, host).filter(is_other).map(|claim| fixed(&format!("{host}:{claim}"), STRANGER)).collect()
}

fn ask(subject: &Subject<'_>, held: &Held<'_>, name: &str, fixed: Keys) -> Option<Witness> {
    let asked = Ask {
        principal: Principal::Federated { provider: name.to_owned() },
        action: "sts:AssumeRoleWithWebIdentity".to_owned(),
        resource: format!("arn:aws:iam::{}:role/kagimori-witness", subject.owner),
        wildcard_only: false,
        fixed,
    };
    allowed(subject, held, &asked)
}

/// Any repository, or any branch, of an organization that the statement names.
fn github(
    subject: &Subject<'_>,
    held: &Held<'_>,
    name: &str,
    path: crate::lint::subject::Path,
    sink: &mut Sink<'_>,
) {
    for (organization, repository) in repositories(held) {
        let any_repository = format!("repo:{organization}/{STRANGER}:ref:refs/heads/{STRANGER}");
        let any_branch = format!("repo:{organization}/{repository}:ref:refs/heads/{STRANGER}");
        let with_subject = |sub: &str| ask(subject, held, name, vec![fixed(&format!("{GITHUB}:sub"), sub)]);
        let found = [(any_repository, "repository of"), (any_branch, "branch of a repository of")]
            .into_iter()
            .find_map(|(sub, what)| with_subject(&sub).map(|witness| (what, witness)));
        if let Some((what, witness)) = found {
            let message = format!("any {what} `{}` may assume the role", shortened(&organization));
            sink.show(RuleId::SpecificGithubRepo, path, message, witness);
            return;
        }
    }
}

/// The organizations and repositories that the statement's subjects name: `repo:organization/name:…`.
fn repositories(held: &Held<'_>) -> Vec<(String, String)> {
    let key = format!("{GITHUB}:sub");
    let conditions =
        held.statement.conditions.iter().filter(|condition| condition.key.eq_ignore_ascii_case(&key));
    let values = conditions.flat_map(|condition| condition.values.as_slice());
    let named = values.filter_map(|value| {
        let (organization, rest) = value.text().strip_prefix("repo:")?.split_once('/')?;
        let repository = rest.split(':').next().unwrap_or_default().replace('*', "x");
        Some((organization.replace('*', "x"), repository))
    });
    named.collect()
}

/// `reference_policies_multi-value-conditions`: most providers have one audience, and then a set operator is a trap.
fn audience(held: &Held<'_>, sink: &mut Sink<'_>) {
    for condition in &held.statement.conditions {
        let is_audience = condition.key.to_ascii_lowercase().ends_with(":aud");
        let qualifier = Operator::parse(&condition.operator).and_then(|operator| operator.qualifier);
        let rule = match qualifier.filter(|_| is_audience) {
            Some(Qualifier::ForAllValues) => RuleId::ConfirmAudienceClaimType,
            Some(Qualifier::ForAnyValue) => RuleId::ForAnyValueWithAudience,
            None => continue,
        };
        let path = held.at("Condition").key(&condition.operator).key(&condition.key);
        let message = format!("`{}` compares `{}` as a list", condition.operator, shortened(&condition.key));
        sink.add(rule, path, message);
    }
}
