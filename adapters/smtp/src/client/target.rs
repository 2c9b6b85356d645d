//! Where a mail server is, and who says what it has taken.

use exactly_adapter::StartError;
use exactly_model::redact;
use std::net::SocketAddr;

/// A server's address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Target {
    /// Name or address, without brackets.
    pub host: String,
    pub port: u16,
    /// Whether it is spoken to with TLS from the first octet on.
    pub tls: bool,
    /// `host:port` of Mailpit's API, and what stands before its paths.
    pub api: Option<(String, String)>,
    /// Where it is dialled, where that is elsewhere: at the end of a tunnel.
    pub tunnel: Option<SocketAddr>,
}

const FORM: &str = "give the server as smtp://HOST:PORT, with the API of a Mailpit behind it where \
                    it is one, as in smtp://127.0.0.1:1025?api=http://127.0.0.1:8025";

impl Target {
    pub fn embedded(port: u16) -> Self {
        Self {
            host: "127.0.0.1".into(),
            port,
            tls: false,
            api: None,
            tunnel: None,
        }
    }

    /// Reads `smtp[s]://HOST[:PORT][?api=http://HOST:PORT[/BASE]]`. Anything else is
    /// refused with what to do instead: credentials in an address end up in logs.
    pub fn parse(url: &str) -> Result<Self, StartError> {
        let wrong = |why: &str, hint: &str| StartError::Config {
            system: crate::KIND,
            why: format!("{:?} {why}", redact(url)),
            hint: hint.into(),
        };
        let (scheme, rest) = url
            .split_once("://")
            .ok_or_else(|| wrong("is no smtp:// URL", FORM))?;
        let tls = match scheme {
            "smtp" => false,
            "smtps" => true,
            "smtp+starttls" => {
                return Err(wrong(
                    "asks for STARTTLS, and TLS has to begin behind the boundary from the first \
                     octet on",
                    "give the port on which it speaks TLS at once, as smtps://HOST:465, or one \
                     without TLS, as smtp://HOST:25",
                ));
            }
            "http" | "https" => {
                return Err(wrong(
                    "is Mailpit's API, which does not say where its SMTP is",
                    FORM,
                ));
            }
            _ => return Err(wrong("is no smtp:// URL", FORM)),
        };
        let (authority, query) = match rest.split_once('?') {
            Some((authority, query)) => (authority, Some(query)),
            None => (rest, None),
        };
        if rest.contains('@') {
            return Err(wrong(
                "has a user in it",
                "leave it out of the URL; let the pipeline authenticate as it does elsewhere",
            ));
        }
        let usual = if tls { 465 } else { 25 };
        let (host, port) = split(authority.trim_end_matches('/'), usual)
            .ok_or_else(|| wrong("has no host and port", FORM))?;
        let api = match query {
            None => None,
            Some(query) => Some(api(query).ok_or_else(|| wrong("names no API", FORM))?),
        };
        Ok(Self {
            host: host.into(),
            port,
            tls,
            api,
            tunnel: None,
        })
    }

    /// `smtp://host:port`.
    pub fn url(&self) -> String {
        let scheme = if self.tls { "smtps" } else { "smtp" };
        format!("{scheme}://{}", authority(&self.host, self.port))
    }

    /// Where it is dialled.
    pub fn dialled(&self) -> (String, u16) {
        let here = (self.host.clone(), self.port);
        self.tunnel
            .map_or(here, |end| (end.ip().to_string(), end.port()))
    }
}

fn api(query: &str) -> Option<(String, String)> {
    let url = query.strip_prefix("api=http://")?;
    let (host, base) = match url.find('/') {
        Some(slash) => url.split_at(slash),
        None => (url, ""),
    };
    let (host, port) = split(host, 80)?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~/".contains(&b);
    let base = base.trim_end_matches('/');
    base.bytes()
        .all(plain)
        .then(|| (authority(host, port), base.to_string()))
}

/// `host:port`; an IPv6 address gets its brackets (RFC 3986, 3.2.2).
pub(crate) fn authority(host: &str, port: u16) -> String {
    match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    }
}

fn split(authority: &str, usual: u16) -> Option<(&str, u16)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            match rest.strip_prefix(':') {
                None if rest.is_empty() => (host, None),
                port => (host, Some(port?)),
            }
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:%".contains(&b);
    let known = !host.is_empty() && host.bytes().all(is_plain);
    let port = match port {
        None => usual,
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().ok()?,
        Some(_) => return None,
    };
    (known && port > 0).then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_and_what_is_none_is_said() {
        for (url, host, port, tls, api) in [
            ("smtp://127.0.0.1:1025", "127.0.0.1", 1025, false, None),
            ("smtp://mail.local", "mail.local", 25, false, None),
            ("smtps://mail.local/", "mail.local", 465, true, None),
            ("smtp://[::1]:1025", "::1", 1025, false, None),
            (
                "smtp://127.0.0.1:1025?api=http://127.0.0.1:8025",
                "127.0.0.1",
                1025,
                false,
                Some(("127.0.0.1:8025", "")),
            ),
            (
                "smtps://h?api=http://h/mailpit/",
                "h",
                465,
                true,
                Some(("h:80", "/mailpit")),
            ),
        ] {
            let target = Target::parse(url).unwrap();
            let is = (target.host.as_str(), target.port, target.tls);
            assert_eq!(is, (host, port, tls), "{url}");
            let known = target.api.as_ref().map(|(a, b)| (a.as_str(), b.as_str()));
            assert_eq!(known, api, "{url}");
        }
        for (url, part) in [
            ("", "smtp://HOST:PORT"),
            ("127.0.0.1:1025", "smtp://HOST:PORT"),
            ("http://127.0.0.1:8025", "smtp://127.0.0.1:1025?api="),
            ("smtp+starttls://h:587", "smtps://HOST:465"),
            ("smtp://u:hunter2@h:25", "leave it out of the URL"),
            (
                "smtp://h:25?api=http://u:hunter2@h",
                "leave it out of the URL",
            ),
            ("smtp://", "smtp://HOST:PORT"),
            ("smtp://h:0", "smtp://HOST:PORT"),
            ("smtp://h:99999", "smtp://HOST:PORT"),
            ("smtp://h h:25", "smtp://HOST:PORT"),
            ("smtp://[::1:25", "smtp://HOST:PORT"),
            ("smtp://h:25?api=https://h", "api=http://"),
            ("smtp://h:25?api=http://h/a b", "api=http://"),
            ("smtp://h:25?mails=1", "api=http://"),
        ] {
            let error = Target::parse(url).unwrap_err().to_string();
            assert!(error.contains(part), "{url}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
