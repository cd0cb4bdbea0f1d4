//! Source files to [`Unit`]s: one lowering for each grammar.
//!
//! A lowering says in the words of `kagimori_source::ir` what a file says, and decides nothing: which names are an SDK's is for the core.
//! Whatever a grammar does not know becomes [`Kind::Other`], with all that stands in it, so that no call is lost to a construct that
//! nobody thought of. Nesting beyond [`DEPTH_MAX`] is not followed, and the unit says that it is damaged.

mod csharp;
mod embedded;
pub mod files;
mod go;
mod java;
mod javascript;
mod kotlin;
mod php;
mod python;
mod ruby;
mod rust;
mod shell;

use kagimori_source::ir::{Argument, Builder, ExpressionId, Kind, Language, Piece, Target, Unit};
use tree_sitter::{Node, Parser};

/// Deeper nesting is not followed.
const DEPTH_MAX: usize = 150;

/// The language of a file by the ending of its name.
pub fn language_of(path: &str) -> Option<Language> {
    let (_, ending) = path.rsplit_once('.')?;
    Some(match ending {
        "py" | "pyw" => Language::Python,
        "go" => Language::Go,
        "java" => Language::Java,
        "php" | "phtml" | "inc" => Language::Php,
        "js" | "mjs" | "cjs" | "jsx" | "ts" | "mts" | "cts" | "tsx" => Language::JavaScript,
        "cs" | "csx" => Language::CSharp,
        "kt" | "kts" => Language::Kotlin,
        "rb" | "rake" | "ru" => Language::Ruby,
        "rs" => Language::Rust,
        "sh" | "bash" | "zsh" | "ksh" => Language::Shell,
        _ => return None,
    })
}

/// Reads a file. `None` where nothing at all could be made of it.
pub fn parse(path: &str, language: Language, text: &str) -> Option<Unit> {
    // A byte order mark is no part of the text.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut parser = Parser::new();
    let grammar = match language {
        Language::Python => tree_sitter_python::LANGUAGE,
        Language::Go => tree_sitter_go::LANGUAGE,
        Language::Java => tree_sitter_java::LANGUAGE,
        Language::Php => tree_sitter_php::LANGUAGE_PHP,
        Language::CSharp => tree_sitter_c_sharp::LANGUAGE,
        Language::Kotlin => tree_sitter_kotlin_ng::LANGUAGE,
        Language::Ruby => tree_sitter_ruby::LANGUAGE,
        Language::Rust => tree_sitter_rust::LANGUAGE,
        Language::Shell => tree_sitter_bash::LANGUAGE,
        Language::JavaScript => match path.rsplit_once('.') {
            Some((_, "ts" | "mts" | "cts")) => tree_sitter_typescript::LANGUAGE_TYPESCRIPT,
            Some((_, "tsx")) => tree_sitter_typescript::LANGUAGE_TSX,
            _ => tree_sitter_javascript::LANGUAGE,
        },
        _ => return None,
    };
    parser.set_language(&grammar.into()).ok()?;
    let tree = parser.parse(text, None)?;
    let mut lowering = Lowering::new(text, Builder::new(path, language));
    if tree.root_node().has_error() {
        lowering.builder.damage();
    }
    let root = tree.root_node();
    match language {
        Language::Python => python::file(&mut lowering, root),
        Language::Go => go::file(&mut lowering, root),
        Language::Java => java::file(&mut lowering, root),
        Language::Php => php::file(&mut lowering, root),
        Language::CSharp => csharp::file(&mut lowering, root),
        Language::Kotlin => kotlin::file(&mut lowering, root),
        Language::Ruby => ruby::file(&mut lowering, root),
        Language::Rust => rust::file(&mut lowering, root),
        Language::Shell => shell::file(&mut lowering, root),
        Language::JavaScript => javascript::file(&mut lowering, root),
        _ => return None,
    }
    Some(lowering.builder.finish())
}

/// A file under way.
struct Lowering<'t> {
    text: &'t str,
    builder: Builder,
    depth: usize,
    /// How many texts deep: scripts in scripts, macros in macros.
    nested: usize,
    /// What stands before `?.`, the innermost last.
    bound: Vec<ExpressionId>,
}

impl<'t> Lowering<'t> {
    fn new(text: &'t str, builder: Builder) -> Self {
        Self { text, builder, depth: 0, nested: 0, bound: Vec::new() }
    }

    fn text(&self, node: Node<'_>) -> &'t str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    /// The text of a field.
    fn field(&self, node: Node<'_>, name: &str) -> Option<&'t str> {
        node.child_by_field_name(name).map(|child| self.text(child))
    }

    /// One level deeper, unless that is too deep.
    fn deeper<T>(&mut self, otherwise: T, then: impl FnOnce(&mut Self) -> T) -> T {
        if self.depth >= DEPTH_MAX {
            self.builder.damage();
            return otherwise;
        }
        self.depth = self.depth.saturating_add(1);
        let answer = then(self);
        self.depth = self.depth.saturating_sub(1);
        answer
    }

    fn other(&mut self, node: Node<'_>) -> ExpressionId {
        self.builder.add(Kind::Other, line(node))
    }
}

/// The line of a node, from 1.
fn line(node: Node<'_>) -> u32 {
    u32::try_from(node.start_position().row).unwrap_or(u32::MAX).saturating_add(1)
}

/// The named children of a node, comments left out.
fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|child| !child.is_extra()).collect()
}

/// The children of a node under a field.
fn fields<'n>(node: Node<'n>, name: &str) -> Vec<Node<'n>> {
    let mut cursor = node.walk();
    node.children_by_field_name(name, &mut cursor).collect()
}

/// A text as it is meant: the common escapes of literals resolved.
fn unescaped(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, letter == '\\') {
            (_, false) => plain.push(letter),
            (_, true) => match letters.next() {
                Some('n') => plain.push('\n'),
                Some('t') => plain.push('\t'),
                Some('r') => plain.push('\r'),
                Some('\n') | None => {}
                Some(other) => plain.push(other),
            },
        }
    }
    plain
}

/// Joins pieces that are known.
fn text_of(pieces: Vec<Piece>) -> Kind {
    let mut joined: Vec<Piece> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        match (joined.last_mut(), piece) {
            (Some(Piece::Known(before)), Piece::Known(text)) => before.push_str(&text),
            (_, piece) => joined.push(piece),
        }
    }
    Kind::Text(joined)
}
