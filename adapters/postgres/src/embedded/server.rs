//! One server process of a run.

use super::download::binaries;
use super::user::{give, other_than_root};
use crate::adapter::KIND;
use crate::target::Target;
use exactly_adapter::{Host, Server, ServerCommand, StartError, StopSignal};
use std::net::TcpListener;
use std::path::{Path, PathBuf};

/// A second on a machine of its own; minutes on one with too much to do.
const INITDB_WITHIN_MS: u64 = 180_000;
const READY_WITHIN_MS: u64 = 60_000;
/// Another process may take a free port before the server does.
const PORTS_TRIED: u32 = 4;

/// Settings of the server. SIGKILL of a process is not a loss of power: the
/// page cache survives it, so that fsync would only cost time.
const SETTINGS: &[(&str, &str)] = &[
    ("listen_addresses", "127.0.0.1"),
    ("unix_socket_directories", ""),
    ("max_connections", "200"),
    ("shared_buffers", "32MB"),
    ("fsync", "off"),
    ("synchronous_commit", "on"),
    ("full_page_writes", "off"),
    ("max_wal_size", "512MB"),
    ("track_commit_timestamp", "on"),
    ("max_prepared_transactions", "10"),
    ("logging_collector", "off"),
    ("log_checkpoints", "off"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
];

/// The binaries of a server, and as whom they run.
struct Programs {
    home: PathBuf,
    user: Option<(u32, u32)>,
}

impl Programs {
    fn command(&self, program: &str, arguments: &[&str]) -> ServerCommand {
        let program_path = self.home.join("bin").join(program);
        let mut command = vec![program_path.display().to_string()];
        command.extend(arguments.iter().map(ToString::to_string));
        let libraries = self.home.join("lib").display().to_string();
        ServerCommand {
            name: format!("postgres-{program}"),
            command,
            env: vec![
                ("LD_LIBRARY_PATH".into(), libraries),
                ("LC_ALL".into(), "C".into()),
            ],
            user: self.user,
            // Immediate: the data is thrown away with the run.
            stop_signal: StopSignal::Quit,
            ready: String::new(),
            ready_within_ms: INITDB_WITHIN_MS,
        }
    }
}

/// Starts a server of the run's own.
pub(crate) async fn start(host: &dyn Host) -> Result<(Target, Box<dyn Server>), StartError> {
    let programs = Programs {
        home: binaries(&host.cache()).await?,
        user: other_than_root(),
    };
    let data = data_folder(host.scratch(), programs.user)?;
    let data = data.display().to_string();
    let initdb = [
        "-D",
        &data,
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C",
        "-N",
    ];
    host.run(programs.command("initdb", &initdb)).await?;
    for tried in 1.. {
        let port = host.port().map_or_else(free_port, Ok)?;
        match host.serve(postgres(&programs, &data, port)).await {
            Ok(server) => return Ok((Target::embedded(port), server)),
            Err(error) if tried == PORTS_TRIED => return Err(error),
            Err(error) => tracing::debug!(port, %error, "the server did not start; once more"),
        }
    }
    unreachable!("the loop ends with its last try")
}

fn postgres(programs: &Programs, data: &str, port: u16) -> ServerCommand {
    let mut arguments = vec!["-D".to_string(), data.to_string()];
    let port = port.to_string();
    let settings = SETTINGS.iter().copied().chain([("port", port.as_str())]);
    for (name, value) in settings {
        arguments.extend(["-c".to_string(), format!("{name}={value}")]);
    }
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    ServerCommand {
        name: "postgres".into(),
        ready: "database system is ready to accept connections".into(),
        ready_within_ms: READY_WITHIN_MS,
        ..programs.command("postgres", &arguments)
    }
}

/// An empty folder of the server's own.
fn data_folder(scratch: &Path, user: Option<(u32, u32)>) -> Result<PathBuf, StartError> {
    let here = |error: std::io::Error| StartError::NotStarted {
        system: KIND,
        why: format!("no data folder in {}: {error}", scratch.display()),
        hint: "check that there is room and that it may be written".into(),
    };
    let folder = tempfile::Builder::new()
        .prefix("postgres-")
        .tempdir_in(scratch)
        .map_err(here)?;
    give(folder.path(), user).map_err(here)?;
    // The scratch folder is removed as a whole at the end of the run.
    Ok(folder.keep())
}

fn free_port() -> Result<u16, StartError> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| StartError::NotStarted {
            system: KIND,
            why: format!("no free port on 127.0.0.1: {error}"),
            hint: "check that the loopback interface is up".into(),
        })
}
