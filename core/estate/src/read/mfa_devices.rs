//! `iam list-virtual-mfa-devices` and `iam list-mfa-devices`.

use serde::Deserialize;

use super::content::Content;
use super::fault::Fault;
use super::object::{Object, Reading};
use super::wire::{Instant, list};
use crate::model::{MfaDevice, VirtualMfaDevice};
use kagimori_id::Arn;

/// The virtual devices of an account.
pub(super) fn read_virtual(object: &Object<'_>) -> Result<Reading, Fault> {
    let wire: WireVirtual = object.parse()?;
    let device = |device: WireVirtualDevice| VirtualMfaDevice {
        serial: device.serial_number,
        owner: device.user.and_then(|user| user.arn),
        enabled: device.enable_date.map(|at| at.0),
    };
    let devices = wire.virtual_mfa_devices.into_iter().map(device).collect();
    Ok(Reading::page(Content::VirtualMfaDevices(devices), wire.is_truncated.unwrap_or(wire.marker.is_some())))
}

/// The devices of one user, each with its user's name.
pub(super) fn read_of_user(object: &Object<'_>) -> Result<Reading, Fault> {
    let wire: WireOfUser = object.parse()?;
    let device = |device: WireDevice| {
        let enabled = device.enable_date.map(|at| at.0);
        (device.user_name, MfaDevice { serial: device.serial_number, enabled })
    };
    let devices = wire.mfa_devices.into_iter().map(device).collect();
    Ok(Reading::page(Content::MfaDevices(devices), wire.is_truncated.unwrap_or(wire.marker.is_some())))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireVirtual {
    #[serde(rename = "VirtualMFADevices", default, deserialize_with = "list")]
    virtual_mfa_devices: Vec<WireVirtualDevice>,
    is_truncated: Option<bool>,
    /// There only when more follows, which a `--query` may have left unsaid.
    marker: Option<serde::de::IgnoredAny>,
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
    /// There only when more follows, which a `--query` may have left unsaid.
    marker: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireDevice {
    user_name: String,
    serial_number: String,
    enable_date: Option<Instant>,
}
