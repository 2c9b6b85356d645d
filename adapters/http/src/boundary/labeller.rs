//! What requests and responses of a service mean.

use super::ids::Finder;
use super::template::template;
use crate::errors::{AFTER, BEFORE, Legal, judge_status};
use bytes::Bytes;
use exactly_adapter::TrialNames;
use exactly_http1::{Headers, Labelled, Labeller, Refusal, Request, Response, Said};
use exactly_model::{Class, MessageId, Outcome, Phase};
use serde_json::{Value, json};

/// Carries the client's own name of a message, not the message.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Says that an answer is a kept one (as Stripe's and our own service's do).
const REPLAYED: &str = "idempotent-replayed";
/// Bytes of a method that are kept: the registered ones are shorter.
const METHOD_MAX: usize = 24;
/// Characters of a service's own words that are kept.
const WORDS_MAX: usize = 200;

/// Labels the messages of one trial's connections.
#[derive(Clone, Debug)]
pub(crate) struct HttpLabeller {
    /// First segment of the paths of the embedded service; empty elsewhere.
    account: String,
    /// What a service of somebody else's is called in `Host`: it may be one of several
    /// at its address.
    authority: Option<String>,
    finder: Finder,
}

impl HttpLabeller {
    pub fn new(names: TrialNames, account: impl Into<String>) -> Self {
        Self {
            account: account.into(),
            authority: None,
            finder: Finder::new(names),
        }
    }

    /// Labels requests to `authority`, whatever name their clients dialled.
    pub fn towards(self, authority: String) -> Self {
        Self {
            authority: Some(authority),
            ..self
        }
    }

    /// Messages in the path, the headers and the body. The idempotency key is
    /// asked only where the rest has none: what an exchange is about is what it
    /// asks for, whatever key the pipeline has computed.
    fn ids(&self, request: &Request) -> Vec<MessageId> {
        let mut ids = Vec::new();
        self.finder.find(request.target.as_bytes(), &mut ids);
        for (name, value) in request.headers.iter() {
            // Host says whom it is for, and is another one towards the service.
            if !["host", IDEMPOTENCY_KEY].contains(&&*name.to_ascii_lowercase()) {
                self.finder.find(value, &mut ids);
            }
        }
        // Compressed bytes are no text.
        if is_plain(&request.headers) {
            self.finder.find(&request.body, &mut ids);
        }
        if ids.is_empty() {
            for value in request.headers.all(IDEMPOTENCY_KEY) {
                self.finder.find(value, &mut ids);
            }
        }
        ids
    }
}

impl Labeller for HttpLabeller {
    fn protocol(&self) -> &'static str {
        "http"
    }

    fn request(&mut self, request: &Request) -> Option<Labelled> {
        let operation: String = request.method.chars().take(METHOD_MAX).collect();
        let target = template(&request.target, &self.account, self.finder);
        let class = class(&operation);
        Some(Labelled {
            ids: self.ids(request),
            ..Labelled::new(operation, target, class)
        })
    }

    fn response(&mut self, _: &Labelled, response: &Response) -> Said {
        let judged = judge_status(response.status);
        if judged.outcome == Outcome::Ok {
            let mut said = Said::new(Outcome::Ok);
            let replayed = response.headers.get(REPLAYED);
            if replayed.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
                self.finder.find(&response.body, &mut said.duplicate_of);
            }
            return said;
        }
        let words = words(response).unwrap_or_else(|| judged.because.into());
        Said::error(
            judged.outcome,
            format!("status {}: {words}", response.status),
        )
    }

    fn forward(&self, request: &Request, body: &[u8]) -> Option<Bytes> {
        let lines = [("Host", Some(self.authority.as_deref()?))];
        Some(match *body == request.body {
            true => request.with_lines(&lines),
            false => request.with(&lines, body),
        })
    }

    /// Which of the legal errors it is depends on the messages alone: several are
    /// tried in a run, and the same one in a replay.
    fn error(&mut self, labelled: &Labelled, when: Phase) -> Option<Refusal> {
        let legal = match when {
            Phase::Before => BEFORE,
            Phase::After => AFTER,
        };
        let sum = labelled
            .ids
            .iter()
            .map(|id| id.sequence() as usize)
            .sum::<usize>();
        has_errors(&labelled.operation).then(|| refusal(legal[sum % legal.len()]))
    }
}

/// What a method does (RFC 9110 9.2.1: safe methods read). One that is not known
/// may do anything.
fn class(method: &str) -> Class {
    match method {
        "GET" | "HEAD" | "OPTIONS" | "TRACE" => Class::Read,
        _ => Class::Effect,
    }
}

/// Whether there are legal errors for a method.
pub(crate) fn has_errors(method: &str) -> bool {
    matches!(method, "POST" | "PUT" | "PATCH" | "DELETE")
}

/// Whether a request may be overtaken by its own retry on another connection.
/// Only of a POST is it worth the trial: it is the one whose repetition is no
/// no-op by its definition (RFC 9110 9.2.2).
pub(crate) fn is_overtaken(method: &str) -> bool {
    method == "POST"
}

fn refusal(legal: Legal) -> Refusal {
    let problem = json!({
        "type": "about:blank", "title": legal.title, "status": legal.status,
    });
    let mut headers = vec![("Content-Type".into(), "application/problem+json".into())];
    if legal.retry_after {
        // At once: what matters is that the client comes again.
        headers.push(("Retry-After".into(), "0".into()));
    }
    Refusal {
        status: legal.status,
        headers,
        body: Bytes::from(problem.to_string()),
        error: format!("status {}: {}", legal.status, legal.title),
    }
}

fn is_plain(headers: &Headers) -> bool {
    let coding = headers.get("content-encoding").map(str::trim);
    coding.is_none_or(|coding| coding.is_empty() || coding.eq_ignore_ascii_case("identity"))
}

/// What an error says in words: a problem's detail or title (RFC 9457).
fn words(response: &Response) -> Option<String> {
    let problem: Value = serde_json::from_slice(&response.body).ok()?;
    let words = problem.get("detail").or_else(|| problem.get("title"))?;
    let words = words.as_str()?.chars().filter(|c| !c.is_control());
    Some(words.take(WORDS_MAX).collect())
}

#[cfg(test)]
mod tests;
