//! The bastion account of S0: people sign in here, pass MFA and assume roles elsewhere. And the few who broke the rule.

use crate::calendar::days_ago;
use crate::cast::BASTION;
use crate::document::{Document, Statement};
use crate::managed;
use crate::model::{Account, Grants, MfaKind, PasswordPolicy, User};

/// The account. Its root has no credentials: the organization manages root centrally.
pub(crate) fn account() -> Account {
    let mut account = Account::new(BASTION, "shiosai-bastion", days_ago(1500));
    account.password_policy = Some(PasswordPolicy {
        length: 16,
        symbols: true,
        numbers: true,
        upper: true,
        lower: true,
        max_age: Some(365),
        reuse: Some(24),
    });
    groups(&mut account);
    people(&mut account);
    account.orphan_devices = vec!["ryo.fujita-old".to_owned(), "mfa-test".to_owned()];
    account
}

fn groups(account: &mut Account) {
    // As the seed article writes it; statement 2 has no effect, GetSessionToken needs no permission.
    let assume = Document::new(vec![
        Statement::allow(&["sts:AssumeRole"], &["*"]).sid("1").with_mfa(),
        Statement::allow(&["sts:GetSessionToken"], &["*"]).sid("2"),
    ]);
    account.group("engineers", 1500, Grants::inline("assume-roles-with-mfa", assume));
    let own = "arn:aws:iam::*:user/${aws:username}";
    let enrol = Document::new(vec![
        Statement::allow(
            &[
                "iam:ChangePassword",
                "iam:CreateAccessKey",
                "iam:DeleteAccessKey",
                "iam:GetUser",
                "iam:ListAccessKeys",
                "iam:UpdateAccessKey",
            ],
            &[own],
        )
        .sid("OwnCredentials"),
        Statement::allow(
            &[
                "iam:CreateVirtualMFADevice",
                "iam:EnableMFADevice",
                "iam:ListMFADevices",
                "iam:ResyncMFADevice",
            ],
            &["arn:aws:iam::*:mfa/*", own],
        )
        .sid("OwnDevice"),
        Statement::allow(&["iam:GetAccountPasswordPolicy", "iam:ListVirtualMFADevices"], &["*"]).sid("Look"),
    ]);
    account.policy("self-manage-credentials", 1500, vec![enrol]);
    let arn = account.policy_arn("self-manage-credentials");
    account.group("everybody", 1500, Grants::attached(&[&arn]));
    // Meant to force MFA; Bool does not match requests with a long-term key, where the condition key is absent.
    let deny = Document::new(vec![
        Statement::deny_all_but(&["iam:EnableMFADevice", "iam:ListMFADevices", "sts:GetSessionToken"])
            .sid("DenyUnlessMfa")
            .when("Bool", "aws:MultiFactorAuthPresent", &["false"]),
    ]);
    account.policy("deny-unless-mfa", 1100, vec![deny]);
    let arn = account.policy_arn("deny-unless-mfa");
    account.group("mfa-enforced", 1100, Grants::attached(&[&arn]));
    account.group("contractors-2024", 800, Grants::attached(&[&managed::arn("ReadOnlyAccess")]));
}

fn person(name: &str, age: i64, kanji: &str, team: &str) -> User {
    User::new(name, age).owned(team, "person").tag("Name", kanji).member("engineers").member("everybody")
}

fn people(account: &mut Account) {
    account.users.extend([
        // The model citizen of S0: key for the command line, session with MFA, role elsewhere.
        person("akari.mori", 1400, "森 あかり", "platform")
            .password(200, Some(0))
            .mfa(MfaKind::Virtual, 500)
            .key(61, true, Some((0, "sts", "us-east-1"))),
        person("sota.inoue", 1200, "井上 颯太", "security")
            .password(90, Some(1))
            .mfa(MfaKind::Virtual, 700)
            .key(40, true, Some((0, "sts", "us-east-1"))),
        // Case matters nowhere in IAM, and everywhere in scripts.
        person("Hinata.SATO", 1350, "佐藤 ひなた", "予約チーム")
            .password(280, Some(2))
            .mfa(MfaKind::Virtual, 1300),
        // The S4 population: a password, and no device.
        person("mei.kondo", 400, "近藤 芽衣", "予約チーム").password(400, Some(3)),
        person("yuto.hayashi", 900, "林 悠斗", "ferry-web").password(330, Some(12)).member("mfa-enforced"),
        // An administrator by inline policy, key only, no device: privileged, and invisible to most reports.
        person("daichi.okada", 1450, "岡田 大地", "platform")
            .grants(Grants::inline("temporary-admin", Document::allow(&["*"], &["*"])))
            .key(1300, true, Some((9, "iam", "us-east-1"))),
        // Left the company; nobody told IAM.
        person("kaito.yamashita", 1490, "山下 海斗", "web-2019")
            .password(1200, Some(410))
            .mfa(MfaKind::Virtual, 1400)
            .key(1200, true, Some((402, "s3", "ap-northeast-1"))),
        // Set a password 400 days ago and has never signed in.
        person("rin.ishii", 400, "石井 凛", "tide-data").password(400, None),
        // Two people, two keys each, created for a hackathon.
        person("ren.aoki", 1000, "青木 蓮", "ferry-web")
            .password(150, Some(4))
            .mfa(MfaKind::Virtual, 900)
            .key(620, true, Some((200, "sts", "us-east-1")))
            .key(75, true, Some((2, "sts", "us-east-1"))),
        // A name that breaks naive CSV readers.
        User::new("x+y=z,w", 500).owned("platform", "name test for the import scripts").member("everybody"),
        // A machine in the bastion: the account is no longer pure.
        User::machine("deploy-legacy", 1450, "web-2019", "copied the web site to S3")
            .grants(Grants::attached(&[&managed::arn("AmazonS3FullAccess")]))
            .key(1450, true, Some((380, "s3", "ap-northeast-1"))),
        // Deleted after the credential report was made.
        gone(
            person("haruto.sakai", 1100, "酒井 陽翔", "ferry-web")
                .password(300, Some(95))
                .mfa(MfaKind::Virtual, 1000),
        ),
        // A shell: no credential, no group.
        User::new("temp-interview", 600),
    ]);
}

fn gone(mut user: User) -> User {
    user.deleted = true;
    user
}
