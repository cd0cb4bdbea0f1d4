//! What of a trail could not be read: of whom, and of which day, as its file's name tells.

use jiff::civil::Date;
use kagimori_estate::model::Problem;
use kagimori_id::AccountId;
use kagimori_trail::sight::Sight;

/// Tells a sight what of a trail could not be read.
pub fn tell(sight: &mut Sight, problems: &[Problem]) {
    for (account, days) in unread(problems) {
        match days {
            Some((first, last)) => (first..=last).for_each(|day| sight.tell_unread(account, Some(day))),
            None => sight.tell_unread(account, None),
        }
    }
}

/// Whose, and of which days since 1970-01-01, first and last; `None`: nobody knows.
pub(crate) type Unread = (Option<AccountId>, Option<(i64, i64)>);

/// What could not be read.
pub(crate) fn unread(problems: &[Problem]) -> impl Iterator<Item = Unread> {
    problems.iter().filter(|problem| is_unread(problem)).map(|one| of(&one.file))
}

/// Digest files are no part of a trail, and events that contradict each other are there.
fn is_unread(problem: &Problem) -> bool {
    !problem.file.contains("_CloudTrail-Digest_") && problem.file != crate::files::ALL_OF_IT
}

/// `111122223333_CloudTrail_ap-northeast-1_20261101T0005Z_abc.json.gz` (*CloudTrail log file name format*): whose, and the days of its
/// events. A file is delivered some minutes after what it tells.
fn of(file: &str) -> Unread {
    let name = file.rsplit(['/', '\\']).next().unwrap_or_default();
    let Some((account, rest)) = name.split_once("_CloudTrail_") else { return (None, None) };
    let account = AccountId::parse(account).ok();
    let day =
        rest.split('_').nth(1).and_then(|at| at.get(..8)).and_then(|day| Date::strptime("%Y%m%d", day).ok());
    let number = day.and_then(|day| (day - Date::constant(1970, 1, 1)).total((jiff::Unit::Day, day)).ok());
    let number = number.map(|number| number as i64);
    (account, number.map(|number| (number.saturating_sub(1), number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_whose_it_is_and_when() {
        let account = AccountId::parse("111122223333").ok();
        let path = "trail/AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/01/111122223333_CloudTrail_us-east-1_20260301T0005Z_x.json.gz";
        assert_eq!(of(path), (account, Some((20_512, 20_513))));
        assert_eq!(of("trail/111122223333_CloudTrail_us-east-1_x.json"), (account, None));
        assert_eq!(of("trail/events.json"), (None, None));
    }
}
