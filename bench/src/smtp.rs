//! How many mails the sink takes.

use crate::figures::{Figures, cpu_seconds_of, rounded, spread};
use crate::rig::{Rig, first_address};
use anyhow::Context as _;
use exactly_adapter::Instance;
use exactly_model::{MessageId, Setup};
use serde_json::json;
use std::time::Instant;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

const ROUNDS: usize = 9;
const CONNECTIONS: u32 = 8;
/// Mails of a turn on each connection, and the octets of each.
const MAILS: u32 = 500;
const OCTETS: usize = 1 << 10;

/// Mails a second, each on a connection that stays, one at a time.
pub async fn measure(
    rig: &Rig,
    instance: &dyn Instance,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let server = rig.child("embedded-smtp").context("no process serves it")?;
    let port = first_address(instance)?.1;
    let (mut rates, mut per_core) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let (names, scope) = rig.scope(instance, &Setup::default()).await?;
        let id = |n| MessageId::new(names.run, names.trial, n).context("a message id");
        let before = cpu_seconds_of(server);
        let start = Instant::now();
        let senders: Vec<_> = (0..CONNECTIONS)
            .map(|n| Ok(tokio::spawn(send(port, id(n)?.to_text()))))
            .collect::<anyhow::Result<_>>()?;
        for sender in senders {
            sender.await??;
        }
        let mails = f64::from(CONNECTIONS * MAILS);
        let rate = mails / start.elapsed().as_secs_f64();
        let busy = cpu_seconds_of(server) - before;
        println!("{}", json!({"round": round, "mails_per_s": rounded(rate)}));
        rates.push(rate);
        per_core.push(mails / busy);
        scope.close().await;
    }
    figures.add(json!({"figure": "SMTP sink, mails a second", "mails_per_s": spread(&rates)}));
    figures.add(json!({
        "figure": "SMTP sink, mails a second of one core", "mails_per_s": spread(&per_core),
        "target": ">= 2000",
    }));
    Ok(())
}

async fn send(port: u16, id: String) -> anyhow::Result<()> {
    let mut stream = BufReader::new(TcpStream::connect(("127.0.0.1", port)).await?);
    hear(&mut stream, "220").await?;
    let line = format!("{}\r\n", "m".repeat(70));
    let body = line.repeat(OCTETS / line.len());
    let mail = format!("Message-ID: <{id}@bench.example>\r\nSubject: bench\r\n\r\n{body}.\r\n");
    ask(&mut stream, "EHLO bench.example\r\n", "250").await?;
    for _ in 0..MAILS {
        ask(&mut stream, "MAIL FROM:<a@bench.example>\r\n", "250").await?;
        ask(&mut stream, "RCPT TO:<b@bench.example>\r\n", "250").await?;
        ask(&mut stream, "DATA\r\n", "354").await?;
        ask(&mut stream, &mail, "250").await?;
    }
    ask(&mut stream, "QUIT\r\n", "221").await
}

async fn ask(stream: &mut BufReader<TcpStream>, say: &str, code: &str) -> anyhow::Result<()> {
    stream.get_mut().write_all(say.as_bytes()).await?;
    hear(stream, code).await
}

/// One reply, all its lines.
async fn hear(stream: &mut BufReader<TcpStream>, code: &str) -> anyhow::Result<()> {
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        anyhow::ensure!(line.starts_with(code), "{code} was awaited: {line}");
        if line.as_bytes().get(3) != Some(&b'-') {
            return Ok(());
        }
    }
}
