//! The folder that a keeper and its users meet in.

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Held by one at a time.
const BEGIN: &str = "begin.lock";
/// A folder may be removed by the last keeper just as it is entered; not so often.
const ENTERED_MAX: u32 = 100;
/// Looks at a lock that is held, and the time between two.
const LOOKS: u32 = 10;
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Where embedded servers are shared.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sharing {
    /// A folder of one user's, on this machine. Runs that name the same one share.
    pub folder: PathBuf,
    /// Folder for downloads, kept between runs.
    pub cache: PathBuf,
    /// How long a server stays after its last user.
    pub linger: Duration,
}

/// The folder of one system.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// The folder of `kind` below `root`, which is made where it is missing. Refuses
    /// one that is another user's: who can write there decides what is judged.
    pub fn of(root: &Path, kind: &str) -> io::Result<Self> {
        let path = root.join(kind);
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)?;
        let me = std::fs::metadata("/proc/self")?.uid();
        for folder in [root, &path] {
            if std::fs::symlink_metadata(folder)?.uid() != me {
                let why = format!("{} belongs to another user", folder.display());
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
            }
        }
        Ok(Self(path))
    }

    /// The folder of `kind` below `root`, once nobody else is looking for its keeper:
    /// as long as the file is kept, nobody will be.
    pub fn enter(root: &Path, kind: &str) -> io::Result<(Self, File)> {
        for _ in 0..ENTERED_MAX {
            let folder = Self::of(root, kind)?;
            let entered = folder.begin().and_then(|begin| {
                begin.lock()?;
                Ok(folder.is_named_still(&begin)?.then_some(begin))
            });
            match entered {
                Ok(Some(begin)) => return Ok((folder, begin)),
                // The last keeper has just taken its folder with it.
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other("it is removed again and again"))
    }

    /// Whether whoever opens the file now gets the same one.
    fn is_named_still(&self, begin: &File) -> io::Result<bool> {
        let (held, named) = (begin.metadata()?, std::fs::metadata(self.begin_path())?);
        Ok((held.dev(), held.ino()) == (named.dev(), named.ino()))
    }

    /// Removes it. Only for a keeper that has found nobody there and holds the lock that
    /// keeps it so.
    pub fn remove(&self, _begin: &File) {
        // What cannot be removed is found by the next one, and used.
        let _ = std::fs::remove_dir_all(&self.0);
        // The folder above is another system's too, as long as it is not empty.
        let _ = self.0.parent().map(std::fs::remove_dir);
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Opens a file to lock it.
    pub fn open(&self, name: &str) -> io::Result<File> {
        let mut options = File::options();
        options.create(true).truncate(false).read(true).write(true);
        options.open(self.0.join(name))
    }

    pub fn begin(&self) -> io::Result<File> {
        self.open(BEGIN)
    }

    fn begin_path(&self) -> PathBuf {
        self.0.join(BEGIN)
    }

    pub fn keeper(&self) -> io::Result<File> {
        self.open("keeper.lock")
    }

    pub fn users(&self) -> io::Result<File> {
        self.open("users.lock")
    }

    /// Whether a keeper is alive, serving or not.
    ///
    /// A lock that was given up may be seen for a moment still: a child that its
    /// holder has started closes what it inherited in the middle of its exec, and
    /// by then the holder (vfork) goes on already.
    pub fn is_kept(&self) -> io::Result<bool> {
        let keeper = self.keeper()?;
        for _ in 0..LOOKS {
            match keeper.try_lock_shared() {
                Ok(()) => return Ok(false),
                Err(TryLockError::WouldBlock) => std::thread::sleep(LOOK_AGAIN),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Where the system serves, if it does.
    pub fn addresses(&self) -> Option<Vec<(String, u16)>> {
        let text = std::fs::read(self.addresses_path()).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Says where the system serves: in full or not at all.
    pub fn announce(&self, addresses: &[(String, u16)]) -> io::Result<()> {
        let mut new = tempfile::NamedTempFile::new_in(&self.0)?;
        serde_json::to_writer(&mut new, addresses)?;
        new.persist(self.addresses_path())?;
        Ok(())
    }

    /// Says that it serves no longer.
    pub fn withdraw(&self) {
        // What is not there needs no removal.
        let _ = std::fs::remove_file(self.addresses_path());
    }

    fn addresses_path(&self) -> PathBuf {
        self.0.join("addresses.json")
    }
}
