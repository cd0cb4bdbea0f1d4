//! Python to the common form.

use kagimori_source::ir::Parameter;

use super::{
    Argument, ExpressionId, Kind, Lowering, Node, Piece, Target, children, fields, line, text_of, unescaped,
};

/// A whole file.
pub(super) fn file(lowering: &mut Lowering<'_>, root: Node<'_>) {
    lowering.python_statements(root);
}

impl Lowering<'_> {
    fn python_statements(&mut self, node: Node<'_>) {
        for child in children(node) {
            self.deeper((), |this| this.python_statement(child));
        }
    }

    fn python_statement(&mut self, node: Node<'_>) {
        match node.kind() {
            "import_statement" => self.python_import(node),
            "import_from_statement" => self.python_import_from(node),
            "function_definition" => self.python_function(node, false),
            "class_definition" => self.python_class(node),
            "decorated_definition" => self.python_decorated(node),
            "return_statement" => {
                for child in children(node) {
                    let value = self.python(child);
                    self.builder.current().returns.push(value);
                }
            }
            "for_statement" => {
                self.python_each(node);
                for body in fields(node, "body").into_iter().chain(fields(node, "alternative")) {
                    self.python_statements(body);
                }
            }
            "with_item" => {
                if let Some(value) = node.child_by_field_name("value") {
                    self.python(value);
                }
            }
            kind if is_statement(kind) => self.python_statements(node),
            _ => {
                self.python(node);
            }
        }
    }

    fn python_import(&mut self, node: Node<'_>) {
        for name in fields(node, "name") {
            match name.kind() {
                "aliased_import" => {
                    let module = self.field(name, "name").unwrap_or_default();
                    let local = self.field(name, "alias").unwrap_or_default();
                    self.builder.import(local, module, None);
                }
                // `import a.b` binds `a`.
                _ => {
                    let module = self.text(name);
                    let head = module.split('.').next().unwrap_or_default();
                    self.builder.import(head, head, None);
                }
            }
        }
    }

    fn python_import_from(&mut self, node: Node<'_>) {
        let module = self.field(node, "module_name").unwrap_or_default();
        for name in fields(node, "name") {
            let (member, local) = match name.kind() {
                "aliased_import" => (self.field(name, "name"), self.field(name, "alias")),
                _ => (Some(self.text(name)), Some(self.text(name))),
            };
            self.builder.import(local.unwrap_or_default(), module, member);
        }
        if children(node).iter().any(|child| child.kind() == "wildcard_import") {
            self.builder.import("*", module, None);
        }
    }

    fn python_decorated(&mut self, node: Node<'_>) {
        let mut is_property = false;
        for child in children(node) {
            match child.kind() {
                "decorator" => {
                    let text = self.text(child);
                    is_property |= text.trim_start_matches('@').trim().ends_with("property");
                    for inner in children(child) {
                        self.python(inner);
                    }
                }
                "function_definition" => self.python_function(child, is_property),
                _ => self.python_statement(child),
            }
        }
    }

    fn python_function(&mut self, node: Node<'_>, is_property: bool) {
        let name = self.field(node, "name").unwrap_or_default();
        let (mut parameters, is_static) = match node.child_by_field_name("parameters") {
            Some(list) => (self.python_parameters(list), false),
            None => (Vec::new(), true),
        };
        let is_method = self.builder.current().is_class_body;
        let has_receiver = is_method
            && !is_static
            && parameters
                .first()
                .is_some_and(|first| matches!(first.name.as_str(), "self" | "cls" | "this" | "klass"));
        let receiver = has_receiver.then(|| parameters.remove(0).name);
        let gives = self.field(node, "return_type").map(str::to_owned);
        let scope = self.builder.open_function(name, parameters, line(node));
        let current = self.builder.current();
        current.receiver = receiver;
        current.is_property = is_property;
        current.gives = gives;
        if let Some(body) = node.child_by_field_name("body") {
            self.python_statements(body);
        }
        self.builder.close();
        let function = self.builder.add(Kind::Function(scope), line(node));
        self.builder.bind_name(name, function);
    }

    fn python_parameters(&mut self, list: Node<'_>) -> Vec<Parameter> {
        let mut parameters = Vec::new();
        for child in children(list) {
            let is_rest = matches!(child.kind(), "list_splat_pattern" | "dictionary_splat_pattern");
            let name = match child.kind() {
                "identifier" => self.text(child),
                "default_parameter" | "typed_default_parameter" => {
                    self.field(child, "name").unwrap_or_default()
                }
                "typed_parameter" | "list_splat_pattern" | "dictionary_splat_pattern" => {
                    children(child).first().map(|inner| self.text(*inner)).unwrap_or_default()
                }
                _ => continue,
            };
            let default = child.child_by_field_name("value").map(|value| self.python(value));
            let declared = self.field(child, "type").map(str::to_owned);
            let name = name.trim_start_matches('*').to_owned();
            parameters.push(Parameter { name, declared, default, is_rest });
        }
        parameters
    }

    fn python_class(&mut self, node: Node<'_>) {
        let name = self.field(node, "name").unwrap_or_default();
        let bases = node.child_by_field_name("superclasses").map(children).unwrap_or_default();
        let bases = bases.into_iter().filter(|base| base.kind() != "keyword_argument");
        let bases = bases.map(|base| self.text(base).to_owned()).collect();
        self.builder.open_class(name, bases, line(node));
        if let Some(body) = node.child_by_field_name("body") {
            self.python_statements(body);
        }
        self.builder.close();
    }

    /// `for left in right`.
    fn python_each(&mut self, node: Node<'_>) {
        let right = node.child_by_field_name("right").map(|right| self.python(right));
        if let (Some(left), Some(right)) = (node.child_by_field_name("left"), right) {
            let each = self.builder.add(Kind::Each(right), line(node));
            self.python_bind(left, Some(each), None);
        }
    }

    fn python_bind(&mut self, left: Node<'_>, value: Option<ExpressionId>, declared: Option<String>) {
        match left.kind() {
            "identifier" => {
                let name = self.text(left).to_owned();
                self.builder.bind(Target::Name(name), value, declared);
            }
            "attribute" => {
                let of = left.child_by_field_name("object").map(|of| self.python(of));
                let name = self.field(left, "attribute").unwrap_or_default().to_owned();
                if let Some(of) = of {
                    self.builder.bind(Target::Member(of, name), value, declared);
                }
            }
            "subscript" => {
                let of = left.child_by_field_name("value").map(|of| self.python(of));
                let key = left.child_by_field_name("subscript").map(|key| self.python(key));
                if let (Some(of), Some(key)) = (of, key) {
                    self.builder.bind(Target::Index(of, key), value, declared);
                }
            }
            "pattern_list" | "tuple_pattern" | "list_pattern" | "tuple" | "list" => {
                for (place, part) in children(left).into_iter().enumerate() {
                    let value = value.map(|of| {
                        let key = self.builder.add(Kind::Literal(place.to_string()), line(part));
                        self.builder.add(Kind::Index { of, key }, line(part))
                    });
                    self.python_bind(part, value, None);
                }
            }
            "as_pattern_target" => {
                for part in children(left) {
                    self.python_bind(part, value, None);
                }
            }
            _ => {}
        }
    }

    fn python(&mut self, node: Node<'_>) -> ExpressionId {
        let otherwise = if self.depth >= super::DEPTH_MAX { self.other(node) } else { 0 };
        self.deeper(otherwise, |this| this.python_expression(node))
    }

    fn python_expression(&mut self, node: Node<'_>) -> ExpressionId {
        let at = line(node);
        match node.kind() {
            "identifier" => self.builder.name(self.text(node), at),
            "string" => self.python_string(node),
            "concatenated_string" => {
                let pieces = children(node).into_iter().map(|part| Piece::Hole(self.python(part))).collect();
                self.builder.add(Kind::Text(pieces), at)
            }
            "integer" | "float" | "true" | "false" | "none" => {
                let text = self.text(node).to_owned();
                self.builder.add(Kind::Literal(text), at)
            }
            "attribute" => {
                let Some(object) = node.child_by_field_name("object") else { return self.other(node) };
                let of = self.python(object);
                let name = node.child_by_field_name("attribute");
                let text = name.map(|name| self.text(name)).unwrap_or_default();
                self.builder.member(of, text, name.map_or(at, line))
            }
            "subscript" => self.python_subscript(node),
            "call" => self.python_call(node),
            "binary_operator" => self.python_operator(node),
            "boolean_operator" => {
                let sides = [node.child_by_field_name("left"), node.child_by_field_name("right")];
                let sides = sides.into_iter().flatten().map(|side| self.python(side)).collect();
                self.builder.add(Kind::Either(sides), at)
            }
            "conditional_expression" => {
                let parts: Vec<ExpressionId> =
                    children(node).into_iter().map(|part| self.python(part)).collect();
                let ways = parts.first().into_iter().chain(parts.get(2)).copied().collect();
                self.builder.add(Kind::Either(ways), at)
            }
            "parenthesized_expression" | "await" | "expression_statement" => {
                let parts: Vec<ExpressionId> =
                    children(node).into_iter().map(|part| self.python(part)).collect();
                match parts.last() {
                    Some(last) => *last,
                    None => self.other(node),
                }
            }
            "list" | "tuple" | "set" | "expression_list" => {
                let parts = children(node).into_iter().map(|part| self.python(part)).collect();
                self.builder.add(Kind::List(parts), at)
            }
            "dictionary" => self.python_dictionary(node),
            "lambda" => self.python_lambda(node),
            "list_comprehension"
            | "set_comprehension"
            | "generator_expression"
            | "dictionary_comprehension" => self.python_comprehension(node),
            "assignment" => self.python_assignment(node),
            "augmented_assignment" => {
                let right = node.child_by_field_name("right").map(|right| self.python(right));
                if let (Some(left), Some(right)) = (node.child_by_field_name("left"), right) {
                    let left_value = self.python(left);
                    let joined =
                        self.builder.add(Kind::Text(vec![Piece::Hole(left_value), Piece::Hole(right)]), at);
                    self.python_bind(left, Some(joined), None);
                }
                self.other(node)
            }
            "yield" => {
                for child in children(node) {
                    let value = self.python(child);
                    self.builder.current().returns.push(value);
                }
                self.other(node)
            }
            "named_expression" => {
                let value = node.child_by_field_name("value").map(|value| self.python(value));
                if let Some(name) = node.child_by_field_name("name") {
                    self.python_bind(name, value, None);
                }
                value.unwrap_or_default()
            }
            "as_pattern" => {
                let parts = children(node);
                let value = parts.first().map(|value| self.python(*value));
                if let Some(target) = node.child_by_field_name("alias") {
                    self.python_bind(target, value, None);
                }
                value.unwrap_or_default()
            }
            kind if is_statement(kind) || is_definition(kind) => {
                self.python_statement(node);
                self.other(node)
            }
            _ => {
                for child in children(node) {
                    self.python(child);
                }
                self.other(node)
            }
        }
    }

    fn python_assignment(&mut self, node: Node<'_>) -> ExpressionId {
        let value = node.child_by_field_name("right").map(|right| self.python(right));
        let declared = self.field(node, "type").map(str::to_owned);
        if let Some(left) = node.child_by_field_name("left") {
            self.python_bind(left, value, declared);
        }
        value.unwrap_or_default()
    }

    fn python_string(&mut self, node: Node<'_>) -> ExpressionId {
        let mut pieces = Vec::new();
        let mut cursor = node.walk();
        let parts: Vec<Node<'_>> = node.named_children(&mut cursor).collect();
        for part in parts {
            match part.kind() {
                "string_content" => pieces.push(Piece::Known(unescaped(self.text(part)))),
                "interpolation" => {
                    let inner =
                        part.child_by_field_name("expression").or_else(|| children(part).first().copied());
                    if let Some(inner) = inner {
                        pieces.push(Piece::Hole(self.python(inner)));
                    }
                }
                _ => {}
            }
        }
        self.builder.add(text_of(pieces), line(node))
    }

    fn python_subscript(&mut self, node: Node<'_>) -> ExpressionId {
        let of = node.child_by_field_name("value").map(|of| self.python(of));
        let key = node.child_by_field_name("subscript").map(|key| self.python(key));
        match (of, key) {
            (Some(of), Some(key)) => self.builder.add(Kind::Index { of, key }, line(node)),
            _ => self.other(node),
        }
    }

    fn python_call(&mut self, node: Node<'_>) -> ExpressionId {
        let Some(function) = node.child_by_field_name("function") else { return self.other(node) };
        let callee = self.python(function);
        let at = self.builder.get(callee).map_or_else(|| line(node), |callee| callee.line);
        let arguments = match node.child_by_field_name("arguments") {
            Some(list) if list.kind() == "argument_list" => self.python_arguments(list),
            Some(generator) => vec![Argument::placed(self.python(generator))],
            None => Vec::new(),
        };
        self.builder.call(callee, arguments, at)
    }

    fn python_arguments(&mut self, list: Node<'_>) -> Vec<Argument> {
        let mut arguments = Vec::new();
        for child in children(list) {
            arguments.push(match child.kind() {
                "keyword_argument" => {
                    let Some(value) = child.child_by_field_name("value") else { continue };
                    let value = self.python(value);
                    Argument::named(self.field(child, "name").unwrap_or_default(), value)
                }
                "list_splat" | "dictionary_splat" => {
                    let Some(inner) = children(child).first().copied() else { continue };
                    Argument::spread(self.python(inner))
                }
                _ => Argument::placed(self.python(child)),
            });
        }
        arguments
    }

    fn python_operator(&mut self, node: Node<'_>) -> ExpressionId {
        let left = node.child_by_field_name("left").map(|side| self.python(side));
        let right = node.child_by_field_name("right").map(|side| self.python(side));
        let (Some(left), Some(right)) = (left, right) else { return self.other(node) };
        match self.field(node, "operator") {
            Some("+") => {
                self.builder.add(Kind::Text(vec![Piece::Hole(left), Piece::Hole(right)]), line(node))
            }
            Some("%") => {
                // `"%s-reports" % name`: a call of the text's own method says the same.
                let format = self.builder.member(left, "%", line(node));
                let is_list = self.builder.get(right).map(|right| right.kind.clone());
                let arguments = match is_list {
                    Some(Kind::List(parts)) => parts.into_iter().map(Argument::placed).collect(),
                    _ => vec![Argument::placed(right)],
                };
                self.builder.call(format, arguments, line(node))
            }
            _ => self.other(node),
        }
    }

    fn python_dictionary(&mut self, node: Node<'_>) -> ExpressionId {
        let (mut entries, mut spread) = (Vec::new(), Vec::new());
        for child in children(node) {
            match child.kind() {
                "pair" => {
                    let key = child.child_by_field_name("key").map(|key| self.python(key));
                    let value = child.child_by_field_name("value").map(|value| self.python(value));
                    entries.extend(key.zip(value));
                }
                "dictionary_splat" => {
                    for inner in children(child) {
                        spread.push(self.python(inner));
                    }
                }
                _ => {
                    self.python(child);
                }
            }
        }
        self.builder.add(Kind::Map { entries, spread }, line(node))
    }

    fn python_lambda(&mut self, node: Node<'_>) -> ExpressionId {
        let parameters = node
            .child_by_field_name("parameters")
            .map(|list| self.python_parameters(list))
            .unwrap_or_default();
        let scope = self.builder.open_function("", parameters, line(node));
        if let Some(body) = node.child_by_field_name("body") {
            let value = self.python(body);
            self.builder.current().returns.push(value);
        }
        self.builder.close();
        self.builder.add(Kind::Function(scope), line(node))
    }

    fn python_comprehension(&mut self, node: Node<'_>) -> ExpressionId {
        let parts = children(node);
        for part in parts.iter().filter(|part| part.kind() == "for_in_clause") {
            self.python_each(*part);
        }
        let body = node.child_by_field_name("body").map(|body| self.python(body));
        for part in parts.iter().filter(|part| part.kind() == "if_clause") {
            self.python(*part);
        }
        self.builder.add(Kind::List(body.into_iter().collect()), line(node))
    }
}

/// Statements that hold others and say nothing of values themselves.
fn is_statement(kind: &str) -> bool {
    matches!(
        kind,
        "module"
            | "block"
            | "if_statement"
            | "elif_clause"
            | "else_clause"
            | "while_statement"
            | "try_statement"
            | "except_clause"
            | "except_group_clause"
            | "finally_clause"
            | "with_statement"
            | "with_clause"
            | "match_statement"
            | "case_clause"
            | "expression_statement"
            | "ERROR"
    )
}

fn is_definition(kind: &str) -> bool {
    matches!(
        kind,
        "function_definition"
            | "class_definition"
            | "decorated_definition"
            | "import_statement"
            | "import_from_statement"
    )
}
