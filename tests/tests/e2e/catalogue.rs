//! What the variants of the catalogue measure, and that the judge follows the
//! code and not the name.

use crate::support::{Home, nothing_left, report, stderr};
use exactly_model::{Guarantee, Need, Report, VariantReport, Verdict};

/// What no embedded Kafka and no embedded Redis has.
const NOT_EMBEDDED: &[Need] = &[Need::Leases, Need::Members, Need::Outages];

fn variant<'a>(report: &'a Report, id: &str) -> &'a VariantReport {
    report
        .variants()
        .map(|(_, v)| v)
        .find(|v| v.id == id)
        .unwrap_or_else(|| panic!("no {id}"))
}

#[test]
fn every_variant_delivers_what_the_catalogue_predicts() {
    let home = Home::new("predicted");
    let output = home
        .evaluate(&["--format", "json", "--seed", "11"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report = report(&output);
    let claims = exactly_claims::catalogue();
    let expected: usize = claims.iter().map(|claim| claim.variants.len()).sum();
    assert_eq!(report.variants().count(), expected);
    for claim in &claims {
        for wanted in &claim.variants {
            let cell = variant(&report, wanted.id);
            let at = format!("{}: {}", cell.id, cell.bounds);
            let needs = wanted.cell(claim).needs;
            if needs.iter().any(|need| NOT_EMBEDDED.contains(need)) {
                assert_eq!(cell.verdict, Verdict::NotHosted, "{at}");
                assert_eq!(cell.trials.0, 0, "{at}");
                continue;
            }
            assert!(
                matches!(cell.verdict, Verdict::Upheld | Verdict::Refuted),
                "{at} {:?}",
                cell.notes
            );
            assert!(cell.matches, "{at} {:?}", cell.sinks);
            // A foil may break nothing but the order.
            let upheld = wanted.predicted.is_empty();
            assert_eq!(cell.verdict == Verdict::Upheld, upheld, "{at}");
            for code in wanted.predicted {
                assert!(
                    cell.anomalies.iter().any(|a| a.code == *code),
                    "{at}: no {code}"
                );
            }
            for class in &cell.points.by_class {
                // On a slow machine a timeout may show an abort once and never again.
                let fleeting = class.exempt.is_some() && class.class.operation == "EndTxn abort";
                assert!(class.fired > 0 || fleeting, "{at} {class:?}");
            }
            assert_eq!(cell.points.witnesses.0, cell.points.witnesses.1, "{at}");
            assert_eq!(cell.counterexamples.is_empty(), upheld, "{at}");
            for found in &cell.counterexamples {
                // What is there without a fault was there in each of those trials.
                let again =
                    found.schedule.faults.is_empty() || found.reproduced.is_some_and(|r| r.k > 0);
                assert!(again, "{at} {found:?}");
            }
            assert_eq!(cell.sinks.len(), wanted.sinks.len(), "{at}");
            for (sink, wanted) in cell.sinks.iter().zip(&wanted.sinks) {
                assert_eq!(sink.guarantee, wanted.expected, "{at} {}", sink.id);
                assert!(sink.tally.effects > 0, "{at} {}", sink.id);
            }
        }
    }
    let run = home.run();
    nothing_left(&run);
    // The record alone says the same.
    let (code, again) = home.judge(&run);
    assert_eq!(code, 0);
    assert_eq!(again, report);
}

#[test]
fn swapped_code_flips_the_verdicts() {
    let home = Home::new("swapped");
    let output = home
        .evaluate(&[
            "ack-after-process/effect-then-ack",
            "ack-after-process/inbox-then-ack",
            "--format",
            "json",
        ])
        .env(
            "EXACTLY_TEST_SWAP",
            "effect-then-ack=kafka-inbox-then-ack,inbox-then-ack=kafka-effect-then-ack",
        )
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report = report(&output);
    let foil = variant(&report, "effect-then-ack");
    assert_eq!(foil.verdict, Verdict::Upheld, "{}", foil.bounds);
    assert!(!foil.matches, "the catalogue expected the foil's own code");
    let cure = variant(&report, "inbox-then-ack");
    assert_eq!(cure.verdict, Verdict::Refuted, "{}", cure.bounds);
    assert_eq!(cure.sinks[0].guarantee, Guarantee::AtLeastOnce);
    assert!(!cure.matches);
}
