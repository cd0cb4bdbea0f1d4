//! Networks, accounts, seeds and bounds.

use std::collections::BTreeSet;

use super::Lint;
use crate::lasting::Lasting;
use crate::name::SeedId;
use crate::network::Network;
use crate::policy::file::{Account, Seed, Tier};

impl Lint<'_> {
    pub(super) fn places(&mut self) {
        self.networks();
        self.accounts();
        for (name, seed) in &self.file.seeds {
            self.seed(name, seed);
        }
        self.limits();
    }

    fn networks(&mut self) {
        let networks = &self.file.networks;
        let hint = "name the addresses where codes may be released";
        self.refuse_if(
            networks.operators.is_empty(),
            "networks-none",
            "networks.operators",
            "operators could sit anywhere",
            hint,
        );
        for (place, list) in [
            ("networks.requesters", &networks.requesters),
            ("networks.approvers", &networks.approvers),
            ("networks.operators", &networks.operators),
            ("networks.reviewers", &networks.reviewers),
        ] {
            for (index, network) in list.iter().enumerate() {
                let again = list.iter().take(index).any(|other| other == network);
                self.refuse_if(
                    again,
                    "network-twice",
                    place,
                    format!("`{network}` is named twice"),
                    "name it once",
                );
                self.network(place, *network);
            }
        }
    }

    fn network(&mut self, place: &str, network: Network) {
        let hint =
            "name the addresses of offices and VPNs; an empty list means everywhere, where that is allowed";
        let what = format!("`{network}` is the whole world");
        self.refuse_if(network.is_everywhere(), "network-everywhere", place, what, hint);
        let wide = !network.is_everywhere() && network.bits() < 8;
        let what = format!("`{network}` is a large part of the world");
        self.refuse_if(wide, "network-wide", place, what, hint);
        let what = format!("`{network}` names a machine and means `{}`", network.base());
        self.refuse_if(
            network != network.base(),
            "network-host",
            place,
            what,
            "write which of the two is meant",
        );
    }

    fn accounts(&mut self) {
        let mut names = BTreeSet::new();
        for (id, account) in &self.file.accounts {
            let place = format!("accounts.{id}");
            self.must_be_text("account-name", &place, &account.name);
            let again = !names.insert(account.name.to_lowercase());
            let hint = "name them apart: whoever approves reads the name";
            self.refuse_if(again, "account-name-twice", &place, "another account is called the same", hint);
            self.account(&place, account);
            let has_seed = self.file.seeds.values().any(|seed| seed.account == Some(*id));
            let hint = "name its seed in `seeds`, or take the account out";
            self.refuse_if(!has_seed, "account-seedless", &place, "no seed is of its root", hint);
        }
    }

    fn account(&mut self, place: &str, account: &Account) {
        self.must_be_people("password-stranger", &format!("{place}.passwords"), &account.passwords);
        self.must_be_people("mailbox-stranger", &format!("{place}.mailbox"), &account.mailbox);
        let hint = "name those who know it: nobody of them may release codes";
        let none = account.passwords.is_empty();
        self.refuse_if(none, "passwords-none", place, "nobody is said to know root's password", hint);
        let hint = "name those who read root's mailbox or answer its phone: they can set the password anew";
        let none = account.mailbox.is_empty();
        self.refuse_if(none, "mailbox-none", place, "nobody is said to read root's mailbox", hint);
        let people = account.passwords.iter().chain(&account.mailbox);
        let program = people.filter(|person| self.is_program(person)).count() > 0;
        let hint = "name people: a program that knows root's password is a key of root";
        self.refuse_if(program, "program-password", place, "a program knows a half of root", hint);
    }

    fn seed(&mut self, name: &SeedId, seed: &Seed) {
        let place = format!("seeds.{name}");
        if let Some(account) = seed.account {
            let unknown = !self.file.accounts.contains_key(&account);
            let what = format!("there is no account {account}");
            self.refuse_if(unknown, "seed-account", &place, what, "name the account in `accounts`");
            let others = self.file.seeds.iter().filter(|(other, _)| *other != name);
            let other =
                others.filter(|(_, other)| other.account == seed.account).map(|(name, _)| name).next();
            let what = format!("`{}` is of the same root", other.unwrap_or(name));
            self.refuse_if(
                other.is_some(),
                "seed-two",
                &place,
                what,
                "one root has one seed here: rotate it",
            );
        }
        let both = seed.practice && seed.account.is_some();
        let hint = "a practice seed opens nothing: take `account` out";
        self.refuse_if(both, "practice-account", &place, "it is for practice, and of a real root", hint);
        let neither = !seed.practice && seed.account.is_none();
        self.refuse_if(
            neither,
            "seed-nowhere",
            &place,
            "it is of no account",
            "say `account`, or `practice = true`",
        );
        let weak = seed.tier == Tier::T0 && !seed.practice;
        let hint = "seal root's seed with shares (T2, or T1): T0 is opened by whoever owns the host";
        self.refuse_if(weak, "tier-weak", &place, "the host alone could open root's seed", hint);
        let digits = (6..=8).contains(&seed.digits);
        self.refuse_if(!digits, "digits", &place, "codes have 6 to 8 digits (RFC 4226)", "AWS's have 6");
        let period = (15..=120).contains(&seed.period);
        self.refuse_if(!period, "period", &place, "codes last 15 to 120 seconds", "AWS's last 30");
    }

    fn limits(&mut self) {
        let limits = &self.file.limits;
        let hint = "5 is what a person can overlook";
        let none = limits.pending_per_person == 0;
        self.refuse_if(
            none,
            "limit-person",
            "limits.pending_per_person",
            "nobody could ask for anything",
            hint,
        );
        let few = limits.pending < limits.pending_per_person;
        let what = "fewer in all than one person may have";
        self.refuse_if(few, "limit-pending", "limits.pending", what, "200 is what a desk can look after");
        let day = Lasting::hours(24);
        let odd = limits.window == Lasting::seconds(0) || limits.window > day;
        let hint = "at most `24h`: who needs longer asks again";
        self.refuse_if(
            odd,
            "limit-window",
            "limits.window",
            "the longest window is nothing, or longer than a day",
            hint,
        );
        let odd = limits.drill_every < day || limits.drill_every > Lasting::hours(366 * 24);
        let hint = "`92d` is a quarter: what is not practised does not work at night";
        self.refuse_if(
            odd,
            "limit-drill",
            "limits.drill_every",
            "drills come daily or less than once a year",
            hint,
        );
    }
}
