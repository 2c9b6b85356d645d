//! Real processes: their output, their ends, their children.

use crate::support::{eventually, soon};
use exactly_adapter::{Host, ServerCommand, StopSignal};
use exactly_engine::supervisor::{Launch, LocalHost, MARK, Process, Supervisor, descendants};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

struct Room {
    folder: TempDir,
    supervisor: Supervisor,
}

impl Room {
    fn new(mark: &str) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            supervisor: Supervisor::new(mark),
        }
    }

    fn launch(&self, command: &[&str]) -> Launch {
        Launch {
            command: command.iter().map(ToString::to_string).collect(),
            output: self.folder.path().join("output.log"),
            output_bytes: 1 << 16,
            ready: Some("ready".into()),
            ..Launch::default()
        }
    }

    fn sh(&self, script: &str) -> Process {
        self.supervisor
            .spawn(&self.launch(&["sh", "-c", script]))
            .unwrap()
    }
}

/// Gone, or dead and only waiting for its parent.
fn is_dead(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .ok()
        .and_then(|stat| {
            stat.rsplit_once(") ")
                .map(|(_, rest)| rest.starts_with('Z'))
        })
        .unwrap_or(true)
}

fn stands_still(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        stat.rsplit_once(") ")
            .is_some_and(|(_, rest)| rest.starts_with('T'))
    })
}

fn is_program(pid: u32, name: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim() == name)
}

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

#[tokio::test]
async fn ends_are_described() {
    let room = Room::new("ends");
    for (script, status) in [
        ("exit 0", "exit code 0"),
        ("exit 3", "exit code 3"),
        ("kill -9 $$", "signal 9"),
        ("kill -15 $$", "signal 15"),
    ] {
        let process = room.sh(script);
        assert_eq!(soon("its end", process.wait()).await, status);
        assert_eq!(process.exited().as_deref(), Some(status));
    }
}

#[tokio::test]
async fn a_command_that_is_not_there_is_an_error_and_so_is_an_empty_one() {
    let room = Room::new("nothing");
    let error = room
        .supervisor
        .spawn(&room.launch(&["/no/such/program"]))
        .unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    let error = room.supervisor.spawn(&room.launch(&[])).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}

#[tokio::test]
async fn a_process_knows_its_run_and_its_environment() {
    let room = Room::new("the-mark");
    let mut launch = room.launch(&["sh", "-c", &format!("echo ready ${MARK} $MINE; cat")]);
    launch.env = vec![("MINE".into(), "yours".into())];
    let process = room.supervisor.spawn(&launch).unwrap();
    let line = soon("its first line", process.wait_ready_line()).await;
    assert_eq!(line.as_deref(), Some("ready the-mark yours"));
    // Its input is at its end: `cat` ends at once.
    assert_eq!(soon("its end", process.wait()).await, "exit code 0");
}

#[tokio::test]
async fn one_that_prints_for_ever_is_neither_kept_nor_blocked() {
    let room = Room::new("yes");
    let process = room.supervisor.spawn(&room.launch(&["yes"])).unwrap();
    let path = process.output().to_path_buf();
    eventually("the limit", || length(&path) > 1 << 16).await;
    let written = || {
        let io = std::fs::read_to_string(format!("/proc/{}/io", process.pid())).unwrap();
        let line = io
            .lines()
            .find_map(|line| line.strip_prefix("wchar: "))
            .unwrap();
        line.parse::<u64>().unwrap()
    };
    let before = written();
    eventually("more output", || written() > before + (1 << 20)).await;
    process.kill();
    assert_eq!(soon("its death", process.wait()).await, "signal 9");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.len() < (1 << 16) + 200, "{} bytes", text.len());
    assert!(text.ends_with("[exactly: the output passed 65536 bytes; the rest was not kept]\n"));
}

#[tokio::test]
async fn output_that_fits_exactly_is_whole() {
    let room = Room::new("fits");
    let mut launch = room.launch(&["sh", "-c", "printf 12345678"]);
    launch.output_bytes = 8;
    let process = room.supervisor.spawn(&launch).unwrap();
    // The pump has ended when nobody can announce a line any more.
    assert_eq!(
        soon("the end of its output", process.wait_ready_line()).await,
        None
    );
    assert_eq!(
        std::fs::read_to_string(process.output()).unwrap(),
        "12345678"
    );
}

#[tokio::test]
async fn output_that_cannot_be_kept_disturbs_nobody() {
    let room = Room::new("unkept");
    let mut launch = room.launch(&[
        "sh",
        "-c",
        "for i in 1 2 3; do head -c 100000 /dev/zero; done; echo; echo ready",
    ]);
    launch.output = room.folder.path().join("no/such/folder/output.log");
    let process = room.supervisor.spawn(&launch).unwrap();
    assert_eq!(soon("its end", process.wait()).await, "exit code 0");
    assert!(soon("its line", process.wait_ready_line()).await.is_some());
}

#[tokio::test]
async fn a_ready_line_may_come_in_pieces_and_late() {
    let room = Room::new("pieces");
    let process = room.sh("echo no; printf 'now re'; printf 'ady to go\\nmore\\n'; exec sleep 600");
    let line = soon("the line", process.wait_ready_line()).await;
    assert_eq!(line.as_deref(), Some("now ready to go"));
    assert_eq!(process.ready_line(), line);
}

#[tokio::test]
async fn a_kill_takes_the_group_and_children_that_have_left_it() {
    let room = Room::new("family");
    let process = room.sh("setsid sleep 600 & sleep 600 & (sleep 600; true) & wait");
    eventually("four children", || descendants(process.pid()).len() == 4).await;
    eventually("their own programs", || {
        descendants(process.pid())
            .iter()
            .filter(|pid| is_program(**pid, "sleep"))
            .count()
            == 3
    })
    .await;
    let family = descendants(process.pid());
    process.kill();
    assert_eq!(soon("its death", process.wait()).await, "signal 9");
    eventually("the death of all", || {
        family.iter().all(|pid| is_dead(*pid))
    })
    .await;
}

#[tokio::test]
async fn what_is_frozen_takes_children_that_have_left_the_group_with_it() {
    let room = Room::new("still");
    let process = room.sh("setsid sleep 600 & sleep 600 & wait");
    let of = || descendants(process.pid());
    eventually("two sleepers", || {
        of().iter().filter(|pid| is_program(**pid, "sleep")).count() == 2
    })
    .await;
    let mut family = of();
    family.insert(process.pid());
    process.freeze();
    eventually("that all stand still", || {
        family.iter().all(|pid| stands_still(*pid))
    })
    .await;
    process.thaw();
    eventually("that all go on", || {
        !family.iter().any(|pid| stands_still(*pid))
    })
    .await;
    // What stands still dies as well.
    process.freeze();
    process.kill();
    soon("its death", process.wait()).await;
    eventually("the death of all", || {
        family.iter().all(|pid| is_dead(*pid))
    })
    .await;
}

#[tokio::test]
async fn dropping_it_kills_it() {
    let room = Room::new("dropped");
    let process = room.sh("sleep 600 & echo ready; wait");
    soon("its line", process.wait_ready_line()).await.unwrap();
    let family = descendants(process.pid());
    assert_eq!(family.len(), 1);
    let pid = process.pid();
    drop(process);
    eventually("the death of all", || {
        is_dead(pid) && family.iter().all(|p| is_dead(*p))
    })
    .await;
}

#[tokio::test]
async fn its_last_words_are_kept_although_nobody_waits_for_them() {
    let room = Room::new("words");
    let process = room.sh("echo ready; head -c 60000 /dev/zero; kill -9 $$");
    let path = process.output().to_path_buf();
    soon("its death", process.wait()).await;
    drop(process);
    eventually("its output", || length(&path) == 60_006).await;
}

#[tokio::test]
async fn the_group_ends_with_its_leader() {
    let room = Room::new("orphans");
    // The orphan must not hold the output open, or the leader's would not end.
    let process = room.sh("sleep 600 >/dev/null 2>&1 & echo ready $!");
    let line = soon("its line", process.wait_ready_line()).await.unwrap();
    let orphan: u32 = line.split(' ').nth(1).unwrap().parse().unwrap();
    assert_eq!(soon("its end", process.wait()).await, "exit code 0");
    eventually("the orphan's death", || is_dead(orphan)).await;
}

#[tokio::test]
async fn what_carries_a_variable_is_ended() {
    let room = Room::new("variable");
    let mut launch = room.launch(&[
        "sh",
        "-c",
        "setsid sleep 600 & echo ready $!; exec sleep 600",
    ]);
    launch.env = vec![("EXACTLY_TEST_VARIABLE".into(), "one".into())];
    let process = room.supervisor.spawn(&launch).unwrap();
    soon("its line", process.wait_ready_line()).await.unwrap();
    let other = room.sh("exec sleep 600");
    eventually("their own programs", || {
        let child = descendants(process.pid());
        child.len() == 1
            && child
                .iter()
                .chain([&process.pid()])
                .all(|pid| is_program(*pid, "sleep"))
    })
    .await;
    let ended = room.supervisor.end_marked("EXACTLY_TEST_VARIABLE", "one");
    assert!(ended == 2, "{ended}");
    assert_eq!(soon("its death", process.wait()).await, "signal 9");
    assert_eq!(other.exited(), None);
}

fn host(room: &Room) -> LocalHost {
    let folder = room.folder.path().to_path_buf();
    LocalHost::new(
        room.supervisor.clone(),
        "exe",
        folder.clone(),
        folder.clone(),
        folder,
    )
}

fn server(script: &str, within_ms: u64) -> ServerCommand {
    ServerCommand {
        name: "toy".into(),
        command: ["sh", "-c", script].map(String::from).to_vec(),
        ready: "ready".into(),
        ready_within_ms: within_ms,
        ..ServerCommand::default()
    }
}

#[tokio::test]
async fn a_server_is_stopped_by_its_own_signal() {
    let room = Room::new("server");
    let script = "trap 'echo bye; exit 0' INT; echo ready at 1; while :; do sleep 0.01; done";
    let command = ServerCommand {
        stop_signal: StopSignal::Int,
        ..server(script, 20_000)
    };
    let running = host(&room).serve(command).await.unwrap();
    assert_eq!(running.ready_line(), "ready at 1");
    let pid = running.pid();
    soon("its end", running.stop()).await;
    assert!(is_dead(pid));
    eventually("its last word", || {
        std::fs::read_to_string(running.output())
            .unwrap()
            .ends_with("bye\n")
    })
    .await;
}

#[tokio::test]
async fn what_says_its_line_and_ends_has_said_it() {
    let room = Room::new("version");
    for _ in 0..20 {
        let said = host(&room).serve(server("echo ready 1.2", 20_000)).await;
        assert_eq!(said.unwrap().ready_line(), "ready 1.2");
    }
}

#[tokio::test]
async fn a_server_that_is_not_ready_is_ended_and_its_output_shown() {
    let room = Room::new("unready");
    let script = "echo pid $$; echo cannot bind; exec sleep 600";
    let error = host(&room)
        .serve(server(script, 2000))
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.contains("was not ready within 2s") && error.contains("cannot bind"),
        "{error}"
    );
    let output = std::fs::read_to_string(room.folder.path().join("toy.log")).unwrap();
    let pid: u32 = output.lines().next().unwrap()["pid ".len()..]
        .parse()
        .unwrap();
    eventually("its death", || is_dead(pid)).await;
}

#[tokio::test]
async fn a_server_or_a_command_that_fails_says_how() {
    let room = Room::new("failing");
    let host = host(&room);
    let error = host
        .serve(server("echo oh dear; exit 4", 60_000))
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("ended at once (exit code 4)"), "{error}");
    let error = host
        .run(server("echo no space; exit 5", 60_000))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("failed (exit code 5)") && error.contains("no space"),
        "{error}"
    );
    let error = host
        .run(server("exec sleep 600", 50))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("took longer than 50ms"), "{error}");
    host.run(server("exit 0", 60_000)).await.unwrap();
}

#[tokio::test]
async fn waiting_has_a_limit() {
    let room = Room::new("limit");
    let process = room.sh("exec sleep 600");
    assert_eq!(process.wait_at_most(Duration::from_millis(20)).await, None);
    assert_eq!(process.exited(), None);
}
