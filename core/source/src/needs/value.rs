//! What an expression may be when the program runs.

use std::rc::Rc;

use super::table::{Method, ServiceId};
use crate::ir::{ClassId, ExpressionId, ScopeId};

/// The number of a unit in its program.
pub(crate) type UnitId = u32;
/// The number of a chain of calls that led to a place; 0 is none.
pub(crate) type ContextId = u32;

/// An expression, and by which calls it was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Site {
    pub(crate) unit: UnitId,
    pub(crate) expression: ExpressionId,
    pub(crate) context: ContextId,
}

/// All that an expression may be; nothing where it never gets a value.
pub(crate) type Values = Rc<[Value]>;

/// What an expression may be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// A text, with holes where a part is not known.
    Text(Rc<[Part]>),
    /// Something of a module that is not in the tree.
    External(Rc<str>),
    /// A file of the tree.
    Module(UnitId),
    /// A function, with the object it is called on.
    Function(UnitId, ScopeId, Option<Rc<Self>>),
    /// A class.
    Class(UnitId, ClassId),
    /// An object of a class, and where it was made.
    Object(UnitId, ClassId, Option<Site>),
    /// A member of something the SDK gives.
    Bound(Rc<Self>, Rc<str>),
    /// A client; `None` for a service that is not known.
    Client(Option<ServiceId>, Rc<Reason>),
    /// An operation with its request, not yet sent.
    Command(ServiceId, &'static str, Rc<Fields>, Site),
    /// A request under way (a builder, a struct, a literal), by the name of its type.
    Request(Rc<str>, Rc<Fields>),
    /// A resource of boto3.
    Resource(Rc<Resource>),
    /// Several of them, listed by an operation; whether it was counted.
    Collection(Rc<Resource>, &'static Method, bool),
    /// A paginator or a waiter of an operation.
    Steps(ServiceId, &'static str),
    /// Keys and values.
    Map(Rc<Fields>),
    /// A list.
    List(Rc<[Values]>),
    /// Not known.
    Unknown(Rc<Reason>),
}

/// Keys and values.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Fields {
    pub(crate) entries: Vec<(Rc<str>, Values)>,
    /// There may be others: something unknown was spread into it.
    pub(crate) open: Option<Rc<Reason>>,
}

/// A resource of boto3.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Resource {
    pub(crate) service: ServiceId,
    /// Its kind; `""` is the service itself.
    pub(crate) kind: &'static str,
    pub(crate) identifiers: Vec<(&'static str, Values)>,
    /// Its attributes are there: an operation listed it with them.
    pub(crate) is_loaded: bool,
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Known(Rc<str>),
    Hole(Rc<Reason>),
}

/// Why something is not known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Reason {
    /// Why.
    pub why: Why,
    /// In which file.
    pub path: String,
    /// At which line, from 1.
    pub line: u32,
}

/// Why something is not known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Why {
    /// The argument of a function that nothing in the tree calls with a value that can be told.
    Argument {
        /// The argument.
        argument: String,
        /// The function.
        function: String,
    },
    /// A variable of the environment that is set nowhere in the tree.
    Environment(String),
    /// A variable of the environment that is set to a reference.
    Reference(String),
    /// What something outside the tree answers.
    Answer(String),
    /// A name that is bound nowhere in the tree.
    Name(String),
    /// Made by code that is not followed.
    Code,
    /// More values than are followed.
    Many,
    /// Other keys may have been spread into the request.
    Spread,
    /// Not given in the call.
    NotGiven,
}

impl Reason {
    /// In a sentence, without the place.
    pub fn sentence(&self) -> String {
        match &self.why {
            Why::Argument { argument, function } if function.is_empty() => {
                format!("argument `{argument}` of a function without a name")
            }
            Why::Argument { argument, function } => {
                format!("argument `{argument}` of `{function}`, whose callers in the tree do not tell it")
            }
            Why::Environment(name) => {
                format!("environment variable `{name}`, which is set nowhere in the tree")
            }
            Why::Reference(name) => format!("environment variable `{name}`, which is set to a reference"),
            Why::Answer(of) => format!("what `{of}` answers"),
            Why::Name(name) => format!("`{name}`, which is bound nowhere in the tree"),
            Why::Code => "code that is not followed".to_owned(),
            Why::Many => "more values than are followed".to_owned(),
            Why::Spread => "keys that are spread into the request".to_owned(),
            Why::NotGiven => "not told by the call".to_owned(),
        }
    }
}

impl Value {
    /// A text that is wholly known.
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(Rc::new([Part::Known(text.into())]))
    }

    /// Its text, when it is one without holes.
    pub(crate) fn known(&self) -> Option<String> {
        let Self::Text(parts) = self else { return None };
        let mut text = String::new();
        for part in parts.iter() {
            match part {
                Part::Known(known) => text.push_str(known),
                Part::Hole(_) => return None,
            }
        }
        Some(text)
    }

    /// Whether it is of an SDK.
    pub(crate) fn is_sdk(&self) -> bool {
        matches!(
            self,
            Self::Client(..)
                | Self::Resource(_)
                | Self::Collection(..)
                | Self::Steps(..)
                | Self::Command(..)
                | Self::Bound(..)
        )
    }
}

impl Fields {
    /// What stands under a key; keys differ by more than case and `_`.
    pub(crate) fn get(&self, key: &str) -> Option<&Values> {
        let plain = super::table::plain(key);
        self.entries.iter().rev().find(|(name, _)| super::table::plain(name) == plain).map(|(_, value)| value)
    }
}
