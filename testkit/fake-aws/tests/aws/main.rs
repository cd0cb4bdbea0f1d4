//! The fake AWS as clients see it: signed requests into the pure world, and a few through the server.

#[cfg(test)]
mod bastion;
#[cfg(test)]
mod center;
#[cfg(test)]
mod client;
#[cfg(test)]
mod console;
#[cfg(test)]
mod controls;
#[cfg(test)]
mod devices;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod policies;
#[cfg(test)]
mod read_only;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod server;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod signing;
