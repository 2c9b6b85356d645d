//! Questions to the embedded sink.

use super::show;
use crate::mailbox::Shown;
use crate::names::name_of;
use crate::pattern::Pattern;
use exactly_adapter::{Seen, TrialNames};
use std::future::Future;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long one step of a question may take.
const WITHIN: Duration = Duration::from_secs(10);
/// Octets of a line of an answer.
const LINE_MAX: u64 = 2 << 20;

/// The sink could not be asked.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct SinkError(String);

impl From<io::Error> for SinkError {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

/// The embedded sink, seen by one trial.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sink<'a> {
    pub host: &'a str,
    pub port: u16,
    pub names: TrialNames,
}

impl Sink<'_> {
    /// Hands every message in every mail of the trial to `each`, in the order of the sink.
    pub async fn read(
        &self,
        recipient: Option<&Pattern>,
        each: &mut (dyn FnMut(Seen) + Send),
    ) -> Result<(), SinkError> {
        let mut line = self.dial().await?;
        let mut from = String::from("0");
        loop {
            let asked = format!("MAILS {} {from}{}", name_of(self.names), behind(recipient));
            let next = line.ask(&asked, |text| {
                let mail: Shown = serde_json::from_str(text)
                    .map_err(|error| SinkError(format!("the audit is no audit: {error}")))?;
                show(&mail, self.names, each);
                Ok(())
            });
            match next.await? {
                none if none == "-" => return Ok(()),
                number => from = number,
            }
        }
    }

    /// How many mails of the trial there are.
    pub async fn count(&self, recipient: Option<&Pattern>) -> Result<u64, SinkError> {
        let asked = format!("COUNT {}{}", name_of(self.names), behind(recipient));
        let said = self.dial().await?.ask(&asked, |_| Ok(())).await?;
        said.parse()
            .map_err(|_| SinkError(format!("{said:?} is no number of mails")))
    }

    /// Drops the mails of the trial.
    pub async fn forget(&self) -> Result<(), SinkError> {
        let asked = format!("FORGET {}", name_of(self.names));
        self.dial().await?.ask(&asked, |_| Ok(())).await.map(drop)
    }

    /// Lets clients authenticate without TLS: behind a boundary there is none.
    pub async fn allow_plain_auth(&self) -> Result<(), SinkError> {
        let asked = self.dial().await?.ask("AUTH PLAINTEXT", |_| Ok(())).await;
        asked.map(drop)
    }

    async fn dial(&self) -> Result<Line, SinkError> {
        Line::dial(self.host, self.port).await
    }
}

fn behind(recipient: Option<&Pattern>) -> String {
    recipient.map_or(String::new(), |pattern| format!(" {pattern}"))
}

/// The certificate of the authority that a sink's STARTTLS is to be trusted by, in PEM.
/// For whoever wants to send to the embedded sink with TLS.
pub(crate) async fn certificate(host: &str, port: u16) -> Result<String, SinkError> {
    let mut pem = String::new();
    let mut line = Line::dial(host, port).await?;
    let said = line.ask("CERT", |text| {
        pem.push_str(text);
        pem.push('\n');
        Ok(())
    });
    said.await?;
    Ok(pem)
}

/// What a server says first.
pub(crate) async fn greeting(host: &str, port: u16) -> Result<String, SinkError> {
    Ok(Line::dial(host, port).await?.greeting)
}

/// A connection on which questions are asked.
struct Line {
    stream: BufReader<TcpStream>,
    greeting: String,
}

impl Line {
    async fn dial(host: &str, port: u16) -> Result<Self, SinkError> {
        let stream = in_time(TcpStream::connect((host, port))).await??;
        stream.set_nodelay(true)?;
        let mut line = Self {
            stream: BufReader::new(stream),
            greeting: String::new(),
        };
        loop {
            let said = line.line().await?;
            let (code, is_last, text) = cut(&said)?;
            if code != "220" {
                return Err(SinkError(format!("it greets with {code} {text}")));
            }
            if is_last {
                line.greeting = text.into();
                return Ok(line);
            }
        }
    }

    /// Asks, hands each line but the last to `each`, and answers the last one's text.
    async fn ask(
        &mut self,
        asked: &str,
        mut each: impl FnMut(&str) -> Result<(), SinkError>,
    ) -> Result<String, SinkError> {
        let asked = format!("XEXACTLY {asked}\r\n");
        in_time(self.stream.write_all(asked.as_bytes())).await??;
        loop {
            let said = self.line().await?;
            match cut(&said)? {
                ("250", true, text) => return Ok(text.into()),
                ("250", false, text) => each(text)?,
                (code, _, text) => return Err(SinkError(format!("it answers {code} {text}"))),
            }
        }
    }

    async fn line(&mut self) -> Result<String, SinkError> {
        let mut line = String::new();
        let mut bounded = (&mut self.stream).take(LINE_MAX);
        in_time(bounded.read_line(&mut line)).await??;
        match line.strip_suffix("\r\n") {
            Some(text) => Ok(text.into()),
            None => Err(SinkError("its answer has no end".into())),
        }
    }
}

/// Code, whether it is the last line, text.
fn cut(line: &str) -> Result<(&str, bool, &str), SinkError> {
    let parts = line.get(..3).zip(line.get(3..4)).zip(line.get(4..));
    match parts {
        Some(((code, mark @ (" " | "-")), text)) => Ok((code, mark == " ", text)),
        _ => Err(SinkError("what it says is no SMTP".into())),
    }
}

async fn in_time<T>(step: impl Future<Output = T>) -> Result<T, SinkError> {
    let late = |_| SinkError(format!("nothing came for {WITHIN:?}"));
    timeout(WITHIN, step).await.map_err(late)
}
