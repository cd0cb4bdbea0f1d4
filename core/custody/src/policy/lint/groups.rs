//! Groups, and the roles of the whole desk.

use std::collections::BTreeSet;

use super::Lint;
use crate::name::PersonId;
use crate::policy::file::Being;

impl Lint<'_> {
    pub(super) fn groups(&mut self) {
        for (name, group) in &self.file.groups {
            let place = format!("groups.{name}");
            let empty = group.members.is_empty();
            self.refuse_if(
                empty,
                "group-empty",
                &place,
                "the group is empty",
                "name its members, or take it out",
            );
            let nested = |member: &&PersonId| {
                self.file.groups.keys().any(|group| group.as_str() == member.as_str())
                    && !self.file.people.contains_key(member)
            };
            if let Some(inner) = group.members.iter().find(nested) {
                let what = format!("`{inner}` is a group, and groups have no groups");
                self.refuse_if(true, "group-nested", &place, what, "name the people");
            } else {
                self.must_be_people("group-stranger", &place, &group.members);
            }
            let is_person = self.file.people.keys().any(|person| person.as_str() == name.as_str());
            let hint = "give one of them another name: a page that shows it must not be misread";
            self.refuse_if(is_person, "group-person", &place, "a person has the same name", hint);
            let programs = group.members.iter().filter(|member| self.is_program(member)).count();
            let mixed = programs > 0 && programs < group.members.len();
            let hint = "put programs in a group of their own: an approval of theirs is not a person's";
            self.refuse_if(mixed, "group-mixed", &place, "it has people and programs", hint);
        }
        self.roles();
    }

    fn roles(&mut self) {
        let roles = &self.file.roles;
        self.must_be_groups("roles.auditors", &roles.auditors);
        self.must_be_groups("roles.server_admins", &roles.server_admins);
        let (auditors, admins) =
            (self.file.members(&roles.auditors), self.file.members(&roles.server_admins));
        let hint = "name those who read the log for others and hold the witness's key";
        self.refuse_if(auditors.is_empty(), "auditors-none", "roles.auditors", "there are no auditors", hint);
        let hint = "name those who are root on the desk's hosts: they must know no password of root";
        self.refuse_if(
            admins.is_empty(),
            "admins-none",
            "roles.server_admins",
            "there are no server admins",
            hint,
        );
        let hint = "let somebody else audit: whoever can change the log must not be its witness";
        self.no_one_is_both(
            "auditor-admin",
            "roles",
            (&auditors, "an auditor"),
            (&admins, "root on the hosts"),
            hint,
        );
        self.no_programs("roles.auditors", &auditors, "audits");
        self.must_have_keys("roles.auditors", &auditors, "audits");
    }

    pub(super) fn is_program(&self, person: &PersonId) -> bool {
        self.file.people.get(person).is_some_and(|person| person.is == Being::Program)
    }

    pub(super) fn no_one_is_both(
        &mut self,
        lint: &'static str,
        place: &str,
        (ones, one): (&BTreeSet<PersonId>, &str),
        (others, other): (&BTreeSet<PersonId>, &str),
        hint: &str,
    ) {
        if let Some(person) = ones.intersection(others).next() {
            self.refuse_if(true, lint, place, format!("`{person}` is {one} and {other}"), hint);
        }
    }

    pub(super) fn no_programs(&mut self, place: &str, people: &BTreeSet<PersonId>, does: &str) {
        if let Some(program) = people.iter().find(|person| self.is_program(person)) {
            let what = format!("`{program}` is a program, and no program {does}");
            self.refuse_if(true, "program-acts", place, what, "name people");
        }
    }

    pub(super) fn must_have_keys(&mut self, place: &str, people: &BTreeSet<PersonId>, does: &str) {
        let without =
            |person: &&PersonId| self.file.people.get(person).is_some_and(|person| person.keys.is_empty());
        if let Some(person) = people.iter().find(without) {
            let what = format!("`{person}` {does} and has no key to sign with");
            self.refuse_if(true, "key-none", place, what, "enrol a passkey for them first");
        }
    }
}
