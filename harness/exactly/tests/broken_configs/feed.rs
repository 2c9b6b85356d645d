//! What is fed in.

use crate::support::{Row, row};

const PAYLOAD: &str =
    r#"payload = '{"id":"{id}","customer":"{key}","n":{seq},"sum":"{checksum}"}'"#;
const TARGET: &str = "system = \"k\"\nto = \"orders\"";

pub fn rows() -> Vec<Row> {
    [targets(), statements(), values()].concat()
}

fn targets() -> Vec<Row> {
    vec![
        row(
            "a system that is not there",
            (TARGET, "system = \"kafak\"\nto = \"orders\""),
            "kafak",
            "feed.system",
            &["no system is called \"kafak\"", "did you mean \"k\"?"],
        ),
        row(
            "a topic that is not there",
            (TARGET, "system = \"k\"\nto = \"order\""),
            "to = \"order\"",
            "feed.to",
            &["no topic is called \"order\"", "did you mean \"orders\"?"],
        ),
        row(
            "a topic of a database",
            (TARGET, "system = \"pg\"\nto = \"orders\""),
            "to = \"orders\"",
            "feed.to",
            &["postgres has no topics", "`sql`"],
        ),
        row(
            "a topic to be fed whose name is SQL",
            (TARGET, "system = \"k\"\nto = 'x\"; drop table'"),
            "drop table",
            "feed.to",
            &["no topic is called"],
        ),
        row(
            "nobody to feed",
            (TARGET, ""),
            "[feed]",
            "feed",
            &["says not clearly who feeds", "`command`"],
        ),
        row(
            "a system without a topic",
            (TARGET, "system = \"k\""),
            "[feed]",
            "feed",
            &["says not clearly who feeds", "`to`"],
        ),
        row(
            "a topic and a statement",
            (
                TARGET,
                "system = \"k\"\nto = \"orders\"\nsql = \"select '{id}'\"",
            ),
            "[feed]",
            "feed",
            &["says not clearly who feeds"],
        ),
        row(
            "a topic that is not there and a command",
            (
                TARGET,
                "system = \"k\"\nto = \"oders\"\ncommand = [\"./worker\"]",
            ),
            "oders",
            "feed.to",
            &["no topic is called \"oders\"", "did you mean \"orders\"?"],
        ),
        row(
            "a feed that is a list",
            ("[feed]", "[[feed]]"),
            "[[feed]]",
            "feed",
            &["a list", "[feed]"],
        ),
        row(
            "an empty command that feeds",
            (TARGET, "command = []"),
            "command = []",
            "feed.command",
            &["is empty"],
        ),
        row(
            "a command that feeds and is not there",
            (TARGET, "command = [\"./feeder\"]"),
            "feeder",
            "feed.command[0]",
            &["there is no program"],
        ),
        row(
            "a command that feeds with a placeholder of messages",
            (TARGET, "command = [\"./worker\", \"{k.topic.oders}\"]"),
            "oders",
            "feed.command[1]",
            &["did you mean \"k.topic.orders\"?"],
        ),
        row(
            "a limit of no command",
            (TARGET, "system = \"k\"\nto = \"orders\"\nwithin = \"5s\""),
            "within = \"5s\"",
            "feed.within",
            &["belongs to a `command`"],
        ),
        row(
            "positions of no system",
            (
                "before_start = true",
                "positions = { system = \"db\", query = \"select 1\" }",
            ),
            "\"db\"",
            "feed.positions.system",
            &["no system is called \"db\""],
        ),
        row(
            "positions in a broker",
            (
                "before_start = true",
                "positions = { system = \"k\", query = \"select 1\" }",
            ),
            "positions",
            "feed.positions.system",
            &["kafka answers no queries"],
        ),
        row(
            "positions without a query",
            ("before_start = true", "positions = { system = \"pg\" }"),
            "positions",
            "feed.positions",
            &["missing key `query`"],
        ),
        row(
            "positions by a query without its columns",
            (
                "before_start = true",
                "positions = { system = \"pg\", query = \"select 1\" }",
            ),
            "positions",
            "feed.positions.query",
            &["`partition`", "`next`"],
        ),
    ]
}

fn statements() -> Vec<Row> {
    vec![
        row(
            "a statement for a broker",
            (
                TARGET,
                "system = \"k\"\nsql = \"insert into t values ({id})\"",
            ),
            "insert",
            "feed.sql",
            &["kafka takes no SQL", "`to`"],
        ),
        row(
            "a statement without an id",
            (
                TARGET,
                "system = \"pg\"\nsql = \"insert into t values ({key})\"",
            ),
            "insert",
            "feed.sql",
            &["neither {id} nor {payload}"],
        ),
        row(
            "a statement with an unknown placeholder",
            (
                TARGET,
                "system = \"pg\"\nsql = \"insert into t values ({id}, {custmer})\"",
            ),
            "insert",
            "feed.sql",
            &["nothing is called {custmer}", "did you mean"],
        ),
        row(
            "a statement that quotes a literal",
            (
                TARGET,
                "system = \"pg\"\nsql = \"insert into t values ('{id}')\"",
            ),
            "insert",
            "feed.sql",
            &["'{id}'", "without quotes"],
        ),
        row(
            "a payload that no statement takes",
            (
                TARGET,
                "system = \"pg\"\nsql = \"insert into t values ({id})\"",
            ),
            "payload = ",
            "feed.payload",
            &["{payload}", "leave it out"],
        ),
    ]
}

fn values() -> Vec<Row> {
    vec![
        row(
            "no messages",
            ("messages = 6", "messages = 0"),
            "messages = 0",
            "feed.messages",
            &["is 0: 1 to 1000000"],
        ),
        row(
            "too many messages",
            ("messages = 6", "messages = 1000001"),
            "messages = 1000001",
            "feed.messages",
            &["1 to 1000000"],
        ),
        row(
            "messages beyond every number",
            ("messages = 6", "messages = 99999999999999999999"),
            "messages = 99",
            "feed.messages",
            &["a whole number"],
        ),
        row(
            "messages in words",
            ("messages = 6", "messages = \"six\""),
            "six",
            "feed.messages",
            &["string \"six\"", "a whole number"],
        ),
        row(
            "no concurrency",
            ("concurrency = 1", "concurrency = 0"),
            "concurrency = 0",
            "feed.concurrency",
            &["is 0: 1 to 1000"],
        ),
        row(
            "no keys",
            ("keys = 4", "keys = 0"),
            "keys = 0",
            "feed.keys",
            &["is 0: 1 to 10000"],
        ),
        row(
            "an unknown form of ids",
            ("id = \"uuid\"", "id = \"uid\""),
            "uid",
            "feed.id",
            &["did you mean \"uuid\"?"],
        ),
        row(
            "a payload without an id",
            (PAYLOAD, "payload = '{\"n\":{seq}}'"),
            "payload = ",
            "feed.payload",
            &["has no {id}"],
        ),
        row(
            "a payload with an unknown placeholder",
            (PAYLOAD, "payload = '{\"id\":\"{id}\",\"x\":\"{custmer}\"}'"),
            "custmer",
            "feed.payload",
            &["nothing is called {custmer}", "did you mean"],
        ),
        row(
            "a payload that is a table",
            (PAYLOAD, "payload = { id = \"{id}\" }"),
            "payload = {",
            "feed.payload",
            &["string"],
        ),
        row(
            "an unknown rule of what is accepted",
            ("accept = \"all\"", "accept = \"some\""),
            "some",
            "feed.accept",
            &["keys_dropped"],
        ),
        row(
            "a dropped key that is not fed",
            ("accept = \"all\"", "accept = { keys_dropped = [\"k7\"] }"),
            "k7",
            "feed.accept.keys_dropped[0]",
            &["no key is called \"k7\"", "did you mean"],
        ),
        row(
            "all keys dropped",
            (
                "accept = \"all\"",
                "accept = { keys_dropped = [\"k0\", \"k1\", \"k2\", \"k3\"] }",
            ),
            "keys_dropped",
            "feed.accept.keys_dropped",
            &["drops every key"],
        ),
        row(
            "an unknown key of what is accepted",
            ("accept = \"all\"", "accept = { dropped = [\"k0\"] }"),
            "dropped",
            "feed.accept.dropped",
            &["unknown key", "`keys_dropped`"],
        ),
        row(
            "whether it is fed first, in words",
            ("before_start = true", "before_start = \"yes\""),
            "yes",
            "feed.before_start",
            &["string \"yes\"", "boolean"],
        ),
    ]
}
