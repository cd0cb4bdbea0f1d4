//! One snapshot file: its bytes, gzip undone.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use kagimori_estate::read::{self, Part, looks_like_an_answer, read, unreadable};
use kagimori_id::AccountId;
use kagimori_lake::regular;

use super::walk::cannot_read;

/// No answer of IAM comes near this; a larger file is not one, and is not loaded.
const SNAPSHOT_BYTES_MAX: u64 = 1 << 30;
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// How much of a file tells whether it holds an answer.
const HEAD_BYTES: u64 = 4096;

/// A file of a snapshot.
#[derive(Debug)]
pub(super) struct SnapshotFile {
    pub(super) path: PathBuf,
    pub(super) relative: String,
    pub(super) account: Option<AccountId>,
    /// The folder it lies in, when that is not called after an account: it counts if something in there is of AWS.
    pub(super) guest: Option<String>,
}

impl SnapshotFile {
    /// What it says, or why it cannot be read.
    pub(super) fn read(&self) -> Part {
        match bytes(&self.path) {
            Ok(bytes) => read(read::File { path: &self.relative, account: self.account, bytes: &bytes }),
            Err(message) => unreadable(
                &self.relative,
                self.account,
                &message,
                "check that you may read it and that it is the AWS CLI's output, or take it out of the directory",
            ),
        }
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    let size = fs::metadata(path).map_err(|error| cannot_read(&error))?.len();
    if size > SNAPSHOT_BYTES_MAX {
        return Err(format!("the file is {size} bytes long, and no answer of IAM is longer than 1 GiB"));
    }
    let bytes = regular::bytes(path).map_err(|error| cannot_read(&error))?;
    if bytes.starts_with(&GZIP) { inflated(&bytes) } else { Ok(bytes) }
}

fn inflated(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut inflated = Vec::new();
    let read = MultiGzDecoder::new(bytes).take(SNAPSHOT_BYTES_MAX + 1).read_to_end(&mut inflated);
    read.map_err(|error| format!("the gzip data is damaged: {error}"))?;
    if inflated.len() as u64 > SNAPSHOT_BYTES_MAX {
        return Err("the file inflates to more than 1 GiB, and no answer of IAM is longer".to_owned());
    }
    Ok(inflated)
}

/// Beside a collected snapshot: which calls were made, and what became of each.
pub(crate) const COLLECTED: &str = "collected.json";

/// The AWS CLI writes JSON, and people save the report as CSV, packed or not; what other files are is told by their content.
pub(super) fn is_data(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    // What `collect` tells of itself.
    if name == COLLECTED {
        return false;
    }
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    [".json", ".csv", ".txt"].iter().any(|ending| name.ends_with(ending))
}

/// Whether a file that is not called as data looks like an answer of AWS, or holds one packed. One that cannot be opened is
/// taken for one, and told.
pub(super) fn holds_an_answer(path: &Path) -> bool {
    head(path).is_none_or(|head| {
        if head.starts_with(&GZIP) {
            let mut inflated = Vec::new();
            // what is cut off in its head inflates as far as it goes
            let _ = MultiGzDecoder::new(head.as_slice()).take(HEAD_BYTES).read_to_end(&mut inflated);
            return looks_like_an_answer(&inflated);
        }
        looks_like_an_answer(&head)
    })
}

fn head(path: &Path) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    let read: io::Result<usize> =
        regular::open(path).and_then(|file| file.take(HEAD_BYTES).read_to_end(&mut head));
    read.ok().map(|_| head)
}
