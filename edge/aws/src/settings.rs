//! From the profile files and the environment to a caller: what `--profile` and the variables of SDKs say.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use kagimori_session::credentials::{LongTermKey, SessionCredentials};
use kagimori_session::endpoint::{
    Endpoint, Service, Surroundings, endpoint, region_of, set_instead, variant,
};
use kagimori_session::plan::AssumeRole;
use kagimori_session::profile::ProfileFiles;
use kagimori_session::route::{Hop, SourceIdentity};
use kagimori_session::sdk::{Beginning, Way, way};
use kagimori_session::value::{RoleArn, shown};

use crate::api::{Api, Settings};
use crate::credentials::{Credentials, CredentialsError, Held, Source, environment, variable};
use crate::model;
use crate::transport::Client;

/// A profile file of 2,000 profiles has 300 KB.
const MOST_PROFILE_BYTES: u64 = 16 * 1024 * 1024;

/// Who asks, and how.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// `--profile`
    pub profile: Option<String>,
    /// `--region`
    pub region: Option<String>,
    /// `kagimori/0.1.0`
    pub user_agent: String,
    /// What sessions of roles are called when the profile does not say.
    pub session_name: String,
    /// Attempts of one call where neither the profile nor `AWS_MAX_ATTEMPTS` says.
    pub attempts: Option<u32>,
}

/// The APIs for a caller, and what another role needs to be assumed.
#[derive(Debug)]
pub struct Access {
    /// The APIs.
    pub api: Api,
    /// Who calls.
    pub credentials: Arc<Credentials>,
    sts: Endpoint,
}

impl Access {
    /// Finds the caller's credentials and settings as SDKs do; nothing is sent yet.
    ///
    /// # Errors
    /// Says what cannot be used, and what to do.
    pub fn find(caller: &Caller) -> Result<Self, CredentialsError> {
        let (config, credentials) =
            (read("AWS_CONFIG_FILE", "config")?, read("AWS_SHARED_CREDENTIALS_FILE", "credentials")?);
        let files = ProfileFiles::scan(&config, &credentials);
        let mut around = surroundings();
        around.region = caller.region.clone().or(around.region);
        let name = caller.profile.clone().or_else(|| variable("AWS_PROFILE"));
        let is_default = name.is_none();
        let name = name.unwrap_or_else(|| "default".to_owned());
        let profiles = [name.as_str()];
        let refused =
            |refused: kagimori_session::value::Refused| CredentialsError::new(refused.message, refused.hint);
        let sts = endpoint(Service::Sts, &files, &profiles, &around).map_err(refused)?;
        let mut set = BTreeMap::new();
        for id in model::ids() {
            let found = set_instead(id, &files, &profiles, &around).map_err(refused)?;
            set.extend(found.map(|(url, _)| (id.to_owned(), url)));
        }
        let settings = Settings {
            region: region_of(&files, &profiles, &around).map_err(refused)?,
            variant: variant(&files, &profiles, &around),
            set,
            attempts: attempts(&files, &name)?.or(caller.attempts),
        };
        let certificates = certificates(&files, &name)?;
        let client = Client::for_tables(&caller.user_agent, certificates.as_deref()).map_err(|error| {
            CredentialsError::new(error.to_string(), "check `AWS_CA_BUNDLE` and the proxy's variables")
        })?;
        let source = source(&files, caller, &name, is_default, &sts)?;
        let credentials = Arc::new(Credentials::of(source));
        let api = Api::new(Arc::new(client), Arc::clone(&credentials), settings);
        Ok(Self { api, credentials, sts })
    }

    /// The same caller as another role.
    #[must_use]
    pub fn as_role(&self, role: AssumeRole) -> Api {
        let (by, role) = (Arc::clone(&self.credentials), Box::new(role));
        let source = Source::Role { by, role, sts: self.sts.clone() };
        self.api.with_credentials(Arc::new(Credentials::of(source)))
    }
}

/// botocore's order: variables unless a profile was named by argument, the profile, a token's variables, the container, the
/// instance.
fn source(
    files: &ProfileFiles<'_>,
    caller: &Caller,
    name: &str,
    is_default: bool,
    sts: &Endpoint,
) -> Result<Source, CredentialsError> {
    let now = jiff::Timestamp::now();
    if caller.profile.is_none()
        && let Some(held) = environment(&variable, now)?
    {
        return Ok(Source::Given(held));
    }
    let way = way(files, name, is_default)
        .map_err(|error| CredentialsError::new(error.to_string(), error.hint()))?;
    if matches!(way.begins, Beginning::Around) {
        return around(caller, sts);
    }
    of_way(way, caller, sts)
}

fn of_way(way: Way, caller: &Caller, sts: &Endpoint) -> Result<Source, CredentialsError> {
    let mut hops = way.hops.into_iter();
    let mut source = match way.begins {
        Beginning::Key { access_key_id, secret_access_key, session_token: None } => {
            Source::Given(Held::Key(LongTermKey { access_key_id, secret_access_key }))
        }
        Beginning::Key { access_key_id, secret_access_key, session_token: Some(session_token) } => {
            // A file does not say when its session ends; AWS does.
            let expiration = jiff::Timestamp::MAX;
            Source::Given(Held::Session(SessionCredentials {
                access_key_id,
                secret_access_key,
                session_token,
                expiration,
            }))
        }
        Beginning::Process(command) => Source::Process { command, profile: way.profile.clone() },
        Beginning::Environment => Source::Environment,
        Beginning::Container => Source::Container,
        Beginning::Instance | Beginning::Around => Source::Instance,
        Beginning::WebIdentity(file) => {
            let Some(hop) = hops.next() else {
                return Err(CredentialsError::new(
                    "a web identity token without a role",
                    "add `role_arn` to the profile",
                ));
            };
            Source::WebIdentity { file: file.into(), role: Box::new(assumed(hop, caller)), sts: sts.clone() }
        }
    };
    for hop in hops {
        let by = Arc::new(Credentials::of(source));
        source = Source::Role { by, role: Box::new(assumed(hop, caller)), sts: sts.clone() };
    }
    Ok(source)
}

fn around(caller: &Caller, sts: &Endpoint) -> Result<Source, CredentialsError> {
    if let (Some(file), Some(arn)) = (variable("AWS_WEB_IDENTITY_TOKEN_FILE"), variable("AWS_ROLE_ARN")) {
        let arn =
            RoleArn::parse(&arn).map_err(|refused| CredentialsError::new(refused.message, refused.hint))?;
        let name = variable("AWS_ROLE_SESSION_NAME").unwrap_or_else(|| caller.session_name.clone());
        let role = Box::new(plain_role(arn, name));
        return Ok(Source::WebIdentity { file: file.into(), role, sts: sts.clone() });
    }
    let is_container = crate::credentials::container_url(&variable).is_some();
    Ok(if is_container { Source::Container } else { Source::Instance })
}

fn assumed(hop: Hop, caller: &Caller) -> AssumeRole {
    let source_identity = match hop.source_identity {
        Some(SourceIdentity::Text(text)) => Some(text),
        Some(SourceIdentity::Person) => variable("USER"),
        None => None,
    };
    AssumeRole {
        session_name: hop.session_name.unwrap_or_else(|| caller.session_name.clone()),
        seconds: hop.seconds,
        external_id: hop.external_id,
        source_identity,
        tags: hop.tags,
        transitive_tags: hop.transitive_tags,
        ..plain_role(hop.role, String::new())
    }
}

/// A role for an hour, and nothing else said of it.
#[must_use]
pub fn plain_role(role: RoleArn, session_name: String) -> AssumeRole {
    AssumeRole {
        role,
        session_name,
        seconds: 3600,
        external_id: None,
        source_identity: None,
        tags: Vec::new(),
        transitive_tags: Vec::new(),
        policy_arns: Vec::new(),
        policy: None,
    }
}

fn attempts(files: &ProfileFiles<'_>, name: &str) -> Result<Option<u32>, CredentialsError> {
    let of_file = || files.get(name, "max_attempts").map(|found| found.value.into_owned());
    let Some(text) = variable("AWS_MAX_ATTEMPTS").or_else(of_file) else { return Ok(None) };
    match text.trim().parse() {
        Ok(attempts @ 1..=100) => Ok(Some(attempts)),
        _ => Err(CredentialsError::new(
            format!("`{}` is no number of attempts", shown(&text)),
            "set `AWS_MAX_ATTEMPTS`, or `max_attempts` of the profile, to a number from 1 to 100",
        )),
    }
}

fn certificates(files: &ProfileFiles<'_>, name: &str) -> Result<Option<Vec<u8>>, CredentialsError> {
    let of_file = || files.get(name, "ca_bundle").map(|found| found.value.into_owned());
    let Some(path) = variable("AWS_CA_BUNDLE").or_else(of_file) else { return Ok(None) };
    std::fs::read(&path).map(Some).map_err(|error| {
        CredentialsError::new(
            format!("`{}` cannot be read: {error}", shown(&path)),
            "`AWS_CA_BUNDLE`, or `ca_bundle` of the profile, names it",
        )
    })
}

/// What the environment says about endpoints and Regions.
fn surroundings() -> Surroundings {
    let switch = |name: &str| variable(name).map(|value| value.eq_ignore_ascii_case("true"));
    let services = model::ids().filter_map(|id| {
        Some((id.to_owned(), variable(&format!("AWS_ENDPOINT_URL_{}", id.to_uppercase()))?))
    });
    Surroundings {
        endpoint_url: variable("AWS_ENDPOINT_URL"),
        services: services.collect(),
        ignore_configured: switch("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") == Some(true),
        use_fips: switch("AWS_USE_FIPS_ENDPOINT"),
        use_dual_stack: switch("AWS_USE_DUALSTACK_ENDPOINT"),
        region: variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")),
    }
}

/// A profile file; an absent one is empty.
fn read(name: &str, file: &str) -> Result<String, CredentialsError> {
    let home = || variable("HOME").map(PathBuf::from);
    let path = match variable(name).map(PathBuf::from) {
        Some(path) => match (path.strip_prefix("~"), home()) {
            (Ok(rest), Some(home)) => home.join(rest),
            _ => path,
        },
        None => match home() {
            Some(home) => home.join(".aws").join(file),
            None => return Ok(String::new()),
        },
    };
    let failed = |what: String| {
        let hint = format!("`{name}` names another file");
        CredentialsError::new(format!("`{}` cannot be read: {what}", shown(&path.to_string_lossy())), hint)
    };
    match std::fs::metadata(&path) {
        Ok(it) if it.len() > MOST_PROFILE_BYTES => return Err(failed("it is too long".to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(String::new()),
        _ => {}
    }
    std::fs::read_to_string(&path).map_err(|error| failed(error.to_string()))
}
