//! Which server, which database, as whom: the URL that the user gives, taken apart,
//! and the one that the pipeline gets, put together.

use crate::KIND;
use exactly_adapter::StartError;
use std::fmt;

/// The usual port (IANA, "redis").
const PORT: u16 = 6379;
const FORM: &str = "write redis://USER:PASSWORD@HOST:PORT/DATABASE, or rediss:// where it speaks \
                    TLS; user, password and database may be left out";

/// What is never shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    pub fn bare(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A server and a database in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Target {
    /// Name or address, without brackets.
    pub host: String,
    pub port: u16,
    /// Whether it is spoken to with TLS.
    pub tls: bool,
    pub database: u32,
    /// The ACL user; the server's default one where absent.
    pub user: Option<String>,
    pub password: Option<Secret>,
}

impl Target {
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self {
            host: host.into(),
            port,
            tls: false,
            database: 0,
            user: None,
            password: None,
        }
    }

    /// Reads `redis[s]://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]`.
    pub fn parse(url: &str) -> Result<Self, StartError> {
        let wrong = |why: &str| StartError::Config {
            system: KIND,
            why: format!("{} {why}", hidden(url)),
            hint: FORM.into(),
        };
        let (scheme, rest) = url.split_once("://").ok_or_else(|| wrong("is no URL"))?;
        let tls = match scheme {
            "redis" => false,
            "rediss" => true,
            "unix" | "redis+unix" => {
                return Err(wrong("is a Unix socket, and the boundary speaks TCP"));
            }
            _ => return Err(wrong("does not begin with redis:// or rediss://")),
        };
        let (who, place) = rest.rsplit_once('@').unwrap_or(("", rest));
        if place.contains(['?', '#']) {
            return Err(wrong("has settings after its database, which nobody reads"));
        }
        let (authority, path) = place.split_once('/').unwrap_or((place, ""));
        let (host, port) =
            host_and_port(authority).ok_or_else(|| wrong("names no host and port"))?;
        let database = match path {
            "" => Some(0),
            number => number.parse().ok(),
        };
        let (user, password) = credentials(who).map_err(wrong)?;
        Ok(Self {
            host,
            port,
            tls,
            database: database.ok_or_else(|| wrong("has a database that is no number"))?,
            user,
            password,
        })
    }

    /// How it is shown: without user and password.
    pub fn shown(&self) -> String {
        let scheme = if self.tls { "rediss" } else { "redis" };
        let authority = authority(&self.host, self.port);
        format!("{scheme}://{authority}/{}", self.database)
    }

    /// What clients connect with, at `host:port`, without user and password: who is at
    /// that end speaks no TLS.
    pub fn endpoint(&self, host: &str, port: u16) -> String {
        format!("redis://{}/{}", authority(host, port), self.database)
    }

    /// What the pipeline connects with when it is to dial `host:port`: it authenticates
    /// itself.
    pub fn pipeline_url(&self, host: &str, port: u16) -> String {
        let Some(password) = &self.password else {
            return self.endpoint(host, port);
        };
        format!(
            "redis://{}:{}@{}/{}",
            percent_encoded(self.user.as_deref().unwrap_or_default()),
            percent_encoded(password.bare()),
            authority(host, port),
            self.database,
        )
    }
}

/// A URL that cannot be read may hold a password anywhere before its last `@`.
fn hidden(url: &str) -> String {
    let Some((before, after)) = url.rsplit_once('@') else {
        return format!("{url:?}");
    };
    let scheme = before.split_once("://").map_or("", |(scheme, _)| scheme);
    format!("{:?}", format!("{scheme}://***@{after}"))
}

/// An IPv6 address gets its brackets (RFC 3986, 3.2.2).
pub(crate) fn authority(host: &str, port: u16) -> String {
    match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    }
}

fn host_and_port(authority: &str) -> Option<(String, u16)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            (
                host,
                port.strip_prefix(':').or(port.is_empty().then_some("")),
            )
        }
        None => match authority.split_once(':') {
            Some((host, port)) if !port.is_empty() => (host, Some(port)),
            Some(_) => return None,
            None => (authority, Some("")),
        },
    };
    let port = match port? {
        "" => PORT,
        port => port.parse().ok().filter(|port| *port != 0)?,
    };
    let is_one = !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || c == '@');
    is_one.then(|| (host.to_string(), port))
}

type Credentials = (Option<String>, Option<Secret>);

fn credentials(who: &str) -> Result<Credentials, &'static str> {
    if who.is_empty() {
        return Ok((None, None));
    }
    let Some((user, password)) = who.split_once(':') else {
        return Err("has a user and no password (a password alone is written :PASSWORD@)");
    };
    let decoded = |text| percent_decoded(text).ok_or("has a % that encodes no character");
    let (user, password) = (decoded(user)?, decoded(password)?);
    if password.is_empty() {
        return Err("has an empty password");
    }
    Ok(((!user.is_empty()).then_some(user), Some(Secret(password))))
}

/// RFC 3986, 2.1: all but its unreserved characters.
fn percent_encoded(text: &str) -> String {
    let each = text.bytes().map(|byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    });
    each.collect()
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, others @ ..] = rest {
        rest = others;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = rest
            .get(..2)
            .and_then(|two| std::str::from_utf8(two).ok())?;
        let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        bytes.push(is_hex.then(|| u8::from_str_radix(digits, 16).ok())??);
        rest = &rest[2..];
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> (String, Option<String>, Option<String>) {
        let target = Target::parse(url).unwrap();
        let password = target.password.as_ref().map(|p| p.bare().to_string());
        (target.shown(), target.user, password)
    }

    #[test]
    fn urls_are_read() {
        for (url, shown, user, password) in [
            ("redis://127.0.0.1", "redis://127.0.0.1:6379/0", None, None),
            (
                "redis://r.local:7000/3",
                "redis://r.local:7000/3",
                None,
                None,
            ),
            ("redis://r.local/", "redis://r.local:6379/0", None, None),
            ("rediss://r.local", "rediss://r.local:6379/0", None, None),
            ("redis://[::1]:7000", "redis://[::1]:7000/0", None, None),
            ("redis://[::1]", "redis://[::1]:6379/0", None, None),
            ("redis://:pw@h:1", "redis://h:1/0", None, Some("pw")),
            (
                "redis://ann:p%40%3Aw@h:1",
                "redis://h:1/0",
                Some("ann"),
                Some("p@:w"),
            ),
            // As people write it, although the @ should be encoded.
            (
                "redis://ann:p@w@h:1",
                "redis://h:1/0",
                Some("ann"),
                Some("p@w"),
            ),
        ] {
            let expect = (
                shown.into(),
                user.map(String::from),
                password.map(String::from),
            );
            assert_eq!(parsed(url), expect, "{url}");
        }
    }

    #[test]
    fn what_is_none_is_said_and_no_password_with_it() {
        for (url, part) in [
            ("", "is no URL"),
            ("127.0.0.1:6379", "is no URL"),
            ("ann:secret@h:6379", "is no URL"),
            ("http://ann:secret@h:6379", "does not begin with redis://"),
            ("unix:///run/redis.sock", "Unix socket"),
            ("redis://", "names no host and port"),
            ("redis://:6379", "names no host and port"),
            ("redis://h:0", "names no host and port"),
            ("redis://h:99999", "names no host and port"),
            ("redis://h:", "names no host and port"),
            ("redis://[::1", "names no host and port"),
            ("redis://[::1]x", "names no host and port"),
            ("redis://h h", "names no host and port"),
            ("redis://h/db", "a database that is no number"),
            ("redis://h/-1", "a database that is no number"),
            ("redis://:secret@h/?db=1", "settings after its database"),
            ("rediss://h/#insecure", "settings after its database"),
            ("redis://secret@h", "a user and no password"),
            ("redis://ann:@h", "an empty password"),
            ("redis://ann:secret%zz@h", "encodes no character"),
            ("redis://ann:secret%2@h", "encodes no character"),
        ] {
            let error = Target::parse(url).expect_err(url);
            assert!(matches!(error, StartError::Config { .. }));
            let error = error.to_string();
            assert!(error.contains(part), "{url}: {error}");
            assert!(
                error.contains("write redis://USER:PASSWORD@HOST"),
                "{error}"
            );
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn the_pipeline_gets_what_it_has_to_say_and_nobody_else_does() {
        let target = Target::parse("rediss://ann:p%40w@r.local:7000/3").unwrap();
        assert_eq!(target.pipeline_url("::1", 9), "redis://ann:p%40w@[::1]:9/3");
        assert_eq!(target.endpoint("h", 9), "redis://h:9/3");
        assert!(!format!("{target:?}").contains("p@w"), "{target:?}");
        let target = Target::parse("redis://:pw@r.local").unwrap();
        assert_eq!(target.pipeline_url("h", 9), "redis://:pw@h:9/0");
        assert_eq!(Target::new("h", 1).pipeline_url("h", 9), "redis://h:9/0");
    }
}
