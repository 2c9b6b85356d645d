//! Starts what outlives the process that starts it.

use super::{Again, MARK};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

/// Output read at most until the line that is waited for.
const OUTPUT_MAX: u64 = 1 << 20;

/// Starts `again` in a process group of its own and waits for a line of its output
/// that contains `ready`. `None` where its output ends before. What it says on
/// stderr goes to `log`, in whose folder it runs.
///
/// It holds nothing of this process open, and nobody ends it but itself: it has to
/// know when it is no longer wanted.
pub fn detach(again: &Again, log: &Path, ready: &str) -> io::Result<Option<String>> {
    use std::os::unix::process::CommandExt;
    let (program, arguments) = again.command.split_first().ok_or(io::ErrorKind::NotFound)?;
    let mut child = Command::new(program)
        .args(arguments)
        .envs(again.env.iter().map(|(name, value)| (name, value)))
        .env_remove(MARK)
        .current_dir(log.parent().unwrap_or(Path::new("/")))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(File::create(log)?)
        .process_group(0)
        .spawn()?;
    let output = child.stdout.take();
    // Somebody has to wait for it as long as this process is there.
    std::thread::spawn(move || drop(child.wait()));
    let Some(output) = output else {
        return Ok(None);
    };
    let mut output = BufReader::new(output.take(OUTPUT_MAX));
    loop {
        let mut line = Vec::new();
        if output.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        if line.contains(ready) {
            return Ok(Some(line.trim_end().to_string()));
        }
    }
}
