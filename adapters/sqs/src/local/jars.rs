//! ElasticMQ's jars, under the setting `ELASTICMQ_HOME`.

use exactly_adapter::{Host, StartError};
use std::path::{Path, PathBuf};

/// The setting that says where they are.
const SETTING: &str = "ELASTICMQ_HOME";
/// What the jar that holds the server is called before its version: as Maven has it,
/// or the one that holds everything.
const SERVER: [&str; 2] = ["elasticmq-server_2.13-", "elasticmq-server-all-"];
/// The first version whose AWS JSON protocol answers all that is asked here.
const OLDEST: [u32; 2] = [1, 6];
const GET: &str = "fetch them by `mvn -f .ci/elasticmq/pom.xml dependency:copy-dependencies \
                   -DincludeScope=runtime -DoutputDirectory=\"$ELASTICMQ_HOME/libs\"` (docs/sqs.md)";

/// The jars of one version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Jars {
    /// The folder that holds them all.
    pub folder: PathBuf,
    /// `1.7.1`.
    pub version: String,
}

/// The newest version under `ELASTICMQ_HOME`: in `libs`, in `libs-*`, or in the folder
/// itself.
pub(super) fn find(host: &dyn Host) -> Result<Jars, StartError> {
    let home = host.setting(SETTING).ok_or_else(|| {
        missing(format!(
            "place local runs ElasticMQ's jars and {SETTING} is not set"
        ))
    })?;
    let home = Path::new(&home);
    let newest = folders(home)
        .into_iter()
        .filter_map(|folder| server_version(&folder).map(|version| Jars { folder, version }))
        .max_by_key(|jars| numbers(&jars.version));
    let Some(jars) = newest else {
        return Err(missing(format!(
            "no {}*.jar in libs, libs-* or the folder itself of {SETTING}={}",
            SERVER[0],
            home.display()
        )));
    };
    if numbers(&jars.version).as_slice() < OLDEST.as_slice() {
        let [major, minor] = OLDEST;
        return Err(missing(format!(
            "the jars in {} are ElasticMQ {}, and place local needs {major}.{minor} or newer",
            jars.folder.display(),
            jars.version
        )));
    }
    Ok(jars)
}

fn missing(why: String) -> StartError {
    StartError::NotStarted {
        system: crate::KIND,
        why,
        hint: GET.into(),
    }
}

fn folders(home: &Path) -> Vec<PathBuf> {
    let inner = names(home).filter(|name| name == "libs" || name.starts_with("libs-"));
    let mut folders: Vec<_> = inner.map(|name| home.join(name)).collect();
    folders.push(home.to_path_buf());
    folders.sort();
    folders
}

/// Names in a folder; none where it cannot be read.
fn names(folder: &Path) -> impl Iterator<Item = String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
}

fn server_version(folder: &Path) -> Option<String> {
    let version = |name: String| {
        let of = |prefix: &&str| name.strip_prefix(prefix)?.strip_suffix(".jar");
        let version = SERVER.iter().find_map(of)?;
        // elasticmq-server_2.13-1.7.1-sources.jar holds no classes.
        version
            .bytes()
            .all(|b| b.is_ascii_digit() || b == b'.')
            .then(|| version.to_string())
    };
    names(folder)
        .filter_map(version)
        .max_by_key(|version| numbers(version))
}

/// The numbers of a version, for comparing.
fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map_while(|n| n.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_server_is_taken_and_what_holds_no_classes_is_not() {
        let folder = std::env::temp_dir().join(format!("exactly-jars-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        assert_eq!(server_version(&folder), None);
        for name in [
            "elasticmq-server_2.13-1.7.1.jar",
            "elasticmq-server_2.13-1.10.0.jar",
            "elasticmq-server_2.13-1.11.0-sources.jar",
            "elasticmq-core_2.13-2.0.0.jar",
            "elasticmq-server-all-1.6.9.jar",
        ] {
            std::fs::write(folder.join(name), "").unwrap();
        }
        assert_eq!(server_version(&folder).as_deref(), Some("1.10.0"));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
