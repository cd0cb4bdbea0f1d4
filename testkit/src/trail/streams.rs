//! The stories of keys as streams of calls; people and roles have theirs in `people`. Successful calls stay within what their principal's policies grant.

use serde_json::json;

use super::event::{Call, Caller};
use crate::calendar::{AS_OF, DAY};
use crate::cast::{BASTION, DATA, PRODUCTION};
use crate::model::{Account, Company, Key, MfaKind, User};
use crate::random::Random;

pub(super) const OFFICE: &str = "203.0.113.10";
const SAAS: &str = "198.51.100.40";
const PORTS: &str = "203.0.113.77";
const OLD_SERVER: &str = "203.0.113.200";
const INTRUDER: &str = "198.51.100.201";
pub(super) const FLEET: &str = "10.20.3.17";
const ENDPOINT: &str = "vpce-0fee1dead0beef001";

pub(super) const CLI: &str = "aws-cli/2.31.4 md/awscrt#0.27.2 ua/2.1 os/macos#24.5.0 md/arch#arm64 lang/python#3.13.4 md/command#sts.get-caller-identity";
pub(super) const BOTO: &str = "Boto3/1.40.11 md/Botocore#1.40.11 ua/2.1 os/linux#6.1.0 md/arch#x86_64 lang/python#3.12.3 cfg/retry-mode#standard Botocore/1.40.11";
const OLD_BOTO: &str = "Boto3/1.9.62 Python/2.7.16 Linux/4.14.128 Botocore/1.12.62";
const RUBY: &str = "aws-sdk-ruby3/3.214.0 ua/2.1 api/dynamodb#1.133.0 os/linux md/x86_64 lang/ruby#3.3.6";
pub(super) const GITHUB: &str =
    "aws-sdk-js/3.901.0 ua/2.1 os/linux#6.8.0-azure lang/js md/nodejs#20.19.4 app/GitHubActions";
pub(super) const EC2: &str = "Boto3/1.40.11 md/Botocore#1.40.11 ua/2.1 os/linux#6.1.0 exec-env/EC2 lang/python#3.12.3 Botocore/1.40.11";
pub(super) const LAMBDA: &str =
    "Boto3/1.40.4 md/Botocore#1.40.4 ua/2.1 os/linux exec-env/AWS_Lambda_python3.12 Botocore/1.40.4";
pub(super) const FARGATE: &str =
    "aws-sdk-go-v2/1.39.2 ua/2.1 os/linux lang/go#1.25.1 exec-env/AWS_ECS_FARGATE";
const CIRCLE: &str = "Boto3/1.38.5 md/Botocore#1.38.5 ua/2.1 os/linux#6.8.0-aws lang/python#3.12.3 app/CircleCI Botocore/1.38.5";
pub(super) const BROWSER: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36";
pub(super) const TERRAFORM: &str =
    "APN/1.0 HashiCorp/1.0 Terraform/1.13.3 (+https://www.terraform.io) terraform-provider-aws/6.14.0";

/// Every call of the last `days` days, in no order.
pub(crate) fn all(company: &Company, days: i64) -> Vec<Call> {
    let mut stage = Stage { company, begin: AS_OF - days * DAY, calls: Vec::new() };
    stage.shared_key();
    stage.leaked_key();
    stage.rare_keys();
    stage.noise();
    stage.sensors();
    stage.lake();
    stage.other_keys();
    stage.people();
    stage.roles();
    stage.roots();
    stage.services();
    let begin = stage.begin;
    stage.calls.retain(|call| (begin..AS_OF).contains(&call.at));
    stage.calls
}

pub(super) struct Stage<'a> {
    pub(super) company: &'a Company,
    pub(super) begin: i64,
    pub(super) calls: Vec<Call>,
}

/// A key in use: who holds it, and until when.
pub(super) struct Holder<'a> {
    pub(super) account: &'a Account,
    pub(super) user: &'a User,
    pub(super) key: &'a Key,
    pub(super) until: i64,
}

impl Holder<'_> {
    pub(super) fn call(&self, at: i64, service: &str, name: &str) -> Call {
        Call::new(at, Caller::key(self.account, self.user, &self.key.id), service, name)
    }
}

impl<'a> Stage<'a> {
    /// The key of a user that was used last. `None` when the cast lacks it.
    pub(super) fn holder(&self, account: &str, user: &str) -> Option<Holder<'a>> {
        let account = self.company.account(account)?;
        let user = account.user(user)?;
        let key = user
            .keys
            .iter()
            .filter(|key| key.active)
            .max_by_key(|key| key.last_used.as_ref().map(|used| used.at))?;
        let until = key.last_used.as_ref()?.at;
        Some(Holder { account, user, key, until })
    }

    pub(super) fn random(&self, label: &str) -> Random {
        Random::new(self.company.seed, &format!("trail/{label}"))
    }

    /// The midnights of the trail.
    pub(super) fn days(&self) -> impl Iterator<Item = i64> + use<> {
        let begin = self.begin;
        (0..(AS_OF - begin) / DAY).map(move |day| begin + day * DAY)
    }

    /// `per_day` calls on each day up to the holder's last use, and one at that very moment.
    fn daily(
        &mut self,
        holder: &Holder<'_>,
        label: &str,
        per_day: i64,
        mut call: impl FnMut(i64, &mut Random) -> Call,
    ) {
        let mut random = self.random(label);
        for midnight in self.days() {
            for _ in 0..per_day {
                let at = midnight + random.between(0, DAY);
                if at < holder.until {
                    self.calls.push(call(at, &mut random));
                }
            }
        }
        if holder.until >= self.begin {
            self.calls.push(call(holder.until, &mut random));
        }
    }

    /// One key in four places: an office laptop, GitHub Actions, an EC2 fleet, a SaaS.
    fn shared_key(&mut self) {
        let Some(holder) = self.holder(PRODUCTION, "svc-tide-api") else { return };
        let table = json!({"tableName": "tide-tables"});
        self.daily(&holder, "shared/fleet", 10, |at, _| {
            let mut call =
                holder.call(at, "dynamodb", "DescribeTable").from(FLEET, EC2).asking(table.clone());
            call.endpoint = Some(ENDPOINT);
            call
        });
        self.daily(&holder, "shared/github", 4, |at, random| {
            let address = format!("192.0.2.{}", random.between(10, 60));
            holder
                .call(at, "sqs", "GetQueueUrl")
                .from(&address, GITHUB)
                .asking(json!({"queueName": "tide-updates"}))
        });
        self.daily(&holder, "shared/saas", 6, |at, _| {
            holder.call(at, "dynamodb", "DescribeTable").from(SAAS, RUBY).asking(table.clone())
        });
        self.daily(&holder, "shared/office", 2, |at, _| {
            holder
                .call(at, "s3", "GetBucketLocation")
                .from(OFFICE, CLI)
                .asking(json!({"bucketName": "shiosai-tide"}))
        });
    }

    /// S3's leak: a web server's key, and in the last two days somebody else with it.
    fn leaked_key(&mut self) {
        let Some(holder) = self.holder(PRODUCTION, "svc-ferry-web") else { return };
        self.daily(&holder, "web", 14, |at, random| {
            let name = random.word(&["DescribeInstances", "DescribeTags", "DescribeSecurityGroups"]);
            holder.call(at, "ec2", name).from("203.0.113.140", OLD_BOTO)
        });
        self.daily(&holder, "web/cache", 2, |at, _| {
            let mut call =
                holder.call(at, "cloudfront", "CreateInvalidation").from("203.0.113.140", OLD_BOTO);
            call.request = json!({"distributionId": "E1SHIOSAIFERRY"});
            call.region = "us-east-1".to_owned();
            call
        });
        let mut at = AS_OF - 2 * DAY + 4_000;
        let mut random = self.random("intruder");
        let mut steal = |call: Call| {
            self.calls
                .push(call.from(INTRUDER, "aws-cli/2.15.30 Python/3.11.8 Linux/6.6.15-amd64 botocore/2.4.5"))
        };
        let mut next = || {
            at += random.between(2, 240);
            at
        };
        steal(holder.call(next(), "sts", "GetCallerIdentity"));
        for (service, name) in [
            ("iam", "ListUsers"),
            ("iam", "ListRoles"),
            ("iam", "ListAttachedUserPolicies"),
            ("s3", "ListBuckets"),
        ] {
            steal(holder.call(next(), service, name).region("us-east-1"));
        }
        for name in ["DescribeInstances", "DescribeRegions", "DescribeVpcs", "DescribeSubnets"] {
            steal(holder.call(next(), "ec2", name).region("us-west-2"));
        }
        for (service, name) in [
            ("iam", "GetAccountAuthorizationDetails"),
            ("iam", "CreateUser"),
            ("iam", "CreateAccessKey"),
            ("iam", "AttachUserPolicy"),
            ("secretsmanager", "ListSecrets"),
            ("ec2", "RunInstances"),
            ("ses", "GetSendQuota"),
        ] {
            steal(holder.call(next(), service, name).region("us-west-2").denied());
        }
        steal(holder.call(next(), "bedrock", "ListFoundationModels").region("us-west-2"));
        for attempt in 0..40 {
            let model = json!({"modelId": "example.large-model-v1:0"});
            let mut call = holder.call(next(), "bedrock", "InvokeModel").region("us-west-2").asking(model);
            call.read_only = true;
            // The policy allows it; the first model was never enabled in the account.
            if attempt < 6 {
                let text = "You don't have access to the model with the specified model ID.";
                call.error = Some(("AccessDeniedException", text.to_owned()));
            }
            steal(call);
        }
    }

    /// The keys of the two great releases and of the month's end.
    fn rare_keys(&mut self) {
        if let Some(holder) = self.holder(PRODUCTION, "ci-release") {
            for step in 0_i64..36 {
                let name = match step.rem_euclid(3) {
                    0 => "DescribeServices",
                    1 => "RegisterTaskDefinition",
                    _ => "UpdateService",
                };
                let request = match name {
                    "DescribeServices" => json!({"cluster": "ferry", "services": ["web"]}),
                    "UpdateService" => json!({"cluster": "ferry", "service": "web"}),
                    _ => {
                        json!({"family": "web", "taskRoleArn": format!("arn:aws:iam::{PRODUCTION}:role/task/ferry-web-task"),
                        "networkMode": "awsvpc"})
                    }
                };
                let call = holder.call(holder.until - step * 130, "ecs", name).from("192.0.2.33", GITHUB);
                self.calls.push(call.asking(request));
            }
        }
        if let Some(holder) = self.holder(PRODUCTION, "svc-month-end") {
            for night in [0, 30, 61].map(|days| holder.until - days * DAY) {
                let cost =
                    holder.call(night - 900, "ce", "GetCostAndUsage").from(PORTS, BOTO).region("us-east-1");
                let snapshot = holder.call(night, "rds", "CreateDBSnapshot").from(PORTS, BOTO);
                self.calls.extend([cost, snapshot]);
            }
        }
        if let Some(holder) = self.holder(PRODUCTION, "jenkins") {
            self.calls.push(
                holder
                    .call(holder.until, "sts", "GetCallerIdentity")
                    .from(OLD_SERVER, "aws-sdk-java/1.11.483 Linux/4.14"),
            );
        }
        if let Some(holder) = self.holder(DATA, "svc-harbour-report") {
            for month in 0..3 {
                let at = holder.until - month * 30 * DAY;
                self.calls.push(holder.call(at - 60, "athena", "StartQueryExecution").from(OFFICE, BOTO));
                self.calls.push(holder.call(at, "athena", "GetQueryResults").from(OFFICE, BOTO));
            }
        }
    }

    /// The poller whose every call fails, and the heartbeat that nobody reads.
    fn noise(&mut self) {
        if let Some(holder) = self.holder(PRODUCTION, "svc-old-poller") {
            self.daily(&holder, "poller", 16, |at, _| {
                let request = json!({"queueUrl": format!("https://sqs.ap-northeast-1.amazonaws.com/{PRODUCTION}/orders-2019")});
                holder.call(at, "sqs", "GetQueueAttributes").from(OLD_SERVER, OLD_BOTO).asking(request).denied()
            });
        }
        if let Some(holder) = self.holder(PRODUCTION, "svc-heartbeat") {
            self.daily(&holder, "heartbeat", 18, |at, _| {
                holder
                    .call(at, "ec2", "DescribeInstanceStatus")
                    .from(OFFICE, "aws-cli/1.16.96 Python/2.7.15 Windows/2008ServerR2 botocore/1.12.86")
            });
        }
    }

    fn sensors(&mut self) {
        let Some(holder) = self.holder(PRODUCTION, "svc-port-sensors") else { return };
        self.daily(&holder, "sensors", 12, |at, random| {
            let name = random.word(&["GetQueueUrl", "GetQueueAttributes"]);
            let request = if name == "GetQueueUrl" {
                json!({"queueName": "tide-sensors"})
            } else {
                json!({"queueUrl": format!("https://sqs.ap-northeast-1.amazonaws.com/{PRODUCTION}/tide-sensors")})
            };
            holder.call(at, "sqs", name).from(PORTS, BOTO).asking(request)
        });
    }

    /// The lake: data events, by the loader's key and by roles.
    fn lake(&mut self) {
        let object =
            |name: i64| json!({"bucketName": "shiosai-lake", "key": format!("raw/port-{name:02}.parquet")});
        if let Some(holder) = self.holder(DATA, "svc-lake-loader") {
            self.daily(&holder, "loader", 12, |at, random| {
                let mut call = holder
                    .call(at, "s3", "PutObject")
                    .from(PORTS, &format!("[{BOTO}]"))
                    .asking(object(random.between(0, 30)));
                call.data = true;
                call
            });
        }
        let Some(notebook) = self.holder(DATA, "svc-notebook") else { return };
        self.daily(&notebook, "notebook", 5, |at, random| {
            let name = random.word(&["StartQueryExecution", "GetQueryExecution", "GetQueryResults"]);
            notebook.call(at, "athena", name).from(FLEET, EC2)
        });
    }

    /// Keys without a story: what their group lets them do, until their last use.
    fn other_keys(&mut self) {
        const TOLD: [&str; 11] = [
            "svc-harbour-report",
            "svc-tide-api",
            "svc-ferry-web",
            "ci-release",
            "svc-month-end",
            "jenkins",
            "svc-old-poller",
            "svc-heartbeat",
            "svc-port-sensors",
            "svc-lake-loader",
            "svc-notebook",
        ];
        for account in &self.company.accounts {
            for user in
                account.users.iter().filter(|user| !TOLD.contains(&user.name.as_str()) && !user.deleted)
            {
                if let Some(holder) =
                    self.holder(&account.id, &user.name).filter(|holder| holder.until >= self.begin)
                {
                    self.other_key(&holder);
                }
            }
        }
    }

    fn other_key(&mut self, holder: &Holder<'_>) {
        let drops = holder.user.groups.iter().any(|group| group == "droppers");
        if drops {
            let bucket = format!("shiosai-drop-{}", holder.account.id);
            self.daily(holder, &holder.user.name, 3, |at, random| {
                let request =
                    json!({"bucketName": bucket, "key": format!("drop/{}.json", random.between(0, 9_999))});
                let mut call =
                    holder.call(at, "s3", "PutObject").from(FLEET, &format!("[{EC2}]")).asking(request);
                call.data = true;
                call
            });
        } else {
            self.own_work(holder);
        }
    }

    /// Keys whose work is their own: what they call, every how many days, and from where.
    fn own_work(&mut self, holder: &Holder<'_>) {
        let name = holder.user.name.as_str();
        let (every, calls): (i64, &[(&str, &str)]) = match name {
            "billing-export" => (1, &[("ce", "GetCostAndUsage")]),
            "svc-e2e" => (1, &[("s3", "PutObject"), ("ecs", "DescribeServices"), ("ecs", "DescribeTasks")]),
            "play" => (6, &[("ec2", "RunInstances"), ("ec2", "TerminateInstances")]),
            "tsubasa.ogawa" => (5, &[("ec2", "DescribeInstances"), ("ec2", "ModifyInstanceAttribute")]),
            "daichi.okada" => (7, &[("iam", "ListUsers"), ("iam", "AttachUserPolicy")]),
            // A session with MFA is the work of people in the bastion.
            _ if holder.account.id == BASTION && has_virtual_mfa(holder.user) => return,
            // Without a device, only their own keys are theirs to touch.
            _ if holder.account.id == BASTION => {
                (30, &[("iam", "ListAccessKeys"), ("iam", "UpdateAccessKey")])
            }
            _ => (9, &[("sts", "GetCallerIdentity")]),
        };
        let (address, agent) = match name {
            "billing-export" => (OFFICE, BOTO),
            "svc-e2e" => ("192.0.2.77", CIRCLE),
            _ => (OFFICE, CLI),
        };
        let mut at = holder.until;
        while at >= self.begin {
            for (step, (service, event)) in (0_i64..).zip(calls.iter().rev()) {
                let mut call = holder.call(at - step * 40, service, event).from(address, agent);
                if *event == "PutObject" {
                    call.data = true;
                    call.request =
                        json!({"bucketName": "shiosai-staging-e2e", "key": format!("run/{}.json", at / DAY)});
                }
                if *service == "ce" {
                    call.region = "us-east-1".to_owned();
                }
                self.calls.push(call);
            }
            at -= every * DAY;
        }
    }
}

/// The MFA devices that give a code on the command line; security keys do not.
pub(super) fn has_virtual_mfa(user: &User) -> bool {
    user.mfa.as_ref().is_some_and(|mfa| mfa.kind == MfaKind::Virtual)
}
