//! Shell that stands in files of other kinds: recipes of Makefiles, `RUN` of Dockerfiles, steps of CI files and build specifications.
//!
//! What is no shell becomes an empty line, so that every command keeps its line.

/// Whether a file may hold commands, by its name.
pub(super) fn may_hold(name: &str) -> bool {
    let plain = name.to_ascii_lowercase();
    let ending = plain.rsplit_once('.').map_or("", |(_, ending)| ending);
    plain == "makefile"
        || plain == "gnumakefile"
        || plain == "justfile"
        || plain == "jenkinsfile"
        || plain.starts_with("dockerfile")
        || plain.starts_with("containerfile")
        || matches!(ending, "mk" | "yml" | "yaml" | "dockerfile")
}

/// The commands of a file, where it has any of the AWS CLI.
pub(super) fn script(name: &str, text: &str) -> Option<String> {
    if !text.contains("aws ") {
        return None;
    }
    let plain = name.to_ascii_lowercase();
    let of: fn(&str) -> Option<String> = match plain.rsplit_once('.').map(|(_, ending)| ending) {
        Some("yml" | "yaml") => step,
        _ if plain.contains("make") || plain.ends_with(".mk") || plain == "justfile" => recipe,
        _ if plain.contains("docker") || plain.contains("container") => instruction,
        _ => quoted,
    };
    let mut script = String::with_capacity(text.len());
    let mut goes_on = false;
    let mut is_any = false;
    for line in text.lines() {
        let found = if goes_on { Some(line.trim().to_owned()) } else { of(line) };
        goes_on = found.as_deref().is_some_and(|line| line.ends_with('\\'));
        is_any |= found.as_deref().is_some_and(|line| line.contains("aws "));
        script.push_str(found.as_deref().unwrap_or_default());
        script.push('\n');
    }
    is_any.then_some(script)
}

/// A line of a recipe: make's `$(NAME)` is the shell's `${NAME}`, and `$$` is its `$`.
fn recipe(line: &str) -> Option<String> {
    let is_assignment = !line.starts_with(['\t', ' ', '#']) && line.contains('=') && !line.contains("==");
    if is_assignment {
        // `NAME ?= value`
        let (name, value) = line.split_once('=')?;
        let name = name.trim_end_matches(['?', ':', '+', ' ']).trim_start_matches("export ").trim();
        let is_name = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        return (is_name && !name.is_empty())
            .then(|| format!("{name}=\"{}\"", made(value.trim()).replace('"', "")));
    }
    let command = line.strip_prefix('\t').or_else(|| line.strip_prefix("    "))?;
    Some(made(command.trim_start_matches(['@', '-', '+', ' '])))
}

fn made(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("$(") {
        let (name, tail) = after.split_once(')').unwrap_or((after, ""));
        let is_name = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        plain.push_str(before);
        plain.push_str(&if is_name { format!("${{{name}}}") } else { format!("$({name})") });
        rest = tail;
    }
    plain.push_str(rest);
    plain.replace("$$", "$")
}

/// `RUN …`, and `ARG` and `ENV`, which set variables.
fn instruction(line: &str) -> Option<String> {
    let (word, rest) = line.trim_start().split_once(char::is_whitespace)?;
    match word.to_ascii_uppercase().as_str() {
        "RUN" | "CMD" | "ENTRYPOINT" => Some(rest.trim().to_owned()),
        "ARG" | "ENV" if rest.contains('=') => Some(rest.trim().to_owned()),
        _ => None,
    }
}

/// A step of a CI file: a line with a command of the CLI, or one that goes on from it.
fn step(line: &str) -> Option<String> {
    let plain = line.trim().trim_start_matches("- ").trim_start();
    let value = ["run:", "script:", "command:", "cmd:", "shell:"]
        .iter()
        .find_map(|key| plain.strip_prefix(key))
        .map_or(plain, str::trim);
    let value = unquoted(value);
    let is_command = value.split("&&").chain(value.split([';', '|', '('])).any(|part| {
        let part = part.trim_start();
        let part = part.strip_prefix("! ").unwrap_or(part);
        ["aws ", "sudo aws ", "if aws ", "if ! aws "].iter().any(|head| part.starts_with(head))
    });
    // `NAME=value` alone sets what a later command reads.
    let is_setting = value.split_once('=').is_some_and(|(name, _)| {
        let name = name.trim_start_matches("export ");
        !name.is_empty() && name.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_')
    });
    (is_command || is_setting).then(|| expressions(value))
}

/// `${{ … }}` of a workflow is filled in before the shell sees it: a variable that nothing sets.
fn expressions(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let (name, tail) = after.split_once("}}").unwrap_or((after, ""));
        let name = name.trim().rsplit('.').next().unwrap_or_default();
        let name: String =
            name.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect();
        plain.push_str(before);
        plain.push_str(&format!("${{{name}}}"));
        rest = tail;
    }
    plain.push_str(rest);
    plain
}

fn unquoted(text: &str) -> &str {
    ['"', '\''].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote)).unwrap_or(text)
}

/// A command in a text of another language (`sh 'aws …'`).
fn quoted(line: &str) -> Option<String> {
    let at = line.find("aws ")?;
    let quote = line.get(..at)?.chars().last().filter(|letter| matches!(letter, '"' | '\''))?;
    let inside = line.get(at..)?;
    Some(inside.split(quote).next().unwrap_or(inside).to_owned())
}

#[cfg(test)]
mod tests {
    use super::script;

    #[test]
    fn commands_keep_their_lines() {
        for (name, text, expected) in [
            (
                "Makefile",
                "BUCKET ?= lake\n\ndeploy:\n\t@aws s3 sync out s3://$(BUCKET)/ \\\n\t  --delete\n",
                "BUCKET=\"lake\"\n\n\naws s3 sync out s3://${BUCKET}/ \\\n--delete\n",
            ),
            ("Dockerfile", "FROM x\nRUN aws s3 cp s3://b/k .\n", "\naws s3 cp s3://b/k .\n"),
            (
                "ci.yml",
                "jobs:\n  - run: |\n      B=x\n      aws s3 ls s3://$B\n  - run: \"aws sqs purge-queue --queue-url ${{ vars.Q }}\"\n",
                "\n\nB=x\naws s3 ls s3://$B\naws sqs purge-queue --queue-url ${Q}\n",
            ),
            ("Jenkinsfile", "sh 'aws s3 rb s3://b'\n", "aws s3 rb s3://b\n"),
        ] {
            assert_eq!(script(name, text).as_deref(), Some(expected), "{name}");
        }
        assert_eq!(script("a.yml", "description: what aws does\n"), None);
    }
}
