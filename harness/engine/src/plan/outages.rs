//! Faults of the systems themselves: their nodes die, restart and stand still
//! while the pipeline is at work.

use super::ground::{Ground, LeftOut};
use super::learn::{Knowledge, Known};
use exactly_model::{Class, Fault, FaultKind, Nodes, Phase, Place, Schedule};

/// Faults of nodes planned for one cell at most: each has the systems to itself,
/// and waits until they are whole again.
pub const OUTAGES_MAX: usize = 24;

/// Every node of every system that the harness can break is struck by every kind
/// once; then the node that serves each class of exchanges dies, so that another
/// one has to serve what was asked of it.
///
/// An outage that leaves no node alive (of the only one, or of all at once) is
/// beyond what a system with replicas promises to survive. It is planned with
/// `exhaustive` only: a verdict then speaks of it too.
///
/// They go round the points that stand for the effects and acks of the cycle,
/// before and after in turn.
pub fn outages(
    knowledge: &Knowledge,
    kinds: &[FaultKind],
    exhaustive: bool,
    ground: &Ground,
    left_out: &mut LeftOut,
) -> Vec<Schedule> {
    let kinds: Vec<FaultKind> = kinds
        .iter()
        .copied()
        .filter(|kind| kind.strikes_system())
        .collect();
    let mut planned = Vec::new();
    let mut systems: Vec<&str> = Vec::new();
    for known in &knowledge.points {
        let system = known.planned.point.system.as_str();
        if systems.contains(&system) {
            continue;
        }
        systems.push(system);
        match ground.nodes.get(system) {
            Some(nodes) => {
                let all = of_system(knowledge, system, nodes, &kinds);
                let (total, some): (Vec<_>, Vec<_>) = all
                    .into_iter()
                    .partition(|planned| is_total(planned, nodes));
                planned.extend(some);
                if exhaustive {
                    planned.extend(total);
                } else if !total.is_empty() {
                    left_out.say(format!(
                        "outages that leave no node of {system} alive: with --exhaustive"
                    ));
                }
            }
            None => {
                for kind in &kinds {
                    left_out.on(*kind, system, "the harness has no hold on its nodes");
                }
            }
        }
    }
    let without_a_point = ground
        .nodes
        .keys()
        .filter(|s| !systems.contains(&s.as_str()));
    for system in without_a_point {
        for kind in &kinds {
            left_out.on(*kind, system, "no exchange with it makes a point");
        }
    }
    if planned.len() > OUTAGES_MAX {
        left_out.say(format!(
            "faults of nodes: {} of {} left out, those after the first {OUTAGES_MAX}",
            planned.len() - OUTAGES_MAX,
            planned.len()
        ));
        planned.truncate(OUTAGES_MAX);
    }
    planned
}

fn of_system(
    knowledge: &Knowledge,
    system: &str,
    nodes: &[u32],
    kinds: &[FaultKind],
) -> Vec<Schedule> {
    let points = points_of(knowledge, system);
    let each_node = nodes
        .iter()
        .flat_map(|node| kinds.iter().map(|kind| (*kind, Nodes::Node(*node))));
    let kills = kinds.contains(&FaultKind::KillSystem);
    // A single node is all nodes, and the one that serves.
    let kills = kills && nodes.len() > 1;
    let all = kills.then_some((FaultKind::KillSystem, Nodes::All));
    let round = each_node.chain(all).enumerate().map(|(i, (kind, nodes))| {
        // Shifted by one each time round, so that a point is met in both phases.
        let phase = phase(i + i / points.len());
        strike(kind, phase, points[i % points.len()], nodes)
    });
    let serving = points.iter().filter(|_| kills).enumerate();
    let serving =
        serving.map(|(i, known)| strike(FaultKind::KillSystem, phase(i), known, Nodes::Serving));
    round.chain(serving).collect()
}

/// Whether no node is left while the outage lasts. One that stands still is not
/// gone: it goes on with all that it knew.
fn is_total(schedule: &Schedule, nodes: &[u32]) -> bool {
    schedule.faults.iter().any(|fault| {
        let whole = nodes.len() == 1 || fault.nodes == Some(Nodes::All);
        whole && fault.kind != FaultKind::PauseSystem
    })
}

/// What stands for the effects and acks of the cycle; for whatever there is,
/// where the pipeline only takes from the system. Never empty: the system has a
/// point.
fn points_of<'a>(knowledge: &'a Knowledge, system: &str) -> Vec<&'a Known> {
    let of_system: Vec<&Known> = knowledge
        .stand_ins()
        .filter(|known| known.planned.point.system == system)
        .collect();
    let works = |known: &&&Known| {
        known.planned.place == Place::Cycle && matches!(known.class, Class::Effect | Class::Ack)
    };
    let at_work: Vec<&Known> = of_system.iter().filter(works).copied().collect();
    if at_work.is_empty() {
        of_system
    } else {
        at_work
    }
}

fn phase(i: usize) -> Phase {
    match i % 2 {
        0 => Phase::Before,
        _ => Phase::After,
    }
}

fn strike(kind: FaultKind, phase: Phase, known: &Known, nodes: Nodes) -> Schedule {
    Schedule::single(Fault {
        nodes: Some(nodes),
        ..Fault::new(kind, phase, known.selector.clone())
    })
}
