use super::*;
use exactly_model::{REPORT_SCHEMA, exit};
use exactly_report::Remark;

fn report() -> Report {
    Report {
        schema: REPORT_SCHEMA.into(),
        tool: "exactly".into(),
        run: "r1".into(),
        seed: 1,
        plan: String::new(),
        systems: Vec::new(),
        claims: Vec::new(),
    }
}

fn args(junit: &[&Path], markdown: &[&Path]) -> ReportArgs {
    let paths = |files: &[&Path]| files.iter().map(PathBuf::from).collect();
    ReportArgs {
        junit: paths(junit),
        markdown: paths(markdown),
        github: false,
    }
}

/// What is in a folder.
fn entries(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let name = |entry: io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<String> = entries
        .map(|entry| name(entry).into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn what_cannot_be_written_is_refused_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (file, part) in [
        (at("none/report.xml"), "make that first"),
        (folder.path().into(), "name a file in it"),
        ("/proc/report.xml".into(), "cannot write a report to /proc"),
        (PathBuf::new(), "cannot write a report"),
    ] {
        for args in [args(&[&file], &[]), args(&[], &[&file])] {
            let failure = Destinations::open(&args).unwrap_err();
            assert_eq!(failure.exit_code(), exit::STORE, "{failure}");
            assert!(failure.to_string().contains(part), "{failure}");
        }
    }
    let twice = args(&[&at("x")], &[&at("./x")]);
    let failure = Destinations::open(&twice).unwrap_err();
    assert_eq!(failure.exit_code(), exit::USAGE, "{failure}");
    assert_eq!(entries(folder.path()), [""; 0]);
}

#[test]
fn files_come_into_being_whole_and_replace_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("old.xml"), "old").unwrap();
    std::os::unix::fs::symlink(at("old.xml"), at("link.xml")).unwrap();
    let asked = args(&[&at("link.xml"), &at("new.xml")], &[&at("new.md")]);
    let destinations = Destinations::open(&asked).unwrap();
    // Only tried: nothing is there yet, and what was there still is.
    assert_eq!(entries(folder.path()), ["link.xml", "old.xml"]);
    assert_eq!(std::fs::read_to_string(at("old.xml")).unwrap(), "old");
    let outcome = Outcome {
        undecided: vec![Remark::on_the_run("nothing ran")],
        ..Outcome::default()
    };
    destinations.write(&report(), &outcome).unwrap();
    assert_eq!(
        entries(folder.path()),
        ["link.xml", "new.md", "new.xml", "old.xml"]
    );
    assert!(at("link.xml").is_symlink());
    for name in ["old.xml", "new.xml"] {
        let text = std::fs::read_to_string(at(name)).unwrap();
        assert_eq!(text, junit(&report(), &outcome), "{name}");
    }
    let text = std::fs::read_to_string(at("new.md")).unwrap();
    assert!(text.contains("nothing ran"), "{text}");
}

#[test]
fn a_file_that_cannot_be_written_after_all_does_not_keep_the_others_back() {
    let folder = tempfile::tempdir().unwrap();
    let gone = folder.path().join("gone");
    std::fs::create_dir(&gone).unwrap();
    let stays = folder.path().join("report.md");
    let asked = args(&[&gone.join("report.xml")], &[&stays]);
    let destinations = Destinations::open(&asked).unwrap();
    std::fs::remove_dir(&gone).unwrap();
    let failure = destinations
        .write(&report(), &Outcome::default())
        .unwrap_err();
    assert_eq!(failure.exit_code(), exit::STORE);
    assert!(failure.to_string().contains("report.xml"), "{failure}");
    assert!(stays.is_file());
}

#[test]
fn what_is_no_file_is_written_to_in_place() {
    let asked = args(&[Path::new("/dev/null")], &[]);
    let destinations = Destinations::open(&asked).unwrap();
    destinations.write(&report(), &Outcome::default()).unwrap();
    assert!(is_special(Path::new("/dev/null")));
}
