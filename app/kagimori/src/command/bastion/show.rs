//! What `bastion plan` and `check` print: for people, and as JSON (schemas `kagimori.bastion-plan` and `kagimori.bastion-check`,
//! version 1).

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::Timestamp;
use kagimori_id::AccountId;
use kagimori_plan::bastion::{Admission, Breach, Held, Promise, Promised};
use kagimori_policy::request::{Fact, Request};
use kagimori_terminal::schema::Schema;
use kagimori_terminal::style::{BOLD, DIM, GREEN_BOLD as GREEN, RED_BOLD as RED, YELLOW_BOLD as YELLOW};
use serde::Serialize;

use super::{Shown, word};
use crate::command::plan::short;
use crate::show::numbers::counted;

/// So many of a kind are told to people.
const TOLD_MAX: usize = 5;
const NAMES_MAX: usize = 3;

pub(super) fn text(shown: &Shown<'_>) -> String {
    let mut text = String::new();
    let target = shown.target;
    let admission = match target.admission {
        Admission::Named => "trust policies name the people",
        Admission::AnyUser => {
            "the people are too many for trust policies, which let in users of the account; its own policies say which"
        }
    };
    let _ = writeln!(
        text,
        "{BOLD}{}{BOLD:#}: {} in the group `{}`, {} in {}; {admission}",
        shown.names.account_with_id(target.account),
        people(target.people.len()),
        target.group.name(),
        counted(target.roles.len(), "role"),
        counted(target.accounts().len(), "account"),
    );
    differences(shown, &mut text);
    let _ = match shown.is_plan {
        true => {
            writeln!(text, "\n{BOLD}Promises{BOLD:#}, of the accounts as they would be, over all requests")
        }
        false => writeln!(text, "\n{BOLD}Promises{BOLD:#}, of the accounts as they are, over all requests"),
    };
    shown.promises.iter().for_each(|held| promise(held, &mut text));
    let _ = writeln!(
        text,
        "\n{DIM}Looked at: policies of identities, boundaries and trust policies of the snapshots. Policies of resources elsewhere that name\nthese people or roles are not.{DIM:#}"
    );
    if shown.is_plan {
        planned(shown, &mut text);
    }
    text
}

fn people(count: usize) -> String {
    if count == 1 { "1 person".to_owned() } else { format!("{count} people") }
}

fn differences(shown: &Shown<'_>, text: &mut String) {
    let found = &shown.differences.found;
    if found.is_empty() && shown.differences.unknown.is_empty() {
        let _ = writeln!(text, "\n{GREEN}As the file says{GREEN:#}: nothing differs");
        return;
    }
    let mut accounts: BTreeMap<AccountId, (Vec<String>, Vec<String>)> = BTreeMap::new();
    for difference in found {
        let by_hand =
            difference.by_hand.as_ref().map(|how| format!("  (by hand: {how})")).unwrap_or_default();
        let (told, _) = accounts.entry(difference.account).or_default();
        told.push(format!("{}{by_hand}", difference.what));
    }
    for unknown in &shown.differences.unknown {
        let (_, told) = accounts.entry(unknown.account).or_default();
        told.push(format!("{}  ({})", unknown.what, unknown.hint));
    }
    let _ = writeln!(text, "\n{BOLD}Not as the file says{BOLD:#}");
    for (account, (differs, unknown)) in accounts {
        let _ = writeln!(text, "  {}", shown.names.account_with_id(account));
        for what in like(differs) {
            let _ = writeln!(text, "    {RED}differs{RED:#}  {what}");
        }
        for what in unknown {
            let _ = writeln!(text, "    {YELLOW}unknown{YELLOW:#}  {what}");
        }
    }
}

/// The first of many; `--format json` has all.
fn like(mut told: Vec<String>) -> Vec<String> {
    const MOST: usize = 12;
    let more = told.len().saturating_sub(MOST);
    if more > 0 {
        told.truncate(MOST);
        told.push(format!("and {more} more; `--format json` has all"));
    }
    told
}

fn promise(promise: &Promise, text: &mut String) {
    let held = promise.held();
    let style = match held {
        Held::Proved => GREEN,
        Held::Broken => RED,
        Held::Unknown => YELLOW,
    };
    let of = match promise.promised {
        Promised::WithoutMfa | Promised::WithMfa => people(promise.asked),
        Promised::NobodyElse | Promised::BelowIam | Promised::NoEscalation => counted(promise.asked, "role"),
    };
    let _ = writeln!(text, "  {style}{:<7}{style:#}  {} ({of})", word(held), promise.promised.sentence());
    let mut alike: BTreeMap<(String, String), Vec<&Breach>> = BTreeMap::new();
    for breach in &promise.breaches {
        // What says the same but for whose it is.
        let without = |text: &str| text.replace(breach.who.rsplit(['/', ':']).next().unwrap_or_default(), "");
        alike.entry((without(&breach.what), without(&breach.fix))).or_default().push(breach);
    }
    for breaches in alike.values().take(TOLD_MAX) {
        let Some(Breach { what, fix, .. }) = breaches.first() else { continue };
        let who: Vec<&str> = breaches.iter().map(|breach| breach.who.as_str()).collect();
        let _ = writeln!(text, "           {}: {what}\n             {DIM}{fix}{DIM:#}", names(&who));
    }
    more(alike.len(), text);
    let mut alike: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for untold in &promise.untold {
        alike.entry(&untold.why).or_default().push(&untold.who);
    }
    for (why, who) in alike.iter().take(TOLD_MAX) {
        let _ = writeln!(text, "           {}: {why}", names(who));
    }
    more(alike.len(), text);
    if !promise.rulers.is_empty() {
        let _ = writeln!(
            text,
            "           {DIM}{} rule over accounts here, or can come to, and so over what is decided there: `kagimori ask paths` tells who{DIM:#}",
            counted(promise.rulers.len(), "principal")
        );
    }
}

fn more(count: usize, text: &mut String) {
    if let Some(more) = count.checked_sub(TOLD_MAX).filter(|more| *more > 0) {
        let _ = writeln!(text, "           and {more} more; `--format json` has all");
    }
}

fn names(who: &[&str]) -> String {
    let told: Vec<&str> = who.iter().take(NAMES_MAX).copied().collect();
    match who.len().checked_sub(NAMES_MAX) {
        Some(more) if more > 0 => format!("{} and {more} more", told.join(", ")),
        _ => told.join(", "),
    }
}

fn planned(shown: &Shown<'_>, text: &mut String) {
    let Some(plan) = shown.plan else {
        let is_kept = shown.promises.iter().all(|held| held.held() == Held::Proved);
        let _ = match (is_kept && shown.differences.changes().is_empty(), shown.differences.found.is_empty())
        {
            (true, true) => writeln!(text, "\nnothing is to be changed"),
            (true, false) => writeln!(text, "\nno plan is needed; what is told above is changed by hand"),
            (false, _) => Ok(()),
        };
        return;
    };
    let id = short(&plan.id);
    let _ = writeln!(
        text,
        "\n{}: {}\n  kagimori plan show {id}      the steps, and the way back\n  kagimori whatif --plan …     what they would have broken, replayed over the trail\n  kagimori apply {id} --role NAME",
        counted(plan.changes.len(), "step"),
        plan.title,
    );
}

#[derive(Serialize)]
pub(super) struct Output<'a> {
    schema: Schema,
    now: Timestamp,
    account: AccountId,
    group: &'a str,
    people: Vec<&'a str>,
    /// `named`, or `any_user` of the account.
    admission: &'static str,
    roles: Vec<&'a str>,
    differences: Vec<DifferenceOut<'a>>,
    unknown: Vec<UnknownOut<'a>>,
    promises: Vec<PromiseOut<'a>>,
    /// Its id; `null`: none was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<Option<&'a str>>,
}

#[derive(Serialize)]
struct DifferenceOut<'a> {
    account: AccountId,
    what: &'a str,
    changes: Vec<String>,
    by_hand: Option<&'a str>,
}

#[derive(Serialize)]
struct UnknownOut<'a> {
    account: AccountId,
    what: &'a str,
    hint: &'a str,
}

#[derive(Serialize)]
struct PromiseOut<'a> {
    promise: Promised,
    sentence: &'static str,
    held: Held,
    asked: usize,
    breaches: Vec<BreachOut<'a>>,
    untold: Vec<UntoldOut<'a>>,
    rulers: &'a [String],
}

#[derive(Serialize)]
struct BreachOut<'a> {
    who: &'a str,
    what: &'a str,
    request: Option<RequestOut<'a>>,
    fix: &'a str,
}

#[derive(Serialize)]
struct RequestOut<'a> {
    action: &'a str,
    resource: &'a str,
    /// What is not there is absent.
    context: BTreeMap<String, Vec<String>>,
}

#[derive(Serialize)]
struct UntoldOut<'a> {
    who: &'a str,
    why: &'a str,
}

pub(super) fn json<'a>(shown: &'a Shown<'_>) -> Output<'a> {
    let name = if shown.is_plan { "kagimori.bastion-plan" } else { "kagimori.bastion-check" };
    let difference = |held: &'a kagimori_plan::bastion::Difference| DifferenceOut {
        account: held.account,
        what: &held.what,
        changes: held.changes.iter().map(ToString::to_string).collect(),
        by_hand: held.by_hand.as_deref(),
    };
    let unknown = |held: &'a kagimori_plan::bastion::Unknown| UnknownOut {
        account: held.account,
        what: &held.what,
        hint: &held.hint,
    };
    Output {
        schema: Schema { name, version: 1 },
        now: shown.now,
        account: shown.target.account,
        group: shown.target.group.as_str(),
        people: shown.target.people.iter().map(|user| user.as_str()).collect(),
        admission: match shown.target.admission {
            Admission::Named => "named",
            Admission::AnyUser => "any_user",
        },
        roles: shown.target.roles.iter().map(|role| role.arn.as_str()).collect(),
        differences: shown.differences.found.iter().map(difference).collect(),
        unknown: shown.differences.unknown.iter().map(unknown).collect(),
        promises: shown.promises.iter().map(promise_out).collect(),
        plan: shown.is_plan.then(|| shown.plan.map(|plan| plan.id.as_str())),
    }
}

fn promise_out(promise: &Promise) -> PromiseOut<'_> {
    PromiseOut {
        promise: promise.promised,
        sentence: promise.promised.sentence(),
        held: promise.held(),
        asked: promise.asked,
        breaches: promise
            .breaches
            .iter()
            .map(|breach| BreachOut {
                who: &breach.who,
                what: &breach.what,
                request: breach.request.as_deref().map(request_out),
                fix: &breach.fix,
            })
            .collect(),
        untold: promise
            .untold
            .iter()
            .map(|untold| UntoldOut { who: &untold.who, why: &untold.why })
            .collect(),
        rulers: &promise.rulers,
    }
}

fn request_out(request: &Request) -> RequestOut<'_> {
    let values = |fact: &Fact| match fact {
        Fact::One(value) => Some(vec![value.clone()]),
        Fact::Many(values) => Some(values.clone()),
        _ => None,
    };
    let listed = request.context.iter();
    let context = listed.filter_map(|(key, fact)| Some((key.to_owned(), values(fact)?)));
    RequestOut { action: &request.action, resource: &request.resource, context: context.collect() }
}
