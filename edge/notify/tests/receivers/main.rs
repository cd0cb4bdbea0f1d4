//! Letters sent to receivers on the loopback: each kind by its own rules, and receivers that keep none.

#[cfg(test)]
mod backlog;
#[cfg(test)]
mod canary;
#[cfg(test)]
mod place;
#[cfg(test)]
mod posts;
#[cfg(test)]
mod server;
#[cfg(test)]
mod smtp;
