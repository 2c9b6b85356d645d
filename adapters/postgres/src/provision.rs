//! A schema for each trial, made and removed.

use crate::adapter::KIND;
use crate::client::Pool;
use exactly_adapter::{StartError, TrialNames};
use exactly_model::Setup;
use sqlx::Error;
use sqlx::postgres::{PgDatabaseError, PgErrorPosition};
use std::time::Duration;

const CREATE_WITHIN: Duration = Duration::from_secs(60);
const DROP_WITHIN: Duration = Duration::from_secs(10);

/// The name of a trial's schema: letters, digits and underscores only, so that
/// it needs no quotes anywhere.
pub(crate) fn schema_of(names: TrialNames) -> String {
    format!("exactly_r{}_t{}", names.run, names.trial)
}

/// Creates `schema` and runs the setup in it, in one round trip and so in one
/// transaction: after an error nothing of it is there.
pub(crate) async fn create(pool: &Pool, schema: &str, setup: &Setup) -> Result<(), StartError> {
    let before = format!("create schema {schema}; set local search_path = {schema};\n");
    let skipped = before.chars().count();
    let creating = pool.run(format!("{before}{}", setup.sql));
    match tokio::time::timeout(CREATE_WITHIN, creating).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(refused(&error, schema, &setup.sql, skipped)),
        Err(_) => Err(StartError::Config {
            system: KIND,
            why: format!(
                "the setup SQL did not end within {} s",
                CREATE_WITHIN.as_secs()
            ),
            hint: "look for a lock or an endless loop in it".into(),
        }),
    }
}

fn refused(error: &Error, schema: &str, sql: &str, skipped: usize) -> StartError {
    let server = error
        .as_database_error()
        .and_then(|e| e.try_downcast_ref::<PgDatabaseError>());
    let Some(server) = server else {
        return StartError::NotStarted {
            system: KIND,
            why: format!("cannot create schema {schema}: {error}"),
            hint: "check that the server still runs".into(),
        };
    };
    let (why, hint) = if server.code() == "42P06" {
        (
            format!("schema {schema} exists already"),
            format!("an earlier run left it behind: drop schema {schema} cascade, or run again"),
        )
    } else {
        let place = match server.position() {
            Some(PgErrorPosition::Original(at)) if at > skipped => {
                let (line, column) = line_and_column(sql, at - skipped);
                format!(" at line {line}, column {column}")
            }
            _ => String::new(),
        };
        (
            format!(
                "the setup SQL fails{place}: {} ({})",
                server.message(),
                server.code()
            ),
            server.hint().map_or_else(
                || "correct the setup SQL; it runs as one transaction in the trial's schema".into(),
                str::to_string,
            ),
        )
    };
    StartError::Config {
        system: KIND,
        why,
        hint,
    }
}

/// Line and column, from 1, of the `at`-th character, from 1.
fn line_and_column(sql: &str, at: usize) -> (usize, usize) {
    sql.chars()
        .take(at.saturating_sub(1))
        .fold((1, 1), |(line, column), c| match c {
            '\n' => (line + 1, 1),
            _ => (line, column + 1),
        })
}

/// Removes `schema`. Best effort: a backend of a dead client may still hold a
/// lock in it, and nothing later depends on its being gone.
pub(crate) async fn drop_schema(pool: &Pool, schema: &str) {
    let sql = format!(
        "set local lock_timeout = '2s'; set local client_min_messages = warning; \
         drop schema if exists {schema} cascade"
    );
    match tokio::time::timeout(DROP_WITHIN, pool.run(sql)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(schema, %error, "schema not removed"),
        Err(_) => tracing::warn!(schema, "schema not removed in time"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found() {
        let sql = "créate table a;\nselect x\n";
        assert_eq!(line_and_column(sql, 1), (1, 1));
        assert_eq!(line_and_column(sql, 16), (1, 16));
        assert_eq!(line_and_column(sql, 17), (2, 1));
        assert_eq!(line_and_column(sql, 24), (2, 8));
    }
}
