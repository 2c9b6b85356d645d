//! The rules of conformance are broken, one at a time, by a system in memory, and
//! each break is seen; the same system with nothing broken keeps them all.

use async_trait::async_trait;
use exactly_adapter::conformance::{Answer, Line, Subject, examine};
use exactly_adapter::{
    Adapter, Backlog, Decoder, Fed, FeedError, Feeder, Horizon, Host, Instance, Left, ObserveError,
    Observing, Outgoing, Passed, Scope, Seen, StartError, TrialNames,
};
use exactly_model::{Observer, Outcome, Position, Setup, SinkKind, SystemInfo, SystemPlace, View};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is wrong with the system.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Flaw {
    Nothing,
    PromisesMore,
    LeaksItsAddress,
    SharesNames,
    LosesOne,
    DoublesOne,
    ChangesAKey,
    SaysUnknown,
    GoesBack,
    IsFullAtFirst,
    LeavesWorkAtFirst,
    ConsumesByLooking,
    Miscounts,
    SharesEffects,
    LooksWork,
    NeverForgets,
}

const PORT: u16 = 4321;

struct Memory {
    flaw: Flaw,
    shared: Arc<Mutex<Vec<Seen>>>,
}

#[async_trait]
impl Adapter for Memory {
    fn kind(&self) -> &'static str {
        "memory"
    }

    fn placeholders(&self, _setup: &Setup) -> Vec<String> {
        let mut names = vec!["address".to_string(), "log".to_string()];
        if self.flaw == Flaw::PromisesMore {
            names.push("url".into());
        }
        names
    }

    async fn start(
        &self,
        _place: &SystemPlace,
        _host: Arc<dyn Host>,
    ) -> Result<Arc<dyn Instance>, StartError> {
        self.join(&[]).await
    }

    async fn join(&self, _addresses: &[(String, u16)]) -> Result<Arc<dyn Instance>, StartError> {
        Ok(Arc::new(Memory {
            flaw: self.flaw,
            shared: self.shared.clone(),
        }))
    }
}

#[async_trait]
impl Instance for Memory {
    fn info(&self, _name: &str) -> SystemInfo {
        SystemInfo {
            name: "memory".into(),
            kind: "memory".into(),
            place: "here".into(),
            version: "1".into(),
            emulated: true,
        }
    }

    fn addresses(&self) -> Vec<(String, u16)> {
        vec![("127.0.0.1".into(), PORT)]
    }

    async fn open(&self, names: TrialNames, _setup: &Setup) -> Result<Arc<dyn Scope>, StartError> {
        let own = Arc::new(Mutex::new(Vec::new()));
        Ok(Arc::new(Corner {
            flaw: self.flaw,
            names,
            log: match self.flaw {
                Flaw::SharesEffects => self.shared.clone(),
                _ => own,
            },
            known: Mutex::default(),
            looks: AtomicU64::new(0),
        }))
    }

    async fn stop(&self) {}
}

struct Corner {
    flaw: Flaw,
    names: TrialNames,
    log: Arc<Mutex<Vec<Seen>>>,
    /// What would be a repetition.
    known: Mutex<BTreeSet<String>>,
    looks: AtomicU64,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Scope for Corner {
    fn placeholders(&self, addresses: &[(String, u16)]) -> BTreeMap<String, String> {
        let (host, port) = &addresses[0];
        let port = match self.flaw {
            Flaw::LeaksItsAddress => &PORT,
            _ => port,
        };
        let trial = match self.flaw {
            Flaw::SharesNames => 0,
            _ => self.names.trial,
        };
        BTreeMap::from([
            ("address".to_string(), format!("{host}:{port}")),
            ("log".to_string(), format!("log-{trial}")),
        ])
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        unreachable!("nothing is proxied here")
    }

    fn feeder(&self) -> Option<&dyn Feeder> {
        Some(self)
    }

    fn observing(&self) -> Option<&dyn Observing> {
        Some(self)
    }

    fn backlog(&self) -> Option<&dyn Backlog> {
        Some(self)
    }

    fn horizon(&self) -> Option<&dyn Horizon> {
        Some(self)
    }

    async fn close(&self) {}
}

impl Corner {
    fn append(&self, message: &Outgoing, n: usize) {
        let skipped = self.flaw == Flaw::LosesOne && n == 3;
        if skipped || !locked(&self.known).insert(message.id.to_text()) {
            return;
        }
        let seq = message.fields.iter().find(|(name, _)| *name == "seq");
        let mut seen = Seen {
            id: message.id,
            key: Some(message.key.clone()),
            key_seq: seq.and_then(|(_, seq)| seq.parse().ok()),
            partition: None,
            position: None,
            unit: None,
            checksum: None,
            view: View::default(),
        };
        if self.flaw == Flaw::ChangesAKey && n == 1 {
            seen.key = Some("another".into());
        }
        let mut log = locked(&self.log);
        if self.flaw == Flaw::DoublesOne && n == 2 {
            log.push(seen.clone());
        }
        log.push(seen);
    }
}

#[async_trait]
impl Feeder for Corner {
    async fn feed(
        &self,
        to: &str,
        messages: &[Outgoing],
        _concurrency: u32,
    ) -> Result<Vec<Fed>, FeedError> {
        let fed = messages.iter().enumerate().map(|(n, message)| {
            self.append(message, n);
            let unknown = self.flaw == Flaw::SaysUnknown && n == 1;
            let offset = i64::try_from(n).unwrap();
            Fed {
                receivers: None,
                outcome: if unknown {
                    Outcome::Unknown
                } else {
                    Outcome::Ok
                },
                position: Some(Position {
                    target: to.into(),
                    partition: 0,
                    offset: match self.flaw {
                        Flaw::GoesBack => -offset,
                        _ => offset,
                    },
                }),
                error: None,
            }
        });
        Ok(fed.collect())
    }
}

#[async_trait]
impl Observing for Corner {
    async fn observe(
        &self,
        _observer: &Observer,
        each: &mut (dyn FnMut(Seen) + Send),
    ) -> Result<(), ObserveError> {
        let mut log = locked(&self.log);
        log.iter().cloned().for_each(each);
        if self.flaw == Flaw::ConsumesByLooking && log.len() > 5 {
            log.clear();
        }
        Ok(())
    }

    async fn count(&self, _observer: &Observer) -> Result<u64, ObserveError> {
        let count = locked(&self.log).len() as u64;
        Ok(match self.flaw {
            Flaw::IsFullAtFirst if count == 0 => 1,
            Flaw::Miscounts if count > 0 => count + 1,
            _ => count,
        })
    }
}

#[async_trait]
impl Backlog for Corner {
    async fn left(
        &self,
        _dead_ports: &[u16],
        _kept: Option<&[Position]>,
    ) -> Result<Left, ObserveError> {
        let fed = locked(&self.log).len() as u64;
        let looks = self.looks.fetch_add(1, Ordering::Relaxed);
        let items = match self.flaw {
            Flaw::LeavesWorkAtFirst if fed == 0 => 1,
            Flaw::LooksWork => fed.saturating_sub(looks),
            _ => fed,
        };
        Ok(Left {
            items,
            detail: format!("{items} left"),
            ..Left::default()
        })
    }
}

#[async_trait]
impl Horizon for Corner {
    async fn expire(&self) -> Result<Passed, ObserveError> {
        if self.flaw != Flaw::NeverForgets {
            locked(&self.known).clear();
        }
        Ok(Passed {
            what: "the window".into(),
            seconds: 300,
        })
    }
}

async fn lines(flaw: Flaw) -> Vec<Line> {
    let adapter = Memory {
        flaw,
        shared: Arc::default(),
    };
    let subject = Subject {
        instance: adapter.join(&[]).await.unwrap(),
        adapter: &adapter,
        setup: Setup::default(),
        to: "log".into(),
        payload: "{id}".into(),
        observer: Observer {
            name: "log".into(),
            system: "memory".into(),
            kind: SinkKind::Record,
            query: "log".into(),
            effects_per_message: 1,
            view: View::default(),
            by: None,
        },
        run: 1,
    };
    examine(&subject).await.unwrap()
}

fn broken(lines: &[Line]) -> Vec<&'static str> {
    let broken = lines
        .iter()
        .filter(|line| matches!(line.answer, Answer::Broken(_)));
    broken.map(|line| line.rule).collect()
}

#[tokio::test(start_paused = true)]
async fn what_keeps_every_rule_breaks_none() {
    let lines = lines(Flaw::Nothing).await;
    assert!(lines.iter().all(|line| line.answer == Answer::Holds));
    assert_eq!(lines.len(), 13, "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn each_flaw_breaks_its_own_rule() {
    let cases = [
        (Flaw::PromisesMore, "the placeholders"),
        (Flaw::LeaksItsAddress, "they lead to the boundary"),
        (Flaw::SharesNames, "each trial has names of its own"),
        (Flaw::LosesOne, "what was acknowledged is there, once"),
        (Flaw::DoublesOne, "what was acknowledged is there, once"),
        (Flaw::ChangesAKey, "what was acknowledged is there, once"),
        (Flaw::SaysUnknown, "each message has an outcome"),
        (Flaw::GoesBack, "messages of one key"),
        (Flaw::IsFullAtFirst, "a fresh sink is empty"),
        (Flaw::LeavesWorkAtFirst, "where nothing was fed"),
        (Flaw::ConsumesByLooking, "a second audit shows the same"),
        (Flaw::Miscounts, "its count is that of the audit"),
        (Flaw::SharesEffects, "another trial sees none of it"),
        (Flaw::LooksWork, "to look does not change"),
        (Flaw::NeverForgets, "once its windows have passed"),
    ];
    for (flaw, rule) in cases {
        let lines = lines(flaw).await;
        let broken = broken(&lines);
        assert!(
            broken.iter().any(|broken| broken.starts_with(rule)),
            "{flaw:?} broke {broken:?}"
        );
    }
}
