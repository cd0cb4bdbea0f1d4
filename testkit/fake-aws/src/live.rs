//! Live accounts out of snapshots: what the AWS CLI once wrote is answered again, over the wire, page by page, with the troubles
//! of a real account. Nothing is authorised here; who needs that has [`FakeAws`](crate::FakeAws).

mod answers;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value;

use crate::http::{Connection, Incoming};
use crate::message::Response;

/// The files of an account, by their names in its snapshot.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What goes wrong.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, part by part")]
pub struct Faults {
    /// Items of a page at most; AWS's hundred when nothing is said.
    pub page: Option<usize>,
    /// Of a hundred requests so many are one too many.
    pub throttled_percent: u32,
    /// Of a hundred requests so many are carried out and their answers lost.
    pub lost_percent: u32,
    /// Operations that a policy denies.
    pub denied: BTreeSet<String>,
    /// Accounts whose role nobody may assume.
    pub closed: BTreeSet<String>,
    /// How often the credential report is not ready yet.
    pub report_in_progress: u32,
    /// Before each answer.
    pub delay: Duration,
    /// So many requests are answered without that delay.
    pub at_once: u64,
    /// Operations that are refused because of their signature, with all of the request in the message, as AWS does.
    pub repeated: BTreeSet<String>,
    /// Operations that AWS refuses: HTTP status, code, message.
    pub refused: BTreeMap<String, (u16, String, String)>,
    /// The account that sessions of roles say that they are of.
    pub posing: Option<String>,
    /// Operations that somebody else answers, with a page.
    pub pages: BTreeSet<String>,
    /// Operations of which the connection breaks, whenever they are called.
    pub broken: BTreeSet<String>,
    /// Operations that are one too many, whenever they are called.
    pub throttled: BTreeSet<String>,
}

/// Live accounts.
#[derive(Debug)]
pub struct Live {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    is_stopped: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
}

/// What accounts answer, without a wire: the files of their snapshots, read.
#[derive(Debug)]
pub struct Answers {
    accounts: BTreeMap<String, answers::Read>,
    organization: answers::Read,
}

impl Answers {
    /// Of accounts, by id, and their organization.
    pub fn new(accounts: &BTreeMap<String, Files>, organization: &Files) -> Self {
        let read = accounts.iter().map(|(account, files)| (account.clone(), answers::Read::of(files)));
        Self { accounts: read.collect(), organization: answers::Read::of(organization) }
    }

    /// The accounts.
    pub fn accounts(&self) -> impl Iterator<Item = &str> {
        self.accounts.keys().map(String::as_str)
    }

    /// The whole answer of a call, as the AWS CLI prints it.
    ///
    /// # Errors
    /// AWS's code and message.
    pub fn answer(&self, account: &str, operation: &str, input: &Value) -> Result<Value, (String, String)> {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let input = input.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), text(value)));
        let call = wire::Call::beside_the_wire(account, operation, input.collect());
        let faults = Faults { page: Some(usize::MAX / 2), ..Faults::default() };
        let answer = answers::answer(self, &faults, &Default::default(), &call);
        answer.map_err(|refused| (refused.code, refused.message))
    }
}

#[derive(Debug)]
struct State {
    answers: Answers,
    faults: Faults,
    counts: BTreeMap<String, u32>,
    requests: u64,
    /// Calls that are under way, and how many there were at most.
    under_way: (u32, u32),
    /// What roles are given: a secret access key, a session token.
    handed_out: (String, String),
}

/// The account of credentials that no AssumeRole gave out.
pub const OWN: &str = "111122223333";

impl Live {
    /// Starts on a free port of the loopback.
    ///
    /// # Errors
    /// When the loopback cannot be listened on.
    pub fn start(
        accounts: &BTreeMap<String, Files>,
        organization: &Files,
        faults: Faults,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let handed_out = ("example".to_owned(), "example".to_owned());
        let answers = Answers::new(accounts, organization);
        let state =
            State { answers, faults, counts: BTreeMap::new(), requests: 0, under_way: (0, 0), handed_out };
        let (state, is_stopped) = (Arc::new(Mutex::new(state)), Arc::new(AtomicBool::new(false)));
        let handle = thread::spawn({
            let (state, is_stopped) = (Arc::clone(&state), Arc::clone(&is_stopped));
            move || {
                for stream in listener.incoming() {
                    if is_stopped.load(Ordering::SeqCst) {
                        return;
                    }
                    let (Ok(stream), state) = (stream, Arc::clone(&state)) else { continue };
                    thread::spawn(move || serve(&stream, &state));
                }
            }
        });
        Ok(Self { address, state, is_stopped, listener: Some(handle) })
    }

    /// `http://127.0.0.1:…`, for `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many calls were under way at a time, at most.
    pub fn most_at_a_time(&self) -> u32 {
        locked(&self.state).under_way.1
    }

    /// What sessions of roles are given from now on: a secret access key, a session token.
    pub fn hand_out(&self, secret_access_key: &str, session_token: &str) {
        locked(&self.state).handed_out = (secret_access_key.to_owned(), session_token.to_owned());
    }

    /// What goes wrong from now on.
    pub fn go_wrong(&self, faults: Faults) {
        locked(&self.state).faults = faults;
    }

    /// How many requests of each operation came.
    pub fn counts(&self) -> BTreeMap<String, u32> {
        locked(&self.state).counts.clone()
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.is_stopped.store(true, Ordering::SeqCst);
        // A connection of our own ends the waiting for one.
        drop(TcpStream::connect(self.address));
        if let Some(handle) = self.listener.take() {
            let _ = handle.join();
        }
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(stream: &TcpStream, state: &Mutex<State>) {
    let mut connection = Connection::new(stream, Ipv4Addr::LOCALHOST.into());
    while let Ok(Incoming::Request(request, is_kept)) = connection.receive() {
        let call = wire::Call::of(&request);
        let (answer, is_lost, delay, is_page) = {
            let mut state = locked(state);
            state.under_way.0 += 1;
            state.under_way.1 = state.under_way.1.max(state.under_way.0);
            let answer = state.answer(&call);
            let is_page = state.faults.pages.contains(&call.operation);
            let is_lost =
                state.hits(state.faults.lost_percent) || state.faults.broken.contains(&call.operation);
            let is_at_once = state.requests <= state.faults.at_once;
            let delay = if is_at_once { Duration::ZERO } else { state.faults.delay };
            (answer, is_lost, delay, is_page)
        };
        thread::sleep(delay);
        locked(state).under_way.0 -= 1;
        let response: Response = match is_page {
            true => {
                Response::new(200, "text/html", "<!DOCTYPE html><html><body>Sign in</body></html>".to_owned())
            }
            false => wire::response(&call, answer),
        };
        if is_lost || connection.send(&response, is_kept).is_err() || !is_kept {
            return;
        }
    }
}

impl State {
    fn answer(&mut self, call: &wire::Call) -> Result<Value, answers::Refused> {
        let count = self.counts.entry(call.operation.clone()).or_default();
        *count += 1;
        let count = *count;
        self.requests += 1;
        if self.faults.repeated.contains(&call.operation) {
            let message = format!(
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and \
                 signing method.\n\nThe Canonical String for this request should have been\n'POST\n/\n\n{}'",
                call.headers
            );
            return Err(answers::refused(403, "SignatureDoesNotMatch", &message));
        }
        if let Some((status, code, message)) = self.faults.refused.get(&call.operation) {
            return Err(answers::refused(*status, code, message));
        }
        let is_too_many = self.faults.throttled.contains(&call.operation);
        if is_too_many || self.hits(self.faults.throttled_percent) {
            return Err(answers::refused(400, "Throttling", "Rate exceeded"));
        }
        if self.faults.denied.contains(&call.operation) {
            let message = format!("User: x is not authorized to perform: {}", call.operation);
            return Err(answers::refused(403, "AccessDenied", &message));
        }
        if call.operation == "GetCredentialReport" && count <= self.faults.report_in_progress {
            return Err(answers::refused(404, "ReportInProgress", "The report is being generated"));
        }
        answers::answer(&self.answers, &self.faults, &self.handed_out, call)
    }

    /// A draw that depends on how many requests there were, so that a run can be repeated.
    fn hits(&self, percent: u32) -> bool {
        let drawn = self.requests.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
        drawn % 100 < u64::from(percent)
    }
}
