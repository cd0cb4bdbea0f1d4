//! Strangers: callers of whom the owner of a document knows nothing, and what they may choose of themselves.
//!
//! A stranger names his roles, users, sessions, tags and buckets as he likes; his account, organization, networks and unique ids
//! are given to him. So for each condition key there is a set of values that some stranger can have, written as patterns, and a
//! condition limits strangers only if no value of it lies in the set (IAM Access Analyzer decides alike; S3 User Guide,
//! *The meaning of "public"*). The values are tried in the evaluator.

use super::network::is_broad;
use super::subject::{Held, Subject};
use super::witness::{Keys, VALUE, absent, fixed, session, with_variables_filled};
use crate::document::Condition;
use crate::glob::Glob;
use crate::operator::{Comparison, Operator};
use crate::request::{Fact, Principal};
use crate::validate::PolicyKind;
use crate::value;
use kagimori_id::arn::padded_parts;

/// A stranger with what may be said of him.
pub(super) struct Stranger {
    pub(super) principal: Principal,
    pub(super) keys: Keys,
}

/// Ids that are given, as AWS's pages write them.
const ORGANIZATION: &str = "o-outsider00";
const ORGANIZATION_PATH: &str = "o-outsider00/r-ab12/";
const ROLE_ID: &str = "AROAIOSFODNN7EXAMPLE";
const USER_ID: &str = "AIDACKCEVSQ6C2EXAMPLE";
const VPC: &str = "vpc-0a1b2c3d4e5f67890";
const ENDPOINT: &str = "vpce-0a1b2c3d4e5f67890";

/// Everybody whom a statement for everybody may let in: nobody in particular, roles and users of other accounts, services that
/// act for other accounts.
pub(super) fn strangers(subject: &Subject<'_>, held: &Held<'_>) -> Vec<Stranger> {
    let mut strangers = Vec::new();
    // Nobody assumes a role without credentials.
    if subject.kind != PolicyKind::Trust {
        strangers.push(nobody(held));
    }
    for account in accounts(subject, held) {
        strangers.push(role(held, &account));
        strangers.push(user(held, &account));
        if subject.kind == PolicyKind::Resource && held.statement.conditions.iter().any(is_of_source) {
            let name =
                value_of(held, "aws:PrincipalServiceName").unwrap_or_else(|| "s3.amazonaws.com".to_owned());
            strangers.push(Stranger {
                keys: of_service(subject, held, &name, &account),
                principal: Principal::Service { name },
            });
        }
    }
    strangers
}

/// The keys of a service that acts for a resource of a stranger's account.
pub(super) fn of_service(subject: &Subject<'_>, held: &Held<'_>, service: &str, account: &str) -> Keys {
    let mut keys: Keys = [
        "aws:PrincipalArn",
        "aws:PrincipalOrgID",
        "aws:PrincipalOrgPaths",
        "aws:PrincipalAccount",
        "aws:username",
    ]
    .map(absent)
    .into();
    let partition = subject.partition;
    let prefix = service.split('.').next().unwrap_or_default();
    // Names of buckets are free, and their ARNs have no account; those of the policy are taken.
    let sources = [format!("arn:{partition}:*:*:{account}:*"), format!("arn:{partition}:s3:::*")];
    let mut source = within(held, "aws:SourceArn", &sources);
    source.push(Fact::One(format!("arn:{partition}:{prefix}:us-east-1:{account}:{VALUE}")));
    keys.push(("aws:sourcearn".to_owned(), source));
    keys.push(fixed("aws:SourceOrgID", ORGANIZATION));
    keys.push(("aws:sourceorgpaths".to_owned(), vec![Fact::Many(vec![ORGANIZATION_PATH.to_owned()])]));
    keys.push(fixed("aws:PrincipalIsAWSService", "true"));
    keys.push(fixed("aws:PrincipalServiceName", service));
    keys.push(("aws:principalservicenameslist".to_owned(), vec![Fact::Many(vec![service.to_owned()])]));
    keys.extend(["aws:SourceAccount", "aws:SourceOwner", "kms:CallerAccount"].map(|key| fixed(key, account)));
    // The service names what it encrypts, which is of the stranger's account (KMS Developer Guide, `encrypt_context`).
    let contexts = held.statement.conditions.iter().map(|condition| condition.key.to_lowercase());
    for key in contexts.filter(|key| key.starts_with("kms:encryptioncontext:")) {
        let mut facts = within(held, &key, &sources);
        facts.push(Fact::One(VALUE.to_owned()));
        keys.push((key, facts));
    }
    keys
}

/// A few accounts of strangers: one that is no account of the document, and those that its patterns leave open.
pub(super) fn accounts(subject: &Subject<'_>, held: &Held<'_>) -> Vec<String> {
    const ACCOUNTS_MAX: usize = 3;
    let mut accounts = vec![subject.outsider.clone()];
    let values = held.statement.conditions.iter().flat_map(|condition| condition.values.as_slice());
    for text in values.map(|value| value.text()) {
        let part = if text.contains(':') { padded_parts(text)[4] } else { text };
        let is_partly_open = part.contains(['*', '?']) && part.bytes().any(|b| b.is_ascii_digit());
        let filled = part.replace('?', "9");
        let missing = 13_usize.saturating_sub(filled.len());
        let account = filled.replacen('*', &"9".repeat(missing), 1);
        let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
        if is_partly_open && is_account && !subject.names_account(&account) {
            accounts.push(account);
        }
    }
    accounts.truncate(ACCOUNTS_MAX);
    accounts
}

fn nobody(held: &Held<'_>) -> Stranger {
    let mut keys = everywhere(held, None);
    keys.extend(
        ["aws:PrincipalArn", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:username"].map(absent),
    );
    keys.extend(["aws:SourceIdentity", "aws:FederatedProvider"].map(absent));
    keys.extend(["aws:PrincipalAccount", "aws:userid"].map(|key| fixed(key, "anonymous")));
    keys.push(fixed("aws:PrincipalType", "Anonymous"));
    keys.extend(tags(held).map(|key| (key, vec![Fact::Absent])));
    Stranger { principal: Principal::Anonymous, keys }
}

fn role(held: &Held<'_>, account: &str) -> Stranger {
    let mut keys = identity(held, account, "role");
    keys.push(chosen(held, "aws:userid", &[&format!("{ROLE_ID}:*")]));
    keys.push(fixed("aws:PrincipalType", "AssumedRole"));
    keys.push(absent("aws:username"));
    keys.push(perhaps(held, "aws:SourceIdentity", &["*"]));
    let providers = [
        format!("arn:aws:iam::{account}:oidc-provider/*"),
        format!("arn:aws:iam::{account}:saml-provider/*"),
    ];
    let built_in =
        ["accounts.google.com", "cognito-identity.amazonaws.com", "www.amazon.com", "graph.facebook.com"];
    let providers: Vec<&str> = providers.iter().map(String::as_str).chain(built_in).collect();
    keys.push(perhaps(held, "aws:FederatedProvider", &providers));
    Stranger { principal: session(account), keys }
}

fn user(held: &Held<'_>, account: &str) -> Stranger {
    let mut keys = identity(held, account, "user");
    keys.push(fixed("aws:userid", USER_ID));
    keys.push(fixed("aws:PrincipalType", "User"));
    keys.push(chosen(held, "aws:username", &["*"]));
    keys.extend(["aws:SourceIdentity", "aws:FederatedProvider"].map(absent));
    let arn = format!("arn:aws:iam::{account}:user/{VALUE}");
    Stranger { principal: Principal::User { account: account.to_owned(), arn }, keys }
}

/// What roles and users of an account have in common.
fn identity(held: &Held<'_>, account: &str, kind: &str) -> Keys {
    let mut keys = everywhere(held, Some(account));
    let arns =
        ["aws", "aws-cn", "aws-us-gov"].map(|partition| format!("arn:{partition}:iam::{account}:{kind}/*"));
    let arns: Vec<&str> = arns.iter().map(String::as_str).collect();
    keys.push(chosen(held, "aws:PrincipalArn", &arns));
    keys.push(fixed("aws:PrincipalAccount", account));
    // An account in no organization has neither (IAM User Guide, `reference_policies_condition-keys`, *aws:PrincipalOrgID*: only where
    // the principal is a member of one).
    let organization = Fact::One(ORGANIZATION.to_owned());
    keys.push(("aws:principalorgid".to_owned(), vec![organization, Fact::Absent]));
    let path = Fact::Many(vec![ORGANIZATION_PATH.to_owned()]);
    keys.push(("aws:principalorgpaths".to_owned(), vec![path, Fact::Absent]));
    let tags: Vec<_> = tags(held).map(|key| perhaps(held, &key, &["*"])).collect();
    keys.extend(tags);
    keys
}

/// What does not depend on who calls: the network, and the resources in between.
fn everywhere(held: &Held<'_>, account: Option<&str>) -> Keys {
    let mut keys: Keys = [
        "aws:PrincipalServiceName",
        "aws:PrincipalServiceNamesList",
        "aws:SourceArn",
        "aws:SourceAccount",
        "aws:SourceOrgID",
        "aws:SourceOrgPaths",
        "aws:Ec2InstanceSourcePrivateIPv4",
    ]
    .map(absent)
    .into();
    keys.push(fixed("aws:PrincipalIsAWSService", "false"));
    let account = account.unwrap_or("999999999999");
    for key in ["aws:SourceOwner", "kms:CallerAccount", "s3:DataAccessPointAccount"] {
        keys.push(fixed(key, account));
    }
    keys.push(("aws:sourceip".to_owned(), addresses(held)));
    // Whoever has a network has an endpoint in it.
    for (key, id) in [
        ("aws:SourceVpc", VPC),
        ("aws:Ec2InstanceSourceVpc", VPC),
        ("aws:SourceVpce", ENDPOINT),
        ("aws:VpceAccount", account),
        ("aws:VpceOrgID", ORGANIZATION),
        ("aws:VpceOrgPaths", ORGANIZATION_PATH),
    ] {
        keys.push(perhaps(held, key, &[id]));
    }
    keys.push(perhaps(held, "aws:SourceVpcArn", &[&format!("arn:aws:ec2:*:{account}:vpc/{VPC}")]));
    keys.push(perhaps(held, "s3:DataAccessPointArn", &[&format!("arn:aws:s3:*:{account}:accesspoint/*")]));
    for key in
        ["lambda:SourceFunctionArn", "ec2:SourceInstanceARN", "aws:ChatbotSourceArn", "aws:SignInSessionArn"]
    {
        keys.push(perhaps(held, key, &[&format!("arn:aws:*:*:{account}:*")]));
    }
    for key in ["kms:ViaService", "lambda:FunctionUrlAuthType"] {
        keys.push(perhaps(held, key, &["*"]));
    }
    keys
}

/// Addresses outside every network that the statement names; and inside those that are the internet but for the name.
fn addresses(held: &Held<'_>) -> Vec<Fact> {
    let of_address = conditions(held, "aws:SourceIp").flat_map(|condition| condition.values.as_slice());
    let ranges: Vec<_> = of_address.filter_map(|value| value::ip_range(value.text())).collect();
    let anywhere = ["198.51.100.7", "203.0.113.7", "192.0.2.7", "2001:db8::7", "2001:db8:ffff::7"];
    let anywhere = anywhere.iter().filter_map(|text| text.parse::<std::net::IpAddr>().ok());
    let is_outside = |address: &std::net::IpAddr| {
        ranges.iter().filter(|range| !is_broad(range)).all(|range| !range.contains(address))
    };
    let broad = ranges.iter().filter(|range| is_broad(range)).filter_map(|range| range.hosts().nth(7));
    let found: Vec<_> = anywhere.chain(broad).filter(is_outside).collect();
    found.into_iter().map(|address| Fact::One(address.to_string())).collect()
}

fn is_of_source(condition: &Condition) -> bool {
    let key = condition.key.to_ascii_lowercase();
    matches!(key.as_str(), "aws:sourcearn" | "aws:sourceaccount" | "aws:sourceorgid" | "aws:sourceorgpaths")
        || key == "aws:principalservicename"
        || key == "aws:principalisawsservice"
}

fn tags<'a>(held: &'a Held<'_>) -> impl Iterator<Item = String> + use<'a> {
    let keys = held.statement.conditions.iter().map(|condition| condition.key.to_lowercase());
    keys.filter(|key| key.starts_with("aws:principaltag/"))
}

fn conditions<'a>(held: &'a Held<'_>, key: &'a str) -> impl Iterator<Item = &'a Condition> {
    held.statement.conditions.iter().filter(move |condition| condition.key.eq_ignore_ascii_case(key))
}

fn value_of(held: &Held<'_>, key: &str) -> Option<String> {
    let value = conditions(held, key).next()?.values.as_slice().first()?;
    Some(value.text().replace('*', "s3"))
}

/// A key that every request of the stranger has: what he may choose of it.
fn chosen(held: &Held<'_>, key: &str, sets: &[&str]) -> (String, Vec<Fact>) {
    let mut facts: Vec<Fact> = sets.iter().take(1).map(|set| Fact::One(set.replace('*', VALUE))).collect();
    facts.extend(within(held, key, &sets.iter().map(|set| (*set).to_owned()).collect::<Vec<_>>()));
    (key.to_lowercase(), facts)
}

/// A key that a request may lack.
fn perhaps(held: &Held<'_>, key: &str, sets: &[&str]) -> (String, Vec<Fact>) {
    let (key, mut facts) = chosen(held, key, sets);
    facts.insert(0, Fact::Absent);
    (key, facts)
}

/// The values that meet a condition on a key and lie in one of the sets, which are patterns.
fn within(held: &Held<'_>, key: &str, sets: &[String]) -> Vec<Fact> {
    let mut facts = Vec::new();
    for condition in conditions(held, key) {
        let Some(operator) = Operator::parse(&condition.operator) else { continue };
        let is_pattern = matches!(operator.comparison, Comparison::StringLike | Comparison::Arn);
        for value in condition.values.as_slice() {
            let text = with_variables_filled(value.text());
            let wanted = if is_pattern { Glob::policy(&text) } else { Glob::literal(&text) };
            // Names without an account in them are somebody's once they are spelled out.
            let free = sets.iter().filter(|set| !set.ends_with(":s3:::*") || !wanted.is_literal());
            let texts = free.filter_map(|set| wanted.common_text(&Glob::policy(set)));
            for text in texts {
                facts.extend([Fact::One(text.clone()), Fact::Many(vec![text])]);
            }
        }
    }
    facts
}
