//! Which server, which database, as whom: the URL that the user gives, taken
//! apart, and the URL that the pipeline gets, put together.

use crate::adapter::KIND;
use exactly_adapter::StartError;
use exactly_model::redact;
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

/// A server and a database in it.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) database: String,
    /// As it stands in a URL, percent-encoded.
    encoded_password: Option<String>,
    /// What the user's own URL says in `options`.
    options: String,
    connect: PgConnectOptions,
}

impl Target {
    /// A server of the harness's own, on the loopback, that trusts everyone.
    pub(crate) fn own(port: u16) -> Self {
        let (host, user) = ("127.0.0.1".to_string(), "postgres".to_string());
        let connect = PgConnectOptions::new_without_pgpass()
            .host(&host)
            .port(port)
            .username(&user)
            .database("postgres");
        Self {
            host,
            port,
            database: user.clone(),
            user,
            encoded_password: None,
            options: String::new(),
            connect: quiet(connect),
        }
    }

    /// Takes `postgres://user:password@host:port/database?...` apart.
    pub(crate) fn parse(url: &str) -> Result<Self, StartError> {
        let wrong = |why: String| StartError::Config {
            system: KIND,
            why: format!("{} is no usable URL: {why}", redact(url)),
            hint: "write postgres://user:password@host:port/database".into(),
        };
        let rest = ["postgres://", "postgresql://"]
            .iter()
            .find_map(|scheme| url.strip_prefix(scheme))
            .ok_or_else(|| wrong("it does not begin with postgres://".into()))?;
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let named = authority.rsplit('@').next().unwrap_or_default();
        if named.is_empty() || named.starts_with("%2F") || named.starts_with("%2f") {
            return Err(wrong("it names no host that TCP can reach".into()));
        }
        let given: PgConnectOptions = url.parse().map_err(|e: sqlx::Error| wrong(e.to_string()))?;
        if given.get_socket().is_some() {
            return Err(wrong("the boundary speaks TCP, not Unix sockets".into()));
        }
        if matches!(
            given.get_ssl_mode(),
            PgSslMode::Require | PgSslMode::VerifyCa | PgSslMode::VerifyFull
        ) {
            return Err(StartError::Config {
                system: KIND,
                why: "the URL demands TLS, which the boundary cannot look into".into(),
                hint: "give a URL with sslmode=disable, on a network you trust".into(),
            });
        }
        let database = given.get_database().unwrap_or(given.get_username());
        Ok(Self {
            host: given.get_host().trim_matches(['[', ']']).to_string(),
            port: given.get_port(),
            user: given.get_username().to_string(),
            database: database.to_string(),
            encoded_password: given.to_url_lossy().password().map(str::to_string),
            options: given.get_options().unwrap_or_default().to_string(),
            connect: quiet(given.clone().database(database)),
        })
    }

    /// How the harness itself connects, past the boundary.
    pub(crate) fn connect(&self) -> PgConnectOptions {
        self.connect.clone().application_name("exactly")
    }

    /// `host:port/database`, without secrets.
    pub(crate) fn shown(&self) -> String {
        format!("{}:{}/{}", bracketed(&self.host), self.port, self.database)
    }

    /// The URL that clients connect with, without the password.
    pub(crate) fn endpoint(&self) -> String {
        format!(
            "postgres://{}@{}:{}/{}?sslmode=disable",
            percent_encoded(&self.user),
            bracketed(&self.host),
            self.port,
            percent_encoded(&self.database),
        )
    }

    /// The password in clear; empty where there is none.
    pub(crate) fn password(&self) -> String {
        let encoded = self.encoded_password.as_deref().unwrap_or_default();
        percent_decoded(encoded)
    }

    /// What a Java pipeline connects with. The driver takes user and password from
    /// the URL too.
    pub(crate) fn jdbc_url(&self, host: &str, port: u16, schema: &str) -> String {
        let password = match &self.encoded_password {
            Some(password) => format!("&password={password}"),
            None => String::new(),
        };
        let options = format!("{} -c search_path={schema}", self.options);
        format!(
            "jdbc:postgresql://{}:{port}/{}?user={}{password}&options={}&ApplicationName={}&sslmode=disable",
            bracketed(host),
            percent_encoded(&self.database),
            percent_encoded(&self.user),
            percent_encoded(options.trim_start()),
            percent_encoded(&schema.replace('_', "-")),
        )
    }

    /// What the pipeline connects with when it is to dial `host:port`.
    ///
    /// libpq and sqlx both take it: `options` sets the search path before the
    /// first statement, and no TLS is asked for.
    pub(crate) fn pipeline_url(&self, host: &str, port: u16, schema: &str) -> String {
        let password = match &self.encoded_password {
            Some(password) => format!(":{password}"),
            None => String::new(),
        };
        let options = format!("{} -c search_path={schema}", self.options);
        format!(
            "postgres://{}{password}@{}:{port}/{}?options={}&application_name={}&sslmode=disable",
            percent_encoded(&self.user),
            bracketed(host),
            percent_encoded(&self.database),
            percent_encoded(options.trim_start()),
            percent_encoded(&schema.replace('_', "-")),
        )
    }
}

/// No TLS, and no log line for each statement.
fn quiet(options: PgConnectOptions) -> PgConnectOptions {
    options
        .ssl_mode(PgSslMode::Disable)
        .disable_statement_logging()
}

/// An IPv6 address needs brackets before a port.
fn bracketed(host: &str) -> String {
    if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_string()
    }
}

/// Everything but RFC 3986's unreserved characters.
fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                (byte as char).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// The inverse; what is no escape stays as it is.
fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3));
        match escaped.flatten().map(|hex| u8::from_str_radix(hex, 16)) {
            Some(Ok(byte)) => {
                decoded.push(byte);
                at += 3;
            }
            _ => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart_and_put_together() {
        let target = Target::parse("postgres://u:p%40%3A@db.example:6000/shop?sslmode=prefer")
            .expect("a usable URL");
        assert_eq!(
            (target.host.as_str(), target.port, target.user.as_str()),
            ("db.example", 6000, "u")
        );
        assert_eq!(target.shown(), "db.example:6000/shop");
        let url = target.pipeline_url("127.0.0.1", 7000, "exactly_r1_t2");
        assert_eq!(
            url,
            "postgres://u:p%40%3A@127.0.0.1:7000/shop?options=-c%20search_path%3Dexactly_r1_t2&application_name=exactly-r1-t2&sslmode=disable"
        );
        assert_eq!(target.password(), "p@:");
        let jdbc = target.jdbc_url("127.0.0.1", 7000, "exactly_r1_t2");
        assert_eq!(
            jdbc,
            "jdbc:postgresql://127.0.0.1:7000/shop?user=u&password=p%40%3A&options=-c%20search_path%3Dexactly_r1_t2&ApplicationName=exactly-r1-t2&sslmode=disable"
        );
        // It reads back as what was meant.
        let back: PgConnectOptions = url.parse().unwrap();
        assert_eq!(back.get_options(), Some("-c search_path=exactly_r1_t2"));
        assert_eq!((back.get_port(), back.get_database()), (7000, Some("shop")));
    }

    #[test]
    fn the_users_own_options_are_kept() {
        let url = "postgresql://u@[::1]:5432/d?options=-c%20statement_timeout%3D5s";
        let target = Target::parse(url).unwrap();
        assert_eq!(target.shown(), "[::1]:5432/d");
        let url = target.pipeline_url("::1", 1, "s");
        assert!(url.starts_with(
            "postgres://u@[::1]:1/d?options=-c%20statement_timeout%3D5s%20-c%20search_path%3Ds&"
        ));
    }

    #[test]
    fn what_cannot_be_used_is_refused_without_its_password() {
        for url in [
            "mysql://u:secret@h/d",
            "postgres://u:secret@/d",
            "postgres://u:secret@%2Frun%2Fpostgresql/d",
            "postgres://u:secret@h:99999/d",
            "postgres://u:secret@h/d?sslmode=require",
            "postgres://u:secret@h/d?host=/run/postgresql",
            "h:5432",
        ] {
            let error = Target::parse(url).unwrap_err();
            assert!(matches!(error, StartError::Config { .. }), "{url}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn the_database_is_the_users_by_default() {
        let target = Target::parse("postgres://u@h").unwrap();
        assert_eq!(target.port, 5432);
        if std::env::var_os("PGDATABASE").is_none() {
            assert_eq!(target.database, "u");
        }
    }
}
