//! Where snapshots and logs lie for good: the data folder, another folder, or a bucket of S3 or of what speaks like it.
//!
//! A blob never changes once it is there. Elsewhere than in the data folder, what is read comes through the data folder,
//! where a copy stays; such a copy can be thrown away at any time. Names are the same everywhere:
//! `snapshots/CONNECTOR/SYNC.c1z` and `logs/CONNECTOR/SYNC.ndjson`.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures_util::TryStreamExt;
use object_store::{
    ClientOptions, ObjectStore, ObjectStoreExt, RetryConfig,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    buffered::BufWriter,
    local::LocalFileSystem,
    path::Path as Key,
};
use tokio::io::AsyncWriteExt;
use url::{Host, Url};

use crate::{ConsoleError, private};

/// A request that moves a large snapshot may take so long.
const PATIENCE: Duration = Duration::from_secs(600);
/// What stands still in the middle of one is given up after so long.
const STANDSTILL: Duration = Duration::from_secs(20);
/// What does not answer is asked again for so long.
const RETRIES: Duration = Duration::from_secs(20);

/// What the name of a copy begins with that has not come whole.
pub(crate) const HALF: &str = ".copy-";

/// Snapshots and logs.
pub(crate) struct Blobs {
    store: Arc<dyn ObjectStore>,
    /// What names in the bucket begin with.
    prefix: String,
    /// Blobs lie in the data folder itself.
    here: bool,
    /// The folder that they lie in, if it is one.
    folder: Option<PathBuf>,
    data: PathBuf,
    /// How the last request failed, until one succeeds.
    trouble: Mutex<Option<String>>,
    /// When a copy was last asked for.
    asked: Mutex<HashMap<String, Instant>>,
    /// For people: `s3://bucket/prefix`, or the folder.
    pub(crate) place: String,
}

impl Blobs {
    /// Opens `place` (a folder or `s3://bucket/prefix`; the data folder when absent). Nothing is asked yet.
    pub(crate) fn open(
        place: Option<&str>,
        endpoint: Option<&str>,
        data: &Path,
    ) -> Result<Self, ConsoleError> {
        let place = place.filter(|place| Path::new(place) != data);
        match place {
            Some(text) if text.contains("://") => Self::bucket(text, endpoint, data),
            folder => {
                let root = folder.map_or(data, Path::new);
                private::create_folder(root)?;
                let store = LocalFileSystem::new_with_prefix(root)
                    .map_err(|error| unusable(&root.display().to_string(), &error))?
                    .with_fsync(true);
                Ok(Self {
                    store: Arc::new(store),
                    prefix: String::new(),
                    here: folder.is_none(),
                    folder: Some(root.to_owned()),
                    data: data.to_owned(),
                    asked: Mutex::default(),
                    trouble: Mutex::default(),
                    place: root.display().to_string(),
                })
            }
        }
    }

    /// Whether a place can be used at all; nothing is made.
    pub(crate) fn check(place: Option<&str>, endpoint: Option<&str>) -> Result<(), ConsoleError> {
        match place.filter(|place| place.contains("://")) {
            Some(text) => Self::bucket(text, endpoint, Path::new("")).map(drop),
            None => Ok(()),
        }
    }

    fn bucket(text: &str, endpoint: Option<&str>, data: &Path) -> Result<Self, ConsoleError> {
        let refuse = |why: &str| ConsoleError::BlobPlace(why.to_owned());
        let url = Url::parse(text).map_err(|_| refuse("it cannot be read"))?;
        if url.scheme() != "s3" || url.query().is_some() || !url.username().is_empty() {
            return Err(refuse("it is neither a folder nor s3://BUCKET/PREFIX"));
        }
        let bucket =
            url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| refuse("it names no bucket"))?;
        let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket).with_retry(RetryConfig {
            max_retries: 4,
            retry_timeout: RETRIES,
            ..RetryConfig::default()
        });
        if let Some(endpoint) = endpoint {
            let endpoint = endpoint.trim_end_matches('/');
            builder = builder.with_endpoint(endpoint).with_config(AmazonS3ConfigKey::S3Endpoint, endpoint);
        }
        let endpoint = builder
            .get_config_value(&AmazonS3ConfigKey::S3Endpoint)
            .or_else(|| builder.get_config_value(&AmazonS3ConfigKey::Endpoint));
        let plain = endpoint.as_deref().is_some_and(|endpoint| endpoint.starts_with("http://"));
        let mut client = ClientOptions::new().with_timeout(PATIENCE).with_read_timeout(STANDSTILL);
        if plain {
            let local = endpoint.as_deref().is_some_and(is_loopback);
            let allowed = builder
                .get_config_value(&AmazonS3ConfigKey::Client(object_store::ClientConfigKey::AllowHttp))
                .is_some_and(|word| word == "true" || word == "1");
            if !local && !allowed {
                return Err(refuse(
                    "its endpoint is plain http, which only this machine may be: AWS_ALLOW_HTTP=true allows it",
                ));
            }
            client = client.with_allow_http(true);
        }
        let prefix = url.path().trim_matches('/').to_owned();
        let store = builder.with_client_options(client).build().map_err(|error| unusable(text, &error))?;
        Ok(Self {
            store: Arc::new(store),
            prefix,
            here: false,
            folder: None,
            data: data.to_owned(),
            asked: Mutex::default(),
            trouble: Mutex::default(),
            place: text.trim_end_matches('/').to_owned(),
        })
    }

    /// Whether blobs lie in the data folder itself.
    pub(crate) fn here(&self) -> bool {
        self.here
    }

    fn key(&self, name: &str) -> Key {
        if self.prefix.is_empty() { Key::from(name) } else { Key::from(format!("{}/{name}", self.prefix)) }
    }

    /// Where a blob lies, or its copy will, in the data folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.data.join(name)
    }

    /// Keeps what lies at the blob's place in the data folder.
    pub(crate) async fn put(&self, name: &str) -> Result<(), ConsoleError> {
        if self.here {
            return Ok(());
        }
        let path = self.path(name);
        self.make_room(name)?;
        let mut file = tokio::fs::File::open(&path).await.map_err(ConsoleError::file("read", &path))?;
        let mut writer = BufWriter::new(Arc::clone(&self.store), self.key(name));
        let copied = match tokio::io::copy(&mut file, &mut writer).await {
            Ok(_) => writer.shutdown().await,
            Err(error) => {
                let _ = writer.abort().await;
                Err(error)
            }
        };
        copied.map_err(|error| self.failed("put", name, &error))?;
        self.close(name)?;
        self.well(());
        Ok(())
    }

    /// Keeps a short text.
    pub(crate) async fn put_text(&self, name: &str, text: &str) -> Result<(), ConsoleError> {
        self.make_room(name)?;
        let put = self.store.put(&self.key(name), text.as_bytes().to_vec().into()).await;
        put.map_err(|error| self.failed("put", name, &error))?;
        self.close(name)?;
        self.well(());
        Ok(())
    }

    /// Makes the folders of a blob, where it is a file, for their owner only.
    fn make_room(&self, name: &str) -> Result<(), ConsoleError> {
        let path = self.folder.as_ref().map(|folder| folder.join(name));
        path.as_deref().and_then(Path::parent).map_or(Ok(()), private::create_folder)
    }

    /// Makes a blob that is a file readable by its owner only.
    fn close(&self, name: &str) -> Result<(), ConsoleError> {
        self.folder.as_ref().map_or(Ok(()), |folder| private::close(&folder.join(name)))
    }

    /// The folder outside of the data folder that blobs lie in.
    pub(crate) fn other_folder(&self) -> Option<&Path> {
        self.folder.as_deref().filter(|_| !self.here)
    }

    /// A blob as a file that nobody changes: where it lies, or a copy of it.
    pub(crate) async fn fetch(&self, name: &str) -> Result<PathBuf, ConsoleError> {
        let path = self.path(name);
        if !self.here {
            // Before it is looked for: whoever trims copies sees that this one is wanted.
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            asked.insert(name.to_owned(), Instant::now());
        }
        if tokio::fs::try_exists(&path).await.unwrap_or(false) {
            return Ok(path);
        }
        if self.here {
            return Err(self.missing(name));
        }
        let found = self.store.get(&self.key(name)).await.map_err(|error| self.not_got(name, &error))?;
        let size = found.meta.size;
        let folder = path.parent().unwrap_or(&self.data).to_path_buf();
        private::create_folder(&folder)?;
        let copy = tempfile::Builder::new()
            .prefix(HALF)
            .tempfile_in(&folder)
            .map_err(ConsoleError::file("write into", &folder))?;
        let mut file = tokio::fs::File::from_std(copy.reopen().map_err(ConsoleError::file("write", &path))?);
        let mut stream = found.into_stream();
        let mut got = 0;
        while let Some(bytes) = stream.try_next().await.map_err(|error| self.failed("get", name, &error))? {
            got += bytes.len() as u64;
            file.write_all(&bytes).await.map_err(ConsoleError::file("write", &path))?;
        }
        if got != size {
            return Err(self.failed("get", name, &format!("{got} of {size} bytes came")));
        }
        file.sync_all().await.map_err(ConsoleError::file("write", &path))?;
        copy.persist(&path).map_err(|error| ConsoleError::file("write", &path)(error.error))?;
        Ok(self.well(path))
    }

    /// Whether a copy was asked for a moment ago.
    pub(crate) fn asked_within(&self, name: &str, time: Duration) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.retain(|_, at| at.elapsed() < time);
        asked.contains_key(name)
    }

    /// A short blob as text; nothing where it is not there.
    pub(crate) async fn text(&self, name: &str) -> Result<Option<String>, ConsoleError> {
        let found = match self.store.get(&self.key(name)).await {
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            found => found.map_err(|error| self.not_got(name, &error))?,
        };
        let bytes = found.bytes().await.map_err(|error| self.failed("get", name, &error))?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Removes a blob and its copy; one that is not there is no failure.
    pub(crate) async fn delete(&self, name: &str) -> Result<(), ConsoleError> {
        let path = self.path(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(ConsoleError::file("remove", path)(error));
            }
            _ => {}
        }
        if self.here {
            return Ok(());
        }
        match self.store.delete(&self.key(name)).await {
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            done => done.map_err(|error| self.failed("remove", name, &error)),
        }
    }

    /// Names of the blobs in a folder and below, sorted.
    pub(crate) async fn list(&self, folder: &str) -> Result<Vec<String>, ConsoleError> {
        let under = self.key(folder);
        let skip = if self.prefix.is_empty() { 0 } else { self.prefix.len() + 1 };
        let found: Vec<_> = self
            .store
            .list(Some(&under))
            .try_collect()
            .await
            .map_err(|error| self.failed("list", folder, &error))?;
        let mut names: Vec<String> =
            found.iter().filter_map(|blob| blob.location.as_ref().get(skip..)).map(str::to_owned).collect();
        names.sort();
        Ok(self.well(names))
    }

    /// Whether blobs can be written, read and removed.
    pub(crate) async fn probe(&self) -> Result<(), ConsoleError> {
        const NAME: &str = ".probe";
        let text = crate::fresh::id("prb")?;
        self.put_text(NAME, &text).await?;
        let read = self.text(NAME).await?;
        self.delete(NAME).await?;
        if read.as_ref() == Some(&text) { Ok(()) } else { Err(self.missing(NAME)) }
    }

    fn failed(&self, action: &'static str, name: &str, why: &dyn std::fmt::Display) -> ConsoleError {
        let error = ConsoleError::Blob {
            action,
            name: name.to_owned(),
            place: self.place.clone(),
            reason: why.to_string(),
        };
        // In words that name nobody's snapshot: probes need no session.
        let text = format!("the place of snapshots and logs fails ({action})");
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
        error
    }

    /// It answered.
    fn well<T>(&self, got: T) -> T {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = None;
        got
    }

    /// What went wrong there last, unless something went well since.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn missing(&self, name: &str) -> ConsoleError {
        ConsoleError::BlobMissing { name: name.to_owned(), place: self.place.clone() }
    }

    fn not_got(&self, name: &str, error: &object_store::Error) -> ConsoleError {
        match error {
            object_store::Error::NotFound { .. } => self.missing(name),
            other => self.failed("get", name, other),
        }
    }
}

fn unusable(place: &str, error: &object_store::Error) -> ConsoleError {
    ConsoleError::BlobPlace(format!("{place}: {error}"))
}

fn is_loopback(endpoint: &str) -> bool {
    Url::parse(endpoint).is_ok_and(|url| match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    })
}

/// The file of a sync's snapshot. One that began anew has a name of its own, so that what a worker writes which was
/// thought dead is never in the place of what the other one read.
pub(crate) fn snapshot_file(sync: &str, fence: i64) -> String {
    if fence <= 1 { format!("{sync}.c1z") } else { format!("{sync}-{fence}.c1z") }
}

/// The sync that a snapshot's file is of.
pub(crate) fn sync_of(file: &str) -> Option<&str> {
    let stem = file.strip_suffix(".c1z")?;
    let (sync, fence) = stem.split_once('-').unwrap_or((stem, "2"));
    let id = sync.strip_prefix("syn_")?;
    let fits = !id.is_empty() && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    (fits && fence.parse::<u32>().is_ok()).then_some(sync)
}

/// The name of a snapshot.
pub(crate) fn snapshot_name(connector: &str, file: &str) -> String {
    format!("snapshots/{connector}/{file}")
}

/// The file of the data folder that a connector's syncs write.
pub(crate) fn current_name(connector: &str) -> String {
    format!("snapshots/{connector}/current.c1z")
}

/// The name of a log.
pub(crate) fn log_name(connector: &str, sync: &str) -> String {
    format!("logs/{connector}/{sync}.ndjson")
}

/// The name of the note that says which snapshot of a connector is the last good one, for whoever has only the blobs.
pub(crate) fn good_name(connector: &str) -> String {
    format!("snapshots/{connector}/good")
}

#[cfg(test)]
mod tests;
