//! The verdict as a sentence that names its boundary and its bounds.

use crate::cell::CellState;
use crate::decide::Standing;
use crate::fold::Trial;
use crate::words::count;
use exactly_model::{PointsReport, RunStart, SinkKind, SystemInfo, Verdict, View};

/// What was judged, where, and within which bounds; for a refuted or
/// inconclusive cell with what was seen or missing in front.
pub(crate) fn sentence(
    cell: &CellState,
    run: Option<&RunStart>,
    valid: &[(u32, &Trial)],
    points: &PointsReport,
    standing: &Standing,
) -> String {
    let body = format!("{}: {}", boundary(cell), bounds(run, valid, points));
    match standing.verdict {
        Verdict::Upheld => body,
        _ => format!("{}; {body}", standing.why),
    }
}

/// "effects in rows 'orders' on postgres 18.6 (embedded) fed from kafka ...".
fn boundary(cell: &CellState) -> String {
    let systems = &cell.start.systems;
    let named = |name: &str| {
        systems
            .iter()
            .find(|system| system.name == name)
            .map_or_else(|| name.to_owned(), describe)
    };
    let sinks: Vec<String> = cell
        .start
        .info
        .observers
        .iter()
        .map(|observer| {
            let kind = match observer.kind {
                SinkKind::Row => "rows",
                SinkKind::Record => "records",
                SinkKind::Message => "messages",
                SinkKind::Charge => "charges",
                SinkKind::Mail => "mails",
                SinkKind::Other => "effects",
            };
            let view = match observer.view {
                View::ReadCommitted => "",
                View::ReadUncommitted => " (read uncommitted)",
            };
            let at = match &observer.by {
                None => format!("on {}", named(&observer.system)),
                Some(exactly_model::Reader::Command(_)) => "as a command reads them".into(),
                Some(exactly_model::Reader::File(_)) => "as a file shows them".into(),
            };
            format!("{kind} '{}'{view} {at}", observer.name)
        })
        .collect();
    format!(
        "effects in {} fed from {}",
        sinks.join(" and "),
        match cell.start.pipeline.feed.by {
            None => named(&cell.start.pipeline.feed.system),
            Some(_) => "a command".into(),
        }
    )
}

/// An emulator is named as such: a verdict on it is a verdict on the emulator.
fn describe(system: &SystemInfo) -> String {
    if system.emulated {
        return format!("{} (emulated: {})", system.kind, system.version);
    }
    let version = &system.version;
    let says_kind = version.to_lowercase().starts_with(&system.kind);
    match (version.is_empty(), says_kind) {
        (true, _) => format!("{} ({})", system.kind, system.place),
        (_, true) => format!("{version} ({})", system.place),
        _ => format!("{} {version} ({})", system.kind, system.place),
    }
}

fn bounds(run: Option<&RunStart>, valid: &[(u32, &Trial)], points: &PointsReport) -> String {
    let most_faults = valid
        .iter()
        .map(|(_, trial)| trial.start.schedule.faults.len() as u64)
        .max()
        .unwrap_or(0);
    let faults = match most_faults {
        0 => "no fault".to_owned(),
        1 => "1 fault per trial".to_owned(),
        most => format!("at most {most} faults per trial"),
    };
    let chosen = match run {
        Some(run) if run.exhaustive => "all",
        _ => "representatives",
    };
    let mut parts = vec![
        faults,
        format!("{} of {} classes", points.classes_fired, points.classes),
        format!("{} of {} points ({chosen})", points.fired, points.found),
    ];
    if points.max_in_flight > 1 {
        parts.push(format!(
            "{} of {} cuts with up to {} exchanges in flight",
            points.cuts.1, points.cuts.0, points.max_in_flight
        ));
    }
    if points.pairs.0 > 0 {
        parts.push(format!(
            "{} of {} pairs of class representatives",
            points.pairs.1, points.pairs.0
        ));
    }
    let of_nodes = valid
        .iter()
        .flat_map(|(_, trial)| &trial.fired)
        .filter(|fault| fault.kind.strikes_system())
        .count() as u64;
    if of_nodes > 0 {
        parts.push(format!("{} of nodes", count(of_nodes, "fault")));
    }
    parts.push(messages(valid));
    parts.push(count(valid.len() as u64, "trial"));
    if let Some(run) = run {
        parts.push(format!("seed {}", run.seed));
    }
    parts.join(", ")
}

fn messages(valid: &[(u32, &Trial)]) -> String {
    let each = || valid.iter().map(|(_, trial)| trial.start.messages);
    match (each().min(), each().max()) {
        (Some(least), Some(most)) if least == most => {
            format!("{} each", count(u64::from(most), "message"))
        }
        (Some(least), Some(most)) => format!("{least} to {most} messages each"),
        _ => "no message".into(),
    }
}
