//! Issuers of tokens that serve everybody: which claim says whose a token is, and which claims its owner may choose.
//!
//! IAM User Guide, `id_roles_providers_oidc_secure-by-default` (*Identity-provider controls for shared OIDC providers*), has the
//! issuers and their tenant claims; what a subject looks like, the issuer's own page. A stranger chooses all that a token says but
//! whose it is: names that a policy spells out are somebody's, what its wildcards leave open is anybody's.

use crate::document::Condition;
use crate::lint::subject::Held;
use crate::lint::witness::{Keys, filled, with_variables_filled};
use crate::operator::{Comparison, Operator};
use crate::request::Fact;

/// An issuer that everybody gets tokens of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Issuer {
    host: &'static str,
    /// The claims that say whose the token is.
    tenants: &'static [&'static str],
    /// The subject of a stranger's token.
    subject: &'static str,
}

/// A subject without a form of its own.
const ANY: &str = "kagimori-stranger";

const ISSUERS: &[Issuer] = &[
    Issuer {
        host: "token.actions.githubusercontent.com",
        tenants: &[
            "sub",
            "repository",
            "repository_id",
            "repository_owner",
            "repository_owner_id",
            "job_workflow_ref",
            "actor",
            "actor_id",
            "enterprise",
            "enterprise_id",
        ],
        subject: "repo:kagimori-stranger/kagimori-stranger:ref:refs/heads/main",
    },
    Issuer {
        host: "gitlab.com",
        tenants: &[
            "sub",
            "namespace_path",
            "namespace_id",
            "project_path",
            "project_id",
            "user_login",
            "user_email",
        ],
        subject: "project_path:kagimori-stranger/kagimori-stranger:ref_type:branch:ref:main",
    },
    Issuer {
        host: "app.terraform.io",
        tenants: &["sub", "terraform_organization_id", "terraform_organization_name"],
        subject: "organization:kagimori-stranger:project:kagimori-stranger:workspace:kagimori-stranger:run_phase:apply",
    },
    Issuer {
        host: "agent.buildkite.com",
        tenants: &["sub", "organization_slug", "organization_id"],
        subject: "organization:kagimori-stranger:pipeline:kagimori-stranger:ref:refs/heads/main",
    },
    Issuer {
        host: "cognito-identity.amazonaws.com",
        tenants: &["aud", "sub"],
        subject: "us-east-1:00000000-0000-4000-8000-000000000000",
    },
    Issuer {
        host: "accounts.google.com",
        tenants: &["aud", "oaud", "sub", "email", "hd"],
        subject: "100000000000000000000",
    },
    Issuer { host: "www.amazon.com", tenants: &["app_id", "user_id"], subject: ANY },
    Issuer { host: "graph.facebook.com", tenants: &["app_id", "id"], subject: ANY },
    Issuer { host: "api.pulumi.com/oidc", tenants: &["aud", "sub"], subject: ANY },
    Issuer { host: "oidc.vercel.com", tenants: &["aud", "sub"], subject: ANY },
    Issuer { host: "sandboxes.cloud", tenants: &["aud", "sub"], subject: ANY },
    Issuer { host: "vstoken.actions.githubusercontent.com", tenants: &["sub"], subject: ANY },
    Issuer { host: "oidc-configuration.audit-log.githubusercontent.com", tenants: &["sub"], subject: ANY },
    Issuer { host: "oidc.codefresh.io", tenants: &["sub"], subject: ANY },
    Issuer { host: "studio.datachain.ai/api", tenants: &["sub"], subject: ANY },
    Issuer { host: "scalr.io", tenants: &["sub"], subject: ANY },
    Issuer { host: "tokens.cloud.shisho.dev", tenants: &["sub"], subject: ANY },
    Issuer { host: "proidc.upbound.io", tenants: &["sub"], subject: ANY },
];

/// The issuer of a provider, when it serves everybody.
pub(super) fn issuer(host: &str) -> Option<Issuer> {
    ISSUERS.iter().copied().find(|issuer| issuer.host.eq_ignore_ascii_case(host.trim_end_matches('/')))
}

/// The claims of an issuer that a statement looks at, in lower case.
pub(super) fn looked_at(held: &Held<'_>, host: &str) -> impl Iterator<Item = String> {
    let keys = held.statement.conditions.iter().map(|condition| condition.key.to_lowercase());
    keys.filter_map(move |key| Some(key.strip_prefix(&host.to_lowercase())?.strip_prefix(':')?.to_owned()))
}

/// What a stranger's token may say in the claims that a statement looks at, and in its subject and audience.
pub(super) fn claims(held: &Held<'_>, host: &str, issuer: Issuer) -> Keys {
    let mut names: Vec<String> = looked_at(held, host).chain(["sub", "aud"].map(str::to_owned)).collect();
    names.sort_unstable();
    names.dedup();
    let claim = |name: String| {
        let key = format!("{}:{name}", host.to_lowercase());
        let mut facts = vec![Fact::One(if name == "sub" { issuer.subject } else { ANY }.to_owned())];
        let is_tenant = issuer.tenants.contains(&name.as_str());
        for condition in
            held.statement.conditions.iter().filter(|condition| condition.key.eq_ignore_ascii_case(&key))
        {
            facts.extend(
                texts(condition, is_tenant, &issuer)
                    .into_iter()
                    .flat_map(|text| [Fact::One(text.clone()), Fact::Many(vec![text])]),
            );
        }
        (key, facts)
    };
    names.into_iter().map(claim).collect()
}

/// The values of a condition that a stranger's token may have.
fn texts(condition: &Condition, is_tenant: bool, issuer: &Issuer) -> Vec<String> {
    let like = [Comparison::StringLike, Comparison::Arn];
    let has_wildcards =
        Operator::parse(&condition.operator).is_some_and(|operator| like.contains(&operator.comparison));
    let values = condition.values.as_slice().iter().map(|value| value.text());
    let open = values.filter(|text| !is_tenant || (has_wildcards && is_open(text)));
    open.map(|text| {
        if is_tenant {
            as_stranger(text, issuer)
        } else if has_wildcards {
            filled(text)
        } else {
            text.to_owned()
        }
    })
    .collect()
}

/// Whether a pattern leaves open whose the token is. A subject names its owner first (`repo:OWNER/…`, `organization:NAME:…`,
/// `project_path:GROUP/…`), and so does a name with a path (`OWNER/REPOSITORY`); what comes later is the owner's business. Behind
/// `@` stands GitHub's number of the owner or repository, which is given: it closes the name before it.
fn is_open(pattern: &str) -> bool {
    let pattern = with_variables_filled(pattern);
    let (label, rest) = pattern.split_once(':').unwrap_or(("", &pattern));
    if label.contains(['*', '?']) {
        return true;
    }
    let owner = rest.split(['/', ':']).next().unwrap_or_default();
    match owner.split_once('@') {
        Some((name, number)) if number.is_empty() || number.contains(['*', '?']) => name.contains(['*', '?']),
        Some(_) => false,
        None => owner.contains(['*', '?']),
    }
}

/// A text of the pattern as a stranger's token has it: the whole subject where one wildcard ends it.
fn as_stranger(pattern: &str, issuer: &Issuer) -> String {
    let text = filled(pattern);
    match pattern.split_once('*') {
        // `repo:octo-org*` → `repo:octo-org-stranger/…`: the rest of a subject follows the owner.
        Some((before, "")) if before.contains(':') && !before.contains('/') => {
            let (_, tail) = issuer.subject.split_once("kagimori-stranger").unwrap_or_default();
            format!("{before}-stranger{tail}").replace(":-stranger", ":kagimori-stranger")
        }
        Some(("", "")) => issuer.subject.to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::is_open;

    /// GitHub Docs, *OpenID Connect reference*; GitLab Docs, `id_tokens`; HCP Terraform, *Workload identity tokens*.
    #[test]
    fn owners_that_a_pattern_leaves_open() {
        for (pattern, expected) in [
            ("*", true),
            ("repo:*", true),
            ("repo:*/deploy:ref:refs/heads/main", true),
            ("repo:octo-org*", true),
            ("repo:octo-org*/web:*", true),
            ("repo:octo-???/web:*", true),
            ("*:ref:refs/heads/main", true),
            ("*octo-org/web:*", true),
            ("repo:*@*/deploy@*:ref:refs/heads/main", true),
            ("repo:*@1*/deploy@*:*", true),
            ("repo:octo-org/*", false),
            ("repo:octo-org/octo-repo:*", false),
            ("repo:octo-org@123/octo-repo@456:*", false),
            ("repo:octo-org@*/octo-repo@*:*", false),
            ("repo:*@123/*", false),
            ("project_path:ferry/*", false),
            ("project_path:*/web:ref_type:branch:ref:main", true),
            ("project_path:ferry*:ref_type:branch:ref:main", true),
            ("organization:acme:*", false),
            ("organization:acme*", true),
            ("organization:*:workspace:prod:run_phase:apply", true),
            ("octo-org/*", false),
            ("octo-*/web", true),
        ] {
            assert_eq!(is_open(pattern), expected, "{pattern}");
        }
    }
}
