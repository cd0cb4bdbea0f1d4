//! The cast: who works at Shiosai, and which stories they play. One file per account, then the crowd.

mod bastion;
mod crowd;
mod data;
mod management;
mod production;
mod sandbox;
mod shared_roles;
mod staging;

use crate::model::{Account, Company};
use crate::{Options, calendar};

/// The management account.
pub(crate) const MANAGEMENT: &str = "111122223333";
/// The bastion account: people sign in here and assume roles elsewhere.
pub(crate) const BASTION: &str = "222233334444";
/// Production.
pub(crate) const PRODUCTION: &str = "444455556666";
/// Staging.
pub(crate) const STAGING: &str = "555566667777";
/// The tide-data lake.
pub(crate) const DATA: &str = "666677778888";
/// Everybody's sandbox.
pub(crate) const SANDBOX: &str = "777788889999";
/// A closed account: in the organization's list only.
pub(crate) const CLOSED: &str = "888899990000";
/// The monitoring SaaS that Shiosai trusts, in its own account.
pub(crate) const MONITORING: &str = "999988887777";
/// A weather partner's account.
pub(crate) const PARTNER: &str = "333344445555";
/// The organization's id.
pub(crate) const ORGANIZATION: &str = "o-shiosai2611";

/// The company of the options, before the trail tells what was used last.
pub(crate) fn company(options: &Options) -> Company {
    let mut accounts = vec![
        management::account(),
        bastion::account(),
        production::account(),
        staging::account(),
        data::account(),
        sandbox::account(),
    ];
    for number in accounts.len()..options.accounts {
        let id = format!("{:012}", 900_000_000_000 + number);
        accounts.push(Account::new(&id, &format!("shiosai-port-{number:02}"), calendar::days_ago(900)));
    }
    for account in &mut accounts {
        shared_roles::add(account);
    }
    crowd::add(&mut accounts, options);
    for account in &mut accounts {
        account.number(options.seed);
        account.users.sort_by_key(|user| user.name.to_lowercase());
        account.groups.sort_by(|a, b| a.name.cmp(&b.name));
        account.roles.sort_by(|a, b| a.name.cmp(&b.name));
        account.policies.sort_by(|a, b| a.name.cmp(&b.name));
        for user in &mut account.users {
            user.keys.sort_by(|a, b| a.id.cmp(&b.id));
        }
    }
    Company { seed: options.seed, accounts }
}
