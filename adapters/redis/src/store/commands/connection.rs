//! What a client says of itself and of its connection
//! (<https://redis.io/docs/latest/commands/hello/>).

use super::is;
use super::state::{Call, DATABASES, Outcome, Store};
use crate::store::client::{Client, ClientId};
use crate::store::number::{integer, required};
use crate::store::refusal::{Refusal, shown};
use crate::store::reply::{Protocol, Reply};
use bytes::Bytes;

/// The version that is spoken here: clients choose what they ask for by it.
pub(in crate::store) const REDIS_VERSION: &str = "7.0.15";
const WRONG_PASSWORD: Refusal =
    Refusal::of("WRONGPASS invalid username-password pair or user is disabled.");
const NAME: Refusal =
    Refusal::of("ERR Client names cannot contain spaces, newlines or special characters.");

pub(in crate::store) fn hello(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let mut protocol = None;
    if let Some(version) = args.get(1) {
        let error = Refusal::of("ERR Protocol version is not an integer or out of range");
        protocol = Some(match integer(version).ok_or(error)? {
            2 => Protocol::Two,
            3 => Protocol::Three,
            _ => return Err(Refusal::of("NOPROTO unsupported protocol version")),
        });
    }
    let (mut name, mut at) = (None, 2);
    while let Some(option) = args.get(at) {
        let left = args.len() - at - 1;
        if is(option, "AUTH") && left >= 2 {
            authenticated(&args[at + 1])?;
            at += 3;
        } else if is(option, "SETNAME") && left >= 1 {
            name = Some(named(&args[at + 1])?);
            at += 2;
        } else {
            return Err(Refusal::err(format!(
                "Syntax error in HELLO option '{}'",
                shown(option)
            )));
        }
    }
    let client = store.client(call)?;
    client.protocol = protocol.unwrap_or(client.protocol);
    client.name = name.unwrap_or_else(|| client.name.clone());
    let version = if client.protocol == Protocol::Three {
        3
    } else {
        2
    };
    Ok(Reply::Map(vec![
        (Reply::word("server"), Reply::word("redis")),
        (Reply::word("version"), Reply::word(REDIS_VERSION)),
        (Reply::word("proto"), Reply::Integer(version)),
        (Reply::word("id"), Reply::number(call.client)),
        (Reply::word("mode"), Reply::word("standalone")),
        (Reply::word("role"), Reply::word("master")),
        (Reply::word("modules"), Reply::Array(Vec::new())),
    ]))
}

/// There is one user, who needs no password.
fn authenticated(user: &[u8]) -> Result<(), Refusal> {
    match user {
        b"default" => Ok(()),
        _ => Err(WRONG_PASSWORD),
    }
}

fn named(name: &[u8]) -> Result<Bytes, Refusal> {
    match name.iter().all(u8::is_ascii_graphic) {
        true => Ok(Bytes::copy_from_slice(name)),
        false => Err(NAME),
    }
}

pub(in crate::store) fn auth(_: &mut Store, _: Call, args: &[Bytes]) -> Outcome {
    match args.len() {
        2 => Err(Refusal::of(
            "ERR AUTH <password> called without any password configured for the default user. \
             Are you sure your configuration is correct?",
        )),
        3 => authenticated(&args[1]).map(|()| Reply::OK),
        _ => Err(Refusal::SYNTAX),
    }
}

pub(in crate::store) fn ping(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    if args.len() > 2 {
        return Err(Refusal::arity("ping"));
    }
    let client = store.client(call)?;
    let said = args.get(1).cloned();
    Ok(match said {
        said if client.is_subscriber() && client.protocol == Protocol::Two => {
            let said = Reply::Bulk(said.unwrap_or_default());
            Reply::Array(vec![Reply::word("pong"), said])
        }
        Some(said) => Reply::Bulk(said),
        None => Reply::Status("PONG"),
    })
}

pub(in crate::store) fn echo(_: &mut Store, _: Call, args: &[Bytes]) -> Outcome {
    Ok(Reply::Bulk(args[1].clone()))
}

pub(in crate::store) fn select(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let db = usize::try_from(required(&args[1])?).ok();
    let error = Refusal::of("ERR DB index is out of range");
    store.client(call)?.db = db.filter(|db| *db < DATABASES).ok_or(error)?;
    Ok(Reply::OK)
}

pub(in crate::store) fn quit(store: &mut Store, call: Call, _: &[Bytes]) -> Outcome {
    store.client(call)?.is_closing = true;
    Ok(Reply::OK)
}

pub(in crate::store) fn reset(store: &mut Store, call: Call, _: &[Bytes]) -> Outcome {
    store.forget(call.client);
    let client = store.client(call)?;
    client.protocol = Protocol::Two;
    client.db = 0;
    client.name = Bytes::new();
    Ok(Reply::Status("RESET"))
}

pub(in crate::store) fn time(_: &mut Store, call: Call, _: &[Bytes]) -> Outcome {
    let seconds = (call.now_ms / 1000).to_string();
    let micros = (call.now_ms % 1000 * 1000).to_string();
    Ok(Reply::bulks([seconds.into(), micros.into()]))
}

pub(in crate::store) fn client_id(_: &mut Store, call: Call, _: &[Bytes]) -> Outcome {
    Ok(Reply::number(call.client))
}

pub(in crate::store) fn client_setname(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    store.client(call)?.name = named(&args[2])?;
    Ok(Reply::OK)
}

pub(in crate::store) fn client_getname(store: &mut Store, call: Call, _: &[Bytes]) -> Outcome {
    let name = store.client(call)?.name.clone();
    Ok(Reply::or_null(Some(name).filter(|name| !name.is_empty())))
}

/// Of Redis 7.2: newer clients say it without being asked.
pub(in crate::store) fn client_setinfo(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let client = store.client(call)?;
    let value = named(&args[3])?;
    if is(&args[2], "LIB-NAME") {
        client.library.0 = value;
    } else if is(&args[2], "LIB-VER") {
        client.library.1 = value;
    } else {
        return Err(Refusal::err(format!(
            "Unrecognized option '{}'",
            shown(&args[2])
        )));
    }
    Ok(Reply::OK)
}

/// Clients are not evicted here, so there is nothing to be exempt from.
pub(in crate::store) fn client_no_evict(_: &mut Store, _: Call, args: &[Bytes]) -> Outcome {
    match is(&args[2], "ON") || is(&args[2], "OFF") {
        true => Ok(Reply::OK),
        false => Err(Refusal::SYNTAX),
    }
}

pub(in crate::store) fn client_info(store: &mut Store, call: Call, _: &[Bytes]) -> Outcome {
    let client = store.client(call)?;
    Ok(Reply::Text(line(call.client, client, call.now_ms)))
}

pub(in crate::store) fn client_list(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let class = match args.get(2) {
        None => None,
        Some(option) if is(option, "TYPE") && args.len() == 4 => Some(is_subscribers(&args[3])?),
        Some(_) => return Err(Refusal::SYNTAX),
    };
    let clients = store.clients.iter();
    let lines = clients
        .filter(|(_, client)| class.is_none_or(|class| client.is_subscriber() == class))
        .map(|(id, client)| line(*id, client, call.now_ms));
    Ok(Reply::Text(lines.collect()))
}

/// Whether a class of clients is that of subscribers.
fn is_subscribers(class: &[u8]) -> Result<bool, Refusal> {
    let error = || Refusal::err(format!("Unknown client type '{}'", shown(class)));
    match () {
        () if is(class, "PUBSUB") => Ok(true),
        () if is(class, "NORMAL") => Ok(false),
        () => Err(error()),
    }
}

fn line(id: ClientId, client: &Client, now_ms: u64) -> String {
    let seconds = |since_ms: u64| now_ms.saturating_sub(since_ms) / 1000;
    let flags = match (client.is_subscriber(), &client.transaction, &client.reading) {
        (true, _, _) => "P",
        (_, Some(_), _) => "x",
        (_, _, Some(_)) => "b",
        _ => "N",
    };
    let queued = client.transaction.as_ref();
    let multi = queued.map_or(-1, |queued| {
        i64::try_from(queued.commands.len()).unwrap_or(0)
    });
    format!(
        "id={id} addr={} name={} age={} idle={} flags={flags} db={} sub={} psub={} multi={multi} \
         omem={} cmd={} user=default lib-name={} lib-ver={} resp={}\n",
        client.address,
        shown(&client.name),
        seconds(client.connected_ms),
        seconds(client.last_ms),
        client.db,
        client.channels.len(),
        client.patterns.len(),
        client.outbox.bytes(),
        client.last_command,
        shown(&client.library.0),
        shown(&client.library.1),
        if client.protocol == Protocol::Three {
            3
        } else {
            2
        },
    )
}

/// `CLIENT KILL addr`, or with filters that must all fit.
pub(in crate::store) fn client_kill(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    if let [_, _, address] = args {
        let address = shown(address).into_owned();
        let mut clients = store.clients.iter();
        let found = clients.find(|(_, client)| client.address == address);
        let error = Refusal::of("ERR No such client");
        let id = *found.ok_or(error)?.0;
        store.kill(call, id)?;
        return Ok(Reply::OK);
    }
    let mut filters = args[2..].chunks_exact(2);
    let (mut skips_own, mut found) = (true, store.clients.keys().copied().collect::<Vec<_>>());
    for filter in &mut filters {
        let (option, value) = (&filter[0], &filter[1]);
        let of = |id: &ClientId| store.clients.get(id);
        if is(option, "ID") {
            let error = Refusal::of("ERR client-id should be greater than 0");
            let wanted = integer(value).and_then(|id| u64::try_from(id).ok());
            let wanted = wanted.filter(|id| *id > 0).ok_or(error)?;
            found.retain(|id| *id == wanted);
        } else if is(option, "ADDR") {
            let value = shown(value);
            found.retain(|id| of(id).is_some_and(|client| client.address == value));
        } else if is(option, "TYPE") {
            let class = is_subscribers(value)?;
            found.retain(|id| of(id).is_some_and(|client| client.is_subscriber() == class));
        } else if is(option, "SKIPME") {
            skips_own = is(value, "YES");
        } else {
            return Err(Refusal::SYNTAX);
        }
    }
    if !filters.remainder().is_empty() {
        return Err(Refusal::SYNTAX);
    }
    found.retain(|id| !skips_own || *id != call.client);
    for id in &found {
        store.kill(call, *id)?;
    }
    Ok(Reply::count(found.len()))
}

impl Store {
    /// Who kills itself still gets its answer.
    fn kill(&mut self, call: Call, id: ClientId) -> Result<(), Refusal> {
        match id == call.client {
            true => self.client(call)?.is_closing = true,
            false => self.cut(id),
        }
        Ok(())
    }
}
