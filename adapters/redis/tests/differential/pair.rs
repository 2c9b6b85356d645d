//! Two servers, and clients that say the same to both.

use super::known;
use exactly_redis::resp::{Requests, next_frame};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const REDIS: &str = "/usr/bin/redis-server";
const START: Duration = Duration::from_secs(20);
const ANSWER: Duration = Duration::from_secs(20);

/// A real server, ended with the test.
struct Real {
    child: Child,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Real {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = free.local_addr().expect("bound");
        drop(free);
        let port = address.port().to_string();
        let child = Command::new(REDIS)
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", ""])
            .args(["--appendonly", "no"])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server starts");
        let real = Self {
            child,
            address,
            _folder: folder,
        };
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(began.elapsed() < START, "redis-server does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        real
    }
}

/// An embedded server on a thread of its own. It ends with the test's process.
pub fn embedded() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("it can");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.expect("a runtime").block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            exactly_redis::embedded::serve_on(listener).await
        })
    });
    address
}

/// A connection that knows RESP frames and nothing of Redis.
pub struct Client {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Client {
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("it listens");
        stream.set_nodelay(true).expect("TCP_NODELAY");
        stream.set_read_timeout(Some(ANSWER)).expect("a timeout");
        Self {
            stream,
            read: Vec::new(),
        }
    }

    pub fn send(&mut self, args: &[Vec<u8>]) {
        let mut request = format!("*{}\r\n", args.len()).into_bytes();
        for arg in args {
            request.extend(format!("${}\r\n", arg.len()).bytes());
            request.extend_from_slice(arg);
            request.extend(b"\r\n");
        }
        self.stream.write_all(&request).expect("written");
    }

    /// One frame; what has come instead where the server has hung up.
    pub fn frame(&mut self) -> Vec<u8> {
        loop {
            if let Some((len, _)) = next_frame(&self.read).expect("RESP") {
                return self.read.drain(..len).collect();
            }
            let mut chunk = [0; 65_536];
            match self.stream.read(&mut chunk) {
                Ok(0) => return b"(closed)".to_vec(),
                Ok(count) => self.read.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                    return b"(closed)".to_vec();
                }
                Err(error) => panic!("no answer: {error}"),
            }
        }
    }
}

/// The same client at both servers.
struct Both {
    real: Client,
    embedded: Client,
}

pub struct Pair {
    real: Real,
    embedded: SocketAddr,
    clients: Vec<Both>,
    /// What was said, for the message of a failure.
    said: Vec<String>,
}

impl Pair {
    /// `None`, said on the terminal, where no Redis is installed.
    pub fn start() -> Option<Self> {
        if !Path::new(REDIS).exists() {
            println!("NOT RUN: there is no {REDIS} to compare with");
            return None;
        }
        Some(Self {
            real: Real::start(),
            embedded: embedded(),
            clients: Vec::new(),
            said: Vec::new(),
        })
    }

    /// Empty servers, new connections.
    pub fn fresh(&mut self) {
        self.clients.clear();
        self.said.clear();
        self.line("FLUSHALL");
    }

    fn client(&mut self, n: usize) -> &mut Both {
        while self.clients.len() <= n {
            self.clients.push(Both {
                real: Client::connect(self.real.address),
                embedded: Client::connect(self.embedded),
            });
        }
        &mut self.clients[n]
    }

    /// A line of a script: `2: GET k` by the client 2, `GET k` by client 0, `2< 1` one
    /// frame that client 2 was sent, `2! XREAD ...` a command that is not answered yet.
    pub fn line(&mut self, line: &str) {
        self.said.push(line.to_string());
        let (head, rest) = line.split_at(line.find([':', '<', '!']).unwrap_or(0));
        let (client, kind, rest) = match head.parse::<usize>() {
            Ok(client) => (client, rest.as_bytes()[0], rest[1..].trim()),
            Err(_) => (0, b':', line),
        };
        if kind == b'<' {
            let frames = rest.parse().expect("a number of frames");
            return self.compare(client, frames, &[]);
        }
        let mut args = Requests::default();
        let inline = format!("{rest}\n");
        let request = args
            .next(inline.as_bytes())
            .expect("words")
            .expect("a line");
        let args: Vec<Vec<u8>> = (0..request.args())
            .filter_map(|n| request.arg(inline.as_bytes(), n).map(<[u8]>::to_vec))
            .collect();
        let both = self.client(client);
        both.real.send(&args);
        both.embedded.send(&args);
        if kind == b':' {
            self.compare(client, frames_of(&args), &args);
        } else {
            // Both are to wait before others go on.
            std::thread::sleep(Duration::from_millis(60));
        }
    }

    fn compare(&mut self, client: usize, frames: usize, args: &[Vec<u8>]) {
        for _ in 0..frames {
            let both = self.client(client);
            let real = known::settled(args, both.real.frame());
            let embedded = known::settled(args, both.embedded.frame());
            assert_eq!(
                embedded.escape_ascii().to_string(),
                real.escape_ascii().to_string(),
                "embedded, then real, after:\n{}",
                self.said.join("\n")
            );
        }
    }
}

/// `SUBSCRIBE a b` is answered twice.
fn frames_of(args: &[Vec<u8>]) -> usize {
    let name = args[0].to_ascii_lowercase();
    match name.ends_with(b"subscribe") {
        true => (args.len() - 1).max(1),
        false => 1,
    }
}
