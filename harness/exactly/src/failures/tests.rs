use super::*;
use crate::testing::cell;
use exactly_model::{Code, Fault, FaultKind, Phase, Schedule, Selector, SystemPlace};

fn options(store: &Path) -> Options {
    let cells = ["one", "other"].map(cell).to_vec();
    let mut options = Options::new("exactly", cells);
    options.store = store.into();
    options.seed = 7;
    options
}

fn shown(code: Code, messages: u32) -> Counterexample {
    let point = Selector::new("postgres", "INSERT").covering(1);
    Counterexample {
        id: format!("found-{code}-{messages:03}"),
        trial: 12,
        code,
        schedule: Schedule::single(Fault::new(FaultKind::Kill, Phase::After, point)),
        messages,
        evidence: Vec::new(),
        finding: String::new(),
        reproduced: None,
    }
}

/// A report that shows something of one cell.
fn report(cell: &Selected, verdict: Verdict, shown: Vec<Counterexample>) -> Report {
    let mut fold = exactly_check::Fold::new();
    let cells = vec![cell.cell.clone()];
    fold.push(&exactly_model::Record {
        v: 1,
        n: 1,
        trial: 0,
        mono_ns: 0,
        wall_ns: 0,
        event: exactly_model::Event::Selected(exactly_model::Selected { cells }),
    });
    let mut report = fold.report();
    let variant = &mut report.claims[0].variants[0];
    variant.verdict = verdict;
    variant.counterexamples = shown;
    report
}

/// Keeps `shown` of the first cell of `options`.
fn keep(options: &Options, verdict: Verdict, shown: Vec<Counterexample>) {
    let report = report(&options.cells[0], verdict, shown);
    let failures = Failures::of(&options.store);
    failures.keep(&report, options, "run-1").unwrap();
}

fn ids(known: &[Kept]) -> Vec<&str> {
    known.iter().map(|kept| kept.id.as_str()).collect()
}

#[test]
fn what_is_kept_comes_back_as_it_was() {
    let store = tempfile::tempdir().unwrap();
    let options = options(store.path());
    let failures = Failures::of(store.path());
    assert_eq!(failures.known(&options).unwrap(), [vec![], vec![]]);
    let found = shown(Code::D3, 2);
    let other_code = shown(Code::T3, 2);
    keep(&options, Verdict::Refuted, vec![found.clone(), other_code]);
    let known = failures.known(&options).unwrap();
    let kept = Kept {
        id: found.id.clone(),
        code: Some(Code::D3),
        candidate: Candidate {
            schedule: found.schedule.clone(),
            messages: 2,
        },
    };
    // Only where it belongs, and once, whatever it shows.
    assert_eq!(known, [vec![kept], vec![]]);
    let (path, text) = find_schedule(&found.id, store.path()).unwrap();
    let file: ScheduleFile = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (file.seed, file.messages, file.run.as_deref()),
        (7, 2, Some("run-1"))
    );
    assert_eq!(file.schedule(), found.schedule);
    // A path does as well as a name.
    let by_path = find_schedule(path.to_str().unwrap(), Path::new("elsewhere")).unwrap();
    assert_eq!(by_path.1, text);
}

#[test]
fn only_refuted_cells_and_schedules_with_a_fault_are_kept() {
    let store = tempfile::tempdir().unwrap();
    let options = options(store.path());
    let failures = Failures::of(store.path());
    keep(&options, Verdict::Inconclusive, vec![shown(Code::D3, 2)]);
    let without_fault = Counterexample {
        schedule: Schedule::default(),
        ..shown(Code::L1, 3)
    };
    keep(&options, Verdict::Refuted, vec![without_fault]);
    assert_eq!(failures.known(&options).unwrap(), [vec![], vec![]]);
    assert!(!store.path().join("failures").exists());
}

#[test]
fn a_failure_belongs_to_the_places_it_was_seen_on() {
    let store = tempfile::tempdir().unwrap();
    let mut options = options(store.path());
    let failures = Failures::of(store.path());
    options.places = [("kafka".to_string(), SystemPlace::Local { nodes: 3 })].into();
    keep(&options, Verdict::Refuted, vec![shown(Code::D3, 2)]);
    assert_eq!(failures.known(&options).unwrap()[0].len(), 1);
    for place in [SystemPlace::Embedded, SystemPlace::Local { nodes: 1 }] {
        options.places = [("kafka".to_string(), place)].into();
        assert_eq!(failures.known(&options).unwrap()[0], []);
    }
    // Embedded is where nothing is said; and no password is written down.
    options.places = [
        ("kafka".to_string(), SystemPlace::Embedded),
        (
            "postgres".to_string(),
            SystemPlace::At("postgres://u:secret@h/d".into()),
        ),
    ]
    .into();
    keep(&options, Verdict::Refuted, vec![shown(Code::L1, 1)]);
    assert_eq!(failures.known(&options).unwrap()[0].len(), 1);
    let (_, text) = find_schedule("found-L1-001", store.path()).unwrap();
    assert!(
        text.contains("at postgres://u:***@h/d") && !text.contains("secret"),
        "{text}"
    );
}

#[test]
fn the_newest_are_run_first_and_the_oldest_dropped() {
    let store = tempfile::tempdir().unwrap();
    let options = options(store.path());
    let failures = Failures::of(store.path());
    let many = (KEPT_MAX + 1) as u32;
    let all: Vec<Counterexample> = (1..=many).map(|n| shown(Code::D3, n)).collect();
    keep(&options, Verdict::Refuted, all[..5].to_vec());
    // Files of one moment are told apart by their names.
    let at = |n: u64| SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(n);
    let age = |id: &str, n: u64| {
        let file = std::fs::File::options().write(true).open(failures.path(id));
        file.unwrap().set_modified(at(n)).unwrap();
    };
    for (n, kept) in all[..5].iter().enumerate() {
        age(&kept.id, 100 - n as u64);
    }
    keep(&options, Verdict::Refuted, all[5..].to_vec());
    let kept = failures.newest_first().unwrap();
    assert_eq!(kept.len(), KEPT_MAX);
    // The one of the first five that was written first is gone.
    assert!(!kept.contains(&"found-D3-005".to_string()));
    assert!(kept.contains(&"found-D3-004".to_string()));
    age("found-D3-100", 1_000_000_000_000);
    let known = failures.known(&options).unwrap();
    assert_eq!(known[0].len(), KNOWN_MAX);
    assert!(ids(&known[0]).contains(&"found-D3-100"));
    assert!(known[0].is_sorted_by_key(|kept| &kept.candidate));
}

#[test]
fn what_is_no_schedule_is_passed_over() {
    let store = tempfile::tempdir().unwrap();
    let options = options(store.path());
    let failures = Failures::of(store.path());
    keep(&options, Verdict::Refuted, vec![shown(Code::D3, 2)]);
    std::fs::write(failures.path("torn"), "{\"schema\":").unwrap();
    std::fs::write(failures.folder.join("notes.txt"), "mine").unwrap();
    let (_, text) = find_schedule("found-D3-002", store.path()).unwrap();
    let newer = text.replace(SCHEDULE_SCHEMA, "exactly.schedule/2");
    std::fs::write(failures.path("newer"), newer).unwrap();
    let known = failures.known(&options).unwrap();
    assert_eq!(ids(&known[0]), ["found-D3-002"]);
}

#[test]
fn an_unknown_name_is_told_the_nearest_one() {
    let store = tempfile::tempdir().unwrap();
    let find = |what: &str| find_schedule(what, store.path()).unwrap_err().to_string();
    assert!(find("found-D3-002").contains("none is kept there"));
    let options = options(store.path());
    let found = vec![shown(Code::D3, 2), shown(Code::L1, 9)];
    keep(&options, Verdict::Refuted, found);
    let error = find("found-D3-003");
    assert!(error.contains("the nearest one is found-D3-002"), "{error}");
    for what in ["", ".", "..", "../failures/found", "found-D3-002.json"] {
        assert!(find(what).starts_with("no failure"), "{what}");
    }
    // A folder is no schedule, and neither is a file without end.
    let long = store.path().join("long");
    let file = std::fs::File::create(&long).unwrap();
    file.set_len(BYTES_MAX + 1).unwrap();
    let error = find(long.to_str().unwrap());
    assert!(error.contains("longer than 1048576 bytes"), "{error}");
    assert!(find(store.path().to_str().unwrap()).starts_with("no failure"));
}
