//! A run's side: finds the keeper, or starts it.

use super::folder::{Folder, Sharing};
use super::{FAILED, KEEPER, READY};
use exactly_adapter::StartError;
use exactly_engine::supervisor::{Executable, detach};
use std::fs::File;
use std::io;
use std::time::{Duration, Instant};

/// How long a keeper that somebody else has started may take: at the first use on a
/// machine PostgreSQL is fetched.
const READY_WITHIN: Duration = Duration::from_secs(300);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The use of a shared system. It stays up as long as this is kept.
#[derive(Debug)]
pub(crate) struct Lease {
    addresses: Vec<(String, u16)>,
    /// Locked: says that somebody is here.
    _user: File,
}

impl Lease {
    /// Finds a system of `kind` that serves, or has one started. Blocks until it
    /// serves.
    pub fn take(
        kind: &'static str,
        sharing: &Sharing,
        executable: &Executable,
    ) -> Result<Self, StartError> {
        let not_started = |why: String, hint: String| StartError::NotStarted {
            system: kind,
            why,
            hint,
        };
        let unusable = |error: io::Error| {
            let hint = "choose another folder for temporary files with TMPDIR";
            not_started(
                format!("{}: {error}", sharing.folder.display()),
                hint.into(),
            )
        };
        // One at a time looks and starts; the others find what it has started.
        let (folder, _begin) = Folder::enter(&sharing.folder, kind).map_err(unusable)?;
        let user = folder.users().map_err(unusable)?;
        user.lock_shared().map_err(unusable)?;
        // From here on no keeper that serves will end.
        if !folder.is_kept().map_err(unusable)? {
            folder.withdraw();
            let log = folder.path().join("keeper.log");
            let hint = format!(
                "what the keeper of the shared server said is in {}",
                log.display()
            );
            let text = |path: &std::path::Path| path.to_string_lossy().into_owned();
            let linger = sharing.linger.as_millis().to_string();
            let words: [&str; 5] = [
                KEEPER,
                kind,
                &text(&sharing.folder),
                &text(&sharing.cache),
                &linger,
            ];
            let said = detach(&executable.again(&words), &log, "exactly keeper ");
            match said.map_err(|error| not_started(error.to_string(), hint.clone()))? {
                Some(line) if line.contains(READY) => {}
                // One whose starter had died was quicker.
                Some(_) if folder.is_kept().map_err(unusable)? => {}
                Some(line) => {
                    let said = line.split_once(FAILED).map_or("", |(_, said)| said);
                    let why = serde_json::from_str(said).unwrap_or(line);
                    return Err(not_started(why, hint));
                }
                None => return Err(not_started("its keeper ended at once".into(), hint)),
            }
        }
        let until = Instant::now() + READY_WITHIN;
        loop {
            if let Some(addresses) = folder.addresses() {
                return Ok(Self {
                    addresses,
                    _user: user,
                });
            }
            // Whoever started this one has died; it serves soon, or never.
            let gone = !folder.is_kept().map_err(unusable)?;
            if gone || Instant::now() > until {
                let why = "its keeper does not serve";
                return Err(not_started(why.into(), "begin again".into()));
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Where it serves.
    pub fn addresses(&self) -> &[(String, u16)] {
        &self.addresses
    }
}
