//! A server as AWS's: it speaks TLS, and takes only what is signed with its user's key
//! and names it. What is behind it is the embedded SQS.

use crate::support::{Home, report, stderr};
use crate::up::Up;
use exactly_http1::{Request, Response, framing};
use exactly_model::{Verdict, exit};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

const KEY: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "a-session-of-the-user";
const REGION: &str = "eu-west-1";

/// Requests that were taken, and those that were refused.
#[derive(Default)]
struct Seen {
    taken: AtomicU32,
    refused: AtomicU32,
}

struct Front {
    port: u16,
    /// What is to be trusted to reach it.
    authority: PathBuf,
    seen: Arc<Seen>,
}

impl Front {
    fn start(home: &Home, behind: &str) -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_string()]).unwrap();
        let authority = home.path().join("authority.pem");
        std::fs::write(&authority, made.cert.pem()).unwrap();
        let key = made.signing_key.serialize_der().try_into().unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Seen::default());
        let (config, behind, counts) = (Arc::new(config), behind.to_string(), seen.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (config, behind, counts) = (config.clone(), behind.clone(), counts.clone());
                std::thread::spawn(move || {
                    let tls = ServerConnection::new(config).unwrap();
                    let _ = serve(&mut StreamOwned::new(tls, stream), &behind, port, &counts);
                });
            }
        });
        Self {
            port,
            authority,
            seen,
        }
    }

    fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }
}

/// Answers requests of a connection until it ends.
fn serve(
    client: &mut (impl Read + Write),
    behind: &str,
    port: u16,
    seen: &Seen,
) -> std::io::Result<()> {
    let mut buf = bytes::BytesMut::new();
    let mut reader = framing::RequestReader::new(framing::Limits::default());
    let mut chunk = [0; 16 << 10];
    loop {
        while let Some(incoming) = reader.next(&mut buf).map_err(std::io::Error::other)? {
            let framing::Incoming::Whole(request) = incoming else {
                continue;
            };
            let authority = format!("localhost:{port}");
            let answer = match is_signed(&request, &authority) {
                true => {
                    seen.taken.fetch_add(1, Ordering::SeqCst);
                    ask(behind, &request, &authority)?
                }
                false => {
                    seen.refused.fetch_add(1, Ordering::SeqCst);
                    refusal()
                }
            };
            client.write_all(&answer)?;
            client.flush()?;
        }
        match client.read(&mut chunk)? {
            0 => return Ok(()),
            n => buf.extend_from_slice(&chunk[..n]),
        }
    }
}

fn refusal() -> Vec<u8> {
    let body = r#"{"__type":"com.amazon.coral.service#InvalidSignatureException","message":"no"}"#;
    let length = body.len();
    format!("HTTP/1.1 403 Forbidden\r\nContent-Length: {length}\r\n\r\n{body}").into()
}

/// What the server behind says, with URLs as AWS has them.
fn ask(behind: &str, request: &Request, authority: &str) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(behind)?;
    stream.write_all(&request.bytes)?;
    let mut answer = Vec::new();
    let mut chunk = [0; 16 << 10];
    let response = loop {
        if let Some(response) = Response::parse(&answer).map_err(std::io::Error::other)? {
            break response;
        }
        match stream.read(&mut chunk)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            n => answer.extend_from_slice(&chunk[..n]),
        }
    };
    let body = String::from_utf8_lossy(&response.body);
    let plain = format!("http://{authority}/");
    let body = body.replace(&plain, &format!("https://{authority}/"));
    Ok(response
        .with_body(body.as_bytes())
        .unwrap_or(response.bytes)
        .to_vec())
}

/// Whether the request names this server and is signed with the user's key, by the
/// rules of Signature Version 4.
fn is_signed(request: &Request, authority: &str) -> bool {
    let header = |name: &str| request.headers.get(name).unwrap_or_default();
    let parts = header("authorization").strip_prefix("AWS4-HMAC-SHA256 ");
    let part = |name: &str| {
        let mut parts = parts.unwrap_or_default().split(", ");
        parts.find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
    };
    let (Some(credential), Some(signed), Some(signature)) =
        (part("Credential"), part("SignedHeaders"), part("Signature"))
    else {
        return false;
    };
    let date = header("x-amz-date");
    let day = date.get(..8).unwrap_or_default();
    let scope = format!("{day}/{REGION}/sqs/aws4_request");
    let lines: String = signed
        .split(';')
        .map(|name| format!("{name}:{}\n", header(name).trim()))
        .collect();
    let canonical = format!(
        "{}\n{}\n\n{lines}\n{signed}\n{}",
        request.method,
        request.target,
        hex(&Sha256::digest(&request.body))
    );
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{date}\n{scope}\n{}",
        hex(&Sha256::digest(canonical.as_bytes()))
    );
    let key = [day, REGION, "sqs", "aws4_request"]
        .iter()
        .fold(format!("AWS4{SECRET}").into_bytes(), |key, part| {
            hmac(&key, part.as_bytes())
        });
    request.headers.all("authorization").count() == 1
        && credential == format!("{KEY}/{scope}")
        && header("host") == authority
        && header("x-amz-security-token") == TOKEN
        && ["host", "x-amz-date", "x-amz-security-token"]
            .iter()
            .all(|name| signed.split(';').any(|signed| signed == *name))
        && signature == hex(&hmac(&key, to_sign.as_bytes()))
}

/// HMAC with SHA-256 (RFC 2104).
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 64];
    match key.len() > 64 {
        true => block[..32].copy_from_slice(&Sha256::digest(key)),
        false => block[..key.len()].copy_from_slice(key),
    }
    let pad = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::digest([&pad(0x36)[..], message].concat());
    Sha256::digest([&pad(0x5c)[..], &inner].concat()).to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_oracle_knows_a_signature_of_aws_s_documents() {
    // "Signature Calculations for the Authorization Header", derived key example.
    let key = ["20150830", "us-east-1", "iam", "aws4_request"]
        .iter()
        .fold(format!("AWS4{SECRET}").into_bytes(), |key, part| {
            hmac(&key, part.as_bytes())
        });
    assert_eq!(
        hex(&key),
        "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
    );
}

#[test]
fn a_server_with_tls_gets_what_is_signed_for_it() {
    let home = Home::new("aws");
    let up = Up::start(&home, &["sqs"], 1);
    let behind = up
        .address("sqs")
        .strip_prefix("http://")
        .unwrap()
        .to_string();
    let front = Front::start(&home, &behind);
    let url = front.url();
    let evaluate = |authority: &PathBuf, secret: &str| {
        let cell = ["ack-after-process/sqs-delete-then-effect", "--sqs", &url];
        let mut command = home.evaluate(&[&cell[..], &["--format", "json"]].concat());
        command
            .env("SSL_CERT_FILE", authority)
            .env("AWS_ACCESS_KEY_ID", KEY)
            .env("AWS_SECRET_ACCESS_KEY", secret)
            .env("AWS_SESSION_TOKEN", TOKEN)
            .env("AWS_REGION", REGION);
        command.output().unwrap()
    };

    let output = evaluate(&front.authority, SECRET);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report = report(&output);
    let (_, cell) = report.variants().next().unwrap();
    assert_eq!(cell.verdict, Verdict::Refuted, "{}", cell.bounds);
    assert!(cell.matches, "{:?}", cell.sinks);
    let seen = |count: &AtomicU32| count.load(Ordering::SeqCst);
    assert!(seen(&front.seen.taken) > 1_000);
    assert_eq!(seen(&front.seen.refused), 0);
    // Nothing of the user's credentials is kept.
    let events = std::fs::read_to_string(home.run().join("events.ndjson")).unwrap();
    for secret in [SECRET, TOKEN, KEY] {
        assert!(!events.contains(secret), "{secret} is recorded");
    }

    let nobody = home.path().join("nobody.pem");
    let other = rcgen::generate_simple_self_signed(["other".to_string()]).unwrap();
    std::fs::write(&nobody, other.cert.pem()).unwrap();
    for (authority, secret, part) in [
        (&nobody, SECRET, "SSL_CERT_FILE"),
        (&front.authority, "another", "InvalidSignatureException"),
    ] {
        let output = evaluate(authority, secret);
        let code = Some(i32::from(exit::SYSTEM_UNAVAILABLE));
        assert_eq!(output.status.code(), code, "{}", stderr(&output));
        assert!(stderr(&output).contains(part), "{}", stderr(&output));
    }
}
