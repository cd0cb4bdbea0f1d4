//! Trail files in S3: listing, and fetching several at once.
//!
//! Credentials, Region and address are the caller's ([`S3`]); where he says nothing, those of the environment, as
//! [`AmazonS3Builder::from_env`] finds them.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use object_store::aws::{AmazonS3, AmazonS3Builder, AwsCredential};
use object_store::path::Path;
use object_store::{CredentialProvider, ObjectMeta, ObjectStore, ObjectStoreExt};
use tokio::runtime::{Builder, Runtime};

use crate::error::LakeError;
use crate::files::{Listing, TrailFile};
use crate::remote::S3;

/// Requests that are under way at a time.
const REQUESTS: usize = 32;

/// The buckets that were named.
pub(crate) struct Buckets {
    runtime: Runtime,
    s3: Option<S3>,
    stores: Vec<(String, Arc<AmazonS3>)>,
}

impl std::fmt::Debug for Buckets {
    /// Their names; what they are opened with is not for logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.stores.iter().map(|(bucket, _)| bucket)).finish()
    }
}

/// `s3://BUCKET/PREFIX` in its parts.
fn split(location: &str) -> Option<(&str, &str)> {
    let rest = location.strip_prefix("s3://")?;
    Some(rest.split_once('/').unwrap_or((rest, ""))).filter(|(bucket, _)| !bucket.is_empty())
}

fn failed(location: &str, error: &object_store::Error) -> LakeError {
    LakeError::Source {
        message: format!("`{location}` cannot be read: {error}"),
        hint: "check the bucket, its Region (`AWS_REGION`) and the credentials (`AWS_PROFILE`); s3:ListBucket and s3:GetObject are needed"
            .to_owned(),
    }
}

impl Buckets {
    pub(crate) fn new(s3: Option<S3>) -> Result<Self, LakeError> {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
        Ok(Self { runtime: runtime.map_err(LakeError::defect)?, s3, stores: Vec::new() })
    }

    fn open(&mut self, bucket: &str, location: &str) -> Result<Arc<AmazonS3>, LakeError> {
        if let Some((_, store)) = self.stores.iter().find(|(known, _)| known == bucket) {
            return Ok(Arc::clone(store));
        }
        let store = self.builder().with_bucket_name(bucket).build();
        let store = Arc::new(store.map_err(|error| failed(location, &error))?);
        self.stores.push((bucket.to_owned(), Arc::clone(&store)));
        Ok(store)
    }

    fn builder(&self) -> AmazonS3Builder {
        let Some(s3) = &self.s3 else { return AmazonS3Builder::from_env() };
        let mut builder = AmazonS3Builder::new().with_credentials(Arc::new(Signer(s3.clone())));
        if let Some(region) = &s3.region {
            builder = builder.with_region(region);
        }
        if let Some(endpoint) = &s3.endpoint {
            builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
        }
        builder
    }

    /// Adds the files below `s3://BUCKET/PREFIX` to a listing: folder by folder, several at once, so that accounts, regions
    /// and days are found without a list of them.
    pub(crate) fn list(&mut self, location: &str, listing: &mut Listing) -> Result<(), LakeError> {
        let wrong = || LakeError::Source {
            message: format!("`{location}` names no bucket"),
            hint: "write `s3://BUCKET/PREFIX/`".to_owned(),
        };
        let (bucket, prefix) = split(location).ok_or_else(wrong)?;
        let store = self.open(bucket, location)?;
        let mut folders = vec![Path::from(prefix)];
        while !folders.is_empty() {
            let answers = stream::iter(folders.drain(..))
                .map(|folder| {
                    let store = Arc::clone(&store);
                    async move { store.list_with_delimiter(Some(&folder)).await }
                })
                .buffer_unordered(REQUESTS)
                .try_collect::<Vec<_>>();
            for answer in self.runtime.block_on(answers).map_err(|error| failed(location, &error))? {
                answer.objects.iter().for_each(|object| listing.add(trail_file(bucket, object)));
                folders.extend(answer.common_prefixes);
            }
        }
        Ok(())
    }

    /// Fetches files, several at once, in order.
    pub(crate) fn fetch(&self, files: &[TrailFile]) -> Vec<std::io::Result<Bytes>> {
        let gets = stream::iter(files.to_vec()).map(|file| {
            let location = file.path.to_string_lossy().into_owned();
            let store = split(&location).and_then(|(bucket, key)| {
                let (_, store) = self.stores.iter().find(|(known, _)| known == bucket)?;
                Some((Arc::clone(store), Path::from(key)))
            });
            async move {
                let (store, key) = store.ok_or_else(|| std::io::Error::other("its bucket was not opened"))?;
                let answer = store.get(&key).await.map_err(std::io::Error::other)?;
                answer.bytes().await.map_err(std::io::Error::other)
            }
        });
        self.runtime.block_on(gets.buffered(REQUESTS).collect())
    }

    /// Opens the buckets of files of a plan that was cut off.
    pub(crate) fn open_all<'f>(
        &mut self,
        files: impl Iterator<Item = &'f TrailFile>,
    ) -> Result<(), LakeError> {
        for file in files {
            let location = file.path.to_string_lossy().into_owned();
            if let Some((bucket, _)) = split(&location) {
                self.open(bucket, &location)?;
            }
        }
        Ok(())
    }
}

/// The caller's credentials, asked for before each request: they may end while a trail is read.
#[derive(Debug)]
struct Signer(S3);

impl CredentialProvider for Signer {
    type Credential = AwsCredential;

    fn get_credential<'s, 'f>(&'s self) -> Pin<Box<dyn Future<Output = Held> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        Box::pin(std::future::ready(self.credential()))
    }
}

type Held = object_store::Result<Arc<AwsCredential>>;

impl Signer {
    fn credential(&self) -> Held {
        let held = (self.0.credentials)()
            .map_err(|message| object_store::Error::Generic { store: "S3", source: message.into() })?;
        Ok(Arc::new(AwsCredential {
            key_id: held.access_key_id,
            secret_key: held.secret_access_key.to_string(),
            token: held.session_token.map(|token| token.to_string()),
        }))
    }
}

fn trail_file(bucket: &str, object: &ObjectMeta) -> TrailFile {
    let name = format!("s3://{bucket}/{}", object.location);
    let version = object.e_tag.clone().unwrap_or_else(|| object.last_modified.to_rfc3339());
    TrailFile { path: PathBuf::from(&name), name, bytes: object.size, version }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations() {
        assert_eq!(split("s3://logs/AWSLogs/o-1/"), Some(("logs", "AWSLogs/o-1/")));
        assert_eq!(split("s3://logs"), Some(("logs", "")));
        assert_eq!(split("s3:///x"), None);
        assert_eq!(split("logs/x"), None);
    }
}
