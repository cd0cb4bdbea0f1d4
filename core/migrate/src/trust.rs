//! Trust policies of targets, and the proof of each: who was seen is let in, and every stranger is not, by both evaluators.

use kagimori_id::Arn;
use kagimori_policy::decision::Answer;
use kagimori_policy::document::Document;
use kagimori_policy::engine::decide_once;
use kagimori_policy::parse::{Strictness, parse};
use kagimori_policy::policies::Policies;
use kagimori_policy::print::print;
use kagimori_policy::reference;
use kagimori_policy::request::{Context, Principal, Request};
use serde_json::{Value, json};

use crate::target::{Place, Target, Token};

/// Characters of a trust policy, white space not counted (`reference_iam-quotas`, "Role trust policy length").
const LENGTH_MAX: usize = 2_048;

/// A trust policy with its proof.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Trust {
    /// The policy.
    pub document: Document,
    /// Who is let in, each with the requests that it makes.
    pub allowed: Vec<String>,
    /// Who is not.
    pub denied: Vec<String>,
    /// What is not as it has to be; empty: it is proved.
    pub broken: Vec<String>,
    /// What to know of it, in English and in Japanese.
    pub notes: Vec<(String, String)>,
}

/// Somebody who would assume the role.
struct Caller {
    name: String,
    principal: Principal,
    actions: &'static [&'static str],
    keys: Vec<(String, String)>,
}

const ASSUME: &[&str] = &["sts:AssumeRole"];
const POD: &[&str] = &["sts:AssumeRole", "sts:TagSession"];
const CERTIFICATE: &[&str] = &["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
const TOKEN: &[&str] = &["sts:AssumeRoleWithWebIdentity"];

/// An account that is nobody's here.
const ELSEWHERE: &str = "999999999999";

/// The trust policy of a target, proved. `None`: it cannot be written, which no target of this crate comes to.
pub fn trust(target: &Target, place: &Place, role: &Arn) -> Option<Trust> {
    let text = written(target, place).to_string();
    let document = parse(&text, Strictness::Strict).ok()?;
    let (callers, strangers) = (callers(target, place), strangers(target, place));
    let mut trust =
        Trust { document, allowed: Vec::new(), denied: Vec::new(), broken: Vec::new(), notes: notes(target) };
    for (caller, wanted) in
        callers.iter().map(|one| (one, true)).chain(strangers.iter().map(|one| (one, false)))
    {
        // A stranger is out when any of its calls is refused.
        let answers: Option<Vec<bool>> =
            caller.actions.iter().map(|action| admitted(&trust.document, caller, action, role)).collect();
        let is_in = answers.map(|answers| answers.iter().all(|is_in| *is_in));
        match is_in {
            Some(is_in) if is_in == wanted && wanted => trust.allowed.push(caller.name.clone()),
            Some(is_in) if is_in == wanted => trust.denied.push(caller.name.clone()),
            Some(_) if wanted => trust.broken.push(format!("{} is not let in", caller.name)),
            Some(_) => trust.broken.push(format!("{} is let in", caller.name)),
            None => trust.broken.push(format!("what becomes of {} cannot be told", caller.name)),
        }
    }
    let length = print(&trust.document).chars().filter(|letter| !letter.is_ascii_whitespace()).count();
    if length > LENGTH_MAX {
        trust.broken.push(format!("it has {length} characters, and AWS takes {LENGTH_MAX}"));
    }
    Some(trust)
}

impl Trust {
    /// Whether everybody who has to be is let in and every stranger is not.
    pub fn is_proved(&self) -> bool {
        self.broken.is_empty() && !self.allowed.is_empty() && !self.denied.is_empty()
    }
}

/// Whether a call is let in; `None`: the evaluators disagree, or it depends.
fn admitted(document: &Document, caller: &Caller, action: &str, role: &Arn) -> Option<bool> {
    let account = role.account()?.to_string();
    let mut context = Context::complete();
    for (key, value) in &caller.keys {
        context = context.with(key, value);
    }
    let request = Request {
        principal: caller.principal.clone(),
        action: action.to_owned(),
        resource: role.as_str().to_owned(),
        resource_account: account,
        wildcard_only: false,
        context,
    };
    // What a caller's own account allows is not asked here: the role has to refuse those who may ask.
    let own = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:*","Resource":"*"}}"#;
    let policies = Policies {
        identity: vec![parse(own, Strictness::Strict).ok()?],
        resource: Some(document.clone()),
        ..Policies::default()
    };
    let (fast, plain) = (decide_once(&request, &policies), reference::decide(&request, &policies).answer);
    match (fast, plain) {
        (Answer::Allowed, Answer::Allowed) => Some(true),
        (
            Answer::ImplicitlyDenied(_) | Answer::ExplicitlyDenied(_),
            Answer::ImplicitlyDenied(_) | Answer::ExplicitlyDenied(_),
        ) => Some(false),
        _ => None,
    }
}

fn written(target: &Target, place: &Place) -> Value {
    let (partition, account) = (&place.partition, place.account);
    let statement = match target {
        Target::Service(service) => json!({"Principal": {"Service": service}, "Action": "sts:AssumeRole"}),
        Target::ServiceOfAccount(service, source) => {
            let mut condition = json!({"StringEquals": {"aws:SourceAccount": account.to_string()}});
            if let (Some(source), Value::Object(all)) = (source, &mut condition) {
                let arn = format!("arn:{partition}:{source}:*:{account}:*");
                all.insert("ArnLike".to_owned(), json!({"aws:SourceArn": arn}));
            }
            json!({"Principal": {"Service": service}, "Action": "sts:AssumeRole", "Condition": condition})
        }
        Target::Pod { cluster, namespace, service_account } => json!({
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": POD,
            "Condition": {
                "StringEquals": {
                    "aws:SourceAccount": cluster.account().map(|account| account.to_string()),
                    "aws:RequestTag/kubernetes-namespace": namespace,
                    "aws:RequestTag/kubernetes-service-account": service_account,
                },
                "ArnEquals": {"aws:SourceArn": cluster.as_str()},
            },
        }),
        Target::Token(token) => of_token(token, place),
        Target::Certificate { anchor, subject, issuer } => json!({
            "Principal": {"Service": "rolesanywhere.amazonaws.com"},
            "Action": CERTIFICATE,
            "Condition": {
                "StringEquals": {
                    "aws:PrincipalTag/x509Subject/CN": subject,
                    "aws:PrincipalTag/x509Issuer/CN": issuer,
                },
                "ArnEquals": {"aws:SourceArn": anchor.as_str()},
            },
        }),
        Target::Vendor { principal, external_id } => {
            let aws = match principal.starts_with("arn:") {
                true => principal.clone(),
                false => format!("arn:{partition}:iam::{principal}:root"),
            };
            json!({
                "Principal": {"AWS": aws},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
            })
        }
    };
    let mut whole = json!({"Effect": "Allow"});
    if let (Value::Object(whole), Value::Object(statement)) = (&mut whole, statement) {
        whole.extend(statement);
    }
    json!({"Version": "2012-10-17", "Statement": [whole]})
}

fn of_token(token: &Token, place: &Place) -> Value {
    let subjects = match token.subjects.as_slice() {
        [one] => json!(one),
        several => json!(several),
    };
    let (aud, sub) = (format!("{}:aud", token.issuer), format!("{}:sub", token.issuer));
    let mut equals = json!({aud: token.audience});
    if let (Some(other), Value::Object(all)) = (&token.other_audience, &mut equals) {
        all.insert(format!("{}:oaud", token.issuer), json!(other));
    }
    let condition = match token.is_pattern {
        true => json!({"StringEquals": equals, "StringLike": {sub: subjects}}),
        false => {
            if let Value::Object(all) = &mut equals {
                all.insert(sub, subjects);
            }
            json!({"StringEquals": equals})
        }
    };
    json!({
        "Principal": {"Federated": provider(token, place)},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    })
}

/// The provider as a principal: AWS's own by its name, another by its ARN in the account.
pub(crate) fn provider(token: &Token, place: &Place) -> String {
    match token.is_built_in {
        true => token.issuer.clone(),
        false => format!("arn:{}:iam::{}:oidc-provider/{}", place.partition, place.account, token.issuer),
    }
}

fn service(name: &str, service: &str, actions: &'static [&'static str], keys: &[(&str, &str)]) -> Caller {
    Caller {
        name: name.to_owned(),
        principal: Principal::Service { name: service.to_owned() },
        actions,
        keys: keys.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
    }
}

/// Who has to be let in.
fn callers(target: &Target, place: &Place) -> Vec<Caller> {
    let account = place.account.to_string();
    match target {
        Target::Service(name) => vec![service(name, name, ASSUME, &[])],
        Target::ServiceOfAccount(name, source) => {
            let arn = source.map(|source| source_arn(source, place, &account)).unwrap_or_default();
            let mut keys = vec![("aws:SourceAccount", account.as_str())];
            keys.extend((!arn.is_empty()).then_some(("aws:SourceArn", arn.as_str())));
            vec![service(name, name, ASSUME, &keys)]
        }
        Target::Pod { cluster, namespace, service_account } => {
            vec![pod("the pod", cluster.as_str(), &owner(cluster), namespace, service_account)]
        }
        Target::Token(token) => token
            .subjects
            .iter()
            .map(|subject| {
                let subject = subject.replace('*', "0f3a");
                bearer(
                    &format!("`{subject}`"),
                    token,
                    place,
                    (&subject, &token.audience, token.other_audience.as_deref()),
                )
            })
            .collect(),
        Target::Certificate { anchor, subject, issuer } => {
            vec![certificate("the server", anchor.as_str(), subject, issuer)]
        }
        Target::Vendor { principal, external_id } => {
            vec![vendor("the vendor", principal, place, Some(external_id))]
        }
    }
}

/// Who must not be: the last column of the table of targets, and what people get wrong.
fn strangers(target: &Target, place: &Place) -> Vec<Caller> {
    let account = place.account.to_string();
    match target {
        Target::Service(name) => {
            let others = [
                "ec2.amazonaws.com",
                "lambda.amazonaws.com",
                "ecs-tasks.amazonaws.com",
                "codebuild.amazonaws.com",
            ];
            let others = others.into_iter().filter(|other| other != name);
            others.map(|other| service(other, other, ASSUME, &[])).chain([user(place)]).collect()
        }
        Target::ServiceOfAccount(name, source) => {
            let arn = source.map(|source| source_arn(source, place, ELSEWHERE)).unwrap_or_default();
            let mut keys = vec![("aws:SourceAccount", ELSEWHERE)];
            keys.extend((!arn.is_empty()).then_some(("aws:SourceArn", arn.as_str())));
            let own = [("aws:SourceAccount", account.as_str())];
            vec![
                service(&format!("{name} for another account"), name, ASSUME, &keys),
                service(&format!("{name} without an account"), name, ASSUME, &[]),
                service("ec2.amazonaws.com", "ec2.amazonaws.com", ASSUME, &own),
                user(place),
            ]
        }
        Target::Pod { cluster, namespace, service_account } => {
            let (arn, own) = (cluster.as_str(), owner(cluster));
            vec![
                pod("a pod of another namespace", arn, &own, "elsewhere", service_account),
                pod("another service account", arn, &own, namespace, "someone-else"),
                pod("a pod of another cluster", &format!("{arn}-2"), &own, namespace, service_account),
                pod("a pod of another account", arn, ELSEWHERE, namespace, service_account),
                user(place),
            ]
        }
        Target::Token(token) => of_others(token, place),
        Target::Certificate { anchor, subject, issuer } => vec![
            certificate("another server", anchor.as_str(), "other.example.com", issuer),
            certificate("a certificate of another issuer", anchor.as_str(), subject, "Other CA"),
            certificate("another trust anchor", &format!("{}0", anchor.as_str()), subject, issuer),
            user(place),
        ],
        Target::Vendor { principal, external_id } => vec![
            vendor("another customer of the vendor", principal, place, Some(&format!("{external_id}0"))),
            vendor("the vendor without an external id", principal, place, None),
            vendor("another account", ELSEWHERE, place, Some(external_id)),
            user(place),
        ],
    }
}

/// Tokens of others: another subject in each part, another audience, another provider.
fn of_others(token: &Token, place: &Place) -> Vec<Caller> {
    let mut strangers = Vec::new();
    let other = token.other_audience.as_deref();
    for subject in &token.subjects {
        let subject = subject.replace('*', "0f3a");
        for (what, wrong) in wrong_subjects(&subject) {
            // A pattern is there because of its end.
            if token.is_pattern && what == "a longer one" {
                continue;
            }
            if !token.subjects.contains(&wrong) {
                strangers.push(bearer(
                    &format!("{what}: `{wrong}`"),
                    token,
                    place,
                    (&wrong, &token.audience, other),
                ));
            }
        }
        strangers.push(bearer(
            "another audience",
            token,
            place,
            (&subject, "https://example.com/elsewhere", other),
        ));
        if let Some(other) = other {
            let swapped = (subject.as_str(), other, Some(token.audience.as_str()));
            strangers.push(bearer("audiences swapped", token, place, swapped));
            strangers.push(bearer(
                "another `oaud`",
                token,
                place,
                (&subject, &token.audience, Some("elsewhere")),
            ));
        }
        let elsewhere =
            Token { issuer: format!("other.{}", token.issuer), is_built_in: false, ..token.clone() };
        strangers.push(bearer("another provider", &elsewhere, place, (&subject, &token.audience, other)));
    }
    strangers.push(user(place));
    strangers
}

/// The subject with each of its parts somebody else's.
fn wrong_subjects(subject: &str) -> Vec<(&'static str, String)> {
    let mut wrong = vec![("no subject", String::new()), ("a longer one", format!("{subject}-evil"))];
    if subject.to_ascii_uppercase() != subject {
        wrong.push(("another case", subject.to_ascii_uppercase()));
    }
    if let Some(rest) = subject.strip_prefix("repo:") {
        let (repository, job) = rest.split_once(':').unwrap_or((rest, ""));
        let (owner, name) = repository.split_once('/').unwrap_or((repository, ""));
        wrong.push(("another owner", format!("repo:{owner}-evil/{name}:{job}")));
        wrong.push(("another repository", format!("repo:{owner}/{name}-evil:{job}")));
        for (what, other) in [
            ("another branch", "ref:refs/heads/evil"),
            ("another tag", "ref:refs/tags/evil"),
            ("a pull request", "pull_request"),
            ("another environment", "environment:evil"),
        ] {
            if other != job {
                wrong.push((what, format!("repo:{repository}:{other}")));
            }
        }
        if let (Some((owner, _)), Some((name, _))) = (owner.split_once('@'), name.split_once('@')) {
            wrong.push((
                "the same name with another id",
                format!("repo:{owner}@999999999/{name}@999999998:{job}"),
            ));
        }
    }
    if subject.contains("run_phase:apply") {
        wrong.push(("a plan on the role of applies", subject.replace("run_phase:apply", "run_phase:plan")));
    }
    if subject.contains("run_phase:plan") {
        wrong.push(("an apply on the role of plans", subject.replace("run_phase:plan", "run_phase:apply")));
    }
    for (key, what) in [
        ("organization:", "another organization"),
        ("project_path:", "another group"),
        ("system:serviceaccount:", "another namespace"),
        ("org/", "another organization"),
    ] {
        if let Some(rest) = subject.strip_prefix(key) {
            wrong.push((what, format!("{key}evil-{rest}")));
        }
    }
    if let Some((before, after)) = subject.split_once("/project/") {
        wrong.push(("another project", format!("{before}/project/evil-{after}")));
    }
    wrong
}

fn bearer(
    name: &str,
    token: &Token,
    place: &Place,
    (subject, audience, other): (&str, &str, Option<&str>),
) -> Caller {
    let mut keys = vec![(format!("{}:aud", token.issuer), audience.to_owned())];
    if !subject.is_empty() {
        keys.push((format!("{}:sub", token.issuer), subject.to_owned()));
    }
    if let Some(other) = other {
        keys.push((format!("{}:oaud", token.issuer), other.to_owned()));
    }
    let principal = Principal::Federated { provider: provider(token, place) };
    Caller { name: name.to_owned(), principal, actions: TOKEN, keys }
}

fn pod(name: &str, cluster: &str, account: &str, namespace: &str, service_account: &str) -> Caller {
    service(
        name,
        "pods.eks.amazonaws.com",
        POD,
        &[
            ("aws:SourceAccount", account),
            ("aws:SourceArn", cluster),
            ("aws:RequestTag/kubernetes-namespace", namespace),
            ("aws:RequestTag/kubernetes-service-account", service_account),
        ],
    )
}

fn certificate(name: &str, anchor: &str, subject: &str, issuer: &str) -> Caller {
    service(
        name,
        "rolesanywhere.amazonaws.com",
        CERTIFICATE,
        &[
            ("aws:SourceArn", anchor),
            ("aws:PrincipalTag/x509Subject/CN", subject),
            ("aws:PrincipalTag/x509Issuer/CN", issuer),
        ],
    )
}

fn vendor(name: &str, principal: &str, place: &Place, external_id: Option<&str>) -> Caller {
    let (account, arn) = match Arn::parse(principal) {
        Ok(arn) => {
            (arn.account().map(|account| account.to_string()).unwrap_or_default(), principal.to_owned())
        }
        Err(_) => {
            (principal.to_owned(), format!("arn:{}:iam::{principal}:role/integration", place.partition))
        }
    };
    let keys = [("aws:PrincipalArn", arn.as_str()), ("aws:PrincipalAccount", account.as_str())];
    let given = external_id.map(|id| ("sts:ExternalId", id));
    Caller {
        name: name.to_owned(),
        principal: Principal::Role { account: account.clone(), arn: arn.clone() },
        actions: ASSUME,
        keys: keys.into_iter().chain(given).map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
    }
}

/// A user of the account itself.
fn user(place: &Place) -> Caller {
    let arn = format!("arn:{}:iam::{}:user/somebody", place.partition, place.account);
    Caller {
        name: "a user of the account".to_owned(),
        keys: vec![("aws:PrincipalArn".to_owned(), arn.clone())],
        principal: Principal::User { account: place.account.to_string(), arn },
        actions: ASSUME,
    }
}

fn owner(arn: &Arn) -> String {
    arn.account().map(|account| account.to_string()).unwrap_or_default()
}

fn source_arn(service: &str, place: &Place, account: &str) -> String {
    format!("arn:{}:{service}:ap-northeast-1:{account}:kagimori", place.partition)
}

fn notes(target: &Target) -> Vec<(String, String)> {
    let note = |english: &str, japanese: &str| (english.to_owned(), japanese.to_owned());
    match target {
        Target::Service("ec2.amazonaws.com") => vec![note(
            "an instance takes the role by an instance profile; containers on it need a hop limit of 2 for IMDSv2",
            "インスタンスプロファイルで割り当てます。コンテナから使う場合は IMDSv2 のホップ制限を 2 にします",
        )],
        Target::Service("lambda.amazonaws.com") => vec![note(
            "the function has a role already: give that one these permissions, or this role to the function, and look for a `.env` in the package",
            "関数には既存の実行ロールがあります。そのロールに許可を追加するか、このロールに切り替えてください。パッケージ内の `.env` も確認してください",
        )],
        Target::ServiceOfAccount("ecs-tasks.amazonaws.com", _) => vec![note(
            "this is the task role, not the execution role; `env -i`, sudo and cron in the container lose the variable that the role comes by",
            "タスクロールです（タスク実行ロールではありません）。コンテナ内の `env -i`、sudo、cron ではロール用の環境変数が失われます",
        )],
        Target::ServiceOfAccount("tasks.apprunner.amazonaws.com", _) => vec![note(
            "this is the instance role, not the access role that pulls the image",
            "インスタンスロールです（イメージ取得用のアクセスロールではありません）",
        )],
        Target::Token(token) if token.issuer.starts_with("token.actions") && token.subjects.len() == 1 => {
            vec![note(
                "without the repository's ids this breaks when it is renamed, moved or opts into immutable subjects: give `repository = \"OWNER@1/REPO@2\"`",
                "リポジトリの ID がないため、名前の変更や移管、イミュータブルな subject への切り替えで使えなくなります。`repository = \"OWNER@1/REPO@2\"` を指定してください",
            )]
        }
        Target::Vendor { principal, .. } if !principal.starts_with("arn:") => vec![note(
            "the whole account of the vendor may assume it: ask for the ARN of its role",
            "ベンダーのアカウント全体が引き受けられます。ロールの ARN をベンダーに確認してください",
        )],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::class::Class;
    use crate::target::{Facts, NoTarget, target};

    fn facts(class: Class) -> Facts {
        let value = |name: &str| {
            match (class, name) {
                (Class::CiGithub, "repository") => "octo-org@123/octo-repo@456",
                (_, "job") => "environment:production",
                (Class::OutsideGcp, "service_account") => "104857600000000000001",
                (_, "cluster") => "arn:aws:eks:ap-northeast-1:444455556666:cluster/prod",
                (_, "trust_anchor") => {
                    "arn:aws:rolesanywhere:ap-northeast-1:444455556666:trust-anchor/0a1b2c3d"
                }
                (_, "vendor") => "464622532012",
                (_, "external_id") => "9f2c-shiosai",
                (_, "ref") => "refs/heads/main",
                (_, "run_phase") => "apply",
                (_, "issuer") => "https://oidc.eks.ap-northeast-1.amazonaws.com/id/EXAMPLE",
                (_, "workspace_uuid" | "repository_uuid") => "{2f1a0000-0000-4000-8000-000000000001}",
                (_, name) => return format!("a-{}", name.replace('_', "-")),
            }
            .to_owned()
        };
        crate::target::facts_of(class).iter().map(|fact| (fact.name.to_owned(), value(fact.name))).collect()
    }

    fn place() -> Place {
        Place { partition: "aws".to_owned(), account: kagimori_id::AccountId::parse("444455556666").unwrap() }
    }

    fn role() -> Arn {
        Arn::parse("arn:aws:iam::444455556666:role/migrated").unwrap()
    }

    #[test]
    fn every_target_lets_its_own_in_and_no_stranger() {
        let mut proved = BTreeMap::new();
        for class in Class::ALL {
            let target = match target(class, &facts(class)) {
                Ok(target) => target,
                Err(NoTarget::People | NoTarget::KeysOnly | NoTarget::NotKnown) => continue,
                Err(other) => panic!("{class:?}: {other:?}"),
            };
            let trust = trust(&target, &place(), &role()).unwrap();
            assert!(trust.is_proved(), "{class:?}: {:?}\n{}", trust.broken, print(&trust.document));
            assert!(print(&trust.document).chars().all(|letter| letter <= '\u{ff}'));
            proved.insert(class, trust.denied.len());
        }
        assert!(proved.len() >= 19, "{proved:?}");
        assert!(proved[&Class::CiGithub] >= 20, "{proved:?}");
    }

    /// A proof that nothing can break is none: the usual mistakes are found by the strangers.
    #[test]
    fn wider_policies_are_refuted() {
        let subject = "token.actions.githubusercontent.com:sub";
        let token = target(Class::CiGithub, &facts(Class::CiGithub)).unwrap();
        let right = written(&token, &place()).to_string();
        for (from, to) in [
            ("\"repo:octo-org/octo-repo:environment:production\"", "\"repo:octo-org/*\""),
            (
                "\"repo:octo-org@123/octo-repo@456:environment:production\"",
                "\"repo:octo-org@*/octo-repo@*:*\"",
            ),
        ] {
            let wide = right.replace("StringEquals", "StringLike").replace(from, to);
            assert_ne!(wide, right);
            let document = parse(&wide, Strictness::Strict).unwrap();
            let strangers = strangers(&token, &place());
            let lets_in = |one: &Caller| admitted(&document, one, TOKEN[0], &role()) == Some(true);
            assert!(strangers.iter().any(lets_in), "{wide} {subject}");
        }
    }

    #[test]
    fn facts_that_are_missing_or_odd_are_told() {
        assert!(
            matches!(target(Class::CiGithub, &Facts::new()), Err(NoTarget::Missing(facts)) if facts.len() == 2)
        );
        for (class, name, value) in [
            (Class::CiGithub, "repository", "octo-org"),
            (Class::CiGithub, "repository", "octo-org/*"),
            (Class::CiGithub, "job", "environment"),
            (Class::CiGithub, "job", "*"),
            (Class::CiGithub, "job", "job_workflow_ref:x"),
            (Class::CiTerraform, "run_phase", "*"),
            (Class::CiTerraform, "run_phase", "destroy"),
            (Class::OutsideGcp, "service_account", "bot@project.iam.gserviceaccount.com"),
            (Class::AwsEks, "cluster", "prod"),
            (Class::AwsEks, "namespace", "*"),
            (Class::OutsideServer, "trust_anchor", "arn:aws:iam::444455556666:role/x"),
            (Class::Saas, "vendor", "Datadog"),
            (Class::Saas, "external_id", "x"),
            (Class::OutsideServer, "common_name", "サーバー"),
        ] {
            let mut facts = facts(class);
            facts.insert(name.to_owned(), value.to_owned());
            assert!(
                matches!(target(class, &facts), Err(NoTarget::Malformed(told, ..)) if told == name),
                "{name} {value}"
            );
        }
    }
}
