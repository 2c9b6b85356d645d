use super::*;
use crate::director::Observed;
use exactly_adapter::Faultable;
use exactly_model::{Class, Fault, FaultKind, Nodes, Others, Phase, Place, Point, Schedule};
use std::collections::{BTreeMap, BTreeSet};

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
        ended: true,
        pushed: false,
    }
}

pub(crate) fn one_by_one(n: u32) -> Vec<Observed> {
    let mut run = vec![seen("Join", Class::Take, &[], 1)];
    for id in 0..n {
        run.push(seen("INSERT", Class::Effect, &[id], 1));
        run.push(seen("Ack", Class::Ack, &[id], 1));
    }
    run
}

pub(crate) fn draws(run: &[Observed], faults_max: u32, seed: u64) -> Draws {
    let (ground, mut left_out) = (Ground::default(), LeftOut::default());
    let knowledge = learn(&[run.to_vec()], &[]);
    let of = (faults_max, seed, 0);
    Draws::new(&knowledge, &FaultKind::ALL, &ground, &mut left_out, of).unwrap()
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
fn what_the_system_pushes_is_lost_after_it_was_sent_and_not_before() {
    let mut run = one_by_one(3);
    for id in 0..3 {
        let pushed = Observed {
            pushed: true,
            ..seen("message", Class::Take, &[id], 1)
        };
        run.insert(1 + 3 * id as usize, pushed);
    }
    let knowledge = learn(&[run.clone(), run], &[]);
    let of = |k: &&Known| k.planned.point.operation == "message";
    let known = knowledge.points.iter().find(of).unwrap();
    let (ground, mut left_out) = (Ground::default(), LeftOut::default());
    let kinds = [
        FaultKind::Kill,
        FaultKind::KillDeliverLate,
        FaultKind::DropRequest,
        FaultKind::DropReply,
        FaultKind::Freeze,
    ];
    let faults = kinds::faults_at(known, &kinds, &ground, &mut left_out);
    let planned: Vec<(FaultKind, Phase)> = faults.iter().map(|f| (f.kind, f.phase)).collect();
    let after = |kind| (kind, Phase::After);
    assert_eq!(
        planned,
        [
            after(FaultKind::Kill),
            after(FaultKind::DropReply),
            after(FaultKind::Freeze)
        ]
    );
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

fn ground() -> Ground {
    Ground {
        timeouts: BTreeSet::from(["s".into()]),
        ..Ground::default()
    }
}

/// The protocol knows errors for everything, parts of an INSERT and retries of an
/// Ack.
fn rich() -> Ground {
    Ground {
        lease_ms: Some(2000),
        members: true,
        nodes: BTreeMap::from([("s".into(), vec![1, 2, 3])]),
        protocol: Box::new(|point| Faultable {
            error_before: true,
            error_after: point.operation != "Join",
            parts: point.operation == "INSERT",
            overtakes: point.operation == "Ack",
        }),
        ..ground()
    }
}

fn every(knowledge: &Knowledge, kinds: &[FaultKind], ground: &Ground) -> Schedules {
    every_boundary(knowledge, kinds, false, ground)
}

/// The operations and ids at which a kind is planned.
fn at(planned: &[Schedule], kind: FaultKind) -> Vec<String> {
    let faults = planned.iter().flat_map(|schedule| &schedule.faults);
    faults
        .filter(|fault| fault.kind == kind)
        .map(|fault| fault.point.to_string())
        .collect()
}

fn has_line(left_out: &LeftOut, start: &str) -> bool {
    left_out.lines().iter().any(|line| line.starts_with(start))
}

#[test]
fn each_kind_is_planned_where_it_applies() {
    let knowledge = learn(&[one_by_one(1)], &[]);
    let without = every(&knowledge, &FaultKind::ALL, &Ground::default());
    assert!(has_line(
        &without.left_out,
        "delay-reply on s: no client timeout"
    ));
    let with = every(&knowledge, &FaultKind::ALL, &ground());
    // Two effect or ack points with eleven faults; a take is not delivered late,
    // nor its reply delayed.
    assert_eq!(with.schedules.len(), 11 + 11 + 9);
    assert_eq!(without.schedules.len(), with.schedules.len() - 2);
    assert_eq!(with.cuts, (3, 3));
    // What the protocol does not know and what nothing is left for is said once.
    for kind in ["error-before", "error-after", "apply-part", "slow-handler"] {
        let of_kind = with.left_out.lines().into_iter();
        let lines: Vec<String> = of_kind.filter(|line| line.starts_with(kind)).collect();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].starts_with(&format!("{kind} on s: ")), "{lines:?}");
    }
}

#[test]
fn what_has_no_end_is_no_point() {
    let run = vec![
        seen("take", Class::Take, &[], 1),
        seen("row", Class::Effect, &[0], 1),
        Observed {
            ended: false,
            ..seen("take", Class::Take, &[], 1)
        },
    ];
    let knowledge = learn(&[run.clone(), run], &[]);
    let takes = knowledge.points.iter();
    let takes = takes.filter(|known| known.planned.point.operation == "take");
    assert_eq!(takes.count(), 1);
}

#[test]
fn a_protocol_says_what_is_planned_of_its_own_kinds() {
    let knowledge = learn(&[one_by_one(3)], &[]);
    let planned = every(&knowledge, &FaultKind::ALL, &rich());
    let at = |kind| at(&planned.schedules, kind);
    assert_eq!(at(FaultKind::ErrorBefore).len(), 1 + 3 + 3);
    assert_eq!(at(FaultKind::ErrorAfter).len(), 3 + 3);
    let inserts = ["s INSERT {0}", "s INSERT {1}", "s INSERT {2}"];
    assert_eq!(at(FaultKind::ApplyPart), inserts);
    let acks = ["s Ack {0}", "s Ack {1}", "s Ack {2}"];
    assert_eq!(at(FaultKind::HoldAndOvertake), acks);
    // Where it is planned elsewhere the operations are named.
    assert!(has_line(&planned.left_out, "error-after at s Join: "));
    assert!(has_line(&planned.left_out, "apply-part at s Ack, Join: "));
    assert!(!has_line(&planned.left_out, "error-before"));
}

#[test]
fn what_outlasts_a_lease_is_planned_once_a_class() {
    let knowledge = learn(&[one_by_one(4)], &[]);
    let planned = every(&knowledge, &FaultKind::ALL, &rich());
    let of = |kind| at(&planned.schedules, kind);
    assert_eq!(
        of(FaultKind::Freeze),
        ["s Join", "s INSERT {1}", "s Ack {1}"]
    );
    assert_eq!(of(FaultKind::SlowHandler), ["s INSERT {1}"]);
    assert_eq!(of(FaultKind::SecondOwner), ["s INSERT {1}", "s Ack {1}"]);
    let durations = planned.schedules.iter().map(|s| &s.faults[0]);
    for fault in durations {
        let slow = [
            FaultKind::Freeze,
            FaultKind::SlowHandler,
            FaultKind::SecondOwner,
        ];
        let lasts = slow.contains(&fault.kind).then_some(2700);
        assert_eq!(fault.duration_ms, lasts, "{fault}");
    }
    assert!(has_line(
        &planned.left_out,
        "freeze on s: it outlasts a lease of 2000 ms"
    ));
    // Without a lease a freeze costs little and is planned everywhere.
    let cheap = every(&knowledge, &FaultKind::ALL, &ground());
    assert_eq!(at(&cheap.schedules, FaultKind::Freeze).len(), 1 + 3 + 3);
    let alone = Ground {
        members: false,
        ..rich()
    };
    let alone = every(&knowledge, &FaultKind::ALL, &alone);
    assert!(at(&alone.schedules, FaultKind::SecondOwner).is_empty());
    assert!(has_line(
        &alone.left_out,
        "second-owner on s: no second member"
    ));
}

#[test]
fn with_several_in_flight_a_kill_is_two_cuts() {
    let run = vec![
        seen("INSERT", Class::Effect, &[0], 1),
        seen("INSERT", Class::Effect, &[1], 3),
    ];
    let planned = every(&learn(&[run], &[]), &[FaultKind::Kill], &ground());
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
fn every_node_gets_every_kind_and_whoever_serves_dies() {
    let knowledge = learn(&[one_by_one(4)], &[]);
    let mut left_out = LeftOut::default();
    let planned = outages(&knowledge, &FaultKind::ALL, true, &rich(), &mut left_out);
    let faults: Vec<&Fault> = planned.iter().flat_map(|s| &s.faults).collect();
    let on = |nodes| faults.iter().filter(move |f| f.nodes == Some(nodes));
    let all = FaultKind::ALL.into_iter();
    let of_nodes: Vec<FaultKind> = all.filter(|kind| kind.strikes_system()).collect();
    for node in 1..=3 {
        let kinds: Vec<FaultKind> = on(Nodes::Node(node)).map(|f| f.kind).collect();
        assert_eq!(kinds, of_nodes);
    }
    assert_eq!(on(Nodes::All).count(), 1);
    let served: Vec<String> = on(Nodes::Serving).map(|f| f.point.to_string()).collect();
    assert_eq!(served, ["s INSERT {1}", "s Ack {1}"]);
    assert_eq!(faults.len(), 9 + 1 + 2);
    assert!(left_out.lines().is_empty());
    // Both phases at both points.
    let met: BTreeSet<_> = faults
        .iter()
        .map(|f| (f.point.operation.clone(), f.phase))
        .collect();
    assert_eq!(met.len(), 4);
}

#[test]
fn outages_that_leave_no_node_alive_are_for_exhaustive_runs() {
    let knowledge = learn(&[one_by_one(4)], &[]);
    let mut left_out = LeftOut::default();
    let three = outages(&knowledge, &FaultKind::ALL, false, &rich(), &mut left_out);
    assert_eq!(three.len(), 9 + 2, "all but the one of all nodes");
    assert!(has_line(&left_out, "outages that leave no node of s alive"));
    let one = Ground {
        nodes: BTreeMap::from([("s".into(), vec![1])]),
        ..rich()
    };
    let planned = outages(&knowledge, &FaultKind::ALL, false, &one, &mut left_out);
    let kinds: Vec<FaultKind> = planned.iter().map(|s| s.faults[0].kind).collect();
    assert_eq!(kinds, [FaultKind::PauseSystem]);
}

#[test]
fn outages_are_capped_and_only_where_nodes_can_be_broken() {
    let knowledge = learn(&[one_by_one(4)], &[]);
    let many = Ground {
        nodes: BTreeMap::from([("s".into(), (1..=9).collect())]),
        ..rich()
    };
    let mut left_out = LeftOut::default();
    let planned = outages(&knowledge, &FaultKind::ALL, true, &many, &mut left_out);
    assert_eq!(planned.len(), OUTAGES_MAX);
    assert!(has_line(&left_out, "faults of nodes: 6 of 30 left out"));
    let mut left_out = LeftOut::default();
    assert!(outages(&knowledge, &FaultKind::ALL, true, &ground(), &mut left_out).is_empty());
    assert!(has_line(
        &left_out,
        "kill-system on s: the harness has no hold"
    ));
    // What the pipeline does not ask for is not missed.
    let mut left_out = LeftOut::default();
    assert!(outages(&knowledge, &[FaultKind::Kill], true, &many, &mut left_out).is_empty());
    assert!(left_out.lines().is_empty());
}

#[test]
fn a_pipeline_that_only_takes_has_its_takes_struck() {
    let knowledge = learn(&[vec![seen("Join", Class::Take, &[], 1)]], &[]);
    let one = Ground {
        nodes: BTreeMap::from([("s".into(), vec![1]), ("t".into(), vec![1])]),
        ..ground()
    };
    let mut left_out = LeftOut::default();
    let planned = outages(
        &knowledge,
        &[FaultKind::KillSystem],
        true,
        &one,
        &mut left_out,
    );
    let nodes: Vec<_> = planned.iter().map(|s| s.faults[0].nodes).collect();
    assert_eq!(nodes, [Some(Nodes::Node(1))], "one node is all nodes");
    assert!(has_line(
        &left_out,
        "kill-system on t: no exchange with it makes a point"
    ));
}

#[test]
fn every_ordered_pair_of_classes_is_killed_twice() {
    let knowledge = learn(&[one_by_one(4)], &[]);
    let all = pairs(&knowledge, 400, 1);
    assert_eq!((all.exist, all.schedules.len()), (36, 36));
    let distinct: BTreeSet<_> = all.schedules.iter().collect();
    assert_eq!(distinct.len(), 36);
    for schedule in &all.schedules {
        let [first, second] = &schedule.faults[..] else {
            panic!("{schedule}")
        };
        assert_eq!(first.point.incarnation, Some(1));
        let by_ordinal = (
            second.point.incarnation,
            second.point.nth,
            &second.point.ids,
        );
        assert_eq!(by_ordinal, (Some(2), Some(0), &None));
    }
    let first = |s: &Schedule| s.faults[0].point.to_string();
    let firsts: BTreeSet<String> = all.schedules.iter().map(first).collect();
    let wanted = ["s Ack {1}", "s INSERT {1}", "s Join"].map(|p| format!("{p} of incarnation 1"));
    assert_eq!(firsts, wanted.into());
}

#[test]
fn fewer_pairs_are_evenly_spread() {
    let knowledge = learn(&[one_by_one(4)], &[]);
    let classes = |s: &Schedule| {
        let of = |i: usize| s.faults[i].point.operation.clone();
        (of(0), of(1))
    };
    for most in 0..36 {
        for seed in [0, 1, 5, u64::MAX] {
            let some = pairs(&knowledge, most, seed).schedules;
            let distinct: BTreeSet<_> = some.iter().collect();
            assert_eq!((some.len(), distinct.len()), (most, most));
            let mut times: BTreeMap<_, usize> = BTreeMap::new();
            for schedule in &some {
                *times.entry(classes(schedule)).or_default() += 1;
            }
            let most_often = times.values().max().copied().unwrap_or(0);
            assert_eq!(most_often, most.div_ceil(9), "{most} {seed}");
        }
    }
    assert_eq!(pairs(&knowledge, 20, 3), pairs(&knowledge, 20, 3));
    assert_ne!(pairs(&knowledge, 20, 3), pairs(&knowledge, 20, 4));
    assert_eq!(pairs(&Knowledge::default(), 20, 3), Pairs::default());
}

#[test]
fn what_comes_last_leaves_nothing_to_recover() {
    let mut run = one_by_one(2);
    run.push(seen("Leave", Class::Ack, &[], 1));
    let knowledge = learn(&[run], &[]);
    assert_eq!(knowledge.classes.len(), 4);
    assert_eq!(pairs(&knowledge, 400, 1).exist, 3 * 4 * 4);
}

#[test]
fn the_same_seed_draws_the_same_schedules() {
    let run = one_by_one(4);
    let (a, b, c) = (draws(&run, 3, 1), draws(&run, 3, 1), draws(&run, 3, 2));
    // In any order: nobody draws for another one.
    let forth: Vec<Schedule> = (0..50).map(|n| a.schedule(n)).collect();
    let mut back: Vec<Schedule> = (0..50).rev().map(|n| b.schedule(n)).collect();
    back.reverse();
    assert_eq!(forth, back);
    let other: Vec<Schedule> = (0..50).map(|n| c.schedule(n)).collect();
    assert_ne!(forth, other);
    let lengths: BTreeSet<usize> = forth.iter().map(|s| s.faults.len()).collect();
    assert_eq!(lengths, BTreeSet::from([1, 2, 3]));
    let kinds: BTreeSet<FaultKind> = forth
        .iter()
        .flat_map(|s| &s.faults)
        .map(|f| f.kind)
        .collect();
    assert!(kinds.len() > 4 && !kinds.iter().any(|kind| kind.strikes_system()));
    for schedule in &forth {
        for (place, fault) in schedule.faults.iter().enumerate() {
            let incarnation = fault.point.incarnation.unwrap_or(1);
            assert!(incarnation as usize <= place + 1, "{schedule}");
        }
    }
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

#[test]
fn a_window_is_let_pass_after_the_effects_of_a_system_that_forgets() {
    let knowledge = learn(&[one_by_one(3)], &[]);
    let forgets = Ground {
        forgetting: BTreeSet::from(["s".into()]),
        ..ground()
    };
    let planned = every(&knowledge, &[FaultKind::ExpireHorizon], &forgets);
    let inserts = ["s INSERT {0}", "s INSERT {1}", "s INSERT {2}"];
    assert_eq!(at(&planned.schedules, FaultKind::ExpireHorizon), inserts);
    assert!(has_line(
        &planned.left_out,
        "expire-horizon at s Ack, Join: "
    ));
    let remembers = every(&knowledge, &[FaultKind::ExpireHorizon], &ground());
    assert!(remembers.schedules.is_empty());
    assert!(has_line(
        &remembers.left_out,
        "expire-horizon on s: it forgets nothing by a clock"
    ));
}

#[test]
fn what_was_given_up_is_fed_again_once_for_each_class_of_work() {
    let knowledge = learn(&[one_by_one(3)], &[]);
    let ground = |deliveries| Ground {
        gives_up: BTreeMap::from([("s".into(), deliveries)]),
        ..ground()
    };
    let plan = |kinds: &[FaultKind], ground: &Ground| {
        let mut left_out = LeftOut::default();
        let planned = replays(&knowledge, kinds, ground, &mut left_out);
        (planned, left_out)
    };
    let (planned, left_out) = plan(&[FaultKind::Kill, FaultKind::Replay], &ground(2));
    let of: Vec<String> = planned.iter().map(Schedule::to_string).collect();
    let story = |point: &str| {
        format!(
            "kill before {point} of incarnation 1, then kill before {point} of incarnation 2, then \
             replay after s redrive"
        )
    };
    assert_eq!(of, [story("s INSERT {1}"), story("s Ack {1}")]);
    assert!(left_out.lines().is_empty());
    // Nobody asked for it; nobody would live to see it; nothing is put aside.
    assert!(plan(&[FaultKind::Kill], &ground(2)).0.is_empty());
    let (planned, left_out) = plan(&[FaultKind::Replay], &ground(16));
    assert!(planned.is_empty() && has_line(&left_out, "replay on s: a message is put aside"));
    let (planned, left_out) = plan(&[FaultKind::Replay], &Ground::default());
    assert!(planned.is_empty() && has_line(&left_out, "replay: nothing that is fed"));
}
