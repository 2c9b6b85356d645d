//! Where a server is.

use exactly_adapter::StartError;
use exactly_model::redact;

/// A server's address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Target {
    /// Name or address, without brackets.
    pub host: String,
    pub port: u16,
    /// What stands before every path: empty, or `/base` without a slash at its end.
    pub base: String,
}

impl Target {
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self {
            host: host.into(),
            port,
            base: String::new(),
        }
    }

    /// Reads `http://HOST[:PORT][/BASE]`. Anything else is refused with what to do
    /// instead: TLS has no end at a boundary, and credentials in an address end up in
    /// logs.
    pub fn parse(url: &str) -> Result<Self, StartError> {
        let wrong = |why: &str, hint: &str| StartError::Config {
            system: crate::KIND,
            why: format!("{:?} {why}", redact(url)),
            hint: hint.into(),
        };
        let form = "give the endpoint as http://HOST:PORT";
        if url.starts_with("https://") {
            return Err(wrong(
                "is spoken to with TLS, which no boundary can read yet",
                "give a plain HTTP endpoint, such as ElasticMQ's; AWS itself is not reached so far",
            ));
        }
        let uri = url.parse::<hyper::Uri>();
        let uri = uri.map_err(|_| wrong("is no URL", form))?;
        let host = uri.host().filter(|host| !host.is_empty());
        let (Some("http"), Some(host), None) = (uri.scheme_str(), host, uri.query()) else {
            return Err(wrong("is no http:// URL of a server", form));
        };
        if uri.authority().is_some_and(|a| a.as_str().contains('@')) {
            return Err(wrong(
                "has a user in it",
                "leave it out: credentials are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            ));
        }
        let after_host = uri.authority().and_then(|a| a.as_str().strip_prefix(host));
        let port = match (uri.port_u16(), after_host) {
            (Some(port @ 1..), _) => port,
            (None, Some("")) => 80,
            _ => return Err(wrong("has no port that is one", form)),
        };
        Ok(Self {
            host: host.trim_start_matches('[').trim_end_matches(']').into(),
            port,
            base: uri.path().trim_end_matches('/').into(),
        })
    }

    /// `host:port`; an IPv6 address gets its brackets (RFC 3986, 3.2.2).
    pub fn authority(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_and_what_is_none_is_said() {
        for (url, authority, base) in [
            ("http://127.0.0.1:9324", "127.0.0.1:9324", ""),
            ("http://127.0.0.1:9324/", "127.0.0.1:9324", ""),
            ("http://sqs.local", "sqs.local:80", ""),
            ("http://sqs.local:90/v1/x/", "sqs.local:90", "/v1/x"),
            ("http://[::1]:9324", "[::1]:9324", ""),
        ] {
            let target = Target::parse(url).unwrap();
            assert_eq!(
                (target.authority().as_str(), target.base.as_str()),
                (authority, base)
            );
        }
        for url in [
            "",
            "127.0.0.1:9324",
            "https://sqs.us-east-1.amazonaws.com",
            "http://",
            "http://:80",
            "http://h:0",
            "http://h:99999",
            "http://h:",
            "http://h h:1",
            "http://h:1/?Action=ListQueues",
            "http://u:secret@h:1",
            "ftp://h:1",
        ] {
            let error = Target::parse(url).expect_err(url).to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
