//! Systems and what is set up in them.

use crate::support::{Row, row};

pub fn rows() -> Vec<Row> {
    [kinds(), topics(), sql()].concat()
}

fn kinds() -> Vec<Row> {
    vec![
        row(
            "a kind that is misspelt",
            ("kind = \"postgres\"", "kind = \"postgresql\""),
            "postgresql",
            "systems.pg.kind",
            &["unknown variant", "did you mean \"postgres\"?"],
        ),
        row(
            "a kind that is not there yet",
            ("kind = \"postgres\"", "kind = \"nats\""),
            "nats",
            "systems.pg.kind",
            &["`nats`", "`kafka`", "`postgres`", "`sqs`", "`http`"],
        ),
        row(
            "a kind that is a list",
            ("kind = \"postgres\"", "kind = [\"postgres\"]"),
            "[\"postgres\"]",
            "systems.pg.kind",
            &["string"],
        ),
        row(
            "a system that is a string",
            (
                "[systems.pg]\nkind = \"postgres\"\nsetup = { sql = \"schema.sql\", backlog = \"select count(*) from jobs\" }",
                "[systems]\npg = \"postgres\"",
            ),
            "pg = \"postgres\"",
            "systems.pg",
            &["string \"postgres\"", "a table"],
        ),
        row(
            "a system's name with a quote",
            ("[systems.pg]", "[systems.\"p'g\"]"),
            "p'g",
            "systems.\"p'g\"",
            &["is no name", "begin with a letter"],
        ),
        row(
            "a system's name that is SQL",
            ("[systems.pg]", "[systems.\"x\\\"; drop table orders\"]"),
            "drop table",
            "systems.\"x\\\"; drop table orders\"",
            &["is no name"],
        ),
        row(
            "a system's name that begins with a digit",
            ("[systems.pg]", "[systems.9pg]"),
            "9pg",
            "systems.9pg",
            &["begin with a letter"],
        ),
        row(
            "a system's name that is very long",
            (
                "[systems.pg]",
                "[systems.p123456789012345678901234567890123456789012]",
            ),
            "p1234",
            "systems.p123456789012345678901234567890123456789012",
            &["up to 40"],
        ),
        row(
            "a system called port",
            ("[systems.pg]", "[systems.port]"),
            "[systems.port]",
            "systems.port",
            &["{port.NAME}", "call the system something else"],
        ),
        row(
            "a system that nobody is told of",
            ("DATABASE_URL = \"{pg.url}\"\n", ""),
            "[systems.pg]",
            "systems.pg",
            &["no process is told where it is", "{pg.url}"],
        ),
        row(
            "a time without a unit",
            ("client_timeout = \"5s\"", "client_timeout = \"5\""),
            "client_timeout",
            "systems.k.client_timeout",
            &["\"5\" is no time", "200ms"],
        ),
        row(
            "a time that is a number",
            ("client_timeout = \"5s\"", "client_timeout = 5"),
            "client_timeout",
            "systems.k.client_timeout",
            &["integer `5`", "a time in quotes"],
        ),
        row(
            "a time of nothing",
            ("lease = \"10s\"", "lease = \"0s\""),
            "lease",
            "systems.k.lease",
            &["\"0s\" is no time"],
        ),
        row(
            "a time that never ends",
            ("lease = \"10s\"", "lease = \"99999999999999999999h\""),
            "lease",
            "systems.k.lease",
            &["is no time", "a week at most"],
        ),
        row(
            "a negative time",
            ("lease = \"10s\"", "lease = \"-10s\""),
            "lease",
            "systems.k.lease",
            &["is no time"],
        ),
    ]
}

fn topics() -> Vec<Row> {
    vec![
        row(
            "two topics of one name",
            ("{ name = \"accepted\" }", "{ name = \"orders\" }"),
            "{ name = \"orders\" }",
            "systems.k.setup.topics[1].name",
            &["\"orders\" is there twice"],
        ),
        row(
            "a topic whose name is SQL",
            ("{ name = \"accepted\" }", "{ name = 'x\"; drop table' }"),
            "drop table",
            "systems.k.setup.topics[1].name",
            &["is no name", "letters"],
        ),
        row(
            "a topic without letters",
            ("{ name = \"accepted\" }", "{ name = \"\" }"),
            "{ name = \"\" }",
            "systems.k.setup.topics[1].name",
            &["is no name"],
        ),
        row(
            "a topic that is only a string",
            ("{ name = \"accepted\" }", "\"accepted\""),
            "    \"accepted\"",
            "systems.k.setup.topics[1]",
            &["string \"accepted\"", "a table"],
        ),
        row(
            "no partitions",
            ("partitions = 3", "partitions = 0"),
            "partitions = 0",
            "systems.k.setup.topics[0].partitions",
            &["is 0: 1 to 1000"],
        ),
        row(
            "too many partitions",
            ("partitions = 3", "partitions = 5000"),
            "partitions = 5000",
            "systems.k.setup.topics[0].partitions",
            &["is 5000: 1 to 1000"],
        ),
        row(
            "partitions below zero",
            ("partitions = 3", "partitions = -1"),
            "partitions = -1",
            "systems.k.setup.topics[0].partitions",
            &["`-1`", "a whole number"],
        ),
        row(
            "a part of a partition",
            ("partitions = 3", "partitions = 1.5"),
            "partitions = 1.5",
            "systems.k.setup.topics[0].partitions",
            &["1.5", "a whole number"],
        ),
        row(
            "no replicas",
            ("partitions = 3", "replicas = 0"),
            "replicas = 0",
            "systems.k.setup.topics[0].replicas",
            &["is 0: at least 1"],
        ),
        row(
            "topics of a database",
            (
                "setup = { sql = \"schema.sql\",",
                "setup = { topics = [{ name = \"x\" }],",
            ),
            "{ name = \"x\" }",
            "systems.pg.setup.topics",
            &["belongs to a system of kind \"kafka\""],
        ),
        row(
            "a backlog of a broker",
            (
                "[systems.k.setup]",
                "[systems.k.setup]\nbacklog = \"select 1\"",
            ),
            "select 1",
            "systems.k.setup.backlog",
            &["belongs to a system of kind \"postgres\""],
        ),
    ]
}

fn sql() -> Vec<Row> {
    vec![
        row(
            "SQL of a broker",
            (
                "[systems.k.setup]",
                "[systems.k.setup]\nsql = \"orders.sql\"",
            ),
            "orders.sql",
            "systems.k.setup.sql",
            &["belongs to a system of kind \"postgres\""],
        ),
        row(
            "an SQL file that is not there",
            ("sql = \"schema.sql\"", "sql = \"shcema.sql\""),
            "shcema",
            "systems.pg.setup.sql",
            &["cannot read", "shcema.sql", "No such file"],
        ),
        row(
            "an SQL file that is a folder",
            ("sql = \"schema.sql\"", "sql = \"folder\""),
            "\"folder\"",
            "systems.pg.setup.sql",
            &["folder", "is a folder"],
        ),
        row(
            "an SQL file that is not UTF-8",
            ("sql = \"schema.sql\"", "sql = \"latin.sql\""),
            "latin.sql",
            "systems.pg.setup.sql",
            &["latin.sql", "not UTF-8"],
        ),
        row(
            "an SQL file with a NUL",
            ("sql = \"schema.sql\"", "sql = \"nul.sql\""),
            "nul.sql",
            "systems.pg.setup.sql",
            &["nul.sql", "NUL"],
        ),
        row(
            "an SQL file that never ends",
            ("sql = \"schema.sql\"", "sql = \"/dev/zero\""),
            "/dev/zero",
            "systems.pg.setup.sql",
            &["longer than"],
        ),
        row(
            "SQL in the place of a file",
            (
                "sql = \"schema.sql\"",
                "sql = \"create table orders (id text)\"",
            ),
            "create table",
            "systems.pg.setup.sql",
            &["cannot read", "the name of a file"],
        ),
        row(
            "an empty backlog",
            ("backlog = \"select count(*) from jobs\"", "backlog = \"\""),
            "backlog = \"\"",
            "systems.pg.setup.backlog",
            &["is empty", "leave it out"],
        ),
    ]
}
