//! What would go without anybody knowing whether it is used, for people: by kind of event and service, the actions behind.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use kagimori_id::Arn;
use kagimori_plan::blind::{Loss, Lost};
use kagimori_terminal::style::DIM;
use kagimori_trail::sight::Blind;

use super::Shown;
use crate::show::filters::found;
use crate::show::html::{Html, both, code, details, few, html, spoken, table};
use crate::show::names::Names;
use crate::show::numbers::{counted, day, thousands};
use crate::show::unfolding::{Item, Unfolding};

/// Losses that are printed; the JSON and the page hold all.
const LOSSES_MAX: usize = 20;
/// Kinds of events of a loss that are printed with their actions.
const KINDS_MAX: usize = 8;
/// Names that are printed in a line.
const NAMES_MAX: usize = 5;
/// Actions of a loss that are shown before a click, and behind it; the JSON holds all.
const ACTIONS_MAX: (usize, usize) = (8, 200);
/// Resources that are shown before a click.
const RESOURCES_MAX: usize = 3;
/// Up to so many losses stand open on the page.
const OPEN_MAX: usize = 5;

pub(super) const HEADING: (&str, &str) =
    ("Taken away, and this trail would not have shown its use", "利用の有無が証跡に現れない権限の削除");
/// What `*` held beside what was written in its place.
const REPLACED: (&str, &str) = (
    "Held by `*`, not in the policies that take its place, and this trail would not have shown its use",
    "`*` に含まれていて置き換え後のポリシーにはなく、利用の有無が証跡に現れない権限",
);

/// What would not have been seen for one reason.
#[derive(Default)]
struct Kind<'l> {
    services: BTreeSet<&'l str>,
    actions: BTreeSet<&'l str>,
    resources: BTreeSet<&'l str>,
}

/// Kinds of data events first; of others there are few.
fn kinds<'l>(lost: impl Iterator<Item = &'l Lost>) -> Vec<(&'l Blind, Kind<'l>)> {
    let mut kinds: BTreeMap<(bool, &Blind), Kind<'l>> = BTreeMap::new();
    for one in lost {
        let kind = kinds.entry((one.kind().is_none(), &one.blind)).or_default();
        kind.services.insert(&one.service);
        kind.actions.extend(one.actions.iter().map(String::as_str));
        kind.resources.extend(one.resources.iter().map(String::as_str));
    }
    kinds.into_iter().map(|((_, blind), kind)| (blind, kind)).collect()
}

pub(super) fn text(shown: &Shown<'_>, text: &mut String) {
    for (heading, counts) in [(HEADING, true), (REPLACED, false)] {
        let losses: Vec<&Loss> =
            shown.losses.iter().filter(|loss| loss.lost.iter().any(|lost| lost.counts() == counts)).collect();
        if losses.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n{}", heading.0);
        for loss in losses.iter().take(LOSSES_MAX) {
            let _ = writeln!(text, "  {}", whose(&loss.principals));
            one(loss.lost.iter().filter(|lost| lost.counts() == counts), text);
        }
        if let Some(more) = losses.len().checked_sub(LOSSES_MAX).filter(|more| *more > 0) {
            let _ = writeln!(text, "  and {more} more: `--format json` and `--page FILE` show all");
        }
    }
    way_out(shown, text);
}

fn whose(principals: &BTreeSet<Arn>) -> String {
    let first = principals.first().map(Arn::to_string).unwrap_or_default();
    match principals.len().saturating_sub(1) {
        0 => first,
        more => {
            format!("{first} and {} who {} the same", others(more), if more == 1 { "loses" } else { "lose" })
        }
    }
}

fn others(count: usize) -> String {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    counted(thousands(count), "other")
}

fn one<'l>(lost: impl Iterator<Item = &'l Lost> + Clone, text: &mut String) {
    for (service, day) in used(lost.clone()) {
        let _ = writeln!(
            text,
            "    {service} was used on {day}, as service-last-accessed data say, and this trail shows no call of it"
        );
    }
    let kinds = kinds(lost);
    let (data, other): (Vec<_>, Vec<_>) = kinds.into_iter().partition(|(blind, _)| is_data(blind));
    let mut line = |(blind, kind): &(&Blind, Kind<'_>)| {
        let (services, actions) = (names(kind.services.iter().copied()), names(kind.actions.iter().copied()));
        let _ = writeln!(text, "    {services}: {}", blind.words().0);
        let _ = writeln!(text, "      {DIM}{actions}{DIM:#}");
    };
    data.iter().take(KINDS_MAX).for_each(&mut line);
    other.iter().for_each(&mut line);
    let rest = data.iter().skip(KINDS_MAX).filter_map(|(blind, _)| match blind {
        Blind::Data { kind } => Some(*kind),
        _ => None,
    });
    let rest: BTreeSet<&str> = rest.collect();
    if !rest.is_empty() {
        let all: Vec<&str> = rest.iter().copied().collect();
        let more = counted(rest.len(), "more kind");
        let _ = writeln!(text, "    and {more} of data events: {}", all.join(", "));
    }
}

/// The services that are in use though the trail shows nothing of it, and when they were last.
fn used<'l>(lost: impl Iterator<Item = &'l Lost>) -> BTreeSet<(&'l str, String)> {
    lost.filter_map(|one| Some((one.service.as_str(), day(one.last_used?)))).collect()
}

fn is_data(blind: &Blind) -> bool {
    matches!(blind, Blind::Data { .. })
}

/// The first names, and how many more there are.
fn names<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> String {
    let more = names.len().saturating_sub(NAMES_MAX);
    let shown: Vec<&str> = names.take(NAMES_MAX).collect();
    let rest = if more > 0 { format!(" (+{more})") } else { String::new() };
    format!("{}{rest}", shown.join(", "))
}

/// What would tell.
fn way_out(shown: &Shown<'_>, text: &mut String) {
    let counting: Vec<&Loss> = shown.losses.iter().filter(|loss| loss.counts()).collect();
    let Some(first) = counting.first().and_then(|loss| loss.principals.first()) else { return };
    let _ = writeln!(text, "\nWhat would tell");
    let lost = counting.iter().flat_map(|loss| &loss.lost).filter(|lost| lost.counts());
    let kinds: BTreeSet<&str> = lost.filter(|lost| is_data(&lost.blind)).filter_map(Lost::kind).collect();
    if !kinds.is_empty() {
        let logged: Vec<String> =
            kinds.iter().take(NAMES_MAX).map(|kind| format!("--logged {kind}")).collect();
        let more = if kinds.len() > NAMES_MAX { " …" } else { "" };
        let _ = writeln!(
            text,
            "  whether they are logged: the event selectors of the trails in snapshots/ (`aws cloudtrail describe-trails`, `get-event-selectors`, `get-trail-status`); or, if you know that they are: {}{more}",
            logged.join(" ")
        );
    }
    let account = first.account().map(|account| account.to_string()).unwrap_or_default();
    let folder = if first.resource().starts_with("role/") { "role" } else { "user" };
    let _ = writeln!(
        text,
        "  whether they are used: `aws iam generate-service-last-accessed-details --arn {first}`, then `get-service-last-accessed-details` as last-accessed/{account}/{folder}/{}.json",
        first.name()
    );
}

/// The same for the page; those who lose the same stand together.
pub(super) fn html(shown: &Shown<'_>, unfolding: &Unfolding<'_>) -> Html {
    let is_open = shown.losses.len() <= OPEN_MAX;
    let all = shown.losses.iter().map(|loss| card(loss, &shown.names, is_open, unfolding));
    unfolding.list(all.collect())
}

fn card(loss: &Loss, known: &Names, is_open: bool, unfolding: &Unfolding<'_>) -> Item {
    let who: Vec<&str> = loss.principals.iter().map(Arn::as_str).collect();
    let names = || who.iter().map(|arn| known.principal(arn).into()).collect();
    let services: BTreeSet<&str> = loss.lost.iter().map(|lost| lost.service.as_str()).collect();
    let whom = match who.as_slice() {
        [only] => known.principal(only),
        many => html!(
            "<span class=\"who\"><b>{}</b></span>",
            both(&counted(many.len(), "principal"), &format!("プリンシパル {} 個", many.len()))
        ),
    };
    let own = who.first().copied().unwrap_or_default();
    let part = |counts: bool| loss.lost.iter().filter(move |lost| lost.counts() == counts);
    let replaced = match part(false).next() {
        Some(_) => html!("<h3>{}</h3>{}", both(REPLACED.0, REPLACED.1), rows(part(false), own, known)),
        None => Html::default(),
    };
    let inside = html!(
        "<div class=\"names\">{}</div>{}{}{}",
        if who.len() > 1 { unfolding.list(names()) } else { Html::default() },
        used(part(true)).iter().map(proof).collect::<Html>(),
        if part(true).next().is_some() { rows(part(true), own, known) } else { Html::default() },
        replaced,
    );
    let figures = self::names(services.iter().copied());
    let summary = html!("{}<span class=\"figures\">{}</span>", whom, figures);
    let actions = loss.lost.iter().flat_map(|lost| lost.actions.iter().map(String::as_str));
    unfolding.item(&inside, |inside| {
        found(&who, actions.take(ACTIONS_MAX.1), "", known, &details("one", is_open, &summary, inside))
    })
}

/// A service that is in use, of which the trail shows nothing.
fn proof((service, day): &(&str, String)) -> Html {
    html!(
        "<p class=\"warn\">{}</p>",
        spoken(
            &format!(
                "{service} was used on {day}, as service-last-accessed data say, and this trail shows no call of it."
            ),
            &format!(
                "最終アクセス情報によると {service} は {day} に利用されていますが、証跡に呼び出しがありません。"
            ),
        )
    )
}

fn rows<'l>(lost: impl Iterator<Item = &'l Lost>, own: &str, known: &Names) -> Html {
    let row = |(blind, kind): (&Blind, Kind<'_>)| {
        let (english, japanese) = blind.words();
        let count = kind.actions.len();
        let mut actions: Vec<Html> = kind.actions.iter().take(ACTIONS_MAX.1).map(|name| code(name)).collect();
        if let Some(more) = count.checked_sub(ACTIONS_MAX.1).filter(|more| *more > 0) {
            actions.push(both(
                &format!("and {more} more: `--format json` holds all"),
                &format!("ほか {more} 件（すべては `--format json` にあります）"),
            ));
        }
        vec![
            few(kind.services.iter().map(|name| code(name)).collect(), RESOURCES_MAX),
            spoken(&english, &japanese),
            few(actions, ACTIONS_MAX.0),
            few(kind.resources.iter().map(|name| known.resource(name, own)).collect(), RESOURCES_MAX),
        ]
    };
    let headings =
        [("Service", "サービス"), ("Why not", "現れない理由"), ("Actions", "アクション"), ("On", "リソース")];
    table(&headings, kinds(lost).into_iter().map(row).collect())
}
