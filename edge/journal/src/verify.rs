//! Everything of a journal, recomputed.

use kagimori_ledger::{Frontier, Hash};
use sha2::{Digest, Sha256};

use crate::error::JournalError;
use crate::store::{Odd, Purpose, Value, Within, number};
use crate::{Journal, read};

/// So many rows at once: a log of millions is not held in memory.
const ROWS: u32 = 1000;

/// The size and root of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a size and a root")]
pub struct Head {
    /// How many entries.
    pub size: u64,
    /// The root of their tree.
    pub root: Hash,
}

/// What was found right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// The size and root, recomputed.
    pub head: Head,
    /// How many documents.
    pub documents: u64,
}

impl Journal {
    /// Recomputes the tree from the entries, compares it with every head that was written, and the documents with their hashes.
    ///
    /// `known`: a head that was noted before, elsewhere: whoever can write the journal can write all of it anew, and only that tells.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] with the first thing that is wrong.
    pub fn verify(&self, known: Option<Head>) -> Result<Verified, JournalError> {
        self.store.within(Purpose::Read, |within| {
            must_be_whole(within)?;
            let frontier = recomputed(within, known)?;
            let head = Head { size: frontier.size(), root: frontier.root() };
            must_end_with(within, head, &frontier)?;
            Ok(Verified { head, documents: checked_documents(within)? })
        })
    }
}

/// SQLite's own check of pages, indices and types; a server sees to its pages itself.
fn must_be_whole(within: &mut Within<'_>) -> Result<(), JournalError> {
    match within {
        Within::File(..) => {}
        #[cfg(feature = "postgres")]
        Within::Server(_) => return Ok(()),
    }
    let told = within.row("PRAGMA integrity_check(1)", &[], |row| row.text(0))?.unwrap_or_default();
    if told == "ok" { Ok(()) } else { Err(within.damaged(format!("SQLite says: {told}"))) }
}

fn recomputed(within: &mut Within<'_>, known: Option<Head>) -> Result<Frontier, JournalError> {
    let query = format!(
        "SELECT idx, entry, root FROM leaf LEFT JOIN head ON head.size = leaf.idx + 1 WHERE idx >= $1 ORDER BY idx LIMIT {ROWS}"
    );
    let mut frontier = Frontier::new();
    must_be_known(within, known, &frontier)?;
    let mut from = Value::Whole(i64::MIN);
    loop {
        let rows =
            within.rows(&query, &[from], |row| Ok((row.count(0)?, row.bytes(1)?, row.maybe_bytes(2)?)))?;
        let is_last = rows.len() < ROWS as usize;
        for (index, entry, root) in rows {
            let place = frontier.size();
            if index != place {
                return Err(within.damaged(format!("its entry {place} is missing")));
            }
            frontier.append(Hash::leaf(&entry));
            if root.as_deref().and_then(Hash::from_slice) != Some(frontier.root()) {
                return Err(within.damaged(format!("its entry {place} is not the one that was written")));
            }
            must_be_known(within, known, &frontier)?;
        }
        if is_last {
            break;
        }
        from = number(frontier.size());
    }
    match known {
        Some(known) if known.size > frontier.size() => {
            let now = frontier.size();
            Err(within.damaged(format!("it had {} entries, and has {now} now", known.size)))
        }
        _ => Ok(frontier),
    }
}

fn must_be_known(within: &Within<'_>, known: Option<Head>, frontier: &Frontier) -> Result<(), JournalError> {
    let is_other = |known: &Head| known.size == frontier.size() && known.root != frontier.root();
    match known.filter(is_other) {
        Some(known) => {
            Err(within.damaged(format!("its first {} entries are not those of before", known.size)))
        }
        None => Ok(()),
    }
}

/// Nothing may stand behind the last entry, and the next one must find the edge of this tree.
fn must_end_with(within: &mut Within<'_>, head: Head, frontier: &Frontier) -> Result<(), JournalError> {
    if read::head(within)? != head {
        return Err(within.damaged("its last entries are missing"));
    }
    let query = "SELECT size, subtrees FROM edge";
    let row = within.row(query, &[], |row| Ok::<_, Odd>((row.count(0)?, row.bytes(1)?)))?;
    let (size, bytes) = row.unwrap_or_default();
    let subtrees: Vec<u8> = frontier.subtrees().iter().flat_map(|hash| *hash.as_bytes()).collect();
    if (size, &bytes) == (head.size, &subtrees) {
        return Ok(());
    }
    Err(within.damaged("the edge of its tree is not that of its entries"))
}

fn checked_documents(within: &mut Within<'_>) -> Result<u64, JournalError> {
    let (mut count, mut last) = (0_u64, None::<Vec<u8>>);
    loop {
        let which = if last.is_some() { "WHERE sha256 > $1" } else { "" };
        let query = format!("SELECT sha256, bytes FROM document {which} ORDER BY sha256 LIMIT {ROWS}");
        let values: Vec<Value<'_>> = last.iter().map(|last| Value::Bytes(last)).collect();
        let rows = within.rows(&query, &values, |row| Ok((row.bytes(0)?, row.bytes(1)?)))?;
        let is_last = rows.len() < ROWS as usize;
        for (sha256, bytes) in rows {
            if Sha256::digest(&bytes).as_slice() != sha256 {
                return Err(within.damaged("a document is not the one that was written"));
            }
            count = count.saturating_add(1);
            last = Some(sha256);
        }
        if is_last {
            return Ok(count);
        }
    }
}
