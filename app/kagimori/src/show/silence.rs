//! The days on which a trail is silent of an account, in the words of both languages: what was done then is not known.

use std::collections::BTreeMap;

use kagimori_id::AccountId;
use kagimori_trail::sight::{Part, Sight, Silence, days_of};
use serde::Serialize;

use crate::company::Window;

use super::html::{Html, both, html};
use super::numbers::{counted, day};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// What stands above them.
pub(crate) const HEADING: (&str, &str) = (
    "The trail is silent: what was done on these days is not known, and does not count as not done",
    "証跡に空白があります。この期間の操作は分からず、「利用なし」とはみなしません",
);

/// By account.
pub(crate) type Silent = BTreeMap<AccountId, Vec<Silence>>;

/// The silences of some accounts in a window.
pub(crate) fn of(sight: &Sight, accounts: impl IntoIterator<Item = AccountId>, window: Window) -> Silent {
    let silences =
        accounts.into_iter().map(|account| (account, sight.silences(account, window.from, window.until)));
    silences.filter(|(_, silences)| !silences.is_empty()).collect()
}

/// One line each, in English and in Japanese.
pub(crate) fn lines(silent: &Silent) -> Vec<(String, String)> {
    let line = |(account, silence): (AccountId, &Silence)| {
        let (first, last) = dates(silence);
        let days = silence.days();
        if silence.is_unread {
            return (
                format!(
                    "{account}: what was given of {first} to {last} could not all be read ({})",
                    counted(days, "day")
                ),
                format!(
                    "{account}：{first} から {last} まで（{days} 日間）の証跡に、読み取れなかったものがあります"
                ),
            );
        }
        let (what, ja) = part(&silence.part);
        (
            format!("{account}: no {what} from {first} to {last} ({})", counted(days, "day")),
            format!("{account}：{first} から {last} まで（{days} 日間）{ja}なし"),
        )
    };
    each(silent).map(line).collect()
}

/// Of what there is no event.
fn part(part: &Part) -> (String, String) {
    match part {
        Part::All => ("event".to_owned(), "イベント".to_owned()),
        Part::Region(region) => (format!("event of {region}"), format!("{region} のイベント")),
        Part::Management => ("management event".to_owned(), "管理イベント".to_owned()),
        Part::Writes => ("management event that writes".to_owned(), "書き込みの管理イベント".to_owned()),
    }
}

/// The same as a list of a page.
pub(crate) fn html(silent: &Silent) -> Html {
    let items: Html = lines(silent).iter().map(|(en, ja)| html!("<li>{}</li>", both(en, ja))).collect();
    html!("<ul>{}</ul>", items)
}

/// The longest that one account is silent, in days.
pub(crate) fn most_days(silent: &Silent) -> i64 {
    silent.values().map(|silences| days_of(silences)).max().unwrap_or_default()
}

/// A silence, for programs.
#[derive(Serialize)]
pub(crate) struct SilentOutput {
    account: String,
    from: String,
    to: String,
    days: i64,
    /// Of what there was none; absent: of anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<String>,
}

/// All of them, for programs.
pub(crate) fn json(silent: &Silent) -> Vec<SilentOutput> {
    let output = |(account, silence): (AccountId, &Silence)| {
        let (from, to) = dates(silence);
        let of = (silence.part != Part::All).then(|| part(&silence.part).0);
        SilentOutput { account: account.to_string(), from, to, days: silence.days(), of }
    };
    each(silent).map(output).collect()
}

fn each(silent: &Silent) -> impl Iterator<Item = (AccountId, &Silence)> {
    silent.iter().flat_map(|(account, silences)| silences.iter().map(|silence| (*account, silence)))
}

fn dates(silence: &Silence) -> (String, String) {
    (day(silence.first.saturating_mul(DAY)), day(silence.last.saturating_mul(DAY)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_told() {
        let account = AccountId::parse("111122223333").unwrap();
        let silent = Silent::from([(
            account,
            vec![Silence { first: 20_513, last: 20_515, is_unread: false, part: Part::All }],
        )]);
        let (english, japanese) = lines(&silent).remove(0);
        assert_eq!(english, "111122223333: no event from 2026-03-01 to 2026-03-03 (3 days)");
        assert!(japanese.contains("3 日間"));
        assert_eq!(most_days(&silent), 3);
    }
}
