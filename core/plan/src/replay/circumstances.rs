//! The condition keys that an event tells of its call.

use kagimori_policy::request::Fact;
use kagimori_trail::call::{Call, Check};

/// The condition keys of one check of a call, in lower case. What is not listed is not known.
pub fn facts(call: &Call, check: &Check) -> Vec<(String, Fact)> {
    let context = call.context();
    let mut facts: Vec<(String, Fact)> =
        context.iter().map(|(key, fact)| (key.to_owned(), fact.clone())).collect();
    // A call through an endpoint says so (`vpcEndpointId`): one from an address that does not came through none.
    if call.caller.vpc_endpoint.is_none() && is_from_address(call) {
        for key in ["aws:sourcevpce", "aws:sourcevpc", "aws:vpcsourceip"] {
            facts.push((key.to_owned(), Fact::Absent));
        }
    }
    facts.extend(check.context.iter().map(|(key, fact)| (key.to_string(), fact.clone())));
    facts
}

/// Whether the place is told by its address. A service's name stands there when AWS made the call.
pub(super) fn is_from_address(call: &Call) -> bool {
    call.caller.address.as_deref().is_some_and(|address| address.parse::<std::net::IpAddr>().is_ok())
}
