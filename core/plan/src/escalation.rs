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
//! **Not followed:** rights of two principals put together (one writes a role's policies, the other assumes the role), a
//! second group joined after the first, and what lies behind resources that the estate does not have.

pub mod catalogue;

mod admin;
mod edges;
mod explain;
mod powers;
mod reach;
#[cfg(test)]
mod tests;
mod trust;
mod world;

use std::collections::BTreeMap;
use std::rc::Rc;

use kagimori_estate::Estate;
use kagimori_estate::access::{Access, Graded, May, Subject};

pub use explain::{Because, Cut, Step, Witness, cut};
pub use reach::{Found, Goal, Route};

use world::{Kind, World};

/// Everybody who could gain something, and how.
#[derive(Debug)]
pub struct Graph<'a> {
    access: Access<'a>,
    worlds: Vec<World<'a>>,
    nodes: Vec<Node>,
    /// How many of `nodes`, from the first, are users and roles.
    principals: usize,
    by_arn: BTreeMap<String, NodeId>,
    /// Users as members of a further group.
    members: BTreeMap<(NodeId, usize), NodeId>,
}

/// A place in `Graph::nodes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct NodeId(usize);

/// A user or role; or a user as it would be in a further group.
#[derive(Debug)]
struct Node {
    subject: Subject,
    world: usize,
    kind: Kind,
    /// Its place among the users or roles of its world.
    place: usize,
    /// The user it is, and the place of the group it would be in.
    member: Option<(NodeId, usize)>,
    /// Whether it is an administrator as it stands.
    administrator: May,
    /// A role that only its service can use, and nobody change.
    is_sink: bool,
    edges: Vec<Edge>,
}

/// What a node can do by one path: to whom.
#[derive(Clone, Debug)]
struct Edge {
    /// The path's place in the catalogue.
    path: usize,
    /// Where the victims are.
    world: usize,
    victims: Rc<Graded>,
}

impl<'a> Graph<'a> {
    /// The graph of an estate.
    pub fn of(estate: &'a Estate) -> Self {
        let mut graph = Self::without_edges(estate);
        graph.collect_edges();
        graph
    }

    fn without_edges(estate: &'a Estate) -> Self {
        let access = Access::of(estate);
        let mut graph = Self {
            worlds: Vec::new(),
            nodes: Vec::new(),
            principals: access.subjects().len(),
            by_arn: BTreeMap::new(),
            members: BTreeMap::new(),
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

    /// How many users and roles there are.
    pub fn principals(&self) -> usize {
        self.principals
    }

    fn collect_nodes(&mut self, estate: &'a Estate) {
        for account in estate.accounts.values() {
            self.worlds.push(World::of(account, &self.access));
        }
        let places: BTreeMap<_, _> =
            estate.accounts.keys().enumerate().map(|(place, id)| (*id, place)).collect();
        for (id, subject) in self.access.subjects().iter().enumerate() {
            let kind = if subject.principal.role_name().is_some() { Kind::Role } else { Kind::User };
            let world = places.get(&subject.account).copied().unwrap_or_default();
            self.by_arn.insert(subject.arn.to_string(), NodeId(id));
            let Some(found) = self.worlds.get_mut(world) else { continue };
            let place = found.settle(kind, subject.arn.as_str(), NodeId(id));
            self.nodes.push(Node {
                subject: subject.clone(),
                world,
                kind,
                place,
                member: None,
                administrator: May::No,
                is_sink: subject.principal.is_service_linked_role(),
                edges: Vec::new(),
            });
        }
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
            Kind::Group | Kind::Policy => None,
        }
    }
}
