//! A labeller for tests, and the engine's part in driving a decoder.

use crate::{
    HttpDecoder, Labelled, Labeller, Limits, Refusal, Request, Response, Said, split_target,
};
use bytes::{Bytes, BytesMut};
use exactly_adapter::{Addresses, Decoder, Delivered, Direction, Unit};
use exactly_model::{Class, Outcome, Phase};

pub(super) struct Toy;

impl Labeller for Toy {
    fn protocol(&self) -> &'static str {
        "toy"
    }

    fn request(&mut self, request: &Request) -> Option<Labelled> {
        let (path, _) = split_target(&request.target);
        if path == "/health" {
            return None;
        }
        let mut labelled = Labelled::new(request.method.clone(), path, Class::Effect);
        labelled.context = String::from_utf8_lossy(&request.body).into_owned();
        Some(labelled)
    }

    fn response(&mut self, labelled: &Labelled, response: &Response) -> Said {
        let mut said = match response.status {
            400.. => Said::error(Outcome::Fail, format!("status {}", response.status)),
            _ => Said::new(Outcome::Ok),
        };
        if response.headers.get("x-deliver").is_some() {
            said.delivers.push(Delivered {
                target: format!(
                    "{} {} {}",
                    labelled.context,
                    response.whole,
                    response.body.len()
                ),
                partition: 0,
                first: 1,
                last: 2,
            });
        }
        said.rewrite = response
            .headers
            .get("x-rewrite")
            .map(|it| it.to_owned().into());
        said
    }

    fn forward(&self, request: &Request, body: &[u8]) -> Option<Bytes> {
        let host = request.headers.get("x-host")?;
        Some(request.with(&[("Host", Some(host)), ("X-Gone", None)], body))
    }

    fn error(&mut self, labelled: &Labelled, when: Phase) -> Option<Refusal> {
        let status = match when {
            Phase::Before => 503,
            Phase::After => 500,
        };
        (labelled.target != "/strict").then(|| Refusal {
            status,
            headers: vec![
                ("Retry-After".into(), "1".into()),
                ("content-length".into(), "9".into()),
            ],
            body: Bytes::from_static(b"no"),
            error: format!("{status}"),
        })
    }

    fn part(&mut self, request: &Request) -> Option<Bytes> {
        let half = request.body.len() / 2;
        (half > 0).then(|| request.body.slice(..half))
    }
}

struct NoNet;

impl Addresses for NoNet {
    fn boundary_for(&self, host: &str, port: u16) -> std::io::Result<(String, u16)> {
        Ok((host.into(), port))
    }
}

/// What a unit meant, and how many bytes were out when it was through.
pub(super) type Event = (String, usize);

pub(super) struct Drive {
    pub(super) decoder: HttpDecoder<Toy>,
    buf: [BytesMut; 2],
    /// What was passed on.
    pub(super) out: [Vec<u8>; 2],
    pub(super) events: [Vec<Event>; 2],
    pub(super) error: Option<String>,
    limits: Limits,
}

impl Drive {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            decoder: HttpDecoder::with_limits(Toy, limits),
            buf: Default::default(),
            out: Default::default(),
            events: Default::default(),
            error: None,
            limits,
        }
    }

    pub(super) fn up(&mut self, bytes: impl AsRef<[u8]>) -> Vec<Unit> {
        self.read(Direction::ToSystem, bytes.as_ref())
    }

    pub(super) fn down(&mut self, bytes: impl AsRef<[u8]>) -> Vec<Unit> {
        self.read(Direction::ToClient, bytes.as_ref())
    }

    /// One read, then all units that it completes.
    pub(super) fn read(&mut self, dir: Direction, bytes: &[u8]) -> Vec<Unit> {
        let at = usize::from(dir == Direction::ToClient);
        self.buf[at].extend_from_slice(bytes);
        let mut units = Vec::new();
        // Each unit takes at least a byte, or says 100 to a head of several.
        for _ in 0..=self.buf[at].len() * 2 {
            if self.buf[at].is_empty() {
                return units;
            }
            let before = self.buf[at].clone();
            match self.decoder.next(dir, &mut self.buf[at], &NoNet) {
                Ok(None) => {
                    assert_eq!(self.buf[at], before, "None leaves the buffer alone");
                    self.check_kept(at, bytes.len());
                    return units;
                }
                Ok(Some(unit)) => {
                    self.note(at, &unit);
                    units.push(unit);
                }
                Err(error) => {
                    assert_eq!(self.buf[at], before, "an error leaves the buffer alone");
                    self.error.get_or_insert(error.what);
                    let rest = self.buf[at].split();
                    self.out[at].extend_from_slice(&rest);
                }
            }
        }
        panic!("no progress");
    }

    fn check_kept(&self, at: usize, read: usize) {
        let body = if at == 0 {
            self.limits.request_body
        } else {
            self.limits.response_body
        };
        let most = 2 * (self.limits.head + body) + read;
        assert!(
            self.buf[at].len() <= most,
            "{} bytes kept",
            self.buf[at].len()
        );
    }

    fn note(&mut self, at: usize, unit: &Unit) {
        self.out[at].extend_from_slice(&unit.forward);
        let out = self.out[at].len();
        let mut note = |what: String| self.events[at].push((what, out));
        if !unit.answer.is_empty() {
            note(format!("answer {:?}", unit.answer));
        }
        if let Some(head) = &unit.opens {
            note(format!(
                "opens {} {} {}",
                head.key, head.operation, head.target
            ));
        }
        if let Some(reply) = &unit.closes {
            note(format!(
                "closes {} {:?} {:?}",
                reply.key, reply.outcome, unit.delivers
            ));
        }
    }
}

/// A drive with the usual limits.
pub(super) fn drive() -> Drive {
    Drive::new(Limits::default())
}

/// The keys that units close.
pub(super) fn closed(units: &[Unit]) -> Vec<u64> {
    let closes = units.iter().filter_map(|unit| unit.closes.as_ref());
    closes.map(|reply| reply.key).collect()
}

pub(super) const GET: &str = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
pub(super) const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
