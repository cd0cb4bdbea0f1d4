//! What somebody does with a request from its page: approve, deny, take back, stop, take on, put into force, review.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use kagimori_custody::{Digest, Event, Finding, PersonId, Policy, Request, RequestId, Statement, Viewer};
use kagimori_sealing::protocol::about_share;
use maud::{Markup, html};
use serde_json::Value;

use crate::desk::{Book, Desk, DeskError};
use crate::language::Language;
use crate::offers::Offer;
use crate::page::refusal::Refused;
use crate::page::said;
use crate::page::shell::csrf;
use crate::proof::{Answer, ProofError};
use crate::web::challenge::Asked;
use crate::web::form::{Fields, Posted};
use crate::web::visitor::Signed;

/// The forms of what may be done.
pub(crate) fn acts(l: Language, signed: &Signed, request: &Request, offers: &BTreeSet<Offer>) -> Markup {
    let id = &request.ask.id;
    let has = |offer: Offer| offers.contains(&offer);
    html! {
        @if has(Offer::Approve) {
            section.sheet aria-labelledby="approve" {
                h2 id="approve" { (l.of("Your decision", "あなたの判断")) }
                p { (l.of("Your passkey signs the digest above, and nothing else.", "パスキーは上のダイジェストだけに署名します。")) }
                (by_passkey(signed, id, "approve", l.of("Approve with passkey", "パスキーで承認"), &html! {}))
            }
        }
        @if has(Offer::Claim) {
            section.sheet aria-labelledby="claim" {
                h2 id="claim" { (l.of("Take it on", "対応する")) }
                p { (l.of("You carry it out alone from here on. You call the requester, who has a PIN.", "以後はあなたが担当します。申請者に連絡し、PIN を確認してください。")) }
                (by_passkey(signed, id, "claim", l.of("Take it on with passkey", "パスキーで対応を開始"), &html! {}))
            }
        }
        @if has(Offer::Apply) {
            section.sheet { h2 { (l.of("Put into force", "適用")) }
                form method="post" action={ "/requests/" (id) "/apply" } { (csrf(signed)) button { (l.of("Put it into force", "適用する")) } }
            }
        }
        @if has(Offer::Review) { (review(l, signed, id)) }
        @if has(Offer::Deny) || has(Offer::Kill) || has(Offer::Cancel) || has(Offer::Finish) {
            section.sheet aria-labelledby="stop" {
                h2 id="stop" { (l.of("Stop it", "中止")) }
                div.acts {
                    @if has(Offer::Finish) && !request.releases.is_empty() { (plain(l, signed, id, "finish", l.of("Nothing more is needed", "完了する"), "plain")) }
                    @if has(Offer::Cancel) { (plain(l, signed, id, "cancel", l.of("Take my request back", "申請を取り下げる"), "plain")) }
                }
                @if has(Offer::Deny) { (with_reason(l, signed, id, "deny", l.of("Deny", "却下する"))) }
                @else if has(Offer::Kill) { (with_reason(l, signed, id, "kill", l.of("Stop it now", "直ちに停止する"))) }
            }
        }
    }
}

fn review(l: Language, signed: &Signed, id: &RequestId) -> Markup {
    let fields = html! {
        fieldset {
            legend { (l.of("Was it as it should be?", "適切に実施されましたか")) }
            label.choice { input type="radio" name="finding" value="fine" checked required; span { (l.of("Yes", "はい")) } }
            label.choice { input type="radio" name="finding" value="concern"; span { (l.of("No, or I am not sure", "いいえ、または不明な点がある")) } }
        }
        label for="what" { (l.of("What is the matter?", "気になる点")) }
        textarea id="what" name="what" maxlength="500" {}
    };
    html! {
        section.sheet aria-labelledby="review" {
            h2 id="review" { (l.of("Review", "レビュー")) }
            p { (l.of(
                "You had no part in it. Look at what was asked, who approved, and every step beside this; your passkey signs what you were shown.",
                "あなたはこの申請に関わっていません。申請内容、承認者、経過を確認してください。表示された内容に対してパスキーで署名します。"
            )) }
            (by_passkey(signed, id, "review", l.of("Sign the review", "レビューに署名"), &fields))
        }
    }
}

/// A form that a passkey signs.
pub(crate) fn by_passkey(
    signed: &Signed,
    id: &RequestId,
    what: &str,
    words: &str,
    fields: &Markup,
) -> Markup {
    let l = signed.visitor.language;
    html! {
        form method="post" action={ "/requests/" (id) "/" (what) } data-ask={ "/requests/" (id) "/ask/" (what) } data-viewer=[(what == "claim").then_some(id)] {
            (csrf(signed))
            input type="hidden" name="signed"; input type="hidden" name="challenge"; input type="hidden" name="viewer"; input type="hidden" name="share";
            (fields)
            div.acts { button { (words) } }
            p.bad hidden tabindex="-1" data-trouble=(l.of("The passkey was not used.", "パスキーを使用できませんでした。")) {}
        }
    }
}

fn plain(_: Language, signed: &Signed, id: &RequestId, what: &str, words: &str, class: &str) -> Markup {
    html! { form method="post" action={ "/requests/" (id) "/" (what) } { (csrf(signed)) button.(class) { (words) } } }
}

fn with_reason(l: Language, signed: &Signed, id: &RequestId, what: &str, words: &str) -> Markup {
    html! {
        form method="post" action={ "/requests/" (id) "/" (what) } {
            (csrf(signed))
            label for={ "why-" (what) } { (l.of("Why?", "理由")) }
            input id={ "why-" (what) } name="reason" required maxlength="300";
            div.acts { button.danger { (words) } }
        }
    }
}

/// What a passkey is asked to sign, by which of the person's keys, and what opens the person's share.
pub(crate) async fn ask(
    State(desk): State<Arc<Desk>>,
    Path((id, what)): Path<(String, String)>,
    posted: Posted,
) -> Response {
    let l = posted.signed.visitor.language;
    match desk.blocking(move |desk| asked(desk, &id, &what, &posted)).await {
        Some(Ok(Some(asked))) => Json(asked).into_response(),
        Some(Err(error)) => said::problem_of(l, &error),
        Some(Ok(None)) | None => said::problem(l, StatusCode::NOT_FOUND, "?"),
    }
}

fn asked(desk: &Desk, id: &str, what: &str, posted: &Posted) -> Result<Option<Value>, DeskError> {
    let person = &posted.signed.person;
    let found = {
        let book = desk.book();
        RequestId::parse(id).ok().and_then(|id| book.state.request(&id)).and_then(|request| {
            let statement = statement(&book, request, what, &posted.fields)?;
            let allow = keys(book.state.policy()?, person);
            Some((request.ask.id.clone(), request.digest, *statement.challenge(person).bytes(), allow))
        })
    };
    let Some((request, digest, challenge, allow)) = found else { return Ok(None) };
    let purpose =
        Asked { of: posted.signed.session.id, purpose: format!("{what} {id}"), is_at_the_door: false };
    desk.challenges.put(&challenge, purpose, desk.clock.now());
    Ok(Some(serde_json::json!({
        "challenge": URL_SAFE_NO_PAD.encode(challenge), "rp": desk.party.id, "allow": allow,
        "software": desk.dev.is_some(), "share": held(desk, &request, digest, what, person)?,
    })))
}

/// What opens the share of somebody who approves a code; `None`: they hold none, or none is needed.
fn held(
    desk: &Desk,
    request: &RequestId,
    digest: Digest,
    what: &str,
    person: &PersonId,
) -> Result<Option<Value>, DeskError> {
    let has_codes = desk.book().state.request(request).is_some_and(|request| request.ask.kind().has_codes());
    if what != "approve" || !has_codes {
        return Ok(None);
    }
    let holder = desk.vault.holder(desk, request, person)?;
    Ok(holder.map(|holder| {
        serde_json::json!({
            "held": holder.held, "about_held": holder.about_held, "key": holder.key,
            "about": STANDARD.encode(about_share(&digest, person)),
        })
    }))
}

fn keys(policy: &Policy, person: &PersonId) -> Vec<String> {
    let keys = policy.person(person).map(|person| person.keys.as_slice()).unwrap_or_default();
    keys.iter().filter_map(|key| key.credential.clone()).collect()
}

/// What exactly is signed by a deed.
fn statement(book: &Book, request: &Request, what: &str, fields: &Fields) -> Option<Statement> {
    let digest = request.digest;
    match what {
        "approve" => Some(Statement::Approve { digest }),
        "claim" => Some(Statement::Claim { digest }),
        "review" => {
            Some(Statement::Review { digest, evidence: evidence(book, request), finding: finding(fields)? })
        }
        _ => None,
    }
}

/// The digest of what a reviewer is shown: every entry of the record about this request.
pub(crate) fn evidence(book: &Book, request: &Request) -> Digest {
    let entries: Vec<String> =
        book.of_request(&request.ask.id).map(|(_, leaf)| leaf.hash().to_string()).collect();
    Digest::of_value("kagimori/evidence/1", &entries)
}

fn finding(fields: &Fields) -> Option<Finding> {
    match (fields.get("finding"), fields.get("what")) {
        ("fine", _) => Some(Finding::Fine {}),
        ("concern", "") => None,
        ("concern", what) => Some(Finding::Concern { what: what.to_owned() }),
        _ => None,
    }
}

pub(crate) async fn act(
    State(desk): State<Arc<Desk>>,
    Path((id, what)): Path<(String, String)>,
    posted: Posted,
) -> Response {
    let l = posted.signed.visitor.language;
    let Ok(request) = RequestId::parse(&id) else { return Refused::not_found(l).into_response() };
    let goes_to = if what == "claim" { format!("/operator/{id}") } else { format!("/requests/{id}") };
    let done = desk.blocking(move |desk| match event(desk, request, &what, &posted)? {
        Some(event) => desk.submit_now(&event).map(Some),
        None => Ok(None),
    });
    match done.await {
        Some(Ok(Some(()))) => (StatusCode::SEE_OTHER, [(LOCATION, goes_to)]).into_response(),
        Some(Ok(None)) => Refused::not_found(l).into_response(),
        Some(Err(error)) => said::refused(l, &error).into_response(),
        None => said::refused(l, &DeskError::Broken).into_response(),
    }
}

/// The event of a deed; `None`: there is no such deed.
fn event(desk: &Desk, request: RequestId, what: &str, posted: &Posted) -> Result<Option<Event>, DeskError> {
    let fields = &posted.fields;
    let (by, from) = (posted.signed.person.clone(), Some(posted.signed.visitor.address));
    let reason = fields.get("reason").to_owned();
    Ok(Some(match what {
        "deny" => Event::Deny { request, by, reason },
        "kill" => Event::Kill { request, by, reason },
        "cancel" => Event::Cancel { request, by },
        "finish" => Event::Finish { request, by },
        "apply" => Event::Apply { request, by },
        "approve" | "claim" | "review" => {
            let answer = Answer::read(fields.get("signed"))?;
            must_be_asked(desk, posted, what, &request)?;
            let policy = desk.book().state.policy().map(Arc::clone).ok_or(DeskError::Broken)?;
            let proof = answer.proof(&policy, &by)?;
            match what {
                "approve" => {
                    would_be_taken(desk, &request, &by, from, &proof, !fields.get("share").is_empty())?;
                    let share = share(desk, &request, &by, fields)?;
                    Event::Approve { request, by, from, proof, share }
                }
                "claim" => {
                    let viewer = Some(fields.get("viewer")).filter(|key| !key.is_empty());
                    Event::Claim {
                        request,
                        by,
                        from,
                        proof,
                        viewer: viewer.map(|key| Viewer(key.to_owned())),
                    }
                }
                _ => {
                    let book = desk.book();
                    let found = book.state.request(&request).map(|request| evidence(&book, request));
                    let (Some(evidence), Some(finding)) = (found, finding(fields)) else { return Ok(None) };
                    Event::Review { request, by, from, proof, evidence, finding }
                }
            }
        }
        _ => return Ok(None),
    }))
}

/// Asked before the share goes to the vault: an approval that is refused gives none.
fn would_be_taken(
    desk: &Desk,
    request: &RequestId,
    by: &PersonId,
    from: Option<std::net::IpAddr>,
    proof: &kagimori_custody::Proof,
    has_share: bool,
) -> Result<(), DeskError> {
    let (request, by, proof) = (request.clone(), by.clone(), proof.clone());
    let event = Event::Approve { request, by, from, proof, share: has_share.then(|| Digest::of(b"")) };
    desk.would_take(&event)
}

/// The approver's share, given to the vault; what goes into the log is its digest.
fn share(
    desk: &Desk,
    request: &RequestId,
    by: &PersonId,
    fields: &Fields,
) -> Result<Option<Digest>, DeskError> {
    let text = fields.get("share");
    if text.is_empty() {
        return Ok(None);
    }
    let sealed = serde_json::from_str(text).map_err(|_| ProofError::Form)?;
    Ok(Some(desk.vault.share(desk, request, by, sealed)?))
}

/// The answer has to be one to a challenge that waits for it, of this session and for this deed.
fn must_be_asked(desk: &Desk, posted: &Posted, what: &str, request: &RequestId) -> Result<(), ProofError> {
    let challenge = URL_SAFE_NO_PAD.decode(posted.fields.get("challenge")).map_err(|_| ProofError::Form)?;
    let asked =
        Asked { of: posted.signed.session.id, purpose: format!("{what} {request}"), is_at_the_door: false };
    if desk.challenges.take(&challenge, &asked, desk.clock.now()) { Ok(()) } else { Err(ProofError::Stale) }
}
