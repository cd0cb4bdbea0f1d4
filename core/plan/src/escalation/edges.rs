//! From powers to edges: each path of the catalogue, for each principal.

use std::collections::HashMap;
use std::rc::Rc;

use fixedbitset::FixedBitSet;
use kagimori_estate::access::{Access, Graded, May, Naming};

use super::catalogue::{Gain, On, PathKind, Victim, paths};
use super::powers::{Powers, all, kind};
use super::world::{Kind, World};
use super::{Edge, Graph, Node, NodeId};

impl Graph<'_> {
    /// The edges of everybody, and of users as they would be in the groups they can join. Of administrators only those that lead
    /// out of their account: inside they can do anything anyway.
    pub(super) fn collect_edges(&mut self) {
        let mut kept = Kept::default();
        for place in 0..self.principals {
            let edges = self.edges_of(NodeId(place), &mut kept);
            self.join(NodeId(place), &edges);
            if let Some(node) = self.nodes.get_mut(place) {
                node.edges = edges;
            }
        }
        for place in self.principals..self.nodes.len() {
            let edges = self.edges_of(NodeId(place), &mut kept);
            if let Some(node) = self.nodes.get_mut(place) {
                node.edges = edges;
            }
        }
    }

    pub(super) fn edges_of(&self, id: NodeId, kept: &mut Kept) -> Vec<Edge> {
        let Some(node) = self.node(id) else { return Vec::new() };
        if node.is_sink {
            return Vec::new();
        }
        let is_there = node.administrator >= May::If;
        let named = kept.naming(&self.access).of(&node.subject);
        let may_assume = named.contains(ASSUME_ROLE);
        let mut edges = Vec::new();
        for (place, world) in self.worlds.iter().enumerate() {
            let is_home = place == node.world;
            // Outside its account a principal can only assume roles that trust it, and needs a grant of its own.
            let is_open = if is_home { !is_there } else { may_assume && world.trust.names(&node.subject) };
            if !is_open {
                continue;
            }
            let mut powers = Powers::new(&self.access, &node.subject, world);
            for (path, found) in paths().iter().enumerate() {
                let crosses =
                    found.gains == Gain::Victim && found.needs.iter().all(|need| need.on == On::Assumed);
                if (is_home || crosses) && kept.is_thinkable(path, &named) {
                    let victims = self.victims(node, world, found, is_home, &mut powers);
                    if !victims.is_empty() {
                        edges.push(Edge { path, world: place, victims: kept.keep(victims) });
                    }
                }
            }
        }
        edges.sort_by_key(|edge| (edge.path, edge.world != node.world, edge.world));
        edges
    }

    /// To whom a path leads a principal.
    fn victims<'g>(
        &'g self,
        node: &Node,
        world: &'g World<'g>,
        path: &'g PathKind,
        is_home: bool,
        powers: &mut Powers<'g>,
    ) -> Graded {
        let eligible = eligible(node, world, path, is_home);
        let none = Graded::none(eligible.len());
        if eligible.is_clear() {
            return none;
        }
        let mut victims = Graded::of(&eligible, May::Surely);
        for precondition in &path.requires {
            world.holding(*precondition).into_iter().for_each(|holding| victims.intersect(holding));
        }
        for need in &path.needs {
            if victims.is_empty() {
                return none;
            }
            victims.intersect(&powers.grade(path, need));
        }
        if victims.is_empty() {
            return none;
        }
        // Of something that exists already only the service tells which roles could be meant.
        if !path.services.is_empty() && !path.needs.iter().any(|need| need.on == On::Passed) {
            let mut trusting = none;
            for graded in path.services.iter().filter_map(|service| world.trusting_service(service)) {
                trusting.add(&graded.open, May::Surely);
            }
            victims.intersect(&trusting);
        }
        if path.gains == Gain::Permissions {
            self.promised(node, world, path.victim, &mut victims);
        }
        victims.cap(match (&path.given, &path.unknown) {
            (_, Some(_)) => May::Unknown,
            (Some(_), None) => May::If,
            (None, None) => May::Surely,
        });
        victims
    }

    /// Any permission is worth what boundary and guardrails leave of it.
    fn promised(&self, node: &Node, world: &World<'_>, victim: Victim, victims: &mut Graded) {
        match victim {
            Victim::User => victims.intersect(self.promising(world, Kind::User)),
            Victim::Role => victims.intersect(self.promising(world, Kind::Role)),
            _ => {
                let own = self.promise(self.principal_of(node));
                victims.intersect(&Graded::of(&all(victims.open.len()), own));
            }
        }
    }

    /// The user or role that a node is.
    fn principal_of(&self, node: &Node) -> NodeId {
        match node.member {
            Some((user, _)) => user,
            None => self.node_at(node.world, node.kind, node.place).unwrap_or(NodeId(usize::MAX)),
        }
    }

    /// A user as it would be in the groups that it can join, where that gives it more.
    fn join(&mut self, id: NodeId, edges: &[Edge]) {
        let joining =
            |edge: &&Edge| paths().get(edge.path).is_some_and(|path| path.gains == Gain::Membership);
        for edge in edges.iter().filter(joining) {
            for group in edge.victims.open.ones() {
                let Some(member) = self.member(id, group) else { continue };
                self.members.insert((id, group), NodeId(self.nodes.len()));
                self.nodes.push(member);
            }
        }
    }

    fn member(&self, id: NodeId, group: usize) -> Option<Node> {
        let node = self.node(id)?;
        let name = self.world(node.world)?.group_names.get(group)?;
        let subject = self.access.as_member(&node.subject, name)?;
        if subject.likeness() == node.subject.likeness() && subject.missing() == node.subject.missing() {
            return None;
        }
        let administrator = super::admin::administrator(&self.access, &subject);
        let (world, kind, place) = (node.world, node.kind, node.place);
        let (member, is_sink) = (Some((id, group)), false);
        Some(Node { subject, world, kind, place, member, administrator, is_sink, edges: Vec::new() })
    }
}

/// Who could be a victim at all, before any policy is asked.
fn eligible(node: &Node, world: &World<'_>, path: &PathKind, is_home: bool) -> FixedBitSet {
    let itself = |kind: Kind, set: &mut FixedBitSet| {
        if is_home && node.kind == kind {
            set.insert(node.place);
        }
    };
    let len = world.targets(kind(path.victim)).len();
    let mut set = FixedBitSet::with_capacity(len);
    match path.victim {
        Victim::SelfUser => itself(Kind::User, &mut set),
        Victim::SelfRole => {
            itself(Kind::Role, &mut set);
            set.intersect_with(&world.writable_roles);
        }
        Victim::User => {
            set = all(len);
            if node.kind == Kind::User {
                set.set(node.place, false);
            }
        }
        Victim::Role => {
            let writes = path.needs.iter().any(|need| matches!(need.on, On::Victim | On::PolicyOfVictim));
            set.clone_from(if writes { &world.writable_roles } else { &world.open_roles });
            if is_home && node.kind == Kind::Role {
                set.set(node.place, false);
            }
        }
        Victim::OwnPolicy => set = world.own_policies(node.kind, node.place),
        Victim::OwnGroup if node.kind == Kind::User => set = world.own_groups(node.place),
        Victim::Group if node.kind == Kind::User && node.member.is_none() => {
            set = all(len);
            set.difference_with(&world.own_groups(node.place));
        }
        Victim::OwnGroup | Victim::Group => {}
    }
    set
}

/// The place of `sts:AssumeRole` among the actions of [`Kept`].
const ASSUME_ROLE: usize = 0;

/// What is worth keeping between principals.
#[derive(Default)]
pub(super) struct Kept {
    /// Sets that many edges share.
    sets: HashMap<Graded, Rc<Graded>>,
    naming: Option<Naming>,
    /// For each path the places of the actions that a policy of the caller must name.
    needed: Vec<FixedBitSet>,
}

impl Kept {
    fn keep(&mut self, graded: Graded) -> Rc<Graded> {
        if let Some(known) = self.sets.get(&graded) {
            return Rc::clone(known);
        }
        let kept = Rc::new(graded.clone());
        self.sets.insert(graded, Rc::clone(&kept));
        kept
    }

    /// Which actions of the catalogue the policies name.
    fn naming(&mut self, access: &Access<'_>) -> &Naming {
        let mut actions = vec!["sts:AssumeRole"];
        let needed = &mut self.needed;
        self.naming.get_or_insert_with(|| {
            actions.extend(paths().iter().flat_map(|path| &path.needs).map(|need| need.action.as_str()));
            let place = |action: &str| actions.iter().position(|known| *known == action).unwrap_or_default();
            needed.extend(paths().iter().map(|path| {
                let mut set = FixedBitSet::with_capacity(actions.len());
                // Who is named by a trust policy may need no grant.
                let granted = path.needs.iter().filter(|need| need.action != "sts:AssumeRole");
                set.extend(granted.map(|need| place(&need.action)));
                set
            }));
            access.naming(&actions)
        })
    }

    /// Whether the policies of a principal name all that a path needs.
    fn is_thinkable(&self, path: usize, named: &FixedBitSet) -> bool {
        self.needed.get(path).is_some_and(|needed| needed.is_subset(named))
    }
}
