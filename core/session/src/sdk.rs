//! The way of a profile as SDKs go it: without a vault, a prompt or narrowing. Who runs unattended goes it and asks nobody.

use secrecy::SecretString;

use crate::credentials::is_key_id;
use crate::login_session::LOGIN_SESSION;
use crate::profile::{File, ProfileFiles};
use crate::route::{Access, Foreign, Hop, RouteError, Source, Target, is_kagi, resolve, unknown};
use crate::value::{Refused, shown};

/// What leads to a profile's credentials.
#[derive(Debug)]
pub struct Way {
    /// The profile whose credentials are the beginning.
    pub profile: String,
    /// The beginning.
    pub begins: Beginning,
    /// The roles, the first assumed by the beginning.
    pub hops: Vec<Hop>,
}

/// What a way begins with.
#[derive(Debug)]
pub enum Beginning {
    /// `aws_access_key_id` and `aws_secret_access_key`, maybe with `aws_session_token`.
    Key {
        /// `aws_access_key_id`
        access_key_id: String,
        /// `aws_secret_access_key`
        secret_access_key: SecretString,
        /// `aws_session_token`
        session_token: Option<SecretString>,
    },
    /// `credential_process`; kagi's own too.
    Process(String),
    /// `credential_source = Environment`
    Environment,
    /// `credential_source = EcsContainer`
    Container,
    /// `credential_source = Ec2InstanceMetadata`
    Instance,
    /// `web_identity_token_file`: the first role is assumed by the token in this file.
    WebIdentity(String),
    /// The profile says nothing: the container or instance around.
    Around,
}

/// Finds the way of a profile (botocore's order of providers inside a profile: role, web identity, Identity Center,
/// credentials file, `login_session`, `credential_process`, config file). `is_default` when nobody named the profile: then it need
/// not be there.
pub fn way(files: &ProfileFiles<'_>, name: &str, is_default: bool) -> Result<Way, RouteError> {
    if !files.defines(name) && !is_default {
        return Err(unknown(files, name));
    }
    let route = resolve(files, &Target::Profile(name.to_owned()), &Access::Everyday)?;
    let mut hops = route.hops;
    for hop in &mut hops {
        // What narrows a session is kagi's.
        hop.policy_arns.clear();
        hop.policy = None;
    }
    let profile = route.key_profile;
    let begins = match (&route.source, &route.foreign) {
        (Source::Sso { .. }, _) => {
            return Err(by_kagi(name, &profile, "is a sign-in at Identity Center").into());
        }
        (_, Some(Foreign::Environment)) => Beginning::Environment,
        (_, Some(Foreign::Container)) => Beginning::Container,
        (_, Some(Foreign::Instance)) => Beginning::Instance,
        (_, Some(Foreign::WebIdentity(file))) => Beginning::WebIdentity(file.clone()),
        (_, Some(Foreign::Process(_) | Foreign::Login(_)) | None) => of_profile(files, name, &profile)?,
    };
    let is_kagi_s = matches!(&begins, Beginning::Process(process) if is_kagi(process));
    if !is_kagi_s && let Some(asking) = asks_for_a_code(files, name) {
        return Err(by_kagi(name, &asking, "has `mfa_serial`, and its role wants a code").into());
    }
    if matches!(begins, Beginning::Around) && !hops.is_empty() {
        return Err(RouteError::NoSource(profile));
    }
    Ok(Way { profile, begins, hops })
}

fn of_profile(files: &ProfileFiles<'_>, target: &str, name: &str) -> Result<Beginning, RouteError> {
    if let Some(key) = key_in(files, name, File::Credentials)? {
        return Ok(key);
    }
    if files.get(name, LOGIN_SESSION).is_some() {
        return Err(by_kagi(target, name, "is a sign-in of `aws login`").into());
    }
    if let Some(found) = files.get(name, "credential_process") {
        return Ok(Beginning::Process(found.value.into_owned()));
    }
    Ok(key_in(files, name, File::Config)?.unwrap_or(Beginning::Around))
}

fn key_in(files: &ProfileFiles<'_>, name: &str, file: File) -> Result<Option<Beginning>, RouteError> {
    let of = |key: &str| files.get(name, key).filter(|found| found.place.file == file);
    let Some(id) = of("aws_access_key_id") else { return Ok(None) };
    let refused = |message: String| RouteError::Setting {
        place: id.place.clone(),
        source: Refused::new(message, "write both lines of the key, or take both away"),
    };
    if !is_key_id(&id.value) {
        return Err(refused("`aws_access_key_id` is not an access key id".to_owned()));
    }
    let Some(secret) = of("aws_secret_access_key") else {
        return Err(refused(format!(
            "`{}` has `aws_access_key_id` and no `aws_secret_access_key`",
            shown(name)
        )));
    };
    Ok(Some(Beginning::Key {
        access_key_id: id.value.clone().into_owned(),
        secret_access_key: secret.value.as_ref().into(),
        session_token: of("aws_session_token").map(|token| token.value.as_ref().into()),
    }))
}

/// The profile on the way whose role wants a code.
fn asks_for_a_code(files: &ProfileFiles<'_>, name: &str) -> Option<String> {
    let mut at = name.to_owned();
    let mut seen = Vec::new();
    while files.get(&at, "role_arn").is_some() && !seen.contains(&at) {
        if files.get(&at, "mfa_serial").is_some() {
            return Some(at);
        }
        let source = files.get(&at, "source_profile")?.value.into_owned();
        seen.push(std::mem::replace(&mut at, source));
    }
    None
}

fn by_kagi(target: &str, profile: &str, what: &str) -> Refused {
    Refused::new(
        format!("profile `{}` {what}: nobody is asked here", shown(profile)),
        format!("run it with kagi's credentials: `kagi exec {} -- kagimori …`", shown(target)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "[profile plain]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = s\n\
        [profile role]\nrole_arn = arn:aws:iam::111122223333:role/Audit\nsource_profile = plain\nexternal_id = x1\n\
        [profile coded]\nrole_arn = arn:aws:iam::111122223333:role/Audit\nsource_profile = plain\n\
        mfa_serial = arn:aws:iam::111122223333:mfa/a\n\
        [profile behind]\nrole_arn = arn:aws:iam::444455556666:role/B\nsource_profile = coded\n\
        [profile kagis]\ncredential_process = kagi credentials kagis\n\
        [profile other]\ncredential_process = /opt/tool --json\n\
        [profile center]\nsso_session = s\nsso_account_id = 111122223333\nsso_role_name = R\n\
        [sso-session s]\nsso_start_url = https://example.awsapps.com/start\nsso_region = us-east-1\n\
        [profile token]\nrole_arn = arn:aws:iam::111122223333:role/Audit\nweb_identity_token_file = /t\n\
        [profile here]\nrole_arn = arn:aws:iam::111122223333:role/Audit\ncredential_source = Ec2InstanceMetadata\n\
        [profile half]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n\
        [profile signed]\nlogin_session = arn:aws:iam::111122223333:user/a\n\
        [profile empty]\nregion = us-east-1\n";

    fn found(name: &str) -> Result<(String, usize), String> {
        let files = ProfileFiles::scan(
            CONFIG,
            "[plain]\naws_access_key_id = AKIAI44QH8DHBEXAMPLE\naws_secret_access_key = t\n",
        );
        way(&files, name, name == "default")
            .map(|way| {
                let begins = match way.begins {
                    Beginning::Key { access_key_id, .. } => access_key_id,
                    other => format!("{other:?}"),
                };
                (begins, way.hops.len())
            })
            .map_err(|error| format!("{error} | {}", error.hint()))
    }

    #[test]
    fn ways_as_sdks_go_them() {
        let ok = |begins: &str, hops| Ok((begins.to_owned(), hops));
        // The credentials file wins.
        assert_eq!(found("plain"), ok("AKIAI44QH8DHBEXAMPLE", 0));
        assert_eq!(found("role"), ok("AKIAI44QH8DHBEXAMPLE", 1));
        assert_eq!(found("kagis"), ok("Process(\"kagi credentials kagis\")", 0));
        assert_eq!(found("other"), ok("Process(\"/opt/tool --json\")", 0));
        assert_eq!(found("token"), ok("WebIdentity(\"/t\")", 1));
        assert_eq!(found("here"), ok("Instance", 1));
        assert_eq!(found("empty"), ok("Around", 0));
        assert_eq!(found("default"), ok("Around", 0));
    }

    #[test]
    fn what_asks_a_person_leads_to_kagi() {
        for (name, what) in [
            ("coded", "profile `coded` has `mfa_serial`"),
            ("behind", "profile `coded` has `mfa_serial`"),
            ("center", "profile `center` is a sign-in at Identity Center"),
            ("signed", "profile `signed` is a sign-in of `aws login`"),
        ] {
            let error = found(name).unwrap_err();
            assert!(error.contains(what) && error.contains(&format!("kagi exec {name} -- ")), "{error}");
        }
        assert!(found("half").unwrap_err().contains("no `aws_secret_access_key`"));
        assert!(found("emty").unwrap_err().contains("did you mean `empty`?"));
    }

    #[test]
    fn nothing_narrows_the_session() {
        let files = ProfileFiles::scan(CONFIG, "");
        let way = way(&files, "role", false).unwrap();
        let hop = way.hops.first().unwrap();
        assert_eq!((hop.policy_arns.len(), hop.external_id.as_deref()), (0, Some("x1")));
    }
}
