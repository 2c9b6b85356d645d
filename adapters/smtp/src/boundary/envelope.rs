//! Whom the mail under way is from and to, as far as the server has said yes.

use crate::reading::Reading;
use exactly_adapter::TrialNames;
use exactly_model::MessageId;

/// Recipients that are remembered: the first one is the target, the others may carry ids.
const RECIPIENTS_MAX: usize = 1000;

/// The envelope of the mail under way.
#[derive(Debug, Default)]
pub(super) struct Envelope {
    from: String,
    recipients: Vec<String>,
}

impl Envelope {
    /// A mail that begins.
    pub fn from(from: String) -> Self {
        Self {
            from,
            recipients: Vec::new(),
        }
    }

    /// A recipient that was taken.
    pub fn to(&mut self, recipient: String) {
        if self.recipients.len() < RECIPIENTS_MAX {
            self.recipients.push(recipient);
        }
    }

    /// The domain of the first recipient: every customer has an address of his own, and
    /// what is done to all of them is one class. An id in it is different in each trial,
    /// and stands as `{id}`.
    pub fn target(&self) -> String {
        let Some(first) = self.recipients.first() else {
            return String::new();
        };
        let domain = first.rsplit_once('@').map_or("", |(_, domain)| domain);
        let ids = domain.split('.').filter(|word| is_id(word));
        ids.fold(domain.to_string(), |target, id| target.replace(id, "{id}"))
    }

    /// The trial's messages in a mail with this content, ascending.
    pub fn ids(&self, content: &[u8], names: TrialNames) -> Vec<MessageId> {
        let addresses = std::iter::once(&self.from).chain(&self.recipients);
        let mut ids = Reading::of(content, addresses.map(String::as_str)).ids;
        ids.retain(|id| id.run() == names.run && id.trial() == names.trial);
        ids.sort_unstable();
        ids
    }
}

fn is_id(word: &str) -> bool {
    // A number that stands alone may be anything.
    !word.bytes().all(|b| b.is_ascii_digit()) && MessageId::parse(word).is_some()
}

#[cfg(test)]
mod tests {
    use super::Envelope;

    #[test]
    fn the_target_is_the_same_in_every_trial() {
        for (first, target) in [
            ("a@b.example", "b.example"),
            ("x7-12-3@b", "b"),
            ("a@x7-12-3.b.example", "{id}.b.example"),
            ("123@b", "b"),
            ("postmaster", ""),
        ] {
            let mut envelope = Envelope::from(String::new());
            envelope.to(first.into());
            envelope.to("c@d".into());
            assert_eq!(envelope.target(), target);
        }
        assert_eq!(Envelope::default().target(), "");
    }
}
