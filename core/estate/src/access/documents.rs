//! The documents behind names: each is compiled once, whoever it is attached to.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use kagimori_policy::document::Document;
use kagimori_policy::parse::{Strictness, parse};
use kagimori_policy::policies::{Layer, MissingDocument};

use super::{Access, DocumentId, Held, Origin};
use crate::fact::SourceId;
use crate::model::{Account, Grants, Policy};
use kagimori_id::{AccountId, Arn};

/// Managed policies already compiled, by account and ARN.
pub(super) type Managed = BTreeMap<(AccountId, Arn), Option<DocumentId>>;

/// `AdministratorAccess` and `FullAWSAccess` (`access_policies_job-functions`).
const FULL_ACCESS: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
/// The part of `IAMFullAccess` that is about identities.
const IAM_FULL_ACCESS: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*"}]}"#;
/// Names whoever asks, as he would name himself.
const OPEN_TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"WrittenByTheCaller","Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}"#;

/// A resource that is open to everybody, as no limit finds it.
const OPEN_RESOURCE: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;

impl<'a> Access<'a> {
    /// Compiles a document and keeps it.
    pub(super) fn hold(&mut self, document: Cow<'a, Document>, origin: Origin) -> DocumentId {
        let compiled = self.compiler.compile(&document);
        self.documents.push(Arc::new(Held { document, compiled, origin }));
        DocumentId(self.documents.len().saturating_sub(1))
    }

    /// A document allowing everything, under the name of the policy that says so.
    pub(super) fn hold_full_access(&mut self, name: &str) -> Option<DocumentId> {
        self.hold_text(FULL_ACCESS, name)
    }

    /// A trust policy as somebody who may write it would write it.
    pub(super) fn hold_open_trust(&mut self) -> Option<DocumentId> {
        self.hold_text(OPEN_TRUST, "the trust policy as the caller would write it")
    }

    /// The policy of a resource that allows everybody everything.
    pub(super) fn hold_open_resource(&mut self) -> Option<DocumentId> {
        self.hold_text(OPEN_RESOURCE, "a policy that allows everybody everything")
    }

    fn hold_text(&mut self, text: &str, name: &str) -> Option<DocumentId> {
        let document = parse(text, Strictness::Strict).ok()?;
        Some(self.hold(Cow::Owned(document), Origin { name: name.to_owned(), file: None }))
    }

    /// The policies on an identity; what cannot be used goes to `missing`.
    pub(super) fn hold_grants(
        &mut self,
        account: &'a Account,
        owner: &str,
        grants: &'a Grants,
        source: Option<SourceId>,
        managed: &mut Managed,
        missing: &mut Vec<MissingDocument>,
    ) -> Vec<DocumentId> {
        let mut ids = Vec::new();
        for (name, policy) in &grants.inline {
            let name = format!("inline policy `{name}` of {owner}");
            match self.hold_policy(policy, name.clone(), source) {
                Some(id) => ids.push(id),
                None => missing.push(MissingDocument { layer: Layer::Identity, name }),
            }
        }
        for arn in &grants.attached {
            match self.hold_managed(account, arn, managed) {
                Some(id) => ids.push(id),
                None => {
                    missing.push(MissingDocument { layer: Layer::Identity, name: arn.as_str().to_owned() })
                }
            }
        }
        // Lists that were left out, or that two answers tell differently, may name more.
        missing.extend(grants.gaps.iter().map(|gap| {
            let name = format!("further policies of {owner} ({gap})");
            MissingDocument { layer: Layer::Identity, name }
        }));
        ids
    }

    /// A managed policy by its ARN; `None` when its document was not given or is damaged.
    pub(super) fn hold_managed(
        &mut self,
        account: &'a Account,
        arn: &Arn,
        managed: &mut Managed,
    ) -> Option<DocumentId> {
        let key = (account.id, arn.clone());
        if let Some(known) = managed.get(&key) {
            return *known;
        }
        // The policies of AWS are the same in every account; the details hold those that are attached there.
        let elsewhere = || self.estate.accounts.values().find_map(|account| account.policies.get(arn));
        let found = account.policies.get(arn).or_else(|| arn.account().is_none().then(elsewhere).flatten());
        let id = match found {
            Some(policy) => self.hold_policy(&policy.document, arn.as_str().to_owned(), Some(policy.source)),
            None if arn.account().is_none() && arn.name() == "AdministratorAccess" => {
                self.hold_full_access(arn.as_str())
            }
            None if arn.account().is_none() && arn.name() == "IAMFullAccess" => {
                self.hold_text(IAM_FULL_ACCESS, arn.as_str())
            }
            None => None,
        };
        managed.insert(key, id);
        id
    }

    pub(super) fn hold_policy(
        &mut self,
        policy: &'a Policy,
        name: String,
        source: Option<SourceId>,
    ) -> Option<DocumentId> {
        let document = policy.document.as_ref().ok()?;
        let file = source.and_then(|source| self.file(source));
        Some(self.hold(Cow::Borrowed(document), Origin { name, file }))
    }

    /// The name of a source's file.
    pub(super) fn file(&self, SourceId(place): SourceId) -> Option<String> {
        let place = usize::try_from(place).ok()?;
        self.estate.sources.get(place).map(|source| source.file.clone())
    }
}
