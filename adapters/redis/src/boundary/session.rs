//! What both directions of a connection share: who waits for a reply, the transaction,
//! the subscriptions, the version that is spoken.

use super::Corner;
use super::command::{names_addresses, unreadable};
use super::entries::{delivered, ids_in};
use super::label::{About, Label};
use super::legal::error_before;
use super::push::{Kind, Message, Pushed, Subscriptions, confirmed, pushed};
use super::transaction::Transaction;
use super::waiting::Waiting;
use crate::resp::{Frame, Token};
use exactly_adapter::{Delivered, Head, Reply};
use exactly_model::Class;
use std::collections::VecDeque;

/// Requests in flight on one connection: pipelines of clients are long.
const IN_FLIGHT_MAX: usize = 262_144;

/// State of one connection.
#[derive(Debug, Default)]
pub(super) struct Session {
    keys: u64,
    waiting: VecDeque<Waiting>,
    transaction: Option<Transaction>,
    silence: Silence,
    subscriptions: Subscriptions,
    /// Confirmations that the request in front still waits for, once the first came.
    confirmations: Option<u64>,
    /// Whether RESP3 is spoken, by the answer to HELLO.
    resp3: bool,
}

/// What CLIENT REPLY has said.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Silence {
    #[default]
    None,
    /// Until CLIENT REPLY ON.
    Off,
    /// For the next command.
    Next,
}

/// What a frame of the server says.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub opens: Option<Head>,
    pub closes: Option<Reply>,
    pub delivers: Vec<Delivered>,
}

impl Session {
    pub fn awaited(&self) -> usize {
        self.waiting.len()
    }

    /// A request is sent.
    pub fn asks(&mut self, mut label: Label) -> Result<Head, String> {
        if let Some(why) = unreadable(&label.operation) {
            return Err(format!("{} cannot be followed: {why}", label.operation));
        }
        if self.waiting.len() >= IN_FLIGHT_MAX {
            return Err(format!("more than {IN_FLIGHT_MAX} requests in flight"));
        }
        self.keys += 1;
        let key = self.keys;
        let is_queued = self.transaction.is_some() && !goes_past_a_queue(&label.operation);
        let answered = self.is_answered(&label, is_queued)?;
        let mut within = Vec::new();
        match (&mut self.transaction, &*label.operation) {
            (Some(transaction), _) if is_queued => transaction.queues(key, &mut label)?,
            (None, "MULTI") => self.transaction = Some(Transaction::new(key)),
            (Some(_), "EXEC") => {
                let transaction = self.transaction.take();
                within = transaction.map_or(Vec::new(), |t| t.executes(&mut label));
            }
            (Some(_), "DISCARD" | "RESET" | "QUIT") => self.transaction = None,
            _ => {}
        }
        if is_queued {
            label.class = Class::Control;
            label.ids.clear();
        }
        if answered {
            let mut waiting = Waiting::new(key, &mut label, is_queued);
            waiting.within = within;
            self.waiting.push_back(waiting);
        }
        Ok(Head {
            key,
            operation: label.operation,
            target: label.target,
            class: label.class,
            ids: label.ids,
            commits: Vec::new(),
            names: Vec::new(),
            expects_reply: answered,
        })
    }

    /// Whether a reply will come, by what CLIENT REPLY has said.
    fn is_answered(&mut self, label: &Label, is_queued: bool) -> Result<bool, String> {
        let before = self.silence;
        let in_order = !is_queued && before == Silence::None;
        match &label.about {
            About::Channels(_) if !in_order => Err(format!(
                "{} within a transaction, or while CLIENT REPLY is off, is not followed",
                label.operation
            )),
            About::Replies(_) if is_queued => {
                Err("CLIENT REPLY within a transaction is not followed".into())
            }
            About::Replies(word) => {
                self.silence = match (&**word, before) {
                    ("ON", _) => Silence::None,
                    ("OFF", _) | (_, Silence::Off) => Silence::Off,
                    ("SKIP", _) => Silence::Next,
                    _ => Silence::None,
                };
                Ok(word == "ON" || (before == Silence::None && self.silence == before))
            }
            // It also brings back a connection that was told to be silent.
            _ if label.operation == "RESET" => {
                self.silence = Silence::None;
                Ok(true)
            }
            _ => {
                if before == Silence::Next {
                    self.silence = Silence::None;
                }
                Ok(before == Silence::None)
            }
        }
    }

    /// A frame of the server.
    pub fn hears(&mut self, frame: Frame<'_>, corner: Corner<'_>) -> Result<Heard, String> {
        let subscribes = |waiting: &Waiting| matches!(waiting.about, About::Channels(_));
        let front = self.waiting.front();
        let in_array = !self.resp3 && (self.subscriptions.any() || front.is_some_and(subscribes));
        match pushed(frame, in_array)? {
            Some(Pushed::Message(message)) => Ok(self.message(message, corner)),
            Some(Pushed::Confirmation {
                kind,
                begins,
                count,
            }) => Ok(self.confirmation(kind, begins, count)),
            Some(Pushed::Other) => Ok(Heard::default()),
            None => self.reply(frame, corner),
        }
    }

    fn message(&mut self, message: Message<'_>, corner: Corner<'_>) -> Heard {
        let channel = corner.names.channel_target(message.channel);
        let ids = ids_in(message.payload);
        self.keys += 1;
        Heard {
            delivers: delivered(&ids, &channel, corner),
            opens: Some(Head {
                key: self.keys,
                operation: message.operation.into(),
                target: corner.names.channel_target(message.name),
                class: Class::Take,
                ids,
                commits: Vec::new(),
                names: Vec::new(),
                expects_reply: false,
            }),
            closes: None,
        }
    }

    /// The last confirmation is what ends the exchange.
    fn confirmation(&mut self, kind: Kind, begins: bool, count: u64) -> Heard {
        let before = self.subscriptions.of(kind);
        self.subscriptions.confirmed(kind, count);
        let Some((key, channels)) = self.waiting.front().and_then(|front| match front.about {
            About::Channels(n) if front.operation == confirmed(kind, begins) => {
                Some((front.key, n as u64))
            }
            _ => None,
        }) else {
            // A slot that moves ends subscriptions that nobody has asked to end.
            return Heard::default();
        };
        let expected = if channels == 0 {
            before.max(1)
        } else {
            channels
        };
        let left = self.confirmations.unwrap_or(expected) - 1;
        self.confirmations = Some(left);
        if left > 0 {
            return Heard::default();
        }
        self.confirmations = None;
        self.waiting.pop_front();
        let (reply, _) = super::waiting::Said::default().reply(key);
        Heard {
            closes: Some(reply),
            ..Heard::default()
        }
    }

    fn reply(&mut self, frame: Frame<'_>, corner: Corner<'_>) -> Result<Heard, String> {
        let first = frame.past_attributes().value();
        let is_error = matches!(first, Some(Token::Error(_)));
        let Some(waiting) = self.waiting.pop_front() else {
            return match is_error {
                // Too many clients, protected mode: said before anything was asked.
                true => Ok(Heard::default()),
                false => Err("a reply came that no request waits for".into()),
            };
        };
        self.confirmations = None;
        match (first, &*waiting.operation) {
            (Some(Token::Error(text)), operation) => {
                if is_redirection(text) {
                    return Err(
                        "another node is named (MOVED, ASK): the client dials it past \
                                the boundary; a cluster is not followed"
                            .into(),
                    );
                }
                let multi = self.transaction.as_ref().map(|t| t.multi);
                if operation == "MULTI" && multi == Some(waiting.key) {
                    self.transaction = None;
                }
            }
            (Some(token), operation) if waiting.queued && token != Token::Simple(b"QUEUED") => {
                return Err(format!(
                    "{operation} was carried out, and was taken for a part of a transaction"
                ));
            }
            _ if waiting.queued => {}
            (_, operation) if matches!(waiting.about, About::Channels(_)) => {
                return Err(format!("the reply to {operation} is no confirmation"));
            }
            (_, operation) if names_addresses(operation) => {
                return Err(format!(
                    "the reply to {operation} names addresses: the client dials them past \
                     the boundary; a cluster is not followed"
                ));
            }
            (Some(Token::Map(_)), "HELLO") => self.resp3 = true,
            (Some(Token::Array(_)), "HELLO") => self.resp3 = false,
            (_, "RESET") => {
                self.resp3 = false;
                self.subscriptions = Subscriptions::default();
            }
            _ => {}
        }
        let (reply, delivers) = waiting.read(frame, corner).reply(waiting.key);
        Ok(Heard {
            opens: None,
            closes: Some(reply),
            delivers,
        })
    }

    /// The request with this key is not passed on: it waits for no reply any more, and
    /// this error is legal in its place.
    pub fn refuses(&mut self, key: u64) -> Option<&'static str> {
        let at = self.waiting.iter().rposition(|w| w.key == key)?;
        let waiting = self.waiting.get(at).filter(|waiting| !waiting.queued)?;
        let error = error_before(&waiting.operation)?;
        self.waiting.remove(at);
        Some(error)
    }
}

/// What is carried out at once within a transaction too (`processCommand`).
fn goes_past_a_queue(operation: &str) -> bool {
    matches!(
        operation,
        "EXEC" | "DISCARD" | "MULTI" | "WATCH" | "QUIT" | "RESET"
    )
}

fn is_redirection(error: &[u8]) -> bool {
    error.starts_with(b"MOVED ") || error.starts_with(b"ASK ")
}
