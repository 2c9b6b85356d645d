//! The guardian's sweep. The guardian as a process of its own is tested with the
//! `exactly` binary.

use exactly_engine::supervisor::{MARK, STOP, guardian, marked};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A child that is killed whatever becomes of the test.
struct Kept(Child);

impl Kept {
    /// Runs `script` with `variables` and waits for its first line.
    fn start(script: &str, variables: &[(&str, &str)]) -> (Self, String) {
        let mut child = Command::new("sh")
            .args(["-c", script])
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        (Self(child), line.trim().into())
    }

    fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A mark that no other run of these tests has.
fn mark(name: &str) -> String {
    format!("test-{name}-{}", std::process::id())
}

fn is_gone(pid: &str) -> bool {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        if stat.is_empty() || stat.contains(") Z") {
            return true;
        }
        if Instant::now() > end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn what_carries_the_mark_is_ended_and_nothing_else() {
    let mark = mark("sweep");
    let other_mark = format!("{mark}2");
    let deaf = "trap '' TERM INT QUIT HUP; echo deaf; while :; do sleep 0.02; done";
    let (mut plain, _) = Kept::start("echo plain; exec sleep 600", &[(MARK, &mark)]);
    let (mut deaf, _) = Kept::start(deaf, &[(MARK, &mark)]);
    let (mut parent, child) = Kept::start(
        "setsid sleep 600 >/dev/null & echo $!; exec sleep 600",
        &[(MARK, &mark)],
    );
    let (mut gone, orphan) = Kept::start("setsid sleep 600 >/dev/null & echo $!", &[(MARK, &mark)]);
    let (mut frozen, _) = Kept::start("echo frozen; kill -STOP $$", &[(MARK, &mark)]);
    let (mut unmarked, _) = Kept::start("echo unmarked; exec sleep 600", &[]);
    let (mut others, _) = Kept::start("echo others; exec sleep 600", &[(MARK, &other_mark)]);
    gone.0.wait().unwrap();
    let began = Instant::now();
    guardian::sweep(&mark);
    assert!(began.elapsed() < Duration::from_secs(20));
    assert!(marked(MARK, &mark).is_empty());
    for (name, child) in [
        ("plain", &mut plain),
        ("deaf", &mut deaf),
        ("parent", &mut parent),
        ("frozen", &mut frozen),
    ] {
        assert!(child.has_ended(), "{name}");
    }
    assert!(is_gone(&child) && is_gone(&orphan));
    assert!(!unmarked.has_ended() && !others.has_ended());
}

#[test]
fn who_wants_a_gentle_signal_gets_it_first() {
    let mark = mark("gentle");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("said");
    let script = format!(
        "trap 'echo clean > {}; exit 0' INT; echo ready; while :; do sleep 0.02; done",
        file.display()
    );
    let (mut polite, _) = Kept::start(&script, &[(MARK, &mark), (STOP, "2")]);
    let stubborn = "trap '' INT; echo ready; while :; do sleep 0.02; done";
    let (mut stubborn, _) = Kept::start(stubborn, &[(MARK, &mark), (STOP, "2")]);
    guardian::sweep(&mark);
    assert!(polite.has_ended() && stubborn.has_ended());
    assert_eq!(std::fs::read_to_string(file).unwrap(), "clean\n");
}

#[test]
fn a_child_that_has_shed_the_mark_goes_with_its_parent() {
    let mark = mark("shed");
    let script = "env -i sleep 600 >/dev/null & echo $!; wait";
    let (mut parent, child) = Kept::start(script, &[(MARK, &mark)]);
    // It carries the mark until it has become another program.
    let end = Instant::now() + Duration::from_secs(20);
    let program = || std::fs::read_to_string(format!("/proc/{child}/comm")).unwrap_or_default();
    while program() != "sleep\n" {
        assert!(Instant::now() < end);
        std::thread::sleep(Duration::from_millis(2));
    }
    guardian::sweep(&mark);
    assert!(parent.has_ended());
    assert!(is_gone(&child));
}

#[test]
fn with_nothing_to_do_it_ends_soon() {
    let began = Instant::now();
    guardian::sweep(&mark("nobody"));
    assert!(began.elapsed() < Duration::from_secs(5));
}
