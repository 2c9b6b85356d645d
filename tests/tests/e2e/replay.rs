//! Findings that come back: by id, from a file, and what is refused.

use crate::support::{Home, nothing_left, report, stderr};
use exactly_model::{Code, Report, exit};
use std::path::PathBuf;
use std::process::Output;

const FOIL: &str = "ack-after-process/effect-then-ack";
const CURE: &str = "ack-after-process/inbox-then-ack";

/// What a replay says of itself.
#[derive(serde::Deserialize)]
struct Replayed {
    schema: String,
    repeated: u32,
    fired: u32,
    reproduced: u32,
}

fn replayed(output: &Output) -> Replayed {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("no answer ({error}): {}", stderr(output)))
}

fn code(output: &Output) -> u8 {
    u8::try_from(output.status.code().unwrap()).unwrap()
}

fn file(home: &Home, text: &str) -> PathBuf {
    let path = home.path().join("schedule.json");
    std::fs::write(&path, text).unwrap();
    path
}

fn replay_file(home: &Home, text: &str, arguments: &[&str]) -> Output {
    let path = file(home, text);
    let own = ["replay", path.to_str().unwrap(), "--format", "json"];
    home.command(&[&own, arguments].concat()).output().unwrap()
}

fn by_hand(kind: &str, phase: &str, point: &str) -> String {
    format!(
        r#"{{"schema":"exactly.schedule/1","messages":2,
           "faults":[{{"kind":"{kind}","phase":"{phase}","point":{point}}}]}}"#
    )
}

const INSERT: &str = r#"{"system":"postgres","operation":"INSERT","covers":0}"#;

#[test]
fn a_counterexample_comes_back_by_its_id() {
    let home = Home::new("comes-back");
    let evaluated = home.evaluate(&[FOIL, "--format", "json"]).output().unwrap();
    assert_eq!(code(&evaluated), exit::DONE, "{}", stderr(&evaluated));
    let report: Report = report(&evaluated);
    let (_, cell) = report.variants().next().unwrap();
    let found = cell
        .counterexamples
        .iter()
        .find(|found| found.code == Code::D3)
        .unwrap_or_else(|| panic!("no counterexample: {}", cell.bounds));
    // One kill is enough, and one or two messages show it: a witness is about
    // the second.
    assert_eq!(found.schedule.faults.len(), 1, "{}", found.schedule);
    assert!(found.messages <= 2, "{found:?}");
    let reproduced = found.reproduced.expect("it was tried again");
    assert!(
        reproduced.n > 0 && reproduced.k == reproduced.n,
        "{reproduced:?}"
    );

    // The record says the same to a reader, with the command.
    let told = home
        .command(&["judge", home.run().to_str().unwrap()])
        .output()
        .unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    let command = format!("replay it: exactly replay {}", found.id);
    assert!(told.contains(&command), "{told}");

    let again = home
        .command(&["replay", &found.id, "--repeat", "10", "--format", "json"])
        .output()
        .unwrap();
    assert_eq!(code(&again), exit::REFUTED, "{}", stderr(&again));
    let said = replayed(&again);
    assert_eq!(said.schema, "exactly.replay/1");
    assert_eq!(said.repeated, 10);
    assert!(said.reproduced >= 9, "{} of 10", said.reproduced);
    for run in home.runs() {
        nothing_left(&run);
    }

    // Another variant does not show it: it fires, and nothing is doubled.
    let cure = home
        .command(&[
            "replay", &found.id, "--cell", CURE, "--repeat", "3", "--format", "json",
        ])
        .output()
        .unwrap();
    let said = replayed(&cure);
    assert_eq!((said.fired, said.reproduced), (3, 0), "{}", stderr(&cure));
    assert_eq!(code(&cure), exit::DONE, "{}", stderr(&cure));

    // A slip of the pen is answered with the nearest id.
    let mut slip = found.id.clone();
    slip.pop();
    let unknown = home.command(&["replay", &slip]).output().unwrap();
    assert_eq!(code(&unknown), exit::USAGE, "{}", stderr(&unknown));
    assert!(stderr(&unknown).contains(&found.id), "{}", stderr(&unknown));
}

#[test]
fn a_schedule_by_hand_is_run() {
    let home = Home::new("by-hand");
    let kill = by_hand("kill", "after", INSERT);
    let output = replay_file(&home, &kill, &["--cell", FOIL, "--repeat", "2"]);
    assert_eq!(code(&output), exit::REFUTED, "{}", stderr(&output));
    let said = replayed(&output);
    assert_eq!((said.repeated, said.fired, said.reproduced), (2, 2, 2));

    // A request that never arrives is sent again, or the message is: nothing is
    // lost or doubled.
    let drop = by_hand("drop-request", "before", INSERT);
    let output = replay_file(&home, &drop, &["--cell", FOIL, "--repeat", "2"]);
    assert_eq!(code(&output), exit::DONE, "{}", stderr(&output));
    let said = replayed(&output);
    assert_eq!((said.fired, said.reproduced), (2, 0));

    // A point that never comes says nothing.
    let never = by_hand(
        "kill",
        "after",
        r#"{"system":"postgres","operation":"LISTEN"}"#,
    );
    let output = replay_file(&home, &never, &["--cell", FOIL, "--repeat", "1"]);
    assert_eq!(code(&output), exit::INCONCLUSIVE, "{}", stderr(&output));
    assert_eq!(replayed(&output).fired, 0);
}

#[test]
fn a_wrong_schedule_file_is_refused_with_its_place() {
    let home = Home::new("wrong-schedule");
    let good = by_hand("kill", "after", INSERT);
    for (text, parts) in [
        (
            good.replace("\"point\"", "\"pont\""),
            &[
                "schedule.json",
                "line 2, column",
                "`pont`",
                "did you mean `point`",
            ][..],
        ),
        (
            good.replace("\"kill\"", "\"kil\""),
            &[
                "schedule.json",
                "line 2, column",
                "`kil`",
                "did you mean `kill`",
            ],
        ),
        (
            good.replace(":2,", ":0,"),
            &["schedule.json", "`messages` is 0"],
        ),
        (
            by_hand("", "", "").replace(r#"{"kind":"","phase":"","point":}"#, ""),
            &["schedule.json", "`faults` is empty"],
        ),
        (
            good.replace("\"postgres\"", "\"postgers\""),
            &[
                "schedule.json",
                "`faults[0].point.system`",
                "did you mean \"postgres\"",
            ],
        ),
        ("{".into(), &["schedule.json", "line 1, column 1"]),
    ] {
        let output = replay_file(&home, &text, &["--cell", FOIL]);
        assert_eq!(code(&output), exit::CONFIG, "{text}: {}", stderr(&output));
        for part in parts {
            assert!(
                stderr(&output).contains(part),
                "{part:?}: {}",
                stderr(&output)
            );
        }
    }
    // Nothing was started for any of them.
    assert!(home.runs().is_empty());
    // A file that fits no variant by itself needs to be told one.
    let output = replay_file(&home, &good, &[]);
    assert_eq!(code(&output), exit::USAGE, "{}", stderr(&output));
    assert!(stderr(&output).contains("--cell"), "{}", stderr(&output));
    let output = replay_file(
        &home,
        &good,
        &["--cell", "ack-after-process/efect-then-ack"],
    );
    assert_eq!(code(&output), exit::USAGE, "{}", stderr(&output));
    assert!(stderr(&output).contains(FOIL), "{}", stderr(&output));
}
