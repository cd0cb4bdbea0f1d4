//! Whom the trust policies of an account may name: a first look that leaves out those whom they surely do not.
//!
//! It only ever errs on the side of too many; the engine decides.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use fixedbitset::FixedBitSet;
use kagimori_estate::access::Subject;
use kagimori_estate::model::Role;
use kagimori_id::AccountId;
use kagimori_policy::document::{Document, Effect, PrincipalElement, PrincipalKind, Principals, Statement};
use kagimori_policy::print::{print, print_statement};

#[derive(Debug, Default)]
pub(super) struct TrustIndex {
    len: usize,
    /// A number for each role, the same for those with the same trust policy.
    texts: Vec<usize>,
    arns: HashMap<String, FixedBitSet>,
    /// For each account that trust policies name: a number for each role, the same where what they say of the account is the
    /// same. Left out are roles whose trust policies say more to somebody of the account than to the account.
    sayings: HashMap<AccountId, HashMap<usize, usize>>,
    accounts: HashMap<AccountId, FixedBitSet>,
    services: HashMap<String, FixedBitSet>,
    providers: BTreeMap<String, FixedBitSet>,
    /// Roles whose trust policies name everybody, or leave open whom.
    anybody: FixedBitSet,
}

impl TrustIndex {
    pub(super) fn of(roles: &[&Role]) -> Self {
        let mut index =
            Self { len: roles.len(), anybody: FixedBitSet::with_capacity(roles.len()), ..Self::default() };
        let (mut numbers, mut sayings) = (BTreeMap::<String, usize>::new(), BTreeMap::new());
        for (place, role) in roles.iter().enumerate() {
            let text = role.trust.document.as_ref().map(print).unwrap_or_default();
            let next = numbers.len();
            index.texts.push(*numbers.entry(text).or_insert(next));
            match &role.trust.document {
                Ok(document) => {
                    document.statements.iter().for_each(|statement| index.add(place, statement));
                    index.add_sayings(place, document, &mut sayings);
                }
                Err(_) => index.anybody.insert(place),
            }
        }
        index
    }

    /// A number that roles share whose trust policies say the same to a subject.
    pub(super) fn saying(&self, subject: &Subject) -> impl Fn(usize) -> usize {
        let own = self.arns.get(subject.arn.as_str());
        let sayings = self.sayings.get(&subject.account);
        move |place| {
            let by_account = sayings.filter(|_| !own.is_some_and(|own| own.contains(place)));
            match by_account.and_then(|sayings| sayings.get(&place)) {
                // Behind the numbers of the texts.
                Some(number) => self.len.saturating_add(*number),
                None => self.text_of(place),
            }
        }
    }

    /// A number that roles with the same trust policy share; a role without one is like no other.
    pub(super) fn text_of(&self, place: usize) -> usize {
        self.texts.get(place).copied().unwrap_or(usize::MAX)
    }

    /// What an account's name in a trust policy is worth, told from its statements as texts.
    fn add_sayings(&mut self, place: usize, document: &Document, numbers: &mut BTreeMap<String, usize>) {
        if self.anybody.contains(place) || document.statements.iter().any(|one| one.effect == Effect::Deny) {
            return;
        }
        let mut said: BTreeMap<AccountId, String> = BTreeMap::new();
        for statement in &document.statements {
            let unnamed = print_statement(&Statement { principal: None, ..statement.clone() });
            let unnamed = format!("{:?} {unnamed}", document.version);
            for account in accounts_named(statement) {
                said.entry(account).or_default().push_str(&unnamed);
            }
        }
        for (account, text) in said {
            let next = numbers.len();
            let number = *numbers.entry(text).or_insert(next);
            self.sayings.entry(account).or_default().insert(place, number);
        }
    }

    /// Roles whose trust policies may name a principal: all that name it, and of those that name its account only the ones
    /// that it is granted besides (`None`: nobody can tell).
    pub(super) fn naming(
        &self,
        subject: &Subject,
        granted: impl FnOnce() -> Option<FixedBitSet>,
    ) -> FixedBitSet {
        let mut set = FixedBitSet::with_capacity(self.len);
        if let Some(named) = self.accounts.get(&subject.account) {
            set.union_with(named);
            granted().into_iter().for_each(|granted| set.intersect_with(&granted));
        }
        set.union_with(&self.anybody);
        self.arns.get(subject.arn.as_str()).into_iter().for_each(|named| set.union_with(named));
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

    /// Roles whose trust policies may name an identity provider.
    pub(super) fn naming_provider(&self, provider: &str) -> FixedBitSet {
        let mut set = FixedBitSet::with_capacity(self.len);
        self.providers.get(provider).into_iter().for_each(|named| set.union_with(named));
        set
    }

    /// The identity providers that are named.
    pub(super) fn providers(&self) -> impl Iterator<Item = &str> {
        self.providers.keys().map(String::as_str)
    }

    /// The services that are named.
    pub(super) fn services(&self) -> impl Iterator<Item = &str> {
        self.services.keys().map(String::as_str)
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
        if *kind == PrincipalKind::Federated {
            let providers = self.providers.entry(name.to_owned());
            providers.or_insert_with(|| FixedBitSet::with_capacity(len)).insert(place);
            return;
        }
        let set = match kind {
            PrincipalKind::Service => self.services.entry(name.to_owned()),
            PrincipalKind::Aws if AccountId::parse(name).is_ok() => return self.name_account(place, name),
            PrincipalKind::Aws if name.starts_with("arn:") && name.ends_with(":root") => {
                return self.name_account(place, name.split(':').nth(4).unwrap_or_default());
            }
            // A session of a role: which role it is of, and what it is called, is the engine's to say.
            PrincipalKind::Aws if name.contains(":assumed-role/") => {
                self.anybody.insert(place);
                return;
            }
            PrincipalKind::Aws if name.starts_with("arn:") => self.arns.entry(name.to_owned()),
            _ => {
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

/// The accounts that a statement names as a whole.
fn accounts_named(statement: &Statement) -> BTreeSet<AccountId> {
    let Some(PrincipalElement::Principal(Principals::Listed(kinds))) = &statement.principal else {
        return BTreeSet::new();
    };
    let names = kinds.iter().filter(|(kind, _)| *kind == PrincipalKind::Aws).flat_map(|(_, names)| names);
    let account = |name: &str| match name.ends_with(":root") {
        true => name.split(':').nth(4).and_then(|account| AccountId::parse(account).ok()),
        false => AccountId::parse(name).ok(),
    };
    names.filter_map(|name| account(name)).collect()
}
