//! What the service answers to what stands on the wire.

use crate::talk::{ask, books, get, open, script, send, serve};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const CHARGE: &str = r#"{"order":"x1-2-3","customer":"k0","amount":500}"#;

#[tokio::test]
async fn a_charge_is_made_and_found_again() {
    let at = serve().await;
    open(at, "a", "{}").await;
    let made = ask(at, "POST", "/a/charges", &[], CHARGE).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.header("content-type"), Some("application/json"));
    assert_eq!(made.header("location"), Some("/a/charges/ch_000001"));
    assert_eq!(made.json()["order"], "x1-2-3");
    let found = get(at, "/a/charges/ch_000001").await;
    assert_eq!(
        (found.status, &found.json()["customer"]),
        (200, &"k0".into())
    );
    let listed = get(at, "/a/charges?limit=1").await.json();
    assert_eq!(listed["charges"][0]["charge"], "ch_000001");
    let head = ask(at, "HEAD", "/a/charges/ch_000001", &[], "").await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(get(at, "/a/charges/ch_000002").await.status, 404);
    assert_eq!(get(at, "/b/charges").await.status, 404);
    assert_eq!(get(at, "/nothing").await.status, 404);
}

#[tokio::test]
async fn errors_are_problems() {
    let at = serve().await;
    open(at, "a", "{}").await;
    for (method, path, headers, body, status) in [
        ("POST", "/a/charges", &[][..], "{", 400),
        ("POST", "/a/charges", &[], "[]", 400),
        (
            "POST",
            "/a/charges",
            &["Content-Type: text/plain"],
            CHARGE,
            415,
        ),
        ("POST", "/a/charges", &[], "", 415),
        ("POST", "/b/charges", &[], CHARGE, 404),
        ("PATCH", "/a/charges", &[], "", 405),
        ("DELETE", "/a/charges/ch_000001", &[], "", 405),
        ("POST", "/_exactly/charges", &[], "", 405),
        ("GET", "/_exactly/accounts/a/script", &[], "", 405),
        ("POST", "/_exactly/accounts/a", &[], "", 405),
        ("GET", "/_exactly/charges", &[], "", 400),
        ("GET", "/_exactly/charges?account=b", &[], "", 404),
        ("PUT", "/_exactly/accounts/A", &[], "{}", 404),
        ("PUT", "/_exactly/accounts/b", &[], "[]", 400),
    ] {
        let got = ask(at, method, path, headers, body).await;
        assert_eq!(got.status, status, "{method} {path}: {got:?}");
        assert_eq!(got.header("content-type"), Some("application/problem+json"));
        assert_eq!(got.json()["status"], status);
        assert_eq!(got.header("allow").is_some(), status == 405);
    }
    let wrong = ask(at, "PATCH", "/a/charges", &[], "").await;
    assert_eq!(wrong.header("allow"), Some("GET, HEAD, POST"));
    let typed = ["Content-Type: Application/JSON; charset=utf-8"];
    assert_eq!(
        ask(at, "POST", "/a/charges", &typed, CHARGE).await.status,
        201
    );
    assert_eq!(books(at, "a").await.len(), 1);
}

#[tokio::test]
async fn bodies_are_bounded_however_they_come() {
    let at = serve().await;
    open(at, "a", "{}").await;
    let padded = |len: usize| format!("{CHARGE}{}", " ".repeat(len - CHARGE.len()));
    let fits = ask(at, "POST", "/a/charges", &[], &padded(64 << 10)).await;
    assert_eq!(fits.status, 201);
    let long = ask(at, "POST", "/a/charges", &[], &padded((64 << 10) + 1)).await;
    assert_eq!(long.status, 413);
    // A length that is only said, and pieces that add up.
    let head = "POST /a/charges HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\
                Content-Type: application/json\r\n";
    let said = format!("{head}Content-Length: 1000000\r\n\r\n{CHARGE}");
    assert_eq!(send(at, said.as_bytes()).await.status, 413);
    let piece = format!("8000\r\n{}\r\n", " ".repeat(0x8000));
    let pieces = format!("{head}Transfer-Encoding: chunked\r\n\r\n{piece}{piece}{piece}0\r\n\r\n");
    assert_eq!(send(at, pieces.as_bytes()).await.status, 413);
    assert_eq!(books(at, "a").await.len(), 1);
}

#[tokio::test]
async fn what_is_no_http_is_refused_and_the_service_goes_on() {
    let at = serve().await;
    open(at, "a", "{}").await;
    for bytes in [
        "GARBAGE\r\n\r\n".as_bytes(),
        b"GET /a/charges HTTP/9.9\r\nHost: h\r\n\r\n",
        b"POST /a/charges HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n",
        b"POST /a/charges HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"\x16\x03\x01\x00\xff\x01\r\n\r\n",
    ] {
        assert_eq!(send(at, bytes).await.status, 400, "{bytes:?}");
    }
    assert_eq!(get(at, "/a/charges").await.status, 200);
    assert_eq!(books(at, "a").await.len(), 0);
}

#[tokio::test]
async fn half_a_request_does_nothing() {
    let at = serve().await;
    open(at, "a", "{}").await;
    let mut stream = TcpStream::connect(at).await.unwrap();
    let half = format!(
        "POST /a/charges HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{CHARGE}",
        CHARGE.len() + 1
    );
    stream.write_all(half.as_bytes()).await.unwrap();
    // The service closes when it has made up its mind.
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let closed = stream.read_to_end(&mut answer);
    let closed = tokio::time::timeout(Duration::from_secs(10), closed).await;
    assert!(closed.is_ok(), "the service waits for the other half");
    assert_eq!(books(at, "a").await.len(), 0);
    assert_eq!(get(at, "/_exactly/accounts/a").await.json()["working"], 0);
}

#[tokio::test]
async fn the_service_finishes_what_the_dead_have_begun() {
    let at = serve().await;
    open(at, "a", "{}").await;
    script(at, "a", r#"[{"nth":1,"do":"slow","ms":1500}]"#).await;
    let mut stream = TcpStream::connect(at).await.unwrap();
    let whole = format!(
        "POST /a/charges HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{CHARGE}",
        CHARGE.len()
    );
    stream.write_all(whole.as_bytes()).await.unwrap();
    let began = Instant::now();
    while get(at, "/_exactly/accounts/a").await.json()["working"] != 1 {
        assert!(began.elapsed() < Duration::from_secs(10), "never begun");
    }
    drop(stream);
    assert_eq!(books(at, "a").await.len(), 0);
    while get(at, "/_exactly/accounts/a").await.json()["working"] != 0 {
        assert!(began.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(books(at, "a").await.len(), 1);
}

#[tokio::test]
async fn a_scripted_error_may_hide_a_charge() {
    let at = serve().await;
    open(at, "a", "{}").await;
    let steps = r#"[{"nth":1,"do":"fail","status":503},
        {"nth":2,"do":"fail-after-apply","status":502}]"#;
    script(at, "a", steps).await;
    assert_eq!(ask(at, "POST", "/a/charges", &[], CHARGE).await.status, 503);
    assert_eq!(books(at, "a").await.len(), 0);
    assert_eq!(ask(at, "POST", "/a/charges", &[], CHARGE).await.status, 502);
    assert_eq!(books(at, "a").await.len(), 1);
    assert_eq!(
        ask(at, "DELETE", "/_exactly/accounts/a", &[], "")
            .await
            .status,
        200
    );
    assert_eq!(get(at, "/a/charges").await.status, 404);
}

/// A request that has come whole is done, even where its sender is gone before it
/// is read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_dead_have_sent_is_done() {
    let at = serve().await;
    open(at, "a", "{}").await;
    let whole = format!(
        "POST /a/charges HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{CHARGE}",
        CHARGE.len()
    );
    for _ in 0..50 {
        let mut stream = TcpStream::connect(at).await.unwrap();
        stream.write_all(whole.as_bytes()).await.unwrap();
    }
    let began = Instant::now();
    while books(at, "a").await.len() < 50 {
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "{} of 50",
            books(at, "a").await.len()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
