//! Checks of somebody's own pipelines.

use super::{claim, empty, refuted, sink, tally, upheld};
use exactly_model::{
    Allowed, AnomalyReport, ClassReport, Code, Counterexample, Fault, FaultKind, Guarantee,
    Inconclusive, Phase, Place, PointClass, PointsReport, Report, Reproduced, Schedule, Selector,
    SinkKind, SinkResult, Step, Tally, VariantReport, Verdict, finding_id,
};
use std::collections::BTreeMap;

/// Three pipelines: one that doubles and loses, one that holds, one that could
/// not be decided.
pub fn check() -> Report {
    Report {
        claims: vec![claim(
            "check",
            "exactly.toml",
            vec![orders(), transfers(), audit()],
        )],
        ..empty()
    }
}

fn class(process: &str, system: &str, operation: &str, target: &str) -> ClassReport {
    ClassReport {
        class: PointClass {
            process: process.into(),
            system: system.into(),
            operation: operation.into(),
            target: target.into(),
            place: Place::Cycle,
        },
        found: 20,
        fired: 0,
        kinds: BTreeMap::new(),
        trials: 0,
        violated: 0,
        codes: Vec::new(),
        exempt: None,
    }
}

/// `class` with faults of two kinds, one in a trial.
fn struck(
    class: ClassReport,
    kills: u64,
    drops: u64,
    violated: u64,
    codes: &[Code],
) -> ClassReport {
    let kinds = [(FaultKind::Kill, kills), (FaultKind::DropReply, drops)];
    ClassReport {
        fired: 3,
        kinds: kinds.into_iter().filter(|(_, n)| *n > 0).collect(),
        trials: kills + drops,
        violated,
        codes: codes.to_vec(),
        ..class
    }
}

fn orders() -> VariantReport {
    let mut join = class("worker", "kafka", "JoinGroup", "");
    join.class.place = Place::Startup;
    join.exempt = Some("its points come and go".into());
    let by_class = vec![
        struck(
            class("worker", "postgres", "INSERT", "orders"),
            4,
            3,
            0,
            &[],
        ),
        struck(
            class("worker", "postgres", "COMMIT", ""),
            4,
            3,
            3,
            &[Code::D3],
        ),
        struck(
            class("worker", "kafka", "OffsetCommit", "topic.orders"),
            6,
            0,
            2,
            &[Code::D3],
        ),
        join,
        class("mailer", "smtp", "DATA", ""),
    ];
    let anomaly = |sink: &str, ids: &[&str]| AnomalyReport {
        code: Code::D3,
        sink: sink.into(),
        count: ids.len() as u64 + 2,
        trials: 5,
        forbidden: true,
        ids: ids.iter().map(|id| (*id).into()).collect(),
    };
    let doubled = Tally {
        attempted: 240,
        ok: 240,
        effects: 249,
        duplicated: 9,
        redelivered: 24,
        ..Tally::default()
    };
    let mailed = Tally {
        attempted: 240,
        ok: 240,
        effects: 242,
        duplicated: 2,
        ..Tally::default()
    };
    let why = "5 of 24 trials doubled effects (D3)";
    VariantReport {
        verdict: Verdict::Refuted,
        why: why.into(),
        bounds: format!(
            "{why}; effects in rows 'orders' on PostgreSQL 18.1 (embedded) fed from kafka \
             (emulated: krafka 0.28.1): 1 fault per trial, 3 of 5 classes, 9 of 100 points \
             (representatives), 10 messages each, 24 trials, seed 7"
        ),
        sinks: vec![sink("orders", doubled), sink("mails", mailed)],
        expected_at: BTreeMap::from([("mails".into(), Guarantee::AtLeastOnce)]),
        asserted_at: BTreeMap::from([("mails".into(), Guarantee::AtLeastOnce)]),
        allowed: vec![Allowed {
            code: Code::D2,
            reason: "the worker may be handed a message twice".into(),
        }],
        points: PointsReport {
            classes_fired: 3,
            classes: 5,
            fired: 9,
            found: 100,
            faults: (22, 20),
            missed: vec!["kill before smtp DATA {1} (trial 21)".into()],
            max_in_flight: 1,
            by_class,
            ..PointsReport::default()
        },
        trials: (24, 5),
        anomalies: vec![anomaly(
            "orders",
            &["9-3", "10-3", "11-0", "15-2", "16-2", "17-9", "19-1"],
        )],
        counterexamples: vec![killed_after_commit()],
        notes: vec!["worker#1 wrote 2 files under its working directory".into()],
        ..upheld("orders")
    }
}

fn killed_after_commit() -> Counterexample {
    let step = |at_us, incarnation, what: &str, fault| Step {
        at_us,
        incarnation,
        what: what.into(),
        fault,
    };
    let commit = Selector::new("postgres", "COMMIT").covering(1);
    let schedule = Schedule::single(Fault::new(FaultKind::Kill, Phase::After, commit));
    Counterexample {
        id: finding_id("check/orders", Code::D3, 2, &schedule),
        trial: 9,
        code: Code::D3,
        schedule,
        messages: 2,
        evidence: vec![
            step(0, 1, "worker#1 starts", false),
            step(109_300, 1, "worker#1 → postgres INSERT orders {1}", false),
            step(
                110_100,
                1,
                "worker#1 → postgres COMMIT {1}: applied, reply dropped",
                false,
            ),
            step(110_100, 1, "✖ kill after postgres COMMIT {1}", true),
            step(212_900, 2, "worker#2 starts", false),
            step(325_100, 2, "worker#2 → postgres INSERT orders {1}", false),
            step(325_900, 2, "worker#2 → postgres COMMIT {1}", false),
            step(
                326_400,
                2,
                "worker#2 → kafka OffsetCommit topic.orders {1}",
                false,
            ),
            step(
                326_400,
                0,
                "sink orders: 2 effects for message 1 (t9)",
                false,
            ),
        ],
        finding: "message 9-1 at 'orders': 1 effect beyond the declared for 1 message, 9-1 first"
            .into(),
        reproduced: Some(Reproduced { k: 3, n: 3 }),
    }
}

fn transfers() -> VariantReport {
    VariantReport {
        asserted: Guarantee::AtLeastOnce,
        sinks: vec![SinkResult {
            kind: SinkKind::Record,
            ..sink("out", tally())
        }],
        points: PointsReport {
            classes_fired: 1,
            classes: 1,
            fired: 3,
            found: 20,
            faults: (1, 1),
            max_in_flight: 1,
            by_class: vec![struck(
                class("worker", "kafka", "Produce", "topic.out"),
                1,
                0,
                0,
                &[],
            )],
            ..PointsReport::default()
        },
        trials: (4, 0),
        bounds: "effects in records 'out' on kafka (emulated: krafka 0.28.1): 1 fault per trial"
            .into(),
        ..upheld("transfers")
    }
}

fn audit() -> VariantReport {
    let why = "the pipeline did nothing: 10 messages acknowledged and 0 effects at 'log' in trial \
               1, which had no fault";
    VariantReport {
        verdict: Verdict::Inconclusive,
        reason: Some(Inconclusive::NotExercised),
        why: why.into(),
        bounds: format!("{why}; effects in rows 'log' on PostgreSQL 18.1 (embedded): no fault"),
        sinks: vec![sink(
            "log",
            Tally {
                attempted: 30,
                ok: 30,
                lost: 30,
                ..Tally::default()
            },
        )],
        points: PointsReport::default(),
        trials: (3, 0),
        matches: false,
        ..upheld("audit")
    }
}

/// Text that is markup wherever it comes to stand, under `claim`.
pub fn hostile(id: &str) -> Report {
    let evil = "]]>\"'&<x> | `` ` ``` **a** [b](c) ::error::d%0A\u{1b}[31m\u{0}\u{fffe}\n# e\n::warning::f";
    let mut variant = refuted(evil, &[Code::D3]);
    variant.sinks[0].id = evil.into();
    variant.bounds = evil.into();
    variant.why = evil.into();
    variant.notes = vec![evil.into()];
    variant.anomalies[0].sink = evil.into();
    let mut entry = struck(class(evil, evil, evil, evil), 1, 1, 1, &[Code::D3]);
    entry.class.operation = evil.into();
    let mut exempt = class(evil, "a", "b", "c");
    exempt.exempt = Some(evil.into());
    variant.points.by_class = vec![entry, exempt];
    for example in &mut variant.counterexamples {
        example.id = evil.into();
        example.finding = evil.into();
        for step in &mut example.evidence {
            step.what = evil.into();
        }
    }
    Report {
        claims: vec![claim(id, evil, vec![variant])],
        run: evil.into(),
        ..empty()
    }
}
