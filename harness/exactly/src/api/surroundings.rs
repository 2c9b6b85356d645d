//! What a test binary is told by its surroundings: the one file of this package that
//! reads arguments and environment.

use exactly_engine::supervisor::Executable;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Holds what this program is to be instead of a test, as a JSON list of words.
pub(super) const ROLE: &str = "EXACTLY_ROLE";
/// Holds the name of the test that is run as a pipeline.
pub(super) const PIPELINE: &str = "EXACTLY_PIPELINE";
/// Holds the id of a finding that is to be run again.
pub(super) const REPLAY: &str = "EXACTLY_REPLAY";
/// Set by cargo-nextest, which runs each test in a process of its own.
const NEXTEST: &str = "NEXTEST";

/// A variable that is set and not empty.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn path_variable(name: &str) -> Option<PathBuf> {
    let value: Option<OsString> = std::env::var_os(name);
    value.filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// What places need to know of the machine: where Kafka's jars are, and which Java
/// runs them.
pub(super) fn settings() -> BTreeMap<String, String> {
    let names = [
        "PATH",
        "KAFKA_HOME",
        "JAVA_HOME",
        "POSTGRES_HOME",
        "REDIS_SERVER",
    ]
    .into_iter();
    names
        .filter_map(|name| Some((name.to_string(), variable(name)?)))
        .collect()
}

/// Folder for downloads, kept between runs; the same one as the `exactly` command's.
pub(super) fn cache_folder() -> PathBuf {
    let home_cache = || path_variable("HOME").map(|home| home.join(".cache"));
    match path_variable("EXACTLY_CACHE") {
        Some(cache) => cache,
        // Servers that refuse root are run as another user, who can't enter root's
        // home.
        None if user() == 0 => PathBuf::from("/var/cache/exactly"),
        None => path_variable("XDG_CACHE_HOME")
            .or_else(home_cache)
            .unwrap_or_else(std::env::temp_dir)
            .join("exactly"),
    }
}

/// The user that this process runs as.
pub(super) fn user() -> u32 {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").map_or(0, |me| me.uid())
}

/// Whether each test has a process of its own.
pub(super) fn is_process_per_test() -> bool {
    variable(NEXTEST).is_some()
}

/// This program.
pub(super) fn program() -> Result<PathBuf, String> {
    let program = std::env::current_exe();
    program.map_err(|error| format!("cannot find the test's own binary: {error}"))
}

/// The folder that cargo builds into (`target`), where this program lies in one.
pub(super) fn target_folder() -> Option<PathBuf> {
    let program = program().ok()?;
    // target/debug/deps/test-0123, or target/TRIPLE/debug/deps/test-0123.
    let mut folders = program.ancestors().skip(1);
    let is_target = |folder: &&Path| folder.join("CACHEDIR.TAG").is_file();
    folders.find(is_target).map(Path::to_path_buf)
}

/// The binary `name` of the package under test, as cargo has built it.
pub(super) fn cargo_binary(name: &str) -> PathBuf {
    if let Some(path) = path_variable(&format!("CARGO_BIN_EXE_{name}")) {
        return path;
    }
    let program = program().unwrap_or_default();
    let folder = program.parent().unwrap_or(Path::new(""));
    // Tests lie in `deps`, doc tests elsewhere, binaries one above.
    let above = match folder.file_name() {
        Some(last) if last == "deps" || last == "examples" => folder.parent().unwrap_or(folder),
        _ => folder,
    };
    above.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// The test that this thread runs, as the test harness names it. `None` on a main
/// thread: there is no test harness.
pub(super) fn test_name() -> Result<Option<String>, String> {
    match std::thread::current().name() {
        Some("main") => Ok(None),
        Some(name) => Ok(Some(name.into())),
        None => match exact_argument() {
            Some(name) => Ok(Some(name)),
            None => Err(
                "this thread has no name, so that nobody knows which test it belongs to; \
                         run the check on the test's own thread"
                    .into(),
            ),
        },
    }
}

/// The test that was asked for by name: `--exact NAME`, in either order.
fn exact_argument() -> Option<String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_exact = arguments.iter().any(|argument| argument == "--exact");
    let mut names = arguments
        .iter()
        .filter(|argument| !argument.starts_with('-'));
    names.next().filter(|_| is_exact).cloned()
}

/// Arguments with which this program comes to the test `name` and to no other; with
/// which it was started, where it is no test.
pub(super) fn arguments(name: Option<&str>) -> Vec<String> {
    match name {
        None => std::env::args().skip(1).collect(),
        // One thread: what else the program holds has no part in it.
        Some(name) => [
            "--exact",
            name,
            "--nocapture",
            "--include-ignored",
            "--test-threads=1",
        ]
        .map(String::from)
        .to_vec(),
    }
}

/// This program, started again for the guardian and embedded servers.
pub(super) fn executable() -> Result<Executable, String> {
    let name = test_name()?;
    let program = program()?.into_os_string().into_string();
    let program = program
        .map_err(|path| format!("the path {} is not UTF-8; build elsewhere", path.display()))?;
    Ok(Executable::with_variable(
        program,
        arguments(name.as_deref()),
        ROLE,
    ))
}

/// The command that runs this test and no other, for a person.
pub(super) fn command_of_test() -> String {
    match test_name() {
        Ok(Some(name)) => match variable("CARGO_PKG_NAME") {
            Some(package) => format!("cargo test -p {package} {name}"),
            None => format!("cargo test {name}"),
        },
        _ => match std::env::args().next() {
            Some(program) => program,
            None => "cargo run".into(),
        },
    }
}

/// `path` as a person would write it from where the test runs.
pub(super) fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here)
        .unwrap_or(path)
        .display()
        .to_string()
}
