//! Actions against the resources beside them: a mismatch is an empty intersection of patterns.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::arn::{is_everything, opened};
use super::rule::{Family, RuleId};
use super::subject::{Draft, Held, Sink, Subject, shortened};
use crate::catalogue::{AccessLevel, ActionId, Catalogue};
use crate::checked::{self, Checked};
use crate::glob::patterns_overlap;
use crate::validate::PolicyKind;
use kagimori_id::arn::padded_parts;

/// The ARN of a kind of resource, its placeholders as patterns.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) region: String,
    pub(super) account: String,
    resource: String,
    /// A bucket's name has no `/`, which is what tells buckets from objects.
    is_bucket: bool,
}

impl Template {
    fn new(arn: &str) -> (&str, Self) {
        let [_, _, service, region, account, resource] = padded_parts(arn);
        let is_bucket = resource == "${BucketName}";
        let template = Self {
            region: pattern(region),
            account: pattern(account),
            resource: pattern(resource),
            is_bucket,
        };
        (service, template)
    }

    /// The word that every resource of the kind begins with; empty where the name begins it.
    pub(super) fn word(&self) -> &str {
        self.resource.split(['/', ':']).next().unwrap_or_default().trim_end_matches("?*")
    }

    /// Whether there is such a resource; its variables are wildcards already.
    pub(super) fn takes_resource(&self, opened: &str) -> bool {
        !(self.is_bucket && opened.contains('/')) && patterns_overlap(&self.resource, opened)
    }

    fn takes(&self, [_, _, _, region, account, resource]: [&str; 6]) -> bool {
        patterns_overlap(&self.region, &opened(region))
            && patterns_overlap(&self.account, &opened(account))
            && self.takes_resource(&opened(resource))
    }
}

/// `${Name}` stands for at least one character.
fn pattern(part: &str) -> String {
    opened(part).replace('*', "?*")
}

/// Every kind of resource, in the catalogue's order, and those of each service.
struct Templates {
    all: Vec<(&'static str, Template)>,
    by_service: FxHashMap<&'static str, Vec<usize>>,
}

static TEMPLATES: LazyLock<Templates> = LazyLock::new(|| {
    let all: Vec<(&str, Template)> = Catalogue::embedded().resource_arns().map(Template::new).collect();
    let mut by_service = FxHashMap::<&str, Vec<usize>>::default();
    for (place, (service, _)) in all.iter().enumerate() {
        // Recovery points of AWS Backup have the ARNs of many services, its own among them.
        let service = if service.contains("${") { "backup" } else { service };
        by_service.entry(service).or_default().push(place);
    }
    Templates { all, by_service }
});

/// The kinds of resource whose ARNs name a service.
pub(super) fn templates(service: &str) -> Vec<&'static Template> {
    let places = TEMPLATES.by_service.get(service).map_or(&[][..], Vec::as_slice);
    places.iter().filter_map(|place| TEMPLATES.all.get(*place)).map(|(_, template)| template).collect()
}

/// Whether some of the patterns can be a resource of a kind, by its place in the catalogue.
pub(super) fn fits(resources: &[String], number: usize) -> bool {
    resources.iter().any(|resource| is_everything(resource)) || Fitting::new(resources).fits(number)
}

/// Whether an action works on a resource, or on some resource of a pattern: of no request is another its resource.
pub fn works_on(id: ActionId, resource: &str) -> bool {
    is_everything(resource) || Fitting::new(&[resource.to_owned()]).has_one_for(id)
}

/// Whether the service has a kind of resource that begins with the same word (`instance/…`): then a pattern of none of its kinds
/// is more likely wrong than newer than the data.
pub(super) fn begins_as_known(service: &str, resource: &str) -> bool {
    let word = |resource: &str| resource.split(['/', ':']).next().unwrap_or_default().to_owned();
    let first = word(resource);
    !first.is_empty() && templates(service).iter().any(|template| word(&template.resource) == first)
}

pub(super) fn check(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    for held in &subject.statements {
        effectively_star(held, sink);
        if held.statement.resource.is_some() && held.resource_element() == "Resource" {
            mismatch(held, sink);
            if matches!(subject.kind, PolicyKind::Identity | PolicyKind::Session) {
                star(held, sink);
            }
        }
    }
}

/// The resources of a statement against kinds of resource; what has been found out is kept.
struct Fitting<'a> {
    resources: Vec<[&'a str; 6]>,
    known: Vec<Option<bool>>,
}

impl<'a> Fitting<'a> {
    fn new(resources: &'a [String]) -> Self {
        let resources = resources.iter().map(|resource| padded_parts(resource)).collect();
        Self { resources, known: vec![None; TEMPLATES.all.len()] }
    }

    /// Whether some resource that the statement names is one the action works on.
    fn has_one_for(&mut self, id: ActionId) -> bool {
        Catalogue::embedded().resource_numbers(id).any(|number| self.fits(number))
    }

    fn fits(&mut self, number: usize) -> bool {
        if let Some(known) = self.known.get(number).copied().flatten() {
            return known;
        }
        let fits = TEMPLATES.all.get(number).is_some_and(|(service, template)| {
            let service = if service.contains("${") { "*" } else { service };
            let is_of =
                |parts: &[&str; 6]| patterns_overlap(service, &opened(parts[2])) && template.takes(*parts);
            self.resources.iter().any(is_of)
        });
        if let Some(slot) = self.known.get_mut(number) {
            *slot = Some(fits);
        }
        fits
    }
}

/// Whether each resource has a fault of its own already: one finding for one cause.
fn are_all_wrong(held: &Held<'_>, sink: &Sink<'_>) -> bool {
    let place = held.at("Resource");
    let is_here =
        |draft: &&Draft| draft.rule.rule().family == Family::Arn && draft.path.0.starts_with(&place.0);
    sink.drafts.iter().filter(is_here).count() >= held.resources().len()
}

fn mismatch(held: &Held<'_>, sink: &mut Sink<'_>) {
    let (patterns, is_negated) = held.statement.action.patterns();
    let resources = held.resources();
    let has_star = resources.is_empty() || resources.iter().any(|resource| is_everything(resource));
    if is_negated || has_star || !sink.wants(RuleId::ResourceMismatch) || are_all_wrong(held, sink) {
        return;
    }
    let catalogue = Catalogue::embedded();
    let mut fitting = Fitting::new(resources);
    let mut is_idle = |pattern: &str| match catalogue.action(pattern) {
        Some(id) => !fitting.has_one_for(id) && !resources.iter().any(|it| may_be_compared(pattern, it)),
        None => {
            let is_wild = pattern != "*" && pattern.contains(['*', '?']);
            is_wild
                && !catalogue.any_action(pattern, |id| fitting.has_one_for(id))
                && catalogue.matches_any(pattern)
        }
    };
    let idle: Vec<(usize, &String)> =
        patterns.iter().enumerate().filter(|(_, pattern)| is_idle(pattern)).collect();
    let Some((first, _)) = idle.first() else { return };
    let names: Vec<String> = idle.iter().map(|(_, pattern)| (*pattern).clone()).collect();
    let needs_star = idle.iter().all(|(_, pattern)| works_on_everything(pattern));
    let why =
        if needs_star { "only on the resource `*`" } else { "on none of the resources of the statement" };
    let message = format!("{} {} {why}", listed(&names), if names.len() == 1 { "works" } else { "work" });
    sink.add(RuleId::ResourceMismatch, held.at("Action").item(*first), message);
}

/// Whether an action has no resource types, and AWS compares no ARN for it that is known.
fn works_on_everything(action: &str) -> bool {
    let catalogue = Catalogue::embedded();
    catalogue.action(action).is_some_and(|id| !catalogue.has_resource_types(id))
        && !matches!(checked::of_action(&action.to_ascii_lowercase()), Checked::Arn(_))
}

/// Whether AWS compares what a resource is about although the action works on none, or may do so.
fn may_be_compared(action: &str, resource: &str) -> bool {
    let action = action.to_ascii_lowercase();
    let resource = opened(resource);
    let is_without = |id: ActionId| !Catalogue::embedded().has_resource_types(id);
    if !Catalogue::embedded().action(&action).is_some_and(is_without) {
        return false;
    }
    match checked::of_action(&action) {
        Checked::Everything => false,
        Checked::Arn(row) => {
            // A `*` in the table is that character, which no policy but one with a wildcard there holds.
            let arn = row.filled("*", "*", "*").replace("${*}", "\u{1}");
            padded_parts(&resource)
                .iter()
                .zip(padded_parts(&arn))
                .all(|(held, asked)| patterns_overlap(held, asked))
        }
        Checked::Undocumented => {
            let [_, _, service, _, _, rest] = padded_parts(&resource);
            let own = action.split(':').next().unwrap_or_default();
            checked::is_namespace(own, service) && checked::is_open(rest)
        }
    }
}

/// A list in a message is cut after five.
pub(super) fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(5).map(|name| format!("`{}`", shortened(name))).collect();
    match names.len().checked_sub(shown.len()) {
        Some(rest @ 1..) => format!("{} and {rest} more", shown.join(", ")),
        _ => shown.join(", "),
    }
}

fn star(held: &Held<'_>, sink: &mut Sink<'_>) {
    let place = held.resources().iter().position(|resource| is_everything(resource));
    let is_limited = !held.statement.conditions.is_empty() || held.action_element() == "NotAction";
    let is_admin =
        held.statement.action.patterns().0.iter().any(|pattern| pattern == "*" || pattern == "*:*");
    let Some(place) = place.filter(|_| held.is_allow() && !is_limited && !is_admin) else { return };
    if !sink.wants(RuleId::ResourceStar) {
        return;
    }
    let catalogue = Catalogue::embedded();
    let names: Vec<String> =
        held.actions().iter().filter(|id| could_be_limited(*id)).map(|id| catalogue.name(id)).collect();
    if !names.is_empty() {
        let message = format!("{} allowed on every resource", listed(&names));
        sink.add(RuleId::ResourceStar, held.at("Resource").item(place), message);
    }
}

/// Changes something, and names what it changes.
fn could_be_limited(id: ActionId) -> bool {
    let catalogue = Catalogue::embedded();
    let changes = |level: &AccessLevel| !matches!(level, AccessLevel::List | AccessLevel::Read);
    // These two have rules of their own.
    let is_of_grants =
        ["iam:PassRole", "iam:CreateServiceLinkedRole"].iter().any(|name| catalogue.action(name) == Some(id));
    !is_of_grants && catalogue.has_resource_types(id) && catalogue.access_levels(id).iter().any(changes)
}

fn effectively_star(held: &Held<'_>, sink: &mut Sink<'_>) {
    for (number, resource) in held.resources().iter().enumerate() {
        let [scheme, partition, rest @ ..] = padded_parts(resource);
        let is_all = matches!(scheme, "arn" | "arn*" | "*") && matches!(partition, "aws" | "*");
        if !is_everything(resource) && is_all && rest.iter().all(|part| is_everything(part)) {
            let message = format!("`{}` matches every ARN", shortened(resource));
            sink.add(RuleId::ResourceEffectivelyStar, held.at(held.resource_element()).item(number), message);
        }
    }
}
