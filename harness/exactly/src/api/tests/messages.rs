//! The messages of panics, on a recorded report.

use super::super::Checked;
use exactly_model::{Code, Guarantee, Inconclusive, Report, Undecidable, Verdict};

/// A service that doubles rows, as it was recorded once.
fn checked() -> Checked {
    let report: Report = serde_json::from_str(include_str!("refuted.json")).unwrap();
    Checked {
        name: "orders-wrong".into(),
        guarantee: Guarantee::ExactlyOnce,
        report,
        folder: "target/exactly/runs/20261125T173455Z-c22e0".into(),
        again: None,
        command: "cargo test -p shop each_order_is_booked_exactly_once".into(),
    }
}

/// The message with the report's one variant changed.
fn message(change: impl FnOnce(&mut exactly_model::VariantReport)) -> Option<String> {
    let mut checked = checked();
    change(&mut checked.report.claims[0].variants[0]);
    checked.failure()
}

#[test]
fn a_refuted_check_tells_the_whole_story() {
    let message = message(|_| {}).expect("it is refuted");
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/src/api/tests/refuted.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(golden, &message).unwrap();
    }
    let expected = std::fs::read_to_string(golden).unwrap();
    assert_eq!(message, expected);
    // Something to copy is never broken.
    let line = "EXACTLY_REPLAY=orders-wrong-D3-90e0ab49 cargo test -p shop \
                each_order_is_booked_exactly_once\n";
    assert!(message.contains(line), "{message}");
}

#[test]
fn what_holds_has_no_message() {
    assert_eq!(message(|variant| variant.verdict = Verdict::Upheld), None);
}

#[test]
fn what_is_wrong_without_any_fault_is_not_run_again() {
    let message = message(|variant| {
        for example in &mut variant.counterexamples {
            example.schedule.faults.clear();
        }
    });
    let message = message.expect("it is refuted");
    assert!(message.contains("no fault at all"), "{message}");
    assert!(!message.contains("EXACTLY_REPLAY"), "{message}");
}

#[test]
fn what_is_undecided_says_why_and_what_to_do() {
    let message = message(|variant| {
        variant.verdict = Verdict::Inconclusive;
        variant.reason = Some(Inconclusive::Undecidable);
        variant.why = "the sink shows no key".into();
        variant.undecidable = vec![Undecidable {
            code: Code::I2,
            missing: "the key".into(),
            sink: String::new(),
        }];
        variant.notes = (0..20).map(|n| format!("remark {n}")).collect();
    });
    let message = message.expect("an undecided check is no pass");
    for part in [
        "whether the pipeline orders-wrong is exactly-once could not be decided (undecidable)",
        "This is no pass",
        "why           the sink shows no key",
        "I2 corrupted: the key is missing",
        "remark 6",
        "and 13 more remarks, in the report",
        "what to do    Make the missing evidence visible",
        "the record    target/exactly/runs/",
    ] {
        assert!(message.contains(part), "no {part:?} in\n{message}");
    }
}

#[test]
fn what_this_place_cannot_hold_is_no_pass() {
    let message = message(|variant| variant.verdict = Verdict::NotHosted).unwrap();
    assert!(message.contains("it cannot be decided here"), "{message}");
}
