//! A request made ready: split, in lower case, its keys numbered as the compiled policies number them.

use std::net::IpAddr;

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

/// The condition keys of all compiled policies.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys {
    ids: FxHashMap<Box<str>, usize>,
    /// What each key is compared as, so that its value is read once per request.
    uses: Vec<Uses>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Uses {
    date: bool,
    address: bool,
    bytes: bool,
}

impl Keys {
    /// The number of a key, given in lower case.
    pub(super) fn intern(&mut self, key: &str) -> KeyId {
        if let Some(id) = self.ids.get(key) {
            return KeyId(*id);
        }
        let id = self.uses.len();
        self.ids.insert(key.into(), id);
        self.uses.push(Uses::default());
        KeyId(id)
    }

    /// Remembers what a key is compared as.
    pub(super) fn note_use(&mut self, KeyId(id): KeyId, comparison: Comparison) {
        let Some(uses) = self.uses.get_mut(id) else { return };
        match comparison {
            Comparison::Date(_) => uses.date = true,
            Comparison::IpAddress => uses.address = true,
            Comparison::Binary => uses.bytes = true,
            _ => {}
        }
    }
}

/// A request that compiled policies can decide.
#[derive(Clone, Debug)]
pub struct Bound {
    pub(super) principal: Principal,
    /// The user whose name a federated session carries.
    pub(super) owner: Option<String>,
    /// `service:action` in lower case.
    pub(super) action: String,
    pub(super) service_len: usize,
    pub(super) resource: String,
    /// The resource in its parts, padded with `*` as patterns are.
    pub(super) parts: [String; 6],
    /// Whether the resource is a pattern itself: it holds a `*`, or lacks parts.
    pub(super) is_pattern: bool,
    pub(super) wildcard_only: bool,
    /// What AWS compares for a request that names no resource.
    pub(super) unnamed: Option<Unnamed>,
    pub(super) resource_account: String,
    pub(super) context: Context,
    pub(super) is_service_linked: bool,
    pub(super) is_s3: bool,
    /// AWS lets nobody do this, whatever the policies say.
    pub(super) is_protected: bool,
    /// Resource control policies bind this call.
    pub(super) is_resource_controlled: bool,
    facts: Vec<BoundFact>,
}

/// What is known of a key, with its values read as what they are compared as.
#[derive(Clone, Debug)]
pub(super) struct BoundFact {
    pub(super) fact: Fact,
    pub(super) values: Vec<BoundValue>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct BoundValue {
    pub(super) instant: Option<i128>,
    pub(super) address: Option<IpAddr>,
    pub(super) bytes: Option<Vec<u8>>,
}

impl Bound {
    pub(super) fn new(keys: &Keys, request: &Request) -> Self {
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
        let mut facts =
            vec![BoundFact { fact: request.context.get("").clone(), values: Vec::new() }; keys.uses.len()];
        if request.context.is_closed_somewhere() {
            // Of some keys every one is listed: what is not listed is absent there.
            #[expect(
                clippy::iter_over_hash_type,
                reason = "each key has a slot of its own, in whatever order"
            )]
            for (key, id) in &keys.ids {
                if let Some(slot) = facts.get_mut(*id) {
                    slot.fact = request.context.get(key).clone();
                }
            }
        }
        for (key, fact) in request.context.iter() {
            let Some(id) = keys.ids.get(key) else { continue };
            let uses = keys.uses.get(*id).copied().unwrap_or_default();
            if let Some(slot) = facts.get_mut(*id) {
                *slot = BoundFact::read(fact, uses);
            }
        }
        Self {
            principal: request.principal.clone(),
            owner,
            is_resource_controlled: !is_service_linked
                && action != "kms:retiregrant"
                && Catalogue::embedded().rcp_supported(action.get(..service_len).unwrap_or_default()),
            is_s3: action.get(..service_len) == Some("s3"),
            service_len,
            action,
            parts: arn::padded_parts(&request.resource).map(str::to_owned),
            is_pattern: request.resource.contains('*')
                || kagimori_id::ArnParts::split(&request.resource).is_none(),
            resource: request.resource.clone(),
            wildcard_only: request.wildcard_only,
            unnamed: request.wildcard_only.then(|| Unnamed::of(request)),
            is_protected: protected::is_protected(request),
            resource_account: request.resource_account.clone(),
            is_service_linked,
            context: request.context.clone(),
            facts,
        }
    }

    /// The service prefix of the action.
    pub(super) fn service(&self) -> &str {
        self.action.get(..self.service_len).unwrap_or_default()
    }

    /// What is known of a numbered key; `None` when the policies were compiled after the request was bound.
    pub(super) fn fact(&self, KeyId(id): KeyId) -> Option<&BoundFact> {
        self.facts.get(id)
    }

    /// What is known of a key, given in lower case.
    pub(super) fn fact_by_name(&self, key: &str) -> &Fact {
        self.context.get(key)
    }
}

impl BoundFact {
    fn read(fact: &Fact, uses: Uses) -> Self {
        let texts = match fact {
            Fact::One(text) => std::slice::from_ref(text),
            Fact::Many(texts) => texts.as_slice(),
            Fact::Absent | Fact::Present | Fact::Unknown => &[],
        };
        let read = |text: &String| BoundValue {
            instant: if uses.date { value::instant(text) } else { None },
            address: if uses.address { text.parse().ok() } else { None },
            bytes: if uses.bytes { value::bytes(text) } else { None },
        };
        Self { fact: fact.clone(), values: texts.iter().map(read).collect() }
    }
}
