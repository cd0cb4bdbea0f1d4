//! A fake AWS for tests: a loopback server that speaks the query protocol of STS and IAM, IAM Identity Center's OIDC service
//! and access portal, and the console's federation endpoint, and enforces what AWS enforces: signatures, one-time codes that count once, kinds of sessions, durations, and
//! every policy, by `kagimori-policy`.
//!
//! ```
//! use kagimori_fake_aws::{Company, FakeAws, Trouble, bastion};
//! use std::time::Duration;
//!
//! let aws = FakeAws::start(Company::bastion())?;
//! // For the client: AWS_ENDPOINT_URL, and AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of alice.
//! let url = aws.endpoint();
//! let alice = "arn:aws:iam::111122223333:user/alice";
//! let key = aws.access_key(alice).ok_or("alice has a key")?;
//! assert!(key.access_key_id.starts_with("AKIA"));
//! // What her MFA device shows now; each code counts once, so go to the next step before the next one.
//! let code = aws.totp("arn:aws:iam::111122223333:mfa/alice").ok_or("alice has a device")?;
//! assert_eq!(code.len(), 6);
//! aws.advance(Duration::from_secs(30));
//! assert_ne!(aws.totp(bastion::ALICE_MFA), Some(code));
//! // Let the next AssumeRole be carried out and its reply be lost.
//! aws.plan("AssumeRole", 1, Trouble::LoseReply);
//! // … run the client …
//! assert_eq!(aws.counters().of("GetSessionToken").succeeded, 0);
//! assert_eq!(aws.counters().by("AssumeRole", alice).failed, 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Time
//!
//! A world has its own time, ahead of the real one by what [`FakeAws::advance`] added: it decides what is expired, which
//! code a device shows, and every date condition. Signatures are checked by the real time (clients sign by theirs) unless
//! [`Settings::signed_by_virtual_clock`] is on; [`Settings::date_skew_seconds`] moves that clock and the `Date` header.
//!
//! # Other processes
//!
//! The binary `fake-aws` starts a bastion (or, with `--snapshots`, the accounts of a kagimori directory) and prints its endpoint, keys and MFA serials as one line of JSON. Any process may
//! then use the controls: `POST /control/clock` `{"advance_seconds": 3600}`, `/control/settings` `{"large_tokens": true}`,
//! `/control/trouble` `{"operation": "AssumeRole", "times": 1, "kind": "lose_reply"}` (kinds: `delay` with `milliseconds`,
//! `lose_reply`, `throttle`, `fail` with `status`, `code`, `message`), `/control/totp` `{"serial": "…"}`,
//! `/control/access-keys` `{"arn": "…"}`, `/control/login` `{"arn": "…", "with_mfa": true}` (answers the file that `aws login` leaves), `/control/identity-center` `{"signed_in": "…", "end_sessions_of": "…"}`; `GET /control/counters`, `/control/log`, `/control/keys`.
//!
//! # `aws login`
//!
//! The console's sign-in itself is not there: [`FakeAws::log_in`] makes what the AWS CLI keeps of one. `/v1/token` renews it,
//! for whoever proves that they hold its key; a refresh token is good once here (AWS does not say), a session lasts twelve hours.
//!
//! # Identity Center
//!
//! Whoever visits `/authorize` or `/device` is the person who is signed in in the browser, and says yes (`deny=1`: no). The
//! controls sign in another, or end sessions as an administrator does; access tokens last
//! [`Settings::access_token_seconds`], a refresh token is good once. One address serves every Region, so a wrong Region is a
//! start URL that is not this one's.
//!
//! # Without a server
//!
//! [`World::handle`] is a pure function of the state, the time and a [`Request`]; the server only moves bytes.
//!
//! # What it does not do
//!
//! It is one region and the partition `aws`, takes signatures in the `Authorization` header only, and cuts no lists. Where
//! AWS's behaviour is not documented there is a setting or a remark beside the code; no wording beyond the published
//! ones should be relied on.

pub mod bastion;
mod center;
mod company;
mod fault;
mod http;
mod limits;
pub mod live;
mod managed;
mod message;
mod mint;
mod picture;
mod server;
mod sigv4;
mod snapshot;
mod totp;
mod world;
mod xml;

pub use center::{Assignment, IdentityCenter, PermissionSet};
pub use company::{Account, Company, Group, Permissions, Role, User};
pub use message::{Reply, Request, Response};
pub use server::{FakeAws, StartError};
pub use world::{CompanyError, Count, Counters, Entry, KeyPair, Settings, Trouble, World};
