//! Commands (RFC 5321 4.1, 3207, 4954).
//!
//! Why a reader of our own: that of the crate `smtp-proto` ends lines at a bare LF and
//! passes over a CR wherever one stands, which is what a receiver has to be that takes
//! whatever there is. A sink that shows what a client really said must not. What this
//! reader takes, that one reads as the same (a test asks it).

use super::address::{Address, AddressError};
use super::line::{AUTH_MAX, COMMAND_MAX, MAIL_MAX};

/// Digits of a size (RFC 1870 4).
const SIZE_DIGITS_MAX: usize = 20;

/// What a command line begins with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verb {
    Ehlo,
    Helo,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    Bdat,
    Rset,
    Noop,
    Quit,
    Vrfy,
    Expn,
    Help,
    /// What only the harness asks.
    Exactly,
    /// Any other word; what it was is not repeated, since it may be a secret that was
    /// sent at the wrong time.
    Other,
}

const VERBS: &[(&str, Verb)] = &[
    ("EHLO", Verb::Ehlo),
    ("HELO", Verb::Helo),
    ("STARTTLS", Verb::StartTls),
    ("AUTH", Verb::Auth),
    ("MAIL", Verb::Mail),
    ("RCPT", Verb::Rcpt),
    ("DATA", Verb::Data),
    ("BDAT", Verb::Bdat),
    ("RSET", Verb::Rset),
    ("NOOP", Verb::Noop),
    ("QUIT", Verb::Quit),
    ("VRFY", Verb::Vrfy),
    ("EXPN", Verb::Expn),
    ("HELP", Verb::Help),
    ("XEXACTLY", Verb::Exactly),
];

impl Verb {
    /// The verb of a command line, as the most lenient server would see it.
    pub fn of(line: &[u8]) -> Self {
        let line = line.trim_ascii_start();
        let end = line.iter().position(|b| !b.is_ascii_alphanumeric());
        let word = &line[..end.unwrap_or(line.len())];
        let mut verbs = VERBS.iter();
        let known = verbs.find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes()));
        known.map_or(Self::Other, |(_, verb)| *verb)
    }

    /// Its name, as a label has it.
    pub fn name(self) -> &'static str {
        let known = VERBS.iter().find(|(_, verb)| *verb == self);
        known.map_or("OTHER", |(name, _)| name)
    }

    /// Octets of a line that begins with it.
    pub fn line_max(self) -> usize {
        match self {
            Self::Mail => MAIL_MAX,
            Self::Auth => AUTH_MAX,
            _ => COMMAND_MAX,
        }
    }
}

/// A command that was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Command<'a> {
    Ehlo(&'a str),
    Helo(&'a str),
    StartTls,
    Auth {
        mechanism: &'a str,
        /// The initial response, in base64.
        initial: Option<&'a str>,
    },
    Mail(MailFrom),
    Rcpt(Address),
    Data,
    Rset,
    Noop,
    Quit,
    Vrfy,
    Help,
    Exactly(&'a str),
}

/// What MAIL says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct MailFrom {
    pub address: Address,
    pub size: Option<u64>,
    pub eight_bit: bool,
    pub utf8: bool,
}

/// Why a line is no command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Misread {
    /// No such command.
    Unknown,
    /// A command that is known and not served.
    NotServed,
    /// What stands behind it.
    Arguments(&'static str),
    Address(AddressError),
    /// A parameter of MAIL or RCPT that nobody has offered (RFC 5321 4.1.1.11).
    Parameter,
}

impl<'a> Command<'a> {
    /// Reads a line without its CRLF.
    pub fn read(line: &'a [u8]) -> Result<Self, Misread> {
        let line = std::str::from_utf8(line).map_err(|_| Misread::Arguments("text in UTF-8"))?;
        let (word, rest) = match line.split_once(' ') {
            Some((word, rest)) => (word, Some(rest)),
            None => (line, None),
        };
        let verb = Verb::of(word.as_bytes());
        if verb == Verb::Other || verb.name().len() != word.len() {
            return Err(Misread::Unknown);
        }
        let alone = |command| match rest {
            None => Ok(command),
            Some(_) => Err(Misread::Arguments("the command alone")),
        };
        match verb {
            Verb::Ehlo => Ok(Self::Ehlo(domain(rest)?)),
            Verb::Helo => Ok(Self::Helo(domain(rest)?)),
            Verb::StartTls => alone(Self::StartTls),
            Verb::Data => alone(Self::Data),
            Verb::Rset => alone(Self::Rset),
            Verb::Quit => alone(Self::Quit),
            Verb::Noop => Ok(Self::Noop),
            Verb::Vrfy => Ok(Self::Vrfy),
            Verb::Help => Ok(Self::Help),
            Verb::Auth => auth(rest),
            Verb::Mail => mail(rest).map(Self::Mail),
            Verb::Rcpt => rcpt(rest).map(Self::Rcpt),
            Verb::Exactly => Ok(Self::Exactly(rest.unwrap_or_default())),
            Verb::Bdat | Verb::Expn => Err(Misread::NotServed),
            Verb::Other => Err(Misread::Unknown),
        }
    }
}

/// The name that a client gives itself: a domain or an address literal. What many
/// clients really say is less than that, so any one word is taken.
fn domain(rest: Option<&str>) -> Result<&str, Misread> {
    let wrong = Misread::Arguments("EHLO or HELO and a domain (RFC 5321 4.1.1.1)");
    let name = rest.ok_or(wrong)?.trim_end_matches(' ');
    let is_word = !name.is_empty() && name.chars().all(|c| !c.is_whitespace() && !c.is_control());
    is_word.then_some(name).ok_or(wrong)
}

/// RFC 4954 4: `AUTH mechanism [initial-response]`.
fn auth(rest: Option<&str>) -> Result<Command<'_>, Misread> {
    let wrong = Misread::Arguments("AUTH, a mechanism and what answers it (RFC 4954 4)");
    let mut words = rest.ok_or(wrong)?.split(' ');
    let mechanism = words.next().filter(|word| !word.is_empty()).ok_or(wrong)?;
    let initial = words.next();
    match (initial, words.next()) {
        (Some(""), _) | (_, Some(_)) => Err(wrong),
        _ => Ok(Command::Auth { mechanism, initial }),
    }
}

/// What stands behind `FROM:` or `TO:`, in any case (RFC 5321 2.4). No blank stands
/// before the path (RFC 5321 3.3).
fn path<'a>(rest: Option<&'a str>, word: &str, form: &'static str) -> Result<&'a str, Misread> {
    let wrong = Misread::Arguments(form);
    let rest = rest.ok_or(wrong)?;
    let begins = rest.get(..word.len()).ok_or(wrong)?;
    match begins.eq_ignore_ascii_case(word) {
        true => Ok(&rest[word.len()..]),
        false => Err(wrong),
    }
}

fn parameters(rest: &str) -> Result<impl Iterator<Item = (&str, Option<&str>)>, Misread> {
    let wrong = Misread::Arguments("parameters of the form KEYWORD=VALUE (RFC 5321 4.1.2)");
    let words = match rest.strip_prefix(' ') {
        None if rest.is_empty() => "",
        None => return Err(wrong),
        // Blanks at the end of a line are tolerated (RFC 5321 4.1.1).
        Some(words) => words.trim_end_matches(' '),
    };
    let is_keyword = |word: &str| {
        let name = word.split('=').next().unwrap_or_default();
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    if !words.is_empty() && !words.split(' ').all(is_keyword) {
        return Err(wrong);
    }
    let words = words.split(' ').filter(|word| !word.is_empty());
    Ok(words.map(|word| match word.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (word, None),
    }))
}

fn mail(rest: Option<&str>) -> Result<MailFrom, Misread> {
    let rest = path(rest, "FROM:", "MAIL FROM:<address> (RFC 5321 4.1.1.2)")?;
    let (address, rest) = Address::read(rest).map_err(Misread::Address)?;
    let (mut size, mut body, mut utf8) = (None, None, false);
    for (name, value) in parameters(rest)? {
        let name = name.to_ascii_uppercase();
        match (name.as_str(), value) {
            ("SIZE", Some(value)) if size.is_none() => size = Some(octets(value)?),
            ("BODY", Some(value)) if body.is_none() => body = Some(is_eight_bit(value)?),
            ("SMTPUTF8", None) if !utf8 => utf8 = true,
            // Who is said to have submitted it is nobody's business here (RFC 4954 5).
            ("AUTH", Some(_)) => {}
            ("SIZE" | "BODY" | "SMTPUTF8", _) => {
                return Err(Misread::Arguments("each parameter once, with its value"));
            }
            _ => return Err(Misread::Parameter),
        }
    }
    if address.international && !utf8 {
        return Err(Misread::Address(AddressError::NeedsUtf8));
    }
    Ok(MailFrom {
        address,
        size,
        eight_bit: body.unwrap_or(false),
        utf8,
    })
}

fn octets(value: &str) -> Result<u64, Misread> {
    let wrong = Misread::Arguments("SIZE and up to 20 digits (RFC 1870 4)");
    let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    match digits && value.len() <= SIZE_DIGITS_MAX {
        // What is more than 64 bits hold is more than any limit.
        true => Ok(value.parse().unwrap_or(u64::MAX)),
        false => Err(wrong),
    }
}

fn is_eight_bit(value: &str) -> Result<bool, Misread> {
    if value.eq_ignore_ascii_case("8BITMIME") {
        return Ok(true);
    }
    match value.eq_ignore_ascii_case("7BIT") {
        true => Ok(false),
        false => Err(Misread::Arguments(
            "BODY=7BIT or BODY=8BITMIME (RFC 6152 2)",
        )),
    }
}

fn rcpt(rest: Option<&str>) -> Result<Address, Misread> {
    let rest = path(rest, "TO:", "RCPT TO:<address> (RFC 5321 4.1.1.3)")?;
    let (address, rest) = Address::read(rest).map_err(Misread::Address)?;
    if address.text.is_empty() {
        return Err(Misread::Address(AddressError::Form));
    }
    match parameters(rest)?.next() {
        None => Ok(address),
        Some(_) => Err(Misread::Parameter),
    }
}

/// The address in a MAIL or RCPT line, however it is written: what stands between the
/// first `<` and the last `>` before a blank.
pub(crate) fn path_of(line: &[u8]) -> Option<&str> {
    let line = std::str::from_utf8(line).ok()?;
    let (_, inner) = line.split_once('<')?;
    let end = inner.find("> ").or_else(|| inner.rfind('>'))?;
    Some(&inner[..end])
}

#[cfg(test)]
mod tests;
