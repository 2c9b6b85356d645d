//! A server that speaks TLS.

use crate::places::{at, refused, says};
use crate::running::*;
use exactly_adapter::ServerCommand;
use exactly_adapter::testing::TestHost;
use exactly_model::Outcome;
use std::path::Path;
use std::time::{Duration, Instant};

/// A server that speaks TLS with a certificate of its own.
async fn secure(host: &TestHost, folder: &Path) -> Option<(tokio::process::Child, u16)> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_string()]).unwrap();
    let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let path = |path: &Path| path.display().to_string();
    let program = std::env::var("REDIS_SERVER").unwrap_or_else(|_| "redis-server".into());
    let command = [
        program,
        "--port".into(),
        "0".into(),
        "--tls-port".into(),
        port.to_string(),
        "--bind".into(),
        "127.0.0.1".into(),
        "--tls-cert-file".into(),
        path(&cert),
        "--tls-key-file".into(),
        path(&key),
        "--tls-auth-clients".into(),
        "no".into(),
        "--save".into(),
        String::new(),
        "--requirepass".into(),
        "s3cret".into(),
    ];
    let command = ServerCommand {
        name: "secure".into(),
        command: command.to_vec(),
        ..ServerCommand::default()
    };
    let (mut child, output) = host.spawn(&command).ok()?;
    let late = Instant::now() + Duration::from_secs(30);
    loop {
        let said = std::fs::read_to_string(&output).unwrap();
        if said.contains("Ready to accept connections") {
            return Some((child, port));
        }
        if child.try_wait().unwrap().is_some() {
            println!("not run: this redis-server speaks no TLS: {said}");
            return None;
        }
        assert!(Instant::now() < late, "{said}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Trust is read from the environment, which is the process's: the test starts itself
/// once more, with the authority in it.
#[tokio::test]
async fn a_server_that_speaks_tls_is_reached_and_an_unknown_authority_is_not_trusted() {
    const AGAIN: &str = "EXACTLY_TEST_SECURE_REDIS";
    if let Ok(port) = std::env::var(AGAIN) {
        return trusted(&port).await;
    }
    let Some(running) = local().await else { return };
    running.instance.stop().await;
    let host = host();
    let folder = tempfile::tempdir().unwrap();
    let Some((mut child, port)) = secure(&host, folder.path()).await else {
        return;
    };
    let error = refused(&format!("rediss://:s3cret@localhost:{port}")).await;
    says(&error, &["SSL_CERT_FILE"]);
    let error = refused(&format!("redis://:s3cret@localhost:{port}")).await;
    says(&error, &["write rediss://"]);
    let this =
        "secure::a_server_that_speaks_tls_is_reached_and_an_unknown_authority_is_not_trusted";
    let again = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", this, "--nocapture"])
        .env(AGAIN, port.to_string())
        .env("SSL_CERT_FILE", folder.path().join("cert.pem"))
        .output();
    let again = tokio::time::timeout(Duration::from_secs(60), again)
        .await
        .unwrap()
        .unwrap();
    let said = String::from_utf8_lossy(&again.stdout);
    assert!(
        again.status.success() && said.contains("1 passed"),
        "{again:?}"
    );
    child.kill().await.unwrap();
}

async fn trusted(port: &str) {
    let instance = at(&format!("rediss://:s3cret@localhost:{port}/1"))
        .await
        .unwrap();
    assert_eq!(
        instance.info("r").place,
        format!("at rediss://localhost:{port}/1")
    );
    let (host, tunnel) = instance.addresses()[0].clone();
    assert_eq!(instance.endpoint(), format!("redis://{host}:{tunnel}/1"));
    let scope = open(&instance).await;
    assert_eq!(
        outcomes(&feed(&scope, "orders", 0..2).await),
        [Outcome::Ok; 2]
    );
    assert_eq!(observe(&scope, "orders").await.len(), 2);
    scope
        .observing()
        .unwrap()
        .watch(&observer("news"))
        .await
        .unwrap();
    // The pipeline speaks plain bytes to a boundary, which leads to the tunnel.
    let url = scope.placeholders(&[(host.clone(), tunnel)])["url"].clone();
    assert_eq!(url, format!("redis://:s3cret@{host}:{tunnel}/1"));
    let mut user = User::connect(&url).await;
    let length: u64 = user.run(&["XLEN", &name(&scope, "stream.orders")]).await;
    assert_eq!(length, 2);
    scope.close().await;
}
