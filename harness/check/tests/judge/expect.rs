//! Expectation files.

use crate::support::*;
use exactly_check::{ExpectationError, Expectations, compare};
use exactly_model::*;

fn doubled() -> Report {
    let mut script = Script::upheld(Guarantee::ExactlyOnce);
    double(script.trial(4), 2);
    script.trial(4).deliveries.push(delivery(2, 2, 2));
    script.report()
}

fn expectations(cell: &str) -> Expectations {
    let text =
        format!(r#"{{"schema":"exactly.expect/1","cells":{{"some-claim/some-variant":{cell}}}}}"#);
    let expectations: Expectations = serde_json::from_str(&text).unwrap();
    expectations.check().unwrap();
    expectations
}

fn check(cell: &str, mismatches: &[&str]) {
    let found = compare(&doubled(), &expectations(cell));
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    let expected: Vec<String> = mismatches
        .iter()
        .map(|mismatch| format!("some-claim/some-variant: {mismatch}"))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn what_holds_is_no_mismatch() {
    check(r#"{"guarantee":"at-least-once"}"#, &[]);
    check(r#"{"verdict":"refuted","codes":["D3"]}"#, &[]);
    check(
        r#"{"codes":["D3"],"allow":[{"code":"D2","reason":"delivery may repeat"}]}"#,
        &[],
    );
}

#[test]
fn what_does_not_hold_is_named() {
    check(
        r#"{"guarantee":"exactly-once","verdict":"upheld","codes":["L1"]}"#,
        &[
            "expected exactly-once at 'orders', found at-least-once",
            "expected upheld, found refuted",
            "expected L1 (lost), found only D2, D3, O4",
        ],
    );
    check(
        r#"{"codes":["D3"],"allow":[]}"#,
        &[
            "expected no D2, found D2 (redelivery)",
            "expected no O4, found O4 (raw-order)",
        ],
    );
    check(
        r#"{"allow":[{"code":"D2","reason":"fine"}]}"#,
        &["expected no D3, found D3 (duplicate-effect)"],
    );
}

/// Going back without a redelivery is not what was allowed.
#[test]
fn raw_order_is_allowed_where_redelivery_causes_it() {
    let mut script = Script::upheld(Guarantee::ExactlyOnce);
    script.trial(4).deliveries = vec![delivery(1, 0, 5), delivery(2, 0, 5)];
    let allow = expectations(r#"{"allow":[{"code":"D2","reason":"delivery may repeat"}]}"#);
    assert_eq!(compare(&script.report(), &allow), []);
    script.trial(4).deliveries = vec![delivery(1, 3, 5), delivery(1, 0, 2)];
    let found: Vec<String> = compare(&script.report(), &allow)
        .iter()
        .map(|mismatch| mismatch.expected.clone())
        .collect();
    assert_eq!(found, ["no O3", "no O4"]);
}

#[test]
fn what_is_only_counted_needs_no_permission() {
    let mut script = Script::upheld(Guarantee::ExactlyOnce);
    script.trial(4).attempts[1].outcome = Outcome::Unknown;
    let report = script.report();
    assert_eq!(report.claims[0].variants[0].anomalies[0].code, Code::G4);
    assert_eq!(compare(&report, &expectations(r#"{"allow":[]}"#)), []);
}

#[test]
fn a_cell_that_was_not_run_fulfils_nothing() {
    let text = r#"{"schema":"exactly.expect/1","cells":{"some-claim/other":{"verdict":"upheld"}}}"#;
    let expectations: Expectations = serde_json::from_str(text).unwrap();
    let found = compare(&doubled(), &expectations);
    assert_eq!(
        found[0].to_string(),
        "some-claim/other: expected a result, found no such cell in the run"
    );
}

#[test]
fn nothing_measured_is_not_exactly_once() {
    let mut script = Script::upheld(Guarantee::ExactlyOnce);
    script.trials.clear();
    let found = compare(
        &script.report(),
        &expectations(r#"{"guarantee":"exactly-once"}"#),
    );
    assert_eq!(
        found[0].to_string(),
        "some-claim/some-variant: expected exactly-once, found no effect at any sink"
    );
}

#[test]
fn unknown_keys_and_codes_are_refused() {
    for text in [
        r#"{"schema":"exactly.expect/1","cells":{},"cell":{}}"#,
        r#"{"schema":"exactly.expect/1","cells":{"a/b":{"guaranty":"none"}}}"#,
        r#"{"schema":"exactly.expect/1","cells":{"a/b":{"guarantee":"twice"}}}"#,
        r#"{"schema":"exactly.expect/1","cells":{"a/b":{"codes":["Z9"]}}}"#,
        r#"{"schema":"exactly.expect/1","cells":{"a/b":{"allow":[{"code":"D2"}]}}}"#,
        r#"{"schema":"exactly.expect/1","cells":{"a/b":{"allow":[{"code":"D2","reason":"r","x":1}]}}}"#,
    ] {
        let read: Result<Expectations, _> = serde_json::from_str(text);
        assert!(read.is_err(), "{text}");
    }
}

#[test]
fn a_check_that_cannot_fail_is_refused() {
    let refused = |text: &str| {
        let expectations: Expectations = serde_json::from_str(text).unwrap();
        expectations.check().unwrap_err()
    };
    assert_eq!(
        refused(r#"{"schema":"exactly.expect/2","cells":{}}"#),
        ExpectationError::Schema("exactly.expect/2".into())
    );
    assert_eq!(
        refused(r#"{"schema":"exactly.expect/1","cells":{}}"#),
        ExpectationError::NoCell
    );
    assert_eq!(
        refused(r#"{"schema":"exactly.expect/1","cells":{"a/b":{}}}"#),
        ExpectationError::Nothing("a/b".into())
    );
    assert_eq!(
        refused(
            r#"{"schema":"exactly.expect/1","cells":{"a/b":{"allow":[{"code":"D2","reason":" "}]}}}"#
        ),
        ExpectationError::NoReason {
            cell: "a/b".into(),
            code: Code::D2
        }
    );
}
