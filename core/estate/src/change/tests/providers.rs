//! OpenID Connect providers: what there is, and what the change itself tells.

use super::super::{
    Change, ChangeError, OidcProvider, ProviderChange, SamlProvider, apply, inverse, touched,
};
use super::{arn, estate};
use crate::fact::{Known, SourceId};
use crate::model::Estate;

const GITHUB: &str = "oidc-provider/token.actions.githubusercontent.com";

fn with_providers(all: &[&str]) -> Estate {
    let mut estate = estate();
    let account = estate.accounts.values_mut().next().unwrap();
    account.oidc_providers = Known::new(all.iter().map(|one| arn(one)).collect(), SourceId(0));
    estate
}

fn takes(audiences: &[&str]) -> OidcProvider {
    let audiences = audiences.iter().map(|&one| one.to_owned()).collect();
    OidcProvider { audiences, ..OidcProvider::default() }
}

#[test]
fn each_is_undone_by_its_opposite() {
    let both = with_providers(&[GITHUB, "oidc-provider/gitlab.com"]);
    let thumbprints = |was: &str, now: &str| ProviderChange::SetThumbprints {
        provider: arn(GITHUB),
        thumbprints: vec![now.repeat(40)],
        was: vec![was.repeat(40)],
    };
    let audience = |audience: &str| (arn(GITHUB), audience.to_owned());
    let (provider, audience) = audience("sts.amazonaws.com");
    let (add, remove) = (
        ProviderChange::AddAudience { provider: provider.clone(), audience: audience.clone() },
        ProviderChange::RemoveAudience { provider: provider.clone(), audience },
    );
    let delete = ProviderChange::DeleteOidcProvider { provider: provider.clone(), takes: takes(&["a"]) };
    let create = ProviderChange::CreateOidcProvider { provider, takes: takes(&["a"]), position: Some(0) };
    for (change, back) in [
        (add.clone(), remove.clone()),
        (remove, add),
        (thumbprints("a", "b"), thumbprints("b", "a")),
        (delete, create),
    ] {
        let (change, back) = (Change::from(change), Change::from(back));
        assert_eq!(inverse(&both, &change).unwrap(), back);
        let after = apply(&both, &change).unwrap();
        assert_eq!(apply(&after, &back).unwrap(), both, "{change}");
        let text = serde_json::to_string(&change).unwrap();
        assert_eq!(serde_json::from_str::<Change>(&text).unwrap(), change);
        assert_ne!(change.japanese(), change.to_string());
    }
}

#[test]
fn what_aws_would_refuse_is_told() {
    let refused = |estate: &Estate, change: ProviderChange| apply(estate, &change.into()).unwrap_err();
    let create = |takes: OidcProvider| ProviderChange::CreateOidcProvider {
        provider: arn(GITHUB),
        takes,
        position: None,
    };
    let none = with_providers(&[]);
    for (takes, why) in [
        (OidcProvider { thumbprints: vec!["a".repeat(39)], ..OidcProvider::default() }, "40 hexadecimal"),
        (OidcProvider { thumbprints: vec!["a".repeat(40); 6], ..OidcProvider::default() }, "40 hexadecimal"),
        (takes(&[""]), "1 to 255 characters"),
        (OidcProvider { audiences: vec!["a".to_owned(); 101], ..OidcProvider::default() }, "100 audiences"),
        (OidcProvider { tags: [("aws:x".to_owned(), String::new())].into(), ..takes(&[]) }, "`aws:`"),
    ] {
        let told = refused(&none, create(takes)).to_string();
        assert!(told.contains(why), "{told}");
    }
    let there = with_providers(&[GITHUB]);
    assert!(matches!(refused(&there, create(takes(&["a"]))), ChangeError::NothingToDo(_)));
    let gone = ProviderChange::DeleteOidcProvider { provider: arn(GITHUB), takes: takes(&[]) };
    assert!(matches!(refused(&none, gone.clone()), ChangeError::NotThere { .. }));
    assert!(matches!(refused(&estate(), gone), ChangeError::NotKnown(_)), "whether it is there is not known");
    let no_provider = ProviderChange::AddAudience { provider: arn("user/kim"), audience: "a".to_owned() };
    assert!(matches!(refused(&there, no_provider), ChangeError::NotThere { .. }));
    let made = Change::from(create(takes(&["a"])));
    assert_eq!(touched(&[made], &none, &there), Some(std::collections::BTreeSet::new()));
}

#[test]
fn saml_providers_are_undone_too() {
    const OKTA: &str = "saml-provider/okta";
    let with = |all: &[&str]| {
        let mut estate = estate();
        let account = estate.accounts.values_mut().next().unwrap();
        account.saml_providers = Known::new(all.iter().map(|one| arn(one)).collect(), SourceId(0));
        estate
    };
    let text = |letter: &str| letter.repeat(1_000);
    let made_of = |metadata: String| SamlProvider { metadata, ..SamlProvider::default() };
    let set = |now: &str, was: &str| ProviderChange::SetSamlMetadata {
        provider: arn(OKTA),
        metadata: text(now),
        was: text(was),
    };
    let create = |metadata: String, position| ProviderChange::CreateSamlProvider {
        provider: arn(OKTA),
        made_of: made_of(metadata),
        position,
    };
    let delete = ProviderChange::DeleteSamlProvider { provider: arn(OKTA), made_of: made_of(text("a")) };
    let both = with(&[OKTA, "saml-provider/entra"]);
    for (change, back) in [(set("b", "a"), set("a", "b")), (delete.clone(), create(text("a"), Some(0)))] {
        let (change, back) = (Change::from(change), Change::from(back));
        assert_eq!(inverse(&both, &change).unwrap(), back);
        let after = apply(&both, &change).unwrap();
        assert_eq!(apply(&after, &back).unwrap(), both, "{change}");
        assert_ne!(change.japanese(), change.to_string());
    }
    let refused = |estate: &Estate, change: ProviderChange| apply(estate, &change.into()).unwrap_err();
    assert!(matches!(refused(&both, create(text("a"), None)), ChangeError::NothingToDo(_)));
    assert!(matches!(refused(&with(&[]), delete.clone()), ChangeError::NotThere { .. }));
    assert!(
        matches!(refused(&estate(), delete), ChangeError::NotKnown(_)),
        "whether it is there is not known"
    );
    let short = refused(&with(&[]), create("<x/>".to_owned(), None)).to_string();
    assert!(short.contains("1000 to 10000000 characters"), "{short}");
    let no_name = ProviderChange::CreateSamlProvider {
        provider: arn("saml-provider/a b"),
        made_of: made_of(text("a")),
        position: None,
    };
    assert!(refused(&with(&[]), no_name).to_string().contains("letters, digits"));
}
