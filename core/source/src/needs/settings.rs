//! Variables of the environment that files of a tree set.
//!
//! `.env` files, Compose, Dockerfiles, task definitions of ECS, SAM and Serverless, Kubernetes, CI files, Terraform: all write a name in
//! capitals, and its value beside it or on the next line. So lines are read, whatever the format; a value that refers to something else
//! (`${…}`, `!Ref`, `{{ … }}`) is a reference, which tells nothing.

use std::collections::BTreeMap;

/// Longer lines are no settings.
const LINE_BYTES_MAX: usize = 4096;

/// Whether a file may set variables, by its name.
pub fn may_set(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    name.starts_with(".env")
        || name.starts_with("dockerfile")
        || matches!(
            ending,
            "env"
                | "yml"
                | "yaml"
                | "json"
                | "toml"
                | "ini"
                | "tf"
                | "tfvars"
                | "properties"
                | "service"
                | "conf"
                | "cfg"
                | "dist"
                | "example"
        )
}

/// Reads the variables that a file sets: name, value, and `None` for a reference.
pub fn read(text: &str, into: &mut BTreeMap<String, Vec<Option<String>>>) {
    let mut named: Option<&str> = None;
    for line in text.lines().filter(|line| line.len() <= LINE_BYTES_MAX) {
        let line = line.trim().trim_start_matches("- ").trim();
        let line =
            line.trim_start_matches("export ").trim_start_matches("ENV ").trim_start_matches(['{']).trim();
        let Some((name, value)) = split(line) else {
            named = None;
            continue;
        };
        let plain = name.trim().trim_matches(['"', '\'']);
        match (plain.to_ascii_lowercase().as_str(), named.take()) {
            ("name", _) => {
                let value = literal(value);
                // Both on one line: `{ "name": "A", "value": "b" }`.
                let (name, rest) = value.split_once(',').unwrap_or((value, ""));
                named = Some(name.trim().trim_matches(['"', '\'', ' ']));
                if let Some((_, value)) =
                    rest.split_once(':').or_else(|| rest.split_once('=')).filter(|_| rest.contains("value"))
                {
                    add(named.take().unwrap_or_default(), value, into);
                }
            }
            ("value", Some(name)) => add(name, value, into),
            _ => add(plain, value, into),
        }
    }
}

fn split(line: &str) -> Option<(&str, &str)> {
    let at = line.find(['=', ':'])?;
    let (name, value) = line.split_at(at);
    // Dockerfiles also write `ENV NAME value`.
    Some((name, value.get(1..).unwrap_or_default()))
}

fn literal(value: &str) -> &str {
    value.trim().trim_end_matches([',', '}']).trim().trim_matches(['"', '\''])
}

fn add(name: &str, value: &str, into: &mut BTreeMap<String, Vec<Option<String>>>) {
    let is_variable = name.len() > 1
        && name.chars().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_')
        && name.chars().any(|letter| letter.is_ascii_uppercase());
    if !is_variable {
        return;
    }
    let value = literal(value.split(" #").next().unwrap_or(value));
    // What is a secret is nobody's name; the name, id or ARN of one is.
    let is_secret =
        ["SECRET", "PASSWORD", "PASSWD", "TOKEN", "PRIVATE", "CREDENTIAL", "ACCESS_KEY", "API_KEY"]
            .iter()
            .any(|word| name.contains(word))
            && !["NAME", "ARN", "_ID"].iter().any(|end| name.ends_with(end));
    let is_reference = is_secret
        || value.contains(['$', '!'])
        || value.contains("{{")
        || value.starts_with("var.")
        || value.starts_with("aws_")
        || value.starts_with("module.")
        || value.is_empty();
    let value = (!is_reference).then(|| value.to_owned());
    let known = into.entry(name.to_owned()).or_default();
    if !known.contains(&value) && known.len() < 20 {
        known.push(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_many_formats() {
        for (text, value) in [
            ("BUCKET=lake", Some("lake")),
            ("export BUCKET='lake'  # where", Some("lake")),
            ("ENV BUCKET=lake", Some("lake")),
            ("environment:\n  - BUCKET=lake\n", Some("lake")),
            ("environment:\n  BUCKET: lake\n", Some("lake")),
            ("{\"environment\": [\n{ \"name\": \"BUCKET\", \"value\": \"lake\" }\n]}", Some("lake")),
            ("env:\n  - name: BUCKET\n    value: \"lake\"\n", Some("lake")),
            ("variables = {\n  BUCKET = \"lake\"\n}", Some("lake")),
            ("BUCKET = aws_s3_bucket.lake.id", None),
            ("BUCKET: !Ref Lake", None),
            ("BUCKET=${LAKE}", None),
        ] {
            let mut settings = BTreeMap::new();
            read(text, &mut settings);
            assert_eq!(settings.get("BUCKET"), Some(&vec![value.map(str::to_owned)]), "{text}");
        }
    }
}
