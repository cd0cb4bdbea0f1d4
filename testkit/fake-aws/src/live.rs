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
}

/// Live accounts.
#[derive(Debug)]
pub struct Live {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    is_stopped: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct State {
    accounts: BTreeMap<String, Files>,
    organization: Files,
    faults: Faults,
    counts: BTreeMap<String, u32>,
    requests: u64,
}

/// The account of credentials that no AssumeRole gave out.
pub const OWN: &str = "111122223333";

impl Live {
    /// Starts on a free port of the loopback.
    ///
    /// # Errors
    /// When the loopback cannot be listened on.
    pub fn start(accounts: BTreeMap<String, Files>, organization: Files, faults: Faults) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let state = State { accounts, organization, faults, counts: BTreeMap::new(), requests: 0 };
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
        let (answer, is_lost, delay) = {
            let mut state = locked(state);
            let answer = state.answer(&call);
            let is_lost = state.hits(state.faults.lost_percent);
            (answer, is_lost, state.faults.delay)
        };
        thread::sleep(delay);
        let response: Response = wire::response(&call, answer);
        if is_lost || connection.send(&response, is_kept).is_err() || !is_kept {
            return;
        }
    }
}

impl State {
    fn answer(&mut self, call: &wire::Call) -> Result<serde_json::Value, answers::Refused> {
        let count = self.counts.entry(call.operation.clone()).or_default();
        *count += 1;
        let count = *count;
        self.requests += 1;
        if self.hits(self.faults.throttled_percent) {
            return Err(answers::refused(400, "Throttling", "Rate exceeded"));
        }
        if self.faults.denied.contains(&call.operation) {
            let message = format!("User: x is not authorized to perform: {}", call.operation);
            return Err(answers::refused(403, "AccessDenied", &message));
        }
        if call.operation == "GetCredentialReport" && count <= self.faults.report_in_progress {
            return Err(answers::refused(404, "ReportInProgress", "The report is being generated"));
        }
        answers::answer(&self.accounts, &self.organization, &self.faults, call)
    }

    /// A draw that depends on how many requests there were, so that a run can be repeated.
    fn hits(&self, percent: u32) -> bool {
        let drawn = self.requests.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
        drawn % 100 < u64::from(percent)
    }
}
