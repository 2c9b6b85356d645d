//! Channels, streams and mails.

use crate::support::{CHANNELS, Row, load, row};
use exactly_model::SinkKind;

const STREAM: &str = "stream = \"accepted\"";
const CHANNEL: &str = "channel = \"hints\"";
const MAILS: &str = "mails = \"*@customers.example\"";
const ALL: &str = "channels = [\"news\", \"hints\"]";

pub fn rows() -> Vec<Row> {
    let rows = [systems(), fed(), read()].concat();
    rows.into_iter().map(Row::of_channels).collect()
}

fn systems() -> Vec<Row> {
    vec![
        row(
            "two streams of one name",
            ("{ name = \"accepted\" }", "{ name = \"orders\" }"),
            "{ name = \"orders\" }",
            "systems.r.setup.streams[1].name",
            &["\"orders\" is there twice"],
        ),
        row(
            "a stream that holds nothing",
            ("max_len = 1000", "max_len = 0"),
            "max_len",
            "systems.r.setup.streams[0].max_len",
            &["is 0", "leave it out"],
        ),
        row(
            "a channel that is called as a stream is",
            (ALL, "channels = [\"news\", \"orders\"]"),
            "channels = ",
            "systems.r.setup.channels[1]",
            &["\"orders\" is there twice"],
        ),
        row(
            "a channel whose name is no name",
            (ALL, "channels = [\"news\", \"hi nts\"]"),
            "channels = ",
            "systems.r.setup.channels[1]",
            &["\"hi nts\" is no name"],
        ),
        row(
            "streams of a mail server",
            (
                "client_timeout = \"1s\"",
                "setup = { streams = [{ name = \"x\" }] }",
            ),
            "setup = {",
            "systems.m.setup.streams",
            &["belongs to a system of kind \"redis\", and this is smtp"],
        ),
        row(
            "a Redis at an address that is no URL",
            ("redis://app:secret@redis:6379/0", "redis:6379"),
            "place",
            "systems.r.place",
            &["no URL of Redis", "redis://user:password@host:port"],
        ),
        row(
            "a mail server at a web address",
            (
                "client_timeout = \"1s\"",
                "place = { at = \"http://mail:8025\" }",
            ),
            "http://mail",
            "systems.m.place",
            &["no URL of a mail server", "smtp://host:port"],
        ),
        row(
            "a mail server of this machine",
            ("client_timeout = \"1s\"", "place = \"local\""),
            "place = \"local\"",
            "systems.m.place",
            &["has no place \"local\""],
        ),
        row(
            "a placeholder of a stream that is not there",
            ("{r.stream.orders}", "{r.stream.order}"),
            "{r.stream.order}",
            "process[0].env.STREAM",
            &["{r.stream.order}"],
        ),
    ]
}

fn fed() -> Vec<Row> {
    vec![
        row(
            "a channel that is fed before anybody listens",
            ("every = \"20ms\"\n", ""),
            "to = \"news\"",
            "feed.to",
            &["keeps nothing", "every = \"20ms\""],
        ),
        row(
            "a feed that never ends",
            ("every = \"20ms\"", "every = \"1m\""),
            "every",
            "feed.every",
            &["30 s at most"],
        ),
        row(
            "a channel that is not there",
            ("to = \"news\"", "to = \"nwes\""),
            "nwes",
            "feed.to",
            &[
                "no stream and no channel is called \"nwes\"",
                "did you mean \"news\"?",
            ],
        ),
        row(
            "a mail server that is fed",
            (
                "system = \"r\"\nto = \"news\"",
                "system = \"m\"\nto = \"news\"",
            ),
            "system = \"m\"\nto",
            "feed.system",
            &["feed another system"],
        ),
    ]
}

fn read() -> Vec<Row> {
    vec![
        row(
            "a stream that is a channel",
            (STREAM, "stream = \"news\""),
            "stream = \"news\"",
            "observe[0].stream",
            &["is a channel and no stream", "channel = \"news\""],
        ),
        row(
            "a channel that is a stream",
            (CHANNEL, "channel = \"orders\""),
            "channel = \"orders\"",
            "observe[1].channel",
            &["is a stream and no channel"],
        ),
        row(
            "a stream of a mail server",
            (MAILS, "stream = \"orders\""),
            "stream = \"orders\"",
            "observe[3].stream",
            &["belongs to a system of kind \"redis\", and m is smtp"],
        ),
        row(
            "keys that are none",
            ("keys = \"order:*\"", "keys = \"\""),
            "keys = ",
            "observe[2].keys",
            &["is empty", "\"order:*\""],
        ),
        row(
            "mails to nobody",
            (MAILS, "mails = \" \""),
            "mails = ",
            "observe[3].mails",
            &["is empty", "\"*\""],
        ),
        row(
            "a stream and a channel in one",
            (STREAM, "stream = \"accepted\"\nchannel = \"news\""),
            "[[observe]]\nname = \"sent\"",
            "observe[0]",
            &["says not clearly what is read", "`mails`"],
        ),
    ]
}

#[test]
fn what_is_read_is_what_the_adapters_take() {
    let check = load("sound", CHANNELS).unwrap();
    let observers = &check.selected.pipeline.observers;
    let read: Vec<(SinkKind, &str)> = observers
        .iter()
        .map(|observer| (observer.kind, observer.query.as_str()))
        .collect();
    assert_eq!(
        read,
        [
            (SinkKind::Record, "stream.accepted"),
            (SinkKind::Message, "channel.hints"),
            (SinkKind::Row, "key.order:*"),
            (SinkKind::Mail, "*@customers.example"),
        ]
    );
    let all = CHANNELS.replace("*@customers.example", "*");
    let check = load("all", &all).unwrap();
    assert_eq!(check.selected.pipeline.observers[3].query, "mails");
    let feed = &check.selected.pipeline.feed;
    assert_eq!((feed.to.as_str(), feed.every_ms), ("news", Some(20)));
}
