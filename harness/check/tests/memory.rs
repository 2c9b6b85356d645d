//! The judge's own memory: four bytes a message, whatever the history weighs.
//!
//! Alone in its file, because the allocator counts for the whole process.

#[expect(dead_code, reason = "most of it builds whole runs")]
mod support;

use exactly_check::Judging;
use exactly_model::{Judge, Outcome, TrialHistory, View};
use peak_alloc::PeakAlloc;
use support::{SINK, append, as_log, clean, delivery, double, exchange};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Names, details, a few maps.
const CONSTANT_BYTES: usize = 64 << 10;

fn extra_bytes(history: &TrialHistory) -> usize {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let judgement = Judging.judge(history);
    let peak = ALLOCATOR.peak_usage();
    assert!(judgement.valid);
    peak - before
}

#[test]
fn four_bytes_a_message_beyond_the_history() {
    let n = 200_000;
    let mut history = clean(1, n, 8);
    history.exchanges.clear();
    let limit = 4 * n as usize + CONSTANT_BYTES;
    let bytes = extra_bytes(&history);
    assert!(bytes <= limit, "clean: {bytes} bytes for {n} messages");
    // The buffer is really used: the bound is not met by judging nothing.
    assert!(bytes >= 4 * n as usize);

    // A few anomalies and a second sink change nothing.
    for seq in [7, 70_000, 199_999] {
        double(&mut history, seq);
        history.attempts[seq as usize - 1].outcome = Outcome::Unknown;
    }
    let mut second = history.sinks[0].clone();
    second.observer = "second".into();
    history.sinks.push(second);
    let bytes = extra_bytes(&history);
    assert!(bytes <= limit, "two sinks: {bytes} bytes for {n} messages");

    // Nor does a log that is read in both views, with deliveries that overlap and
    // a step that takes in both sinks.
    let second = history.sinks.pop().unwrap();
    history.sinks[0].effects.truncate(n as usize);
    as_log(&mut history, View::ReadUncommitted);
    for seq in [9, 90_000] {
        append(&mut history, seq, i64::from(n + seq), View::ReadUncommitted);
    }
    history.together = vec![vec![SINK.into(), second.observer.clone()]];
    history.sinks.push(second);
    // Messages that are handed out twice are named, which costs four bytes each.
    let again = n / 100;
    history
        .deliveries
        .push(delivery(2, i64::from(n - again), i64::from(n) - 1));
    let bytes = extra_bytes(&history);
    let limit = limit + 3 * 4 * again as usize;
    // Units of a thousand messages each, and requests that name none of them.
    history.units = (0..n / 1_000).map(|unit| unit.to_string()).collect();
    for effect in &mut history.sinks[0].effects {
        let committed = effect.view == View::ReadCommitted;
        effect.unit = committed.then(|| effect.id.sequence() / 1_000);
    }
    history.exchanges = vec![exchange(1_000, 1, "EndTxn commit", &[])];
    assert!(bytes <= limit, "a log: {bytes} bytes for {n} messages");
}
