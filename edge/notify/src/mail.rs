//! A mail server: the dialogue and the encoding are `lettre`'s; how the connection is made private is said, never tried.

use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use kagimori_notice::{Cause, Mail, MailText, Outcome, Security, tamed};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{SmtpTransport, Transport};
use secrecy::{ExposeSecret, SecretString};

use crate::Unsent;
use crate::secret::Secrets;

pub(crate) fn send(
    mail: &Mail,
    text: &MailText,
    password: Option<SecretString>,
    certificates: Option<&[u8]>,
    secrets: &mut Secrets<'_>,
    now: Timestamp,
) -> Result<Outcome, Unsent> {
    let message = message(mail, text, now)?;
    let limit = secrets.left();
    let mut server = SmtpTransport::builder_dangerous(&mail.host)
        .port(mail.port)
        .tls(tls(mail, certificates)?)
        .hello_name(ClientId::Domain("[127.0.0.1]".to_owned()))
        .timeout(Some(limit));
    if let (Some((user, _)), Some(password)) = (&mail.login, password) {
        let password = password.expose_secret();
        // As AUTH PLAIN and AUTH LOGIN say them: a server may repeat what it was told.
        secrets.knows(&BASE64.encode(format!("\0{user}\0{password}")));
        server = server.credentials(Credentials::new(user.clone(), password.to_owned()));
    }
    let server = server.build();
    // Each read has its limit; a server that says a letter a minute has none, so the dialogue is left behind when its time is over.
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let _ = sender.send(server.send(&message));
    });
    match receiver.recv_timeout(limit) {
        Ok(Ok(_)) => Ok(Outcome::Taken(None)),
        Ok(Err(error)) => Err(unsent(&error)),
        Err(_) => Err(Unsent::new(Cause::Unknown, "the mail server did not come to an end in time")),
    }
}

/// The mail, with a `Message-ID` that stays: a server or a reader that gets it twice can tell.
fn message(mail: &Mail, text: &MailText, now: Timestamp) -> Result<Message, Unsent> {
    let mailbox = |address: &str| {
        let wrong = || Unsent::channel(format!("`{}` is no mail address", tamed(address, 60)));
        address.parse::<Mailbox>().map_err(|_| wrong())
    };
    let from = mailbox(&mail.from)?;
    let domain = from.email.domain().to_owned();
    let named = |id: &str| format!("<{id}@{domain}>");
    let mut builder = Message::builder()
        .message_id(Some(named(&text.id)))
        .date(UNIX_EPOCH + Duration::from_secs(now.as_second().unsigned_abs()))
        .from(from)
        .subject(text.subject.as_str())
        .header(ContentType::TEXT_PLAIN)
        // RFC 3834: nobody's absence answers it.
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ));
    if let Some(thread) = &text.thread {
        builder = builder.references(named(thread)).in_reply_to(named(thread));
    }
    for address in &mail.to {
        builder = builder.to(mailbox(address)?);
    }
    // RFC 5322 ends lines with both.
    let body = text.body.replace('\n', "\r\n");
    builder.body(body).map_err(|error| Unsent::channel(format!("the mail cannot be written: {error}")))
}

fn tls(mail: &Mail, certificates: Option<&[u8]>) -> Result<Tls, Unsent> {
    if mail.security == Security::None {
        return Ok(Tls::None);
    }
    let mut parameters = TlsParameters::builder(mail.host.clone());
    if let Some(pem) = certificates {
        let wrong = |_| Unsent::channel("the file of `certificates` holds none");
        let certificate = Certificate::from_pem(pem).map_err(wrong)?;
        parameters = parameters.certificate_store(CertificateStore::None).add_root_certificate(certificate);
    }
    let parameters =
        parameters.build().map_err(|_| Unsent::channel("TLS cannot be set up for this server"))?;
    Ok(match mail.security {
        Security::Tls => Tls::Wrapper(parameters),
        _ => Tls::Required(parameters),
    })
}

/// What a server said, or why it said nothing.
fn unsent(error: &lettre::transport::smtp::Error) -> Unsent {
    // Whole: what is cut before secrets are taken out of it may keep a part of one.
    let said = tamed(&error.to_string(), usize::MAX);
    let code = error.status().map(|code| code.to_string()).unwrap_or_default();
    if error.is_transient() {
        return Unsent::new(Cause::Busy(None), format!("the mail server says: {said}"));
    }
    if error.is_permanent() {
        // RFC 5321, section 4.2.3: 552 is "exceeded storage allocation", of the message.
        let cause = if code == "552" { Cause::Letter } else { Cause::Channel };
        return Unsent::new(cause, format!("the mail server says: {said}"));
    }
    if said.contains("invalid peer certificate") {
        return Unsent::channel("the certificate of the mail server is not trusted");
    }
    if error.is_tls() || error.is_client() {
        return Unsent::channel(format!("the mail server cannot be used: {said}"));
    }
    if said.starts_with("Connection error") {
        return Unsent::new(Cause::Busy(None), "there is no connection to the mail server");
    }
    Unsent::new(Cause::Unknown, "the connection to the mail server broke")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use kagimori_notice::{Channel, Notice, Payload, Way, WireChannel, letter_id, render};
    use proptest::prelude::*;

    use super::*;

    fn channel() -> Channel {
        let text = "kind = 'mail'\naddress = 'smtps://mx.example.com'\nfrom = '鍵守 <k@example.com>'\nto = ['a@example.com', 'b@example.com']";
        toml::from_str::<WireChannel>(text).unwrap().read("mail").unwrap()
    }

    fn written(kind: &str, facts: &BTreeMap<&str, String>) -> String {
        let (channel, notice) = (channel(), Notice::read(&Notice::body(kind, facts)));
        let Payload::Mail(text) = render(&notice, &letter_id(&[1; 32], 1, "mail"), None, &channel) else {
            panic!("no mail")
        };
        let Way::Mail(mail) = &channel.way else { panic!("no mail") };
        let message = message(mail, &text, Timestamp::from_second(1_800_000_000).unwrap()).unwrap();
        assert_eq!(message.envelope().to().len(), 2);
        String::from_utf8(message.formatted()).unwrap()
    }

    proptest! {
        /// Whatever names and kinds are, the head has the lines that it has, and each is short and of ASCII.
        #[test]
        fn no_name_forges_a_head(key in r"[\r\n:@<>a\x00鍵 ]{0,40}|.{0,60}", owner in any::<String>(), kind in ".{1,40}") {
            for kind in ["retire.off", kind.as_str()] {
                let facts = BTreeMap::from([("key", key.clone()), ("owner", owner.clone())]);
                let mail = written(kind, &facts);
                let (head, _) = mail.split_once("\r\n\r\n").unwrap();
                let mut names: Vec<&str> = head
                    .split("\r\n")
                    .filter(|line| !line.starts_with([' ', '\t']))
                    .map(|line| line.split(':').next().unwrap())
                    .filter(|name| !["References", "In-Reply-To", "MIME-Version"].contains(name))
                    .collect();
                names.sort_unstable();
                let expected = ["Auto-Submitted", "Content-Transfer-Encoding", "Content-Type", "Date", "From", "Message-ID", "Subject", "To"];
                prop_assert_eq!(names, expected);
                prop_assert!(mail.is_ascii() && mail.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])));
            }
        }
    }
}
