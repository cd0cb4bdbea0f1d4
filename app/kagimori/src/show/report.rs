//! What a review looks like: renderers from values to text. Nothing is decided here.

mod charts;
mod controls;
pub(crate) mod csv;
mod html;
pub(crate) mod json;
mod ocsf;
mod sarif;
pub(crate) mod terminal;

pub(crate) use self::charts::sources::Sources;

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use kagimori_estate::Estate;
use kagimori_id::AccountId;
use kagimori_lake::private::Edition;
use kagimori_plan::review::compared::{Compared, Earlier};
use kagimori_plan::{Review, Settings};
use kagimori_trail::Usage;
use rayon::prelude::*;

/// All that a report is made from.
pub(crate) struct ReportInput<'a> {
    pub(crate) review: &'a Review,
    pub(crate) estate: &'a Estate,
    pub(crate) usage: Option<&'a Usage>,
    pub(crate) settings: &'a Settings,
    /// What became of the findings of an earlier review, when one was named.
    pub(crate) compared: Option<&'a Comparison>,
    /// What a scan of sources found, when its answer was named.
    pub(crate) sources: Option<&'a Sources>,
}

/// An earlier review beside this one.
pub(crate) struct Comparison {
    /// Where it was read from.
    pub(crate) path: PathBuf,
    /// The instant it speaks of.
    pub(crate) now: Timestamp,
    /// Its findings.
    pub(crate) earlier: Vec<Earlier>,
    /// What became of them.
    pub(crate) compared: Compared,
}

impl ReportInput<'_> {
    /// The account's name, as the review found it.
    pub(crate) fn account_name(&self, id: AccountId) -> Option<&str> {
        self.review.accounts.iter().find(|row| row.id == id).and_then(|row| row.name.as_deref())
    }
}

/// The page that speaks of all files of a report.
pub(crate) const PAGE: &str = "index.html";

/// Writes every format into a folder. `bom`: begin the CSV files with a byte order mark, for Japanese Excel; `room`: so many bytes of
/// lists stand in the page itself.
pub(crate) fn write_all(folder: &Path, input: &ReportInput<'_>, bom: bool, room: usize) -> io::Result<()> {
    let edition = Edition::begin(folder)?;
    // Each is a long file of its own: the longest first, so that nobody waits for one at the end.
    let files: [&(dyn Fn() -> io::Result<()> + Sync); 6] = [
        &|| html::write(input, &edition, room),
        &|| edition.write("findings.json", |out| json::write(input, out)),
        &|| edition.write("findings.ocsf.json", |out| ocsf::write(input, out)),
        &|| edition.write("findings.csv", |out| csv::findings(input, bom, out)),
        &|| edition.write("findings.sarif", |out| sarif::write(input, out)),
        &|| {
            edition.write("controls.csv", |out| controls::csv(input, bom, out))?;
            edition.write("credentials.csv", |out| csv::credentials(input, bom, out))
        },
    ];
    files.par_iter().with_max_len(1).try_for_each(|write| write())?;
    edition.publish_with_page(PAGE)
}
