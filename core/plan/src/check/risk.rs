//! What a grant could be abused for: escalation, exfiltration, exposure, destruction.
//!
//! The risk families are cloudsplaining's; what belongs to them is told by the levels of AWS's service reference, and by name
//! where no level says it. Who can become an administrator is the escalation graph's to say.

use std::rc::Rc;

use kagimori_estate::model::{Account, Listing};
use kagimori_policy::catalogue::{AccessLevel, ActionId, ActionSet, Catalogue};
use kagimori_policy::document::{Effect, Statement};

use super::{Context, Identity, Judged, Missing, Placed, Rule, Ruling, policy};
use crate::privilege;
use crate::verdict::ResourceKind;

pub(super) const RULES: &[(&str, Rule)] = &[
    ("privesc", Rule::Identity(escalation)),
    ("data-exfil", Rule::Document(exfiltration)),
    ("cred-exposure", Rule::Document(credentials)),
    ("resource-exposure", Rule::Document(exposure)),
    ("infra-mod", Rule::Document(modification)),
    ("kms-decrypt-all", Rule::Document(decrypt_all)),
    ("resource-wildcard", Rule::Document(resource_wildcard)),
    ("iam-writer-count", Rule::Account(iam_writers)),
];

/// A family of actions: its name, and what belongs to it.
type Family = (&'static str, fn(&Catalogue, ActionId, &str) -> bool);

/// What carries data away beside what reads the content of something: copies that can be shared.
const EXFILTRATION: Family = ("exfiltration", |catalogue, id, name| {
    const COPIES: [&str; 9] = [
        "s3:GetObject",
        "ssm:GetParameter",
        "ssm:GetParameters",
        "ssm:GetParametersByPath",
        "secretsmanager:GetSecretValue",
        "rds:CopyDBSnapshot",
        "rds:CreateDBSnapshot",
        "dynamodb:Scan",
        "ec2:CreateSnapshot",
    ];
    /// Reads of whole stores, by the service reference's level and the name of what they read.
    const READS: [&str; 14] = [
        "s3:GetObjectVersion",
        "dynamodb:Query",
        "dynamodb:GetItem",
        "dynamodb:BatchGetItem",
        "dynamodb:ExportTableToPointInTime",
        "kinesis:GetRecords",
        "rds:StartExportTask",
        "rds-data:ExecuteStatement",
        "redshift-data:GetStatementResult",
        "athena:GetQueryResults",
        "secretsmanager:BatchGetSecretValue",
        "ebs:GetSnapshotBlock",
        "ec2:CreateSnapshots",
        "logs:GetLogEvents",
    ];
    let _ = (catalogue, id);
    COPIES.contains(&name) || READS.contains(&name)
});

/// What returns or resets credentials, by name: no level of the service reference says so.
const CREDENTIALS: Family = ("credentials", |_, _, name| {
    const ACTIONS: [&str; 26] = [
        "iam:CreateAccessKey",
        "iam:UpdateAccessKey",
        "iam:CreateLoginProfile",
        "iam:UpdateLoginProfile",
        "iam:CreateServiceSpecificCredential",
        "iam:ResetServiceSpecificCredential",
        "iam:UploadSSHPublicKey",
        "iam:UploadSigningCertificate",
        "cognito-identity:GetCredentialsForIdentity",
        "cognito-identity:GetOpenIdToken",
        "cognito-identity:GetOpenIdTokenForDeveloperIdentity",
        "connect:GetFederationToken",
        "ec2:GetPasswordData",
        "gamelift:GetComputeAuthToken",
        "gamelift:GetInstanceAccess",
        "gamelift:RequestUploadCredentials",
        "lightsail:DownloadDefaultKeyPair",
        "lightsail:GetBucketAccessKeys",
        "lightsail:GetInstanceAccessDetails",
        "lightsail:GetRelationalDatabaseMasterUserPassword",
        "rds-db:connect",
        "redshift:GetClusterCredentials",
        "redshift:GetClusterCredentialsWithIAM",
        "redshift-serverless:GetCredentials",
        "snowball:GetJobUnlockCode",
        "sts:GetFederationToken",
    ];
    ACTIONS.contains(&name)
});

/// What changes who may use a resource: the service reference's level *Permissions management*, and calls with the same effect
/// that it calls writes. The policies of identities are the escalation graph's business.
const EXPOSURE: Family = ("exposure", |catalogue, id, name| {
    const WRITES: [&str; 6] = [
        "ec2:ModifySnapshotAttribute",
        "ec2:ModifyImageAttribute",
        "rds:ModifyDBSnapshotAttribute",
        "rds:ModifyDBClusterSnapshotAttribute",
        "iam:UpdateAssumeRolePolicy",
        "ram:CreateResourceShare",
    ];
    let manages = catalogue.access_levels(id).contains(&AccessLevel::PermissionsManagement);
    WRITES.contains(&name) || (manages && !is_about_identities(name))
});

/// What creates, changes or destroys something that has a name: the service reference's level *Write* on a resource. What only
/// records what a program does (logs, metrics, traces) changes nothing of the kind.
const MODIFICATION: Family = ("modification", |catalogue, id, name| {
    const RECORDS: [&str; 6] = [
        "logs:PutLogEvents",
        "logs:CreateLogStream",
        "logs:CreateLogGroup",
        "cloudwatch:PutMetricData",
        "xray:PutTraceSegments",
        "xray:PutTelemetryRecords",
    ];
    let writes =
        catalogue.access_levels(id).contains(&AccessLevel::Write) && catalogue.has_resource_types(id);
    writes && !is_about_identities(name) && !RECORDS.contains(&name)
});

/// Calls of IAM and STS, which the escalation graph judges by what they lead to.
fn is_about_identities(name: &str) -> bool {
    ["iam:", "sts:", "sso:", "signin:"].iter().any(|service| name.starts_with(service))
}

/// Frequent actions that support resource-level permissions: a program that needs them knows which resource it means.
const RESOURCE_LEVEL: [&str; 20] = [
    "ses:SendEmail",
    "ses:SendRawEmail",
    "s3:GetObject",
    "s3:PutObject",
    "s3:ListBucket",
    "sqs:SendMessage",
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sns:Publish",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "lambda:InvokeFunction",
    "kinesis:PutRecord",
    "kinesis:PutRecords",
    "secretsmanager:GetSecretValue",
    "ssm:GetParameter",
    "states:StartExecution",
    "events:PutEvents",
    "iam:PassRole",
];

/// The actions of a list that an Allow without limits grants on every resource.
pub(super) fn granted_on_everything(
    context: &Context<'_>,
    account: &Account,
    placed: &Placed<'_>,
    actions: &[&str],
) -> Vec<String> {
    let catalogue = Catalogue::embedded();
    let open = |action: &&&str| {
        let statements = policy::unlimited(context, account, placed);
        statements.into_iter().any(|statement| {
            privilege::reaches_action(statement, action)
                && covers_every_resource(catalogue, catalogue.action(action), account, statement)
        })
    };
    let undenied = |action: &&&str| !privilege::denies(placed.document, action, "*");
    actions.iter().filter(open).filter(undenied).map(|action| (*action).to_owned()).collect()
}

/// What a document's Allows without limits grant of a family on every resource, as it is written there.
fn risky(context: &Context<'_>, account: &Account, placed: &Placed<'_>, family: Family) -> Judged {
    if policy::is_star_star(context, account, placed) {
        // `admin-…` says it all
        return Ok(Ruling::NotApplicable);
    }
    let mut granted: Vec<String> = Vec::new();
    for statement in policy::unlimited(context, account, placed) {
        let (patterns, negated) = statement.action.patterns();
        if negated {
            // all but what is written: `notaction-allow` says so too
            let all_but = format!("NotAction {}", patterns.join(", "));
            granted.extend(holds_some(context, account, placed, statement, "*", family).then_some(all_but));
            continue;
        }
        let held = patterns
            .iter()
            .filter(|pattern| holds_some(context, account, placed, statement, pattern, family));
        granted.extend(held.cloned());
    }
    granted.sort();
    granted.dedup();
    Ok(if granted.is_empty() { Ruling::Pass } else { Ruling::Fail(vec![("actions", granted.into())]) })
}

/// Whether a pattern of actions holds one of a family that the statement allows on every resource, and nothing denies there.
fn holds_some(
    context: &Context<'_>,
    account: &Account,
    placed: &Placed<'_>,
    statement: &Statement,
    pattern: &str,
    family: Family,
) -> bool {
    let catalogue = Catalogue::embedded();
    named(context, pattern, family).iter().any(|id| {
        let name = catalogue.name(*id);
        privilege::reaches_action(statement, &name)
            && covers_every_resource(catalogue, Some(*id), account, statement)
            && !privilege::denies(placed.document, &name, "*")
    })
}

/// The actions of a family that a pattern names, remembered: policies are written alike.
fn named(context: &Context<'_>, pattern: &str, (family, is_of): Family) -> Rc<[ActionId]> {
    let key = (pattern.to_ascii_lowercase(), family);
    if let Some(known) = context.privileges.named.borrow().get(&key) {
        return Rc::clone(known);
    }
    let catalogue = Catalogue::embedded();
    let one = catalogue.action(pattern).into_iter();
    let all = pattern.contains(['*', '?']).then(|| catalogue.expand(pattern));
    let all = all.iter().flat_map(ActionSet::iter);
    let found: Rc<[ActionId]> =
        one.chain(all).filter(|id| is_of(catalogue, *id, &catalogue.name(*id))).collect();
    context.privileges.named.borrow_mut().insert(key, Rc::clone(&found));
    found
}

/// Whether a statement is about every resource of each kind that an action works on: `*`, or a pattern like
/// `arn:aws:s3:::*/*`. Of an action that the service reference does not know, only `*` is.
fn covers_every_resource(
    catalogue: &Catalogue,
    action: Option<ActionId>,
    account: &Account,
    statement: &Statement,
) -> bool {
    if privilege::is_about_everything(statement) {
        return true;
    }
    let kinds = action.map(|id| catalogue.resource_types(id)).unwrap_or_default();
    let covers = |arn: &str| privilege::reaches_resource(statement, &with_stars(arn, account));
    let mut required = kinds.iter().filter(|kind| kind.required).peekable();
    match required.peek() {
        Some(_) => required.all(|kind| covers(kind.arn)),
        None => kinds.iter().any(|kind| covers(kind.arn)),
    }
}

/// An ARN of the service reference with `*` for its placeholders, but for the account.
fn with_stars(arn: &str, account: &Account) -> String {
    let mut text = String::new();
    let mut rest = arn;
    while let Some((before, after)) = rest.split_once("${") {
        text.push_str(before);
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        match name {
            "Partition" => text.push_str("aws"),
            "Account" => text.push_str(&account.id.to_string()),
            _ => text.push('*'),
        }
        rest = after;
    }
    text.push_str(rest);
    text
}

fn exfiltration(context: &Context<'_>, account: &Account, placed: &Placed<'_>) -> Judged {
    risky(context, account, placed, EXFILTRATION)
}

fn credentials(context: &Context<'_>, account: &Account, placed: &Placed<'_>) -> Judged {
    risky(context, account, placed, CREDENTIALS)
}

fn exposure(context: &Context<'_>, account: &Account, placed: &Placed<'_>) -> Judged {
    risky(context, account, placed, EXPOSURE)
}

fn modification(context: &Context<'_>, account: &Account, placed: &Placed<'_>) -> Judged {
    risky(context, account, placed, MODIFICATION)
}

/// Security Hub KMS.1 and KMS.2: `kms:Decrypt` or `kms:ReEncryptFrom` on all keys, conditions or not.
fn decrypt_all(context: &Context<'_>, account: &Account, placed: &Placed<'_>) -> Judged {
    if policy::is_star_star(context, account, placed) {
        return Ok(Ruling::NotApplicable);
    }
    const ALL_KEYS: &str = "arn:aws:kms:us-east-1:000000000000:key/probe";
    let every_key = ["kms:Decrypt", "kms:ReEncryptFrom"].iter().any(|action| {
        privilege::allows(placed.document, action, ALL_KEYS)
            && !privilege::denies(placed.document, action, ALL_KEYS)
    });
    Ok(if every_key { Ruling::Fail(Vec::new()) } else { Ruling::Pass })
}

/// Actions written out, on `*`, that could name their resource. Wildcards are `service-wildcard`'s business.
fn resource_wildcard(_: &Context<'_>, _: &Account, placed: &Placed<'_>) -> Judged {
    let mut found = Vec::new();
    for statement in &placed.document.statements {
        let (patterns, negated) = statement.action.patterns();
        let open = statement.effect == Effect::Allow
            && !negated
            && statement.conditions.is_empty()
            && privilege::is_about_everything(statement);
        if open {
            let known = patterns.iter().filter_map(|pattern| {
                RESOURCE_LEVEL.iter().find(|action| action.eq_ignore_ascii_case(pattern))
            });
            found.extend(known.map(|action| (*action).to_owned()));
        }
    }
    found.sort();
    found.dedup();
    Ok(if found.is_empty() { Ruling::Pass } else { Ruling::Fail(vec![("actions", found.into())]) })
}

/// The escalation graph answers ([`crate::escalation`]), as `ask paths` does: whom an identity can become by whatever ways lead
/// there, in this account and in others. Left to `ask paths` are ways that hang on what no snapshot tells (which function runs
/// as which role), and roles that are meant to be assumed with MFA.
fn escalation(context: &Context<'_>, account: &Account, identity: &Identity<'_>) -> Judged {
    let power = match identity.kind {
        ResourceKind::User => context.privileges.user(account.id, identity.name),
        ResourceKind::Role => context.privileges.role(account.id, identity.name),
        // A group can do nothing by itself; its members are judged with its policies.
        _ => return Ok(Ruling::NotApplicable),
    };
    let power = power.map_err(Missing)?;
    Ok(match (power.administrator, power.ways.is_empty()) {
        // an administrator already: `admin-…` and `mfa-privileged-user` say so
        (true, true) => Ruling::NotApplicable,
        (_, true) => Ruling::Pass,
        (_, false) => {
            let ways: Vec<String> = power.ways.iter().map(|id| (*id).to_owned()).collect();
            Ruling::Fail(vec![("paths", ways.into())])
        }
    })
}

fn iam_writers(context: &Context<'_>, account: &Account) -> Judged {
    account.listing(Listing::Users).known()?;
    account.listing(Listing::Roles).known()?;
    let mut writers = Vec::new();
    for user in account.users.values() {
        if context.privileges.user(account.id, &user.name).map_err(Missing)?.iam_writer {
            writers.push(user.name.clone());
        }
    }
    for role in account.roles.values().filter(|role| !super::is_aws_owned(role)) {
        if context.privileges.role(account.id, &role.name).map_err(Missing)?.iam_writer {
            writers.push(role.name.clone());
        }
    }
    let limit = context.settings.limits.iam_writers;
    if writers.len() <= limit {
        return Ok(Ruling::Pass);
    }
    let facts = vec![("count", writers.len().into()), ("limit", limit.into()), ("names", writers.into())];
    Ok(Ruling::Fail(facts))
}
