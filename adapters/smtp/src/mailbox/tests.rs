//! The rules of a session, each with where it is written.

use super::*;
use crate::pattern::Pattern;
use bytes::BytesMut;
use exactly_adapter::TrialNames;
use proptest::prelude::*;
use std::sync::Arc;

/// A session with a mailbox behind it.
struct Scene {
    session: Session,
    mailbox: Mailbox,
    buf: BytesMut,
    asked: Vec<String>,
    ended: bool,
}

impl Scene {
    fn new(limits: Limits) -> Self {
        let limits = Arc::new(limits);
        Self {
            session: Session::new(limits.clone()),
            mailbox: Mailbox::new(limits),
            buf: BytesMut::new(),
            asked: Vec::new(),
            ended: false,
        }
    }

    fn greeted() -> Self {
        let mut scene = Self::new(Limits::default());
        scene.says("EHLO a\r\n");
        scene
    }

    /// Sends octets, and answers the replies.
    fn sends(&mut self, bytes: &[u8]) -> String {
        let mut replies = Vec::new();
        self.buf.extend_from_slice(bytes);
        loop {
            match self.session.next(&mut self.buf, &mut replies) {
                Next::More => break,
                Next::Keep(draft) => {
                    let kept = self.mailbox.keep(Mail::of(draft));
                    self.session.kept(kept, &mut replies);
                }
                Next::StartTls => {
                    self.buf.clear();
                    self.session.secured();
                    break;
                }
                Next::Ask(asked) => self.asked.push(asked),
                Next::End => {
                    self.ended = true;
                    break;
                }
            }
        }
        String::from_utf8(replies).unwrap()
    }

    fn says(&mut self, text: &str) -> String {
        self.sends(text.as_bytes())
    }

    /// Sends lines, and answers the codes of the replies.
    fn codes(&mut self, text: &str) -> Vec<u16> {
        let replies = self.says(text);
        let last = |line: &&str| line.as_bytes().get(3) == Some(&b' ');
        let lines = replies.lines().filter(last);
        lines.map(|line| line[..3].parse().unwrap()).collect()
    }

    fn mails(&self) -> Vec<Arc<Mail>> {
        self.mailbox.list(&ALL, 0, usize::MAX).0
    }
}

const ALL: Asked = Asked {
    trial: None,
    recipient: None,
};
const ENVELOPE: &str = "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n";

#[test]
fn a_mail_is_kept_when_its_final_dot_has_come() {
    // RFC 5321 4.1.1.4, 3.3.
    let mut scene = Scene::greeted();
    assert_eq!(scene.codes(ENVELOPE), [250, 250, 354]);
    assert_eq!(scene.codes("Subject: s\r\n\r\n..b\r\n."), [0_u16; 0]);
    assert_eq!(scene.mails().len(), 0);
    assert_eq!(scene.codes("\r\n"), [250]);
    let mails = scene.mails();
    assert_eq!(mails[0].content, b"Subject: s\r\n\r\n.b\r\n");
    let shown = &mails[0].shown;
    assert_eq!((shown.number, shown.from.as_str()), (1, "a@b"));
    assert_eq!(
        (shown.recipients.as_slice(), shown.size),
        (&["c@d".to_string()][..], 18)
    );
    // The next one begins anew.
    assert_eq!(scene.codes("DATA\r\nRCPT TO:<c@d>\r\n"), [503, 503]);
}

#[test]
fn commands_come_in_their_order() {
    let mut scene = Scene::new(Limits::default());
    // RFC 5321 4.1.4: EHLO first; NOOP, HELP, RSET, VRFY and QUIT at any time.
    assert_eq!(
        scene.codes("MAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\n"),
        [503, 503, 503]
    );
    assert_eq!(
        scene.codes("NOOP\r\nHELP\r\nRSET\r\nVRFY a\r\n"),
        [250, 214, 250, 252]
    );
    assert_eq!(scene.codes("HELO a\r\nMAIL FROM:<a@b>\r\n"), [250, 250]);
    // A second MAIL, and DATA without a recipient (3.3).
    assert_eq!(scene.codes("MAIL FROM:<a@b>\r\nDATA\r\n"), [503, 554]);
    // 4.1.1.5, 4.1.4: RSET and EHLO give a mail up.
    assert_eq!(scene.codes("RSET\r\nRCPT TO:<a@b>\r\n"), [250, 503]);
    assert_eq!(
        scene.codes("MAIL FROM:<a@b>\r\nEHLO a\r\nRCPT TO:<a@b>\r\n"),
        [250, 250, 503]
    );
    // 4.2.4, 4.1.1.11, 3.3.
    assert_eq!(
        scene.codes("FOO\r\nEXPN a\r\nMAIL FROM:<a@b> X=1\r\n"),
        [500, 502, 555]
    );
    assert_eq!(
        scene.codes("MAIL FROM: <a@b>\r\nMAIL FROM:<Postmaster>\r\n"),
        [501, 501]
    );
    assert_eq!(scene.codes("QUIT\r\nNOOP\r\n"), [221]);
    assert!(scene.ended);
}

#[test]
fn extensions_are_offered_and_kept_to() {
    let mut scene = Scene::new(Limits::default());
    let offer = scene.says("EHLO a\r\n");
    for extension in [
        "250-PIPELINING",
        "250-SIZE 26214400",
        "250-8BITMIME",
        "250-SMTPUTF8",
        "250-STARTTLS",
        "250-ENHANCEDSTATUSCODES",
    ] {
        assert!(offer.contains(extension), "{offer}");
    }
    assert!(
        !offer.contains("AUTH"),
        "RFC 4954 4: not before TLS: {offer}"
    );
    // RFC 1870 6.1: before an octet of it is sent.
    assert_eq!(scene.codes("MAIL FROM:<a@b> SIZE=104857600\r\n"), [552]);
    // RFC 6531 3.5.
    assert_eq!(
        scene.codes("MAIL FROM:<é@b>\r\nMAIL FROM:<a@b>\r\n"),
        [553, 250]
    );
    assert_eq!(scene.codes("RCPT TO:<é@b>\r\n"), [553]);
    assert_eq!(
        scene.codes("RSET\r\nMAIL FROM:<é@b> SMTPUTF8\r\nRCPT TO:<é@b>\r\n"),
        [250; 3]
    );
    // RFC 2034: every reply behind EHLO has an enhanced code.
    let replies = scene.says("RSET\r\nNOOP\r\nFOO\r\nVRFY a\r\nMAIL FROM:<a@b>\r\n");
    for line in replies.lines() {
        let enhanced = &line[4..].split(' ').next().unwrap();
        assert_eq!(enhanced.split('.').count(), 3, "{line}");
        assert_eq!(enhanced.as_bytes()[0], line.as_bytes()[0], "{line}");
    }
}

#[test]
fn eight_bits_need_to_be_announced() {
    // RFC 6152 3, RFC 6531 3.4.
    for (parameters, headers, body, code) in [
        ("", "s", "é", 554),
        (" BODY=7BIT", "s", "é", 554),
        (" BODY=8BITMIME", "s", "é", 250),
        (" BODY=8BITMIME", "é", "b", 554),
        (" SMTPUTF8", "é", "b", 250),
        (" BODY=8BITMIME SMTPUTF8", "é", "é", 250),
    ] {
        let mut scene = Scene::greeted();
        let text = format!(
            "MAIL FROM:<a@b>{parameters}\r\nRCPT TO:<c@d>\r\nDATA\r\nSubject: {headers}\r\n\r\n\
             {body}\r\n.\r\n"
        );
        assert_eq!(scene.codes(&text).last(), Some(&code), "{text}");
        assert_eq!(scene.mails().len(), usize::from(code == 250));
    }
}

#[test]
fn nothing_is_smuggled() {
    // CVE-2023-51764 and its kin: what one reader takes for the end of a mail and
    // another one does not.
    for end in [
        "\n.\n",
        "\n.\r\n",
        "\r.\r\n",
        "\r.\r",
        "\r.\n",
        "\r\n.\n",
        "\r\n.\r",
        "\n.\r",
        "\r\n\0.\r\n",
        "\r\n.\0\r\n",
        "\n\r\n.\n\r\n",
    ] {
        let mut scene = Scene::greeted();
        scene.says(ENVELOPE);
        let second = "MAIL FROM:<evil@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nsecond\r\n.\r\n";
        let replies = scene.codes(&format!("first{end}{second}"));
        assert!(scene.mails().len() <= 1, "{end:?}");
        // The whole is one content, and refused as that.
        assert_eq!(replies, [554], "{end:?}");
        assert_eq!(scene.mails().len(), 0, "{end:?}");
        assert_eq!(scene.codes("NOOP\r\n"), [250], "{end:?}");
    }
}

#[test]
fn lines_that_are_none_are_refused_whole() {
    let mut scene = Scene::greeted();
    // RFC 5321 2.3.8: a bare LF, or CR, does not end the first command.
    assert_eq!(scene.codes("MAIL FROM:<a@b>\nRCPT TO:<c@d>\r\n"), [500]);
    assert_eq!(scene.codes("MAIL FROM:<a@b>\rRCPT TO:<c@d>\r\n"), [500]);
    assert_eq!(scene.codes("NO\0OP\r\nNOOP\r\n"), [500, 250]);
    // 4.5.3.1.4: 512 octets with the CRLF.
    assert_eq!(scene.codes(&format!("NOOP {}\r\n", "a".repeat(505))), [250]);
    assert_eq!(scene.codes(&format!("NOOP {}\r\n", "a".repeat(506))), [500]);
    // RFC 4954 4: what AUTH has may be longer, and is refused for another reason here.
    assert_eq!(
        scene.codes(&format!("AUTH PLAIN {}\r\n", "a".repeat(8000))),
        [538]
    );
    // 4.5.3.1.6: 1000 octets with the CRLF, without the dot of transparency.
    for (len, code) in [(998, 250), (999, 500)] {
        scene.says(ENVELOPE);
        assert_eq!(
            scene.codes(&format!("..{}\r\n.\r\n", "a".repeat(len - 1))),
            [code]
        );
    }
}

#[test]
fn a_line_without_an_end_takes_no_memory() {
    let mut scene = Scene::greeted();
    for _ in 0..10 {
        assert_eq!(scene.codes(&"a".repeat(60_000)), [0_u16; 0]);
        assert!(scene.buf.len() < 20_000);
    }
    assert_eq!(scene.codes("a\r\nNOOP\r\n"), [500, 250]);
    for _ in 0..20 {
        if scene.codes(&"a".repeat(60_000)) == [421] {
            break;
        }
    }
    assert!(scene.ended);
}

#[test]
fn a_mail_that_is_too_large_is_refused_and_takes_no_memory() {
    let mut scene = Scene::greeted();
    scene.says(ENVELOPE);
    let line = format!("{}\r\n", "a".repeat(998)).repeat(60);
    for _ in 0..(100 << 20) / line.len() {
        assert_eq!(scene.says(&line), "");
        assert!(scene.buf.is_empty());
    }
    // RFC 1870 6.3.
    assert_eq!(scene.codes(".\r\nNOOP\r\n"), [552, 250]);
    assert_eq!(scene.mails().len(), 0);
}

#[test]
fn what_was_said_before_tls_does_not_count() {
    // RFC 3207 4.2, and 6 for what was sent behind it in the clear (CVE-2011-0411).
    let mut scene = Scene::greeted();
    let injected = "STARTTLS\r\nEHLO evil\r\nMAIL FROM:<evil@b>\r\nRCPT TO:<c@d>\r\n";
    assert_eq!(
        scene.codes(&format!("MAIL FROM:<a@b>\r\n{injected}")),
        [250, 220]
    );
    assert_eq!(
        scene.codes("RCPT TO:<c@d>\r\nMAIL FROM:<a@b>\r\n"),
        [503, 503]
    );
    let offer = scene.says("EHLO a\r\n");
    assert!(
        !offer.contains("STARTTLS") && offer.contains("250-AUTH PLAIN LOGIN"),
        "{offer}"
    );
    assert_eq!(scene.codes("STARTTLS\r\nMAIL FROM:<a@b>\r\n"), [503, 250]);
}

#[test]
fn credentials_are_taken_behind_tls_alone() {
    let mut scene = Scene::greeted();
    // RFC 4954 6.
    assert_eq!(
        scene.codes("AUTH PLAIN AGEAYg==\r\nAUTH LOGIN\r\n"),
        [538, 538]
    );
    scene.says("STARTTLS\r\n");
    assert_eq!(scene.codes("AUTH PLAIN AGEAYg==\r\n"), [503]);
    scene.says("EHLO a\r\n");
    assert_eq!(
        scene.codes("AUTH CRAM-MD5\r\nAUTH PLAIN ***\r\n"),
        [504, 501]
    );
    assert_eq!(scene.codes("AUTH LOGIN\r\nYQ==\r\n*\r\n"), [334, 334, 501]);
    assert_eq!(
        scene.codes("AUTH LOGIN\r\nYQ==\r\nYg==\r\n"),
        [334, 334, 235]
    );
    // RFC 4954 4: once.
    assert_eq!(scene.codes("AUTH PLAIN AGEAYg==\r\n"), [503]);
    let mut scene = Scene::new(Limits::default());
    scene.session.allow_plain_auth(true);
    assert!(scene.says("EHLO a\r\n").contains("AUTH PLAIN"));
    assert_eq!(scene.codes("AUTH PLAIN\r\nAGEAYg==\r\n"), [334, 235]);
    let shown = format!("{:?}", scene.session);
    assert!(!shown.contains("AGEAYg"), "{shown}");
}

#[test]
fn everything_has_a_limit() {
    let mut scene = Scene::new(Limits {
        recipients: 2,
        errors: 3,
        mails: 2,
        ..Limits::default()
    });
    scene.says("EHLO a\r\nMAIL FROM:<a@b>\r\n");
    // RFC 5321 4.5.3.1.10.
    assert_eq!(
        scene.codes("RCPT TO:<a@b>\r\nRCPT TO:<b@b>\r\nRCPT TO:<c@b>\r\n"),
        [250, 250, 452]
    );
    assert_eq!(scene.codes("DATA\r\na\r\n.\r\n"), [354, 250]);
    assert_eq!(scene.mails()[0].shown.recipients, ["a@b", "b@b"]);
    assert_eq!(scene.codes(&format!("{ENVELOPE}a\r\n.\r\n"))[3], 250);
    // RFC 5321 4.2.3: 452 for a mailbox that is full; nothing was kept.
    assert_eq!(scene.codes(&format!("{ENVELOPE}a\r\n.\r\n"))[3], 452);
    assert_eq!(scene.mails().len(), 2);
    assert_eq!(
        scene.codes("FOO\r\nFOO\r\nFOO\r\nFOO\r\n"),
        [500, 500, 500, 421]
    );
    assert!(scene.ended);
    let mut scene = Scene::new(Limits {
        octets: 10_000,
        ..Limits::default()
    });
    scene.says("EHLO a\r\n");
    let mail = format!(
        "{ENVELOPE}{}.\r\n",
        format!("{}\r\n", "a".repeat(900)).repeat(9)
    );
    assert_eq!(scene.codes(&mail)[3], 250);
    assert_eq!(scene.codes(&mail)[3], 452);
}

#[test]
fn mails_are_told_apart_by_trial_and_by_recipient() {
    let mut scene = Scene::greeted();
    for (recipient, body) in [
        ("a@x", "x7-12-0"),
        ("b@y", "x7-12-1"),
        ("a@x", "x7-13-0"),
        ("a@x", "x7-12-0 x7-13-1"),
        ("a@x", "none"),
    ] {
        scene.says(&format!(
            "MAIL FROM:<s@t>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n\r\n{body}\r\n.\r\n"
        ));
    }
    let trial = |trial| Some(TrialNames { run: 7, trial });
    let of = |trial, recipient: Option<&str>| Asked {
        trial,
        recipient: recipient.map(|text| Pattern::read(text).unwrap()),
    };
    for (asked, numbers) in [
        (of(None, None), vec![1, 2, 3, 4, 5]),
        (of(trial(12), None), vec![1, 2, 4]),
        (of(trial(12), Some("*@x")), vec![1, 4]),
        (of(trial(13), None), vec![3, 4]),
        (of(trial(14), None), vec![]),
        (of(None, Some("B@Y")), vec![2]),
    ] {
        let (mails, _) = scene.mailbox.list(&asked, 0, 10);
        let found: Vec<_> = mails.iter().map(|mail| mail.shown.number).collect();
        assert_eq!(found, numbers, "{asked:?}");
        assert_eq!(scene.mailbox.count(&asked), numbers.len() as u64);
    }
    let (page, next) = scene.mailbox.list(&ALL, 2, 2);
    assert_eq!((page.len(), next), (2, Some(4)));
    // A mail that another trial still asks for stays.
    assert_eq!(scene.mailbox.forget(trial(12).unwrap()), 2);
    assert_eq!(scene.mailbox.count(&of(trial(13), None)), 2);
    assert_eq!(scene.mailbox.forget(trial(13).unwrap()), 2);
    assert_eq!(scene.mailbox.count(&ALL), 1);
    assert_eq!(scene.mailbox.forget(trial(13).unwrap()), 0);
}

fn piece() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "EHLO a\r\n",
        "MAIL FROM:<a@b>\r\n",
        "RCPT TO:<c@d>\r\n",
        "DATA\r\n",
        ".\r\n",
        "x\r\n",
        "..\r\n",
        "RSET\r\n",
        "NOOP\r\n",
        "FOO\r\n",
        "\r\n",
        "\n",
        "\r",
        "\0",
        ".",
        "AUTH LOGIN\r\n",
        "YQ==\r\n",
        "XEXACTLY COUNT *\r\n",
    ]);
    prop_oneof![
        4 => known.prop_map(|text| text.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..20),
    ]
}

proptest! {
    #[test]
    fn how_octets_are_cut_makes_no_difference(
        pieces in proptest::collection::vec(piece(), 0..40),
        cuts in proptest::collection::vec(1_usize..30, 1..10),
    ) {
        let bytes = pieces.concat();
        let mut whole = Scene::greeted();
        let expected = whole.sends(&bytes);
        let mut cut = Scene::greeted();
        let (mut got, mut rest, mut cuts) = (String::new(), &bytes[..], cuts.iter().cycle());
        while !rest.is_empty() {
            let len = (*cuts.next().unwrap()).min(rest.len());
            got.push_str(&cut.sends(&rest[..len]));
            rest = &rest[len..];
        }
        prop_assert_eq!(got, expected);
        prop_assert_eq!(cut.mails(), whole.mails());
        prop_assert_eq!(cut.asked, whole.asked);
    }
}
