//! A profile as botocore reads it: one section made of both files, and of each file's `[DEFAULT]`.
//!
//! botocore reads `[profile NAME]` and puts `[NAME]` of the credentials file over it, whichever the setting
//! (`botocore.session.Session.full_config`); Python's `configparser` has put `[DEFAULT]` beneath every section of the
//! file before. Whether kagi is what an SDK ends at can be told of this section only, not of the one that kagi writes.

use crate::ini::{Section, Setting};
use crate::profile::{File, Place, ProfileFiles, without_comment_of};
use crate::refusal::DEFAULTS;

/// A profile's settings in the order in which they win.
#[derive(Debug, Clone, Default)]
pub struct Merged<'a> {
    settings: Vec<Part<'a>>,
}

/// A setting and where it stands.
#[derive(Debug, Clone)]
pub struct Part<'a> {
    /// The setting.
    pub setting: Setting<'a>,
    /// Where.
    pub place: Place,
}

impl Part<'_> {
    /// Whether it stands in a `[DEFAULT]`, and so in every profile.
    #[must_use]
    pub fn is_of_all(&self) -> bool {
        self.place.header == DEFAULTS
    }
}

impl<'a> Merged<'a> {
    /// The setting that wins.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Part<'a>> {
        self.settings.iter().find(|part| part.setting.key.eq_ignore_ascii_case(key))
    }

    /// The first of these that is set, by the order of the keys.
    #[must_use]
    pub fn first<'m>(&'m self, keys: &[&str]) -> Option<&'m Part<'a>> {
        keys.iter().find_map(|key| self.get(key))
    }

    /// The value of a setting, without an inline comment and not empty.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<String> {
        let value = without_comment_of(key, &self.get(key)?.setting.value).into_owned();
        (!value.is_empty()).then_some(value)
    }

    /// Every setting that wins, once.
    pub fn settings(&self) -> impl Iterator<Item = &Part<'a>> {
        let wins =
            |part: &&Part<'a>| self.get(part.setting.key).is_some_and(|other| std::ptr::eq(other, *part));
        self.settings.iter().filter(wins)
    }
}

/// The profile as botocore reads it; none when neither file has a section of it that SDKs read.
#[must_use]
pub fn merged<'a>(files: &ProfileFiles<'a>, name: &str) -> Option<Merged<'a>> {
    let sections =
        [(File::Credentials, files.credentials_section(name)), (File::Config, files.sdk_section(name))];
    let mut merged = Merged::default();
    let mut is_there = false;
    for (file, section) in sections {
        let Some(section) = section else { continue };
        is_there = true;
        merged.put(file, section);
        let all = files.document(file).sections().iter().filter(|section| section.header == DEFAULTS);
        all.rev().for_each(|section| merged.put(file, section));
    }
    is_there.then_some(merged)
}

impl<'a> Merged<'a> {
    fn put(&mut self, file: File, section: &Section<'a>) {
        let settings: Vec<_> = section.settings().collect();
        for (index, setting) in settings.iter().enumerate() {
            let mut later = settings.iter().skip(index + 1);
            // The last of two settings of one key counts, as everywhere.
            if !later.any(|other| other.key.eq_ignore_ascii_case(setting.key)) {
                let place = Place { file, header: section.header.to_owned(), line: setting.line };
                self.settings.push(Part { setting: setting.clone(), place });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_credentials_file_wins_whichever_the_setting() {
        let config =
            "[profile dev]\nrole_arn = a\nregion = x\n[kagi dev]\nrole_arn = ours\n[default]\nk = v\n";
        let files =
            ProfileFiles::scan(config, "[dev]\nRole_Arn = b\nsource_profile = s\n[only]\nregion = y\n");
        let dev = merged(&files, "dev").unwrap();
        let role = dev.get("role_arn").unwrap();
        assert_eq!(
            (role.setting.value.as_ref(), role.place.file, role.place.line),
            ("b", File::Credentials, 2)
        );
        let keys: Vec<_> =
            dev.settings().map(|part| (part.setting.key, part.setting.value.as_ref())).collect();
        assert_eq!(keys, [("Role_Arn", "b"), ("source_profile", "s"), ("region", "x")]);
        assert_eq!(dev.first(&["sso_session", "region"]).unwrap().setting.value, "x");
        assert_eq!(merged(&files, "only").unwrap().get("region").unwrap().setting.value, "y");
        assert_eq!(dev.value("region").as_deref(), Some("x"));
        let empty = ProfileFiles::scan("[profile e]\nregion =\noutput = # none\n", "");
        let empty = merged(&empty, "e").unwrap();
        assert_eq!((empty.value("region"), empty.value("absent")), (None, None));
        assert!(merged(&files, "nobody").is_none() && merged(&files, "default").is_some());
        // What no SDK reads makes no profile.
        assert!(merged(&ProfileFiles::scan("[kagi x]\nrole_arn = a\n", ""), "x").is_none());
    }

    #[test]
    fn what_stands_in_default_stands_in_every_profile() {
        let config = "[DEFAULT]\nrole_arn = of-all\nregion = z\n[profile dev]\nregion = x\n";
        let files = ProfileFiles::scan(config, "[DEFAULT]\nsso_session = s\n[other]\n");
        let dev = merged(&files, "dev").unwrap();
        assert!(dev.get("role_arn").unwrap().is_of_all());
        assert_eq!(dev.get("region").unwrap().setting.value, "x");
        assert!(dev.get("sso_session").is_none(), "the credentials file has no section of it");
        assert!(merged(&files, "other").unwrap().get("sso_session").is_some());
    }
}
