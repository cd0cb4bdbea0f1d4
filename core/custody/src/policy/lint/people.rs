//! People, and what they sign with.

use std::collections::BTreeMap;

use super::Lint;
use crate::policy::file::{Being, KeyKind, Person};

impl Lint<'_> {
    pub(super) fn people(&mut self) {
        let people = &self.file.people;
        self.must_be_text("desk-name", "desk", &self.file.desk);
        self.refuse_if(
            people.is_empty(),
            "people-none",
            "people",
            "there is nobody",
            "name those who ask, approve, operate and review",
        );
        let (mut subjects, mut names, mut keys) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut publics = BTreeMap::new();
        for (id, person) in people {
            let place = format!("people.{id}");
            self.person(&place, person);
            let other = subjects.insert((&person.issuer, &person.subject), id);
            self.refuse_if(
                other.is_some(),
                "subject-twice",
                &place,
                format!("the subject is also that of `{}`", other.unwrap_or(id)),
                "one person has one name here: one who is two could approve for themselves",
            );
            let other = names.insert(person.name.to_lowercase(), id);
            self.refuse_if(
                other.is_some(),
                "name-twice",
                &place,
                format!("`{}` is called the same", other.unwrap_or(id)),
                "tell them apart: whoever approves reads the name",
            );
            for key in &person.keys {
                let other = keys.insert(&key.name, id);
                let what = format!("the key `{}` is also one of `{}`", key.name, other.unwrap_or(id));
                self.refuse_if(
                    other.is_some(),
                    "key-twice",
                    &place,
                    what,
                    "give every key a name of its own",
                );
                let other = publics.insert(&key.public, id);
                let what = format!("the key `{}` is the same as one of `{}`", key.name, other.unwrap_or(id));
                let hint = "nobody shares a key: who signed would not be known";
                self.refuse_if(other.is_some(), "key-shared", &place, what, hint);
            }
        }
    }

    fn person(&mut self, place: &str, person: &Person) {
        self.must_be_text("person-name", place, &person.name);
        let is_url = person.issuer.starts_with("https://") || person.issuer.starts_with("http://127.0.0.1");
        self.refuse_if(
            !is_url || person.issuer.contains(crate::step::is_odd),
            "issuer",
            place,
            "the issuer is no address that begins with `https://`",
            "copy `iss` of the identity provider",
        );
        let subject = &person.subject;
        let odd = subject.is_empty() || subject.len() > 255 || subject.contains(crate::step::is_odd);
        self.refuse_if(
            odd,
            "subject",
            place,
            "the subject is empty or has odd letters",
            "copy `sub` of the identity provider",
        );
        self.refuse_if(
            subject.contains('@'),
            "subject-email",
            place,
            "the subject looks like an e-mail address, which can be given to another person",
            "copy `sub` of the identity provider, which never changes hands",
        );
        for key in &person.keys {
            let blank = key.public.is_empty() || key.public.contains(char::is_whitespace);
            let what = format!("the key `{}` has no public key", key.name);
            self.refuse_if(blank, "key-empty", place, what, "enrol it again: its public key belongs here");
            let is_hand = person.is == Being::Program && key.kind == KeyKind::Webauthn;
            let what = format!("the key `{}` is a passkey, and a program has no hands", key.name);
            self.refuse_if(is_hand, "program-passkey", place, what, "give it a key of the kind `ed25519`");
        }
    }
}
