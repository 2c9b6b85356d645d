//! A running system, and one trial's corner of it.

use crate::{Decoder, FeedError, Host, ObserveError, StartError, StopSignal};
use async_trait::async_trait;
use exactly_model::{
    MessageId, Need, Observer, Outcome, Position, Setup, SystemInfo, SystemPlace, View,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A kind of system.
#[async_trait]
pub trait Adapter: Send + Sync {
    /// `kafka`, `postgres`.
    fn kind(&self) -> &'static str;
    /// The names that [`Scope::placeholders`] will have, with `setup`.
    fn placeholders(&self, setup: &Setup) -> Vec<String>;
    /// Starts or reaches the system. Returns when it is ready to serve.
    async fn start(
        &self,
        place: &SystemPlace,
        host: Arc<dyn Host>,
    ) -> Result<Arc<dyn Instance>, StartError>;
    /// Whether all that [`start`](Self::start) needs at `place` is at hand: the
    /// version, where it is known beforehand, or the error that a start would end
    /// in. Fetches nothing, and leaves nothing running. A place that this kind of system
    /// does not have is [`StartError::Config`].
    async fn at_hand(
        &self,
        place: &SystemPlace,
        host: Arc<dyn Host>,
    ) -> Result<Option<String>, StartError> {
        let _ = host;
        match place {
            SystemPlace::Embedded => Ok(None),
            SystemPlace::Local { .. } | SystemPlace::At(_) => Err(StartError::Config {
                system: self.kind(),
                why: "nothing is installed for this place".into(),
                hint: "leave it embedded".into(),
            }),
        }
    }
    /// An embedded system that another process of the harness has started, and
    /// stops: `addresses` are what [`Instance::addresses`] says there.
    async fn join(&self, addresses: &[(String, u16)]) -> Result<Arc<dyn Instance>, StartError>;
}

/// Names of one trial. Every name that an adapter makes carries both numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TrialNames {
    /// Run number.
    pub run: u32,
    /// Trial number.
    pub trial: u32,
}

/// A running system. Shared by all trials of a run.
#[async_trait]
pub trait Instance: Send + Sync {
    /// How the report names it; `name` is the pipeline's.
    fn info(&self, name: &str) -> SystemInfo;
    /// Hosts and ports that the first boundaries of an incarnation lead to: all
    /// nodes that a client may begin with.
    fn addresses(&self) -> Vec<(String, u16)>;
    /// What a client is told, in the words of its protocol: `host:port` of each node
    /// where nothing else is usual, else a URL. Without secrets.
    fn endpoint(&self) -> String {
        let addresses = self.addresses();
        let each = addresses
            .iter()
            .map(|(host, port)| format!("{host}:{port}"));
        each.collect::<Vec<_>>().join(",")
    }
    /// What this place lacks of a need; `None` when it has it, or when the need
    /// is none of this system's business.
    fn lacks(&self, need: Need) -> Option<Lack> {
        let _ = need;
        None
    }
    /// The ability to break nodes.
    fn control(&self) -> Option<Arc<dyn Control>> {
        None
    }
    /// Opens a trial's corner: fresh names, the setup applied.
    async fn open(&self, names: TrialNames, setup: &Setup) -> Result<Arc<dyn Scope>, StartError>;
    /// Stops it if the harness started it.
    async fn stop(&self);
}

/// What a place does not have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Lack {
    /// It is not made for that: a cell that needs it is not hosted there.
    NotHosted(String),
    /// It is, and this one refuses: a cell that needs it is inconclusive. Names
    /// the API and the versions.
    Refused(String),
    /// It has it, and only by really waiting: a cell that needs it is hosted where
    /// that is allowed.
    Waits {
        /// Why nothing shortens it.
        why: String,
        /// How long.
        seconds: u64,
    },
}

/// Breaks and mends the nodes of a system that the harness started.
#[async_trait]
pub trait Control: Send + Sync {
    /// Numbers of all nodes, ascending.
    fn nodes(&self) -> Vec<u32>;
    /// The node that listens at `host:port`.
    fn at(&self, host: &str, port: u16) -> Option<u32>;
    /// SIGKILL. Returns when the node is gone.
    async fn kill(&self, node: u32);
    /// Orderly stop. Returns when the node is gone.
    async fn stop(&self, node: u32);
    /// Stop by `signal`, for a server that ends in more ways than one (Postgres:
    /// smart, fast and immediate shutdown). Returns when the node is gone, by
    /// whatever it took. The others stop in the way that they have.
    async fn stop_by(&self, node: u32, signal: StopSignal) {
        let _ = signal;
        self.stop(node).await;
    }
    /// Starts a node that is gone. Returns when it serves.
    async fn start(&self, node: u32) -> Result<(), StartError>;
    /// SIGSTOP.
    async fn pause(&self, node: u32);
    /// SIGCONT.
    async fn resume(&self, node: u32);
    /// Waits until every node serves and every replica is in sync: nothing may be
    /// called lost before.
    async fn healed(&self) -> Result<(), StartError>;
}

/// One trial's corner of a system. Kept until the final sweep.
#[async_trait]
pub trait Scope: Send + Sync {
    /// What placeholders of this system stand for, when the process is to dial
    /// `addresses` (never empty; in the order of [`Instance::addresses`]):
    /// `address`, `url`, `topic.orders`, `group`, ...
    fn placeholders(&self, addresses: &[(String, u16)]) -> BTreeMap<String, String>;
    /// A decoder for one connection.
    fn decoder(&self) -> Box<dyn Decoder>;
    /// How many bytes a boundary may hold for a client that does not read, in each of
    /// its two sockets, where the system notices that: it is to be told no later than it
    /// would be by the client itself. As many as the kernel likes where absent.
    fn socket_buffer(&self) -> Option<u32> {
        None
    }
    /// What the protocol lets happen to every exchange of `operation` on
    /// `target`: only that is planned there.
    fn faults_at(&self, operation: &str, target: &str) -> Faultable {
        let _ = (operation, target);
        Faultable::default()
    }
    /// The feeding ability.
    fn feeder(&self) -> Option<&dyn Feeder> {
        None
    }
    /// The observing ability.
    fn observing(&self) -> Option<&dyn Observing> {
        None
    }
    /// The ability to say what is left to do.
    fn backlog(&self) -> Option<&dyn Backlog> {
        None
    }
    /// The ability to read positions that a pipeline keeps in this system.
    fn positions(&self) -> Option<&dyn Positions> {
        None
    }
    /// The ability to shorten the wait for a dead client.
    fn assist(&self) -> Option<&dyn Assisting> {
        None
    }
    /// The ability to forget sooner what is forgotten with time.
    fn horizon(&self) -> Option<&dyn Horizon> {
        None
    }
    /// The ability to feed the pipeline what was put aside.
    fn replaying(&self) -> Option<&dyn Replaying> {
        None
    }
    /// Removes the trial's names. Best effort; called after the final sweep.
    async fn close(&self);
}

/// What a protocol lets happen to an exchange, beside what a network does to any.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Faultable {
    /// Refused without an apply, by an error that says so.
    pub error_before: bool,
    /// Applied, and answered by an error that is legal after an apply.
    pub error_after: bool,
    /// Applied in part: each such request is a batch of several.
    pub parts: bool,
    /// Overtaken by its own retry on another connection.
    pub overtakes: bool,
}

/// A message to feed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outgoing {
    /// Identity.
    pub id: MessageId,
    /// Key.
    pub key: String,
    /// Payload.
    pub payload: String,
    /// What stands for each placeholder of messages (`id`, `key`, `seq`, `checksum`,
    /// `payload`), for a feeder that fills in a template of its own.
    pub fields: Vec<(&'static str, String)>,
}

/// What the sender knows of a message it sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fed {
    /// Outcome, by the protocol's error table.
    pub outcome: Outcome,
    /// Where it went (`offset` = its own).
    pub position: Option<Position>,
    /// The error.
    pub error: Option<String>,
    /// To how many receivers the system says that it gave it (Redis: the answer to
    /// PUBLISH), where it says so.
    pub receivers: Option<u64>,
}

/// Feeds messages past the boundary.
#[async_trait]
pub trait Feeder: Send + Sync {
    /// Sends `messages` to logical target `to` with at most `concurrency` in
    /// flight, and answers one [`Fed`] each, in the same order. Messages of one
    /// key are sent in order. The engine feeds in slices of bounded size.
    async fn feed(
        &self,
        to: &str,
        messages: &[Outgoing],
        concurrency: u32,
    ) -> Result<Vec<Fed>, FeedError>;
}

/// An effect as the sink shows it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Seen {
    /// Identity.
    pub id: MessageId,
    /// Key.
    pub key: Option<String>,
    /// Per-key sequence.
    pub key_seq: Option<u32>,
    /// Partition of a log.
    pub partition: Option<u32>,
    /// Order at the sink (commit order, log offset).
    pub position: Option<i64>,
    /// The transaction that committed it, by a name that is unique within the
    /// sink; `None` outside of transactions and while it is open or aborted.
    pub unit: Option<String>,
    /// Checksum.
    pub checksum: Option<u32>,
    /// View.
    pub view: View,
}

/// Reads effects at the sink, past the boundary.
#[async_trait]
pub trait Observing: Send + Sync {
    /// Reads every effect that the observer's view shows and hands each to
    /// `each`.
    async fn observe(
        &self,
        observer: &Observer,
        each: &mut (dyn FnMut(Seen) + Send),
    ) -> Result<(), ObserveError>;
    /// How many effects there are: cheap, polled while a trial settles.
    async fn count(&self, observer: &Observer) -> Result<u64, ObserveError>;
    /// Begins to watch, before the pipeline runs. What is read by consuming it is
    /// consumed from now on, as whoever stands behind a queue consumes it: while the
    /// pipeline is still at work.
    async fn watch(&self, observer: &Observer) -> Result<(), ObserveError> {
        let _ = observer;
        Ok(())
    }
}

/// What is left to do.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Left {
    /// Items left, by the system's own definition. 0 = at rest.
    pub items: u64,
    /// In words ("3 records past the committed offset of topic.orders").
    pub detail: String,
    /// Committed positions (`offset` = next to be read).
    pub committed: Vec<Position>,
    /// Messages that the system gave up without an acknowledgement.
    pub put_aside: Vec<PutAside>,
}

/// A message that a system gave up.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct PutAside {
    /// Identity.
    pub id: MessageId,
    /// Why, in words (`received 3 times, now in orders-dlq`).
    pub how: String,
}

/// Knows when a system has nothing left to do for the trial.
#[async_trait]
pub trait Backlog: Send + Sync {
    /// What is left. `dead_ports` are the local ports of boundary connections
    /// whose client is dead: a server may still be working for them.
    ///
    /// `kept` are the positions that the pipeline keeps itself; they stand in
    /// for the ones committed to the system. Absent: the system's count.
    async fn left(
        &self,
        dead_ports: &[u16],
        kept: Option<&[Position]>,
    ) -> Result<Left, ObserveError>;
}

/// Reads positions that a pipeline keeps in a sink of its own.
#[async_trait]
pub trait Positions: Send + Sync {
    /// The rows of `query` (columns `partition` and `next`), as positions in
    /// `target`.
    async fn positions(&self, query: &str, target: &str) -> Result<Vec<Position>, ObserveError>;
}

/// Lets a system's windows pass: what it remembers of duplicates, and every lease.
/// Called while no client of the trial is at work.
#[async_trait]
pub trait Horizon: Send + Sync {
    /// How long [`expire`](Self::expire) really waits; `None` where a clock is moved.
    fn waits(&self) -> Option<Duration> {
        None
    }
    /// Returns when they have passed.
    async fn expire(&self) -> Result<Passed, ObserveError>;
}

/// What has passed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Passed {
    /// In words (`the deduplication window`).
    pub what: String,
    /// How long it is, in seconds.
    pub seconds: u64,
}

/// Feeds the pipeline what the system has put aside.
#[async_trait]
pub trait Replaying: Send + Sync {
    /// Returns when they are on their way.
    async fn replay(&self) -> Result<Replayed, ObserveError>;
}

/// What is delivered once more.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Replayed {
    /// Messages.
    pub messages: u64,
    /// What was done in the place of what the system is said to do, in words.
    pub instead: Option<String>,
}

/// Shortens the wait for a dead client's lease.
#[async_trait]
pub trait Assisting: Send + Sync {
    /// Releases what dead clients hold (Kafka: LeaveGroup for the member ids that
    /// the decoders saw). `all_dead`: no process of the pipeline lives, so that
    /// whatever is held is held by the dead. Answers what was done, in words; empty
    /// when nothing.
    async fn release_dead(&self, all_dead: bool) -> Vec<String>;
}
