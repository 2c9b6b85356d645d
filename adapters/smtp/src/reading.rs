//! What a mail says: who sent it to whom, and which messages it carries.

use exactly_adapter::{Carried, find_ids};
use exactly_model::MessageId;
use mail_parser::{HeaderName, HeaderValue, Message, MessageParser, PartType};
use std::borrow::Cow;

/// Octets of a content that are read. A mail beyond it is told by what stands in its
/// first ones, which tell mails apart all the same; and a content of 25 MiB that is
/// nothing but parts would be hundreds of megabytes of them.
const READ_MAX: usize = 1 << 20;
/// Messages within messages. Each is one more call on the stack, also for the library.
const NESTED_MAX: usize = 16;
/// Characters of a header that are shown.
const SHOWN_MAX: usize = 200;
/// Ids kept of one mail.
const IDS_MAX: usize = 4096;

/// What was read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Reading {
    pub message_id: Option<String>,
    pub subject: Option<String>,
    pub to: Option<String>,
    /// Messages that it carries, in the order in which they stand in it, each once: in
    /// the decoded body, in the headers, in the envelope's addresses.
    pub ids: Vec<MessageId>,
    /// What the first part that is a payload says of itself.
    pub carried: Option<Carried>,
}

/// Headers that name other mails.
fn names_others(name: &HeaderName<'_>) -> bool {
    matches!(name, HeaderName::InReplyTo | HeaderName::References)
}

impl Reading {
    /// Reads `content`; `envelope` are the addresses that it was sent with.
    pub fn of<'a>(content: &[u8], envelope: impl Iterator<Item = &'a str>) -> Self {
        let content = &content[..content.len().min(READ_MAX)];
        let mut reading = Self::default();
        let parsed = match is_deep(content) {
            true => None,
            false => MessageParser::default().parse(content),
        };
        match parsed {
            Some(message) if has_headers(&message) => {
                reading.body(&message);
                reading.headers(&message);
                reading.message_id = message.message_id().map(shown);
                reading.subject = message.subject().map(shown);
                reading.to = recipients(&message);
            }
            // What is no mail (RFC 5322) was taken as one all the same.
            _ => {
                reading.payload(content);
                reading.find(content);
            }
        }
        for address in envelope {
            reading.find(address.as_bytes());
        }
        reading.ids.truncate(IDS_MAX);
        reading
    }

    fn find(&mut self, bytes: &[u8]) {
        let mut found = Vec::new();
        find_ids(bytes, &mut found);
        for id in found {
            // A mail has few: looking through them is quicker than a set, and keeps
            // their order.
            if self.ids.len() < IDS_MAX && !self.ids.contains(&id) {
                self.ids.push(id);
            }
        }
    }

    fn body(&mut self, message: &Message<'_>) {
        for part in &message.parts {
            let text: Cow<'_, [u8]> = match &part.body {
                PartType::Text(text) | PartType::Html(text) => text.as_bytes().into(),
                PartType::Binary(bytes) | PartType::InlineBinary(bytes) => bytes.as_ref().into(),
                PartType::Message(message) => {
                    self.body(message);
                    self.headers(message);
                    continue;
                }
                PartType::Multipart(_) => continue,
            };
            self.payload(&text);
            self.find(&text);
        }
    }

    /// A JSON object says its id in whichever form, its sequence and its checksum.
    fn payload(&mut self, text: &[u8]) {
        let text = text.trim_ascii();
        if self.carried.is_some() || text.first() != Some(&b'{') {
            return;
        }
        self.carried = Carried::read(text, b"");
        if let Some(carried) = self.carried
            && !self.ids.contains(&carried.id)
        {
            self.ids.push(carried.id);
        }
    }

    fn headers(&mut self, message: &Message<'_>) {
        for part in &message.parts {
            for header in part.headers.iter().filter(|h| !names_others(&h.name)) {
                self.value(&header.value);
            }
        }
        for (name, raw) in message.headers_raw() {
            // A line without a colon is the name of a header to the library.
            self.find(name.as_bytes());
            let name = HeaderName::parse(name);
            if !name.is_some_and(|name| names_others(&name)) {
                self.find(raw.as_bytes());
            }
        }
    }

    /// A value whose words were encoded (RFC 2047).
    fn value(&mut self, value: &HeaderValue<'_>) {
        match value {
            HeaderValue::Text(text) => self.find(text.as_bytes()),
            HeaderValue::TextList(texts) => {
                for text in texts {
                    self.find(text.as_bytes());
                }
            }
            _ => {}
        }
    }
}

fn has_headers(message: &Message<'_>) -> bool {
    let root = message.parts.first();
    root.is_some_and(|root| !root.headers.is_empty())
}

/// Whether messages stand within messages, more than a few of them.
fn is_deep(content: &[u8]) -> bool {
    let lower = content.to_ascii_lowercase();
    let count = |word: &str| {
        memchr::memmem::find_iter(&lower, word)
            .take(NESTED_MAX + 1)
            .count()
    };
    count("message/") + count("/digest") > NESTED_MAX
}

fn shown(text: &str) -> String {
    let chars = text.chars().filter(|c| !c.is_control());
    chars.take(SHOWN_MAX).collect()
}

fn recipients(message: &Message<'_>) -> Option<String> {
    let all = message.to()?.iter();
    let all: Vec<&str> = all.filter_map(|one| one.address()).take(IDS_MAX).collect();
    Some(shown(&all.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    fn sequences(content: &str) -> Vec<u32> {
        let reading = Reading::of(content.as_bytes(), [].into_iter());
        reading.ids.iter().map(|id| id.sequence()).collect()
    }

    #[test]
    fn ids_are_found_in_whatever_they_are_wrapped_in() {
        let in_base64 = |text: &str| STANDARD.encode(text);
        for (content, found) in [
            ("Subject: Hi\r\n\r\nyour order x7-12-3\r\n", vec![3]),
            (
                "Subject: =?utf-8?q?order_x7=2D12=2D3?=\r\n\r\nb\r\n",
                vec![3],
            ),
            (
                "Message-ID: <x7-12-3@shop>\r\nSubject: x\r\n\r\nb\r\n",
                vec![3],
            ),
            ("X-Order: a\r\n x7-12-3\r\n\r\nb\r\n", vec![3]),
            (
                "Content-Transfer-Encoding: quoted-printable\r\n\r\nyour x7=2D12=\r\n-3 is\r\n",
                vec![3],
            ),
            (
                &format!(
                    "Content-Transfer-Encoding: base64\r\n\r\n{}\r\n",
                    in_base64("your order x7-12-3 is on its way")
                ),
                vec![3],
            ),
            (
                &format!(
                    "Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: \
                     text/plain\r\n\r\nnone\r\n--b\r\nContent-Type: application/json\r\n\
                     Content-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n",
                    in_base64("{\"id\":\"x7-12-4\"}")
                ),
                vec![4],
            ),
            (
                "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: x7-12-3\r\n\
                 \r\nx7-12-4\r\n--b\r\n\r\nSubject: y\r\n\r\nx7-12-5\r\n--b--\r\n",
                vec![4, 3, 5],
            ),
            // A mail that answers another one is not that one.
            (
                "In-Reply-To: <x7-12-1@a>\r\nReferences: <x7-12-2@a>\r\n\r\nx7-12-3\r\n",
                vec![3],
            ),
            ("no headers at all x7-12-3", vec![3]),
            ("\r\nx7-12-3\r\n", vec![3]),
            (
                "Subject: x7-12-3\r\n\r\nx7-12-3 and x7-12-4\r\n",
                vec![3, 4],
            ),
            ("", vec![]),
        ] {
            assert_eq!(sequences(content), found, "{content}");
        }
    }

    #[test]
    fn a_payload_says_its_id_in_any_form_and_what_stands_beside_it() {
        let id = MessageId::new(7, 12, 3).unwrap();
        for given in [
            format!("\"{id}\""),
            id.to_i64().to_string(),
            format!("\"{}\"", id.to_uuid()),
        ] {
            let body = format!("{{\"id\":{given},\"seq\":5,\"checksum\":\"0000002a\"}}");
            let content = format!("Subject: s\r\nTo: A <a@b>, c@d\r\n\r\n{body}\r\n");
            let reading = Reading::of(content.as_bytes(), [].into_iter());
            assert_eq!(reading.ids, [id]);
            let carried = reading.carried.unwrap();
            assert_eq!((carried.key_seq, carried.checksum), (Some(5), Some(42)));
            assert_eq!(reading.subject.as_deref(), Some("s"));
            assert_eq!(reading.to.as_deref(), Some("a@b, c@d"));
        }
    }

    #[test]
    fn addresses_of_the_envelope_carry_ids_too() {
        let reading = Reading::of(b"\r\nhello\r\n", ["x7-12-3@b", "a@b"].into_iter());
        assert_eq!(reading.ids, [MessageId::new(7, 12, 3).unwrap()]);
    }

    #[test]
    fn bombs_are_read_without_being_followed() {
        let nested = "Content-Type: message/rfc822\r\n\r\n".repeat(100_000);
        assert_eq!(sequences(&format!("X: x7-12-3\r\n{nested}")), [3]);
        let digests =
            "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\n".repeat(20_000);
        assert_eq!(sequences(&format!("X: x7-12-3\r\n{digests}")), [3]);
        let parts = "--b\r\n\r\n".repeat(1 << 20);
        let bomb =
            format!("X: x7-12-3\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{parts}");
        assert_eq!(sequences(&bomb), [3]);
        let many: String = (0..100_000).map(|n| format!("x7-12-{n} ")).collect();
        assert_eq!(sequences(&format!("\r\n{many}")).len(), IDS_MAX);
    }
}
