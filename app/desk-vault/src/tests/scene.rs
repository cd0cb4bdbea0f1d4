//! A desk with its people, log and witness, and a vault on a folder of its own. Time stands until somebody moves it.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use kagimori_custody::{
    Ceremony, Clock, Draft, Effect, Event, Exposure, Lasting, Leaf, Mac, Mode, Outcome, PersonId, Policy,
    Proof, RequestId, SeedId, State, Statement, Viewer, Wish, step, step_of,
};
use kagimori_ledger::epoch::origin_of;
use kagimori_ledger::{Checkpoint, CosigningKey, Hash, SigningKey, Tree, TrustPolicy};
use kagimori_passkey::{RelyingParty, SoftwareKey};
use kagimori_sealing::boxed::HolderKey;
use kagimori_sealing::protocol::{
    Answer, Call, FOR_CODE, FOR_HELD_SHARE, FOR_SECRET, FOR_SHARE, Holder, Refused, Why, about_held,
    about_share,
};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use zeroize::Zeroizing;

use crate::disk::{Disk, Trouble};
use crate::moment::Moment;
use crate::vault::{HostKey, Settings, Vault};

const EXAMPLE: &str = include_str!("../../../../core/custody/data/example.toml");
const PEOPLE: [&str; 9] = ["aoi", "haru", "ren", "mika", "sora", "emi", "hina", "yuto", "kei"];
pub(super) const ORIGIN: &str = "desk.shiosai.example/log";
/// RFC 6238's secret, in base32.
pub(super) const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/// A folder of a test's own, which goes with it.
#[derive(Debug)]
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("kagimori-vault-{}-{name}", std::process::id()));
        drop(std::fs::remove_dir_all(&folder));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

pub(super) fn id(name: &str) -> RequestId {
    RequestId::parse(name).unwrap()
}

pub(super) fn person(name: &str) -> PersonId {
    PersonId::parse(name).unwrap()
}

pub(super) fn seed_id(name: &str) -> SeedId {
    SeedId::parse(name).unwrap()
}

fn number(name: &str) -> u8 {
    u8::try_from(PEOPLE.iter().position(|known| *known == name).unwrap()).unwrap()
}

/// `mika` has a passkey; the others sign with Ed25519.
pub(super) fn passkey() -> SoftwareKey {
    SoftwareKey::from_seed(&[77; 32]).unwrap()
}

fn signer(name: &str) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[100 + number(name); 32]).unwrap()
}

/// The key to which shares of somebody are sealed, and the key of their page.
pub(super) fn holder(name: &str) -> HolderKey {
    HolderKey::from_bytes(Zeroizing::new([50 + number(name); 32]))
}

pub(super) fn page(name: &str) -> HolderKey {
    HolderKey::from_bytes(Zeroizing::new([150 + number(name); 32]))
}

/// Bech32 of BIP 173, the other way.
fn recipient(key: &[u8; 32]) -> String {
    const LETTERS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let mut values: Vec<u8> = Vec::new();
    let (mut held, mut bits) = (0_u32, 0);
    for byte in key {
        (held, bits) = ((held << 8 | u32::from(*byte)) & 0xffff, bits + 8);
        while bits >= 5 {
            bits -= 5;
            values.push((held >> bits & 31) as u8);
        }
    }
    values.push((held << (5 - bits) & 31) as u8);
    let name: Vec<u8> =
        b"age".iter().map(|b| b >> 5).chain([0]).chain(b"age".iter().map(|b| b & 31)).collect();
    let sum = name.into_iter().chain(values.clone()).chain([0; 6]).fold(1_u32, |sum, value| {
        let top = sum >> 25;
        let shifted = (sum & 0x01ff_ffff) << 5 ^ u32::from(value);
        (0..5).fold(shifted, |sum, bit| if top >> bit & 1 == 1 { sum ^ GENERATOR[bit] } else { sum })
    }) ^ 1;
    values.extend((0..6).map(|place| (sum >> (5 * (5 - place)) & 31) as u8));
    let letters: String = values.into_iter().map(|value| char::from(LETTERS[usize::from(value)])).collect();
    format!("age1{letters}")
}

pub(super) fn policy(tier: &str) -> Policy {
    let mut text = EXAMPLE.replace("kind = \"webauthn\"", "kind = \"ed25519\"");
    // Only a practice seed may be opened by the host alone.
    text = match tier {
        "T0" => text.replace("tier = \"T1\"", "tier = \"T0\""),
        tier => text.replace("tier = \"T2\"", &format!("tier = \"{tier}\"")),
    };
    let passkey = URL_SAFE_NO_PAD.encode(passkey().public().to_cose());
    text = text.replace(
        "kind = \"ed25519\", public = \"mika-public\"",
        &format!("kind = \"webauthn\", public = \"{passkey}\""),
    );
    for name in PEOPLE {
        text = text
            .replace(
                &format!("\"{name}-public\""),
                &format!("\"{}\"", STANDARD.encode(signer(name).public_key())),
            )
            .replace(
                &format!("\"age1{name}\""),
                &format!("\"{}\"", recipient(holder(name).public().as_bytes())),
            );
    }
    Policy::from_toml(&text).unwrap()
}

pub(super) fn log_key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[1; 32]).unwrap()
}

pub(super) fn witness(byte: u8) -> CosigningKey {
    CosigningKey::from_seed(&format!("w{byte}.example"), &[byte; 32]).unwrap()
}

pub(super) fn settings() -> Settings {
    let origin = "https://desk.shiosai.example".to_owned();
    Settings {
        trust: TrustPolicy::of(log_key().public(), 1, &[witness(2).public().clone()]).unwrap(),
        party: RelyingParty { id: "desk.shiosai.example".to_owned(), origin },
        founding: None,
        after_restore: false,
    }
}

/// The code of RFC 6238, worked out once more.
pub(super) fn expected(step: u64) -> String {
    let tag = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"12345678901234567890"),
        &step.to_be_bytes(),
    );
    let at = usize::from(tag.as_ref()[19] & 15);
    let number = u32::from_be_bytes(tag.as_ref()[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

pub(super) struct Scene {
    pub(super) state: State,
    pub(super) leaves: Vec<Vec<u8>>,
    pub(super) tree: Tree,
    pub(super) now: Moment,
    pub(super) vault: Vault,
    pub(super) folder: PathBuf,
    pub(super) settings: Settings,
    pub(super) seed: SeedId,
    given: usize,
    /// Everything that the vault has ever said, as it goes over the socket.
    pub(super) said: String,
}

impl Scene {
    /// A desk that was founded a moment ago.
    pub(super) fn new(folder: &Path, tier: &str, trouble: Option<Trouble>) -> Self {
        let now = Moment { boot: "boot-1".to_owned(), up_seconds: 1000, unix_seconds: 1_700_000_010 };
        let settings = settings();
        let vault = started(folder, &settings, &now, trouble);
        let state = State::default();
        let mut scene = Self {
            state,
            leaves: Vec::new(),
            tree: Tree::new(),
            now,
            vault,
            folder: folder.to_owned(),
            settings,
            seed: seed_id(if tier == "T0" { "practice" } else { "root-main" }),
            given: 0,
            said: String::new(),
        };
        let policy = policy(tier);
        scene.take_by(&Event::Found { policy: Box::new(policy.file().clone()) }, &policy);
        scene
    }

    /// The vault is started again, with the same files.
    pub(super) fn restart(&mut self) {
        self.vault = started(&self.folder, &self.settings, &self.now, None);
        self.given = 0;
    }

    /// The machine is started again.
    pub(super) fn reboot(&mut self) {
        self.now.boot.push('x');
        self.now.up_seconds = 5;
        self.wait(60);
        self.restart();
    }

    pub(super) fn wait(&mut self, seconds: u32) {
        self.now.unix_seconds += i64::from(seconds);
        self.now.up_seconds += u64::from(seconds);
    }

    fn instant(&self) -> Timestamp {
        Timestamp::from_second(self.now.unix_seconds).unwrap()
    }

    pub(super) fn step(&self) -> u64 {
        step_of(self.instant(), 30)
    }

    pub(super) fn take(&mut self, event: &Event) -> Vec<Effect> {
        let policy = self.state.policy().unwrap().clone();
        self.take_by(event, &policy)
    }

    fn take_by(&mut self, event: &Event, policy: &Policy) -> Vec<Effect> {
        let (state, effects) = step(&self.state, event, policy, self.instant()).unwrap();
        self.state = state;
        self.log(Leaf::new(event.clone(), self.instant()).bytes());
        effects
    }

    /// Puts bytes into the log, whatever they are.
    pub(super) fn log(&mut self, bytes: Vec<u8>) {
        self.tree.append(Hash::leaf(&bytes));
        self.leaves.push(bytes);
    }

    pub(super) fn checkpoint(&self) -> String {
        self.checkpoint_by(&witness(2))
    }

    pub(super) fn checkpoint_by(&self, witness: &CosigningKey) -> String {
        self.signed(self.state.epoch(), witness)
    }

    /// Under the name that the log has in an epoch.
    pub(super) fn checkpoint_in(&self, epoch: u64) -> String {
        self.signed(epoch, &witness(2))
    }

    fn signed(&self, epoch: u64, witness: &CosigningKey) -> String {
        let (size, origin) = (self.tree.size(), origin_of(ORIGIN, epoch));
        let checkpoint = Checkpoint::new(&origin, size, self.tree.root_at(size).unwrap()).unwrap();
        let note = checkpoint.signed_by(&log_key().renamed(&origin).unwrap()).unwrap();
        note.cosigned_by(witness, u64::try_from(self.now.unix_seconds).unwrap()).unwrap().to_string()
    }

    pub(super) fn ask(&mut self, call: Call) -> Answer {
        let answer = self.vault.answer(call, &self.now, &SystemRandom::new());
        self.said.push_str(&serde_json::to_string(&answer).unwrap());
        answer
    }

    pub(super) fn follow(&mut self) -> Answer {
        let leaves = self.leaves.iter().skip(self.given).map(|leaf| STANDARD.encode(leaf)).collect();
        let answer = self.ask(Call::Follow { from: self.given as u64, leaves });
        if let Answer::Followed { size, .. } = &answer {
            self.given = usize::try_from(*size).unwrap();
        }
        answer
    }

    pub(super) fn proof(
        &self,
        name: &str,
        request: &str,
        says: fn(kagimori_custody::Digest) -> Statement,
    ) -> Proof {
        let digest = self.state.request(&id(request)).unwrap().digest;
        let bytes = says(digest).bytes(&person(name));
        if name == "mika" {
            return self.proof_by_passkey(&self.settings.party, name, &says(digest));
        }
        let key = kagimori_custody::KeyName::parse(&format!("{name}-1")).unwrap();
        Proof { key, bytes: STANDARD.encode(signer(name).sign(&bytes)) }
    }

    /// A code of the seed.
    pub(super) fn wish(&self) -> Wish {
        match self.seed.as_str() {
            "practice" => Wish::Drill { seed: self.seed.clone(), mode: Mode::Direct },
            _ => Wish::RootCode {
                account: kagimori_id::AccountId::parse("111122223333").unwrap(),
                mode: Mode::Direct,
            },
        }
    }

    /// As a browser brings it, of this page.
    pub(super) fn proof_by_passkey(&self, party: &RelyingParty, name: &str, statement: &Statement) -> Proof {
        let assertion = passkey().sign(party, statement.challenge(&person(name)).bytes());
        let key = kagimori_custody::KeyName::parse(&format!("{name}-1")).unwrap();
        Proof { key, bytes: STANDARD.encode(assertion.packed().unwrap()) }
    }

    pub(super) fn submit(&mut self, request: &str, wish: Wish) {
        let (id, reason) = (id(request), "to close the old account".to_owned());
        let draft = Draft { id, wish, reason, ticket: None, window: Lasting::minutes(30), follows: None };
        self.take(&Event::Submit { by: person("aoi"), from: None, through: None, draft });
    }

    /// Approves; with a share, where the seed opens by shares.
    pub(super) fn approve(&mut self, request: &str, name: &str) -> Result<(), Refused> {
        let share = self.give_share(request, name)?;
        self.approve_with(request, name, share);
        Ok(())
    }

    pub(super) fn approve_with(
        &mut self,
        request: &str,
        name: &str,
        share: Option<kagimori_custody::Digest>,
    ) {
        let proof = self.proof(name, request, |digest| Statement::Approve { digest });
        self.take(&Event::Approve { request: id(request), by: person(name), from: None, proof, share });
    }

    pub(super) fn holders(&mut self, request: &str) -> Result<Vec<Holder>, Refused> {
        self.follow();
        match self.ask(Call::Keys { request: id(request) }) {
            Answer::Keys { holders, .. } => Ok(holders),
            Answer::Refused(refused) => Err(refused),
            other => panic!("{other:?}"),
        }
    }

    /// None where the seed opens without shares.
    pub(super) fn give_share(
        &mut self,
        request: &str,
        name: &str,
    ) -> Result<Option<kagimori_custody::Digest>, Refused> {
        let given = self.holders(request)?.into_iter().find(|holder| holder.person == person(name));
        let Some(given) = given else { return Ok(None) };
        let about = STANDARD.decode(&given.about_held).unwrap();
        assert_eq!(about, about_held(&self.seed, 1, &person(name)));
        let share = holder(name).open(&given.held, FOR_HELD_SHARE, &about).unwrap();
        let about = about_share(&self.state.request(&id(request)).unwrap().digest, &person(name));
        let sealed = given.key.seal(FOR_SHARE, &about, &share, &SystemRandom::new()).unwrap();
        match self.ask(Call::Share { request: id(request), person: person(name), sealed }) {
            Answer::Taken { share } => Ok(Some(share)),
            Answer::Refused(refused) => Err(refused),
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn claim(&mut self, request: &str) {
        let proof = self.proof("hina", request, |digest| Statement::Claim { digest });
        let viewer = Some(Viewer(page("hina").public().into()));
        let from = Some([127, 0, 0, 1].into());
        self.take(&Event::Claim { request: id(request), by: person("hina"), from, proof, viewer });
    }

    /// A ceremony, to the two codes: what the vault said of the seed, and the step of the last code.
    pub(super) fn ceremony(
        &mut self,
        request: &str,
        secret: &str,
    ) -> Result<(kagimori_custody::Digest, u64), Refused> {
        self.submit(request, Wish::Custody { seed: self.seed.clone(), ceremony: Ceremony::Enrol });
        self.approve_with(request, "ren", None);
        self.approve_with(request, "sora", None);
        self.claim(request);
        self.enrol(request, secret)
    }

    pub(super) fn enrol(
        &mut self,
        request: &str,
        secret: &str,
    ) -> Result<(kagimori_custody::Digest, u64), Refused> {
        self.follow();
        let key = match self.ask(Call::Begin { request: id(request) }) {
            Answer::Begun { key } => key,
            Answer::Refused(refused) => return Err(refused),
            other => panic!("{other:?}"),
        };
        let sealed =
            key.seal(FOR_SECRET, request.as_bytes(), secret.as_bytes(), &SystemRandom::new()).unwrap();
        let fingerprint = match self.ask(Call::Enrol { request: id(request), sealed }) {
            Answer::Enrolled { fingerprint, .. } => fingerprint,
            Answer::Refused(refused) => return Err(refused),
            other => panic!("{other:?}"),
        };
        let mut last = 0;
        for _ in 0..2 {
            last = match self.ask(Call::EnrolCode { request: id(request) }) {
                Answer::Code { step, .. } => step,
                Answer::Refused(refused) => return Err(refused),
                other => panic!("{other:?}"),
            };
            self.wait(30);
        }
        Ok((fingerprint, last))
    }

    pub(super) fn settle(&mut self, request: &str, fingerprint: kagimori_custody::Digest, last_step: u64) {
        let outcome = Outcome::Held { fingerprint, last_step, exposure: Exposure::default() };
        self.take(&Event::Settle { request: id(request), by: person("hina"), outcome });
        self.follow();
    }

    /// A desk with a seed in custody.
    pub(super) fn with_seed(folder: &Path, tier: &str) -> Self {
        let mut scene = Self::new(folder, tier, None);
        let (fingerprint, last) = scene.ceremony("enrol-1", SECRET).unwrap();
        scene.settle("enrol-1", fingerprint, last);
        scene
    }

    /// A request of a code, to where the operator has typed the right PIN.
    pub(super) fn request(&mut self, request: &str) -> Result<(), Refused> {
        self.submit(request, self.wish());
        self.approve(request, "ren")?;
        self.approve(request, "sora")?;
        self.claimed(request)
    }

    pub(super) fn claimed(&mut self, request: &str) -> Result<(), Refused> {
        let viewer = Viewer(page("aoi").public().into());
        self.take(&Event::Ready { request: id(request), by: person("aoi"), viewer });
        self.claim(request);
        self.pin(request)
    }

    pub(super) fn pin(&mut self, request: &str) -> Result<(), Refused> {
        self.follow();
        let (mac, epoch) = match self.ask(Call::MakePin { request: id(request) }) {
            Answer::PinMade { mac, epoch } => (mac, epoch),
            Answer::Refused(refused) => return Err(refused),
            other => panic!("{other:?}"),
        };
        self.take(&Event::SetPin { request: id(request), mac, epoch });
        self.follow();
        let Answer::Pin { pin } = self.ask(Call::Pin { request: id(request) }) else { panic!() };
        let Answer::Mac { mac: typed } = self.ask(Call::Mac { request: id(request), typed: pin }) else {
            panic!()
        };
        self.try_pin(request, typed);
        Ok(())
    }

    pub(super) fn try_pin(&mut self, request: &str, mac: Mac) {
        self.take(&Event::TryPin { request: id(request), by: person("hina"), mac });
    }

    /// The leaf of a release.
    pub(super) fn release(&mut self, request: &str) -> u64 {
        let leaf = self.leaves.len() as u64;
        let clock =
            Clock { boot: self.now.boot.clone(), up_seconds: self.now.up_seconds, offsets_ms: vec![3, -8] };
        let (from, step) = (Some([127, 0, 0, 1].into()), self.step());
        self.take(&Event::Release { request: id(request), by: person("hina"), from, step, clock });
        leaf
    }

    /// A release that custody would not take: put into the log all the same.
    pub(super) fn release_anyhow(&mut self, request: &str) -> u64 {
        let leaf = self.leaves.len() as u64;
        let clock =
            Clock { boot: self.now.boot.clone(), up_seconds: self.now.up_seconds, offsets_ms: vec![0, 0] };
        let (from, step) = (Some([127, 0, 0, 1].into()), self.step());
        let event = Event::Release { request: id(request), by: person("hina"), from, step, clock };
        self.log(Leaf::new(event, self.instant()).bytes());
        leaf
    }

    pub(super) fn code_of(&mut self, request: &str, leaf: u64) -> Answer {
        self.follow();
        let checkpoint = self.checkpoint();
        self.ask(Call::Code { request: id(request), leaf, checkpoint })
    }

    /// Releases, and opens the code on the requester's page.
    pub(super) fn code(&mut self, request: &str) -> Result<(String, u64), Why> {
        let leaf = self.release(request);
        match self.code_of(request, leaf) {
            Answer::Code { code, step, from, until } => {
                assert_eq!(
                    (from, until),
                    (i64::try_from(step * 30).unwrap(), i64::try_from(step * 30 + 30).unwrap())
                );
                let digits = page("aoi").open(&code, FOR_CODE, b"").unwrap();
                self.take(&Event::Shown { request: id(request), step });
                Ok((String::from_utf8(digits.to_vec()).unwrap(), step))
            }
            Answer::Refused(refused) => Err(refused.why),
            other => panic!("{other:?}"),
        }
    }
}

pub(super) fn started(folder: &Path, settings: &Settings, now: &Moment, trouble: Option<Trouble>) -> Vault {
    let disk = Disk::new(&folder.join("vault")).unwrap().with_trouble(trouble);
    Vault::start(disk, settings.clone(), HostKey::new(&[9; 32]), now, &SystemRandom::new()).unwrap()
}
