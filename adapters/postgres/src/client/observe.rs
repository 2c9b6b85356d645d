//! Reading effects: the observer's query, run in the trial's schema.

use super::pool::{Pool, words};
use super::rows::Columns;
use crate::adapter::KIND;
use exactly_adapter::{ObserveError, Seen};
use exactly_model::Observer;
use futures::TryStreamExt;
use sqlx::{Error, Row};
use std::time::Duration;

/// A look that takes longer is given up.
const LOOK_WITHIN: Duration = Duration::from_secs(120);
/// Stands in a query for the commit order of a row.
const COMMIT_ORDER: &str = "{commit_order}";

/// The commit order of the row that `xmin` belongs to: microseconds since the
/// epoch. Ties are possible, and are no order.
const COMMIT_MICROSECONDS: &str =
    "(extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000000)::bigint";

/// Hands every effect that `observer` sees to `each`.
pub(crate) async fn observe(
    pool: &Pool,
    schema: &str,
    commit_order: bool,
    observer: &Observer,
    each: &mut (dyn FnMut(Seen) + Send),
) -> Result<(), ObserveError> {
    let sql = format!(
        "{} {}",
        inside(schema),
        expanded(&observer.query, commit_order)
    );
    let reading = async {
        let mut rows = pool.stream(sql);
        let mut columns = None;
        let mut n = 0;
        while let Some(row) = rows.try_next().await.map_err(|e| failed(observer, &e))? {
            let columns = match &mut columns {
                Some(columns) => columns,
                none => none.insert(Columns::find(&row).map_err(|why| config(observer, why))?),
            };
            n += 1;
            each(columns.seen(&row, n).map_err(|why| config(observer, why))?);
        }
        Ok(())
    };
    within(observer, reading).await
}

/// How many effects `observer` sees.
pub(crate) async fn count(
    pool: &Pool,
    schema: &str,
    commit_order: bool,
    observer: &Observer,
) -> Result<u64, ObserveError> {
    // The line break ends a comment in the query's last line. Naming the id
    // finds out that there is none before there is a row.
    let sql = format!(
        "{} select count(*) as n, count(observed.id) as identified from (\n{}\n) as observed",
        inside(schema),
        expanded(&observer.query, commit_order)
    );
    let reading = async {
        let rows = pool.run(sql).await.map_err(|e| failed(observer, &e))?;
        let row = rows
            .last()
            .ok_or_else(|| unavailable(observer, "no count came back"))?;
        let n: i64 = row.try_get("n").map_err(|e| failed(observer, &e))?;
        let identified: i64 = row
            .try_get("identified")
            .map_err(|e| failed(observer, &e))?;
        if identified < n {
            let why = format!("{} of {n} rows have NULL as their id", n - identified);
            return Err(config(observer, why));
        }
        Ok(n.unsigned_abs())
    };
    within(observer, reading).await
}

/// Holds for the statements of one round trip: where names are looked up, and
/// that a look changes nothing.
fn inside(schema: &str) -> String {
    format!("set local search_path = {schema}; set transaction read only;")
}

fn expanded(query: &str, commit_order: bool) -> String {
    let order = if commit_order {
        COMMIT_MICROSECONDS
    } else {
        "null::bigint"
    };
    query
        .trim_end_matches(|c: char| c.is_whitespace() || c == ';')
        .replace(COMMIT_ORDER, order)
}

async fn within<T>(
    observer: &Observer,
    reading: impl Future<Output = Result<T, ObserveError>>,
) -> Result<T, ObserveError> {
    tokio::time::timeout(LOOK_WITHIN, reading)
        .await
        .unwrap_or_else(|_| {
            let why = format!("no answer within {} s", LOOK_WITHIN.as_secs());
            Err(unavailable(observer, &why))
        })
}

fn config(observer: &Observer, why: String) -> ObserveError {
    ObserveError::Config {
        observer: observer.name.clone(),
        why,
        hint: "correct the observer's query, or carry the id through the pipeline unchanged".into(),
    }
}

fn unavailable(observer: &Observer, why: &str) -> ObserveError {
    ObserveError::Unavailable {
        observer: observer.name.clone(),
        system: KIND,
        why: why.into(),
    }
}

/// The server's own errors are the query's fault, unless it is going away or
/// has no room.
fn failed(observer: &Observer, error: &Error) -> ObserveError {
    let code = error.as_database_error().and_then(|e| e.code());
    match code.as_deref() {
        // `observed` is the name that `count` gives to the query.
        Some("42703") if words(error).contains("observed.id") => {
            config(observer, "the query has no column id".into())
        }
        Some(code) if !["08", "53", "57", "58"].contains(&code.get(..2).unwrap_or_default()) => {
            ObserveError::Config {
                observer: observer.name.clone(),
                why: words(error),
                hint: "correct the observer's query; it runs read-only in the trial's schema"
                    .into(),
            }
        }
        _ => unavailable(observer, &words(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::expanded;

    #[test]
    fn commit_order_is_null_where_the_server_keeps_none() {
        let query = "select id, {commit_order} as position from t ; \n";
        assert_eq!(
            expanded(query, false),
            "select id, null::bigint as position from t"
        );
        assert!(expanded(query, true).contains("pg_xact_commit_timestamp(xmin)"));
    }
}
