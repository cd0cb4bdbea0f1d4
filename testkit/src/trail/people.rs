//! The streams of people, roles, root and AWS itself. Successful calls stay within what their principal's policies grant.

use serde_json::json;

use super::event::{Call, Caller};
use super::streams::{
    BOTO, BROWSER, CLI, EC2, FARGATE, FLEET, GITHUB, LAMBDA, OFFICE, Stage, TERRAFORM, has_virtual_mfa,
};
use super::workload;
use crate::calendar::{DAY, is_weekend, zulu};
use crate::cast::{BASTION, DATA, MANAGEMENT, PRODUCTION, SANDBOX, STAGING};
use crate::model::{Account, Role, User};
use crate::random::Random;

impl Stage<'_> {
    /// People: sign-ins, and in the bastion one code, a session, a role elsewhere.
    pub(super) fn people(&mut self) {
        for account in &self.company.accounts {
            for user in account.users.iter().filter(|user| !user.deleted) {
                self.sign_ins(account, user);
                if account.id == BASTION {
                    self.bastion_day(account, user);
                }
            }
        }
    }

    fn sign_ins(&mut self, account: &Account, user: &User) {
        let Some(last) = user.password.as_ref().and_then(|password| password.last_used) else { return };
        let mut random = self.random(&format!("sign-in/{}/{}", account.id, user.name));
        let mfa = user.mfa.is_some();
        let mut at = last;
        while at >= self.begin {
            let caller = Caller::session(account, user, mfa, true);
            let mut call = Call::new(at, caller.clone(), "signin", "ConsoleLogin").from(OFFICE, BROWSER);
            call.read_only = false;
            call.sign_in = Some(mfa);
            call.response = json!({"ConsoleLogin": "Success"});
            if random.chance(6) {
                let mut failed = call.clone();
                failed.at -= 40;
                failed.response = json!({"ConsoleLogin": "Failure"});
                failed.error = None;
                self.calls.push(failed);
            }
            self.calls.push(call);
            at -= random.between(4, 13) * DAY + random.between(-9_000, 9_000);
        }
    }

    fn bastion_day(&mut self, account: &Account, user: &User) {
        let Some(holder) = self.holder(&account.id, &user.name).filter(|_| has_virtual_mfa(user)) else {
            return;
        };
        let targets: Vec<&Account> =
            self.company.accounts.iter().filter(|account| account.role("Developer").is_some()).collect();
        let mut random = self.random(&format!("bastion/{}", user.name));
        let mut begins: Vec<i64> =
            self.days().filter(|midnight| !is_weekend(*midnight)).filter(|_| random.chance(45)).collect();
        begins.iter_mut().for_each(|begin| *begin += random.between(1_000, 30_000));
        begins.retain(|begin| *begin < holder.until);
        begins.push(holder.until);
        let first = self.begin;
        for begin in begins.into_iter().filter(|begin| *begin >= first) {
            let request = json!({"serialNumber": format!("arn:aws:iam::{BASTION}:mfa/{}", user.name), "durationSeconds": 43200});
            let mut call = holder.call(begin, "sts", "GetSessionToken").from(OFFICE, CLI).asking(request);
            let session = Caller::session(account, user, true, false);
            call.response = json!({"credentials": {"accessKeyId": session.key_id(begin), "expiration": zulu(begin + 43_200)}});
            self.calls.push(call);
            if let Some(target) = random.pick(&targets) {
                self.assume(account, user, target, begin + 30, &mut random);
            }
        }
    }

    /// AssumeRole is told twice, in the caller's account and in the role's, with one shared id.
    fn assume(&mut self, account: &Account, user: &User, target: &Account, at: i64, random: &mut Random) {
        let name = if random.chance(60) { "Developer" } else { "ReadOnly" };
        let Some(role) = target.role(name) else { return };
        let mut call =
            Call::new(at, Caller::session(account, user, true, false), "sts", "AssumeRole").from(OFFICE, CLI);
        call.request =
            json!({"roleArn": target.role_arn(role), "roleSessionName": user.name, "durationSeconds": 3600});
        call.shared = Some(random.uuid());
        call.since = at - 30;
        let session = Caller::role(target, role, &user.name);
        call.response = json!({
            "credentials": {"accessKeyId": session.key_id(at), "expiration": zulu(at + 3600)},
            "assumedRoleUser": {"assumedRoleId": format!("{}:{}", role.id, user.name),
                "arn": format!("arn:aws:sts::{}:assumed-role/{}/{}", target.id, role.name, user.name)},
        });
        let mut copy = call.clone();
        copy.account.clone_from(&target.id);
        copy.caller = Caller::Abroad { id: user.id.clone(), account: account.id.clone() };
        self.calls.extend([call, copy]);
        let agent = if random.chance(25) { TERRAFORM } else { CLI };
        for step in 0..random.between(1, 6) {
            let (service, event) = *random.pick(&LOOKS).unwrap_or(&("ec2", "DescribeInstances"));
            let mut call =
                Call::new(at + 60 + step * 45, session.clone(), service, event).from(OFFICE, agent);
            call.since = at;
            self.calls.push(call);
        }
    }

    /// Roles: whoever their trust names works with them, until their last use.
    pub(super) fn roles(&mut self) {
        for account in &self.company.accounts {
            for role in &account.roles {
                let Some((last, _)) = role.last_used else { continue };
                if last >= self.begin && !["Developer", "ReadOnly"].contains(&role.name.as_str()) {
                    self.role(account, role, last);
                }
            }
        }
    }

    fn role(&mut self, account: &Account, role: &Role, last: i64) {
        let (address, agent) = place(role);
        let mut random = self.random(&format!("role/{}/{}", account.id, role.name));
        let mut work = self.random(&format!("role/{}/{}/work", account.id, role.name));
        let able = workload::of(account, role);
        let session =
            if role.instance_profile { "i-0f1e2d3c4b5a69788".to_owned() } else { role.name.clone() };
        let mut at = last;
        while at >= self.begin {
            let caller = Caller::role(account, role, &session);
            // Every tenth call is the SDK's own; the others are what the role is for.
            let call = match workload::call(&able, account, &mut work) {
                Some(does) if !work.chance(10) => does.at(at, caller),
                _ => Call::new(at, caller, "sts", "GetCallerIdentity"),
            };
            let mut call = call.from(address, agent);
            call.region = "ap-northeast-1".to_owned();
            self.calls.push(call);
            at -= random.between(30_000, 110_000) * if role.path == "/task/" { 1 } else { 6 };
        }
    }

    /// Root: what should raise an alarm.
    pub(super) fn roots(&mut self) {
        for account in [MANAGEMENT, SANDBOX].iter().filter_map(|id| self.company.account(id)) {
            if let Some(at) = account.root.password_used.filter(|at| *at >= self.begin) {
                let caller = Caller::Root { account: account.id.clone(), key: None };
                let mut call =
                    Call::new(at, caller.clone(), "signin", "ConsoleLogin").from("198.51.100.9", BROWSER);
                call.read_only = false;
                call.sign_in = Some(account.root.mfa.is_some());
                call.response = json!({"ConsoleLogin": "Success"});
                self.calls.push(call);
                self.calls.push(
                    Call::new(at + 300, caller, "iam", "GetAccountSummary").from("198.51.100.9", BROWSER),
                );
            }
            let used =
                account.root.key.as_ref().and_then(|key| key.last_used.as_ref().map(|used| (key, used.at)));
            if let Some((key, at)) = used {
                for step in 0..12 {
                    let caller = Caller::Root { account: account.id.clone(), key: Some(key.id.clone()) };
                    let call =
                        Call::new(at - step * 5 * DAY, caller, "s3", "ListBuckets").from("203.0.113.55", CLI);
                    self.calls.push(call.region("us-east-1"));
                }
            }
        }
    }

    /// What AWS does by itself: nobody's use.
    pub(super) fn services(&mut self) {
        let days: Vec<i64> = self.days().step_by(3).collect();
        for account in [PRODUCTION, DATA, STAGING] {
            for midnight in &days {
                let caller = Caller::Service { account: account.to_owned(), service: "kms".to_owned() };
                let mut call = Call::new(midnight + 7_000, caller, "kms", "RotateKey")
                    .from("kms.amazonaws.com", "kms.amazonaws.com");
                call.read_only = false;
                self.calls.push(call);
            }
        }
    }
}

/// Calls that PowerUserAccess and ReadOnlyAccess both allow.
const LOOKS: [(&str, &str); 8] = [
    ("ec2", "DescribeInstances"),
    ("ec2", "DescribeSecurityGroups"),
    ("cloudformation", "DescribeStacks"),
    ("logs", "DescribeLogGroups"),
    ("monitoring", "DescribeAlarms"),
    ("ecs", "ListClusters"),
    ("rds", "DescribeDBInstances"),
    ("lambda", "ListFunctions20150331"),
];

/// Where a role's work runs, by its path and name.
fn place(role: &Role) -> (&'static str, &'static str) {
    if role.path.starts_with("/aws-service-role/") {
        ("support.amazonaws.com", "support.amazonaws.com")
    } else if role.path.starts_with("/aws-reserved/") {
        (OFFICE, BROWSER)
    } else if role.instance_profile {
        (FLEET, EC2)
    } else if role.name.starts_with("github-") {
        ("192.0.2.41", GITHUB)
    } else if role.path == "/task/" {
        if role.name.len().is_multiple_of(2) { ("10.20.7.4", LAMBDA) } else { ("10.20.9.8", FARGATE) }
    } else {
        ("198.51.100.60", BOTO)
    }
}
