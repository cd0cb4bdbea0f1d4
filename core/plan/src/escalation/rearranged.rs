//! What binds an account, taken off by somebody who may: the account leaves its organization or is put elsewhere in it, policies of
//! the organization come off, say something else or are switched off.
//!
//! Each leads to a *state*: the organization as it would be, with one account in mind. That account has a second world there, whose
//! users and roles are asked everything again; everybody else is the same. SCPs and RCPs never bind the management account, so whoever
//! is in it gains by the accounts that it can come into (Organizations User Guide, `orgs_manage_policies_scps`).

use std::collections::BTreeSet;

use fixedbitset::FixedBitSet;
use kagimori_estate::access::{Arranged, Edit, Edits, Graded, May, Question};
use kagimori_estate::model::{Organization, OrganizationPolicy};
use kagimori_id::AccountId;
use kagimori_policy::request::Fact;

use super::catalogue::{Gain, PathKind, paths};
use super::edges::Kept;
use super::powers::{may, template};
use super::world::{Kind, World};
use super::{Edge, Graph, Node, NodeId, Way};

/// The states of one account that are followed; of one more nobody can tell.
const STATES_MAX: usize = 8;

const KINDS: [&str; 2] = ["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"];

/// The organization as it could be made.
#[derive(Debug)]
pub(super) struct State {
    edits: Edits,
    /// The account's world as it is, and as it would be.
    base: usize,
    pub(super) world: usize,
    pub(super) arranged: Arranged,
}

/// What a principal may do to the organization, by one path, about one account.
#[derive(Clone, Debug)]
pub(super) struct Offer {
    path: usize,
    pub(super) may: May,
    /// The account's world as it is.
    base: usize,
    edits: Edits,
    pub(super) questions: Vec<Question>,
    pub(super) words: String,
    /// The account, as the organization names it.
    pub(super) victim: String,
}

/// Edits that go together, with the requests that make them.
type Made = (Vec<Edit>, Vec<Question>);

impl Graph<'_> {
    /// The edges to a principal in the organization as it may make it.
    pub(super) fn rearrange(&mut self, id: NodeId, kept: &mut Kept) -> Vec<Edge> {
        let Some(node) = self.node(id) else { return Vec::new() };
        let is_settled = node.is_sink || node.is_cut || node.only_assumes() || node.state.is_some();
        if is_settled || node.administrator == May::Surely {
            return Vec::new();
        }
        let world = node.world;
        let mut edges = Vec::new();
        for offer in self.offers(node, kept) {
            let Some(to) = self.enter(id, &offer) else { continue };
            let mut one = FixedBitSet::with_capacity(1);
            one.insert(0);
            let victims = kept.keep(Graded::of(&one, offer.may));
            edges.push(Edge { path: offer.path, world, victims, reviewed: None, to: Some(to) });
        }
        edges
    }

    /// The principal in the state that an offer makes.
    fn enter(&mut self, id: NodeId, offer: &Offer) -> Option<NodeId> {
        let known =
            self.states.iter().position(|state| state.base == offer.base && state.edits == offer.edits);
        let is_cut = self.states.iter().filter(|state| state.base == offer.base).count() >= STATES_MAX;
        let state = match known {
            Some(known) => known,
            None if is_cut => {
                let subject = self.node(id)?.subject.clone();
                return self.cut_off(id, &subject, &offer.words);
            }
            None => self.state_of(offer)?,
        };
        if let Some(known) = self.arranged.get(&(id, state)) {
            return Some(*known);
        }
        let held = self.states.get(state)?;
        let node = self.node(id)?;
        // Who is of the account is there already, if nothing else was done before.
        if node.world == held.base && node.instead.is_none() {
            return self.node_at(held.world, node.kind, node.place);
        }
        let subject = self.access.in_arrangement(&node.subject, held.arranged);
        let world = if node.world == held.base { held.world } else { node.world };
        let way = Way::Freed { of: id, words: offer.words.clone() };
        let altered = Node { world, state: Some(state), ..self.altered(node, subject, way) };
        let to = NodeId(self.nodes.len());
        self.arranged.insert((id, state), to);
        self.nodes.push(altered);
        Some(to)
    }

    /// A new state, with its world; `None`: nobody is bound by anything else.
    fn state_of(&mut self, offer: &Offer) -> Option<usize> {
        let account = self.world(offer.base)?.account;
        let arranged = self.access.rearrange(account.id, &offer.edits)?;
        let (state, place) = (self.states.len(), self.worlds.len());
        let world = self.world_of(place, account, Some((state, arranged)));
        self.worlds.push(world);
        self.states.push(State { edits: offer.edits.clone(), base: offer.base, world: place, arranged });
        let base: Vec<NodeId> = {
            let base = self.world(offer.base)?;
            base.user_nodes.iter().chain(&base.role_nodes).filter_map(|node| *node).collect()
        };
        for id in base {
            let node = self.node(id)?;
            let subject = self.access.in_arrangement(&node.subject, arranged);
            let way = Way::Arranged { words: offer.words.clone() };
            let is_sink = node.is_sink;
            let there =
                Node { world: place, state: Some(state), is_sink, ..self.altered(node, subject, way) };
            let (kind, at, new) = (there.kind, there.place, NodeId(self.nodes.len()));
            self.nodes.push(there);
            if let Some(world) = self.worlds.get_mut(place) {
                world.put(kind, at, new);
            }
        }
        Some(state)
    }

    /// The place of an account's world as a node has it before it.
    pub(super) fn seen_by(&self, node: &Node, base: usize) -> usize {
        let state = node.state.and_then(|state| self.states.get(state));
        state.filter(|state| state.base == base).map_or(base, |state| state.world)
    }

    /// Each place that a user or role of a world has in a state.
    pub(super) fn elsewhere(&self, node: &Node) -> Vec<NodeId> {
        let states = self.states.iter().filter(|state| state.base == node.world);
        states.filter_map(|state| self.node_at(state.world, node.kind, node.place)).collect()
    }

    /// What the step to a node did to the organization.
    pub(super) fn offer_to(&self, node: &Node, to: NodeId, path: &PathKind) -> Option<Offer> {
        let to = self.node(to)?;
        let state = to.state.and_then(|state| self.states.get(state));
        let is_it = |offer: &Offer| {
            let is_there = state.is_some_and(|state| offer.base == state.base && offer.edits == state.edits);
            (is_there || to.is_cut) && paths().get(offer.path).is_some_and(|found| found.id == path.id)
        };
        self.offers(node, &mut Kept::default()).into_iter().filter(is_it).max_by_key(|offer| offer.may)
    }

    /// All that a principal may do to the organization, of which something may come.
    fn offers(&self, node: &Node, kept: &mut Kept) -> Vec<Offer> {
        let organization = &self.access.estate().organization;
        let named = kept.naming(&self.access).of(&node.subject);
        let mut offers = Vec::new();
        for (place, path) in paths().iter().enumerate().filter(|(_, path)| path.gains == Gain::Arranged) {
            if !kept.is_thinkable(place, &named) {
                continue;
            }
            let (Some(of), Some(home)) = (Of::path(path), self.world(node.world)) else { continue };
            let is_management = home.is_management();
            let is_open = match of {
                // The management account cannot leave (Organizations API, `LeaveOrganization`).
                Of::Leave => is_management != Some(true),
                _ if path.unknown.is_some() => is_management == Some(false),
                _ => is_management != Some(false),
            };
            let least = if is_management.is_some() { May::Surely } else { May::If };
            for base in (0..self.accounts).filter(|base| is_open && self.is_within_reach(node, *base, of)) {
                let Some(world) = self.world(base) else { continue };
                let one = Offerer { graph: self, node, organization, account: world.account.id };
                let least = least.min(super::edges::certainty(path));
                offers.extend(one.offers(of).into_iter().map(|(may, edits, questions)| Offer {
                    path: place,
                    may: may.min(least),
                    base,
                    words: words(&edits, world.account.id),
                    victim: one.arn("account", &world.account.id.to_string()),
                    edits,
                    questions,
                }));
            }
        }
        offers
    }

    /// Whether something that binds an account is in a principal's way: of its own, or of one whose roles name it.
    fn is_within_reach(&self, node: &Node, base: usize, of: Of) -> bool {
        let Some(world) = self.world(base) else { return false };
        let is_own = base == node.world;
        let is_there = is_own || (of != Of::Leave && world.trust.names(&node.subject));
        is_there && self.access.is_guarded(world.account.id)
    }
}

/// What a path does to the organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Leave,
    Remove,
    Move,
    Off,
    Detach,
    Rewrite,
    Open,
}

impl Of {
    fn path(path: &PathKind) -> Option<Self> {
        Some(match path.needs.first()?.action.as_str() {
            "organizations:LeaveOrganization" => Self::Leave,
            "organizations:RemoveAccountFromOrganization" => Self::Remove,
            "organizations:MoveAccount" => Self::Move,
            "organizations:DisablePolicyType" => Self::Off,
            "organizations:DetachPolicy" => Self::Detach,
            "organizations:UpdatePolicy" => Self::Rewrite,
            "organizations:AttachPolicy" => Self::Open,
            _ => return None,
        })
    }
}

struct Offerer<'g> {
    graph: &'g Graph<'g>,
    node: &'g Node,
    organization: &'g Organization,
    /// The account in mind.
    account: AccountId,
}

impl Offerer<'_> {
    /// All that one path allows at once, by how surely.
    fn offers(&self, of: Of) -> Vec<(May, Edits, Vec<Question>)> {
        match of {
            Of::Leave => {
                let question = Question { wildcard_only: true, ..self.about("LeaveOrganization", "*") };
                self.each(vec![(vec![Edit::Left], vec![question])])
            }
            Of::Remove => {
                let account = self.arn("account", &self.account.to_string());
                let question = self.about("RemoveAccountFromOrganization", &account);
                self.each(vec![(vec![Edit::Left], vec![question])])
            }
            Of::Move => self.each(self.moves()),
            Of::Off => self.together(self.switches()),
            Of::Detach => self.together(self.detachments()),
            Of::Rewrite => self.together(self.rewritings()),
            Of::Open => self.together(self.openings()),
        }
    }

    fn may(&self, questions: &[Question]) -> May {
        let access = &self.graph.access;
        let each = questions.iter().map(|question| may(access, &self.node.subject, question));
        each.min().unwrap_or(May::No)
    }

    /// One of them is enough.
    fn each(&self, made: Vec<Made>) -> Vec<(May, Edits, Vec<Question>)> {
        let graded = made.into_iter().map(|(edits, questions)| (self.may(&questions), edits, questions));
        let open = graded.filter(|(may, ..)| *may > May::No);
        open.map(|(may, edits, questions)| (may, edits.into_iter().collect(), questions)).collect()
    }

    /// All that are possible, at each certainty.
    fn together(&self, made: Vec<Made>) -> Vec<(May, Edits, Vec<Question>)> {
        let graded: Vec<(May, Made)> = made.into_iter().map(|made| (self.may(&made.1), made)).collect();
        let levels: BTreeSet<May> = graded.iter().map(|(may, _)| *may).filter(|may| *may > May::No).collect();
        let at = |level: May| {
            let held = || graded.iter().filter(|(may, _)| *may >= level).map(|(_, made)| made);
            let edits: Edits = held().flat_map(|(edits, _)| edits).cloned().collect();
            let mut questions: Vec<Question> = Vec::new();
            for question in held().flat_map(|(_, questions)| questions) {
                let is_same = |known: &Question| {
                    (&known.action, &known.resource) == (&question.action, &question.resource)
                };
                if !questions.iter().any(is_same) {
                    questions.push(question.clone());
                }
            }
            (level, edits, questions)
        };
        levels.into_iter().rev().map(at).collect()
    }

    fn policies(&self) -> impl Iterator<Item = &OrganizationPolicy> {
        let policies = self.organization.policies.value().into_iter().flatten();
        policies.filter(|policy| KINDS.contains(&policy.kind.as_str()))
    }

    /// The policies that limit the account, with the node that each is on. Where the account stands is not known, any unit counts.
    fn binding(&self) -> impl Iterator<Item = (&OrganizationPolicy, &str)> {
        let (above, is_whole) = self.graph.access.above(self.account);
        let is_above = move |node: &str| {
            above.iter().any(|known| known == node)
                || node.starts_with("r-")
                || (!is_whole && node.starts_with("ou-"))
        };
        let limits = self.policies().filter(|policy| {
            !policy.aws_managed && self.graph.access.is_open_policy(&policy.id) != Some(true)
        });
        limits.flat_map(move |policy| {
            let targets = policy.targets.value().into_iter().flatten();
            let on: Vec<&str> = targets.map(String::as_str).filter(|node| is_above(node)).collect();
            on.into_iter().map(move |node| (policy, node))
        })
    }

    /// AWS's own policy of a kind.
    fn open(&self, kind: &str) -> Option<&OrganizationPolicy> {
        self.policies().find(|policy| policy.aws_managed && policy.kind == kind)
    }

    /// AWS's own SCP, where no SCP of a node allows everything; RCPs deny only, and AWS's own is always there.
    fn opening(&self, kind: &str, node: &str) -> Option<(Edit, Vec<Question>)> {
        let is_open = |policy: &OrganizationPolicy| {
            let targets = policy.targets.value();
            let is_there = targets.is_some_and(|targets| targets.iter().any(|target| target == node));
            let allows = policy.aws_managed || self.graph.access.is_open_policy(&policy.id) == Some(true);
            policy.kind == kind && is_there && allows
        };
        let is_needed = kind == KINDS[0] && !self.policies().any(is_open);
        let open = self.open(kind).filter(|_| is_needed)?;
        let edit = Edit::Opened(kind.to_owned(), node.to_owned());
        Some((edit, self.on_policy("AttachPolicy", open, Some(node))))
    }

    /// AWS detaches no last SCP (Organizations API, `DetachPolicy`): its own policy is put there first.
    fn detachments(&self) -> Vec<Made> {
        let one = |(policy, node): (&OrganizationPolicy, &str)| {
            let mut edits = vec![Edit::Detached(policy.id.clone(), node.to_owned())];
            let mut questions = self.on_policy("DetachPolicy", policy, Some(node));
            if let Some((edit, more)) = self.opening(&policy.kind, node) {
                edits.push(edit);
                questions.extend(more);
            }
            (edits, questions)
        };
        self.binding().map(one).collect()
    }

    /// What limits says that everything is allowed.
    fn rewritings(&self) -> Vec<Made> {
        let one = |(policy, node): (&OrganizationPolicy, &str)| {
            let mut edits = vec![Edit::Detached(policy.id.clone(), node.to_owned())];
            edits.extend(self.opening(&policy.kind, node).map(|(edit, _)| edit));
            (edits, self.on_policy("UpdatePolicy", policy, None))
        };
        self.binding().map(one).collect()
    }

    /// A list of what is allowed allows everything once AWS's own policy is beside it.
    fn openings(&self) -> Vec<Made> {
        let one = |(policy, node): (&OrganizationPolicy, &str)| {
            let (edit, questions) = self.opening(&policy.kind, node)?;
            Some((vec![edit], questions))
        };
        self.binding().filter_map(one).collect()
    }

    fn switches(&self) -> Vec<Made> {
        let root = || self.policies().filter_map(|policy| policy.targets.value()).flatten();
        let Some(root) = root().find(|target| target.starts_with("r-")) else { return Vec::new() };
        let kinds: BTreeSet<&str> = self.binding().map(|(policy, _)| policy.kind.as_str()).collect();
        let one = |kind: &str| {
            let question = of_kind(self.about("DisablePolicyType", &self.arn("root", root)), kind);
            (vec![Edit::Off(kind.to_owned())], vec![question])
        };
        kinds.into_iter().map(one).collect()
    }

    /// To the root, or into another unit.
    fn moves(&self) -> Vec<Made> {
        let account = self.account.to_string();
        let Some(from) = self.organization.parents.get(&account).and_then(|parent| parent.value()) else {
            return Vec::new();
        };
        let parents = self.organization.parents.values().filter_map(|parent| parent.value());
        let units = self.organization.parents.keys().filter(|node| node.starts_with("ou-"));
        let places: BTreeSet<&String> = parents.chain(units).filter(|place| *place != from).collect();
        let node = |id: &str| self.arn(if id.starts_with("r-") { "root" } else { "ou" }, id);
        let one = |place: &String| {
            let resources = [self.arn("account", &account), node(from), node(place)];
            let questions = resources.iter().map(|resource| self.about("MoveAccount", resource)).collect();
            (vec![Edit::Moved(place.clone())], questions)
        };
        // The root first: nothing binds there that does not bind in a unit.
        places.into_iter().rev().map(one).collect()
    }

    /// The requests of a call about a policy: on it, and on the node (Service Authorization Reference, AWS Organizations).
    fn on_policy(&self, call: &str, policy: &OrganizationPolicy, node: Option<&str>) -> Vec<Question> {
        let what = node.map(|node| match node {
            _ if node.starts_with("r-") => self.arn("root", node),
            _ if node.starts_with("ou-") => self.arn("ou", node),
            _ => self.arn("account", node),
        });
        let resources = [Some(self.policy_arn(policy)), what];
        let about = |resource: String| of_kind(self.about(call, &resource), &policy.kind);
        resources.into_iter().flatten().map(about).collect()
    }

    fn about(&self, call: &str, resource: &str) -> Question {
        let question = template(&self.node.subject, &format!("organizations:{call}"), "");
        // The organization is the management account's; whether its own policy lets a member in, the path says is not known.
        let resource_account = Some(self.node.subject.account);
        Question { resource: resource.to_owned(), resource_account, ..question }
    }

    fn arn(&self, kind: &str, id: &str) -> String {
        let own = self.node.subject.account;
        let management = self.organization.management_account.value().copied().unwrap_or(own);
        let organization = self.organization.id.value().map_or("o-unknown", String::as_str);
        let partition = self.node.subject.arn.partition();
        format!("arn:{partition}:organizations::{management}:{kind}/{organization}/{id}")
    }

    fn policy_arn(&self, policy: &OrganizationPolicy) -> String {
        let kind = policy.kind.to_ascii_lowercase();
        if policy.aws_managed {
            let partition = self.node.subject.arn.partition();
            return format!("arn:{partition}:organizations::aws:policy/{kind}/{}", policy.id);
        }
        self.arn("policy", &format!("{kind}/{}", policy.id))
    }
}

fn of_kind(mut question: Question, kind: &str) -> Question {
    question.context.push(("organizations:PolicyType".to_owned(), Fact::One(kind.to_owned())));
    question
}

/// What an account is afterwards, in words.
fn words(edits: &Edits, account: AccountId) -> String {
    let detached: BTreeSet<&str> = edits
        .iter()
        .filter_map(|edit| match edit {
            Edit::Detached(id, _) => Some(id.as_str()),
            Edit::Left | Edit::Opened(..) | Edit::Moved(_) | Edit::Off(_) => None,
        })
        .collect();
    let of = |edit: &Edit| match edit {
        Edit::Left => format!("with {account} out of its organization"),
        Edit::Moved(parent) => format!("with {account} under {parent}"),
        Edit::Off(kind) if kind.starts_with("SERVICE") => "with SCPs switched off".to_owned(),
        Edit::Off(_) => "with RCPs switched off".to_owned(),
        Edit::Opened(_, node) => format!("with AWS's policy that allows everything on {node}"),
        Edit::Detached(..) => {
            let names: Vec<&str> = detached.iter().copied().collect();
            format!("with {account} free of {}", names.join(", "))
        }
    };
    let words: BTreeSet<String> = edits.iter().map(of).collect();
    words.into_iter().collect::<Vec<_>>().join(" and ")
}

impl World<'_> {
    /// Notes which node a user or role is.
    fn put(&mut self, kind: Kind, place: usize, node: NodeId) {
        let nodes = if kind == Kind::Role { &mut self.role_nodes } else { &mut self.user_nodes };
        if let Some(slot) = nodes.get_mut(place) {
            *slot = Some(node);
        }
    }
}
