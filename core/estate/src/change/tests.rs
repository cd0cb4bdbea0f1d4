//! What AWS refuses, what a change costs to take back, whom it may touch and how it is told, on one small account.

mod center;
mod denials;
mod entities;
mod providers;
mod tags;

use kagimori_id::{AccessKeyId, AccountId, Arn};
use kagimori_policy::parse::{Strictness, parse};

use super::{
    Change, ChangeError, CredentialChange, IdentityChange, ManagedPolicyChange, OrganizationChange, WayBack,
    WireDocument, apply, apply_all, inverse, inverse_all, touched,
};
use crate::fact::{Dataset, Known, SourceId};
use crate::model::{Estate, OrganizationPolicy, Policy};
use crate::read::{Assembler, File, read};

const DETAILS: &str = r#"{
  "UserDetailList": [
    {"UserName":"kim","UserId":"AIDAEXAMPLEEXAMPLE01","Arn":"arn:aws:iam::111122223333:user/kim","Path":"/","CreateDate":"2026-01-01T00:00:00+00:00",
     "UserPolicyList":[{"PolicyName":"first","PolicyDocument":{"Version":"2012-10-17","Statement":[]}},{"PolicyName":"second","PolicyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:*","Resource":"*"}]}}],
     "GroupList":["dev","ops"],"AttachedManagedPolicies":[{"PolicyName":"full","PolicyArn":"arn:aws:iam::111122223333:policy/full"}],
     "PermissionsBoundary":{"PermissionsBoundaryType":"Policy","PermissionsBoundaryArn":"arn:aws:iam::111122223333:policy/limit"},"Tags":[]},
    {"UserName":"lee","UserId":"AIDAEXAMPLEEXAMPLE02","Arn":"arn:aws:iam::111122223333:user/lee","Path":"/","CreateDate":"2026-01-01T00:00:00+00:00",
     "UserPolicyList":[],"GroupList":["ops"],"AttachedManagedPolicies":[],"Tags":[]}],
  "GroupDetailList": [
    {"GroupName":"dev","GroupId":"AGPAEXAMPLEEXAMPLE01","Arn":"arn:aws:iam::111122223333:group/dev","Path":"/","CreateDate":"2026-01-01T00:00:00+00:00","GroupPolicyList":[],
     "AttachedManagedPolicies":[{"PolicyName":"of-dev","PolicyArn":"arn:aws:iam::111122223333:policy/of-dev"}]},
    {"GroupName":"ops","GroupId":"AGPAEXAMPLEEXAMPLE02","Arn":"arn:aws:iam::111122223333:group/ops","Path":"/","CreateDate":"2026-01-01T00:00:00+00:00","GroupPolicyList":[],"AttachedManagedPolicies":[]}],
  "RoleDetailList": [
    {"RoleName":"app","RoleId":"AROAEXAMPLEEXAMPLE01","Arn":"arn:aws:iam::111122223333:role/app","Path":"/","CreateDate":"2026-01-01T00:00:00+00:00",
     "AssumeRolePolicyDocument":{"Version":"2012-10-17","Statement":[]},"RolePolicyList":[],"InstanceProfileList":[],
     "AttachedManagedPolicies":[{"PolicyName":"of-app","PolicyArn":"arn:aws:iam::111122223333:policy/of-app"}],"Tags":[]}],
  "Policies": [POLICIES]}"#;

const REPORT: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated
kim,arn:aws:iam::111122223333:user/kim,2026-01-01T00:00:00Z,true,N/A,2026-01-01T00:00:00Z,N/A,false,true,2026-01-01T00:00:00Z,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A
";

const KEYS: &str = r#"{"AccessKeyMetadata":[{"UserName":"kim","AccessKeyId":"AKIAIOSFODNN7EXAMPLE","Status":"Active","CreateDate":"2026-01-01T00:00:00+00:00"}]}"#;

fn managed(name: &str, versions: usize) -> String {
    let attachments = usize::from(["full", "of-dev", "of-app"].contains(&name));
    let bounded = usize::from(name == "limit");
    let version = |number: usize| {
        let is_default = number == versions;
        format!(
            r#"{{"VersionId":"v{number}","IsDefaultVersion":{is_default},"CreateDate":"2026-01-01T00:00:00+00:00","Document":{{"Version":"2012-10-17","Statement":[]}}}}"#
        )
    };
    let list = (1..=versions).map(version).collect::<Vec<_>>().join(",");
    format!(
        r#"{{"PolicyName":"{name}","PolicyId":"ANPAEXAMPLEEXAMPLE01","Arn":"arn:aws:iam::111122223333:policy/{name}","Path":"/","DefaultVersionId":"v{versions}","AttachmentCount":{attachments},"PermissionsBoundaryUsageCount":{bounded},"IsAttachable":true,"CreateDate":"2026-01-01T00:00:00+00:00","PolicyVersionList":[{list}]}}"#
    )
}

fn estate() -> Estate {
    let policies = [("full", 5), ("roomy", 4), ("limit", 1), ("of-dev", 1), ("of-app", 1), ("spare", 1)]
        .map(|(name, versions)| managed(name, versions));
    let details = DETAILS.replace("POLICIES", &policies.join(","));
    let mut assembler = Assembler::default();
    let account = Some(AccountId::parse("111122223333").unwrap());
    for (path, text) in [("details.json", details.as_str()), ("report.csv", REPORT), ("keys.json", KEYS)] {
        assembler.add(read(File { path, account, bytes: text.as_bytes() }));
    }
    let mut estate = assembler.finish(None);
    assert!(estate.problems.is_empty(), "{:?}", estate.problems);
    let policy = |id: &str, aws_managed: bool, targets: &[&str]| OrganizationPolicy {
        id: id.to_owned(),
        name: id.to_owned(),
        kind: "SERVICE_CONTROL_POLICY".to_owned(),
        aws_managed,
        document: Known::new(Policy { document: Ok(document().0) }, SourceId::PLANNED),
        targets: Known::new(targets.iter().map(|&target| target.to_owned()).collect(), SourceId::PLANNED),
    };
    let all = vec![
        policy("p-FullAWSAccess", true, &["r-root"]),
        policy("p-own", false, &["ou-one", "r-root"]),
        policy("p-idle", false, &[]),
        policy("p-last", false, &[]),
    ];
    estate.organization.policies = Known::new(all, SourceId::PLANNED);
    estate
}

fn document() -> WireDocument {
    let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    WireDocument(parse(text, Strictness::Strict).unwrap())
}

fn arn(what: &str) -> Arn {
    Arn::parse(&format!("arn:aws:iam::111122223333:{what}")).unwrap()
}

fn key() -> AccessKeyId {
    AccessKeyId::parse("AKIAIOSFODNN7EXAMPLE").unwrap()
}

fn refused(change: impl Into<Change>) -> String {
    apply(&estate(), &change.into()).unwrap_err().to_string()
}

fn new_version(policy: &str, version: &str) -> Change {
    let (policy, version) = (arn(policy), version.to_owned());
    ManagedPolicyChange::CreatePolicyVersion { policy, version, document: document(), makes_room: None }
        .into()
}

/// `reference_iam-quotas`: five versions of a managed policy.
#[test]
fn aws_keeps_five_versions() {
    assert_eq!(
        refused(new_version("policy/full", "v6")),
        "AWS would refuse it: arn:aws:iam::111122223333:policy/full has 5 versions, and AWS keeps no more: delete one first, or say `makes_room` (v1 is the oldest)"
    );
    let room = |gone: &str| -> Change {
        let (policy, version, makes_room) = (arn("policy/full"), "v6".to_owned(), Some(gone.to_owned()));
        ManagedPolicyChange::CreatePolicyVersion { policy, version, document: document(), makes_room }.into()
    };
    let after = apply(&estate(), &room("v2")).unwrap();
    let held = after.accounts.values().next().unwrap().policies.get(&arn("policy/full")).unwrap();
    let others: Vec<_> = held.other_versions.value().unwrap().iter().map(|held| held.id.as_str()).collect();
    assert_eq!((held.default_version.as_str(), others), ("v6", vec!["v1", "v3", "v4", "v5"]));
    let back = apply(&after, &inverse(&estate(), &room("v2")).unwrap()).unwrap();
    let held = back.accounts.values().next().unwrap().policies.get(&arn("policy/full")).unwrap();
    assert_eq!((held.default_version.as_str(), held.version_count()), ("v5", Some(4)));
    assert!(room("v2").lost()[0].0.contains("the version v2 of"));
    assert_eq!(
        room("v2").to_string(),
        format!("delete v2 of {} and make a new text its default, as v6", arn("policy/full"))
    );
    for gone in ["v5", "v9"] {
        assert!(refused(room(gone)).contains("there is no version beside the default of"), "{gone}");
    }
    let after = apply(&estate(), &new_version("policy/roomy", "v5")).unwrap();
    let held = after.accounts.values().next().unwrap().policies.get(&arn("policy/roomy")).unwrap();
    let others: Vec<_> = held.other_versions.value().unwrap().iter().map(|held| held.id.as_str()).collect();
    assert_eq!((held.default_version.as_str(), others.last()), ("v5", Some(&"v4")));
    let back = inverse(&estate(), &new_version("policy/roomy", "v5")).unwrap();
    assert_eq!(apply(&after, &back).unwrap(), estate());
    for there in ["v4", "v2"] {
        assert_eq!(
            refused(new_version("policy/roomy", there)),
            format!("it would change nothing: arn:aws:iam::111122223333:policy/roomy has {there} already")
        );
    }
}

/// The way back from a version is made from the version that it made, and from no other.
#[test]
fn an_older_version_comes_back_only_from_the_one_that_replaced_it() {
    let restore = |policy: &str, delete: &str| {
        let (policy, delete) = (arn(policy), delete.to_owned());
        ManagedPolicyChange::RestorePolicyVersion {
            policy,
            version: "v3".to_owned(),
            document: document(),
            delete,
        }
    };
    assert_eq!(
        refused(restore("policy/roomy", "v3")),
        "there is no older version beside the default of `arn:aws:iam::111122223333:policy/roomy v3` in the estate"
    );
    assert!(refused(restore("policy/limit", "v1")).starts_with("there is no older version"));
    let after = apply(&estate(), &restore("policy/roomy", "v4").into()).unwrap();
    let held = after.accounts.values().next().unwrap().policies.get(&arn("policy/roomy")).unwrap();
    let others: Vec<_> = held.other_versions.value().unwrap().iter().map(|held| held.id.as_str()).collect();
    assert_eq!((held.default_version.as_str(), others), ("v3", vec!["v1", "v2"]));
}

/// IAM API Reference, `DeletePolicy`: refused while it is attached to anybody, or bounds anybody.
#[test]
fn a_policy_in_use_is_not_deleted() {
    let delete = |name: &str| ManagedPolicyChange::DeletePolicy { policy: arn(name) };
    for (name, user) in [
        ("policy/full", "user/kim"),
        ("policy/limit", "user/kim"),
        ("policy/of-dev", "group/dev"),
        ("policy/of-app", "role/app"),
    ] {
        let expected = format!("AWS would refuse it: {} is attached to {}", arn(name), arn(user));
        assert_eq!(refused(delete(name)), expected);
    }
    let after = apply(&estate(), &delete("policy/spare").into()).unwrap();
    assert!(!after.accounts.values().next().unwrap().policies.contains_key(&arn("policy/spare")));
    // its id, its dates and its other versions could not be put back
    for (name, lost) in [("policy/spare", "policy/spare"), ("policy/roomy", "policy/roomy")] {
        let error = inverse(&estate(), &delete(name).into()).unwrap_err().to_string();
        let expected = format!(
            "what it would change is not known: the older versions and the dates of {} would be lost",
            arn(lost)
        );
        assert_eq!(error, expected);
    }
    let made = ManagedPolicyChange::CreatePolicy { policy: arn("policy/new"), document: document() };
    let (with, back) =
        (apply(&estate(), &made.clone().into()).unwrap(), inverse(&estate(), &made.into()).unwrap());
    assert_eq!(
        inverse(&with, &back).map(|change| change.to_string()),
        Ok(format!("create {}", arn("policy/new")))
    );
    let known = |changes: &[Change]| inverse_all(&with, changes).map_err(|(place, _)| place);
    assert_eq!(known(&[delete("policy/new").into(), delete("policy/new").into()]), Err(1));
}

/// Organizations API Reference, `UpdatePolicy` and `DeletePolicy`.
#[test]
fn aws_own_and_attached_policies_of_the_organization_stay() {
    let set =
        |id: &str| OrganizationChange::SetOrganizationPolicy { id: id.to_owned(), document: document() };
    let delete = |id: &str| OrganizationChange::DeleteOrganizationPolicy { id: id.to_owned() };
    let attach = |id: &str, target: &str| {
        let (id, target) = (id.to_owned(), target.to_owned());
        OrganizationChange::AttachOrganizationPolicy { id, target, position: None }
    };
    let create = |id: &str| {
        let (id, name, kind) = (id.to_owned(), "New".to_owned(), "SERVICE_CONTROL_POLICY".to_owned());
        OrganizationChange::CreateOrganizationPolicy { id, name, kind, document: document() }
    };
    for (change, expected) in [
        (
            set("p-FullAWSAccess"),
            "AWS would refuse it: p-FullAWSAccess is written by AWS and cannot be changed",
        ),
        (set("p-own"), "it would change nothing: p-own is like that already"),
        (set("p-none"), "there is no policy of the organization `p-none` in the estate"),
        (delete("p-own"), "AWS would refuse it: p-own is attached to ou-one"),
        (
            delete("p-idle"),
            "what it would change is not known: p-idle was not made by a plan: its description and tags would be lost",
        ),
        (attach("p-own", "r-root"), "it would change nothing: p-own is attached to r-root already"),
        (create("p-own"), "it would change nothing: p-own is there already"),
    ] {
        assert_eq!(refused(change), expected);
    }
    let after = apply(&estate(), &delete("p-last").into()).unwrap();
    let ids: Vec<_> =
        after.organization.policies.value().unwrap().iter().map(|held| held.id.as_str()).collect();
    assert_eq!(ids, ["p-FullAWSAccess", "p-own", "p-idle"]);
    let back = inverse(&estate(), &delete("p-last").into()).unwrap();
    assert_eq!(apply(&after, &back).unwrap(), estate());
    // what is put back stands where it stood
    let detach =
        OrganizationChange::DetachOrganizationPolicy { id: "p-own".to_owned(), target: "ou-one".to_owned() };
    let detach = Change::from(detach);
    let (after, back) = (apply(&estate(), &detach).unwrap(), inverse(&estate(), &detach).unwrap());
    assert_ne!(after, estate());
    assert_eq!(apply(&after, &back).unwrap(), estate());
}

/// `orgs_policies_detach`: every root, unit and account keeps an SCP, and AWS's own RCP.
#[test]
fn the_last_scp_stays() {
    let detach = |id: &str, target: &str| {
        let (id, target) = (id.to_owned(), target.to_owned());
        Change::from(OrganizationChange::DetachOrganizationPolicy { id, target })
    };
    let mut given = estate();
    let Known::Known(policies) = &mut given.organization.policies else { panic!("they are known") };
    for policy in &mut policies.value {
        policy.document.place(SourceId(0));
    }
    let last = apply(&given, &detach("p-own", "ou-one")).unwrap_err().to_string();
    assert_eq!(
        last,
        "AWS would refuse it: p-own is the last SCP on ou-one, and AWS keeps at least one everywhere: attach another first"
    );
    assert!(apply(&given, &detach("p-own", "r-root")).is_ok(), "another is there");
    let mut partly = given.clone();
    let Known::Known(policies) = &mut partly.organization.policies else { panic!("they are known") };
    policies.value[2].targets = Known::not_given(Dataset::OrganizationPolicies);
    assert!(apply(&partly, &detach("p-own", "ou-one")).is_ok(), "another may be there");
    let Known::Known(policies) = &mut given.organization.policies else { panic!("they are known") };
    policies.value[0].kind = "RESOURCE_CONTROL_POLICY".to_owned();
    let own = apply(&given, &detach("p-FullAWSAccess", "r-root")).unwrap_err().to_string();
    assert_eq!(own, "AWS would refuse it: p-FullAWSAccess is AWS's own, and AWS lets nobody detach it");
}

/// Ten SCPs on one node, five RCPs (`orgs_reference_limits`): AWS refuses the next, and others have room.
#[test]
fn no_node_has_more_policies_of_the_organization_than_aws_attaches() {
    for (kind, most, quota) in [
        (
            "SERVICE_CONTROL_POLICY",
            10,
            "10 service control policies are attached to r-x, and the quota of 2026-05-15 is 10",
        ),
        (
            "RESOURCE_CONTROL_POLICY",
            5,
            "5 resource control policies are attached to r-x, and the quota of 2026-11-25 is 5",
        ),
    ] {
        let mut estate = estate();
        for number in 0..=most {
            let id = format!("p-{number}");
            let made = OrganizationChange::CreateOrganizationPolicy {
                id: id.clone(),
                name: id.clone(),
                kind: kind.to_owned(),
                document: document(),
            };
            estate = apply(&estate, &made.into()).unwrap();
            let attach = |target: &str| -> Change {
                let (id, target) = (id.clone(), target.to_owned());
                OrganizationChange::AttachOrganizationPolicy { id, target, position: None }.into()
            };
            match apply(&estate, &attach("r-x")) {
                Ok(after) => {
                    assert!(number < most, "{kind} {number}");
                    estate = after;
                }
                Err(error) => {
                    assert_eq!(number, most, "{kind}");
                    assert_eq!(error.to_string(), format!("AWS would refuse it: {quota}"));
                    assert!(apply(&estate, &attach("ou-x")).is_ok(), "{kind}");
                }
            }
        }
    }
}

/// What was not given cannot be put back, so it is not changed.
#[test]
fn what_is_not_known_is_not_changed() {
    fn gap<T>() -> Known<T> {
        Known::not_given(Dataset::AuthorizationDetails)
    }
    let mut bare = estate();
    let account = bare.accounts.values_mut().next().unwrap();
    let kim = account.users.get_mut("kim").unwrap();
    (kim.details, kim.report, kim.access_keys) = (gap(), gap(), gap());
    bare.organization.policies = gap();
    let (identity, user) = (arn("user/kim"), arn("user/kim"));
    let changes: [Change; 5] = [
        IdentityChange::RemoveBoundary { identity }.into(),
        IdentityChange::RemoveFromGroup { user: user.clone(), group: "dev".to_owned() }.into(),
        CredentialChange::SetConsoleLogin { user: user.clone(), enabled: false }.into(),
        CredentialChange::SetAccessKeyStatus { user, key: key(), active: false }.into(),
        OrganizationChange::DeleteOrganizationPolicy { id: "p-own".to_owned() }.into(),
    ];
    for change in changes {
        let error = apply(&bare, &change).unwrap_err();
        assert!(matches!(error, ChangeError::NotKnown(_)), "{change}: {error}");
        assert_eq!(inverse(&bare, &change).unwrap_err(), error, "{change}");
    }
}

/// IAM User Guide, `access_policies_boundaries`: users and roles have one, groups have none.
#[test]
fn a_group_has_no_boundary() {
    let bound =
        |identity: &str| IdentityChange::SetBoundary { identity: arn(identity), policy: arn("policy/limit") };
    assert_eq!(refused(bound("group/dev")), "AWS would refuse it: a group has no permissions boundary");
    assert_eq!(
        refused(bound("user/kim")),
        "it would change nothing: arn:aws:iam::111122223333:policy/limit is its boundary already"
    );
    let boundary = |estate: &Estate| {
        estate.accounts.values().next().unwrap().roles.get("app").unwrap().grants.boundary.clone()
    };
    assert_eq!(boundary(&apply(&estate(), &bound("role/app").into()).unwrap()), Some(arn("policy/limit")));
    let remove = Change::from(IdentityChange::RemoveBoundary { identity: arn("user/kim") });
    let (after, back) = (apply(&estate(), &remove).unwrap(), inverse(&estate(), &remove).unwrap());
    assert_eq!(apply(&after, &back).unwrap(), estate());
}

/// IAM API Reference, `Policy`: `AttachmentCount` and `PermissionsBoundaryUsageCount`.
#[test]
fn uses_of_policies_are_counted_as_aws_counts_them() {
    let counts = |estate: &Estate, name: &str| {
        let account = estate.accounts.values().next().unwrap();
        let held = account.policies.get(&arn(name)).unwrap();
        (held.attachments, held.boundary_uses)
    };
    let (kim, app) = (|| arn("user/kim"), || arn("role/app"));
    let attach = |identity, policy: &str| {
        Change::from(IdentityChange::AttachPolicy { identity, policy: arn(policy), position: None })
    };
    let detach =
        |identity, policy: &str| Change::from(IdentityChange::DetachPolicy { identity, policy: arn(policy) });
    let bound =
        |identity, policy: &str| Change::from(IdentityChange::SetBoundary { identity, policy: arn(policy) });
    let free = |identity| Change::from(IdentityChange::RemoveBoundary { identity });
    let made = ManagedPolicyChange::CreatePolicy { policy: arn("policy/new"), document: document() };
    let changes = [
        attach(app(), "policy/full"),
        attach(arn("group/ops"), "policy/full"),
        detach(kim(), "policy/full"),
        detach(app(), "policy/of-app"),
        bound(app(), "policy/limit"),
        bound(kim(), "policy/spare"),
        made.into(),
        attach(app(), "policy/new"),
    ];
    let after = apply_all(&estate(), &changes).unwrap();
    for (name, expected) in [
        ("policy/full", (Some(2), Some(0))),
        ("policy/of-app", (Some(0), Some(0))),
        ("policy/limit", (Some(0), Some(1))),
        ("policy/spare", (Some(0), Some(1))),
        ("policy/new", (Some(1), Some(0))),
    ] {
        assert_eq!(counts(&after, name), expected, "{name}");
    }
    let back = inverse_all(&estate(), &changes).unwrap();
    assert_eq!(apply_all(&after, &back).unwrap(), estate());
    assert_eq!(counts(&apply(&after, &free(app())).unwrap(), "policy/limit"), (Some(0), Some(0)));
    // what was not known, and what was wrong, is not known
    for count in [None, Some(0)] {
        let mut other = estate();
        let account = other.accounts.values_mut().next().unwrap();
        account.policies.get_mut(&arn("policy/full")).unwrap().attachments = count;
        let after = apply(&other, &detach(kim(), "policy/full")).unwrap();
        assert_eq!(counts(&after, "policy/full"), (None, Some(0)), "{count:?}");
    }
}

#[test]
fn what_is_so_already_is_not_done_again() {
    let (user, identity, policy) = (arn("user/kim"), arn("user/kim"), arn("policy/full"));
    let changes: [(Change, &str); 6] = [
        (
            CredentialChange::SetAccessKeyStatus { user: user.clone(), key: key(), active: true }.into(),
            "AKIAIOSFODNN7EXAMPLE is Active already",
        ),
        (
            CredentialChange::SetConsoleLogin { user: user.clone(), enabled: true }.into(),
            "arn:aws:iam::111122223333:user/kim is like that already",
        ),
        (
            IdentityChange::AttachPolicy { identity, policy, position: None }.into(),
            "arn:aws:iam::111122223333:policy/full is attached already",
        ),
        (
            IdentityChange::AddToGroup { user, group: "dev".to_owned(), position: None }.into(),
            "arn:aws:iam::111122223333:user/kim is in `dev` already",
        ),
        (
            IdentityChange::RemoveBoundary { identity: arn("role/app") }.into(),
            "arn:aws:iam::111122223333:role/app has no boundary",
        ),
        (
            ManagedPolicyChange::CreatePolicy { policy: arn("policy/limit"), document: document() }.into(),
            "arn:aws:iam::111122223333:policy/limit is there already",
        ),
    ];
    for (change, expected) in changes {
        assert_eq!(refused(change), format!("it would change nothing: {expected}"));
    }
    let off = Change::from(CredentialChange::SetAccessKeyStatus {
        user: arn("user/kim"),
        key: key(),
        active: false,
    });
    let off = apply(&estate(), &off).unwrap();
    let again = CredentialChange::SetAccessKeyStatus { user: arn("user/kim"), key: key(), active: false };
    let error = apply(&off, &again.into()).unwrap_err().to_string();
    assert_eq!(error, "it would change nothing: AKIAIOSFODNN7EXAMPLE is Inactive already");
}

/// `create-login-profile` needs a new password; a deleted key is gone; the rest comes back.
#[test]
fn the_way_back_is_told_before_the_change_is_made() {
    let user = || arn("user/kim");
    for (change, expected) in [
        (CredentialChange::DeleteAccessKey { user: user(), key: key() }, WayBack::None),
        (CredentialChange::SetConsoleLogin { user: user(), enabled: false }, WayBack::NewPassword),
        (CredentialChange::SetConsoleLogin { user: user(), enabled: true }, WayBack::Whole),
        (CredentialChange::SetAccessKeyStatus { user: user(), key: key(), active: false }, WayBack::Whole),
    ] {
        assert_eq!(Change::from(change).way_back(), expected);
    }
    let gone = Change::from(CredentialChange::DeleteAccessKey { user: user(), key: key() });
    let off = CredentialChange::SetAccessKeyStatus { user: user(), key: key(), active: false };
    let idle = apply(&estate(), &off.into()).unwrap();
    let after = apply(&idle, &gone).unwrap();
    let kim = after.accounts.values().next().unwrap().users.get("kim").unwrap();
    assert_eq!(kim.access_keys.value().map(Vec::len), Some(0));
    assert_eq!(inverse(&idle, &gone), Err(ChangeError::Irreversible));
    // nobody has it any more: what cannot be made is told as that
    assert!(matches!(inverse(&after, &gone), Err(ChangeError::NotThere { kind: "access key", .. })));
}

/// Lists keep their order: AWS's answers have one, and a snapshot taken after the way back is the one before.
#[test]
fn what_is_put_back_stands_where_it_stood() {
    let identity = || arn("user/kim");
    for change in [
        IdentityChange::DeleteInlinePolicy { identity: identity(), name: "first".to_owned() },
        IdentityChange::DeleteInlinePolicy { identity: identity(), name: "second".to_owned() },
        IdentityChange::RemoveFromGroup { user: identity(), group: "dev".to_owned() },
        IdentityChange::PutInlinePolicy {
            identity: identity(),
            name: "first".to_owned(),
            document: document(),
            position: None,
        },
    ] {
        let change = Change::from(change);
        let (after, back) = (apply(&estate(), &change).unwrap(), inverse(&estate(), &change).unwrap());
        assert_ne!(after, estate(), "{change}");
        assert_eq!(apply(&after, &back).unwrap(), estate(), "{change}");
    }
    // one whose place is not there any more goes to the end
    let far =
        IdentityChange::AttachPolicy { identity: identity(), policy: arn("policy/spare"), position: Some(9) };
    let after = apply(&estate(), &far.into()).unwrap();
    let kim = after
        .accounts
        .values()
        .next()
        .unwrap()
        .users
        .get("kim")
        .unwrap()
        .details
        .value()
        .unwrap()
        .grants
        .clone();
    assert_eq!(kim.attached, [arn("policy/full"), arn("policy/spare")]);
}

#[test]
fn what_is_changed_is_changed_back() {
    let user = || arn("user/kim");
    let changes: [Change; 7] = [
        CredentialChange::SetAccessKeyStatus { user: user(), key: key(), active: false }.into(),
        CredentialChange::SetConsoleLogin { user: user(), enabled: false }.into(),
        IdentityChange::PutInlinePolicy {
            identity: user(),
            name: "second".to_owned(),
            document: document(),
            position: None,
        }
        .into(),
        IdentityChange::DetachPolicy { identity: user(), policy: arn("policy/full") }.into(),
        IdentityChange::DetachPolicy { identity: arn("group/dev"), policy: arn("policy/of-dev") }.into(),
        IdentityChange::DetachPolicy { identity: arn("role/app"), policy: arn("policy/of-app") }.into(),
        IdentityChange::SetTrustPolicy { role: arn("role/app"), document: document() }.into(),
    ];
    for change in changes {
        let (after, back) = (apply(&estate(), &change).unwrap(), inverse(&estate(), &change).unwrap());
        assert_ne!(after, estate(), "{change}");
        assert_eq!(apply(&after, &back).unwrap(), estate(), "{change}");
        assert_eq!(inverse(&after, &back).unwrap().to_string(), change.to_string());
    }
}

#[test]
fn what_is_not_there_is_told_by_its_kind() {
    let elsewhere = Arn::parse("arn:aws:iam::444455556666:user/kim").unwrap();
    let other_path = arn("user/team/kim");
    for (change, expected) in [
        (
            IdentityChange::RemoveBoundary { identity: elsewhere },
            "there is no account `444455556666` in the estate",
        ),
        (
            IdentityChange::RemoveBoundary { identity: other_path },
            "there is no user `arn:aws:iam::111122223333:user/team/kim` in the estate",
        ),
        (
            IdentityChange::RemoveBoundary { identity: arn("role/team/app") },
            "there is no role `arn:aws:iam::111122223333:role/team/app` in the estate",
        ),
        (
            IdentityChange::RemoveBoundary { identity: arn("group/team/dev") },
            "there is no group `arn:aws:iam::111122223333:group/team/dev` in the estate",
        ),
        (
            IdentityChange::RemoveBoundary { identity: arn("policy/full") },
            "there is no user, group or role `arn:aws:iam::111122223333:policy/full` in the estate",
        ),
        (
            IdentityChange::AddToGroup { user: arn("user/kim"), group: "qa".to_owned(), position: None },
            "there is no group `qa` in the estate",
        ),
        (
            IdentityChange::DeleteInlinePolicy { identity: arn("user/kim"), name: "third".to_owned() },
            "there is no inline policy `third` in the estate",
        ),
    ] {
        assert_eq!(refused(change), expected);
    }
    let changes: Vec<Change> = vec![
        IdentityChange::RemoveBoundary { identity: arn("user/kim") }.into(),
        IdentityChange::RemoveBoundary { identity: arn("user/kim") }.into(),
    ];
    assert_eq!(apply_all(&estate(), &changes).unwrap_err().0, 1, "the second of the two");
    for error in [
        ChangeError::NothingToDo(String::new()),
        ChangeError::NotKnown(String::new()),
        ChangeError::Refused(String::new()),
        ChangeError::Irreversible,
    ] {
        assert_ne!(error.hint(), ChangeError::NotThere { kind: "", name: String::new() }.hint());
    }
}

/// Nobody else's calls can end otherwise, so nobody else's are looked at: too few here and breakage is not seen.
#[test]
fn whom_a_change_may_touch() {
    let before = estate();
    let whom = |changes: &[Change], after: &Estate| {
        touched(changes, &before, after)
            .map(|all| all.iter().map(|arn| arn.resource().to_owned()).collect::<Vec<_>>())
    };
    let names = |all: &[&str]| Some(all.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
    let detach = |identity: &str, policy: &str| -> Change {
        IdentityChange::DetachPolicy { identity: arn(identity), policy: arn(policy) }.into()
    };
    assert_eq!(whom(&[detach("user/kim", "policy/full")], &before), names(&["user/kim"]));
    assert_eq!(whom(&[detach("group/ops", "policy/full")], &before), names(&["user/kim", "user/lee"]));
    let delete = CredentialChange::DeleteAccessKey { user: arn("user/kim"), key: key() };
    assert_eq!(whom(&[delete.into()], &before), names(&["user/kim"]));
    // who joins the group by the same plan is a member, too
    let join = Change::from(IdentityChange::AddToGroup {
        user: arn("user/lee"),
        group: "dev".to_owned(),
        position: None,
    });
    let of_dev = detach("group/dev", "policy/of-dev");
    let after = apply(&before, &join).unwrap();
    assert_eq!(whom(std::slice::from_ref(&of_dev), &before), names(&["user/kim"]));
    assert_eq!(whom(std::slice::from_ref(&of_dev), &after), names(&["user/kim", "user/lee"]));
    // whose groups are not known may be a member
    let mut unknown = estate();
    let account = unknown.accounts.values_mut().next().unwrap();
    account.users.get_mut("lee").unwrap().details = Known::not_given(Dataset::AuthorizationDetails);
    assert_eq!(whom(&[of_dev], &unknown), None);
    let trust = IdentityChange::SetTrustPolicy { role: arn("role/app"), document: document() };
    let created = ManagedPolicyChange::CreatePolicy { policy: arn("policy/new"), document: document() };
    let detached =
        OrganizationChange::DetachOrganizationPolicy { id: "p-own".to_owned(), target: "r-root".to_owned() };
    assert_eq!(whom(&[trust.into()], &before), None);
    assert_eq!(whom(&[created.into()], &before), names(&[]));
    assert_eq!(whom(&[new_version("policy/roomy", "v5")], &before), None);
    assert_eq!(whom(&[detached.into()], &before), None);
}

/// A plan is read before it is made, in the reader's language.
#[test]
fn every_change_is_told_in_both_languages() {
    let (user, role, policy) = (|| arn("user/kim"), || arn("role/app"), || arn("policy/full"));
    let (name, group, id, target) =
        (|| "own".to_owned(), || "dev".to_owned(), || "p-own".to_owned(), || "r-root".to_owned());
    let kind = || "RESOURCE_CONTROL_POLICY".to_owned();
    let told: [(Change, &str, &str); 22] = [
        (
            CredentialChange::SetAccessKeyStatus { user: user(), key: key(), active: true }.into(),
            "activate the access key AKIAIOSFODNN7EXAMPLE of USER",
            "USER のアクセスキー AKIAIOSFODNN7EXAMPLE を有効にする",
        ),
        (
            CredentialChange::SetAccessKeyStatus { user: user(), key: key(), active: false }.into(),
            "deactivate the access key AKIAIOSFODNN7EXAMPLE of USER",
            "USER のアクセスキー AKIAIOSFODNN7EXAMPLE を無効にする",
        ),
        (
            CredentialChange::DeleteAccessKey { user: user(), key: key() }.into(),
            "delete the access key AKIAIOSFODNN7EXAMPLE of USER (no way back)",
            "USER のアクセスキー AKIAIOSFODNN7EXAMPLE を削除する（元に戻せない）",
        ),
        (
            CredentialChange::SetConsoleLogin { user: user(), enabled: true }.into(),
            "give USER a console password again (a new one)",
            "USER に再びコンソールのパスワードを与える（新しいもの）",
        ),
        (
            CredentialChange::SetConsoleLogin { user: user(), enabled: false }.into(),
            "take the console password of USER away",
            "USER のコンソールのパスワードを取り上げる",
        ),
        (
            IdentityChange::PutInlinePolicy {
                identity: user(),
                name: name(),
                document: document(),
                position: None,
            }
            .into(),
            "put the inline policy `own` on USER",
            "USER にインラインポリシー「own」を追加する",
        ),
        (
            IdentityChange::DeleteInlinePolicy { identity: user(), name: name() }.into(),
            "delete the inline policy `own` of USER",
            "USER のインラインポリシー「own」を削除する",
        ),
        (
            IdentityChange::AttachPolicy { identity: user(), policy: policy(), position: None }.into(),
            "attach POLICY to USER",
            "POLICY を USER にアタッチする",
        ),
        (
            IdentityChange::DetachPolicy { identity: user(), policy: policy() }.into(),
            "detach POLICY from USER",
            "POLICY を USER からデタッチする",
        ),
        (
            IdentityChange::SetBoundary { identity: user(), policy: policy() }.into(),
            "bound USER by POLICY",
            "USER のアクセス許可の境界を POLICY にする",
        ),
        (
            IdentityChange::RemoveBoundary { identity: user() }.into(),
            "remove the permissions boundary of USER",
            "USER のアクセス許可の境界を外す",
        ),
        (
            IdentityChange::SetTrustPolicy { role: role(), document: document() }.into(),
            "replace the trust policy of ROLE",
            "ROLE の信頼ポリシーを置き換える",
        ),
        (
            IdentityChange::AddToGroup { user: user(), group: group(), position: None }.into(),
            "add USER to the group `dev`",
            "USER をグループ「dev」に追加する",
        ),
        (
            IdentityChange::RemoveFromGroup { user: user(), group: group() }.into(),
            "remove USER from the group `dev`",
            "USER をグループ「dev」から外す",
        ),
        (
            ManagedPolicyChange::CreatePolicy { policy: policy(), document: document() }.into(),
            "create POLICY",
            "POLICY を作成する",
        ),
        (ManagedPolicyChange::DeletePolicy { policy: policy() }.into(), "delete POLICY", "POLICY を削除する"),
        (
            new_version("policy/full", "v6"),
            "make a new text the default of POLICY, as v6",
            "POLICY の新しいバージョン v6 を作り、デフォルトにする",
        ),
        (
            ManagedPolicyChange::RestorePolicyVersion {
                policy: policy(),
                version: "v1".to_owned(),
                document: document(),
                delete: "v2".to_owned(),
            }
            .into(),
            "make v1 the default of POLICY again and delete v2",
            "POLICY のデフォルトを v1 に戻し、v2 を削除する",
        ),
        (
            OrganizationChange::CreateOrganizationPolicy {
                id: id(),
                name: name(),
                kind: kind(),
                document: document(),
            }
            .into(),
            "create the resource control policy `own` (p-own)",
            "組織のポリシー「own」（p-own）を作成する",
        ),
        (
            OrganizationChange::SetOrganizationPolicy { id: id(), document: document() }.into(),
            "replace the text of the policy p-own of the organization",
            "組織のポリシー p-own の内容を置き換える",
        ),
        (
            OrganizationChange::AttachOrganizationPolicy { id: id(), target: target(), position: None }
                .into(),
            "attach the policy p-own of the organization to r-root",
            "組織のポリシー p-own を r-root にアタッチする",
        ),
        (
            OrganizationChange::DetachOrganizationPolicy { id: id(), target: target() }.into(),
            "detach the policy p-own of the organization from r-root",
            "組織のポリシー p-own を r-root からデタッチする",
        ),
    ];
    let whole = |text: &str| {
        text.replace("USER", user().as_str())
            .replace("ROLE", role().as_str())
            .replace("POLICY", policy().as_str())
    };
    for (change, english, japanese) in told {
        assert_eq!(change.to_string(), whole(english));
        assert_eq!(change.japanese(), whole(japanese));
        let account =
            (!matches!(change, Change::Organization(_))).then(|| AccountId::parse("111122223333").unwrap());
        assert_eq!(change.account(), account, "{change}");
    }
}
