//! Settings beside the estate: what a setting names must be there. A setting that matches nothing is a mistake, and a mistyped
//! account would silence the checks that ask for it.

use kagimori_estate::Estate;
use kagimori_estate::fact::Dataset;
use kagimori_estate::model::{Problem, ProblemKind};
use kagimori_id::AccountId;
use kagimori_policy::pattern::matches_ignoring_case;

use super::{Patterns, Settings};

/// The file that problems are about.
const FILE: &str = "kagimori.toml";

impl Settings {
    /// What the settings say that the estate knows nothing of, as problems of `kagimori.toml`.
    pub fn contradictions(&self, estate: &Estate) -> Vec<Problem> {
        let mut problems: Vec<Problem> =
            self.accounts_named().filter_map(|named| named.missing(estate)).collect();
        problems.extend(self.trusted_that_are_ours(estate));
        problems.extend(self.patterns_without_match(estate));
        problems.sort();
        problems.dedup();
        problems
    }

    fn accounts_named(&self) -> impl Iterator<Item = Named<'_>> {
        let bastion = self.bastion.map(|id| Named { id, setting: "bastion", of: "" });
        let names =
            self.account_names.iter().map(|(id, name)| Named { id: *id, setting: "[accounts]", of: name });
        let waivers = self.waivers.iter().filter_map(|waiver| {
            waiver.account.map(|id| Named { id, setting: "[[waiver]]", of: &waiver.check })
        });
        bastion.into_iter().chain(names).chain(waivers)
    }

    /// An account of the company is no outsider to be trusted.
    fn trusted_that_are_ours(&self, estate: &Estate) -> impl Iterator<Item = Problem> {
        let ours = self.trusted_accounts.iter().filter(|(id, _)| estate.accounts.contains_key(id));
        ours.map(|(id, name)| {
            problem(
                format!("`[trusted_accounts]` names {id} (`{name}`), which is an account of this directory"),
                "trusted_accounts is for accounts outside the organization; name your own under [accounts]",
            )
        })
    }

    /// A list of patterns of which none matches anything switches its check off. The defaults are guesses, and may.
    fn patterns_without_match(&self, estate: &Estate) -> Vec<Problem> {
        let defaults = Patterns::default();
        let known =
            |dataset| estate.accounts.values().all(|account| account.dataset(dataset).value().is_some());
        if !known(Dataset::AuthorizationDetails) {
            return Vec::new();
        }
        let users = || estate.accounts.values().flat_map(|account| account.users.values());
        let roles = || estate.accounts.values().flat_map(|account| account.roles.keys());
        let is_machine = |pattern: &String| {
            users().any(|user| {
                let path = user.arn.resource().strip_prefix("user").unwrap_or_default();
                let text = if pattern.starts_with('/') { path } else { user.name.as_str() };
                matches_ignoring_case(pattern, text)
            })
        };
        let is_break_glass = |pattern: &String| roles().any(|name| matches_ignoring_case(pattern, name));
        let (machines, break_glass) = (&self.patterns.machine_users, &self.patterns.break_glass_roles);
        let mut problems = Vec::new();
        if *machines != defaults.machine_users && !machines.is_empty() && !machines.iter().any(is_machine) {
            problems.push(no_match("machine_users", "user"));
        }
        if *break_glass != defaults.break_glass_roles
            && !break_glass.is_empty()
            && !break_glass.iter().any(is_break_glass)
        {
            problems.push(no_match("break_glass_roles", "role"));
        }
        problems
    }
}

/// An account that a setting names.
struct Named<'s> {
    id: AccountId,
    setting: &'static str,
    /// What the setting says of it.
    of: &'s str,
}

impl Named<'_> {
    fn missing(&self, estate: &Estate) -> Option<Problem> {
        if estate.accounts.contains_key(&self.id) {
            return None;
        }
        let of = if self.of.is_empty() { String::new() } else { format!(" (`{}`)", self.of) };
        let ids: Vec<String> = estate.accounts.keys().take(5).map(AccountId::to_string).collect();
        Some(problem(
            format!(
                "`{}` names the account {}{of}, of which nothing is in this directory",
                self.setting, self.id
            ),
            &format!(
                "correct the id, or collect its data; the accounts that are here begin with {}",
                ids.join(", ")
            ),
        ))
    }
}

fn no_match(setting: &str, thing: &str) -> Problem {
    problem(
        format!("no {thing} matches any pattern of `patterns.{setting}`"),
        "correct the patterns, or leave the setting out",
    )
}

fn problem(message: String, hint: &str) -> Problem {
    Problem {
        file: FILE.to_owned(),
        account: None,
        dataset: None,
        kind: ProblemKind::Partial,
        message,
        hint: hint.to_owned(),
    }
}
