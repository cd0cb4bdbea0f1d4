//! Prints what is read of config files, as JSON: `scripts/check-kagi` compares it with botocore's reading.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write;

use kagimori_session::ini::Document;
use kagimori_session::profile::{Heading, heading};

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = Vec::new();
    for path in std::env::args_os().skip(1) {
        let text = std::fs::read_to_string(path)?;
        let document = Document::scan(&text);
        let mut profiles: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for section in document.sections() {
            if let Heading::Profile(name) = heading(section.header) {
                let settings = section.settings();
                let read = settings.map(|setting| (setting.key.to_lowercase(), setting.value.into_owned()));
                profiles.insert(name.into_owned(), read.collect());
            }
        }
        out.push(serde_json::json!({ "faulty": !document.faults().is_empty(), "profiles": profiles }));
    }
    writeln!(std::io::stdout(), "{}", serde_json::Value::from(out))?;
    Ok(())
}
