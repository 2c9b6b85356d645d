//! One trial's corner of a mail server: there is none. Trials share it, and a mail
//! belongs to the trial whose ids it carries.

use crate::KIND;
use crate::boundary::{MESSAGE, SmtpDecoder};
use crate::client::{Mailpit, MailpitError, Sink, SinkError, Target};
use crate::pattern::Pattern;
use async_trait::async_trait;
use exactly_adapter::{Decoder, Faultable, ObserveError, Observing, Scope, Seen, TrialNames};
use exactly_model::{Observer, View};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What stands for a server in the processes that dial it.
pub(crate) const PLACEHOLDERS: [&str; 4] = ["address", "url", "host", "port"];

/// What the sink can be asked for, beside recipients.
const MAILS: &str = "mails";

/// Who says what was taken.
#[derive(Clone, Debug)]
pub(crate) enum Audit {
    /// The sink itself.
    Sink,
    Mailpit(Arc<Mailpit>),
    /// Nobody: a server of the user's.
    Nobody,
}

/// A trial at a mail server.
pub(crate) struct SmtpScope {
    names: TrialNames,
    target: Target,
    audit: Audit,
}

impl SmtpScope {
    pub fn new(names: TrialNames, target: Target, audit: Audit) -> Self {
        Self {
            names,
            target,
            audit,
        }
    }

    fn sink(&self) -> Sink<'_> {
        Sink {
            host: &self.target.host,
            port: self.target.port,
            names: self.names,
        }
    }

    /// What `observer` asks for: mails to a recipient, or all.
    fn asked(observer: &Observer) -> Result<Option<Pattern>, ObserveError> {
        let config = |why: String, hint: &str| ObserveError::Config {
            observer: observer.name.clone(),
            why,
            hint: hint.into(),
        };
        if observer.view == View::ReadUncommitted {
            return Err(config(
                "a mail is there when it was taken, for every reader".into(),
                "leave the observer's view at read_committed",
            ));
        }
        match observer.query.trim() {
            MAILS => Ok(None),
            query => Pattern::read(query).map(Some).ok_or_else(|| {
                config(
                    format!("a mail server has no {query:?}"),
                    "observe `mails`, or a recipient such as `*@example.com`",
                )
            }),
        }
    }

    fn nobody(observer: &Observer) -> ObserveError {
        ObserveError::Config {
            observer: observer.name.clone(),
            why: "how a mail server of your own is audited is not known".into(),
            hint: "name the API of a Mailpit behind its URL (?api=http://HOST:8025), or read what \
                   it has taken with a command of yours"
                .into(),
        }
    }

    fn sink_failed(observer: &Observer, error: &SinkError) -> ObserveError {
        ObserveError::Unavailable {
            observer: observer.name.clone(),
            system: KIND,
            why: error.to_string(),
        }
    }

    fn mailpit_failed(observer: &Observer, error: &MailpitError) -> ObserveError {
        let (name, why) = (observer.name.clone(), error.to_string());
        match error.hint() {
            None => ObserveError::Unavailable {
                observer: name,
                system: KIND,
                why,
            },
            Some(hint) => ObserveError::Config {
                observer: name,
                why,
                hint: hint.into(),
            },
        }
    }
}

#[async_trait]
impl Scope for SmtpScope {
    fn placeholders(&self, addresses: &[(String, u16)]) -> BTreeMap<String, String> {
        // One server has one address. Without it nothing can be filled in.
        let [(host, port), ..] = addresses else {
            return BTreeMap::new();
        };
        let here = Target {
            host: host.clone(),
            ..Target::embedded(*port)
        };
        let url = here.url();
        let address = url.trim_start_matches("smtp://").to_string();
        BTreeMap::from(
            [
                ("address", address),
                ("url", url),
                ("host", host.clone()),
                ("port", port.to_string()),
            ]
            .map(|(name, value)| (name.to_string(), value)),
        )
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(SmtpDecoder::new(self.names))
    }

    fn faults_at(&self, operation: &str, _target: &str) -> Faultable {
        let is_message = operation == MESSAGE;
        Faultable {
            error_before: is_message,
            // A server that has taken a mail says so or says nothing (RFC 5321 4.2.5).
            error_after: false,
            // A mail is taken as a whole.
            parts: false,
            // A content that is on its way while its client has given up and come again.
            overtakes: is_message,
        }
    }

    fn observing(&self) -> Option<&dyn Observing> {
        Some(self)
    }

    async fn close(&self) {
        // A server of the user's is left as it is.
        if let Audit::Sink = self.audit
            && let Err(error) = self.sink().forget().await
        {
            tracing::debug!(%error, "cannot forget the trial's mails");
        }
    }
}

#[async_trait]
impl Observing for SmtpScope {
    async fn observe(
        &self,
        observer: &Observer,
        each: &mut (dyn FnMut(Seen) + Send),
    ) -> Result<(), ObserveError> {
        let recipient = Self::asked(observer)?;
        match &self.audit {
            Audit::Nobody => Err(Self::nobody(observer)),
            Audit::Sink => {
                let read = self.sink().read(recipient.as_ref(), each).await;
                read.map_err(|error| Self::sink_failed(observer, &error))
            }
            Audit::Mailpit(mailpit) => {
                let read = mailpit.read(self.names, recipient.as_ref(), each).await;
                read.map_err(|error| Self::mailpit_failed(observer, &error))
            }
        }
    }

    async fn count(&self, observer: &Observer) -> Result<u64, ObserveError> {
        let recipient = Self::asked(observer)?;
        match &self.audit {
            Audit::Nobody => Err(Self::nobody(observer)),
            Audit::Sink => {
                let count = self.sink().count(recipient.as_ref()).await;
                count.map_err(|error| Self::sink_failed(observer, &error))
            }
            Audit::Mailpit(mailpit) => {
                let count = mailpit.count(self.names, recipient.as_ref()).await;
                count.map_err(|error| Self::mailpit_failed(observer, &error))
            }
        }
    }
}
