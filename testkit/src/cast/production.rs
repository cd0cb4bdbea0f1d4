//! Production: the machines' keys. The shared key, the leaked key, the poller, the heartbeat, the rare jobs.

use crate::calendar::days_ago;
use crate::cast::{BASTION, MONITORING, PARTNER, PRODUCTION};
use crate::document::{Document, Statement, principals, service};
use crate::managed;
use crate::model::{Account, Certificate, Grants, MfaKind, PasswordPolicy, Role, User};

/// The account. Its root has no credentials.
pub(crate) fn account() -> Account {
    let mut account = Account::new(PRODUCTION, "shiosai-production", days_ago(1500));
    account.password_policy = Some(PasswordPolicy {
        length: 8,
        symbols: false,
        numbers: true,
        upper: true,
        lower: true,
        max_age: Some(180),
        reuse: Some(4),
    });
    account.certificates = vec![
        Certificate { name: "www-shiosai-2024", uploaded: days_ago(760), expires: days_ago(365) },
        Certificate { name: "api-shiosai-2026", uploaded: days_ago(100), expires: days_ago(-265) },
    ];
    account.oidc_providers = vec!["token.actions.githubusercontent.com"];
    policies(&mut account);
    machines(&mut account);
    people(&mut account);
    roles(&mut account);
    account
}

fn policies(account: &mut Account) {
    let objects = Document::new(vec![
        Statement::allow(&["s3:GetObject", "s3:PutObject"], &["arn:aws:s3:::shiosai-tide/*"]),
        Statement::allow(&["s3:ListBucket", "s3:GetBucketLocation"], &["arn:aws:s3:::shiosai-tide"]),
        Statement::allow(
            &["dynamodb:DescribeTable"],
            &["arn:aws:dynamodb:ap-northeast-1:444455556666:table/tide-*"],
        ),
        Statement::allow(
            &["sqs:ReceiveMessage", "sqs:SendMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"],
            &["arn:aws:sqs:ap-northeast-1:444455556666:tide-*"],
        ),
    ]);
    account.policy(
        "tide-api",
        1200,
        vec![Document::allow(&["s3:GetObject"], &["arn:aws:s3:::shiosai-tide/*"]), objects],
    );
    let web = Document::new(vec![
        Statement::allow(&["ec2:Describe*", "elasticloadbalancing:Describe*"], &["*"]),
        Statement::allow(
            &["s3:ListAllMyBuckets", "iam:ListUsers", "iam:ListRoles", "iam:ListAttachedUserPolicies"],
            &["*"],
        ),
        Statement::allow(&["bedrock:InvokeModel", "bedrock:ListFoundationModels"], &["*"]),
        Statement::allow(&["ses:SendRawEmail"], &["*"]),
        Statement::allow(
            &["cloudfront:CreateInvalidation"],
            &["arn:aws:cloudfront::444455556666:distribution/*"],
        ),
    ]);
    account.policy("ferry-web", 900, vec![web]);
    let release = Document::new(vec![
        Statement::allow(
            &["ecs:DescribeServices", "ecs:UpdateService"],
            &["arn:aws:ecs:ap-northeast-1:444455556666:service/ferry/*"],
        ),
        Statement::allow(
            &["ecs:RegisterTaskDefinition", "ecs:DescribeTaskDefinition", "ecr:GetAuthorizationToken"],
            &["*"],
        ),
        Statement::allow(&["iam:PassRole"], &["*"]).sid("PassAnything"),
    ]);
    account.policy("ci-release", 1000, vec![release]);
    let month = Document::new(vec![
        Statement::allow(&["ce:GetCostAndUsage"], &["*"]),
        Statement::allow(
            &["rds:CreateDBSnapshot", "rds:DescribeDBSnapshots"],
            &["arn:aws:rds:ap-northeast-1:444455556666:*"],
        ),
    ]);
    account.policy("month-end", 1000, vec![month]);
    account.policy(
        "ec2-look",
        1000,
        vec![Document::allow(&["ec2:DescribeInstances", "ec2:DescribeInstanceStatus"], &["*"])],
    );
    account.policy("old-everything", 1490, vec![Document::allow(&["*"], &["*"])]);
    account.policy("rds-everything", 1300, vec![Document::allow(&["rds:*"], &["*"])]);
    account.policy(
        "almost-everything",
        1100,
        vec![Document::new(vec![Statement::allow_all_but(&["organizations:*"])])],
    );
    let limited = Document::allow(&["cloudwatch:Get*", "ec2:Describe*", "logs:Describe*"], &["*"]);
    account.policy("look-only-boundary", 700, vec![limited]);
    let arn = account.policy_arn("tide-api");
    account.group("tide-machines", 1200, Grants::attached(&[&arn]));
    let arn = account.policy_arn("ferry-web");
    account.group("web-machines", 900, Grants::attached(&[&arn]));
    let arn = account.policy_arn("almost-everything");
    account.group("operators-2021", 1100, Grants::attached(&[&arn]));
    account.group(
        "console-readers",
        1100,
        Grants::attached(&[&managed::arn("ReadOnlyAccess"), &managed::arn("AWSCloudShellFullAccess")]),
    );
}

fn machines(account: &mut Account) {
    let arn = |name: &str| account.policy_arn(name);
    let (release, month, look) = (arn("ci-release"), arn("month-end"), arn("ec2-look"));
    let machines = [
        // One key in four places: an office laptop, GitHub Actions, an EC2 fleet, a SaaS.
        User::machine("svc-tide-api", 1200, "tide-data", "reads and writes tide tables")
            .member("tide-machines")
            .key(1200, true, Some((0, "s3", "ap-northeast-1"))),
        // The leak of S3: a web server's key, used from an unknown address.
        User::machine("svc-ferry-web", 900, "ferry-web", "web server of the ferry booking")
            .member("web-machines")
            .key(880, true, Some((0, "ec2", "ap-northeast-1"))),
        // Used for the two great releases of the year.
        User::machine("ci-release", 1000, "ferry-web", "spring and autumn timetable releases")
            .grants(Grants::attached(&[&release]))
            .key(980, true, Some((47, "ecs", "ap-northeast-1"))),
        // The first night of each month.
        User::machine("svc-month-end", 1000, "corporate-it", "month end snapshot and cost sheet")
            .grants(Grants::attached(&[&month]))
            .key(1000, true, Some((30, "rds", "ap-northeast-1"))),
        // A forgotten cron on a server nobody knows: every call is denied, "last used" is always today.
        User::machine("svc-old-poller", 1450, "web-2019", "unknown").key(
            1450,
            true,
            Some((0, "sqs", "ap-northeast-1")),
        ),
        // Only asks whether instances are alive, and nobody reads the answer.
        User::machine("svc-heartbeat", 1400, "platform", "health screen in the old office")
            .grants(Grants::attached(&[&look]))
            .key(1400, true, Some((0, "ec2", "ap-northeast-1"))),
        // Rotation begun and never finished.
        User::machine("svc-port-sensors", 1100, "tide-data", "uploads sensor readings of the ports")
            .member("tide-machines")
            .key(1100, true, Some((190, "s3", "ap-northeast-1")))
            .key(195, true, Some((0, "s3", "ap-northeast-1"))),
        // Never used at all, 400 days old.
        User::machine("svc-mail-trial", 400, "予約チーム", "mail trial")
            .member("web-machines")
            .key(400, true, None),
        // Switched off two years ago and never deleted.
        User::machine("svc-print-tickets", 1480, "予約チーム", "ticket printers until 2024")
            .member("web-machines")
            .key(1480, false, Some((720, "ses", "ap-northeast-1"))),
        // A key made last week, not used yet.
        User::machine("svc-crew-app", 8, "ferry-web", "crew roster app")
            .member("web-machines")
            .key(8, true, None),
        // A machine with a password.
        User::machine("jenkins", 1480, "platform", "builds until the move to GitHub")
            .member("web-machines")
            .password(1480, Some(700))
            .key(1480, true, Some((77, "sts", "us-east-1"))),
    ];
    account.users.extend(machines);
}

fn people(account: &mut Account) {
    let boundary = Some(account.policy_arn("look-only-boundary"));
    account.users.extend([
        // Administrator on paper, capped to looking by a permissions boundary.
        User::new("aoi.takahashi", 700)
            .owned("platform", "person")
            .tag("Name", "高橋 葵")
            .member("console-readers")
            .grants(Grants { boundary, ..Grants::attached(&[&managed::arn("AdministratorAccess")]) })
            .password(100, Some(15)),
        // An administrator without MFA, from before the bastion.
        User::new("tsubasa.ogawa", 1490)
            .owned("platform", "person")
            .tag("Name", "小川 翼")
            .member("operators-2021")
            .password(700, Some(8))
            .key(1400, true, Some((8, "ec2", "ap-northeast-1"))),
        User::new("nanami.goto", 1300)
            .tag("Name", "後藤 七海")
            .member("console-readers")
            .password(500, Some(140))
            .mfa(MfaKind::Virtual, 500),
    ]);
}

fn roles(account: &mut Account) {
    let arn = |name: &str| account.policy_arn(name);
    let (everything, rds, tide) = (arn("old-everything"), arn("rds-everything"), arn("tide-api"));
    let bastion = format!("arn:aws:iam::{BASTION}:root");
    let github = format!("arn:aws:iam::{PRODUCTION}:oidc-provider/token.actions.githubusercontent.com");
    let actions = Statement::trust("sts:AssumeRoleWithWebIdentity", "Federated", &[&github])
        .when("StringEquals", "token.actions.githubusercontent.com:aud", &["sts.amazonaws.com"])
        .when(
            "StringEquals",
            "token.actions.githubusercontent.com:sub",
            &["repo:shiosai-ferry/booking:ref:refs/heads/main"],
        );
    let deploy = Document::new(vec![
        Statement::allow(
            &["ecs:UpdateService", "ecs:DescribeServices"],
            &["arn:aws:ecs:ap-northeast-1:444455556666:service/ferry/*"],
        ),
        Statement::allow(&["iam:PassRole"], &["arn:aws:iam::444455556666:role/task/*"]).when(
            "StringEquals",
            "iam:PassedToService",
            &["ecs-tasks.amazonaws.com"],
        ),
    ]);
    account.roles.extend([
        Role::new("github-deploy-booking", 420, actions, Grants::inline("deploy", deploy))
            .owned("ferry-web", "deploys the booking service")
            .used(0, "ap-northeast-1"),
        // The migration of 2021 ended; its role did not.
        Role::new(
            "migration-2021",
            1490,
            principals(&[&bastion]).with_mfa(),
            Grants::attached(&[&everything]),
        )
        .owned("web-2019", "data center move")
        .session(43200),
        // No MFA in the trust: any key of the bastion gets in.
        Role::new("DBOperator", 1300, principals(&[&bastion]), Grants::attached(&[&rds]))
            .owned("platform", "database work")
            .session(28800)
            .used(11, "ap-northeast-1"),
        // The monitoring SaaS, as it should be.
        Role::new(
            "umineko-monitoring",
            600,
            principals(&[&format!("arn:aws:iam::{MONITORING}:root")]).when(
                "StringEquals",
                "sts:ExternalId",
                &["shiosai-7f21"],
            ),
            Grants::attached(&[&managed::arn("ViewOnlyAccess")]),
        )
        .owned("platform", "monitoring by Umineko")
        .used(0, "ap-northeast-1"),
        // The weather partner, without an external id.
        Role::new(
            "kazami-weather",
            800,
            principals(&[&format!("arn:aws:iam::{PARTNER}:root")]),
            Grants::attached(&[&managed::arn("ReadOnlyAccess")]),
        )
        .owned("tide-data", "weather exchange with Kazami")
        .used(64, "ap-northeast-1"),
        Role::new("tide-ec2", 1200, service("ec2.amazonaws.com"), Grants::attached(&[&tide]))
            .owned("tide-data", "tide servers"),
    ]);
}
