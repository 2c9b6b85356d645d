//! The adapter: places, placeholders, observing, and what belongs to a trial.

use crate::host::{NAMES, Talk, count, host, observer, open, port_of, seen, sink};
use exactly_adapter::{Adapter, ObserveError, StartError, TrialNames};
use exactly_model::{Setup, SystemPlace, View};
use exactly_smtp::Smtp;
use std::collections::BTreeSet;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

async fn send(port: u16, to: &str, body: &str) {
    let mut talk = Talk::with(port).await;
    assert_eq!(talk.ask("HELO a\r\n").await, 250);
    assert_eq!(talk.ask("MAIL FROM:<a@b>\r\n").await, 250);
    assert_eq!(talk.ask(&format!("RCPT TO:<{to}>\r\n")).await, 250);
    assert_eq!(talk.ask("DATA\r\n").await, 354);
    assert_eq!(talk.ask(&format!("\r\n{body}\r\n.\r\n")).await, 250);
}

#[tokio::test]
async fn placeholders_lead_to_the_boundary() {
    let sink = sink().await;
    let scope = open(&sink).await;
    let given = scope.placeholders(&[("127.0.0.1".into(), 9)]);
    let names: BTreeSet<String> = given.keys().cloned().collect();
    let promised = Smtp.placeholders(&Setup::default()).into_iter().collect();
    assert_eq!(names, promised);
    assert_eq!(given["url"], "smtp://127.0.0.1:9");
    assert_eq!(given["address"], "127.0.0.1:9");
    assert_eq!(
        (given["host"].as_str(), given["port"].as_str()),
        ("127.0.0.1", "9")
    );
    let ipv6 = scope.placeholders(&[("::1".into(), 9)]);
    assert_eq!(ipv6["url"], "smtp://[::1]:9");
    assert!(sink.endpoint().starts_with("smtp://127.0.0.1:"));
    let faults = scope.faults_at("message", "a@b");
    assert!(faults.error_before && faults.overtakes);
    assert!(!faults.error_after && !faults.parts);
    assert_eq!(
        scope.faults_at("DATA", ""),
        exactly_adapter::Faultable::default()
    );
}

#[tokio::test]
async fn trials_share_the_sink_and_see_their_own_mails() {
    let sink = sink().await;
    let scope = open(&sink).await;
    let names = TrialNames { run: 7, trial: 13 };
    let other = sink.open(names, &Setup::default()).await.unwrap();
    let port = port_of(&sink);
    send(port, "c@d", "x7-12-1").await;
    send(port, "c@d", "x7-13-2").await;
    send(port, "c@e", "x7-12-1").await;
    send(port, "c@d", "nobody's").await;
    assert_eq!(seen(&scope, "mails").await, [1, 1]);
    assert_eq!(seen(&scope, " c@e ").await, [1]);
    assert_eq!(
        (count(&scope, "mails").await, count(&other, "mails").await),
        (2, 1)
    );
    // What one trial closes is the other one's no longer, and nobody else's.
    scope.close().await;
    scope.close().await;
    assert_eq!(
        (count(&scope, "mails").await, count(&other, "mails").await),
        (0, 1)
    );
    let joined = Smtp.join(&sink.addresses()).await.unwrap();
    let again = joined.open(names, &Setup::default()).await.unwrap();
    assert_eq!(seen(&again, "mails").await, [2]);
}

#[tokio::test]
async fn a_sink_of_thousands_is_read_whole() {
    let sink = sink().await;
    let scope = open(&sink).await;
    let mut talk = Talk::with(port_of(&sink)).await;
    talk.ask("HELO a\r\n").await;
    for n in 0..2500 {
        let mail = format!("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n\r\nx7-12-{n}\r\n.\r\n");
        talk.send(&mail).await;
    }
    for _ in 0..2500 {
        for code in ["250", "250", "354", "250"] {
            assert!(talk.hear().await.starts_with(code));
        }
    }
    assert_eq!(seen(&scope, "mails").await, (0..2500).collect::<Vec<_>>());
    assert_eq!(count(&scope, "mails").await, 2500);
}

#[tokio::test]
async fn what_cannot_be_observed_is_said() {
    let sink = sink().await;
    let scope = open(&sink).await;
    let observing = scope.observing().unwrap();
    for query in ["", "charges", "a b@c", "header:X=1"] {
        let error = observing.count(&observer(query)).await.unwrap_err();
        assert!(
            matches!(&error, ObserveError::Config { .. }),
            "{query}: {error}"
        );
        assert!(error.to_string().contains("observe `mails`"), "{error}");
    }
    let uncommitted = exactly_model::Observer {
        view: View::ReadUncommitted,
        ..observer("mails")
    };
    let error = observing.count(&uncommitted).await.unwrap_err();
    assert!(error.to_string().contains("read_committed"), "{error}");
}

#[tokio::test]
async fn places_that_are_none_are_said_to_be() {
    let start = |place: SystemPlace| async move {
        let started = Smtp.start(&place, host()).await;
        started.err().unwrap()
    };
    let local = start(SystemPlace::Local { nodes: 1 }).await;
    assert!(matches!(&local, StartError::Config { .. }), "{local}");
    assert!(local.to_string().contains("leave it embedded"), "{local}");
    let tls = start(SystemPlace::At("smtp+starttls://h:587".into())).await;
    assert!(tls.to_string().contains("smtps://"), "{tls}");
    // Nobody listens there, and somebody does who is no mail server.
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let url = format!("smtp://127.0.0.1:{port}");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    for url in ["smtp://127.0.0.1:1".to_string(), url] {
        let error = start(SystemPlace::At(url.clone())).await;
        assert!(matches!(&error, StartError::Unreachable { .. }), "{error}");
        assert!(error.to_string().contains(&url), "{error}");
    }
}

#[tokio::test]
async fn a_server_of_the_users_is_broken_and_not_audited() {
    let sink = sink().await;
    let at = SystemPlace::At(sink.endpoint());
    let user = Smtp.start(&at, host()).await.unwrap();
    assert_eq!(user.addresses(), sink.addresses());
    let info = user.info("mail");
    assert!(info.version.contains("exactly"), "{}", info.version);
    assert!(
        info.place.starts_with("at smtp://127.0.0.1:"),
        "{}",
        info.place
    );
    let scope = user.open(NAMES, &Setup::default()).await.unwrap();
    let observing = scope.observing().unwrap();
    let error = observing.count(&observer("mails")).await.unwrap_err();
    assert!(error.to_string().contains("?api=http://"), "{error}");
    // What is no Mailpit is not taken for one.
    let api = format!(
        "{}?api=http://127.0.0.1:{}",
        sink.endpoint(),
        port_of(&sink)
    );
    let error = Smtp.start(&SystemPlace::At(api), host()).await.err();
    assert!(error.unwrap().to_string().contains("Mailpit"));
}
