//! The messages that a queue holds: which wait, which are in flight, which one is
//! next, and when that changes by itself.
//!
//! On a FIFO queue a group offers its oldest message, and only while none of the
//! group is in flight.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

/// Where a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It can be received from then on.
    Waiting { from_ms: u64 },
    /// It was received at one time and is invisible until another.
    InFlight { since_ms: u64, until_ms: u64 },
}

/// A message that is held.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub group: Option<Arc<str>>,
    /// What retention counts from.
    pub enqueued_ms: u64,
    pub phase: Phase,
    /// Receives in the queue it was dead-lettered from.
    pub received_before: u32,
    /// Receives here.
    pub receives: u32,
    pub first_received_ms: Option<u64>,
    /// The number of the latest receive: only its handle is good.
    pub receive: u64,
    /// Whether its visibility was changed since: then the receive cannot be
    /// repeated.
    pub touched: bool,
}

#[derive(Debug, Default)]
struct Group {
    members: BTreeSet<u64>,
    in_flight: usize,
    offered: Option<u64>,
}

#[derive(Debug, Default)]
pub(super) struct Live {
    fifo: bool,
    messages: BTreeMap<u64, Message>,
    by_age: BTreeSet<(u64, u64)>,
    /// When a message that is delayed or in flight can be received.
    timers: BTreeSet<(u64, u64)>,
    ready: BTreeSet<u64>,
    groups: BTreeMap<Arc<str>, Group>,
    in_flight: usize,
}

impl Live {
    pub fn new(fifo: bool) -> Self {
        Self {
            fifo,
            ..Self::default()
        }
    }

    pub fn get(&self, arrival: u64) -> Option<&Message> {
        self.messages.get(&arrival)
    }

    pub fn get_mut(&mut self, arrival: u64) -> Option<&mut Message> {
        self.messages.get_mut(&arrival)
    }

    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Messages that nobody can receive yet.
    pub fn delayed(&self) -> usize {
        self.timers.len() - self.in_flight
    }

    /// Messages that are neither in flight nor delayed.
    pub fn visible(&self) -> usize {
        self.messages.len() - self.timers.len()
    }

    /// When something can be received that cannot now.
    pub fn next_change_ms(&self) -> Option<u64> {
        self.timers.first().map(|(at_ms, _)| *at_ms)
    }

    pub fn arrivals(&self) -> Vec<u64> {
        self.messages.keys().copied().collect()
    }

    pub fn add(&mut self, arrival: u64, message: Message, now_ms: u64) {
        self.by_age.insert((message.enqueued_ms, arrival));
        if let Some(group) = self.group_key(&message) {
            self.groups
                .entry(group)
                .or_default()
                .members
                .insert(arrival);
        }
        self.enter(arrival, &message, now_ms);
        self.messages.insert(arrival, message);
        self.offer(arrival);
    }

    pub fn remove(&mut self, arrival: u64) -> Option<Message> {
        let message = self.messages.remove(&arrival)?;
        self.by_age.remove(&(message.enqueued_ms, arrival));
        self.leave(arrival, &message);
        if let Some(key) = self.group_key(&message)
            && let Some(group) = self.groups.get_mut(&key)
        {
            group.members.remove(&arrival);
            if group.members.is_empty() {
                self.groups.remove(&key);
            } else {
                self.offer_of_group(&key);
            }
        }
        Some(message)
    }

    pub fn change(&mut self, arrival: u64, phase: Phase, now_ms: u64) {
        let Some(mut message) = self.messages.remove(&arrival) else {
            return;
        };
        self.leave(arrival, &message);
        message.phase = phase;
        self.enter(arrival, &message, now_ms);
        self.messages.insert(arrival, message);
        self.offer(arrival);
    }

    /// The next message that can be received.
    pub fn first_ready(&self) -> Option<u64> {
        self.ready.first().copied()
    }

    /// The next message behind this one in the group of a FIFO queue, if it can
    /// be received.
    pub fn next_of_group(&self, group: &Arc<str>, after: u64, now_ms: u64) -> Option<u64> {
        let members = &self.groups.get(group)?.members;
        let behind = members.range((Bound::Excluded(after), Bound::Unbounded));
        let next = behind.copied().next()?;
        let is_visible = |message: &Message| matches!(message.phase, Phase::Waiting { from_ms } if from_ms <= now_ms);
        self.get(next)
            .filter(|message| is_visible(message))
            .map(|_| next)
    }

    /// A message whose delay or visibility timeout ran out.
    pub fn pop_due(&mut self, now_ms: u64) -> Option<u64> {
        let (at_ms, arrival) = self.timers.first().copied()?;
        if at_ms > now_ms {
            return None;
        }
        self.change(arrival, Phase::Waiting { from_ms: at_ms }, now_ms);
        Some(arrival)
    }

    /// When the oldest message was enqueued.
    pub fn oldest_ms(&self) -> Option<u64> {
        self.by_age.first().map(|(at_ms, _)| *at_ms)
    }

    /// The oldest message, if it was enqueued at that time or before.
    pub fn oldest_until(&self, enqueued_ms: u64) -> Option<u64> {
        let (at_ms, arrival) = self.by_age.first()?;
        (*at_ms <= enqueued_ms).then_some(*arrival)
    }

    fn group_key(&self, message: &Message) -> Option<Arc<str>> {
        message.group.clone().filter(|_| self.fifo)
    }

    fn timer_of(message: &Message) -> u64 {
        match message.phase {
            Phase::Waiting { from_ms } => from_ms,
            Phase::InFlight { until_ms, .. } => until_ms,
        }
    }

    fn enter(&mut self, arrival: u64, message: &Message, now_ms: u64) {
        match message.phase {
            Phase::Waiting { from_ms } if from_ms <= now_ms => {
                if !self.fifo {
                    self.ready.insert(arrival);
                }
                return;
            }
            Phase::Waiting { .. } => {}
            Phase::InFlight { .. } => self.count(message, true),
        }
        self.timers.insert((Self::timer_of(message), arrival));
    }

    fn leave(&mut self, arrival: u64, message: &Message) {
        self.timers.remove(&(Self::timer_of(message), arrival));
        self.ready.remove(&arrival);
        if matches!(message.phase, Phase::InFlight { .. }) {
            self.count(message, false);
        }
    }

    fn count(&mut self, message: &Message, one_more: bool) {
        let change = |count: &mut usize| *count = if one_more { *count + 1 } else { *count - 1 };
        change(&mut self.in_flight);
        if let Some(group) = self
            .group_key(message)
            .and_then(|key| self.groups.get_mut(&key))
        {
            change(&mut group.in_flight);
        }
    }

    fn offer(&mut self, arrival: u64) {
        let message = self.messages.get(&arrival);
        if let Some(key) = message.and_then(|message| self.group_key(message)) {
            self.offer_of_group(&key);
        }
    }

    fn offer_of_group(&mut self, key: &Arc<str>) {
        let Some(group) = self.groups.get_mut(key) else {
            return;
        };
        if let Some(offered) = group.offered.take() {
            self.ready.remove(&offered);
        }
        let head = group.members.first().copied();
        let Some(head) = head.filter(|_| group.in_flight == 0) else {
            return;
        };
        let Some(message) = self.messages.get(&head) else {
            return;
        };
        if !self.timers.contains(&(Self::timer_of(message), head)) {
            group.offered = Some(head);
            self.ready.insert(head);
        }
    }
}
