//! Verdicts and codes for a reader who meets the tool for the first time.

use crate::text::{clean, plural};
use crate::words::forbidden;
use exactly_model::{
    Allowed, AnomalyReport, Code, Guarantee, Inconclusive, SinkResult, VariantReport, Verdict,
};

/// Codes that are spelt out in the sentence of a verdict; of more only the code
/// is named.
const SPELT_MAX: usize = 3;

/// What a trial that shows `code` did.
pub(crate) const fn deed(code: Code) -> &'static str {
    match code {
        Code::L1 => "lost messages",
        Code::L3 => "left messages without an effect",
        Code::L4 => "committed positions ahead of their effects",
        Code::L7 => "left messages that the system gave up",
        Code::D1 => "appended messages more than once",
        Code::D2 => "had messages delivered again",
        Code::D3 => "made effects more than once",
        Code::D4 => "made effects again after the system's dedup window",
        Code::D5 => "made effects of one message that differ",
        Code::D6 => "had messages taken for duplicates of others",
        Code::O1 => "made effects in another order",
        Code::O2 => "wrote a log in another order than was sent",
        Code::O3 => "jumped over messages",
        Code::O4 => "had messages delivered after later ones",
        Code::G1 => "made effects that nobody asked for",
        Code::G2 => "showed effects of aborted transactions",
        Code::G4 => "did what its sender did not know of",
        Code::T1 => "did a part of what is one step",
        Code::T2 => "wrote to one system and not to the other",
        Code::T3 => "committed a position and its effect apart",
        Code::T5 => "committed messages in another transaction than their own",
        Code::F1 => "let an owner that was replaced make effects",
        Code::F2 => "turned its only owner away",
        Code::I1 => "showed two values at one position",
        Code::I2 => "changed the content of messages",
        Code::V1 => "got stuck with work left",
        Code::X1 => "reported something that was not so",
    }
}

/// The verdict on a pipeline in one sentence.
pub(crate) fn sentence(variant: &VariantReport) -> String {
    let id = clean(&variant.id);
    match variant.verdict {
        Verdict::Upheld => format!(
            "{id} holds: {}, in {} in which {} struck.",
            promised(variant),
            plural(variant.trials.0, "trial"),
            plural(u64::from(variant.points.faults.1), "fault"),
        ),
        Verdict::Refuted => format!(
            "{id} does not hold: {} was promised, and {}.",
            promised(variant),
            deeds(variant)
        ),
        Verdict::Inconclusive => {
            let reason = variant.reason.map_or(String::new(), |r| format!(" ({r})"));
            format!("{id} could not be decided{reason}: {}.", why(variant))
        }
        Verdict::NotHosted => format!("{id} cannot run here: {}.", unstopped(&variant.bounds)),
    }
}

/// What to do next, where the verdict leaves that open.
pub fn next_step(variant: &VariantReport) -> Option<&'static str> {
    match (variant.verdict, variant.reason) {
        (Verdict::Upheld, _) => None,
        (Verdict::Refuted, _) => Some(
            "The sequence below shows how: what the pipeline did around the fault, and what its \
             sinks held in the end. The command below it runs the same fault again.",
        ),
        (_, Some(Inconclusive::HarnessError)) => Some(
            "Run it again; where it comes back, the run's folder holds what the processes and the \
             systems printed.",
        ),
        (_, Some(Inconclusive::Undecidable)) => Some(
            "Make the missing evidence visible (the observer's columns, the settle limit, traffic \
             that goes through the boundary), or allow the code with a reason.",
        ),
        (_, Some(Inconclusive::NotExercised)) => Some(
            "Make the pipeline reach the point: more messages, another kind of fault, or a \
             pipeline that consumes what is fed.",
        ),
        (_, Some(Inconclusive::Partial)) => {
            Some("Put the parts together with `exactly merge`; that decides.")
        }
        (_, Some(Inconclusive::Flaky)) => Some(
            "Trials without any fault differ. Make them alike first: what chance does there, no \
             fault can be blamed for.",
        ),
        (Verdict::NotHosted, _) => Some("Run it at a place that has what is missing."),
        (Verdict::Inconclusive, None) => None,
    }
}

/// `exactly-once at orders, at-least-once at mails`.
pub(crate) fn promised(variant: &VariantReport) -> String {
    let mut by_guarantee: Vec<(Guarantee, Vec<String>)> = Vec::new();
    for sink in &variant.sinks {
        let asserted = asserted_at(variant, &sink.id);
        match by_guarantee
            .iter_mut()
            .find(|(known, _)| *known == asserted)
        {
            Some((_, sinks)) => sinks.push(clean(&sink.id)),
            None => by_guarantee.push((asserted, vec![clean(&sink.id)])),
        }
    }
    match by_guarantee.as_slice() {
        [] => variant.asserted.to_string(),
        all => {
            let each = all.iter();
            let each =
                each.map(|(asserted, sinks)| format!("{asserted} at {}", sinks.join(" and ")));
            each.collect::<Vec<_>>().join(", ")
        }
    }
}

/// What is asserted of `sink`.
pub(crate) fn asserted_at(variant: &VariantReport, sink: &str) -> Guarantee {
    let differs = variant.asserted_at.get(sink);
    differs.copied().unwrap_or(variant.asserted)
}

/// `25 of 72 trials made effects more than once (D3)`.
fn deeds(variant: &VariantReport) -> String {
    let codes = forbidden(variant);
    let trials = variant.trials.0;
    let spelt = codes.iter().take(SPELT_MAX).enumerate().map(|(n, code)| {
        let of_code = variant.anomalies.iter().filter(|a| a.code == *code);
        // Sinks may share trials, so that only the most is certain.
        let most = of_code.map(|a| a.trials).max().unwrap_or(0);
        match n {
            0 => format!(
                "{most} of {} {} ({code})",
                plural(trials, "trial"),
                deed(*code)
            ),
            _ => format!("{most} {} ({code})", deed(*code)),
        }
    });
    let spelt = spelt.collect::<Vec<_>>().join(", ");
    let more: Vec<&str> = codes.iter().skip(SPELT_MAX).map(|c| c.as_str()).collect();
    match more.as_slice() {
        [] => spelt,
        more => format!("{spelt}, and {} beside that", more.join(", ")),
    }
}

/// Why there is no verdict, without the bounds.
fn why(variant: &VariantReport) -> String {
    let why = match variant.why.as_str() {
        "" => variant.bounds.as_str(),
        why => why,
    };
    unstopped(why)
}

fn unstopped(text: &str) -> String {
    clean(text).trim().trim_end_matches('.').to_owned()
}

/// What a sink got, in numbers: `6 lost, 12 doubled`; what is zero is left out,
/// lost and doubled apart.
pub(crate) fn counts(sink: &SinkResult) -> String {
    let counters = crate::counters::COUNTERS.iter();
    let counts: Vec<String> = counters
        .map(|c| (c, (c.of)(&sink.tally)))
        .filter(|(c, count)| c.always || *count > 0)
        .map(|(c, count)| format!("{count} {}", c.name))
        .collect();
    counts.join(", ")
}

/// The first messages that went wrong at `sink`, one entry for each code that
/// is forbidden: `D3 duplicate-effect: 14-3, 15-3`.
pub(crate) fn firsts(variant: &VariantReport, sink: &str) -> Vec<String> {
    let of_sink = |a: &&AnomalyReport| a.sink == sink && a.forbidden && !a.ids.is_empty();
    let anomalies = variant.anomalies.iter().filter(of_sink);
    anomalies
        .map(|a| {
            let shown: Vec<String> = a.ids.iter().take(IDS_MAX).map(|id| clean(id)).collect();
            let more = match a.count.saturating_sub(shown.len() as u64) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("{} {}: {}{more}", a.code, a.code.name(), shown.join(", "))
        })
        .collect()
}

/// A code that may be seen, with the reason given.
pub(crate) fn allowance(allowed: &Allowed) -> String {
    let (code, reason) = (allowed.code, clean(&allowed.reason));
    format!("{code} {}: {reason}", code.name())
}

/// How to read the sequence of a counterexample.
/// How to read a sequence, for whoever meets one for the first time.
pub const LEGEND: &str = "How to read it: worker#1 is the first life of the process \
     called worker, worker#2 the life after it was started again; {1} are the messages that a \
     request carries or covers; ✗ is what was done to the pipeline; the last lines are what the \
     sinks held in the end.";

/// Ids shown of a code.
const IDS_MAX: usize = 5;
