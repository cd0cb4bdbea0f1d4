//! Generated companies whose history is poisoned, or blinded: what a thief did is nobody's need, and what a trail does not show is
//! never taken for unused.

use std::collections::BTreeSet;

use kagimori_estate::Estate;
use kagimori_estate::access::Access;
use kagimori_estate::change::apply_all;
use kagimori_estate::read::{Assembler, File, read};
use kagimori_id::{AccountId, Arn};
use kagimori_policy::decision::Answer;
use kagimori_trail::call::{Call, Caller, Check, CheckedResource, Outcome};
use kagimori_trail::event::Principal;
use kagimori_trail::origin::{Judged, Origins};
use kagimori_trail::sight::Sight;

use super::tests::options;
use super::{Input, Options, tighten};
use crate::blind;
use crate::origins::Choice;
use crate::replay::{Class, Classes, Telling, Told, subject_of};

const ACCOUNTS: [&str; 2] = ["111122223333", "444455556666"];
const REGIONS: [&str; 2] = ["ap-northeast-1", "us-east-1"];
const DAY: i64 = 86_400;
const BEGIN: i64 = 1_780_000_000 - 1_780_000_000 % DAY;
const DAYS: i64 = 90;

const CLIENTS: [&str; 4] = [
    "aws-sdk-java/2.25.11 Linux/5.10",
    "Boto3/1.40.11 md/Botocore#1.40.11 os/linux#6.1.0 Botocore/1.40.11",
    "aws-sdk-go-v2/1.39.2 ua/2.1 os/linux lang/go#1.25.1",
    "Boto3/1.40.11 md/Botocore#1.40.11 os/linux#6.1.141-155.222.amzn2023.x86_64",
];
const NEWER: [&str; 4] = [
    "aws-sdk-java/2.26.3 Linux/5.15",
    "Boto3/1.41.2 md/Botocore#1.41.2 os/linux#6.1.9 Botocore/1.41.2",
    "aws-sdk-go-v2/1.40.0 ua/2.1 os/linux lang/go#1.25.4",
    "Boto3/1.41.2 md/Botocore#1.41.2 os/linux#6.1.151-160.222.amzn2023.x86_64",
];
const BROWSER: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)";
const KALI: &str = "aws-cli/2.15.30 Python/3.11.8 Linux/6.6.15-amd64";

/// What a machine does: actions of management events, each with a resource.
const WORK: [(&str, &str); 6] = [
    ("sqs:PurgeQueue", "arn:aws:sqs:REGION:ACCOUNT:jobs-N"),
    ("s3:GetBucketLocation", "arn:aws:s3:::data-N"),
    ("dynamodb:DescribeTable", "arn:aws:dynamodb:REGION:ACCOUNT:table/t-N"),
    ("ec2:DescribeVolumes", "*"),
    ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:REGION:ACCOUNT:secret:s-N"),
    ("ecs:DescribeServices", "arn:aws:ecs:REGION:ACCOUNT:service/c/w-N"),
];
/// What a thief tries.
const THEFT: [(&str, &str); 8] = [
    ("iam:ListUsers", "*"),
    ("iam:ListRoles", "*"),
    ("s3:ListAllMyBuckets", "*"),
    ("ec2:DescribeInstances", "*"),
    ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:REGION:ACCOUNT:secret:root"),
    ("bedrock:InvokeModel", "arn:aws:bedrock:REGION::foundation-model/m"),
    ("s3:GetBucketPolicy", "arn:aws:s3:::ledger"),
    ("ssm:GetParameter", "arn:aws:ssm:REGION:ACCOUNT:parameter/prod"),
];

/// The next number of a row that a seed begins (Numerical Recipes).
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap() % count
    }

    fn chance(&mut self, percent: i64) -> bool {
        self.below(100) < percent
    }
}

/// Who calls, from where.
struct Place<'a> {
    principal: &'a Principal,
    session: &'a str,
    address: String,
    agent: &'a str,
}

fn made(place: &Place<'_>, time: i64, (action, resource): (&str, &str), region: &str, account: &str) -> Call {
    let (service, name) = action.split_once(':').unwrap();
    let resource = resource.replace("REGION", region).replace("ACCOUNT", account);
    let resource =
        if resource == "*" { CheckedResource::None } else { CheckedResource::Arn(resource.into()) };
    let caller = Caller {
        arn: Some(format!("arn:aws:sts::{account}:assumed-role/{}", place.session).into()),
        account: AccountId::parse(account).ok(),
        address: Some(place.address.as_str().into()),
        agent: Some(place.agent.into()),
        ..Caller::bare(place.principal.clone())
    };
    Call {
        time,
        account: AccountId::parse(account).ok(),
        region: Some(region.into()),
        outcome: Outcome::Succeeded,
        checks: vec![Check::certain(action, resource)],
        is_from_console: place.agent == BROWSER,
        ..Call::bare(caller, &format!("{service}.amazonaws.com"), name)
    }
}

/// Users and roles of two accounts, each with one inline policy.
fn estate(policies: &[(String, String)]) -> Estate {
    let mut assembler = Assembler::default();
    for account in ACCOUNTS {
        let of = |kind: &str| -> String {
            let own = policies
                .iter()
                .filter(|(arn, _)| arn.contains(account) && arn.contains(&format!(":{kind}/")));
            let one = |(place, (arn, policy)): (usize, &(String, String))| {
                let name = arn.rsplit('/').next().unwrap();
                let (title, unique) = if kind == "user" { ("User", "AIDA") } else { ("Role", "AROA") };
                let rest = if kind == "user" {
                    r#""GroupList":[],"#.to_owned()
                } else {
                    r#""AssumeRolePolicyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]},"InstanceProfileList":[],"#.to_owned()
                };
                format!(
                    r#"{{"Path":"/","{title}Name":"{name}","{title}Id":"{unique}EXAMPLEEXAMPLE{place:02}","Arn":"{arn}","CreateDate":"2026-01-01T00:00:00+00:00",
                    {rest}"AttachedManagedPolicies":[],"Tags":[],"{title}PolicyList":[{{"PolicyName":"work","PolicyDocument":{policy}}}]}}"#
                )
            };
            own.enumerate().map(one).collect::<Vec<_>>().join(",")
        };
        let text = format!(
            r#"{{"UserDetailList":[{}],"GroupDetailList":[],"RoleDetailList":[{}],"Policies":[],"IsTruncated":false}}"#,
            of("user"),
            of("role")
        );
        let id = Some(AccountId::parse(account).unwrap());
        assembler.add(read(File { path: "authorization-details.json", account: id, bytes: text.as_bytes() }));
    }
    let estate = assembler.finish(None);
    assert!(estate.problems.is_empty(), "{:?}", estate.problems);
    estate
}

/// What is learnt, and what is proposed for each principal from it.
struct Learnt {
    classes: Vec<Class>,
    choice: Choice,
    sight: Sight,
}

impl Learnt {
    fn of(estate: &Estate, calls: &[&Call]) -> Self {
        let (mut origins, mut sight) = (Origins::default(), Sight::default());
        blind::tell_regions(&mut sight, estate);
        let mut classes = Classes::new(Telling { origins: true, ..Telling::default() });
        for call in calls {
            origins.add(call);
            sight.add(call);
            classes.add(call);
        }
        let choice = Choice { judged: Judged::of(&origins, 7), ..Choice::default() };
        Self { classes: classes.finish(), choice, sight }
    }

    /// The estate with every proposal made.
    fn tightened(&self, estate: &Estate, options: &Options) -> Estate {
        let access = Access::of(estate);
        let mut changes = Vec::new();
        for subject in access.subjects() {
            let is_its = |class: &&Class| {
                subject_of(&access, &class.call.caller.principal).is_some_and(|one| one.arn == subject.arn)
            };
            let calls: Vec<&Class> =
                self.classes.iter().filter(is_its).filter(|class| self.choice.is_learnt(class)).collect();
            let input = Input {
                estate,
                access: &access,
                subject,
                calls: &calls,
                days: DAYS,
                sight: &self.sight,
                last_accessed: None,
                settings: &crate::settings::Settings::default(),
                now: jiff::Timestamp::UNIX_EPOCH,
            };
            changes.extend(tighten(&input, options).into_iter().flat_map(|one| one.changes));
        }
        apply_all(estate, &changes).unwrap()
    }
}

/// Whether what a call was checked for is allowed.
fn is_allowed(access: &Access<'_>, call: &Call) -> bool {
    let Some(subject) = subject_of(access, &call.caller.principal) else { return false };
    call.checks.iter().all(|check| {
        access.decide(subject, &Told::of(call).question(check, Some(subject.account))) == Answer::Allowed
    })
}

struct Poisoned {
    estate: Estate,
    own: Vec<Call>,
    planted: Vec<Call>,
}

/// A company of machines and people with one thief: `kind` says how he came in.
fn poisoned(seed: u64, kind: u64) -> Poisoned {
    let mut dice = Dice(seed.wrapping_mul(977).wrapping_add(kind));
    let wide = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let (mut policies, mut own, mut planted) = (Vec::new(), Vec::new(), Vec::new());
    let victim = dice.below(4);
    for n in 0..6_i64 {
        let account = ACCOUNTS[usize::try_from(n % 2).unwrap()];
        let is_role = n % 3 == 2 || (kind == 1 && n == victim);
        let arn = format!("arn:aws:iam::{account}:{}/w-{n}", if is_role { "role" } else { "user" });
        policies.push((arn.clone(), wide.to_owned()));
        let arn = Arn::parse(&arn).unwrap();
        let principal = if is_role { Principal::Role(arn) } else { Principal::User(arn) };
        let is_person = n == 5 || (kind == 2 && n == victim);
        let session = if is_role { format!("w-{n}/i-0123456789abcde{n}f") } else { String::new() };
        let client = usize::try_from(if is_role { 3 } else { dice.below(4) }).unwrap();
        let network = if is_person { 10 } else { 20 + n };
        let own_work: Vec<(String, String)> = (0..2 + dice.below(3))
            .map(|_| {
                let (action, resource) = WORK[usize::try_from(dice.below(6)).unwrap()];
                (action.to_owned(), resource.replace('N', &n.to_string()))
            })
            .collect();
        let moves_on = if dice.chance(20) { 30 + dice.below(50) } else { DAYS };
        for day in 0..DAYS {
            let weekend = is_person && day % 7 > 4;
            let agent = match (is_person, day > 60) {
                (true, _) => BROWSER,
                (false, true) => NEWER[client],
                (false, false) => CLIENTS[client],
            };
            let third = if day >= moves_on { network + 100 } else { network };
            let place = Place {
                principal: &principal,
                session: &session,
                address: format!("203.0.{third}.{}", 1 + dice.below(200)),
                agent,
            };
            for (action, resource) in own_work.iter().filter(|_| !weekend) {
                for _ in 0..2 {
                    let time = BEGIN + day * DAY + dice.below(DAY);
                    own.push(made(&place, time, (action, resource), REGIONS[0], account));
                }
            }
        }
        if n != victim {
            continue;
        }
        let (agent, days): (&str, Vec<i64>) = match kind {
            // a key from a new country, sometimes with the machine's own client
            0 => (if dice.chance(30) { CLIENTS[client] } else { KALI }, vec![DAYS - 2, DAYS - 1]),
            // a role's session through SSRF, some day
            1 => (KALI, vec![40 + dice.below(40)]),
            // a person's console session
            2 => (if dice.chance(50) { BROWSER } else { KALI }, vec![DAYS - 3]),
            // slowly, over a month
            3 => (KALI, (50..80).collect()),
            // before anybody looked
            _ => (KALI, (0..6).collect()),
        };
        let place = Place {
            principal: &principal,
            session: &session,
            address: format!("198.51.100.{}", 1 + dice.below(200)),
            agent,
        };
        for day in days {
            for step in 0..if kind == 3 { 1 } else { 12 } {
                let theft = THEFT[usize::try_from(dice.below(8)).unwrap()];
                let time = BEGIN + day * DAY + 3_600 + step * 60;
                let mut call = made(&place, time, theft, REGIONS[1], account);
                if dice.chance(20) {
                    call.outcome = Outcome::Denied;
                }
                planted.push(call);
            }
        }
    }
    Poisoned { estate: estate(&policies), own, planted }
}

/// Planted calls that a proposal allows though the company's own calls do not need them; own calls that were not learnt from; own calls.
fn poison(seed: u64, kind: u64) -> (usize, usize, usize) {
    let Poisoned { estate, own, planted } = poisoned(seed, kind);
    let both: Vec<&Call> = own.iter().chain(&planted).collect();
    let (learnt, clean) = (Learnt::of(&estate, &both), Learnt::of(&estate, &own.iter().collect::<Vec<_>>()));
    let all = Choice::default();
    let clean = Learnt { choice: all, ..clean };
    let (after, ideal) = (learnt.tightened(&estate, &options()), clean.tightened(&estate, &options()));
    let (after, ideal) = (Access::of(&after), Access::of(&ideal));
    let worked = planted.iter().filter(|call| call.outcome == Outcome::Succeeded);
    let entered = worked.filter(|call| is_allowed(&after, call) && !is_allowed(&ideal, call)).count();
    let reader = kagimori_trail::origin::Reader::default();
    let held = own.iter().filter(|call| {
        let origin = reader.key_of(call).and_then(|key| learnt.choice.judged.origin(key));
        origin.is_some_and(|origin| !learnt.choice.is_learnt_origin(origin))
    });
    (entered, held.count(), own.len())
}

fn poison_all(seeds: u64) {
    let (mut entered, mut held, mut own) = (0, 0, 0);
    for seed in 0..seeds {
        for kind in 0..5 {
            let (one, two, three) = poison(seed, kind);
            if one > 0 || two > 0 {
                println!(
                    "company {seed}, thief {kind}: {one} planted calls entered, {two} of {three} held back"
                );
            }
            (entered, held, own) = (entered + one, held + two, own + three);
        }
    }
    println!(
        "{} companies: {entered} planted calls in policies, {held} of {own} own calls held back",
        seeds * 5
    );
    assert_eq!(entered, 0);
    assert!(held * 100 <= own, "{held} of {own}");
}

#[test]
fn no_planted_call_enters_a_policy() {
    poison_all(1);
}

/// `cargo test -p kagimori-plan -- --ignored fifty`
#[test]
#[ignore = "a minute: fifty companies"]
fn no_planted_call_enters_a_policy_of_fifty() {
    poison_all(10);
}

/// What may be used, whether it is a data event and a read, and in which Region.
const USES: [(&str, &str, Option<bool>); 8] = [
    ("s3:GetObject", "arn:aws:s3:::data-N/k", Some(true)),
    ("s3:PutObject", "arn:aws:s3:::data-N/k", Some(false)),
    ("s3:GetBucketLocation", "arn:aws:s3:::data-N", None),
    ("dynamodb:GetItem", "arn:aws:dynamodb:REGION:ACCOUNT:table/t-N", Some(true)),
    ("dynamodb:PutItem", "arn:aws:dynamodb:REGION:ACCOUNT:table/t-N", Some(false)),
    ("dynamodb:DescribeTable", "arn:aws:dynamodb:REGION:ACCOUNT:table/t-N", None),
    ("lambda:InvokeFunction", "arn:aws:lambda:REGION:ACCOUNT:function:f-N", Some(false)),
    ("sqs:PurgeQueue", "arn:aws:sqs:REGION:ACCOUNT:jobs-N", None),
];

/// A company whose every permission is used, every day.
fn busy(seed: u64) -> (Estate, Vec<Call>) {
    let mut dice = Dice(seed.wrapping_mul(31).wrapping_add(7));
    let (mut policies, mut calls) = (Vec::new(), Vec::new());
    for n in 0..6_i64 {
        let account = ACCOUNTS[usize::try_from(n % 2).unwrap()];
        let arn = format!("arn:aws:iam::{account}:role/w-{n}");
        let principal = Principal::Role(Arn::parse(&arn).unwrap());
        let (mut statements, mut uses) = (Vec::new(), Vec::new());
        for (action, resource, data) in USES {
            let (mut region, own) = (REGIONS[usize::try_from(dice.below(2)).unwrap()], dice.below(3));
            if dice.chance(40) {
                continue;
            }
            // a bucket lies in one Region, whoever calls
            if resource.starts_with("arn:aws:s3:") {
                region = REGIONS[usize::try_from(own % 2).unwrap()];
            }
            let resource =
                resource.replace("REGION", region).replace("ACCOUNT", account).replace('N', &own.to_string());
            // as companies write it: the object's bucket, all tables of a beginning, exactly that
            let pattern = match dice.below(3) {
                0 if resource.ends_with("/k") => resource.replace("/k", "/*"),
                1 => {
                    format!("{}*", resource.trim_end_matches(|one: char| one.is_ascii_digit() || one == 'k'))
                }
                _ => resource.clone(),
            };
            statements.push(format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"{pattern}"}}"#));
            uses.push((action, resource, data, region));
        }
        if statements.is_empty() {
            continue;
        }
        policies.push((arn, format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))));
        let place = Place {
            principal: &principal,
            session: "w/s",
            address: format!("203.0.{n}.9"),
            agent: CLIENTS[0],
        };
        for day in (0..DAYS).step_by(5) {
            for (action, resource, data, region) in &uses {
                let mut call = made(&place, BEGIN + day * DAY, (action, resource), region, account);
                (call.is_data, call.read_only) = (data.is_some(), *data);
                calls.push(call);
            }
        }
    }
    (estate(&policies), calls)
}

/// What is hidden, and whether a call is.
type Hidden = (&'static str, fn(&Call) -> bool);

/// The blinds: which calls a trail does not show.
fn blinds() -> Vec<Hidden> {
    fn about(call: &Call, text: &str) -> bool {
        call.checks
            .iter()
            .any(|check| matches!(&check.resource, CheckedResource::Arn(arn) if arn.contains(text)))
    }
    vec![
        ("all data events", |call| call.is_data),
        ("data events of one bucket", |call| call.is_data && about(call, ":::data-1/")),
        ("data events of one kind", |call| call.is_data && about(call, ":dynamodb:")),
        ("data events of one account", |call| {
            call.is_data && call.account == AccountId::parse(ACCOUNTS[0]).ok()
        }),
        ("data events of reads", |call| call.is_data && call.read_only == Some(true)),
        ("data events of writes", |call| call.is_data && call.read_only == Some(false)),
        ("a Region", |call| call.region.as_deref() == Some(REGIONS[1])),
        ("an account", |call| call.account == AccountId::parse(ACCOUNTS[1]).ok()),
        ("everything", |_| true),
    ]
}

/// Permissions that were taken away though they are used, and how many calls there were.
fn blinded(seed: u64) -> usize {
    let (estate, calls) = busy(seed);
    let keeping = Options { keep_unseen: true, ..options() };
    let mut taken = 0;
    for (what, is_hidden) in blinds() {
        let seen: Vec<&Call> = calls.iter().filter(|call| !is_hidden(call)).collect();
        let after = Learnt::of(&estate, &seen).tightened(&estate, &keeping);
        let access = Access::of(&after);
        let lost: BTreeSet<String> = calls
            .iter()
            .filter(|call| !is_allowed(&access, call))
            .map(|call| format!("{:?}: {:?}", call.caller.principal, call.checks[0].action))
            .collect();
        if !lost.is_empty() {
            println!("company {seed} without {what}: {lost:?}");
        }
        taken += lost.len();
    }
    taken
}

#[test]
fn what_a_blinded_trail_does_not_show_stays() {
    assert_eq!((0..4).map(blinded).sum::<usize>(), 0);
}

/// `cargo test -p kagimori-plan -- --ignored fifty`
#[test]
#[ignore = "a minute: fifty companies"]
fn what_a_blinded_trail_does_not_show_stays_in_fifty() {
    assert_eq!((0..50).map(blinded).sum::<usize>(), 0);
}
