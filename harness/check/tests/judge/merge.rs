//! Shards of one plan, put together.

use crate::support::*;
use exactly_check::{Fold, MergeError, exit_code};
use exactly_model::*;

/// An upheld cell as shard `index` of `of` records it: all of the fault-free trials,
/// and those of the others that are its own. Shards number their trials apart.
fn shard(index: u32, of: u32, bend: impl FnOnce(&mut Script)) -> Fold {
    let mut script = Script::upheld(Guarantee::ExactlyOnce);
    let run = script.run.as_mut().unwrap();
    (run.id, run.shard) = (format!("run-{index}"), Some(Shard { index, of }));
    let planned = |kind| kind != TrialKind::Calibration;
    let (own, calibrations): (Vec<_>, Vec<_>) = script
        .trials
        .into_iter()
        .partition(|trial| planned(trial.kind));
    let own = own
        .into_iter()
        .zip(0..)
        .filter(|(_, n)| n % of == index - 1);
    let kept = calibrations.into_iter().chain(own.map(|(trial, _)| trial));
    let renumbered = kept.zip(1..).map(|(trial, n)| TrialHistory {
        kind: trial.kind,
        schedule: trial.schedule,
        faults: trial.faults,
        ..clean(index * 1000 + n, 6, 2)
    });
    script.trials = renumbered.collect();
    bend(&mut script);
    fold(&script.records())
}

fn merged(shards: impl IntoIterator<Item = Fold>) -> Fold {
    let mut shards = shards.into_iter();
    let mut first = shards.next().unwrap();
    for shard in shards {
        first.absorb(shard).unwrap();
    }
    first
}

fn variant(fold: &Fold) -> VariantReport {
    fold.report().claims[0].variants[0].clone()
}

/// Everything but what names trials and runs.
fn essence(variant: &VariantReport) -> impl PartialEq + std::fmt::Debug {
    (
        variant.verdict,
        variant.reason,
        variant.sinks.clone(),
        variant.points.clone(),
        variant.trials,
        variant
            .anomalies
            .iter()
            .map(|a| (a.code, a.count, a.trials))
            .collect::<Vec<_>>(),
    )
}

#[test]
fn shards_together_are_one_run() {
    let whole = Script::upheld(Guarantee::ExactlyOnce).variant();
    assert_eq!(whole.verdict, Verdict::Upheld);
    for of in [1, 2, 3] {
        let merged = merged((1..=of).map(|index| shard(index, of, |_| {})));
        assert_eq!(essence(&variant(&merged)), essence(&whole), "{of} shards");
    }
    // In any order.
    let merged = merged([shard(2, 2, |_| {}), shard(1, 2, |_| {})]);
    assert_eq!(essence(&variant(&merged)), essence(&whole));
}

#[test]
fn a_part_alone_decides_nothing_and_is_no_failure() {
    let part = shard(1, 2, |_| {});
    let alone = variant(&part);
    assert_eq!(alone.verdict, Verdict::Inconclusive);
    assert_eq!(alone.reason, Some(Inconclusive::Partial));
    assert!(alone.bounds.contains("2/2"), "{}", alone.bounds);
    assert_eq!(exit_code(&part.report()), exit::DONE);
    // Something wrong with it is.
    let broken = shard(1, 2, |script| script.end = None);
    assert_eq!(variant(&broken).reason, Some(Inconclusive::HarnessError));
    assert_eq!(exit_code(&broken.report()), exit::INCONCLUSIVE);
}

#[test]
fn a_violation_in_one_part_refutes_the_whole() {
    let last = |script: &mut Script| double(script.trials.last_mut().unwrap(), 1);
    let parts = [shard(1, 2, |_| {}), shard(2, 2, last)];
    assert_eq!(variant(&merged(parts)).verdict, Verdict::Refuted);
}

#[test]
fn what_only_one_part_saw_without_any_fault_is_kept() {
    let calibration = |script: &mut Script| double(&mut script.trials[0], 1);
    let parts = [shard(1, 2, |_| {}), shard(2, 2, calibration)];
    let merged = variant(&merged(parts));
    assert_eq!(merged.verdict, Verdict::Refuted);
    assert!(
        merged.bounds.contains("without any fault"),
        "{}",
        merged.bounds
    );
}

#[test]
fn one_part_that_did_not_end_leaves_the_whole_undecided() {
    let parts = [shard(1, 2, |_| {}), shard(2, 2, |script| script.end = None)];
    let merged = variant(&merged(parts));
    assert_eq!(merged.reason, Some(Inconclusive::HarnessError));
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let mut first = shard(1, 2, |_| {});
    let twice = first.absorb(shard(1, 2, |_| {})).unwrap_err();
    assert!(matches!(twice, MergeError::Twice { .. }), "{twice}");
    let seed = |script: &mut Script| script.run.as_mut().unwrap().seed += 1;
    let other = first.absorb(shard(2, 2, seed)).unwrap_err();
    assert!(other.to_string().contains("the seed differs"), "{other}");
    let of = first.absorb(shard(3, 3, |_| {})).unwrap_err();
    assert!(of.to_string().contains("number of shards"), "{of}");
    let whole = first
        .absorb(fold(&Script::upheld(Guarantee::ExactlyOnce).records()))
        .unwrap_err();
    assert!(matches!(whole, MergeError::NoShard { .. }), "{whole}");
}
