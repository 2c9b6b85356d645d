//! Commands of the user's that run to their end: hooks, feeds, observers.

use super::output::pipe;
use super::{MARK, Supervisor, TRIAL};
use rustix::process::Signal;
use std::io;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

/// Output read of one command, in bytes: an observer's lines.
pub const OUTPUT_MAX: u64 = 64 << 20;
/// What a message shows of an error output, in bytes.
const TAIL_MAX: usize = 600;

/// A command with everything filled in.
#[derive(Clone, Debug)]
pub struct Errand {
    /// Program and arguments.
    pub command: Vec<String>,
    /// Folder that it runs in.
    pub dir: Option<String>,
    /// What it is given on its standard input.
    pub input: Vec<u8>,
    /// How long it may take.
    pub within: Duration,
    /// The trial's mark.
    pub mark: String,
}

/// What came of a command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ran {
    /// What it printed.
    pub output: Vec<u8>,
    /// Whether it ended with exit code 0.
    pub succeeded: bool,
    /// How it ended, with the end of its error output.
    pub how: String,
}

impl Supervisor {
    /// Runs a command to its end, in a process group of its own. `Err` says in
    /// words why there is no end.
    pub async fn run_errand(&self, errand: &Errand) -> Result<Ran, String> {
        let name = errand.command.first().map_or("", String::as_str);
        let running = self.errand(errand);
        match tokio::time::timeout(errand.within, running).await {
            Ok(Ok(ran)) => Ok(ran),
            Ok(Err(error)) => Err(format!("cannot run {name}: {error}")),
            Err(_) => Err(format!("{name} took longer than {:?}", errand.within)),
        }
    }

    async fn errand(&self, errand: &Errand) -> io::Result<Ran> {
        let (program, arguments) = errand
            .command
            .split_first()
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the command is empty"))?;
        let (output, stdout) = pipe()?;
        let (errors, stderr) = pipe()?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env(MARK, self.mark())
            .env(TRIAL, &errand.mark)
            .stdin(Stdio::piped())
            .stdout(stdout)
            .stderr(stderr)
            .process_group(0)
            .kill_on_drop(true);
        if let Some(dir) = &errand.dir {
            command.current_dir(dir);
        }
        let mut child = command.spawn()?;
        drop(command);
        let _group = Group(child.id());
        let mut stdin = child.stdin.take();
        let give = async {
            if let Some(stdin) = &mut stdin {
                // One that does not read is none the worse: its answer counts.
                drop(stdin.write_all(&errand.input).await);
            }
            drop(stdin.take());
        };
        let (output, errors, ()) = tokio::join!(read(output), read(errors), give);
        let status = child.wait().await?;
        let said = String::from_utf8_lossy(&errors?).trim().to_string();
        let start = said.len().saturating_sub(TAIL_MAX);
        let start = (start..said.len()).find(|at| said.is_char_boundary(*at));
        let said = &said[start.unwrap_or(0)..];
        let how = match said {
            "" => format!("ended with {status}"),
            said => format!("ended with {status}: {said}"),
        };
        Ok(Ran {
            output: output?,
            succeeded: status.success(),
            how: exactly_model::redact(&how),
        })
    }
}

async fn read(pipe: tokio::net::unix::pipe::Receiver) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    let mut pipe = pipe.take(OUTPUT_MAX + 1);
    pipe.read_to_end(&mut all).await?;
    if all.len() as u64 > OUTPUT_MAX {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("it printed more than {OUTPUT_MAX} bytes"),
        ));
    }
    Ok(all)
}

/// What a command leaves behind ends with it.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            super::proc::signal_group(pid, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn run(script: &str, input: &str, within: Duration) -> Result<Ran, String> {
        let errand = Errand {
            command: ["sh", "-c", script].map(String::from).to_vec(),
            dir: Some("/".into()),
            input: input.into(),
            within,
            mark: "r/1".into(),
        };
        // A mark of its own: no guardian looks for it.
        Supervisor::new("script-tests").run_errand(&errand).await
    }

    const LONG: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn it_is_given_its_input_and_its_output_is_read() {
        let ran = run("cat; pwd; echo $EXACTLY_TRIAL", "a\n", LONG)
            .await
            .unwrap();
        assert_eq!(ran.output, b"a\n/\nr/1\n");
        assert!(ran.succeeded);
    }

    #[tokio::test]
    async fn one_that_fails_says_how_without_secrets() {
        let ran = run("echo postgres://u:secret@h/d >&2; exit 3", "x", LONG).await;
        let ran = ran.unwrap();
        assert!(!ran.succeeded);
        assert!(
            ran.how.contains('3') && ran.how.contains("u:***@h"),
            "{}",
            ran.how
        );
    }

    #[tokio::test]
    async fn one_that_does_not_end_is_ended() {
        let why = run("sleep 600", "", Duration::from_millis(50))
            .await
            .unwrap_err();
        assert!(why.contains("took longer"), "{why}");
        let why = run("exec nonsense-that-is-not-there", "", LONG)
            .await
            .unwrap();
        assert!(!why.succeeded);
    }

    #[tokio::test]
    async fn one_that_prints_without_end_is_refused() {
        let why = run("yes", "", LONG).await.unwrap_err();
        assert!(why.contains("printed more than"), "{why}");
    }
}
