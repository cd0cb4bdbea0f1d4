//! Whom the trust policies of an account may name: a first look that leaves out those whom they surely do not.
//!
//! It only ever errs on the side of too many; the engine decides.

use std::collections::{BTreeMap, HashMap};

use fixedbitset::FixedBitSet;
use kagimori_estate::access::Subject;
use kagimori_estate::id::AccountId;
use kagimori_estate::model::Role;
use kagimori_policy::document::{Effect, PrincipalElement, PrincipalKind, Principals, Statement};
use kagimori_policy::print::print;

#[derive(Debug, Default)]
pub(super) struct TrustIndex {
    len: usize,
    /// A number for each role, the same for those with the same trust policy.
    texts: Vec<usize>,
    arns: HashMap<String, FixedBitSet>,
    accounts: HashMap<AccountId, FixedBitSet>,
    services: HashMap<String, FixedBitSet>,
    /// Roles whose trust policies name everybody, or leave open whom.
    anybody: FixedBitSet,
}

impl TrustIndex {
    pub(super) fn of(roles: &[&Role]) -> Self {
        let mut index =
            Self { len: roles.len(), anybody: FixedBitSet::with_capacity(roles.len()), ..Self::default() };
        let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
        for (place, role) in roles.iter().enumerate() {
            let text = role.trust.document.as_ref().map(print).unwrap_or_default();
            let next = numbers.len();
            index.texts.push(*numbers.entry(text).or_insert(next));
            match &role.trust.document {
                Ok(document) => document.statements.iter().for_each(|statement| index.add(place, statement)),
                Err(_) => index.anybody.insert(place),
            }
        }
        index
    }

    /// A number that roles with the same trust policy share.
    pub(super) fn text_of(&self, place: usize) -> usize {
        self.texts.get(place).copied().unwrap_or_default()
    }

    /// Roles whose trust policies may name a principal. `by_account`: also those that name its account only, which needs a
    /// grant besides.
    pub(super) fn naming(&self, subject: &Subject, by_account: bool) -> FixedBitSet {
        let mut set = self.anybody.clone();
        let by_arn = self.arns.get(subject.arn.as_str());
        let by_account = self.accounts.get(&subject.account).filter(|_| by_account);
        by_arn.into_iter().chain(by_account).for_each(|named| set.union_with(named));
        set
    }

    /// Whether some trust policy may name a principal.
    pub(super) fn names(&self, subject: &Subject) -> bool {
        !self.anybody.is_clear()
            || self.accounts.contains_key(&subject.account)
            || self.arns.contains_key(subject.arn.as_str())
    }

    /// Roles whose trust policies may name a service.
    pub(super) fn naming_service(&self, service: &str) -> FixedBitSet {
        let mut set = self.anybody.clone();
        self.services.get(service).into_iter().for_each(|named| set.union_with(named));
        set
    }

    fn add(&mut self, place: usize, statement: &Statement) {
        if statement.effect == Effect::Deny {
            return;
        }
        let Some(PrincipalElement::Principal(Principals::Listed(kinds))) = &statement.principal else {
            self.anybody.insert(place);
            return;
        };
        for (kind, names) in kinds {
            for name in names {
                self.name(place, kind, name);
            }
        }
    }

    fn name(&mut self, place: usize, kind: &PrincipalKind, name: &str) {
        let len = self.len;
        let set = match kind {
            PrincipalKind::Service => self.services.entry(name.to_owned()),
            PrincipalKind::Federated => return,
            PrincipalKind::Aws if AccountId::parse(name).is_ok() => return self.name_account(place, name),
            PrincipalKind::Aws if name.starts_with("arn:") && name.ends_with(":root") => {
                return self.name_account(place, name.split(':').nth(4).unwrap_or_default());
            }
            PrincipalKind::Aws if name.starts_with("arn:") => self.arns.entry(name.to_owned()),
            PrincipalKind::Aws | PrincipalKind::CanonicalUser | PrincipalKind::Other(_) => {
                self.anybody.insert(place);
                return;
            }
        };
        set.or_insert_with(|| FixedBitSet::with_capacity(len)).insert(place);
    }

    fn name_account(&mut self, place: usize, account: &str) {
        match AccountId::parse(account) {
            Ok(account) => {
                let len = self.len;
                self.accounts.entry(account).or_insert_with(|| FixedBitSet::with_capacity(len)).insert(place);
            }
            Err(_) => self.anybody.insert(place),
        }
    }
}
