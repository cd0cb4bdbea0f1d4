//! Credentials whose home is known: user agents with their labels, and a company of machine users with theirs.
//!
//! What a program says of itself and how it lives (always there, by the clock, from a new address each time) are both part of a home, so
//! a label stands beside a way of life, and calls are made of the two.

mod company;

use crate::calendar::{AS_OF, DAY};
use crate::random::Random;

pub use company::{MachineUser, directory, machine_users};

const AGENTS: &str = include_str!("homes/agents.txt");

/// Seconds of an hour.
const HOUR: i64 = 3_600;
/// Days that a way of life shows itself on.
const DAYS: i64 = 14;

/// How something lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the words of agents.txt")]
pub enum Way {
    /// One public address, round the clock.
    Fixed,
    /// A new network each run, a few runs a day.
    Pool,
    /// Behind an endpoint of a VPC, round the clock.
    Vpc,
    /// One address, in working hours.
    Office,
    /// Home and office, in working hours.
    Roam,
    /// One address, one hour of every day.
    Cron,
    /// A single call.
    Once,
}

/// An agent with its label: a home of `kagimori migrate`, or `unknown`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Labelled {
    /// The home.
    pub label: &'static str,
    /// How it lives.
    pub way: Way,
    /// What it says of itself; empty: nothing.
    pub agent: &'static str,
}

/// When and from where a call is made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Moment {
    /// In seconds since 1970.
    pub at: i64,
    /// The source address.
    pub address: String,
    /// Through an endpoint of a VPC.
    pub is_inside: bool,
}

/// The labelled agents.
pub fn agents() -> Vec<Labelled> {
    let rows = AGENTS.lines().filter(|line| !line.starts_with('#'));
    let row = |line: &'static str| {
        let (label, rest) = line.split_once(' ')?;
        let (way, agent) = rest.split_once(' ')?;
        Some(Labelled { label, way: Way::parse(way)?, agent: if agent == "-" { "" } else { agent } })
    };
    rows.filter_map(row).collect()
}

impl Way {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "fixed" => Self::Fixed,
            "pool" => Self::Pool,
            "vpc" => Self::Vpc,
            "office" => Self::Office,
            "roam" => Self::Roam,
            "cron" => Self::Cron,
            "once" => Self::Once,
            _ => return None,
        })
    }

    /// The moments of its calls, before the company's instant. Somebody with another number lives elsewhere.
    pub fn moments(self, number: usize) -> Vec<Moment> {
        let mut random = Random::new(7, &format!("homes/{number}"));
        // Documentation's own networks (RFC 5737) for those who stay, the whole of others for those who come from anywhere.
        let home = format!("203.0.113.{}", number % 250 + 1);
        let office = format!("198.51.100.{}", number % 250 + 1);
        let mut moments = Vec::new();
        let mut at = |day: i64, hour: i64, minute: i64, address: String, is_inside: bool| {
            let at = AS_OF - (DAYS - day) * DAY + hour * HOUR + minute * 60;
            moments.push(Moment { at, address, is_inside });
        };
        for day in 0..DAYS {
            let is_weekend = matches!((AS_OF.div_euclid(DAY) - DAYS + day + 4).rem_euclid(7), 0 | 6);
            match self {
                Self::Once if day > 0 => {}
                Self::Once => at(day, 3, 11, office.clone(), false),
                Self::Fixed => (0..24).for_each(|hour| at(day, hour, 7, home.clone(), false)),
                Self::Vpc => {
                    (0..24).for_each(|hour| at(day, hour, 12, format!("10.0.{}.17", number % 250), true))
                }
                Self::Cron => at(day, 18, 5, home.clone(), false),
                Self::Pool => {
                    for _ in 0..random.between(1, 4) {
                        let address = format!(
                            "20.{}.{}.{}",
                            random.between(0, 250),
                            random.between(0, 250),
                            random.between(1, 250)
                        );
                        at(day, random.between(0, 23), random.between(0, 59), address, false);
                    }
                }
                Self::Office | Self::Roam if is_weekend => {}
                Self::Office | Self::Roam => {
                    for hour in [0, 1, 2, 4, 5, 6, 8] {
                        let is_home = self == Self::Roam && random.chance(2);
                        at(
                            day,
                            hour,
                            random.between(0, 59),
                            if is_home { home.clone() } else { office.clone() },
                            false,
                        );
                    }
                }
            }
        }
        moments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_read() {
        assert_eq!(agents().len(), 120);
        assert_eq!(AGENTS.lines().filter(|line| !line.starts_with('#')).count(), 120);
        for way in [Way::Fixed, Way::Pool, Way::Vpc, Way::Office, Way::Roam, Way::Cron, Way::Once] {
            let moments = way.moments(3);
            assert!(!moments.is_empty() && moments == way.moments(3));
            assert!(moments.iter().all(|moment| moment.at < AS_OF && moment.at >= AS_OF - DAYS * DAY));
        }
    }
}
