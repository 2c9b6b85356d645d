//! Where a service is.

use exactly_adapter::StartError;
use exactly_model::redact;
use std::net::SocketAddr;

/// A service's address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Target {
    /// Name or address, without brackets.
    pub host: String,
    pub port: u16,
    /// What stands before every path: empty, or `/base` without a slash at its
    /// end.
    pub base: String,
    /// Whether it is spoken to with TLS.
    pub tls: bool,
    /// Where it is dialled, where that is elsewhere: at the end of a tunnel.
    pub tunnel: Option<SocketAddr>,
}

/// The usual port of TLS.
const HTTPS: u16 = 443;

impl Target {
    pub fn embedded(port: u16) -> Self {
        Self {
            host: "127.0.0.1".into(),
            port,
            base: String::new(),
            tls: false,
            tunnel: None,
        }
    }

    /// Reads `http[s]://HOST[:PORT][/BASE]`. Anything else is refused with what to do
    /// instead: credentials in an address end up in logs.
    pub fn parse(url: &str) -> Result<Self, StartError> {
        let wrong = |why: &str, hint: &str| StartError::Config {
            system: "http",
            why: format!("{:?} {why}", redact(url)),
            hint: hint.into(),
        };
        let form = "give the service as http://HOST:PORT, with a path before it where there is one";
        let plain = url.strip_prefix("http://");
        let rest = plain
            .or_else(|| url.strip_prefix("https://"))
            .ok_or_else(|| wrong("is no http:// or https:// URL", form))?;
        let tls = plain.is_none();
        let (authority, base) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, ""),
        };
        if authority.contains('@') {
            return Err(wrong(
                "has a user in it",
                "leave it out of the URL; let the pipeline send it as a header",
            ));
        }
        let (host, port) =
            split(authority, tls).ok_or_else(|| wrong("has no host and port", form))?;
        let base = base.trim_end_matches('/');
        if !is_path(base) || base.contains('?') {
            return Err(wrong("has a path that is none", form));
        }
        Ok(Self {
            host: host.into(),
            port,
            base: base.into(),
            tls,
            tunnel: None,
        })
    }

    /// `host:port`, as a URL and a `Host` field have it: the usual port of TLS is left
    /// out.
    pub fn authority(&self) -> String {
        let whole = authority(&self.host, self.port);
        match self.tls && self.port == HTTPS {
            true => whole.trim_end_matches(":443").into(),
            false => whole,
        }
    }

    /// URL of the service, without its base.
    pub fn origin(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}", self.authority())
    }

    /// Where it is dialled.
    pub fn dialled(&self) -> (String, u16) {
        let here = (self.host.clone(), self.port);
        self.tunnel
            .map_or(here, |end| (end.ip().to_string(), end.port()))
    }
}

/// `host:port`; an IPv6 address gets its brackets (RFC 3986, 3.2.2).
pub(crate) fn authority(host: &str, port: u16) -> String {
    match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    }
}

fn split(authority: &str, tls: bool) -> Option<(&str, u16)> {
    let usual = if tls { "443" } else { "80" };
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            (
                host,
                port.strip_prefix(':')
                    .or(port.is_empty().then_some(usual))?,
            )
        }
        None => authority.split_once(':').unwrap_or((authority, usual)),
    };
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:%".contains(&b);
    let known = !host.is_empty() && host.bytes().all(is_plain);
    let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    let port = port.parse().ok().filter(|port| *port > 0)?;
    (known && digits).then_some((host, port))
}

/// Whether `path` can stand in a request line (RFC 9112, 3.2.1); may be empty.
pub(crate) fn is_path(path: &str) -> bool {
    let starts = path.is_empty() || path.starts_with('/');
    starts
        && path
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_and_what_is_none_is_said() {
        for (url, host, port, base) in [
            ("http://127.0.0.1:8080", "127.0.0.1", 8080, ""),
            ("http://127.0.0.1:8080/", "127.0.0.1", 8080, ""),
            ("http://pay.local", "pay.local", 80, ""),
            ("http://pay.local:90/v1/x/", "pay.local", 90, "/v1/x"),
            ("http://[::1]:8080/v1", "::1", 8080, "/v1"),
            ("http://[::1]", "::1", 80, ""),
            ("https://pay.local/v1", "pay.local", 443, "/v1"),
            ("https://[::1]", "::1", 443, ""),
            ("https://pay.local:8443", "pay.local", 8443, ""),
        ] {
            let target = Target::parse(url).unwrap();
            let is = (target.host.as_str(), target.port, target.base.as_str());
            assert_eq!(is, (host, port, base), "{url}");
        }
        for url in [
            "",
            "127.0.0.1:8080",
            "https://",
            "http://",
            "http://:80",
            "http://h:0",
            "http://h:99999",
            "http://h:+80",
            "http://h:",
            "http://[::1",
            "http://[::1]x",
            "http://h h:1",
            "http://h:1/a b",
            "http://h:1/a?b",
            "http://u:secret@h:1",
            "ftp://h:1",
        ] {
            let error = Target::parse(url).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
