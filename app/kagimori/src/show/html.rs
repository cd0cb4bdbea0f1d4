//! Self-contained HTML documents in English and Japanese: one file, nothing fetched, no markup from data.
//!
//! [`Html`] is made of literals of this program and of texts, which are escaped: there is no way from a text to markup, so that
//! none can be forgotten. The two languages stand side by side in the page and a button hides one;
//! without scripts English is shown.

use kagimori_plan::plan::Step;
use kagimori_terminal::tame::turns;

const STYLE: &str = include_str!("report/page/page.css");
const OWN_STYLE: &str = "main{max-width:1180px;display:grid;gap:18px}.card{overflow-x:auto}\
    html[data-language=en] [lang=ja],html[data-language=ja] [lang=en]{display:none}\
    pre{font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;margin:6px 0;overflow-x:auto;white-space:pre-wrap;word-break:break-word}\
    .sides{display:grid;grid-template-columns:1fr 1fr;gap:16px}.sides>*{min-width:0}@media(max-width:760px){.sides{grid-template-columns:1fr}}\
    summary{cursor:pointer}.day{white-space:nowrap}ul,ol{margin:6px 0;padding-left:22px}h3{font-size:13.5px;margin:14px 0 4px}\
    p{margin:4px 0}.warn{color:var(--medium)}th.number{text-align:right}";
const SCRIPT: &str = "const h=document.documentElement,b=[...document.querySelectorAll('.languages button')];\
    const s=l=>{h.dataset.language=l;h.lang=l;b.forEach(x=>x.setAttribute('aria-pressed',x.value===l))};\
    b.forEach(x=>x.onclick=()=>s(x.value));\
    const asked=/[#&]lang=(en|ja)/.exec(location.hash);s(asked?asked[1]:navigator.language.startsWith('ja')?'ja':'en')";

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

/// A document from its body.
pub(crate) fn document(title: (&str, &str), as_of: &str, body: &Html) -> String {
    let (english, japanese) = title;
    let literal = |text: &'static str| Html::filled(text, &[]);
    html!(
        "<!doctype html>\n<html lang=\"en\" data-language=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';style-src 'unsafe-inline';script-src 'unsafe-inline'\">\
         <title>{}</title><style>{}{}</style></head><body>\
         <header><div class=\"brand\"><span class=\"mark\" aria-hidden=\"true\">鍵守</span><h1>{}</h1></div>\
         <p id=\"as-of\">{}</p><div class=\"languages\"><button value=\"en\">English</button><button value=\"ja\">日本語</button></div></header>\
         <main>{}</main><script>{}</script></body></html>\n",
        english,
        literal(STYLE),
        literal(OWN_STYLE),
        both(english, japanese),
        as_of,
        body,
        literal(SCRIPT),
    )
    .0
}

/// A text in both languages.
pub(crate) fn both(english: &str, japanese: &str) -> Html {
    html!("<span lang=\"en\">{}</span><span lang=\"ja\">{}</span>", english, japanese)
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

/// Changes in their order.
pub(crate) fn steps(steps: &[Step]) -> Html {
    let item = |step: &Step| html!("<li>{}</li>", both(&step.sentence, &step.change.japanese()));
    html!("<ol>{}</ol>", steps.iter().map(item).collect::<Html>())
}

/// A card with a heading.
pub(crate) fn card(heading: (&str, &str), body: &Html) -> Html {
    html!("<section class=\"card\"><h2>{}</h2>{}</section>", both(heading.0, heading.1), body)
}

/// A table. Columns whose heading begins with `#` hold numbers.
pub(crate) fn table(headings: &[(&str, &str)], rows: &[Vec<Html>]) -> Html {
    let is_number = |place: usize| headings.get(place).is_some_and(|(english, _)| english.starts_with('#'));
    let class = |place: usize| if is_number(place) { html!(" class=\"number\"") } else { Html::default() };
    let head = headings.iter().enumerate().map(|(place, (english, japanese))| {
        html!("<th{}>{}</th>", class(place), both(english.trim_start_matches('#'), japanese))
    });
    let head: Html = head.collect();
    let cell = |(place, cell): (usize, &Html)| html!("<td{}>{}</td>", class(place), cell);
    let line = |row: &Vec<Html>| html!("<tr>{}</tr>", row.iter().enumerate().map(cell).collect::<Html>());
    let body: Html = rows.iter().map(line).collect();
    html!("<div class=\"table\"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>", head, body)
}

/// Something that must not be broken over lines.
pub(crate) fn unbroken(text: &str) -> Html {
    html!("<span class=\"day\">{}</span>", text)
}

/// Code.
pub(crate) fn code(text: &str) -> Html {
    html!("<code>{}</code>", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_never_markup() {
        let hostile = "</code><script>\"'&\u{202e}{}";
        let safe = "&lt;/code&gt;&lt;script&gt;&quot;&#39;&amp;\u{fffd}{}";
        assert_eq!(code(hostile).as_str(), format!("<code>{safe}</code>"));
        assert_eq!(Html::from(hostile).as_str(), safe);
        assert_eq!(
            html!("<b>{}</b>{}", code(hostile), 7_usize).as_str(),
            format!("<b><code>{safe}</code></b>7")
        );
        assert_eq!(table(&[("#a", "b")], &[vec![hostile.into()]]).as_str().matches(safe).count(), 1);
    }

    #[test]
    fn a_literal_knows_its_places() {
        assert_eq!((places(""), places("{}"), places("<b>{}</b>{}{x}")), (0, 1, 2));
    }
}
