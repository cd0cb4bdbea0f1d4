//! Root's use by day, and console sign-ins with and without MFA.

use std::cmp::Reverse;

use kagimori_id::AccountId;
use kagimori_trail::usage::{Activity, SignIns};

use super::days::{self, Days};
use super::strip::{Mark, legend, parts, strip};
use super::{Company, heading, hint, named, table, told};
use crate::show::html::{Html, html, unbroken};
use crate::show::numbers::counted;
use crate::show::numbers::thousands;

/// Rows of a chart; the others are counted.
const ROWS_MAX: usize = 25;

/// Root's use.
pub(super) fn root(company: &Company<'_>) -> Html {
    let title = ("Use of root", "root ユーザーの利用");
    let mut roots: Vec<(&AccountId, &Activity)> = company.usage.roots.iter().collect();
    if roots.is_empty() {
        let none = ("Nobody used root in this trail.", "この証跡に root の利用はありません。");
        return super::card(title, &html!("<p>{}</p>", told(none)));
    }
    roots.sort_by_key(|(id, activity)| (Reverse(activity.last), **id));
    let lines: Vec<Vec<Html>> =
        roots.iter().take(ROWS_MAX).map(|(id, activity)| root_cells(company, **id, activity)).collect();
    let headings = [
        (heading(("Account", "アカウント")), "name"),
        (company.days.axis(), "picture"),
        (heading(("Calls", "呼び出し数")), "number"),
        (heading(("Failed", "失敗")), "number"),
        (heading(("With MFA", "MFA あり")), "number"),
        (heading(("Last", "最後")), "id"),
    ];
    let body = [
        table(("Use of root by day", "root の日別の利用"), &headings, &lines),
        legend(&[
            (Mark::Use, ("used", "利用")),
            (Mark::Noise, ("only failing", "失敗のみ")),
            (Mark::Quiet, ("nothing", "なし")),
            (Mark::Hole, ("no trail", "証跡なし")),
        ]),
        rest(roots.len(), ("account", "アカウント")),
        hint((
            "Each block should be an occasion that somebody remembers.",
            "どのブロックも、誰かが覚えている作業であるはずです。",
        )),
    ]
    .into_iter()
    .collect::<Html>();
    super::dated(title, company.days, &body)
}

fn root_cells(company: &Company<'_>, id: AccountId, activity: &Activity) -> Vec<Html> {
    let window = company.usage.coverage.get(&id);
    let window =
        window.map(|covered| Days { first: days::day(covered.first), last: days::day(covered.last) });
    let mark = |day: i32| {
        let is_covered = window.is_some_and(|window| window.contains(day));
        Some(match activity.days.get(&day) {
            Some(calls) if activity.failed_days.get(&day) == Some(calls) => Mark::Noise,
            Some(_) => Mark::Use,
            None if is_covered => Mark::Quiet,
            None => Mark::Hole,
        })
    };
    vec![
        named(&company.account(id), &id.to_string()),
        strip(company.days, mark),
        thousands(activity.calls).into(),
        thousands(activity.calls.saturating_sub(activity.succeeded)).into(),
        thousands(activity.with_mfa).into(),
        unbroken(&days::date(days::day(activity.last))),
    ]
}

/// Who signed in to the console.
struct Signer<'a> {
    name: String,
    account: String,
    sums: &'a SignIns,
}

/// Console sign-ins.
pub(super) fn sign_ins(company: &Company<'_>) -> Html {
    let title = ("Console sign-ins, with and without MFA", "コンソールサインイン（MFA の有無）");
    let mut signers = signers(company);
    if signers.is_empty() {
        let none = (
            "No IAM user and no root signed in to the console in this trail.",
            "この証跡に IAM ユーザーや root のコンソールサインインはありません。",
        );
        return super::card(title, &html!("<p>{}</p>", told(none)));
    }
    signers.sort_by(|a, b| {
        let key = |one: &Signer<'_>| (one.sums.without_mfa, one.sums.failed, one.sums.succeeded);
        key(b).cmp(&key(a)).then_with(|| (&a.account, &a.name).cmp(&(&b.account, &b.name)))
    });
    let all = |one: &Signer<'_>| one.sums.succeeded.saturating_add(one.sums.failed);
    let most = signers.iter().map(all).max().unwrap_or_default();
    let lines: Vec<Vec<Html>> = signers.iter().take(ROWS_MAX).map(|one| one.cells(most)).collect();
    let headings = [
        (heading(("User", "ユーザー")), "name"),
        (heading(("Sign-ins", "サインイン")), "picture"),
        (heading(("Without MFA", "MFA なし")), "number"),
        (heading(("With MFA", "MFA あり")), "number"),
        (heading(("Failed", "失敗")), "number"),
        (heading(("Last without MFA", "MFA なしの最後")), "id"),
    ];
    let body = [
        table(("Console sign-ins by user", "ユーザー別のコンソールサインイン"), &headings, &lines),
        legend(&[
            (Mark::WithoutMfa, ("without MFA", "MFA なし")),
            (Mark::WithMfa, ("with MFA", "MFA あり")),
            (Mark::Failed, ("failed", "失敗")),
        ]),
        rest(signers.len(), ("user", "ユーザー")),
    ]
    .into_iter()
    .collect::<Html>();
    super::dated(title, company.days, &body)
}

fn signers<'a>(company: &Company<'a>) -> Vec<Signer<'a>> {
    let account = |id: Option<AccountId>| id.map(|id| company.account(id)).unwrap_or_default();
    let told = company.usage.sign_ins.iter().map(|(arn, sums)| {
        let name = if arn.resource() == "root" { "root" } else { arn.name() };
        Signer { name: name.to_owned(), account: account(arn.account()), sums }
    });
    let unnamed = company.usage.unnamed_sign_ins.iter();
    let unnamed =
        unnamed.map(|((id, name), sums)| Signer { name: name.clone(), account: account(Some(*id)), sums });
    told.chain(unnamed).collect()
}

impl Signer<'_> {
    fn cells(&self, most: u64) -> Vec<Html> {
        let sums = self.sums;
        let with = sums.succeeded.saturating_sub(sums.without_mfa);
        vec![
            named(&self.name, &self.account),
            parts(
                &[(sums.without_mfa, Mark::WithoutMfa), (with, Mark::WithMfa), (sums.failed, Mark::Failed)],
                most,
            ),
            strong(sums.without_mfa),
            thousands(with).into(),
            thousands(sums.failed).into(),
            sums.last_without_mfa.map_or_else(Html::default, |at| unbroken(&days::date(days::day(at)))),
        ]
    }
}

/// A count that should be zero.
fn strong(count: u64) -> Html {
    if count == 0 { "0".into() } else { html!("<b class=\"no-good\">{}</b>", thousands(count)) }
}

fn rest(all: usize, what: (&str, &str)) -> Html {
    let rest = all.saturating_sub(ROWS_MAX);
    if rest == 0 {
        return Html::default();
    }
    hint((
        &format!("Not drawn: {}.", counted(rest, &format!("more {}", what.0))),
        &format!("ほかの {rest} {}は省略しています。", what.1),
    ))
}
