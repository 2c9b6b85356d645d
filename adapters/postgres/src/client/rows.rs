//! From a row of text values to an effect.

use exactly_adapter::Seen;
use exactly_model::{MessageId, View};
use sqlx::postgres::PgRow;
use sqlx::{Column, Row, TypeInfo, ValueRef};

/// Longest part of a value that an error shows.
const SHOWN_MAX: usize = 60;

/// Which columns of a result there are, found once.
#[derive(Debug)]
pub(super) struct Columns {
    id: usize,
    key: Option<usize>,
    seq: Option<usize>,
    position: Option<usize>,
    checksum: Option<usize>,
    /// Whether the checksum is a number, so that eight digits are decimal.
    checksum_is_number: bool,
}

impl Columns {
    /// Finds them by name; the error says what is wrong with the query.
    pub(super) fn find(row: &PgRow) -> Result<Self, String> {
        let columns = row.columns();
        let find = |name: &str| columns.iter().position(|c| c.name() == name);
        let id = find("id").ok_or_else(|| {
            let names: Vec<_> = columns.iter().map(Column::name).collect();
            format!("the query has no column id, only {}", names.join(", "))
        })?;
        let checksum = find("checksum");
        Ok(Self {
            id,
            key: find("key"),
            seq: find("seq"),
            position: find("position"),
            checksum,
            checksum_is_number: checksum.is_some_and(|at| {
                ["INT2", "INT4", "INT8", "NUMERIC", "OID"].contains(&columns[at].type_info().name())
            }),
        })
    }

    /// The effect that `row`, the `n`-th from 1, shows.
    pub(super) fn seen(&self, row: &PgRow, n: u64) -> Result<Seen, String> {
        let id = text(row, self.id, n, "id")?
            .ok_or_else(|| format!("row {n}: id is NULL: the identity did not survive"))?;
        let id = MessageId::parse(id).ok_or_else(|| {
            format!(
                "row {n}: id `{}` is no message id: it did not survive the pipeline",
                cut(id)
            )
        })?;
        let optional = |at: Option<usize>, name| match at {
            Some(at) => text(row, at, n, name),
            None => Ok(None),
        };
        let key = optional(self.key, "key")?.map(str::to_string);
        let key_seq = number(optional(self.seq, "seq")?, n, "seq", |t| t.parse().ok())?;
        let position = number(optional(self.position, "position")?, n, "position", |t| {
            t.parse().ok()
        })?;
        let checksum = number(optional(self.checksum, "checksum")?, n, "checksum", |t| {
            checksum(t, self.checksum_is_number)
        })?;
        Ok(Seen {
            id,
            key,
            key_seq,
            partition: None,
            position,
            unit: None,
            checksum,
            view: View::ReadCommitted,
        })
    }
}

fn text<'r>(row: &'r PgRow, at: usize, n: u64, name: &str) -> Result<Option<&'r str>, String> {
    let value = row.try_get_raw(at).map_err(|e| e.to_string())?;
    if value.is_null() {
        return Ok(None);
    }
    match value.as_str() {
        Ok(text) => Ok(Some(text)),
        Err(_) => Err(format!("row {n}: {name} is not UTF-8")),
    }
}

fn number<T>(
    value: Option<&str>,
    n: u64,
    name: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, String> {
    let Some(text) = value else {
        return Ok(None);
    };
    match read(text.trim()) {
        Some(number) => Ok(Some(number)),
        None => Err(format!(
            "row {n}: {name} `{}` is not a number of the right size",
            cut(text)
        )),
    }
}

/// Eight hexadecimal digits, or a number (an INTEGER column holds the upper
/// half as negative numbers).
fn checksum(text: &str, is_number: bool) -> Option<u32> {
    if !is_number && text.len() == 8 {
        return u32::from_str_radix(text, 16).ok();
    }
    let number: i64 = text.parse().ok()?;
    u32::try_from(number)
        .ok()
        .or_else(|| i32::try_from(number).ok().map(|n| n as u32))
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(SHOWN_MAX)]
}

#[cfg(test)]
mod tests {
    use super::checksum;

    #[test]
    fn checksums_in_every_form() {
        assert_eq!(checksum("0000000a", false), Some(10));
        assert_eq!(checksum("12345678", false), Some(0x1234_5678));
        assert_eq!(checksum("12345678", true), Some(12_345_678));
        assert_eq!(checksum("4294967295", false), Some(u32::MAX));
        assert_eq!(checksum("-1", true), Some(u32::MAX));
        assert_eq!(checksum("4294967296", true), None);
        assert_eq!(checksum("zzzzzzzz", false), None);
    }
}
