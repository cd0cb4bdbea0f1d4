//! What SDKs mean: which names make a client, and what its methods call.
//!
//! One file for each SDK; which operation a name means is looked up in the table, never worked out by a rule of case.

pub(crate) mod boto;
pub(crate) mod csharp;
pub(crate) mod go;
pub(crate) mod java;
pub(crate) mod javascript;
pub(crate) mod kotlin;
pub(crate) mod php;
pub(crate) mod ruby;
pub(crate) mod rust;
pub(crate) mod shell;

use std::rc::Rc;

use super::flow::{Flow, none, one};
use super::table::ServiceId;
use super::value::{Fields, Reason, Site, UnitId, Value, Values, Why};
use crate::ir::{ClassId, Language, Unit};

/// A call that reaches AWS.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) service: ServiceId,
    pub(crate) operation: &'static str,
    pub(crate) fields: Fields,
    /// Why it is made, where the name in the source is another.
    pub(crate) because: Option<&'static str>,
    /// It is made only on the way of some requests (an upload in parts).
    pub(crate) is_possible: bool,
    /// Where it was begun, where that is not the place that sends it.
    pub(crate) at: Option<Site>,
}

impl Made {
    pub(crate) fn new(service: ServiceId, operation: &'static str, fields: Fields) -> Self {
        Self { service, operation, fields, because: None, is_possible: false, at: None }
    }

    pub(crate) fn because(self, because: &'static str) -> Self {
        Self { because: Some(because), ..self }
    }
}

/// What a method of an SDK does.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// What it calls.
    pub(crate) calls: Vec<Made>,
    /// What cannot be told of what it calls.
    pub(crate) untold: Option<Rc<Reason>>,
    /// What it gives.
    pub(crate) result: Values,
}

impl Outcome {
    pub(crate) fn result(result: Values) -> Self {
        Self { calls: Vec::new(), untold: None, result }
    }

    pub(crate) fn nothing() -> Self {
        Self::result(none())
    }

    pub(crate) fn untold(reason: Rc<Reason>) -> Self {
        Self { calls: Vec::new(), untold: Some(Rc::clone(&reason)), result: one(Value::Unknown(reason)) }
    }

    pub(crate) fn calls(calls: Vec<Made>, result: Values) -> Self {
        Self { calls, untold: None, result }
    }
}

/// Whether it holds the variables of the environment.
pub(crate) fn is_environment(path: &str) -> bool {
    matches!(path, "os.environ" | "process.env" | "$_ENV" | "$_SERVER" | "import.meta.env" | "ENV")
}

/// Whether a module is of an SDK, whatever the tree has of that name.
pub(crate) fn is_sdk_module(module: &str) -> bool {
    let head = module.split(['.', '/', '\\']).next().unwrap_or(module);
    boto::is_head(head)
        || javascript::is_module(module)
        || go::is_module(module)
        || php::is_module(module)
        || java::is_module(module)
        || csharp::is_module(module)
        || kotlin::is_module(module)
        || ruby::is_module(module)
        || rust::is_module(module)
}

/// Whether a file speaks of an SDK.
pub(crate) fn mentions(unit: &Unit) -> bool {
    unit.imports.iter().any(|import| is_sdk_module(&import.module))
}

/// Whether a name is an operation's in the spelling of a language's SDK: what other libraries call theirs is left alone.
pub(crate) fn is_spelled(language: Language, name: &str, operation: &str) -> bool {
    match language {
        Language::Python | Language::Ruby => {
            name.contains('_') && name.chars().all(|letter| !letter.is_ascii_uppercase())
        }
        // Requests of Rust are built; a command of the shell names its service.
        Language::Rust | Language::Shell => false,
        _ => name.len() == operation.len(),
    }
}

/// A name that nothing in the file binds.
pub(crate) fn unbound(flow: &Flow<'_>, site: Site, name: &str) -> Values {
    let unit = site.unit;
    if flow.language(unit) == Language::Shell
        && name.starts_with('$')
        && name.len() > 1
        && !name.starts_with("${")
    {
        return shell::variable(flow, site, name);
    }
    // A package is a folder of files, which see each other's names.
    if flow.language(unit) == Language::Go {
        let siblings = flow.program.siblings(unit).iter().filter(|sibling| **sibling != unit);
        let found = siblings.map(|sibling| flow.exported(*sibling, name)).find(|found| !found.is_empty());
        if let Some(found) = found {
            return found;
        }
    }
    // Classes of these are found by their names, whatever file they lie in.
    if is_found_by_name(flow.language(unit)) && !is_sdk_module(name) {
        let last = name.rsplit(['\\', '.']).next().unwrap_or(name);
        if let Some((unit, class)) = flow.program.nearest(flow.program.classes(last), unit) {
            return one(Value::Class(unit, class));
        }
    }
    // `import software.amazon.awssdk.services.s3.*`: a class of one of these packages, where the tree has none of that name.
    let is_class = name.starts_with(|letter: char| letter.is_ascii_uppercase()) && !name.contains('.');
    if matches!(flow.language(unit), Language::Java | Language::Kotlin) && is_class {
        let imports = flow.program.unit(unit).map_or(&[][..], |unit| unit.imports.as_slice());
        let open = imports.iter().filter(|import| import.local == "*" && is_sdk_module(&import.module));
        let paths: Vec<String> = open.map(|import| format!("{}.{name}", import.module)).collect();
        // A class of the client's package is a client, others are of the models.
        let client = paths.iter().find(|path| kotlin::typed(path).is_some());
        if let Some(path) = client.or_else(|| paths.iter().rfind(|path| path.contains(".model."))) {
            return one(Value::External(path.as_str().into()));
        }
    }
    one(Value::External(name.into()))
}

/// Languages whose classes are found by their names alone.
fn is_found_by_name(language: Language) -> bool {
    matches!(
        language,
        Language::Php
            | Language::Java
            | Language::CSharp
            | Language::Kotlin
            | Language::Ruby
            | Language::Rust
    )
}

/// The client that a declared type is.
pub(crate) fn typed(language: Language, path: &str) -> Option<Value> {
    match language {
        Language::Python => boto::typed(path),
        Language::JavaScript => javascript::typed(path),
        Language::Go => go::typed(path),
        Language::Php => php::typed(path),
        Language::Java => java::typed(path),
        Language::CSharp => csharp::typed(path),
        Language::Kotlin => kotlin::typed(path),
        Language::Rust => rust::typed(path),
        Language::Ruby | Language::Shell => None,
    }
}

/// What calling something outside the tree gives.
pub(crate) fn give(flow: &Flow<'_>, path: &str, site: Site) -> Values {
    let found = match flow.language(site.unit) {
        Language::Python => boto::give(flow, path, site),
        Language::JavaScript => javascript::give(flow, path, site),
        Language::Go => go::give(flow, path, site),
        Language::Php => php::give(flow, path, site),
        Language::Java => java::give(flow, path, site),
        Language::CSharp => csharp::give(flow, path, site),
        Language::Kotlin => kotlin::give(flow, path, site),
        Language::Ruby => ruby::give(flow, path, site),
        Language::Rust => rust::give(flow, path, site),
        Language::Shell => shell::give(flow, path, site),
    };
    // What it gives is known by what gave it.
    found.unwrap_or_else(|| one(Value::External(format!("{path}()").into())))
}

/// What a class of the tree gives when it is made, where that is a client.
pub(crate) fn made(_flow: &Flow<'_>, _unit: UnitId, _class: ClassId, _site: Site) -> Option<Values> {
    None
}

/// A member that a class of the tree has from an SDK.
pub(crate) fn inherited(flow: &Flow<'_>, unit: UnitId, _class: ClassId, name: &str) -> Option<Values> {
    // What a file of Ruby defines outside of its classes, everything in it has.
    let is_ruby = flow.language(unit) == Language::Ruby;
    is_ruby.then(|| flow.exported(unit, name)).filter(|found| !found.is_empty())
}

/// A member of what an SDK gives, other than a method.
pub(crate) fn member(flow: &Flow<'_>, value: &Value, name: &str, site: Site) -> Option<Values> {
    match flow.language(site.unit) {
        Language::Python => boto::member(flow, value, name, site),
        _ => None,
    }
}

/// What a method does.
pub(crate) fn outcome(flow: &Flow<'_>, of: &Value, name: &str, site: Site, want: bool) -> Outcome {
    if let Some(result) = plain_method(flow, of, name, site) {
        return Outcome::result(result);
    }
    match flow.language(site.unit) {
        Language::Python => boto::outcome(flow, of, name, site, want),
        Language::JavaScript => javascript::outcome(flow, of, name, site),
        Language::Go => go::outcome(flow, of, name, site),
        Language::Php => php::outcome(flow, of, name, site),
        Language::Java => java::outcome(flow, of, name, site),
        Language::CSharp => csharp::outcome(flow, of, name, site),
        Language::Kotlin => kotlin::outcome(flow, of, name, site),
        Language::Ruby => ruby::outcome(flow, of, name, site),
        Language::Rust => rust::outcome(flow, of, name, site),
        Language::Shell => Outcome::result(flow.unknown(site, Why::Code)),
    }
}

/// What a call of something outside the tree calls at AWS.
pub(crate) fn external_calls(flow: &Flow<'_>, path: &str, site: Site) -> Outcome {
    match flow.language(site.unit) {
        Language::JavaScript => javascript::external_calls(flow, path, site),
        Language::Go => go::external_calls(flow, path, site),
        Language::Php => php::external_calls(flow, path, site),
        Language::CSharp => csharp::external_calls(flow, path, site),
        Language::Shell => shell::external_calls(flow, path, site),
        Language::Ruby => ruby::external_calls(flow, path, site),
        Language::Rust => rust::external_calls(flow, path, site),
        _ => Outcome::nothing(),
    }
}

/// The keys and values of an argument.
pub(crate) fn fields_at(flow: &Flow<'_>, site: Site, place: usize) -> Fields {
    flow.argument(site, place, "").map(|values| fields_of(flow, site, &values)).unwrap_or_default()
}

/// The keys and values that a map may have.
pub(crate) fn fields_of(flow: &Flow<'_>, site: Site, values: &Values) -> Fields {
    let mut fields = Fields::default();
    for value in values.iter() {
        match value {
            Value::Map(found) | Value::Request(_, found) => {
                fields.entries.extend(found.entries.iter().cloned());
                fields.open = fields.open.or_else(|| found.open.clone());
            }
            Value::Unknown(reason) => fields.open = Some(Rc::clone(reason)),
            _ => fields.open = Some(flow.reason(site, Why::Code)),
        }
    }
    fields
}

/// An upload in parts that fails gives its parts up.
pub(crate) fn abort(service: ServiceId, fields: Fields) -> Made {
    let because = "the SDK gives up the parts of a large upload that fails";
    Made { is_possible: true, ..Made::new(service, "AbortMultipartUpload", fields).because(because) }
}

/// Whether an endpoint is of this machine.
pub(crate) fn is_local(url: &str) -> bool {
    let host = url.split("//").last().unwrap_or(url);
    ["localhost", "127.", "0.0.0.0", "[::1]", "host.docker.internal", "localstack"]
        .iter()
        .any(|local| host.starts_with(local))
}

pub(crate) fn nowhere() -> Rc<Reason> {
    Rc::new(Reason { why: Why::NotGiven, path: String::new(), line: 0 })
}

/// Methods of texts, lists and maps.
fn plain_method(flow: &Flow<'_>, of: &Value, name: &str, site: Site) -> Option<Values> {
    if flow.language(site.unit) == Language::Rust
        && let Some(found) = rust::plain(flow, of, name, site)
    {
        return Some(found);
    }
    match (of, name) {
        (Value::Text(_), "to_s" | "chomp" | "freeze" | "to_sym" | "Trim" | "ToString" | "trimIndent") => {
            Some(one(of.clone()))
        }
        (Value::Text(parts), "format") => {
            Some(flow.formatted(site, parts, |hole, count| {
                flow.argument(site, hole.parse().unwrap_or(count), hole)
            }))
        }
        (Value::Text(parts), "%") => {
            Some(flow.formatted(site, parts, |_, count| flow.argument(site, count, "")))
        }
        (
            Value::Text(_),
            "strip" | "trim" | "toString" | "encode" | "decode" | "rstrip" | "lstrip" | "trimEnd",
        ) => Some(one(of.clone())),
        (Value::Text(_), "lower" | "toLowerCase") => {
            Some(one(of.known().map_or_else(|| of.clone(), |text| Value::text(&text.to_lowercase()))))
        }
        (Value::Text(_), "upper" | "toUpperCase") => {
            Some(one(of.known().map_or_else(|| of.clone(), |text| Value::text(&text.to_uppercase()))))
        }
        (Value::Map(fields), "get" | "pop" | "setdefault") => {
            let key = flow.argument(site, 0, "key")?;
            let key = key.first().and_then(Value::known)?;
            let found = fields.get(&key).cloned().or_else(|| flow.argument(site, 1, "default"));
            Some(found.unwrap_or_else(|| flow.unknown(site, Why::Code)))
        }
        (Value::Map(fields), "values") => {
            Some(one(Value::List(fields.entries.iter().map(|(_, values)| Rc::clone(values)).collect())))
        }
        (Value::Map(fields), "items") => Some(one(Value::List(
            fields
                .entries
                .iter()
                .map(|(key, values)| one(Value::List([one(Value::text(key)), Rc::clone(values)].into())))
                .collect(),
        ))),
        (Value::Map(_) | Value::List(_), "copy" | "slice" | "sort" | "filter") => Some(one(of.clone())),
        (Value::Map(_) | Value::List(_) | Value::Text(_), _) => Some(flow.unknown(site, Why::Code)),
        _ => None,
    }
}
