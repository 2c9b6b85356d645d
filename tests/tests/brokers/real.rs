//! A real Kafka beside the embedded one: guarantees, codes and classes must
//! agree in every cell that both decide. Needs Kafka's jars in KAFKA_HOME; CI
//! has them, elsewhere these tests say that they did not run.
//!
//! CI runs [`CELLS`]. `EXACTLY_TEST_REAL=all` runs the whole catalogue, which
//! takes hours on three brokers.

use crate::alone;
use crate::differences::explained;
use crate::support::{Home, nothing_left, report, stderr, there_is_a_kafka};
use exactly_model::{Event, Record, VariantReport, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// What CI runs: a foil and its cure, with and without transactions.
const CELLS: &[&str] = &[
    "ack-after-process/effect-then-ack",
    "ack-after-process/inbox-then-ack",
    "kafka-eos-scope/read-committed",
    "kafka-eos-scope/row-before-commit",
];

/// What CI runs on three brokers: each of their outages takes ten seconds, and
/// there are more of them.
const CELLS_ON_THREE: &[&str] = &["ack-after-process/effect-then-ack"];

/// What is compared of a cell.
#[derive(Debug, PartialEq)]
pub struct Essence {
    pub verdict: Verdict,
    guarantees: BTreeMap<String, &'static str>,
    pub codes: BTreeSet<String>,
    classes: BTreeSet<String>,
}

pub type Essences = BTreeMap<String, Essence>;

fn cells(place: &str) -> Vec<String> {
    if std::env::var("EXACTLY_TEST_REAL").as_deref() != Ok("all") {
        let some = match place {
            "kafka=local:3" => CELLS_ON_THREE,
            _ => CELLS,
        };
        return some.iter().map(|cell| cell.to_string()).collect();
    }
    let claims = exactly_claims::catalogue();
    let of = |claim: &exactly_claims::Claim| {
        let id = claim.id;
        // What no broker takes part in is the same everywhere.
        let of_kafka = claim.variants.iter();
        let of_kafka = of_kafka.filter(|v| v.pipeline.source == exactly_claims::Source::Kafka);
        let ids = of_kafka.map(|v| format!("{id}/{}", v.id));
        ids.collect::<Vec<_>>()
    };
    claims.iter().flat_map(of).collect()
}

/// Evaluates the cells at a place. The run's folder is kept where a test fails
/// that holds it.
fn evaluate(place: &str) -> (Essences, Home) {
    evaluate_cells(place, &cells(place), &[])
}

/// The same of `cells`, with `more` arguments.
pub fn evaluate_cells(place: &str, cells: &[String], more: &[&str]) -> (Essences, Home) {
    evaluate_with(place, cells, &[&["--on", place], more].concat())
}

/// The same where `arguments` say what it runs on, called `place`.
pub fn evaluate_with(place: &str, cells: &[String], arguments: &[&str]) -> (Essences, Home) {
    // Several tests may run at the same place at once.
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let home = Home::new(&format!("real-{number}-{}", place.replace([':', '='], "-")));
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    let arguments = [&cells, &["--format", "json", "--seed", "7"][..], arguments].concat();
    let output = home.evaluate(&arguments).output().unwrap();
    let run = home.run();
    nothing_left(&run);
    // An undecided cell is looked at by itself, below; and one that is not as predicted
    // is compared.
    assert!(
        matches!(output.status.code(), Some(0 | 80 | 100)),
        "{place}: {}",
        stderr(&output)
    );
    let classes = classes(&run);
    let report = report(&output);
    let essences: Essences = report
        .variants()
        .map(|(claim, cell)| {
            let id = format!("{}/{}", claim.id, cell.id);
            let classes = classes.get(&id).cloned().unwrap_or_default();
            (id, essence(cell, classes))
        })
        .collect();
    for (claim, cell) in report.variants() {
        let at = format!("{place}: {}/{}: {}", claim.id, cell.id, cell.bounds);
        assert_ne!(cell.verdict, Verdict::Inconclusive, "{at} {:?}", cell.notes);
        println!("{at}");
    }
    (essences, home)
}

fn essence(cell: &VariantReport, classes: BTreeSet<String>) -> Essence {
    let guarantee = |sink: &exactly_model::SinkResult| (sink.id.clone(), sink.guarantee.name());
    let code = |anomaly: &exactly_model::AnomalyReport| match anomaly.sink.as_str() {
        "" => anomaly.code.to_string(),
        sink => format!("{} at {sink}", anomaly.code),
    };
    Essence {
        verdict: cell.verdict,
        guarantees: cell.sinks.iter().map(guarantee).collect(),
        codes: cell.anomalies.iter().map(code).collect(),
        classes,
    }
}

/// The classes of points of each cell, by name: reports only count them.
fn classes(run: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let text = std::fs::read_to_string(run.join("events.ndjson")).unwrap();
    let mut ids = BTreeMap::new();
    let mut classes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let interesting = ["\"ev\":\"cell\"", "\"ev\":\"plan\""];
    for line in text
        .lines()
        .filter(|line| interesting.iter().any(|i| line.contains(i)))
    {
        match serde_json::from_str::<Record>(line).unwrap().event {
            Event::Cell(start) => drop(ids.insert(start.cell, start.info.id())),
            Event::Plan(plan) => {
                let of_cell = classes.entry(ids[&plan.cell].clone()).or_default();
                of_cell.extend(plan.classes.iter().map(ToString::to_string));
            }
            _ => {}
        }
    }
    classes
}

/// The embedded Kafka's side, measured once for all comparisons.
fn embedded() -> &'static Essences {
    static EMBEDDED: OnceLock<Essences> = OnceLock::new();
    EMBEDDED.get_or_init(|| evaluate("kafka=embedded").0)
}

/// What differs, one line for each, as the table of differences has them.
fn differences(embedded: &Essence, real: &Essence) -> Vec<String> {
    let mut lines = Vec::new();
    if embedded.verdict != real.verdict {
        lines.push(format!(
            "verdict {} becomes {}",
            embedded.verdict, real.verdict
        ));
    }
    for (sink, guarantee) in &real.guarantees {
        match embedded.guarantees.get(sink) {
            Some(other) if other == guarantee => {}
            other => {
                let other = other.copied().unwrap_or("nothing");
                lines.push(format!("{other} at {sink} becomes {guarantee}"));
            }
        }
    }
    let mut sets = |what: &str, embedded: &BTreeSet<String>, real: &BTreeSet<String>| {
        let gone = embedded.difference(real);
        lines.extend(gone.map(|name| format!("{what} {name} is not seen")));
        let new = real.difference(embedded);
        lines.extend(new.map(|name| format!("{what} {name} is new")));
    };
    sets("code", &embedded.codes, &real.codes);
    sets("class", &embedded.classes, &real.classes);
    lines
}

fn agrees_with_embedded(place: &str) {
    // One after the other, whatever the number of test threads.
    let _alone = alone();
    let (real, home) = evaluate(place);
    assert_agree(place, embedded(), &real, &home);
}

/// Each cell that both have decided is the same, but for what is explained.
pub fn assert_agree(place: &str, embedded: &Essences, real: &Essences, home: &Home) {
    let mut unexplained = Vec::new();
    for (id, real) in real {
        let embedded = &embedded[id];
        let decided = |essence: &Essence| essence.verdict != Verdict::NotHosted;
        if !decided(embedded) || !decided(real) {
            println!("{place}: {id} is not hosted on both");
            continue;
        }
        for line in differences(embedded, real) {
            match explained(id, place, &line) {
                Some(why) => println!("{place}: {id}: {line}: {why}"),
                None => unexplained.push(format!("{id}: {line}")),
            }
        }
    }
    assert!(
        unexplained.is_empty(),
        "{place} differs from the embedded place; find out why (in {}), then explain it in \
         differences.rs:\n  {}",
        home.path().display(),
        unexplained.join("\n  ")
    );
}

#[test]
fn one_broker_agrees_with_the_embedded_one() {
    if there_is_a_kafka("one_broker_agrees_with_the_embedded_one") {
        agrees_with_embedded("kafka=local");
    }
}

#[test]
fn three_brokers_agree_with_the_embedded_one() {
    if there_is_a_kafka("three_brokers_agree_with_the_embedded_one") {
        agrees_with_embedded("kafka=local:3");
    }
}

#[test]
fn planted_differences_are_seen() {
    let set = |names: &[&str]| names.iter().map(|n| n.to_string()).collect::<BTreeSet<_>>();
    let essence = |verdict, guarantee, codes: &[&str], classes: &[&str]| Essence {
        verdict,
        guarantees: BTreeMap::from([("orders".into(), guarantee)]),
        codes: set(codes),
        classes: set(classes),
    };
    let embedded = essence(Verdict::Upheld, "exactly-once", &["D2"], &["k A", "k B"]);
    let real = essence(Verdict::Refuted, "none", &["D3 at orders"], &["k B", "k C"]);
    assert_eq!(differences(&embedded, &embedded), Vec::<String>::new());
    assert_eq!(
        differences(&embedded, &real),
        [
            "verdict upheld becomes refuted",
            "exactly-once at orders becomes none",
            "code D2 is not seen",
            "code D3 at orders is new",
            "class k A is not seen",
            "class k C is new",
        ]
    );
}
