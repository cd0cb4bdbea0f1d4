//! Makes a play desk: a folder of its own, keys, the policy, and a seed that was enrolled by the book.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kagimori_custody::{
    Ceremony, Draft, Event, Exposure, Finding, Lasting, Outcome, PersonId, Proof, RequestId, SeedId,
    Statement, Viewer, Wish,
};
use kagimori_journal::{Held, Holder, Journal, Place};
use kagimori_ledger::TrustPolicy;
use kagimori_ledger::key::{CosigningKey, SigningKey};
use kagimori_sealing::boxed::HolderKey;
use kagimori_sealing::protocol::FOR_SECRET;
use ring::rand::SystemRandom;
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::desk::Desk;
use crate::dev::company;
use crate::dev::vault::Here;
use crate::names;
use crate::page::decide;
use crate::publish::Publisher;
use crate::random;
use crate::settings::Settings;
use crate::vault::Vault;

/// A new folder that nobody else can look into, and that goes with this value.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Makes it; a name that is taken already is never used.
    ///
    /// # Errors
    /// A sentence.
    pub(crate) fn new() -> Result<Self, String> {
        let name = random::token().map_err(|error| error.to_string())?;
        let path = std::env::temp_dir().join(format!("kagimori-desk-{}", name.get(..12).unwrap_or_default()));
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).map_err(|error| format!("`{}`: {error}", path.display()))?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// How long ago the example seed was enrolled.
const ENROLLED_SECONDS_AGO: i64 = 90;

/// A play desk in a folder, with a seed of 20 bytes in custody.
///
/// # Errors
/// A sentence.
pub(crate) fn desk(folder: &Path, origin: &str, clock: Clock, secret: &[u8; 20]) -> Result<Desk, String> {
    desk_at(Place::from(&Journal::path_in(folder)), folder, origin, clock, secret)
}

/// The same, with its log at a place.
///
/// # Errors
/// A sentence.
pub(crate) fn desk_at(
    store: Place,
    folder: &Path,
    origin: &str,
    clock: Clock,
    secret: &[u8; 20],
) -> Result<Desk, String> {
    let (dev, policy) = company::found()?;
    let settings = settings(store, folder, origin);
    let log = SigningKey::from_seed(&settings.log_name(), &seed()?).map_err(told)?;
    let witness = CosigningKey::from_seed("witness.shiosai.example", &seed()?).map_err(told)?;
    let trust = format!("log {}\nwitness w {}\nquorum w\n", log.public(), witness.public());
    let trust: TrustPolicy = trust.parse().map_err(told)?;
    clock.be_behind(ENROLLED_SECONDS_AGO);
    let vault = Here::new(&folder.join("vault"), trust, settings.party(), clock.now())?;
    let cosigner = Publisher::here(witness, &log);
    let publisher = Publisher::new(log, cosigner);
    let holder = Holder { name: "kagimori-desk dev".to_owned(), host: "dev".to_owned() };
    let held = Held::take(&settings.store, holder, clock.now()).map_err(told)?;
    let desk = Desk::open(settings, clock, held, publisher, Vault::here(vault), Some(dev)).map_err(told)?;
    desk.act(&Event::Found { policy: Box::new(policy) }).map_err(told)?;
    enrol(&desk, secret).map_err(|error| format!("the example seed could not be enrolled: {error}"))?;
    desk.clock.be_behind(0);
    Ok(desk)
}

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn seed() -> Result<[u8; 32], String> {
    random::bytes().map_err(|error| error.to_string())
}

fn settings(store: Place, folder: &Path, origin: &str) -> Settings {
    Settings {
        company: "Shiosai".to_owned(),
        origin: origin.to_owned(),
        data: folder.to_owned(),
        store,
        trusted_proxies: Vec::new(),
        metrics_from: crate::settings::this_machine(),
        hours_from_utc: 9,
        listen: ([127, 0, 0, 1], 0).into(),
        vault: folder.join("vault.sock"),
        witness: None,
        clocks: Vec::new(),
        programs: BTreeMap::new(),
        channels: BTreeMap::new(),
        oidc: None,
        operator_listener: None,
    }
}

/// The ceremony that put the example seed into custody, as people would have done it.
fn enrol(desk: &Desk, secret: &[u8; 20]) -> Result<(), String> {
    let person = |name: &str| PersonId::parse(name).map_err(|error| error.to_string());
    let request = names::request(desk.clock.now()).map_err(|error| error.to_string())?;
    let name = SeedId::parse("management").map_err(|error| error.to_string())?;
    let draft = Draft {
        id: request.clone(),
        wish: Wish::Custody { seed: name, ceremony: Ceremony::Enrol },
        reason: "Root's second factor goes into custody. root の MFA をデスクに預け入れる".to_owned(),
        ticket: Some("SEC-1".to_owned()),
        window: Lasting::hours(1),
        follows: None,
    };
    let from = Some([127, 0, 0, 1].into());
    desk.act(&Event::Submit { by: person("keiko")?, from, through: None, draft }).map_err(told)?;
    for name in ["aoi", "minato"] {
        let (by, proof) = signed(desk, &request, name, |digest| Statement::Approve { digest })?;
        desk.act(&Event::Approve { request: request.clone(), by, from, proof, share: None }).map_err(told)?;
    }
    let (by, proof) = signed(desk, &request, "riku", |digest| Statement::Claim { digest })?;
    // The page of a custodian who closes it at once: nobody types these codes into a console.
    let page = STANDARD.encode(HolderKey::from_bytes(Zeroizing::new(seed()?)).public().as_bytes());
    let viewer = Some(Viewer(page));
    desk.act(&Event::Claim { request: request.clone(), by: by.clone(), from, proof, viewer })
        .map_err(told)?;
    let key = desk.vault.begin(desk, &request).map_err(told)?;
    let text = Zeroizing::new(base32(secret));
    let random = SystemRandom::new();
    let sealed = key.seal(FOR_SECRET, request.as_str().as_bytes(), text.as_bytes(), &random).map_err(told)?;
    let fingerprint = desk.vault.enrol(desk, &request, sealed).map_err(told)?;
    let (_, last_step) = desk.vault.enrol_code(desk, &request).map_err(told)?;
    let exposure = Exposure { seed: vec![by.clone()], password: vec![person("keiko")?] };
    let outcome = Outcome::Held { fingerprint, last_step, exposure };
    desk.act(&Event::Settle { request: request.clone(), by, outcome }).map_err(told)?;
    let evidence = {
        let book = desk.book();
        book.state
            .request(&request)
            .map(|request| decide::evidence(&book, request))
            .ok_or("the request is gone")?
    };
    let finding = Finding::Fine {};
    let (by, proof) = signed(desk, &request, "tetsuo", |digest| Statement::Review {
        digest,
        evidence,
        finding: finding.clone(),
    })?;
    desk.act(&Event::Review { request, by, from, proof, evidence, finding }).map(drop).map_err(told)
}

/// A statement of one of the cast, signed with their software key.
pub(crate) fn signed(
    desk: &Desk,
    request: &RequestId,
    name: &str,
    statement: impl Fn(kagimori_custody::Digest) -> Statement,
) -> Result<(PersonId, Proof), String> {
    let by = PersonId::parse(name).map_err(|error| error.to_string())?;
    let book = desk.book();
    let digest =
        book.state.request(request).map(|request| request.digest).ok_or("there is no such request")?;
    let key =
        book.state.policy().and_then(|policy| policy.person(&by)?.keys.first().map(|key| key.name.clone()));
    let (_, software) = desk.dev.as_ref().and_then(|dev| dev.keys.get(&by)).ok_or("nobody of that name")?;
    let challenge = statement(digest).challenge(&by);
    let packed = software.sign(&desk.party, challenge.bytes()).packed().ok_or("the signature is too long")?;
    let proof = Proof { key: key.ok_or("a person without a key")?, bytes: STANDARD.encode(packed) };
    Ok((by, proof))
}

/// RFC 4648 §6, without padding: 20 bytes are 32 letters.
fn base32(bytes: &[u8; 20]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut text, mut held, mut bits) = (String::new(), 0_u32, 0_u32);
    for byte in bytes {
        held = held << 8 & 0xfff | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            let letter = usize::try_from(held >> bits & 31).unwrap_or(0);
            text.push(LETTERS.get(letter).copied().map_or('A', char::from));
        }
    }
    text
}
