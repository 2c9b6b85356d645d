//! SMTP.

use crate::{Protocol, TRIAL};
use exactly_adapter::Direction;

/// A client's connections. STARTTLS is taken out of the answer to EHLO.
pub const SMTP: Protocol = Protocol {
    name: "smtp",
    decoder: || exactly_smtp::decoder(TRIAL),
    rewrites: &[Direction::ToClient],
    depends_on_time: answers_itself,
    reads_alone: false,
    words: WORDS,
};

/// Whether STARTTLS is asked for, which the boundary answers itself, whatever it waits
/// for by then.
fn answers_itself(data: &[u8]) -> bool {
    data.windows(8)
        .any(|word| word.eq_ignore_ascii_case(b"STARTTLS"))
}

const WORDS: &[&[u8]] = &[
    b"EHLO a.example\r\n",
    b"HELO a\r\n",
    b"MAIL FROM:<a@b.example>\r\n",
    b"MAIL FROM:<> BODY=8BITMIME SIZE=100\r\n",
    b"RCPT TO:<c@d.example>\r\n",
    b"DATA\r\n",
    b"RSET\r\n",
    b"NOOP\r\n",
    b"QUIT\r\n",
    b"AUTH PLAIN AGEAYg==\r\n",
    b"AUTH LOGIN\r\n",
    b"STARTTLS\r\n",
    b"BDAT 5 LAST\r\n",
    b"Subject: x7-12-3\r\n\r\n",
    b"\r\n.\r\n",
    b"\r\n..\r\n",
    b"\n.\n",
    b"\r.\r",
    b"220 a ESMTP\r\n",
    b"250-PIPELINING\r\n",
    b"250-STARTTLS\r\n",
    b"250 OK\r\n",
    b"334 \r\n",
    b"354 go on\r\n",
    b"451 4.3.0 not now\r\n",
    b"554 no\r\n",
    b"421 gone\r\n",
];
