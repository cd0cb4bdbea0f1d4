//! Which secret belongs to which id. One secret goes to one id, and where nothing decides, nothing is guessed: all that are possible are told.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::name::{Telling, stem};
use crate::scope::Scopes;
use crate::secret::Secret;
use crate::token::Span;

/// An id, or a value that may be its secret.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    /// Where it stands in the text.
    pub(crate) span: Span,
    /// The name before it, in small letters and digits; empty when there is none.
    pub(crate) name: String,
    pub(crate) is: Is,
}

#[derive(Clone, Debug)]
pub(crate) enum Is {
    Id(String),
    Secret {
        secret: Secret,
        telling: Option<Telling>,
    },
    /// A secret that somebody encrypted.
    Encrypted(&'static str),
}

/// Why a secret is said to belong to an id, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Why {
    /// A signature or an SMTP password was made with it.
    Proof,
    /// They stand in the same line, object, section or block.
    Together,
    /// Their names say it: `PROD_KEY_ID`, `PROD_SECRET`.
    Names,
    /// Ids and secrets follow each other in turn.
    InTurn,
    /// It is the nearest.
    Nearest,
    /// The text holds one id and one secret.
    OnlyOnes,
}

/// What became of an id.
#[derive(Clone, Debug, Default)]
pub(crate) enum Partner {
    #[default]
    None,
    One {
        piece: usize,
        why: Why,
    },
    /// One of these, and nothing says which.
    Possible(Vec<usize>),
}

const LINES_MAX: usize = 12;
/// How far a secret may stand from its id in the same object, section or block: beyond, two parts of a program are no pair.
const BLOCK_LINES_MAX: usize = 100;
const BYTES_MAX: usize = 400;
/// How many secrets are considered for an id, each way.
const NEIGHBOURS: usize = 24;

/// Pairs the ids of a text. Pieces stand in the order of the text.
pub(crate) fn pair(pieces: &[Piece], scopes: &Scopes) -> BTreeMap<usize, Partner> {
    let is_secret = |(_, piece): &(usize, &Piece)| !matches!(piece.is, Is::Id(_));
    let secrets = pieces.iter().enumerate().filter(is_secret).map(|(at, _)| at).collect();
    let taken = vec![false; pieces.len()];
    let mut pairing = Pairing { pieces, scopes, secrets, partners: BTreeMap::new(), taken };
    for scope in pairing.groups() {
        pairing.decide(scope);
    }
    pairing.only_ones();
    pairing.partners
}

struct Pairing<'a> {
    pieces: &'a [Piece],
    scopes: &'a Scopes,
    /// Which pieces are no ids.
    secrets: Vec<usize>,
    partners: BTreeMap<usize, Partner>,
    taken: Vec<bool>,
}

/// A part of the text, and the ids and secrets that have no smaller one in common.
struct Group {
    scope: Span,
    ids: Vec<usize>,
    secrets: Vec<usize>,
}

impl Pairing<'_> {
    /// The parts in which an id and a secret stand together, the smallest first.
    fn groups(&self) -> Vec<Group> {
        let mut edges: BTreeMap<(usize, Span), (Vec<usize>, Vec<usize>)> = BTreeMap::new();
        for (id, piece) in self.pieces.iter().enumerate().filter(|(_, piece)| matches!(piece.is, Is::Id(_))) {
            for secret in self.near(id) {
                let Some(other) = self.pieces.get(secret) else { continue };
                let scope = self.scopes.around(piece.span.0, other.span.0);
                if self.within_reach(piece, other, scope) {
                    let group = edges.entry((scope.1 - scope.0, scope)).or_default();
                    group.0.push(id);
                    group.1.push(secret);
                }
            }
        }
        let sorted = |mut list: Vec<usize>| {
            list.sort_unstable();
            list.dedup();
            list
        };
        let group =
            |((_, scope), (ids, secrets))| Group { scope, ids: sorted(ids), secrets: sorted(secrets) };
        edges.into_iter().map(group).collect()
    }

    /// The secrets nearest to an id, in both directions.
    fn near(&self, id: usize) -> Vec<usize> {
        let (before, after) = self.secrets.split_at(self.secrets.partition_point(|secret| *secret < id));
        before.iter().rev().take(NEIGHBOURS).chain(after.iter().take(NEIGHBOURS)).copied().collect()
    }

    fn within_reach(&self, id: &Piece, secret: &Piece, scope: Span) -> bool {
        let lines = self.scopes.line(id.span.0).abs_diff(self.scopes.line(secret.span.0));
        let bytes = id.span.0.abs_diff(secret.span.0);
        let is_named = matches!(secret.is, Is::Encrypted(_)) || self.telling(secret).is_some();
        let is_block = !self.scopes.is_whole(scope) && lines <= BLOCK_LINES_MAX;
        if is_named && is_block && (lines > 0 || scope.1 - scope.0 <= 4 * BYTES_MAX) {
            return true;
        }
        bytes <= BYTES_MAX || lines > 0 && lines <= LINES_MAX && bytes <= 8 * BYTES_MAX
    }

    fn telling(&self, piece: &Piece) -> Option<Telling> {
        match &piece.is {
            Is::Secret { telling, .. } => *telling,
            _ => None,
        }
    }

    fn decide(&mut self, group: Group) {
        let open = |partners: &BTreeMap<usize, Partner>, id: &usize| !partners.contains_key(id);
        let mut ids: Vec<usize> = group.ids.into_iter().filter(|id| open(&self.partners, id)).collect();
        let mut secrets: Vec<usize> =
            group.secrets.into_iter().filter(|at| self.taken.get(*at) == Some(&false)).collect();
        // where something is called a secret, what only looks like one is none
        if secrets.iter().any(|at| self.is_named(*at)) {
            secrets.retain(|at| self.is_named(*at));
        }
        if ids.is_empty() || secrets.is_empty() {
            return;
        }
        if self.same(&ids) && self.same(&secrets) {
            let why = if self.scopes.is_whole(group.scope) { Why::Nearest } else { Why::Together };
            return self.take_all(&ids, &secrets, why);
        }
        self.by_names(&mut ids, &mut secrets);
        if ids.is_empty() || secrets.is_empty() {
            return;
        }
        if self.same(&ids) && self.same(&secrets) {
            return self.take_all(&ids, &secrets, Why::Together);
        }
        match self.in_turn(&ids, &secrets) {
            Some(pairs) => pairs.into_iter().for_each(|(id, secret)| self.take(id, secret, Why::InTurn)),
            None => ids.iter().for_each(|id| {
                let near: BTreeSet<usize> = self.near(*id).into_iter().collect();
                let possible = secrets.iter().copied().filter(|secret| near.contains(secret)).collect();
                self.partners.insert(*id, Partner::Possible(possible));
            }),
        }
    }

    fn is_named(&self, at: usize) -> bool {
        self.pieces
            .get(at)
            .is_some_and(|piece| matches!(piece.is, Is::Encrypted(_) | Is::Secret { telling: Some(_), .. }))
    }

    fn take(&mut self, id: usize, secret: usize, why: Why) {
        self.partners.insert(id, Partner::One { piece: secret, why });
        if let Some(taken) = self.taken.get_mut(secret) {
            *taken = true;
        }
    }

    /// The same id more than once, the same secret more than once: each id takes the nearest.
    fn take_all(&mut self, ids: &[usize], secrets: &[usize], why: Why) {
        for id in ids {
            if let Some(secret) = secrets.iter().min_by_key(|secret| secret.abs_diff(*id)) {
                self.take(*id, *secret, why);
            }
        }
        for secret in secrets {
            if let Some(taken) = self.taken.get_mut(*secret) {
                *taken = true;
            }
        }
    }

    /// Whether all of these are one value.
    fn same(&self, list: &[usize]) -> bool {
        let mut pieces = list.iter().filter_map(|at| self.pieces.get(*at));
        let Some(first) = pieces.next() else { return false };
        pieces.all(|piece| match (&piece.is, &first.is) {
            (Is::Id(a), Is::Id(b)) => a == b,
            (Is::Secret { secret: a, .. }, Is::Secret { secret: b, .. }) => a == b,
            _ => false,
        })
    }

    /// Pairs those whose names have the same stem, when no other has it.
    fn by_names(&mut self, ids: &mut Vec<usize>, secrets: &mut Vec<usize>) {
        let own = Stems::of(self.pieces, ids);
        let other = Stems::of(self.pieces, secrets);
        let mut paired = BTreeSet::new();
        for (stem, id) in own.alone() {
            // without any stem a name says nothing, unless others have one
            let is_common = stem.is_empty() && (own.0.len() == 1 || other.0.len() == 1);
            if let Some(secret) = other.alone_with(stem).filter(|_| !is_common) {
                paired.insert((id, secret));
            }
        }
        for (id, secret) in &paired {
            self.take(*id, *secret, Why::Names);
        }
        ids.retain(|id| !self.partners.contains_key(id));
        secrets.retain(|secret| self.taken.get(*secret) == Some(&false));
    }

    /// Pairs of a list in which id and secret follow each other in turn: as many of one as of the other.
    fn in_turn(&self, ids: &[usize], secrets: &[usize]) -> Option<Vec<(usize, usize)>> {
        if ids.len() != secrets.len() {
            return None;
        }
        let turns = || ids.iter().zip(secrets);
        let id_first = turns().all(|(id, secret)| id < secret)
            && ids.iter().skip(1).zip(secrets).all(|(id, secret)| id > secret);
        let secret_first = turns().all(|(id, secret)| id > secret)
            && secrets.iter().skip(1).zip(ids).all(|(secret, id)| secret > id);
        (id_first || secret_first).then(|| turns().map(|(id, secret)| (*id, *secret)).collect())
    }

    /// A text with one id and one clearly named secret: however far apart.
    fn only_ones(&mut self) {
        let all = |want_id: bool| -> Vec<usize> {
            let is = |(_, piece): &(usize, &Piece)| {
                let is_id = matches!(piece.is, Is::Id(_));
                if want_id { is_id } else { !is_id && self.telling(piece) == Some(Telling::Clearly) }
            };
            self.pieces.iter().enumerate().filter(is).map(|(at, _)| at).collect()
        };
        let (ids, secrets) = (all(true), all(false));
        let untouched = ids.iter().all(|id| !self.partners.contains_key(id))
            && secrets.iter().all(|secret| self.taken.get(*secret) == Some(&false));
        if untouched && self.same(&ids) && self.same(&secrets) {
            self.take_all(&ids, &secrets, Why::OnlyOnes);
        }
    }
}

/// Pieces by the stems of their names.
struct Stems(BTreeMap<String, Vec<usize>>);

impl Stems {
    fn of(pieces: &[Piece], list: &[usize]) -> Self {
        let mut stems: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for at in list {
            let name = pieces.get(*at).map(|piece| stem(&piece.name)).unwrap_or_default();
            stems.entry(name).or_default().push(*at);
        }
        Self(stems)
    }

    /// The only piece with a stem.
    fn alone_with(&self, stem: &str) -> Option<usize> {
        match self.0.get(stem).map(Vec::as_slice) {
            Some([only]) => Some(*only),
            _ => None,
        }
    }

    /// Stems that one piece alone has.
    fn alone(&self) -> impl Iterator<Item = (&str, usize)> {
        self.0.iter().filter_map(|(stem, list)| match list.as_slice() {
            [only] => Some((stem.as_str(), *only)),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs of a text in which `I1` is an id, `S1` a named secret, and `?1` what looks like one.
    fn paired(text: &str) -> String {
        let mut pieces = Vec::new();
        for (at, _) in text.char_indices() {
            let rest = text.get(at..).unwrap();
            let value = rest.get(1..2).unwrap_or_default();
            if !value.chars().all(|letter| letter.is_ascii_digit()) || value.is_empty() {
                continue;
            }
            let secret = Secret::new(value.as_bytes());
            let is = match rest.get(..1).unwrap() {
                "I" => Is::Id(value.to_owned()),
                "S" => Is::Secret { secret, telling: Some(Telling::Clearly) },
                "?" => Is::Secret { secret, telling: None },
                _ => continue,
            };
            let name = crate::name::name_before(text.as_bytes(), at);
            pieces.push(Piece { span: (at, at + 2), name, is });
        }
        let scopes = Scopes::of(text.as_bytes());
        let shown = |at: usize| text.get(pieces[at].span.0..pieces[at].span.1).unwrap().to_owned();
        let partners = pair(&pieces, &scopes);
        let told = partners.iter().map(|(id, partner)| match partner {
            Partner::None => format!("{}-", shown(*id)),
            Partner::One { piece, .. } => shown(*id) + &shown(*piece),
            Partner::Possible(list) => {
                shown(*id) + "?" + &list.iter().map(|at| shown(*at)).collect::<Vec<_>>().join("|")
            }
        });
        told.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn pairs_by_what_stands_together() {
        let far = "some more\n".repeat(60);
        let table = [
            ("id=I1\nkey=S1\n".to_owned(), "I1S1"),
            ("key=S1\nid=I1\n".to_owned(), "I1S1"),
            ("[a]\nid=I1\nkey=S1\n[b]\nkey=S2\nid=I2\n".to_owned(), "I1S1 I2S2"),
            ("id=I1\nkey=S1\nid=I2\nkey=S2\n".to_owned(), "I1S1 I2S2"),
            ("{a:I1,b:S1},{a:I2,b:S2}".to_owned(), "I1S1 I2S2"),
            (
                "PROD_KEY_ID=I1\nDEV_KEY_ID=I2\nDEV_SECRET_KEY=S2\nPROD_SECRET_KEY=S1\n".to_owned(),
                "I1S1 I2S2",
            ),
            // an old line in a comment: nobody can tell
            ("id=I1\n#key=S1\nkey=S2\n".to_owned(), "I1?S1|S2"),
            ("id=I1\nkey=S2\nsum=?3\n".to_owned(), "I1S2"),
            ("id=I1\nkey=S1\nkey=S1\n".to_owned(), "I1S1"),
            ("I1\nI2\nS1\n".to_owned(), "I1?S1 I2?S1"),
            (format!("I1\n{far}S1\n"), "I1S1"),
            (format!("I1\n\n{far}\n?1\n"), ""),
            (format!("{{I1\n{far}{far}\nS1}}\n{far}{far}{{I2}}\n"), ""),
            (format!("{{I1\n\n{far}\nS1}}\n\n{{I2\n\n{far}\nS2}}\n"), "I1S1 I2S2"),
        ];
        for (text, expected) in table {
            assert_eq!(paired(&text), expected, "{}", text.get(..60).unwrap_or(&text));
        }
    }
}
