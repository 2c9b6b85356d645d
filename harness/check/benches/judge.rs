//! Ten million effects: the target is under two seconds on one core.
//!
//! The history is built once; only the judgement is measured. Five shapes: in
//! order, as the records of a log (whose positions are compared), with one
//! message in a hundred double, stored in another order than that of the sends
//! (the worst for the caches), and with one in a hundred lost.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use exactly_check::Judging;
use exactly_model::{
    Attempt, Effect, Judge, MessageId, Outcome, Settle, SettleHow, SinkAudit, SinkKind,
    TrialHistory, TrialKind, View,
};
use std::hint::black_box;

const MESSAGES: u32 = 10_000_000;
const KEYS: u32 = 64;

fn history() -> TrialHistory {
    let mut history = TrialHistory::new(1, 1, 0, TrialKind::Planned);
    history.keys = (0..KEYS).map(|key| format!("key-{key}")).collect();
    history.attempts = (0..MESSAGES)
        .map(|seq| Attempt {
            seq,
            key: seq % KEYS,
            key_seq: seq / KEYS,
            checksum: seq.wrapping_mul(2_654_435_761),
            outcome: Outcome::Ok,
            position: Some((0, i64::from(seq))),
        })
        .collect();
    let effects = history
        .attempts
        .iter()
        .map(|attempt| Effect {
            id: MessageId::new(1, 1, attempt.seq).expect("in range"),
            key: Some(attempt.key),
            key_seq: Some(attempt.key_seq),
            partition: None,
            unit: None,
            position: Some(i64::from(attempt.seq)),
            checksum: Some(attempt.checksum),
            view: View::ReadCommitted,
        })
        .collect();
    history.sinks = vec![SinkAudit {
        observer: "orders".into(),
        effects_per_message: 1,
        complete: true,
        effects,
        ..SinkAudit::default()
    }];
    history.settle = Some(Settle {
        how: SettleHow::Quiescent,
        backlog: 0,
        waited_ms: 60,
        detail: String::new(),
    });
    history
}

/// A fixed permutation: a step that shares no factor with the number of
/// effects.
fn scatter(effects: &mut Vec<Effect>) {
    let n = effects.len();
    let step = 7_368_787;
    *effects = (0..n).map(|i| effects[i * step % n]).collect();
}

fn judge(c: &mut Criterion) {
    let mut group = c.benchmark_group("judge");
    group.sample_size(10);
    group.throughput(Throughput::Elements(u64::from(MESSAGES)));
    let mut run = |name: &str, history: &TrialHistory| {
        group.bench_function(name, |b| {
            b.iter_batched(
                || (),
                |()| black_box(Judging.judge(black_box(history))),
                BatchSize::PerIteration,
            );
        });
    };
    let mut history = history();
    run("in-order", &history);
    history.sinks[0].kind = SinkKind::Record;
    for effect in &mut history.sinks[0].effects {
        effect.partition = Some(0);
    }
    run("log", &history);
    history.sinks[0].kind = SinkKind::Row;
    let again: Vec<Effect> = history.sinks[0]
        .effects
        .iter()
        .step_by(100)
        .copied()
        .collect();
    let clean = history.sinks[0].effects.len();
    history.sinks[0].effects.extend(again);
    run("one-in-100-doubled", &history);
    history.sinks[0].effects.truncate(clean);
    scatter(&mut history.sinks[0].effects);
    run("scattered", &history);
    history.sinks[0]
        .effects
        .retain(|effect| effect.id.sequence() % 100 != 0);
    run("scattered-one-in-100-lost", &history);
    group.finish();
}

criterion_group!(benches, judge);
criterion_main!(benches);
