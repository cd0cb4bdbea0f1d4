//! Calls: into functions of the tree, out of it, and what arguments are given.

use std::rc::Rc;

use super::{CALLS_MAX, Flow, Frame, none, one, union};
use crate::ir::{Argument, ExpressionId, Kind, Language, ScopeId};
use crate::needs::program::last_name;
use crate::needs::sdk;
use crate::needs::value::{ContextId, Fields, Site, UnitId, Value, Values, Why};

impl Flow<'_> {
    /// What a call gives.
    pub(super) fn call(&self, site: Site, callee: ExpressionId) -> Values {
        let callees = self.beside(site, callee);
        if callees.is_empty() {
            return self.unknown(site, Why::Code);
        }
        union(callees.iter().flat_map(|callee| self.called(callee, site).to_vec()))
    }

    fn called(&self, callee: &Value, site: Site) -> Values {
        match callee {
            Value::External(path) => sdk::give(self, path, site),
            Value::Function(..) => self.apply(callee, site),
            Value::Class(unit, class) => sdk::made(self, *unit, *class, site)
                .unwrap_or_else(|| one(Value::Object(*unit, *class, Some(site)))),
            Value::Bound(of, name) => sdk::outcome(self, of, name, site, false).result,
            Value::Unknown(reason) => one(Value::Unknown(Rc::clone(reason))),
            Value::Module(unit) => {
                union(self.exported(*unit, "default").iter().flat_map(|value| match value {
                    Value::Module(_) => Vec::new(),
                    value => self.called(value, site).to_vec(),
                }))
            }
            // `bucket.Policy()`: a reference is called to be made.
            Value::Resource(_) => one(callee.clone()),
            Value::Object(unit, class, _) => match self.program.method(*unit, *class, "__call__") {
                Some((unit, scope)) => {
                    self.apply(&Value::Function(unit, scope, Some(Rc::new(callee.clone()))), site)
                }
                None => self.unknown(site, Why::Code),
            },
            // A field of Ruby is asked as a method is.
            _ if self.language(site.unit) == Language::Ruby => one(callee.clone()),
            _ => self.unknown(site, Why::Code),
        }
    }

    /// The calls of the function around a place.
    pub(crate) fn callers_around(&self, site: Site) -> Vec<Site> {
        let scope = self.program.expression(site.unit, site.expression).map_or(0, |found| found.scope);
        if scope == 0 { Vec::new() } else { self.callers((site.unit, scope)) }
    }

    /// What a function of the tree gives back.
    pub(crate) fn apply(&self, function: &Value, site: Site) -> Values {
        let Value::Function(unit, scope, receiver) = function else { return none() };
        let Some(found) = self.program.scope(*unit, *scope) else { return none() };
        let typed = found.gives.as_deref().and_then(|gives| self.typed(*unit, gives)).filter(Value::is_sdk);
        if let Some(typed) = typed {
            return one(typed);
        }
        let context = self.enter((*unit, *scope), site, receiver.clone());
        let returns = found.returns.iter();
        let values = union(
            returns.flat_map(|value| self.eval(Site { unit: *unit, expression: *value, context }).to_vec()),
        );
        if values.is_empty() && !found.returns.is_empty() {
            return self.unknown(site, Why::Answer(found.name.clone()));
        }
        values
    }

    /// The chain of calls that leads into a function by one more call.
    fn enter(&self, function: (UnitId, ScopeId), site: Site, receiver: Option<Rc<Value>>) -> ContextId {
        let depth = self.depth(site.context).saturating_add(1);
        if depth > CALLS_MAX {
            return 0;
        }
        let key = (function, site);
        if let Some(known) = self.known.borrow().get(&key) {
            let frames = self.frames.borrow();
            let frame = usize::try_from(*known).ok().and_then(|known| frames.get(known.checked_sub(1)?));
            if frame.is_some_and(|frame| frame.receiver == receiver) {
                return *known;
            }
        }
        let mut frames = self.frames.borrow_mut();
        frames.push(Frame { function, site, receiver, depth });
        let context = ContextId::try_from(frames.len()).unwrap_or_default();
        self.known.borrow_mut().insert(key, context);
        context
    }

    fn depth(&self, context: ContextId) -> u32 {
        self.frame(context).map_or(0, |frame| frame.depth)
    }

    fn frame(&self, context: ContextId) -> Option<Frame> {
        let place = usize::try_from(context).ok()?.checked_sub(1)?;
        self.frames.borrow().get(place).cloned()
    }

    /// The frame of a function in a chain of calls.
    fn frame_of(&self, context: ContextId, function: (UnitId, ScopeId)) -> Option<Frame> {
        let mut context = context;
        while let Some(frame) = self.frame(context) {
            if frame.function == function {
                return Some(frame);
            }
            context = frame.site.context;
        }
        None
    }

    /// In which chain of calls a field is bound: of a constructor, that of the object's making.
    pub(super) fn context_of(
        &self,
        unit: UnitId,
        value: ExpressionId,
        made: Option<Site>,
        object: &Value,
    ) -> ContextId {
        let Some(made) = made else { return 0 };
        let Some(scope) = self.program.expression(unit, value).map(|value| value.scope) else { return 0 };
        let is_constructor = self.program.scope(unit, scope).is_some_and(|scope| {
            is_constructor(&scope.name, scope.class.is_some(), self.class_name(unit, scope.class))
        });
        if is_constructor { self.enter((unit, scope), made, Some(Rc::new(object.clone()))) } else { 0 }
    }

    fn class_name(&self, unit: UnitId, class: Option<u32>) -> &str {
        class.and_then(|class| self.program.class(unit, class)).map_or("", |class| class.name.as_str())
    }

    /// What the receiver of a method is.
    pub(super) fn receiver(&self, site: Site, scope: ScopeId) -> Values {
        if let Some(receiver) =
            self.frame_of(site.context, (site.unit, scope)).and_then(|frame| frame.receiver)
        {
            return one((*receiver).clone());
        }
        let class = self.program.scope(site.unit, scope).and_then(|scope| scope.class);
        class.map_or_else(none, |class| one(Value::Object(site.unit, class, None)))
    }

    /// The receiver of the method around an expression.
    pub(super) fn receiver_around(&self, site: Site) -> Option<Rc<Value>> {
        let mut scope = self.program.expression(site.unit, site.expression).map(|found| found.scope);
        while let Some(id) = scope {
            let here = self.program.scope(site.unit, id)?;
            if here.class.is_some() && !here.is_class_body {
                return self.receiver(site, id).first().cloned().map(Rc::new);
            }
            scope = here.parent;
        }
        None
    }

    /// What a parameter may be.
    pub(super) fn parameter(&self, site: Site, scope: ScopeId, place: usize) -> Values {
        let Some(function) = self.program.scope(site.unit, scope) else { return none() };
        let Some(parameter) = function.parameters.get(place) else { return none() };
        let typed = parameter.declared.as_deref().and_then(|declared| self.typed(site.unit, declared));
        if let Some(typed) = typed.clone().filter(Value::is_sdk) {
            return one(typed);
        }
        let default = || {
            parameter.default.map(|value| self.eval(Site { unit: site.unit, expression: value, context: 0 }))
        };
        let why = || Why::Argument { argument: parameter.name.clone(), function: function.name.clone() };
        // `b -> b.bucket("x")`: what a lambda of Java is given is built by it.
        if function.name.is_empty() && self.language(site.unit) == Language::Java {
            return one(Value::Request("java.builder".into(), Rc::default()));
        }
        if parameter.is_rest {
            return self.rest(site, scope, place);
        }
        if let Some(frame) = self.frame_of(site.context, (site.unit, scope)) {
            let given = self.argument(frame.site, place, &parameter.name).or_else(default);
            return given.unwrap_or_else(|| self.unknown_at(site.unit, function.line, why()));
        }
        let mut values = Vec::new();
        for caller in self.callers((site.unit, scope)) {
            let given = self.argument(caller, place, &parameter.name).or_else(default);
            values.extend(given.iter().flat_map(|given| given.to_vec()));
        }
        if values.is_empty() {
            values.extend(default().iter().flat_map(|default| default.to_vec()));
            // A default can be told; whoever calls from outside may give another.
            values.extend(typed.clone().filter(|_| values.is_empty()));
        }
        if values.is_empty() {
            return self.unknown_at(site.unit, function.line, why());
        }
        if values
            .iter()
            .any(|value| matches!(value, Value::Object(..) | Value::Client(..) | Value::Resource(_)))
        {
            values.retain(|value| !matches!(value, Value::Unknown(_)));
        }
        union(values)
    }

    /// `**kwargs`: what the call gives by names that are no parameters.
    fn rest(&self, site: Site, scope: ScopeId, place: usize) -> Values {
        let open = |flow: &Self| Fields { entries: Vec::new(), open: Some(flow.reason(site, Why::Spread)) };
        let Some(function) = self.program.scope(site.unit, scope) else { return none() };
        let frame = self.frame_of(site.context, (site.unit, scope));
        let callers = frame.map_or_else(|| self.callers((site.unit, scope)), |frame| vec![frame.site]);
        if callers.is_empty() {
            return one(Value::Map(Rc::new(open(self))));
        }
        let of = |caller: Site| {
            let mut fields = self.named(caller);
            fields
                .entries
                .retain(|(name, _)| !function.parameters.iter().any(|known| known.name.as_str() == &**name));
            let _ = place;
            Value::Map(Rc::new(fields))
        };
        union(callers.into_iter().map(of))
    }

    fn unknown_at(&self, unit: UnitId, line: u32, why: Why) -> Values {
        let path = self.program.unit(unit).map(|unit| unit.path.clone()).unwrap_or_default();
        one(Value::Unknown(Rc::new(crate::needs::value::Reason { why, path, line })))
    }

    /// The calls of a function in the tree.
    fn callers(&self, function: (UnitId, ScopeId)) -> Vec<Site> {
        let (unit, scope) = function;
        let Some(found) = self.program.scope(unit, scope) else { return Vec::new() };
        let class = self.class_name(unit, found.class).to_owned();
        let is_constructor = is_constructor(&found.name, found.class.is_some(), &class);
        let mut names: Vec<&str> = vec![&found.name];
        if is_constructor {
            names.extend([class.as_str(), "cls", "super"]);
            names.extend(self.heirs(unit, &class));
        }
        let mut callers = Vec::new();
        for name in names.into_iter().filter(|name| !name.is_empty()) {
            for (of, call) in self.program.calls(name).iter().take(200) {
                let site = Site { unit: *of, expression: *call, context: 0 };
                if callers.len() < 40
                    && self.language(*of) == self.language(unit)
                    && self.leads_to(site, function)
                {
                    callers.push(site);
                }
            }
        }
        callers
    }

    /// The names of classes that are made from this one.
    fn heirs(&self, unit: UnitId, class: &str) -> Vec<&str> {
        let classes = self.program.units.iter().flat_map(|unit| unit.classes.iter());
        let _ = unit;
        let is_heir =
            |bases: &[String]| bases.iter().any(|base| base.rsplit(['.', '\\']).next() == Some(class));
        classes.filter(|heir| is_heir(&heir.bases)).map(|heir| heir.name.as_str()).collect()
    }

    /// Whether a call is one of a function.
    fn leads_to(&self, site: Site, function: (UnitId, ScopeId)) -> bool {
        let Some(Kind::Call { callee, .. }) = self.kind(site) else { return false };
        let callees = self.beside(site, *callee);
        let is_it = |value: &Value| match value {
            Value::Function(unit, scope, _) => (*unit, *scope) == function,
            Value::Class(unit, class) => self.constructor(*unit, *class) == Some(function),
            _ => false,
        };
        if callees.iter().any(is_it) {
            return true;
        }
        let is_open = callees.iter().all(|value| matches!(value, Value::Unknown(_)));
        let name = self.program.unit(site.unit).and_then(|unit| last_name(unit, *callee)).unwrap_or_default();
        // A method that nothing else in the tree is called by.
        is_open
            && self.program.functions(name).len() == 1
            && self.program.scope(function.0, function.1).is_some_and(|found| found.name == name)
    }

    /// The constructor of a class, its own or inherited.
    pub(crate) fn constructor(&self, unit: UnitId, class: u32) -> Option<(UnitId, ScopeId)> {
        let names: &[&str] = match self.language(unit) {
            Language::Python => &["__init__", "__new__"],
            Language::JavaScript => &["constructor"],
            Language::Php => &["__construct"],
            Language::Ruby => &["initialize"],
            Language::Kotlin | Language::CSharp => &["constructor"],
            _ => &[],
        };
        let own = self.class_name(unit, Some(class)).to_owned();
        let by_name = |name: &str| self.program.method(unit, class, name);
        names.iter().find_map(|name| by_name(name)).or_else(|| by_name(&own))
    }

    /// The arguments of a call.
    pub(crate) fn arguments(&self, site: Site) -> &[Argument] {
        match self.kind(site) {
            Some(Kind::Call { arguments, .. }) => arguments,
            _ => &[],
        }
    }

    /// Whether a call makes an object.
    pub(crate) fn is_new(&self, site: Site) -> bool {
        matches!(self.kind(site), Some(Kind::Call { is_new: true, .. }))
    }

    /// The argument of a call by its place or name; `None` where it is not given.
    pub(crate) fn argument(&self, site: Site, place: usize, name: &str) -> Option<Values> {
        let arguments = self.arguments(site);
        if let Some(named) = arguments.iter().find(|argument| argument.name.as_deref() == Some(name)) {
            return Some(self.beside(site, named.value));
        }
        let mut placed = arguments.iter().filter(|argument| argument.name.is_none() && !argument.is_spread);
        if let Some(argument) = placed.nth(place) {
            return Some(self.beside(site, argument.value));
        }
        for spread in arguments.iter().filter(|argument| argument.is_spread) {
            for value in self.beside(site, spread.value).iter() {
                match value {
                    Value::Map(fields) => {
                        if let Some(found) = fields.get(name) {
                            return Some(Rc::clone(found));
                        }
                        if let Some(reason) = &fields.open {
                            return Some(one(Value::Unknown(Rc::clone(reason))));
                        }
                    }
                    _ => return Some(self.unknown(site, Why::Spread)),
                }
            }
        }
        None
    }

    /// What a call gives by name.
    pub(crate) fn named(&self, site: Site) -> Fields {
        let mut fields = Fields::default();
        for argument in self.arguments(site) {
            match &argument.name {
                Some(name) => fields.entries.push((name.as_str().into(), self.beside(site, argument.value))),
                None if argument.is_spread => self.spread(site, argument.value, &mut fields),
                None => {}
            }
        }
        fields
    }
}

fn is_constructor(name: &str, is_method: bool, class: &str) -> bool {
    is_method
        && (matches!(name, "__init__" | "__new__" | "constructor" | "__construct" | "initialize")
            || name == class)
}

/// The values of a call's callee that are bound members: for those who look for calls.
pub(crate) fn callees(flow: &Flow<'_>, site: Site) -> Values {
    match flow.kind(site) {
        Some(Kind::Call { callee, .. }) => flow.beside(site, *callee),
        _ => none(),
    }
}
