//! Tiles: the files that a log is published as (C2SP `tlog-tiles`). A tile holds 256 hashes of a level, or as many entries; one at
//! the right edge holds fewer and says so in its name.

use std::fmt;
use std::str::FromStr;

use crate::frontier::Frontier;
use crate::hash::Hash;

/// The hashes or entries of a full tile.
pub const WIDTH: u64 = 256;

/// An entry's length is written in two bytes.
pub const ENTRY_MAX: usize = 65_535;

/// Levels of tiles that a tree of 2^63 leaves has.
const LEVELS: u8 = 64;

/// A tile: which it is, and how much of it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    kind: TileKind,
    index: u64,
    width: u16,
}

/// What a tile holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "C2SP has these two")]
pub enum TileKind {
    /// Hashes of perfect subtrees of `256^level` leaves.
    Hashes(u8),
    /// Entries.
    Entries,
}

/// Why bytes or a path are no tile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "each is told in its own words")]
pub enum TileError {
    /// A path that names none.
    #[error("`{0}` names no tile")]
    Path(String),
    /// No entry is longer than two bytes can say.
    #[error("an entry has {0} bytes, and a log takes {ENTRY_MAX} at most")]
    EntryTooLong(usize),
    /// It ends within an entry.
    #[error("the entry bundle ends within its entry {0}")]
    Torn(usize),
}

impl Tile {
    /// The tiles of a log of this size, those of a level together, entries last.
    pub fn all(size: u64) -> impl Iterator<Item = Self> {
        let hashes = (0..LEVELS).map_while(move |level| {
            let count = size.checked_shr(u32::from(level) * 8).filter(|count| *count > 0)?;
            Some(Self::of(TileKind::Hashes(level), count))
        });
        hashes.flatten().chain(Self::of(TileKind::Entries, size))
    }

    fn of(kind: TileKind, count: u64) -> impl Iterator<Item = Self> {
        let (full, rest) = (count / WIDTH, count % WIDTH);
        let whole = (0..full).map(move |index| Self { kind, index, width: 256 });
        let partial = u16::try_from(rest).ok().filter(|width| *width > 0);
        whole.chain(partial.map(|width| Self { kind, index: full, width }))
    }

    /// The tile of entries of this index, in a log of this size; `None`: the log does not reach it.
    pub fn of_entries(index: u64, size: u64) -> Option<Self> {
        let left = size.checked_sub(index.checked_mul(WIDTH)?).filter(|left| *left > 0)?;
        let width = u16::try_from(left.min(WIDTH)).ok()?;
        Some(Self { kind: TileKind::Entries, index, width })
    }

    /// The tile that a partial one grows into.
    #[must_use]
    pub fn full(&self) -> Self {
        Self { width: 256, ..*self }
    }

    /// The index of the first entry, or of its leaf; `None` in the levels above.
    pub fn first_entry(&self) -> Option<u64> {
        match self.kind {
            TileKind::Hashes(0) | TileKind::Entries => self.index.checked_mul(WIDTH),
            TileKind::Hashes(_) => None,
        }
    }

    /// What it holds.
    pub fn kind(&self) -> TileKind {
        self.kind
    }

    /// Which of its level, from 0.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes or entries: 1 to 256.
    pub fn width(&self) -> u16 {
        self.width
    }
}

/// Its path below the log's address: `tile/0/x001/x234/067.p/8`.
impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Hashes(level) => write!(f, "tile/{level}")?,
            TileKind::Entries => f.write_str("tile/entries")?,
        }
        let mut groups = vec![self.index % 1000];
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        for (place, group) in groups.iter().enumerate().rev() {
            write!(f, "/{}{group:03}", if place == 0 { "" } else { "x" })?;
        }
        if u64::from(self.width) < WIDTH { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}

impl FromStr for Tile {
    type Err = TileError;

    fn from_str(text: &str) -> Result<Self, TileError> {
        let read = || {
            let rest = text.strip_prefix("tile/")?;
            let (kind, rest) = rest.split_once('/')?;
            let (index, width) = rest.split_once(".p/").map_or((rest, None), |(i, w)| (i, Some(w)));
            let kind = match kind {
                "entries" => TileKind::Entries,
                level => TileKind::Hashes(level.parse().ok()?),
            };
            let index = index.split('/').try_fold(0_u64, |index, group| {
                let group: u64 = group.trim_start_matches('x').parse().ok()?;
                index.checked_mul(1000)?.checked_add(group)
            })?;
            Some(Self { kind, index, width: width.map_or(Some(256), |width| width.parse().ok())? })
        };
        // One tile has one name: what is read must be written so.
        let is_within = |tile: &Self| {
            let has_level = !matches!(tile.kind, TileKind::Hashes(LEVELS..));
            has_level && (1..=256).contains(&tile.width)
        };
        read()
            .filter(is_within)
            .filter(|tile| tile.to_string() == text)
            .ok_or_else(|| TileError::Path(text.to_owned()))
    }
}

/// The tiles of hashes of a log, made while it grows; only those at its right edge are kept.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Growing {
    /// By level: the index of the tile, and its hashes so far.
    edge: Vec<(u64, Vec<Hash>)>,
}

impl Growing {
    /// Of a log without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a leaf; the tiles that are full now, the lowest first.
    pub fn append(&mut self, leaf: Hash) -> Vec<(Tile, Vec<Hash>)> {
        let (mut hash, mut full) = (leaf, Vec::new());
        for level in 0..LEVELS {
            if usize::from(level) == self.edge.len() {
                self.edge.push((0, Vec::new()));
            }
            let Some((index, hashes)) = self.edge.get_mut(usize::from(level)) else { return full };
            hashes.push(hash);
            if hashes.len() < 256 {
                return full;
            }
            hash = root_of(hashes);
            let tile = Tile { kind: TileKind::Hashes(level), index: *index, width: 256 };
            full.push((tile, std::mem::take(hashes)));
            *index = index.saturating_add(1);
        }
        full
    }

    /// The tiles that are not full.
    pub fn partial(&self) -> impl Iterator<Item = (Tile, &[Hash])> {
        (0..LEVELS).zip(&self.edge).filter_map(|(level, (index, hashes))| {
            let width = u16::try_from(hashes.len()).ok().filter(|width| *width > 0)?;
            Some((Tile { kind: TileKind::Hashes(level), index: *index, width }, hashes.as_slice()))
        })
    }
}

/// The root of a full tile.
fn root_of(hashes: &[Hash]) -> Hash {
    let mut frontier = Frontier::new();
    hashes.iter().for_each(|hash| frontier.append(*hash));
    frontier.root()
}

/// The bytes of a tile of hashes.
pub fn bytes_of(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

/// The bytes of a tile of entries: each with its length before it.
///
/// # Errors
/// [`TileError::EntryTooLong`].
pub fn bundle<'e>(entries: impl IntoIterator<Item = &'e [u8]>) -> Result<Vec<u8>, TileError> {
    let mut bytes = Vec::new();
    for entry in entries {
        let length = u16::try_from(entry.len()).map_err(|_| TileError::EntryTooLong(entry.len()))?;
        bytes.extend(length.to_be_bytes());
        bytes.extend(entry);
    }
    Ok(bytes)
}

/// The entries of such a tile.
///
/// # Errors
/// [`TileError::Torn`].
pub fn unbundle(mut bytes: &[u8]) -> Result<Vec<&[u8]>, TileError> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let torn = || TileError::Torn(entries.len());
        let (length, rest) = bytes.split_first_chunk::<2>().ok_or_else(torn)?;
        let (entry, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into()).ok_or_else(torn)?;
        entries.push(entry);
        bytes = rest;
    }
    Ok(entries)
}
