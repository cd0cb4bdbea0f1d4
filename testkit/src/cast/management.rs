//! The management account: root was used lately, a billing exporter with a password, a break-glass role.

use crate::calendar::days_ago;
use crate::cast::{BASTION, MANAGEMENT};
use crate::document::{Document, Statement, principals, service};
use crate::managed;
use crate::model::{Account, Grants, Mfa, MfaKind, PasswordPolicy, Role, Root, User};

/// The account.
pub(crate) fn account() -> Account {
    let mut account = Account::new(MANAGEMENT, "shiosai-management", days_ago(2400));
    account.root = Root {
        password: true,
        password_used: Some(days_ago(4) + 7_200),
        mfa: Some(Mfa { kind: MfaKind::Virtual, enabled: days_ago(2300) }),
        key: None,
    };
    account.password_policy = Some(PasswordPolicy {
        length: 14,
        symbols: true,
        numbers: true,
        upper: true,
        lower: true,
        max_age: None,
        reuse: Some(24),
    });
    groups(&mut account);
    users(&mut account);
    roles(&mut account);
    account
}

fn groups(account: &mut Account) {
    let billing = Document::allow(
        &["s3:GetObject", "s3:ListBucket"],
        &["arn:aws:s3:::shiosai-billing", "arn:aws:s3:::shiosai-billing/*"],
    );
    account.policy("billing-export-read", 1200, vec![billing]);
    let arn = account.policy_arn("billing-export-read");
    account.group("billing", 1200, Grants::attached(&[&managed::arn("Billing"), &arn]));
    account.group("self-service", 1200, Grants::attached(&[&managed::arn("IAMUserChangePassword")]));
}

fn users(account: &mut Account) {
    account.users.extend([
        User::new("keiko.shimizu", 2300)
            .owned("corporate-it", "finance")
            .tag("Name", "清水 恵子")
            .member("billing")
            .password(300, Some(6))
            .mfa(MfaKind::Virtual, 1800),
        // Sees the bill once a month, and has never enrolled a device.
        User::new("tetsuo.ono", 1400)
            .owned("corporate-it", "auditor")
            .tag("Name", "大野 哲雄")
            .member("billing")
            .password(1400, Some(29)),
        User::machine("billing-export", 1300, "corporate-it", "copies the bill into the accounting system")
            .member("billing")
            .password(1300, None)
            .key(1300, true, Some((1, "ce", "us-east-1"))),
        User::new("break-glass-1", 700)
            .owned("security", "emergency only")
            .member("self-service")
            .password(80, None)
            .mfa(MfaKind::Fido, 700),
    ]);
}

fn roles(account: &mut Account) {
    let bastion = format!("arn:aws:iam::{BASTION}:root");
    let admin = Grants::attached(&[&managed::arn("AdministratorAccess")]);
    let break_glass = Role::new("break-glass-admin", 700, principals(&[&bastion]).with_mfa(), admin)
        .owned("security", "emergency only")
        .described("Emergency only. Two people, ticket, review")
        .session(43200)
        .used(48, "us-east-1");
    let inventory = Document::allow(&["sts:AssumeRole"], &["arn:aws:iam::*:role/inventory"]);
    let reader = Role::new(
        "inventory-reader",
        300,
        service("lambda.amazonaws.com"),
        Grants::inline("assume-inventory", inventory),
    )
    .owned("security", "nightly inventory")
    .used(1, "us-east-1");
    let operate = Document::new(vec![
        Statement::allow(&["organizations:Describe*", "organizations:List*"], &["*"]).sid("Look"),
        Statement::allow(&["organizations:MoveAccount", "organizations:TagResource"], &["*"]).sid("Keep"),
    ]);
    let organize = Role::new(
        "organization-operator",
        600,
        principals(&[&bastion]).with_mfa(),
        Grants::inline("organization", operate),
    )
    .owned("platform", "moves accounts between units")
    .used(37, "us-east-1");
    account.roles.extend([break_glass, reader, organize]);
}
