//! The SDKs that people use, each a round of operations against `exactly up sqs`: what
//! comes back is what AWS documents, errors by the SDK's own types. The rounds are in
//! `tests/sdks`; `tests/sdks/install.sh` gets the SDKs, in the versions that are pinned
//! there, into the user's cache. One that is not there is named as not run;
//! `EXACTLY_TEST_SDKS=boto3,node,java` makes that a failure for these.

#[path = "../e2e/support.rs"]
#[expect(dead_code, reason = "shared with the end-to-end tests")]
mod support;
#[path = "../e2e/up.rs"]
#[expect(dead_code, reason = "shared with the end-to-end tests")]
mod up;

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::Home;
use up::Up;

/// A JVM that compiles its program first takes seconds; a machine with too much to do
/// takes many.
const WITHIN: Duration = Duration::from_secs(240);

/// An SDK.
struct Sdk {
    name: &'static str,
    /// What pins it, under `tests/sdks`; its copy says what is installed.
    manifest: &'static str,
    /// How its round is run: the command, with the folder that it is installed in.
    round: fn(&Path) -> Command,
}

const BOTO3: Sdk = Sdk {
    name: "boto3",
    manifest: "python/requirements.txt",
    round: |folder| {
        let mut command = Command::new(folder.join("bin/python3"));
        command.arg(rounds().join("python/round.py"));
        command
    },
};

const NODE: Sdk = Sdk {
    name: "node",
    manifest: "node/package-lock.json",
    round: |folder| {
        let mut command = Command::new("node");
        command
            .arg(rounds().join("node/round.js"))
            .env("NODE_PATH", folder.join("node_modules"));
        command
    },
};

const JAVA: Sdk = Sdk {
    name: "java",
    manifest: "java/pom.xml",
    round: |folder| {
        let java = match std::env::var_os("JAVA_HOME").filter(|home| !home.is_empty()) {
            Some(home) => PathBuf::from(home).join("bin/java").into_os_string(),
            None => OsString::from("java"),
        };
        let mut command = Command::new(java);
        command
            .arg("-cp")
            .arg(folder.join("libs/*"))
            .arg(rounds().join("java/Round.java"));
        command
    },
};

impl Sdk {
    fn goes_round(&self) {
        let Some(folder) = self.folder() else {
            return;
        };
        let home = Home::new(&format!("sdk-{}", self.name));
        let up = Up::start(&home, &["sqs"], 1);
        let mut command = (self.round)(&folder);
        command
            .env("AWS_ENDPOINT_URL_SQS", up.address("sqs"))
            .env("AWS_REGION", "us-east-1")
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "any")
            .env("AWS_SECRET_ACCESS_KEY", "any")
            // Nothing of the user's own decides where requests go, and how often.
            .env("AWS_CONFIG_FILE", "/nonexistent")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_MAX_ATTEMPTS", "1")
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_SESSION_TOKEN");
        for proxy in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
            command.env_remove(proxy);
        }
        let said = run(command);
        assert!(said.contains("sdk round done"), "{}: {said}", self.name);
        // Seen with --nocapture: which versions did it.
        println!("{}", said.trim());
    }

    /// Where it is installed in the version that is pinned; `None` where it is not.
    fn folder(&self) -> Option<PathBuf> {
        let folder = cache().join(self.name);
        let pinned = std::fs::read(rounds().join(self.manifest)).unwrap();
        if std::fs::read(folder.join("installed")).is_ok_and(|installed| installed == pinned) {
            return Some(folder);
        }
        let asked = std::env::var("EXACTLY_TEST_SDKS").unwrap_or_default();
        let asked = asked.split(',').any(|name| name == self.name);
        let lacks = format!(
            "{} as {} pins it is not in {} (tests/sdks/install.sh)",
            self.name,
            self.manifest,
            folder.display()
        );
        assert!(!asked, "{lacks}");
        // Not by `println!`, which nobody sees of a test that passes.
        let line = format!("not run: {lacks}\n");
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        None
    }
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

#[test]
fn boto3_goes_round() {
    BOTO3.goes_round();
}

#[test]
fn the_sdk_for_javascript_goes_round() {
    NODE.goes_round();
}

#[test]
fn the_sdk_for_java_goes_round() {
    JAVA.goes_round();
}
