//! From powers to edges: each path of the catalogue, for each principal.

use std::collections::HashMap;
use std::rc::Rc;

use fixedbitset::FixedBitSet;
use kagimori_estate::access::{Access, Graded, May, Naming, Subject};
use kagimori_policy::request::Fact;

use super::admin::promise_of;
use super::catalogue::{Gain, On, PathKind, Victim, paths};
use super::possible::{Loosened, is_possible};
use super::powers::{Powers, all, assume_role_by, kind};
use super::removed::Removal;
use super::world::{Kind, World};
use super::{Edge, Graph, Node, NodeId, Way};

/// The principals without limits that one principal can turn into, which are followed; few have more than two limits of their own.
/// What one more could do, nobody can tell: see [`Node::is_cut`].
pub(super) const REMOVALS_MAX: usize = 32;

impl Graph<'_> {
    /// The edges of everybody, and of whomever they can turn into: see [`Way`]. Of administrators only those that lead out
    /// of their account: inside they can do anything anyway. One that is an administrator under conditions can do less where
    /// they do not hold, and may reach the same without them.
    pub(super) fn collect_edges(&mut self, tell: &dyn Fn(usize, usize)) {
        let mut kept = Kept::default();
        let mut place = 0;
        while place < self.nodes.len() {
            tell(place, self.nodes.len());
            let id = NodeId(place);
            let mut edges = self.edges_of(id, &mut kept);
            self.turn(id, &edges);
            edges.extend(self.remove(id, &mut kept));
            edges.extend(self.rearrange(id, &mut kept));
            if let Some(node) = self.nodes.get_mut(place) {
                edges.sort_by_key(|edge| (edge.path, edge.world != node.world, edge.world));
                node.edges = edges;
            }
            place = place.saturating_add(1);
        }
    }

    pub(super) fn edges_of(&self, id: NodeId, kept: &mut Kept) -> Vec<Edge> {
        let Some(node) = self.node(id) else { return Vec::new() };
        if node.is_sink {
            return Vec::new();
        }
        let is_there = node.administrator == May::Surely;
        let named = kept.naming(&self.access).of(&node.subject);
        let may_assume = named.contains(ASSUME_ROLE);
        let mut edges = Vec::new();
        for base in 0..self.accounts {
            let place = self.seen_by(node, base);
            let Some(world) = self.world(place) else { continue };
            let is_home = place == node.world;
            // Outside its account a principal can only assume roles that trust it, and needs a grant of its own.
            let is_open = if is_home { !is_there } else { may_assume && world.trust.names(&node.subject) };
            if !is_open {
                continue;
            }
            let mut powers = self.powers(node, world);
            for (path, found) in paths().iter().enumerate() {
                let crosses =
                    found.gains == Gain::Victim && found.needs.iter().all(|need| need.on == On::Assumed);
                let is_own = match found.gains {
                    Gain::Freed | Gain::Arranged => true,
                    Gain::Through => !self.tells_services_apart() || node.is_through(),
                    _ => node.only_assumes() && !crosses,
                };
                if !is_own && (is_home || crosses) && kept.is_thinkable(path, &named) {
                    let victims = self.victims(node, world, found, is_home, &mut powers);
                    if !victims.is_empty() {
                        let reviewed =
                            reviewed(found, world, &powers, &victims).map(|graded| kept.keep(graded));
                        edges.push(Edge {
                            path,
                            world: place,
                            victims: kept.keep(victims),
                            reviewed,
                            to: None,
                        });
                    }
                }
            }
        }
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
            world
                .holding(*precondition, kind(path.victim))
                .into_iter()
                .for_each(|holding| victims.intersect(holding));
        }
        for need in path.needs.iter().filter(|need| !is_possible(need.on)) {
            if victims.is_empty() {
                return none;
            }
            victims.intersect(&powers.grade(path, need));
        }
        if victims.is_empty() {
            return none;
        }
        victims.cap(powers.possible(path));
        if let Some(service) = path.beside.as_deref().filter(|_| !victims.is_empty()) {
            victims.cap(surest(&powers.passed_besides(path, service)));
        }
        if let Some(issuer) = &path.issuer {
            victims.intersect(&world.trusting_issuer(issuer));
        }
        if victims.is_empty() {
            return none;
        }
        // Of something that exists already only the service tells which roles could be meant.
        let is_existing = path.victim == Victim::Role && !path.needs.iter().any(|need| need.on == On::Passed);
        if !path.services.is_empty() && is_existing {
            let mut trusting = none;
            for graded in path.services.iter().filter_map(|service| world.trusting_service(service)) {
                trusting.add(&graded.open, May::Surely);
            }
            victims.intersect(&trusting);
        }
        if path.gains == Gain::Permissions {
            self.promised(node, world, path, powers, &mut victims);
        }
        victims.cap(certainty(path));
        victims
    }

    /// Any permission is worth what boundary and guardrails leave of it, and what one's own policies deny.
    fn promised<'g>(
        &'g self,
        node: &Node,
        world: &'g World<'g>,
        path: &'g PathKind,
        powers: &mut Powers<'g>,
        victims: &mut Graded,
    ) {
        match path.victim {
            Victim::User | Victim::Role => {
                let kind = kind(path.victim);
                let mut promising = self.promising(world, kind).clone();
                // A boundary is none where it may be taken away.
                let bounded: Vec<usize> = victims.open.difference(&promising.surely).collect();
                for place in bounded.into_iter().filter(|place| world.is_bounded(kind, *place)) {
                    let worth = self.promising_unbounded(world, kind).may(place);
                    if worth > promising.may(place)
                        && let Some(loosened) = self.loosened(powers, kind, place)
                    {
                        let mut one = FixedBitSet::with_capacity(victims.open.len());
                        one.insert(place);
                        promising.add(&one, worth.min(loosened.may));
                    }
                }
                victims.intersect(&promising);
            }
            // What is made has been asked with its name.
            Victim::Made => {}
            Victim::OwnPolicy => {
                let mut promising = Graded::none(victims.open.len());
                for policy in victims.open.ones() {
                    // A policy that is rewritten denies nothing any more, wherever it is attached.
                    let without = self.access.without_any(&node.subject, world.policies.arn(policy));
                    let own = promise_of(&self.access, &without);
                    let mut one = FixedBitSet::with_capacity(victims.open.len());
                    one.insert(policy);
                    promising.add(&one, own);
                }
                victims.intersect(&promising);
            }
            _ => victims.cap(promise_of(&self.access, &node.subject)),
        }
    }

    /// The surest request that takes the boundary off a user or role of the account.
    pub(super) fn loosened(&self, powers: &Powers<'_>, kind: Kind, place: usize) -> Option<Loosened> {
        let world = powers.world;
        let victim = self.node(self.node_at(world.place, kind, place)?)?;
        let itself = self.access.with_every_permission(&victim.subject);
        powers.loosened(kind, world.targets(kind).arn(place), world.boundary(kind, place), Some(&itself))
    }

    /// The powers of a node in a world.
    pub(super) fn powers<'g>(&'g self, node: &'g Node, world: &'g World<'g>) -> Powers<'g> {
        let direct = match node.instead {
            Some(Way::Through { of, .. }) => self.node(of).map(|node| &node.subject),
            _ => None,
        };
        Powers::new(&self.access, &node.subject, world).beside(direct)
    }

    /// Whether some policy asks which service calls for a principal.
    fn tells_services_apart(&self) -> bool {
        let mut asked = self.condition_keys.iter();
        asked.any(|key| key.starts_with("aws:calledvia") || key == "aws:viaawsservice")
    }

    /// Whomever a principal could turn into by its edges, once each.
    fn turn(&mut self, id: NodeId, edges: &[Edge]) {
        for edge in edges {
            let Some(path) = paths().get(edge.path) else { continue };
            for victim in edge.victims.open.ones() {
                let Some(key) = Turned::by(edge.path, path, id, edge.world, victim) else { continue };
                if self.turned.contains_key(&key) {
                    continue;
                }
                let Some(node) = self.turned_into(key) else { continue };
                self.turned.insert(key, NodeId(self.nodes.len()));
                self.nodes.push(node);
            }
        }
    }

    /// The principal as it would be; `None` where that gives it nothing.
    fn turned_into(&self, key: Turned) -> Option<Node> {
        match key {
            Turned::Member(id, group) => {
                let node = self.node(id)?;
                let name = self.world(node.world)?.group_names.get(group)?;
                let subject = self.access.as_member(&node.subject, name)?;
                let is_same = subject.likeness() == node.subject.likeness()
                    && subject.missing() == node.subject.missing();
                (!is_same).then(|| self.altered(node, subject, Way::Joined(group)))
            }
            Turned::Newcomer(world, group) => {
                let held = self.world(world)?;
                let arn = format!("arn:{}:iam::{}:user/*", held.partition(), held.account.id);
                let newcomer = held.newcomer(&self.access, &arn)?;
                let subject = self.access.as_member(&newcomer, held.group_names.get(group)?)?;
                let is_empty = subject.likeness() == newcomer.likeness() && subject.missing().is_empty();
                let administrator = super::admin::administrator(&self.access, &subject);
                (!is_empty).then(|| Node {
                    subject,
                    world,
                    kind: Kind::User,
                    place: usize::MAX,
                    instead: Some(Way::New(group)),
                    state: held.state.map(|(state, _)| state),
                    administrator,
                    is_sink: false,
                    is_cut: false,
                    edges: Vec::new(),
                })
            }
            Turned::Unbounded(world, kind, place) => {
                let node = self.node(self.node_at(world, kind, place)?)?;
                let subject = self.access.bounded(&node.subject, None)?;
                Some(self.altered(node, subject, Way::Unbounded))
            }
            Turned::Assuming(world, place) => {
                let node = self.node(self.node_at(world, Kind::Role, place)?)?;
                let altered = self.altered(node, node.subject.clone(), Way::Assuming);
                Some(Node { administrator: May::No, ..altered })
            }
            Turned::Through(id, path) => {
                let node = self.node(id)?;
                let service = paths().get(path)?.through.as_ref()?;
                let subject = self.access.through(&node.subject, service);
                Some(self.altered(node, subject, Way::Through { of: id, service }))
            }
        }
    }

    pub(super) fn altered(&self, node: &Node, subject: Subject, way: Way) -> Node {
        let administrator = super::admin::administrator(&self.access, &subject);
        let (world, kind, place) = (node.world, node.kind, node.place);
        Node {
            subject,
            world,
            kind,
            place,
            instead: Some(way),
            state: node.state,
            administrator,
            is_sink: false,
            is_cut: false,
            edges: Vec::new(),
        }
    }

    /// The edges to a principal without limits that it may take away.
    fn remove(&mut self, id: NodeId, kept: &mut Kept) -> Vec<Edge> {
        let Some(node) = self.node(id) else { return Vec::new() };
        let named = kept.naming(&self.access).of(&node.subject);
        let is_thinkable = (0..paths().len()).any(|path| {
            paths().get(path).is_some_and(|path| path.gains == Gain::Freed) && kept.is_thinkable(path, &named)
        });
        if node.is_sink
            || node.is_cut
            || node.only_assumes()
            || node.administrator == May::Surely
            || !is_thinkable
        {
            return Vec::new();
        }
        let (world, root) = (node.world, self.root_of(id));
        let removals = self.removals(node);
        let mut edges = Vec::new();
        for removal in removals {
            let Some(to) = self.freed(id, root, &removal) else { continue };
            let mut one = FixedBitSet::with_capacity(1);
            one.insert(0);
            let victims = kept.keep(Graded::of(&one, removal.may));
            edges.push(Edge { path: removal.path, world, victims, reviewed: None, to: Some(to) });
        }
        edges
    }

    /// The node of a principal without a limit.
    fn freed(&mut self, id: NodeId, root: NodeId, removal: &Removal) -> Option<NodeId> {
        let shape = removal.subject.shape();
        if shape == self.node(root)?.subject.shape() {
            return None;
        }
        let known = self.shapes.entry(root).or_default();
        if let Some(known) = known.get(&shape) {
            return Some(*known).filter(|known| *known != id);
        }
        let is_cut = removal.is_cut || known.len() >= REMOVALS_MAX;
        if is_cut {
            return self.cut_off(id, &removal.subject, &removal.words).filter(|cut| *cut != id);
        }
        let to = NodeId(self.nodes.len());
        known.insert(shape, to);
        let way = Way::Freed { of: id, words: removal.words.clone() };
        let node = self.altered(self.node(id)?, removal.subject.clone(), way);
        self.nodes.push(node);
        Some(to)
    }

    /// The node that stands for all that a principal could turn into and that is not followed.
    pub(super) fn cut_off(&mut self, id: NodeId, subject: &Subject, words: &str) -> Option<NodeId> {
        let root = self.root_of(id);
        if let Some(cut) = self.cut.get(&root) {
            return Some(*cut);
        }
        let to = NodeId(self.nodes.len());
        let node = self.node(id)?;
        let way = Way::Freed { of: id, words: words.to_owned() };
        let cut = Node { is_cut: true, ..self.altered(node, subject.clone(), way) };
        self.cut.insert(root, to);
        self.nodes.push(Node { administrator: May::Unknown, ..cut });
        Some(to)
    }

    /// The principal that a node is before it took a limit away.
    fn root_of(&self, id: NodeId) -> NodeId {
        let mut at = id;
        while let Some(Node { instead: Some(Way::Freed { of, .. }), .. }) = self.node(at) {
            at = *of;
        }
        at
    }
}

/// Whom a path turns a principal into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turned {
    /// A user in a further group.
    Member(NodeId, usize),
    /// A new user in a group of a world.
    Newcomer(usize, usize),
    /// A user or role of a world without its boundary.
    Unbounded(usize, Kind, usize),
    /// A role of a world that a service has to assume others with.
    Assuming(usize, usize),
    /// Whom a service calls for, by the path at this place.
    Through(NodeId, usize),
}

impl Turned {
    pub(super) fn by(place: usize, path: &PathKind, id: NodeId, world: usize, victim: usize) -> Option<Self> {
        match path.gains {
            Gain::Membership => Some(Self::Member(id, victim)),
            Gain::NewMember => Some(Self::Newcomer(world, victim)),
            Gain::Unbounded => Some(Self::Unbounded(world, kind(path.victim), victim)),
            Gain::Assumes => Some(Self::Assuming(world, victim)),
            // One is as good as another, whichever call it takes.
            Gain::Through => {
                let first = paths().iter().position(|other| other.through == path.through);
                Some(Self::Through(id, first.unwrap_or(place)))
            }
            Gain::Victim | Gain::Permissions | Gain::Freed | Gain::Arranged => None,
        }
    }
}

/// Of a path's victims those that the review counts: what only hangs on MFA is no way up where a role that is meant to be
/// assumed is assumed, and what the credential report would tell is not known without it. `None`: all of them.
fn reviewed(path: &PathKind, world: &World<'_>, powers: &Powers<'_>, victims: &Graded) -> Option<Graded> {
    let mut reviewed = victims.clone();
    for precondition in &path.requires {
        if let Some(holding) = world.holding(*precondition, kind(path.victim)) {
            reviewed.perhaps.intersect_with(&holding.surely);
        }
    }
    if path.needs.iter().all(|need| need.on == On::Assumed) && victims.surely != victims.open {
        let mut question = assume_role_by(powers.subject);
        let is_user = powers.subject.principal.role_name().is_none();
        let present = if is_user { Fact::Absent } else { Fact::One("false".to_owned()) };
        question.context.push(("aws:MultiFactorAuthPresent".to_owned(), present));
        question.context.push(("aws:MultiFactorAuthAge".to_owned(), Fact::Absent));
        reviewed.intersect(&powers.assumed(&question));
    }
    (reviewed != *victims).then_some(reviewed)
}

/// How surely a path holds at best: of what no snapshot tells, nobody is sure.
pub(super) fn certainty(path: &PathKind) -> May {
    match (&path.given, &path.unknown) {
        (_, Some(_)) => May::Unknown,
        (Some(_), None) => May::If,
        (None, None) => May::Surely,
    }
}

/// How surely it holds for anything.
fn surest(graded: &Graded) -> May {
    let is_there = |(set, may): (&FixedBitSet, May)| (!set.is_clear()).then_some(may);
    let sets = [(&graded.surely, May::Surely), (&graded.perhaps, May::If), (&graded.open, May::Unknown)];
    sets.into_iter().find_map(is_there).unwrap_or(May::No)
}

/// Who could be a victim at all, before any policy is asked.
fn eligible(node: &Node, world: &World<'_>, path: &PathKind, is_home: bool) -> FixedBitSet {
    let itself = |kind: Kind, set: &mut FixedBitSet| {
        if is_home && node.kind == kind && node.place < set.len() {
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
            if node.kind == Kind::User && node.place < len {
                set.set(node.place, false);
            }
        }
        Victim::Role => {
            let writes = path.needs.iter().any(|need| matches!(need.on, On::Victim | On::PolicyOfVictim));
            set.clone_from(if writes { &world.writable_roles } else { &world.open_roles });
            // A stack set's role may assume itself, if it trusts itself.
            if is_home && node.kind == Kind::Role && !node.only_assumes() {
                set.set(node.place, false);
            }
        }
        Victim::OwnPolicy => set = world.own_policies(node.kind, node.place),
        Victim::OwnGroup if node.kind == Kind::User => set = world.own_groups(node.place),
        Victim::Group if node.kind == Kind::User && node.is_itself() => {
            set = all(len);
            set.difference_with(&world.own_groups(node.place));
        }
        Victim::AnyGroup | Victim::Made => set = all(len),
        Victim::OwnLimit if path.gains == Gain::Through => set = all(len),
        Victim::OwnGroup | Victim::Group | Victim::OwnLimit => {}
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
    pub(super) fn keep(&mut self, graded: Graded) -> Rc<Graded> {
        if let Some(known) = self.sets.get(&graded) {
            return Rc::clone(known);
        }
        let kept = Rc::new(graded.clone());
        self.sets.insert(graded, Rc::clone(&kept));
        kept
    }

    /// Which actions of the catalogue the policies name.
    pub(super) fn naming(&mut self, access: &Access<'_>) -> &Naming {
        let mut actions = vec!["sts:AssumeRole"];
        let needed = &mut self.needed;
        self.naming.get_or_insert_with(|| {
            actions.extend(paths().iter().flat_map(|path| &path.needs).map(|need| need.action.as_str()));
            needed.extend(paths().iter().map(|path| {
                // Who is named by a trust policy may need no grant.
                let granted = |action: &str| {
                    action != "sts:AssumeRole" && path.needs.iter().any(|need| need.action == action)
                };
                let mut set = FixedBitSet::with_capacity(actions.len());
                set.extend(
                    actions.iter().enumerate().filter(|(_, action)| granted(action)).map(|(place, _)| place),
                );
                set
            }));
            access.naming(&actions)
        })
    }

    /// Whether the policies of a principal name all that a path needs.
    pub(super) fn is_thinkable(&self, path: usize, named: &FixedBitSet) -> bool {
        self.needed.get(path).is_some_and(|needed| needed.is_subset(named))
    }
}
