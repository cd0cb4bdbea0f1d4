//! From the command line to changes.

use std::path::Path;

use jiff::Timestamp;
use kagimori_estate::Estate;
use kagimori_estate::access::Access;
use kagimori_estate::change::{
    Change, CredentialChange, IdentityChange, ManagedPolicyChange, OrganizationChange, WireDocument, apply,
};
use kagimori_id::{AccessKeyId, Arn};
use kagimori_plan::Plan;
use kagimori_plan::replacement::replacement;
use kagimori_plan::require_mfa::{Asked, require_mfa};
use kagimori_terminal::printer;

use crate::args;
use crate::command::ask::{policy_file, subject};
use crate::error::AppError;
use crate::given;

/// The name of the inline policy that `--policy` puts.
const POLICY_NAME: &str = "kagimori-whatif";

/// What was asked for.
pub(super) struct Wanted {
    pub(super) title: String,
    pub(super) changes: Vec<Change>,
}

/// Reads every change of the command line. Each is made from the estate as the ones before leave it.
pub(super) fn read(args: &args::WhatIf, estate: &Estate, now: Timestamp) -> Result<Wanted, AppError> {
    let access = Access::of(estate);
    let mut wishes =
        Wishes { access: &access, estate: estate.clone(), changes: Vec::new(), kept: Vec::new() };
    let mut planned = None;
    if let Some(path) = &args.plan {
        let text = given::text(path).map_err(|source| AppError::read(path, source))?;
        let plan = Plan::read(&text).map_err(|error| AppError::Argument {
            message: format!("`{}`: {error}", path.display()),
            hint: error.hint().to_owned(),
        })?;
        wishes.all(plan.bare_changes())?;
        planned = Some((plan.title, wishes.changes.len()));
    }
    if let Some(path) = &args.changes {
        wishes.all(written(path)?)?;
    }
    for pair in &args.policy {
        let (principal, file) = wishes.principal_and_rest(pair, "alice=policy.json")?;
        let document = policy_file(Path::new(file))?;
        let changes = replacement(&wishes.estate, &principal, POLICY_NAME, &[document])
            .map_err(|error| argument(error.to_string(), error.hint()))?;
        let leaves = changes
            .iter()
            .any(|change| matches!(change, Change::Identity(IdentityChange::RemoveFromGroup { .. })));
        wishes.all(changes)?;
        if leaves && wishes.is_in_no_group(&principal) {
            printer::note(&format!(
                "{} would be in no group any more: a new finding of the review (`user-not-in-group`)",
                principal.name()
            ));
        }
    }
    for pair in &args.detach {
        let (identity, policy) = wishes.principal_and_policy(pair)?;
        wishes.one(Change::Identity(IdentityChange::DetachPolicy { identity, policy }))?;
    }
    for pair in &args.add {
        let (identity, policy) = wishes.principal_and_policy(pair)?;
        wishes.one(Change::Identity(IdentityChange::AttachPolicy { identity, policy, position: None }))?;
    }
    for pair in &args.boundary {
        wishes.boundary(pair)?;
    }
    wishes.identities(&args.identities, now)?;
    for role in &args.require_mfa {
        wishes.require_mfa(role)?;
    }
    for key in &args.key_off {
        wishes.key_off(key)?;
    }
    wishes.deletions(&args.identities)?;
    for (number, text) in args.scp.iter().enumerate() {
        wishes.scp(text, number)?;
    }
    if wishes.changes.is_empty() && !wishes.kept.is_empty() {
        let message = format!("nothing would change: {}", wishes.kept.join("; "));
        return Err(argument(message, "leave it out; nothing is to be done about it"));
    }
    wishes.kept.iter().for_each(|sentence| printer::note(sentence));
    if wishes.changes.is_empty() {
        return Err(argument(
            "nothing would change".to_owned(),
            "say what: `--plan`, `--changes`, `--policy`, `--detach`, `--key-off`, `--quarantine` …; `kagimori whatif --help` lists them",
        ));
    }
    // A plan alone keeps its title, and so its id.
    if let Some((title, _)) = planned.filter(|(_, count)| *count == wishes.changes.len()) {
        return Ok(Wanted { title, changes: wishes.changes });
    }
    let title = match wishes.changes.as_slice() {
        [only] => only.to_string(),
        [first, rest @ ..] => format!("{first}, and {} more", rest.len()),
        [] => String::new(),
    };
    Ok(Wanted { title, changes: wishes.changes })
}

/// Changes that somebody wrote: a JSON list, each as a plan holds it under `change`.
fn written(path: &Path) -> Result<Vec<Change>, AppError> {
    let text = given::text(path).map_err(|source| AppError::read(path, source))?;
    serde_json::from_str(&text).map_err(|error| AppError::Argument {
        message: format!("`{}` is no list of changes: {error}", path.display()),
        hint: "write them as a stored plan has them under `change`: `[{\"detach_policy\": {\"identity\": \"arn:…\", \"policy\": \"arn:…\"}}]`; `kagimori whatif --save` writes a plan to look at".to_owned(),
    })
}

pub(super) struct Wishes<'a> {
    access: &'a Access<'a>,
    pub(super) estate: Estate,
    pub(super) changes: Vec<Change>,
    /// Sentences on what is so already.
    kept: Vec<String>,
}

impl Wishes<'_> {
    pub(super) fn one(&mut self, change: Change) -> Result<(), AppError> {
        self.estate = apply(&self.estate, &change)
            .map_err(|error| argument(format!("cannot {change}: {error}"), error.hint()))?;
        self.changes.push(change);
        Ok(())
    }

    fn all(&mut self, changes: Vec<Change>) -> Result<(), AppError> {
        changes.into_iter().try_for_each(|change| self.one(change))
    }

    /// Whether a user is known to be in no group.
    fn is_in_no_group(&self, user: &Arn) -> bool {
        let account = user.account().and_then(|account| self.estate.accounts.get(&account));
        let held = account.and_then(|account| account.users.get(user.name())?.details.value());
        held.is_some_and(|details| details.groups.is_empty())
    }

    pub(super) fn principal(&self, name: &str) -> Result<Arn, AppError> {
        // A group has policies, a policy tags, and neither is a principal of a request.
        if name.contains(":group/") || name.contains(":policy/") {
            return Arn::parse(name).map_err(|error| argument(error.to_string(), "give its ARN"));
        }
        subject(self.access, name).map(|subject| subject.arn.clone())
    }

    pub(super) fn principal_and_rest<'t>(
        &self,
        pair: &'t str,
        example: &str,
    ) -> Result<(Arn, &'t str), AppError> {
        let (name, rest) = pair.split_once('=').ok_or_else(|| {
            argument(format!("`{pair}` has no `=`"), &format!("write it as in `{example}`"))
        })?;
        Ok((self.principal(name)?, rest))
    }

    fn principal_and_policy(&self, pair: &str) -> Result<(Arn, Arn), AppError> {
        let example = "alice=arn:aws:iam::aws:policy/ReadOnlyAccess";
        let (identity, policy) = self.principal_and_rest(pair, example)?;
        let policy = Arn::parse(policy)
            .map_err(|error| argument(error.to_string(), &format!("write it as in `{example}`")))?;
        Ok((identity, policy))
    }

    /// `PRINCIPAL=FILE` or `PRINCIPAL=ARN`.
    fn boundary(&mut self, pair: &str) -> Result<(), AppError> {
        let (identity, rest) = self.principal_and_rest(pair, "alice=boundary.json")?;
        if let Ok(policy) = Arn::parse(rest) {
            return self.one(Change::Identity(IdentityChange::SetBoundary { identity, policy }));
        }
        let document = WireDocument(policy_file(Path::new(rest))?);
        let account = identity.account().map(|account| account.to_string()).unwrap_or_default();
        let text = format!(
            "arn:{}:iam::{account}:policy/kagimori/boundary-{}",
            identity.partition(),
            identity.name()
        );
        let policy =
            Arn::parse(&text).map_err(|error| argument(error.to_string(), "give the principal's ARN"))?;
        self.one(Change::ManagedPolicy(ManagedPolicyChange::CreatePolicy {
            policy: policy.clone(),
            document,
        }))?;
        self.one(Change::Identity(IdentityChange::SetBoundary { identity, policy }))
    }

    fn require_mfa(&mut self, name: &str) -> Result<(), AppError> {
        let arn = self.principal(name)?;
        let account = arn.account().and_then(|account| self.estate.accounts.get(&account));
        let Some(role) = account.and_then(|account| account.roles.get(arn.name())) else {
            return Err(argument(
                format!("`{name}` is no role"),
                "MFA is asked for by the trust policy of a role",
            ));
        };
        let trust = role.trust.document.as_ref().map_err(|error| {
            argument(format!("the trust policy of {arn} cannot be read: {error}"), "take a fresh snapshot")
        })?;
        let document = match require_mfa(trust) {
            Asked::Now(document) => document,
            Asked::Already => {
                self.kept.push(format!(
                    "the trust policy of {arn} asks everybody who can have MFA for it already"
                ));
                return Ok(());
            }
            Asked::OfNobody => {
                return Err(argument(
                    format!("nobody whom the trust policy of {arn} names can have MFA"),
                    "services and identity providers have no MFA; leave the role out",
                ));
            }
            Asked::Untold => {
                return Err(argument(
                    format!(
                        "whom MFA would be asked of cannot be told: the trust policy of {arn} has `NotPrincipal`"
                    ),
                    "name whom it lets in with `Principal` first",
                ));
            }
        };
        self.one(Change::Identity(IdentityChange::SetTrustPolicy {
            role: arn,
            document: WireDocument(document),
        }))
    }

    fn key_off(&mut self, text: &str) -> Result<(), AppError> {
        let (user, key) = self.holder_of_key(text)?;
        self.one(Change::Credential(CredentialChange::SetAccessKeyStatus { user, key, active: false }))
    }

    /// Whose an access key is.
    pub(super) fn holder_of_key(&self, text: &str) -> Result<(Arn, AccessKeyId), AppError> {
        let key = AccessKeyId::parse(text)
            .map_err(|error| argument(error.to_string(), "give the id of an access key, not its secret"))?;
        let mut users = self.estate.accounts.values().flat_map(|account| account.users.values());
        let holds = |id: &Option<AccessKeyId>| id.as_ref() == Some(&key);
        let user =
            users.find(|user| user.access_keys.value().into_iter().flatten().any(|held| holds(&held.id)));
        match user.map(|user| user.arn.clone()) {
            Some(user) => Ok((user, key)),
            None => Err(argument(
                format!("no user of this directory has the access key `{text}`"),
                "the ids of keys come from `aws iam list-access-keys`; add its answers to the directory",
            )),
        }
    }

    /// `FILE` or `FILE@TARGET`.
    fn scp(&mut self, text: &str, number: usize) -> Result<(), AppError> {
        let (file, target) =
            text.rsplit_once('@').map_or((text, None), |(file, target)| (file, Some(target)));
        let target = match target {
            Some(target) => target.to_owned(),
            None => self.root_of_organization()?,
        };
        let document = WireDocument(policy_file(Path::new(file))?);
        let id = format!("p-whatif{}", number.saturating_add(1));
        let name = Path::new(file).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let kind = "SERVICE_CONTROL_POLICY".to_owned();
        self.one(Change::Organization(OrganizationChange::CreateOrganizationPolicy {
            id: id.clone(),
            name,
            kind,
            document,
        }))?;
        self.one(Change::Organization(OrganizationChange::AttachOrganizationPolicy {
            id,
            target,
            position: None,
        }))
    }

    fn root_of_organization(&self) -> Result<String, AppError> {
        let policies = self.estate.organization.policies.value().into_iter().flatten();
        let mut targets = policies.flat_map(|policy| policy.targets.value().into_iter().flatten());
        targets.find(|target| target.starts_with("r-")).cloned().ok_or_else(|| {
            argument(
                "the root of the organization is not known".to_owned(),
                "name the target (`--scp file.json@r-abcd`, `@ou-…` or `@ACCOUNT`), or add the organization's policies with their targets",
            )
        })
    }
}

pub(super) fn argument(message: String, hint: &str) -> AppError {
    AppError::Argument { message, hint: hint.to_owned() }
}
