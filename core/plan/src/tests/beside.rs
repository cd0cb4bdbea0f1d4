//! A credential report beside what it leaves out, and beside answers that say something else.

use super::truth_table::{HEADER, LONG_AGO, NO_KEY, TODAY, judge, report, row, says};
use super::{Files, estate};
use crate::verdict::Outcome::{Fail, Info, NotApplicable, Pass, Unknown};
use kagimori_estate::model::ProblemKind;

const PASSWORD: (&str, &str, &str) = ("true", TODAY, LONG_AGO);
const FOLDER: &str = "snapshots/111122223333";

fn with(mut files: Files, name: &str, text: &str) -> Files {
    files.insert(format!("{FOLDER}/{name}.json"), text.into());
    files
}

/// CIS 1.11: a key that came with the console user, and that nobody ever used.
#[test]
fn a_key_made_at_setup() {
    let key = |made: &'static str, used: &'static str| [("true", made, used), NO_KEY];
    let later = "2025-09-27T02:00:00Z";
    let rows = [
        (PASSWORD, key(LONG_AGO, "N/A"), Fail),
        (PASSWORD, key("2025-09-27T00:00:40Z", "N/A"), Fail),
        (PASSWORD, key(later, "N/A"), Pass),
        (PASSWORD, key(LONG_AGO, TODAY), Pass),
        (("false", "N/A", "N/A"), key(LONG_AGO, "N/A"), NotApplicable),
        (PASSWORD, [("false", LONG_AGO, "N/A"), NO_KEY], NotApplicable),
    ];
    for (password, keys, expected) in rows {
        let files = report(&[row("u", password, "true", keys)]);
        assert_eq!(says(&files, "key-at-setup", "slot 1"), expected, "{password:?} {keys:?}");
    }
}

#[test]
fn roots_row_of_another_shape() {
    let root = row("<root_account>", PASSWORD, "false", [NO_KEY, NO_KEY]);
    let user = row("u", PASSWORD, "true", [NO_KEY, NO_KEY]);
    let arn = "arn:aws:iam::111122223333:root";
    let shapes = [
        root.clone(),
        root.replace(arn, ""),
        root.replace(arn, "N/A"),
        root.replace("<root_account>", "<root>"),
        root.replace("<root_account>", "root"),
        root.replace("<root_account>", "&lt;root_account&gt;").replace(arn, ""),
    ];
    for shape in shapes {
        for rows in
            [vec![shape.clone(), user.clone()], vec![user.clone(), shape.clone()], vec![shape.clone()]]
        {
            let files = report(&rows);
            assert_eq!(says(&files, "root-mfa", "<root_account>"), Fail, "{shape}");
            assert!(estate(&files).problems.is_empty(), "{shape}");
        }
    }
    // a user may be called root
    let called_root = row("root", PASSWORD, "false", [NO_KEY, NO_KEY]);
    assert_eq!(says(&report(&[called_root]), "mfa-console-user", "root"), Fail);
    // two rows of root that differ
    let files = report(&[root.replace(arn, ""), row("<root_account>", PASSWORD, "true", [NO_KEY, NO_KEY])]);
    assert_eq!(says(&files, "root-mfa", "<root_account>"), Unknown);
    assert_eq!(estate(&files).problems.len(), 1);
}

#[test]
fn mfa_devices_that_contradict_the_report() {
    let user = |mfa: &str| report(&[row("u", PASSWORD, mfa, [NO_KEY, NO_KEY])]);
    let serial = "arn:aws:iam::111122223333:mfa/u";
    let own = format!(
        r#"{{"MFADevices":[{{"UserName":"u","SerialNumber":"{serial}","EnableDate":"2026-01-01T00:00:00Z"}}]}}"#
    );
    let virtual_device = |owner: &str| {
        format!(
            r#"{{"VirtualMFADevices":[{{"SerialNumber":"{serial}","User":{{"Arn":"arn:aws:iam::111122223333:{owner}"}}}}]}}"#
        )
    };
    let none = r#"{"MFADevices":[]}"#;
    let rows = [
        (with(user("false"), "mfa-devices", &own), Unknown, 1),
        (with(user("false"), "virtual-mfa-devices", &virtual_device("user/u")), Unknown, 1),
        (with(user("true"), "mfa-devices", none), Unknown, 1),
        (with(user("true"), "mfa-devices", &own), Pass, 0),
        (with(user("false"), "mfa-devices", none), Fail, 0),
        // a device that is no virtual one
        (with(user("true"), "virtual-mfa-devices", &virtual_device("user/other")), Pass, 0),
        (with(user("false"), "virtual-mfa-devices", &virtual_device("user/other")), Fail, 0),
    ];
    for (place, (files, expected, told)) in rows.into_iter().enumerate() {
        for check in ["mfa-console-user", "mfa-every-user"] {
            assert_eq!(says(&files, check, "u"), expected, "{place} {check}");
        }
        let problems = estate(&files).problems;
        let contradictions =
            problems.iter().filter(|problem| problem.message.contains("whether `u` has an MFA device"));
        assert_eq!(contradictions.count(), told, "{place} {problems:?}");
        assert!(problems.iter().all(|problem| problem.kind == ProblemKind::Torn), "{problems:?}");
    }
}

#[test]
fn credentials_for_which_the_report_has_no_room() {
    let files = |said: &str| {
        let user = row("u", PASSWORD, "true", [("true", LONG_AGO, TODAY), ("false", LONG_AGO, "N/A")]);
        let text = format!("{HEADER},additional_credentials_info\n{user},{said}");
        Files::from([(format!("{FOLDER}/credential-report.csv"), text.into_bytes())])
    };
    let both = ["key-unused", "ssh-key-age"];
    for (said, expected) in [
        ("1 additional access key. Use ListAccessKeys.", [Unknown, Pass]),
        ("2 additional signing certificates: ListSigningCertificates", [Pass, Unknown]),
        ("1", [Unknown, Unknown]),
        ("N/A", [Pass, Pass]),
        ("", [Pass, Pass]),
    ] {
        let files = files(said);
        let all = judge(&files);
        let is_unknown = |check: &str| {
            all.verdicts.iter().any(|verdict| {
                verdict.check == check
                    && verdict.outcome == Unknown
                    && verdict.resource.key.as_deref().is_some_and(|key| key.ends_with('3'))
            })
        };
        assert_eq!(both.map(is_unknown), expected.map(|one| one == Unknown), "{said}");
        // what is known of the first two stays known
        assert_eq!(super::outcome(&all, "key-unused", "slot 1"), Pass, "{said}");
    }
    let listed = r#"{"AccessKeyMetadata":[
        {"UserName":"u","AccessKeyId":"AKIAIOSFODNN7EXAMPLE","Status":"Active","CreateDate":"2025-09-27T00:00:00+00:00"},
        {"UserName":"u","AccessKeyId":"AKIAI44QH8DHBEXAMPLE","Status":"Active","CreateDate":"2025-09-27T00:00:00+00:00"},
        {"UserName":"u","AccessKeyId":"AKIAI55QH8DHBEXAMPLE","Status":"Active","CreateDate":"2025-09-28T00:00:00+00:00"}]}"#;
    let whole = with(files("1 additional access key"), "access-keys", listed);
    assert_eq!(says(&whole, "key-two-active", "u"), Fail);
}

#[test]
fn roots_devices_by_kind() {
    let root = || report(&[row("<root_account>", PASSWORD, "true", [NO_KEY, NO_KEY])]);
    let device = |name: &str, rest: &str| {
        format!(
            r#"{{"VirtualMFADevices":[{{"SerialNumber":"arn:aws:iam::111122223333:mfa/{name}"{rest}}}]}}"#
        )
    };
    let owner = r#","User":{"Arn":"arn:aws:iam::111122223333:root"},"EnableDate":"2026-01-01T00:00:00Z""#;
    let own = |serial: &str| {
        format!(
            r#"{{"MFADevices":[{{"UserName":"root","SerialNumber":"{serial}","EnableDate":"2026-01-01T00:00:00Z"}}]}}"#
        )
    };
    let passkey = "arn:aws:iam::111122223333:u2f/root-account/key-ABCDEFGHIJ";
    let says_what = |files: &Files| {
        let all = judge(files);
        let verdict = all.verdicts.iter().find(|verdict| verdict.check == "root-hardware-mfa");
        verdict
            .map(|verdict| crate::sentence::sentence(verdict, crate::sentence::Language::En))
            .unwrap_or_default()
    };
    let listed = |name: &str, rest: &str| with(root(), "virtual-mfa-devices", &device(name, rest));
    assert_eq!(says_what(&listed("phone", owner)), "root is protected by a virtual MFA device");
    let beside = with(listed("phone", owner), "mfa-devices", &own(passkey));
    assert_eq!(
        says_what(&beside),
        "root is protected by a virtual MFA device beside a passkey or security key"
    );
    // left over, and nobody's
    assert_eq!(says(&listed("root-account-mfa-device", ""), "root-hardware-mfa", "<root_account>"), Pass);
    let enabled = listed("root-account-mfa-device", r#","EnableDate":"2026-01-01T00:00:00Z""#);
    assert_eq!(says(&enabled, "root-hardware-mfa", "<root_account>"), Fail);
    // root's own list, without that of virtual devices
    let alone = |serial: &str| with(root(), "mfa-devices", &own(serial));
    assert_eq!(says(&alone(passkey), "root-hardware-mfa", "<root_account>"), Pass);
    let phone = "arn:aws:iam::111122223333:mfa/root-account-mfa-device";
    assert_eq!(says(&alone(phone), "root-hardware-mfa", "<root_account>"), Fail);
    // and nobody is made a user by it
    assert!(!judge(&alone(passkey)).outcomes.keys().any(|(_, resource)| resource.name == "root"));
}

/// Sessions of centralised root access are told, and are no use of the root user.
#[test]
fn centralised_root_access_is_told() {
    let event = r#"{"Records":[{"eventVersion":"1.11","eventTime":"2026-10-30T09:00:00Z","eventSource":"iam.amazonaws.com","eventName":"ListAccessKeys",
        "awsRegion":"us-east-1","eventID":"e1","recipientAccountId":"111122223333","readOnly":true,
        "userIdentity":{"type":"Root","principalId":"111122223333","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333",
        "accessKeyId":"ASIAIOSFODNN7EXAMPLE","sessionContext":{"assumedRoot":"true","attributes":{"mfaAuthenticated":"false"}}}}]}"#;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, event.as_bytes()).unwrap();
    let mut files = report(&[row("<root_account>", ("true", LONG_AGO, LONG_AGO), "true", [NO_KEY, NO_KEY])]);
    assert_eq!(says(&files, "root-used", "<root_account>"), Pass);
    files.insert("trail/a.json.gz".to_owned(), packed.finish().unwrap());
    let usage = super::usage(&files);
    assert_eq!((usage.roots.len(), usage.assumed_roots.len()), (0, 1));
    let all = super::everything(&estate(&files), Some(&usage), &crate::Settings::default());
    assert_eq!(super::outcome(&all, "root-used", "<root_account>"), Info);
}
