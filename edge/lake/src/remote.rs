//! Files that are not on this disk, with the feature `s3`; without it, an error that says how to get them.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::error::LakeError;
use crate::files::{Content, Listing, TrailFile, is_remote};
#[cfg(feature = "s3")]
use crate::s3::Buckets;

/// Files that are fetched together: so many, and so many bytes.
const WINDOW_FILES: usize = 64;
const WINDOW_BYTES: u64 = 24 << 20;

/// Who reads from S3, and where it is: found by whoever knows how credentials are found.
#[derive(Clone)]
#[expect(clippy::exhaustive_structs, reason = "made by callers")]
pub struct S3 {
    /// The Region of the buckets.
    pub region: Option<String>,
    /// The address that was set in place of AWS's own.
    pub endpoint: Option<String>,
    /// What signs a request now; asked again before each.
    pub credentials: Arc<dyn Fn() -> Result<S3Credentials, String> + Send + Sync>,
}

/// What signs a request.
#[expect(clippy::exhaustive_structs, reason = "made by callers")]
pub struct S3Credentials {
    /// The id of the key.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: Zeroizing<String>,
    /// The token of a session.
    pub session_token: Option<Zeroizing<String>>,
}

impl fmt::Debug for S3Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3")
            .field("region", &self.region)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

/// Where files that are not on this disk come from.
#[derive(Debug, Default)]
pub(crate) struct Remote {
    #[cfg(feature = "s3")]
    buckets: Option<Buckets>,
    #[cfg(feature = "s3")]
    s3: Option<S3>,
}

impl Remote {
    #[cfg(feature = "s3")]
    pub(crate) fn of(s3: Option<&S3>) -> Self {
        Self { buckets: None, s3: s3.cloned() }
    }

    #[cfg(not(feature = "s3"))]
    pub(crate) fn of(_: Option<&S3>) -> Self {
        Self::default()
    }

    /// Adds the files of a source to a listing.
    #[cfg(feature = "s3")]
    pub(crate) fn list(&mut self, source: &str, listing: &mut Listing) -> Result<(), LakeError> {
        self.buckets()?.list(source, listing)
    }

    #[cfg(not(feature = "s3"))]
    pub(crate) fn list(&mut self, source: &str, _: &mut Listing) -> Result<(), LakeError> {
        let source = source.trim_end_matches('/');
        Err(LakeError::Source {
            message: format!("`{source}` is in S3, and this build reads files on disk"),
            hint: format!(
                "`aws s3 sync {source}/ DIR/trail/`, then `kagimori ingest --dir DIR`; or build it with `--features s3`"
            ),
        })
    }

    #[cfg(feature = "s3")]
    fn buckets(&mut self) -> Result<&mut Buckets, LakeError> {
        if self.buckets.is_none() {
            self.buckets = Some(Buckets::new(self.s3.clone())?);
        }
        self.buckets.as_mut().ok_or_else(|| LakeError::defect("no buckets"))
    }

    /// Makes ready for the files of plans that were cut off.
    pub(crate) fn open_all<'f>(
        &mut self,
        files: impl Iterator<Item = &'f TrailFile>,
    ) -> Result<(), LakeError> {
        let remote: Vec<&TrailFile> = files.filter(|file| file.is_remote()).collect();
        if remote.is_empty() {
            return Ok(());
        }
        #[cfg(feature = "s3")]
        self.buckets()?.open_all(remote.into_iter())?;
        Ok(())
    }

    /// The contents of files, in order: from disk as they are, from elsewhere a window of them.
    pub(crate) fn contents<'f>(&self, files: &'f [TrailFile]) -> Vec<Content<'f>> {
        #[cfg(feature = "s3")]
        if let (Some(buckets), true) = (&self.buckets, files.iter().all(TrailFile::is_remote)) {
            return buckets.fetch(files).into_iter().map(Content::Fetched).collect();
        }
        files.iter().map(|file| Content::Disk(&file.path)).collect()
    }
}

/// Files in windows that are fetched together. Files on disk are not fetched, so there a window costs nothing.
pub(crate) fn windows(files: &[TrailFile]) -> Vec<&[TrailFile]> {
    let mut bytes = 0;
    let mut count = 0;
    let mut remote = None;
    files
        .chunk_by(|_, next| {
            bytes += next.bytes;
            count += 1;
            let goes_on =
                count < WINDOW_FILES && bytes <= WINDOW_BYTES && remote.is_none_or(|r| r == next.is_remote());
            if !goes_on {
                (bytes, count) = (next.bytes, 0);
            }
            remote = Some(next.is_remote());
            goes_on
        })
        .collect()
}

/// Sources on this disk, and elsewhere.
pub(crate) fn parted(sources: &[PathBuf]) -> (Vec<&PathBuf>, Vec<String>) {
    let text = |source: &PathBuf| source.to_str().filter(|text| is_remote(text)).map(str::to_owned);
    let (remote, local): (Vec<&PathBuf>, Vec<&PathBuf>) =
        sources.iter().partition(|source| text(source).is_some());
    (local, remote.into_iter().filter_map(text).collect())
}
