//! What changes alter beside policies: tags that policies ask for, and identities that would not be there.

use std::collections::{BTreeMap, BTreeSet};

use kagimori_estate::change::{Change, EntityChange, ProviderChange};
use kagimori_id::Arn;
use kagimori_trail::call::{Call, Certainty, Check, CheckedResource, Outcome};

use super::{Verdict, Why};

/// What would be other than it is.
#[derive(Clone, Debug, Default)]
pub(super) struct Altered {
    /// Whose tag, and its key in lower case: condition keys are compared so.
    tags: Vec<(Arn, String)>,
    /// Users, groups and roles that would not be there.
    gone: BTreeSet<Arn>,
    /// OpenID Connect providers that would not be there, or take less, or be known by other certificates.
    providers: BTreeMap<Arn, Why>,
}

impl Altered {
    pub(super) fn by(changes: &[Change]) -> Self {
        let tag = |change: &Change| match change {
            Change::Tag(change) => Some((change.identity().clone(), change.key().to_lowercase())),
            _ => None,
        };
        let deleted = |change: &Change| match change {
            Change::Entity(EntityChange::DeleteIdentity { identity, .. }) => Some(identity.clone()),
            _ => None,
        };
        let provider = |change: &Change| match change {
            Change::Provider(
                ProviderChange::CreateOidcProvider { .. }
                | ProviderChange::AddAudience { .. }
                | ProviderChange::CreateSamlProvider { .. },
            ) => None,
            Change::Provider(
                ProviderChange::DeleteOidcProvider { provider, .. }
                | ProviderChange::DeleteSamlProvider { provider, .. },
            ) => Some((provider.clone(), Why::ProviderGone)),
            Change::Provider(change) => Some((change.provider().clone(), Why::ProviderAltered)),
            _ => None,
        };
        Self {
            providers: changes.iter().filter_map(provider).collect(),
            tags: changes.iter().filter_map(tag).collect(),
            gone: changes.iter().filter_map(deleted).collect(),
        }
    }

    /// What would have become of a call that went through, where nobody would be there to make it, or to be called upon.
    pub(super) fn ended<'a>(
        &self,
        call: &Call,
        caller: impl FnOnce() -> Option<&'a Arn>,
    ) -> Option<(Verdict, Why)> {
        if !matches!(call.outcome, Outcome::Succeeded | Outcome::Failed) {
            return None;
        }
        let kind = match &*call.name {
            "AssumeRoleWithWebIdentity" => Some("oidc-provider/"),
            "AssumeRoleWithSAML" => Some("saml-provider/"),
            _ => None,
        };
        if let Some(kind) = kind.filter(|_| !self.providers.is_empty()) {
            return self.by_provider(call, kind);
        }
        if self.gone.is_empty() {
            return None;
        }
        if caller().is_some_and(|arn| self.gone.contains(arn)) {
            return Some((Verdict::NewlyDenied, Why::CallerGone));
        }
        let is_gone = |check: &Check| match &check.resource {
            CheckedResource::Arn(resource) => self.gone.iter().any(|arn| *arn.as_str() == **resource),
            _ => false,
        };
        let certain = |check: &&Check| check.certainty == Certainty::Certain;
        let is_gone = call.checks.iter().filter(certain).any(is_gone);
        is_gone.then_some((Verdict::NewlyDenied, Why::CalledUponGone))
    }

    /// Whom a token came from is told by the caller's name, for which audience it was by nothing.
    fn by_provider(&self, call: &Call, kind: &str) -> Option<(Verdict, Why)> {
        let caller = call.caller.text();
        let of = |provider: &Arn| {
            caller
                .as_deref()
                .and_then(|text| text.strip_prefix(provider.as_str()))
                .map(|rest| rest.starts_with(':'))
        };
        if let Some((_, why)) = self.providers.iter().find(|(provider, _)| of(provider) == Some(true)) {
            let verdict = if *why == Why::ProviderGone { Verdict::NewlyDenied } else { Verdict::CannotTell };
            return Some((verdict, why.clone()));
        }
        let is_told = caller.as_deref().is_some_and(|text| text.contains(kind));
        let is_here = self
            .providers
            .keys()
            .any(|provider| provider.account() == call.account && provider.resource().starts_with(kind));
        (!is_told && is_here).then_some((Verdict::CannotTell, Why::ProviderAltered))
    }

    /// Of the condition keys that an answer hangs on, those that ask for a tag which would be another one: of the caller, whose session
    /// may have tags of its own, or of what is called upon, whose tags no event tells.
    pub(super) fn new_tags(&self, keys: &BTreeSet<String>, caller: &Arn, check: &Check) -> Vec<String> {
        let may_be_called = |arn: &Arn| match &check.resource {
            CheckedResource::Arn(resource) => **resource == *arn.as_str(),
            CheckedResource::Pattern(_) | CheckedResource::Unknown => true,
            CheckedResource::None => false,
        };
        let is_new = |key: &&String| {
            let key = key.to_lowercase();
            self.tags.iter().any(|(arn, tag)| match key.rsplit_once('/') {
                Some(("aws:principaltag", asked)) => asked == tag && arn == caller,
                Some((kind, asked)) => kind.ends_with(":resourcetag") && asked == tag && may_be_called(arn),
                None => false,
            })
        };
        keys.iter().filter(is_new).cloned().collect()
    }

    pub(super) fn has_no_tags(&self) -> bool {
        self.tags.is_empty()
    }
}

#[cfg(test)]
mod tests;
