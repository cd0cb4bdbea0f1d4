//! A world, and plans about it.

use kagimori_estate::center::{Boundary, CustomerPolicy, Principal};
use kagimori_estate::change::{
    CenterChange, Change, CredentialChange, EntityChange, Holdings, IdentityChange, InlinePolicy,
    ManagedPolicyChange, OidcProvider, OrganizationChange, ProviderChange, SamlProvider, SetParts, TagChange,
    WireDocument,
};
use kagimori_id::{AccessKeyId, Arn};
use kagimori_policy::parse::{Strictness, parse};

use super::world::center::{INSTANCE, PermissionSet};
use super::world::{ACCOUNT, Aws, Identity, OrganizationPolicy, Policy, Provider, World};
use crate::Plan;
use crate::plan::{PlanSchema, Premises, Step};

pub(super) const KEY: &str = "AKIAIOSFODNN7EXAMPLE";

pub(super) fn arn(resource: &str) -> Arn {
    Arn::parse(&format!("arn:aws:iam::{ACCOUNT}:{resource}")).unwrap()
}

pub(super) fn allow(action: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"*"}}]}}"#
    )
}

pub(super) fn trust(principal: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"sts:AssumeRole"}}]}}"#
    )
}

pub(super) fn wire(text: &str) -> WireDocument {
    WireDocument(parse(text, Strictness::Strict).unwrap())
}

/// A user with two keys, a role, a group, policies (one with room for one more version) and an SCP.
pub(super) fn world() -> World {
    let user = Identity {
        keys: [(KEY, "Active"), ("AKIAI44QH8DHBEXAMPLE", "Active")]
            .map(|(id, status)| (id.to_owned(), status.to_owned()))
            .into(),
        inline: [("work", "s3:*"), ("other", "sqs:*")]
            .map(|(name, action)| (name.to_owned(), allow(action)))
            .into(),
        attached: vec![arn("policy/first").to_string(), arn("policy/team/second").to_string()],
        groups: vec!["admins".to_owned(), "staff".to_owned()],
        tags: [("Team", "sea"), ("owner", "海運")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        ..Identity::default()
    };
    let role = Identity { trust: Some(trust("111122223333")), ..Identity::default() };
    let old = Identity {
        path: "/team/".to_owned(),
        description: "of last year".to_owned(),
        longest_session: 7_200,
        inline: [("own".to_owned(), allow("s3:*"))].into(),
        profiles: vec!["web".to_owned()],
        ..role.clone()
    };
    let staff = Identity { inline: [("own".to_owned(), allow("s3:*"))].into(), ..Identity::default() };
    let policy = |versions: &[(u32, &str)], default| Policy {
        versions: versions.iter().map(|(number, action)| (*number, allow(action))).collect(),
        default,
        ..Policy::default()
    };
    let scp = OrganizationPolicy {
        name: "FullAWSAccess".to_owned(),
        kind: "SERVICE_CONTROL_POLICY".to_owned(),
        text: allow("*"),
        targets: vec!["r-root".to_owned()],
    };
    World {
        identities: [
            ("User mika", user),
            ("Role deploy", role),
            ("Role old", old),
            ("Group admins", Identity::default()),
            ("Group staff", staff),
        ]
        .map(|(name, held)| (name.to_owned(), held))
        .into(),
        policies: [
            (
                arn("policy/first").to_string(),
                policy(&[(2, "ec2:A"), (3, "ec2:*"), (4, "ec2:B"), (5, "ec2:Describe*")], 5),
            ),
            (arn("policy/team/second").to_string(), policy(&[(1, "sns:*")], 1)),
        ]
        .into(),
        organization: [("p-FullAWSAccess".to_owned(), scp)].into(),
        alias: Some("shiosai-staging".to_owned()),
        providers: [("gitlab.com", "gitlab"), ("token.actions.githubusercontent.com", "sts.amazonaws.com")]
            .map(|(host, audience)| {
                let provider = Provider {
                    audiences: vec![audience.to_owned()],
                    thumbprints: vec!["a".repeat(40)],
                    ..Provider::default()
                };
                (arn(&format!("oidc-provider/{host}")).to_string(), provider)
            })
            .into(),
        saml: [("okta", "o"), ("entra", "e")]
            .map(|(name, letter)| {
                let tags = [("team".to_owned(), "sre".to_owned())].into();
                (arn(&format!("saml-provider/{name}")).to_string(), (metadata(letter), tags))
            })
            .into(),
        center: [(SET.to_owned(), admin_set())].into(),
        ..World::default()
    }
}

/// AWS with that, of whose first policy a sixth and a seventh version were deleted.
pub(super) fn aws() -> Aws {
    let mut aws = Aws::new(world());
    aws.counted(arn("policy/first").as_str(), 7);
    aws
}

/// A plan of changes, each with what undoes it.
pub(super) fn plan(pairs: &[(Change, Option<Change>)]) -> Plan {
    let step = |change: &Change| Step { sentence: change.to_string(), change: change.clone() };
    Plan {
        schema: PlanSchema { name: "kagimori.plan".to_owned(), version: 1 },
        id: "90454b7ab7233a89".to_owned(),
        title: "less".to_owned(),
        made_from: String::new(),
        changes: pairs.iter().map(|(change, _)| step(change)).collect(),
        way_back: pairs.iter().rev().filter_map(|(_, back)| back.as_ref().map(step)).collect(),
        rests_on: Premises::default(),
        evidence: None,
    }
}

pub(super) fn key(active: bool) -> Change {
    let key = AccessKeyId::parse(KEY).unwrap();
    CredentialChange::SetAccessKeyStatus { user: arn("user/mika"), key, active }.into()
}

fn inline(text: &str) -> Change {
    let (identity, name) = (arn("user/mika"), "work".to_owned());
    IdentityChange::PutInlinePolicy { identity, name, document: wire(text), position: None }.into()
}

fn both(change: impl Into<Change>, back: impl Into<Change>) -> (Change, Option<Change>) {
    (change.into(), Some(back.into()))
}

/// The number that a plan gives to the new version; AWS gives another.
fn versions() -> (Change, Option<Change>) {
    let policy = arn("policy/first");
    let made = ManagedPolicyChange::CreatePolicyVersion {
        policy: policy.clone(),
        version: "v6".to_owned(),
        document: wire(&allow("ec2:DescribeInstances")),
        makes_room: None,
    };
    both(
        made,
        ManagedPolicyChange::RestorePolicyVersion {
            policy,
            version: "v5".to_owned(),
            document: wire(&allow("ec2:Describe*")),
            delete: "v6".to_owned(),
        },
    )
}

/// A tag with another value, one that is new, and one that goes.
fn tags(identity: &Arn) -> [(Change, Option<Change>); 4] {
    let set = |key: &str, value: &str| {
        let (key, value) = (key.to_owned(), value.to_owned());
        TagChange::SetTag { identity: identity.clone(), key, value, was: None }
    };
    let remove =
        |key: &str| TagChange::RemoveTag { identity: identity.clone(), key: key.to_owned(), was: None };
    [
        both(set("Team", "land"), set("Team", "sea")),
        both(set("stage", ""), remove("stage")),
        both(remove("owner"), set("owner", "海運")),
        {
            let (identity, key) = (arn("policy/first"), "Team".to_owned());
            let (value, was) = ("sea".to_owned(), Some("sea".to_owned()));
            let set = TagChange::SetTag { identity: identity.clone(), key: key.clone(), value, was: None };
            both(set, TagChange::RemoveTag { identity, key, was })
        },
    ]
}

/// A user and a role that are made, a role and a group that are deleted; nothing is lost that this world tells.
pub(super) fn entities() -> Vec<(Change, Option<Change>)> {
    use EntityChange as C;
    let both = |identity: &str, holds: Holdings, is_made: bool| {
        let (identity, holds) = (arn(identity), Box::new(holds));
        let there = Change::from(C::CreateIdentity { identity: identity.clone(), holds: holds.clone() });
        let gone = Change::from(C::DeleteIdentity { identity, holds });
        if is_made { (there, Some(gone)) } else { (gone, Some(there)) }
    };
    let inline = |action: &str| vec![InlinePolicy { name: "own".to_owned(), document: wire(&allow(action)) }];
    let user = Holdings {
        inline: inline("sqs:*"),
        attached: vec![arn("policy/team/second")],
        boundary: Some(arn("policy/first")),
        tags: [("Team".to_owned(), "海運".to_owned())].into(),
        groups: vec!["admins".to_owned()],
        ..Holdings::default()
    };
    let role = |trusted: &str| Holdings { trust: Some(wire(&trust(trusted))), ..Holdings::default() };
    let old = Holdings {
        inline: inline("s3:*"),
        description: Some("of last year".to_owned()),
        max_session_seconds: Some(7_200),
        instance_profiles: vec!["web".to_owned()],
        ..role("111122223333")
    };
    let group = Holdings { inline: inline("s3:*"), members: vec!["mika".to_owned()], ..Holdings::default() };
    vec![
        both("user/team/ken", user, true),
        both("role/batch", role("arn:aws:iam::444455556666:root"), true),
        both("role/team/old", old, false),
        both("group/staff", group, false),
    ]
}

/// A provider that is made, one that is deleted, another audience and other thumbprints.
fn providers() -> Vec<(Change, Option<Change>)> {
    use ProviderChange as C;
    let (github, gitlab, made) = (
        arn("oidc-provider/token.actions.githubusercontent.com"),
        arn("oidc-provider/gitlab.com"),
        arn("oidc-provider/app.terraform.io"),
    );
    let takes = |audience: &str, thumbprints: &[String]| OidcProvider {
        audiences: vec![audience.to_owned()],
        thumbprints: thumbprints.to_vec(),
        ..OidcProvider::default()
    };
    let audience = "octo".to_owned();
    let (old, new) = (vec!["a".repeat(40)], vec!["b".repeat(40)]);
    let set = |thumbprints: &[String], was: &[String]| C::SetThumbprints {
        provider: github.clone(),
        thumbprints: thumbprints.to_vec(),
        was: was.to_vec(),
    };
    vec![
        both(
            C::CreateOidcProvider { provider: made.clone(), takes: takes("aws", &[]), position: None },
            C::DeleteOidcProvider { provider: made, takes: takes("aws", &[]) },
        ),
        both(
            C::DeleteOidcProvider { provider: gitlab.clone(), takes: takes("gitlab", &old) },
            C::CreateOidcProvider { provider: gitlab, takes: takes("gitlab", &old), position: None },
        ),
        both(
            C::AddAudience { provider: github.clone(), audience: audience.clone() },
            C::RemoveAudience { provider: github.clone(), audience },
        ),
        both(set(&new, &old), set(&old, &new)),
    ]
}

/// The metadata of a SAML provider: too short ones AWS does not take.
fn metadata(letter: &str) -> String {
    format!("<EntityDescriptor>{}</EntityDescriptor>", letter.repeat(1_000))
}

/// A SAML provider that is made, one that is deleted, and other metadata.
fn saml_providers() -> Vec<(Change, Option<Change>)> {
    use ProviderChange as C;
    let (there, kept, made) =
        (arn("saml-provider/okta"), arn("saml-provider/entra"), arn("saml-provider/new"));
    let of = |letter: &str| SamlProvider {
        metadata: metadata(letter),
        tags: [("team".to_owned(), "sre".to_owned())].into(),
    };
    let (old, new) = (metadata("e"), metadata("f"));
    let set = |metadata: &String, was: &String| C::SetSamlMetadata {
        provider: kept.clone(),
        metadata: metadata.clone(),
        was: was.clone(),
    };
    vec![
        both(
            C::CreateSamlProvider { provider: made.clone(), made_of: of("n"), position: None },
            C::DeleteSamlProvider { provider: made, made_of: of("n") },
        ),
        both(
            C::DeleteSamlProvider { provider: there.clone(), made_of: of("o") },
            C::CreateSamlProvider { provider: there, made_of: of("o"), position: None },
        ),
        both(set(&new, &old), set(&old, &new)),
    ]
}

/// A policy of the organization, attached under the name that the plan gave it.
fn organization() -> [(Change, Option<Change>); 2] {
    use OrganizationChange as C;
    let (id, target) = ("p-planned".to_owned(), "r-root".to_owned());
    let made = C::CreateOrganizationPolicy {
        id: id.clone(),
        name: "no-root".to_owned(),
        kind: "SERVICE_CONTROL_POLICY".to_owned(),
        document: wire(&allow("sts:*")),
    };
    let attached = C::AttachOrganizationPolicy { id: id.clone(), target: target.clone(), position: None };
    [
        both(made, C::DeleteOrganizationPolicy { id: id.clone() }),
        both(attached, C::DetachOrganizationPolicy { id, target }),
    ]
}

/// The permission set that is there.
pub(super) const SET: &str = "arn:aws:sso:::permissionSet/ssoins-1111111111111111/ps-aaaaaaaaaaaaaaaa";

fn admin_set() -> PermissionSet {
    PermissionSet {
        name: "Admin".to_owned(),
        duration: "PT1H".to_owned(),
        inline: allow("s3:*"),
        managed: ["arn:aws:iam::aws:policy/AdministratorAccess".to_owned()].into(),
        tags: [("Team".to_owned(), "sea".to_owned())].into(),
        assigned: [(ACCOUNT.to_owned(), "GROUP".to_owned(), "g-1".to_owned())].into(),
        ..PermissionSet::default()
    }
}

/// A permission set that is made and given to somebody, one that is edited in every part, and an assignment that goes.
pub(super) fn identity_center() -> Vec<(Change, Option<Change>)> {
    use CenterChange as C;
    let made = "arn:aws:sso:::permissionSet/ssoins-1111111111111111/ps-reader";
    let account = kagimori_id::AccountId::parse(ACCOUNT).unwrap();
    let by = |name: &str| CustomerPolicy { name: name.to_owned(), path: "/".to_owned() };
    let parts = SetParts {
        name: "Reader".to_owned(),
        description: Some("reads".to_owned()),
        session_duration: Some("PT2H".to_owned()),
        inline: Some(wire(&allow("s3:Get*"))),
        managed: vec![Arn::parse("arn:aws:iam::aws:policy/ReadOnlyAccess").unwrap()],
        customer_managed: vec![by("team")],
        boundary: Some(Boundary::CustomerManaged(by("limit"))),
        tags: [("Team".to_owned(), "sea".to_owned())].into(),
        ..SetParts::default()
    };
    let was = SetParts {
        name: "Admin".to_owned(),
        session_duration: Some("PT1H".to_owned()),
        inline: Some(wire(&allow("s3:*"))),
        managed: vec![Arn::parse("arn:aws:iam::aws:policy/AdministratorAccess").unwrap()],
        tags: [("Team".to_owned(), "sea".to_owned())].into(),
        ..SetParts::default()
    };
    let to = SetParts {
        session_duration: Some("PT4H".to_owned()),
        inline: Some(wire(&allow("s3:Get*"))),
        managed: vec![Arn::parse("arn:aws:iam::aws:policy/ReadOnlyAccess").unwrap()],
        boundary: Some(Boundary::Managed(Arn::parse("arn:aws:iam::aws:policy/PowerUserAccess").unwrap())),
        tags: [("Team".to_owned(), "land".to_owned()), ("stage".to_owned(), String::new())].into(),
        ..was.clone()
    };
    let instance = || INSTANCE.to_owned();
    let set = |made_of: &SetParts, was: &SetParts| C::SetPermissionSet {
        instance: instance(),
        set: SET.to_owned(),
        made_of: Box::new(made_of.clone()),
        was: Box::new(was.clone()),
    };
    let one = |set: &str, principal: Principal, is_made: bool| {
        let (instance, set) = (instance(), set.to_owned());
        let made = C::CreateAccountAssignment {
            instance: instance.clone(),
            set: set.clone(),
            account,
            principal: principal.clone(),
        };
        let gone = C::DeleteAccountAssignment { instance, set, account, principal };
        if is_made { both(made, gone) } else { both(gone, made) }
    };
    let (created, deleted) = (
        C::CreatePermissionSet {
            instance: instance(),
            set: made.to_owned(),
            made_of: Box::new(parts.clone()),
        },
        C::DeletePermissionSet { instance: instance(), set: made.to_owned(), made_of: Box::new(parts) },
    );
    vec![
        both(created, deleted),
        one(made, Principal::User("u-1".to_owned()), true),
        both(set(&to, &was), set(&was, &to)),
        one(SET, Principal::Group("g-1".to_owned()), false),
    ]
}

/// One change of each kind that can be undone.
pub(super) fn every_kind() -> Vec<(Change, Option<Change>)> {
    use IdentityChange as C;
    let (mika, deploy) = (arn("user/mika"), arn("role/deploy"));
    let (first, third) = (arn("policy/first"), arn("policy/team/third"));
    let mut all = vec![
        both(key(false), key(true)),
        both(inline(&allow("s3:GetObject")), inline(&allow("s3:*"))),
        both(
            C::DetachPolicy { identity: mika.clone(), policy: first.clone() },
            C::AttachPolicy { identity: mika.clone(), policy: first.clone(), position: Some(0) },
        ),
        both(
            ManagedPolicyChange::CreatePolicy {
                policy: third.clone(),
                document: wire(&allow("ec2:RunInstances")),
            },
            ManagedPolicyChange::DeletePolicy { policy: third.clone() },
        ),
        both(
            C::AttachPolicy { identity: deploy.clone(), policy: third.clone(), position: None },
            C::DetachPolicy { identity: deploy.clone(), policy: third },
        ),
        versions(),
        both(
            C::SetTrustPolicy {
                role: deploy.clone(),
                document: wire(&trust("arn:aws:iam::444455556666:root")),
            },
            C::SetTrustPolicy { role: deploy.clone(), document: wire(&trust("111122223333")) },
        ),
        both(
            C::SetBoundary { identity: deploy.clone(), policy: first },
            C::RemoveBoundary { identity: deploy },
        ),
        both(
            C::RemoveFromGroup { user: mika.clone(), group: "admins".to_owned() },
            C::AddToGroup { user: mika.clone(), group: "admins".to_owned(), position: Some(0) },
        ),
        both(
            C::DeleteInlinePolicy { identity: mika.clone(), name: "other".to_owned() },
            C::PutInlinePolicy {
                identity: mika.clone(),
                name: "other".to_owned(),
                document: wire(&allow("sqs:*")),
                position: Some(0),
            },
        ),
    ];
    all.extend(tags(&mika));
    all.extend(entities());
    all.extend(providers());
    all.extend(saml_providers());
    all.extend(organization());
    all.extend(identity_center());
    all
}

/// The kinds that differ in what the machine has to do: a value, a version whose number AWS gives, an id that AWS gives and a later
/// step uses.
pub(super) fn few() -> Vec<(Change, Option<Change>)> {
    let mut all = vec![both(key(false), key(true)), versions()];
    all.extend(organization());
    all
}
