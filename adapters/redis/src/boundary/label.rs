//! What a request is about.

use super::Shared;
use super::command::{Keys, command, has_second_word};
use crate::names::Names;
use crate::resp::Request;
use exactly_adapter::find_ids;
use exactly_model::{Class, MessageId};

/// Longest operation of a label: names that nobody knows are cut.
const OPERATION_MAX: usize = 40;
/// Targets that a label names; of more it names the first ones.
const TARGETS_MAX: usize = 4;
/// Arguments that are looked at for names. Ids are looked for in all.
const NAMES_MAX: usize = 10_000;

/// A request's label, and what its reply has to be read with.
#[derive(Clone, Debug)]
pub(super) struct Label {
    pub operation: String,
    pub target: String,
    pub class: Class,
    /// Ascending.
    pub ids: Vec<MessageId>,
    pub about: About,
}

/// What the reply has to be read with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum About {
    /// Nothing.
    Any,
    /// So many channels: a confirmation follows for each. None named: for each that is
    /// subscribed, or one that says that there was none.
    Channels(usize),
    /// Entries of a stream, by its name on the wire.
    Entries(Vec<u8>, Vec<Vec<u8>>),
    /// A stream whose entries it asks for.
    Stream(Vec<u8>),
    /// A SET with NX or XX and without GET: null says that the condition was not met.
    Conditional,
    /// The word behind CLIENT REPLY, in upper case.
    Replies(String),
}

impl Label {
    /// Reads a request that has arguments.
    pub fn read(bytes: &[u8], request: &Request, names: &Names, shared: &Shared) -> Self {
        let arg = |n: usize| request.arg(bytes, n);
        let first = upper(arg(0).unwrap_or_default());
        let (operation, words) = match arg(1) {
            Some(second) if has_second_word(&first) => (format!("{first} {}", upper(second)), 2),
            _ => (first, 1),
        };
        let (class, keys) = command(&operation);
        let args = Args {
            bytes,
            request,
            from: words,
        };
        let about = args.about(&operation);
        let mut ids = Vec::new();
        if let About::Entries(stream, entries) = &about {
            let each = entries.iter();
            each.for_each(|entry| shared.within(stream, entry, &mut ids));
        }
        if class != Class::Control {
            let each = (words..request.args()).filter_map(arg);
            each.for_each(|word| find_ids(word, &mut ids));
        }
        ids.sort_unstable();
        ids.dedup();
        Self {
            target: args.target(keys, names),
            operation,
            class,
            ids,
            about,
        }
    }
}

/// The words behind a command's name.
struct Args<'a> {
    bytes: &'a [u8],
    request: &'a Request,
    from: usize,
}

impl<'a> Args<'a> {
    fn len(&self) -> usize {
        self.request.args().saturating_sub(self.from)
    }

    fn get(&self, n: usize) -> Option<&'a [u8]> {
        self.request.arg(self.bytes, self.from + n)
    }

    fn range(&self, from: usize, to: usize) -> impl Iterator<Item = &'a [u8]> {
        let to = to.min(from.saturating_add(NAMES_MAX));
        (from..to).filter_map(|n| self.get(n))
    }

    /// Where the names of streams stand in XREAD and XREADGROUP.
    fn streams(&self) -> (usize, usize) {
        let is_streams = |n: &usize| {
            let word = self.get(*n).unwrap_or_default();
            word.eq_ignore_ascii_case(b"STREAMS")
        };
        // A group or a consumer may be named so, and stands before.
        let from = match self.get(0) {
            Some(word) if word.eq_ignore_ascii_case(b"GROUP") => 3,
            _ => 0,
        };
        let found = (from..self.len().min(from + 16)).find(is_streams);
        let start = found.map_or(self.len(), |at| at + 1);
        (start, start + (self.len() - start) / 2)
    }

    fn target(&self, keys: Keys, names: &Names) -> String {
        let len = self.len();
        let key = |name: &[u8]| names.key_target(name);
        let stream = |name: &[u8]| names.stream_target(name);
        let channel = |name: &[u8]| names.channel_target(name);
        match keys {
            Keys::None => String::new(),
            Keys::One => joined(self.range(0, 1).map(key)),
            Keys::Two => joined(self.range(0, 2).map(key)),
            Keys::Second => joined(self.range(1, 2).map(key)),
            Keys::All => joined(self.range(0, len).map(key)),
            Keys::ButLast => joined(self.range(0, len.saturating_sub(1)).map(key)),
            Keys::Pairs => joined(self.range(0, len).step_by(2).map(key)),
            Keys::Counted(at) => {
                let count = self.get(at).and_then(|word| std::str::from_utf8(word).ok());
                let count = count.and_then(|word| word.parse().ok()).unwrap_or(0_usize);
                let to = len.min((at + 1).saturating_add(count));
                joined(self.range(at + 1, to).map(key))
            }
            Keys::Stream => joined(self.range(0, 1).map(stream)),
            Keys::Streams => {
                let (from, to) = self.streams();
                joined(self.range(from, to).map(stream))
            }
            Keys::Channel => joined(self.range(0, 1).map(channel)),
            Keys::Channels => joined(self.range(0, len).map(channel)),
        }
    }

    fn is_conditional(&self) -> bool {
        let has = |option: &[u8]| {
            let mut options = self.range(2, self.len());
            options.any(|word| word.eq_ignore_ascii_case(option))
        };
        (has(b"NX") || has(b"XX")) && !has(b"GET")
    }

    fn about(&self, operation: &str) -> About {
        let stream = || self.get(0).unwrap_or_default().to_vec();
        let entries = |from: usize| {
            let each = self.range(from, self.len());
            // Options follow the ids: RETRYCOUNT, FORCE, JUSTID.
            let ids = each.take_while(|word| word.first().is_some_and(u8::is_ascii_digit));
            About::Entries(stream(), ids.map(<[u8]>::to_vec).collect())
        };
        match operation {
            "SUBSCRIBE" | "PSUBSCRIBE" | "SSUBSCRIBE" | "UNSUBSCRIBE" | "PUNSUBSCRIBE"
            | "SUNSUBSCRIBE" => About::Channels(self.len()),
            "XACK" => entries(2),
            "XDEL" => entries(1),
            "XCLAIM" => entries(4),
            "SET" if self.is_conditional() => About::Conditional,
            "XAUTOCLAIM" => About::Stream(stream()),
            "CLIENT REPLY" => About::Replies(self.get(0).map(upper).unwrap_or_default()),
            _ => About::Any,
        }
    }
}

/// Each once, in their order, and not too many.
fn joined(targets: impl Iterator<Item = String>) -> String {
    let mut all = Vec::<String>::new();
    for target in targets {
        if all.contains(&target) {
            continue;
        }
        if all.len() == TARGETS_MAX {
            all.push("…".into());
            break;
        }
        all.push(target);
    }
    all.join(",")
}

/// A word of a command as a label shows it.
fn upper(word: &[u8]) -> String {
    let word = &word[..word.len().min(OPERATION_MAX)];
    let shown = |byte: &u8| match byte {
        byte if byte.is_ascii_graphic() => byte.to_ascii_uppercase() as char,
        _ => '?',
    };
    word.iter().map(shown).collect()
}
