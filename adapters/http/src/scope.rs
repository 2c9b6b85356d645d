//! One trial's corner of a service: an account of its own at the embedded one;
//! elsewhere the service as it is.

use crate::boundary::{HttpLabeller, has_errors, is_overtaken};
use crate::client::{Audit, AuditError, Feed, Target, authority, is_path};
use crate::provision;
use async_trait::async_trait;
use exactly_adapter::{
    Backlog, Decoder, Faultable, Fed, FeedError, Feeder, Left, ObserveError, Observing, Outgoing,
    Scope, Seen, TrialNames,
};
use exactly_http1::HttpDecoder;
use exactly_model::{Observer, Position, View};
use std::collections::BTreeMap;

/// What stands for a service in the processes that dial it.
pub(crate) const PLACEHOLDERS: [&str; 5] = ["address", "url", "host", "port", "account"];

/// What the payments service can be asked for.
const CHARGES: &str = "charges";

/// A trial's account, or a service of the user's.
pub(crate) struct HttpScope {
    names: TrialNames,
    account: String,
    target: Target,
    /// Whether the service is the embedded one, whose books can be read.
    is_audited: bool,
}

impl HttpScope {
    pub fn new(names: TrialNames, target: Target, is_audited: bool) -> Self {
        Self {
            names,
            account: provision::account_of(names),
            target,
            is_audited,
        }
    }

    /// What stands before the paths of the trial, below the target's base.
    fn prefix(&self) -> String {
        match self.is_audited {
            true => format!("/{}", self.account),
            false => String::new(),
        }
    }

    /// The books, if `observer` asks for what is in them.
    fn audit(&self, observer: &Observer) -> Result<Audit<'_>, ObserveError> {
        let config = |why: String, hint: &str| ObserveError::Config {
            observer: observer.name.clone(),
            why,
            hint: hint.into(),
        };
        if !self.is_audited {
            return Err(config(
                "how a service of your own is audited is not known".into(),
                "read what it has done with a command of yours: give the sink a `command` in the \
                 place of a `query`",
            ));
        }
        let query = observer.query.trim();
        if query != CHARGES {
            return Err(config(
                format!("the payments service has no {query:?}"),
                "observe `charges`",
            ));
        }
        if observer.view == View::ReadUncommitted {
            return Err(config(
                "the payments service shows charges that were made, to every reader".into(),
                "leave the observer's view at read_committed",
            ));
        }
        Ok(Audit {
            target: &self.target,
            account: &self.account,
        })
    }

    fn failed(name: &str, error: &AuditError) -> ObserveError {
        match error {
            AuditError::Unavailable(why) => ObserveError::Unavailable {
                observer: name.into(),
                system: "http",
                why: why.clone(),
            },
            AuditError::NoId { .. } | AuditError::NoChecksum { .. } => ObserveError::Config {
                observer: name.into(),
                why: error.to_string(),
                hint: "let the pipeline charge for the message's id as the order, and pass its \
                       checksum on unchanged"
                    .into(),
            },
        }
    }
}

#[async_trait]
impl Scope for HttpScope {
    fn placeholders(&self, addresses: &[(String, u16)]) -> BTreeMap<String, String> {
        // One service has one address. Without it nothing can be filled in.
        let [(host, port), ..] = addresses else {
            return BTreeMap::new();
        };
        let address = authority(host, *port);
        let url = format!("http://{address}{}{}", self.target.base, self.prefix());
        BTreeMap::from(
            [
                ("address", address),
                ("url", url),
                ("host", host.clone()),
                ("port", port.to_string()),
                ("account", self.account.clone()),
            ]
            .map(|(name, value)| (name.to_string(), value)),
        )
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        let labeller = match self.is_audited {
            true => HttpLabeller::new(self.names, &*self.account),
            false => HttpLabeller::new(self.names, "").towards(self.target.authority()),
        };
        Box::new(HttpDecoder::new(labeller))
    }

    fn faults_at(&self, operation: &str, _target: &str) -> Faultable {
        let has_errors = has_errors(operation);
        Faultable {
            error_before: has_errors,
            error_after: has_errors,
            // A request is one order: it has no parts.
            parts: false,
            overtakes: is_overtaken(operation),
        }
    }

    fn feeder(&self) -> Option<&dyn Feeder> {
        Some(self)
    }

    fn observing(&self) -> Option<&dyn Observing> {
        Some(self)
    }

    fn backlog(&self) -> Option<&dyn Backlog> {
        Some(self)
    }

    async fn close(&self) {
        if self.is_audited {
            provision::drop_account(&self.target, &self.account).await;
        }
    }
}

#[async_trait]
impl Feeder for HttpScope {
    async fn feed(
        &self,
        to: &str,
        messages: &[Outgoing],
        concurrency: u32,
    ) -> Result<Vec<Fed>, FeedError> {
        if !to.starts_with('/') || !is_path(to) {
            return Err(FeedError {
                target: to.into(),
                why: "it is no path".into(),
                hint: "give the path that messages are posted to, such as /charges".into(),
            });
        }
        let path = format!("{}{to}", self.prefix());
        let feed = Feed {
            target: &self.target,
            path: &path,
        };
        Ok(feed.send(messages, concurrency).await)
    }
}

#[async_trait]
impl Observing for HttpScope {
    async fn observe(
        &self,
        observer: &Observer,
        each: &mut (dyn FnMut(Seen) + Send),
    ) -> Result<(), ObserveError> {
        let read = self.audit(observer)?.read(each).await;
        read.map_err(|error| Self::failed(&observer.name, &error))
    }

    async fn count(&self, observer: &Observer) -> Result<u64, ObserveError> {
        let state = self.audit(observer)?.state().await;
        let state = state.map_err(|error| Self::failed(&observer.name, &error))?;
        Ok(state.charges)
    }
}

#[async_trait]
impl Backlog for HttpScope {
    /// A service keeps nothing that waits to be done, but it finishes what it has
    /// begun, whoever has died meanwhile. What a service of the user's does behind
    /// its answers is not known.
    async fn left(&self, _: &[u16], _: Option<&[Position]>) -> Result<Left, ObserveError> {
        if !self.is_audited {
            return Ok(Left::default());
        }
        let audit = Audit {
            target: &self.target,
            account: &self.account,
        };
        let state = audit.state().await;
        let state = state.map_err(|error| Self::failed("backlog", &error))?;
        let detail = match state.working {
            0 => String::new(),
            1 => "1 request is being worked on".into(),
            working => format!("{working} requests are being worked on"),
        };
        Ok(Left {
            items: state.working,
            detail,
            ..Left::default()
        })
    }
}
