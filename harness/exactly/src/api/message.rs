//! The message of a panic: for somebody who meets the tool for the first time, in the
//! output of a test that has just failed.

use super::checked::{CheckError, Checked};
use super::surroundings::{REPLAY, shown};
use crate::ReplayOutcome;
use exactly_model::{Code, Counterexample, Guarantee, SinkResult, VariantReport, Verdict};
use exactly_report::{LEGEND, Style, counterexample, next_step, wrapped};
use std::fmt::Write as _;

/// Columns: what most terminals and logs show.
const WIDTH: usize = 100;
/// Remarks shown at most.
const NOTES_MAX: usize = 8;

fn style() -> Style {
    Style::plain(WIDTH)
}

/// A violation was seen.
pub(super) fn refuted(checked: &Checked, variant: &VariantReport) -> String {
    let mut text = headline(checked, &checked.name);
    let mut seen = String::new();
    for sink in variant.sinks.iter().filter(|sink| sink.tally.attempted > 0) {
        let _ = writeln!(seen, "{}", seen_at(sink, variant));
    }
    push(&mut text, "expected", checked.sentence());
    push(&mut text, "seen", seen.trim_end());
    text.push('\n');
    if let Some(example) = leading(variant) {
        text.push_str(&story(example));
        if let Some(came_back) = example.reproduced {
            let (k, n) = (came_back.k, came_back.n);
            let line = format!(
                "The same fault was tried {n} more times, and the same came of it {k} times."
            );
            text.push_str(&wrapped(&line, style()));
        }
        let others: Vec<String> = others(variant, example)
            .map(|other| format!("{} {}", other.code, other.code.name()))
            .collect();
        if !others.is_empty() {
            let line = format!("Also seen: {}.", others.join(", "));
            text.push_str(&wrapped(&line, style()));
        }
        text.push('\n');
        // What is wrong without any fault is no schedule: every run shows it.
        if !example.schedule.faults.is_empty() {
            push_whole(&mut text, "run it again", &command(checked, &example.id));
        }
    }
    text.push_str(&record(checked));
    text
}

/// It could not be decided, which is no pass.
pub(super) fn undecided(checked: &Checked, variant: &VariantReport) -> String {
    let name = &checked.name;
    let reason = match variant.verdict {
        Verdict::NotHosted => "it cannot be decided here".into(),
        _ => variant
            .reason
            .map_or("it was not decided".into(), |reason| reason.to_string()),
    };
    let mut text = format!(
        "whether the pipeline {name} is {} could not be decided ({reason})\n\n\
         This is no pass: nothing that is forbidden was seen, but not enough was seen to say so.\n\n",
        checked.guarantee
    );
    let why = match variant.why.is_empty() {
        true => &variant.bounds,
        false => &variant.why,
    };
    push(&mut text, "why", why);
    let missed = variant
        .points
        .missed
        .iter()
        .map(|missed| format!("did not fire: {missed}"));
    let unknown = variant.undecidable.iter();
    let unknown =
        unknown.map(|u| format!("{} {}: {} is missing", u.code, u.code.name(), u.missing));
    let more: Vec<String> = unknown
        .chain(missed)
        .chain(variant.notes.iter().cloned())
        .collect();
    for line in more.iter().take(NOTES_MAX) {
        push(&mut text, "", line);
    }
    if more.len() > NOTES_MAX {
        push(
            &mut text,
            "",
            &format!("and {} more remarks, in the report", more.len() - NOTES_MAX),
        );
    }
    let next = next_step(variant).unwrap_or("Look at the record.");
    push(&mut text, "what to do", next);
    text.push('\n');
    text.push_str(&record(checked));
    text
}

/// One schedule was run again. `None` where it fired each time and showed nothing.
pub(super) fn ran_again(checked: &Checked, what: &str, outcome: &ReplayOutcome) -> Option<String> {
    let ReplayOutcome { k, n, fired, .. } = *outcome;
    if k == 0 && n > 0 && fired == n {
        return None;
    }
    let mut text = match k {
        0 => format!(
            "{what} says nothing of {}: it was run {n} times, and every fault of it fired {fired} times\n\n",
            checked.name
        ),
        _ => format!(
            "{}{what} was run {n} times, and showed it {k} times.\n\n",
            headline(checked, &checked.name)
        ),
    };
    push(&mut text, "expected", checked.sentence());
    text.push('\n');
    if let (1.., Some(example)) = (k, &outcome.counterexample) {
        text.push_str(&story(example));
        push_whole(&mut text, "run it again", &command(checked, what));
    }
    if let Some(why) = &outcome.cut_short {
        push(&mut text, "why", why);
    }
    text.push_str(&record(checked));
    Some(text)
}

/// Nothing came of it at all.
pub(super) fn nothing_ran(checked: &Checked) -> String {
    format!(
        "the check of {} ran nothing, so that nothing is decided\n\n{}",
        checked.name,
        record(checked)
    )
}

/// It could not be run.
pub(super) fn not_run(name: &str, error: &CheckError) -> String {
    let lead = match error {
        CheckError::Asked(_) | CheckError::Config(_) => "is not put together right",
        _ => "did not come to its end, so that nothing is decided",
    };
    wrapped(
        &format!("the check of {name:?} {lead}:\n\n{error}"),
        style(),
    )
}

fn headline(checked: &Checked, name: &str) -> String {
    match checked.guarantee {
        Guarantee::None => format!("the pipeline {name} shows what it must not\n\n"),
        guarantee => format!("the pipeline {name} is not {guarantee}\n\n"),
    }
}

/// `at orders nothing was lost, and there were 31 effects too many: at-least-once`.
fn seen_at(sink: &SinkResult, variant: &VariantReport) -> String {
    let tally = &sink.tally;
    let counted = [
        (tally.lost, "messages lost"),
        (tally.duplicated, "effects too many"),
        (tally.reordered, "messages out of order"),
        (tally.phantom, "effects out of nothing"),
        (tally.aborted_seen, "effects of aborted transactions"),
        (tally.torn, "messages torn"),
        (tally.corrupted, "effects corrupted"),
    ];
    let always = 2;
    let shown = counted
        .iter()
        .enumerate()
        .filter(|(n, (count, _))| *n < always || *count > 0);
    let shown: Vec<String> = shown
        .map(|(_, (count, what))| format!("{count} {what}"))
        .collect();
    let (trials, bad) = variant.trials;
    let amounts_to = match sink.guarantee {
        Guarantee::None => "no guarantee at all".into(),
        guarantee => guarantee.to_string(),
    };
    format!(
        "At {}: {}, of {} messages in {trials} trials, each with a fault of its own or none; {bad} \
         of the trials show what is forbidden. That is {amounts_to}.",
        sink.id,
        shown.join(", "),
        tally.attempted,
    )
}

/// The counterexample that says most: what an outsider would notice comes first.
fn leading(variant: &VariantReport) -> Option<&Counterexample> {
    let rank = |code: Code| match code {
        Code::L1 | Code::D3 => 0,
        Code::T3 | Code::D1 | Code::D2 => 2,
        _ => 1,
    };
    variant
        .counterexamples
        .iter()
        .min_by_key(|example| rank(example.code))
}

/// Codes that have counterexamples of their own.
fn others<'a>(
    variant: &'a VariantReport,
    leading: &Counterexample,
) -> impl Iterator<Item = &'a Counterexample> {
    let (code, all) = (leading.code, variant.counterexamples.iter());
    all.filter(move |example| example.code != code)
}

/// How it came about, for a first reader.
fn story(example: &Counterexample) -> String {
    let mut text = counterexample("The shortest way there", example, style());
    let (code, means) = (example.code, example.code.explanation());
    for paragraph in [format!("{code} means: {means}"), legend(example)] {
        text.push('\n');
        text.push_str(&wrapped(&paragraph, style()));
    }
    text.push('\n');
    text
}

/// How to read the sequence, with the name of a process that is in it.
fn legend(example: &Counterexample) -> String {
    let mut steps = example.evidence.iter();
    let name = steps.find_map(|step| step.what.strip_suffix("#1 starts"));
    LEGEND.replace("worker", name.unwrap_or("worker"))
}

fn record(checked: &Checked) -> String {
    let mut text = String::new();
    push_whole(&mut text, "the record", &shown(&checked.folder));
    push(
        &mut text,
        "",
        "(events.ndjson is what happened; output/ is what the processes printed)",
    );
    text
}

fn command(checked: &Checked, id: &str) -> String {
    format!("{REPLAY}={id} {}", checked.command)
}

/// Columns of labels.
const LABEL: usize = 14;

/// `label  text`, with further lines below the first.
fn push(text: &mut String, label: &str, what: &str) {
    let lines = wrapped(what, Style::plain(WIDTH - LABEL));
    push_whole(text, label, &lines);
}

/// The same without breaking lines: something to copy.
fn push_whole(text: &mut String, label: &str, what: &str) {
    for (number, line) in what.lines().enumerate() {
        let label = if number == 0 { label } else { "" };
        let _ = writeln!(text, "{label:LABEL$}{line}");
    }
}
