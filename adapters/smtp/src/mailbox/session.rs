//! One session (RFC 5321): octets in, replies out.

use super::authentication::{Outcome, Step};
use super::kept::{Draft, Full};
use super::limits::Limits;
use super::receiving::{Envelope, Receiving};
use super::said::{self, push};
use crate::wire::{AUTH_MAX, Address, Command, LineError, MailFrom, Verb, line};
use bytes::{Buf as _, BytesMut};
use std::sync::Arc;

/// What is to be done before the session goes on.
#[derive(Debug)]
pub(crate) enum Next {
    /// More octets have to come.
    More,
    /// A mail has come whole. [`Session::kept`] tells what became of it.
    Keep(Draft),
    /// The replies are to be sent, what else has come is to be thrown away, and TLS
    /// begins; [`Session::secured`] once it has.
    StartTls,
    /// The harness asks something; the answer is to be put behind the replies.
    Ask(String),
    /// The replies are to be sent, and the connection is to be closed.
    End,
}

/// State of a session.
#[derive(Debug)]
pub(crate) struct Session {
    limits: Arc<Limits>,
    /// Whether credentials are taken without TLS.
    plain_auth: bool,
    secure: bool,
    greeted: Option<Greeted>,
    authenticated: bool,
    challenged: Option<Step>,
    envelope: Option<Envelope>,
    receiving: Option<Receiving>,
    /// Octets of a line without an end that were thrown away.
    endless: usize,
    errors: u32,
    ended: bool,
}

/// How the client has greeted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Greeted {
    Helo,
    Ehlo,
}

impl Session {
    pub fn new(limits: Arc<Limits>) -> Self {
        Self {
            limits,
            plain_auth: false,
            secure: false,
            greeted: None,
            authenticated: false,
            challenged: None,
            envelope: None,
            receiving: None,
            endless: 0,
            errors: 0,
            ended: false,
        }
    }

    /// Says whether credentials are taken without TLS, from now on.
    pub fn allow_plain_auth(&mut self, allowed: bool) {
        self.plain_auth = allowed;
    }

    /// The first thing that is said (RFC 5321 3.1).
    pub fn greeting() -> &'static [u8] {
        b"220 localhost ESMTP exactly\r\n"
    }

    /// TLS has begun: nothing that was said before counts (RFC 3207 4.2).
    pub fn secured(&mut self) {
        let plain_auth = self.plain_auth;
        *self = Self::new(self.limits.clone());
        (self.secure, self.plain_auth) = (true, plain_auth);
    }

    /// What became of a mail that had come whole: the commit.
    pub fn kept(&mut self, kept: Result<u64, Full>, replies: &mut Vec<u8>) {
        match kept {
            Ok(number) => push(replies, &format!("250 2.0.0 Kept as {number}")),
            Err(Full) => push(replies, "452 4.3.1 There is no room for more mails"),
        }
    }

    /// Takes what it can off `buf`, and puts the replies behind `replies`.
    pub fn next(&mut self, buf: &mut BytesMut, replies: &mut Vec<u8>) -> Next {
        loop {
            if self.ended {
                buf.clear();
                return Next::End;
            }
            if let Some(receiving) = &mut self.receiving {
                let (len, ended) = receiving.read(buf);
                buf.advance(len);
                match self.receiving.take_if(|_| ended).map(Receiving::whole) {
                    None => return Next::More,
                    Some(Ok(draft)) => return Next::Keep(draft),
                    Some(Err(refusal)) => self.refuse(refusal, replies),
                }
                continue;
            }
            let (len, next) = match line(buf, AUTH_MAX) {
                Ok(None) => return Next::More,
                Ok(Some(line)) => {
                    let whole = self.endless + line.len;
                    let was_endless = std::mem::take(&mut self.endless) > 0;
                    let next = match line.text {
                        _ if was_endless => self.not_a_line(LineError::TooLong(whole), replies),
                        Ok(text) => self.text(text, replies),
                        Err(error) => self.not_a_line(error, replies),
                    };
                    (line.len, next)
                }
                // Its end is waited for, so that its rest is not taken for a command.
                Err(_) => {
                    let thrown = AUTH_MAX - 1;
                    self.endless += thrown;
                    if self.endless > self.limits.endless {
                        self.end("421 4.7.0 A line without an end", replies);
                    }
                    (thrown, None)
                }
            };
            buf.advance(len);
            if let Some(next) = next {
                return next;
            }
        }
    }

    fn refuse(&mut self, refusal: &str, replies: &mut Vec<u8>) {
        push(replies, refusal);
        self.errors += 1;
        if self.errors > self.limits.errors {
            self.end("421 4.7.0 Too many errors", replies);
        }
    }

    fn end(&mut self, why: &str, replies: &mut Vec<u8>) {
        push(replies, why);
        self.ended = true;
    }

    fn not_a_line(&mut self, error: LineError, replies: &mut Vec<u8>) -> Option<Next> {
        self.challenged = None;
        self.refuse(&said::not_a_line(error), replies);
        None
    }

    /// A line that is one.
    fn text(&mut self, text: &[u8], replies: &mut Vec<u8>) -> Option<Next> {
        if let Some(step) = self.challenged.take() {
            self.authenticate(step.answered(text), replies);
            return None;
        }
        let max = Verb::of(text).line_max();
        if text.len() + 2 > max {
            return self.not_a_line(LineError::TooLong(max), replies);
        }
        match Command::read(text) {
            Ok(command) => self.command(command, replies),
            Err(error) => {
                self.refuse(&said::misread(error), replies);
                None
            }
        }
    }

    fn command(&mut self, command: Command<'_>, replies: &mut Vec<u8>) -> Option<Next> {
        let refusal = match command {
            Command::Ehlo(_) => {
                self.greets(Greeted::Ehlo);
                self.offer(replies);
                None
            }
            Command::Helo(_) => {
                self.greets(Greeted::Helo);
                push(replies, "250 localhost");
                None
            }
            Command::StartTls if self.secure => Some("503 5.5.1 TLS is spoken already"),
            Command::StartTls => {
                push(replies, "220 2.0.0 Ready to start TLS");
                return Some(Next::StartTls);
            }
            Command::Auth { mechanism, initial } => self.auth(mechanism, initial, replies),
            Command::Mail(from) => self.mail(from, replies),
            Command::Rcpt(address) => self.rcpt(address, replies),
            Command::Data => self.data(replies),
            Command::Rset => {
                self.envelope = None;
                push(replies, "250 2.0.0 Ok");
                None
            }
            Command::Noop => {
                push(replies, "250 2.0.0 Ok");
                None
            }
            // RFC 5321 7.3: nobody has to be told who has a mailbox.
            Command::Vrfy => {
                push(replies, "252 2.1.5 Send a mail and see");
                None
            }
            Command::Help => {
                push(
                    replies,
                    "214 2.0.0 RFC 5321; whatever is sent is kept and shown",
                );
                None
            }
            Command::Quit => {
                self.end("221 2.0.0 Bye", replies);
                None
            }
            Command::Exactly(asked) => return Some(Next::Ask(asked.into())),
        };
        if let Some(refusal) = refusal {
            self.refuse(refusal, replies);
        }
        None
    }

    /// EHLO and HELO reset what was begun (RFC 5321 4.1.4).
    fn greets(&mut self, how: Greeted) {
        self.greeted = Some(how);
        self.envelope = None;
    }

    /// Whether AUTH may be used now.
    fn takes_auth(&self) -> bool {
        self.secure || self.plain_auth
    }

    fn offer(&self, replies: &mut Vec<u8>) {
        push(replies, "250-localhost");
        push(replies, "250-PIPELINING");
        push(replies, &format!("250-SIZE {}", self.limits.mail));
        push(replies, "250-8BITMIME");
        push(replies, "250-SMTPUTF8");
        if !self.secure {
            push(replies, "250-STARTTLS");
        }
        if self.takes_auth() {
            push(replies, "250-AUTH PLAIN LOGIN");
        }
        push(replies, "250-ENHANCEDSTATUSCODES");
        push(replies, "250 HELP");
    }

    fn auth(
        &mut self,
        mechanism: &str,
        initial: Option<&str>,
        replies: &mut Vec<u8>,
    ) -> Option<&'static str> {
        if !self.takes_auth() {
            // RFC 4954 6.
            return Some("538 5.7.11 Start TLS first (STARTTLS), then authenticate");
        }
        if self.greeted != Some(Greeted::Ehlo) {
            return Some("503 5.5.1 Say EHLO first");
        }
        if self.authenticated || self.envelope.is_some() {
            // RFC 4954 4.
            return Some("503 5.5.1 Not again, and not within a mail");
        }
        let Some(step) = Step::of(mechanism) else {
            return Some("504 5.5.4 PLAIN and LOGIN are offered");
        };
        let outcome = match initial {
            Some(response) => step.answered(response.as_bytes()),
            None => Outcome::Ask(step),
        };
        self.authenticate(outcome, replies);
        None
    }

    fn authenticate(&mut self, outcome: Outcome, replies: &mut Vec<u8>) {
        match outcome {
            Outcome::Ask(step) => {
                self.challenged = Some(step);
                push(replies, step.challenge());
            }
            Outcome::Taken => {
                self.authenticated = true;
                push(replies, "235 2.7.0 Any credentials will do");
            }
            Outcome::Refused => {
                self.refuse("501 5.5.2 No answer to the challenge (RFC 4954 4)", replies)
            }
        }
    }

    fn mail(&mut self, from: MailFrom, replies: &mut Vec<u8>) -> Option<&'static str> {
        if self.greeted.is_none() {
            return Some("503 5.5.1 Say EHLO first");
        }
        if self.envelope.is_some() {
            return Some("503 5.5.1 A mail was begun; RSET gives it up");
        }
        if from.size.is_some_and(|size| size > self.limits.mail) {
            // RFC 1870 6.1: before a single octet of it was sent.
            return Some("552 5.3.4 The mail is larger than what is taken");
        }
        if from.address.text.eq_ignore_ascii_case("postmaster") {
            return Some("501 5.1.7 A sender has a domain, or is <>");
        }
        self.envelope = Some(Envelope {
            from,
            recipients: Vec::new(),
        });
        push(replies, "250 2.1.0 Ok");
        None
    }

    fn rcpt(&mut self, address: Address, replies: &mut Vec<u8>) -> Option<&'static str> {
        let Some(envelope) = &mut self.envelope else {
            return Some("503 5.5.1 Say MAIL first");
        };
        if address.international && !envelope.from.utf8 {
            return Some("553 5.6.7 An address outside of ASCII needs SMTPUTF8 (RFC 6531 3.5)");
        }
        if envelope.recipients.len() >= self.limits.recipients {
            // RFC 5321 4.5.3.1.10.
            return Some("452 4.5.3 Too many recipients; send to the others in another mail");
        }
        envelope.recipients.push(address.text);
        push(replies, "250 2.1.5 Ok");
        None
    }

    fn data(&mut self, replies: &mut Vec<u8>) -> Option<&'static str> {
        match self
            .envelope
            .take_if(|envelope| !envelope.recipients.is_empty())
        {
            // RFC 5321 3.3.
            None if self.envelope.is_some() => Some("554 5.5.1 No valid recipients"),
            None => Some("503 5.5.1 Say MAIL and RCPT first"),
            Some(envelope) => {
                self.receiving = Some(Receiving::new(envelope, self.limits.mail));
                push(replies, "354 End with a line that is a dot");
                None
            }
        }
    }
}
