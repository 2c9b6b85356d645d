//! Commands: of processes, and of the user's that stand in for an adapter.

use crate::config::Env;
use crate::config::error::{Key, Wrong, quoted, quoted_path};
use crate::config::templates::check_process;
use crate::config::values::Time;
use exactly_model::UserCommand;
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// How long a command of the user's may take, where nothing is said.
const SCRIPT_WITHIN: Time = Time::from_secs(30);

/// What a configuration is read against.
pub(super) struct Ground<'a> {
    /// The folder that paths are relative to.
    pub folder: &'a Path,
    /// Every placeholder of a system there is.
    pub placeholders: BTreeSet<String>,
    pub env: Env<'a>,
}

impl Ground<'_> {
    /// Refuses a placeholder of a process that stands for nothing.
    pub fn check(&self, key: &Key, text: &str) -> Result<(), Wrong> {
        check_process(text, &self.placeholders, true).map_err(|what| Wrong::at(key, what))
    }

    /// The same outside of processes.
    pub fn check_outside(&self, key: &Key, text: &str) -> Result<(), Wrong> {
        check_process(text, &self.placeholders, false).map_err(|what| Wrong::at(key, what))
    }

    /// A command that runs in `dir`; `path` is where its program is looked for,
    /// where it has a search path of its own.
    pub fn command(
        &self,
        key: &Key,
        given: &[String],
        dir: &Path,
        path: Option<&str>,
    ) -> Result<Vec<String>, Wrong> {
        let Some(program) = given.first().filter(|program| !program.is_empty()) else {
            let what =
                "is empty: write the program and its arguments, as in [\"python3\", \"worker.py\"]";
            return Err(Wrong::at(key, what));
        };
        for (n, part) in given.iter().enumerate() {
            let key = key.index(n);
            if part.contains('\0') {
                return Err(Wrong::at(&key, "an argument cannot hold a NUL"));
            }
            self.check(&key, part)?;
        }
        let mut command = given.to_vec();
        let is_filled_in = program.contains('{');
        if program.contains('/') && !is_filled_in {
            let path = dir.join(program);
            check_program(&path).map_err(|what| Wrong::at(&key.index(0), what))?;
            command[0] = path.display().to_string();
        } else if !is_filled_in {
            let path = path.map(str::to_owned).or_else(|| (self.env)("PATH"));
            let path = path.filter(|path| !path.contains('{'));
            check_on_path(program, path.as_deref())
                .map_err(|what| Wrong::at(&key.index(0), what))?;
        }
        Ok(command)
    }

    /// A command of the user's at `key`.
    pub fn script(
        &self,
        key: &Key,
        command: &[String],
        within: Option<Time>,
    ) -> Result<UserCommand, Wrong> {
        for (n, part) in command.iter().enumerate() {
            self.check_outside(&key.index(n), part)?;
        }
        Ok(UserCommand {
            command: self.command(key, command, self.folder, None)?,
            dir: Some(self.folder.display().to_string()),
            within_ms: within.unwrap_or(SCRIPT_WITHIN).millis(),
        })
    }
}

/// A limit of a command that is not there.
pub(super) fn no_limit(key: &Key, within: Option<Time>) -> Result<(), Wrong> {
    match within {
        None => Ok(()),
        Some(_) => Err(Wrong::at(
            &key.name("within"),
            "belongs to a `command`: leave it out",
        )),
    }
}

/// Refuses what cannot be started.
fn check_program(path: &Path) -> Result<(), String> {
    let shown = quoted_path(path);
    match std::fs::metadata(path) {
        Err(_) => Err(format!("there is no program {shown}; is it built?")),
        Ok(metadata) if metadata.is_dir() => {
            Err(format!("{shown} is a folder: name the program in it"))
        }
        Ok(metadata) if metadata.permissions().mode() & 0o111 == 0 => Err(format!(
            "{shown} may not be run: `chmod +x` it, or name its interpreter first, as in \
             [\"python3\", \"worker.py\"]"
        )),
        Ok(_) => Ok(()),
    }
}

/// Refuses a program that no folder of the search path has, where there is one.
fn check_on_path(program: &str, path: Option<&str>) -> Result<(), String> {
    let Some(path) = path else { return Ok(()) };
    let found = |folder: &str| Path::new(folder).join(program).is_file();
    if path.split(':').any(found) {
        return Ok(());
    }
    let words: Vec<String> = program.split_whitespace().map(quoted).collect();
    let hint = match words.len() {
        0 | 1 => "install it, or write its path".to_string(),
        _ => format!(
            "write each argument by itself, as in [{}]",
            words.join(", ")
        ),
    };
    Err(format!(
        "there is no program {} on the PATH: {hint}",
        quoted(program)
    ))
}
