//! Access keys and console passwords.

use kagimori_estate::change::CredentialChange;
use serde_json::json;

use super::super::call::Call;
use super::super::look::{Look, named, with};
use super::super::state::Expected;
use super::Move;

pub(super) fn moves(change: &CredentialChange) -> Vec<Move> {
    match change {
        CredentialChange::SetAccessKeyStatus { user, key, active } => {
            let status = |active| if active { "Active" } else { "Inactive" };
            let look = Look::AccessKey { user: user.clone(), key: key.clone() };
            let input = [("AccessKeyId", json!(key)), ("Status", json!(status(*active)))];
            let call = Call::iam(user.account(), "UpdateAccessKey", with(named(user), &input));
            vec![Move::new(look, Expected::is(status(!active)), Expected::is(status(*active)), call)]
        }
        CredentialChange::DeleteAccessKey { user, key } => {
            let look = Look::AccessKey { user: user.clone(), key: key.clone() };
            let input = with(named(user), &[("AccessKeyId", json!(key))]);
            let call = Call::iam(user.account(), "DeleteAccessKey", input);
            vec![Move::new(look, Expected::Present, Expected::Absent, call)]
        }
        CredentialChange::SetConsoleLogin { .. } => Vec::new(),
    }
}
