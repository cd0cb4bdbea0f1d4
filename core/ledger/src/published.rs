//! The files that a log is published as (C2SP `tlog-tiles`), all of them checked: `checkpoint`, the tiles of entries, and the tiles of
//! hashes beside what the entries lead to. Whoever calls gives a way to read a file by its path.

use crate::audit::{Audit, Finding, Verdict};
use crate::checkpoint::Checkpoint;
use crate::hash::Hash;
use crate::note::Note;
use crate::tile::{Growing, Tile, WIDTH, bytes_of, unbundle};
use crate::trust::TrustPolicy;

/// Checks a published log. `read`: the bytes of a file, `None` where there is none. `kept`: checkpoints that were kept elsewhere, each with
/// where it came from.
///
/// # Errors
/// What `read` fails with; nothing is concluded then.
pub fn verify<'n, E>(
    policy: &TrustPolicy,
    read: impl FnMut(&str) -> Result<Option<Vec<u8>>, E>,
    kept: impl IntoIterator<Item = (&'n str, &'n str)>,
) -> Result<Verdict, E> {
    let mut files = Files { read };
    let checkpoint = files.text("checkpoint")?;
    let mut audit = Audit::of(policy, checkpoint.as_deref().unwrap_or_default(), kept);
    if checkpoint.is_none() {
        audit.find(Finding::Missing { path: "checkpoint".to_owned() });
    }
    // Of a checkpoint that cannot be read all entries are.
    let size = checkpoint.and_then(|note| size_of(&note)).unwrap_or(u64::MAX);
    let mut growing = Growing::new();
    let mut done = 0;
    while done < size {
        let Some(tile) = Tile::of_entries(done / WIDTH, size) else { break };
        let Some((tile, bytes)) = files.tile(&tile)? else { break };
        let entries = match unbundle(&bytes) {
            Ok(entries) => entries,
            Err(error) => {
                audit.find(Finding::Damaged { path: tile.to_string(), why: error.to_string() });
                break;
            }
        };
        if entries.len() > usize::from(tile.width()) {
            let why = format!("it holds {} entries", entries.len());
            audit.find(Finding::Damaged { path: tile.to_string(), why });
        }
        let wanted = usize::try_from(size.saturating_sub(done)).unwrap_or(usize::MAX);
        for entry in entries.iter().take(wanted) {
            audit.entry(entry);
            for (tile, hashes) in growing.append(Hash::leaf(entry)) {
                audit_tile(&mut files, &mut audit, &tile, &hashes)?;
            }
            done += 1;
        }
        if !done.is_multiple_of(WIDTH) {
            break;
        }
    }
    // Where entries are missing the tiles at the edge have other names, and that entries are missing is told.
    if done == size {
        for (tile, hashes) in growing.partial() {
            audit_tile(&mut files, &mut audit, &tile, hashes)?;
        }
    }
    Ok(audit.finish())
}

/// The entries of a log that was found right: so many of them. `None`: some are not there any more.
///
/// # Errors
/// What `read` fails with.
pub fn entries<E>(
    size: u64,
    read: impl FnMut(&str) -> Result<Option<Vec<u8>>, E>,
) -> Result<Option<Vec<Vec<u8>>>, E> {
    let (mut files, mut all) = (Files { read }, Vec::new());
    let mut done = 0;
    while let Some(tile) = Tile::of_entries(done / WIDTH, size).filter(|_| done < size) {
        let Some((_, bytes)) = files.tile(&tile)? else { return Ok(None) };
        let Ok(entries) = unbundle(&bytes) else { return Ok(None) };
        let wanted = usize::try_from(size.saturating_sub(done)).unwrap_or(usize::MAX);
        let before = all.len();
        all.extend(entries.iter().take(wanted).map(|entry| entry.to_vec()));
        if all.len() == before {
            return Ok(None);
        }
        done = u64::try_from(all.len()).unwrap_or(u64::MAX);
    }
    Ok((done == size).then_some(all))
}

struct Files<R> {
    read: R,
}

impl<R, E> Files<R>
where
    R: FnMut(&str) -> Result<Option<Vec<u8>>, E>,
{
    fn text(&mut self, path: &str) -> Result<Option<String>, E> {
        // What is no UTF-8 is no note, with or without its odd bytes.
        Ok((self.read)(path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// A tile, or the one that it has grown into, which begins with it.
    fn tile(&mut self, tile: &Tile) -> Result<Option<(Tile, Vec<u8>)>, E> {
        if let Some(bytes) = (self.read)(&tile.to_string())? {
            return Ok(Some((*tile, bytes)));
        }
        let full = tile.full();
        let found = if full == *tile { None } else { (self.read)(&full.to_string())? };
        Ok(found.map(|bytes| (full, bytes)))
    }
}

fn audit_tile<R, E>(files: &mut Files<R>, audit: &mut Audit, tile: &Tile, hashes: &[Hash]) -> Result<(), E>
where
    R: FnMut(&str) -> Result<Option<Vec<u8>>, E>,
{
    let path = tile.to_string();
    let Some((there, found)) = files.tile(tile)? else {
        audit.find(Finding::Missing { path });
        return Ok(());
    };
    let expected = bytes_of(hashes);
    let is_whole = found.len() == usize::from(there.width()).saturating_mul(Hash::LEN);
    if is_whole && found.starts_with(&expected) {
        return Ok(());
    }
    let differs = |(found, expected): (&[u8], &[u8])| found != expected;
    let place = found.chunks(Hash::LEN).zip(expected.chunks(Hash::LEN)).position(differs);
    let entry = place.and_then(|place| tile.first_entry()?.checked_add(u64::try_from(place).ok()?));
    audit.find(Finding::Tile { path, entry });
    Ok(())
}

fn size_of(note: &str) -> Option<u64> {
    let note: Note = note.parse().ok()?;
    note.text().parse().ok().map(|checkpoint: Checkpoint| checkpoint.size())
}
