//! The program that the harness runs in, started again for what it needs as
//! children of itself: the guardian, embedded servers, keepers.

/// How to start this program again, and how it learns what it is to be.
///
/// The `exactly` command is told by a subcommand. A test binary has none: it is
/// started for one of its tests, and a variable of its environment tells it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Executable {
    program: String,
    arguments: Vec<String>,
    variable: Option<String>,
}

/// A command line, and what its environment has on top of the harness's own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Again {
    /// Program and arguments.
    pub command: Vec<String>,
    /// Variables.
    pub env: Vec<(String, String)>,
}

impl Executable {
    /// A program that is told by a subcommand: `exactly guardian MARK SCRATCH`.
    pub fn with_subcommands(program: impl Into<String>) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            variable: None,
        }
    }

    /// A program that is always started with `arguments`, and told by `variable`,
    /// which holds the words as a JSON list.
    pub fn with_variable(
        program: impl Into<String>,
        arguments: Vec<String>,
        variable: impl Into<String>,
    ) -> Self {
        Self {
            program: program.into(),
            arguments,
            variable: Some(variable.into()),
        }
    }

    /// The program.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// The same program as `words` say, such as `guardian MARK SCRATCH`.
    pub fn again(&self, words: &[&str]) -> Again {
        let mut command = vec![self.program.clone()];
        command.extend(self.arguments.iter().cloned());
        let mut env = Vec::new();
        match &self.variable {
            None => command.extend(words.iter().map(ToString::to_string)),
            Some(name) => {
                let words = serde_json::Value::from(words.to_vec());
                env.push((name.clone(), words.to_string()));
            }
        }
        Again { command, env }
    }
}

impl From<String> for Executable {
    fn from(program: String) -> Self {
        Self::with_subcommands(program)
    }
}

impl From<&str> for Executable {
    fn from(program: &str) -> Self {
        Self::with_subcommands(program)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_arguments_or_a_variable() {
        let words = ["guardian", "a mark", "/a folder\n/x"];
        let command = Executable::from("exactly".to_string()).again(&words);
        assert_eq!(command.command[1..], words);
        assert_eq!(command.env, []);
        let arguments = vec!["--exact".to_string(), "a::test".to_string()];
        let test = Executable::with_variable("t", arguments, "ROLE").again(&words);
        assert_eq!(test.command, ["t", "--exact", "a::test"]);
        assert_eq!(test.env[0].0, "ROLE");
        let read: Vec<String> = serde_json::from_str(&test.env[0].1).unwrap();
        assert_eq!(read, words);
    }
}
