//! What a call learns from the message of its refusal: AWS's own word on the permission and its resource.
//!
//! It fills in what the event does not tell, and it tests the map: what the map had said is kept beside it.

use kagimori_policy::catalogue::Catalogue;
use kagimori_policy::pattern::matches;

use super::denial::Denial;
use super::resource::account_of;
use crate::call::{Call, Certainty, Check, CheckedResource, MapGap, Mapped, Outcome, Refusal};
use crate::redact;

impl Call {
    /// Takes from the message of a refusal the permission that was refused, and where the event is silent its resource. Messages
    /// of calls that ended otherwise tell nothing here.
    pub fn learn(&mut self, message: Option<&str>) {
        self.refusal = None;
        if self.outcome != Outcome::Denied {
            return;
        }
        let message = message.map(redact::message);
        let Some(denial) = message.as_deref().and_then(Denial::read) else { return };
        let action = Catalogue::embedded().action(denial.action).map(|id| Catalogue::embedded().name(id));
        let action: Box<str> = action.unwrap_or_else(|| denial.action.to_owned()).into();
        let account = self.account.or(self.caller.account).map(|account| account.to_string());
        let said =
            denial.checked(self.region.as_deref().map_or("aws", kagimori_id::partition), account.as_deref());
        let mapped = if self.checks.is_empty() || self.gap == Some(MapGap::UnknownEvent) {
            Mapped::NoEvent
        } else {
            mapped(&self.checks, &action, said.as_ref())
        };
        self.take(&action, said.as_ref());
        self.checks.iter_mut().for_each(redact::check);
        self.refusal = Some(Box::new(Refusal {
            action,
            resource: denial.resource.map(Box::from),
            layer: denial.layer,
            policy: denial.policy.map(Box::from),
            is_explicit: denial.is_explicit,
            mapped,
        }));
    }

    /// AWS checked this: the check that the message is about has what it says, and is certain.
    fn take(&mut self, action: &str, said: Option<&CheckedResource>) {
        let is_it = |check: &&mut Check| check.action.eq_ignore_ascii_case(action);
        let fits = |check: &Check| said.is_none_or(|said| agreement(&check.resource, said).is_some());
        let mut of_it: Vec<&mut Check> = self.checks.iter_mut().filter(is_it).collect();
        // The likeliest: one that fits, told before open; else the only one of the action, which was wrong.
        let place =
            of_it.iter().position(|check| fits(check) && matches!(check.resource, CheckedResource::Arn(_)));
        let place = place.or_else(|| of_it.iter().position(|check| fits(check)));
        let place = place.or_else(|| (of_it.len() == 1).then_some(0));
        match place.and_then(|place| of_it.get_mut(place)) {
            Some(check) => {
                check.certainty = Certainty::Certain;
                if let Some(said) = said.filter(|said| is_narrower(said, &check.resource)) {
                    check.resource = said.clone();
                    check.resource_account = told_account(said).or(check.resource_account);
                }
            }
            None => self.checks.push(Check {
                action: action.into(),
                resource: said.cloned().unwrap_or(CheckedResource::Unknown),
                resource_account: said.and_then(told_account).or(self.account),
                context: Vec::new(),
                certainty: Certainty::Certain,
            }),
        }
        let is_open =
            |check: &Check| matches!(check.resource, CheckedResource::Unknown | CheckedResource::Pattern(_));
        if self.gap == Some(MapGap::BodyMissing) && !self.checks.iter().any(is_open) {
            self.gap = None;
        }
    }
}

/// The map's checks beside what the message says.
fn mapped(checks: &[Check], action: &str, said: Option<&CheckedResource>) -> Mapped {
    let of_it: Vec<&Check> =
        checks.iter().filter(|check| check.action.eq_ignore_ascii_case(action)).collect();
    if of_it.is_empty() {
        return Mapped::OtherAction;
    }
    let Some(said) = said else { return Mapped::NotSaid };
    let best = of_it.iter().filter_map(|check| agreement(&check.resource, said)).min();
    let wrong = || of_it.iter().find_map(|check| text(&check.resource)).unwrap_or_default();
    best.unwrap_or_else(|| Mapped::OtherResource(wrong().into()))
}

/// Whether a resource of the map may be the one of the message, and how.
fn agreement(known: &CheckedResource, said: &CheckedResource) -> Option<Mapped> {
    match (known, said) {
        (CheckedResource::Unknown, _) => Some(Mapped::Unknown),
        // An action without resource types: messages name `*`, or whatever the service builds for it.
        (CheckedResource::None, _) => Some(Mapped::Same),
        // "on resource: *" is said of resources that the service does not work out.
        (_, CheckedResource::None | CheckedResource::Unknown) => Some(Mapped::NotSaid),
        (CheckedResource::Arn(known), CheckedResource::Arn(said)) => (known == said).then_some(Mapped::Same),
        // EC2 says `instance/*` of an instance that does not exist.
        (CheckedResource::Arn(known), CheckedResource::Pattern(said)) => {
            matches(said, known).then_some(Mapped::Same)
        }
        (CheckedResource::Pattern(known), CheckedResource::Arn(said)) => {
            matches(known, said).then_some(Mapped::Pattern)
        }
        (CheckedResource::Pattern(known), CheckedResource::Pattern(said)) => {
            (matches(said, known) || matches(known, said)).then_some(Mapped::Pattern)
        }
    }
}

/// Whether what the message says is more than the map's.
fn is_narrower(said: &CheckedResource, known: &CheckedResource) -> bool {
    match (said, known) {
        (CheckedResource::Unknown, _) => false,
        (_, CheckedResource::Unknown) => true,
        (CheckedResource::None, _) => false,
        // The engine asks an action without resource types on `*`.
        (_, CheckedResource::None) => false,
        (CheckedResource::Pattern(said), CheckedResource::Arn(known)) => !matches(said, known),
        (CheckedResource::Pattern(said), CheckedResource::Pattern(known)) => !matches(said, known),
        (CheckedResource::Arn(said), CheckedResource::Arn(known)) => said != known,
        (CheckedResource::Arn(_), CheckedResource::Pattern(_)) => true,
    }
}

fn text(resource: &CheckedResource) -> Option<&str> {
    match resource {
        CheckedResource::Arn(text) | CheckedResource::Pattern(text) => Some(text),
        CheckedResource::None | CheckedResource::Unknown => None,
    }
}

fn told_account(resource: &CheckedResource) -> Option<kagimori_id::AccountId> {
    account_of(text(resource)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Identity, read};

    fn call(source: &str, name: &str, request: &str, message: &str) -> Call {
        let event = format!(
            r#"{{"eventTime":"2026-03-01T00:00:00Z","eventSource":"{source}.amazonaws.com","eventName":"{name}","awsRegion":"eu-west-1",
            "recipientAccountId":"111122223333","errorCode":"AccessDenied","errorMessage":{},"requestParameters":{request},
            "userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/ann","accountId":"111122223333","userName":"ann"}}}}"#,
            serde_json::Value::from(message)
        );
        let mut calls = Vec::new();
        read(event.as_bytes(), |event| {
            calls.push(Call::of(&event, &Identity::parse(event.identity.as_deref().unwrap())));
        });
        calls.pop().unwrap()
    }

    fn message(action: &str, resource: &str) -> String {
        format!(
            "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: {action} on resource: {resource} because \
             no identity-based policy allows the {action} action"
        )
    }

    /// What the map says, what AWS says, and what the call then says of the permission.
    #[test]
    fn the_message_is_the_truth() {
        let key = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        let role = "arn:aws:iam::444455556666:role/deploy";
        let bob = r#"{"userName":"bob"}"#;
        let rows = [
            // AttachUserPolicy without a request was not about the caller.
            (
                "iam",
                "AttachUserPolicy",
                "null",
                "iam:AttachUserPolicy",
                "user bob",
                "~arn:aws:iam::111122223333:user/*bob",
                Mapped::Unknown,
            ),
            (
                "iam",
                "AttachUserPolicy",
                bob,
                "iam:AttachUserPolicy",
                "user bob",
                "~arn:aws:iam::111122223333:user/*bob",
                Mapped::Pattern,
            ),
            (
                "iam",
                "DeleteUser",
                bob,
                "iam:DeleteUser",
                "arn:aws:iam::111122223333:user/ops/bob",
                "arn:aws:iam::111122223333:user/ops/bob",
                Mapped::Pattern,
            ),
            ("sts", "AssumeRole", "null", "sts:AssumeRole", role, role, Mapped::Unknown),
            ("s3", "GetObject", r#"{"bucketName":"b","key":"k"}"#, "kms:Decrypt", key, key, Mapped::Unknown),
            (
                "sns",
                "CreateTopic",
                r#"{"name":"t"}"#,
                "SNS:CreateTopic",
                "arn:aws:sns:eu-west-1:111122223333:t",
                "arn:aws:sns:eu-west-1:111122223333:t",
                Mapped::Same,
            ),
            (
                "sns",
                "ListTopics",
                "null",
                "SNS:ListTopics",
                "arn:aws:sns:eu-west-1:111122223333:*",
                "-",
                Mapped::Same,
            ),
            (
                "iam",
                "DeleteUser",
                bob,
                "iam:DeleteUser",
                "user eve",
                "~arn:aws:iam::111122223333:user/*eve",
                Mapped::OtherResource("arn:aws:iam::111122223333:user/*bob".into()),
            ),
            (
                "iam",
                "DeleteUser",
                bob,
                "iam:GetUser",
                "user bob",
                "~arn:aws:iam::111122223333:user/*bob",
                Mapped::OtherAction,
            ),
            (
                "iam",
                "NoSuchCall",
                "null",
                "iam:GetUser",
                "user bob",
                "~arn:aws:iam::111122223333:user/*bob",
                Mapped::NoEvent,
            ),
            (
                "secretsmanager",
                "GetSecretValue",
                "null",
                "secretsmanager:GetSecretValue",
                "prod/db",
                "?",
                Mapped::NotSaid,
            ),
            (
                "ec2",
                "GetConsoleScreenshot",
                r#"{"GetConsoleScreenshotRequest":{"InstanceId":"i-0123456789abcdef0"}}"#,
                "ec2:GetConsoleScreenshot",
                "arn:aws:ec2:eu-west-1:111122223333:instance/*",
                "arn:aws:ec2:eu-west-1:111122223333:instance/i-0123456789abcdef0",
                Mapped::Same,
            ),
        ];
        for (source, name, request, action, said, expected, how) in rows {
            let call = call(source, name, request, &message(action, said));
            let refusal = call.refusal.as_deref().unwrap();
            assert_eq!(refusal.mapped, how, "{name} {said}");
            let mut of_it = call.checks.iter().filter(|check| check.action == refusal.action);
            let shown = |check: &Check| match &check.resource {
                CheckedResource::Arn(arn) => arn.to_string(),
                CheckedResource::Pattern(arn) => format!("~{arn}"),
                CheckedResource::None => "-".to_owned(),
                CheckedResource::Unknown => "?".to_owned(),
            };
            let is_it = |check: &Check| shown(check) == expected && check.certainty == Certainty::Certain;
            assert!(of_it.any(is_it), "{name}: {:?}", call.checks);
        }
    }

    #[test]
    fn what_is_known_closes_the_gap() {
        let told = call(
            "sts",
            "AssumeRole",
            "null",
            &message("sts:AssumeRole", "arn:aws:iam::444455556666:role/deploy"),
        );
        assert_eq!((told.gap, told.checks.len()), (None, 1));
        assert_eq!(told.checks[0].resource_account.unwrap().to_string(), "444455556666");
        let untold = call("sts", "AssumeRole", "null", "Access denied");
        assert_eq!(
            (untold.gap, &untold.checks[0].resource),
            (Some(MapGap::BodyMissing), &CheckedResource::Unknown)
        );
        assert_eq!(untold.refusal, None);
    }
}
