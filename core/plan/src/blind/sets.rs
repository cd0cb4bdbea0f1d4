//! Which actions statements are about, and which of those a trail would not have shown.

use std::collections::BTreeMap;
use std::rc::Rc;

use kagimori_id::AccountId;
use kagimori_policy::catalogue::{ActionSet, Catalogue};
use kagimori_policy::document::Statement;
use kagimori_trail::sight::{Blind, Look, Sight};

use super::{NOT_MANAGEMENT, expand, resources};

/// Whoever calls needs no permission for these, and none can be taken away (STS API Reference: `GetCallerIdentity`, `GetSessionToken`).
const FREE: [&str; 2] = ["sts:GetCallerIdentity", "sts:GetSessionToken"];

/// The actions of statements: thousands of policies say the same few things.
#[derive(Default)]
pub(super) struct Sets {
    known: BTreeMap<(bool, Vec<String>), Rc<ActionSet>>,
    services: BTreeMap<String, Rc<ActionSet>>,
}

impl Sets {
    /// What a statement is about: of what it says by wildcards, only what works on the resources that it names.
    pub(super) fn of(&mut self, statement: &Statement) -> Rc<ActionSet> {
        let all = self.named(statement);
        let arns = resources(statement);
        let services: Option<Vec<&str>> = arns.iter().map(|arn| service(arn)).collect();
        let Some(services) = services.filter(|services| !services.is_empty()) else { return all };
        let (patterns, is_negated) = statement.action.patterns();
        let is_plain =
            |pattern: &&String| pattern.split_once(':').is_some_and(|(service, _)| !is_wild(service));
        if !is_negated && patterns.iter().all(|pattern| is_plain(&pattern)) {
            return all;
        }
        let mut set = ActionSet::none(Catalogue::embedded());
        for service in services {
            set.unite(&self.on(service));
        }
        set.intersect(&all);
        if !is_negated {
            set.unite(&expand(patterns.iter().filter(is_plain)));
        }
        Rc::new(set)
    }

    fn named(&mut self, statement: &Statement) -> Rc<ActionSet> {
        let (patterns, is_negated) = statement.action.patterns();
        let make = || {
            let set = expand(patterns.iter());
            Rc::new(if is_negated { set.complement() } else { set })
        };
        Rc::clone(self.known.entry((is_negated, patterns.to_vec())).or_insert_with(make))
    }

    /// The actions of a service, and those of others that work on its resources (`ssm:SendCommand` on instances).
    fn on(&mut self, service: &str) -> Rc<ActionSet> {
        if let Some(known) = self.services.get(service) {
            return Rc::clone(known);
        }
        let catalogue = Catalogue::embedded();
        let mut set = catalogue.expand(&format!("{service}:*"));
        let is_of = |arn: &str| arn.split(':').nth(2) == Some(service);
        for id in catalogue.actions() {
            if catalogue.resource_types(id).iter().any(|resource| is_of(resource.arn)) {
                set.insert(id);
            }
        }
        let set = Rc::new(set);
        self.services.insert(service.to_owned(), Rc::clone(&set));
        set
    }
}

/// The service of an ARN of a policy; `None`: it may be any.
fn service(arn: &str) -> Option<&str> {
    arn.split(':').nth(2).filter(|service| !is_wild(service))
}

fn is_wild(text: &str) -> bool {
    text.contains(['*', '?', '$'])
}

/// What the trail of an account would not have shown, whatever it is done on.
pub(super) struct Unseen {
    /// All of it.
    pub(super) all: ActionSet,
    why: Vec<(Blind, ActionSet)>,
}

impl Unseen {
    pub(super) fn of(sight: &Sight, account: AccountId) -> Self {
        let catalogue = Catalogue::embedded();
        let mut asked = ActionSet::none(catalogue).complement();
        // What every trail shows is looked at only where something of it is not seen.
        if sight.shows_management(account, &[]) {
            asked.intersect(&NOT_MANAGEMENT);
        }
        asked.subtract(&expand(FREE.map(str::to_owned).iter()));
        let mut why: BTreeMap<Blind, ActionSet> = BTreeMap::new();
        let mut all = ActionSet::none(catalogue);
        for id in asked.iter() {
            let look = Look { account, action: &catalogue.name(id), resources: &[] };
            if let Some(blind) = sight.blind(&look) {
                why.entry(blind).or_insert_with(|| ActionSet::none(catalogue)).insert(id);
                all.insert(id);
            }
        }
        Self { all, why: why.into_iter().collect() }
    }

    /// Actions by why they would not have been seen. `on`: lists of resources in each of which lies whatever they are done on; what
    /// is seen on one of them is seen.
    pub(super) fn split(
        &self,
        sight: &Sight,
        account: AccountId,
        actions: &ActionSet,
        on: &[&[String]],
    ) -> Vec<(Blind, ActionSet)> {
        let catalogue = Catalogue::embedded();
        let named: Vec<&[String]> = on.iter().copied().filter(|resources| !resources.is_empty()).collect();
        if named.is_empty() {
            let of = |(blind, set): &(Blind, ActionSet)| {
                let mut set = set.clone();
                set.intersect(actions);
                (!set.is_empty()).then(|| (blind.clone(), set))
            };
            return self.why.iter().filter_map(of).collect();
        }
        let mut split: BTreeMap<Blind, ActionSet> = BTreeMap::new();
        for id in actions.iter() {
            let action = catalogue.name(id);
            let looks = named.iter().map(|resources| Look { account, action: &action, resources });
            let blind: Option<Vec<Blind>> = looks.map(|look| sight.blind(&look)).collect();
            if let Some(first) = blind.and_then(|all| all.into_iter().next()) {
                split.entry(first).or_insert_with(|| ActionSet::none(catalogue)).insert(id);
            }
        }
        split.into_iter().collect()
    }
}
