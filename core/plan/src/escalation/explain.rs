//! The steps of a route with their witnesses: the requests that make it possible, each decided once more by the evaluator that
//! says why.

use kagimori_estate::access::{Answered, May, Question, Subject};
use kagimori_policy::decision::Answer;
use kagimori_policy::document::Effect;
use kagimori_policy::policies::{Layer, StatementRef};
use kagimori_policy::print::print_statement;
use kagimori_policy::reference;
use kagimori_policy::request::Fact;
use kagimori_trail::redact;

use super::catalogue::{Gain, Need, On, PathKind, Precondition, Victim, paths};
use super::edges::REMOVALS_MAX;
use super::possible::{Choice, is_possible, shown};
use super::powers::{Attached, POLICY_ARN, Powers, assume_role_by, kind, may, on_provider, template};
use super::reach::{Hop, Means, Reached, Route};
use super::rearranged::Offer;
use super::removed::VALUES_MAX;
use super::unfollowed::Taker;
use super::world::{Kind, World, assume_role, besides};
use super::{Graph, Node, Way};

/// Before the name of a policy whose document is not known.
pub(super) const WANT: &str = "for want of ";

/// One step of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// The path of the catalogue; `None`: what an administrator may do anyway.
    pub path: Option<&'static PathKind>,
    /// The ARN of who acts.
    pub from: String,
    /// The group it has joined before, by its name.
    pub member_of: Option<String>,
    /// How else it is another than the snapshot says: `without its permissions boundary`.
    pub changed: Option<String>,
    /// The ARN of what is acted upon.
    pub victim: String,
    /// The ARN of whom it acts as after this step.
    pub to: String,
    /// It has any permission after this step that its boundary and the guardrails leave.
    pub any_permission: bool,
    /// How else it is another after this step.
    pub becomes: Option<String>,
    /// What must hold for it, in words; empty when it is sure.
    pub conditions: Vec<String>,
    /// The requests, in the order of the path's actions.
    pub witnesses: Vec<Witness>,
}

/// A request that makes a step possible, and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Witness {
    /// Who asks: an ARN, or a service.
    pub principal: String,
    /// What.
    pub action: String,
    /// On what: an ARN, or a pattern of ARNs where any will do.
    pub resource: String,
    /// Condition keys of the request beside those of the principal, with their values; `None`: absent.
    pub context: Vec<(String, Option<String>)>,
    /// Allowed for sure?
    pub is_sure: bool,
    /// Otherwise: allowed if this holds.
    pub allowed_if: Option<String>,
    /// The statements of identity policies and of the resource that allow it.
    pub because: Vec<Because>,
}

/// A statement that allows a witness.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Because {
    /// The policy: `inline policy "x" of …`, an ARN.
    pub policy: String,
    /// The file it was read from.
    pub file: Option<String>,
    /// It is the policy of the resource: a role's trust policy.
    pub of_resource: bool,
    /// The statement's number in the policy, from 1.
    pub number: usize,
    /// Its Sid.
    pub sid: Option<String>,
    /// Its text.
    pub statement: String,
    /// Without it the step is gone: the request is denied, and no other resource would do.
    pub is_needed: bool,
}

/// A statement without which a way is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cut<'s> {
    /// The step it makes possible.
    pub step: &'s Step,
    /// The action to take out of it.
    pub action: &'s str,
    /// Where it stands.
    pub because: &'s Because,
}

/// The first statement of a way that cannot be done without.
pub fn cut(steps: &[Step]) -> Option<Cut<'_>> {
    steps.iter().find_map(|step| {
        let mut own = step.witnesses.iter().filter(|witness| witness.principal.starts_with("arn:"));
        own.find_map(|witness| {
            let because = witness.because.iter().find(|because| because.is_needed)?;
            Some(Cut { step, action: &witness.action, because })
        })
    })
}

/// A request of a step.
struct Asked {
    subject: Subject,
    question: Question,
    /// The resource's trust policy is as the caller writes it.
    once_trusted: bool,
    /// No other request would do instead.
    is_only: bool,
}

impl Graph<'_> {
    /// The steps of a route.
    pub fn steps(&self, route: &Route) -> Vec<Step> {
        let mut steps: Vec<Step> = route.hops.iter().filter_map(|hop| self.step(hop)).collect();
        // What is reached last is worth as much as it is an administrator.
        if let (Some(step), Some(Hop { to: Reached::Node(to), .. })) = (steps.last_mut(), route.hops.last())
            && let Some(reached) = self.node(*to).filter(|node| route.to_administrator || node.is_cut)
        {
            step.conditions.extend(self.of_administrator(reached));
        }
        steps
    }

    pub(super) fn step(&self, hop: &Hop) -> Option<Step> {
        let node = self.node(hop.from)?;
        let from = node.subject.arn.to_string();
        let (member_of, changed) = (self.group_of(node), self.changed(node));
        let Means::Path { path, world, victim } = hop.means else {
            let Reached::Node(target) = hop.to else { return None };
            let to = self.node(target)?.subject.arn.to_string();
            return Some(Step {
                path: None,
                from,
                member_of,
                changed,
                victim: to.clone(),
                to,
                any_permission: false,
                becomes: None,
                conditions: self.of_administrator(node),
                witnesses: Vec::new(),
            });
        };
        let (path, world) = (paths().get(path)?, self.world(world)?);
        let powers = self.powers(node, world);
        let choice = powers.requests(path);
        let made = || {
            choice.made.as_deref().map(shown).unwrap_or_else(|| "a user of IAM Identity Center".to_owned())
        };
        let offer = match hop.to {
            Reached::Node(to) if path.gains == Gain::Arranged => self.offer_to(node, to, path),
            _ => None,
        };
        let asked = match path.gains {
            Gain::Freed => self.asked_of_removal(node, hop, path)?,
            Gain::Arranged => asked_of_offer(node, offer.as_ref()?),
            _ => self.all_asked(&powers, path, victim, &choice),
        };
        let victim_arn = match path.gains {
            Gain::Freed => shown(&asked.first()?.question.resource),
            Gain::Arranged => offer?.victim,
            Gain::Through => from.clone(),
            _ if path.victim == Victim::Made => made(),
            _ => world.targets(kind(path.victim)).arn(victim).to_owned(),
        };
        let mut conditions = conditions(path, world, victim);
        if path.elsewhere {
            conditions.extend(elsewhere(&powers, path, victim));
        }
        conditions.extend(asked.iter().filter_map(|asked| unread(&powers, asked)));
        let witnesses: Vec<Witness> = asked.iter().map(|asked| self.witness(asked)).collect();
        conditions.extend(witnesses.iter().filter_map(|witness| witness.allowed_if.clone()));
        conditions.dedup();
        let is_identity = matches!(kind(path.victim), Kind::User | Kind::Role) || path.victim == Victim::Made;
        let to = match path.gains {
            Gain::Victim | Gain::Unbounded | Gain::Assumes => victim_arn.clone(),
            Gain::Permissions if is_identity => victim_arn.clone(),
            Gain::NewMember => made(),
            Gain::Permissions | Gain::Membership | Gain::Freed | Gain::Arranged | Gain::Through => {
                from.clone()
            }
        };
        let Reached::Node(reached) = hop.to else {
            return Some(Step {
                path: Some(path),
                from,
                member_of,
                changed,
                victim: victim_arn,
                to,
                any_permission: true,
                becomes: None,
                conditions,
                witnesses,
            });
        };
        let becomes = self.node(reached).and_then(|reached| self.changed(reached));
        Some(Step {
            path: Some(path),
            from,
            member_of,
            changed,
            victim: victim_arn,
            to,
            any_permission: false,
            becomes,
            conditions,
            witnesses,
        })
    }

    fn group_of(&self, node: &Node) -> Option<String> {
        let (Way::Joined(group) | Way::New(group)) = node.instead.as_ref()? else { return None };
        Some((*self.world(node.world)?.group_names.get(*group)?).to_owned())
    }

    fn changed(&self, node: &Node) -> Option<String> {
        match node.instead.as_ref()? {
            Way::Freed { words, .. } | Way::Arranged { words } => Some(words.clone()),
            Way::Unbounded => Some("without its permissions boundary".to_owned()),
            Way::Assuming => Some("to assume other roles with".to_owned()),
            Way::Through { service, .. } => Some(format!("through {service}")),
            Way::Joined(_) | Way::New(_) => None,
        }
    }

    /// The request that takes a limit away.
    fn asked_of_removal(&self, node: &Node, hop: &Hop, path: &'static PathKind) -> Option<Vec<Asked>> {
        let Reached::Node(to) = hop.to else { return None };
        let shape = self.node(to)?.subject.shape();
        let is_it = |removal: &super::removed::Removal| {
            paths().get(removal.path).is_some_and(|found| found.id == path.id)
                && removal.subject.shape() == shape
        };
        let removal = self.removals(node).into_iter().filter(is_it).max_by_key(|removal| removal.may)?;
        let questions = [Some(removal.question), removal.also].into_iter().flatten();
        let asked = |question: Question| Asked {
            subject: node.subject.clone(),
            question,
            once_trusted: false,
            is_only: false,
        };
        Some(questions.map(asked).collect())
    }

    /// The requests of a path, need by need.
    fn all_asked(
        &self,
        powers: &Powers<'_>,
        path: &'static PathKind,
        victim: usize,
        choice: &Choice,
    ) -> Vec<Asked> {
        let mut asked: Vec<Asked> = self.asked_to_unbind(powers, path, victim).into_iter().collect();
        for (place, need) in path.needs.iter().enumerate() {
            if is_possible(need.on) {
                let own = choice.asked.iter().filter(|(own, _)| *own == place);
                asked.extend(own.map(|(_, found)| Asked {
                    subject: powers.by(&found.question.action).clone(),
                    question: found.question.clone(),
                    once_trusted: found.once_trusted,
                    is_only: found.is_only,
                }));
            } else {
                asked.extend(self.asked(powers, path, need, victim));
            }
        }
        let later = choice.asked.iter().filter(|(own, _)| *own == path.needs.len());
        asked.extend(later.map(|(_, found)| {
            let subject = found.by.clone().unwrap_or_else(|| powers.subject.clone());
            Asked { subject, question: found.question.clone(), once_trusted: false, is_only: false }
        }));
        asked.extend(path.beside.as_deref().and_then(|service| self.asked_besides(powers, path, service)));
        asked
    }

    /// Passing some role to another service besides.
    fn asked_besides(
        &self,
        powers: &Powers<'_>,
        path: &'static PathKind,
        service: &'static str,
    ) -> Option<Asked> {
        let need = path.needs.iter().find(|need| need.on == On::Passed)?;
        let (subject, world) = (powers.by(&need.action), powers.world);
        let trusting = world.trusting_service(service)?;
        let pass = |place: usize| world.roles.question(&template(subject, &need.action, service), place);
        let grade = |place: &usize| may(&self.access, subject, &pass(*place)).min(trusting.may(*place));
        let best = trusting.open.ones().max_by_key(grade)?;
        Some(Asked { subject: subject.clone(), question: pass(best), once_trusted: false, is_only: false })
    }

    /// Taking the victim's boundary off first, where any permission is worth more without it.
    fn asked_to_unbind(&self, powers: &Powers<'_>, path: &PathKind, victim: usize) -> Option<Asked> {
        let kind = match path.victim {
            Victim::User => Kind::User,
            Victim::Role => Kind::Role,
            _ => return None,
        };
        let is_bounded = path.gains == Gain::Permissions && powers.world.is_bounded(kind, victim);
        let loosened = is_bounded.then(|| self.loosened(powers, kind, victim)).flatten()?;
        let unbound = self.promising_unbounded(powers.world, kind).may(victim).min(loosened.may);
        let is_needed = self.promising(powers.world, kind).may(victim) < unbound;
        let (subject, question) = (loosened.by, loosened.question);
        is_needed.then_some(Asked { subject, question, once_trusted: false, is_only: false })
    }

    /// What it hangs on that a user or role is an administrator as it stands.
    pub fn administrator_if(&self, arn: &str) -> Vec<String> {
        let node = self.by_arn.get(arn).and_then(|id| self.node(*id));
        node.map(|node| self.of_administrator(node)).unwrap_or_default()
    }

    /// What being an administrator hangs on, where it is not sure.
    fn of_administrator(&self, node: &Node) -> Vec<String> {
        match node.administrator {
            May::If => super::admin::condition(&self.access, &node.subject).into_iter().collect(),
            May::Unknown => {
                if node.is_cut {
                    return vec![format!(
                        "not followed: more than {REMOVALS_MAX} ways of taking limits from itself, or {VALUES_MAX} values of a tag"
                    )];
                }
                let missing: Vec<&str> =
                    node.subject.missing().iter().map(|document| document.name.as_str()).collect();
                vec![format!("not known: whether that is an administrator, {WANT}{}", missing.join(", "))]
            }
            May::No | May::Surely => Vec::new(),
        }
    }

    /// The requests that a need comes to for one victim.
    fn asked(&self, powers: &Powers<'_>, path: &'static PathKind, need: &Need, victim: usize) -> Vec<Asked> {
        let (subject, world) = (powers.by(&need.action), powers.world);
        let on = |question: Question| Asked {
            subject: subject.clone(),
            question,
            once_trusted: false,
            is_only: true,
        };
        let one_of = |question: Question| Asked { is_only: false, ..on(question) };
        let targets = world.targets(kind(path.victim));
        match need.on {
            On::Victim => {
                let question = targets.question(&template(subject, &need.action, ""), victim);
                let grade = |attached: &&Attached| {
                    may(&self.access, subject, &attached.put(question.clone())).min(attached.may)
                };
                let Some(best) = powers.attachable(&need.action).iter().rev().max_by_key(grade) else {
                    return Vec::new();
                };
                let created = best.created.iter().cloned().map(one_of);
                created.chain([on(best.put(question.clone()))]).collect()
            }
            On::Assumed => vec![on(world.roles.question(&assume_role_by(subject), victim))],
            On::AssumedOnceTrusted => {
                let question = world.roles.question(&assume_role_by(subject), victim);
                vec![Asked { once_trusted: true, ..on(question) }]
            }
            On::PolicyOfVictim => {
                let template = template(subject, &need.action, "");
                let attached = (0..world.policies.len()).filter(|policy| world.is_attached(*policy, victim));
                let questions = attached.map(|policy| world.policies.question(&template, policy));
                let best = questions.rev().max_by_key(|question| may(&self.access, subject, question));
                best.map(one_of).into_iter().collect()
            }
            On::ProviderOfVictim => {
                let trusted = powers.providers(path).into_iter();
                let best = trusted.max_by_key(|(_, trusting, may)| trusting.may(victim).min(*may));
                let question = best.map(|(provider, ..)| on_provider(subject, need, provider));
                question.map(one_of).into_iter().collect()
            }
            On::Passed => self.passed(powers, path, need, victim),
            On::Limit | On::Anything | On::NewUser | On::NewRole | On::NewGroup | On::NewInstanceProfile => {
                Vec::new()
            }
        }
    }

    /// Passing a role, and the service assuming it.
    fn passed(&self, powers: &Powers<'_>, path: &'static PathKind, need: &Need, victim: usize) -> Vec<Asked> {
        let (subject, world) = (powers.by(&need.action), powers.world);
        let pass = |service: &str| world.roles.question(&template(subject, &need.action, service), victim);
        let grade = |service: &&str| {
            let trusting = world.trusting_service(service).map_or(May::No, |graded| graded.may(victim));
            trusting.min(may(&self.access, subject, &pass(service)))
        };
        let services = powers.services(path);
        let Some(service) = services.iter().copied().rev().max_by_key(grade) else { return Vec::new() };
        let is_only = services.len() == 1 && !path.elsewhere;
        let mut asked =
            vec![Asked { subject: subject.clone(), question: pass(service), once_trusted: false, is_only }];
        if let Some(caller) = world.service(&self.access, service) {
            let question = world.roles.question(&assume_role(), victim);
            // A provider is no service: its condition is told in words.
            if self.access.may(&caller, &question) > May::No {
                for action in besides(service) {
                    let question = Question { action: (*action).to_owned(), ..question.clone() };
                    asked.push(Asked { subject: caller.clone(), question, once_trusted: false, is_only });
                }
                asked.push(Asked { subject: caller, question, once_trusted: false, is_only });
            }
        }
        asked
    }

    fn witness(&self, asked: &Asked) -> Witness {
        let answered = if asked.once_trusted {
            self.access.ask_once_trusted(&asked.subject, &asked.question)
        } else {
            self.access.ask(&asked.subject, &asked.question)
        };
        let is_sure = answered.decision.answer == Answer::Allowed;
        let value = |fact: &Fact| match fact {
            Fact::One(text) => Some(text.clone()),
            Fact::Many(texts) => Some(texts.join(", ")),
            Fact::Absent | Fact::Present | Fact::Unknown => None,
        };
        let principal = match &asked.subject.principal {
            kagimori_policy::request::Principal::Service { name } => name.clone(),
            _ => asked.subject.arn.to_string(),
        };
        Witness {
            principal,
            action: asked.question.action.clone(),
            resource: shown(&asked.question.resource),
            context: asked.question.context.iter().map(|(key, fact)| (key.clone(), value(fact))).collect(),
            is_sure,
            allowed_if: (!is_sure)
                .then(|| redact::policy(&answered.decision.allowed_if.to_string()).into_owned()),
            because: because(&answered, asked),
        }
    }
}

/// The requests that make the organization another.
fn asked_of_offer(node: &Node, offer: &Offer) -> Vec<Asked> {
    let asked = |question: &Question| Asked {
        subject: node.subject.clone(),
        question: question.clone(),
        once_trusted: false,
        is_only: offer.questions.len() == 1,
    };
    offer.questions.iter().map(asked).collect()
}

/// What no snapshot tells.
fn conditions(path: &PathKind, world: &World<'_>, victim: usize) -> Vec<String> {
    let open = path.requires.iter().filter(|precondition| {
        world
            .holding(**precondition, kind(path.victim))
            .is_some_and(|graded| graded.may(victim) != May::Surely)
    });
    let mut conditions: Vec<String> = open.map(|precondition| precondition.condition().to_owned()).collect();
    if path.requires.contains(&Precondition::NoProvider) && !world.knows_providers(path) {
        conditions.push(Precondition::NoProvider.condition().to_owned());
    }
    conditions.extend(path.given.clone());
    conditions.extend(path.unknown.as_ref().map(|what| format!("not known: {what}")));
    conditions
}

/// The policy that a request attaches, where its document is not known.
fn unread(powers: &Powers<'_>, asked: &Asked) -> Option<String> {
    let is_it =
        |arn: &str| asked.question.context.contains(&(POLICY_ARN.to_owned(), Fact::One(arn.to_owned())));
    let attachable = powers.attachable(&asked.question.action);
    let policy = attachable.iter().filter_map(Attached::unread).find(|arn| is_it(arn))?;
    Some(format!("not known: whether that is an administrator, {WANT}{policy}"))
}

/// The services to which a role could be passed that no path is about, with the calls that would do it.
fn elsewhere(powers: &Powers<'_>, path: &'static PathKind, victim: usize) -> Option<String> {
    const NAMES_MAX: usize = 3;
    let trusted = |service: &&str| {
        powers.world.trusting_service(service).is_some_and(|trusting| trusting.may(victim) > May::No)
    };
    let service = powers.services(path).into_iter().find(trusted)?;
    let (documented, others): (Vec<Taker>, Vec<Taker>) =
        powers.takers(service).partition(|taker| taker.is_documented);
    let (shown, but) = if documented.is_empty() {
        (others, ", by their parameters: AWS's reference lists no iam:PassRole for them")
    } else {
        (documented, "")
    };
    let names: Vec<&str> = shown.iter().map(|taker| taker.action).take(NAMES_MAX).collect();
    let more = if shown.len() > NAMES_MAX { " …" } else { "" };
    Some(format!("not followed: {service} ({}{more}{but})", names.join(", ")))
}

/// The statements that grant. Guardrails and boundaries only leave what others grant.
fn because(answered: &Answered, asked: &Asked) -> Vec<Because> {
    let granting = answered.decision.decisive.iter().filter(|place| {
        matches!(place.layer, Layer::Identity | Layer::Resource)
            && answered.policies.statement(**place).is_some_and(|found| found.effect == Effect::Allow)
    });
    let quote = |place: &StatementRef| {
        let (statement, origin) = (answered.policies.statement(*place)?, answered.origin(*place)?);
        // What the caller writes itself cannot be taken away.
        let is_there = place.layer != Layer::Resource || !asked.once_trusted;
        Some(Because {
            policy: origin.name.clone(),
            file: origin.file.clone(),
            of_resource: place.layer == Layer::Resource,
            number: place.statement.saturating_add(1),
            sid: statement.sid.clone(),
            statement: redact::policy(&print_statement(statement)).into_owned(),
            is_needed: asked.is_only && is_there && is_needed(answered, *place),
        })
    };
    granting.filter_map(quote).collect()
}

/// Whether the request is denied without a statement: asked again.
fn is_needed(answered: &Answered, place: StatementRef) -> bool {
    let mut policies = answered.policies.clone();
    let document = match place.layer {
        Layer::Identity => policies.identity.get_mut(place.policy),
        _ => policies.resource.as_mut(),
    };
    let Some(document) = document.filter(|document| place.statement < document.statements.len()) else {
        return false;
    };
    document.statements.remove(place.statement);
    let answer = reference::decide(&answered.request, &policies).answer;
    matches!(answer, Answer::ImplicitlyDenied(_) | Answer::ExplicitlyDenied(_))
}
