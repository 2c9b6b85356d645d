//! What is expected, and the codes that contradict it.

use super::sinks::shows_content;
use crate::config::error::{Key, Wrong, meant, quoted};
use crate::config::expect::{self, Expect};
use crate::config::file::ExpectAt;
use exactly_model::{Allowed, Code, Feed, Guarantee, Observer};
use std::collections::{BTreeMap, BTreeSet};

/// The claim's side of a check.
pub(super) struct Expectation {
    pub sentence: String,
    pub asserted: Guarantee,
    pub asserted_at: BTreeMap<String, Guarantee>,
    pub forbidden: Vec<Code>,
    pub forbidden_at: BTreeMap<String, Vec<Code>>,
    pub allowed: Vec<Allowed>,
}

pub(super) fn of(
    given: &Expect,
    observers: &[Observer],
    feed: &Feed,
    notes: &mut Vec<String>,
) -> Result<Expectation, Wrong> {
    let key = Key::of("expect");
    for name in given.at.keys() {
        if !observers.iter().any(|observer| observer.name == *name) {
            let known = observers.iter().map(|o| -> &str { &o.name });
            let keys = expect::keys().map(|key| -> &str { key });
            let hint = meant(known.chain(keys), name);
            let what = format!("no sink is called {}{hint}", quoted(name));
            return Err(Wrong::at(&key.name(name), what));
        }
    }
    let mut allowed = allowed(&key, &given.all)?;
    let everywhere: BTreeSet<Code> = allowed.iter().map(|allowed| allowed.code).collect();
    let also = codes(&key, &given.all)?;
    let mut guarantees = BTreeMap::new();
    let mut forbidden_at = BTreeMap::new();
    for observer in observers {
        let name = &observer.name;
        let at = given.at.get(name);
        let guarantee = at.and_then(|at| at.guarantee).or(given.all.guarantee);
        let Some(guarantee) = guarantee else {
            let what = format!(
                "says nothing of {name:?}: write guarantee = \"exactly-once\", \"at-least-once\", \
                 \"at-most-once\" or \"none\""
            );
            return Err(Wrong::at(&key, what));
        };
        let mut codes_here: BTreeSet<Code> = guarantee
            .forbids()
            .into_iter()
            .chain(also.clone())
            .collect();
        let mut here = everywhere.clone();
        if let Some(at) = at {
            let key = key.name(name);
            codes_here.extend(codes(&key, at)?);
            let more = self::allowed(&key, at)?;
            here.extend(more.iter().map(|allowed| allowed.code));
            allowed.extend(more);
        }
        if !shows_content(observer) && codes_here.remove(&Code::I2) {
            notes.push(format!(
                "observer {name} shows neither key, seq nor checksum: whether contents are what was \
                 sent (I2) is not looked at"
            ));
        }
        codes_here.retain(|code| !here.contains(code));
        guarantees.insert(name.clone(), guarantee);
        forbidden_at.insert(name.clone(), codes_here.into_iter().collect::<Vec<_>>());
    }
    let asserted = given
        .all
        .guarantee
        .unwrap_or_else(|| weakest(guarantees.values()));
    let all: BTreeSet<Code> = forbidden_at.values().flatten().copied().collect();
    let forbidden: Vec<Code> = all.into_iter().collect();
    forbidden_at.retain(|_, codes| *codes != forbidden);
    let sentence = sentence(&guarantees, feed);
    guarantees.retain(|_, guarantee| *guarantee != asserted);
    allowed.sort();
    allowed.dedup();
    Ok(Expectation {
        sentence,
        asserted,
        asserted_at: guarantees,
        forbidden,
        forbidden_at,
        allowed,
    })
}

/// What all of them together promise.
fn weakest<'a>(guarantees: impl Iterator<Item = &'a Guarantee> + Clone) -> Guarantee {
    let any = |of: [Guarantee; 2]| guarantees.clone().any(|guarantee| of.contains(guarantee));
    Guarantee::measured(
        any([Guarantee::AtMostOnce, Guarantee::None]),
        any([Guarantee::AtLeastOnce, Guarantee::None]),
    )
}

fn codes(key: &Key, given: &ExpectAt) -> Result<Vec<Code>, Wrong> {
    let key = key.name("forbid");
    let each = given.forbid.iter().enumerate();
    each.map(|(n, text)| code(&key.index(n), text)).collect()
}

fn allowed(key: &Key, given: &ExpectAt) -> Result<Vec<Allowed>, Wrong> {
    let key = key.name("allow");
    let mut all = Vec::new();
    for (n, allow) in given.allow.iter().enumerate() {
        let key = key.index(n);
        if allow.reason.trim().is_empty() {
            let what = "is empty: say why it is no harm here; whoever reads the report will ask";
            return Err(Wrong::at(&key.name("reason"), what));
        }
        let code = code(&key.name("code"), &allow.code)?;
        if given
            .forbid
            .iter()
            .any(|forbidden| Code::parse(forbidden) == Some(code))
        {
            let what = format!("{code} is in `forbid` too: keep one of the two");
            return Err(Wrong::at(&key.name("code"), what));
        }
        all.push(Allowed {
            code,
            reason: allow.reason.trim().into(),
        });
    }
    Ok(all)
}

fn code(key: &Key, text: &str) -> Result<Code, Wrong> {
    Code::parse(text).ok_or_else(|| {
        let known = Code::ALL.iter().map(|code| code.as_str());
        let hint = meant(known, text);
        Wrong::at(
            key,
            format!(
                "{} is no code of an anomaly; `exactly explain` lists them{hint}",
                quoted(text)
            ),
        )
    })
}

/// `Each message of orders has its effect exactly once at orders.`
fn sentence(guarantees: &BTreeMap<String, Guarantee>, feed: &Feed) -> String {
    let mut by: BTreeMap<Guarantee, Vec<&str>> = BTreeMap::new();
    for (sink, guarantee) in guarantees {
        by.entry(*guarantee).or_default().push(sink);
    }
    let parts: Vec<String> = by
        .iter()
        .map(|(guarantee, sinks)| {
            let how = match guarantee {
                Guarantee::ExactlyOnce => "exactly once",
                Guarantee::AtLeastOnce => "at least once",
                Guarantee::AtMostOnce => "at most once",
                Guarantee::None => "any number of times",
            };
            format!("{how} at {}", sinks.join(" and "))
        })
        .collect();
    let fed = match feed.by.is_some() || feed.to.contains(' ') {
        true => String::new(),
        false => format!(" of {}", feed.to),
    };
    format!("Each message{fed} has its effect {}.", parts.join(", "))
}
