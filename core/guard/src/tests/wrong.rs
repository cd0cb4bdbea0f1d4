//! What is set wrongly is told, with a way out.

use super::settings;
use crate::{Guard, GuardError, Settings, template};

fn refused(name: &str, set: &[(&str, &str)]) -> GuardError {
    let settings: Settings = set
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.split(',').map(str::to_owned).collect()))
        .collect();
    Guard::new(template(name).unwrap(), &settings).unwrap_err()
}

#[test]
fn names_that_are_not_there() {
    let error = template("protect-trails").unwrap_err();
    assert_eq!(error.to_string(), "there is no guard `protect-trails`");
    assert!(error.hint().starts_with("did you mean `protect-trail`?"), "{}", error.hint());
    let error = refused("protect-trail", &[("keeper", "arn:aws:iam::*:role/ci/*")]);
    assert_eq!(error.hint(), "did you mean `keepers`?");
    let error = refused("leave-organization", &[("keepers", "x")]);
    assert_eq!(error.hint(), "nothing can be set: use `leave-organization` as it is");
}

#[test]
fn what_has_to_be_set() {
    let error = refused("regions", &[]);
    assert_eq!(error.to_string(), "`regions` needs `regions`: the Regions where work happens");
    assert_eq!(error.hint(), "add `--set regions=…`");
}

#[test]
fn values_that_are_none() {
    for (name, parameter, value) in [
        ("regions", "regions", "Tokyo"),
        ("regions", "regions", "ap-northeast"),
        ("regions", "regions", "ap-northeast-1,"),
        ("regions", "global", "s3"),
        ("protect-trail", "keepers", "role/ci"),
        ("protect-trail", "keepers", "*"),
        ("protect-trail", "keepers", "arn:aws:iam::*:group/admins"),
        ("protect-trail", "keepers", "arn:aws:iam::12345:role/ci"),
        ("protect-trail", "keepers", "arn:aws:iam::*:role/${aws:username}"),
        ("key-networks", "networks", "198.51.100.7/24"),
        ("key-networks", "networks", "office"),
        ("own-organization", "organization", "o-short"),
        ("own-organization", "organization", "o-shiosai0001,o-shiosai0002"),
        ("own-organization", "partners", "1234"),
        ("nobody-touch", "tag", "a,b"),
        ("nobody-touch", "tag", " a"),
    ] {
        let template = template(name).unwrap();
        let mut set = settings(template);
        set.insert(parameter.to_owned(), value.split(',').map(str::to_owned).collect());
        let error = Guard::new(template, &set).unwrap_err();
        assert!(matches!(error, GuardError::Value { .. }), "{name} {parameter} {value}: {error}");
    }
}
