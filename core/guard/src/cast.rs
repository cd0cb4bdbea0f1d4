//! Who is who: the callers that an obligation is about.
//!
//! | `who` | the estate's | made up, where the estate has none |
//! |---|---|---|
//! | `role`, `user` | roles and users of member accounts that are nothing of what follows | `role/kagimori-anyone`, `user/kagimori-anyone` |
//! | `exempt:PARAMETER` | those whose ARNs the parameter's patterns match | one for each pattern |
//! | `sso` | roles below `/aws-reserved/sso.amazonaws.com/` | one |
//! | `organization-access` | `OrganizationAccountAccessRole` | one |
//! | `service-linked` | roles below `/aws-service-role/` | one |
//! | `management` | roles and users of the management account | one |
//! | `root`, `central-root` | the root user of each member account, signed in or by `sts:AssumeRoot` | one |
//! | `stranger`, `anonymous`, `partner:PARAMETER`, `service:NAME`, `federated:PROVIDER`, an ARN | | it |

use std::collections::BTreeMap;

use kagimori_estate::Estate;
use kagimori_id::{AccountId, ArnParts};
use kagimori_policy::glob::Glob;
use kagimori_policy::request::{Context, Fact, Principal};

use crate::fill::Guard;

/// A caller that is asked about.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) principal: Principal,
    /// The account in which the guard holds: the caller's, or where that is another organization's, the one that is called.
    pub(crate) account: String,
    /// Whether nobody of the estate is it.
    pub(crate) is_made_up: bool,
    /// No SCP binds the management account.
    pub(crate) is_of_management: bool,
    /// A session of a root user by `sts:AssumeRoot`.
    pub(crate) is_central_root: bool,
}

/// The callers of an estate by what they are.
#[derive(Debug)]
pub(crate) struct Cast<'g> {
    guard: &'g Guard,
    callers: BTreeMap<String, Vec<Caller>>,
    /// A member account: that of whoever is made up.
    home: String,
    /// The management account, where it is known.
    management: Option<String>,
}

/// An account that AWS's documentation uses: where the estate has none.
const HOME: &str = "111122223333";
/// An account of nobody here.
const STRANGER: &str = "444455556666";
const SSO: &str = "role/aws-reserved/sso.amazonaws.com/";
const SERVICE_LINKED: &str = "role/aws-service-role/";
const ORGANIZATION_ACCESS: &str = "role/OrganizationAccountAccessRole";

impl<'g> Cast<'g> {
    pub(crate) fn of(guard: &'g Guard, estate: &Estate) -> Self {
        let management = estate.organization.management_account.value().copied();
        let home = estate.accounts.keys().copied().find(|account| Some(*account) != management);
        let home = home.map_or_else(|| HOME.to_owned(), |account| account.to_string());
        let named = management.map(|account| account.to_string());
        let mut cast = Self { guard, callers: BTreeMap::new(), home, management: named };
        for (id, account) in &estate.accounts {
            let is_of_management = Some(*id) == management;
            let users = account.users.values().map(|user| user.arn.as_str());
            for arn in users.chain(account.roles.values().map(|role| role.arn.as_str())) {
                cast.add(arn, *id, is_of_management);
            }
            if !is_of_management {
                cast.add_roots(*id);
            }
        }
        cast
    }

    fn add(&mut self, arn: &str, account: AccountId, is_of_management: bool) {
        let Ok(principal) = Principal::parse(arn) else { return };
        let caller = Caller {
            principal,
            account: account.to_string(),
            is_made_up: false,
            is_of_management,
            is_central_root: false,
        };
        for kind in self.kinds(arn, is_of_management) {
            self.callers.entry(kind).or_default().push(caller.clone());
        }
    }

    fn add_roots(&mut self, account: AccountId) {
        let account = account.to_string();
        for (kind, is_central_root) in [("root", false), ("central-root", true)] {
            let principal = root(&account);
            let caller = Caller {
                principal,
                account: account.clone(),
                is_made_up: false,
                is_of_management: false,
                is_central_root,
            };
            self.callers.entry(kind.to_owned()).or_default().push(caller);
        }
    }

    /// What a user or role is.
    fn kinds(&self, arn: &str, is_of_management: bool) -> Vec<String> {
        if is_of_management {
            return vec!["management".to_owned()];
        }
        let resource = ArnParts::parse(arn).map_or("", |parts| parts.resource);
        if resource.starts_with(SERVICE_LINKED) {
            return vec!["service-linked".to_owned()];
        }
        let exempt: Vec<String> = self.exempt(arn).map(|name| format!("exempt:{name}")).collect();
        if !exempt.is_empty() {
            return exempt;
        }
        let kind = match resource {
            _ if resource.starts_with(SSO) => "sso",
            ORGANIZATION_ACCESS => "organization-access",
            _ if resource.starts_with("user/") => "user",
            _ => "role",
        };
        vec![kind.to_owned()]
    }

    /// The parameters that exempt somebody.
    fn exempt(&self, arn: &str) -> impl Iterator<Item = &str> {
        let values = |name: &str| self.guard.values.get(name).into_iter().flatten();
        self.guard.template.exempting().filter(move |name| values(name).any(|pattern| is_like(arn, pattern)))
    }

    /// Whom an obligation is about. Somebody is made up beside those of the estate where it has none, and always of a kind of
    /// whom there may be more tomorrow.
    pub(crate) fn callers(&self, who: &str) -> Vec<Caller> {
        let mut callers = self.callers.get(who).cloned().unwrap_or_default();
        if callers.is_empty() || matches!(who, "role" | "user") {
            // Whoever was made exempt by a setting is asked about as that.
            let is_exempt =
                |caller: &Caller| caller.principal.arn().is_some_and(|arn| self.exempt(arn).next().is_some());
            let is_named = who.starts_with("exempt:");
            callers.extend(self.made_up(who).into_iter().filter(|caller| is_named || !is_exempt(caller)));
        }
        callers
    }

    fn made_up(&self, who: &str) -> Vec<Caller> {
        // Others call what is in an account of the estate; whoever is of it, what is in his own.
        let is_of_others = who == "stranger" || who.starts_with("partner:");
        let caller = |principal: Principal| {
            let own = principal.account().filter(|_| !is_of_others).unwrap_or(&self.home).to_owned();
            Caller {
                is_of_management: who == "management" || self.management.as_ref() == Some(&own),
                account: own,
                principal,
                is_made_up: true,
                is_central_root: who == "central-root",
            }
        };
        let iam = |account: &str, resource: &str| format!("arn:aws:iam::{account}:{resource}");
        let values = |name: &str| self.guard.values.get(name).cloned().unwrap_or_default();
        let parse = |arn: &str| Principal::parse(arn).ok();
        let home = |resource: &str| parse(&iam(&self.home, resource)).into_iter().collect::<Vec<_>>();
        let principals = match who.split_once(':').unwrap_or((who, "")) {
            ("role", _) => home("role/kagimori-anyone"),
            ("user", _) => home("user/kagimori-anyone"),
            ("management", _) => home("role/kagimori-management"),
            ("sso", _) => home(&format!("{SSO}AWSReservedSSO_Admin_0123456789abcdef")),
            ("organization-access", _) => home(ORGANIZATION_ACCESS),
            ("service-linked", _) => home(&format!("{SERVICE_LINKED}sso.amazonaws.com/AWSServiceRoleForSSO")),
            ("root" | "central-root", _) => vec![root(&self.home)],
            ("stranger", _) => parse(&iam(STRANGER, "role/stranger")).into_iter().collect(),
            ("anonymous", _) => vec![Principal::Anonymous],
            ("service", name) => vec![Principal::Service { name: name.to_owned() }],
            ("federated", provider) => {
                vec![Principal::Federated { provider: iam(&self.home, &format!("oidc-provider/{provider}")) }]
            }
            ("partner", name) => {
                values(name).iter().filter_map(|account| parse(&iam(account, "role/partner"))).collect()
            }
            ("exempt", name) => {
                values(name).iter().filter_map(|pattern| parse(&self.example(pattern))).collect()
            }
            _ => parse(&who.replace("<<account>>", &self.home)).into_iter().collect(),
        };
        principals.into_iter().map(caller).collect()
    }

    /// An ARN that a pattern matches.
    fn example(&self, pattern: &str) -> String {
        let [arn, partition, service, region, account, resource] =
            ArnParts::parse(pattern).map_or(["", "", "", "", "", pattern], |parts| parts.parts());
        let partition = if partition.contains('*') { "aws" } else { partition };
        let account = if account.contains('*') { &self.home } else { account };
        format!("{arn}:{partition}:{service}:{region}:{account}:{}", example(resource))
    }
}

impl Caller {
    /// What every request of the caller tells.
    pub(crate) fn context(&self) -> Context {
        let mut context = Context::complete();
        let mut tell = |key: &str, value: &str| {
            context.set(key, Fact::One(value.to_owned()));
        };
        let is_service = matches!(self.principal, Principal::Service { .. });
        tell("aws:PrincipalIsAWSService", if is_service { "true" } else { "false" });
        if let (Some(account), Some(arn)) = (self.principal.account(), self.principal.arn()) {
            tell("aws:PrincipalAccount", account);
            tell("aws:PrincipalArn", arn);
        }
        let is_session = matches!(self.principal, Principal::Role { .. } | Principal::Session { .. });
        if is_session || self.is_central_root {
            tell("aws:TokenIssueTime", "2026-11-01T00:00:00Z");
        }
        if self.is_central_root {
            tell("aws:AssumedRoot", "true");
        }
        context
    }

    /// Who it is, for people.
    pub(crate) fn name(&self) -> String {
        match &self.principal {
            Principal::Service { name } => name.clone(),
            Principal::Federated { provider } => provider.clone(),
            Principal::Anonymous => "anybody".to_owned(),
            principal => principal.arn().unwrap_or_default().to_owned(),
        }
    }
}

/// A text that a pattern of names matches.
pub(crate) fn example(pattern: &str) -> String {
    pattern.replace('*', "any").replace('?', "x")
}

/// Whether an ARN is like a pattern: part by part, as `ArnLike` compares (IAM User Guide,
/// `reference_policies_elements_condition_operators`).
fn is_like(arn: &str, pattern: &str) -> bool {
    let (Some(arn), Some(pattern)) = (ArnParts::parse(arn), ArnParts::parse(pattern)) else { return false };
    arn.parts().iter().zip(pattern.parts()).all(|(part, pattern)| Glob::policy(pattern).matches(part))
}

fn root(account: &str) -> Principal {
    Principal::Root { account: account.to_owned(), arn: format!("arn:aws:iam::{account}:root") }
}

/// Every user and role of an estate, and the root user of each account.
pub(crate) fn everybody(estate: &Estate) -> Vec<Caller> {
    let management = estate.organization.management_account.value().copied();
    let mut callers = Vec::new();
    for (id, account) in &estate.accounts {
        let caller = |principal: Principal| Caller {
            principal,
            account: id.to_string(),
            is_made_up: false,
            is_of_management: Some(*id) == management,
            is_central_root: false,
        };
        let users = account.users.values().map(|user| user.arn.as_str());
        let arns = users.chain(account.roles.values().map(|role| role.arn.as_str()));
        callers.extend(arns.filter_map(|arn| Principal::parse(arn).ok()).map(caller));
        callers.push(caller(root(&id.to_string())));
    }
    callers
}
