//! Programs as values: what a source file says, without the language it says it in.
//!
//! A lowering (one for each grammar, at the edge) makes a [`Unit`] of a file through a [`Builder`]. Expressions lie in one list and name each
//! other by number; scopes hold what is bound, which is all that the flow of values needs: the order of statements is not kept.

mod build;

pub use build::Builder;

/// In which language a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Language {
    /// Python.
    Python,
    /// JavaScript and TypeScript.
    JavaScript,
    /// Go.
    Go,
    /// PHP.
    Php,
    /// Java.
    Java,
    /// C#.
    CSharp,
    /// Kotlin.
    Kotlin,
    /// Ruby.
    Ruby,
    /// Rust.
    Rust,
    /// Shell, with the AWS CLI.
    Shell,
}

impl Language {
    /// As people write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Python => "Python",
            Self::JavaScript => "JavaScript",
            Self::Go => "Go",
            Self::Php => "PHP",
            Self::Java => "Java",
            Self::CSharp => "C#",
            Self::Kotlin => "Kotlin",
            Self::Ruby => "Ruby",
            Self::Rust => "Rust",
            Self::Shell => "shell",
        }
    }
}

/// The number of an expression in its unit.
pub type ExpressionId = u32;
/// The number of a scope in its unit; 0 is the file itself.
pub type ScopeId = u32;
/// The number of a class in its unit.
pub type ClassId = u32;

/// A source file.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "made by a builder, read by the flow")]
pub struct Unit {
    /// Where it lies, below the folder that was asked about, with `/`.
    pub path: String,
    /// Its language.
    pub language: Language,
    /// Its package or namespace, as the language writes it.
    pub package: String,
    /// Every expression.
    pub expressions: Vec<Expression>,
    /// Every scope; the first is the file.
    pub scopes: Vec<Scope>,
    /// Every class.
    pub classes: Vec<Class>,
    /// What comes from elsewhere.
    pub imports: Vec<Import>,
    /// Parts could not be parsed; the rest was read.
    pub is_damaged: bool,
}

/// An expression.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "made by a builder, read by the flow")]
pub struct Expression {
    /// What it is.
    pub kind: Kind,
    /// Its line, from 1: of a call, that of the name that is called.
    pub line: u32,
    /// In which scope it stands.
    pub scope: ScopeId,
}

/// What an expression is.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "the flow must say what it does with each")]
pub enum Kind {
    /// A text: its pieces one after another.
    Text(Vec<Piece>),
    /// A number or a flag, as written.
    Literal(String),
    /// A name of the scope or of one around it.
    Name(String),
    /// `of.name`.
    Member {
        /// Of what.
        of: ExpressionId,
        /// Which.
        name: String,
    },
    /// `of[key]`.
    Index {
        /// Of what.
        of: ExpressionId,
        /// Which.
        key: ExpressionId,
    },
    /// A call, or the making of an object.
    Call {
        /// What is called, or the class that is made.
        callee: ExpressionId,
        /// With what.
        arguments: Vec<Argument>,
        /// `new`, or a literal of a struct.
        is_new: bool,
    },
    /// A list of any kind.
    List(Vec<ExpressionId>),
    /// Keys and values.
    Map {
        /// Those with a key that can be told.
        entries: Vec<(ExpressionId, ExpressionId)>,
        /// Maps that are spread into it.
        spread: Vec<ExpressionId>,
    },
    /// One of several.
    Either(Vec<ExpressionId>),
    /// A function without a name.
    Function(ScopeId),
    /// A member of what is iterated over.
    Each(ExpressionId),
    /// Nothing that the flow follows; what stands in it is in the list all the same.
    Other,
}

/// A piece of a text.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "these are the two")]
pub enum Piece {
    /// As written.
    Known(String),
    /// What an expression says.
    Hole(ExpressionId),
}

/// An argument of a call.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "made by a lowering, read by the flow")]
pub struct Argument {
    /// Its name, where it is given by name.
    pub name: Option<String>,
    /// Its value.
    pub value: ExpressionId,
    /// `**value`, `...value`.
    pub is_spread: bool,
}

/// A file, a function, or the body of a class.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "made by a builder, read by the flow")]
pub struct Scope {
    /// Its name; empty for a function without one.
    pub name: String,
    /// The scope around it.
    pub parent: Option<ScopeId>,
    /// The class whose body or method it is.
    pub class: Option<ClassId>,
    /// What it takes; of a method without its receiver.
    pub parameters: Vec<Parameter>,
    /// What the receiver is called in it (`self`, `this`, Go's own name).
    pub receiver: Option<String>,
    /// What is bound in it.
    pub bindings: Vec<Binding>,
    /// What it gives back.
    pub returns: Vec<ExpressionId>,
    /// The type it is declared to give back.
    pub gives: Option<String>,
    /// It is read like a field (`@property`, a getter).
    pub is_property: bool,
    /// It is the body of a class, whose names its functions do not see.
    pub is_class_body: bool,
    /// Its line.
    pub line: u32,
}

/// What a function takes.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "made by a lowering, read by the flow")]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its type, as declared.
    pub declared: Option<String>,
    /// What it is when it is not given.
    pub default: Option<ExpressionId>,
    /// It takes all that is left (`*args`, `**kwargs`).
    pub is_rest: bool,
}

/// A value bound to a name.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "made by a lowering, read by the flow")]
pub struct Binding {
    /// To what.
    pub target: Target,
    /// Which; a declaration may have none.
    pub value: Option<ExpressionId>,
    /// The type, as declared.
    pub declared: Option<String>,
}

/// To what a value is bound.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "these are the three")]
pub enum Target {
    /// A name of the scope.
    Name(String),
    /// `of.name`.
    Member(ExpressionId, String),
    /// `of[key]`.
    Index(ExpressionId, ExpressionId),
}

/// A class, struct or interface.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "made by a builder, read by the flow")]
pub struct Class {
    /// Its name.
    pub name: String,
    /// What it is made from.
    pub bases: Vec<String>,
    /// Its methods.
    pub methods: Vec<ScopeId>,
    /// The scope of its body, in which its fields are bound.
    pub body: ScopeId,
}

/// A name that comes from elsewhere.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "made by a lowering, read by the flow")]
pub struct Import {
    /// What it is called here; `*` for all names.
    pub local: String,
    /// The module, package or class, as the language writes it.
    pub module: String,
    /// The name in the module; `None` for the module itself.
    pub member: Option<String>,
}
