//! A proxy before the server, which cuts connections where it is told to.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// What is cut at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// The statement does not reach the server.
    Before,
    /// Its answer does not reach the client.
    After,
}

#[derive(Default)]
struct Orders {
    cut: Mutex<Option<(String, Cut)>>,
    refuses: AtomicBool,
}

pub(super) struct Proxy {
    port: u16,
    rest: String,
    orders: Arc<Orders>,
}

impl Proxy {
    /// Before the server of an address with a `host=` and a `port=` in its query, or only a port.
    pub(super) fn before(url: &str) -> Self {
        let (start, query) = url.split_once('?').unwrap();
        let port: u16 =
            query.split('&').find_map(|part| part.strip_prefix("port=")).unwrap().parse().unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let own = listener.local_addr().unwrap().port();
        let orders = Arc::new(Orders::default());
        let shared = Arc::clone(&orders);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if shared.refuses.load(Ordering::Relaxed) {
                    continue;
                }
                let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
                let orders = Arc::clone(&shared);
                std::thread::spawn(move || carry(&client, &server, &orders));
            }
        });
        let user_and_name = start.strip_prefix("postgresql://").unwrap();
        let (user, name) = user_and_name.split_once("@/").unwrap();
        Self { port: own, rest: format!("{user}|{name}"), orders }
    }

    pub(super) fn url(&self) -> String {
        let (user, name) = self.rest.split_once('|').unwrap();
        format!("postgresql://{user}@127.0.0.1:{}/{name}", self.port)
    }

    pub(super) fn swallow(&self, statement: &str) {
        *self.orders.cut.lock().unwrap() = Some((statement.to_owned(), Cut::Before));
    }

    pub(super) fn swallow_the_answer_to(&self, statement: &str) {
        *self.orders.cut.lock().unwrap() = Some((statement.to_owned(), Cut::After));
    }

    pub(super) fn refuse(&self, refuses: bool) {
        self.orders.refuses.store(refuses, Ordering::Relaxed);
    }
}

fn carry(client: &TcpStream, server: &TcpStream, orders: &Orders) {
    let (mut answers, mut to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let swallows = Arc::new(AtomicBool::new(false));
    let is_swallowed = Arc::clone(&swallows);
    let back = std::thread::spawn(move || {
        let mut bytes = [0; 16384];
        while let Ok(read) = answers.read(&mut bytes) {
            // An answer that is swallowed was made: the server has done what it answers to.
            if read == 0
                || is_swallowed.load(Ordering::SeqCst)
                || to_client.write_all(&bytes[..read]).is_err()
            {
                break;
            }
        }
        let _ = (answers.shutdown(Shutdown::Both), to_client.shutdown(Shutdown::Both));
    });
    let (mut client, mut server) = (client, server);
    let mut bytes = [0; 16384];
    while let Ok(read) = client.read(&mut bytes) {
        if read == 0 {
            break;
        }
        let text = String::from_utf8_lossy(&bytes[..read]).into_owned();
        let cut = orders.cut.lock().unwrap().take_if(|(statement, _)| text.contains(statement.as_str()));
        match cut {
            Some((_, Cut::Before)) => break,
            Some((_, Cut::After)) => swallows.store(true, Ordering::SeqCst),
            None => {}
        }
        if server.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    let _ = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
    let _ = back.join();
}
