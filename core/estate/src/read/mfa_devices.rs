//! `iam list-virtual-mfa-devices` and `iam list-mfa-devices`.

use serde::Deserialize;

use super::fault::Fault;
use super::wire::{Instant, answer, list};
use crate::id::Arn;
use crate::model::{MfaDevice, VirtualMfaDevice};

/// The virtual devices of an account; and whether another page should follow.
pub(super) fn read_virtual(
    text: &str,
    start: usize,
    length: usize,
) -> Result<(Vec<VirtualMfaDevice>, bool), Fault> {
    let wire: WireVirtual = answer(text, start, length)?;
    let device = |device: WireVirtualDevice| VirtualMfaDevice {
        serial: device.serial_number,
        owner: device.user.and_then(|user| user.arn),
        enabled: device.enable_date.map(|at| at.0),
    };
    let devices = wire.virtual_mfa_devices.into_iter().map(device).collect();
    Ok((devices, wire.is_truncated.unwrap_or(false)))
}

/// The devices of one user, each with its user's name; and whether another page should follow.
pub(super) fn read_of_user(
    text: &str,
    start: usize,
    length: usize,
) -> Result<(Vec<(String, MfaDevice)>, bool), Fault> {
    let wire: WireOfUser = answer(text, start, length)?;
    let device = |device: WireDevice| {
        let enabled = device.enable_date.map(|at| at.0);
        (device.user_name, MfaDevice { serial: device.serial_number, enabled })
    };
    Ok((wire.mfa_devices.into_iter().map(device).collect(), wire.is_truncated.unwrap_or(false)))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireVirtual {
    #[serde(rename = "VirtualMFADevices", default, deserialize_with = "list")]
    virtual_mfa_devices: Vec<WireVirtualDevice>,
    is_truncated: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireVirtualDevice {
    serial_number: String,
    user: Option<WireOwner>,
    enable_date: Option<Instant>,
}

/// An unassigned device has no user, or one without a name.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireOwner {
    arn: Option<Arn>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireOfUser {
    #[serde(rename = "MFADevices", default, deserialize_with = "list")]
    mfa_devices: Vec<WireDevice>,
    is_truncated: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireDevice {
    user_name: String,
    serial_number: String,
    enable_date: Option<Instant>,
}
