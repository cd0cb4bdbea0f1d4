//! The walk through the positions of several patterns at once.

use std::collections::{BTreeSet, VecDeque};

use rustc_hash::FxHashMap;

use super::{Effort, Found, Pattern, Step};

/// So many states are visited at most; then the answer is "perhaps".
const STATES_MAX: usize = 3_000;
/// So often is a state visited where texts are refused.
const VISITS_MAX: u8 = 3;

/// A place in a pattern.
#[derive(Clone, Copy)]
struct Cell {
    /// `None`: its end.
    step: Option<Step>,
    role: Role,
    /// Where the pattern ends.
    end: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The text is one of this pattern.
    Generator,
    /// The text is one of a pattern of this group.
    Within(u32),
    /// The text is none of this pattern.
    Without,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Symbol {
    Char(char),
    Variable(u32),
}

/// One walk.
pub(super) struct Walk<'e> {
    cells: Vec<Cell>,
    starts: Vec<u32>,
    groups: u32,
    alphabet: Vec<Symbol>,
    /// Whether a variable makes what is found uncertain.
    is_vague: bool,
    effort: Option<&'e Effort>,
}

/// A state that was reached, and how.
struct Reached {
    positions: Box<[u32]>,
    from: Option<(usize, Symbol)>,
}

impl<'e> Walk<'e> {
    pub(super) fn new(
        generator: &Pattern,
        groups: &[Vec<&Pattern>],
        without: &[&Pattern],
        effort: Option<&'e Effort>,
    ) -> Self {
        let mut walk = Self {
            cells: Vec::new(),
            starts: Vec::new(),
            groups: 0,
            alphabet: Vec::new(),
            is_vague: false,
            effort,
        };
        walk.add(generator, Role::Generator);
        for group in groups {
            for pattern in group {
                walk.add(pattern, Role::Within(walk.groups));
            }
            walk.groups = walk.groups.saturating_add(1);
        }
        for pattern in without {
            walk.add(pattern, Role::Without);
        }
        walk.alphabet = walk.alphabet();
        walk
    }

    fn add(&mut self, pattern: &Pattern, role: Role) {
        self.is_vague |= pattern.has_variable();
        let start = number(self.cells.len());
        let end = number(self.cells.len().saturating_add(pattern.0.len()));
        self.starts.push(start);
        for step in &pattern.0 {
            // What must be matched beside the generator is widened: a variable there may stand for anything.
            let is_widened = matches!((step, role), (Step::Variable(_), Role::Within(_)));
            let step = Some(if is_widened { Step::Many } else { *step });
            self.cells.push(Cell { step, role, end });
        }
        self.cells.push(Cell { step: None, role, end });
    }

    /// The characters some pattern tells apart from others, and one for all the rest.
    fn alphabet(&self) -> Vec<Symbol> {
        let (mut chars, mut variables) = (BTreeSet::new(), BTreeSet::new());
        for cell in &self.cells {
            match cell.step {
                Some(Step::Char(c)) => {
                    chars.insert(c);
                }
                Some(Step::Fold(c)) => chars.extend([c, c.to_ascii_uppercase()]),
                Some(Step::FoldUnicode(c)) => {
                    chars.extend([c, c.to_ascii_uppercase()]);
                    // U+212A, the Kelvin sign, is the one letter beyond ASCII whose lower case is an ASCII letter.
                    chars.extend((c == 'k').then_some('\u{212a}'));
                }
                Some(Step::OneInPart | Step::ManyInPart) => {
                    chars.insert(':');
                }
                Some(Step::Variable(variable)) if cell.role == Role::Generator => {
                    variables.insert(variable);
                }
                _ => {}
            }
        }
        let is_fresh = |c: &char| !chars.contains(c);
        let letters = ['x', 'y', 'z'].into_iter().chain('a'..='w').chain('0'..='9');
        let fresh = letters.chain('\u{4e00}'..='\u{9fff}').find(is_fresh);
        let chars: Vec<char> = fresh.into_iter().chain(chars).collect();
        let variables = variables.into_iter().map(Symbol::Variable);
        chars.into_iter().map(Symbol::Char).chain(variables).collect()
    }

    pub(super) fn find(&self, skip: &dyn Fn(&str) -> bool) -> Found {
        let mut start = Vec::new();
        self.starts.iter().for_each(|at| self.enter(&mut start, *at));
        let Some(start) = self.living(start) else { return Found::None };
        let mut reached = vec![Reached { positions: start.clone(), from: None }];
        let mut visits: FxHashMap<Box<[u32]>, u8> = FxHashMap::from_iter([(start, 1)]);
        let mut queue = VecDeque::from([0_usize]);
        let mut most_visits = 1;
        while let Some(place) = queue.pop_front() {
            let Some(positions) = reached.get(place).map(|state| state.positions.clone()) else { break };
            if self.accepts(&positions) {
                if self.is_vague {
                    return Found::Perhaps;
                }
                let text = text_to(&reached, place);
                if !skip(&text) {
                    return Found::Text(text);
                }
                most_visits = VISITS_MAX;
            }
            for symbol in self.symbols(&positions) {
                if self.effort.is_some_and(|effort| effort.is_spent(positions.len())) {
                    return Found::Perhaps;
                }
                let Some(next) = self.after(&positions, symbol) else { continue };
                let count = visits.entry(next.clone()).or_default();
                if *count >= most_visits {
                    continue;
                }
                *count = count.saturating_add(1);
                if reached.len() >= STATES_MAX {
                    return Found::Perhaps;
                }
                queue.push_back(reached.len());
                reached.push(Reached { positions: next, from: Some((place, symbol)) });
            }
        }
        // Texts that were refused may hide others that reach the same states.
        if most_visits > 1 { Found::Perhaps } else { Found::None }
    }

    fn cell(&self, at: u32) -> Option<&Cell> {
        self.cells.get(usize::try_from(at).ok()?)
    }

    /// Adds a position, and those behind it while a `*` may stand for nothing.
    fn enter(&self, positions: &mut Vec<u32>, mut at: u32) {
        loop {
            positions.push(at);
            if !self.cell(at).and_then(|cell| cell.step).is_some_and(Step::repeats) {
                return;
            }
            at = at.saturating_add(1);
        }
    }

    /// The symbols that can come next: those that the generator takes.
    fn symbols(&self, positions: &[u32]) -> Vec<Symbol> {
        let of_generator = positions.iter().filter_map(|at| self.cell(*at));
        let steps: Vec<Step> =
            of_generator.filter(|cell| cell.role == Role::Generator).filter_map(|cell| cell.step).collect();
        let takes = |symbol: &Symbol| match symbol {
            Symbol::Char(c) => steps.iter().any(|step| step.takes(*c)),
            Symbol::Variable(variable) => steps.contains(&Step::Variable(*variable)),
        };
        self.alphabet.iter().copied().filter(takes).collect()
    }

    fn after(&self, positions: &[u32], symbol: Symbol) -> Option<Box<[u32]>> {
        let mut next = Vec::new();
        for &at in positions {
            let Some(cell) = self.cell(at) else { continue };
            match symbol {
                Symbol::Char(c) => match cell.step {
                    Some(step) if step.takes(c) => {
                        self.enter(&mut next, if step.repeats() { at } else { at.saturating_add(1) });
                    }
                    _ => {}
                },
                Symbol::Variable(variable) => self.after_variable(&mut next, at, *cell, variable),
            }
        }
        self.living(next)
    }

    /// A variable may stand for any text. What must match is widened, what must not is narrowed.
    fn after_variable(&self, next: &mut Vec<u32>, at: u32, cell: Cell, variable: u32) {
        match (cell.role, cell.step) {
            (Role::Within(_), _) => next.extend(at..=cell.end),
            (_, Some(Step::Variable(own))) if own == variable => self.enter(next, at.saturating_add(1)),
            (Role::Without, Some(Step::Many)) => self.enter(next, at),
            _ => {}
        }
    }

    /// `None` when no text goes on from here: the generator or a group is lost, or all that follows is excluded.
    fn living(&self, mut positions: Vec<u32>) -> Option<Box<[u32]>> {
        positions.sort_unstable();
        positions.dedup();
        let (mut generator, mut groups) = (false, 0_u32);
        let mut last_group = None;
        for &at in &positions {
            let Some(cell) = self.cell(at) else { continue };
            match cell.role {
                Role::Generator => generator = true,
                Role::Within(group) => {
                    if last_group != Some(group) {
                        groups = groups.saturating_add(1);
                    }
                    last_group = Some(group);
                }
                Role::Without => {
                    if cell.step == Some(Step::Many) && at.saturating_add(1) == cell.end {
                        return None;
                    }
                }
            }
        }
        (generator && groups == self.groups).then(|| positions.into())
    }

    fn accepts(&self, positions: &[u32]) -> bool {
        let (mut generator, mut groups) = (false, BTreeSet::new());
        for cell in positions.iter().filter_map(|at| self.cell(*at)).filter(|cell| cell.step.is_none()) {
            match cell.role {
                Role::Generator => generator = true,
                Role::Within(group) => {
                    groups.insert(group);
                }
                Role::Without => return false,
            }
        }
        generator && groups.len() == usize::try_from(self.groups).unwrap_or(usize::MAX)
    }
}

fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

fn text_to(reached: &[Reached], mut place: usize) -> String {
    let mut text = Vec::new();
    while let Some((from, symbol)) = reached.get(place).and_then(|state| state.from) {
        if let Symbol::Char(c) = symbol {
            text.push(c);
        }
        place = from;
    }
    text.into_iter().rev().collect()
}
