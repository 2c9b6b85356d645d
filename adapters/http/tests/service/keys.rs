//! Idempotency keys on the wire.

use crate::talk::{ask, books, open, script, serve};

const CHARGE: &str = r#"{"order":"x1-2-3","customer":"k0","amount":500}"#;

#[tokio::test]
async fn a_retry_gets_the_stored_answer() {
    let at = serve().await;
    open(at, "a", r#"{"keys":"store"}"#).await;
    // With quotes and without them, it is the same key.
    let first = ask(
        at,
        "POST",
        "/a/charges",
        &["Idempotency-Key: \"k-1\""],
        CHARGE,
    )
    .await;
    let again = ask(at, "POST", "/a/charges", &["idempotency-key: k-1"], CHARGE).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.body, again.body);
    assert_eq!(first.header("location"), again.header("location"));
    assert_eq!(first.header("idempotent-replayed"), None);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let books = books(at, "a").await;
    assert_eq!(books.len(), 1);
    assert_eq!(books[0]["key"], "k-1");
}

#[tokio::test]
async fn misused_and_malformed_keys_are_refused() {
    let at = serve().await;
    open(at, "a", r#"{"keys":"store"}"#).await;
    let key = ["Idempotency-Key: k"];
    assert_eq!(
        ask(at, "POST", "/a/charges", &key, CHARGE).await.status,
        201
    );
    let other = CHARGE.replace("500", "501");
    assert_eq!(
        ask(at, "POST", "/a/charges", &key, &other).await.status,
        422
    );
    for lines in [
        &["Idempotency-Key: "][..],
        &["Idempotency-Key: a b"],
        &["Idempotency-Key: \"open"],
        &["Idempotency-Key: a", "Idempotency-Key: b"],
    ] {
        let got = ask(at, "POST", "/a/charges", lines, CHARGE).await;
        assert_eq!(got.status, 400, "{lines:?}");
    }
    assert_eq!(books(at, "a").await.len(), 1);
}

#[tokio::test]
async fn keys_that_are_not_kept_do_nothing() {
    let at = serve().await;
    open(at, "a", r#"{"keys":"none"}"#).await;
    for key in [
        "Idempotency-Key: k",
        "Idempotency-Key: k",
        "Idempotency-Key: a b",
    ] {
        let got = ask(at, "POST", "/a/charges", &[key], CHARGE).await;
        assert_eq!((got.status, got.header("idempotent-replayed")), (201, None));
    }
    assert_eq!(books(at, "a").await.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_requests_at_once_with_one_key_one_runs() {
    let at = serve().await;
    open(at, "a", r#"{"keys":"store"}"#).await;
    script(at, "a", r#"[{"nth":1,"do":"slow","ms":500}]"#).await;
    let key = ["Idempotency-Key: k"];
    let one = || ask(at, "POST", "/a/charges", &key, CHARGE);
    let (a, b) = tokio::join!(one(), one());
    let (ran, refused) = if a.status == 201 { (a, b) } else { (b, a) };
    assert_eq!((ran.status, refused.status), (201, 409));
    assert_eq!(refused.header("retry-after"), Some("1"));
    let after = one().await;
    assert_eq!((after.status, &after.body), (201, &ran.body));
    assert_eq!(books(at, "a").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_one_key_makes_one_charge() {
    let at = serve().await;
    open(at, "a", r#"{"keys":"store"}"#).await;
    script(at, "a", r#"[{"nth":1,"do":"slow","ms":30}]"#).await;
    let storm = (0..40).map(|_| {
        tokio::spawn(async move {
            let got = ask(at, "POST", "/a/charges", &["Idempotency-Key: k"], CHARGE).await;
            (got.status, got.body)
        })
    });
    let mut receipts = Vec::new();
    for task in storm.collect::<Vec<_>>() {
        match task.await.unwrap() {
            (201, body) => receipts.push(body),
            (status, body) => assert_eq!(status, 409, "{body}"),
        }
    }
    receipts.dedup();
    assert_eq!(receipts.len(), 1);
    assert_eq!(books(at, "a").await.len(), 1);
}
