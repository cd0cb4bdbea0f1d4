//! The company of S0: a bastion account whose users may only pass MFA and assume roles in two other accounts.

use crate::center::IdentityCenter;
use crate::company::{Account, Company, Permissions, Role, User};

/// The account with the users.
pub const BASTION: &str = "111122223333";
/// The first account with roles.
pub const WORKLOAD: &str = "222233334444";
/// The second account with roles; its `Deploy` is reached through a role of the first.
pub const PRODUCTION: &str = "333344445555";
/// The serial of alice's MFA device.
pub const ALICE_MFA: &str = "arn:aws:iam::111122223333:mfa/alice";
/// The external id `Vendor` asks for.
pub const EXTERNAL_ID: &str = "shiosai-7421";

/// The group's inline policy, as the team of S0 published it. Statement 2 has no effect: GetSessionToken can be neither
/// allowed nor denied by policy.
const ASSUME_WITH_MFA: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Sid":"1","Effect":"Allow","Action":["sts:AssumeRole"],"Resource":"*",
     "Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}},
    {"Sid":"2","Effect":"Allow","Action":["sts:GetSessionToken"],"Resource":"*"}]}"#;

/// What the group needs beside it: to see and rotate one's own keys, and to see and pass one's own device
/// (IAM User Guide, `reference_policies_examples_aws_my-sec-creds-self-manage`).
const OWN_CREDENTIALS: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Sid":"Rotate","Effect":"Allow","Action":["iam:CreateAccessKey","iam:DeleteAccessKey","iam:GetAccessKeyLastUsed",
      "iam:GetUser","iam:ListAccessKeys","iam:UpdateAccessKey"],"Resource":"arn:aws:iam::*:user/${aws:username}"},
    {"Sid":"Devices","Effect":"Allow","Action":["iam:ListMFADevices","iam:EnableMFADevice","iam:ResyncMFADevice"],
     "Resource":"arn:aws:iam::*:user/${aws:username}"},
    {"Sid":"NewDevice","Effect":"Allow","Action":"iam:CreateVirtualMFADevice","Resource":"arn:aws:iam::*:mfa/*"},
    {"Sid":"RemoveWithMfa","Effect":"Allow","Action":"iam:DeactivateMFADevice",
     "Resource":"arn:aws:iam::*:user/${aws:username}","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}},
    {"Sid":"SeeDevices","Effect":"Allow","Action":"iam:ListVirtualMFADevices","Resource":"*"}]}"#;

const TRUST_WITH_MFA: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole",
     "Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}},
    {"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},
     "Action":["sts:TagSession","sts:SetSourceIdentity"]}]}"#;

const TRUST_WITH_EXTERNAL_ID: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole",
     "Condition":{"StringEquals":{"sts:ExternalId":"shiosai-7421"}}}]}"#;

const TRUST_ADMIN: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/root-keeper"},"Action":"sts:AssumeRole",
     "Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}]}"#;

const TRUST_OF_POWER: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222233334444:role/Power"},
     "Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]}]}"#;

/// The second hop asks for MFA: no role session can pass that.
const TRUST_OF_POWER_WITH_MFA: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222233334444:role/Power"},"Action":"sts:AssumeRole",
     "Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}]}"#;

/// Alice may also name herself in the session and say why.
const SPEAK_FOR_ONESELF: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":["sts:TagSession","sts:SetSourceIdentity"],"Resource":"*"}]}"#;

const POWER: &str = "arn:aws:iam::aws:policy/PowerUserAccess";
const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";
const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
const HALF_A_DAY_SECONDS: i64 = 43_200;

pub(crate) fn company() -> Company {
    let accounts = vec![bastion(), workload(), production()];
    Company { accounts, identity_center: Some(identity_center()), seed: 1 }
}

/// The address of the access portal.
pub const START_URL: &str = "https://shiosai.awsapps.com/start";
/// The tenant of account access manager.
pub const TENANT: &str = "aa-shiosai0123456789";
/// The Region of Identity Center.
pub const SSO_REGION: &str = "ap-northeast-1";

/// The same people without a key: alice has two permission sets in the workload account and one in production.
fn identity_center() -> IdentityCenter {
    let names =
        [(BASTION, "Shiosai Bastion"), (WORKLOAD, "Shiosai Workload"), (PRODUCTION, "Shiosai Production")];
    let people = ["alice", "bob"].map(|name| format!("{name}@shiosai.example"));
    let [alice, bob] = &people;
    IdentityCenter {
        start_url: START_URL.to_owned(),
        region: SSO_REGION.to_owned(),
        account_names: names.map(|(id, name)| (id.to_owned(), name.to_owned())).into(),
        ..IdentityCenter::default()
    }
    .permission_set("PowerUser", Permissions::attached(POWER).and_inline(ASSUME))
    .permission_set("ReadOnly", Permissions::attached(READ_ONLY))
    .permission_set("Operator", Permissions::attached(POWER))
    .assign(alice, WORKLOAD, "PowerUser")
    .assign(alice, WORKLOAD, "ReadOnly")
    .assign(alice, PRODUCTION, "Operator")
    .assign(alice, BASTION, "ReadOnly")
    .assign(bob, WORKLOAD, "ReadOnly")
    .entitle(TENANT, alice, &format!("arn:aws:iam::{WORKLOAD}:role/Power"))
    .entitle(TENANT, alice, &format!("arn:aws:iam::{PRODUCTION}:role/delivery/Deploy"))
    .entitle(TENANT, bob, &format!("arn:aws:iam::{WORKLOAD}:role/ReadOnly"))
    .people(&people)
}

/// The same without a condition of its own: MFA is left to the trust policies, so that a code passed with AssumeRole is
/// enough whatever the caller's own policies see of it.
const ASSUME: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}]}"#;

/// `alice` with an MFA device, `bob` without one, `carol` who may assume roles directly for longer than an hour,
/// `root-keeper`, whom `Admin` trusts, and a key of the root user.
fn bastion() -> Account {
    let group =
        Permissions::inline(ASSUME_WITH_MFA).and_inline(OWN_CREDENTIALS).and_inline(SPEAK_FOR_ONESELF);
    Account::new(BASTION)
        .group("engineers", group)
        .user(User::new("alice").in_group("engineers").mfa("alice").tag("team", "platform"))
        .user(User::new("bob").in_group("engineers"))
        .group("long-runners", Permissions::inline(ASSUME).and_inline(OWN_CREDENTIALS))
        .user(User::new("carol").in_group("long-runners").mfa("carol"))
        .user(User::new("root-keeper").in_group("engineers").mfa("root-keeper"))
        .root_key()
}

fn workload() -> Account {
    Account::new(WORKLOAD)
        .role(Role::new("Power", TRUST_WITH_MFA).permissions(Permissions::attached(POWER)))
        .role(Role::new("ReadOnly", TRUST_WITH_MFA).permissions(Permissions::attached(READ_ONLY)))
        .role(Role::new("Admin", TRUST_ADMIN).permissions(Permissions::attached(ADMINISTRATOR)))
        .role(
            Role::new("LongJob", TRUST_WITH_MFA)
                .permissions(Permissions::attached(POWER))
                .max_session_seconds(HALF_A_DAY_SECONDS),
        )
        .role(Role::new("Vendor", TRUST_WITH_EXTERNAL_ID).permissions(Permissions::attached(READ_ONLY)))
}

fn production() -> Account {
    Account::new(PRODUCTION)
        .role(Role::new("Power", TRUST_WITH_MFA).permissions(Permissions::attached(POWER)))
        .role(Role::new("ReadOnly", TRUST_WITH_MFA).permissions(Permissions::attached(READ_ONLY)))
        .role(Role::new("Admin", TRUST_ADMIN).permissions(Permissions::attached(ADMINISTRATOR)))
        .role(
            Role::new("Deploy", TRUST_OF_POWER)
                .path("/delivery/")
                .permissions(Permissions::attached(POWER))
                .max_session_seconds(HALF_A_DAY_SECONDS),
        )
        .role(Role::new("DeployWithMfa", TRUST_OF_POWER_WITH_MFA).permissions(Permissions::attached(POWER)))
}
