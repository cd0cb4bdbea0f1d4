//! The calls of SDKs in a program.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::flow::{Flow, apply_callees};
use super::program::Program;
use super::sdk::{self, Made};
use super::table::{Sdk, ServiceId};
use super::value::{Fields, Reason, Site, UnitId, Value, Why};
use crate::ir::{Kind, Language, Unit};

/// How a call's service is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Told {
    /// By the client it is made with.
    Client,
    /// By the name of the operation, which no other service of the file has.
    Name,
}

/// A call of an SDK.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SourceCall {
    /// The file.
    pub path: String,
    /// The line of the name that is called.
    pub line: u32,
    /// The service, as botocore names it.
    pub service: &'static str,
    /// The operation.
    pub operation: &'static str,
    /// How the service is known.
    pub told: Told,
    /// Why this operation, where the source names another.
    pub because: Option<&'static str>,
    /// Some requests alone make it.
    pub is_possible: bool,
    pub(crate) id: ServiceId,
    pub(crate) fields: Fields,
}

/// A place that calls an SDK, and what it calls cannot be told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Untold {
    /// The file.
    pub path: String,
    /// The line.
    pub line: u32,
    /// What is called, as written.
    pub name: String,
    /// The services that have an operation of this name, where that is the question.
    pub services: Vec<&'static str>,
    /// Why it cannot be told.
    pub reason: Reason,
}

/// All calls of a program.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Analysis {
    /// The calls, by file and line.
    pub calls: Vec<SourceCall>,
    /// What cannot be told.
    pub untold: Vec<Untold>,
}

/// Finds the calls of units; `settings` are the variables of the environment that the tree sets, `None` for a reference.
pub fn analyse(units: Vec<Unit>, settings: BTreeMap<String, Vec<Option<String>>>) -> Analysis {
    let program = Program::new(units, settings);
    let flow = Flow::new(&program);
    let mut finder = Finder {
        flow: &flow,
        analysis: Analysis::default(),
        open: Vec::new(),
        used: BTreeMap::new(),
        sent: BTreeSet::new(),
        built: BTreeMap::new(),
    };
    for unit in 0..program.units.len() {
        finder.unit(UnitId::try_from(unit).unwrap_or_default());
    }
    for (site, made) in std::mem::take(&mut finder.built).into_values() {
        finder.made(site, made, Told::Client);
    }
    finder.by_name();
    let mut analysis = finder.analysis;
    analysis.calls.sort_by(|one, other| {
        (&one.path, one.line, one.operation).cmp(&(&other.path, other.line, other.operation))
    });
    analysis.untold.sort();
    analysis.untold.dedup();
    analysis
}

/// A call whose receiver is not known, under a name that operations have.
struct Open {
    site: Site,
    name: String,
    reason: Rc<Reason>,
}

struct Finder<'f, 'p> {
    flow: &'f Flow<'p>,
    analysis: Analysis,
    open: Vec<Open>,
    /// Services by the file that uses them.
    used: BTreeMap<UnitId, BTreeSet<ServiceId>>,
    /// Commands that were counted.
    sent: BTreeSet<(UnitId, u32)>,
    /// Requests that were begun and not seen to be sent.
    built: BTreeMap<(UnitId, u32), (Site, Made)>,
}

impl Finder<'_, '_> {
    fn unit(&mut self, unit: UnitId) {
        let Some(of) = self.flow.program.unit(unit) else { return };
        let callee = |kind: &Kind| match kind {
            Kind::Call { callee, .. } => Some(*callee),
            _ => None,
        };
        let called: BTreeSet<u32> =
            of.expressions.iter().filter_map(|expression| callee(&expression.kind)).collect();
        for (expression, id) in of.expressions.iter().zip(0..) {
            let site = Site { unit, expression: id, context: 0 };
            self.flow.begin();
            match &expression.kind {
                Kind::Call { callee, .. } => self.call(site, *callee),
                Kind::Member { of, name } if !called.contains(&id) => self.attribute(site, *of, name),
                _ => {}
            }
        }
    }

    fn call(&mut self, site: Site, callee: u32) {
        let mut open: Option<Rc<Reason>> = None;
        let mut is_told = false;
        for value in apply_callees(self.flow, site).iter() {
            let outcome = match value {
                Value::Bound(of, name) => {
                    let outcome = sdk::outcome(self.flow, of, name, site, true);
                    is_told |= of.is_sdk();
                    outcome
                }
                Value::External(path) => sdk::external_calls(self.flow, path, site),
                Value::Text(_) if self.flow.language(site.unit) == Language::Shell => {
                    sdk::shell::by_variable(self.flow, value, site)
                }
                Value::Unknown(reason) => {
                    open = Some(Rc::clone(reason));
                    continue;
                }
                _ => continue,
            };
            is_told |= !outcome.calls.is_empty();
            if let Some(reason) = outcome.untold {
                self.untold(site, callee, Vec::new(), &reason);
            }
            for made in outcome.calls {
                match made.at {
                    // A request that is built counts once, where it was begun.
                    Some(at) => {
                        self.built.remove(&(at.unit, at.expression));
                        if self.sent.insert((at.unit, at.expression)) {
                            self.made(Site { context: 0, ..at }, made, Told::Client);
                        }
                    }
                    None => self.made(site, made, Told::Client),
                }
            }
        }
        if self.flow.language(site.unit) == Language::Rust {
            is_told |= self.begun(site);
        }
        if self.flow.language(site.unit) == Language::JavaScript {
            is_told |= self.sent(site);
        }
        if let (Language::Go, false) = (self.flow.language(site.unit), is_told) {
            let name = self.name_of(site, callee);
            if let Some(made) =
                sdk::go::by_request(self.flow, &name, site).filter(|_| !self.flow.is_new(site))
            {
                self.made(site, made, Told::Client);
                is_told = true;
            }
        }
        if let (Some(reason), false) = (open, is_told || self.is_own(site, callee)) {
            let name = self.name_of(site, callee);
            self.open.push(Open { site, name, reason });
        }
    }

    /// A request that begins here; whether it is sent is seen later.
    fn begun(&mut self, site: Site) -> bool {
        let values = self.flow.eval(site);
        let found = values.iter().find_map(|value| sdk::rust::unsent(self.flow, value, site));
        let is_any = found.is_some();
        if let Some(made) = found.filter(|_| !self.sent.contains(&(site.unit, site.expression))) {
            self.built.insert((site.unit, site.expression), (site, made));
        }
        is_any
    }

    /// Commands that the call is given, each where it was made.
    fn sent(&mut self, site: Site) -> bool {
        let callees = apply_callees(self.flow, site);
        // Into functions of the tree a command is followed.
        let is_of_tree = |callee: &Value| matches!(callee, Value::Function(..) | Value::Class(..));
        if !callees.is_empty() && callees.iter().all(is_of_tree) {
            return false;
        }
        let path = callees.iter().find_map(|callee| match callee {
            Value::External(path) => Some(Rc::clone(path)),
            _ => None,
        });
        let sent = sdk::javascript::sent(self.flow, path.as_deref().unwrap_or_default(), site);
        let is_any = !sent.is_empty();
        for (made, at) in sent {
            if self.sent.insert((at.unit, at.expression)) {
                self.made(Site { context: 0, ..at }, made, Told::Client);
            }
        }
        is_any
    }

    fn attribute(&mut self, site: Site, of: u32, name: &str) {
        if self.flow.language(site.unit) != Language::Python {
            return;
        }
        for value in self.flow.beside(site, of).iter() {
            if let Some(made) = sdk::boto::attribute(self.flow, value, name, site) {
                self.made(site, made, Told::Client);
            }
        }
    }

    /// A method of the object itself is no client's.
    fn is_own(&self, site: Site, callee: u32) -> bool {
        let Some(Kind::Member { of, .. }) = self.flow.kind(Site { expression: callee, ..site }) else {
            return false;
        };
        let is_ruby = self.flow.language(site.unit) == Language::Ruby;
        is_ruby
            && matches!(self.flow.kind(Site { expression: *of, ..site }), Some(Kind::Name(name)) if name == "self")
    }

    fn name_of(&self, site: Site, callee: u32) -> String {
        match self.flow.kind(Site { expression: callee, ..site }) {
            Some(Kind::Member { name, .. } | Kind::Name(name)) => name.clone(),
            _ => String::new(),
        }
    }

    fn untold(&mut self, site: Site, callee: u32, services: Vec<&'static str>, reason: &Reason) {
        let (path, line) = self.place(site);
        let name = self.name_of(site, callee);
        self.analysis.untold.push(Untold { path, line, name, services, reason: reason.clone() });
    }

    fn place(&self, site: Site) -> (String, u32) {
        let reason = self.flow.reason(site, Why::Code);
        (reason.path.clone(), reason.line)
    }

    fn made(&mut self, site: Site, made: Made, told: Told) {
        self.used.entry(site.unit).or_default().insert(made.service);
        let (path, line) = self.place(site);
        self.analysis.calls.push(SourceCall {
            path,
            line,
            service: Sdk::get().of(made.service).name,
            operation: made.operation,
            told,
            because: made.because,
            is_possible: made.is_possible,
            id: made.service,
            fields: made.fields,
        });
    }

    /// Calls whose receiver is an argument that nobody gives: the operation's name and what it is given tell the service, where one alone
    /// fits.
    fn by_name(&mut self) {
        let open = std::mem::take(&mut self.open);
        let everywhere: BTreeSet<ServiceId> = self.used.values().flatten().copied().collect();
        for Open { site, name, reason } in open {
            if !is_open(&reason) {
                continue;
            }
            let Some(unit) = self.flow.program.unit(site.unit) else { continue };
            let given = self.flow.named(site);
            let fits: Vec<(ServiceId, &'static str)> = Sdk::get()
                .with_operation(&name)
                .filter(|(_, operation)| sdk::is_spelled(unit.language, &name, operation.name))
                .filter(|(_, operation)| given.entries.iter().all(|(key, _)| operation.takes(key)))
                .map(|(service, operation)| (service, operation.name))
                .collect();
            if fits.is_empty() || !sdk::mentions(unit) && everywhere.is_empty() {
                continue;
            }
            let here = self.used.get(&site.unit).cloned().unwrap_or_default();
            let of = |used: &BTreeSet<ServiceId>| {
                let of: Vec<_> = fits.iter().filter(|(service, _)| used.contains(service)).copied().collect();
                (!of.is_empty()).then_some(of)
            };
            let chosen = match fits.len() {
                1 if sdk::mentions(unit) || everywhere.contains(&fits.first().map_or(0, |fit| fit.0)) => {
                    fits.clone()
                }
                1 => continue,
                _ => of(&here).or_else(|| of(&everywhere)).unwrap_or_else(|| fits.clone()),
            };
            match (chosen.as_slice(), sdk::mentions(unit)) {
                ([(service, operation)], _) => {
                    self.made(site, Made::new(*service, operation, given), Told::Name);
                }
                (several, true) => {
                    let services = several.iter().map(|(service, _)| Sdk::get().of(*service).name).collect();
                    let (path, line) = self.place(site);
                    self.analysis.untold.push(Untold {
                        path,
                        line,
                        name,
                        services,
                        reason: (*reason).clone(),
                    });
                }
                _ => {}
            }
        }
    }
}

/// Reasons for which a receiver may be a client: nobody in the tree says what it is. Answers and code of others are something else.
fn is_open(reason: &Reason) -> bool {
    matches!(reason.why, Why::Argument { .. } | Why::Name(_) | Why::Code)
}
