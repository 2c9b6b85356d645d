//! Transactions (<https://redis.io/docs/latest/develop/interact/transactions/>).

use super::client::{ClientId, Transaction};
use super::refusal::Refusal;
use super::reply::Reply;
use super::state::{Call, Outcome, Store};
use bytes::Bytes;

pub(super) fn multi(store: &mut Store, call: Call, _: &[Bytes]) -> Outcome {
    let client = store.client(call)?;
    if client.transaction.is_some() {
        return Err(Refusal::of("ERR MULTI calls can not be nested"));
    }
    client.transaction = Some(Transaction::default());
    Ok(Reply::OK)
}

pub(super) fn discard(store: &mut Store, call: Call, _: &[Bytes]) -> Outcome {
    if store.client(call)?.transaction.take().is_none() {
        return Err(Refusal::of("ERR DISCARD without MULTI"));
    }
    store.unwatch(call.client);
    Ok(Reply::OK)
}

pub(super) fn exec(store: &mut Store, call: Call, _: &[Bytes]) -> Outcome {
    let Some(transaction) = store.client(call)?.transaction.take() else {
        return Err(Refusal::of("ERR EXEC without MULTI"));
    };
    let is_stale = store.is_stale(call);
    store.unwatch(call.client);
    if transaction.is_broken {
        return Err(Refusal::of(
            "EXECABORT Transaction discarded because of previous errors.",
        ));
    }
    if is_stale {
        return Ok(Reply::NullArray);
    }
    let mut replies = Vec::with_capacity(transaction.commands.len());
    for args in &transaction.commands {
        let db = store.client(call)?.db;
        let call = Call {
            db,
            is_in_exec: true,
            ..call
        };
        let outcome = match store.table().find(args) {
            Ok(command) => (command.run)(store, call, args),
            Err(refusal) => Err(refusal),
        };
        replies.push(Reply::from(outcome));
        store.settle(call.now_ms);
    }
    Ok(Reply::Array(replies))
}

pub(super) fn watch(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    if store.client(call)?.transaction.is_some() {
        return Err(Refusal::of("ERR WATCH inside MULTI is not allowed"));
    }
    let max = store.limits.watched_keys;
    for key in &args[1..] {
        // What is over already does not count as modified when it goes.
        store.space(call).exists(key, call.now_ms);
        let client = store.client(call)?;
        if client.watched.len() >= max {
            return Err(Refusal::of("ERR this embedded server watches no more keys"));
        }
        let place = (call.db, Bytes::copy_from_slice(key));
        client.watched.insert(place.clone());
        store.settle(call.now_ms);
        store.watched.entry(place).or_default().insert(call.client);
    }
    Ok(Reply::OK)
}

pub(super) fn unwatch(store: &mut Store, call: Call, _: &[Bytes]) -> Outcome {
    store.unwatch(call.client);
    Ok(Reply::OK)
}

impl Store {
    /// Puts a command behind `MULTI`.
    pub(super) fn enqueue(&mut self, client: ClientId, args: &[Bytes]) -> Outcome {
        let (commands_max, bytes_max) = (self.limits.queued_commands, self.limits.queued_bytes);
        let client = self.clients.get_mut(&client);
        let Some(transaction) = client.and_then(|client| client.transaction.as_mut()) else {
            return Ok(Reply::Nothing);
        };
        transaction.bytes += args.iter().map(Bytes::len).sum::<usize>();
        if transaction.commands.len() >= commands_max || transaction.bytes > bytes_max {
            transaction.is_broken = true;
            return Err(Refusal::of(
                "ERR this embedded server queues no more in one transaction",
            ));
        }
        transaction.commands.push(args.to_vec());
        Ok(Reply::Status("QUEUED"))
    }

    pub(super) fn unwatch(&mut self, client: ClientId) {
        let Some(known) = self.clients.get_mut(&client) else {
            return;
        };
        known.is_stale = false;
        for place in std::mem::take(&mut known.watched) {
            if let Some(watching) = self.watched.get_mut(&place) {
                watching.remove(&client);
                if watching.is_empty() {
                    self.watched.remove(&place);
                }
            }
        }
    }

    /// Whether something that the client watches was modified, or is over by now.
    fn is_stale(&mut self, call: Call) -> bool {
        let Some(client) = self.clients.get(&call.client) else {
            return true;
        };
        let mut watched = client.watched.iter();
        client.is_stale || watched.any(|(db, key)| self.spaces[*db].is_expired(key, call.now_ms))
    }
}
