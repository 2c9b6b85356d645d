//! Where PostgreSQL is installed.

use crate::adapter::KIND;
use exactly_adapter::{Host, StartError};
use std::path::{Path, PathBuf};

/// Names an installation; goes before all others.
const HOME: &str = "POSTGRES_HOME";
const PATH: &str = "PATH";
/// Where packages put what they do not put on the path, a folder for each version:
/// Debian's and the PostgreSQL project's for Debian and for Red Hat.
const PACKAGES: [(&str, &str); 2] = [("/usr/lib/postgresql", ""), ("/usr", "pgsql-")];
/// What there has to be.
const PROGRAMS: [&str; 2] = ["postgres", "initdb"];

/// The folder with the programs.
pub(super) fn bin(host: &dyn Host) -> Result<PathBuf, StartError> {
    if let Some(home) = host.setting(HOME) {
        return named(Path::new(&home));
    }
    let path = host.setting(PATH).unwrap_or_default();
    let on_path = std::env::split_paths(&path);
    let packages = PACKAGES.iter();
    let packaged = packages.flat_map(|(folder, prefix)| packaged(Path::new(folder), prefix));
    on_path
        .chain(packaged)
        .find_map(|folder| real(&folder))
        .ok_or_else(|| {
            let why = format!("PostgreSQL is neither in {PATH} nor under /usr/lib/postgresql");
            missing(why)
        })
}

fn named(home: &Path) -> Result<PathBuf, StartError> {
    real(&home.join("bin")).ok_or_else(|| {
        let [server, initdb] = PROGRAMS;
        let home = home.display();
        missing(format!(
            "there is no {home}/bin/{server} with an {initdb} beside it ({HOME} is set)"
        ))
    })
}

/// The folder that really holds the programs which `folder` names: each finds what
/// belongs to it from where it is itself.
fn real(folder: &Path) -> Option<PathBuf> {
    let server = std::fs::canonicalize(folder.join(PROGRAMS[0])).ok()?;
    let beside = server.parent().filter(|bin| has_programs(bin));
    let bin = beside.or_else(|| has_programs(folder).then_some(folder))?;
    Some(bin.to_path_buf())
}

fn has_programs(bin: &Path) -> bool {
    PROGRAMS.iter().all(|program| bin.join(program).is_file())
}

/// `bin` of each version in `folder`, the newest first.
fn packaged(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut versions: Vec<(Vec<u32>, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name();
            let version = name.to_str()?.strip_prefix(prefix)?;
            let numbers: Option<Vec<u32>> = version.split('.').map(|n| n.parse().ok()).collect();
            Some((numbers?, entry.path().join("bin")))
        })
        .collect();
    versions.sort();
    versions.into_iter().rev().map(|(_, bin)| bin).collect()
}

/// What to say where it is not to be had.
pub(super) fn missing(why: String) -> StartError {
    StartError::NotStarted {
        system: KIND,
        why,
        hint: format!(
            "install the server (Debian: apt install postgresql; Fedora: dnf install \
             postgresql-server), or set {HOME} to the folder above its bin (docs/postgres.md)"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn install(home: &Path, programs: &[&str]) {
        std::fs::create_dir_all(home.join("bin")).unwrap();
        for program in programs {
            std::fs::write(home.join("bin").join(program), "").unwrap();
        }
    }

    #[test]
    fn the_newest_version_goes_first_by_number() {
        let folder = tempfile::tempdir().unwrap();
        for version in ["9.6", "15", "9.10", "common", "18"] {
            install(&folder.path().join(version), &PROGRAMS);
        }
        let found: Vec<_> = packaged(folder.path(), "")
            .into_iter()
            .map(|bin| {
                bin.strip_prefix(folder.path())
                    .unwrap()
                    .display()
                    .to_string()
            })
            .collect();
        assert_eq!(found, ["18/bin", "15/bin", "9.10/bin", "9.6/bin"]);
        assert_eq!(
            packaged(&folder.path().join("none"), ""),
            [] as [PathBuf; 0]
        );
    }

    #[test]
    fn links_are_followed_to_where_the_programs_are() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().canonicalize().unwrap().join("15");
        install(&home, &PROGRAMS);
        let links = folder.path().join("links");
        std::fs::create_dir_all(&links).unwrap();
        assert_eq!(real(&links), None);
        std::os::unix::fs::symlink(home.join("bin/postgres"), links.join("postgres")).unwrap();
        assert_eq!(real(&links), Some(home.join("bin")));
        assert_eq!(named(&home).unwrap(), home.join("bin"));
    }

    #[test]
    fn half_an_installation_is_none() {
        let folder = tempfile::tempdir().unwrap();
        install(folder.path(), &["postgres"]);
        let error = named(folder.path()).unwrap_err().to_string();
        for part in [
            "bin/postgres",
            "initdb",
            "POSTGRES_HOME is set",
            "apt install",
        ] {
            assert!(error.contains(part), "{error}");
        }
    }
}
