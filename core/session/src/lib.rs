//! How a person gets credentials: profile files, the route of a profile, the plan of calls, keys of the cache, the
//! ledger of used codes, the rotation of a key. Values in, values out; files, network and the clock are the app's.

pub mod credentials;
pub mod edit;
pub mod endpoint;
pub mod extra;
pub mod heading;
pub mod ini;
pub mod key;
pub mod ledger;
pub mod login_session;
pub mod merged;
pub mod plan;
pub mod profile;
pub mod refusal;
pub mod rotation;
pub mod route;
pub mod sdk;
pub mod secret;
pub mod sso;
pub mod value;

#[cfg(test)]
mod tests;
