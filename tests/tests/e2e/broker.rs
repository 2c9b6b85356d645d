//! A broker for one test, and a proxy before it that hides an API: some
//! Kafka-compatible brokers have no transactions that a client can use.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use crate::support::Running;

/// Frames larger than this are none.
const FRAME_MAX: usize = 16 << 20;
/// The API that says which others there are.
const API_VERSIONS: i16 = 18;
/// A number that no API has.
const NO_API: i16 = 0x7ffe;

/// The embedded broker in a process of its own, until this is dropped.
pub struct Broker {
    _process: Running,
    pub address: SocketAddr,
}

impl Broker {
    pub fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_exactly-under-test"))
            .arg("embedded-kafka")
            .stdout(Stdio::piped())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let out = child.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        let address = line.split_whitespace().last().unwrap_or_default();
        let address = address
            .parse()
            .unwrap_or_else(|error| panic!("{line:?} names no address: {error}"));
        Self {
            _process: Running(child),
            address,
        }
    }

    /// A proxy that shows everything of the broker but the API `hidden`. It ends
    /// with the test's process.
    pub fn without(&self, hidden: i16) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let own = listener.local_addr().unwrap();
        let broker = self.address;
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(broker) else {
                    return;
                };
                relay(client, server, hidden, broker.port(), own.port());
            }
        });
        own
    }
}

/// Relays one connection on two threads, frame by frame.
fn relay(client: TcpStream, server: TcpStream, hidden: i16, port: u16, own: u16) {
    let asked: Arc<Mutex<BTreeMap<i32, i16>>> = Arc::default();
    let (to_server, to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let noted = asked.clone();
    std::thread::spawn(move || {
        frames(client, to_server, |request| {
            if let Some(version) = asks_for_versions(request) {
                let correlation = i32::from_be_bytes(request[4..8].try_into().unwrap());
                noted.lock().unwrap().insert(correlation, version);
            }
        });
    });
    std::thread::spawn(move || {
        frames(server, to_client, |reply| {
            let correlation = reply
                .get(..4)
                .map(|b| i32::from_be_bytes(b.try_into().unwrap()));
            let version = correlation.and_then(|c| asked.lock().unwrap().remove(&c));
            match version {
                Some(version) => hide(&mut reply[4..], version, hidden),
                None => readdress(reply, port, own),
            }
        });
    });
}

/// Passes frames on, each as `change` leaves it, until a side closes.
fn frames(mut from: TcpStream, mut to: TcpStream, mut change: impl FnMut(&mut Vec<u8>)) {
    loop {
        let mut size = [0; 4];
        if from.read_exact(&mut size).is_err() {
            break;
        }
        let length = u32::from_be_bytes(size) as usize;
        assert!(length <= FRAME_MAX, "a frame of {length} bytes");
        let mut frame = vec![0; length];
        if from.read_exact(&mut frame).is_err() {
            break;
        }
        change(&mut frame);
        if to
            .write_all(&size)
            .and_then(|()| to.write_all(&frame))
            .is_err()
        {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
}

/// The version of an ApiVersions request.
fn asks_for_versions(request: &[u8]) -> Option<i16> {
    let (api, version) = (request.get(..2)?, request.get(2..4)?);
    let api = i16::from_be_bytes(api.try_into().ok()?);
    (api == API_VERSIONS).then(|| i16::from_be_bytes(version.try_into().unwrap()))
}

/// Gives the entry of `hidden` in an ApiVersions reply the number of no API.
fn hide(body: &mut [u8], version: i16, hidden: i16) {
    // Error code, count; then number, lowest, highest version of each API, and
    // tags in the flexible versions.
    let (mut at, tags) = match version {
        0..=2 => (6, 0),
        _ => (3, 1),
    };
    while let Some(entry) = body.get_mut(at..at + 2) {
        if *entry == hidden.to_be_bytes() {
            entry.copy_from_slice(&NO_API.to_be_bytes());
            return;
        }
        at += 6 + tags;
    }
    panic!("the broker has no API {hidden} that could be hidden");
}

/// Lets brokers that a reply names be reached through the proxy too.
fn readdress(reply: &mut [u8], port: u16, own: u16) {
    let address = |port: u16| {
        let mut bytes = b"127.0.0.1".to_vec();
        bytes.extend_from_slice(&u32::from(port).to_be_bytes());
        bytes
    };
    let (theirs, ours) = (address(port), address(own));
    for at in 0..reply.len().saturating_sub(theirs.len() - 1) {
        if reply[at..].starts_with(&theirs) {
            reply[at..at + ours.len()].copy_from_slice(&ours);
        }
    }
}
