//! Access keys and console passwords.

use kagimori_estate::change::CredentialChange;
use serde_json::json;

use super::super::call::Call;
use super::super::look::{Look, named, with};
use super::super::state::Expected;
use super::Move;

/// The one move of a change.
///
/// # Errors
/// In words, when there is none: AWS keeps no password, so that one that was deleted could not be given back.
pub(super) fn one(change: &CredentialChange) -> Result<Move, String> {
    Ok(match change {
        CredentialChange::SetAccessKeyStatus { user, key, active } => {
            let status = |active| if active { "Active" } else { "Inactive" };
            let look = Look::AccessKey { user: user.clone(), key: key.clone() };
            let input = [("AccessKeyId", json!(key)), ("Status", json!(status(*active)))];
            let call = Call::iam(user.account(), "UpdateAccessKey", with(named(user), &input));
            Move::new(look, Expected::is(status(!active)), Expected::is(status(*active)), call)
        }
        CredentialChange::DeleteAccessKey { user, key } => {
            let look = Look::AccessKey { user: user.clone(), key: key.clone() };
            let input = with(named(user), &[("AccessKeyId", json!(key))]);
            let call = Call::iam(user.account(), "DeleteAccessKey", input);
            Move::new(look, Expected::is("Inactive"), Expected::Absent, call)
        }
        CredentialChange::SetConsoleLogin { user, .. } => {
            return Err(format!(
                "the console password of {user} cannot be put back by a plan: deny what it may do instead"
            ));
        }
    })
}
