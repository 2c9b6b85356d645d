//! SIGKILL and SIGINT of the harness: nothing stays behind, and what was
//! recorded can be judged.

use crate::support::{Home, Running, events, eventually, marked, nothing_left, there_is_a_kafka};
use exactly_model::{Verdict, exit};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(60);
const CELL: &str = "ack-after-process/effect-then-ack";

/// Starts an evaluation, waits for `moment`, kills it, and looks.
fn killed_when(
    test: &str,
    pipeline: Option<&str>,
    moment: impl Fn(&Path) -> bool,
    check: impl Fn(i32, Vec<Verdict>),
) {
    killed_at("embedded", test, pipeline, moment, check);
}

/// As [`killed_when`], at another place.
fn killed_at(
    place: &str,
    test: &str,
    pipeline: Option<&str>,
    moment: impl Fn(&Path) -> bool,
    check: impl Fn(i32, Vec<Verdict>),
) {
    let home = Home::new(test);
    let mut command = home.evaluate(&[CELL, "--on", place]);
    if let Some(mode) = pipeline {
        command.env("EXACTLY_TEST_PIPELINE", mode);
    }
    let mut running = Running(
        command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let run = home.run();
    eventually(test, SOON, || moment(&run).then_some(()));
    assert!(
        running.0.try_wait().unwrap().is_none(),
        "it was to be killed in the middle"
    );
    running.0.kill().unwrap();
    running.0.wait().unwrap();
    nothing_left(&run);
    let (code, report) = home.judge(&run);
    check(code, report.variants().map(|(_, v)| v.verdict).collect());
}

fn undecided(code: i32, verdicts: Vec<Verdict>) {
    assert_eq!(code, i32::from(exit::INCONCLUSIVE));
    assert!(
        verdicts.iter().all(|v| *v == Verdict::Inconclusive),
        "{verdicts:?}"
    );
}

#[test]
fn while_postgres_starts() {
    let starting = |run: &Path| {
        marked(run)
            .iter()
            .any(|(_, command)| command.contains("initdb") || command.contains("postgres"))
    };
    killed_when("while-postgres-starts", None, starting, undecided);
}

#[test]
fn while_real_brokers_run() {
    if !there_is_a_kafka("while_real_brokers_run") {
        return;
    }
    let calibrating = |run: &Path| {
        let brokers = marked(run)
            .iter()
            .filter(|(_, c)| c.contains("kafka.Kafka"))
            .count();
        brokers == 3 && events(run, "\"ev\":\"attempt\"") > 0
    };
    killed_at("local:3", "real-brokers", None, calibrating, undecided);
}

#[test]
fn during_calibration() {
    let calibrating = |run: &Path| events(run, "\"ev\":\"attempt\"") > 0;
    killed_when("during-calibration", None, calibrating, undecided);
}

#[test]
fn between_a_fault_and_its_kill() {
    // The first line that says so is on disk before the signal is sent.
    let fired = |run: &Path| events(run, "\"state\":\"fired\"") > 0;
    killed_when("fault-fired", None, fired, |code, verdicts| {
        // One trial may already refute; otherwise it is undecided.
        let refuted = verdicts == [Verdict::Refuted];
        assert_eq!(
            code,
            i32::from(if refuted {
                exit::DONE
            } else {
                exit::INCONCLUSIVE
            })
        );
        assert!(!verdicts.contains(&Verdict::Upheld));
    });
}

#[test]
fn once_it_is_refuted() {
    // Thirty faults of which many double: the record alone refutes.
    let enough = |run: &Path| events(run, "\"ev\":\"trial_end\"") > 30;
    killed_when("refuted", None, enough, |code, verdicts| {
        assert_eq!(verdicts, [Verdict::Refuted]);
        assert_eq!(code, i32::from(exit::DONE));
    });
}

#[test]
fn with_a_child_in_a_session_of_its_own() {
    let forked = |run: &Path| {
        let started = events(run, "\"ev\":\"exchange\"") > 0;
        started
            && marked(run)
                .iter()
                .any(|(_, command)| command.contains("sleep 600"))
    };
    killed_when("setsid-child", Some("forks"), forked, |code, verdicts| {
        assert!(!verdicts.contains(&Verdict::Upheld));
        assert!(code == i32::from(exit::INCONCLUSIVE) || verdicts == [Verdict::Refuted]);
    });
}

#[test]
fn ctrl_c_keeps_what_was_recorded() {
    let home = Home::new("ctrl-c");
    let child = home
        .evaluate(&[CELL])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut running = Running(child);
    let run = home.run();
    eventually("a trial ends", SOON, || {
        (events(&run, "\"ev\":\"trial_end\"") > 0).then_some(())
    });
    let pid = running.0.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    let status = eventually("it ends", SOON, || running.0.try_wait().unwrap());
    assert_eq!(status.code(), Some(i32::from(exit::SIGINT)));
    nothing_left(&run);
    let (code, report) = home.judge(&run);
    let refuted = report
        .variants()
        .all(|(_, v)| v.verdict == Verdict::Refuted);
    assert_eq!(
        code,
        i32::from(if refuted {
            exit::DONE
        } else {
            exit::INCONCLUSIVE
        })
    );
}
