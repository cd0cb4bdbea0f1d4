//! Ruby to the common form.

use kagimori_source::ir::Parameter;

use super::{
    Argument, ExpressionId, Kind, Lowering, Node, Piece, Target, children, line, text_of, unescaped,
};

/// Methods that hand each member to their block.
const EACH: [&str; 14] = [
    "each",
    "map",
    "select",
    "reject",
    "collect",
    "flat_map",
    "each_with_index",
    "filter",
    "find",
    "each_page",
    "batch_delete",
    "each_batch",
    "limit",
    "sort_by",
];
/// Methods that hand what they are called on.
const HANDED: [&str; 2] = ["tap", "then"];

/// A whole file.
pub(super) fn file(lowering: &mut Lowering<'_>, root: Node<'_>) {
    lowering.ruby_statements(root);
}

impl Lowering<'_> {
    /// The statements of a body, and its last value.
    fn ruby_statements(&mut self, node: Node<'_>) -> Option<ExpressionId> {
        let mut last = None;
        for child in children(node) {
            match child.kind() {
                "rescue" | "ensure" => {
                    self.deeper((), |this| {
                        this.ruby_statements(child);
                    });
                }
                // What a body that raised nothing gives in the end.
                "else" => last = self.deeper(None, |this| this.ruby_statements(child)).or(last),
                _ => last = Some(self.ruby(child)),
            }
        }
        last
    }

    fn ruby(&mut self, node: Node<'_>) -> ExpressionId {
        let otherwise = if self.depth >= super::DEPTH_MAX { self.other(node) } else { 0 };
        self.deeper(otherwise, |this| this.ruby_expression(node))
    }

    fn ruby_all(&mut self, node: Node<'_>) -> Vec<ExpressionId> {
        children(node).into_iter().map(|child| self.ruby(child)).collect()
    }

    fn ruby_expression(&mut self, node: Node<'_>) -> ExpressionId {
        let at = line(node);
        match node.kind() {
            "identifier" => self.ruby_word(node),
            "constant" | "self" | "global_variable" => self.builder.name(self.text(node), at),
            // A field is a member of the receiver.
            "instance_variable" | "class_variable" if self.builder.is_in_method() => {
                let name = self.text(node).trim_start_matches('@').to_owned();
                let this = self.builder.name("self", at);
                self.builder.member(this, name, at)
            }
            "instance_variable" | "class_variable" => self.builder.name(self.text(node), at),
            "string" | "chained_string" | "bare_string" | "heredoc_body" | "subshell"
            | "delimited_symbol" => self.ruby_text(node),
            "simple_symbol" | "bare_symbol" | "hash_key_symbol" => {
                let text = self.text(node).trim_start_matches(':').to_owned();
                self.builder.text(text, at)
            }
            "integer" | "float" | "true" | "false" | "nil" => {
                let text = self.text(node).to_owned();
                self.builder.add(Kind::Literal(text), at)
            }
            "scope_resolution" => {
                let name = self.field(node, "name").unwrap_or_default().to_owned();
                match node.child_by_field_name("scope") {
                    Some(scope) => {
                        let of = self.ruby(scope);
                        self.builder.member(of, name, at)
                    }
                    None => self.builder.name(name, at),
                }
            }
            "call" => self.ruby_call(node),
            "element_reference" => {
                let of = node.child_by_field_name("object").map(|of| self.ruby(of));
                let first = node.child_by_field_name("object").map(|of| of.id());
                let keys = children(node).into_iter().filter(|part| Some(part.id()) != first);
                let keys: Vec<Node<'_>> = keys.collect();
                let keys: Vec<ExpressionId> = keys.into_iter().map(|key| self.ruby(key)).collect();
                match (of, keys.as_slice()) {
                    (Some(of), [key, ..]) => self.builder.add(Kind::Index { of, key: *key }, at),
                    _ => self.other(node),
                }
            }
            "array" | "string_array" | "symbol_array" | "right_assignment_list" => {
                let items = self.ruby_all(node);
                self.builder.add(Kind::List(items), at)
            }
            "hash" => self.ruby_hash(node),
            "assignment" | "operator_assignment" => self.ruby_assignment(node),
            "binary" => self.ruby_operator(node),
            "conditional" | "if" | "unless" | "if_modifier" | "unless_modifier" => self.ruby_if(node),
            "case" | "case_match" => self.ruby_case(node),
            "then"
            | "else"
            | "begin"
            | "parenthesized_statements"
            | "body_statement"
            | "block_body"
            | "do"
            | "program"
            | "ensure"
            | "block_argument"
            | "ERROR"
            | "rescue"
            | "while"
            | "until"
            | "elsif"
            | "when" => {
                let last = self.ruby_statements(node);
                last.unwrap_or_else(|| self.other(node))
            }
            "return" | "next" => {
                let parts = self.ruby_all(node);
                self.builder.current().returns.extend(parts);
                self.other(node)
            }
            "argument_list" => {
                let parts = self.ruby_all(node);
                match parts.as_slice() {
                    [one] => *one,
                    _ => self.builder.add(Kind::List(parts), at),
                }
            }
            "for" => {
                let of = node.child_by_field_name("value").and_then(|value| children(value).first().copied());
                let of = of.map(|of| self.ruby(of));
                if let (Some(pattern), Some(of)) = (node.child_by_field_name("pattern"), of) {
                    let each = self.builder.add(Kind::Each(of), at);
                    self.ruby_bind(pattern, each);
                }
                if let Some(body) = node.child_by_field_name("body") {
                    self.ruby(body);
                }
                self.other(node)
            }
            "class" | "module" | "singleton_class" => {
                self.ruby_class(node);
                self.other(node)
            }
            "method" | "singleton_method" => {
                self.ruby_method(node);
                self.other(node)
            }
            "lambda" => {
                let body = node.child_by_field_name("body").unwrap_or(node);
                self.ruby_block(body, None)
            }
            "rescue_modifier" => {
                let ways = self.ruby_all(node);
                self.builder.add(Kind::Either(ways), at)
            }
            _ => {
                self.ruby_all(node);
                self.other(node)
            }
        }
    }

    /// A local name, or a method of the receiver that takes nothing.
    fn ruby_word(&mut self, node: Node<'_>) -> ExpressionId {
        let name = self.text(node).to_owned();
        let at = line(node);
        if self.builder.is_local(&name) || !self.builder.is_in_method() {
            return self.builder.name(name, at);
        }
        let this = self.builder.name("self", at);
        let callee = self.builder.member(this, name, at);
        self.builder.call(callee, Vec::new(), at)
    }

    fn ruby_text(&mut self, node: Node<'_>) -> ExpressionId {
        let mut pieces = Vec::new();
        for part in children(node) {
            match part.kind() {
                "string_content" | "escape_sequence" | "heredoc_content" => {
                    pieces.push(Piece::Known(unescaped(self.text(part))));
                }
                "interpolation" => {
                    if let Some(inner) = children(part).first() {
                        pieces.push(Piece::Hole(self.ruby(*inner)));
                    }
                }
                "string" => pieces.push(Piece::Hole(self.ruby(part))),
                _ => {}
            }
        }
        self.builder.add(text_of(pieces), line(node))
    }

    fn ruby_hash(&mut self, node: Node<'_>) -> ExpressionId {
        let (mut entries, mut spread) = (Vec::new(), Vec::new());
        for part in children(node) {
            match part.kind() {
                "pair" => entries.extend(self.ruby_pair(part)),
                "hash_splat_argument" => {
                    for inner in children(part) {
                        spread.push(self.ruby(inner));
                    }
                }
                _ => {
                    self.ruby(part);
                }
            }
        }
        self.builder.add(Kind::Map { entries, spread }, line(node))
    }

    /// `key: value`, `'key' => value`, `key:` alone for the local of that name.
    fn ruby_pair(&mut self, part: Node<'_>) -> Option<(ExpressionId, ExpressionId)> {
        let key = part.child_by_field_name("key")?;
        let name = self.text(key).to_owned();
        let key_value = self.ruby(key);
        let value = match part.child_by_field_name("value") {
            Some(value) => self.ruby(value),
            None if self.builder.is_local(&name) => self.builder.name(name, line(part)),
            None => {
                let this = self.builder.name("self", line(part));
                let callee = self.builder.member(this, name, line(part));
                self.builder.call(callee, Vec::new(), line(part))
            }
        };
        Some((key_value, value))
    }

    fn ruby_call(&mut self, node: Node<'_>) -> ExpressionId {
        let Some(method) = node.child_by_field_name("method") else { return self.other(node) };
        let name = self.text(method).to_owned();
        let at = line(method);
        let receiver = node.child_by_field_name("receiver").map(|receiver| self.ruby(receiver));
        let arguments = self.ruby_arguments(node);
        if receiver.is_none() && matches!(name.as_str(), "attr_reader" | "attr_accessor" | "attr_writer") {
            return self.other(node);
        }
        if receiver.is_none() && matches!(name.as_str(), "require" | "require_relative") {
            self.ruby_require(&arguments, &name);
            return self.other(node);
        }
        let is_new = name == "new" && receiver.is_some();
        let callee = match receiver {
            Some(of) if is_new => of,
            Some(of) => self.builder.member(of, name.clone(), at),
            None if self.builder.is_local(&name) || !self.builder.is_in_method() => {
                self.builder.name(name.clone(), at)
            }
            None => {
                let this = self.builder.name("self", at);
                self.builder.member(this, name.clone(), at)
            }
        };
        let call = self.builder.add(Kind::Call { callee, arguments, is_new }, at);
        if let Some(block) = node.child_by_field_name("block") {
            let of = if HANDED.contains(&name.as_str()) { receiver } else { None };
            let of = of.unwrap_or_else(|| match receiver.filter(|_| EACH.contains(&name.as_str())) {
                Some(receiver) => self.builder.add(Kind::Each(receiver), at),
                None => self.builder.add(Kind::Each(call), at),
            });
            self.ruby_block(block, Some(of));
        }
        call
    }

    fn ruby_require(&mut self, arguments: &[Argument], how: &str) {
        let text =
            arguments.first().and_then(|first| self.builder.get(first.value)).map(|first| first.kind.clone());
        if let Some(Kind::Text(pieces)) = text
            && let [Piece::Known(module)] = pieces.as_slice()
        {
            let local = if how == "require" { "" } else { "*" };
            self.builder.import(local, module, None);
        }
    }

    fn ruby_arguments(&mut self, node: Node<'_>) -> Vec<Argument> {
        let list = node.child_by_field_name("arguments").map(children).unwrap_or_default();
        let mut all = Vec::new();
        for part in list {
            match part.kind() {
                "pair" => {
                    let is_symbol = part.child_by_field_name("key").is_some_and(|key| {
                        matches!(key.kind(), "hash_key_symbol" | "simple_symbol" | "string")
                    });
                    let name = self.field(part, "key").unwrap_or_default();
                    let name = name.trim_matches([':', '"', '\'']).to_owned();
                    if let Some((_, value)) = self.ruby_pair(part).filter(|_| is_symbol) {
                        all.push(Argument::named(name, value));
                    }
                }
                "hash_splat_argument" | "splat_argument" => {
                    for inner in children(part) {
                        let value = self.ruby(inner);
                        all.push(Argument::spread(value));
                    }
                }
                "block_argument" => {
                    self.ruby_all(part);
                }
                // A hash in the last place gives its keys, as they do without braces.
                "hash" => {
                    let value = self.ruby(part);
                    all.push(Argument::spread(value));
                }
                _ => {
                    let value = self.ruby(part);
                    all.push(Argument::placed(value));
                }
            }
        }
        all
    }

    fn ruby_block(&mut self, node: Node<'_>, given: Option<ExpressionId>) -> ExpressionId {
        let list = node.child_by_field_name("parameters").map(children).unwrap_or_default();
        let scope = self.builder.open_function("", Vec::new(), line(node));
        if let (Some(given), Some(first)) = (given, list.first().copied()) {
            self.ruby_bind(first, given);
        }
        let body = node.child_by_field_name("body");
        let last = match body {
            Some(body) => self.ruby_statements(body),
            None => None,
        };
        self.builder.current().returns.extend(last);
        self.builder.close();
        self.builder.add(Kind::Function(scope), line(node))
    }

    fn ruby_bind(&mut self, left: Node<'_>, value: ExpressionId) {
        match left.kind() {
            "instance_variable" | "class_variable" if self.builder.is_in_method() => {
                let name = self.text(left).trim_start_matches('@').to_owned();
                let this = self.builder.name("self", line(left));
                self.builder.bind(Target::Member(this, name), Some(value), None);
            }
            "identifier" | "constant" | "global_variable" | "instance_variable" | "class_variable" => {
                let name = self.text(left).to_owned();
                self.builder.bind_name(&name, value);
            }
            "element_reference" => {
                let parts = self.ruby_all(left);
                if let [of, key] = parts.as_slice() {
                    self.builder.bind(Target::Index(*of, *key), Some(value), None);
                }
            }
            "left_assignment_list" | "destructured_left_assignment" | "destructured_parameter" => {
                for (place, part) in children(left).into_iter().enumerate() {
                    let key = self.builder.add(Kind::Literal(place.to_string()), line(part));
                    let value = self.builder.add(Kind::Index { of: value, key }, line(part));
                    self.deeper((), |this| this.ruby_bind(part, value));
                }
            }
            "call" => {
                let of = left.child_by_field_name("receiver").map(|of| self.ruby(of));
                let name = self.field(left, "method").unwrap_or_default().to_owned();
                if let Some(of) = of {
                    self.builder.bind(Target::Member(of, name), Some(value), None);
                }
            }
            _ => {}
        }
    }

    fn ruby_assignment(&mut self, node: Node<'_>) -> ExpressionId {
        let value = node.child_by_field_name("right").map(|right| self.ruby(right)).unwrap_or_default();
        let Some(left) = node.child_by_field_name("left") else { return value };
        let operator = self.field(node, "operator").unwrap_or_default();
        let bound = match operator {
            "+=" | "<<=" => {
                let before = self.ruby(left);
                self.builder.add(Kind::Text(vec![Piece::Hole(before), Piece::Hole(value)]), line(node))
            }
            _ => value,
        };
        self.ruby_bind(left, bound);
        // `@client ||= …` gives what the field holds.
        if operator == "||=" && left.kind() == "instance_variable" { self.ruby(left) } else { value }
    }

    fn ruby_operator(&mut self, node: Node<'_>) -> ExpressionId {
        let left = node.child_by_field_name("left").map(|side| self.ruby(side));
        let right = node.child_by_field_name("right").map(|side| self.ruby(side));
        match (left, right, self.field(node, "operator")) {
            (Some(left), Some(right), Some("+")) => {
                self.builder.add(Kind::Text(vec![Piece::Hole(left), Piece::Hole(right)]), line(node))
            }
            (Some(left), Some(right), Some("||" | "or")) => {
                self.builder.add(Kind::Either(vec![left, right]), line(node))
            }
            _ => self.other(node),
        }
    }

    fn ruby_if(&mut self, node: Node<'_>) -> ExpressionId {
        if let Some(condition) = node.child_by_field_name("condition") {
            self.ruby(condition);
        }
        let ways = ["consequence", "alternative", "body"]
            .into_iter()
            .filter_map(|way| node.child_by_field_name(way));
        let ways: Vec<Node<'_>> = ways.collect();
        let ways = ways.into_iter().map(|way| self.ruby(way)).collect();
        self.builder.add(Kind::Either(ways), line(node))
    }

    fn ruby_case(&mut self, node: Node<'_>) -> ExpressionId {
        let mut ways = Vec::new();
        for part in children(node) {
            match part.kind() {
                "when" | "in_clause" => {
                    if let Some(body) = part.child_by_field_name("body") {
                        ways.push(self.ruby(body));
                    }
                }
                _ => ways.push(self.ruby(part)),
            }
        }
        self.builder.add(Kind::Either(ways), line(node))
    }

    fn ruby_class(&mut self, node: Node<'_>) {
        if node.kind() == "singleton_class" {
            if let Some(body) = node.child_by_field_name("body") {
                self.ruby_statements(body);
            }
            return;
        }
        let name = self.field(node, "name").unwrap_or_default();
        let name = name.rsplit("::").next().unwrap_or(name).to_owned();
        let base = node.child_by_field_name("superclass").and_then(|base| children(base).first().copied());
        let base =
            base.map(|base| self.text(base)).map(|base| base.rsplit("::").next().unwrap_or(base).to_owned());
        self.builder.open_class(&name, base.into_iter().collect(), line(node));
        if let Some(body) = node.child_by_field_name("body") {
            self.ruby_statements(body);
        }
        self.builder.close();
    }

    fn ruby_method(&mut self, node: Node<'_>) {
        let name = self.field(node, "name").unwrap_or_default().to_owned();
        let parameters = node.child_by_field_name("parameters").map(|list| self.ruby_parameters(list));
        let is_method = self.builder.current().is_class_body;
        let parameters = parameters.unwrap_or_default();
        let scope = self.builder.open_function(&name, parameters, line(node));
        let current = self.builder.current();
        if is_method {
            current.receiver = Some("self".to_owned());
        }
        if let Some(body) = node.child_by_field_name("body") {
            let last = match body.kind() {
                "body_statement" => self.ruby_statements(body),
                _ => Some(self.ruby(body)),
            };
            self.builder.current().returns.extend(last);
        }
        self.builder.close();
        let function = self.builder.add(Kind::Function(scope), line(node));
        if !is_method {
            self.builder.bind_name(&name, function);
        }
    }

    fn ruby_parameters(&mut self, list: Node<'_>) -> Vec<Parameter> {
        let mut all = Vec::new();
        for child in children(list) {
            let name = match child.kind() {
                "identifier" => self.text(child),
                _ => self.field(child, "name").unwrap_or_default(),
            };
            let name = name.to_owned();
            let default = child.child_by_field_name("value").map(|value| self.ruby(value));
            let is_rest = matches!(child.kind(), "splat_parameter" | "hash_splat_parameter");
            if child.kind() != "block_parameter" {
                all.push(Parameter { name, declared: None, default, is_rest });
            }
        }
        all
    }
}
