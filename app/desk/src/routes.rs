//! Every address of the desk.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::api;
use crate::desk::Desk;
use crate::dev::switch;
use crate::page::refusal::Refused;
use crate::page::{
    accounts, asset, ceremony, code, decide, enrol, govern, health, live, me, needs, notices, operator,
    people, provider, record, request, requests, rollback, sign_in, wizard,
};
use crate::web::form::BODY_MOST;
use crate::web::visitor::Visitor;
use crate::web::{entrance, headers, rejected};

/// All of them.
pub(crate) fn of(desk: Arc<Desk>) -> Router {
    let mut routes = pages().merge(log()).merge(files());
    if desk.dev.is_some() {
        let dev = Router::new()
            .route("/dev/become", post(switch::become_somebody))
            .route("/dev/sign", post(switch::sign));
        routes = routes.merge(dev);
    }
    routes
        .fallback(nothing)
        .layer(DefaultBodyLimit::max(BODY_MOST))
        .layer(middleware::from_fn(rejected::tell))
        .layer(middleware::from_fn_with_state(Arc::clone(&desk), entrance::guard))
        .layer(middleware::from_fn(entrance::mark))
        .layer(middleware::from_fn(headers::add))
        .with_state(desk)
}

fn pages() -> Router<Arc<Desk>> {
    Router::new()
        .route("/", get(needs::page))
        .route("/sign-in", get(sign_in::page).post(sign_in::enter))
        .route("/sign-in/ask", post(sign_in::ask))
        .route("/sign-in/provider", get(provider::begin))
        .route("/sign-in/provider/back", get(provider::back))
        .route("/sign-out", post(sign_in::leave))
        .route("/language", post(sign_in::language))
        .route("/me", get(me::page))
        .route("/live", get(live::live))
        .route("/requests", get(requests::page))
        .route("/requests/new", get(wizard::page).post(wizard::submit))
        .route("/requests/{id}", get(request::page))
        .route("/requests/{id}/code", get(code::page))
        .route("/requests/{id}/requester-code", get(code::for_requester))
        .route("/requests/{id}/operator-code", get(code::for_operator))
        .route("/requests/{id}/ready", post(code::ready))
        .route("/requests/{id}/ask/{what}", post(decide::ask))
        .route("/requests/{id}/{what}", post(decide::act))
        .route("/operator", get(operator::list))
        .route("/operator/{id}", get(operator::console))
        .route("/operator/{id}/pin", post(operator::try_pin))
        .route("/operator/{id}/release", post(operator::release_one))
        .route("/operator/{id}/begin", post(ceremony::begin))
        .route("/operator/{id}/{what}", post(ceremony::act))
        .route("/accounts", get(accounts::page))
        .route("/accounts/ceremony", post(ceremony::ask))
        .route("/people/propose", post(govern::propose))
        .route("/people/revoke", post(govern::revoke))
        .route("/unseal", post(govern::unseal))
        .route("/rollback", get(rollback::page).post(rollback::ask))
        .route("/enrol", get(enrol::page).post(enrol::made))
        .route("/enrol/ask", post(enrol::ask))
        .route("/people", get(people::page))
        .route("/notices", get(notices::page))
        .route("/health", get(health::page))
        .route("/seal", post(health::seal_now))
        .route("/healthz", get(health::healthz))
        .route("/metrics", get(health::metrics))
}

fn log() -> Router<Arc<Desk>> {
    Router::new()
        .route("/record", get(record::page))
        .route("/record/verify", post(record::verify))
        .route("/record/{index}", get(record::entry))
        .route("/v1/openapi.json", get(api::document))
        .route("/v1/requests", get(api::list).post(api::file))
        .route("/v1/requests/{id}", get(api::one))
        .route("/v1/requests/{id}/{what}", post(api::decide))
        .route("/v1/people", get(api::people))
        .route("/v1/custody", get(api::custody))
        .route("/v1/log/checkpoint", get(record::checkpoint))
        .route("/v1/log/proof/{index}", get(record::proof))
        .route("/v1/log/entries/{index}", get(record::bytes))
}

fn files() -> Router<Arc<Desk>> {
    Router::new()
        .route("/asset/{version}/desk.css", get(asset::style))
        .route("/asset/{version}/desk.js", get(asset::script))
        .route("/asset/{version}/icon.svg", get(asset::icon))
}

async fn nothing(visitor: Visitor) -> Response {
    Refused::not_found(visitor.language).into_response()
}
