//! A box to search what a page lists, with a choice of account and of state. The script of the page makes it work; without scripts
//! it stays hidden.

use std::collections::BTreeSet;

use kagimori_id::{AccountId, Arn};

use super::html::{Html, both, html};
use super::names::Names;

/// The box. `states`: their names in the markup, and their words.
pub(crate) fn filters(
    accounts: &BTreeSet<AccountId>,
    states: &[(&str, (&str, &str))],
    names: &Names,
) -> Html {
    let option = |value: &str, english: &str, japanese: &str| {
        html!(
            "<option value=\"{}\" data-say-en=\"{}\" data-say-ja=\"{}\">{}</option>",
            value,
            english,
            japanese,
            english
        )
    };
    let select = |name: &str, label: &str, options: Html| {
        html!("<select name=\"{}\" aria-label=\"{}\">{}</select>", name, label, options)
    };
    let all = option("", "All accounts", "すべてのアカウント");
    let each = accounts.iter().map(|id| {
        let name = names.account_with_id(*id);
        option(&id.to_string(), &name, &name)
    });
    let accounts = select("account", "account", std::iter::once(all).chain(each).collect());
    let states = if states.is_empty() {
        Html::default()
    } else {
        let all = option("", "All states", "すべての状態");
        let each = states.iter().map(|(value, (english, japanese))| option(value, english, japanese));
        select("state", "state", std::iter::once(all).chain(each).collect())
    };
    html!(
        "<div class=\"filters\" hidden><input type=\"search\" name=\"search\" data-say-en=\"Search a name, an account, an action…\" data-say-ja=\"名前・アカウント・アクションで検索…\">{}{}<button type=\"button\" class=\"more\" name=\"open\">{}</button><button type=\"button\" class=\"more\" name=\"close\">{}</button><span class=\"shown\"></span></div>",
        accounts,
        states,
        both("Unfold all", "すべて開く"),
        both("Fold all", "すべて閉じる"),
    )
}

/// Something that the box finds: by the words of whom it is about and what is about it.
pub(crate) fn found<'w>(
    principals: &[&str],
    about: impl IntoIterator<Item = &'w str>,
    state: &'static str,
    names: &Names,
    body: &Html,
) -> Html {
    let mut words = BTreeSet::new();
    let mut accounts = BTreeSet::new();
    for principal in principals {
        words.insert(principal.to_lowercase());
        if let Some(id) = Arn::parse(principal).ok().and_then(|arn| arn.account()) {
            accounts.insert(id.to_string());
            words.insert(names.account(id).to_lowercase());
        }
    }
    words.extend(about.into_iter().map(str::to_lowercase));
    let accounts: Vec<String> = accounts.into_iter().collect();
    let words: Vec<String> = words.into_iter().collect();
    html!(
        "<div class=\"found\" data-words=\"{}\" data-accounts=\"{}\" data-state=\"{}\">{}</div>",
        words.join(" "),
        accounts.join(" "),
        state,
        body
    )
}
