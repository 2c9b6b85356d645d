//! What the harness relies on, as one body for every system at every place.
//!
//! A verdict is worth what its feed and its audit are worth. Each rule here is one
//! that the engine or the judge builds on; a place that breaks one is either mended
//! or said to differ, with the reason, by whoever runs this.

use crate::{Adapter, Fed, Instance, ObserveError, Outgoing, Scope, Seen, StartError, TrialNames};
use exactly_model::{MessageId, Need, Observer, Outcome, Setup, checksum};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Messages fed: more than one of each key.
const MESSAGES: u32 = 6;
const KEYS: u32 = 2;
/// How long an effect may take to show: a queue tells of what it has with a delay.
const SHOWN_WITHIN: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A system to examine: what is fed is also where effects are read.
pub struct Subject<'a> {
    /// Its adapter.
    pub adapter: &'a dyn Adapter,
    /// Where it runs.
    pub instance: Arc<dyn Instance>,
    /// What a trial has there.
    pub setup: Setup,
    /// What is fed: a topic, a queue, a path, a statement.
    pub to: String,
    /// A payload with `{id}`, `{key}`, `{seq}` and `{checksum}`.
    pub payload: String,
    /// Reads what was fed.
    pub observer: Observer,
    /// Keeps its names apart from those of other examinations.
    pub run: u32,
}

/// What became of one rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// The ability.
    pub ability: &'static str,
    /// The rule, as a sentence.
    pub rule: &'static str,
    /// Whether it holds.
    pub answer: Answer,
}

/// Whether a rule holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// It does.
    Holds,
    /// It does not, and how that showed.
    Broken(String),
    /// The system has no such ability.
    NotOffered,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.ability, self.rule)?;
        match &self.answer {
            Answer::Holds => Ok(()),
            Answer::Broken(how) => write!(f, ": broken: {how}"),
            Answer::NotOffered => f.write_str(": not offered"),
        }
    }
}

/// Goes through all rules. An error is a place that could not be examined.
pub async fn examine(subject: &Subject<'_>) -> Result<Vec<Line>, StartError> {
    let names = |trial| TrialNames {
        run: subject.run,
        trial,
    };
    let open = |trial| subject.instance.open(names(trial), &subject.setup);
    let (scope, beside) = (open(1).await?, open(2).await?);
    let mut examination = Examination {
        subject,
        scope: scope.as_ref(),
        beside: beside.as_ref(),
        lines: Vec::new(),
    };
    examination.names();
    examination.feed_and_audit().await;
    examination.windows().await;
    let lines = examination.lines;
    scope.close().await;
    beside.close().await;
    // The guardian may have been there before.
    scope.close().await;
    Ok(lines)
}

struct Examination<'a> {
    subject: &'a Subject<'a>,
    scope: &'a dyn Scope,
    /// Another trial at the same time.
    beside: &'a dyn Scope,
    lines: Vec<Line>,
}

impl Examination<'_> {
    fn say(&mut self, ability: &'static str, rule: &'static str, held: Result<(), String>) {
        let answer = held.map_or_else(Answer::Broken, |()| Answer::Holds);
        self.lines.push(Line {
            ability,
            rule,
            answer,
        });
    }

    fn lack(&mut self, ability: &'static str, rule: &'static str) {
        self.lines.push(Line {
            ability,
            rule,
            answer: Answer::NotOffered,
        });
    }

    fn names(&mut self) {
        let own = self.subject.instance.addresses();
        let boundary: Vec<(String, u16)> = own.iter().map(|_| ("127.0.0.1".into(), 9)).collect();
        let here = self.scope.placeholders(&boundary);
        let promised = self.subject.adapter.placeholders(&self.subject.setup);
        let promised: BTreeSet<&str> = promised.iter().map(String::as_str).collect();
        let given: BTreeSet<&str> = here.keys().map(String::as_str).collect();
        let kept = match promised == given {
            true => Ok(()),
            false => Err(format!("{promised:?} were promised, {given:?} are there")),
        };
        self.say(
            "names",
            "the placeholders that a configuration may use are those that there are",
            kept,
        );
        // A pipeline that learns the system's own address goes around the boundary.
        let leaks = here.iter().find(|(_, value)| {
            own.iter()
                .any(|(host, port)| value.contains(&format!("{host}:{port}")))
        });
        self.say(
            "names",
            "they lead to the boundary and to nothing else",
            leaks.map_or(Ok(()), |(name, _)| Err(format!("{name} does not"))),
        );
        let there = self.beside.placeholders(&boundary);
        self.say(
            "names",
            "each trial has names of its own",
            match here == there {
                true if !here.is_empty() => Err("two trials have the same".into()),
                _ => Ok(()),
            },
        );
    }

    async fn feed_and_audit(&mut self) {
        let messages = self.messages(1);
        let Some(feeder) = self.scope.feeder() else {
            return self.lack("feeding", "each message has an outcome");
        };
        self.nothing_at_first().await;
        let fed = match feeder.feed(&self.subject.to, &messages, 1).await {
            Ok(fed) => fed,
            Err(error) => {
                return self.say(
                    "feeding",
                    "each message has an outcome",
                    Err(error.to_string()),
                );
            }
        };
        self.say(
            "feeding",
            "each message has an outcome",
            all_ok(&fed, messages.len()),
        );
        self.say(
            "feeding",
            "messages of one key are appended in the order they were sent in",
            in_order(&fed, &messages),
        );
        self.audit(&messages).await;
        self.backlog().await;
    }

    async fn nothing_at_first(&mut self) {
        if let Some(observing) = self.scope.observing() {
            let count = observing.count(&self.subject.observer).await;
            let empty = match count {
                Ok(0) => Ok(()),
                Ok(count) => Err(format!("{count} effects before anything was fed")),
                Err(error) => Err(error.to_string()),
            };
            self.say("observing", "a fresh sink is empty", empty);
        }
        if let Some(backlog) = self.scope.backlog() {
            let left = backlog.left(&[], None).await;
            let empty = match left {
                Ok(left) if left.items == 0 => Ok(()),
                Ok(left) => Err(left.detail),
                Err(error) => Err(error.to_string()),
            };
            self.say("backlog", "where nothing was fed nothing is left", empty);
        }
    }

    async fn audit(&mut self, messages: &[Outgoing]) {
        let rule = "what was acknowledged is there, once, as it was sent";
        if self.scope.observing().is_none() {
            return self.lack("observing", rule);
        }
        let first = self.shown(messages.len()).await;
        let as_sent = match &first {
            Ok(seen) => as_sent(seen, messages),
            Err(error) => Err(error.to_string()),
        };
        self.say("observing", rule, as_sent);
        let again = self.read(self.scope).await;
        let same = match (&first, &again) {
            (Ok(first), Ok(again)) if sorted(first) == sorted(again) => Ok(()),
            (Ok(first), Ok(again)) => Err(format!("{} and then {}", first.len(), again.len())),
            (Err(error), _) | (_, Err(error)) => Err(error.to_string()),
        };
        self.say("observing", "a second audit shows the same", same);
        if let Some(observing) = self.scope.observing() {
            let count = observing.count(&self.subject.observer).await;
            let agrees = match count {
                Ok(count) if count == messages.len() as u64 => Ok(()),
                Ok(count) => Err(format!("counted {count} of {}", messages.len())),
                Err(error) => Err(error.to_string()),
            };
            self.say("observing", "its count is that of the audit", agrees);
        }
        let elsewhere = match self.read(self.beside).await {
            Ok(seen) if seen.is_empty() => Ok(()),
            Ok(seen) => Err(format!("it sees {}", seen.len())),
            Err(error) => Err(error.to_string()),
        };
        self.say("observing", "another trial sees none of it", elsewhere);
    }

    async fn backlog(&mut self) {
        let rule = "to look does not change what is left";
        let Some(backlog) = self.scope.backlog() else {
            return self.lack("backlog", rule);
        };
        let (first, second) = (backlog.left(&[], None).await, backlog.left(&[], None).await);
        let same = match (first, second) {
            (Ok(first), Ok(second)) if first.items == second.items => Ok(()),
            (Ok(first), Ok(second)) => Err(format!("{} and then {}", first.items, second.items)),
            (Err(error), _) | (_, Err(error)) => Err(error.to_string()),
        };
        self.say("backlog", rule, same);
    }

    /// What a system forgets, it forgets in one trial only.
    async fn windows(&mut self) {
        let rule = "once its windows have passed, what is sent again is new";
        // Where it has to be waited for it takes minutes.
        let waits = self.subject.instance.lacks(Need::Horizon).is_some();
        let horizon = self.scope.horizon().filter(|_| !waits);
        let (Some(horizon), Some(feeder)) = (horizon, self.scope.feeder()) else {
            return self.lack("horizon", rule);
        };
        let messages = self.messages(1);
        let passed = match horizon.expire().await {
            Ok(passed) => passed,
            Err(error) => return self.say("horizon", rule, Err(error.to_string())),
        };
        let fed = feeder.feed(&self.subject.to, &messages, 1).await;
        let twice = messages.len() * 2;
        let held = match fed {
            Err(error) => Err(error.to_string()),
            Ok(_) => match self.shown(twice).await {
                Ok(seen) if seen.len() == twice => Ok(()),
                Ok(seen) => Err(format!("{} effects after {}", seen.len(), passed.what)),
                Err(error) => Err(error.to_string()),
            },
        };
        self.say("horizon", rule, held);
    }

    async fn read(&self, scope: &dyn Scope) -> Result<Vec<Seen>, ObserveError> {
        let mut seen = Vec::new();
        if let Some(observing) = scope.observing() {
            let mut each = |one| seen.push(one);
            observing.observe(&self.subject.observer, &mut each).await?;
        }
        Ok(seen)
    }

    /// The audit, once there is enough to see or the time is up.
    async fn shown(&self, enough: usize) -> Result<Vec<Seen>, ObserveError> {
        let mut looks = SHOWN_WITHIN.as_millis() / LOOK_EVERY.as_millis();
        loop {
            let seen = self.read(self.scope).await?;
            if seen.len() >= enough || looks == 0 {
                return Ok(seen);
            }
            looks -= 1;
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn messages(&self, trial: u32) -> Vec<Outgoing> {
        let ids = (0..MESSAGES).filter_map(|seq| MessageId::new(self.subject.run, trial, seq));
        ids.map(|id| self.message(id)).collect()
    }

    fn message(&self, id: MessageId) -> Outgoing {
        let key = format!("k{}", id.sequence() % KEYS);
        let seq = id.sequence() / KEYS;
        let mut fields = vec![
            ("id", id.to_text()),
            ("key", key.clone()),
            ("seq", seq.to_string()),
            ("checksum", format!("{:08x}", checksum(id, &key, seq))),
        ];
        let payload = fields
            .iter()
            .fold(self.subject.payload.clone(), |payload, (name, value)| {
                payload.replace(&format!("{{{name}}}"), value)
            });
        fields.push(("payload", payload.clone()));
        Outgoing {
            id,
            key,
            payload,
            fields,
        }
    }
}

fn all_ok(fed: &[Fed], sent: usize) -> Result<(), String> {
    if fed.len() != sent {
        return Err(format!("{} outcomes for {sent} messages", fed.len()));
    }
    match fed.iter().find(|fed| fed.outcome != Outcome::Ok) {
        None => Ok(()),
        Some(fed) => Err(format!("{:?}: {:?}", fed.outcome, fed.error)),
    }
}

/// Where outcomes carry positions.
fn in_order(fed: &[Fed], messages: &[Outgoing]) -> Result<(), String> {
    let mut last: BTreeMap<(&str, u32), i64> = BTreeMap::new();
    for (fed, message) in fed.iter().zip(messages) {
        let Some(position) = &fed.position else {
            continue;
        };
        let of = (message.key.as_str(), position.partition);
        if last
            .insert(of, position.offset)
            .is_some_and(|before| before >= position.offset)
        {
            return Err(format!("{} of {} goes back", position.offset, message.key));
        }
    }
    Ok(())
}

fn as_sent(seen: &[Seen], messages: &[Outgoing]) -> Result<(), String> {
    let mut counts: BTreeMap<MessageId, u32> = BTreeMap::new();
    for one in seen {
        *counts.entry(one.id).or_default() += 1;
        let sent = messages.iter().find(|message| message.id == one.id);
        let sent = sent.ok_or_else(|| format!("{} was never sent", one.id.to_text()))?;
        let seq = one.id.sequence() / KEYS;
        let as_sent = one.key.as_ref().is_none_or(|key| *key == sent.key)
            && one.key_seq.is_none_or(|other| other == seq)
            && one
                .checksum
                .is_none_or(|sum| sum == checksum(one.id, &sent.key, seq));
        if !as_sent {
            return Err(format!("{one:?} was not sent like that"));
        }
    }
    let lost = messages.iter().find(|m| !counts.contains_key(&m.id));
    if let Some(lost) = lost {
        return Err(format!("{} is missing", lost.id.to_text()));
    }
    match counts.iter().find(|(_, count)| **count != 1) {
        None => Ok(()),
        Some((id, count)) => Err(format!("{} is there {count} times", id.to_text())),
    }
}

fn sorted(seen: &[Seen]) -> Vec<String> {
    let mut seen: Vec<String> = seen.iter().map(|one| format!("{one:?}")).collect();
    seen.sort();
    seen
}
