//! Reading the positions that a pipeline keeps in a table of its own.

use super::look::{LOOKED_AT, Look, bare, inside};
use super::pool::Pool;
use exactly_adapter::ObserveError;
use exactly_model::Position;
use sqlx::Row;
use sqlx::postgres::PgRow;
use std::collections::BTreeMap;

/// Partitions that a pipeline may keep positions of.
const PARTITIONS_MAX: usize = 10_000;

const LOOK: Look<'static> = Look {
    name: "positions",
    hint: "correct the query of the positions: a row for each partition, with the columns partition and next",
};

/// The rows of `query` as positions in `target`, by partition.
pub(crate) async fn positions(
    pool: &Pool,
    schema: &str,
    query: &str,
    target: &str,
) -> Result<Vec<Position>, ObserveError> {
    // Naming the columns finds out that one is missing before there is a row,
    // and the casts give every number type one form. One row too many says that
    // there are too many.
    let sql = format!(
        "{} select {LOOKED_AT}.partition::text as partition, {LOOKED_AT}.next::text as next \
         from (\n{}\n) as {LOOKED_AT} limit {}",
        inside(schema),
        bare(query),
        PARTITIONS_MAX + 1
    );
    LOOK.within(async {
        let rows = pool
            .run(sql)
            .await
            .map_err(|error| LOOK.failed(&error, &["partition", "next"]))?;
        read(&rows, target).map_err(|why| LOOK.config(why))
    })
    .await
}

fn read(rows: &[PgRow], target: &str) -> Result<Vec<Position>, String> {
    if rows.len() > PARTITIONS_MAX {
        return Err(format!("more than {PARTITIONS_MAX} rows"));
    }
    let mut next_of = BTreeMap::new();
    for (row, n) in rows.iter().zip(1..) {
        let partition: u32 = number(row, n, "partition")?;
        let next: i64 = number(row, n, "next")?;
        if next < 0 {
            return Err(format!("row {n}: next is {next}, and offsets begin at 0"));
        }
        if next_of.insert(partition, next).is_some() {
            return Err(format!("row {n}: partition {partition} is there twice"));
        }
    }
    Ok(next_of
        .into_iter()
        .map(|(partition, offset)| Position {
            target: target.into(),
            partition,
            offset,
        })
        .collect())
}

fn number<T: std::str::FromStr>(row: &PgRow, n: u32, name: &str) -> Result<T, String> {
    let text: Option<&str> = row.try_get(name).map_err(|e| format!("row {n}: {e}"))?;
    let text = text.ok_or_else(|| format!("row {n}: {name} is NULL"))?;
    text.parse()
        .map_err(|_| format!("row {n}: {name} `{text}` is not a whole number of the right size"))
}
