//! Reads the committed bytes.
//!
//! A zlib stream of: the version (a text); the strings; the services. Numbers are LEB128, a text is its length and its
//! bytes, a list its count and its members, other texts are numbers of strings. A service is its prefix; its condition
//! keys (name, type); its resource types (key, ARN, keys); its actions in order of their names in lower case (name,
//! access levels as bits, resource types as (place in the service, required, keys), keys, dependent actions). At the end
//! the services that resource control policies bind.

use std::io::Read;

use flate2::read::ZlibDecoder;
use rustc_hash::FxHashMap;

use super::{Action, Catalogue, ResourceType, Service, Strings};

/// Why bytes are no service reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the service reference is damaged: {0}; make it again with `cargo xtask gen reference`")]
pub struct CatalogueError(&'static str);

/// More than this is no service reference; today's has 2.
const INFLATED_BYTES_MAX: u64 = 64 << 20;

impl Catalogue {
    /// Reads a service reference.
    ///
    /// # Errors
    /// [`CatalogueError`] when the bytes are not whole.
    pub fn read(bytes: &[u8]) -> Result<Self, CatalogueError> {
        let mut plain = Vec::new();
        ZlibDecoder::new(bytes)
            .take(INFLATED_BYTES_MAX)
            .read_to_end(&mut plain)
            .map_err(|_| CatalogueError("it does not inflate"))?;
        let mut bytes = Bytes(&plain);
        let version = bytes.text()?.to_owned();
        let strings = bytes.strings()?;
        let mut catalogue = Self {
            version,
            strings,
            services: Vec::new(),
            prefixes: FxHashMap::default(),
            actions: Vec::new(),
            names: Vec::new(),
            resource_types: Vec::new(),
            rcp_services: Vec::new(),
        };
        for _ in 0..bytes.count()? {
            catalogue.read_service(&mut bytes)?;
        }
        catalogue.rcp_services = bytes.list(Bytes::number)?;
        if !catalogue.names.is_sorted() || catalogue.actions.len() > usize::from(u16::MAX) {
            return Err(CatalogueError("its actions are out of order"));
        }
        Ok(catalogue)
    }

    fn read_service(&mut self, bytes: &mut Bytes<'_>) -> Result<(), CatalogueError> {
        let prefix = bytes.number()?;
        let keys = bytes.list(|bytes| Ok((bytes.number()?, bytes.number()?)))?;
        let first_type = u32::try_from(self.resource_types.len()).map_err(|_| TOO_LARGE)?;
        let types = bytes.list(|bytes| {
            Ok(ResourceType { key: bytes.number()?, arn: bytes.number()?, keys: bytes.list(Bytes::number)? })
        })?;
        self.resource_types.extend(types);
        let actions = bytes.list(|bytes| bytes.action(first_type))?;
        self.services.push(Service { prefix, actions: self.actions.len(), keys });
        let prefix = self.strings.get(prefix).to_ascii_lowercase();
        self.prefixes.insert(prefix.clone(), self.services.len().saturating_sub(1));
        for action in &actions {
            let mut name = format!("{prefix}:{}", self.strings.get(action.name));
            name.make_ascii_lowercase();
            self.names.push(name);
        }
        self.actions.extend(actions);
        Ok(())
    }
}

const TOO_LARGE: CatalogueError = CatalogueError("a number is too large");

/// Bytes not read yet.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn number(&mut self) -> Result<u32, CatalogueError> {
        let mut value = 0_u32;
        for shift in (0..35).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or(CatalogueError("it ends too early"))?;
            self.0 = rest;
            let bits = u32::from(byte & 0x7f).checked_shl(shift).ok_or(TOO_LARGE)?;
            value |= bits;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(TOO_LARGE)
    }

    fn count(&mut self) -> Result<usize, CatalogueError> {
        let count = usize::try_from(self.number()?).map_err(|_| TOO_LARGE)?;
        // Each member takes a byte at least.
        if count > self.0.len() { Err(CatalogueError("it ends too early")) } else { Ok(count) }
    }

    fn text(&mut self) -> Result<&'a str, CatalogueError> {
        let length = self.count()?;
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        std::str::from_utf8(text).map_err(|_| CatalogueError("a text is not UTF-8"))
    }

    fn list<T>(
        &mut self,
        mut member: impl FnMut(&mut Self) -> Result<T, CatalogueError>,
    ) -> Result<Vec<T>, CatalogueError> {
        let count = self.count()?;
        (0..count).map(|_| member(self)).collect()
    }

    fn strings(&mut self) -> Result<Strings, CatalogueError> {
        let mut strings = Strings::default();
        for _ in 0..self.count()? {
            strings.text.push_str(self.text()?);
            strings.ends.push(u32::try_from(strings.text.len()).map_err(|_| TOO_LARGE)?);
        }
        Ok(strings)
    }

    fn action(&mut self, first_type: u32) -> Result<Action, CatalogueError> {
        Ok(Action {
            name: self.number()?,
            levels: u8::try_from(self.number()?).map_err(|_| TOO_LARGE)?,
            resources: self.list(|bytes| {
                let place = bytes.number()?.checked_add(first_type).ok_or(TOO_LARGE)?;
                Ok((place, bytes.number()? != 0, bytes.list(Self::number)?))
            })?,
            keys: self.list(Self::number)?,
            dependents: self.list(Self::number)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Catalogue;

    const BYTES: &[u8] = include_bytes!("../../data/service-reference.bin");

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn damage_is_an_error(cut in 0..BYTES.len(), at in 0..BYTES.len(), bit in 0..8_u32) {
            prop_assert!(Catalogue::read(&BYTES[..cut]).is_err());
            let mut flipped = BYTES.to_vec();
            flipped[at] ^= 1 << bit;
            // A flipped bit may go unnoticed only where the checksum does not reach: the header of the stream.
            let _ = Catalogue::read(&flipped);
        }
    }
}
