//! What macros are given: no part of the grammar, and read all the same.

use kagimori_source::ir::{Builder, ExpressionId, Kind, Language, Piece, Target};
use tree_sitter::{Node, Parser};

use super::dotted;
use crate::parse::{Lowering, children, line, text_of};

/// Longer invocations of macros are tables and generated code.
const MACRO_BYTES_MAX: usize = 16 << 10;
/// Macros within macros.
const MACROS_MAX: usize = 3;

impl Lowering<'_> {
    /// What a macro is given is no part of the grammar: it is read as the arguments of a call, at its own lines.
    pub(super) fn rust_macro(&mut self, node: Node<'_>) -> ExpressionId {
        let at = line(node);
        let name = self.field(node, "macro").unwrap_or_default().to_owned();
        let tree = children(node).into_iter().find(|part| part.kind() == "token_tree");
        let Some(tree) = tree else { return self.other(node) };
        let tokens = self.text(tree);
        let inner = tokens.get(1..tokens.len().saturating_sub(1)).unwrap_or_default();
        if inner.len() > MACRO_BYTES_MAX || self.nested >= MACROS_MAX {
            self.builder.damage();
            return self.other(node);
        }
        if name == "lazy_static" {
            self.rust_lazy(inner);
        }
        let row = tree.start_position().row;
        let text = format!("{}fn m() {{ m({inner}) }}", "\n".repeat(row));
        let values = self.rust_within(&text);
        let literal =
            values.first().and_then(|first| self.builder.get(*first)).map(|first| first.kind.clone());
        match (name.as_str(), literal) {
            ("format" | "concat", Some(Kind::Text(pieces))) => self.rust_format(&pieces, &values, at),
            ("vec", _) => self.builder.add(Kind::List(values), at),
            _ => self.other(node),
        }
    }

    /// `static ref NAME: Type = …;`
    fn rust_lazy(&mut self, tokens: &str) {
        for part in tokens.split("static ref ").skip(1) {
            let Some((name, rest)) = part.split_once(':') else { continue };
            let declared = rest.split('=').next().map(|declared| dotted(declared.trim()));
            self.builder.bind(Target::Name(name.trim().to_owned()), None, declared);
        }
    }

    fn rust_within(&mut self, text: &str) -> Vec<ExpressionId> {
        let mut parser = Parser::new();
        if parser.set_language(&tree_sitter_rust::LANGUAGE.into()).is_err() {
            return Vec::new();
        }
        let Some(tree) = parser.parse(text, None) else { return Vec::new() };
        let builder = std::mem::replace(&mut self.builder, Builder::new("", Language::Rust));
        let mut inner = Lowering::new(text, builder);
        inner.depth = self.depth;
        inner.nested = self.nested.saturating_add(1);
        let mut values = Vec::new();
        if let Some(list) = arguments_of(tree.root_node()) {
            values = inner.rust_all(list);
        }
        self.builder = inner.builder;
        values
    }

    /// `format!("{a}-{}", b)`.
    fn rust_format(&mut self, pieces: &[Piece], values: &[ExpressionId], at: u32) -> ExpressionId {
        let [Piece::Known(text)] = pieces else {
            return self.builder.add(Kind::Text(pieces.to_vec()), at);
        };
        let mut all = Vec::new();
        let mut next = 1_usize;
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            all.push(Piece::Known(before.to_owned()));
            let Some((hole, after)) = after.split_once('}') else { break };
            let name = hole.split(':').next().unwrap_or(hole);
            if name.is_empty() {
                let value = values.get(next).copied();
                next = next.saturating_add(1);
                all.push(Piece::Hole(value.unwrap_or_else(|| self.builder.add(Kind::Other, at))));
            } else {
                all.push(Piece::Hole(self.builder.name(name, at)));
            }
            rest = after;
        }
        all.push(Piece::Known(rest.to_owned()));
        self.builder.add(text_of(all), at)
    }
}

/// The arguments of the one call of a text that was made for a macro.
fn arguments_of(root: Node<'_>) -> Option<Node<'_>> {
    let function = children(root).into_iter().find(|child| child.kind() == "function_item")?;
    let body = function.child_by_field_name("body")?;
    let call = children(body).into_iter().find_map(|child| match child.kind() {
        "call_expression" => Some(child),
        "expression_statement" => children(child).first().copied(),
        _ => None,
    })?;
    call.child_by_field_name("arguments")
}
