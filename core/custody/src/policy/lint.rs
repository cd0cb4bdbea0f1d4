//! What a policy must not say. Each lint has a name, a reason and a hint; a policy that fails one does not load.

mod groups;
mod people;
mod places;
mod rules;
mod separation;

use super::fault::Fault;
use super::file::PolicyFile;
use crate::name::{GroupName, PersonId};

/// All that is wrong, in the order of the file.
pub(crate) fn faults(file: &PolicyFile) -> Vec<Fault> {
    let mut lint = Lint { file, faults: Vec::new() };
    lint.people();
    lint.groups();
    lint.places();
    lint.rules();
    lint.separation();
    lint.faults
}

/// The file, and what was found.
struct Lint<'a> {
    file: &'a PolicyFile,
    faults: Vec<Fault>,
}

impl Lint<'_> {
    fn refuse_if(
        &mut self,
        wrong: bool,
        lint: &'static str,
        place: &str,
        what: impl Into<String>,
        hint: &str,
    ) {
        if wrong {
            self.faults.push(Fault::new(lint, place, what, hint));
        }
    }

    /// Groups that are named somewhere and are not there.
    fn must_be_groups<'b>(&mut self, place: &str, names: impl IntoIterator<Item = &'b GroupName>) {
        for name in names {
            if self.file.groups.contains_key(name) {
                continue;
            }
            let near = kagimori_id::nearest(name.as_str(), self.file.groups.keys().map(GroupName::as_str));
            let meant = near.map(|near| format!("; `{near}` is near")).unwrap_or_default();
            let what = format!("there is no group `{name}`{meant}");
            self.refuse_if(true, "group-unknown", place, what, "name a group of `groups`");
        }
    }

    /// People who are named somewhere and are not there.
    fn must_be_people(&mut self, lint: &'static str, place: &str, names: &[PersonId]) {
        for (index, name) in names.iter().enumerate() {
            if !self.file.people.contains_key(name) {
                let near = kagimori_id::nearest(name.as_str(), self.file.people.keys().map(PersonId::as_str));
                let meant = near.map(|near| format!("; `{near}` is near")).unwrap_or_default();
                let what = format!("there is no person `{name}`{meant}");
                self.refuse_if(true, lint, place, what, "name somebody of `people`");
            }
            let again = names.iter().take(index).any(|other| other == name);
            self.refuse_if(
                again,
                "person-twice",
                place,
                format!("`{name}` is named twice"),
                "name everybody once",
            );
        }
    }

    /// A text that people read, and that nobody may misread.
    fn must_be_text(&mut self, lint: &'static str, place: &str, text: &str) {
        let wrong = text.trim().is_empty() || text.len() > 200 || text.contains(crate::step::is_odd);
        self.refuse_if(
            wrong || text.trim() != text,
            lint,
            place,
            "the text is empty, too long, or has letters that do not show",
            "write it as people should read it, in at most 200 bytes",
        );
    }
}
