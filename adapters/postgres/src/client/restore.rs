//! A trial's schema is put back to what it was right after its setup: the database was
//! restored from a backup.

use super::backup::{Backup, FORMATS, Kind, Relation, catalog, relations};
use super::pool::{Pool, words};
use crate::adapter::KIND;
use exactly_adapter::{ObserveError, Replayed};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Error, Executor, Postgres, Row, Transaction};
use std::fmt::Write as _;
use std::time::Duration;

const RESTORED_WITHIN: Duration = Duration::from_secs(90);
/// A client of the pipeline may be in the middle of a transaction, and stay there. The
/// server gives up before the harness does.
const LIMITS: &str = "set local lock_timeout = '5s'; set local statement_timeout = '60s';";
/// `lock_not_available` ("PostgreSQL Error Codes").
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// Rows that are not what they were.
#[derive(Clone, Copy, Default)]
struct Changes {
    /// Written since: they go away.
    gone: u64,
    /// Deleted since, or as they were before they were updated: they come back.
    back: u64,
}

/// Puts rows and sequences back, all of them or none. Nothing outside of `schema` is
/// touched: what refers to it from elsewhere makes the server refuse.
pub(crate) async fn restore(
    pool: &Pool,
    schema: &str,
    backup: &Backup,
) -> Result<Replayed, ObserveError> {
    let restoring = in_one_transaction(pool, schema, backup);
    let restored = tokio::time::timeout(RESTORED_WITHIN, restoring).await;
    restored.unwrap_or_else(|_| {
        let within = RESTORED_WITHIN.as_secs();
        Err(unavailable(format!("it did not end within {within} s")))
    })
}

/// Says that there is no backup to restore.
pub(crate) fn no_backup(why: &str) -> ObserveError {
    ObserveError::Config {
        observer: "restore".into(),
        why: format!("there is no backup of the trial's schema: {why}"),
        hint: "leave that out of the setup SQL, or the replay out of the schedule".into(),
    }
}

async fn in_one_transaction(
    pool: &Pool,
    schema: &str,
    backup: &Backup,
) -> Result<Replayed, ObserveError> {
    let mut tx = pool.begin().await.map_err(failed)?;
    let limits = format!("{LIMITS} {FORMATS} set constraints all immediate");
    run(&mut tx, limits).await?;
    refuse_other_shape(&mut tx, schema, backup).await?;
    let tables = names(&backup.relations, &[Kind::Table, Kind::Partitioned]);
    let mut changes = Changes::default();
    let mut messages = 0;
    if !tables.is_empty() {
        run(
            &mut tx,
            format!("lock table {tables} in access exclusive mode"),
        )
        .await?;
        for (table, rows) in tables_of(backup) {
            let of = changes_of(&mut tx, table, rows).await?;
            changes.gone += of.gone;
            changes.back += of.back;
            // A row that was updated is one, not two.
            messages += of.gone.max(of.back);
        }
        let triggers = enabled_triggers(&mut tx, schema).await?;
        // They acted when the rows were written first.
        run(&mut tx, switched(&triggers, |_| "disable")).await?;
        // Without CASCADE, which would reach into other schemas.
        run(&mut tx, format!("truncate {tables}")).await?;
        insert(&mut tx, backup).await?;
        run(&mut tx, switched(&triggers, Trigger::as_it_was)).await?;
    }
    run(&mut tx, sequences(backup)).await?;
    tx.commit().await.map_err(failed)?;
    Ok(Replayed {
        messages,
        instead: Some(format!(
            "restored {schema} from the backup taken after its setup: rows that went away: {}, \
             that came back: {}; sequences as they were",
            changes.gone, changes.back
        )),
    })
}

async fn refuse_other_shape(
    tx: &mut Transaction<'_, Postgres>,
    schema: &str,
    backup: &Backup,
) -> Result<(), ObserveError> {
    let rows = fetch(tx, catalog(schema)).await?;
    let other = match relations(schema, &rows) {
        Ok(now) => backup.differs(&now),
        Err(why) => Some(why),
    };
    other.map_or(Ok(()), |why| {
        Err(ObserveError::Config {
            observer: "restore".into(),
            why: format!("the backup holds rows and no definitions, and {why}"),
            hint: "make all tables in the setup SQL, or leave the replay out of the schedule"
                .into(),
        })
    })
}

async fn changes_of(
    tx: &mut Transaction<'_, Postgres>,
    table: &Relation,
    rows: &[String],
) -> Result<Changes, ObserveError> {
    let sql = format!(
        "with was as (select unnest($1::text[]) as value), \
         now as (select exactly_row::text as value from only {} exactly_row) \
         select (select count(*) from (table now except all table was) gone) as gone, \
         (select count(*) from (table was except all table now) back) as back",
        table.name
    );
    let query = sqlx::query::<Postgres>(AssertSqlSafe(sql))
        .bind(rows)
        .persistent(false);
    let row = query.fetch_one(&mut **tx).await.map_err(failed)?;
    let count = |name: &str| row.try_get::<i64, _>(name).map(i64::unsigned_abs);
    Ok(Changes {
        gone: count("gone").map_err(failed)?,
        back: count("back").map_err(failed)?,
    })
}

/// Writes all rows by one statement: keys that refer to each other, in whatever
/// direction, are looked at when it ends.
async fn insert(tx: &mut Transaction<'_, Postgres>, backup: &Backup) -> Result<(), ObserveError> {
    let filled: Vec<_> = tables_of(backup)
        .filter(|(_, rows)| !rows.is_empty())
        .collect();
    if filled.is_empty() {
        return Ok(());
    }
    let parts = filled.iter().enumerate().map(|(n, (table, _))| {
        let values = table.columns.iter().map(|column| format!("(was).{column}"));
        format!(
            "t{n} as (insert into {name} ({columns}) overriding system value select {values} \
             from (select unnest(${parameter}::text[])::{name} as was offset 0) of_{n})",
            name = table.name,
            columns = table.columns.join(", "),
            values = values.collect::<Vec<_>>().join(", "),
            parameter = n + 1,
        )
    });
    let parts = parts.collect::<Vec<_>>().join(", ");
    let sql = format!("with {parts} select 1");
    let mut query = sqlx::query::<Postgres>(AssertSqlSafe(sql)).persistent(false);
    for (_, rows) in filled {
        query = query.bind(rows);
    }
    query.execute(&mut **tx).await.map_err(failed)?;
    Ok(())
}

/// A restart gives a sequence a new file, so that what is set in it belongs to the
/// transaction, and what clients have in reserve is thrown away.
fn sequences(backup: &Backup) -> String {
    let mut sql = String::new();
    for (relation, state) in backup.relations.iter().zip(&backup.contents) {
        let (Kind::Sequence, [state]) = (relation.kind, state.as_slice()) else {
            continue;
        };
        let name = &relation.name;
        let literal = name.replace('\'', "''");
        let _ = write!(
            sql,
            "alter sequence {name} restart; select setval('{literal}', {state});"
        );
    }
    sql
}

/// A trigger of the user's that fires.
struct Trigger {
    table: String,
    name: String,
    enabled: String,
}

impl Trigger {
    /// `pg_trigger.tgenabled`.
    fn as_it_was(&self) -> &'static str {
        match self.enabled.as_str() {
            "A" => "enable always",
            "R" => "enable replica",
            _ => "enable",
        }
    }
}

async fn enabled_triggers(
    tx: &mut Transaction<'_, Postgres>,
    schema: &str,
) -> Result<Vec<Trigger>, ObserveError> {
    let sql = format!(
        "select quote_ident(c.relname) as on_table, quote_ident(t.tgname) as name, \
         t.tgenabled::text as enabled from pg_trigger t join pg_class c on c.oid = t.tgrelid \
         where c.relnamespace = '{schema}'::regnamespace and c.relkind in ('r', 'p') \
         and not t.tgisinternal and t.tgenabled <> 'D'"
    );
    let rows = fetch(tx, sql).await?;
    let text = |row: &PgRow, column: &str| row.try_get::<String, _>(column).map_err(failed);
    let triggers = rows.iter().map(|row| {
        Ok(Trigger {
            table: format!("{schema}.{}", text(row, "on_table")?),
            name: text(row, "name")?,
            enabled: text(row, "enabled")?,
        })
    });
    triggers.collect()
}

/// `ONLY`: those of partitions are listed by themselves.
fn switched(triggers: &[Trigger], how: impl Fn(&Trigger) -> &'static str) -> String {
    let mut sql = String::new();
    for trigger in triggers {
        let Trigger { table, name, .. } = trigger;
        let _ = write!(
            sql,
            "alter table only {table} {} trigger {name};",
            how(trigger)
        );
    }
    sql
}

/// Tables with their rows.
fn tables_of(backup: &Backup) -> impl Iterator<Item = (&Relation, &[String])> {
    let both = backup.relations.iter().zip(&backup.contents);
    both.filter(|(relation, _)| relation.kind == Kind::Table)
        .map(|(relation, rows)| (relation, rows.as_slice()))
}

fn names(relations: &[Relation], kinds: &[Kind]) -> String {
    let of_kind = relations.iter().filter(|r| kinds.contains(&r.kind));
    let names: Vec<_> = of_kind.map(|r| r.name.as_str()).collect();
    names.join(", ")
}

async fn run(tx: &mut Transaction<'_, Postgres>, sql: String) -> Result<(), ObserveError> {
    if sql.is_empty() {
        return Ok(());
    }
    let ran = tx.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await;
    ran.map(drop).map_err(failed)
}

async fn fetch(
    tx: &mut Transaction<'_, Postgres>,
    sql: String,
) -> Result<Vec<PgRow>, ObserveError> {
    let fetched = tx.fetch_all(sqlx::raw_sql(AssertSqlSafe(sql))).await;
    fetched.map_err(failed)
}

fn failed(error: Error) -> ObserveError {
    let code = error.as_database_error().and_then(|e| e.code());
    let why = words(&error);
    unavailable(match code.as_deref() {
        Some(LOCK_NOT_AVAILABLE) => {
            format!("{why}: a client is in the middle of a transaction there")
        }
        _ => why,
    })
}

fn unavailable(why: String) -> ObserveError {
    ObserveError::Unavailable {
        observer: "restore".into(),
        system: KIND,
        why,
    }
}
