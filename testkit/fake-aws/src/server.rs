//! The thin edge: a loopback listener with a thread for each connection, in front of one [`World`].

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::company::Company;
use crate::http::{Connection, Incoming};
use crate::message::{Reply, Response};
use crate::world::{CompanyError, Counters, Entry, KeyPair, Settings, Trouble, World};

/// Connections on which nothing comes are given up after this.
const IDLE: Duration = Duration::from_secs(120);

/// A fake AWS that listens on the loopback until it is dropped.
#[derive(Debug)]
pub struct FakeAws {
    world: Arc<Mutex<World>>,
    address: SocketAddr,
    is_stopped: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
    /// Connections that are served.
    open: Arc<AtomicUsize>,
}

/// Why a fake AWS could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The description of the company does not hold together.
    #[error(transparent)]
    Company(#[from] CompanyError),
    /// The loopback could not be listened on.
    #[error("cannot listen on the loopback: {0}")]
    Listen(#[from] io::Error),
}

impl FakeAws {
    /// Starts with a company, on a free port, at the real time.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(company: Company) -> Result<Self, StartError> {
        let world = World::new(&company, Timestamp::now())?;
        drop(company);
        Self::resume(world, 0)
    }

    /// Starts with a world that was there before; port 0 is any free one.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn resume(world: World, port: u16) -> Result<Self, StartError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let address = listener.local_addr()?;
        let world = Arc::new(Mutex::new(world));
        let is_stopped = Arc::new(AtomicBool::new(false));
        let open = Arc::new(AtomicUsize::new(0));
        let handle = thread::spawn({
            let (world, is_stopped, open) = (Arc::clone(&world), Arc::clone(&is_stopped), Arc::clone(&open));
            move || listen(&listener, &world, &is_stopped, &open)
        });
        Ok(Self { world, address, is_stopped, listener: Some(handle), open })
    }

    /// Stops listening and gives back the world, to be resumed as after a restart.
    pub fn stop(mut self) -> World {
        self.stop_listening();
        self.world().clone()
    }

    /// `http://127.0.0.1:…`, for `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The console's federation endpoint.
    pub fn federation_endpoint(&self) -> String {
        format!("{}/federation", self.endpoint())
    }

    /// The world, locked: nothing is answered while it is held.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time in the world.
    pub fn now(&self) -> Timestamp {
        self.world().now(Timestamp::now())
    }

    /// Moves the world's time.
    pub fn advance(&self, by: Duration) {
        self.world().advance(SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX));
    }

    /// The code an MFA device shows; `None` when there is no such device.
    pub fn totp(&self, serial: &str) -> Option<String> {
        self.world().totp(serial, Timestamp::now())
    }

    /// The oldest access key of a user, told by its ARN.
    pub fn access_key(&self, arn: &str) -> Option<KeyPair> {
        self.world().keys_of(arn).into_iter().next()
    }

    /// The access keys of a user, told by its ARN, oldest first: how far a rotation came.
    pub fn access_keys(&self, arn: &str) -> Vec<KeyPair> {
        self.world().keys_of(arn)
    }

    /// The file that `aws login` of a user leaves; `None` when there is no such user.
    pub fn log_in(&self, arn: &str, with_mfa: bool) -> Option<String> {
        self.world().log_in(Timestamp::now(), arn, with_mfa).map(|file| file.to_string())
    }

    /// How many calls there were.
    pub fn counters(&self) -> Counters {
        self.world().counters().clone()
    }

    /// Every call, in order.
    pub fn log(&self) -> Vec<Entry> {
        self.world().log().to_vec()
    }

    /// Changes the settings.
    pub fn set(&self, change: impl FnOnce(&mut Settings)) {
        change(self.world().settings_mut());
    }

    /// Plans a trouble for the next `times` calls of an operation.
    pub fn plan(&self, operation: &str, times: u32, trouble: Trouble) {
        self.world().plan(Some(operation), Some(times), trouble);
    }

    /// Waits until everything that was sent is answered, also to those who died meanwhile. Whoever keeps a connection open keeps it waiting.
    pub fn settle(&self) {
        // Connections are taken in their order: the end of one that comes now is behind the beginning of all others.
        if let Ok(mut last) = TcpStream::connect(self.address) {
            let _ = last.shutdown(Shutdown::Write);
            let _ = io::copy(&mut last, &mut io::sink());
        }
        while self.open.load(Ordering::SeqCst) > 0 {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Waits for ever, or until the listener fails.
    pub fn wait(mut self) {
        if let Some(handle) = self.listener.take() {
            let _ = handle.join();
        }
    }

    fn stop_listening(&mut self) {
        self.is_stopped.store(true, Ordering::SeqCst);
        // A connection of our own ends the waiting for one.
        drop(TcpStream::connect(self.address));
        if let Some(handle) = self.listener.take() {
            let _ = handle.join();
        }
    }
}

impl Drop for FakeAws {
    fn drop(&mut self) {
        if self.listener.is_some() {
            self.stop_listening();
        }
    }
}

fn listen(
    listener: &TcpListener,
    world: &Arc<Mutex<World>>,
    is_stopped: &Arc<AtomicBool>,
    open: &Arc<AtomicUsize>,
) {
    for stream in listener.incoming() {
        if is_stopped.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let (world, is_stopped, open) = (Arc::clone(world), Arc::clone(is_stopped), Arc::clone(open));
        open.fetch_add(1, Ordering::SeqCst);
        thread::spawn(move || {
            // A client that goes away is its own affair.
            let _ = serve(&stream, &world, &is_stopped);
            open.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

fn serve(stream: &TcpStream, world: &Mutex<World>, is_stopped: &AtomicBool) -> io::Result<()> {
    stream.set_read_timeout(Some(IDLE))?;
    stream.set_nodelay(true)?;
    let source_ip = stream.peer_addr()?.ip();
    let mut connection = Connection::new(stream, source_ip);
    loop {
        let (request, is_kept) = match connection.receive()? {
            Incoming::Closed => return Ok(()),
            Incoming::Bad(why) => {
                let response = Response::new(400, "text/plain", why.to_owned());
                return connection.send(&response, false);
            }
            Incoming::Request(request, is_kept) => (request, is_kept),
        };
        if is_stopped.load(Ordering::SeqCst) {
            return stream.shutdown(Shutdown::Both);
        }
        let reply = {
            let mut world = world.lock().unwrap_or_else(PoisonError::into_inner);
            world.handle(Timestamp::now(), &request)
        };
        let Reply { response, delay_milliseconds, is_lost } = reply;
        thread::sleep(Duration::from_millis(delay_milliseconds));
        if is_lost {
            return stream.shutdown(Shutdown::Both);
        }
        connection.send(&response, is_kept)?;
        if !is_kept {
            return Ok(());
        }
    }
}
