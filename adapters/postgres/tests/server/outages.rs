//! The installed server is killed, stopped, paused and started again.

use crate::running::*;
use exactly_adapter::testing::children;
use exactly_adapter::{Control, Scope, StopSignal};
use sqlx::{Connection, PgConnection, Row};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The only node.
const NODE: u32 = 1;
const RECOVERED: &str = "was not properly shut down; automatic recovery in progress";

struct Stage {
    running: Running,
    control: Arc<dyn Control>,
    scope: Arc<dyn Scope>,
    port: u16,
}

impl Stage {
    async fn set() -> Option<Self> {
        let running = start_local().await?;
        let scope = open(&running).await;
        let (host, port) = address(&running);
        let control = running.control().expect("it may be broken");
        assert_eq!(control.nodes(), [NODE]);
        assert_eq!(control.at(&host, port), Some(NODE));
        assert_eq!(control.at(&host, port.wrapping_add(1)), None);
        Some(Self {
            running,
            control,
            scope,
            port,
        })
    }

    async fn client(&self) -> PgConnection {
        self.try_client().await.expect("it serves")
    }

    async fn try_client(&self) -> Result<PgConnection, sqlx::Error> {
        PgConnection::connect(&url(&self.scope, self.port)).await
    }

    /// Started again, it serves where it did before.
    async fn mend(&self) {
        self.control.start(NODE).await.unwrap();
        self.control.healed().await.unwrap();
        assert_eq!(address(&self.running).1, self.port);
    }

    fn pid_file(&self) -> PathBuf {
        use exactly_adapter::Host;
        let entries = std::fs::read_dir(self.running.host.scratch()).unwrap();
        let mut folders = entries.map(|entry| entry.unwrap().path());
        let data = folders.find(|path| path.is_dir());
        data.expect("a data folder").join("postmaster.pid")
    }

    /// All processes of the server.
    fn family(&self) -> Vec<u32> {
        let text = std::fs::read_to_string(self.pid_file()).unwrap();
        let postmaster: u32 = text.lines().next().unwrap().parse().unwrap();
        let mut family = children(postmaster);
        assert!(!family.is_empty(), "it has a checkpointer at least");
        family.push(postmaster);
        family
    }
}

/// The letter of `/proc/PID/stat`; `None` when it is gone.
fn state(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

/// What is on its way out has let go of the server's memory before it is a zombie.
async fn dies(pid: u32) {
    let dying = async {
        while state(pid).is_some_and(|state| state != 'Z') {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let died = tokio::time::timeout(Duration::from_secs(2), dying).await;
    assert!(died.is_ok(), "{pid} is {:?}", state(pid));
}

fn insert(n: u32) -> String {
    format!("insert into effects (id) values ('x7-12-{n}')")
}

#[tokio::test]
async fn a_kill_keeps_what_was_committed_and_nothing_else() {
    let Some(stage) = Stage::set().await else {
        return;
    };
    let mut client = stage.client().await;
    run(&mut client, &insert(1)).await.unwrap();
    let mut open = stage.client().await;
    run(&mut open, &format!("begin; {}", insert(2)))
        .await
        .unwrap();
    assert_eq!(rows(&stage.scope).await.unwrap(), 1);
    // One that is at work and would not notice by itself.
    let mut busy = stage.client().await;
    let busy = tokio::spawn(async move {
        run(
            &mut busy,
            "select count(*) from generate_series(1, 1000000000)",
        )
        .await
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let family = stage.family();

    stage.control.kill(NODE).await;
    for pid in family {
        dies(pid).await;
    }
    assert!(!stage.pid_file().exists(), "no start takes it for alive");
    assert!(stage.try_client().await.is_err(), "nobody listens");
    assert!(busy.await.unwrap().is_err());
    assert!(run(&mut client, "select 1").await.is_err());
    // Gone already: nothing to do.
    stage.control.kill(NODE).await;
    stage.control.stop(NODE).await;
    let error = stage.control.healed().await.unwrap_err().to_string();
    assert!(error.contains("not started again"), "{error}");

    stage.mend().await;
    assert_eq!(stage.running.host.said(RECOVERED), 1);
    // What the harness was connected to before is dead, and it asks somebody else.
    for _ in 0..8 {
        assert_eq!(rows(&stage.scope).await.unwrap(), 1);
    }
    run(&mut stage.client().await, &insert(3)).await.unwrap();
    // Running already: nothing to do.
    stage.control.start(NODE).await.unwrap();
    assert_eq!(rows(&stage.scope).await.unwrap(), 2);
    stage.running.stop().await;
}

#[tokio::test]
async fn a_pause_stops_backends_too_and_a_resume_lets_them_go_on() {
    let Some(stage) = Stage::set().await else {
        return;
    };
    let mut client = stage.client().await;
    let pid = sqlx::query("select pg_backend_pid()");
    let pid: i32 = pid.fetch_one(&mut client).await.unwrap().get(0);
    let pid = u32::try_from(pid).unwrap();
    let sql = insert(1);
    stage.control.pause(NODE).await;
    let mut asked = Box::pin(run(&mut client, &sql));
    let waited = tokio::time::timeout(Duration::from_millis(700), &mut asked).await;
    assert!(waited.is_err(), "it was answered");
    assert_eq!(state(pid), Some('T'));
    stage.control.resume(NODE).await;
    asked.await.expect("it is answered now");
    stage.control.healed().await.unwrap();
    assert_eq!(rows(&stage.scope).await.unwrap(), 1);

    // What stands still can be killed, and stopped.
    stage.control.pause(NODE).await;
    stage.control.kill(NODE).await;
    dies(pid).await;
    stage.mend().await;
    stage.control.pause(NODE).await;
    stage.control.stop(NODE).await;
    let host = &stage.running.host;
    host.says("received fast shutdown request", 1).await;
    stage.mend().await;
    assert_eq!(rows(&stage.scope).await.unwrap(), 1);
    stage.control.pause(NODE).await;
    let begun = Instant::now();
    stage.running.stop().await;
    println!("stopped while paused in {:?}", begun.elapsed());
}

#[tokio::test]
async fn a_server_ends_in_the_way_that_it_is_told() {
    let Some(stage) = Stage::set().await else {
        return;
    };
    let host = &stage.running.host;
    let said = async |how: &str, times: usize| {
        let text = format!("received {how} shutdown request");
        host.says(&text, times).await;
    };
    // The harness is connected too, and must not be what is waited for.
    assert_eq!(rows(&stage.scope).await.unwrap(), 0);
    let mut client = stage.client().await;

    // Smart: who is there may go on, and nobody comes in.
    let control = stage.control.clone();
    let stopping = tokio::spawn(async move { control.stop_by(NODE, StopSignal::Term).await });
    said("smart", 1).await;
    run(&mut client, &insert(1)).await.unwrap();
    let refused = stage.try_client().await.map(drop).unwrap_err().to_string();
    assert!(refused.contains("shutting down"), "{refused}");
    assert!(!stopping.is_finished());
    client.close().await.unwrap();
    stopping.await.unwrap();
    host.says("database system is shut down", 1).await;
    said("fast", 0).await;
    stage.mend().await;

    // Fast: who is there is cut off, and nothing has to be recovered.
    let mut client = stage.client().await;
    run(&mut client, &format!("begin; {}", insert(2)))
        .await
        .unwrap();
    stage.control.stop(NODE).await;
    said("fast", 1).await;
    assert!(run(&mut client, "commit").await.is_err());
    stage.mend().await;
    assert_eq!(host.said(RECOVERED), 0);

    // Immediate: as a crash.
    run(&mut stage.client().await, &insert(3)).await.unwrap();
    stage.control.stop_by(NODE, StopSignal::Quit).await;
    said("immediate", 1).await;
    stage.mend().await;
    assert_eq!(host.said(RECOVERED), 1);
    assert_eq!(rows(&stage.scope).await.unwrap(), 2);

    // A smart shutdown ends although somebody never leaves.
    let client = stage.client().await;
    let begun = Instant::now();
    stage.control.stop_by(NODE, StopSignal::Term).await;
    let took = begun.elapsed();
    assert!(took >= Duration::from_secs(10), "{took:?}");
    said("smart", 2).await;
    said("fast", 2).await;
    said("immediate", 1).await;
    drop(client);
    stage.mend().await;
    stage.running.stop().await;
}

#[tokio::test]
async fn an_embedded_server_is_not_broken_on_purpose() {
    let running = start().await;
    assert!(running.control().is_none());
    running.stop().await;
}
