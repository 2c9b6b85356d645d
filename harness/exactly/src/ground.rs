//! What systems stand on when there is no run: a folder for temporary files, and a
//! guardian that ends what is left.

use crate::Error;
use exactly_engine::supervisor::guardian::Guardian;
use exactly_engine::supervisor::{Executable, LocalHost, Supervisor};
use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// Where systems are started that belong to no run.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The harness's own binary: it runs embedded servers and the guardian as
    /// children.
    pub executable: Executable,
    /// Folder for temporary files.
    pub temporary: PathBuf,
    /// Folder for downloads, kept.
    pub cache: PathBuf,
    /// Settings of the user's environment that places need (`KAFKA_HOME`).
    pub settings: BTreeMap<String, String>,
}

/// Taken by one process, until [`Ground::leave`] or its death.
pub(crate) struct Ground {
    mark: String,
    scratch: PathBuf,
    guardian: Guardian,
}

impl Ground {
    /// `purpose` is part of the mark that all processes carry.
    pub fn take(surroundings: &Surroundings, purpose: &str) -> Result<Self, Error> {
        let mark = format!("{purpose}-{}", std::process::id());
        let failed = |error: io::Error| Error::Store {
            path: surroundings.temporary.clone(),
            error,
        };
        let scratch = tempfile::Builder::new()
            .prefix(&format!("exactly-{mark}-"))
            .tempdir_in(&surroundings.temporary)
            .map_err(failed)?
            .keep();
        // Servers that refuse root run as another user.
        std::fs::set_permissions(&scratch, PermissionsExt::from_mode(0o755))
            .and_then(|()| std::fs::create_dir(scratch.join("output")))
            .map_err(failed)?;
        let guardian = Guardian::start(&surroundings.executable, &mark, &scratch)
            .map_err(|error| Error::Harness(format!("cannot start the guardian: {error}")))?;
        Ok(Self {
            mark,
            scratch,
            guardian,
        })
    }

    /// What adapters are lent here.
    pub fn host(&self, surroundings: &Surroundings, port: Option<u16>) -> LocalHost {
        let host = LocalHost::new(
            Supervisor::new(&self.mark),
            surroundings.executable.clone(),
            self.scratch.clone(),
            surroundings.cache.clone(),
            self.scratch.join("output"),
        );
        host.with_settings(surroundings.settings.clone())
            .with_port(port)
    }

    /// The folder that is removed in the end.
    pub fn scratch(&self) -> &std::path::Path {
        &self.scratch
    }

    /// Ends what is left, and removes the folder.
    pub async fn leave(self) {
        let guardian = self.guardian;
        // A guardian that cannot be waited for does its work all the same.
        let _ = tokio::task::spawn_blocking(move || guardian.finish()).await;
    }
}
