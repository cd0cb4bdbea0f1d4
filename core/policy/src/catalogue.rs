//! The service reference: which services, actions, resource types and condition keys AWS has.
//!
//! Made from public packages by `cargo xtask gen reference`; `data/SOURCES.md` says from which. An action that is not
//! in it may be newer than the data: [`Catalogue::version`] says how old that is.

mod actions;
mod read;

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

pub use actions::ActionSet;
pub use read::CatalogueError;

/// The service reference.
#[derive(Debug)]
pub struct Catalogue {
    version: String,
    strings: Strings,
    services: Vec<Service>,
    /// Services by their prefix in lower case.
    prefixes: FxHashMap<String, usize>,
    /// In order of service and name in lower case, so that a service is a run of numbers.
    actions: Vec<Action>,
    /// `service:name` in lower case, in the order of `actions`.
    names: Vec<String>,
    resource_types: Vec<ResourceType>,
    /// In order.
    rcp_services: Vec<u32>,
}

/// An action's number, dense from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionId(u16);

/// Texts by number.
#[derive(Debug, Default)]
struct Strings {
    text: String,
    ends: Vec<u32>,
}

#[derive(Debug)]
struct Service {
    prefix: u32,
    /// Where its actions begin; they end where the next service's begin.
    actions: usize,
    /// Its condition keys with their types.
    keys: Vec<(u32, u32)>,
}

#[derive(Debug)]
struct Action {
    name: u32,
    levels: u8,
    resources: Vec<(u32, bool, Vec<u32>)>,
    keys: Vec<u32>,
    dependents: Vec<u32>,
}

#[derive(Debug)]
struct ResourceType {
    key: u32,
    arn: u32,
    keys: Vec<u32>,
}

/// A kind of resource an action works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ActionResource<'a> {
    /// Its key: `object`.
    pub key: &'a str,
    /// Its ARN with placeholders: `arn:${Partition}:s3:::${BucketName}/${ObjectName}`.
    pub arn: &'a str,
    /// Every request names one.
    pub required: bool,
}

/// What an action does, in AWS's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "AWS has these five")]
pub enum AccessLevel {
    /// Lists resources.
    List,
    /// Reads them.
    Read,
    /// Changes them.
    Write,
    /// Changes their tags.
    Tagging,
    /// Changes who may do what.
    PermissionsManagement,
}

/// The type of a condition key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct KeyType<'a> {
    /// `String`, `ARN`, `Bool`, `Numeric`, `Date`, `IPAddress` …
    pub name: &'a str,
    /// The key may have several values and wants a set operator.
    pub multivalued: bool,
}

static EMBEDDED: LazyLock<Catalogue> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a test reads the committed bytes")]
    Catalogue::read(include_bytes!("../data/service-reference.bin"))
        .expect("the embedded service reference is whole")
});

impl Catalogue {
    /// The reference this program was built with.
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// Which data this is: the version of its package, which ends in its date.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// How many actions there are.
    pub fn len(&self) -> usize {
        self.actions.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }

    /// Every action.
    pub fn actions(&self) -> impl Iterator<Item = ActionId> + use<> {
        (0..u16::try_from(self.actions.len()).unwrap_or(u16::MAX)).map(ActionId)
    }

    /// The service prefixes.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        self.services.iter().map(|service| self.strings.get(service.prefix))
    }

    /// An action by its name, `service:Action` in any case.
    pub fn action(&self, name: &str) -> Option<ActionId> {
        // All names of a service begin alike: only what comes behind is compared.
        let (prefix, action) = name.split_once(':')?;
        let (number, service) = self.service(prefix)?;
        let range = self.range(number, service);
        let behind = prefix.len().saturating_add(1);
        let order = |known: &String| compare_ignoring_case(known.get(behind..).unwrap_or_default(), action);
        let place = self.names.get(range.clone())?.binary_search_by(order).ok()?;
        u16::try_from(range.start.saturating_add(place)).ok().map(ActionId)
    }

    /// An action's name as AWS writes it: `s3:GetObject`.
    pub fn name(&self, id: ActionId) -> String {
        let service = self
            .names
            .get(id.place())
            .and_then(|name| name.split_once(':'))
            .map_or("", |(service, _)| service);
        format!("{service}:{}", self.get(id).map_or("", |action| self.strings.get(action.name)))
    }

    /// What an action does.
    pub fn access_levels(&self, id: ActionId) -> Vec<AccessLevel> {
        let all = [
            AccessLevel::List,
            AccessLevel::Read,
            AccessLevel::Write,
            AccessLevel::Tagging,
            AccessLevel::PermissionsManagement,
        ];
        let bits = self.get(id).map_or(0, |action| action.levels);
        all.into_iter()
            .enumerate()
            .filter(|(place, _)| bits & (1 << place) != 0)
            .map(|(_, level)| level)
            .collect()
    }

    /// Whether an action works on resources; if not, only `Resource: "*"` is about it.
    pub fn has_resource_types(&self, id: ActionId) -> bool {
        self.get(id).is_some_and(|action| !action.resources.is_empty())
    }

    /// Whether every request of an action names a resource.
    pub fn needs_resource(&self, id: ActionId) -> bool {
        self.get(id).is_some_and(|action| action.resources.iter().any(|(_, required, _)| *required))
    }

    /// The kinds of resource an action works on.
    pub fn resource_types(&self, id: ActionId) -> Vec<ActionResource<'_>> {
        let resource = |(place, required, _): &(u32, bool, Vec<u32>)| {
            let found = self.resource_types.get(usize::try_from(*place).ok()?)?;
            let (key, arn) = (self.strings.get(found.key), self.strings.get(found.arn));
            Some(ActionResource { key, arn, required: *required })
        };
        self.get(id).map(|action| action.resources.iter().filter_map(resource).collect()).unwrap_or_default()
    }

    /// The condition keys of an action whatever its resource.
    pub fn action_keys(&self, id: ActionId) -> Vec<&str> {
        self.texts(self.get(id).map_or(&[], |action| &action.keys))
    }

    /// The condition keys of an action on one kind of resource: those of the pair and those of the resource.
    pub fn resource_keys(&self, id: ActionId, resource: &str) -> Vec<&str> {
        let mut keys = Vec::new();
        for (place, _, own) in self.get(id).map_or(&[][..], |action| &action.resources) {
            let found = usize::try_from(*place).ok().and_then(|place| self.resource_types.get(place));
            let Some(found) = found.filter(|found| self.strings.get(found.key) == resource) else { continue };
            keys.extend(self.texts(own));
            keys.extend(self.texts(&found.keys));
        }
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// The actions a call needs besides: `iam:PassRole` for `ec2:RunInstances`.
    pub fn dependent_actions(&self, id: ActionId) -> Vec<&str> {
        self.texts(self.get(id).map_or(&[], |action| &action.dependents))
    }

    /// The type of a service's condition key, given in any case; a key of tags by any tag.
    pub fn key_type(&self, key: &str) -> Option<KeyType<'_>> {
        let (_, found) = self.service(key.split_once(':')?.0)?;
        // Tags are written `aws:ResourceTag/${TagKey}` or, by S3, `s3:ExistingObjectTag/<key>`.
        let is_it = |known: &str| match known.split_once("${").or_else(|| known.split_once('<')) {
            Some((before, _)) => {
                key.get(..before.len()).is_some_and(|head| head.eq_ignore_ascii_case(before))
            }
            None => known.eq_ignore_ascii_case(key),
        };
        let (_, kind) = found.keys.iter().find(|(known, _)| is_it(self.strings.get(*known)))?;
        let name = self.strings.get(*kind);
        let multivalued = name.starts_with("ArrayOf");
        Some(KeyType { name: name.strip_prefix("ArrayOf").unwrap_or(name), multivalued })
    }

    /// Whether there is a service of this prefix, given in any case.
    pub fn has_service(&self, prefix: &str) -> bool {
        self.service(prefix).is_some()
    }

    /// A service and its number.
    fn service(&self, prefix: &str) -> Option<(usize, &Service)> {
        let found = match prefix.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => self.prefixes.get(prefix.to_ascii_lowercase().as_str()),
            false => self.prefixes.get(prefix),
        };
        let place = *found?;
        self.services.get(place).map(|held| (place, held))
    }

    /// The ARNs of every kind of resource, with placeholders.
    pub fn resource_arns(&self) -> impl Iterator<Item = &str> {
        self.resource_types.iter().map(|held| self.strings.get(held.arn))
    }

    /// The kinds of resource an action works on, as places in [`Self::resource_arns`].
    pub fn resource_numbers(&self, id: ActionId) -> impl Iterator<Item = usize> {
        let resources = self.get(id).map_or(&[][..], |action| &action.resources);
        resources.iter().filter_map(|(place, ..)| usize::try_from(*place).ok())
    }

    /// Whether resource control policies bind a service's calls.
    pub fn rcp_supported(&self, service: &str) -> bool {
        let order = |known: &u32| compare_ignoring_case(self.strings.get(*known), service);
        self.rcp_services.binary_search_by(order).is_ok()
    }

    fn get(&self, id: ActionId) -> Option<&Action> {
        self.actions.get(id.place())
    }

    fn texts(&self, numbers: &[u32]) -> Vec<&str> {
        numbers.iter().map(|number| self.strings.get(*number)).collect()
    }
}

impl ActionId {
    fn place(self) -> usize {
        usize::from(self.0)
    }
}

impl Strings {
    fn get(&self, number: u32) -> &str {
        let Ok(place) = usize::try_from(number) else { return "" };
        let end = |place: usize| self.ends.get(place).and_then(|end| usize::try_from(*end).ok());
        let start = place.checked_sub(1).map_or(Some(0), end);
        start.zip(end(place)).and_then(|(start, end)| self.text.get(start..end)).unwrap_or_default()
    }
}

/// Orders a text in lower case and a text in any case.
fn compare_ignoring_case(lower: &str, any: &str) -> std::cmp::Ordering {
    lower.bytes().cmp(any.bytes().map(|byte| byte.to_ascii_lowercase()))
}
