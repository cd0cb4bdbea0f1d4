//! The SDK calls of a folder, a line each: `path<TAB>line<TAB>service<TAB>operation<TAB>how it is known`. For `scripts/check-needs`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use kagimori_source::needs::analyse;
use kagimori_tree::parse::{language_of, parse};

fn main() -> std::io::Result<()> {
    let mut units = Vec::new();
    let root = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let mut folders = vec![Path::new(&root).to_owned()];
    while let Some(folder) = folders.pop() {
        if folder.is_file() {
            read(&folder, &mut units);
            continue;
        }
        let mut entries: Vec<_> =
            std::fs::read_dir(&folder)?.filter_map(Result::ok).map(|entry| entry.path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                folders.push(path);
            } else {
                read(&path, &mut units);
            }
        }
    }
    let analysis = analyse(units, BTreeMap::new());
    let mut out = std::io::stdout().lock();
    for call in &analysis.calls {
        writeln!(out, "{}\t{}\t{}\t{}\t{:?}", call.path, call.line, call.service, call.operation, call.told)?;
    }
    if std::env::args().any(|argument| argument == "--needs") {
        for call in &analysis.calls {
            for need in call.needs(&kagimori_source::needs::Place::default()) {
                let why: Vec<String> = need.reasons.iter().map(|reason| reason.sentence()).collect();
                writeln!(
                    out,
                    "  {}:{} {} {} {:?} {} {:?} {why:?}",
                    need.path,
                    need.line,
                    need.action,
                    need.resource,
                    need.conditions,
                    if need.is_possible { "possible" } else { "" },
                    need.because
                )?;
            }
        }
    }
    for untold in &analysis.untold {
        writeln!(
            out,
            "{}\t{}\t?\t{}\t{:?} {}",
            untold.path,
            untold.line,
            untold.name,
            untold.services,
            untold.reason.sentence()
        )?;
    }
    Ok(())
}

fn read(path: &Path, units: &mut Vec<kagimori_source::ir::Unit>) {
    let name = path.to_string_lossy();
    let Some(language) = language_of(&name) else { return };
    let Ok(text) = std::fs::read_to_string(path) else { return };
    units.extend(parse(&name, language, &text));
}
