//! Model words as a reader meets them.

use crate::style::Tone;
use exactly_model::{
    Code, Fault, FaultKind, Guarantee, Nodes, Others, Phase, Schedule, Selector, SinkKind,
    SinkResult, VariantReport, Verdict, render_ids,
};
use std::fmt::Write as _;

/// What the catalogue predicted, where the sink measured something else.
pub(crate) fn guarantee_mark(variant: &VariantReport, sink: &SinkResult) -> Option<Guarantee> {
    let expected = variant.expected_at.get(&sink.id).copied();
    let expected = expected.unwrap_or(variant.expected);
    let surprise = sink.tally.attempted > 0 && sink.guarantee != expected;
    surprise.then_some(expected)
}

/// The forbidden codes that were found: `L1 D3`.
pub(crate) fn codes(variant: &VariantReport) -> String {
    let names: Vec<&str> = forbidden(variant).iter().map(|c| c.as_str()).collect();
    names.join(" ")
}

/// The forbidden codes that were found, each once, in order.
pub(crate) fn forbidden(variant: &VariantReport) -> Vec<Code> {
    let anomalies = variant.anomalies.iter();
    let mut codes: Vec<Code> = anomalies.filter(|a| a.forbidden).map(|a| a.code).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// `L1 lost, D3 duplicate-effect`.
pub(crate) fn coded(codes: &[Code]) -> String {
    let names = codes.iter().map(|code| format!("{code} {}", code.name()));
    names.collect::<Vec<_>>().join(", ")
}

/// What is wrong with a variant of which something else was expected: its
/// codes, or that there is none.
pub(crate) fn kind_of_wrong(variant: &VariantReport) -> String {
    match forbidden(variant).as_slice() {
        [] => "expectation".into(),
        codes => coded(codes),
    }
}

pub(crate) const fn verdict_tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Upheld => Tone::Good,
        Verdict::Refuted => Tone::Bad,
        Verdict::Inconclusive => Tone::Attention,
        Verdict::NotHosted => Tone::Faint,
    }
}

pub(crate) const fn sink_kind(kind: SinkKind) -> &'static str {
    match kind {
        SinkKind::Row => "rows of a table",
        SinkKind::Record => "records of a log",
        SinkKind::Message => "messages of a queue",
        SinkKind::Charge => "charges at a payments service",
        SinkKind::Mail => "mails that a server took",
        SinkKind::Other => "what a command or a file shows",
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
    let mut words = match fault.kind {
        FaultKind::Kill
        | FaultKind::KillDeliverLate
        | FaultKind::Terminate
        | FaultKind::Freeze
        | FaultKind::SecondOwner
        | FaultKind::ExpireHorizon => of_the_process(fault),
        FaultKind::DropRequest
        | FaultKind::DropReply
        | FaultKind::DelayReply
        | FaultKind::Blackhole
        | FaultKind::SlowHandler
        | FaultKind::HoldAndOvertake
        | FaultKind::ErrorBefore
        | FaultKind::ErrorAfter
        | FaultKind::ApplyPart
        | FaultKind::Hold => of_the_exchange(fault),
        FaultKind::KillSystem | FaultKind::RestartSystem | FaultKind::PauseSystem => {
            of_a_node(fault)
        }
        FaultKind::Replay => format!(
            "once {} is at rest, feed it again what was put aside ({})",
            fault.point.system,
            selector(&fault.point)
        ),
    };
    if let Some(times) = fault.times {
        words.push_str(&format!(", {times} times"));
    }
    match fault.others {
        Some(Others::Applied) => words.push_str(" (other exchanges in flight are applied)"),
        Some(Others::Dropped) => words.push_str(" (other exchanges in flight are dropped)"),
        None => {}
    }
    words
}

/// Faults that strike the process itself.
fn of_the_process(fault: &Fault) -> String {
    let point = selector(&fault.point);
    match (fault.kind, fault.phase) {
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
            let grace = after(fault);
            format!("SIGTERM the process {moment}, SIGKILL{grace} if it is still there")
        }
        (FaultKind::ExpireHorizon, _) => format!(
            "let {point} be applied, SIGKILL the process before it sees the reply, and start it \
             again only when {} has forgotten: its dedup window and its leases are over",
            fault.point.system
        ),
        (FaultKind::SecondOwner, _) => {
            let least = match fault.duration_ms {
                Some(ms) => format!(", {} at the least", time(ms)),
                None => String::new(),
            };
            format!(
                "freeze the process with the reply to {point} in its hands, start a second \
                 instance, and wake the first one when the second has done its first work{least}"
            )
        }
        _ => format!(
            "let {point} be applied, SIGSTOP the process{}, then SIGCONT",
            lasting(fault)
        ),
    }
}

/// Faults of the connection and of the reply.
fn of_the_exchange(fault: &Fault) -> String {
    let point = selector(&fault.point);
    let lasting = lasting(fault);
    match fault.kind {
        FaultKind::DropRequest => {
            format!("reset the connection as {point} is sent, which never arrives")
        }
        FaultKind::DropReply => {
            format!("let {point} be applied, then reset the connection before the reply")
        }
        FaultKind::DelayReply => {
            format!("let {point} be applied, and hold its reply{lasting} past the client's timeout")
        }
        FaultKind::Blackhole => {
            let moment = match fault.phase {
                Phase::Before => format!("as {point} is sent"),
                Phase::After => format!("when {point} was applied"),
            };
            format!(
                "drop every packet of its connection{lasting} {moment}, in both directions and \
                 without a reset"
            )
        }
        FaultKind::SlowHandler => format!(
            "hold {point}{lasting}, longer than the lease, while the process lives: a handler \
             that is slow and nothing else"
        ),
        FaultKind::HoldAndOvertake => {
            let overtakes = match &fault.until {
                Some(until) => selector(until),
                None => "the client's retry on another connection".into(),
            };
            format!(
                "hold {point} and reset its connection, and deliver the held request once \
                 {overtakes} was answered"
            )
        }
        FaultKind::ErrorBefore => {
            format!(
                "answer {point} with an error that says it was not applied, and do not apply it"
            )
        }
        FaultKind::ErrorAfter => {
            format!("let {point} be applied, then answer it with an error")
        }
        FaultKind::ApplyPart => {
            format!("apply a part of {point} only, then reset the connection")
        }
        _ => match &fault.until {
            Some(until) => format!("hold {point} until {} was answered", selector(until)),
            None => format!("hold {point}"),
        },
    }
}

/// Faults that strike a node of the system.
fn of_a_node(fault: &Fault) -> String {
    let point = selector(&fault.point);
    let system = &fault.point.system;
    let node = match fault.nodes.unwrap_or_default() {
        Nodes::Serving => format!("the node of {system} that serves it"),
        Nodes::All => format!("every node of {system}"),
        Nodes::Node(number) => format!("node {number} of {system}"),
    };
    let moment = match fault.phase {
        Phase::Before => format!("as {point} is sent"),
        Phase::After => format!("when {point} was applied, before its reply is seen"),
    };
    match fault.kind {
        FaultKind::KillSystem => format!("{moment}, SIGKILL {node} and start it again"),
        FaultKind::RestartSystem => format!("{moment}, stop {node} in order and start it again"),
        _ => format!("{moment}, SIGSTOP {node}{}, then SIGCONT", lasting(fault)),
    }
}

fn lasting(fault: &Fault) -> String {
    let of = |ms| format!(" for {}", time(ms));
    fault.duration_ms.map(of).unwrap_or_default()
}

fn after(fault: &Fault) -> String {
    let of = |ms| format!(" after {}", time(ms));
    fault.duration_ms.map(of).unwrap_or_default()
}

/// `300 ms`, `12 s`.
fn time(ms: u64) -> String {
    match ms {
        1000.. if ms.is_multiple_of(1000) => format!("{} s", ms / 1000),
        _ => format!("{ms} ms"),
    }
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
    fn nodes_and_times_are_named() {
        let words = |kind, phase, nodes, ms| {
            let mut fault = Fault::new(kind, phase, Selector::new("k", "EndTxn"));
            (fault.nodes, fault.duration_ms) = (nodes, ms);
            schedule_in_words(&Schedule::single(fault))
        };
        let (kill, before) = (FaultKind::KillSystem, Phase::Before);
        assert_eq!(
            words(kill, before, None, None),
            "as k EndTxn is sent, SIGKILL the node of k that serves it and start it again"
        );
        assert!(words(kill, before, Some(Nodes::All), None).contains("SIGKILL every node of k"));
        assert!(words(kill, before, Some(Nodes::Node(2)), None).contains("SIGKILL node 2 of k"));
        assert_eq!(
            words(FaultKind::PauseSystem, Phase::After, None, Some(1_500)),
            "when k EndTxn was applied, before its reply is seen, SIGSTOP the node of k that \
             serves it for 1500 ms, then SIGCONT"
        );
        assert_eq!(
            words(FaultKind::SecondOwner, Phase::After, None, Some(12_000)),
            "freeze the process with the reply to k EndTxn in its hands, start a second instance, \
             and wake the first one when the second has done its first work, 12 s at the least"
        );
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
