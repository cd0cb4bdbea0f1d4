//! The units of a tree, and what is looked up in them by name.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::value::UnitId;
use crate::ir::{Class, ClassId, Expression, ExpressionId, Kind, Language, Scope, ScopeId, Target, Unit};

/// A tree of source files.
#[derive(Debug, Default)]
pub(crate) struct Program {
    pub(crate) units: Vec<Unit>,
    /// Variables of the environment that the tree sets: the value, `None` for a reference.
    pub(crate) settings: BTreeMap<String, Vec<Option<String>>>,
    /// Calls by the last name of what is called.
    calls: FxHashMap<String, Vec<(UnitId, ExpressionId)>>,
    /// Functions by name.
    functions: FxHashMap<String, Vec<(UnitId, ScopeId)>>,
    /// Classes by name.
    classes: FxHashMap<String, Vec<(UnitId, ClassId)>>,
    /// What is bound to members of receivers: by unit, class and name.
    fields: FxHashMap<(UnitId, ClassId, String), Vec<Bound>>,
    /// Bindings by unit, scope and name: value, declared type.
    bindings: FxHashMap<(UnitId, ScopeId, String), Vec<Bound>>,
    /// Keys put into what a name holds, by unit, scope and name.
    keys: FxHashMap<(UnitId, ScopeId, String), Vec<(Key, ExpressionId)>>,
    /// Files by their folder.
    folders: FxHashMap<String, Vec<UnitId>>,
    /// Files by the last part of their path, without its ending.
    files: FxHashMap<String, Vec<UnitId>>,
}

/// What is bound: the value, and the type as declared.
pub(crate) type Bound = (Option<ExpressionId>, Option<String>);

/// A key that is put into what a name holds.
#[derive(Clone, Debug)]
pub(crate) enum Key {
    Name(String),
    Expression(ExpressionId),
}

impl Program {
    pub(crate) fn new(units: Vec<Unit>, settings: BTreeMap<String, Vec<Option<String>>>) -> Self {
        let mut program = Self { units, settings, ..Self::default() };
        let units = std::mem::take(&mut program.units);
        for (unit, number) in units.iter().zip(0..) {
            program.index(unit, number);
        }
        program.units = units;
        program
    }

    fn index(&mut self, unit: &Unit, number: UnitId) {
        let folder = unit.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        self.folders.entry(folder.to_owned()).or_default().push(number);
        if unit.language == Language::Go {
            let package = folder.rsplit('/').next().unwrap_or(folder);
            self.files.entry(format!("{package}/")).or_default().push(number);
        }
        self.files.entry(stem(&unit.path).to_owned()).or_default().push(number);
        if let Some(folder) = folder_module(&unit.path) {
            self.files.entry(folder.to_owned()).or_default().push(number);
        }
        for (expression, id) in unit.expressions.iter().zip(0..) {
            let name = match &expression.kind {
                Kind::Call { callee, .. } => last_name(unit, *callee),
                _ => None,
            };
            if let Some(name) = name {
                self.calls.entry(name.to_owned()).or_default().push((number, id));
            }
        }
        for (class, id) in unit.classes.iter().zip(0..) {
            self.classes.entry(class.name.clone()).or_default().push((number, id));
        }
        for (scope, id) in unit.scopes.iter().zip(0..) {
            if !scope.is_class_body && id != 0 {
                self.functions.entry(scope.name.clone()).or_default().push((number, id));
            }
            self.index_bindings(unit, number, scope, id);
        }
    }

    fn index_bindings(&mut self, unit: &Unit, number: UnitId, scope: &Scope, id: ScopeId) {
        for binding in &scope.bindings {
            let bound = (binding.value, binding.declared.clone());
            match &binding.target {
                Target::Name(name) => {
                    if let (true, Some(class)) = (scope.is_class_body, scope.class) {
                        self.fields.entry((number, class, name.clone())).or_default().push(bound.clone());
                    }
                    self.bindings.entry((number, id, name.clone())).or_default().push(bound);
                }
                Target::Member(of, name) => {
                    let holder = expression(unit, *of).map(|of| &of.kind);
                    if let Some(class) = receiver_class(unit, id, *of) {
                        self.fields.entry((number, class, name.clone())).or_default().push(bound);
                    } else if let (Some(Kind::Name(holder)), Some(value)) = (holder, binding.value) {
                        let key = Key::Name(name.clone());
                        self.keys.entry((number, id, holder.clone())).or_default().push((key, value));
                    }
                }
                Target::Index(of, key) => {
                    let Some(Kind::Name(name)) = expression(unit, *of).map(|of| &of.kind) else { continue };
                    if let Some(value) = binding.value {
                        self.keys
                            .entry((number, id, name.clone()))
                            .or_default()
                            .push((Key::Expression(*key), value));
                    }
                }
            }
        }
    }

    pub(crate) fn unit(&self, unit: UnitId) -> Option<&Unit> {
        self.units.get(usize::try_from(unit).ok()?)
    }

    pub(crate) fn scope(&self, unit: UnitId, scope: ScopeId) -> Option<&Scope> {
        self.unit(unit)?.scopes.get(usize::try_from(scope).ok()?)
    }

    pub(crate) fn class(&self, unit: UnitId, class: ClassId) -> Option<&Class> {
        self.unit(unit)?.classes.get(usize::try_from(class).ok()?)
    }

    pub(crate) fn expression(&self, unit: UnitId, id: ExpressionId) -> Option<&Expression> {
        expression(self.unit(unit)?, id)
    }

    pub(crate) fn calls(&self, name: &str) -> &[(UnitId, ExpressionId)] {
        self.calls.get(name).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn functions(&self, name: &str) -> &[(UnitId, ScopeId)] {
        self.functions.get(name).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn classes(&self, name: &str) -> &[(UnitId, ClassId)] {
        self.classes.get(name).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn fields(&self, unit: UnitId, class: ClassId, name: &str) -> &[Bound] {
        self.fields.get(&(unit, class, name.to_owned())).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn bindings(&self, unit: UnitId, scope: ScopeId, name: &str) -> &[Bound] {
        self.bindings.get(&(unit, scope, name.to_owned())).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn keys(&self, unit: UnitId, scope: ScopeId, name: &str) -> &[(Key, ExpressionId)] {
        self.keys.get(&(unit, scope, name.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// The method of a class by its name, its own or inherited.
    pub(crate) fn method(&self, unit: UnitId, class: ClassId, name: &str) -> Option<(UnitId, ScopeId)> {
        self.lineage(unit, class).into_iter().find_map(|(unit, class)| {
            let methods = &self.class(unit, class)?.methods;
            let found = methods
                .iter()
                .find(|method| self.scope(unit, **method).is_some_and(|scope| scope.name == name));
            found.map(|method| (unit, *method))
        })
    }

    /// A class and those it is made from, as far as the tree has them.
    pub(crate) fn lineage(&self, unit: UnitId, class: ClassId) -> Vec<(UnitId, ClassId)> {
        let mut all = vec![(unit, class)];
        let mut next = 0;
        while let (Some((unit, class)), true) = (all.get(next).copied(), all.len() < 16) {
            next = next.saturating_add(1);
            let Some(found) = self.class(unit, class) else { continue };
            // A class of C# may lie in several files.
            if self.unit(unit).is_some_and(|unit| unit.language == Language::CSharp) {
                let parts =
                    self.classes(&found.name).iter().filter(|(of, _)| self.siblings(unit).contains(of));
                all.extend(parts.copied().filter(|part| !all.contains(part)).collect::<Vec<_>>());
            }
            for base in &found.bases {
                let name = base.rsplit(['.', '\\']).next().unwrap_or(base);
                let name = name.split('<').next().unwrap_or(name);
                let found = self.nearest(self.classes(name), unit);
                all.extend(found.filter(|found| !all.contains(found)));
            }
        }
        all
    }

    /// Of several things of one name the one that lies nearest to a unit.
    pub(crate) fn nearest<T: Copy>(&self, all: &[(UnitId, T)], unit: UnitId) -> Option<(UnitId, T)> {
        let here = self.unit(unit).map_or("", |unit| unit.path.as_str());
        let language = self.unit(unit).map(|unit| unit.language);
        let candidates = all.iter().filter(|(of, _)| self.unit(*of).map(|of| of.language) == language);
        candidates
            .max_by_key(|(of, _)| {
                (*of == unit, shared(here, self.unit(*of).map_or("", |of| of.path.as_str())))
            })
            .copied()
    }

    /// The files of the same folder.
    pub(crate) fn siblings(&self, unit: UnitId) -> &[UnitId] {
        let path = self.unit(unit).map_or("", |unit| unit.path.as_str());
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        self.folders.get(folder).map_or(&[], Vec::as_slice)
    }

    /// A file of the package that an import of Go means.
    fn package(&self, module: &str, from: &Unit) -> Option<UnitId> {
        let parts: Vec<&str> = module.rsplit('/').collect();
        let last = parts.first()?;
        let fits = |unit: &&UnitId| {
            let path = self.unit(**unit).map_or("", |unit| unit.path.as_str());
            let mut folders = path.rsplit('/').skip(1);
            // A module's own packages: two parts of the path at least.
            parts.iter().take(2).all(|part| folders.next() == Some(*part))
                || !module.contains('.') && path.contains(module)
        };
        let candidates = self.files.get(&format!("{last}/"))?.iter().filter(fits);
        candidates.max_by_key(|unit| self.unit(**unit).map_or(0, |of| shared(&from.path, &of.path))).copied()
    }

    /// The file that a module's name means, seen from another: `a.b.c`, `./c`, `.c`.
    pub(crate) fn file(&self, module: &str, from: UnitId) -> Option<UnitId> {
        let importer = self.unit(from)?;
        if importer.language == Language::Go {
            return self.package(module, importer);
        }
        let path: Vec<&str> = match importer.language {
            Language::JavaScript if !module.starts_with('.') => return None,
            Language::JavaScript => module.split('/').filter(|part| !matches!(*part, "." | "..")).collect(),
            _ => module.split(['.', '/', '\\']).filter(|part| !part.is_empty()).collect(),
        };
        let last = path.last()?;
        let last = last.strip_suffix(".js").or_else(|| last.strip_suffix(".ts")).unwrap_or(last);
        let last = last.strip_suffix(".mjs").unwrap_or(last);
        let around = path.get(..path.len().saturating_sub(1)).unwrap_or_default();
        let fits = |unit: &&UnitId| {
            let Some(of) = self.unit(**unit) else { return false };
            let folder = folder_of(&of.path, last);
            of.language == importer.language
                && **unit != from
                && around.iter().rev().zip(folder.iter().rev()).all(|(one, other)| one == other)
                && folder.len() >= around.len()
        };
        let candidates = self.files.get(last)?.iter().filter(fits);
        candidates
            .max_by_key(|unit| self.unit(**unit).map_or(0, |of| shared(&importer.path, &of.path)))
            .copied()
    }
}

fn expression(unit: &Unit, id: ExpressionId) -> Option<&Expression> {
    unit.expressions.get(usize::try_from(id).ok()?)
}

/// How far two paths are the same.
fn shared(one: &str, other: &str) -> usize {
    let same = one.split('/').zip(other.split('/')).take_while(|(one, other)| one == other).count();
    // The nearer of two that share as much is the one less deep.
    same.saturating_mul(64).saturating_sub(other.matches('/').count().min(63))
}

/// The name of a file without folder and endings.
fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split('.').next().unwrap_or(name)
}

/// The folder whose name stands for a file (`__init__.py`, `index.js`).
fn folder_module(path: &str) -> Option<&str> {
    let (folder, _) = path.rsplit_once('/')?;
    matches!(stem(path), "__init__" | "index").then(|| folder.rsplit('/').next().unwrap_or(folder))
}

/// The folders around a file, or around the folder that stands for it.
fn folder_of<'p>(path: &'p str, last: &str) -> Vec<&'p str> {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    if stem(path) != last {
        parts.pop();
    }
    parts
}

/// The last name of what is called.
pub(crate) fn last_name(unit: &Unit, callee: ExpressionId) -> Option<&str> {
    match &expression(unit, callee)?.kind {
        Kind::Name(name) | Kind::Member { name, .. } => Some(name.rsplit(['\\', '.']).next().unwrap_or(name)),
        _ => None,
    }
}

/// The class whose receiver an expression is.
fn receiver_class(unit: &Unit, scope: ScopeId, of: ExpressionId) -> Option<ClassId> {
    let Kind::Name(name) = &expression(unit, of)?.kind else { return None };
    let mut scope = Some(scope);
    while let Some(id) = scope {
        let here = unit.scopes.get(usize::try_from(id).ok()?)?;
        if here.receiver.as_deref() == Some(name) {
            return here.class;
        }
        scope = here.parent;
    }
    None
}
