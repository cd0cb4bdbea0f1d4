//! `sso_*` of a profile and of its `[sso-session NAME]`, read as botocore reads them.

use crate::heading::{Heading, heading};
use crate::profile::{File, Found, Place, ProfileFiles};
use crate::value::{Refused, shown};

use super::ACCOUNT_ACCESS;
use super::entitled::{self, Entitled};

/// The settings of a profile that make it one of Identity Center.
pub const SSO_SETTINGS: [&str; 6] = [
    "sso_session",
    "sso_start_url",
    "sso_region",
    "sso_account_id",
    "sso_role_name",
    "sso_registration_scopes",
];

/// Where a person signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Portal {
    /// `sso_session`; none for a profile that has `sso_start_url` itself.
    pub session: Option<String>,
    /// `sso_start_url`
    pub start_url: String,
    /// `sso_region`
    pub region: String,
    /// `sso_registration_scopes`
    pub scopes: Vec<String>,
}

/// A permission set in an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SsoRole {
    /// Where its credentials come from.
    pub portal: Portal,
    /// `sso_account_id`
    pub account: String,
    /// The permission set whose credentials are asked for; of account access manager the role's name.
    pub role: String,
    /// The role, when account access manager and no permission set gives it.
    pub entitled: Option<Entitled>,
}

impl Portal {
    /// How the portal is called in messages: the session's name, else its address.
    #[must_use]
    pub fn name(&self) -> &str {
        self.session.as_deref().unwrap_or(&self.start_url)
    }
}

/// A refusal and where its cause stands.
pub type Misset = (Place, Refused);

/// Whether a profile gets its credentials from Identity Center.
#[must_use]
pub fn is_sso(files: &ProfileFiles<'_>, profile: &str) -> bool {
    ["sso_account_id", "sso_role_name", "sso_session", "sso_start_url"]
        .iter()
        .any(|key| files.get(profile, key).is_some())
}

/// The portal of a profile; none when it has no `sso_*` at all.
pub fn portal_of(files: &ProfileFiles<'_>, profile: &str) -> Result<Option<Portal>, Misset> {
    let own = |key: &str| files.get(profile, key);
    let Some(session) = own("sso_session") else {
        let Some(start_url) = own("sso_start_url") else {
            return match own("sso_account_id").or_else(|| own("sso_role_name")) {
                None => Ok(None),
                Some(found) => Err(lacks(found.place, profile, "sso_session")),
            };
        };
        let region =
            own("sso_region").ok_or_else(|| lacks(start_url.place.clone(), profile, "sso_region"))?;
        return checked(None, start_url, region, own("sso_registration_scopes")).map(Some);
    };
    let portal = portal_named(files, &session.value, &session.place)?;
    // botocore refuses a profile that says otherwise than its session.
    for (key, value) in [("sso_start_url", &portal.start_url), ("sso_region", &portal.region)] {
        if let Some(found) = own(key).filter(|found| found.value != value.as_str()) {
            let message =
                format!("`{key}` is `{}` here and `{}` in the session", shown(&found.value), shown(value));
            return Err((
                found.place,
                Refused::new(message, "keep the one of `[sso-session]`: SDKs refuse two"),
            ));
        }
    }
    Ok(Some(portal))
}

/// The portal of `[sso-session NAME]`; `from` is where the name stood.
pub fn portal_named(files: &ProfileFiles<'_>, name: &str, from: &Place) -> Result<Portal, Misset> {
    let document = files.document(File::Config);
    let is_it = |header: &str| matches!(heading(header), Heading::SsoSession(found) if found == name);
    let Some(section) = document.sections().iter().find(|section| is_it(section.header)) else {
        return Err((
            from.clone(),
            Refused::new(
                format!("there is no `[sso-session {}]`", shown(name)),
                "add it with `sso_start_url` and `sso_region`, or correct `sso_session`; `aws configure sso-session` \
                 writes one",
            ),
        ));
    };
    let setting = |key: &str| {
        let setting = section.setting(key)?;
        let value = crate::profile::without_inline_comment(&setting.value).into_owned();
        let place = Place { file: File::Config, header: section.header.to_owned(), line: setting.line };
        (!value.is_empty()).then(|| Found { value: value.into(), place })
    };
    let here = Place { file: File::Config, header: section.header.to_owned(), line: section.line };
    let start_url = setting("sso_start_url").ok_or_else(|| lacks(here.clone(), name, "sso_start_url"))?;
    let region = setting("sso_region").ok_or_else(|| lacks(here, name, "sso_region"))?;
    checked(Some(name.to_owned()), start_url, region, setting("sso_registration_scopes"))
}

/// The names of all `[sso-session NAME]`, in the order of the file.
#[must_use]
pub fn session_names(files: &ProfileFiles<'_>) -> Vec<String> {
    let name = |header| match heading(header) {
        Heading::SsoSession(name) => Some(name.into_owned()),
        _ => None,
    };
    files.document(File::Config).sections().iter().filter_map(|section| name(section.header)).collect()
}

/// The permission set, or the entitled role, of a profile.
pub fn role_of(files: &ProfileFiles<'_>, profile: &str, portal: Portal) -> Result<SsoRole, Misset> {
    let any = SSO_SETTINGS.iter().find_map(|key| files.get(profile, key)).map(|found| found.place);
    let here = any.unwrap_or(Place { file: File::Config, header: profile.to_owned(), line: 0 });
    if let Some((account, role, entitled)) = entitled::of(files, profile, &portal)? {
        return Ok(SsoRole { portal, account, role, entitled: Some(entitled) });
    }
    let account =
        files.get(profile, "sso_account_id").ok_or_else(|| lacks(here.clone(), profile, "sso_account_id"))?;
    let role = files.get(profile, "sso_role_name").ok_or_else(|| lacks(here, profile, "sso_role_name"))?;
    if !(account.value.len() == 12 && account.value.bytes().all(|byte| byte.is_ascii_digit())) {
        let message = format!("`{}` is not a 12-digit AWS account id", shown(&account.value));
        return Err((account.place, Refused::new(message, "write it with its leading zeroes")));
    }
    let name = permission_set(&role.value).map_err(|refused| (role.place.clone(), refused))?;
    Ok(SsoRole { portal, account: account.value.into_owned(), role: name, entitled: None })
}

/// Checks the name of a permission set (sso-admin CreatePermissionSet: 1 to 32 of `[\w+=,.@-]`; roles of other kinds of
/// assignment have an IAM role's name, up to 64).
pub fn permission_set(text: &str) -> Result<String, Refused> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    if (1..=64).contains(&text.len()) && text.bytes().all(is_name) {
        return Ok(text.to_owned());
    }
    Err(Refused::new(
        format!("`{}` is not the name of a permission set", shown(text)),
        "write its name as the access portal shows it, not an ARN",
    ))
}

fn checked(
    session: Option<String>,
    start_url: Found<'_>,
    region: Found<'_>,
    scopes: Option<Found<'_>>,
) -> Result<Portal, Misset> {
    let url = start_url.value.trim_end_matches('#').trim_end_matches('/');
    let is_plain = url.strip_prefix("https://").is_some_and(|rest| !rest.is_empty())
        && url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'@');
    if !is_plain {
        return Err((
            start_url.place,
            Refused::new(
                format!("`{}` is not the address of an access portal", shown(&start_url.value)),
                "it looks like `https://d-1234567890.awsapps.com/start`",
            ),
        ));
    }
    let is_region = (2..=64).contains(&region.value.len())
        && region.value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !is_region {
        return Err((
            region.place,
            Refused::new(
                format!("`{}` is not a region", shown(&region.value)),
                "it is the Region of Identity Center, for instance `ap-northeast-1`",
            ),
        ));
    }
    let listed = |text: &str| {
        text.split([',', '\n']).map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned).collect()
    };
    let mut scopes: Vec<String> = scopes.map(|found| listed(&found.value)).unwrap_or_default();
    if !scopes.iter().any(|scope| scope == ACCOUNT_ACCESS) {
        scopes.push(ACCOUNT_ACCESS.to_owned());
    }
    let start_url = start_url.value.into_owned();
    Ok(Portal { session, start_url, region: region.value.into_owned(), scopes })
}

fn lacks(place: Place, of: &str, key: &str) -> Misset {
    (
        place,
        Refused::new(
            format!("`{}` has no `{key}`", shown(of)),
            format!("add `{key}`; `aws configure sso` asks for it"),
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
[sso-session corp]
sso_start_url = https://shiosai.awsapps.com/start
sso_region = ap-northeast-1
[profile dev]
sso_session = corp
sso_account_id = 222233334444
sso_role_name = PowerUser
[profile old]
sso_start_url = https://shiosai.awsapps.com/start
sso_region = ap-northeast-1
sso_account_id = 222233334444
sso_role_name = PowerUser
[profile none]
region = x
";

    fn role(config: &str, profile: &str) -> Result<Option<SsoRole>, Misset> {
        let files = ProfileFiles::scan(config, "");
        portal_of(&files, profile)?.map(|portal| role_of(&files, profile, portal)).transpose()
    }

    #[test]
    fn both_forms_lead_to_the_same_portal() {
        let (dev, old) = (role(FILE, "dev").unwrap().unwrap(), role(FILE, "old").unwrap().unwrap());
        assert_eq!((dev.portal.name(), old.portal.name()), ("corp", "https://shiosai.awsapps.com/start"));
        assert_eq!((&dev.portal.start_url, &dev.portal.region), (&old.portal.start_url, &old.portal.region));
        assert_eq!((dev.account, dev.role), (old.account, old.role));
        assert_eq!(dev.portal.scopes, [ACCOUNT_ACCESS]);
        assert_eq!(role(FILE, "none"), Ok(None));
        assert_eq!(session_names(&ProfileFiles::scan(FILE, "")), ["corp"]);
    }

    /// A Region becomes part of a host's name.
    #[test]
    fn a_region_is_letters_digits_and_hyphens_and_neither_short_nor_long() {
        let of = |region: &str| role(&FILE.replacen("= ap-northeast-1", &format!("= {region}"), 1), "dev");
        for good in ["mx-central-1", "ab", &"a".repeat(64)] {
            assert_eq!(of(good).unwrap().unwrap().portal.region, good);
        }
        for wrong in ["a", &"a".repeat(65), "evil.example/", "us_east_1", "a@b"] {
            let (place, refused) = of(wrong).unwrap_err();
            assert!(refused.message.contains("is not a region") && place.line == 3, "{wrong}: {refused}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_its_line() {
        let cases = [
            (
                FILE.replace("[sso-session corp]", "[sso-session other]"),
                5,
                "there is no `[sso-session corp]`",
            ),
            (FILE.replacen("sso_region = ap-northeast-1\n", "", 1), 1, "`corp` has no `sso_region`"),
            (FILE.replacen("https://", "http://", 1), 2, "not the address of an access portal"),
            (
                FILE.replace("sso_session = corp\n", "sso_session = corp\nsso_region = us-east-1\n"),
                6,
                "and `ap-northeast-1` in the session",
            ),
            (FILE.replacen("sso_account_id = 2222", "sso_account_id = 222", 1), 6, "12-digit"),
            (
                FILE.replacen("sso_role_name = PowerUser", "sso_role_name = a/b", 1),
                7,
                "name of a permission set",
            ),
            (FILE.replacen("sso_role_name = PowerUser\n", "", 1), 5, "`dev` has no `sso_role_name`"),
            (FILE.replacen("sso_session = corp\n", "", 1), 5, "`dev` has no `sso_session`"),
        ];
        for (config, line, expected) in cases {
            let (place, refused) = role(&config, "dev").unwrap_err();
            assert!(refused.message.contains(expected), "{}", refused.message);
            assert!(place.line == line && !refused.hint.is_empty(), "{place} {refused}");
        }
    }
}
