//! What a refusal says, in each protocol: a code and a message.

use roxmltree::{Document, Node};
use serde_json::Value;

use super::Incoming;
use crate::model::Protocol;

/// AWS's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    /// The code; the HTTP status where there is none.
    pub(crate) code: String,
    pub(crate) message: String,
    /// The id of the request, of the headers or the body.
    pub(crate) request_id: Option<String>,
    /// Whether the body was one of AWS's at all.
    pub(crate) is_aws_s: bool,
}

/// Reads a refusal; what is none of AWS's (a proxy's page) is told by its status.
pub(crate) fn said(protocol: Protocol, answer: &Incoming) -> Said {
    let found = match protocol {
        Protocol::Query | Protocol::RestXml => of_xml(answer),
        Protocol::Json | Protocol::RestJson => of_json(protocol, answer),
    };
    found.unwrap_or_else(|| Said {
        code: answer.status.to_string(),
        message: String::new(),
        request_id: answer.request_id().map(str::to_owned),
        is_aws_s: false,
    })
}

fn of_xml(answer: &Incoming) -> Option<Said> {
    let document = Document::parse(str::from_utf8(&answer.body).ok()?).ok()?;
    let root = document.root_element();
    // `<ErrorResponse><Error>…`, S3's bare `<Error>…`, `<Response><Errors><Error>…`
    let error = root.descendants().find(|node| node.tag_name().name() == "Error")?;
    let text = |node: Node<'_, '_>, name: &str| {
        let found = node.descendants().find(|node| node.tag_name().name() == name);
        found.and_then(|node| node.text()).map(str::trim).map(str::to_owned)
    };
    Some(Said {
        code: text(error, "Code")?,
        message: text(error, "Message").unwrap_or_default(),
        request_id: text(root, "RequestId").or_else(|| answer.request_id().map(str::to_owned)),
        is_aws_s: true,
    })
}

fn of_json(protocol: Protocol, answer: &Incoming) -> Option<Said> {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let by_header = || answer.header("x-amzn-errortype").filter(|_| protocol == Protocol::RestJson);
    let by_body = || text("__type").or_else(|| text("code")).or_else(|| text("Code"));
    let code = by_header().or_else(by_body)?;
    // `com.amazonaws…#Code:http://…`
    let code = code.split(':').next().unwrap_or(code);
    let code = code.rsplit('#').next().unwrap_or(code);
    // Services that once spoke the query protocol keep its codes (`AWS.SimpleQueueService.NonExistentQueue;Sender`).
    let of_query = answer.header("x-amzn-query-error").and_then(|value| value.split_once(';'));
    let code = of_query.map(|(code, _)| code).filter(|code| !code.is_empty()).unwrap_or(code);
    Some(Said {
        code: code.to_owned(),
        message: text("message").or_else(|| text("Message")).unwrap_or_default().to_owned(),
        request_id: answer.request_id().map(str::to_owned),
        is_aws_s: true,
    })
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    fn read(protocol: Protocol, headers: &[(&str, &str)], body: &str) -> (String, String) {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let answer = Incoming { status: 400, headers, body: Zeroizing::new(body.as_bytes().to_vec()) };
        let said = said(protocol, &answer);
        (said.code, said.message)
    }

    #[test]
    fn each_protocol_has_its_own_form() {
        let pair = |code: &str, message: &str| (code.to_owned(), message.to_owned());
        for (protocol, headers, body, expected) in [
            (
                Protocol::Query,
                &[][..],
                "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type>\
                 <Code>NoSuchEntity</Code><Message>gone</Message></Error><RequestId>r</RequestId></ErrorResponse>",
                pair("NoSuchEntity", "gone"),
            ),
            (
                Protocol::RestXml,
                &[],
                "<Error><Code>NoSuchBucketPolicy</Code><Message>m</Message></Error>",
                pair("NoSuchBucketPolicy", "m"),
            ),
            (Protocol::Query, &[], "<html>Bad Gateway</html>", pair("400", "")),
            (Protocol::Query, &[], "", pair("400", "")),
            (
                Protocol::Json,
                &[],
                r#"{"__type":"AccessDeniedException","Message":"no"}"#,
                pair("AccessDeniedException", "no"),
            ),
            (
                Protocol::Json,
                &[],
                r#"{"__type":"com.amazonaws.x#TooManyRequestsException:http://y","message":"m"}"#,
                pair("TooManyRequestsException", "m"),
            ),
            (
                Protocol::Json,
                &[("x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender")],
                r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"m"}"#,
                pair("AWS.SimpleQueueService.NonExistentQueue", "m"),
            ),
            (
                Protocol::RestJson,
                &[("x-amzn-errortype", "ValidationException:http://z")],
                r#"{"message":"m"}"#,
                pair("ValidationException", "m"),
            ),
            (Protocol::Json, &[], "<html>", pair("400", "")),
        ] {
            assert_eq!(read(protocol, headers, body), expected, "{body}");
        }
    }
}
