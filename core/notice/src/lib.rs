//! How are people told? Values for the one notifier of the product; what sends them is the edge's.
//!
//! * [`Channel`]: where notices go, from `[channels.NAME]` of `kagimori.toml`; its secrets are [`Reference`]s, never themselves.
//! * [`Notice`]: a kind and its facts, read from a letter of the outbox; the texts of a kind are a row of `data/notices.toml`, in English
//!   and Japanese. A kind without a row is a plain table of its facts.
//! * [`render`](render()): a notice as the payload of a channel, escaped by the rules of that channel.
//! * [`Answer`] and [`judge`](judge::judge): what a channel's answer means; [`again`]: when a letter is tried again.
//! * [`Round`]: one round of delivery as a machine, which says what to write down, what to send, and takes what became of it.

pub mod again;
mod channel;
mod identity;
pub mod judge;
mod notice;
mod render;
mod round;
mod tame;
mod texts;

pub use channel::{
    Address, Backlog, Channel, ChannelError, Language, Mail, Reference, Security, Way, WireChannel,
};
pub use identity::{LetterId, letter_id, thread_id};
pub use judge::{Answer, Cause, Outcome};
pub use notice::{Notice, TEST_KIND, Tone};
pub use render::{IssueText, MailText, Payload, is_marked, render};
pub use round::{ChannelChange, Letter, Round, Standing, Taken, Terms, Wanted, Why};
pub use tame::{TEXT_MOST, tamed};
