//! The tide-data lake: decrypt on every key, a bucket that names a user, root without MFA.

use crate::calendar::days_ago;
use crate::cast::{BASTION, DATA, PRODUCTION};
use crate::document::{Document, Statement, principals, service};
use crate::model::{Account, Grants, MfaKind, PasswordPolicy, Role, Root, User};

/// The account.
pub(crate) fn account() -> Account {
    let mut account = Account::new(DATA, "shiosai-data", days_ago(1300));
    // From before centralized root: a password nobody remembers, and no MFA.
    account.root = Root { password: true, password_used: Some(days_ago(1290)), mfa: None, key: None };
    account.password_policy = Some(PasswordPolicy {
        length: 14,
        symbols: true,
        numbers: true,
        upper: true,
        lower: true,
        max_age: Some(90),
        reuse: Some(24),
    });
    groups(&mut account);
    users(&mut account);
    roles(&mut account);
    account.buckets = vec![("shiosai-lake".to_owned(), lake())];
    account
}

fn groups(account: &mut Account) {
    let read = Document::new(vec![
        Statement::allow(
            &["s3:GetObject", "s3:ListBucket"],
            &["arn:aws:s3:::shiosai-lake", "arn:aws:s3:::shiosai-lake/*"],
        ),
        Statement::allow(
            &[
                "athena:StartQueryExecution",
                "athena:GetQueryExecution",
                "athena:GetQueryResults",
                "glue:GetTable",
                "glue:GetPartitions",
            ],
            &["*"],
        ),
    ]);
    account.policy("lake-read", 1200, vec![read]);
    let write = Document::allow(
        &["s3:PutObject", "s3:GetObject", "s3:ListBucket"],
        &["arn:aws:s3:::shiosai-lake", "arn:aws:s3:::shiosai-lake/*"],
    );
    account.policy("lake-write", 1200, vec![write]);
    account.policy(
        "decrypt-lake",
        1200,
        vec![Document::allow(&["kms:Decrypt", "kms:ReEncryptFrom"], &["*"])],
    );
    account.policy("athena-2022", 1250, vec![Document::allow(&["athena:StartQueryExecution"], &["*"])]);
    let (read, decrypt) = (account.policy_arn("lake-read"), account.policy_arn("decrypt-lake"));
    account.group("analysts", 1200, Grants::attached(&[&read, &decrypt]));
    let write = account.policy_arn("lake-write");
    account.group("loaders", 1200, Grants::attached(&[&write]));
    account.group("notebook-2022", 1250, Grants::attached(&[&read]));
}

fn users(account: &mut Account) {
    account.users.extend([
        User::machine("svc-lake-loader", 1200, "tide-data", "nightly load from the ports")
            .member("loaders")
            .key(200, true, Some((0, "s3", "ap-northeast-1"))),
        // Named by the lake's bucket policy: deleting the user breaks the bucket.
        User::machine("svc-harbour-report", 1150, "tide-data", "monthly harbour office report")
            .member("analysts")
            .key(1150, true, Some((17, "athena", "ap-northeast-1"))),
        User::machine("svc-notebook", 1200, "tide-data", "shared notebook server")
            .member("analysts")
            .key(1200, true, Some((1, "athena", "ap-northeast-1")))
            .key(70, true, Some((1, "athena", "ap-northeast-1"))),
        User::new("honoka.maeda", 1100)
            .owned("tide-data", "person")
            .tag("Name", "前田 穂香")
            .member("analysts")
            .password(60, Some(1))
            .mfa(MfaKind::Virtual, 1000),
        User::new("itsuki.hara", 1000)
            .owned("tide-data", "person")
            .tag("Name", "原 樹")
            .member("analysts")
            .password(90, Some(20)),
    ]);
}

fn roles(account: &mut Account) {
    let (read, write) = (account.policy_arn("lake-read"), account.policy_arn("lake-write"));
    let production = format!("arn:aws:iam::{PRODUCTION}:role/tide-ec2");
    account.roles.extend([
        Role::new("lake-writer", 1100, principals(&[&production]), Grants::attached(&[&write]))
            .owned("tide-data", "tide servers write the lake")
            .used(0, "ap-northeast-1"),
        Role::new(
            "lake-auditor",
            900,
            principals(&[&format!("arn:aws:iam::{BASTION}:root")]).with_mfa(),
            Grants::attached(&[&read]),
        )
        .owned("security", "looks at the lake")
        .used(300, "ap-northeast-1"),
        Role::new("glue-crawler", 1200, service("glue.amazonaws.com"), Grants::attached(&[&read]))
            .owned("tide-data", "table crawler")
            .used(0, "ap-northeast-1"),
    ]);
}

fn lake() -> Document {
    let user = format!("arn:aws:iam::{DATA}:user/machine/svc-harbour-report");
    Document::new(vec![
        Statement::allow(&["s3:GetObject"], &["arn:aws:s3:::shiosai-lake/harbour/*"])
            .sid("HarbourReport")
            .to("AWS", &[&user]),
        Statement::deny(&["s3:*"], &["arn:aws:s3:::shiosai-lake", "arn:aws:s3:::shiosai-lake/*"])
            .sid("TlsOnly")
            .to("AWS", &["*"])
            .when("Bool", "aws:SecureTransport", &["false"]),
    ])
}
