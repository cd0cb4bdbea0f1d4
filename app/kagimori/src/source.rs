//! Where events come from: the lake when there is one, else the trail's files; the same answers from both.

use std::path::{Path, PathBuf};

use kagimori_lake::{
    CallReading, Lake, Names, RootReading, TrailReading, Unread, read_calls, read_roots, read_trail,
    read_trail_with_history,
};
use kagimori_terminal::printer;
use kagimori_trail::call::Call;
use kagimori_trail::history;
use kagimori_trail::selection::Selection;

use crate::directory::Directory;
use crate::error::AppError;
use crate::progress;

/// Says what of the trail a lake does not hold.
fn tell_unread(unread: Unread) {
    match unread.new {
        0 => {}
        1 => printer::warning(
            "1 file of `trail/` is not in the lake, and is left out: `kagimori ingest` reads it",
        ),
        new => printer::warning(&format!(
            "{new} files of `trail/` are not in the lake, and are left out: `kagimori ingest` reads them"
        )),
    }
    match unread.nameless {
        0 => {}
        1 => printer::warning(
            "the name of 1 file of `trail/` is not UTF-8, and it is left out: give it another, and run `kagimori ingest`",
        ),
        nameless => printer::warning(&format!(
            "the names of {nameless} files of `trail/` are not UTF-8, and they are left out: give them others, and run `kagimori ingest`"
        )),
    }
}

/// Where events come from.
pub(crate) enum Source {
    Lake(Lake),
    /// The folder (or file) of CloudTrail files.
    Files(PathBuf),
}

impl Source {
    /// The lake of a directory, else its trail; `given` before both.
    pub(crate) fn find(directory: &Directory, given: Option<&Path>) -> Result<Option<Self>, AppError> {
        if let Some(folder) = given {
            std::fs::metadata(folder).map_err(|source| AppError::read(folder, source))?;
            return Ok(Some(Self::Files(folder.to_owned())));
        }
        let lake = directory.lake.as_deref().map(Lake::open).transpose()?.flatten();
        let Some(lake) = lake else { return Ok(directory.trail.clone().map(Self::Files)) };
        if lake.is_unfinished() {
            printer::warning("the last ingest was cut off: `kagimori ingest` completes the lake");
        } else if let Some(trail) = &directory.trail {
            tell_unread(lake.unread(trail, &directory.root)?);
        }
        Ok(Some(Self::Lake(lake)))
    }

    /// The folder (or file) of the trail's files, where these are read.
    pub(crate) fn folder(&self) -> Option<&Path> {
        match self {
            Self::Lake(_) => None,
            Self::Files(folder) => Some(folder),
        }
    }

    /// `lake` or `files`.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Lake(_) => "lake",
            Self::Files(_) => "files",
        }
    }

    /// How many events a lake holds; of files nobody knows beforehand.
    pub(crate) fn held(&self) -> Option<usize> {
        match self {
            Self::Lake(lake) => usize::try_from(lake.counts().events).ok(),
            Self::Files(_) => None,
        }
    }

    /// The usage of the events that a question is about.
    pub(crate) fn usage(
        &self,
        directory: &Directory,
        selection: &Selection,
    ) -> Result<TrailReading, AppError> {
        match self {
            Self::Lake(lake) => Ok(TrailReading {
                usage: lake.usage(selection)?,
                coverage: lake.coverage_of(selection),
                problems: lake.problems()?,
            }),
            Self::Files(folder) => {
                let bar = progress::Bar::new("reading CloudTrail");
                Ok(read_trail(folder, &directory.root, selection, &|step| bar.step(step)))
            }
        }
    }

    /// The same, with the history of the whole trail in [`Usage::history`](kagimori_trail::Usage::history). Files are read once for
    /// both.
    pub(crate) fn usage_with_history(
        &self,
        directory: &Directory,
        selection: &Selection,
    ) -> Result<TrailReading, AppError> {
        let mut reading = match self {
            Self::Lake(lake) => {
                let mut reading = self.usage(directory, selection)?;
                reading.usage.history = Some(lake.history(&Selection::default())?);
                reading
            }
            Self::Files(folder) => {
                let bar = progress::Bar::new("reading CloudTrail");
                read_trail_with_history(folder, &directory.root, selection, &|step| bar.step(step))
            }
        };
        if let Some(history) = &mut reading.usage.history {
            kagimori_lake::unread::tell(&mut history.sight, &reading.problems);
        }
        Ok(reading)
    }

    /// The history of a window alone.
    pub(crate) fn history(
        &self,
        directory: &Directory,
        selection: &Selection,
    ) -> Result<history::Seen, AppError> {
        match self {
            Self::Lake(lake) => {
                let mut seen = lake.history(selection)?;
                kagimori_lake::unread::tell(&mut seen.sight, &lake.problems()?);
                Ok(seen)
            }
            Self::Files(_) => {
                let reading = self.calls(directory, selection, history::Seen::default, history::Seen::add)?;
                let mut seen = history::Seen::merged(reading.states);
                kagimori_lake::unread::tell(&mut seen.sight, &reading.problems);
                Ok(seen)
            }
        }
    }

    /// What the whole trail tells of roots.
    pub(crate) fn roots(&self, directory: &Directory) -> Result<RootReading, AppError> {
        match self {
            Self::Lake(lake) => Ok(lake.roots()?),
            Self::Files(folder) => {
                let bar = progress::Bar::new("reading CloudTrail");
                Ok(read_roots(folder, &directory.root, &|step| bar.step(step)))
            }
        }
    }

    /// Who was seen in the whole trail, and when.
    pub(crate) fn names(&self, directory: &Directory) -> Result<Names, AppError> {
        match self {
            Self::Lake(lake) => Ok(lake.names()?),
            Self::Files(_) => Ok(Names::of(&self.usage(directory, &Selection::default())?.usage)),
        }
    }

    /// Hands every call that a question is about to `each`, several threads at once, each with a state that `make` made.
    pub(crate) fn calls<T: Send>(
        &self,
        directory: &Directory,
        selection: &Selection,
        make: impl Fn() -> T + Sync + Send,
        each: impl Fn(&mut T, &Call) + Sync + Send,
    ) -> Result<CallReading<T>, AppError> {
        match self {
            Self::Lake(lake) => {
                Ok(CallReading { states: lake.calls(selection, make, each)?, problems: lake.problems()? })
            }
            Self::Files(folder) => {
                let bar = progress::Bar::new("reading CloudTrail");
                let is_all = selection.is_all();
                let wanted = |state: &mut T, call: &Call| {
                    if is_all || selection.wants_call(call) {
                        each(state, call);
                    }
                };
                Ok(read_calls(folder, &directory.root, &|step| bar.step(step), make, wanted))
            }
        }
    }
}
