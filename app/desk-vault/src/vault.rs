//! The vault: calls in, answers out. What it holds, what it has followed, and what it has open.

mod ceremony;
mod code;
mod follow;
mod share;

use std::fmt::Display;
use std::io;

use jiff::Timestamp;
use kagimori_custody::{Clock, Digest, PersonId, Request, RequestId};
use kagimori_ledger::TrustPolicy;
use kagimori_passkey::RelyingParty;
use kagimori_sealing::protocol::{Answer, Call, Refused, SeedStanding, Standing, VERSION, Why};
use kagimori_sealing::{Entropy, Follower};
use ring::hmac;
use ring::rand::SecureRandom;
use zeroize::Zeroizing;

use self::follow::Seen;
use crate::disk::Disk;
use crate::keep::{self, Lock, Records};
use crate::moment::Moment;
use crate::open::Open;
use crate::used::Used;

/// What the vault is told when it is set up.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "the options of a command")]
pub struct Settings {
    /// Whose checkpoints are believed.
    pub trust: TrustPolicy,
    /// The desk, as browsers know it.
    pub party: RelyingParty,
    /// The version of the policy that the log begins with; `None`: whichever comes.
    pub founding: Option<Digest>,
    /// Somebody has looked: the files are of a backup, and the log tells what they lack.
    pub after_restore: bool,
}

/// The key of the host, and what is made of it.
#[expect(missing_debug_implementations, reason = "keys")]
pub struct HostKey {
    wrap: Zeroizing<[u8; 32]>,
    fingerprint: Zeroizing<[u8; 32]>,
    used: Zeroizing<[u8; 32]>,
}

/// A vault.
#[expect(missing_debug_implementations, reason = "it holds keys")]
pub struct Vault {
    disk: Disk,
    settings: Settings,
    host: HostKey,
    follower: Follower,
    used: Used,
    records: Records,
    open: Open,
    started: Moment,
    /// What was seen cosigned: the log must reach it.
    seen: Option<Seen>,
    /// The log is not the one that was seen cosigned; an epoch may admit it.
    is_another: bool,
    /// Why no code is made at all.
    trouble: Vec<String>,
    warnings: Vec<String>,
    /// What the clocks said at each release whose code was not made yet.
    clocks: Vec<(RequestId, u64, Clock)>,
    /// What the log asks of the files, and could not be done yet.
    todo: Vec<follow::Todo>,
}

/// Why a vault does not start.
#[derive(Debug, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "each is told in its own words")]
pub enum StartError {
    /// Used steps.
    #[error(transparent)]
    Used(#[from] crate::used::UsedError),
    /// Other files.
    #[error("the vault's files cannot be read: {0}")]
    Disk(#[from] io::Error),
    /// What it has seen.
    #[error("the file `seen` is damaged")]
    Seen,
    /// No random bytes.
    #[error("the machine gave no random bytes")]
    Random,
}

pub(crate) type Answered = Result<Answer, Refused>;

pub(crate) fn refused(why: Why, message: impl Display, hint: &str) -> Refused {
    Refused { why, message: message.to_string(), hint: hint.to_owned() }
}

pub(crate) fn disk_failed(error: impl Display) -> Refused {
    refused(
        Why::Machine,
        format!("the vault's disk failed: {error}"),
        "look at the disk of the custody host; no code was made",
    )
}

pub(crate) fn no_random() -> Refused {
    refused(Why::Machine, "the machine gave no random bytes", "start the custody host again")
}

impl HostKey {
    /// From the 32 bytes of a file.
    pub fn new(key: &[u8; 32]) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        let of = |label: &str| {
            let tag = hmac::sign(&key, label.as_bytes());
            Zeroizing::new(tag.as_ref().first_chunk::<32>().copied().unwrap_or_default())
        };
        Self {
            wrap: of("kagimori/host-wrap/1"),
            fingerprint: of("kagimori/host-fingerprint/1"),
            used: of("kagimori/host-used/1"),
        }
    }
}

impl Vault {
    /// Starts with what lies on the disk.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(
        disk: Disk,
        settings: Settings,
        host: HostKey,
        now: &Moment,
        random: &dyn SecureRandom,
    ) -> Result<Self, StartError> {
        let used = Used::open(&disk, &host.used)?;
        let records = keep::all(&disk)?;
        let seen = match disk.read("seen")? {
            None => None,
            Some(bytes) => Some(Seen::read(&bytes).ok_or(StartError::Seen)?),
        };
        let key = random_32(random).ok_or(StartError::Random)?;
        let epoch = u64::try_from(now.unix_seconds).unwrap_or_default().max(1);
        let follower = Follower::new(settings.party.clone());
        Ok(Self {
            disk,
            settings,
            host,
            follower,
            used,
            records,
            open: Open::new(epoch, &key),
            started: now.clone(),
            seen,
            is_another: false,
            trouble: Vec::new(),
            warnings: Vec::new(),
            clocks: Vec::new(),
            todo: Vec::new(),
        })
    }

    /// What somebody should look at, said by [`Call::Hello`].
    pub fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }

    /// The steps on the disk so far, for tests.
    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    /// Answers a call.
    pub fn answer(&mut self, call: Call, now: &Moment, random: &dyn SecureRandom) -> Answer {
        self.tidy(now);
        let answered = match call {
            Call::Hello { version } => self.hello(version, now),
            Call::Follow { from, leaves } => self.follow(from, &leaves, now, random),
            Call::Keys { request } => self.keys(&request, random),
            Call::Share { request, person, sealed } => self.share(request, person, &sealed),
            Call::MakePin { request } => self.make_pin(&request),
            Call::Pin { request } => {
                self.coded(&request).map(|_| Answer::Pin { pin: self.open.pin(&request).to_string() })
            }
            Call::Word { request } => {
                self.coded(&request).map(|_| Answer::Word { bytes: self.open.word(&request) })
            }
            Call::Mac { request, typed } => self.mac(&request, Zeroizing::new(typed)),
            Call::Code { request, leaf, checkpoint } => self.code(&request, leaf, &checkpoint, now, random),
            Call::Begin { request } => self.begin(request, now, random),
            Call::Enrol { request, sealed } => self.enrol(request, &sealed, now, random),
            Call::EnrolCode { request } => self.enrol_code(&request, now, random),
            Call::Forget {} => self.forget(now, random),
        };
        answered.unwrap_or_else(Answer::Refused)
    }

    fn hello(&mut self, version: u16, now: &Moment) -> Answered {
        if version != VERSION {
            let message =
                format!("the vault speaks version {VERSION} of the protocol, and was asked in {version}");
            return Err(refused(Why::Call, message, "update desk and vault together"));
        }
        let mut warnings = self.warnings.clone();
        warnings.extend(self.trouble.iter().cloned());
        warnings.extend(self.todo.iter().map(ToString::to_string));
        Ok(Answer::Hello(Standing {
            version,
            boot: now.boot.clone(),
            up_seconds: now.up_seconds,
            now: now.unix_seconds,
            epoch: self.open.epoch,
            size: self.follower.head().size,
            seen: self.seen.map_or(0, |seen| seen.head.size),
            seeds: self.standing(),
            warnings,
        }))
    }

    fn standing(&self) -> Vec<SeedStanding> {
        let of = |((seed, generation), record): (&(kagimori_custody::SeedId, u32), &keep::Record)| {
            let (threshold, holders) = match &record.lock {
                Lock::Host { .. } => (0, Vec::new()),
                Lock::Shares { threshold, holders, .. } => {
                    (*threshold, holders.iter().map(|held| held.person.clone()).collect())
                }
            };
            SeedStanding {
                seed: seed.clone(),
                generation: *generation,
                tier: record.lock.tier(),
                threshold,
                holders,
            }
        };
        self.records.iter().map(of).collect()
    }

    fn forget(&mut self, now: &Moment, random: &dyn SecureRandom) -> Answered {
        let epoch =
            u64::try_from(now.unix_seconds).unwrap_or_default().max(self.open.epoch.saturating_add(1));
        let key = random_32(random);
        // Without random bytes the old key goes all the same.
        self.open = Open::new(epoch, &key.clone().unwrap_or_default());
        key.map(|_| Answer::Forgotten { epoch }).ok_or_else(no_random)
    }

    /// A request that is under way.
    fn live(&self, id: &RequestId) -> Result<&Request, Refused> {
        let request = self.follower.state().request(id);
        let request = request.ok_or_else(|| no_request(id))?;
        if request.end.is_none() {
            return Ok(request);
        }
        Err(refused(
            Why::Refused,
            format!("the request `{id}` is over: {}", request.word()),
            "open a new request",
        ))
    }

    /// A request of a code that is approved and not over.
    fn coded(&self, id: &RequestId) -> Result<&Request, Refused> {
        let request = self.live(id)?;
        let is_approved = request.approved_at.is_some() && request.ask.kind().has_codes();
        if is_approved && self.follower.state().sealed().is_none() {
            return Ok(request);
        }
        Err(refused(
            Why::Refused,
            format!("the request `{id}` is not one of a code that is approved"),
            "see the request's page",
        ))
    }

    fn make_pin(&mut self, id: &RequestId) -> Answered {
        let before = self.coded(id)?.pin;
        let mac = self.open.mac(id, &self.open.pin(id));
        // The log takes a PIN of a later epoch alone.
        if let Some(pin) = before.filter(|pin| pin.mac != mac) {
            self.open.epoch = self.open.epoch.max(pin.epoch.saturating_add(1));
        }
        Ok(Answer::PinMade { mac, epoch: self.open.epoch })
    }

    fn mac(&mut self, id: &RequestId, typed: Zeroizing<String>) -> Answered {
        self.coded(id)?;
        let mac = self.open.tried(id, &typed);
        drop(typed);
        mac.map(|mac| Answer::Mac { mac }).ok_or_else(|| {
            refused(
                Why::Pin,
                "three wrong PINs were typed for this request",
                "open a new request; and ask who typed them",
            )
        })
    }

    /// Lets go of what belongs to requests that are over, and does what could not be done.
    fn tidy(&mut self, now: &Moment) {
        let state = self.follower.state();
        let is_kept = |id: &RequestId| {
            state.request(id).is_some_and(|request| request.end.is_none() || is_owed(request, now))
        };
        self.open.keep(is_kept);
        self.open.windows.retain(|_, (_, until)| now.up_seconds < *until);
        self.clocks.retain(|(id, _, _)| is_kept(id));
        self.catch_up();
    }
}

/// The last code of a request ends it, and is made after that.
fn is_owed(request: &Request, now: &Moment) -> bool {
    let recent = |at: Timestamp| now.unix_seconds.saturating_sub(at.as_second()) < 600;
    request.releases.last().is_some_and(|release| release.shown.is_none() && recent(release.at))
}

pub(crate) fn no_request(id: &RequestId) -> Refused {
    refused(
        Why::Refused,
        format!("there is no request `{id}` in the log"),
        "give the vault the log's last entries",
    )
}

pub(crate) fn random_32(random: &dyn SecureRandom) -> Option<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0; 32]);
    random.fill(bytes.as_mut_slice()).ok().map(|()| bytes)
}

pub(crate) fn entropy(random: &dyn SecureRandom) -> Result<Entropy, Refused> {
    random_32(random).map(|bytes| Entropy::new(&bytes)).ok_or_else(no_random)
}

pub(crate) fn instant(now: &Moment) -> Timestamp {
    Timestamp::from_second(now.unix_seconds).unwrap_or(Timestamp::MAX)
}

/// One of the people, for messages.
pub(crate) fn names<'a>(people: impl IntoIterator<Item = &'a PersonId>) -> String {
    people.into_iter().map(|person| format!("`{person}`")).collect::<Vec<String>>().join(", ")
}
