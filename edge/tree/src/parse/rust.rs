//! Rust to the common form.

mod macros;

use kagimori_source::ir::Parameter;

use super::{Argument, ExpressionId, Kind, Lowering, Node, Piece, Target, children, line, unescaped};

/// A whole file.
pub(super) fn file(lowering: &mut Lowering<'_>, root: Node<'_>) {
    lowering.rust_statements(root);
}

impl Lowering<'_> {
    fn rust_statements(&mut self, node: Node<'_>) {
        for child in children(node) {
            self.deeper((), |this| this.rust_statement(child));
        }
    }

    fn rust_statement(&mut self, node: Node<'_>) {
        match node.kind() {
            "use_declaration" => {
                if let Some(argument) = node.child_by_field_name("argument") {
                    self.rust_use(argument, "");
                }
            }
            "struct_item" | "enum_item" | "union_item" => self.rust_struct(node),
            "impl_item" | "trait_item" => self.rust_impl(node),
            "function_item" => self.rust_function(node),
            "const_item" | "static_item" => {
                let name = self.field(node, "name").unwrap_or_default().to_owned();
                let value = node.child_by_field_name("value").map(|value| self.rust(value));
                let declared = self.rust_type(node, "type");
                self.builder.bind(Target::Name(name), value, declared);
            }
            "let_declaration" => self.rust_let(node),
            "attribute_item"
            | "inner_attribute_item"
            | "function_signature_item"
            | "type_item"
            | "macro_definition" => {}
            kind if is_statement(kind) => self.rust_statements(node),
            _ => {
                self.rust(node);
            }
        }
    }

    /// `use a::b::{c, d as e, f::*}`: each name with its path.
    fn rust_use(&mut self, node: Node<'_>, above: &str) {
        let joined = |path: &str| match (above.is_empty(), path.is_empty()) {
            (true, _) => path.to_owned(),
            (_, true) => above.to_owned(),
            _ => format!("{above}::{path}"),
        };
        match node.kind() {
            "scoped_use_list" => {
                let path = joined(self.field(node, "path").unwrap_or_default());
                if let Some(list) = node.child_by_field_name("list") {
                    self.deeper((), |this| this.rust_use(list, &path));
                }
            }
            "use_list" => {
                for part in children(node) {
                    self.deeper((), |this| this.rust_use(part, above));
                }
            }
            "use_as_clause" => {
                let path = self.field(node, "path").unwrap_or_default();
                let path = if path == "self" { above.to_owned() } else { joined(path) };
                let local = self.field(node, "alias").unwrap_or_default().to_owned();
                self.rust_import(&local, &path);
            }
            "use_wildcard" => {
                let path = children(node).first().map(|path| self.text(*path)).unwrap_or_default();
                let module = dotted(&joined(path));
                self.builder.import("*", &module, None);
            }
            _ => {
                let path = self.text(node);
                let path = if path == "self" { above.to_owned() } else { joined(path) };
                let local = path.rsplit("::").next().unwrap_or(&path).to_owned();
                self.rust_import(&local, &path);
            }
        }
    }

    fn rust_import(&mut self, local: &str, path: &str) {
        let path = dotted(path);
        match path.rsplit_once('.') {
            Some((module, member)) => self.builder.import(local, module, Some(member)),
            None => self.builder.import(local, &path, None),
        }
    }

    /// A type as declared, `Self` by its name.
    fn rust_type(&self, node: Node<'_>, field: &str) -> Option<String> {
        let declared = dotted(self.field(node, field)?);
        let own = self.builder.class_around().map(|class| self.builder.class_name(class));
        Some(match own {
            Some(own) if declared.contains("Self") => declared.replace("Self", own),
            _ => declared,
        })
    }

    fn rust_struct(&mut self, node: Node<'_>) {
        let name = self.field(node, "name").unwrap_or_default().to_owned();
        let class = self.builder.class(&name, line(node));
        let body = self.builder.body_of(class);
        self.builder.reopen(body);
        for field in node.child_by_field_name("body").map(children).unwrap_or_default() {
            let name = self.field(field, "name").unwrap_or_default().to_owned();
            let declared = self.rust_type(field, "type");
            self.builder.bind(Target::Name(name), None, declared);
        }
        self.builder.close();
    }

    fn rust_impl(&mut self, node: Node<'_>) {
        let kind = node.child_by_field_name("type").or_else(|| node.child_by_field_name("name"));
        let name = kind.map(|kind| self.text(kind)).unwrap_or_default();
        let name = name.split('<').next().unwrap_or(name).rsplit("::").next().unwrap_or(name).to_owned();
        let class = self.builder.class(&name, line(node));
        let body = self.builder.body_of(class);
        self.builder.reopen(body);
        if let Some(body) = node.child_by_field_name("body") {
            self.rust_statements(body);
        }
        self.builder.close();
    }

    fn rust_parameters(&mut self, list: Node<'_>) -> (Vec<Parameter>, bool) {
        let (mut all, mut has_receiver) = (Vec::new(), false);
        for child in children(list) {
            match child.kind() {
                "self_parameter" => has_receiver = true,
                "parameter" => {
                    let pattern = child.child_by_field_name("pattern");
                    let name =
                        pattern.map(|pattern| self.text(pattern).trim_start_matches("mut ").to_owned());
                    let declared = self.rust_type(child, "type");
                    all.push(Parameter { name: name.unwrap_or_default(), declared, ..Parameter::default() });
                }
                "identifier" => {
                    all.push(Parameter { name: self.text(child).to_owned(), ..Parameter::default() });
                }
                "attribute_item" => {}
                _ => all.push(Parameter::default()),
            }
        }
        (all, has_receiver)
    }

    fn rust_function(&mut self, node: Node<'_>) {
        let name = self.field(node, "name").unwrap_or_default().to_owned();
        let list = node.child_by_field_name("parameters");
        let (parameters, has_receiver) = list.map(|list| self.rust_parameters(list)).unwrap_or_default();
        let gives = self.rust_type(node, "return_type");
        let is_method = self.builder.current().is_class_body;
        let scope = self.builder.open_function(&name, parameters, line(node));
        let current = self.builder.current();
        current.gives = gives;
        if has_receiver {
            current.receiver = Some("self".to_owned());
        }
        if let Some(body) = node.child_by_field_name("body") {
            let last = self.rust_block(body);
            self.builder.current().returns.extend(last);
        }
        self.builder.close();
        let function = self.builder.add(Kind::Function(scope), line(node));
        if !is_method {
            self.builder.bind_name(&name, function);
        }
    }

    /// The statements of a block; its last expression, where it gives one.
    fn rust_block(&mut self, node: Node<'_>) -> Option<ExpressionId> {
        let mut last = None;
        for child in children(node) {
            let is_value = child.kind() != "expression_statement" && !is_definition(child.kind());
            last = None;
            if is_value {
                last = Some(self.rust(child));
            } else {
                // `match x { … }` without a semicolon is a statement in the grammar, and a value at the end.
                let inner = children(child);
                match (child.kind(), inner.first()) {
                    ("expression_statement", Some(inner)) if !self.text(child).ends_with(';') => {
                        last = Some(self.rust(*inner));
                    }
                    _ => self.deeper((), |this| this.rust_statement(child)),
                }
            }
        }
        last
    }

    fn rust_let(&mut self, node: Node<'_>) {
        let value = node.child_by_field_name("value").map(|value| self.rust(value));
        let declared = self.rust_type(node, "type");
        if let Some(pattern) = node.child_by_field_name("pattern") {
            self.rust_pattern(pattern, value, declared);
        }
        if let Some(otherwise) = node.child_by_field_name("alternative") {
            self.rust(otherwise);
        }
    }

    fn rust_pattern(&mut self, pattern: Node<'_>, value: Option<ExpressionId>, declared: Option<String>) {
        match pattern.kind() {
            "identifier" => {
                let name = self.text(pattern).to_owned();
                self.builder.bind(Target::Name(name), value, declared);
            }
            "tuple_pattern" => {
                for (place, part) in children(pattern).into_iter().enumerate() {
                    let value = value.map(|of| {
                        let key = self.builder.add(Kind::Literal(place.to_string()), line(part));
                        self.builder.add(Kind::Index { of, key }, line(part))
                    });
                    self.deeper((), |this| this.rust_pattern(part, value, None));
                }
            }
            // `Some(x)`, `Ok(x)`, `&x`, `mut x`, `ref x`: what is inside is what was given.
            "tuple_struct_pattern"
            | "reference_pattern"
            | "mut_pattern"
            | "ref_pattern"
            | "captured_pattern"
            | "match_pattern" => {
                let kind = pattern.child_by_field_name("type").map(|kind| kind.id());
                for part in children(pattern).into_iter().filter(|part| Some(part.id()) != kind) {
                    self.deeper((), |this| this.rust_pattern(part, value, None));
                }
            }
            _ => {}
        }
    }

    fn rust(&mut self, node: Node<'_>) -> ExpressionId {
        let otherwise = if self.depth >= super::DEPTH_MAX { self.other(node) } else { 0 };
        self.deeper(otherwise, |this| this.rust_expression(node))
    }

    fn rust_all(&mut self, node: Node<'_>) -> Vec<ExpressionId> {
        children(node).into_iter().map(|child| self.rust(child)).collect()
    }

    fn rust_expression(&mut self, node: Node<'_>) -> ExpressionId {
        let at = line(node);
        match node.kind() {
            "identifier" | "self" | "type_identifier" | "shorthand_field_initializer" => {
                let text = self.text(node);
                let own = self.builder.class_around().filter(|_| text == "Self");
                let name = own.map_or(text, |class| self.builder.class_name(class)).to_owned();
                self.builder.name(name, at)
            }
            "string_literal" | "raw_string_literal" => {
                let text = self.text(node).trim_start_matches(['r', 'b']).trim_matches('#').trim_matches('"');
                let text = unescaped(text);
                self.builder.text(text, at)
            }
            "integer_literal" | "boolean_literal" => {
                let text = self.text(node).to_owned();
                self.builder.add(Kind::Literal(text), at)
            }
            "scoped_identifier" | "scoped_type_identifier" => {
                let name = self.field(node, "name").unwrap_or_default().to_owned();
                match node.child_by_field_name("path") {
                    Some(path) => {
                        let of = self.rust(path);
                        self.builder.member(of, name, at)
                    }
                    None => self.builder.name(name, at),
                }
            }
            "generic_function" | "generic_type" | "bracketed_type" => {
                let head = node.child_by_field_name("function").or_else(|| node.child_by_field_name("type"));
                match head.or_else(|| children(node).first().copied()) {
                    Some(head) => self.rust(head),
                    None => self.other(node),
                }
            }
            "field_expression" => {
                let Some(field) = node.child_by_field_name("field") else { return self.other(node) };
                let of = node.child_by_field_name("value").map(|of| self.rust(of)).unwrap_or_default();
                let name = self.text(field).to_owned();
                self.builder.member(of, name, line(field))
            }
            "call_expression" => self.rust_call(node),
            "struct_expression" => self.rust_literal(node),
            "macro_invocation" => self.rust_macro(node),
            "array_expression" | "tuple_expression" => {
                let items = self.rust_all(node);
                self.builder.add(Kind::List(items), at)
            }
            "index_expression" => match self.rust_all(node).as_slice() {
                [of, key] => self.builder.add(Kind::Index { of: *of, key: *key }, at),
                _ => self.other(node),
            },
            "binary_expression" => {
                let left = node.child_by_field_name("left").map(|side| self.rust(side));
                let right = node.child_by_field_name("right").map(|side| self.rust(side));
                match (left, right, self.field(node, "operator")) {
                    (Some(left), Some(right), Some("+")) => {
                        self.builder.add(Kind::Text(vec![Piece::Hole(left), Piece::Hole(right)]), at)
                    }
                    _ => self.other(node),
                }
            }
            "assignment_expression" => {
                let value =
                    node.child_by_field_name("right").map(|right| self.rust(right)).unwrap_or_default();
                match node.child_by_field_name("left") {
                    Some(left) if left.kind() == "field_expression" => {
                        let name = self.field(left, "field").unwrap_or_default().to_owned();
                        let of =
                            left.child_by_field_name("value").map(|of| self.rust(of)).unwrap_or_default();
                        self.builder.bind(Target::Member(of, name), Some(value), None);
                    }
                    Some(left) => self.rust_pattern(left, Some(value), None),
                    None => {}
                }
                value
            }
            "if_expression" => self.rust_if(node),
            "match_expression" => self.rust_match(node),
            "for_expression" => {
                let of = node.child_by_field_name("value").map(|value| self.rust(value));
                if let (Some(pattern), Some(of)) = (node.child_by_field_name("pattern"), of) {
                    let each = self.builder.add(Kind::Each(of), at);
                    self.rust_pattern(pattern, Some(each), None);
                }
                if let Some(body) = node.child_by_field_name("body") {
                    self.rust_block(body);
                }
                self.other(node)
            }
            "closure_expression" => self.rust_closure(node),
            "return_expression" => {
                for child in children(node) {
                    let value = self.rust(child);
                    self.builder.current().returns.push(value);
                }
                self.other(node)
            }
            "block" | "async_block" | "unsafe_block" | "else_clause" => {
                let last = self.rust_block(node);
                last.unwrap_or_else(|| self.other(node))
            }
            "let_condition" => {
                let value = node.child_by_field_name("value").map(|value| self.rust(value));
                if let Some(pattern) = node.child_by_field_name("pattern") {
                    self.rust_pattern(pattern, value, None);
                }
                self.other(node)
            }
            "reference_expression"
            | "try_expression"
            | "await_expression"
            | "parenthesized_expression"
            | "unary_expression"
            | "type_cast_expression"
            | "expression_statement" => {
                let value = node
                    .child_by_field_name("value")
                    .or_else(|| children(node).into_iter().find(|part| part.kind() != "mutable_specifier"));
                match value {
                    Some(value) => self.rust(value),
                    None => self.other(node),
                }
            }
            kind if is_definition(kind) || is_statement(kind) => {
                self.rust_statement(node);
                self.other(node)
            }
            _ => {
                self.rust_all(node);
                self.other(node)
            }
        }
    }

    fn rust_call(&mut self, node: Node<'_>) -> ExpressionId {
        let Some(function) = node.child_by_field_name("function") else { return self.other(node) };
        let callee = self.rust(function);
        let at = self.builder.get(callee).map_or_else(|| line(node), |callee| callee.line);
        let list = node.child_by_field_name("arguments").map(children).unwrap_or_default();
        let values: Vec<ExpressionId> = list.into_iter().map(|argument| self.rust(argument)).collect();
        let name = self.builder.get(callee).map(|callee| callee.kind.clone());
        // What only wraps a value is the value.
        let wrapped = match (&name, values.as_slice()) {
            (Some(Kind::Name(name)), [value]) if matches!(name.as_str(), "Some" | "Ok") => Some(*value),
            (Some(Kind::Member { of, name }), [value]) => match self.builder.get(*of).map(|of| &of.kind) {
                Some(Kind::Name(kind)) => {
                    let is_wrap = matches!(kind.as_str(), "Arc" | "Box" | "Rc" | "Mutex" | "RwLock")
                        && name == "new"
                        || kind == "String" && name == "from";
                    is_wrap.then_some(*value)
                }
                _ => None,
            },
            // `key.clone()`, `name.to_string()`, `x.unwrap()`
            (Some(Kind::Member { of, name }), []) if is_plain(name) => Some(*of),
            _ => None,
        };
        if let Some(wrapped) = wrapped {
            return wrapped;
        }
        let arguments = values.into_iter().map(Argument::placed).collect();
        self.builder.call(callee, arguments, at)
    }

    /// `Wrap { client, name: x }`.
    fn rust_literal(&mut self, node: Node<'_>) -> ExpressionId {
        let Some(name) = node.child_by_field_name("name") else { return self.other(node) };
        let callee = self.rust(name);
        let mut arguments = Vec::new();
        for part in node.child_by_field_name("body").map(children).unwrap_or_default() {
            match part.kind() {
                "shorthand_field_initializer" => {
                    let name = self.text(part).to_owned();
                    let value = self.builder.name(name.clone(), line(part));
                    arguments.push(Argument::named(name, value));
                }
                "field_initializer" => {
                    let name = self.field(part, "field").unwrap_or_default().to_owned();
                    if let Some(value) = part.child_by_field_name("value") {
                        let value = self.rust(value);
                        arguments.push(Argument::named(name, value));
                    }
                }
                _ => {
                    self.rust_all(part);
                }
            }
        }
        // What a literal gives a field is bound there, by the name of the struct.
        let class = match self.builder.get(callee).map(|callee| callee.kind.clone()) {
            Some(Kind::Name(name)) => self.builder.known_class(&name),
            _ => None,
        };
        if let Some(class) = class {
            let body = self.builder.body_of(class);
            for argument in &arguments {
                let name = argument.name.clone().unwrap_or_default();
                self.builder.bind_in(body, Target::Name(name), Some(argument.value));
            }
        }
        self.builder.add(Kind::Call { callee, arguments, is_new: true }, line(node))
    }

    fn rust_if(&mut self, node: Node<'_>) -> ExpressionId {
        if let Some(condition) = node.child_by_field_name("condition") {
            self.rust(condition);
        }
        let ways = ["consequence", "alternative"].into_iter().filter_map(|way| node.child_by_field_name(way));
        let ways: Vec<Node<'_>> = ways.collect();
        let ways = ways.into_iter().map(|way| self.rust(way)).collect();
        self.builder.add(Kind::Either(ways), line(node))
    }

    fn rust_match(&mut self, node: Node<'_>) -> ExpressionId {
        let value = node.child_by_field_name("value").map(|value| self.rust(value));
        let mut ways = Vec::new();
        for arm in node.child_by_field_name("body").map(children).unwrap_or_default() {
            if let Some(pattern) = arm.child_by_field_name("pattern") {
                self.rust_pattern(pattern, value, None);
            }
            ways.extend(arm.child_by_field_name("value").map(|value| self.rust(value)));
        }
        self.builder.add(Kind::Either(ways), line(node))
    }

    fn rust_closure(&mut self, node: Node<'_>) -> ExpressionId {
        let list = node.child_by_field_name("parameters");
        let (parameters, _) = list.map(|list| self.rust_parameters(list)).unwrap_or_default();
        let scope = self.builder.open_function("", parameters, line(node));
        if let Some(body) = node.child_by_field_name("body") {
            let value = self.rust(body);
            self.builder.current().returns.push(value);
        }
        self.builder.close();
        self.builder.add(Kind::Function(scope), line(node))
    }
}

/// A path with `.`, without what only says where to begin.
fn dotted(path: &str) -> String {
    let path = path.replace("::", ".");
    let mut rest = path.as_str();
    while let Some(after) = ["crate.", "self.", "super."].iter().find_map(|head| rest.strip_prefix(head)) {
        rest = after;
    }
    rest.to_owned()
}

/// Methods that give what they are called on.
fn is_plain(name: &str) -> bool {
    matches!(
        name,
        "clone"
            | "to_string"
            | "to_owned"
            | "into"
            | "as_str"
            | "as_ref"
            | "as_deref"
            | "unwrap"
            | "unwrap_or_default"
            | "as_mut"
            | "cloned"
            | "iter"
            | "into_iter"
            | "to_vec"
            | "trim"
            | "into_string"
            | "borrow"
    )
}

fn is_statement(kind: &str) -> bool {
    matches!(kind, "source_file" | "mod_item" | "declaration_list" | "foreign_mod_item" | "ERROR")
}

fn is_definition(kind: &str) -> bool {
    matches!(
        kind,
        "let_declaration"
            | "const_item"
            | "static_item"
            | "function_item"
            | "struct_item"
            | "enum_item"
            | "impl_item"
            | "trait_item"
            | "use_declaration"
            | "mod_item"
            | "attribute_item"
            | "empty_statement"
    )
}
