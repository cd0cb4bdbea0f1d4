//! Java to the common form.

use kagimori_source::ir::Parameter;

use super::{Argument, ExpressionId, Kind, Lowering, Node, Piece, Target, children, fields, line, unescaped};

/// A whole file.
pub(super) fn file(lowering: &mut Lowering<'_>, root: Node<'_>) {
    lowering.java_statements(root);
}

impl Lowering<'_> {
    fn java_statements(&mut self, node: Node<'_>) {
        for child in children(node) {
            self.deeper((), |this| this.java_statement(child));
        }
    }

    fn java_statement(&mut self, node: Node<'_>) {
        match node.kind() {
            "package_declaration" => {
                if let Some(name) = children(node).last() {
                    let name = self.text(*name).to_owned();
                    self.builder.package(&name);
                }
            }
            "import_declaration" => self.java_import(node),
            "class_declaration" | "interface_declaration" | "enum_declaration" | "record_declaration" => {
                self.java_class(node);
            }
            "method_declaration" | "constructor_declaration" | "compact_constructor_declaration" => {
                let name = self.field(node, "name").unwrap_or_default().to_owned();
                self.java_function(node, &name);
            }
            "field_declaration" | "local_variable_declaration" | "constant_declaration" => {
                let declared = self.field(node, "type").filter(|kind| *kind != "var").map(str::to_owned);
                for declarator in fields(node, "declarator") {
                    let name = self.field(declarator, "name").unwrap_or_default().to_owned();
                    let value = declarator.child_by_field_name("value").map(|value| self.java(value));
                    self.builder.bind(Target::Name(name), value, declared.clone());
                }
            }
            "resource" => {
                let declared = self.field(node, "type").map(str::to_owned);
                let value = node.child_by_field_name("value").map(|value| self.java(value));
                if let Some(name) = self.field(node, "name") {
                    let name = name.to_owned();
                    self.builder.bind(Target::Name(name), value, declared);
                }
            }
            "return_statement" => {
                for child in children(node) {
                    let value = self.java(child);
                    self.builder.current().returns.push(value);
                }
            }
            "enhanced_for_statement" => {
                let of = node.child_by_field_name("value").map(|value| self.java(value));
                let name = self.field(node, "name").unwrap_or_default().to_owned();
                if let Some(of) = of {
                    let each = self.builder.add(Kind::Each(of), line(node));
                    self.builder.bind_name(&name, each);
                }
                if let Some(body) = node.child_by_field_name("body") {
                    self.deeper((), |this| this.java_statement(body));
                }
            }
            kind if is_statement(kind) => self.java_statements(node),
            "marker_annotation" | "annotation" | "modifiers" => {}
            _ => {
                self.java(node);
            }
        }
    }

    fn java_import(&mut self, node: Node<'_>) {
        let parts = children(node);
        let Some(name) = parts.first() else { return };
        let module = self.text(*name).to_owned();
        if parts.iter().any(|part| part.kind() == "asterisk") {
            self.builder.import("*", &module, None);
        } else {
            let local = module.rsplit('.').next().unwrap_or(&module).to_owned();
            self.builder.import(&local, &module, None);
        }
    }

    fn java_class(&mut self, node: Node<'_>) {
        let name = self.field(node, "name").unwrap_or_default().to_owned();
        let base =
            self.field(node, "superclass").map(|base| base.trim_start_matches("extends").trim().to_owned());
        self.builder.open_class(&name, base.into_iter().collect(), line(node));
        // The parts of a record are its fields.
        if let Some(parts) = node.child_by_field_name("parameters") {
            for parameter in self.java_parameters(parts) {
                self.builder.bind(Target::Name(parameter.name), None, parameter.declared);
            }
        }
        if let Some(body) = node.child_by_field_name("body") {
            self.java_statements(body);
        }
        self.builder.close();
    }

    fn java_parameters(&mut self, list: Node<'_>) -> Vec<Parameter> {
        let mut all = Vec::new();
        for child in children(list) {
            let name = match child.kind() {
                "identifier" => Some(self.text(child)),
                "formal_parameter" => self.field(child, "name"),
                "spread_parameter" => children(child).last().and_then(|last| self.field(*last, "name")),
                _ => continue,
            };
            let declared = self.field(child, "type").map(str::to_owned);
            let name = name.unwrap_or_default().to_owned();
            all.push(Parameter {
                name,
                declared,
                default: None,
                is_rest: child.kind() == "spread_parameter",
            });
        }
        all
    }

    fn java_function(&mut self, node: Node<'_>, name: &str) -> ExpressionId {
        let parameters = match node.child_by_field_name("parameters") {
            Some(one) if one.kind() == "identifier" => {
                vec![Parameter { name: self.text(one).to_owned(), ..Parameter::default() }]
            }
            Some(list) => self.java_parameters(list),
            None => Vec::new(),
        };
        let is_method = self.builder.current().is_class_body;
        let gives = self.field(node, "type").map(str::to_owned);
        let scope = self.builder.open_function(name, parameters, line(node));
        let current = self.builder.current();
        current.gives = gives;
        if is_method {
            current.receiver = Some("this".to_owned());
        }
        if let Some(body) = node.child_by_field_name("body") {
            if is_statement(body.kind()) {
                self.java_statements(body);
            } else {
                let value = self.java(body);
                self.builder.current().returns.push(value);
            }
        }
        self.builder.close();
        self.builder.add(Kind::Function(scope), line(node))
    }

    fn java(&mut self, node: Node<'_>) -> ExpressionId {
        let otherwise = if self.depth >= super::DEPTH_MAX { self.other(node) } else { 0 };
        self.deeper(otherwise, |this| this.java_expression(node))
    }

    fn java_all(&mut self, node: Node<'_>) -> Vec<ExpressionId> {
        children(node).into_iter().map(|child| self.java(child)).collect()
    }

    fn java_expression(&mut self, node: Node<'_>) -> ExpressionId {
        let at = line(node);
        match node.kind() {
            "identifier" | "this" | "super" | "type_identifier" => self.builder.name(self.text(node), at),
            "string_literal" => {
                let text = unescaped(self.text(node).trim_matches('"'));
                self.builder.text(text, at)
            }
            "decimal_integer_literal" | "true" | "false" | "null_literal" => {
                let text = self.text(node).to_owned();
                self.builder.add(Kind::Literal(text), at)
            }
            "field_access" | "scoped_identifier" | "scoped_type_identifier" => self.java_field(node),
            "method_invocation" => self.java_invocation(node),
            "object_creation_expression" => {
                let Some(kind) = node.child_by_field_name("type") else { return self.other(node) };
                let kind = if kind.kind() == "generic_type" {
                    children(kind).first().copied().unwrap_or(kind)
                } else {
                    kind
                };
                let callee = self.java(kind);
                let arguments = self.java_arguments(node);
                for body in children(node).into_iter().filter(|child| child.kind() == "class_body") {
                    self.builder.open_class("", Vec::new(), line(body));
                    self.java_statements(body);
                    self.builder.close();
                }
                self.builder.add(Kind::Call { callee, arguments, is_new: true }, at)
            }
            "binary_expression" => {
                let left = node.child_by_field_name("left").map(|side| self.java(side));
                let right = node.child_by_field_name("right").map(|side| self.java(side));
                match (left, right, self.field(node, "operator")) {
                    (Some(left), Some(right), Some("+")) => {
                        self.builder.add(Kind::Text(vec![Piece::Hole(left), Piece::Hole(right)]), at)
                    }
                    _ => self.other(node),
                }
            }
            "ternary_expression" => {
                if let Some(condition) = node.child_by_field_name("condition") {
                    self.java(condition);
                }
                let ways: Vec<Node<'_>> = ["consequence", "alternative"]
                    .into_iter()
                    .filter_map(|way| node.child_by_field_name(way))
                    .collect();
                let ways = ways.into_iter().map(|way| self.java(way)).collect();
                self.builder.add(Kind::Either(ways), at)
            }
            "assignment_expression" => {
                let value = node.child_by_field_name("right").map(|right| self.java(right));
                if let (Some(left), Some(value)) = (node.child_by_field_name("left"), value) {
                    self.java_bind(left, value);
                }
                value.unwrap_or_default()
            }
            "lambda_expression" => self.java_function(node, ""),
            "array_initializer" => {
                let items = self.java_all(node);
                self.builder.add(Kind::List(items), at)
            }
            "cast_expression" => match node.child_by_field_name("value") {
                Some(value) => self.java(value),
                None => self.other(node),
            },
            "parenthesized_expression" | "expression_statement" => {
                let parts = self.java_all(node);
                parts.last().copied().unwrap_or_else(|| self.other(node))
            }
            kind if is_statement(kind) || is_definition(kind) => {
                self.java_statement(node);
                self.other(node)
            }
            _ => {
                self.java_all(node);
                self.other(node)
            }
        }
    }

    fn java_field(&mut self, node: Node<'_>) -> ExpressionId {
        let parts = children(node);
        match parts.as_slice() {
            [of, .., name] => {
                let text = self.text(*name).to_owned();
                let of = self.java(*of);
                self.builder.member(of, text, line(*name))
            }
            _ => self.other(node),
        }
    }

    fn java_arguments(&mut self, node: Node<'_>) -> Vec<Argument> {
        let list = node.child_by_field_name("arguments").map(children).unwrap_or_default();
        list.into_iter().map(|argument| Argument::placed(self.java(argument))).collect()
    }

    fn java_invocation(&mut self, node: Node<'_>) -> ExpressionId {
        let Some(name) = node.child_by_field_name("name") else { return self.other(node) };
        let text = self.text(name).to_owned();
        let at = line(name);
        let callee = match node.child_by_field_name("object") {
            Some(object) => {
                let of = self.java(object);
                self.builder.member(of, text.clone(), at)
            }
            None => self.builder.name(text.clone(), at),
        };
        let arguments = self.java_arguments(node);
        // `request.setBucketName("b")` puts a key into what the name holds.
        let set = text
            .strip_prefix("set")
            .filter(|rest| rest.starts_with(|letter: char| letter.is_ascii_uppercase()));
        let object = node.child_by_field_name("object").filter(|object| object.kind() == "identifier");
        if let (Some(object), Some(key), [argument]) = (object, set, arguments.as_slice()) {
            let (key, value) = (key.to_owned(), argument.value);
            let of = self.builder.name(self.text(object), at);
            self.builder.bind(Target::Member(of, key), Some(value), None);
        }
        self.builder.call(callee, arguments, at)
    }

    fn java_bind(&mut self, left: Node<'_>, value: ExpressionId) {
        match left.kind() {
            "identifier" => {
                let name = self.text(left).to_owned();
                self.java_bind_name(&name, value, line(left));
            }
            "field_access" => {
                let parts = children(left);
                if let [of, .., name] = parts.as_slice() {
                    let name = self.text(*name).to_owned();
                    let of = self.java(*of);
                    self.builder.bind(Target::Member(of, name), Some(value), None);
                }
            }
            _ => {}
        }
    }

    /// A name may be a field of the class around: then it is bound there, too.
    fn java_bind_name(&mut self, name: &str, value: ExpressionId, at: u32) {
        if !self.builder.is_bound_here(name) {
            let this = self.builder.name("this", at);
            self.builder.bind(Target::Member(this, name.to_owned()), Some(value), None);
        } else {
            self.builder.bind_name(name, value);
        }
    }
}

fn is_statement(kind: &str) -> bool {
    matches!(
        kind,
        "program"
            | "block"
            | "class_body"
            | "interface_body"
            | "enum_body"
            | "enum_body_declarations"
            | "constructor_body"
            | "if_statement"
            | "while_statement"
            | "do_statement"
            | "for_statement"
            | "try_statement"
            | "try_with_resources_statement"
            | "resource_specification"
            | "catch_clause"
            | "finally_clause"
            | "switch_expression"
            | "switch_block"
            | "switch_block_statement_group"
            | "switch_rule"
            | "labeled_statement"
            | "synchronized_statement"
            | "expression_statement"
            | "static_initializer"
            | "ERROR"
    )
}

fn is_definition(kind: &str) -> bool {
    matches!(
        kind,
        "local_variable_declaration"
            | "field_declaration"
            | "return_statement"
            | "enhanced_for_statement"
            | "class_declaration"
            | "method_declaration"
            | "resource"
    )
}
