//! Reading the XML of STS and IAM.

use jiff::Timestamp;
use kagimori_session::credentials::{SessionCredentials, is_key_id};
use roxmltree::{Document, Node, ParsingOptions};

use crate::error::StsError;
use crate::transport::{Query, Reply};

/// A reply that was not an error.
pub(crate) struct Answer<'a> {
    document: Document<'a>,
    operation: &'static str,
    status: u16,
}

/// Parses a reply; AWS's errors become errors.
pub(crate) fn parse<'a>(query: &Query<'_>, reply: &'a Reply) -> Result<Answer<'a>, StsError> {
    let (operation, status) = (query.operation, reply.status);
    // DTDs are off by default, and with them every way of growing a document.
    let options = ParsingOptions { nodes_limit: 20_000, ..ParsingOptions::default() };
    let document = Document::parse_with_options(&reply.body, options).map_err(|_| StsError::Answer {
        operation,
        status,
        missing: "XML document",
    })?;
    let text = |name| find(document.root(), name).and_then(|node| node.text()).unwrap_or_default().to_owned();
    if !(200..300).contains(&status) {
        let code = text("Code");
        if code.is_empty() {
            return Err(StsError::Answer { operation, status, missing: "Code" });
        }
        let skew = reply.date.map(|server| query.at.as_second() - server.as_second());
        return Err(StsError::refused(operation, code, text("Message"), status, skew));
    }
    Ok(Answer { document, operation, status })
}

impl Answer<'_> {
    /// The text of the first element of this name.
    pub(crate) fn text(&self, name: &'static str) -> Result<String, StsError> {
        self.text_in(self.document.root(), name)
    }

    fn text_in(&self, node: Node<'_, '_>, name: &'static str) -> Result<String, StsError> {
        let missing = || StsError::Answer { operation: self.operation, status: self.status, missing: name };
        find(node, name).and_then(|node| node.text()).map(str::to_owned).ok_or_else(missing)
    }

    /// The `member`s of a list, each read by a function.
    pub(crate) fn members<T>(
        &self,
        list: &'static str,
        read: impl Fn(&dyn Fn(&'static str) -> Result<String, StsError>) -> Result<T, StsError>,
    ) -> Result<Vec<T>, StsError> {
        let Some(list) = find(self.document.root(), list) else { return Ok(Vec::new()) };
        let members = list.children().filter(|node| node.has_tag_name_ignoring_namespace("member"));
        members.map(|member| read(&|name| self.text_in(member, name))).collect()
    }

    /// The `Credentials` element.
    pub(crate) fn credentials(&self) -> Result<SessionCredentials, StsError> {
        let wrong = |missing| StsError::Answer { operation: self.operation, status: self.status, missing };
        let access_key_id = self.text("AccessKeyId")?;
        if !is_key_id(&access_key_id) {
            return Err(wrong("AccessKeyId"));
        }
        let expiration: Timestamp = self.text("Expiration")?.parse().map_err(|_| wrong("Expiration"))?;
        Ok(SessionCredentials {
            access_key_id,
            secret_access_key: self.text("SecretAccessKey")?.into(),
            session_token: self.text("SessionToken")?.into(),
            expiration,
        })
    }
}

trait IgnoringNamespace {
    fn has_tag_name_ignoring_namespace(&self, name: &str) -> bool;
}

impl IgnoringNamespace for Node<'_, '_> {
    fn has_tag_name_ignoring_namespace(&self, name: &str) -> bool {
        self.is_element() && self.tag_name().name() == name
    }
}

fn find<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.descendants().find(|node| node.has_tag_name_ignoring_namespace(name))
}
