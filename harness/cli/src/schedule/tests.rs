use super::*;

fn file(faults: &str) -> String {
    format!(r#"{{"schema":"exactly.schedule/1","messages":3,"faults":[{faults}]}}"#)
}

const KILL: &str = r#"{"kind":"kill","phase":"after","point":{"system":"postgres","operation":"COMMIT","covers":2}}"#;

#[track_caller]
fn refused(text: &str, parts: &[&str]) {
    let error = parse(text).unwrap_err();
    for part in parts {
        assert!(error.contains(part), "{part:?} is not in {error:?}");
    }
}

#[test]
fn a_schedule_by_hand_is_read() {
    let read = parse(&file(KILL)).unwrap();
    assert_eq!((read.seed, read.messages, read.faults.len()), (0, 3, 1));
    assert_eq!(read.cell, None);
    let hold = r#"{"kind":"hold","phase":"before",
        "point":{"system":"postgres","operation":"INSERT","ids":[0]},
        "until":{"system":"kafka","operation":"OffsetCommit"}}"#;
    let node = r#"{"kind":"kill-system","phase":"before","nodes":{"node":2},
        "point":{"system":"kafka","operation":"Produce"}}"#;
    let read = parse(&file(&format!("{hold},{node}"))).unwrap();
    assert_eq!(read.faults.len(), 2);
}

#[test]
fn what_a_run_keeps_is_read_back() {
    let kept = ScheduleFile {
        cell: Some("claim/variant".into()),
        code: Some(exactly_model::Code::D3),
        places: std::iter::once(("kafka".into(), "local:3".into())).collect(),
        run: Some("r1".into()),
        ..parse(&file(KILL)).unwrap()
    };
    let text = serde_json::to_string_pretty(&kept).unwrap();
    assert_eq!(parse(&text), Ok(kept));
}

#[test]
fn typing_mistakes_are_placed_and_answered_with_the_nearest() {
    refused(
        "{\n \"schema\": \"exactly.schedule/1\",\n \"message\": 3\n}",
        &[
            "line 3, column",
            "unknown field `message`",
            "did you mean `messages`?",
        ],
    );
    refused(
        &file(&KILL.replace("\"point\"", "\"pont\"")),
        &[
            "line 1, column",
            "unknown field `pont`",
            "did you mean `point`?",
        ],
    );
    refused(
        &file(&KILL.replace("\"operation\"", "\"opration\"")),
        &["unknown field `opration`", "did you mean `operation`?"],
    );
    refused(
        &file(&KILL.replace("\"kill\"", "\"kil\"")),
        &["unknown variant `kil`", "did you mean `kill`?"],
    );
    refused(
        &file(&KILL.replace("\"after\"", "\"aftr\"")),
        &["unknown variant `aftr`", "did you mean `after`?"],
    );
    refused(
        "{\"schema\":\"exactly.schedule/1\"}",
        &["missing field `messages`"],
    );
    refused("{", &["line 1, column 1: EOF"]);
    refused("", &["line 1, column 0"]);
}

#[test]
fn what_could_never_fire_is_refused() {
    let with = |from: &str, to: &str| file(&KILL.replace(from, to));
    for (text, parts) in [
        (file(""), &["`faults` is empty"][..]),
        (
            file(&[KILL; 17].join(",")),
            &["`faults` has 17 entries", "16 at most"],
        ),
        (
            file(KILL).replace("schedule/1", "schedule/2"),
            &["exactly.schedule/2", "reads \"exactly.schedule/1\""],
        ),
        (file(KILL).replace(":3,", ":0,"), &["`messages` is 0"]),
        (
            file(KILL).replace(":3,", ":16777216,"),
            &["`messages` is 16777216"],
        ),
        (
            file(KILL).replace(":3,", ":2,"),
            &["`faults[0].point`", "message 2", "the last one is 1"],
        ),
        (
            with("\"kill\"", "\"drop-request\""),
            &["`faults[0].phase` is after: drop-request strikes before"],
        ),
        (
            with(
                "\"kill\",\"phase\":\"after\"",
                "\"hold\",\"phase\":\"before\"",
            ),
            &["`faults[0].until` is missing"],
        ),
        (
            with(
                "\"kind\"",
                "\"until\":{\"system\":\"k\",\"operation\":\"x\"},\"kind\"",
            ),
            &["`faults[0].until` is there", "only what is held"],
        ),
        (
            with("\"kind\"", "\"nodes\":\"all\",\"kind\""),
            &["`faults[0].nodes`", "kill strikes no node"],
        ),
        (
            with("\"kind\"", "\"duration_ms\":600001,\"kind\""),
            &["`faults[0].duration_ms` is 600001"],
        ),
    ] {
        refused(&text, parts);
    }
}

#[test]
fn what_overtakes_a_held_request_may_be_named() {
    let overtake = KILL.replace(
        "\"kill\",\"phase\":\"after\"",
        "\"hold-and-overtake\",\"phase\":\"before\"",
    );
    let until = "\"until\":{\"system\":\"kafka\",\"operation\":\"Produce\",\"covers\":2},\"kind\"";
    for text in [overtake.clone(), overtake.replace("\"kind\"", until)] {
        let file = parse(&file(&text)).unwrap();
        assert_eq!(file.faults[0].kind, FaultKind::HoldAndOvertake);
    }
    let late = overtake.replace("\"kind\"", &until.replace(":2}", ":3}"));
    refused(&file(&late), &["`faults[0].until`", "message 3"]);
}

#[test]
fn names_must_be_those_of_the_pipeline() {
    let claims = exactly_claims::catalogue();
    let pipeline = claims[0].variants[0].pipeline_spec(3, "exactly");
    let check = |text: String| check_names(&parse(&text).unwrap(), &pipeline);
    assert_eq!(check(file(KILL)), Ok(()));
    let error = check(file(&KILL.replace("\"postgres\"", "\"postgre\""))).unwrap_err();
    assert!(error.contains("`faults[0].point.system`"), "{error}");
    assert!(error.contains("did you mean \"postgres\"?"), "{error}");
    let other = KILL.replace("\"system\"", "\"process\":\"wroker\",\"system\"");
    let error = check(file(&other)).unwrap_err();
    assert!(error.contains("did you mean \"worker\"?"), "{error}");
}
