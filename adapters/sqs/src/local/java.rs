//! The JVM that ElasticMQ's jars run in.

use super::jars::Jars;
use exactly_adapter::{Host, StartError};
use std::path::Path;

/// The setting that says where Java is; without it the one on the path is used.
const SETTING: &str = "JAVA_HOME";
const GET: &str = "install Java 17 or newer (Debian: apt-get install openjdk-17-jre-headless), \
                   and set JAVA_HOME where it is not the java on the path";
/// What a JVM says that is too old for a class.
const TOO_OLD: &str = "UnsupportedClassVersionError";

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

    /// `1.7.1`.
    pub fn elasticmq_version(&self) -> &str {
        &self.jars.version
    }

    /// The command that runs the server. What costs start-up time or memory and gains
    /// nothing in a run of minutes is off.
    pub fn command(&self, heap_mb: u32, config: &Path) -> Vec<String> {
        vec![
            self.program.clone(),
            format!("-Dconfig.file={}", config.display()),
            "-Xms32m".into(),
            format!("-Xmx{heap_mb}m"),
            "-XX:+UseSerialGC".into(),
            "-XX:TieredStopAtLevel=1".into(),
            "-XX:-UsePerfData".into(),
            "-XX:+ExitOnOutOfMemoryError".into(),
            "-Djava.awt.headless=true".into(),
            "-cp".into(),
            format!("{}/*", self.jars.folder.display()),
            "org.elasticmq.server.Main".into(),
        ]
    }

    /// An error of the host's, with what it means where that is known.
    pub fn explain(&self, error: StartError) -> StartError {
        let StartError::NotStarted { why, hint, .. } = error else {
            return error;
        };
        if why.contains(TOO_OLD) {
            return unusable(format!(
                "{} is too old for ElasticMQ {}",
                self.program, self.jars.version
            ));
        }
        // The host names the program that it could not start.
        if why.starts_with(&format!("{}: ", self.program)) {
            return unusable(format!("cannot run Java: {why}"));
        }
        StartError::NotStarted {
            system: crate::KIND,
            why,
            hint,
        }
    }
}

fn unusable(why: String) -> StartError {
    StartError::NotStarted {
        system: crate::KIND,
        why,
        hint: GET.into(),
    }
}
