//! `witness`: the auditors' process. It cosigns the desk's log when it only grew, and remembers what it has signed before it answers.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use kagimori_ledger::VerifyingKey;
use kagimori_ledger::key::CosigningKey;
use kagimori_ledger::witness::{REQUEST_MAX, Records, Witness};
use kagimori_terminal::printer;

use super::{Done, open, told};
use crate::args::WitnessArgs;
use crate::web::connections::Patient;

/// The witness and its records: one request after the other.
struct Running {
    witness: Witness,
    records: Mutex<Records>,
    folder: PathBuf,
}

/// Runs it until it is interrupted.
///
/// # Errors
/// What is wrong, and what to do.
pub(crate) fn run(arguments: &WitnessArgs) -> Done {
    let folder = &arguments.dir;
    let records = folder.join("records");
    fs::create_dir_all(&records).map_err(|error| {
        told(format!("`{}`: {error}", folder.display()), "name a folder that you may write")
    })?;
    let path = folder.join("witness.key");
    if !path.exists() {
        open::make_key(&path).map_err(|error| told(error, "name a folder that you may write"))?;
    }
    let secret = open::read_key(&path).map_err(|error| told(error, "put it back from where it is kept"))?;
    let key = CosigningKey::from_seed(&arguments.name, &secret)
        .map_err(|error| told(error, "name it as an address without its scheme: `witness.example.co.jp`"))?;
    printer::data(&format!("{}\n", key.public()))
        .map_err(|error| told(error, "look at where it is printed to"))?;
    let logs: Result<Vec<VerifyingKey>, _> =
        arguments.log.iter().map(|log| VerifyingKey::parse(log)).collect();
    let logs = logs.map_err(|error| {
        told(format!("`--log`: {error}"), "copy the line that `kagimori-desk init` prints")
    })?;
    if logs.is_empty() {
        printer::warning(
            "no log is named with `--log`: nothing is cosigned; give the key above to `kagimori-desk init`",
        );
    }
    let witness = Witness::new(key, logs);
    let known = restored(&witness, &records)?;
    let running = Arc::new(Running { witness, records: Mutex::new(known), folder: records });
    let listen = arguments.listen;
    crate::serve::runtime()?.block_on(async {
        let listener = tokio::net::TcpListener::bind(listen).await.map_err(|error| told(format!("`{listen}`: {error}"), "name another with `--listen`"))?;
        let service = Router::new().fallback(answer).with_state(running);
        tokio::select! {
            served = async { axum::serve(Patient::new(listener), service).await } => served.map_err(|error| told(error, "start it again")),
            _ = tokio::signal::ctrl_c() => Ok(()),
        }
    })
}

/// The records of the last time. One that is damaged stops everything: without it a fork would be cosigned.
fn restored(witness: &Witness, folder: &Path) -> Result<Records, (String, String)> {
    let failed = |error: io::Error| {
        told(format!("`{}`: {error}", folder.display()), "look at the folder of the witness")
    };
    let mut records = Records::default();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.ends_with(".new") {
            continue;
        }
        let note = fs::read_to_string(&path).map_err(failed)?;
        witness.restore(&mut records, &name, &note).map_err(|error| told(&error, error.hint()))?;
    }
    Ok(records)
}

async fn answer(State(running): State<Arc<Running>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, REQUEST_MAX).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let (method, path) = (parts.method.to_string(), parts.uri.path().to_owned());
    let answered = tokio::task::spawn_blocking(move || running.answer(&method, &path, &body)).await;
    answered.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

impl Running {
    fn answer(&self, method: &str, path: &str, body: &Bytes) -> Response {
        let Ok(mut records) = self.records.lock() else {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        let now = u64::try_from(Timestamp::now().as_second()).unwrap_or(0);
        // What cannot be stored was not seen: the records stay as they were.
        let mut next = records.clone();
        let answer = self.witness.answer(&mut next, method, path, body, now);
        if let Some((name, note)) = &answer.store
            && let Err(error) = stored(&self.folder, name, note)
        {
            printer::warning(&format!("nothing was cosigned: `{}`: {error}", self.folder.display()));
            return StatusCode::INSUFFICIENT_STORAGE.into_response();
        }
        *records = next;
        let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, [(CONTENT_TYPE, answer.content_type)], answer.body).into_response()
    }
}

/// Written beside, synced, put in its place, and the folder synced.
fn stored(folder: &Path, name: &str, note: &str) -> io::Result<()> {
    let new = folder.join(format!("{name}.new"));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&new)?;
    file.write_all(note.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, folder.join(name))?;
    File::open(folder)?.sync_all()
}
