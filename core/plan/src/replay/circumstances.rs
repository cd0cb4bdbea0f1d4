//! The condition keys that an event tells of its call.

use kagimori_policy::request::Fact;
use kagimori_trail::call::{Call, Check};

use super::class::is_long_term;

/// The condition keys of one check of a call, in lower case. What is not listed is not known.
pub fn facts(call: &Call, check: &Check) -> Vec<(String, Fact)> {
    let caller = &call.caller;
    let one = |text: &str| Fact::One(text.to_owned());
    let mut facts: Vec<(String, Fact)> = Vec::new();
    let mut set = |key: &str, fact: Fact| facts.push((key.to_owned(), fact));
    if let Some(region) = &call.region {
        set("aws:requestedregion", one(region));
    }
    match caller.mfa {
        Some(mfa) => set("aws:multifactorauthpresent", one(if mfa { "true" } else { "false" })),
        // `reference_policies_condition-keys`: absent for long-term credentials.
        None if is_long_term(call) => set("aws:multifactorauthpresent", Fact::Absent),
        None => {}
    }
    let is_called_by_service = caller.invoked_by.is_some();
    set("aws:viaawsservice", one(if is_called_by_service { "true" } else { "false" }));
    match &caller.invoked_by {
        None => set("aws:calledvia", Fact::Absent),
        Some(service) if service.contains('.') => {
            set("aws:calledvia", Fact::Many(vec![service.to_string()]));
        }
        Some(_) => set("aws:calledvia", Fact::Present),
    }
    match (&caller.vpc_endpoint, &caller.address) {
        (Some(endpoint), address) => {
            set("aws:sourcevpce", one(endpoint));
            set("aws:sourceip", Fact::Absent);
            if let Some(address) = address.as_deref().filter(|address| is_address(address)) {
                set("aws:vpcsourceip", one(address));
            }
        }
        (None, Some(address)) if is_address(address) => {
            set("aws:sourceip", one(address));
            set("aws:sourcevpce", Fact::Absent);
            set("aws:sourcevpc", Fact::Absent);
            set("aws:vpcsourceip", Fact::Absent);
        }
        (None, _) => {}
    }
    if let Some(agent) = &caller.agent {
        set("aws:useragent", one(agent));
    }
    if let Ok(time) = jiff::Timestamp::from_second(call.time) {
        set("aws:currenttime", one(&time.to_string()));
        set("aws:epochtime", one(&call.time.to_string()));
    }
    facts.extend(check.context.iter().map(|(key, fact)| (key.to_string(), fact.clone())));
    facts
}

fn is_address(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok()
}
