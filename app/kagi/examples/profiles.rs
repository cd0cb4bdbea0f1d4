//! Prints what is read of profile files, as JSON: `scripts/check-kagi` compares it with botocore's reading.
//!
//! Arguments: pairs of a config and a credentials file.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write;

use kagimori_session::profile::{File, ProfileFiles};
use kagimori_session::refusal::refusals;

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = Vec::new();
    let paths: Vec<_> = std::env::args_os().skip(1).collect();
    for pair in paths.chunks_exact(2) {
        let [config, credentials] = pair else { continue };
        let (config, credentials) = (std::fs::read_to_string(config)?, std::fs::read_to_string(credentials)?);
        let files = ProfileFiles::scan(&config, &credentials);
        let refused =
            [File::Config, File::Credentials].iter().any(|file| !refusals(files.document(*file)).is_empty());
        let mut profiles: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for name in files.names() {
            let sections = [files.sdk_section(&name), files.credentials_section(&name)];
            let keys = sections.into_iter().flatten().flat_map(|section| section.settings());
            let keys: Vec<_> = keys.map(|setting| setting.key.to_lowercase()).collect();
            let values = keys.into_iter().filter_map(|key| {
                let value = files.get(&name, &key)?.value.into_owned();
                Some((key, value))
            });
            if files.sdk_section(&name).is_some() || files.credentials_section(&name).is_some() {
                profiles.insert(name.clone(), values.collect());
            }
        }
        out.push(serde_json::json!({ "refused": refused, "profiles": profiles }));
    }
    writeln!(std::io::stdout(), "{}", serde_json::Value::from(out))?;
    Ok(())
}
