//! Builders of histories and runs for the judge's tests.

use exactly_check::{Fold, Judging};
use exactly_model::*;
use std::collections::BTreeMap;

pub const RUN: u32 = 7;
pub const SINK: &str = "orders";
pub const LOG: &str = "topic.orders";
pub const PROCESS: &str = "worker";

/// A trial in which `messages` messages went through once and in order, with
/// all evidence there is: positions, deliveries, commits, proven rest.
pub fn clean(trial: u32, messages: u32, keys: u32) -> TrialHistory {
    let mut history = TrialHistory::new(RUN, trial, 0, TrialKind::Planned);
    history.keys = (0..keys).map(|key| format!("key-{key}")).collect();
    history.feed_target = LOG.into();
    history.attempts = (0..messages).map(|seq| attempt(trial, seq, keys)).collect();
    let mut sink = SinkAudit {
        observer: SINK.into(),
        effects_per_message: 1,
        complete: true,
        ..SinkAudit::default()
    };
    sink.effects = (0..messages)
        .map(|seq| effect(&history, seq, i64::from(seq)))
        .collect();
    history.sinks = vec![sink];
    history.incarnations = vec![(1, state(1, IncarnationState::Started))];
    for seq in 0..messages {
        let at = 1_000 * u64::from(seq) + 1_000;
        history.exchanges.push(exchange(at, 1, "COMMIT", &[seq]));
        history.exchanges.push(commit(at + 500, 1, seq));
    }
    if messages > 0 {
        history.deliveries = vec![delivery(1, 0, i64::from(messages) - 1)];
        history.committed = Some(vec![position(messages)]);
    }
    let end = 1_000 * u64::from(messages) + 9_000;
    history
        .incarnations
        .push((end, state(1, IncarnationState::Stopped)));
    history.settle = Some(settle(SettleHow::Quiescent, 0));
    history
}

fn attempt(trial: u32, seq: u32, keys: u32) -> Attempt {
    let (key, key_seq) = (seq % keys, seq / keys);
    let id = MessageId::new(RUN, trial, seq).unwrap();
    Attempt {
        seq,
        key,
        key_seq,
        checksum: checksum(id, &format!("key-{key}"), key_seq),
        outcome: Outcome::Ok,
        position: Some((0, i64::from(seq))),
    }
}

/// The faithful effect of message `seq`.
pub fn effect(history: &TrialHistory, seq: u32, position: i64) -> Effect {
    let attempt = history.attempts[seq as usize];
    Effect {
        id: MessageId::new(history.run, history.trial, seq).unwrap(),
        key: Some(attempt.key),
        key_seq: Some(attempt.key_seq),
        partition: None,
        position: Some(position),
        unit: None,
        checksum: Some(attempt.checksum),
        view: View::ReadCommitted,
    }
}

/// An effect with an id and nothing else.
pub fn bare_effect(run: u32, trial: u32, seq: u32, position: i64) -> Effect {
    Effect {
        id: MessageId::new(run, trial, seq).unwrap(),
        key: None,
        key_seq: None,
        partition: None,
        position: Some(position),
        unit: None,
        checksum: None,
        view: View::ReadCommitted,
    }
}

pub fn effects(history: &mut TrialHistory) -> &mut Vec<Effect> {
    &mut history.sinks[0].effects
}

/// Adds another effect of `seq` behind all others.
pub fn double(history: &mut TrialHistory, seq: u32) {
    let next = history.sinks[0].effects.len() as i64 + 1_000;
    let again = effect(history, seq, next);
    effects(history).push(again);
}

/// Makes the sink a log of one partition that is read in both views: each
/// message stands at its own number in either.
pub fn as_log(history: &mut TrialHistory, view: View) {
    let sink = &mut history.sinks[0];
    (sink.kind, sink.view) = (SinkKind::Record, view);
    for effect in &mut sink.effects {
        effect.partition = Some(0);
    }
    if view == View::ReadUncommitted {
        let committed = sink.effects.clone();
        sink.effects.extend(committed.into_iter().map(|e| Effect {
            view: View::ReadUncommitted,
            ..e
        }));
    }
}

/// Appends a record of `seq` at `offset` that only readers of `view` see.
pub fn append(history: &mut TrialHistory, seq: u32, offset: i64, view: View) {
    let record = Effect {
        partition: Some(0),
        view,
        ..effect(history, seq, offset)
    };
    effects(history).push(record);
}

/// Takes all effects of `seq` away.
pub fn lose(history: &mut TrialHistory, seq: u32) {
    effects(history).retain(|effect| effect.id.sequence() != seq);
}

pub fn settle(how: SettleHow, backlog: u64) -> Settle {
    Settle {
        how,
        backlog,
        waited_ms: 60,
        detail: String::new(),
    }
}

pub fn state(incarnation: u32, state: IncarnationState) -> IncarnationRecord {
    IncarnationRecord {
        process: PROCESS.into(),
        incarnation,
        state,
        status: None,
    }
}

pub fn position(next: u32) -> Position {
    Position {
        target: LOG.into(),
        partition: 0,
        offset: i64::from(next),
    }
}

pub fn point(operation: &str, ids: &[u32]) -> Point {
    let (system, target) = match operation {
        "OffsetCommit" => ("k", LOG),
        _ => ("pg", ""),
    };
    Point {
        process: PROCESS.into(),
        system: system.into(),
        operation: operation.into(),
        target: target.into(),
        ids: ids.to_vec(),
        nth: 0,
    }
}

/// An answered effect exchange.
pub fn exchange(at_ns: u64, incarnation: u32, operation: &str, ids: &[u32]) -> ExchangeRecord {
    ExchangeRecord {
        incarnation,
        point: point(operation, ids),
        class: Class::Effect,
        commits: Vec::new(),
        request_ns: at_ns,
        sent_ns: Some(at_ns + 10),
        ended_ns: at_ns + 100,
        fenced: false,
        duplicate_of: Vec::new(),
        fate: Fate::Answered,
        outcome: Outcome::Ok,
        error: None,
        in_flight: 1,
    }
}

/// An answered commit of the position behind `seq`.
pub fn commit(at_ns: u64, incarnation: u32, seq: u32) -> ExchangeRecord {
    ExchangeRecord {
        class: Class::Ack,
        commits: vec![position(seq + 1)],
        ..exchange(at_ns, incarnation, "OffsetCommit", &[seq])
    }
}

pub fn delivery(incarnation: u32, first: i64, last: i64) -> DeliveryRecord {
    DeliveryRecord {
        process: PROCESS.into(),
        incarnation,
        target: LOG.into(),
        partition: 0,
        first,
        last,
    }
}

pub fn judge(history: &TrialHistory) -> Judgement {
    let judgement = Judging.judge(history);
    assert!(judgement.valid, "{:?}", judgement.invalid_because);
    judgement
}

/// Ids under `code`, over sinks, primary and evidence.
pub fn found(judgement: &Judgement, code: Code) -> u64 {
    let of_code = judgement.anomalies.iter().filter(|a| a.code == code);
    of_code.map(|anomaly| anomaly.count).sum()
}

/// The primary codes with their ids, for reading.
pub fn primary(judgement: &Judgement) -> Vec<(Code, Vec<u32>)> {
    let anomalies = judgement.anomalies.iter().filter(|a| a.primary);
    anomalies.map(|a| (a.code, a.ids.clone())).collect()
}

/// The records that would have led to `history`, without its number. `of` is the
/// trial that it looks closer at.
pub fn events(history: &TrialHistory, of: Option<u32>) -> Vec<(u64, Event)> {
    let mut events: Vec<(u64, Event)> = vec![(
        0,
        Event::Trial(TrialStart {
            cell: history.cell,
            kind: history.kind,
            schedule: history.schedule.clone(),
            messages: history.attempts.len() as u32,
            of,
        }),
    )];
    let mut add = |event| events.push((0, event));
    for attempt in &history.attempts {
        let received = history
            .received
            .iter()
            .find(|(seq, ..)| *seq == attempt.seq);
        add(Event::Attempt(AttemptRecord {
            receivers: received.map(|(_, receivers, _)| *receivers),
            seq: attempt.seq,
            key: history.keys[attempt.key as usize].clone(),
            key_seq: attempt.key_seq,
            checksum: attempt.checksum,
            outcome: attempt.outcome,
            position: attempt.position.map(|(partition, offset)| Position {
                target: history.feed_target.clone(),
                partition,
                offset,
            }),
            error: None,
        }));
    }
    for exchange in &history.exchanges {
        add(Event::Exchange(exchange.clone()));
    }
    for delivery in &history.deliveries {
        add(Event::Delivery(delivery.clone()));
    }
    for fault in &history.faults {
        add(Event::Fault(fault.clone()));
    }
    for position in history.committed.iter().flatten() {
        add(Event::Position(PositionRecord {
            system: "k".into(),
            position: position.clone(),
        }));
    }
    for note in &history.notes {
        add(Event::Note(note.clone()));
    }
    for (at_ns, record) in &history.incarnations {
        events.push((*at_ns, Event::Incarnation(record.clone())));
    }
    let mut add = |event| events.push((0, event));
    if let Some(settle) = &history.settle {
        add(Event::Settle(settle.clone()));
    }
    for sink in history.sinks.iter().filter(|sink| sink.complete) {
        for event in audit(history, &sink.observer, 1, &sink.effects, false) {
            add(event);
        }
    }
    add(Event::TrialEnd(TrialEnd {
        error: history.error.clone(),
    }));
    events
}

/// An audit with its effects.
pub fn audit(
    history: &TrialHistory,
    observer: &str,
    audit: u32,
    effects: &[Effect],
    sweep: bool,
) -> Vec<Event> {
    let mut events: Vec<Event> = effects
        .iter()
        .map(|effect| {
            Event::Effect(EffectRecord {
                observer: observer.into(),
                audit,
                id: effect.id,
                key: effect.key.map(|key| {
                    let name = history.keys.get(key as usize);
                    name.cloned().unwrap_or_else(|| "key-never-sent".into())
                }),
                key_seq: effect.key_seq,
                partition: effect.partition,
                position: effect.position,
                unit: effect.unit.map(|unit| history.units[unit as usize].clone()),
                checksum: effect.checksum,
                view: effect.view,
            })
        })
        .collect();
    events.push(Event::Audit(AuditRecord {
        observer: observer.into(),
        audit,
        effects: effects.len() as u64,
        sweep,
    }));
    events
}

/// A fault at the COMMIT of `seq`, as scheduled.
pub fn kill_after_commit(seq: u32) -> Schedule {
    Schedule::single(Fault::new(
        FaultKind::Kill,
        Phase::After,
        Selector::from(&point("COMMIT", &[seq])),
    ))
}

pub fn kill_after_ack(seq: u32) -> Schedule {
    Schedule::single(Fault::new(
        FaultKind::Kill,
        Phase::After,
        Selector::from(&point("OffsetCommit", &[seq])),
    ))
}

/// The record that fault `index` of a schedule struck `point`.
pub fn fired(index: u32, point: Point) -> FaultRecord {
    FaultRecord {
        index,
        kind: FaultKind::Kill,
        phase: Phase::After,
        state: FaultState::Fired,
        point: Some(point),
        incarnation: Some(1),
        collateral: Vec::new(),
    }
}

pub fn observer(name: &str) -> Observer {
    Observer {
        name: name.into(),
        system: "pg".into(),
        kind: SinkKind::Row,
        query: String::new(),
        effects_per_message: 1,
        view: View::ReadCommitted,
        by: None,
    }
}

pub fn cell(asserted: Guarantee) -> Cell {
    Cell {
        claim: "some-claim".into(),
        variant: "some-variant".into(),
        sentence: "It is fine.".into(),
        asserted,
        forbidden: asserted.forbids(),
        expected: asserted,
        expected_at: BTreeMap::new(),
        observers: vec![observer(SINK)],
        witnesses: vec![kill_after_commit(2)],
        needs: Vec::new(),
        units: Vec::new(),
        asserted_at: BTreeMap::new(),
        forbidden_at: BTreeMap::new(),
        allowed: Vec::new(),
    }
}

pub fn cell_start(info: Cell) -> CellStart {
    let system = |name: &str, kind: &str, version: &str, emulated| SystemInfo {
        name: name.into(),
        kind: kind.into(),
        place: "embedded".into(),
        version: version.into(),
        emulated,
    };
    CellStart {
        cell: 0,
        pipeline: Pipeline {
            systems: Vec::new(),
            processes: Vec::new(),
            feed: Feed {
                system: "k".into(),
                to: LOG.into(),
                messages: 6,
                concurrency: 1,
                id: IdForm::Text,
                keys: 2,
                payload: String::new(),
                before_start: false,
                every_ms: None,
                pad_bytes: 0,
                by: None,
                dropped_keys: Vec::new(),
            },
            observers: info.observers.clone(),
            kinds: vec![FaultKind::Kill],
            timers: Vec::new(),
            limits: Limits::default(),
            positions: None,
            hooks: Default::default(),
        },
        systems: vec![
            system("k", "kafka", "krafka 0.28.1", true),
            system("pg", "postgres", "18.6", false),
        ],
        info,
    }
}

pub fn run_start() -> RunStart {
    RunStart {
        id: "r1".into(),
        tool: "exactly 0.1.0".into(),
        number: RUN,
        seed: 1,
        plan: "every-boundary".into(),
        exhaustive: false,
        command: Vec::new(),
        shard: None,
    }
}

/// COMMIT and OffsetCommit of six messages; the third is a representative.
pub fn plan() -> Plan {
    let points: Vec<PlannedPoint> = (0..6)
        .flat_map(|seq| [point("COMMIT", &[seq]), point("OffsetCommit", &[seq])])
        .map(|point| PlannedPoint {
            representative: point.ids == [2],
            point,
            place: Place::Cycle,
        })
        .collect();
    let mut classes: Vec<PointClass> = points.iter().map(PlannedPoint::class).collect();
    classes.sort();
    classes.dedup();
    Plan {
        cell: 0,
        calibrations: 3,
        classes,
        points,
        max_in_flight: 1,
        trials: 2,
        cuts: (12, 2),
        ..Plan::default()
    }
}

/// The events of a whole run of one cell: what the tests bend.
#[derive(Clone)]
pub struct Script {
    pub run: Option<RunStart>,
    pub cell: CellStart,
    pub plan: Option<Plan>,
    pub trials: Vec<TrialHistory>,
    /// The trials that others look closer at, by the number of the other.
    pub of: BTreeMap<u32, u32>,
    /// After the trials: `(trial, event)`.
    pub late: Vec<(u32, Event)>,
    pub end: Option<CellEnd>,
}

impl Script {
    /// A run that upholds its cell: three calibrations, one kill after COMMIT
    /// and one after OffsetCommit, both fired, nothing wrong.
    pub fn upheld(asserted: Guarantee) -> Self {
        let mut trials: Vec<TrialHistory> = (1..=5).map(|t| clean(t, 6, 2)).collect();
        for trial in &mut trials[..3] {
            trial.kind = TrialKind::Calibration;
        }
        for (index, schedule, operation) in [
            (3, kill_after_commit(2), "COMMIT"),
            (4, kill_after_ack(2), "OffsetCommit"),
        ] {
            trials[index].schedule = schedule;
            trials[index].faults = vec![fired(0, point(operation, &[2]))];
        }
        Self {
            run: Some(run_start()),
            cell: cell_start(cell(asserted)),
            plan: Some(plan()),
            trials,
            of: BTreeMap::new(),
            late: Vec::new(),
            end: Some(CellEnd {
                cell: 0,
                error: None,
                not_hosted: None,
            }),
        }
    }

    /// The trial numbered `number`.
    pub fn trial(&mut self, number: u32) -> &mut TrialHistory {
        let mut trials = self.trials.iter_mut();
        trials.find(|trial| trial.trial == number).unwrap()
    }

    /// An audit of trial `number` after it ended.
    pub fn sweep(&mut self, number: u32, effects: &[Effect]) {
        let history = self.trial(number).clone();
        for event in audit(&history, SINK, 2, effects, true) {
            self.late.push((number, event));
        }
    }

    /// The streams that keep their order: what stands before the trials, each
    /// trial with its late records, what stands after.
    pub fn streams(&self) -> (Vec<Line>, Vec<Vec<Line>>, Vec<Line>) {
        let mut head: Vec<Line> = Vec::new();
        head.extend(self.run.clone().map(|run| (0, 0, Event::Run(run))));
        head.push((0, 0, Event::Cell(self.cell.clone())));
        head.extend(self.plan.clone().map(|plan| (0, 0, Event::Plan(plan))));
        let trials = self.trials.iter().map(|history| {
            let own = events(history, self.of.get(&history.trial).copied());
            let mut lines: Vec<Line> = own
                .into_iter()
                .map(|(at, event)| (history.trial, at, event))
                .collect();
            let late = self.late.iter().filter(|(of, _)| *of == history.trial);
            lines.extend(late.map(|(of, event)| (*of, 0, event.clone())));
            lines
        });
        let tail = self.end.clone().map(|end| (0, 0, Event::CellEnd(end)));
        (head, trials.collect(), tail.into_iter().collect())
    }

    /// All of it, one trial after the other, late records last.
    pub fn records(&self) -> Vec<Record> {
        let early = Self {
            late: Vec::new(),
            ..self.clone()
        };
        let (head, trials, tail) = early.streams();
        let late = self.late.iter().map(|(of, event)| (*of, 0, event.clone()));
        let trials = trials.into_iter().flatten().chain(late);
        number(head.into_iter().chain(trials).chain(tail))
    }

    pub fn report(&self) -> Report {
        fold(&self.records()).report()
    }

    /// The one variant of the report.
    pub fn variant(&self) -> VariantReport {
        self.report().claims.remove(0).variants.remove(0)
    }
}

/// Trial, time and event of a record.
pub type Line = (u32, u64, Event);

/// Numbers records as a store does.
pub fn number(lines: impl IntoIterator<Item = Line>) -> Vec<Record> {
    let lines = lines.into_iter().zip(1..);
    lines
        .map(|((trial, mono_ns, event), n)| Record {
            v: HISTORY_VERSION,
            n,
            trial,
            mono_ns,
            wall_ns: 0,
            event,
        })
        .collect()
}

pub fn fold(records: &[Record]) -> Fold {
    let mut fold = Fold::new();
    for record in records {
        fold.push(record);
    }
    fold
}
