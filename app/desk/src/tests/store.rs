//! Where the log of a test is: in a file; or, with the server that `scripts/check-desk-postgres` starts, in a database of its own.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::http::StatusCode;
use kagimori_journal::{Database, Held, Holder, Journal, JournalError, Place as At};
use postgres::{Client, NoTls};

use super::browser::Place;
use super::story::{approved, ask};

const SERVER: &str = "KAGIMORI_TEST_POSTGRES";

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A place that no other test has.
pub(super) fn new(folder: &Path) -> At {
    let Ok(server) = std::env::var(SERVER) else { return At::from(&Journal::path_in(folder)) };
    let name = format!("desk_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    by_hand(&server, &format!("CREATE DATABASE {name}"));
    let (before, after) = server.split_once("/postgres?").unwrap();
    At::from(Database::parse(&format!("{before}/{name}?{after}")).unwrap())
}

/// On a thread of its own: the client may not run within an executor.
fn by_hand(server: &str, statement: &str) {
    let (server, statement) = (server.to_owned(), statement.to_owned());
    let done = std::thread::spawn(move || {
        Client::connect(&server, NoTls).unwrap().batch_execute(&statement).unwrap();
    });
    done.join().unwrap();
}

/// Ends all sessions of the desk's database.
fn cut(place: &Place) {
    let server = std::env::var(SERVER).unwrap();
    let name = place.desk.settings.store.to_string();
    let name = name.rsplit('/').next().unwrap();
    by_hand(
        &server,
        &format!("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"),
    );
}

/// The story goes on over sessions that end, a second desk is told so, and one that was overtaken does nothing more.
#[tokio::test]
async fn a_desk_lives_through_a_server_that_cuts_it_off() {
    if std::env::var(SERVER).is_err() {
        println!("skipped: {SERVER} names no server (scripts/check-desk-postgres starts one)");
        return;
    }
    let place = Place::new();
    let mut requester = place.of("keiko").await;
    cut(&place);
    let path = ask(&mut requester, "direct").await;
    cut(&place);
    let page = requester.get(&path).await;
    assert_eq!(page.status, StatusCode::OK);
    let size = place.desk.reread().unwrap().leaves.len();
    assert_eq!(place.desk.book().leaves.len(), size);
    place.desk.tick();
    let second = Holder { name: "kagimori-desk dev".to_owned(), host: "dev".to_owned() };
    let take = || Held::take(&place.desk.settings.store, second.clone(), place.desk.clock.now());
    assert!(matches!(take(), Err(JournalError::Busy { .. })));
    cut(&place);
    place.desk.tick();
    assert!(!place.desk.is_overtaken());
    approved(&place, "direct").await;
    cut(&place);
    let other = take().unwrap();
    let size = other.head().unwrap().size;
    place.desk.tick();
    assert!(place.desk.is_overtaken());
    assert_eq!(requester.post(&format!("{path}/cancel"), &[]).await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(other.head().unwrap().size, size, "no row");
}
