//! What a caller narrows or marks a session with: session policies and tags.

use kagimori_policy::document::Document;
use kagimori_policy::parse::{Strictness, parse};
use kagimori_policy::validate::{PolicyKind, validate};

use crate::fault::Fault;
use crate::limits::{Checks, ROLE_ARN, SESSION_POLICY, TAG_KEY, TAG_VALUE};
use crate::message::Parameters;
use crate::world::caller::united;
use crate::world::state::{AccountState, SessionTag};

const MOST_POLICY_ARNS: usize = 10;
const MOST_POLICY_CHARACTERS: usize = 2048;
const MOST_TAGS: usize = 50;
/// An estimate: six tags of EKS Pod Identity, about 270 bytes, take 74 % (containers-roadmap#2413).
const TAG_BYTES_PER_TEN_PERCENT: usize = 40;
/// An estimate: an inline policy of the greatest length just fits.
const POLICY_CHARACTERS_PER_PERCENT: usize = 21;

/// Checks the parameters by themselves.
pub(super) fn check(checks: &mut Checks, parameters: &Parameters) {
    checks.text("policy", parameters.get("Policy"), &SESSION_POLICY);
    let arns = parameters.fields("PolicyArns", "arn");
    checks.length("policyArns", arns.len(), MOST_POLICY_ARNS);
    for (arn, number) in arns.iter().zip(1..) {
        checks.text(&format!("policyArns.{number}.member.arn"), Some(arn), &ROLE_ARN);
    }
    let tags = parameters.tags();
    checks.length("tags", tags.len(), MOST_TAGS);
    for ((key, value), number) in tags.iter().zip(1..) {
        checks.text(&format!("tags.{number}.member.key"), Some(key), &TAG_KEY);
        checks.text(&format!("tags.{number}.member.value"), Some(value), &TAG_VALUE);
    }
}

/// The session policy: what any of the given policies allows. The managed ones are those of the account the session will
/// be in.
pub(super) fn session_policy(
    parameters: &Parameters,
    account: Option<&AccountState>,
) -> Result<Option<Document>, Fault> {
    let inline = parameters.get("Policy");
    let arns = parameters.fields("PolicyArns", "arn");
    let characters =
        inline.map_or(0, |text| text.chars().count()) + arns.iter().map(|arn| arn.len()).sum::<usize>();
    if characters > MOST_POLICY_CHARACTERS {
        return Err(Fault::packed_too_large("session policies", policy_percent(parameters).max(101)));
    }
    let mut documents: Vec<Document> = inline.map(read).transpose()?.into_iter().collect();
    for arn in arns {
        let found = account.and_then(|account| account.managed.get(arn)).cloned();
        let missing =
            || Fault::malformed_policy(format!("The policy {arn} does not exist or is not attachable."));
        documents.push(found.ok_or_else(missing)?);
    }
    Ok(united(documents))
}

fn read(text: &str) -> Result<Document, Fault> {
    let document = parse(text, Strictness::Strict);
    let document =
        document.map_err(|error| Fault::malformed_policy(format!("Syntax errors in policy: {error}")))?;
    match validate(&document, PolicyKind::Session).first() {
        Some(fault) => Err(Fault::malformed_policy(format!("{}: {}", fault.path, fault.message))),
        None => Ok(document),
    }
}

/// The tags of a session: those passed, and the transitive ones of the calling session.
pub(super) fn session_tags(
    parameters: &Parameters,
    inherited: &[SessionTag],
) -> Result<Vec<SessionTag>, Fault> {
    let (given, transitive) = (parameters.tags(), parameters.list("TransitiveTagKeys"));
    let invalid = |message: &str| Fault::new(400, "InvalidParameterValue", message);
    let has = |key: &str| given.iter().any(|(other, _)| other.eq_ignore_ascii_case(key));
    let mut keys: Vec<String> = given.iter().map(|(key, _)| key.to_lowercase()).collect();
    keys.sort();
    if keys.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err(invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive."));
    }
    if transitive.iter().any(|key| !has(key)) {
        return Err(invalid("The specified transitive tag key must be included in the requested tags."));
    }
    if inherited.iter().any(|tag| tag.is_transitive && has(&tag.key)) {
        return Err(invalid(
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from \
             the calling session.",
        ));
    }
    let mut tags: Vec<SessionTag> = inherited.iter().filter(|tag| tag.is_transitive).cloned().collect();
    tags.extend(given.into_iter().map(|(key, value)| {
        let is_transitive = transitive.iter().any(|name| name.eq_ignore_ascii_case(&key));
        SessionTag { key, value, is_transitive }
    }));
    Ok(tags)
}

/// How full the packed form is, in percent; nothing when there is nothing to pack.
pub(super) fn packed_percent(parameters: &Parameters, tags: &[SessionTag]) -> Result<Option<usize>, Fault> {
    let bytes: usize = tags.iter().map(|tag| tag.key.len() + tag.value.len()).sum();
    let of_tags = (bytes * 10).div_ceil(TAG_BYTES_PER_TEN_PERCENT);
    let of_policies = policy_percent(parameters);
    if of_tags > 100 {
        return Err(Fault::packed_too_large("session tags", of_tags));
    }
    if of_policies > 100 {
        return Err(Fault::packed_too_large("session policies", of_policies));
    }
    Ok(Some(of_tags.max(of_policies)).filter(|percent| *percent > 0))
}

/// Blanks outside of texts do not count much; the estimate leaves them out.
fn policy_percent(parameters: &Parameters) -> usize {
    let inline = parameters.get("Policy").unwrap_or_default();
    let characters = inline.chars().filter(|letter| !letter.is_whitespace()).count();
    let arns: usize = parameters.fields("PolicyArns", "arn").iter().map(|arn| arn.len()).sum();
    (characters + arns).div_ceil(POLICY_CHARACTERS_PER_PERCENT)
}
