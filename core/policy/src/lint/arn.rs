//! The ARNs of `Resource`: whether they can be the ARN of anything.

use super::reference_date::data_date;
use super::resource::{Template, begins_as_known, templates};
use super::rule::RuleId;
use super::subject::{Path, Sink, Subject, shortened};
use super::typo::typo;
use crate::catalogue::Catalogue;
use crate::glob::patterns_overlap;
use crate::validate::{PARTITIONS, PolicyKind};
use kagimori_id::arn::padded_parts;

pub(super) fn check(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    for held in &subject.statements {
        let element = held.resource_element();
        for (number, pattern) in held.resources().iter().enumerate() {
            let is_star = !pattern.is_empty() && pattern.chars().all(|c| c == '*');
            if is_star {
                continue;
            }
            if let Some((rule, message)) = fault(pattern, subject.kind) {
                let [_, _, service, _, _, resource] = padded_parts(pattern);
                let is_unsure =
                    rule == RuleId::InvalidArnResource && !begins_as_known(service, &opened(resource));
                let add = if is_unsure { Sink::suggest } else { Sink::add };
                add(sink, rule, held.at(element).item(number), message);
            } else if held.is_allow() {
                open_kind(pattern, held.at(element).item(number), sink);
            }
        }
    }
}

/// A wildcard inside the word that says which kind of resource is meant: `user` and a name are one pattern (`u*`), and it takes
/// every user. Where a service has no such word, as S3, it is the name.
fn open_kind(pattern: &str, path: Path, sink: &mut Sink<'_>) {
    let [_, _, service, _, _, resource] = padded_parts(pattern);
    let Some((word, _)) = resource.split_once('*').filter(|(word, _)| !word.is_empty()) else { return };
    if !is_fixed(word) || word.contains(['/', ':']) {
        return;
    }
    let kinds: Vec<&str> = templates(service).into_iter().map(Template::word).collect();
    let is_of_kinds = !kinds.is_empty() && kinds.iter().all(|kind| !kind.is_empty());
    if let Some(kind) =
        kinds.into_iter().find(|kind| kind.starts_with(word) && *kind != word).filter(|_| is_of_kinds)
    {
        let message = format!("`{}` takes every `{kind}` there is", shortened(pattern));
        sink.add(RuleId::WildcardInResourceKind, path, message);
    }
}

/// The first thing that is wrong with an ARN.
fn fault(pattern: &str, kind: PolicyKind) -> Option<(RuleId, String)> {
    shape(pattern, kind).or_else(|| parts(pattern)).or_else(|| known(pattern))
}

fn shape(pattern: &str, kind: PolicyKind) -> Option<(RuleId, String)> {
    let short = shortened(pattern);
    let scheme = pattern.split(':').next().unwrap_or_default();
    if scheme != "arn" && !(scheme.contains('*') && pattern.starts_with("arn")) {
        return Some((RuleId::InvalidArnPrefix, format!("`{short}` is neither an ARN nor `*`")));
    }
    let is_short = pattern.splitn(6, ':').count() < 6;
    if !is_short {
        return None;
    }
    if kind == PolicyKind::ResourceControl {
        return Some((RuleId::UnsupportedResourceArnInPolicy, format!("`{short}` has fewer than six parts")));
    }
    // What ends in `*` is completed with `*` (`reference_policies_elements_resource`).
    let is_completed = pattern.ends_with('*');
    (!is_completed).then(|| (RuleId::MissingArnField, format!("`{short}` has fewer than six parts")))
}

fn is_fixed(part: &str) -> bool {
    !part.contains(['*', '?', '$'])
}

fn parts(pattern: &str) -> Option<(RuleId, String)> {
    let [_, partition, service, region, account, _] = padded_parts(pattern);
    let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    // `aws` owns managed policies, `cloudfront` origin access identities, `aws-marketplace` images.
    let is_special = account.is_empty() || account.bytes().any(|b| b.is_ascii_lowercase());
    if is_fixed(partition) && !PARTITIONS.contains(&partition) {
        Some((RuleId::InvalidPartition, format!("`{}` is no partition of AWS", shortened(partition))))
    } else if service.is_empty() {
        Some((RuleId::MissingArnField, format!("`{}` names no service", shortened(pattern))))
    } else if is_fixed(service) && service.bytes().any(|b| b.is_ascii_uppercase()) {
        Some((RuleId::InvalidArnServiceCase, format!("`{}` is not in lower case", shortened(service))))
    } else if is_fixed(account) && !is_account && !is_special {
        Some((RuleId::InvalidArnAccount, format!("`{}` is no account id", shortened(account))))
    } else if is_fixed(region) && !region.is_empty() && !is_region(region) {
        Some((RuleId::InvalidRegion, format!("`{}` is no Region", shortened(region))))
    } else {
        None
    }
}

/// `ap-northeast-1`, `us-gov-west-1`: at least two words and a number.
fn is_region(region: &str) -> bool {
    let mut words = region.split('-').rev();
    let has_number =
        words.next().is_some_and(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit()));
    let words: Vec<&str> = words.collect();
    let is_word = |word: &&str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
    has_number && words.len() >= 2 && words.iter().all(is_word) || matches!(region, "aws-global")
}

/// Against the kinds of resource that the service has.
fn known(pattern: &str) -> Option<(RuleId, String)> {
    let [_, _, service, region, account, resource] = padded_parts(pattern);
    if !is_fixed(service) {
        return None;
    }
    let templates = templates(service);
    if templates.is_empty() {
        let catalogue = Catalogue::embedded();
        let message = || {
            let meant = typo(service, catalogue.services());
            let hint = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
            format!("no ARN of a service `{}` is in the data of {}{hint}", shortened(service), data_date())
        };
        return (!catalogue.has_service(service)).then(|| (RuleId::InvalidService, message()));
    }
    let open = opened(resource);
    let alike: Vec<&Template> =
        templates.into_iter().filter(|template| template.takes_resource(&open)).collect();
    if alike.is_empty() {
        let short = shortened(resource);
        return Some(match service {
            // IAM refuses what does not begin with one of its kinds.
            "iam" => (RuleId::UnsupportedResourceArnInPolicy, format!("`{short}` is no resource of IAM")),
            _ => (
                RuleId::InvalidArnResource,
                format!("`{short}` is not among the resources of `{service}` in the data of {}", data_date()),
            ),
        });
    }
    let fits = |template: &&&Template, with_account: bool| {
        let takes_region = patterns_overlap(&template.region, &opened(region));
        takes_region && (!with_account || patterns_overlap(&template.account, &opened(account)))
    };
    if !alike.iter().any(|template| fits(&template, false)) {
        return Some(misplaced(pattern, region, "Region", RuleId::ArnRegionNotAllowed));
    }
    if !alike.iter().any(|template| fits(&template, true)) {
        if !account.is_empty() {
            return Some(misplaced(pattern, account, "account", RuleId::ArnAccountNotAllowed));
        }
        // AWS's own resources have no account, which the data does not say: documents, runbooks and public parameters of Systems
        // Manager, views and the like that are called after AWS.
        let name = resource.split(['/', ':']).nth(1).unwrap_or(resource);
        let is_of_ssm = ["document/", "automation-definition/", "parameter/aws/", "parameter/*"];
        let is_of_aws = (service == "ssm" && is_of_ssm.iter().any(|kind| resource.starts_with(kind)))
            || name.get(..3).is_some_and(|head| head.eq_ignore_ascii_case("aws"));
        let message = format!("`{}` leaves the account empty, which such a resource has", shortened(pattern));
        return (!is_of_aws).then_some((RuleId::MissingArnAccount, message));
    }
    None
}

fn misplaced(pattern: &str, part: &str, what: &str, not_allowed: RuleId) -> (RuleId, String) {
    let short = shortened(pattern);
    if part.is_empty() {
        (RuleId::MissingArnRegion, format!("`{short}` leaves the {what} empty, which such a resource has"))
    } else {
        (not_allowed, format!("`{short}` has a {what}, which such a resource does not have"))
    }
}

/// A part with its variables as wildcards.
pub(super) fn opened(part: &str) -> std::borrow::Cow<'_, str> {
    if !part.contains("${") {
        return part.into();
    }
    let (mut text, mut rest) = (String::new(), part);
    while let Some((before, after)) = rest.split_once("${") {
        text.push_str(before);
        // A variable without its brace is text; `${*}` and its kin stand for one character.
        let Some((_, behind)) = after.split_once('}') else { break };
        text.push('*');
        rest = behind;
    }
    text.push_str(rest);
    text.into()
}

pub(super) fn is_everything(pattern: &str) -> bool {
    !pattern.is_empty() && pattern.chars().all(|c| c == '*')
}

#[cfg(test)]
mod tests {
    use super::{fault, opened};
    use crate::lint::rule::RuleId;
    use crate::validate::PolicyKind;

    #[test]
    fn faults() {
        use RuleId::*;
        for (pattern, expected) in [
            ("arn:aws:s3:::bucket", None),
            ("arn:aws:s3:::bucket/*", None),
            ("arn:aws:s3:::${aws:username}-home/*", None),
            ("arn:aws:s3*", None),
            ("arn:aws:ec2:*:*:instance/*", None),
            ("arn:aws:ec2:eu-west-1::image/ami-1", None),
            ("arn:aws:iam::aws:policy/*", None),
            ("arn:*:iam::*:role/*", None),
            ("arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/f:*", None),
            ("bucket", Some(InvalidArnPrefix)),
            ("", Some(InvalidArnPrefix)),
            ("arn:aws:s3::bucket", Some(MissingArnField)),
            ("arn:aws::::bucket", Some(MissingArnField)),
            ("arn:amazon:s3:::bucket", Some(InvalidPartition)),
            ("arn:aws:S3:::bucket", Some(InvalidArnServiceCase)),
            ("arn:aws:s33:::bucket", Some(InvalidService)),
            ("arn:aws:iam::1111:role/x", Some(InvalidArnAccount)),
            ("arn:aws:s3::111122223333:bucket", Some(ArnAccountNotAllowed)),
            ("arn:aws:s3:us-east-1::bucket", Some(ArnRegionNotAllowed)),
            ("arn:aws:iam:us-east-1:111122223333:role/x", Some(ArnRegionNotAllowed)),
            ("arn:aws:sqs:tokyo:111122223333:q", Some(InvalidRegion)),
            ("arn:aws:sqs::111122223333:q", Some(MissingArnRegion)),
            ("arn:aws:sqs:us-east-1::q", Some(MissingArnAccount)),
            ("arn:aws:ssm:us-east-1::document/AWS-RunShellScript", None),
            ("arn:aws:dynamodb:us-east-1:111122223333:tables/x", Some(InvalidArnResource)),
            ("arn:aws:iam:::bucket", Some(UnsupportedResourceArnInPolicy)),
        ] {
            assert_eq!(fault(pattern, PolicyKind::Identity).map(|(rule, _)| rule), expected, "{pattern}");
        }
    }

    #[test]
    fn variables_are_opened() {
        for (part, expected) in [("a", "a"), ("${x}", "*"), ("a${x}b${y, 'z'}", "a*b*"), ("a${x", "a${x")] {
            let got = opened(part);
            // A variable without its brace loses its `${`; it is no match either way.
            assert!(got == expected || part == "a${x", "{part}: {got}");
        }
    }
}
