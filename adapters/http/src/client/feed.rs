//! Feeding messages by POST.

use super::call::{Ended, call};
use super::target::Target;
use crate::errors::judge_status;
use bytes::Bytes;
use exactly_adapter::{Fed, Outgoing};
use exactly_model::Outcome;
use futures::StreamExt as _;
use hyper::Method;
use std::collections::BTreeMap;

/// Feeds one resource.
pub(crate) struct Feed<'a> {
    pub target: &'a Target,
    /// Path below the target's base.
    pub path: &'a str,
}

impl Feed<'_> {
    /// Sends each message as the body of a POST, at most `concurrency` in flight;
    /// those of one key one after the other. None is sent twice, whatever comes
    /// back: what became of each is for the table to say.
    pub async fn send(&self, messages: &[Outgoing], concurrency: u32) -> Vec<Fed> {
        let lanes = by_key(messages)
            .into_iter()
            .map(|lane| self.in_order(messages, lane));
        let at_once = concurrency.max(1) as usize;
        let fed: Vec<_> = futures::stream::iter(lanes)
            .buffer_unordered(at_once)
            .concat()
            .await;
        let fed: BTreeMap<usize, Fed> = fed.into_iter().collect();
        fed.into_values().collect()
    }

    async fn in_order(&self, messages: &[Outgoing], lane: Vec<usize>) -> Vec<(usize, Fed)> {
        let mut fed = Vec::with_capacity(lane.len());
        for at in lane {
            fed.push((at, self.one(&messages[at]).await));
        }
        fed
    }

    async fn one(&self, message: &Outgoing) -> Fed {
        let body = Bytes::copy_from_slice(message.payload.as_bytes());
        match call(self.target, Method::POST, self.path, Some(body)).await {
            Ok(ended) => judged(&ended),
            Err(error) => Fed {
                receivers: None,
                outcome: error.judged.outcome,
                position: None,
                error: Some(format!("{error} ({})", error.judged.because)),
            },
        }
    }
}

fn judged(ended: &Ended) -> Fed {
    let judged = judge_status(ended.status);
    let why = || ended.detail().unwrap_or_else(|| judged.because.into());
    Fed {
        receivers: None,
        outcome: judged.outcome,
        position: None,
        error: (judged.outcome != Outcome::Ok)
            .then(|| format!("status {}: {}", ended.status, why())),
    }
}

/// Indexes of messages by key, in order; keys in the order of their first message.
fn by_key(messages: &[Outgoing]) -> Vec<Vec<usize>> {
    let mut lanes: Vec<Vec<usize>> = Vec::new();
    let mut lane_of: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, message) in messages.iter().enumerate() {
        let lane = *lane_of.entry(&message.key).or_insert_with(|| {
            lanes.push(Vec::new());
            lanes.len() - 1
        });
        lanes[lane].push(at);
    }
    lanes
}
