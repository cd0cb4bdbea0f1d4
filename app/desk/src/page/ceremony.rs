//! Ceremonies: asking for one, and the custodian's part of it at the console: the secret in, two codes out, and who saw what.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use kagimori_custody::{
    Ceremony, Digest, Draft, Event, Exposure, Kind, Matter, Outcome, PersonId, Request, RequestId, SeedId,
    Wish,
};
use maud::{Markup, html};

use crate::codes::Handed;
use crate::desk::{Book, Desk, DeskError};
use crate::language::Language;
use crate::names;
use crate::page::refusal::Refused;
use crate::page::shell::csrf;
use crate::page::{code, said};
use crate::proof::ProofError;
use crate::web::form::Posted;
use crate::web::visitor::Signed;

/// What is known of a ceremony between its steps; it is gone with the process, as the vault's own memory of it is.
#[derive(Clone, Debug)]
pub(crate) struct UnderWay {
    fingerprint: Digest,
    last_step: Option<u64>,
}

/// The custodian's part of the console.
pub(crate) fn console(l: Language, desk: &Desk, book: &Book, signed: &Signed, request: &Request) -> Markup {
    let Matter::Custody { ceremony, .. } = &request.ask.matter else { return html! {} };
    let id = &request.ask.id;
    let under_way = desk.ceremonies.lock().ok().and_then(|all| all.get(id).cloned());
    html! {
        @match (ceremony, under_way) {
            (Ceremony::Retire, _) => {
                section.sheet { h2 { (l.of("Give the seed up", "シードの廃止")) }
                    p { (l.of("Take the device away in root's console first. The desk makes no more codes of this seed.", "先に root のコンソールで MFA デバイスを削除してください。以後このシードのコードは発行されません。")) }
                    form method="post" action={ "/operator/" (id) "/gone" } { (csrf(signed)) div.acts { button.danger { (l.of("It is taken away", "削除しました")) } } } }
            }
            (_, None) => {
                section.sheet { h2 { (l.of("1. The secret", "1. シークレットの登録")) }
                    p { (l.of("In root's console: assign an MFA device, authenticator app, show the secret key. It goes from this page to the vault, sealed; nothing shows it again.", "root のコンソールで「MFA デバイスの割り当て → 認証アプリ → シークレットキーを表示」を開きます。入力した値はこの画面で封をして保管庫へ送られ、二度と表示されません。")) }
                    form method="post" action={ "/operator/" (id) "/secret" } data-secret={ "/operator/" (id) "/begin" } data-about=(id) {
                        (csrf(signed))
                        input type="hidden" name="sealed";
                        label for="secret" { (l.of("Secret key, or otpauth address", "シークレットキー、または otpauth の URL")) }
                        input id="secret" type="password" autocomplete="off" spellcheck="false" required;
                        div.acts { button { (l.of("Give it to the vault", "保管庫に渡す")) } }
                        p.bad hidden tabindex="-1" data-trouble=(l.of("It was not taken.", "受け付けられませんでした。")) {}
                    } }
            }
            (_, Some(under_way)) => {
                section.sheet { h2 { (l.of("2. Two codes for the console", "2. コンソールに入力する 2 つのコード")) }
                    p { (l.of("The console asks for two codes that follow one another: make one, wait for its ring, make the next.", "コンソールには連続する 2 つのコードを入力します。1 つ目を表示し、リングが閉じてから 2 つ目を表示してください。")) }
                    form method="post" action={ "/operator/" (id) "/enrol-code" } data-inplace="" { (csrf(signed)) div.acts { button { (l.of("Make a code", "コードを表示する")) } }
                            p.bad hidden tabindex="-1" data-trouble="" {} } }
                (code::shown_here(l, request))
                @if under_way.last_step.is_some() { (settle(l, book, signed, request)) }
            }
        }
        section.sheet { h2 { (l.of("It did not work", "うまくいかなかった場合")) }
            form method="post" action={ "/operator/" (id) "/failed" } { (csrf(signed))
                label for="failed" { (l.of("What happened?", "状況")) } input id="failed" name="reason" required maxlength="300";
                div.acts { button.plain { (l.of("Write it down, and begin again", "記録して、やり直す")) } } } }
    }
}

fn settle(l: Language, book: &Book, signed: &Signed, request: &Request) -> Markup {
    let people: Vec<PersonId> =
        book.state.policy().map(|policy| policy.people().keys().cloned().collect()).unwrap_or_default();
    html! {
        section.sheet { h2 { (l.of("3. Who saw what", "3. 誰が何を見たか")) }
            p { (l.of("Whoever saw both halves of root could be root alone: the desk then asks for another seed.", "シードとパスワードの両方を見た人は 1 人で root になれるため、その場合はシードの交換が必要になります。")) }
            form method="post" action={ "/operator/" (request.ask.id) "/settle" } { (csrf(signed))
                fieldset { legend { (l.of("Saw the secret or its QR code", "シークレットまたは QR コードを見た人")) }
                    @for person in &people { label.choice { input type="checkbox" name={ "seed-" (person) } value="yes" checked[*person == signed.person]; span { bdi { (book.shown_name(person)) } } } } }
                fieldset { legend { (l.of("Know root's password as it is now", "現在の root パスワードを知る人")) }
                    @for person in &people { label.choice { input type="checkbox" name={ "password-" (person) } value="yes"; span { bdi { (book.shown_name(person)) } } } } }
                div.acts { button { (l.of("The console took both codes: it is in custody", "コンソールに登録できたので、預け入れを完了する")) } }
            } }
    }
}

/// The key to which the page seals the secret.
pub(crate) async fn begin(State(desk): State<Arc<Desk>>, Path(id): Path<String>, posted: Posted) -> Response {
    let l = posted.signed.visitor.language;
    let key = desk
        .blocking(move |desk| desk.vault.begin(desk, &own(desk, &id, &posted)?).map_err(DeskError::from))
        .await;
    match key.unwrap_or(Err(DeskError::Broken)) {
        Ok(key) => Json(serde_json::json!({ "key": key })).into_response(),
        Err(error) => said::problem_of(l, &error),
    }
}

/// Every step of a ceremony that is a form.
pub(crate) async fn act(
    State(desk): State<Arc<Desk>>,
    Path((id, what)): Path<(String, String)>,
    posted: Posted,
) -> Response {
    let l = posted.signed.visitor.language;
    let path = if what == "settle" || what == "gone" {
        format!("/requests/{id}")
    } else {
        format!("/operator/{id}")
    };
    let done = desk.blocking(move |desk| acted(desk, &id, &what, &posted)).await;
    match done.unwrap_or(Err(DeskError::Broken)) {
        Ok(true) => (StatusCode::SEE_OTHER, [(LOCATION, path)]).into_response(),
        Ok(false) => Refused::not_found(l).into_response(),
        Err(error) => said::refused(l, &error).into_response(),
    }
}

fn acted(desk: &Desk, id: &str, what: &str, posted: &Posted) -> Result<bool, DeskError> {
    let request = own(desk, id, posted)?;
    let by = posted.signed.person.clone();
    let settled = |outcome: Outcome| {
        desk.submit_now(&Event::Settle { request: request.clone(), by: by.clone(), outcome })?;
        if let Ok(mut all) = desk.ceremonies.lock() {
            all.remove(&request);
        }
        Ok(true)
    };
    match what {
        "secret" => {
            let sealed = serde_json::from_str(posted.fields.get("sealed")).map_err(|_| ProofError::Form)?;
            let fingerprint = desk.vault.enrol(desk, &request, sealed)?;
            if let Ok(mut all) = desk.ceremonies.lock() {
                all.insert(request, UnderWay { fingerprint, last_step: None });
            }
            Ok(true)
        }
        "enrol-code" => {
            let (code, step) = desk.vault.enrol_code(desk, &request)?;
            if let Ok(mut all) = desk.ceremonies.lock()
                && let Some(under_way) = all.get_mut(&request)
            {
                under_way.last_step = Some(step);
            }
            desk.codes.put(Handed::Operator(request), code);
            Ok(true)
        }
        "settle" => {
            let under_way = desk.ceremonies.lock().ok().and_then(|all| all.get(&request).cloned());
            let Some(UnderWay { fingerprint, last_step: Some(last_step) }) = under_way else {
                return Ok(false);
            };
            let exposure =
                Exposure { seed: named(desk, posted, "seed"), password: named(desk, posted, "password") };
            settled(Outcome::Held { fingerprint, last_step, exposure })
        }
        "gone" => settled(Outcome::Gone {}),
        "failed" => settled(Outcome::Failed { why: posted.fields.get("reason").to_owned() }),
        _ => Ok(false),
    }
}

/// The ceremony that this person carries out.
fn own(desk: &Desk, id: &str, posted: &Posted) -> Result<RequestId, DeskError> {
    let book = desk.book();
    let found = RequestId::parse(id).ok().and_then(|id| book.state.request(&id));
    let own = found.filter(|request| {
        request.operator() == Some(&posted.signed.person) && request.ask.kind() == Kind::Custody
    });
    own.map(|request| request.ask.id.clone()).ok_or(DeskError::Proof(ProofError::Key))
}

fn named(desk: &Desk, posted: &Posted, which: &str) -> Vec<PersonId> {
    let book = desk.book();
    let people = book
        .state
        .policy()
        .map(|policy| policy.people().keys().cloned().collect::<Vec<_>>())
        .unwrap_or_default();
    people.into_iter().filter(|person| !posted.fields.get(&format!("{which}-{person}")).is_empty()).collect()
}

/// The forms that ask for a ceremony, for those who may.
pub(crate) fn asking(
    l: Language,
    book: &Book,
    signed: &Signed,
    seed: &SeedId,
    account: Option<kagimori_id::AccountId>,
) -> Markup {
    let Some(policy) = book.state.policy() else { return html! {} };
    let may = policy
        .rule(Kind::Custody, account)
        .is_some_and(|(_, rule)| policy.is_in_any(&signed.person, &rule.requesters));
    let is_held = book.state.seed(seed).is_some_and(|held| held.is_held);
    let offers: &[(&str, &str, &str)] = if is_held {
        &[("rotate", "Replace the seed", "シードを交換"), ("retire", "Give it up", "廃止")]
    } else {
        &[("enrol", "Take a seed into custody", "シードを預け入れ")]
    };
    html! { @if may { details { summary { (l.of("Ask for a ceremony", "手続きを申請する")) }
    form method="post" action="/accounts/ceremony" { (csrf(signed))
        input type="hidden" name="seed" value=(seed);
        label for={ "why-" (seed) } { (l.of("Why?", "理由")) } input id={ "why-" (seed) } name="reason" required maxlength="300";
        div.acts { @for (ceremony, en, ja) in offers { button.plain name="ceremony" value=(ceremony) { (l.of(*en, *ja)) } } }
    } } } }
}

/// A ceremony is asked for.
pub(crate) async fn ask(State(desk): State<Arc<Desk>>, posted: Posted) -> Response {
    let l = posted.signed.visitor.language;
    let ceremony = match posted.fields.get("ceremony") {
        "enrol" => Ceremony::Enrol,
        "rotate" => Ceremony::Rotate,
        "retire" => Ceremony::Retire,
        _ => return Refused::not_found(l).into_response(),
    };
    let Ok(seed) = SeedId::parse(posted.fields.get("seed")) else {
        return Refused::not_found(l).into_response();
    };
    filed(desk, posted, Wish::Custody { seed, ceremony }).await
}

/// A request of another kind than a code, with the longest window of its rule.
pub(crate) async fn filed(desk: Arc<Desk>, posted: Posted, wish: Wish) -> Response {
    let l = posted.signed.visitor.language;
    let Ok(id) = names::request(desk.clock.now()) else {
        return said::refused(l, &DeskError::Broken).into_response();
    };
    let window = {
        let book = desk.book();
        let account = match &wish {
            Wish::Custody { seed, .. } => book.state.policy().and_then(|policy| policy.seed(seed)?.account),
            _ => None,
        };
        book.state.policy().and_then(|policy| policy.rule(wish.kind(), account)).map(|(_, rule)| rule.window)
    };
    let Some(window) = window else { return Refused::not_found(l).into_response() };
    let path = format!("/requests/{id}");
    let draft = Draft {
        id,
        wish,
        reason: posted.fields.get("reason").to_owned(),
        ticket: None,
        window,
        follows: None,
    };
    let (by, from) = (posted.signed.person.clone(), Some(posted.signed.visitor.address));
    match desk.submit(Event::Submit { by, from, through: None, draft }).await {
        Ok(()) => (StatusCode::SEE_OTHER, [(LOCATION, path)]).into_response(),
        Err(error) => said::refused(l, &error).into_response(),
    }
}
