//! Rows to calls. What a row has in common with the one before stays; the others are worked out once and again only where
//! their texts differ.

use std::borrow::Cow;

use kagimori_id::{AccessKeyId, AccountId};
use kagimori_policy::request::Fact;
use kagimori_trail::call::{Call, Caller};
use kagimori_trail::event::{ASSUMED_ROOT, Identity, Principal, SignIn};
use rustc_hash::FxHashMap;

use crate::checks;
use crate::read::Columns;
use crate::schema::{Flag, List, TEXTS, Text};

/// The lists of a row's checks.
const CHECKS: [List; 5] =
    [List::Actions, List::CheckedResources, List::Forms, List::ResourceAccounts, List::Contexts];

/// The texts that tell the principal behind a call.
const PRINCIPAL: [Text; 7] = [
    Text::IdType,
    Text::Principal,
    Text::Arn,
    Text::Issuer,
    Text::CallerAccount,
    Text::UserName,
    Text::InvokedBy,
];

/// The condition keys of a check.
type Context = Vec<(Box<str>, Fact)>;

/// The call of the row at hand.
pub(crate) struct CallAtHand<'c> {
    columns: &'c Columns,
    call: Call,
    /// The places of its texts; none before the first row.
    places: Option<[usize; TEXTS]>,
    /// The places of the entries of its lists.
    checks: Vec<u32>,
    new_checks: Vec<u32>,
    /// The contexts of checks, by place.
    contexts: FxHashMap<u32, Context>,
}

impl<'c> CallAtHand<'c> {
    pub(crate) fn new(columns: &'c Columns) -> Self {
        Self {
            columns,
            call: nothing(),
            places: None,
            checks: Vec::new(),
            new_checks: Vec::new(),
            contexts: FxHashMap::default(),
        }
    }

    /// The call of a row.
    pub(crate) fn of(&mut self, row: usize) -> &Call {
        let columns = self.columns;
        let places = columns.places(row);
        let before = self.places.replace(places);
        let differs = |text: Text| {
            let at = text as usize;
            before.is_none_or(|before| before.get(at) != places.get(at))
        };
        // What the row before learnt from its message is its own.
        let has_learnt = self.call.refusal.is_some();
        self.take_texts(row, |text| differs(text) || has_learnt && text == Text::Gap);
        self.take_checks(row, before.is_none() || has_learnt);
        self.call.learn(columns.text(Text::Message, row));
        self.call.time = columns.time(row);
        self.take_id(row);
        self.call.caller.mfa = columns.flag(Flag::Mfa, row);
        self.call.read_only = columns.flag(Flag::ReadOnly, row);
        let signed_in = columns.flag(Flag::SignedIn, row);
        self.call.sign_in =
            signed_in.map(|succeeded| SignIn { succeeded, mfa: columns.flag(Flag::SignInMfa, row) });
        self.call.is_from_console =
            columns.flag(Flag::FromConsole, row) == Some(true) || self.call.sign_in.is_some();
        &self.call
    }

    /// Ids are mostly as long as each other: the memory of the one before holds the next.
    fn take_id(&mut self, row: usize) {
        let before = self.call.event_id.take().map(String::from);
        self.call.event_id = self.columns.id(row).map(|id| {
            let mut text = before.unwrap_or_default();
            text.clear();
            text.push_str(id);
            text.into_boxed_str()
        });
    }

    fn take_texts(&mut self, row: usize, differs: impl Fn(Text) -> bool) {
        let columns = self.columns;
        let text = |text| columns.text(text, row);
        let call = &mut self.call;
        let caller = &mut call.caller;
        if PRINCIPAL.into_iter().any(&differs) {
            caller.principal = identity(text, None).principal();
        }
        if differs(Text::Principal) || PRINCIPAL.into_iter().any(&differs) {
            let is_other = caller.principal == Principal::Other;
            caller.other = text(Text::Principal).filter(|_| is_other).map(Into::into);
        }
        if differs(Text::PrincipalId) {
            let told =
                Identity { principal_id: text(Text::PrincipalId).map(Cow::Borrowed), ..Identity::default() };
            caller.unique_id = told.unique_id().map(Into::into);
        }
        let account = |of| text(of).and_then(|account| AccountId::parse(account).ok());
        let key = |of| text(of).and_then(|key| AccessKeyId::parse(key).ok());
        for (of, slot) in [
            (Text::Arn, &mut caller.arn),
            (Text::Address, &mut caller.address),
            (Text::Agent, &mut caller.agent),
            (Text::VpcEndpoint, &mut caller.vpc_endpoint),
            (Text::InvokedBy, &mut caller.invoked_by),
            (Text::SourceIdentity, &mut caller.source_identity),
            (Text::OnBehalfOf, &mut caller.on_behalf_of),
            (Text::Delegate, &mut caller.delegate),
            (Text::Region, &mut call.region),
            (Text::Error, &mut call.error),
        ] {
            if differs(of) {
                *slot = text(of).map(Into::into);
            }
        }
        for (of, slot) in [(Text::Source, &mut call.source), (Text::Name, &mut call.name)] {
            if differs(of) {
                *slot = text(of).unwrap_or_default().into();
            }
        }
        if differs(Text::CallerAccount) {
            caller.account = account(Text::CallerAccount);
        }
        if differs(Text::AccessKey) {
            caller.access_key = key(Text::AccessKey);
        }
        if differs(Text::Account) {
            call.account = account(Text::Account);
        }
        if differs(Text::Outcome) {
            call.outcome = checks::outcome_of(text(Text::Outcome).unwrap_or_default());
        }
        if differs(Text::Gap) {
            call.gap = checks::gap_of(text(Text::Gap).unwrap_or_default());
        }
        if differs(Text::Category) {
            call.is_data = text(Text::Category) == Some("Data");
        }
        if differs(Text::Issued) {
            call.issued = key(Text::Issued);
        }
    }

    fn take_checks(&mut self, row: usize, is_first: bool) {
        let columns = self.columns;
        self.new_checks.clear();
        for list in CHECKS {
            self.new_checks.extend_from_slice(columns.list(list, row));
        }
        // The lists of a row are as long as each other: the same entries are the same lists.
        if !is_first && self.new_checks == self.checks {
            return;
        }
        std::mem::swap(&mut self.checks, &mut self.new_checks);
        self.call.checks.clear();
        let [actions, resources, forms, accounts, contexts] = CHECKS.map(|list| columns.list(list, row));
        let told = actions.iter().zip(resources).zip(forms).zip(accounts).zip(contexts);
        for ((((action, resource), form), account), context) in told {
            let mut check = checks::check_of(
                columns.entry(List::Actions, *action),
                columns.entry(List::CheckedResources, *resource),
                columns.entry(List::Forms, *form),
                columns.entry(List::ResourceAccounts, *account),
                "",
            );
            let text = columns.entry(List::Contexts, *context);
            if !text.is_empty() {
                let known = self.contexts.entry(*context).or_insert_with(|| checks::context_of(text));
                check.context.clone_from(known);
            }
            self.call.checks.push(check);
        }
    }
}

/// The identity that a row tells.
pub(crate) fn identity<'r>(text: impl Fn(Text) -> Option<&'r str>, mfa: Option<bool>) -> Identity<'r> {
    let of = |column| text(column).map(Cow::Borrowed);
    let principal = text(Text::Principal);
    // Where only the unique id is told, the principal is `ACCOUNT:AIDA…`.
    let unique_id = principal.and_then(|principal| principal.split_once(':'));
    Identity {
        kind: of(Text::IdType),
        principal_id: of(Text::PrincipalId).or(unique_id.map(|(_, id)| Cow::Borrowed(id))),
        arn: of(Text::Arn),
        account: of(Text::CallerAccount),
        access_key: of(Text::AccessKey),
        user_name: of(Text::UserName),
        invoked_by: of(Text::InvokedBy),
        provider: of(Text::Provider),
        issuer: of(Text::Issuer),
        mfa,
        assumed_root: principal.is_some_and(|principal| principal.ends_with(ASSUMED_ROOT)),
        source_identity: of(Text::SourceIdentity),
        on_behalf_of: of(Text::OnBehalfOf),
        delegate: of(Text::Delegate),
        odd_types: 0,
    }
}

/// Before the first row.
fn nothing() -> Call {
    Call::bare(Caller::bare(Principal::Other), "", "")
}
