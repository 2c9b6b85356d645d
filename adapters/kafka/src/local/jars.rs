//! Kafka's jars, under the setting `KAFKA_HOME`.

use exactly_adapter::{Host, StartError};
use std::path::{Path, PathBuf};

/// The setting that says where they are.
const SETTING: &str = "KAFKA_HOME";
/// The first version without ZooKeeper: everything here is KRaft.
const MAJOR_MIN: u32 = 4;
/// What the jar that holds the broker is called before its version.
const BROKER: &str = "kafka_2.13-";
/// Kafka writes its log through slf4j; without a logger behind it a node never
/// says that it is ready.
const LOGGER: &str = "log4j-slf4j";
const GET: &str = "unpack Apache Kafka 4 from https://kafka.apache.org/downloads and set \
                   KAFKA_HOME to its folder, or fetch the jars by Maven as docs/kafka.md says";

/// The jars of one version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Jars {
    /// The folder that holds them all.
    pub folder: PathBuf,
    /// `4.3.1`.
    pub version: String,
}

/// The newest version under `KAFKA_HOME`: in `libs` (a distribution), in
/// `libs-*`, or in the folder itself.
pub(super) fn find(host: &dyn Host) -> Result<Jars, StartError> {
    let home = host.setting(SETTING).ok_or_else(|| {
        missing(format!(
            "place local runs Kafka's jars and {SETTING} is not set"
        ))
    })?;
    let home = Path::new(&home);
    let newest = folders(home)
        .into_iter()
        .filter_map(|folder| broker_version(&folder).map(|version| Jars { folder, version }))
        .max_by_key(|jars| numbers(&jars.version));
    let Some(jars) = newest else {
        return Err(missing(format!(
            "no {BROKER}*.jar in libs, libs-* or the folder itself of {SETTING}={}",
            home.display()
        )));
    };
    let (folder, version) = (jars.folder.display(), &jars.version);
    if numbers(version).first().copied().unwrap_or(0) < MAJOR_MIN {
        return Err(missing(format!(
            "the jars in {folder} are Kafka {version}, and place local needs {MAJOR_MIN}.0 or newer"
        )));
    }
    if !names(&jars.folder).any(|name| name.starts_with(LOGGER)) {
        return Err(missing(format!(
            "no {LOGGER}*.jar beside Kafka {version} in {folder}"
        )));
    }
    Ok(jars)
}

fn missing(why: String) -> StartError {
    StartError::NotStarted {
        system: "kafka",
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

fn broker_version(folder: &Path) -> Option<String> {
    let version = |name: String| {
        let version = name.strip_prefix(BROKER)?.strip_suffix(".jar")?;
        // kafka_2.13-4.3.1-sources.jar holds no classes.
        let classes = !["-sources", "-javadoc", "-test"]
            .iter()
            .any(|other| version.ends_with(other));
        classes.then(|| version.to_string())
    };
    names(folder)
        .filter_map(version)
        .max_by_key(|version| numbers(version))
}

/// The numbers of a version, for comparing.
fn numbers(version: &str) -> Vec<u32> {
    let release = version.split('-').next().unwrap_or_default();
    release.split('.').map_while(|n| n.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(numbers("4.10.0") > numbers("4.9.1"));
        assert!(numbers("4.3.1-rc1") == numbers("4.3.1"));
        assert!(numbers("3.9.1") < numbers("4.0.0"));
        assert_eq!(numbers("x"), [0; 0]);
    }
}
