//! A process of the pipeline.

use super::surroundings::{PIPELINE, arguments, cargo_binary, program, test_name};
use crate::config::{self, Ready, Restart, Signal, Stop, Time};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A process of the pipeline under test: a real one, which is killed for good.
///
/// Arguments and variables may hold placeholders, which stand for something fresh in
/// each trial: `{k.address}`, `{k.topic.orders}`, `{k.group}`, `{k.transactional_id}`
/// of a Kafka called `k`; `{pg.url}`, `{pg.host}`, `{pg.port}`, `{pg.user}`,
/// `{pg.database}`, `{pg.schema}` of a PostgreSQL called `pg`; `{q.url}`, `{q.region}`,
/// `{q.access_key_id}`, `{q.secret_access_key}`, `{q.queue_url.orders}` of an SQS called
/// `q`; `{pay.url}` of a service over HTTP called `pay`; `{port.http}` for a free port. Its environment is that of the test, and what [`env`](Self::env) adds.
#[derive(Clone, PartialEq, Debug)]
#[must_use = "give it to Pipeline::process"]
pub struct Process {
    config: config::Process,
    /// The binary of this package that it is, for a better hint where it is missing.
    binary: Option<(String, PathBuf)>,
    /// What cannot be said of it yet because it is not known where this runs.
    wrong: Option<String>,
}

impl Process {
    /// A binary of the package that the test belongs to, as `cargo test` builds it for
    /// integration tests.
    pub fn cargo_bin(name: &str) -> Self {
        let path = cargo_binary(name);
        let mut process = Self::command([path.to_string_lossy()]).named(&name.replace('.', "-"));
        process.binary = Some((name.into(), path));
        process
    }

    /// A program and its arguments: `["python3", "worker.py"]`.
    pub fn command(command: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let command: Vec<String> = command.into_iter().map(Into::into).collect();
        let program = command.first().map(Path::new);
        let stem = program.and_then(Path::file_stem).unwrap_or_default();
        let name = stem.to_string_lossy().replace('.', "-");
        Self {
            config: config::Process {
                name,
                command,
                instances: 1,
                ..config::Process::default()
            },
            binary: None,
            wrong: None,
        }
    }

    /// Another `#[test]` of the same test binary, as a process of its own. That test
    /// calls [`as_pipeline`](crate::as_pipeline). A name without `::` is one of the
    /// module that this test is in.
    pub fn this_test(name: &str) -> Self {
        let known = program().and_then(|program| Ok((program, test_name()?)));
        let (program, this) = match known {
            Ok((program, this)) => (program, this),
            Err(wrong) => {
                let mut process = Self::command(["test"]).named(name);
                process.wrong = Some(wrong);
                return process;
            }
        };
        let test = this.as_deref().map(|this| match this.rsplit_once("::") {
            Some((module, _)) if !name.contains("::") => format!("{module}::{name}"),
            _ => name.to_string(),
        });
        let mut command = vec![program.to_string_lossy().into_owned()];
        command.extend(arguments(test.as_deref()));
        let last = name.rsplit("::").next().unwrap_or(name);
        Self::command(command)
            .named(last)
            .env(PIPELINE, test.as_deref().unwrap_or(name))
    }

    /// What reports and schedules call it; the program's name without it.
    pub fn named(mut self, name: &str) -> Self {
        self.config.name = name.into();
        self
    }

    /// One more argument.
    pub fn arg(mut self, argument: impl Into<String>) -> Self {
        self.config.command.push(argument.into());
        self
    }

    /// A variable of its environment.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.config.env.insert(name.into(), value.into());
        self
    }

    /// The folder that it runs in; the one of the test without it.
    pub fn dir(mut self, folder: impl AsRef<Path>) -> Self {
        self.config.dir = Some(folder.as_ref().to_string_lossy().into_owned());
        self
    }

    /// It is ready when a line of its output contains `text`. Without any of these it
    /// is ready with its first request to any system.
    pub fn ready_when_it_prints(self, text: &str) -> Self {
        self.ready(|ready| ready.log = Some(text.into()))
    }

    /// It is ready when something accepts connections at `address`, such as
    /// `127.0.0.1:{port.http}`.
    pub fn ready_when_it_listens(self, address: &str) -> Self {
        self.ready(|ready| ready.tcp = Some(address.into()))
    }

    /// How long it may take to be ready; 20 s without it.
    pub fn ready_within(self, time: Duration) -> Self {
        self.ready(|ready| ready.within = Some(Time::from(time)))
    }

    fn ready(mut self, set: impl FnOnce(&mut Ready)) -> Self {
        set(&mut self.config.ready);
        self
    }

    /// What asks it to end, and how long it may take before SIGKILL; SIGTERM and 5 s
    /// without it.
    pub fn stops_with(mut self, signal: Signal, grace: Duration) -> Self {
        self.config.stop = Stop {
            signal,
            grace: Time::from(grace),
        };
        self
    }

    /// How many of it run at the same time.
    pub fn instances(mut self, number: u32) -> Self {
        self.config.instances = number;
        self
    }

    /// How often it is started again in one trial when it exits by itself, and the
    /// delay before each start; 5 times and 100 ms without it.
    pub fn restarts(mut self, most: u32, delay: Duration) -> Self {
        self.config.restart = Restart {
            max: most,
            delay: Time::from(delay),
        };
        self
    }

    /// A file in which it keeps state. No verdict is then better than inconclusive: its
    /// crashes are more than its requests tell.
    pub fn keeps_state_in(mut self, file: impl AsRef<Path>) -> Self {
        let file = file.as_ref().to_string_lossy().into_owned();
        self.config.local_state.push(file);
        self
    }

    /// As the configuration has it, or what is wrong with it.
    pub(super) fn into_config(self) -> Result<config::Process, String> {
        if let Some(wrong) = self.wrong {
            return Err(wrong);
        }
        match self.binary {
            Some((name, path)) if !path.is_file() => Err(format!(
                "there is no binary {name:?} at {}: `cargo test` builds the binaries of a package \
                 for its integration tests (in `tests/`), and those of no other package; build it \
                 before, or name the program with Process::command",
                path.display()
            )),
            _ => Ok(self.config),
        }
    }
}

/// Whether this test was started as a process of a pipeline, by
/// [`Process::this_test`].
pub fn is_pipeline() -> bool {
    let asked = super::surroundings::variable(PIPELINE);
    match (asked, test_name()) {
        (Some(asked), Ok(Some(name))) => asked == name,
        (Some(_), Ok(None)) => true,
        _ => false,
    }
}

/// Runs `pipeline` and then ends this process, where this test was started as a
/// process of a pipeline by [`Process::this_test`]. In any other run it returns at
/// once. What panics in it ends the process with a failure, as in any service.
///
/// ```
/// // A test, with `#[test]` in front of it.
/// fn worker() {
///     exactly::as_pipeline(|| {
///         let brokers = std::env::var("BROKERS").expect("BROKERS is set");
///         // Consumes, for ever.
/// #       drop(brokers);
///     });
/// }
///
/// // Nobody has started it as a pipeline.
/// worker();
/// assert!(!exactly::is_pipeline());
/// ```
pub fn as_pipeline(pipeline: impl FnOnce()) {
    if is_pipeline() {
        pipeline();
        std::process::exit(0);
    }
}
