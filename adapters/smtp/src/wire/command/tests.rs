//! What is a command, and what is none.

use super::*;
use proptest::prelude::*;

fn read(line: &str) -> Result<Command<'_>, Misread> {
    Command::read(line.as_bytes())
}

#[test]
fn commands_are_read_in_any_case() {
    for (line, command) in [
        ("EHLO a.example", Command::Ehlo("a.example")),
        ("ehlo [127.0.0.1]", Command::Ehlo("[127.0.0.1]")),
        ("HELO a", Command::Helo("a")),
        ("StartTLS", Command::StartTls),
        ("DATA", Command::Data),
        ("RSET", Command::Rset),
        ("NOOP whatever", Command::Noop),
        ("QUIT", Command::Quit),
        ("VRFY a", Command::Vrfy),
        ("HELP", Command::Help),
        ("XEXACTLY MAILS * 0", Command::Exactly("MAILS * 0")),
        (
            "AUTH PLAIN AGEAYg==",
            Command::Auth {
                mechanism: "PLAIN",
                initial: Some("AGEAYg=="),
            },
        ),
        (
            "AUTH LOGIN",
            Command::Auth {
                mechanism: "LOGIN",
                initial: None,
            },
        ),
    ] {
        assert_eq!(read(line), Ok(command), "{line}");
    }
}

#[test]
fn mail_and_rcpt_have_a_path_and_parameters() {
    let mail = |line: &str| match read(line) {
        Ok(Command::Mail(mail)) => (mail.address.text, mail.size, mail.eight_bit, mail.utf8),
        other => panic!("{line}: {other:?}"),
    };
    let a = || "a@b".to_string();
    assert_eq!(mail("MAIL FROM:<a@b>"), (a(), None, false, false));
    assert_eq!(mail("mail from:<>"), (String::new(), None, false, false));
    assert_eq!(
        mail("MAIL FROM:<a@b> SIZE=12 BODY=8bitmime SMTPUTF8 AUTH=<>"),
        (a(), Some(12), true, true)
    );
    assert_eq!(
        mail("MAIL FROM:<a@b> body=7BIT "),
        (a(), None, false, false)
    );
    assert_eq!(
        mail("MAIL FROM:<a@b> SIZE=99999999999999999999"),
        (a(), Some(u64::MAX), false, false)
    );
    let rcpt = read("RCPT TO:<Postmaster>");
    assert!(matches!(rcpt, Ok(Command::Rcpt(address)) if address.text == "Postmaster"));
}

#[test]
fn what_is_no_command_says_why() {
    for line in [
        "",
        " ",
        "HELLO a",
        " NOOP",
        "STARTTLSX",
        "EHLO\ta",
        "MAILFROM:<a@b>",
        "GET / HTTP/1.1",
    ] {
        assert_eq!(read(line), Err(Misread::Unknown), "{line:?}");
    }
    for line in ["BDAT 1 LAST", "EXPN a"] {
        assert_eq!(read(line), Err(Misread::NotServed), "{line:?}");
    }
    for line in [
        "MAIL FROM:<a@b> X=1",
        "RCPT TO:<a@b> NOTIFY=NEVER",
        "MAIL FROM:<a@b> FOO",
    ] {
        assert_eq!(read(line), Err(Misread::Parameter), "{line:?}");
    }
    for line in [
        "EHLO",
        "EHLO ",
        "EHLO a b",
        "HELO",
        "DATA x",
        "RSET x",
        "QUIT x",
        "STARTTLS x",
        "AUTH",
        "AUTH PLAIN  x",
        "AUTH PLAIN x y",
        "MAIL",
        "MAIL TO:<a@b>",
        "RCPT FROM:<a@b>",
        "MAIL FROM:<a@b>SIZE=1",
        "MAIL FROM:<a@b>  SIZE=1",
        "MAIL FROM:<a@b> SIZE=x",
        "MAIL FROM:<a@b> SIZE=",
        "MAIL FROM:<a@b> SIZE",
        "MAIL FROM:<a@b> SIZE=1 SIZE=1",
        "MAIL FROM:<a@b> SIZE=999999999999999999999",
        "MAIL FROM:<a@b> BODY=BINARYMIME",
        "MAIL FROM:<a@b> SMTPUTF8=1",
        "MAIL FROM:<a@b> =1",
    ] {
        assert!(matches!(read(line), Err(Misread::Arguments(_))), "{line:?}");
    }
    for line in [
        "MAIL FROM: <a@b>",
        "MAIL FROM:a@b",
        "RCPT TO:<>",
        "RCPT TO:a@b",
        "MAIL FROM:<é@b>",
    ] {
        assert!(matches!(read(line), Err(Misread::Address(_))), "{line:?}");
    }
    assert!(read("MAIL FROM:<é@b> SMTPUTF8").is_ok());
    assert!(matches!(
        Command::read(b"EHLO \xff"),
        Err(Misread::Arguments(_))
    ));
}

/// Pieces of commands, right ones and wrong ones.
fn line() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "MAIL",
        "RCPT",
        "FROM:",
        "TO:",
        "<a@b>",
        "<>",
        "<\"a b\"@c>",
        "<@x:a@b>",
        " ",
        "SIZE=5",
        "BODY=8BITMIME",
        "SMTPUTF8",
        "DATA",
        "EHLO",
        "a.example",
        "AUTH",
        "PLAIN",
        "AGEAYg==",
        "LOGIN",
        "RSET",
        "QUIT",
        "NOOP",
        "STARTTLS",
        "x",
        "é",
        ">",
        "<",
    ]);
    proptest::collection::vec(piece, 1..7).prop_map(|pieces| pieces.concat())
}

proptest! {
    /// Two readers of one command are of one mind about it.
    #[test]
    fn what_is_taken_is_read_the_same_by_another_reader(line in line()) {
        let Ok(ours) = Command::read(line.as_bytes()) else {
            return Ok(());
        };
        let whole = format!("{line}\r\n");
        let theirs = smtp_proto::Request::parse(&mut whole.as_bytes().iter());
        use smtp_proto::Request as Theirs;
        let agree = match (&ours, &theirs) {
            (Command::Mail(ours), Ok(Theirs::Mail { from })) => {
                from.address == ours.address.text.as_str()
                    && from.size as u64 == ours.size.unwrap_or(0)
            }
            (Command::Rcpt(ours), Ok(Theirs::Rcpt { to })) => to.address == ours.text.as_str(),
            (Command::Ehlo(ours), Ok(Theirs::Ehlo { host })) => host == ours,
            (Command::Data, Ok(Theirs::Data))
            | (Command::Rset, Ok(Theirs::Rset))
            | (Command::Quit, Ok(Theirs::Quit))
            | (Command::Noop, Ok(Theirs::Noop { .. }))
            | (Command::StartTls, Ok(Theirs::StartTls)) => true,
            (Command::Auth { initial, .. }, Ok(Theirs::Auth { initial_response, .. })) => {
                initial_response == initial.unwrap_or_default()
            }
            // A mechanism that it does not know.
            (Command::Auth { .. }, Err(_)) => true,
            _ => false,
        };
        prop_assert!(agree, "{line:?}: {ours:?} and {theirs:?}");
    }

    #[test]
    fn any_octets_are_a_command_or_none(line in proptest::collection::vec(any::<u8>(), 0..80)) {
        let _ = Command::read(&line);
        let _ = (Verb::of(&line), path_of(&line));
    }
}
