//! `retire start`: what is known of each key is shown, then asked; then the plans and the retirement are stored.

use std::io::{self, BufRead, IsTerminal};
use std::path::Path;

use jiff::Timestamp;
use kagimori_estate::change::{Change, CredentialChange, apply_all};
use kagimori_estate::model::{AccessKey, User};
use kagimori_id::{AccessKeyId, hex};
use kagimori_journal::{Append, Held, document_name};
use kagimori_plan::Plan;
use kagimori_plan::plan::{PlanError, fingerprint};
use kagimori_plan::replay::Evidence as Replayed;
use kagimori_policy::pattern::matches_ignoring_case;
use kagimori_retire::{Entry, PlanRef, Start, State};
use kagimori_terminal::printer;

use super::super::apply::{aws, held};
use super::super::whatif::save;
use super::known::{Facts, Look};
use super::{book_of, key, suggest, terraform, zone};
use crate::args::{Format, RetireStart};
use crate::company::Company;
use crate::error::AppError;
use crate::exit::Exit;

/// A key that may be retired: what is known, and whose it is.
struct Candidate {
    facts: Facts,
    owner: String,
    replayed: Option<Replayed>,
}

/// Runs the command.
pub(super) fn run(args: &RetireStart) -> Result<Exit, AppError> {
    let keys = args.keys.iter().map(|text| key(text)).collect::<Result<Vec<_>, _>>()?;
    let company = Company::open(&args.from.dir, args.from.trail.as_ref())?;
    let settings = company.directory.settings()?;
    let windows = zone::windows(&settings)?;
    let managed = terraform::managed(&args.from.terraform_state)?;
    let look = Look {
        company: &company,
        settings: &settings,
        windows: &windows,
        window: company.last_days(args.from.days),
        unused: settings.retire.unused,
        managed: &managed,
    };
    let held_keys = keys.iter().map(|key| find(&company, key)).collect::<Result<Vec<_>, _>>()?;
    let mut candidates = Vec::new();
    for facts in look.at(&held_keys)? {
        let replayed = (facts.evidence.calls > 0).then(|| look.replayed(&facts.credential)).transpose()?;
        refuse(&facts)?;
        let owner = args.owner.clone().or_else(|| facts.owner.clone()).unwrap_or_default();
        candidates.push(Candidate { facts, owner, replayed });
    }
    if args.from.format == Format::Human {
        let told = candidates.iter().map(|one| suggest::known(&one.facts, one.replayed.as_ref(), &settings));
        printer::text(&told.collect::<String>())?;
    }
    if let Some(exit) = objections(&candidates, args) {
        return Ok(exit);
    }
    if !args.yes {
        confirm(&candidates, &company, &settings)?;
    }
    let starts = candidates
        .into_iter()
        .map(|one| start(one, &company, &settings, args))
        .collect::<Result<Vec<_>, _>>()?;
    begin(&args.from.dir, &starts)?;
    let now = Timestamp::now();
    if settings.retire.channels.is_empty() {
        printer::warning("nobody will be told: `channels` of [retire] in kagimori.toml names no channel");
    }
    if settings.retire.zone.is_none() && settings.time_zone.is_none() {
        printer::warning(
            "`hours` of [retire] are hours of UTC: kagimori.toml has no `zone` there, and no `time_zone`",
        );
    }
    let states: Vec<State> = starts.iter().map(|(start, _)| State::begun(start.clone(), now)).collect();
    suggest::begun(&states, args.from.format)?;
    Ok(Exit::Clean)
}

/// Whose key it is.
fn find<'c>(company: &'c Company, key: &AccessKeyId) -> Result<(&'c User, &'c AccessKey), AppError> {
    let users = company.estate.accounts.values().flat_map(|account| account.users.values());
    let mut all =
        users.flat_map(|user| user.access_keys.value().into_iter().flatten().map(move |held| (user, held)));
    all.find(|(_, held)| held.id.as_ref() == Some(key)).ok_or_else(|| AppError::Argument {
        message: format!("no user of this directory has the access key `{key}`"),
        hint:
            "take a fresh snapshot (`kagimori collect`); the ids of keys come from `aws iam list-access-keys`"
                .to_owned(),
    })
}

/// What no reason allows.
fn refuse(facts: &Facts) -> Result<(), AppError> {
    let key = &facts.credential.key;
    let refused = |message: String, hint: &str| Err(AppError::Argument { message, hint: hint.to_owned() });
    if let Some(why) = &facts.protected {
        return refused(
            format!("{key} must never go down: {why}"),
            "if it may, take it out of `protected` (or the tag from its user) first",
        );
    }
    match facts.is_active.known() {
        Ok(true) => Ok(()),
        Ok(false) => refused(
            format!("{key} is inactive already"),
            "a key that was off for long may be deleted: `kagimori whatif` makes a plan of any change",
        ),
        Err(gap) => refused(
            format!("whether {key} is active is not known: {gap}"),
            "take a fresh snapshot (`kagimori collect`)",
        ),
    }
}

/// What an owner or a reason allows, and nobody gave.
fn objections(candidates: &[Candidate], args: &RetireStart) -> Option<Exit> {
    let is_empty = |text: &Option<String>| text.as_ref().is_none_or(|text| text.trim().is_empty());
    let mut is_refused = false;
    for Candidate { facts, owner, .. } in candidates {
        let key = &facts.credential.key;
        if owner.trim().is_empty() {
            printer::failure(
                &format!("nobody knows whose {key} is: nobody could be told, and nobody would complain"),
                "say whose it is with `--owner NAME`, or tag its user",
            );
            is_refused = true;
        }
        if !facts.against.is_empty() && is_empty(&args.reason) {
            printer::failure(
                &format!("something speaks against retiring {key}: {}", facts.against.join("; ")),
                "say why it may go all the same with `--reason TEXT`: it stands in the journal then",
            );
            is_refused = true;
        }
    }
    is_refused.then_some(Exit::Findings)
}

/// Asks; in an account of production for its alias.
fn confirm(
    candidates: &[Candidate],
    company: &Company,
    settings: &kagimori_plan::Settings,
) -> Result<(), AppError> {
    let alias = |one: &Candidate| {
        let account = company.estate.accounts.get(&one.facts.user().account()?)?;
        let alias = account.alias.value().cloned().flatten()?;
        let patterns = &settings.apply.production;
        patterns.iter().any(|pattern| matches_ignoring_case(pattern, &alias)).then_some(alias)
    };
    let word = candidates.iter().find_map(alias);
    if !io::stdin().is_terminal() {
        return Err(AppError::Argument {
            message: "nobody is there to be asked".to_owned(),
            hint: "nothing was begun; say `--yes` if that is what you want".to_owned(),
        });
    }
    match &word {
        Some(_) => printer::note("an account of production: type its alias to begin"),
        None => printer::note("type `yes` to begin"),
    }
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|source| AppError::read("standard input".as_ref(), source))?;
    if line.trim() == word.as_deref().unwrap_or("yes") {
        return Ok(());
    }
    Err(AppError::Argument {
        message: "not confirmed".to_owned(),
        hint: "nothing was begun; run it again".to_owned(),
    })
}

/// A retirement with its plans.
fn start(
    candidate: Candidate,
    company: &Company,
    settings: &kagimori_plan::Settings,
    args: &RetireStart,
) -> Result<(Start, Vec<Plan>), AppError> {
    let Candidate { facts, owner, replayed } = candidate;
    let (credential, retire) = (facts.credential, &settings.retire);
    let who = aws::who();
    let refused =
        |error: PlanError| AppError::Argument { message: error.to_string(), hint: error.hint().to_owned() };
    let (estate, made_from) = (&company.estate, fingerprint(&company.estate));
    let (user, key) = (&credential.user, &credential.key);
    let off = Change::Credential(CredentialChange::SetAccessKeyStatus {
        user: user.clone(),
        key: key.clone(),
        active: false,
    });
    let gone = Change::Credential(CredentialChange::DeleteAccessKey { user: user.clone(), key: key.clone() });
    // Each retirement has plans of its own, also the second of a key.
    let begun = Timestamp::now().as_second();
    let rungs = retire.ladder.rungs();
    let mut plans = Vec::new();
    for (place, rung) in rungs.iter().enumerate() {
        let title = format!(
            "retire {key} of {}: rung {} of {}, off for {} (begun at {begun})",
            user.name(),
            place.saturating_add(1),
            rungs.len(),
            rung.off
        );
        let plan =
            Plan::made_from(&title, estate, &made_from, std::slice::from_ref(&off)).map_err(refused)?;
        plans.push(match &replayed {
            Some(replayed) => plan.with_evidence(replayed).map_err(refused)?,
            None => plan,
        });
    }
    let title = format!("retire {key} of {}: delete it (begun at {begun})", user.name());
    // An active key is never deleted: the plan is about the key as the ladder leaves it.
    let off_already = apply_all(estate, &[off]).map_err(|(_, error)| AppError::Argument {
        message: error.to_string(),
        hint: error.hint().to_owned(),
    })?;
    let delete =
        Plan::made_from(&title, &off_already, &fingerprint(&off_already), &[gone]).map_err(refused)?;
    let start = Start {
        owner,
        purpose: facts.purpose,
        ladder: retire.ladder.clone(),
        notice: retire.notice,
        shown: retire.shown,
        enough: retire.enough,
        evidence: facts.evidence,
        offs: plans.iter().map(named).collect::<Result<_, _>>()?,
        delete: named(&delete)?,
        by: format!("{}@{}", who.person, who.host),
        reason: args.reason.clone(),
        against: facts.against,
        credential,
    };
    plans.push(delete);
    Ok((start, plans))
}

fn text(plan: &Plan) -> Result<String, AppError> {
    serde_json::to_string(plan).map_err(AppError::Encode)
}

fn named(plan: &Plan) -> Result<PlanRef, AppError> {
    Ok(PlanRef { id: plan.id.clone(), text: hex(&document_name(text(plan)?.as_bytes())) })
}

/// Writes the plans to `plans/` and, with the retirement, to the journal.
fn begin(dir: &Path, starts: &[(Start, Vec<Plan>)]) -> Result<(), AppError> {
    let mut held = held(dir, &aws::who(), "retire start")?;
    held.verify(None)?;
    let book = book_of(&held)?;
    for (start, _) in starts {
        let key = &start.credential.key;
        if let Some(live) = book.live(key) {
            return Err(AppError::Argument {
                message: format!(
                    "{key} is being retired already: {}",
                    super::told::stands(&live.state, Timestamp::now())
                ),
                hint: format!(
                    "`kagimori retire status {key}` shows it, `kagimori retire stop {key}` ends it"
                ),
            });
        }
    }
    save(dir, starts.iter().flat_map(|(_, plans)| plans))?;
    starts.iter().try_for_each(|(start, plans)| journal(&mut held, start, plans))
}

fn journal(held: &mut Held, start: &Start, plans: &[Plan]) -> Result<(), AppError> {
    let now = Timestamp::now();
    let entry = Entry::begins(&State::begun(start.clone(), now), now).text().map_err(AppError::Encode)?;
    let texts = plans.iter().map(text).collect::<Result<Vec<_>, _>>()?;
    let documents: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
    held.append(&Append { entry: entry.as_bytes(), documents: &documents, messages: &[] }, now)?;
    Ok(())
}
