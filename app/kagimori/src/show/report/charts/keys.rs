//! Who still uses long-term access keys: one row a key, what deserves a look first.

use std::cmp::Reverse;

use kagimori_plan::review::{CredentialRow, KeyCells};
use kagimori_trail::classify::UseClass;
use kagimori_trail::usage::Activity;

use super::days::{self, Days};
use super::strip::{Mark, legend, strip};
use super::{Company, heading, hint, table, told};
use crate::show::html::{Html, both, code, html, unbroken};
use crate::show::numbers::counted;
use crate::show::numbers::thousands;

/// Keys that have a row; the others are counted.
const ROWS_MAX: usize = 40;

/// An active key with what it did.
struct Row<'a> {
    user: &'a CredentialRow,
    key: &'a KeyCells,
    activity: Option<&'a Activity>,
    class: Option<UseClass>,
    age: Option<i64>,
}

/// The chart.
pub(super) fn card(company: &Company<'_>) -> Html {
    let title = ("Who still uses long-term access keys", "長期アクセスキーを今も使っているのは誰か");
    let mut rows: Vec<Row<'_>> =
        company.input.review.credentials.iter().filter_map(|row| Row::of(company, row)).collect();
    if rows.is_empty() {
        let none = ("No access key is active.", "有効なアクセスキーはありません。");
        return super::card(title, &html!("<p>{}</p>", told(none)));
    }
    rows.sort_by_key(Row::order);
    let lines: Vec<Vec<Html>> = rows.iter().take(ROWS_MAX).map(|row| row.cells(company)).collect();
    let headings = [
        (heading(("User and key", "ユーザーとキー")), "name"),
        (company.days.axis(), "picture"),
        (heading(("Use", "利用区分")), ""),
        (heading(("Real use (days)", "実利用日数")), "number"),
        (heading(("Last success", "最後の成功")), "id"),
        (heading(("Age (days)", "経過日数")), "number"),
    ];
    let caption = ("Active access keys by day", "有効なアクセスキーの日別の利用");
    let body = [
        table(caption, &headings, &lines),
        legend(&[
            (Mark::Use, ("used", "利用")),
            (Mark::Noise, ("only failing or empty polling", "失敗または空のポーリングのみ")),
            (Mark::Quiet, ("nothing", "なし")),
            (Mark::Hole, ("no trail of the account, nothing is known", "アカウントの証跡なし（不明）")),
        ]),
        rest(&rows),
        hint((
            "Root and administrators come first, then the older keys. A row without blocks is a key to retire; one of low blocks alone \
             has a fresh \"last used\" and nothing comes of it; one whose blocks end was replaced or forgotten.",
            "root と管理者が先で、その後は古い順です。ブロックのない行は廃止の候補です。低いブロックだけの行は「最終使用」が新しく見えても成果が\
             なく、途中で途切れた行は置き換えられたか忘れられたキーです。",
        )),
    ]
    .into_iter()
    .collect::<Html>();
    super::dated(title, company.days, &body)
}

impl<'a> Row<'a> {
    fn of(company: &Company<'a>, user: &'a CredentialRow) -> Option<Self> {
        let key = user.key.as_ref().filter(|key| key.active == Some(true))?;
        let activity = key.id.as_ref().and_then(|id| company.usage.keys.get(id)).map(|usage| &usage.activity);
        let class = key.usage.as_ref().map(|usage| usage.class);
        let now = company.input.review.now;
        let age = key.created.map(|made| (now.as_second() - made.as_second()).div_euclid(86_400));
        Some(Self { user, key, activity, class, age })
    }

    fn is_root(&self) -> bool {
        self.user.arn.resource() == "root"
    }

    /// What deserves a look first: root, administrators, then the older.
    fn order(&self) -> (bool, bool, Reverse<Option<i64>>, &'a str, Option<&'a str>) {
        let is_administrator = self.user.privileged == Some(true);
        let id = self.key.id.as_ref().map(|id| id.as_str());
        (!self.is_root(), !is_administrator, Reverse(self.age), &self.user.user, id)
    }

    fn cells(&self, company: &Company<'_>) -> Vec<Html> {
        let window = company.usage.coverage.get(&self.user.account);
        let window =
            window.map(|covered| Days { first: days::day(covered.first), last: days::day(covered.last) });
        let made = self.key.created.map_or(i32::MIN, days::day);
        let mark = |day: i32| self.mark(day).or_else(|| quiet(day, window, made));
        vec![
            self.name(company),
            strip(company.days, mark),
            class(self.class),
            thousands(self.days_used(company.days)).into(),
            self.last_success(),
            self.age.map_or_else(|| "?".to_owned(), |age| thousands(age.unsigned_abs())).into(),
        ]
    }

    fn name(&self, company: &Company<'_>) -> Html {
        let administrator = if self.user.privileged == Some(true) || self.is_root() {
            html!(" <span class=\"chip no-good\">{}</span>", both("administrator", "管理者"))
        } else {
            Html::default()
        };
        // The key first: of a long account name the end is cut off.
        let id = self.key.id.as_ref().map_or_else(Html::default, |id| html!("{} · ", code(id.as_str())));
        html!(
            "{}{}<br><span class=\"soft of\">{}{}</span>",
            self.user.user,
            administrator,
            id,
            company.account(self.user.account)
        )
    }

    /// What the key did on a day, if anything.
    fn mark(&self, day: i32) -> Option<Mark> {
        let activity = self.activity?;
        let calls = activity.days.get(&day)?;
        let is_noise = self.class == Some(UseClass::Noise) || activity.failed_days.get(&day) == Some(calls);
        Some(if is_noise { Mark::Noise } else { Mark::Use })
    }

    fn days_used(&self, days: Days) -> u64 {
        days.all().filter(|day| self.mark(*day) == Some(Mark::Use)).count() as u64
    }

    fn last_success(&self) -> Html {
        let never = || told(("never seen", "観測なし"));
        let Some(activity) = self.activity else { return never() };
        activity
            .last_success
            .map_or_else(|| told(("none succeeded", "成功なし")), |at| unbroken(&days::date(days::day(at))))
    }
}

/// A day without calls; `None` before the key was made.
fn quiet(day: i32, window: Option<Days>, made: i32) -> Option<Mark> {
    let is_covered = window.is_some_and(|window| window.contains(day));
    (day >= made).then_some(if is_covered { Mark::Quiet } else { Mark::Hole })
}

fn class(class: Option<UseClass>) -> Html {
    let (style, english, japanese) = match class {
        Some(UseClass::Active) => ("active", "active", "利用中"),
        Some(UseClass::Shared) => ("shared", "shared", "共有"),
        Some(UseClass::Rare) => ("rare", "rare", "低頻度"),
        Some(UseClass::Noise) => ("noise", "only noise", "ノイズのみ"),
        None => ("unseen", "never seen", "観測なし"),
    };
    html!("<span class=\"chip {}\">{}</span>", style, both(english, japanese))
}

/// The keys without a row, by what they do.
fn rest(rows: &[Row<'_>]) -> Html {
    let rest = rows.get(ROWS_MAX..).unwrap_or_default();
    if rest.is_empty() {
        return Html::default();
    }
    let count = |is: &dyn Fn(Option<UseClass>) -> bool| rest.iter().filter(|row| is(row.class)).count();
    let noise = count(&|class| class == Some(UseClass::Noise));
    let unseen = count(&|class| class.is_none());
    let (all, used) = (rest.len(), rest.len().saturating_sub(noise).saturating_sub(unseen));
    hint((
        &format!(
            "Not drawn: {}, of which {used} in use, {noise} only noise, {unseen} never seen. The tab Users and keys lists all.",
            counted(all, "more key")
        ),
        &format!(
            "ほかの {all} 個のキーは省略しています（利用中 {used}、ノイズのみ {noise}、観測なし {unseen}）。全件は「ユーザーとキー」タブにあります。"
        ),
    ))
}
