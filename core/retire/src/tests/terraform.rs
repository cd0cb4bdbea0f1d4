//! Keys in states of Terraform.

use super::key;
use crate::{Managed, StateError};

#[test]
fn keys_of_a_state() {
    let (one, two) = (key(0), key(1));
    let text = format!(
        r#"{{"version":4,"terraform_version":"1.11.4","serial":3,"lineage":"x","outputs":{{}},"resources":[
        {{"mode":"managed","type":"aws_iam_user","name":"u","instances":[{{"attributes":{{"id":"u"}}}}]}},
        {{"mode":"data","type":"aws_iam_access_key","name":"d","instances":[{{"attributes":{{"id":"{one}"}}}}]}},
        {{"mode":"managed","type":"aws_iam_access_key","name":"k","provider":"p","instances":[
          {{"schema_version":0,"attributes":{{"id":"{one}","status":"Active","secret":"not read","user":"u"}}}}]}},
        {{"module":"module.batch","mode":"managed","type":"aws_iam_access_key","name":"k","instances":[
          {{"index_key":"night","attributes":{{"id":"{two}","status":"Inactive"}}}},
          {{"index_key":1,"attributes":{{"id":"no key"}}}}]}}]}}"#
    );
    let found = Managed::read(&text).unwrap();
    let told: Vec<_> = found.iter().map(|managed| (managed.key.clone(), managed.address.as_str())).collect();
    assert_eq!(told, [(one, "aws_iam_access_key.k"), (two, "module.batch.aws_iam_access_key.k[\"night\"]")]);
    assert_eq!(found[1].status.as_deref(), Some("Inactive"));
    assert!(
        found[0].advice().contains("ignore_changes = [status]") && !format!("{found:?}").contains("not read")
    );
}

#[test]
fn keys_of_what_terraform_shows() {
    let key = key(0);
    let values = format!(
        r#"{{"root_module":{{"child_modules":[{{"address":"module.a","resources":[{{"address":"module.a.aws_iam_access_key.k","mode":"managed",
        "type":"aws_iam_access_key","name":"k","values":{{"id":"{key}","status":"Active"}}}}]}}]}}}}"#
    );
    for text in [
        format!(r#"{{"format_version":"1.0","terraform_version":"1.11.4","values":{values}}}"#),
        format!(
            r#"{{"format_version":"1.2","prior_state":{{"format_version":"1.0","values":{values}}},"resource_changes":[]}}"#
        ),
    ] {
        let found = Managed::read(&text).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].key.clone(), found[0].address.as_str()),
            (key.clone(), "module.a.aws_iam_access_key.k")
        );
    }
    assert_eq!(Managed::read(r#"{"format_version":"1.0"}"#).unwrap(), [], "an empty state");
}

#[test]
fn what_is_no_state_is_told_without_its_text() {
    assert_eq!(Managed::read("{\"secret\": \"x"), Err(StateError::NotJson { line: 1, column: 13 }));
    for text in ["{}", "[]", "{\"version\":3,\"modules\":[]}", "{\"version\":4,\"resources\":[{\"mode\":7}]}"]
    {
        assert_eq!(Managed::read(text), Err(StateError::NoState), "{text}");
    }
}
