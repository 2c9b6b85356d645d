//! The programs of an installation, and as whom they run.

use super::user::other_than_root;
use exactly_adapter::{ServerCommand, StopSignal};
use std::path::{Path, PathBuf};

/// The programs of one installation.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    /// The folder with `postgres` and `initdb`.
    bin: PathBuf,
    /// Where libraries are that no loader finds by itself.
    libraries: Option<PathBuf>,
    user: Option<(u32, u32)>,
}

impl Programs {
    /// Those in `bin`.
    pub(crate) fn installed(bin: PathBuf) -> Self {
        Self {
            bin,
            libraries: None,
            user: other_than_root(),
        }
    }

    /// Those under `home`, which brings its libraries.
    pub(crate) fn unpacked(home: &Path) -> Self {
        Self {
            libraries: Some(home.join("lib")),
            ..Self::installed(home.join("bin"))
        }
    }

    /// The folder with `postgres` and `initdb`.
    pub(crate) fn bin(&self) -> &Path {
        &self.bin
    }

    /// As whom they run; `None` when that is whoever runs the harness.
    pub(crate) const fn user(&self) -> Option<(u32, u32)> {
        self.user
    }

    /// What runs `program`.
    pub(crate) fn command(&self, program: &str, arguments: &[&str]) -> ServerCommand {
        let mut command = vec![self.bin.join(program).display().to_string()];
        command.extend(arguments.iter().map(ToString::to_string));
        let mut env = vec![("LC_ALL".to_string(), "C".to_string())];
        let libraries = self.libraries.iter();
        env.extend(libraries.map(|path| ("LD_LIBRARY_PATH".into(), path.display().to_string())));
        ServerCommand {
            name: format!("postgres-{program}"),
            command,
            env,
            user: self.user,
            // Immediate: the data is thrown away with the run.
            stop_signal: StopSignal::Quit,
            ..ServerCommand::default()
        }
    }
}
