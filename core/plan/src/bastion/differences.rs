//! Where an estate is not as the file says, and the changes that make it so.

use kagimori_estate::Estate;
use kagimori_estate::change::{
    Change, EntityChange, Holdings, IdentityChange, InlinePolicy, ManagedPolicyChange, WireDocument,
};
use kagimori_estate::fact::Known;
use kagimori_estate::model::{Account, Grants, Group, Listing, ManagedPolicy, Policy, Role};
use kagimori_id::{AccountId, Arn};
use kagimori_policy::compare::{self, Verdict};
use kagimori_policy::document::Document;

use super::target::{GROUP_POLICY, collect};
use super::{Target, TargetRole, trust};

/// Where an estate is not as the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Differences {
    /// In an order in which their changes can be made.
    pub found: Vec<Difference>,
    /// What could not be told.
    pub unknown: Vec<Unknown>,
}

/// One thing that is not as the file says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// Where.
    pub account: AccountId,
    /// What, in a sentence.
    pub what: String,
    /// What makes it so.
    pub changes: Vec<Change>,
    /// What makes it so and no change of a plan does: a command.
    pub by_hand: Option<String>,
}

/// One thing that could not be told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unknown {
    /// Where.
    pub account: AccountId,
    /// What, and why.
    pub what: String,
    /// What to do about it.
    pub hint: String,
}

/// Compares an estate with what the file comes to.
pub fn differences(target: &Target, estate: &Estate) -> Differences {
    let mut differences = Differences::default();
    for id in target.accounts() {
        let account = estate.accounts.get(&id).filter(|account| differences.knows(account, Listing::Roles));
        let Some(account) = account else {
            if !estate.accounts.contains_key(&id) {
                differences.unknown(id, format!("nothing is known of the account {id}"), collect(id));
            }
            continue;
        };
        let roles: Vec<&TargetRole> = target.roles.iter().filter(|role| role.account == id).collect();
        if let Some(first) = roles.first() {
            differences.boundary(account, &first.boundary, &target.boundary);
        }
        for wanted in roles {
            match account.roles.get(wanted.arn.name()) {
                None => differences.new_role(target, wanted),
                Some(role) => differences.role(target, wanted, role),
            }
        }
    }
    if let Some(account) = estate.accounts.get(&target.account)
        && differences.knows(account, Listing::Groups)
    {
        match account.groups.get(target.group.name()) {
            None => differences.new_group(target),
            Some(group) => differences.group(target, account, group),
        }
    }
    differences
}

impl Differences {
    /// All changes, in order.
    pub fn changes(&self) -> Vec<Change> {
        self.found.iter().flat_map(|difference| difference.changes.iter().cloned()).collect()
    }

    fn knows(&mut self, account: &Account, listing: Listing) -> bool {
        match account.listing(listing).known() {
            Ok(()) => true,
            Err(gap) => {
                let what = format!("`{}` of {} is not all known: {gap}", listing.member(), account.id);
                self.unknown(account.id, what, collect(account.id));
                false
            }
        }
    }

    fn unknown(&mut self, account: AccountId, what: String, hint: String) {
        self.unknown.push(Unknown { account, what, hint });
    }

    fn found(&mut self, account: AccountId, what: String, changes: Vec<Change>) {
        self.found.push(Difference { account, what, changes, by_hand: None });
    }

    fn boundary(&mut self, account: &Account, arn: &Arn, wanted: &Document) {
        let id = account.id;
        let document = WireDocument(wanted.clone());
        let Some(held) = account.policies.get(arn) else {
            let what = format!("there is no policy `{}`, the boundary of its roles", arn.name());
            let create = ManagedPolicyChange::CreatePolicy { policy: arn.clone(), document };
            return self.found(id, what, vec![create.into()]);
        };
        if is_same(&held.document, wanted) {
            return;
        }
        let what = format!("the policy `{}`, the boundary of its roles, says something else", arn.name());
        match next_version(held) {
            Some(version) => {
                let anew = ManagedPolicyChange::CreatePolicyVersion {
                    policy: arn.clone(),
                    version,
                    document,
                    makes_room: None,
                };
                self.found(id, what, vec![anew.into()]);
            }
            None => self.unknown(id, format!("{what}, and which versions it has is not known"), collect(id)),
        }
    }

    fn new_role(&mut self, target: &Target, wanted: &TargetRole) {
        let holds = Holdings {
            attached: wanted.policies.clone(),
            boundary: Some(wanted.boundary.clone()),
            trust: Some(WireDocument(target.trust.clone())),
            max_session_seconds: (wanted.session_seconds != 3_600).then_some(wanted.session_seconds),
            ..Holdings::default()
        };
        let create = EntityChange::CreateIdentity { identity: wanted.arn.clone(), holds: Box::new(holds) };
        self.found(wanted.account, format!("there is no role `{}`", wanted.arn.name()), vec![create.into()]);
    }

    fn role(&mut self, target: &Target, wanted: &TargetRole, role: &Role) {
        let (id, name) = (wanted.account, &role.name);
        if role.arn != wanted.arn {
            let what = format!("the role `{name}` is {}, and the file says {}", role.arn, wanted.arn);
            let by_hand = Some("give the role its path in the file (`path = \"/…/\"`), or choose another name: AWS moves no role".to_owned());
            return self.found.push(Difference { account: id, what, changes: Vec::new(), by_hand });
        }
        if let Some(gap) = role.grants.gap() {
            self.unknown(
                id,
                format!("the policies of the role `{name}` are not all known: {gap}"),
                collect(id),
            );
        }
        if role.grants.boundary.as_ref() != Some(&wanted.boundary) {
            let what = match &role.grants.boundary {
                None => format!("the role `{name}` has no boundary"),
                Some(other) => format!("the role `{name}` is bounded by {other}"),
            };
            let set =
                IdentityChange::SetBoundary { identity: role.arn.clone(), policy: wanted.boundary.clone() };
            self.found(id, what, vec![set.into()]);
        }
        let is_trusted = match &role.trust.document {
            Ok(held) => *held == target.trust || trust::is_same(held, &target.trust),
            Err(_) => false,
        };
        if !is_trusted {
            let set = IdentityChange::SetTrustPolicy {
                role: role.arn.clone(),
                document: WireDocument(target.trust.clone()),
            };
            let what = format!("the trust policy of the role `{name}` lets in others, or asks otherwise");
            self.found(id, what, vec![set.into()]);
        }
        self.policies(id, &format!("the role `{name}`"), &role.arn, &role.grants, &wanted.policies);
        self.inline(id, &format!("the role `{name}`"), &role.arn, &role.grants, None);
        self.session(wanted, role);
    }

    fn session(&mut self, wanted: &TargetRole, role: &Role) {
        let (id, name) = (wanted.account, &role.name);
        match &role.max_session_seconds {
            Known::Known(held) if held.value == wanted.session_seconds => {}
            Known::Known(held) => {
                let what = format!(
                    "sessions of the role `{name}` may last {} seconds, and the file says {}",
                    held.value, wanted.session_seconds
                );
                let by_hand = Some(format!(
                    "aws iam update-role --role-name {name} --max-session-duration {}",
                    wanted.session_seconds
                ));
                self.found.push(Difference { account: id, what, changes: Vec::new(), by_hand });
            }
            Known::Unknown(gap) => self.unknown(
                id,
                format!("how long sessions of the role `{name}` may last is not known: {gap}"),
                format!(
                    "put the answer of `aws iam list-roles` into `snapshots/{id}/`; `kagimori collect` does"
                ),
            ),
        }
    }

    /// Attached policies: the new come first, so that nothing breaks halfway.
    fn policies(&mut self, id: AccountId, whose: &str, identity: &Arn, grants: &Grants, wanted: &[Arn]) {
        for policy in wanted.iter().filter(|policy| !grants.attached.contains(policy)) {
            let (identity, policy) = (identity.clone(), policy.clone());
            let what = format!("{whose} has not {policy}");
            self.found(
                id,
                what,
                vec![IdentityChange::AttachPolicy { identity, policy, position: None }.into()],
            );
        }
        for policy in grants.attached.iter().filter(|policy| !wanted.contains(policy)) {
            let (identity, policy) = (identity.clone(), policy.clone());
            let what = format!("{whose} has {policy}, too");
            self.found(id, what, vec![IdentityChange::DetachPolicy { identity, policy }.into()]);
        }
    }

    /// Inline policies beside one.
    fn inline(&mut self, id: AccountId, whose: &str, identity: &Arn, grants: &Grants, kept: Option<&str>) {
        for (name, _) in grants.inline.iter().filter(|(name, _)| Some(name.as_str()) != kept) {
            let what = format!("{whose} has the inline policy `{name}`, too");
            let (identity, name) = (identity.clone(), name.clone());
            self.found(id, what, vec![IdentityChange::DeleteInlinePolicy { identity, name }.into()]);
        }
    }

    fn new_group(&mut self, target: &Target) {
        let inline = InlinePolicy {
            name: GROUP_POLICY.to_owned(),
            document: WireDocument(target.group_policy.clone()),
        };
        let holds = Holdings {
            inline: vec![inline],
            members: target.people.iter().map(|user| user.name().to_owned()).collect(),
            ..Holdings::default()
        };
        let create = EntityChange::CreateIdentity { identity: target.group.clone(), holds: Box::new(holds) };
        let what = format!("there is no group `{}`", target.group.name());
        self.found(target.account, what, vec![create.into()]);
    }

    fn group(&mut self, target: &Target, account: &Account, group: &Group) {
        let (id, name) = (target.account, &group.name);
        let whose = format!("the group `{name}`");
        if let Some(gap) = group.grants.gap() {
            self.unknown(
                id,
                format!("the policies of the group `{name}` are not all known: {gap}"),
                collect(id),
            );
        }
        let held = group.grants.inline.iter().find(|(held, _)| held == GROUP_POLICY);
        if !held.is_some_and(|(_, policy)| is_same(policy, &target.group_policy)) {
            let what = match held {
                None => format!("{whose} has not the inline policy `{GROUP_POLICY}`"),
                Some(_) => {
                    format!("the inline policy `{GROUP_POLICY}` of the group `{name}` says something else")
                }
            };
            let put = IdentityChange::PutInlinePolicy {
                identity: group.arn.clone(),
                name: GROUP_POLICY.to_owned(),
                document: WireDocument(target.group_policy.clone()),
                position: None,
            };
            self.found(id, what, vec![put.into()]);
        }
        self.members(target, account, group);
        self.inline(id, &whose, &group.arn, &group.grants, Some(GROUP_POLICY));
        self.policies(id, &whose, &group.arn, &group.grants, &[]);
    }

    fn members(&mut self, target: &Target, account: &Account, group: &Group) {
        let (id, name) = (target.account, &group.name);
        for user in account.users.values() {
            let is_wanted = target.people.contains(&user.arn);
            let details = match &user.details {
                Known::Known(held) => &held.value,
                Known::Unknown(gap) => {
                    let what = format!("which groups the user `{}` is in is not known: {gap}", user.name);
                    self.unknown(id, what, collect(id));
                    continue;
                }
            };
            let (arn, group) = (user.arn.clone(), name.clone());
            match (is_wanted, details.groups.contains(name)) {
                (true, false) => {
                    let what = format!("the user `{}` is not in the group `{name}`", user.name);
                    let add = IdentityChange::AddToGroup { user: arn, group, position: None };
                    self.found(id, what, vec![add.into()]);
                }
                (false, true) => {
                    let what =
                        format!("the user `{}` is in the group `{name}` and not in the file", user.name);
                    self.found(id, what, vec![IdentityChange::RemoveFromGroup { user: arn, group }.into()]);
                }
                (true, true) | (false, false) => {}
            }
        }
    }
}

/// Whether a policy says what is wanted, in the same words or proved to.
fn is_same(held: &Policy, wanted: &Document) -> bool {
    held.document.as_ref().is_ok_and(|held| {
        held == wanted
            || compare::compare(std::slice::from_ref(held), std::slice::from_ref(wanted)).verdict()
                == Verdict::Equal
    })
}

/// `v4` after `v3`, where all versions are known.
fn next_version(held: &ManagedPolicy) -> Option<String> {
    let others = held.other_versions.value()?.iter().map(|version| &version.id);
    let numbers = others.chain([&held.default_version]).map(|id| id.strip_prefix('v')?.parse::<u32>().ok());
    let last = numbers.collect::<Option<Vec<u32>>>()?.into_iter().max()?;
    Some(format!("v{}", last.checked_add(1)?))
}
