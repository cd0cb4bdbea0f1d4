//! `sts:AssumeRoot`: a session of the root user of a member account, for one task (STS API, `AssumeRoot`).
//!
//! It is called from the management account or a delegated administrator of IAM, once central root access is on
//! (IAM User Guide, `id_root-enable-root-access`). A root user has no policy that would have to let anybody in: the caller's
//! own policies decide, though the resource is another account's. Who is a delegated administrator no file tells.

use kagimori_id::{AccountId, ArnParts};

use super::{Access, Question, Subject};

/// What `list-organizations-features` calls it.
const FEATURE: &str = "RootSessions";

/// Whether AWS hands out a session of a root user, whatever the policies say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RootSession {
    /// To whom the policies let.
    Open,
    /// To nobody of this account.
    Closed,
    /// For want of this.
    Unknown(String),
}

pub(super) fn is_root_session(question: &Question) -> bool {
    question.action.eq_ignore_ascii_case("sts:AssumeRoot")
}

impl Access<'_> {
    /// Of a question about `sts:AssumeRoot`, else `None`.
    pub(super) fn root_session(&self, subject: &Subject, question: &Question) -> Option<RootSession> {
        // A call that was made, and is decided in the caller's account: who may make it has been answered.
        let is_made = question.resource_account == Some(subject.account);
        if !is_root_session(question) || is_made {
            return None;
        }
        let target = ArnParts::parse(&question.resource).and_then(|arn| AccountId::parse(arn.account).ok());
        Some(match target {
            Some(target) => self.root_session_in(subject.account, target),
            // Of a pattern: nobody without a grant needs to be told of more.
            None if !self.is_candidate(subject, question) || self.has_root_sessions() == Some(false) => {
                RootSession::Closed
            }
            None => RootSession::Unknown(format!("central root access to {}", question.resource)),
        })
    }

    /// Whether central root access is on; `None`: nobody said.
    fn has_root_sessions(&self) -> Option<bool> {
        let on = self.estate.organization.features.value()?;
        Some(on.iter().any(|feature| feature == FEATURE))
    }

    fn root_session_in(&self, caller: AccountId, target: AccountId) -> RootSession {
        let organization = &self.estate.organization;
        let management = organization.management_account.value().copied();
        let is_member = |account: AccountId| {
            let members = organization.accounts.value()?;
            Some(members.iter().any(|member| member.id == account))
        };
        let is_on = self.has_root_sessions();
        let is_out = is_member(target) == Some(false) || is_member(caller) == Some(false);
        if caller == target || management == Some(target) || is_out || is_on == Some(false) {
            return RootSession::Closed;
        }
        let lacks = |what: &str| RootSession::Unknown(format!("central root access to {target} ({what})"));
        match (management, is_on, is_member(target)) {
            (_, None, _) => lacks("list-organizations-features was not given"),
            (None, ..) => lacks("which account is the management account was not given"),
            (_, _, None) => lacks("the accounts of the organization were not given"),
            (Some(management), ..) if management != caller => {
                lacks(&format!("whether {caller} is a delegated administrator of IAM was not given"))
            }
            (Some(_), ..) => RootSession::Open,
        }
    }
}
