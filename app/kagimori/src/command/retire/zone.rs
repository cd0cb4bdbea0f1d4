//! The zone of the windows: an offset, or a name that the system's zone files know.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use kagimori_lake::regular;
use kagimori_plan::Settings;
use kagimori_retire::{Windows, ZoneName};

use crate::error::AppError;

/// Where systems keep zone files (POSIX names none; these are those of Linux distributions, BSDs and macOS).
const FOLDERS: [&str; 3] = ["/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/var/db/timezone/zoneinfo"];
/// A zone file is a few kilobytes.
const BYTES_MAX: u64 = 1 << 20;

/// The windows of the settings.
pub(super) fn windows(settings: &Settings) -> Result<Windows, AppError> {
    let named = settings.retire.zone.clone();
    let of_file = || settings.time_zone.as_deref().and_then(|name| ZoneName::parse(name).ok());
    let zone = match named.or_else(of_file) {
        None => TimeZone::UTC,
        Some(name) => zone(&name)?,
    };
    Ok(settings.retire.windows(zone))
}

fn zone(name: &ZoneName) -> Result<TimeZone, AppError> {
    if let Some(zone) = name.known() {
        return Ok(zone);
    }
    let own = std::env::var_os("TZDIR").map(PathBuf::from);
    let folders = own.into_iter().chain(FOLDERS.map(PathBuf::from));
    let found = folders.map(|folder| folder.join(name.as_str())).find_map(|file| read(name, &file));
    found.ok_or_else(|| AppError::Argument {
        message: format!("the system has no time zone `{}`", name.as_str()),
        hint: "correct `zone` of [retire], install the zones (`apt-get install tzdata`), or write an offset: `zone = \"+09:00\"`"
            .to_owned(),
    })
}

fn read(name: &ZoneName, file: &Path) -> Option<TimeZone> {
    fs::metadata(file).ok().filter(|there| there.is_file() && there.len() <= BYTES_MAX)?;
    TimeZone::tzif(name.as_str(), &regular::bytes(file).ok()?).ok()
}
