//! The keeper's side: starts one embedded system, and ends when nobody uses it.

use super::folder::{Folder, Sharing};
use super::{FAILED, READY};
use crate::Error;
use crate::registry::adapter;
use exactly_adapter::Instance;
use exactly_engine::supervisor::guardian::Guardian;
use exactly_engine::supervisor::{Executable, LocalHost, Supervisor};
use exactly_model::SystemPlace;
use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the keeper looks whether anybody is there.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Tries to take a lock.
const LOCKED_MAX: u32 = 50;
/// Looks at a server that does not answer before it counts as gone.
const UNANSWERED_MAX: u32 = 4;

/// Keeps an embedded system of `kind` until nobody has used it for as long as
/// `sharing` says. `announce` gets the line that says whether it serves.
pub async fn keep(
    kind: &str,
    sharing: &Sharing,
    executable: Executable,
    announce: impl FnOnce(&str),
) -> Result<(), Error> {
    let started = Kept::start(kind, sharing, executable).await;
    match started {
        Ok(kept) => {
            announce(READY);
            kept.until_unused(sharing.linger).await;
            Ok(())
        }
        Err(error) => {
            // One line, whatever it says.
            announce(&format!(
                "{FAILED}{}",
                serde_json::Value::from(error.to_string())
            ));
            Err(error)
        }
    }
}

/// A system that is kept.
struct Kept {
    folder: Folder,
    instance: Arc<dyn Instance>,
    guardian: Guardian,
    /// Locked: says that a keeper is alive.
    alive: File,
}

impl Kept {
    async fn start(kind: &str, sharing: &Sharing, executable: Executable) -> Result<Self, Error> {
        let failed = |what: &str| {
            let what = format!("{what} in {}", sharing.folder.display());
            move |error: io::Error| Error::Harness(format!("{what}: {error}"))
        };
        let folder = Folder::of(&sharing.folder, kind).map_err(failed("no folder"))?;
        let alive = folder.keeper().map_err(failed("no lock"))?;
        if !lock(&alive).await.map_err(failed("no lock"))? {
            return Err(Error::Harness(format!("{kind} is kept already")));
        }
        let mark = format!("keeper-{kind}-{}", std::process::id());
        let scratch = tempfile::Builder::new()
            .prefix(&format!("exactly-{mark}-"))
            .tempdir()
            .map_err(failed("no scratch folder"))?
            .keep();
        // Servers that refuse root run as another user.
        std::fs::set_permissions(&scratch, PermissionsExt::from_mode(0o755))
            .map_err(failed("no scratch folder"))?;
        let guardian = Guardian::start(&executable, &mark, &scratch)
            .map_err(|error| Error::Harness(format!("cannot start the guardian: {error}")))?;
        let adapter = adapter(kind).ok_or_else(|| Error::Config {
            what: format!("there is no adapter for a system of kind {kind}"),
            hint: format!("use one of {}", crate::kinds().join(", ")),
        })?;
        let host = LocalHost::new(
            Supervisor::new(&mark),
            executable,
            scratch,
            sharing.cache.clone(),
            folder.path().into(),
        );
        let instance = adapter
            .start(&SystemPlace::Embedded, Arc::new(host))
            .await?;
        folder
            .announce(&instance.addresses())
            .map_err(failed("cannot write"))?;
        Ok(Self {
            folder,
            instance,
            guardian,
            alive,
        })
    }

    /// Returns when nobody has been there for `linger`, or the system is gone.
    async fn until_unused(self, linger: Duration) {
        let mut unused_since = Instant::now();
        let mut unanswered = 0;
        // Held until it is withdrawn: nobody finds a server that is just ending.
        let begin = loop {
            tokio::time::sleep(LOOK_EVERY).await;
            unanswered = match self.answers().await {
                true => 0,
                false => unanswered + 1,
            };
            match self.nobody_there() {
                Ok(Some(begin)) if unused_since.elapsed() >= linger => break Some(begin),
                Ok(Some(_)) => {}
                Ok(None) => unused_since = Instant::now(),
                // Without locks nobody can be told; whoever comes starts anew.
                Err(_) => break None,
            }
            if unanswered == UNANSWERED_MAX {
                break None;
            }
        };
        self.folder.withdraw();
        if let Some(begin) = &begin {
            self.folder.remove(begin);
        }
        drop(self.alive);
        drop(begin);
        self.instance.stop().await;
        // Ends what is left, and removes the scratch folder.
        let guardian = self.guardian;
        let _ = tokio::task::spawn_blocking(move || guardian.finish()).await;
    }

    /// Where there is no user, and nobody is about to become one: the lock that
    /// keeps it so.
    fn nobody_there(&self) -> io::Result<Option<File>> {
        let begin = self.folder.begin()?;
        if !taken(begin.try_lock())? {
            return Ok(None);
        }
        let users = self.folder.users()?;
        Ok(taken(users.try_lock())?.then_some(begin))
    }

    async fn answers(&self) -> bool {
        let addresses = self.instance.addresses();
        let Some((host, port)) = addresses.first() else {
            return false;
        };
        let connect = tokio::net::TcpStream::connect((host.as_str(), *port));
        let connected = tokio::time::timeout(Duration::from_secs(5), connect).await;
        matches!(connected, Ok(Ok(_)))
    }
}

/// Takes a lock that others may hold for a moment, to see whether they can.
async fn lock(file: &File) -> io::Result<bool> {
    for _ in 0..LOCKED_MAX {
        if taken(file.try_lock())? {
            return Ok(true);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(false)
}

fn taken(lock: Result<(), TryLockError>) -> io::Result<bool> {
    match lock {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
