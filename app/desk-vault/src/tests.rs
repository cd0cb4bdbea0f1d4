//! The vault, as a whole: beside a desk that signs, logs and publishes, and beside everything that can go wrong.

mod canary;
mod crash;
#[cfg(feature = "offline")]
mod offline;
mod refusals;
mod rollback;
mod scene;
mod socket;
mod story;
