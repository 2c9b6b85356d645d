//! The run store, from outside.

use exactly_engine::EngineError;
use exactly_engine::store::{EVENTS, Recorder, read};
use exactly_model::{Event, Note, NoteKind, Record, exit};
use std::sync::{Arc, Mutex};

fn note(text: &str) -> Event {
    Event::Note(Note::new(NoteKind::Remark, text))
}

fn on_disk(recorder: &Recorder) -> Vec<Record> {
    read(&recorder.run().folder.join(EVENTS))
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error_with_its_exit_code() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    std::fs::write(&file, "in the way").unwrap();
    let error = Recorder::create(&file, Box::new(|_| {})).err().unwrap();
    assert!(matches!(error, EngineError::Store { .. }));
    assert_eq!(error.exit_code(), exit::STORE);
    assert_eq!(exit::STORE, 105);
    let text = error.to_string();
    assert!(
        text.contains(&file.display().to_string()) && text.contains("--out"),
        "{text}"
    );
}

#[test]
fn runs_that_begin_at_once_have_folders_of_their_own() {
    let root = tempfile::tempdir().unwrap();
    let runs: Vec<_> = (0..50)
        .map(|_| {
            Recorder::create(root.path(), Box::new(|_| {}))
                .unwrap()
                .run()
                .clone()
        })
        .collect();
    for (i, run) in runs.iter().enumerate() {
        let same = |r: &&_| **r == *run;
        assert_eq!(runs.iter().filter(same).count(), 1, "{i}");
        assert_eq!(
            runs.iter().filter(|r| r.number == run.number).count(),
            1,
            "{i}"
        );
        assert!((1..=exactly_model::RUN_MAX).contains(&run.number));
        assert!(run.folder.join("output").is_dir());
    }
}

#[test]
fn lines_are_numbered_without_gaps_and_the_tap_sees_them_in_order() {
    let root = tempfile::tempdir().unwrap();
    let tapped = Arc::new(Mutex::new(Vec::new()));
    let sink = tapped.clone();
    let tap = Box::new(move |record: &Record| sink.lock().unwrap().push(record.clone()));
    let recorder = Recorder::create(root.path(), tap).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let recorder = &recorder;
            scope.spawn(move || {
                for i in 0..500 {
                    recorder.record(thread, note(&format!("{thread}/{i}")));
                }
            });
        }
    });
    recorder.flush().unwrap();
    let records = on_disk(&recorder);
    assert_eq!(records.len(), 2000);
    assert!(
        records
            .iter()
            .enumerate()
            .all(|(i, record)| record.n == i as u64 + 1)
    );
    assert!(
        records
            .windows(2)
            .all(|pair| pair[0].mono_ns <= pair[1].mono_ns)
    );
    assert_eq!(records, *tapped.lock().unwrap());
}

#[test]
fn what_is_recorded_durably_is_there_at_once_with_all_before_it() {
    let root = tempfile::tempdir().unwrap();
    let recorder = Recorder::create(root.path(), Box::new(|_| {})).unwrap();
    recorder.record(1, note("before"));
    recorder.record_durably(1, note("durable"));
    recorder.record(1, note("after"));
    assert!(on_disk(&recorder).len() >= 2);
}

#[test]
fn a_broken_line_in_the_middle_is_an_error_that_names_it() {
    let root = tempfile::tempdir().unwrap();
    let recorder = Recorder::create(root.path(), Box::new(|_| {})).unwrap();
    recorder.record_durably(1, note("one"));
    let path = recorder.run().folder.join(EVENTS);
    let one = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{one}{{\"v\":1,\"n\":2\n{one}")).unwrap();
    let read: Vec<_> = read(&path).unwrap().collect();
    assert!(read[0].is_ok());
    let error = read[1].as_ref().unwrap_err().to_string();
    assert!(error.contains("line 2"), "{error}");
}

#[test]
fn a_history_that_is_not_there_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    assert!(read(&root.path().join(EVENTS)).is_err());
}
