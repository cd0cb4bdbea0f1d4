//! Needs that are about nothing that is there: any resource of a kind would do, or one that the caller makes.
//!
//! What a policy grants on `function:team-*` is granted on some function, so "any" is asked as "is there one": of every kind
//! of resource that a path needs, the candidates are what no policy names (`function:*`, with its star) and what the policies
//! in effect single out. All actions of a path that work on one kind must be allowed on the same candidate: creating
//! `function:a-*` and invoking `function:b-*` is no path. So a candidate is one name that fits its pattern, with [`ANY`] for
//! what may be anything.

use std::collections::BTreeSet;

use kagimori_estate::access::{May, Question, Subject, has_key};
use kagimori_policy::catalogue::Catalogue;
use kagimori_policy::glob::Glob;
use kagimori_policy::pattern::matches;
use kagimori_policy::request::Fact;

use super::admin::promise_of;
use super::catalogue::{Gain, Need, On, PathKind};
use super::powers::{Powers, assume_role_by, may, template};
use super::world::Kind;

/// What stands for any text in a name: no policy begins, or ends, a name so.
pub(super) const ANY: &str = "_any_";

/// A name that fits a pattern.
fn fill(pattern: &str) -> String {
    if pattern == "*" { pattern.to_owned() } else { pattern.replace('*', ANY).replace('?', "x") }
}

/// A name as people read it: with a star where it may be anything.
pub(super) fn shown(name: &str) -> String {
    name.replace(ANY, "*")
}

/// The candidates of one kind that are looked at; policies single out a handful. Of more nobody can tell that none would do.
const CANDIDATES_MAX: usize = 128;

const BOUNDARY: &str = "iam:PermissionsBoundary";
const STACK_ROLE: &str = "cloudformation:RoleArn";

/// A request, or the first of several that go together.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) question: Question,
    /// Who asks, where that is not the caller.
    pub(super) by: Option<Subject>,
    /// The resource's trust policy is as the caller writes it.
    pub(super) once_trusted: bool,
    /// No other resource would do instead.
    pub(super) is_only: bool,
}

/// How surely, and by which requests, in the order of the path's needs.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) may: May,
    pub(super) asked: Vec<(usize, Asked)>,
    /// The identity that is made.
    pub(super) made: Option<String>,
}

/// A permissions boundary that comes off.
#[derive(Clone, Debug)]
pub(super) struct Loosened {
    pub(super) may: May,
    pub(super) question: Question,
    /// The caller, or the identity itself with what its boundary leaves it.
    pub(super) by: Subject,
}

/// The needs of a path that are about one kind of resource.
#[derive(Debug)]
struct Group<'g> {
    /// An ARN with stars for what may be anything; `*` alone: the action has no resource.
    kind: String,
    on: On,
    needs: Vec<(usize, &'g Need)>,
}

/// A resource of a kind, and the boundary it would be made with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    arn: String,
    boundary: Option<String>,
}

/// The requests that take the permissions boundary off a user or role: away, for one that allows everything, or by what it says.
fn loosening(caller: &Subject, kind: Kind, arn: &str, boundary: Option<&str>) -> Vec<Question> {
    let name = if kind == Kind::Role { "Role" } else { "User" };
    let about = |action: String, resource: &str, bound: Option<&str>| {
        let mut question = Question { resource: resource.to_owned(), ..template(caller, &action, "") };
        let bound = bound.filter(|_| has_key(&action, BOUNDARY));
        question.context.extend(bound.map(|bound| (BOUNDARY.to_owned(), Fact::One(bound.to_owned()))));
        question
    };
    let open = format!("arn:{}:iam::aws:policy/AdministratorAccess", caller.arn.partition());
    let mut questions = vec![
        about(format!("iam:Delete{name}PermissionsBoundary"), arn, boundary),
        about(format!("iam:Put{name}PermissionsBoundary"), arn, Some(&open)),
    ];
    let is_own = |boundary: &&str| !boundary.contains(":iam::aws:");
    questions.extend(
        boundary.filter(is_own).map(|policy| about("iam:CreatePolicyVersion".to_owned(), policy, None)),
    );
    questions
}

/// Whether a need is about nothing that is there.
pub(super) fn is_possible(on: On) -> bool {
    matches!(on, On::Anything | On::NewUser | On::NewRole | On::NewGroup | On::NewInstanceProfile)
}

impl<'g> Powers<'g> {
    /// How surely the needs of a path that are about nothing that is there can be met together.
    pub(super) fn possible(&mut self, path: &'g PathKind) -> May {
        let mut least = May::Surely;
        for group in self.groups(path) {
            least = least.min(self.of_group(path, &group));
            if least == May::No {
                break;
            }
        }
        least
    }

    fn of_group(&mut self, path: &'g PathKind, group: &Group<'g>) -> May {
        let actions: Vec<&str> = group.needs.iter().map(|(_, need)| need.action.as_str()).collect();
        let service = path.services.first().map_or("", String::as_str);
        let key = (group.kind.clone(), actions, path.gains, service);
        if let Some(known) = self.chosen.get(&key) {
            return *known;
        }
        let may = self.choose(path, group).may;
        self.chosen.insert(key, may);
        may
    }

    /// The requests by which they are met best.
    pub(super) fn requests(&self, path: &'g PathKind) -> Choice {
        let mut choice = Choice { may: May::Surely, asked: Vec::new(), made: None };
        for group in self.groups(path) {
            let found = self.choose(path, &group);
            choice.may = choice.may.min(found.may);
            choice.asked.extend(found.asked);
            choice.made = choice.made.or(found.made);
        }
        choice
    }

    /// The best candidate of a kind.
    fn choose(&self, path: &PathKind, group: &Group<'_>) -> Choice {
        let mut best = Choice { may: May::No, asked: Vec::new(), made: None };
        let (candidates, is_cut) = self.candidates(group);
        let is_only = candidates.len() == 1;
        for candidate in candidates {
            let found = self.grade_candidate(path, group, &candidate);
            if found.may > best.may || best.asked.is_empty() {
                best = found;
            }
            if best.may == May::Surely {
                break;
            }
        }
        if is_cut {
            best.may = best.may.max(May::Unknown);
        }
        for (place, asked) in &mut best.asked {
            let need = path.needs.get(*place);
            asked.is_only &= is_only && need.is_some_and(|need| !has_choice(&need.action));
        }
        best
    }

    fn grade_candidate(&self, path: &PathKind, group: &Group<'_>, candidate: &Candidate) -> Choice {
        let made = matches!(group.on, On::NewUser | On::NewRole).then(|| candidate.arn.clone());
        let (may, loosened) = self.worth(path, group.on, candidate);
        let mut choice = Choice { may, asked: Vec::new(), made };
        // After everything else: it has no need of the path's own.
        choice.asked.extend(loosened.map(|it| {
            let asked = Asked { question: it.question, by: Some(it.by), once_trusted: false, is_only: false };
            (path.needs.len(), asked)
        }));
        for (place, need) in &group.needs {
            let (may, asked) = self.grade_need(path, group, need, candidate);
            choice.may = choice.may.min(may);
            choice.asked.extend(asked.into_iter().map(|asked| (*place, asked)));
        }
        choice
    }

    /// How surely an identity that is made would be an administrator, once it has any permission; and the request that takes its
    /// boundary off afterwards, where that makes it surer.
    fn worth(&self, path: &PathKind, on: On, candidate: &Candidate) -> (May, Option<Loosened>) {
        if path.gains != Gain::Permissions || !matches!(on, On::NewUser | On::NewRole) {
            return (May::Surely, None);
        }
        let newcomer = self.world.newcomer(self.access, &candidate.arn);
        let Some(newcomer) = newcomer else { return (May::No, None) };
        let bounded = self.access.bounded(&newcomer, candidate.boundary.as_deref());
        // A boundary whose document is not known may leave anything.
        let own = bounded.as_ref().map_or(May::Unknown, |bounded| promise_of(self.access, bounded));
        let Some(boundary) = candidate.boundary.as_deref().filter(|_| own < May::Surely) else {
            return (own, None);
        };
        let kind = if on == On::NewRole { Kind::Role } else { Kind::User };
        let itself = bounded.map(|bounded| self.access.with_every_permission(&bounded));
        let free = promise_of(self.access, &newcomer);
        let found = self.loosened(kind, &candidate.arn, Some(boundary), itself.as_ref());
        match found.filter(|found| found.may.min(free) > own) {
            Some(found) => (found.may.min(free), Some(found)),
            None => (own, None),
        }
    }

    /// The surest request that takes the permissions boundary off a user or role, or makes it one that allows everything: of the
    /// caller, or of the identity `itself` with what its boundary leaves it.
    pub(super) fn loosened(
        &self,
        kind: Kind,
        arn: &str,
        boundary: Option<&str>,
        itself: Option<&Subject>,
    ) -> Option<Loosened> {
        let of = |action: &str| {
            let caller = self.by(action);
            let questions = loosening(caller, kind, arn, boundary);
            let question = questions.into_iter().find(|question| question.action == action)?;
            let graded = |by: &Subject| Loosened {
                may: may(self.access, by, &question),
                question: question.clone(),
                by: by.clone(),
            };
            let by_itself = itself.map(graded);
            let own = graded(caller);
            Some(by_itself.filter(|it| it.may > own.may).unwrap_or(own))
        };
        let name = if kind == Kind::Role { "Role" } else { "User" };
        let actions = [
            format!("iam:Delete{name}PermissionsBoundary"),
            format!("iam:Put{name}PermissionsBoundary"),
            "iam:CreatePolicyVersion".to_owned(),
        ];
        let found = actions.iter().filter_map(|action| of(action)).filter(|it| it.may > May::No);
        found.rev().max_by_key(|it| it.may)
    }

    fn grade_need(
        &self,
        path: &PathKind,
        group: &Group<'_>,
        need: &Need,
        candidate: &Candidate,
    ) -> (May, Vec<Asked>) {
        let question = |question: Question| self.about(group, need, candidate, question);
        if need.action == "sts:AssumeRole" {
            let caller = self.by(&need.action);
            let question = question(assume_role_by(caller));
            let may = self.access.may_once_trusted(caller, &question);
            return (may, vec![Asked { question, by: None, once_trusted: true, is_only: true }]);
        }
        let mut best = (May::No, Vec::new());
        let is_only = self.attachable(&need.action).len() == 1;
        for attached in self.attachable(&need.action) {
            let caller = self.by(&need.action);
            // A new role is passed to the service that it is made for.
            let service = path.services.first().filter(|_| need.action == "iam:PassRole");
            let service = service.map_or("", String::as_str);
            let mut question = question(attached.put(template(caller, &need.action, service)));
            // A stack with a role of its own is made with that role's permissions, not with its maker's.
            question
                .context
                .extend((path.gains == Gain::Through).then(|| (STACK_ROLE.to_owned(), Fact::Absent)));
            let may = may(self.access, caller, &question).min(attached.may);
            if may > best.0 || best.1.is_empty() {
                let asked = |question: Question| Asked { question, by: None, once_trusted: false, is_only };
                let first = attached.created.iter().cloned().map(asked);
                best = (may, first.chain([asked(question)]).collect());
            }
        }
        best
    }

    fn about(
        &self,
        group: &Group<'_>,
        need: &Need,
        candidate: &Candidate,
        mut question: Question,
    ) -> Question {
        candidate.arn.clone_into(&mut question.resource);
        question.wildcard_only = group.kind == "*";
        if matches!(group.on, On::NewUser | On::NewRole) && has_key(&need.action, BOUNDARY) {
            let boundary = candidate.boundary.clone().map_or(Fact::Absent, Fact::One);
            question.context.push((BOUNDARY.to_owned(), boundary));
        }
        question
    }

    /// Those that are looked at, and whether there are more.
    fn candidates(&self, group: &Group<'_>) -> (Vec<Candidate>, bool) {
        let actions: Vec<&str> = group.needs.iter().map(|(_, need)| need.action.as_str()).collect();
        let (arns, is_cut) = self.names(&group.kind, &actions);
        let is_new = |arn: &String| group.on == On::Anything || !self.world.has(arn);
        let boundaries = self.boundaries(group.on);
        let of_arn = |arn: String| {
            boundaries.iter().map(move |boundary| Candidate { arn: arn.clone(), boundary: boundary.clone() })
        };
        let mut all = arns.into_iter().filter(is_new).flat_map(of_arn);
        let candidates: Vec<Candidate> = all.by_ref().take(CANDIDATES_MAX).collect();
        let is_cut = is_cut || all.next().is_some();
        (candidates, is_cut)
    }

    /// Names of a kind that policies tell apart, where they name these actions: one that no policy names first; and whether there
    /// are more.
    pub(super) fn names(&self, kind: &str, actions: &[&str]) -> (Vec<String>, bool) {
        let (patterns, is_cut) = self.patterns(kind, actions);
        (patterns.iter().map(|pattern| fill(pattern)).collect(), is_cut)
    }

    /// The same as patterns.
    fn patterns(&self, kind: &str, actions: &[&str]) -> (Vec<String>, bool) {
        let mut names = vec![kind.to_owned()];
        if kind == "*" {
            return (names, false);
        }
        let patterns = self.access.named_resources(self.subject, actions);
        let met: BTreeSet<String> = patterns.iter().filter_map(|pattern| meet(pattern, kind)).collect();
        names.extend(met.iter().filter(|name| *name != kind).cloned());
        // A name that fits two patterns, where each grants a part of it.
        let singles: Vec<&String> = met.iter().collect();
        let mut is_cut = false;
        for (place, one) in singles.iter().enumerate().filter(|_| actions.len() > 1) {
            let others = singles.get(place.saturating_add(1)..).unwrap_or_default();
            let both = others.iter().filter_map(|other| meet(one, other));
            let mut new = both.filter(|name| !met.contains(name));
            names.extend(new.by_ref().take(CANDIDATES_MAX));
            is_cut |= new.next().is_some();
        }
        is_cut |= names.len() > CANDIDATES_MAX;
        names.truncate(CANDIDATES_MAX);
        (names, is_cut)
    }

    /// Names of a kind that fit what policies name and one of these patterns besides; and whether there are more.
    pub(super) fn names_like(&self, kind: &str, actions: &[&str], likes: &[&String]) -> (Vec<String>, bool) {
        let (patterns, is_cut) = self.patterns(kind, actions);
        let met = patterns.iter().flat_map(|name| likes.iter().filter_map(|like| meet(name, like)));
        let names: BTreeSet<String> = patterns.iter().cloned().chain(met).map(|name| fill(&name)).collect();
        (names.into_iter().filter(|name| matches(kind, name)).collect(), is_cut)
    }

    /// The boundaries that a new identity could get: none, or one that the policies in effect ask for.
    fn boundaries(&self, on: On) -> Vec<Option<String>> {
        let mut boundaries = vec![None];
        if matches!(on, On::NewUser | On::NewRole) {
            let asked = self.access.values_asked(self.subject, "iam:permissionsboundary");
            let asked: BTreeSet<&String> = asked.values().flatten().collect();
            let fits = |arn: &&str| asked.iter().any(|asked| matches(asked, arn));
            let known = self.world.policy_arns().filter(fits).map(str::to_owned);
            boundaries.extend(known.map(Some));
            let literal = asked.iter().filter(|asked| !asked.contains(['*', '?', '$']));
            boundaries.extend(literal.map(|asked| Some((*asked).clone())));
            boundaries.dedup();
        }
        boundaries
    }

    /// The needs of a path by kind of resource. An action that works on one of several kinds is asked of the best of them.
    fn groups(&self, path: &'g PathKind) -> Vec<Group<'g>> {
        let mut groups: Vec<Group<'g>> = Vec::new();
        for (place, need) in path.needs.iter().enumerate().filter(|(_, need)| is_possible(need.on)) {
            for kind in self.kinds(need) {
                match groups.iter_mut().find(|group| group.kind == kind && group.on == need.on) {
                    Some(group) => group.needs.push((place, need)),
                    None => groups.push(Group { kind, on: need.on, needs: vec![(place, need)] }),
                }
            }
        }
        groups
    }

    fn kinds(&self, need: &Need) -> Vec<String> {
        let iam = |kind: &str| {
            vec![format!("arn:{}:iam::{}:{kind}/*", self.subject.arn.partition(), self.subject.account)]
        };
        match need.on {
            On::NewUser => iam("user"),
            On::NewRole => iam("role"),
            On::NewGroup => iam("group"),
            On::NewInstanceProfile => iam("instance-profile"),
            _ => self.kinds_of(&need.action),
        }
    }

    /// A call names a resource of each kind that the service reference calls required; where it calls none so, one of any
    /// kind: of that which is granted best.
    pub(super) fn kinds_of(&self, action: &str) -> Vec<String> {
        let catalogue = Catalogue::embedded();
        let Some(id) = catalogue.action(action) else {
            // Newer than the data: any resource of its service.
            let service = action.split(':').next().unwrap_or_default();
            let arn = format!("arn:${{Partition}}:{service}:*:${{Account}}:*");
            return vec![with_stars(&arn, self.subject)];
        };
        let kinds = catalogue.resource_types(id);
        // A root user is handed out by another account than its own.
        let is_root = action.eq_ignore_ascii_case("sts:AssumeRoot");
        let text = |arn: &str| match is_root {
            true => with_stars(&arn.replace("${Account}", "*"), self.subject),
            false => with_stars(arn, self.subject),
        };
        let required: BTreeSet<String> =
            kinds.iter().filter(|kind| kind.required).map(|kind| text(kind.arn)).collect();
        if !required.is_empty() {
            return required.into_iter().collect();
        }
        let grade = |kind: &String| {
            let (names, _) = self.names(kind, &[action]);
            let question = |name: String| Question { resource: name, ..template(self.subject, action, "") };
            names.into_iter().map(|name| may(self.access, self.subject, &question(name))).max()
        };
        let any: BTreeSet<String> = kinds.iter().map(|kind| text(kind.arn)).collect();
        let best = any.into_iter().rev().max_by_key(grade);
        vec![best.unwrap_or_else(|| "*".to_owned())]
    }
}

/// Whether an action works on one of several kinds of resources.
fn has_choice(action: &str) -> bool {
    let catalogue = Catalogue::embedded();
    let kinds = catalogue.action(action).map(|id| catalogue.resource_types(id)).unwrap_or_default();
    kinds.len() > 1 && kinds.iter().all(|kind| !kind.required)
}

/// An ARN of the service reference with `*` for its placeholders, but for partition and account.
pub(super) fn with_stars(arn: &str, subject: &Subject) -> String {
    let mut text = String::new();
    let mut rest = arn;
    while let Some((before, after)) = rest.split_once("${") {
        text.push_str(before);
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        match name {
            "Partition" => text.push_str(subject.arn.partition()),
            "Account" => text.push_str(&subject.account.to_string()),
            _ => text.push('*'),
        }
        rest = after;
    }
    text.push_str(rest);
    text
}

/// A pattern of names that fit both patterns, as wide as one can be written; `None`: there is none, or none so written.
fn meet(one: &str, other: &str) -> Option<String> {
    if one == "*" || matches(one, other) {
        return Some(other.to_owned());
    }
    if matches(other, one) {
        return Some(one.to_owned());
    }
    let (one, other) = (kagimori_id::arn::padded_parts(one), kagimori_id::arn::padded_parts(other));
    let parts: Option<Vec<String>> =
        one.iter().zip(other).map(|(one, other)| meet_part(one, other)).collect();
    Some(parts?.join(":"))
}

fn meet_part(one: &str, other: &str) -> Option<String> {
    let joined = |head: &str, tail: &str| {
        let head = head.split_once('*').map_or(head, |(head, _)| head);
        let tail = tail.rsplit_once('*').map_or(tail, |(_, tail)| tail);
        format!("{head}*{tail}")
    };
    let candidates = [one.to_owned(), other.to_owned(), joined(one, other), joined(other, one)];
    let wide = candidates.into_iter().find(|text| matches(one, text) && matches(other, text));
    wide.or_else(|| Glob::policy(one).common_text(&Glob::policy(other)))
}

#[cfg(test)]
mod tests {
    use super::meet;

    #[test]
    fn names_that_fit_both() {
        for (one, other, expected) in [
            ("*", "arn:aws:iam::1:user/*", Some("arn:aws:iam::1:user/*")),
            ("arn:aws:iam::*:user/new-*", "arn:aws:iam::1:user/*", Some("arn:aws:iam::1:user/new-*")),
            ("arn:aws:iam::1:user/new-*", "arn:aws:iam::1:user/*-x", Some("arn:aws:iam::1:user/new-*-x")),
            ("arn:aws:iam::1:*", "arn:aws:iam::1:user/*", Some("arn:aws:iam::1:user/*")),
            ("arn:aws:iam::1:role/*", "arn:aws:iam::1:user/*", None),
            ("arn:aws:iam::1:user/a-*", "arn:aws:iam::1:user/b-*", None),
            (
                "arn:aws:lambda:*:1:function:a",
                "arn:aws:lambda:*:1:function:*",
                Some("arn:aws:lambda:*:1:function:a"),
            ),
            (
                "arn:aws:lambda:eu-west-1:*",
                "arn:aws:lambda:*:1:function:*",
                Some("arn:aws:lambda:eu-west-1:1:function:*"),
            ),
        ] {
            assert_eq!(meet(one, other).as_deref(), expected, "{one} {other}");
        }
    }
}
