//! Limits that only a socket has.

use super::serve_within;
use crate::mailbox::Limits;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

async fn served(limits: Limits) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(serve_within(listener, limits));
    port
}

async fn dialled(port: u16) -> TcpStream {
    TcpStream::connect(("127.0.0.1", port)).await.unwrap()
}

/// All that is said until the end.
async fn heard(mut stream: TcpStream) -> String {
    let mut said = String::new();
    stream.read_to_string(&mut said).await.unwrap();
    said
}

#[tokio::test]
async fn who_says_nothing_is_told_so_and_left() {
    let port = served(Limits {
        idle: Duration::from_millis(50),
        handshake: Duration::from_millis(50),
        ..Limits::default()
    })
    .await;
    let said = heard(dialled(port).await).await;
    assert!(
        said.starts_with("220 ") && said.contains("\r\n421 4.4.2 "),
        "{said}"
    );
    // Nor is TLS waited for.
    let mut stream = dialled(port).await;
    stream.write_all(b"EHLO a\r\nSTARTTLS\r\n").await.unwrap();
    let said = heard(stream).await;
    assert!(said.ends_with("220 2.0.0 Ready to start TLS\r\n"), "{said}");
}

#[tokio::test]
async fn there_are_only_so_many_sessions() {
    let port = served(Limits {
        sessions: 1,
        ..Limits::default()
    })
    .await;
    let mut first = dialled(port).await;
    let mut greeting = [0; 4];
    first.read_exact(&mut greeting).await.unwrap();
    assert_eq!(&greeting, b"220 ");
    let said = heard(dialled(port).await).await;
    assert!(said.starts_with("421 4.3.2 "), "{said}");
    first.write_all(b"QUIT\r\n").await.unwrap();
    drop(first);
    for _ in 0..200 {
        let mut next = dialled(port).await;
        next.read_exact(&mut greeting).await.unwrap();
        if &greeting == b"220 " {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the place of a session that has ended is not given to another");
}
