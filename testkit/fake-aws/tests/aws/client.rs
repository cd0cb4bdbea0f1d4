//! A client: signs requests by the plainest possible Signature Version 4 and reads what comes back.

use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use kagimori_fake_aws::{Company, Reply, Request, World, bastion};
use sha2::{Digest, Sha256};

pub(crate) const POWER: &str = "arn:aws:iam::222233334444:role/Power";
pub(crate) const LONG_JOB: &str = "arn:aws:iam::222233334444:role/LongJob";
pub(crate) const DEPLOY: &str = "arn:aws:iam::333344445555:role/delivery/Deploy";

/// Credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Keys {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) reply: Reply,
}

/// A world and the real time.
pub(crate) struct Aws {
    pub(crate) world: World,
    pub(crate) wall: Timestamp,
}

impl Aws {
    pub(crate) fn bastion() -> Self {
        Self::of(&Company::bastion())
    }

    pub(crate) fn of(company: &Company) -> Self {
        let wall = "2026-11-25T09:00:00Z".parse().unwrap();
        Self { world: World::new(company, wall).unwrap(), wall }
    }

    /// Lets time pass, everywhere.
    pub(crate) fn pass(&mut self, seconds: i64) {
        self.wall += SignedDuration::from_secs(seconds);
    }

    /// The long-term key of a user of the bastion; `root` is the root user.
    pub(crate) fn user(&self, name: &str) -> Keys {
        let arn = match name {
            "root" => format!("arn:aws:iam::{}:root", bastion::BASTION),
            name => format!("arn:aws:iam::{}:user/{name}", bastion::BASTION),
        };
        self.key_of(&arn)
    }

    pub(crate) fn key_of(&self, arn: &str) -> Keys {
        let pair = self.world.keys_of(arn).into_iter().next().unwrap();
        Keys { id: pair.access_key_id, secret: pair.secret_access_key, token: None }
    }

    /// What a device of the bastion shows.
    pub(crate) fn code(&self, name: &str) -> String {
        self.world.totp(&serial(name), self.wall).unwrap()
    }

    pub(crate) fn sts(&mut self, keys: &Keys, action: &str, parameters: &[(&str, &str)]) -> Answer {
        self.call(keys, ("sts", "2011-06-15"), action, parameters)
    }

    pub(crate) fn iam(&mut self, keys: &Keys, action: &str, parameters: &[(&str, &str)]) -> Answer {
        self.call(keys, ("iam", "2010-05-08"), action, parameters)
    }

    pub(crate) fn sns(&mut self, keys: &Keys, action: &str, parameters: &[(&str, &str)]) -> Answer {
        self.call(keys, ("sns", "2010-03-31"), action, parameters)
    }

    fn call(
        &mut self,
        keys: &Keys,
        service: (&str, &str),
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Answer {
        let request = signed(keys, service, action, parameters, self.wall);
        self.send(&request)
    }

    pub(crate) fn send(&mut self, request: &Request) -> Answer {
        let reply = self.world.handle(self.wall, request);
        Answer { status: reply.response.status, body: reply.response.body.clone(), reply }
    }

    /// AssumeRole with the session name `s1` and more.
    pub(crate) fn assume(&mut self, keys: &Keys, role: &str, more: &[(&str, &str)]) -> Answer {
        let both = [("RoleArn", role), ("RoleSessionName", "s1")];
        self.sts(keys, "AssumeRole", &[&both, more].concat())
    }

    /// The credentials of GetSessionToken with a fresh code.
    pub(crate) fn mfa_session(&mut self, name: &str) -> Keys {
        self.pass(30);
        let (keys, serial, code) = (self.user(name), serial(name), self.code(name));
        self.sts(&keys, "GetSessionToken", &[("SerialNumber", &serial), ("TokenCode", &code)]).keys()
    }

    /// Alice in the role `Power`.
    pub(crate) fn power(&mut self) -> Keys {
        let session = self.mfa_session("alice");
        self.assume(&session, POWER, &[]).keys()
    }
}

impl Answer {
    /// The text of an element.
    pub(crate) fn text(&self, element: &str) -> Option<&str> {
        let (_, rest) = self.body.split_once(&format!("<{element}>"))?;
        rest.split_once(&format!("</{element}>")).map(|(text, _)| text)
    }

    /// The credentials that were given.
    pub(crate) fn keys(&self) -> Keys {
        assert_eq!(self.status, 200, "{}", self.body);
        let text = |element: &str| self.text(element).unwrap().to_owned();
        Keys { id: text("AccessKeyId"), secret: text("SecretAccessKey"), token: Some(text("SessionToken")) }
    }

    /// Status, code and message of an error; of a success the status, `OK` and nothing.
    pub(crate) fn outcome(&self) -> (u16, String, String) {
        let plain = |text: &str| {
            text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
        };
        let code = self.text("Code").unwrap_or("OK").to_owned();
        (self.status, code, self.text("Message").map(plain).unwrap_or_default())
    }

    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.status, 200, "{}", self.body);
        self
    }

    /// The code of an error, `OK` of a success.
    pub(crate) fn code(&self) -> String {
        self.outcome().1
    }

    pub(crate) fn message(&self) -> String {
        self.outcome().2
    }
}

/// The serial of a user's device in the bastion.
pub(crate) fn serial(name: &str) -> String {
    format!("arn:aws:iam::{}:mfa/{name}", bastion::BASTION)
}

/// A signed request to a service with its version.
pub(crate) fn signed(
    keys: &Keys,
    (service, version): (&str, &str),
    action: &str,
    parameters: &[(&str, &str)],
    time: Timestamp,
) -> Request {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("Action", action).append_pair("Version", version).extend_pairs(parameters);
    let body = form.finish();
    let time = time.strftime("%Y%m%dT%H%M%SZ").to_string();
    let date = time.split('T').next().unwrap().to_owned();
    let mut headers = vec![("host", "127.0.0.1:1".to_owned()), ("x-amz-date", time.clone())];
    if let Some(token) = &keys.token {
        headers.push(("x-amz-security-token", token.clone()));
    }
    let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let canonical = format!("POST\n/\n\n{lines}\n{names}\n{}", hex(&Sha256::digest(&body)));
    let scope = format!("{date}/us-east-1/{service}/aws4_request");
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
    let mut key = format!("AWS4{}", keys.secret).into_bytes();
    for part in [&date, "us-east-1", service, "aws4_request", &text] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(part.as_bytes());
        key = mac.finalize().into_bytes().to_vec();
    }
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={}",
        keys.id,
        hex(&key)
    );
    headers.push(("authorization", authorization));
    Request {
        method: "POST".into(),
        path: "/".into(),
        query: String::new(),
        headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        body: body.into_bytes(),
        source_ip: [127, 0, 0, 1].into(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
