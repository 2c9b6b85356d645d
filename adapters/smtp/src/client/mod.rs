//! The harness's own questions: what it reads past the boundary.

mod get;
mod mailpit;
mod sink;
mod target;

pub(crate) use mailpit::{Mailpit, MailpitError};
pub(crate) use sink::{Sink, SinkError, certificate, greeting};
pub(crate) use target::Target;

use crate::mailbox::{Payload, Shown};
use exactly_adapter::{Seen, TrialNames};
use exactly_model::{MessageId, View};

/// Hands each message of the trial that a mail carries to `each`. A mail is an effect of
/// each of them.
fn show(mail: &Shown, names: TrialNames, each: &mut (dyn FnMut(Seen) + Send)) {
    for text in &mail.ids {
        let Some(id) = MessageId::parse(text) else {
            continue;
        };
        if (id.run(), id.trial()) != (names.run, names.trial) {
            continue;
        }
        let payload = mail.payload.as_ref().filter(|payload| payload.id == *text);
        each(Seen {
            id,
            key: None,
            key_seq: payload.and_then(|payload: &Payload| payload.seq),
            partition: None,
            position: i64::try_from(mail.number).ok(),
            // Every mail is a step of its own.
            unit: None,
            checksum: payload.and_then(|payload: &Payload| payload.checksum),
            view: View::ReadCommitted,
        });
    }
}
