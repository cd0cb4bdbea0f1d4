//! `kagimori collect`: live accounts → the files of a snapshot. The core says what to ask and what becomes of the answers; this
//! sends, waits and writes.

mod drive;
mod files;
mod progress;
mod show;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use kagimori_aws::{Access, Api, Caller, plain_role};
use kagimori_estate::collect::{Account, Earlier, Member, Options, Organization, Record, policy};
use kagimori_id::AccountId;
use kagimori_session::plan::AssumeRole;
use kagimori_session::value::{RoleArn, session_name_from};
use kagimori_terminal::printer;
use serde::Serialize;
use serde_json::{Value, json};

use crate::args::{Collect, Format};
use crate::error::AppError;
use crate::exit::Exit;

use self::drive::{Deadline, Drive, NotEntered};
use self::files::Folder;
use self::progress::Progress;

/// Attempts of a call: a fifth of all calls throttled must lose none of 20,000.
const ATTEMPTS: u32 = 10;

/// What became of an account, or of the organization.
#[derive(Debug, Serialize)]
pub(crate) struct Collected {
    /// Its id; `organization` for the organization.
    pub(crate) account: String,
    /// Its name in the organization.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) name: String,
    /// What became of it.
    pub(crate) outcome: Outcome,
    /// Calls that were made.
    pub(crate) calls: usize,
    /// What is not known.
    pub(crate) missing: Vec<String>,
    /// Users and roles beyond `--last-accessed`.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) left_out: usize,
    /// When AWS made the credential report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) report_generated: Option<Timestamp>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// All was answered.
    Complete,
    /// Some calls were not answered.
    Partial,
    /// It could not be entered.
    Failed,
    /// It is not active.
    Skipped,
    /// It was collected before, and --resume left it as it was.
    Kept,
}

struct Target {
    id: String,
    name: String,
    api: Api,
}

/// Runs the command.
pub(crate) fn run(args: &Collect) -> Result<Exit, AppError> {
    if args.print_policy {
        printer::json(&policy(&options(args)))?;
        return Ok(Exit::Clean);
    }
    use_small_pages();
    let until = args.max_time.map(Deadline::after);
    if !std::fs::metadata(&args.dir).map_err(|source| AppError::read(&args.dir, source))?.is_dir() {
        return Err(AppError::read(&args.dir, std::io::ErrorKind::NotADirectory.into()));
    }
    let session_name = session_name();
    let access = Access::find(&Caller {
        profile: args.profile.clone(),
        region: None,
        user_agent: concat!("kagimori/", env!("CARGO_PKG_VERSION")).to_owned(),
        session_name: session_name.clone(),
        attempts: Some(ATTEMPTS),
    })?;
    let first = until.map_or_else(|| access.api.clone(), |until| access.api.until(until.instant()));
    let caller = first.call("sts", "GetCallerIdentity", &json!({}))?;
    let text = |name: &str| caller.get(name).and_then(Value::as_str).unwrap_or_default();
    // It names a folder.
    let own =
        AccountId::parse(text("Account")).map_err(|_| AppError::NoAccount(text("Account").to_owned()))?;
    let own = own.to_string();
    let around = Around { args, access: &access, own: &own, arn: text("Arn"), session_name, until };
    // Nobody is asked for what cannot be kept.
    let snapshots = args.dir.join("snapshots");
    kagimori_lake::private::folder(&snapshots).map_err(|source| AppError::write(&snapshots, source))?;
    let (mut collected, targets) = around.targets()?;
    collected.extend(around.collect(&targets)?);
    collected.sort_by(|one, other| one.account.cmp(&other.account));
    match args.format {
        Format::Human => printer::text(&show::text(&collected, &args.dir))?,
        Format::Json => printer::json(&show::Output::of(&collected))?,
    }
    Ok(exit(&collected))
}

/// A collection waits most of the time, in many threads that hold little each: huge pages would make of the first bytes of each two
/// megabytes, and twice the memory of all.
fn use_small_pages() {
    // Where that cannot be said it costs memory, and nothing else.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

fn exit(collected: &[Collected]) -> Exit {
    let is = |outcome: Outcome| collected.iter().any(|account| account.outcome == outcome);
    match (
        is(Outcome::Failed) || is(Outcome::Partial),
        is(Outcome::Complete) || is(Outcome::Partial) || is(Outcome::Kept),
    ) {
        (_, false) => Exit::Failed,
        (true, true) => Exit::Incomplete,
        (false, true) => Exit::Clean,
    }
}

/// What all accounts have in common.
struct Around<'a> {
    args: &'a Collect,
    access: &'a Access,
    /// The account of the credentials.
    own: &'a str,
    /// Whose they are.
    arn: &'a str,
    session_name: String,
    /// When the whole run is over.
    until: Option<Deadline>,
}

impl Around<'_> {
    /// The accounts to collect, and what is known of others before.
    fn targets(&self) -> Result<(Vec<Collected>, Vec<Target>), AppError> {
        if self.args.organization {
            return self.organization();
        }
        if self.args.account.is_empty() {
            return Ok((Vec::new(), vec![self.target(self.own, "")?]));
        }
        let ids = self.args.account.iter().map(|id| {
            AccountId::parse(id).map_err(|_| AppError::Argument {
                message: format!("`{id}` is not a 12-digit AWS account id"),
                hint: "write it with its leading zeroes".to_owned(),
            })
        });
        let ids = ids.collect::<Result<Vec<_>, _>>()?;
        let targets = ids.iter().map(|id| self.target(&id.to_string(), "")).collect::<Result<_, _>>()?;
        Ok((Vec::new(), targets))
    }

    fn organization(&self) -> Result<(Vec<Collected>, Vec<Target>), AppError> {
        let (folder, progress) = (Folder::of(&self.args.dir, "organization"), Progress::of(1));
        let deadline = self.deadline();
        let drive = Drive::new(&self.access.api, deadline, self.earlier(&folder), &progress);
        let machine = drive.run(Organization::new(Timestamp::now()).until(Some(deadline.at())));
        drop(progress);
        let named = self.args.ou.iter().chain(&self.args.exclude).find(|id| !machine.has(id)).cloned();
        let members = machine.members().map(|members| {
            members
                .iter()
                .map(|member| (member.clone(), self.left_out(member, &machine.above(&member.id))))
                .collect::<Vec<_>>()
        });
        let (files, record) = machine.finished();
        let why = record.missing.iter().find(|missing| missing.contains("ListAccounts:")).cloned();
        folder.write(&files, &files::Collected::new("", self.arn, "", &record))?;
        let Some(members) = members else {
            return Err(AppError::Aws {
                message: format!("the accounts of the organization are not known: {}", why.unwrap_or_default()),
                hint: "run it with credentials of the management account or a delegated administrator, or name accounts with --account"
                    .to_owned(),
            });
        };
        if let Some(id) = named {
            return Err(AppError::Argument {
                message: format!(
                    "`{id}` is no account, unit or root of the organization, as far as AWS told"
                ),
                hint: format!(
                    "look into `{}`: roots.json, units-….json, accounts.json",
                    folder.path().display()
                ),
            });
        }
        let mut collected = vec![told("organization", "", &record)];
        let mut targets = Vec::new();
        for (member, left_out) in members {
            match left_out {
                None => targets.push(self.target(&member.id, &member.name)?),
                Some((outcome, why)) => {
                    if member.state != "ACTIVE" {
                        Folder::of(&self.args.dir, &member.id).clear()?;
                    }
                    collected.push(Collected::without(&member.id, &member.name, outcome, vec![why]));
                }
            }
        }
        self.tell_strangers(&collected, &targets);
        Ok((collected, targets))
    }

    /// Snapshots of accounts that are not in the organization: they may have left it, and their files speak of another day.
    fn tell_strangers(&self, left_out: &[Collected], targets: &[Target]) {
        let is_of =
            |id: &str| left_out.iter().any(|one| one.account == id) || targets.iter().any(|one| one.id == id);
        for id in files::accounts(&self.args.dir).iter().filter(|id| !is_of(id)) {
            printer::warning(&format!(
                "`{}` is of an account that is not in the organization: its files are of an earlier day, and `review` reads them; take the folder away if the account has left",
                self.args.dir.join("snapshots").join(id).display()
            ));
        }
    }

    /// Why an account of the organization is not collected.
    fn left_out(&self, member: &Member, above: &[&str]) -> Option<(Outcome, String)> {
        let is_in = |ids: &[String]| ids.iter().any(|id| *id == member.id || above.contains(&id.as_str()));
        if member.state != "ACTIVE" {
            return Some((Outcome::Skipped, format!("the account is {}", member.state)));
        }
        if is_in(&self.args.exclude) {
            return Some((Outcome::Skipped, "it is excluded".to_owned()));
        }
        let is_placed = above.last().is_some_and(|root| root.starts_with("r-"));
        match is_in(&self.args.ou) {
            _ if self.args.ou.is_empty() => None,
            true => None,
            // Nobody knows whether it was meant.
            false if !is_placed => {
                Some((Outcome::Failed, "AWS did not tell in which unit it lies".to_owned()))
            }
            false => Some((Outcome::Skipped, "it lies in none of the units".to_owned())),
        }
    }

    /// What an account may take, within what is left for all.
    fn deadline(&self) -> Deadline {
        Deadline::after(self.args.account_time).or_sooner(self.until)
    }

    fn earlier(&self, folder: &Folder) -> Earlier {
        if self.args.resume { folder.earlier(Timestamp::now()) } else { Earlier::default() }
    }

    fn target(&self, id: &str, name: &str) -> Result<Target, AppError> {
        let api = if id == self.own {
            self.access.api.clone()
        } else {
            let Some(role) = &self.args.role else {
                return Err(AppError::Argument {
                    message: format!("{id} is another account than that of the credentials, {}", self.own),
                    hint: "name the role that may be assumed there: `--role NAME`".to_owned(),
                });
            };
            self.access.as_role(self.role(id, role)?)
        };
        Ok(Target { id: id.to_owned(), name: name.to_owned(), api })
    }

    fn role(&self, account: &str, name: &str) -> Result<AssumeRole, AppError> {
        let partition = self.arn.split(':').nth(1).unwrap_or("aws");
        let role = RoleArn::of(partition, account, name)
            .map_err(|refused| AppError::Argument { message: refused.message, hint: refused.hint })?;
        let external_id = self.args.external_id.clone();
        Ok(AssumeRole { external_id, ..plain_role(role, self.session_name.clone()) })
    }

    /// Collects accounts, some at a time. One that fails stops no other.
    fn collect(&self, targets: &[Target]) -> Result<Vec<Collected>, AppError> {
        let (progress, total, next) = (Progress::of(targets.len()), targets.len(), AtomicUsize::new(0));
        let done = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..usize::from(self.args.parallel).min(total) {
                scope.spawn(|| {
                    while let Some(target) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let collected = self.account(target, &progress);
                        progress
                            .over(collected.as_ref().map_or(Outcome::Failed, |collected| collected.outcome));
                        done.lock().unwrap_or_else(PoisonError::into_inner).push(collected);
                    }
                });
            }
        });
        drop(progress);
        done.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect()
    }

    fn account(&self, target: &Target, progress: &Progress) -> Result<Collected, AppError> {
        let folder = Folder::of(&self.args.dir, &target.id);
        if self.args.resume && folder.is_fresh(Timestamp::now()) {
            return Ok(Collected::without(&target.id, &target.name, Outcome::Kept, Vec::new()));
        }
        let deadline = self.deadline();
        let drive = Drive::new(&target.api, deadline, self.earlier(&folder), progress);
        let mut machine = Account::new(options(self.args), Timestamp::now()).until(Some(deadline.at()));
        // Whoever is refused at the door need not knock four hundred times.
        let entered = if target.id == self.own { Ok(()) } else { drive.enter(&target.id) };
        let (why, hint) = match entered {
            Ok(()) => (None, None),
            Err(not_entered) => {
                let NotEntered { failure, why, hint } = *not_entered;
                machine.give_up(failure);
                (Some(format!("the account was not entered: {why}")), Some(hint))
            }
        };
        let (files, record) = drive.run(machine).finished();
        let collected =
            files::Collected::new(&target.id, self.arn, why.as_deref().unwrap_or_default(), &record);
        folder.write(&files, &collected)?;
        let collected = match why {
            Some(why) => Collected::without(&target.id, &target.name, Outcome::Failed, vec![why]),
            None => told(&target.id, &target.name, &record),
        };
        match (collected.outcome, hint) {
            (Outcome::Complete, _) => {}
            (_, Some(hint)) => progress.warn(&format!("{}; {hint}", show::line(&collected))),
            (_, None) => progress.warn(&show::line(&collected)),
        }
        Ok(collected)
    }
}

fn options(args: &Collect) -> Options {
    Options {
        ssh_keys: args.ssh_keys,
        last_accessed: args.last_accessed.map(|most| usize::try_from(most).unwrap_or(usize::MAX)),
        resource_policies: args.resource_policies,
        regions: args.region.clone(),
    }
}

impl Collected {
    /// An account of which no call tells.
    fn without(account: &str, name: &str, outcome: Outcome, missing: Vec<String>) -> Self {
        let (account, name) = (account.to_owned(), name.to_owned());
        Self { account, name, outcome, calls: 0, missing, left_out: 0, report_generated: None }
    }
}

fn told(account: &str, name: &str, record: &Record) -> Collected {
    Collected {
        account: account.to_owned(),
        name: name.to_owned(),
        outcome: if record.is_complete() { Outcome::Complete } else { Outcome::Partial },
        calls: record.calls.len(),
        missing: record.missing.clone(),
        left_out: record.left_out,
        report_generated: record.report_generated,
    }
}

/// The person and the machine, so that CloudTrail tells who collected: `kagimori-alice@laptop`.
pub(crate) fn session_name() -> String {
    let person = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_default();
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    session_name_from(&format!("kagimori-{person}@{host}"))
}
