//! Where things are, and what the environment says: read once, at the start.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use kagimori_session::endpoint::Surroundings;
use kagimori_session::value::shown;

use crate::error::KagiError;

/// The files kagi reads and writes.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    /// `~/.aws/config`
    pub(crate) config: PathBuf,
    /// `~/.aws/credentials`
    pub(crate) credentials: PathBuf,
    /// Where kagi keeps everything of its own.
    pub(crate) home: PathBuf,
    /// Where `aws login` keeps its sessions: `AWS_LOGIN_CACHE_DIRECTORY`, else `~/.aws/login/cache`.
    pub(crate) login_cache: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`
    pub(crate) runtime: Option<PathBuf>,
}

fn set(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// A variable as text.
pub(crate) fn variable(name: &str) -> Option<String> {
    set(name).and_then(|value| value.into_string().ok())
}

/// Names which variables a kagi around us has set, so that the next profile, or none, takes them away again.
pub(crate) const SET: &str = "KAGI_SET";

/// The name that programs get for a profile whose own not every SDK reads.
pub(crate) const ALIAS: &str = "kagi";

/// A variable that the person has set, and not a kagi around us.
pub(crate) fn persons(name: &str) -> Option<String> {
    let ours = variable(SET).unwrap_or_default();
    variable(name).filter(|_| !ours.split(',').any(|set| set == name))
}

/// A variable of SDKs that a kagi around us has put aside under a name of ours, so that a program does not follow it.
pub(crate) fn kept(name: &str) -> Option<String> {
    variable(&format!("KAGI_{name}")).or_else(|| variable(name))
}

impl Places {
    /// Reads the places from the environment.
    pub(crate) fn find() -> Result<Self, KagiError> {
        let person = || set("HOME").map(PathBuf::from).ok_or(KagiError::NoHome);
        let aws = |own: &str, variable: &str, name: &str| -> Result<PathBuf, KagiError> {
            match set(own).or_else(|| set(variable)) {
                Some(path) => Ok(whole(expand(&path))),
                None => Ok(person()?.join(".aws").join(name)),
            }
        };
        let home = match (set("KAGI_HOME"), set("XDG_DATA_HOME")) {
            (Some(home), _) => own_home(PathBuf::from(home))?,
            (None, Some(data)) if Path::new(&data).is_absolute() => PathBuf::from(data).join("kagi"),
            _ => person()?.join(".local/share/kagi"),
        };
        Ok(Self {
            // `kagi exec` points the SDK at a file of its own and leaves the person's here.
            config: aws("KAGI_AWS_CONFIG_FILE", "AWS_CONFIG_FILE", "config")?,
            credentials: aws("KAGI_AWS_CREDENTIALS_FILE", "AWS_SHARED_CREDENTIALS_FILE", "credentials")?,
            home,
            login_cache: match set("AWS_LOGIN_CACHE_DIRECTORY") {
                Some(folder) => Some(whole(expand(&folder))),
                None => person().ok().map(|home| home.join(".aws/login/cache")),
            },
            runtime: set("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute()),
        })
    }
}

/// SDKs run kagi wherever they are: a path that depends on where would be another vault each time.
fn own_home(home: PathBuf) -> Result<PathBuf, KagiError> {
    if home.is_absolute() {
        return Ok(home);
    }
    Err(KagiError::argument(
        format!("`KAGI_HOME` is `{}`, which begins at no root", shown(&home.to_string_lossy())),
        "write the whole path, with `/` first; a shell expands no `~` between quotes",
    ))
}

/// What stands in a variable begins where we are, and a program of ours may be somewhere else.
fn whole(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

/// SDKs expand a leading `~` in these variables, and Python other variables, too.
fn expand(path: &OsStr) -> PathBuf {
    let path = path.to_str().map_or_else(|| PathBuf::from(path), |text| PathBuf::from(with_variables(text)));
    match (path.strip_prefix("~"), set("HOME")) {
        (Ok(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => path,
    }
}

/// `$NAME` and `${NAME}` by their values, as Python's `os.path.expandvars` has it; what is not set stays as it is.
fn with_variables(text: &str) -> String {
    let mut parts = text.split('$');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let named = match part.strip_prefix('{') {
            Some(inner) => inner.split_once('}'),
            None => Some(part.split_at(part.find(|letter| !is_name(letter)).unwrap_or(part.len()))),
        };
        match named.and_then(|(name, rest)| Some((variable(name)?, rest))) {
            Some((value, rest)) => out.extend([value.as_str(), rest]),
            None => out.extend(["$", part]),
        }
    }
    out
}

fn switch(name: &str) -> Option<bool> {
    variable(name).map(|value| value.eq_ignore_ascii_case("true"))
}

fn endpoints_of_services() -> BTreeMap<String, String> {
    let of = |(name, value): (OsString, OsString)| {
        let name = name.to_str()?.strip_prefix("AWS_ENDPOINT_URL_")?.to_lowercase();
        Some((name, value.into_string().ok().filter(|value| !value.is_empty())?))
    };
    env::vars_os().filter_map(of).collect()
}

/// What the environment says about endpoints and regions.
pub(crate) fn surroundings() -> Surroundings {
    Surroundings {
        endpoint_url: variable("AWS_ENDPOINT_URL"),
        services: endpoints_of_services(),
        ignore_configured: switch("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") == Some(true),
        use_fips: switch("AWS_USE_FIPS_ENDPOINT"),
        use_dual_stack: switch("AWS_USE_DUALSTACK_ENDPOINT"),
        region: persons("AWS_REGION").or_else(|| persons("AWS_DEFAULT_REGION")),
    }
}
