//! A Mailpit of the user's: run where `MAILPIT` names its program.

use crate::host::{count, host, observer, open, seen};
use crate::relay::Relay;
use exactly_adapter::Adapter;
use exactly_model::SystemPlace;
use exactly_smtp::Smtp;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// A program that ends with the test.
struct Mailpit {
    _child: Child,
    _folder: tempfile::TempDir,
    smtp: u16,
    api: u16,
}

fn free() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}

impl Mailpit {
    fn start(more: &[&str]) -> Option<Self> {
        let Ok(program) = std::env::var("MAILPIT") else {
            eprintln!("not run: MAILPIT names no Mailpit");
            return None;
        };
        let (smtp, api) = (free(), free());
        let folder = tempfile::tempdir().unwrap();
        let child = Command::new(program)
            .args(["--smtp", &format!("127.0.0.1:{smtp}")])
            .args(["--listen", &format!("127.0.0.1:{api}")])
            .args(["--disable-version-check", "--quiet"])
            .args(more)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Some(Self {
            _child: child,
            _folder: folder,
            smtp,
            api,
        })
    }

    fn place(&self) -> SystemPlace {
        let (smtp, api) = (self.smtp, self.api);
        SystemPlace::At(format!(
            "smtp://127.0.0.1:{smtp}?api=http://127.0.0.1:{api}"
        ))
    }

    async fn up(&self) {
        for port in [self.smtp, self.api] {
            for _ in 0..600 {
                if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn send(port: u16, sequences: impl IntoIterator<Item = u32>) {
    let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1")
        .port(port)
        .build();
    for sequence in sequences {
        let builder = Message::builder()
            .from("shop@example.com".parse().unwrap())
            .to("c@example.org".parse().unwrap())
            .message_id(Some("<the-same@shop>".into()));
        let mail = builder.body(format!("x7-12-{sequence}")).unwrap();
        transport.send(mail).await.unwrap();
    }
}

#[tokio::test]
async fn a_mailpit_shows_what_it_took() {
    let Some(mailpit) = Mailpit::start(&["--max", "0"]) else {
        return;
    };
    mailpit.up().await;
    send(mailpit.smtp, [90]).await;
    let instance = Smtp.start(&mailpit.place(), host()).await.unwrap();
    assert!(
        instance.info("mail").version.contains("Mailpit"),
        "{:?}",
        instance.info("mail")
    );
    let scope = open(&instance).await;
    let relay = Relay::to(instance.addresses()[0].clone(), scope.clone()).await;
    assert_eq!(count(&scope, "mails").await, 0);
    send(relay.port, [0, 1, 1]).await;
    assert_eq!(relay.effects().len(), 3);
    let mut found = seen(&scope, "mails").await;
    // Mails of one millisecond are listed in any order.
    found.sort_unstable();
    assert_eq!(found, [0, 1, 1]);
    assert_eq!(count(&scope, "*@example.org").await, 3);
    assert_eq!(count(&scope, "*@example.com").await, 0);
    // More than are listed at once.
    send(relay.port, 2..520).await;
    assert_eq!(count(&scope, "mails").await, 521);
    assert_eq!(seen(&scope, "mails").await.len(), 521);
    // What it drops is not taken for lost.
    let mut stream = TcpStream::connect(("127.0.0.1", mailpit.api))
        .await
        .unwrap();
    stream
        .write_all(b"DELETE /api/v1/messages HTTP/1.0\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains(" 200 OK"), "{answer}");
    let observing = scope.observing().unwrap();
    let error = observing.count(&observer("mails")).await.unwrap_err();
    assert!(error.to_string().contains("--max 0"), "{error}");
}

#[tokio::test]
async fn a_mailpit_that_throws_mails_away_is_refused() {
    let Some(mailpit) = Mailpit::start(&["--ignore-duplicate-ids"]) else {
        return;
    };
    mailpit.up().await;
    let started = Smtp.start(&mailpit.place(), host()).await;
    let error = started.err().unwrap().to_string();
    assert!(error.contains("--ignore-duplicate-ids"), "{error}");
}
