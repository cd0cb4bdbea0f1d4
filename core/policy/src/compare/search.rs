//! Is there a request to which these atoms apply, and of each clause at least one atom does not?
//!
//! Clauses shrink while atoms are decided: an atom that the others exclude settles its clause, an atom that the others
//! imply leaves it, and the last one left in a clause must fail. Then one clause is split.

use super::rules::AtomId;
use super::theory::{Domain, Literal, Status, Theory, Value, Variable};

/// So often is a clause split for one question; then the answer is "perhaps".
const SPLITS_MAX: usize = 3_000;

/// The requests that a search speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Model {
    pub(super) literals: Vec<Literal>,
    /// A value of each variable that the literals are about.
    pub(super) values: Vec<(Variable, Value)>,
    /// Whether every variable has a value: then the request exists.
    pub(super) is_whole: bool,
}

/// What a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Model(Model),
    /// The search was cut short.
    TooLong,
    Nothing,
}

/// One search.
pub(super) struct Search<'t, 'a> {
    theory: &'t mut Theory<'a>,
    domain: Domain,
    splits: usize,
}

impl<'t, 'a> Search<'t, 'a> {
    pub(super) fn new(theory: &'t mut Theory<'a>, domain: Domain) -> Self {
        Self { theory, domain, splits: 0 }
    }

    /// All of `atoms` hold, and of each clause some atom does not.
    pub(super) fn run(&mut self, atoms: &[AtomId], clauses: &[&[AtomId]]) -> Outcome {
        let literals: Vec<Literal> = atoms.iter().map(|atom| (*atom, true)).collect();
        let mut variables: Vec<Variable> = atoms.iter().map(|atom| self.theory.variable(*atom)).collect();
        variables.sort_unstable();
        variables.dedup();
        for variable in variables {
            if self.status(variable, &literals, None).is_impossible() {
                return Outcome::Nothing;
            }
        }
        self.go_on(literals, clauses.iter().map(|clause| clause.to_vec()).collect())
    }

    fn status(
        &mut self,
        variable: Variable,
        literals: &[Literal],
        more: Option<Literal>,
    ) -> std::rc::Rc<Status> {
        let of_variable: Vec<Literal> = literals
            .iter()
            .copied()
            .filter(|(atom, _)| self.theory.variable(*atom) == variable)
            .chain(more)
            .collect();
        self.theory.check(variable, self.domain, of_variable)
    }

    fn go_on(&mut self, mut literals: Vec<Literal>, mut clauses: Vec<Vec<AtomId>>) -> Outcome {
        loop {
            let Some(open) = self.shrink(&literals, clauses) else { return Outcome::Nothing };
            clauses = open;
            let Some(place) = clauses.iter().position(|clause| clause.len() == 1) else { break };
            literals.extend(clauses.swap_remove(place).first().map(|atom| (*atom, false)));
        }
        let Some(smallest) = (0..clauses.len()).min_by_key(|place| clauses.get(*place).map(Vec::len)) else {
            return Outcome::Model(self.model(literals));
        };
        let clause = clauses.swap_remove(smallest);
        let mut is_cut = false;
        for atom in clause {
            if self.splits >= SPLITS_MAX {
                return Outcome::TooLong;
            }
            self.splits = self.splits.saturating_add(1);
            let mut with = literals.clone();
            with.push((atom, false));
            match self.go_on(with, clauses.clone()) {
                Outcome::Model(model) => return Outcome::Model(model),
                Outcome::TooLong => is_cut = true,
                Outcome::Nothing => {}
            }
            // From here on it holds: the cases do not overlap.
            literals.push((atom, true));
            let variable = self.theory.variable(atom);
            if self.status(variable, &literals, None).is_impossible() {
                break;
            }
        }
        if is_cut { Outcome::TooLong } else { Outcome::Nothing }
    }

    /// The clauses that are not settled, without the atoms that must hold. `None`: of one clause every atom must hold.
    fn shrink(&mut self, literals: &[Literal], clauses: Vec<Vec<AtomId>>) -> Option<Vec<Vec<AtomId>>> {
        let mut open = Vec::new();
        for clause in clauses {
            let mut left = Vec::new();
            let mut is_settled = false;
            for atom in clause {
                let variable = self.theory.variable(atom);
                if self.status(variable, literals, Some((atom, true))).is_impossible() {
                    is_settled = true;
                    break;
                }
                if !self.status(variable, literals, Some((atom, false))).is_impossible() {
                    left.push(atom);
                }
            }
            if is_settled {
                continue;
            }
            if left.is_empty() {
                return None;
            }
            open.push(left);
        }
        Some(open)
    }

    fn model(&mut self, literals: Vec<Literal>) -> Model {
        let mut variables: Vec<Variable> = literals
            .iter()
            .map(|(atom, _)| self.theory.variable(*atom))
            .chain([Variable::Resource])
            .collect();
        variables.sort_unstable();
        variables.dedup();
        let (mut values, mut is_whole) = (Vec::new(), true);
        for variable in variables {
            match &*self.status(variable, &literals, None) {
                Status::Possible(value) => values.push((variable, value.clone())),
                Status::Perhaps | Status::Impossible => is_whole = false,
            }
        }
        Model { literals, values, is_whole }
    }
}
