//! What is concluded of a credential.

use serde::Serialize;

use crate::class::{Class, Classes};
use crate::workload::Workload;

/// How sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "two, and what is not told has neither")]
pub enum Certainty {
    /// The most probable; somebody should say yes.
    Likely,
    /// AWS or the platform says so.
    Certain,
}

/// What stands behind a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "each has its own road")]
pub enum Home {
    /// One home.
    One(Class, Certainty),
    /// Several workloads: they get keys or roles of their own first.
    Shared,
    /// Nothing that works: it is retired, not migrated.
    Noise(Noise),
    /// It cannot be told.
    Unknown(Untold),
}

/// Why there is nothing to migrate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "each has its own words")]
pub enum Noise {
    /// Every call was refused.
    Refused,
    /// It asks who it is, or lists the same thing again and again.
    Probes,
    /// AWS knows of no use, ever.
    NeverUsed,
}

/// Why it cannot be told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "each has its own question")]
pub enum Untold {
    /// The trail shows no call, and does not say that there was none.
    NoCalls,
    /// Nothing that worked is seen, and the trail does not show all that it may do.
    Blind,
    /// All that is seen may be an intruder's.
    Suspected,
    /// Its calls tell nothing of where they come from.
    NotTold,
    /// They leave several homes.
    Several(Classes),
    /// They contradict each other, or an answer that was given.
    Contradiction,
}

/// What is concluded of a credential, and from what.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Judged {
    /// What.
    pub home: Home,
    /// What else it may be.
    pub also: Classes,
    /// The workloads, the busiest first; `None` stands for those whose home is not told.
    pub workloads: Vec<(Option<Class>, Workload)>,
    /// Calls that are no work: refused ones of clients that never got through.
    pub refused: u64,
    /// Calls of clients that only ask who they are.
    pub probes: u64,
    /// Calls that may be an intruder's.
    pub suspected: u64,
    /// All calls.
    pub calls: u64,
}

impl Home {
    /// Its name in outputs.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::One(class, _) => class.as_str(),
            Self::Shared => "shared",
            Self::Noise(_) => "noise",
            Self::Unknown(_) => "unknown",
        }
    }

    /// The class, where there is one.
    pub fn class(&self) -> Option<Class> {
        match self {
            Self::One(class, _) => Some(*class),
            _ => None,
        }
    }

    /// How sure it is, where there is a class.
    pub fn certainty(&self) -> Option<Certainty> {
        match self {
            Self::One(_, certainty) => Some(*certainty),
            _ => None,
        }
    }

    /// In English and in Japanese.
    pub fn words(&self) -> (String, String) {
        let both = |(english, japanese): (&str, &str)| (english.to_owned(), japanese.to_owned());
        match self {
            Self::One(class, _) => both(class.words()),
            Self::Shared => both(("several workloads share it", "複数のワークロードが共有しています")),
            Self::Noise(why) => both(why.words()),
            Self::Unknown(why) => why.words(),
        }
    }
}

impl Certainty {
    /// In English and in Japanese.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Likely => ("likely", "可能性が高い"),
            Self::Certain => ("certain", "確実"),
        }
    }
}

impl Noise {
    /// In English and in Japanese.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Refused => (
                "every call is refused: nothing works with it",
                "すべての呼び出しが拒否されており、使われていません",
            ),
            Self::Probes => (
                "it only asks who it is or lists the same again",
                "本人確認や同じ一覧の取得だけで、実際の処理はありません",
            ),
            Self::NeverUsed => ("AWS knows of no use, ever", "AWS の記録では一度も使われていません"),
        }
    }
}

impl Untold {
    /// In English and in Japanese.
    pub fn words(&self) -> (String, String) {
        let list = |classes: &Classes, place: fn((&'static str, &'static str)) -> &'static str, between| {
            classes.iter().map(|class| place(class.words())).collect::<Vec<_>>().join(between)
        };
        let both = |english: &str, japanese: &str| (english.to_owned(), japanese.to_owned());
        match self {
            Self::NoCalls => both("the trail shows no call of it", "証跡に呼び出しがありません"),
            Self::Blind => both(
                "nothing that worked is seen, and the trail does not show all that it may do",
                "成功した呼び出しが見当たりませんが、証跡に残らない操作が許可されています",
            ),
            Self::Suspected => both(
                "all that is seen of it may be an intruder's: look at `kagimori trail key`",
                "見えている呼び出しはすべて不審です。`kagimori trail key` で確認してください",
            ),
            Self::NotTold => {
                both("its calls do not tell where they come from", "呼び出しからは実行場所が分かりません")
            }
            Self::Several(classes) => (
                format!("its calls leave open: {}", list(classes, |words| words.0, ", or ")),
                format!("次のいずれかです：{}", list(classes, |words| words.1, "、")),
            ),
            Self::Contradiction => both(
                "its calls contradict each other about where they come from",
                "実行場所についての根拠が互いに矛盾しています",
            ),
        }
    }

    /// Its name in outputs.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::NoCalls => "no-calls",
            Self::Blind => "blind",
            Self::Suspected => "suspected",
            Self::NotTold => "not-told",
            Self::Several(_) => "several",
            Self::Contradiction => "contradiction",
        }
    }
}
