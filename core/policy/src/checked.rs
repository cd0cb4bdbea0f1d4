//! What AWS compares `Resource` with when a call names no resource of its own.
//!
//! The service reference gives such an action no resource type, which reads as "only `*` is about it". AWS does compare an
//! ARN for some of them: `s3:ListAllMyBuckets` is granted on `arn:aws:s3:::*`. `data/checked-resources.tsv` says which, and
//! who says so; for an action without a row nobody knows whether a policy that is limited to ARNs is about it.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::catalogue::Catalogue;
use crate::glob::patterns_overlap;
use crate::pattern;
use crate::request::{Fact, Principal, Request};
use kagimori_id::ArnParts;
use kagimori_id::arn::padded_parts;

/// The key that says in which Region a call is made.
pub(crate) const REGION_KEY: &str = "aws:requestedregion";

/// What AWS compares for an action without resource types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checked {
    /// `*`: only a policy with that is about it.
    Everything,
    /// An ARN with placeholders, a `*` in it being that character; by its row.
    Arn(Row),
    /// Nobody says.
    Undocumented,
}

/// A row of the table with an ARN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Row(usize);

/// The table.
#[derive(Debug, Default)]
struct Table {
    /// By action in lower case.
    actions: FxHashMap<String, Checked>,
    /// Actions with wildcards.
    patterns: Vec<(String, Checked)>,
    arns: Vec<&'static str>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(include_str!("../data/checked-resources.tsv")));

impl Table {
    fn read(text: &'static str) -> Self {
        let mut table = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let mut fields = line.split('\t');
            let (Some(action), Some(resource)) = (fields.next(), fields.next()) else { continue };
            let checked = if resource == "*" {
                Checked::Everything
            } else {
                table.arns.push(resource);
                Checked::Arn(Row(table.arns.len().saturating_sub(1)))
            };
            let action = action.to_ascii_lowercase();
            if action.contains('*') {
                table.patterns.push((action, checked));
            } else {
                table.actions.insert(action, checked);
            }
        }
        table
    }
}

/// What AWS compares for an action without resource types, given in lower case.
pub(crate) fn of_action(lower_case_action: &str) -> Checked {
    if let Some(known) = TABLE.actions.get(lower_case_action) {
        return *known;
    }
    let mut patterns = TABLE.patterns.iter();
    let found = patterns.find(|(pattern, _)| pattern::matches(pattern, lower_case_action));
    found.map_or(Checked::Undocumented, |(_, checked)| *checked)
}

/// The rows that have an ARN.
pub(crate) fn rows() -> impl Iterator<Item = Row> {
    (0..TABLE.arns.len()).map(Row)
}

impl Row {
    /// The ARN with placeholders.
    pub(crate) fn arn(self) -> &'static str {
        TABLE.arns.get(self.0).copied().unwrap_or_default()
    }

    /// The ARN with its placeholders filled in; what is `*` in it is written as in policies, `${*}`.
    pub(crate) fn filled(self, partition: &str, region: &str, account: &str) -> String {
        let arn = self.arn().replace('*', "${*}");
        arn.replace("${Partition}", partition).replace("${Region}", region).replace("${Account}", account)
    }
}

/// The resource of one request that names none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unnamed {
    /// `*`.
    Everything,
    /// This ARN; a `*` stands for a Region that is not known.
    Arn(String),
    /// `*`, or an ARN of the action's service in this account.
    Undocumented {
        /// The prefix of the action in lower case.
        service: String,
        /// Of the caller.
        partition: String,
        /// Of the resource; empty when nobody said.
        account: String,
    },
}

impl Unnamed {
    /// What AWS compares for a request.
    pub(crate) fn of(request: &Request) -> Self {
        let action = request.action.to_ascii_lowercase();
        let partition = partition(&request.principal);
        match of_action(&action) {
            Checked::Everything => Self::Everything,
            Checked::Arn(row) => {
                let region = match request.context.get(REGION_KEY) {
                    Fact::One(region) => region,
                    _ => "*",
                };
                Self::Arn(row.filled(partition, region, &request.resource_account))
            }
            Checked::Undocumented => Self::Undocumented {
                service: action.split(':').next().unwrap_or_default().to_owned(),
                partition: partition.to_owned(),
                account: request.resource_account.clone(),
            },
        }
    }

    /// Whether a pattern of ARNs may be about what AWS compares, where that is not documented. A grant may hold on whatever
    /// ARN of the service it names; anything else is about the call only if it is not about one resource by its name, which
    /// the call has not.
    pub(crate) fn may_be(&self, pattern: &str, is_grant: bool) -> bool {
        let Self::Undocumented { service, partition, account } = self else { return false };
        let [scheme, of_partition, of_service, _, of_account, resource] = padded_parts(pattern);
        let is_of_account =
            of_account.is_empty() || account.is_empty() || patterns_overlap(of_account, account);
        patterns_overlap(scheme, "arn")
            && patterns_overlap(of_partition, partition)
            && is_namespace(service, of_service)
            && is_of_account
            && (is_grant || is_open(resource))
    }
}

/// Not the name of one resource.
pub(crate) fn is_open(resource: &str) -> bool {
    resource.is_empty() || resource.contains(['*', '?']) || resource.ends_with(['/', ':'])
}

/// Whether a pattern of the third part of an ARN is about the resources of a service. Some have another name there than the
/// prefix of their actions.
pub(crate) fn is_namespace(service: &str, part: &str) -> bool {
    static NAMESPACES: LazyLock<FxHashMap<String, BTreeSet<&'static str>>> = LazyLock::new(|| {
        let catalogue = Catalogue::embedded();
        let arns: Vec<&str> = catalogue.resource_arns().collect();
        let mut namespaces = FxHashMap::<String, BTreeSet<&str>>::default();
        for id in catalogue.actions() {
            let name = catalogue.name(id);
            let service = name.split(':').next().unwrap_or_default();
            let of_service = namespaces.entry(service.to_owned()).or_default();
            let arns = catalogue.resource_numbers(id).filter_map(|number| arns.get(number));
            of_service.extend(arns.map(|arn| padded_parts(arn)[2]).filter(|part| !part.contains('$')));
        }
        // Actions may work on the resources of other services; a service whose own ARNs bear its prefix has no other name.
        namespaces.retain(|service, names| !names.contains(service.as_str()));
        namespaces
    });
    patterns_overlap(part, service)
        || NAMESPACES.get(service).is_some_and(|known| known.iter().any(|name| patterns_overlap(part, name)))
}

/// The partition of a caller.
fn partition(principal: &Principal) -> &str {
    let of_arn = |arn| ArnParts::parse(arn).map_or("aws", |arn| arn.partition);
    match principal {
        Principal::Service { name } if name.ends_with(".cn") => "aws-cn",
        Principal::Federated { provider } => of_arn(provider),
        caller => caller.arn().map_or("aws", of_arn),
    }
}

#[cfg(test)]
mod tests {
    use super::{Checked, Unnamed, of_action, rows};
    use crate::catalogue::Catalogue;
    use crate::decision::Answer;
    use crate::engine::decide_once;
    use crate::formula::Atom;
    use crate::parse::{Strictness, parse};
    use crate::policies::Policies;
    use crate::reference::decide;
    use crate::request::{Context, Principal, Request};
    use kagimori_id::ArnParts;

    #[test]
    fn every_row_is_about_actions_without_resource_types() {
        let catalogue = Catalogue::embedded();
        for line in
            include_str!("../data/checked-resources.tsv").lines().filter(|line| !line.starts_with('#'))
        {
            let fields: Vec<&str> = line.split('\t').collect();
            let [action, resource, source] = fields.as_slice() else { panic!("{line}") };
            assert!(!source.is_empty(), "{line}");
            assert!(*resource == "*" || ArnParts::parse(resource).is_some(), "{line}");
            let set = catalogue.expand(action);
            assert!(set.iter().any(|id| !catalogue.has_resource_types(id)), "{action}");
            assert_ne!(
                of_action(&catalogue.name(set.iter().next().unwrap()).to_lowercase()),
                Checked::Undocumented
            );
        }
        assert!(rows().count() > 10);
    }

    fn request(action: &str, context: Context) -> Request {
        Request {
            principal: Principal::parse("arn:aws:iam::111122223333:user/ann").unwrap(),
            action: action.to_owned(),
            resource: "*".to_owned(),
            resource_account: "111122223333".to_owned(),
            wildcard_only: true,
            context,
        }
    }

    fn decided(effect: &str, element: &str, resource: &str, request: &Request) -> (Answer, Vec<Atom>) {
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": [
                {{"Effect": "{effect}", "Action": "*", "{element}": "{resource}"}},
                {{"Effect": "Allow", "Action": "*", "Resource": "{}"}}]}}"#,
            if effect == "Deny" { "*" } else { "arn:aws:none:::none" }
        );
        let policies =
            Policies { identity: vec![parse(&text, Strictness::Strict).unwrap()], ..Policies::default() };
        let decision = decide(request, &policies);
        assert_eq!(decide_once(request, &policies), decision.answer, "{effect} {element} {resource}");
        let atoms = decision.allowed_if.atoms().into_iter().cloned().collect();
        (decision.answer, atoms)
    }

    /// Each line: action, resource of the only grant, and whether it holds (`None`: cannot tell).
    #[test]
    fn grants_on_arns_hold_as_aws_compares_them() {
        let complete = || Context::complete().with("aws:RequestedRegion", "eu-west-1");
        for (action, resource, expected) in [
            ("s3:ListAllMyBuckets", "arn:aws:s3:::*", Some(true)),
            ("s3:ListAllMyBuckets", "arn:aws:s3:::ledger", Some(false)),
            ("s3:ListAllMyBuckets", "arn:aws:s3:::ledger*", Some(false)),
            ("s3:ListAllMyBuckets", "arn:aws-cn:s3:::*", Some(false)),
            ("s3:ListAllMyBuckets", "arn:*", Some(true)),
            ("logs:DescribeLogGroups", "arn:aws:logs:*:*:*", Some(true)),
            ("logs:DescribeLogGroups", "arn:aws:logs:eu-west-1:111122223333:log-group:*", Some(true)),
            ("logs:DescribeLogGroups", "arn:aws:logs:eu-west-1:111122223333:*", Some(true)),
            ("logs:DescribeLogGroups", "arn:aws:logs:us-east-1:111122223333:*", Some(false)),
            ("logs:DescribeLogGroups", "arn:aws:logs:*:444455556666:*", Some(false)),
            ("logs:DescribeLogGroups", "arn:aws:logs:*:*:log-group:/aws/lambda/*", Some(false)),
            ("iam:ListRoles", "arn:aws:iam::111122223333:role/*", Some(true)),
            ("iam:ListRoles", "arn:aws:iam::111122223333:role/", Some(true)),
            ("iam:ListRoles", "arn:aws:iam::111122223333:role/app-*", Some(false)),
            ("iam:ListUsers", "arn:aws:iam::*:user/*", Some(true)),
            ("iam:ListUsers", "arn:aws:iam::*:role/*", Some(false)),
            ("dynamodb:ListTables", "arn:aws:dynamodb:*:*:table/*", Some(true)),
            ("dynamodb:ListTables", "arn:aws:dynamodb:*:*:table/orders", Some(false)),
            ("ec2:DescribeInstances", "arn:aws:ec2:*:*:*", Some(false)),
            ("ec2:DescribeInstances", "*", Some(true)),
            // Nobody says what AWS compares for these.
            ("ssm:ListCommands", "arn:aws:ssm:*:*:*", None),
            ("ssm:ListCommands", "arn:aws:ssm:eu-west-1:111122223333:document/one", None),
            ("ssm:ListCommands", "arn:aws:ssm:*:444455556666:*", Some(false)),
            ("ssm:ListCommands", "arn:aws:s3:::*", Some(false)),
            ("ssm:ListCommands", "*", Some(true)),
        ] {
            let request = request(action, complete());
            let (answer, _) = decided("Allow", "Resource", resource, &request);
            let expected = match expected {
                Some(true) => answer == Answer::Allowed,
                Some(false) => matches!(answer, Answer::ImplicitlyDenied(_)),
                None => answer == Answer::Indeterminate,
            };
            assert!(expected, "{action} on {resource}: {answer:?}");
        }
    }

    /// What a Deny, or a `NotResource`, says of such a call.
    #[test]
    fn denies_hold_too_where_they_are_not_about_one_name() {
        let complete = Context::complete;
        for (effect, element, action, resource, expected) in [
            ("Deny", "Resource", "s3:ListAllMyBuckets", "arn:aws:s3:::*", Some(false)),
            ("Deny", "Resource", "s3:ListAllMyBuckets", "arn:aws:s3:::secret", Some(true)),
            ("Deny", "NotResource", "s3:ListAllMyBuckets", "arn:aws:s3:::ledger", Some(false)),
            ("Deny", "NotResource", "s3:ListAllMyBuckets", "arn:aws:s3:::*", Some(true)),
            ("Allow", "NotResource", "s3:ListAllMyBuckets", "arn:aws:s3:::secret", Some(true)),
            ("Deny", "Resource", "ssm:ListCommands", "arn:aws:ssm:*:*:document/secret", Some(true)),
            ("Deny", "Resource", "ssm:ListCommands", "arn:aws:ssm:*:*:document/*", None),
            ("Allow", "NotResource", "ssm:ListCommands", "arn:aws:ssm:*:*:document/secret", Some(true)),
        ] {
            let (answer, _) = decided(effect, element, resource, &request(action, complete()));
            let expected = match expected {
                Some(true) => answer == Answer::Allowed,
                Some(false) => matches!(answer, Answer::ImplicitlyDenied(_) | Answer::ExplicitlyDenied(_)),
                None => answer == Answer::Indeterminate,
            };
            assert!(expected, "{effect} {action} {element} {resource}: {answer:?}");
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        let (answer, atoms) = decided(
            "Allow",
            "Resource",
            "arn:aws:logs:eu-west-1:*:*",
            &request("logs:DescribeLogGroups", Context::complete()),
        );
        assert_eq!(answer, Answer::Indeterminate);
        assert_eq!(atoms.first().unwrap().missing_keys(), ["aws:requestedregion"]);
        let (_, atoms) = decided(
            "Allow",
            "Resource",
            "arn:aws:ssm:*:*:*",
            &request("ssm:ListCommands", Context::complete()),
        );
        assert!(matches!(atoms.as_slice(), [Atom::Undocumented { .. }]), "{atoms:?}");
        assert!(atoms[0].to_string().contains("ssm:ListCommands"));
    }

    #[test]
    fn a_service_may_have_another_name_in_its_arns() {
        let unnamed = Unnamed::of(&request("aoss:ListCollections", Context::complete()));
        assert!(matches!(unnamed, Unnamed::Undocumented { .. }));
        assert!(unnamed.may_be("arn:aws:aoss:*:*:collection/*", false));
        assert!(!unnamed.may_be("arn:aws:es:*:*:domain/*", true));
    }
}
