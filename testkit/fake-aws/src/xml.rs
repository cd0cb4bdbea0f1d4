//! Writes the XML of the query protocol, as AWS shapes it.

use jiff::Timestamp;

use crate::fault::Fault;

/// Elements, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Xml(String);

impl Xml {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// An element with text.
    pub(crate) fn leaf(mut self, name: &str, text: &str) -> Self {
        let text = escaped(text);
        self.0.push_str(&format!("<{name}>{text}</{name}>"));
        self
    }

    /// An element with text, when there is one.
    pub(crate) fn maybe(self, name: &str, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.leaf(name, text),
            None => self,
        }
    }

    pub(crate) fn time(self, name: &str, time: Timestamp) -> Self {
        self.leaf(name, &iso(time))
    }

    /// An element with elements.
    pub(crate) fn node(mut self, name: &str, inner: &Self) -> Self {
        self.0.push_str(&format!("<{name}>{}</{name}>", inner.0));
        self
    }

    /// A list: `<Users><member>…</member></Users>`.
    pub(crate) fn list(self, name: &str, members: impl IntoIterator<Item = Self>) -> Self {
        let members = members.into_iter().fold(Self::new(), |all, member| all.node("member", &member));
        self.node(name, &members)
    }
}

/// `2026-11-22T04:00:00Z`.
pub(crate) fn iso(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The answer to a call. Operations without output have no result element.
pub(crate) fn answer(operation: &str, namespace: &str, result: Option<&Xml>, request_id: &str) -> String {
    let metadata = Xml::new().leaf("RequestId", request_id);
    let mut inner = Xml::new();
    if let Some(result) = result {
        inner = inner.node(&format!("{operation}Result"), result);
    }
    let inner = inner.node("ResponseMetadata", &metadata).0;
    format!("<{operation}Response xmlns=\"{namespace}\">{inner}</{operation}Response>\n")
}

/// An error.
pub(crate) fn error(fault: &Fault, namespace: &str, request_id: &str) -> String {
    let side = if fault.status < 500 { "Sender" } else { "Receiver" };
    let detail = Xml::new().leaf("Type", side).leaf("Code", &fault.code).leaf("Message", &fault.message);
    let inner = Xml::new().node("Error", &detail).leaf("RequestId", request_id).0;
    format!("<ErrorResponse xmlns=\"{namespace}\">{inner}</ErrorResponse>\n")
}

/// Characters XML 1.0 cannot hold become question marks.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#xD;"),
            '\t' | '\n' => out.push(letter),
            letter if letter < ' ' || matches!(letter, '\u{fffe}' | '\u{ffff}') => out.push('?'),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::Xml;

    #[test]
    fn texts_are_escaped() {
        let written = Xml::new().leaf("A", "<b>&\"\r\u{1}</b>").0;
        assert_eq!(written, "<A>&lt;b&gt;&amp;&quot;&#xD;?&lt;/b&gt;</A>");
    }

    #[test]
    fn lists_have_members() {
        let members = ["x", "y"].map(|text| Xml::new().leaf("N", text));
        let written = Xml::new().list("L", members).0;
        assert_eq!(written, "<L><member><N>x</N></member><member><N>y</N></member></L>");
    }
}
