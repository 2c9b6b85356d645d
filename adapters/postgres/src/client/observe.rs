//! Reading effects: the observer's query, run in the trial's schema.

use super::look::{LOOKED_AT, Look, bare, inside};
use super::pool::Pool;
use super::rows::Columns;
use exactly_adapter::{ObserveError, Seen};
use exactly_model::{Observer, View};
use futures::TryStreamExt;
use sqlx::Row;

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
    let look = committed_only(observer)?;
    let sql = format!(
        "{} {}",
        inside(schema),
        expanded(&observer.query, commit_order)
    );
    look.within(async {
        let mut rows = pool.stream(sql);
        let mut columns = None;
        let mut n = 0;
        while let Some(row) = rows.try_next().await.map_err(|e| look.failed(&e, &[]))? {
            let columns = match &mut columns {
                Some(columns) => columns,
                none => none.insert(Columns::find(&row).map_err(|why| look.config(why))?),
            };
            n += 1;
            each(columns.seen(&row, n).map_err(|why| look.config(why))?);
        }
        Ok(())
    })
    .await
}

/// How many effects `observer` sees.
pub(crate) async fn count(
    pool: &Pool,
    schema: &str,
    commit_order: bool,
    observer: &Observer,
) -> Result<u64, ObserveError> {
    let look = committed_only(observer)?;
    // The line break ends a comment in the query's last line. Naming the id
    // finds out that there is none before there is a row.
    let sql = format!(
        "{} select count(*) as n, count({LOOKED_AT}.id) as identified from (\n{}\n) as {LOOKED_AT}",
        inside(schema),
        expanded(&observer.query, commit_order)
    );
    look.within(async {
        let failed = |error| look.failed(&error, &["id"]);
        let rows = pool.run(sql).await.map_err(failed)?;
        let row = rows
            .last()
            .ok_or_else(|| look.unavailable("no count came back"))?;
        let n: i64 = row.try_get("n").map_err(failed)?;
        let identified: i64 = row.try_get("identified").map_err(failed)?;
        if identified < n {
            let why = format!("{} of {n} rows have NULL as their id", n - identified);
            return Err(look.config(why));
        }
        Ok(n.unsigned_abs())
    })
    .await
}

/// A database shows committed rows and nothing else, whoever looks.
fn committed_only(observer: &Observer) -> Result<Look<'_>, ObserveError> {
    let look = Look {
        name: &observer.name,
        hint: "correct the observer's query, or carry the id through the pipeline unchanged",
    };
    match observer.view {
        View::ReadCommitted => Ok(look),
        View::ReadUncommitted => Err(ObserveError::Config {
            observer: observer.name.clone(),
            why: "a database shows committed rows only, to every reader".into(),
            hint: "leave the observer's view at read_committed".into(),
        }),
    }
}

fn expanded(query: &str, commit_order: bool) -> String {
    let order = if commit_order {
        COMMIT_MICROSECONDS
    } else {
        "null::bigint"
    };
    bare(query).replace(COMMIT_ORDER, order)
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
