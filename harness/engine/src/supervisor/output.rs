//! Keeps the output of a process, with a limit.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::watch;

/// Reads `pipe` to its end. The first `limit` bytes go to `path`; what comes
/// after is read and thrown away, so that a process that prints for ever is
/// neither blocked nor kept. The first line that contains `ready` is announced.
pub async fn pump(
    mut pipe: Receiver,
    path: PathBuf,
    limit: u64,
    ready: Option<String>,
    announce: watch::Sender<Option<String>>,
) -> io::Result<()> {
    let mut file = File::create(path)?;
    let mut left = limit;
    let mut line = Vec::new();
    let mut buffer = vec![0; 16 << 10];
    let mut waiting = ready;
    loop {
        let n = pipe.read(&mut buffer).await?;
        if n == 0 {
            return Ok(());
        }
        let kept = n.min(usize::try_from(left).unwrap_or(usize::MAX));
        file.write_all(&buffer[..kept])?;
        left -= kept as u64;
        if left == 0 && kept > 0 {
            writeln!(file, "\n[exactly: the output passed {limit} bytes; the rest was not kept]")?;
        }
        if let Some(text) = &waiting
            && let Some(found) = find_line(&mut line, &buffer[..n], text)
        {
            announce.send_replace(Some(found));
            waiting = None;
        }
        if kept < n {
            // Do not let a process that prints for ever have a core to itself.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
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
    lines[from..].iter().map(|line| format!("\n    | {line}")).collect()
}

/// An anonymous pipe: the end to read, and the end to hand to a child.
pub fn pipe() -> io::Result<(Receiver, io::PipeWriter)> {
    let (reader, writer) = io::pipe()?;
    Ok((Receiver::from_owned_fd(reader.into())?, writer))
}

#[cfg(test)]
mod tests {
    use super::find_line;

    #[test]
    fn a_ready_line_is_found_across_reads() {
        let mut line = Vec::new();
        assert_eq!(find_line(&mut line, b"no\nsys rea", "ready"), None);
        assert_eq!(find_line(&mut line, b"dy now\nmore", "ready"), Some("sys ready now".into()));
    }
}
