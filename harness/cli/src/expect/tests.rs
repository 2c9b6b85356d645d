use super::*;
use exactly_model::{
    AnomalyReport, ClaimReport, Code, Guarantee, Inconclusive, PointsReport, REPORT_SCHEMA,
    SinkKind, SinkResult, Tally, VariantReport, exit,
};

fn cell(id: &str, verdict: Verdict, codes: &[Code]) -> VariantReport {
    let anomaly = |code: &Code| AnomalyReport {
        code: *code,
        sink: "orders".into(),
        count: 1,
        trials: 1,
        forbidden: *code != Code::D2,
        ids: Vec::new(),
    };
    VariantReport {
        id: id.into(),
        asserted: Guarantee::ExactlyOnce,
        expected: Guarantee::ExactlyOnce,
        expected_at: Default::default(),
        asserted_at: Default::default(),
        allowed: Vec::new(),
        matches: true,
        verdict,
        reason: (verdict == Verdict::Inconclusive).then_some(Inconclusive::Flaky),
        bounds: String::new(),
        why: String::new(),
        sinks: vec![SinkResult {
            id: "orders".into(),
            kind: SinkKind::Row,
            guarantee: Guarantee::measured(codes.contains(&Code::L1), codes.contains(&Code::D3)),
            tally: Tally {
                attempted: 6,
                effects: 6,
                ..Tally::default()
            },
        }],
        points: PointsReport::default(),
        trials: (1, 0),
        anomalies: codes.iter().map(anomaly).collect(),
        undecidable: Vec::new(),
        counterexamples: Vec::new(),
        assists: Vec::new(),
        notes: Vec::new(),
    }
}

fn report(variants: Vec<VariantReport>) -> Report {
    Report {
        schema: REPORT_SCHEMA.into(),
        tool: String::new(),
        run: String::new(),
        seed: 0,
        plan: String::new(),
        systems: Vec::new(),
        claims: vec![ClaimReport {
            id: "c".into(),
            sentence: String::new(),
            variants,
        }],
    }
}

fn expectations(cells: &str) -> Expectations {
    let text = format!(r#"{{"schema":"exactly.expect/1","cells":{{{cells}}}}}"#);
    parse(&text).unwrap()
}

fn three() -> Report {
    report(vec![
        cell("foil", Verdict::Refuted, &[Code::D2, Code::D3]),
        cell("cure", Verdict::Upheld, &[]),
        cell("open", Verdict::Inconclusive, &[]),
    ])
}

fn code(report: &Report, cells: &str) -> u8 {
    outcome(report, Some(&expectations(cells))).exit_code()
}

#[test]
fn a_measurement_fails_only_by_what_is_undecided() {
    let mut report = three();
    assert_eq!(outcome(&report, None).exit_code(), exit::INCONCLUSIVE);
    let open = Remark::on("c/open", "c/open is inconclusive: flaky");
    assert_eq!(outcome(&report, None).undecided, [open]);
    report.claims[0].variants.pop();
    assert_eq!(outcome(&report, None).exit_code(), exit::DONE);
}

#[test]
fn each_part_of_an_expectation_holds_or_is_broken() {
    let mut report = three();
    report.claims[0].variants.pop();
    for (cells, expect) in [
        (r#""c/foil":{"guarantee":"at-least-once"}"#, exit::DONE),
        (r#""c/foil":{"guarantee":"exactly-once"}"#, exit::REFUTED),
        (r#""c/foil":{"verdict":"refuted"}"#, exit::DONE),
        (r#""c/foil":{"verdict":"upheld"}"#, exit::REFUTED),
        (r#""c/foil":{"codes":["D3"]}"#, exit::DONE),
        (r#""c/foil":{"codes":["D3"],"allow":[]}"#, exit::REFUTED),
        (
            r#""c/foil":{"codes":["D3"],"allow":[{"code":"D2","reason":"legal"}]}"#,
            exit::DONE,
        ),
        (r#""c/foil":{"codes":["D3","L1"]}"#, exit::REFUTED),
        (r#""c/cure":{"verdict":"upheld"}"#, exit::DONE),
        (r#""c/other":{"verdict":"upheld"}"#, exit::REFUTED),
        (r#""c/cure":{"verdict":"inconclusive"}"#, exit::REFUTED),
    ] {
        assert_eq!(code(&report, cells), expect, "{cells}");
    }
}

#[test]
fn a_broken_expectation_comes_before_an_undecided_cell() {
    let broken = r#""c/foil":{"verdict":"upheld"}"#;
    assert_eq!(code(&three(), broken), exit::REFUTED);
    // Nothing is known of the undecided cell, so nothing is refuted by it.
    let open = r#""c/open":{"guarantee":"none"}"#;
    assert_eq!(code(&three(), open), exit::INCONCLUSIVE);
    let foreseen = r#""c/open":{"verdict":"inconclusive"}"#;
    assert_eq!(code(&three(), foreseen), exit::DONE);
}

#[test]
fn a_cell_that_is_not_hosted_is_not_undecided_unless_nothing_else_is_there() {
    let not_hosted = || cell("elsewhere", Verdict::NotHosted, &[]);
    let cure = || cell("cure", Verdict::Upheld, &[]);
    let both = report(vec![cure(), not_hosted()]);
    assert_eq!(outcome(&both, None), Outcome::default());
    let alone = outcome(&report(vec![not_hosted()]), None);
    assert_eq!(alone.exit_code(), exit::INCONCLUSIVE);
    assert!(alone.undecided[0].text.contains("--on"), "{alone:?}");
    // Something was expected of it, and nothing is known: neither broken nor
    // fulfilled, unless that is what was expected.
    let expected = r#""c/elsewhere":{"verdict":"upheld"}"#;
    assert_eq!(code(&both, expected), exit::INCONCLUSIVE);
    let foreseen = r#""c/elsewhere":{"verdict":"not-hosted"}"#;
    assert_eq!(code(&both, foreseen), exit::DONE);
    assert_eq!(code(&report(vec![not_hosted()]), foreseen), exit::DONE);
    // And it does not hide another undecided cell.
    let open = report(vec![not_hosted(), cell("open", Verdict::Inconclusive, &[])]);
    assert_eq!(outcome(&open, None).undecided.len(), 1);
}

#[test]
fn a_shard_is_not_undecided() {
    let mut shard = report(vec![cell("part", Verdict::Inconclusive, &[])]);
    shard.claims[0].variants[0].reason = Some(Inconclusive::Partial);
    assert_eq!(outcome(&shard, None), Outcome::default());
}

#[test]
fn nothing_run_is_nothing_decided() {
    let empty = report(Vec::new());
    assert_eq!(outcome(&empty, None).exit_code(), exit::INCONCLUSIVE);
}

#[test]
fn files_that_could_never_fail_are_refused() {
    for (text, part) in [
        ("", "EOF"),
        (
            r#"{"schema":"exactly.expect/2","cells":{}}"#,
            "exactly.expect/1",
        ),
        (r#"{"schema":"exactly.expect/1","cells":{}}"#, "no cell"),
        (
            r#"{"schema":"exactly.expect/1","cells":{"a/b":{}}}"#,
            "nothing is expected",
        ),
        (
            r#"{"schema":"exactly.expect/1","cells":{"a/b":{"verdct":"upheld"}}}"#,
            "unknown field `verdct`, expected one of `guarantee`, `verdict`, `codes`, `allow`; \
             did you mean `verdict`?",
        ),
        (
            r#"{"schema":"exactly.expect/1","cells":{"a/b":{"codes":["Z9"]}}}"#,
            "Z9",
        ),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_name_that_does_not_exist_is_answered_with_the_nearest() {
    let known = ["c/foil".to_string(), "c/other".to_string()];
    let check = |cells: &str| check_names(&expectations(cells), &known);
    assert_eq!(check(r#""c/foil":{"verdict":"refuted"}"#), Ok(()));
    let error = check(r#""c/fiol":{"verdict":"refuted"}"#).unwrap_err();
    assert!(error.contains("did you mean \"c/foil\""), "{error}");
}
