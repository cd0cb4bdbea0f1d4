//! One account as full as AWS lets an account be: thousands of roles, and managed policies with all five versions each.
//!
//! Every role is one of a team's application, and has its own name in its own statements, so that few have the same policies.
//! Some pass roles, assume them, write their policies or bring an older version of a policy back: the questions about ways up
//! have something to find.

use std::collections::BTreeMap;

use crate::cast::PRODUCTION;
use crate::document::{Document, Statement, principals, service};
use crate::files;
use crate::managed;
use crate::model::{Account, Grants, Role};
use crate::random::Random;

/// How full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LargeAccount {
    /// The seed of everything that is dealt out.
    pub seed: u64,
    /// Roles.
    pub roles: usize,
    /// Customer managed policies, each with five versions.
    pub policies: usize,
}

/// Managed policies keep five versions at most (IAM User Guide, `reference_iam-quotas`).
const VERSIONS: i64 = 5;

const SERVICES: [&str; 5] = [
    "lambda.amazonaws.com",
    "ecs-tasks.amazonaws.com",
    "ec2.amazonaws.com",
    "glue.amazonaws.com",
    "codebuild.amazonaws.com",
];

impl LargeAccount {
    /// Every file of the account by its path in the kagimori directory; there is no trail.
    pub fn generate(&self) -> BTreeMap<String, Vec<u8>> {
        let mut account = Account::new(PRODUCTION, "shiosai-large", crate::calendar::days_ago(1500));
        for number in 0..self.policies {
            let mut random = Random::new(self.seed, &format!("large/policy/{number}"));
            let versions = (1..=VERSIONS).map(|version| self.version(number, version, &mut random)).collect();
            account.policy(&policy_name(number), random.between(100, 1400), versions);
        }
        for number in 0..self.roles {
            let role = self.role(number, &account.id);
            account.roles.push(role);
        }
        account.number(self.seed);
        account.roles.sort_by(|a, b| a.name.cmp(&b.name));
        account.policies.sort_by(|a, b| a.name.cmp(&b.name));
        let mut files = files::Files::new();
        files::snapshot(&account, &mut files);
        // Answers about each user, of which there is none.
        files.retain(|_, bytes| !bytes.is_empty());
        files
    }

    /// Older versions say more: what was taken away is still there for whoever may bring it back.
    fn version(&self, number: usize, version: i64, random: &mut Random) -> Document {
        let app = self.app(number);
        let mut statements = vec![
            Statement::allow(
                &["dynamodb:GetItem", "dynamodb:PutItem"],
                &[&format!("arn:aws:dynamodb:ap-northeast-1:{PRODUCTION}:table/{app}-{version}")],
            ),
            Statement::allow(&["s3:GetObject"], &[&format!("arn:aws:s3:::shiosai-{app}/v{version}/*")]),
            Statement::allow(
                &["ssm:GetParameter"],
                &[&format!("arn:aws:ssm:ap-northeast-1:{PRODUCTION}:parameter/{app}/*")],
            ),
        ];
        if version < VERSIONS && random.chance(10) {
            statements.push(Statement::allow(&["iam:*"], &["*"]));
        } else if random.chance(15) {
            statements.push(Statement::deny(&["iam:*"], &["*"]));
        }
        Document::new(statements)
    }

    /// The application that a number is of: there are as many as policies, but for one in four.
    fn app(&self, number: usize) -> String {
        format!("app-{:04}", number.wrapping_mul(7) % (self.policies.max(4) * 3 / 4).max(1))
    }

    fn role(&self, number: usize, account: &str) -> Role {
        let mut random = Random::new(self.seed, &format!("large/role/{number}"));
        let app = self.app(number);
        let name = format!("{app}-{number:05}");
        let mut grants = Grants::inline("work", self.work(&mut random, number, &app, account));
        for _ in 0..random.between(0, 4) {
            let policy = usize::try_from(random.next() % self.policies.max(1) as u64).unwrap_or(0);
            let arn = format!("arn:aws:iam::{account}:policy/{}", policy_name(policy));
            if !grants.attached.contains(&arn) {
                grants.attached.push(arn);
            }
        }
        if number.is_multiple_of(97) {
            grants.attached.push(managed::arn("AdministratorAccess"));
        }
        if random.chance(20) {
            let policy = usize::try_from(random.next() % self.policies.max(1) as u64).unwrap_or(0);
            grants.boundary = Some(format!("arn:aws:iam::{account}:policy/{}", policy_name(policy)));
        }
        let age = random.between(60, 1300);
        let trust = self.trust(&mut random, number, account);
        Role::new(&name, age, trust, grants).owned(&app, "work").used(random.between(0, 60), "ap-northeast-1")
    }

    fn trust(&self, random: &mut Random, number: usize, account: &str) -> Statement {
        match random.between(0, 100) {
            0..70 => service(random.word(&SERVICES)),
            70..85 => principals(&[&format!("arn:aws:iam::{account}:root")]),
            _ => {
                let other = number.wrapping_mul(31).wrapping_add(17) % self.roles.max(1);
                principals(&[&format!("arn:aws:iam::{account}:role/{}-{other:05}", self.app(other))])
            }
        }
    }

    /// What a role does all day, and what it may do to others.
    fn work(&self, random: &mut Random, number: usize, app: &str, account: &str) -> Document {
        let group = format!("arn:aws:logs:ap-northeast-1:{account}:log-group:/{app}/{number}:*");
        let own_roles = format!("arn:aws:iam::{account}:role/{app}-*");
        let own_policies =
            format!("arn:aws:iam::{account}:policy/{}", policy_name(number % self.policies.max(1)));
        let mut statements =
            vec![Statement::allow(&["logs:CreateLogStream", "logs:PutLogEvents"], &[&group])];
        match random.between(0, 100) {
            0..12 => statements.extend([
                Statement::allow(&["iam:PassRole"], &[&own_roles]),
                Statement::allow(&["lambda:CreateFunction", "lambda:InvokeFunction"], &["*"]),
            ]),
            12..20 => statements.extend([
                Statement::allow(&["iam:PassRole"], &["*"]).when(
                    "StringEquals",
                    "iam:PassedToService",
                    &["ecs-tasks.amazonaws.com"],
                ),
                Statement::allow(&["ecs:RegisterTaskDefinition", "ecs:RunTask"], &["*"]),
            ]),
            20..32 => statements.push(Statement::allow(&["sts:AssumeRole"], &[&own_roles])),
            32..36 => statements.push(Statement::allow(
                &["iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"],
                &[&own_policies],
            )),
            36..39 => statements
                .push(Statement::allow(&["iam:AttachRolePolicy", "iam:PutRolePolicy"], &[&own_roles])),
            39..41 => statements.push(Statement::allow(&["iam:UpdateAssumeRolePolicy"], &[&own_roles])),
            41..43 => statements.push(Statement::allow(&["iam:SetDefaultPolicyVersion"], &["*"])),
            43..55 => statements.push(Statement::allow(&["lambda:UpdateFunctionCode"], &["*"])),
            _ => {}
        }
        Document::new(statements)
    }
}

fn policy_name(number: usize) -> String {
    format!("work-{number:04}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn details(seed: u64) -> serde_json::Value {
        let files = LargeAccount { seed, roles: 60, policies: 12 }.generate();
        let path = format!("snapshots/{PRODUCTION}/authorization-details.json");
        serde_json::from_slice(&files[&path]).unwrap_or_default()
    }

    #[test]
    fn it_is_as_full_as_was_asked_and_the_same_every_time() {
        let found = details(1);
        let list = |name: &str| found[name].as_array().cloned().unwrap_or_default();
        assert_eq!(list("RoleDetailList").len(), 60);
        let own = list("Policies");
        let own: Vec<_> = own
            .iter()
            .filter(|policy| policy["Arn"].as_str().is_some_and(|arn| !arn.starts_with("arn:aws:iam::aws:")))
            .collect();
        assert_eq!(own.len(), 12);
        assert!(own.iter().all(|policy| policy["PolicyVersionList"].as_array().map(Vec::len) == Some(5)));
        assert_eq!(found, details(1));
        assert_ne!(found, details(2));
    }

    #[test]
    fn roles_name_roles_that_are_there() {
        let found = details(1);
        let roles = found["RoleDetailList"].as_array().cloned().unwrap_or_default();
        let arns: Vec<&str> = roles.iter().filter_map(|role| role["Arn"].as_str()).collect();
        let mut named = 0;
        for role in &roles {
            let statement = &role["AssumeRolePolicyDocument"]["Statement"][0];
            let Some(arn) = statement["Principal"]["AWS"].as_str().filter(|arn| arn.contains(":role/"))
            else {
                continue;
            };
            assert!(arns.contains(&arn), "{arn}");
            named += 1;
        }
        assert!(named > 0);
    }
}
