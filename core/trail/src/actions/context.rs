//! The condition keys a call itself tells (IAM User Guide, `reference_policies_condition-keys`).

use std::net::IpAddr;

use kagimori_id::AccountId;
use kagimori_policy::request::{Context, Fact};

use crate::call::{Call, Check, CheckedResource};
use crate::event::{Principal, is_console};

impl Call {
    /// What the event tells of the request's condition keys, whatever the check. Keys that are not listed are unknown.
    pub fn context(&self) -> Context {
        let mut context = Context::partial();
        let caller = &self.caller;
        if let Ok(time) = jiff::Timestamp::from_second(self.time) {
            context.set("aws:currenttime", Fact::One(time.to_string()));
            context.set("aws:epochtime", Fact::One(self.time.to_string()));
        }
        self.set_place(&mut context);
        if let Some(agent) = &caller.agent {
            // S3 writes the agent in brackets, which the request does not have.
            let bare = agent.strip_prefix('[').and_then(|agent| agent.strip_suffix(']'));
            context.set("aws:useragent", Fact::One(bare.unwrap_or(agent).to_owned()));
        }
        let mfa = caller.mfa.map_or(Fact::Absent, |mfa| Fact::One(mfa.to_string()));
        let is_long_term = caller.access_key.as_ref().is_some_and(|key| key.as_str().starts_with("AKIA"));
        match (&caller.principal, is_long_term) {
            // Long-term keys: the key is absent, and so is the time a session was made.
            (_, true) => {
                context.set("aws:multifactorauthpresent", Fact::Absent);
                context.set("aws:multifactorauthage", Fact::Absent);
                context.set("aws:tokenissuetime", Fact::Absent);
            }
            (Principal::User(_) | Principal::Role(_) | Principal::Root(..), false)
                if caller.access_key.is_some() =>
            {
                // A session: the key is there, though the event does not always say what it is.
                let mfa = if mfa == Fact::Absent { Fact::Unknown } else { mfa };
                context.set("aws:multifactorauthpresent", mfa);
                context.set("aws:tokenissuetime", Fact::Present);
            }
            _ => {}
        }
        self.set_user(&mut context);
        context
    }

    fn set_place(&self, context: &mut Context) {
        let caller = &self.caller;
        let address = caller.address.as_deref().and_then(|address| address.parse::<IpAddr>().ok());
        match (address, &caller.vpc_endpoint) {
            (Some(address), None) => {
                context.set("aws:sourceip", Fact::One(address.to_string()));
                context.set("aws:sourcevpce", Fact::Absent);
                context.set("aws:vpcsourceip", Fact::Absent);
            }
            // Through an endpoint of the customer the address is the private one, and `aws:SourceIp` is not there. With
            // another address the endpoint is AWS's own, before the console or a service: it tells nothing.
            (Some(address), Some(endpoint)) if is_private(address) => {
                context.set("aws:sourceip", Fact::Absent);
                context.set("aws:vpcsourceip", Fact::One(address.to_string()));
                context.set("aws:sourcevpce", Fact::One(endpoint.to_string()));
            }
            _ => {}
        }
        if let Some(region) = &self.region {
            context.set("aws:requestedregion", Fact::One(region.to_string()));
        }
        match caller.invoked_by.as_deref() {
            // A service calls with the caller's permissions: it is the last of the chain, the others are not told.
            Some(service) if is_console(service) => {}
            Some(service) if !matches!(caller.principal, Principal::Service(_)) => {
                context.set("aws:viaawsservice", Fact::One("true".to_owned()));
                if service.ends_with(".amazonaws.com") {
                    context.set("aws:calledvialast", Fact::One(service.to_owned()));
                    context.set("aws:calledvia", Fact::Present);
                }
            }
            Some(_) => {}
            None => {
                context.set("aws:viaawsservice", Fact::One("false".to_owned()));
                context.set("aws:calledvia", Fact::Absent);
                context.set("aws:calledviafirst", Fact::Absent);
                context.set("aws:calledvialast", Fact::Absent);
            }
        }
    }

    fn set_user(&self, context: &mut Context) {
        match &self.caller.principal {
            Principal::User(arn) => {
                let name = arn.as_str().rsplit('/').next().unwrap_or_default();
                context.set("aws:username", Fact::One(name.to_owned()));
                context.set("aws:principaltype", Fact::One("User".to_owned()));
            }
            Principal::UserName(_, name) => {
                context.set("aws:username", Fact::One(name.clone()));
            }
            Principal::Role(_) => {
                context.set("aws:username", Fact::Absent);
                context.set("aws:principaltype", Fact::One("AssumedRole".to_owned()));
            }
            Principal::Root(..) => {
                context.set("aws:username", Fact::Absent);
                context.set("aws:principaltype", Fact::One("Account".to_owned()));
            }
            Principal::Service(_) => {
                context.set("aws:principalisawsservice", Fact::One("true".to_owned()));
            }
            Principal::AssumedRoot(_) => {
                context.set("aws:username", Fact::Absent);
            }
            Principal::UniqueId(..) | Principal::Other => {}
        }
    }
}

/// An address inside a VPC (RFC 1918, RFC 6598, RFC 4193).
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            address.is_private() || first == 100 && second & 0xc0 == 64
        }
        IpAddr::V6(address) => address.is_unique_local(),
    }
}

impl Check {
    /// The condition keys of the call with those of this check.
    pub fn context_in(&self, call: &Context) -> Context {
        let mut context = call.clone();
        for (key, fact) in &self.context {
            context.set(key, fact.clone());
        }
        let arn = match &self.resource {
            CheckedResource::Arn(arn) | CheckedResource::Pattern(arn) => Some(arn),
            CheckedResource::None | CheckedResource::Unknown => None,
        };
        if let Some(account) = arn.and_then(|arn| AccountId::parse(arn.split(':').nth(4)?).ok()) {
            context.set("aws:resourceaccount", Fact::One(account.to_string()));
        }
        context
    }
}

#[cfg(test)]
mod tests {
    use kagimori_id::{AccessKeyId, Arn};

    use super::*;
    use crate::call::{Caller, Outcome};

    fn call(principal: Principal, key: &str, mfa: Option<bool>) -> Call {
        let caller = Caller {
            access_key: AccessKeyId::parse(key).ok(),
            mfa,
            address: Some("203.0.113.7".into()),
            agent: Some("[aws-cli/2.31]".into()),
            ..Caller::bare(principal)
        };
        Call {
            time: 1_767_340_800,
            region: Some("eu-west-1".into()),
            outcome: Outcome::Succeeded,
            ..Call::bare(caller, "s3.amazonaws.com", "GetObject")
        }
    }

    fn user() -> Principal {
        Principal::User(Arn::parse("arn:aws:iam::111122223333:user/ci/bot").unwrap())
    }

    fn one(context: &Context, key: &str) -> String {
        match context.get(key) {
            Fact::One(value) => value.clone(),
            other => format!("{other:?}"),
        }
    }

    const LONG_TERM: &str = "AKIAIOSFODNN7EXAMPLE";
    const SESSION: &str = "ASIAIOSFODNN7EXAMPLE";

    #[test]
    fn a_long_term_key_has_no_mfa_and_no_token() {
        let context = call(user(), LONG_TERM, None).context();
        assert_eq!(one(&context, "aws:sourceip"), "203.0.113.7");
        assert_eq!(one(&context, "aws:requestedregion"), "eu-west-1");
        assert_eq!(one(&context, "aws:useragent"), "aws-cli/2.31");
        assert_eq!(one(&context, "aws:username"), "bot");
        assert_eq!(one(&context, "aws:currenttime"), "2026-01-02T08:00:00Z");
        assert_eq!(one(&context, "aws:viaawsservice"), "false");
        for absent in
            ["aws:multifactorauthpresent", "aws:multifactorauthage", "aws:tokenissuetime", "aws:calledvia"]
        {
            assert_eq!(context.get(absent), &Fact::Absent, "{absent}");
        }
        assert_eq!(context.get("aws:principaltag/team"), &Fact::Unknown);
        assert_eq!(context.get("aws:securetransport"), &Fact::Unknown);
    }

    #[test]
    fn a_session_says_whether_there_was_mfa() {
        let context = call(user(), SESSION, Some(true)).context();
        assert_eq!(one(&context, "aws:multifactorauthpresent"), "true");
        assert_eq!(context.get("aws:tokenissuetime"), &Fact::Present);
        assert_eq!(call(user(), SESSION, None).context().get("aws:multifactorauthpresent"), &Fact::Unknown);
        let role = Principal::Role(Arn::parse("arn:aws:iam::111122223333:role/app").unwrap());
        assert_eq!(call(role, SESSION, Some(false)).context().get("aws:username"), &Fact::Absent);
    }

    #[test]
    fn places() {
        let mut by_service = call(user(), SESSION, None);
        by_service.caller.address = Some("cloudformation.amazonaws.com".into());
        by_service.caller.invoked_by = Some("cloudformation.amazonaws.com".into());
        let context = by_service.context();
        assert_eq!(context.get("aws:sourceip"), &Fact::Unknown);
        assert_eq!(one(&context, "aws:calledvialast"), "cloudformation.amazonaws.com");
        assert_eq!(one(&context, "aws:viaawsservice"), "true");
        let mut in_vpc = call(user(), SESSION, None);
        in_vpc.caller.vpc_endpoint = Some("vpce-1a2b3c4d".into());
        assert_eq!(in_vpc.context().get("aws:sourcevpce"), &Fact::Unknown);
        in_vpc.caller.address = Some("10.0.1.5".into());
        let context = in_vpc.context();
        assert_eq!(one(&context, "aws:sourcevpce"), "vpce-1a2b3c4d");
        assert_eq!(
            (context.get("aws:sourceip"), one(&context, "aws:vpcsourceip")),
            (&Fact::Absent, "10.0.1.5".to_owned())
        );
    }

    #[test]
    fn a_check_adds_its_own_keys() {
        let call = call(user(), LONG_TERM, None);
        let check = Check {
            resource_account: AccountId::parse("444455556666").ok(),
            context: vec![("iam:passedtoservice".into(), Fact::One("lambda.amazonaws.com".to_owned()))],
            ..Check::certain(
                "iam:PassRole",
                CheckedResource::Arn("arn:aws:iam::444455556666:role/app".into()),
            )
        };
        let context = check.context_in(&call.context());
        assert_eq!(one(&context, "iam:passedtoservice"), "lambda.amazonaws.com");
        assert_eq!(one(&context, "aws:username"), "bot");
        assert_eq!(one(&context, "aws:resourceaccount"), "444455556666");
    }
}
