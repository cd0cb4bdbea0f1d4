//! Origins of small stories.

use kagimori_id::{AccessKeyId, AccountId, Arn};

use super::*;
use crate::call::{Caller, Check, CheckedResource, Outcome};

const DAY: i64 = 86_400;
const JAVA: &str = "aws-sdk-java/2.25.11 Linux/5.10";
const NEWER_JAVA: &str = "aws-sdk-java/2.26.0 Linux/5.15";
const BOTO_ON_AWS: &str = "Boto3/1.40.11 md/Botocore#1.40.11 os/linux#6.1.141-155.222.amzn2023.x86_64";
const MAC: &str = "aws-cli/2.31.4 md/awscrt#0.27.2 ua/2.1 os/macos#24.5.0";
const CLI: &str = "aws-cli/2.15.0 Python/3.11 Darwin/23";
const KALI: &str = "Boto3/1.34.1 md/Botocore#1.34.1 ua/2.0 os/linux#6.6.9-amd64";
const GITHUB: &str = "aws-sdk-js/3.901.0 ua/2.1 os/linux#6.8.0-azure lang/js app/GitHubActions";
const BROWSER: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)";
const HOME: &str = "203.0.113.9";
const THIEF: &str = "198.51.100.77";

struct Story {
    origins: Origins,
    principal: Principal,
}

impl Story {
    fn of(principal: &str) -> Self {
        let arn = Arn::parse(principal).unwrap();
        let principal = match arn.resource().starts_with("role/") {
            true => Principal::Role(arn),
            false => Principal::User(arn),
        };
        Self { origins: Origins::default(), principal }
    }

    /// `service:Event` on some days from an address with an agent.
    fn does(
        mut self,
        days: impl IntoIterator<Item = i64>,
        address: &str,
        agent: &str,
        calls: &[&str],
    ) -> Self {
        for day in days {
            for call in calls {
                self.origins.add(&made(&self.principal, day, address, agent, call, "app/worker-1"));
            }
        }
        self
    }

    fn does_in(
        mut self,
        session: &str,
        days: impl IntoIterator<Item = i64>,
        address: &str,
        agent: &str,
        calls: &[&str],
    ) -> Self {
        for day in days {
            for call in calls {
                self.origins.add(&made(&self.principal, day, address, agent, call, session));
            }
        }
        self
    }

    /// Two colleagues at work.
    fn beside(mut self, address: &str) -> Self {
        for name in ["ann", "bob"] {
            let colleague =
                Principal::User(Arn::parse(&format!("arn:aws:iam::111122223333:user/{name}")).unwrap());
            for day in 0..10 {
                self.origins.add(&made(&colleague, day, address, BROWSER, "ec2:DescribeInstances", ""));
            }
        }
        self
    }

    fn judged(self) -> Vec<(String, Judgement, Vec<Sign>)> {
        let judged = Judged::of(&self.origins, 7);
        let origins = judged.origins(&self.principal);
        origins.iter().map(|one| (one.id.clone(), one.judgement, one.signs.clone())).collect()
    }

    fn judgements(self) -> Vec<(String, Judgement)> {
        self.judged().into_iter().map(|(id, judgement, _)| (id, judgement)).collect()
    }
}

/// `!` before a call: it was refused.
fn made(principal: &Principal, day: i64, address: &str, agent: &str, call: &str, session: &str) -> Call {
    let (call, outcome) = match call.strip_prefix('!') {
        Some(call) => (call, Outcome::Denied),
        None => (call, Outcome::Succeeded),
    };
    let (service, name) = call.split_once(':').unwrap();
    let caller = Caller {
        arn: Some(format!("arn:aws:sts::111122223333:assumed-role/{session}").into()),
        address: Some(address.into()),
        agent: Some(agent.into()),
        ..Caller::bare(principal.clone())
    };
    Call {
        time: 1_780_000_000 + day * DAY,
        account: AccountId::parse("111122223333").ok(),
        region: Some("ap-northeast-1".into()),
        outcome,
        checks: vec![Check::certain(call, CheckedResource::None)],
        ..Call::bare(caller, &format!("{service}.amazonaws.com"), name)
    }
}

const MACHINE: &str = "arn:aws:iam::111122223333:user/svc-ferry";
const WORK: [&str; 2] = ["sqs:GetQueueAttributes", "s3:GetBucketLocation"];

fn machine() -> Story {
    Story::of(MACHINE).does(0..41, HOME, JAVA, &WORK)
}

fn own() -> (String, Judgement) {
    ("program@203.0.113.0/24".to_owned(), Judgement::Expected)
}

#[test]
fn a_thief_is_suspected_and_the_machine_is_not() {
    let theft = [
        "sts:GetCallerIdentity",
        "iam:ListUsers",
        "s3:ListBuckets",
        "bedrock:InvokeModel",
        "!iam:AttachUserPolicy",
    ];
    let origins = machine().does([40], THIEF, KALI, &theft).judged();
    assert_eq!((origins[1].0.clone(), origins[1].1), own());
    let (id, judgement, signs) = &origins[0];
    assert_eq!((id.as_str(), *judgement), ("program@198.51.100.0/24", Judgement::Suspected));
    assert_eq!(
        signs.as_slice(),
        [
            Sign::NewNetwork,
            Sign::OtherWork,
            Sign::OtherClient,
            Sign::Reconnaissance,
            Sign::Refused,
            Sign::ModelAbuse,
            Sign::EscalationTried,
        ]
    );
}

#[test]
fn slow_early_and_quiet_thieves_are_suspected() {
    let suspected = |story: Story| {
        let origins = story.judgements();
        assert_eq!(origins.len(), 2, "{origins:?}");
        assert!(origins.contains(&own()), "{origins:?}");
        assert!(origins.iter().any(|(_, judgement)| *judgement == Judgement::Suspected), "{origins:?}");
    };
    // one object a day over a month; before anybody looked; with the machine's own client
    suspected(machine().does(5..35, THIEF, KALI, &["s3:GetObject"]).does(
        0..41,
        HOME,
        JAVA,
        &["s3:PutObject"; 40],
    ));
    suspected(machine().does(0..4, THIEF, KALI, &["secretsmanager:GetSecretValue"]));
    suspected(machine().does([39, 40], THIEF, JAVA, &["s3:GetObject"]));
}

#[test]
fn credentials_of_an_instance_elsewhere() {
    let role = "arn:aws:iam::111122223333:role/web";
    let session = "web/i-0123456789abcdef0";
    let origins = Story::of(role)
        .does_in(session, 0..30, "203.0.113.9", BOTO_ON_AWS, &["s3:GetObject", "sqs:SendMessage"])
        .does_in(session, [12, 13], THIEF, MAC, &["s3:GetObject"])
        .judged();
    let thief = origins.iter().find(|(id, ..)| id.ends_with("@198.51.100.0/24")).unwrap();
    assert_eq!(thief.1, Judgement::Suspected);
    assert!(thief.2.contains(&Sign::OutsideInstance), "{origins:?}");
}

#[test]
fn work_stays_work() {
    let all = |story: Story, expected: &[Judgement]| {
        let origins = story.judgements();
        let mut found: Vec<Judgement> = origins.iter().map(|(_, judgement)| *judgement).collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{origins:?}");
    };
    // new work and a newer client at home
    all(machine().does([39, 40], HOME, NEWER_JAVA, &["sqs:PurgeQueue"]), &[Judgement::Expected]);
    // the same client at the same work has moved
    all(machine().does(38..41, "198.51.100.9", JAVA, &WORK), &[Judgement::Expected; 2]);
    // another program, as often
    all(
        machine().does(0..41, "192.0.2.30", GITHUB, &["ecs:UpdateService"]),
        &[Judgement::Expected, Judgement::AnotherProgram],
    );
    // a person who borrows the key now and then
    all(
        machine().does([2, 8, 16, 25, 37], "192.0.2.44", CLI, &["ec2:DescribeInstances"]),
        &[Judgement::Expected, Judgement::AnotherPerson],
    );
    // a script on the machine
    all(
        machine().does(0..41, HOME, "aws-cli/2.15.0 Python/3.11 Linux/5.10", &["s3:ListBuckets"]),
        &[Judgement::Expected; 2],
    );
    // a network of the company
    all(
        machine().beside("192.0.2.9").does([40], "192.0.2.7", JAVA, &["sqs:PurgeQueue"]),
        &[Judgement::Expected, Judgement::AnotherProgram],
    );
}

#[test]
fn all_that_is_known_may_be_a_thief() {
    let probe = ["sts:GetCallerIdentity", "iam:ListUsers", "!iam:CreateUser", "!ec2:RunInstances"];
    let origins = Story::of(MACHINE).does([40], THIEF, KALI, &probe).judgements();
    assert_eq!(origins[0].1, Judgement::Suspected);
}

/// Near misses: who is at work, however it looks.
#[test]
fn work_that_looks_new_is_not_suspected() {
    let none_suspected = |story: Story| {
        let origins = story.judged();
        assert!(origins.iter().all(|(_, judgement, _)| *judgement != Judgement::Suspected), "{origins:?}");
    };
    // the company's own VPN: new for this key, and colleagues work there
    none_suspected(machine().beside("192.0.2.9").does(
        [39, 40],
        "192.0.2.7",
        CLI,
        &["ec2:DescribeInstances"],
    ));
    // hosted runners of GitHub come from another network each time
    let runner = "aws-cli/2.15.0 Python/3.11.6 Linux/6.8.0-1052-azure exe/x86_64.ubuntu.24";
    let mut runners = Story::of(MACHINE);
    for day in 0..41_u8 {
        runners = runners.does([i64::from(day)], &format!("20.1.{day}.9"), runner, &WORK);
    }
    none_suspected(runners);
    // a new Region of the same work
    let mut story = machine();
    for day in [38, 39, 40] {
        let mut call = made(&story.principal, day, HOME, JAVA, WORK[0], "app/worker-1");
        call.region = Some("eu-west-1".into());
        story.origins.add(&call);
    }
    none_suspected(story);
}

/// A key's own part of what its principal does, and who shares it.
#[test]
fn keys_are_told_apart() {
    let (own, other) = (key("AKIAIOSFODNN7EXAMPLE"), key("AKIAI44QH8DHBEXAMPLE"));
    let mut story = machine();
    let mut with = |key: &AccessKeyId, day, address, agent, what| {
        let mut call = made(&story.principal, day, address, agent, what, "");
        call.caller.access_key = Some(key.clone());
        story.origins.add(&call);
    };
    (0..41).for_each(|day| with(&own, day, HOME, JAVA, WORK[0]));
    (0..41).for_each(|day| with(&other, day, HOME, JAVA, WORK[1]));
    for what in ["sts:GetCallerIdentity", "iam:ListUsers", "!iam:CreateUser", "!iam:AttachUserPolicy"] {
        with(&own, 40, THIEF, KALI, what);
    }
    let judged = Judged::of(&story.origins, 7);
    let told = |key: &AccessKeyId| -> Vec<(u64, Judgement)> {
        judged.of_key(key).iter().map(|origin| (origin.calls, origin.judgement)).collect()
    };
    assert_eq!(told(&own), [(4, Judgement::Suspected), (41, Judgement::Expected)]);
    assert_eq!(told(&other), [(41, Judgement::Expected)]);
    assert!(judged.of_key(&own)[0].is_new && !judged.of_key(&own)[1].is_new);
    assert_eq!(judged.of_key(&own)[0].marks, [Sign::EscalationTried]);
    // a thief shares nothing
    assert!(!judged.is_shared(&own) && !judged.is_shared(&other));
    let mut with = |key: &AccessKeyId, day, agent| {
        let mut call = made(&story.principal, day, "192.0.2.44", agent, "ec2:DescribeInstances", "");
        call.caller.access_key = Some(key.clone());
        story.origins.add(&call);
    };
    [2, 8, 16, 25, 37].into_iter().for_each(|day| with(&own, day, CLI));
    (0..41).for_each(|day| with(&other, day, GITHUB));
    let judged = Judged::of(&story.origins, 7);
    assert!(judged.is_shared(&own) && judged.is_shared(&other));
}

fn key(id: &str) -> AccessKeyId {
    AccessKeyId::parse(id).unwrap()
}

/// What was refused is told wherever it was, also of somebody at home.
#[test]
fn refused_deeds_are_marks_at_home() {
    let judged = |story: Story| Judged::of(&story.origins, 7).origins(&story.principal)[0].clone();
    let at_home = judged(machine().does([20], HOME, JAVA, &["!iam:AttachUserPolicy"]));
    assert_eq!((at_home.judgement, at_home.marks), (Judgement::Expected, vec![Sign::EscalationTried]));
    let allowed = judged(machine().does([20], HOME, JAVA, &["iam:AttachUserPolicy", "bedrock:InvokeModel"]));
    assert_eq!(allowed.marks, []);
}

/// A refused call changes nothing, and is not told as if it had.
#[test]
fn what_was_refused_was_tried() {
    let signs = |calls: &[&str]| {
        let theft = machine().does([40], THIEF, KALI, calls).judged();
        theft.into_iter().find(|(_, judgement, _)| *judgement == Judgement::Suspected).unwrap().2
    };
    let refused =
        signs(&["iam:ListUsers", "s3:ListBuckets", "!iam:AttachUserPolicy", "!bedrock:InvokeModel"]);
    assert!(refused.contains(&Sign::EscalationTried) && refused.contains(&Sign::ModelAbuseTried));
    assert!(!refused.contains(&Sign::Escalation) && !refused.contains(&Sign::ModelAbuse));
    let done = signs(&["iam:ListUsers", "s3:ListBuckets", "!iam:AttachUserPolicy", "iam:CreateUser"]);
    assert!(done.contains(&Sign::Escalation) && !done.contains(&Sign::EscalationTried));
}

/// One call, wherever it comes from and whatever it does, does not turn round who is at home.
#[test]
fn one_call_turns_nothing_round() {
    let at_home = |story: Story| {
        let origins = story.judged();
        let home = origins.iter().find(|(id, ..)| *id == own().0).unwrap();
        assert_eq!(home.1, Judgement::Expected, "{origins:?}");
        origins
    };
    let stray = ["s3:GetBucketLocation", "s3:GetObject", "iam:CreateUser", "!iam:AttachUserPolicy"];
    for foreign in stray {
        for own in stray {
            for days in [1, 2, 3, 41] {
                let home = || Story::of(MACHINE).does(0..days, HOME, JAVA, &WORK);
                at_home(home().does([0], HOME, JAVA, &[own]).does([0], THIEF, KALI, &[foreign]));
                at_home(home().does([days], THIEF, KALI, &[foreign]));
            }
        }
    }
    // whose daily work is to give permissions
    let deploys = || {
        Story::of(MACHINE).does(
            0..30,
            HOME,
            JAVA,
            &["iam:PutRolePolicy", "iam:CreateUser", "!iam:CreateUser"],
        )
    };
    at_home(deploys().does([12], THIEF, KALI, &["s3:GetBucketLocation"]));
    // the office stays the company's when a colleague is refused once
    let refused = |mut story: Story| {
        let ann = Principal::User(Arn::parse("arn:aws:iam::111122223333:user/ann").unwrap());
        story.origins.add(&made(&ann, 3, "192.0.2.9", BROWSER, "!iam:AttachUserPolicy", ""));
        story
    };
    let visit =
        |story: Story| story.does([39, 40], "192.0.2.7", CLI, &["ec2:DescribeInstances"]).judgements();
    assert_eq!(visit(refused(machine().beside("192.0.2.9"))), visit(machine().beside("192.0.2.9")));
}

#[test]
fn parts_merge_in_any_order() {
    let theft = ["sts:GetCallerIdentity", "iam:ListUsers"];
    let whole = machine().does([40], THIEF, KALI, &theft);
    let (mut one, other) = (Story::of(MACHINE).does([40], THIEF, KALI, &theft), machine());
    one.origins.merge(other.origins);
    assert_eq!(whole.judged(), one.judged());
}
