//! Where the desk is, what it speaks to, and whom it tells. Who may do what stands in the policy, which is in the log.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ipnet::IpNet;
use kagimori_notice::Channel;
use kagimori_passkey::RelyingParty;

/// The settings, as they are used.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Whose desk it is.
    pub(crate) company: String,
    /// The address of its pages: `https://desk.example.co.jp`.
    pub(crate) origin: String,
    /// Its folder: the log, its key, its copies.
    pub(crate) data: PathBuf,
    /// Proxies whose `X-Forwarded-For` is believed. None: of nobody.
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// How many hours the clock on the wall is ahead of UTC.
    pub(crate) hours_from_utc: i8,
    /// Where people are told.
    pub(crate) channels: BTreeMap<String, Channel>,
}

impl Settings {
    /// The desk, as passkeys know it.
    #[must_use]
    pub(crate) fn party(&self) -> RelyingParty {
        let host = self.origin.split_once("://").map_or("", |(_, rest)| rest);
        let id = host.split(['/', ':']).next().unwrap_or_default();
        RelyingParty { id: id.to_owned(), origin: self.origin.clone() }
    }
}
