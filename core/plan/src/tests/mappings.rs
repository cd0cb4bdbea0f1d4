//! Every control of Security Hub's IAM family, CIS 7.0 section 2 and the Config rules of the union table has a check, or a
//! reason why these inputs cannot decide it.

use crate::check::catalogue;

/// Framework, id, and why no check here decides it.
const UNDECIDED: [(&str, &str, &str); 3] = [
    ("securityhub", "IAM.23", "needs Access Analyzer's analyzers"),
    ("securityhub", "IAM.28", "needs Access Analyzer's analyzers"),
    ("cis", "7.0:2.18", "needs Access Analyzer's analyzers"),
];

const SECURITY_HUB: [u32; 26] =
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26];

const CIS_7: [&str; 16] = [
    "2.1.1", "2.1.2", "2.4", "2.5", "2.6", "2.7", "2.8", "2.9", "2.10", "2.11", "2.12", "2.13", "2.14",
    "2.15", "2.16", "2.17",
];

const CONFIG: [&str; 22] = [
    "iam-root-access-key-check",
    "root-account-mfa-enabled",
    "root-account-hardware-mfa-enabled",
    "mfa-enabled-for-iam-console-access",
    "iam-user-mfa-enabled",
    "access-keys-rotated",
    "iam-user-unused-credentials-check",
    "ec2-instance-profile-attached",
    "iam-server-certificate-expiration-check",
    "tagged-iam-user",
    "tagged-iam-role",
    "iam-password-policy",
    "iam-policy-no-statements-with-admin-access",
    "iam-policy-blacklisted-check",
    "iam-policy-no-statements-with-full-access",
    "iam-customer-policy-blocked-kms-actions",
    "iam-inline-policy-blocked-kms-actions",
    "iam-user-no-policies-check",
    "iam-user-group-membership-check",
    "iam-group-has-users-check",
    "iam-no-inline-policy-check",
    "iam-policy-in-use",
];

fn is_mapped(framework: &str, id: &str) -> bool {
    catalogue()
        .iter()
        .any(|check| check.maps.get(framework).is_some_and(|ids| ids.iter().any(|mapped| mapped == id)))
}

fn holds(framework: &str, id: &str) {
    let excused = UNDECIDED.iter().any(|(f, i, _)| *f == framework && *i == id);
    assert_ne!(is_mapped(framework, id), excused, "{framework} {id}");
}

#[test]
fn every_control_is_mapped_or_excused() {
    for number in SECURITY_HUB.into_iter().chain([27, 28]) {
        holds("securityhub", &format!("IAM.{number}"));
    }
    for id in CIS_7.into_iter().chain(["2.18", "2.19", "2.20", "2.21"]) {
        holds("cis", &format!("7.0:{id}"));
    }
    for id in CONFIG {
        holds("config", id);
    }
}
