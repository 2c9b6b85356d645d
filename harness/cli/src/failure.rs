//! What can go wrong with the command, and the exit code of each.

use exactly_model::exit;

/// The command ended without the answer that was asked for. The text says what,
/// where and what to do next, without secrets.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Failure {
    /// The command line asks for something that is not there. Exit code 2.
    #[error("{0}")]
    Usage(String),
    /// A configuration, expectation or schedule file is wrong. Exit code 96.
    #[error("{0}")]
    Config(String),
    /// A system could not be reached or started. Exit code 97.
    #[error("{0}")]
    SystemUnavailable(String),
    /// The pipeline never became ready. Exit code 98.
    #[error("{0}")]
    PipelineNotReady(String),
    /// The run store or the output could not be written or read. Exit code 105.
    #[error("{0}")]
    Store(String),
    /// A signal ended the command. Exit code 130 or 143.
    #[error("ended by {0}; what was recorded is kept")]
    Interrupted(Signal),
    /// The harness itself failed, so that nothing was decided. Exit code 80.
    #[error("{0}")]
    Undecided(String),
}

/// A signal that ends the command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// A polite kill.
    Terminate,
}

impl std::fmt::Display for Signal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
        })
    }
}

impl Failure {
    /// The exit code that goes with it: the one place that says so.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => exit::USAGE,
            Self::Config(_) => exit::CONFIG,
            Self::SystemUnavailable(_) => exit::SYSTEM_UNAVAILABLE,
            Self::PipelineNotReady(_) => exit::PIPELINE_NOT_READY,
            Self::Store(_) => exit::STORE,
            Self::Interrupted(Signal::Interrupt) => exit::SIGINT,
            Self::Interrupted(Signal::Terminate) => exit::SIGTERM,
            Self::Undecided(_) => exit::INCONCLUSIVE,
        }
    }
}

impl From<exactly::Error> for Failure {
    fn from(error: exactly::Error) -> Self {
        let text = error.to_string();
        match error.exit_code() {
            exit::CONFIG => Self::Config(text),
            exit::SYSTEM_UNAVAILABLE => Self::SystemUnavailable(text),
            exit::PIPELINE_NOT_READY => Self::PipelineNotReady(text),
            exit::STORE => Self::Store(text),
            exit::SIGINT => Self::Interrupted(Signal::Interrupt),
            _ => Self::Undecided(text),
        }
    }
}

impl From<exactly::JudgeError> for Failure {
    fn from(error: exactly::JudgeError) -> Self {
        match error {
            exactly::JudgeError::NotThere { .. } | exactly::JudgeError::Merge(_) => {
                Self::Usage(error.to_string())
            }
            exactly::JudgeError::Unreadable { .. } => Self::Store(error.to_string()),
        }
    }
}

impl From<exactly::FindError> for Failure {
    fn from(error: exactly::FindError) -> Self {
        match error {
            exactly::FindError::NotThere { .. } => Self::Usage(error.to_string()),
            exactly::FindError::Unreadable { .. } => Self::Store(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_has_its_code() {
        let text = || String::from("x");
        for (failure, code) in [
            (Failure::Usage(text()), 2),
            (Failure::Undecided(text()), 80),
            (Failure::Config(text()), 96),
            (Failure::SystemUnavailable(text()), 97),
            (Failure::PipelineNotReady(text()), 98),
            (Failure::Store(text()), 105),
            (Failure::Interrupted(Signal::Interrupt), 130),
            (Failure::Interrupted(Signal::Terminate), 143),
        ] {
            assert_eq!(failure.exit_code(), code, "{failure:?}");
        }
    }

    #[test]
    fn an_error_of_the_engine_keeps_its_code() {
        let errors = [
            exactly::Error::Harness("x".into()),
            exactly::Error::Interrupted,
            exactly::Error::Config {
                what: "x".into(),
                hint: "y".into(),
            },
            exactly::Error::Store {
                path: "x".into(),
                error: std::io::Error::other("y"),
            },
            exactly::Error::NotReady {
                process: "x".into(),
                why: "y".into(),
                output: "z".into(),
                tail: String::new(),
            },
        ];
        for error in errors {
            let code = error.exit_code();
            assert_eq!(Failure::from(error).exit_code(), code);
        }
    }
}
