//! Kotlin to the common form.

use kagimori_source::ir::Parameter;

use super::{Argument, ExpressionId, Kind, Lowering, Node, Piece, Target, children, line, unescaped};

/// Functions of the standard library that hand what they are called on to their lambda, and give what the lambda gives.
const HANDED: [&str; 4] = ["use", "let", "run", "with"];
/// Those that give what they were called on.
const KEPT: [&str; 2] = ["also", "apply"];
/// Those that hand each member.
const EACH: [&str; 10] = [
    "forEach",
    "map",
    "filter",
    "onEach",
    "collect",
    "flatMap",
    "mapNotNull",
    "forEachIndexed",
    "transform",
    "first",
];

/// A whole file.
pub(super) fn file(lowering: &mut Lowering<'_>, root: Node<'_>) {
    lowering.kotlin_statements(root);
}

impl Lowering<'_> {
    fn kotlin_statements(&mut self, node: Node<'_>) {
        for child in children(node) {
            self.deeper((), |this| this.kotlin_statement(child));
        }
    }

    fn kotlin_statement(&mut self, node: Node<'_>) {
        match node.kind() {
            "package_header" => {
                if let Some(name) = children(node).first() {
                    let name = self.text(*name).to_owned();
                    self.builder.package(&name);
                }
            }
            "import" => self.kotlin_import(node),
            "class_declaration" | "object_declaration" | "companion_object" => self.kotlin_class(node),
            "function_declaration" | "secondary_constructor" => {
                let name = self.field(node, "name").unwrap_or_default().to_owned();
                self.kotlin_function(node, &name);
            }
            "property_declaration" => self.kotlin_property(node),
            "assignment" => self.kotlin_assignment(node),
            "return_expression" => {
                for child in children(node) {
                    let value = self.kotlin(child);
                    self.builder.current().returns.push(value);
                }
            }
            "for_statement" => self.kotlin_for(node),
            "modifiers" | "annotation" | "file_annotation" | "type_alias" => {}
            kind if is_statement(kind) => self.kotlin_statements(node),
            _ => {
                self.kotlin(node);
            }
        }
    }

    fn kotlin_import(&mut self, node: Node<'_>) {
        let parts = children(node);
        let Some(module) = parts.first().map(|name| self.text(*name).to_owned()) else { return };
        if self.text(node).trim_end().ends_with(".*") {
            self.builder.import("*", &module, None);
            return;
        }
        let alias = parts.get(1).map(|alias| self.text(*alias));
        let local = alias.unwrap_or_else(|| module.rsplit('.').next().unwrap_or(&module)).to_owned();
        self.builder.import(&local, &module, None);
    }

    fn kotlin_class(&mut self, node: Node<'_>) {
        let name = self.field(node, "name").unwrap_or_default().to_owned();
        let parts = children(node);
        let bases = parts
            .iter()
            .filter(|part| part.kind() == "delegation_specifiers")
            .flat_map(|part| children(*part));
        let bases =
            bases.map(|base| self.text(base).split(['(', '<']).next().unwrap_or_default().trim().to_owned());
        let bases = bases.collect();
        self.builder.open_class(&name, bases, line(node));
        let taken =
            parts.iter().filter(|part| part.kind() == "primary_constructor").flat_map(|part| children(*part));
        for list in taken.filter(|list| list.kind() == "class_parameters") {
            let parameters = self.kotlin_parameters(list);
            self.builder.primary_constructor(parameters, "this", line(list));
        }
        for body in parts.iter().filter(|part| matches!(part.kind(), "class_body" | "enum_class_body")) {
            self.kotlin_statements(*body);
        }
        self.builder.close();
    }

    fn kotlin_parameters(&mut self, list: Node<'_>) -> Vec<Parameter> {
        let mut all: Vec<Parameter> = Vec::new();
        for child in children(list) {
            if !matches!(child.kind(), "parameter" | "class_parameter" | "variable_declaration") {
                // The default of a function's parameter stands beside it.
                if !matches!(child.kind(), "parameter_modifiers" | "modifiers") {
                    let value = self.kotlin(child);
                    if let Some(last) = all.last_mut() {
                        last.default = Some(value);
                    }
                }
                continue;
            }
            let parts = children(child);
            let name = parts.iter().find(|part| part.kind() == "identifier");
            let declared =
                parts.iter().find(|part| part.kind().ends_with("_type")).map(|kind| self.text(*kind));
            let value = parts.last().filter(|last| {
                !last.kind().ends_with("_type") && !matches!(last.kind(), "identifier" | "modifiers")
            });
            let default = value.map(|value| self.kotlin(*value));
            all.push(Parameter {
                name: name.map(|name| self.text(*name).to_owned()).unwrap_or_default(),
                declared: declared.map(str::to_owned),
                default,
                is_rest: false,
            });
        }
        all
    }

    fn kotlin_function(&mut self, node: Node<'_>, name: &str) {
        let parts = children(node);
        let list = parts.iter().find(|part| part.kind() == "function_value_parameters");
        let parameters = list.map(|list| self.kotlin_parameters(*list)).unwrap_or_default();
        let gives = parts.iter().rfind(|part| part.kind().ends_with("_type"));
        let gives = gives.map(|gives| self.text(*gives).to_owned());
        let is_method = self.builder.current().is_class_body;
        let scope = self.builder.open_function(name, parameters, line(node));
        let current = self.builder.current();
        current.gives = gives;
        if is_method {
            current.receiver = Some("this".to_owned());
        }
        for body in parts.iter().filter(|part| matches!(part.kind(), "function_body" | "block")) {
            let inner = children(*body);
            match inner.as_slice() {
                [value] if !is_statement(value.kind()) && body.kind() == "function_body" => {
                    let value = self.kotlin(*value);
                    self.builder.current().returns.push(value);
                }
                _ => self.kotlin_statements(*body),
            }
        }
        self.builder.close();
        let function = self.builder.add(Kind::Function(scope), line(node));
        if !is_method && !name.is_empty() {
            self.builder.bind_name(name, function);
        }
    }

    fn kotlin_property(&mut self, node: Node<'_>) {
        let parts = children(node);
        let declaration = parts.iter().find(|part| part.kind() == "variable_declaration");
        let inner = declaration.map(|declaration| children(*declaration)).unwrap_or_default();
        let name = inner.first().map(|name| self.text(*name).to_owned()).unwrap_or_default();
        let declared = inner.get(1).map(|declared| self.text(*declared).to_owned());
        let mut value = None;
        for part in &parts {
            match part.kind() {
                "variable_declaration" | "modifiers" | "multi_variable_declaration" | "type_parameters" => {}
                "property_delegate" => {
                    // `by lazy { … }` gives what its lambda gives.
                    let inner = children(*part).first().copied();
                    value = inner.and_then(|inner| self.kotlin_lazy(inner));
                }
                "getter" | "setter" => self.kotlin_statements(*part),
                _ => value = Some(self.kotlin(*part)),
            }
        }
        if !name.is_empty() {
            self.builder.bind(Target::Name(name), value, declared);
        }
    }

    fn kotlin_lazy(&mut self, node: Node<'_>) -> Option<ExpressionId> {
        let lambda = lambda_of(node)?;
        let mut last = None;
        for child in children(lambda) {
            last = Some(self.kotlin(child));
        }
        last
    }

    fn kotlin_for(&mut self, node: Node<'_>) {
        let parts = children(node);
        let of = parts.get(1).map(|of| self.kotlin(*of));
        let name = parts.first().and_then(|name| children(*name).first().copied());
        if let (Some(name), Some(of)) = (name, of) {
            let each = self.builder.add(Kind::Each(of), line(node));
            let name = self.text(name).to_owned();
            self.builder.bind_name(&name, each);
        }
        for body in parts.iter().skip(2) {
            self.deeper((), |this| this.kotlin_statement(*body));
        }
    }

    fn kotlin_assignment(&mut self, node: Node<'_>) {
        let value = node.child_by_field_name("right").map(|right| self.kotlin(right));
        let (Some(left), Some(value)) = (node.child_by_field_name("left"), value) else { return };
        match left.kind() {
            "identifier" => {
                let name = self.text(left).to_owned();
                if self.builder.is_bound_here(&name) {
                    self.builder.bind_name(&name, value);
                } else {
                    let this = self.builder.name("this", line(left));
                    self.builder.bind(Target::Member(this, name), Some(value), None);
                }
            }
            "navigation_expression" => {
                let parts = children(left);
                if let [of, .., name] = parts.as_slice() {
                    let name = self.text(*name).to_owned();
                    let of = self.kotlin(*of);
                    self.builder.bind(Target::Member(of, name), Some(value), None);
                }
            }
            "index_expression" => {
                let parts: Vec<ExpressionId> =
                    children(left).into_iter().map(|part| self.kotlin(part)).collect();
                if let [of, key] = parts.as_slice() {
                    self.builder.bind(Target::Index(*of, *key), Some(value), None);
                }
            }
            _ => {}
        }
    }

    fn kotlin(&mut self, node: Node<'_>) -> ExpressionId {
        let otherwise = if self.depth >= super::DEPTH_MAX { self.other(node) } else { 0 };
        self.deeper(otherwise, |this| this.kotlin_expression(node))
    }

    fn kotlin_all(&mut self, node: Node<'_>) -> Vec<ExpressionId> {
        children(node).into_iter().map(|child| self.kotlin(child)).collect()
    }

    fn kotlin_expression(&mut self, node: Node<'_>) -> ExpressionId {
        let at = line(node);
        match node.kind() {
            "identifier" | "this_expression" | "super_expression" => self.builder.name(self.text(node), at),
            "user_type" => match children(node).first() {
                Some(name) => self.builder.name(self.text(*name), at),
                None => self.other(node),
            },
            "string_literal" | "multiline_string_literal" => self.kotlin_text(node),
            "number_literal" | "boolean_literal" | "null" => {
                let text = self.text(node).to_owned();
                self.builder.add(Kind::Literal(text), at)
            }
            "navigation_expression" => match children(node).as_slice() {
                [of, .., name] => {
                    let text = self.text(*name).to_owned();
                    let of = self.kotlin(*of);
                    self.builder.member(of, text, line(*name))
                }
                _ => self.other(node),
            },
            "call_expression" => self.kotlin_call(node),
            "index_expression" => match self.kotlin_all(node).as_slice() {
                [of, key] => self.builder.add(Kind::Index { of: *of, key: *key }, at),
                _ => self.other(node),
            },
            "binary_expression" => {
                let parts = self.kotlin_all(node);
                match (parts.as_slice(), self.field(node, "operator")) {
                    ([left, right], Some("+")) => {
                        self.builder.add(Kind::Text(vec![Piece::Hole(*left), Piece::Hole(*right)]), at)
                    }
                    ([left, right], Some("?:")) => self.builder.add(Kind::Either(vec![*left, *right]), at),
                    _ => self.other(node),
                }
            }
            "elvis_expression" => {
                let ways = self.kotlin_all(node);
                self.builder.add(Kind::Either(ways), at)
            }
            "if_expression" => {
                if let Some(condition) = node.child_by_field_name("condition") {
                    self.kotlin(condition);
                }
                let condition = node.child_by_field_name("condition").map(|condition| condition.id());
                let parts = children(node).into_iter().filter(|part| Some(part.id()) != condition);
                let parts: Vec<Node<'_>> = parts.collect();
                let ways = parts.into_iter().map(|way| self.kotlin_last(way)).collect();
                self.builder.add(Kind::Either(ways), at)
            }
            "when_expression" => {
                let mut ways = Vec::new();
                for part in children(node) {
                    match part.kind() {
                        "when_entry" => ways.extend(children(part).last().map(|way| self.kotlin_last(*way))),
                        _ => {
                            self.kotlin(part);
                        }
                    }
                }
                self.builder.add(Kind::Either(ways), at)
            }
            "lambda_literal" | "annotated_lambda" | "anonymous_function" => self.kotlin_lambda(node, None),
            "as_expression" => match children(node).first() {
                Some(value) => self.kotlin(*value),
                None => self.other(node),
            },
            "parenthesized_expression"
            | "unary_expression"
            | "spread_expression"
            | "try_expression"
            | "catch_block"
            | "finally_block" => {
                let parts = self.kotlin_all(node);
                match (node.kind(), parts.as_slice()) {
                    ("try_expression", [first, ..]) => *first,
                    (_, [.., last]) => *last,
                    _ => self.other(node),
                }
            }
            "block" => self.kotlin_last(node),
            kind if is_statement(kind) || is_definition(kind) => {
                self.kotlin_statement(node);
                self.other(node)
            }
            _ => {
                self.kotlin_all(node);
                self.other(node)
            }
        }
    }

    /// A block is its last expression.
    fn kotlin_last(&mut self, node: Node<'_>) -> ExpressionId {
        if !matches!(node.kind(), "block" | "control_structure_body" | "lambda_literal") {
            return self.kotlin(node);
        }
        let mut last = None;
        for child in children(node).into_iter().filter(|child| child.kind() != "lambda_parameters") {
            last = Some(self.kotlin(child));
        }
        last.unwrap_or_else(|| self.other(node))
    }

    /// `"a-$key-${other}"`. The grammar reads `$key-` as text, so the name behind a `$` is taken out of it.
    fn kotlin_text(&mut self, node: Node<'_>) -> ExpressionId {
        let mut pieces = Vec::new();
        let mut is_name = false;
        for part in children(node) {
            let text = self.text(part);
            match part.kind() {
                "string_content" | "identifier" if is_name => {
                    let end = text.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
                    let (name, rest) = text.split_at(end.unwrap_or(text.len()));
                    if name.is_empty() {
                        pieces.push(Piece::Known(format!("${}", unescaped(rest))));
                    } else {
                        pieces.push(Piece::Hole(self.builder.name(name, line(part))));
                        pieces.push(Piece::Known(unescaped(rest)));
                    }
                    is_name = false;
                }
                "string_content" if text == "$" => is_name = true,
                "string_content" | "escape_sequence" => pieces.push(Piece::Known(unescaped(text))),
                "interpolation" => {
                    if let Some(inner) = children(part).first() {
                        pieces.push(Piece::Hole(self.kotlin(*inner)));
                    }
                }
                _ => {}
            }
        }
        self.builder.add(super::text_of(pieces), line(node))
    }

    fn kotlin_call(&mut self, node: Node<'_>) -> ExpressionId {
        let parts = children(node);
        let Some(head) = parts.first().copied() else { return self.other(node) };
        // `f(a) { … }` is a call of `f(a)` in the grammar, and one call in the language.
        let (head, mut arguments) = match (head.kind(), parts.get(1).map(|part| part.kind())) {
            ("call_expression", Some("annotated_lambda")) => {
                let inner = children(head);
                let list = inner.iter().find(|part| part.kind() == "value_arguments");
                let list = list.map(|list| self.kotlin_arguments(*list)).unwrap_or_default();
                (inner.first().copied().unwrap_or(head), list)
            }
            _ => (head, Vec::new()),
        };
        let lambda =
            parts.iter().skip(1).find(|part| matches!(part.kind(), "annotated_lambda" | "lambda_literal"));
        let name = children(head).last().map(|name| self.text(*name)).unwrap_or_default().to_owned();
        let is_navigation = head.kind() == "navigation_expression";
        let of = children(head).first().copied().filter(|_| is_navigation);
        if let (Some(of), Some(lambda)) = (of, lambda) {
            let is_handed = HANDED.contains(&name.as_str()) || KEPT.contains(&name.as_str());
            if is_handed || EACH.contains(&name.as_str()) {
                return self.kotlin_handed(of, &name, *lambda, line(node));
            }
        }
        let callee = self.kotlin(head);
        let at = self.builder.get(callee).map_or_else(|| line(node), |callee| callee.line);
        for list in parts.iter().skip(1).filter(|part| part.kind() == "value_arguments") {
            arguments.extend(self.kotlin_arguments(*list));
        }
        if let Some(lambda) = lambda {
            arguments.extend(self.kotlin_block(*lambda));
        }
        self.builder.call(callee, arguments, at)
    }

    fn kotlin_arguments(&mut self, list: Node<'_>) -> Vec<Argument> {
        let mut all = Vec::new();
        for argument in children(list) {
            let parts = children(argument);
            let (name, value) = match parts.as_slice() {
                [name, value] if name.kind() == "identifier" => (Some(self.text(*name).to_owned()), *value),
                [.., value] => (None, *value),
                [] => continue,
            };
            let value = self.kotlin(value);
            all.push(Argument { name, value, is_spread: false });
        }
        all
    }

    /// What a block behind a call gives it: keys that it sets, or a function.
    fn kotlin_block(&mut self, lambda: Node<'_>) -> Vec<Argument> {
        let inner = lambda_of(lambda).map(children).unwrap_or_default();
        let is_builder = inner.iter().any(|part| part.kind() == "assignment")
            && !inner.iter().any(|part| part.kind() == "lambda_parameters");
        if !is_builder {
            return vec![Argument::placed(self.kotlin_lambda(lambda, None))];
        }
        let mut all = Vec::new();
        for part in inner {
            let left = part
                .child_by_field_name("left")
                .map(|left| self.text(left).trim_start_matches("this.").to_owned());
            let right = part.child_by_field_name("right");
            match (part.kind(), left, right) {
                ("assignment", Some(key), Some(right)) => all.push(Argument::named(key, self.kotlin(right))),
                _ => self.deeper((), |this| this.kotlin_statement(part)),
            }
        }
        all
    }

    /// `client.use { c -> … }`: the lambda is given what it is called on.
    fn kotlin_handed(&mut self, of: Node<'_>, name: &str, lambda: Node<'_>, at: u32) -> ExpressionId {
        let of = self.kotlin(of);
        let given = if EACH.contains(&name) { self.builder.add(Kind::Each(of), at) } else { of };
        let inside = self.kotlin_lambda(lambda, Some(given));
        let last = match self.builder.get(inside).map(|inside| inside.kind.clone()) {
            Some(Kind::Function(_)) if HANDED.contains(&name) => Some(inside),
            _ => None,
        };
        match last {
            Some(function) => self.builder.call(function, Vec::new(), at),
            None if KEPT.contains(&name) => of,
            None => given,
        }
    }

    fn kotlin_lambda(&mut self, node: Node<'_>, given: Option<ExpressionId>) -> ExpressionId {
        let Some(lambda) = lambda_of(node) else { return self.other(node) };
        let parts = children(lambda);
        let list = parts.iter().find(|part| part.kind() == "lambda_parameters");
        let mut parameters = list.map(|list| self.kotlin_parameters(*list)).unwrap_or_default();
        let named = parameters.first().map_or_else(|| "it".to_owned(), |first| first.name.clone());
        if given.is_some() {
            parameters.clear();
        }
        let scope = self.builder.open_function("", parameters, line(node));
        if let Some(given) = given {
            self.builder.bind_name(&named, given);
        }
        let mut last = None;
        for part in parts.iter().filter(|part| part.kind() != "lambda_parameters") {
            last = Some(self.kotlin(*part));
        }
        self.builder.current().returns.extend(last);
        self.builder.close();
        self.builder.add(Kind::Function(scope), line(node))
    }
}

/// The lambda itself, without what is written around it.
fn lambda_of(node: Node<'_>) -> Option<Node<'_>> {
    match node.kind() {
        "lambda_literal" => Some(node),
        "annotated_lambda" => children(node).into_iter().find(|part| part.kind() == "lambda_literal"),
        "call_expression" => children(node).into_iter().find_map(lambda_of),
        _ => None,
    }
}

fn is_statement(kind: &str) -> bool {
    matches!(
        kind,
        "source_file"
            | "function_body"
            | "block"
            | "class_body"
            | "enum_class_body"
            | "while_statement"
            | "do_while_statement"
            | "anonymous_initializer"
            | "control_structure_body"
            | "statements"
            | "ERROR"
    )
}

fn is_definition(kind: &str) -> bool {
    matches!(
        kind,
        "property_declaration"
            | "assignment"
            | "return_expression"
            | "for_statement"
            | "function_declaration"
            | "class_declaration"
            | "object_declaration"
    )
}
