//! The operators' own listener: TLS in which both sides show a certificate (RFC 8446 §4.4.2). It serves the whole desk; what operators do is
//! refused everywhere else ([`crate::web::entrance`]).

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use kagimori_terminal::printer;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde::Deserialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::web::connections::Patient;

/// Whoever does not finish the handshake in this time is let go.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Handshakes at once.
const HANDSHAKES_MOST: usize = 64;
/// Certificates of a day are put in their place while the desk runs: how often their files are looked at.
const LOOK: Duration = Duration::from_secs(30);

/// What `[operator_listener]` says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// Where it listens.
    pub(crate) listen: SocketAddr,
    /// The desk's certificate and those it is signed by; PEM.
    certificate: PathBuf,
    /// Its private key; PEM.
    key: PathBuf,
    /// Whose signature operators' certificates have; PEM.
    clients: PathBuf,
    /// Whose certificate is whose: a person, and a name (DNS or URI) of their certificate. Empty: any certificate does for any operator.
    #[serde(default)]
    pub(crate) people: BTreeMap<String, String>,
}

impl Settings {
    /// Paths are seen from a folder.
    pub(crate) fn seen_from(mut self, folder: &Path) -> Self {
        for path in [&mut self.certificate, &mut self.key, &mut self.clients] {
            *path = folder.join(&*path);
        }
        self
    }

    /// Reads the files.
    ///
    /// # Errors
    /// What is wrong with which, and what to do.
    pub(crate) fn tls(&self) -> Result<Arc<ServerConfig>, (String, String)> {
        let hint = "look at `[operator_listener]` in desk.toml: PEM files that the desk's user may read";
        let told = |path: &Path, why: String| (format!("`{}`: {why}", path.display()), hint.to_owned());
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&self.clients).map_err(|why| told(&self.clients, why))? {
            roots.add(certificate).map_err(|error| told(&self.clients, error.to_string()))?;
        }
        let chain = certificates(&self.certificate).map_err(|why| told(&self.certificate, why))?;
        let key =
            PrivateKeyDer::from_pem_file(&self.key).map_err(|error| told(&self.key, error.to_string()))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let clients = clients.build().map_err(|error| told(&self.clients, error.to_string()))?;
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| told(&self.certificate, error.to_string()))?
            .with_client_cert_verifier(clients)
            .with_single_cert(chain, key);
        let mut config = config.map_err(|error| told(&self.certificate, error.to_string()))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// When the files were written last.
    fn written(&self) -> Vec<Option<SystemTime>> {
        let written = |path: &PathBuf| std::fs::metadata(path).and_then(|file| file.modified()).ok();
        [&self.certificate, &self.key, &self.clients].map(written).into()
    }

    /// Whether a certificate is a person's.
    pub(crate) fn is_of(&self, certificate: &CertificateDer<'_>, person: &str) -> bool {
        if self.people.is_empty() {
            return true;
        }
        let (Some(name), Ok(certificate)) =
            (self.people.get(person), webpki::EndEntityCert::try_from(certificate))
        else {
            return false;
        };
        // A name with a star is of many.
        certificate.valid_uri_names().chain(certificate.valid_dns_names()).any(|found| found == name)
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(path).map_err(|error| error.to_string())?;
    let all: Result<Vec<_>, _> = read.collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        Ok(_) => Err("there is no certificate in it".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Who is at the other end.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    pub(crate) certificate: Arc<CertificateDer<'static>>,
}

/// Connections whose handshakes are done.
#[derive(Debug)]
pub(crate) struct Door {
    done: mpsc::Receiver<(TlsStream<TcpStream>, Client)>,
    address: SocketAddr,
}

impl Door {
    /// Listens.
    ///
    /// # Errors
    /// What is wrong, and what to do.
    pub(crate) async fn open(settings: Settings) -> Result<Self, (String, String)> {
        let config = settings.tls()?;
        let listener = TcpListener::bind(settings.listen).await;
        let unusable = |error: io::Error| {
            let what = format!("`{}` cannot be used: {error}", settings.listen);
            (what, "change `listen` of `[operator_listener]` in desk.toml".to_owned())
        };
        let listener = listener.map_err(unusable)?;
        let address = listener.local_addr().map_err(unusable)?;
        let (tell, done) = mpsc::channel(HANDSHAKES_MOST);
        tokio::spawn(accept(listener, settings, config, tell));
        Ok(Self { done, address })
    }
}

/// Takes connections; each shakes hands on its own, so that a slow one holds up nobody.
async fn accept(
    listener: TcpListener,
    settings: Settings,
    config: Arc<ServerConfig>,
    tell: mpsc::Sender<(TlsStream<TcpStream>, Client)>,
) {
    let room = Arc::new(Semaphore::new(HANDSHAKES_MOST));
    let (mut config, mut written, mut looked) = (config, settings.written(), tokio::time::Instant::now());
    while !tell.is_closed() {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        let Ok((stream, address)) = listener.accept().await else {
            // No descriptors are left, or the like; it passes.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        if looked.elapsed() >= LOOK {
            looked = tokio::time::Instant::now();
            let now = settings.written();
            if now != written {
                match settings.tls() {
                    Ok(fresh) => (config, written) = (fresh, now),
                    Err((what, _)) => {
                        printer::warning(&format!("the certificates of before are used: {what}"))
                    }
                }
            }
        }
        let (acceptor, tell) = (TlsAcceptor::from(Arc::clone(&config)), tell.clone());
        tokio::spawn(async move {
            let done = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await;
            drop(place);
            let Ok(Ok(stream)) = done else { return };
            let certificate = stream.get_ref().1.peer_certificates().and_then(|all| all.first());
            let Some(certificate) = certificate.map(|found| found.clone().into_owned()) else { return };
            let _ = tell.send((stream, Client { address, certificate: Arc::new(certificate) })).await;
        });
    }
}

impl Listener for Door {
    type Io = TlsStream<TcpStream>;
    type Addr = Client;

    async fn accept(&mut self) -> (Self::Io, Client) {
        match self.done.recv().await {
            Some(connection) => connection,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Client> {
        let certificate = Arc::new(CertificateDer::from(Vec::new()));
        Ok(Client { address: self.address, certificate })
    }
}

impl Connected<IncomingStream<'_, Patient<Door>>> for Client {
    fn connect_info(stream: IncomingStream<'_, Patient<Door>>) -> Self {
        stream.remote_addr().clone()
    }
}
