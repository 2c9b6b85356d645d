//! The server's state, and the way of a command through it.

use super::client::{Client, ClientId};
use super::keyspace::Keyspace;
use super::limits::Limits;
use super::outbox::Outbox;
use super::pubsub::Subscriptions;
use super::refusal::{Refusal, shown};
use super::reply::Reply;
use super::settings::Settings;
use super::table::{Command, Flags, Table};
use super::waiting::Waiting;
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};

/// Databases, as in `redis.conf`.
pub(super) const DATABASES: usize = 16;
/// Keys that active expiry removes at a time.
const EXPIRED_AT_ONCE_MAX: usize = 10_000;

/// Who asks, when, and about which database.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub client: ClientId,
    pub db: usize,
    pub now_ms: u64,
    /// Within `EXEC` nothing waits.
    pub is_in_exec: bool,
}

pub(super) type Outcome = Result<Reply, Refusal>;

/// A small Redis as a pure state machine: no sockets, and the time is the caller's.
#[derive(Debug)]
pub struct Store {
    pub(super) limits: Limits,
    pub(super) spaces: Vec<Keyspace>,
    pub(super) clients: BTreeMap<ClientId, Client>,
    pub(super) subscriptions: Subscriptions,
    pub(super) watched: BTreeMap<(usize, Bytes), BTreeSet<ClientId>>,
    pub(super) waiting: Waiting,
    pub(super) settings: Settings,
    pub(super) evicted: u64,
    pub(super) commands: u64,
    pub(super) connections: u64,
    pub(super) started_ms: Option<u64>,
    table: Table,
    chance: u64,
    awakened: Vec<ClientId>,
}

impl Store {
    /// An empty server. What happens by chance follows from the seed.
    pub fn new(seed: u64) -> Self {
        Self::with_limits(seed, Limits::default())
    }

    /// An empty server with other limits.
    pub fn with_limits(seed: u64, limits: Limits) -> Self {
        let mut spaces = Vec::new();
        spaces.resize_with(DATABASES, Keyspace::default);
        Self {
            limits,
            spaces,
            clients: BTreeMap::new(),
            subscriptions: Subscriptions::default(),
            watched: BTreeMap::new(),
            waiting: Waiting::default(),
            settings: Settings::default(),
            evicted: 0,
            commands: 0,
            connections: 0,
            started_ms: None,
            table: Table::new(),
            chance: seed | 1,
            awakened: Vec::new(),
        }
    }

    /// A connection from this address. Its number is needed for all that follows.
    pub fn connect(&mut self, address: String, now_ms: u64) -> Result<ClientId, Refusal> {
        self.started_ms.get_or_insert(now_ms);
        if self.clients.len() >= self.limits.clients {
            return Err(Refusal::of("ERR max number of clients reached"));
        }
        self.connections += 1;
        let id = self.connections;
        self.clients.insert(id, Client::new(address, now_ms));
        Ok(id)
    }

    /// The connection is gone: so are its subscriptions and its transaction.
    pub fn disconnect(&mut self, client: ClientId) {
        self.forget(client);
        self.clients.remove(&client);
    }

    /// Ends all that others could see of a client.
    pub(super) fn forget(&mut self, client: ClientId) {
        self.unsubscribe_all(client);
        self.unwatch(client);
        self.stop_waiting(client);
        if let Some(client) = self.clients.get_mut(&client) {
            client.transaction = None;
        }
    }

    /// Does a command. The replies are in the outboxes of whom they are for.
    pub fn apply(&mut self, client: ClientId, args: &[Bytes], now_ms: u64) {
        self.commands += 1;
        let reply = Reply::from(self.dispatched(client, args, now_ms));
        self.send(client, &reply, now_ms);
        self.settle(now_ms);
        self.serve_waiting(now_ms);
    }

    fn dispatched(&mut self, id: ClientId, args: &[Bytes], now_ms: u64) -> Outcome {
        if args.is_empty() {
            return Ok(Reply::Nothing);
        }
        let allowed = self.allowed(id, args, now_ms);
        let Some(client) = self.clients.get_mut(&id) else {
            return Ok(Reply::Nothing);
        };
        client.last_ms = now_ms;
        let command = match allowed {
            Ok(command) => command,
            Err(refusal) => {
                if let Some(transaction) = &mut client.transaction {
                    transaction.is_broken = true;
                }
                return Err(refusal);
            }
        };
        client.last_command = command.name;
        if client.transaction.is_some() && !command.flags.has(Flags::NOW) {
            return self.enqueue(id, args);
        }
        let call = Call {
            client: id,
            db: client.db,
            now_ms,
            is_in_exec: false,
        };
        (command.run)(self, call, args)
    }

    /// The command, if it is one that this client may give now.
    pub(super) fn allowed(
        &mut self,
        client: ClientId,
        args: &[Bytes],
        now_ms: u64,
    ) -> Result<&'static Command, Refusal> {
        let command = self.table.find(args)?;
        if !command.takes(args.len()) {
            return Err(Refusal::arity(command.name));
        }
        if !self.make_room(now_ms) && command.flags.has(Flags::GROWS) {
            return Err(Refusal::OUT_OF_MEMORY);
        }
        let known = self.clients.get(&client);
        let is_bound = known.is_some_and(|known| {
            known.is_subscriber() && known.protocol == super::reply::Protocol::Two
        });
        if is_bound && !command.flags.has(Flags::SUBSCRIBED) {
            let name = shown(&args[0]).to_ascii_lowercase();
            let full = if command.name.contains('|') {
                command.name
            } else {
                &name
            };
            return Err(Refusal::err(format!(
                "Can't execute '{full}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / \
                 QUIT / RESET are allowed in this context"
            )));
        }
        Ok(command)
    }

    /// Active expiry, and clients that have let too much wait for too long. To be
    /// called some times a second.
    pub fn cycle(&mut self, now_ms: u64) {
        for space in &mut self.spaces {
            space.cycle(now_ms, EXPIRED_AT_ONCE_MAX);
        }
        self.settle(now_ms);
        self.serve_waiting(now_ms);
        let waiting: Vec<ClientId> = self
            .clients
            .iter()
            .filter(|(_, client)| !client.outbox.is_empty())
            .map(|(id, _)| *id)
            .collect();
        for client in waiting {
            self.limit_output(client, now_ms);
        }
    }

    /// Tells those who watch or wait for a key that it was modified.
    pub(super) fn settle(&mut self, _now_ms: u64) {
        for db in 0..self.spaces.len() {
            for key in self.spaces[db].take_changed() {
                let place = (db, key);
                if let Some(watching) = self.watched.get(&place) {
                    for client in watching {
                        if let Some(client) = self.clients.get_mut(client) {
                            client.is_stale = true;
                        }
                    }
                }
                self.waiting.ready(place);
            }
        }
    }

    /// Puts a reply into a client's outbox.
    pub(super) fn send(&mut self, id: ClientId, reply: &Reply, now_ms: u64) {
        if matches!(reply, Reply::Nothing) {
            return;
        }
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        let protocol = client.protocol;
        client.outbox.append(|into| reply.write(protocol, into));
        self.written_to(id, now_ms);
    }

    /// Notes that a client has something to be written, and hangs up on it where that
    /// is too much.
    pub(super) fn written_to(&mut self, id: ClientId, now_ms: u64) {
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        if !client.is_awakened {
            client.is_awakened = true;
            self.awakened.push(id);
        }
        self.limit_output(id, now_ms);
    }

    fn limit_output(&mut self, id: ClientId, now_ms: u64) {
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        let limit = match client.is_subscriber() {
            true => &self.settings.pubsub,
            false => &self.settings.normal,
        };
        let is_over = client.outbox.is_over(limit, now_ms);
        if (is_over || client.outbox.bytes() > self.limits.output_bytes) && !client.is_cut {
            self.cut(id);
        }
    }

    /// Hangs up on a client. What waits for it is lost, and it receives nothing more.
    pub(super) fn cut(&mut self, id: ClientId) {
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        client.is_cut = true;
        client.is_closing = true;
        client.outbox.clear();
        if !client.is_awakened {
            client.is_awakened = true;
            self.awakened.push(id);
        }
        self.forget(id);
    }

    /// Clients that have something to be written, or are hung up on, since the last
    /// time.
    pub fn take_awakened(&mut self) -> Vec<ClientId> {
        for id in &self.awakened {
            if let Some(client) = self.clients.get_mut(id) {
                client.is_awakened = false;
            }
        }
        std::mem::take(&mut self.awakened)
    }

    /// What waits for a client.
    pub fn outbox(&mut self, client: ClientId) -> Option<&mut Outbox> {
        let client = self.clients.get_mut(&client)?;
        Some(&mut client.outbox)
    }

    /// Whether a client waits in a command with `BLOCK`, and until when; its next
    /// command is to wait, too.
    pub fn is_waiting(&self, client: ClientId) -> Option<Option<u64>> {
        let reading = self.clients.get(&client)?.reading.as_ref()?;
        Some(reading.until_ms)
    }

    /// Whether nothing more is to be read from a client.
    pub fn is_closing(&self, client: ClientId) -> bool {
        self.clients
            .get(&client)
            .is_none_or(|client| client.is_closing)
    }

    /// Whether a client is hung up on at once.
    pub fn is_cut(&self, client: ClientId) -> bool {
        self.clients.get(&client).is_none_or(|client| client.is_cut)
    }

    /// A last reply to what is no request, and nothing more is read.
    pub fn refuse(&mut self, client: ClientId, refusal: Refusal, now_ms: u64) {
        self.send(client, &Reply::Error(refusal), now_ms);
        if let Some(client) = self.clients.get_mut(&client) {
            client.is_closing = true;
        }
    }

    pub(super) fn space(&mut self, call: Call) -> &mut Keyspace {
        &mut self.spaces[call.db]
    }

    /// The next number by chance (xorshift64).
    pub(super) fn chance(&mut self) -> u64 {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        self.chance
    }

    pub(super) fn client(&mut self, call: Call) -> Result<&mut Client, Refusal> {
        let client = self.clients.get_mut(&call.client);
        client.ok_or(Refusal::of("ERR this client is gone"))
    }

    pub(super) fn table(&self) -> &Table {
        &self.table
    }
}
