//! The page of `retire status`: each retirement as a ladder with what its rungs have told, and what happened when.

use std::io;
use std::path::Path;

use jiff::Timestamp;
use kagimori_lake::private;
use kagimori_retire::{Because, Book, Phase, Rung, Told, Verdict};

use super::told::{length, minute};
use crate::error::AppError;
use crate::show::html::{Document, Html, bar, both, card, code, details, html, table, unbroken};
use crate::show::lists::Beside;
use crate::show::numbers::{counted, instant};
use crate::show::unfolding::{Item, Unfolding};

/// Up to so many retirements stand open.
const OPEN_MAX: usize = 5;

/// Writes the page, and the files beside it for which it has no room.
pub(super) fn write(path: &Path, room: usize, book: &Book, now: Timestamp) -> Result<(), AppError> {
    made(path, room, book, now).map_err(|error| AppError::write(path, error))
}

fn made(path: &Path, room: usize, book: &Book, now: Timestamp) -> io::Result<()> {
    let (edition, name) = private::begin(path)?;
    let unfolding = Unfolding::new(Beside::of(&edition, name), room);
    let page = page(book, now, &unfolding);
    let files = unfolding.finish()?;
    edition.write(name, |out| out.write_all(page.markup(&files).as_bytes()))?;
    if files.is_empty() { edition.publish() } else { edition.publish_with_page(name) }
}

fn page(book: &Book, now: Timestamp, unfolding: &Unfolding<'_>) -> Document {
    let mut body = card(("Retirement", "アクセスキーの段階的な廃止"), &summary(book, now));
    let sections = [(false, ("Going on", "進行中")), (true, ("Over", "終了"))];
    for (is_over, heading) in sections {
        let those: Vec<&Told> = book.all.iter().filter(|told| told.state.is_over() == is_over).collect();
        if !those.is_empty() {
            let is_open = those.len() <= OPEN_MAX && !is_over;
            let items = those.iter().map(|told| one(told, now, is_open, unfolding)).collect();
            body.push(&card(heading, &unfolding.list(items)));
        }
    }
    let as_of = minute(now);
    Document {
        title: ("Kagimori — retirement", "鍵守 — アクセスキーの段階的な廃止"), as_of, body
    }
}

fn summary(book: &Book, now: Timestamp) -> Html {
    let count = |wanted: &dyn Fn(&Told) -> bool| book.all.iter().filter(|told| wanted(told)).count();
    let overdue = count(&|told| told.state.on_since(now).is_some());
    let off = count(&|told| {
        matches!(
            told.state.standing.phase,
            Phase::Off { .. } | Phase::DeleteDue { .. } | Phase::GoingOff { .. }
        )
    });
    let (class, english, japanese) = match (book.all.is_empty(), overdue) {
        (true, _) => ("incomplete", "Nothing was ever retired here", "廃止の対象はまだありません"),
        (false, 0) => ("clean", "Everything is as it should be", "予定どおりです"),
        (false, _) => ("fail", "Something has to come on now", "すぐに有効へ戻すべきキーがあります"),
    };
    let tile = |(count, english, japanese): (usize, &'static str, &'static str)| {
        let class = if count == 0 { "tile none" } else { "tile" };
        html!("<div class=\"{}\"><b>{}</b>{}</div>", class, count, both(english, japanese))
    };
    let over = count(&|told| told.state.is_over());
    let deleted = count(&|told| matches!(told.state.standing.phase, Phase::Deleted { .. }));
    let tiles = [
        (overdue, "overdue: has to be on", "期限超過（有効に戻す）"),
        (off, "off now", "無効化中"),
        (book.all.len().saturating_sub(over), "going on", "進行中"),
        (over.saturating_sub(deleted), "ended, not deleted", "中止・保護・変更検出"),
        (deleted, "deleted", "削除済み"),
    ];
    html!(
        "<p class=\"verdict {}\">{}</p><div class=\"tiles\">{}</div><p class=\"hint\">{} {}</p>",
        class,
        both(english, japanese),
        tiles.into_iter().map(tile).collect::<Html>(),
        both("Somebody needs a key?", "必要なキーがある場合："),
        code("kagimori retire stop KEY --needed REASON"),
    )
}

fn one(told: &Told, now: Timestamp, is_open: bool, unfolding: &Unfolding<'_>) -> Item {
    let state = &told.state;
    let start = &state.start;
    let user = &start.credential.user;
    let account = user.account().map(|account| account.to_string()).unwrap_or_default();
    let summary = html!(
        "<span class=\"who\"><b>{}</b> <span class=\"soft\">{} · {}</span></span>{}<span class=\"figures\">{}</span>",
        user.name(),
        start.owner,
        account,
        bar(&progress(told)),
        phase(&state.standing.phase),
    );
    let inside = html!(
        "<p class=\"soft\">{} {}</p><p>{}</p>{}{}{}{}",
        code(state.key().as_str()),
        start.purpose.as_deref().unwrap_or_default(),
        next(told, now),
        trouble(told),
        time_line(told, now),
        rungs(told),
        details("fine", false, &both("What happened", "経過"), &past(told)),
    );
    unfolding.item(&inside, |inside| details("one", is_open, &summary, inside))
}

/// Seconds on and off as they were, and as they come at the earliest. What is long is drawn shorter than it is: ten minutes and a month
/// stand beside each other.
fn time_line(told: &Told, now: Timestamp) -> Html {
    let mut parts: Vec<(&'static str, i64)> = Vec::new();
    let mut put = |class: &'static str, seconds: i64| match parts.last_mut() {
        Some((last, sum)) if *last == class => *sum = sum.saturating_add(seconds.max(0)),
        _ => parts.push((class, seconds.max(0))),
    };
    let ends = if told.state.is_over() { told.past.last().map_or(now, |(at, _)| *at) } else { now };
    let nexts = told.past.iter().skip(1).map(|(at, _)| *at).chain([ends]);
    for ((at, standing), until) in told.past.iter().zip(nexts) {
        put(if is_off(&standing.phase) { OFF } else { ON }, until.as_second().saturating_sub(at.as_second()));
    }
    let coming = coming(told, now);
    coming.iter().for_each(|(is_off, seconds)| put(if *is_off { OFF_LATER } else { ON_LATER }, *seconds));
    let left = coming.iter().map(|(_, seconds)| *seconds).sum::<i64>();
    let weights: Vec<(&'static str, u64)> =
        parts.iter().map(|(class, seconds)| (*class, seconds.unsigned_abs().isqrt().max(1))).collect();
    let end = Timestamp::from_second(now.as_second().saturating_add(left)).unwrap_or(now);
    let end = if told.state.is_over() {
        both(&format!("over {}", minute(ends)), &format!("{} に終了", minute(ends)))
    } else {
        both(
            &format!("may be deleted at the earliest {}", minute(end)),
            &format!("削除は早くて {}", minute(end)),
        )
    };
    html!(
        "<div class=\"time\">{}</div><p class=\"hint soft\">{} · {} · {}</p>",
        bar(&weights),
        both(&format!("begun {}", minute(told.begun)), &format!("{} に開始", minute(told.begun))),
        end,
        both(
            "green: on, amber: off, violet: off later; long times are drawn shorter",
            "緑：有効、橙：無効、紫：今後の無効。長い時間は縮めて表示",
        ),
    )
}

const ON: &str = "good";
const OFF: &str = "open";
const ON_LATER: &str = "other";
const OFF_LATER: &str = "unknown";

fn is_off(phase: &Phase) -> bool {
    matches!(
        phase,
        Phase::Off { .. } | Phase::OnDue { .. } | Phase::DeleteDue { .. } | Phase::Deleting { .. }
    )
}

/// What is still to come: off or on, and how long, at the earliest.
fn coming(told: &Told, now: Timestamp) -> Vec<(bool, i64)> {
    let state = &told.state;
    if state.is_over() {
        return Vec::new();
    }
    let left = |until: Timestamp| until.as_second().saturating_sub(now.as_second()).max(0);
    let notice = state.start.notice.seconds();
    let wait = |rung: &Rung| rung.wait.map(|wait| (false, wait.seconds().saturating_add(notice)));
    let here = state.rung();
    let mut parts = Vec::new();
    match &state.standing.phase {
        Phase::Planned { .. } => parts.push((false, notice)),
        Phase::Notified { off, .. } => parts.push((false, left(*off))),
        Phase::GoingOff { until, .. } | Phase::Off { until, .. } => parts.push((true, left(*until))),
        Phase::On { until, .. } => parts.push((false, left(*until).saturating_add(notice))),
        _ => {}
    }
    let is_before = matches!(state.standing.phase, Phase::Planned { .. } | Phase::Notified { .. });
    let is_on = matches!(state.standing.phase, Phase::On { .. });
    if is_before {
        parts.extend(here.map(|rung| (true, rung.off.seconds())));
    }
    if !is_on {
        parts.extend(here.as_ref().and_then(wait));
    }
    for rung in start_rungs(told).iter().skip(state.standing.rung.saturating_add(1)) {
        parts.push((true, rung.off.seconds()));
        parts.extend(wait(rung));
    }
    parts
}

/// The ladder as a bar: what is done, what is at hand, what is left.
fn progress(told: &Told) -> Vec<(&'static str, u64)> {
    let state = &told.state;
    let class = |place: usize| match state.standing.verdicts.get(place) {
        Some(Verdict::Quiet) => "good",
        Some(Verdict::Needed) => "fail",
        Some(Verdict::Inconclusive) => "open",
        None if place == state.standing.rung && !state.is_over() => "kept",
        None => "other",
    };
    let mut parts: Vec<_> = (0..start_rungs(told).len()).map(|place| (class(place), 1)).collect();
    parts.push((if matches!(state.standing.phase, Phase::Deleted { .. }) { "good" } else { "other" }, 1));
    parts
}

fn start_rungs(told: &Told) -> &[Rung] {
    told.state.start.ladder.rungs()
}

fn trouble(told: &Told) -> Html {
    let held = told.state.standing.trouble.as_ref().filter(|_| !told.state.is_over());
    held.map(|trouble| html!("<p class=\"warn\">{}</p>", trouble)).unwrap_or_default()
}

/// What comes next, in both languages.
fn next(told: &Told, now: Timestamp) -> Html {
    let state = &told.state;
    let is_last = state.start.ladder.is_last(state.standing.rung);
    let has_to = state.on_since(now).is_some();
    let at = |english: &str, japanese: &str, instant: Timestamp| {
        let (late, late_japanese) = if has_to { (" — overdue", "（期限超過）") } else { ("", "") };
        both(
            &format!("{english}: {}{late}", minute(instant)),
            &format!("{japanese}：{}{late_japanese}", minute(instant)),
        )
    };
    match &state.standing.phase {
        Phase::Planned { .. } => {
            both("A notice comes first, at the next tick that may.", "次の機会に、まず通知を送ります。")
        }
        Phase::Notified { off, .. } => at("Off at the earliest", "無効化の予定（最短）", *off),
        Phase::Off { until, .. } if is_last => at("May be deleted", "削除可能になる時刻", *until),
        Phase::GoingOff { until, .. } | Phase::Off { until, .. } => at("On again", "有効に戻す時刻", *until),
        Phase::On { until, .. } => at("The next rung", "次の段階", *until),
        Phase::OnDue { because } => {
            let (english, japanese) = (because.to_string(), because_japanese(because));
            both(&format!("Has to come on: {english}"), &format!("有効に戻す必要があります：{japanese}"))
        }
        Phase::DeleteDue { .. } | Phase::Deleting { .. } => {
            html!("{} {}", both("Deleted by", "削除するには"), code("kagimori retire tick --irreversible"))
        }
        Phase::Deleted { at: instant } => at("Deleted", "削除", *instant),
        Phase::Aborted { because, .. } => {
            both(&format!("Ended: {because}"), &format!("中止：{}", because_japanese(because)))
        }
        Phase::Protected { why, .. } => both(&format!("Protected: {why}"), &format!("保護対象：{why}")),
        Phase::Drifted { what, .. } => {
            both(&format!("Left alone: {what}"), &format!("変更を検出したため停止：{what}"))
        }
    }
}

fn because_japanese(because: &Because) -> String {
    match because {
        Because::Due => "予定の時間が過ぎました".to_owned(),
        Because::Interrupted => "処理が中断されました".to_owned(),
        Because::Complaint { by, reason } => format!("{by} さんから必要との申し出：{reason}"),
        Because::Stop { by, reason: None } => format!("{by} さんが中止"),
        Because::Stop { by, reason: Some(reason) } => format!("{by} さんが中止：{reason}"),
        Because::Panic { by } => format!("{by} さんがすべて有効に戻しました"),
        Because::Protected { why } => format!("保護対象（{why}）"),
        Because::Drift { what } => what.clone(),
    }
}

/// The rungs: how long, what each can tell, what it has told.
fn rungs(told: &Told) -> Html {
    let state = &told.state;
    let start = &state.start;
    let row = |(place, rung): (usize, &Rung)| {
        let expected = start.evidence.rungs.get(place);
        let is_here = place == state.standing.rung && !state.is_over();
        let here = if is_here { phase(&state.standing.phase) } else { Html::default() };
        let verdict = state.standing.verdicts.get(place).map(|verdict| said(*verdict)).unwrap_or(here);
        let wait = rung.wait.map(|wait| both(&length(wait), &japanese_length(&wait.to_string())));
        vec![
            both(&length(rung.off), &japanese_length(&rung.off.to_string())),
            wait.unwrap_or_else(|| both("stays off, then deleted", "無効のまま、のちに削除")),
            Html::from(expected.map(|expected| expected.calls.to_string()).unwrap_or_default()),
            Html::from(
                expected
                    .map(|expected| format!("{}%", expected.power.thousandths() / 10))
                    .unwrap_or_default(),
            ),
            verdict,
        ]
    };
    let headings = [
        ("Off for", "無効にする時間"),
        ("Then on for", "その後、有効に戻す時間"),
        ("#Expected calls", "予想される呼び出し"),
        ("#Would be noticed", "気づかれる割合"),
        ("Verdict", "判定"),
    ];
    table(&headings, start.ladder.rungs().iter().enumerate().map(row).collect())
}

fn japanese_length(text: &str) -> String {
    let units = [("min", "分"), ("d", "日"), ("h", "時間"), ("s", "秒")];
    let found = units.iter().find_map(|(unit, word)| Some(format!("{}{word}", text.strip_suffix(unit)?)));
    found.unwrap_or_else(|| text.to_owned())
}

fn said(verdict: Verdict) -> Html {
    match verdict {
        Verdict::Quiet => both("quiet: nobody needs it", "静穏：必要とされていない"),
        Verdict::Needed => both("needed", "必要"),
        Verdict::Inconclusive => {
            both("inconclusive: too few calls are expected", "判定不能：予想される呼び出しが少なすぎる")
        }
    }
}

/// When it stood where.
fn past(told: &Told) -> Html {
    let row = |(at, standing): &(Timestamp, kagimori_retire::Standing)| {
        vec![
            unbroken(&instant(at.as_second())),
            both(
                &format!("{} of {}", standing.rung.saturating_add(1), start_rungs(told).len()),
                &format!("第 {} 段階", standing.rung.saturating_add(1)),
            ),
            match (&standing.phase, standing.shown) {
                (Phase::Notified { .. }, Some(_)) => both("the way on is shown", "有効に戻せることを確認"),
                (at, _) => phase(at),
            },
            Html::from(standing.trouble.clone().unwrap_or_default()),
        ]
    };
    let headings = [("When (UTC)", "日時（UTC）"), ("Rung", "段階"), ("It", "状態"), ("Trouble", "問題")];
    let by = &told.state.start.by;
    let reason = told.state.start.reason.as_ref().map(|reason| html!(" — {}", reason)).unwrap_or_default();
    let count = told.past.len();
    html!(
        "<p class=\"soft\">{}{}</p>{}<p class=\"soft\">{}</p>",
        both(&format!("Begun by {by}"), &format!("開始：{by}")),
        reason,
        table(&headings, told.past.iter().map(row).collect()),
        both(&counted(count, "entry").replace("entrys", "entries"), &format!("{count} 件")),
    )
}

fn phase(phase: &Phase) -> Html {
    let (english, japanese) = match phase {
        Phase::Planned { .. } => ("waits for its turn", "順番待ち"),
        Phase::Notified { .. } => ("people are told", "通知済み"),
        Phase::GoingOff { .. } => ("about to go off", "無効化の直前"),
        Phase::Off { .. } => ("off", "無効"),
        Phase::OnDue { .. } => ("has to come on", "有効に戻す必要あり"),
        Phase::On { .. } => ("on again", "有効に復帰"),
        Phase::DeleteDue { .. } => ("off, may be deleted", "無効、削除可能"),
        Phase::Deleting { .. } => ("about to be deleted", "削除の直前"),
        Phase::Deleted { .. } => ("deleted", "削除済み"),
        Phase::Aborted { .. } => ("ended, on", "中止、有効"),
        Phase::Protected { .. } => ("protected, on", "保護対象、有効"),
        Phase::Drifted { .. } => ("left alone", "変更検出、停止"),
    };
    both(english, japanese)
}
