//! Limits of one's own that one may take away: a permissions boundary, a policy that denies, a group, a tag, a name; and the
//! versions that one's policies have beside the default.
//!
//! Each leads to the principal as it would be afterwards, which is asked everything again; so a boundary goes first and the
//! Deny behind it next. What is only granted is not taken away here.

use std::collections::{BTreeMap, BTreeSet};

use kagimori_estate::access::{May, Question, Subject};
use kagimori_policy::pattern::matches;
use kagimori_policy::request::Fact;

use super::catalogue::{Gain, paths};
use super::possible::{ANY, shown};
use super::powers::{Powers, may, template};
use super::world::{Kind, World};
use super::{Graph, Node};

/// The values of one tag that are tried; one more stands for the rest.
pub(super) const VALUES_MAX: usize = 8;

/// A limit that a principal may take away.
#[derive(Clone, Debug)]
pub(super) struct Removal {
    /// The path's place in the catalogue.
    pub(super) path: usize,
    /// The request that takes it away.
    pub(super) question: Question,
    /// One more that it takes.
    pub(super) also: Option<Question>,
    pub(super) may: May,
    /// The principal afterwards.
    pub(super) subject: Subject,
    /// What it is afterwards, in words.
    pub(super) words: String,
    /// It stands for others that are not tried.
    pub(super) is_cut: bool,
}

/// The place of the path that takes a limit away by an action.
fn path_of(action: &str) -> Option<usize> {
    let is_it = |path: &super::catalogue::PathKind| {
        path.gains == Gain::Freed && path.needs.iter().any(|need| need.action == action)
    };
    paths().iter().position(is_it)
}

impl Graph<'_> {
    /// The limits that a principal may take away from itself.
    pub(super) fn removals(&self, node: &Node) -> Vec<Removal> {
        let Some(world) = self.world(node.world) else { return Vec::new() };
        let one = Remover { graph: self, node, world };
        let mut found = one.boundary();
        found.extend(one.versions());
        found.extend(one.policies());
        found.extend(one.groups());
        found.extend(one.tags());
        found.extend(one.names());
        found
    }
}

struct Remover<'g> {
    graph: &'g Graph<'g>,
    node: &'g Node,
    world: &'g World<'g>,
}

impl Remover<'_> {
    fn is_role(&self) -> bool {
        self.node.kind == Kind::Role
    }

    /// `iam:DeleteUserPolicy`, of a role `iam:DeleteRolePolicy`.
    fn action(&self, before: &str, after: &str) -> String {
        format!("iam:{before}{}{after}", if self.is_role() { "Role" } else { "User" })
    }

    fn removal(&self, question: Question, subject: Option<Subject>, words: String) -> Option<Removal> {
        let path = path_of(&question.action)?;
        let own = &self.node.subject;
        let may = may(&self.graph.access, own, &question);
        let subject = subject.filter(|_| may > May::No)?;
        Some(Removal { path, question, also: None, may, subject, words, is_cut: false })
    }

    /// A question about the principal itself.
    fn on_itself(&self, action: &str, context: &[(&str, &str)]) -> Question {
        let mut template = template(&self.node.subject, action, "");
        template.context.extend(context.iter().map(|(key, value)| one(key, value)));
        let mut question = self.world.targets(self.node.kind).question(&template, self.node.place);
        // What the call sets is said by the call, not by what was there before.
        for (key, value) in context {
            question.context.push(one(key, value));
        }
        question
    }

    fn boundary(&self) -> Vec<Removal> {
        let subject = &self.node.subject;
        let Some(boundary) = self.world.boundary(self.node.kind, self.node.place) else { return Vec::new() };
        if !subject.is_bounded() {
            return Vec::new();
        }
        let free = || self.graph.access.bounded(subject, None);
        let words = || "without its permissions boundary".to_owned();
        let open = format!("arn:{}:iam::aws:policy/AdministratorAccess", subject.arn.partition());
        let delete = self.on_itself(&self.action("Delete", "PermissionsBoundary"), &[]);
        let put =
            self.on_itself(&self.action("Put", "PermissionsBoundary"), &[("iam:PermissionsBoundary", &open)]);
        let mut found: Vec<Removal> = Vec::new();
        found.extend(self.removal(delete, free(), words()));
        found.extend(self.removal(put, free(), words()));
        if let Some(place) = self.world.policies.place(boundary) {
            let template = template(subject, "iam:CreatePolicyVersion", "");
            let rewrite = self.world.policies.question(&template, place);
            let rewritten = "with a permissions boundary of its own making".to_owned();
            found.extend(self.removal(rewrite, free(), rewritten));
        }
        found
    }

    /// Policies that deny something: its own, and those of its groups.
    fn policies(&self) -> Vec<Removal> {
        let subject = &self.node.subject;
        let mut found = Vec::new();
        for name in self.graph.access.denying(subject) {
            let without = self.graph.access.without(subject, name);
            let words = format!("without {name}");
            for question in self.taking_away(name) {
                found.extend(self.removal(question, without.clone(), words.clone()));
            }
        }
        found
    }

    /// Older versions of its own policies, made the default.
    fn versions(&self) -> Vec<Removal> {
        let subject = &self.node.subject;
        let template = template(subject, "iam:SetDefaultPolicyVersion", "");
        if !self.graph.access.is_candidate(subject, &template) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for place in 0..self.world.policies.len() {
            let policy = self.world.policies.arn(place);
            for (version, with) in self.graph.access.with_versions(subject, policy) {
                let question = self.world.policies.question(&template, place);
                found.extend(self.removal(
                    question,
                    Some(with),
                    format!("with version {version} of {policy}"),
                ));
            }
        }
        found
    }

    /// The calls that take a policy away from a principal: from itself, or from a group of it.
    fn taking_away(&self, policy: &str) -> Vec<Question> {
        let own = self.node.subject.arn.as_str();
        let is_inline_of =
            |owner: &str| policy.starts_with("inline policy ") && policy.ends_with(&format!(" of {owner}"));
        let mut questions = Vec::new();
        if is_inline_of(own) {
            questions.push(self.on_itself(&self.action("Delete", "Policy"), &[]));
        }
        if self.world.has_attached(self.node.kind, self.node.place, policy) {
            questions.push(self.on_itself(&self.action("Detach", "Policy"), &[("iam:PolicyARN", policy)]));
        }
        for group in self.own_groups() {
            let Some(arn) = self.world.group_arn(group) else { continue };
            let on_group = |action: &str| {
                let mut question =
                    self.world.groups.question(&template(&self.node.subject, action, ""), group);
                question.context.push(one("iam:PolicyARN", policy));
                question
            };
            if is_inline_of(arn) {
                questions.push(on_group("iam:DeleteGroupPolicy"));
            } else if self.world.group_has_attached(group, policy) {
                questions.push(on_group("iam:DetachGroupPolicy"));
            }
        }
        questions
    }

    fn own_groups(&self) -> Vec<usize> {
        let is_user = self.node.kind == Kind::User;
        if is_user { self.world.own_groups(self.node.place).ones().collect() } else { Vec::new() }
    }

    /// Groups whose policies deny something.
    fn groups(&self) -> Vec<Removal> {
        let subject = &self.node.subject;
        let denying = self.graph.access.denying(subject);
        if denying.is_empty() {
            return Vec::new();
        }
        let leave = |group: usize| {
            let (name, arn) = (self.world.group_names.get(group)?, self.world.group_arn(group)?);
            let denies = |policy: &&&str| {
                policy.ends_with(&format!(" of {arn}")) || self.world.group_has_attached(group, policy)
            };
            denying.iter().find(denies)?;
            let question = template(subject, "iam:RemoveUserFromGroup", "");
            let question = self.world.groups.question(&question, group);
            self.removal(
                question,
                self.graph.access.as_leaver(subject, name),
                format!("out of the group {name}"),
            )
        };
        self.own_groups().into_iter().filter_map(leave).collect()
    }

    /// Names and paths that a policy asks for (IAM API `UpdateUser`: "you must have the appropriate permissions on both the source
    /// object, or the pre-change name, and the target object"). A policy that names the user as its principal goes on naming it.
    fn names(&self) -> Vec<Removal> {
        const RENAME: &str = "iam:UpdateUser";
        let (subject, access) = (&self.node.subject, &self.graph.access);
        let is_asked =
            ["aws:username", "aws:principalarn"].iter().any(|key| self.graph.condition_keys.contains(*key));
        let before = self.on_itself(RENAME, &[]);
        if self.is_role() || !is_asked || may(access, subject, &before) == May::No {
            return Vec::new();
        }
        let kind = format!("arn:{}:iam::{}:user/*", subject.arn.partition(), subject.account);
        let powers = Powers::new(access, subject, self.world);
        let likes = self.names_asked();
        let likes: Vec<&String> = likes.iter().collect();
        let (names, is_cut) = powers.names_like(&kind, &[RENAME], &likes);
        // One that some policy asks for, or one that none names.
        let is_new = |name: &String| {
            let is_asked =
                likes.iter().any(|like| matches(like, name)) || name.ends_with(&format!(":user/{ANY}"));
            is_asked && !self.world.has(name)
        };
        let one = |(place, name): (usize, String)| {
            let after = Question { resource: name.clone(), ..before.clone() };
            let words = format!("named {}", shown(kagimori_id::arn::padded_parts(&name)[5]));
            let removal = self.removal(after, Some(access.renamed(subject, &name)?), words)?;
            let may = removal.may.min(may(access, subject, &before));
            Some(Removal {
                may,
                is_cut: place >= VALUES_MAX || is_cut,
                also: Some(before.clone()),
                ..removal
            })
        };
        names
            .into_iter()
            .filter(is_new)
            .enumerate()
            .take(VALUES_MAX.saturating_add(1))
            .filter_map(one)
            .collect()
    }

    /// The ARNs that users are known by, where a policy compares their ARN or their name.
    fn names_asked(&self) -> BTreeSet<String> {
        let access = &self.graph.access;
        let subject = &self.node.subject;
        let asked = |key: &str| {
            let own = access.values_asked(subject, key);
            let by_trust = access.values_asked_by_trust(key);
            let whole = |mut found: BTreeMap<String, BTreeSet<String>>| found.remove("").unwrap_or_default();
            whole(own).into_iter().chain(whole(by_trust)).filter(|value| !value.contains("${"))
        };
        let arn =
            |name: String| format!("arn:{}:iam::{}:user/{name}", subject.arn.partition(), subject.account);
        asked("aws:principalarn").chain(asked("aws:username").map(arn)).collect()
    }

    /// Tags that a policy asks for.
    fn tags(&self) -> Vec<Removal> {
        let subject = &self.node.subject;
        let (tag, untag) = (self.action("Tag", ""), self.action("Untag", ""));
        let is_candidate =
            |action: &str| self.graph.access.is_candidate(subject, &template(subject, action, ""));
        if !is_candidate(&tag) && !is_candidate(&untag) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for (key, values) in self.tags_asked() {
            for (place, value) in values.iter().enumerate().take(VALUES_MAX.saturating_add(1)) {
                let mut question = self.on_itself(&tag, &[(&format!("aws:RequestTag/{key}"), value)]);
                question.context.push(("aws:TagKeys".to_owned(), Fact::Many(vec![key.clone()])));
                let tagged = self.graph.access.tagged(subject, &key, Some(value));
                let removal = self.removal(question, Some(tagged), format!("tagged {key}={value}"));
                found.extend(removal.map(|removal| Removal { is_cut: place >= VALUES_MAX, ..removal }));
            }
            let mut question = self.on_itself(&untag, &[]);
            question.context.push(("aws:TagKeys".to_owned(), Fact::Many(vec![key.clone()])));
            let untagged = self.graph.access.tagged(subject, &key, None);
            found.extend(self.removal(question, Some(untagged), format!("without the tag {key}")));
        }
        found
    }

    /// The tags of principals that policies ask for, with values worth trying, the likeliest first: those they are compared
    /// with, those of resources, where a policy compares the two, and one that no policy names.
    fn tags_asked(&self) -> Vec<(String, Vec<String>)> {
        const BEGINNING: &str = "aws:principaltag/";
        let access = &self.graph.access;
        let own = access.values_asked(&self.node.subject, BEGINNING);
        let by_trust = access.values_asked_by_trust(BEGINNING);
        let keys = self.graph.condition_keys.iter().filter_map(|key| key.strip_prefix(BEGINNING));
        keys.map(|key| {
            let asked = own.get(key).into_iter().chain(by_trust.get(key)).flatten().cloned();
            let asked = asked.filter(|value| !value.contains("${"));
            let others = self.world.tag_values(key).into_iter().chain(["another-value".to_owned()]);
            let mut values: Vec<String> = Vec::new();
            for value in asked.chain(others) {
                if !values.contains(&value) {
                    values.push(value);
                }
            }
            (key.to_owned(), values)
        })
        .collect()
    }
}

fn one(key: &str, value: &str) -> (String, Fact) {
    (key.to_owned(), Fact::One(value.to_owned()))
}
