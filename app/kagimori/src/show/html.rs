//! Self-contained HTML documents in English and Japanese: one file, nothing fetched, no markup from data.
//!
//! Every text from outside goes through [`escape`]. The two languages stand side by side in the page and a button hides one;
//! without scripts English is shown.

use std::fmt::Write;

use kagimori_plan::plan::Step;

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

/// A document from its body.
pub(crate) fn document(title: (&str, &str), as_of: &str, body: &str) -> String {
    let (english, japanese) = title;
    let mut page = String::new();
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\" data-language=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';style-src 'unsafe-inline';script-src 'unsafe-inline'\">\
         <title>{title}</title><style>{STYLE}{OWN_STYLE}</style></head><body>\
         <header><div class=\"brand\"><span class=\"mark\" aria-hidden=\"true\">鍵守</span><h1>{}</h1></div>\
         <p id=\"as-of\">{}</p><div class=\"languages\"><button value=\"en\">English</button><button value=\"ja\">日本語</button></div></header>\
         <main>{body}</main><script>{SCRIPT}</script></body></html>\n",
        both(english, japanese),
        escape(as_of),
        title = escape(english),
    );
    page
}

/// A text in both languages.
pub(crate) fn both(english: &str, japanese: &str) -> String {
    format!("<span lang=\"en\">{}</span><span lang=\"ja\">{}</span>", escape(english), escape(japanese))
}

/// A text without meaning to HTML.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // Bidirectional controls would let a name rearrange the line it stands in.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => escaped.push('\u{fffd}'),
            character => escaped.push(character),
        }
    }
    escaped
}

/// Changes in their order.
pub(crate) fn steps(steps: &[Step]) -> String {
    let item = |step: &Step| format!("<li>{}</li>", both(&step.sentence, &step.change.japanese()));
    format!("<ol>{}</ol>", steps.iter().map(item).collect::<String>())
}

/// A card with a heading.
pub(crate) fn card(heading: (&str, &str), body: &str) -> String {
    format!("<section class=\"card\"><h2>{}</h2>{body}</section>", both(heading.0, heading.1))
}

/// A table; the cells are HTML already. Columns whose heading begins with `#` hold numbers.
pub(crate) fn table(headings: &[(&str, &str)], rows: &[Vec<String>]) -> String {
    let is_number: Vec<bool> = headings.iter().map(|(english, _)| english.starts_with('#')).collect();
    let class = |place: usize| if is_number.get(place) == Some(&true) { " class=\"number\"" } else { "" };
    let mut text = String::from("<div class=\"table\"><table><thead><tr>");
    for (place, (english, japanese)) in headings.iter().enumerate() {
        let _ = write!(text, "<th{}>{}</th>", class(place), both(english.trim_start_matches('#'), japanese));
    }
    text.push_str("</tr></thead><tbody>");
    for row in rows {
        text.push_str("<tr>");
        for (place, cell) in row.iter().enumerate() {
            let _ = write!(text, "<td{}>{cell}</td>", class(place));
        }
        text.push_str("</tr>");
    }
    text.push_str("</tbody></table></div>");
    text
}

/// Something that must not be broken over lines.
pub(crate) fn unbroken(text: &str) -> String {
    format!("<span class=\"day\">{}</span>", escape(text))
}

/// Code.
pub(crate) fn code(text: &str) -> String {
    format!("<code>{}</code>", escape(text))
}
