//! What the trail covers: calls by day over all accounts, and each account's days, holes first.

use std::collections::{BTreeMap, BTreeSet};

use kagimori_id::AccountId;
use kagimori_plan::review::AccountState;
use kagimori_trail::Usage;
use kagimori_trail::sorted::Sorted;
use kagimori_trail::usage::{Activity, Coverage};

use super::days::{self, Days, ranges};
use super::strip::{Mark, bars, legend};
use super::{Company, heading, hint, named, table, told};
use crate::show::html::{Html, both, html, unbroken};
use crate::show::numbers::counted;
use crate::show::numbers::thousands;

/// Accounts that have a row; of the others it is told how many there are.
const ROWS_MAX: usize = 30;
/// Ranges of days without events that are written out.
const RANGES_MAX: usize = 3;

/// Calls of an account's users, roles and root by day.
#[derive(Default)]
struct Calls {
    all: BTreeMap<i32, u64>,
    failed: BTreeMap<i32, u64>,
}

impl Calls {
    fn add(&mut self, activity: &Activity) {
        let add = |sums: &mut BTreeMap<i32, u64>, days: &Sorted<i32, u32>| {
            for (day, calls) in days {
                let sum = sums.entry(*day).or_default();
                *sum = sum.saturating_add(u64::from(*calls));
            }
        };
        add(&mut self.all, &activity.days);
        add(&mut self.failed, &activity.failed_days);
    }
}

/// One account.
struct Row<'a> {
    id: AccountId,
    covered: Option<&'a Coverage>,
    calls: Calls,
    holes: Holes,
}

/// The days of an account without events.
#[derive(Clone, Copy, Default)]
struct Holes {
    /// From its first event to its last.
    window: Option<Days>,
    /// How many of these days have no event at all.
    missing: u64,
    /// Whether each day without a call of its own is one of them; otherwise such a day has none of them.
    is_every_quiet_day: bool,
    /// Some are and some are not, and the trail's sums do not tell which.
    is_open: bool,
}

impl Holes {
    /// `days`: those with a call of the account's own. On others there may be events all the same, of AWS services or of
    /// callers from elsewhere; the count of days with events tells whether there are.
    fn of(covered: &Coverage, calls: &BTreeMap<i32, u64>) -> Self {
        let window = Days { first: days::day(covered.first), last: days::day(covered.last) };
        let length = u64::try_from(window.count()).unwrap_or_default();
        let own = calls.keys().filter(|day| window.contains(**day)).count() as u64;
        let (missing, quiet) = (length.saturating_sub(u64::from(covered.days)), length.saturating_sub(own));
        let is_every_quiet_day = missing >= quiet;
        Self {
            window: Some(window),
            missing,
            is_every_quiet_day,
            is_open: missing > 0 && !is_every_quiet_day,
        }
    }

    /// What a day without a call of the account's own is.
    fn mark(self, day: i32) -> Mark {
        let is_inside = self.window.is_some_and(|window| window.contains(day));
        if is_inside && !self.is_every_quiet_day { Mark::Quiet } else { Mark::Hole }
    }
}

/// The chart.
pub(super) fn card(company: &Company<'_>) -> Html {
    let mut rows = rows(company);
    rows.sort_by_key(|row| {
        let is_without = row.covered.is_none();
        (
            !is_without,
            !row.ends_early(company.days),
            std::cmp::Reverse(row.holes.missing),
            std::cmp::Reverse(row.events()),
            row.id,
        )
    });
    let mut lines = vec![total(company, &rows), failed(company, &rows)];
    lines.extend(rows.iter().take(ROWS_MAX).map(|row| row.cells(company)));
    let headings = [
        (heading(("Account", "アカウント")), "name"),
        (company.days.axis(), "picture"),
        (heading(("Events", "イベント数")), "number"),
        (heading(("Days", "日数")), "number"),
        (heading(("Data events", "データイベント")), ""),
        (heading(("Holes", "欠落")), "text"),
    ];
    let caption = ("What the trail covers, by account and day", "証跡の対象範囲（アカウント別・日別）");
    let body = [
        table(caption, &headings, &lines),
        legend(&[
            (Mark::Use, ("calls of users, roles and root", "ユーザー・ロール・root の呼び出し")),
            (Mark::Quiet, ("events, but no such call", "イベントはあるが該当の呼び出しなし")),
            (Mark::Hole, ("no event at all", "イベントなし")),
        ]),
        rest(&rows),
        hint((
            "A bar is one day (UTC). Each row has its own scale, so that a fall shows in small accounts too. A day without any event is \
             more often a hole in what was collected than a quiet day: fill it before relying on \"never used\".",
            "棒 1 本が 1 日（UTC）です。縮尺は行ごとに異なるため、小さなアカウントの減少も見えます。イベントが 1 件もない日は、静かな日\
             よりも収集漏れであることが多いため、「未使用」と判断する前に補ってください。",
        )),
    ]
    .into_iter()
    .collect::<Html>();
    super::dated(("What the trail covers", "証跡の対象範囲"), company.days, &body)
}

fn rows<'a>(company: &Company<'a>) -> Vec<Row<'a>> {
    let mut calls = by_account(company.usage);
    let reviewed = company.input.review.accounts.iter();
    let reviewed = reviewed.filter(|row| matches!(row.state, AccountState::Ok | AccountState::Partial));
    let ids: BTreeSet<AccountId> =
        company.usage.coverage.keys().copied().chain(reviewed.map(|row| row.id)).collect();
    let row = |id: AccountId| {
        let calls = calls.remove(&id).unwrap_or_default();
        let covered = company.usage.coverage.get(&id);
        let holes = covered.map(|covered| Holes::of(covered, &calls.all)).unwrap_or_default();
        Row { id, covered, calls, holes }
    };
    ids.into_iter().map(row).collect()
}

fn by_account(usage: &Usage) -> BTreeMap<AccountId, Calls> {
    let mut calls: BTreeMap<AccountId, Calls> = BTreeMap::new();
    let named = usage.users.iter().chain(&usage.roles);
    let named = named.filter_map(|(arn, activity)| Some((arn.account()?, activity)));
    let roots = usage.roots.iter().map(|(account, activity)| (*account, activity));
    for (account, activity) in named.chain(roots) {
        calls.entry(account).or_default().add(activity);
    }
    calls
}

impl Row<'_> {
    fn events(&self) -> u64 {
        self.covered.map_or(0, |covered| covered.events)
    }

    /// Whether its trail ends some days before that of the others.
    fn ends_early(&self, days: Days) -> bool {
        self.holes.window.is_some_and(|window| window.last.saturating_add(1) < days.last)
    }

    fn cells(&self, company: &Company<'_>) -> Vec<Html> {
        let calls = |day: i32| self.calls.all.get(&day).copied().unwrap_or_default();
        let length = self.holes.window.map_or(0, Days::count);
        vec![
            named(&company.account(self.id), &self.id.to_string()),
            bars(company.days, "use", calls, |day| Some(self.holes.mark(day))),
            thousands(self.events()).into(),
            self.covered.map_or_else(Html::default, |covered| format!("{} / {length}", covered.days).into()),
            self.covered.map_or_else(Html::default, |covered| {
                if covered.data_events { both("yes", "あり") } else { both("no", "なし") }
            }),
            self.remarks(company.days),
        ]
    }

    /// What is missing, in words.
    fn remarks(&self, days: Days) -> Html {
        let Some(window) = self.holes.window else {
            return warning(("no event of this account", "このアカウントのイベントなし"));
        };
        let mut remarks = Vec::new();
        if self.holes.missing > 0 {
            let count = self.holes.missing;
            remarks.push(warning((
                &format!("{} without events", counted(count, "day")),
                &format!("イベントのない日 {count} 日"),
            )));
        }
        if self.holes.missing > 0 && !self.holes.is_open {
            remarks.push(self.missing(days));
        }
        if self.ends_early(days) {
            let last = days::date(window.last);
            remarks.push(warning((&format!("ends on {last}"), &format!("{last} まで"))));
        }
        if window.first > days.first.saturating_add(1) {
            let first = days::date(window.first);
            remarks.push(told((&format!("begins on {first}"), &format!("{first} から"))));
        }
        remarks.retain(|remark| !remark.is_empty());
        if remarks.is_empty() { told(("none", "なし")) } else { Html::join(remarks, "<br>") }
    }

    /// `2026-09-12`, `2026-09-20 – 2026-09-22`
    fn missing(&self, days: Days) -> Html {
        let inside = |day: &i32| self.holes.window.is_some_and(|window| window.contains(*day));
        let missing: Vec<i32> =
            days.all().filter(inside).filter(|day| !self.calls.all.contains_key(day)).collect();
        Html::join(ranges(&missing, RANGES_MAX).iter().map(|range| unbroken(range)), ", ")
    }
}

fn warning(words: (&str, &str)) -> Html {
    html!("<span class=\"no-good\">{}</span>", both(words.0, words.1))
}

/// Calls of everybody by day.
fn total(company: &Company<'_>, rows: &[Row<'_>]) -> Vec<Html> {
    let sum = |day: i32| sum(rows, day, |calls| &calls.all);
    let covered = |day: i32| {
        let is_covered = |row: &Row<'_>| row.holes.mark(day) == Mark::Quiet;
        Some(if rows.iter().any(is_covered) { Mark::Quiet } else { Mark::Hole })
    };
    let most = company.days.all().map(sum).max().unwrap_or_default();
    let events = rows.iter().map(Row::events).fold(0, u64::saturating_add);
    summed(
        &both("All calls", "すべての呼び出し"),
        (&format!("at most {} a day", thousands(most)), &format!("1 日最大 {} 件", thousands(most))),
        bars(company.days, "use", sum, covered),
        thousands(events),
    )
}

/// Failed calls of everybody by day.
fn failed(company: &Company<'_>, rows: &[Row<'_>]) -> Vec<Html> {
    let sum = |day: i32| sum(rows, day, |calls| &calls.failed);
    let most = company.days.all().map(sum).max().unwrap_or_default();
    summed(
        &both("Refused or failed", "拒否または失敗"),
        (&format!("at most {} a day", thousands(most)), &format!("1 日最大 {} 件", thousands(most))),
        bars(company.days, "noise", sum, |_| None),
        thousands(company.days.all().map(sum).fold(0, u64::saturating_add)),
    )
}

fn summed(name: &Html, most: (&str, &str), picture: Html, events: String) -> Vec<Html> {
    let name = html!("<b>{}</b><br><span class=\"soft\">{}</span>", name, both(most.0, most.1));
    vec![name, picture, events.into(), Html::default(), Html::default(), Html::default()]
}

fn sum(rows: &[Row<'_>], day: i32, of: impl Fn(&Calls) -> &BTreeMap<i32, u64>) -> u64 {
    rows.iter().filter_map(|row| of(&row.calls).get(&day)).copied().fold(0, u64::saturating_add)
}

/// The accounts without a row.
fn rest(rows: &[Row<'_>]) -> Html {
    let rest = rows.get(ROWS_MAX..).unwrap_or_default();
    if rest.is_empty() {
        return Html::default();
    }
    let (count, holes) = (rest.len(), rest.iter().filter(|row| row.holes.missing > 0).count());
    hint((
        &format!(
            "Not drawn: {}, {holes} of them with days without events. The tab Accounts lists all.",
            counted(count, "more account")
        ),
        &format!(
            "ほかの {count} アカウントは省略しています（うちイベントのない日があるもの {holes}）。全件は「アカウント」タブにあります。"
        ),
    ))
}
