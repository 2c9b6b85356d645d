//! What is in a trial's schema right after its setup, kept by the harness: a logical
//! copy of rows and of the states of sequences.
//!
//! It is read by SQL, so that it is there at every place, and nothing of it is in the
//! database: a pipeline that looks around in its schema sees what it would see without.

use super::pool::{Pool, words};
use futures::TryStreamExt;
use sqlx::Row;
use sqlx::postgres::PgRow;
use std::time::Duration;

/// A setup that brings more is not copied: it is kept for as long as the trial is.
const BYTES_MAX: usize = 8 << 20;
const TAKEN_WITHIN: Duration = Duration::from_secs(60);
/// Between names of columns; no name that anybody writes has it.
const BETWEEN: char = '\u{1f}';

/// Holds for what is written down and for what is read again: values look the same, and
/// no policy hides rows.
pub(super) const FORMATS: &str = "set local row_security = off; set local datestyle = 'ISO, YMD'; \
     set local intervalstyle = 'postgres'; set local extra_float_digits = 3; \
     set local bytea_output = 'hex'; set local timezone = 'UTC'; set local xmloption = content;";

/// A backup.
#[derive(Debug)]
pub(crate) struct Backup {
    pub(super) relations: Vec<Relation>,
    /// Rows as text, or the one state of a sequence, of each relation.
    pub(super) contents: Vec<Vec<String>>,
}

/// A table or a sequence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Relation {
    pub(super) kind: Kind,
    /// With its schema, in quotes where it needs them.
    pub(super) name: String,
    /// The columns that can be written, in quotes where they need them.
    pub(super) columns: Vec<String>,
    /// All columns with their types.
    shape: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Has rows.
    Table,
    /// Its partitions have them.
    Partitioned,
    Sequence,
}

/// A relation as it was found.
struct Found {
    relation: Relation,
    /// It has pages, and so perhaps rows.
    is_filled: bool,
}

impl Backup {
    /// Copies what is in `schema`. The error says why there is none.
    pub(crate) async fn take(pool: &Pool, schema: &str) -> Result<Self, String> {
        let taking = Self::read(pool, schema);
        let taken = tokio::time::timeout(TAKEN_WITHIN, taking).await;
        taken.unwrap_or_else(|_| {
            Err(format!(
                "it was not read within {} s",
                TAKEN_WITHIN.as_secs()
            ))
        })
    }

    async fn read(pool: &Pool, schema: &str) -> Result<Self, String> {
        let rows = pool.run(catalog(schema)).await;
        let found = found(schema, &rows.map_err(|error| words(&error))?)?;
        let mut contents = vec![Vec::new(); found.len()];
        // Most setups bring no rows.
        let Some(sql) = reading(&found) else {
            let relations = found.into_iter().map(|found| found.relation).collect();
            return Ok(Self {
                relations,
                contents,
            });
        };
        let mut rows = pool.stream(sql);
        let mut bytes = 0;
        while let Some(row) = rows.try_next().await.map_err(|error| words(&error))? {
            let value = text(&row, "value")?;
            bytes += value.len();
            if bytes > BYTES_MAX {
                return Err(format!(
                    "the setup brings more than {} MB of rows",
                    BYTES_MAX >> 20
                ));
            }
            let n: usize = text(&row, "n")?.parse().unwrap_or(usize::MAX);
            if let Some(of) = contents.get_mut(n) {
                of.push(value);
            }
        }
        drop(rows);
        let relations: Vec<_> = found.into_iter().map(|found| found.relation).collect();
        let mut both = relations.iter().zip(&contents);
        let unwritable = both.find(|(relation, rows)| {
            relation.kind == Kind::Table && relation.columns.is_empty() && !rows.is_empty()
        });
        match unwritable {
            Some((relation, _)) => Err(format!("{} has no column to write", relation.name)),
            None => Ok(Self {
                relations,
                contents,
            }),
        }
    }

    /// What is not any more as it was when the backup was taken, beside rows.
    pub(super) fn differs(&self, now: &[Relation]) -> Option<String> {
        let lacks = |all: &[Relation], one: &Relation| !all.iter().any(|r| r.name == one.name);
        if let Some(gone) = self.relations.iter().find(|r| lacks(now, r)) {
            return Some(format!("{} is gone since", gone.name));
        }
        if let Some(new) = now.iter().find(|r| lacks(&self.relations, r)) {
            return Some(format!("{} was made since", new.name));
        }
        let changed = now.iter().find(|r| !self.relations.contains(r));
        changed.map(|changed| format!("{} was changed since", changed.name))
    }
}

/// All that has rows or a state in `schema`.
pub(super) fn catalog(schema: &str) -> String {
    let columns = "pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped";
    format!(
        "select c.relkind::text as kind, quote_ident(c.relname) as name, \
         (c.relkind = 'r' and pg_relation_size(c.oid) > 0)::text as is_filled, \
         c.relhasrules::text as has_rules, \
         coalesce((select string_agg(quote_ident(a.attname), chr(31) order by a.attnum) \
         from {columns} and a.attgenerated = ''), '') as columns, \
         coalesce((select string_agg(quote_ident(a.attname) || ' ' || \
         format_type(a.atttypid, a.atttypmod) || a.attgenerated::text, ', ' order by a.attnum) \
         from {columns}), '') as shape, \
         exists (select from pg_inherits i join pg_class k on k.oid = i.inhrelid \
         where i.inhparent = c.oid and k.relnamespace <> c.relnamespace)::text as reaches_out \
         from pg_class c where c.relnamespace = '{schema}'::regnamespace \
         and c.relkind in ('r', 'p', 'S', 'm', 'f') order by c.oid"
    )
}

/// The relations that `rows` of [`catalog`] name; the error names what cannot be put
/// back by writing rows.
pub(super) fn relations(schema: &str, rows: &[PgRow]) -> Result<Vec<Relation>, String> {
    let found = found(schema, rows)?;
    Ok(found.into_iter().map(|found| found.relation).collect())
}

fn found(schema: &str, rows: &[PgRow]) -> Result<Vec<Found>, String> {
    let mut all = Vec::new();
    for row in rows {
        let name = format!("{schema}.{}", text(row, "name")?);
        let is = |column| Ok::<_, String>(text(row, column)? == "true");
        let kind = match text(row, "kind")?.as_str() {
            "r" => Kind::Table,
            "p" => Kind::Partitioned,
            "S" => Kind::Sequence,
            "m" => return Err(format!("{name} is a materialized view")),
            _ => return Err(format!("the rows of {name} are elsewhere")),
        };
        if is("reaches_out")? {
            return Err(format!("{name} has children in another schema"));
        }
        if is("has_rules")? {
            return Err(format!("{name} has rules"));
        }
        let columns = text(row, "columns")?;
        let columns = columns.split(BETWEEN).filter(|column| !column.is_empty());
        all.push(Found {
            is_filled: is("is_filled")?,
            relation: Relation {
                kind,
                name,
                columns: columns.map(String::from).collect(),
                shape: text(row, "shape")?,
            },
        });
    }
    Ok(all)
}

/// Reads rows and states, each with the number of what it is of.
fn reading(found: &[Found]) -> Option<String> {
    let parts = found.iter().enumerate().filter_map(|(n, found)| {
        let name = &found.relation.name;
        match found.relation.kind {
            Kind::Table if found.is_filled => Some(format!(
                "select '{n}' as n, exactly_row::text as value from only {name} exactly_row"
            )),
            Kind::Sequence => Some(format!(
                "select '{n}' as n, last_value || ', ' || is_called as value from {name}"
            )),
            Kind::Table | Kind::Partitioned => None,
        }
    });
    let parts: Vec<_> = parts.collect();
    (!parts.is_empty()).then(|| format!("{FORMATS} {}", parts.join(" union all ")))
}

fn text(row: &PgRow, column: &str) -> Result<String, String> {
    row.try_get(column)
        .map_err(|error| format!("{column}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, shape: &str) -> Relation {
        Relation {
            kind: Kind::Table,
            name: name.into(),
            columns: vec!["a".into()],
            shape: shape.into(),
        }
    }

    #[test]
    fn what_was_made_dropped_or_changed_is_named() {
        let backup = Backup {
            relations: vec![table("s.a", "a integer"), table("s.b", "a text")],
            contents: vec![Vec::new(); 2],
        };
        let [a, b] = [table("s.a", "a integer"), table("s.b", "a text")];
        let differs = |now: &[&Relation]| {
            let now: Vec<_> = now.iter().map(|&r| r.clone()).collect();
            backup.differs(&now)
        };
        assert_eq!(differs(&[&b, &a]), None);
        assert_eq!(differs(&[&b]).as_deref(), Some("s.a is gone since"));
        let c = table("s.c", "");
        assert_eq!(
            differs(&[&a, &b, &c]).as_deref(),
            Some("s.c was made since")
        );
        let wider = table("s.b", "a text, b text");
        assert_eq!(
            differs(&[&a, &wider]).as_deref(),
            Some("s.b was changed since")
        );
    }
}
