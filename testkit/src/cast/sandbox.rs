//! The sandbox: everything that a company forgets. Root with keys, trust for everybody, star on star.

use crate::calendar::days_ago;
use crate::cast::{BASTION, SANDBOX};
use crate::document::{Document, Statement, principals, service};
use crate::managed;
use crate::model::{Account, Grants, Key, KeyUse, Role, Root, User};

/// The account. No password policy was ever set.
pub(crate) fn account() -> Account {
    let mut account = Account::new(SANDBOX, "shiosai-sandbox", days_ago(1450));
    let key = Key {
        id: String::new(),
        active: true,
        created: days_ago(1449),
        last_used: Some(KeyUse {
            at: days_ago(33),
            region: "us-east-1".to_owned(),
            service: "s3".to_owned(),
        }),
    };
    account.root = Root { password: true, password_used: Some(days_ago(500)), mfa: None, key: Some(key) };
    policies(&mut account);
    users(&mut account);
    roles(&mut account);
    account
}

fn policies(account: &mut Account) {
    account.policy("play-admin", 1400, vec![Document::allow(&["*"], &["*"])]);
    account.policy("play-admin-old", 1440, vec![Document::allow(&["*"], &["*"])]);
    account.policy("s3-everything", 1400, vec![Document::allow(&["s3:*"], &["*"])]);
    let arn = account.policy_arn("play-admin");
    account.group("players", 1400, Grants::attached(&[&arn]));
    account.group("hackathon-2023", 1200, Grants::default());
    let arn = account.policy_arn("s3-everything");
    account.group("bucket-players", 1400, Grants::attached(&[&arn]));
}

fn users(account: &mut Account) {
    account.users.extend([
        User::new("play", 1400).member("players").password(1400, Some(70)).key(
            1400,
            true,
            Some((18, "ec2", "ap-northeast-1")),
        ),
        User::new("demo-kiosk", 1000).tag("Owner", "hackathon").member("bucket-players").key(
            1000,
            true,
            Some((500, "s3", "us-east-1")),
        ),
        User::new("jiro-test", 1300)
            .grants(Grants::inline("everything", Document::allow(&["*"], &["*"])))
            .key(1300, false, None)
            .key(1290, true, None),
        User::new("workshop-01", 830).member("bucket-players").password(830, None),
        User::new("workshop-02", 830).member("bucket-players").password(830, None),
        User::new("old-alexa-skill", 1420),
    ]);
}

fn roles(account: &mut Account) {
    let bastion = format!("arn:aws:iam::{BASTION}:root");
    let lambda = Document::new(vec![
        Statement::allow(&["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"], &["*"]),
        Statement::allow(&["logs:*"], &["*"]),
    ]);
    account.roles.extend([
        Role::new(
            "open-house",
            1200,
            Statement::trust_anyone(),
            Grants::attached(&[&managed::arn("AmazonS3ReadOnlyAccess")]),
        ),
        Role::new("lambda-playground", 1100, service("lambda.amazonaws.com"), Grants::inline("play", lambda))
            .used(150, "ap-northeast-1"),
        // Administrator for every user of the bastion, with no MFA asked.
        Role::new(
            "Admin",
            1400,
            principals(&[&bastion]),
            Grants::attached(&[&managed::arn("AdministratorAccess")]),
        )
        .session(43200)
        .used(17, "ap-northeast-1"),
    ]);
}
