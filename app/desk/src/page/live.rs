//! News for open pages: something changed, or your session is over. A page that is open keeps no session alive.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use crate::desk::Desk;
use crate::web::visitor::Signed;

/// How often a silent page's session is looked at.
const LOOK: Duration = Duration::from_secs(5);

pub(crate) async fn live(State(desk): State<Arc<Desk>>, signed: Signed) -> Response {
    let news = desk.news();
    let events = stream::unfold(Some((desk, news, signed)), |open| async {
        let (desk, mut news, signed) = open?;
        loop {
            let lives = desk.sessions.lives(&signed.session.id, desk.clock.now())
                && desk.is_known(signed.person.as_str());
            if !lives {
                return Some((said("over"), None));
            }
            tokio::select! {
                changed = news.changed() => {
                    let is_there = changed.is_ok();
                    return is_there.then(|| (said("changed"), Some((desk, news, signed))));
                }
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response()
}

fn said(what: &str) -> Result<Event, Infallible> {
    Ok(Event::default().event(what).data(""))
}
