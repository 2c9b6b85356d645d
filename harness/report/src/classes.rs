//! Coverage of a class in words.

use crate::text::{clean, plural};
use crate::words::coded;
use exactly_model::{ClassReport, PointClass, Schedule};

/// `postgres INSERT orders`.
pub(crate) fn label(class: &PointClass) -> String {
    clean(&class.to_string())
}

/// `7 faults at 3 of 20 points; 2 of 7 trials violated: D3 duplicate-effect`.
pub(crate) fn strikes(entry: &ClassReport) -> String {
    let violated = match entry.violated {
        0 => String::new(),
        _ => format!(": {}", coded(&entry.codes)),
    };
    format!(
        "{} at {} of {}; {} of {} violated{violated}",
        plural(entry.faults(), "fault"),
        entry.fired,
        plural(u64::from(entry.found), "point"),
        entry.violated,
        plural(entry.trials, "trial"),
    )
}

/// `3 kill, 2 drop-reply`.
pub(crate) fn faults(entry: &ClassReport) -> String {
    let kinds = entry.kinds.iter();
    let kinds: Vec<String> = kinds.map(|(kind, n)| format!("{n} {kind}")).collect();
    kinds.join(", ")
}

/// Whether a fault of `schedule` may have struck at `class`: a schedule does
/// not say at which place of the cycle.
pub(crate) fn struck_by(class: &PointClass, schedule: &Schedule) -> bool {
    let agrees = |given: &Option<String>, own: &str| given.as_deref().is_none_or(|g| g == own);
    schedule.faults.iter().any(|fault| {
        let point = &fault.point;
        point.system == class.system
            && point.operation == class.operation
            && agrees(&point.process, &class.process)
            && agrees(&point.target, &class.target)
    })
}
