//! What the environment of the command says: terminal, log, folders.

use exactly_report::Style;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Columns where nobody says: the matrix fits, and most logs do not wrap.
const COLUMNS_WITHOUT_TERMINAL: usize = 120;

/// How to show text on stdout.
pub(crate) fn stdout_style() -> Style {
    style(&console::Term::stdout())
}

/// How to show text on stderr.
pub(crate) fn stderr_style() -> Style {
    style(&console::Term::stderr())
}

/// Whether progress may be drawn over.
pub(crate) fn stderr_is_terminal() -> bool {
    console::Term::stderr().is_term()
}

/// Lets the harness's own log through to stderr, as far as `EXACTLY_LOG` asks
/// for it (`EXACTLY_LOG=debug`).
pub(crate) fn start_log() {
    let Ok(directives) = std::env::var("EXACTLY_LOG") else {
        return;
    };
    let filter = tracing_subscriber::EnvFilter::new(directives);
    // Only a second subscriber is refused, and there is none.
    drop(
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .try_init(),
    );
}

/// What places need to know of the machine: where Kafka's jars are, and which
/// Java runs them.
pub(crate) fn settings() -> BTreeMap<String, String> {
    const NAMES: [&str; 11] = [
        "PATH",
        "KAFKA_HOME",
        "ELASTICMQ_HOME",
        "POSTGRES_HOME",
        "REDIS_SERVER",
        "JAVA_HOME",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
    ];
    let set = |name: &str| {
        let value = std::env::var(name).ok().filter(|value| !value.is_empty());
        Some((name.to_string(), value?))
    };
    NAMES.into_iter().filter_map(set).collect()
}

/// Folder in which it stands what `exactly up` has started: one of this user's, gone
/// with the machine's memory.
pub(crate) fn board_folder() -> PathBuf {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").filter(|value| !value.is_empty());
    match runtime {
        Some(folder) => PathBuf::from(folder).join("exactly-up"),
        None => std::env::temp_dir().join(format!("exactly-up-of-{}", user().unwrap_or_default())),
    }
}

/// Folder for downloads, kept between runs. `EXACTLY_CACHE` decides.
///
/// Servers that refuse root are run as another user, who can't enter root's
/// home: root's downloads lie in the system's cache.
pub(crate) fn cache_folder() -> PathBuf {
    let folder = |name| {
        std::env::var_os(name)
            .filter(|v| !v.is_empty())
            .map(PathBuf::from)
    };
    let home_cache = || folder("HOME").map(|home| home.join(".cache"));
    match folder("EXACTLY_CACHE") {
        Some(cache) => cache,
        None if is_root() => PathBuf::from("/var/cache/exactly"),
        None => folder("XDG_CACHE_HOME")
            .or_else(home_cache)
            .unwrap_or_else(std::env::temp_dir)
            .join("exactly"),
    }
}

fn is_root() -> bool {
    user() == Some(0)
}

fn user() -> Option<u32> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").ok().map(|me| me.uid())
}

fn style(term: &console::Term) -> Style {
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let columns = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
    Style {
        colour: term.is_term() && !dumb && !refused,
        width: match term.size_checked().filter(|_| term.is_term()) {
            Some((_, columns)) => usize::from(columns),
            None => columns.unwrap_or(COLUMNS_WITHOUT_TERMINAL),
        },
    }
}
