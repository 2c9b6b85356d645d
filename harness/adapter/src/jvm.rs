//! Servers that run on a JVM on this machine: where their jars and Java are, and what
//! to say where they are not.

use crate::{Host, StartError};
use std::path::{Path, PathBuf};

/// The setting that says where Java is; without it the one on the path is used.
const JAVA_HOME: &str = "JAVA_HOME";
const GET_JAVA: &str = "install Java 17 or newer (Debian: apt-get install \
                        openjdk-17-jre-headless), and set JAVA_HOME where it is not the java on \
                        the path";
/// A class file's major version is Java's plus this (JVMS, 4.1).
const CLASS_FILE_OFFSET: u32 = 44;
/// What a JVM says that is too old for a class: the version that it knows follows.
const KNOWS_UP_TO: &str = "class file versions up to ";

/// A server by its jars.
#[derive(Debug)]
pub struct JvmServer {
    /// Kind of the system.
    pub system: &'static str,
    /// What the server is called.
    pub name: &'static str,
    /// The setting that says where its jars are.
    pub setting: &'static str,
    /// What the jar that holds the server may be called before its version.
    pub jars: &'static [&'static str],
    /// The first version that will do, as major and minor.
    pub oldest: [u32; 2],
    /// How to get it.
    pub get: &'static str,
}

/// The jars of one version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Jars {
    /// The folder that holds them all.
    folder: PathBuf,
    version: String,
}

impl JvmServer {
    /// The newest version under the setting's folder: in `libs` (a distribution), in
    /// `libs-*`, or in the folder itself.
    pub fn find(&self, host: &dyn Host) -> Result<Jars, StartError> {
        let (name, setting) = (self.name, self.setting);
        let home = host.setting(setting).ok_or_else(|| {
            self.missing(format!(
                "place local runs {name}'s jars and {setting} is not set"
            ))
        })?;
        let home = Path::new(&home);
        let newest = folders(home)
            .into_iter()
            .filter_map(|folder| self.version_in(&folder).map(|version| (folder, version)))
            .max_by_key(|(_, version)| numbers(version));
        let Some((folder, version)) = newest else {
            return Err(self.missing(format!(
                "no {}*.jar in libs, libs-* or the folder itself of {setting}={}",
                self.jars.first().copied().unwrap_or_default(),
                home.display()
            )));
        };
        if numbers(&version).as_slice() < self.oldest.as_slice() {
            let [major, minor] = self.oldest;
            return Err(self.missing(format!(
                "the jars in {} are {name} {version}, and place local needs {major}.{minor} or newer",
                folder.display()
            )));
        }
        Ok(Jars { folder, version })
    }

    /// What to say where something of it is missing.
    pub fn missing(&self, why: String) -> StartError {
        StartError::NotStarted {
            system: self.system,
            why,
            hint: self.get.into(),
        }
    }

    fn version_in(&self, folder: &Path) -> Option<String> {
        let version = |name: String| {
            let mut prefixes = self.jars.iter();
            let version = prefixes.find_map(|prefix| name.strip_prefix(prefix))?;
            let version = version.strip_suffix(".jar")?;
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
}

impl Jars {
    /// `4.3.1`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The folder that holds them.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether one of them begins with `prefix`.
    pub fn has(&self, prefix: &str) -> bool {
        names(&self.folder).any(|name| name.starts_with(prefix))
    }
}

/// Java, and what it runs.
#[derive(Debug)]
pub struct Java {
    server: &'static JvmServer,
    program: String,
    jars: Jars,
}

impl Java {
    /// The Java that `JAVA_HOME` names, or the one on the path.
    pub fn find(
        host: &dyn Host,
        server: &'static JvmServer,
        jars: Jars,
    ) -> Result<Self, StartError> {
        let mut java = Self {
            server,
            program: "java".into(),
            jars,
        };
        if let Some(home) = host.setting(JAVA_HOME) {
            let program = Path::new(&home).join("bin/java");
            if !program.is_file() {
                let why = format!("there is no {} ({JAVA_HOME} is set)", program.display());
                return Err(java.unusable(why));
            }
            java.program = program.display().to_string();
        }
        Ok(java)
    }

    /// The server's version.
    pub fn server_version(&self) -> &str {
        self.jars.version()
    }

    /// The command that runs `main` (a class and its arguments) with a heap of so many
    /// megabytes. What costs start-up time or memory and gains nothing in a run of
    /// minutes is off.
    pub fn command(&self, heap_mb: u32, options: &[String], main: &[&str]) -> Vec<String> {
        let mut command = vec![self.program.clone(), format!("-Xmx{heap_mb}m")];
        command.extend(
            [
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData",
                "-XX:+ExitOnOutOfMemoryError",
                "-Djava.awt.headless=true",
            ]
            .map(String::from),
        );
        command.extend_from_slice(options);
        command.extend([
            "-cp".to_string(),
            format!("{}/*", self.jars.folder.display()),
        ]);
        command.extend(main.iter().map(|part| (*part).to_string()));
        command
    }

    /// An error of the host's, with what it means where that is known.
    pub fn explain(&self, error: StartError) -> StartError {
        let StartError::NotStarted { why, hint, .. } = error else {
            return error;
        };
        if let Some(java) = too_old(&why) {
            return self.unusable(format!(
                "{} is Java {java}, and {} {} needs 17 or newer",
                self.program,
                self.server.name,
                self.server_version()
            ));
        }
        // The host names the program that it could not start.
        if why.starts_with(&format!("{}: ", self.program)) {
            return self.unusable(format!("cannot run Java: {why}"));
        }
        StartError::NotStarted {
            system: self.server.system,
            why,
            hint,
        }
    }

    fn unusable(&self, why: String) -> StartError {
        StartError::NotStarted {
            system: self.server.system,
            why,
            hint: GET_JAVA.into(),
        }
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

/// The numbers of a version, for comparing.
fn numbers(version: &str) -> Vec<u32> {
    let release = version.split('-').next().unwrap_or_default();
    release.split('.').map_while(|n| n.parse().ok()).collect()
}

/// The version of a JVM that refused a class as too new for it.
fn too_old(output: &str) -> Option<u32> {
    let (_, rest) = output.split_once(KNOWS_UP_TO)?;
    let digits = rest.find(|c: char| !c.is_ascii_digit())?;
    rest[..digits]
        .parse::<u32>()
        .ok()?
        .checked_sub(CLASS_FILE_OFFSET)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: JvmServer = JvmServer {
        system: "sqs",
        name: "ElasticMQ",
        setting: "ELASTICMQ_HOME",
        jars: &["elasticmq-server_2.13-", "elasticmq-server-all-"],
        oldest: [1, 6],
        get: "fetch it",
    };

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(numbers("4.10.0") > numbers("4.9.1"));
        assert!(numbers("4.3.1-rc1") == numbers("4.3.1"));
        assert!(numbers("3.9.1") < numbers("4.0.0"));
        assert!(numbers("4.0.0") >= vec![4, 0] && numbers("1.5.9") < vec![1, 6]);
        assert_eq!(numbers("x"), [0; 0]);
    }

    #[test]
    fn the_newest_server_is_taken_and_what_holds_no_classes_is_not() {
        let folder = std::env::temp_dir().join(format!("exactly-jars-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        assert_eq!(SERVER.version_in(&folder), None);
        for name in [
            "elasticmq-server_2.13-1.7.1.jar",
            "elasticmq-server_2.13-1.10.0.jar",
            "elasticmq-server_2.13-1.11.0-sources.jar",
            "elasticmq-core_2.13-2.0.0.jar",
            "elasticmq-server-all-1.6.9.jar",
        ] {
            std::fs::write(folder.join(name), "").unwrap();
        }
        assert_eq!(SERVER.version_in(&folder).as_deref(), Some("1.10.0"));
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_jvm_that_is_too_old_is_recognised_by_its_words() {
        let java_11 = "java.lang.UnsupportedClassVersionError: kafka/Kafka has been compiled by a \
                       more recent version of the Java Runtime (class file version 61.0), this \
                       version of the Java Runtime only recognizes class file versions up to 55.0";
        assert_eq!(too_old(java_11), Some(11));
        assert_eq!(
            too_old("java.net.BindException: Address already in use"),
            None
        );
        assert_eq!(too_old("class file versions up to x"), None);
    }
}
