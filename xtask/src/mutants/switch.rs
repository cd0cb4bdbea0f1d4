//! A file with all of its mutants, each behind a switch: `a == b` becomes `(if on(7) { a != b } else { a == b })`.
//!
//! The mutated copy is made of the text as it was, the other branch holds the mutants inside. Each mutant's text stands between
//! two comments with its number, by which the compiler's errors are told to the mutants that caused them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use anyhow::Context;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

use super::list::{Genre, Mutant, Place};

/// A stretch of the file that is written anew.
#[derive(Debug)]
struct Node {
    range: Range<usize>,
    kind: Kind,
    /// The number of each mutant, and what to cut out and put in.
    edits: Vec<(usize, Range<usize>, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// An expression.
    Value,
    /// The condition of a match arm.
    Guard,
    /// The end of an arm's pattern.
    Arm,
    /// The beginning of a function's body.
    Body,
}

/// A file with its mutants, and those that cannot be switched.
#[derive(Debug)]
pub(super) struct Switched {
    pub(super) text: String,
    pub(super) left_out: BTreeSet<usize>,
}

/// `mutants` are those of this file, by their numbers.
pub(super) fn switched(text: &str, mutants: &BTreeMap<usize, &Mutant>) -> anyhow::Result<Switched> {
    let file = syn::parse_file(text)?;
    let lines = Lines::of(text);
    let mut finder = Finder { wanted: BTreeMap::new(), nodes: Vec::new(), found: BTreeSet::new() };
    for (number, mutant) in mutants {
        let start = lines.offset(mutant.span.start).context("a place in the file")?;
        let end = lines.offset(mutant.span.end).context("a place in the file")?;
        finder.wanted.entry(start).or_default().push((*number, start..end, mutant));
    }
    finder.visit_file(&file);
    let Finder { mut nodes, found, .. } = finder;
    // from the outside in; what is only put in stands before what begins there
    nodes.sort_by_key(|node| (node.range.start, !node.range.is_empty(), usize::MAX - node.range.end));
    let mut rest = nodes.iter().peekable();
    let text = render(text, 0..text.len(), &mut rest);
    let left_out = mutants.keys().copied().filter(|number| !found.contains(number)).collect();
    Ok(Switched { text, left_out })
}

type Nodes<'n> = std::iter::Peekable<std::slice::Iter<'n, Node>>;

/// The text of a range with the nodes inside of it.
fn render(text: &str, range: Range<usize>, nodes: &mut Nodes<'_>) -> String {
    let mut written = String::new();
    let mut at = range.start;
    while let Some(node) = nodes.next_if(|node| node.range.start >= at && node.range.end <= range.end) {
        written += part(text, at..node.range.start);
        let inside = render(text, node.range.clone(), nodes);
        written += &one(text, node, &inside);
        at = node.range.end;
    }
    written + part(text, at..range.end)
}

fn part(text: &str, range: Range<usize>) -> &str {
    text.get(range).unwrap_or_default()
}

fn one(text: &str, node: &Node, inside: &str) -> String {
    let marked = |number: usize, what: &str| format!("/*<{number}>*/{what}/*</{number}>*/");
    let on = |number: usize| format!("crate::switched_mutants::on({number})");
    let mut written = String::new();
    for (number, cut, put) in &node.edits {
        let mutated =
            || part(text, node.range.start..cut.start).to_owned() + put + part(text, cut.end..node.range.end);
        let (number, is_on) = (*number, on(*number));
        written += &match node.kind {
            Kind::Value => marked(number, &format!("if {is_on} {{ {} }} else ", mutated())),
            Kind::Guard if put == "true" => marked(number, &format!("{is_on} || ")),
            Kind::Guard => marked(number, &format!("!{is_on} && ")),
            Kind::Arm => marked(number, &format!(" if !{is_on}")),
            Kind::Body => marked(number, &format!("if {is_on} {{ return {put}; }} ")),
        };
    }
    match node.kind {
        Kind::Value => format!("({written}{{ {inside} }})"),
        Kind::Guard => format!("({written}({inside}))"),
        Kind::Arm | Kind::Body => written,
    }
}

/// Where lines begin.
struct Lines<'t>(Vec<(usize, &'t str)>);

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Self {
        let mut begin = 0;
        let line = |line: &'t str| {
            let here = (begin, line);
            begin += line.len();
            here
        };
        Self(text.split_inclusive('\n').map(line).collect())
    }

    fn offset(&self, place: Place) -> Option<usize> {
        let (begin, line) = self.0.get(place.line.checked_sub(1)?)?;
        let mut columns = line.char_indices().map(|(at, _)| at).chain([line.len()]);
        columns.nth(place.column.checked_sub(1)?).map(|at| begin + at)
    }
}

/// A mutant with its number and what it replaces.
type Wanted<'f> = (usize, Range<usize>, &'f Mutant);

/// Finds the syntax that a mutant is about.
struct Finder<'f> {
    /// By where what is replaced begins.
    wanted: BTreeMap<usize, Vec<Wanted<'f>>>,
    nodes: Vec<Node>,
    found: BTreeSet<usize>,
}

impl Finder<'_> {
    /// The mutants of a genre that begin here become a node.
    fn take(&mut self, at: usize, genre: Genre, range: Range<usize>, kind: Kind) {
        let here = self.wanted.get(&at).into_iter().flatten().filter(|(_, _, mutant)| mutant.genre == genre);
        let edits: Vec<_> =
            here.map(|(number, cut, mutant)| (*number, cut.clone(), mutant.replacement.clone())).collect();
        if !edits.is_empty() {
            self.found.extend(edits.iter().map(|(number, ..)| *number));
            self.nodes.push(Node { range, kind, edits });
        }
    }

    fn body(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let Some(first) = block.stmts.first() else { return };
        let at = first.span().byte_range().start;
        // Another type than the body's own would have to come back.
        let is_opaque = matches!(&signature.output, syn::ReturnType::Type(_, kind) if matches!(**kind, syn::Type::ImplTrait(_)));
        if !is_opaque {
            self.take(at, Genre::FnValue, at..at, Kind::Body);
        }
    }
}

/// Whether a `let` is part of the condition: such a chain is no expression.
fn is_chain(expression: &syn::Expr) -> bool {
    match expression {
        syn::Expr::Let(_) => true,
        syn::Expr::Binary(binary) => is_chain(&binary.left) || is_chain(&binary.right),
        _ => false,
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    // The switch is no constant.
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if item.sig.constness.is_none() {
            self.body(&item.sig, &item.block);
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if item.sig.constness.is_none() {
            self.body(&item.sig, &item.block);
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.body(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        if !(is_chain(&binary.left) || is_chain(&binary.right)) {
            let at = binary.op.span().byte_range().start;
            self.take(at, Genre::BinaryOperator, binary.span().byte_range(), Kind::Value);
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &'ast syn::ExprUnary) {
        let range = unary.span().byte_range();
        self.take(range.start, Genre::UnaryOperator, range, Kind::Value);
        visit::visit_expr_unary(self, unary);
    }

    fn visit_expr_struct(&mut self, value: &'ast syn::ExprStruct) {
        let range = value.span().byte_range();
        for field in &value.fields {
            let at = field.span().byte_range().start;
            self.take(at, Genre::StructField, range.clone(), Kind::Value);
        }
        visit::visit_expr_struct(self, value);
    }

    fn visit_expr_match(&mut self, value: &'ast syn::ExprMatch) {
        // An arm that may be off covers nothing: without another that takes all, the match is not whole.
        let is_open =
            value.arms.iter().any(|arm| matches!(arm.pat, syn::Pat::Wild(_)) && arm.guard.is_none());
        for arm in &value.arms {
            let end = arm.pat.span().byte_range().end;
            if is_open {
                self.take(arm.span().byte_range().start, Genre::MatchArm, end..end, Kind::Arm);
            }
            if let Some((_, guard)) = &arm.guard {
                let range = guard.span().byte_range();
                self.take(range.start, Genre::MatchArmGuard, range, Kind::Guard);
            }
        }
        visit::visit_expr_match(self, value);
    }
}

#[cfg(test)]
mod tests {
    use super::super::list::Span;
    use super::*;

    fn mutant(genre: Genre, from: (usize, usize), to: (usize, usize), replacement: &str) -> Mutant {
        let place = |(line, column)| Place { line, column };
        let span = Span { start: place(from), end: place(to) };
        Mutant { name: String::new(), file: String::new(), genre, replacement: replacement.to_owned(), span }
    }

    fn switched_text(text: &str, mutants: &[Mutant]) -> (String, Vec<usize>) {
        let numbered = mutants.iter().enumerate().collect();
        let Switched { text, left_out } = switched(text, &numbered).unwrap();
        (text.replace("crate::switched_mutants::", ""), left_out.into_iter().collect())
    }

    #[test]
    fn a_mutated_copy_holds_no_other_mutant() {
        let text = "fn f() -> bool {\n    a == b && !c\n}\n";
        let mutants = [
            mutant(Genre::FnValue, (2, 5), (2, 17), "true"),
            mutant(Genre::BinaryOperator, (2, 7), (2, 9), "!="),
            mutant(Genre::BinaryOperator, (2, 12), (2, 14), "||"),
            mutant(Genre::UnaryOperator, (2, 15), (2, 16), ""),
        ];
        let (text, left_out) = switched_text(text, &mutants);
        assert_eq!(
            text,
            "fn f() -> bool {\n    /*<0>*/if on(0) { return true; } /*</0>*/\
             (/*<2>*/if on(2) { a == b || !c } else /*</2>*/{ \
             (/*<1>*/if on(1) { a != b } else /*</1>*/{ a == b }) && (/*<3>*/if on(3) { c } else /*</3>*/{ !c }) })\n}\n"
        );
        assert!(left_out.is_empty());
    }

    #[test]
    fn arms_and_guards() {
        let text = "fn f() {\n    match x { 1 => 2, n if n > 3 => 4, _ => 5 }\n}\n";
        let mutants = [
            mutant(Genre::MatchArm, (2, 15), (2, 22), ""),
            mutant(Genre::MatchArmGuard, (2, 28), (2, 33), "true"),
            mutant(Genre::MatchArmGuard, (2, 28), (2, 33), "false"),
        ];
        let (text, _) = switched_text(text, &mutants);
        assert!(text.contains("1/*<0>*/ if !on(0)/*</0>*/ => 2"), "{text}");
        assert!(
            text.contains("n if (/*<1>*/on(1) || /*</1>*//*<2>*/!on(2) && /*</2>*/(n > 3)) => 4"),
            "{text}"
        );
    }

    #[test]
    fn what_cannot_be_switched_is_told() {
        let text = "const fn f() -> u8 {\n    1 + 2\n}\nfn g() {\n    if let Some(1) = x && y {}\n}\n";
        let mutants = [
            mutant(Genre::BinaryOperator, (2, 7), (2, 8), "-"),
            mutant(Genre::BinaryOperator, (5, 24), (5, 26), "||"),
        ];
        let (same, left_out) = switched_text(text, &mutants);
        assert_eq!((same.as_str(), left_out), (text, vec![0, 1]));
    }
}
