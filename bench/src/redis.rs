//! `redis-benchmark` through the boundary, past it, and through toxiproxy; and how many
//! messages the embedded server delivers.

use crate::figures::{Figures, cpu_seconds_of, rounded, spread};
use crate::peers::{Toxiproxy, found, run};
use crate::rig::{Rig, first_address};
use anyhow::Context as _;
use exactly_adapter::Instance;
use exactly_engine::boundary::Mode;
use exactly_model::Setup;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Instant;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const ROUNDS: usize = 9;
/// Requests of a turn: one at a time, and so many in flight on each connection.
const LOADS: [(&str, &str, &str); 2] = [
    ("one at a time", "1", "20000"),
    ("16 in flight", "16", "160000"),
];
/// Messages of a turn, and what each says.
const MESSAGES: usize = 500_000;
const PAYLOAD: usize = 64;

/// Requests per second by load, command and route, and the ratios.
pub async fn boundary(
    rig: &Rig,
    instance: &dyn Instance,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let Some(benchmark) = found("redis-benchmark") else {
        println!("{}", json!({"skipped": "redis-benchmark is not installed"}));
        return Ok(());
    };
    let (names, scope) = rig.scope(instance, &Setup::default()).await?;
    let plain = rig.boundary(instance, names, Mode::Plain)?;
    let decoded = rig.boundary(instance, names, Mode::Decoded(scope.clone()))?;
    let direct = first_address(instance)?.1;
    let toxiproxy = Toxiproxy::before(direct).await?;
    let mut routes = vec![
        ("direct", direct),
        ("plain", plain.port),
        ("decoded", decoded.port),
    ];
    routes.extend(toxiproxy.as_ref().map(|proxy| ("toxiproxy", proxy.port)));
    for (load, in_flight, requests) in LOADS {
        let mut rates: BTreeMap<(String, &str), Vec<f64>> = BTreeMap::new();
        for round in 0..ROUNDS {
            for turn in 0..routes.len() {
                let (route, port) = routes[(round + turn) % routes.len()];
                let port = port.to_string();
                let arguments = [
                    "-p",
                    &port,
                    "-c",
                    "8",
                    "-P",
                    in_flight,
                    "-n",
                    requests,
                    "-t",
                    "set,get,lpush",
                    "-r",
                    "100000",
                    "--csv",
                ];
                for (command, rate) in rates_of(&run(&benchmark, &arguments).await?)? {
                    println!(
                        "{}",
                        json!({"round": round, "load": load, "command": command,
                            "route": route, "requests_per_s": rounded(rate)})
                    );
                    rates.entry((command, route)).or_default().push(rate);
                }
            }
        }
        report(load, &rates, figures);
    }
    scope.close().await;
    Ok(())
}

fn report(load: &str, rates: &BTreeMap<(String, &str), Vec<f64>>, figures: &mut Figures) {
    for ((command, route), rates) in rates {
        figures.add(json!({
            "figure": "redis-benchmark", "load": load, "command": command, "route": route,
            "requests_per_s": spread(rates),
        }));
    }
    for ((command, over), others) in rates.iter().filter(|((_, route), _)| *route != "decoded") {
        let decoded = &rates[&(command.clone(), "decoded")];
        let pairs = decoded.iter().zip(others);
        let ratios: Vec<f64> = pairs.map(|(decoded, other)| decoded / other).collect();
        figures.add(json!({
            "figure": format!("redis-benchmark, decoded / {over}"), "load": load,
            "command": command, "ratio": spread(&ratios),
            "target": (*over == "plain").then_some(">= 0.9"),
        }));
    }
}

/// `"SET","12345.67",...`, a line for each command, under a heading.
fn rates_of(csv: &str) -> anyhow::Result<Vec<(String, f64)>> {
    let lines = csv.lines().filter(|line| !line.starts_with("\"test\""));
    let rate = |line: &str| {
        let mut fields = line.split(',').map(|field| field.trim_matches('"'));
        let (command, rate) = (fields.next()?, fields.next()?.parse().ok()?);
        Some((command.to_string(), rate))
    };
    let rates: Vec<_> = lines.filter_map(rate).collect();
    anyhow::ensure!(!rates.is_empty(), "redis-benchmark printed no rate: {csv}");
    Ok(rates)
}

/// Messages that the embedded server takes from one client and delivers to another.
pub async fn pubsub(
    rig: &Rig,
    instance: &dyn Instance,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let server = rig
        .child("embedded-redis")
        .context("no process serves it")?;
    let port = first_address(instance)?.1;
    let (mut rates, mut per_core) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let before = cpu_seconds_of(server);
        let start = Instant::now();
        deliver(port).await?;
        let rate = MESSAGES as f64 / start.elapsed().as_secs_f64();
        let busy = cpu_seconds_of(server) - before;
        println!(
            "{}",
            json!({"round": round, "messages_per_s": rounded(rate)})
        );
        rates.push(rate);
        per_core.push(MESSAGES as f64 / busy);
    }
    figures.add(json!({
        "figure": "embedded Redis, messages delivered a second", "messages_per_s": spread(&rates),
        "target": ">= 100000",
    }));
    figures.add(json!({
        "figure": "embedded Redis, messages delivered a second of one core",
        "messages_per_s": spread(&per_core),
    }));
    Ok(())
}

async fn deliver(port: u16) -> anyhow::Result<()> {
    let mut subscriber = TcpStream::connect(("127.0.0.1", port)).await?;
    subscriber.write_all(b"SUBSCRIBE c\r\n").await?;
    read(
        &mut subscriber,
        "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n".len(),
    )
    .await?;
    let mut publisher = TcpStream::connect(("127.0.0.1", port)).await?;
    let payload = format!("${PAYLOAD}\r\n{}\r\n", "m".repeat(PAYLOAD));
    let batch = format!("*3\r\n$7\r\nPUBLISH\r\n$1\r\nc\r\n{payload}").repeat(100);
    let delivered = "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n".len() + payload.len();
    let (mut answers, mut requests) = publisher.split();
    let write = async {
        for _ in 0..MESSAGES / 100 {
            requests.write_all(batch.as_bytes()).await?;
        }
        anyhow::Ok(())
    };
    tokio::try_join!(
        write,
        read(&mut answers, MESSAGES * ":1\r\n".len()),
        read(&mut subscriber, MESSAGES * delivered)
    )?;
    Ok(())
}

async fn read(from: &mut (impl tokio::io::AsyncRead + Unpin), bytes: usize) -> anyhow::Result<()> {
    let (mut left, mut chunk) = (bytes, vec![0; 1 << 20]);
    while left > 0 {
        let n = from.read(&mut chunk).await?;
        anyhow::ensure!(n > 0, "it hung up, {left} bytes before the end");
        left -= n;
    }
    Ok(())
}
