//! The condition keys a call itself tells (IAM User Guide, `reference_policies_condition-keys`).

use std::net::IpAddr;

use kagimori_policy::request::{Context, Fact};

use crate::call::{Call, Check};
use crate::event::Principal;

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
            context.set("aws:useragent", Fact::One(agent.to_string()));
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
        match caller.address.as_deref().map(str::parse::<IpAddr>) {
            // Through a VPC endpoint the address is the private one and `aws:SourceIp` is not there.
            Some(Ok(address)) if caller.vpc_endpoint.is_none() => {
                context.set("aws:sourceip", Fact::One(address.to_string()));
            }
            Some(Ok(address)) => {
                context.set("aws:sourceip", Fact::Absent);
                context.set("aws:vpcsourceip", Fact::One(address.to_string()));
            }
            _ => {}
        }
        if let Some(endpoint) = &caller.vpc_endpoint {
            context.set("aws:sourcevpce", Fact::One(endpoint.to_string()));
        }
        if let Some(region) = &self.region {
            context.set("aws:requestedregion", Fact::One(region.to_string()));
        }
        match caller.invoked_by.as_deref() {
            // A service calls with the caller's permissions: it is the last of the chain, the others are not told.
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
            Principal::Other => {}
        }
    }
}

impl Check {
    /// The condition keys of the call with those of this check.
    pub fn context_in(&self, call: &Context) -> Context {
        let mut context = call.clone();
        for (key, fact) in &self.context {
            context.set(key, fact.clone());
        }
        if let Some(account) = self.resource_account {
            context.set("aws:resourceaccount", Fact::One(account.to_string()));
        }
        context
    }
}
