//! Bad input, and the exact problem that it must give.

use super::{ALICE_ROW, DETAILS, HEADER, in_folder, problems, report};

/// File name, content, and what is said of it.
type Row = (&'static str, Vec<u8>, &'static str);

fn rows() -> Vec<Row> {
    let details = DETAILS.as_bytes().to_vec();
    let csv = |text: String| text.into_bytes();
    let one_user = |user: &str| format!(r#"{{"UserDetailList": [{user}]}}"#).into_bytes();
    let bad_policy = |document: &str| {
        one_user(&format!(
            r#"{{"UserName": "u", "UserId": "A", "Arn": "arn:aws:iam::111122223333:user/u", "UserPolicyList": [{{"PolicyName": "p", "PolicyDocument": {document}}}]}}"#
        ))
    };
    let cell = |from: &str, to: &str| report(&[&ALICE_ROW.replacen(from, to, 1)]).into_bytes();
    vec![
        ("account-summary.json", b"".to_vec(), r#"Unreadable: the file is empty | write it again: `aws iam get-account-summary > account-summary.json`"#),
        ("account-summary.json", b" \n\t\n".to_vec(), r#"Unreadable: the file is empty | write it again: `aws iam get-account-summary > account-summary.json`"#),
        ("mine.json", b"".to_vec(), r#"Unreadable: the file is empty | write it again with the AWS CLI (`--output json`), or take it out of the directory"#),
        ("authorization-details.json", b"\x1f\x8b\x08\x00".to_vec(), r#"Unreadable: the file is compressed with gzip | decompress it with `gunzip`"#),
        ("authorization-details.json", b"PK\x03\x04".to_vec(), r#"Unreadable: the file is compressed with zip | decompress it with `unzip`"#),
        ("roles.json", b"<!DOCTYPE html>\n<html>".to_vec(), r#"Unreadable: the file is an HTML or XML page, not JSON: `<!DOCTYPE html>` | write it again: `aws iam list-roles > roles.json`"#),
        ("roles.json", b"{\"Roles\": [\x8e\x52\x93\x63]}".to_vec(), r#"Unreadable: the text is not UTF-8 (line 1, column 12) | save it as UTF-8, as the AWS CLI writes it (not Shift_JIS or another encoding)"#),
        ("roles.json", b"\xff\xfe{".to_vec(), r#"Unreadable: the text is damaged UTF-16 | write it again: `aws iam list-roles > roles.json`"#),
        ("authorization-details.json", details[..400].to_vec(), r#"Unreadable: the file ends in the middle of an object (line 6, column 12) | write it again: `aws iam get-account-authorization-details > authorization-details.json`"#),
        ("renamed.json", details[..400].to_vec(), r#"Unreadable: the file ends in the middle of an object (line 6, column 12) | write it again: `aws iam get-account-authorization-details > authorization-details.json`"#),
        ("a.json", [&details, b"\nDone.".as_slice()].concat(), r#"Partial: `Done.` is not a JSON object (line 28, column 1) | write it again: `aws iam get-account-authorization-details > authorization-details.json`"#),
        ("a.json", [&details, &details[..300]].concat(), r#"Partial: the file ends in the middle of an object (line 31, column 76) | write it again: `aws iam get-account-authorization-details > authorization-details.json`"#),
        ("a.json", br#"{"SummaryMap": {"Users": 1, "Users": 2}}"#.to_vec(), r#"Unreadable: the key `Users` stands twice in one object (line 1, column 35) | write it again: `aws iam get-account-summary > account-summary.json`"#),
        ("a.json", b"{\"SummaryMap\": {\"Users\": 1},\n \"SummaryMap\": {}}".to_vec(), r#"Unreadable: the key `SummaryMap` stands twice in one object (line 2, column 13) | write it again: `aws iam get-account-summary > account-summary.json`"#),
        ("a.json", "{\"AccountAliases\": [{\"名\": {\"名\": 1, \"\\u540d\": 2}}]}".as_bytes().to_vec(), r#"Unreadable: the key `名` stands twice in one object (line 1, column 43) | write it again: `aws iam list-account-aliases > account-aliases.json`"#),
        ("a.json", br#"{"SummaryMap": {"Users": "3"}}"#.to_vec(), r#"Unreadable: invalid type: string "3", expected a whole number (line 1, column 28) | write it again: `aws iam get-account-summary > account-summary.json`"#),
        ("a.json", br#"{"SummaryMap": {"Users": 99999999999999999999}}"#.to_vec(), r#"Unreadable: invalid type: floating point `1e+20`, expected a whole number (line 1, column 45) | write it again: `aws iam get-account-summary > account-summary.json`"#),
        ("a.json", br#"{"SummaryMap": {"Users": 1e999}}"#.to_vec(), r#"Unreadable: number out of range (line 1, column 30) | write it again: `aws iam get-account-summary > account-summary.json`"#),
        ("a.json", br#"{"SummaryMap": null}"#.to_vec(), r#"Unreadable: invalid type: null, expected an object (line 1, column 19) | write it again: `aws iam get-account-summary > account-summary.json`"#),
        ("a.json", br#"{"PasswordPolicy": {"MinimumPasswordLength": "14"}}"#.to_vec(), r#"Unreadable: invalid type: string "14", expected a whole number (line 1, column 49) | write it again: `aws iam get-account-password-policy > password-policy.json`"#),
        ("a.json", br#"{"PasswordPolicy": {"MinimumPasswordLength": -1}}"#.to_vec(), r#"Unreadable: invalid value: integer `-1`, expected a whole number (line 1, column 47) | write it again: `aws iam get-account-password-policy > password-policy.json`"#),
        ("a.json", br#"{"PasswordPolicy": {"RequireSymbols": "true"}}"#.to_vec(), r#"Unreadable: invalid type: string "true", expected a boolean (line 1, column 44) | write it again: `aws iam get-account-password-policy > password-policy.json`"#),
        ("a.json", br#"{"Roles": {"RoleName": "x"}}"#.to_vec(), r#"Unreadable: invalid type: object, expected a list (line 1, column 10) | write it again: `aws iam list-roles > roles.json`"#),
        ("a.json", format!("{{\"Roles\": {}1{}}}", "[".repeat(200), "]".repeat(200)).into_bytes(), r#"Unreadable: the objects are nested more than 127 deep (line 1, column 137) | write it again: `aws iam list-roles > roles.json`"#),
        ("a.json", one_user(r#"{"UserName": "u", "UserId": "A"}"#), r#"Unreadable: missing field `Arn` (line 1, column 52) | write it again: `aws iam get-account-authorization-details > authorization-details.json`"#),
        ("a.json", one_user(r#"{"UserName": "u", "UserId": "A", "Arn": "u"}"#), r#"Unreadable: `u` is not an ARN (`arn:partition:service:region:account:resource`) (line 1, column 64) | write it again: `aws iam get-account-authorization-details > authorization-details.json`"#),
        ("a.json", one_user(r#"{"UserName": "u", "UserId": "A", "Arn": "arn:aws:iam::111122223333:user/u", "CreateDate": "yesterday"}"#), r#"Unreadable: `yesterday` is not a time with an offset such as `2026-01-31T09:00:00Z` (line 1, column 121) | write it again: `aws iam get-account-authorization-details > authorization-details.json`"#),
        ("a.json", one_user(r#"{"UserName": "u", "UserId": "A", "Arn": "arn:aws:iam::444455556666:user/u"}"#), r#"Unreadable: it speaks of account 444455556666, and lies in the folder of 111122223333 | put it into `snapshots/444455556666/`, or write it again with the credentials of the right account"#),
        ("a.json", bad_policy(r#"{"Statement": [], "Statement": []}"#), r#"Partial: the inline policy `p` of user `u` cannot be understood: the key `Statement` stands here twice (line 1, column 182) | everything else is used; look at the policy in the IAM console and correct it there"#),
        ("a.json", bad_policy(r#""%7B%22Statement%22%3A""#), r#"Partial: the inline policy `p` of user `u` cannot be understood: EOF while parsing a value (line 1, column 13 of the decoded document) | everything else is used; look at the policy in the IAM console and correct it there"#),
        ("a.json", bad_policy("7"), r#"Partial: the inline policy `p` of user `u` cannot be understood: invalid type: integer `7`, expected a policy document (a JSON object) (line 1, column 154) | everything else is used; look at the policy in the IAM console and correct it there"#),
        ("a.json", one_user(r#"{"UserName": "u", "UserId": "A", "Arn": "arn:aws:iam::111122223333:user/u", "GroupList": ["gone"], "AttachedManagedPolicies": [{"PolicyArn": "arn:aws:iam::111122223333:policy/gone"}, {"PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]}"#), r#"Torn: groups have users and are missing: `gone` | the account changed while it was read, or a page is missing; write it again: `aws iam get-account-authorization-details > authorization-details.json`
Torn: the account's own policies are attached and missing: `arn:aws:iam::111122223333:policy/gone` | the account changed while it was read, or a page is missing; write it again: `aws iam get-account-authorization-details > authorization-details.json`"#),
        ("a.json", br#"{"UserDetailList": [], "IsTruncated": true, "Marker": "x"}"#.to_vec(), r#"Torn: the last page of iam:GetAccountAuthorizationDetails is missing: it says that more follows | write all pages, without `--max-items` and `--no-paginate`: `aws iam get-account-authorization-details > authorization-details.json`"#),
        ("a.json", br#"{"VirtualMFADevices": [], "IsTruncated": true}"#.to_vec(), r#"Torn: the last page of iam:ListVirtualMFADevices is missing: it says that more follows | write all pages, without `--max-items` and `--no-paginate`: `aws iam list-virtual-mfa-devices > virtual-mfa-devices.json`"#),
        ("a.json", br#"{"Accounts": [], "NextToken": "x"}"#.to_vec(), r#"Torn: the last page of organizations:ListAccounts is missing: it says that more follows | write all pages, without `--max-items` and `--no-paginate`: `aws organizations list-accounts > accounts.json`"#),
        ("a.json", br#"{"Accounts": [{"Id": "123"}]}"#.to_vec(), r#"Unreadable: `123` is not a 12-digit AWS account id (line 1, column 27) | write it again: `aws organizations list-accounts > accounts.json`"#),
        ("a.json", br#"{"Accounts": [{"Id": "111122223333", "Name": "x"}]}"#.to_vec(), r#"Unreadable: account `111122223333` has neither `State` nor `Status` | write it again: `aws organizations list-accounts > accounts.json`"#),
        ("a.json", br#"{"Targets": []}"#.to_vec(), r#"Unreadable: the answer does not name the policy whose targets it lists | name the file after the policy, as in `targets-p-examplepolicyid111.json`"#),
        ("a.json", br#"{"UserName": "u", "AccessKeyLastUsed": {}}"#.to_vec(), r#"Unreadable: the answer does not name its access key | name the file after the key, as in `access-key-last-used/AKIAIOSFODNN7EXAMPLE.json`"#),
        ("a.json", br#"{"AccessKeyMetadata": [{"UserName": "u", "AccessKeyId": "AKIA", "Status": "Active"}]}"#.to_vec(), r#"Unreadable: `AKIA` is not an access key id (such as `AKIAIOSFODNN7EXAMPLE`) (line 1, column 62) | write it again: `for u in USERS; do aws iam list-access-keys --user-name $u; done > access-keys.json`"#),
        ("a.json", br#"{"AccessKeyMetadata": [{"UserName": "u", "AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "Status": "Gone"}]}"#.to_vec(), r#"Unreadable: unknown variant `Gone`, expected one of `Active`, `Inactive`, `Expired` (line 1, column 96) | write it again: `for u in USERS; do aws iam list-access-keys --user-name $u; done > access-keys.json`"#),
        ("a.json", br#"{"Records": []}"#.to_vec(), r#"Unreadable: an answer with the members `Records` is not one this program reads | write it again with the AWS CLI (`--output json`), or take it out of the directory"#),
        ("a.json", b"{}".to_vec(), r#"Unreadable: the object is empty | write it again with the AWS CLI (`--output json`), or take it out of the directory"#),
        ("a.json", b"[]".to_vec(), r#"Unreadable: the file is neither an answer of the AWS CLI nor a credential report: `[]` | write it again with the AWS CLI (`--output json`), or take it out of the directory"#),
        ("a.json", b"null".to_vec(), r#"Unreadable: the file is neither an answer of the AWS CLI nor a credential report: `null` | write it again with the AWS CLI (`--output json`), or take it out of the directory"#),
        ("credential-report.json", br#"{"Content": "@@@", "ReportFormat": "text/csv"}"#.to_vec(), r#"Unreadable: `Content` is damaged base64 | write it again: `aws iam generate-credential-report; aws iam get-credential-report > credential-report.json`"#),
        ("credential-report.json", br#"{"Content": "", "ReportFormat": "text/csv"}"#.to_vec(), r#"Unreadable: in `Content`: the file is empty | write it again: `aws iam generate-credential-report; aws iam get-credential-report > credential-report.json`"#),
        ("credential-report.json", br#"{"Content": "eA==", "ReportFormat": "text/csv"}"#.to_vec(), r#"Unreadable: in `Content`: the header has no column `user`, `arn` (line 1) | write it again: `aws iam generate-credential-report; aws iam get-credential-report > credential-report.json`"#),
        ("credential-report.json", br#"{"Content": "eA==", "ReportFormat": "text/tsv"}"#.to_vec(), r#"Unreadable: `ReportFormat` is `text/tsv`, not `text/csv` | write it again: `aws iam generate-credential-report; aws iam get-credential-report > credential-report.json`"#),
        ("credential-report.json", br#"{"State": "STARTED", "Description": "No report exists. Starting a new report generation task"}"#.to_vec(), r#"Unreadable: the file holds the answer of `generate-credential-report`: `{"State": "STARTED", "Description": "No report exists. Start…` | wait some seconds, then run: `aws iam get-credential-report > credential-report.json`"#),
        ("credential-report.csv", csv("user;arn;mfa_active\nx;y;true".to_owned()), r#"Partial: the row of `x` does not fit the 3 columns of the header (line 2) | the other rows are used; generate the report again"#),
        ("r.csv", csv("user,user_creation_time,mfa_active\nalice,N/A,true".to_owned()), r#"Unreadable: the header has no column `arn` (line 1) | write it again: `aws iam generate-credential-report; aws iam get-credential-report > credential-report.json`"#),
        ("r.csv", csv("user,arn,mfa_active,mfa_active".to_owned()), r#"Unreadable: the header holds the column `mfa_active` twice (line 1) | write it again: `aws iam generate-credential-report; aws iam get-credential-report > credential-report.json`"#),
        ("r.csv", csv(format!("{HEADER}\n{}", ALICE_ROW.split_at(100).0)), r#"Partial: the row of `alice` does not fit the 22 columns of the header (line 2) | the other rows are used; generate the report again"#),
        ("r.csv", cell("alice,", "a,lice,"), r#"Partial: the row of `a,lice` does not fit the 22 columns of the header (line 2) | the other rows are used; generate the report again"#),
        ("r.csv", cell("true", "yes"), r#"Partial: `yes` in column `password_enabled` is not `true` or `false` (line 2) | these cells are not used; do not save the report with a spreadsheet, generate it again"#),
        ("r.csv", csv(report(&[&ALICE_ROW.replace("2024-02-01T00:00:00+00:00", "2024/2/1 9:00"), &ALICE_ROW.replace("alice", "bob").replace("2024-02-01T00:00:00+00:00", "2024/2/2 9:00")])), r#"Partial: `2024/2/1 9:00` in column `access_key_1_last_rotated` is not a time with an offset such as `2026-01-31T09:00:00Z` (line 2, and 1 more) | these cells are not used; do not save the report with a spreadsheet, generate it again"#),
        ("r.csv", csv(report(&[ALICE_ROW, &ALICE_ROW.replace("true", "false")])), r#"Partial: `alice` stands in two rows that say different things (line 3) | the row is not used; generate the report again"#),
        ("r.csv", cell("arn:aws:iam::111122223333", "arn:aws:iam::444455556666"), r#"Unreadable: it speaks of account 444455556666, and lies in the folder of 111122223333 | put it into `snapshots/444455556666/`, or write it again with the credentials of the right account"#),
        ("r.csv", csv(format!("{HEADER}\n{}", "x".repeat(20_000_000))), r#"Partial: the row of `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…` does not fit the 22 columns of the header (line 2) | the other rows are used; generate the report again"#),
        ("a.json", format!("{{\"SummaryMap\": {{\"Users\": \"{}\"}}}}", "あ".repeat(7_000_000)).into_bytes(), r#"Unreadable: invalid type: string "ああああああああああああああああああああああああああああああああああああああああああああああああああああああああああ…ああああああああああああああああああああああああああああああああああああああああああああああああああああああ", expected a whole number (line 1, column 7000027) | write it again: `aws iam get-account-summary > account-summary.json`"#),
        ("credential-report.json", b"\nAn error occurred (AccessDenied) when calling the GetCredentialReport operation: User: x is not authorized".to_vec(), r#"Denied: AWS refused `GetCredentialReport`: `AccessDenied` | let the role that collects call `iam:GetCredentialReport`, then run again: `aws iam generate-credential-report; aws iam get-credential-report > credential-report.json`"#),
        ("a.json", b"\naws: [ERROR]: An error occurred (ReportNotPresent) when calling the GetCredentialReport operation: Unknown".to_vec(), r#"Denied: AWS refused `GetCredentialReport`: `ReportNotPresent` | run again: `aws iam generate-credential-report; aws iam get-credential-report > credential-report.json`"#),
        ("a.json", b"An error occurred (Throttling) when calling the ListUsers operation: Rate exceeded".to_vec(), r#"Denied: AWS refused `ListUsers`: `Throttling` | run the command again"#),
        ("a.json", b"{\"MFADevices\": []}\n\nAn error occurred (NoSuchEntity) when calling the ListMFADevices operation: x\n{\"MFADevices\": []}".to_vec(), r#"Denied: AWS refused `ListMFADevices`: `NoSuchEntity` | run again: `for u in USERS; do aws iam list-mfa-devices --user-name $u; done > mfa-devices.json`"#),
        ("roles.json", b"\nUnable to locate credentials. You can configure credentials by running \"aws configure\".".to_vec(), r#"Unreadable: the file holds an error message of the AWS CLI: `Unable to locate credentials. You can configure credentials …` | put right what it says and run the command again"#),
        ("roles.json", b"upload failed".to_vec(), r#"Unreadable: the file is neither an answer of the AWS CLI nor a credential report: `upload failed` | write it again: `aws iam list-roles > roles.json`"#),
    ]
}

#[test]
fn each_gives_its_problem() {
    for (name, bytes, said) in rows() {
        let estate = in_folder(&[(name, &bytes)]);
        assert_eq!(
            problems(&estate).join("\n"),
            said,
            "{name}: {}",
            String::from_utf8_lossy(&bytes[..bytes.len().min(200)])
        );
    }
}
