//! A company of sixty machine users whose homes are known: one account as the AWS CLI tells it, and two weeks of its trail.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Moment, Way, agents};
use crate::calendar::{AS_OF, DAY, days_ago};
use crate::cast::PRODUCTION;
use crate::document::{Document, Statement};
use crate::files::{self, Files};
use crate::model::{Account, Grants, Key, KeyUse, User};
use crate::trail::{Call, Caller, pack};

/// What its calls are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    /// Reads parameters and looks at a queue.
    Reads,
    /// Every call is refused.
    Refused,
    /// Asks who it is.
    Probes,
    /// Sends mail.
    Mail,
}

/// What is behind one key.
#[derive(Clone, Debug)]
struct Life {
    /// What `kagimori migrate` should say: a class, `shared`, `noise` or `unknown`.
    label: &'static str,
    work: Work,
    lives: Vec<(Way, &'static str)>,
}

/// A key of a machine user with its label.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MachineUser {
    /// The user.
    pub name: String,
    /// Its key.
    pub key: String,
    /// What is behind it: a class, `shared`, `noise` or `unknown`.
    pub label: &'static str,
}

const SEED: u64 = 60;

/// Lives that no single agent tells.
fn special() -> Vec<Life> {
    let life = |label, work, lives: &[(Way, &'static str)]| Life { label, work, lives: lives.to_vec() };
    let lambda = "Boto3/1.44.8 md/Botocore#1.44.8 ua/2.1 os/linux#5.10.234-241.885.amzn2.x86_64 exec-env/AWS_Lambda_python3.12 m/g";
    let laptop = "aws-cli/2.31.4 md/awscrt#0.27.6 ua/2.1 os/macos#24.5.0 md/arch#arm64 m/n md/command#s3.ls";
    let server = "Boto3/1.34.0 ua/2.1 os/linux#5.15.0-94-generic md/arch#x86_64 m/n";
    let runner = "aws-cli/2.31.4 ua/2.1 os/linux#6.8.0-1021-azure md/arch#x86_64 md/distrib#ubuntu.24 m/g";
    let instance = "Boto3/1.40.0 ua/2.1 os/linux#6.1.119-129.201.amzn2023.x86_64 md/arch#x86_64 m/n";
    let task = "Boto3/1.40.0 ua/2.1 os/linux#5.10.219-208.866.amzn2.x86_64 exec-env/AWS_ECS_FARGATE m/g";
    vec![
        life("shared", Work::Reads, &[(Way::Vpc, lambda), (Way::Office, laptop)]),
        life("shared", Work::Reads, &[(Way::Fixed, server), (Way::Office, laptop)]),
        life("shared", Work::Reads, &[(Way::Pool, runner), (Way::Roam, laptop)]),
        life("shared", Work::Reads, &[(Way::Vpc, instance), (Way::Vpc, task)]),
        // One program with two clients is one workload.
        life(
            "aws-ec2",
            Work::Reads,
            &[
                (Way::Vpc, instance),
                (
                    Way::Vpc,
                    "aws-cli/2.31.4 ua/2.1 os/linux#6.1.119-129.201.amzn2023.x86_64 md/arch#x86_64 m/n md/command#s3.sync",
                ),
            ],
        ),
        // A person with two SDKs and Terraform, whose Go SDK tells nothing.
        life(
            "person-cli",
            Work::Reads,
            &[
                (Way::Office, laptop),
                (
                    Way::Office,
                    "APN/1.0 HashiCorp/1.0 Terraform/1.11.4 (+https://www.terraform.io) terraform-provider-aws/5.100.0 aws-sdk-go-v2/1.36.3 os/linux lang/go#1.24",
                ),
            ],
        ),
        life("noise", Work::Refused, &[(Way::Fixed, server)]),
        life("noise", Work::Refused, &[(Way::Pool, "python-requests/2.31")]),
        life("noise", Work::Probes, &[(Way::Cron, instance)]),
        life("device", Work::Mail, &[(Way::Fixed, "SES-SMTP")]),
    ]
}

/// One of each home, in turn, so many that there are sixty users.
fn lives() -> Vec<Life> {
    let mut lives = special();
    let mut by_label: BTreeMap<&str, Vec<(Way, &'static str)>> = BTreeMap::new();
    for row in agents().into_iter().filter(|row| row.way != Way::Once) {
        by_label.entry(row.label).or_default().push((row.way, row.agent));
    }
    for round in 0.. {
        let before = lives.len();
        for (label, rows) in &by_label {
            let is_rare = *label == "unknown" && round > 1;
            if let Some(row) = rows.get(round).filter(|_| lives.len() < 60 && !is_rare) {
                lives.push(Life { label, work: Work::Reads, lives: vec![*row] });
            }
        }
        if lives.len() == before || lives.len() >= 60 {
            break;
        }
    }
    lives
}

/// The machine users with their labels.
pub fn machine_users() -> Vec<MachineUser> {
    let account = account();
    let labelled = account.users.iter().zip(lives());
    labelled
        .filter_map(|(user, life)| {
            let key = user.keys.first()?.id.clone();
            Some(MachineUser { name: user.name.clone(), key, label: life.label })
        })
        .collect()
}

/// Every file of the company by its path in a kagimori directory.
pub fn directory() -> BTreeMap<String, Vec<u8>> {
    let account = account();
    let mut files = Files::new();
    files::snapshot(&account, &mut files);
    files.retain(|_, bytes| !bytes.is_empty());
    files.insert(
        "kagimori.toml".to_owned(),
        format!("as_of = \"{}\"\n\n[accounts]\n{PRODUCTION} = \"homes\"\n", crate::calendar::zulu(AS_OF))
            .into_bytes(),
    );
    pack(SEED, &calls(&account), &mut files);
    files
}

fn account() -> Account {
    let mut account = Account::new(PRODUCTION, "shiosai-homes", days_ago(1500));
    for (number, _) in lives().iter().enumerate() {
        let name = format!("machine-{number:02}");
        let mut user = User::machine(&name, 400, "platform", "what it is for is not told here");
        user.grants = Grants::inline("work", policy(&name));
        let used = KeyUse { at: AS_OF, region: "ap-northeast-1".to_owned(), service: "ssm".to_owned() };
        user.keys.push(Key {
            id: String::new(),
            active: true,
            created: days_ago(390),
            last_used: Some(used),
        });
        account.users.push(user);
    }
    account.number(SEED);
    let last: Vec<Option<i64>> =
        calls(&account).iter().fold(vec![None; account.users.len()], |mut last, call| {
            let place = account.users.iter().position(|user| call.caller.is_key_of(&user.name));
            if let Some(slot) = place.and_then(|place| last.get_mut(place)) {
                *slot = (*slot).max(Some(call.at));
            }
            last
        });
    for (user, at) in account.users.iter_mut().zip(last) {
        if let Some(key) = user.keys.first_mut() {
            key.last_used = at.and_then(|at| Some(KeyUse { at, ..key.last_used.clone()? }));
        }
    }
    account
}

fn policy(name: &str) -> Document {
    Document::new(vec![
        Statement::allow(
            &["ssm:GetParameter", "ssm:GetParametersByPath", "ssm:PutParameter"],
            &[&format!("arn:aws:ssm:ap-northeast-1:{PRODUCTION}:parameter/{name}/*")],
        ),
        Statement::allow(
            &["sqs:GetQueueAttributes", "sqs:DeleteQueue"],
            &[&format!("arn:aws:sqs:ap-northeast-1:{PRODUCTION}:{name}")],
        ),
        Statement::allow(&["ses:SendRawEmail"], &["*"]),
    ])
}

fn calls(account: &Account) -> Vec<Call> {
    let mut calls = Vec::new();
    for (number, (user, life)) in account.users.iter().zip(lives()).enumerate() {
        let Some(key) = user.keys.first() else { continue };
        for (way, agent) in &life.lives {
            for (turn, moment) in way.moments(number).into_iter().enumerate() {
                let caller = Caller::key(account, user, &key.id);
                calls.push(call(life.work, turn, &user.name, caller, &moment, agent));
            }
        }
    }
    calls.retain(|call| call.at < AS_OF && call.at >= AS_OF - 15 * DAY);
    calls.sort_by(|a, b| (a.at, &a.address, &a.agent).cmp(&(b.at, &b.address, &b.agent)));
    calls
}

fn call(work: Work, turn: usize, name: &str, caller: Caller, moment: &Moment, agent: &str) -> Call {
    let call = match work {
        Work::Refused => Call::new(moment.at, caller, "kms", "ListKeys").denied(),
        Work::Probes => Call::new(moment.at, caller, "sts", "GetCallerIdentity"),
        Work::Mail => Call::new(moment.at, caller, "ses", "SendRawEmail")
            .asking(json!({"source": format!("{name}@example.com")})),
        Work::Reads if turn.is_multiple_of(2) => Call::new(moment.at, caller, "ssm", "GetParameter")
            .asking(json!({"name": format!("/{name}/endpoint"), "withDecryption": true})),
        Work::Reads => {
            let url = format!("https://sqs.ap-northeast-1.amazonaws.com/{PRODUCTION}/{name}");
            Call::new(moment.at, caller, "sqs", "GetQueueAttributes").asking(json!({"queueUrl": url}))
        }
    };
    let mut call = call.from(&moment.address, agent);
    call.endpoint = moment.is_inside.then_some("vpce-0a1b2c3d4e5f60718");
    call
}
