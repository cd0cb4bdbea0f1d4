//! What a decision depends on when not everything is known: and, or, not over atoms.

use std::collections::BTreeSet;
use std::fmt;

use crate::policies::{Layer, MissingDocument};
use crate::request::Principal;

/// A boolean combination of things that are not known.
///
/// Constants are folded away by the constructors: a formula is `Constant`, or holds no constant at all.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "and, or, not, and what they combine")]
pub enum Formula {
    /// Known.
    Constant(bool),
    /// Not known.
    Atom(Atom),
    /// All of these.
    All(Vec<Self>),
    /// Any of these.
    Any(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
}

/// One thing that is not known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "a caller must say each of them to people")]
pub enum Atom {
    /// A condition whose key, or whose variable, is not known.
    Condition {
        /// The operator as written.
        operator: String,
        /// The key as written.
        key: String,
        /// The values as written.
        values: Vec<String>,
        /// The keys that are missing, in lower case.
        missing: Vec<String>,
    },
    /// A resource pattern with a variable whose key is not known.
    Resource {
        /// The pattern as written.
        pattern: String,
        /// The keys that are missing, in lower case.
        missing: Vec<String>,
    },
    /// A condition nobody can evaluate: its operator is not in the language.
    Unevaluable {
        /// The operator as written.
        operator: String,
        /// The key as written.
        key: String,
    },
    /// A pattern of which nobody says whether it is about a call that names no resource.
    Undocumented {
        /// The action as asked.
        action: String,
        /// The pattern as written.
        pattern: String,
    },
    /// A principal of which it is not known whether it is the caller: a canonical user id, a session of the caller's role.
    Principal {
        /// The principal as written.
        principal: String,
    },
    /// A fact of the credentials that is not known.
    Credential {
        /// The condition key that would tell, in lower case.
        key: String,
    },
    /// A policy that was not given would allow this.
    MissingAllows(MissingDocument),
    /// A policy that was not given would deny this.
    MissingDenies(MissingDocument),
}

impl Formula {
    /// True.
    pub const TRUE: Self = Self::Constant(true);
    /// False.
    pub const FALSE: Self = Self::Constant(false);

    /// All of these hold.
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut kept = BTreeSet::new();
        for part in parts {
            match part {
                Self::Constant(true) => {}
                Self::Constant(false) => return Self::FALSE,
                Self::All(parts) => kept.extend(parts),
                part => drop(kept.insert(part)),
            }
        }
        Self::joined(kept, Self::TRUE, Self::All)
    }

    /// Any of these holds.
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut kept = BTreeSet::new();
        for part in parts {
            match part {
                Self::Constant(false) => {}
                Self::Constant(true) => return Self::TRUE,
                Self::Any(parts) => kept.extend(parts),
                part => drop(kept.insert(part)),
            }
        }
        Self::joined(kept, Self::FALSE, Self::Any)
    }

    fn joined(mut parts: BTreeSet<Self>, empty: Self, join: fn(Vec<Self>) -> Self) -> Self {
        match (parts.len(), parts.pop_first()) {
            (_, None) => empty,
            (1, Some(only)) => only,
            (_, Some(first)) => join(std::iter::once(first).chain(parts).collect()),
        }
    }

    /// The opposite.
    #[must_use]
    pub fn negate(self) -> Self {
        match self {
            Self::Constant(value) => Self::Constant(!value),
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    /// Both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::all([self, other])
    }

    /// One of both holds.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self::any([self, other])
    }

    /// The value, when it is known.
    pub fn known(&self) -> Option<bool> {
        if let Self::Constant(value) = self { Some(*value) } else { None }
    }

    /// Every atom, sorted, each once.
    pub fn atoms(&self) -> Vec<&Atom> {
        let mut atoms = BTreeSet::new();
        self.collect(&mut atoms);
        atoms.into_iter().collect()
    }

    fn collect<'a>(&'a self, atoms: &mut BTreeSet<&'a Atom>) {
        match self {
            Self::Constant(_) => {}
            Self::Atom(atom) => drop(atoms.insert(atom)),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.collect(atoms)),
            Self::Not(inner) => inner.collect(atoms),
        }
    }

    /// Whether it can hold: each atom has the value `fixed` gives it, or else the one that helps. Exact when no atom stands
    /// in it both straight and negated; too generous otherwise.
    pub fn may_hold(&self, fixed: &impl Fn(&Atom) -> Option<bool>) -> bool {
        match self {
            Self::Constant(value) => *value,
            Self::Atom(atom) => fixed(atom).unwrap_or(true),
            Self::All(parts) => parts.iter().all(|part| part.may_hold(fixed)),
            Self::Any(parts) => parts.iter().any(|part| part.may_hold(fixed)),
            Self::Not(inner) => inner.may_fail(fixed),
        }
    }

    fn may_fail(&self, fixed: &impl Fn(&Atom) -> Option<bool>) -> bool {
        match self {
            Self::Constant(value) => !value,
            Self::Atom(atom) => !fixed(atom).unwrap_or(false),
            Self::All(parts) => parts.iter().any(|part| part.may_fail(fixed)),
            Self::Any(parts) => parts.iter().all(|part| part.may_fail(fixed)),
            Self::Not(inner) => inner.may_hold(fixed),
        }
    }

    /// The formula when some atoms have the value that `fixed` gives them.
    #[must_use]
    pub fn given(&self, fixed: &impl Fn(&Atom) -> Option<bool>) -> Self {
        match self {
            Self::Constant(value) => Self::Constant(*value),
            Self::Atom(atom) => fixed(atom).map_or_else(|| self.clone(), Self::Constant),
            Self::All(parts) => Self::all(parts.iter().map(|part| part.given(fixed))),
            Self::Any(parts) => Self::any(parts.iter().map(|part| part.given(fixed))),
            Self::Not(inner) => inner.given(fixed).negate(),
        }
    }

    /// The value when each atom has the value `truth` gives it.
    pub fn evaluate(&self, truth: &impl Fn(&Atom) -> bool) -> bool {
        match self {
            Self::Constant(value) => *value,
            Self::Atom(atom) => truth(atom),
            Self::All(parts) => parts.iter().all(|part| part.evaluate(truth)),
            Self::Any(parts) => parts.iter().any(|part| part.evaluate(truth)),
            Self::Not(inner) => !inner.evaluate(truth),
        }
    }
}

/// How many atoms a formula may have to be minimised; 2^12 assignments are looked at.
const ATOMS_MAX: usize = 12;

/// One way to satisfy a formula: each atom with the truth it needs.
pub type Way<'a> = Vec<(&'a Atom, bool)>;

impl Formula {
    /// The fewest, shortest ways to satisfy the formula (its prime implicants that are needed); `None` when it has more
    /// than 12 atoms.
    pub fn ways(&self) -> Option<Vec<Way<'_>>> {
        let atoms = self.atoms();
        if atoms.len() > ATOMS_MAX {
            return None;
        }
        let count = 1_u32 << atoms.len();
        let is_set = |assignment: u32, place: usize| assignment & (1 << place) != 0;
        let value = |assignment: u32| {
            self.evaluate(&|atom| {
                atoms.iter().position(|known| *known == atom).is_some_and(|place| is_set(assignment, place))
            })
        };
        let satisfying: Vec<u32> = (0..count).filter(|assignment| value(*assignment)).collect();
        let chosen = cover(&satisfying, &prime_implicants(&satisfying));
        let way = |cube: Cube| -> Way<'_> {
            let cares = atoms.iter().enumerate().filter(|(place, _)| is_set(cube.care, *place));
            cares.map(|(place, atom)| (*atom, is_set(cube.value, place))).collect()
        };
        Some(chosen.into_iter().map(way).collect())
    }
}

/// A set of assignments: those that agree with `value` where `care` has a bit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Cube {
    care: u32,
    value: u32,
}

impl Cube {
    fn holds(self, assignment: u32) -> bool {
        assignment & self.care == self.value
    }
}

/// Quine–McCluskey: joins cubes that differ in one bit until none can be joined.
fn prime_implicants(satisfying: &[u32]) -> Vec<Cube> {
    let mut cubes: BTreeSet<Cube> =
        satisfying.iter().map(|value| Cube { care: u32::MAX, value: *value }).collect();
    let mut primes = BTreeSet::new();
    while !cubes.is_empty() {
        let mut wider = BTreeSet::new();
        for cube in &cubes {
            let mut is_prime = true;
            for bit in (0..ATOMS_MAX).map(|place| 1 << place).filter(|bit| cube.care & bit != 0) {
                if cubes.contains(&Cube { care: cube.care, value: cube.value ^ bit }) {
                    wider.insert(Cube { care: cube.care & !bit, value: cube.value & !bit });
                    is_prime = false;
                }
            }
            if is_prime {
                primes.insert(*cube);
            }
        }
        cubes = wider;
    }
    primes.into_iter().collect()
}

/// Chooses cubes until every assignment is held, the one that holds most of what is left first.
fn cover(satisfying: &[u32], primes: &[Cube]) -> Vec<Cube> {
    let mut left = satisfying.to_vec();
    let mut chosen = Vec::new();
    while !left.is_empty() {
        let gain = |cube: &Cube| left.iter().filter(|assignment| cube.holds(**assignment)).count();
        let Some(best) = primes.iter().copied().max_by_key(|cube| (gain(cube), std::cmp::Reverse(*cube)))
        else {
            return chosen;
        };
        left.retain(|assignment| !best.holds(*assignment));
        chosen.push(best);
    }
    chosen.sort_unstable();
    chosen
}

impl fmt::Display for Formula {
    /// `a and (b or not c)`; minimised where it is small enough.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(ways) = self.ways() else {
            return write!(f, "a combination of {} unknowns", self.atoms().len());
        };
        if ways.is_empty() {
            return f.write_str("never");
        }
        let text = |way: &Way<'_>| {
            let term = |(atom, truth): &(&Atom, bool)| {
                if *truth { atom.to_string() } else { format!("not ({atom})") }
            };
            if way.is_empty() {
                "always".to_owned()
            } else {
                way.iter().map(term).collect::<Vec<_>>().join(" and ")
            }
        };
        f.write_str(&ways.iter().map(text).collect::<Vec<_>>().join(", or "))
    }
}

impl fmt::Display for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Condition { operator, key, values, .. } => {
                write!(f, "{operator} {key} {}", values.join(" | "))
            }
            Self::Resource { pattern, .. } => write!(f, "the resource is {pattern}"),
            Self::Unevaluable { operator, key } => {
                write!(f, "{operator} {key} (no operator of the language)")
            }
            Self::Undocumented { action, pattern } => {
                write!(f, "AWS compares {action} with {pattern} (not documented)")
            }
            Self::Principal { principal } => match Principal::parse(principal) {
                Ok(Principal::Session { arn, .. }) => {
                    let name = arn.rsplit('/').next().unwrap_or_default();
                    write!(f, "the session is named `{name}`")
                }
                _ => write!(f, "the caller is {principal}"),
            },
            Self::Credential { key } => write!(f, "the credentials fit ({key})"),
            Self::MissingAllows(document) => write!(f, "{} allows", Missing(document)),
            Self::MissingDenies(document) => write!(f, "{} denies", Missing(document)),
        }
    }
}

struct Missing<'a>(&'a MissingDocument);

impl fmt::Display for Missing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let layer: Layer = self.0.layer;
        write!(f, "{} ({layer}, not given)", self.0.name)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Atom, Formula};

    fn atom(name: u8) -> Formula {
        Formula::Atom(Atom::Credential { key: format!("k{name}") })
    }

    #[test]
    fn constants_fold() {
        assert_eq!(Formula::all([Formula::TRUE, atom(1)]), atom(1));
        assert_eq!(Formula::any([Formula::TRUE, atom(1)]), Formula::TRUE);
        assert_eq!(atom(1).negate().negate(), atom(1));
        assert_eq!(Formula::all([]), Formula::TRUE);
    }

    #[test]
    fn what_does_not_matter_goes() {
        let redundant = atom(1).or(atom(1).and(atom(2)));
        assert_eq!(redundant.to_string(), "the credentials fit (k1)");
        let split = atom(1).and(atom(2)).or(atom(1).and(atom(2).negate()));
        assert_eq!(split.to_string(), "the credentials fit (k1)");
        assert_eq!(atom(1).and(atom(1).negate()).to_string(), "never");
    }

    fn formula() -> impl Strategy<Value = Formula> {
        (0_u8..4).prop_map(atom).prop_recursive(4, 24, 3, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 1..4).prop_map(Formula::all),
                proptest::collection::vec(inner.clone(), 1..4).prop_map(Formula::any),
                inner.prop_map(Formula::negate),
            ]
        })
    }

    proptest! {
        #[test]
        fn ways_mean_the_same(formula in formula(), bits in 0_u32..16) {
            let truth = |atom: &Atom| (0..4).any(|n| bits & (1 << n) != 0 && Formula::Atom(atom.clone()) == self::atom(n));
            let ways = formula.ways().unwrap();
            let by_ways = ways.iter().any(|way| way.iter().all(|(atom, value)| truth(atom) == *value));
            prop_assert_eq!(by_ways, formula.evaluate(&truth));
        }
    }
}
