//! The process: listens, ticks, and stops when it is asked to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use kagimori_terminal::printer;
use tokio::net::TcpListener;

use crate::clock::Clock;
use crate::desk::Desk;
use crate::dev::run::{self, Folder};
use crate::routes;

/// How often the clock is looked at.
const TICK: Duration = Duration::from_secs(2);

/// Runs the play desk until it is interrupted.
///
/// # Errors
/// A sentence and a hint.
pub(crate) fn dev(port: u16) -> Result<(), (String, String)> {
    let runtime = runtime()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await.map_err(|error| {
            (format!("port {port} of this machine cannot be used: {error}"), "name another with `--port`, or `--port 0` for a free one".to_owned())
        })?;
        let port = listener.local_addr().map(|address| address.port()).unwrap_or(port);
        let origin = format!("http://localhost:{port}");
        let told = |what: String| (what, "look at the folder for temporary files, and start it again".to_owned());
        let folder = Folder::new().map_err(told)?;
        let desk = run::desk(folder.path(), &origin, Clock::System).map_err(told)?;
        let _ = printer::data(&format!("{origin}\n"));
        printer::note("A play desk of the company Shiosai. Be its five people by the red bar; Ctrl+C ends it, and nothing is kept.");
        until_interrupted(listener, Arc::new(desk)).await;
        drop(folder);
        Ok(())
    })
}

fn runtime() -> Result<tokio::runtime::Runtime, (String, String)> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(|error| (format!("no threads: {error}"), "look at the limits of this process".to_owned()))
}

async fn until_interrupted(listener: TcpListener, desk: Arc<Desk>) {
    let ticking = Arc::clone(&desk);
    let ticks = tokio::spawn(async move {
        loop {
            tokio::time::sleep(TICK).await;
            let desk = Arc::clone(&ticking);
            let _ = tokio::task::spawn_blocking(move || desk.tick()).await;
        }
    });
    let service = routes::of(desk).into_make_service_with_connect_info::<SocketAddr>();
    tokio::select! {
        served = async { axum::serve(listener, service).await } => {
            if let Err(error) = served { printer::warning(&format!("the desk stopped: {error}")); }
        }
        _ = tokio::signal::ctrl_c() => {}
    }
    ticks.abort();
}
