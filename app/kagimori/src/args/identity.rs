//! What changes about users, roles and groups, as typed: `--quarantine`, `--tag`, `--remove-from-group` and their like.

use jiff::Timestamp;

use super::moment::moment;

/// Changes about identities.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct IdentityWishes {
    /// Deny these users or roles everything, in an inline policy of its own (`KagimoriQuarantine`)
    #[arg(long, value_name = "PRINCIPAL", num_args = 1..)]
    pub(crate) quarantine: Vec<String>,
    /// Deny the sessions of these users or roles that were handed out before MOMENT (now)
    #[arg(long, value_name = "PRINCIPAL[=MOMENT]", num_args = 1.., value_parser = sessions)]
    pub(crate) deny_sessions: Vec<Sessions>,
    /// Give a user or role a tag, or a tag of it another value
    #[arg(long, value_name = "PRINCIPAL=KEY=VALUE")]
    pub(crate) tag: Vec<String>,
    /// Take a tag of a user or role away
    #[arg(long, value_name = "PRINCIPAL=KEY")]
    pub(crate) untag: Vec<String>,
    /// Add a user to a group
    #[arg(long, value_name = "USER=GROUP")]
    pub(crate) add_to_group: Vec<String>,
    /// Remove a user from a group
    #[arg(long, value_name = "USER=GROUP")]
    pub(crate) remove_from_group: Vec<String>,
    /// Delete these access keys, which have to be inactive
    #[arg(long, value_name = "KEY", num_args = 1..)]
    pub(crate) delete_key: Vec<String>,
    /// Delete these users, roles or groups (by ARN) with all that they hold
    #[arg(long, value_name = "PRINCIPAL", num_args = 1..)]
    pub(crate) delete: Vec<String>,
}

/// Whose sessions, and before when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sessions {
    pub(crate) principal: String,
    pub(crate) before: Option<Timestamp>,
}

fn sessions(text: &str) -> Result<Sessions, String> {
    // Names hold `=`; a moment holds none.
    let (principal, before) = match text.rsplit_once('=').map(|(name, at)| (name, moment(at))) {
        Some((name, Ok(at))) => (name, Some(at)),
        Some((_, Err(why))) if text.matches('=').count() == 1 => return Err(why),
        _ => (text, None),
    };
    Ok(Sessions { principal: principal.to_owned(), before })
}

#[cfg(test)]
mod tests {
    use super::sessions;

    #[test]
    fn whose_sessions_and_before_when() {
        let read = sessions("deploy=2026-11-01").unwrap();
        assert_eq!(read.principal, "deploy");
        assert_eq!(read.before, "2026-11-01T00:00:00Z".parse().ok());
        assert_eq!(sessions("deploy").unwrap().before, None);
        assert!(sessions("deploy=yesterday").unwrap_err().contains("2026-11-01"));
        assert_eq!(sessions("x+y=z=2026-11-01").unwrap().principal, "x+y=z");
    }
}
