//! Names that hold a secret: a file, a member of an archive or a branch may be called by one, and no answer says it.

use std::collections::BTreeSet;

use crate::held::{Beside, Claim, Held};
use crate::secret::{LENGTH, Looks, Secret, is_secret_letter, looks};

/// Covers secrets in names and messages.
#[derive(Default)]
pub struct Veil {
    /// Values that were found, the longest first.
    values: Vec<Secret>,
}

/// Shorter values may be words of any name.
const LETTERS_MIN: usize = 12;
/// What stands in place of a secret.
const COVER: &str = "\u{2026}covered\u{2026}";

impl std::fmt::Debug for Veil {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Veil")
    }
}

impl Veil {
    /// Over all that was found.
    pub fn over<'a>(held: impl Iterator<Item = &'a Held>) -> Self {
        let mut values: BTreeSet<Vec<u8>> = BTreeSet::new();
        let mut take = |secret: &Secret| {
            values.insert(secret.expose().to_vec());
        };
        for held in held {
            match &held.beside {
                Beside::Paired { secret, .. } => take(secret),
                Beside::Possible(list) => list.iter().for_each(|(_, secret)| take(secret)),
                _ => {}
            }
            held.value.iter().for_each(&mut take);
            for claim in &held.claims {
                if let Claim::Smtp(password) = claim {
                    take(password);
                }
            }
        }
        let mut values: Vec<Secret> = values
            .into_iter()
            .filter(|value| value.len() >= LETTERS_MIN)
            .map(|value| Secret::new(&value))
            .collect();
        values.sort_by_key(|value| std::cmp::Reverse(value.expose().len()));
        Self { values }
    }

    /// A name without the secrets in it: those that were found, and words that look as secret access keys do.
    pub fn cover(&self, name: &str) -> String {
        let mut covered = words(name);
        if covered.len() < LETTERS_MIN {
            return covered;
        }
        for value in &self.values {
            if memchr::memmem::find(covered.as_bytes(), value.expose()).is_some()
                && let Ok(value) = std::str::from_utf8(value.expose())
            {
                covered = covered.replace(value, COVER);
            }
        }
        covered
    }
}

/// A text without words that look as secret access keys do.
fn words(text: &str) -> String {
    let mut covered = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let length = rest.bytes().take_while(|byte| is_secret_letter(*byte)).count();
        let (run, after) = rest.split_at(length);
        if looks(run.as_bytes()) == Looks::Random {
            covered.push_str(COVER);
        } else {
            // a slash parts folders, and is a letter of secrets
            let parts = run.split('/').map(|part| {
                if part.len() == LENGTH && looks(part.as_bytes()) == Looks::Random { COVER } else { part }
            });
            covered.push_str(&parts.collect::<Vec<_>>().join("/"));
        }
        let other = after.bytes().take_while(|byte| !is_secret_letter(*byte)).count();
        let (between, next) = after.split_at(other);
        covered.push_str(between);
        rest = next;
    }
    covered
}

#[cfg(test)]
mod tests {
    use kagimori_testkit::keys;

    use super::*;
    use crate::Scanner;

    #[test]
    fn a_name_that_holds_a_secret_is_told_without_it() {
        let (id, secret) = (keys::id("AKIA", 444_455_556_666, 1), keys::secret(1));
        let held = Scanner::new().unwrap().scan(format!("id={id}\nsecret={secret}\n").as_bytes()).held;
        let veil = Veil::over(held.iter());
        let alone = secret.replace('/', "x");
        for name in [
            format!("a/{secret}/b"),
            format!("x{secret}y"),
            format!("{id}_{alone}.env"),
            format!("t/{alone}/b"),
        ] {
            let covered = veil.cover(&name);
            assert!(!covered.contains(&secret) && !covered.contains(&alone), "{covered}");
            assert!(covered.contains(COVER), "{covered}");
        }
        for name in [
            "src/main/java/com/example/project/Service2.java",
            "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            &id,
            "鍵/表",
        ] {
            assert_eq!(veil.cover(name), name);
        }
    }
}
