//! Profiles for what a person is assigned at Identity Center: named by a pattern, added behind what stands in the file, marked
//! when the assignment has gone. What a person wrote is never changed.

use std::collections::{BTreeMap, BTreeSet};

use super::entitled;
use super::settings::{Portal, SsoRole, portal_of, role_of};
use crate::edit;
use crate::heading::{Heading, heading, is_portable_name};
use crate::profile::{File, ProfileFiles};
use crate::value::{Refused, shown};

/// Says of a `[kagi NAME]` that we wrote it and may mark it.
pub const WRITTEN: &str = "written_by";
const WRITTEN_BY: &str = "kagi sso profiles";
/// Since when what a profile is for is not assigned any more.
pub const GONE_SINCE: &str = "gone_since";
/// The pattern unless another is given.
pub const PATTERN: &str = "{account_name}-{role}";

/// A permission set that is assigned in an account, or a role that account access manager gives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Assigned {
    /// The account's 12 digits.
    pub account: String,
    /// Its name at the portal; its digits when it has none.
    pub account_name: String,
    /// The permission set; of account access manager the role's name.
    pub role: String,
    /// roleArn, of account access manager.
    pub arn: Option<String>,
}

/// How profiles are written.
#[derive(Debug, Clone, Copy)]
pub struct Style<'s> {
    /// The portal; it must be an `[sso-session NAME]`.
    pub portal: &'s Portal,
    /// `{account_name}`, `{account_id}`, `{role}` and other letters.
    pub pattern: &'s str,
    /// What runs kagi, for `credential_process`.
    pub command: &'s str,
    /// The region of new profiles.
    pub region: Option<&'s str>,
    /// The tenant of account access manager, when its roles are in `assigned` too. Without it their profiles are left alone.
    pub tenant: Option<&'s str>,
    /// `2026-11-29`
    pub today: &'s str,
}

/// What becomes of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The new text.
    pub text: String,
    /// Profiles that are added.
    pub added: Vec<String>,
    /// Profiles that were there, whoever wrote them.
    pub known: Vec<String>,
    /// Profiles of ours whose assignment has gone: marked.
    pub gone: Vec<String>,
    /// Profiles of ours whose assignment is back: the mark is taken away.
    pub back: Vec<String>,
    /// A person's own profiles whose assignment has gone: only told.
    pub stale: Vec<String>,
    /// What got no profile, because its name is another's.
    pub taken: Vec<(String, Assigned)>,
}

/// Works out the new config file. `assigned` must be all there is: what is missing in it is marked as gone.
pub fn write(files: &ProfileFiles<'_>, assigned: &[Assigned], style: Style<'_>) -> Result<Outcome, Refused> {
    let Some(session) = &style.portal.session else {
        return Err(Refused::new(
            "profiles are written for an `[sso-session]` only",
            "add `[sso-session NAME]` with `sso_start_url` and `sso_region`",
        ));
    };
    check_pattern(style.pattern)?;
    let assigned: BTreeMap<_, &Assigned> = assigned.iter().map(|it| (what_of(it), it)).collect();
    let present: Vec<_> =
        present(files, style.portal).into_iter().filter(|(_, role)| is_listed(role, style.tenant)).collect();
    let is_assigned = |role: &SsoRole| assigned.contains_key(&what(role));
    let mut out = Outcome { text: files.document(File::Config).text().to_owned(), ..Outcome::default() };
    for (name, role) in &present {
        let marked = files.get(name, GONE_SINCE).is_some();
        let ours = files.get(name, WRITTEN).is_some_and(|found| found.value == WRITTEN_BY);
        match (is_assigned(role), ours) {
            (true, true) if marked => {
                out.text = edit::remove(&out.text, is_kagi(name), &[GONE_SINCE]);
                out.back.push(name.clone());
            }
            (true, _) => out.known.push(name.clone()),
            (false, true) => {
                if !marked {
                    let header = format!("kagi {name}");
                    out.text = edit::set(&out.text, is_kagi(name), &header, GONE_SINCE, style.today);
                }
                out.gone.push(name.clone());
            }
            (false, false) => out.stale.push(name.clone()),
        }
    }
    let missing: Vec<&Assigned> = assigned
        .into_values()
        .filter(|it| !present.iter().any(|(_, role)| what(role) == what_of(it)))
        .collect();
    let mut added = String::new();
    let mut used: BTreeSet<String> = files.names();
    for (name, it) in named(&missing, style.pattern) {
        if !is_portable_name(&name) || !used.insert(name.clone()) {
            out.taken.push((name, it.clone()));
            continue;
        }
        added.push_str(&sections(&name, it, session, style));
        out.added.push(name);
    }
    out.text = appended(&out.text, &added);
    Ok(out)
}

/// Profiles of a portal, whoever wrote them, and in which way.
fn present(files: &ProfileFiles<'_>, portal: &Portal) -> Vec<(String, SsoRole)> {
    let of = |name: String| {
        let found = portal_of(files, &name).ok().flatten()?;
        let is_it = (&found.start_url, &found.region) == (&portal.start_url, &portal.region);
        let role = role_of(files, &name, found).ok().filter(|_| is_it)?;
        Some((name, role))
    };
    files.names().into_iter().filter_map(of).collect()
}

/// What a profile is for: a permission set in an account, or a role.
fn what(role: &SsoRole) -> (&str, &str) {
    match &role.entitled {
        Some(entitled) => ("", entitled.role.as_str()),
        None => (&role.account, &role.role),
    }
}

fn what_of(assigned: &Assigned) -> (&str, &str) {
    match &assigned.arn {
        Some(arn) => ("", arn),
        None => (&assigned.account, &assigned.role),
    }
}

/// Whether all there is of this kind was listed, so that what is missing has gone.
fn is_listed(role: &SsoRole, tenant: Option<&str>) -> bool {
    role.entitled.as_ref().is_none_or(|entitled| Some(entitled.tenant.as_str()) == tenant)
}

fn is_kagi(name: &str) -> impl Fn(&str) -> bool {
    move |header| matches!(heading(header), Heading::Kagi(found) if found == name)
}

/// Names by the pattern; where several would be the same, all of those get their account's digits too.
fn named<'a>(missing: &[&'a Assigned], pattern: &str) -> Vec<(String, &'a Assigned)> {
    let mut by_name: BTreeMap<String, Vec<&Assigned>> = BTreeMap::new();
    for it in missing {
        by_name.entry(name(it, pattern)).or_default().push(it);
    }
    let several = |(name, all): (String, Vec<&'a Assigned>)| -> Vec<(String, &'a Assigned)> {
        match all.as_slice() {
            [only] => vec![(name, *only)],
            _ => all.into_iter().map(|it| (format!("{name}-{}", it.account), it)).collect(),
        }
    };
    by_name.into_iter().flat_map(several).collect()
}

fn name(it: &Assigned, pattern: &str) -> String {
    let text = pattern
        .replace("{account_name}", &it.account_name)
        .replace("{account_id}", &it.account)
        .replace("{role}", &it.role);
    let mut out = String::new();
    for letter in text.chars() {
        // What no SDK reads in a name becomes a dash, one for several.
        if is_portable_name(letter.encode_utf8(&mut [0; 4])) {
            out.push(letter);
        } else if !out.ends_with('-') {
            out.push('-');
        }
    }
    out.trim_matches('-').to_owned()
}

/// Checks a pattern of names: each assignment must be able to have its own.
pub fn check_pattern(pattern: &str) -> Result<(), Refused> {
    let rest = pattern.replace("{account_name}", "").replace("{account_id}", "").replace("{role}", "");
    let has_account = pattern.contains("{account_name}") || pattern.contains("{account_id}");
    if has_account && pattern.contains("{role}") && (rest.is_empty() || is_portable_name(&rest)) {
        return Ok(());
    }
    Err(Refused::new(
        format!("`{}` cannot be a pattern of names", shown(pattern)),
        "it has `{account_name}` or `{account_id}`, and `{role}`, and letters, digits and `_.@+%:/-` between them",
    ))
}

fn sections(name: &str, it: &Assigned, session: &str, style: Style<'_>) -> String {
    let region = style.region.map(|region| format!("region = {region}\n")).unwrap_or_default();
    let role = match (&it.arn, style.tenant) {
        (Some(arn), Some(tenant)) => format!("{} = {tenant}\n{} = {arn}\n", entitled::TENANT, entitled::ROLE),
        _ => format!("sso_account_id = {}\nsso_role_name = {}\n", it.account, it.role),
    };
    format!(
        "\n[profile {name}]\n{region}credential_process = {} credentials {name}\n\n[kagi {name}]\n{WRITTEN} = \
         {WRITTEN_BY}\nsso_session = {session}\n{role}",
        style.command
    )
}

/// Behind the last line, with the file's own line ends.
fn appended(text: &str, added: &str) -> String {
    if added.is_empty() {
        return text.to_owned();
    }
    let ending = edit::line_ending(text);
    let lead = if text.is_empty() || text.ends_with(['\n', '\r']) { "" } else { ending };
    let added = if text.is_empty() { added.trim_start_matches('\n') } else { added };
    format!("{text}{lead}{}", added.replace('\n', ending))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEAD: &str =
        "# mine\n[sso-session corp]\nsso_start_url = https://x.awsapps.com/start\nsso_region = eu-west-1\n";

    fn it(account: u64, name: &str, role: &str) -> Assigned {
        Assigned {
            account: format!("{account:012}"),
            account_name: name.to_owned(),
            role: role.to_owned(),
            arn: None,
        }
    }

    fn outcome(config: &str, assigned: &[Assigned], pattern: &str) -> Result<Outcome, Refused> {
        let files = ProfileFiles::scan(config, "");
        let from = crate::profile::Place { file: File::Config, header: String::new(), line: 0 };
        let portal = super::super::settings::portal_named(&files, "corp", &from).unwrap();
        let style = Style {
            portal: &portal,
            pattern,
            command: "/bin/kagi",
            region: None,
            tenant: None,
            today: "2026-11-29",
        };
        write(&files, assigned, style)
    }

    #[test]
    fn what_is_assigned_gets_a_profile_and_nothing_else_is_touched() {
        let mine = format!(
            "{HEAD}\n# by hand\n[profile work]\nsso_session = corp\nsso_account_id = 000000000001\nsso_role_name = Admin\n[profile Two-View]\nregion = x"
        );
        let all =
            [it(1, "One", "Admin"), it(1, "One", "View"), it(2, "Two", "View"), it(3, "海 & 空 7", "View")];
        let out = outcome(&mine, &all, PATTERN).unwrap();
        assert!(out.text.starts_with(&mine), "what stood there stands there");
        assert_eq!(
            (&out.added, &out.known),
            (&vec!["7-View".to_owned(), "One-View".to_owned()], &vec!["work".to_owned()])
        );
        assert_eq!(out.taken, [("Two-View".to_owned(), all[2].clone())]);
        assert!(out.text.contains(
            "\n[profile One-View]\ncredential_process = /bin/kagi credentials One-View\n\n[kagi One-View]\n"
        ));
        // The same again changes nothing.
        let again = outcome(&out.text, &all, PATTERN).unwrap();
        assert_eq!((again.text, again.added), (out.text, Vec::<String>::new()));
    }

    #[test]
    fn what_has_gone_is_marked_and_what_is_back_is_not() {
        let all = [it(1, "One", "Admin"), it(2, "Two", "View")];
        let written = outcome(HEAD, &all, PATTERN).unwrap().text;
        let own = format!(
            "{written}[profile own]\nsso_session = corp\nsso_account_id = 000000000009\nsso_role_name = Old\n"
        );
        let less = outcome(&own, &all[..1], PATTERN).unwrap();
        assert_eq!((&less.gone, &less.stale), (&vec!["Two-View".to_owned()], &vec!["own".to_owned()]));
        assert_eq!(
            less.text,
            own.replace("sso_role_name = View\n", "sso_role_name = View\ngone_since = 2026-11-29\n")
        );
        assert_eq!(outcome(&less.text, &all[..1], PATTERN).unwrap().text, less.text, "the first day stays");
        let back = outcome(&less.text, &all, PATTERN).unwrap();
        assert_eq!((back.text, back.back), (own, vec!["Two-View".to_owned()]));
    }

    #[test]
    fn names_that_would_be_the_same_get_the_account() {
        let all = [it(1, "One", "A"), it(2, "One", "A"), it(3, "One", "B")];
        let out = outcome(HEAD, &all, PATTERN).unwrap();
        assert_eq!(out.added, ["One-A-000000000001", "One-A-000000000002", "One-B"]);
        for wrong in ["x", "{role}", "{account_id}", "{account_name} {role}", "{account_id}{role}]"] {
            assert!(outcome(HEAD, &all, wrong).is_err(), "{wrong}");
        }
        assert_eq!(outcome(HEAD, &all, "{role}@{account_id}").unwrap().added[0], "A@000000000001");
        let crlf = HEAD.replace('\n', "\r\n");
        assert!(!outcome(&crlf, &all, PATTERN).unwrap().text.replace("\r\n", "").contains('\n'));
    }

    proptest! {
        /// Whatever is assigned, in whatever order it comes and goes: what the person wrote stays to the byte, every profile
        /// is there once, and leads where it says.
        #[test]
        fn laws_of_writing(rounds in proptest::collection::vec(proptest::collection::vec((0_u64..3, 0_usize..3, 0_usize..2), 0..6), 1..4)) {
            let mut text = format!("{HEAD}[profile mine]\nregion = a # b\n\n# tail\n");
            let head = text.clone();
            for round in rounds {
                let all: Vec<_> = round
                    .iter()
                    .map(|(account, name, role)| it(*account, ["a", "b c", "鍵"][*name], ["R", "S"][*role]))
                    .collect();
                let out = outcome(&text, &all, PATTERN).unwrap();
                prop_assert!(out.text.starts_with(&head));
                let files = ProfileFiles::scan(&out.text, "");
                for one in &all {
                    let name = |name: &String| files.get(name, "sso_account_id").is_some_and(|it| it.value == one.account)
                        && files.get(name, "sso_role_name").is_some_and(|it| it.value == one.role);
                    let count = files.names().iter().filter(|it| name(it)).count();
                    let is_taken = out.taken.iter().any(|(_, it)| (&it.account, &it.role) == (&one.account, &one.role));
                    prop_assert!(count == 1 || is_taken, "{count} of {one:?}");
                }
                prop_assert!(files.names().iter().all(|name| files.defined_twice(name).is_none()));
                text = out.text;
            }
        }
    }
}
