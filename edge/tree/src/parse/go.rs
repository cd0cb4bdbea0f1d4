//! Go to the common form.

use kagimori_source::ir::Parameter;

use super::{Argument, ExpressionId, Kind, Lowering, Node, Piece, Target, children, fields, line, unescaped};

/// A whole file.
pub(super) fn file(lowering: &mut Lowering<'_>, root: Node<'_>) {
    lowering.go_statements(root);
}

impl Lowering<'_> {
    fn go_statements(&mut self, node: Node<'_>) {
        for child in children(node) {
            self.deeper((), |this| this.go_statement(child));
        }
    }

    fn go_statement(&mut self, node: Node<'_>) {
        match node.kind() {
            "package_clause" => {
                if let Some(name) = children(node).first() {
                    let name = self.text(*name).to_owned();
                    self.builder.package(&name);
                }
            }
            "import_spec" => self.go_import(node),
            "function_declaration" => self.go_function_named(node),
            "method_declaration" => self.go_method(node),
            "type_spec" => self.go_type_spec(node),
            "short_var_declaration" | "assignment_statement" => {
                let left = node.child_by_field_name("left").map(children).unwrap_or_default();
                let right =
                    node.child_by_field_name("right").map(|right| self.go_all(right)).unwrap_or_default();
                self.go_bind_all(&left, &right, None);
            }
            "var_spec" | "const_spec" => {
                let names = fields(node, "name");
                let declared = self.field(node, "type").map(str::to_owned);
                let values =
                    node.child_by_field_name("value").map(|value| self.go_all(value)).unwrap_or_default();
                self.go_bind_all(&names, &values, declared.as_deref());
            }
            "return_statement" => {
                for child in children(node) {
                    let values = self.go_list(child);
                    // The first says what it gives, the others are errors.
                    if let Some(first) = values.first() {
                        self.builder.current().returns.push(*first);
                    }
                }
            }
            "range_clause" => {
                let right = node.child_by_field_name("right").map(|right| self.go(right));
                let left = node.child_by_field_name("left").map(children).unwrap_or_default();
                if let (Some(last), Some(right)) = (left.last(), right) {
                    let each = self.builder.add(Kind::Each(right), line(node));
                    self.go_bind(*last, Some(each), None);
                }
            }
            kind if is_statement(kind) => self.go_statements(node),
            _ => {
                self.go(node);
            }
        }
    }

    fn go_import(&mut self, node: Node<'_>) {
        let path = self.field(node, "path").unwrap_or_default().trim_matches(['"', '`']).to_owned();
        let named = self.field(node, "name").map(str::to_owned);
        let local = named.unwrap_or_else(|| package_name(&path).to_owned());
        match local.as_str() {
            "." => self.builder.import("*", &path, None),
            "_" => {}
            local => self.builder.import(local, &path, None),
        }
    }

    fn go_bind_all(&mut self, left: &[Node<'_>], right: &[ExpressionId], declared: Option<&str>) {
        for (place, name) in left.iter().enumerate() {
            // `value, err := call()`: the value is the call's.
            let value = if right.len() == left.len() {
                right.get(place)
            } else {
                right.first().filter(|_| place == 0)
            };
            if value.is_some() || declared.is_some() {
                self.go_bind(*name, value.copied(), declared.map(str::to_owned));
            }
        }
    }

    fn go_bind(&mut self, left: Node<'_>, value: Option<ExpressionId>, declared: Option<String>) {
        match left.kind() {
            "identifier" => {
                let name = self.text(left).to_owned();
                if name != "_" {
                    self.builder.bind(Target::Name(name), value, declared);
                }
            }
            "selector_expression" => {
                let of = left.child_by_field_name("operand").map(|of| self.go(of));
                let name = self.field(left, "field").unwrap_or_default().to_owned();
                if let Some(of) = of {
                    self.builder.bind(Target::Member(of, name), value, declared);
                }
            }
            "index_expression" => {
                let of = left.child_by_field_name("operand").map(|of| self.go(of));
                let key = left.child_by_field_name("index").map(|key| self.go(key));
                if let (Some(of), Some(key)) = (of, key) {
                    self.builder.bind(Target::Index(of, key), value, declared);
                }
            }
            _ => {}
        }
    }

    fn go_type_spec(&mut self, node: Node<'_>) {
        let name = self.field(node, "name").unwrap_or_default().to_owned();
        let Some(kind) = node.child_by_field_name("type") else { return };
        if !matches!(kind.kind(), "struct_type" | "interface_type") {
            return;
        }
        let class = self.builder.class(&name, line(node));
        let body = self.builder.body_of(class);
        self.builder.reopen(body);
        for list in children(kind) {
            for field in children(list).into_iter().filter(|field| field.kind() == "field_declaration") {
                let declared = self.field(field, "type").map(str::to_owned);
                for name in fields(field, "name") {
                    let name = self.text(name).to_owned();
                    self.builder.bind(Target::Name(name), None, declared.clone());
                }
                // An embedded type goes by its own name.
                if let (true, Some(declared)) = (fields(field, "name").is_empty(), declared) {
                    let name = declared.rsplit(['.', '*']).next().unwrap_or_default().to_owned();
                    self.builder.bind(Target::Name(name), None, Some(declared));
                }
            }
        }
        self.builder.close();
    }

    fn go_parameters(&mut self, list: Node<'_>) -> Vec<Parameter> {
        let mut all = Vec::new();
        for child in children(list) {
            let is_rest = child.kind() == "variadic_parameter_declaration";
            let declared = self.field(child, "type").map(str::to_owned);
            let names = fields(child, "name");
            if names.is_empty() {
                all.push(Parameter { declared, is_rest, ..Parameter::default() });
                continue;
            }
            for name in names {
                let name = self.text(name).to_owned();
                all.push(Parameter { name, declared: declared.clone(), default: None, is_rest });
            }
        }
        all
    }

    fn go_function_named(&mut self, node: Node<'_>) {
        let name = self.field(node, "name").unwrap_or_default().to_owned();
        let function = self.go_function(node, &name, None);
        self.builder.bind_name(&name, function);
    }

    fn go_method(&mut self, node: Node<'_>) {
        let receiver =
            node.child_by_field_name("receiver").map(|list| self.go_parameters(list)).unwrap_or_default();
        let Some(receiver) = receiver.into_iter().next() else { return };
        let kind = receiver.declared.unwrap_or_default();
        let kind = kind.trim_start_matches('*').split('[').next().unwrap_or_default().to_owned();
        let class = self.builder.class(&kind, line(node));
        let body = self.builder.body_of(class);
        self.builder.reopen(body);
        let name = self.field(node, "name").unwrap_or_default().to_owned();
        self.go_function(node, &name, Some(receiver.name));
        self.builder.close();
    }

    fn go_function(&mut self, node: Node<'_>, name: &str, receiver: Option<String>) -> ExpressionId {
        let parameters =
            node.child_by_field_name("parameters").map(|list| self.go_parameters(list)).unwrap_or_default();
        let gives = self.field(node, "result").map(|gives| {
            gives
                .trim_start_matches('(')
                .split(',')
                .next()
                .unwrap_or_default()
                .trim_end_matches(')')
                .to_owned()
        });
        let scope = self.builder.open_function(name, parameters, line(node));
        let current = self.builder.current();
        current.receiver = receiver;
        current.gives = gives;
        if let Some(body) = node.child_by_field_name("body") {
            self.go_statements(body);
        }
        self.builder.close();
        self.builder.add(Kind::Function(scope), line(node))
    }

    fn go(&mut self, node: Node<'_>) -> ExpressionId {
        let otherwise = if self.depth >= super::DEPTH_MAX { self.other(node) } else { 0 };
        self.deeper(otherwise, |this| this.go_expression(node))
    }

    fn go_all(&mut self, node: Node<'_>) -> Vec<ExpressionId> {
        children(node).into_iter().map(|child| self.go(child)).collect()
    }

    /// The expressions of a list, or the one that it is.
    fn go_list(&mut self, node: Node<'_>) -> Vec<ExpressionId> {
        if node.kind() == "expression_list" { self.go_all(node) } else { vec![self.go(node)] }
    }

    fn go_expression(&mut self, node: Node<'_>) -> ExpressionId {
        let at = line(node);
        match node.kind() {
            "identifier" | "package_identifier" | "type_identifier" | "field_identifier" => {
                self.builder.name(self.text(node), at)
            }
            "interpreted_string_literal" => {
                let text = unescaped(self.text(node).trim_matches('"'));
                self.builder.text(text, at)
            }
            "raw_string_literal" => {
                let text = self.text(node).trim_matches('`').to_owned();
                self.builder.text(text, at)
            }
            "int_literal" | "float_literal" | "true" | "false" | "nil" => {
                self.builder.add(Kind::Literal(self.text(node).to_owned()), at)
            }
            "selector_expression" => {
                let Some(operand) = node.child_by_field_name("operand") else { return self.other(node) };
                let of = self.go(operand);
                let name = node.child_by_field_name("field");
                let text = name.map(|name| self.text(name)).unwrap_or_default();
                self.builder.member(of, text, name.map_or(at, line))
            }
            "qualified_type" => {
                let package = self.field(node, "package").unwrap_or_default().to_owned();
                let name = self.field(node, "name").unwrap_or_default().to_owned();
                let of = self.builder.name(package, at);
                self.builder.member(of, name, at)
            }
            "index_expression" => {
                let of = node.child_by_field_name("operand").map(|of| self.go(of));
                let key = node.child_by_field_name("index").map(|key| self.go(key));
                match (of, key) {
                    (Some(of), Some(key)) => self.builder.add(Kind::Index { of, key }, at),
                    _ => self.other(node),
                }
            }
            "call_expression" => self.go_call(node),
            "composite_literal" => self.go_literal(node),
            "unary_expression"
            | "parenthesized_expression"
            | "expression_statement"
            | "type_assertion_expression"
            | "literal_element" => {
                let first = node.child_by_field_name("operand").or_else(|| children(node).first().copied());
                match first {
                    Some(first) => self.go(first),
                    None => self.other(node),
                }
            }
            "binary_expression" => {
                let left = node.child_by_field_name("left").map(|side| self.go(side));
                let right = node.child_by_field_name("right").map(|side| self.go(side));
                match (left, right, self.field(node, "operator")) {
                    (Some(left), Some(right), Some("+")) => {
                        self.builder.add(Kind::Text(vec![Piece::Hole(left), Piece::Hole(right)]), at)
                    }
                    _ => self.other(node),
                }
            }
            "func_literal" => self.go_function(node, "", None),
            kind if is_statement(kind) || is_definition(kind) => {
                self.go_statement(node);
                self.other(node)
            }
            _ => {
                self.go_all(node);
                self.other(node)
            }
        }
    }

    fn go_call(&mut self, node: Node<'_>) -> ExpressionId {
        let Some(function) = node.child_by_field_name("function") else { return self.other(node) };
        let callee = self.go(function);
        let at = self.builder.get(callee).map_or_else(|| line(node), |callee| callee.line);
        let arguments = node.child_by_field_name("arguments").map(children).unwrap_or_default();
        let arguments = arguments.into_iter().map(|argument| Argument::placed(self.go(argument))).collect();
        self.builder.call(callee, arguments, at)
    }

    /// `s3.PutObjectInput{Bucket: b}` makes an object; maps and slices are what they are.
    fn go_literal(&mut self, node: Node<'_>) -> ExpressionId {
        let at = line(node);
        let kind = node.child_by_field_name("type");
        let Some(body) = node.child_by_field_name("body") else { return self.other(node) };
        match kind.map(|kind| kind.kind()) {
            Some("map_type") => self.go_map(body),
            Some("slice_type" | "array_type" | "implicit_length_array_type") => {
                let items = children(body).into_iter().map(|item| self.go_element(item)).collect();
                self.builder.add(Kind::List(items), at)
            }
            Some(_) => {
                let callee = kind.map(|kind| self.go(kind)).unwrap_or_default();
                let mut arguments = Vec::new();
                for element in children(body) {
                    let parts = children(element);
                    if let ("keyed_element", [key, value, ..]) = (element.kind(), parts.as_slice()) {
                        let key = self.text(*key).trim_matches('"').to_owned();
                        let value = self.go_element(*value);
                        arguments.push(Argument::named(key, value));
                    } else {
                        arguments.push(Argument::placed(self.go_element(element)));
                    }
                }
                self.builder.add(Kind::Call { callee, arguments, is_new: true }, at)
            }
            None => self.other(node),
        }
    }

    /// A value in a literal; one without its type is a map.
    fn go_element(&mut self, node: Node<'_>) -> ExpressionId {
        let inner = if node.kind() == "literal_element" {
            children(node).first().copied().unwrap_or(node)
        } else {
            node
        };
        if inner.kind() == "literal_value" {
            return self.deeper(0, |this| this.go_map(inner));
        }
        self.go(inner)
    }

    fn go_map(&mut self, body: Node<'_>) -> ExpressionId {
        let (mut entries, mut items) = (Vec::new(), Vec::new());
        for element in children(body) {
            let parts = children(element);
            if let ("keyed_element", [key, value, ..]) = (element.kind(), parts.as_slice()) {
                let plain = children(*key).first().copied().unwrap_or(*key);
                // A field's name, or the key of a map.
                let key = match plain.kind() {
                    "identifier" | "field_identifier" => self.builder.text(self.text(plain), line(plain)),
                    _ => self.go(plain),
                };
                let value = self.go_element(*value);
                entries.push((key, value));
            } else {
                items.push(self.go_element(element));
            }
        }
        match items.is_empty() {
            true => self.builder.add(Kind::Map { entries, spread: Vec::new() }, line(body)),
            false => self.builder.add(Kind::List(items), line(body)),
        }
    }
}

/// What a package is called by the path of its import: the last part that is no version.
fn package_name(path: &str) -> &str {
    let is_version = |part: &&str| {
        part.strip_prefix('v')
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let name = path.rsplit('/').find(|part| !is_version(part)).unwrap_or(path);
    name.split(".v").next().unwrap_or(name)
}

fn is_statement(kind: &str) -> bool {
    matches!(
        kind,
        "source_file"
            | "import_declaration"
            | "import_spec_list"
            | "type_declaration"
            | "var_declaration"
            | "var_spec_list"
            | "const_declaration"
            | "block"
            | "statement_list"
            | "if_statement"
            | "for_statement"
            | "for_clause"
            | "expression_switch_statement"
            | "type_switch_statement"
            | "select_statement"
            | "expression_case"
            | "default_case"
            | "type_case"
            | "communication_case"
            | "labeled_statement"
            | "go_statement"
            | "defer_statement"
            | "ERROR"
    )
}

fn is_definition(kind: &str) -> bool {
    matches!(
        kind,
        "short_var_declaration"
            | "assignment_statement"
            | "var_spec"
            | "const_spec"
            | "return_statement"
            | "range_clause"
            | "function_declaration"
    )
}
