//! Signing in, as a machine: [`Flow::next`] says what to send, show or wait for; `took_…` takes what came back.
//!
//! ```text
//! browser: Register ─► Browse ─► (callback) ─► Exchange ─► token
//! device:  Register ─► StartDevice ─► Show ─► Wait, Poll … ─► token
//! ```

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::login::{Client, Way};
use super::settings::Portal;
use crate::value::percent_encoded;

/// Where the browser comes back; the port is any (RFC 8252, section 7.3), so it is registered without.
pub const CALLBACK_PATH: &str = "/oauth/callback";
/// A client that ends within this is not used for another sign-in.
const CLIENT_LEFT_SECONDS: i64 = 3600;
/// RFC 8628, section 3.5: how much slower a client polls that was told to slow down.
const SLOWER_SECONDS: i64 = 5;
/// An answer that says nothing about the pace (RFC 8628, section 3.2).
const INTERVAL_SECONDS: i64 = 5;

/// A sign-in under way.
#[derive(Debug)]
pub struct Flow {
    portal: Portal,
    way: Way,
    client: Option<Client>,
    state: State,
    entropy: Entropy,
}

/// Randomness, as an argument: 32 bytes each, written in base64url.
#[derive(Debug, Clone)]
pub struct Entropy {
    verifier: SecretString,
    state: SecretString,
}

#[derive(Debug)]
enum State {
    Begun,
    Browsing { redirect: String },
    Came { redirect: String, code: SecretString },
    Shown { device: DeviceCode, next_at: i64, interval: i64 },
}

/// What StartDeviceAuthorization returned.
#[derive(Debug, Clone)]
pub struct DeviceCode {
    /// deviceCode
    pub code: SecretString,
    /// userCode
    pub user_code: String,
    /// verificationUri
    pub address: String,
    /// verificationUriComplete
    pub address_with_code: String,
    /// expiresIn, as seconds since 1970
    pub ends_at: i64,
    /// interval
    pub interval_seconds: i64,
}

/// What to do next.
#[derive(Debug)]
pub enum Do<'f> {
    /// RegisterClient
    Register(Registration<'f>),
    /// Open this address in a browser and wait for it to come back.
    Browse(String),
    /// CreateToken with an authorization code.
    Exchange {
        /// The client.
        client: &'f Client,
        /// code
        code: &'f SecretString,
        /// codeVerifier
        verifier: &'f SecretString,
        /// redirectUri
        redirect: &'f str,
    },
    /// StartDeviceAuthorization
    StartDevice(&'f Client),
    /// Wait for so many seconds.
    Wait(i64),
    /// CreateToken with the device code.
    Poll(&'f Client, &'f SecretString),
    /// The person did not come in time.
    TooLate,
}

/// The parameters of RegisterClient.
#[derive(Debug, PartialEq, Eq)]
pub struct Registration<'f> {
    /// scopes
    pub scopes: &'f [String],
    /// grantTypes; none for the device code.
    pub grants: &'static [&'static str],
    /// redirectUris: none for the device code.
    pub redirect: Option<String>,
    /// issuerUrl
    pub issuer: &'f str,
}

/// What the browser brought back.
#[derive(Debug, PartialEq, Eq)]
pub enum Callback {
    /// Not the answer to our question: another page, another state. It is not to be believed, whatever it says.
    Foreign,
    /// The person, or an administrator, said no.
    Denied(String),
    /// The code is taken.
    Taken,
}

impl Entropy {
    /// Of two times 32 random bytes (RFC 7636, section 4.1; RFC 6749, section 10.12).
    #[must_use]
    pub fn new(verifier: &[u8; 32], state: &[u8; 32]) -> Self {
        let text = |bytes: &[u8; 32]| SecretString::from(URL_SAFE_NO_PAD.encode(bytes));
        Self { verifier: text(verifier), state: text(state) }
    }
}

/// RFC 7636, section 4.2: `BASE64URL-ENCODE(SHA256(ASCII(code_verifier)))`.
#[must_use]
pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

impl Flow {
    /// Begins. A client that was registered before is used again while it is good for this way and these scopes.
    #[must_use]
    pub fn new(portal: Portal, way: Way, known: Option<Client>, entropy: Entropy, now: i64) -> Self {
        let fits = |client: &Client| {
            client.way == way && client.scopes == portal.scopes && client.ends_at - now > CLIENT_LEFT_SECONDS
        };
        Self { client: known.filter(fits), portal, way, state: State::Begun, entropy }
    }

    /// What to do now. `oidc` is the service's address, `redirect` the one of our listener for a browser that comes back.
    #[must_use]
    pub fn next(&mut self, oidc: &str, redirect: &str, now: i64) -> Do<'_> {
        if self.client.is_none() {
            return Do::Register(registration(&self.portal, self.way));
        }
        if matches!((&self.state, self.way), (State::Begun, Way::Browser)) {
            self.state = State::Browsing { redirect: redirect.to_owned() };
        }
        let Some(client) = &self.client else { return Do::TooLate };
        match &self.state {
            State::Begun => Do::StartDevice(client),
            State::Browsing { redirect } => {
                Do::Browse(authorize_address(oidc, client, &self.portal, redirect, &self.entropy))
            }
            State::Came { redirect, code } => {
                Do::Exchange { client, code, verifier: &self.entropy.verifier, redirect }
            }
            State::Shown { device, .. } if now >= device.ends_at => Do::TooLate,
            State::Shown { next_at, .. } if now < *next_at => Do::Wait(next_at - now),
            State::Shown { device, .. } => Do::Poll(client, &device.code),
        }
    }

    /// RegisterClient answered.
    pub fn took_client(&mut self, client: Client) {
        self.client = Some(client);
    }

    /// The client, once there is one.
    #[must_use]
    pub fn client(&self) -> Option<&Client> {
        self.client.as_ref()
    }

    /// AWS does not know the client (any more): another one is registered. Whether there was one to forget.
    pub fn forget_client(&mut self) -> bool {
        self.state = State::Begun;
        self.client.take().is_some()
    }

    /// StartDeviceAuthorization answered.
    pub fn took_device(&mut self, device: DeviceCode, now: i64) {
        let interval = if device.interval_seconds > 0 { device.interval_seconds } else { INTERVAL_SECONDS };
        self.state = State::Shown { next_at: now.saturating_add(interval), interval, device };
    }

    /// The device code was asked about and the person has not answered; `slower`: AWS said so.
    pub fn took_pending(&mut self, slower: bool, now: i64) {
        if let State::Shown { next_at, interval, .. } = &mut self.state {
            if slower {
                *interval = interval.saturating_add(SLOWER_SECONDS);
            }
            *next_at = now.saturating_add(*interval);
        }
    }

    /// A request came to our listener: `path` and `query` as sent. The state must be ours, to the bit.
    pub fn took_request(&mut self, path: &str, query: &str) -> Callback {
        let State::Browsing { redirect } = &self.state else { return Callback::Foreign };
        let field = |name: &str| {
            let pair = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            pair.map(percent_decoded)
        };
        let is_ours = field("state").is_some_and(|state| is_same(&state, self.entropy.state.expose_secret()));
        if path != CALLBACK_PATH || !is_ours {
            return Callback::Foreign;
        }
        match (field("code").filter(|code| !code.is_empty()), field("error")) {
            (Some(code), None) => {
                self.state = State::Came { redirect: redirect.clone(), code: code.into() };
                Callback::Taken
            }
            (_, error) => Callback::Denied(field("error_description").or(error).unwrap_or_default()),
        }
    }
}

fn registration(portal: &Portal, way: Way) -> Registration<'_> {
    let (grants, redirect): (&[&str], _) = match way {
        Way::Browser => {
            (&["authorization_code", "refresh_token"], Some(format!("http://127.0.0.1{CALLBACK_PATH}")))
        }
        // As `aws sso login` registers: the grants of the device code go without saying.
        Way::Device => (&[], None),
    };
    Registration { scopes: &portal.scopes, grants, redirect, issuer: &portal.start_url }
}

/// As `aws sso login` builds it (aws-cli, `awscli/customizations/sso/utils.py`; the parameter is `scopes`).
fn authorize_address(
    oidc: &str,
    client: &Client,
    portal: &Portal,
    redirect: &str,
    entropy: &Entropy,
) -> String {
    let pairs = [
        ("response_type", "code"),
        ("client_id", &client.id),
        ("redirect_uri", redirect),
        ("state", entropy.state.expose_secret()),
        ("code_challenge_method", "S256"),
        ("scopes", &portal.scopes.join(" ")),
        ("code_challenge", &challenge(entropy.verifier.expose_secret())),
    ];
    let query: Vec<_> =
        pairs.iter().map(|(name, value)| format!("{name}={}", percent_encoded(value))).collect();
    format!("{oidc}/authorize?{}", query.join("&"))
}

/// In a time that does not depend on where two texts differ.
fn is_same(one: &str, other: &str) -> bool {
    let differences = one.bytes().zip(other.bytes()).fold(0, |all, (a, b)| all | (a ^ b));
    one.len() == other.len() && differences == 0
}

fn percent_decoded(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        match byte {
            b'%' => {
                let (high, low) = (digit(bytes.next()), digit(bytes.next()));
                let pair = high.zip(low).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
                out.push(pair.unwrap_or(b'?'));
            }
            b'+' => out.push(b' '),
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OIDC: &str = "https://oidc.ap-northeast-1.amazonaws.com";
    const BACK: &str = "http://127.0.0.1:4321/oauth/callback";

    fn portal() -> Portal {
        Portal {
            session: Some("corp".into()),
            start_url: "https://shiosai.awsapps.com/start".into(),
            region: "ap-northeast-1".into(),
            scopes: vec!["sso:account:access".into()],
        }
    }

    fn client(way: Way) -> Client {
        let scopes = portal().scopes;
        Client { id: "id".into(), secret: "secret".into(), ends_at: 1_000_000, way, scopes }
    }

    fn flow(way: Way, known: Option<Client>) -> Flow {
        Flow::new(portal(), way, known, Entropy::new(&[1; 32], &[2; 32]), 0)
    }

    #[test]
    fn a_challenge_is_the_one_of_rfc_7636() {
        // Appendix B.
        assert_eq!(
            challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
        let entropy = Entropy::new(&[255; 32], &[0; 32]);
        assert_eq!(entropy.verifier.expose_secret().len(), 43);
    }

    #[test]
    fn a_client_is_registered_once_for_a_way() {
        let registers =
            |way, known: Option<Client>| matches!(flow(way, known).next(OIDC, BACK, 0), Do::Register(_));
        assert!(registers(Way::Device, None));
        assert!(!registers(Way::Device, Some(client(Way::Device))));
        assert!(registers(Way::Browser, Some(client(Way::Device))));
        assert!(registers(Way::Device, Some(Client { ends_at: 3600, ..client(Way::Device) })));
        assert!(registers(Way::Device, Some(Client { scopes: Vec::new(), ..client(Way::Device) })));
    }

    #[test]
    fn what_is_registered_is_used_and_an_answer_without_a_pace_has_one() {
        let mut flow = flow(Way::Device, None);
        assert!(flow.client().is_none() && !flow.forget_client());
        flow.took_client(client(Way::Device));
        assert_eq!(flow.client().map(|client| client.id.as_str()), Some("id"));
        assert!(matches!(flow.next(OIDC, "", 0), Do::StartDevice(client) if client.id == "id"));
        for (said, waits) in [(0, 5), (-1, 5), (1, 1), (7, 7)] {
            let device = DeviceCode {
                code: "code".into(),
                user_code: String::new(),
                address: String::new(),
                address_with_code: String::new(),
                ends_at: 600,
                interval_seconds: said,
            };
            flow.took_device(device, 10);
            assert!(matches!(flow.next(OIDC, "", 10), Do::Wait(seconds) if seconds == waits), "{said}");
        }
    }

    #[test]
    fn the_device_code_is_polled_as_slowly_as_aws_says() {
        let mut flow = flow(Way::Device, Some(client(Way::Device)));
        assert!(matches!(flow.next(OIDC, "", 0), Do::StartDevice(_)));
        let device = DeviceCode {
            code: "code".into(),
            user_code: "AAAA-BBBB".into(),
            address: String::new(),
            address_with_code: String::new(),
            ends_at: 600,
            interval_seconds: 1,
        };
        flow.took_device(device, 0);
        assert!(matches!(flow.next(OIDC, "", 0), Do::Wait(1)));
        assert!(matches!(flow.next(OIDC, "", 1), Do::Poll(_, code) if code.expose_secret() == "code"));
        flow.took_pending(false, 1);
        assert!(matches!(flow.next(OIDC, "", 1), Do::Wait(1)));
        flow.took_pending(true, 2);
        assert!(matches!(flow.next(OIDC, "", 2), Do::Wait(6)));
        assert!(matches!(flow.next(OIDC, "", 600), Do::TooLate));
        assert!(flow.forget_client() && matches!(flow.next(OIDC, "", 0), Do::Register(_)));
    }

    #[test]
    fn the_browser_comes_back_with_our_state_or_not_at_all() {
        let mut flow = flow(Way::Browser, Some(client(Way::Browser)));
        let Do::Browse(address) = flow.next(OIDC, BACK, 0) else { panic!("a browser is opened") };
        let state = URL_SAFE_NO_PAD.encode([2; 32]);
        let verifier = URL_SAFE_NO_PAD.encode([1; 32]);
        for part in [
            "https://oidc.ap-northeast-1.amazonaws.com/authorize?response_type=code&client_id=id&",
            "redirect_uri=http%3A%2F%2F127.0.0.1%3A4321%2Foauth%2Fcallback&",
            &format!("state={state}&code_challenge_method=S256&scopes=sso%3Aaccount%3Aaccess&"),
            &format!("code_challenge={}", challenge(&verifier)),
        ] {
            assert!(address.contains(part), "{part} in {address}");
        }
        assert!(!address.contains(&verifier));
        for (path, query) in [
            ("/", format!("code=x&state={state}")),
            (CALLBACK_PATH, "code=x".to_owned()),
            (CALLBACK_PATH, "code=x&state=".to_owned()),
            (CALLBACK_PATH, format!("code=x&state={}", state.to_lowercase())),
            (CALLBACK_PATH, format!("error=access_denied&state={state}x")),
        ] {
            assert_eq!(flow.took_request(path, &query), Callback::Foreign, "{query}");
        }
        let denied = flow.took_request(CALLBACK_PATH, &format!("error=access_denied&state={state}"));
        assert_eq!(denied, Callback::Denied("access_denied".to_owned()));
        assert_eq!(flow.took_request(CALLBACK_PATH, &format!("code=a%2Bb+c&state={state}")), Callback::Taken);
        match flow.next(OIDC, "another", 0) {
            Do::Exchange { code, verifier: sent, redirect, .. } => {
                assert_eq!((code.expose_secret(), sent.expose_secret()), ("a+b c", verifier.as_str()));
                assert_eq!(redirect, BACK);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(flow.took_request(CALLBACK_PATH, &format!("code=2&state={state}")), Callback::Foreign);
    }

    #[test]
    fn what_is_registered() {
        let portal = portal();
        let device = registration(&portal, Way::Device);
        assert!(device.redirect.is_none() && device.grants.is_empty());
        let browser = registration(&portal, Way::Browser);
        assert_eq!(browser.redirect.as_deref(), Some("http://127.0.0.1/oauth/callback"));
        assert_eq!(
            (browser.grants, browser.issuer),
            (&["authorization_code", "refresh_token"][..], portal.start_url.as_str())
        );
    }
}
