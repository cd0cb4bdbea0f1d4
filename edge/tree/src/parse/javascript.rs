//! JavaScript and TypeScript to the common form.

use kagimori_source::ir::Parameter;

use super::{
    Argument, ExpressionId, Kind, Lowering, Node, Piece, Target, children, line, text_of, unescaped,
};

/// A whole file.
pub(super) fn file(lowering: &mut Lowering<'_>, root: Node<'_>) {
    lowering.js_statements(root);
}

impl Lowering<'_> {
    fn js_statements(&mut self, node: Node<'_>) {
        for child in children(node) {
            self.deeper((), |this| this.js_statement(child));
        }
    }

    fn js_statement(&mut self, node: Node<'_>) {
        match node.kind() {
            "import_statement" => self.js_import(node),
            "export_statement" => self.js_export(node),
            "variable_declarator" => {
                let value = node.child_by_field_name("value").map(|value| self.js(value));
                let declared = self.js_type(node);
                if let Some(name) = node.child_by_field_name("name") {
                    self.js_bind(name, value, declared);
                }
            }
            "function_declaration" | "generator_function_declaration" => {
                let name = self.field(node, "name").unwrap_or_default().to_owned();
                let function = self.js_function(node, &name);
                self.builder.bind_name(&name, function);
            }
            "class_declaration" | "abstract_class_declaration" => {
                self.js_class(node);
            }
            "return_statement" => {
                for child in children(node) {
                    let value = self.js(child);
                    self.builder.current().returns.push(value);
                }
            }
            "for_in_statement" => {
                let right = node.child_by_field_name("right").map(|right| self.js(right));
                if let (Some(left), Some(right)) = (node.child_by_field_name("left"), right) {
                    let each = self.builder.add(Kind::Each(right), line(node));
                    self.js_bind(left, Some(each), None);
                }
                if let Some(body) = node.child_by_field_name("body") {
                    self.deeper((), |this| this.js_statement(body));
                }
            }
            kind if is_statement(kind) => self.js_statements(node),
            "interface_declaration" | "type_alias_declaration" | "ambient_declaration" => {}
            _ => {
                self.js(node);
            }
        }
    }

    /// `: S3Client` of a declaration.
    fn js_type(&self, node: Node<'_>) -> Option<String> {
        self.field(node, "type").map(|text| text.trim_start_matches([':', ' ']).to_owned())
    }

    fn js_import(&mut self, node: Node<'_>) {
        let Some(source) = node.child_by_field_name("source") else { return };
        let module = self.js_plain(source);
        for clause in children(node).into_iter().filter(|child| child.kind() == "import_clause") {
            for part in children(clause) {
                match part.kind() {
                    "identifier" => self.builder.import(self.text(part), &module, Some("default")),
                    "namespace_import" => {
                        if let Some(name) = children(part).first() {
                            self.builder.import(self.text(*name), &module, None);
                        }
                    }
                    "named_imports" => {
                        for name in children(part) {
                            let member = self.field(name, "name").unwrap_or_default();
                            let local = self.field(name, "alias").unwrap_or(member);
                            self.builder.import(local, &module, Some(member));
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    fn js_export(&mut self, node: Node<'_>) {
        if let Some(source) = node.child_by_field_name("source") {
            let module = self.js_plain(source);
            let clause = children(node).into_iter().find(|child| child.kind() == "export_clause");
            match clause {
                Some(clause) => {
                    for name in children(clause) {
                        let member = self.field(name, "name").unwrap_or_default();
                        let local = self.field(name, "alias").unwrap_or(member);
                        self.builder.import(local, &module, Some(member));
                    }
                }
                None => self.builder.import("*", &module, None),
            }
            return;
        }
        if let Some(value) = node.child_by_field_name("value") {
            let value = self.js(value);
            self.builder.bind_name("default", value);
            return;
        }
        if let Some(declaration) = node.child_by_field_name("declaration") {
            self.js_statement(declaration);
            let is_default = self.text(node).starts_with("export default");
            if let (true, Some(name)) = (is_default, self.field(declaration, "name")) {
                let value = self.builder.name(name, line(node));
                self.builder.bind_name("default", value);
            }
            return;
        }
        for clause in children(node).into_iter().filter(|child| child.kind() == "export_clause") {
            for part in children(clause) {
                let name = self.field(part, "name").unwrap_or_default();
                if let Some(alias) = self.field(part, "alias") {
                    let value = self.builder.name(name, line(part));
                    self.builder.bind_name(alias, value);
                }
            }
        }
    }

    fn js_plain(&self, node: Node<'_>) -> String {
        self.text(node).trim_matches(['"', '\'', '`']).to_owned()
    }

    fn js_function(&mut self, node: Node<'_>, name: &str) -> ExpressionId {
        let (parameters, patterns) = self.js_parameters(node);
        let is_method = self.builder.current().is_class_body;
        let scope = self.builder.open_function(name, parameters, line(node));
        let gives =
            self.field(node, "return_type").map(|text| text.trim_start_matches([':', ' ']).to_owned());
        let is_property = self.text(node).starts_with("get ");
        let current = self.builder.current();
        current.gives = gives;
        if is_method {
            current.receiver = Some("this".to_owned());
            current.is_property = is_property;
        }
        for (parameter, pattern) in &patterns {
            let value = self.builder.name(parameter.clone(), line(*pattern));
            match pattern.kind() {
                // `constructor(private s3: S3Client)` is a field, too.
                "required_parameter" | "optional_parameter" => {
                    let this = self.builder.name("this", line(*pattern));
                    self.builder.bind(Target::Member(this, parameter.clone()), Some(value), None);
                }
                _ => self.js_bind(*pattern, Some(value), None),
            }
        }
        if let Some(body) = node.child_by_field_name("body") {
            if body.kind() == "statement_block" {
                self.js_statements(body);
            } else {
                let value = self.js(body);
                self.builder.current().returns.push(value);
            }
        }
        self.builder.close();
        self.builder.add(Kind::Function(scope), line(node))
    }

    /// Parameters, and those that are taken apart, under a name that nobody writes.
    fn js_parameters<'n>(&mut self, node: Node<'n>) -> (Vec<Parameter>, Vec<(String, Node<'n>)>) {
        let mut all = Vec::new();
        let mut patterns = Vec::new();
        let list = node.child_by_field_name("parameters").map(children);
        let list =
            list.or_else(|| node.child_by_field_name("parameter").map(|one| vec![one])).unwrap_or_default();
        for (place, child) in list.into_iter().enumerate() {
            let (pattern, value) = match child.kind() {
                "required_parameter" | "optional_parameter" => {
                    (child.child_by_field_name("pattern"), child.child_by_field_name("value"))
                }
                "assignment_pattern" => {
                    (child.child_by_field_name("left"), child.child_by_field_name("right"))
                }
                _ => (Some(child), None),
            };
            let Some(pattern) = pattern else { continue };
            let is_rest = pattern.kind() == "rest_pattern";
            let default = value.map(|value| self.js(value));
            let declared = self.js_type(child);
            let name = match pattern.kind() {
                "identifier" => self.text(pattern).to_owned(),
                "rest_pattern" => self.text(pattern).trim_start_matches("...").to_owned(),
                _ => {
                    let name = format!("#{place}");
                    patterns.push((name.clone(), pattern));
                    name
                }
            };
            let is_field = children(child).iter().any(|part| part.kind() == "accessibility_modifier")
                || self.text(child).starts_with("readonly ");
            if is_field {
                patterns.push((name.clone(), child));
            }
            all.push(Parameter { name, declared, default, is_rest });
        }
        (all, patterns)
    }

    fn js_class(&mut self, node: Node<'_>) -> ExpressionId {
        let name = self.field(node, "name").unwrap_or_default().to_owned();
        let heritage = children(node).into_iter().find(|child| child.kind() == "class_heritage");
        let bases =
            heritage.map(|heritage| self.text(heritage).trim_start_matches("extends").trim().to_owned());
        let bases = bases
            .into_iter()
            .map(|base| base.split([' ', '<', '{']).next().unwrap_or_default().to_owned())
            .collect();
        self.builder.open_class(&name, bases, line(node));
        for member in node.child_by_field_name("body").map(children).unwrap_or_default() {
            match member.kind() {
                "method_definition" => {
                    let name = self.field(member, "name").unwrap_or_default().to_owned();
                    self.js_function(member, &name);
                }
                "field_definition" | "public_field_definition" => {
                    let name = self.field(member, "property").or_else(|| self.field(member, "name"));
                    let name = name.unwrap_or_default().to_owned();
                    let value = member.child_by_field_name("value").map(|value| self.js(value));
                    let declared = self.js_type(member);
                    self.builder.bind(Target::Name(name), value, declared);
                }
                _ => self.js_statement(member),
            }
        }
        self.builder.close();
        self.builder.name(name, line(node))
    }

    fn js_bind(&mut self, left: Node<'_>, value: Option<ExpressionId>, declared: Option<String>) {
        match left.kind() {
            "identifier" | "shorthand_property_identifier_pattern" => {
                let name = self.text(left).to_owned();
                self.builder.bind(Target::Name(name), value, declared);
            }
            "member_expression" => {
                let of = left.child_by_field_name("object");
                let name = self.field(left, "property").unwrap_or_default().to_owned();
                let text = self.text(left);
                if let (true, Some(value)) = (text == "module.exports", value) {
                    self.builder.bind_name("default", value);
                } else if let (Some(value), Some("exports" | "module.exports")) =
                    (value, of.map(|of| self.text(of)))
                {
                    self.builder.bind_name(&name, value);
                } else if let Some(of) = of {
                    let of = self.js(of);
                    self.builder.bind(Target::Member(of, name), value, declared);
                }
            }
            "subscript_expression" => {
                let of = left.child_by_field_name("object").map(|of| self.js(of));
                let key = left.child_by_field_name("index").map(|key| self.js(key));
                if let (Some(of), Some(key)) = (of, key) {
                    self.builder.bind(Target::Index(of, key), value, declared);
                }
            }
            "object_pattern" => {
                for part in children(left) {
                    let (name, inner) = match part.kind() {
                        "pair_pattern" => {
                            (self.field(part, "key").map(str::to_owned), part.child_by_field_name("value"))
                        }
                        "object_assignment_pattern" => {
                            (self.field(part, "left").map(str::to_owned), part.child_by_field_name("left"))
                        }
                        _ => (Some(self.text(part).to_owned()), Some(part)),
                    };
                    let mut found =
                        value.zip(name).map(|(of, name)| self.builder.member(of, name, line(part)));
                    if let Some(default) = part.child_by_field_name("right") {
                        let default = self.js(default);
                        let ways = found.into_iter().chain([default]).collect();
                        found = Some(self.builder.add(Kind::Either(ways), line(part)));
                    }
                    if let Some(inner) = inner {
                        self.js_bind(inner, found, None);
                    }
                }
            }
            "array_pattern" => {
                for (place, part) in children(left).into_iter().enumerate() {
                    let found = value.map(|of| {
                        let key = self.builder.add(Kind::Literal(place.to_string()), line(part));
                        self.builder.add(Kind::Index { of, key }, line(part))
                    });
                    self.js_bind(part, found, None);
                }
            }
            "assignment_pattern" => {
                if let Some(inner) = left.child_by_field_name("left") {
                    self.js_bind(inner, value, declared);
                }
            }
            _ => {}
        }
    }

    fn js(&mut self, node: Node<'_>) -> ExpressionId {
        let otherwise = if self.depth >= super::DEPTH_MAX { self.other(node) } else { 0 };
        self.deeper(otherwise, |this| this.js_expression(node))
    }

    fn js_all(&mut self, node: Node<'_>) -> Vec<ExpressionId> {
        children(node).into_iter().map(|child| self.js(child)).collect()
    }

    fn js_expression(&mut self, node: Node<'_>) -> ExpressionId {
        let at = line(node);
        match node.kind() {
            "identifier" | "this" | "super" | "shorthand_property_identifier" | "import" => {
                self.builder.name(self.text(node), at)
            }
            "property_identifier" | "private_property_identifier" => self.builder.text(self.text(node), at),
            "string" => {
                let text = unescaped(self.text(node).trim_matches(['"', '\'']));
                self.builder.text(text, at)
            }
            "template_string" => self.js_template(node),
            "number" | "true" | "false" | "null" | "undefined" => {
                self.builder.add(Kind::Literal(self.text(node).to_owned()), at)
            }
            "member_expression" => {
                let Some(object) = node.child_by_field_name("object") else { return self.other(node) };
                let of = self.js(object);
                let name = node.child_by_field_name("property");
                let text = name.map(|name| self.text(name)).unwrap_or_default();
                self.builder.member(of, text, name.map_or(at, line))
            }
            "subscript_expression" => {
                let of = node.child_by_field_name("object").map(|of| self.js(of));
                let key = node.child_by_field_name("index").map(|key| self.js(key));
                match (of, key) {
                    (Some(of), Some(key)) => self.builder.add(Kind::Index { of, key }, at),
                    _ => self.other(node),
                }
            }
            "call_expression" | "new_expression" => self.js_call(node),
            "binary_expression" => {
                let operator = self.field(node, "operator").unwrap_or_default().to_owned();
                let left = node.child_by_field_name("left").map(|side| self.js(side));
                let right = node.child_by_field_name("right").map(|side| self.js(side));
                let sides: Vec<ExpressionId> = left.into_iter().chain(right).collect();
                match operator.as_str() {
                    "+" => self.builder.add(Kind::Text(sides.into_iter().map(Piece::Hole).collect()), at),
                    "||" | "??" => self.builder.add(Kind::Either(sides), at),
                    "&&" => sides.last().copied().unwrap_or_default(),
                    _ => self.other(node),
                }
            }
            "ternary_expression" => {
                if let Some(condition) = node.child_by_field_name("condition") {
                    self.js(condition);
                }
                let ways = ["consequence", "alternative"]
                    .into_iter()
                    .filter_map(|way| node.child_by_field_name(way));
                let ways: Vec<Node<'_>> = ways.collect();
                let ways = ways.into_iter().map(|way| self.js(way)).collect();
                self.builder.add(Kind::Either(ways), at)
            }
            "object" => self.js_object(node),
            "array" => {
                let parts = self.js_all(node);
                self.builder.add(Kind::List(parts), at)
            }
            "arrow_function" | "function_expression" | "generator_function" | "function" => {
                self.js_function(node, "")
            }
            "class" => self.js_class(node),
            "assignment_expression" | "augmented_assignment_expression" => {
                let value = node.child_by_field_name("right").map(|right| self.js(right));
                if let Some(left) = node.child_by_field_name("left") {
                    self.js_bind(left, value, None);
                }
                value.unwrap_or_default()
            }
            "await_expression"
            | "parenthesized_expression"
            | "expression_statement"
            | "sequence_expression"
            | "spread_element" => {
                let parts = self.js_all(node);
                parts.last().copied().unwrap_or_else(|| self.other(node))
            }
            "as_expression" | "satisfies_expression" | "non_null_expression" | "type_assertion" => {
                let inner = children(node);
                let inner = if node.kind() == "type_assertion" { inner.last() } else { inner.first() };
                match inner.copied() {
                    Some(inner) => self.js(inner),
                    None => self.other(node),
                }
            }
            "yield_expression" => {
                let parts = self.js_all(node);
                self.builder.current().returns.extend(parts);
                self.other(node)
            }
            kind if is_statement(kind) || is_definition(kind) => {
                self.js_statement(node);
                self.other(node)
            }
            "type_annotation" | "type_arguments" | "type_parameters" | "comment" => self.other(node),
            _ => {
                self.js_all(node);
                self.other(node)
            }
        }
    }

    fn js_template(&mut self, node: Node<'_>) -> ExpressionId {
        let mut pieces = Vec::new();
        for part in children(node) {
            match part.kind() {
                "template_substitution" => {
                    let inner = self.js_all(part);
                    pieces.extend(inner.into_iter().map(Piece::Hole));
                }
                _ => pieces.push(Piece::Known(unescaped(self.text(part)))),
            }
        }
        self.builder.add(text_of(pieces), line(node))
    }

    fn js_call(&mut self, node: Node<'_>) -> ExpressionId {
        let is_new = node.kind() == "new_expression";
        let function = node.child_by_field_name(if is_new { "constructor" } else { "function" });
        let Some(function) = function else { return self.other(node) };
        let callee = self.js(function);
        let at = self.builder.get(callee).map_or_else(|| line(node), |callee| callee.line);
        let mut arguments = Vec::new();
        for child in node.child_by_field_name("arguments").map(children).unwrap_or_default() {
            let is_spread = child.kind() == "spread_element";
            let value = self.js(child);
            arguments.push(Argument { name: None, value, is_spread });
        }
        self.builder.add(Kind::Call { callee, arguments, is_new }, at)
    }

    fn js_object(&mut self, node: Node<'_>) -> ExpressionId {
        let (mut entries, mut spread) = (Vec::new(), Vec::new());
        for child in children(node) {
            match child.kind() {
                "pair" => {
                    let key = child.child_by_field_name("key").map(|key| match key.kind() {
                        "computed_property_name" => {
                            let inner = self.js_all(key);
                            inner.first().copied().unwrap_or_default()
                        }
                        _ => self.js(key),
                    });
                    let value = child.child_by_field_name("value").map(|value| self.js(value));
                    entries.extend(key.zip(value));
                }
                "shorthand_property_identifier" => {
                    let key = self.builder.text(self.text(child), line(child));
                    let value = self.builder.name(self.text(child), line(child));
                    entries.push((key, value));
                }
                "spread_element" => {
                    let inner = self.js_all(child);
                    spread.extend(inner);
                }
                "method_definition" => {
                    let name = self.field(child, "name").unwrap_or_default().to_owned();
                    let key = self.builder.text(name.clone(), line(child));
                    let value = self.js_function(child, &name);
                    entries.push((key, value));
                }
                _ => {
                    self.js(child);
                }
            }
        }
        self.builder.add(Kind::Map { entries, spread }, line(node))
    }
}

fn is_statement(kind: &str) -> bool {
    matches!(
        kind,
        "program"
            | "statement_block"
            | "lexical_declaration"
            | "variable_declaration"
            | "if_statement"
            | "else_clause"
            | "for_statement"
            | "while_statement"
            | "do_statement"
            | "try_statement"
            | "catch_clause"
            | "finally_clause"
            | "switch_statement"
            | "switch_body"
            | "switch_case"
            | "switch_default"
            | "labeled_statement"
            | "expression_statement"
            | "internal_module"
            | "class_static_block"
            | "ERROR"
    )
}

fn is_definition(kind: &str) -> bool {
    matches!(
        kind,
        "variable_declarator"
            | "function_declaration"
            | "generator_function_declaration"
            | "class_declaration"
            | "abstract_class_declaration"
            | "return_statement"
            | "for_in_statement"
            | "import_statement"
            | "export_statement"
    )
}
