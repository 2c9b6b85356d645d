//! The data folder of a server, and who still uses it.

use super::user::give;
use crate::adapter::KIND;
use exactly_adapter::StartError;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The file in which a postmaster says that it is there.
const PID_FILE: &str = "postmaster.pid";
/// The line of it with key and id of the shared memory, from 0
/// (`src/include/utils/pidfile.h`).
const SHARED_MEMORY_LINE: usize = 6;
/// The system's own table of shared memory: proc_sysvipc(5), shmget(2).
const SHARED_MEMORY: &str = "/proc/sysvipc/shm";
/// Columns of that table.
const SHMID: usize = 1;
const NATTCH: usize = 6;
/// How long processes of a server that was killed may take to be gone.
const GONE_WITHIN: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A data folder of the server's own.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// An empty one in `scratch`, which is removed as a whole at the end of the run.
    pub(super) fn make(scratch: &Path, user: Option<(u32, u32)>) -> Result<Self, StartError> {
        let here = |error: std::io::Error| StartError::NotStarted {
            system: KIND,
            why: format!("no data folder in {}: {error}", scratch.display()),
            hint: "check that there is room and that it may be written".into(),
        };
        let folder = tempfile::Builder::new()
            .prefix("postgres-")
            .tempdir_in(scratch)
            .map_err(here)?;
        give(folder.path(), user).map_err(here)?;
        Ok(Self {
            path: folder.keep(),
        })
    }

    /// As an argument.
    pub(super) fn shown(&self) -> String {
        self.path.display().to_string()
    }

    /// Waits until no process of a postmaster that is dead is left, and takes away
    /// what it wrote of itself.
    ///
    /// Backends that outlive their postmaster may still commit. They are counted as
    /// the server itself counts them before it starts on such a folder: by who is
    /// attached to the shared memory.
    pub(super) async fn left_alone(&self) {
        let file = self.path.join(PID_FILE);
        // After an orderly stop there is none.
        let Ok(text) = std::fs::read_to_string(&file) else {
            return;
        };
        let attached = async {
            while is_attached(&text) {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        if tokio::time::timeout(GONE_WITHIN, attached).await.is_err() {
            // The next start says so too: it refuses the folder.
            tracing::warn!(folder = %self.path.display(), "processes of a dead server are left");
            return;
        }
        // Its process id may be another's by the next start, which would take that
        // one for a server.
        if let Err(error) = std::fs::remove_file(&file) {
            tracing::warn!(file = %file.display(), %error, "not removed");
        }
    }
}

fn is_attached(pid_file: &str) -> bool {
    let table = std::fs::read_to_string(SHARED_MEMORY).unwrap_or_default();
    shared_memory(pid_file).is_some_and(|id| attached(&table, id) > 0)
}

/// The id of the shared memory; `None` where the server did not get so far.
fn shared_memory(pid_file: &str) -> Option<u64> {
    let line = pid_file.lines().nth(SHARED_MEMORY_LINE)?;
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// How many processes are attached to `id`.
fn attached(table: &str, id: u64) -> u64 {
    let mut rows = table.lines().skip(1).filter_map(|line| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        Some((number(SHMID)?, number(NATTCH)?))
    });
    rows.find(|(shmid, _)| *shmid == id)
        .map_or(0, |(_, attached)| attached)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_attached_is_read_from_the_systems_table() {
        let pid_file =
            "4711\n/data\n1790000000\n40123\n\n127.0.0.1\n  1234567       42\nready   \n";
        assert_eq!(shared_memory(pid_file), Some(42));
        assert_eq!(shared_memory("4711\n/data\n"), None);
        let table = "       key      shmid perms                  size  cpid  lpid nattch   uid\n\
                     \x20  1234567         42   600                    56  4711  4720      6   101\n\
                     \x20        0          7  1600                  4096     1     1      2     0\n";
        assert_eq!(attached(table, 42), 6);
        assert_eq!(attached(table, 7), 2);
        assert_eq!(attached(table, 43), 0);
        assert_eq!(attached("", 42), 0);
    }
}
