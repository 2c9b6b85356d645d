//! The JVM that Kafka's jars run in.

use super::jars::Jars;
use exactly_adapter::{Host, StartError};
use std::path::Path;

/// The setting that says where Java is; without it the one on the path is used.
const SETTING: &str = "JAVA_HOME";
const GET: &str = "install Java 17 or newer (Debian: apt-get install openjdk-17-jre-headless), \
                   and set JAVA_HOME where it is not the java on the path";
/// A class file's major version is Java's plus this (JVMS, 4.1).
const CLASS_FILE_OFFSET: u32 = 44;
/// What a JVM says that is too old for a class: the version that it knows
/// follows.
const KNOWS_UP_TO: &str = "class file versions up to ";

/// Java, and what it runs.
#[derive(Debug)]
pub(super) struct Java {
    program: String,
    jars: Jars,
}

impl Java {
    pub fn find(host: &dyn Host, jars: Jars) -> Result<Self, StartError> {
        let program = match host.setting(SETTING) {
            None => "java".into(),
            Some(home) => {
                let program = Path::new(&home).join("bin/java");
                if !program.is_file() {
                    let why = format!("there is no {} ({SETTING} is set)", program.display());
                    return Err(unusable(why));
                }
                program.display().to_string()
            }
        };
        Ok(Self { program, jars })
    }

    /// `4.3.1`.
    pub fn kafka_version(&self) -> &str {
        &self.jars.version
    }

    /// The command that runs `class`, with a heap of so many megabytes. What costs
    /// start-up time or memory and gains nothing in a run of minutes is off.
    pub fn command(&self, heap_mb: u32, logging: &Path, class: &[&str]) -> Vec<String> {
        let mut command = vec![
            self.program.clone(),
            format!("-Dlog4j2.configurationFile={}", logging.display()),
            format!("-Xmx{heap_mb}m"),
            "-XX:+UseSerialGC".into(),
            "-XX:TieredStopAtLevel=1".into(),
            "-XX:MaxDirectMemorySize=128m".into(),
            "-XX:-UsePerfData".into(),
            "-XX:+ExitOnOutOfMemoryError".into(),
            "-Djava.awt.headless=true".into(),
            "-cp".into(),
            format!("{}/*", self.jars.folder.display()),
        ];
        command.extend(class.iter().map(|part| (*part).to_string()));
        command
    }

    /// An error of the host's, with what it means where that is known.
    pub fn explain(&self, error: StartError) -> StartError {
        let StartError::NotStarted { why, hint, .. } = error else {
            return error;
        };
        if let Some(java) = too_old(&why) {
            return unusable(format!(
                "{} is Java {java}, and Kafka {} needs 17 or newer",
                self.program, self.jars.version
            ));
        }
        // The host names the program that it could not start.
        if why.starts_with(&format!("{}: ", self.program)) {
            return unusable(format!("cannot run Java: {why}"));
        }
        StartError::NotStarted {
            system: "kafka",
            why,
            hint,
        }
    }
}

fn unusable(why: String) -> StartError {
    StartError::NotStarted {
        system: "kafka",
        why,
        hint: GET.into(),
    }
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
