//! Privilege escalation as reachability: who can become whom, and whom that makes an administrator.
//!
//! * [`catalogue`] is the list of paths, as data.
//! * `world` is an account as sets: its users, roles, groups and policies, and what is known of each.
//! * `powers` asks the engine what a principal may do to each of them; `edges` puts the answers together, path by path.
//! * `reach` walks back from the targets; `explain` asks the engine again, for the witnesses of the steps that were found.
//!
//! **An administrator** may write the permissions of whom it likes. Decided by the engine, not by the names of policies: of
//! each family of calls that hand out permissions (policies of users, of roles, of groups, managed policies, trust policies,
//! credentials of users) it is allowed at least one, on identities that no policy names, wherever the guardrails leave that
//! family to anybody at all; and the policies of users or of roles are among what they leave.
//!
//! What could be made and what could be removed are part of it: `possible` asks whether there is some resource, or some new
//! identity, that all actions of a path are allowed on; `removed` takes away the limits that a principal may take from itself,
//! `rearranged` those that bind its account.
//!
//! **Not followed:** rights of two principals put together (one writes a role's policies, the other assumes the role), a
//! second group joined after the first, limits of others but for their boundary and what binds their account, two changes of the
//! organization one after the other, and what lies behind resources that the estate
//! does not have. A role passed to a service that no path is about is not followed either, and is told by name: `unfollowed`.
//! Of a principal that can take limits from itself in more ways than are followed nobody can tell, and that is the answer.

pub mod catalogue;

mod admin;
mod edges;
mod explain;
mod possible;
mod powers;
mod reach;
mod rearranged;
mod removed;
#[cfg(test)]
mod tests;
mod trust;
mod unfollowed;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use jiff::Timestamp;
use kagimori_estate::Estate;
use kagimori_estate::access::{Access, Arranged, Graded, May, Subject};
use kagimori_estate::model::Account;
use kagimori_id::AccountId;

pub use explain::{Because, Cut, Step, Witness, cut};
pub(crate) use reach::Standing;
pub use reach::{Found, Goal, Route};

use edges::Turned;
use world::{About, Kind, World};

/// Everybody who could gain something, and how.
#[derive(Debug)]
pub struct Graph<'a> {
    access: Access<'a>,
    worlds: Vec<World<'a>>,
    nodes: Vec<Node>,
    /// How many of `nodes`, from the first, are users and roles.
    principals: usize,
    by_arn: BTreeMap<String, NodeId>,
    /// Whom paths turn principals into.
    turned: BTreeMap<Turned, NodeId>,
    /// Principals without some of their limits, by what they are before and afterwards.
    shapes: BTreeMap<NodeId, BTreeMap<String, NodeId>>,
    /// How many of `worlds`, from the first, are accounts as they are.
    accounts: usize,
    /// The organization as somebody could make it.
    states: Vec<rearranged::State>,
    /// Principals in such a state.
    arranged: BTreeMap<(NodeId, usize), NodeId>,
    /// For each principal with more of these than are followed the node that stands for the rest.
    cut: BTreeMap<NodeId, NodeId>,
    /// The condition keys that any policy asks for, in lower case.
    condition_keys: BTreeSet<String>,
}

/// A place in `Graph::nodes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct NodeId(usize);

/// A user or role; or one as it would be once something has been done: see [`Way`].
#[derive(Debug)]
struct Node {
    subject: Subject,
    world: usize,
    kind: Kind,
    /// Its place among the users or roles of its world.
    place: usize,
    /// What has been done first.
    instead: Option<Way>,
    /// What has been made of the organization: a place in `Graph::states`.
    state: Option<usize>,
    /// Whether it is an administrator as it stands.
    administrator: May,
    /// A role that only its service can use, and nobody change.
    is_sink: bool,
    /// It stands for every other that its principal could turn into, and that is not followed: whether it is an administrator, or
    /// whom it reaches, nobody can tell.
    is_cut: bool,
    edges: Vec<Edge>,
}

impl Node {
    fn is_through(&self) -> bool {
        matches!(self.instead, Some(Way::Through { .. }))
    }

    /// It is the user or role of its world, as it is there.
    fn is_itself(&self) -> bool {
        matches!(self.instead, None | Some(Way::Arranged { .. }))
    }

    fn only_assumes(&self) -> bool {
        matches!(self.instead, Some(Way::Assuming))
    }
}

/// How a principal comes to be another than it is.
#[derive(Clone, Debug)]
enum Way {
    /// It has joined the group at this place.
    Joined(usize),
    /// It is a new user in the group at this place.
    New(usize),
    /// Its permissions boundary was taken away by somebody else.
    Unbounded,
    /// A service has it, to assume roles with.
    Assuming,
    /// A service calls for it.
    Through {
        /// Who it is when it calls itself.
        of: NodeId,
        /// Which service.
        service: &'static str,
    },
    /// Its account is bound by something else.
    Arranged {
        /// What was made of the organization, in words.
        words: String,
    },
    /// It has taken a limit from itself.
    Freed {
        /// Who it was before.
        of: NodeId,
        /// What it is now, in words.
        words: String,
    },
}

/// What a node can do by one path: to whom.
#[derive(Clone, Debug)]
struct Edge {
    /// The path's place in the catalogue.
    path: usize,
    /// Where the victims are.
    world: usize,
    victims: Rc<Graded>,
    /// The victims as the review asks for them (see [`Graph::standings`]); `None`: the same.
    reviewed: Option<Rc<Graded>>,
    /// The principal itself, without a limit.
    to: Option<NodeId>,
}

impl<'a> Graph<'a> {
    /// The graph of an estate, at an instant: a grant may be over, or not have begun.
    pub fn of(estate: &'a Estate, now: Timestamp) -> Self {
        Self::of_telling(estate, now, &|_, _| {})
    }

    /// The same, and `tell` hears at each principal how many have been looked at, and how many there are: of those that
    /// principals can turn into, as many as are known by then.
    pub fn of_telling(estate: &'a Estate, now: Timestamp, tell: &dyn Fn(usize, usize)) -> Self {
        let mut graph = Self::without_edges(estate, now);
        graph.collect_edges(tell);
        graph
    }

    fn without_edges(estate: &'a Estate, now: Timestamp) -> Self {
        let mut access = Access::of(estate);
        access.set_moment(now);
        access.add_other_versions();
        let condition_keys = access.condition_keys();
        // Policies that nobody has matter where somebody may only attach, or must hand on, certain ones.
        if ["iam:policyarn", "iam:permissionsboundary"].iter().any(|key| condition_keys.contains(*key)) {
            access.add_unattached_policies();
        }
        let mut graph = Self {
            worlds: Vec::new(),
            nodes: Vec::new(),
            principals: access.subjects().len(),
            by_arn: BTreeMap::new(),
            turned: BTreeMap::new(),
            shapes: BTreeMap::new(),
            accounts: estate.accounts.len(),
            states: Vec::new(),
            arranged: BTreeMap::new(),
            cut: BTreeMap::new(),
            condition_keys,
            access,
        };
        graph.collect_nodes(estate);
        graph.judge_administrators();
        graph
    }

    /// The principals behind the graph.
    pub fn access(&self) -> &Access<'a> {
        &self.access
    }

    /// The same when nothing else of the graph is asked for.
    pub(crate) fn into_access(self) -> Access<'a> {
        self.access
    }

    /// Whether a principal may be allowed an action on some resource of IAM of a kind, other than itself.
    pub(crate) fn may_on_others(&self, arn: &str, action: &str, kind: &str) -> May {
        let Some(node) = self.by_arn.get(arn).and_then(|id| self.node(*id)) else { return May::Unknown };
        let Some(world) = self.world(node.world) else { return May::Unknown };
        let powers = self.powers(node, world);
        powers.on_others(action, kind)
    }

    /// How many users and roles there are.
    pub fn principals(&self) -> usize {
        self.principals
    }

    fn collect_nodes(&mut self, estate: &'a Estate) {
        for (place, account) in estate.accounts.values().enumerate() {
            let world = self.world_of(place, account, None);
            self.worlds.push(world);
        }
        let places: BTreeMap<_, _> =
            estate.accounts.keys().enumerate().map(|(place, id)| (*id, place)).collect();
        for (id, subject) in self.access.subjects().iter().enumerate() {
            let kind = if subject.principal.role_name().is_some() { Kind::Role } else { Kind::User };
            #[expect(
                clippy::expect_used,
                reason = "a subject is a user or role of one of these accounts, a world each"
            )]
            let (world, found) = places
                .get(&subject.account)
                .and_then(|world| Some((*world, self.worlds.get_mut(*world)?)))
                .expect("every subject is in an account of the estate");
            self.by_arn.insert(subject.arn.to_string(), NodeId(id));
            let place = found.settle(kind, subject.arn.as_str(), NodeId(id));
            self.nodes.push(Node {
                subject: with_known_tags(&self.access, &self.condition_keys, subject, kind),
                world,
                kind,
                place,
                instead: None,
                state: None,
                administrator: May::No,
                is_sink: subject.principal.is_service_linked_role(),
                is_cut: false,
                edges: Vec::new(),
            });
        }
    }

    /// The world of an account, as it is or in a state of the organization.
    fn world_of(&self, place: usize, account: &'a Account, state: Option<(usize, Arranged)>) -> World<'a> {
        let estate = self.access.estate();
        let mut roles = estate.accounts.values().flat_map(|account| account.roles.values());
        let about = About {
            place,
            state,
            has_identity_center: roles.any(|role| role.path.starts_with("/aws-reserved/sso.amazonaws.com/")),
            is_management: is_management(estate, account.id),
        };
        World::of(&about, account, &self.access, &self.condition_keys)
    }

    fn node(&self, NodeId(place): NodeId) -> Option<&Node> {
        self.nodes.get(place)
    }

    fn world(&self, place: usize) -> Option<&World<'a>> {
        self.worlds.get(place)
    }

    /// The node of a victim.
    fn node_at(&self, world: usize, kind: Kind, place: usize) -> Option<NodeId> {
        let world = self.world(world)?;
        match kind {
            Kind::User => world.user_nodes.get(place).copied().flatten(),
            Kind::Role => world.role_nodes.get(place).copied().flatten(),
            Kind::Group | Kind::Policy | Kind::Nothing => None,
        }
    }
}

/// A user has the tags that the details tell, and no others; a session of a role may bring more.
fn with_known_tags(access: &Access<'_>, keys: &BTreeSet<String>, subject: &Subject, kind: Kind) -> Subject {
    let mut known = subject.clone();
    if kind == Kind::User && !subject.has_unknown_details() {
        for tag in keys.iter().filter_map(|key| key.strip_prefix("aws:principaltag/")) {
            if !known.has_tag(tag) {
                known = access.tagged(&known, tag, None);
            }
        }
    }
    known
}

/// Whether an account manages an organization. Where nothing of one was given, it is taken to stand alone, as for its guardrails.
fn is_management(estate: &Estate, account: AccountId) -> Option<bool> {
    let organization = &estate.organization;
    let is_given = organization.policies.value().is_some() || organization.accounts.value().is_some();
    match organization.management_account.value() {
        Some(management) => Some(*management == account),
        None => (!is_given).then_some(false),
    }
}
