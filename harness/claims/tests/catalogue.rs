//! The catalogue is well formed: what its types cannot say.

use exactly_claims::{SwapError, catalogue, catalogue_with, program_by_id, programs};
use exactly_model::{Code, Fault, FaultKind, Guarantee, Phase, Selector};
use std::collections::BTreeSet;

/// Operations and targets that the adapters give to what the programs do.
const KNOWN: [(&str, &str, &str); 2] = [
    ("postgres", "INSERT", "orders"),
    ("kafka", "OffsetCommit", "topic.orders"),
];

fn is_kebab(id: &str) -> bool {
    !id.is_empty()
        && id
            .split('-')
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase()))
}

#[test]
fn ids_are_kebab_case_and_unique() {
    let mut seen = BTreeSet::new();
    for claim in catalogue() {
        assert!(is_kebab(claim.id), "{}", claim.id);
        assert!(!claim.variants.is_empty(), "{}", claim.id);
        for variant in &claim.variants {
            assert!(is_kebab(variant.id), "{}", variant.id);
            assert!(seen.insert(format!("{}/{}", claim.id, variant.id)));
        }
    }
    let mut seen = BTreeSet::new();
    for program in programs() {
        assert!(is_kebab(program.id), "{}", program.id);
        assert!(seen.insert(program.id), "{} is there twice", program.id);
    }
    for bad in ["", "-", "a-", "Ab", "a_b", "a--b", "a b"] {
        assert!(!is_kebab(bad), "{bad:?}");
    }
}

#[test]
fn every_program_resolves_and_is_used_once() {
    let claims = catalogue();
    let mut used: Vec<&str> = Vec::new();
    for variant in claims.iter().flat_map(|claim| &claim.variants) {
        assert_eq!(program_by_id(variant.pipeline.id), Some(variant.pipeline));
        assert_eq!(variant.summary, variant.pipeline.summary);
        assert!(!variant.summary.contains('\n') && variant.summary.len() <= 80);
        used.push(variant.pipeline.id);
    }
    used.sort_unstable();
    let mut all: Vec<&str> = programs().iter().map(|program| program.id).collect();
    all.sort_unstable();
    assert_eq!(used, all);
    assert_eq!(program_by_id("effect-then-ack"), None);
}

#[test]
fn the_sentence_forbids_what_is_predicted_of_the_foils() {
    for claim in catalogue() {
        assert!(!claim.forbidden.is_empty(), "{}", claim.id);
        for variant in &claim.variants {
            let (lost, doubled) = (
                variant.predicted.contains(&Code::L1),
                variant.predicted.contains(&Code::D3),
            );
            assert_eq!(
                Guarantee::measured(lost, doubled),
                variant.expected,
                "{}: the codes and the guarantee disagree",
                variant.id
            );
            let refuted = variant
                .predicted
                .iter()
                .any(|code| claim.forbidden.contains(code));
            assert_eq!(
                refuted,
                variant.expected != claim.asserted,
                "{}: foils are refuted and cures are not",
                variant.id
            );
        }
    }
}

fn check_selector(selector: &Selector, messages: u32) {
    let target = selector.target.as_deref().unwrap_or_default();
    let label = (
        selector.system.as_str(),
        selector.operation.as_str(),
        target,
    );
    assert!(KNOWN.contains(&label), "{selector}: nobody does this");
    assert!(
        selector.covers.is_some_and(|sequence| sequence < messages),
        "{selector}: there are {messages} messages"
    );
}

fn check_fault(fault: &Fault, messages: u32) {
    assert!(fault.kind.phases().contains(&fault.phase), "{fault}");
    assert_eq!(fault.until.is_some(), fault.kind == FaultKind::Hold);
    check_selector(&fault.point, messages);
    if let Some(until) = &fault.until {
        check_selector(until, messages);
    }
}

#[test]
fn every_cell_has_witnesses_that_can_fire() {
    for claim in catalogue() {
        for variant in &claim.variants {
            let cell = variant.cell(&claim);
            assert_eq!(cell.id(), format!("{}/{}", claim.id, variant.id));
            assert!(!cell.witnesses.is_empty(), "{}", variant.id);
            assert!(variant.messages_min <= 6, "{}", variant.id);
            for schedule in &cell.witnesses {
                assert!(!schedule.faults.is_empty());
                for fault in &schedule.faults {
                    check_fault(fault, variant.messages_min);
                }
                // A schedule of holds alone breaks nothing.
                assert!(schedule.faults.iter().any(|f| f.kind != FaultKind::Hold));
            }
        }
    }
}

#[test]
fn what_loses_by_a_committed_position_is_witnessed_by_a_directed_hold() {
    for claim in catalogue() {
        for variant in &claim.variants {
            let directed = variant.witnesses.iter().any(|schedule| {
                matches!(schedule.faults.as_slice(), [hold, kill]
                    if hold.kind == FaultKind::Hold
                        && kill.kind == FaultKind::Kill
                        && kill.phase == Phase::After
                        && hold.until.as_ref() == Some(&kill.point))
            });
            assert_eq!(directed, variant.predicted.contains(&Code::L4));
        }
    }
}

#[test]
fn what_acks_ahead_is_watched_for_longer() {
    for claim in catalogue() {
        for variant in &claim.variants {
            let quiet_ms = variant.pipeline_spec(6, "x").limits.quiet_ms;
            let usual_ms = exactly_model::Limits::default().quiet_ms;
            assert_eq!(
                quiet_ms > usual_ms,
                variant.pipeline.acks_ahead,
                "{}",
                variant.id
            );
            // An L4 is a position ahead of its effect.
            if variant.predicted.contains(&Code::L4) {
                assert!(variant.pipeline.acks_ahead, "{}", variant.id);
            }
        }
    }
}

#[test]
fn the_specification_is_complete() {
    for claim in catalogue() {
        for variant in &claim.variants {
            let spec = variant.pipeline_spec(6, "/bin/exactly");
            for placeholder in ["{id}", "{key}", "{seq}", "{checksum}"] {
                assert!(spec.feed.payload.contains(placeholder), "{placeholder}");
            }
            assert_eq!(spec.feed.messages, 6);
            assert!(spec.feed.before_start && spec.feed.concurrency == 1);
            assert_eq!(
                spec.processes[0].command,
                ["/bin/exactly", "pipeline", variant.pipeline.id]
            );
            for kind in FaultKind::ALL {
                let directed = matches!(kind, FaultKind::Hold | FaultKind::SecondOwner);
                assert_eq!(spec.kinds.contains(&kind), !directed, "{kind}");
            }
            assert_eq!(spec.observers, variant.cell(&claim).observers);

            let systems: Vec<&str> = spec.systems.iter().map(|s| s.name.as_str()).collect();
            let named = |text: &str| {
                let inner = text.strip_prefix('{')?.split('.').next()?;
                systems.contains(&inner).then_some(())
            };
            for value in spec.processes[0].env.values() {
                assert!(named(value).is_some(), "{value}");
            }
            for observer in &spec.observers {
                assert!(systems.contains(&observer.system.as_str()));
                for column in ["id", "key", "seq", "checksum", "position"] {
                    assert!(observer.query.contains(column), "{column}");
                }
            }
            for timer in &spec.timers {
                let (system, _) = timer.split_once(' ').expect("<system> <operation>");
                assert!(systems.contains(&system), "{timer}");
            }
        }
    }
}

#[test]
fn swapping_moves_the_code_and_nothing_else() {
    let before = catalogue();
    let after = catalogue_with(&[
        ("effect-then-ack", "kafka-inbox-then-ack"),
        ("ack-after-process/inbox-then-ack", "kafka-effect-then-ack"),
    ])
    .unwrap();
    for (was, is) in before[0].variants.iter().zip(&after[0].variants) {
        assert_eq!(
            (was.id, was.expected, &was.witnesses),
            (is.id, is.expected, &is.witnesses)
        );
        let expected = match was.id {
            "effect-then-ack" => "kafka-inbox-then-ack",
            "inbox-then-ack" => "kafka-effect-then-ack",
            _ => was.pipeline.id,
        };
        assert_eq!(is.pipeline.id, expected);
        assert_eq!(is.summary, is.pipeline.summary);
        let command = &is.pipeline_spec(6, "x").processes[0].command;
        assert_eq!(command[2], expected);
    }
}

#[test]
fn a_swap_that_names_nothing_says_what_there_is() {
    let error = catalogue_with(&[("no-such", "kafka-inbox-then-ack")]).unwrap_err();
    assert!(matches!(error, SwapError::UnknownVariant { found: 0, .. }));
    assert!(error.to_string().contains("ack-after-process/batch-commit"));
    let error = catalogue_with(&[("batch-commit", "no-such")]).unwrap_err();
    assert!(error.to_string().contains("kafka-batch-commit"));
}
