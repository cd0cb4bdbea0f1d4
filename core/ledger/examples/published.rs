//! `published DIR [ENTRIES]`: writes a log of so many entries (1,000,000) as C2SP's tiles, with its checkpoint and a trust policy, for
//! measurements of whoever verifies it.

use std::fs;
use std::io;
use std::path::Path;

use kagimori_ledger::tile::{Growing, WIDTH, bundle, bytes_of};
use kagimori_ledger::{Checkpoint, CosigningKey, Frontier, Hash, SigningKey, Tile};

#[expect(clippy::disallowed_methods, reason = "an example writes files")]
fn put(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let path = folder.join(name);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, bytes)
}

/// As long as most of a desk's entries.
fn entry(number: u64) -> Vec<u8> {
    format!("{{\"rules\":1,\"at\":\"2026-12-01T00:00:00Z\",\"event\":{{\"event\":\"shown\",\"request\":\"r-{number}\",\"step\":{number}}}}}{}", " ".repeat(300))
        .into_bytes()
}

#[expect(clippy::disallowed_methods, reason = "an example reads its arguments")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("published DIR [ENTRIES]")?;
    let folder = Path::new(&folder);
    let count: u64 = arguments.next().map_or(Ok(1_000_000), |count| count.parse())?;
    let (mut growing, mut frontier, mut entries) = (Growing::new(), Frontier::new(), Vec::new());
    for number in 0..count {
        let entry = entry(number);
        let leaf = Hash::leaf(&entry);
        frontier.append(leaf);
        entries.push(entry);
        for (tile, hashes) in growing.append(leaf) {
            put(folder, &tile.to_string(), &bytes_of(&hashes))?;
        }
        let is_full = u64::try_from(entries.len())? == WIDTH;
        if is_full || number + 1 == count {
            let tile = Tile::of_entries(number / WIDTH, number + 1).ok_or("no such tile")?;
            put(folder, &tile.to_string(), &bundle(entries.iter().map(Vec::as_slice))?)?;
            entries.clear();
        }
    }
    for (tile, hashes) in growing.partial() {
        put(folder, &tile.to_string(), &bytes_of(hashes))?;
    }
    let log = SigningKey::from_seed("log.example/desk", &[1; 32])?;
    let witness = CosigningKey::from_seed("w.example", &[2; 32])?;
    let checkpoint = Checkpoint::new("log.example/desk", count, frontier.root())?.signed_by(&log)?;
    put(folder, "checkpoint", checkpoint.cosigned_by(&witness, 1_700_000_000)?.to_string().as_bytes())?;
    let trust = format!("log {}\nwitness w {}\nquorum w\n", log.public(), witness.public());
    put(folder, "trust", trust.as_bytes())?;
    Ok(())
}
