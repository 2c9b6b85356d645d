//! What is left to do: a server may still be working for a dead client.

use super::look::{Look, bare, inside};
use super::pool::{Pool, words};
use crate::adapter::KIND;
use exactly_adapter::{Left, ObserveError};
use sqlx::Row;
use std::fmt::Write as _;

/// Backends of the dead, and prepared transactions that touched `schema`
/// (they hold their locks until someone ends them).
pub(crate) async fn left(
    pool: &Pool,
    schema: &str,
    dead_ports: &[u16],
    query: &str,
) -> Result<Left, ObserveError> {
    let unavailable = |error| ObserveError::Unavailable {
        observer: "backlog".into(),
        system: KIND,
        why: words(&error),
    };
    let rows = pool.run(backends(dead_ports)).await.map_err(unavailable)?;
    let (mut rows, any): (Vec<_>, Vec<_>) = rows
        .into_iter()
        .partition(|row| row.try_get::<String, _>("what").is_ok());
    // To plan that statement takes longer than to run this one, and hardly
    // anybody prepares transactions.
    if !any.is_empty() {
        rows.extend(pool.run(prepared(schema)).await.map_err(unavailable)?);
    }
    let mut left = Left {
        items: rows.len() as u64,
        ..Left::default()
    };
    // A long list helps nobody.
    for row in rows.iter().take(5) {
        let what: String = row.try_get("what").unwrap_or_default();
        let separator = if left.detail.is_empty() { "" } else { "; " };
        let _ = write!(left.detail, "{separator}{what}");
    }
    if !query.is_empty() {
        let items = waiting(pool, schema, query).await?;
        if items > 0 {
            let separator = if left.detail.is_empty() { "" } else { "; " };
            let _ = write!(left.detail, "{separator}{items} items of the backlog query");
        }
        left.items += items;
    }
    Ok(left)
}

const LOOK: Look<'static> = Look {
    name: "backlog",
    hint: "correct the backlog query: one row with one whole number",
};

/// The number that the user's query of what is left to do comes to.
async fn waiting(pool: &Pool, schema: &str, query: &str) -> Result<u64, ObserveError> {
    let sql = format!(
        "{} select (\n{}\n)::text as items",
        inside(schema),
        bare(query)
    );
    LOOK.within(async {
        let rows = pool
            .run(sql)
            .await
            .map_err(|error| LOOK.failed(&error, &[]))?;
        let text: Option<String> = rows.last().and_then(|row| row.try_get("items").ok());
        let text = text.ok_or_else(|| LOOK.config("it comes to NULL".into()))?;
        text.parse()
            .map_err(|_| LOOK.config(format!("it comes to {text:?}, which is no whole number")))
    })
    .await
}

/// Prepared transactions that touched `schema`.
fn prepared(schema: &str) -> String {
    format!(
        "select 'prepared transaction ' || left(p.gid, 60) || ' waits for its end' as what \
         from pg_prepared_xacts p where p.database = current_database() and exists ( \
         select from pg_locks own join pg_locks l using (virtualtransaction) \
         join pg_class c on c.oid = l.relation join pg_namespace n on n.oid = c.relnamespace \
         where own.pid is null and l.pid is null and n.nspname = '{schema}' \
         and own.locktype = 'transactionid' and own.transactionid = p.transaction)"
    )
}

/// Backends of the dead; and a NULL if there are prepared transactions, whoever
/// made them.
fn backends(dead_ports: &[u16]) -> String {
    let mut sql = String::from(
        "(select null as what from pg_prepared_xacts \
         where database = current_database() limit 1)",
    );
    if !dead_ports.is_empty() {
        // The harness's own connections may have got the port of a dead one.
        let ports: Vec<_> = dead_ports.iter().map(u16::to_string).collect();
        let _ = write!(
            sql,
            " union all select 'backend ' || pid || ' of a dead client is ' \
             || coalesce(state, 'starting') || coalesce(', waiting for ' || wait_event, '') \
             from pg_stat_activity where datname = current_database() \
             and application_name <> 'exactly' and client_port in ({})",
            ports.join(",")
        );
    }
    sql
}
