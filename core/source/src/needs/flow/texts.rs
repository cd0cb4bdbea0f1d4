//! Texts made of pieces.

use std::rc::Rc;

use super::{Flow, VALUES_MAX};
use crate::ir::Piece;
use crate::needs::value::{Part, Site, Value, Values, Why};

impl Flow<'_> {
    /// A text of pieces, once for each way in which its holes may be filled.
    pub(super) fn text(&self, site: Site, pieces: &[Piece]) -> Values {
        let mut ways: Vec<Vec<Part>> = vec![Vec::new()];
        for piece in pieces {
            let fillings = match piece {
                Piece::Known(text) => vec![vec![Part::Known(text.as_str().into())]],
                Piece::Hole(of) => self.fillings(site, &self.beside(site, *of)),
            };
            ways = self.joined(site, ways, &fillings);
        }
        ways.into_iter().map(|parts| Value::Text(merged(parts).into())).collect()
    }

    /// What a hole may say.
    pub(super) fn fillings(&self, site: Site, values: &[Value]) -> Vec<Vec<Part>> {
        let hole = |why| vec![Part::Hole(self.reason(site, why))];
        let mut all: Vec<Vec<Part>> = Vec::new();
        for value in values {
            let filling = match value {
                Value::Text(parts) => parts.to_vec(),
                Value::Unknown(reason) => vec![Part::Hole(Rc::clone(reason))],
                Value::External(path) => hole(Why::Answer(path.to_string())),
                _ => hole(Why::Code),
            };
            if !all.contains(&filling) {
                all.push(filling);
            }
        }
        if all.is_empty() { vec![hole(Why::Code)] } else { all }
    }

    fn joined(&self, site: Site, ways: Vec<Vec<Part>>, fillings: &[Vec<Part>]) -> Vec<Vec<Part>> {
        if ways.len().saturating_mul(fillings.len()) > VALUES_MAX {
            let hole = Part::Hole(self.reason(site, Why::Many));
            return ways.into_iter().map(|way| way.into_iter().chain([hole.clone()]).collect()).collect();
        }
        let with = |way: &Vec<Part>| {
            let way = way.clone();
            fillings.iter().map(move |filling| way.iter().chain(filling).cloned().collect::<Vec<Part>>())
        };
        ways.iter().flat_map(with).collect()
    }

    /// A text formatted with `{}`, `{name}`, `%s` or `%d`.
    pub(crate) fn formatted(
        &self,
        site: Site,
        format: &[Part],
        next: impl Fn(&str, usize) -> Option<Values>,
    ) -> Values {
        let mut ways: Vec<Vec<Part>> = vec![Vec::new()];
        let mut count = 0_usize;
        for part in format {
            let Part::Known(text) = part else {
                ways = self.joined(site, ways, &[vec![part.clone()]]);
                continue;
            };
            for (literal, hole) in holes(text) {
                ways = self.joined(site, ways, &[vec![Part::Known(literal.into())]]);
                if let Some(hole) = hole {
                    let values = next(hole, count).unwrap_or_else(|| self.unknown(site, Why::Code));
                    count = count.saturating_add(1);
                    ways = self.joined(site, ways, &self.fillings(site, &values));
                }
            }
        }
        ways.into_iter().map(|parts| Value::Text(merged(parts).into())).collect()
    }
}

/// Literal parts, each with the hole after it.
fn holes(text: &str) -> Vec<(&str, Option<&str>)> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '%']) {
        let (literal, tail) = rest.split_at(at);
        let (hole, after) = if tail.starts_with('{') {
            match tail.get(1..).and_then(|tail| tail.split_once('}')) {
                Some((hole, after)) => (hole.split([':', '!']).next().unwrap_or(hole), after),
                None => break,
            }
        } else {
            let verb = tail.get(1..).unwrap_or_default();
            let length = verb
                .find(|letter: char| letter.is_ascii_alphabetic())
                .map_or(verb.len(), |at| at.saturating_add(1));
            ("", verb.get(length..).unwrap_or_default())
        };
        all.push((literal, Some(hole)));
        rest = after;
    }
    all.push((rest, None));
    all
}

/// Known parts beside each other as one, without empty ones.
fn merged(parts: Vec<Part>) -> Vec<Part> {
    let mut all: Vec<Part> = Vec::with_capacity(parts.len());
    for part in parts {
        match (all.last_mut(), part) {
            (_, Part::Known(text)) if text.is_empty() => {}
            (Some(Part::Known(before)), Part::Known(text)) => *before = format!("{before}{text}").into(),
            (_, part) => all.push(part),
        }
    }
    all
}
