//! From calibration runs to points, classes and schedules. Pure.

use crate::director::Observed;
use exactly_model::{
    Class, Fault, FaultKind, Others, Place, PlannedPoint, Point, PointClass, Schedule, Selector,
};
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
    /// How a fault means it: by its ids, or by its ordinal where the ids of its
    /// class differ from run to run.
    pub selector: Selector,
}

/// One exchange of a calibration with its place.
struct Placed<'a> {
    seen: &'a Observed,
    place: Place,
    /// Number of acks before it: tells cycles (batches) apart.
    cycle: u32,
}

/// Learns from fault-free runs. `timers` are operations, as `<system>
/// <operation>`, that come and go by declaration.
pub fn learn(runs: &[Vec<Observed>], timers: &[String]) -> Knowledge {
    let runs: Vec<Vec<Placed<'_>>> = runs.iter().map(|run| place(run)).collect();
    let Some(first) = runs.first() else { return Knowledge::default() };
    let mut knowledge = Knowledge {
        max_in_flight: runs.iter().flatten().map(|p| p.seen.in_flight).max().unwrap_or(0),
        ..Knowledge::default()
    };
    for class in classes_in_order(&runs) {
        if timers.contains(&format!("{} {}", class.system, class.operation)) {
            knowledge.unstable.insert(format!("{class} (by a timer)"));
            continue;
        }
        let members = |run: &Vec<Placed<'_>>| -> Vec<Point> {
            run.iter().filter(|p| class_of(p) == class).map(|p| p.seen.point.clone()).collect()
        };
        let per_run: Vec<Vec<Point>> = runs.iter().map(members).collect();
        let stable: Vec<&Placed<'_>> = first
            .iter()
            .filter(|p| class_of(p) == class)
            .filter(|p| per_run.iter().all(|run| run.contains(&p.seen.point)))
            .collect();
        let kept: BTreeSet<&Point> = stable.iter().map(|p| &p.seen.point).collect();
        for point in per_run.iter().flatten().filter(|point| !kept.contains(point)) {
            knowledge.unstable.insert(point.to_string());
        }
        let known = if stable.is_empty() {
            by_ordinal(&class, &runs, &per_run)
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
    let first: Vec<&Observed> = run.iter().filter(|o| o.incarnation == 1).collect();
    let delivered = first.iter().position(|o| !o.point.ids.is_empty());
    let last = first.iter().rposition(|o| !o.point.ids.is_empty());
    let mut cycle = 0;
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
            let placed = Placed { seen, place, cycle };
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
fn by_ordinal(
    class: &PointClass,
    runs: &[Vec<Placed<'_>>],
    per_run: &[Vec<Point>],
) -> Vec<Known> {
    let everywhere = per_run.iter().map(Vec::len).min().unwrap_or(0);
    let kind = runs
        .iter()
        .flatten()
        .find(|p| class_of(p) == *class)
        .map_or(Class::Effect, |p| p.seen.class);
    let in_flight = runs
        .iter()
        .flatten()
        .filter(|p| class_of(p) == *class)
        .map(|p| p.seen.in_flight)
        .max()
        .unwrap_or(1);
    (0..everywhere.min(2) as u32)
        .map(|nth| {
            let point = Point {
                process: class.process.clone(),
                system: class.system.clone(),
                operation: class.operation.clone(),
                target: class.target.clone(),
                ids: Vec::new(),
                nth,
            };
            let selector = Selector { ids: None, ..Selector::from(&point) };
            let planned = PlannedPoint { point, place: class.place, representative: true };
            Known { planned, class: kind, in_flight, selector }
        })
        .collect()
}

/// The first, the second, the last and the batch edges represent a class.
fn represent(stable: &[&Placed<'_>], runs: &[Vec<Placed<'_>>]) -> Vec<Known> {
    let mut chosen: BTreeSet<usize> = BTreeSet::from([0, 1, stable.len() - 1]);
    let batch = stable.iter().position(|p| {
        stable.iter().filter(|other| other.cycle == p.cycle).count() > 1
    });
    if let Some(start) = batch {
        let cycle = stable[start].cycle;
        let end = stable.iter().rposition(|p| p.cycle == cycle).unwrap_or(start);
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
            let planned = PlannedPoint { point, place: placed.place, representative };
            Known { planned, class: placed.seen.class, in_flight, selector }
        })
        .collect()
}

/// What is to be run.
#[derive(Clone, Debug, Default)]
pub struct Schedules {
    /// One fault each.
    pub schedules: Vec<Schedule>,
    /// What does not apply, in words.
    pub not_applicable: BTreeSet<String>,
    /// Cuts that exist over the chosen points, and cuts planned.
    pub cuts: (u64, u64),
}

/// `every-boundary`: each chosen point with each kind that applies.
pub fn every_boundary(
    knowledge: &Knowledge,
    kinds: &[FaultKind],
    exhaustive: bool,
    with_timeout: &BTreeSet<String>,
) -> Schedules {
    let mut planned = Schedules::default();
    for known in &knowledge.points {
        if !exhaustive && !known.planned.representative {
            continue;
        }
        let (exist, tested) = cuts(known.in_flight);
        planned.cuts.0 = planned.cuts.0.saturating_add(exist);
        planned.cuts.1 += tested;
        for fault in faults_at(known, kinds, with_timeout, &mut planned.not_applicable) {
            planned.schedules.push(Schedule::single(fault));
        }
    }
    planned
}

/// With `k` in flight each of the others may or may not have been applied.
fn cuts(in_flight: u32) -> (u64, u64) {
    let others = in_flight.saturating_sub(1);
    (1_u64.checked_shl(others).unwrap_or(u64::MAX), if others == 0 { 1 } else { 2 })
}

/// The faults that apply at a point.
pub fn faults_at(
    known: &Known,
    kinds: &[FaultKind],
    with_timeout: &BTreeSet<String>,
    not_applicable: &mut BTreeSet<String>,
) -> Vec<Fault> {
    let point = &known.planned.point;
    let mut faults = Vec::new();
    for kind in kinds {
        match kind {
            FaultKind::Hold => continue,
            FaultKind::KillDeliverLate if known.class == Class::Take => {
                not_applicable.insert(format!(
                    "kill-deliver-late at {} {}: a take delivered late only starts a lease for the dead",
                    point.system, point.operation
                ));
                continue;
            }
            FaultKind::DelayReply if known.class == Class::Take => {
                not_applicable.insert(format!(
                    "delay-reply at {} {}: a take waits by its own rules (a rebalance, a long poll), \
                     not by the client's timeout",
                    point.system, point.operation
                ));
                continue;
            }
            FaultKind::DelayReply if !with_timeout.contains(&point.system) => {
                not_applicable
                    .insert(format!("delay-reply on {}: no client timeout declared", point.system));
                continue;
            }
            _ => {}
        }
        for phase in kind.phases() {
            let fault = Fault::new(*kind, *phase, known.selector.clone());
            if *kind == FaultKind::Kill && known.in_flight > 1 {
                for others in [Others::Applied, Others::Dropped] {
                    faults.push(Fault { others: Some(others), ..fault.clone() });
                }
            } else {
                faults.push(fault);
            }
        }
    }
    faults
}

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
            let ordinal = Selector { ids: None, nth: Some(0), ..Selector::from(point) };
            Known {
                planned: PlannedPoint {
                    point: point.clone(),
                    place: Place::Cycle,
                    representative: true,
                },
                class: seen.class,
                in_flight: 1,
                selector: ordinal.in_incarnation(seen.incarnation),
            }
        });
    }
    found.into_values().collect()
}

/// Puts `items` into an order that `seed` decides. No verdict depends on it: it
/// keeps trials from meeting in the same order in each run.
pub fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut state = seed;
    for i in (1..items.len()).rev() {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        items.swap(i, (z % (i as u64 + 1)) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use exactly_model::Phase;

    fn seen(operation: &str, class: Class, ids: &[u32], in_flight: u32) -> Observed {
        Observed {
            incarnation: 1,
            point: Point {
                process: "w".into(),
                system: "s".into(),
                operation: operation.into(),
                target: String::new(),
                ids: ids.to_vec(),
                nth: 0,
            },
            class,
            in_flight,
        }
    }

    fn one_by_one(n: u32) -> Vec<Observed> {
        let mut run = vec![seen("Join", Class::Take, &[], 1)];
        for id in 0..n {
            run.push(seen("INSERT", Class::Effect, &[id], 1));
            run.push(seen("Ack", Class::Ack, &[id], 1));
        }
        run
    }

    fn represented(knowledge: &Knowledge, operation: &str) -> Vec<Vec<u32>> {
        let of = |k: &&Known| {
            k.planned.representative && k.planned.point.operation == operation
        };
        knowledge.points.iter().filter(of).map(|k| k.planned.point.ids.clone()).collect()
    }

    #[test]
    fn the_first_the_second_and_the_last_represent() {
        let knowledge = learn(&[one_by_one(6), one_by_one(6)], &[]);
        assert_eq!(represented(&knowledge, "INSERT"), [[0], [1], [5]]);
        assert_eq!(knowledge.classes.len(), 3);
        assert_eq!(knowledge.points.len(), 13);
        assert_eq!(knowledge.classes[0].place, Place::Startup);
        assert!(knowledge.unstable.is_empty());
    }

    #[test]
    fn batch_edges_represent_too() {
        let mut run = Vec::new();
        for batch in 0..3_u32 {
            for id in 0..4 {
                run.push(seen("INSERT", Class::Effect, &[batch * 4 + id], 1));
            }
            run.push(seen("Ack", Class::Ack, &[batch * 4, batch * 4 + 1, batch * 4 + 2, batch * 4 + 3], 1));
        }
        let knowledge = learn(&[run.clone(), run], &[]);
        assert_eq!(represented(&knowledge, "INSERT"), [[0], [1], [3], [4], [11]]);
    }

    #[test]
    fn what_differs_between_runs_is_unstable_and_a_timer_is_outside() {
        let mut other = one_by_one(3);
        other.retain(|o| o.point.operation != "Ack" || o.point.ids != [1]);
        let knowledge = learn(&[one_by_one(3), other.clone()], &[]);
        assert_eq!(knowledge.unstable.iter().collect::<Vec<_>>(), ["s Ack {1}"]);
        assert_eq!(represented(&knowledge, "Ack"), [[0], [2]]);
        let knowledge = learn(&[one_by_one(3), other], &["s Ack".into()]);
        assert!(represented(&knowledge, "Ack").is_empty());
        assert!(knowledge.classes.iter().all(|class| class.operation != "Ack"));
        assert_eq!(knowledge.unstable.len(), 1);
    }

    #[test]
    fn a_class_without_a_stable_point_is_faulted_by_ordinal() {
        let run = |ids: &[&[u32]]| -> Vec<Observed> {
            ids.iter().map(|ids| seen("Ack", Class::Ack, ids, 1)).collect()
        };
        let knowledge = learn(&[run(&[&[0, 1], &[2]]), run(&[&[0], &[1], &[2, 3]])], &[]);
        let selectors: Vec<_> = knowledge.points.iter().map(|k| (k.selector.ids.clone(), k.selector.nth)).collect();
        assert_eq!(selectors, [(None, Some(0)), (None, Some(1))]);
    }

    #[test]
    fn each_kind_is_planned_where_it_applies() {
        let knowledge = learn(&[one_by_one(1)], &[]);
        let kinds = FaultKind::ALL;
        let without = every_boundary(&knowledge, &kinds, false, &BTreeSet::new());
        assert!(without.not_applicable.iter().any(|n| n.starts_with("delay-reply on s")));
        let with = every_boundary(&knowledge, &kinds, false, &BTreeSet::from(["s".into()]));
        // Two effect or ack points with nine faults; a take is not delivered late,
        // nor its reply delayed.
        assert_eq!(with.schedules.len(), 9 + 9 + 7);
        assert_eq!(without.schedules.len(), with.schedules.len() - 2);
        assert_eq!(with.cuts, (3, 3));
    }

    #[test]
    fn with_several_in_flight_a_kill_is_two_cuts() {
        let run = vec![seen("INSERT", Class::Effect, &[0], 1), seen("INSERT", Class::Effect, &[1], 3)];
        let planned = every_boundary(&learn(&[run], &[]), &[FaultKind::Kill], false, &BTreeSet::new());
        assert_eq!(planned.cuts, (1 + 4, 1 + 2));
        let others: Vec<_> = planned.schedules.iter().map(|s| (s.faults[0].phase, s.faults[0].others)).collect();
        assert_eq!(others.len(), 2 + 4);
        assert!(others.contains(&(Phase::After, Some(Others::Dropped))));
    }

    #[test]
    fn only_unknown_classes_are_novel() {
        let knowledge = learn(&[one_by_one(2)], &[]);
        let mut trial = one_by_one(2);
        trial.push(Observed { incarnation: 2, ..seen("ROLLBACK", Class::Effect, &[1], 1) });
        let novel = novel(&knowledge, &[], &trial);
        assert_eq!(novel.len(), 1);
        assert_eq!(novel[0].selector.incarnation, Some(2));
        assert_eq!(novel[0].selector.operation, "ROLLBACK");
    }

    #[test]
    fn a_seed_decides_the_order() {
        let mut a: Vec<u32> = (0..50).collect();
        let (mut b, mut c) = (a.clone(), a.clone());
        shuffle(&mut a, 1);
        shuffle(&mut b, 1);
        shuffle(&mut c, 2);
        assert_eq!(a, b);
        assert_ne!(a, c);
        a.sort_unstable();
        assert_eq!(a, (0..50).collect::<Vec<_>>());
    }
}
