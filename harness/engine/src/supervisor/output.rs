//! Keeps the output of a process, with a limit.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::watch;

/// Reads `pipe` to its end. The first `limit` bytes go to `path`; what comes
/// after is read and thrown away, and so is what cannot be written: a process is
/// neither blocked nor broken by what becomes of its output. The first line that
/// contains `ready` is announced.
pub async fn pump(
    mut pipe: Receiver,
    path: PathBuf,
    limit: u64,
    ready: Option<String>,
    announce: watch::Sender<Option<String>>,
) {
    let mut kept = Kept::new(&path, limit);
    let mut line = Vec::new();
    let mut buffer = vec![0; 16 << 10];
    let mut waiting = ready;
    while let Ok(n @ 1..) = pipe.read(&mut buffer).await {
        kept.take(&buffer[..n]);
        if let Some(text) = &waiting
            && let Some(found) = find_line(&mut line, &buffer[..n], text)
        {
            announce.send_replace(Some(found));
            waiting = None;
        }
        if kept.is_full() {
            // Do not let a process that prints for ever have a core to itself.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// A file with a limit.
struct Kept {
    file: Option<File>,
    limit: u64,
    left: u64,
    full: bool,
}

impl Kept {
    fn new(path: &Path, limit: u64) -> Self {
        let file = File::create(path)
            .inspect_err(|error| {
                tracing::warn!("cannot keep output in {}: {error}", path.display())
            })
            .ok();
        Self {
            file,
            limit,
            left: limit,
            full: false,
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        if self.full {
            return;
        }
        let kept = bytes
            .len()
            .min(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= kept as u64;
        self.write(&bytes[..kept]);
        if kept < bytes.len() {
            self.full = true;
            let limit = self.limit;
            self.write(
                format!("\n[exactly: the output passed {limit} bytes; the rest was not kept]\n")
                    .as_bytes(),
            );
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        let Some(file) = &mut self.file else { return };
        if let Err(error) = file.write_all(bytes) {
            tracing::warn!("cannot keep output: {error}");
            self.file = None;
        }
    }

    fn is_full(&self) -> bool {
        self.full
    }
}

/// Appends `bytes` to the line in progress and answers the first complete line
/// with `text` in it.
fn find_line(line: &mut Vec<u8>, bytes: &[u8], text: &str) -> Option<String> {
    const LINE_MAX: usize = 4096;
    for byte in bytes {
        if *byte != b'\n' {
            if line.len() < LINE_MAX {
                line.push(*byte);
            }
            continue;
        }
        let whole = String::from_utf8_lossy(line).into_owned();
        line.clear();
        if whole.contains(text) {
            return Some(whole);
        }
    }
    None
}

/// The last few lines of an output file, for error messages.
pub fn tail(path: &Path) -> String {
    const LINES: usize = 8;
    let text = std::fs::read(path).unwrap_or_default();
    let start = text.len().saturating_sub(4096);
    let text = String::from_utf8_lossy(&text[start..]).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(LINES);
    lines[from..]
        .iter()
        .map(|line| format!("\n    | {line}"))
        .collect()
}

/// The last line of an output file that says something, without secrets and
/// shortened where it is long.
pub fn last_line(path: &Path) -> Option<String> {
    const CHARS: usize = 300;
    let text = std::fs::read(path).unwrap_or_default();
    let start = text.len().saturating_sub(4096);
    let text = String::from_utf8_lossy(&text[start..]);
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty())?;
    let line = exactly_model::redact(line);
    Some(match line.char_indices().nth(CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    })
}

/// An anonymous pipe: the end to read, and the end to hand to a child.
pub fn pipe() -> io::Result<(Receiver, io::PipeWriter)> {
    let (reader, writer) = io::pipe()?;
    Ok((Receiver::from_owned_fd(reader.into())?, writer))
}

#[cfg(test)]
mod tests {
    use super::{find_line, last_line};

    #[test]
    fn the_last_line_that_says_something() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("output");
        let last = |text: &str| {
            std::fs::write(&file, text).unwrap();
            last_line(&file)
        };
        assert_eq!(last_line(&file), None);
        assert_eq!(last("\n  \n"), None);
        assert_eq!(last("one\ntwo \n\n"), Some("two".into()));
        assert_eq!(
            last("cannot reach postgres://me:secret@here/db"),
            Some("cannot reach postgres://me:***@here/db".into())
        );
        let long = last(&"ü".repeat(1_000)).unwrap();
        assert_eq!((long.chars().count(), long.ends_with('…')), (301, true));
    }

    #[test]
    fn a_ready_line_is_found_across_reads() {
        let mut line = Vec::new();
        assert_eq!(find_line(&mut line, b"no\nsys rea", "ready"), None);
        assert_eq!(
            find_line(&mut line, b"dy now\nmore", "ready"),
            Some("sys ready now".into())
        );
    }
}
