//! A canary: a secret made for the test, in every place where callers and companies put theirs and in every way they write
//! them, and then every command there is, from files and from a lake. Nobody may see it again: not in what is printed, not in
//! a file that is written, not in a part of the lake.
//!
//! `KAGIMORI_CANARY=7` makes another secret; the test names the number when it fails.

#[cfg(unix)]
#[cfg(test)]
mod acting;
#[cfg(test)]
mod collecting;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod credentials;
#[cfg(test)]
mod input;
#[cfg(test)]
mod secret;
#[cfg(test)]
mod seek;
