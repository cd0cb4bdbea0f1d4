//! What takes the place of a key: whom the role lets in, with the facts that only the company knows.

use std::collections::BTreeMap;

use kagimori_id::{AccountId, Arn};

use crate::class::Class;
use crate::github;

/// Where a role would live, and in which account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct Place {
    /// `aws`, `aws-cn` …
    pub partition: String,
    /// The account of the user and of the role.
    pub account: AccountId,
}

/// Whom a role lets in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "each has a trust policy of its own")]
pub enum Target {
    /// A service of AWS that sends neither `aws:SourceAccount` nor `aws:SourceArn` (EC2, Lambda), by its principal.
    Service(&'static str),
    /// A service that sends the account it calls for (ECS, App Runner, CodeBuild), with the form of `aws:SourceArn` where it sends that.
    ServiceOfAccount(&'static str, Option<&'static str>),
    /// A pod by EKS Pod Identity.
    Pod {
        /// The cluster.
        cluster: Arn,
        /// The namespace.
        namespace: String,
        /// The service account.
        service_account: String,
    },
    /// Whoever has a token of an OpenID Connect provider, with the values of its claims: `sub`, `aud`.
    Token(Token),
    /// A server with a certificate (IAM Roles Anywhere).
    Certificate {
        /// The trust anchor.
        anchor: Arn,
        /// The common name of the certificate.
        subject: String,
        /// The common name of who issued it.
        issuer: String,
    },
    /// A vendor, by its account or role, with the external id that it gave.
    Vendor {
        /// Its account's id, or the ARN of its role.
        principal: String,
        /// As the vendor made it.
        external_id: String,
    },
}

/// Whose token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct Token {
    /// The issuer without `https://`.
    pub issuer: String,
    /// A provider that AWS has itself (`accounts.google.com`): no provider of the account is made.
    pub is_built_in: bool,
    /// `aud`.
    pub audience: String,
    /// `oaud`, of Google's.
    pub other_audience: Option<String>,
    /// `sub`: those that are let in, all of their forms.
    pub subjects: Vec<String>,
    /// A subject may end in anything from here on (Bitbucket's has the step).
    pub is_pattern: bool,
}

/// Why no role can be drawn up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "each is said otherwise")]
pub enum NoTarget {
    /// These facts are missing: their names, with what each is.
    Missing(Vec<Fact>),
    /// A fact that is of no form: its name, its value, the form.
    Malformed(&'static str, String, &'static str),
    /// People get permission sets or roles of the bastion.
    People,
    /// No role is possible: keys stay, with an address and an end.
    KeysOnly,
    /// How such a program gets a role is not known here.
    NotKnown,
}

/// A fact that somebody of the company knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_structs, reason = "a name with its words")]
pub struct Fact {
    /// Its name in `migrate.toml`.
    pub name: &'static str,
    /// What it is, in English and in Japanese.
    pub words: (&'static str, &'static str),
}

/// Facts by their names.
pub type Facts = BTreeMap<String, String>;

const fn fact(name: &'static str, english: &'static str, japanese: &'static str) -> Fact {
    Fact { name, words: (english, japanese) }
}

const REPOSITORY: Fact = fact(
    "repository",
    "the repository, `OWNER/REPO`, with ids `OWNER@1/REPO@2` (`gh api repos/OWNER/REPO`)",
    "リポジトリ（`OWNER/REPO`、ID 付きは `OWNER@1/REPO@2`）",
);
const JOB: Fact = fact(
    "job",
    "`environment:NAME`, `ref:refs/heads/BRANCH`, `ref:refs/tags/TAG` or `pull_request`",
    "`environment:名前`、`ref:refs/heads/ブランチ`、`ref:refs/tags/タグ`、`pull_request` のいずれか",
);
const SUBJECT: Fact = fact("subject", "the token's `sub`, whole", "トークンの `sub` 全体");
const AUDIENCE: Fact = fact("audience", "the token's `aud`", "トークンの `aud`");
const ORGANIZATION: Fact =
    fact("organization", "the organization (CircleCI: its UUID)", "組織（CircleCI は UUID）");
const PROJECT: Fact = fact("project", "the project (CircleCI: its UUID)", "プロジェクト（CircleCI は UUID）");
const WORKSPACE: Fact = fact("workspace", "the workspace", "ワークスペース");
const WORKSPACE_ID: Fact = fact("workspace_uuid", "the workspace's UUID", "ワークスペースの UUID");
const REPOSITORY_ID: Fact = fact("repository_uuid", "the repository's UUID", "リポジトリの UUID");
const PHASE: Fact = fact(
    "run_phase",
    "`plan` or `apply`: each gets a role of its own",
    "`plan` または `apply`（それぞれ別のロール）",
);
const PIPELINE: Fact = fact("pipeline", "the pipeline", "パイプライン");
const REF: Fact = fact("ref", "the ref: `refs/heads/main`", "ref（`refs/heads/main` など）");
const CLUSTER: Fact = fact("cluster", "the ARN of the EKS cluster", "EKS クラスターの ARN");
const NAMESPACE: Fact = fact("namespace", "the namespace of the pod", "Pod の名前空間");
const ACCOUNT: Fact = fact(
    "service_account",
    "the service account of the pod (Google: its numeric unique id)",
    "Pod のサービスアカウント（Google は数値の一意の ID）",
);
const ISSUER: Fact = fact(
    "issuer",
    "the issuer of the cluster's tokens, without `https://`",
    "クラスターのトークンの発行者（`https://` なし）",
);
const TENANT: Fact = fact("tenant", "the tenant's id", "テナント ID");
const OBJECT: Fact = fact(
    "object",
    "the object id of the managed identity's service principal",
    "マネージド ID のサービスプリンシパルのオブジェクト ID",
);
const ANCHOR: Fact = fact(
    "trust_anchor",
    "the ARN of the trust anchor of IAM Roles Anywhere",
    "IAM Roles Anywhere のトラストアンカーの ARN",
);
const NAME: Fact =
    fact("common_name", "the common name of the server's certificate", "サーバー証明書のコモンネーム");
const ISSUED_BY: Fact = fact("issuer_common_name", "the common name of its issuer", "発行者のコモンネーム");
const VENDOR: Fact =
    fact("vendor", "the vendor's role ARN, or its account id", "ベンダーのロールの ARN、またはアカウント ID");
const EXTERNAL: Fact =
    fact("external_id", "the external id that the vendor made for you", "ベンダーが発行した外部 ID");

/// The facts that a class's target needs.
pub fn facts_of(class: Class) -> &'static [Fact] {
    match class {
        Class::AwsEks => &[CLUSTER, NAMESPACE, ACCOUNT],
        Class::CiGithub => &[REPOSITORY, JOB],
        Class::CiGitlab => &[PROJECT, REF],
        Class::CiCircleci => &[ORGANIZATION, PROJECT],
        Class::CiBitbucket => &[WORKSPACE, WORKSPACE_ID, REPOSITORY_ID],
        Class::CiBuildkite => &[ORGANIZATION, PIPELINE, REF],
        Class::CiTerraform => &[ORGANIZATION, PROJECT, WORKSPACE, PHASE],
        Class::CiOther | Class::CiAzure => &[ISSUER, AUDIENCE, SUBJECT],
        Class::OutsideGcp => &[ACCOUNT, AUDIENCE],
        Class::OutsideAzure => &[TENANT, AUDIENCE, OBJECT],
        Class::OutsideKubernetes => &[ISSUER, NAMESPACE, ACCOUNT],
        Class::OutsideServer | Class::CiJenkins => &[ANCHOR, NAME, ISSUED_BY],
        Class::Saas => &[VENDOR, EXTERNAL],
        _ => &[],
    }
}

/// The target of a class, with the facts that are known.
///
/// # Errors
/// [`NoTarget`] when facts are missing or of no form, or no role is possible.
pub fn target(class: Class, facts: &Facts) -> Result<Target, NoTarget> {
    let wanted = facts_of(class);
    let missing: Vec<Fact> =
        wanted.iter().filter(|fact| facts.get(fact.name).is_none_or(String::is_empty)).copied().collect();
    if !missing.is_empty() {
        return Err(NoTarget::Missing(missing));
    }
    let get = |fact: Fact| facts.get(fact.name).map(String::as_str).unwrap_or_default();
    for fact in wanted {
        plain(*fact, get(*fact))?;
    }
    let token = |issuer: String, audience: &str, subject: String| {
        Target::Token(Token {
            issuer,
            is_built_in: false,
            audience: audience.to_owned(),
            other_audience: None,
            subjects: vec![subject],
            is_pattern: false,
        })
    };
    Ok(match class {
        Class::AwsEc2 => Target::Service("ec2.amazonaws.com"),
        Class::AwsLambda => Target::Service("lambda.amazonaws.com"),
        Class::AwsEcs => Target::ServiceOfAccount("ecs-tasks.amazonaws.com", Some("ecs")),
        Class::AwsAppRunner => Target::ServiceOfAccount("tasks.apprunner.amazonaws.com", None),
        Class::AwsCodeBuild => Target::ServiceOfAccount("codebuild.amazonaws.com", Some("codebuild")),
        Class::AwsEks => Target::Pod {
            cluster: arn(CLUSTER, get(CLUSTER), "eks", "arn:aws:eks:REGION:ACCOUNT:cluster/NAME")?,
            namespace: get(NAMESPACE).to_owned(),
            service_account: get(ACCOUNT).to_owned(),
        },
        Class::CiGithub => Target::Token(github(get(REPOSITORY), get(JOB))?),
        Class::CiGitlab => {
            let (kind, name) = match get(REF).strip_prefix("refs/tags/") {
                Some(tag) => ("tag", tag),
                None => ("branch", get(REF).trim_start_matches("refs/heads/")),
            };
            let subject = format!("project_path:{}:ref_type:{kind}:ref:{name}", get(PROJECT));
            token("gitlab.com".to_owned(), "https://gitlab.com", subject)
        }
        Class::CiCircleci => {
            let (organization, project) = (get(ORGANIZATION), get(PROJECT));
            let issuer = format!("oidc.circleci.com/org/{organization}");
            let subject = format!("org/{organization}/project/{project}/user/*");
            pattern(token(issuer, organization, subject))
        }
        Class::CiBitbucket => {
            let braced = |id: &str| format!("{{{}}}", id.trim_matches(['{', '}']));
            let issuer =
                format!("api.bitbucket.org/2.0/workspaces/{}/pipelines-config/identity/oidc", get(WORKSPACE));
            let audience =
                format!("ari:cloud:bitbucket::workspace/{}", get(WORKSPACE_ID).trim_matches(['{', '}']));
            pattern(token(issuer, &audience, format!("{}:*", braced(get(REPOSITORY_ID)))))
        }
        Class::CiBuildkite => {
            let subject =
                format!("organization:{}:pipeline:{}:ref:{}:*", get(ORGANIZATION), get(PIPELINE), get(REF));
            pattern(token("agent.buildkite.com".to_owned(), "sts.amazonaws.com", subject))
        }
        Class::CiTerraform => {
            let phase = get(PHASE);
            if !["plan", "apply"].contains(&phase) {
                return Err(NoTarget::Malformed(PHASE.name, phase.to_owned(), "`plan` or `apply`"));
            }
            let subject = format!(
                "organization:{}:project:{}:workspace:{}:run_phase:{phase}",
                get(ORGANIZATION),
                get(PROJECT),
                get(WORKSPACE)
            );
            token("app.terraform.io".to_owned(), "aws.workload.identity", subject)
        }
        Class::CiOther | Class::CiAzure => token(issuer(get(ISSUER)), get(AUDIENCE), get(SUBJECT).to_owned()),
        Class::OutsideKubernetes => {
            let subject = format!("system:serviceaccount:{}:{}", get(NAMESPACE), get(ACCOUNT));
            token(issuer(get(ISSUER)), "sts.amazonaws.com", subject)
        }
        Class::OutsideGcp => {
            let id = get(ACCOUNT);
            if !id.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(NoTarget::Malformed(
                    ACCOUNT.name,
                    id.to_owned(),
                    "the numeric unique id, not the e-mail address",
                ));
            }
            // `azp` is in Google's tokens, so that the key `aud` is about it, and `oaud` about the token's own audience.
            Target::Token(Token {
                issuer: "accounts.google.com".to_owned(),
                is_built_in: true,
                audience: id.to_owned(),
                other_audience: Some(get(AUDIENCE).to_owned()),
                subjects: vec![id.to_owned()],
                is_pattern: false,
            })
        }
        // The trailing slash is part of the issuer.
        Class::OutsideAzure => {
            token(format!("sts.windows.net/{}/", get(TENANT)), get(AUDIENCE), get(OBJECT).to_owned())
        }
        Class::OutsideServer | Class::CiJenkins => Target::Certificate {
            anchor: arn(
                ANCHOR,
                get(ANCHOR),
                "rolesanywhere",
                "arn:aws:rolesanywhere:REGION:ACCOUNT:trust-anchor/ID",
            )?,
            subject: get(NAME).to_owned(),
            issuer: get(ISSUED_BY).to_owned(),
        },
        Class::Saas => vendor(get(VENDOR), get(EXTERNAL))?,
        Class::PersonConsole | Class::PersonCli | Class::PersonTool => return Err(NoTarget::People),
        Class::Device => return Err(NoTarget::KeysOnly),
        Class::AwsOther => return Err(NoTarget::NotKnown),
    })
}

/// Wildcards and variables would let in others than was said.
fn plain(fact: Fact, value: &str) -> Result<(), NoTarget> {
    let is_plain = value.chars().all(|letter| (' '..='\u{ff}').contains(&letter))
        && !value.contains(['*', '?', '$', '"']);
    match is_plain {
        true => Ok(()),
        false => Err(NoTarget::Malformed(
            fact.name,
            value.to_owned(),
            "one name, without `*`, `?`, `$` or letters beyond Latin-1",
        )),
    }
}

fn arn(fact: Fact, text: &str, service: &str, form: &'static str) -> Result<Arn, NoTarget> {
    let parsed = Arn::parse(text).ok().filter(|arn| arn.service() == service && arn.account().is_some());
    parsed.ok_or_else(|| NoTarget::Malformed(fact.name, text.to_owned(), form))
}

fn issuer(text: &str) -> String {
    text.trim_start_matches("https://").to_owned()
}

fn pattern(target: Target) -> Target {
    match target {
        Target::Token(token) => Target::Token(Token { is_pattern: true, ..token }),
        other => other,
    }
}

/// Both forms where the ids are known, else the classic one, which breaks on a rename.
fn github(repository: &str, job: &str) -> Result<Token, NoTarget> {
    let malformed = |fact: Fact, value: &str, form| NoTarget::Malformed(fact.name, value.to_owned(), form);
    if github::Repository::parse(repository).is_none() {
        return Err(malformed(REPOSITORY, repository, "`OWNER/REPO`, or with ids `OWNER@1/REPO@2`"));
    }
    let form = "`environment:NAME`, `ref:refs/heads/BRANCH`, `ref:refs/tags/TAG` or `pull_request`";
    let subject = github::Subject::parse(&format!("repo:{repository}:{job}"));
    let known = |claim: &github::Claim| !matches!(claim, github::Claim::Other(..));
    let subject = subject
        .filter(|subject| subject.claims.iter().all(known))
        .ok_or_else(|| malformed(JOB, job, form))?;
    let mut subjects = vec![subject.to_string()];
    if subject.is_immutable() {
        subjects.push(subject.classic().to_string());
    }
    Ok(Token {
        issuer: "token.actions.githubusercontent.com".to_owned(),
        is_built_in: false,
        audience: "sts.amazonaws.com".to_owned(),
        other_audience: None,
        subjects,
        is_pattern: false,
    })
}

/// `sts:ExternalId` has 2 to 1,224 characters (STS API Reference, `AssumeRole`).
fn vendor(principal: &str, external_id: &str) -> Result<Target, NoTarget> {
    let is_role =
        Arn::parse(principal).is_ok_and(|arn| arn.service() == "iam" && arn.resource().starts_with("role/"));
    if AccountId::parse(principal).is_err() && !is_role {
        return Err(NoTarget::Malformed(
            VENDOR.name,
            principal.to_owned(),
            "an account id of 12 digits, or the ARN of a role",
        ));
    }
    let is_id = (2..=1224).contains(&external_id.len())
        && external_id.chars().all(|letter| letter.is_ascii_alphanumeric() || "_+=,.@:/-".contains(letter));
    if !is_id {
        return Err(NoTarget::Malformed(
            EXTERNAL.name,
            external_id.to_owned(),
            "2 to 1,224 letters, digits and `_+=,.@:/-`",
        ));
    }
    Ok(Target::Vendor { principal: principal.to_owned(), external_id: external_id.to_owned() })
}
