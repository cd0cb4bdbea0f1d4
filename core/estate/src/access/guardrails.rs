//! Which SCPs and RCPs bind an account, level by level.
//!
//! The files say to which roots, organizational units and accounts a policy is attached. They do not say where in the
//! tree an account stands, so a policy on an organizational unit may or may not bind it: that is a missing document.

use kagimori_policy::policies::{Layer, MissingDocument};

use super::{Access, DocumentId, Guardrails};
use crate::id::AccountId;
use crate::model::OrganizationPolicy;

const NOTHING_GIVEN: &str = "no policies of the organization were given: taken as none";

impl Access<'_> {
    pub(super) fn collect_guardrails(&mut self) {
        let estate = self.estate;
        let organization = &estate.organization;
        let Some(policies) = organization.policies.value() else {
            let guardrails = Guardrails { assumption: Some(NOTHING_GIVEN), ..Guardrails::default() };
            self.guardrails = estate.accounts.keys().map(|id| (*id, guardrails.clone())).collect();
            return;
        };
        let documents: Vec<(&OrganizationPolicy, Option<DocumentId>)> =
            policies.iter().map(|policy| (policy, self.hold_guardrail(policy))).collect();
        for account in estate.accounts.keys() {
            // SCPs and RCPs never bind the management account.
            let is_exempt = organization.management_account.value() == Some(account);
            let guardrails = if is_exempt { Guardrails::default() } else { guardrails(*account, &documents) };
            self.guardrails.insert(*account, guardrails);
        }
    }

    fn hold_guardrail(&mut self, policy: &'_ OrganizationPolicy) -> Option<DocumentId> {
        let estate = self.estate;
        let known = estate.organization.policies.value()?.iter().find(|known| known.id == policy.id)?;
        if let Some(fact) = known.document.fact() {
            return self.hold_policy(
                &fact.value,
                format!("{} ({})", known.name, known.id),
                Some(fact.source),
            );
        }
        // `FullAWSAccess` and `RCPFullAWSAccess` allow everything.
        known.aws_managed.then(|| self.hold_full_access(&known.name)).flatten()
    }
}

fn guardrails(account: AccountId, policies: &[(&OrganizationPolicy, Option<DocumentId>)]) -> Guardrails {
    let mut guardrails = Guardrails::default();
    for (kind, layer) in [
        ("SERVICE_CONTROL_POLICY", Layer::ServiceControl),
        ("RESOURCE_CONTROL_POLICY", Layer::ResourceControl),
    ] {
        let mut root = Vec::new();
        let mut own = Vec::new();
        for (policy, document) in policies.iter().filter(|(policy, _)| policy.kind == kind) {
            let missing = |why: &str| MissingDocument {
                layer,
                name: format!("{} ({}, {why})", policy.name, policy.id),
            };
            let Some(targets) = policy.targets.value() else {
                guardrails.missing.push(missing("its targets were not given"));
                continue;
            };
            let on_root = targets.iter().any(|target| target.starts_with("r-"));
            let on_account = targets.iter().any(|target| *target == account.to_string());
            let on_unit = targets.iter().find(|target| target.starts_with("ou-"));
            match document {
                Some(id) => {
                    root.extend(on_root.then_some(*id));
                    own.extend(on_account.then_some(*id));
                }
                None if on_root || on_account => {
                    guardrails.missing.push(missing("its document was not given"))
                }
                None => {}
            }
            // A policy that only allows everything binds nobody.
            if let Some(unit) = on_unit.filter(|_| !on_root && !on_account && !policy.aws_managed) {
                let why = format!("on {unit}, and the tree of the organization was not given");
                guardrails.missing.push(missing(&why));
            }
        }
        let levels = [("root", root), (account.to_string().as_str(), own)]
            .into_iter()
            .filter(|(_, documents)| !documents.is_empty())
            .map(|(level, documents)| (level.to_owned(), documents))
            .collect();
        match layer {
            Layer::ServiceControl => guardrails.service_control = levels,
            _ => guardrails.resource_control = levels,
        }
    }
    guardrails
}
