//! The clients that people use, each a round of operations against `exactly up`. `sqs`:
//! what comes back is what AWS documents, errors by the SDK's own types. `redis`: keys
//! that expire, channels, streams with a group. `smtp`: mails with and without STARTTLS.
//! The rounds are in `tests/sdks`; `tests/sdks/install.sh` gets the clients, in the
//! versions that are pinned there, into the user's cache. One that is not there is named
//! as not run; `EXACTLY_TEST_SDKS=boto3,node,java` makes that a failure for these.

mod redis;
mod smtp;
mod sqs;

#[path = "../e2e/support.rs"]
#[expect(dead_code, reason = "shared with the end-to-end tests")]
mod support;
#[path = "../e2e/up.rs"]
#[expect(dead_code, reason = "shared with the end-to-end tests")]
mod up;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::Home;
use up::Up;

/// A JVM that compiles its program first takes seconds; a machine with too much to do
/// takes many.
const WITHIN: Duration = Duration::from_secs(240);

/// A client.
struct Sdk {
    name: &'static str,
    /// What pins it, under `tests/sdks`; its copy says what is installed. `None`: it comes
    /// with its language.
    manifest: Option<&'static str>,
    /// How its round is run: the command, with the folder that it is installed in.
    round: fn(&Path) -> Command,
}

/// A round that has come to its end, a good one.
struct Round {
    said: String,
    /// What it went against. Ended before its folder is removed, hence the order.
    up: Up,
    _home: Home,
}

impl Sdk {
    /// Starts `system`, lets the round run with what `prepare` makes of its command, and
    /// answers how it went. `None` where the client is not here.
    fn goes_round(
        &self,
        system: &str,
        prepare: impl FnOnce(&mut Command, &Up, &Home),
    ) -> Option<Round> {
        let folder = self.folder()?;
        let home = Home::new(&format!("sdk-{}", self.name));
        let up = Up::start(&home, &[system], 1);
        let mut command = (self.round)(&folder);
        for proxy in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
            command.env_remove(proxy);
        }
        prepare(&mut command, &up, &home);
        let said = run(command);
        // Seen with --nocapture: which versions did it.
        println!("{}", said.trim());
        Some(Round {
            said,
            up,
            _home: home,
        })
    }

    /// Where it is installed in the version that is pinned; `None` where it is not.
    fn folder(&self) -> Option<PathBuf> {
        let Some(manifest) = self.manifest else {
            return Some(rounds());
        };
        let folder = cache().join(self.name);
        let pinned = std::fs::read(rounds().join(manifest)).unwrap();
        if std::fs::read(folder.join("installed")).is_ok_and(|installed| installed == pinned) {
            return Some(folder);
        }
        let asked = std::env::var("EXACTLY_TEST_SDKS").unwrap_or_default();
        let asked = asked.split(',').any(|name| name == self.name);
        let lacks = format!(
            "{} as {manifest} pins it is not in {} (tests/sdks/install.sh)",
            self.name,
            folder.display()
        );
        assert!(!asked, "{lacks}");
        // Not by `println!`, which nobody sees of a test that passes.
        let line = format!("not run: {lacks}\n");
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        None
    }
}

/// The Java that is meant, with the jars in `folder` and a program that it compiles first.
fn java(folder: &Path, program: &str) -> Command {
    let java = match std::env::var_os("JAVA_HOME").filter(|home| !home.is_empty()) {
        Some(home) => PathBuf::from(home).join("bin/java"),
        None => PathBuf::from("java"),
    };
    let mut command = Command::new(java);
    command
        .arg("-cp")
        .arg(folder.join("libs/*"))
        .arg(rounds().join(program));
    command
}

/// A program for Node, with the packages in `folder`.
fn node(folder: &Path, program: &str) -> Command {
    let mut command = Command::new("node");
    command
        .arg(rounds().join(program))
        .env("NODE_PATH", folder.join("node_modules"));
    command
}

/// Runs a command to its end, which has to be a good one, and answers what it said.
fn run(mut command: Command) -> String {
    let output = tempfile::NamedTempFile::new().unwrap();
    // One position for both.
    let stdout = output.reopen().unwrap();
    let mut child = command
        .stdin(Stdio::null())
        .stderr(stdout.try_clone().unwrap())
        .stdout(stdout)
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let began = Instant::now();
    let ended = loop {
        match child.try_wait().unwrap() {
            Some(status) => break Some(status),
            None if began.elapsed() > WITHIN => break None,
            None => std::thread::sleep(Duration::from_millis(50)),
        }
    };
    if ended.is_none() {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let said = std::fs::read_to_string(output.path()).unwrap();
    assert!(ended.is_some_and(|s| s.success()), "{ended:?}: {said}");
    said
}

/// The folder with the rounds and what pins the SDKs.
fn rounds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sdks")
}

/// Where `tests/sdks/install.sh` puts them.
fn cache() -> PathBuf {
    let folder = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let caches = folder("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || PathBuf::from(folder("HOME").unwrap_or_default()).join(".cache");
    caches.unwrap_or_else(home).join("exactly-ci/sdks")
}
