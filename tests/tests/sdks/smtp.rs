//! Against `exactly up smtp`: a mail in the clear, one by STARTTLS with AUTH, and none by
//! who does not trust the certificate.

use crate::up::{SOON, Up};
use crate::{Round, Sdk, java, node, rounds};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::process::Command;

const SMTPLIB: Sdk = Sdk {
    name: "smtplib",
    manifest: None,
    round: |_| {
        let mut command = Command::new("python3");
        command.arg(rounds().join("smtplib/round.py"));
        command
    },
};

const JAKARTA_MAIL: Sdk = Sdk {
    name: "jakarta-mail",
    manifest: Some("jakarta-mail/pom.xml"),
    round: |folder| java(folder, "jakarta-mail/Round.java"),
};

const NODEMAILER: Sdk = Sdk {
    name: "nodemailer",
    manifest: Some("nodemailer/package-lock.json"),
    round: |folder| node(folder, "nodemailer/round.js"),
};

fn goes_round(sdk: &Sdk) {
    let round = sdk.goes_round("smtp", |command, up, home| {
        let certificates = home.path().join("authority.pem");
        let (pem, _) = ask(up, "CERT");
        assert!(pem.contains("BEGIN CERTIFICATE"), "{pem}");
        std::fs::write(&certificates, pem).unwrap();
        command.arg(up.address("smtp")).arg(&certificates);
    });
    let Some(Round { said, up, .. }) = round else {
        return;
    };
    assert_eq!(said.lines().last(), Some("ok"), "{}: {said}", sdk.name);
    // Both are kept, by the sink's own account and not by the client's.
    let (mails, _) = ask(&up, "MAILS * 0");
    let ids = ["clear", "encrypted"].map(|which| format!("<{which}.{}@shop.example>", sdk.name));
    assert_eq!(mails.lines().count(), ids.len(), "{mails}");
    for id in ids {
        // Shown with or without what encloses it.
        assert!(mails.contains(id.trim_matches(['<', '>'])), "{id}: {mails}");
    }
}

/// Asks the sink what only the harness asks: the lines of its answer, and the last one.
fn ask(up: &Up, what: &str) -> (String, String) {
    let address = up.address("smtp");
    let stream = TcpStream::connect(address.strip_prefix("smtp://").unwrap_or(address)).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    let mut replies = BufReader::new(&stream).lines().map(Result::unwrap);
    let greeting = replies.next().unwrap();
    assert!(greeting.starts_with("220 "), "{greeting}");
    (&stream)
        .write_all(format!("XEXACTLY {what}\r\n").as_bytes())
        .unwrap();
    let mut said = String::new();
    for reply in replies {
        match reply.strip_prefix("250-") {
            Some(line) => said.extend([line, "\n"]),
            None => {
                let last = reply.strip_prefix("250 ");
                let last = last.unwrap_or_else(|| panic!("XEXACTLY {what}: {reply}"));
                return (said, last.to_string());
            }
        }
    }
    panic!("XEXACTLY {what}: the connection ended: {said}");
}

#[test]
fn smtplib_goes_round() {
    goes_round(&SMTPLIB);
}

#[test]
fn jakarta_mail_goes_round() {
    goes_round(&JAKARTA_MAIL);
}

#[test]
fn nodemailer_goes_round() {
    goes_round(&NODEMAILER);
}
