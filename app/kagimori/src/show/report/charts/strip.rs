//! One row of days as an SVG. Its width is the number of days; the page stretches it.

use std::fmt::Write;

use super::days::Days;
use crate::show::html::{Html, both, html};

/// What a day shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    /// Real use.
    Use,
    /// Only calls that failed, or the use of a key that is only noise.
    Noise,
    /// Covered by the trail, and nothing happened.
    Quiet,
    /// No event: the trail has a hole here, or did not begin, or has ended.
    Hole,
    /// Sign-ins without MFA.
    WithoutMfa,
    /// Sign-ins with MFA.
    WithMfa,
    /// Sign-ins that failed.
    Failed,
}

/// The height of a strip in its own units.
const HEIGHT: i32 = 12;

impl Mark {
    /// The class in the style sheet, and the height of the line that draws it.
    fn line(self) -> (&'static str, &'static str) {
        match self {
            Self::Use => ("use", "6"),
            Self::Noise => ("noise", "9.5"),
            Self::Quiet => ("quiet", "11.5"),
            Self::Hole => ("hole", "6"),
            Self::WithoutMfa => ("without", "6"),
            Self::WithMfa => ("with", "8"),
            Self::Failed => ("failing", "10.5"),
        }
    }
}

/// A strip: what each day shows.
pub(super) fn strip(days: Days, mark: impl Fn(i32) -> Option<Mark>) -> Html {
    let marks: Vec<(i32, Option<Mark>)> = days.all().map(|day| (days.place(day), mark(day))).collect();
    let mut body = grid(days, HEIGHT);
    for kind in [Mark::Quiet, Mark::Hole, Mark::Noise, Mark::Use] {
        let (class, y) = kind.line();
        let path = runs(marks.iter().filter(|(_, mark)| *mark == Some(kind)).map(|(place, _)| *place), y);
        if !path.is_empty() {
            if kind == Mark::Hole {
                body.push(&band(&path));
            }
            body.push(&line_of(class, &path));
        }
    }
    svg(Some(days), days.count(), HEIGHT, "strip", &body)
}

/// Bars: how much each day has, by the highest of them; `mark` says what a day without any is.
pub(super) fn bars(
    days: Days,
    class: &str,
    value: impl Fn(i32) -> u64,
    mark: impl Fn(i32) -> Option<Mark>,
) -> Html {
    const FULL: u64 = 24;
    let most = days.all().map(&value).max().unwrap_or_default().max(1);
    let mut path = String::new();
    for day in days.all() {
        let height = value(day).saturating_mul(FULL).div_ceil(most);
        if height > 0 {
            let _ = write!(path, "M{}.5 {FULL}v-{height}", days.place(day));
        }
    }
    let empty: Vec<(i32, Option<Mark>)> =
        days.all().filter(|day| value(*day) == 0).map(|day| (days.place(day), mark(day))).collect();
    let of = |kind| empty.iter().filter(move |(_, mark)| *mark == Some(kind)).map(|(place, _)| *place);
    let (quiet, hole) = (runs(of(Mark::Quiet), "23.5"), runs(of(Mark::Hole), "12"));
    let body: Html = [
        grid(days, 24),
        line_of("quiet", &quiet),
        band(&hole),
        line_of("hole", &hole),
        line_of(class, &path),
    ]
    .into_iter()
    .collect();
    let style = if days.is_by_month() { "bars dense" } else { "bars" };
    svg(Some(days), days.count(), 24, style, &body)
}

/// A pale band behind a hole: a hole of one day would be too small a dash to be seen.
fn band(hole: &str) -> Html {
    line_of("band", hole)
}

fn line_of(class: &str, path: &str) -> Html {
    html!("<path class=\"{}\" d=\"{}\"/>", class, path)
}

/// Parts of a whole, side by side, by the largest whole.
pub(super) fn parts(values: &[(u64, Mark)], most: u64) -> Html {
    const WIDTH: f64 = 1000.0;
    let mut body = Html::default();
    let mut x = 0.0;
    for (value, mark) in values.iter().filter(|(value, _)| *value > 0) {
        let (class, y) = mark.line();
        let width = (*value as f64 / most.max(1) as f64 * WIDTH).max(3.0);
        body.push(&line_of(class, &format!("M{x:.0} {y}h{width:.0}")));
        x += width;
    }
    svg(None, 1000, HEIGHT, "strip", &body)
}

/// Lines at the dates of the axis.
fn grid(days: Days, height: i32) -> Html {
    let marks = days.marks();
    let path: String = marks.iter().map(|(day, _)| format!("M{} 0v{height}", days.place(*day))).collect();
    line_of("grid", &path)
}

/// `days`: when its width is days; the page then tells the date under the pointer.
fn svg(days: Option<Days>, width: i32, height: i32, class: &str, body: &Html) -> Html {
    let first = days.map_or_else(Html::default, |days| html!(" data-first=\"{}\"", days.first));
    html!(
        "<svg class=\"{}\"{} viewBox=\"0 0 {} {}\" preserveAspectRatio=\"none\" aria-hidden=\"true\">{}</svg>",
        class,
        first,
        width,
        height,
        body
    )
}

/// Places from the left, neighbours as one line, each beginning where the last ended: that is the shortest to write.
fn runs(places: impl Iterator<Item = i32>, y: &str) -> String {
    let mut runs: Vec<(i32, i32)> = Vec::new();
    for place in places {
        match runs.last_mut() {
            Some((_, end)) if *end == place => *end = place.saturating_add(1),
            _ => runs.push((place, place.saturating_add(1))),
        }
    }
    let mut path = String::new();
    let mut at = None;
    for (begin, end) in runs {
        let _ = match at {
            None => write!(path, "M{begin} {y}"),
            Some(at) => write!(path, "m{} 0", begin.saturating_sub(at)),
        };
        let _ = write!(path, "h{}", end.saturating_sub(begin));
        at = Some(end);
    }
    path
}

/// A small picture of a mark with its word, for a legend.
pub(super) fn legend(entries: &[(Mark, (&str, &str))]) -> Html {
    let entry = |(mark, (english, japanese)): &(Mark, (&str, &str))| {
        let (class, y) = mark.line();
        let band = if *mark == Mark::Hole { band("M0 6h20") } else { Html::default() };
        html!(
            "<span><svg class=\"key\" viewBox=\"0 0 20 12\" aria-hidden=\"true\">{}{}</svg>{}</span>",
            band,
            line_of(class, &format!("M0 {y}h20")),
            both(english, japanese)
        )
    };
    html!("<div class=\"legend\">{}</div>", entries.iter().map(entry).collect::<Html>())
}
