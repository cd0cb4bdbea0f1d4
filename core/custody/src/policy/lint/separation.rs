//! Nobody holds both halves of root (desk.md §2.1).

use std::collections::BTreeSet;

use super::Lint;
use crate::ask::Kind;
use crate::name::PersonId;

impl Lint<'_> {
    pub(super) fn separation(&mut self) {
        let admins = self.file.members(&self.file.roles.server_admins);
        for (id, account) in &self.file.accounts {
            let place = format!("accounts.{id}");
            let passwords: BTreeSet<PersonId> = account.passwords.iter().cloned().collect();
            let mailbox: BTreeSet<PersonId> = account.mailbox.iter().cloned().collect();
            let operators = self.operators(Kind::RootCode, *id);
            let custodians = self.operators(Kind::Custody, *id);
            let (knows, reads) = ("one who knows root's password", "one who reads root's mailbox");
            let hint = "nobody may hold both halves of root: let somebody else do one of the two";
            let knows = (&passwords, knows);
            let reads = (&mailbox, reads);
            self.no_one_is_both(
                "password-operator",
                &place,
                knows,
                (&operators, "an operator of its codes"),
                hint,
            );
            self.no_one_is_both(
                "password-custodian",
                &place,
                knows,
                (&custodians, "a custodian of its seed"),
                hint,
            );
            self.no_one_is_both("password-admin", &place, knows, (&admins, "root on the desk's hosts"), hint);
            self.no_one_is_both(
                "mailbox-operator",
                &place,
                reads,
                (&operators, "an operator of its codes"),
                hint,
            );
            self.no_one_is_both(
                "mailbox-custodian",
                &place,
                reads,
                (&custodians, "a custodian of its seed"),
                hint,
            );
            self.no_one_is_both("mailbox-admin", &place, reads, (&admins, "root on the desk's hosts"), hint);
            let requesters = self.askers(*id);
            let hint = "let those ask who know the password: a code is of no use to others";
            let stranger = !requesters.is_empty() && requesters.is_disjoint(&passwords);
            self.refuse_if(
                stranger,
                "password-requester",
                &place,
                "nobody who may ask knows root's password",
                hint,
            );
        }
        for (name, rule) in &self.file.rules {
            let operators = self.file.members(&rule.operators);
            let place = format!("rules.{name}.operators");
            let hint = "let somebody else operate: whoever is root on the host must not release codes";
            self.no_one_is_both(
                "operator-admin",
                &place,
                (&operators, "an operator"),
                (&admins, "root on the hosts"),
                hint,
            );
        }
    }

    fn operators(&self, kind: Kind, account: kagimori_id::AccountId) -> BTreeSet<PersonId> {
        let rules = self.file.rules.values().filter(|rule| rule.is_for(kind, Some(account)));
        self.file.members(rules.flat_map(|rule| &rule.operators))
    }

    fn askers(&self, account: kagimori_id::AccountId) -> BTreeSet<PersonId> {
        let rules = self.file.rules.values().filter(|rule| rule.is_for(Kind::RootCode, Some(account)));
        self.file.members(rules.flat_map(|rule| &rule.requesters))
    }
}
