//! JUnit XML: what becomes of each verdict, and the rules that hold for all.

use crate::support::{
    check, claim, empty, golden, hostile, inconclusive, not_hosted, refuted, upheld,
};
use crate::xml::{Element, parse, violations};
use exactly_model::{CHECK_CLAIM, Code, Inconclusive, Report, VariantReport};
use exactly_report::{Outcome, Remark, junit};

const CELL: &str = "ack/";

/// A measurement of one claim.
fn measured(variants: Vec<VariantReport>) -> Report {
    Report {
        claims: vec![claim("ack", "We ack after processing.", variants)],
        ..empty()
    }
}

fn broken(cell: &str, text: &str) -> Outcome {
    Outcome {
        broken: vec![Remark::on(cell, text)],
        ..Outcome::default()
    }
}

fn open(cell: &str, text: &str) -> Outcome {
    Outcome {
        undecided: vec![Remark::on(cell, text)],
        ..Outcome::default()
    }
}

/// The document, after it was found to keep the rules.
fn valid(report: &Report, outcome: &Outcome) -> Element {
    let text = junit(report, outcome);
    assert_eq!(violations(&text), [""; 0], "{text}");
    parse(&text)
}

/// The cases of all suites.
fn cases(root: &Element) -> Vec<&Element> {
    root.all("testsuite")
        .flat_map(|s| s.all("testcase"))
        .collect()
}

/// The result of a case (`failure`, `error`, `skipped`), or `passed`.
fn result(case: &Element) -> &str {
    let results = ["failure", "error", "skipped"];
    let mut children = case.children.iter().map(|child| child.name.as_str());
    children
        .find(|name| results.contains(name))
        .unwrap_or("passed")
}

#[test]
fn a_measurement_has_no_failure() {
    let report = measured(vec![
        refuted("foil", &[Code::L1, Code::D3]),
        upheld("cure"),
        not_hosted("elsewhere", "no timeouts here"),
    ]);
    let root = valid(&report, &Outcome::default());
    let all = cases(&root);
    let results: Vec<&str> = all.iter().map(|case| result(case)).collect();
    assert_eq!(results, ["passed", "passed", "skipped"]);
    for case in &all {
        assert_eq!(case.attribute("classname"), "ack");
    }
    assert_eq!(
        all[0].attribute("name"),
        "foil (kafka embedded, postgres embedded)"
    );
    // What was measured is there all the same.
    let out = &all[0].child("system-out").unwrap().text;
    assert!(
        out.contains("refuted L1 D3") && out.contains("9 lost, 12 doubled"),
        "{out}"
    );
    let skipped = all[2].child("skipped").unwrap();
    assert_eq!(skipped.attribute("message"), "no timeouts here");
    assert!(all[2].child("system-out").is_none());
}

#[test]
fn an_expectation_that_does_not_hold_is_a_failure_with_the_counterexample() {
    let report = measured(vec![refuted("foil", &[Code::D3]), upheld("cure")]);
    let text = "ack/foil: expected upheld, found refuted";
    let root = valid(&report, &broken(&format!("{CELL}foil"), text));
    let all = cases(&root);
    let failure = all[0].child("failure").unwrap();
    assert_eq!(failure.attribute("message"), text);
    assert_eq!(failure.attribute("type"), "D3 duplicate-effect");
    for part in [
        "✗",
        "worker#2 starts",
        "reproduced 3 of 3",
        "exactly replay foil-D3-",
    ] {
        assert!(failure.text.contains(part), "{part}: {}", failure.text);
    }
    assert_eq!(result(all[1]), "passed");
    // Expected to be refuted, and upheld: there is no counterexample to show.
    let root = valid(&report, &broken(&format!("{CELL}cure"), "expected refuted"));
    let failure = cases(&root)[1].child("failure").unwrap();
    assert_eq!(failure.attribute("type"), "expectation");
    assert!(
        failure.text.contains("12 of 12 classes"),
        "{}",
        failure.text
    );
}

#[test]
fn what_was_not_decided_is_an_error_and_never_a_skip() {
    for reason in [
        Inconclusive::HarnessError,
        Inconclusive::Undecidable,
        Inconclusive::NotExercised,
        Inconclusive::Flaky,
    ] {
        let variant = inconclusive(reason);
        let cell = format!("{CELL}{}", variant.id);
        let root = valid(&measured(vec![variant]), &open(&cell, "not decided"));
        let all = cases(&root);
        let error = all[0].child("error").unwrap();
        assert_eq!(error.attribute("type"), reason.to_string());
        assert_eq!(error.attribute("message"), "not decided");
    }
    // Something was expected of it.
    let report = measured(vec![not_hosted("elsewhere", "no timeouts")]);
    let root = valid(
        &report,
        &open(&format!("{CELL}elsewhere"), "nothing is known"),
    );
    assert_eq!(result(cases(&root)[0]), "error");
}

#[test]
fn a_part_of_a_plan_is_skipped_and_what_it_refuted_is_not() {
    let mut report = check();
    report.claims[0].variants[2].reason = Some(Inconclusive::Partial);
    let orders = &mut report.claims[0].variants[0];
    orders.reason = Some(Inconclusive::Partial);
    let outcome = Outcome::of_check(&report);
    assert_eq!((outcome.broken.len(), outcome.undecided.len()), (1, 0));
    let root = valid(&report, &outcome);
    let results: Vec<&str> = cases(&root).into_iter().map(result).collect();
    let (failed, skipped) = ("failure", "skipped");
    assert_eq!(
        results,
        [
            failed, "passed", failed, failed, skipped, skipped, "passed", "passed", skipped
        ]
    );
}

#[test]
fn what_belongs_to_no_cell_of_the_run_is_not_forgotten() {
    let outcome = Outcome {
        broken: vec![Remark::on("ack/other", "no such cell in the run")],
        undecided: vec![Remark::on_the_run("ended by SIGINT")],
    };
    for report in [empty(), measured(vec![upheld("cure")])] {
        let root = valid(&report, &outcome);
        let suite = root.all("testsuite").last().unwrap();
        let all: Vec<&Element> = suite.all("testcase").collect();
        assert_eq!(all[0].attribute("name"), "ack/other");
        assert_eq!(result(all[0]), "failure");
        assert_eq!(all[1].attribute("name"), "the run");
        assert_eq!(result(all[1]), "error");
    }
}

#[test]
fn a_check_has_a_case_for_each_class() {
    let report = check();
    let root = valid(&report, &Outcome::of_check(&report));
    let named: Vec<String> = cases(&root)
        .iter()
        .map(|case| {
            let (class, name) = (case.attribute("classname"), case.attribute("name"));
            format!("{class} / {name}: {}", result(case))
        })
        .collect();
    assert_eq!(
        named,
        [
            "orders / verdict: exactly-once: failure",
            "orders.worker / postgres INSERT orders: 7 faults: passed",
            "orders.worker / postgres COMMIT: 7 faults: failure",
            "orders.worker / kafka OffsetCommit topic.orders: 6 faults: failure",
            "orders.worker / kafka JoinGroup (startup): 0 faults: skipped",
            "orders.mailer / smtp DATA: 0 faults: error",
            "transfers / verdict: at-least-once: passed",
            "transfers.worker / kafka Produce topic.out: 1 fault: passed",
            "audit / verdict: exactly-once: error",
        ]
    );
    let all = cases(&root);
    // The counterexample stands where its fault struck.
    let failure = |n: usize| all[n].child("failure").unwrap();
    assert!(
        failure(2).text.contains("worker#2 starts"),
        "{}",
        failure(2).text
    );
    assert!(
        failure(2)
            .attribute("message")
            .contains("3 of 7 trials violated")
    );
    assert!(
        failure(3).text.contains("stand at the verdict"),
        "{}",
        failure(3).text
    );
    let out = &all[1].child("system-out").unwrap().text;
    assert_eq!(
        out,
        "7 faults at 3 of 20 points; 0 of 7 trials violated\n4 kill, 3 drop-reply"
    );
}

#[test]
fn hostile_text_stays_text() {
    let report = hostile(CHECK_CLAIM);
    let root = valid(&report, &Outcome::of_check(&report));
    let text = junit(&report, &Outcome::of_check(&report));
    assert!(!text.contains("<![CDATA["), "{text}");
    let case = cases(&root)[0];
    assert!(
        case.attribute("classname").contains("]]>\"'&<x>"),
        "{case:?}"
    );
    assert!(
        case.child("failure").unwrap().text.contains("]]>"),
        "{case:?}"
    );
    valid(
        &hostile("ack"),
        &broken(&format!("{CELL}x"), "\u{0}\u{fffe}]]>&"),
    );
}

#[test]
fn as_files() {
    let report = check();
    golden(
        "check.junit.xml",
        &junit(&report, &Outcome::of_check(&report)),
    );
    let report = measured(vec![
        refuted("foil", &[Code::D3]),
        inconclusive(Inconclusive::Flaky),
    ]);
    let outcome = open(
        "ack/now-and-then",
        "ack/now-and-then is inconclusive: flaky",
    );
    golden("measured.junit.xml", &junit(&report, &outcome));
}

#[test]
fn the_rules_can_be_broken() {
    let suite = |attributes: &str, inner: &str| {
        format!(
            "<testsuites tests=\"1\" failures=\"0\" errors=\"0\"><testsuite name=\"n\" tests=\"1\" \
             failures=\"0\" errors=\"0\" skipped=\"0\"{attributes}>{inner}</testsuite></testsuites>"
        )
    };
    let case = "<testcase name=\"c\"/>";
    assert_eq!(violations(&suite("", case)), [""; 0]);
    for (document, part) in [
        (
            suite(" disabled=\"0\"", case),
            "testsuite has no attribute disabled",
        ),
        (suite("", "<testcase/>"), "testcase lacks name"),
        (suite("", ""), "tests of n is not 0"),
        (suite("", &case.repeat(2)), "tests of n is not 2"),
        (
            suite("", "<testcase name=\"c\"><failure/></testcase>"),
            "failures of n is not 1",
        ),
        (
            suite("", "<testcase name=\"c\"><skipped/><error/></testcase>"),
            "several results",
        ),
        (suite("", &format!("{case}<x/>")), "no element is called x"),
        (suite("", &format!("{case}text")), "testsuite holds text"),
        (
            suite("", case).replacen("tests=\"1\" failures", "tests=\"2\" failures", 1),
            "add up",
        ),
        (suite("", "<testcase name=\"\u{1}\"/>"), "control character"),
    ] {
        let found = violations(&document).join("; ");
        assert!(found.contains(part), "{part}: {found}");
    }
}
