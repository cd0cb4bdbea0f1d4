//! A request made ready: split, in lower case, its keys numbered as the compiled policies number them.

use std::net::IpAddr;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::catalogue::Catalogue;
use crate::checked::Unnamed;
use crate::operator::Comparison;
use crate::protected;
use crate::request::{Context, Fact, Principal, Request};
use crate::value;
use kagimori_id::arn;

/// The number of a condition key, the same in every policy of one compiler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyId(usize);

/// The condition keys of all compiled policies. A copy shares them until one of the two learns a further key.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys(Arc<Numbered>);

#[derive(Clone, Debug, Default)]
struct Numbered {
    ids: FxHashMap<Box<str>, usize>,
    /// The keys by their numbers.
    names: Vec<Box<str>>,
    /// What each key is compared as, so that its value is read once per request.
    uses: Vec<Uses>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Uses {
    date: bool,
    address: bool,
    bytes: bool,
}

impl Uses {
    fn is_any(self) -> bool {
        self.date || self.address || self.bytes
    }
}

impl Keys {
    /// The number of a key, given in lower case.
    pub(super) fn intern(&mut self, key: &str) -> KeyId {
        if let Some(id) = self.0.ids.get(key) {
            return KeyId(*id);
        }
        let numbered = Arc::make_mut(&mut self.0);
        let id = numbered.uses.len();
        numbered.ids.insert(key.into(), id);
        numbered.names.push(key.into());
        numbered.uses.push(Uses::default());
        KeyId(id)
    }

    /// Remembers what a key is compared as.
    pub(super) fn note_use(&mut self, KeyId(id): KeyId, comparison: Comparison) {
        let known = self.0.uses.get(id).copied().unwrap_or_default();
        let mut uses = known;
        match comparison {
            Comparison::Date(_) => uses.date = true,
            Comparison::IpAddress => uses.address = true,
            Comparison::Binary => uses.bytes = true,
            _ => {}
        }
        if uses == known {
            return;
        }
        if let Some(slot) = Arc::make_mut(&mut self.0).uses.get_mut(id) {
            *slot = uses;
        }
    }
}

/// A request that compiled policies can decide.
#[derive(Clone, Debug)]
pub struct Bound<'r> {
    pub(super) asked: &'r Request,
    /// The user whose name a federated session carries.
    pub(super) owner: Option<String>,
    /// `service:action` in lower case.
    pub(super) action: String,
    pub(super) service_len: usize,
    /// The resource in its parts, padded with `*` as patterns are.
    pub(super) parts: [&'r str; 6],
    /// Whether the resource is a pattern itself: it holds a `*`, or lacks parts.
    pub(super) is_pattern: bool,
    /// What AWS compares for a request that names no resource.
    pub(super) unnamed: Option<Unnamed>,
    pub(super) is_service_linked: bool,
    pub(super) is_s3: bool,
    /// AWS lets nobody do this, whatever the policies say.
    pub(super) is_protected: bool,
    /// Resource control policies bind this call.
    pub(super) is_resource_controlled: bool,
    facts: Vec<BoundFact<'r>>,
}

/// What is known of a key, with its values read as what they are compared as.
#[derive(Clone, Debug)]
pub(super) struct BoundFact<'r> {
    pub(super) fact: &'r Fact,
    pub(super) values: Vec<BoundValue>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct BoundValue {
    pub(super) instant: Option<i128>,
    pub(super) address: Option<IpAddr>,
    pub(super) bytes: Option<Vec<u8>>,
}

impl<'r> Bound<'r> {
    pub(super) fn new(keys: &Keys, request: &'r Request) -> Self {
        let action = request.action.to_ascii_lowercase();
        let service_len = action.find(':').unwrap_or_default();
        let principal_arn = request.context.get("aws:principalarn");
        let is_linked_by_key =
            matches!(principal_arn, Fact::One(arn) if arn.contains(":role/aws-service-role/"));
        let is_service_linked = is_linked_by_key || request.principal.is_service_linked_role();
        let owner = match &request.principal {
            Principal::FederatedUser { account, arn } => {
                arn.rsplit_once('/').map(|(_, name)| format!("arn:aws:iam::{account}:user/{name}"))
            }
            _ => None,
        };
        Self {
            asked: request,
            owner,
            is_resource_controlled: !is_service_linked
                && action != "kms:retiregrant"
                && Catalogue::embedded().rcp_supported(action.get(..service_len).unwrap_or_default()),
            is_s3: action.get(..service_len) == Some("s3"),
            service_len,
            action,
            parts: arn::padded_parts(&request.resource),
            is_pattern: request.resource.contains('*')
                || kagimori_id::ArnParts::split(&request.resource).is_none(),
            unnamed: request.wildcard_only.then(|| Unnamed::of(request)),
            is_protected: protected::is_protected(request),
            is_service_linked,
            facts: keys.facts(&request.context),
        }
    }

    /// The service prefix of the action.
    pub(super) fn service(&self) -> &str {
        self.action.get(..self.service_len).unwrap_or_default()
    }

    /// What is known of a numbered key; `None` when the policies were compiled after the request was bound.
    pub(super) fn fact(&self, KeyId(id): KeyId) -> Option<&BoundFact<'r>> {
        self.facts.get(id)
    }

    /// What is known of a key, given in lower case.
    pub(super) fn fact_by_name(&self, key: &str) -> &'r Fact {
        self.asked.context.get(key)
    }
}

impl Keys {
    /// What a context tells of each key.
    fn facts<'r>(&self, context: &'r Context) -> Vec<BoundFact<'r>> {
        let Numbered { ids, names, uses } = &*self.0;
        let mut facts = vec![BoundFact { fact: context.unlisted(), values: Vec::new() }; uses.len()];
        for beginning in context.closed() {
            // Of some keys every one is listed: what is not listed is absent there.
            let closed = names.iter().zip(&mut facts).filter(|(key, _)| key.starts_with(beginning));
            closed.for_each(|(_, slot)| slot.fact = &Fact::Absent);
        }
        for (key, fact) in context.all() {
            let Some(id) = ids.get(key) else { continue };
            let uses = uses.get(*id).copied().unwrap_or_default();
            if let Some(slot) = facts.get_mut(*id) {
                *slot = BoundFact::read(fact, uses);
            }
        }
        facts
    }
}

impl<'r> BoundFact<'r> {
    fn read(fact: &'r Fact, uses: Uses) -> Self {
        let texts = match fact {
            Fact::One(text) if uses.is_any() => std::slice::from_ref(text),
            Fact::Many(texts) if uses.is_any() => texts.as_slice(),
            _ => &[],
        };
        let read = |text: &String| BoundValue {
            instant: if uses.date { value::instant(text) } else { None },
            address: if uses.address { text.parse().ok() } else { None },
            bytes: if uses.bytes { value::bytes(text) } else { None },
        };
        Self { fact, values: texts.iter().map(read).collect() }
    }
}
