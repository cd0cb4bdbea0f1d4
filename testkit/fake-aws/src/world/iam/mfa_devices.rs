//! Virtual MFA devices. The seed is told once, when the device is made.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{authorised_owner, listed};
use crate::fault::Fault;
use crate::limits::{Checks, DEVICE_NAME, PATH, SERIAL_NUMBER, TOKEN_CODE};
use crate::picture;
use crate::totp;
use crate::world::state::{AccountState, Device, Owner};
use crate::world::{Call, World};
use crate::xml::Xml;

const MOST_DEVICES: usize = 8;
/// How far off a device's clock may be to be found again: a day.
const RESYNC_STEPS: i64 = 2880;

pub(super) fn create(world: &mut World, call: &Call<'_>) -> Result<Option<Xml>, Fault> {
    let (path, name) = (call.parameters.get("Path"), call.parameters.get("VirtualMFADeviceName"));
    let mut checks = Checks::default();
    checks.text("path", path, &PATH);
    checks.required("virtualMFADeviceName", name, &DEVICE_NAME);
    checks.done()?;
    let serial = format!(
        "arn:aws:iam::{}:mfa{}{}",
        call.caller.account(),
        path.unwrap_or("/"),
        name.unwrap_or_default()
    );
    world.state.authorise(world.question(call, "iam:CreateVirtualMFADevice", serial.clone()))?;
    let seed = world.mint.mfa_seed();
    let account = account(world, call)?;
    if account.devices.contains_key(&serial) {
        return Err(Fault::already_exists("MFADevice entity at the same path and name already exists."));
    }
    // The blob is the base32 text, and blobs are base64 on the wire.
    let text = totp::base32(&seed);
    let picture = picture::of_seed(name.unwrap_or_default(), call.caller.account(), &text);
    account.devices.insert(serial.clone(), Device::new(seed));
    let device = Xml::new()
        .leaf("SerialNumber", &serial)
        .leaf("Base32StringSeed", &STANDARD.encode(text))
        .maybe("QRCodePNG", picture.map(|png| STANDARD.encode(png)).as_deref());
    Ok(Some(Xml::new().node("VirtualMFADevice", &device)))
}

pub(super) fn delete(world: &mut World, call: &Call<'_>) -> Result<Option<Xml>, Fault> {
    let serial = checked_serial(call)?;
    world.state.authorise(world.question(call, "iam:DeleteVirtualMFADevice", serial.to_owned()))?;
    let account = account(world, call)?;
    let device = account.devices.get(serial).ok_or_else(|| no_such_device(serial))?;
    if device.holder.is_some() {
        return Err(Fault::new(409, "DeleteConflict", "MFA VirtualDevice in use. Must deactivate first."));
    }
    account.devices.remove(serial);
    Ok(None)
}

/// Two consecutive codes prove that the seed arrived.
pub(super) fn enable(world: &mut World, call: &Call<'_>) -> Result<Option<Xml>, Fault> {
    let (serial, first, second) = checked_codes(call)?;
    let owner = authorised_owner(world, call, "iam:EnableMFADevice")?;
    let (now, reach) = (call.now, world.settings.window());
    let account = account(world, call)?;
    if held(account, &owner).count() >= MOST_DEVICES {
        return Err(Fault::limit_exceeded("MFADevicesPerUser", MOST_DEVICES));
    }
    let device = account.devices.get_mut(serial).ok_or_else(|| no_such_device(serial))?;
    if device.holder.is_some() {
        return Err(Fault::already_exists("MFA device is already in use."));
    }
    if !device.take_two((first, second), now, reach) {
        return Err(Fault::invalid_device_code());
    }
    device.holder = Some((owner, now));
    Ok(None)
}

pub(super) fn resync(world: &mut World, call: &Call<'_>) -> Result<Option<Xml>, Fault> {
    let (serial, first, second) = checked_codes(call)?;
    let owner = authorised_owner(world, call, "iam:ResyncMFADevice")?;
    let now = call.now;
    let device = of_holder(account(world, call)?, serial, &owner)?;
    if device.take_two((first, second), now, RESYNC_STEPS) {
        Ok(None)
    } else {
        Err(Fault::invalid_device_code())
    }
}

pub(super) fn deactivate(world: &mut World, call: &Call<'_>) -> Result<Option<Xml>, Fault> {
    let serial = checked_serial(call)?;
    let owner = authorised_owner(world, call, "iam:DeactivateMFADevice")?;
    of_holder(account(world, call)?, serial, &owner)?.holder = None;
    Ok(None)
}

pub(super) fn list(world: &mut World, call: &Call<'_>) -> Result<Option<Xml>, Fault> {
    let owner = authorised_owner(world, call, "iam:ListMFADevices")?;
    let name = owner.user.clone().unwrap_or_default();
    let account = account(world, call)?;
    let members = held(account, &owner).map(|(serial, device)| {
        let since = device.holder.as_ref().map_or(call.now, |(_, since)| *since);
        Xml::new().leaf("UserName", &name).leaf("SerialNumber", serial).time("EnableDate", since)
    });
    Ok(Some(listed("MFADevices", members)))
}

pub(super) fn list_virtual(world: &mut World, call: &Call<'_>) -> Result<Option<Xml>, Fault> {
    let wanted = call.parameters.get("AssignmentStatus");
    let mut checks = Checks::default();
    checks.word("assignmentStatus", wanted, &["Assigned", "Unassigned", "Any"]);
    checks.done()?;
    let all = format!("arn:aws:iam::{}:mfa/", call.caller.account());
    let mut question = world.question(call, "iam:ListVirtualMFADevices", all);
    question.is_wildcard_only = true;
    world.state.authorise(question)?;
    let account = account(world, call)?;
    let is_wanted = |device: &&Device| match wanted {
        Some("Assigned") => device.holder.is_some(),
        Some("Unassigned") => device.holder.is_none(),
        _ => true,
    };
    let devices = account.devices.iter().filter(|(_, device)| is_wanted(device));
    let members = devices.map(|(serial, device)| {
        let mut written = Xml::new().leaf("SerialNumber", serial);
        if let Some((owner, since)) = &device.holder {
            let user = owner.user.as_ref().and_then(|name| Some((name, account.users.get(name)?)));
            if let Some((name, user)) = user {
                written = written.node("User", &super::listing::user(name, user));
            }
            written = written.time("EnableDate", *since);
        }
        written
    });
    Ok(Some(listed("VirtualMFADevices", members)))
}

fn checked_serial<'a>(call: &Call<'a>) -> Result<&'a str, Fault> {
    let serial = call.parameters.get("SerialNumber");
    let mut checks = Checks::default();
    checks.required("serialNumber", serial, &SERIAL_NUMBER);
    checks.done()?;
    Ok(serial.unwrap_or_default())
}

fn checked_codes<'a>(call: &Call<'a>) -> Result<(&'a str, &'a str, &'a str), Fault> {
    let get = |name: &str| call.parameters.get(name);
    let mut checks = Checks::default();
    if get("UserName").is_none() {
        checks.missing("userName");
    }
    checks.required("serialNumber", get("SerialNumber"), &SERIAL_NUMBER);
    checks.required("authenticationCode1", get("AuthenticationCode1"), &TOKEN_CODE);
    checks.required("authenticationCode2", get("AuthenticationCode2"), &TOKEN_CODE);
    checks.done()?;
    let text = |name: &str| get(name).unwrap_or_default();
    Ok((text("SerialNumber"), text("AuthenticationCode1"), text("AuthenticationCode2")))
}

fn account<'a>(world: &'a mut World, call: &Call<'_>) -> Result<&'a mut AccountState, Fault> {
    world.state.accounts.get_mut(call.caller.account()).ok_or_else(Fault::invalid_token)
}

fn held<'a>(account: &'a AccountState, owner: &Owner) -> impl Iterator<Item = (&'a String, &'a Device)> {
    account
        .devices
        .iter()
        .filter(move |(_, device)| device.holder.as_ref().is_some_and(|(holder, _)| holder == owner))
}

fn of_holder<'a>(
    account: &'a mut AccountState,
    serial: &str,
    owner: &Owner,
) -> Result<&'a mut Device, Fault> {
    let device = account.devices.get_mut(serial);
    let device = device.filter(|device| device.holder.as_ref().is_some_and(|(holder, _)| holder == owner));
    device.ok_or_else(|| no_such_device(serial))
}

fn no_such_device(serial: &str) -> Fault {
    Fault::no_such_entity(format!("MFA Device invalid for user: device {serial} cannot be found."))
}
