//! What a system has put aside comes again: an operator feeds the dead letters once
//! more.

use super::ground::{Ground, LeftOut};
use super::learn::{Knowledge, Known};
use exactly_model::{Class, Fault, FaultKind, Phase, Place, Schedule, Selector};

/// Deaths in one schedule at most: a schedule has no more faults than a file may have.
const DEATHS_MAX: u32 = 15;
/// What an operator does; a label, since no client of the pipeline sends it.
const REDRIVE: &str = "redrive";

/// At the point that stands for each class of effects and acks of the cycle: the
/// pipeline dies before it in as many lives as it takes until the message is put
/// aside; at rest it is fed once more.
pub fn replays(
    knowledge: &Knowledge,
    kinds: &[FaultKind],
    ground: &Ground,
    left_out: &mut LeftOut,
) -> Vec<Schedule> {
    if !kinds.contains(&FaultKind::Replay) {
        return Vec::new();
    }
    if ground.gives_up.is_empty() {
        left_out.say("replay: nothing that is fed is put aside here");
    }
    let mut planned = Vec::new();
    for (system, deaths) in &ground.gives_up {
        if *deaths > DEATHS_MAX {
            left_out.say(format!(
                "replay on {system}: a message is put aside after {deaths} deliveries, and a \
                 schedule has {DEATHS_MAX} deaths at most"
            ));
            continue;
        }
        let points = knowledge.stand_ins().filter(|known| is_work(known));
        planned.extend(points.map(|known| given_up(known, system, *deaths)));
    }
    planned
}

fn is_work(known: &Known) -> bool {
    known.planned.place == Place::Cycle && matches!(known.class, Class::Effect | Class::Ack)
}

fn given_up(known: &Known, system: &str, deaths: u32) -> Schedule {
    let deaths = (1..=deaths).map(|incarnation| {
        let point = known.selector.clone().in_incarnation(incarnation);
        Fault::new(FaultKind::Kill, Phase::Before, point)
    });
    let redrive = Selector::new(system, REDRIVE);
    let again = Fault::new(FaultKind::Replay, Phase::After, redrive);
    Schedule {
        faults: deaths.chain([again]).collect(),
    }
}
