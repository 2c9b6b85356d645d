//! From what calibration taught to the trials that are planned.

use super::hosted::forgets;
use super::rounds::Rounds;
use super::{Planning, not_run};
use crate::plan::{self, Draws, Ground, Knowledge, LeftOut};
use crate::trial::Ordered;
use exactly_adapter::{Faultable, Scope};
use exactly_model::{Event, FaultKind, Need, NoteKind, Plan, Point, Schedule, TrialKind};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is planned.
pub(super) struct Outlook {
    /// Failures of earlier runs, witnesses, one fault at each point, pairs: in
    /// this order.
    pub directed: Vec<Ordered>,
    /// Faults of nodes.
    pub outages: Vec<Ordered>,
    /// What is drawn instead.
    pub draws: Option<Draws>,
    /// What is not planned.
    pub left_out: LeftOut,
    cuts: (u64, u64),
    /// Pairs that exist and pairs that are planned.
    pairs: (u64, u64),
}

impl Outlook {
    pub fn of(rounds: &Rounds<'_>, knowledge: &Knowledge, ground: &Ground) -> Self {
        let (stage, course) = (rounds.stage, rounds.course);
        let kinds = &stage.pipeline.kinds;
        let mut outlook = Self::begin(rounds);
        outlook.directed = rounds.own(outlook.directed);
        if let Planning::Random { faults_max, .. } = course.planning {
            let of = (faults_max, stage.seed, stage.cell);
            let left_out = &mut outlook.left_out;
            outlook.draws = Draws::new(knowledge, kinds, ground, left_out, of);
            return outlook;
        }
        let begun = std::mem::take(&mut outlook.directed);
        let mut planned = plan::every_boundary(knowledge, kinds, course.exhaustive, ground);
        plan::shuffle(&mut planned.schedules, stage.seed);
        outlook.cuts = planned.cuts;
        outlook.left_out = planned.left_out;
        outlook.plan(TrialKind::Planned, planned.schedules);
        let replays = plan::replays(knowledge, kinds, ground, &mut outlook.left_out);
        outlook.plan(TrialKind::Planned, replays);
        if let Planning::Pairs { most } = course.planning {
            outlook.plan_pairs(knowledge, kinds, most, stage.seed);
        }
        let left_out = &mut outlook.left_out;
        let outages = plan::outages(knowledge, kinds, course.exhaustive, ground, left_out);
        let outages = outages.into_iter();
        let outages = outages.map(|schedule| Ordered::new(TrialKind::System, schedule));
        outlook.outages = rounds.own(outages.collect());
        let planned = std::mem::replace(&mut outlook.directed, begun);
        outlook.directed.extend(rounds.own(planned));
        outlook
    }

    /// What every plan begins with.
    fn begin(rounds: &Rounds<'_>) -> Self {
        let kept = rounds.course.known.iter();
        let mut outlook = Self {
            directed: kept
                .map(|kept| Rounds::of_candidate(TrialKind::Known, &kept.candidate, None))
                .collect(),
            outages: Vec::new(),
            draws: None,
            left_out: LeftOut::default(),
            cuts: (0, 0),
            pairs: (0, 0),
        };
        outlook.plan(TrialKind::Witness, rounds.course.info.witnesses.clone());
        outlook
    }

    fn plan(&mut self, kind: TrialKind, schedules: Vec<Schedule>) {
        let schedules = schedules.into_iter();
        self.directed
            .extend(schedules.map(|schedule| Ordered::new(kind, schedule)));
    }

    fn plan_pairs(&mut self, knowledge: &Knowledge, kinds: &[FaultKind], most: usize, seed: u64) {
        if !kinds.contains(&FaultKind::Kill) {
            self.left_out.say("pairs: the pipeline is not to be killed");
            return;
        }
        let pairs = plan::pairs(knowledge, most, seed);
        self.pairs = (pairs.exist, pairs.schedules.len() as u64);
        if self.pairs.1 < self.pairs.0 {
            let (exist, planned) = self.pairs;
            self.left_out.say(format!(
                "pairs: {} of {exist} left out, at most {most} are run (--pairs-max)",
                exist - planned
            ));
        }
        self.plan(TrialKind::Pair, pairs.schedules);
    }
}

impl Rounds<'_> {
    /// What the systems let happen. The trials so far have their corners open,
    /// which know the protocols.
    pub fn ground(&self) -> Ground {
        let stage = self.stage;
        let leases = stage.leases();
        let lets_in = |name: &String| {
            let instance = stage.instances.get(name);
            instance.is_some_and(|instance| instance.lacks(Need::Members).is_none())
        };
        let systems = stage.pipeline.systems.iter();
        let controls = stage.instances.iter();
        let scopes = self.all.first().map(|first| first.scopes.clone());
        let can = |ability: fn(&dyn Scope) -> bool| {
            let scopes = scopes.iter().flatten();
            let can = scopes.filter(|(_, scope)| ability(scope.as_ref()));
            can.map(|(name, _)| name.clone()).collect::<BTreeSet<_>>()
        };
        let replaying = can(|scope| scope.replaying().is_some());
        let mut forgetting = can(|scope| scope.horizon().is_some());
        forgetting.retain(|name| {
            let instance = stage.instances.get(name);
            instance.is_some_and(|instance| forgets(instance.as_ref(), stage.allow_wait))
        });
        Ground {
            timeouts: systems
                .filter(|system| system.client_timeout_ms.is_some())
                .map(|system| system.name.clone())
                .collect(),
            lease_ms: leases.values().max().map(|lease| lease.as_millis() as u64),
            members: leases.keys().all(lets_in),
            nodes: controls
                .filter_map(|(name, instance)| Some((name.clone(), instance.control()?.nodes())))
                .collect(),
            forgetting,
            gives_up: stage
                .pipeline
                .gives_up()
                .into_iter()
                .filter(|(system, _)| replaying.contains(*system))
                .map(|(system, deliveries)| (system.to_string(), deliveries))
                .collect(),
            protocol: Box::new(move |point| faultable(scopes.as_ref(), point)),
        }
    }

    pub fn record_plan(&self, outlook: &Outlook, knowledge: &Knowledge) {
        let drawn = match (&outlook.draws, self.course.max_time) {
            (Some(_), None) => self.draws_wanted() as usize,
            // Where time decides they are told of as they come.
            _ => 0,
        };
        let trials = outlook.directed.len() + outlook.outages.len() + drawn;
        let plan = Plan {
            cell: self.stage.cell,
            calibrations: u32::try_from(self.all.len()).unwrap_or(u32::MAX),
            classes: knowledge.classes.clone(),
            points: knowledge
                .points
                .iter()
                .map(|known| known.planned.clone())
                .collect(),
            unstable: knowledge.unstable.iter().cloned().collect(),
            not_applicable: outlook.left_out.lines(),
            max_in_flight: knowledge.max_in_flight,
            trials: u32::try_from(trials).unwrap_or(u32::MAX),
            cuts: outlook.cuts,
            pairs: outlook.pairs,
        };
        self.stage.recorder.record(0, Event::Plan(plan));
    }

    /// The plan of a schedule that is run `repeat` times.
    pub fn record_repeats(&self, repeat: u32) {
        let plan = Plan {
            cell: self.stage.cell,
            trials: repeat,
            ..Plan::default()
        };
        self.stage.recorder.record(0, Event::Plan(plan));
    }

    /// Says of kept failures that they did not come back. `ran` are the directed
    /// trials, which begin with them; answers how many of these were not run.
    pub fn note_kept(&self, ran: &[Option<u32>]) -> usize {
        for (kept, trial) in self.course.known.iter().zip(ran) {
            let Some(trial) = trial else { continue };
            let shown = self.overseer.shown(*trial);
            let gone = match kept.code {
                Some(code) => !shown.contains(&code),
                None => shown.is_empty(),
            };
            if gone {
                let text = format!("{} did not come back; it is kept", kept.id);
                self.stage.remark(NoteKind::Remark, text);
            }
        }
        not_run(ran)
    }
}

fn faultable(scopes: Option<&BTreeMap<String, Arc<dyn Scope>>>, point: &Point) -> Faultable {
    let scope = scopes.and_then(|scopes| scopes.get(&point.system));
    scope.map_or_else(Faultable::default, |scope| {
        scope.faults_at(&point.operation, &point.target)
    })
}
