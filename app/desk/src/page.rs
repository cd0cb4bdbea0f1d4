//! What people see: one page a file. Pages show what the fold of the log says, and decide nothing.

pub(crate) mod accounts;
pub(crate) mod asset;
pub(crate) mod ceremony;
pub(crate) mod code;
pub(crate) mod decide;
pub(crate) mod enrol;
pub(crate) mod govern;
pub(crate) mod health;
pub(crate) mod live;
pub(crate) mod me;
pub(crate) mod needs;
pub(crate) mod notices;
pub(crate) mod operator;
pub(crate) mod people;
pub(crate) mod provider;
pub(crate) mod record;
pub(crate) mod refusal;
pub(crate) mod request;
pub(crate) mod requests;
pub(crate) mod rollback;
pub(crate) mod said;
pub(crate) mod shell;
pub(crate) mod sign_in;
pub(crate) mod wizard;
