//! The role that takes the place of a credential, with its proofs.
//!
//! The walk: the user's policies on a role of the target's trust (the *twin*: it may what the user may) → the credential's calls as those of
//! its sessions → [`tighten`] draws what they need → the role. Three proofs: its trust ([`trust`]); that it allows nothing that the user's
//! policies do not, over all requests; and every call of the window, replayed as the role's session beside everything else that is in effect.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kagimori_estate::Estate;
use kagimori_estate::access::{Access, Subject};
use kagimori_estate::change::{
    Change, EntityChange, Holdings, InlinePolicy, ManagedPolicyChange, OidcProvider, ProviderChange,
    WireDocument, apply_all,
};
use kagimori_id::Arn;
use kagimori_plan::Settings;
use kagimori_plan::replacement::length;
use kagimori_plan::replay::Class as Calls;
use kagimori_plan::tighten::{
    self, Conditions, Generality, Options, POLICY_NAME, Refusal, Tightened, Verified, tighten,
    verify_becoming,
};
use kagimori_policy::compare::{Inclusion, included};
use kagimori_policy::document::Document;
use kagimori_trail::sight::Sight;

use crate::class::Class;
use crate::names::{Named, names};
use crate::target::{Place, Target};
use crate::trust::{self, Trust, trust};

/// Characters of the inline policies of a role together, white space not counted (`reference_iam-quotas`).
const INLINE_MAX: usize = 10_240;
/// Characters of a role's name.
const NAME_MAX: usize = 64;

/// What a role is drawn from.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct Drawing<'a> {
    /// Everything.
    pub estate: &'a Estate,
    /// The same before the engine.
    pub access: &'a Access<'a>,
    /// The user.
    pub user: &'a Subject,
    /// The calls of the credential that are its own work.
    pub calls: &'a [&'a Calls],
    /// Of how many days.
    pub days: i64,
    /// What the trail would have shown.
    pub sight: &'a Sight,
    /// What reviews of the company go by.
    pub settings: &'a Settings,
    /// The instant that reviews speak of.
    pub now: Timestamp,
    /// The home of the credential.
    pub class: Class,
    /// Whom the role lets in.
    pub target: &'a Target,
}

/// A role.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Proposal {
    /// Its ARN.
    pub role: Arn,
    /// Whom it lets in.
    pub trust: Trust,
    /// What it may.
    pub policies: Vec<Document>,
    /// Whether it may nothing that the user's policies do not allow.
    pub soundness: Inclusion,
    /// The calls of the credential, replayed as those of its sessions.
    pub verified: Verified,
    /// How its policies were drawn.
    pub tightened: Tightened,
    /// What names the user.
    pub named: Vec<Named>,
    /// Its longest session, in seconds.
    pub session_seconds: u32,
    /// What makes it.
    pub changes: Vec<Change>,
}

/// Why there is none.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "each has its own sentence")]
pub enum NoProposal {
    /// Its permissions cannot be drawn.
    Permissions(Refusal),
    /// Its trust policy is not proved.
    Trust(Vec<String>),
    /// The estate does not let it be made.
    CannotBeMade(String),
}

impl Proposal {
    /// Whether all three proofs hold.
    pub fn is_proved(&self) -> bool {
        self.trust.is_proved() && self.soundness == Inclusion::Proved && self.verified.failing.is_empty()
    }
}

/// Draws the role of a credential.
///
/// # Errors
/// [`NoProposal`] when none can be drawn.
pub fn propose(drawing: &Drawing<'_>) -> Result<Proposal, NoProposal> {
    let user = &drawing.user.arn;
    let impossible = |why: String| NoProposal::CannotBeMade(why);
    let role = role_of(drawing.estate, user, drawing.class)
        .ok_or_else(|| impossible(format!("{user} is of no account")))?;
    let place = Place { partition: user.partition().to_owned(), account: drawing.user.account };
    let mut trust = trust(drawing.target, &place, &role)
        .ok_or_else(|| impossible("its trust policy cannot be written".to_owned()))?;
    if !trust.is_proved() {
        return Err(NoProposal::Trust(trust.broken));
    }
    let like_user = twin(drawing, &trust.document).map_err(|error| impossible(error.to_string()))?;
    let tightened = draw(drawing, &role, &like_user)?;
    let old: Vec<Document> =
        drawing.access.identity(drawing.user).0.into_iter().map(|(document, _)| document.clone()).collect();
    let policies = tightened.new.clone();
    let (holds, mut changes) = holds(drawing, &role, &trust, &like_user, &policies).map_err(impossible)?;
    let (provider, note) = provider(drawing, &place);
    changes.extend(provider);
    trust.notes.extend(note);
    changes.push(created(&role, holds));
    let estate = made(drawing.estate, &changes)?;
    let after = Access::changed(&estate, drawing.access);
    let verified = verify_becoming(drawing.access, &after, drawing.calls, (user, &role));
    Ok(Proposal {
        soundness: included(&policies, &old),
        named: names(drawing.estate, user),
        session_seconds: 3_600,
        role,
        trust,
        policies,
        verified,
        tightened,
        changes,
    })
}

/// The identity provider of a token, where the account lacks it; else what to look for.
fn provider(drawing: &Drawing<'_>, place: &Place) -> (Option<Change>, Option<(String, String)>) {
    let Target::Token(token) = drawing.target else { return (None, None) };
    let arn = trust::provider(token, place);
    let Some(provider) = Arn::parse(&arn).ok().filter(|_| !token.is_built_in) else { return (None, None) };
    let audience = &token.audience;
    let account = drawing.estate.accounts.get(&drawing.user.account);
    match account.and_then(|account| account.oidc_providers.value()) {
        Some(held) if !held.contains(&provider) => {
            let takes = OidcProvider { audiences: vec![audience.clone()], ..OidcProvider::default() };
            (Some(ProviderChange::CreateOidcProvider { provider, takes, position: None }.into()), None)
        }
        Some(_) => (
            None,
            Some((
                format!("the provider {arn} is there: it has to take the audience `{audience}`"),
                format!(
                    "プロバイダー {arn} は作成済みです。対象者 `{audience}` が登録されているか確認してください"
                ),
            )),
        ),
        None => (
            None,
            Some((
                format!(
                    "whether the account has the provider {arn} is not known: make it first where it is not there, with the audience `{audience}`"
                ),
                format!(
                    "プロバイダー {arn} の有無が分かりません。なければ先に作成してください（対象者 `{audience}`）"
                ),
            )),
        ),
    }
}

/// A name that no role of the account has: the user's with the end of the class.
fn role_of(estate: &Estate, user: &Arn, class: Class) -> Option<Arn> {
    let account = user.account()?;
    let held = estate.accounts.get(&account)?;
    let kind = class.as_str().split_once('-').map_or(class.as_str(), |(_, kind)| kind);
    let name = |number: usize| {
        let end = if number == 1 { format!("-{kind}") } else { format!("-{kind}-{number}") };
        let stem: String = user.name().chars().take(NAME_MAX.saturating_sub(end.len())).collect();
        format!("{stem}{end}")
    };
    let is_free = |name: &String| !held.roles.keys().any(|role| role.eq_ignore_ascii_case(name));
    let name = (1..100).map(name).find(is_free)?;
    Arn::parse(&format!("arn:{}:iam::{account}:role/{name}", user.partition())).ok()
}

/// All that the user has, on a role.
fn twin(drawing: &Drawing<'_>, trust: &Document) -> Result<Holdings, kagimori_estate::change::ChangeError> {
    let user = &drawing.user.arn;
    let own = Holdings::of(drawing.estate, user)?;
    let mut twin = Holdings {
        inline: own.inline,
        attached: own.attached,
        boundary: own.boundary,
        tags: own.tags,
        trust: Some(WireDocument(trust.clone())),
        ..Holdings::default()
    };
    let account = drawing.estate.accounts.get(&drawing.user.account);
    let groups = own.groups.iter().filter_map(|name| account?.groups.get(name));
    for group in groups {
        let held = Holdings::of(drawing.estate, &group.arn)?;
        let named =
            |policy: InlinePolicy| InlinePolicy { name: format!("{}-{}", group.name, policy.name), ..policy };
        twin.inline.extend(held.inline.into_iter().map(named));
        for policy in held.attached {
            if !twin.attached.contains(&policy) {
                twin.attached.push(policy);
            }
        }
    }
    Ok(twin)
}

fn created(role: &Arn, holds: Holdings) -> Change {
    Change::Entity(EntityChange::CreateIdentity { identity: role.clone(), holds: Box::new(holds) })
}

fn made(estate: &Estate, changes: &[Change]) -> Result<Estate, NoProposal> {
    apply_all(estate, changes).map_err(|(_, error)| NoProposal::CannotBeMade(error.to_string()))
}

/// What the calls need of all that the user has.
fn draw(drawing: &Drawing<'_>, role: &Arn, twin: &Holdings) -> Result<Tightened, NoProposal> {
    let estate = made(drawing.estate, &[created(role, twin.clone())])?;
    let access = Access::changed(&estate, drawing.access);
    let subject = access
        .subject(role.as_str())
        .ok_or_else(|| NoProposal::CannotBeMade("the role is not there".to_owned()))?;
    let sessions: Vec<Calls> = drawing.calls.iter().map(|class| class.as_session(role)).collect();
    let sessions: Vec<&Calls> = sessions.iter().collect();
    let input = tighten::Input {
        estate: &estate,
        access: &access,
        subject,
        calls: &sessions,
        days: drawing.days,
        sight: drawing.sight,
        last_accessed: None::<&BTreeMap<_, _>>,
        settings: drawing.settings,
        now: drawing.now,
    };
    let mut tightened = tighten(&input, &options()).map_err(NoProposal::Permissions)?;
    // What cannot be written anew without a finding stays as it is.
    let stays =
        access.identity(subject).0.into_iter().filter(|(_, origin)| tightened.stay.contains(&origin.name));
    let stays: Vec<Document> = stays.map(|(document, _)| document.clone()).collect();
    tightened.new.extend(stays);
    Ok(tightened)
}

/// As `kagimori tighten` draws, but for what a role in another place need not fulfil: MFA and the endpoint.
fn options() -> Options {
    Options {
        resources: Generality::Prefix,
        prefix_from: 4,
        conditions: Conditions {
            region: true,
            passed_to: true,
            via: true,
            endpoint: false,
            mfa: false,
            address: false,
        },
        keep: Vec::new(),
        keep_unseen: true,
    }
}

/// What the role has, and the managed policies that are made first.
fn holds(
    drawing: &Drawing<'_>,
    role: &Arn,
    trust: &Trust,
    twin: &Holdings,
    policies: &[Document],
) -> Result<(Holdings, Vec<Change>), String> {
    let mut holds = Holdings {
        boundary: twin.boundary.clone(),
        tags: twin.tags.clone(),
        trust: Some(WireDocument(trust.document.clone())),
        description: Some(format!("takes the place of a key of the user {}", drawing.user.arn.name())),
        ..Holdings::default()
    };
    if drawing.class == Class::AwsEc2 {
        holds.instance_profiles.push(role.name().to_owned());
    }
    let is_short = policies.iter().map(length).sum::<usize>() <= INLINE_MAX;
    let mut changes = Vec::new();
    for (place, document) in policies.iter().enumerate() {
        let number = place.saturating_add(1);
        let document = WireDocument(document.clone());
        if is_short {
            let name = if number == 1 { POLICY_NAME.to_owned() } else { format!("{POLICY_NAME}-{number}") };
            holds.inline.push(InlinePolicy { name, document });
            continue;
        }
        let arn = format!(
            "arn:{}:iam::{}:policy/kagimori/{}-{number}",
            role.partition(),
            drawing.user.account,
            role.name()
        );
        let policy = Arn::parse(&arn).map_err(|error| error.to_string())?;
        holds.attached.push(policy.clone());
        changes.push(Change::ManagedPolicy(ManagedPolicyChange::CreatePolicy { policy, document }));
    }
    Ok((holds, changes))
}

impl NoProposal {
    /// In a sentence, in English and in Japanese.
    pub fn words(&self) -> (String, String) {
        match self {
            Self::Permissions(refusal) => (refusal.sentence(), refusal.japanese()),
            Self::Trust(broken) => (
                format!("its trust policy is not proved: {}", broken.join("; ")),
                format!("信頼ポリシーを証明できません：{}", broken.join("、")),
            ),
            Self::CannotBeMade(why) => {
                (format!("the role cannot be made: {why}"), format!("ロールを作成できません（{why}）"))
            }
        }
    }
}
