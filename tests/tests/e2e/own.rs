//! A pipeline of one's own and its `exactly.toml`, sound until a test changes it.

use crate::support::{Home, nothing_left, report, stderr};
use exactly_model::{Report, VariantReport};
use std::path::{Path, PathBuf};
use std::process::Output;

/// One of the catalogue's programs, as somebody's own.
const CONFIG: &str = r#"name = "orders"

[systems.k]
kind = "kafka"
setup = { topics = [{ name = "orders" }] }

[systems.pg]
kind = "postgres"
setup = { sql = "schema.sql" }

[[process]]
name = "worker"
command = ["PROGRAM", "pipeline", "kafka-inbox-then-ack"]

[process.env]
BROKERS = "{k.address}"
TOPIC = "{k.topic.orders}"
GROUP = "{k.group}"
SESSION_TIMEOUT_MS = "{k.session_timeout_ms}"
DATABASE_URL = "{pg.url}"

[feed]
system = "k"
to = "orders"
messages = 2
keys = 2
payload = '{"id":"{id}","key":"{key}","n":{seq},"sum":"{checksum}"}'

[[observe]]
name = "rows"
system = "pg"
query = "select id, key, n as seq, checksum from orders"

[faults]
kinds = ["kill"]

[expect]
guarantee = "exactly-once"
"#;

const SCHEMA: &str = "\
create table orders (
    entry bigint generated always as identity primary key,
    id text not null,
    key text not null,
    n bigint not null,
    checksum text not null
);
create table inbox (id text primary key);
create table positions (partition int primary key, next bigint not null);
";

/// A folder with a pipeline, and a store beside it.
pub struct Own {
    pub home: Home,
    text: String,
    schema: String,
}

impl Own {
    pub fn new(test: &str) -> Self {
        Self {
            home: Home::new(&format!("own-{test}")),
            text: CONFIG.replace("PROGRAM", env!("CARGO_BIN_EXE_exactly-under-test")),
            schema: SCHEMA.into(),
        }
    }

    /// The same with `to` in the place of `from`, which is there once.
    pub fn with(mut self, from: &str, to: &str) -> Self {
        assert_eq!(self.text.matches(from).count(), 1, "{from}");
        self.text = self.text.replacen(from, to, 1);
        self
    }

    /// The same with another query.
    pub fn observing(self, query: &str) -> Self {
        self.with("select id, key, n as seq, checksum from orders", query)
    }

    /// The same with more in front of `[faults]`.
    pub fn and(self, more: &str) -> Self {
        self.with("[faults]", &format!("{more}\n\n[faults]"))
    }

    /// The same with more SQL.
    pub fn sql(mut self, more: &str) -> Self {
        self.schema.push_str(more);
        self
    }

    pub fn file(&self) -> PathBuf {
        self.home.path().join("exactly.toml")
    }

    /// Writes it and runs `exactly check`; nothing is left behind.
    pub fn check(&self) -> Ran {
        std::fs::write(self.file(), &self.text).unwrap();
        std::fs::write(self.home.path().join("schema.sql"), &self.schema).unwrap();
        let file = self.file();
        let arguments = ["check", file.to_str().unwrap(), "--format", "json"];
        let output = self.home.command(&arguments).output().unwrap();
        for run in self.home.runs() {
            nothing_left(&run);
        }
        Ran(output)
    }
}

/// What came of it.
pub struct Ran(pub Output);

impl Ran {
    /// Everything that it printed.
    pub fn said(&self) -> String {
        let out = String::from_utf8_lossy(&self.0.stdout);
        format!("{}{out}", stderr(&self.0))
    }

    #[track_caller]
    pub fn ends(&self, code: u8, parts: &[&str]) {
        let said = self.said();
        assert_eq!(self.0.status.code(), Some(i32::from(code)), "{said}");
        for part in parts {
            assert!(said.contains(part), "{part:?} is not in:\n{said}");
        }
    }

    pub fn report(&self) -> Report {
        report(&self.0)
    }

    pub fn cell(&self) -> VariantReport {
        let report = self.report();
        let (_, cell) = report.variants().next().expect("there is one cell");
        cell.clone()
    }
}

/// Every byte that a run has left in its folder.
pub fn kept(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => all.extend(kept(&path)),
            false => all.push((path.clone(), std::fs::read(&path).unwrap())),
        }
    }
    all
}
