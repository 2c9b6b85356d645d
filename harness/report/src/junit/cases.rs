//! Test cases: a variant of a claim, the verdict on a pipeline, a class of
//! points.

use super::xml::Xml;
use crate::classes::{faults, label, strikes, struck_by};
use crate::counterexample::{by_trial, told};
use crate::matrix::sink_line;
use crate::outcome::Standing;
use crate::style::Style;
use crate::summary::variant_lines;
use crate::text::{clean, plural};
use crate::words::{coded, codes, kind_of_wrong};
use exactly_model::{ClaimReport, ClassReport, Inconclusive, Report, VariantReport, Verdict};

/// Columns of the texts: what a CI's page shows without a scroll bar.
const STYLE: Style = Style::plain(100);

/// A test case.
pub(super) struct Case {
    class: String,
    name: String,
    pub status: Status,
    /// What was measured, whatever it means.
    out: String,
}

/// What became of a test case.
pub(super) enum Status {
    Passed,
    Failed(Finding),
    Undecided(Finding),
    Skipped(Finding),
}

/// Why a case has not passed.
pub(super) struct Finding {
    /// Which kind of finding, in a word.
    kind: String,
    /// In a sentence.
    message: String,
    /// The evidence.
    text: String,
}

impl Status {
    pub fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(_))
    }

    pub fn is_error(&self) -> bool {
        matches!(self, Self::Undecided(_))
    }

    pub fn is_skipped(&self) -> bool {
        matches!(self, Self::Skipped(_))
    }

    fn finding(&self) -> Option<(&'static str, &Finding)> {
        match self {
            Self::Passed => None,
            Self::Failed(finding) => Some(("failure", finding)),
            Self::Undecided(finding) => Some(("error", finding)),
            Self::Skipped(finding) => Some(("skipped", finding)),
        }
    }
}

impl Case {
    pub fn render(&self, xml: &mut Xml) {
        let named = [
            ("classname", self.class.as_str()),
            ("name", self.name.as_str()),
        ];
        xml.open("testcase", &named);
        if let Some((element, finding)) = self.status.finding() {
            let Finding {
                kind,
                message,
                text,
            } = finding;
            xml.text(
                element,
                &[("message", message.as_str()), ("type", kind.as_str())],
                text,
            );
        }
        if !self.out.is_empty() {
            xml.text("system-out", &[], &self.out);
        }
        xml.close("testcase");
    }
}

/// A variant of a claim, on the systems of this report: the same variant
/// elsewhere is another case.
pub(super) fn of_variant(
    report: &Report,
    claim: &ClaimReport,
    variant: &VariantReport,
    standing: &Standing,
) -> Case {
    let mut places: Vec<String> = Vec::new();
    for system in &report.systems {
        let place = format!("{} {}", system.kind, system.place);
        if !places.contains(&place) {
            places.push(place);
        }
    }
    let place = match places.as_slice() {
        [] => String::new(),
        places => format!(" ({})", places.join(", ")),
    };
    let cell = format!("{}/{}", claim.id, variant.id);
    Case {
        class: clean(&claim.id),
        name: clean(&format!("{}{place}", variant.id)),
        status: status(&cell, variant, standing),
        out: result(variant),
    }
}

/// The verdict on a pipeline of somebody's own, then each class of its points.
pub(super) fn of_pipeline(variant: &VariantReport, standing: &Standing) -> Vec<Case> {
    let verdict = Case {
        class: clean(&variant.id),
        name: format!("verdict: {}", variant.asserted),
        status: status(&variant.id, variant, standing),
        out: result(variant),
    };
    let classes = variant.points.by_class.iter();
    let classes = classes.map(|entry| of_class(variant, entry));
    std::iter::once(verdict).chain(classes).collect()
}

/// A cell that expectations name, and that was not run; or the run itself.
pub(super) fn of_nothing(cell: &str, standing: &Standing) -> Case {
    let finding = |text: &str| Finding {
        kind: "nothing-ran".into(),
        message: clean(text),
        text: String::new(),
    };
    Case {
        class: "exactly".into(),
        name: match cell {
            "" => "the run".into(),
            cell => clean(cell),
        },
        status: match standing {
            Standing::Fine => Status::Passed,
            Standing::Broken(text) => Status::Failed(finding(text)),
            Standing::Open(text) => Status::Undecided(finding(text)),
        },
        out: String::new(),
    }
}

fn status(cell: &str, variant: &VariantReport, standing: &Standing) -> Status {
    match standing {
        Standing::Broken(text) => Status::Failed(Finding {
            kind: kind_of_wrong(variant),
            message: clean(text),
            text: evidence(cell, variant),
        }),
        Standing::Open(text) => {
            let reason = variant.reason.map(|reason| reason.to_string());
            Status::Undecided(Finding {
                kind: reason.unwrap_or_else(|| variant.verdict.to_string()),
                message: clean(text),
                text: clean(&variant.bounds),
            })
        }
        Standing::Fine if variant.verdict == Verdict::NotHosted => Status::Skipped(Finding {
            kind: variant.verdict.to_string(),
            message: clean(&variant.bounds),
            text: String::new(),
        }),
        Standing::Fine if is_part(variant) => Status::Skipped(Finding {
            kind: Inconclusive::Partial.to_string(),
            message: "a part of the plan: what `exactly merge` says of all parts counts".into(),
            text: String::new(),
        }),
        Standing::Fine => Status::Passed,
    }
}

/// The counterexamples with what runs them again; where there is none, what
/// was found.
fn evidence(cell: &str, variant: &VariantReport) -> String {
    let told: Vec<String> = by_trial(&variant.counterexamples)
        .iter()
        .map(|examples| told(cell, examples, STYLE))
        .collect();
    match told.is_empty() {
        true => variant_lines(variant).join("\n"),
        false => told.join("\n"),
    }
}

/// What was measured.
fn result(variant: &VariantReport) -> String {
    if variant.verdict == Verdict::NotHosted {
        return String::new();
    }
    let verdict = match (variant.verdict, variant.reason) {
        (Verdict::Refuted, _) => format!("refuted {}", codes(variant)),
        (verdict, Some(reason)) => format!("{verdict}: {reason}"),
        (verdict, None) => verdict.to_string(),
    };
    let mut lines = vec![verdict];
    lines.extend(variant.sinks.iter().map(|sink| sink_line(variant, sink)));
    lines.extend(variant_lines(variant));
    lines.extend(variant.notes.iter().map(|n| format!("note: {}", clean(n))));
    lines.join("\n")
}

/// Whether others run the rest of its plan.
fn is_part(variant: &VariantReport) -> bool {
    variant.reason == Some(Inconclusive::Partial)
}

fn of_class(variant: &VariantReport, entry: &ClassReport) -> Case {
    let process = &entry.class.process;
    let finding = |kind: &str, message: String, text: String| Finding {
        kind: kind.into(),
        message,
        text,
    };
    let status = match (&entry.exempt, entry.faults(), entry.violated) {
        (_, _, 1..) => Status::Failed(finding(
            &coded(&entry.codes),
            strikes(entry),
            struck_here(variant, entry),
        )),
        (Some(why), 0, _) => {
            let message = format!("no fault struck here: {}", clean(why));
            Status::Skipped(finding("exempt", message, String::new()))
        }
        (None, 0, _) if is_part(variant) => {
            let message = "no fault of this part of the plan struck here";
            Status::Skipped(finding("partial", message.into(), String::new()))
        }
        (None, 0, _) => {
            let message = "no fault struck here, so that nothing is known of it";
            Status::Undecided(finding("not-exercised", message.into(), String::new()))
        }
        _ => Status::Passed,
    };
    let out = match entry.faults() {
        0 => String::new(),
        _ => strikes(entry),
    };
    Case {
        class: clean(&format!("{}.{process}", variant.id)),
        name: format!(
            "{}: {}",
            label(&entry.class),
            plural(entry.faults(), "fault")
        ),
        status,
        out: format!("{out}{}", kinds(entry)),
    }
}

fn kinds(entry: &ClassReport) -> String {
    match entry.kinds.is_empty() {
        true => String::new(),
        false => format!("\n{}", faults(entry)),
    }
}

/// The counterexamples whose fault struck at the class; where they are of other
/// classes, a word on where to look.
fn struck_here(variant: &VariantReport, entry: &ClassReport) -> String {
    let examples = by_trial(&variant.counterexamples);
    let here: Vec<String> = examples
        .iter()
        .filter(|examples| struck_by(&entry.class, &examples[0].schedule))
        .map(|examples| told(&variant.id, examples, STYLE))
        .collect();
    match here.is_empty() {
        true => format!(
            "shorter counterexamples for {} were found elsewhere: they stand at the verdict",
            coded(&entry.codes)
        ),
        false => here.join("\n"),
    }
}
