//! The crowd: everybody and everything without a story, dealt out until the wanted numbers are reached.

use crate::Options;
use crate::cast::{BASTION, MANAGEMENT, SANDBOX};
use crate::document::{Document, Statement, service};
use crate::managed;
use crate::model::{Account, Grants, MfaKind, Role, User};
use crate::random::Random;

const GIVEN: [(&str, &str); 24] = [
    ("haruka", "遥"),
    ("shota", "翔太"),
    ("yui", "結衣"),
    ("kenta", "健太"),
    ("misaki", "美咲"),
    ("takumi", "匠"),
    ("ayaka", "彩花"),
    ("daiki", "大輝"),
    ("nana", "奈々"),
    ("ryo", "涼"),
    ("sakura", "さくら"),
    ("yuki", "雪"),
    ("kazuki", "和樹"),
    ("mao", "真央"),
    ("tomoya", "智也"),
    ("emi", "恵美"),
    ("naoki", "直樹"),
    ("chihiro", "千尋"),
    ("jun", "純"),
    ("asuka", "明日香"),
    ("minato", "湊"),
    ("tsumugi", "紬"),
    ("riku", "陸"),
    ("kotone", "琴音"),
];
const FAMILY: [(&str, &str); 20] = [
    ("suzuki", "鈴木"),
    ("tanaka", "田中"),
    ("watanabe", "渡辺"),
    ("ito", "伊藤"),
    ("yamamoto", "山本"),
    ("nakamura", "中村"),
    ("kobayashi", "小林"),
    ("kato", "加藤"),
    ("yoshida", "吉田"),
    ("yamada", "山田"),
    ("sasaki", "佐々木"),
    ("yamaguchi", "山口"),
    ("matsumoto", "松本"),
    ("kimura", "木村"),
    ("shimizu", "清水"),
    ("abe", "阿部"),
    ("ikeda", "池田"),
    ("hashimoto", "橋本"),
    ("ishikawa", "石川"),
    ("ueno", "上野"),
];
const TEAMS: [&str; 5] = ["platform", "ferry-web", "tide-data", "予約チーム", "corporate-it"];
const APPS: [&str; 12] = [
    "booking",
    "timetable",
    "tide-table",
    "sensor-gateway",
    "crew-roster",
    "fare-engine",
    "weather-feed",
    "ticket-mail",
    "berth-planner",
    "loyalty",
    "harbour-map",
    "incident-log",
];
const PARTS: [&str; 6] = ["api", "worker", "cron", "loader", "notifier", "exporter"];

/// Adds people and roles until the options' numbers are reached.
pub(crate) fn add(accounts: &mut [Account], options: &Options) {
    let users: usize = accounts.iter().map(|account| account.users.len()).sum();
    let roles: usize = accounts.iter().map(|account| account.roles.len()).sum();
    let count = accounts.len();
    prepare(accounts);
    for number in 0..options.users.saturating_sub(users) {
        // Most people sit in the bastion; a large company has them everywhere.
        let home = if count <= 6 && number % 10 < 6 { 1 } else { number % count };
        if let Some(account) = accounts.get_mut(home) {
            let user = user(options.seed, account, number);
            account.users.push(user);
        }
    }
    for number in 0..options.roles.saturating_sub(roles) {
        let home = if count <= 6 { 2 + number % 4 } else { number % count };
        if let Some(account) = accounts.get_mut(home) {
            role(options.seed, account, number);
        }
    }
}

/// Every account of the crowd needs a group for its people and one for its machines.
fn prepare(accounts: &mut [Account]) {
    for account in accounts {
        if account.id == BASTION {
            continue;
        }
        account.group("readers", 1200, Grants::attached(&[&managed::arn("ReadOnlyAccess")]));
        let bucket = format!("arn:aws:s3:::shiosai-drop-{}/*", account.id);
        account.policy("drop-box", 1200, vec![Document::allow(&["s3:PutObject"], &[&bucket])]);
        let arn = account.policy_arn("drop-box");
        account.group("droppers", 1200, Grants::attached(&[&arn]));
    }
}

fn user(seed: u64, account: &Account, number: usize) -> User {
    let mut random = Random::new(seed, &format!("crowd/user/{number}"));
    if account.id == BASTION || (account.id != SANDBOX && random.chance(35)) {
        person(&mut random, account, number)
    } else {
        machine(&mut random, number)
    }
}

fn person(random: &mut Random, account: &Account, number: usize) -> User {
    let (given, family) =
        (GIVEN.get(number % GIVEN.len()), FAMILY.get((number / GIVEN.len() + number * 7) % FAMILY.len()));
    let (Some((given, given_kanji)), Some((family, family_kanji))) = (given, family) else {
        return User::new(&format!("person-{number}"), 500);
    };
    let suffix = if number < GIVEN.len() * FAMILY.len() / 4 { String::new() } else { format!("{number}") };
    let age = random.between(120, 1400);
    let last = random.between(0, 30);
    let mut user = User::new(&format!("{given}.{family}{suffix}"), age)
        .owned(random.word(&TEAMS), "person")
        .tag("Name", &format!("{family_kanji} {given_kanji}"))
        .password(random.between(10, age.min(360)), Some(last));
    user.groups = if account.id == BASTION {
        vec!["engineers".to_owned(), "everybody".to_owned()]
    } else {
        vec!["readers".to_owned()]
    };
    if random.chance(88) {
        let kind = if random.chance(30) { MfaKind::Fido } else { MfaKind::Virtual };
        user = user.mfa(kind, random.between(5, age));
    }
    // A security key gives no code for the command line: such people work in the console.
    let in_console = user.mfa.as_ref().is_some_and(|mfa| mfa.kind == MfaKind::Fido);
    if account.id == BASTION && !in_console && random.chance(80) {
        let key_age = random.between(3, age.min(300));
        user = user.key(key_age, true, Some((last.min(key_age), "sts", "us-east-1")));
    }
    user
}

fn machine(random: &mut Random, number: usize) -> User {
    let (app, part) = (random.word(&APPS), random.word(&PARTS));
    let age = random.between(30, 1400);
    let name = format!("svc-{app}-{part}-{number:02}");
    let mut user = User::machine(&name, age, random.word(&TEAMS), &format!("{app} {part}"));
    user.groups = vec!["droppers".to_owned()];
    if random.chance(12) {
        user.tags.clear();
    }
    let unused = if random.chance(55) { random.between(0, 20) } else { random.between(20, age.max(21)) };
    let used = (!random.chance(8)).then_some((unused.min(age), "s3", "ap-northeast-1"));
    let active = !random.chance(12);
    user = user.key(age, active, used);
    if random.chance(10) && age > 60 {
        user = user.key(age / 2, active, None);
    }
    user
}

fn role(seed: u64, account: &mut Account, number: usize) {
    let mut random = Random::new(seed, &format!("crowd/role/{number}"));
    let (app, part) = (random.word(&APPS), random.word(&PARTS));
    let name = format!("{app}-{part}-{number:03}");
    let (document, trust, profile) = workload(&mut random, &account.id, app, &name);
    let age = random.between(60, 1300);
    let mut grants = Grants::inline("work", document.clone());
    if random.chance(60) {
        account.policy(&name, age, vec![document]);
        grants = Grants::attached(&[&account.policy_arn(&name)]);
    }
    if account.id == MANAGEMENT || random.chance(30) {
        grants.attached.push(managed::arn("AWSLambdaBasicExecutionRole"));
    }
    let mut role = Role::new(&name, age, trust, grants).path("/task/");
    if random.chance(85) {
        role = role.owned(random.word(&TEAMS), &format!("{app} {part}"));
    }
    if random.chance(70) {
        role = role.used(random.between(0, 12), "ap-northeast-1");
    } else if random.chance(50) {
        role = role.used(random.between(95, 390).min(age), "ap-northeast-1");
    }
    role.instance_profile = profile;
    account.roles.push(role);
}

/// What a workload may do, who runs it, and whether it sits on EC2. Narrow: a good neighbour.
fn workload(random: &mut Random, account: &str, app: &str, name: &str) -> (Document, Statement, bool) {
    let region = format!("ap-northeast-1:{account}");
    let table = format!("arn:aws:dynamodb:{region}:table/{app}");
    let queue = format!("arn:aws:sqs:{region}:{app}");
    let objects = format!("arn:aws:s3:::shiosai-{app}-{account}/*");
    let statement = match random.between(0, 4) {
        0 => Statement::allow(
            &["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:DescribeTable"],
            &[&table],
        ),
        1 => Statement::allow(
            &["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
            &[&queue],
        ),
        2 => Statement::allow(&["s3:GetObject", "s3:PutObject"], &[&objects]),
        _ => Statement::allow(&["dynamodb:DescribeTable", "dynamodb:GetItem"], &[&table]),
    };
    let parameters = format!("arn:aws:ssm:{region}:parameter/{app}/*");
    let group = format!("arn:aws:logs:{region}:log-group:/{app}/{name}:*");
    let document = Document::new(vec![
        statement,
        Statement::allow(&["ssm:GetParameter", "ssm:GetParametersByPath"], &[&parameters]),
        Statement::allow(&["logs:CreateLogStream", "logs:PutLogEvents"], &[&group]),
    ]);
    match random.between(0, 3) {
        0 => (document, service("lambda.amazonaws.com"), false),
        1 => {
            let trust =
                service("ecs-tasks.amazonaws.com").when("StringEquals", "aws:SourceAccount", &[account]);
            (document, trust, false)
        }
        _ => (document, service("ec2.amazonaws.com"), true),
    }
}
