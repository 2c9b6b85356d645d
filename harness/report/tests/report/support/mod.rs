//! Hand-made reports, and the comparison with golden files.

mod pipelines;

pub use pipelines::{check, hostile};

use exactly_model::{
    AnomalyReport, ClaimReport, Code, Counterexample, Fault, FaultKind, Guarantee, Inconclusive,
    Phase, PointsReport, REPORT_SCHEMA, Report, Reproduced, Schedule, Selector, SinkKind,
    SinkResult, Step, SystemInfo, Tally, Undecidable, VariantReport, Verdict, finding_id,
};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A report with nothing in it.
pub fn empty() -> Report {
    Report {
        schema: REPORT_SCHEMA.into(),
        tool: "exactly 0.1.0".into(),
        run: "r4821".into(),
        seed: 7,
        plan: "every-boundary".into(),
        systems: vec![
            SystemInfo {
                name: "k".into(),
                kind: "kafka".into(),
                place: "embedded".into(),
                version: "krafka 0.28.1 test broker".into(),
                emulated: true,
            },
            SystemInfo {
                name: "pg".into(),
                kind: "postgres".into(),
                place: "embedded".into(),
                version: "PostgreSQL 18.1".into(),
                emulated: false,
            },
        ],
        claims: Vec::new(),
    }
}

/// A claim with `variants`.
pub fn claim(id: &str, sentence: &str, variants: Vec<VariantReport>) -> ClaimReport {
    ClaimReport {
        id: id.into(),
        sentence: sentence.into(),
        variants,
    }
}

/// A variant that stayed clean.
pub fn upheld(id: &str) -> VariantReport {
    VariantReport {
        id: id.into(),
        asserted: Guarantee::ExactlyOnce,
        expected: Guarantee::ExactlyOnce,
        expected_at: BTreeMap::new(),
        asserted_at: Default::default(),
        allowed: Vec::new(),
        matches: true,
        verdict: Verdict::Upheld,
        reason: None,
        bounds: "exactly-once effects in pg upheld: 1 fault, 12 of 12 classes, 31 of 46 points, \
                 20 messages each"
            .into(),
        why: String::new(),
        sinks: vec![sink("orders", tally())],
        points: points(),
        trials: (120, 0),
        anomalies: Vec::new(),
        undecidable: Vec::new(),
        counterexamples: Vec::new(),
        assists: Vec::new(),
        notes: Vec::new(),
    }
}

/// A clean tally.
pub fn tally() -> Tally {
    Tally {
        attempted: 2400,
        ok: 2400,
        effects: 2400,
        ..Tally::default()
    }
}

/// Whole coverage.
pub fn points() -> PointsReport {
    PointsReport {
        classes_fired: 12,
        classes: 12,
        fired: 31,
        found: 46,
        faults: (118, 118),
        witnesses: (1, 1),
        max_in_flight: 1,
        cuts: (46, 46),
        ..PointsReport::default()
    }
}

/// A row sink with the guarantee that its tally measures.
pub fn sink(id: &str, tally: Tally) -> SinkResult {
    SinkResult {
        id: id.into(),
        kind: SinkKind::Row,
        guarantee: Guarantee::measured(tally.lost > 0, tally.duplicated > 0),
        tally,
    }
}

/// A variant that was refuted by `codes`, with one counterexample each.
pub fn refuted(id: &str, codes: &[Code]) -> VariantReport {
    let (lost, duplicated) = (codes.contains(&Code::L1), codes.contains(&Code::D3));
    let counters = Tally {
        lost: 9 * u64::from(lost),
        duplicated: 12 * u64::from(duplicated),
        redelivered: 240 * u64::from(duplicated),
        ..tally()
    };
    VariantReport {
        expected: Guarantee::measured(lost, duplicated),
        verdict: Verdict::Refuted,
        bounds: format!("exactly-once effects in pg refuted at sink orders by {codes:?}"),
        sinks: vec![sink("orders", counters)],
        trials: (120, 17),
        anomalies: codes.iter().map(|code| anomaly(*code)).collect(),
        counterexamples: codes.iter().map(|code| example(id, *code)).collect(),
        ..upheld(id)
    }
}

/// A forbidden anomaly.
pub fn anomaly(code: Code) -> AnomalyReport {
    AnomalyReport {
        code,
        sink: "orders".into(),
        count: 12,
        trials: 12,
        forbidden: true,
        ids: vec!["14-3".into(), "15-3".into()],
    }
}

/// A counterexample with a kill after COMMIT.
pub fn example(variant: &str, code: Code) -> Counterexample {
    let step = |at_us, incarnation, what: &str, fault| Step {
        at_us,
        incarnation,
        what: what.into(),
        fault,
    };
    let kill = Fault::new(
        FaultKind::Kill,
        Phase::After,
        Selector::new("pg", "COMMIT").covering(0),
    );
    let schedule = Schedule::single(kill);
    Counterexample {
        id: finding_id(&format!("ack-after-process/{variant}"), code, 20, &schedule),
        trial: 14,
        code,
        schedule,
        messages: 20,
        evidence: vec![
            step(0, 1, "worker#1 starts", false),
            step(2_300, 1, "worker#1 → pg INSERT orders {0}", false),
            step(
                3_050,
                1,
                "worker#1 → pg COMMIT {0}: applied, reply dropped",
                false,
            ),
            step(3_060, 1, "✖ kill after pg COMMIT {0}", true),
            step(41_900, 2, "worker#2 starts", false),
            step(42_000, 2, "worker#2 → pg INSERT orders {0}", false),
            step(43_000, 2, "worker#2 → pg COMMIT {0}", false),
            step(
                44_100,
                2,
                "worker#2 → k OffsetCommit topic.orders {0}",
                false,
            ),
            step(44_100, 0, "sink orders: 2 effects for message 0", false),
        ],
        finding: format!("message 14-0 at orders: {}", code.name()),
        reproduced: Some(Reproduced { k: 3, n: 3 }),
    }
}

/// A cell that this place cannot hold.
pub fn not_hosted(id: &str, why: &str) -> VariantReport {
    VariantReport {
        matches: false,
        verdict: Verdict::NotHosted,
        bounds: why.into(),
        sinks: Vec::new(),
        points: PointsReport::default(),
        trials: (0, 0),
        ..upheld(id)
    }
}

/// Two owners side by side: fenced at one sink, doubled at the other.
pub fn two_owners(id: &str) -> VariantReport {
    let step = |at_us, incarnation, what: &str, fault| Step {
        at_us,
        incarnation,
        what: what.into(),
        fault,
    };
    let freeze = Fault {
        duration_ms: Some(12_000),
        ..Fault::new(
            FaultKind::SecondOwner,
            Phase::After,
            Selector::new("pg", "INSERT").on("orders").covering(0),
        )
    };
    let schedule = Schedule::single(freeze);
    let counterexample = Counterexample {
        id: finding_id(&format!("a-claim/{id}"), Code::D3, 1, &schedule),
        trial: 31,
        code: Code::D3,
        schedule,
        messages: 1,
        evidence: vec![
            step(0, 1, "worker#1 starts", false),
            step(
                900_000,
                1,
                "worker#1 → pg INSERT orders {0}: applied, reply withheld",
                false,
            ),
            step(
                900_100,
                1,
                "✖ second-owner after pg INSERT orders {0}",
                true,
            ),
            step(12_900_000, 2, "worker#2 starts", false),
            step(13_400_000, 2, "worker#2 → k InitProducerId", false),
            step(13_500_000, 2, "worker#2 → pg INSERT orders {0}", false),
            step(
                13_600_000,
                1,
                "worker#1 → k Produce topic.out {0}: refused (PRODUCER_FENCED)",
                false,
            ),
            step(13_700_000, 2, "worker#2 → k EndTxn {0}", false),
            step(13_800_000, 0, "sink rows: 2 effects for message 0", false),
        ],
        finding: "message 31-0 at 'rows': 2 effects, 1 declared".into(),
        reproduced: Some(Reproduced { k: 2, n: 3 }),
    };
    VariantReport {
        expected_at: BTreeMap::from([("rows".into(), Guarantee::AtLeastOnce)]),
        asserted_at: Default::default(),
        allowed: Vec::new(),
        sinks: vec![
            SinkResult {
                kind: SinkKind::Record,
                ..sink("records", tally())
            },
            sink(
                "rows",
                Tally {
                    effects: 2_409,
                    duplicated: 9,
                    ..tally()
                },
            ),
        ],
        points: PointsReport {
            pairs: (212, 40),
            ..points()
        },
        verdict: Verdict::Refuted,
        bounds: "9 of 120 trials doubled an effect (D3)".into(),
        trials: (120, 9),
        anomalies: vec![AnomalyReport {
            sink: "rows".into(),
            ..anomaly(Code::D3)
        }],
        counterexamples: vec![counterexample],
        ..upheld(id)
    }
}

/// A variant that could not be decided because of `reason`.
pub fn inconclusive(reason: Inconclusive) -> VariantReport {
    let id = match reason {
        Inconclusive::HarnessError => "cut-short",
        Inconclusive::Undecidable => "no-commit-order",
        Inconclusive::NotExercised => "silent-witness",
        Inconclusive::Flaky => "now-and-then",
        Inconclusive::Partial => "a-part",
    };
    let base = VariantReport {
        verdict: Verdict::Inconclusive,
        reason: Some(reason),
        bounds: "exactly-once effects in pg not decided".into(),
        ..upheld(id)
    };
    match reason {
        Inconclusive::HarnessError => VariantReport {
            sinks: Vec::new(),
            points: PointsReport::default(),
            trials: (0, 0),
            notes: vec!["the run was cut short by SIGINT in trial 1".into()],
            matches: false,
            ..base
        },
        Inconclusive::Undecidable => VariantReport {
            undecidable: vec![Undecidable {
                code: Code::O1,
                missing: "an observer that knows commit order".into(),
                sink: String::new(),
            }],
            notes: vec!["512 opaque bytes on k were passed on unread".into()],
            ..base
        },
        Inconclusive::NotExercised => VariantReport {
            points: PointsReport {
                classes_fired: 11,
                fired: 29,
                faults: (118, 110),
                witnesses: (2, 0),
                missed: (0..8)
                    .map(|n| format!("kill after k OffsetCommit topic.orders {{{n}}}"))
                    .collect(),
                not_applicable: vec!["delay-reply at pg: no client timeout declared".into()],
                unstable: vec!["k OffsetCommit (timer)".into()],
                max_in_flight: 4,
                cuts: (212, 40),
                ..points()
            },
            assists: vec!["k: LeaveGroup for 2 dead members".into()],
            ..base
        },
        Inconclusive::Flaky => VariantReport {
            anomalies: vec![AnomalyReport {
                sink: String::new(),
                forbidden: false,
                ..anomaly(Code::L3)
            }],
            ..base
        },
        Inconclusive::Partial => base,
    }
}

/// Compares `text` with `tests/golden/<name>`; `UPDATE_GOLDEN=1` rewrites it.
pub fn golden(name: &str, text: &str) {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "golden", name]
        .iter()
        .collect();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).expect("the golden file can be written");
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    if let Some(difference) = difference(&expected, text) {
        panic!("{name} differs:\n{difference}\nUPDATE_GOLDEN=1 accepts what is shown with +");
    }
}

/// The first differing lines with two lines of context, or `None`.
pub fn difference(expected: &str, found: &str) -> Option<String> {
    if expected == found {
        return None;
    }
    let (old, new): (Vec<&str>, Vec<&str>) =
        (expected.split('\n').collect(), found.split('\n').collect());
    let common =
        |pairs: &mut dyn Iterator<Item = (&&str, &&str)>| pairs.take_while(|(a, b)| a == b).count();
    let head = common(&mut old.iter().zip(&new));
    let rest = old.len().min(new.len()) - head;
    let tail = common(&mut old.iter().rev().zip(new.iter().rev())).min(rest);
    let mut lines = vec![format!("line {}:", head + 1)];
    let context = head.saturating_sub(2)..head;
    lines.extend(old[context].iter().map(|line| format!("  {line}")));
    lines.extend(old[head..old.len() - tail].iter().map(|l| format!("- {l}")));
    lines.extend(new[head..new.len() - tail].iter().map(|l| format!("+ {l}")));
    Some(lines.join("\n"))
}
