//! Tests of the readers as a whole: bytes in, estate out.

mod bad_input;
mod contradictions;
mod laws;
mod trails;
mod values;

use jiff::Timestamp;

use super::{Assembler, File, read};
use crate::model::{Account, Estate};
use kagimori_id::AccountId;

pub(super) const ACCOUNT: &str = "111122223333";
pub(super) const AS_OF: &str = "2026-07-01T00:00:00Z";
pub(super) const HEADER: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated";
pub(super) const ROOT_ROW: &str = "<root_account>,arn:aws:iam::111122223333:root,2020-01-01T00:00:00+00:00,not_supported,2026-01-02T03:04:05+00:00,not_supported,not_supported,true,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A";
pub(super) const ALICE_ROW: &str = "alice,arn:aws:iam::111122223333:user/dev/alice,2024-01-02T03:04:05+00:00,true,no_information,2024-01-02T03:04:05+00:00,N/A,false,true,2024-02-01T00:00:00+00:00,2026-06-01T12:00:00+00:00,ap-northeast-1,s3,false,2024-03-01T00:00:00+00:00,N/A,N/A,N/A,false,N/A,false,N/A";

pub(super) const DETAILS: &str = r#"{
  "UserDetailList": [
    {"Path": "/dev/", "UserName": "alice", "UserId": "AIDAEXAMPLEALICE", "Arn": "arn:aws:iam::111122223333:user/dev/alice",
     "CreateDate": "2024-01-02T03:04:05+00:00", "GroupList": ["developers"],
     "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}}],
     "AttachedManagedPolicies": [{"PolicyName": "deploy", "PolicyArn": "arn:aws:iam::111122223333:policy/deploy"}],
     "PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": "arn:aws:iam::111122223333:policy/deploy"},
     "Tags": [{"Key": "owner", "Value": "山田"}]}
  ],
  "GroupDetailList": [
    {"Path": "/", "GroupName": "developers", "GroupId": "AGPAEXAMPLE", "Arn": "arn:aws:iam::111122223333:group/developers",
     "CreateDate": "2023-01-01T00:00:00+00:00", "GroupPolicyList": [], "AttachedManagedPolicies": []}
  ],
  "RoleDetailList": [
    {"Path": "/", "RoleName": "app", "RoleId": "AROAEXAMPLE", "Arn": "arn:aws:iam::111122223333:role/app", "CreateDate": "2023-01-01T00:00:00+00:00",
     "AssumeRolePolicyDocument": "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22ec2.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D",
     "InstanceProfileList": [{"InstanceProfileName": "app", "Roles": []}], "RolePolicyList": [], "AttachedManagedPolicies": [],
     "Tags": [], "RoleLastUsed": {"LastUsedDate": "2026-05-01T00:00:00+00:00", "Region": "ap-northeast-1"}}
  ],
  "Policies": [
    {"PolicyName": "deploy", "PolicyId": "ANPAEXAMPLE", "Arn": "arn:aws:iam::111122223333:policy/deploy", "Path": "/", "DefaultVersionId": "v2",
     "AttachmentCount": 1, "PermissionsBoundaryUsageCount": 1, "IsAttachable": true, "CreateDate": "2023-01-01T00:00:00+00:00",
     "PolicyVersionList": [
       {"Document": {"Version": "2012-10-17", "Statement": []}, "VersionId": "v2", "IsDefaultVersion": true, "CreateDate": "2023-02-01T00:00:00+00:00"},
       {"Document": {"Version": "2012-10-17", "Statement": []}, "VersionId": "v1", "IsDefaultVersion": false, "CreateDate": "2023-01-01T00:00:00+00:00"}]}
  ]
}"#;

pub(super) fn account_id() -> AccountId {
    AccountId::parse(ACCOUNT).unwrap()
}

/// The estate of some files, all in the folder of the account.
pub(super) fn in_folder(files: &[(&str, &[u8])]) -> Estate {
    estate(files, Some(account_id()))
}

pub(super) fn estate(files: &[(&str, &[u8])], account: Option<AccountId>) -> Estate {
    let mut assembler = Assembler::default();
    for (path, bytes) in files {
        assembler.add(read(File { path, account, bytes }));
    }
    assembler.finish(Some(AS_OF.parse::<Timestamp>().unwrap()))
}

pub(super) fn the_account(estate: &Estate) -> &Account {
    estate.accounts.get(&account_id()).unwrap()
}

/// Problems, one a line.
pub(super) fn problems(estate: &Estate) -> Vec<String> {
    let line = |p: &crate::model::Problem| format!("{:?}: {} | {}", p.kind, p.message, p.hint);
    estate.problems.iter().map(line).collect()
}

pub(super) fn report(rows: &[&str]) -> String {
    let mut text = HEADER.to_owned();
    for row in rows {
        text.push('\n');
        text.push_str(row);
    }
    text
}
