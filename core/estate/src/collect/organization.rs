//! The organization, as its management account or a delegated administrator sees it: accounts, the tree, and the policies of each
//! level.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::record::Record;
use super::{Answer, Asks, Failure, Wanted, center};

/// The policies that limit what an account may do (Organizations API Reference, ListPolicies).
const FILTERS: [(&str, &str); 2] =
    [("SERVICE_CONTROL_POLICY", "policies.json"), ("RESOURCE_CONTROL_POLICY", "policies-rcp.json")];

#[derive(Clone, Debug)]
enum Purpose {
    File(String),
    Accounts,
    Roots,
    Units(String),
    Below(String),
    Policies(&'static str),
    Center(center::Purpose),
}

impl From<center::Purpose> for Purpose {
    fn from(purpose: center::Purpose) -> Self {
        Self::Center(purpose)
    }
}

/// An account of the organization.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// Id
    pub id: String,
    /// Name
    pub name: String,
    /// `State`, which took the place of `Status` in 2026, else `Status`: `ACTIVE`, `SUSPENDED`, `PENDING_CLOSURE`, `CLOSED`, ….
    pub state: String,
}

/// The collection of an organization.
#[derive(Debug)]
pub struct Organization {
    asks: Asks<Purpose>,
    members: Option<Vec<Member>>,
    management: Option<String>,
    /// What lies in which root or unit.
    parents: BTreeMap<String, String>,
    until: Option<Timestamp>,
    begun: Timestamp,
    ended: Timestamp,
}

impl Organization {
    /// Begins.
    pub fn new(now: Timestamp) -> Self {
        let mut asks = Asks::new();
        let file = |name: &str| Purpose::File(name.to_owned());
        asks.ask(file("organization.json"), "organizations", "DescribeOrganization", json!({}));
        asks.ask(Purpose::Accounts, "organizations", "ListAccounts", json!({}));
        asks.ask(Purpose::Roots, "organizations", "ListRoots", json!({}));
        for (filter, name) in FILTERS {
            asks.ask(Purpose::Policies(name), "organizations", "ListPolicies", json!({ "Filter": filter }));
        }
        asks.ask(file("organizations-features.json"), "iam", "ListOrganizationsFeatures", json!({}));
        center::begin(&mut asks);
        Self {
            asks,
            members: None,
            management: None,
            parents: BTreeMap::new(),
            until: None,
            begun: now,
            ended: now,
        }
    }

    /// The same until an instant: what is not asked by then is not known.
    #[must_use]
    pub fn until(self, until: Option<Timestamp>) -> Self {
        Self { until, ..self }
    }

    /// What is wanted now.
    pub fn next(&mut self, now: Timestamp) -> Wanted {
        let is_over = self.until.is_some_and(|until| until <= now);
        while is_over && let Some(ask) = self.asks.next() {
            self.take(ask.id, &Answer::Failed(Failure::out_of_time()), now);
        }
        match self.asks.next() {
            Some(ask) => Wanted::Ask(Box::new(ask)),
            None if self.asks.is_idle() => Wanted::Nothing,
            None => Wanted::Answer,
        }
    }

    /// Takes what became of a call.
    pub fn take(&mut self, id: usize, answer: &Answer, now: Timestamp) {
        let Some((purpose, ask)) = self.asks.answered(id, answer, now) else { return };
        self.ended = now;
        let value = match answer {
            Answer::Given(given) => Some(&given.value),
            Answer::Failed(_) => None,
        };
        match purpose {
            Purpose::Center(purpose) => center::take(&mut self.asks, purpose, &ask, answer),
            Purpose::File(file) => {
                let id = value.and_then(|value| value.pointer("/Organization/MasterAccountId")?.as_str());
                self.management = self.management.take().or_else(|| id.map(str::to_owned));
                self.asks.keep(&file, "", &ask, answer);
            }
            Purpose::Accounts => {
                self.asks.keep("accounts.json", "", &ask, answer);
                self.members = value.map(|value| list(value, "Accounts").filter_map(member).collect());
            }
            Purpose::Roots => {
                self.asks.keep("roots.json", "", &ask, answer);
                self.below(ids(value, "Roots"));
            }
            Purpose::Units(parent) => {
                self.asks.keep(&format!("units-{parent}.json"), "", &ask, answer);
                let units = ids(value, "OrganizationalUnits");
                self.parents.extend(units.iter().map(|unit| (unit.clone(), parent.clone())));
                self.below(units);
            }
            Purpose::Below(parent) => {
                self.asks.keep(&format!("accounts-{parent}.json"), "", &ask, answer);
                let accounts = ids(value, "Accounts").into_iter();
                self.parents.extend(accounts.map(|account| (account, parent.clone())));
            }
            Purpose::Policies(file) => {
                self.asks.keep(file, "", &ask, answer);
                for id in ids(value, "Policies") {
                    let input = json!({ "PolicyId": id });
                    let file = Purpose::File(format!("policy-{id}.json"));
                    self.asks.ask(file, "organizations", "DescribePolicy", input.clone());
                    let file = Purpose::File(format!("policy-targets/{id}.json"));
                    self.asks.ask(file, "organizations", "ListTargetsForPolicy", input);
                }
            }
        }
    }

    fn below(&mut self, parents: Vec<String>) {
        for parent in parents {
            let input = json!({ "ParentId": parent });
            let below = Purpose::Below(parent.clone());
            self.asks.ask(below, "organizations", "ListAccountsForParent", input.clone());
            self.asks.ask(Purpose::Units(parent), "organizations", "ListOrganizationalUnitsForParent", input);
        }
    }

    /// The accounts, when AWS told them.
    pub fn members(&self) -> Option<&[Member]> {
        self.members.as_deref()
    }

    /// The units and the root that an account lies in, the nearest first; fewer where AWS did not tell.
    pub fn above(&self, account: &str) -> Vec<&str> {
        let (mut above, mut at) = (Vec::new(), account);
        while let Some(parent) = self.parents.get(at) {
            // Nothing lies in itself; who says so is not followed for ever.
            if above.contains(&parent.as_str()) {
                break;
            }
            above.push(parent);
            at = parent;
        }
        above
    }

    /// Whether an id is one of an account, a unit or a root of the organization.
    pub fn has(&self, id: &str) -> bool {
        let is_member = self.members.iter().flatten().any(|member| member.id == id);
        is_member || self.parents.contains_key(id) || self.parents.values().any(|parent| parent == id)
    }

    /// The management account, when AWS told it.
    pub fn management(&self) -> Option<&str> {
        self.management.as_deref()
    }

    /// The files, and what became of every call.
    pub fn finished(self) -> (Vec<(String, Vec<u8>)>, Record) {
        let (files, calls) = self.asks.finished();
        (files, Record::of(self.begun, self.ended, calls, false))
    }
}

pub(super) fn list<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn ids(value: Option<&Value>, name: &str) -> Vec<String> {
    let items = value.into_iter().flat_map(|value| list(value, name));
    items.filter_map(|item| item.get("Id")?.as_str().map(str::to_owned)).collect()
}

fn member(account: &Value) -> Option<Member> {
    let text = |name: &str| account.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Member {
        id: text("Id")?,
        name: text("Name").unwrap_or_default(),
        state: text("State").or_else(|| text("Status")).unwrap_or_default(),
    })
}
