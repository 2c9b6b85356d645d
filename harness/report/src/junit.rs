//! A report as JUnit XML, for whoever collects test results.

mod cases;
mod xml;

use crate::outcome::{Outcome, cell, is_check};
use crate::text::clean;
use cases::{Case, Status};
use exactly_model::Report;
use xml::Xml;

/// A test suite: its name, what is known of it, its cases.
struct Suite {
    name: String,
    properties: Vec<(&'static str, String)>,
    cases: Vec<Case>,
}

/// The report as JUnit XML.
///
/// A claim is a suite with a case for each variant; where the report is a check
/// of somebody's own pipelines, a pipeline is a suite with a case for its
/// verdict and one for each process and class of points. What does not hold is
/// a failure with the counterexample, what was not decided an error, what the
/// place cannot hold is skipped, and a refuted claim of which nobody expected
/// anything else has passed: it was measured.
///
/// The elements and attributes are those of Jenkins' `junit-10.xsd`, which
/// other readers know too.
pub fn junit(report: &Report, outcome: &Outcome) -> String {
    let mut suites: Vec<Suite> = match is_check(report) {
        true => report
            .variants()
            .map(|(claim, variant)| Suite {
                name: clean(&variant.id),
                properties: properties(report),
                cases: cases::of_pipeline(variant, &outcome.of(&cell(&claim.id, variant))),
            })
            .collect(),
        false => report
            .claims
            .iter()
            .map(|claim| Suite {
                name: clean(&claim.id),
                properties: properties(report),
                cases: claim
                    .variants
                    .iter()
                    .map(|variant| {
                        let standing = outcome.of(&cell(&claim.id, variant));
                        cases::of_variant(report, claim, variant, &standing)
                    })
                    .collect(),
            })
            .collect(),
    };
    let elsewhere: Vec<Case> = outcome
        .elsewhere(report)
        .iter()
        .map(|cell| cases::of_nothing(cell, &outcome.of(cell)))
        .collect();
    if !elsewhere.is_empty() {
        suites.push(Suite {
            name: "exactly".into(),
            properties: properties(report),
            cases: elsewhere,
        });
    }
    render(&suites)
}

/// What ran, and where.
fn properties(report: &Report) -> Vec<(&'static str, String)> {
    let mut properties = vec![
        ("tool", clean(&report.tool)),
        ("run", clean(&report.run)),
        ("plan", clean(&report.plan)),
        ("seed", report.seed.to_string()),
    ];
    properties.retain(|(_, value)| !value.is_empty());
    properties.extend(report.systems.iter().map(|system| {
        let text = format!(
            "{}: {} {}, {}{}",
            system.name,
            system.kind,
            system.version,
            system.place,
            if system.emulated { ", emulated" } else { "" }
        );
        ("system", clean(&text))
    }));
    properties
}

fn render(suites: &[Suite]) -> String {
    let cases = || suites.iter().flat_map(|suite| &suite.cases);
    let mut xml = Xml::new();
    xml.open(
        "testsuites",
        &[
            ("name", "exactly"),
            ("tests", &cases().count().to_string()),
            ("failures", &count(cases(), Status::is_failure)),
            ("errors", &count(cases(), Status::is_error)),
        ],
    );
    for suite in suites {
        let cases = || suite.cases.iter();
        xml.open(
            "testsuite",
            &[
                ("name", &suite.name),
                ("tests", &suite.cases.len().to_string()),
                ("failures", &count(cases(), Status::is_failure)),
                ("errors", &count(cases(), Status::is_error)),
                ("skipped", &count(cases(), Status::is_skipped)),
            ],
        );
        xml.open("properties", &[]);
        for (name, value) in &suite.properties {
            xml.empty("property", &[("name", name), ("value", value)]);
        }
        xml.close("properties");
        for case in &suite.cases {
            case.render(&mut xml);
        }
        xml.close("testsuite");
    }
    xml.close("testsuites");
    xml.finish()
}

fn count<'a>(cases: impl Iterator<Item = &'a Case>, is: fn(&Status) -> bool) -> String {
    cases.filter(|case| is(&case.status)).count().to_string()
}
