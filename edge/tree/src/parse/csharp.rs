//! C# to the common form.

use kagimori_source::ir::Parameter;

use super::{Argument, ExpressionId, Kind, Lowering, Node, Piece, Target, children, line, unescaped};

/// A whole file.
pub(super) fn file(lowering: &mut Lowering<'_>, root: Node<'_>) {
    lowering.csharp_statements(root);
}

impl Lowering<'_> {
    fn csharp_statements(&mut self, node: Node<'_>) {
        for child in children(node) {
            self.deeper((), |this| this.csharp_statement(child));
        }
    }

    fn csharp_statement(&mut self, node: Node<'_>) {
        match node.kind() {
            "using_directive" => self.csharp_using(node),
            "class_declaration" | "struct_declaration" | "record_declaration" | "interface_declaration" => {
                self.csharp_class(node);
            }
            "method_declaration" | "constructor_declaration" | "local_function_statement" => {
                let name = self.field(node, "name").unwrap_or_default().to_owned();
                self.csharp_function(node, &name, false);
            }
            "property_declaration" => self.csharp_property(node),
            "variable_declaration" => self.csharp_variables(node),
            "foreach_statement" => {
                let of = node.child_by_field_name("right").map(|right| self.csharp(right));
                let name = node.child_by_field_name("left").filter(|left| left.kind() == "identifier");
                if let (Some(name), Some(of)) = (name, of) {
                    let each = self.builder.add(Kind::Each(of), line(node));
                    let name = self.text(name).to_owned();
                    self.builder.bind_name(&name, each);
                }
                if let Some(body) = node.child_by_field_name("body") {
                    self.deeper((), |this| this.csharp_statement(body));
                }
            }
            "return_statement" | "yield_statement" | "arrow_expression_clause" => {
                for child in children(node) {
                    let value = self.csharp(child);
                    self.builder.current().returns.push(value);
                }
            }
            "attribute_list" | "modifier" | "base_list" | "type_parameter_list" => {}
            kind if is_statement(kind) => self.csharp_statements(node),
            _ => {
                self.csharp(node);
            }
        }
    }

    /// `using Amazon.S3;`, `using S3 = Amazon.S3;`
    fn csharp_using(&mut self, node: Node<'_>) {
        let alias = self.field(node, "name").map(str::to_owned);
        let module = children(node).last().map(|module| self.text(*module).to_owned()).unwrap_or_default();
        match alias {
            Some(alias) => self.builder.import(&alias, &module, None),
            None => self.builder.import("*", &module, None),
        }
    }

    fn csharp_class(&mut self, node: Node<'_>) {
        let name = self.field(node, "name").unwrap_or_default().to_owned();
        let parts = children(node);
        let bases = parts.iter().filter(|part| part.kind() == "base_list").flat_map(|part| children(*part));
        let bases = bases.map(|base| self.text(base).split(['<', '(']).next().unwrap_or_default().to_owned());
        let bases = bases.collect();
        self.builder.open_class(&name, bases, line(node));
        // What a primary constructor takes is seen by every method.
        for list in parts.iter().filter(|part| part.kind() == "parameter_list") {
            let parameters = self.csharp_parameters(*list);
            self.builder.primary_constructor(parameters, "this", line(*list));
        }
        if let Some(body) = node.child_by_field_name("body") {
            self.csharp_statements(body);
        }
        self.builder.close();
    }

    fn csharp_property(&mut self, node: Node<'_>) {
        let name = self.field(node, "name").unwrap_or_default().to_owned();
        let declared = self.field(node, "type").map(str::to_owned);
        let value = node.child_by_field_name("value");
        if value.is_some_and(|value| value.kind() == "arrow_expression_clause") {
            self.csharp_function(node, &name, true);
            return;
        }
        let value = value.map(|value| self.csharp_made(value, declared.as_deref()));
        self.builder.bind(Target::Name(name), value, declared);
        if let Some(accessors) = node.child_by_field_name("accessors") {
            for accessor in children(accessors) {
                self.csharp_statements(accessor);
            }
        }
    }

    fn csharp_variables(&mut self, node: Node<'_>) {
        let declared = self.field(node, "type").filter(|kind| *kind != "var").map(str::to_owned);
        for declarator in children(node).into_iter().filter(|child| child.kind() == "variable_declarator") {
            let name = self.field(declarator, "name").unwrap_or_default().to_owned();
            let value = children(declarator).into_iter().skip(1).last();
            let value = value.map(|value| self.csharp_made(value, declared.as_deref()));
            self.builder.bind(Target::Name(name), value, declared.clone());
        }
    }

    /// A value; of `new() { … }` the declared type says what is made.
    fn csharp_made(&mut self, value: Node<'_>, declared: Option<&str>) -> ExpressionId {
        match declared {
            Some(declared) if value.kind() == "implicit_object_creation_expression" => {
                let callee = self.builder.name(declared, line(value));
                self.csharp_creation(value, callee)
            }
            _ => self.csharp(value),
        }
    }

    fn csharp_parameters(&mut self, list: Node<'_>) -> Vec<Parameter> {
        let mut all = Vec::new();
        for child in children(list) {
            match child.kind() {
                "parameter" => {
                    let name = self.field(child, "name").unwrap_or_default().to_owned();
                    let declared = self.field(child, "type").map(str::to_owned);
                    let named = child.child_by_field_name("name").map(|name| name.id());
                    let typed = child.child_by_field_name("type").map(|kind| kind.id());
                    let value = children(child).into_iter().rfind(|part| {
                        Some(part.id()) != named
                            && Some(part.id()) != typed
                            && !matches!(part.kind(), "modifier" | "attribute_list")
                    });
                    let default = value.map(|value| self.csharp(value));
                    all.push(Parameter { name, declared, default, is_rest: false });
                }
                "identifier" | "implicit_parameter" => {
                    all.push(Parameter { name: self.text(child).to_owned(), ..Parameter::default() });
                }
                _ => {}
            }
        }
        all
    }

    fn csharp_function(&mut self, node: Node<'_>, name: &str, is_property: bool) -> ExpressionId {
        let parameters = match node.child_by_field_name("parameters") {
            Some(one) if one.kind() != "parameter_list" => {
                vec![Parameter { name: self.text(one).to_owned(), ..Parameter::default() }]
            }
            Some(list) => self.csharp_parameters(list),
            None => Vec::new(),
        };
        let is_method = self.builder.current().is_class_body;
        let gives = self.field(node, "returns").or_else(|| self.field(node, "type")).map(str::to_owned);
        let scope = self.builder.open_function(name, parameters, line(node));
        let current = self.builder.current();
        current.gives = gives;
        current.is_property = is_property;
        if is_method {
            current.receiver = Some("this".to_owned());
        }
        let body = if is_property { "value" } else { "body" };
        if let Some(body) = node.child_by_field_name(body) {
            if is_statement(body.kind()) || body.kind() == "arrow_expression_clause" {
                self.deeper((), |this| this.csharp_statement(body));
            } else {
                let value = self.csharp(body);
                self.builder.current().returns.push(value);
            }
        }
        self.builder.close();
        let function = self.builder.add(Kind::Function(scope), line(node));
        if !is_method && !name.is_empty() {
            self.builder.bind_name(name, function);
        }
        function
    }

    fn csharp(&mut self, node: Node<'_>) -> ExpressionId {
        let otherwise = if self.depth >= super::DEPTH_MAX { self.other(node) } else { 0 };
        self.deeper(otherwise, |this| this.csharp_expression(node))
    }

    fn csharp_all(&mut self, node: Node<'_>) -> Vec<ExpressionId> {
        children(node).into_iter().map(|child| self.csharp(child)).collect()
    }

    fn csharp_expression(&mut self, node: Node<'_>) -> ExpressionId {
        let at = line(node);
        match node.kind() {
            "identifier" | "this" | "base" => self.builder.name(self.text(node), at),
            "generic_name" => match children(node).first() {
                Some(name) => self.builder.name(self.text(*name), at),
                None => self.other(node),
            },
            "string_literal" => {
                let text = unescaped(self.text(node).trim_matches('"'));
                self.builder.text(text, at)
            }
            "verbatim_string_literal" | "raw_string_literal" => {
                let text = self.text(node).trim_start_matches('@').trim_matches('"').to_owned();
                self.builder.text(text, at)
            }
            "interpolated_string_expression" => self.csharp_interpolated(node),
            "integer_literal" | "boolean_literal" | "null_literal" => {
                let text = self.text(node).to_owned();
                self.builder.add(Kind::Literal(text), at)
            }
            "member_access_expression" | "qualified_name" | "alias_qualified_name" => {
                let of =
                    node.child_by_field_name("expression").or_else(|| node.child_by_field_name("qualifier"));
                self.csharp_member(node, of)
            }
            "conditional_access_expression" => self.csharp_conditional_access(node),
            "member_binding_expression" => {
                let name = self.field(node, "name").unwrap_or_default().to_owned();
                match self.bound.last().copied() {
                    Some(of) => self.builder.member(of, name, at),
                    None => self.other(node),
                }
            }
            "invocation_expression" => {
                let Some(function) = node.child_by_field_name("function") else { return self.other(node) };
                let callee = self.csharp(function);
                let at = self.builder.get(callee).map_or(at, |callee| callee.line);
                let arguments = self.csharp_arguments(node);
                self.builder.call(callee, arguments, at)
            }
            "object_creation_expression" => {
                let Some(kind) = node.child_by_field_name("type") else { return self.other(node) };
                let callee = self.csharp(kind);
                self.csharp_creation(node, callee)
            }
            "implicit_object_creation_expression" => {
                let callee = self.other(node);
                self.csharp_creation(node, callee)
            }
            "binary_expression" => self.csharp_operator(node),
            "conditional_expression" => {
                if let Some(condition) = node.child_by_field_name("condition") {
                    self.csharp(condition);
                }
                let ways = ["consequence", "alternative"]
                    .into_iter()
                    .filter_map(|way| node.child_by_field_name(way));
                let ways: Vec<Node<'_>> = ways.collect();
                let ways = ways.into_iter().map(|way| self.csharp(way)).collect();
                self.builder.add(Kind::Either(ways), at)
            }
            "switch_expression" => {
                let mut ways = Vec::new();
                for part in children(node) {
                    match part.kind() {
                        "switch_expression_arm" => ways.extend(self.csharp_all(part).last().copied()),
                        _ => {
                            self.csharp(part);
                        }
                    }
                }
                self.builder.add(Kind::Either(ways), at)
            }
            "assignment_expression" => self.csharp_assignment(node),
            "lambda_expression" | "anonymous_method_expression" => self.csharp_function(node, "", false),
            "array_creation_expression" | "implicit_array_creation_expression" => {
                let list = children(node).into_iter().find(|part| part.kind() == "initializer_expression");
                match list {
                    Some(list) => self.csharp(list),
                    None => self.other(node),
                }
            }
            "initializer_expression" | "collection_expression" => {
                let items = self.csharp_all(node);
                self.builder.add(Kind::List(items), at)
            }
            "element_access_expression" => {
                let parts = self.csharp_all(node);
                match parts.as_slice() {
                    [of, key] => self.builder.add(Kind::Index { of: *of, key: *key }, at),
                    _ => self.other(node),
                }
            }
            "cast_expression" | "as_expression" => {
                let value = node.child_by_field_name("value").or_else(|| node.child_by_field_name("left"));
                match value {
                    Some(value) => self.csharp(value),
                    None => self.other(node),
                }
            }
            "await_expression"
            | "parenthesized_expression"
            | "postfix_unary_expression"
            | "argument"
            | "bracketed_argument_list"
            | "collection_element"
            | "checked_expression" => {
                let parts = self.csharp_all(node);
                parts.last().copied().unwrap_or_else(|| self.other(node))
            }
            kind if is_statement(kind) || is_definition(kind) => {
                self.csharp_statement(node);
                self.other(node)
            }
            _ => {
                self.csharp_all(node);
                self.other(node)
            }
        }
    }

    fn csharp_member(&mut self, node: Node<'_>, of: Option<Node<'_>>) -> ExpressionId {
        let Some(name) = node.child_by_field_name("name") else { return self.other(node) };
        let plain = if name.kind() == "generic_name" {
            children(name).first().copied().unwrap_or(name)
        } else {
            name
        };
        let text = self.text(plain).to_owned();
        match of {
            Some(of) => {
                let of = self.csharp(of);
                self.builder.member(of, text, line(name))
            }
            None => self.builder.name(text, line(name)),
        }
    }

    /// `a?.B(c)`: what is bound below is a member of what stands before.
    fn csharp_conditional_access(&mut self, node: Node<'_>) -> ExpressionId {
        let parts = children(node);
        let [of, rest, ..] = parts.as_slice() else { return self.other(node) };
        let of = self.csharp(*of);
        self.bound.push(of);
        let value = self.csharp(*rest);
        self.bound.pop();
        value
    }

    fn csharp_interpolated(&mut self, node: Node<'_>) -> ExpressionId {
        let mut pieces = Vec::new();
        for part in children(node) {
            match part.kind() {
                "string_content" => pieces.push(Piece::Known(unescaped(self.text(part)))),
                "interpolation" => {
                    let inner =
                        children(part).into_iter().find(|inner| inner.kind() != "interpolation_brace");
                    if let Some(inner) = inner {
                        pieces.push(Piece::Hole(self.csharp(inner)));
                    }
                }
                _ => {}
            }
        }
        self.builder.add(super::text_of(pieces), line(node))
    }

    fn csharp_operator(&mut self, node: Node<'_>) -> ExpressionId {
        let left = node.child_by_field_name("left").map(|side| self.csharp(side));
        let right = node.child_by_field_name("right").map(|side| self.csharp(side));
        match (left, right, self.field(node, "operator")) {
            (Some(left), Some(right), Some("+")) => {
                self.builder.add(Kind::Text(vec![Piece::Hole(left), Piece::Hole(right)]), line(node))
            }
            (Some(left), Some(right), Some("??")) => {
                self.builder.add(Kind::Either(vec![left, right]), line(node))
            }
            _ => self.other(node),
        }
    }

    fn csharp_arguments(&mut self, node: Node<'_>) -> Vec<Argument> {
        let list = node.child_by_field_name("arguments").map(children).unwrap_or_default();
        let mut all = Vec::new();
        for argument in list {
            let name = self.field(argument, "name").map(str::to_owned);
            let Some(value) = children(argument).last().copied() else { continue };
            let value = self.csharp(value);
            all.push(Argument { name, value, is_spread: false });
        }
        all
    }

    /// `new X(…) { Key = value }`: what the initializer sets is given by name.
    fn csharp_creation(&mut self, node: Node<'_>, callee: ExpressionId) -> ExpressionId {
        let mut arguments = self.csharp_arguments(node);
        let at = line(node);
        let (mut items, mut entries) = (Vec::new(), Vec::new());
        for part in node.child_by_field_name("initializer").map(children).unwrap_or_default() {
            let left = part.child_by_field_name("left");
            match (part.kind(), left.map(|left| left.kind())) {
                ("assignment_expression", Some("identifier")) => {
                    let name = self.field(part, "left").unwrap_or_default().to_owned();
                    if let Some(right) = part.child_by_field_name("right") {
                        let value = self.csharp(right);
                        arguments.push(Argument::named(name, value));
                    }
                }
                ("assignment_expression", _) => {
                    let key = left.map(|left| self.csharp(left));
                    let value = part.child_by_field_name("right").map(|right| self.csharp(right));
                    entries.extend(key.zip(value));
                }
                ("initializer_expression", _) => {
                    if let [key, value] = self.csharp_all(part).as_slice() {
                        entries.push((*key, *value));
                    }
                }
                _ => items.push(self.csharp(part)),
            }
        }
        if !entries.is_empty() {
            return self.builder.add(Kind::Map { entries, spread: Vec::new() }, at);
        }
        if !items.is_empty() {
            return self.builder.add(Kind::List(items), at);
        }
        self.builder.add(Kind::Call { callee, arguments, is_new: true }, at)
    }

    fn csharp_assignment(&mut self, node: Node<'_>) -> ExpressionId {
        let left = node.child_by_field_name("left");
        let mut value = node.child_by_field_name("right").map(|right| self.csharp(right)).unwrap_or_default();
        let Some(left) = left else { return value };
        if self.field(node, "operator") == Some("+=") {
            let before = self.csharp(left);
            value = self.builder.add(Kind::Text(vec![Piece::Hole(before), Piece::Hole(value)]), line(node));
        }
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
            "member_access_expression" => {
                let name = self.field(left, "name").unwrap_or_default().to_owned();
                if let Some(of) = left.child_by_field_name("expression") {
                    let of = self.csharp(of);
                    self.builder.bind(Target::Member(of, name), Some(value), None);
                }
            }
            "element_access_expression" => {
                if let [of, key] = self.csharp_all(left).as_slice() {
                    self.builder.bind(Target::Index(*of, *key), Some(value), None);
                }
            }
            _ => {
                self.csharp(left);
            }
        }
        value
    }
}

fn is_statement(kind: &str) -> bool {
    matches!(
        kind,
        "compilation_unit"
            | "namespace_declaration"
            | "file_scoped_namespace_declaration"
            | "declaration_list"
            | "global_statement"
            | "field_declaration"
            | "event_field_declaration"
            | "block"
            | "expression_statement"
            | "local_declaration_statement"
            | "if_statement"
            | "while_statement"
            | "do_statement"
            | "for_statement"
            | "try_statement"
            | "catch_clause"
            | "finally_clause"
            | "using_statement"
            | "lock_statement"
            | "switch_statement"
            | "switch_body"
            | "switch_section"
            | "checked_statement"
            | "fixed_statement"
            | "unsafe_statement"
            | "labeled_statement"
            | "preproc_if"
            | "preproc_else"
            | "preproc_elif"
            | "preproc_region"
            | "ERROR"
    )
}

fn is_definition(kind: &str) -> bool {
    matches!(
        kind,
        "variable_declaration"
            | "property_declaration"
            | "return_statement"
            | "yield_statement"
            | "foreach_statement"
            | "class_declaration"
            | "struct_declaration"
            | "record_declaration"
            | "interface_declaration"
            | "method_declaration"
            | "constructor_declaration"
            | "local_function_statement"
    )
}
