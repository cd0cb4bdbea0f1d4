//! Actions: how they are written, and whether AWS has them.

use super::reference_date::data_date;
use super::rule::RuleId;
use super::subject::{Held, Path, Sink, Subject, shortened};
use super::typo::typo;

use crate::catalogue::Catalogue;
use crate::validate::PolicyKind;

pub(super) fn check(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    for held in &subject.statements {
        let element = held.action_element();
        for (number, pattern) in held.statement.action.patterns().0.iter().enumerate() {
            let path = || held.at(element).item(number);
            if pattern.contains("${") {
                let message = format!("`{}` is read as text: an action has no variables", shortened(pattern));
                sink.add(RuleId::VariableUnsupportedInElement, path(), message);
            } else if let Some(fault) = format_fault(pattern) {
                sink.add(RuleId::ActionFormat, path(), fault);
            } else if pattern != "*" {
                existence(pattern, &path, sink);
            }
        }
        if subject.kind == PolicyKind::ResourceControl {
            supported(held, sink);
        }
    }
}

/// `reference_policies_elements_action`: a service prefix, one colon, a name. AWS stores names with blanks
/// (`amplifybackend: *` in AdministratorAccess-Amplify); they match nothing, which is another rule's business.
fn format_fault(pattern: &str) -> Option<String> {
    let is_odd = |c: char| !(c.is_ascii_alphanumeric() || "-.*?".contains(c));
    match (pattern.split_once(':'), pattern.matches(':').count()) {
        _ if pattern == "*" => None,
        (None, _) => Some(format!("`{}` has no service prefix", shortened(pattern))),
        (_, 2..) => Some(format!("`{}` has more than one colon", shortened(pattern))),
        (Some((service, _)), _) if service.is_empty() || service.contains(is_odd) => {
            Some(format!("`{}` is no service prefix", shortened(service)))
        }
        (Some((_, "")), _) => Some(format!("`{}` names no action", shortened(pattern))),
        _ => None,
    }
}

fn existence(pattern: &str, path: &impl Fn() -> Path, sink: &mut Sink<'_>) {
    let catalogue = Catalogue::embedded();
    let Some((service, name)) = pattern.split_once(':') else { return };
    if service.contains(['*', '?']) {
        if pattern != "*:*" {
            let message = format!("`{}` names services by a wildcard", shortened(pattern));
            sink.add(RuleId::WildcardInServiceName, path(), message);
        }
        return;
    }
    if !catalogue.has_service(service) {
        let meant = typo(service, catalogue.services());
        let message = format!(
            "the service `{}` is not in the data of {}{}",
            shortened(service),
            data_date(),
            hint(meant)
        );
        sink.add(RuleId::InvalidServiceInAction, path(), message);
        return;
    }
    let is_known = if name.contains(['*', '?']) {
        name == "*" || catalogue.matches_any(pattern)
    } else {
        catalogue.action(pattern).is_some()
    };
    if !is_known && sink.wants(RuleId::InvalidAction) {
        // A wildcard that names nothing has no neighbour to suggest.
        let mut names = Vec::new();
        if !name.contains(['*', '?']) {
            let service = catalogue.expand(&format!("{service}:*"));
            names.extend(service.iter().map(|id| catalogue.name(id)));
        }
        let meant = typo(pattern, names.iter().map(String::as_str));
        let message = format!(
            "the action `{}` is not in the data of {}{}",
            shortened(pattern),
            data_date(),
            hint(meant)
        );
        sink.add(RuleId::InvalidAction, path(), message);
    }
}

fn hint(meant: Option<&str>) -> String {
    meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default()
}

/// Organizations User Guide, `orgs_manage_policies_rcps`: only the actions of some services are bound.
fn supported(held: &Held<'_>, sink: &mut Sink<'_>) {
    let catalogue = Catalogue::embedded();
    for (number, pattern) in held.statement.action.patterns().0.iter().enumerate() {
        let Some((service, _)) = pattern.split_once(':') else { continue };
        let is_free = !catalogue.has_service(service) || service.contains(['*', '?']);
        if !is_free && !catalogue.rcp_supported(service) {
            let message =
                format!("resource control policies do not bind `{service}` (data of {})", data_date());
            sink.add(RuleId::UnsupportedActionInPolicy, held.at("Action").item(number), message);
        }
    }
}
