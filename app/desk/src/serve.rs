//! The process: listens, ticks, tells people, and stops when it is asked to.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kagimori_notify::Notifier;
use kagimori_terminal::printer;
use tokio::net::TcpListener;
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::command::{Done, deliver, open, told};
use crate::desk::{Desk, DeskError};
use crate::dev::run::{self, Folder};
use crate::hints;
use crate::operators::{Client, Door};
use crate::web::connections::{Patient, Peer};
use crate::{random, routes};

/// How often the clock is looked at.
const TICK: Duration = Duration::from_secs(2);
/// How often letters are looked at.
const ROUND: Duration = Duration::from_secs(5);
/// A witness that was silent is asked again after so long.
const WITNESS_AGAIN: Duration = Duration::from_secs(30);

/// Runs the play desk until it is interrupted.
///
/// # Errors
/// What is wrong, and what to do.
pub(crate) fn dev(port: u16) -> Done {
    runtime()?.block_on(async {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await;
        let listener = listener.map_err(|error| told(format!("port {port} of this machine cannot be used: {error}"), "name another with `--port`, or `--port 0` for a free one"))?;
        let port = listener.local_addr().map(|address| address.port()).unwrap_or(port);
        let origin = format!("http://localhost:{port}");
        let failed = |what: String| told(what, "look at the folder for temporary files, and start it again");
        let folder = Folder::new().map_err(failed)?;
        let secret = Zeroizing::new(random::bytes().map_err(|error| failed(error.to_string()))?);
        let desk = run::desk(folder.path(), &origin, Clock::system(), &secret).map_err(failed)?;
        let _ = printer::data(&format!("{origin}\n"));
        printer::note("A play desk of the company Shiosai. Be its five people by the red bar; Ctrl+C ends it, and nothing is kept.");
        until_interrupted(listener, None, Arc::new(desk)).await;
        drop(folder);
        Ok(())
    })
}

/// Runs a desk until it is interrupted.
///
/// # Errors
/// What is wrong, and what to do.
pub(crate) fn serve(settings: &Path) -> Done {
    let desk = Arc::new(open::desk(open::settings(settings)?, "serve")?);
    match desk.look_back() {
        Err(DeskError::Witness(why)) if why.contains("rolled back") => {
            return Err(told(
                format!("the desk does not start: {why}"),
                "find the copy that the witness has seen with `kagimori-desk restore-check COPY`; nothing is released from this one",
            ));
        }
        Ok(Some(rollback)) => printer::warning(&format!(
            "the record lacks the last {} entries that the witness has seen: nothing is taken but a new epoch, which a quorum begins at {}/rollback; \
             when there is a later copy, stop now and take that",
            rollback.lost(),
            desk.settings.origin
        )),
        Ok(None) | Err(_) => {}
    }
    match desk.publish() {
        Err(_) if desk.held().is_some() => {}
        Err(error) => printer::warning(&format!("{error}; no code is shown until the witness answers")),
        Ok(_) => {}
    }
    if desk.book().state.policy().is_none() {
        printer::note(
            "The desk has no policy yet: people make their passkeys at /enrol, and `kagimori-desk found` writes the policy.",
        );
    }
    let listen = desk.settings.listen;
    let folder = settings.parent().unwrap_or(Path::new(".")).to_owned();
    runtime()?.block_on(async {
        let listener = TcpListener::bind(listen).await;
        let listener = listener.map_err(|error| {
            told(format!("`{listen}` cannot be used: {error}"), "change `listen` in desk.toml")
        })?;
        let door = match desk.settings.operator_listener.clone() {
            Some(settings) => Some(Door::open(settings).await?),
            None => None,
        };
        let _ = printer::data(&format!("{}\n", desk.settings.origin));
        let telling = tokio::spawn(tell(Arc::clone(&desk), folder));
        until_interrupted(listener, door, Arc::clone(&desk)).await;
        telling.abort();
        if desk.is_overtaken() {
            return Err(told(
                "another process has taken the log: this desk stops, and has written nothing since",
                "one desk is enough; started again this one waits for its turn",
            ));
        }
        Ok(())
    })
}

/// Sends what is due, round after round.
async fn tell(desk: Arc<Desk>, folder: std::path::PathBuf) {
    if desk.settings.channels.is_empty() {
        return;
    }
    let notifier = Arc::new(Notifier::new(desk.settings.channels.clone(), folder));
    loop {
        tokio::time::sleep(ROUND).await;
        let (journal, notifier) = (desk.settings.store.clone(), Arc::clone(&notifier));
        let round = tokio::task::spawn_blocking(move || deliver::round(&journal, &notifier)).await;
        if let Ok(Err(error)) = round {
            printer::warning(&format!("people could not be told: {error}; {}", hints::of_journal(&error)));
        }
    }
}

/// The threads of a process.
///
/// # Errors
/// What is wrong, and what to do.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, (String, String)> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(|error| told(format!("no threads: {error}"), "look at the limits of this process"))
}

async fn until_interrupted(listener: TcpListener, door: Option<Door>, desk: Arc<Desk>) {
    let ticking = Arc::clone(&desk);
    let ticks = tokio::spawn(async move {
        loop {
            tokio::time::sleep(TICK).await;
            Arc::clone(&ticking).blocking(Desk::tick).await;
        }
    });
    let witnessed = tokio::spawn(keep_witnessed(Arc::clone(&desk)));
    let mut overtaken = desk.overtaken();
    let operators = door.map(|door| {
        let service = routes::of(Arc::clone(&desk)).into_make_service_with_connect_info::<Client>();
        tokio::spawn(async move { axum::serve(Patient::new(door), service).await })
    });
    let service = routes::of(desk).into_make_service_with_connect_info::<Peer>();
    tokio::select! {
        served = async { axum::serve(Patient::new(listener), service).await } => {
            if let Err(error) = served { printer::warning(&format!("the desk stopped: {error}")); }
        }
        _ = overtaken.wait_for(|is_so| *is_so) => {}
        () = asked_to_stop() => {}
    }
    ticks.abort();
    if let Some(operators) = operators {
        operators.abort();
    }
    witnessed.abort();
}

/// Shows the witness every entry soon after it was written, and not only when a code is wanted: what it has not seen could be cut off.
async fn keep_witnessed(desk: Arc<Desk>) {
    let mut news = desk.news();
    while news.changed().await.is_ok() {
        tokio::time::sleep(TICK).await;
        news.mark_unchanged();
        let published = Arc::clone(&desk).blocking(|desk| desk.publish().is_ok()).await;
        if published != Some(true) {
            tokio::time::sleep(WITNESS_AGAIN).await;
            news.mark_changed();
        }
    }
}

/// Ctrl+C, or what systemd sends.
async fn asked_to_stop() {
    let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    match terminate {
        Ok(mut terminate) => tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        },
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}
