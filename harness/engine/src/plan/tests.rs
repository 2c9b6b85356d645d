use super::*;
use crate::director::Observed;
use exactly_model::{Class, FaultKind, Others, Phase, Place, Point};
use std::collections::BTreeSet;

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
    let of = |k: &&Known| k.planned.representative && k.planned.point.operation == operation;
    knowledge
        .points
        .iter()
        .filter(of)
        .map(|k| k.planned.point.ids.clone())
        .collect()
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
        run.push(seen(
            "Ack",
            Class::Ack,
            &[batch * 4, batch * 4 + 1, batch * 4 + 2, batch * 4 + 3],
            1,
        ));
    }
    let knowledge = learn(&[run.clone(), run], &[]);
    assert_eq!(
        represented(&knowledge, "INSERT"),
        [[0], [1], [3], [4], [11]]
    );
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
    assert!(
        knowledge
            .classes
            .iter()
            .all(|class| class.operation != "Ack")
    );
    assert_eq!(knowledge.unstable.len(), 1);
}

#[test]
fn a_class_without_a_stable_point_is_faulted_by_ordinal() {
    let run = |ids: &[&[u32]]| -> Vec<Observed> {
        ids.iter()
            .map(|ids| seen("Ack", Class::Ack, ids, 1))
            .collect()
    };
    let knowledge = learn(&[run(&[&[0, 1], &[2]]), run(&[&[0], &[1], &[2, 3]])], &[]);
    let selectors: Vec<_> = knowledge
        .points
        .iter()
        .map(|k| (k.selector.ids.clone(), k.selector.nth))
        .collect();
    assert_eq!(selectors, [(None, Some(0)), (None, Some(1))]);
}

#[test]
fn an_ordinal_counts_the_equal_exchanges_of_other_places_too() {
    let run = |ids: &[u32]| {
        vec![
            seen("Join", Class::Take, &[], 1),
            seen("Join", Class::Take, &[], 1),
            seen("Join", Class::Take, ids, 1),
            seen("Ack", Class::Ack, ids, 1),
        ]
    };
    let knowledge = learn(&[run(&[1]), run(&[2])], &[]);
    let cycle: Vec<_> = knowledge
        .points
        .iter()
        .filter(|k| k.planned.place == Place::Cycle && k.planned.point.operation == "Join")
        .map(|k| (k.selector.ids.clone(), k.selector.nth))
        .collect();
    // The third of all, although the first in its place.
    assert_eq!(cycle, [(None, Some(2))]);
}

#[test]
fn each_kind_is_planned_where_it_applies() {
    let knowledge = learn(&[one_by_one(1)], &[]);
    let kinds = FaultKind::ALL;
    let without = every_boundary(&knowledge, &kinds, false, &BTreeSet::new());
    assert!(
        without
            .not_applicable
            .iter()
            .any(|n| n.starts_with("delay-reply on s"))
    );
    let with = every_boundary(&knowledge, &kinds, false, &BTreeSet::from(["s".into()]));
    // Two effect or ack points with nine faults; a take is not delivered late,
    // nor its reply delayed.
    assert_eq!(with.schedules.len(), 9 + 9 + 7);
    assert_eq!(without.schedules.len(), with.schedules.len() - 2);
    assert_eq!(with.cuts, (3, 3));
}

#[test]
fn with_several_in_flight_a_kill_is_two_cuts() {
    let run = vec![
        seen("INSERT", Class::Effect, &[0], 1),
        seen("INSERT", Class::Effect, &[1], 3),
    ];
    let planned = every_boundary(
        &learn(&[run], &[]),
        &[FaultKind::Kill],
        false,
        &BTreeSet::new(),
    );
    assert_eq!(planned.cuts, (1 + 4, 1 + 2));
    let others: Vec<_> = planned
        .schedules
        .iter()
        .map(|s| (s.faults[0].phase, s.faults[0].others))
        .collect();
    assert_eq!(others.len(), 2 + 4);
    assert!(others.contains(&(Phase::After, Some(Others::Dropped))));
}

#[test]
fn only_unknown_classes_are_novel() {
    let knowledge = learn(&[one_by_one(2)], &[]);
    let mut trial = one_by_one(2);
    trial.push(Observed {
        incarnation: 2,
        ..seen("ROLLBACK", Class::Effect, &[1], 1)
    });
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
