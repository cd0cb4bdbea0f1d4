//! Account access manager (August 2026): an IAM role that a person of Identity Center may take directly, without a permission
//! set. Facts: botocore's models `account-access` and `account-access-runtime`; Account Access Runtime API Reference.
//!
//! No SDK reads a profile for it yet, so its settings are kagi's own and stand in `[kagi NAME]`.

use super::settings::{Misset, Portal};
use crate::profile::{Found, ProfileFiles};
use crate::value::{Refused, RoleArn, shown};

/// `account_access_role`: the role's ARN.
pub const ROLE: &str = "account_access_role";
/// `account_access_tenant`: the tenant of the company's account access manager.
pub const TENANT: &str = "account_access_tenant";
/// The scopes that a token needs for it (Account Access Runtime API Reference, "Welcome").
pub const SCOPES: [&str; 2] = ["account_access:read_only", "account_access:assume"];

/// A role that a person is entitled to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entitled {
    /// tenantId
    pub tenant: String,
    /// roleArn
    pub role: RoleArn,
}

/// The account, the role's name and the entitlement of a profile; none when it has no such role.
pub(super) fn of(
    files: &ProfileFiles<'_>,
    profile: &str,
    portal: &Portal,
) -> Result<Option<(String, String, Entitled)>, Misset> {
    let Some(found) = files.get(profile, ROLE) else { return Ok(None) };
    let refused = |found: &Found<'_>, source| (found.place.clone(), source);
    let role = RoleArn::parse(&found.value).map_err(|source| refused(&found, source))?;
    let Some(named) = files.own_or_global(profile, TENANT) else {
        let lacking = Refused::new(
            format!("`{ROLE}` without `{TENANT}`"),
            format!(
                "add `{TENANT} = aa-…` to `[kagi {profile}]` or `[kagi]`: whoever runs account access manager knows it"
            ),
        );
        return Err(refused(&found, lacking));
    };
    let tenant = tenant(&named.value).map_err(|source| refused(&named, source))?;
    if let Some(lacking) = lacking_scope(portal) {
        return Err(refused(&found, lacking));
    }
    let (account, name) = (role.account().to_owned(), role.name().to_owned());
    Ok(Some((account, name, Entitled { tenant, role })))
}

/// Checks a tenant (model: 3 to 24 of `[a-z0-9-]`).
pub fn tenant(text: &str) -> Result<String, Refused> {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (3..=24).contains(&text.len()) && text.bytes().all(is_letter) {
        return Ok(text.to_owned());
    }
    Err(Refused::new(
        format!("`{}` is not a tenant of account access manager", shown(text)),
        "it begins with `aa-` and has up to 24 small letters, digits and hyphens",
    ))
}

/// What to add when a portal's sign-ins do not ask for the scopes.
pub fn lacking_scope(portal: &Portal) -> Option<Refused> {
    let lacking = SCOPES.iter().find(|scope| !portal.scopes.iter().any(|it| it == *scope))?;
    let place = match &portal.session {
        Some(name) => format!("`[sso-session {name}]`"),
        None => "an `[sso-session NAME]`".to_owned(),
    };
    Some(Refused::new(
        format!("sign-ins at `{}` do not ask for the scope `{lacking}`", shown(portal.name())),
        format!(
            "write `sso_registration_scopes = sso:account:access, {}, {}` into {place}, then sign in again",
            SCOPES[0], SCOPES[1]
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::super::settings::{portal_of, role_of};
    use super::*;

    const FILE: &str = "\
[sso-session corp]
sso_start_url = https://shiosai.awsapps.com/start
sso_region = ap-northeast-1
sso_registration_scopes = sso:account:access, account_access:read_only, account_access:assume
[profile dev]
region = ap-northeast-1
[kagi dev]
sso_session = corp
account_access_tenant = aa-0123456789abcdef
account_access_role = arn:aws:iam::222233334444:role/team/Power
";

    fn of(config: &str) -> Result<(String, String, Option<Entitled>), Misset> {
        let files = ProfileFiles::scan(config, "");
        let portal = portal_of(&files, "dev")?.unwrap();
        role_of(&files, "dev", portal).map(|role| (role.account, role.role, role.entitled))
    }

    #[test]
    fn a_role_is_entitled_in_our_section() {
        let (account, name, entitled) = of(FILE).unwrap();
        let entitled = entitled.unwrap();
        assert_eq!((account.as_str(), name.as_str()), ("222233334444", "Power"));
        assert_eq!(entitled.tenant, "aa-0123456789abcdef");
        assert_eq!(entitled.role.as_str(), "arn:aws:iam::222233334444:role/team/Power");
    }

    #[test]
    fn what_is_missing_is_named_with_its_line() {
        for (from, to, line, says) in [
            ("account_access_tenant = aa-0123456789abcdef\n", "", 9, "without `account_access_tenant`"),
            ("aa-0123456789abcdef", "AA-1", 9, "not a tenant"),
            ("role/team/Power", "user/x", 10, "user/x"),
            (", account_access:assume", "", 10, "do not ask for the scope `account_access:assume`"),
        ] {
            let (place, refused) = of(&FILE.replace(from, to)).unwrap_err();
            assert!(refused.message.contains(says), "{}", refused.message);
            assert_eq!((place.line, refused.hint.is_empty()), (line, false), "{says}");
        }
    }
}
