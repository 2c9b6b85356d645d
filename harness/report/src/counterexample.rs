//! Counterexamples: how a violation came about.

use crate::lanes::Lanes;
use crate::layout::{hanging, paragraph};
use crate::style::{Style, Tone};
use crate::text::{clean, pad, plural, width};
use crate::words::schedule_in_words;
use exactly_model::{Counterexample, Report, Step};

/// Steps kept at the start and at the end of a long sequence, and on either
/// side of each fault.
const KEPT_AT_START: usize = 4;
const KEPT_AT_END: usize = 6;
const KEPT_AROUND_FAULT: usize = 6;

/// Each counterexample as a sequence of exchanges with the fault marked, what
/// was found, how often it came back and how to see it again. Codes that one
/// trial shows are told together. Empty where there is none.
pub fn counterexamples(report: &Report, style: Style) -> String {
    let mut out = String::new();
    for (claim, variant) in report.variants() {
        let cell = format!("{}/{}", clean(&claim.id), clean(&variant.id));
        for examples in by_trial(&variant.counterexamples) {
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(&told(&cell, &examples, style));
        }
    }
    if out.is_empty() {
        return out;
    }
    let title = paragraph(
        style,
        Tone::Strong,
        0,
        "Counterexamples: for each forbidden code of each variant the shortest that was found",
    );
    format!("{title}\n{out}\n{}", further(report, style))
}

/// One counterexample of `cell`, for whoever has just run it.
pub fn counterexample(cell: &str, example: &Counterexample, style: Style) -> String {
    trial(&clean(cell), &[example], style) + &finding(example, style)
}

/// The counterexamples of one trial of `cell`, with what runs them again.
pub(crate) fn told(cell: &str, examples: &[&Counterexample], style: Style) -> String {
    let mut out = trial(&clean(cell), examples, style);
    for example in examples {
        out.push_str(&finding(example, style));
        out.push_str(&again(example, style));
    }
    out
}

/// Groups of the same trial, in the order of their first.
pub(crate) fn by_trial(examples: &[Counterexample]) -> Vec<Vec<&Counterexample>> {
    let mut groups: Vec<Vec<&Counterexample>> = Vec::new();
    for example in examples {
        match groups.iter_mut().find(|group| together(group[0], example)) {
            Some(group) => group.push(example),
            None => groups.push(vec![example]),
        }
    }
    groups
}

fn together(one: &Counterexample, other: &Counterexample) -> bool {
    (one.trial, &one.schedule, one.messages) == (other.trial, &other.schedule, other.messages)
}

fn further(report: &Report, style: Style) -> String {
    let text = format!(
        "Look further: the trials are in the run's events.ndjson; `exactly judge {}` judges the \
         record again; `exactly replay` runs a counterexample again, from the folder that keeps \
         this run; `exactly explain CODE` says what a code means.",
        clean(&report.run)
    );
    paragraph(style, Tone::Faint, 0, &text)
}

/// The counterexamples of one trial, told once.
fn trial(cell: &str, examples: &[&Counterexample], style: Style) -> String {
    let Some(first) = examples.first() else {
        return String::new();
    };
    let codes: Vec<String> = examples
        .iter()
        .map(|example| format!("{} {}", example.code, example.code.name()))
        .collect();
    let title = format!("{cell}, trial {}: {}", first.trial, codes.join(", "));
    let mut out = hanging(style, Tone::Bad, 0, 2, &title);
    let schedule = format!(
        "{} fed; {}.",
        plural(u64::from(first.messages), "message"),
        clean(&schedule_in_words(&first.schedule))
    );
    out.push_str(&paragraph(style, Tone::Plain, 2, &schedule));
    out.push('\n');
    out.push_str(&steps(&first.evidence, style));
    if !first.evidence.is_empty() {
        out.push('\n');
    }
    out
}

/// What was found.
fn finding(example: &Counterexample, style: Style) -> String {
    let finding = format!("{}: {}", example.code, clean(&example.finding));
    hanging(style, Tone::Plain, 2, 2, &finding)
}

/// How often it came back, and the command that runs it again.
fn again(example: &Counterexample, style: Style) -> String {
    let mut out = String::new();
    if let Some(reproduced) = example.reproduced {
        let tone = match reproduced.k < reproduced.n {
            true => Tone::Attention,
            false => Tone::Plain,
        };
        let text = format!("reproduced {} of {}", reproduced.k, reproduced.n);
        out.push_str(&paragraph(style, tone, 6, &text));
    }
    // What is wrong without any fault is no schedule: every run shows it.
    if example.schedule.faults.is_empty() {
        return out;
    }
    let command = format!("replay it: exactly replay {}", clean(&example.id));
    out.push_str(&paragraph(style, Tone::Plain, 6, &command));
    out
}

fn steps(evidence: &[Step], style: Style) -> String {
    let lanes = Lanes::of(evidence);
    let times: Vec<String> = evidence.iter().map(|step| millis(step.at_us)).collect();
    let columns = times.iter().map(|time| width(time)).max().unwrap_or(0);
    let mut out = String::new();
    let mut skipped = 0;
    for (number, (step, time)) in evidence.iter().zip(&times).enumerate() {
        if !kept(evidence, number) {
            skipped += 1;
            continue;
        }
        out.push_str(&gap(&mut skipped, columns, style));
        let lead = format!("{}  {}", pad(time, columns, true), lanes.at(number));
        out.push_str(&line(step, &lead, style));
    }
    out.push_str(&gap(&mut skipped, columns, style));
    out
}

fn kept(evidence: &[Step], number: usize) -> bool {
    let around = number.saturating_sub(KEPT_AROUND_FAULT)..=number + KEPT_AROUND_FAULT;
    number < KEPT_AT_START
        || number + KEPT_AT_END >= evidence.len()
        || evidence
            .iter()
            .enumerate()
            .any(|(at, step)| step.fault && around.contains(&at))
}

fn gap(skipped: &mut u64, columns: usize, style: Style) -> String {
    match std::mem::take(skipped) {
        0 => String::new(),
        count => paragraph(
            style,
            Tone::Faint,
            4 + columns,
            &format!("… {} left out", plural(count, "step")),
        ),
    }
}

/// A step behind its `lead`: the time, and the lanes of those at work.
fn line(step: &Step, lead: &str, style: Style) -> String {
    // Steps name their incarnation themselves.
    let (mark, tone) = if step.fault {
        ("✗", Tone::Bad)
    } else {
        (" ", Tone::Plain)
    };
    let what = step.what.trim_start_matches(['✖', '✗', ' ']);
    let text = format!("{mark} {lead}{}", clean(what));
    hanging(style, tone, 2, 2 + width(lead), &text)
}

/// Microseconds as `12.3 ms`.
fn millis(at_us: u64) -> String {
    // Rounded down to a tenth: steps keep their order on the page.
    format!("{}.{} ms", at_us / 1000, at_us % 1000 / 100)
}
