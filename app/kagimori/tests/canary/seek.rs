//! Looking for secrets in whatever was printed or written.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use parquet::file::reader::{FileReader, SerializedFileReader};

use super::secret::{Secrets, forms};

/// So many characters of a secret in a row are the secret.
const PIECE: usize = 14;

/// Every piece of every form of the secrets, and whose it is.
pub(crate) struct Pieces {
    pieces: HashMap<[u8; PIECE], &'static str>,
    /// Whether some piece begins with three bytes: few do, and there is much to look through.
    begins: Vec<bool>,
}

fn begin(piece: &[u8]) -> usize {
    usize::from(piece[0]) << 16 | usize::from(piece[1]) << 8 | usize::from(piece[2])
}

impl Pieces {
    pub(crate) fn of(secrets: &Secrets) -> Self {
        let mut pieces: HashMap<[u8; PIECE], _> = HashMap::new();
        for secret in [&secrets.word, &secrets.key] {
            // The plain secret comes last: it is in the joined forms, too.
            for form in forms(secret).iter().rev().filter(|form| !form.name.starts_with("joined")) {
                // What a packed text begins with is the same for all.
                let skip = if form.name == "gzip" { 16 } else { 0 };
                let name = if form.name == "json-in-json" { continue } else { form.name };
                for piece in form.text.as_bytes()[skip..].windows(PIECE) {
                    pieces.insert(piece.try_into().unwrap(), name);
                }
            }
        }
        let mut begins = vec![false; 1 << 24];
        pieces.keys().for_each(|piece| begins[begin(piece)] = true);
        Self { pieces, begins }
    }

    /// Which forms of a secret stand in these bytes, each with what is around it.
    pub(crate) fn find(&self, bytes: &[u8]) -> Vec<String> {
        let mut found: Vec<(&str, String)> = Vec::new();
        for (at, piece) in bytes.windows(PIECE).enumerate() {
            if !self.begins[begin(piece)] {
                continue;
            }
            let Some(form) = self.pieces.get(piece) else { continue };
            if found.iter().all(|(known, _)| known != form) {
                let around = &bytes[at.saturating_sub(110)..(at + 60).min(bytes.len())];
                found.push((form, String::from_utf8_lossy(around).replace('\n', " ")));
            }
        }
        found.into_iter().map(|(form, around)| format!("as {form}: …{around}…")).collect()
    }
}

/// Every file below a folder: of a Parquet file the values, of others the bytes.
pub(crate) fn files(folder: &Path, seen: &mut impl FnMut(&Path, &[u8])) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, seen);
        } else if path.extension().is_some_and(|ending| ending == "parquet") {
            let reader = SerializedFileReader::new(fs::File::open(&path).unwrap()).unwrap();
            let rows = reader.get_row_iter(None).unwrap();
            let text: String = rows.map(|row| format!("{}\n", row.unwrap())).collect();
            assert!(!text.is_empty(), "{}", path.display());
            seen(&path, text.as_bytes());
            // what is beside the values: statistics, names
            seen(&path, &fs::read(&path).unwrap());
        } else {
            seen(&path, path.to_string_lossy().as_bytes());
            seen(&path, &fs::read(&path).unwrap());
        }
    }
}
