//! Where a server is.

use exactly_adapter::StartError;
use exactly_model::redact;

/// The usual port of TLS.
const HTTPS: u16 = 443;

/// A server's address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Target {
    /// Name or address, without brackets.
    pub host: String,
    pub port: u16,
    /// What stands before every path: empty, or `/base` without a slash at its end.
    pub base: String,
    /// Whether it is spoken to with TLS.
    pub tls: bool,
}

/// Names of AWS's own servers end in one of these, the partitions' domains.
const AWS: [&str; 3] = [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"];

impl Target {
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self {
            host: host.into(),
            port,
            base: String::new(),
            tls: false,
        }
    }

    /// Reads `http[s]://HOST[:PORT][/BASE]`. Anything else is refused with what to do
    /// instead: credentials in an address end up in logs.
    pub fn parse(url: &str) -> Result<Self, StartError> {
        let wrong = |why: &str, hint: &str| StartError::Config {
            system: crate::KIND,
            why: format!("{:?} {why}", redact(url)),
            hint: hint.into(),
        };
        let form = "give the endpoint as http://HOST:PORT, or https://HOST where it speaks TLS";
        let uri = url.parse::<hyper::Uri>();
        let uri = uri.map_err(|_| wrong("is no URL", form))?;
        let host = uri.host().filter(|host| !host.is_empty());
        let (Some(scheme @ ("http" | "https")), Some(host), None) =
            (uri.scheme_str(), host, uri.query())
        else {
            return Err(wrong("is no http:// or https:// URL of a server", form));
        };
        let tls = scheme == "https";
        if uri.authority().is_some_and(|a| a.as_str().contains('@')) {
            return Err(wrong(
                "has a user in it",
                "leave it out: credentials are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            ));
        }
        let after_host = uri.authority().and_then(|a| a.as_str().strip_prefix(host));
        let port = match (uri.port_u16(), after_host) {
            (Some(port @ 1..), _) => port,
            (None, Some("")) if tls => HTTPS,
            (None, Some("")) => 80,
            _ => return Err(wrong("has no port that is one", form)),
        };
        Ok(Self {
            host: host.trim_start_matches('[').trim_end_matches(']').into(),
            port,
            base: uri.path().trim_end_matches('/').into(),
            tls,
        })
    }

    /// `host:port`; an IPv6 address gets its brackets (RFC 3986, 3.2.2). The usual port
    /// of TLS is left out, as clients do.
    pub fn authority(&self) -> String {
        let host = match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        };
        match self.tls && self.port == HTTPS {
            true => host,
            false => format!("{host}:{}", self.port),
        }
    }

    /// `http://host:port`.
    pub fn origin(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}", self.authority())
    }

    /// Whether it is AWS itself.
    pub fn is_aws(&self) -> bool {
        let host = self.host.to_ascii_lowercase();
        AWS.iter().any(|domain| host.ends_with(domain))
    }

    /// The region in the name of one of AWS's servers: `eu-west-1` of
    /// `sqs.eu-west-1.amazonaws.com` ("Amazon SQS endpoints and quotas").
    pub fn region(&self) -> Option<&str> {
        let mut labels = self.host.split('.');
        let service = labels.find(|label| matches!(*label, "sqs" | "sqs-fips"));
        service.filter(|_| self.is_aws()).and(labels.next())
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
            ("https://localhost:9325", "localhost:9325", ""),
            (
                "https://sqs.us-east-1.amazonaws.com/",
                "sqs.us-east-1.amazonaws.com",
                "",
            ),
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
            "http://",
            "https://",
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

    #[test]
    fn aws_is_known_by_its_names_and_says_its_region() {
        for (host, region) in [
            ("sqs.eu-west-1.amazonaws.com", Some("eu-west-1")),
            (
                "sqs-fips.us-gov-west-1.amazonaws.com",
                Some("us-gov-west-1"),
            ),
            (
                "vpce-0a1b.sqs.us-east-2.vpce.amazonaws.com",
                Some("us-east-2"),
            ),
            ("sqs.cn-north-1.amazonaws.com.cn", Some("cn-north-1")),
            ("sqs.eu-west-1.api.aws", Some("eu-west-1")),
            ("sqs.eu-west-1.amazonaws.com.example.org", None),
            ("sqs.local", None),
        ] {
            let target = Target::parse(&format!("https://{host}")).unwrap();
            assert_eq!(
                (target.is_aws(), target.region()),
                (region.is_some(), region),
                "{host}"
            );
        }
    }
}
