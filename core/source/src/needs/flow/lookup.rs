//! What a name means: bindings, parameters, imports, classes; and members of what it means.

use std::rc::Rc;

use super::{Flow, none, one, union};
use crate::ir::{ClassId, Language, ScopeId};
use crate::needs::program::Key;
use crate::needs::sdk;
use crate::needs::value::{Fields, Site, UnitId, Value, Values, Why};

/// Names that are handed on through more files are not followed.
const NESTED_MAX: u32 = 8;

impl Flow<'_> {
    /// What a name means in a scope.
    pub(super) fn lookup(&self, site: Site, name: &str, scope: ScopeId) -> Values {
        let mut here = Some(scope);
        while let Some(id) = here {
            let Some(found) = self.program.scope(site.unit, id) else { break };
            if !found.is_class_body || id == scope || self.sees_fields(site.unit) {
                let values = self.in_scope(site, name, id);
                if !values.is_empty() {
                    return values;
                }
                if !self.program.bindings(site.unit, id, name).is_empty() {
                    return values;
                }
            }
            here = found.parent;
        }
        self.elsewhere(site, name)
    }

    /// Languages in which a method sees the fields of its class by their names alone.
    fn sees_fields(&self, unit: UnitId) -> bool {
        matches!(self.language(unit), Language::Java | Language::CSharp | Language::Kotlin)
    }

    fn in_scope(&self, site: Site, name: &str, id: ScopeId) -> Values {
        let Some(scope) = self.program.scope(site.unit, id) else { return none() };
        if scope.receiver.as_deref() == Some(name) {
            return self.receiver(site, id);
        }
        if let (true, Some(class)) = (scope.is_class_body, scope.class) {
            let this = self.receiver_around(site);
            let this = this.map_or(Value::Object(site.unit, class, None), |this| (*this).clone());
            if let Some(found) = self.field(&this, name, site) {
                return found;
            }
            let method = self.program.method(site.unit, class, name);
            return method
                .map_or_else(none, |(unit, scope)| one(Value::Function(unit, scope, Some(Rc::new(this)))));
        }
        let mut values = Vec::new();
        for (value, declared) in self.program.bindings(site.unit, id, name) {
            let typed = declared.as_deref().and_then(|declared| self.typed(site.unit, declared));
            match (value, typed) {
                (_, Some(typed)) if typed.is_sdk() || value.is_none() => values.push(typed),
                (Some(value), _) => values.extend(self.beside(site, *value).iter().cloned()),
                _ => {}
            }
        }
        if let Some(place) = scope.parameters.iter().position(|parameter| parameter.name == name) {
            values.extend(self.parameter(site, id, place).iter().cloned());
        }
        self.with_keys(site, id, name, union(values))
    }

    /// What is put into the maps that a name holds afterwards.
    fn with_keys(&self, site: Site, scope: ScopeId, name: &str, values: Values) -> Values {
        let keys = self.program.keys(site.unit, scope, name);
        if keys.is_empty() {
            return values;
        }
        let mut added = Fields::default();
        for (key, value) in keys {
            let value = self.beside(site, *value);
            match key {
                Key::Name(key) => added.entries.push((key.as_str().into(), value)),
                Key::Expression(key) => match self.beside(site, *key).first().and_then(Value::known) {
                    Some(key) => added.entries.push((key.into(), value)),
                    None => added.open = Some(self.reason(site, Why::Spread)),
                },
            }
        }
        let with = |fields: &Rc<Fields>| {
            let mut fields = Fields::clone(fields);
            fields.entries.extend(added.entries.iter().cloned());
            fields.open = fields.open.or_else(|| added.open.clone());
            Rc::new(fields)
        };
        values
            .iter()
            .map(|value| match value {
                Value::Map(fields) => Value::Map(with(fields)),
                Value::Request(kind, fields) => Value::Request(Rc::clone(kind), with(fields)),
                other => other.clone(),
            })
            .collect()
    }

    /// A name that no scope binds.
    fn elsewhere(&self, site: Site, name: &str) -> Values {
        let Some(unit) = self.program.unit(site.unit) else { return none() };
        let imports = unit.imports.iter().filter(|import| import.local == name);
        let found = union(
            imports.flat_map(|import| self.imported(site, &import.module, import.member.as_deref()).to_vec()),
        );
        if !found.is_empty() {
            return found;
        }
        if let Some(class) = unit.classes.iter().position(|class| class.name == name) {
            return one(Value::Class(site.unit, ClassId::try_from(class).unwrap_or_default()));
        }
        for import in unit.imports.iter().filter(|import| import.local == "*") {
            if let Some(file) = self.program.file(&import.module, site.unit) {
                let found = self.exported(file, name);
                if !found.is_empty() {
                    return found;
                }
            }
        }
        sdk::unbound(self, site, name)
    }

    /// A module by its name.
    pub(crate) fn module(&self, site: Site, module: &str) -> Values {
        self.imported(site, module, None)
    }

    /// What an import gives.
    fn imported(&self, site: Site, module: &str, member: Option<&str>) -> Values {
        let file = self.program.file(module, site.unit);
        match (file, member) {
            (Some(file), Some(member)) => {
                let found = self.exported(file, member);
                if !found.is_empty() {
                    return found;
                }
                match self.program.file(&format!("{module}.{member}"), site.unit) {
                    Some(file) => one(Value::Module(file)),
                    None => one(Value::External(format!("{module}.{member}").into())),
                }
            }
            (Some(file), None) => {
                let last = module.rsplit(['\\', '.']).next().unwrap_or(module);
                let is_class = matches!(self.language(site.unit), Language::Php | Language::Java);
                let class = if is_class { self.exported(file, last) } else { none() };
                if class.is_empty() { one(Value::Module(file)) } else { class }
            }
            // What a module of others gives by default is as good as the module.
            (None, Some("default")) => one(Value::External(module.into())),
            (None, Some(member)) => match self.program.file(&format!("{module}.{member}"), site.unit) {
                Some(file) if !sdk::is_sdk_module(module) => one(Value::Module(file)),
                _ => one(Value::External(format!("{module}.{member}").into())),
            },
            (None, None) if matches!(self.language(site.unit), Language::Php | Language::Java) => {
                sdk::unbound(self, site, module)
            }
            (None, None) => one(Value::External(module.into())),
        }
    }

    /// What a file gives others under a name. Files may hand on each other's names in a circle.
    pub(crate) fn exported(&self, unit: UnitId, name: &str) -> Values {
        let nested = self.nested.get();
        if nested > NESTED_MAX {
            return none();
        }
        self.nested.set(nested.saturating_add(1));
        let found = self.exported_by(unit, name);
        self.nested.set(nested);
        found
    }

    fn exported_by(&self, unit: UnitId, name: &str) -> Values {
        let site = Site { unit, expression: 0, context: 0 };
        let found = self.in_scope(site, name, 0);
        if !found.is_empty() {
            return found;
        }
        let Some(of) = self.program.unit(unit) else { return none() };
        if let Some(class) = of.classes.iter().position(|class| class.name == name) {
            return one(Value::Class(unit, ClassId::try_from(class).unwrap_or_default()));
        }
        let imports = of.imports.iter().filter(|import| import.local == name);
        let found = union(
            imports.flat_map(|import| self.imported(site, &import.module, import.member.as_deref()).to_vec()),
        );
        if !found.is_empty() {
            return found;
        }
        let all = of.imports.iter().filter(|import| import.local == "*");
        let files = all.filter_map(|import| self.program.file(&import.module, unit));
        files.map(|file| self.exported(file, name)).find(|found| !found.is_empty()).unwrap_or_else(none)
    }

    /// The value of a declared type, where it tells one.
    pub(crate) fn typed(&self, unit: UnitId, declared: &str) -> Option<Value> {
        let is_part =
            |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '\\' | '$');
        let words = declared.split(|letter| !is_part(letter)).filter(|word| !word.is_empty());
        words.take(4).find_map(|word| self.type_named(unit, word))
    }

    fn type_named(&self, unit: UnitId, name: &str) -> Option<Value> {
        let site = Site { unit, expression: 0, context: 0 };
        let mut parts = name.split('.');
        let mut values = self.lookup(site, parts.next()?, 0);
        for part in parts {
            values = union(values.iter().flat_map(|value| match value {
                Value::External(path) => vec![Value::External(format!("{path}.{part}").into())],
                Value::Module(file) => self.exported(*file, part).to_vec(),
                _ => Vec::new(),
            }));
        }
        values.iter().find_map(|value| match value {
            Value::External(path) => sdk::typed(self.language(unit), path),
            Value::Class(unit, class) => Some(Value::Object(*unit, *class, None)),
            _ => None,
        })
    }

    /// A member of a value.
    pub(crate) fn member(&self, value: &Value, name: &str, site: Site) -> Values {
        match value {
            Value::External(path) if sdk::is_environment(path) && name.chars().all(is_variable) => {
                self.environment(site, name, None)
            }
            Value::External(path) => one(Value::External(format!("{path}.{name}").into())),
            Value::Module(unit) => {
                let mut found = self.exported(*unit, name);
                if found.is_empty() && self.language(*unit) == Language::Go {
                    let siblings = self.program.siblings(*unit).iter();
                    found = siblings
                        .map(|unit| self.exported(*unit, name))
                        .find(|found| !found.is_empty())
                        .unwrap_or_else(none);
                }
                if found.is_empty() && name != "default" {
                    found = union(
                        self.exported(*unit, "default")
                            .iter()
                            .flat_map(|value| self.member(value, name, site).to_vec()),
                    );
                }
                if found.is_empty() { self.unknown(site, Why::Name(name.to_owned())) } else { found }
            }
            Value::Object(unit, class, _) => {
                if let Some((unit, scope)) = self.program.method(*unit, *class, name) {
                    let receiver = Some(Rc::new(value.clone()));
                    let is_property = self.program.scope(unit, scope).is_some_and(|scope| scope.is_property);
                    let method = Value::Function(unit, scope, receiver);
                    return if is_property { self.apply(&method, site) } else { one(method) };
                }
                self.field(value, name, site).unwrap_or_else(|| {
                    sdk::inherited(self, *unit, *class, name)
                        .unwrap_or_else(|| self.unknown(site, Why::Name(name.to_owned())))
                })
            }
            Value::Class(unit, class) => {
                if let Some((unit, scope)) = self.program.method(*unit, *class, name) {
                    return one(Value::Function(unit, scope, Some(Rc::new(Value::Class(unit, *class)))));
                }
                let object = Value::Object(*unit, *class, None);
                self.field(&object, name, site)
                    .unwrap_or_else(|| self.unknown(site, Why::Name(name.to_owned())))
            }
            Value::Map(fields) if fields.get(name).is_some() => {
                fields.get(name).cloned().unwrap_or_else(none)
            }
            Value::Unknown(reason) => one(Value::Unknown(Rc::clone(reason))),
            Value::Function(..) => self.unknown(site, Why::Code),
            _ => sdk::member(self, value, name, site)
                .unwrap_or_else(|| one(Value::Bound(Rc::new(value.clone()), name.into()))),
        }
    }

    /// A field of an object; `None` where its class binds none of that name.
    pub(super) fn field(&self, object: &Value, name: &str, site: Site) -> Option<Values> {
        let Value::Object(unit, class, made) = object else { return None };
        let mut values = Vec::new();
        let mut is_bound = false;
        for (unit, class) in self.program.lineage(*unit, *class) {
            for (value, declared) in self.program.fields(unit, class, name) {
                is_bound = true;
                let typed = declared.as_deref().and_then(|declared| self.typed(unit, declared));
                match (value, typed) {
                    (_, Some(typed)) if typed.is_sdk() => values.push(typed),
                    (Some(value), _) => {
                        let context = self.context_of(unit, *value, *made, object);
                        let site = Site { unit, expression: *value, context };
                        values.extend(self.eval(site).iter().cloned());
                    }
                    (None, Some(typed)) => values.push(typed),
                    (None, None) => {}
                }
            }
            if is_bound {
                break;
            }
        }
        if let Some(given) =
            self.given(*unit, *class, *made, name).filter(|_| !values.iter().any(Value::is_sdk))
        {
            is_bound = true;
            values.extend(given.iter().cloned());
        }
        let values = union(values);
        // Bound, and to nothing that can be told.
        let values = if values.is_empty() && is_bound {
            self.unknown(site, Why::Name(name.to_owned()))
        } else {
            values
        };
        is_bound.then_some(values)
    }
}

impl Flow<'_> {
    /// What literals of a struct give a field.
    fn given(&self, unit: UnitId, class: ClassId, made: Option<Site>, name: &str) -> Option<Values> {
        if self.language(unit) != Language::Go {
            return None;
        }
        if let Some(made) = made {
            return self.argument(made, usize::MAX, name);
        }
        let class = &self.program.class(unit, class)?.name;
        let literals = self.program.calls(class).iter().take(40);
        let given = literals.filter_map(|(unit, expression)| {
            self.argument(Site { unit: *unit, expression: *expression, context: 0 }, usize::MAX, name)
        });
        let given = union(given.flat_map(|values| values.to_vec()));
        (!given.is_empty()).then_some(given)
    }
}

/// Letters of a variable of the environment.
fn is_variable(letter: char) -> bool {
    letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_'
}
