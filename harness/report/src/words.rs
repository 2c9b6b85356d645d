//! Model words as a reader meets them.

use crate::style::Tone;
use exactly_model::{
    Code, Fault, FaultKind, Guarantee, Others, Phase, Schedule, Selector, SinkKind, SinkResult,
    VariantReport, Verdict, render_ids,
};
use std::fmt::Write as _;

/// What the catalogue predicted, where the sink measured something else.
pub(crate) fn guarantee_mark(variant: &VariantReport, sink: &SinkResult) -> Option<Guarantee> {
    let surprise = sink.tally.attempted > 0 && sink.guarantee != variant.expected;
    surprise.then_some(variant.expected)
}

/// The forbidden codes that were found: `L1 D3`.
pub(crate) fn codes(variant: &VariantReport) -> String {
    let mut codes: Vec<Code> = variant
        .anomalies
        .iter()
        .filter(|anomaly| anomaly.forbidden)
        .map(|anomaly| anomaly.code)
        .collect();
    codes.sort_unstable();
    codes.dedup();
    let names: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    names.join(" ")
}

pub(crate) const fn verdict_tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Upheld => Tone::Good,
        Verdict::Refuted => Tone::Bad,
        Verdict::Inconclusive => Tone::Attention,
    }
}

pub(crate) const fn sink_kind(kind: SinkKind) -> &'static str {
    match kind {
        SinkKind::Row => "rows of a table",
        SinkKind::Record => "records of a log",
    }
}

/// What a schedule does, in words a reader can act on:
/// `let pg COMMIT be applied, then SIGKILL the process before it sees the reply`.
pub fn schedule_in_words(schedule: &Schedule) -> String {
    match schedule.faults.as_slice() {
        [] => "no fault at all".into(),
        faults => {
            let parts: Vec<String> = faults.iter().map(fault_in_words).collect();
            parts.join("; then ")
        }
    }
}

fn fault_in_words(fault: &Fault) -> String {
    let point = selector(&fault.point);
    let millis = fault
        .duration_ms
        .map(|ms| format!(" for {ms} ms"))
        .unwrap_or_default();
    let mut words = match (fault.kind, fault.phase) {
        (FaultKind::Kill, Phase::Before) => {
            format!("SIGKILL the process as it sends {point}, which never arrives")
        }
        (FaultKind::Kill, Phase::After) => {
            format!("let {point} be applied, then SIGKILL the process before it sees the reply")
        }
        (FaultKind::KillDeliverLate, _) => format!(
            "hold {point}, SIGKILL the process and restart it, and deliver the held request \
             only after the successor has been seen at work"
        ),
        (FaultKind::Terminate, phase) => {
            let moment = match phase {
                Phase::Before => format!("as it sends {point}"),
                Phase::After => format!("when {point} was applied"),
            };
            let grace = fault
                .duration_ms
                .map(|ms| format!(" after {ms} ms"))
                .unwrap_or_default();
            format!("SIGTERM the process {moment}, SIGKILL{grace} if it is still there")
        }
        (FaultKind::Freeze, _) => {
            format!("let {point} be applied, SIGSTOP the process{millis}, then SIGCONT")
        }
        (FaultKind::DropRequest, _) => {
            format!("reset the connection as {point} is sent, which never arrives")
        }
        (FaultKind::DropReply, _) => {
            format!("let {point} be applied, then reset the connection before the reply")
        }
        (FaultKind::DelayReply, _) => {
            format!("let {point} be applied, and hold its reply{millis} past the client's timeout")
        }
        (FaultKind::Hold, _) => match &fault.until {
            Some(until) => format!("hold {point} until {} was answered", selector(until)),
            None => format!("hold {point}"),
        },
    };
    match fault.others {
        Some(Others::Applied) => words.push_str(" (other exchanges in flight are applied)"),
        Some(Others::Dropped) => words.push_str(" (other exchanges in flight are dropped)"),
        None => {}
    }
    words
}

fn selector(selector: &Selector) -> String {
    let mut words = format!("{} {}", selector.system, selector.operation);
    if let Some(target) = selector.target.as_deref().filter(|t| !t.is_empty()) {
        let _ = write!(words, " {target}");
    }
    match selector.ids.as_deref() {
        None | Some([]) => {}
        Some([id]) => {
            let _ = write!(words, " of message {id}");
        }
        Some(ids) => {
            let _ = write!(words, " of messages {}", render_ids(ids));
        }
    }
    if let Some(id) = selector.covers {
        let _ = write!(words, " covering message {id}");
    }
    if let Some(nth) = selector.nth.filter(|nth| *nth > 0) {
        let _ = write!(words, " (number {} of its like)", nth + 1);
    }
    if let Some(n) = selector.incarnation {
        let _ = write!(words, " in incarnation {n}");
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_and_phase_has_words_of_its_own() {
        let mut seen = std::collections::BTreeSet::new();
        for kind in FaultKind::ALL {
            for phase in kind.phases() {
                let point = Selector::new("pg", "COMMIT").covering(3);
                let fault = match kind {
                    FaultKind::Hold => Fault::hold(point, Selector::new("k", "OffsetCommit")),
                    _ => Fault::new(kind, *phase, point),
                };
                let words = schedule_in_words(&Schedule::single(fault));
                assert!(words.contains("pg COMMIT covering message 3"), "{words}");
                assert!(seen.insert(words));
            }
        }
        assert_eq!(schedule_in_words(&Schedule::default()), "no fault at all");
    }

    #[test]
    fn two_faults_are_told_in_order() {
        let hold = Fault::hold(
            Selector::new("pg", "INSERT").on("orders").covering(0),
            Selector::new("k", "OffsetCommit").covering(0),
        );
        let mut kill = Fault::new(
            FaultKind::Kill,
            Phase::After,
            Selector::new("k", "OffsetCommit").in_incarnation(1),
        );
        kill.others = Some(Others::Dropped);
        assert_eq!(
            schedule_in_words(&Schedule {
                faults: vec![hold, kill]
            }),
            "hold pg INSERT orders covering message 0 until k OffsetCommit covering message 0 was \
             answered; then let k OffsetCommit in incarnation 1 be applied, then SIGKILL the \
             process before it sees the reply (other exchanges in flight are dropped)"
        );
    }
}
