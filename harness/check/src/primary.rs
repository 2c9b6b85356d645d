//! One primary code per message and sink; the others stand beside it as
//! evidence.

use crate::words::message;
use exactly_model::{Anomaly, Code};
use std::collections::BTreeMap;

/// From the most specific code on. Losses come before duplicates before what
/// is merely remarkable; L4, D1 and T3 are not listed, because they only ever
/// explain another code.
const RANK: [Code; 17] = [
    Code::L7,
    Code::D6,
    Code::L1,
    Code::L3,
    Code::D5,
    Code::D4,
    Code::D3,
    Code::G2,
    Code::T1,
    Code::T2,
    Code::T5,
    Code::F1,
    Code::I1,
    Code::X1,
    Code::I2,
    Code::O1,
    Code::G4,
];

/// What was found so far in one trial.
pub(crate) struct Findings {
    trial: u32,
    /// By sink, then code; sequences ascending, never empty.
    ids: BTreeMap<String, BTreeMap<Code, (Vec<u32>, String)>>,
    /// Findings that name no message of the trial.
    bare: Vec<Anomaly>,
}

impl Findings {
    pub(crate) fn new(trial: u32) -> Self {
        Self {
            trial,
            ids: BTreeMap::new(),
            bare: Vec::new(),
        }
    }

    /// Adds `ids` (ascending, without repeats) under `code`; an empty list
    /// finds nothing. `detail` gets the number of ids and the first one.
    pub(crate) fn ids(
        &mut self,
        code: Code,
        sink: &str,
        ids: Vec<u32>,
        detail: impl FnOnce(u64, &str) -> String,
    ) {
        debug_assert!(ids.is_sorted_by(|a, b| a < b), "ids are a set");
        let Some(first) = ids.first() else { return };
        let text = detail(ids.len() as u64, &message(self.trial, *first));
        self.ids
            .entry(sink.to_owned())
            .or_default()
            .insert(code, (ids, text));
    }

    /// Adds a finding that names no message of the trial.
    pub(crate) fn bare(&mut self, code: Code, sink: &str, count: u64, detail: String) {
        self.bare.push(Anomaly {
            code,
            sink: sink.to_owned(),
            ids: Vec::new(),
            count,
            primary: true,
            detail,
        });
    }

    /// Ordered by code, then sink. Where a code is primary for some messages
    /// and evidence for others it stands twice, the primary part first.
    pub(crate) fn into_anomalies(self) -> Vec<Anomaly> {
        let mut anomalies = self.bare;
        let mut everywhere = Vec::new();
        let mut without_sink = None;
        for (sink, mut codes) in self.ids {
            if sink.is_empty() {
                without_sink = Some(codes);
                continue;
            }
            let mut taken = Vec::new();
            for code in RANK {
                if let Some((ids, detail)) = codes.remove(&code) {
                    split(&mut anomalies, code, &sink, ids, &detail, &mut taken);
                }
            }
            for (code, (ids, detail)) in codes {
                anomalies.push(anomaly(code, &sink, ids, false, detail));
            }
            everywhere = union(&everywhere, &taken);
        }
        for (code, (ids, detail)) in without_sink.into_iter().flatten() {
            split(&mut anomalies, code, "", ids, &detail, &mut everywhere);
        }
        anomalies.sort_by(|a, b| (a.code, &a.sink, !a.primary).cmp(&(b.code, &b.sink, !b.primary)));
        anomalies
    }
}

/// Pushes `ids` as primary where they are not `taken`, else as evidence, and
/// takes them.
fn split(
    anomalies: &mut Vec<Anomaly>,
    code: Code,
    sink: &str,
    ids: Vec<u32>,
    detail: &str,
    taken: &mut Vec<u32>,
) {
    let (evidence, primary): (Vec<u32>, Vec<u32>) = ids
        .into_iter()
        .partition(|id| taken.binary_search(id).is_ok());
    if !primary.is_empty() {
        *taken = union(taken, &primary);
        anomalies.push(anomaly(code, sink, primary, true, detail.to_owned()));
    }
    if !evidence.is_empty() {
        anomalies.push(anomaly(code, sink, evidence, false, detail.to_owned()));
    }
}

fn anomaly(code: Code, sink: &str, ids: Vec<u32>, primary: bool, detail: String) -> Anomaly {
    Anomaly {
        code,
        sink: sink.to_owned(),
        count: ids.len() as u64,
        ids,
        primary,
        detail,
    }
}

fn union(a: &[u32], b: &[u32]) -> Vec<u32> {
    let mut all: Vec<u32> = a.iter().chain(b).copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}
