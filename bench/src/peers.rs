//! Programs of others that are compared with, or that make the load.

use anyhow::Context;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// Where a program is on the `PATH`.
pub fn found(program: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    let mut files = std::env::split_paths(&paths).map(|folder| folder.join(program));
    files.find(|file| file.is_file())
}

/// Runs one to its end, and answers what it printed.
pub async fn run(program: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let mut command = Command::new(program);
    let output = command.args(arguments).kill_on_drop(true).output().await?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    anyhow::ensure!(output.status.success(), "{}", text(&output.stderr));
    Ok(text(&output.stdout))
}

/// A running toxiproxy with one proxy and no toxics.
pub struct Toxiproxy {
    /// The port to dial.
    pub port: u16,
    _server: Child,
}

impl Toxiproxy {
    /// Before a server on loopback; `None`, and said so, where it is not installed.
    pub async fn before(upstream: u16) -> anyhow::Result<Option<Self>> {
        let Some(server) = found("toxiproxy-server") else {
            println!(
                "{}",
                json!({"skipped": "toxiproxy-server is not installed"})
            );
            return Ok(None);
        };
        let api = std::net::TcpListener::bind("127.0.0.1:0")?
            .local_addr()?
            .port();
        let child = Command::new(&server)
            .args(["-host", "127.0.0.1", "-port", &api.to_string()])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let mut stream = connect(api).await?;
        let body = json!({
            "name": "bench", "listen": "127.0.0.1:0", "upstream": format!("127.0.0.1:{upstream}"), "enabled": true,
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
        Ok(Some(Self {
            port: port.parse()?,
            _server: child,
        }))
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
