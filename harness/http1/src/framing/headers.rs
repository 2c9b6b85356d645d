//! Header lines, looked up without regard to case.

use super::Faulty;
use bytes::Bytes;

/// The header lines of a message, in their order, as slices of its head.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Headers(Vec<(Bytes, Bytes)>);

impl Headers {
    pub(super) fn new(head: &Bytes, fields: &[httparse::Header<'_>]) -> Self {
        let line = |field: &httparse::Header<'_>| {
            (
                head.slice_ref(field.name.as_bytes()),
                head.slice_ref(field.value),
            )
        };
        Self(fields.iter().map(line).collect())
    }

    /// The value of the first line named `name` in any case (RFC 9110 5.1);
    /// `None` when there is none or when it is not UTF-8.
    pub fn get(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.all(name).next()?).ok()
    }

    /// The values of all lines named `name`, in their order.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let named = move |line: &&(Bytes, Bytes)| line.0.eq_ignore_ascii_case(name.as_bytes());
        self.0.iter().filter(named).map(|(_, value)| &value[..])
    }

    /// Whether a list such as Connection or Upgrade holds `token`, in any case.
    pub fn lists(&self, name: &str, token: &str) -> bool {
        self.all(name)
            .flat_map(|value| value.split(|byte| *byte == b','))
            .any(|item| item.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
    }

    /// All lines.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        // Names are tokens: `httparse` has seen to it.
        let text = |name| std::str::from_utf8(name).unwrap_or_default();
        self.0
            .iter()
            .map(move |(name, value)| (text(name), &value[..]))
    }

    /// Number of lines.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the connection goes on after a message of version 1.`minor`
    /// (RFC 9112 9.3).
    pub(crate) fn persists(&self, minor: u8) -> bool {
        let says = |option| self.lists("connection", option);
        !says("close") && (minor > 0 || says("keep-alive"))
    }
}

/// What `httparse` says, in our words.
pub(super) fn faulty(error: httparse::Error) -> Faulty {
    match error {
        httparse::Error::HeaderName => Faulty::HeaderName,
        httparse::Error::HeaderValue => Faulty::Control,
        httparse::Error::NewLine => Faulty::BareCr,
        httparse::Error::TooManyHeaders => Faulty::TooManyHeaders,
        httparse::Error::Version => Faulty::Version,
        httparse::Error::Status | httparse::Error::Token => Faulty::StartLine,
    }
}
