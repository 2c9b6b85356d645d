//! Feeding: one statement for each message.

use super::pool::{Pool, words};
use crate::judge::judge_error;
use exactly_adapter::{Fed, FeedError, Outgoing};
use exactly_model::Outcome;
use futures::StreamExt;
use std::collections::BTreeMap;

/// Runs `statement` once for each of `messages`, in the schema of the trial, in one
/// transaction each. Messages of one key go one after the other.
pub(crate) async fn feed(
    pool: &Pool,
    schema: &str,
    statement: &str,
    messages: &[Outgoing],
    concurrency: u32,
) -> Result<Vec<Fed>, FeedError> {
    let mut lanes: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (n, message) in messages.iter().enumerate() {
        // One lane keeps the order of all of them.
        let lane = if concurrency > 1 {
            message.key.as_str()
        } else {
            ""
        };
        lanes.entry(lane).or_default().push(n);
    }
    let lanes = lanes.into_values().map(async |lane| {
        let mut fed = Vec::new();
        for n in lane {
            fed.push((n, send(pool, schema, statement, &messages[n]).await?));
        }
        Ok::<_, FeedError>(fed)
    });
    let mut lanes = futures::stream::iter(lanes).buffer_unordered(concurrency.max(1) as usize);
    let mut all: BTreeMap<usize, Fed> = BTreeMap::new();
    while let Some(fed) = lanes.next().await {
        all.extend(fed?);
    }
    Ok(all.into_values().collect())
}

async fn send(
    pool: &Pool,
    schema: &str,
    statement: &str,
    message: &Outgoing,
) -> Result<Fed, FeedError> {
    let sql = format!(
        "set local search_path = {schema}; set local standard_conforming_strings = on; {}",
        filled(statement, message)
    );
    let Err(error) = pool.run(sql).await else {
        return Ok(Fed {
            receivers: None,
            outcome: Outcome::Ok,
            position: None,
            error: None,
        });
    };
    let judged = judge_error(&error);
    // A statement that the server does not understand is no attempt.
    if let sqlx::Error::Database(database) = &error
        && database.code().is_some_and(|code| code.starts_with("42"))
    {
        return Err(FeedError {
            target: "by SQL".into(),
            why: words(&error),
            hint: "correct the statement of the feed".into(),
        });
    }
    Ok(Fed {
        receivers: None,
        outcome: judged.outcome,
        position: None,
        error: Some(words(&error)),
    })
}

/// The statement with a literal in each place. A literal in quotes has no type yet:
/// it becomes what its column is.
fn filled(statement: &str, message: &Outgoing) -> String {
    let mut filled = statement.to_string();
    for (name, value) in &message.fields {
        filled = filled.replace(&format!("{{{name}}}"), &literal(value));
    }
    filled
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use exactly_model::MessageId;

    #[test]
    fn what_is_filled_in_stays_a_literal() {
        let message = Outgoing {
            id: MessageId::new(1, 2, 3).unwrap(),
            key: "k".into(),
            payload: String::new(),
            fields: vec![
                ("id", "x1-2-3".into()),
                ("payload", "{\"a\":\"o'brien'); drop table t; --\"}".into()),
            ],
        };
        assert_eq!(
            filled("insert into t values ({id}, {payload})", &message),
            "insert into t values ('x1-2-3', '{\"a\":\"o''brien''); drop table t; --\"}')"
        );
    }
}
