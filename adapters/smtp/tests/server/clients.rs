//! Clients as people use them, straight to the sink and through the decoder.

use crate::host::{count, open, port_of, seen, sink};
use crate::relay::Relay;
use lettre::message::header::ContentTransferEncoding;
use lettre::message::{Body, MultiPart, SinglePart};
use lettre::transport::smtp::PoolConfig;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::process::{Command, Output};

fn lettre(port: u16) -> AsyncSmtpTransport<Tokio1Executor> {
    AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1")
        .port(port)
        .pool_config(PoolConfig::new().max_size(2))
        .build()
}

fn mail(subject: &str, body: &str) -> Message {
    let builder = Message::builder()
        .from("Shop <shop@example.com>".parse().unwrap())
        .to("c@example.org".parse().unwrap())
        .subject(subject);
    builder.body(body.to_string()).unwrap()
}

#[tokio::test]
async fn lettre_sends_through_the_decoder_and_every_mail_is_seen_once() {
    let sink = sink().await;
    let scope = open(&sink).await;
    let relay = Relay::to(sink.addresses()[0].clone(), scope.clone()).await;
    let transport = lettre(relay.port);
    transport
        .send(mail("order x7-12-0", "plain\n.\n..dots\n"))
        .await
        .unwrap();
    transport
        .send(mail("b", "bücher x7-12-1 = ünïcode\n"))
        .await
        .unwrap();
    let in_base64 = Body::new_with_encoding(
        "{\"id\":\"x7-12-2\",\"seq\":3,\"checksum\":\"0000002a\"}".to_string(),
        ContentTransferEncoding::Base64,
    );
    let parts = MultiPart::mixed()
        .singlepart(SinglePart::plain("see below".to_string()))
        .singlepart(SinglePart::builder().body(in_base64.unwrap()));
    let builder = Message::builder()
        .from("shop@example.com".parse().unwrap())
        .to("d@example.net".parse().unwrap())
        .message_id(Some("<x7-12-2@shop>".into()));
    let with_parts = builder.multipart(parts).unwrap();
    // Sent twice with one Message-ID: two mails.
    transport.send(with_parts.clone()).await.unwrap();
    transport.send(with_parts).await.unwrap();
    assert_eq!(
        relay.effects(),
        [
            "message example.org [0] Some(Ok)",
            "message example.org [1] Some(Ok)",
            "message example.net [2] Some(Ok)",
            "message example.net [2] Some(Ok)",
        ]
    );
    assert_eq!(seen(&scope, "mails").await, [0, 1, 2, 2]);
    assert_eq!(seen(&scope, "*@example.net").await, [2, 2]);
    assert_eq!(count(&scope, "*@example.net").await, 2);
    let mut checksums = Vec::new();
    let observing = scope.observing().unwrap();
    let mut each = |seen: exactly_adapter::Seen| checksums.push((seen.key_seq, seen.checksum));
    let observer = crate::host::observer("d@*");
    observing.observe(&observer, &mut each).await.unwrap();
    assert_eq!(checksums, [(Some(3), Some(42)); 2]);
}

#[tokio::test]
async fn a_client_whose_mail_was_refused_goes_on_with_another_connection() {
    let sink = sink().await;
    let scope = open(&sink).await;
    let relay = Relay::to(sink.addresses()[0].clone(), scope.clone()).await;
    let transport = lettre(relay.port);
    transport.send(mail("x7-12-0", "a")).await.unwrap();
    relay.seen.lock().unwrap().refuse = 1;
    let error = transport.send(mail("x7-12-1", "a")).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    transport.send(mail("x7-12-1", "a")).await.unwrap();
    assert_eq!(seen(&scope, "mails").await, [0, 1]);
}

/// Runs a program of Python's, or says that it was not.
fn python(program: &str, arguments: &[&str]) -> Option<Output> {
    let mut command = Command::new("python3");
    match command.arg("-c").arg(program).args(arguments).output() {
        Ok(output) => Some(output),
        Err(error) => {
            eprintln!("not run: python3: {error}");
            None
        }
    }
}

fn succeeded(output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

const WITH_TLS: &str = r#"
import smtplib, ssl, sys
from email.message import EmailMessage
port, pem = int(sys.argv[1]), sys.argv[2]
context = ssl.create_default_context(cafile=pem)
with smtplib.SMTP("localhost", port, timeout=30) as smtp:
    smtp.ehlo()
    assert not smtp.has_extn("auth"), smtp.esmtp_features
    smtp.starttls(context=context)
    smtp.ehlo()
    assert smtp.has_extn("auth") and not smtp.has_extn("starttls"), smtp.esmtp_features
    smtp.login("anybody", "hunter2")
    mail = EmailMessage()
    mail["From"], mail["To"] = "shop@example.com", "c@example.org"
    mail["Subject"] = "order"
    mail.set_content("x7-12-5\n.\n.dot\n" + "long " * 400)
    assert smtp.send_message(mail) == {}
    mail = EmailMessage()
    mail["From"], mail["To"] = "j\u00fcrgen@b\u00fccher.example", "c@example.org"
    mail["Subject"] = "b\u00fccher x7-12-6"
    mail.set_content("gr\u00fc\u00dfe", cte="8bit")
    assert smtp.send_message(mail) == {}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn python_starts_tls_authenticates_and_sends() {
    let sink = sink().await;
    let port = port_of(&sink);
    let pem = exactly_smtp::certificate_of("127.0.0.1", port)
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sink.pem");
    std::fs::write(&path, pem).unwrap();
    let path = path.to_string_lossy().into_owned();
    let sent = tokio::task::spawn_blocking(move || python(WITH_TLS, &[&port.to_string(), &path]));
    let Some(output) = sent.await.unwrap() else {
        return;
    };
    succeeded(&output);
    let scope = open(&sink).await;
    assert_eq!(seen(&scope, "mails").await, [5, 6]);
}

const WITHOUT_TLS: &str = r#"
import smtplib, sys
with smtplib.SMTP("127.0.0.1", int(sys.argv[1]), timeout=30) as smtp:
    smtp.ehlo()
    assert not smtp.has_extn("starttls"), smtp.esmtp_features
    code, text = smtp.docmd("STARTTLS")
    assert code == 502, (code, text)
    smtp.login("anybody", "hunter2")
    smtp.sendmail("a@b.example", ["c@d.example", "e@f.example"], "Subject: x7-12-7\r\n\r\nbody\r\n")
    smtp.sendmail("a@b.example", ["x7-12-8@d.example"], "Subject: none\r\n\r\nbody\r\n")
"#;

#[tokio::test(flavor = "multi_thread")]
async fn python_sends_through_the_decoder_without_tls() {
    let sink = sink().await;
    let scope = open(&sink).await;
    let relay = Relay::to(sink.addresses()[0].clone(), scope.clone()).await;
    let port = relay.port.to_string();
    let sent = tokio::task::spawn_blocking(move || python(WITHOUT_TLS, &[&port]));
    let Some(output) = sent.await.unwrap() else {
        return;
    };
    succeeded(&output);
    assert_eq!(
        relay.effects(),
        [
            "message d.example [7] Some(Ok)",
            "message d.example [8] Some(Ok)",
        ]
    );
    assert_eq!(seen(&scope, "mails").await, [7, 8]);
    let seen = relay.seen.lock().unwrap();
    let shown = format!("{:?} {:?}", seen.heads, seen.replies);
    // `hunter2`, and the base64 of what PLAIN sends.
    assert!(
        !shown.contains("hunter2") && !shown.contains("AGFueWJvZHkA"),
        "{shown}"
    );
}
