//! PHP to the common form. Variables keep their `$`, so that no function or class is taken for one.

use kagimori_source::ir::Parameter;

use super::{
    Argument, ExpressionId, Kind, Lowering, Node, Piece, Target, children, line, text_of, unescaped,
};

/// A whole file.
pub(super) fn file(lowering: &mut Lowering<'_>, root: Node<'_>) {
    lowering.php_statements(root);
}

impl Lowering<'_> {
    fn php_statements(&mut self, node: Node<'_>) {
        for child in children(node) {
            self.deeper((), |this| this.php_statement(child));
        }
    }

    fn php_statement(&mut self, node: Node<'_>) {
        match node.kind() {
            "namespace_definition" => {
                let name = self.field(node, "name").unwrap_or_default().to_owned();
                self.builder.package(&name);
                self.php_statements(node);
            }
            "namespace_use_declaration" => self.php_use(node),
            "class_declaration" | "trait_declaration" | "enum_declaration" => self.php_class(node),
            "function_definition" => {
                let name = self.field(node, "name").unwrap_or_default().to_owned();
                let function = self.php_function(node, &name, false);
                self.builder.bind_name(&name, function);
            }
            "return_statement" => {
                for child in children(node) {
                    let value = self.php(child);
                    self.builder.current().returns.push(value);
                }
            }
            "const_declaration" => {
                for element in children(node).into_iter().filter(|child| child.kind() == "const_element") {
                    let parts = children(element);
                    if let [name, value] = parts.as_slice() {
                        let name = self.text(*name).to_owned();
                        let value = self.php(*value);
                        self.builder.bind_name(&name, value);
                    }
                }
            }
            "foreach_statement" => self.php_foreach(node),
            kind if is_statement(kind) => self.php_statements(node),
            _ => {
                self.php(node);
            }
        }
    }

    fn php_use(&mut self, node: Node<'_>) {
        let prefix = children(node).into_iter().find(|child| child.kind() == "namespace_name");
        let prefix = prefix.map(|prefix| format!("{}\\", self.text(prefix))).unwrap_or_default();
        let mut clauses = Vec::new();
        for child in children(node) {
            match child.kind() {
                "namespace_use_clause" => clauses.push(child),
                "namespace_use_group" => clauses.extend(children(child)),
                _ => {}
            }
        }
        for clause in clauses {
            let text = self.text(clause);
            let (name, alias) = text.split_once(" as ").unwrap_or((text, ""));
            let name = format!("{prefix}{}", name.trim().trim_start_matches('\\'));
            let local =
                if alias.is_empty() { name.rsplit('\\').next().unwrap_or_default() } else { alias.trim() };
            self.builder.import(local, &name, None);
        }
    }

    fn php_class(&mut self, node: Node<'_>) {
        let name = self.field(node, "name").unwrap_or_default().to_owned();
        let base = children(node).into_iter().find(|child| child.kind() == "base_clause");
        let bases = base.map(children).unwrap_or_default();
        let bases =
            bases.into_iter().map(|base| self.text(base).trim_start_matches('\\').to_owned()).collect();
        self.builder.open_class(&name, bases, line(node));
        for member in node.child_by_field_name("body").map(children).unwrap_or_default() {
            match member.kind() {
                "method_declaration" => {
                    let name = self.field(member, "name").unwrap_or_default().to_owned();
                    self.php_function(member, &name, true);
                }
                "property_declaration" => {
                    let declared = self.field(member, "type").map(str::to_owned);
                    for element in
                        children(member).into_iter().filter(|child| child.kind() == "property_element")
                    {
                        let parts = children(element);
                        let name =
                            parts.first().map(|name| self.text(*name).trim_start_matches('$').to_owned());
                        let value = parts.get(1).map(|value| self.php(*value));
                        self.builder.bind(Target::Name(name.unwrap_or_default()), value, declared.clone());
                    }
                }
                _ => self.deeper((), |this| this.php_statement(member)),
            }
        }
        self.builder.close();
    }

    fn php_function(&mut self, node: Node<'_>, name: &str, is_method: bool) -> ExpressionId {
        let mut promoted = Vec::new();
        let mut parameters = Vec::new();
        for child in node.child_by_field_name("parameters").map(children).unwrap_or_default() {
            let Some(of) = child.child_by_field_name("name") else { continue };
            let name = self.text(of).trim_start_matches("...").trim_start_matches('&').to_owned();
            let declared = self.field(child, "type").map(str::to_owned);
            let default = child.child_by_field_name("default_value").map(|value| self.php(value));
            if child.kind() == "property_promotion_parameter" {
                promoted.push((name.clone(), line(child)));
            }
            parameters.push(Parameter {
                name,
                declared,
                default,
                is_rest: child.kind() == "variadic_parameter",
            });
        }
        let gives = self.field(node, "return_type").map(str::to_owned);
        let scope = self.builder.open_function(name, parameters, line(node));
        let current = self.builder.current();
        current.gives = gives;
        if is_method {
            current.receiver = Some("$this".to_owned());
        }
        for (name, at) in promoted {
            let this = self.builder.name("$this", at);
            let value = self.builder.name(name.clone(), at);
            let field = name.trim_start_matches('$').to_owned();
            self.builder.bind(Target::Member(this, field), Some(value), None);
        }
        if let Some(body) = node.child_by_field_name("body") {
            if body.kind() == "compound_statement" {
                self.php_statements(body);
            } else {
                let value = self.php(body);
                self.builder.current().returns.push(value);
            }
        }
        self.builder.close();
        self.builder.add(Kind::Function(scope), line(node))
    }

    fn php_foreach(&mut self, node: Node<'_>) {
        let parts = children(node);
        let body = node.child_by_field_name("body");
        let mut heads = parts.into_iter().filter(|part| Some(*part) != body);
        if let (Some(of), Some(each)) = (heads.next(), heads.next()) {
            let of = self.php(of);
            let value = self.builder.add(Kind::Each(of), line(node));
            let each =
                if each.kind() == "pair" { children(each).last().copied().unwrap_or(each) } else { each };
            self.php_bind(each, value);
        }
        if let Some(body) = body {
            self.deeper((), |this| this.php_statement(body));
        }
    }

    fn php_bind(&mut self, left: Node<'_>, value: ExpressionId) {
        match left.kind() {
            "variable_name" => {
                let name = self.text(left).to_owned();
                self.builder.bind_name(&name, value);
            }
            "member_access_expression" => {
                let of = left.child_by_field_name("object").map(|of| self.php(of));
                let name = self.field(left, "name").unwrap_or_default().to_owned();
                if let Some(of) = of {
                    self.builder.bind(Target::Member(of, name), Some(value), None);
                }
            }
            "scoped_property_access_expression" => {
                // `self::$client = …` is a field of the class.
                let this = self.builder.name("$this", line(left));
                let name = self.field(left, "name").unwrap_or_default().trim_start_matches('$').to_owned();
                self.builder.bind(Target::Member(this, name), Some(value), None);
            }
            "subscript_expression" => {
                let parts = children(left);
                if let [of, key] = parts.as_slice() {
                    let (of, key) = (self.php(*of), self.php(*key));
                    self.builder.bind(Target::Index(of, key), Some(value), None);
                }
            }
            "list_literal" | "array_creation_expression" => {
                for (place, part) in children(left).into_iter().enumerate() {
                    let part = children(part)
                        .last()
                        .copied()
                        .filter(|_| part.kind() == "array_element_initializer")
                        .unwrap_or(part);
                    let key = self.builder.add(Kind::Literal(place.to_string()), line(part));
                    let found = self.builder.add(Kind::Index { of: value, key }, line(part));
                    self.deeper((), |this| this.php_bind(part, found));
                }
            }
            _ => {}
        }
    }

    fn php(&mut self, node: Node<'_>) -> ExpressionId {
        let otherwise = if self.depth >= super::DEPTH_MAX { self.other(node) } else { 0 };
        self.deeper(otherwise, |this| this.php_expression(node))
    }

    fn php_all(&mut self, node: Node<'_>) -> Vec<ExpressionId> {
        children(node).into_iter().map(|child| self.php(child)).collect()
    }

    fn php_expression(&mut self, node: Node<'_>) -> ExpressionId {
        let at = line(node);
        match node.kind() {
            "variable_name" => self.builder.name(self.text(node), at),
            "name" | "qualified_name" | "relative_scope" => {
                let text = self.text(node).trim_start_matches('\\');
                // The class around, by whatever name.
                let text = if matches!(text, "self" | "static") { "$this" } else { text };
                self.builder.name(text, at)
            }
            "string" | "nowdoc" => {
                let text = unescaped(self.text(node).trim_matches('\''));
                self.builder.text(text, at)
            }
            "encapsed_string" | "heredoc" => self.php_encapsed(node),
            "integer" | "float" | "boolean" | "null" => {
                self.builder.add(Kind::Literal(self.text(node).to_owned()), at)
            }
            "member_access_expression" | "nullsafe_member_access_expression" => {
                let Some(object) = node.child_by_field_name("object") else { return self.other(node) };
                let of = self.php(object);
                let name = node.child_by_field_name("name");
                self.builder.member(
                    of,
                    name.map(|name| self.text(name)).unwrap_or_default(),
                    name.map_or(at, line),
                )
            }
            "scoped_property_access_expression" | "class_constant_access_expression" => {
                let parts = children(node);
                let (Some(of), Some(name)) = (parts.first(), parts.last()) else { return self.other(node) };
                let text = self.text(*name).trim_start_matches('$').to_owned();
                let of = self.php(*of);
                self.builder.member(of, text, line(*name))
            }
            "subscript_expression" => {
                let parts = children(node);
                match parts.as_slice() {
                    [of, key] => {
                        let (of, key) = (self.php(*of), self.php(*key));
                        self.builder.add(Kind::Index { of, key }, at)
                    }
                    _ => self.other(node),
                }
            }
            "function_call_expression" => {
                let Some(function) = node.child_by_field_name("function") else { return self.other(node) };
                let callee = self.php(function);
                self.php_call(node, callee, at, false)
            }
            "member_call_expression" | "nullsafe_member_call_expression" | "scoped_call_expression" => {
                let object = node.child_by_field_name("object").or_else(|| node.child_by_field_name("scope"));
                let (Some(object), Some(name)) = (object, node.child_by_field_name("name")) else {
                    return self.other(node);
                };
                let of = self.php(object);
                let at = line(name);
                let callee = if name.kind() == "name" {
                    self.builder.member(of, self.text(name), at)
                } else {
                    // `$client->$method()`: the name is a value.
                    let getter = self.builder.name("getattr", at);
                    let name = self.php(name);
                    self.builder.call(getter, vec![Argument::placed(of), Argument::placed(name)], at)
                };
                self.php_call(node, callee, at, false)
            }
            "object_creation_expression" => {
                let class = children(node).into_iter().find(|child| child.kind() != "arguments");
                let Some(class) = class else { return self.other(node) };
                let callee = self.php(class);
                let at = line(class);
                self.php_call(node, callee, at, true)
            }
            "array_creation_expression" => self.php_array(node),
            "binary_expression" => {
                let left = node.child_by_field_name("left").map(|side| self.php(side));
                let right = node.child_by_field_name("right").map(|side| self.php(side));
                match (left, right, self.field(node, "operator")) {
                    (Some(left), Some(right), Some(".")) => {
                        self.builder.add(Kind::Text(vec![Piece::Hole(left), Piece::Hole(right)]), at)
                    }
                    (Some(left), Some(right), Some("??")) => {
                        self.builder.add(Kind::Either(vec![left, right]), at)
                    }
                    _ => self.other(node),
                }
            }
            "conditional_expression" => {
                let parts = self.php_all(node);
                let ways = if parts.len() > 2 { parts.get(1..).unwrap_or_default().to_vec() } else { parts };
                self.builder.add(Kind::Either(ways), at)
            }
            "assignment_expression"
            | "augmented_assignment_expression"
            | "reference_assignment_expression" => {
                let value = node.child_by_field_name("right").map(|right| self.php(right));
                if let (Some(left), Some(value)) = (node.child_by_field_name("left"), value) {
                    self.php_bind(left, value);
                }
                value.unwrap_or_default()
            }
            "anonymous_function" | "anonymous_function_creation_expression" | "arrow_function" => {
                self.php_function(node, "", false)
            }
            "parenthesized_expression"
            | "expression_statement"
            | "clone_expression"
            | "print_intrinsic"
            | "error_suppression_expression" => {
                let parts = self.php_all(node);
                parts.last().copied().unwrap_or_else(|| self.other(node))
            }
            "cast_expression" => match node.child_by_field_name("value") {
                Some(value) => self.php(value),
                None => self.other(node),
            },
            kind if is_statement(kind) || is_definition(kind) => {
                self.php_statement(node);
                self.other(node)
            }
            _ => {
                self.php_all(node);
                self.other(node)
            }
        }
    }

    fn php_call(&mut self, node: Node<'_>, callee: ExpressionId, at: u32, is_new: bool) -> ExpressionId {
        let list = node.child_by_field_name("arguments");
        let list = list.or_else(|| children(node).into_iter().find(|child| child.kind() == "arguments"));
        let mut arguments = Vec::new();
        for argument in list.map(children).unwrap_or_default() {
            let inner = children(argument);
            let is_spread = inner.last().is_some_and(|inner| inner.kind() == "variadic_unpacking");
            let name = self.field(argument, "name").map(str::to_owned);
            let value = match inner.last() {
                Some(inner) => self.php(*inner),
                None => self.php(argument),
            };
            arguments.push(Argument { name, value, is_spread });
        }
        self.builder.add(Kind::Call { callee, arguments, is_new }, at)
    }

    fn php_encapsed(&mut self, node: Node<'_>) -> ExpressionId {
        let mut pieces = Vec::new();
        let mut cursor = node.walk();
        let parts: Vec<Node<'_>> = node.named_children(&mut cursor).collect();
        for part in parts {
            match part.kind() {
                "string_content" | "escape_sequence" => pieces.push(Piece::Known(unescaped(self.text(part)))),
                "heredoc_start" | "heredoc_end" => {}
                "heredoc_body" => pieces.push(Piece::Hole(self.deeper(0, |this| this.php_encapsed(part)))),
                _ => pieces.push(Piece::Hole(self.php(part))),
            }
        }
        self.builder.add(text_of(pieces), line(node))
    }

    fn php_array(&mut self, node: Node<'_>) -> ExpressionId {
        let (mut entries, mut items, mut spread) = (Vec::new(), Vec::new(), Vec::new());
        for element in children(node) {
            let parts = children(element);
            match parts.as_slice() {
                [key, value] => {
                    let (key, value) = (self.php(*key), self.php(*value));
                    entries.push((key, value));
                }
                [one] if one.kind() == "variadic_unpacking" => spread.extend(self.php_all(*one)),
                [one] => items.push(self.php(*one)),
                _ => {}
            }
        }
        match items.is_empty() {
            true => self.builder.add(Kind::Map { entries, spread }, line(node)),
            false => self.builder.add(Kind::List(items), line(node)),
        }
    }
}

fn is_statement(kind: &str) -> bool {
    matches!(
        kind,
        "program"
            | "compound_statement"
            | "if_statement"
            | "else_clause"
            | "else_if_clause"
            | "while_statement"
            | "do_statement"
            | "for_statement"
            | "switch_statement"
            | "switch_block"
            | "case_statement"
            | "default_statement"
            | "try_statement"
            | "catch_clause"
            | "finally_clause"
            | "expression_statement"
            | "echo_statement"
            | "declaration_list"
            | "colon_block"
            | "ERROR"
    )
}

fn is_definition(kind: &str) -> bool {
    matches!(
        kind,
        "class_declaration"
            | "function_definition"
            | "return_statement"
            | "foreach_statement"
            | "namespace_use_declaration"
    )
}
