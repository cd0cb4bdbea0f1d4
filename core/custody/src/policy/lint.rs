//! What a policy must not say.

use super::fault::Fault;
use super::file::PolicyFile;

pub(crate) fn faults(file: &PolicyFile) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (name, group) in &file.groups {
        let place = format!("groups.{name}");
        if group.members.is_empty() {
            faults.push(Fault::new(
                "group-empty",
                &place,
                "the group is empty",
                "name its members, or take it out",
            ));
        }
        for member in group.members.iter().filter(|member| !file.people.contains_key(member)) {
            faults.push(Fault::new(
                "group-stranger",
                &place,
                format!("there is no person `{member}`"),
                "a group has people of `people`, and no groups",
            ));
        }
    }
    faults
}
