//! Which kinds of fault apply at a point.

use super::ground::{Ground, LeftOut};
use super::learn::Known;
use exactly_adapter::Faultable;
use exactly_model::{Class, Fault, FaultKind, Others, Phase, Place};

/// Why a kind is not planned at a point.
enum Not {
    /// It is planned in another way, or never: nothing to be said.
    Here,
    /// The operation does not let it happen.
    Operation(&'static str),
    /// The system does not, or another point stands for this one.
    System(String),
}

/// The faults that apply at a point. Those of nodes have a plan of their own.
pub fn faults_at(
    known: &Known,
    kinds: &[FaultKind],
    ground: &Ground,
    left_out: &mut LeftOut,
) -> Vec<Fault> {
    let point = &known.planned.point;
    let protocol = (ground.protocol)(point);
    let mut faults = Vec::new();
    for kind in kinds {
        match applies(*kind, known, ground, protocol) {
            Err(Not::Here) => {}
            Err(Not::Operation(why)) => left_out.at(*kind, point, why),
            Err(Not::System(why)) => left_out.on(*kind, &point.system, why),
            Ok(()) => {
                left_out.is_planned(*kind, &point.system);
                faults.extend(faults_of(*kind, known, ground));
            }
        }
    }
    faults
}

/// The faults of one kind at a point: one a phase, for cuts two.
fn faults_of(kind: FaultKind, known: &Known, ground: &Ground) -> Vec<Fault> {
    let is_slow = matches!(
        kind,
        FaultKind::Freeze | FaultKind::SlowHandler | FaultKind::SecondOwner
    );
    let cuts: &[Option<Others>] = match kind == FaultKind::Kill && known.in_flight > 1 {
        true => &[Some(Others::Applied), Some(Others::Dropped)],
        false => &[None],
    };
    let phases = kind.phases().iter();
    let phases = phases.filter(|phase| !known.pushed || **phase == Phase::After);
    let each = phases.flat_map(|phase| cuts.iter().map(move |others| (*phase, *others)));
    each.map(|(phase, others)| Fault {
        others,
        duration_ms: ground.past_leases_ms().filter(|_| is_slow),
        ..Fault::new(kind, phase, known.selector.clone())
    })
    .collect()
}

fn applies(
    kind: FaultKind,
    known: &Known,
    ground: &Ground,
    protocol: Faultable,
) -> Result<(), Not> {
    let is_take = known.class == Class::Take;
    let has = |ability: bool, why| match ability {
        true => Ok(()),
        false => Err(Not::Operation(why)),
    };
    match kind {
        FaultKind::DropRequest => has(
            !known.pushed,
            "the system pushes it: there is no request to be lost",
        ),
        FaultKind::Kill | FaultKind::Terminate | FaultKind::DropReply => Ok(()),
        FaultKind::ExpireHorizon => match ground.forgetting.contains(&known.planned.point.system) {
            true => has(
                known.class == Class::Effect && known.planned.place == Place::Cycle,
                "only what it remembers of an effect within the cycle can be forgotten",
            ),
            false => Err(Not::System(
                "it forgets nothing by a clock that can be moved".into(),
            )),
        },
        FaultKind::Blackhole => match known.stands {
            true => Ok(()),
            false => Err(Not::System(
                "it outlasts every timeout: the second point of each class stands for the others"
                    .into(),
            )),
        },
        FaultKind::Hold
        | FaultKind::Replay
        | FaultKind::KillSystem
        | FaultKind::RestartSystem
        | FaultKind::PauseSystem => Err(Not::Here),
        FaultKind::KillDeliverLate => has(
            !is_take,
            "a take delivered late only starts a lease for the dead",
        ),
        FaultKind::DelayReply if is_take => Err(Not::Operation(
            "a take waits by its own rules (a rebalance, a long poll), not by the client's timeout",
        )),
        FaultKind::DelayReply => match ground.timeouts.contains(&known.planned.point.system) {
            true => Ok(()),
            false => Err(Not::System("no client timeout declared".into())),
        },
        FaultKind::ErrorBefore => has(
            protocol.error_before,
            "the protocol has no error that says it was not applied",
        ),
        FaultKind::ErrorAfter => has(
            protocol.error_after,
            "the protocol has no error that may follow an apply",
        ),
        FaultKind::ApplyPart => has(protocol.parts, "its requests have no parts"),
        FaultKind::HoldAndOvertake => has(
            protocol.overtakes,
            "no retry of it comes on another connection while the first is on its way",
        ),
        FaultKind::Freeze | FaultKind::SlowHandler | FaultKind::SecondOwner => {
            outlasts_leases(kind, known, ground)
        }
    }
}

/// Faults that last longer than a lease are slow: one point of a class stands for
/// the others.
fn outlasts_leases(kind: FaultKind, known: &Known, ground: &Ground) -> Result<(), Not> {
    let in_cycle = known.planned.place == Place::Cycle;
    let (has_place, why) = match kind {
        FaultKind::SlowHandler => (
            in_cycle && known.class == Class::Effect,
            "only an effect within the cycle has a handler that can be slow",
        ),
        FaultKind::SecondOwner => (
            in_cycle && matches!(known.class, Class::Effect | Class::Ack),
            "an owner is one within the cycle, by its effects and acks",
        ),
        _ => (true, ""),
    };
    match ground.lease_ms {
        // It outlives nothing, and costs little.
        None if kind == FaultKind::Freeze => Ok(()),
        None => Err(Not::System(
            "no system keeps to a lease that it could outlast".into(),
        )),
        Some(_) if kind == FaultKind::SecondOwner && !ground.members => Err(Not::System(
            "no second member is let in while the first one lives".into(),
        )),
        Some(_) if !has_place => Err(Not::Operation(why)),
        Some(lease) if !known.stands => Err(Not::System(format!(
            "it outlasts a lease of {lease} ms: the second point of each class stands for the others"
        ))),
        Some(_) => Ok(()),
    }
}
