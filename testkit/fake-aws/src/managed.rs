//! The AWS managed policies a fake account can attach or hand to a session.
//!
//! `AdministratorAccess` and `PowerUserAccess` are as AWS publishes them; `ReadOnlyAccess` is abbreviated to the services
//! the fake speaks and a few more.

/// Everything.
pub(crate) const ADMINISTRATOR_ACCESS: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// ARNs and documents.
pub(crate) const POLICIES: &[(&str, &str)] = &[
    (
        ADMINISTRATOR_ACCESS,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
    ),
    (
        "arn:aws:iam::aws:policy/PowerUserAccess",
        r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"},
            {"Effect":"Allow","Action":["account:GetAccountInformation","account:GetGovCloudAccountInformation",
                "account:GetPrimaryEmail","account:ListRegions","iam:CreateServiceLinkedRole",
                "iam:DeleteServiceLinkedRole","iam:ListRoles","organizations:DescribeEffectivePolicy",
                "organizations:DescribeOrganization"],"Resource":"*"}]}"#,
    ),
    (
        "arn:aws:iam::aws:policy/ReadOnlyAccess",
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"ReadOnlyActions","Effect":"Allow","Action":[
            "cloudtrail:Describe*","cloudtrail:Get*","cloudtrail:List*","cloudtrail:LookupEvents","dynamodb:BatchGet*",
            "dynamodb:Describe*","dynamodb:Get*","dynamodb:List*","dynamodb:Query","dynamodb:Scan","ec2:Describe*",
            "ec2:Get*","iam:Generate*","iam:Get*","iam:List*","iam:Simulate*","organizations:Describe*",
            "organizations:List*","s3:Describe*","s3:Get*","s3:List*","sns:Check*","sns:Get*","sns:List*",
            "sts:GetAccessKeyInfo","sts:GetCallerIdentity","sts:GetSessionToken","tag:Get*"],"Resource":"*"}]}"#,
    ),
];
