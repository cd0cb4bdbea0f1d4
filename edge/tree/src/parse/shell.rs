//! Shell to the common form: variables are names with their `$`, commands are calls of their words.

use kagimori_source::ir::{Builder, Language, Parameter};
use tree_sitter::Parser;

use super::{Argument, ExpressionId, Kind, Lowering, Node, Piece, Target, children, fields, line, text_of};

/// Commands that run the command after them.
const WRAPPERS: [&str; 24] = [
    "sudo",
    "xargs",
    "env",
    "time",
    "timeout",
    "exec",
    "command",
    "nohup",
    "nice",
    "ionice",
    "watch",
    "flock",
    "parallel",
    "retry",
    "doas",
    "setsid",
    "stdbuf",
    "unbuffer",
    "aws-vault",
    "caffeinate",
    "poetry",
    "pipenv",
    "uv",
    "builtin",
];
/// Scripts within scripts.
const SCRIPTS_MAX: usize = 3;
/// The image of the AWS CLI.
const IMAGES: [&str; 2] = ["amazon/aws-cli", "aws-cli/aws-cli"];

/// A whole file.
pub(super) fn file(lowering: &mut Lowering<'_>, root: Node<'_>) {
    lowering.shell_all(root);
}

impl Lowering<'_> {
    fn shell_all(&mut self, node: Node<'_>) -> Option<ExpressionId> {
        let mut last = None;
        for child in children(node) {
            last = Some(self.shell(child));
        }
        last
    }

    fn shell(&mut self, node: Node<'_>) -> ExpressionId {
        let otherwise = if self.depth >= super::DEPTH_MAX { self.other(node) } else { 0 };
        self.deeper(otherwise, |this| this.shell_node(node))
    }

    fn shell_node(&mut self, node: Node<'_>) -> ExpressionId {
        let at = line(node);
        match node.kind() {
            "command" => self.shell_command(node),
            "function_definition" => self.shell_function(node),
            "variable_assignment" => self.shell_assignment(node, false),
            "declaration_command" => {
                let is_local =
                    ["local", "declare", "typeset"].iter().any(|word| self.text(node).starts_with(word));
                for child in children(node) {
                    match child.kind() {
                        "variable_assignment" => {
                            self.shell_assignment(child, is_local);
                        }
                        _ => {
                            self.shell(child);
                        }
                    }
                }
                self.other(node)
            }
            "for_statement" => {
                let values: Vec<ExpressionId> =
                    fields(node, "value").into_iter().map(|value| self.shell(value)).collect();
                let list = match values.as_slice() {
                    [one] => *one,
                    _ => self.builder.add(Kind::List(values), at),
                };
                let each = self.builder.add(Kind::Each(list), at);
                let name = self.field(node, "variable").unwrap_or_default();
                let name = format!("${name}");
                self.builder.bind_in(0, Target::Name(name), Some(each));
                if let Some(body) = node.child_by_field_name("body") {
                    self.shell(body);
                }
                self.other(node)
            }
            "word" | "number" | "extglob_pattern" => {
                let text = self.text(node).replace('\\', "");
                self.builder.text(text, at)
            }
            "raw_string" => {
                let text = self.text(node).trim_matches('\'').to_owned();
                self.builder.text(text, at)
            }
            "ansi_c_string" | "translated_string" => {
                let text = self.text(node).trim_start_matches('$').trim_matches(['\'', '"']).to_owned();
                self.builder.text(text, at)
            }
            "string" | "concatenation" => self.shell_text(node),
            "simple_expansion" => self.shell_variable(node),
            "expansion" => self.shell_expansion(node),
            "command_substitution" => {
                let last = self.shell_all(node);
                last.unwrap_or_else(|| self.other(node))
            }
            "array" => {
                let items = children(node).into_iter().map(|item| self.shell(item)).collect();
                self.builder.add(Kind::List(items), at)
            }
            _ => {
                self.shell_all(node);
                self.other(node)
            }
        }
    }

    fn shell_text(&mut self, node: Node<'_>) -> ExpressionId {
        let mut pieces = Vec::new();
        for part in children(node) {
            match part.kind() {
                "string_content" => {
                    pieces.push(Piece::Known(self.text(part).replace("\\\"", "\"").replace("\\$", "$")));
                }
                "word" | "number" | "raw_string" => {
                    let text = self.text(part).trim_matches('\'').replace('\\', "");
                    pieces.push(Piece::Known(text));
                }
                _ => pieces.push(Piece::Hole(self.shell(part))),
            }
        }
        self.builder.add(text_of(pieces), line(node))
    }

    fn shell_variable(&mut self, node: Node<'_>) -> ExpressionId {
        let text = self.text(node).trim_start_matches('$').to_owned();
        self.builder.name(format!("${text}"), line(node))
    }

    /// `${NAME}`, `${NAME:-default}`; what cuts or replaces parts is not followed.
    fn shell_expansion(&mut self, node: Node<'_>) -> ExpressionId {
        let at = line(node);
        let parts = children(node);
        let Some(first) = parts.first() else { return self.other(node) };
        let name = match first.kind() {
            "subscript" => self.field(*first, "name").unwrap_or_default(),
            _ => self.text(*first),
        };
        let plain = self.text(node);
        let name = self.builder.name(format!("${name}"), at);
        let operator = self.field(node, "operator").unwrap_or_default();
        match operator {
            "" if !plain.starts_with("${#") && !plain.starts_with("${!") => name,
            ":-" | "-" | ":=" | "=" => {
                let default = match parts.get(1..).unwrap_or_default() {
                    [] => self.builder.text("", at),
                    [one] => self.shell(*one),
                    several => {
                        let pieces = several.iter().map(|part| Piece::Hole(self.shell(*part))).collect();
                        self.builder.add(text_of(pieces), at)
                    }
                };
                let callee = self.builder.name("${:-}", at);
                self.builder.call(callee, vec![Argument::placed(name), Argument::placed(default)], at)
            }
            ":?" | "?" => name,
            _ => {
                for part in parts.iter().skip(1) {
                    self.shell(*part);
                }
                self.other(node)
            }
        }
    }

    fn shell_assignment(&mut self, node: Node<'_>, is_local: bool) -> ExpressionId {
        let value = node.child_by_field_name("value").map(|value| self.shell(value));
        let value = value.unwrap_or_else(|| self.builder.text("", line(node)));
        let name = match node.child_by_field_name("name") {
            Some(name) if name.kind() == "subscript" => self.field(name, "name").unwrap_or_default(),
            Some(name) => self.text(name),
            None => "",
        };
        let name = format!("${name}");
        let is_more = self.text(node).contains("+=");
        let value = if is_more {
            let before = self.builder.name(name.clone(), line(node));
            self.builder.add(Kind::Text(vec![Piece::Hole(before), Piece::Hole(value)]), line(node))
        } else {
            value
        };
        if is_local && self.builder.scope() != 0 {
            self.builder.bind_name(&name, value);
        } else {
            // A variable that is not local is everyone's.
            self.builder.bind_in(0, Target::Name(name), Some(value));
        }
        value
    }

    fn shell_function(&mut self, node: Node<'_>) -> ExpressionId {
        let name = self.field(node, "name").unwrap_or_default().to_owned();
        let body = node.child_by_field_name("body");
        let text = body.map(|body| self.text(body)).unwrap_or_default();
        let takes =
            |place: &usize| text.contains(&format!("${place}")) || text.contains(&format!("${{{place}"));
        let last = (1..=9).filter(takes).max().unwrap_or_default();
        let parameters =
            (1..=last).map(|place| Parameter { name: format!("${place}"), ..Parameter::default() }).collect();
        let scope = self.builder.open_function(&name, parameters, line(node));
        if let Some(body) = body {
            self.shell(body);
        }
        self.builder.close();
        let function = self.builder.add(Kind::Function(scope), line(node));
        self.builder.bind_in(0, Target::Name(name), Some(function));
        function
    }

    fn shell_command(&mut self, node: Node<'_>) -> ExpressionId {
        let Some(name) = node.child_by_field_name("name") else {
            self.shell_all(node);
            return self.other(node);
        };
        let word = self.text(name).to_owned();
        let arguments = fields(node, "argument");
        for redirect in children(node) {
            let is_read =
                matches!(redirect.kind(), "variable_assignment" | "herestring_redirect" | "file_redirect");
            if let Some(value) = redirect.child_by_field_name("value").filter(|_| is_read) {
                self.shell(value);
            }
        }
        let plain = word.rsplit('/').next().unwrap_or(&word).trim_matches('"').to_owned();
        match plain.as_str() {
            "read" | "getopts" | "mapfile" | "readarray" => {
                for argument in &arguments {
                    let unknown = self.other(*argument);
                    let name = format!("${}", self.text(*argument));
                    self.builder.bind_in(0, Target::Name(name), Some(unknown));
                }
                return self.other(node);
            }
            "bash" | "sh" | "zsh" | "eval" | "trap" | "su" => {
                for argument in &arguments {
                    self.shell_script(*argument);
                }
                return self.other(node);
            }
            _ => {}
        }
        let inner = match plain.as_str() {
            "docker" | "podman" | "nerdctl" => {
                arguments.iter().position(|word| IMAGES.iter().any(|image| self.text(*word).contains(image)))
            }
            wrapper if WRAPPERS.contains(&wrapper) => arguments
                .iter()
                .position(|word| matches!(self.text(*word), "aws" | "/usr/local/bin/aws" | "/usr/bin/aws")),
            _ => None,
        };
        let (callee, words) = match inner {
            Some(place) => {
                let at = arguments.get(place).map_or_else(|| line(node), |word| line(*word));
                let callee = self.builder.name("command aws", at);
                (callee, arguments.get(place.saturating_add(1)..).unwrap_or_default().to_vec())
            }
            None => {
                let first = children(name).first().copied().unwrap_or(name);
                let callee = match first.kind() {
                    "word" => self.builder.name(plain, line(name)),
                    _ => self.shell(first),
                };
                (callee, arguments)
            }
        };
        let at = self.builder.get(callee).map_or_else(|| line(node), |callee| callee.line);
        let words = words.into_iter().map(|word| self.shell_argument(word)).collect();
        self.builder.call(callee, words, at)
    }

    /// `"$@"` and `"${words[@]}"` are as many words as they hold.
    fn shell_argument(&mut self, word: Node<'_>) -> Argument {
        let text = self.text(word).trim_matches('"');
        let is_spread = matches!(text, "$@" | "$*" | "${@}" | "${*}")
            || text.starts_with("${")
                && (text.ends_with("[@]}") || text.ends_with("[*]}"))
                && !text.starts_with("${#");
        if is_spread {
            let name = text.trim_matches(['$', '{', '}']).trim_end_matches("[@]").trim_end_matches("[*]");
            let name = if matches!(name, "@" | "*") { "$@".to_owned() } else { format!("${name}") };
            let value = self.builder.name(name, line(word));
            return Argument::spread(value);
        }
        Argument::placed(self.shell(word))
    }

    /// `sh -c '…'`, `eval …`, `trap '…' EXIT`: a script in a word, at its own lines.
    fn shell_script(&mut self, word: Node<'_>) {
        let text = self.text(word).trim_matches(['\'', '"']);
        let is_script = text.contains("aws ") && self.nested < SCRIPTS_MAX;
        if !is_script {
            self.shell(word);
            return;
        }
        let mut parser = Parser::new();
        if parser.set_language(&tree_sitter_bash::LANGUAGE.into()).is_err() {
            return;
        }
        let text = format!("{}{text}", "\n".repeat(word.start_position().row));
        let Some(tree) = parser.parse(&text, None) else { return };
        let builder = std::mem::replace(&mut self.builder, Builder::new("", Language::Shell));
        let mut inner = Lowering::new(&text, builder);
        inner.depth = self.depth;
        inner.nested = self.nested.saturating_add(1);
        inner.shell_all(tree.root_node());
        self.builder = inner.builder;
    }
}
