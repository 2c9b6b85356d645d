//! Commands and files of the user's that stand in for an adapter: they feed, they
//! observe, they prepare a trial. All of them work past the boundaries.

use super::placeholders::fill;
use super::{Stage, Trial};
use crate::EngineError;
use crate::supervisor::{Errand, OUTPUT_MAX, Ran};
use exactly_adapter::{Fed, ObserveError, Outgoing, Scope, Seen};
use exactly_model::{
    Event, MessageId, Note, NoteKind, Observer, Outcome, Reader, UserCommand, View,
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

type Scopes = BTreeMap<String, Arc<dyn Scope>>;

impl Stage {
    /// What placeholders stand for where no boundary is meant.
    fn own_addresses(&self, scopes: &Scopes) -> BTreeMap<String, String> {
        let mut values = BTreeMap::new();
        for (name, scope) in scopes {
            let addresses = self.instances[name].addresses();
            for (key, value) in scope.placeholders(&addresses) {
                values.insert(format!("{name}.{key}"), value);
            }
        }
        values
    }

    /// Runs a command of the user's. The inner `Err` says why it has no end.
    async fn run_script(
        &self,
        trial: u32,
        scopes: &Scopes,
        (script, who): (&UserCommand, &str),
        input: Vec<u8>,
    ) -> Result<Result<Ran, String>, EngineError> {
        let values = self.own_addresses(scopes);
        let command = script.command.iter();
        let command = command.map(|part| fill(part, &values, who));
        let errand = Errand {
            command: command.collect::<Result<_, _>>()?,
            dir: script.dir.clone(),
            input,
            within: Duration::from_millis(script.within_ms),
            mark: self.trial_mark(trial),
        };
        Ok(self.supervisor.run_errand(&errand).await)
    }

    /// Reads a sink that no adapter knows.
    pub(super) async fn read_outside(
        &self,
        trial: u32,
        scopes: &Scopes,
        observer: &Observer,
        reader: &Reader,
    ) -> Result<Vec<Seen>, EngineError> {
        let wrong = |why: String| {
            EngineError::Observe(ObserveError::Config {
                observer: observer.name.clone(),
                why,
                hint: "it has to show a JSON object on a line for each effect, with the message's \
                       `id` and, where there are any, `key`, `seq`, `checksum` and `position`"
                    .into(),
            })
        };
        let lines = match reader {
            Reader::File(path) => {
                let path = fill(path, &self.own_addresses(scopes), &observer.name)?;
                read_file(&path).map_err(wrong)?
            }
            Reader::Command(script) => {
                let who = format!("observer {}", observer.name);
                let ran = self.run_script(trial, scopes, (script, &who), Vec::new());
                let ran = ran.await?.map_err(wrong)?;
                if !ran.succeeded {
                    return Err(wrong(format!("its command {}", ran.how)));
                }
                ran.output
            }
        };
        effects(&lines).map_err(wrong)
    }
}

impl Trial<'_> {
    /// Has a command send `messages`, and answers one [`Fed`] each.
    pub(super) async fn feed_by(
        &self,
        script: &UserCommand,
        messages: &[Outgoing],
        payloads: &[Value],
    ) -> Result<Vec<Fed>, EngineError> {
        let mut input = Vec::new();
        for payload in payloads {
            input.extend(payload.to_string().into_bytes());
            input.push(b'\n');
        }
        let ran = self
            .stage
            .run_script(self.number, &self.scopes, (script, "the feed"), input);
        let failed = |why: String| EngineError::Config {
            what: format!("the feed's command: {why}"),
            hint: "it is given a JSON line for each message and may answer one each, with the \
                   message's `id` and an `outcome` of ok, fail or unknown; without any, exit code \
                   0 says that all were sent"
                .into(),
        };
        let unclear = |how: &str| {
            let text = format!(
                "the feed's command {how}; what it does not answer for may or may not have been sent"
            );
            let kind = NoteKind::Remark;
            self.record(Event::Note(Note::new(kind, text)));
        };
        match ran.await? {
            // Whatever it sent before it was ended may have arrived.
            Err(why) => {
                unclear(&format!("has no end: {why}"));
                self.feeds_topic().await?;
                Ok(vec![unknown(&why); messages.len()])
            }
            Ok(ran) => {
                self.feeds_topic().await?;
                if !ran.succeeded {
                    unclear(&ran.how);
                }
                outcomes(&ran, messages).map_err(failed)
            }
        }
    }

    /// Tells the system that a command has fed what it has fed, where that is
    /// known: what is left to do there counts from now on.
    async fn feeds_topic(&self) -> Result<(), EngineError> {
        let feed = &self.stage.pipeline.feed;
        if let Some(scope) = self.scopes.get(&feed.system)
            && let Some(feeder) = scope.feeder()
        {
            feeder.feed(&feed.to, &[], 1).await?;
        }
        Ok(())
    }

    /// Runs a hook; one that fails ends the run.
    pub(super) async fn hook(
        &self,
        name: &str,
        script: Option<&UserCommand>,
    ) -> Result<(), EngineError> {
        let Some(script) = script else { return Ok(()) };
        let failed = |how: String| EngineError::Config {
            what: format!("hooks.{name}: the command {how}"),
            hint: "mend it, or leave it out: a trial without it proves nothing".into(),
        };
        let who = format!("hooks.{name}");
        let ran = self
            .stage
            .run_script(self.number, &self.scopes, (script, &who), Vec::new());
        match ran.await?.map_err(failed)? {
            ran if ran.succeeded => Ok(()),
            ran => Err(failed(ran.how)),
        }
    }
}

/// What a feeding command is told of a message.
pub(super) fn line_of(message: &Outgoing, id: &str, seq: u32, checksum: u32) -> Value {
    json!({
        "id": id,
        "key": message.key,
        "seq": seq,
        "checksum": format!("{checksum:08x}"),
        "payload": message.payload,
    })
}

fn read_file(path: &str) -> Result<Vec<u8>, String> {
    let failed = |error: std::io::Error| format!("cannot read {path}: {error}");
    match std::fs::metadata(path) {
        // Nothing was written yet.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
        Ok(metadata) if metadata.len() > OUTPUT_MAX => {
            return Err(format!("{path} is longer than {OUTPUT_MAX} bytes"));
        }
        Ok(_) => {}
    }
    std::fs::read(path).map_err(failed)
}

/// An effect as a line shows it.
#[derive(Deserialize)]
struct Line {
    id: Value,
    #[serde(default)]
    key: Option<Value>,
    #[serde(default)]
    seq: Option<u32>,
    #[serde(default)]
    checksum: Option<String>,
    #[serde(default)]
    partition: Option<u32>,
    #[serde(default)]
    position: Option<i64>,
}

/// One effect a line. A last line that is not whole is not there yet.
fn effects(lines: &[u8]) -> Result<Vec<Seen>, String> {
    let text = std::str::from_utf8(lines).map_err(|error| format!("it is not UTF-8: {error}"))?;
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    let whole = match serde_json::from_str::<Line>(&text[whole..]) {
        Ok(_) => text,
        Err(_) => &text[..whole],
    };
    let numbered = whole.lines().zip(1..);
    let lines = numbered.filter(|(line, _)| !line.trim().is_empty());
    lines.map(|(line, n)| effect(line, n)).collect()
}

fn effect(line: &str, n: u64) -> Result<Seen, String> {
    let read: Line = serde_json::from_str(line).map_err(|error| format!("line {n}: {error}"))?;
    let id = plain(&read.id);
    let id = MessageId::parse(&id).ok_or_else(|| {
        format!("line {n}: {id:?} is no message id: it did not survive the pipeline")
    })?;
    let checksum = read.checksum.map(|text| {
        u32::from_str_radix(&text, 16)
            .map_err(|_| format!("line {n}: the checksum {text:?} is not 8 hexadecimal digits"))
    });
    Ok(Seen {
        id,
        key: read.key.as_ref().map(plain),
        key_seq: read.seq,
        partition: read.partition,
        position: read.position,
        unit: None,
        checksum: checksum.transpose()?,
        view: View::ReadCommitted,
    })
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn unknown(why: &str) -> Fed {
    Fed {
        receivers: None,
        outcome: Outcome::Unknown,
        position: None,
        error: Some(why.into()),
    }
}

/// An answer of a feeding command.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    id: Value,
    outcome: Outcome,
    #[serde(default)]
    error: Option<String>,
}

/// What a command says of what it sent. What it says nothing of may have arrived,
/// unless it says nothing at all and succeeds.
fn outcomes(ran: &Ran, messages: &[Outgoing]) -> Result<Vec<Fed>, String> {
    let text = String::from_utf8_lossy(&ran.output);
    let mut answers: BTreeMap<MessageId, Fed> = BTreeMap::new();
    let lines = text
        .lines()
        .zip(1..)
        .filter(|(line, _)| !line.trim().is_empty());
    for (line, n) in lines {
        let n: u64 = n;
        let answer: Answer =
            serde_json::from_str(line).map_err(|error| format!("answer {n}: {error}"))?;
        let id = plain(&answer.id);
        let id = MessageId::parse(&id).filter(|id| messages.iter().any(|m| m.id == *id));
        let id =
            id.ok_or_else(|| format!("answer {n} is about a message that was not asked for"))?;
        let fed = Fed {
            receivers: None,
            outcome: answer.outcome,
            position: None,
            error: answer.error.map(|error| exactly_model::redact(&error)),
        };
        answers.insert(id, fed);
    }
    let silent = answers.is_empty();
    let of = |message: &Outgoing| match answers.get(&message.id) {
        Some(fed) => fed.clone(),
        None if silent && ran.succeeded => Fed {
            receivers: None,
            outcome: Outcome::Ok,
            position: None,
            error: None,
        },
        None => unknown(&ran.how),
    };
    Ok(messages.iter().map(of).collect())
}

#[cfg(test)]
mod tests;
