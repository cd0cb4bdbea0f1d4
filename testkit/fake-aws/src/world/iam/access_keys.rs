//! Access keys: at most two a user.

use super::{authorised_owner, listed};
use crate::fault::Fault;
use crate::limits::{ACCESS_KEY_ID, Checks};
use crate::world::state::{AccessKey, Owner};
use crate::world::{Call, World};
use crate::xml::Xml;

const MOST_KEYS: usize = 2;

pub(super) fn create(world: &mut World, call: &Call<'_>) -> Result<Option<Xml>, Fault> {
    let owner = authorised_owner(world, call, "iam:CreateAccessKey")?;
    if world.state.keys.values().filter(|key| key.owner == owner).count() >= MOST_KEYS {
        return Err(Fault::limit_exceeded("AccessKeysPerUser", MOST_KEYS));
    }
    let (id, secret) = (world.mint.id("AKIA", 20), world.mint.secret());
    let number = world.state.keys.values().map(|key| key.number + 1).max().unwrap_or_default();
    let key = AccessKey { secret, owner, is_active: true, created: call.now, last_used: None, number };
    let written = metadata(&id, &key).leaf("SecretAccessKey", &key.secret);
    world.state.keys.insert(id, key);
    Ok(Some(Xml::new().node("AccessKey", &written)))
}

pub(super) fn update(world: &mut World, call: &Call<'_>) -> Result<Option<Xml>, Fault> {
    let id = checked_id(call, true)?;
    let owner = authorised_owner(world, call, "iam:UpdateAccessKey")?;
    let is_active = call.parameters.get("Status") == Some("Active");
    key_of(world, id, &owner)?.is_active = is_active;
    Ok(None)
}

pub(super) fn delete(world: &mut World, call: &Call<'_>) -> Result<Option<Xml>, Fault> {
    let id = checked_id(call, false)?;
    let owner = authorised_owner(world, call, "iam:DeleteAccessKey")?;
    key_of(world, id, &owner)?;
    world.state.keys.remove(id);
    Ok(None)
}

pub(super) fn list(world: &mut World, call: &Call<'_>) -> Result<Option<Xml>, Fault> {
    let owner = authorised_owner(world, call, "iam:ListAccessKeys")?;
    let mut keys: Vec<_> = world.state.keys.iter().filter(|(_, key)| key.owner == owner).collect();
    keys.sort_by_key(|(_, key)| key.number);
    Ok(Some(listed("AccessKeyMetadata", keys.into_iter().map(|(id, key)| metadata(id, key)))))
}

/// Whose key it is has to be found before the caller can be asked about.
pub(super) fn last_used(world: &mut World, call: &Call<'_>) -> Result<Option<Xml>, Fault> {
    let id = call.parameters.get("AccessKeyId");
    let mut checks = Checks::default();
    checks.required("accessKeyId", id, &ACCESS_KEY_ID);
    checks.done()?;
    let id = id.unwrap_or_default();
    let key = world.state.keys.get(id).filter(|key| key.owner.account == call.caller.account());
    let name = key.and_then(|key| key.owner.user.clone()).unwrap_or_default();
    let arn = world.user(call, &name).map_or_else(|| "*".to_owned(), |user| user.arn.clone());
    world.state.authorise(world.question(call, "iam:GetAccessKeyLastUsed", arn))?;
    let key = key.ok_or_else(|| no_such_key(id))?;
    let used = match &key.last_used {
        Some(used) => Xml::new()
            .time("LastUsedDate", used.time)
            .leaf("ServiceName", &used.service)
            .leaf("Region", &used.region),
        None => Xml::new().leaf("ServiceName", "N/A").leaf("Region", "N/A"),
    };
    Ok(Some(Xml::new().leaf("UserName", &name).node("AccessKeyLastUsed", &used)))
}

fn checked_id<'a>(call: &Call<'a>, with_status: bool) -> Result<&'a str, Fault> {
    let (id, status) = (call.parameters.get("AccessKeyId"), call.parameters.get("Status"));
    let mut checks = Checks::default();
    checks.required("accessKeyId", id, &ACCESS_KEY_ID);
    if with_status && status.is_none() {
        checks.missing("status");
    }
    checks.word("status", status, &["Active", "Inactive"]);
    checks.done()?;
    Ok(id.unwrap_or_default())
}

fn key_of<'a>(world: &'a mut World, id: &str, owner: &Owner) -> Result<&'a mut AccessKey, Fault> {
    let key = world.state.keys.get_mut(id).filter(|key| key.owner == *owner);
    key.ok_or_else(|| no_such_key(id))
}

fn no_such_key(id: &str) -> Fault {
    Fault::no_such_entity(format!("The Access Key with id {id} cannot be found."))
}

fn metadata(id: &str, key: &AccessKey) -> Xml {
    let status = if key.is_active { "Active" } else { "Inactive" };
    Xml::new()
        .maybe("UserName", key.owner.user.as_deref())
        .leaf("AccessKeyId", id)
        .leaf("Status", status)
        .time("CreateDate", key.created)
}
