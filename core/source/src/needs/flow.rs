//! The flow of values: what an expression may be, through names, arguments, fields and what functions give back.
//!
//! The order of statements is not kept: a name may be whatever is bound to it anywhere in its scope. An argument is what the call that is
//! being followed gives, else what all callers in the tree give. What is not known stays [`Value::Unknown`] with the place where the trail
//! was lost, and a text keeps its known parts.

mod apply;
mod lookup;
mod texts;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

pub(crate) use apply::callees as apply_callees;

use super::program::Program;
use super::sdk;
use super::value::{ContextId, Fields, Reason, Site, UnitId, Value, Values, Why};
use crate::ir::{ExpressionId, Kind, Language, ScopeId};

/// More values of one expression are not told apart.
pub(crate) const VALUES_MAX: usize = 20;
/// Longer chains of expressions are not followed.
const DEPTH_MAX: usize = 90;
/// More steps from one call are not made.
const STEPS_MAX: u32 = 20_000;
/// Longer chains of calls are followed without telling apart who called.
const CALLS_MAX: u32 = 4;

/// A function, and the call that leads into it.
type Entry = ((UnitId, ScopeId), Site);

/// A call that led into a function.
#[derive(Clone, Debug)]
struct Frame {
    function: (UnitId, ScopeId),
    site: Site,
    receiver: Option<Rc<Value>>,
    depth: u32,
}

/// The flow of a program.
#[derive(Debug)]
pub(crate) struct Flow<'p> {
    pub(crate) program: &'p Program,
    memo: RefCell<FxHashMap<Site, Values>>,
    active: RefCell<FxHashSet<Site>>,
    frames: RefCell<Vec<Frame>>,
    known: RefCell<FxHashMap<Entry, ContextId>>,
    /// How often a circle was cut: what was worked out around one holds for that way in alone.
    cuts: Cell<u64>,
    steps: Cell<u32>,
    /// How many files deep a name is looked for.
    nested: Cell<u32>,
}

impl<'p> Flow<'p> {
    pub(crate) fn new(program: &'p Program) -> Self {
        Self {
            program,
            memo: RefCell::default(),
            active: RefCell::default(),
            frames: RefCell::default(),
            known: RefCell::default(),
            cuts: Cell::new(0),
            steps: Cell::new(0),
            nested: Cell::new(0),
        }
    }

    /// Begins with the steps of another call.
    pub(crate) fn begin(&self) {
        self.steps.set(0);
    }

    /// All that an expression may be.
    pub(crate) fn eval(&self, site: Site) -> Values {
        if let Some(known) = self.memo.borrow().get(&site) {
            return Rc::clone(known);
        }
        if !self.active.borrow_mut().insert(site) {
            self.cuts.set(self.cuts.get().wrapping_add(1));
            return none();
        }
        let before = self.cuts.get();
        self.steps.set(self.steps.get().saturating_add(1));
        let is_deep = self.active.borrow().len() > DEPTH_MAX || self.steps.get() > STEPS_MAX;
        let values = if is_deep {
            self.cuts.set(before.wrapping_add(1));
            self.unknown(site, Why::Code)
        } else {
            self.work(site)
        };
        let is_first = {
            let mut active = self.active.borrow_mut();
            active.remove(&site);
            active.is_empty()
        };
        if is_first || self.cuts.get() == before {
            self.memo.borrow_mut().insert(site, Rc::clone(&values));
        }
        values
    }

    /// Another expression of the same unit, reached the same way.
    pub(crate) fn beside(&self, site: Site, expression: ExpressionId) -> Values {
        self.eval(Site { expression, ..site })
    }

    pub(crate) fn kind(&self, site: Site) -> Option<&'p Kind> {
        self.program.expression(site.unit, site.expression).map(|expression| &expression.kind)
    }

    pub(crate) fn language(&self, unit: UnitId) -> Language {
        self.program.unit(unit).map_or(Language::Python, |unit| unit.language)
    }

    /// Why something is not known, at a place.
    pub(crate) fn reason(&self, site: Site, why: Why) -> Rc<Reason> {
        let unit = self.program.unit(site.unit);
        let line =
            self.program.expression(site.unit, site.expression).map_or(1, |expression| expression.line);
        Rc::new(Reason { why, path: unit.map(|unit| unit.path.clone()).unwrap_or_default(), line })
    }

    pub(crate) fn unknown(&self, site: Site, why: Why) -> Values {
        one(Value::Unknown(self.reason(site, why)))
    }

    /// The object whose method is around an expression.
    pub(crate) fn this(&self, site: Site) -> Option<Value> {
        self.receiver_around(site).map(|this| (*this).clone())
    }

    fn work(&self, site: Site) -> Values {
        let Some(kind) = self.kind(site) else { return none() };
        match kind {
            Kind::Text(pieces) => self.text(site, pieces),
            Kind::Literal(text) if is_nothing(text) => none(),
            Kind::Literal(text) => one(Value::text(text)),
            Kind::Name(name) => {
                let scope =
                    self.program.expression(site.unit, site.expression).map_or(0, |found| found.scope);
                self.lookup(site, name, scope)
            }
            Kind::Member { of, name } => self.each_of(site, *of, |value| self.member(value, name, site)),
            Kind::Index { of, key } => self.index(site, *of, *key),
            Kind::Call { callee, .. } => self.call(site, *callee),
            Kind::List(items) => {
                one(Value::List(items.iter().map(|item| self.beside(site, *item)).collect()))
            }
            Kind::Map { entries, spread } => one(Value::Map(Rc::new(self.fields(site, entries, spread)))),
            Kind::Either(ways) => union(ways.iter().flat_map(|way| self.beside(site, *way).to_vec())),
            Kind::Function(scope) => {
                let receiver = self.receiver_around(site);
                one(Value::Function(site.unit, *scope, receiver))
            }
            Kind::Each(of) => self.each_of(site, *of, |value| self.item(value, site)),
            Kind::Other => self.unknown(site, Why::Code),
        }
    }

    /// What becomes of each value of an expression.
    fn each_of(&self, site: Site, of: ExpressionId, then: impl Fn(&Value) -> Values) -> Values {
        union(self.beside(site, of).iter().flat_map(|value| then(value).to_vec()))
    }

    fn item(&self, value: &Value, site: Site) -> Values {
        match value {
            Value::List(items) => union(items.iter().flat_map(|item| item.to_vec())),
            Value::Unknown(reason) => one(Value::Unknown(Rc::clone(reason))),
            Value::Collection(of, method, _) => {
                sdk::boto::item(of, method, &self.reason(site, Why::Answer(method.operation.to_owned())))
            }
            Value::External(path) => self.unknown(site, Why::Answer(path.to_string())),
            Value::Map(fields) => union(fields.entries.iter().map(|(key, _)| Value::text(key))),
            // An action gives one or a list of them.
            Value::Resource(_) => one(value.clone()),
            _ => self.unknown(site, Why::Code),
        }
    }

    fn index(&self, site: Site, of: ExpressionId, key: ExpressionId) -> Values {
        let keys = self.beside(site, key);
        let known: Vec<String> = keys.iter().filter_map(Value::known).collect();
        let is_told = !known.is_empty() && known.len() == keys.len();
        self.each_of(site, of, |value| match value {
            Value::Map(fields) | Value::Request(_, fields) if is_told => {
                let found = known.iter().filter_map(|key| fields.get(key));
                let found = union(found.flat_map(|values| values.to_vec()));
                match (found.is_empty(), &fields.open) {
                    (true, Some(reason)) => one(Value::Unknown(Rc::clone(reason))),
                    (true, None) => self.unknown(site, Why::Code),
                    (false, _) => found,
                }
            }
            Value::Map(fields) => union(fields.entries.iter().flat_map(|(_, values)| values.to_vec())),
            Value::List(items) if is_told => {
                let place = known.first().and_then(|key| key.parse::<usize>().ok());
                place.and_then(|place| items.get(place).cloned()).unwrap_or_else(|| self.item(value, site))
            }
            Value::List(_) => self.item(value, site),
            Value::External(path) if sdk::is_environment(path) && is_told => {
                union(known.iter().flat_map(|key| self.environment(site, key, None).to_vec()))
            }
            Value::External(path) => self.unknown(site, Why::Answer(path.to_string())),
            Value::Unknown(reason) => one(Value::Unknown(Rc::clone(reason))),
            Value::Resource(_) => one(value.clone()),
            _ => self.unknown(site, Why::Code),
        })
    }

    /// Keys and values of a map.
    fn fields(
        &self,
        site: Site,
        entries: &[(ExpressionId, ExpressionId)],
        spread: &[ExpressionId],
    ) -> Fields {
        let mut fields = Fields::default();
        for of in spread {
            self.spread(site, *of, &mut fields);
        }
        for (key, value) in entries {
            let values = self.beside(site, *value);
            match self.beside(site, *key).first().and_then(Value::known) {
                Some(key) => fields.entries.push((key.into(), values)),
                None => fields.open = Some(self.reason(site, Why::Spread)),
            }
        }
        fields
    }

    /// All that is spread into a map.
    pub(crate) fn spread(&self, site: Site, of: ExpressionId, fields: &mut Fields) {
        let values = self.beside(site, of);
        let mut is_told = !values.is_empty();
        for value in values.iter() {
            match value {
                Value::Map(inner) | Value::Request(_, inner) => {
                    fields.entries.extend(inner.entries.iter().cloned());
                    if inner.open.is_some() {
                        fields.open.clone_from(&inner.open);
                    }
                }
                _ => is_told = false,
            }
        }
        if !is_told {
            fields.open = Some(self.reason(site, Why::Spread));
        }
    }

    /// A variable of the environment.
    pub(crate) fn environment(&self, site: Site, name: &str, default: Option<&Values>) -> Values {
        let set = self.program.settings.get(name);
        let told = set.into_iter().flatten().map(|value| match value {
            Some(value) => Value::text(value),
            None => Value::Unknown(self.reason(site, Why::Reference(name.to_owned()))),
        });
        let mut values: Vec<Value> = told.collect();
        values.extend(default.iter().flat_map(|default| default.to_vec()));
        match values.is_empty() {
            true => self.unknown(site, Why::Environment(name.to_owned())),
            false => union(values),
        }
    }
}

/// No value.
pub(crate) fn none() -> Values {
    Rc::new([])
}

/// One value.
pub(crate) fn one(value: Value) -> Values {
    Rc::new([value])
}

/// Each value once; so many are kept.
pub(crate) fn union(values: impl IntoIterator<Item = Value>) -> Values {
    let mut all: Vec<Value> = Vec::new();
    for value in values {
        if all.len() > VALUES_MAX {
            break;
        }
        if !all.contains(&value) {
            all.push(value);
        }
    }
    all.into()
}

fn is_nothing(text: &str) -> bool {
    matches!(text, "None" | "null" | "nil" | "undefined" | "NULL")
}
