//! Words for values: how a request stands, what an entry of the log says, when something was.

use jiff::Timestamp;
use jiff::tz::Offset;
use kagimori_custody::{Ceremony, Event, Finding, Kind, Matter, Mode, Outcome, PersonId, Request, Tier};
use maud::{Markup, html};

use crate::language::Language;

/// How something stands: a class of the style, and the words.
pub(crate) type Standing = (&'static str, &'static str);

/// How a request stands.
pub(crate) fn state(l: Language, word: &str) -> Standing {
    match word {
        "pending" => ("wait", l.of("Waiting for approval", "承認待ち")),
        "approved" => ("go", l.of("Approved", "承認済み")),
        "armed" => ("go", l.of("Being carried out", "対応中")),
        "verified" => ("go", l.of("PIN confirmed", "PIN 確認済み")),
        "closed" => ("wait", l.of("Done, to be reviewed", "完了（レビュー待ち）")),
        "denied" => ("stop", l.of("Denied", "却下")),
        "cancelled" => ("", l.of("Taken back", "取り下げ")),
        "killed" => ("stop", l.of("Stopped", "停止")),
        "expired" => ("", l.of("Expired", "期限切れ")),
        "locked" => ("stop", l.of("Locked: wrong PIN", "PIN 誤りによりロック")),
        "sealed_hold" => ("stop", l.of("Stopped by a seal", "封印により中止")),
        "rolled_back" => ("stop", l.of("Ended by a roll-back of the record", "記録の巻き戻りにより終了")),
        _ => ("", l.of("Reviewed", "レビュー済み")),
    }
}

/// The mark of it.
pub(crate) fn state_mark(l: Language, request: &Request) -> Markup {
    let (class, words) = state(l, request.word());
    html! { span.state.(class) { (words) } }
}

/// What is asked for, in a line.
pub(crate) fn matter(l: Language, matter: &Matter) -> String {
    let ceremony = |ceremony: &Ceremony| match ceremony {
        Ceremony::Enrol => l.of("Take into custody", "預け入れ"),
        Ceremony::Rotate => l.of("Replace", "交換"),
        Ceremony::Retire => l.of("Give up", "廃止"),
    };
    match matter {
        Matter::RootCode { account, .. } => l.of(
            format!("A root code for {}", account.name),
            format!("{} の root ワンタイムコード", account.name),
        ),
        Matter::Custody { seed, ceremony: which, account } => {
            let of = account.as_ref().map_or(seed.as_str(), |account| account.name.as_str());
            l.of(
                format!("{} the seed of {of}", ceremony(which)),
                format!("{of} のシードの{}", ceremony(which)),
            )
        }
        Matter::Policy { .. } => l.of("Another policy", "規則の変更").to_owned(),
        Matter::LogKey { .. } => l.of("Another key for the record", "監査記録の署名鍵の変更").to_owned(),
        Matter::Epoch { rollback } => l.of(
            format!("Go on without {} lost entries of the record", rollback.lost()),
            format!("失われた記録 {} 件を除いて運用を再開", rollback.lost()),
        ),
        Matter::Unseal {} => l.of("Open the desk again", "封印の解除").to_owned(),
        Matter::Drill { seed, .. } => l.of(format!("A drill with {seed}"), format!("{seed} による訓練")),
    }
}

/// A kind of request.
pub(crate) fn kind(l: Language, kind: Kind) -> &'static str {
    match kind {
        Kind::RootCode => l.of("root code", "root コード"),
        Kind::Custody => l.of("custody", "シードの管理"),
        Kind::Govern => l.of("policy", "規則"),
        Kind::Drill => l.of("drill", "訓練"),
        _ => "",
    }
}

/// How a code gets to whoever asked.
pub(crate) fn mode(l: Language, mode: Mode) -> &'static str {
    match mode {
        Mode::Direct => {
            l.of("direct: shown once, on the requester's own page", "直接: 申請者の画面に一度だけ表示")
        }
        Mode::Phone => l.of("by telephone: the operator reads it out", "電話: オペレーターが読み上げ"),
    }
}

/// How a seed is sealed.
pub(crate) fn tier(tier: Tier) -> &'static str {
    match tier {
        Tier::T0 => "T0",
        Tier::T1 => "T1",
        Tier::T2 => "T2",
    }
}

/// What an entry says, without its doer; the name of a person by `name`.
pub(crate) fn event(
    l: Language,
    event: &Event,
    name: &dyn Fn(&PersonId) -> String,
) -> (&'static str, String) {
    let why = |reason: &str| if reason.is_empty() { String::new() } else { format!(": {reason}") };
    match event {
        Event::Found { .. } => ("go", l.of("The desk began", "デスクを開設").to_owned()),
        Event::Submit { draft, .. } => ("", l.of("asked", "申請").to_owned() + &why(&draft.reason)),
        Event::Approve { .. } => ("go", l.of("approved", "承認").to_owned()),
        Event::Deny { reason, .. } => ("stop", l.of("denied", "却下").to_owned() + &why(reason)),
        Event::Cancel { .. } => ("", l.of("took it back", "取り下げ").to_owned()),
        Event::Kill { reason, .. } => ("stop", l.of("stopped it", "停止").to_owned() + &why(reason)),
        Event::Expire { .. } => ("", l.of("Its time was over", "期限切れ").to_owned()),
        Event::SetPin { .. } => ("", l.of("A PIN was made", "PIN を発行").to_owned()),
        Event::Ready { .. } => ("", l.of("opened the code page", "コード画面を表示").to_owned()),
        Event::Claim { .. } => ("go", l.of("took it on", "対応を開始").to_owned()),
        Event::TryPin { .. } => ("", l.of("typed the PIN", "PIN を入力").to_owned()),
        Event::Release { .. } => ("go", l.of("released a code", "コードを発行").to_owned()),
        Event::Shown { .. } => ("go", l.of("The code was handed over", "コードを引き渡し").to_owned()),
        Event::Finish { .. } => ("", l.of("finished", "終了").to_owned()),
        Event::Settle { outcome, .. } => match outcome {
            Outcome::Held { .. } => ("go", l.of("put the seed into custody", "シードを預け入れ").to_owned()),
            Outcome::Gone {} => ("go", l.of("gave the seed up", "シードを廃止").to_owned()),
            Outcome::Failed { why: reason } => {
                ("stop", l.of("the ceremony failed", "手続きが失敗").to_owned() + &why(reason))
            }
        },
        Event::BeginEpoch { rollback, .. } => (
            "stop",
            l.of(
                format!("went on without {} lost entries, in epoch {}", rollback.lost(), rollback.number),
                format!("失われた記録 {} 件を除き、エポック {} として再開", rollback.lost(), rollback.number),
            ),
        ),
        Event::Apply { .. } => ("go", l.of("put it into force", "適用").to_owned()),
        Event::Review { finding, .. } => match finding {
            Finding::Fine {} => ("go", l.of("reviewed it: as it should be", "レビュー: 問題なし").to_owned()),
            Finding::Concern { what } => {
                ("stop", l.of("reviewed it: a concern", "レビュー: 懸念あり").to_owned() + &why(what))
            }
        },
        Event::Seal { reason, .. } => {
            ("stop", l.of("sealed the desk", "デスクを封印").to_owned() + &why(reason))
        }
        Event::RevokeKey { person, key, reason, .. } => (
            "stop",
            l.of(
                format!("revoked the key {key} of {}", name(person)),
                format!("{} の鍵 {key} を失効", name(person)),
            ) + &why(reason),
        ),
    }
}

/// An instant as people of this desk read it, with the hours from UTC that `desk.toml` names.
pub(crate) fn when(at: Timestamp, hours: i8) -> Markup {
    html! { time.when datetime=(at.to_string()) { (clock(at, hours)) } }
}

/// `2026-12-01 16:05`, in the desk's hours.
pub(crate) fn clock(at: Timestamp, hours: i8) -> String {
    let offset = Offset::from_hours(hours).unwrap_or(Offset::UTC);
    let at = offset.to_datetime(at);
    format!("{:04}-{:02}-{:02} {:02}:{:02}", at.year(), at.month(), at.day(), at.hour(), at.minute())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_on_the_wall_is_the_desks() {
        let at: Timestamp = "2026-11-30T18:05:59Z".parse().unwrap();
        assert_eq!(clock(at, 9), "2026-12-01 03:05");
        assert_eq!(clock(at, 0), "2026-11-30 18:05");
        assert_eq!(clock(at, -12), "2026-11-30 06:05");
    }
}
