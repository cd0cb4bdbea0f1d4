//! Odd but sound input, and the value that it must yield.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{
    ALICE_ROW, DETAILS, HEADER, ROOT_ROW, account_id, estate, in_folder, problems, report, the_account,
};
use crate::fact::{Dataset, GapReason, Known};
use crate::model::{AccessKey, Account, CredentialReportRow, LastUse, Listing, User};
use crate::read::{Assembler, File, read};
use kagimori_id::{AccessKeyId, AccountId};

fn alice(account: &Account) -> &User {
    account.users.get("alice").unwrap()
}

fn row_of(rows: &[&str], name: &str) -> Known<CredentialReportRow> {
    let estate = in_folder(&[("r.csv", report(rows).as_bytes())]);
    the_account(&estate).users.get(name).unwrap().report.clone()
}

/// Alice's row with one column changed.
fn alice_with(column: &str, value: &str) -> String {
    let at = HEADER.split(',').position(|name| name == column).unwrap();
    let mut cells: Vec<&str> = ALICE_ROW.split(',').collect();
    cells[at] = value;
    cells.join(",")
}

fn reason<T: std::fmt::Debug>(known: &Known<T>) -> GapReason {
    known.gap().expect("a gap").reason.clone()
}

#[test]
fn the_authorization_details_are_read_whole() {
    let estate = in_folder(&[("a.json", DETAILS.as_bytes())]);
    assert_eq!(problems(&estate), Vec::<String>::new());
    let account = the_account(&estate);
    let details = alice(account).details.value().unwrap();
    assert_eq!(details.path, "/dev/");
    assert_eq!(details.groups, ["developers"]);
    assert_eq!(details.tags.get("owner").unwrap(), "山田");
    assert_eq!(details.grants.boundary.as_ref().unwrap().name(), "deploy");
    assert_eq!(details.grants.inline[0].1.document.as_ref().unwrap().statements.len(), 1);
    let role = account.roles.get("app").unwrap();
    assert!(role.trust.document.is_ok(), "{:?}", role.trust);
    assert_eq!(role.instance_profiles, ["app"]);
    assert_eq!(role.last_used.value().unwrap().as_ref().unwrap().region.as_deref(), Some("ap-northeast-1"));
    assert_eq!(reason(&role.max_session_seconds), GapReason::NotGiven);
    let policy = account.policies.values().next().unwrap();
    assert_eq!(
        (policy.default_version.as_str(), policy.version_count(), policy.attachments),
        ("v2", Some(2), Some(1))
    );
    let others = policy.other_versions.value().unwrap();
    assert_eq!(others[0].id, "v1");
    assert_eq!(others[0].document.document.as_ref().unwrap().statements, []);
    assert_eq!(reason(&alice(account).report), GapReason::NotGiven);
    assert_eq!(reason(&alice(account).access_keys), GapReason::NotGiven);
}

#[test]
fn every_account_tells_of_every_dataset() {
    let estate = in_folder(&[("a.json", DETAILS.as_bytes())]);
    assert_eq!(the_account(&estate).datasets.len(), Dataset::ALL.len());
}

#[test]
fn role_last_used_empty_is_never_and_missing_is_unknown() {
    let last_used =
        r#""RoleLastUsed": {"LastUsedDate": "2026-05-01T00:00:00+00:00", "Region": "ap-northeast-1"}"#;
    let empty = DETAILS.replace(last_used, r#""RoleLastUsed": {}"#);
    let missing = DETAILS.replace(last_used, r#""Path": "/""#).replacen(
        r#""Path": "/", "RoleName""#,
        r#""RoleName""#,
        1,
    );
    let of = |text: &str| {
        let estate = in_folder(&[("a.json", text.as_bytes())]);
        the_account(&estate).roles.get("app").unwrap().last_used.clone()
    };
    assert_eq!(of(&empty).value(), Some(&None));
    assert_eq!(reason(&of(&missing)), GapReason::FieldAbsent("RoleLastUsed".to_owned()));
}

#[test]
fn lists_may_be_null_or_left_out() {
    let user = r#"{"UserDetailList": [{"UserName": "bob", "UserId": "AIDAX", "Arn": "arn:aws:iam::111122223333:user/a/bob", "Tags": null}], "Policies": null}"#;
    let estate = estate(&[("a.json", user.as_bytes())], None);
    assert_eq!(problems(&estate), Vec::<String>::new());
    let user = the_account(&estate).users.get("bob").unwrap();
    assert_eq!(user.details.value().unwrap().path, "/a/");
    assert_eq!(reason(&user.created), GapReason::FieldAbsent("CreateDate".to_owned()));
}

#[test]
fn a_row_is_read_by_the_names_of_its_columns() {
    let row = row_of(&[ROOT_ROW, ALICE_ROW], "alice").value().unwrap().clone();
    assert_eq!(row.password_enabled.value(), Some(&true));
    assert_eq!(row.password_last_used.value(), Some(&LastUse::Never));
    assert_eq!(row.keys[1].last_rotated.value().unwrap().unwrap().to_string(), "2024-03-01T00:00:00Z");
    assert_eq!(row.certificates[0].last_rotated.value(), Some(&None));
    assert!(matches!(
        row.keys[0].last_used.value(),
        Some(LastUse::At { region: Some(region), service: Some(service), .. }) if region == "ap-northeast-1" && service == "s3"
    ));
}

#[test]
fn root_has_its_own_row_and_not_supported_is_unknown() {
    let estate = in_folder(&[("r.csv", report(&[ROOT_ROW]).as_bytes())]);
    let root = the_account(&estate).root.report.value().unwrap();
    assert_eq!(root.mfa_active.value(), Some(&true));
    assert_eq!(reason(&root.password_enabled), GapReason::FieldAbsent("password_enabled".to_owned()));
    assert!(the_account(&estate).users.is_empty());
    let without = in_folder(&[("r.csv", report(&[ALICE_ROW]).as_bytes())]);
    assert_eq!(reason(&the_account(&without).root.report), GapReason::FieldAbsent("user".to_owned()));
}

#[test]
fn sentinels_in_each_place() {
    let cell =
        |column: &str, value: &str| row_of(&[&alice_with(column, value)], "alice").value().unwrap().clone();
    let absent = |column: &str| GapReason::FieldAbsent(column.to_owned());
    for value in ["N/A", "no_information", "not_supported"] {
        assert_eq!(reason(&cell("password_enabled", value).password_enabled), absent("password_enabled"));
        assert_eq!(reason(&cell("mfa_active", value).mfa_active), absent("mfa_active"));
        assert_eq!(reason(&cell("user_creation_time", value).created), absent("user_creation_time"));
    }
    for value in ["N/A", "no_information"] {
        assert_eq!(cell("password_last_used", value).password_last_used.value(), Some(&LastUse::Never));
        let used = cell("access_key_1_last_used_date", value);
        assert_eq!(used.keys[0].last_used.value(), Some(&LastUse::Never));
    }
    assert_eq!(
        reason(&cell("password_last_used", "not_supported").password_last_used),
        absent("password_last_used")
    );
    assert_eq!(cell("password_last_changed", "N/A").password_last_changed.value(), Some(&None));
    assert_eq!(
        reason(&cell("password_last_changed", "not_supported").password_last_changed),
        absent("password_last_changed")
    );
    assert_eq!(cell("access_key_1_active", "N/A").keys[0].active.value(), Some(&false));
    assert_eq!(
        reason(&cell("access_key_1_active", "not_supported").keys[0].active),
        absent("access_key_1_active")
    );
    assert_eq!(cell("cert_1_active", "TRUE").certificates[0].active.value(), Some(&true));
    let offset = cell("access_key_1_last_rotated", "2024-02-01T09:00:00+09:00");
    assert_eq!(offset.keys[0].last_rotated.value().unwrap().unwrap().to_string(), "2024-02-01T00:00:00Z");
}

#[test]
fn missing_columns_are_unknown_and_others_are_kept() {
    let text = "user,arn,mfa_active,additional_credentials_info\nbob,arn:aws:iam::111122223333:user/bob,False,\"a, \"\"b\"\"\"\n";
    let estate = estate(&[("r.csv", text.as_bytes())], None);
    let row = the_account(&estate).users.get("bob").unwrap().report.value().unwrap().clone();
    assert_eq!(row.mfa_active.value(), Some(&false));
    assert_eq!(reason(&row.password_enabled), GapReason::FieldAbsent("password_enabled".to_owned()));
    assert_eq!(row.additional.as_deref(), Some("a, \"b\""));
    assert_eq!(problems(&estate), Vec::<String>::new());
    let user = the_account(&estate).users.get("bob").unwrap();
    assert_eq!(reason(&user.access_keys), GapReason::FieldAbsent("access_key_1_last_rotated".to_owned()));
}

#[test]
fn names_with_commas_are_put_right_by_the_arn() {
    for name in ["x+y=z,w", "a,b,c"] {
        let unquoted = ALICE_ROW.replace("user/dev/alice", &format!("user/{name}")).replacen(
            "alice,",
            &format!("{name},"),
            1,
        );
        let row = row_of(&[&unquoted], name);
        assert_eq!(row.value().unwrap().arn.name(), name);
        assert_eq!(row.value().unwrap().mfa_active.value(), Some(&false));
        let quoted = ALICE_ROW
            .replace(
                "arn:aws:iam::111122223333:user/dev/alice",
                &format!("\"arn:aws:iam::111122223333:user/{name}\""),
            )
            .replacen("alice,", &format!("\"{name}\","), 1);
        assert_eq!(row_of(&[&quoted], name), row);
    }
}

#[test]
fn encodings_give_the_same_report() {
    let text = report(&[ROOT_ROW, ALICE_ROW]);
    let plain = in_folder(&[("r.csv", text.as_bytes())]);
    let with_mark = [b"\xef\xbb\xbf", text.as_bytes()].concat();
    let crlf = text.replace('\n', "\r\n");
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let final_newline = format!("{text}\n");
    let marked_little = [b"\xff\xfe".as_slice(), &little].concat();
    let marked_big = [b"\xfe\xff".as_slice(), &big].concat();
    for bytes in [&with_mark, crlf.as_bytes(), &little, &marked_little, &marked_big, final_newline.as_bytes()]
    {
        assert_eq!(in_folder(&[("r.csv", bytes)]), plain);
    }
}

#[test]
fn the_report_in_json_tells_its_own_instant() {
    let content = STANDARD.encode(report(&[ROOT_ROW, ALICE_ROW]));
    let json = format!(
        r#"{{"Content": "{content}", "ReportFormat": "text/csv", "GeneratedTime": "2026-06-30T20:00:00+00:00"}}"#
    );
    let estate = in_folder(&[("r.json", json.as_bytes())]);
    assert_eq!(problems(&estate), Vec::<String>::new());
    assert_eq!(estate.sources[0].as_of.unwrap().to_string(), "2026-06-30T20:00:00Z");
    assert!(alice(the_account(&estate)).report.value().is_some());
}

const KEYS: &str = r#"{"AccessKeyMetadata": [
  {"UserName": "alice", "AccessKeyId": "AKIAIOSFODNN7EXAMPL2", "Status": "Inactive", "CreateDate": "2024-03-01T00:00:00+00:00"},
  {"UserName": "alice", "AccessKeyId": "AKIAIOSFODNN7EXAMPL1", "Status": "Active", "CreateDate": "2024-02-01T00:00:00+00:00"}]}"#;

fn alices_keys(files: &[(&str, &str)]) -> Known<Vec<AccessKey>> {
    let bytes: Vec<(&str, &[u8])> = files.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
    let estate = in_folder(&bytes);
    alice(the_account(&estate)).access_keys.clone()
}

#[test]
fn slots_follow_ascending_key_ids() {
    let keys = alices_keys(&[("k.json", KEYS), ("r.csv", &report(&[ALICE_ROW]))]);
    let keys = keys.value().unwrap();
    assert_eq!(keys[0].id, Some(AccessKeyId::parse("AKIAIOSFODNN7EXAMPL1").unwrap()));
    assert_eq!((keys[0].slot, keys[0].active.value()), (Some(1), Some(&true)));
    assert_eq!((keys[1].slot, keys[1].active.value()), (Some(2), Some(&false)));
    assert!(matches!(keys[0].last_used.value(), Some(LastUse::At { .. })));
    assert_eq!(keys[1].last_used.value(), Some(&LastUse::Never));
}

#[test]
fn keys_made_in_the_same_second_keep_their_own_slots() {
    let row = alice_with("access_key_2_last_rotated", "2024-02-01T00:00:00+00:00");
    let listed = KEYS.replace("2024-03-01", "2024-02-01");
    let keys = alices_keys(&[("k.json", &listed), ("r.csv", &report(&[&row]))]);
    let keys = keys.value().unwrap();
    assert_eq!((keys[0].slot, keys[0].active.value()), (Some(1), Some(&true)));
    assert_eq!((keys[1].slot, keys[1].active.value()), (Some(2), Some(&false)));
}

#[test]
fn a_slot_whose_date_differs_is_not_believed() {
    let keys = alices_keys(&[
        ("k.json", &KEYS.replace("2024-02-01", "2024-02-09")),
        ("r.csv", &report(&[ALICE_ROW])),
    ]);
    let key = &keys.value().unwrap()[0];
    assert_eq!(reason(&key.last_used), GapReason::Contradiction("when an access key was created".to_owned()));
    assert_eq!((key.slot, key.active.value()), (None, Some(&true)));
}

#[test]
fn another_number_of_keys_is_a_contradiction() {
    let one = r#"{"AccessKeyMetadata": [{"UserName": "alice", "AccessKeyId": "AKIAIOSFODNN7EXAMPL1", "Status": "Active", "CreateDate": "2024-02-01T00:00:00+00:00"}]}"#;
    let keys = alices_keys(&[("k.json", one), ("r.csv", &report(&[ALICE_ROW]))]);
    let gap = reason(&keys.value().unwrap()[0].last_used);
    assert_eq!(gap, GapReason::Contradiction("the number of access keys".to_owned()));
}

#[test]
fn the_fresher_last_use_counts() {
    let used = |date: &str| {
        format!(
            r#"{{"UserName": "alice", "AccessKeyLastUsed": {{"LastUsedDate": "{date}", "ServiceName": "sts", "Region": "us-east-1"}}}}"#
        )
    };
    let at = |date: &str| {
        let keys = alices_keys(&[
            ("k.json", KEYS),
            ("r.csv", &report(&[ALICE_ROW])),
            ("u/AKIAIOSFODNN7EXAMPL1.json", &used(date)),
        ]);
        let LastUse::At { service, .. } = keys.value().unwrap()[0].last_used.value().unwrap().clone() else {
            panic!()
        };
        service.unwrap()
    };
    assert_eq!(at("2026-06-30T00:00:00+00:00"), "sts");
    assert_eq!(at("2026-05-30T00:00:00+00:00"), "s3");
}

#[test]
fn an_empty_answer_for_every_user_means_none() {
    let files: &[(&str, &[u8])] = &[("a.json", DETAILS.as_bytes()), ("m.json", br#"{"MFADevices": []}"#)];
    let estate = in_folder(files);
    assert_eq!(alice(the_account(&estate)).mfa_devices.value(), Some(&Vec::new()));
    let two = DETAILS.replace(
        r#""UserDetailList": ["#,
        r#""UserDetailList": [{"UserName": "bob", "UserId": "AIDAX", "Arn": "arn:aws:iam::111122223333:user/bob"},"#,
    );
    let estate = in_folder(&[("a.json", two.as_bytes()), ("m.json", br#"{"MFADevices": []}"#)]);
    let gap = reason(&alice(the_account(&estate)).mfa_devices);
    assert_eq!(gap, GapReason::FieldAbsent("UserName".to_owned()));
}

#[test]
fn whom_the_details_do_not_name_is_unknown_and_not_gone() {
    let bob = ALICE_ROW.replace("user/dev/alice", "user/bob").replacen("alice,", "bob,", 1);
    let csv = report(&[ALICE_ROW, &bob]);
    let estate = in_folder(&[("a.json", DETAILS.as_bytes()), ("r.csv", csv.as_bytes())]);
    let account = the_account(&estate);
    assert_eq!(account.deleted_users, ["bob"]);
    let bob = account.users.get("bob").unwrap();
    assert_eq!(reason(&bob.details), GapReason::Contradiction("who exists".to_owned()));
    assert!(bob.report.value().is_some());
    // with a page missing there is nothing to contradict
    let torn = DETAILS.replacen('{', r#"{"IsTruncated": true,"#, 1);
    let estate = in_folder(&[("a.json", torn.as_bytes()), ("r.csv", csv.as_bytes())]);
    let account = the_account(&estate);
    assert!(account.deleted_users.is_empty());
    assert_eq!(reason(&account.users.get("bob").unwrap().details), GapReason::Truncated);
}

#[test]
fn whom_only_a_list_of_credentials_or_roles_names_is_there() {
    let roles = r#"{"Roles": [{"RoleName": "open", "RoleId": "AROAX", "Path": "/", "Arn": "arn:aws:iam::111122223333:role/open", "MaxSessionDuration": 3600,
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}}]}"#;
    let files = [("a.json", DETAILS), ("k.json", &KEYS.replace("alice", "zoe")), ("l.json", roles)];
    let bytes: Vec<(&str, &[u8])> = files.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
    let estate = in_folder(&bytes);
    let account = the_account(&estate);
    let zoe = account.users.get("zoe").unwrap();
    assert_eq!(zoe.access_keys.value().unwrap().len(), 2);
    assert_eq!(zoe.arn.as_str(), "arn:aws:iam::111122223333:user/zoe");
    assert_eq!(reason(&zoe.details), GapReason::Contradiction("who exists".to_owned()));
    let open = account.roles.get("open").unwrap();
    assert_eq!(open.trust.document.as_ref().unwrap().statements.len(), 1);
    assert!(!open.grants.knows_boundary());
}

#[test]
fn a_list_that_is_left_out_is_not_empty() {
    let without = |list: &str| {
        let mut details: serde_json::Value = serde_json::from_str(DETAILS).unwrap();
        details.as_object_mut().unwrap().remove(list);
        in_folder(&[("a.json", details.to_string().as_bytes())])
    };
    for listing in Listing::ALL {
        let estate = without(listing.member());
        let account = the_account(&estate);
        for other in Listing::ALL {
            let reason = account.listing(other).gap().map(|gap| gap.reason.clone());
            let expected = (other == listing).then(|| GapReason::FieldAbsent(listing.member().to_owned()));
            assert_eq!(reason, expected, "{listing:?} {other:?}");
        }
    }
    // AWS counts more than a `--filter` let through
    let summary = br#"{"SummaryMap": {"Roles": 7}}"#;
    let estate = in_folder(&[("a.json", DETAILS.as_bytes()), ("s.json", summary)]);
    assert!(the_account(&estate).listing(Listing::Roles).value().is_none());
    assert!(the_account(&estate).listing(Listing::Users).value().is_some());
}

/// `API_GetAccountAuthorizationDetails`, sample response: Alice has no inline policy and no `UserPolicyList`.
#[test]
fn the_lists_of_an_entity() {
    let lacking = |member: &str| {
        let text = DETAILS.replace(&format!("\"{member}\": ["), "\"Other\": [");
        let estate = in_folder(&[("a.json", text.as_bytes())]);
        let account = the_account(&estate);
        let grants = [
            &alice(account).details.value().unwrap().grants,
            &account.groups.get("developers").unwrap().grants,
            &account.roles.get("app").unwrap().grants,
        ];
        grants.map(|grants| grants.gaps.len())
    };
    assert_eq!(lacking("UserPolicyList"), [0, 0, 0]);
    assert_eq!(lacking("GroupList"), [1, 0, 0]);
    assert_eq!(lacking("AttachedManagedPolicies"), [1, 1, 1]);
    assert_eq!(lacking("GroupPolicyList"), [0, 1, 0]);
    assert_eq!(lacking("RolePolicyList"), [0, 0, 1]);
    let text = DETAILS
        .replace("\"UserPolicyList\": [", "\"Other\": [")
        .replace("\"GroupList\": [", "\"Another\": [");
    let estate = in_folder(&[("a.json", text.as_bytes())]);
    assert_eq!(alice(the_account(&estate)).details.value().unwrap().grants.gaps.len(), 2);
}

#[test]
fn a_user_made_anew_does_not_inherit_the_old_row() {
    let row = alice_with("user_creation_time", "2020-01-01T00:00:00Z");
    let estate = in_folder(&[("a.json", DETAILS.as_bytes()), ("r.csv", report(&[&row]).as_bytes())]);
    let gap = reason(&alice(the_account(&estate)).report);
    assert_eq!(gap, GapReason::Contradiction("when the user was created".to_owned()));
}

#[test]
fn no_password_policy_is_an_answer() {
    let text = b"\nAn error occurred (NoSuchEntity) when calling the GetAccountPasswordPolicy operation: The Password Policy with domain name 111122223333 cannot be found.\n";
    let estate = in_folder(&[("p.json", text)]);
    assert_eq!(problems(&estate), Vec::<String>::new());
    assert_eq!(the_account(&estate).password_policy.value(), Some(&None));
}

#[test]
fn settings_of_an_account() {
    let files: &[(&str, &[u8])] = &[
        ("a.json", br#"{"SummaryMap": {"AccountMFAEnabled": 1, "Users": 1}}"#),
        ("b.json", br#"{"PasswordPolicy": {"MinimumPasswordLength": 14, "RequireSymbols": true}}"#),
        ("c.json", br#"{"AccountAliases": []}"#),
        ("d.json", br#"{"OpenIDConnectProviderList": [{"Arn": "arn:aws:iam::111122223333:oidc-provider/example.com"}]}"#),
        ("e.json", br#"{"SAMLProviderList": []}"#),
        ("f.json", br#"{"ServerCertificateMetadataList": [{"ServerCertificateName": "old", "Arn": "arn:aws:iam::111122223333:server-certificate/old", "Expiration": "2020-01-01T00:00:00Z"}]}"#),
        ("g.json", br#"{"VirtualMFADevices": [{"SerialNumber": "arn:aws:iam::111122223333:mfa/root-account-mfa-device", "User": {"Arn": "arn:aws:iam::111122223333:root"}, "EnableDate": "2020-01-01T00:00:00Z"}, {"SerialNumber": "arn:aws:iam::111122223333:mfa/left"}]}"#),
        ("h.json", br#"{"Roles": [{"RoleName": "app", "Arn": "arn:aws:iam::111122223333:role/app", "MaxSessionDuration": 43200}]}"#),
        ("i.json", DETAILS.as_bytes()),
    ];
    let estate = in_folder(files);
    assert_eq!(problems(&estate), Vec::<String>::new());
    let account = the_account(&estate);
    assert_eq!(account.summary.value().unwrap().get("AccountPasswordPresent"), None);
    assert_eq!(account.password_policy.value().unwrap().as_ref().unwrap().minimum_length, Some(14));
    assert_eq!(account.alias.value(), Some(&None));
    assert_eq!(account.oidc_providers.value().unwrap().len(), 1);
    assert_eq!(account.saml_providers.value(), Some(&Vec::new()));
    assert_eq!(account.server_certificates.value().unwrap()[0].name, "old");
    assert_eq!(account.virtual_mfa_devices.value().unwrap().len(), 2);
    assert_eq!(account.roles.get("app").unwrap().max_session_seconds.value(), Some(&43200));
    // the same files beside each other without a folder: those without an ARN belong to the only account
    let loose = super::estate(files, None);
    assert_eq!(loose, estate);
}

#[test]
fn the_organization_is_joined_from_its_answers() {
    let files: &[(&str, &[u8])] = &[
        ("organization.json", br#"{"Organization": {"Id": "o-example", "MasterAccountId": "444455556666"}}"#),
        ("accounts.json", br#"{"Accounts": [{"Id": "111122223333", "Name": "app", "Status": "ACTIVE", "JoinedTimestamp": 1600000000.5}, {"Id": "777788889999", "Name": "old", "Status": "SUSPENDED", "State": "CLOSED"}]}"#),
        ("policies.json", br#"{"Policies": [{"Id": "p-full", "Arn": "arn:aws:organizations::aws:policy/service_control_policy/p-full", "Name": "FullAWSAccess", "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": true}]}"#),
        ("policy.json", br#"{"Policy": {"PolicySummary": {"Id": "p-deny", "Name": "deny", "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": false}, "Content": "{\"Version\": \"2012-10-17\", \"Statement\": []}"}}"#),
        ("p-deny.json", br#"{"Targets": [{"TargetId": "ou-1", "Arn": "x", "Name": "Production", "Type": "ORGANIZATIONAL_UNIT"}]}"#),
        ("features.json", br#"{"OrganizationId": "o-example", "EnabledFeatures": ["RootSessions", "RootCredentialsManagement"]}"#),
    ];
    let estate = estate(files, None);
    assert_eq!(problems(&estate), Vec::<String>::new());
    let organization = &estate.organization;
    assert_eq!(organization.id.value().unwrap(), "o-example");
    assert_eq!(organization.accounts.value().unwrap()[1].status, "CLOSED");
    assert_eq!(organization.features.value().unwrap(), &["RootCredentialsManagement", "RootSessions"]);
    let policies = organization.policies.value().unwrap();
    assert_eq!(policies.iter().map(|policy| policy.id.as_str()).collect::<Vec<_>>(), ["p-deny", "p-full"]);
    assert!(policies[0].document.value().unwrap().document.is_ok());
    assert_eq!(policies[0].targets.value().unwrap(), &["ou-1"]);
    assert_eq!(reason(&policies[1].document), GapReason::FieldAbsent("Content".to_owned()));
    assert_eq!(estate.accounts.len(), 3);
    assert!(estate.accounts.values().all(|account| account.datasets.len() == Dataset::ALL.len()));
}

/// SCPs and RCPs are two lists: of whoever has one and is refused the other nobody knows which policies there are. A refusal about one
/// policy costs that policy alone.
#[test]
fn one_list_of_policies_is_not_all_of_them() {
    let list: (&str, &[u8]) = (
        "policies.json",
        br#"{"Policies": [{"Id": "p-deny", "Name": "deny", "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": false}]}"#,
    );
    let refused = |operation: &str| {
        format!("An error occurred (AccessDeniedException) when calling the {operation} operation: no")
            .into_bytes()
    };
    let (other, one) = (refused("ListPolicies"), refused("DescribePolicy"));
    let both = estate(&[list, ("policies-rcp.json", &other)], None);
    assert_eq!(reason(&both.organization.policies), GapReason::Denied("AccessDeniedException".to_owned()));
    let described = estate(&[list, ("policy-p-deny.json", &one)], None);
    let policies = described.organization.policies.value().unwrap();
    assert!(policies.len() == 1 && policies[0].document.value().is_none());
}

#[test]
fn what_is_clearly_not_awss_is_passed_over() {
    let notes: &[(&str, &[u8])] = &[
        ("notes.json", br#"{"owner": "sre", "UserDetailLists": 1}"#),
        ("package.json", br#"{"name": "#),
        ("list.txt", b"alice\nbob"),
        ("people.csv", b"name,team\nalice,sre"),
        ("users.json", br#"{"Users": [{"UserName": "alice"}]}"#),
    ];
    assert_eq!(estate(notes, None), crate::Estate::empty());
}

#[test]
fn a_page_of_policies_alone_is_a_page() {
    let (head, policies) = DETAILS.split_once(r#""Policies":"#).unwrap();
    let first = format!(r#"{head} "IsTruncated": true}}"#);
    let second = format!(r#"{{"Policies":{policies}"#);
    let split = in_folder(&[("1.json", first.as_bytes()), ("2.json", second.as_bytes())]);
    assert_eq!(problems(&split), Vec::<String>::new());
    assert_eq!(the_account(&split).policies.len(), 1);
}

#[test]
fn generate_and_get_in_one_file_is_the_report() {
    let content = STANDARD.encode(report(&[ALICE_ROW]));
    let json = format!("{{\"State\": \"COMPLETE\"}}\n{{\"Content\": \"{content}\"}}");
    let estate = in_folder(&[("credential-report.json", json.as_bytes())]);
    assert_eq!(problems(&estate), Vec::<String>::new());
    assert!(alice(the_account(&estate)).report.value().is_some());
}

#[test]
fn an_entity_that_stands_twice_and_not_alike_is_torn() {
    let later = DETAILS.replace("山田", "佐藤");
    let estate = in_folder(&[("1.json", DETAILS.as_bytes()), ("2.json", later.as_bytes())]);
    let message = "entities stand twice and not alike, and only what both say holds: `arn:aws:iam::111122223333:user/dev/alice`";
    assert_eq!(estate.problems[0].message, message);
    let details = alice(the_account(&estate)).details.value().unwrap();
    assert_eq!(details.tags.get("owner"), None);
    assert_eq!(details.grants.gaps.len(), 0);
}

#[test]
fn what_two_pages_grant_differently_may_hold_or_not() {
    let later =
        DETAILS.replace("\"GroupList\": [\"developers\"]", "\"GroupList\": []").replace("s3:*", "iam:*");
    let estate = in_folder(&[("1.json", DETAILS.as_bytes()), ("2.json", later.as_bytes())]);
    let grants = &alice(the_account(&estate)).details.value().unwrap().grants;
    assert_eq!((grants.inline.len(), grants.gaps.len(), grants.knows_boundary()), (2, 2, false));
}

#[test]
fn a_damaged_page_leaves_the_dataset_unknown_and_its_entities_in_place() {
    let files: &[(&str, &[u8])] = &[
        ("1.json", DETAILS.as_bytes()),
        ("2.json", &DETAILS.as_bytes()[..900]),
        ("3.csv", HEADER.as_bytes()),
    ];
    let estate = in_folder(files);
    let account = the_account(&estate);
    assert_eq!(reason(&account.dataset(Dataset::AuthorizationDetails)), GapReason::Damaged);
    assert_eq!(account.users.len(), 1);
    assert!(account.dataset(Dataset::CredentialReport).value().is_some());
}

#[test]
fn a_refused_or_damaged_dataset_says_so_to_each_user() {
    let refused = b"\nAn error occurred (AccessDenied) when calling the GetCredentialReport operation: no";
    let estate = in_folder(&[("a.json", DETAILS.as_bytes()), ("r.json", refused)]);
    assert_eq!(reason(&alice(the_account(&estate)).report), GapReason::Denied("AccessDenied".to_owned()));
    assert_eq!(reason(&the_account(&estate).root.report), GapReason::Denied("AccessDenied".to_owned()));
    // a good report beside it is believed
    let csv = report(&[ALICE_ROW]);
    let files: &[(&str, &[u8])] =
        &[("a.json", DETAILS.as_bytes()), ("r.json", refused), ("s.csv", csv.as_bytes())];
    assert!(alice(the_account(&in_folder(files))).report.value().is_some());
}

#[test]
fn files_of_no_account_need_a_folder_when_there_are_several() {
    let other = DETAILS.replace("111122223333", "444455556666");
    let summary = br#"{"SummaryMap": {"Users": 1}}"#;
    let files: &[(&str, &[u8])] =
        &[("a.json", DETAILS.as_bytes()), ("b.json", other.as_bytes()), ("c.json", summary)];
    let estate = estate(files, None);
    let said = "Unreadable: the file does not name its account | put it into the folder of its account: `snapshots/<account>/`";
    assert_eq!(problems(&estate), [said]);
}

/// A credential report is of one account: a row of another in the folder of the first is told, and is nobody's.
#[test]
fn rows_of_another_account_are_told_and_not_used() {
    let bob = ALICE_ROW.replace("alice", "bob").replace("111122223333", "444455556666");
    let csv = report(&[ROOT_ROW, ALICE_ROW, &bob]);
    let other = DETAILS.replace("111122223333", "444455556666").replace("alice", "bob");
    let there = AccountId::parse("444455556666").unwrap();
    let mut assembler = Assembler::default();
    for (path, account, bytes) in [
        ("snapshots/111122223333/a.json", account_id(), DETAILS.as_bytes()),
        ("snapshots/111122223333/r.csv", account_id(), csv.as_bytes()),
        ("snapshots/444455556666/a.json", there, other.as_bytes()),
    ] {
        assembler.add(read(File { path, account: Some(account), bytes }));
    }
    let estate = assembler.finish(None);
    let said = "Partial: it lies in the folder of 111122223333, and speaks of account 444455556666, too | what it says of 444455556666 is not used: write the answer of each account into its own folder, `snapshots/444455556666/`";
    assert_eq!(problems(&estate), [said]);
    assert!(estate.accounts.get(&account_id()).unwrap().users.get("alice").unwrap().report.value().is_some());
    assert!(estate.accounts.get(&account_id()).unwrap().users.get("bob").is_none());
    assert!(estate.accounts.get(&there).unwrap().users.get("bob").unwrap().report.value().is_none());
    // without a folder each row is its own account's
    let mut assembler = Assembler::default();
    assembler.add(read(File { path: "r.csv", account: None, bytes: csv.as_bytes() }));
    let estate = assembler.finish(None);
    assert_eq!(problems(&estate), [""; 0]);
    assert!(estate.accounts.get(&there).unwrap().users.get("bob").unwrap().report.value().is_some());
}

#[test]
fn every_fact_has_its_source() {
    let csv = report(&[ROOT_ROW, ALICE_ROW]);
    let files: &[(&str, &[u8])] =
        &[("a.json", DETAILS.as_bytes()), ("r.csv", csv.as_bytes()), ("k.json", KEYS.as_bytes())];
    let shown = format!("{:?}", in_folder(files));
    assert!(!shown.contains(&format!("{:?}", crate::SourceId::UNPLACED)));
}

#[test]
fn a_row_that_cannot_be_put_right_is_unknown_and_not_dropped() {
    let short = ALICE_ROW.rsplit_once(',').unwrap().0;
    assert_eq!(reason(&row_of(&[short], "alice")), GapReason::Damaged);
    let other = ALICE_ROW.replace("true", "false");
    assert_eq!(
        reason(&row_of(&[ALICE_ROW, &other], "alice")),
        GapReason::Contradiction("the user".to_owned())
    );
    assert!(row_of(&[ALICE_ROW, ALICE_ROW], "alice").value().is_some());
}
