//! The adapter: places, feeding, observing, backlog.

use crate::talk::{ask, get, serve};
use bytes::BytesMut;
use exactly_adapter::testing::{TestHost, on_a_thread};
use exactly_adapter::{
    Adapter, Addresses, Decoder, Direction, Fed, Instance, ObserveError, Outgoing, Scope, Seen,
    StartError, TrialNames, Unit,
};
use exactly_http::Http;
use exactly_model::{MessageId, Observer, Outcome, Setup, SinkKind, SystemPlace, View, checksum};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const NAMES: TrialNames = TrialNames { run: 7, trial: 12 };

/// With the embedded service on a thread.
fn host() -> Arc<TestHost> {
    let start = || on_a_thread(|ready| exactly_http::serve_embedded(0, ready));
    Arc::new(TestHost::new(&[]).embedding(start))
}

async fn start(place: SystemPlace) -> Arc<dyn Instance> {
    Http.start(&place, host()).await.unwrap()
}

async fn at(url: String) -> Arc<dyn Scope> {
    let instance = start(SystemPlace::At(url)).await;
    instance.open(NAMES, &Setup::default()).await.unwrap()
}

async fn embedded(keys: bool) -> (Arc<dyn Scope>, SocketAddr) {
    let instance = start(SystemPlace::Embedded).await;
    let (host, port) = instance.addresses()[0].clone();
    let setup = Setup {
        idempotency_keys: keys,
        ..Setup::default()
    };
    let scope = instance.open(NAMES, &setup).await.unwrap();
    (scope, format!("{host}:{port}").parse().unwrap())
}

fn message(sequence: u32, payload: impl Into<String>) -> Outgoing {
    Outgoing {
        id: MessageId::new(7, 12, sequence).unwrap(),
        key: format!("k{}", sequence % 3),
        payload: payload.into(),
        fields: Vec::new(),
    }
}

fn order(sequence: u32) -> Outgoing {
    let id = MessageId::new(7, 12, sequence).unwrap();
    let key = format!("k{}", sequence % 3);
    let sum = checksum(id, &key, sequence / 3);
    message(
        sequence,
        format!(r#"{{"order":"{id}","customer":"{key}","amount":100,"checksum":"{sum:08x}"}}"#),
    )
}

fn observer(query: &str) -> Observer {
    Observer {
        name: "charges".into(),
        system: "pay".into(),
        kind: SinkKind::Charge,
        query: query.into(),
        effects_per_message: 1,
        view: View::ReadCommitted,
        by: None,
    }
}

async fn observed(scope: &dyn Scope) -> Result<Vec<Seen>, ObserveError> {
    let mut all = Vec::new();
    let observing = scope.observing().unwrap();
    observing
        .observe(&observer("charges"), &mut |seen| all.push(seen))
        .await?;
    assert_eq!(
        observing.count(&observer("charges")).await.unwrap(),
        all.len() as u64
    );
    Ok(all)
}

async fn feed(scope: &dyn Scope, to: &str, messages: &[Outgoing]) -> Vec<Fed> {
    scope.feeder().unwrap().feed(to, messages, 4).await.unwrap()
}

#[tokio::test]
async fn what_is_fed_is_observed() {
    let (scope, _) = embedded(false).await;
    let messages: Vec<_> = (0..30).map(order).collect();
    let fed = feed(scope.as_ref(), "/charges", &messages).await;
    assert_eq!(fed.len(), 30);
    assert!(
        fed.iter()
            .all(|fed| fed.outcome == Outcome::Ok && fed.error.is_none())
    );
    let seen = observed(scope.as_ref()).await.unwrap();
    assert_eq!(seen.len(), 30);
    for key in ["k0", "k1", "k2"] {
        // Messages of one key are sent in order.
        let of_key = seen.iter().filter(|seen| seen.key.as_deref() == Some(key));
        assert!(of_key.map(|seen| seen.id).is_sorted());
    }
    assert!(seen.iter().map(|seen| seen.position).eq((1..=30).map(Some)));
    let first = seen.iter().find(|seen| seen.id.sequence() == 0).unwrap();
    assert_eq!(first.checksum, Some(checksum(first.id, "k0", 0)));
    let left = scope.backlog().unwrap().left(&[], None).await.unwrap();
    assert_eq!((left.items, left.detail.as_str()), (0, ""));
    scope.close().await;
    assert!(matches!(
        observed(scope.as_ref()).await,
        Err(ObserveError::Unavailable { .. })
    ));
}

#[tokio::test]
async fn every_answer_has_an_outcome() {
    let (scope, address) = embedded(true).await;
    let steps = r#"[{"nth":2,"do":"fail-after-apply","status":500},
        {"nth":3,"do":"fail","status":409}]"#;
    crate::talk::script(address, "x7-12", steps).await;
    let mut messages = vec![order(0), order(3), order(6), order(9)];
    messages.push(message(12, "no JSON"));
    let fed = feed(scope.as_ref(), "/charges", &messages).await;
    let outcomes: Vec<_> = fed.iter().map(|fed| fed.outcome).collect();
    use Outcome::{Fail, Ok, Unknown};
    assert_eq!(outcomes, [Ok, Unknown, Unknown, Ok, Fail]);
    let why = fed[4].error.as_deref().unwrap();
    assert!(why.starts_with("status 400: "), "{why}");
    // What is unknown may be there or not.
    let seen = observed(scope.as_ref()).await.unwrap();
    assert!(seen.iter().map(|seen| seen.id.sequence()).eq([0, 3, 9]));
    let elsewhere = feed(scope.as_ref(), "/nothing", &[order(1)]).await;
    assert_eq!(elsewhere[0].outcome, Fail);
    for wrong in ["charges", "", "/a b", "/a\r\nX: y", "http://h/charges"] {
        let error = scope.feeder().unwrap().feed(wrong, &[order(1)], 1).await;
        assert!(error.is_err(), "{wrong:?}");
    }
}

/// A service that does with each request what its body says.
async fn obedient() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut got = vec![0; 4096];
                let n = stream.read(&mut got).await.unwrap();
                let text = String::from_utf8_lossy(&got[..n]).into_owned();
                let body = text.split("\r\n\r\n").nth(1).unwrap_or_default();
                let answer = match body {
                    "close" => String::new(),
                    "garbage" => "what?\r\n\r\n".into(),
                    "half" => "HTTP/1.1 20".into(),
                    "cut" => "HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\nab".into(),
                    status => format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n"),
                };
                stream.write_all(answer.as_bytes()).await.unwrap();
            });
        }
    });
    address
}

#[tokio::test]
async fn a_service_of_the_users_is_fed_and_judged_by_the_table() {
    let address = obedient().await;
    let scope = at(format!("http://{address}/v1")).await;
    for (payload, outcome) in [
        ("200", Outcome::Ok),
        ("204", Outcome::Ok),
        ("303", Outcome::Unknown),
        ("404", Outcome::Fail),
        ("408", Outcome::Unknown),
        ("425", Outcome::Fail),
        ("429", Outcome::Fail),
        ("503", Outcome::Unknown),
        ("close", Outcome::Unknown),
        ("garbage", Outcome::Unknown),
        ("half", Outcome::Unknown),
        // The status has come.
        ("cut", Outcome::Ok),
    ] {
        let fed = feed(scope.as_ref(), "/any/path?x=1", &[message(0, payload)]).await;
        assert_eq!(fed[0].outcome, outcome, "{payload}: {fed:?}");
        assert_eq!(fed[0].error.is_some(), outcome != Outcome::Ok);
    }
    assert_eq!(
        scope
            .backlog()
            .unwrap()
            .left(&[], None)
            .await
            .unwrap()
            .items,
        0
    );
    let error = observed(scope.as_ref()).await.unwrap_err().to_string();
    assert!(error.contains("a command of yours"), "{error}");
}

#[tokio::test]
async fn a_service_that_is_gone_fails_what_it_is_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let scope = at(format!("http://{address}")).await;
    drop(listener);
    let fed = feed(scope.as_ref(), "/charges", &[order(0)]).await;
    assert_eq!(fed[0].outcome, Outcome::Fail);
    assert!(
        fed[0].error.as_deref().unwrap().contains("ECONNREFUSED"),
        "{fed:?}"
    );
}

#[tokio::test]
async fn what_is_wrong_with_an_observer_is_said() {
    let (scope, address) = embedded(true).await;
    let observing = scope.observing().unwrap();
    for wrong in ["refunds", ""] {
        let error = observing.count(&observer(wrong)).await.unwrap_err();
        assert!(matches!(error, ObserveError::Config { .. }), "{error}");
    }
    let uncommitted = Observer {
        view: View::ReadUncommitted,
        ..observer("charges")
    };
    assert!(observing.count(&uncommitted).await.is_err());
    for (body, says) in [
        (r#"{"order":"o-1","customer":"k","amount":1}"#, "\"o-1\""),
        (
            r#"{"order":"x7-12-1","customer":"k","amount":1,"checksum":"zz"}"#,
            "\"zz\"",
        ),
    ] {
        let (scope, address) = match says {
            "\"o-1\"" => (Arc::clone(&scope), address),
            _ => embedded(true).await,
        };
        let got = ask(address, "POST", "/x7-12/charges", &[], body).await;
        assert_eq!(got.status, 201);
        let error = observed(scope.as_ref()).await.unwrap_err();
        assert!(matches!(error, ObserveError::Config { .. }), "{error}");
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[tokio::test]
async fn what_is_still_being_worked_on_is_left_to_do() {
    let (scope, address) = embedded(false).await;
    crate::talk::script(address, "x7-12", r#"[{"nth":1,"do":"slow","ms":1500}]"#).await;
    let body = order(0).payload;
    let asking = tokio::spawn(async move {
        ask(address, "POST", "/x7-12/charges", &[], &body)
            .await
            .status
    });
    let left = loop {
        let left = scope.backlog().unwrap().left(&[], None).await.unwrap();
        // The request is on its way until the service has begun with it.
        if left.items > 0 || asking.is_finished() {
            break left;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(left.items, 1);
    assert_eq!(left.detail, "1 request is being worked on");
    assert_eq!(asking.await.unwrap(), 201);
    assert_eq!(
        scope
            .backlog()
            .unwrap()
            .left(&[], None)
            .await
            .unwrap()
            .items,
        0
    );
}

#[tokio::test]
async fn placeholders_lead_to_the_boundary() {
    let boundary = [("127.0.0.1".to_string(), 4_000)];
    let (scope, _) = embedded(false).await;
    let filled = scope.placeholders(&boundary);
    assert_eq!(filled["url"], "http://127.0.0.1:4000/x7-12");
    assert_eq!(filled["address"], "127.0.0.1:4000");
    assert_eq!(
        (filled["host"].as_str(), filled["port"].as_str()),
        ("127.0.0.1", "4000")
    );
    assert_eq!(filled["account"], "x7-12");
    let mut names = Http.placeholders(&Setup::default());
    names.sort();
    assert!(filled.keys().eq(names.iter()));
    assert!(scope.placeholders(&[]).is_empty());
    let scope = at(format!("http://{}/v1/", obedient().await)).await;
    assert_eq!(
        scope.placeholders(&boundary)["url"],
        "http://127.0.0.1:4000/v1"
    );
}

#[tokio::test]
async fn faults_are_those_of_the_method() {
    let (scope, _) = embedded(false).await;
    for (method, errors, overtakes) in [
        ("POST", true, true),
        ("PUT", true, false),
        ("PATCH", true, false),
        ("DELETE", true, false),
        ("GET", false, false),
    ] {
        let can = scope.faults_at(method, "/charges");
        assert_eq!(
            (can.error_before, can.error_after),
            (errors, errors),
            "{method}"
        );
        assert_eq!((can.parts, can.overtakes), (false, overtakes), "{method}");
    }
}

#[tokio::test]
async fn places_are_started_reached_or_refused() {
    let instance = start(SystemPlace::Embedded).await;
    let info = instance.info("pay");
    assert!(info.emulated && info.version.starts_with("payments service"));
    // Another process of the harness joins it, and opens accounts of its own.
    let joined = Http.join(&instance.addresses()).await.unwrap();
    joined.open(NAMES, &Setup::default()).await.unwrap();
    let twice = instance.open(NAMES, &Setup::default()).await;
    assert!(matches!(twice, Err(StartError::NotStarted { .. })));
    assert!(Http.join(&[("127.0.0.1".into(), 1)]).await.is_err());

    let local = Http.start(&SystemPlace::Local { nodes: 1 }, host()).await;
    assert!(matches!(local, Err(StartError::Config { .. })));
    let nowhere = Http
        .start(&SystemPlace::At("http://127.0.0.1:1".into()), host())
        .await;
    assert!(matches!(nowhere, Err(StartError::Unreachable { .. })));
    let secret = SystemPlace::At("http://u:secret@127.0.0.1:1".into());
    let error = Http.start(&secret, host()).await.err().unwrap().to_string();
    assert!(!error.contains("secret"), "{error}");
    let address = serve().await;
    let own = start(SystemPlace::At(format!("http://{address}"))).await;
    assert!(!own.info("pay").emulated);
    // Nothing is opened at a service of the user's.
    own.open(NAMES, &Setup::default()).await.unwrap();
    assert_eq!(get(address, "/_exactly/accounts/x7-12").await.status, 404);
}

struct NoAddresses;

impl Addresses for NoAddresses {
    fn boundary_for(&self, host: &str, port: u16) -> std::io::Result<(String, u16)> {
        panic!("{host}:{port}: HTTP names no addresses");
    }
}

fn only_unit(decoder: &mut dyn Decoder, dir: Direction, bytes: &[u8]) -> Unit {
    let mut buf = BytesMut::from(bytes);
    let unit = decoder.next(dir, &mut buf, &NoAddresses).unwrap().unwrap();
    assert!(buf.is_empty());
    assert_eq!(&unit.forward[..], bytes);
    unit
}

/// What the service says, as the boundary reads it.
#[tokio::test]
async fn a_decoder_reads_what_the_service_writes() {
    let (scope, address) = embedded(true).await;
    let body = order(4).payload;
    let request = format!(
        "POST /x7-12/charges HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n\
         Idempotency-Key: k\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut decoder = scope.decoder();
    let mut stream = TcpStream::connect(address).await.unwrap();
    for kept in [vec![], vec![4]] {
        let unit = only_unit(decoder.as_mut(), Direction::ToSystem, request.as_bytes());
        let head = unit.opens.unwrap();
        assert_eq!(
            (head.operation.as_str(), head.target.as_str()),
            ("POST", "/charges")
        );
        assert!(head.ids.iter().map(|id| id.sequence()).eq([4]));
        stream.write_all(&unit.forward).await.unwrap();
        let mut answer = vec![0; 4096];
        let n = stream.read(&mut answer).await.unwrap();
        let unit = only_unit(decoder.as_mut(), Direction::ToClient, &answer[..n]);
        let reply = unit.closes.unwrap();
        assert_eq!((reply.key, reply.outcome), (head.key, Outcome::Ok));
        let of: Vec<_> = reply.duplicate_of.iter().map(|id| id.sequence()).collect();
        assert_eq!(of, kept);
    }
    assert_eq!(observed(scope.as_ref()).await.unwrap().len(), 1);
}
