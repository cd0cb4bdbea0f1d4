//! An account as sets: what can be acted upon, and what is known of it.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use fixedbitset::FixedBitSet;
use kagimori_estate::access::{Access, Among, Arranged, Graded, May, Question, Subject, Target, Targets};
use kagimori_estate::model::{Account, Grants, ManagedPolicy, Role, User};
use kagimori_id::Arn;
use kagimori_policy::quota::VERSIONS;
use kagimori_policy::request::Fact;

use super::NodeId;
use super::catalogue::{PathKind, Precondition, paths};
use super::trust::TrustIndex;
use crate::check::is_aws_owned;

/// The administration role of stack sets for which none is named (CloudFormation API, `CreateStackSet`, `AdministrationRoleARN`).
const STACK_SET_ROLE: &str = "AWSCloudFormationStackSetAdministrationRole";

/// What can be acted upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    User,
    Role,
    Group,
    Policy,
    /// What no snapshot names.
    Nothing,
}

#[derive(Debug)]
pub(super) struct World<'a> {
    /// Its place in the graph.
    pub(super) place: usize,
    /// The state of the organization that it is in, with the name the principals have for it.
    pub(super) state: Option<(usize, Arranged)>,
    pub(super) account: &'a Account,
    user_list: Vec<&'a User>,
    role_list: Vec<&'a Role>,
    pub(super) users: Targets,
    pub(super) user_nodes: Vec<Option<NodeId>>,
    pub(super) roles: Targets,
    pub(super) role_nodes: Vec<Option<NodeId>>,
    pub(super) groups: Targets,
    pub(super) group_names: Vec<&'a str>,
    /// Customer managed policies: those that the details hold, and those that are only named, as attached or as a boundary.
    pub(super) policies: Targets,
    /// Roles that people can come to act as: not those that are linked to a service.
    pub(super) open_roles: FixedBitSet,
    /// Of these, those that people can change: not those that AWS keeps.
    pub(super) writable_roles: FixedBitSet,
    /// Roles by the service that may assume them.
    services: BTreeMap<String, Graded>,
    /// Where the preconditions of the catalogue hold.
    holding: BTreeMap<Precondition, Graded>,
    /// Whether IAM Identity Center hands out roles somewhere in the estate.
    identity_center: Graded,
    /// Whether the account manages an organization.
    is_management: Graded,
    /// Who has a permissions boundary.
    bounded_users: Graded,
    bounded_roles: Graded,
    /// For each policy the roles it is attached to.
    pub(super) roles_of_policies: Vec<FixedBitSet>,
    pub(super) trust: TrustIndex,
    /// Whom any permission would make an administrator.
    pub(super) promising_users: OnceCell<Graded>,
    pub(super) promising_roles: OnceCell<Graded>,
    /// Whom it would without a boundary.
    pub(super) unbounded_users: OnceCell<Graded>,
    pub(super) unbounded_roles: OnceCell<Graded>,
    /// One thing, which stands for what no snapshot names.
    nothing: Targets,
    /// Customer managed policies that make administrators.
    full_policies: OnceCell<Vec<(String, May)>>,
    /// Some policy asks which policy is attached.
    pub(super) asks_for_policy: bool,
    /// The identity providers that roles trust, with these roles.
    providers: BTreeMap<String, Graded>,
}

/// What is known of an account beside what is in it.
#[derive(Debug)]
pub(super) struct About {
    pub(super) place: usize,
    pub(super) state: Option<(usize, Arranged)>,
    pub(super) has_identity_center: bool,
    pub(super) is_management: Option<bool>,
}

impl<'a> World<'a> {
    pub(super) fn of(
        about: &About,
        account: &'a Account,
        access: &Access<'_>,
        condition_keys: &BTreeSet<String>,
    ) -> Self {
        let keys = Keys::of(condition_keys);
        let users: Vec<&'a User> = account.users.values().collect();
        let roles: Vec<&'a Role> = account.roles.values().collect();
        let named: Vec<NamedPolicy<'_>> = named_policies(account);
        let policies: Vec<&NamedPolicy<'_>> = named.iter().collect();
        let trust = TrustIndex::of(&roles);
        let targets = |list: Vec<Target>| Targets::new(account.id, list);
        let role_target = |role: &&Role| Target {
            arn: role.arn.to_string(),
            context: keys.context(Some(&role.grants), Some(&role.tags)),
        };
        let user_target = |user: &&User| Target {
            arn: user.arn.to_string(),
            context: match user.details.value() {
                Some(details) => keys.context(Some(&details.grants), Some(&details.tags)),
                None => Vec::new(),
            },
        };
        let group_target = |arn: &Arn| Target { arn: arn.to_string(), context: keys.context(None, None) };
        let policy_target =
            |policy: &&NamedPolicy<'_>| Target { arn: policy.arn.to_string(), context: Vec::new() };
        let where_roles = |is_in: &dyn Fn(&Role) -> bool| set(&roles, |role| is_in(role));
        let mut world = Self {
            place: about.place,
            state: about.state,
            account,
            user_list: Vec::new(),
            role_list: Vec::new(),
            users: targets(users.iter().map(user_target).collect()),
            user_nodes: vec![None; users.len()],
            roles: targets(roles.iter().map(role_target).collect()),
            role_nodes: vec![None; roles.len()],
            groups: targets(account.groups.values().map(|group| group_target(&group.arn)).collect()),
            group_names: account.groups.keys().map(String::as_str).collect(),
            policies: targets(policies.iter().map(policy_target).collect()),
            open_roles: where_roles(&|role| !role.path.starts_with("/aws-service-role/")),
            writable_roles: where_roles(&|role| !is_aws_owned(role)),
            services: BTreeMap::new(),
            holding: holding(&users, &roles, &policies),
            identity_center: known(&[&()], |()| Some(about.has_identity_center)),
            is_management: known(&[&()], |()| about.is_management),
            bounded_users: known(&users, |user| {
                let grants = &user.details.value()?.grants;
                grants.knows_boundary().then_some(grants.boundary.is_some())
            }),
            bounded_roles: known(&roles, |role| {
                role.grants.knows_boundary().then_some(role.grants.boundary.is_some())
            }),
            roles_of_policies: Vec::new(),
            trust,
            promising_users: OnceCell::new(),
            promising_roles: OnceCell::new(),
            unbounded_users: OnceCell::new(),
            unbounded_roles: OnceCell::new(),
            nothing: targets(vec![Target { arn: "*".to_owned(), context: Vec::new() }]),
            full_policies: OnceCell::new(),
            asks_for_policy: condition_keys.contains("iam:policyarn"),
            providers: BTreeMap::new(),
        };
        world.services = world.trusting(access);
        world.roles_of_policies = world.attached(&roles);
        world.providers = world.by_provider(access);
        (world.user_list, world.role_list) = (users, roles);
        world
    }

    /// Notes which node a user or role is; gives its place.
    pub(super) fn settle(&mut self, kind: Kind, arn: &str, node: NodeId) -> usize {
        let (targets, nodes) = match kind {
            Kind::Role => (&self.roles, &mut self.role_nodes),
            _ => (&self.users, &mut self.user_nodes),
        };
        #[expect(
            clippy::expect_used,
            reason = "the targets are the users and roles of the account, by their ARNs"
        )]
        let place = targets.place(arn).expect("a subject is among the users or roles of its account");
        if let Some(slot) = nodes.get_mut(place) {
            *slot = Some(node);
        }
        place
    }

    pub(super) fn targets(&self, kind: Kind) -> &Targets {
        match kind {
            Kind::User => &self.users,
            Kind::Role => &self.roles,
            Kind::Group => &self.groups,
            Kind::Policy => &self.policies,
            Kind::Nothing => &self.nothing,
        }
    }

    /// Roles that a service may assume.
    pub(super) fn trusting_service(&self, service: &str) -> Option<&Graded> {
        self.services.get(service)
    }

    /// Where a precondition holds.
    pub(super) fn holding(&self, precondition: Precondition, kind: Kind) -> Option<&Graded> {
        match (precondition, kind) {
            (Precondition::Boundary, Kind::Role) => Some(&self.bounded_roles),
            (Precondition::Boundary, _) => Some(&self.bounded_users),
            (Precondition::IdentityCenter, _) => Some(&self.identity_center),
            (Precondition::ManagementAccount, _) => Some(&self.is_management),
            _ => self.holding.get(&precondition),
        }
    }

    /// The customer managed policies of a user, those of its groups too, or of a role.
    pub(super) fn own_policies(&self, kind: Kind, place: usize) -> FixedBitSet {
        let mut set = FixedBitSet::with_capacity(self.policies.len());
        let attached = self.own_grants(kind, place).into_iter().flat_map(|grants| &grants.attached);
        set.extend(attached.filter_map(|arn| self.policies.place(arn.as_str())));
        set
    }

    fn own_grants(&self, kind: Kind, place: usize) -> Vec<&'a Grants> {
        if kind == Kind::Role {
            return self.role_list.get(place).map(|role| &role.grants).into_iter().collect();
        }
        let details = self.user_list.get(place).and_then(|user| user.details.value());
        let Some(details) = details else { return Vec::new() };
        let groups = details.groups.iter().filter_map(|name| self.account.groups.get(name));
        groups.map(|group| &group.grants).chain([&details.grants]).collect()
    }

    /// For each policy the roles it is attached to.
    fn attached(&self, roles: &[&Role]) -> Vec<FixedBitSet> {
        let mut sets = vec![FixedBitSet::with_capacity(roles.len()); self.policies.len()];
        for (place, role) in roles.iter().enumerate() {
            let policies = role.grants.attached.iter().filter_map(|arn| self.policies.place(arn.as_str()));
            for policy in policies {
                sets.get_mut(policy).into_iter().for_each(|set| set.insert(place));
            }
        }
        sets
    }

    /// Whether a policy is attached to a role.
    pub(super) fn is_attached(&self, policy: usize, role: usize) -> bool {
        self.roles_of_policies.get(policy).is_some_and(|roles| roles.contains(role))
    }

    /// The groups a user is in.
    pub(super) fn own_groups(&self, place: usize) -> FixedBitSet {
        let mut set = FixedBitSet::with_capacity(self.groups.len());
        let details = self.user_list.get(place).and_then(|user| user.details.value());
        let names = details.into_iter().flat_map(|details| &details.groups);
        set.extend(names.filter_map(|name| self.group_names.iter().position(|known| known == name)));
        set
    }

    /// The roles that each service may assume: those of the catalogue, and whatever else trust policies name.
    fn trusting(&self, access: &Access<'_>) -> BTreeMap<String, Graded> {
        let known = paths().iter().flat_map(|path| &path.services).map(String::as_str);
        let services: BTreeSet<&str> = known.chain(self.trust.services()).collect();
        let graded = |service: &str| {
            let mut graded = Graded::none(self.roles.len());
            let Some(subject) = self.service(access, service) else { return graded };
            let among =
                Among { set: &self.trust.naming_service(service), apart: &|place| self.trust.text_of(place) };
            graded = access.may_each(&subject, &assume_role(), &self.roles, Some(among));
            for action in besides(service) {
                let question = Question { action: (*action).to_owned(), ..assume_role() };
                graded.intersect(&access.may_each(&subject, &question, &self.roles, Some(among)));
            }
            // A pool of Cognito identities is named as a provider; which pool it is, is a condition of the trust policy.
            graded.add(&self.trust.naming_provider(service), May::If);
            graded.intersect(&Graded::of(&self.open_roles, May::Surely));
            graded
        };
        services.into_iter().map(|service| (service.to_owned(), graded(service))).collect()
    }

    /// The roles that trust each identity provider of IAM. Whoever holds a SAML provider's keys signs what he likes; what an
    /// OIDC issuer says is not his to choose.
    fn by_provider(&self, access: &Access<'_>) -> BTreeMap<String, Graded> {
        let graded = |provider: &str| {
            let mut graded = Graded::none(self.roles.len());
            for place in
                self.trust.naming_provider(provider).ones().filter(|place| self.open_roles.contains(*place))
            {
                let mut one = FixedBitSet::with_capacity(self.roles.len());
                one.insert(place);
                let may = match provider.contains(":saml-provider/") {
                    true => {
                        let arranged = self.state.map(|(_, arranged)| arranged);
                        access.may_by_assertion(self.roles.arn(place), provider, self.account.id, arranged)
                    }
                    false => May::If,
                };
                graded.add(&one, may);
            }
            graded
        };
        self.trust.providers().map(|provider| (provider.to_owned(), graded(provider))).collect()
    }

    /// A service that works in the account.
    pub(super) fn service(&self, access: &Access<'_>, name: &str) -> Option<Subject> {
        Some(self.here(access, access.service(name, self.account.id)?))
    }

    /// Somebody who is not there yet.
    pub(super) fn newcomer(&self, access: &Access<'_>, arn: &str) -> Option<Subject> {
        Some(self.here(access, access.newcomer(self.account.id, arn)?))
    }

    fn here(&self, access: &Access<'_>, subject: Subject) -> Subject {
        match self.state {
            Some((_, arranged)) => access.in_arrangement(&subject, arranged),
            None => subject,
        }
    }

    /// Whether the account manages an organization; `None`: nobody knows.
    pub(super) fn is_management(&self) -> Option<bool> {
        match self.is_management.may(0) {
            May::Surely => Some(true),
            May::No => Some(false),
            May::If | May::Unknown => None,
        }
    }

    /// The identity providers that an action changes, with the roles that trust them.
    pub(super) fn providers_changed_by(&self, action: &str) -> impl Iterator<Item = (&str, &Graded)> {
        let kind = if action.contains("SAML") { ":saml-provider/" } else { ":oidc-provider/" };
        self.providers
            .iter()
            .filter(move |(arn, _)| arn.contains(kind))
            .map(|(arn, graded)| (arn.as_str(), graded))
    }

    /// The roles that trust an OpenID Connect provider with this in its name.
    pub(super) fn trusting_issuer(&self, issuer: &str) -> Graded {
        let mut sum = Graded::none(self.roles.len());
        let of_issuer = self.providers.iter().filter(|(arn, _)| arn.contains(issuer));
        of_issuer.for_each(|(_, graded)| super::powers::unite(&mut sum, graded));
        sum
    }

    /// Whether the list of the identity providers that a path is about was given.
    pub(super) fn knows_providers(&self, path: &PathKind) -> bool {
        let is_saml = path.needs.iter().any(|need| need.action.contains("SAML"));
        let list = if is_saml { &self.account.saml_providers } else { &self.account.oidc_providers };
        list.value().is_some()
    }

    /// Whether an identity provider is there; `None`: their list was not given.
    pub(super) fn has_provider(&self, provider: &str) -> Option<bool> {
        let is_saml = provider.contains(":saml-provider/");
        let list = if is_saml { &self.account.saml_providers } else { &self.account.oidc_providers };
        Some(list.value()?.iter().any(|arn| arn.as_str() == provider))
    }

    /// The services that trust policies name.
    pub(super) fn services(&self) -> impl Iterator<Item = &str> {
        self.services.keys().map(String::as_str)
    }

    pub(super) fn partition(&self) -> &str {
        self.policies.arn(0).split(':').nth(1).filter(|text| !text.is_empty()).unwrap_or("aws")
    }

    /// Whether there is a user, role, group or policy of this name.
    pub(super) fn has(&self, arn: &str) -> bool {
        [&self.users, &self.roles, &self.groups, &self.policies].iter().any(|targets| targets.is_taken(arn))
    }

    /// The customer managed policies.
    pub(super) fn policy_arns(&self) -> impl Iterator<Item = &str> {
        (0..self.policies.len()).map(|place| self.policies.arn(place))
    }

    /// The customer managed policies that make an administrator of whoever has one, be it under a condition, and those of which
    /// nobody can tell, because their documents are not known.
    pub(super) fn full_policies(&self, access: &Access<'_>) -> &[(String, May)] {
        self.full_policies.get_or_init(|| {
            let arn = format!("arn:{}:iam::{}:user/*", self.partition(), self.account.id);
            let Some(newcomer) = self.newcomer(access, &arn) else { return Vec::new() };
            let graded = |policy: &str| {
                let may = match access.holding(&newcomer, policy) {
                    Some(holder) => super::admin::administrator(access, &holder),
                    None => May::Unknown,
                };
                (may > May::No).then(|| (policy.to_owned(), may))
            };
            self.policy_arns().filter_map(graded).collect()
        })
    }

    /// Whether a user or role has a permissions boundary, or may have one.
    pub(super) fn is_bounded(&self, kind: Kind, place: usize) -> bool {
        self.holding(Precondition::Boundary, kind).is_some_and(|bounded| bounded.may(place) > May::No)
    }

    /// The permissions boundary of a user or role.
    pub(super) fn boundary(&self, kind: Kind, place: usize) -> Option<&str> {
        self.grants_of(kind, place)?.boundary.as_ref().map(Arn::as_str)
    }

    /// Whether a user or role itself has a managed policy.
    pub(super) fn has_attached(&self, kind: Kind, place: usize, policy: &str) -> bool {
        let grants = self.grants_of(kind, place);
        grants.is_some_and(|grants| grants.attached.iter().any(|arn| arn.as_str() == policy))
    }

    fn grants_of(&self, kind: Kind, place: usize) -> Option<&'a Grants> {
        match kind {
            Kind::Role => self.role_list.get(place).map(|role| &role.grants),
            _ => self.user_list.get(place)?.details.value().map(|details| &details.grants),
        }
    }

    /// The ARN of a group.
    pub(super) fn group_arn(&self, place: usize) -> Option<&str> {
        Some(self.account.groups.get(*self.group_names.get(place)?)?.arn.as_str())
    }

    /// Whether a group has a managed policy.
    pub(super) fn group_has_attached(&self, place: usize, policy: &str) -> bool {
        let group = self.group_names.get(place).and_then(|name| self.account.groups.get(*name));
        group.is_some_and(|group| group.grants.attached.iter().any(|arn| arn.as_str() == policy))
    }

    /// The values that users and roles have of a tag.
    pub(super) fn tag_values(&self, key: &str) -> BTreeSet<String> {
        let users =
            self.user_list.iter().filter_map(|user| user.details.value()).map(|details| &details.tags);
        let tags = users.chain(self.role_list.iter().map(|role| &role.tags)).flatten();
        tags.filter(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value.clone()).collect()
    }
}

/// What a service does with a role beside assuming it, and the trust policy must allow: IAM Roles Anywhere gives its sessions tags
/// and a source identity (IAM Roles Anywhere User Guide, `trust-model`), EKS Pod Identity tags (EKS User Guide, `pod-id-role`).
pub(super) fn besides(service: &str) -> &'static [&'static str] {
    match service {
        "rolesanywhere.amazonaws.com" => &["sts:TagSession", "sts:SetSourceIdentity"],
        "pods.eks.amazonaws.com" => &["sts:TagSession"],
        _ => &[],
    }
}

/// `sts:AssumeRole`, on no role yet.
pub(super) fn assume_role() -> Question {
    Question {
        action: "sts:AssumeRole".to_owned(),
        resource: String::new(),
        resource_account: None,
        wildcard_only: false,
        common: None,
        context: Vec::new(),
        strict: false,
    }
}

/// The condition keys that resources bring and some policy asks about.
struct Keys {
    boundary: bool,
    /// Keys of tags, in lower case, with the tag's own key.
    tags: Vec<(String, String)>,
}

impl Keys {
    fn of(keys: &BTreeSet<String>) -> Self {
        let tags = ["aws:resourcetag/", "iam:resourcetag/"].into_iter().flat_map(|beginning| {
            keys.iter().filter_map(move |key| Some((key.clone(), key.strip_prefix(beginning)?.to_owned())))
        });
        let boundary = keys.iter().any(|key| key.starts_with("iam:permissionsboundary"));
        Self { boundary, tags: tags.collect() }
    }

    /// Groups have neither boundary nor tags.
    fn context(
        &self,
        grants: Option<&Grants>,
        tags: Option<&BTreeMap<String, String>>,
    ) -> Vec<(String, Fact)> {
        let value = |text: Option<&str>| text.map_or(Fact::Absent, |text| Fact::One(text.to_owned()));
        let boundary = grants.and_then(|grants| grants.boundary.as_ref()).map(Arn::as_str);
        let mut context: Vec<_> = self
            .boundary
            .then(|| ("iam:PermissionsBoundary".to_owned(), value(boundary)))
            .into_iter()
            .collect();
        for (key, tag) in &self.tags {
            let mut found = tags.into_iter().flatten().filter(|(name, _)| name.eq_ignore_ascii_case(tag));
            context.push((key.clone(), value(found.next().map(|(_, text)| text.as_str()))));
        }
        context
    }
}

fn set<T>(list: &[&T], is_in: impl Fn(&T) -> bool) -> FixedBitSet {
    let mut set = FixedBitSet::with_capacity(list.len());
    set.extend(list.iter().enumerate().filter(|(_, one)| is_in(one)).map(|(place, _)| place));
    set
}

/// Where something known holds surely, and where it may.
fn known<T>(list: &[&T], tell: impl Fn(&T) -> Option<bool>) -> Graded {
    let mut graded = Graded::of(&set(list, |one| tell(one) == Some(true)), May::Surely);
    graded.add(&set(list, |one| tell(one).is_none()), May::If);
    graded
}

/// A customer managed policy; `None`: the details do not hold what is attached.
struct NamedPolicy<'a> {
    arn: &'a Arn,
    held: Option<&'a ManagedPolicy>,
}

/// The customer managed policies of an account. What is attached is there, whether the details tell of it or not.
fn named_policies(account: &Account) -> Vec<NamedPolicy<'_>> {
    let users = account.users.values().filter_map(|user| user.details.value()).map(|details| &details.grants);
    let roles = account.roles.values().map(|role| &role.grants);
    let grants = account.groups.values().map(|group| &group.grants).chain(users).chain(roles);
    let named = grants.flat_map(|grants| grants.attached.iter().chain(&grants.boundary));
    let arns: BTreeSet<&Arn> = account.policies.keys().chain(named).collect();
    let is_own = |arn: &&Arn| arn.account().is_some();
    let policy = |arn| NamedPolicy { arn, held: account.policies.get(arn) };
    arns.into_iter().filter(is_own).map(policy).collect()
}

fn holding(
    users: &[&User],
    roles: &[&Role],
    policies: &[&NamedPolicy<'_>],
) -> BTreeMap<Precondition, Graded> {
    let keys = |user: &User| user.access_keys.value().map(Vec::len);
    let password = |user: &User| user.report.value().and_then(|row| row.password_enabled.value().copied());
    let versions = |policy: &NamedPolicy<'_>| policy.held?.version_count();
    BTreeMap::from([
        (Precondition::FewerThanTwoKeys, known(users, |user| keys(user).map(|count| count < 2))),
        (Precondition::TwoKeys, known(users, |user| keys(user).map(|count| count >= 2))),
        (Precondition::NoPassword, known(users, |user| password(user).map(|has| !has))),
        (Precondition::Password, known(users, password)),
        (Precondition::DefaultStackSetRole, known(roles, |role| Some(role.name == STACK_SET_ROLE))),
        (Precondition::InstanceProfile, known(roles, |role| Some(!role.instance_profiles.is_empty()))),
        (
            Precondition::RoomForAVersion,
            known(policies, |policy| versions(policy).map(|count| count < VERSIONS.most)),
        ),
        (
            Precondition::FullOfVersions,
            known(policies, |policy| versions(policy).map(|count| count >= VERSIONS.most)),
        ),
        (Precondition::UnreadVersions, known(policies, unread_versions)),
    ])
}

/// Whether a policy has other versions whose documents are not known; `None`: nobody knows whether there are any.
fn unread_versions(policy: &NamedPolicy<'_>) -> Option<bool> {
    let others = policy.held?.other_versions.value()?;
    Some(others.iter().any(|version| version.document.document.is_err()))
}
