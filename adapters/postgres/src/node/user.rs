//! As whom a server runs: Postgres refuses root.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

/// `nobody` and its group where there is no better one.
const NOBODY: (u32, u32) = (65_534, 65_534);

/// User and group to switch to; `None` when the harness is not root.
pub(super) fn other_than_root() -> Option<(u32, u32)> {
    rustix::process::geteuid().is_root().then(|| {
        std::fs::read_to_string("/etc/passwd")
            .ok()
            .and_then(|passwd| find(&passwd, "postgres"))
            .unwrap_or(NOBODY)
    })
}

fn find(passwd: &str, name: &str) -> Option<(u32, u32)> {
    let mut lines = passwd.lines().map(|line| line.split(':'));
    let mut fields =
        lines.find_map(|mut fields| (fields.next() == Some(name)).then_some(fields))?;
    let uid = fields.nth(1)?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    // Whatever the name says, root is no use.
    (uid != 0).then_some((uid, gid))
}

/// Gives `path` to `user`, and to nobody else.
pub(super) fn give(path: &Path, user: Option<(u32, u32)>) -> io::Result<()> {
    std::fs::set_permissions(path, Permissions::from_mode(0o700))?;
    match user {
        Some((uid, gid)) => chown(path, Some(uid), Some(gid)),
        None => Ok(()),
    }
}

/// Lets any user read what is under `path`, and run what is a program.
pub(crate) fn open_to_all(path: &Path) -> io::Result<()> {
    let metadata = std::fs::symlink_metadata(path)?;
    if metadata.is_symlink() {
        return Ok(());
    }
    let mode = metadata.permissions().mode();
    let runs = if metadata.is_dir() || mode & 0o100 != 0 {
        0o111
    } else {
        0
    };
    std::fs::set_permissions(path, Permissions::from_mode(mode | 0o444 | runs))?;
    if metadata.is_dir() {
        for entry in std::fs::read_dir(path)? {
            open_to_all(&entry?.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn users_are_found_by_name() {
        let passwd = "root:x:0:0::/root:/bin/sh\npostgresql:x:7:8::/:/x\npostgres:x:101:104:P,,,:/:/x\nodd\n";
        assert_eq!(find(passwd, "postgres"), Some((101, 104)));
        assert_eq!(find(passwd, "root"), None);
        assert_eq!(find(passwd, "odd"), None);
        assert_eq!(find(passwd, "none"), None);
    }
}
