//! A history made on one machine and judged on another.

use crate::support::{Home, report, stderr};
use std::path::Path;
use std::process::Command;

const CELL: &str = "ack-after-process/effect-then-ack";

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Reports for a CI in `folder`.
fn files(folder: &Path) -> [String; 4] {
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    [
        "--junit".into(),
        at("report.xml"),
        "--markdown".into(),
        at("report.md"),
    ]
}

/// What is in them.
fn texts(files: &[String; 4]) -> [String; 2] {
    [&files[1], &files[3]].map(|file| std::fs::read_to_string(file).unwrap())
}

#[test]
fn the_record_alone_gives_the_same_verdict_elsewhere() {
    let here = Home::new("here");
    let made_files = files(here.path());
    let asked = [CELL, "--messages", "2", "--format", "json"];
    let made = here.evaluate(&asked).args(&made_files).output().unwrap();
    assert_eq!(made.status.code(), Some(0), "{}", stderr(&made));
    let there = Home::new("there");
    copy(&here.run(), &there.path().join("handed-over"));
    let made_texts = texts(&made_files);
    // What it was made with is out of reach.
    let kept = here.path().with_extension("away");
    std::fs::rename(here.path(), &kept).unwrap();
    let judged = Command::new(env!("CARGO_BIN_EXE_exactly-under-test"))
        .args(["judge", "handed-over", "--format", "json"])
        .args(files(there.path()))
        .current_dir(there.path())
        .env_clear()
        .env("HOME", there.path())
        .output()
        .unwrap();
    std::fs::rename(&kept, here.path()).unwrap();
    assert_eq!(
        judged.status.code(),
        made.status.code(),
        "{}",
        stderr(&judged)
    );
    assert_eq!(report(&judged), report(&made));
    assert_eq!(judged.stdout, made.stdout, "byte for byte");
    let judged_texts = texts(&files(there.path()));
    assert_eq!(judged_texts, made_texts, "JUnit and Markdown");
    assert!(made_texts[0].contains("<testcase classname=\"ack-after-process\""));
    assert!(
        made_texts[1].contains("**refuted** D3"),
        "{}",
        made_texts[1]
    );
}
