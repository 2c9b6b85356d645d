//! From calibration runs to points and classes.

use crate::director::Observed;
use exactly_model::{Class, Place, PlannedPoint, Point, PointClass, Selector};
use std::collections::{BTreeMap, BTreeSet};

/// What calibration taught.
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    /// Classes, in the order in which they were first seen.
    pub classes: Vec<PointClass>,
    /// Stable points, in the order in which they were first seen.
    pub points: Vec<Known>,
    /// Labels of points that come and go.
    pub unstable: BTreeSet<String>,
    /// Most point-making exchanges in flight.
    pub max_in_flight: u32,
}

/// A stable point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Point, place, and whether it represents its class.
    pub planned: PlannedPoint,
    /// Class of the exchange.
    pub class: Class,
    /// Most exchanges in flight at it.
    pub in_flight: u32,
    /// Whether it alone stands for its class where one point has to: the second
    /// one, or the only one. The first has nothing committed and behaves unlike
    /// the rest.
    pub stands: bool,
    /// Whether the system pushes it: no request of it can be lost.
    pub pushed: bool,
    /// How a fault means it: by its ids, or by its ordinal where the ids of its
    /// class differ from run to run.
    pub selector: Selector,
}

impl Knowledge {
    /// The one point of each class that stands for it, in the order of the
    /// classes.
    pub fn stand_ins(&self) -> impl Iterator<Item = &Known> {
        self.points.iter().filter(|known| known.stands)
    }
}

/// One exchange of a calibration with its place.
struct Placed<'a> {
    seen: &'a Observed,
    place: Place,
    /// Number of acks before it: tells cycles (batches) apart.
    cycle: u32,
    /// Ordinal among the exchanges of its operation and target, wherever they
    /// stand: what a selector without ids counts.
    ordinal: u32,
}

/// Learns from fault-free runs. `timers` are operations, as `<system>
/// <operation>`, that come and go by declaration.
pub fn learn(runs: &[Vec<Observed>], timers: &[String]) -> Knowledge {
    let runs: Vec<Vec<Placed<'_>>> = runs.iter().map(|run| place(run)).collect();
    let Some(first) = runs.first() else {
        return Knowledge::default();
    };
    let mut knowledge = Knowledge {
        max_in_flight: runs
            .iter()
            .flatten()
            .map(|p| p.seen.in_flight)
            .max()
            .unwrap_or(0),
        ..Knowledge::default()
    };
    for class in classes_in_order(&runs) {
        if timers.contains(&format!("{} {}", class.system, class.operation)) {
            knowledge.unstable.insert(format!("{class} (by a timer)"));
            continue;
        }
        let members = |run: &Vec<Placed<'_>>| -> Vec<Point> {
            run.iter()
                .filter(|p| class_of(p) == class)
                .map(|p| p.seen.point.clone())
                .collect()
        };
        let per_run: Vec<Vec<Point>> = runs.iter().map(members).collect();
        let stable: Vec<&Placed<'_>> = first
            .iter()
            .filter(|p| class_of(p) == class)
            .filter(|p| per_run.iter().all(|run| run.contains(&p.seen.point)))
            .collect();
        let kept: BTreeSet<&Point> = stable.iter().map(|p| &p.seen.point).collect();
        for point in per_run
            .iter()
            .flatten()
            .filter(|point| !kept.contains(point))
        {
            knowledge.unstable.insert(point.to_string());
        }
        let known = if stable.is_empty() {
            by_ordinal(&class, &runs)
        } else {
            represent(&stable, &runs)
        };
        if !known.is_empty() {
            knowledge.classes.push(class);
            knowledge.points.extend(known);
        }
    }
    knowledge
}

/// Gives each exchange of a run its place in the incarnation's life.
fn place(run: &[Observed]) -> Vec<Placed<'_>> {
    // No fault can be waited for at what has no end.
    let of_first = |o: &&Observed| o.incarnation == 1 && o.ended;
    let first: Vec<&Observed> = run.iter().filter(of_first).collect();
    let delivered = first.iter().position(|o| !o.point.ids.is_empty());
    let last = first.iter().rposition(|o| !o.point.ids.is_empty());
    let mut cycle = 0;
    let mut ordinals: BTreeMap<_, u32> = BTreeMap::new();
    first
        .into_iter()
        .enumerate()
        .map(|(i, seen)| {
            let place = match (delivered, last) {
                (Some(from), _) if i < from => Place::Startup,
                (_, Some(to)) if i > to => Place::Shutdown,
                (None, _) => Place::Startup,
                _ => Place::Cycle,
            };
            let Point {
                process,
                system,
                operation,
                target,
                ..
            } = &seen.point;
            let count = ordinals
                .entry((process, system, operation, target))
                .or_insert(0);
            let ordinal = *count;
            *count += 1;
            let placed = Placed {
                seen,
                place,
                cycle,
                ordinal,
            };
            if seen.class == Class::Ack {
                cycle += 1;
            }
            placed
        })
        .collect()
}

fn class_of(placed: &Placed<'_>) -> PointClass {
    let point = &placed.seen.point;
    PointClass {
        process: point.process.clone(),
        system: point.system.clone(),
        operation: point.operation.clone(),
        target: point.target.clone(),
        place: placed.place,
    }
}

fn classes_in_order(runs: &[Vec<Placed<'_>>]) -> Vec<PointClass> {
    let mut classes = Vec::new();
    for placed in runs.iter().flatten() {
        let class = class_of(placed);
        if !classes.contains(&class) {
            classes.push(class);
        }
    }
    classes
}

/// Points of a class whose ids differ from run to run: the first and the second,
/// as far as each run has them.
fn by_ordinal(class: &PointClass, runs: &[Vec<Placed<'_>>]) -> Vec<Known> {
    let members: Vec<Vec<&Placed<'_>>> = runs
        .iter()
        .map(|run| run.iter().filter(|p| class_of(p) == *class).collect())
        .collect();
    let everywhere = members.iter().map(Vec::len).min().unwrap_or(0);
    let all = || members.iter().flatten().map(|placed| placed.seen);
    let kind = all().next().map_or(Class::Effect, |seen| seen.class);
    let in_flight = all().map(|seen| seen.in_flight).max().unwrap_or(1);
    let pushed = all().any(|seen| seen.pushed);
    let ordinals = members
        .first()
        .into_iter()
        .flatten()
        .map(|placed| placed.ordinal);
    let taken = everywhere.min(2);
    ordinals
        .take(taken)
        .enumerate()
        .map(|(i, nth)| {
            let point = Point {
                process: class.process.clone(),
                system: class.system.clone(),
                operation: class.operation.clone(),
                target: class.target.clone(),
                ids: Vec::new(),
                nth,
            };
            let selector = Selector {
                ids: None,
                ..Selector::from(&point)
            };
            let planned = PlannedPoint {
                point,
                place: class.place,
                representative: true,
            };
            Known {
                planned,
                class: kind,
                in_flight,
                stands: i + 1 == taken,
                pushed,
                selector,
            }
        })
        .collect()
}

/// The first, the second, the last and the batch edges represent a class.
fn represent(stable: &[&Placed<'_>], runs: &[Vec<Placed<'_>>]) -> Vec<Known> {
    let mut chosen: BTreeSet<usize> = BTreeSet::from([0, 1, stable.len() - 1]);
    let batch = stable
        .iter()
        .position(|p| stable.iter().filter(|other| other.cycle == p.cycle).count() > 1);
    if let Some(start) = batch {
        let cycle = stable[start].cycle;
        let end = stable
            .iter()
            .rposition(|p| p.cycle == cycle)
            .unwrap_or(start);
        chosen.extend([end, end + 1]);
    }
    stable
        .iter()
        .enumerate()
        .map(|(i, placed)| {
            let point = placed.seen.point.clone();
            let in_flight = runs
                .iter()
                .flatten()
                .filter(|p| p.seen.point == point)
                .map(|p| p.seen.in_flight)
                .max()
                .unwrap_or(1);
            let selector = Selector::from(&point);
            let representative = chosen.contains(&i);
            let planned = PlannedPoint {
                point,
                place: placed.place,
                representative,
            };
            Known {
                planned,
                class: placed.seen.class,
                in_flight,
                stands: i
                    == match placed.place {
                        // What comes a second time there was refused the first time,
                        // by a system that was still loading.
                        Place::Startup => 0,
                        Place::Cycle | Place::Shutdown => 1.min(stable.len() - 1),
                    },
                pushed: placed.seen.pushed,
                selector,
            }
        })
        .collect()
}
