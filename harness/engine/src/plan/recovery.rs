//! Points that only recovery shows.

use super::learn::{Knowledge, Known};
use crate::director::Observed;
use exactly_model::{Place, PlannedPoint, Selector};
use std::collections::BTreeMap;

/// Points of classes that calibration did not show, in a trial that fired: what
/// only recovery does. Each with a selector that names its incarnation.
pub fn novel(knowledge: &Knowledge, timers: &[String], observed: &[Observed]) -> Vec<Known> {
    let mut found: BTreeMap<(String, String, String, String), Known> = BTreeMap::new();
    for seen in observed {
        let point = &seen.point;
        let timer = timers.contains(&format!("{} {}", point.system, point.operation));
        let known = knowledge.classes.iter().any(|class| {
            class.process == point.process
                && class.system == point.system
                && class.operation == point.operation
                && class.target == point.target
        });
        if known || timer {
            continue;
        }
        let key = (
            point.process.clone(),
            point.system.clone(),
            point.operation.clone(),
            point.target.clone(),
        );
        found.entry(key).or_insert_with(|| {
            let ordinal = Selector {
                ids: None,
                nth: Some(0),
                ..Selector::from(point)
            };
            Known {
                planned: PlannedPoint {
                    point: point.clone(),
                    place: Place::Cycle,
                    representative: true,
                },
                class: seen.class,
                in_flight: 1,
                stands: true,
                pushed: seen.pushed,
                selector: ordinal.in_incarnation(seen.incarnation),
            }
        });
    }
    found.into_values().collect()
}
