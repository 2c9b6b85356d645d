//! What is asserted of single sinks, what is allowed, and what is dropped on purpose.

use crate::support::*;
use exactly_model::*;

/// An upheld cell that forbids `forbidden` at its sink, and `elsewhere` at all others.
fn script(forbidden: &[Code], elsewhere: &[Code]) -> Script {
    let mut script = Script::upheld(Guarantee::ExactlyOnce);
    let info = &mut script.cell.info;
    info.forbidden = elsewhere.to_vec();
    info.forbidden_at.insert(SINK.into(), forbidden.to_vec());
    script
}

#[test]
fn a_code_counts_where_it_is_forbidden() {
    for (forbidden, elsewhere, refuted) in [
        (&[Code::D3][..], &[][..], true),
        (&[], &[Code::D3], false),
        (&[Code::L1], &[Code::D3], false),
        (&[Code::D3], &[Code::D3], true),
    ] {
        let mut script = script(forbidden, elsewhere);
        double(script.trial(4), 1);
        let variant = script.variant();
        let is = variant.verdict == Verdict::Refuted;
        assert_eq!(
            is, refuted,
            "{forbidden:?} {elsewhere:?}: {}",
            variant.bounds
        );
        let found = variant
            .anomalies
            .iter()
            .find(|a| a.code == Code::D3)
            .unwrap();
        assert_eq!(found.forbidden, refuted);
        assert_eq!(variant.counterexamples.is_empty(), !refuted);
        // It is counted all the same.
        assert_eq!(variant.sinks[0].tally.duplicated, 1);
    }
}

#[test]
fn evidence_is_missed_where_its_code_is_forbidden() {
    for (forbidden, elsewhere, decided) in [
        (&[Code::I2][..], &[][..], false),
        (&[], &[Code::I2], true),
        (&[Code::I2], &[Code::I2], false),
    ] {
        let mut script = script(forbidden, elsewhere);
        for effect in &mut script.trial(4).sinks[0].effects {
            (effect.key, effect.key_seq, effect.checksum) = (None, None, None);
        }
        let variant = script.variant();
        let is = variant.verdict == Verdict::Upheld;
        assert_eq!(
            is, decided,
            "{forbidden:?} {elsewhere:?}: {}",
            variant.bounds
        );
        assert_eq!(variant.undecidable.is_empty(), decided);
    }
}

#[test]
fn what_belongs_to_no_sink_is_a_matter_of_the_cell() {
    let mut script = script(&[], &[Code::V1]);
    script.trial(4).settle = Some(Settle {
        how: SettleHow::Stuck,
        backlog: 1,
        waited_ms: 9,
        detail: String::new(),
    });
    assert_eq!(script.variant().verdict, Verdict::Refuted);
}

/// The key of message 1, and a script whose pipeline is said to drop it.
fn dropping(bend: impl Fn(&mut TrialHistory, u32)) -> VariantReport {
    let mut script = Script::upheld(Guarantee::ExactlyOnce);
    let first = &script.trials[0];
    let key = first.attempts[1].key;
    let name = first.keys[key as usize].clone();
    script.cell.pipeline.feed.dropped_keys = vec![name];
    for trial in &mut script.trials {
        bend(trial, key);
    }
    script.variant()
}

fn drop_effects(trial: &mut TrialHistory, key: u32) {
    let attempts = trial.attempts.clone();
    let dropped = |effect: &Effect| attempts[effect.id.sequence() as usize].key == key;
    trial.sinks[0].effects.retain(|effect| !dropped(effect));
}

#[test]
fn what_is_dropped_on_purpose_is_not_lost() {
    let variant = dropping(drop_effects);
    assert_eq!(variant.verdict, Verdict::Upheld, "{}", variant.bounds);
    assert_eq!(variant.sinks[0].tally.lost, 0);
}

#[test]
fn an_effect_of_what_is_dropped_on_purpose_is_a_phantom() {
    let variant = dropping(|_, _| {});
    assert_eq!(variant.verdict, Verdict::Refuted);
    assert!(
        variant.anomalies.iter().any(|a| a.code == Code::G1),
        "{}",
        variant.bounds
    );
}

#[test]
fn a_message_of_another_key_is_still_lost() {
    let variant = dropping(|trial, key| {
        drop_effects(trial, key);
        let other = trial
            .attempts
            .iter()
            .find(|attempt| attempt.key != key)
            .unwrap()
            .seq;
        trial.sinks[0]
            .effects
            .retain(|effect| effect.id.sequence() != other);
    });
    assert_eq!(variant.verdict, Verdict::Refuted);
    assert!(
        variant.anomalies.iter().any(|a| a.code == Code::L1),
        "{}",
        variant.bounds
    );
}

#[test]
fn state_on_local_disk_caps_the_verdict() {
    let mut script = Script::upheld(Guarantee::ExactlyOnce);
    let note = Note::new(
        NoteKind::LocalState,
        "process worker keeps state in seen.db",
    );
    script.late.push((0, Event::Note(note.clone())));
    let noted = |script: &Script| {
        let (head, trials, tail) = script.streams();
        let note = (0, 0, Event::Note(note.clone()));
        let lines = head
            .into_iter()
            .chain([note])
            .chain(trials.into_iter().flatten())
            .chain(tail);
        fold(&number(lines))
            .report()
            .claims
            .remove(0)
            .variants
            .remove(0)
    };
    let variant = noted(&script);
    assert_eq!(variant.verdict, Verdict::Inconclusive);
    assert_eq!(variant.reason, Some(Inconclusive::Undecidable));
    // What was seen all the same was seen.
    double(script.trial(4), 1);
    assert_eq!(noted(&script).verdict, Verdict::Refuted);
}
