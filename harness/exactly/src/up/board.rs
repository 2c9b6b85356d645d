//! Where it is written down what stands, so that `exactly clock` finds it.
//!
//! Each `up` has a file of its own and holds a lock on it, which the kernel takes from
//! whoever dies: a file without a lock is of one that was killed.

use super::Standing;
use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// A longer file is none of ours.
const BYTES_MAX: u64 = 1 << 20;

/// What one process has written down, there as long as this is kept.
pub(super) struct Posted {
    path: PathBuf,
    _lock: File,
}

impl Drop for Posted {
    fn drop(&mut self) {
        // What cannot be removed has no lock, and the next reader removes it.
        let _ = std::fs::remove_file(&self.path);
        // The folder stays while others have files in it.
        let _ = self.path.parent().map(std::fs::remove_dir);
    }
}

/// Writes down what stands: in full or not at all.
pub(super) fn post(board: &Path, stands: &[Standing]) -> io::Result<Posted> {
    enter(board)?;
    // Removes what those have left that were killed.
    standing(board)?;
    let mut new = tempfile::NamedTempFile::new_in(board)?;
    serde_json::to_writer(&mut new, stands)?;
    // Held before anybody can find it under its name.
    new.as_file().lock()?;
    let path = board.join(format!("{}.json", std::process::id()));
    let lock = new.persist(&path)?;
    Ok(Posted { path, _lock: lock })
}

/// What stands on this machine, of this user's.
pub fn standing(board: &Path) -> io::Result<Vec<Standing>> {
    let entries = match std::fs::read_dir(board) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    own(board)?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "json"));
    paths.sort();
    let each = paths.iter().filter_map(|path| read(path));
    Ok(each.flatten().collect())
}

/// What is written in one file; `None` where its writer is dead.
fn read(path: &Path) -> Option<Vec<Standing>> {
    let file = File::open(path).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {}
        Ok(()) => {
            let _ = std::fs::remove_file(path);
            return None;
        }
        Err(TryLockError::Error(_)) => return None,
    }
    if file.metadata().ok()?.len() > BYTES_MAX {
        return None;
    }
    serde_json::from_reader(io::BufReader::new(file)).ok()
}

fn enter(board: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(board)?;
    own(board)
}

/// Refuses a folder of another user's: who can write there decides where requests go.
fn own(board: &Path) -> io::Result<()> {
    let me = std::fs::metadata("/proc/self")?.uid();
    match std::fs::symlink_metadata(board)?.uid() == me {
        true => Ok(()),
        false => Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "it belongs to another user",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sqs(port: u16) -> Standing {
        Standing {
            kind: "sqs".into(),
            place: "embedded".into(),
            version: "1".into(),
            endpoint: format!("http://127.0.0.1:{port}"),
            clock: true,
            authority: None,
        }
    }

    #[test]
    fn what_is_posted_is_read_as_long_as_it_is_kept() {
        let root = tempfile::tempdir().unwrap();
        let board = root.path().join("board");
        assert_eq!(standing(&board).unwrap(), []);
        let posted = post(&board, &[sqs(1), sqs(2)]).unwrap();
        assert_eq!(standing(&board).unwrap(), [sqs(1), sqs(2)]);
        drop(posted);
        assert_eq!(standing(&board).unwrap(), []);
        assert!(!board.exists());
    }

    #[test]
    fn what_a_dead_process_has_left_is_removed() {
        let board = tempfile::tempdir().unwrap();
        let left = board.path().join("1.json");
        std::fs::write(&left, serde_json::to_string(&[sqs(1)]).unwrap()).unwrap();
        assert_eq!(standing(board.path()).unwrap(), []);
        assert!(!left.exists());
        // Whoever comes next does so too.
        std::fs::write(&left, "[]").unwrap();
        let _posted = post(board.path(), &[sqs(2)]).unwrap();
        assert!(!left.exists());
    }
}
