//! What every look into a trial's schema has in common.

use super::pool::words;
use crate::adapter::KIND;
use exactly_adapter::ObserveError;
use sqlx::Error;
use std::time::Duration;

/// A look that takes longer is given up.
const LOOK_WITHIN: Duration = Duration::from_secs(120);

/// The name that a query has inside of a query of ours: an error that names it
/// is about a column that the user's query lacks.
pub(super) const LOOKED_AT: &str = "looked_at";

/// Holds for the statements of one round trip: where names are looked up, and
/// that a look changes nothing.
pub(super) fn inside(schema: &str) -> String {
    format!("set local search_path = {schema}; set transaction read only;")
}

/// The query as it may stand inside of another one, or before one.
pub(super) fn bare(query: &str) -> &str {
    query.trim_end_matches(|c: char| c.is_whitespace() || c == ';')
}

/// Who looks: the name in errors, and what to do about a wrong query.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look<'a> {
    pub(super) name: &'a str,
    pub(super) hint: &'static str,
}

impl Look<'_> {
    pub(super) async fn within<T>(
        self,
        reading: impl Future<Output = Result<T, ObserveError>>,
    ) -> Result<T, ObserveError> {
        tokio::time::timeout(LOOK_WITHIN, reading)
            .await
            .unwrap_or_else(|_| {
                let why = format!("no answer within {} s", LOOK_WITHIN.as_secs());
                Err(self.unavailable(&why))
            })
    }

    pub(super) fn config(self, why: String) -> ObserveError {
        ObserveError::Config {
            observer: self.name.into(),
            why,
            hint: self.hint.into(),
        }
    }

    pub(super) fn unavailable(self, why: &str) -> ObserveError {
        ObserveError::Unavailable {
            observer: self.name.into(),
            system: KIND,
            why: why.into(),
        }
    }

    /// The server's own errors are the query's fault, unless it is going away or
    /// has no room. `columns` are those that our query takes from the user's.
    pub(super) fn failed(self, error: &Error, columns: &[&str]) -> ObserveError {
        let code = error.as_database_error().and_then(|e| e.code());
        let why = words(error);
        match code.as_deref() {
            Some("42703") => {
                let missing = columns
                    .iter()
                    .find(|column| why.contains(&format!("{LOOKED_AT}.{column}")));
                match missing {
                    Some(column) => self.config(format!("the query has no column {column}")),
                    None => self.refused(why),
                }
            }
            Some(code)
                if !["08", "53", "57", "58"].contains(&code.get(..2).unwrap_or_default()) =>
            {
                self.refused(why)
            }
            _ => self.unavailable(&why),
        }
    }

    fn refused(self, why: String) -> ObserveError {
        ObserveError::Config {
            observer: self.name.into(),
            why,
            hint: "correct the query; it runs read-only in the trial's schema".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::bare;

    #[test]
    fn a_query_may_end_in_a_semicolon() {
        assert_eq!(bare("select 1 ; \n"), "select 1");
        assert_eq!(bare("select ';'"), "select ';'");
    }
}
