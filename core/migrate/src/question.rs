//! What to ask when the evidence does not tell: with what is seen, so that whoever is asked can remember.

use crate::class::Classes;
use crate::judged::{Home, Judged, Untold};
use crate::workload::Workload;

/// Addresses and actions that a question names.
const NAMES_MAX: usize = 3;

/// The question that would settle it, in English and in Japanese; `None`: nothing is open.
pub fn question(judged: &Judged) -> Option<(String, String)> {
    match &judged.home {
        Home::Noise(_) => None,
        Home::One(..) if judged.also.is_empty() => None,
        Home::One(class, _) => {
            let (english, japanese) = class.words();
            let (also, also_japanese) = listed(judged.also);
            Some((
                format!("is it {english}? it may also be {also}"),
                format!("{japanese}で正しいですか。{also_japanese}の可能性もあります"),
            ))
        }
        Home::Shared => {
            let all: Vec<(String, String)> =
                judged.workloads.iter().map(|(_, workload)| seen(workload)).collect();
            let part =
                |place: fn(&(String, String)) -> &String| all.iter().map(place).cloned().collect::<Vec<_>>();
            Some((
                format!("which programs or people use it? seen: {}", part(|both| &both.0).join("; and: ")),
                format!(
                    "どのプログラムまたは人が使っていますか。確認できたもの：{}",
                    part(|both| &both.1).join("、および ")
                ),
            ))
        }
        Home::Unknown(untold) => Some(open(untold, judged)),
    }
}

fn open(untold: &Untold, judged: &Judged) -> (String, String) {
    let seen = judged.workloads.first().map(|(_, workload)| seen(workload));
    match (untold, seen) {
        (Untold::NoCalls | Untold::Blind, _) => (
            "is it in use, where, and by which program? the trail does not tell".to_owned(),
            "使われていますか。使っている場合は、どこで、どのプログラムが使っていますか。証跡からは分かりません".to_owned(),
        ),
        (Untold::Suspected, _) => (
            "are these calls yours? if not, the key leaked".to_owned(),
            "これらの呼び出しに心当たりはありますか。なければキーが漏えいしています".to_owned(),
        ),
        (Untold::Several(classes), Some((english, japanese))) => {
            let (names, names_japanese) = listed(*classes);
            (
                format!("is this {names}? seen: {english}"),
                format!("{names_japanese}のどれですか。確認できたもの：{japanese}"),
            )
        }
        (_, Some((english, japanese))) => (
            format!("what runs there, and where? seen: {english}"),
            format!("どこで何が動いていますか。確認できたもの：{japanese}"),
        ),
        (_, None) => ("what is it for?".to_owned(), "用途は何ですか".to_owned()),
    }
}

/// Classes as a choice.
fn listed(classes: Classes) -> (String, String) {
    let words = |place: fn((&'static str, &'static str)) -> &'static str| {
        classes.iter().map(|class| place(class.words())).collect::<Vec<_>>()
    };
    (words(|both| both.0).join(", or "), words(|both| both.1).join("、"))
}

/// What is seen of a workload: from where, with what, doing what.
fn seen(workload: &Workload) -> (String, String) {
    let tally = &workload.tally;
    let addresses: Vec<&str> = tally.addresses.iter().take(NAMES_MAX).map(|address| &**address).collect();
    let more = tally.addresses.len().saturating_sub(NAMES_MAX);
    let mut actions: Vec<(&str, u64)> =
        tally.actions.iter().map(|(action, (worked, _))| (&**action, *worked)).collect();
    actions.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let actions: Vec<&str> = actions.iter().take(NAMES_MAX).map(|(action, _)| *action).collect();
    let agent = workload.agents.iter().next().map_or("", |agent| agent.split(' ').next().unwrap_or_default());
    let agent = if agent.is_empty() { "no user agent" } else { agent };
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    let rest_japanese = if more > 0 { format!("ほか {more} 件") } else { String::new() };
    (
        format!("{agent} from {}{rest} ({})", addresses.join(", "), actions.join(", ")),
        format!("{}{rest_japanese} からの {agent}（{}）", addresses.join("、"), actions.join("、")),
    )
}
