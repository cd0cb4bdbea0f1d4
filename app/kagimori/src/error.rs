//! What makes a command fail, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use kagimori_terminal::printer::Unprinted;

/// Why a command failed as a whole. Damage inside the data is not here: it is reported beside the result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AppError {
    /// Nobody reads our output any more (`kagimori … | head`).
    #[error("the reader of the output went away")]
    BrokenPipe,
    /// A file or folder could not be read.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// What was to be read.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file or folder could not be written.
    #[error("cannot write `{path}`: {source}")]
    Write {
        /// What was to be written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The directory holds nothing to review.
    #[error("found nothing to review in `{0}`")]
    NothingToReview(PathBuf),
    /// `kagimori.toml` cannot be used.
    #[error("`{path}`: {source}")]
    Settings {
        /// The settings file.
        path: PathBuf,
        /// What is wrong with it.
        source: kagimori_plan::settings::SettingsError,
    },
    /// No principal of the estate has this name or ARN.
    #[error("there is no user or role `{0}` in this directory")]
    UnknownPrincipal(String),
    /// Several principals have this name.
    #[error("`{name}` is the name of several principals: {}", found.join(", "))]
    AmbiguousPrincipal {
        /// What was asked for.
        name: String,
        /// The ARNs of those who have it.
        found: Vec<String>,
    },
    /// Something on the command line means nothing.
    #[error("{message}")]
    Argument {
        /// What is wrong.
        message: String,
        /// What to write instead.
        hint: String,
    },
    /// A policy file holds no policy.
    #[error("`{path}` holds no policy: {message}")]
    PolicyFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// There are no scenario files.
    #[error("found no scenario file (`.json`) in `{0}`")]
    NoCases(PathBuf),
    /// The lake could not be written or read.
    #[error(transparent)]
    Lake(#[from] kagimori_lake::LakeError),
    /// There is neither a lake nor a trail.
    #[error("there is no trail in `{0}`: neither `lake/` nor `trail/`")]
    NoTrail(PathBuf),
    /// There is no lake.
    #[error("there is no lake in `{0}`, and SQL is asked of a lake")]
    NoLake(PathBuf),
    /// AWS could not be asked at all.
    #[error("{message}")]
    Aws {
        /// What happened.
        message: String,
        /// What to do.
        hint: String,
    },
    /// Whoever answers as AWS names no account.
    #[error("GetCallerIdentity answers with the account `{0}`, which is no 12 digits")]
    NoAccount(String),
    /// Whoever answers as AWS names something by which no file may be called.
    #[error("an answer names `{0}`, and no file may be called so")]
    NoName(String),
    /// A plan cannot be used.
    #[error("the plan `{path}` cannot be used: {source}")]
    Plan {
        /// Its file.
        path: PathBuf,
        /// Why.
        source: kagimori_plan::plan::PlanError,
    },
    /// The journal cannot be read or written.
    #[error(transparent)]
    Journal(#[from] kagimori_journal::JournalError),
    /// What stands in the journal cannot be understood.
    #[error(transparent)]
    History(#[from] kagimori_plan::apply::HistoryError),
    /// What stands in the journal of retirements cannot be understood.
    #[error(transparent)]
    Book(#[from] kagimori_retire::BookError),
    /// A result could not be put into JSON.
    #[error("cannot write the result as JSON: {0}")]
    Encode(serde_json::Error),
    /// No check has this id.
    #[error("there is no check `{id}`")]
    UnknownCheck {
        /// What was asked for.
        id: String,
        /// The id that was probably meant.
        nearest: Option<&'static str>,
    },
}

/// Whether nobody reads any more; the csv writer wraps what it was told.
fn is_broken_pipe(error: &io::Error) -> bool {
    let wrapped = error.get_ref().and_then(|error| error.downcast_ref::<csv::Error>());
    let kind = match wrapped.map(csv::Error::kind) {
        Some(csv::ErrorKind::Io(inner)) => inner.kind(),
        _ => error.kind(),
    };
    kind == io::ErrorKind::BrokenPipe
}

impl From<Unprinted> for AppError {
    fn from(Unprinted(source): Unprinted) -> Self {
        Self::write(Path::new("standard output"), source)
    }
}

impl From<kagimori_aws::CredentialsError> for AppError {
    fn from(error: kagimori_aws::CredentialsError) -> Self {
        Self::Aws { message: error.message, hint: error.hint }
    }
}

impl From<kagimori_aws::CallError> for AppError {
    fn from(error: kagimori_aws::CallError) -> Self {
        Self::Aws { message: error.to_string(), hint: error.hint() }
    }
}

impl AppError {
    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read { path: path.to_owned(), source }
    }

    pub(crate) fn write(path: &Path, source: io::Error) -> Self {
        if is_broken_pipe(&source) {
            return Self::BrokenPipe;
        }
        Self::Write { path: path.to_owned(), source }
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::BrokenPipe => String::new(),
            Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "check the path; `kagimori review --help` shows what the directory may hold".to_owned()
            }
            Self::Read { source, .. } if source.kind() == io::ErrorKind::IsADirectory => "name a file of it".to_owned(),
            Self::Read { source, .. } if source.kind() == io::ErrorKind::NotADirectory => "name a directory".to_owned(),
            Self::Read { source, .. } if source.kind() == io::ErrorKind::InvalidData => {
                "save it as UTF-8, as the AWS CLI writes it".to_owned()
            }
            Self::Read { .. } => "check that you may read it (`ls -ld`)".to_owned(),
            Self::Write { source, .. }
                if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) =>
            {
                "the disk is full: make room or choose another place, and run it again; what was there before is as it was"
                    .to_owned()
            }
            Self::Write { source, .. } if source.kind() == io::ErrorKind::AlreadyExists => {
                "name a file (of a link, the one that it leads to); without `--out` a result goes to standard output"
                    .to_owned()
            }
            Self::Write { source, .. } if source.kind() == io::ErrorKind::InvalidFilename => {
                "give it a shorter name: file systems have room for 255 bytes, and files beside a page have its name and some more letters"
                    .to_owned()
            }
            Self::Write { .. } => {
                "check that you may write there and that the disk is not full, or choose another place"
                    .to_owned()
            }
            Self::NothingToReview(_) => "put there what the AWS CLI writes, for instance `aws iam \
                 get-account-authorization-details > authorization-details.json`, or try `kagimori review \
                 examples/shiosai`"
                .to_owned(),
            Self::Settings { source, .. } => source.hint(),
            Self::UnknownPrincipal(_) => "give the ARN of a user or role that the snapshots hold, or its account and name: `444455556666/NAME`".to_owned(),
            Self::AmbiguousPrincipal { .. } => "give the ARN of the one you mean".to_owned(),
            Self::Argument { hint, .. } | Self::Aws { hint, .. } => hint.clone(),
            Self::NoAccount(_) | Self::NoName(_) => {
                "nothing was written: look where `AWS_ENDPOINT_URL` and the proxy lead".to_owned()
            }
            Self::Plan { source, .. } => source.hint().to_owned(),
            Self::Journal(error) => error.hint().to_owned(),
            Self::History(error) => error.hint().to_owned(),
            Self::Book(error) => error.hint().to_owned(),
            Self::PolicyFile { .. } => "a policy file is the JSON document itself, or AWS's `{\"Policy\": \"…\"}`".to_owned(),
            Self::NoCases(_) => "a scenario file is a JSON array of cases; docs/scenarios.md shows one".to_owned(),
            Self::Lake(error) => error.hint(),
            Self::NoTrail(_) => "fetch the CloudTrail files into `trail/`: `aws s3 sync s3://BUCKET/AWSLogs/ DIR/trail/AWSLogs/`, \
                 then `kagimori ingest --dir DIR`"
                .to_owned(),
            Self::NoLake(_) => "`kagimori ingest --dir DIR` makes it out of the CloudTrail files in `DIR/trail/`".to_owned(),
            Self::Encode(_) => "this is a defect: please report it with the input".to_owned(),
            Self::UnknownCheck { nearest: Some(nearest), .. } => {
                format!("did you mean `{nearest}`? `kagimori checks` lists them all")
            }
            Self::UnknownCheck { nearest: None, .. } => "`kagimori checks` lists them all".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_too_long_is_not_told_to_look_at_the_disk() {
        let hint = AppError::write(Path::new("page.html"), io::ErrorKind::InvalidFilename.into()).hint();
        assert!(hint.contains("shorter") && !hint.contains("disk"), "{hint}");
    }

    #[test]
    fn a_reader_that_went_away_is_seen_through_the_csv_writer() {
        let pipe = || io::Error::from(io::ErrorKind::BrokenPipe);
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let write = |error| AppError::write(Path::new("standard output"), error);
        assert!(matches!(write(pipe()), AppError::BrokenPipe));
        assert!(matches!(write(csv::Error::from(pipe()).into()), AppError::BrokenPipe));
        assert!(matches!(write(csv::Error::from(full).into()), AppError::Write { .. }));
    }
}
