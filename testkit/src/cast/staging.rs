//! Staging: GitHub trust that is too wide, a broken deny, leftovers of people.

use crate::calendar::days_ago;
use crate::cast::STAGING;
use crate::document::{Document, Statement, principals, service};
use crate::managed;
use crate::model::{Account, Grants, PasswordPolicy, Role, User};

/// The account. Its list of virtual MFA devices was never fetched.
pub(crate) fn account() -> Account {
    let mut account = Account::new(STAGING, "shiosai-staging", days_ago(1490));
    account.password_policy = Some(PasswordPolicy {
        length: 14,
        symbols: true,
        numbers: true,
        upper: true,
        lower: true,
        max_age: None,
        reuse: None,
    });
    account.oidc_providers = vec!["token.actions.githubusercontent.com"];
    groups(&mut account);
    users(&mut account);
    roles(&mut account);
    account
}

fn groups(account: &mut Account) {
    let test = Document::new(vec![
        Statement::allow(
            &["s3:GetObject", "s3:PutObject", "s3:ListBucket"],
            &["arn:aws:s3:::shiosai-staging-*"],
        ),
        Statement::allow(&["ecs:DescribeServices", "ecs:DescribeTasks"], &["*"]),
    ]);
    account.policy("integration-tests", 900, vec![test]);
    let arn = account.policy_arn("integration-tests");
    account.group("testers", 900, Grants::attached(&[&arn]));
    // Written against the group's ARN, where it never matches anybody.
    let group = format!("arn:aws:iam::{STAGING}:group/testers");
    let deny = Document::new(vec![
        Statement::allow(&["cloudwatch:Describe*"], &["*"]),
        Statement::deny(&["iam:DeleteUser", "iam:UpdateUser"], &[&group]).sid("ProtectTesters"),
    ]);
    account.policy("protect-testers", 900, vec![deny]);
    let arn = account.policy_arn("protect-testers");
    account.group("leads", 900, Grants::attached(&[&arn]));
}

fn users(account: &mut Account) {
    account.users.extend([
        User::machine("svc-e2e", 900, "ferry-web", "end to end tests on CircleCI").member("testers").key(
            60,
            true,
            Some((0, "s3", "ap-northeast-1")),
        ),
        User::machine("svc-load-test", 850, "platform", "load tests before Golden Week")
            .member("testers")
            .key(850, true, Some((186, "s3", "ap-northeast-1"))),
        User::new("misaki.fujii", 850)
            .tag("Owner", "予約チーム")
            .member("testers")
            .password(850, Some(44))
            .key(850, false, Some((600, "s3", "ap-northeast-1"))),
        User::new("intern-2025", 460).member("testers").password(460, Some(420)),
    ]);
}

fn roles(account: &mut Account) {
    let github = format!("arn:aws:iam::{STAGING}:oidc-provider/token.actions.githubusercontent.com");
    let wide = Statement::trust("sts:AssumeRoleWithWebIdentity", "Federated", &[&github])
        .when("StringEquals", "token.actions.githubusercontent.com:aud", &["sts.amazonaws.com"])
        .when("StringLike", "token.actions.githubusercontent.com:sub", &["repo:*"]);
    let tests = account.policy_arn("integration-tests");
    let deleted = principals(&["AIDASHIOSAIGONE2PERSON"]);
    account.roles.extend([
        Role::new("github-preview", 500, wide, Grants::attached(&[&managed::arn("PowerUserAccess")]))
            .owned("ferry-web", "preview environments")
            .used(1, "ap-northeast-1"),
        // Its only trusted user is gone: AWS shows the id that remains.
        Role::new("screenshot-bot", 1000, deleted, Grants::attached(&[&tests]))
            .owned("ferry-web", "screenshots"),
        // SNS may be used by anybody's topic: no source account.
        Role::new("sns-delivery", 700, service("sns.amazonaws.com"), Grants::inline("logs", logs()))
            .owned("platform", "delivery status")
            .used(2, "ap-northeast-1"),
    ]);
}

fn logs() -> Document {
    Document::allow(
        &["logs:CreateLogStream", "logs:PutLogEvents"],
        &["arn:aws:logs:ap-northeast-1:555566667777:log-group:sns/*"],
    )
}
