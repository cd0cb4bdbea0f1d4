//! One account: three calls about everybody, a few about the account, and one a user only where the credential report says that
//! there is something to ask for. No call a user that an answer about all makes needless: on 500 users that is the difference
//! between 400 calls and 3,600.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::accessed::{self, Job, Next};
use super::record::Record;
use super::report::{Report, Step, generated};
use super::resources::{self, KINDS, Kind};
use super::{Answer, Ask, Asks, Failure, Wanted};

/// How long AWS may take for the credential report; on 52 users it took two seconds.
const REPORT_PATIENCE: SignedDuration = SignedDuration::from_secs(120);
const DETAILS: &str = "authorization-details.json";
const REPORT: &str = "credential-report.json";

/// What is asked beside what a review always needs.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Every user's SSH keys: a call a user.
    pub ssh_keys: bool,
    /// Which services users and roles used: two calls each, of so many at most.
    pub last_accessed: Option<usize>,
    /// Policies of resources: a call a resource.
    pub resource_policies: bool,
    /// The Regions of these resources; all that the account can use where none is named.
    pub regions: Vec<String>,
}

/// What an answer is for.
#[derive(Clone, Debug)]
enum Purpose {
    /// A file of its own.
    File(&'static str),
    Details,
    Get,
    Generate,
    /// A part of a file, about something.
    Part(&'static str, String),
    Trails,
    /// A file in a folder.
    Folder(String),
    /// A job about somebody is to be begun, for a file.
    Begin(String),
    Job(Box<Job>),
    Buckets,
    Regions,
    Resources(&'static Kind, String),
}

/// The collection of one account.
#[derive(Debug)]
pub struct Account {
    asks: Asks<Purpose>,
    report: Report,
    /// What is to be done for the report next; nothing while a call for it is under way.
    step: Option<Step>,
    report_text: Option<String>,
    report_generated: Option<Timestamp>,
    report_is_missing: bool,
    users: Option<Vec<String>>,
    details_are_over: bool,
    users_were_asked: bool,
    left_out: usize,
    options: Options,
    /// From then on nothing is asked.
    until: Option<Timestamp>,
    /// What every further call is answered, without being made.
    over: Option<Answer>,
    begun: Timestamp,
    ended: Timestamp,
}

impl Account {
    /// Begins with an account.
    pub fn new(options: Options, now: Timestamp) -> Self {
        let mut account = Self {
            asks: Asks::new(),
            report: Report::until(now + REPORT_PATIENCE),
            step: Some(Step::Get),
            report_text: None,
            report_generated: None,
            report_is_missing: false,
            users: None,
            details_are_over: false,
            users_were_asked: false,
            left_out: 0,
            options,
            until: None,
            over: None,
            begun: now,
            ended: now,
        };
        account.about_all();
        account
    }

    fn about_all(&mut self) {
        let details = json!({ "Filter": ["User", "Role", "Group", "LocalManagedPolicy"], "MaxItems": 1000 });
        self.asks.ask(Purpose::Details, "iam", "GetAccountAuthorizationDetails", details);
        for (file, operation, input) in [
            ("roles.json", "ListRoles", json!({ "MaxItems": 1000 })),
            ("account-summary.json", "GetAccountSummary", json!({})),
            ("password-policy.json", "GetAccountPasswordPolicy", json!({})),
            ("virtual-mfa-devices.json", "ListVirtualMFADevices", json!({})),
            ("account-aliases.json", "ListAccountAliases", json!({})),
            ("oidc-providers.json", "ListOpenIDConnectProviders", json!({})),
            ("saml-providers.json", "ListSAMLProviders", json!({})),
            ("server-certificates.json", "ListServerCertificates", json!({})),
            (
                "service-specific-credentials.json",
                "ListServiceSpecificCredentials",
                json!({ "AllUsers": true }),
            ),
        ] {
            self.asks.ask(Purpose::File(file), "iam", operation, input);
        }
        self.asks.ask(Purpose::Trails, "cloudtrail", "DescribeTrails", json!({}));
        if self.options.resource_policies {
            self.asks.ask(Purpose::Buckets, "s3", "ListBuckets", resources::buckets_input());
            if self.options.regions.is_empty() {
                self.asks.ask(Purpose::Regions, "account", "ListRegions", resources::regions_input());
            }
            for region in self.options.regions.clone() {
                self.in_region(&region);
            }
        }
    }

    /// The same until an instant: what is not asked by then is not known.
    #[must_use]
    pub fn until(self, until: Option<Timestamp>) -> Self {
        Self { until, ..self }
    }

    /// Asks nothing any more: whatever is still wanted has failed like this. Of an account that nobody can enter that is all.
    pub fn give_up(&mut self, failure: Failure) {
        self.over = Some(Answer::Failed(failure));
    }

    /// What is wanted now.
    pub fn next(&mut self, now: Timestamp) -> Wanted {
        if self.over.is_none() && self.until.is_some_and(|until| until <= now) {
            self.give_up(Failure::out_of_time());
        }
        let Some(answer) = self.over.clone() else { return self.wanted(now) };
        self.asks.due(Timestamp::MAX);
        self.step = match self.step {
            Some(Step::WaitToGet(_) | Step::WaitToGenerate(_)) => Some(Step::Get),
            step => step,
        };
        loop {
            match self.wanted(now) {
                Wanted::Ask(ask) => self.take(ask.id, &answer, now),
                other => return other,
            }
        }
    }

    fn wanted(&mut self, now: Timestamp) -> Wanted {
        // The report first, so that AWS makes it while the rest is asked.
        let due = match self.step {
            Some(Step::WaitToGet(at)) if at <= now => Some(Step::Get),
            Some(Step::WaitToGenerate(at)) if at <= now => Some(Step::Generate),
            other => other,
        };
        let call = match due {
            Some(Step::Get) => Some((Purpose::Get, "GetCredentialReport")),
            Some(Step::Generate) => Some((Purpose::Generate, "GenerateCredentialReport")),
            _ => None,
        };
        if let Some((purpose, operation)) = call {
            self.step = None;
            let ask =
                Ask { id: self.asks.next_id, service: "iam", operation, input: json!({}), region: None };
            self.asks.next_id += 1;
            self.asks.under_way.insert(ask.id, (purpose, ask.clone()));
            return Wanted::Ask(Box::new(ask));
        }
        let later = self.asks.due(now);
        if let Some(ask) = self.asks.next() {
            return Wanted::Ask(Box::new(ask));
        }
        let report = match self.step {
            Some(Step::WaitToGet(at) | Step::WaitToGenerate(at)) => Some(at),
            _ => None,
        };
        match report.into_iter().chain(later).min() {
            Some(at) => Wanted::Wait(at),
            _ if self.asks.is_idle() => Wanted::Nothing,
            _ => Wanted::Answer,
        }
    }

    /// How many calls wait or are under way.
    pub fn left(&self) -> usize {
        self.asks.waiting.len() + self.asks.under_way.len()
    }

    /// Takes what became of a call.
    pub fn take(&mut self, id: usize, answer: &Answer, now: Timestamp) {
        let Some((purpose, ask)) = self.asks.answered(id, answer, now) else { return };
        self.ended = now;
        match purpose {
            Purpose::File(file) => self.asks.keep(file, "", &ask, answer),
            Purpose::Part(file, about) => self.asks.keep(file, &about, &ask, answer),
            Purpose::Folder(file) => self.asks.keep(&file, "", &ask, answer),
            Purpose::Details => self.details(&ask, answer),
            Purpose::Begin(file) => self.begin(file, &ask, answer, now),
            Purpose::Job(job) => self.job(*job, &ask, answer, now),
            Purpose::Buckets => self.buckets(answer),
            Purpose::Regions => self.regions(answer),
            Purpose::Resources(kind, region) => self.resources(kind, &region, answer),
            Purpose::Trails => self.trails(&ask, answer),
            Purpose::Get => self.got(&ask, answer, now),
            Purpose::Generate => {
                let step = self.report.after_generate(answer, now);
                self.step(step, &ask, answer);
            }
        }
        self.ask_users();
    }

    fn got(&mut self, ask: &Ask, answer: &Answer, now: Timestamp) {
        let step = self.report.after_get(answer, now);
        // An older report is kept until there is another.
        if let Answer::Given(given) = answer {
            self.asks.keep(REPORT, "", ask, answer);
            self.report_text = text_of(&given.value);
            self.report_generated = generated(&given.value);
        }
        self.step(step, ask, answer);
    }

    fn step(&mut self, step: Step, ask: &Ask, answer: &Answer) {
        if step == Step::Missing && self.report_text.is_none() {
            self.asks.keep(REPORT, "", ask, &missing(answer));
            self.report_is_missing = true;
        }
        self.step = Some(step);
    }

    fn details(&mut self, ask: &Ask, answer: &Answer) {
        self.asks.keep(DETAILS, "", ask, answer);
        self.details_are_over = true;
        if let Answer::Given(given) = answer {
            let users = given.value.get("UserDetailList").and_then(Value::as_array);
            let name = |user: &Value| user.get("UserName").and_then(Value::as_str).map(str::to_owned);
            self.users = Some(users.into_iter().flatten().filter_map(name).collect());
            if let Some(most) = self.options.last_accessed {
                let whom = accessed::whom(&given.value);
                self.left_out = whom.len().saturating_sub(most);
                for (arn, file) in whom.into_iter().take(most) {
                    let input = json!({ "Arn": arn });
                    self.asks.ask(Purpose::Begin(file), "iam", "GenerateServiceLastAccessedDetails", input);
                }
            }
        }
    }

    fn begin(&mut self, file: String, ask: &Ask, answer: &Answer, now: Timestamp) {
        let Some(id) = accessed::id(answer) else {
            let failed = matches!(answer, Answer::Failed(_));
            let lost = if failed { answer.clone() } else { accessed::lost("AWS named no job") };
            return self.asks.keep(&file, "", ask, &lost);
        };
        let job = Purpose::Job(Box::new(Job::of(file, now)));
        self.asks.ask(job, "iam", "GetServiceLastAccessedDetails", accessed::input(&id));
    }

    fn job(&mut self, job: Job, ask: &Ask, answer: &Answer, now: Timestamp) {
        let file = job.file.clone();
        match job.after(answer, now) {
            Next::Over(answer) => self.asks.keep(&file, "", ask, &answer),
            Next::Again(at, job) => {
                let job = Purpose::Job(Box::new(job));
                self.asks.ask_at(at, job, "iam", "GetServiceLastAccessedDetails", ask.input.clone());
            }
        }
    }

    fn buckets(&mut self, answer: &Answer) {
        let Answer::Given(given) = answer else { return };
        for (bucket, region) in resources::buckets(&given.value) {
            let file = Purpose::Folder(format!("resource-policies/{bucket}.json"));
            self.asks.ask_in(file, "s3", "GetBucketPolicy", json!({ "Bucket": bucket }), region);
        }
    }

    fn regions(&mut self, answer: &Answer) {
        let Answer::Given(given) = answer else { return };
        for region in resources::regions(&given.value) {
            self.in_region(&region);
        }
    }

    fn in_region(&mut self, region: &str) {
        for kind in &KINDS {
            let purpose = Purpose::Resources(kind, region.to_owned());
            self.asks.ask_in(purpose, kind.service, kind.list, kind.list_input(), Some(region.to_owned()));
        }
    }

    fn resources(&mut self, kind: &'static Kind, region: &str, answer: &Answer) {
        let Answer::Given(given) = answer else { return };
        for (input, file) in kind.asks(&given.value, region) {
            self.asks.ask_in(Purpose::Folder(file), kind.service, kind.get, input, Some(region.to_owned()));
        }
    }

    /// Once it is known who there is and what each has.
    fn ask_users(&mut self) {
        let report_is_over = matches!(self.step, Some(Step::Done | Step::Missing));
        if self.users_were_asked || !report_is_over || !self.details_are_over {
            return;
        }
        self.users_were_asked = true;
        let rows = self.report_text.as_deref().map(rows_of).unwrap_or_default();
        let mut names: BTreeSet<String> = self.users.iter().flatten().cloned().collect();
        if self.users.is_none() {
            names.extend(rows.keys().cloned());
        }
        for name in names {
            // Whom the report does not know is asked for everything.
            let row = rows.get(&name);
            let input = json!({ "UserName": name });
            let mut ask = |file, operation| {
                self.asks.ask(Purpose::Part(file, name.clone()), "iam", operation, input.clone());
            };
            if row.is_none_or(|row| row.has_keys) {
                ask("access-keys.json", "ListAccessKeys");
            }
            if row.is_none_or(|row| row.has_mfa) {
                ask("mfa-devices.json", "ListMFADevices");
            }
            if self.options.ssh_keys {
                ask("ssh-public-keys.json", "ListSSHPublicKeys");
            }
        }
    }

    fn trails(&mut self, ask: &Ask, answer: &Answer) {
        self.asks.keep("trails.json", "", ask, answer);
        let Answer::Given(given) = answer else { return };
        let trails = given.value.get("trailList").and_then(Value::as_array);
        for trail in trails.into_iter().flatten() {
            let text = |name: &str| trail.get(name).and_then(Value::as_str).map(str::to_owned);
            let Some(arn) = text("TrailARN") else { continue };
            let region = text("HomeRegion");
            let selectors = Purpose::Part("event-selectors.json", arn.clone());
            let input = json!({ "TrailName": arn });
            self.asks.ask_in(selectors, "cloudtrail", "GetEventSelectors", input, region.clone());
            let name = arn.rsplit('/').next().unwrap_or_default();
            let status = Purpose::Folder(format!("trail-status/{name}.json"));
            self.asks.ask_in(status, "cloudtrail", "GetTrailStatus", json!({ "Name": arn }), region);
        }
    }

    /// The files, and what became of every call.
    pub fn finished(self) -> (Vec<(String, Vec<u8>)>, Record) {
        let (files, calls) = self.asks.finished();
        let mut record = Record::of(self.begun, self.ended, calls, self.report_is_missing);
        record.report_generated = self.report_generated;
        record.left_out = self.left_out;
        (files, record)
    }
}

/// A report that AWS goes on making is refused by us, in AWS's words for it.
fn missing(answer: &Answer) -> Answer {
    let failure = match answer {
        Answer::Failed(failure) => failure.clone(),
        Answer::Given(given) => Failure {
            code: Some("ReportInProgress".to_owned()),
            message: "the report was not ready in time".to_owned(),
            attempts: given.attempts,
            ..Failure::default()
        },
    };
    Answer::Failed(failure)
}

struct Row {
    has_keys: bool,
    has_mfa: bool,
}

fn text_of(answer: &Value) -> Option<String> {
    let packed = answer.get("Content")?.as_str()?;
    String::from_utf8(STANDARD.decode(packed).ok()?).ok()
}

/// What the report says of each user. A row that cannot be read says nothing: its user is asked for everything.
fn rows_of(text: &str) -> BTreeMap<String, Row> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let Ok(header) = reader.headers().cloned() else { return BTreeMap::new() };
    let place = |name: &str| header.iter().position(|column| column == name);
    let columns = ["user", "mfa_active", "access_key_1_last_rotated", "access_key_2_last_rotated"].map(place);
    let [Some(user), Some(mfa), Some(first), Some(second)] = columns else { return BTreeMap::new() };
    let of = |record: csv::StringRecord| {
        let cell = |at: usize| record.get(at).unwrap_or_default();
        let is_whole = record.len() == header.len() && !cell(user).starts_with('<');
        // Inactive keys keep their date.
        let has_key = |at: usize| !matches!(cell(at), "N/A" | "not_supported");
        let row = Row {
            has_keys: has_key(first) || has_key(second),
            has_mfa: !cell(mfa).eq_ignore_ascii_case("false"),
        };
        is_whole.then(|| (cell(user).to_owned(), row))
    };
    reader.records().filter_map(|record| of(record.ok()?)).collect()
}
