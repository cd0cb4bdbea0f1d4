//! IAM: access keys, MFA devices, and enough listing to see who is there.

mod access_keys;
mod listing;
mod mfa_devices;

use super::{Call, Operation, Service, World};
use crate::fault::Fault;
use crate::limits::{Checks, USER_NAME};
use crate::world::state::{Owner, UserState};
use crate::xml::Xml;

const fn operation(name: &'static str, run: super::call::Run) -> Operation {
    Operation { name, service: Service::Iam, run }
}

pub(super) const OPERATIONS: &[Operation] = &[
    operation("CreateAccessKey", access_keys::create),
    operation("UpdateAccessKey", access_keys::update),
    operation("DeleteAccessKey", access_keys::delete),
    operation("ListAccessKeys", access_keys::list),
    operation("GetAccessKeyLastUsed", access_keys::last_used),
    operation("CreateVirtualMFADevice", mfa_devices::create),
    operation("DeleteVirtualMFADevice", mfa_devices::delete),
    operation("EnableMFADevice", mfa_devices::enable),
    operation("ResyncMFADevice", mfa_devices::resync),
    operation("DeactivateMFADevice", mfa_devices::deactivate),
    operation("ListMFADevices", mfa_devices::list),
    operation("ListVirtualMFADevices", mfa_devices::list_virtual),
    operation("GetUser", listing::get_user),
    operation("ListUsers", listing::list_users),
    operation("ListRoles", listing::list_roles),
];

/// The user a call is about, `UserName` or the caller itself, once the caller may do the action to it.
fn authorised_owner(world: &World, call: &Call<'_>, action: &str) -> Result<Owner, Fault> {
    let mut checks = Checks::default();
    checks.text("userName", call.parameters.get("UserName"), &USER_NAME);
    checks.done()?;
    let owner = meant(call)?;
    let user = owner.user.as_ref().and_then(|name| world.user(call, name));
    let name = owner.user.clone().unwrap_or_default();
    let arn = match (&owner.user, user) {
        (_, Some(user)) => user.arn.clone(),
        (Some(name), None) => format!("arn:aws:iam::{}:user/{name}", owner.account),
        (None, None) => format!("arn:aws:iam::{}:root", owner.account),
    };
    let question = world.question(call, action, arn);
    let shown = user.map(|_| format!("user {name}"));
    world.state.authorise(super::authorise::Question { shown, ..question })?;
    if owner.user.is_some() && user.is_none() {
        return Err(no_such_user(&name));
    }
    Ok(owner)
}

/// Without `UserName` it is the caller's own user: "determined implicitly based on the access key".
fn meant(call: &Call<'_>) -> Result<Owner, Fault> {
    let account = call.caller.account().to_owned();
    match (call.parameters.get("UserName"), call.caller.owner()) {
        (Some(name), _) => Ok(Owner { account, user: Some(name.to_owned()) }),
        (None, Some(owner)) => Ok(owner.clone()),
        (None, None) => {
            Err(Fault::validation("Must specify userName when calling with non-User credentials"))
        }
    }
}

fn no_such_user(name: &str) -> Fault {
    Fault::no_such_entity(format!("The user with name {name} cannot be found."))
}

impl World {
    /// A user of the caller's account.
    fn user(&self, call: &Call<'_>, name: &str) -> Option<&UserState> {
        self.state.accounts.get(call.caller.account())?.users.get(name)
    }
}

/// The fake never cuts a list: `MaxItems` is an upper limit that AWS may stay under, but not one that must be reached.
fn listed(name: &str, members: impl IntoIterator<Item = Xml>) -> Xml {
    Xml::new().list(name, members).leaf("IsTruncated", "false")
}
