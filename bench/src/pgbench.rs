//! `pgbench -S` through the boundary, past it, and through toxiproxy.

use crate::figures::{Figures, rounded, spread};
use crate::rig::{Rig, first_address};
use anyhow::Context;
use exactly_adapter::Instance;
use exactly_engine::boundary::Mode;
use exactly_model::Setup;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// Many short turns: a disturbance then meets all routes alike.
const ROUNDS: usize = 15;
const SECONDS: &str = "1";

/// Transactions per second by route, for both protocols, and the ratios.
pub async fn measure(
    rig: &Rig,
    instance: &dyn Instance,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let Some(pgbench) = found("pgbench") else {
        println!("{}", json!({"skipped": "pgbench is not installed"}));
        return Ok(());
    };
    let (names, scope) = rig.scope(instance, &Setup::default()).await?;
    let plain = rig.boundary(instance, names, Mode::Plain)?;
    let decoded = rig.boundary(instance, names, Mode::Decoded(scope.clone()))?;
    let toxiproxy = match found("toxiproxy-server") {
        Some(server) => Some(Toxiproxy::start(&server, first_address(instance)?.1).await?),
        None => {
            println!(
                "{}",
                json!({"skipped": "toxiproxy-server is not installed"})
            );
            None
        }
    };
    let mut routes = vec![
        ("direct", first_address(instance)?.1),
        ("plain", plain.port),
        ("decoded", decoded.port),
    ];
    routes.extend(toxiproxy.as_ref().map(|proxy| ("toxiproxy", proxy.port)));
    let url = |port| scope.placeholders(&[("127.0.0.1".into(), port)])["url"].clone();
    run(&pgbench, &["-i", "-q", "-s", "2", &url(routes[0].1)]).await?;
    for protocol in ["simple", "prepared"] {
        let mut rates: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for round in 0..ROUNDS {
            for turn in 0..routes.len() {
                let (route, port) = routes[(round + turn) % routes.len()];
                let mut load = vec!["-n", "-S", "-M", protocol];
                load.extend(["-c", "4", "-j", "1", "-T", SECONDS]);
                let url = url(port);
                load.push(&url);
                let rate = tps(&run(&pgbench, &load).await?)?;
                println!(
                    "{}",
                    json!({"round": round, "protocol": protocol, "route": route, "tps": rounded(rate)})
                );
                rates.entry(route).or_default().push(rate);
            }
        }
        report(protocol, &rates, figures);
    }
    scope.close().await;
    Ok(())
}

fn report(protocol: &str, rates: &BTreeMap<&str, Vec<f64>>, figures: &mut Figures) {
    for (route, rates) in rates {
        figures.add(json!({
            "figure": "pgbench -S", "protocol": protocol, "route": route, "tps": spread(rates),
        }));
    }
    for over in rates.keys().filter(|route| **route != "decoded") {
        let pairs = rates["decoded"].iter().zip(&rates[over]);
        let ratios: Vec<f64> = pairs.map(|(decoded, other)| decoded / other).collect();
        figures.add(json!({
            "figure": format!("pgbench -S, decoded / {over}"), "protocol": protocol,
            "ratio": spread(&ratios), "target": (*over == "plain").then_some(">= 0.9"),
        }));
    }
}

fn found(program: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    let mut files = std::env::split_paths(&paths).map(|folder| folder.join(program));
    files.find(|file| file.is_file())
}

async fn run(program: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let mut command = Command::new(program);
    let output = command.args(arguments).kill_on_drop(true).output().await?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    anyhow::ensure!(output.status.success(), "{}", text(&output.stderr));
    Ok(text(&output.stdout))
}

fn tps(output: &str) -> anyhow::Result<f64> {
    let line = output.lines().find_map(|line| line.strip_prefix("tps = "));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    number
        .context("pgbench printed no tps")?
        .parse()
        .map_err(anyhow::Error::from)
}

/// A running toxiproxy with one proxy and no toxics.
struct Toxiproxy {
    port: u16,
    _server: Child,
}

impl Toxiproxy {
    async fn start(server: &Path, upstream: u16) -> anyhow::Result<Self> {
        let api = std::net::TcpListener::bind("127.0.0.1:0")?
            .local_addr()?
            .port();
        let child = Command::new(server)
            .args(["-host", "127.0.0.1", "-port", &api.to_string()])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let mut stream = connect(api).await?;
        let body = json!({
            "name": "pg", "listen": "127.0.0.1:0", "upstream": format!("127.0.0.1:{upstream}"), "enabled": true,
        })
        .to_string();
        let request = format!(
            "POST /proxies HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let (_, body) = answer
            .split_once("\r\n\r\n")
            .context("toxiproxy: no answer")?;
        let proxy: Value = serde_json::from_str(body)?;
        let listen = proxy["listen"].as_str().and_then(|at| at.rsplit_once(':'));
        let (_, port) = listen.with_context(|| format!("toxiproxy: {body}"))?;
        Ok(Self {
            port: port.parse()?,
            _server: child,
        })
    }
}

async fn connect(port: u16) -> anyhow::Result<TcpStream> {
    for _ in 0..200 {
        if let Ok(stream) = TcpStream::connect(("127.0.0.1", port)).await {
            return Ok(stream);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    anyhow::bail!("toxiproxy did not come up")
}
