//! What a feed or an observer names: a stream, a channel, keys.

use crate::client::glob;
use crate::names::Names;

/// A place in a trial's corner.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    Stream {
        /// Logical name.
        name: String,
        max_len: Option<u64>,
    },
    /// Physical name of a channel.
    Channel(String),
    /// A pattern for physical names of keys.
    Keys(String),
}

/// Reads `stream.NAME`, `channel.NAME` or `key.PATTERN`. A name alone is enough where
/// only a stream or only a channel has it. Answers what is wrong, and what to do.
pub(crate) fn find(names: &Names, text: &str) -> Result<Place, (String, &'static str)> {
    let text = text.trim();
    let stream = |name: &str| names.streams().iter().find(|stream| stream.name == name);
    let is_channel = |name: &str| names.channels().iter().any(|channel| channel == name);
    let (as_stream, as_channel) = match text.split_once('.') {
        Some(("stream", name)) => (stream(name), None),
        Some(("channel", name)) => (None, is_channel(name).then_some(name)),
        Some(("key", pattern)) if !pattern.is_empty() => {
            return Ok(Place::Keys(glob(&names.prefix, pattern)));
        }
        _ => (stream(text), is_channel(text).then_some(text)),
    };
    match (as_stream, as_channel) {
        (Some(stream), None) => Ok(Place::Stream {
            name: stream.name.clone(),
            max_len: stream.max_len,
        }),
        (None, Some(channel)) => Ok(Place::Channel(names.physical(channel))),
        (Some(_), Some(_)) => Err((
            format!("{text:?} is a stream and a channel"),
            "write stream.NAME or channel.NAME",
        )),
        (None, None) => Err((
            format!("{text:?} is no stream and no channel of the setup"),
            "write stream.NAME, channel.NAME or key.PATTERN, and name streams and channels in the \
             setup of the system",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use exactly_adapter::TrialNames;
    use exactly_model::{Setup, Stream};

    #[test]
    fn places_are_found_by_their_names_and_what_is_none_is_said() {
        let stream = |name: &str, max_len| Stream {
            name: name.into(),
            max_len,
        };
        let setup = Setup {
            streams: vec![stream("orders", Some(4)), stream("both", None)],
            channels: vec!["news".into(), "both".into()],
            ..Setup::default()
        };
        let names = Names::new(TrialNames { run: 7, trial: 3 }, "", &setup);
        let orders = Place::Stream {
            name: "orders".into(),
            max_len: Some(4),
        };
        assert_eq!(find(&names, "orders"), Ok(orders.clone()));
        assert_eq!(find(&names, " stream.orders "), Ok(orders));
        let news = Place::Channel(names.physical("news"));
        assert_eq!(find(&names, "news"), Ok(news.clone()));
        assert_eq!(find(&names, "channel.news"), Ok(news));
        let keys = Place::Keys(names.physical("done:*"));
        assert_eq!(find(&names, "key.done:*"), Ok(keys));
        for wrong in [
            "",
            "stream.news",
            "channel.orders",
            "key.",
            "queue.orders",
            "both",
        ] {
            assert!(find(&names, wrong).is_err(), "{wrong}");
        }
        assert!(find(&names, "stream.both").is_ok() && find(&names, "channel.both").is_ok());
    }
}
