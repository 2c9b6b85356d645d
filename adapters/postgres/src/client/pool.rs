//! A few connections shared by all trials of a run.

use crate::adapter::KIND;
use crate::target::Target;
use exactly_adapter::StartError;
use futures::TryStreamExt;
use futures::stream::BoxStream;
use sqlx::postgres::{PgPool, PgPoolOptions, PgRow};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Error, Executor, Postgres, Row, Transaction,
};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Connections of the harness to one server.
const CONNECTIONS_MAX: u32 = 4;
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
const ACQUIRE_WITHIN: Duration = Duration::from_secs(20);
const CLOSE_WITHIN: Duration = Duration::from_secs(2);
const PING_AFTER_IDLE: Duration = Duration::from_secs(5);

/// What was asked of the server once.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// `PostgreSQL 18.6 (fsync off)`.
    pub(crate) version: String,
    /// Whether commit timestamps are kept.
    pub(crate) commit_order: bool,
}

/// The pool.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    pool: PgPool,
    target: Target,
    renewal: Renewal,
}

/// Since when connections are worth anything: older ones lead to a server that is dead.
#[derive(Clone, Debug, Default)]
struct Renewal(Arc<Mutex<Option<Instant>>>);

impl Renewal {
    fn now(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn outdates(&self, age: Duration) -> bool {
        let since = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| age > since.elapsed())
    }
}

impl Pool {
    /// Connects, and asks the server what it is.
    pub(crate) async fn open(target: &Target) -> Result<(Self, Facts), StartError> {
        let unreachable = |why: String, hint: &str| StartError::Unreachable {
            system: KIND,
            address: target.shown(),
            why,
            hint: hint.into(),
        };
        let connected = tokio::time::timeout(CONNECT_WITHIN, target.connect().connect())
            .await
            .map_err(|_| {
                let why = format!("no answer within {} s", CONNECT_WITHIN.as_secs());
                unreachable(why, "check host, port and network")
            })?;
        let mut first = connected.map_err(|error| {
            let hint = connect_hint(&error);
            unreachable(words(&error), hint)
        })?;
        let facts = ask(&mut first)
            .await
            .map_err(|error| unreachable(words(&error), "check that it is a PostgreSQL server"))?;
        drop(first.close().await);
        if !facts.1 {
            return Err(StartError::Config {
                system: KIND,
                why: format!(
                    "{} may not create schemas in database {}, and each trial needs one",
                    target.user, target.database
                ),
                hint: format!(
                    "grant create on database {} to {}, or give another URL",
                    target.database, target.user
                ),
            });
        }
        let renewal = Renewal::default();
        let renewed = renewal.clone();
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(ACQUIRE_WITHIN)
            // A ping for each use would double the cost of a look. A connection
            // that lay idle may have been closed by the server meanwhile.
            .test_before_acquire(false)
            .before_acquire(move |connection, meta| {
                let outdated = renewed.outdates(meta.age);
                Box::pin(async move {
                    if outdated {
                        return Ok(false);
                    }
                    if meta.idle_for > PING_AFTER_IDLE {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_lazy_with(target.connect());
        let pool = Self {
            pool,
            target: target.clone(),
            renewal,
        };
        Ok((pool, facts.0))
    }

    /// Connections made so far are not used again: their server is dead.
    pub(crate) fn renew(&self) {
        self.renewal.now();
    }

    /// Closes the connections that nobody uses just now. Others are made when they are
    /// needed.
    pub(crate) async fn leave(&self) {
        let leaving = async {
            while let Some(connection) = self.pool.try_acquire() {
                drop(connection.close().await);
            }
        };
        if tokio::time::timeout(CLOSE_WITHIN, leaving).await.is_err() {
            tracing::debug!("a connection does not close");
        }
    }

    /// Whether the server is still in recovery, asked on a connection of its own; the
    /// error where it does not answer.
    pub(crate) async fn is_in_recovery(&self) -> Result<bool, String> {
        let asked = async {
            let mut connection = self.target.connect().connect().await?;
            let sql = sqlx::raw_sql("select pg_is_in_recovery()::text as recovery");
            let row = connection.fetch_one(sql).await?;
            drop(connection.close().await);
            row.try_get_unchecked::<String, _>("recovery")
        };
        match tokio::time::timeout(CONNECT_WITHIN, asked).await {
            Ok(Ok(recovery)) => Ok(recovery == "true"),
            Ok(Err(error)) => Err(words(&error)),
            Err(_) => Err(format!("no answer within {} s", CONNECT_WITHIN.as_secs())),
        }
    }

    /// Begins a transaction; dropping it takes everything back.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Postgres>, Error> {
        self.pool.begin().await
    }

    /// Runs `sql`, which may be several statements, in one round trip.
    pub(crate) async fn run(&self, sql: String) -> Result<Vec<PgRow>, Error> {
        self.stream(sql).try_collect().await
    }

    /// Runs `sql` and streams its rows, their values in text format.
    pub(crate) fn stream(&self, sql: String) -> BoxStream<'_, Result<PgRow, Error>> {
        // The statements are the harness's own or the pipeline's definition:
        // both are the user's to write.
        self.pool.fetch(sqlx::raw_sql(AssertSqlSafe(sql)))
    }

    /// Closes all connections; a look that is still under way may keep its own
    /// until it ends.
    pub(crate) async fn close(&self) {
        if tokio::time::timeout(CLOSE_WITHIN, self.pool.close())
            .await
            .is_err()
        {
            tracing::debug!("a connection is still in use");
        }
    }
}

/// Facts, and whether schemas may be created.
async fn ask(connection: &mut sqlx::PgConnection) -> Result<(Facts, bool), Error> {
    let row = connection
        .fetch_one(sqlx::raw_sql(
            "select current_setting('server_version') as version, current_setting('fsync') as fsync, \
             current_setting('track_commit_timestamp', true) as commit_order, \
             has_database_privilege(current_database(), 'create')::text as may_create",
        ))
        .await?;
    let text = |name: &str| row.try_get_unchecked::<Option<String>, _>(name);
    let version = text("version")?.unwrap_or_default();
    let fsync = match text("fsync")?.as_deref() {
        Some("off") => " (fsync off)",
        _ => "",
    };
    let facts = Facts {
        // "15.14 (Debian 15.14-0+deb12u1)" names its packager too.
        version: format!(
            "PostgreSQL {}{fsync}",
            version.split(' ').next().unwrap_or_default()
        ),
        commit_order: text("commit_order")?.as_deref() == Some("on"),
    };
    Ok((facts, text("may_create")?.as_deref() == Some("true")))
}

fn connect_hint(error: &Error) -> &'static str {
    let code = error.as_database_error().and_then(|e| e.code());
    match (code.as_deref(), error) {
        (Some("28000"), Error::Database(e)) if e.message().contains("no encryption") => {
            "the server demands TLS, which the boundary cannot look into: allow a `host` or `hostnossl` line in pg_hba.conf"
        }
        (Some("28000" | "28P01"), _) => "check user and password in the URL",
        (Some("3D000"), _) => "create the database, or name another one in the URL",
        (Some("53300"), _) => "free some connections or raise max_connections",
        _ => "check host and port, or leave --postgres out to use the embedded server",
    }
}

/// An error in words; sqlx says "error returned from database: " of the
/// server's own.
pub(crate) fn words(error: &Error) -> String {
    match error {
        Error::Database(error) => format!(
            "{} ({})",
            error.message(),
            error.code().as_deref().unwrap_or("no code")
        ),
        error => error.to_string(),
    }
}
