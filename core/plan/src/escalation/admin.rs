//! Who is an administrator, and who would be with every permission.

use fixedbitset::FixedBitSet;
use kagimori_estate::access::{Access, Graded, May, Question, Subject};
use kagimori_policy::request::Fact;
use kagimori_trail::redact;

use super::powers::{may, template};
use super::world::{Kind, World};
use super::{Graph, NodeId};

/// Calls that hand out permissions, in families; each with the kind of identity it acts on. The first two families write
/// permissions directly.
const FAMILIES: [&[(&str, &str)]; 6] = [
    &[("iam:AttachUserPolicy", "user"), ("iam:PutUserPolicy", "user")],
    &[("iam:AttachRolePolicy", "role"), ("iam:PutRolePolicy", "role")],
    &[("iam:AttachGroupPolicy", "group"), ("iam:PutGroupPolicy", "group")],
    &[("iam:CreatePolicyVersion", "policy")],
    &[("iam:UpdateAssumeRolePolicy", "role")],
    &[
        ("iam:CreateAccessKey", "user"),
        ("iam:CreateLoginProfile", "user"),
        ("iam:UpdateLoginProfile", "user"),
    ],
];

/// How surely a principal is an administrator: see [`super`].
pub(super) fn administrator(access: &Access<'_>, subject: &Subject) -> May {
    let [users, roles, others @ ..] = FAMILIES;
    let own = [users, roles].map(|family| grade(access, subject, family));
    // Who writes neither users' nor roles' policies is none: nearly everybody, and known at once.
    if own == [May::No; 2] {
        return May::No;
    }
    let own = own.into_iter().chain(others.iter().map(|family| grade(access, subject, family)));
    let mut unlimited = None;
    let mut least = May::Surely;
    for (family, own) in FAMILIES.iter().zip(own) {
        if own > May::No {
            least = least.min(own);
            continue;
        }
        let unlimited = unlimited.get_or_insert_with(|| access.unlimited(subject));
        if grade(access, unlimited, family) > May::No {
            return May::No;
        }
    }
    least
}

/// The surest call of a family, on an identity that no policy names and that has neither boundary nor tags.
fn grade(access: &Access<'_>, subject: &Subject, family: &[(&str, &str)]) -> May {
    let mut best = May::No;
    for call in family {
        best = best.max(may(access, subject, &probe(subject, *call)));
        if best == May::Surely {
            break;
        }
    }
    best
}

fn probe(subject: &Subject, (action, kind): (&str, &str)) -> Question {
    let mut question = template(subject, action, "");
    question.resource =
        format!("arn:{}:iam::{}:{kind}/kagimori-probe", subject.arn.partition(), subject.account);
    question.context.push(("iam:PermissionsBoundary".to_owned(), Fact::Absent));
    question
}

/// What being an administrator hangs on: of the first family that hangs on something, the surest call's condition.
pub(super) fn condition(access: &Access<'_>, subject: &Subject) -> Option<String> {
    let uncertain = FAMILIES.iter().find(|family| grade(access, subject, family) == May::If)?;
    let questions = uncertain.iter().map(|call| probe(subject, *call));
    let question = questions.rev().max_by_key(|question| may(access, subject, question))?;
    let condition = access.ask(subject, &question).decision.allowed_if.to_string();
    Some(redact::policy(&condition).into_owned())
}

/// How surely a subject would be an administrator if some policy of its own allowed everything: what its policies deny, its
/// boundary and the guardrails can be in the way.
pub(super) fn promise_of(access: &Access<'_>, subject: &Subject) -> May {
    administrator(access, &access.with_every_permission(subject))
}

impl Graph<'_> {
    pub(super) fn judge_administrators(&mut self) {
        for node in &mut self.nodes {
            node.administrator = administrator(&self.access, &node.subject);
        }
    }

    /// How surely a principal would be an administrator if its identity policies allowed everything: only its boundary and
    /// the guardrails can be in the way.
    pub(super) fn promise(&self, node: NodeId) -> May {
        let Some(node) = self.node(node) else { return May::No };
        if node.is_sink { May::No } else { promise_of(&self.access, &node.subject) }
    }

    /// The users or roles of a world whom any permission would make administrators, if they had no boundary.
    pub(super) fn promising_unbounded<'w>(&self, world: &'w World<'_>, kind: Kind) -> &'w Graded {
        let (cell, nodes) = match kind {
            Kind::Role => (&world.unbounded_roles, &world.role_nodes),
            _ => (&world.unbounded_users, &world.user_nodes),
        };
        cell.get_or_init(|| {
            let mut graded = Graded::none(nodes.len());
            for (place, node) in nodes.iter().enumerate() {
                let node = node.and_then(|id| self.node(id)).filter(|node| !node.is_sink);
                let free = node.and_then(|node| self.access.bounded(&node.subject, None));
                let mut one = FixedBitSet::with_capacity(nodes.len());
                one.insert(place);
                graded.add(&one, free.map_or(May::No, |free| promise_of(&self.access, &free)));
            }
            graded
        })
    }

    /// The users or roles of a world whom any permission would make administrators.
    pub(super) fn promising<'w>(&self, world: &'w World<'_>, kind: Kind) -> &'w Graded {
        let (cell, nodes) = match kind {
            Kind::Role => (&world.promising_roles, &world.role_nodes),
            _ => (&world.promising_users, &world.user_nodes),
        };
        cell.get_or_init(|| {
            let mut graded = Graded::none(nodes.len());
            for (place, node) in nodes.iter().enumerate() {
                let mut one = FixedBitSet::with_capacity(nodes.len());
                one.insert(place);
                graded.add(&one, node.map_or(May::No, |node| self.promise(node)));
            }
            graded
        })
    }
}
