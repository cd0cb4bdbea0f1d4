//! Who reaches a target, and by which steps: back from the target, breadth first, so that each route is one of the shortest.
//!
//! Three times: over the edges that are sure, over those that may hold, over those that nobody can tell of. A source counts by
//! the surest of these that reaches it.

use std::collections::BTreeSet;

use fixedbitset::FixedBitSet;
use kagimori_estate::access::{Graded, May};

use super::catalogue::{Gain, paths};
use super::edges::Turned;
use super::explain::WANT;
use super::powers::kind;
use super::world::Kind;
use super::{Edge, Graph, Node, NodeId};

/// What is to be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the two questions there are")]
pub enum Goal {
    /// Any administrator, or any permission.
    Administrator,
    /// The user or role with this ARN.
    Principal(String),
}

/// How one principal reaches the goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    from: NodeId,
    certainty: May,
    /// The goal is an administrator, not somebody by name.
    pub(super) to_administrator: bool,
    pub(super) hops: Vec<Hop>,
}

/// One step of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hop {
    pub(super) from: NodeId,
    pub(super) means: Means,
    pub(super) to: Reached,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Means {
    /// A path of the catalogue, with the world and the place of the victim.
    Path { path: usize, world: usize, victim: usize },
    /// What an administrator of the account may do anyway.
    Administrator,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reached {
    Node(NodeId),
    /// Any permission in a world.
    Permissions(usize),
}

/// Everybody who reaches a goal.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Found {
    /// A route for each source, in order of account and ARN: the surest, and of these a shortest.
    pub routes: Vec<Route>,
    /// Those who are there already: the administrators, or those of the target's account; with how surely they are.
    pub there: Vec<(String, May)>,
    /// Principals that were looked at.
    pub asked: usize,
}

impl Route {
    /// How surely: the least sure of its steps.
    pub fn certainty(&self) -> May {
        self.certainty
    }

    /// The ids of the paths it takes.
    pub fn paths(&self) -> Vec<&'static str> {
        let id = |hop: &Hop| match hop.means {
            Means::Path { path, .. } => paths().get(path).map(|path| path.id.as_str()),
            Means::Administrator => None,
        };
        self.hops.iter().filter_map(id).collect()
    }

    /// How many steps.
    pub fn len(&self) -> usize {
        self.hops.len()
    }

    /// Whether the source may be there already.
    pub fn is_empty(&self) -> bool {
        self.hops.is_empty()
    }
}

/// What a principal comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is an administrator as it stands, perhaps under conditions.
    Administrator,
    /// It can become one: the ids of the paths.
    Reaches(Vec<&'static str>),
    /// It could not be told: for want of this policy, or of a credential report.
    Unknown(Option<String>),
    /// Neither.
    None,
}

/// Who has been reached so far.
struct Front {
    next: Vec<Option<Hop>>,
    reached: Vec<bool>,
    users: Vec<FixedBitSet>,
    roles: Vec<FixedBitSet>,
    /// Worlds in which any permission is as good as the goal.
    permissions: Vec<bool>,
    /// As the review asks: see [`Graph::standings`].
    is_review: bool,
}

impl Graph<'_> {
    /// Everybody who reaches a goal; or one source only. `None`: the source or the target is not in the estate.
    pub fn find(&self, goal: &Goal, from: Option<&str>) -> Option<Found> {
        let source = match from {
            Some(arn) => Some(*self.by_arn.get(arn)?),
            None => None,
        };
        let target = match goal {
            Goal::Administrator => None,
            Goal::Principal(arn) => Some(*self.by_arn.get(arn)?),
        };
        let mut routes: Vec<Option<Route>> = vec![None; self.principals];
        for certainty in [May::Surely, May::If, May::Unknown] {
            let front = self.walk(self.start(target, certainty), target, certainty);
            for (place, route) in routes.iter_mut().enumerate() {
                let id = NodeId(place);
                let is_wanted =
                    source.is_none_or(|source| source == id) && self.is_source(id, target, certainty);
                if route.is_none() && is_wanted && front.reached.get(place) == Some(&true) {
                    *route = Some(Route {
                        from: id,
                        certainty,
                        to_administrator: target.is_none(),
                        hops: front.hops(id),
                    });
                }
            }
        }
        Some(Found {
            routes: routes.into_iter().flatten().collect(),
            there: self.there(target),
            asked: if source.is_some() { 1 } else { self.principals },
        })
    }

    /// Administrators gain nothing by becoming administrators, nor by reaching whoever is in their account; those who are so under
    /// conditions gain by a way that is surer.
    fn is_source(&self, id: NodeId, target: Option<NodeId>, certainty: May) -> bool {
        let Some(node) = self.node(id) else { return false };
        let is_there = node.administrator >= certainty.max(May::If);
        match target.and_then(|target| Some((target, self.node(target)?.world))) {
            Some((target, world)) => id != target && !(is_there && node.world == world),
            None => !is_there,
        }
    }

    fn there(&self, target: Option<NodeId>) -> Vec<(String, May)> {
        // Nobody changes what is AWS's.
        if target.is_some_and(|target| self.changeable(target).is_none()) {
            return Vec::new();
        }
        let world = target.and_then(|target| self.node(target)).map(|node| node.world);
        let principals = self.nodes.iter().take(self.principals);
        let there = principals
            .filter(|node| node.administrator >= May::If && world.is_none_or(|world| world == node.world));
        there.map(|node| (node.subject.arn.to_string(), node.administrator)).collect()
    }

    /// What the review says of each user and role, in the order of [`Access::subjects`](kagimori_estate::access::Access).
    ///
    /// It asks for ways that hang neither on MFA, where all that is done is to assume a role that is meant for it, nor on what
    /// no snapshot tells; and what a credential report would tell is not known without one.
    pub(crate) fn standings(&self) -> Vec<Standing> {
        let as_it_is = |node: &Node| match node.administrator {
            May::Surely | May::If => Some(Standing::Administrator),
            May::Unknown | May::No => None,
        };
        let mut standings: Vec<Option<Standing>> =
            self.nodes.iter().take(self.principals).map(as_it_is).collect();
        for certainty in [May::Surely, May::If, May::Unknown] {
            let front = Front { is_review: true, ..self.start(None, certainty) };
            let front = self.walk(front, None, certainty);
            for (place, standing) in standings.iter_mut().enumerate() {
                if standing.is_none() && front.reached.get(place) == Some(&true) {
                    *standing = Some(self.standing(&front.hops(NodeId(place)), NodeId(place), certainty));
                }
            }
        }
        standings.into_iter().map(|standing| standing.unwrap_or(Standing::None)).collect()
    }

    fn standing(&self, hops: &[Hop], from: NodeId, certainty: May) -> Standing {
        if certainty > May::Unknown {
            let ids = hops.iter().filter_map(|hop| match hop.means {
                Means::Path { path, .. } => paths().get(path).map(|path| path.id.as_str()),
                Means::Administrator => None,
            });
            return Standing::Reaches(ids.collect());
        }
        let on_the_way = hops.iter().map(|hop| hop.from).chain([from]).filter_map(|id| self.node(id));
        let missing =
            on_the_way.flat_map(|node| node.subject.missing()).map(|document| document.name.clone()).next();
        let unknown = |hop: &Hop| self.attached_unknown(hop).or_else(|| self.trust_unknown(hop));
        Standing::Unknown(missing.or_else(|| hops.iter().find_map(unknown)))
    }

    /// The policy whose document is not known and that a step attaches.
    fn attached_unknown(&self, hop: &Hop) -> Option<String> {
        self.step(hop)?.conditions.iter().find_map(|one| Some(one.split_once(WANT)?.1.to_owned()))
    }

    /// The trust policy that a step hangs on, where no policy of the one who acts is missing.
    fn trust_unknown(&self, hop: &Hop) -> Option<String> {
        let Means::Path { path, world, victim } = hop.means else { return None };
        let path = paths().get(path).filter(|path| kind(path.victim) == Kind::Role)?;
        let role = self.world(world)?.targets(kind(path.victim)).arn(victim);
        Some(format!("the trust policy of {role}"))
    }

    fn walk(&self, mut front: Front, target: Option<NodeId>, certainty: May) -> Front {
        for round in 1_usize.. {
            let mut new: Vec<(NodeId, Hop)> = Vec::new();
            for (place, node) in self.nodes.iter().enumerate() {
                let id = NodeId(place);
                if front.reached.get(place) == Some(&false)
                    && let Some(hop) = self.hop(id, node, target, certainty, round, &front)
                {
                    new.push((id, hop));
                }
            }
            // Any permission in the target's account is one step further from the target than being its administrator.
            let is_late = target.is_some() && round == 1;
            if new.is_empty() && !is_late {
                break;
            }
            for (id, hop) in new {
                self.mark(&mut front, id, Some(hop));
            }
        }
        front
    }

    fn start(&self, target: Option<NodeId>, certainty: May) -> Front {
        let sets = |len: fn(&super::World<'_>) -> usize| -> Vec<FixedBitSet> {
            self.worlds.iter().map(|world| FixedBitSet::with_capacity(len(world))).collect()
        };
        let changeable = target.and_then(|target| self.changeable(target));
        let account = |world: usize| self.world(world).map(|world| world.account.id);
        let is_open =
            |world: usize| target.is_none() || changeable.is_some_and(|home| account(home) == account(world));
        let mut front = Front {
            next: vec![None; self.nodes.len()],
            reached: vec![false; self.nodes.len()],
            users: sets(|world| world.users.len()),
            roles: sets(|world| world.roles.len()),
            permissions: (0..self.worlds.len()).map(is_open).collect(),
            is_review: false,
        };
        match target {
            Some(target) => {
                self.mark(&mut front, target, None);
                // It is the same one, whatever binds its account.
                let there = self.node(target).map(|node| self.elsewhere(node)).unwrap_or_default();
                there.into_iter().for_each(|id| self.mark(&mut front, id, None));
                // Whom a principal reaches in ways that are not followed, nobody can tell.
                let cut = self.cut.values().filter(|_| certainty == May::Unknown);
                cut.for_each(|cut| self.mark(&mut front, *cut, None));
            }
            None => {
                for (place, node) in self.nodes.iter().enumerate() {
                    if node.administrator >= certainty {
                        self.mark(&mut front, NodeId(place), None);
                    }
                }
            }
        }
        front
    }

    /// The world of a target that its account's administrators can act as.
    fn changeable(&self, target: NodeId) -> Option<usize> {
        let node = self.node(target)?;
        let world = self.world(node.world)?;
        let is_writable = node.kind == Kind::User || world.writable_roles.contains(node.place);
        is_writable.then_some(node.world)
    }

    fn mark(&self, front: &mut Front, id: NodeId, hop: Option<Hop>) {
        let NodeId(place) = id;
        let Some(node) = self.node(id) else { return };
        if let (Some(reached), Some(next)) = (front.reached.get_mut(place), front.next.get_mut(place)) {
            (*reached, *next) = (true, hop);
        }
        let sets = if node.kind == Kind::Role { &mut front.roles } else { &mut front.users };
        if let Some(set) = sets.get_mut(node.world).filter(|_| node.is_itself()) {
            set.insert(node.place);
        }
    }

    /// The first step of a node into what has been reached.
    fn hop(
        &self,
        id: NodeId,
        node: &Node,
        target: Option<NodeId>,
        certainty: May,
        round: usize,
        front: &Front,
    ) -> Option<Hop> {
        let is_home = front.permissions.get(node.world) == Some(&true);
        if let Some(target) = target.filter(|_| is_home && node.administrator >= certainty) {
            return Some(Hop { from: id, means: Means::Administrator, to: Reached::Node(target) });
        }
        let permissions_count = target.is_none() || round > 1;
        node.edges.iter().find_map(|edge| self.into(id, edge, certainty, permissions_count, front))
    }

    fn into(
        &self,
        id: NodeId,
        edge: &Edge,
        certainty: May,
        permissions_count: bool,
        front: &Front,
    ) -> Option<Hop> {
        let path = paths().get(edge.path)?;
        if front.is_review && path.unknown.is_some() {
            return None;
        }
        let of = edge.reviewed.as_ref().filter(|_| front.is_review).unwrap_or(&edge.victims);
        let victims = at(of, certainty);
        let turned = |victim: usize| match path.gains {
            Gain::Freed | Gain::Arranged => edge.to,
            _ => self.turned.get(&Turned::by(edge.path, path, id, edge.world, victim)?).copied(),
        };
        let (victim, to) = match path.gains {
            Gain::Victim => {
                let kind = kind(path.victim);
                let reached = if kind == Kind::Role { &front.roles } else { &front.users };
                let victim = victims.intersection(reached.get(edge.world)?).next()?;
                (victim, Reached::Node(self.node_at(edge.world, kind, victim)?))
            }
            Gain::Permissions => {
                let counts = permissions_count && front.permissions.get(edge.world) == Some(&true);
                (victims.ones().next().filter(|_| counts)?, Reached::Permissions(edge.world))
            }
            Gain::Membership
            | Gain::NewMember
            | Gain::Unbounded
            | Gain::Freed
            | Gain::Arranged
            | Gain::Assumes
            | Gain::Through => {
                let reached = |victim: usize| {
                    turned(victim).filter(|NodeId(place)| front.reached.get(*place) == Some(&true))
                };
                victims.ones().find_map(|victim| Some((victim, Reached::Node(reached(victim)?))))?
            }
        };
        let means = Means::Path { path: edge.path, world: edge.world, victim };
        Some(Hop { from: id, means, to })
    }

    /// The ARN of a route's source.
    pub fn source(&self, route: &Route) -> &str {
        self.node(route.from).map_or("", |node| node.subject.arn.as_str())
    }

    /// The policies that were not given and could make a route's source an administrator.
    pub fn missing(&self, route: &Route) -> Vec<String> {
        let missing = self.node(route.from).map(|node| node.subject.missing()).unwrap_or_default();
        missing.iter().map(|document| document.name.clone()).collect()
    }

    /// What is the same for routes that people read as one: the same policies, the same steps to the same places.
    pub fn likeness(&self, route: &Route) -> impl Ord + use<> {
        let itself = |victim: Means, from: NodeId| match victim {
            Means::Path { path, world, victim } => {
                let is_own = paths()
                    .get(path)
                    .is_some_and(|path| matches!(kind(path.victim), Kind::User | Kind::Role))
                    && self.node(from).is_some_and(|node| node.place == victim && node.world == world)
                    && paths().get(path).is_some_and(|path| path.gains == Gain::Permissions);
                (Some(path), world, (!is_own).then_some(victim))
            }
            Means::Administrator => (None, 0, None),
        };
        let steps: Vec<_> = route.hops.iter().map(|hop| itself(hop.means, hop.from)).collect();
        let likeness =
            self.node(route.from).map(|node| (node.subject.likeness(), node.subject.missing().to_vec()));
        (std::cmp::Reverse(route.certainty), steps, likeness)
    }
}

impl Front {
    fn hops(&self, from: NodeId) -> Vec<Hop> {
        let mut hops = Vec::new();
        let mut seen = BTreeSet::new();
        let mut at = from;
        while let NodeId(place) = at
            && let Some(hop) = self.next.get(place).copied().flatten()
            && seen.insert(at)
        {
            hops.push(hop);
            match hop.to {
                Reached::Node(next) => at = next,
                Reached::Permissions(_) => break,
            }
        }
        hops
    }
}

/// The set of those for whom something holds at least so surely.
pub(super) fn at(graded: &Graded, certainty: May) -> &FixedBitSet {
    match certainty {
        May::Surely => &graded.surely,
        May::If => &graded.perhaps,
        May::Unknown | May::No => &graded.open,
    }
}
