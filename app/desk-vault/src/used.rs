//! The steps of which a code was made: one line each, on the disk before the code is. A step is used once, for ever.
//!
//! A line is bound to the one before it by a MAC: lines that were altered, left out or changed places are noticed. Lines that are missing at
//! the end are noticed by the desk's log, which tells which codes were shown.

use std::collections::BTreeMap;
use std::io;

use kagimori_custody::SeedId;
use kagimori_id::hex;
use ring::hmac;

use crate::disk::Disk;
use crate::moment::Moment;

const NAME: &str = "used";

/// What is known of the steps that were used.
#[derive(Debug)]
pub struct Used {
    key: hmac::Key,
    last_tag: String,
    last: BTreeMap<SeedId, (u64, Moment)>,
    /// The last line may be half written: the file is written whole before the next.
    is_torn: bool,
    whole: String,
}

/// Why a step is not used.
#[derive(Debug, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "each is told in its own words")]
pub enum UsedError {
    /// It was, or a later one.
    #[error("a code of step {last} was made already, and none of that step or an earlier one is made again")]
    Used {
        /// The last one.
        last: u64,
    },
    /// Further than the machine's own clock went.
    #[error("the clock went further than this machine was up since the last code")]
    TooFar,
    /// The file.
    #[error("the file of used steps is damaged in line {0}")]
    Damaged(usize),
    /// The disk.
    #[error("the file of used steps cannot be written or read: {0}")]
    Disk(#[from] io::Error),
}

impl Used {
    /// Reads the file. A last line that is half written was no code: it is on the disk before one is made.
    ///
    /// # Errors
    /// [`UsedError::Damaged`], [`UsedError::Disk`].
    pub fn open(disk: &Disk, key: &[u8; 32]) -> Result<Self, UsedError> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        let mut used = Self {
            key,
            last_tag: String::new(),
            last: BTreeMap::new(),
            is_torn: false,
            whole: String::new(),
        };
        let bytes = disk.read(NAME)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        for (place, line) in lines.iter().enumerate() {
            if used.take(line).is_some() {
                continue;
            }
            if place + 1 < lines.len() {
                return Err(UsedError::Damaged(place + 1));
            }
            used.is_torn = true;
        }
        Ok(used)
    }

    /// The last step of a seed.
    pub fn last(&self, seed: &SeedId) -> Option<u64> {
        self.last.get(seed).map(|(step, _)| *step)
    }

    /// That neither this step nor a later one was used.
    ///
    /// # Errors
    /// [`UsedError::Used`].
    pub fn must_be_fresh(&self, seed: &SeedId, step: u64) -> Result<(), UsedError> {
        match self.last(seed) {
            Some(last) if step <= last => Err(UsedError::Used { last }),
            _ => Ok(()),
        }
    }

    /// Uses a step: afterwards it is on the disk.
    ///
    /// # Errors
    /// [`UsedError`]; then no code may be made.
    pub fn spend(
        &mut self,
        disk: &mut Disk,
        seed: &SeedId,
        step: u64,
        period: u32,
        now: &Moment,
    ) -> Result<(), UsedError> {
        self.must_be_fresh(seed, step)?;
        if let Some((last, then)) = self.last.get(seed) {
            // Within one start the wall clock cannot have gone further than the machine was up (desk.md T11).
            let up = now.since(then).map(|up| up.checked_div(period.into()).unwrap_or_default());
            if up.is_some_and(|up| step > last.saturating_add(up).saturating_add(1)) {
                return Err(UsedError::TooFar);
            }
        }
        self.write(disk, seed, step, now)
    }

    /// Takes up a step that the log tells of and this file does not: after a restore, when somebody said so.
    ///
    /// # Errors
    /// [`UsedError::Disk`].
    pub fn learn(
        &mut self,
        disk: &mut Disk,
        seed: &SeedId,
        step: u64,
        now: &Moment,
    ) -> Result<(), UsedError> {
        if self.last(seed).is_some_and(|last| last >= step) {
            return Ok(());
        }
        // When the code was made, nobody knows by this machine's own clock.
        self.write(disk, seed, step, &Moment { boot: "restored".to_owned(), ..now.clone() })
    }

    fn write(&mut self, disk: &mut Disk, seed: &SeedId, step: u64, now: &Moment) -> Result<(), UsedError> {
        let body = format!("{seed} {step} {} {} {}", now.boot, now.up_seconds, now.unix_seconds);
        let line = format!("{body} {}\n", self.tag(&body));
        // Whatever comes of it, this step is never used again by this process; what came of it, the file tells the next.
        self.last.insert(seed.clone(), (step, now.clone()));
        if std::mem::replace(&mut self.is_torn, true) {
            let whole = format!("{}{line}", self.whole);
            disk.write(NAME, whole.as_bytes())?;
        } else {
            disk.append(NAME, line.as_bytes())?;
        }
        self.is_torn = false;
        self.accept(&line);
        Ok(())
    }

    fn take(&mut self, line: &str) -> Option<()> {
        let (body, tag) = line.strip_suffix('\n')?.rsplit_once(' ')?;
        let mut words = body.split(' ');
        let seed = SeedId::parse(words.next()?).ok()?;
        let step: u64 = words.next()?.parse().ok()?;
        let boot = words.next()?.to_owned();
        let (up_seconds, unix_seconds) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        if words.next().is_some()
            || self.tag(body) != tag
            || self.last(&seed).is_some_and(|last| step <= last)
        {
            return None;
        }
        self.last.insert(seed, (step, Moment { boot, up_seconds, unix_seconds }));
        self.accept(line);
        Some(())
    }

    fn accept(&mut self, line: &str) {
        self.last_tag = line.trim_end().rsplit(' ').next().unwrap_or_default().to_owned();
        self.whole.push_str(line);
    }

    fn tag(&self, body: &str) -> String {
        let tag = hmac::sign(&self.key, format!("kagimori/used/1\n{}\n{body}", self.last_tag).as_bytes());
        hex(tag.as_ref().get(..16).unwrap_or_default())
    }
}
