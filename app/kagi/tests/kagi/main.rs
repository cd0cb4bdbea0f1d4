//! `kagi` end to end, against the fake AWS: every test is a machine of its own with a person's home on it.

#[cfg(test)]
mod account_access;
#[cfg(test)]
mod adding;
#[cfg(test)]
mod around;
#[cfg(test)]
mod attacks;
#[cfg(test)]
mod careful;
#[cfg(test)]
mod clients;
#[cfg(test)]
mod console_login;
#[cfg(test)]
mod first_use;
#[cfg(test)]
mod flow;
#[cfg(test)]
mod herd;
#[cfg(test)]
mod identity_center;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod merged;
#[cfg(test)]
mod mistakes;
#[cfg(test)]
mod names;
#[cfg(test)]
mod newcomer;
#[cfg(test)]
mod recipes;
#[cfg(test)]
mod rotation;
#[cfg(test)]
mod running;
#[cfg(test)]
mod sources;
#[cfg(test)]
mod strange_answers;
#[cfg(test)]
mod strange_places;
#[cfg(test)]
mod support;
#[cfg(test)]
mod telling;
#[cfg(test)]
mod ways_out;
