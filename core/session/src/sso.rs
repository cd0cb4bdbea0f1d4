//! IAM Identity Center: where a person signs in, what a sign-in is, how it is made and kept alive.
//!
//! The walk: profile → [`settings::SsoRole`] → [`login::Login`] (the sign-in that is kept) → an access token →
//! GetRoleCredentials. A login is made by a [`flow::Flow`], which says what to send next and takes what came back; a token is
//! kept alive by [`login::Login::next`]. Both are values: who sends, stores and waits is the app.

pub mod entitled;
pub mod flow;
pub mod login;
pub mod profiles;
pub mod scope;
pub mod settings;

/// The scope that lets a token fetch credentials of roles, and be refreshed (AWS CLI, "sso_registration_scopes").
pub const ACCOUNT_ACCESS: &str = "sso:account:access";
