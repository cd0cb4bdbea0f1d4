//! HTML documents in English and Japanese: nothing fetched from anywhere, no markup from data. A document is one file, or one with
//! files beside it ([`unfolding`](super::unfolding)).
//!
//! [`Html`] is made of literals of this program and of texts, which are escaped: there is no way from a text to markup, so that
//! none can be forgotten. The two languages stand side by side in the page and a button hides one;
//! without scripts English is shown.

use kagimori_plan::replay::Witness;
use kagimori_terminal::tame::turns;

use super::numbers::{day, instant};

const STYLE: &str = include_str!("report/page/page.css");
const OWN_STYLE: &str = include_str!("html/document.css");
const SCRIPT: &str = include_str!("html/document.js");

/// Markup.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Html(String);

/// What may stand in markup: markup as it is, everything else as a text.
pub(crate) trait Render {
    fn render(&self, out: &mut String);
}

impl Render for Html {
    fn render(&self, out: &mut String) {
        out.push_str(&self.0);
    }
}

impl Render for str {
    fn render(&self, out: &mut String) {
        self.chars().for_each(|letter| escape(letter, out));
    }
}

impl Render for String {
    fn render(&self, out: &mut String) {
        self.as_str().render(out);
    }
}

impl Render for usize {
    fn render(&self, out: &mut String) {
        out.push_str(&self.to_string());
    }
}

impl Render for i32 {
    fn render(&self, out: &mut String) {
        out.push_str(&self.to_string());
    }
}

impl<T: Render + ?Sized> Render for &T {
    fn render(&self, out: &mut String) {
        (*self).render(out);
    }
}

impl From<String> for Html {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&str> for Html {
    fn from(text: &str) -> Self {
        let mut out = String::with_capacity(text.len());
        text.render(&mut out);
        Self(out)
    }
}

impl FromIterator<Self> for Html {
    fn from_iter<I: IntoIterator<Item = Self>>(parts: I) -> Self {
        Self(parts.into_iter().map(|part| part.0).collect())
    }
}

impl Html {
    /// Markup of this program; each `{}` takes a part. [`html!`] checks their number.
    pub(crate) fn filled(markup: &'static str, parts: &[&dyn Render]) -> Self {
        let mut out = String::with_capacity(markup.len() * 2);
        let mut parts = parts.iter();
        for (place, piece) in markup.split("{}").enumerate() {
            if place > 0
                && let Some(part) = parts.next()
            {
                part.render(&mut out);
            }
            out.push_str(piece);
        }
        Self(out)
    }

    pub(crate) fn push(&mut self, part: &Self) {
        self.0.push_str(&part.0);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Parts with a literal between them.
    pub(crate) fn join(parts: impl IntoIterator<Item = Self>, between: &'static str) -> Self {
        Self(parts.into_iter().map(|part| part.0).collect::<Vec<_>>().join(between))
    }
}

/// How many parts a literal takes.
pub(crate) const fn places(markup: &str) -> usize {
    let bytes = markup.as_bytes();
    let (mut at, mut places) = (0, 0);
    while let (Some((_, rest)), true) = (bytes.split_at_checked(at), at < bytes.len()) {
        if let [b'{', b'}', ..] = rest {
            places += 1;
        }
        at += 1;
    }
    places
}

/// Markup from a literal and its parts: `html!("<b>{}</b>", name)`.
macro_rules! html {
    ($markup:literal $(, $part:expr)* $(,)?) => {{
        const _: () = assert!(
            $crate::show::html::places($markup) == <[&str]>::len(&[$(stringify!($part)),*]),
            "each pair of braces takes a part"
        );
        $crate::show::html::Html::filled($markup, &[$(&$part),*])
    }};
}
pub(crate) use html;

/// A page of which only the files beside it are missing.
pub(crate) struct Document {
    /// In English and in Japanese.
    pub(crate) title: (&'static str, &'static str),
    /// What it speaks of.
    pub(crate) as_of: String,
    pub(crate) body: Html,
}

impl Document {
    /// The page, with the addresses of the files beside it: where there are any it may read them, and nothing else.
    pub(crate) fn markup(&self, files: &[String]) -> String {
        let (english, japanese) = self.title;
        let literal = |text: &'static str| Html::filled(text, &[]);
        let scripts = if files.is_empty() { "'unsafe-inline'" } else { "'unsafe-inline' file: 'self'" };
        html!(
            "<!doctype html>\n<html lang=\"en\" data-language=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';style-src 'unsafe-inline';script-src {}\">\
             <title>{}</title><style>{}{}</style></head><body>\
             <header><div class=\"brand\"><span class=\"mark\" aria-hidden=\"true\">鍵守</span><h1>{}</h1></div>\
             <p id=\"as-of\">{}</p><div class=\"languages\"><button value=\"en\">English</button><button value=\"ja\">日本語</button></div></header>\
             {}<main>{}</main>{}<script>{}</script></body></html>\n",
            literal(scripts),
            english,
            literal(STYLE),
            literal(OWN_STYLE),
            both(english, japanese),
            self.as_of,
            without_scripts(files),
            self.body,
            list_of(files),
            literal(SCRIPT),
        )
        .0
    }
}

/// What somebody reads whose browser runs no scripts.
fn without_scripts(files: &[String]) -> Html {
    if files.is_empty() {
        return Html::default();
    }
    html!(
        "<noscript><p class=\"notice\">{}<br>{}</p></noscript>",
        "This page reads its long lists with JavaScript, from files beside it; nothing is fetched from anywhere else.",
        "この画面の長い一覧の表示には JavaScript が必要です。一覧は隣のファイルから読み込まれ、ほかには接続しません。",
    )
}

/// The files as the page's script reads them. An address holds no letter that means something to HTML or JSON.
fn list_of(files: &[String]) -> Html {
    if files.is_empty() {
        return Html::default();
    }
    let quote = Html::filled("\"", &[]);
    let one = |file: &String| html!("{}{}{}", quote, file.as_str(), quote);
    let all = Html::join(files.iter().map(one), ",");
    html!("<script type=\"application/json\" id=\"files\">[{}]</script>", all)
}

/// A text in both languages.
pub(crate) fn both(english: &str, japanese: &str) -> Html {
    html!("<span lang=\"en\">{}</span><span lang=\"ja\">{}</span>", english, japanese)
}

/// A text with names in it, in both languages.
pub(crate) fn spoken(english: &str, japanese: &str) -> Html {
    html!("<span lang=\"en\">{}</span><span lang=\"ja\">{}</span>", breakable(english), breakable(japanese))
}

/// A letter without meaning to HTML.
fn escape(letter: char, out: &mut String) {
    match letter {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        '\'' => out.push_str("&#39;"),
        // Bidirectional controls would let a name rearrange the line it stands in.
        letter if turns(letter) => out.push(char::REPLACEMENT_CHARACTER),
        letter => out.push(letter),
    }
}

/// A card with a heading.
pub(crate) fn card(heading: (&str, &str), body: &Html) -> Html {
    html!("<section class=\"card\"><h2>{}</h2>{}</section>", both(heading.0, heading.1), body)
}

/// A table. Columns whose heading begins with `#` hold numbers.
pub(crate) fn table(headings: &[(&str, &str)], rows: Vec<Vec<Html>>) -> Html {
    grouped(headings, &[(Html::default(), rows)])
}

/// A table whose rows stand in groups, each below what they have in common. A column without a word is left out.
pub(crate) fn grouped(headings: &[(&str, &str)], groups: &[(Html, Vec<Vec<Html>>)]) -> Html {
    let rows = || groups.iter().flat_map(|(_, rows)| rows);
    let is_told = |place: usize| rows().any(|row| row.get(place).is_some_and(|cell| !cell.is_empty()));
    let columns: Vec<(usize, Column<'_>)> = headings
        .iter()
        .map(|(english, japanese)| Column {
            english: english.trim_start_matches('#'),
            japanese,
            class: if english.starts_with('#') { " class=\"number\"" } else { "" },
        })
        .enumerate()
        .filter(|(place, _)| is_told(*place))
        .collect();
    let head: Html = columns
        .iter()
        .map(|(_, of)| html!("<th{}>{}</th>", Html::filled(of.class, &[]), both(of.english, of.japanese)))
        .collect();
    let line = |row: &Vec<Html>| {
        let cells = columns.iter().filter_map(|(place, of)| Some(of.cell(row.get(*place)?)));
        html!("<tr>{}</tr>", cells.collect::<Html>())
    };
    let body = |(common, rows): &(Html, Vec<Vec<Html>>)| {
        let common = if common.is_empty() {
            Html::default()
        } else {
            let head = html!("<th colspan=\"{}\" scope=\"rowgroup\">{}</th>", columns.len(), common);
            html!("<tr class=\"common\">{}</tr>", head)
        };
        html!("<tbody>{}{}</tbody>", common, rows.iter().map(line).collect::<Html>())
    };
    html!(
        "<div class=\"table\"><table class=\"stacked\"><thead><tr>{}</tr></thead>{}</table></div>",
        head,
        groups.iter().map(body).collect::<Html>()
    )
}

/// A column of a table.
struct Column<'h> {
    english: &'h str,
    japanese: &'h str,
    class: &'static str,
}

impl Column<'_> {
    /// A cell with its heading: a narrow screen stacks the cells, each with its heading before it.
    fn cell(&self, cell: &Html) -> Html {
        let class = Html::filled(self.class, &[]);
        if cell.is_empty() {
            return html!("<td{}></td>", class);
        }
        html!(
            "<td{} data-en=\"{}\" data-ja=\"{}\"><div>{}</div></td>",
            class,
            self.english,
            self.japanese,
            cell
        )
    }
}

/// Something that unfolds.
pub(crate) fn details(class: &'static str, is_open: bool, summary: &Html, body: &Html) -> Html {
    let open = if is_open { " open" } else { "" };
    html!("<details class=\"{}\"{}><summary>{}</summary>{}</details>", class, open, summary, body)
}

/// The first of a list, and the rest behind a click.
pub(crate) fn few(mut items: Vec<Html>, most: usize) -> Html {
    // One more line takes no more room than the words that hide it.
    if items.len() <= most.saturating_add(1) {
        return Html::join(items, "<br>");
    }
    let rest = items.split_off(most);
    let more = both(&format!("{} more", rest.len()), &format!("ほか {} 件", rest.len()));
    html!("{}{}", Html::join(items, "<br>"), details("fine", false, &more, &Html::join(rest, "<br>")))
}

/// A day, with the event of that day behind a click.
pub(crate) fn event(first: &Witness) -> Html {
    let Some(id) = first.event_id.as_deref() else { return unbroken(&day(first.time)) };
    let body = html!("{}<br>{}", self::id(id), instant(first.time));
    details("fine event", false, &unbroken(&day(first.time)), &body)
}

/// Parts of a whole as one bar; each has its class and its weight.
pub(crate) fn bar(parts: &[(&'static str, u64)]) -> Html {
    let parts = parts.iter().filter(|(_, weight)| *weight > 0);
    let parts: Html = parts
        .map(|(class, weight)| html!("<i class=\"{}\" style=\"flex:{} 1 0\"></i>", class, weight.to_string()))
        .collect();
    html!("<span class=\"bar\" aria-hidden=\"true\">{}</span>", parts)
}

/// Something that must not be broken over lines.
pub(crate) fn unbroken(text: &str) -> Html {
    html!("<span class=\"day\">{}</span>", text)
}

/// Code. It wraps behind `:`, `/` and `,`, and never within a word.
pub(crate) fn code(text: &str) -> Html {
    html!("<code>{}</code>", breakable(text))
}

/// An identifier that nobody reads: it may wrap anywhere.
pub(crate) fn id(text: &str) -> Html {
    html!("<code class=\"id\">{}</code>", text)
}

/// A document of JSON, which wraps as [`code`] does.
pub(crate) fn json(text: &str) -> Html {
    html!("<pre>{}</pre>", breakable(text))
}

/// A text with names in it, which wraps as [`code`] does.
pub(crate) fn breakable(text: &str) -> Html {
    let pieces = text.split_inclusive([':', '/', ',']).map(Html::from);
    Html::join(pieces, "<wbr>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_never_markup() {
        let hostile = "</code><script>\"'&\u{202e}{}";
        let safe = "&lt;/code&gt;&lt;script&gt;&quot;&#39;&amp;\u{fffd}{}";
        let wrapping = safe.replacen('/', "/<wbr>", 1);
        assert_eq!(code(hostile).as_str(), format!("<code>{wrapping}</code>"));
        assert_eq!(Html::from(hostile).as_str(), safe);
        assert_eq!(
            html!("<b>{}</b>{}", code(hostile), 7_usize).as_str(),
            format!("<b><code>{wrapping}</code></b>7")
        );
        assert_eq!(table(&[("#a", "b")], vec![vec![hostile.into()]]).as_str().matches(safe).count(), 1);
    }

    #[test]
    fn a_name_wraps_between_its_words() {
        let text = breakable("ec2:DescribeTags on arn:aws:s3:::b/k");
        assert_eq!(text.as_str(), "ec2:<wbr>DescribeTags on arn:<wbr>aws:<wbr>s3:<wbr>:<wbr>:<wbr>b/<wbr>k");
        assert_eq!(text.as_str().replace("<wbr>", ""), "ec2:DescribeTags on arn:aws:s3:::b/k");
    }

    #[test]
    fn the_rest_of_a_list_is_behind_a_click() {
        let items = |count: usize| (0..count).map(|item| Html::from(item.to_string())).collect::<Vec<_>>();
        assert_eq!(few(items(3), 2).as_str(), "0<br>1<br>2");
        let folded = few(items(4), 2);
        assert!(
            folded.as_str().starts_with("0<br>1<details") && folded.as_str().ends_with("2<br>3</details>")
        );
    }

    #[test]
    fn a_column_without_a_word_is_left_out() {
        let rows = vec![vec!["x".into(), Html::default()], vec!["y".into(), Html::default()]];
        let told = table(&[("Action", "アクション"), ("Why", "理由")], rows);
        assert_eq!(told.as_str().matches("<td").count(), 2);
        assert!(told.as_str().contains("Action") && !told.as_str().contains("Why"));
    }

    #[test]
    fn a_literal_knows_its_places() {
        assert_eq!((places(""), places("{}"), places("<b>{}</b>{}{x}")), (0, 1, 2));
    }
}
